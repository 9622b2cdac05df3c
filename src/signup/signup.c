/*
 * SQL functions: signup tokens.
 */
#include "arsignup.h"

#include <sodium.h>

#include "account/org.h"
#include "account/realm.h"
#include "account/user.h"
#include "base/argument.h"
#include "base/event.h"
#include "base/id.h"
#include "base/shared.h"
#include "base/statement.h"
#include "catalog/pg_type.h"
#include "funcapi.h"
#include "password/password.h"
#include "signup/token.h"
#include "utils/fmgrprotos.h"

/* A token names its realm; the table knows it by realm and digest. */
typedef struct TokenKey
{
	pg_uuid_t	realm_id;
	uint8_t		digest[TOKEN_DIGEST_SIZE];
} TokenKey;

/* What somebody signs up with. */
typedef struct Signup
{
	App			app;
	User		user;
	char	   *org_name;
} Signup;

/* What a redeemed token has made; columns of signup_result. */
typedef struct SignupResult
{
	const char *signup_mode;
	pg_uuid_t	user_id;
	bool		has_org;
	pg_uuid_t	org_id;
	pg_uuid_t	membership_id;
} SignupResult;

/* ---------- input ---------- */

/* Note a confirmation of the email that differs from it. */
static void
check_email_confirmation(const User *user, char *confirmation, Faults *faults)
{
	char	   *key;

	if (confirmation == NULL || user->email_key == NULL)
		return;
	key = normalize_email(confirmation);
	if (key == NULL || strcmp(key, user->email_key) != 0)
		fault_add(faults, "email_confirmation", "Email confirmation does not match the email.");
}

/* Note a confirmation of the password that differs from it, or that is missing where the form asks twice. */
static void
check_password_confirmation(SecretScope *scope, const App *app, Span password, Span confirmation,
							Faults *faults)
{
	if (confirmation.data == NULL)
	{
		if (app->password_is_asked_twice)
			fault_add(faults, "password_confirmation", "Password confirmation can't be blank.");
		return;
	}
	confirmation = secret_to_nfc(scope, confirmation);
	if (confirmation.size != password.size ||
		sodium_memcmp(confirmation.data, password.data, password.size) != 0)
		fault_add(faults, "password_confirmation",
				  "Password confirmation does not match the password.");
}

/* Note which names are missing that the app's form requires. */
static void
check_required_names(const Signup *signup, Faults *faults)
{
	if (!signup->app.names_are_required)
		return;
	if (signup->user.first_name == NULL)
		fault_add(faults, "first_name", "First name can't be blank.");
	if (signup->user.last_name == NULL)
		fault_add(faults, "last_name", "Last name can't be blank.");
}

/* Check the password, or the ready hash that is given in its place; a signup needs one of them. */
static Span
check_credential(SecretScope *scope, FunctionCallInfo fcinfo, Signup *signup, Span hash, Faults *faults)
{
	Span		password = secret_argument(scope, fcinfo, 2);

	if (password.data == NULL && hash.data != NULL)
	{
		signup->user.password_hash = password_hash_accept(hash, faults);
		return password;
	}
	password = password_accept(scope, password, signup->app.realm.password_min_length, faults);
	if (password.data != NULL)
		check_password_confirmation(scope, &signup->app, password,
									secret_argument(scope, fcinfo, 5), faults);
	if (hash.data != NULL)
		fault_add(faults, "password_hash", "Password hash can't be given beside a password.");
	return password;
}

/*
 * Read what mint_signup_token is given; raise all faults at once; hash the
 * password last, when nothing else can be wrong.
 */
static void
read_signup(SecretScope *scope, FunctionCallInfo fcinfo, Signup *signup)
{
	User	   *user = &signup->user;
	Faults		faults = NO_FAULTS;
	Span		password;

	user->user_type = "human";
	user->email = argument_text(fcinfo, 1);
	user->username = argument_text(fcinfo, 3);
	user->first_name = argument_text(fcinfo, 6);
	user->last_name = argument_text(fcinfo, 7);
	user->custom = (Jsonb *) argument_varlena(fcinfo, 9);
	user_check(&signup->app.realm, user, &faults);
	check_email_confirmation(user, argument_text(fcinfo, 4), &faults);
	check_required_names(signup, &faults);
	signup->org_name = accept_line(argument_text(fcinfo, 8), "org_name", "Organisation name", &faults);
	password = check_credential(scope, fcinfo, signup, secret_argument(scope, fcinfo, 11), &faults);
	user_check_free(&signup->app.realm, user, &faults);
	faults_raise(&faults);
	if (password.data != NULL)
		user->password_hash = password_hash(password);
}

/* Return when a token expires that is minted now. */
static TimestampTz
expiry(const Interval *ttl, TimestampTz now)
{
	double		seconds = ttl->time / 1e6 + (ttl->day + ttl->month * 30.0) * SECS_PER_DAY;

	if (seconds <= 0 || seconds > 366.0 * SECS_PER_DAY)
		fault_raise("ttl", "Time to live must be positive and 366 days at most.");
	return DatumGetTimestampTz(DirectFunctionCall2(timestamptz_pl_interval,
												   TimestampTzGetDatum(now),
												   IntervalPGetDatum(ttl)));
}

/* ---------- tokens ---------- */

/* Read a token; false if it is null, malformed or of another realm than the caller expects. */
static bool
read_token(Span token, const pg_uuid_t *expected_realm_id, TokenKey *key)
{
	if (token.data == NULL || !token_parse(token, key->realm_id.data, key->digest))
		return false;
	return expected_realm_id == NULL ||
		memcmp(expected_realm_id, &key->realm_id, UUID_SIZE) == 0;
}

/* Report a token that leads nowhere. */
static void
raise_no_token(void)
{
	ereport(ERROR,
			(errcode(ERRCODE_ARSIGNUP_NO_TOKEN),
			 errmsg("no such signup token")));
}

/* Store a token's digest with everything that redeeming it will need. */
static void
insert_token(const Signup *signup, const TokenKey *key, TimestampTz now, TimestampTz expires_at)
{
	static Statement insert_token = STATEMENT(
		"INSERT INTO arsignup.signup_tokens (realm_id, digest, connected_app_id, created_at,"
		" expires_at, username, email, first_name, last_name, org_name, custom, password_hash,"
		" credential_type) VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10, $11, $12, 'password')");
	const User *user = &signup->user;
	Parameters	parameters = {0};

	add_uuid(&parameters, &key->realm_id);
	add_bytes(&parameters, key->digest, TOKEN_DIGEST_SIZE);
	add_uuid(&parameters, &signup->app.id);
	add_time(&parameters, now);
	add_time(&parameters, expires_at);
	add_text(&parameters, user->username);
	add_text(&parameters, user->email);
	add_text(&parameters, user->first_name);
	add_text(&parameters, user->last_name);
	add_text(&parameters, signup->org_name);
	add_pointer(&parameters, JSONBOID, user->custom);
	add_text(&parameters, user->password_hash);
	(void) statement_run(&insert_token, &parameters);
}

/*
 * arsignup.mint_signup_token(connected_app_id uuid, email text, password arsignup.secret,
 * username text, email_confirmation text, password_confirmation arsignup.secret,
 * first_name text, last_name text, org_name text, custom jsonb, ttl interval,
 * password_hash arsignup.secret) returns text
 */
PG_FUNCTION_INFO_V1(arsignup_mint_signup_token);
Datum
arsignup_mint_signup_token(PG_FUNCTION_ARGS)
{
	SecretScope scope;
	Signup		signup = {0};
	Interval   *ttl = argument_interval(fcinfo, 10);
	TimestampTz now;
	TimestampTz expires_at;
	TokenKey	key;
	char	   *token;
	text	   *result;

	secret_scope_open(&scope);
	token = secret_alloc(&scope, TOKEN_LENGTH + 1);
	spi_open();
	app_read_active(argument_uuid(fcinfo, 0), &signup.app);
	if (!signup.app.signups_enabled)
		ereport(ERROR,
				(errcode(ERRCODE_ARSIGNUP_SWITCHED_OFF),
				 errmsg("signups are switched off")));
	read_signup(&scope, fcinfo, &signup);

	now = GetCurrentTimestamp();
	expires_at = expiry(ttl ? ttl : &signup.app.signup_token_ttl, now);
	token_make(signup.app.realm.id.data, token);
	(void) token_parse((Span) {token, TOKEN_LENGTH}, key.realm_id.data, key.digest);
	insert_token(&signup, &key, now, expires_at);
	spi_close();

	count(COUNT_TOKENS_MINTED);
	result = cstring_to_text_with_len(token, TOKEN_LENGTH);
	secret_scope_close(&scope);
	PG_RETURN_TEXT_P(result);
}

/* arsignup.get_signup_token(token arsignup.secret, realm_id uuid) returns setof arsignup.signup_token_info */
PG_FUNCTION_INFO_V1(arsignup_get_signup_token);
Datum
arsignup_get_signup_token(PG_FUNCTION_ARGS)
{
	static Statement select_token = STATEMENT(
		"SELECT realm_id, connected_app_id, username, email, first_name, last_name, org_name,"
		" credential_type, custom, CASE WHEN redeemed_at IS NOT NULL THEN 'redeemed'"
		" WHEN revoked_at IS NOT NULL THEN 'revoked' WHEN expires_at <= $3 THEN 'expired'"
		" ELSE 'pending' END, created_at, expires_at, user_id"
		" FROM arsignup.signup_tokens WHERE realm_id = $1 AND digest = $2");
	ReturnSetInfo *result = (ReturnSetInfo *) fcinfo->resultinfo;
	SecretScope scope;
	TokenKey	key;

	InitMaterializedSRF(fcinfo, 0);
	secret_scope_open(&scope);
	if (read_token(secret_argument(&scope, fcinfo, 0), argument_uuid(fcinfo, 1), &key))
	{
		Parameters	parameters = {0};

		spi_open();
		add_uuid(&parameters, &key.realm_id);
		add_bytes(&parameters, key.digest, TOKEN_DIGEST_SIZE);
		add_time(&parameters, GetCurrentTimestamp());
		if (statement_read(&select_token, &parameters) > 0)
			tuplestore_puttuple(result->setResult, SPI_tuptable->vals[0]);
		spi_close();
	}
	secret_scope_close(&scope);
	return (Datum) 0;
}

/* Say why a token cannot be redeemed; return if it can. */
static void
raise_token_state(const TokenKey *key, TimestampTz now)
{
	static Statement select_state = STATEMENT(
		"SELECT user_id, revoked_at IS NOT NULL, expires_at <= $3"
		" FROM arsignup.signup_tokens WHERE realm_id = $1 AND digest = $2");
	Parameters	parameters = {0};

	add_uuid(&parameters, &key->realm_id);
	add_bytes(&parameters, key->digest, TOKEN_DIGEST_SIZE);
	add_time(&parameters, now);
	if (statement_run(&select_state, &parameters) == 0)
		raise_no_token();
	if (!column_is_null(1))
		ereport(ERROR,
				(errcode(ERRCODE_ARSIGNUP_REDEEMED),
				 errmsg("signup token was already redeemed"),
				 errdetail_internal("{\"user_id\": \"%s\"}",
									DatumGetCString(DirectFunctionCall1(uuid_out, UUIDPGetDatum(column_uuid(1)))))));
	if (column_bool(2))
		ereport(ERROR,
				(errcode(ERRCODE_ARSIGNUP_REVOKED),
				 errmsg("signup token was revoked")));
	if (column_bool(3))
	{
		count(COUNT_TOKENS_EXPIRED);
		ereport(ERROR,
				(errcode(ERRCODE_ARSIGNUP_EXPIRED),
				 errmsg("signup token has expired")));
	}
}

/*
 * Mark a token as redeemed and forget its hash; return what it held. The
 * inner select locks the row, so that the second of two redeemers waits and
 * then finds nothing; it also still sees the hash that the update erases.
 */
static bool
take_token(const TokenKey *key, Signup *signup, pg_uuid_t *app_id, TimestampTz now)
{
	static Statement take_token = STATEMENT(
		"UPDATE arsignup.signup_tokens t SET redeemed_at = $3, user_id = $4, password_hash = NULL"
		" FROM (SELECT digest, password_hash FROM arsignup.signup_tokens"
		"  WHERE realm_id = $1 AND digest = $2 AND redeemed_at IS NULL AND revoked_at IS NULL"
		"  AND expires_at > $3 FOR UPDATE) pending"
		" WHERE t.realm_id = $1 AND t.digest = $2 AND t.digest = pending.digest"
		" RETURNING t.connected_app_id, t.username, t.email, t.first_name, t.last_name,"
		" t.org_name, t.custom, pending.password_hash");
	Parameters	parameters = {0};
	bool		isnull;

	add_uuid(&parameters, &key->realm_id);
	add_bytes(&parameters, key->digest, TOKEN_DIGEST_SIZE);
	add_time(&parameters, now);
	add_uuid(&parameters, &signup->user.id);
	if (statement_run(&take_token, &parameters) == 0)
		return false;
	*app_id = *column_uuid(1);
	signup->user.username = column_text(2);
	signup->user.email = column_text(3);
	signup->user.first_name = column_text(4);
	signup->user.last_name = column_text(5);
	signup->org_name = column_text(6);
	signup->user.custom = DatumGetJsonbPCopy(column(7, &isnull));
	signup->user.password_hash = column_text(8);
	return true;
}

/* ---------- redeeming ---------- */

/* Return custom attributes with others merged over them. */
static Jsonb *
merge_custom(Jsonb *custom, Jsonb *over)
{
	if (over == NULL || !JB_ROOT_IS_OBJECT(over))
		return over ? over : custom;
	return DatumGetJsonbP(DirectFunctionCall2(jsonb_concat, JsonbPGetDatum(custom),
											  JsonbPGetDatum(over)));
}

/* Add what the redeemer gives to what the token holds, and check the whole. */
static void
complete_signup(FunctionCallInfo fcinfo, Signup *signup)
{
	Faults		faults = NO_FAULTS;
	char	   *org_name = accept_line(argument_text(fcinfo, 1), "org_name", "Organisation name",
									   &faults);

	if (org_name != NULL)
		signup->org_name = org_name;
	signup->user.reference = argument_text(fcinfo, 2);
	signup->user.custom = merge_custom(signup->user.custom,
									   (Jsonb *) argument_varlena(fcinfo, 3));
	user_check(&signup->app.realm, &signup->user, &faults);
	faults_raise(&faults);
}

/* Insert the org, named after the user if nobody named it, and the membership with the app's permissions. */
static void
insert_org_and_membership(const Signup *signup, SignupResult *result, TimestampTz now)
{
	const pg_uuid_t *realm_id = &signup->app.realm.id;
	Org			org = {
		.id = id_make(now),
		.name = signup->org_name ? signup->org_name : user_full_name(&signup->user)
	};
	Membership	membership = {
		.id = id_make(now),
		.user_id = &signup->user.id,
		.org_id = &org.id,
		.permissions = signup->app.default_permissions
	};

	org_insert(realm_id, &org, now);
	(void) membership_insert(realm_id, &membership, now);
	result->signup_mode = "user_org";
	result->has_org = true;
	result->org_id = org.id;
	result->membership_id = membership.id;
}

/* Tell what a signup has made. */
static void
record_signup(const Signup *signup, const SignupResult *result, TimestampTz now)
{
	const pg_uuid_t *app_id = &signup->app.id;
	const Event events[] = {
		{"user.created", &result->user_id, NULL, NULL, app_id},
		{"org.created", NULL, &result->org_id, NULL, app_id},
		{"membership.created", &result->user_id, &result->org_id, &result->membership_id, app_id}
	};

	events_record(&signup->app.realm.id, now, events, result->has_org ? lengthof(events) : 1);
}

/* Insert the user of a checked signup, with org and membership if asked; tell of it. */
static void
insert_signup(Signup *signup, bool with_org, SignupResult *result, TimestampTz now)
{
	user_insert(&signup->app.realm, &signup->user, now);
	result->signup_mode = "user";
	result->user_id = signup->user.id;
	if (with_org)
		insert_org_and_membership(signup, result, now);
	record_signup(signup, result, now);
}

/* Turn a token into a user. */
static void
redeem(FunctionCallInfo fcinfo, const TokenKey *key, SignupResult *result)
{
	TimestampTz now = GetCurrentTimestamp();
	Signup		signup = {.user = {.id = id_make(now), .user_type = "human"}};
	pg_uuid_t	app_id;
	int			nest_level = lock_timeout_begin();

	while (!take_token(key, &signup, &app_id, now))
		raise_token_state(key, now);
	app_read_active(&app_id, &signup.app);
	complete_signup(fcinfo, &signup);
	insert_signup(&signup, PG_ARGISNULL(4) ? signup.org_name != NULL : PG_GETARG_BOOL(4),
				  result, now);
	lock_timeout_end(nest_level);
}

/* Return a row of signup_result. */
static Datum
return_result(FunctionCallInfo fcinfo, const SignupResult *result)
{
	TupleDesc	description;
	Datum		values[7] = {
		CStringGetTextDatum(result->signup_mode),
		UUIDPGetDatum(&result->user_id),
		UUIDPGetDatum(&result->org_id),
		UUIDPGetDatum(&result->membership_id)
	};
	bool		nulls[7] = {false, false, !result->has_org, !result->has_org, true, true, true};

	if (get_call_result_type(fcinfo, NULL, &description) != TYPEFUNC_COMPOSITE)
		elog(ERROR, "return type must be a row type");
	return HeapTupleGetDatum(heap_form_tuple(description, values, nulls));
}

/*
 * arsignup.redeem_signup_token(token arsignup.secret, org_name text, reference text,
 * custom jsonb, with_org boolean, realm_id uuid) returns arsignup.signup_result
 */
PG_FUNCTION_INFO_V1(arsignup_redeem_signup_token);
Datum
arsignup_redeem_signup_token(PG_FUNCTION_ARGS)
{
	SecretScope scope;
	SignupResult result = {0};
	TokenKey	key;

	secret_scope_open(&scope);
	if (!read_token(secret_argument(&scope, fcinfo, 0), argument_uuid(fcinfo, 5), &key))
		raise_no_token();
	spi_open();
	redeem(fcinfo, &key, &result);
	spi_close();
	secret_scope_close(&scope);
	count(COUNT_TOKENS_REDEEMED);
	return return_result(fcinfo, &result);
}

/* Tell whether a token exists, in whatever state. */
static bool
token_exists(const TokenKey *key)
{
	static Statement select_token = STATEMENT(
		"SELECT FROM arsignup.signup_tokens WHERE realm_id = $1 AND digest = $2");
	Parameters	parameters = {0};

	add_uuid(&parameters, &key->realm_id);
	add_bytes(&parameters, key->digest, TOKEN_DIGEST_SIZE);
	return statement_run(&select_token, &parameters) > 0;
}

/* Mark a pending token as revoked and forget its hash; false if it was not pending. */
static bool
revoke_token(const TokenKey *key)
{
	static Statement revoke_token = STATEMENT(
		"UPDATE arsignup.signup_tokens SET revoked_at = $3, password_hash = NULL"
		" WHERE realm_id = $1 AND digest = $2 AND redeemed_at IS NULL AND revoked_at IS NULL"
		" AND expires_at > $3");
	Parameters	parameters = {0};
	int			nest_level = lock_timeout_begin();
	bool		revoked;

	add_uuid(&parameters, &key->realm_id);
	add_bytes(&parameters, key->digest, TOKEN_DIGEST_SIZE);
	add_time(&parameters, GetCurrentTimestamp());
	revoked = statement_run(&revoke_token, &parameters) > 0;
	lock_timeout_end(nest_level);
	return revoked;
}

/* arsignup.revoke_signup_token(token arsignup.secret, realm_id uuid) returns boolean */
PG_FUNCTION_INFO_V1(arsignup_revoke_signup_token);
Datum
arsignup_revoke_signup_token(PG_FUNCTION_ARGS)
{
	SecretScope scope;
	TokenKey	key;
	bool		revoked;

	secret_scope_open(&scope);
	if (!read_token(secret_argument(&scope, fcinfo, 0), argument_uuid(fcinfo, 1), &key))
		raise_no_token();
	spi_open();
	revoked = revoke_token(&key);
	if (!revoked && !token_exists(&key))
		raise_no_token();
	spi_close();
	secret_scope_close(&scope);
	PG_RETURN_BOOL(revoked);
}
