/*
 * Tokens that are mailed, and rows of one_time_tokens: made when a worker
 * claims the event that asks for the mail, used once.
 */
#include "recovery/one_time_token.h"

#include "base/statement.h"
#include "catalog/pg_type.h"
#include "utils/datetime.h"
#include "utils/json.h"
#include "utils/timestamp.h"

/* Everything in which the purposes differ that is a value; a row more is a purpose more. */
static const struct
{
	const char *name;
	const char *prefix;
	const char *event;			/* asks for the mail */
	const int  *lifetime;		/* seconds */
}			purposes[] =
{
	[PASSWORD_RESET] = {
		"password_reset", PASSWORD_RESET_PREFIX, "user.password_token.created",
		&reset_token_lifetime_setting
	},
	[EMAIL_VERIFICATION] = {
		"email_verification", EMAIL_VERIFICATION_PREFIX, "user.email.verification_requested",
		&verification_token_lifetime_setting
	}
};

/* ---------- using ---------- */

/* Begin the parameters of a statement about one token. */
static Parameters
one_token(const OneTimeToken *token)
{
	Parameters	parameters = {0};

	add_uuid(&parameters, &token->realm_id);
	add_bytes(&parameters, token->digest, TOKEN_DIGEST_SIZE);
	return parameters;
}

/*
 * Tell whether its user may still use a token: it is for the address that they
 * have, and what resets a password is void once the password was changed or
 * all logins were ended.
 */
static bool
is_still_theirs(const OneTimeToken *token, const User *user)
{
	return strcmp(user->state, "active") == 0 &&
		user->email_key != NULL && strcmp(user->email_key, token->email_key) == 0 &&
		(token->purpose != PASSWORD_RESET || token->token_generation == user->token_generation);
}

/* Find a token that can be used now, and its user, without a lock; false whatever is wrong with it. */
bool
one_time_token_find(Purpose purpose, Span text, OneTimeToken *token, User *user)
{
	static Statement select_token = STATEMENT(
		"SELECT user_id, email_key, token_generation, is_mailed FROM arsignup.one_time_tokens"
		" WHERE realm_id = $1 AND digest = $2 AND purpose = $3 AND used_at IS NULL AND expires_at > $4");
	Parameters	parameters;

	token->purpose = purpose;
	if (text.data == NULL ||
		!token_parse(purposes[purpose].prefix, text, token->realm_id.data, token->digest))
		return false;
	parameters = one_token(token);
	add_text(&parameters, purposes[purpose].name);
	add_time(&parameters, GetCurrentTimestamp());
	if (statement_run(&select_token, &parameters) == 0)
		return false;
	token->user_id = *column_uuid(1);
	token->email_key = column_text(2);
	token->token_generation = column_int(3);
	token->is_mailed = column_bool(4);
	return user_find(&token->realm_id, &token->user_id, user) && is_still_theirs(token, user);
}

/* Use up a token that was found, now that its user is locked; false if something has come between. */
bool
one_time_token_use(const OneTimeToken *token, const User *locked, TimestampTz now)
{
	static Statement use_token = STATEMENT(
		"UPDATE arsignup.one_time_tokens SET used_at = $3"
		" WHERE realm_id = $1 AND digest = $2 AND used_at IS NULL AND expires_at > $3");
	static Statement find_token = STATEMENT(
		"SELECT FROM arsignup.one_time_tokens"
		" WHERE realm_id = $1 AND digest = $2 AND used_at IS NULL AND expires_at > $3");
	Parameters	parameters = one_token(token);

	add_time(&parameters, now);
	return is_still_theirs(token, locked) &&
		statement_touch_any(&use_token, &find_token, &parameters, "one_time_tokens");
}

/* ---------- mailing ---------- */

/* Return the type of event that asks for a mail of this purpose. */
const char *
purpose_event(Purpose purpose)
{
	return purposes[purpose].event;
}

/* Tell whether a type of event asks for a mail, and for which. */
bool
event_wants_mail(const char *event_type, Purpose *purpose)
{
	for (size_t i = 0; i < lengthof(purposes); i++)
		if (strcmp(event_type, purposes[i].event) == 0)
		{
			*purpose = i;
			return true;
		}
	return false;
}

/* Tell whether a user is still to get a mail that was asked for. */
static bool
is_wanted(Purpose purpose, const User *user)
{
	return strcmp(user->state, "active") == 0 && user->email_key != NULL &&
		(purpose != EMAIL_VERIFICATION || strcmp(user->email_verification, "requested") == 0);
}

/* Store a token's digest. */
static void
insert_token(const OneTimeToken *token, TimestampTz now, TimestampTz expires_at)
{
	static Statement insert_token = STATEMENT(
		"INSERT INTO arsignup.one_time_tokens (realm_id, digest, user_id, email_key, created_at,"
		" expires_at, purpose, token_generation, is_mailed) VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9)");
	Parameters	parameters = one_token(token);

	add_uuid(&parameters, &token->user_id);
	add_text(&parameters, token->email_key);
	add_time(&parameters, now);
	add_time(&parameters, expires_at);
	add_text(&parameters, purposes[token->purpose].name);
	add_int4(&parameters, token->token_generation);
	add_bool(&parameters, token->is_mailed);
	statement_touch(&insert_token, &parameters, "one_time_tokens", 1);
}

/* Add a member to a JSON object: a text, or null. */
static void
push_member(JsonbParseState **state, const char *name, const char *text)
{
	JsonbValue	key = {.type = jbvString, .val.string = {strlen(name), unconstify(char *, name)}};
	JsonbValue	value = {.type = jbvNull};

	(void) pushJsonbValue(state, WJB_KEY, &key);
	if (text != NULL)
	{
		value.type = jbvString;
		value.val.string.val = unconstify(char *, text);
		value.val.string.len = strlen(text);
	}
	(void) pushJsonbValue(state, WJB_VALUE, &value);
}

/* Return what a mail needs to know. */
static Jsonb *
mail_data(const char *token, const User *user, TimestampTz expires_at)
{
	JsonbParseState *state = NULL;
	char		expiry[MAXDATELEN + 1];

	JsonEncodeDateTime(expiry, TimestampTzGetDatum(expires_at), TIMESTAMPTZOID, NULL);
	(void) pushJsonbValue(&state, WJB_BEGIN_OBJECT, NULL);
	push_member(&state, "token", token);
	push_member(&state, "email", user->email);
	push_member(&state, "username", user->username);
	push_member(&state, "first_name", user->first_name);
	push_member(&state, "last_name", user->last_name);
	push_member(&state, "expires_at", expiry);
	return JsonbValueToJsonb(pushJsonbValue(&state, WJB_END_OBJECT, NULL));
}

/*
 * Make a token for a user and return the data of its mail; NULL if there is
 * nothing to mail any more. The user is held, and read as it is by then, so
 * that whatever has changed since the mail was asked for does not void it.
 */
Jsonb *
mail_make(SecretScope *scope, Purpose purpose, const pg_uuid_t *realm_id, const pg_uuid_t *user_id, bool is_mailed)
{
	OneTimeToken token = {.purpose = purpose, .is_mailed = is_mailed};
	Realm		realm;
	User		user;
	char	   *text;
	TimestampTz now;
	TimestampTz expires_at;

	if (user_id == NULL || !realm_find(realm_id, &realm) || !realm.active ||
		!user_find_and_hold(realm_id, user_id, &user) || !is_wanted(purpose, &user))
		return NULL;
	text = secret_alloc(scope, TOKEN_LENGTH + 1);
	token_make(purposes[purpose].prefix, realm_id->data, text);
	(void) token_parse(purposes[purpose].prefix, (Span) {text, TOKEN_LENGTH},
					   token.realm_id.data, token.digest);
	token.user_id = *user_id;
	token.email_key = user.email_key;
	token.token_generation = user.token_generation;
	now = GetCurrentTimestamp();
	expires_at = now + *purposes[purpose].lifetime * USECS_PER_SEC;
	insert_token(&token, now, expires_at);
	return mail_data(text, &user, expires_at);
}

/* ---------- cleaning up ---------- */

/* Delete the tokens of a user; return how many. */
uint64
one_time_tokens_forget(const pg_uuid_t *realm_id, const pg_uuid_t *user_id)
{
	static Statement delete_tokens = STATEMENT(
		"WITH known AS MATERIALIZED (SELECT digest FROM arsignup.one_time_tokens"
		"  WHERE realm_id = $1 AND user_id = $2 FOR UPDATE),"
		" deleted AS (DELETE FROM arsignup.one_time_tokens t USING known k"
		"  WHERE t.realm_id = $1 AND t.digest = k.digest RETURNING 1)"
		" SELECT (SELECT count(*) FROM known), (SELECT count(*) FROM deleted)");
	Parameters	parameters = {0};

	add_uuid(&parameters, realm_id);
	add_uuid(&parameters, user_id);
	return statement_touch_all(&delete_tokens, &parameters, "one_time_tokens");
}

/* Tokens that are good no more: they have expired, or were used. */
Purge		expired_one_time_tokens = PURGE("mailed_tokens", "one_time_tokens", "expires_at <= $1", "expires_at");
Purge		used_one_time_tokens = PURGE("used_mailed_tokens", "one_time_tokens", "used_at <= $1", "used_at");
