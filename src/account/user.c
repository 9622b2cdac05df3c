/*
 * Users and their credentials.
 */
#include "account/user.h"

#include <sodium.h>

#include "account/held.h"
#include "account/identity.h"
#include "base/id.h"
#include "base/lookup.h"
#include "base/secret.h"
#include "base/statement.h"
#include "base/text.h"
#include "password/strength.h"
#include "access/xact.h"
#include "catalog/pg_type.h"
#include "utils/builtins.h"
#include "utils/fmgrprotos.h"
#include "utils/timestamp.h"

/*
 * In so many bytes may be given what is accepted: no character in normal form
 * C comes of more than nine bytes, and no ASCII character of more than three.
 */
#define RAW_LINE_MAX_SIZE (9 * MAX_NAME_LENGTH)
#define RAW_IDENTITY_MAX_SIZE (3 * EMAIL_MAX)

/* Of so many a user with an id that was given has one by chance as the first; that leaves as many to count up. */
#define FIRST_GENERATIONS (PG_INT32_MAX / 2)

/* Who has a name, and until when it is held. */
static Lookup owner_of_username = {
	.table = "users", .index = "users_username", .keys = "realm_id, username_key", .columns = "id, held_until"
};
static Lookup owner_of_email = {
	.table = "users", .index = "users_email", .keys = "realm_id, email_key", .null = "shared_email_id",
	.where = "email_key <> username_key", .columns = "id, held_until"
};

static Insert insert_user = INSERT_UNLESS_TAKEN("users", NEW_USER);
static Insert insert_user_or_fail = INSERT("users", NEW_USER);

#define USER_COLUMNS \
	"u.id, u.user_type, u.username, u.email, u.first_name, u.last_name, u.reference, u.custom," \
	" u.state, u.token_generation, u.email_key, u.email_verification, u.shared_email_id IS NOT NULL"

#define SELECT_USER \
	"SELECT " USER_COLUMNS " FROM arsignup.users u WHERE realm_id = $1 AND id = $2 AND " IS_SOMEBODY

/* OFFSET 0 has the planner look for one password: before the first ANALYZE it would rather go through the realm's. */
#define SELECT_USER_AND_PASSWORD \
	"SELECT " USER_COLUMNS ", c.password_hash, c.updated_at FROM arsignup.users u" \
	" LEFT JOIN LATERAL (SELECT password_hash, updated_at FROM arsignup.credentials" \
	"  WHERE realm_id = u.realm_id AND user_id = u.id AND key_digest = '' OFFSET 0) c ON true"

static Statement select_user = STATEMENT(SELECT_USER);
static Statement select_user_for_key_share = STATEMENT(SELECT_USER " FOR KEY SHARE");
static Statement select_user_for_update = STATEMENT(SELECT_USER " FOR NO KEY UPDATE");

static Statement hold_user = STATEMENT(
	"SELECT state = 'active', email_verification FROM arsignup.users"
	" WHERE realm_id = $1 AND id = $2 AND " IS_SOMEBODY " FOR KEY SHARE");

static Statement update_user = STATEMENT(
	"UPDATE arsignup.users SET username = $3, username_key = $4, email = $5, email_key = $6,"
	" shared_email_id = $7, first_name = $8, last_name = $9, reference = $10, custom = $11,"
	" state = $12, token_generation = token_generation + CASE WHEN $12 = state THEN 0 ELSE 1 END,"
	" email_verification ="
	"  CASE WHEN email_key IS NOT DISTINCT FROM $6 THEN email_verification ELSE 'none' END"
	" WHERE realm_id = $1 AND id = $2");

static Statement invalidate_tokens = STATEMENT(
	"UPDATE arsignup.users SET token_generation = token_generation + 1,"
	" email_verification = CASE WHEN $3 THEN 'verified' ELSE email_verification END"
	" WHERE realm_id = $1 AND id = $2");

static Statement delete_user = STATEMENT(
	"DELETE FROM arsignup.users WHERE realm_id = $1 AND id = $2");

/* Where a user's password is. */
#define OF_PASSWORD "realm_id = $1 AND user_id = $2 AND key_digest = ''"

/* When a password is changed: a later time than ever before, since it is known by that, even if the clock was set back. */
#define CHANGED_AT(now) "updated_at = greatest(" now ", c.updated_at + interval '1 microsecond')"

#define NEW_PASSWORD "realm_id, user_id, created_at, updated_at, password_hash"

static Statement set_credential = STATEMENT(
	"INSERT INTO arsignup.credentials AS c (" NEW_PASSWORD ") VALUES ($1, $2, $3, $4, $5)"
	" ON CONFLICT (realm_id, user_id, key_digest) DO UPDATE"
	" SET password_hash = EXCLUDED.password_hash, " CHANGED_AT("EXCLUDED.updated_at"));

static Statement exchange_credential = STATEMENT(
	"UPDATE arsignup.credentials c SET password_hash = $4, " CHANGED_AT("$5")
	" WHERE " OF_PASSWORD " AND updated_at = $3");
static Statement find_credential = STATEMENT(
	"SELECT FROM arsignup.credentials WHERE " OF_PASSWORD " AND updated_at = $3");

static Statement renew_credential = STATEMENT(
	"UPDATE arsignup.credentials SET password_hash = $4"
	" WHERE " OF_PASSWORD " AND password_hash = $3 AND user_id ="
	" (SELECT user_id FROM arsignup.credentials WHERE " OF_PASSWORD " FOR NO KEY UPDATE SKIP LOCKED)");

static Statement select_credential = STATEMENT(
	"SELECT password_hash, updated_at FROM arsignup.credentials WHERE " OF_PASSWORD);

/*
 * Trim a text and bring it into normal form C; one of more bytes than could be
 * accepted is only trimmed. Normal form may bring another character to the
 * end, so what is trimmed there is looked at once more.
 */
static Span
trim_to_nfc(const char *text, size_t max_size)
{
	Span		trimmed = utf8_trim((Span) {text, strlen(text)});

	return trimmed.size <= max_size ? utf8_trim(text_to_nfc(trimmed)) : trimmed;
}

/* Canonicalise: trim, NFC, ASCII lower case, and only then validate. */
static char *
normalize(const char *given, bool (*is_valid) (Span), size_t max)
{
	Span		text;
	char	   *lower;

	if (given == NULL)
		return NULL;
	text = trim_to_nfc(given, RAW_IDENTITY_MAX_SIZE);
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

/* Return what people type at a login as it is compared: an email, a username, or a text that is nobody's. */
char *
normalize_login(const char *login)
{
	char	   *email = normalize_email(login);
	char	   *username = email ? email : normalize_username(login);

	return username || !login ? username : pstrdup(login);
}

/* Return what was typed in normal form C and without what shows nothing around it; NULL if nothing is left. */
static char *
accept_trimmed(const char *given, size_t max_size)
{
	Span		text;

	if (given == NULL)
		return NULL;
	text = trim_to_nfc(given, max_size);
	return text.size > 0 ? pnstrdup(text.data, text.size) : NULL;
}

/* Return a line of free text as it is stored and compared; NULL if it is blank. */
char *
normalize_line(const char *line)
{
	return accept_trimmed(line, RAW_LINE_MAX_SIZE);
}

/* Return a line of free text, trimmed, NULL if blank; or note what is wrong with it. */
char *
accept_line(char *given, const char *attribute, const char *label, Faults *faults)
{
	char	   *line = normalize_line(given);
	Span		text = {line, line ? strlen(line) : 0};

	if (!utf8_is_single_line(text))
		fault_add(faults, attribute, psprintf("%s can't contain control characters.", label));
	if (utf8_length(text) > MAX_NAME_LENGTH)
		fault_add(faults, attribute, psprintf("%s can't be longer than %d characters; this one has %zu.",
											  label, MAX_NAME_LENGTH, utf8_length(text)));
	return line;
}

/* Return the id that is given, or else a new one; or note that it can be nobody's: lists begin before the first and end behind the last. */
pg_uuid_t
accept_id(const pg_uuid_t *given, const char *attribute, const char *label, TimestampTz now, Faults *faults)
{
	pg_uuid_t	first;
	pg_uuid_t	last;

	if (given == NULL)
		return id_make(now);
	memset(&first, 0x00, UUID_LEN);
	memset(&last, 0xff, UUID_LEN);
	if (memcmp(given, &first, UUID_LEN) == 0 || memcmp(given, &last, UUID_LEN) == 0)
		fault_add(faults, attribute, psprintf("%s can't be the first or the last UUID that there is.", label));
	return *given;
}

/* Note a time at which nothing can have been made. */
void
check_created_at(TimestampTz created_at, TimestampTz now, Faults *faults)
{
	if (created_at < SetEpochTimestamp() || created_at > now)
		fault_add(faults, "created_at", "Time of creation must be between 1970 and now.");
}

/* Return custom attributes as they are stored: {} for null. */
Jsonb *
custom_or_empty(Jsonb *custom)
{
	return custom ? custom : DatumGetJsonbP(DirectFunctionCall1(jsonb_in, CStringGetDatum("{}")));
}

/* Return custom attributes, {} for null; or note what is wrong with them. */
Jsonb *
accept_custom(Jsonb *given, Faults *faults)
{
	size_t		size;

	if (given == NULL)
		return custom_or_empty(NULL);
	if (!JB_ROOT_IS_OBJECT(given))
		fault_add(faults, "custom", "Custom attributes must be a JSON object.");
	size = strlen(JsonbToCString(NULL, &given->root, VARSIZE(given)));
	if (size > MAX_CUSTOM_SIZE)
		fault_add(faults, "custom", psprintf("Custom attributes can't be larger than 65,536 bytes; these have %zu.",
											 size));
	return given;
}

/* Check the email: people must have one, programs may. */
static void
check_email(User *user, bool is_human, Faults *faults)
{
	user->email = accept_trimmed(user->email, RAW_IDENTITY_MAX_SIZE);
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

/* Return the name of a program that was given none: its id. */
static char *
name_of_id(const pg_uuid_t *id)
{
	return DatumGetCString(DirectFunctionCall1(uuid_out, UUIDPGetDatum(id)));
}

/*
 * Tell whether a canonical name has the form of an id and is not that of its
 * own user. Where an id may be given it must not be found: it could be the id
 * of somebody else, or of somebody who is gone.
 */
bool
name_is_foreign_id(const char *key, const pg_uuid_t *user_id)
{
	return username_is_id((Span) {key, strlen(key)}) && strcmp(key, name_of_id(user_id)) != 0;
}

/*
 * Return the canonical form of a username that is the user's own email where
 * usernames are standard, NULL if it is not. Neither an email nor a username
 * ends with an @: so the email is no username to the index of emails, which
 * keeps it from others, and is found there at a login.
 */
static char *
normalize_own_email(const User *user)
{
	char	   *key = normalize_email(user->username);

	return key && user->email_key && strcmp(key, user->email_key) == 0 ? psprintf("%s@", key) : NULL;
}

/* Tell whether a username that was canonicalised is the user's own email where usernames are standard. */
static bool
is_named_by_email(const User *user)
{
	return user->username_key != NULL && user->username_key[strlen(user->username_key) - 1] == '@';
}

/* Check a username with an @: the user's own email. One that is the same as an email that is none is told of already. */
static void
check_address_username(User *user, Faults *faults)
{
	user->username_key = normalize_own_email(user);
	if (user->username_key == NULL && (user->email == NULL || strcmp(user->username, user->email) != 0))
		fault_add(faults, "username", "Username can't have an @, unless it is the email.");
}

/* Check a username of its own. */
static void
check_standard_username(User *user, Faults *faults)
{
	if (strchr(user->username, '@') != NULL)
	{
		check_address_username(user, faults);
		return;
	}
	user->username_key = normalize_username(user->username);
	if (user->username_key == NULL)
		fault_add(faults, "username",
				  "Username must begin with a letter or digit and have only letters a to z, digits,"
				  " dots, underscores and hyphens, 63 characters at most.");
	else if (name_is_foreign_id(user->username_key, &user->id))
	{
		user->username_key = NULL;
		fault_add(faults, "username", "Username must not look like an id.");
	}
}

/* Check the username by the realm's rule; a program without one is named by its id. */
static void
check_username(const Realm *realm, User *user, bool is_human, Faults *faults)
{
	user->username = accept_trimmed(user->username, RAW_IDENTITY_MAX_SIZE);
	if (realm->usernames_are_emails && (is_human || user->email != NULL))
		check_email_username(user, faults);
	else if (user->username != NULL)
		check_standard_username(user, faults);
	else if (is_human)
		fault_add(faults, "username", "Username can't be blank.");
	else
	{
		user->username = name_of_id(&user->id);
		user->username_key = user->username;
	}
}

/* Bring a user into the form in which it is stored, or note what is wrong with it. */
void
user_check(const Realm *realm, User *user, Faults *faults)
{
	bool		is_human = strcmp(user->user_type, "human") == 0;

	if (!is_human && strcmp(user->user_type, "api") != 0)
		fault_add(faults, "user_type", psprintf("User type must be human or api, not %s.", fault_quote(user->user_type)));
	check_email(user, is_human, faults);
	check_username(realm, user, is_human, faults);
	user->first_name = accept_line(user->first_name, "first_name", "First name", faults);
	user->last_name = accept_line(user->last_name, "last_name", "Last name", faults);
	user->reference = accept_line(user->reference, "reference", "Reference", faults);
	user->custom = accept_custom(user->custom, faults);
}

/* Note a state that there is not. */
void
state_check(const char *state, Faults *faults)
{
	if (strcmp(state, "active") != 0 && strcmp(state, "inactive") != 0)
		fault_add(faults, "state", psprintf("State must be active or inactive, not %s.", fault_quote(state)));
}

/* Note that somebody, of whatever realm, has a user's id. */
void
user_check_id_free(const User *user, Faults *faults)
{
	static Lookup owner_of_id = {.table = "users", .index = "users_pkey", .keys = "id", .columns = "id"};
	Parameters	parameters = {0};
	Found		found;

	add_uuid(&parameters, &user->id);
	if (lookup_read_latest(&owner_of_id, &parameters, &found))
		fault_add_taken(faults, "user_id", "User id");
}

/*
 * Tell whether a user's email finds them at a login: where the realm asks for
 * it nobody else may have it; of those who share one it is at most one's
 * username.
 */
static bool
email_is_unique(const Realm *realm, const User *user)
{
	return realm->emails_are_unique || user->email_key == user->username_key || is_named_by_email(user);
}

/* Tell whether somebody else has a name, and until when it is held, infinity if for ever. */
static bool
is_taken(Lookup *owner, const Realm *realm, const char *key, const User *user, TimestampTz *until)
{
	Parameters	parameters = {0};
	Found		found;

	add_uuid(&parameters, &realm->id);
	add_text(&parameters, key);
	if (!lookup_read_latest(owner, &parameters, &found) ||
		memcmp(DatumGetUUIDP(found.values[0]), &user->id, UUID_LEN) == 0)
		return false;
	*until = found.nulls[1] ? DT_NOEND : DatumGetTimestampTz(found.values[1]);
	return true;
}

/*
 * Note that a name is taken, or held; unless it is free. Tell whether it is
 * free since its hold is over. Every mint asks this: nothing reads a clock
 * where nobody has the name.
 */
static bool
note_taken(Lookup *owner, const Realm *realm, const char *key, const User *user,
		   const char *attribute, const char *label, bool is_for_later, Faults *faults)
{
	TimestampTz until;

	if (!is_taken(owner, realm, key, user, &until))
		return false;
	if (!TIMESTAMP_NOT_FINITE(until) && until <= GetCurrentTimestamp())
		return true;
	if (TIMESTAMP_NOT_FINITE(until))
		fault_add_taken(faults, attribute, label);
	else if (!is_for_later)
		fault_add_held(faults, attribute, label, until);
	return false;
}

/*
 * Note which names of a checked user are taken by others, or held, unless it
 * is to have them later only; tell whether others still have one whose hold is over.
 */
static bool
check_free(const Realm *realm, const User *user, bool is_for_later, Faults *faults)
{
	bool		is_over = false;

	if (user->username_key == user->email_key)
		return note_taken(&owner_of_username, realm, user->email_key, user, "email", "Email", is_for_later, faults);
	is_over = note_taken(&owner_of_username, realm, user->username_key, user, "username", "Username", is_for_later, faults);
	if (email_is_unique(realm, user))
		is_over |= note_taken(&owner_of_email, realm, user->email_key, user, "email", "Email", is_for_later, faults);
	return is_over;
}

/* Note which names of a checked user are taken by others, or held for them. */
void
user_check_free(const Realm *realm, const User *user, Faults *faults)
{
	(void) check_free(realm, user, false, faults);
}

/* Note which names of a user to be are taken by others; a hold of a name may be over, or be moved, by the time. */
void
user_check_free_later(const Realm *realm, const User *user, Faults *faults)
{
	(void) check_free(realm, user, true, faults);
}

/* Add what all statements that write a checked user have in common. */
void
user_add(Parameters *parameters, const Realm *realm, const User *user)
{
	add_uuid(parameters, &realm->id);
	add_uuid(parameters, &user->id);
	add_text(parameters, user->username);
	add_text(parameters, user->username_key);
	add_text(parameters, user->email);
	add_text(parameters, user->email_key);
	add_uuid(parameters, user->email_key == NULL || email_is_unique(realm, user) ? NULL : &user->id);
	add_text(parameters, user->first_name);
	add_text(parameters, user->last_name);
	add_text(parameters, user->reference);
	add_pointer(parameters, JSONBOID, user->custom);
}

/* Return all that the row of a checked user has when it begins: NEW_USER. */
Parameters
user_new(const Realm *realm, const User *user, TimestampTz now)
{
	Parameters	parameters = {0};

	user_add(&parameters, realm, user);
	add_time(&parameters, now);
	add_text(&parameters, user->user_type);
	add_optional_time(&parameters, user->logs_in ? &now : NULL);
	add_text(&parameters, user->email_verification ? user->email_verification : "none");
	return parameters;
}

/* Begin the parameters of a statement about one user. */
Parameters
user_parameters(const pg_uuid_t *realm_id, const pg_uuid_t *user_id)
{
	Parameters	parameters = {0};

	add_uuid(&parameters, realm_id);
	add_uuid(&parameters, user_id);
	return parameters;
}

/* Return all that the row of a password has when it begins: NEW_PASSWORD. */
static Parameters
new_password(const pg_uuid_t *realm_id, const User *user, TimestampTz now)
{
	Parameters	parameters = user_parameters(realm_id, &user->id);

	add_time(&parameters, now);
	add_time(&parameters, now);
	add_text(&parameters, user->password_hash);
	return parameters;
}

/*
 * Raise SU002 if a name of a checked user is taken, or held; holds whose time
 * is over give it up: tell whether there were any. One that is newer than the
 * transaction's snapshot cannot be changed in it.
 */
static bool
claim_names(const Realm *realm, const User *user)
{
	Faults		faults = NO_FAULTS;
	bool		is_over = check_free(realm, user, false, &faults);

	faults_raise(&faults);
	lock_timeout_go_on();
	if (is_over && !held_give_way(&realm->id, user) && IsolationUsesXactSnapshot())
		ereport(ERROR,
				(errcode(ERRCODE_T_R_SERIALIZATION_FAILURE),
				 errmsg("could not serialize access due to a hold that is over")));
	return is_over;
}

/* How often to find nobody who has a name that could not be had, before it is no matter of names. */
#define FRUITLESS_TRIES 4

/*
 * Insert the row of a checked user by an insert that does nothing if a name
 * is taken, once nobody is still making up their mind about it; or raise
 * SU002. If nobody is found who has the name, they are gone by now, or their
 * hold is over: try again, as often as there is one, which in a crowd may be
 * another each time. What still conflicts is an id that was given, or a unique
 * index that the application has put on the table: leave that error to the
 * application.
 */
void
user_insert_names(Insert *insert, Insert *insert_or_fail, Parameters *parameters, const Realm *realm, const User *user)
{
	Faults		faults = NO_FAULTS;

	for (int fruitless = 0; fruitless < FRUITLESS_TRIES; fruitless += claim_names(realm, user) ? 0 : 1)
		if (row_insert_unless_taken(insert, parameters))
			return;
	user_check_id_free(user, &faults);
	faults_raise(&faults);
	rows_insert(insert_or_fail, parameters);
}

/* Insert the password of a new user, if it has one. */
static void
insert_password(const Realm *realm, const User *user, TimestampTz now)
{
	static Insert insert_credential = INSERT("credentials", NEW_PASSWORD);
	Parameters	parameters;

	if (user->password_hash == NULL)
		return;
	parameters = new_password(&realm->id, user, now);
	rows_insert(&insert_credential, &parameters);
}

/* Insert a checked user, and its credential if it has one; one whose names were held is there, and begins now; or raise SU002. */
void
user_insert(const Realm *realm, User *user, TimestampTz now)
{
	Parameters	parameters = user_new(realm, user, now);

	if (!user->was_held || !held_begin(&parameters, realm, user))
		user_insert_names(&insert_user, &insert_user_or_fail, &parameters, realm, user);
	insert_password(realm, user, now);
}

/*
 * Insert a checked user with what another system knows of it, and its
 * credential if it has one; or raise SU002. An id that was given may have been
 * that of somebody who is gone: a generation by chance is none of their login
 * tokens'.
 */
void
user_import(const Realm *realm, User *user, TimestampTz created_at)
{
	static Insert import_user = INSERT_UNLESS_TAKEN("users", NEW_USER ", state, token_generation");
	static Insert import_user_or_fail = INSERT("users", NEW_USER ", state, token_generation");
	Parameters	parameters = user_new(realm, user, created_at);

	add_text(&parameters, user->state);
	add_int4(&parameters, user->has_given_id ? randombytes_uniform(FIRST_GENERATIONS) : 0);
	user_insert_names(&import_user, &import_user_or_fail, &parameters, realm, user);
	insert_password(realm, user, created_at);
}

/* Run a statement that gives names to a user who is there; or raise SU002; see user_insert_names. */
void
user_touch_names(Statement *statement, Parameters *parameters, const Realm *realm, const User *user)
{
	for (int fruitless = 0; fruitless < FRUITLESS_TRIES; fruitless += claim_names(realm, user) ? 0 : 1)
		if (statement_run_unique(statement, parameters, "users"))
			return;
	statement_touch(statement, parameters, "users", 1);
}

/* Fill in a user from USER_COLUMNS of the row that was read. */
static void
fill_user(User *user)
{
	bool		isnull;

	*user = (User)
	{
		.id = *column_uuid(1),
		.user_type = column_text(2),
		.username = column_text(3),
		.email = column_text(4),
		.first_name = column_text(5),
		.last_name = column_text(6),
		.reference = column_text(7),
		.custom = DatumGetJsonbPCopy(column(8, &isnull)),
		.state = column_text(9),
		.token_generation = column_int(10),
		.email_key = column_text(11),
		.email_verification = column_text(12),
		.shares_email = column_bool(13)
	};
}

/* Fill in a user's password, if there is one, from its hash in this column and its time in the next. */
static void
fill_password(User *user, int number)
{
	user->password_hash = column_text(number);
	if (user->password_hash != NULL)
		user->password_changed_at = column_time(number + 1);
}

/* Fill in a user from what a statement finds; false if it finds none. */
static bool
find_user(Statement *select, const pg_uuid_t *realm_id, const pg_uuid_t *user_id, User *user)
{
	Parameters	parameters = user_parameters(realm_id, user_id);

	if (statement_run(select, &parameters) == 0)
		return false;
	fill_user(user);
	return true;
}

/* Read a user; false if there is none. */
bool
user_find(const pg_uuid_t *realm_id, const pg_uuid_t *user_id, User *user)
{
	return find_user(&select_user, realm_id, user_id, user);
}

/* Read a user, or raise SU010. */
void
user_read(const pg_uuid_t *realm_id, const pg_uuid_t *user_id, User *user)
{
	if (!user_find(realm_id, user_id, user))
		raise_not_found("user");
}

/* Read a user and keep it from being deleted; false if there is none. */
bool
user_find_and_hold(const pg_uuid_t *realm_id, const pg_uuid_t *user_id, User *user)
{
	return find_user(&select_user_for_key_share, realm_id, user_id, user);
}

/*
 * Read a user and keep others from changing it and its credential; false if
 * there is none. Who logs in meanwhile with the password that is being changed
 * waits for this: the credential is locked with the strength that user_confirm
 * excludes.
 */
bool
user_find_and_lock(const pg_uuid_t *realm_id, const pg_uuid_t *user_id, User *user)
{
	static Statement lock_credential = STATEMENT(
		"SELECT FROM arsignup.credentials WHERE " OF_PASSWORD " FOR UPDATE");
	Parameters	parameters = user_parameters(realm_id, user_id);

	if (!find_user(&select_user_for_update, realm_id, user_id, user))
		return false;
	(void) statement_run(&lock_credential, &parameters);
	return true;
}

/* The same for a user that there must be; or raise SU010. */
void
user_lock(const pg_uuid_t *realm_id, const pg_uuid_t *user_id, User *user)
{
	if (!user_find_and_lock(realm_id, user_id, user))
		raise_not_found("user");
}

/*
 * Tell whether a user who has just been verified is still there, active and
 * has the same password; keep it so until the transaction ends, and see anew
 * whether the email is verified. A password is known by when it was changed:
 * another login may hash the same one anew. Logins do not wait for each other
 * here, only for whoever is changing the password.
 */
bool
user_confirm(const pg_uuid_t *realm_id, User *user)
{
	static Statement hold_credential = STATEMENT(
		"SELECT FROM arsignup.credentials WHERE " OF_PASSWORD " AND updated_at = $3 FOR KEY SHARE");
	Parameters	parameters = user_parameters(realm_id, &user->id);

	if (statement_run(&hold_user, &parameters) == 0)
		return false;
	add_time(&parameters, user->password_changed_at);
	if (statement_run(&hold_credential, &parameters) == 0)
		return false;
	parameters.count = 2;
	if (statement_run(&hold_user, &parameters) == 0 || !column_bool(1))
		return false;
	user->email_verification = column_text(2);
	return true;
}

/*
 * Find a user, with the hash of its password if it has one, by what people
 * type at a login: their username, or their email where that is unique. The
 * order names the index of emails: where many realms have a user of the same
 * one, any other index that begins with the realm seems as good.
 */
bool
user_find_by_login(const Realm *realm, const char *login, User *user)
{
	static Statement by_username = STATEMENT(
		SELECT_USER_AND_PASSWORD " WHERE u.realm_id = $1 AND u.username_key = $2 AND " IS_SOMEBODY);
	static Statement by_email = STATEMENT(
		SELECT_USER_AND_PASSWORD " WHERE realm_id = $1 AND " HAS_EMAIL("", "$2") " AND shared_email_id IS NULL AND " IS_SOMEBODY
		" ORDER BY shared_email_id LIMIT 1");
	char	   *email = normalize_email(login);
	bool		is_email = email != NULL && !realm->usernames_are_emails;
	Parameters	parameters = {0};

	add_uuid(&parameters, &realm->id);
	add_text(&parameters, email ? email : normalize_username(login));
	if (statement_run(is_email ? &by_email : &by_username, &parameters) == 0)
		return false;
	fill_user(user);
	fill_password(user, 14);
	return true;
}

/*
 * Find the id of the one user who has this username, or else this email; false
 * if there is none, or if several share the email. Reads only.
 */
bool
user_find_id(const pg_uuid_t *realm_id, const char *login, pg_uuid_t *user_id)
{
	static Statement select_id = STATEMENT(
		"SELECT coalesce((SELECT id FROM arsignup.users WHERE realm_id = $1 AND username_key = $2 AND " IS_SOMEBODY "),"
		" (SELECT id FROM arsignup.users WHERE realm_id = $1 AND username_key = $2 || '@' AND " IS_SOMEBODY "),"
		" (SELECT (array_agg(id))[1] FROM (SELECT id FROM arsignup.users"
		"  WHERE realm_id = $1 AND " HAS_EMAIL("", "$2") " AND " IS_SOMEBODY " ORDER BY shared_email_id LIMIT 2) e HAVING count(*) = 1))");
	Parameters	parameters = {0};

	add_uuid(&parameters, realm_id);
	add_text(&parameters, normalize_login(login));
	(void) statement_read(&select_id, &parameters);
	if (column_is_null(1))
		return false;
	*user_id = *column_uuid(1);
	return true;
}

/* Note when a user logged in; if somebody else is just noting that, theirs will do, and nobody waits. */
void
user_record_login(const pg_uuid_t *realm_id, const pg_uuid_t *user_id, TimestampTz now)
{
	static Statement update_login = STATEMENT(
		"UPDATE arsignup.users SET last_login_at = $3 WHERE realm_id = $1 AND id ="
		" (SELECT id FROM arsignup.users WHERE realm_id = $1 AND id = $2 FOR NO KEY UPDATE SKIP LOCKED)");
	Parameters	parameters = user_parameters(realm_id, user_id);

	add_time(&parameters, now);
	(void) statement_run(&update_login, &parameters);
}

/* Tell whether another transaction is just deleting a user, or giving it other names; without waiting for that. */
bool
user_is_going(const pg_uuid_t *realm_id, const pg_uuid_t *user_id)
{
	static Statement select_locked = STATEMENT(
		"SELECT EXISTS (SELECT FROM arsignup.users WHERE realm_id = $1 AND id = $2)"
		" AND NOT EXISTS (SELECT FROM arsignup.users WHERE realm_id = $1 AND id = $2 FOR KEY SHARE SKIP LOCKED)");
	Parameters	parameters = user_parameters(realm_id, user_id);

	(void) statement_run(&select_locked, &parameters);
	return column_bool(1);
}

/* Find an active user and keep it from being deleted; or raise SU010 or SU006. */
void
user_hold(const pg_uuid_t *realm_id, const pg_uuid_t *user_id)
{
	Parameters	parameters = user_parameters(realm_id, user_id);

	if (statement_run(&hold_user, &parameters) == 0)
		raise_not_found("user");
	if (!column_bool(1))
		raise_inactive("user");
}

/* Update a user that was locked, changed and found free; or raise SU002. */
void
user_update(const Realm *realm, User *user)
{
	Parameters	parameters = {0};

	user_add(&parameters, realm, user);
	add_text(&parameters, user->state);
	user_touch_names(&update_user, &parameters, realm, user);
}

/* Keep others from anything with a user who is to be deleted; false if there is none. */
bool
user_find_to_delete(const pg_uuid_t *realm_id, const pg_uuid_t *user_id)
{
	static Statement lock_user = STATEMENT(
		"SELECT FROM arsignup.users WHERE realm_id = $1 AND id = $2 AND " IS_SOMEBODY " FOR UPDATE");
	Parameters	parameters = user_parameters(realm_id, user_id);

	return statement_run(&lock_user, &parameters) == 1;
}

/*
 * Delete a user who is locked, with all that is its own, for who has called.
 * The server does not look whether a trigger has suppressed what it cascades
 * to; no hash may stay behind by that.
 */
void
user_delete(const Caller *caller, const pg_uuid_t *realm_id, const pg_uuid_t *user_id)
{
	static Statement find_any_credential = STATEMENT(
		"SELECT FROM arsignup.credentials WHERE realm_id = $1 AND user_id = $2 LIMIT 1");
	Parameters	parameters = user_parameters(realm_id, user_id);

	if (caller_delete(caller, &delete_user, &parameters) == 0)
		raise_suppressed("users");
	if (statement_run(&find_any_credential, &parameters) > 0)
		raise_suppressed("credentials");
}

/* Tell whether a realm has users. */
bool
users_exist(const pg_uuid_t *realm_id)
{
	static Statement select_any = STATEMENT("SELECT FROM arsignup.users WHERE realm_id = $1 LIMIT 1");
	Parameters	parameters = {0};

	add_uuid(&parameters, realm_id);
	return statement_run(&select_any, &parameters) > 0;
}

/* Users of a realm, with all that hangs on them. */
RealmRows	realm_users = REALM_ROWS("users", "id", true);

/* Read a user's password; false if there is none. */
bool
user_read_password(const pg_uuid_t *realm_id, User *user)
{
	Parameters	parameters = user_parameters(realm_id, &user->id);

	if (statement_run(&select_credential, &parameters) == 0)
		return false;
	fill_password(user, 1);
	return true;
}

/*
 * Store another hash of the password that a user has, who was confirmed. If
 * somebody else is just changing the credential, or has changed it, theirs
 * stays, and nobody waits.
 */
void
user_renew_password(const pg_uuid_t *realm_id, const User *user, const char *hash)
{
	Parameters	parameters = user_parameters(realm_id, &user->id);

	add_text(&parameters, user->password_hash);
	add_text(&parameters, hash);
	(void) statement_run(&renew_credential, &parameters);
}

/* Refuse the login tokens that a user has so far, and note whether the email was just proved to be theirs; or raise SU010. */
static void
invalidate(const pg_uuid_t *realm_id, const pg_uuid_t *user_id, bool email_is_proved)
{
	Parameters	parameters = user_parameters(realm_id, user_id);

	add_bool(&parameters, email_is_proved);
	if (!statement_touch_any(&invalidate_tokens, &select_user, &parameters, "users"))
		raise_not_found("user");
}

/* Refuse the login tokens that a user has so far; or raise SU010. */
void
user_end_tokens(const pg_uuid_t *realm_id, const pg_uuid_t *user_id)
{
	invalidate(realm_id, user_id, false);
}

/* Refuse the login tokens that all users of a realm have so far. */
void
users_end_tokens(const pg_uuid_t *realm_id)
{
	static Statement invalidate_all = STATEMENT(
		"WITH known AS MATERIALIZED (SELECT id FROM arsignup.users WHERE realm_id = $1 FOR NO KEY UPDATE),"
		" invalidated AS (UPDATE arsignup.users u SET token_generation = token_generation + 1"
		"  FROM known k WHERE u.realm_id = $1 AND u.id = k.id RETURNING 1)"
		" SELECT (SELECT count(*) FROM known), (SELECT count(*) FROM invalidated)");
	Parameters	parameters = {0};

	add_uuid(&parameters, realm_id);
	(void) statement_touch_all(&invalidate_all, &parameters, "users");
}

/* Give a locked user a new password, and note whether the email was just proved to be theirs. */
void
user_set_password(const pg_uuid_t *realm_id, const User *user, bool email_is_proved, TimestampTz now)
{
	Parameters	parameters = new_password(realm_id, user, now);

	invalidate(realm_id, &user->id, email_is_proved);
	statement_touch(&set_credential, &parameters, "credentials", 1);
}

/* Give a locked user a new password unless it was changed since it was read; then false, with nothing changed. */
bool
user_exchange_password(const pg_uuid_t *realm_id, const User *user, TimestampTz now)
{
	Parameters	parameters = user_parameters(realm_id, &user->id);

	add_time(&parameters, user->password_changed_at);
	add_text(&parameters, user->password_hash);
	add_time(&parameters, now);
	if (!statement_touch_any(&exchange_credential, &find_credential, &parameters, "credentials"))
		return false;
	invalidate(realm_id, &user->id, false);
	return true;
}

/* Take the password of a locked user away; false if it has none. */
bool
user_delete_password(const pg_uuid_t *realm_id, const pg_uuid_t *user_id)
{
	static Statement delete_credential = STATEMENT("DELETE FROM arsignup.credentials WHERE " OF_PASSWORD);
	Parameters	parameters = user_parameters(realm_id, user_id);

	if (!statement_touch_any(&delete_credential, &select_credential, &parameters, "credentials"))
		return false;
	invalidate(realm_id, user_id, false);
	return true;
}

/* Note how far the verification of a locked user's email has come. */
void
user_set_verification(const pg_uuid_t *realm_id, const User *user, const char *email_verification)
{
	static Statement set_verification = STATEMENT(
		"UPDATE arsignup.users SET email_verification = $3 WHERE realm_id = $1 AND id = $2");
	Parameters	parameters = user_parameters(realm_id, &user->id);

	add_text(&parameters, email_verification);
	statement_touch(&set_verification, &parameters, "users", 1);
}

/* Note that a held user is asked to verify an email of which nobody has asked that yet; false if somebody just has. */
bool
user_begin_verification(const pg_uuid_t *realm_id, const pg_uuid_t *user_id)
{
	static Statement begin_verification = STATEMENT(
		"UPDATE arsignup.users SET email_verification = 'requested'"
		" WHERE realm_id = $1 AND id = $2 AND email_verification = 'none'");
	static Statement find_unasked = STATEMENT(
		"SELECT FROM arsignup.users WHERE realm_id = $1 AND id = $2 AND email_verification = 'none'");
	Parameters	parameters = user_parameters(realm_id, user_id);

	return statement_touch_any(&begin_verification, &find_unasked, &parameters, "users");
}

/* Tell whether two texts differ, either of which may be null. */
static bool
texts_differ(const char *a, const char *b)
{
	return a == NULL || b == NULL ? a != b : strcmp(a, b) != 0;
}

/* Tell whether attributes are written differently: 1 and 1.0 are equal to jsonb, but not to who reads them. */
static bool
custom_differs(const Jsonb *a, const Jsonb *b)
{
	return VARSIZE(a) != VARSIZE(b) || memcmp(VARDATA(a), VARDATA(b), VARSIZE(a) - VARHDRSZ) != 0;
}

/* Return what of a user an update changes, as the user was and as it will be stored. */
Changes
user_changes(const User *before, const User *after)
{
	Changes		changes = {0};
	bool		has_other_email = texts_differ(before->email, after->email);

	changes_add(&changes, "email", has_other_email);
	changes_add(&changes, "username", texts_differ(before->username, after->username));
	changes_add(&changes, "first_name", texts_differ(before->first_name, after->first_name));
	changes_add(&changes, "last_name", texts_differ(before->last_name, after->last_name));
	changes_add(&changes, "reference", texts_differ(before->reference, after->reference));
	changes_add(&changes, "custom", custom_differs(before->custom, after->custom));
	changes_add(&changes, "state", strcmp(before->state, after->state) != 0);
	if (has_other_email)
		changes.old_email = before->email;
	return changes;
}

/* Return the event that a user has another password. */
Event
password_changed(const pg_uuid_t *user_id)
{
	Changes		changes = {0};

	changes_add(&changes, "password", true);
	return (Event) {.type = "user.updated", .user_id = user_id, .data = changes_data(&changes)};
}

/* Tell whether a user's email is known to be theirs. */
bool
user_is_verified(const User *user)
{
	return user->email_verification != NULL && strcmp(user->email_verification, "verified") == 0;
}

/* Tell whether a user may not log in before the email is verified: people in realms that require it. */
bool
user_must_verify(const Realm *realm, const User *user)
{
	return realm->verification_is_required && strcmp(user->user_type, "human") == 0 &&
		!user_is_verified(user);
}

/* Return what a password of this user has to fulfil. */
PasswordPolicy
user_password_policy(const Realm *realm, const User *user)
{
	List	   *related = related_add(NIL, realm->name);

	related = related_add(related, user->email);
	related = related_add(related, user->username);
	related = related_add(related, user->first_name);
	related = related_add(related, user->last_name);
	return (PasswordPolicy)
	{
		.min_length = realm->password_min_length,
		.min_score = realm->password_min_score,
		.related = related
	};
}

/* Check a new password of a user: return it as it is hashed, or note what is wrong with it. */
Span
user_accept_password(SecretScope *scope, const Realm *realm, const User *user, Span password, Faults *faults)
{
	PasswordPolicy policy = user_password_policy(realm, user);

	return password_accept(scope, password, &policy, faults);
}

/* Check and hash a new password of a user; or raise SU001. */
void
user_hash_password(SecretScope *scope, const Realm *realm, User *user, Span password)
{
	Faults		faults = NO_FAULTS;

	password = user_accept_password(scope, realm, user, password, &faults);
	faults_raise(&faults);
	user->password_hash = password_hash(password);
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
