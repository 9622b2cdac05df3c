/*
 * Realms and connected apps: how the other capabilities read them, and SQL
 * functions that their tables need.
 *
 * These rows are read, never locked: a lock would be one that all signups of
 * an app share. Every backend keeps what it has read until it is changed. A
 * setting that changes meanwhile holds from the next call on.
 */
#include "realm/realm.h"

#include "base/argument.h"
#include "base/caller.h"
#include "base/fault.h"
#include "base/kept.h"
#include "base/statement.h"
#include "catalog/pg_type.h"
#include "commands/trigger.h"
#include "realm/url.h"
#include "utils/lsyscache.h"
#include "utils/rel.h"

#define PERMISSIONS_MAX 20
#define PERMISSION_MAX_LENGTH 62

/* Columns as they are: words are compared in C, for which the executor would look up a function each. */
#define REALM_COLUMNS \
	"r.id, r.name, r.state, r.username_validation, r.require_unique_emails," \
	" r.password_min_length, r.password_min_score, r.logins_enabled, r.session_type," \
	" r.session_minutes, r.jwt_alg, r.jwt_fields, r.sso, r.email_verification, r.longest_hold"

static Statement select_realm = STATEMENT(
	"SELECT " REALM_COLUMNS " FROM arsignup.realms r WHERE r.id = $1");

static Statement select_app = STATEMENT(
	"SELECT " REALM_COLUMNS ", a.id, a.name, a.state,"
	" coalesce(a.logins_enabled, r.logins_enabled), coalesce(a.signups_enabled, r.signups_enabled),"
	" coalesce(a.signup_mode, r.signup_mode),"
	" coalesce(a.name_field, r.name_field),"
	" coalesce(a.org_name_field, r.org_name_field),"
	" coalesce(a.password_field, r.password_field),"
	" coalesce(a.default_permissions, r.default_permissions), r.signup_token_ttl,"
	" a.login_handler, coalesce(a.signup_handler, a.login_handler)"
	" FROM arsignup.connected_apps a JOIN arsignup.realms r ON r.id = a.realm_id"
	" WHERE a.id = $1");

/* ---------- reading ---------- */

/* Report an id that leads nowhere. */
void
raise_not_found(const char *what)
{
	ereport(ERROR,
			(errcode(ERRCODE_ARSIGNUP_NOT_FOUND),
			 errmsg("no such %s", what)));
}

/* Report something that an administrator has switched off. */
void
raise_inactive(const char *what)
{
	ereport(ERROR,
			(errcode(ERRCODE_ARSIGNUP_SWITCHED_OFF),
			 errmsg("%s is inactive", what)));
}

/* Tell whether a text array has this word. */
static bool
has_word(ArrayType *words, const char *word)
{
	Datum	   *values;
	int			count;

	if (ARR_NDIM(words) == 0)
		return false;
	deconstruct_array(words, TEXTOID, -1, false, TYPALIGN_INT, &values, NULL, &count);
	for (int i = 0; i < count; i++)
		if (text_is(values[i], word))
			return true;
	return false;
}

/* Fill in a realm from REALM_COLUMNS of the row that was read. */
static void
fill_realm(Realm *realm)
{
	bool		isnull;
	ArrayType  *jwt_fields = DatumGetArrayTypeP(column(12, &isnull));

	realm->id = *column_uuid(1);
	realm->name = column_text(2);
	realm->active = column_is(3, "active");
	realm->usernames_are_emails = column_is(4, "email");
	realm->emails_are_unique = column_bool(5);
	realm->password_min_length = column_int(6);
	realm->password_min_score = column_int(7);
	realm->logins_enabled = column_bool(8);
	realm->sessions_are_managed = column_is(9, "managed");
	realm->session_minutes = column_int(10);
	realm->jwt_alg = column_text(11);
	realm->jwt_has_custom = has_word(jwt_fields, "custom");
	realm->jwt_has_memberships = has_word(jwt_fields, "memberships");
	realm->jwt_has_orgs = has_word(jwt_fields, "orgs");
	realm->sso_is_seamless = column_is(13, "seamless");
	realm->verification_is_requested = !column_is(14, "none");
	realm->verification_is_required = column_is(14, "require");
	realm->longest_hold = *DatumGetIntervalP(column(15, &isnull));
}

/* Read a realm from its row: the key is its id. */
static bool
read_realm(Span key, void *realm)
{
	Parameters	parameters = {0};

	add_uuid(&parameters, (const pg_uuid_t *) key.data);
	if (statement_read_latest(&select_realm, &parameters) == 0)
		return false;
	fill_realm(realm);
	return true;
}

/* Copy what a realm points to. */
static void
copy_realm(void *entry)
{
	Realm	   *realm = entry;

	realm->name = pstrdup(realm->name);
	realm->jwt_alg = pstrdup(realm->jwt_alg);
}

/* Read a realm; false if there is none. */
bool
realm_find(const pg_uuid_t *id, Realm *realm)
{
	static const char *const sources[] = {"realms", NULL};
	static Kept realms = {.tables = sources, .size = sizeof(Realm), .read = read_realm, .copy = copy_realm};

	return id != NULL && kept_read(&realms, (Span) {(const char *) id, UUID_LEN}, realm);
}

/* Read a realm, or raise SU010. */
void
realm_read(const pg_uuid_t *id, Realm *realm)
{
	if (!realm_find(id, realm))
		raise_not_found("realm");
}

/* Read a realm, or raise SU010 or SU006. */
void
realm_read_active(const pg_uuid_t *id, Realm *realm)
{
	realm_read(id, realm);
	if (!realm->active)
		raise_inactive("realm");
}

/* Translate signup_mode. */
SignupMode
signup_mode(const char *name)
{
	if (strcmp(name, "user") == 0)
		return SIGNUP_USER;
	return strcmp(name, "user_org") == 0 ? SIGNUP_USER_ORG : SIGNUP_TOKEN;
}

/* Translate the rule of a form's field. */
FieldRule
field_rule(const char *name)
{
	if (strcmp(name, "required") == 0)
		return FIELD_REQUIRED;
	return strcmp(name, "hidden") == 0 ? FIELD_HIDDEN : FIELD_OPTIONAL;
}

/* Translate the rule of first and last name, of which one is enough unless both are asked for. */
FieldRule
name_rule(const char *name)
{
	if (strcmp(name, "both") == 0)
		return FIELD_REQUIRED;
	return strcmp(name, "required") == 0 ? FIELD_EITHER : field_rule(name);
}

/* Read a connected app with its realm from their rows: the key is its id. */
static bool
read_app(Span key, void *entry)
{
	App		   *app = entry;
	Parameters	parameters = {0};
	bool		isnull;

	add_uuid(&parameters, (const pg_uuid_t *) key.data);
	if (statement_read_latest(&select_app, &parameters) == 0)
		return false;
	fill_realm(&app->realm);
	app->id = *column_uuid(16);
	app->name = column_text(17);
	app->active = column_is(18, "active");
	app->logins_enabled = column_bool(19);
	app->signups_enabled = column_bool(20);
	app->signup_mode = signup_mode(column_text(21));
	app->name_field = name_rule(column_text(22));
	app->org_name_field = field_rule(column_text(23));
	app->password_is_asked_twice = column_is(24, "twice");
	app->default_permissions = DatumGetArrayTypeP(column(25, &isnull));
	app->signup_token_ttl = *DatumGetIntervalP(column(26, &isnull));
	app->login_handler = column_text(27);
	app->signup_handler = column_text(28);
	return true;
}

/* Copy what an app points to. */
static void
copy_app(void *entry)
{
	App		   *app = entry;

	copy_realm(&app->realm);
	app->name = pstrdup(app->name);
	app->default_permissions = DatumGetArrayTypePCopy(PointerGetDatum(app->default_permissions));
	app->login_handler = pstrdup(app->login_handler);
	app->signup_handler = pstrdup(app->signup_handler);
}

/* Read a connected app with its realm, or raise SU010. */
void
app_read(const pg_uuid_t *id, App *app)
{
	static const char *const sources[] = {"connected_apps", "realms", NULL};
	static Kept apps = {.tables = sources, .size = sizeof(App), .read = read_app, .copy = copy_app};

	if (id == NULL || !kept_read(&apps, (Span) {(const char *) id, UUID_LEN}, app))
		raise_not_found("connected app");
}

/* Read a connected app with its realm, or raise SU010 or SU006. */
void
app_read_active(const pg_uuid_t *id, App *app)
{
	app_read(id, app);
	if (!app->realm.active)
		raise_inactive("realm");
	if (!app->active)
		raise_inactive("connected app");
}

/* Lock a realm that is to be deleted: false if there is none; raise 55006 if it is active. */
bool
realm_lock_inactive(const pg_uuid_t *id)
{
	static Statement lock_realm = STATEMENT(
		"SELECT state = 'inactive' FROM arsignup.realms WHERE id = $1 FOR UPDATE");
	Parameters	parameters = {0};

	add_uuid(&parameters, id);
	if (statement_run(&lock_realm, &parameters) == 0)
		return false;
	if (!column_bool(1))
		ereport(ERROR,
				(errcode(ERRCODE_OBJECT_IN_USE),
				 errmsg("realm is active"),
				 errhint("Set its state to inactive first; signups that are under way end within seconds.")));
	return true;
}

/*
 * Delete a realm and its apps, whose routes follow, and note it, so that what
 * lived in it can be deleted by and by.
 */
void
realm_delete(const pg_uuid_t *id, TimestampTz now)
{
	static Statement note_realm = STATEMENT(
		"INSERT INTO arsignup.deleted_realms (realm_id, deleted_at, purge_at) VALUES ($1, $2, $2)");
	static Statement delete_apps = STATEMENT("DELETE FROM arsignup.connected_apps WHERE realm_id = $1");
	static Statement delete_realm = STATEMENT("DELETE FROM arsignup.realms WHERE id = $1");
	Parameters	parameters = {0};

	add_uuid(&parameters, id);
	add_time(&parameters, now);
	statement_touch(&note_realm, &parameters, "deleted_realms", 1);
	(void) statement_run(&delete_apps, &parameters);
	statement_touch(&delete_realm, &parameters, "realms", 1);
}

/* Tell whether a realm was deleted, be it a moment ago, and something of it may still be there. */
bool
realm_is_going(const pg_uuid_t *id)
{
	static Statement find_realm = STATEMENT("SELECT FROM arsignup.deleted_realms WHERE realm_id = $1");
	Parameters	parameters = {0};

	add_uuid(&parameters, id);
	return statement_read_latest(&find_realm, &parameters) > 0;
}

/* ---------- checks ---------- */

/* Return an element of a text array as a span. */
static Span
element_span(Datum element)
{
	return (Span) {VARDATA_ANY(DatumGetPointer(element)), VARSIZE_ANY_EXHDR(DatumGetPointer(element))};
}

/* Return the first element that is not null and does not pass a test; NULL if all do. */
static const char *
first_other(ArrayType *texts, bool (*passes) (Span))
{
	Datum	   *values;
	bool	   *nulls;
	int			count;

	deconstruct_array(texts, TEXTOID, -1, false, TYPALIGN_INT, &values, &nulls, &count);
	for (int i = 0; i < count; i++)
		if (!nulls[i] && !passes(element_span(values[i])))
			return TextDatumGetCString(values[i]);
	return NULL;
}

/* Tell whether all elements that are not null pass a test. */
static bool
every_text(ArrayType *texts, bool (*passes) (Span))
{
	return first_other(texts, passes) == NULL;
}

/* Tell one permission: 1 to 62 of A-Z a-z 0-9 * : ; . _ - */
static bool
is_permission(Span text)
{
	if (text.size < 1 || text.size > PERMISSION_MAX_LENGTH)
		return false;
	for (size_t i = 0; i < text.size; i++)
		if (text.data[i] == '\0' || strchr("ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz"
										   "0123456789*:;._-", text.data[i]) == NULL)
			return false;
	return true;
}

/* Return what is found in these that keeps them from being the permissions of a membership; NULL if nothing does. */
static const char *
permissions_found(ArrayType *permissions)
{
	int			count = ArrayGetNItems(ARR_NDIM(permissions), ARR_DIMS(permissions));
	const char *other;

	if (ARR_NDIM(permissions) > 1)
		return "not an array of arrays";
	if (count > PERMISSIONS_MAX)
		return psprintf("not %d", count);
	if (array_contains_nulls(permissions))
		return "not null";
	other = first_other(permissions, is_permission);
	return other != NULL ? psprintf("not %s", fault_quote(other)) : NULL;
}

/* Return a sentence on why these can't be the permissions of a membership; NULL if they can. */
const char *
permissions_fault(ArrayType *permissions)
{
	const char *found = permissions_found(permissions);

	if (found == NULL)
		return NULL;
	return psprintf("At most %d permissions, each 1 to %d characters: letters, digits and *:;._- (%s).",
					PERMISSIONS_MAX, PERMISSION_MAX_LENGTH, found);
}

/* arsignup.are_valid_urls(urls text[]) returns boolean */
PG_FUNCTION_INFO_V1(arsignup_are_valid_urls);
Datum
arsignup_are_valid_urls(PG_FUNCTION_ARGS)
{
	PG_RETURN_BOOL(every_text(PG_GETARG_ARRAYTYPE_P(0), url_is_valid));
}

/* Tell an origin that may be permitted, or the one character that stands for any. */
static bool
is_permission_of_origin(Span text)
{
	return span_is(text, "*") || origin_is_valid(text);
}

/* arsignup.are_valid_origins(origins text[]) returns boolean */
PG_FUNCTION_INFO_V1(arsignup_are_valid_origins);
Datum
arsignup_are_valid_origins(PG_FUNCTION_ARGS)
{
	PG_RETURN_BOOL(every_text(PG_GETARG_ARRAYTYPE_P(0), is_permission_of_origin));
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
	PG_RETURN_BOOL(permissions_found(PG_GETARG_ARRAYTYPE_P(0)) == NULL);
}

/* ---------- triggers ---------- */

/* Return a column of a trigger's row that is not null. */
static Datum
row_column(TriggerData *trigger, HeapTuple row, const char *name)
{
	TupleDesc	description = trigger->tg_relation->rd_att;
	bool		isnull;

	return SPI_getbinval(row, description, SPI_fnumber(description, name), &isnull);
}

/* Tell whether a row of app_routes is there already: so it comes where a dump has both the app and the row. */
static bool
route_exists(TriggerData *trigger)
{
	static Statement find_route = STATEMENT(
		"SELECT FROM arsignup.app_routes"
		" WHERE kind = 'slug' AND name = $3 AND realm_id = $1 AND connected_app_id = $2");
	HeapTuple	row = trigger->tg_trigtuple;
	Parameters	parameters = {0};
	bool		exists;

	spi_open();
	add_uuid(&parameters, DatumGetUUIDP(row_column(trigger, row, "realm_id")));
	add_uuid(&parameters, DatumGetUUIDP(row_column(trigger, row, "connected_app_id")));
	add_text(&parameters, TextDatumGetCString(row_column(trigger, row, "name")));
	exists = statement_run(&find_route, &parameters) > 0;
	spi_close();
	return exists;
}

/* arsignup.guard_slug() returns trigger: keeps slugs as their apps say */
PG_FUNCTION_INFO_V1(arsignup_guard_slug);
Datum
arsignup_guard_slug(PG_FUNCTION_ARGS)
{
	TriggerData *trigger = (TriggerData *) fcinfo->context;

	check_trigger_call(fcinfo);
	if (TRIGGER_FIRED_BY_INSERT(trigger->tg_event) && route_exists(trigger))
		return PointerGetDatum(NULL);
	ereport(ERROR,
			(errcode(ERRCODE_OBJECT_NOT_IN_PREREQUISITE_STATE),
			 errmsg("the row of a slug follows its connected app"),
			 errhint("Change the slug in arsignup.connected_apps; insert rows for hosts only.")));
	return PointerGetDatum(NULL);
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
	Parameters	parameters = {0};
	HeapTuple	row;
	bool		is_update;

	check_trigger_call(fcinfo);
	is_update = TRIGGER_FIRED_BY_UPDATE(trigger->tg_event);
	row = is_update ? trigger->tg_newtuple : trigger->tg_trigtuple;
	spi_open();
	add_uuid(&parameters, DatumGetUUIDP(row_column(trigger, row, "realm_id")));
	add_uuid(&parameters, DatumGetUUIDP(row_column(trigger, row, "id")));
	add_text(&parameters, TextDatumGetCString(row_column(trigger, row, "slug")));
	statement_touch(is_update ? &update_route : &insert_route, &parameters, "app_routes", 1);
	spi_close();
	return PointerGetDatum(NULL);
}
