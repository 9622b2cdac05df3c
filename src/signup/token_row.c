/*
 * Rows of signup_tokens: their way from pending to redeemed, revoked or gone.
 */
#include "signup/token_row.h"

#include "base/shared.h"
#include "catalog/pg_type.h"
#include "utils/builtins.h"
#include "utils/fmgrprotos.h"
#include "utils/timestamp.h"

/* What a row must be to be redeemed or revoked at $3. */
#define IS_PENDING "redeemed_at IS NULL AND revoked_at IS NULL AND expires_at > $3"

/* Read a token; false if it is null, malformed or of another realm than the caller expects. */
bool
token_key_read(Span token, const pg_uuid_t *expected_realm_id, TokenKey *key)
{
	if (token.data == NULL || !token_parse(SIGNUP_TOKEN_PREFIX, token, key->realm_id.data, key->digest))
		return false;
	return expected_realm_id == NULL ||
		memcmp(expected_realm_id, &key->realm_id, UUID_SIZE) == 0;
}

/* Add a token's place as $1 and $2. */
void
token_key_add(Parameters *parameters, const TokenKey *key)
{
	add_uuid(parameters, &key->realm_id);
	add_bytes(parameters, key->digest, TOKEN_DIGEST_SIZE);
}

/* Report a token that leads nowhere. */
void
raise_no_token(void)
{
	ereport(ERROR,
			(errcode(ERRCODE_ARSIGNUP_NO_TOKEN),
			 errmsg("no such signup token")));
}

/* Report that a token was used, and for whom. */
static void
raise_redeemed(const pg_uuid_t *user_id)
{
	char	   *id = DatumGetCString(DirectFunctionCall1(uuid_out, UUIDPGetDatum(user_id)));

	ereport(ERROR,
			(errcode(ERRCODE_ARSIGNUP_REDEEMED),
			 errmsg("signup token was already redeemed"),
			 errdetail_internal("{\"user_id\": \"%s\"}", id)));
}

/* Report and count that a token came too late. */
pg_noreturn static void
raise_expired(void)
{
	count(COUNT_TOKENS_EXPIRED);
	ereport(ERROR,
			(errcode(ERRCODE_ARSIGNUP_EXPIRED),
			 errmsg("signup token has expired")));
}

/* Say why a token is not pending; return if it is. */
static void
raise_unless_pending(const TokenKey *key, TimestampTz now)
{
	static Statement select_state = STATEMENT(
		"SELECT user_id, revoked_at IS NOT NULL, expires_at <= $3"
		" FROM arsignup.signup_tokens WHERE realm_id = $1 AND digest = $2");
	Parameters	parameters = {0};

	token_key_add(&parameters, key);
	add_time(&parameters, now);
	if (statement_run(&select_state, &parameters) == 0)
		raise_no_token();
	if (!column_is_null(1))
		raise_redeemed(column_uuid(1));
	if (column_bool(2))
		ereport(ERROR,
				(errcode(ERRCODE_ARSIGNUP_REVOKED),
				 errmsg("signup token was revoked")));
	if (column_bool(3))
		raise_expired();
}

/* Store a token's digest with everything that redeeming it will need. */
void
token_insert(const Signup *signup, const TokenKey *key, TimestampTz now, TimestampTz expires_at)
{
	static Statement insert_token = STATEMENT(
		"INSERT INTO arsignup.signup_tokens (realm_id, digest, connected_app_id, created_at,"
		" expires_at, username, email, first_name, last_name, org_name, custom, password_hash, source,"
		" credential_type) VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10, $11, $12, $13, 'password')");
	const User *user = &signup->user;
	Parameters	parameters = {0};

	token_key_add(&parameters, key);
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
	add_pointer(&parameters, INETOID, signup->source);
	statement_touch(&insert_token, &parameters, "signup_tokens", 1);
}

/*
 * Tell whether a source has as many pending tokens as it may have; then also
 * when one of them expires, so that there is room for another. An index has
 * them by their expiry, the newest first, so that no more are read than that
 * and those among them that were redeemed.
 */
bool
tokens_are_enough(const pg_uuid_t *realm_id, const inet *source, TimestampTz now, TimestampTz *until)
{
	static Statement select_last = STATEMENT(
		"SELECT expires_at FROM arsignup.signup_tokens WHERE realm_id = $1 AND source = $2 AND " IS_PENDING
		" ORDER BY expires_at DESC LIMIT 1 OFFSET $4::bigint - 1");
	Parameters	parameters = {0};

	if (max_pending_tokens_per_source_setting == 0)
		return false;
	add_uuid(&parameters, realm_id);
	add_pointer(&parameters, INETOID, source);
	add_time(&parameters, now);
	add_int8(&parameters, max_pending_tokens_per_source_setting);
	if (statement_run(&select_last, &parameters) == 0)
		return false;
	*until = column_time(1);
	return true;
}

/* Fill in a signup from the row that was taken. */
static void
fill_signup(Signup *signup)
{
	bool		isnull;

	signup->user.username = column_text(2);
	signup->user.email = column_text(3);
	signup->user.first_name = column_text(4);
	signup->user.last_name = column_text(5);
	signup->org_name = column_text(6);
	signup->user.custom = DatumGetJsonbPCopy(column(7, &isnull));
	signup->user.password_hash = column_text(8);
}

/*
 * Mark a token as redeemed by signup's user and forget its hash; return what
 * it held; or say why it cannot be redeemed. The inner select locks the row,
 * so that the second of two redeemers waits and then finds nothing; it also
 * still sees the hash that the update erases. One that is pending after all
 * has been minted meanwhile, and is taken by a second try.
 */
void
token_take(const TokenKey *key, Signup *signup, pg_uuid_t *app_id, TimestampTz now)
{
	static Statement take_token = STATEMENT(
		"UPDATE arsignup.signup_tokens t SET redeemed_at = $3, user_id = $4, password_hash = NULL"
		" FROM (SELECT digest, password_hash FROM arsignup.signup_tokens"
		"  WHERE realm_id = $1 AND digest = $2 AND " IS_PENDING " FOR UPDATE) pending"
		" WHERE t.realm_id = $1 AND t.digest = $2 AND t.digest = pending.digest"
		" RETURNING t.connected_app_id, t.username, t.email, t.first_name, t.last_name,"
		" t.org_name, t.custom, pending.password_hash, t.expires_at");
	Parameters	parameters = {0};

	token_key_add(&parameters, key);
	add_time(&parameters, now);
	add_uuid(&parameters, &signup->user.id);
	if (statement_run(&take_token, &parameters) == 0)
	{
		raise_unless_pending(key, now);
		statement_touch(&take_token, &parameters, "signup_tokens", 1);
	}
	if (column_time(9) <= GetCurrentTimestamp())
		raise_expired();		/* while it waited for another redeemer */
	*app_id = *column_uuid(1);
	fill_signup(signup);
}

/* Note by whom a token was redeemed, so that it is them who are told again what it has become. */
void
token_note_redeemer(Span token, const pg_uuid_t *redeemer_id)
{
	static Statement note_redeemer = STATEMENT(
		"UPDATE arsignup.signup_tokens SET redeemer_id = $3 WHERE realm_id = $1 AND digest = $2");
	TokenKey	key;
	Parameters	parameters = {0};

	if (!token_key_read(token, NULL, &key))
		return;
	token_key_add(&parameters, &key);
	add_uuid(&parameters, redeemer_id);
	statement_touch(&note_redeemer, &parameters, "signup_tokens", 1);
}

/* Find the user that a token has become by the hand of this redeemer. */
bool
token_find_redeemed(Span token, const pg_uuid_t *realm_id, const pg_uuid_t *redeemer_id, pg_uuid_t *user_id)
{
	static Statement select_redeemed = STATEMENT(
		"SELECT user_id FROM arsignup.signup_tokens"
		" WHERE realm_id = $1 AND digest = $2 AND redeemer_id = $3");
	TokenKey	key;
	Parameters	parameters = {0};

	if (!token_key_read(token, realm_id, &key))
		return false;
	token_key_add(&parameters, &key);
	add_uuid(&parameters, redeemer_id);
	if (statement_run(&select_redeemed, &parameters) == 0)
		return false;
	*user_id = *column_uuid(1);
	return true;
}

/* Mark a pending token as revoked and forget its hash; false if it was not pending; or raise SU003. */
bool
token_revoke(const TokenKey *key)
{
	static Statement revoke_token = STATEMENT(
		"UPDATE arsignup.signup_tokens SET revoked_at = $3, password_hash = NULL"
		" WHERE realm_id = $1 AND digest = $2 AND " IS_PENDING);
	static Statement find_token = STATEMENT(
		"SELECT FROM arsignup.signup_tokens WHERE realm_id = $1 AND digest = $2 AND " IS_PENDING);
	static Statement select_token = STATEMENT(
		"SELECT FROM arsignup.signup_tokens WHERE realm_id = $1 AND digest = $2");
	Parameters	parameters = {0};

	token_key_add(&parameters, key);
	add_time(&parameters, GetCurrentTimestamp());
	if (statement_touch_any(&revoke_token, &find_token, &parameters, "signup_tokens"))
		return true;
	parameters.count = 2;
	if (statement_run(&select_token, &parameters) == 0)
		raise_no_token();
	return false;
}

/* Mark all pending tokens of a realm as revoked and forget their hashes; return how many. */
uint64
tokens_revoke_realm(const pg_uuid_t *realm_id, TimestampTz now)
{
	static Statement revoke_tokens = STATEMENT(
		"WITH pending AS MATERIALIZED (SELECT digest FROM arsignup.signup_tokens"
		"  WHERE realm_id = $1 AND redeemed_at IS NULL AND revoked_at IS NULL AND expires_at > $2 FOR UPDATE),"
		" revoked AS (UPDATE arsignup.signup_tokens t SET revoked_at = $2, password_hash = NULL"
		"  FROM pending p WHERE t.realm_id = $1 AND t.digest = p.digest RETURNING 1)"
		" SELECT (SELECT count(*) FROM pending), (SELECT count(*) FROM revoked)");
	Parameters	parameters = {0};

	add_uuid(&parameters, realm_id);
	add_time(&parameters, now);
	return statement_touch_all(&revoke_tokens, &parameters, "signup_tokens");
}

/* Tokens that have expired; a redeemed one can still be asked about for a day. */
Purge		expired_tokens = PURGE("signup_tokens", "signup_tokens",
							  "expires_at <= $1 AND (redeemed_at IS NULL OR redeemed_at <= $1 - interval '24 hours')",
							  "expires_at");

/*
 * Delete tokens that a user was made from, and those under an email, NULL for
 * none, that nobody was made from; return how many. No index leads there: all
 * tokens of the realm that are not purged are looked at.
 */
uint64
tokens_forget(const pg_uuid_t *realm_id, const pg_uuid_t *user_id, const char *email_key)
{
	static Statement delete_tokens = STATEMENT(
		"WITH known AS MATERIALIZED (SELECT digest FROM arsignup.signup_tokens WHERE realm_id = $1"
		"  AND (user_id = $2 OR user_id IS NULL AND arsignup.normalize_email(email) = $3) FOR UPDATE),"
		" deleted AS (DELETE FROM arsignup.signup_tokens t USING known k"
		"  WHERE t.realm_id = $1 AND t.digest = k.digest RETURNING 1)"
		" SELECT (SELECT count(*) FROM known), (SELECT count(*) FROM deleted)");
	Parameters	parameters = {0};

	add_uuid(&parameters, realm_id);
	add_uuid(&parameters, user_id);
	add_text(&parameters, email_key);
	return statement_touch_all(&delete_tokens, &parameters, "signup_tokens");
}

/* Delete tokens of a realm, at most so many; return how many. */
uint64
tokens_delete_realm(const pg_uuid_t *realm_id, int64 max_rows)
{
	static Statement delete_tokens = STATEMENT(
		"WITH batch AS MATERIALIZED (SELECT digest FROM arsignup.signup_tokens WHERE realm_id = $1 LIMIT $2)"
		" DELETE FROM arsignup.signup_tokens t USING batch b WHERE t.realm_id = $1 AND t.digest = b.digest");
	static Statement find_any = STATEMENT(
		"SELECT FROM arsignup.signup_tokens WHERE realm_id = $1 LIMIT 1");

	return statement_delete_batch(&delete_tokens, &find_any, realm_id, max_rows, "signup_tokens");
}
