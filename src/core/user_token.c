/*
 * Signup tokens, which AuthRocket 1 calls user tokens on the wire.
 */
#include "core/core.h"

#include "catalog/pg_type.h"
#include "core/json.h"
#include "signup/token_row.h"
#include "utils/builtins.h"

static const Field user_token_fields[] = {
	{"object", FIELD_TEXT, FIELD_READ, "user_token"},
	{"id", FIELD_TEXT, FIELD_READ, "the token: utk_...; the signup id where that was asked by"},
	{"signup_id", FIELD_TEXT, FIELD_READ, "sgn_...: names the signup in a payment, a log, a mail; it is no secret"},
	{"state", FIELD_TEXT, FIELD_READ, "pending or held; by the signup id also redeemed, revoked or expired"},
	{"user_id", FIELD_TEXT, FIELD_READ, "usr_...: the user that it became or, since it was held, is to become"},
	{"held_until", FIELD_TIME, FIELD_READ, "seconds since 1970: until when its names are held"},
	{"hold_for", FIELD_NUMBER, FIELD_WRITE, "to hold: seconds; half an hour if it is not there"},
	{"replaces", FIELD_SECRET, FIELD_WRITE, "to hold: an earlier token, or its signup id, whose hold is given up for this one"},
	{"realm_id", FIELD_TEXT, FIELD_BOTH, "rl_...; needed only with a key to all realms"},
	{"login_policy_id", FIELD_TEXT, FIELD_BOTH,
	"the connected app that it is for: lpl_...; if none is named, the realm's oldest that is active and open for signups,"
	" one in mode signup_token first"},
	{"username", FIELD_TEXT, FIELD_BOTH, "the email where the realm says so"},
	{"email", FIELD_TEXT, FIELD_BOTH, "as typed; a username that is an address stands for it"},
	{"first_name", FIELD_TEXT, FIELD_BOTH, "first name"},
	{"last_name", FIELD_TEXT, FIELD_BOTH, "last name"},
	{"org_name", FIELD_TEXT, FIELD_BOTH, "name of the org to make, if one is made"},
	{"custom", FIELD_OBJECT, FIELD_BOTH, "attributes for the user"},
	{"password", FIELD_SECRET, FIELD_WRITE, "a password; hashed at once, and never told"},
	{"password_confirmation", FIELD_SECRET, FIELD_WRITE, "the password again; checked only if it is there"},
	{"credential_type", FIELD_TEXT, FIELD_READ, "password"},
	{"created_at", FIELD_TIME, FIELD_READ, "seconds since 1970"},
	{"expires_at", FIELD_TIME, FIELD_READ, "seconds since 1970: from when on it can't be redeemed"}
};

const Resource user_token_resource = RESOURCE_ALIAS("user_token", "signup_token", user_token_fields);

/* ---------- reading ---------- */

/* Tell whether there is such a token, or one of such a signup id, in the realm, whatever has become of it. */
static bool
token_is_there(CoreCall *call, Span token)
{
	static Statement select_token = STATEMENT("SELECT FROM arsignup.get_signup_token($2, $1)");
	Parameters	parameters = {0};

	add_uuid(&parameters, &call->realm_id);
	add_secret(&parameters, call->scope, token);
	return statement_run(&select_token, &parameters) > 0;
}

/* Tell a signup id from a token. */
static bool
is_signup_id(Span token)
{
	return strncmp(token.data, SIGNUP_ID_PREFIX, TOKEN_PREFIX_LENGTH) == 0;
}

/* Answer with a token, unless it is none of this realm; or can't be redeemed any more, and is not asked for by its signup id. */
static void
reply_token(CoreCall *call, int status, Span token)
{
	static Statement select_token = STATEMENT(
		"SELECT jsonb_build_object('object', 'user_token',"
		" 'realm_id', arsignup.format_id('rl', t.realm_id),"
		" 'login_policy_id', arsignup.format_id('lpl', t.connected_app_id), 'username', t.username,"
		" 'email', t.email, 'first_name', t.first_name, 'last_name', t.last_name, 'org_name', t.org_name,"
		" 'custom', t.custom, 'credential_type', t.credential_type, 'created_at', " SECONDS("t.created_at") ","
		" 'expires_at', " WHOLE_SECONDS("t.expires_at") ", 'signup_id', t.signup_id, 'state', t.state,"
		" 'user_id', arsignup.format_id('usr', t.user_id), 'held_until', " WHOLE_SECONDS("t.held_until") ")"
		" FROM arsignup.get_signup_token($2, $1) t WHERE t.state IN ('pending', 'held') OR $3");
	Parameters	parameters = {0};

	add_uuid(&parameters, &call->realm_id);
	add_secret(&parameters, call->scope, token);
	add_bool(&parameters, is_signup_id(token));
	if (statement_run(&select_token, &parameters) == 0)
		reply_not_found(call);
	else
		reply_json(call, status, with_member(column_text_of(0, 1), "id", pnstrdup(token.data, token.size)));
}

/* GET /v1/user_tokens/:id; an id, which is no secret, opens it only for who may do something with it */
void
show_user_token(CoreCall *call)
{
	if (is_signup_id(call->id) && !(call->key.permissions & KEY_WRITE))
		reply_forbidden(call);
	else
		reply_token(call, 200, call->id);
}

/* ---------- minting ---------- */

/* Find the app that a token is for, which was named or not: else the realm's oldest that fits. */
static bool
find_app(CoreCall *call, bool is_named)
{
	static Statement select_app = STATEMENT(
		"SELECT a.id FROM arsignup.connected_apps a JOIN arsignup.realms r ON r.id = a.realm_id"
		" WHERE a.realm_id = $1 AND (a.id = $2 OR $2 IS NULL AND a.state = 'active')"
		" ORDER BY coalesce(a.signups_enabled, r.signups_enabled) DESC,"
		" coalesce(a.signup_mode, r.signup_mode) = 'signup_token' DESC, a.created_at, a.id LIMIT 1");
	Parameters	parameters = {0};

	add_uuid(&parameters, &call->realm_id);
	add_uuid(&parameters, is_named ? &call->row_id : NULL);
	if (statement_run(&select_app, &parameters) == 0)
		return false;
	call->row_id = *column_uuid(1);
	return true;
}

/*
 * Choose the app that a token is for. If there is none that was named, that is
 * noted, and what else is wrong shows at another; false if there is none at all.
 */
static bool
choose_app(CoreCall *call)
{
	bool		is_named = given_id(call, "login_policy_id", "lpl", &call->row_id);

	if (is_named && !find_app(call, true))
	{
		note_fault(call, "login_policy_id", "Login policy is not known.");
		is_named = false;
	}
	if (is_named || find_app(call, false))
		return true;
	note_fault(call, "login_policy_id", "The realm has no active connected app.");
	return false;
}

/* Mint a token. */
static void
mint_token(CoreCall *call)
{
	static Statement call_mint = STATEMENT(
		"SELECT arsignup.mint_signup_token(connected_app_id => $1, email => $2, password => $3, username => $4,"
		" password_confirmation => $5, first_name => $6, last_name => $7, org_name => $8, custom => $9)");
	bool		is_confirmed = given_secret(call, "password_confirmation").data != NULL;
	Parameters	parameters = {0};

	add_uuid(&parameters, &call->row_id);
	add_text(&parameters, given_email(call));
	add_given_secret(&parameters, call, "password");
	add_given(&parameters, call, "username");
	add_given_secret(&parameters, call, is_confirmed ? "password_confirmation" : "password");
	add_given(&parameters, call, "first_name");
	add_given(&parameters, call, "last_name");
	add_given(&parameters, call, "org_name");
	add_given_object(&parameters, call, "custom");
	(void) statement_run(&call_mint, &parameters);
	call->token = column_text(1);
}

/* POST /v1/user_tokens */
void
create_user_token(CoreCall *call)
{
	if (!choose_app(call))
		(void) reply_faults(call);
	else if (core_try(call, mint_token))
		reply_token(call, 201, (Span) {call->token, strlen(call->token)});
}

/* ---------- holding and revoking ---------- */

/* Hold the names of the token in the path. */
static void
hold_token(CoreCall *call)
{
	static Statement call_hold = STATEMENT(
		"SELECT h.held_until FROM arsignup.hold_signup_token(token => $2,"
		" hold_for => coalesce(make_interval(secs => $3), '30 minutes'), realm_id => $1, replaces => $4) h");
	Parameters	parameters = {0};

	add_uuid(&parameters, &call->realm_id);
	add_secret(&parameters, call->scope, call->id);
	add_given_number(&parameters, call, "hold_for");
	if (fault_is_about(&call->faults, "replaces"))
		add_secret(&parameters, call->scope, (Span) {NULL, 0});
	else
		add_given_secret(&parameters, call, "replaces");
	(void) statement_run(&call_hold, &parameters);
}

/* POST /v1/user_tokens/:id/hold */
void
hold_user_token(CoreCall *call)
{
	Span		replaces = given_secret(call, "replaces");

	if (!token_is_there(call, call->id))
	{
		reply_not_found(call);
		return;
	}
	if (replaces.data != NULL && !token_is_there(call, replaces))
		note_fault(call, "replaces", "Replaces is not known.");
	if (core_try(call, hold_token))
		reply_token(call, 200, call->id);
}

/* Revoke the token in the path. */
static void
revoke_token(CoreCall *call)
{
	static Statement call_revoke = STATEMENT("SELECT arsignup.revoke_signup_token($2, $1)");
	Parameters	parameters = {0};

	add_uuid(&parameters, &call->realm_id);
	add_secret(&parameters, call->scope, call->id);
	(void) statement_run(&call_revoke, &parameters);
}

/* DELETE /v1/user_tokens/:id */
void
delete_user_token(CoreCall *call)
{
	if (!token_is_there(call, call->id))
		reply_not_found(call);
	else if (core_try(call, revoke_token))
		reply_removed(call);
}

/* ---------- redeeming ---------- */

/* Tell whether an org is asked for here: one that was named at the mint alone is not, as with AuthRocket 1. */
static bool
wants_org(const CoreCall *call)
{
	const Value *wish = value_member(call->given, "with_org");

	return value_type(wish) > VALUE_NULL ? value_is_true(wish) : given_text(call, "org_name") != NULL;
}

/*
 * Change what the token does not hold, or holds otherwise, of the user that it
 * has become. Where an email is to be verified, the mail that was asked for by
 * the redeem goes to the one that the user has in the end.
 */
static void
change_redeemed(CoreCall *call)
{
	User		user;

	user_read(&call->realm_id, &call->user_id, &user);
	change_user(call, false);
	if (strcmp(user.email_verification, "requested") == 0)
		user_set_verification(&call->realm_id, &user, "requested");
}

/* Turn the token into a user, and note by which key. */
static void
make_redeemed(CoreCall *call)
{
	static Statement call_redeem = STATEMENT(
		"SELECT r.user_id FROM arsignup.redeem_signup_token(token => $1, org_name => $2, reference => $3,"
		" custom => $4, with_org => $5, realm_id => $6) r");
	Span		token = given_secret(call, "token");
	Parameters	parameters = {0};

	add_secret(&parameters, call->scope, token);
	add_given(&parameters, call, "org_name");
	add_given(&parameters, call, "reference");
	add_given_object(&parameters, call, "custom");
	add_bool(&parameters, wants_org(call));
	add_uuid(&parameters, &call->realm_id);
	(void) statement_run(&call_redeem, &parameters);
	call->user_id = *column_uuid(1);
	token_note_redeemer(token, &call->key.id);
}

/* Tell whether more of the user is given than a redeem takes. */
static bool
gives_more(const CoreCall *call)
{
	static const char *const more[] = {"username", "email", "first_name", "last_name", "state"};

	for (int i = 0; i < (int) lengthof(more); i++)
		if (given_text(call, more[i]) != NULL)
			return true;
	return false;
}

/* Return a text that is given, or what the token has in its place. */
static char *
given_or_token(const char *given, int column)
{
	return given ? pstrdup(given) : column_text(column);
}

/* Raise what is wrong with the user that a token, which can't be redeemed as it is asked for, would become. */
static void
check_redeemed(CoreCall *call)
{
	static Statement select_token = STATEMENT(
		"SELECT t.username, t.email, t.first_name, t.last_name, t.user_id FROM arsignup.get_signup_token($2, $1) t");
	Faults		faults = NO_FAULTS;
	User		user = {.user_type = "human"};
	Parameters	parameters = {0};
	Realm		realm;

	realm_read(&call->realm_id, &realm);
	add_uuid(&parameters, &call->realm_id);
	add_given_secret(&parameters, call, "token");
	if (statement_run(&select_token, &parameters) == 0)
		return;
	user.username = given_or_token(given_text(call, "username"), 1);
	user.email = given_or_token(given_email(call), 2);
	user.first_name = given_or_token(given_text(call, "first_name"), 3);
	user.last_name = given_or_token(given_text(call, "last_name"), 4);
	if (!column_is_null(5))
		user.id = *column_uuid(5);
	user_check(&realm, &user, &faults);
	user_check_free(&realm, &user, &faults);
	faults_raise(&faults);
}

/* Turn the token into a user, and change what else is given. */
static void
redeem_token(CoreCall *call)
{
	if (!gives_more(call))
	{
		make_redeemed(call);
		return;
	}
	core_part(call, make_redeemed);
	if (call->faults.list != NIL)
		check_redeemed(call);
	else
		change_redeemed(call);
}

/* Find the user that this key has made of the token before. */
static bool
was_redeemed(CoreCall *call)
{
	const char *state = given_text(call, "state");

	return token_find_redeemed(given_secret(call, "token"), &call->realm_id, &call->key.id,
							   state ? state : "active", &call->user_id);
}

/*
 * POST /v1/users with a token. A client whose connection broke sends it again,
 * not knowing whether it got through: for two minutes the key that has redeemed
 * the token gets its user again.
 */
void
redeem_user_token(CoreCall *call)
{
	Outcome		outcome;

	if (given_secret(call, "password").size > 0)
		fault_add(&call->faults, "password", "Password can't be given together with a token, which has one.");
	check_state(call);
	core_write(call, redeem_token, &outcome);
	if (outcome.sqlstate == 0 ||
		(outcome.sqlstate == ERRCODE_ARSIGNUP_REDEEMED && call->faults.list == NIL && was_redeemed(call)))
		reply_user(call, 201, NULL, NULL);
	else
		reply_outcome(call, &outcome);
}
