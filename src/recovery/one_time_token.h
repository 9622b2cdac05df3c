/*
 * Tokens that are mailed, and rows of one_time_tokens.
 */
#ifndef ARSIGNUP_ONE_TIME_TOKEN_H
#define ARSIGNUP_ONE_TIME_TOKEN_H

#include "account/user.h"
#include "base/purge.h"
#include "base/secret.h"
#include "base/token.h"

/* What a token is good for. */
typedef enum Purpose
{
	PASSWORD_RESET,
	EMAIL_VERIFICATION
} Purpose;

/* A token names its realm; the table knows it by realm and digest. */
typedef struct OneTimeToken
{
	Purpose		purpose;
	pg_uuid_t	realm_id;
	uint8_t		digest[TOKEN_DIGEST_SIZE];
	pg_uuid_t	user_id;
	char	   *email_key;
	int			token_generation;
	bool		is_mailed;		/* not shown to a caller of the Core API instead */
} OneTimeToken;

extern const char *purpose_event(Purpose purpose);
extern bool one_time_token_find(Purpose purpose, Span text, OneTimeToken *token, User *user);
extern bool one_time_token_use(const OneTimeToken *token, const User *locked, TimestampTz now);
extern bool event_wants_mail(const char *event_type, Purpose *purpose);
extern Jsonb *mail_make(SecretScope *scope, Purpose purpose, const pg_uuid_t *realm_id,
						const pg_uuid_t *user_id, bool is_mailed);
extern uint64 one_time_tokens_forget(const pg_uuid_t *realm_id, const pg_uuid_t *user_id);
extern Purge expired_one_time_tokens;
extern Purge used_one_time_tokens;

#endif							/* ARSIGNUP_ONE_TIME_TOKEN_H */
