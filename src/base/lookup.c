/*
 * Rows of our tables: found by a unique index without a statement, where that makes no difference.
 *
 * Beside every look-up stands the statement that it is: the same row of the
 * same snapshot, with the same locks. Only the planner and the executor are
 * left out.
 */
#include "base/lookup.h"

#include "access/genam.h"
#include "access/stratnum.h"
#include "access/table.h"
#include "access/tableam.h"
#include "access/xact.h"
#include "catalog/namespace.h"
#include "catalog/pg_am_d.h"
#include "executor/tuptable.h"
#include "nodes/makefuncs.h"
#include "utils/datum.h"
#include "utils/lsyscache.h"
#include "utils/memutils.h"
#include "utils/rel.h"
#include "utils/ruleutils.h"
#include "utils/snapmgr.h"

/* More than any index of ours has. */
#define MAX_KEYS 4

/* What is known of a table and its index. */
typedef struct LookupShortcut
{
	Shortcut	base;
	Oid			index;
	int			key_count;
	int			column_count;
	ScanKeyData keys[MAX_KEYS]; /* without their values */
	int			columns[MAX_LOOKUP_COLUMNS];	/* counted from 0 */
} LookupShortcut;

/* A look-up with the types of its keys. */
typedef struct Question
{
	const Lookup *lookup;
	const Parameters *keys;
} Question;

/* ---------- the statement ---------- */

/* Write the statement. The order names the index, where others that begin with the realm seem as good to the planner. */
static char *
statement_text(const Lookup *lookup)
{
	StringInfoData sql;
	ListCell   *name;
	int			number = 0;

	initStringInfo(&sql);
	appendStringInfo(&sql, "SELECT %s FROM arsignup.%s WHERE ", lookup->columns, lookup->table);
	foreach(name, column_names(lookup->keys))
	{
		appendStringInfo(&sql, "%s%s = $%d", number == 0 ? "" : " AND ", (char *) lfirst(name), number + 1);
		number++;
	}
	if (lookup->where != NULL)
		appendStringInfo(&sql, " AND %s", lookup->where);
	if (lookup->null != NULL)
		appendStringInfo(&sql, " AND %s IS NULL ORDER BY %s LIMIT 1", lookup->null, lookup->null);
	return sql.data;
}

/* Return the statement. */
static Statement *
statement_of(Lookup *lookup)
{
	if (lookup->statement.sql == NULL)
		lookup->statement.sql = MemoryContextStrdup(TopMemoryContext, statement_text(lookup));
	return &lookup->statement;
}

/* Copy what a statement has found; false if nothing. */
static bool
copy_first_row(uint64 rows, Found *found)
{
	if (rows == 0)
		return false;
	for (int i = 0; i < SPI_tuptable->tupdesc->natts; i++)
		found->values[i] = column(i + 1, &found->nulls[i]);
	return true;
}

/* ---------- whether it can be done without ---------- */

/* Tell whether an index has every row, or, if there is a condition, those for which it is true. */
static bool
has_rows(Relation index, Relation table, const char *condition)
{
	List	   *conditions = RelationGetIndexPredicate(index);
	List	   *context = deparse_context_for(RelationGetRelationName(table), RelationGetRelid(table));

	if (condition == NULL || conditions == NIL)
		return condition == NULL && conditions == NIL;
	return strcmp(deparse_expression((Node *) make_ands_explicit(conditions), context, false, false),
				  psprintf("(%s)", condition)) == 0;
}

/* Tell whether a unique index can be scanned for its keys. */
static bool
is_usable(Relation index)
{
	Form_pg_index row = index->rd_index;

	return index->rd_rel->relam == BTREE_AM_OID && row->indisunique && row->indisvalid && !row->indcheckxmin;
}

/* Make ready the key of a column of an index: that of a type, or null; false if the index has another there. */
static bool
find_key(LookupShortcut *shortcut, Relation table, Relation index, const char *name, Oid type)
{
	int			place = shortcut->key_count;
	int			number = column_index(table, name, type);
	ScanKey		key = &shortcut->keys[place];
	Oid			equals;

	if (place >= Min(MAX_KEYS, IndexRelationGetNumberOfKeyAttributes(index)) || number < 0 ||
		index->rd_index->indkey.values[place] != number + 1 ||
		index->rd_indcollation[place] != TupleDescAttr(RelationGetDescr(table), number)->attcollation)
		return false;
	shortcut->key_count++;
	if (!OidIsValid(type))
	{
		ScanKeyEntryInitialize(key, SK_ISNULL | SK_SEARCHNULL, place + 1, InvalidStrategy, InvalidOid, InvalidOid, InvalidOid, 0);
		return true;
	}
	equals = get_opcode(get_opfamily_member(index->rd_opfamily[place], type, type, BTEqualStrategyNumber));
	if (!OidIsValid(equals) || equals >= FirstGenbkiObjectId)
		return false;
	ScanKeyEntryInitialize(key, 0, place + 1, BTEqualStrategyNumber, InvalidOid, index->rd_indcollation[place], equals, 0);
	return true;
}

/* Make ready the keys of the index; false if they are not all that it has. */
static bool
find_keys(LookupShortcut *shortcut, Relation table, Relation index, const Question *question)
{
	ListCell   *name;

	foreach(name, column_names(question->lookup->keys))
		if (!find_key(shortcut, table, index, lfirst(name), question->keys->types[shortcut->key_count]))
			return false;
	if (question->lookup->null != NULL && !find_key(shortcut, table, index, question->lookup->null, InvalidOid))
		return false;
	return shortcut->key_count == IndexRelationGetNumberOfKeyAttributes(index) &&
		has_rows(index, table, question->lookup->where);
}

/* Find the columns that are read. */
static bool
find_columns(LookupShortcut *shortcut, Relation table, const Lookup *lookup)
{
	ListCell   *name;

	foreach(name, column_names(lookup->columns))
	{
		int			number = column_index(table, lfirst(name), InvalidOid);

		if (number < 0)
			return false;
		shortcut->columns[shortcut->column_count++] = number;
	}
	return true;
}

/* Find an index of a table by its name. */
static Oid
index_of(Relation table, const char *name)
{
	Oid			id = get_relname_relid(name, RelationGetNamespace(table));

	return OidIsValid(id) && list_member_oid(RelationGetIndexList(table), id) ? id : InvalidOid;
}

/* Look whether a table and its index are what a look-up takes. */
static bool
find_index(Shortcut *base, Relation table, const void *what)
{
	const Question *question = what;
	LookupShortcut *shortcut = (LookupShortcut *) base;
	Relation	index;
	bool		is_found;

	shortcut->index = index_of(table, question->lookup->index);
	if (!OidIsValid(shortcut->index) || !find_columns(shortcut, table, question->lookup))
		return false;
	index = index_open(shortcut->index, AccessShareLock);
	is_found = is_usable(index) && find_keys(shortcut, table, index, question);
	index_close(index, NoLock);
	return is_found;
}

/* ---------- doing it without ---------- */

/* Copy what is to be read of a row. */
static void
copy_row(const LookupShortcut *shortcut, TupleTableSlot *row, Found *found)
{
	for (int i = 0; i < shortcut->column_count; i++)
	{
		Form_pg_attribute column = TupleDescAttr(row->tts_tupleDescriptor, shortcut->columns[i]);
		Datum		value = slot_getattr(row, shortcut->columns[i] + 1, &found->nulls[i]);

		if (!found->nulls[i])
			found->values[i] = datumCopy(value, column->attbyval, column->attlen);
	}
}

/* Look by the index; false if there is no such row in the snapshot. */
static bool
scan(const LookupShortcut *shortcut, const Parameters *keys, Relation table, Snapshot snapshot, Found *found)
{
	Relation	index = index_open(shortcut->index, AccessShareLock);
	TupleTableSlot *row = table_slot_create(table, NULL);
	ScanKeyData scan_keys[MAX_KEYS];
	IndexScanDesc descriptor = begin_index_scan(table, index, snapshot, shortcut->key_count);
	bool		is_found;

	memcpy(scan_keys, shortcut->keys, sizeof(scan_keys));
	for (int i = 0; i < MAX_KEYS; i++)
		scan_keys[i].sk_argument = keys->values[i];
	index_rescan(descriptor, scan_keys, shortcut->key_count, NULL, 0);
	is_found = index_getnext_slot(descriptor, ForwardScanDirection, row);
	if (is_found)
		copy_row(shortcut, row, found);
	index_endscan(descriptor);
	ExecDropSingleTupleTableSlot(row);
	index_close(index, NoLock);
	return is_found;
}

/* Tell whether a key is null, which nothing equals. */
static bool
has_null(const Parameters *keys)
{
	for (int i = 0; i < keys->count; i++)
		if (keys->nulls[i] == 'n')
			return true;
	return false;
}

/* Open the table if it can be done without the statement; NULL if not. */
static Relation
open_table(Lookup *lookup, const Parameters *keys)
{
	Question	question = {lookup, keys};

	return shortcut_open(&lookup->shortcut, sizeof(LookupShortcut), find_index, &question, lookup->table, AccessShareLock);
}

/* Read the row with these keys, if there is one, in the snapshot of the caller's query. */
bool
lookup_read(Lookup *lookup, Parameters *keys, Found *found)
{
	Relation	table = has_null(keys) ? NULL : open_table(lookup, keys);
	bool		is_found;

	if (table == NULL)
		return !has_null(keys) && copy_first_row(statement_read(statement_of(lookup), keys), found);
	is_found = scan((LookupShortcut *) lookup->shortcut, keys, table, GetActiveSnapshot(), found);
	table_close(table, NoLock);
	return is_found;
}

/* Read the row with these keys, if there is one by now, even where the transaction's own snapshot is older. */
bool
lookup_read_latest(Lookup *lookup, Parameters *keys, Found *found)
{
	bool		is_found;

	CommandCounterIncrement();
	PushActiveSnapshot(GetLatestSnapshot());
	is_found = lookup_read(lookup, keys, found);
	PopActiveSnapshot();
	return is_found;
}
