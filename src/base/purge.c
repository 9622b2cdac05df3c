/*
 * Rows that are due to be deleted, by their age.
 */
#include "base/purge.h"

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

/* Return how many rows are due, at most so many, and the time by which the oldest of them is, if there is one. */
int64
purge_count(Purge *purge, TimestampTz now, int64 max_rows, TimestampTz *oldest)
{
	Parameters	parameters = {0};

	add_time(&parameters, now);
	add_int8(&parameters, max_rows);
	return statement_count(&purge->count_due, &parameters, oldest);
}
