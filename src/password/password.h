/*
 * Passwords: what is accepted, hashing, verifying.
 */
#ifndef ARSIGNUP_PASSWORD_H
#define ARSIGNUP_PASSWORD_H

#include "arsignup.h"
#include "base/fault.h"
#include "base/secret.h"

#define PASSWORD_MAX_SIZE 1024	/* bytes, in normal form C; sentences name it */

/* What a realm asks of a new password. */
typedef struct PasswordPolicy
{
	int			min_length;		/* characters */
	int			min_score;		/* 0 to 4 */
	List	   *related;		/* words that should not be in it: related_add */
} PasswordPolicy;

extern Span password_accept(SecretScope *scope, Span password, const PasswordPolicy *policy,
							Faults *faults);
extern bool password_is_possible(Span password);
extern bool password_is_repeated(SecretScope *scope, Span password, Span again);
extern char *password_hash(Span accepted);
extern char *password_renew(SecretScope *scope, Span password);
extern bool password_is_current(const char *hash);
extern bool password_verify(SecretScope *scope, Span password, const char *hash);
extern char *password_hash_accept(Span hash, Faults *faults);

#endif							/* ARSIGNUP_PASSWORD_H */
