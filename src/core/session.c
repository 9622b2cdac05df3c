/*
 * Sessions.
 */
#include "core/core.h"

#include "catalog/pg_type.h"
#include "core/json.h"
#include "utils/builtins.h"

static const Field session_fields[] = {
	{"object", FIELD_TEXT, FIELD_READ, "session"},
	{"id", FIELD_TEXT, FIELD_READ, "kss_..., or ksu_... where it is not managed, hence not stored"},
	{"realm_id", FIELD_TEXT, FIELD_BOTH, "rl_...; needed only with a key to all realms"},
	{"user_id", FIELD_TEXT, FIELD_BOTH, "whose session it is; to create, the username will do"},
	{"ip", FIELD_TEXT, FIELD_WRITE, "address of the person"},
	{"client", FIELD_TEXT, FIELD_WRITE, "what the person's client calls itself"},
	{"created_at", FIELD_TIME, FIELD_READ, "seconds since 1970"},
	{"expires_at", FIELD_TIME, FIELD_READ, "seconds since 1970"},
	{"request", FIELD_OBJECT, FIELD_READ, "ip and client"},
	{"token", FIELD_TEXT, FIELD_READ, "the login token, when it is made, and when it was asked by"},
	{"user", FIELD_OBJECT, FIELD_READ, "whose session it is; not in lists"}
};

const Resource session_resource = RESOURCE("session", session_fields);

#define SESSION_JSON \
	"jsonb_build_object('object', 'session', 'id', arsignup.format_id('kss', t.id)," \
	" 'realm_id', " REALM_ID ", 'user_id', arsignup.format_id('usr', t.user_id)," \
	" 'created_at', " SECONDS("t.created_at") ", 'expires_at', " WHOLE_SECONDS("t.expires_at") "," \
	" 'request', jsonb_build_object('ip', host(t.ip), 'client', t.client))"

#define WITH_WHOLE_USER(u) \
	" || jsonb_build_object('user', (SELECT " u " FROM arsignup.users u" \
	"  WHERE u.realm_id = t.realm_id AND u.id = t.user_id))"

/* Return what is told of a session. */
static const char *
session_json(const CoreCall *call)
{
	if (call->route->answer == list_rows)
		return SESSION_JSON;
	return expands(call, "memberships") ? SESSION_JSON WITH_WHOLE_USER(USER_JSON("u") WITH_MEMBERSHIPS("u")) :
		SESSION_JSON WITH_WHOLE_USER(USER_JSON("u"));
}

const Rows	session_rows = {
	.table = "sessions",
	.prefix = "kss",
	.json = session_json,
	.parts = "memberships",
	/* Not to be read by the index of all realms' expiries: that has not the order of a page. */
	.condition = "t.ended_at IS NULL AND coalesce(t.expires_at, t.expires_at) > $2"
	" AND t.token_generation = (SELECT u.token_generation FROM arsignup.users u"
	"  WHERE u.realm_id = t.realm_id AND u.id = t.user_id AND u.state = 'active')",
	.sorts = {{"id", NULL}, {"created_at", NULL}},
	.filters = {{"user_id", "usr", "t.user_id = ?", "user_id"}}
};

/* ---------- reading ---------- */

/* Read the session out of a login token; the call keeps the token if it holds, and its session is stored. */
static void
find_by_token(CoreCall *call)
{
	static Statement call_verify = STATEMENT(
		"SELECT arsignup.verify_login_token($1, $2) ->> 'tk'");
	Parameters	parameters = {0};
	const char *id;

	add_secret(&parameters, call->scope, call->id);
	add_uuid(&parameters, &call->realm_id);
	if (statement_run(&call_verify, &parameters) == 0 || column_is_null(1))
		return;
	id = column_text(1);
	if (id_with_prefix((Span) {id, strlen(id)}, "kss", &call->row_id))
		call->token = call->id.data;
}

/* Find the session in the path, by its id or its token; answer if it is none. */
static bool
find_session(CoreCall *call)
{
	if (memchr(call->id.data, '.', call->id.size) == NULL)
		return find_row(call, &call->row_id);
	if (!core_try(call, find_by_token))
		return false;
	if (call->token == NULL)
		reply_not_found(call);
	return call->token != NULL;
}

/* Return a session as JSON, NULL if it is not going on. */
static const char *
session_with_token(CoreCall *call)
{
	const char *json = read_row(call, &session_rows, &call->row_id);

	return json && call->token ? with_member(json, "token", call->token) : json;
}

/* GET /v1/sessions/:id */
void
show_session(CoreCall *call)
{
	const char *json = find_session(call) ? session_with_token(call) : NULL;

	if (json != NULL)
		reply_json(call, 200, json);
	else if (call->response->body.size == 0)
		reply_not_found(call);
}

/* ---------- starting and ending ---------- */

/* Start a session. */
static void
start_session(CoreCall *call)
{
	static Statement call_create_session = STATEMENT(
		"SELECT s.session_id, s.token, s.expires_at FROM arsignup.create_session($1, $2, NULL, $3, $4) s");
	Parameters	parameters = {0};

	add_uuid(&parameters, &call->realm_id);
	add_uuid(&parameters, &call->user_id);
	add_pointer(&parameters, INETOID, call->ip);
	add_text(&parameters, call->client);
	(void) statement_run(&call_create_session, &parameters);
}

/* Answer with a session that is not stored: its token is all there is. */
static void
reply_unmanaged(CoreCall *call, const char *token)
{
	static Statement select_session = STATEMENT(
		"SELECT jsonb_build_object('object', 'session', 'id', c ->> 'tk', 'realm_id', c ->> 'aud',"
		" 'user_id', c ->> 'uid', 'created_at', c -> 'iat', 'expires_at', c -> 'exp',"
		" 'request', jsonb_build_object('ip', host($4::inet), 'client', $5),"
		" 'user', (SELECT " USER_JSON("u") " FROM arsignup.users u WHERE u.realm_id = $1 AND u.id = $3))"
		" FROM arsignup.verify_login_token($6, $1) c");
	Parameters	parameters = {0};

	add_uuid(&parameters, &call->realm_id);
	add_time(&parameters, call->now);
	add_uuid(&parameters, &call->user_id);
	add_pointer(&parameters, INETOID, call->ip);
	add_text(&parameters, call->client);
	add_secret(&parameters, call->scope, (Span) {token, strlen(token)});
	(void) statement_run(&select_session, &parameters);
	reply_json(call, 201, with_member(column_text_of(0, 1), "token", token));
}

/* Answer with the session that was started. The application's triggers may have ended it at once. */
static void
reply_started(CoreCall *call)
{
	const char *json = session_with_token(call);

	if (json != NULL)
		reply_json(call, 201, json);
	else
		reply_fault(call, 422, "base", "The session was ended at once, by a rule of the application's.");
}

/* POST /v1/sessions */
void
create_session(CoreCall *call)
{
	read_source(call);
	check_user(call);
	if (reply_faults(call) || !core_try(call, start_session))
		return;
	call->token = column_text(2);
	call->response->token = call->token;
	if (column_is_null(1))
	{
		reply_unmanaged(call, call->token);
		return;
	}
	call->row_id = *column_uuid(1);
	reply_started(call);
}

/* End the session. */
static void
end_session(CoreCall *call)
{
	static Statement call_end_session = STATEMENT("SELECT arsignup.end_session($1, $2)");
	Parameters	parameters = {0};

	add_uuid(&parameters, &call->realm_id);
	add_uuid(&parameters, &call->row_id);
	(void) statement_run(&call_end_session, &parameters);
}

/* DELETE /v1/sessions/:id */
void
delete_session(CoreCall *call)
{
	if (find_session(call) && core_try(call, end_session))
		reply_removed(call);
}
