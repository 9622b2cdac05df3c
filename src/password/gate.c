/*
 * The hash gate: how many passwords are hashed at a time.
 *
 * Slots bound memory and CPU, the queue bounds how many backends wait for
 * one. Who comes while others wait takes a place behind them, so that a slot
 * goes to whoever has waited longest. A free slot and a non-empty queue never
 * stay side by side: whoever frees a slot, takes one while another is still
 * free, or gives up waiting wakes the next.
 */
#include "password/gate.h"

#include "arsignup.h"
#include "base/shared.h"
#include "miscadmin.h"
#include "storage/ipc.h"
#include "utils/acl.h"
#include "utils/timestamp.h"

/* What who waits at the gate waits for, as pg_stat_activity names it. */
static uint32 gate_wait_event = 0;

/* How often this backend has passed the gate. */
static uint64 passes = 0;

/* Tell whether the call comes from the web: by the role that the session has taken, whoever's function runs. */
static bool
caller_is_web(void)
{
	return GetOuterUserId() == get_role_oid("arsignup_web", true);
}

/* Return how many may wait. */
static int
queue_places(void)
{
	if (caller_is_web())
		return web_hash_queue_setting >= 0 ? web_hash_queue_setting : 2 * hash_slots();
	return hash_queue_setting >= 0 ? hash_queue_setting : 8 * hash_slots();
}

/* Wake the one who has waited longest if there is a slot to take. */
static void
wake_next(HashGate *gate)
{
	int			slots = hash_slots();
	bool		wake;

	SpinLockAcquire(&gate->mutex);
	wake = gate->waiting > 0 && gate->running < slots;
	SpinLockRelease(&gate->mutex);
	if (wake)
		ConditionVariableSignal(&gate->freed);
}

typedef enum Admission
{
	ADMITTED,
	QUEUED,
	REFUSED
} Admission;

/* Take a slot, else a place in the queue. */
static Admission
arrive(HashGate *gate, int slots, int places)
{
	Admission	admission = REFUSED;

	SpinLockAcquire(&gate->mutex);
	if (gate->waiting == 0 && gate->running < slots)
	{
		gate->running++;
		admission = ADMITTED;
	}
	else if (gate->waiting < places)
	{
		gate->waiting++;
		admission = QUEUED;
	}
	SpinLockRelease(&gate->mutex);
	return admission;
}

/* Exchange a place in the queue for a slot, if one is free. */
static bool
advance(HashGate *gate, int slots)
{
	bool		advanced = false;

	SpinLockAcquire(&gate->mutex);
	if (gate->running < slots)
	{
		gate->running++;
		gate->waiting--;
		advanced = true;
	}
	SpinLockRelease(&gate->mutex);
	return advanced;
}

/* Give a place in the queue back: called when an error or the end of the backend ends the wait. */
static void
leave_queue(int code, Datum arg)
{
	HashGate   *gate = (HashGate *) DatumGetPointer(arg);

	ConditionVariableCancelSleep();
	SpinLockAcquire(&gate->mutex);
	gate->waiting--;
	SpinLockRelease(&gate->mutex);
	wake_next(gate);
}

/* Wait in the queue until a slot is free; false if none was within the time to wait. */
static bool
wait_for_slot(HashGate *gate, int slots)
{
	TimestampTz deadline = TimestampTzPlusMilliseconds(GetCurrentTimestamp(), hash_wait_setting);
	bool		advanced;

	ConditionVariablePrepareToSleep(&gate->freed);
	while (!(advanced = advance(gate, slots)))
	{
		long		remaining = TimestampDifferenceMilliseconds(GetCurrentTimestamp(), deadline);

		if (remaining <= 0)
			break;
		(void) ConditionVariableTimedSleep(&gate->freed, remaining,
										   wait_event_number(&gate_wait_event, "ArsignupHashGate"));
	}
	ConditionVariableCancelSleep();
	return advanced;
}

/* Wait for a slot with a place in the queue, which is given back if the wait is in vain. */
static bool
queue(HashGate *gate, int slots)
{
	volatile bool advanced = false;

	PG_ENSURE_ERROR_CLEANUP(leave_queue, PointerGetDatum(gate));
	{
		advanced = wait_for_slot(gate, slots);
	}
	PG_END_ENSURE_ERROR_CLEANUP(leave_queue, PointerGetDatum(gate));
	if (advanced)
		wake_next(gate);
	else
		leave_queue(0, PointerGetDatum(gate));
	return advanced;
}

/* Take a slot, or wait for one; return why there is none, or NULL. */
static const char *
enter(void)
{
	HashGate   *gate = &shared_state()->gate;
	int			slots = hash_slots();
	const char *refusal = NULL;

	CHECK_FOR_INTERRUPTS();
	switch (arrive(gate, slots, queue_places()))
	{
		case ADMITTED:
			break;
		case QUEUED:
			if (!queue(gate, slots))
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
	*waiting = gate->waiting;
	SpinLockRelease(&gate->mutex);
}

/* Give the slot back. */
void
gate_leave(void)
{
	HashGate   *gate = &shared_state()->gate;

	SpinLockAcquire(&gate->mutex);
	gate->running--;
	SpinLockRelease(&gate->mutex);
	wake_next(gate);
}
