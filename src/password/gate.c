/*
 * The hash gate: how many passwords are hashed at a time.
 *
 * Slots bound memory and CPU, the queue bounds how many backends wait for one,
 * those from the web apart from all others. A slot is never free while somebody
 * waits: whoever gives it back hands it to the one who has waited longest, in
 * the same moment, so that nobody overtakes, and nobody is refused for the sake
 * of one who has a slot already and only needs to wake up.
 */
#include "password/gate.h"

#include "arsignup.h"
#include "base/shared.h"
#include "miscadmin.h"
#include "storage/ipc.h"
#include "storage/latch.h"
#include "storage/proc.h"
#include "utils/acl.h"
#include "utils/timestamp.h"

/* Settings that are left alone: so many may wait for each slot, and so many where slots are few. */
#define PLACES_PER_SLOT 8
#define PLACES_MIN 32

/* What who waits at the gate waits for, as pg_stat_activity names it. */
static uint32 gate_wait_event = 0;

/* How often this backend has passed the gate. */
static uint64 passes = 0;

/* Tell who calls: by the role that the session has taken, whoever's function runs. */
static GateCaller
caller_of_gate(void)
{
	return GetOuterUserId() == get_role_oid("arsignup_web", true) ? FROM_WEB : FROM_ELSEWHERE;
}

/* Return how many of these callers may wait. */
static int
places_for(GateCaller caller, int slots)
{
	int			setting = caller == FROM_WEB ? web_hash_queue_setting : hash_queue_setting;

	return setting >= 0 ? setting : Max(PLACES_MIN, PLACES_PER_SLOT * slots);
}

typedef enum Admission
{
	ADMITTED,
	QUEUED,
	REFUSED
} Admission;

/* Take a slot, else this backend's place in the queue. */
static Admission
arrive(HashGate *gate, GatePlace *place, int slots, int places)
{
	Admission	admission = REFUSED;

	SpinLockAcquire(&gate->mutex);
	if (gate->running < slots && dlist_is_empty(&gate->queue))
	{
		gate->running++;
		admission = ADMITTED;
	}
	else if (gate->waiting[place->caller] < places)
	{
		gate->waiting[place->caller]++;
		dlist_push_tail(&gate->queue, &place->node);
		admission = QUEUED;
	}
	SpinLockRelease(&gate->mutex);
	return admission;
}

/* Hand a free slot to the one who has waited longest, and return whom to wake; NULL if there is none, or nobody waits. */
static Latch *
hand_over(HashGate *gate, int slots)
{
	GatePlace  *place;

	if (gate->running >= slots || dlist_is_empty(&gate->queue))
		return NULL;
	place = dlist_container(GatePlace, node, dlist_pop_head_node(&gate->queue));
	gate->waiting[place->caller]--;
	gate->running++;
	place->has_slot = true;
	return place->latch;
}

/* Give a slot back, and hand over what is free: more than that one, once a reload has made more slots. */
static void
free_slot(HashGate *gate)
{
	int			slots = hash_slots();
	int			freed = 1;
	Latch	   *latch;

	do
	{
		SpinLockAcquire(&gate->mutex);
		gate->running -= freed;
		latch = hand_over(gate, slots);
		SpinLockRelease(&gate->mutex);
		freed = 0;
		if (latch != NULL)
			SetLatch(latch);
	} while (latch != NULL);
}

/* Leave the queue; false if a slot was handed over before. */
static bool
leave_queue(HashGate *gate, GatePlace *place)
{
	bool		waits;

	SpinLockAcquire(&gate->mutex);
	waits = !place->has_slot;
	if (waits)
	{
		dlist_delete(&place->node);
		gate->waiting[place->caller]--;
	}
	SpinLockRelease(&gate->mutex);
	return waits;
}

/* Give back what the queue gave: called when an error or the end of the backend ends the wait. */
static void
give_up(int code, Datum arg)
{
	HashGate   *gate = &shared_state()->gate;

	if (!leave_queue(gate, (GatePlace *) DatumGetPointer(arg)))
		free_slot(gate);
}

/* Tell whether a slot was handed over. */
static bool
has_slot(HashGate *gate, const GatePlace *place)
{
	bool		handed_over;

	SpinLockAcquire(&gate->mutex);
	handed_over = place->has_slot;
	SpinLockRelease(&gate->mutex);
	return handed_over;
}

/* Wait until a slot is handed over, or the time to wait is over. */
static void
wait_for_slot(HashGate *gate, const GatePlace *place)
{
	TimestampTz deadline = TimestampTzPlusMilliseconds(GetCurrentTimestamp(), hash_wait_setting);

	while (!has_slot(gate, place))
	{
		long		remaining = TimestampDifferenceMilliseconds(GetCurrentTimestamp(), deadline);

		if (remaining <= 0)
			break;
		(void) WaitLatch(MyLatch, WL_LATCH_SET | WL_TIMEOUT | WL_EXIT_ON_PM_DEATH, remaining,
						 wait_event_number(&gate_wait_event, "ArsignupHashGate"));
		ResetLatch(MyLatch);
		CHECK_FOR_INTERRUPTS();
	}
}

/* Wait in the queue; false if no slot was handed over within the time to wait. */
static bool
queue(HashGate *gate, GatePlace *place)
{
	PG_ENSURE_ERROR_CLEANUP(give_up, PointerGetDatum(place));
	{
		wait_for_slot(gate, place);
	}
	PG_END_ENSURE_ERROR_CLEANUP(give_up, PointerGetDatum(place));
	return !leave_queue(gate, place);
}

/* Take a slot, or wait for one; return why there is none, or NULL. */
static const char *
enter(void)
{
	SharedState *shared = shared_state();
	GatePlace  *place = &shared->gate_places[MyProcNumber];
	int			slots = hash_slots();
	const char *refusal = NULL;

	CHECK_FOR_INTERRUPTS();
	*place = (GatePlace) {.latch = MyLatch, .caller = caller_of_gate()};
	switch (arrive(&shared->gate, place, slots, places_for(place->caller, slots)))
	{
		case ADMITTED:
			break;
		case QUEUED:
			if (!queue(&shared->gate, place))
				refusal = "No slot became free within arsignup.hash_wait.";
			break;
		case REFUSED:
			refusal = "The queue for the hash gate is full.";
			break;
	}
	if (refusal != NULL)
		count(COUNT_HASHES_REFUSED);
	else
		passes++;
	return refusal;
}

/*
 * Take a slot, or wait for one, or raise SU007. Nothing that can raise an
 * error may come between this and gate_leave.
 */
void
gate_enter(void)
{
	const char *refusal = enter();

	if (refusal != NULL)
		ereport(ERROR,
				(errcode(ERRCODE_ARSIGNUP_BUSY),
				 errmsg("too many passwords are being hashed"),
				 errdetail_internal("%s", refusal),
				 errhint("Try again in a few seconds.")));
}

/* The same for a hash that can be done without; false if there is no slot. */
bool
gate_enter_if_open(void)
{
	return enter() == NULL;
}

/* Return how often this backend has passed the gate. */
uint64
gate_passes(void)
{
	return passes;
}

/* Tell how many are hashing now, and how many wait for that. */
void
gate_look(int *running, int *waiting)
{
	HashGate   *gate = &shared_state()->gate;

	SpinLockAcquire(&gate->mutex);
	*running = gate->running;
	*waiting = gate->waiting[FROM_WEB] + gate->waiting[FROM_ELSEWHERE];
	SpinLockRelease(&gate->mutex);
}

/* Give the slot back. */
void
gate_leave(void)
{
	free_slot(&shared_state()->gate);
}
