/*
 * Users to be, whose names are held.
 *
 * The row of such a user is there, in state held, so that the unique indexes
 * decide all races about its names, and nobody else pays anything for holds.
 * It becomes the user by an update. Once its time is over, whoever wants its
 * names has it give them up: from then on it is named by its id. It is not
 * deleted for that, since tables of the application may refer to it.
 */
#include "account/held.h"

#include "catalog/pg_type.h"

/* What a user to be is called who has no names: nobody can be called that. */
#define WITHOUT_NAMES \
	"username = id::text, username_key = id::text, email = NULL, email_key = NULL, shared_email_id = NULL"

#define NEW_HELD NEW_USER ", state, held_until"

/* ---------- holding ---------- */

/* Find a user to be, and keep others from it; false if there is none. */
static bool
lock_held(const pg_uuid_t *realm_id, const pg_uuid_t *user_id, TimestampTz *held_until)
{
	static Statement lock_user = STATEMENT(
		"SELECT held_until FROM arsignup.users WHERE realm_id = $1 AND id = $2 AND state = 'held' FOR NO KEY UPDATE");
	Parameters	parameters = user_parameters(realm_id, user_id);

	if (statement_run(&lock_user, &parameters) == 0)
		return false;
	*held_until = column_time(1);
	return true;
}

/*
 * Hold the names of a checked user to be until then, or for as long as they
 * are held already, if that is longer; return until when; or raise SU002.
 */
TimestampTz
held_reserve(const Realm *realm, const User *user, TimestampTz until, TimestampTz now)
{
	static Insert insert_held = INSERT_UNLESS_TAKEN("users", NEW_HELD);
	static Insert insert_held_or_fail = INSERT("users", NEW_HELD);
	static Statement hold_again = STATEMENT(
		"UPDATE arsignup.users SET username = $3, username_key = $4, email = $5, email_key = $6,"
		" shared_email_id = $7, held_until = $17 WHERE realm_id = $1 AND id = $2");
	TimestampTz held_until = until;
	bool		is_there = user->was_held && lock_held(&realm->id, &user->id, &held_until);
	Parameters	parameters = user_new(realm, user, now);

	held_until = Max(held_until, until);
	add_text(&parameters, "held");
	add_time(&parameters, held_until);
	if (is_there)
		user_touch_names(&hold_again, &parameters, realm, user);
	else
		user_insert_names(&insert_held, &insert_held_or_fail, &parameters, realm, user);
	return held_until;
}

/* Make a user to be the user that was added to the parameters; false if there is none; or raise SU002. */
bool
held_begin(Parameters *parameters, const Realm *realm, const User *user)
{
	static Statement begin_user = STATEMENT(
		"UPDATE arsignup.users SET username = $3, username_key = $4, email = $5, email_key = $6,"
		" shared_email_id = $7, first_name = $8, last_name = $9, reference = $10, custom = $11, created_at = $12,"
		" user_type = $13, last_login_at = $14, email_verification = $15, state = 'active', held_until = NULL"
		" WHERE realm_id = $1 AND id = $2");
	TimestampTz held_until;

	if (!lock_held(&realm->id, &user->id, &held_until))
		return false;
	user_touch_names(&begin_user, parameters, realm, user);
	return true;
}

/* ---------- giving up ---------- */

/* Have holds whose time is over give up the names of somebody else; false if there is none; or raise 55000. */
bool
held_give_way(const pg_uuid_t *realm_id, const User *user)
{
	static Statement give_way = STATEMENT(
		"WITH known AS MATERIALIZED (SELECT id AS known_id FROM arsignup.users"
		"  WHERE realm_id = $1 AND state = 'held' AND held_until <= clock_timestamp() AND id IN ("
		"   SELECT id FROM arsignup.users WHERE realm_id = $1 AND username_key = $3 AND id <> $2"
		"   UNION ALL SELECT id FROM arsignup.users WHERE realm_id = $1 AND " HAS_EMAIL("", "$4") " AND id <> $2)"
		"  ORDER BY id FOR UPDATE),"
		" given AS (UPDATE arsignup.users SET " WITHOUT_NAMES
		"  FROM known WHERE realm_id = $1 AND id = known_id RETURNING 1)"
		" SELECT (SELECT count(*) FROM known), (SELECT count(*) FROM given)");
	Parameters	parameters = user_parameters(realm_id, &user->id);

	add_text(&parameters, user->username_key);
	add_text(&parameters, user->email_key);
	return statement_touch_all(&give_way, &parameters, "users") > 0;
}

/* Have users to be give up their names, and be held no longer; or raise 55000. */
void
held_release_all(const pg_uuid_t *realm_id, ArrayType *user_ids)
{
	static Statement release = STATEMENT(
		"WITH known AS MATERIALIZED (SELECT id AS known_id FROM arsignup.users"
		"  WHERE realm_id = $1 AND id = ANY ($2) AND state = 'held' ORDER BY id FOR UPDATE),"
		" released AS (UPDATE arsignup.users SET " WITHOUT_NAMES ", held_until = least(held_until, clock_timestamp())"
		"  FROM known WHERE realm_id = $1 AND id = known_id RETURNING 1)"
		" SELECT (SELECT count(*) FROM known), (SELECT count(*) FROM released)");
	Parameters	parameters = {0};

	add_uuid(&parameters, realm_id);
	add_pointer(&parameters, UUIDARRAYOID, user_ids);
	(void) statement_touch_all(&release, &parameters, "users");
}

/* Have a user to be, if there is one, give up its names, and be held no longer. */
void
held_release(const pg_uuid_t *realm_id, const pg_uuid_t *user_id)
{
	Datum		id = UUIDPGetDatum(user_id);

	held_release_all(realm_id, construct_array(&id, 1, UUIDOID, UUID_LEN, false, TYPALIGN_CHAR));
}

/* ---------- deleting ---------- */

/* Find a user to be whose time is over, and keep others from it; false if there is none. */
bool
held_find_to_delete(const pg_uuid_t *realm_id, const pg_uuid_t *user_id)
{
	static Statement lock_user = STATEMENT(
		"SELECT FROM arsignup.users WHERE realm_id = $1 AND id = $2"
		" AND state = 'held' AND held_until <= clock_timestamp() FOR UPDATE");
	Parameters	parameters = user_parameters(realm_id, user_id);

	return statement_run(&lock_user, &parameters) > 0;
}

/* Delete users to be at these places for who has called; return how many. */
uint64
held_delete_places(const Caller *caller, Parameters *places, TimestampTz now)
{
	static Statement delete_users = STATEMENT("DELETE FROM arsignup.users WHERE ctid = ANY ($1)");

	statement_plan_by_index(&delete_users, places);
	return caller_delete(caller, &delete_users, places);
}

/* Take the names from users to be at these places, to which tables of the application still refer. */
void
held_strip_places(Parameters *places)
{
	static Statement strip = STATEMENT("UPDATE arsignup.users SET " WITHOUT_NAMES " WHERE ctid = ANY ($1)");

	statement_plan_by_index(&strip, places);
	(void) statement_run(&strip, places);
}
