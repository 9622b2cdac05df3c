/*
 * Events whose delivery failed, and rows of failed_deliveries: an event that
 * is put aside is claimed, so that no worker finds it before it is due, and
 * from then on its row here is what one worker has and others skip.
 */
#include "operations/delivery.h"

#include "base/event.h"
#include "base/statement.h"
#include "catalog/pg_type.h"
#include "mb/pg_wchar.h"
#include "utils/timestamp.h"

/* Longest word on what went wrong that is kept, in bytes. */
#define ERROR_MAX_SIZE 1000

/* Begin the parameters of a statement about one event. */
static Parameters
one_delivery(const pg_uuid_t *realm_id, const pg_uuid_t *event_id)
{
	Parameters	parameters = {0};

	add_uuid(&parameters, realm_id);
	add_uuid(&parameters, event_id);
	return parameters;
}

/*
 * Find events of some kinds that are due again, at most so many, oldest first,
 * without a lock; return how many, with realm, id, user and type of each in
 * SPI_tuptable.
 */
uint64
deliveries_find_due(ArrayType *kinds, TimestampTz now, int64 max_rows)
{
	static Statement select_due = STATEMENT(
		"SELECT d.* FROM (SELECT DISTINCT kind COLLATE \"C\" AS kind FROM unnest($1) AS k (kind)) kinds,"
		" LATERAL (SELECT realm_id, event_id, user_id, event_type FROM arsignup.failed_deliveries"
		"  WHERE event_type = kinds.kind AND retry_at <= $2 AND " REALM_IS_THERE("failed_deliveries") " ORDER BY retry_at LIMIT $3) d"
		" ORDER BY d.event_id LIMIT $3");
	Parameters	parameters = {0};

	add_pointer(&parameters, TEXTARRAYOID, kinds);
	add_time(&parameters, now);
	add_int8(&parameters, max_rows);
	return statement_run(&select_due, &parameters);
}

/* Take an event that is due again, whose row is then in SPI_tuptable; false if another worker has it or it is gone. */
bool
delivery_claim(const pg_uuid_t *realm_id, const pg_uuid_t *event_id, TimestampTz now)
{
	static Statement delete_due = STATEMENT(
		"DELETE FROM arsignup.failed_deliveries WHERE realm_id = $1 AND event_id ="
		" (SELECT event_id FROM arsignup.failed_deliveries WHERE realm_id = $1 AND event_id = $2"
		"  AND retry_at <= $3 FOR UPDATE SKIP LOCKED)");
	Parameters	parameters = one_delivery(realm_id, event_id);

	add_time(&parameters, now);
	return statement_run(&delete_due, &parameters) == 1 && event_read(realm_id, event_id);
}

/* Note that an event that was put aside before has failed once more; false if it was not, or a worker has it. */
static bool
note_another_failure(const pg_uuid_t *realm_id, const pg_uuid_t *event_id, TimestampTz now,
					 const TimestampTz *retry_at, const char *error)
{
	static Statement update_delivery = STATEMENT(
		"UPDATE arsignup.failed_deliveries SET failed_at = $3, retry_at = $4, error = $5, attempts = attempts + 1"
		" WHERE realm_id = $1 AND event_id ="
		" (SELECT event_id FROM arsignup.failed_deliveries WHERE realm_id = $1 AND event_id = $2"
		"  FOR UPDATE SKIP LOCKED)");
	Parameters	parameters = one_delivery(realm_id, event_id);

	add_time(&parameters, now);
	add_optional_time(&parameters, retry_at);
	add_text(&parameters, error);
	return statement_run(&update_delivery, &parameters) == 1;
}

/* Note that the event just claimed, whose row is in SPI_tuptable, has failed. */
static void
note_first_failure(const pg_uuid_t *realm_id, const pg_uuid_t *event_id, TimestampTz now,
				   const TimestampTz *retry_at, const char *error)
{
	static Statement insert_delivery = STATEMENT(
		"INSERT INTO arsignup.failed_deliveries"
		" (realm_id, event_id, failed_at, retry_at, error, attempts, event_at, user_id, event_type)"
		" VALUES ($1, $2, $3, $4, $5, 1, $6, $7, $8)");
	TupleDesc	description = SPI_tuptable->tupdesc;
	HeapTuple	event = SPI_tuptable->vals[0];
	Parameters	parameters = one_delivery(realm_id, event_id);
	Datum		user_id;
	bool		isnull;

	add_time(&parameters, now);
	add_optional_time(&parameters, retry_at);
	add_text(&parameters, error);
	add_time(&parameters, DatumGetTimestampTz(SPI_getbinval(event, description,
															SPI_fnumber(description, "event_at"), &isnull)));
	user_id = SPI_getbinval(event, description, SPI_fnumber(description, "user_id"), &isnull);
	add_uuid(&parameters, isnull ? NULL : DatumGetUUIDP(user_id));
	add_text(&parameters, SPI_getvalue(event, description, SPI_fnumber(description, "event_type")));
	statement_touch(&insert_delivery, &parameters, "failed_deliveries", 1);
}

/* Put an event aside, until a time or for ever; false if it was delivered, or a worker has it. */
bool
delivery_postpone(const pg_uuid_t *realm_id, const pg_uuid_t *event_id, TimestampTz now,
				  const TimestampTz *retry_at, const char *error)
{
	char	   *kept = pnstrdup(error, pg_mbcliplen(error, strlen(error), ERROR_MAX_SIZE));

	if (note_another_failure(realm_id, event_id, now, retry_at, kept))
		return true;
	if (!event_claim(realm_id, event_id, now))
		return false;
	note_first_failure(realm_id, event_id, now, retry_at, kept);
	return true;
}

/* Have an event that was put aside delivered now; false if it was not, or a worker has it. */
bool
delivery_retry(const pg_uuid_t *realm_id, const pg_uuid_t *event_id, TimestampTz now)
{
	static Statement update_delivery = STATEMENT(
		"UPDATE arsignup.failed_deliveries SET retry_at = $3, attempts = 0"
		" WHERE realm_id = $1 AND event_id ="
		" (SELECT event_id FROM arsignup.failed_deliveries WHERE realm_id = $1 AND event_id = $2"
		"  FOR UPDATE SKIP LOCKED)");
	Parameters	parameters = one_delivery(realm_id, event_id);

	add_time(&parameters, now);
	return statement_run(&update_delivery, &parameters) == 1;
}

/* Forget what went wrong with a user's events, in which their address may be; return with how many. */
uint64
deliveries_forget(const pg_uuid_t *realm_id, const pg_uuid_t *user_id)
{
	static Statement blank_deliveries = STATEMENT(
		"UPDATE arsignup.failed_deliveries SET error = '' WHERE realm_id = $1 AND user_id = $2 AND error <> ''");
	Parameters	parameters = {0};

	add_uuid(&parameters, realm_id);
	add_uuid(&parameters, user_id);
	return statement_run(&blank_deliveries, &parameters);
}

/* Count failures of events of a kind of which a condition holds, by the index that is for that. */
#define COUNT_FAILED(condition, time) \
	COUNT_OF("SELECT event_at FROM arsignup.failed_deliveries" \
			 " WHERE event_type = $1 COLLATE \"C\" AND " condition " AND " REALM_IS_THERE("failed_deliveries") " ORDER BY " time " LIMIT $2")

/* Return how many events of a kind are put aside, for a while or until somebody says so, and when the oldest happened. */
int64
deliveries_count(const char *kind, bool given_up, int64 max_rows, TimestampTz *oldest)
{
	static Statement count_postponed = STATEMENT(COUNT_FAILED("retry_at IS NOT NULL", "retry_at"));
	static Statement count_given_up = STATEMENT(COUNT_FAILED("retry_at IS NULL", "failed_at"));
	Parameters	parameters = {0};

	add_text(&parameters, kind);
	add_int8(&parameters, max_rows);
	return statement_count(given_up ? &count_given_up : &count_postponed, &parameters, oldest);
}

/* Failures of events from before a time, and of those that their realm keeps no longer. */
Purge		old_deliveries = PURGE_OLD("failed_deliveries", "failed_deliveries");
Purge		due_deliveries = PURGE_UNKEPT("failed_deliveries", "failed_deliveries");

/* Failed deliveries of a realm. */
RealmRows	realm_deliveries = REALM_ROWS("failed_deliveries", "event_id", false);

/* What of events from before a time, or that their realm keeps no longer, was never posted. */
Purge		old_hook_deliveries = PURGE_OLD("hook_deliveries", "hook_deliveries");
Purge		due_hook_deliveries = PURGE_UNKEPT("hook_deliveries", "hook_deliveries");

/* What of a realm is to be posted. */
RealmRows	realm_hook_deliveries = REALM_ROWS("hook_deliveries", "id", false);

/* Count what waits for hooks and of which a condition holds, by the index that is for that; $1 is the time. */
#define COUNT_HOOKED(told, condition, time) \
	STATEMENT(COUNT_OF("SELECT " told " FROM arsignup.hook_deliveries" \
					   " WHERE " condition " AND " REALM_IS_THERE("hook_deliveries") " ORDER BY " time " LIMIT $2"))

/* What is due and was never tried, since when it is; what has failed, and when it happened. */
HookQueue	hook_queues[HOOK_QUEUES] = {
	{"waiting", COUNT_HOOKED("due_at", "failed_at IS NULL AND due_at <= $1", "due_at")},
	{"postponed", COUNT_HOOKED("event_at", "failed_at IS NOT NULL AND due_at IS NOT NULL", "failed_at")},
	{"given_up", COUNT_HOOKED("event_at", "failed_at IS NOT NULL AND due_at IS NULL", "failed_at")}
};

/* Return how many deliveries wait so for their hooks, at most so many, and the time of the oldest. */
int64
hook_queue_count(HookQueue *queue, TimestampTz now, int64 max_rows, TimestampTz *oldest)
{
	Parameters	parameters = {0};

	add_time(&parameters, now);
	add_int8(&parameters, max_rows);
	return statement_count(&queue->count, &parameters, oldest);
}
