/*
 * Auth providers: views of a realm's settings, of which there are two. What
 * passwords must be is always there; login_rocket, which is how pages and JSON
 * API sign up and log in, is listed once it was set to anything.
 */
#include "core/core.h"

#include "catalog/pg_type.h"
#include "core/json.h"
#include "realm/realm.h"
#include "utils/array.h"
#include "utils/builtins.h"

typedef enum ProviderKind
{
	PROVIDER_PASSWORD,
	PROVIDER_LOGIN_ROCKET
} ProviderKind;

#define COMPLEXITIES "ARRAY['none', 'low', 'medium', 'high', 'highest']"

/* $3 is the provider's id, $4 its type. */
static const Setting provider_fields[] = {
	{{"object", FIELD_TEXT, FIELD_READ, "auth_provider"}, .told = "'auth_provider'"},
	{{"id", FIELD_TEXT, FIELD_READ, "ap_..."}, .told = "arsignup.format_id('ap', $3)"},
	{{"realm_id", FIELD_TEXT, FIELD_BOTH, "rl_...; needed only with a key to all realms"}, .told = REALM_ID},
	{{"provider_type", FIELD_TEXT, FIELD_BOTH, "password or login_rocket; fixed"}, .told = "$4"},
	{{"name", FIELD_TEXT, FIELD_READ, "for people"}, .told = "CASE $4 WHEN 'password' THEN 'Password' ELSE 'LoginRocket' END"},
	{{"state", FIELD_TEXT, FIELD_BOTH, "active"}, .told = "'active'"},

	/* password */
	{{"min_length", FIELD_INTEGER, FIELD_BOTH, "of password: fewest characters"}, .column = "password_min_length"},
	{{"min_complexity", FIELD_TEXT, FIELD_BOTH, "none, low, medium, high or highest; of password: 0 to 4 of zxcvbn"},
	.column = "password_min_score", .told = "(" COMPLEXITIES ")[t.password_min_score + 1]",
	.stored = "coalesce(array_position(" COMPLEXITIES ", ?), 0) - 1"},
	{{"required_chars", FIELD_TEXTS, FIELD_BOTH, "of password: none"}, .told = "'[]'::jsonb"},

	/* login_rocket */
	{{"login", FIELD_BOOLEAN, FIELD_BOTH, "of login_rocket: whether people may log in"}, .column = "logins_enabled",
	.is_kept = true},
	{{"signup", FIELD_BOOLEAN, FIELD_BOTH, "of login_rocket: whether people may sign up"}, .column = "signups_enabled",
	.is_kept = true},
	{{"signup_mode", FIELD_TEXT, FIELD_BOTH, "user, user_org or signup_token; of login_rocket: what a signup makes"},
	.column = "signup_mode"},
	{{"name_field", FIELD_TEXT, FIELD_BOTH,
	"required, both, optional or hidden; of login_rocket: whether a signup asks for first and last name; required: one of them"},
	.column = "name_field"},
	{{"org_name_field", FIELD_TEXT, FIELD_BOTH,
	"required, optional or hidden; of login_rocket: whether a signup asks for the name of the org"},
	.column = "org_name_field"},
	{{"password_field", FIELD_TEXT, FIELD_BOTH, "once or twice; of login_rocket: how often a signup asks for the password"},
	.column = "password_field"},
	{{"email_verification", FIELD_TEXT, FIELD_BOTH,
	"none, request or require; of login_rocket: whether a signup asks for the email to be verified; require: nobody logs in before"},
	.column = "email_verification", .is_kept = true},
	{{"verify", FIELD_BOOLEAN, FIELD_READ, "of login_rocket: whether emails are verified at all"},
	.told = "t.email_verification <> 'none'"},
	{{"default_permissions", FIELD_TEXTS, FIELD_BOTH,
	"at most 20, each 1 to 62 of A-Z a-z 0-9 * : ; . _ -; of login_rocket: of the membership that a signup makes"},
	.column = "default_permissions"}
};

/* Where the fields of each kind begin, behind those of both. */
#define PASSWORD_FIELDS 6
#define LOGIN_ROCKET_FIELDS 9

const Resource auth_provider_resource = RESOURCE("auth_provider", provider_fields);

/* The rows are the realm's own. */
static const Rows provider_rows = {.table = "realms", .is_of_all = true};
static const Settings provider_settings = {.resource = &auth_provider_resource, .rows = &provider_rows};

/* ---------- reading ---------- */

/* Return the id of a provider: the realm's, or the next one. */
static pg_uuid_t
provider_id(const CoreCall *call, ProviderKind kind)
{
	pg_uuid_t	id = call->realm_id;

	id.data[UUID_LEN - 1] ^= kind;
	return id;
}

/* Tell whether a field is one of the other kind's. */
static bool
is_of_other(int n, ProviderKind kind)
{
	return kind == PROVIDER_PASSWORD ? n >= LOGIN_ROCKET_FIELDS : n >= PASSWORD_FIELDS && n < LOGIN_ROCKET_FIELDS;
}

/* Return the names of the fields that are of the other kind. */
static ArrayType *
other_fields(ProviderKind kind)
{
	Datum		names[lengthof(provider_fields)];
	int			count = 0;

	for (int i = 0; i < (int) lengthof(provider_fields); i++)
		if (is_of_other(i, kind))
			names[count++] = CStringGetTextDatum(provider_fields[i].field.name);
	return construct_array(names, count, TEXTOID, -1, false, TYPALIGN_INT);
}

/* Return a provider as JSON. */
static const char *
provider_json(const CoreCall *call, ProviderKind kind)
{
	pg_uuid_t	id = provider_id(call, kind);
	Parameters	parameters = {0};

	add_uuid(&parameters, &call->realm_id);
	add_time(&parameters, call->now);
	add_uuid(&parameters, &id);
	add_text(&parameters, kind == PROVIDER_PASSWORD ? "password" : "login_rocket");
	add_pointer(&parameters, TEXTARRAYOID, other_fields(kind));
	if (statement_run_once(psprintf("SELECT %s - $5 FROM arsignup.realms t WHERE t.id = $1",
									settings_json(&auth_provider_resource)), &parameters) == 0)
		raise_not_found("realm");
	return column_text_of(0, 1);
}

/* Tell whether anything of login_rocket was set: is other than in a new realm. */
static bool
login_rocket_is_set(const CoreCall *call)
{
	static Statement compare_realm = STATEMENT(
		"SELECT NOT (logins_enabled AND signups_enabled AND signup_mode = 'user' AND name_field = 'optional'"
		" AND org_name_field = 'optional' AND password_field = 'once' AND email_verification = 'none'"
		" AND default_permissions = '{}') FROM arsignup.realms WHERE id = $1");
	Parameters	parameters = {0};

	add_uuid(&parameters, &call->realm_id);
	return statement_run(&compare_realm, &parameters) > 0 && column_bool(1);
}

/* GET /v1/auth_providers */
void
list_auth_providers(CoreCall *call)
{
	const char *password = provider_json(call, PROVIDER_PASSWORD);

	check_parameters(call);
	if (reply_faults(call))
		return;
	if (login_rocket_is_set(call))
		password = psprintf("%s, %s", password, provider_json(call, PROVIDER_LOGIN_ROCKET));
	reply_json(call, 200, psprintf("{\"more_results\": false, \"collection\": [%s]}", password));
}

/* Find the provider in the path; answer if it is none. */
static bool
find_provider(CoreCall *call, ProviderKind *kind)
{
	pg_uuid_t	id;

	if (id_with_prefix(call->id, "ap", &id))
		for (*kind = PROVIDER_PASSWORD; *kind <= PROVIDER_LOGIN_ROCKET; (*kind)++)
		{
			pg_uuid_t	known = provider_id(call, *kind);

			if (memcmp(&id, &known, UUID_LEN) == 0)
				return true;
		}
	reply_not_found(call);
	return false;
}

/* GET /v1/auth_providers/:id */
void
show_auth_provider(CoreCall *call)
{
	ProviderKind kind;

	if (find_provider(call, &kind))
		reply_json(call, 200, provider_json(call, kind));
}

/* ---------- writing ---------- */

/* Change the settings of a provider, and answer with it. */
static void
change_provider(CoreCall *call, ProviderKind kind, int status)
{
	for (int i = 0; i < (int) lengthof(provider_fields); i++)
		if (is_of_other(i, kind))
			call->refused |= UINT64CONST(1) << i;
	if (is_other_than(call, "state", "active"))
		fault_add(&call->faults, "state", kind == PROVIDER_PASSWORD ?
				  "State must be active: there is no other way to log in than by password." :
				  "State must be active: set login and signup to false instead.");
	if (kind == PROVIDER_PASSWORD && value_count(value_member(call->given, "required_chars")) > 0)
		fault_add(&call->faults, "required_chars", "Required chars are not offered: min_complexity asks for strength.");
	call->row_id = call->realm_id;
	if (settings_update(call, &provider_settings))
		reply_json(call, status, provider_json(call, kind));
}

/* PUT /v1/auth_providers/:id */
void
update_auth_provider(CoreCall *call)
{
	ProviderKind kind;

	if (find_provider(call, &kind))
		change_provider(call, kind, 200);
}

/* Return why no provider of a type is made. */
static const char *
type_refusal(const char *type)
{
	static const char *const social[] = {"facebook", "github", "google", "linkedin", "oauth2", "slack", "yahoo"};

	if (type == NULL)
		return "Provider type can't be blank.";
	if (strcmp(type, "password") == 0)
		return "Provider type password is there already: change that one.";
	if (strcmp(type, "totp") == 0)
		return "Provider type totp is not offered: there is no second factor.";
	for (int i = 0; i < (int) lengthof(social); i++)
		if (strcmp(type, social[i]) == 0)
			return psprintf("Provider type %s is not offered: people log in by password.", type);
	return psprintf("Provider type must be password or login_rocket, not %s.", fault_quote(type));
}

/* POST /v1/auth_providers */
void
create_auth_provider(CoreCall *call)
{
	const char *type = given_text(call, "provider_type");

	if (type != NULL && strcmp(type, "login_rocket") == 0)
	{
		change_provider(call, PROVIDER_LOGIN_ROCKET, 201);
		return;
	}
	note_fault(call, "provider_type", type_refusal(type));
	(void) reply_faults(call);
}

/* DELETE /v1/auth_providers/:id */
void
delete_auth_provider(CoreCall *call)
{
	ProviderKind kind;

	if (find_provider(call, &kind))
		reply_fault(call, 422, "base", kind == PROVIDER_PASSWORD ?
					"It can't be deleted: there is no other way to log in than by password." :
					"It can't be deleted: set login and signup to false instead.");
}
