/*
 * Credentials: the password of a user, and the keys of a program.
 *
 * A password has its user's id, as users show it in their credentials; so
 * either kind is found by one look into an index.
 */
#include "core/core.h"

#include "base/key.h"
#include "core/json.h"

static const Field credential_fields[] = {
	{"object", FIELD_TEXT, FIELD_READ, "credential"},
	{"id", FIELD_TEXT, FIELD_READ, "crd_..."},
	{"realm_id", FIELD_TEXT, FIELD_BOTH, "rl_...; needed only with a key to all realms"},
	{"user_id", FIELD_TEXT, FIELD_BOTH, "usr_...; fixed; to create, the username will do"},
	{"credential_type", FIELD_TEXT, FIELD_BOTH, "password, or api_key, of a user of type api; fixed"},
	{"password", FIELD_SECRET, FIELD_WRITE, "a password"},
	{"password_confirmation", FIELD_SECRET, FIELD_WRITE, "the password again; checked only if it is there"},
	{"api_key", FIELD_SECRET, FIELD_BOTH, "to create: generate, or nothing; then answered, ku_..., this once"},
	{"created_at", FIELD_TIME, FIELD_READ, "seconds since 1970"},
	{"updated_at", FIELD_TIME, FIELD_READ, "when the password was last changed, in seconds since 1970"}
};

const Resource credential_resource = RESOURCE("credential", credential_fields);

/* ---------- reading ---------- */

#define SELECT_CREDENTIAL(condition) \
	"SELECT c.id IS NULL, c.user_id, jsonb_build_object(" CREDENTIAL_NAME("c") ", 'realm_id', " REALM_ID "," \
	" 'user_id', arsignup.format_id('usr', c.user_id), 'created_at', " SECONDS("c.created_at") "," \
	" 'updated_at', " SECONDS("c.updated_at") ") FROM arsignup.credentials c WHERE c.realm_id = $1 AND " condition

/* Read a credential by its id: whether it is a password, whose it is, and what is told of it; false if there is none. */
static bool
read_credential(const CoreCall *call, const pg_uuid_t *id)
{
	static Statement select_credential = STATEMENT(
		SELECT_CREDENTIAL("c.id = $2") " UNION ALL " SELECT_CREDENTIAL("c.user_id = $2 AND c.key_digest = ''"));
	Parameters	parameters = {0};

	add_uuid(&parameters, &call->realm_id);
	add_uuid(&parameters, id);
	return statement_run(&select_credential, &parameters) > 0;
}

/* Find the credential in the path and whose it is; answer if there is none. */
static bool
find_credential(CoreCall *call, bool *is_password)
{
	if (!id_with_prefix(call->id, "crd", &call->row_id) || !read_credential(call, &call->row_id))
	{
		reply_not_found(call);
		return false;
	}
	*is_password = column_bool(1);
	call->user_id = *column_uuid(2);
	return true;
}

/* Answer with a credential, and its key if it was made just now. */
static void
reply_credential(CoreCall *call, int status, const pg_uuid_t *id)
{
	const char *json = read_credential(call, id) ? column_text_of(0, 3) : NULL;

	if (json == NULL)
		reply_not_found(call);
	else
		reply_json(call, status, call->token ? with_member(json, "api_key", call->token) : json);
}

/* GET /v1/credentials/:id */
void
show_credential(CoreCall *call)
{
	bool		is_password;

	if (find_credential(call, &is_password))
		reply_credential(call, 200, &call->row_id);
}

/* ---------- writing ---------- */

/* Note a credential that cannot be made, whatever else is given, and whose it is to be. */
static void
check_new_credential(CoreCall *call)
{
	static const char *const elsewhere[] = {
		"facebook", "github", "google", "linkedin", "oauth2", "slack", "yahoo"
	};
	const char *type = given_text(call, "credential_type");
	const char *fault = type == NULL ? "Credential type can't be blank." :
		strcmp(type, "totp") == 0 ? "There is no second factor here." :
		strcmp(type, "password") == 0 || strcmp(type, "api_key") == 0 ? NULL :
		psprintf("Credential type must be password or api_key, not %s.", fault_quote(type));

	for (int i = 0; type != NULL && i < (int) lengthof(elsewhere); i++)
		if (strcmp(type, elsewhere[i]) == 0)
			fault = "There are no logins by another site here.";
	if (fault != NULL)
		fault_add(&call->faults, "credential_type", fault);
	if (is_other_than(call, "api_key", "generate"))
		fault_add(&call->faults, "api_key", "Api key is made here, and can't be given.");
	check_user(call);
	check_confirmation(call);
}

/* Give the user a password, unless there is one, or something else is wrong: then what is wrong with the password is raised. */
static void
make_password(CoreCall *call)
{
	if (read_credential(call, &call->user_id))
		note_fault(call, "credential_type", "User already has a password.");
	if (call->faults.list != NIL)
	{
		check_password(call);
		return;
	}
	set_user_password(call);
	call->row_id = call->user_id;
}

/* Give the user a key. */
static void
make_key(CoreCall *call)
{
	make_user_key(call);
	(void) key_parse(USER_KEY_PREFIX, (Span) {call->token, strlen(call->token)}, call->row_id.data);
}

/* POST /v1/credentials */
void
create_credential(CoreCall *call)
{
	check_new_credential(call);
	if (fault_is_about(&call->faults, "credential_type"))
		(void) reply_faults(call);
	else if (core_try(call, is_other_than(call, "credential_type", "password") ? make_key : make_password))
		reply_credential(call, 201, &call->row_id);
}

/* PUT /v1/credentials/:id */
void
update_credential(CoreCall *call)
{
	bool		is_password;

	if (!find_credential(call, &is_password))
		return;
	check_confirmation(call);
	if (!is_password)
	{
		fault_add(&call->faults, "credential_type", "An API key can't be changed; make another, and delete this one.");
		(void) reply_faults(call);
	}
	else if (core_try(call, set_user_password))
		reply_credential(call, 200, &call->row_id);
}

/* Take the password from the user. */
static void
remove_password(CoreCall *call)
{
	static Statement call_delete_password = STATEMENT("SELECT arsignup.delete_password($1, $2)");
	Parameters	parameters = {0};

	add_uuid(&parameters, &call->realm_id);
	add_uuid(&parameters, &call->user_id);
	(void) statement_run(&call_delete_password, &parameters);
}

/* Delete the key. */
static void
remove_key(CoreCall *call)
{
	static Statement call_delete_key = STATEMENT("SELECT arsignup.delete_user_key($1, $2)");
	Parameters	parameters = {0};

	add_uuid(&parameters, &call->realm_id);
	add_uuid(&parameters, &call->row_id);
	(void) statement_run(&call_delete_key, &parameters);
}

/* DELETE /v1/credentials/:id */
void
delete_credential(CoreCall *call)
{
	bool		is_password;

	if (find_credential(call, &is_password) && core_try(call, is_password ? remove_password : remove_key))
		reply_removed(call);
}
