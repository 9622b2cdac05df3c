/*
 * Users.
 */
#include "core/core.h"

#include "account/identity.h"
#include "account/user.h"
#include "catalog/pg_type.h"
#include "core/json.h"
#include "utils/builtins.h"
#include "utils/json.h"

static const Field user_fields[] = {
	{"object", FIELD_TEXT, FIELD_READ, "user"},
	{"id", FIELD_TEXT, FIELD_READ, "usr_..."},
	{"realm_id", FIELD_TEXT, FIELD_BOTH, "rl_...; needed only with a key to all realms"},
	{"state", FIELD_TEXT, FIELD_BOTH, "active or inactive"},
	{"user_type", FIELD_TEXT, FIELD_BOTH, "human (default) or api; fixed"},
	{"username", FIELD_TEXT, FIELD_BOTH, "the email where the realm says so; a program that is given none is named by its id"},
	{"email", FIELD_TEXT, FIELD_BOTH, "as typed; a username that is an address stands for it"},
	{"email_verification", FIELD_TEXT, FIELD_READ, "none, requested or verified"},
	{"first_name", FIELD_TEXT, FIELD_BOTH, "first name"},
	{"last_name", FIELD_TEXT, FIELD_BOTH, "last name"},
	{"name", FIELD_TEXT, FIELD_READ, "first and last name, else the username"},
	{"reference", FIELD_TEXT, FIELD_BOTH, "the application's own id"},
	{"custom", FIELD_OBJECT, FIELD_BOTH, "attributes of the application; replaced as a whole"},
	{"password", FIELD_SECRET, FIELD_WRITE, "a password"},
	{"password_confirmation", FIELD_SECRET, FIELD_WRITE, "the password again; checked only if it is there"},
	{"current_password", FIELD_SECRET, FIELD_WRITE, "for update_password"},
	{"token", FIELD_SECRET, FIELD_BOTH,
	"to create: the signup token to redeem; answered by authenticate: the login token;"
	" for reset_password_with_token and verify_email, and answered by what makes them: that token"},
	{"api_key", FIELD_SECRET, FIELD_BOTH, "ku_...; answered where a user of type api is created, and asked for by authenticate_key"},
	{"org_name", FIELD_TEXT, FIELD_WRITE, "with a signup token: also make an org of this name, and a membership"},
	{"with_org", FIELD_BOOLEAN, FIELD_WRITE, "with a signup token: also make an org, named as the token says or after the user"},
	{"password_reset_token", FIELD_SECRET, FIELD_READ, "kpw_...; answered by generate_password_token"},
	{"created_at", FIELD_TIME, FIELD_READ, "seconds since 1970"},
	{"last_login_at", FIELD_TIME, FIELD_READ, "seconds since 1970"},
	{"credentials", FIELD_OBJECTS, FIELD_READ, "id, object and credential_type of each"},
	{"membership_count", FIELD_NUMBER, FIELD_READ, "how many memberships there are"},
	{"memberships", FIELD_OBJECTS, FIELD_READ, "with expand=memberships: those that have not expired, with their orgs"}
};

const Resource user_resource = RESOURCE("user", user_fields);

/* ---------- reading ---------- */

/* Return what is told of a user. */
static const char *
user_json(const CoreCall *call)
{
	return expands(call, "memberships") ? USER_JSON("t") WITH_MEMBERSHIPS("t") : USER_JSON("t");
}

const Rows	user_rows = {
	.table = "users",
	.prefix = "usr",
	.json = user_json,
	.condition = "t." IS_SOMEBODY,
	.parts = "memberships",
	.sorts = {{"id", NULL}, {"created_at", NULL}, {"username", "username_key", true}},
	.filters = {
		{"username", NULL, "t.username_key = ANY (ARRAY[?, ? || '@'])", NULL, normalize_login},
		{"email", NULL, "(t.username_key = ? OR " HAS_EMAIL("t.", "?") ")", NULL, normalize_email},
		{"reference", NULL, "t.reference COLLATE \"C\" = ?", "reference COLLATE \"C\"", normalize_line}
	}
};

/*
 * Find a user by id, username, or email where that is unique; false if there
 * is none. What has the form of an id is no name but of a program that is
 * named by its own: who is gone must not be taken for whoever has called
 * themselves so since.
 */
bool
find_user(CoreCall *call, Span text)
{
	static Statement select_by_id = STATEMENT(
		"SELECT FROM arsignup.users WHERE realm_id = $1 AND id = $2 AND " IS_SOMEBODY);
	static Statement select_by_name = STATEMENT(
		"SELECT id FROM arsignup.users WHERE realm_id = $1 AND username_key = $2 AND " IS_SOMEBODY
		" UNION ALL"
		" (SELECT id FROM arsignup.users WHERE realm_id = $1 AND " HAS_EMAIL("", "$2") " AND shared_email_id IS NULL"
		"  AND " IS_SOMEBODY " ORDER BY shared_email_id LIMIT 1) LIMIT 1");
	Parameters	parameters = {0};
	char	   *name;

	add_uuid(&parameters, &call->realm_id);
	if (id_with_prefix(text, "usr", &call->user_id))
	{
		add_uuid(&parameters, &call->user_id);
		return statement_run(&select_by_id, &parameters) > 0;
	}
	name = normalize_login(pnstrdup(text.data, text.size));
	add_text(&parameters, name);
	if (statement_run(&select_by_name, &parameters) == 0)
		return false;
	call->user_id = *column_uuid(1);
	return !name_is_foreign_id(name, &call->user_id);
}

/* Find the user whom a field names; note one who is missing or not there. */
void
check_user(CoreCall *call)
{
	const char *user = given_text(call, "user_id");

	if (user == NULL)
		note_fault(call, "user_id", "User can't be blank.");
	else if (!find_user(call, (Span) {user, strlen(user)}))
		note_fault(call, "user_id", "User is not known.");
}

/* Find the user in the path; answer if there is none. */
bool
find_path_user(CoreCall *call)
{
	if (find_user(call, call->id))
		return true;
	reply_not_found(call);
	return false;
}

/* Answer with the user who was found, and a token if there is one. */
void
reply_user(CoreCall *call, int status, const char *token_name, const char *token)
{
	const char *json = read_row(call, &user_rows, &call->user_id);

	if (json == NULL)
		reply_not_found(call);
	else
		reply_json(call, status, token ? with_member(json, token_name, token) : json);
}

/* GET /v1/users/:id */
void
show_user(CoreCall *call)
{
	if (find_path_user(call))
		reply_user(call, 200, NULL, NULL);
}

/* ---------- writing ---------- */

/* Return the email: where none is given, a username that is an address stands for it. */
const char *
given_email(const CoreCall *call)
{
	const char *email = given_change(call, "email");
	const char *username = given_text(call, "username");

	return email == NULL && username != NULL && strchr(username, '@') != NULL ? username : email;
}

/* Change what is given of the user. */
void
change_user(CoreCall *call, bool with_custom)
{
	static Statement call_update_user = STATEMENT(
		"SELECT arsignup.update_user(realm_id => $1, user_id => $2, email => $3, username => $4,"
		" first_name => $5, last_name => $6, reference => $7, custom => $8, state => $9)");
	Parameters	parameters = {0};

	add_uuid(&parameters, &call->realm_id);
	add_uuid(&parameters, &call->user_id);
	add_text(&parameters, given_email(call));
	add_change(&parameters, call, "username");
	add_change(&parameters, call, "first_name");
	add_change(&parameters, call, "last_name");
	add_change(&parameters, call, "reference");
	if (with_custom)
		add_given_object(&parameters, call, "custom");
	else
		add_pointer(&parameters, JSONBOID, NULL);
	add_text(&parameters, given_word(call, "state"));
	(void) statement_run(&call_update_user, &parameters);
}

/* Insert a user of what is given. */
static void
insert_user(CoreCall *call)
{
	static Statement call_create_user = STATEMENT(
		"SELECT arsignup.create_user(realm_id => $1, email => $2, password => $3, username => $4,"
		" first_name => $5, last_name => $6, reference => $7, custom => $8, user_type => $9)");
	Parameters	parameters = {0};

	add_uuid(&parameters, &call->realm_id);
	add_text(&parameters, given_email(call));
	add_given_secret(&parameters, call, "password");
	add_given(&parameters, call, "username");
	add_given(&parameters, call, "first_name");
	add_given(&parameters, call, "last_name");
	add_given(&parameters, call, "reference");
	add_given_object(&parameters, call, "custom");
	add_given(&parameters, call, "user_type");
	(void) statement_run(&call_create_user, &parameters);
	call->user_id = *column_uuid(1);
}

/* Make a key for the user. */
void
make_user_key(CoreCall *call)
{
	static Statement call_create_key = STATEMENT("SELECT arsignup.create_user_key($1, $2)");
	Parameters	parameters = {0};

	add_uuid(&parameters, &call->realm_id);
	add_uuid(&parameters, &call->user_id);
	(void) statement_run(&call_create_key, &parameters);
	call->token = column_text(1);
}

/* Make a user of what is given, a program with a key. */
static void
make_user(CoreCall *call)
{
	insert_user(call);
	if (is_other_than(call, "user_type", "human"))
		make_user_key(call);
	if (is_other_than(call, "state", "active"))
		change_user(call, true);
}

/* POST /v1/users */
void
create_user(CoreCall *call)
{
	if (given_text(call, "token") != NULL)
	{
		redeem_user_token(call);
		return;
	}
	check_confirmation(call);
	check_state(call);
	if (is_other_than(call, "api_key", "generate"))
		fault_add(&call->faults, "api_key", "Api key is made here, and can't be given.");
	if (core_try(call, make_user))
		reply_user(call, 201, "api_key", call->token);
}

/* Give the user the password, whether there was one or not. */
void
set_user_password(CoreCall *call)
{
	static Statement call_set_password = STATEMENT("SELECT arsignup.set_password($1, $2, $3)");
	Parameters	parameters = {0};

	add_uuid(&parameters, &call->realm_id);
	add_uuid(&parameters, &call->user_id);
	add_given_secret(&parameters, call, "password");
	(void) statement_run(&call_set_password, &parameters);
}

/* Change the rest of the user. */
static void
change_rest(CoreCall *call)
{
	change_user(call, true);
}

/* Change the user and, before anything is locked, its password. */
static void
change_user_and_password(CoreCall *call)
{
	if (given_secret(call, "password").data != NULL)
	{
		core_part(call, set_user_password);
		core_part(call, change_rest);
	}
	else
		change_rest(call);
}

/* PUT /v1/users/:id */
void
update_user(CoreCall *call)
{
	if (!find_path_user(call))
		return;
	check_confirmation(call);
	if (core_try(call, change_user_and_password))
		reply_user(call, 200, NULL, NULL);
}

/* Delete the user. */
static void
remove_user(CoreCall *call)
{
	static Statement call_delete_user = STATEMENT("SELECT arsignup.delete_user($1, $2)");
	Parameters	parameters = {0};

	add_uuid(&parameters, &call->realm_id);
	add_uuid(&parameters, &call->user_id);
	(void) statement_run(&call_delete_user, &parameters);
}

/* DELETE /v1/users/:id */
void
delete_user(CoreCall *call)
{
	if (find_path_user(call) && core_try(call, remove_user))
		reply_removed(call);
}

/* ---------- passwords ---------- */

/* Return what a login is to be by where the path names nobody: an id that was nobody's is made no name by a blank. */
static const char *
login_of_nobody(const CoreCall *call)
{
	const char *name = normalize_login(call->id.data);

	return username_is_id((Span) {name, strlen(name)}) ? psprintf("id %s", call->id.data) : call->id.data;
}

/* Log the user in whom the path names, whether or not there is one. */
static void
log_in(CoreCall *call)
{
	static Statement call_authenticate = STATEMENT(
		"SELECT a.ok, a.reason, a.user_id, a.token, coalesce(a.retry_after, 0)"
		" FROM arsignup.authenticate($1, coalesce((SELECT u.username FROM arsignup.users u"
		"  WHERE u.realm_id = $1 AND u.id = $2), $3), $4, $5, $6) a");
	bool		is_found = find_user(call, call->id);
	Parameters	parameters = {0};

	add_uuid(&parameters, &call->realm_id);
	add_uuid(&parameters, is_found ? &call->user_id : NULL);
	add_text(&parameters, is_found ? NULL : login_of_nobody(call));
	add_given_secret(&parameters, call, "password");
	add_pointer(&parameters, INETOID, call->ip);
	add_text(&parameters, call->client);
	(void) statement_run(&call_authenticate, &parameters);
}

/* Answer a login that was refused. */
static void
reply_login(CoreCall *call)
{
	const char *reason = column_text(2);

	if (strcmp(reason, "throttled") == 0)
		reply_retry(call, 429, column_int(5), "Too many attempts. Please try again later.");
	else if (strcmp(reason, "unverified") == 0)
		reply_error(call, 401, "The email must be verified first.");
	else if (strcmp(reason, "disabled") == 0)
		reply_error(call, 401, "Logins are switched off.");
	else
		reply_error(call, 401, "Username or password is wrong.");
}

/* POST /v1/users/:id/authenticate */
void
authenticate_user(CoreCall *call)
{
	read_source(call);
	if (reply_faults(call) || !core_try(call, log_in))
		return;
	if (!column_bool(1))
	{
		reply_login(call);
		return;
	}
	call->user_id = *column_uuid(3);
	call->token = column_text(4);
	call->response->token = call->token;
	reply_user(call, 200, "token", call->token);
}

/* Find the user whose key is given. */
static void
find_key(CoreCall *call)
{
	static Statement call_authenticate_key = STATEMENT("SELECT arsignup.authenticate_key($1, $2)");
	Parameters	parameters = {0};

	add_uuid(&parameters, &call->realm_id);
	add_given_secret(&parameters, call, "api_key");
	(void) statement_run(&call_authenticate_key, &parameters);
}

/* POST /v1/users/authenticate_key */
void
authenticate_key(CoreCall *call)
{
	if (!core_try(call, find_key))
		return;
	if (column_is_null(1))
	{
		reply_error(call, 401, "The API key is wrong.");
		return;
	}
	call->user_id = *column_uuid(1);
	reply_user(call, 200, NULL, NULL);
}
