/*
 * SQL functions: signups and signup tokens.
 */
#include "arsignup.h"

#include "account/held.h"
#include "attempt/attempt.h"
#include "base/argument.h"
#include "base/event.h"
#include "base/id.h"
#include "base/shared.h"
#include "base/statement.h"
#include "login/session.h"
#include "login/source.h"
#include "mb/pg_wchar.h"
#include "miscadmin.h"
#include "org/org.h"
#include "password/password.h"
#include "password/strength.h"
#include "signup/token_row.h"
#include "utils/datetime.h"
#include "utils/fmgrprotos.h"

/* What a signup has made; columns of signup_result. */
typedef struct SignupResult
{
	SignupMode	mode;
	pg_uuid_t	user_id;
	pg_uuid_t	org_id;
	pg_uuid_t	membership_id;
	Session		session;
	char	   *token;
	char	   *url;
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
	if (!password_is_repeated(scope, password, confirmation))
		fault_add(faults, "password_confirmation",
				  "Password confirmation does not match the password.");
}

/* Note which names are missing that the app's form requires. */
static void
check_required_names(const Signup *signup, Faults *faults)
{
	const User *user = &signup->user;
	FieldRule	rule = signup->app.name_field;

	if (rule == FIELD_REQUIRED && user->first_name == NULL)
		fault_add(faults, "first_name", "First name can't be blank.");
	if (rule == FIELD_REQUIRED && user->last_name == NULL)
		fault_add(faults, "last_name", "Last name can't be blank.");
	if (rule == FIELD_EITHER && user->first_name == NULL && user->last_name == NULL)
		fault_add(faults, "first_name", "First and last name can't both be blank.");
}

/* Check the password, or the ready hash that is given in its place; a signup needs one of them. */
static Span
check_credential(SecretScope *scope, FunctionCallInfo fcinfo, Signup *signup, Span hash, Faults *faults)
{
	Span		password = secret_argument(scope, fcinfo, 2);
	PasswordPolicy policy;

	if (password.data == NULL && hash.data != NULL)
	{
		signup->user.password_hash = password_hash_accept(hash, faults);
		return password;
	}
	policy = user_password_policy(&signup->app.realm, &signup->user);
	policy.related = related_add(policy.related, signup->app.name);
	policy.related = related_add(policy.related, signup->org_name);
	password = password_accept(scope, password, &policy, faults);
	if (password.data != NULL)
		check_password_confirmation(scope, &signup->app, password,
									secret_argument(scope, fcinfo, 5), faults);
	if (hash.data != NULL)
		fault_add(faults, "password_hash", "Password hash can't be given together with a password.");
	return password;
}

/*
 * Read the ten arguments that signup and mint_signup_token begin with, but for
 * the app and the password, and the name of the org only where it counts.
 */
static void
read_person(FunctionCallInfo fcinfo, bool with_org, Signup *signup, Faults *faults)
{
	User	   *user = &signup->user;

	user->user_type = "human";
	user->email = argument_text(fcinfo, 1);
	user->username = argument_text(fcinfo, 3);
	user->first_name = argument_text(fcinfo, 6);
	user->last_name = argument_text(fcinfo, 7);
	user->custom = argument_jsonb(fcinfo, 9);
	user_check(&signup->app.realm, user, faults);
	check_email_confirmation(user, argument_text(fcinfo, 4), faults);
	check_required_names(signup, faults);
	if (with_org)
		signup->org_name = accept_line(argument_text(fcinfo, 8), "org_name", "Organisation name", faults);
}

/* Tell whether a signup asks for the name of an org. */
static bool
asks_for_org(const App *app)
{
	return app->signup_mode == SIGNUP_USER_ORG && app->org_name_field != FIELD_HIDDEN;
}

/*
 * Check the credential and, where that spares a hash, tells of more faults or
 * is for a token, the names; raise all faults at once; hash the password last, when nothing
 * else can be wrong.
 */
static void
finish_reading(SecretScope *scope, FunctionCallInfo fcinfo, int hash_argument, bool is_for_later,
			   Signup *signup, Faults *faults)
{
	Span		password = check_credential(scope, fcinfo, signup,
											secret_argument(scope, fcinfo, hash_argument), faults);

	if (is_for_later)
		user_check_free_later(&signup->app.realm, &signup->user, faults);
	else if (password.data != NULL || faults_exist(faults))
		user_check_free(&signup->app.realm, &signup->user, faults);
	faults_raise(faults);
	if (password.data != NULL)
		signup->user.password_hash = password_hash(password);
}

/* Read an app that takes signups; or raise SU006 or SU010. */
static void
read_open_app(FunctionCallInfo fcinfo, App *app)
{
	app_read_active(argument_uuid(fcinfo, 0), app);
	if (!app->signups_enabled)
		ereport(ERROR,
				(errcode(ERRCODE_ARSIGNUP_SWITCHED_OFF),
				 errmsg("signups are switched off")));
}

/* ---------- minting ---------- */

/* Return when a token expires that is minted now. */
static TimestampTz
expiry(const Interval *ttl, TimestampTz now)
{
	return DatumGetTimestampTz(DirectFunctionCall2(timestamptz_pl_interval,
												   TimestampTzGetDatum(now),
												   IntervalPGetDatum(ttl)));
}

/* Return how long an interval is, where nothing can overflow; months have 30 days. */
static double
interval_seconds(const Interval *interval)
{
	return interval->time / 1e6 + (interval->day + interval->month * 30.0) * SECS_PER_DAY;
}

/* Tell whether an interval is positive and no longer than so many seconds. */
static bool
is_within(const Interval *interval, double seconds)
{
	TimestampTz now = GetCurrentTimestamp();
	double		length = interval_seconds(interval);

	return length > 0 && length <= seconds && expiry(interval, now) > now;
}

/* Note a time to live that is not positive, or longer than a year. */
static void
check_ttl(const Interval *ttl, Faults *faults)
{
	if (!is_within(ttl, 366.0 * SECS_PER_DAY))
		fault_add(faults, "ttl", "Time to live must be positive and 366 days at most.");
}

/* Make a token for a checked signup and store its digest; the token is the scope's. */
static char *
mint(SecretScope *scope, const Signup *signup, const Interval *ttl)
{
	TimestampTz now = GetCurrentTimestamp();
	TimestampTz expires_at = expiry(ttl, now);
	char	   *token = secret_alloc(scope, TOKEN_LENGTH + 1);
	TokenKey	key;

	token_make(SIGNUP_TOKEN_PREFIX, signup->app.realm.id.data, token);
	(void) token_key_read((Span) {token, TOKEN_LENGTH}, NULL, &key);
	token_insert(signup, &key, now, expires_at);
	return token;
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
	Faults		faults = NO_FAULTS;
	const Interval *ttl = argument_interval(fcinfo, 10);
	char	   *token;
	text	   *result;

	check_writable(fcinfo);
	secret_scope_open(&scope);
	spi_open();
	read_open_app(fcinfo, &signup.app);
	read_person(fcinfo, true, &signup, &faults);
	if (ttl == NULL)
		ttl = &signup.app.signup_token_ttl;
	check_ttl(ttl, &faults);
	finish_reading(&scope, fcinfo, 11, true, &signup, &faults);
	token = mint(&scope, &signup, ttl);
	spi_close();
	result = cstring_to_text_with_len(token, TOKEN_LENGTH);
	secret_scope_close(&scope);
	count(COUNT_TOKENS_MINTED);
	PG_RETURN_TEXT_P(result);
}

/* arsignup.get_signup_token(token arsignup.secret, realm_id uuid) returns setof arsignup.signup_token_info */
PG_FUNCTION_INFO_V1(arsignup_get_signup_token);
Datum
arsignup_get_signup_token(PG_FUNCTION_ARGS)
{
	static Statement select_token = STATEMENT(
		"SELECT t.realm_id, t.connected_app_id, t.username, t.email, t.first_name, t.last_name, t.org_name,"
		" t.credential_type, t.custom, CASE WHEN t.redeemed_at IS NOT NULL THEN 'redeemed'"
		" WHEN t.revoked_at IS NOT NULL THEN 'revoked' WHEN t.expires_at <= $4 THEN 'expired'"
		" WHEN u.held_until > $4 THEN 'held' ELSE 'pending' END, t.created_at, t.expires_at, t.user_id, $5::text,"
		" CASE WHEN t.revoked_at IS NULL THEN u.held_until END"
		" FROM arsignup.signup_tokens t LEFT JOIN LATERAL (SELECT held_until FROM arsignup.users"
		"  WHERE realm_id = t.realm_id AND id = t.user_id AND state = 'held' AND held_until > $4 OFFSET 0) u ON true"
		" WHERE " OF_TOKEN);
	ReturnSetInfo *result = (ReturnSetInfo *) fcinfo->resultinfo;
	Parameters	parameters = {0};
	SecretScope scope;
	TokenKey	key;
	Realm		realm;
	char		signup_id[SIGNUP_ID_LENGTH + 1];

	InitMaterializedSRF(fcinfo, 0);
	secret_scope_open(&scope);
	if (token_key_read(secret_argument(&scope, fcinfo, 0), argument_uuid(fcinfo, 1), &key))
	{
		spi_open();
		signup_id_write(key.realm_id.data, key.id.data, signup_id);
		token_key_add(&parameters, &key);
		add_time(&parameters, GetCurrentTimestamp());
		add_text(&parameters, signup_id);
		if (realm_find(&key.realm_id, &realm) && statement_read(&select_token, &parameters) > 0)
			tuplestore_puttuple(result->setResult, SPI_tuptable->vals[0]);
		spi_close();
	}
	secret_scope_close(&scope);
	return (Datum) 0;
}

/* ---------- holding ---------- */

/* Write an interval as the server does by itself, whatever style the session has set. */
static char *
interval_text(const Interval *interval)
{
	struct pg_itm parts;
	char		text[MAXDATELEN + 1];

	interval2itm(*interval, &parts);
	EncodeInterval(&parts, INTSTYLE_POSTGRES, text);
	return pstrdup(text);
}

/* Note a hold that is not positive, or longer from now on than the realm allows: a month may have a day more than another. */
static void
check_hold(const Interval *longest, const Interval *hold_for, TimestampTz now, Faults *faults)
{
	if (hold_for == NULL || !is_within(hold_for, interval_seconds(longest)) || expiry(hold_for, now) > expiry(longest, now))
		fault_add(faults, "hold_for", psprintf("Hold must be positive and %s at most.", interval_text(longest)));
}

/*
 * Hold the names of a token until a time, in the place of another token if one
 * is given; return until when, and for which user.
 */
static TimestampTz
hold(const TokenKey *key, const TokenKey *replaced, const Interval *hold_for, pg_uuid_t *user_id)
{
	TimestampTz now = GetCurrentTimestamp();
	HeldToken	token = {.user = {.id = id_make(now), .user_type = "human"}};
	int			nest_level = lock_timeout_begin();
	Faults		faults = NO_FAULTS;
	TimestampTz held_until;
	App			app;

	token_lock(key, replaced, &token, now);
	lock_timeout_go_on();
	app_read_active(&token.app_id, &app);
	check_hold(&app.realm.longest_hold, hold_for, now, &faults);
	user_check(&app.realm, &token.user, &faults);
	faults_raise(&faults);
	if (token.replaces_held)
		held_release(&app.realm.id, &token.replaced_id);
	now = GetCurrentTimestamp();
	held_until = held_reserve(&app.realm, &token.user, expiry(hold_for, now), now);
	token_note_hold(key, &token.user.id, held_until);
	lock_timeout_end(nest_level);
	*user_id = token.user.id;
	return held_until;
}

/*
 * arsignup.hold_signup_token(token arsignup.secret, hold_for interval, realm_id uuid, replaces arsignup.secret,
 * OUT user_id uuid, OUT held_until timestamptz)
 */
PG_FUNCTION_INFO_V1(arsignup_hold_signup_token);
Datum
arsignup_hold_signup_token(PG_FUNCTION_ARGS)
{
	SecretScope scope;
	Span		replaces;
	TokenKey	key;
	TokenKey	replaced;
	pg_uuid_t	user_id;
	TimestampTz held_until;
	Datum		values[2];
	bool		nulls[2] = {false, false};

	check_writable(fcinfo);
	secret_scope_open(&scope);
	replaces = secret_argument(&scope, fcinfo, 3);
	if (!token_key_read(secret_argument(&scope, fcinfo, 0), argument_uuid(fcinfo, 2), &key) ||
		(replaces.data != NULL && !token_key_read(replaces, &key.realm_id, &replaced)))
		raise_no_token();
	spi_open();
	held_until = hold(&key, replaces.data ? &replaced : NULL, argument_interval(fcinfo, 1), &user_id);
	spi_close();
	secret_scope_close(&scope);
	values[0] = UUIDPGetDatum(&user_id);
	values[1] = TimestampTzGetDatum(held_until);
	return return_row(fcinfo, values, nulls);
}

/* ---------- making users ---------- */

/* Return as much of a name as fits: a first and a last name together may be too long. */
static char *
clip_name(const char *name)
{
	return pnstrdup(name, pg_mbcharcliplen(name, strlen(name), MAX_NAME_LENGTH));
}

/* Insert the org, named after the user if nobody named it, and the membership with the app's permissions. */
static void
insert_org_and_membership(const Signup *signup, SignupResult *result, TimestampTz now)
{
	const pg_uuid_t *realm_id = &signup->app.realm.id;
	Org			org = {
		.id = id_make(now),
		.name = signup->org_name ? signup->org_name : clip_name(user_full_name(&signup->user))
	};
	Membership	membership = {
		.id = id_make(now),
		.user_id = &signup->user.id,
		.org_id = &org.id,
		.permissions = signup->app.default_permissions
	};

	org_insert(realm_id, &org, now);
	membership_insert(realm_id, &membership, now);
	result->org_id = org.id;
	result->membership_id = membership.id;
}

/*
 * Tell whether a mail to verify is to follow a signup. Where several may have
 * one address, signing up is no way to flood it; elsewhere nothing is counted,
 * since who is declined and comes again has not had any mail.
 */
static bool
verification_follows(const Signup *signup)
{
	const Realm *realm = &signup->app.realm;
	bool		is_unique = realm->usernames_are_emails || realm->emails_are_unique;

	return realm->verification_is_requested &&
		(is_unique || attempt_to_mail_address(&realm->id, signup->user.email_key) == 0);
}

/* Tell what a signup has made. */
static void
record_signup(const Signup *signup, const EventSource *source, const SignupResult *result, TimestampTz now)
{
	Event		events[MAX_EVENTS] = {{.type = "user.created", .user_id = &result->user_id}};
	int			count = 1;

	if (verification_follows(signup))
		events[count++] = (Event) {.type = "user.email.verification_requested", .user_id = &result->user_id};
	if (result->mode == SIGNUP_USER_ORG)
	{
		events[count++] = (Event) {.type = "org.created", .org_id = &result->org_id};
		events[count++] = (Event)
		{
			.type = "membership.created",
			.user_id = &result->user_id,
			.org_id = &result->org_id,
			.membership_id = &result->membership_id
		};
	}
	if (signup->user.logs_in)
		events[count++] = (Event) {.type = "user.login.succeeded", .user_id = &result->user_id};
	events_record(&signup->app.realm.id, now, source, events, count);
}

/* Insert the user of a checked signup and, in that mode, org and membership; tell of it. */
static void
insert_signup(Signup *signup, const EventSource *source, SignupResult *result, TimestampTz now)
{
	if (signup->app.realm.verification_is_requested)
		signup->user.email_verification = "requested";
	user_insert(&signup->app.realm, &signup->user, now);
	result->user_id = signup->user.id;
	if (result->mode == SIGNUP_USER_ORG)
		insert_org_and_membership(signup, result, now);
	record_signup(signup, source, result, now);
}

/* Return a row of signup_result; what was not made is null. */
static Datum
return_result(FunctionCallInfo fcinfo, const SignupResult *result)
{
	static const char *const modes[] = {"user", "user_org", "signup_token"};
	bool		has_user = result->mode != SIGNUP_TOKEN;
	bool		has_org = result->mode == SIGNUP_USER_ORG;
	Datum		values[7] = {
		CStringGetTextDatum(modes[result->mode]),
		UUIDPGetDatum(&result->user_id),
		UUIDPGetDatum(&result->org_id),
		UUIDPGetDatum(&result->membership_id),
		UUIDPGetDatum(&result->session.id),
		result->token ? CStringGetTextDatum(result->token) : (Datum) 0,
		result->url ? CStringGetTextDatum(result->url) : (Datum) 0
	};
	bool		nulls[7] = {
		false, !has_user, !has_org, !has_org, !result->session.is_managed,
		result->token == NULL, result->url == NULL
	};

	return return_row(fcinfo, values, nulls);
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
	signup->user.custom = merge_custom(signup->user.custom, argument_jsonb(fcinfo, 3));
	user_check(&signup->app.realm, &signup->user, &faults);
	if (faults_exist(&faults))
		user_check_free(&signup->app.realm, &signup->user, &faults);
	faults_raise(&faults);
}

/* Turn a token into a user. */
static void
redeem(FunctionCallInfo fcinfo, const TokenKey *key, SignupResult *result)
{
	TimestampTz now = GetCurrentTimestamp();
	Signup		signup = {.user = {.id = id_make(now), .user_type = "human"}};
	EventSource source = {0};
	pg_uuid_t	app_id;
	int			nest_level = lock_timeout_begin();
	bool		with_org;

	token_take(key, &signup, &app_id, now);
	lock_timeout_go_on();
	app_read_active(&app_id, &signup.app);
	source.connected_app_id = &signup.app.id;
	complete_signup(fcinfo, &signup);
	with_org = PG_ARGISNULL(4) ? signup.org_name != NULL : PG_GETARG_BOOL(4);
	result->mode = with_org ? SIGNUP_USER_ORG : SIGNUP_USER;
	insert_signup(&signup, &source, result, now);
	lock_timeout_end(nest_level);
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
	if (!token_key_read(secret_argument(&scope, fcinfo, 0), argument_uuid(fcinfo, 5), &key))
		raise_no_token();
	spi_open();
	redeem(fcinfo, &key, &result);
	spi_close();
	secret_scope_close(&scope);
	count(COUNT_TOKENS_REDEEMED);
	return return_result(fcinfo, &result);
}

/* arsignup.revoke_signup_token(token arsignup.secret, realm_id uuid) returns boolean */
PG_FUNCTION_INFO_V1(arsignup_revoke_signup_token);
Datum
arsignup_revoke_signup_token(PG_FUNCTION_ARGS)
{
	SecretScope scope;
	TokenKey	key;
	Realm		realm;
	int			nest_level;
	bool		revoked;

	secret_scope_open(&scope);
	if (!token_key_read(secret_argument(&scope, fcinfo, 0), argument_uuid(fcinfo, 1), &key))
		raise_no_token();
	spi_open();
	if (!realm_find(&key.realm_id, &realm))
		raise_no_token();
	nest_level = lock_timeout_begin();
	revoked = token_revoke(&key);
	lock_timeout_end(nest_level);
	spi_close();
	secret_scope_close(&scope);
	PG_RETURN_BOOL(revoked);
}

/* arsignup.revoke_signup_tokens(realm_id uuid) returns bigint */
PG_FUNCTION_INFO_V1(arsignup_revoke_signup_tokens);
Datum
arsignup_revoke_signup_tokens(PG_FUNCTION_ARGS)
{
	int			nest_level;
	Realm		realm;
	uint64		revoked;

	spi_open();
	realm_read(argument_uuid(fcinfo, 0), &realm);
	nest_level = lock_timeout_begin();
	revoked = tokens_revoke_realm(&realm.id, GetCurrentTimestamp());
	lock_timeout_end(nest_level);
	spi_close();
	PG_RETURN_INT64(revoked);
}

/* ---------- signing up ---------- */

/* Make the user and, unless logins are switched off or the email must be verified first, log them in. */
static void
make_and_log_in(SecretScope *scope, const EventSource *source, Signup *signup, SignupResult *result)
{
	TimestampTz now = GetCurrentTimestamp();
	const App  *app = &signup->app;
	int			nest_level = lock_timeout_begin();

	signup->user.logs_in = app->logins_enabled && !user_must_verify(&app->realm, &signup->user);
	insert_signup(signup, source, result, now);
	source_remember(&app->realm.id, &signup->user.id, source->ip, now);
	result->url = app->login_handler;
	if (signup->user.logs_in)
	{
		session_start(&app->realm, &signup->user, source, now, &result->session);
		result->token = session_token(scope, &app->realm, &signup->user, &result->session);
		result->url = url_with_token(app->login_handler, result->token, true);
	}
	lock_timeout_end(nest_level);
}

/* Count a signup from a source, or raise SU008: names that are taken are told apart by no more than this. */
static void
spend_attempt(const App *app, const inet *source)
{
	int			wait = attempt_to_sign_up(&app->realm.id, source);

	if (wait > 0)
		raise_throttled(wait);
}

/* Note the source of a signup that makes a token, or raise SU008 if that has enough of them. */
static void
note_source(Signup *signup, const inet *ip)
{
	TimestampTz now = GetCurrentTimestamp();
	TimestampTz until;

	if (ip == NULL)
		return;
	signup->source = source_network(ip);
	if (tokens_are_enough(&signup->app.realm.id, signup->source, now, &until))
		raise_throttled(Max(1, (until - now + USECS_PER_SEC - 1) / USECS_PER_SEC));
}

/* Do what the app's mode says with a checked signup. */
static void
sign_up(SecretScope *scope, const EventSource *source, Signup *signup, SignupResult *result)
{
	if (result->mode != SIGNUP_TOKEN)
	{
		make_and_log_in(scope, source, signup, result);
		count(COUNT_SIGNUPS);
		return;
	}
	result->token = mint(scope, signup, &signup->app.signup_token_ttl);
	result->url = url_with_token(signup->app.signup_handler, result->token, false);
	count(COUNT_TOKENS_MINTED);
}

/*
 * arsignup.signup(connected_app_id uuid, email text, password arsignup.secret, username text,
 * email_confirmation text, password_confirmation arsignup.secret, first_name text,
 * last_name text, org_name text, custom jsonb, ip inet, client text,
 * password_hash arsignup.secret) returns arsignup.signup_result
 */
PG_FUNCTION_INFO_V1(arsignup_signup);
Datum
arsignup_signup(PG_FUNCTION_ARGS)
{
	SecretScope scope;
	Signup		signup = {.user = {.id = id_make(GetCurrentTimestamp())}};
	SignupResult result = {0};
	EventSource source = argument_source(fcinfo, 10, 11);
	Faults		faults = NO_FAULTS;
	MemoryContext caller = CurrentMemoryContext;
	MemoryContext spi;
	Datum		row;

	check_writable(fcinfo);
	secret_scope_open(&scope);
	spi_open();
	read_open_app(fcinfo, &signup.app);
	source.connected_app_id = &signup.app.id;
	spend_attempt(&signup.app, source.ip);
	result.mode = signup.app.signup_mode;
	if (result.mode == SIGNUP_TOKEN)
		note_source(&signup, source.ip);
	read_person(fcinfo, asks_for_org(&signup.app), &signup, &faults);
	if (asks_for_org(&signup.app) && signup.app.org_name_field == FIELD_REQUIRED && signup.org_name == NULL)
		fault_add(&faults, "org_name", "Organisation name can't be blank.");
	finish_reading(&scope, fcinfo, 12, result.mode == SIGNUP_TOKEN, &signup, &faults);
	sign_up(&scope, &source, &signup, &result);
	spi = MemoryContextSwitchTo(caller);
	row = return_result(fcinfo, &result);
	MemoryContextSwitchTo(spi);
	spi_close();
	secret_scope_close(&scope);
	return row;
}
