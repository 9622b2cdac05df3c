/*
 * Rows that are due to be deleted, by their age.
 */
#include "base/purge.h"

#include "base/deferred.h"
#include "base/subtransaction.h"
#include "catalog/pg_type.h"
#include "miscadmin.h"

/* So many rows go in one statement: it holds their places in memory. */
#define PURGE_BATCH 1000000

/*
 * Delete rows that are due, oldest first, at most so many; return how many.
 * Rows that somebody works on are left for the next time.
 */
uint64
purge_run(Purge *purge, TimestampTz now, int64 max_rows)
{
	uint64		purged = 0;
	uint64		deleted;
	uint64		batch;

	do
	{
		Parameters	parameters = {0};

		CHECK_FOR_INTERRUPTS();
		batch = Min(max_rows - purged, PURGE_BATCH);
		add_time(&parameters, now);
		add_int8(&parameters, batch);
		deleted = statement_run_by_index(&purge->delete_due, &parameters);
		purged += deleted;
	} while (deleted == batch && purged < (uint64) max_rows);
	return purged;
}

/* So many of the rows to which the application may refer: what is told of them is in memory, too. */
#define BATCH_FOR_CALLER 1000

/* So many refusals of rows that have to be stripped: whoever wants what they are stripped of waits for the transaction. */
#define STRIPPED_MAX 50

/* Rows to be deleted in one statement: so many of those behind the ones that are refused. */
typedef struct Batch
{
	Purge	   *purge;
	const Caller *caller;
	TimestampTz now;
	int64		rows;
	int64		refused;
	int64		max_rows;		/* of the purge as a whole */
	int64		deleted;
} Batch;

/* Find the places of a batch, and lock the rows. */
static Parameters
find_places(Batch *batch)
{
	Parameters	parameters = {0};
	Parameters	places = {0};
	bool		isnull;

	add_time(&parameters, batch->now);
	add_int8(&parameters, batch->rows);
	add_int8(&parameters, batch->refused);
	add_int8(&parameters, batch->max_rows);
	(void) statement_run_by_index(&batch->purge->delete_due, &parameters);
	add_pointer(&places, TIDARRAYOID, DatumGetPointer(column(1, &isnull)));
	return places;
}

/* Delete a batch, as an action of a subtransaction. */
static void
delete_batch(void *argument)
{
	Batch	   *batch = argument;
	Parameters	places = find_places(batch);

	batch->deleted = batch->purge->delete_places(batch->caller, &places, batch->now);
	check_deferred(batch->caller);
}

/* Leave the one row of a batch that was refused, without what may not stay. */
static void
leave(Batch *batch)
{
	Parameters	places;

	if (batch->purge->strip_places != NULL)
	{
		places = find_places(batch);
		batch->purge->strip_places(&places);
	}
	batch->refused++;
}

/* Warn of rows that are due, and to which something still refers. */
static void
warn_of_refused(const Batch *batch, const ErrorData *refusal)
{
	ereport(WARNING,
			(errcode(refusal->sqlerrcode),
			 errmsg_plural("could not purge %d row of %s", "could not purge %d rows of %s",
						   batch->refused, (int) batch->refused, batch->purge->kind),
			 errdetail_internal("%s", refusal->message)));
}

/*
 * Delete rows that are due for who has called, at most so many; return how
 * many. One to which a table of the application's still refers is left, and
 * keeps no other: where a batch is refused, half of it is tried, down to the
 * one row.
 */
uint64
purge_run_for(const Caller *caller, Purge *purge, TimestampTz now, int64 max_rows)
{
	Batch		batch = {purge, caller, now, BATCH_FOR_CALLER, 0, max_rows, 0};
	ErrorData  *refusal = NULL;
	int64		purged = 0;
	int			most_refused = purge->strip_places != NULL ? STRIPPED_MAX : BATCH_FOR_CALLER;

	while (purged < max_rows && batch.refused < most_refused)
	{
		int64		rows = batch.rows = Min(batch.rows, max_rows - purged);
		ErrorData  *error = subtransaction_run(delete_batch, &batch);

		CHECK_FOR_INTERRUPTS();
		if (error == NULL)
		{
			purged += batch.deleted;
			batch.rows = Min(2 * rows, BATCH_FOR_CALLER);
			if (batch.deleted < rows)
				break;
		}
		else if (error_is_of_the_moment(error))
			ReThrowError(error);
		else if (rows > 1)
			batch.rows = rows / 2;
		else
		{
			refusal = error;
			leave(&batch);
		}
	}
	if (refusal != NULL)
		warn_of_refused(&batch, refusal);
	return purged;
}

/* Return how many rows are due, at most so many, and the time by which the oldest of them is, if there is one. */
int64
purge_count(Purge *purge, TimestampTz now, int64 max_rows, TimestampTz *oldest)
{
	Parameters	parameters = {0};

	add_time(&parameters, now);
	add_int8(&parameters, max_rows);
	return statement_count(&purge->count_due, &parameters, oldest);
}
