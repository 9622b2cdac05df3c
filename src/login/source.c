/*
 * Sources from which users have logged in of late: what a stranger fails
 * elsewhere does not count against a login from there.
 */
#include "login/source.h"

#include "attempt/attempt.h"
#include "base/statement.h"
#include "catalog/pg_type.h"

/* For how long a source is known after a login, and how exactly that is noted. */
#define KNOWN_DAYS 30
#define KNOWN_FOR (KNOWN_DAYS * USECS_PER_DAY)
#define NOTED_EVERY USECS_PER_DAY

/* What both statements look for: a login of $2 from $3 after $4. */
#define IS_KNOWN \
	"EXISTS (SELECT FROM arsignup.login_sources" \
	" WHERE realm_id = $1 AND user_id = $2 AND source = $3 AND logged_in_at > $4)"

/* Begin the parameters of a statement about a user's source. */
static Parameters
one_source(const pg_uuid_t *realm_id, const pg_uuid_t *user_id, const inet *address, TimestampTz since)
{
	Parameters	parameters = {0};

	add_uuid(&parameters, realm_id);
	add_uuid(&parameters, user_id);
	add_pointer(&parameters, INETOID, source_network(address));
	add_time(&parameters, since);
	return parameters;
}

/* Tell whether a user has logged in from a source within thirty days. */
bool
source_is_known(const pg_uuid_t *realm_id, const pg_uuid_t *user_id, const inet *address, TimestampTz now)
{
	static Statement select_known = STATEMENT("SELECT " IS_KNOWN);
	Parameters	parameters = one_source(realm_id, user_id, address, now - KNOWN_FOR);

	(void) statement_run(&select_known, &parameters);
	return column_bool(1);
}

/*
 * Note that a user was at a source, if that is known, once a day. Only who has
 * shown to be that user may say so: by password, by a mailed token, or by
 * having just signed up. Two at once may both note it: a row too many is
 * cheaper than one waiting for the other.
 */
void
source_remember(const pg_uuid_t *realm_id, const pg_uuid_t *user_id, const inet *address, TimestampTz now)
{
	static Statement insert_source = STATEMENT(
		"INSERT INTO arsignup.login_sources (realm_id, user_id, source, logged_in_at)"
		" SELECT $1, $2, $3, $5 WHERE NOT " IS_KNOWN " ON CONFLICT DO NOTHING");
	Parameters	parameters;

	if (address == NULL)
		return;
	parameters = one_source(realm_id, user_id, address, now - NOTED_EVERY);
	add_time(&parameters, now);
	(void) statement_run(&insert_source, &parameters);
}

/* Delete the sources of a user; return how many. */
uint64
sources_forget(const pg_uuid_t *realm_id, const pg_uuid_t *user_id)
{
	static Statement delete_sources = STATEMENT(
		"WITH known AS MATERIALIZED (SELECT ctid FROM arsignup.login_sources"
		"  WHERE realm_id = $1 AND user_id = $2 FOR UPDATE),"
		" deleted AS (DELETE FROM arsignup.login_sources WHERE ctid = ANY (ARRAY(SELECT ctid FROM known)) RETURNING 1)"
		" SELECT (SELECT count(*) FROM known), (SELECT count(*) FROM deleted)");
	Parameters	parameters = {0};

	add_uuid(&parameters, realm_id);
	add_uuid(&parameters, user_id);
	return statement_touch_all(&delete_sources, &parameters, "login_sources");
}

/* Sources that are known no more. */
Purge		forgotten_sources = PURGE("login_sources", "login_sources",
								  "logged_in_at <= $1 - interval '24 hours' * " CppAsString2(KNOWN_DAYS),
								  "logged_in_at");
