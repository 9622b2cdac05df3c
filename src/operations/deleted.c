/*
 * Realms that are emptied, or were deleted.
 *
 * A deleted realm is gone with the commit: its row, apps, routes, keys. What
 * lived in it refers to none of these, and is deleted by and by, batch by batch
 * (deleted_realms says of what). Nobody finds it meanwhile, since every
 * call reads the realm first. A signup that had read it before may still commit:
 * so it is looked for once more an hour later, when every transaction has ended
 * that was there when it was last looked for, and only then the realm forgotten.
 */
#include "operations/deleted.h"

#include "account/user.h"
#include "base/deferred.h"
#include "base/event.h"
#include "base/realm_rows.h"
#include "base/subtransaction.h"
#include "login/signing_key.h"
#include "miscadmin.h"
#include "once/submission.h"
#include "operations/delivery.h"
#include "org/org.h"
#include "realm/realm.h"
#include "signup/token_row.h"

/* Rows that one statement deletes. */
#define BATCH 10000

/* How long a call may take that has read the realm before it was deleted, until it writes. */
#define STRAGGLERS_AFTER (INT64CONST(3600) * USECS_PER_SEC)

/* After how long rows are tried again that could not be deleted, and transactions looked for that had not ended. */
#define RETRY_AFTER (INT64CONST(600) * USECS_PER_SEC)

/* What lives in a realm. Those to whom tables of the application may refer come first: what forbids it is heard at once. */
static RealmRows *const inhabitants[] = {
	&realm_users, &realm_orgs, &realm_tokens, &realm_deliveries, &realm_hook_deliveries, &realm_events, &realm_submissions
};

/* Delete rows of a table, at most so many; return how many. */
static int64
clear_table(RealmRows *rows, const Caller *caller, const pg_uuid_t *realm_id, int64 max_rows)
{
	int64		deleted = 0;
	int64		batch;

	do
	{
		CHECK_FOR_INTERRUPTS();
		batch = max_rows > deleted ? realm_rows_delete(rows, caller, realm_id, Min(max_rows - deleted, BATCH), 0) : 0;
		deleted += batch;
	} while (batch > 0);
	return deleted;
}

/* Delete what lives in a realm, at most so many rows; return how many: fewer if nothing is left. */
int64
realm_clear(const Caller *caller, const pg_uuid_t *realm_id, int64 max_rows)
{
	int64		deleted = 0;

	for (size_t i = 0; i < lengthof(inhabitants) && deleted < max_rows; i++)
		deleted += clear_table(inhabitants[i], caller, realm_id, max_rows - deleted);
	return deleted;
}

/* ---------- after a realm was deleted ---------- */

/* Say when a deleted realm is to be looked at next. */
static void
look_again(const pg_uuid_t *realm_id, TimestampTz at)
{
	static Statement update_realm = STATEMENT("UPDATE arsignup.deleted_realms SET purge_at = $2 WHERE realm_id = $1");
	Parameters	parameters = {0};

	add_uuid(&parameters, realm_id);
	add_time(&parameters, at);
	statement_touch(&update_realm, &parameters, "deleted_realms", 1);
}

/* Tell whether a transaction that writes has gone on since a deleted realm was last looked at. */
static bool
has_stragglers(const pg_uuid_t *realm_id)
{
	static Statement find_ended = STATEMENT(
		"SELECT FROM arsignup.deleted_realms"
		" WHERE realm_id = $1 AND age(xmin) > age(pg_snapshot_xmin(pg_current_snapshot())::xid)");
	Parameters	parameters = {0};

	add_uuid(&parameters, realm_id);
	return statement_run(&find_ended, &parameters) == 0;
}

/* Forget a deleted realm of which nothing is left, unless a straggler may still come. */
static void
forget(const pg_uuid_t *realm_id, TimestampTz deleted_at, TimestampTz now)
{
	static Statement delete_realm = STATEMENT("DELETE FROM arsignup.deleted_realms WHERE realm_id = $1");
	Parameters	parameters = {0};

	if (now < deleted_at + STRAGGLERS_AFTER)
	{
		look_again(realm_id, deleted_at + STRAGGLERS_AFTER);
		return;
	}
	if (has_stragglers(realm_id))
	{
		look_again(realm_id, now + RETRY_AFTER);
		return;
	}
	add_uuid(&parameters, realm_id);
	statement_touch(&delete_realm, &parameters, "deleted_realms", 1);
}

/* Delete a realm, and a first part of what lives in it, which is all of a small one. What the application forbids is an error. */
void
realm_end(const Caller *caller, const pg_uuid_t *realm_id, TimestampTz now, int64 max_rows)
{
	realm_delete(realm_id, now);
	(void) clear_table(&realm_signing_keys, caller, realm_id, PG_INT64_MAX);
	if (realm_clear(caller, realm_id, max_rows) < max_rows)
		forget(realm_id, now, now);
}

/* Rows of a table to be deleted in one go, behind those that could not be. */
typedef struct Batch
{
	const Caller *caller;
	const pg_uuid_t *realm_id;
	RealmRows  *rows;
	int64		max_rows;
	int64		skipped;
	int64		deleted;
} Batch;

/* So many rows of a table that could not be deleted end the search for others. */
#define SKIPPED_MAX 50

/* For how many milliseconds a purge waits for rows that somebody works on. */
#define PATIENCE 10

/* Delete a batch, as an action of a subtransaction. */
static void
delete_batch(void *argument)
{
	Batch	   *batch = argument;
	int			nest_level = lock_timeout_begin();

	lock_timeout_shorten(PATIENCE);
	batch->deleted = realm_rows_delete(batch->rows, batch->caller, batch->realm_id, batch->max_rows, batch->skipped);
	check_deferred(batch->caller);
	lock_timeout_end(nest_level);
}

/* Tell whether an error is about a row: one to which something refers, or in somebody else's hands. */
static bool
is_about_a_row(const ErrorData *error)
{
	return error->sqlerrcode == ERRCODE_LOCK_NOT_AVAILABLE || !error_is_of_the_moment(error);
}

/* Warn of rows that could not be deleted. */
static void
warn(const Batch *batch, const ErrorData *refusal)
{
	ereport(WARNING,
			(errcode(refusal->sqlerrcode),
			 errmsg("could not delete all rows of a deleted realm from arsignup.%s", batch->rows->table),
			 errdetail_internal("%s", refusal->message)));
}

/*
 * Delete rows of a table that a deleted realm has left, at most so many; return
 * how many. One that cannot go keeps no other: where a batch is refused, half
 * of it is tried, down to the one row, which is skipped; sets whether one was.
 */
static int64
purge_table(Batch batch, int64 max_rows, bool *has_skipped)
{
	ErrorData  *refusal = NULL;
	int64		purged = 0;
	int64		rows = Min(max_rows, BATCH);

	while (purged < max_rows && batch.skipped < SKIPPED_MAX)
	{
		ErrorData  *error;

		batch.max_rows = Min(rows, max_rows - purged);
		error = subtransaction_run(delete_batch, &batch);
		CHECK_FOR_INTERRUPTS();
		if (error == NULL && batch.deleted == 0)
			break;
		if (error == NULL)
			purged += batch.deleted;
		else if (!is_about_a_row(error))
			ReThrowError(error);
		else if (batch.max_rows == 1)
			batch.skipped++;
		refusal = error != NULL ? error : refusal;
		rows = error == NULL ? Min(2 * batch.max_rows, BATCH) : Max(1, batch.max_rows / 2);
	}
	if (batch.skipped > 0 && refusal != NULL)
		warn(&batch, refusal);
	*has_skipped |= batch.skipped > 0;
	return purged;
}

/* Delete what a deleted realm has left, at most so many rows; return how many. */
static int64
purge_realm(const Caller *caller, const pg_uuid_t *realm_id, TimestampTz deleted_at, TimestampTz now, int64 max_rows)
{
	bool		has_skipped = false;
	int64		purged = 0;

	for (size_t i = 0; i < lengthof(inhabitants) && purged < max_rows; i++)
		purged += purge_table((Batch) {caller, realm_id, inhabitants[i], 0, 0, 0}, max_rows - purged, &has_skipped);
	/* A straggler may have made the realm's first key, too. */
	purged += purge_table((Batch) {caller, realm_id, &realm_signing_keys, 0, 0, 0}, max_rows - purged, &has_skipped);
	if (has_skipped)
		look_again(realm_id, now + RETRY_AFTER);
	else if (purged < max_rows)
		forget(realm_id, deleted_at, now);
	return purged;
}

/* Delete what deleted realms have left, at most so many rows; return how many. Another purge has other realms in hand. */
int64
deleted_realms_purge(const Caller *caller, TimestampTz now, int64 max_rows)
{
	static Statement find_realm = STATEMENT(
		"SELECT realm_id, deleted_at FROM arsignup.deleted_realms WHERE purge_at <= $1"
		" ORDER BY purge_at LIMIT 1 FOR UPDATE SKIP LOCKED");
	int64		purged = 0;

	while (purged < max_rows)
	{
		Parameters	parameters = {0};

		add_time(&parameters, now);
		if (statement_run_by_index(&find_realm, &parameters) == 0)
			break;
		purged += purge_realm(caller, column_uuid(1), column_time(2), now, max_rows - purged);
	}
	return purged;
}

/* Return how many deleted realms are to be looked at, at most so many, and since when the first of them. */
int64
deleted_realms_count(TimestampTz now, int64 max_rows, TimestampTz *oldest)
{
	static Statement count_realms = STATEMENT(
		COUNT_OF("SELECT purge_at FROM arsignup.deleted_realms WHERE purge_at <= $1 ORDER BY purge_at LIMIT $2"));
	Parameters	parameters = {0};

	add_time(&parameters, now);
	add_int8(&parameters, max_rows);
	return statement_count(&count_realms, &parameters, oldest);
}
