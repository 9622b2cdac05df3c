/*
 * SQL functions: API keys; and how a key is recognised.
 */
#include "api_key/api_key.h"

#include "account/user.h"
#include "base/argument.h"
#include "base/fault.h"
#include "base/id.h"
#include "base/key.h"
#include "base/statement.h"
#include "catalog/pg_type.h"
#include "realm/realm.h"

/* ---------- recognising ---------- */

/*
 * Find the key that a text is; false if it is none, or revoked. A text that is
 * no key costs the same digest, lookup and comparison as a wrong one.
 */
bool
api_key_find(Span text, ApiKey *key)
{
	static Statement select_key = STATEMENT(
		"SELECT realm_id, key_digest, revoked_at IS NULL,"
		" ('read' = ANY (permissions))::int + 2 * ('write' = ANY (permissions))::int"
		" + 4 * ('admin' = ANY (permissions))::int,"
		" coalesce(last_used_at > $2, false) FROM arsignup.api_keys WHERE id = $1");
	bool		is_good = key_parse(API_KEY_PREFIX, text, key->id.data);
	const void *stored = NULL;
	Parameters	parameters = {0};
	bool		isnull;

	add_uuid(&parameters, &key->id);
	add_time(&parameters, GetCurrentTimestamp() - USECS_PER_HOUR);
	if (statement_run(&select_key, &parameters) > 0)
		stored = VARDATA_ANY(DatumGetByteaPP(column(2, &isnull)));
	if (!key_matches(text, stored) || !is_good || !column_bool(3))
		return false;
	key->has_realm = !column_is_null(1);
	if (key->has_realm)
		key->realm_id = *column_uuid(1);
	key->permissions = column_int(4);
	key->is_noted = column_bool(5);
	return true;
}

/* Note that a key is in use. Who comes while another notes it leaves it to them. */
void
api_key_note_use(const ApiKey *key, TimestampTz now)
{
	static Statement update_key = STATEMENT(
		"UPDATE arsignup.api_keys SET last_used_at = $2 WHERE id ="
		" (SELECT id FROM arsignup.api_keys WHERE id = $1 FOR NO KEY UPDATE SKIP LOCKED)");
	Parameters	parameters = {0};

	add_uuid(&parameters, &key->id);
	add_time(&parameters, now);
	(void) statement_run(&update_key, &parameters);
}

/* ---------- making and revoking ---------- */

/* Note what is wrong with permissions. */
static void
check_permissions(ArrayType *permissions, Faults *faults)
{
	Datum	   *elements = NULL;
	bool	   *nulls = NULL;
	int			count = 0;

	if (permissions != NULL)
		deconstruct_array(permissions, TEXTOID, -1, false, TYPALIGN_INT, &elements, &nulls, &count);
	if (count == 0)
		fault_add(faults, "permissions", "Permissions can't be blank.");
	for (int i = 0; i < count; i++)
	{
		const char *name = nulls[i] ? "" : TextDatumGetCString(elements[i]);

		if (strcmp(name, "read") != 0 && strcmp(name, "write") != 0 && strcmp(name, "admin") != 0)
		{
			fault_add(faults, "permissions",
					  psprintf("Permissions must be any of read, write and admin, not %s.",
							   nulls[i] ? "null" : fault_quote(name)));
			return;
		}
	}
}

/* Insert a key. */
static void
insert_key(const pg_uuid_t *id, const pg_uuid_t *realm_id, const char *name, ArrayType *permissions,
		   const char *text)
{
	static Statement insert_key = STATEMENT(
		"INSERT INTO arsignup.api_keys (id, realm_id, created_at, name, permissions, key_digest)"
		" VALUES ($1, $2, $3, $4, $5, $6)");
	uint8_t		digest[KEY_DIGEST_SIZE];
	Parameters	parameters = {0};

	key_digest((Span) {text, KEY_LENGTH}, digest);
	add_uuid(&parameters, id);
	add_uuid(&parameters, realm_id);
	add_time(&parameters, GetCurrentTimestamp());
	add_text(&parameters, name);
	add_pointer(&parameters, TEXTARRAYOID, permissions);
	add_bytes(&parameters, digest, KEY_DIGEST_SIZE);
	statement_touch(&insert_key, &parameters, "api_keys", 1);
}

/* arsignup.create_api_key(realm_id uuid, name text, permissions text[]) returns text */
PG_FUNCTION_INFO_V1(arsignup_create_api_key);
Datum
arsignup_create_api_key(PG_FUNCTION_ARGS)
{
	const pg_uuid_t *realm_id = argument_uuid(fcinfo, 0);
	ArrayType  *permissions = argument_array(fcinfo, 2);
	text	   *result = palloc(VARHDRSZ + KEY_LENGTH + 1);
	Faults		faults = NO_FAULTS;
	pg_uuid_t	id = id_make(GetCurrentTimestamp());
	Realm		realm;
	char	   *name;

	spi_open();
	if (realm_id != NULL)
		realm_read(realm_id, &realm);
	name = accept_line(argument_text(fcinfo, 1), "name", "Name", &faults);
	if (name == NULL)
		fault_add(&faults, "name", "Name can't be blank.");
	check_permissions(permissions, &faults);
	faults_raise(&faults);
	key_make(API_KEY_PREFIX, id.data, VARDATA(result));
	SET_VARSIZE(result, VARHDRSZ + KEY_LENGTH);
	insert_key(&id, realm_id, name, permissions, VARDATA(result));
	spi_close();
	PG_RETURN_TEXT_P(result);
}

/* arsignup.revoke_api_key(key_id uuid) returns boolean */
PG_FUNCTION_INFO_V1(arsignup_revoke_api_key);
Datum
arsignup_revoke_api_key(PG_FUNCTION_ARGS)
{
	static Statement revoke_key = STATEMENT(
		"UPDATE arsignup.api_keys SET revoked_at = $2 WHERE id = $1 AND revoked_at IS NULL");
	static Statement find_key = STATEMENT(
		"SELECT FROM arsignup.api_keys WHERE id = $1 AND revoked_at IS NULL");
	Parameters	parameters = {0};
	int			nest_level;
	bool		revoked;

	spi_open();
	nest_level = lock_timeout_begin();
	add_uuid(&parameters, argument_uuid(fcinfo, 0));
	add_time(&parameters, GetCurrentTimestamp());
	revoked = statement_touch_any(&revoke_key, &find_key, &parameters, "api_keys");
	lock_timeout_end(nest_level);
	spi_close();
	PG_RETURN_BOOL(revoked);
}
