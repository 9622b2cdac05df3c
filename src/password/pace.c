/*
 * How fast argon2id runs here, by which cheaper hashes are made to cost as much.
 *
 * The pace is what a pass over one KiB takes, in picoseconds of the backend's
 * own CPU time, so that waiting for the CPU does not count. It is an average
 * over about the last sixteen hashes at the current cost, in shared memory; of
 * two that are noted at the same time one may get lost.
 */
#include "password/pace.h"

#include <time.h>

#include "base/shared.h"

/* The pace until a hash has run at the current cost. */
#define LIKELY_PACE 250000

/* Return the CPU time that this backend has had, in nanoseconds. */
uint64
pace_clock(void)
{
	struct timespec now;

	if (clock_gettime(CLOCK_THREAD_CPUTIME_ID, &now) != 0)
		return 0;
	return (uint64) now.tv_sec * 1000000000 + now.tv_nsec;
}

/* Return how many KiB the passes of a hash at the current cost go over. */
static uint64
current_cost(void)
{
	return (uint64) argon2_memory_setting * argon2_iterations_setting;
}

/* Take the time of a hash at the current cost into the average. */
void
pace_note(uint64 spent)
{
	pg_atomic_uint64 *pace = &shared_state()->argon2_pace;
	uint64		average = pg_atomic_read_u64(pace);
	uint64		seen = spent * 1000 / current_cost();

	pg_atomic_write_u64(pace, average == 0 ? seen : (average * 15 + seen) / 16);
}

/*
 * Return the memory with which a hash takes what is left of the time of one at
 * the current cost, after so many nanoseconds of it. It makes as many passes
 * as that one: the first pass is the dearest.
 */
uint32
pace_remainder(uint64 spent)
{
	uint64		pace = pg_atomic_read_u64(&shared_state()->argon2_pace);
	uint64		whole = (pace > 0 ? pace : LIKELY_PACE) * current_cost() / 1000;

	return spent < whole ? argon2_memory_setting * (whole - spent) / whole : 0;
}
