/*
 * What this backend has read of rows that seldom change, kept until they do.
 *
 * A trigger on their tables invalidates the table in the server's caches, as a
 * change of its columns would: that reaches every backend, on standbys too,
 * with the commit, and is undone by a rollback. A transaction that has written
 * such a table reads all anew to its end, so that nobody has to know which of
 * its changes it sees where. Where a table's trigger does not fire always,
 * or rows may be those of another table, nothing is kept.
 */
#include "base/kept.h"

#include "access/table.h"
#include "access/transam.h"
#include "access/xact.h"
#include "base/shortcut.h"
#include "base/tables.h"
#include "commands/trigger.h"
#include "common/hashfn.h"
#include "utils/hsearch.h"
#include "utils/inval.h"
#include "utils/memutils.h"
#include "utils/rel.h"

/* Bytes that entries of a kind take at most in a backend; when there are more, it begins anew. */
#define KEPT_MAX_SIZE (1024 * 1024)

typedef struct Entry
{
	Span		key;
	void	   *value;
} Entry;

/* The last transaction of this backend that has written a table with the trigger. */
static FullTransactionId writer = {0};

/* ---------- changes ---------- */

/* Note that the row of a trigger changes: for others with the commit, for this transaction from now on. */
void
kept_note_change(TriggerData *trigger)
{
	writer = GetTopFullTransactionId();
	CacheInvalidateRelcache(trigger->tg_relation);
}

/* Tell whether this transaction has written a table with the trigger. */
static bool
is_writing(void)
{
	return FullTransactionIdIsValid(writer) && FullTransactionIdEquals(writer, GetTopFullTransactionIdIfAny());
}

/* Return when the trigger of a table fires, as pg_trigger has it; 0 if there is none. */
static char
trigger_state(Relation table)
{
	TriggerDesc *triggers = table->trigdesc;

	for (int i = 0; triggers != NULL && i < triggers->numtriggers; i++)
		if (strcmp(triggers->triggers[i].tgname, KEPT_TRIGGER) == 0)
			return triggers->triggers[i].tgenabled;
	return 0;
}

/* Open a table that is read only; NULL if there is none. */
static Relation
open_table(const char *name)
{
	Oid			id = table_id(name);

	return OidIsValid(id) ? try_table_open(id, AccessShareLock) : NULL;
}

/* Return when the trigger of a table fires, as pg_trigger has it; 0 if there is no trigger, or no table. */
char
kept_trigger_state(const char *name)
{
	Relation	table = open_table(name);
	char		state = table != NULL ? trigger_state(table) : 0;

	if (table != NULL)
		table_close(table, AccessShareLock);
	return state;
}

/* Tell whether a table's trigger fires at every change: a table that inherits from it, or is a part of it, has none of ours. */
static bool
tells_of_changes(const char *name)
{
	Relation	table = open_table(name);
	bool		tells = table != NULL && table_is_ordinary(table) && trigger_state(table) == TRIGGER_FIRES_ALWAYS;

	if (table != NULL)
		table_close(table, AccessShareLock);
	return tells;
}

/* Tell whether all tables of a kind tell of every change. */
static bool
all_tell_of_changes(const Kept *kept)
{
	for (const char *const *table = kept->tables; *table != NULL; table++)
		if (!tells_of_changes(*table))
			return false;
	return true;
}

/* ---------- entries ---------- */

/* Return the hash of a key. */
static uint32
hash_key(const void *key, Size size)
{
	const Span *bytes = key;

	return hash_bytes((const unsigned char *) bytes->data, bytes->size);
}

/* Return 0 if two keys are the same. */
static int
compare_keys(const void *one, const void *other, Size size)
{
	const Span *a = one;
	const Span *b = other;

	return a->size == b->size ? memcmp(a->data, b->data, a->size) : 1;
}

/* Begin anew, as of a change. */
static void
begin(Kept *kept, uint64 as_of)
{
	HASHCTL		control = {.keysize = sizeof(Span), .entrysize = sizeof(Entry), .hash = hash_key, .match = compare_keys};

	kept->as_of = 0;
	if (kept->context == NULL)
		kept->context = AllocSetContextCreate(TopMemoryContext, "arsignup kept", ALLOCSET_SMALL_SIZES);
	MemoryContextReset(kept->context);
	control.hcxt = kept->context;
	kept->entries = hash_create("arsignup kept", 16, &control, HASH_ELEM | HASH_FUNCTION | HASH_COMPARE | HASH_CONTEXT);
	kept->is_told = all_tell_of_changes(kept);
	kept->as_of = as_of;
}

/* Drop what may have changed; return as of which change the rest is, or 0 if nothing may be kept. */
static uint64
refresh(Kept *kept)
{
	uint64		as_of = tables_as_of();

	if (is_writing())
		return 0;
	if (kept->as_of != as_of)
		begin(kept, as_of);
	return kept->is_told ? as_of : 0;
}

/* Fill in a copy of an entry, all of it in the current memory context. */
static void
copy_entry(const Kept *kept, void *to, const void *from)
{
	memcpy(to, from, kept->size);
	if (kept->copy != NULL)
		kept->copy(to);
}

/* Copy an entry and its key into a memory context of their own, which is the current one's child. */
static MemoryContext
copy_of(const Kept *kept, Span key, const void *value, Entry *copy)
{
	MemoryContext context = AllocSetContextCreate(CurrentMemoryContext, "arsignup kept entry", ALLOCSET_SMALL_SIZES);
	MemoryContext previous = MemoryContextSwitchTo(context);
	char	   *bytes = palloc(key.size);

	memcpy(bytes, key.data, key.size);
	copy->key = (Span) {bytes, key.size};
	copy->value = palloc(kept->size);
	copy_entry(kept, copy->value, value);
	MemoryContextSwitchTo(previous);
	return context;
}

/* Keep an entry. What fails on the way leaves nothing behind: only the last step, which can't, gives it to the kind. */
static void
keep(Kept *kept, Span key, const void *value)
{
	Entry		copy;
	MemoryContext context = copy_of(kept, key, value, &copy);
	Size		size = MemoryContextMemAllocated(context, true);
	Entry	   *entry = NULL;
	bool		is_there = false;

	if (size + MemoryContextMemAllocated(kept->context, true) > KEPT_MAX_SIZE)
		begin(kept, kept->as_of);
	if (size <= KEPT_MAX_SIZE / 2)
		entry = hash_search(kept->entries, &copy.key, HASH_ENTER, &is_there);
	if (entry == NULL || is_there)
	{
		MemoryContextDelete(context);
		return;
	}
	*entry = copy;
	MemoryContextSetParent(context, kept->context);
}

/*
 * Fill in an entry as the newest commit has it, all of it in the current
 * memory context, whatever snapshot the transaction has; false if there is none.
 *
 * What is read is kept as of what was told of before: a change of that time is
 * in it, and one that is told of meanwhile, or later, has it dropped.
 */
bool
kept_read(Kept *kept, Span key, void *entry)
{
	uint64		as_of = refresh(kept);
	Entry	   *found = as_of == 0 ? NULL : hash_search(kept->entries, &key, HASH_FIND, NULL);

	if (found != NULL)
	{
		copy_entry(kept, entry, found->value);
		return true;
	}
	if (!kept->read(key, entry))
		return false;
	if (as_of != 0 && as_of == kept->as_of)
		keep(kept, key, entry);
	return true;
}
