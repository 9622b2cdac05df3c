/*
 * The ledger of attempts, in shared memory.
 */
#ifndef ARSIGNUP_LEDGER_H
#define ARSIGNUP_LEDGER_H

#include "arsignup.h"
#include "datatype/timestamp.h"
#include "port/atomics.h"
#include "storage/condition_variable.h"
#include "storage/spin.h"

#define ATTEMPT_KEY_SIZE 16
#define LEDGER_SECRET_SIZE 32
#define SET_ENTRIES 8

/* What is counted, as a keyed hash: nobody reads a name or an address here. */
typedef struct AttemptKey
{
	uint8_t		bytes[ATTEMPT_KEY_SIZE];
} AttemptKey;

typedef struct LedgerEntry
{
	AttemptKey	key;
	TimestampTz until;			/* when the failures are forgotten */
	uint32		failures;
	uint32		reserved:31;	/* attempts under way; 0 and no failures: the entry is free */
	uint32		is_fresh:1;		/* what it counts is the floor of its set, so far */
} LedgerEntry;

/*
 * The entries among which a key has its place. What an evicted entry had
 * counted stays as the floor, from which every later newcomer starts until it
 * is forgotten: an eviction may close a gate, and never opens one.
 */
typedef struct LedgerSet
{
	slock_t		mutex;
	uint32		floor;
	TimestampTz floor_until;
	ConditionVariable settled;
	LedgerEntry entries[SET_ENTRIES];
} LedgerSet;

/*
 * Attempts from a source that its user is known by are booked apart, where
 * strangers cannot crowd them out; and so is what costs no hash, by which a
 * crowd could fill the ledger in no time.
 */
typedef enum LedgerPart
{
	PART_STRANGERS,
	PART_KNOWN,
	PART_REQUESTS,
	LEDGER_PARTS
} LedgerPart;

/* A power of two of sets for each part, one part behind the other. */
typedef struct Ledger
{
	uint8_t		secret[LEDGER_SECRET_SIZE]; /* of the keyed hash */
	uint32		part_sets[LEDGER_PARTS];
	pg_atomic_uint64 changes;	/* of what has to outlive a restart */
	LedgerSet	sets[FLEXIBLE_ARRAY_MEMBER];
} Ledger;

typedef enum Reservation
{
	RESERVED,
	CONTENDED,					/* the limit is reached if those under way fail */
	EXHAUSTED
} Reservation;

extern void ledger_install_hooks(void);
extern Ledger *ledger_get(void);
extern uint32 ledger_first_set(const Ledger *ledger, LedgerPart part);
extern LedgerSet *ledger_set(Ledger *ledger, LedgerPart part, const AttemptKey *key);
extern Reservation ledger_reserve(LedgerSet *set, const AttemptKey *key, uint32 limit,
								  TimestampTz now, TimestampTz *until);
extern void ledger_settle(LedgerSet *set, const AttemptKey *key, bool failed, TimestampTz now);
extern void ledger_forgive(LedgerSet *set, const AttemptKey *key);
extern void ledger_restore(LedgerSet *set, const AttemptKey *key, uint32 failures, TimestampTz until,
						   TimestampTz now);
extern void ledger_raise_floor(LedgerSet *set, uint32 failures, TimestampTz until, TimestampTz now);
extern bool entry_counts(const LedgerEntry *entry, TimestampTz now);
extern int64 ledger_entries(void);

#endif							/* ARSIGNUP_LEDGER_H */
