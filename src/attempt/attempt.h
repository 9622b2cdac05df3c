/*
 * Attempts: how often somebody may try, and where a rollback can't reach it.
 */
#ifndef ARSIGNUP_ATTEMPT_H
#define ARSIGNUP_ATTEMPT_H

#include "attempt/ledger.h"
#include "base/secret.h"
#include "base/text.h"
#include "utils/inet.h"
#include "utils/uuid.h"

#define ATTEMPT_MARKS 3

/* One of the limits that an attempt is under. */
typedef struct AttemptMark
{
	LedgerSet  *set;
	AttemptKey	key;
	uint32		limit;
} AttemptMark;

typedef struct Attempt
{
	const pg_uuid_t *realm_id;
	int			count;
	AttemptMark marks[ATTEMPT_MARKS];
	uint64		passes;			/* of the hash gate, before it was reserved */
} Attempt;

extern inet *source_network(const inet *address);
extern Attempt attempt_to_log_in(const pg_uuid_t *realm_id, const char *login, const inet *source,
								 bool is_known);
extern Attempt attempt_to_change_password(const pg_uuid_t *realm_id, const pg_uuid_t *user_id);
extern int	attempt_reserve(Attempt *attempt);
extern bool attempt_verify(Attempt *attempt, SecretScope *scope, Span password, const char *hash);
extern int	attempt_to_sign_up(const pg_uuid_t *realm_id, const inet *source);
extern void attempt_forgive(const pg_uuid_t *realm_id, const char *login, const inet *source);
extern int	attempt_to_mail_name(const pg_uuid_t *realm_id, const char *login, const inet *source);
extern int	attempt_to_mail_user(const pg_uuid_t *realm_id, const pg_uuid_t *user_id, const inet *source);
extern int	attempt_to_mail_address(const pg_uuid_t *realm_id, const char *email_key);
pg_noreturn extern void raise_throttled(int seconds);

#endif							/* ARSIGNUP_ATTEMPT_H */
