/*
 * SQL functions: ways back in, by password resets and email verification.
 */
#include "arsignup.h"

#include "account/user.h"
#include "attempt/attempt.h"
#include "base/argument.h"
#include "base/event.h"
#include "base/statement.h"
#include "login/session.h"
#include "login/source.h"
#include "recovery/one_time_token.h"

/* Return the id of the user whose token was used, or null. */
static Datum
return_user(FunctionCallInfo fcinfo, bool used, const OneTimeToken *token)
{
	if (!used)
		PG_RETURN_NULL();
	return return_uuid(token->user_id);
}

/* ---------- passwords ---------- */

/* Record that somebody asks for a reset: one event whoever is named; the name is not kept, since people type passwords there. */
static void
record_request(const Realm *realm, const char *login, const EventSource *source)
{
	Event		event = {.type = "user.password_token.failed"};
	User		user;

	if (user_find_by_login(realm, login, &user) &&
		strcmp(user.state, "active") == 0 && user.email_key != NULL)
		event = (Event) {.type = purpose_event(PASSWORD_RESET), .user_id = &user.id};
	events_record(&realm->id, GetCurrentTimestamp(), source, &event, 1);
}

/*
 * arsignup.request_password_reset(realm_id uuid, login text, ip inet, client text) returns void
 *
 * Neither the answer nor the work tells whether there is such an account, nor
 * whether it was asked for too often.
 */
PG_FUNCTION_INFO_V1(arsignup_request_password_reset);
Datum
arsignup_request_password_reset(PG_FUNCTION_ARGS)
{
	EventSource source = argument_source(fcinfo, 2, 3);
	char	   *login = argument_text(fcinfo, 1);
	Realm		realm;

	spi_open();
	realm_read_active(argument_uuid(fcinfo, 0), &realm);
	if (attempt_to_mail_name(&realm.id, normalize_login(login), source.ip) == 0)
		record_request(&realm, login, &source);
	spi_close();
	PG_RETURN_VOID();
}

/*
 * Use up a token, give its user the new password and end what the old one has
 * opened; false if it is void by now. A token that was mailed went to the
 * address that the user has, so that is verified as well.
 */
static bool
replace_password(const OneTimeToken *token, const User *user, const EventSource *source)
{
	Event		events[] = {
		{.type = "user.password_token.consumed", .user_id = &user->id},
		password_changed(&user->id),
		{.type = "user.email.verified", .user_id = &user->id}
	};
	int			nest_level = lock_timeout_begin();
	User		locked;
	TimestampTz now;
	bool		used;

	used = user_find_and_lock(&token->realm_id, &token->user_id, &locked);
	now = GetCurrentTimestamp();
	used = used && one_time_token_use(token, &locked, now);
	if (used)
	{
		user_set_password(&token->realm_id, user, token->is_mailed, now);
		(void) sessions_end(&token->realm_id, &token->user_id, now);
		events_record(&token->realm_id, now, source, events,
					  token->is_mailed && !user_is_verified(&locked) ? 3 : 2);
		source_remember(&token->realm_id, &token->user_id, source->ip, now);
	}
	lock_timeout_end(nest_level);
	return used;
}

/* Let who has reset their password try again at once, by whichever name, from where they are. */
static void
forgive(const OneTimeToken *token, const User *user, const inet *source)
{
	attempt_forgive(&token->realm_id, normalize_login(user->username), source);
	attempt_forgive(&token->realm_id, user->email_key, source);
}

/*
 * arsignup.reset_password(token arsignup.secret, password arsignup.secret, ip inet,
 * client text) returns uuid
 *
 * The token is looked at before the password is hashed, so that a bad one
 * costs no hash, and used up afterwards, so that nothing is locked meanwhile.
 */
PG_FUNCTION_INFO_V1(arsignup_reset_password);
Datum
arsignup_reset_password(PG_FUNCTION_ARGS)
{
	SecretScope scope;
	OneTimeToken token;
	EventSource source = argument_source(fcinfo, 2, 3);
	Realm		realm;
	User		user;
	bool		used;

	check_writable(fcinfo);
	secret_scope_open(&scope);
	spi_open();
	used = one_time_token_find(PASSWORD_RESET, secret_argument(&scope, fcinfo, 0), &token, &user);
	if (used)
	{
		realm_read_active(&token.realm_id, &realm);
		user_hash_password(&scope, &realm, &user, secret_argument(&scope, fcinfo, 1));
		used = replace_password(&token, &user, &source);
		if (used && source.ip != NULL)
			forgive(&token, &user, source.ip);
	}
	spi_close();
	secret_scope_close(&scope);
	return return_user(fcinfo, used, &token);
}

/* ---------- emails ---------- */

/* Record that a user is to verify their email; or raise SU008. */
static void
record_verification(const Realm *realm, const User *user, const EventSource *source)
{
	Event		event = {.type = purpose_event(EMAIL_VERIFICATION), .user_id = &user->id};
	int			wait = attempt_to_mail_user(&realm->id, &user->id, source->ip);

	if (wait > 0)
		raise_throttled(wait);
	user_set_verification(&realm->id, user, "requested");
	events_record(&realm->id, GetCurrentTimestamp(), source, &event, 1);
}

/* arsignup.request_email_verification(realm_id uuid, user_id uuid, ip inet, client text) returns void */
PG_FUNCTION_INFO_V1(arsignup_request_email_verification);
Datum
arsignup_request_email_verification(PG_FUNCTION_ARGS)
{
	EventSource source = argument_source(fcinfo, 2, 3);
	Faults		faults = NO_FAULTS;
	int			nest_level;
	Realm		realm;
	User		user;

	spi_open();
	realm_read_active(argument_uuid(fcinfo, 0), &realm);
	nest_level = lock_timeout_begin();
	user_lock(&realm.id, argument_uuid(fcinfo, 1), &user);
	if (strcmp(user.state, "active") != 0)
		raise_inactive("user");
	if (user.email_key == NULL)
		fault_add(&faults, "email", "Email can't be blank.");
	faults_raise(&faults);
	if (!user_is_verified(&user))
		record_verification(&realm, &user, &source);
	lock_timeout_end(nest_level);
	spi_close();
	PG_RETURN_VOID();
}

/* Use up a token and note that its user's email is verified; false if it is void by now. */
static bool
note_verified(const OneTimeToken *token)
{
	Event		event = {.type = "user.email.verified", .user_id = &token->user_id};
	int			nest_level = lock_timeout_begin();
	User		locked;
	TimestampTz now;
	bool		used;

	used = user_find_and_lock(&token->realm_id, &token->user_id, &locked);
	now = GetCurrentTimestamp();
	used = used && one_time_token_use(token, &locked, now);
	if (used && !user_is_verified(&locked))
	{
		user_set_verification(&token->realm_id, &locked, "verified");
		events_record(&token->realm_id, now, NULL, &event, 1);
	}
	lock_timeout_end(nest_level);
	return used;
}

/* arsignup.verify_email(token arsignup.secret) returns uuid */
PG_FUNCTION_INFO_V1(arsignup_verify_email);
Datum
arsignup_verify_email(PG_FUNCTION_ARGS)
{
	SecretScope scope;
	OneTimeToken token;
	Realm		realm;
	User		user;
	bool		used;

	secret_scope_open(&scope);
	spi_open();
	used = one_time_token_find(EMAIL_VERIFICATION, secret_argument(&scope, fcinfo, 0), &token, &user);
	if (used)
	{
		realm_read_active(&token.realm_id, &realm);
		used = note_verified(&token);
	}
	spi_close();
	secret_scope_close(&scope);
	return return_user(fcinfo, used, &token);
}
