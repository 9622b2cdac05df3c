/*
 * Rows of signup_tokens: their way from pending to redeemed, revoked or gone.
 */
#include "signup/token_row.h"

#include "account/held.h"
#include "base/row.h"
#include "base/shared.h"
#include "catalog/pg_type.h"
#include "utils/builtins.h"
#include "utils/fmgrprotos.h"
#include "utils/timestamp.h"

/* What a row must be to be redeemed, held or revoked at a time. */
#define IS_PENDING(now) "redeemed_at IS NULL AND revoked_at IS NULL AND expires_at > " now

/* Read a token, or the id of a signup; false if it is null, malformed or of another realm than the caller expects. */
bool
token_key_read(Span token, const pg_uuid_t *expected_realm_id, TokenKey *key)
{
	key->has_digest = token.data != NULL &&
		token_parse(SIGNUP_TOKEN_PREFIX, token, key->realm_id.data, key->digest);
	if (key->has_digest)
		token_id(key->digest, key->id.data);
	else if (token.data == NULL || !signup_id_parse(token, key->realm_id.data, key->id.data))
		return false;
	return expected_realm_id == NULL ||
		memcmp(expected_realm_id, &key->realm_id, UUID_SIZE) == 0;
}

/* Add a token's place as $1, $2 and $3. */
void
token_key_add(Parameters *parameters, const TokenKey *key)
{
	add_uuid(parameters, &key->realm_id);
	add_uuid(parameters, &key->id);
	if (key->has_digest)
		add_bytes(parameters, key->digest, TOKEN_DIGEST_SIZE);
	else
		add_pointer(parameters, BYTEAOID, NULL);
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

/* Report that somebody else works on a token for longer than may be waited. */
pg_noreturn static void
raise_under_way(bool is_to_redeem)
{
	ereport(ERROR,
			(errcode(ERRCODE_ARSIGNUP_UNDER_WAY),
			 is_to_redeem ? errmsg("signup token is being redeemed by another transaction") :
			 errmsg("signup token is in use by another transaction"),
			 errhint("Ask arsignup.get_signup_token what has become of it, and try again if it is still pending or held.")));
}

/*
 * Run a statement that locks a token. Whoever else does is waited for no
 * longer than the timeout says, and then told of by an error of ours.
 */
static uint64
run_on_token(Statement *statement, Parameters *parameters, bool is_to_redeem)
{
	volatile uint64 rows = 0;

	PG_TRY();
	{
		rows = statement_run(statement, parameters);
	}
	PG_CATCH();
	{
		if (geterrcode() != ERRCODE_LOCK_NOT_AVAILABLE)
			PG_RE_THROW();
		FlushErrorState();
		raise_under_way(is_to_redeem);
	}
	PG_END_TRY();
	return rows;
}

/* Say why a token is not pending; return if it is. */
static void
raise_unless_pending(const TokenKey *key, TimestampTz now)
{
	static Statement select_state = STATEMENT(
		"SELECT redeemed_at IS NULL, user_id, revoked_at IS NOT NULL, expires_at <= $4"
		" FROM arsignup.signup_tokens WHERE " OF_TOKEN);
	Parameters	parameters = {0};

	token_key_add(&parameters, key);
	add_time(&parameters, now);
	if (statement_run(&select_state, &parameters) == 0)
		raise_no_token();
	if (!column_bool(1))
		raise_redeemed(column_uuid(2));
	if (column_bool(3))
		ereport(ERROR,
				(errcode(ERRCODE_ARSIGNUP_REVOKED),
				 errmsg("signup token was revoked")));
	if (column_bool(4))
		raise_expired();
}

/* Store a token's digest with everything that redeeming it will need. */
void
token_insert(const Signup *signup, const TokenKey *key, TimestampTz now, TimestampTz expires_at)
{
	static Insert insert_token = INSERT("signup_tokens",
										"realm_id, id, digest, connected_app_id, created_at, expires_at, username, email, first_name,"
										" last_name, org_name, custom, password_hash, source, credential_type");
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
	add_text(&parameters, "password");
	rows_insert(&insert_token, &parameters);
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
		"SELECT expires_at FROM arsignup.signup_tokens WHERE realm_id = $1 AND source = $2 AND " IS_PENDING("$3")
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

/* ---------- holding ---------- */

/* Lock a token that is pending; or raise why it is not. */
static void
lock_pending(const TokenKey *key, HeldToken *token, TimestampTz now)
{
	static Statement lock_token = STATEMENT(
		"SELECT connected_app_id, username, email, user_id, expires_at FROM arsignup.signup_tokens"
		" WHERE " OF_TOKEN " AND " IS_PENDING("$4") " FOR NO KEY UPDATE");
	Parameters	parameters = {0};

	token_key_add(&parameters, key);
	add_time(&parameters, now);
	if (run_on_token(&lock_token, &parameters, false) == 0)
	{
		raise_unless_pending(key, now);
		if (run_on_token(&lock_token, &parameters, false) == 0)	/* minted meanwhile */
			raise_suppressed("signup_tokens");
	}
	if (column_time(5) <= GetCurrentTimestamp())
		raise_expired();		/* while it waited for somebody else */
	token->app_id = *column_uuid(1);
	token->user.username = column_text(2);
	token->user.email = column_text(3);
	token->user.was_held = !column_is_null(4);
	if (token->user.was_held)
		token->user.id = *column_uuid(4);
}

/* Lock the token whose hold is given up for another, whatever has become of it, and take its user; or raise SU003 or SU005. */
static void
lock_replaced(const TokenKey *key, HeldToken *token)
{
	static Statement lock_token = STATEMENT(
		"SELECT user_id, redeemed_at IS NOT NULL FROM arsignup.signup_tokens WHERE " OF_TOKEN " FOR NO KEY UPDATE");
	Parameters	parameters = {0};

	token_key_add(&parameters, key);
	if (run_on_token(&lock_token, &parameters, false) == 0)
		raise_no_token();
	if (column_bool(2))
		raise_redeemed(column_uuid(1));
	token->replaces_held = !column_is_null(1);
	if (token->replaces_held)
		token->replaced_id = *column_uuid(1);
}

/* Lock a token that is to be held and, if there is one, the one whose hold it replaces: always in the order of their ids. */
void
token_lock(const TokenKey *key, const TokenKey *replaced, HeldToken *token, TimestampTz now)
{
	int			order = replaced ? memcmp(&replaced->id, &key->id, UUID_SIZE) : 0;

	if (order < 0)
		lock_replaced(replaced, token);
	lock_pending(key, token, now);
	if (order > 0)
		lock_replaced(replaced, token);
}

/* Note for whom a token is held, and let it live as long. */
void
token_note_hold(const TokenKey *key, const pg_uuid_t *user_id, TimestampTz held_until)
{
	static Statement note_hold = STATEMENT(
		"UPDATE arsignup.signup_tokens SET user_id = $4, expires_at = greatest(expires_at, $5) WHERE " OF_TOKEN);
	Parameters	parameters = {0};

	token_key_add(&parameters, key);
	add_uuid(&parameters, user_id);
	add_time(&parameters, held_until);
	statement_touch(&note_hold, &parameters, "signup_tokens", 1);
}

/* ---------- redeeming ---------- */

/* Fill in a signup from the row that was taken; if the token was held, its user has an id already. */
static void
fill_signup(Signup *signup)
{
	const pg_uuid_t *user_id = column_uuid(10);
	bool		isnull;

	signup->user.was_held = memcmp(user_id, &signup->user.id, UUID_SIZE) != 0;
	signup->user.id = *user_id;
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
 * it held; or say why it cannot be redeemed. The second of two redeemers waits
 * for the row, and then finds nothing. The inner select still sees the hash
 * that the update erases: as long as a token is pending, its hash is what it
 * was minted with, so it is no matter if the row has been written meanwhile.
 * One that is pending after all has been minted meanwhile, and is taken by a
 * second try.
 */
void
token_take(const TokenKey *key, Signup *signup, pg_uuid_t *app_id, TimestampTz now)
{
	static Statement take_token = STATEMENT(
		"UPDATE arsignup.signup_tokens SET redeemed_at = $4, user_id = coalesce(user_id, $5), password_hash = NULL"
		" WHERE " OF_TOKEN " AND " IS_PENDING("$4")
		" RETURNING connected_app_id, username, email, first_name, last_name, org_name, custom,"
		" (SELECT password_hash FROM arsignup.signup_tokens WHERE realm_id = $1 AND id = $2), expires_at, user_id");
	Parameters	parameters = {0};

	token_key_add(&parameters, key);
	add_time(&parameters, now);
	add_uuid(&parameters, &signup->user.id);
	if (run_on_token(&take_token, &parameters, true) == 0)
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
		"UPDATE arsignup.signup_tokens SET redeemer_id = $4 WHERE " OF_TOKEN);
	TokenKey	key;
	Parameters	parameters = {0};

	if (!token_key_read(token, NULL, &key))
		return;
	token_key_add(&parameters, &key);
	add_uuid(&parameters, redeemer_id);
	statement_touch(&note_redeemer, &parameters, "signup_tokens", 1);
}

/*
 * Find the user that a token has become by the hand of this redeemer, for as
 * long as a client may send its call again that did not hear how it ended, and
 * while the user is as the call has made it: of that state, with that password.
 */
bool
token_find_redeemed(Span token, const pg_uuid_t *realm_id, const pg_uuid_t *redeemer_id, const char *state,
					pg_uuid_t *user_id)
{
	static Statement select_redeemed = STATEMENT(
		"SELECT u.id FROM arsignup.users u JOIN arsignup.credentials c"
		" ON c.realm_id = u.realm_id AND c.user_id = u.id AND c.key_digest = '' AND c.updated_at = c.created_at"
		" WHERE u.realm_id = $1 AND u.state = $6 AND u.id = (SELECT user_id FROM arsignup.signup_tokens"
		"  WHERE " OF_TOKEN " AND redeemer_id = $4 AND redeemed_at > $5 - interval '2 minutes')");
	TokenKey	key;
	Parameters	parameters = {0};

	if (!token_key_read(token, realm_id, &key))
		return false;
	token_key_add(&parameters, &key);
	add_uuid(&parameters, redeemer_id);
	add_time(&parameters, GetCurrentTimestamp());
	add_text(&parameters, state);
	if (statement_run(&select_redeemed, &parameters) == 0)
		return false;
	*user_id = *column_uuid(1);
	return true;
}

/* Mark a pending token as revoked, forget its hash and give up its hold; false if it was not pending; or raise SU003. */
bool
token_revoke(const TokenKey *key)
{
	static Statement revoke_token = STATEMENT(
		"UPDATE arsignup.signup_tokens SET revoked_at = $4, password_hash = NULL"
		" WHERE " OF_TOKEN " AND " IS_PENDING("$4") " RETURNING user_id");
	static Statement find_token = STATEMENT(
		"SELECT " IS_PENDING("$4") " FROM arsignup.signup_tokens WHERE " OF_TOKEN);
	Parameters	parameters = {0};

	token_key_add(&parameters, key);
	add_time(&parameters, GetCurrentTimestamp());
	if (run_on_token(&revoke_token, &parameters, false) > 0)
	{
		if (!column_is_null(1))
			held_release(&key->realm_id, column_uuid(1));
		return true;
	}
	if (statement_run(&find_token, &parameters) == 0)
		raise_no_token();
	if (column_bool(1))
		raise_suppressed("signup_tokens");
	return false;
}

/* Have the users to be give up their names whose ids the last statement tells in this column, if there are any. */
static void
release_found(const pg_uuid_t *realm_id, int number)
{
	bool		isnull;
	Datum		user_ids = column(number, &isnull);

	if (!isnull)
		held_release_all(realm_id, DatumGetArrayTypeP(user_ids));
}

/* The users to be of tokens that were found. */
#define HELD_BY(found) " (SELECT array_agg(user_id) FROM " found " WHERE user_id IS NOT NULL)"

/* Mark all pending tokens of a realm as revoked, forget their hashes and give up their holds; return how many. */
uint64
tokens_revoke_realm(const pg_uuid_t *realm_id, TimestampTz now)
{
	static Statement revoke_tokens = STATEMENT(
		"WITH pending AS MATERIALIZED (SELECT id, user_id FROM arsignup.signup_tokens"
		"  WHERE realm_id = $1 AND " IS_PENDING("$2") " ORDER BY id FOR UPDATE),"
		" revoked AS (UPDATE arsignup.signup_tokens t SET revoked_at = $2, password_hash = NULL"
		"  FROM pending p WHERE t.realm_id = $1 AND t.id = p.id RETURNING 1)"
		" SELECT (SELECT count(*) FROM pending), (SELECT count(*) FROM revoked)," HELD_BY("pending"));
	Parameters	parameters = {0};
	uint64		revoked;

	add_uuid(&parameters, realm_id);
	add_time(&parameters, now);
	revoked = statement_touch_all(&revoke_tokens, &parameters, "signup_tokens");
	release_found(realm_id, 3);
	return revoked;
}

/* What tokens have expired; a redeemed one can still be asked about for a day. */
#define IS_DUE "expires_at <= $1 AND (redeemed_at IS NULL OR redeemed_at <= $1 - interval '24 hours')"

/* Users to be whose tokens are among so many that are purged next: few tokens have one, and the others are not to be read for that. */
#define ENDED_HOLDS(column, window, locking) \
	"SELECT " column " FROM (SELECT realm_id, user_id, expires_at FROM arsignup.signup_tokens" \
	"  WHERE " IS_DUE " ORDER BY expires_at LIMIT " window ") t," \
	" LATERAL (SELECT ctid FROM arsignup.users" \
	"  WHERE realm_id = t.realm_id AND id = t.user_id AND state = 'held'" locking ") u" \
	" ORDER BY t.expires_at LIMIT $2"

/* Users who were to be, and will never be: they are purged before their tokens. */
Purge		expired_holds = {
	"held_users",
	STATEMENT("SELECT ARRAY (" ENDED_HOLDS("u.ctid", "$4", " FOR UPDATE SKIP LOCKED") " OFFSET $3)"),
	STATEMENT(COUNT_OF(ENDED_HOLDS("t.expires_at", "$2", " OFFSET 0"))),
	held_delete_places,
	held_strip_places
};

/* Who was to be, and was skipped: nothing but the token leads there, so it stays until they are without names. */
#define HAS_NAMED_HOLD \
	"EXISTS (SELECT FROM arsignup.users u WHERE u.realm_id = signup_tokens.realm_id AND u.id = user_id" \
	" AND u.state = 'held' AND u.username_key <> u.id::text OFFSET 0)"

Purge		expired_tokens = PURGE("signup_tokens", "signup_tokens",
							  IS_DUE " AND (user_id IS NULL OR redeemed_at IS NOT NULL OR NOT " HAS_NAMED_HOLD ")", "expires_at");

/*
 * Delete tokens that a user was made from, and those under an email, NULL for
 * none, that nobody was made from; return how many. No index leads there: all
 * tokens of the realm that are not purged are looked at.
 */
uint64
tokens_forget(const pg_uuid_t *realm_id, const pg_uuid_t *user_id, const char *email_key)
{
	static Statement delete_tokens = STATEMENT(
		"WITH known AS MATERIALIZED (SELECT id, CASE WHEN redeemed_at IS NULL THEN user_id END AS user_id"
		"  FROM arsignup.signup_tokens WHERE realm_id = $1"
		"  AND (user_id = $2 OR redeemed_at IS NULL AND arsignup.normalize_email(email) = $3) ORDER BY id FOR UPDATE),"
		" deleted AS (DELETE FROM arsignup.signup_tokens t USING known k"
		"  WHERE t.realm_id = $1 AND t.id = k.id RETURNING 1)"
		" SELECT (SELECT count(*) FROM known), (SELECT count(*) FROM deleted)," HELD_BY("known"));
	Parameters	parameters = {0};
	uint64		forgotten;

	add_uuid(&parameters, realm_id);
	add_uuid(&parameters, user_id);
	add_text(&parameters, email_key);
	forgotten = statement_touch_all(&delete_tokens, &parameters, "signup_tokens");
	release_found(realm_id, 3);
	return forgotten;
}

/* Signup tokens of a realm. */
RealmRows	realm_tokens = REALM_ROWS("signup_tokens", "id", false);
