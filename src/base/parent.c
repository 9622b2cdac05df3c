/*
 * Rows that were inserted just now, which foreign keys need not look for.
 *
 * A signup makes a user, then rows that refer to it. No other session can see
 * that user, so only this one could have deleted it in between, and whatever
 * it writes is a command of its own, which has a number. So a row is there for
 * sure as long as the transaction and the subtransaction are the same, and
 * each command since was an insert of ours without a statement, which sets off
 * nothing else. What a foreign key would do beyond looking is to lock the row,
 * and whoever could want it has to wait for us anyway.
 */
#include "base/parent.h"

#include "access/transam.h"
#include "access/xact.h"
#include "base/tables.h"

/* As many as are made at once: a user, an org, and what refers to them. */
#define MAX_PARENTS 8

static Parent parents[MAX_PARENTS];
static int	parent_count = 0;

/* Up to when nothing but inserts of ours has happened. */
static FullTransactionId transaction = {0};
static SubTransactionId subtransaction;
static CommandId next_command;
static uint64 change;

/* Forget what others may have deleted: before an insert, as a command of its own. */
void
parents_begin(void)
{
	if (!FullTransactionIdIsValid(transaction) ||
		!FullTransactionIdEquals(transaction, GetTopFullTransactionIdIfAny()) ||
		subtransaction != GetCurrentSubTransactionId() ||
		next_command != GetCurrentCommandId(false) ||
		change != tables_change)
		parent_count = 0;
}

/* Tell whether a parent is what a foreign key of a row refers to. */
static bool
is_referred_to(const Parent *parent, const ForeignKeyCacheInfo *key, const TupleTableSlot *child)
{
	if (parent->table != key->confrelid || key->nkeys != lengthof(parent->columns))
		return false;
	for (int i = 0; i < key->nkeys; i++)
	{
		int			column = key->conkey[i] - 1;

		if (key->confkey[i] != parent->columns[i] || child->tts_isnull[column] ||
			memcmp(DatumGetUUIDP(child->tts_values[column]), &parent->values[i], UUID_LEN) != 0)
			return false;
	}
	return true;
}

/* Tell whether what a foreign key of a row refers to, by uuids, was inserted just now. */
bool
parent_is_there(const ForeignKeyCacheInfo *key, const TupleTableSlot *child)
{
	for (int i = 0; i < parent_count; i++)
		if (is_referred_to(&parents[i], key, child))
			return true;
	return false;
}

/* Go on after a command that has inserted a row; if that has set off other commands, the next one is not what is expected. */
void
parents_go_on(CommandId command, const Parent *parent)
{
	transaction = GetTopFullTransactionIdIfAny();
	subtransaction = GetCurrentSubTransactionId();
	next_command = command + 1;
	change = tables_change;
	if (OidIsValid(parent->table) && parent_count < MAX_PARENTS)
		parents[parent_count++] = *parent;
}
