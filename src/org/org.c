/*
 * Organisations and memberships: how signups insert them, and SQL functions.
 */
#include "org/org.h"

#include "account/held.h"
#include "base/argument.h"
#include "base/event.h"
#include "base/fault.h"
#include "base/id.h"
#include "base/row.h"
#include "catalog/pg_type.h"
#include "miscadmin.h"
#include "realm/realm.h"
#include "utils/json.h"

/* ---------- rows ---------- */

#define NEW_ORG "realm_id, id, created_at, name, reference, custom"

/* Return all that the row of an org has when it begins: NEW_ORG. */
static Parameters
new_org(const pg_uuid_t *realm_id, const Org *org, TimestampTz now)
{
	Parameters	parameters = {0};

	add_uuid(&parameters, realm_id);
	add_uuid(&parameters, &org->id);
	add_time(&parameters, now);
	add_text(&parameters, org->name);
	add_text(&parameters, org->reference);
	add_pointer(&parameters, JSONBOID, custom_or_empty(org->custom));
	return parameters;
}

/* Insert an org. */
void
org_insert(const pg_uuid_t *realm_id, const Org *org, TimestampTz now)
{
	static Insert insert_org = INSERT("orgs", NEW_ORG);
	Parameters	parameters = new_org(realm_id, org, now);

	rows_insert(&insert_org, &parameters);
}

/* Note that an org or a membership, of whatever realm, has an id that was given, by a statement that looks for it. */
static void
note_id_taken(Statement *find, const pg_uuid_t *id, const char *attribute, const char *label, Faults *faults)
{
	Parameters	parameters = {0};

	add_uuid(&parameters, id);
	if (statement_run(find, &parameters) > 0)
		fault_add_taken(faults, attribute, label);
}

/* Insert an org with what another system knows of it; or raise SU002. */
static void
org_import(const pg_uuid_t *realm_id, const Org *org, const char *state, TimestampTz created_at)
{
	static Insert insert_org = INSERT_UNLESS_TAKEN("orgs", NEW_ORG ", state");
	static Insert insert_org_or_fail = INSERT("orgs", NEW_ORG ", state");
	static Statement find_id = STATEMENT("SELECT FROM arsignup.orgs WHERE id = $1");
	Parameters	parameters = new_org(realm_id, org, created_at);
	Faults		faults = NO_FAULTS;

	add_text(&parameters, state);
	if (row_insert_unless_taken(&insert_org, &parameters))
		return;
	note_id_taken(&find_id, &org->id, "org_id", "Org id", &faults);
	faults_raise(&faults);
	rows_insert(&insert_org_or_fail, &parameters);
}

#define NEW_MEMBERSHIP "realm_id, id, created_at, user_id, org_id, permissions, expires_at, custom"

/* Return all that the row of a membership has when it begins: NEW_MEMBERSHIP. */
static Parameters
new_membership(const pg_uuid_t *realm_id, const Membership *membership, TimestampTz now)
{
	Parameters	parameters = {0};

	add_uuid(&parameters, realm_id);
	add_uuid(&parameters, &membership->id);
	add_time(&parameters, now);
	add_uuid(&parameters, membership->user_id);
	add_uuid(&parameters, membership->org_id);
	add_pointer(&parameters, TEXTARRAYOID, membership->permissions);
	add_optional_time(&parameters, membership->expires_at);
	add_pointer(&parameters, JSONBOID, custom_or_empty(membership->custom));
	return parameters;
}

/* Insert a membership of a user or an org that was made just now. */
void
membership_insert(const pg_uuid_t *realm_id, const Membership *membership, TimestampTz now)
{
	static Insert insert_membership = INSERT("memberships", NEW_MEMBERSHIP);
	Parameters	parameters = new_membership(realm_id, membership, now);

	rows_insert(&insert_membership, &parameters);
}

/* Insert a membership; false if the user has one there already, or its id or what the application asks for is taken. */
static bool
membership_insert_unless_taken(const pg_uuid_t *realm_id, const Membership *membership, TimestampTz now)
{
	static Statement insert_membership = STATEMENT(
		"INSERT INTO arsignup.memberships (" NEW_MEMBERSHIP ") VALUES ($1, $2, $3, $4, $5, $6, $7, $8)"
		" ON CONFLICT DO NOTHING");
	Parameters	parameters = new_membership(realm_id, membership, now);

	return statement_run(&insert_membership, &parameters) == 1;
}

/* Append a member of an object: ,"name":value; nothing for a null column. */
static void
append_member(StringInfo json, SPITupleTable *rows, uint64 row, const char *name, int number, bool is_json)
{
	char	   *value = SPI_getvalue(rows->vals[row], rows->tupdesc, number);

	if (value == NULL)
		return;
	appendStringInfo(json, ",\"%s\":", name);
	if (is_json)
		appendStringInfoString(json, value);
	else
		escape_json(json, value);
}

/* Read a user's memberships for a login token; those that have expired or belong to an inactive org do not count. */
SPITupleTable *
memberships_read_claims(const pg_uuid_t *realm_id, const pg_uuid_t *user_id, TimestampTz now)
{
	static Statement select_memberships = STATEMENT(
		"SELECT to_jsonb(m.permissions), arsignup.format_id('org', m.org_id), m.custom, o.name, o.custom"
		" FROM arsignup.memberships m"
		" LEFT JOIN arsignup.orgs o ON o.realm_id = m.realm_id AND o.id = m.org_id"
		" WHERE m.realm_id = $1 AND m.user_id = $2 AND (m.expires_at IS NULL OR m.expires_at > $3)"
		" AND (m.org_id IS NULL OR o.state = 'active') ORDER BY m.created_at, m.id");
	Parameters	parameters = {0};

	add_uuid(&parameters, realm_id);
	add_uuid(&parameters, user_id);
	add_time(&parameters, now);
	(void) statement_run(&select_memberships, &parameters);
	return SPI_tuptable;
}

/*
 * Append memberships as login tokens tell them: [{"p": permissions, "oid",
 * "cs": custom, and of the org "o": name, "ocs": custom}, ...]; no further
 * than the room goes.
 */
void
memberships_append_claims(StringInfo json, SPITupleTable *memberships, MembershipDetail detail,
						  bool with_orgs, int room)
{
	appendStringInfoChar(json, '[');
	for (uint64 row = 0; row < memberships->numvals && json->len <= room; row++)
	{
		appendStringInfo(json, "%s{\"p\":%s", row > 0 ? "," : "",
						 SPI_getvalue(memberships->vals[row], memberships->tupdesc, 1));
		append_member(json, memberships, row, "oid", 2, false);
		if (detail >= MEMBERSHIPS_ATTRIBUTES)
			append_member(json, memberships, row, "cs", 3, true);
		if (with_orgs && detail >= MEMBERSHIPS_ORG_NAMES)
			append_member(json, memberships, row, "o", 4, false);
		if (with_orgs && detail >= MEMBERSHIPS_ATTRIBUTES)
			append_member(json, memberships, row, "ocs", 5, true);
		appendStringInfoChar(json, '}');
	}
	appendStringInfoChar(json, ']');
}

/* Tell whether a realm has orgs. */
bool
orgs_exist(const pg_uuid_t *realm_id)
{
	static Statement select_any = STATEMENT("SELECT FROM arsignup.orgs WHERE realm_id = $1 LIMIT 1");
	Parameters	parameters = {0};

	add_uuid(&parameters, realm_id);
	return statement_run(&select_any, &parameters) > 0;
}

/* Orgs of a realm, with their memberships. */
RealmRows	realm_orgs = REALM_ROWS("orgs", "id", true);

/* Return a uuid of a row, NULL if it is null. */
static const pg_uuid_t *
row_uuid(SPITupleTable *rows, uint64 row, int number)
{
	bool		isnull;
	Datum		value = SPI_getbinval(rows->vals[row], rows->tupdesc, number, &isnull);

	return isnull ? NULL : DatumGetUUIDP(value);
}

/* Tell of memberships that were deleted, whose realm, id, user and org are in these rows, in one statement; free the rows. */
static void
record_deleted(SPITupleTable *rows, uint64 count, TimestampTz now)
{
	MemoryContext context = AllocSetContextCreate(CurrentMemoryContext, "arsignup events", ALLOCSET_DEFAULT_SIZES);
	MemoryContext caller = MemoryContextSwitchTo(context);
	Event	   *events = palloc0(Max(count, 1) * sizeof(Event));

	for (uint64 i = 0; i < count; i++)
		events[i] = (Event)
		{
			.type = "membership.deleted",
			.realm_id = row_uuid(rows, i, 1),
			.membership_id = row_uuid(rows, i, 2),
			.user_id = row_uuid(rows, i, 3),
			.org_id = row_uuid(rows, i, 4)
		};
	if (count > 0)
		events_record(events[0].realm_id, now, NULL, events, count);
	MemoryContextSwitchTo(caller);
	MemoryContextDelete(context);
	SPI_freetuptable(rows);
}

/* What is told of memberships that are deleted. */
#define DELETED_COLUMNS "m.realm_id, m.id, m.user_id, m.org_id"

/* Delete memberships that have expired, and tell of each. */
static uint64
delete_places(const Caller *caller, Parameters *places, TimestampTz now)
{
	static Statement delete_memberships = STATEMENT(
		"DELETE FROM arsignup.memberships AS m WHERE ctid = ANY ($1) RETURNING " DELETED_COLUMNS);
	uint64		deleted;

	statement_plan_by_index(&delete_memberships, places);
	deleted = caller_delete(caller, &delete_memberships, places);
	record_deleted(SPI_tuptable, deleted, now);
	return deleted;
}

#define EXPIRED(column) ROWS_DUE(column, "memberships", "expires_at <= $1", "expires_at")

/* Memberships that have expired. */
Purge		expired_memberships = {
	"memberships",
	STATEMENT("SELECT ARRAY (" EXPIRED("ctid") " OFFSET $3 FOR UPDATE SKIP LOCKED)"),
	STATEMENT(COUNT_OF(EXPIRED("expires_at"))),
	delete_places,
	NULL
};

/* Memberships that are deleted, and told of, at a time: they are in memory meanwhile. */
#define DELETE_BATCH 1000

/*
 * Delete memberships and tell of each, however many there are: those that one
 * statement finds, and locks, are told of batch by batch, and another deletes
 * them all. Return the time after the last event. None may be left, by a
 * trigger that suppresses it: nobody can add any, since the user or org is
 * locked.
 */
static TimestampTz
delete_all(const Caller *caller, Statement *lock_memberships, Statement *delete_memberships,
		   const pg_uuid_t *realm_id, const pg_uuid_t *id, TimestampTz now)
{
	Parameters	parameters = {0};
	Portal		locked;
	uint64		count = 0;

	add_uuid(&parameters, realm_id);
	add_uuid(&parameters, id);
	locked = statement_open(lock_memberships, &parameters);
	for (;;)
	{
		SPI_cursor_fetch(locked, true, DELETE_BATCH);
		if (SPI_processed == 0)
			break;
		count += SPI_processed;
		record_deleted(SPI_tuptable, SPI_processed, now + count - SPI_processed);
		CHECK_FOR_INTERRUPTS();
	}
	SPI_cursor_close(locked);
	if (count > 0 && caller_delete(caller, delete_memberships, &parameters) != count)
		raise_suppressed("memberships");
	return now + count;
}

/* Delete the memberships of a user who is locked, and tell of each; return the time after the last event. */
static TimestampTz
memberships_delete_user(const Caller *caller, const pg_uuid_t *realm_id, const pg_uuid_t *user_id, TimestampTz now)
{
	static Statement lock_memberships = STATEMENT(
		"SELECT " DELETED_COLUMNS " FROM arsignup.memberships m WHERE realm_id = $1 AND user_id = $2 FOR UPDATE");
	static Statement delete_memberships = STATEMENT(
		"DELETE FROM arsignup.memberships WHERE realm_id = $1 AND user_id = $2");

	return delete_all(caller, &lock_memberships, &delete_memberships, realm_id, user_id, now);
}

/* Delete the memberships in an org that is locked, and tell of each; return the time after the last event. */
static TimestampTz
memberships_delete_org(const Caller *caller, const pg_uuid_t *realm_id, const pg_uuid_t *org_id, TimestampTz now)
{
	static Statement lock_memberships = STATEMENT(
		"SELECT " DELETED_COLUMNS " FROM arsignup.memberships m WHERE realm_id = $1 AND org_id = $2 FOR UPDATE");
	static Statement delete_memberships = STATEMENT(
		"DELETE FROM arsignup.memberships WHERE realm_id = $1 AND org_id = $2");

	return delete_all(caller, &lock_memberships, &delete_memberships, realm_id, org_id, now);
}

/* ---------- orgs ---------- */

static Statement find_org = STATEMENT("SELECT FROM arsignup.orgs WHERE realm_id = $1 AND id = $2");

/* Tell what happened to an org. */
static void
record_org(const Realm *realm, Event event, TimestampTz now)
{
	events_record(&realm->id, now, NULL, &event, 1);
}

/* Return which of these attributes an update has changed, as its columns from this one on tell. */
static Changes
read_changes(const char *const *attributes, int count, int first_column)
{
	Changes		changes = {0};

	for (int i = 0; i < count; i++)
		changes_add(&changes, attributes[i], column_bool(first_column + i));
	return changes;
}

/*
 * arsignup.create_org(realm_id uuid, name text, reference text, custom jsonb, org_id uuid,
 * created_at timestamptz, state text) returns uuid
 */
PG_FUNCTION_INFO_V1(arsignup_create_org);
Datum
arsignup_create_org(PG_FUNCTION_ARGS)
{
	TimestampTz now = GetCurrentTimestamp();
	TimestampTz created_at = argument_time(fcinfo, 5, now);
	const char *state = PG_ARGISNULL(6) ? "active" : argument_text(fcinfo, 6);
	Faults		faults = NO_FAULTS;
	Realm		realm;
	Org			org;
	int			nest_level;

	spi_open();
	realm_read_active(argument_uuid(fcinfo, 0), &realm);
	org.name = accept_line(argument_text(fcinfo, 1), "name", "Name", &faults);
	if (org.name == NULL)
		fault_add(&faults, "name", "Name can't be blank.");
	org.reference = accept_line(argument_text(fcinfo, 2), "reference", "Reference", &faults);
	org.custom = accept_custom(argument_jsonb(fcinfo, 3), &faults);
	org.id = accept_id(argument_uuid(fcinfo, 4), "org_id", "Org id", now, &faults);
	check_created_at(created_at, now, &faults);
	state_check(state, &faults);
	faults_raise(&faults);
	nest_level = lock_timeout_begin();
	org_import(&realm.id, &org, state, created_at);
	record_org(&realm, (Event) {.type = "org.created", .org_id = &org.id}, now);
	lock_timeout_end(nest_level);
	spi_close();
	return return_uuid(org.id);
}

/* Read what update_org is given into the parameters of its statement; raise all faults. */
static void
add_org_changes(FunctionCallInfo fcinfo, Parameters *parameters)
{
	Faults		faults = NO_FAULTS;
	char	   *name = accept_line(argument_text(fcinfo, 2), "name", "Name", &faults);
	char	   *reference = accept_line(argument_text(fcinfo, 3), "reference", "Reference", &faults);
	Jsonb	   *custom = argument_jsonb(fcinfo, 4);
	char	   *state = argument_text(fcinfo, 5);

	if (name == NULL && !PG_ARGISNULL(2))
		fault_add(&faults, "name", "Name can't be blank.");
	if (custom != NULL)
		custom = accept_custom(custom, &faults);
	if (state != NULL)
		state_check(state, &faults);
	faults_raise(&faults);
	add_text(parameters, name);
	add_bool(parameters, !PG_ARGISNULL(3));
	add_text(parameters, reference);
	add_pointer(parameters, JSONBOID, custom);
	add_text(parameters, state);
}

/* arsignup.update_org(realm_id uuid, org_id uuid, name text, reference text, custom jsonb, state text) returns void */
PG_FUNCTION_INFO_V1(arsignup_update_org);
Datum
arsignup_update_org(PG_FUNCTION_ARGS)
{
	static Statement update_org = STATEMENT(
		"UPDATE arsignup.orgs o SET name = coalesce($3, o.name),"
		" reference = CASE WHEN $4 THEN $5 ELSE o.reference END,"
		" custom = coalesce($6, o.custom), state = coalesce($7, o.state)"
		" FROM (SELECT id, name, reference, custom, state FROM arsignup.orgs"
		"  WHERE realm_id = $1 AND id = $2 FOR NO KEY UPDATE) old"
		" WHERE o.realm_id = $1 AND o.id = $2 AND o.id = old.id"
		" RETURNING o.name <> old.name, o.reference IS DISTINCT FROM old.reference,"
		" o.custom::text <> old.custom::text, o.state <> old.state");
	static const char *const attributes[] = {"name", "reference", "custom", "state"};
	const pg_uuid_t *org_id = argument_uuid(fcinfo, 1);
	Parameters	parameters = {0};
	Changes		changes;
	Realm		realm;
	int			nest_level;

	spi_open();
	realm_read(argument_uuid(fcinfo, 0), &realm);
	add_uuid(&parameters, &realm.id);
	add_uuid(&parameters, org_id);
	add_org_changes(fcinfo, &parameters);
	nest_level = lock_timeout_begin();
	if (!statement_touch_any(&update_org, &find_org, &parameters, "orgs"))
		raise_not_found("org");
	changes = read_changes(attributes, lengthof(attributes), 1);
	if (changes.count > 0)
		record_org(&realm, (Event) {.type = "org.updated", .org_id = org_id, .data = changes_data(&changes)},
				   GetCurrentTimestamp());
	lock_timeout_end(nest_level);
	spi_close();
	PG_RETURN_VOID();
}

/* arsignup.delete_org(realm_id uuid, org_id uuid) returns boolean */
PG_FUNCTION_INFO_V1(arsignup_delete_org);
Datum
arsignup_delete_org(PG_FUNCTION_ARGS)
{
	static Statement lock_org = STATEMENT(
		"SELECT FROM arsignup.orgs WHERE realm_id = $1 AND id = $2 FOR UPDATE");
	static Statement delete_org = STATEMENT(
		"DELETE FROM arsignup.orgs WHERE realm_id = $1 AND id = $2");
	const pg_uuid_t *org_id = argument_uuid(fcinfo, 1);
	Parameters	parameters = {0};
	Caller		caller;
	Realm		realm;
	TimestampTz now;
	int			nest_level;
	bool		deleted;

	caller_enter(&caller);
	spi_open();
	realm_read(argument_uuid(fcinfo, 0), &realm);
	add_uuid(&parameters, &realm.id);
	add_uuid(&parameters, org_id);
	nest_level = lock_timeout_begin();
	deleted = statement_run(&lock_org, &parameters) == 1;
	if (deleted)
	{
		now = memberships_delete_org(&caller, &realm.id, org_id, GetCurrentTimestamp());
		if (caller_delete(&caller, &delete_org, &parameters) == 0)
			raise_suppressed("orgs");
		record_org(&realm, (Event) {.type = "org.deleted", .org_id = org_id}, now);
	}
	lock_timeout_end(nest_level);
	spi_close();
	caller_leave(&caller);
	PG_RETURN_BOOL(deleted);
}

/* ---------- users ---------- */

/* arsignup.delete_user(realm_id uuid, user_id uuid) returns boolean: here, since memberships go along */
PG_FUNCTION_INFO_V1(arsignup_delete_user);
Datum
arsignup_delete_user(PG_FUNCTION_ARGS)
{
	const pg_uuid_t *user_id = argument_uuid(fcinfo, 1);
	Event		event = {.type = "user.deleted", .user_id = user_id};
	Caller		caller;
	Realm		realm;
	TimestampTz now;
	int			nest_level;
	bool		deleted;

	caller_enter(&caller);
	spi_open();
	realm_read(argument_uuid(fcinfo, 0), &realm);
	nest_level = lock_timeout_begin();
	deleted = user_find_to_delete(&realm.id, user_id);
	if (deleted)
	{
		now = memberships_delete_user(&caller, &realm.id, user_id, GetCurrentTimestamp());
		user_delete(&caller, &realm.id, user_id);
		events_record(&realm.id, now, NULL, &event, 1);
	}
	else if ((deleted = held_find_to_delete(&realm.id, user_id)))
		user_delete(&caller, &realm.id, user_id);
	lock_timeout_end(nest_level);
	spi_close();
	caller_leave(&caller);
	PG_RETURN_BOOL(deleted);
}

/* ---------- memberships ---------- */

/* Note permissions that there cannot be. */
static void
check_permissions(ArrayType *permissions, Faults *faults)
{
	const char *fault = permissions_fault(permissions);

	if (fault != NULL)
		fault_add(faults, "permissions", fault);
}

/* Note an expiry that has passed. */
static void
check_expiry(TimestampTz expires_at, TimestampTz now, Faults *faults)
{
	if (expires_at <= now)
		fault_add(faults, "expires_at", "Expiry must be in the future.");
}

/* Find an active org and keep it from being deleted; or raise SU010 or SU006. */
static void
org_hold(const pg_uuid_t *realm_id, const pg_uuid_t *org_id)
{
	static Statement hold_org = STATEMENT(
		"SELECT state = 'active' FROM arsignup.orgs WHERE realm_id = $1 AND id = $2 FOR KEY SHARE");
	Parameters	parameters = {0};

	add_uuid(&parameters, realm_id);
	add_uuid(&parameters, org_id);
	if (statement_run(&hold_org, &parameters) == 0)
		raise_not_found("org");
	if (!column_bool(1))
		raise_inactive("org");
}

/*
 * Delete the membership that is in the way of another, if it has expired;
 * return its id, NULL if nothing was deleted. IS TRUE keeps the planner from
 * the index on expires_at: a user has few memberships, but many may have
 * expired.
 */
static const pg_uuid_t *
delete_expired(const Caller *caller, const pg_uuid_t *realm_id, const Membership *other, TimestampTz now)
{
	static Statement delete_membership = STATEMENT(
		"DELETE FROM arsignup.memberships WHERE realm_id = $1 AND user_id = $2"
		" AND org_id IS NOT DISTINCT FROM $3 AND (expires_at <= $4) IS TRUE RETURNING id");
	Parameters	parameters = {0};

	add_uuid(&parameters, realm_id);
	add_uuid(&parameters, other->user_id);
	add_uuid(&parameters, other->org_id);
	add_time(&parameters, now);
	return caller_delete(caller, &delete_membership, &parameters) > 0 ? column_uuid(1) : NULL;
}

/* Raise SU002 if a user has a membership already, or another has the id; one that has expired should be gone. */
static void
raise_if_taken(const pg_uuid_t *realm_id, const Membership *membership, TimestampTz now)
{
	static Statement find_id = STATEMENT("SELECT FROM arsignup.memberships WHERE id = $1");
	static Statement find_membership = STATEMENT(
		"SELECT (expires_at <= $4) IS TRUE FROM arsignup.memberships"
		" WHERE realm_id = $1 AND user_id = $2 AND org_id IS NOT DISTINCT FROM $3");
	Faults		faults = NO_FAULTS;
	Parameters	parameters = {0};

	add_uuid(&parameters, realm_id);
	add_uuid(&parameters, membership->user_id);
	add_uuid(&parameters, membership->org_id);
	add_time(&parameters, now);
	if (statement_run(&find_membership, &parameters) > 0)
	{
		if (column_bool(1))
			raise_suppressed("memberships");
		fault_add_coded(&faults, "org_id", membership->org_id ?
						"User is already a member of this organisation." :
						"User already has a membership without an organisation.", "taken");
	}
	note_id_taken(&find_id, &membership->id, "membership_id", "Membership id", &faults);
	faults_raise(&faults);
}

/* Tell of a new membership, and first of the one whose place it has taken, if any. */
static void
record_new_membership(const Realm *realm, const Membership *membership, const pg_uuid_t *expired, TimestampTz now)
{
	Event		events[] = {
		{.type = "membership.deleted", .user_id = membership->user_id, .org_id = membership->org_id,
		.membership_id = expired},
		{.type = "membership.created", .user_id = membership->user_id, .org_id = membership->org_id,
		.membership_id = &membership->id}
	};

	events_record(&realm->id, now, NULL, expired ? events : events + 1, expired ? 2 : 1);
}

/*
 * Insert a membership whose user and org are looked up first; tell of it. One
 * that has expired gives way. Whether it was deleted here, or meanwhile by
 * somebody else, the second insert finds out what is there now. What is in the
 * way of the third is the application's to tell.
 */
static void
insert_new_membership(const Caller *caller, const Realm *realm, const Membership *membership,
					  TimestampTz created_at, TimestampTz now)
{
	int			nest_level = lock_timeout_begin();
	const pg_uuid_t *expired = NULL;

	user_hold(&realm->id, membership->user_id);
	if (membership->org_id != NULL)
		org_hold(&realm->id, membership->org_id);
	if (!membership_insert_unless_taken(&realm->id, membership, created_at))
	{
		expired = delete_expired(caller, &realm->id, membership, now);
		if (!membership_insert_unless_taken(&realm->id, membership, created_at))
		{
			raise_if_taken(&realm->id, membership, now);
			membership_insert(&realm->id, membership, created_at);
		}
	}
	record_new_membership(realm, membership, expired, now);
	lock_timeout_end(nest_level);
}

/*
 * arsignup.create_membership(realm_id uuid, user_id uuid, org_id uuid, permissions text[],
 * expires_at timestamptz, custom jsonb, membership_id uuid, created_at timestamptz) returns uuid
 */
PG_FUNCTION_INFO_V1(arsignup_create_membership);
Datum
arsignup_create_membership(PG_FUNCTION_ARGS)
{
	TimestampTz now = GetCurrentTimestamp();
	TimestampTz created_at = argument_time(fcinfo, 7, now);
	TimestampTz expires_at = argument_time(fcinfo, 4, 0);
	bool		expires = !PG_ARGISNULL(4) && !TIMESTAMP_IS_NOEND(expires_at);
	Faults		faults = NO_FAULTS;
	Caller		caller;
	Realm		realm;
	Membership	membership = {
		.user_id = argument_uuid(fcinfo, 1),
		.org_id = argument_uuid(fcinfo, 2),
		.permissions = argument_array(fcinfo, 3),
		.expires_at = expires ? &expires_at : NULL
	};

	caller_enter(&caller);
	spi_open();
	realm_read_active(argument_uuid(fcinfo, 0), &realm);
	if (membership.permissions == NULL)
		membership.permissions = construct_empty_array(TEXTOID);
	check_permissions(membership.permissions, &faults);
	if (expires)
		check_expiry(expires_at, now, &faults);
	membership.custom = accept_custom(argument_jsonb(fcinfo, 5), &faults);
	membership.id = accept_id(argument_uuid(fcinfo, 6), "membership_id", "Membership id", now, &faults);
	check_created_at(created_at, now, &faults);
	faults_raise(&faults);
	insert_new_membership(&caller, &realm, &membership, created_at, now);
	spi_close();
	caller_leave(&caller);
	return return_uuid(membership.id);
}

/* Read what update_membership is given into the parameters of its statement; raise all faults. */
static void
add_membership_changes(FunctionCallInfo fcinfo, Parameters *parameters, TimestampTz now)
{
	Faults		faults = NO_FAULTS;
	ArrayType  *permissions = argument_array(fcinfo, 2);
	TimestampTz expires_at = argument_time(fcinfo, 3, 0);
	Jsonb	   *custom = argument_jsonb(fcinfo, 4);

	if (permissions != NULL)
		check_permissions(permissions, &faults);
	if (!PG_ARGISNULL(3))
		check_expiry(expires_at, now, &faults);
	if (custom != NULL)
		custom = accept_custom(custom, &faults);
	faults_raise(&faults);
	add_pointer(parameters, TEXTARRAYOID, permissions);
	add_bool(parameters, !PG_ARGISNULL(3));
	add_optional_time(parameters, TIMESTAMP_IS_NOEND(expires_at) ? NULL : &expires_at);
	add_pointer(parameters, JSONBOID, custom);
	add_time(parameters, now);
}

/* Tell of a membership, which the statement that has just run returned. */
static void
record_membership(const Realm *realm, const char *event_type, Jsonb *data)
{
	Event		event = {
		.type = event_type,
		.membership_id = column_uuid(1),
		.user_id = column_uuid(2),
		.org_id = column_uuid(3),
		.data = data
	};

	events_record(&realm->id, GetCurrentTimestamp(), NULL, &event, 1);
}

/*
 * arsignup.update_membership(realm_id uuid, membership_id uuid, permissions text[],
 * expires_at timestamptz, custom jsonb) returns void
 */
PG_FUNCTION_INFO_V1(arsignup_update_membership);
Datum
arsignup_update_membership(PG_FUNCTION_ARGS)
{
	static Statement update_membership = STATEMENT(
		"UPDATE arsignup.memberships m SET permissions = coalesce($3, m.permissions),"
		" expires_at = CASE WHEN $4 THEN $5 ELSE m.expires_at END, custom = coalesce($6, m.custom)"
		" FROM (SELECT id, permissions, expires_at, custom FROM arsignup.memberships"
		"  WHERE realm_id = $1 AND id = $2 AND (expires_at IS NULL OR expires_at > $7) FOR NO KEY UPDATE) old"
		" WHERE m.realm_id = $1 AND m.id = $2 AND m.id = old.id"
		" RETURNING m.id, m.user_id, m.org_id, m.permissions <> old.permissions,"
		" m.expires_at IS DISTINCT FROM old.expires_at, m.custom::text <> old.custom::text");
	static Statement find_membership = STATEMENT(
		"SELECT FROM arsignup.memberships"
		" WHERE realm_id = $1 AND id = $2 AND (expires_at IS NULL OR expires_at > $7)");
	static const char *const attributes[] = {"permissions", "expires_at", "custom"};
	Parameters	parameters = {0};
	Changes		changes;
	Realm		realm;
	int			nest_level;

	spi_open();
	realm_read(argument_uuid(fcinfo, 0), &realm);
	add_uuid(&parameters, &realm.id);
	add_uuid(&parameters, argument_uuid(fcinfo, 1));
	add_membership_changes(fcinfo, &parameters, GetCurrentTimestamp());
	nest_level = lock_timeout_begin();
	if (!statement_touch_any(&update_membership, &find_membership, &parameters, "memberships"))
		raise_not_found("membership");
	changes = read_changes(attributes, lengthof(attributes), 4);
	if (changes.count > 0)
		record_membership(&realm, "membership.updated", changes_data(&changes));
	lock_timeout_end(nest_level);
	spi_close();
	PG_RETURN_VOID();
}

/* arsignup.delete_membership(realm_id uuid, membership_id uuid) returns boolean */
PG_FUNCTION_INFO_V1(arsignup_delete_membership);
Datum
arsignup_delete_membership(PG_FUNCTION_ARGS)
{
	static Statement delete_membership = STATEMENT(
		"DELETE FROM arsignup.memberships WHERE realm_id = $1 AND id = $2"
		" AND (expires_at IS NULL OR expires_at > $3) RETURNING id, user_id, org_id");
	static Statement find_membership = STATEMENT(
		"SELECT FROM arsignup.memberships"
		" WHERE realm_id = $1 AND id = $2 AND (expires_at IS NULL OR expires_at > $3)");
	Parameters	parameters = {0};
	Caller		caller;
	Realm		realm;
	int			nest_level;
	bool		deleted;

	caller_enter(&caller);
	spi_open();
	realm_read(argument_uuid(fcinfo, 0), &realm);
	add_uuid(&parameters, &realm.id);
	add_uuid(&parameters, argument_uuid(fcinfo, 1));
	add_time(&parameters, GetCurrentTimestamp());
	nest_level = lock_timeout_begin();
	deleted = caller_delete(&caller, &delete_membership, &parameters) > 0;
	if (deleted)
		record_membership(&realm, "membership.deleted", NULL);
	else if (statement_run(&find_membership, &parameters) > 0)
		raise_suppressed("memberships");
	lock_timeout_end(nest_level);
	spi_close();
	caller_leave(&caller);
	PG_RETURN_BOOL(deleted);
}
