/*
 * Sessions and login tokens.
 *
 * What ends a user's tokens counts the user's token_generation up; every
 * session and token has that of its beginning, and is good while it is still
 * the same. No clock is asked which of the two came first.
 */
#include "login/session.h"

#include "base/encode.h"
#include "base/id.h"
#include "base/lookup.h"
#include "base/row.h"
#include "base/token.h"
#include "catalog/pg_type.h"
#include "lib/stringinfo.h"
#include "login/jwt_json.h"
#include "login/signing_key.h"
#include "org/org.h"
#include "realm/url.h"
#include "utils/builtins.h"
#include "utils/fmgrprotos.h"
#include "utils/json.h"
#include "utils/numeric.h"
#include "utils/timestamp.h"

/* Clocks of two servers may differ by this many seconds. */
#define CLOCK_SKEW 30

#define MANAGED_PREFIX "kss"
#define UNMANAGED_PREFIX "ksu"

/* ---------- starting ---------- */

#define NEW_SESSION "realm_id, id, user_id, created_at, expires_at, connected_app_id, ip, client, token_generation"

/* The user's sessions that were not ended. That one is over by its own time does not count: the newest are what is kept. */
#define SESSIONS_OF_USER "arsignup.sessions WHERE realm_id = $1 AND user_id = $3 AND ended_at IS NULL"

/* The oldest of those that are too many, or the youngest, that nobody else is just ending. */
#define SURPLUS(order) \
	"(SELECT ctid FROM " SESSIONS_OF_USER " AND id <= (SELECT id FROM surplus) ORDER BY id " order \
	" LIMIT 1 FOR NO KEY UPDATE SKIP LOCKED)"

/*
 * Store a managed session. If the user has as many as there may be, the oldest
 * one ends, and a second one if there are more: logins at the same time do not
 * see each other's, nor do they ever wait for each other. Rows are ended by
 * their place, one by one, so that no plan reads the table for them.
 */
static void
insert_session(const Realm *realm, const User *user, const EventSource *source, const Session *session)
{
	static Insert insert_first = INSERT("sessions", NEW_SESSION);
	static Statement insert_another = STATEMENT(
		"WITH surplus AS (SELECT id FROM " SESSIONS_OF_USER " ORDER BY id DESC LIMIT 1 OFFSET $10::bigint - 1),"
		" ended AS (UPDATE arsignup.sessions SET ended_at = $4, cookie_digest = NULL"
		"  WHERE ctid IN (" SURPLUS("ASC") ", " SURPLUS("DESC") "))"
		" INSERT INTO arsignup.sessions (" NEW_SESSION ") VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9)");
	Parameters	parameters = {0};

	add_uuid(&parameters, &realm->id);
	add_uuid(&parameters, &session->id);
	add_uuid(&parameters, &user->id);
	add_time(&parameters, session->created_at);
	add_time(&parameters, session->expires_at);
	add_uuid(&parameters, source->connected_app_id);
	add_pointer(&parameters, INETOID, source->ip);
	add_text(&parameters, source->client);
	add_int4(&parameters, session->token_generation);
	if (max_sessions_per_user_setting == 0 || user->logs_in)
		rows_insert(&insert_first, &parameters);
	else
	{
		add_int8(&parameters, max_sessions_per_user_setting);
		statement_touch(&insert_another, &parameters, "sessions", 1);
	}
}

/* Start a session for a user, stored if the realm manages sessions and the user is a person. */
void
session_start(const Realm *realm, const User *user, const EventSource *source, TimestampTz now, Session *session)
{
	session->id = id_make(now);
	session->is_managed = realm->sessions_are_managed && strcmp(user->user_type, "human") == 0;
	session->token_generation = user->token_generation;
	session->created_at = now;
	session->expires_at = now + realm->session_minutes * USECS_PER_MINUTE;
	if (session->is_managed)
		insert_session(realm, user, source, session);
}

/* ---------- tokens ---------- */

/* Return seconds since 1970, as tokens count. */
static int64
epoch_seconds(TimestampTz time)
{
	return (time + (int64) (POSTGRES_EPOCH_JDATE - UNIX_EPOCH_JDATE) * USECS_PER_DAY) / USECS_PER_SEC;
}

/* Append a member of the claims that is text: ,"name":"value"; nothing for null. */
static void
append_text(StringInfo json, const char *name, const char *value)
{
	if (value == NULL)
		return;
	appendStringInfo(json, "%s\"%s\":", json->len > 1 ? "," : "", name);
	escape_json(json, value);
}

/* Return an id as it is shown outside of SQL. */
static char *
public_id(const char *prefix, const pg_uuid_t *id)
{
	char		number[BASE62_UUID_LENGTH];

	base62_encode_uuid(id->data, number);
	return psprintf("%s_%.*s", prefix, BASE62_UUID_LENGTH, number);
}

/* What a token may tell beside what every token tells: the values of cs and m, null where the realm wants none. */
typedef struct Extras
{
	const char *custom;
	SPITupleTable *memberships;
	bool		with_orgs;
} Extras;

/* How much of it a token tells. */
typedef struct Choice
{
	bool		custom;
	MembershipDetail memberships;
} Choice;

/*
 * All if it fits, else the first choice that does: permissions before the
 * user's attributes, these before what orgs are called, and that before the
 * attributes of memberships and orgs.
 */
static const Choice choices[] = {
	{true, MEMBERSHIPS_ATTRIBUTES}, {true, MEMBERSHIPS_ORG_NAMES}, {true, MEMBERSHIPS_PERMISSIONS},
	{false, MEMBERSHIPS_ATTRIBUTES}, {false, MEMBERSHIPS_ORG_NAMES}, {false, MEMBERSHIPS_PERMISSIONS},
	{true, MEMBERSHIPS_NONE}, {false, MEMBERSHIPS_NONE}
};

/* Append the name of a claim that is left out. */
static void
append_left_out(StringInfo json, bool is_left_out, const char *name)
{
	if (is_left_out)
		appendStringInfo(json, "%s\"%s\"", json->data[json->len - 1] == '[' ? "" : ",", name);
}

/* Append what a choice tells, and which claims it leaves out, if any; at the latest stop when the room is used up. */
static void
append_choice(StringInfo json, const Extras *extras, const Choice *choice, int room)
{
	bool		lacks_attributes = extras->memberships != NULL && choice->memberships != MEMBERSHIPS_NONE &&
		choice->memberships < MEMBERSHIPS_ATTRIBUTES;

	if (extras->custom != NULL && choice->custom)
		appendStringInfo(json, ",\"cs\":%s", extras->custom);
	if (extras->memberships != NULL && choice->memberships != MEMBERSHIPS_NONE)
	{
		appendStringInfoString(json, ",\"m\":");
		memberships_append_claims(json, extras->memberships, choice->memberships, extras->with_orgs, room);
	}
	if (choice == choices)
		return;
	appendStringInfoString(json, ",\"left_out\":[");
	append_left_out(json, extras->custom != NULL && !choice->custom, "cs");
	append_left_out(json, extras->memberships != NULL && choice->memberships == MEMBERSHIPS_NONE, "m");
	append_left_out(json, lacks_attributes, "m.cs");
	append_left_out(json, lacks_attributes && extras->with_orgs, "m.ocs");
	append_left_out(json, lacks_attributes && extras->with_orgs && choice->memberships < MEMBERSHIPS_ORG_NAMES, "m.o");
	appendStringInfoChar(json, ']');
}

/* Append as much of the extras as fits into the room, and can be carried; leave room for a brace. */
static void
append_extras(StringInfo json, const Extras *extras, int room)
{
	int			start = json->len;

	if (extras->custom == NULL && extras->memberships == NULL)
		return;
	for (size_t i = 0; i < lengthof(choices); i++)
	{
		json->len = start;
		append_choice(json, extras, &choices[i], room);
		if (json->len < room && jwt_can_carry((Span) {json->data + start, json->len - start}))
			return;
	}
}

/* Read what a realm wants to be told of a user. */
static Extras
read_extras(const Realm *realm, const User *user)
{
	Extras		extras = {.with_orgs = realm->jwt_has_orgs};

	if (realm->jwt_has_custom)
		extras.custom = JsonbToCString(NULL, &user->custom->root, VARSIZE(user->custom));
	if (realm->jwt_has_memberships)
		extras.memberships = memberships_read_claims(&realm->id, &user->id, GetCurrentTimestamp());
	return extras;
}

/* Write the claims of a login token: AuthRocket 1's names, with sub, sid and gen beside them. */
static Span
write_claims(const Realm *realm, const User *user, const Session *session, int room)
{
	char	   *uid = public_id("usr", &user->id);
	char	   *tk = public_id(session->is_managed ? MANAGED_PREFIX : UNMANAGED_PREFIX, &session->id);
	Extras		extras = read_extras(realm, user);
	StringInfoData json;

	initStringInfo(&json);
	appendStringInfoChar(&json, '{');
	append_text(&json, "uid", uid);
	append_text(&json, "sub", uid);
	append_text(&json, "aud", public_id("rl", &realm->id));
	append_text(&json, "un", user->username);
	append_text(&json, "n", user_full_name(user));
	append_text(&json, "fn", user->first_name);
	append_text(&json, "ln", user->last_name);
	append_text(&json, "tk", tk);
	append_text(&json, "sid", tk);
	appendStringInfo(&json, ",\"gen\":%d,\"iat\":" INT64_FORMAT ",\"exp\":" INT64_FORMAT,
					 session->token_generation,
					 epoch_seconds(session->created_at), epoch_seconds(session->expires_at));
	append_extras(&json, &extras, room);
	appendStringInfoChar(&json, '}');
	return (Span) {json.data, json.len};
}

/* Return a session's login token, signed with this key; terminated. */
static char *
sign_token(SecretScope *scope, const Realm *realm, const User *user, const Session *session, const SigningKey *key)
{
	Span		claims = write_claims(realm, user, session,
									  jwt_payload_room(&key->jwt, key->kid, max_login_token_size_setting));
	size_t		capacity = jwt_token_size(claims.size);
	char	   *token = secret_alloc(scope, capacity);

	if (jwt_sign(&key->jwt, key->kid, claims, token, capacity) == 0)
		ereport(ERROR,
				(errcode(ERRCODE_ARSIGNUP_KEY),
				 errmsg("could not sign a login token")));
	return token;
}

/* Return a session's login token, signed with the realm's key, which may be made or changed for it; terminated. */
char *
session_token(SecretScope *scope, const Realm *realm, const User *user, const Session *session)
{
	return sign_token(scope, realm, user, session,
					  signing_key_current(realm, session->expires_at - session->created_at));
}

/* Return another login token of a session, and write nothing; NULL where the realm's key is not ready for it. */
char *
session_token_again(SecretScope *scope, const Realm *realm, const User *user, const Session *session)
{
	const SigningKey *key = signing_key_ready(realm, session->expires_at - session->created_at);

	return key != NULL ? sign_token(scope, realm, user, session, key) : NULL;
}

/* Return a handler's URL with a token, and with signup=true after a signup. */
char *
url_with_token(const char *handler, const char *token, bool is_signup)
{
	char	   *parameters = psprintf("token=%s%s", token, is_signup ? "&signup=true" : "");
	size_t		size = strlen(handler) + strlen(parameters) + 2;
	char	   *url = palloc(size);

	(void) url_add_parameter((Span) {handler, strlen(handler)}, parameters, url, size);
	return url;
}

/* ---------- ending ---------- */

/* What tells the sessions that are going on ($3: now). */
#define GOING_ON "ended_at IS NULL AND expires_at > $3"

static Statement find_going_on = STATEMENT(
	"SELECT FROM arsignup.sessions WHERE realm_id = $1 AND id = $2 AND " GOING_ON);

/* End a session; false if it was not going on. */
bool
session_end(const pg_uuid_t *realm_id, const pg_uuid_t *session_id, TimestampTz now)
{
	static Statement end_session = STATEMENT(
		"UPDATE arsignup.sessions SET ended_at = $3, cookie_digest = NULL"
		" WHERE realm_id = $1 AND id = $2 AND " GOING_ON);
	Parameters	parameters = {0};

	add_uuid(&parameters, realm_id);
	add_uuid(&parameters, session_id);
	add_time(&parameters, now);
	return statement_touch_any(&end_session, &find_going_on, &parameters, "sessions");
}

/* End all sessions of a user; return how many were going on. */
uint64
sessions_end(const pg_uuid_t *realm_id, const pg_uuid_t *user_id, TimestampTz now)
{
	static Statement end_sessions = STATEMENT(
		"WITH going AS MATERIALIZED (SELECT id FROM arsignup.sessions"
		"  WHERE realm_id = $1 AND user_id = $2 AND " GOING_ON " FOR UPDATE),"
		" ended AS (UPDATE arsignup.sessions s SET ended_at = $3, cookie_digest = NULL"
		"  FROM going g WHERE s.realm_id = $1 AND s.id = g.id RETURNING 1)"
		" SELECT (SELECT count(*) FROM going), (SELECT count(*) FROM ended)");
	Parameters	parameters = {0};

	add_uuid(&parameters, realm_id);
	add_uuid(&parameters, user_id);
	add_time(&parameters, now);
	return statement_touch_all(&end_sessions, &parameters, "sessions");
}

/* End all sessions of a realm; return how many were going on. */
uint64
sessions_end_realm(const pg_uuid_t *realm_id, TimestampTz now)
{
	static Statement end_sessions = STATEMENT(
		"WITH going AS MATERIALIZED (SELECT id FROM arsignup.sessions"
		"  WHERE realm_id = $1 AND ended_at IS NULL AND expires_at > $2 FOR UPDATE),"
		" ended AS (UPDATE arsignup.sessions s SET ended_at = $2, cookie_digest = NULL"
		"  FROM going g WHERE s.realm_id = $1 AND s.id = g.id RETURNING 1)"
		" SELECT (SELECT count(*) FROM going), (SELECT count(*) FROM ended)");
	Parameters	parameters = {0};

	add_uuid(&parameters, realm_id);
	add_time(&parameters, now);
	return statement_touch_all(&end_sessions, &parameters, "sessions");
}

/* Forget from where a user's sessions have come; they go on. Return how many had that. */
uint64
sessions_forget(const pg_uuid_t *realm_id, const pg_uuid_t *user_id)
{
	static Statement blank_sessions = STATEMENT(
		"WITH known AS MATERIALIZED (SELECT id FROM arsignup.sessions WHERE realm_id = $1 AND user_id = $2"
		"  AND (ip IS NOT NULL OR client IS NOT NULL) FOR UPDATE),"
		" blanked AS (UPDATE arsignup.sessions s SET ip = NULL, client = NULL"
		"  FROM known k WHERE s.realm_id = $1 AND s.id = k.id RETURNING 1)"
		" SELECT (SELECT count(*) FROM known), (SELECT count(*) FROM blanked)");
	Parameters	parameters = {0};

	add_uuid(&parameters, realm_id);
	add_uuid(&parameters, user_id);
	return statement_touch_all(&blank_sessions, &parameters, "sessions");
}

/* Sessions that are over: by themselves, or because they were ended. */
Purge		expired_sessions = PURGE("sessions", "sessions", "expires_at <= $1", "expires_at");
Purge		ended_sessions = PURGE("ended_sessions", "sessions", "ended_at <= $1", "ended_at");

/* ---------- sessions of browsers ---------- */

/* Compute what is stored of a browser's secret; false if it is not well-formed. */
static bool
browser_digest(Span secret, uint8_t digest[TOKEN_DIGEST_SIZE])
{
	uint8_t		realm_id[UUID_SIZE];

	return secret.data != NULL && token_parse(BROWSER_SESSION_PREFIX, secret, realm_id, digest);
}

/* Give a session a secret by which a browser comes back to it; NULL if it is not going on. */
char *
session_remember(const pg_uuid_t *realm_id, const pg_uuid_t *session_id, TimestampTz now)
{
	static Statement set_cookie = STATEMENT(
		"UPDATE arsignup.sessions SET cookie_digest = $4"
		" WHERE realm_id = $1 AND id = $2 AND " GOING_ON);
	char	   *secret = palloc(TOKEN_LENGTH + 1);
	uint8_t		realm[UUID_SIZE];
	uint8_t		digest[TOKEN_DIGEST_SIZE];
	Parameters	parameters = {0};

	token_make(BROWSER_SESSION_PREFIX, realm_id->data, secret);
	(void) token_parse(BROWSER_SESSION_PREFIX, (Span) {secret, TOKEN_LENGTH}, realm, digest);
	add_uuid(&parameters, realm_id);
	add_uuid(&parameters, session_id);
	add_time(&parameters, now);
	add_bytes(&parameters, digest, TOKEN_DIGEST_SIZE);
	return statement_touch_any(&set_cookie, &find_going_on, &parameters, "sessions") ? secret : NULL;
}

/*
 * Put a session in the place of the one that a browser's secret stood for: who
 * logs in to an app leaves what was there before, their own session at another
 * app excepted, which goes on without the browser.
 */
void
session_replace(const pg_uuid_t *realm_id, const pg_uuid_t *session_id, Span former, TimestampTz now)
{
	static Statement replace_session = STATEMENT(
		"UPDATE arsignup.sessions f SET cookie_digest = NULL,"
		" ended_at = CASE WHEN f.user_id = s.user_id AND f.connected_app_id <> s.connected_app_id"
		"  THEN NULL ELSE $4::timestamptz END"
		" FROM arsignup.sessions s WHERE f.realm_id = $1 AND f.cookie_digest = $3 AND f.ended_at IS NULL"
		" AND f.expires_at > $4 AND s.realm_id = $1 AND s.id = $2 AND s.id <> f.id");
	uint8_t		digest[TOKEN_DIGEST_SIZE];
	Parameters	parameters = {0};

	if (session_id == NULL || !browser_digest(former, digest))
		return;
	add_uuid(&parameters, realm_id);
	add_uuid(&parameters, session_id);
	add_bytes(&parameters, digest, TOKEN_DIGEST_SIZE);
	add_time(&parameters, now);
	(void) statement_run(&replace_session, &parameters);
}

/* End the session that a browser's secret stands for; false if it was not going on. */
bool
session_end_remembered(const pg_uuid_t *realm_id, Span secret, TimestampTz now)
{
	static Statement end_session = STATEMENT(
		"UPDATE arsignup.sessions SET ended_at = $3, cookie_digest = NULL"
		" WHERE realm_id = $1 AND cookie_digest = $2 AND " GOING_ON);
	static Statement find_session = STATEMENT(
		"SELECT FROM arsignup.sessions WHERE realm_id = $1 AND cookie_digest = $2 AND " GOING_ON);
	uint8_t		digest[TOKEN_DIGEST_SIZE];
	Parameters	parameters = {0};

	if (!browser_digest(secret, digest))
		return false;
	add_uuid(&parameters, realm_id);
	add_bytes(&parameters, digest, TOKEN_DIGEST_SIZE);
	add_time(&parameters, now);
	return statement_touch_any(&end_session, &find_session, &parameters, "sessions");
}

/* Find the session that a browser's secret stands for, and its user; false if it is over. */
bool
session_recall(const Realm *realm, Span secret, TimestampTz now, Session *session, User *user)
{
	static Statement select_session = STATEMENT(
		"SELECT id, created_at, expires_at, user_id, token_generation FROM arsignup.sessions"
		" WHERE realm_id = $1 AND cookie_digest = $2 AND " GOING_ON);
	uint8_t		digest[TOKEN_DIGEST_SIZE];
	Parameters	parameters = {0};

	if (!browser_digest(secret, digest))
		return false;
	add_uuid(&parameters, &realm->id);
	add_bytes(&parameters, digest, TOKEN_DIGEST_SIZE);
	add_time(&parameters, now);
	if (statement_run(&select_session, &parameters) == 0)
		return false;
	session->id = *column_uuid(1);
	session->is_managed = true;
	session->created_at = column_time(2);
	session->expires_at = column_time(3);
	session->token_generation = column_int(5);
	user_read(&realm->id, column_uuid(4), user);
	return strcmp(user->state, "active") == 0 && session->token_generation == user->token_generation;
}

/* ---------- verifying ---------- */

/* Read an id with one of the prefixes given. */
static bool
read_id(const char *text, const char *prefix, pg_uuid_t *id)
{
	size_t		length = strlen(prefix);

	return strncmp(text, prefix, length) == 0 && text[length] == '_' &&
		id_parse(text, strlen(text), id->data);
}

/* Tell whether a token's times hold now. */
static bool
is_timely(const JwtClaims *claims)
{
	int64		now = epoch_seconds(GetCurrentTimestamp());

	return claims->iat <= now + CLOCK_SKEW && claims->exp > now - CLOCK_SKEW;
}

/*
 * Tell whether a key could sign a token of these times: a retired one signs
 * no session that begins after it, or lasts longer than any that it did sign.
 */
static bool
key_was_live(const SigningKey *key, const JwtClaims *claims)
{
	return !key->is_retired ||
		(claims->iat <= epoch_seconds(key->retired_at + SIGNING_KEY_GRACE) &&
		 claims->exp - claims->iat <= (int64) key->session_minutes * SECS_PER_MINUTE);
}

/* What a token says of whom it is for. */
typedef struct Bearer
{
	pg_uuid_t	realm_id;
	pg_uuid_t	user_id;
	pg_uuid_t	session_id;
	bool		is_managed;
} Bearer;

/* Read whom a token is for. */
static bool
read_bearer(const JwtClaims *claims, Bearer *bearer)
{
	if (!read_id(claims->aud, "rl", &bearer->realm_id) || !read_id(claims->uid, "usr", &bearer->user_id))
		return false;
	bearer->is_managed = read_id(claims->tk, MANAGED_PREFIX, &bearer->session_id);
	return bearer->is_managed || read_id(claims->tk, UNMANAGED_PREFIX, &bearer->session_id);
}

/*
 * Tell whether a user still stands behind a token of this generation. Where
 * sessions are managed, a person's token must have one: an app that knows the
 * shared secret could call any token unmanaged.
 */
static bool
user_backs(const Realm *realm, const Bearer *bearer, int64 generation)
{
	static Lookup user_by_id = {
		.table = "users", .index = "users_realm_id_id_key", .keys = "realm_id, id", .columns = "token_generation, state, user_type"
	};
	Parameters	keys = {0};
	Found		user;

	add_uuid(&keys, &bearer->realm_id);
	add_uuid(&keys, &bearer->user_id);
	return lookup_read(&user_by_id, &keys, &user) && DatumGetInt32(user.values[0]) == generation &&
		text_is(user.values[1], "active") &&
		(bearer->is_managed || !realm->sessions_are_managed || text_is(user.values[2], "api"));
}

/* Tell whether a managed session is the user's, and going on. */
static bool
session_backs(const Bearer *bearer)
{
	static Lookup session_by_id = {
		.table = "sessions", .index = "sessions_pkey", .keys = "realm_id, id", .columns = "user_id, expires_at, ended_at"
	};
	Parameters	keys = {0};
	Found		session;

	add_uuid(&keys, &bearer->realm_id);
	add_uuid(&keys, &bearer->session_id);
	return lookup_read(&session_by_id, &keys, &session) &&
		memcmp(DatumGetUUIDP(session.values[0]), &bearer->user_id, UUID_LEN) == 0 &&
		DatumGetTimestampTz(session.values[1]) > GetCurrentTimestamp() && session.nulls[2];
}

/* Tell whether realm, user and, if it is managed, the session still stand behind a token. */
static bool
is_backed(const Bearer *bearer, int64 generation)
{
	Realm		realm;

	return realm_find(&bearer->realm_id, &realm) && realm.active && user_backs(&realm, bearer, generation) &&
		(!bearer->is_managed || session_backs(bearer));
}

/* Return a text as a value of jsonb. */
static JsonbValue
string_value(Span text)
{
	JsonbValue	value = {.type = jbvString};

	value.val.string.val = unconstify(char *, text.data);
	value.val.string.len = text.size;
	return value;
}

/* Return a whole number as a value of jsonb. */
static JsonbValue
number_value(int64 number)
{
	JsonbValue	value = {.type = jbvNumeric};

	value.val.numeric = int64_to_numeric(number);
	return value;
}

/* Compare two members as jsonb orders them. */
static int
compare_members(const void *one, const void *other)
{
	Span		a = ((const PlainMember *) one)->name;
	Span		b = ((const PlainMember *) other)->name;

	return a.size != b.size ? (a.size > b.size ? 1 : -1) : memcmp(a.data, b.data, a.size);
}

/*
 * Return claims as jsonb, as they were signed. Members that were read one by
 * one need not be read again, unless one has members of its own; jsonb sorts
 * them, which costs it more than us.
 */
static Jsonb *
claims_to_jsonb(Span payload, PlainObject *all)
{
	JsonbParseState *state = NULL;

	if (!plain_is_flat(all))
		return DatumGetJsonbP(DirectFunctionCall1(jsonb_in, CStringGetDatum(pnstrdup(payload.data, payload.size))));
	qsort(all->members, all->count, sizeof(PlainMember), compare_members);
	(void) pushJsonbValue(&state, WJB_BEGIN_OBJECT, NULL);
	for (int i = 0; i < all->count; i++)
	{
		const PlainMember *member = &all->members[i];
		JsonbValue	name = string_value(member->name);
		JsonbValue	value = member->kind == PLAIN_STRING ? string_value(member->value) : number_value(plain_number(member));

		(void) pushJsonbValue(&state, WJB_KEY, &name);
		(void) pushJsonbValue(&state, WJB_VALUE, &value);
	}
	return JsonbValueToJsonb(pushJsonbValue(&state, WJB_END_OBJECT, NULL));
}

/* Return the claims of a login token, in the memory given; NULL if it does not hold. Reads only. */
Jsonb *
login_token_verify(Span token, const pg_uuid_t *expected_realm_id, MemoryContext memory)
{
	Jwt			jwt;
	JwtClaims	claims;
	Bearer		bearer;
	const SigningKey *key;
	Span		payload;
	char	   *text;

	if (!jwt_parse(token, &jwt))
		return NULL;
	text = palloc(jwt.payload.size);
	if (!jwt_decode_payload(&jwt, text, &payload.size))
		return NULL;
	payload.data = text;
	if (!jwt_read_claims(payload, &claims) || !read_bearer(&claims, &bearer))
		return NULL;
	if (expected_realm_id != NULL && memcmp(expected_realm_id, &bearer.realm_id, UUID_SIZE) != 0)
		return NULL;
	key = signing_key_for_verifying(&bearer.realm_id, jwt.kid);
	if (key == NULL || !jwt_verify(&jwt, &key->jwt) || !is_timely(&claims) || !key_was_live(key, &claims) ||
		!is_backed(&bearer, claims.gen))
		return NULL;
	MemoryContextSwitchTo(memory);
	return claims_to_jsonb(payload, &claims.all);
}
