/*
 * SQL functions: logging in, login tokens, signing keys.
 */
#include "arsignup.h"

#include "account/user.h"
#include "attempt/attempt.h"
#include "base/argument.h"
#include "base/shared.h"
#include "base/statement.h"
#include "login/session.h"
#include "login/signing_key.h"
#include "login/source.h"
#include "password/password.h"

/* ---------- logging in ---------- */

/* What a login has led to; columns of login_result. */
typedef struct LoginResult
{
	const char *reason;			/* null if it succeeded */
	pg_uuid_t	user_id;
	Session		session;
	char	   *token;
	char	   *url;
	int			retry_after;	/* seconds; 0 if not throttled */
} LoginResult;

/* Return a row of login_result, in the caller's memory. */
static Datum
return_login(FunctionCallInfo fcinfo, const LoginResult *result)
{
	bool		ok = result->reason == NULL;
	Datum		values[7] = {
		BoolGetDatum(ok),
		ok ? (Datum) 0 : CStringGetTextDatum(result->reason),
		UUIDPGetDatum(&result->user_id),
		UUIDPGetDatum(&result->session.id),
		ok ? CStringGetTextDatum(result->token) : (Datum) 0,
		result->url ? CStringGetTextDatum(result->url) : (Datum) 0,
		Int32GetDatum(result->retry_after)
	};
	bool		nulls[7] = {
		false, ok, !ok && strcmp(result->reason, "unverified") != 0, !ok || !result->session.is_managed, !ok,
		result->url == NULL, result->retry_after == 0
	};

	return return_row(fcinfo, values, nulls);
}

/* Say why nobody can log in to an app just now, or NULL. */
static const char *
closed_reason(const App *app)
{
	return app->realm.active && app->active && app->logins_enabled ? NULL : "disabled";
}

/* Say what limits a login by this name, whether or not there is such a user. */
static Attempt
limit_login(const Realm *realm, const char *login, const User *user, const EventSource *source, TimestampTz now)
{
	bool		is_known = source->ip != NULL && source_is_known(&realm->id, &user->id, source->ip, now);

	return attempt_to_log_in(&realm->id, normalize_login(login), source->ip, is_known);
}

/*
 * Find the user whose login and password these are, and the time as of which
 * that is known: after the hash was read, before the password is held against
 * it; or say why not. Who is not to be found, has no password or is inactive
 * costs the hash of a wrong password and gets its answer.
 */
static const char *
authenticate(SecretScope *scope, const Realm *realm, const char *login, Span password,
			 const EventSource *source, User *user, TimestampTz *now, int *retry_after)
{
	bool		can_log_in = login != NULL && user_find_by_login(realm, login, user) &&
		strcmp(user->state, "active") == 0 && user->password_hash != NULL;
	Attempt		attempt;

	*now = GetCurrentTimestamp();
	if (!password_is_possible(password))
		return "invalid";
	attempt = limit_login(realm, login, user, source, *now);
	*retry_after = attempt_reserve(&attempt);
	if (*retry_after > 0)
		return "throttled";
	return attempt_verify(&attempt, scope, password, can_log_in ? user->password_hash : NULL) ? NULL : "invalid";
}

/* Start a session for a user who has proved who they are, as of the time when they did, and sign its token. */
static void
log_in(SecretScope *scope, const App *app, const User *user, const EventSource *source, TimestampTz now,
	   LoginResult *result)
{
	Event		event = {.type = "user.login.succeeded", .user_id = &user->id};

	user_record_login(&app->realm.id, &user->id, now);
	session_start(&app->realm, user, source, now, &result->session);
	events_record(&app->realm.id, now, source, &event, 1);
	result->token = session_token(scope, &app->realm, user, &result->session);
	if (app->login_handler != NULL)
		result->url = url_with_token(app->login_handler, result->token, false);
}

/*
 * Say why somebody does not log in who must verify the email first. Where no
 * mail for that was ever asked for, as after an import or a change of the
 * email, it is now: whoever waits for a mail gets one.
 */
static const char *
refuse_unverified(const Realm *realm, const User *user, const EventSource *source, int *retry_after)
{
	Event		event = {.type = "user.email.verification_requested", .user_id = &user->id};

	if (strcmp(user->email_verification, "none") != 0)
		return "unverified";
	*retry_after = attempt_to_mail_user(&realm->id, &user->id, source->ip);
	if (*retry_after > 0)
		return "throttled";
	if (user_begin_verification(&realm->id, &user->id))
		events_record(&realm->id, GetCurrentTimestamp(), source, &event, 1);
	return "unverified";
}

/* Make sure that who was verified may still log in, and store the hash that was made anew; or say why not. */
static const char *
confirm(const Realm *realm, User *user, const char *renewed, const EventSource *source, int *retry_after)
{
	if (!user_confirm(&realm->id, user))
		return "invalid";
	if (renewed != NULL)
		user_renew_password(&realm->id, user, renewed);
	return user_must_verify(realm, user) ? refuse_unverified(realm, user, source, retry_after) : NULL;
}

/*
 * Verify a login and start its session; or say why not. The session begins
 * before the password is hashed: whatever ends the tokens of a user meanwhile
 * ends this one's too. A weaker hash is replaced; the new one is made before
 * anything is locked.
 */
static const char *
verify_and_log_in(SecretScope *scope, FunctionCallInfo fcinfo, const App *app, const EventSource *source,
				  LoginResult *result)
{
	TimestampTz now;
	Span		password = secret_argument(scope, fcinfo, 2);
	User		user = {0};
	char	   *renewed = NULL;
	int			nest_level;
	const char *reason = authenticate(scope, &app->realm, argument_text(fcinfo, 1), password, source,
									   &user, &now, &result->retry_after);

	if (reason != NULL)
		return reason;
	if (!password_is_current(user.password_hash))
		renewed = password_renew(scope, password);
	result->user_id = user.id;
	nest_level = lock_timeout_begin();
	reason = confirm(&app->realm, &user, renewed, source, &result->retry_after);
	if (reason == NULL)
	{
		source_remember(&app->realm.id, &user.id, source->ip, now);
		log_in(scope, app, &user, source, now, result);
	}
	lock_timeout_end(nest_level);
	return reason;
}

/* Read the app (argument 0) that somebody logs in to, or the realm, which then stands for one. */
static void
read_login_rules(FunctionCallInfo fcinfo, bool has_app, App *app)
{
	if (has_app)
	{
		app_read(argument_uuid(fcinfo, 0), app);
		return;
	}
	realm_read(argument_uuid(fcinfo, 0), &app->realm);
	app->logins_enabled = app->realm.logins_enabled;
}

/* Log in to an app (argument 0), or to a realm without one. */
static Datum
login(FunctionCallInfo fcinfo, bool has_app)
{
	SecretScope scope;
	App			app = {.active = true};
	LoginResult result = {0};
	EventSource source = argument_source(fcinfo, 3, 4);
	MemoryContext caller = CurrentMemoryContext;
	MemoryContext spi;
	Datum		row;

	check_writable(fcinfo);
	secret_scope_open(&scope);
	spi_open();
	read_login_rules(fcinfo, has_app, &app);
	source.connected_app_id = has_app ? &app.id : NULL;
	result.reason = closed_reason(&app);
	if (result.reason == NULL)
		result.reason = verify_and_log_in(&scope, fcinfo, &app, &source, &result);
	count(result.reason == NULL ? COUNT_LOGINS_OK :
		  result.retry_after > 0 ? COUNT_LOGINS_THROTTLED : COUNT_LOGINS_FAILED);
	spi = MemoryContextSwitchTo(caller);
	row = return_login(fcinfo, &result);
	MemoryContextSwitchTo(spi);
	spi_close();
	secret_scope_close(&scope);
	return row;
}

/*
 * arsignup.login(connected_app_id uuid, login text, password arsignup.secret, ip inet,
 * client text) returns arsignup.login_result
 */
PG_FUNCTION_INFO_V1(arsignup_login);
Datum
arsignup_login(PG_FUNCTION_ARGS)
{
	return login(fcinfo, true);
}

/*
 * arsignup.authenticate(realm_id uuid, login text, password arsignup.secret, ip inet,
 * client text) returns arsignup.login_result
 */
PG_FUNCTION_INFO_V1(arsignup_authenticate);
Datum
arsignup_authenticate(PG_FUNCTION_ARGS)
{
	return login(fcinfo, false);
}

/* ---------- sessions ---------- */

/* Read the app that a session is for, if one is named, else its realm; or raise SU006 or SU010. */
static void
read_session_rules(const pg_uuid_t *realm_id, const pg_uuid_t *app_id, App *app)
{
	if (app_id == NULL)
	{
		realm_read_active(realm_id, &app->realm);
		app->logins_enabled = app->realm.logins_enabled;
	}
	else
	{
		app_read_active(app_id, app);
		if (realm_id == NULL || memcmp(realm_id, &app->realm.id, UUID_LEN) != 0)
			raise_not_found("connected app");
	}
	if (!app->logins_enabled)
		ereport(ERROR,
				(errcode(ERRCODE_ARSIGNUP_SWITCHED_OFF),
				 errmsg("logins are switched off")));
}

/*
 * arsignup.create_session(realm_id uuid, user_id uuid, connected_app_id uuid, ip inet,
 * client text) returns record
 */
PG_FUNCTION_INFO_V1(arsignup_create_session);
Datum
arsignup_create_session(PG_FUNCTION_ARGS)
{
	SecretScope scope;
	App			app;
	User		user;
	EventSource source = argument_source(fcinfo, 3, 4);
	LoginResult result = {0};
	MemoryContext caller = CurrentMemoryContext;
	int			nest_level;
	Datum		values[3];
	bool		nulls[3] = {0};

	secret_scope_open(&scope);
	spi_open();
	source.connected_app_id = argument_uuid(fcinfo, 2);
	app.login_handler = NULL;
	read_session_rules(argument_uuid(fcinfo, 0), source.connected_app_id, &app);
	nest_level = lock_timeout_begin();
	user_hold(&app.realm.id, argument_uuid(fcinfo, 1));
	user_read(&app.realm.id, argument_uuid(fcinfo, 1), &user);
	if (user_must_verify(&app.realm, &user))
		ereport(ERROR,
				(errcode(ERRCODE_ARSIGNUP_SWITCHED_OFF),
				 errmsg("email is not verified")));
	log_in(&scope, &app, &user, &source, GetCurrentTimestamp(), &result);
	lock_timeout_end(nest_level);
	MemoryContextSwitchTo(caller);
	values[0] = UUIDPGetDatum(&result.session.id);
	values[1] = CStringGetTextDatum(result.token);
	values[2] = TimestampTzGetDatum(result.session.expires_at);
	nulls[0] = !result.session.is_managed;
	spi_close();
	secret_scope_close(&scope);
	return return_row(fcinfo, values, nulls);
}

/* arsignup.verify_login_token(token arsignup.secret, realm_id uuid) returns jsonb */
PG_FUNCTION_INFO_V1(arsignup_verify_login_token);
Datum
arsignup_verify_login_token(PG_FUNCTION_ARGS)
{
	SecretScope scope;
	MemoryContext caller = CurrentMemoryContext;
	Span		token;
	Jsonb	   *claims = NULL;

	secret_scope_open(&scope);
	spi_open();
	token = secret_argument(&scope, fcinfo, 0);
	if (token.data != NULL)
		claims = login_token_verify(token, argument_uuid(fcinfo, 1), caller);
	spi_close();
	secret_scope_close(&scope);
	if (claims == NULL)
		PG_RETURN_NULL();
	PG_RETURN_JSONB_P(claims);
}

/* arsignup.end_session(realm_id uuid, session_id uuid) returns boolean */
PG_FUNCTION_INFO_V1(arsignup_end_session);
Datum
arsignup_end_session(PG_FUNCTION_ARGS)
{
	int			nest_level;
	Realm		realm;
	bool		ended;

	spi_open();
	realm_read(argument_uuid(fcinfo, 0), &realm);
	nest_level = lock_timeout_begin();
	ended = session_end(&realm.id, argument_uuid(fcinfo, 1), GetCurrentTimestamp());
	lock_timeout_end(nest_level);
	spi_close();
	PG_RETURN_BOOL(ended);
}

/* arsignup.end_sessions(realm_id uuid, user_id uuid) returns bigint */
PG_FUNCTION_INFO_V1(arsignup_end_sessions);
Datum
arsignup_end_sessions(PG_FUNCTION_ARGS)
{
	const pg_uuid_t *user_id = argument_uuid(fcinfo, 1);
	TimestampTz now;
	int			nest_level;
	Realm		realm;
	User		user;
	uint64		ended;

	spi_open();
	realm_read(argument_uuid(fcinfo, 0), &realm);
	nest_level = lock_timeout_begin();
	user_lock(&realm.id, user_id, &user);
	now = GetCurrentTimestamp();
	user_end_tokens(&realm.id, user_id);
	ended = sessions_end(&realm.id, user_id, now);
	lock_timeout_end(nest_level);
	spi_close();
	PG_RETURN_INT64(ended);
}

/* arsignup.end_all_sessions(realm_id uuid) returns bigint */
PG_FUNCTION_INFO_V1(arsignup_end_all_sessions);
Datum
arsignup_end_all_sessions(PG_FUNCTION_ARGS)
{
	int			nest_level;
	Realm		realm;
	uint64		ended;

	spi_open();
	realm_read(argument_uuid(fcinfo, 0), &realm);
	nest_level = lock_timeout_begin();
	users_end_tokens(&realm.id);
	ended = sessions_end_realm(&realm.id, GetCurrentTimestamp());
	lock_timeout_end(nest_level);
	spi_close();
	PG_RETURN_INT64(ended);
}

/* ---------- sessions of browsers ---------- */

/* arsignup.remember_session(realm_id uuid, session_id uuid, former arsignup.secret) returns text */
PG_FUNCTION_INFO_V1(arsignup_remember_session);
Datum
arsignup_remember_session(PG_FUNCTION_ARGS)
{
	SecretScope scope;
	MemoryContext caller = CurrentMemoryContext;
	const pg_uuid_t *session_id = argument_uuid(fcinfo, 1);
	int			nest_level;
	TimestampTz now;
	Realm		realm;
	char	   *secret;

	secret_scope_open(&scope);
	spi_open();
	realm_read_active(argument_uuid(fcinfo, 0), &realm);
	nest_level = lock_timeout_begin();
	now = GetCurrentTimestamp();
	secret = session_remember(&realm.id, session_id, now);
	if (secret != NULL)
		session_replace(&realm.id, session_id, secret_argument(&scope, fcinfo, 2), now);
	lock_timeout_end(nest_level);
	if (secret != NULL)
		secret = MemoryContextStrdup(caller, secret);
	spi_close();
	secret_scope_close(&scope);
	if (secret == NULL)
		PG_RETURN_NULL();
	PG_RETURN_TEXT_P(cstring_to_text(secret));
}

/* arsignup.end_browser_session(realm_id uuid, browser_session arsignup.secret) returns boolean */
PG_FUNCTION_INFO_V1(arsignup_end_browser_session);
Datum
arsignup_end_browser_session(PG_FUNCTION_ARGS)
{
	SecretScope scope;
	int			nest_level;
	Realm		realm;
	bool		ended;

	secret_scope_open(&scope);
	spi_open();
	realm_read(argument_uuid(fcinfo, 0), &realm);
	nest_level = lock_timeout_begin();
	ended = session_end_remembered(&realm.id, secret_argument(&scope, fcinfo, 1), GetCurrentTimestamp());
	lock_timeout_end(nest_level);
	spi_close();
	secret_scope_close(&scope);
	PG_RETURN_BOOL(ended);
}

/*
 * arsignup.login_again(connected_app_id uuid, browser_session arsignup.secret)
 * returns arsignup.login_result
 */
PG_FUNCTION_INFO_V1(arsignup_login_again);
Datum
arsignup_login_again(PG_FUNCTION_ARGS)
{
	SecretScope scope;
	App			app;
	User		user;
	LoginResult result = {0};
	MemoryContext caller = CurrentMemoryContext;
	MemoryContext spi;
	Datum		row;

	secret_scope_open(&scope);
	spi_open();
	app_read(argument_uuid(fcinfo, 0), &app);
	result.reason = closed_reason(&app);
	if (result.reason == NULL && !app.realm.sso_is_seamless)
		result.reason = "disabled";
	if (result.reason == NULL &&
		!session_recall(&app.realm, secret_argument(&scope, fcinfo, 1), GetCurrentTimestamp(),
						&result.session, &user))
		result.reason = "invalid";
	if (result.reason == NULL)
		result.user_id = user.id;
	if (result.reason == NULL && user_must_verify(&app.realm, &user))
		result.reason = "unverified";
	if (result.reason == NULL)
		result.token = session_token_again(&scope, &app.realm, &user, &result.session);
	if (result.token != NULL)
		result.url = url_with_token(app.login_handler, result.token, false);
	else if (result.reason == NULL)
		result.reason = "invalid";
	spi = MemoryContextSwitchTo(caller);
	row = return_login(fcinfo, &result);
	MemoryContextSwitchTo(spi);
	spi_close();
	secret_scope_close(&scope);
	return row;
}

/* ---------- keys ---------- */

/* arsignup.make_master_key() returns boolean */
PG_FUNCTION_INFO_V1(arsignup_make_master_key);
Datum
arsignup_make_master_key(PG_FUNCTION_ARGS)
{
	bool		made;

	spi_open();
	made = signing_keys_make_master();
	spi_close();
	PG_RETURN_BOOL(made);
}

/* arsignup.reseal_signing_keys() returns bigint */
PG_FUNCTION_INFO_V1(arsignup_reseal_signing_keys);
Datum
arsignup_reseal_signing_keys(PG_FUNCTION_ARGS)
{
	int			nest_level;
	uint64		resealed;

	spi_open();
	nest_level = lock_timeout_begin();
	resealed = signing_keys_reseal();
	lock_timeout_end(nest_level);
	spi_close();
	PG_RETURN_INT64(resealed);
}

/* Append a row of what keeps keys from being opened. */
static void
put_key_finding(void *argument, const char *problem, const char *remedy)
{
	ReturnSetInfo *result = argument;
	Datum		values[4] = {
		CStringGetTextDatum(master_key_setting()),
		CStringGetTextDatum(master_key_value()),
		CStringGetTextDatum(problem),
		CStringGetTextDatum(remedy)
	};
	bool		nulls[4] = {0};

	tuplestore_putvalues(result->setResult, result->setDesc, values, nulls);
}

/* arsignup.check_keys() returns setof record */
PG_FUNCTION_INFO_V1(arsignup_check_keys);
Datum
arsignup_check_keys(PG_FUNCTION_ARGS)
{
	InitMaterializedSRF(fcinfo, 0);
	spi_open();
	signing_keys_check(put_key_finding, fcinfo->resultinfo);
	spi_close();
	return (Datum) 0;
}

/* arsignup.rotate_signing_key(realm_id uuid, give_up_master_key boolean) returns text */
PG_FUNCTION_INFO_V1(arsignup_rotate_signing_key);
Datum
arsignup_rotate_signing_key(PG_FUNCTION_ARGS)
{
	MemoryContext caller = CurrentMemoryContext;
	int			nest_level;
	Realm		realm;
	char	   *kid;

	spi_open();
	realm_read(argument_uuid(fcinfo, 0), &realm);
	nest_level = lock_timeout_begin();
	kid = MemoryContextStrdup(caller, signing_key_rotate(&realm, argument_bool(fcinfo, 1)));
	lock_timeout_end(nest_level);
	spi_close();
	PG_RETURN_TEXT_P(cstring_to_text(kid));
}

/* arsignup.jwks(realm_id uuid) returns jsonb */
PG_FUNCTION_INFO_V1(arsignup_jwks);
Datum
arsignup_jwks(PG_FUNCTION_ARGS)
{
	MemoryContext caller = CurrentMemoryContext;
	Realm		realm;
	char	   *keys;

	spi_open();
	realm_read(argument_uuid(fcinfo, 0), &realm);
	keys = MemoryContextStrdup(caller, signing_keys_jwks(&realm, GetCurrentTimestamp()));
	spi_close();
	return DirectFunctionCall1(jsonb_in, CStringGetDatum(keys));
}

/* arsignup.reveal_jwt_key(realm_id uuid) returns text */
PG_FUNCTION_INFO_V1(arsignup_reveal_jwt_key);
Datum
arsignup_reveal_jwt_key(PG_FUNCTION_ARGS)
{
	MemoryContext caller = CurrentMemoryContext;
	int			nest_level;
	Realm		realm;
	char	   *key;

	spi_open();
	realm_read(argument_uuid(fcinfo, 0), &realm);
	nest_level = lock_timeout_begin();
	key = MemoryContextStrdup(caller, signing_key_reveal(&realm));
	lock_timeout_end(nest_level);
	spi_close();
	PG_RETURN_TEXT_P(cstring_to_text(key));
}
