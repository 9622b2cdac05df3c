/*
 * Realms and connected apps, as signups and accounts see them.
 *
 * These rows are read, never locked: a lock would be one that all signups of
 * an app share. A setting that changes meanwhile holds from the next call on.
 */
#include "account/realm.h"

#include "base/statement.h"
#include "utils/timestamp.h"

#define REALM_COLUMNS \
	"r.id, r.state = 'active', r.username_validation = 'email', r.require_unique_emails," \
	" r.password_min_length"

static Statement select_realm = STATEMENT(
	"SELECT " REALM_COLUMNS " FROM arsignup.realms r WHERE r.id = $1");

static Statement select_app = STATEMENT(
	"SELECT " REALM_COLUMNS ", a.id, a.state = 'active',"
	" coalesce(a.signups_enabled, r.signups_enabled),"
	" coalesce(a.name_field, r.name_field) = 'required',"
	" coalesce(a.password_field, r.password_field) = 'twice',"
	" coalesce(a.default_permissions, r.default_permissions), r.signup_token_ttl"
	" FROM arsignup.connected_apps a JOIN arsignup.realms r ON r.id = a.realm_id"
	" WHERE a.id = $1");

/* Report an id that leads nowhere. */
static void
raise_not_found(const char *what)
{
	ereport(ERROR,
			(errcode(ERRCODE_ARSIGNUP_NOT_FOUND),
			 errmsg("no such %s", what)));
}

/* Report something that an administrator has switched off. */
static void
raise_inactive(const char *what)
{
	ereport(ERROR,
			(errcode(ERRCODE_ARSIGNUP_SWITCHED_OFF),
			 errmsg("%s is inactive", what)));
}

/* Fill in a realm from REALM_COLUMNS of the row that was read. */
static void
fill_realm(Realm *realm)
{
	bool		isnull;

	realm->id = *column_uuid(1);
	realm->active = column_bool(2);
	realm->usernames_are_emails = column_bool(3);
	realm->emails_are_unique = column_bool(4);
	realm->password_min_length = DatumGetInt32(column(5, &isnull));
}

/* Read a realm, or raise SU010. */
void
realm_read(const pg_uuid_t *id, Realm *realm)
{
	Parameters	parameters = {0};

	add_uuid(&parameters, id);
	if (statement_run(&select_realm, &parameters) == 0)
		raise_not_found("realm");
	fill_realm(realm);
}

/* Read a realm, or raise SU010 or SU006. */
void
realm_read_active(const pg_uuid_t *id, Realm *realm)
{
	realm_read(id, realm);
	if (!realm->active)
		raise_inactive("realm");
}

/* Read a connected app with its realm, or raise SU010 or SU006. */
void
app_read_active(const pg_uuid_t *id, App *app)
{
	Parameters	parameters = {0};
	bool		isnull;

	add_uuid(&parameters, id);
	if (statement_run(&select_app, &parameters) == 0)
		raise_not_found("connected app");
	fill_realm(&app->realm);
	app->id = *column_uuid(6);
	app->active = column_bool(7);
	app->signups_enabled = column_bool(8);
	app->names_are_required = column_bool(9);
	app->password_is_asked_twice = column_bool(10);
	app->default_permissions = DatumGetArrayTypeP(column(11, &isnull));
	app->signup_token_ttl = *DatumGetIntervalP(column(12, &isnull));
	if (!app->realm.active)
		raise_inactive("realm");
	if (!app->active)
		raise_inactive("connected app");
}
