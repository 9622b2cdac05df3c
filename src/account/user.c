/*
 * Users and their credentials.
 */
#include "account/user.h"

#include "account/identity.h"
#include "base/id.h"
#include "base/secret.h"
#include "base/statement.h"
#include "base/text.h"
#include "catalog/pg_type.h"
#include "miscadmin.h"
#include "utils/builtins.h"
#include "utils/fmgrprotos.h"

static Statement select_taken = STATEMENT(
	"SELECT EXISTS (SELECT FROM arsignup.users WHERE realm_id = $1 AND username_key = $2),"
	" $3 IS NOT NULL AND EXISTS"
	" (SELECT FROM arsignup.users WHERE realm_id = $1 AND email_key = $3 AND email_is_unique)");

static Statement insert_user = STATEMENT(
	"INSERT INTO arsignup.users (realm_id, id, created_at, user_type, username, username_key,"
	" email, email_key, email_is_unique, first_name, last_name, reference, custom)"
	" VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10, $11, $12, $13)"
	" ON CONFLICT DO NOTHING");

static Statement insert_credential = STATEMENT(
	"INSERT INTO arsignup.credentials (realm_id, id, user_id, created_at, updated_at,"
	" credential_type, password_hash) VALUES ($1, $2, $3, $4, $4, 'password', $5)");

/* Trim a text and bring it into normal form C. */
static Span
trim_to_nfc(const char *text)
{
	return text_to_nfc(span_trim((Span) {text, strlen(text)}));
}

/* Canonicalise: trim, NFC, ASCII lower case, and only then validate. */
static char *
normalize(const char *given, bool (*is_valid) (Span), size_t max)
{
	Span		text;
	char	   *lower;

	if (given == NULL)
		return NULL;
	text = trim_to_nfc(given);
	if (text.size > max)
		return NULL;
	lower = palloc(text.size + 1);
	ascii_lower(lower, text);
	return is_valid((Span) {lower, text.size}) ? lower : NULL;
}

/* Return the canonical form of an email, or NULL if it is not well-formed. */
char *
normalize_email(const char *email)
{
	return normalize(email, email_is_valid, EMAIL_MAX);
}

/* Return the canonical form of a username, or NULL if it is not well-formed. */
char *
normalize_username(const char *username)
{
	return normalize(username, username_is_valid, USERNAME_MAX);
}

/* Return what was typed without the space around it; NULL if nothing is left. */
static char *
accept_trimmed(const char *given)
{
	Span		text;

	if (given == NULL)
		return NULL;
	text = span_trim((Span) {given, strlen(given)});
	return text.size > 0 ? pnstrdup(text.data, text.size) : NULL;
}

/* Return a line of free text, trimmed, NULL if blank; or note what is wrong with it. */
char *
accept_line(char *given, const char *attribute, const char *label, Faults *faults)
{
	char	   *line = accept_trimmed(given);
	Span		text = {line, line ? strlen(line) : 0};

	if (!utf8_is_single_line(text))
		fault_add(faults, attribute, psprintf("%s can't contain control characters.", label));
	if (utf8_length(text) > MAX_NAME_LENGTH)
		fault_add(faults, attribute, psprintf("%s can't be longer than %d characters.",
											  label, MAX_NAME_LENGTH));
	return line;
}

/* Return custom attributes, {} for null; or note what is wrong with them. */
Jsonb *
accept_custom(Jsonb *given, Faults *faults)
{
	if (given == NULL)
		return DatumGetJsonbP(DirectFunctionCall1(jsonb_in, CStringGetDatum("{}")));
	if (!JB_ROOT_IS_OBJECT(given))
		fault_add(faults, "custom", "Custom attributes must be a JSON object.");
	if (VARSIZE(given) > MAX_CUSTOM_SIZE)
		fault_add(faults, "custom", psprintf("Custom attributes can't be larger than %d bytes.",
											 MAX_CUSTOM_SIZE));
	return given;
}

/* Check the email: people must have one, programs may. */
static void
check_email(User *user, bool is_human, Faults *faults)
{
	user->email = accept_trimmed(user->email);
	user->email_key = normalize_email(user->email);
	if (user->email == NULL && is_human)
		fault_add(faults, "email", "Email can't be blank.");
	if (user->email != NULL && user->email_key == NULL)
		fault_add(faults, "email", "Email is not a valid address.");
}

/* Check a username where emails are usernames: it is the email, or missing. */
static void
check_email_username(User *user, Faults *faults)
{
	if (user->username != NULL && user->email_key != NULL)
	{
		char	   *key = normalize_email(user->username);

		if (key == NULL || strcmp(key, user->email_key) != 0)
			fault_add(faults, "username", "Username must be the email.");
	}
	user->username = user->email;
	user->username_key = user->email_key;
}

/* Check a username of its own. */
static void
check_standard_username(User *user, Faults *faults)
{
	user->username_key = normalize_username(user->username);
	if (user->username_key == NULL)
		fault_add(faults, "username",
				  psprintf("Username must begin with a letter or digit and have only letters, digits,"
						   " dots, underscores and hyphens, %d at most.", USERNAME_MAX));
}

/* Check the username by the realm's rule; a program without one is named by its id. */
static void
check_username(const Realm *realm, User *user, bool is_human, Faults *faults)
{
	user->username = accept_trimmed(user->username);
	if (realm->usernames_are_emails && (is_human || user->email != NULL))
		check_email_username(user, faults);
	else if (user->username != NULL)
		check_standard_username(user, faults);
	else if (is_human)
		fault_add(faults, "username", "Username can't be blank.");
	else
	{
		user->username = DatumGetCString(DirectFunctionCall1(uuid_out, UUIDPGetDatum(&user->id)));
		user->username_key = user->username;
	}
}

/* Bring a user into the form in which it is stored, or note what is wrong with it. */
void
user_check(const Realm *realm, User *user, Faults *faults)
{
	bool		is_human = strcmp(user->user_type, "human") == 0;

	if (!is_human && strcmp(user->user_type, "api") != 0)
		fault_add(faults, "user_type", "User type must be human or api.");
	check_email(user, is_human, faults);
	check_username(realm, user, is_human, faults);
	user->first_name = accept_line(user->first_name, "first_name", "First name", faults);
	user->last_name = accept_line(user->last_name, "last_name", "Last name", faults);
	user->reference = accept_line(user->reference, "reference", "Reference", faults);
	user->custom = accept_custom(user->custom, faults);
}

/* Tell whether the row takes part in the index of unique emails; where the email is the username, that one's index serves. */
static bool
email_is_unique(const Realm *realm, const User *user)
{
	return realm->emails_are_unique && user->email_key != NULL &&
		user->email_key != user->username_key;
}

/* Note which names of a checked user are taken. */
void
user_check_free(const Realm *realm, const User *user, Faults *faults)
{
	bool		usernames_are_emails = user->username_key == user->email_key;
	Parameters	parameters = {0};

	add_uuid(&parameters, &realm->id);
	add_text(&parameters, user->username_key);
	add_text(&parameters, email_is_unique(realm, user) ? user->email_key : NULL);
	(void) statement_run(&select_taken, &parameters);
	if (column_bool(1) && !usernames_are_emails)
		fault_add_taken(faults, "username", "Username is already taken.");
	if (column_bool(usernames_are_emails ? 1 : 2))
		fault_add_taken(faults, "email", "Email is already taken.");
}

/* Insert the row of a checked user; false if a name is taken, once nobody is still making up their mind about it. */
static bool
insert_row(const Realm *realm, const User *user, TimestampTz now)
{
	Parameters	parameters = {0};

	add_uuid(&parameters, &realm->id);
	add_uuid(&parameters, &user->id);
	add_time(&parameters, now);
	add_text(&parameters, user->user_type);
	add_text(&parameters, user->username);
	add_text(&parameters, user->username_key);
	add_text(&parameters, user->email);
	add_text(&parameters, user->email_key);
	add_bool(&parameters, email_is_unique(realm, user));
	add_text(&parameters, user->first_name);
	add_text(&parameters, user->last_name);
	add_text(&parameters, user->reference);
	add_pointer(&parameters, JSONBOID, user->custom);
	return statement_run(&insert_user, &parameters) == 1;
}

/* Insert the credential of a user just inserted. */
static void
insert_password(const Realm *realm, const User *user, TimestampTz now)
{
	pg_uuid_t	id = id_make(now);
	Parameters	parameters = {0};

	add_uuid(&parameters, &realm->id);
	add_uuid(&parameters, &id);
	add_uuid(&parameters, &user->id);
	add_time(&parameters, now);
	add_text(&parameters, user->password_hash);
	(void) statement_run(&insert_credential, &parameters);
}

/* Insert a checked user, and its credential if it has one; or raise SU002. */
void
user_insert(const Realm *realm, User *user, TimestampTz now)
{
	while (!insert_row(realm, user, now))
	{
		Faults		faults = NO_FAULTS;

		/* Usually tells who has the name; if they are gone by now, try again. */
		user_check_free(realm, user, &faults);
		faults_raise(&faults);
		CHECK_FOR_INTERRUPTS();
	}
	if (user->password_hash != NULL)
		insert_password(realm, user, now);
}

/* Return what the user is called: first and last name, without either the username. */
const char *
user_full_name(const User *user)
{
	if (user->first_name != NULL && user->last_name != NULL)
		return psprintf("%s %s", user->first_name, user->last_name);
	if (user->first_name != NULL)
		return user->first_name;
	return user->last_name != NULL ? user->last_name : user->username;
}
