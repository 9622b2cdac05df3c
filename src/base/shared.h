/*
 * What all backends of the server share: counters and the hash gate's state.
 */
#ifndef ARSIGNUP_SHARED_H
#define ARSIGNUP_SHARED_H

#include "arsignup.h"
#include "lib/ilist.h"
#include "port/atomics.h"
#include "storage/latch.h"
#include "storage/spin.h"

/* Counted since the server started, in the order of stats(). */
typedef enum Counter
{
	COUNT_HASHES_RUN,
	COUNT_HASHES_REFUSED,
	COUNT_SIGNUPS,
	COUNT_TOKENS_MINTED,
	COUNT_TOKENS_REDEEMED,
	COUNT_TOKENS_EXPIRED,
	COUNT_LOGINS_OK,
	COUNT_LOGINS_FAILED,
	COUNT_LOGINS_THROTTLED,
	COUNT_ATTEMPTS_EVICTED,
	COUNTERS
} Counter;

/* Who comes to the hash gate. */
typedef enum GateCaller
{
	FROM_ELSEWHERE,
	FROM_WEB,
	GATE_CALLERS
} GateCaller;

/* A backend's place in the queue for the hash gate. */
typedef struct GatePlace
{
	dlist_node	node;
	Latch	   *latch;
	GateCaller	caller;
	bool		has_slot;		/* and is in the queue no more */
} GatePlace;

/* The hash gate: password/gate.c works it. */
typedef struct HashGate
{
	slock_t		mutex;
	int			running;		/* slots taken */
	int			waiting[GATE_CALLERS];	/* places taken */
	dlist_head	queue;			/* those who wait, the longest first */
} HashGate;

typedef struct SharedState
{
	pg_atomic_uint64 counters[COUNTERS];
	pg_atomic_uint64 argon2_pace;	/* password/pace.c keeps it */
	pg_atomic_uint64 last_id_time;	/* of the last id that was made, in microseconds; id.c */
	pg_atomic_uint32 submissions_waiting;	/* for what was sent before; once/submission.c */
	pg_atomic_uint32 keepers;	/* whether the keeper of the ledger runs; attempt/keeper.c */
	HashGate	gate;
	GatePlace	gate_places[FLEXIBLE_ARRAY_MEMBER]; /* by the backend's number */
} SharedState;

extern void shared_install_hooks(void);
extern bool shared_exists(void);
extern SharedState *shared_state(void);
extern uint64 shared_id_time(uint64 now);
extern int	hash_slots(void);
extern void count(Counter counter);

#endif							/* ARSIGNUP_SHARED_H */
