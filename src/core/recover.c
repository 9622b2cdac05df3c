/*
 * Users' passwords and emails: changing a password that is known, and the
 * tokens of who has forgotten it, or has an email to verify.
 */
#include "core/core.h"

#include "base/token.h"
#include "catalog/pg_type.h"
#include "recovery/one_time_token.h"
#include "utils/builtins.h"
#include "utils/fmgrprotos.h"
#include "utils/jsonb.h"

/* Begin the parameters of a function about the user. */
static Parameters
one_user(const CoreCall *call)
{
	Parameters	parameters = {0};

	add_uuid(&parameters, &call->realm_id);
	add_uuid(&parameters, &call->user_id);
	return parameters;
}

/* Raise what is wrong with the new password of the user, or, where it is not known who that is, of anybody. */
void
check_password(CoreCall *call)
{
	Faults		faults = NO_FAULTS;
	User		user = {0};
	Realm		realm;

	realm_read(&call->realm_id, &realm);
	(void) user_find(&call->realm_id, &call->user_id, &user);
	(void) user_accept_password(call->scope, &realm, &user, given_secret(call, "password"), &faults);
	faults_raise(&faults);
}

/* ---------- a password that is known ---------- */

/* Change the password. */
static void
exchange_password(CoreCall *call)
{
	static Statement call_change_password = STATEMENT("SELECT arsignup.change_password($1, $2, $3, $4)");
	Parameters	parameters = one_user(call);

	add_given_secret(&parameters, call, "current_password");
	add_given_secret(&parameters, call, "password");
	(void) statement_run(&call_change_password, &parameters);
	if (column_bool(1))
		return;
	note_fault(call, "current_password", "Current password does not match.");
	check_password(call);
}

/* PUT /v1/users/:id/update_password */
void
update_password(CoreCall *call)
{
	if (!find_path_user(call))
		return;
	check_confirmation(call);
	if (core_try(call, exchange_password))
		reply_user(call, 200, NULL, NULL);
}

/* ---------- tokens ---------- */

/* Make a token for the user, and remember it in the call: its answer shows it, so it need not have been mailed. */
static void
make_token(CoreCall *call, Purpose purpose)
{
	Jsonb	   *mail = mail_make(call->scope, purpose, &call->realm_id, &call->user_id, false);

	call->token = NULL;
	if (mail != NULL)
		call->token = TextDatumGetCString(DirectFunctionCall2(jsonb_object_field_text, JsonbPGetDatum(mail),
															  CStringGetTextDatum("token")));
}

/* Ask for a reset, and make its token. */
static void
make_password_token(CoreCall *call)
{
	static Statement call_request = STATEMENT(
		"SELECT arsignup.request_password_reset($1, u.username, $3, $4) FROM arsignup.users u"
		" WHERE u.realm_id = $1 AND u.id = $2");
	Parameters	parameters = one_user(call);

	add_pointer(&parameters, INETOID, call->ip);
	add_text(&parameters, call->client);
	if (call->faults.list == NIL)
		(void) statement_run(&call_request, &parameters);
	make_token(call, PASSWORD_RESET);
	if (call->token == NULL)
		fault_raise("email", "Only an active user with an email can be given a password token.");
}

/* Answer with the user and the token, under both names by which clients look for it. */
static void
reply_password_token(CoreCall *call)
{
	const char *json = read_row(call, &user_rows, &call->user_id);

	if (json == NULL)
	{
		reply_not_found(call);
		return;
	}
	json = with_member(json, "password_reset_token", call->token);
	reply_json(call, 200, with_member(json, "token", call->token));
}

/* POST /v1/users/:id/generate_password_token */
void
generate_password_token(CoreCall *call)
{
	read_source(call);
	if (find_path_user(call) && core_try(call, make_password_token))
		reply_password_token(call);
}

/* Ask for a verification, and make its token. */
static void
make_email_token(CoreCall *call)
{
	static Statement call_request = STATEMENT("SELECT arsignup.request_email_verification($1, $2, $3, $4)");
	Parameters	parameters = one_user(call);

	add_pointer(&parameters, INETOID, call->ip);
	add_text(&parameters, call->client);
	(void) statement_run(&call_request, &parameters);
	make_token(call, EMAIL_VERIFICATION);
}

/* POST /v1/users/:id/request_email_verification */
void
request_email_verification(CoreCall *call)
{
	read_source(call);
	if (find_path_user(call) && core_try(call, make_email_token))
		reply_user(call, 200, "token", call->token);
}

/* The user in a path that names nobody: whoever it is whose token is given. */
#define WHOSE_TOKEN "--"

/* Note what is to be said of a token that is not good: of another's nothing is told, and nothing done. */
static void
refuse_token(CoreCall *call)
{
	note_fault(call, "token", "Token is unknown, used or expired, or was made for something else.");
}

/* Find the user whom the path names, or whose the token is, and note a token that is not theirs; answer if the path names nobody that there is. */
static bool
find_token_user(CoreCall *call, Purpose purpose)
{
	bool		is_named = !span_is(call->id, WHOSE_TOKEN);
	OneTimeToken token;
	User		user;

	if (is_named && !find_path_user(call))
		return false;
	if (!one_time_token_find(purpose, given_secret(call, "token"), &token, &user) ||
		memcmp(&token.realm_id, &call->realm_id, UUID_LEN) != 0 ||
		(is_named && memcmp(&token.user_id, &call->user_id, UUID_LEN) != 0))
		refuse_token(call);
	else
		call->user_id = token.user_id;
	return true;
}

/* Set a new password by a token; by one that is not good, nobody would look at the password. */
static void
use_password_token(CoreCall *call)
{
	static Statement call_reset = STATEMENT("SELECT arsignup.reset_password($1, $2, $3, $4)");
	Parameters	parameters = {0};

	if (call->faults.list != NIL)
	{
		check_password(call);
		return;
	}
	add_given_secret(&parameters, call, "token");
	add_given_secret(&parameters, call, "password");
	add_pointer(&parameters, INETOID, call->ip);
	add_text(&parameters, call->client);
	(void) statement_run(&call_reset, &parameters);
	if (column_is_null(1))
		refuse_token(call);
}

/* POST /v1/users/:id/reset_password_with_token */
void
reset_password(CoreCall *call)
{
	read_source(call);
	check_confirmation(call);
	if (find_token_user(call, PASSWORD_RESET) && core_try(call, use_password_token))
		reply_user(call, 200, NULL, NULL);
}

/* Verify the email by a token. */
static void
use_email_token(CoreCall *call)
{
	static Statement call_verify = STATEMENT("SELECT arsignup.verify_email($1)");
	Parameters	parameters = {0};

	add_given_secret(&parameters, call, "token");
	(void) statement_run(&call_verify, &parameters);
	if (column_is_null(1))
		refuse_token(call);
}

/* POST /v1/users/:id/verify_email */
void
verify_email(CoreCall *call)
{
	if (find_token_user(call, EMAIL_VERIFICATION) && !reply_faults(call) && core_try(call, use_email_token))
		reply_user(call, 200, NULL, NULL);
}
