/*
 * SQL functions: users, orgs, memberships, and what the tables of realms and
 * connected apps check.
 */
#include "arsignup.h"

#include "account/identity.h"
#include "account/org.h"
#include "account/realm.h"
#include "account/url.h"
#include "account/user.h"
#include "base/argument.h"
#include "base/event.h"
#include "base/id.h"
#include "base/statement.h"
#include "catalog/pg_type.h"
#include "commands/trigger.h"
#include "compat.h"
#include "password/password.h"
#include "utils/datum.h"
#include "utils/rel.h"

/* Return a uuid that outlives SPI. */
static Datum
return_uuid(pg_uuid_t id)
{
	pg_uuid_t  *result = palloc(sizeof(pg_uuid_t));

	*result = id;
	return UUIDPGetDatum(result);
}

/* arsignup.normalize_email(email text) returns text */
PG_FUNCTION_INFO_V1(arsignup_normalize_email);
Datum
arsignup_normalize_email(PG_FUNCTION_ARGS)
{
	char	   *canonical = normalize_email(argument_text(fcinfo, 0));

	if (canonical == NULL)
		PG_RETURN_NULL();
	PG_RETURN_TEXT_P(cstring_to_text(canonical));
}

/* arsignup.normalize_username(username text) returns text */
PG_FUNCTION_INFO_V1(arsignup_normalize_username);
Datum
arsignup_normalize_username(PG_FUNCTION_ARGS)
{
	char	   *canonical = normalize_username(argument_text(fcinfo, 0));

	if (canonical == NULL)
		PG_RETURN_NULL();
	PG_RETURN_TEXT_P(cstring_to_text(canonical));
}

/* Tell whether all elements that are not null pass a test. */
static bool
every_text(ArrayType *texts, bool (*passes) (Span))
{
	Datum	   *values;
	bool	   *nulls;
	int			count;

	deconstruct_array(texts, TEXTOID, -1, false, TYPALIGN_INT, &values, &nulls, &count);
	for (int i = 0; i < count; i++)
		if (!nulls[i] && !passes((Span) {VARDATA_ANY(DatumGetPointer(values[i])),
										 VARSIZE_ANY_EXHDR(DatumGetPointer(values[i]))}))
			return false;
	return true;
}

/* arsignup.are_valid_urls(urls text[]) returns boolean */
PG_FUNCTION_INFO_V1(arsignup_are_valid_urls);
Datum
arsignup_are_valid_urls(PG_FUNCTION_ARGS)
{
	PG_RETURN_BOOL(every_text(PG_GETARG_ARRAYTYPE_P(0), url_is_valid));
}

/* arsignup.are_valid_origins(origins text[]) returns boolean */
PG_FUNCTION_INFO_V1(arsignup_are_valid_origins);
Datum
arsignup_are_valid_origins(PG_FUNCTION_ARGS)
{
	PG_RETURN_BOOL(every_text(PG_GETARG_ARRAYTYPE_P(0), origin_is_valid));
}

/* arsignup.are_valid_hosts(hosts text[]) returns boolean */
PG_FUNCTION_INFO_V1(arsignup_are_valid_hosts);
Datum
arsignup_are_valid_hosts(PG_FUNCTION_ARGS)
{
	PG_RETURN_BOOL(every_text(PG_GETARG_ARRAYTYPE_P(0), is_host_name));
}

/* arsignup.are_valid_permissions(permissions text[]) returns boolean */
PG_FUNCTION_INFO_V1(arsignup_are_valid_permissions);
Datum
arsignup_are_valid_permissions(PG_FUNCTION_ARGS)
{
	PG_RETURN_BOOL(permissions_are_valid(PG_GETARG_ARRAYTYPE_P(0)));
}

/* Return a column of a trigger's row that is not null. */
static Datum
row_column(TriggerData *trigger, HeapTuple row, const char *name)
{
	TupleDesc	description = trigger->tg_relation->rd_att;
	bool		isnull;

	return SPI_getbinval(row, description, SPI_fnumber(description, name), &isnull);
}

/* Return the row as it will be. */
static HeapTuple
new_row(TriggerData *trigger)
{
	return TRIGGER_FIRED_BY_UPDATE(trigger->tg_event) ? trigger->tg_newtuple : trigger->tg_trigtuple;
}

/* arsignup.route_slug() returns trigger: gives an app's slug its row in app_routes */
PG_FUNCTION_INFO_V1(arsignup_route_slug);
Datum
arsignup_route_slug(PG_FUNCTION_ARGS)
{
	static Statement insert_route = STATEMENT(
		"INSERT INTO arsignup.app_routes (realm_id, connected_app_id, name, kind)"
		" VALUES ($1, $2, $3, 'slug')");
	static Statement update_route = STATEMENT(
		"UPDATE arsignup.app_routes SET name = $3"
		" WHERE realm_id = $1 AND connected_app_id = $2 AND kind = 'slug'");
	TriggerData *trigger = (TriggerData *) fcinfo->context;
	HeapTuple	row;
	Parameters	parameters = {0};

	if (!CALLED_AS_TRIGGER(fcinfo))
		elog(ERROR, "route_slug is a trigger function");
	row = new_row(trigger);
	spi_open();
	add_uuid(&parameters, DatumGetUUIDP(row_column(trigger, row, "realm_id")));
	add_uuid(&parameters, DatumGetUUIDP(row_column(trigger, row, "id")));
	add_text(&parameters, TextDatumGetCString(row_column(trigger, row, "slug")));
	(void) statement_run(TRIGGER_FIRED_BY_UPDATE(trigger->tg_event) ? &update_route : &insert_route,
						 &parameters);
	spi_close();
	return PointerGetDatum(NULL);
}

/* Tell whether a trigger's update changes a column. */
static bool
changes(TriggerData *trigger, const char *name)
{
	TupleDesc	description = trigger->tg_relation->rd_att;
	Form_pg_attribute attribute = TupleDescAttr(description, SPI_fnumber(description, name) - 1);

	return !datumIsEqual(row_column(trigger, trigger->tg_trigtuple, name),
						 row_column(trigger, trigger->tg_newtuple, name),
						 attribute->attbyval, attribute->attlen);
}

/* Tell whether a trigger's update is one that is only possible while the realm is empty. */
static bool
needs_empty_realm(TriggerData *trigger)
{
	if (TRIGGER_FIRED_BY_DELETE(trigger->tg_event))
		return true;
	return changes(trigger, "id") || changes(trigger, "username_validation") ||
		(changes(trigger, "require_unique_emails") &&
		 DatumGetBool(row_column(trigger, trigger->tg_newtuple, "require_unique_emails")));
}

/* arsignup.guard_realm() returns trigger: keeps what users and orgs stand on */
PG_FUNCTION_INFO_V1(arsignup_guard_realm);
Datum
arsignup_guard_realm(PG_FUNCTION_ARGS)
{
	static Statement select_users = STATEMENT(
		"SELECT FROM arsignup.users WHERE realm_id = $1"
		" UNION ALL SELECT FROM arsignup.orgs WHERE realm_id = $1 LIMIT 1");
	TriggerData *trigger = (TriggerData *) fcinfo->context;
	Parameters	parameters = {0};
	uint64		found;

	if (!CALLED_AS_TRIGGER(fcinfo))
		elog(ERROR, "guard_realm is a trigger function");
	if (needs_empty_realm(trigger))
	{
		spi_open();
		add_uuid(&parameters, DatumGetUUIDP(row_column(trigger, trigger->tg_trigtuple, "id")));
		found = statement_run(&select_users, &parameters);
		spi_close();
		if (found > 0)
			ereport(ERROR,
					(errcode(ERRCODE_DEPENDENT_OBJECTS_STILL_EXIST),
					 errmsg("realm has users or organisations"),
					 errdetail("A realm that has some cannot be deleted, change its id or username_validation, or begin to require unique emails.")));
	}
	return PointerGetDatum(TRIGGER_FIRED_BY_UPDATE(trigger->tg_event) ?
						   trigger->tg_newtuple : trigger->tg_trigtuple);
}

/* Check a user, its password or ready hash and, where that is worth its cost, its names; raise all faults. */
static void
check_new_user(SecretScope *scope, const Realm *realm, User *user, Span password, Span hash)
{
	Faults		faults = NO_FAULTS;

	user_check(realm, user, &faults);
	if (password.data != NULL)
		password = password_accept(scope, password, realm->password_min_length, &faults);
	if (password.data != NULL && hash.data != NULL)
		fault_add(&faults, "password_hash", "Password hash can't be given beside a password.");
	else if (hash.data != NULL)
		user->password_hash = password_hash_accept(hash, &faults);
	if (password.data != NULL || faults.list != NIL)
		user_check_free(realm, user, &faults);
	faults_raise(&faults);
	if (password.data != NULL)
		user->password_hash = password_hash(password);
}

/* Insert a checked user and tell of it. */
static void
insert_new_user(const Realm *realm, User *user)
{
	TimestampTz now = GetCurrentTimestamp();
	Event		event = {.type = "user.created", .user_id = &user->id};
	int			nest_level = lock_timeout_begin();

	user_insert(realm, user, now);
	events_record(&realm->id, now, &event, 1);
	lock_timeout_end(nest_level);
}

/*
 * arsignup.create_user(realm_id uuid, email text, password arsignup.secret, username text,
 * password_hash arsignup.secret, first_name text, last_name text, reference text,
 * custom jsonb, user_type text) returns uuid
 */
PG_FUNCTION_INFO_V1(arsignup_create_user);
Datum
arsignup_create_user(PG_FUNCTION_ARGS)
{
	SecretScope scope;
	Realm		realm;
	User		user = {.id = id_make(GetCurrentTimestamp())};

	secret_scope_open(&scope);
	spi_open();
	realm_read_active(argument_uuid(fcinfo, 0), &realm);
	user.email = argument_text(fcinfo, 1);
	user.username = argument_text(fcinfo, 3);
	user.first_name = argument_text(fcinfo, 5);
	user.last_name = argument_text(fcinfo, 6);
	user.reference = argument_text(fcinfo, 7);
	user.custom = (Jsonb *) argument_varlena(fcinfo, 8);
	user.user_type = PG_ARGISNULL(9) ? "human" : argument_text(fcinfo, 9);
	check_new_user(&scope, &realm, &user,
				   secret_argument(&scope, fcinfo, 2), secret_argument(&scope, fcinfo, 4));
	insert_new_user(&realm, &user);
	spi_close();
	secret_scope_close(&scope);
	return return_uuid(user.id);
}

/* arsignup.create_org(realm_id uuid, name text, reference text, custom jsonb) returns uuid */
PG_FUNCTION_INFO_V1(arsignup_create_org);
Datum
arsignup_create_org(PG_FUNCTION_ARGS)
{
	TimestampTz now = GetCurrentTimestamp();
	Faults		faults = NO_FAULTS;
	Realm		realm;
	Org			org = {.id = id_make(now)};
	Event		event = {.type = "org.created", .org_id = &org.id};

	spi_open();
	realm_read_active(argument_uuid(fcinfo, 0), &realm);
	org.name = accept_line(argument_text(fcinfo, 1), "name", "Name", &faults);
	if (org.name == NULL)
		fault_add(&faults, "name", "Name can't be blank.");
	org.reference = accept_line(argument_text(fcinfo, 2), "reference", "Reference", &faults);
	org.custom = accept_custom((Jsonb *) argument_varlena(fcinfo, 3), &faults);
	faults_raise(&faults);
	org_insert(&realm.id, &org, now);
	events_record(&realm.id, now, &event, 1);
	spi_close();
	return return_uuid(org.id);
}

/* Find an active user or org and keep it from being deleted; or raise SU010 or SU006. */
static void
hold(Statement *select, const pg_uuid_t *realm_id, const pg_uuid_t *id, const char *what)
{
	Parameters	parameters = {0};

	add_uuid(&parameters, realm_id);
	add_uuid(&parameters, id);
	if (statement_run(select, &parameters) == 0)
		ereport(ERROR,
				(errcode(ERRCODE_ARSIGNUP_NOT_FOUND),
				 errmsg("no such %s", what)));
	if (!column_bool(1))
		ereport(ERROR,
				(errcode(ERRCODE_ARSIGNUP_SWITCHED_OFF),
				 errmsg("%s is inactive", what)));
}

/* Check a membership's own attributes. */
static void
check_membership(const Membership *membership, TimestampTz now, Faults *faults)
{
	if (!permissions_are_valid(membership->permissions))
		fault_add(faults, "permissions",
				  "Permissions must be at most 20, each made of 1 to 62 of A-Z, a-z, 0-9 and *:;._- only.");
	if (membership->expires_at != NULL && *membership->expires_at <= now)
		fault_add(faults, "expires_at", "Expiry must be in the future.");
	faults_raise(faults);
}

/* Insert a membership whose user and org are looked up first; tell of it. */
static void
insert_new_membership(const Realm *realm, const Membership *membership, TimestampTz now)
{
	static Statement select_user = STATEMENT(
		"SELECT state = 'active' FROM arsignup.users WHERE realm_id = $1 AND id = $2 FOR KEY SHARE");
	static Statement select_org = STATEMENT(
		"SELECT state = 'active' FROM arsignup.orgs WHERE realm_id = $1 AND id = $2 FOR KEY SHARE");
	Event		event = {
		.type = "membership.created",
		.user_id = membership->user_id,
		.org_id = membership->org_id,
		.membership_id = &membership->id
	};
	int			nest_level = lock_timeout_begin();

	hold(&select_user, &realm->id, membership->user_id, "user");
	if (membership->org_id != NULL)
		hold(&select_org, &realm->id, membership->org_id, "org");
	if (!membership_insert(&realm->id, membership, now))
	{
		Faults		faults = NO_FAULTS;

		fault_add_taken(&faults, "org_id", membership->org_id ?
						"User is already a member of this organisation." :
						"User already has a membership without organisation.");
		faults_raise(&faults);
	}
	events_record(&realm->id, now, &event, 1);
	lock_timeout_end(nest_level);
}

/*
 * arsignup.create_membership(realm_id uuid, user_id uuid, org_id uuid, permissions text[],
 * expires_at timestamptz, custom jsonb) returns uuid
 */
PG_FUNCTION_INFO_V1(arsignup_create_membership);
Datum
arsignup_create_membership(PG_FUNCTION_ARGS)
{
	TimestampTz now = GetCurrentTimestamp();
	TimestampTz expires_at = PG_ARGISNULL(4) ? 0 : PG_GETARG_TIMESTAMPTZ(4);
	Faults		faults = NO_FAULTS;
	Realm		realm;
	Membership	membership = {
		.id = id_make(now),
		.user_id = argument_uuid(fcinfo, 1),
		.org_id = argument_uuid(fcinfo, 2),
		.permissions = (ArrayType *) argument_varlena(fcinfo, 3),
		.expires_at = PG_ARGISNULL(4) ? NULL : &expires_at
	};

	spi_open();
	realm_read_active(argument_uuid(fcinfo, 0), &realm);
	if (membership.permissions == NULL)
		membership.permissions = construct_empty_array(TEXTOID);
	membership.custom = accept_custom((Jsonb *) argument_varlena(fcinfo, 5), &faults);
	check_membership(&membership, now, &faults);
	insert_new_membership(&realm, &membership, now);
	spi_close();
	return return_uuid(membership.id);
}
