/*
 * Rows of signup_tokens.
 */
#ifndef ARSIGNUP_TOKEN_ROW_H
#define ARSIGNUP_TOKEN_ROW_H

#include "account/user.h"
#include "base/purge.h"
#include "base/realm_rows.h"
#include "base/statement.h"
#include "base/token.h"
#include "realm/realm.h"
#include "utils/inet.h"

/*
 * A token names its realm; the table knows it by realm and id, which is made
 * of its digest. Of a signup id there is no digest.
 */
typedef struct TokenKey
{
	pg_uuid_t	realm_id;
	pg_uuid_t	id;
	bool		has_digest;
	uint8_t		digest[TOKEN_DIGEST_SIZE];
} TokenKey;

/* Whose row it is, by a TokenKey; an id has no digest that could differ. */
#define OF_TOKEN "realm_id = $1 AND id = $2 AND (digest = $3) IS NOT FALSE"

/* What somebody signs up with. */
typedef struct Signup
{
	App			app;
	User		user;
	char	   *org_name;
	inet	   *source;			/* of a token that signup mints; may be null */
} Signup;

/* A token that is to be held. */
typedef struct HeldToken
{
	pg_uuid_t	app_id;
	User		user;			/* to be, as far as its names */
	bool		replaces_held;	/* does the token that it replaces have a user to be? */
	pg_uuid_t	replaced_id;	/* that user */
} HeldToken;

extern bool token_key_read(Span token, const pg_uuid_t *expected_realm_id, TokenKey *key);
extern void token_key_add(Parameters *parameters, const TokenKey *key);
pg_noreturn extern void raise_no_token(void);
extern void token_insert(const Signup *signup, const TokenKey *key, TimestampTz now, TimestampTz expires_at);
extern bool tokens_are_enough(const pg_uuid_t *realm_id, const inet *source, TimestampTz now, TimestampTz *until);
extern void token_lock(const TokenKey *key, const TokenKey *replaced, HeldToken *token, TimestampTz now);
extern void token_note_hold(const TokenKey *key, const pg_uuid_t *user_id, TimestampTz held_until);
extern void token_take(const TokenKey *key, Signup *signup, pg_uuid_t *app_id, TimestampTz now);
extern void token_note_redeemer(Span token, const pg_uuid_t *redeemer_id);
extern bool token_find_redeemed(Span token, const pg_uuid_t *realm_id, const pg_uuid_t *redeemer_id,
								const char *state, pg_uuid_t *user_id);
extern bool token_revoke(const TokenKey *key);
extern uint64 tokens_revoke_realm(const pg_uuid_t *realm_id, TimestampTz now);
extern uint64 tokens_forget(const pg_uuid_t *realm_id, const pg_uuid_t *user_id, const char *email_key);
extern Purge expired_holds;
extern Purge expired_tokens;
extern RealmRows realm_tokens;

#endif							/* ARSIGNUP_TOKEN_ROW_H */
