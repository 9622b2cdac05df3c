/*
 * Connected apps as their hosted pages and their JSON API see them.
 */
#include "realm/hosted.h"

#include "base/kept.h"
#include "base/statement.h"
#include "catalog/pg_type.h"
#include "realm/realm.h"
#include "utils/array.h"
#include "utils/builtins.h"

/* Read an array of texts without nulls from the row that was read. */
static char **
column_texts(int number, int *count)
{
	bool		isnull;
	Datum		value = column(number, &isnull);
	Datum	   *elements;
	bool	   *nulls;
	char	  **texts;

	deconstruct_array(DatumGetArrayTypeP(value), TEXTOID, -1, false, TYPALIGN_INT, &elements, &nulls, count);
	texts = palloc(*count * sizeof(char *));
	for (int i = 0; i < *count; i++)
		texts[i] = TextDatumGetCString(elements[i]);
	return texts;
}

/* Read the rules of the forms from the row that was read. */
static void
fill_rules(FormRules *rules)
{
	rules->usernames_are_emails = column_bool(9);
	rules->name_field = name_rule(column_text(10));
	rules->org_name_field = signup_mode(column_text(11)) == SIGNUP_USER_ORG ?
		field_rule(column_text(12)) : FIELD_HIDDEN;
	rules->password_is_asked_twice = column_bool(13);
	rules->password_min_length = column_int(14);
	rules->password_must_be_strong = column_int(15) > 0;
}

/* Read an app from its rows: the key is host and slug, each with the zero that ends it. */
static bool
read_app(Span key, void *entry)
{
	static Statement select_app = STATEMENT(
		"SELECT a.realm_id, a.id, o.kind = 'host', a.slug, a.name,"
		" coalesce(a.logins_enabled, r.logins_enabled), coalesce(a.signups_enabled, r.signups_enabled),"
		" r.session_minutes, r.username_validation = 'email',"
		" coalesce(a.name_field, r.name_field), coalesce(a.signup_mode, r.signup_mode),"
		" coalesce(a.org_name_field, r.org_name_field), coalesce(a.password_field, r.password_field) = 'twice',"
		" r.password_min_length, r.password_min_score,"
		" a.login_handler, coalesce(a.signup_handler, a.login_handler), a.redirect_uris,"
		" a.header_html, a.footer_html, a.external_css, r.email_verification = 'require',"
		" a.allowed_origins"
		" FROM (SELECT kind, realm_id, connected_app_id FROM arsignup.app_routes"
		"  WHERE kind = 'host' AND name = $1 OR kind = 'slug' AND name = $2 ORDER BY kind LIMIT 1) o"
		" JOIN arsignup.connected_apps a ON a.realm_id = o.realm_id AND a.id = o.connected_app_id"
		" JOIN arsignup.realms r ON r.id = o.realm_id"
		" WHERE a.state = 'active' AND r.state = 'active'");
	HostedApp  *app = entry;
	Parameters	parameters = {0};

	add_text(&parameters, key.data);
	add_text(&parameters, key.data + strlen(key.data) + 1);
	if (statement_read_latest(&select_app, &parameters) == 0)
		return false;
	app->realm_id = *column_uuid(1);
	app->id = *column_uuid(2);
	app->is_by_host = column_bool(3);
	app->slug = column_text(4);
	app->name = column_text(5);
	app->logins_enabled = column_bool(6);
	app->signups_enabled = column_bool(7);
	app->session_minutes = column_int(8);
	fill_rules(&app->rules);
	app->login_handler = column_text(16);
	app->signup_handler = column_text(17);
	app->redirect_uris = column_texts(18, &app->redirect_uri_count);
	app->header_html = column_text(19);
	app->footer_html = column_text(20);
	app->external_css = column_text(21);
	app->emails_must_be_verified = column_bool(22);
	app->allowed_origins = column_texts(23, &app->allowed_origin_count);
	return true;
}

/* Copy a text that may be missing. */
static char *
copy_text(const char *text)
{
	return text != NULL ? pstrdup(text) : NULL;
}

/* Copy an array of texts. */
static char **
copy_texts(char **texts, int count)
{
	char	  **copies = palloc(count * sizeof(char *));

	for (int i = 0; i < count; i++)
		copies[i] = pstrdup(texts[i]);
	return copies;
}

/* Copy what an app points to. */
static void
copy_app(void *entry)
{
	HostedApp  *app = entry;

	app->slug = pstrdup(app->slug);
	app->name = pstrdup(app->name);
	app->login_handler = pstrdup(app->login_handler);
	app->signup_handler = pstrdup(app->signup_handler);
	app->redirect_uris = copy_texts(app->redirect_uris, app->redirect_uri_count);
	app->allowed_origins = copy_texts(app->allowed_origins, app->allowed_origin_count);
	app->header_html = copy_text(app->header_html);
	app->footer_html = copy_text(app->footer_html);
	app->external_css = copy_text(app->external_css);
}

/*
 * Find the app that a host name is for, else the one of a slug; false if
 * there is none, or it or its realm is inactive. Strangers choose these names:
 * what is found is kept, as much of it as has a place.
 */
bool
hosted_app_find(const char *host, const char *slug, HostedApp *app)
{
	static const char *const sources[] = {"app_routes", "connected_apps", "realms", NULL};
	static Kept apps = {.tables = sources, .size = sizeof(HostedApp), .read = read_app, .copy = copy_app};
	size_t		host_size = strlen(host) + 1;
	size_t		slug_size = strlen(slug) + 1;
	char	   *key = palloc(host_size + slug_size);

	memcpy(key, host, host_size);
	memcpy(key + host_size, slug, slug_size);
	return kept_read(&apps, (Span) {key, host_size + slug_size}, app);
}
