/*
 * SQL functions: identity, users, their passwords and keys.
 */
#include "arsignup.h"

#include "account/user.h"
#include "account/user_key.h"
#include "attempt/attempt.h"
#include "base/argument.h"
#include "base/event.h"
#include "base/id.h"
#include "base/statement.h"
#include "password/password.h"

/* Return a text, or null for NULL. */
static Datum
return_text(FunctionCallInfo fcinfo, const char *text)
{
	if (text == NULL)
		PG_RETURN_NULL();
	PG_RETURN_TEXT_P(cstring_to_text(text));
}

/* arsignup.normalize_email(email text) returns text */
PG_FUNCTION_INFO_V1(arsignup_normalize_email);
Datum
arsignup_normalize_email(PG_FUNCTION_ARGS)
{
	return return_text(fcinfo, normalize_email(argument_text(fcinfo, 0)));
}

/* arsignup.normalize_username(username text) returns text */
PG_FUNCTION_INFO_V1(arsignup_normalize_username);
Datum
arsignup_normalize_username(PG_FUNCTION_ARGS)
{
	return return_text(fcinfo, normalize_username(argument_text(fcinfo, 0)));
}

/* Tell what happened to a user. */
static void
record(const Realm *realm, Event event, TimestampTz now)
{
	events_record(&realm->id, now, NULL, &event, 1);
}

/* ---------- users ---------- */

/* arsignup.find_user(realm_id uuid, login text) returns uuid */
PG_FUNCTION_INFO_V1(arsignup_find_user);
Datum
arsignup_find_user(PG_FUNCTION_ARGS)
{
	Realm		realm;
	pg_uuid_t	user_id;
	bool		found;

	spi_open();
	realm_read(argument_uuid(fcinfo, 0), &realm);
	found = user_find_id(&realm.id, argument_text(fcinfo, 1), &user_id);
	spi_close();
	if (!found)
		PG_RETURN_NULL();
	return return_uuid(user_id);
}

/* Check a user, its password or ready hash and, where that is worth its cost, its names; raise all faults. */
static void
check_new_user(SecretScope *scope, const Realm *realm, User *user, Span password, Span hash, Faults *faults)
{
	PasswordPolicy policy;

	user_check(realm, user, faults);
	if (user_is_verified(user) && user->email == NULL)
		fault_add(faults, "email_verified", "Email verified needs an email.");
	policy = user_password_policy(realm, user);
	if (password.data != NULL)
		password = password_accept(scope, password, &policy, faults);
	if (password.data != NULL && hash.data != NULL)
		fault_add(faults, "password_hash", "Password hash can't be given together with a password.");
	else if (hash.data != NULL)
		user->password_hash = password_hash_accept(hash, faults);
	if (user->has_given_id)
		user_check_id_free(user, faults);
	if (password.data != NULL || faults_exist(faults))
		user_check_free(realm, user, faults);
	faults_raise(faults);
	if (password.data != NULL)
		user->password_hash = password_hash(password);
}

/* Insert a checked user and tell of it. */
static void
insert_new_user(FunctionCallInfo fcinfo, const Realm *realm, User *user)
{
	TimestampTz now = GetCurrentTimestamp();
	int			nest_level = lock_timeout_begin();

	user_import(realm, user, argument_time(fcinfo, 11, now));
	record(realm, (Event) {.type = "user.created", .user_id = &user->id}, now);
	lock_timeout_end(nest_level);
}

/* Return a user of the arguments of create_user that are no secrets. */
static User
read_new_user(FunctionCallInfo fcinfo, TimestampTz now, Faults *faults)
{
	return (User)
	{
		.email = argument_text(fcinfo, 1),
		.username = argument_text(fcinfo, 3),
		.first_name = argument_text(fcinfo, 5),
		.last_name = argument_text(fcinfo, 6),
		.reference = argument_text(fcinfo, 7),
		.custom = argument_jsonb(fcinfo, 8),
		.user_type = PG_ARGISNULL(9) ? "human" : argument_text(fcinfo, 9),
		.id = accept_id(argument_uuid(fcinfo, 10), "user_id", "User id", now, faults),
		.has_given_id = !PG_ARGISNULL(10),
		.email_verification = argument_bool(fcinfo, 12) ? "verified" : "none",
		.state = PG_ARGISNULL(13) ? "active" : argument_text(fcinfo, 13)
	};
}

/*
 * arsignup.create_user(realm_id uuid, email text, password arsignup.secret, username text,
 * password_hash arsignup.secret, first_name text, last_name text, reference text,
 * custom jsonb, user_type text, user_id uuid, created_at timestamptz, email_verified boolean,
 * state text) returns uuid
 */
PG_FUNCTION_INFO_V1(arsignup_create_user);
Datum
arsignup_create_user(PG_FUNCTION_ARGS)
{
	TimestampTz now = GetCurrentTimestamp();
	Faults		faults = NO_FAULTS;
	SecretScope scope;
	Realm		realm;
	User		user;

	check_writable(fcinfo);
	secret_scope_open(&scope);
	spi_open();
	realm_read_active(argument_uuid(fcinfo, 0), &realm);
	user = read_new_user(fcinfo, now, &faults);
	check_created_at(argument_time(fcinfo, 11, now), now, &faults);
	state_check(user.state, &faults);
	check_new_user(&scope, &realm, &user, secret_argument(&scope, fcinfo, 2),
				   secret_argument(&scope, fcinfo, 4), &faults);
	insert_new_user(fcinfo, &realm, &user);
	spi_close();
	secret_scope_close(&scope);
	return return_uuid(user.id);
}

/* Replace what the arguments of update_user give; blank takes away, null leaves. A username that is the email follows it. */
static void
change_user(FunctionCallInfo fcinfo, const Realm *realm, User *user)
{
	if (!PG_ARGISNULL(2))
	{
		user->email = argument_text(fcinfo, 2);
		if (realm->usernames_are_emails || strchr(user->username, '@') != NULL)
			user->username = user->email;
	}
	if (!PG_ARGISNULL(3))
		user->username = argument_text(fcinfo, 3);
	if (!PG_ARGISNULL(4))
		user->first_name = argument_text(fcinfo, 4);
	if (!PG_ARGISNULL(5))
		user->last_name = argument_text(fcinfo, 5);
	if (!PG_ARGISNULL(6))
		user->reference = argument_text(fcinfo, 6);
	if (!PG_ARGISNULL(7))
		user->custom = argument_jsonb(fcinfo, 7);
	if (!PG_ARGISNULL(8))
		user->state = argument_text(fcinfo, 8);
}

/* Update a locked user who was checked, and tell of it; unless nothing has changed. */
static void
update_user(const Realm *realm, const User *before, User *user, TimestampTz now)
{
	Changes		changes = user_changes(before, user);

	if (changes.count == 0)
		return;
	user_update(realm, user);
	record(realm, (Event) {.type = "user.updated", .user_id = &user->id, .data = changes_data(&changes)}, now);
}

/*
 * arsignup.update_user(realm_id uuid, user_id uuid, email text, username text, first_name text,
 * last_name text, reference text, custom jsonb, state text) returns void
 */
PG_FUNCTION_INFO_V1(arsignup_update_user);
Datum
arsignup_update_user(PG_FUNCTION_ARGS)
{
	Faults		faults = NO_FAULTS;
	TimestampTz now;
	Realm		realm;
	User		user;
	User		before;
	int			nest_level;

	spi_open();
	realm_read(argument_uuid(fcinfo, 0), &realm);
	nest_level = lock_timeout_begin();
	user_lock(&realm.id, argument_uuid(fcinfo, 1), &user);
	now = GetCurrentTimestamp();
	before = user;
	change_user(fcinfo, &realm, &user);
	user_check(&realm, &user, &faults);
	state_check(user.state, &faults);
	user_check_free(&realm, &user, &faults);
	faults_raise(&faults);
	update_user(&realm, &before, &user, now);
	lock_timeout_end(nest_level);
	spi_close();
	PG_RETURN_VOID();
}

/* ---------- passwords ---------- */

/* Give a user the password that was checked, whether it had one or not, and tell of it. */
static void
set_password(const Realm *realm, const User *user)
{
	int			nest_level = lock_timeout_begin();
	TimestampTz now;
	User		locked;

	user_lock(&realm->id, &user->id, &locked);
	now = GetCurrentTimestamp();
	user_set_password(&realm->id, user, false, now);
	record(realm, password_changed(&user->id), now);
	lock_timeout_end(nest_level);
}

/* arsignup.set_password(realm_id uuid, user_id uuid, password arsignup.secret) returns void */
PG_FUNCTION_INFO_V1(arsignup_set_password);
Datum
arsignup_set_password(PG_FUNCTION_ARGS)
{
	SecretScope scope;
	Realm		realm;
	User		user;

	check_writable(fcinfo);
	secret_scope_open(&scope);
	spi_open();
	realm_read(argument_uuid(fcinfo, 0), &realm);
	user_read(&realm.id, argument_uuid(fcinfo, 1), &user);
	user_hash_password(&scope, &realm, &user, secret_argument(&scope, fcinfo, 2));
	set_password(&realm, &user);
	spi_close();
	secret_scope_close(&scope);
	PG_RETURN_VOID();
}

/* arsignup.set_password_hash(realm_id uuid, user_id uuid, password_hash arsignup.secret) returns void */
PG_FUNCTION_INFO_V1(arsignup_set_password_hash);
Datum
arsignup_set_password_hash(PG_FUNCTION_ARGS)
{
	SecretScope scope;
	Faults		faults = NO_FAULTS;
	Realm		realm;
	User		user;

	secret_scope_open(&scope);
	spi_open();
	realm_read(argument_uuid(fcinfo, 0), &realm);
	user_read(&realm.id, argument_uuid(fcinfo, 1), &user);
	user.password_hash = password_hash_accept(secret_argument(&scope, fcinfo, 2), &faults);
	faults_raise(&faults);
	set_password(&realm, &user);
	spi_close();
	secret_scope_close(&scope);
	PG_RETURN_VOID();
}

/* Exchange a verified password, unless somebody was faster; no row is locked while hashing. */
static bool
exchange_password(const Realm *realm, User *user)
{
	int			nest_level = lock_timeout_begin();
	TimestampTz now;
	User		locked;
	bool		exchanged;

	user_lock(&realm->id, &user->id, &locked);
	now = GetCurrentTimestamp();
	exchanged = user_exchange_password(&realm->id, user, now);
	if (exchanged)
		record(realm, password_changed(&user->id), now);
	lock_timeout_end(nest_level);
	return exchanged;
}

/* Hold a password against that of a user, as often as may be tried; or raise SU008. */
static bool
verify_current(SecretScope *scope, const Realm *realm, const User *user, Span password)
{
	Attempt		attempt = attempt_to_change_password(&realm->id, &user->id);
	int			wait = attempt_reserve(&attempt);

	if (wait > 0)
		raise_throttled(wait);
	return attempt_verify(&attempt, scope, password, user->password_hash);
}

/*
 * arsignup.change_password(realm_id uuid, user_id uuid, current_password arsignup.secret,
 * password arsignup.secret) returns boolean
 */
PG_FUNCTION_INFO_V1(arsignup_change_password);
Datum
arsignup_change_password(PG_FUNCTION_ARGS)
{
	SecretScope scope;
	Realm		realm;
	User		user;
	Span		current;
	bool		changed = false;

	check_writable(fcinfo);
	secret_scope_open(&scope);
	spi_open();
	realm_read_active(argument_uuid(fcinfo, 0), &realm);
	user_read(&realm.id, argument_uuid(fcinfo, 1), &user);
	if (strcmp(user.state, "active") != 0)
		raise_inactive("user");
	current = secret_argument(&scope, fcinfo, 2);
	if (user_read_password(&realm.id, &user) && password_is_possible(current) &&
		verify_current(&scope, &realm, &user, current))
	{
		user_hash_password(&scope, &realm, &user, secret_argument(&scope, fcinfo, 3));
		changed = exchange_password(&realm, &user);
	}
	spi_close();
	secret_scope_close(&scope);
	PG_RETURN_BOOL(changed);
}

/* arsignup.delete_password(realm_id uuid, user_id uuid) returns boolean */
PG_FUNCTION_INFO_V1(arsignup_delete_password);
Datum
arsignup_delete_password(PG_FUNCTION_ARGS)
{
	Realm		realm;
	User		user;
	int			nest_level;
	bool		deleted;

	spi_open();
	realm_read(argument_uuid(fcinfo, 0), &realm);
	nest_level = lock_timeout_begin();
	deleted = user_find_and_lock(&realm.id, argument_uuid(fcinfo, 1), &user) &&
		user_delete_password(&realm.id, &user.id);
	if (deleted)
		record(&realm, password_changed(&user.id), GetCurrentTimestamp());
	lock_timeout_end(nest_level);
	spi_close();
	PG_RETURN_BOOL(deleted);
}

/* ---------- keys ---------- */

/* Make sure that a user is an active program, and keep it from being deleted; or raise SU001, SU006 or SU010. */
static void
hold_program(const Realm *realm, const pg_uuid_t *user_id)
{
	Faults		faults = NO_FAULTS;
	User		user;

	if (!user_find_and_hold(&realm->id, user_id, &user))
		raise_not_found("user");
	if (strcmp(user.user_type, "api") != 0)
		fault_add(&faults, "user_id", "User must be of type api to have a key.");
	faults_raise(&faults);
	if (strcmp(user.state, "active") != 0)
		raise_inactive("user");
}

/* arsignup.create_user_key(realm_id uuid, user_id uuid) returns text */
PG_FUNCTION_INFO_V1(arsignup_create_user_key);
Datum
arsignup_create_user_key(PG_FUNCTION_ARGS)
{
	const pg_uuid_t *user_id = argument_uuid(fcinfo, 1);
	text	   *result = palloc(VARHDRSZ + KEY_LENGTH + 1);
	Realm		realm;
	int			nest_level;

	spi_open();
	realm_read_active(argument_uuid(fcinfo, 0), &realm);
	nest_level = lock_timeout_begin();
	hold_program(&realm, user_id);
	user_key_insert(&realm.id, user_id, GetCurrentTimestamp(), VARDATA(result));
	SET_VARSIZE(result, VARHDRSZ + KEY_LENGTH);
	lock_timeout_end(nest_level);
	spi_close();
	PG_RETURN_TEXT_P(result);
}

/* arsignup.delete_user_key(realm_id uuid, key_id uuid) returns boolean */
PG_FUNCTION_INFO_V1(arsignup_delete_user_key);
Datum
arsignup_delete_user_key(PG_FUNCTION_ARGS)
{
	Realm		realm;
	int			nest_level;
	bool		deleted;

	spi_open();
	realm_read(argument_uuid(fcinfo, 0), &realm);
	nest_level = lock_timeout_begin();
	deleted = user_key_delete(&realm.id, argument_uuid(fcinfo, 1));
	lock_timeout_end(nest_level);
	spi_close();
	PG_RETURN_BOOL(deleted);
}

/* arsignup.authenticate_key(realm_id uuid, key arsignup.secret) returns uuid */
PG_FUNCTION_INFO_V1(arsignup_authenticate_key);
Datum
arsignup_authenticate_key(PG_FUNCTION_ARGS)
{
	SecretScope scope;
	Realm		realm;
	pg_uuid_t	user_id;
	bool		found;

	secret_scope_open(&scope);
	spi_open();
	realm_read(argument_uuid(fcinfo, 0), &realm);
	found = user_key_find(&realm.id, secret_argument(&scope, fcinfo, 1), &user_id);
	spi_close();
	secret_scope_close(&scope);
	if (!found || !realm.active)
		PG_RETURN_NULL();
	return return_uuid(user_id);
}
