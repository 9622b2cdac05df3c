/*
 * Connected apps, which AuthRocket 1 calls login policies.
 */
#include "core/core.h"

#include <sodium.h>

#include "core/json.h"

/* Longest part of a name that its slug begins with; and how many letters and digits follow, so that it is nobody else's. */
#define MADE_SLUG_WORDS 50
#define MADE_SLUG_TAIL 6

/* The hosts of an app, in the order of their names. */
#define HOSTS_OF(told) \
	"(SELECT " told " FROM arsignup.app_routes r" \
	" WHERE r.realm_id = t.realm_id AND r.connected_app_id = t.id AND r.kind = 'host')"
#define HOSTS HOSTS_OF("coalesce(jsonb_agg(r.name ORDER BY r.name), '[]')")

#define AS_REALM "; null: as the realm says"

static const Setting login_policy_fields[] = {
	{{"object", FIELD_TEXT, FIELD_READ, "login_policy"}, .told = "'login_policy'"},
	{{"id", FIELD_TEXT, FIELD_READ, "lpl_..."}, .told = "arsignup.format_id('lpl', t.id)"},
	{{"realm_id", FIELD_TEXT, FIELD_BOTH, "rl_...; needed only with a key to all realms"}, .told = REALM_ID},
	{{"name", FIELD_TEXT, FIELD_BOTH, "for people: pages show it"}, .column = "name", .stand_in = "'app'"},
	{{"state", FIELD_TEXT, FIELD_BOTH, "active or inactive; inactive: nobody signs up or logs in through it"},
	.column = "state", .is_kept = true},
	{{"subdomain", FIELD_TEXT, FIELD_BOTH,
	"first segment of its pages' path; unique in the database; made of the name if none is given"},
	.column = "slug", .initial = "$3", .stand_in = "$3"},
	{{"base_domain", FIELD_TEXT, FIELD_READ, "null: the host that leads to all apps is nginx's"}, .told = "NULL"},
	{{"custom_domains", FIELD_TEXTS, FIELD_BOTH, "host names that lead to this app; replaced as a whole"}, .told = HOSTS},
	{{"domains", FIELD_TEXTS, FIELD_READ, "the same"}, .told = HOSTS},
	{{"primary_domain", FIELD_TEXT, FIELD_BOTH, "the first of them; one that is given must be among them"},
	.told = HOSTS_OF("min(r.name)")},
	{{"login_handler", FIELD_TEXT, FIELD_BOTH, "the app's URL that receives login tokens; https, or http on a loopback host"},
	.column = "login_handler", .stand_in = "'https://localhost/'"},
	{{"signup_handler", FIELD_TEXT, FIELD_BOTH, "the app's URL that receives signup tokens; null: the login handler"},
	.column = "signup_handler"},
	{{"redirect_uris", FIELD_TEXTS, FIELD_BOTH, "URLs below which a redirect_uri may lie"}, .column = "redirect_uris"},
	{{"allowed_origins", FIELD_TEXTS, FIELD_BOTH,
	"origins whose pages may call the JSON API; empty: those of the URLs above, and of the hosted pages"},
	.column = "allowed_origins"},
	{{"header", FIELD_TEXT, FIELD_BOTH, "HTML above the forms; not escaped"}, .column = "header_html"},
	{{"footer", FIELD_TEXT, FIELD_BOTH, "HTML below the forms; not escaped"}, .column = "footer_html"},
	{{"external_css", FIELD_TEXT, FIELD_BOTH, "URL of a stylesheet for the pages"}, .column = "external_css"},
	{{"signup_mode", FIELD_TEXT, FIELD_BOTH, "user, user_org or signup_token" AS_REALM}, .column = "signup_mode"},
	{{"name_field", FIELD_TEXT, FIELD_BOTH, "required, both, optional or hidden" AS_REALM}, .column = "name_field"},
	{{"org_name_field", FIELD_TEXT, FIELD_BOTH, "required, optional or hidden" AS_REALM}, .column = "org_name_field"},
	{{"password_field", FIELD_TEXT, FIELD_BOTH, "once or twice" AS_REALM}, .column = "password_field"},
	{{"default_permissions", FIELD_TEXTS, FIELD_BOTH, "of the membership that a signup makes" AS_REALM},
	.column = "default_permissions"},
	{{"logins_enabled", FIELD_BOOLEAN, FIELD_BOTH, "whether people may log in" AS_REALM}, .column = "logins_enabled"},
	{{"signups_enabled", FIELD_BOOLEAN, FIELD_BOTH, "whether people may sign up" AS_REALM}, .column = "signups_enabled"},
	{{"created_at", FIELD_TIME, FIELD_READ, "seconds since 1970"}, .told = SECONDS("t.created_at")}
};

const Resource login_policy_resource = RESOURCE("login_policy", login_policy_fields);

/* Return what is told of an app. */
static const char *
login_policy_json(const CoreCall *call)
{
	return settings_json(&login_policy_resource);
}

const Rows	login_policy_rows = {
	.table = "connected_apps",
	.prefix = "lpl",
	.json = login_policy_json,
	.sorts = {{"id", NULL}, {"created_at", NULL}}
};

/* ---------- hosts ---------- */

/* Add the app, and the hosts that it is given. */
static void
add_hosts(Parameters *parameters, CoreCall *call)
{
	add_uuid(parameters, &call->realm_id);
	add_uuid(parameters, &call->row_id);
	add_given_texts(parameters, call, "custom_domains");
}

/* Note hosts that the app did not get: they are none, or lead to another app, of which nothing is said. */
static void
check_hosts(CoreCall *call)
{
	static Statement select_missing = STATEMENT(
		"SELECT DISTINCT h, arsignup.are_valid_hosts(ARRAY[lower(h)]) FROM unnest($3) AS g (h) WHERE NOT EXISTS"
		" (SELECT FROM arsignup.app_routes r WHERE r.kind = 'host' AND r.name = lower(h)"
		"  AND r.realm_id = $1 AND r.connected_app_id = $2) ORDER BY h");
	Parameters	parameters = {0};
	uint64		rows;

	add_hosts(&parameters, call);
	rows = statement_run(&select_missing, &parameters);
	for (uint64 row = 0; row < rows; row++)
		fault_add(&call->faults, "custom_domains",
				  strcmp(column_text_of(row, 2), "t") == 0 ? psprintf("Domain %s is already taken.",
																	  fault_quote(column_text_of(row, 1)))
				  : psprintf("Domain %s is not a host name.", fault_quote(column_text_of(row, 1))));
}

/* Give the app these hosts, and no others. */
static void
write_hosts(CoreCall *call)
{
	static Statement delete_others = STATEMENT(
		"DELETE FROM arsignup.app_routes WHERE realm_id = $1 AND connected_app_id = $2 AND kind = 'host'"
		" AND name <> ALL (SELECT lower(h) FROM unnest($3) AS g (h))");
	static Statement insert_hosts = STATEMENT(
		"INSERT INTO arsignup.app_routes (realm_id, connected_app_id, kind, name)"
		" SELECT $1, $2, 'host', h FROM (SELECT DISTINCT lower(h) FROM unnest($3) AS g (h)) AS g (h)"
		" WHERE arsignup.are_valid_hosts(ARRAY[h]) ORDER BY h ON CONFLICT (kind, name) DO NOTHING");
	Parameters	parameters = {0};

	add_hosts(&parameters, call);
	(void) statement_run(&delete_others, &parameters);
	(void) statement_run(&insert_hosts, &parameters);
	check_hosts(call);
}

/* Note a primary domain that is not the app's. */
static void
check_primary_domain(CoreCall *call, const char *domain)
{
	static Statement select_host = STATEMENT(
		"SELECT FROM arsignup.app_routes"
		" WHERE realm_id = $1 AND connected_app_id = $2 AND kind = 'host' AND name = lower($3)");
	Parameters	parameters = {0};

	add_uuid(&parameters, &call->realm_id);
	add_uuid(&parameters, &call->row_id);
	add_text(&parameters, domain);
	if (statement_run(&select_host, &parameters) == 0)
		fault_add(&call->faults, "primary_domain", "Primary domain must be one of the custom domains.");
}

/* Write what of an app is in app_routes. */
static void
write_routes(CoreCall *call)
{
	const char *primary_domain = given_text(call, "primary_domain");

	if (is_given(call, "custom_domains"))
		write_hosts(call);
	if (primary_domain != NULL)
		check_primary_domain(call, primary_domain);
}

static const Settings login_policy_settings = {
	.resource = &login_policy_resource, .rows = &login_policy_rows,
	.unique = "slugs_and_hosts_are_unique", .unique_field = "subdomain", .write_more = write_routes
};

/* ---------- calls ---------- */

/*
 * Return a slug made of a name: its letters and digits, and some that are made
 * up, without vowels, so that it is no word, least of all one that leads to a
 * page.
 */
static const char *
make_slug(const char *name)
{
	static const char tail[] = "bcdfghjklmnpqrstvwxz23456789";
	StringInfoData slug;

	initStringInfo(&slug);
	for (const char *c = name ? name : ""; *c != '\0' && slug.len < MADE_SLUG_WORDS; c++)
	{
		char		lower = pg_ascii_tolower((unsigned char) *c);

		if ((lower >= 'a' && lower <= 'z') || (lower >= '0' && lower <= '9'))
			appendStringInfoChar(&slug, lower);
		else if (slug.len > 0 && slug.data[slug.len - 1] != '-')
			appendStringInfoChar(&slug, '-');
	}
	if (slug.len > 0 && slug.data[slug.len - 1] != '-')
		appendStringInfoChar(&slug, '-');
	for (int i = 0; i < MADE_SLUG_TAIL; i++)
		appendStringInfoChar(&slug, tail[randombytes_uniform(lengthof(tail) - 1)]);
	return slug.data;
}

/* POST /v1/login_policies */
void
create_login_policy(CoreCall *call)
{
	call->made_name = make_slug(given_text(call, "name"));
	if (settings_create(call, &login_policy_settings))
		reply_row(call, 201, &login_policy_rows, &call->row_id);
}

/* PUT /v1/login_policies/:id */
void
update_login_policy(CoreCall *call)
{
	if (find_row(call, &call->row_id) && settings_update(call, &login_policy_settings))
		reply_row(call, 200, &login_policy_rows, &call->row_id);
}

/* DELETE /v1/login_policies/:id */
void
delete_login_policy(CoreCall *call)
{
	if (find_row(call, &call->row_id) && settings_delete(call, &login_policy_settings))
		reply_empty(call);
}
