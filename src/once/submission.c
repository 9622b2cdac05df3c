/*
 * What is sent again gets the answer that it got.
 *
 * A row is inserted before anything is done, in the transaction that does it:
 * whoever sends the same meanwhile waits for that row, and an error or a crash
 * takes it back with everything else.
 */
#include "once/submission.h"

#include <sodium.h>

#include "base/shared.h"
#include "base/statement.h"
#include "base/token.h"
#include "catalog/pg_type.h"
#include "libpq/pqformat.h"
#include "login/master_key.h"
#include "login/session.h"
#include "login/signing_key.h"
#include "storage/ipc.h"
#include "utils/guc.h"
#include "utils/timestamp.h"

/* ---------- naming ---------- */

/* Name what was sent, and to whom, by a series of texts, and what was sent by another. Or raise SU011. */
void
submission_name(Submission *submission, SecretScope *scope, const pg_uuid_t *realm_id, Parts name, Parts body,
				int64 kept_for)
{
	uint8_t		secret[SUBMISSION_SECRET_SIZE];

	signing_keys_need_master();
	master_key_derive("submissi", secret);
	submission->scope = scope;
	submission->realm_id = *realm_id;
	submission->key = secret_alloc(scope, sizeof(SubmissionKey));
	submission->kept_for = kept_for;
	submission->came_at = GetCurrentTimestamp();
	submission_key_make(secret, name, body, submission->key);
	sodium_memzero(secret, sizeof(secret));
}

/* Begin the parameters of a statement about a submission: $1 and $2. */
static Parameters
parameters_of(const Submission *submission)
{
	Parameters	parameters = {0};

	add_uuid(&parameters, &submission->realm_id);
	add_pointer(&parameters, UUIDOID, submission->key->id);
	return parameters;
}

/* ---------- answers as bytes ---------- */

/* Append a text that may be missing, behind its length. */
static void
pack_text(StringInfo bytes, const char *text)
{
	pq_sendint32(bytes, text ? (int) strlen(text) : -1);
	if (text != NULL)
		appendStringInfoString(bytes, text);
}

/* Take such a text off. */
static char *
unpack_text(StringInfo bytes)
{
	int			size = (int) pq_getmsgint(bytes, 4);

	return size < 0 ? NULL : pnstrdup(pq_getmsgbytes(bytes, size), size);
}

/* Write an answer as bytes. */
static void
pack(StringInfo bytes, const Response *response)
{
	initStringInfo(bytes);
	pq_sendint32(bytes, response->status);
	pack_text(bytes, response->token);
	pack_text(bytes, response->browser_secret);
	pack_text(bytes, response->headers.data);
	appendBinaryStringInfo(bytes, response->body.data, response->body.size);
}

/* Read an answer, which is terminated. */
static void
unpack(StringInfo bytes, Response *response)
{
	response_begin(response);
	response->status = (int) pq_getmsgint(bytes, 4);
	response->token = unpack_text(bytes);
	response->browser_secret = unpack_text(bytes);
	resetStringInfo(&response->headers);
	appendStringInfoString(&response->headers, unpack_text(bytes));
	html_add(&response->body, bytes->data + bytes->cursor);
}

/* ---------- who waits ---------- */

/*
 * So many at a time may wait for what was sent before. Each has a connection,
 * and PostgREST's pool has ten more than there can be signups under way.
 */
#define WAITING_MAX 8

/* Milliseconds that the others may: who need not wait comes through all the same. */
#define CROWDED_WAIT 10

/* Leave those that may wait: called when an error or the end of the backend ends the wait, too. */
static void
leave(int code, Datum arg)
{
	pg_atomic_fetch_sub_u32((pg_atomic_uint32 *) DatumGetPointer(arg), 1);
}

/* Wait for what was sent before as long as it may wait for a hash and a lock, or hardly at all; return what ends that. */
static int
wait_begin(bool may_wait)
{
	int			nest_level = NewGUCNestLevel();

	if (!may_wait)
		lock_timeout_shorten(CROWDED_WAIT);
	else if (lock_timeout_setting > 0)
		lock_timeout_shorten(Min((int64) hash_wait_setting + lock_timeout_setting, INT_MAX));
	return nest_level;
}

/* Run a statement that waits for what was sent before; or raise 55P03 if that takes too long, or too many wait. */
static uint64
run_waiting(Statement *statement, Parameters *parameters)
{
	pg_atomic_uint32 *waiting = &shared_state()->submissions_waiting;
	bool		may_wait = pg_atomic_fetch_add_u32(waiting, 1) < WAITING_MAX;
	volatile uint64 rows = 0;

	PG_ENSURE_ERROR_CLEANUP(leave, PointerGetDatum(waiting));
	{
		int			nest_level = wait_begin(may_wait);

		rows = statement_run(statement, parameters);
		lock_timeout_end(nest_level);
	}
	PG_END_ENSURE_ERROR_CLEANUP(leave, PointerGetDatum(waiting));
	leave(0, PointerGetDatum(waiting));
	return rows;
}

/* ---------- beginning ---------- */

/*
 * Insert the row of a submission, or take over one that is no longer kept, or
 * of a time to come, since the clock was set back. False, and nobody else can
 * change it, if there is one that is kept.
 */
static bool
claim(const Submission *submission)
{
	static Statement insert_submission = STATEMENT(
		"INSERT INTO arsignup.submissions AS s (realm_id, id, body_digest, created_at) VALUES ($1, $2, $3, $4)"
		" ON CONFLICT (realm_id, id) DO UPDATE SET body_digest = $3, created_at = $4, answer = NULL"
		" WHERE s.created_at NOT BETWEEN $5 AND $6");
	Parameters	parameters = parameters_of(submission);

	add_bytes(&parameters, submission->key->body_digest, SUBMISSION_DIGEST_SIZE);
	add_time(&parameters, submission->came_at);
	add_time(&parameters, submission->came_at - submission->kept_for);
	add_time(&parameters, submission->came_at + submission->kept_for);
	return run_waiting(&insert_submission, &parameters) > 0;
}

/* Set the answer of a submission, or erase it if there is none. */
static void
set_answer(const Submission *submission, const bytea *answer)
{
	static Statement update_answer = STATEMENT(
		"UPDATE arsignup.submissions SET answer = $3 WHERE realm_id = $1 AND id = $2");
	Parameters	parameters = parameters_of(submission);

	add_pointer(&parameters, BYTEAOID, answer);
	statement_touch(&update_answer, &parameters, "submissions", 1);
}

/* Take a row over: what it tells of is not good any more. */
static void
renew(const Submission *submission)
{
	static Statement renew_submission = STATEMENT(
		"UPDATE arsignup.submissions SET created_at = $3, answer = NULL WHERE realm_id = $1 AND id = $2");
	Parameters	parameters = parameters_of(submission);

	add_time(&parameters, submission->came_at);
	statement_touch(&renew_submission, &parameters, "submissions", 1);
}

/* Read the sealed answer to the same body; NULL if there is none, or it was to another. */
static bytea *
read_answer(const Submission *submission)
{
	static Statement select_submission = STATEMENT(
		"SELECT body_digest, answer FROM arsignup.submissions WHERE realm_id = $1 AND id = $2");
	Parameters	parameters = parameters_of(submission);
	bytea	   *digest;
	bool		isnull;
	Datum		answer;

	if (statement_run(&select_submission, &parameters) == 0)
		raise_suppressed("submissions");
	digest = DatumGetByteaPP(column(1, &isnull));
	answer = column(2, &isnull);
	if (isnull || VARSIZE_ANY_EXHDR(digest) != SUBMISSION_DIGEST_SIZE ||
		sodium_memcmp(VARDATA_ANY(digest), submission->key->body_digest, SUBMISSION_DIGEST_SIZE) != 0)
		return NULL;
	return DatumGetByteaPP(answer);
}

/* Open a sealed answer. */
static void
open_answer(const Submission *submission, bytea *sealed, Response *response)
{
	Span		bytes = {VARDATA_ANY(sealed), VARSIZE_ANY_EXHDR(sealed)};
	StringInfoData answer = {.data = secret_alloc(submission->scope, bytes.size + 1), .maxlen = bytes.size + 1};

	if (!submission_open(submission->key, bytes, (uint8_t *) answer.data))
		ereport(ERROR,
				(errcode(ERRCODE_DATA_CORRUPTED),
				 errmsg("the answer to a submission is not what was sealed")));
	answer.len = bytes.size - SUBMISSION_SEAL_OVERHEAD;
	answer.data[answer.len] = '\0';
	unpack(&answer, response);
}

/* Tell whether a token still leads somewhere, or there is none: a login token holds, a signup token is not revoked or expired. */
static bool
token_holds(const Submission *submission, const char *token)
{
	static Statement verify_token = STATEMENT("SELECT arsignup.verify_login_token($2, $1) IS NOT NULL");
	static Statement find_signup = STATEMENT(
		"SELECT EXISTS (SELECT FROM arsignup.get_signup_token($2, $1) WHERE state IN ('pending', 'held', 'redeemed'))");
	Parameters	parameters = {0};
	bool		is_signup = token != NULL && strncmp(token, SIGNUP_TOKEN_PREFIX, TOKEN_PREFIX_LENGTH) == 0;

	if (token == NULL)
		return true;
	add_uuid(&parameters, &submission->realm_id);
	add_secret(&parameters, submission->scope, (Span) {token, strlen(token)});
	(void) statement_run(is_signup ? &find_signup : &verify_token, &parameters);
	return column_bool(1);
}

/* Tell whether a browser's secret still stands for a session, or there is none. */
static bool
secret_holds(const pg_uuid_t *realm_id, const char *secret, TimestampTz now)
{
	Realm		realm;
	Session		session;
	User		user;

	return secret == NULL ||
		(realm_find(realm_id, &realm) &&
		 session_recall(&realm, (Span) {secret, strlen(secret)}, now, &session, &user));
}

/*
 * Begin to do what was sent, or give the answer that it got. An answer that
 * logs somebody in is given only as long as they are logged in, and one with
 * a signup token only until that is revoked or has expired. Another body
 * under the same key has the answer erased, so that nobody can try passwords
 * against it. Or raise 55P03 if the first is still being worked on.
 */
SubmissionState
submission_begin(Submission *submission, Response *response)
{
	Response	kept;
	bytea	   *sealed;

	if (claim(submission))
		return SUBMISSION_NEW;
	sealed = read_answer(submission);
	if (sealed == NULL)
	{
		set_answer(submission, NULL);
		return SUBMISSION_OTHER;
	}
	open_answer(submission, sealed, &kept);
	if (token_holds(submission, kept.token) &&
		secret_holds(&submission->realm_id, kept.browser_secret, submission->came_at))
	{
		*response = kept;
		return SUBMISSION_ANSWERED;
	}
	renew(submission);
	return SUBMISSION_NEW;
}

/* ---------- ending ---------- */

/* Keep the answer, sealed. */
static void
keep(const Submission *submission, const Response *response)
{
	StringInfoData answer;
	bytea	   *sealed;
	size_t		size;

	pack(&answer, response);
	size = VARHDRSZ + answer.len + SUBMISSION_SEAL_OVERHEAD;
	sealed = palloc(size);
	SET_VARSIZE(sealed, size);
	submission_seal(submission->key, (Span) {answer.data, answer.len}, (uint8_t *) VARDATA(sealed));
	sodium_memzero(answer.data, answer.len);
	set_answer(submission, sealed);
}

/* Forget that it was sent. */
static void
forget(const Submission *submission)
{
	static Statement delete_submission = STATEMENT("DELETE FROM arsignup.submissions WHERE realm_id = $1 AND id = $2");
	Parameters	parameters = parameters_of(submission);

	statement_touch(&delete_submission, &parameters, "submissions", 1);
}

/* End what submission_begin has called new: keep the answer if something was done, else judge it anew when it is sent again. */
void
submission_end(const Submission *submission, const Response *response)
{
	if (response->status < 400 && !response->is_refusal)
		keep(submission, response);
	else
		forget(submission);
}

/* ---------- purging ---------- */

Purge		old_submissions = PURGE("submissions", "submissions", "created_at <= $1 - interval '10 minutes'", "created_at");

/* Submissions of a realm. */
RealmRows	realm_submissions = REALM_ROWS("submissions", "id", false);
