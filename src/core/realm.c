/*
 * Realms, for administrators.
 */
#include "core/core.h"

#include "account/user.h"
#include "core/json.h"

static const Setting realm_fields[] = {
	{{"object", FIELD_TEXT, FIELD_READ, "realm"}, .told = "'realm'"},
	{{"id", FIELD_TEXT, FIELD_READ, "rl_..."}, .told = "arsignup.format_id('rl', t.id)"},
	{{"name", FIELD_TEXT, FIELD_BOTH, "for people; not unique"}, .column = "name", .stand_in = "'realm'"},
	{{"state", FIELD_TEXT, FIELD_BOTH, "active or inactive; inactive: nobody signs up or logs in, nothing is created"},
	.column = "state", .is_kept = true},
	{{"reference", FIELD_TEXT, FIELD_BOTH, "the application's own id"}, .column = "reference"},
	{{"custom", FIELD_OBJECT, FIELD_BOTH, "attributes of the application; replaced as a whole"}, .column = "custom"},
	{{"username_validation_human", FIELD_TEXT, FIELD_BOTH,
	"standard or email; email: the email is the username; standard if none is named; fixed once there are users or orgs"},
	.column = "username_validation", .initial = "'standard'"},
	{{"require_unique_emails", FIELD_BOOLEAN, FIELD_BOTH,
	"whether two users may not share an email; once there are users or orgs it can only be switched off"},
	.column = "require_unique_emails"},
	{{"api_key_policy", FIELD_TEXT, FIELD_BOTH, "hash"}, .told = "'hash'"},
	{{"api_key_prefix", FIELD_TEXT, FIELD_BOTH, "ku_"}, .told = "'ku_'"},
	{{"api_key_minutes", FIELD_INTEGER, FIELD_BOTH, "0"}, .told = "0"},
	{{"jwt_algo", FIELD_TEXT, FIELD_BOTH, "hs256, rs256 or eddsa; how login tokens are signed"}, .column = "jwt_alg",
	.told = "lower(t.jwt_alg)", .stored = "CASE lower(?) WHEN 'eddsa' THEN 'EdDSA' ELSE upper(?) END"},
	{{"jwt_fields", FIELD_TEXTS, FIELD_BOTH, "any of custom, memberships and orgs; what login tokens tell beside the user"},
	.column = "jwt_fields"},
	{{"jwt_key", FIELD_TEXT, FIELD_READ,
	"what login tokens are verified with: the secret of hs256, else the public key as PEM; null if the server cannot open it; not in lists"}, .told = NULL},
	{{"jwt_secret", FIELD_TEXT, FIELD_READ, "jwt_key under its old name"}, .told = NULL},
	{{"session_type", FIELD_TEXT, FIELD_BOTH, "managed or unmanaged; unmanaged: the login token is all there is"},
	.column = "session_type"},
	{{"session_minutes", FIELD_INTEGER, FIELD_BOTH, "how many minutes a session lasts"}, .column = "session_minutes"},
	{{"sso", FIELD_TEXT, FIELD_BOTH,
	"basic or seamless; seamless: a hosted page that remembers the session forwards at once"}, .column = "sso"},
	{{"signup_token_ttl", FIELD_NUMBER, FIELD_BOTH, "for how many seconds a signup token can be redeemed"},
	.column = "signup_token_ttl", .told = WHOLE_SECONDS("t.signup_token_ttl"), .stored = "make_interval(secs => ?)"},
	{{"longest_hold", FIELD_NUMBER, FIELD_BOTH, "for how many seconds from now names may be held"},
	.column = "longest_hold", .told = WHOLE_SECONDS("t.longest_hold"), .stored = "make_interval(secs => ?)"},
	{{"event_retention", FIELD_NUMBER, FIELD_BOTH, "for how many seconds events are kept; null: for ever"},
	.column = "event_retention", .told = WHOLE_SECONDS("t.event_retention"), .stored = "make_interval(secs => ?)"},
	{{"resource_links", FIELD_OBJECTS, FIELD_BOTH, "none"}, .told = "'[]'::jsonb"},
	{{"created_at", FIELD_TIME, FIELD_READ, "seconds since 1970"}, .told = SECONDS("t.created_at")}
};

const Resource realm_resource = RESOURCE("realm", realm_fields);

/* Return what is told of a realm. */
static const char *
realm_json(const CoreCall *call)
{
	return settings_json(&realm_resource);
}

const Rows	realm_rows = {
	.table = "realms",
	.prefix = "rl",
	.json = realm_json,
	.is_of_all = true,
	.sorts = {{"id", NULL}, {"created_at", NULL}, {"name", "name COLLATE \"C\""}},
	.filters = {{"reference", NULL, "t.reference COLLATE \"C\" = ?", "reference COLLATE \"C\"", normalize_line}}
};

static const Settings realm_settings = {.resource = &realm_resource, .rows = &realm_rows};

/* ---------- reading ---------- */

/* Find out what the realm's login tokens are verified with. */
static void
reveal_key(CoreCall *call)
{
	static Statement call_reveal = STATEMENT("SELECT arsignup.reveal_jwt_key($1)");
	Parameters	parameters = {0};

	add_uuid(&parameters, &call->row_id);
	(void) statement_run(&call_reveal, &parameters);
	call->token = column_text(1);
}

/* Answer with the call's realm. A key that cannot be opened keeps nobody from reading the settings. */
static void
reply_realm(CoreCall *call, int status)
{
	const char *json = read_row(call, &realm_rows, &call->row_id);
	Outcome		outcome;

	if (json == NULL)
	{
		reply_not_found(call);
		return;
	}
	core_attempt(call, reveal_key, &outcome);
	json = with_member(json, "jwt_key", call->token);
	reply_json(call, status, with_member(json, "jwt_secret", call->token));
}

/* GET /v1/realms/:id */
void
show_realm(CoreCall *call)
{
	call->row_id = call->realm_id;
	reply_realm(call, 200);
}

/* ---------- writing ---------- */

/* Note what is asked for that realms have not. */
static void
check_offered(CoreCall *call)
{
	if (is_other_than(call, "api_key_policy", "hash"))
		fault_add(&call->faults, "api_key_policy", "Api key policy must be hash: keys of users are stored as digests only.");
	if (is_other_than(call, "api_key_prefix", "ku_"))
		fault_add(&call->faults, "api_key_prefix", "Api key prefix must be ku_.");
	if (is_other_than(call, "api_key_minutes", "0"))
		fault_add(&call->faults, "api_key_minutes", "Api key minutes must be 0: keys of users start no session.");
	if (value_count(value_member(call->given, "resource_links")) > 0)
		fault_add(&call->faults, "resource_links", "Resource links are not offered: the templates of mails are files of arsignup-mail.");
}

/* POST /v1/realms */
void
create_realm(CoreCall *call)
{
	check_offered(call);
	if (settings_create(call, &realm_settings))
		reply_realm(call, 201);
}

/* PUT /v1/realms/:id */
void
update_realm(CoreCall *call)
{
	call->row_id = call->realm_id;
	check_offered(call);
	if (settings_update(call, &realm_settings))
		reply_realm(call, 200);
}

/* ---------- deleting and emptying ---------- */

/* Delete the realm, as an administrator does by SQL. */
static void
remove_realm(CoreCall *call)
{
	static Statement inactivate_realm = STATEMENT(
		"UPDATE arsignup.realms SET state = 'inactive' WHERE id = $1 AND state <> 'inactive'");
	static Statement call_delete_realm = STATEMENT("SELECT arsignup.delete_realm($1)");
	int			nest_level = lock_timeout_begin();
	Parameters	parameters = {0};

	add_uuid(&parameters, &call->realm_id);
	(void) statement_run(&inactivate_realm, &parameters);
	lock_timeout_end(nest_level);
	(void) statement_run(&call_delete_realm, &parameters);
}

/* DELETE /v1/realms/:id; one that somebody has deleted already is gone as well. */
void
delete_realm(CoreCall *call)
{
	if (core_try(call, remove_realm))
		reply_empty(call);
}

/* Rows that a reset deletes within a call. */
#define RESET_ROWS 10000

/* Empty the realm, if that can be done in one go. */
static void
empty_realm(CoreCall *call)
{
	static Statement call_reset_realm = STATEMENT("SELECT arsignup.reset_realm($1, $2)");
	Parameters	parameters = {0};

	add_uuid(&parameters, &call->realm_id);
	add_int4(&parameters, RESET_ROWS);
	(void) statement_run(&call_reset_realm, &parameters);
	if (column_int8(1) >= RESET_ROWS)
		ereport(ERROR,
				(errcode(ERRCODE_CONFIGURATION_LIMIT_EXCEEDED),
				 errmsg("realm has too many rows")));
}

/* Judge an error of a reset: that there is too much to delete is an answer. */
static Verdict
judge_reset(int sqlstate)
{
	return sqlstate == ERRCODE_CONFIGURATION_LIMIT_EXCEEDED ? VERDICT_ANSWER : core_judge(sqlstate);
}

/* POST /v1/realms/:id/reset */
void
reset_realm(CoreCall *call)
{
	Outcome		outcome;

	core_attempt_judged(call, empty_realm, judge_reset, &outcome);
	if (outcome.sqlstate == 0)
		show_realm(call);
	else if (outcome.sqlstate == ERRCODE_CONFIGURATION_LIMIT_EXCEEDED)
		reply_fault(call, 409, "base", "There is too much in this realm for one call, nothing was done."
					" Call arsignup.reset_realm in SQL, again and again until it returns 0.");
	else
		reply_outcome(call, &outcome);
}
