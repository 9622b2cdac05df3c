/*
 * The ledger of attempts, in shared memory: how often something has failed of
 * late, and how many are trying it just now.
 *
 * Fixed memory, in sets of a few entries. Each set has a spinlock, held for a
 * look at its entries and no longer, and never two at a time.
 */
#include "attempt/ledger.h"

#include <sodium.h>

#include "attempt/keeper.h"
#include "base/shared.h"
#include "miscadmin.h"
#include "port/pg_bitutils.h"
#include "storage/ipc.h"
#include "storage/lwlock.h"
#include "storage/shmem.h"
#include "utils/timestamp.h"

/* Known sources need few entries, since their users have logged in there; requests, fewer than guesses. */
static const int part_shares[LEDGER_PARTS] = {1, 8, 4};

static Ledger *ledger = NULL;
static shmem_request_hook_type previous_request_hook = NULL;
static shmem_startup_hook_type previous_startup_hook = NULL;

/* ---------- shared memory ---------- */

/* Return how many sets hold so many entries: a power of two. */
static uint32
sets_for(int entries)
{
	return pg_nextpower2_32(Max(1, entries / SET_ENTRIES));
}

/* Return how much shared memory the ledger takes. */
static Size
ledger_size(void)
{
	Size		sets = 0;

	for (int part = 0; part < LEDGER_PARTS; part++)
		sets += sets_for(attempt_entries_setting / part_shares[part]);
	return add_size(offsetof(Ledger, sets), mul_size(sets, sizeof(LedgerSet)));
}

/* Ask for our part of shared memory. */
static void
request_ledger(void)
{
	if (previous_request_hook)
		previous_request_hook();
	RequestAddinShmemSpace(ledger_size());
}

/* Return where the sets of a part begin, or, behind the last part, where they end. */
uint32
ledger_first_set(const Ledger *book, LedgerPart part)
{
	uint32		first = 0;

	for (int i = 0; i < (int) part; i++)
		first += book->part_sets[i];
	return first;
}

/* Begin a new server's ledger with what the last one has left. */
static void
initialise_ledger(void)
{
	memset(ledger, 0, ledger_size());
	randombytes_buf(ledger->secret, LEDGER_SECRET_SIZE);
	for (int part = 0; part < LEDGER_PARTS; part++)
		ledger->part_sets[part] = sets_for(attempt_entries_setting / part_shares[part]);
	pg_atomic_init_u64(&ledger->changes, 0);
	for (uint32 i = 0; i < ledger_first_set(ledger, LEDGER_PARTS); i++)
	{
		SpinLockInit(&ledger->sets[i].mutex);
		ConditionVariableInit(&ledger->sets[i].settled);
	}
	attempts_load(ledger);
}

/* Find our part of shared memory. */
static void
attach_ledger(void)
{
	bool		found;

	if (previous_startup_hook)
		previous_startup_hook();
	LWLockAcquire(AddinShmemInitLock, LW_EXCLUSIVE);
	ledger = ShmemInitStruct("arsignup attempts", ledger_size(), &found);
	if (!found)
		initialise_ledger();
	LWLockRelease(AddinShmemInitLock);
}

/* Have the postmaster make the ledger; only while it loads its libraries. */
void
ledger_install_hooks(void)
{
	previous_request_hook = shmem_request_hook;
	shmem_request_hook = request_ledger;
	previous_startup_hook = shmem_startup_hook;
	shmem_startup_hook = attach_ledger;
}

/* Return the ledger, or say how to get one. */
Ledger *
ledger_get(void)
{
	(void) shared_state();
	return ledger;
}

/* ---------- entries ---------- */

/* Return the set in which a key has its place. */
LedgerSet *
ledger_set(Ledger *book, LedgerPart part, const AttemptKey *key)
{
	uint32		hash;

	memcpy(&hash, key->bytes, sizeof(hash));
	return &book->sets[ledger_first_set(book, part) + (hash & (book->part_sets[part] - 1))];
}

/* Tell whether an entry has failures that are not forgotten yet. */
bool
entry_counts(const LedgerEntry *entry, TimestampTz now)
{
	return entry->failures > 0 && now < entry->until;
}

/* Tell whether an entry may be given to another key and nothing is lost. */
static bool
entry_is_free(const LedgerEntry *entry, TimestampTz now)
{
	return entry->reserved == 0 && (entry->is_fresh || !entry_counts(entry, now));
}

/* Find the entry of a key. */
static LedgerEntry *
find_entry(LedgerSet *set, const AttemptKey *key)
{
	for (int i = 0; i < SET_ENTRIES; i++)
		if (memcmp(&set->entries[i].key, key, sizeof(AttemptKey)) == 0)
			return &set->entries[i];
	return NULL;
}

/* Find the entry to give to a newcomer: a free one, else the one that has failed least; NULL if all are in use. */
static LedgerEntry *
find_victim(LedgerSet *set, TimestampTz now)
{
	LedgerEntry *victim = NULL;

	for (int i = 0; i < SET_ENTRIES; i++)
	{
		LedgerEntry *entry = &set->entries[i];

		if (entry_is_free(entry, now))
			return entry;
		if (entry->reserved == 0 && (victim == NULL || entry->failures < victim->failures))
			victim = entry;
	}
	return victim;
}

/* Have newcomers start from no fewer failures than these. */
static void
raise_floor(LedgerSet *set, uint32 failures, TimestampTz until, TimestampTz now)
{
	bool		is_live = now < set->floor_until;

	set->floor = is_live ? Max(set->floor, failures) : failures;
	set->floor_until = is_live ? Max(set->floor_until, until) : until;
}

/* Find the entry of a key, or make one; NULL if none can be had. Caller holds the mutex. */
static LedgerEntry *
take_entry(LedgerSet *set, const AttemptKey *key, TimestampTz now, bool *evicted)
{
	LedgerEntry *entry = find_entry(set, key);

	*evicted = false;
	if (entry != NULL)
		return entry;
	entry = find_victim(set, now);
	if (entry == NULL)
		return NULL;
	*evicted = !entry_is_free(entry, now);
	if (*evicted)
		raise_floor(set, entry->failures, entry->until, now);
	entry->key = *key;
	entry->is_fresh = true;
	entry->reserved = 0;
	entry->failures = now < set->floor_until ? set->floor : 0;
	entry->until = set->floor_until;
	return entry;
}

/* Return when a window ends that begins now: nobody waits for longer, even if the clock or the setting was turned back. */
static TimestampTz
window_end(TimestampTz now)
{
	return now + attempt_window_setting * USECS_PER_SEC;
}

/* Reserve an attempt on an entry, or say why not. Caller holds the mutex. */
static Reservation
reserve_entry(LedgerEntry *entry, uint32 limit, TimestampTz now, TimestampTz *until)
{
	if (!entry_counts(entry, now))
		entry->failures = 0;
	entry->until = Min(entry->until, window_end(now));
	*until = entry->until;
	if (entry->failures >= limit)
		return EXHAUSTED;
	if (entry->failures + entry->reserved >= limit)
		return CONTENDED;
	entry->reserved++;
	return RESERVED;
}

/* Reserve an attempt, or say why not, and until when if it is exhausted. */
Reservation
ledger_reserve(LedgerSet *set, const AttemptKey *key, uint32 limit, TimestampTz now, TimestampTz *until)
{
	LedgerEntry *entry = NULL;
	bool		evicted = false;
	Reservation reservation = CONTENDED;

	SpinLockAcquire(&set->mutex);
	if (find_entry(set, key) == NULL && now < set->floor_until && set->floor >= limit)
	{
		set->floor_until = Min(set->floor_until, window_end(now));
		*until = set->floor_until;
		reservation = EXHAUSTED;	/* and no reason to evict anybody */
	}
	else
		entry = take_entry(set, key, now, &evicted);
	if (entry != NULL)
		reservation = reserve_entry(entry, limit, now, until);
	SpinLockRelease(&set->mutex);
	if (evicted)
	{
		count(COUNT_ATTEMPTS_EVICTED);
		pg_atomic_fetch_add_u64(&ledger->changes, 1);
	}
	return reservation;
}

/* Count a failure. A window begins with its first, whatever floor it started from. */
static void
add_failure(LedgerEntry *entry, TimestampTz now)
{
	if (!entry_counts(entry, now))
	{
		entry->failures = 0;
		entry->until = window_end(now);
	}
	else if (entry->is_fresh)
		entry->until = Max(entry->until, window_end(now));
	entry->is_fresh = false;
	entry->failures++;
}

/* Give a reservation back, as a failure or as if it had not been. */
void
ledger_settle(LedgerSet *set, const AttemptKey *key, bool failed, TimestampTz now)
{
	LedgerEntry *entry;

	SpinLockAcquire(&set->mutex);
	entry = find_entry(set, key);
	if (entry != NULL)			/* it is: a reserved entry is not evicted */
	{
		entry->reserved--;
		if (failed)
			add_failure(entry, now);
	}
	SpinLockRelease(&set->mutex);
	ConditionVariableBroadcast(&set->settled);
	if (failed)
		pg_atomic_fetch_add_u64(&ledger->changes, 1);
}

/* Forget what a key has failed, but not what an eviction has made it start from. */
void
ledger_forgive(LedgerSet *set, const AttemptKey *key)
{
	LedgerEntry *entry;

	SpinLockAcquire(&set->mutex);
	entry = find_entry(set, key);
	if (entry != NULL)
		entry->failures = 0;
	SpinLockRelease(&set->mutex);
	pg_atomic_fetch_add_u64(&ledger->changes, 1);
}

/* ---------- the file's part ---------- */

/* Book failures from before a restart. */
void
ledger_restore(LedgerSet *set, const AttemptKey *key, uint32 failures, TimestampTz until, TimestampTz now)
{
	bool		evicted;
	LedgerEntry *entry = take_entry(set, key, now, &evicted);

	if (entry == NULL)
		return;					/* never: nothing is reserved yet */
	entry->is_fresh = false;
	entry->failures = Max(entry->failures, failures);
	entry->until = Max(entry->until, until);
}

/* Raise a floor from before a restart. */
void
ledger_raise_floor(LedgerSet *set, uint32 failures, TimestampTz until, TimestampTz now)
{
	raise_floor(set, failures, until, now);
}

/* Return how many entries count failures or attempts under way. */
int64
ledger_entries(void)
{
	Ledger	   *book = ledger_get();
	TimestampTz now = GetCurrentTimestamp();
	int64		entries = 0;

	for (uint32 i = 0; i < ledger_first_set(book, LEDGER_PARTS); i++)
	{
		LedgerSet  *set = &book->sets[i];

		SpinLockAcquire(&set->mutex);
		for (int j = 0; j < SET_ENTRIES; j++)
			entries += !entry_is_free(&set->entries[j], now);
		SpinLockRelease(&set->mutex);
	}
	return entries;
}
