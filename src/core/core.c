/*
 * The Core API: one call, from the path to the handler.
 */
#include "core/core.h"

#include "access/xact.h"
#include "http/urlencoded.h"
#include "realm/realm.h"
#include "utils/builtins.h"

/* ---------- routes ---------- */

#define READS .permission = KEY_READ, .status = 200
#define WRITES .permission = KEY_WRITE, .status = 200
#define MAKES .permission = KEY_WRITE, .status = 201
#define REMOVES .permission = KEY_WRITE, .status = 204

#define ADMINISTERS .permission = KEY_ADMIN, .status = 200
#define FOUNDS .permission = KEY_ADMIN, .status = 201
#define ABOLISHES .permission = KEY_ADMIN, .status = 204

#define REALM .gives = &realm_resource, .rows = &realm_rows
#define PROVIDER .gives = &auth_provider_resource
#define JWT_KEY .gives = &jwt_key_resource
/* What AuthRocket 1 has and we have not. */
#define READS_NOT .answer = reply_not_offered, .permission = KEY_READ, .status = 404
#define WRITES_NOT .answer = reply_not_offered, .permission = KEY_WRITE, .status = 422
#define NO_SECOND_FACTOR "Not offered here: there is no second factor, so no login asks for a code"
#define NO_SOCIAL_LOGIN "Not offered here: nobody logs in by another service, but by a password, as docs/authrocket1.md says"
#define NO_NOTIFICATIONS "Not offered here: what was mailed or posted is not kept; GET /v1/events has what happened"

#define LOGIN_POLICY .gives = &login_policy_resource, .rows = &login_policy_rows
#define APP_HOOK .gives = &app_hook_resource, .rows = &app_hook_rows
#define USER .gives = &user_resource, .rows = &user_rows
#define CREDENTIAL .gives = &credential_resource
#define ORG .gives = &org_resource, .rows = &org_rows
#define MEMBERSHIP .gives = &membership_resource, .rows = &membership_rows
#define SESSION .gives = &session_resource, .rows = &session_rows
#define EVENT .gives = &event_resource, .rows = &event_rows
#define TOKEN .gives = &user_token_resource
#define TAKES(resource) .takes = &resource##_resource

/* Path, method and handler of each call, what key it asks for, and what it is for. */
const CoreRoute core_routes[] = {
	{"GET", "/v1/openapi.json", .answer = show_description, .status = 200, .summary = "This description"},

	{"GET", "/v1/realms", .answer = list_rows, ADMINISTERS, .realm = REALMS_ALL, REALM, .summary = "List realms"},
	{"POST", "/v1/realms", .answer = create_realm, FOUNDS, .realm = REALMS_ALL, TAKES(realm), REALM,
	.summary = "Create a realm"},
	{"GET", "/v1/realms/:id", .answer = show_realm, ADMINISTERS, .realm = REALM_IN_PATH, REALM, .summary = "Get a realm"},
	{"PUT", "/v1/realms/:id", .answer = update_realm, ADMINISTERS, .realm = REALM_IN_PATH, TAKES(realm), REALM,
	.summary = "Change a realm"},
	{"DELETE", "/v1/realms/:id", .answer = delete_realm, ABOLISHES, .realm = REALM_IN_PATH | REALMS_ALL, .rows = &realm_rows,
	.summary = "Delete a realm with everything in it"},
	{"POST", "/v1/realms/:id/reset", .answer = reset_realm, ADMINISTERS, .realm = REALM_IN_PATH | REALMS_ALL, REALM,
	.summary = "Empty a realm of its users, orgs and all that hangs on them"},

	{"GET", "/v1/auth_providers", .answer = list_auth_providers, ADMINISTERS, PROVIDER,
	.summary = "List the password provider, and login_rocket once it was set to anything"},
	{"POST", "/v1/auth_providers", .answer = create_auth_provider, FOUNDS, TAKES(auth_provider), PROVIDER,
	.summary = "Set login_rocket; no other provider is made"},
	{"GET", "/v1/auth_providers/authorize", READS_NOT, .summary = NO_SOCIAL_LOGIN},
	{"POST", "/v1/auth_providers/authorize", WRITES_NOT, .summary = NO_SOCIAL_LOGIN},
	{"GET", "/v1/auth_providers/:id/authorize", READS_NOT, .summary = NO_SOCIAL_LOGIN},
	{"POST", "/v1/auth_providers/:id/authorize", WRITES_NOT, .summary = NO_SOCIAL_LOGIN},
	{"GET", "/v1/auth_providers/:id", .answer = show_auth_provider, ADMINISTERS, PROVIDER, .summary = "Get a provider"},
	{"PUT", "/v1/auth_providers/:id", .answer = update_auth_provider, ADMINISTERS, TAKES(auth_provider), PROVIDER,
	.summary = "Change a provider"},
	{"DELETE", "/v1/auth_providers/:id", .answer = delete_auth_provider, .permission = KEY_ADMIN, .status = 422, .summary = "Not offered: none can go"},

	{"GET", "/v1/jwt_keys", .answer = list_jwt_keys, ADMINISTERS, JWT_KEY, .summary = "List keys that sign login tokens, or did"},
	{"POST", "/v1/jwt_keys", .answer = create_jwt_key, FOUNDS, TAKES(jwt_key), JWT_KEY,
	.summary = "Make a key that signs from now on, and retire the one before"},
	{"GET", "/v1/jwt_keys/:id", .answer = show_jwt_key, ADMINISTERS, JWT_KEY, .summary = "Get a key"},
	{"DELETE", "/v1/jwt_keys/:id", .answer = delete_jwt_key, ABOLISHES, .summary = "Retire a key; a new one signs from now on"},

	{"GET", "/v1/users", .answer = list_rows, READS, USER, .summary = "List users"},
	{"POST", "/v1/users", .answer = create_user, MAKES, TAKES(user), USER,
	.summary = "Create a user, or turn a signup token into one"},
	{"POST", "/v1/users/authenticate_key", .answer = authenticate_key, WRITES, TAKES(user), USER,
	.summary = "Find the user of type api whose key this is"},
	{"GET", "/v1/users/:id", .answer = show_user, READS, USER, .summary = "Get a user by id, username or email"},
	{"PUT", "/v1/users/:id", .answer = update_user, WRITES, TAKES(user), USER, .summary = "Change a user"},
	{"DELETE", "/v1/users/:id", .answer = delete_user, REMOVES, .rows = &user_rows, .summary = "Delete a user"},
	{"POST", "/v1/users/:id/authenticate", .answer = authenticate_user, WRITES, TAKES(user), USER,
	.summary = "Log a user in by password"},
	{"POST", "/v1/users/:id/authenticate_code", WRITES_NOT, .summary = NO_SECOND_FACTOR},
	{"PUT", "/v1/users/:id/update_password", .answer = update_password, WRITES, TAKES(user), USER,
	.summary = "Change a password that is known"},
	{"POST", "/v1/users/:id/generate_password_token", .answer = generate_password_token, WRITES, USER,
	.summary = "Make a token by which a new password can be set"},
	{"POST", "/v1/users/:id/reset_password_with_token", .answer = reset_password, WRITES, TAKES(user), USER,
	.summary = "Set a new password by a token"},
	{"POST", "/v1/users/:id/request_email_verification", .answer = request_email_verification, WRITES, USER,
	.summary = "Make a token by which the email can be verified"},
	{"POST", "/v1/users/:id/verify_email", .answer = verify_email, WRITES, TAKES(user), USER,
	.summary = "Verify the email by a token"},

	{"POST", "/v1/credentials", .answer = create_credential, MAKES, TAKES(credential), CREDENTIAL,
	.summary = "Give a user a password who has none, or a user of type api a key"},
	{"GET", "/v1/credentials/:id", .answer = show_credential, READS, CREDENTIAL, .summary = "Get a credential"},
	{"PUT", "/v1/credentials/:id", .answer = update_credential, WRITES, TAKES(credential), CREDENTIAL,
	.summary = "Set a new password"},
	{"DELETE", "/v1/credentials/:id", .answer = delete_credential, REMOVES, .summary = "Delete a password or a key"},
	{"POST", "/v1/credentials/:id/verify", .answer = reply_not_offered, .permission = KEY_WRITE, .status = 404,
	.summary = NO_SECOND_FACTOR},

	{"POST", "/v1/user_tokens", .answer = create_user_token, MAKES, TAKES(user_token), TOKEN,
	.summary = "Mint a signup token"},
	{"GET", "/v1/user_tokens/:id", .answer = show_user_token, READS, TOKEN,
	.summary = "Get a signup token that can be redeemed; or, with a key that may write, what became of one by its signup id"},
	{"DELETE", "/v1/user_tokens/:id", .answer = delete_user_token, REMOVES,
	.summary = "Revoke a signup token, and give up its hold"},
	{"POST", "/v1/user_tokens/:id/hold", .answer = hold_user_token, WRITES, TAKES(user_token), TOKEN,
	.summary = "Hold the names of a signup token while a payment is under way"},
	{"POST", "/v1/signup_tokens", .answer = create_user_token, MAKES, TAKES(user_token), TOKEN,
	.summary = "The same as /v1/user_tokens"},
	{"GET", "/v1/signup_tokens/:id", .answer = show_user_token, READS, TOKEN,
	.summary = "The same as /v1/user_tokens/:id"},
	{"DELETE", "/v1/signup_tokens/:id", .answer = delete_user_token, REMOVES,
	.summary = "The same as /v1/user_tokens/:id"},
	{"POST", "/v1/signup_tokens/:id/hold", .answer = hold_user_token, WRITES, TAKES(user_token), TOKEN,
	.summary = "The same as /v1/user_tokens/:id/hold"},

	{"GET", "/v1/sessions", .answer = list_rows, READS, SESSION, .summary = "List managed sessions that are going on"},
	{"POST", "/v1/sessions", .answer = create_session, MAKES, TAKES(session), SESSION,
	.summary = "Log a user in without a password"},
	{"GET", "/v1/sessions/:id", .answer = show_session, READS, SESSION,
	.summary = "Get a managed session that is going on, by id or login token"},
	{"DELETE", "/v1/sessions/:id", .answer = delete_session, REMOVES, .rows = &session_rows,
	.summary = "Log a session out, by id or login token"},

	{"GET", "/v1/orgs", .answer = list_rows, READS, ORG, .summary = "List orgs"},
	{"POST", "/v1/orgs", .answer = create_org, MAKES, TAKES(org), ORG, .summary = "Create an org"},
	{"GET", "/v1/orgs/:id", .answer = show_row, READS, ORG, .summary = "Get an org"},
	{"PUT", "/v1/orgs/:id", .answer = update_org, WRITES, TAKES(org), ORG, .summary = "Change an org"},
	{"DELETE", "/v1/orgs/:id", .answer = delete_org, REMOVES, .rows = &org_rows, .summary = "Delete an org"},

	{"GET", "/v1/memberships", .answer = list_rows, READS, MEMBERSHIP, .summary = "List memberships"},
	{"POST", "/v1/memberships", .answer = create_membership, MAKES, TAKES(membership), MEMBERSHIP,
	.summary = "Create a membership"},
	{"GET", "/v1/memberships/:id", .answer = show_row, READS, MEMBERSHIP, .summary = "Get a membership"},
	{"PUT", "/v1/memberships/:id", .answer = update_membership, WRITES, TAKES(membership), MEMBERSHIP,
	.summary = "Change a membership"},
	{"DELETE", "/v1/memberships/:id", .answer = delete_membership, REMOVES, .rows = &membership_rows,
	.summary = "Delete a membership"},

	{"GET", "/v1/login_policies", .answer = list_rows, READS, LOGIN_POLICY, .summary = "List connected apps"},
	{"POST", "/v1/login_policies", .answer = create_login_policy, FOUNDS, TAKES(login_policy), LOGIN_POLICY,
	.summary = "Connect an app"},
	{"GET", "/v1/login_policies/:id", .answer = show_row, READS, LOGIN_POLICY, .summary = "Get a connected app"},
	{"PUT", "/v1/login_policies/:id", .answer = update_login_policy, ADMINISTERS, TAKES(login_policy), LOGIN_POLICY,
	.summary = "Change a connected app"},
	{"DELETE", "/v1/login_policies/:id", .answer = delete_login_policy, ABOLISHES, .rows = &login_policy_rows,
	.summary = "Delete a connected app with its pages; signup tokens that are out for it become void"},

	{"GET", "/v1/app_hooks", .answer = list_rows, ADMINISTERS, APP_HOOK, .summary = "List where events are posted"},
	{"POST", "/v1/app_hooks", .answer = create_app_hook, FOUNDS, TAKES(app_hook), APP_HOOK,
	.summary = "Have arsignup-webhook post events to a URL"},
	{"GET", "/v1/app_hooks/:id", .answer = show_row, ADMINISTERS, APP_HOOK, .summary = "Get a hook"},
	{"PUT", "/v1/app_hooks/:id", .answer = update_app_hook, ADMINISTERS, TAKES(app_hook), APP_HOOK,
	.summary = "Change a hook"},
	{"DELETE", "/v1/app_hooks/:id", .answer = delete_app_hook, ABOLISHES, .rows = &app_hook_rows,
	.summary = "Delete a hook, and what was still to be posted to it"},

	{"GET", "/v1/events", .answer = list_rows, READS, EVENT, .summary = "List what happened, the last first"},
	{"GET", "/v1/events/:id", .answer = show_row, READS, EVENT, .summary = "Get what happened"},
	{"GET", "/v1/events/login/:id", READS_NOT,
	.summary = "Not offered here: GET /v1/sessions/:id checks a login token, and so does its signature"},

	{"GET", "/v1/notifications", READS_NOT, .summary = NO_NOTIFICATIONS},
	{"GET", "/v1/notifications/:id", READS_NOT, .summary = NO_NOTIFICATIONS}
};

const int	core_route_count = lengthof(core_routes);

/* Tell whether a path is as a route says; the segment that stands for any is the id. */
static bool
match_path(const char *pattern, Span path, Span *id)
{
	*id = (Span) {NULL, 0};
	while (*pattern != '\0')
	{
		if (strncmp(pattern, ":id", 3) == 0)
		{
			*id = path;
			for (id->size = 0; id->size < path.size && path.data[id->size] != '/';)
				id->size++;
			if (id->size == 0)
				return false;
			span_skip(&path, id->size);
			pattern += 3;
			continue;
		}
		if (path.size == 0 || *path.data != *pattern)
			return false;
		span_skip(&path, 1);
		pattern++;
	}
	return path.size == 0;
}

/* Answer a method that a path has not. */
static void
reply_not_allowed(CoreCall *call, const char *allowed)
{
	response_header(call->response, "Allow", allowed);
	reply_error(call, 405, "This address does not take such a request.");
}

/* Find the route of a path and method; answer if there is none of this method; false if the path is none of ours. */
static bool
find_route(CoreCall *call, Span path)
{
	StringInfoData allowed;

	initStringInfo(&allowed);
	for (int i = 0; i < core_route_count && call->route == NULL; i++)
	{
		const CoreRoute *route = &core_routes[i];
		bool		is_get = strcmp(route->method, "GET") == 0;

		if (!match_path(route->path, path, &call->id))
			continue;
		if (span_is(call->request->method, route->method) || (is_get && span_is(call->request->method, "HEAD")))
			call->route = route;
		appendStringInfo(&allowed, "%s%s", allowed.len > 0 ? ", " : "", is_get ? "GET, HEAD" : route->method);
	}
	if (call->route == NULL && allowed.len > 0)
		reply_not_allowed(call, allowed.data);
	return allowed.len > 0;
}

/* ---------- who calls ---------- */

/* Return the key that a request shows; nothing if it shows none. */
static Span
shown_key(const Request *request)
{
	static const char bearer[] = "bearer ";
	Span		authorization = request->authorization;

	if (request->api_key.data != NULL)
		return span_trim(request->api_key);
	if (authorization.size < lengthof(bearer) || pg_strncasecmp(authorization.data, bearer, lengthof(bearer) - 1) != 0)
		return (Span) {NULL, 0};
	return span_trim((Span) {authorization.data + lengthof(bearer) - 1, authorization.size - lengthof(bearer) + 1});
}

/* Answer that the key does not open this: whether it is missing, unknown, revoked, of another realm or too weak. */
void
reply_forbidden(CoreCall *call)
{
	reply_error(call, 403, "Access denied. The API key is missing, or does not permit this.");
}

/* Find out who calls, and whether they may; answer if not. */
static bool
accept_key(CoreCall *call)
{
	if (call->route->permission == 0)
		return true;
	if (api_key_find(shown_key(call->request), &call->key) && (call->key.permissions & call->route->permission))
		return true;
	reply_forbidden(call);
	return false;
}

/* ---------- what is given ---------- */

/* Tell whether a header that lists media types, less their parameters, has one of these. */
static bool
has_type(Span header, const char *const *types, int count)
{
	while (header.size > 0)
	{
		Span		type = urlencoded_take(&header, ',');

		type = span_trim(urlencoded_take(&type, ';'));
		for (int i = 0; i < count; i++)
			if (type.size == strlen(types[i]) && pg_strncasecmp(type.data, types[i], type.size) == 0)
				return true;
	}
	return false;
}

/* Tell whether the caller takes JSON; one that does not say what it takes, takes anything. */
static bool
takes_json(const Request *request)
{
	static const char *const types[] = {"application/json", "application/*", "*/*"};

	return request->accept.data == NULL || has_type(request->accept, types, lengthof(types));
}

/* Read the body; answer if it cannot be read. */
static bool
read_body(CoreCall *call)
{
	static const char *const json_types[] = {"application/json"};
	static const char *const form_types[] = {"application/x-www-form-urlencoded"};
	Span		body = call->body_text;
	bool		is_form = has_type(call->request->content_type, form_types, 1);

	if (body.size > PARAMS_MAX_SIZE)
		reply_error(call, 413, "The body is too large.");
	else if (body.size > 0 && !is_form && !has_type(call->request->content_type, json_types, 1))
		reply_error(call, 415, "The body must be JSON or a form, and its Content-Type say so.");
	else if ((call->body = body_read(call->scope, body, is_form ? BODY_FORM : BODY_JSON)) == NULL)
		reply_error(call, 400, "The body can't be read.");
	else
		return true;
	return false;
}

/*
 * Find the part of the body that is about the resource, under its name or its
 * other one; answer if there is something else in its place.
 */
static bool
find_given(CoreCall *call)
{
	const Resource *resource = call->route->takes;
	const char *name = resource ? resource->name : NULL;

	if (name != NULL && resource->alias != NULL && value_member(call->body, resource->alias) != NULL)
	{
		if (value_member(call->body, name) != NULL)
		{
			reply_error(call, 400, psprintf("\"%s\" and \"%s\" are the same, so only one of them can be there.",
											name, resource->alias));
			return false;
		}
		name = resource->alias;
	}
	call->given = name ? value_member(call->body, name) : NULL;
	if (call->given == NULL)
		call->given = call->body;
	if (value_type(call->given) == VALUE_OBJECT)
		return true;
	reply_error(call, 400, psprintf("\"%s\" must be an object.", name));
	return false;
}

/* Decode the id in the path. */
static bool
decode_id(CoreCall *call)
{
	char	   *buffer = secret_alloc(call->scope, call->id.size + 1);

	if (!urlencoded_decode(call->id, false, buffer, &call->id))
		return false;
	buffer[call->id.size] = '\0';
	return true;
}

/* Read query, path and body; answer if something cannot be read. */
static bool
read_call(CoreCall *call)
{
	if (!takes_json(call->request))
	{
		reply_error(call, 406, "The answer is JSON, which the Accept header does not permit.");
		return false;
	}
	call->query = body_read(call->scope, call->query_text, BODY_FORM);
	if (call->query == NULL || !decode_id(call))
	{
		reply_error(call, 400, "The address can't be read.");
		return false;
	}
	return read_body(call) && find_given(call);
}

/* ---------- which realm ---------- */

/* Find the realm that a call names: for this call, else for all of its caller's; false if it names several. */
static bool
named_realm(const CoreCall *call, Span *name)
{
	const Value *places[] = {call->given, call->body, call->query};

	*name = (Span) {NULL, 0};
	for (int i = 0; i < (int) lengthof(places); i++)
	{
		const Value *value = value_member(places[i], "realm_id");
		const char *text = value_text(value);

		if (value_type(value) <= VALUE_NULL || (text != NULL && *text == '\0'))
			continue;
		if (text == NULL || (name->data != NULL && !span_is(*name, text)))
			return false;
		*name = (Span) {text, strlen(text)};
	}
	if (name->data == NULL)
		*name = call->request->realm;
	return true;
}

/* Tell whether the key opens the realm that was named. */
static bool
key_opens_realm(const CoreCall *call)
{
	return !call->key.has_realm || memcmp(&call->realm_id, &call->key.realm_id, UUID_LEN) == 0;
}

/* Find the realm in the path; answer as if it were not there if the key does not open it. What is going can be deleted again. */
static bool
find_path_realm(CoreCall *call)
{
	Realm		realm;

	if (id_with_prefix(call->id, "rl", &call->realm_id) && key_opens_realm(call) &&
		(realm_find(&call->realm_id, &realm) || (call->route->answer == delete_realm && realm_is_going(&call->realm_id))))
		return true;
	reply_not_found(call);
	return false;
}

/* Find out which realm is meant, and whether the key opens it; answer if not. */
static bool
find_realm(CoreCall *call)
{
	Span		name;
	Realm		realm;

	if ((call->route->realm & REALMS_ALL) && call->key.has_realm)
		reply_forbidden(call);
	else if (call->route->realm & REALM_IN_PATH)
		return find_path_realm(call);
	else if (call->route->realm & REALMS_ALL)
		return true;
	else if (!named_realm(call, &name))
		reply_fault(call, 422, "realm_id", "Realm must be a text, and the same wherever it is named.");
	else if (name.data != NULL && (!id_with_prefix(name, "rl", &call->realm_id) || !key_opens_realm(call)))
		reply_forbidden(call);
	else if (call->key.has_realm)
	{
		call->realm_id = call->key.realm_id;
		return true;
	}
	else if (name.data == NULL)
		reply_fault(call, 422, "realm_id", "Realm can't be blank.");
	else if (!realm_find(&call->realm_id, &realm))
		reply_not_found(call);
	else
		return true;
	return false;
}

/* ---------- one call ---------- */

/* Note that a key is in use. */
static void
note_use(CoreCall *call)
{
	api_key_note_use(&call->key, call->now);
}

/* Answer a call that can be read and whose realm the key opens. What handlers find is told together with what is found here. */
static void
answer_call(CoreCall *call)
{
	bool		finds_more = call->route->takes != NULL || call->route->answer == list_rows;
	Outcome		outcome;

	if (call->route->takes != NULL)
		check_fields(call);
	check_expand(call);
	if (finds_more || !reply_faults(call))
		call->route->answer(call);
	if (!call->key.is_noted && !XactReadOnly)
		core_attempt(call, note_use, &outcome);
}

/* ---------- once ---------- */

/* Find the key by which a call is known if it is sent again, if it has one; answer if that is none. */
static bool
find_submission_key(CoreCall *call, Span *key)
{
	Span		header = call->request->idempotency_key;

	*key = (Span) {NULL, 0};
	if (header.data == NULL || strcmp(call->route->method, "POST") != 0 || idempotency_key_read(header, 1, key))
		return true;
	reply_error(call, 400, IDEMPOTENCY_KEY_SENTENCE);
	return false;
}

/* Begin the submission that a call is. One on realms themselves is in none of them: emptying a realm takes its submissions along. */
static void
begin_submission(CoreCall *call)
{
	static const pg_uuid_t no_realm = {{0}};
	const pg_uuid_t *realm_id = (call->route->realm & REALMS_ALL) ? &no_realm : &call->realm_id;
	const char *route = call->route->path;
	Span		name[] = {
		{route, strlen(route)}, call->id, {(const char *) call->key.id.data, UUID_LEN}, call->submission_key
	};
	Span		body[] = {call->query_text, call->body_text};

	submission_name(&call->submission, call->scope, realm_id, (Parts) {name, lengthof(name)}, (Parts) {body, lengthof(body)},
					SUBMISSION_KEPT);
	call->submission_state = submission_begin(&call->submission, call->response);
}

/* Answer a call, or give the answer that the same has got before under its key. */
static void
answer_once(CoreCall *call)
{
	Outcome		outcome;

	core_attempt(call, begin_submission, &outcome);
	if (is_under_way(outcome.sqlstate))
		reply_under_way(call);
	else if (outcome.sqlstate != 0)
		reply_outcome(call, &outcome);
	else if (call->submission_state == SUBMISSION_OTHER)
		reply_fault(call, 422, "base", SUBMISSION_OTHER_SENTENCE);
	else if (call->submission_state == SUBMISSION_NEW)
	{
		answer_call(call);
		submission_end(&call->submission, call->response);
	}
}

/* Answer a call of a route. */
static void
answer_route(CoreCall *call)
{
	if (call->route->permission == 0)
		call->route->answer(call);
	else if (accept_key(call) && read_call(call) && find_realm(call) && find_submission_key(call, &call->submission_key))
	{
		if (call->submission_key.data != NULL)
			answer_once(call);
		else
			answer_call(call);
	}
}

/*
 * Answer a request to the Core API; false if its path is none of it. All of a
 * call is one attempt: what is only read may fail, too, for a lock or for its
 * size.
 */
bool
core_answer(Span path, Span query, Span body, const Request *request, SecretScope *scope, Response *response)
{
	CoreCall	call = {.scope = scope, .request = request, .response = response, .query_text = query,
	.body_text = body, .now = GetCurrentTimestamp()};
	Outcome		outcome;

	if (!find_route(&call, path))
		return false;
	if (call.route == NULL)
		return true;
	core_attempt(&call, answer_route, &outcome);
	if (outcome.sqlstate != 0)
		reply_failure(&call, &outcome);
	return true;
}
