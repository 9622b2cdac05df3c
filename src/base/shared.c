/*
 * What all backends of the server share: counters, the hash gate's state, the
 * time of the last id.
 */
#include "base/shared.h"

#include "base/machine.h"
#include "miscadmin.h"
#include "storage/ipc.h"
#include "storage/lwlock.h"
#include "storage/shmem.h"

static SharedState *shared = NULL;
static shmem_request_hook_type previous_request_hook = NULL;
static shmem_startup_hook_type previous_startup_hook = NULL;

/* Return the size of our part of shared memory, with a place for each backend that there can be. */
static Size
shared_size(void)
{
	return add_size(offsetof(SharedState, gate_places), mul_size(MaxBackends, sizeof(GatePlace)));
}

/* Ask for our part of shared memory. */
static void
request_shared_memory(void)
{
	if (previous_request_hook)
		previous_request_hook();
	RequestAddinShmemSpace(MAXALIGN(shared_size()));
}

/* Set a new server's state to nothing counted, nothing running. */
static void
initialise_state(SharedState *state)
{
	for (int i = 0; i < COUNTERS; i++)
		pg_atomic_init_u64(&state->counters[i], 0);
	pg_atomic_init_u64(&state->argon2_pace, 0);
	pg_atomic_init_u64(&state->last_id_time, 0);
	pg_atomic_init_u32(&state->submissions_waiting, 0);
	pg_atomic_init_u32(&state->keepers, 0);
	SpinLockInit(&state->gate.mutex);
	state->gate.running = 0;
	memset(state->gate.waiting, 0, sizeof(state->gate.waiting));
	dlist_init(&state->gate.queue);
}

/* Find our part of shared memory. */
static void
attach_shared_memory(void)
{
	bool		found;

	if (previous_startup_hook)
		previous_startup_hook();
	LWLockAcquire(AddinShmemInitLock, LW_EXCLUSIVE);
	shared = ShmemInitStruct("arsignup", shared_size(), &found);
	if (!found)
		initialise_state(shared);
	LWLockRelease(AddinShmemInitLock);
}

/* Have the postmaster make the shared state; only while it loads its libraries. */
void
shared_install_hooks(void)
{
	previous_request_hook = shmem_request_hook;
	shmem_request_hook = request_shared_memory;
	previous_startup_hook = shmem_startup_hook;
	shmem_startup_hook = attach_shared_memory;
}

/* Tell whether the postmaster has loaded us. */
bool
shared_exists(void)
{
	return shared != NULL;
}

/* Return the shared state, or say how to get one. */
SharedState *
shared_state(void)
{
	if (shared == NULL)
		ereport(ERROR,
				(errcode(ERRCODE_OBJECT_NOT_IN_PREREQUISITE_STATE),
				 errmsg("arsignup must be loaded via shared_preload_libraries"),
				 errhint("Add arsignup to shared_preload_libraries and restart the server.")));
	return shared;
}

/*
 * Return the time for a new id, in microseconds: now, or just after that of
 * the last id, if the clock was set back since. Ids sort as they were made
 * then, as long as the server runs; without shared memory, by the clock.
 */
uint64
shared_id_time(uint64 now)
{
	uint64		last;
	uint64		next;

	if (shared == NULL)
		return now;
	last = pg_atomic_read_u64(&shared->last_id_time);
	do
		next = Max(now, last + 1);
	while (!pg_atomic_compare_exchange_u64(&shared->last_id_time, &last, next));
	return next;
}

/* Return how many hashes may run at a time: as set, else one for each core that we may use. */
int
hash_slots(void)
{
	static int	cores = 0;

	if (hash_slots_setting > 0)
		return hash_slots_setting;
	if (cores == 0)
		cores = machine_cores("");
	return cores;
}

/* Count an event; without shared memory there is nobody to tell. */
void
count(Counter counter)
{
	if (shared != NULL)
		pg_atomic_fetch_add_u64(&shared->counters[counter], 1);
}
