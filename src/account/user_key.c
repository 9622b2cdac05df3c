/*
 * Keys by which programs prove who they are: credentials of users, of which a
 * digest is stored.
 */
#include "account/user_key.h"

#include "base/id.h"
#include "base/statement.h"

/* Make a key for a user, and store what it is recognised by. */
void
user_key_insert(const pg_uuid_t *realm_id, const pg_uuid_t *user_id, TimestampTz now, char out[KEY_LENGTH + 1])
{
	static Statement insert_key = STATEMENT(
		"INSERT INTO arsignup.credentials (realm_id, id, user_id, created_at, updated_at, key_digest)"
		" VALUES ($1, $2, $3, $4, $4, $5)");
	pg_uuid_t	id = id_make(now);
	uint8_t		digest[KEY_DIGEST_SIZE];
	Parameters	parameters = {0};

	key_make(USER_KEY_PREFIX, id.data, out);
	key_digest((Span) {out, KEY_LENGTH}, digest);
	add_uuid(&parameters, realm_id);
	add_uuid(&parameters, &id);
	add_uuid(&parameters, user_id);
	add_time(&parameters, now);
	add_bytes(&parameters, digest, KEY_DIGEST_SIZE);
	statement_touch(&insert_key, &parameters, "credentials", 1);
}

/*
 * Find the active user whose key a text is; false if it is nobody's. A text
 * that is no key costs the same digest, lookup and comparison as a wrong one.
 */
bool
user_key_find(const pg_uuid_t *realm_id, Span key, pg_uuid_t *user_id)
{
	static Statement select_key = STATEMENT(
		"SELECT c.key_digest, u.id, u.state = 'active' FROM arsignup.credentials c"
		" JOIN arsignup.users u ON u.realm_id = c.realm_id AND u.id = c.user_id"
		" WHERE c.realm_id = $1 AND c.id = $2");
	pg_uuid_t	id;
	bool		is_good = key_parse(USER_KEY_PREFIX, key, id.data);
	const void *stored = NULL;
	Parameters	parameters = {0};
	bool		isnull;

	add_uuid(&parameters, realm_id);
	add_uuid(&parameters, &id);
	if (statement_read(&select_key, &parameters) > 0)
		stored = VARDATA_ANY(DatumGetByteaPP(column(1, &isnull)));
	if (!key_matches(key, stored) || !is_good || !column_bool(3))
		return false;
	*user_id = *column_uuid(2);
	return true;
}

/* Delete a key of a user; false if there is none. */
bool
user_key_delete(const pg_uuid_t *realm_id, const pg_uuid_t *id)
{
	static Statement delete_key = STATEMENT(
		"DELETE FROM arsignup.credentials WHERE realm_id = $1 AND id = $2");
	static Statement find_key = STATEMENT(
		"SELECT FROM arsignup.credentials WHERE realm_id = $1 AND id = $2");
	Parameters	parameters = {0};

	add_uuid(&parameters, realm_id);
	add_uuid(&parameters, id);
	return statement_touch_any(&delete_key, &find_key, &parameters, "credentials");
}
