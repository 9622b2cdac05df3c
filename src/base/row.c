/*
 * Rows of our tables: inserted without a statement, where that makes no difference.
 *
 * Beside every insert stands the statement that it is. Where a table is as
 * ordinary as we have made it, what the statement would do is done here by the
 * same functions of the server that it would call: nothing is planned, no
 * executor is started, and CHECK constraints are not read anew. Whatever is
 * out of the ordinary, of the table or of the rows, is left to the statement,
 * errors included: it was not begun here then.
 */
#include "base/row.h"

#include "access/table.h"
#include "access/tableam.h"
#include "access/xact.h"
#include "base/parent.h"
#include "catalog/pg_trigger.h"
#include "catalog/pg_type.h"
#include "commands/trigger.h"
#include "executor/executor.h"
#include "nodes/makefuncs.h"
#include "optimizer/optimizer.h"
#include "rewrite/rewriteHandler.h"
#include "storage/lmgr.h"
#include "utils/acl.h"
#include "utils/lsyscache.h"
#include "utils/memutils.h"
#include "utils/rel.h"
#include "utils/snapmgr.h"

/* What is known of a table and of an insert into it. */
typedef struct InsertShortcut
{
	Shortcut	base;
	int			width;			/* so many columns get values */
	int			columns[MAX_PARAMETERS];	/* these, counted from 0 */
	Datum	   *defaults;		/* what the others are, by column */
	bool	   *are_null;
	int			check_count;
	ExprState **checks;			/* what rows must pass */
	List	   *keys;			/* foreign keys; NIL if all of them must look, since one may do so later */
	bool		is_parent;		/* do rows have a key that parent.c knows? */
} InsertShortcut;

/* An insert with the types of its values. */
typedef struct Question
{
	const Insert *insert;
	const Parameters *parameters;
} Question;

/* ---------- the statement ---------- */

/* Return how many rows the parameters are for. */
static int
rows_of(const Insert *insert, const Parameters *parameters)
{
	return insert->common == 0 ? 1 : (parameters->count - insert->common) / (insert->width - insert->common);
}

/* Return which parameter a column of a row has. */
static int
parameter_of(const Insert *insert, int row, int column)
{
	return column < insert->common ? column : column + row * (insert->width - insert->common);
}

/* Write the statement that inserts so many rows. */
static char *
statement_text(const Insert *insert, int rows)
{
	StringInfoData sql;

	initStringInfo(&sql);
	appendStringInfo(&sql, "INSERT INTO arsignup.%s (%s) VALUES ", insert->table, insert->columns);
	for (int row = 0; row < rows; row++)
		for (int column = 0; column < insert->width; column++)
			appendStringInfo(&sql, "%s$%d%s", column > 0 ? ", " : row > 0 ? ", (" : "(",
							 parameter_of(insert, row, column) + 1, column == insert->width - 1 ? ")" : "");
	if (insert->conflict != NULL)
		appendStringInfoString(&sql, insert->conflict);
	return sql.data;
}

/* Return the statement that inserts what the parameters hold. */
static Statement *
statement_for(Insert *insert, const Parameters *parameters)
{
	Statement  *statement;
	int			rows;

	if (insert->width == 0)
		insert->width = list_length(column_names(insert->columns));
	rows = rows_of(insert, parameters);
	Assert(rows >= 1 && rows <= MAX_ROWS);
	statement = &insert->statements[rows - 1];
	if (statement->sql == NULL)
		statement->sql = MemoryContextStrdup(TopMemoryContext, statement_text(insert, rows));
	return statement;
}

/* ---------- whether it can be done without ---------- */

/* Tell whether foreign keys are all that an insert sets off. */
static bool
sets_off_keys_only(const TriggerDesc *triggers)
{
	if (triggers == NULL)
		return true;
	for (int i = 0; i < triggers->numtriggers; i++)
		if (TRIGGER_FOR_INSERT(triggers->triggers[i].tgtype) &&
			RI_FKey_trigger_type(triggers->triggers[i].tgfoid) != RI_TRIGGER_FK)
			return false;
	return true;
}

/* Tell whether foreign keys that lead to a table may look there, which they do as its owner. */
static bool
keys_may_look(Relation table)
{
	AclMode		looking = ACL_SELECT | ACL_UPDATE;

	return pg_class_aclmask(RelationGetRelid(table), table->rd_rel->relowner, looking, ACLMASK_ALL) == looking;
}

/* Tell whether foreign keys, all of a table, look as soon as a row is inserted. */
static bool
look_at_once(const TriggerDesc *triggers)
{
	for (int i = 0; triggers != NULL && i < triggers->numtriggers; i++)
		if (TRIGGER_FOR_INSERT(triggers->triggers[i].tgtype) && triggers->triggers[i].tgdeferrable)
			return false;
	return true;
}

/* Find where the values go; false if not all can go there as they are. */
static bool
find_columns(InsertShortcut *shortcut, Relation table, const Question *question)
{
	ListCell   *name;

	foreach(name, column_names(question->insert->columns))
	{
		int			column = column_index(table, lfirst(name), question->parameters->types[shortcut->width]);

		if (column < 0)
			return false;
		shortcut->columns[shortcut->width++] = column;
	}
	return true;
}

/* Tell whether a column is among those that get values. */
static bool
is_given(const InsertShortcut *shortcut, int column)
{
	for (int i = 0; i < shortcut->width; i++)
		if (shortcut->columns[i] == column)
			return true;
	return false;
}

/* Find what a column is that gets no value: null, which not every domain takes, or a constant; false if neither. */
static bool
find_default(InsertShortcut *shortcut, Relation table, int column)
{
	Node	   *value = build_column_default(table, column + 1);
	Const	   *constant;

	if (value == NULL)
		return get_typtype(TupleDescAttr(RelationGetDescr(table), column)->atttypid) != TYPTYPE_DOMAIN;
	if (calls_foreign(value, NULL))
		return false;
	constant = (Const *) expression_planner((Expr *) value);
	if (!IsA(constant, Const))
		return false;
	shortcut->defaults[column] = constant->constvalue;
	shortcut->are_null[column] = constant->constisnull;
	return true;
}

/* Find what columns are that get no value; false if one has another value in each row, or any is computed. */
static bool
find_defaults(InsertShortcut *shortcut, Relation table)
{
	TupleDesc	row = RelationGetDescr(table);

	shortcut->defaults = palloc0(row->natts * sizeof(Datum));
	shortcut->are_null = palloc(row->natts * sizeof(bool));
	memset(shortcut->are_null, true, row->natts);
	for (int i = 0; i < row->natts; i++)
	{
		Form_pg_attribute column = TupleDescAttr(row, i);

		if (column->attgenerated || column->attidentity)
			return false;
		if (!column->attisdropped && !is_given(shortcut, i) && !find_default(shortcut, table, i))
			return false;
	}
	return true;
}

/* Make the checks that rows must pass ready; false if they are not all of built-in functions. */
static bool
prepare_checks(InsertShortcut *shortcut, const TupleConstr *constraints)
{
	int			count = constraints ? constraints->num_check : 0;

	shortcut->checks = palloc(count * sizeof(ExprState *));
	for (shortcut->check_count = 0; shortcut->check_count < count; shortcut->check_count++)
	{
		Expr	   *check = stringToNode(constraints->check[shortcut->check_count].ccbin);

		if (calls_foreign((Node *) check, NULL))
			return false;
		shortcut->checks[shortcut->check_count] =
			ExecInitCheck(make_ands_implicit(expression_planner(check)), NULL);
	}
	return true;
}

/* Look whether a table takes an insert as it is. */
static bool
find_target(Shortcut *base, Relation table, const void *what)
{
	InsertShortcut *shortcut = (InsertShortcut *) base;
	const Oid  *types = ((const Question *) what)->parameters->types;

	shortcut->is_parent = types[0] == UUIDOID && types[1] == UUIDOID && keys_may_look(table);
	if (look_at_once(table->trigdesc))
		shortcut->keys = copyObject(RelationGetFKeyList(table));
	return sets_off_keys_only(table->trigdesc) &&
		find_columns(shortcut, table, what) &&
		find_defaults(shortcut, table) &&
		prepare_checks(shortcut, RelationGetDescr(table)->constr);
}

/* ---------- doing it without ---------- */

/* What an insert needs of the executor. */
typedef struct Writer
{
	const InsertShortcut *shortcut;
	Relation	table;
	EState	   *estate;
	ResultRelInfo *target;
	TupleTableSlot *rows[MAX_ROWS];
	int			row_count;
	bool		must_look;		/* foreign keys, for what the rows refer to */
	Parent		parent;			/* what others may refer to; of no table: nothing */
} Writer;

/* Say for which statement something is done that fails, as if it was done by that. */
static void
add_context(void *sql)
{
	errcontext("SQL statement \"%s\"", (const char *) sql);
}

/* Bring a row into the form of the table. */
static TupleTableSlot *
make_row(const Insert *insert, const Parameters *parameters, int row, const Writer *writer)
{
	const InsertShortcut *shortcut = writer->shortcut;
	TupleTableSlot *slot = ExecInitExtraTupleSlot(writer->estate, RelationGetDescr(writer->table), &TTSOpsVirtual);

	memcpy(slot->tts_values, shortcut->defaults, slot->tts_tupleDescriptor->natts * sizeof(Datum));
	memcpy(slot->tts_isnull, shortcut->are_null, slot->tts_tupleDescriptor->natts * sizeof(bool));
	for (int i = 0; i < insert->width; i++)
	{
		int			parameter = parameter_of(insert, row, i);
		int			column = shortcut->columns[i];

		slot->tts_values[column] = parameters->values[parameter];
		slot->tts_isnull[column] = parameters->nulls[parameter] == 'n';
	}
	ExecStoreVirtualTuple(slot);
	slot->tts_tableOid = RelationGetRelid(writer->table);
	return slot;
}

/* Tell whether a row has all that it must have, and passes the checks. */
static bool
is_valid(const Writer *writer, TupleTableSlot *row)
{
	const InsertShortcut *shortcut = writer->shortcut;
	ExprContext *context = GetPerTupleExprContext(writer->estate);

	for (int i = 0; i < row->tts_tupleDescriptor->natts; i++)
		if (row->tts_isnull[i] && TupleDescAttr(row->tts_tupleDescriptor, i)->attnotnull)
			return false;
	context->ecxt_scantuple = row;
	for (int i = 0; i < shortcut->check_count; i++)
		if (!ExecCheck(shortcut->checks[i], context))
			return false;
	return true;
}

/* Tell whether all that a row refers to was inserted just now. */
static bool
parents_are_there(const Writer *writer, const TupleTableSlot *row)
{
	ListCell   *key;

	foreach(key, writer->shortcut->keys)
		if (!parent_is_there(lfirst(key), row))
			return false;
	return writer->shortcut->keys != NIL;
}

/* Tell whether foreign keys of the rows have to look for what these refer to. */
static bool
must_look(const Writer *writer)
{
	const TriggerDesc *triggers = writer->target->ri_TrigDesc;

	if (triggers == NULL || !triggers->trig_insert_after_row)
		return false;
	for (int i = 0; i < writer->row_count; i++)
		if (!parents_are_there(writer, writer->rows[i]))
			return true;
	return false;
}

/* Return by what rows that are to come may refer to a row. */
static Parent
parent_of(const Writer *writer, const TupleTableSlot *row)
{
	const int  *columns = writer->shortcut->columns;
	Parent		parent = {0};

	if (!writer->shortcut->is_parent)
		return parent;
	parent.table = RelationGetRelid(writer->table);
	for (int i = 0; i < (int) lengthof(parent.columns); i++)
	{
		parent.columns[i] = columns[i] + 1;
		parent.values[i] = *DatumGetUUIDP(row->tts_values[columns[i]]);
	}
	return parent;
}

/*
 * Make the rows ready; false if there is a fault in one. From here on nothing
 * of the shortcut is needed, which may be looked for anew meanwhile: an index
 * may call the application.
 */
static bool
make_rows(const Insert *insert, const Parameters *parameters, Writer *writer)
{
	writer->row_count = rows_of(insert, parameters);
	for (int i = 0; i < writer->row_count; i++)
	{
		writer->rows[i] = make_row(insert, parameters, i, writer);
		if (!is_valid(writer, writer->rows[i]))
			return false;
	}
	writer->must_look = must_look(writer);
	writer->parent = parent_of(writer, writer->rows[0]);
	return true;
}

/* Insert a row. */
static void
put_row(Writer *writer, TupleTableSlot *row)
{
	table_tuple_insert(writer->table, row, writer->estate->es_output_cid, 0, NULL);
	list_free(insert_index_tuples(writer->target, row, writer->estate, NULL));
}

/* Insert a row unless a unique key of it is taken, or somebody else is just taking it: false then. */
static bool
put_row_unless_taken(Writer *writer, TupleTableSlot *row)
{
	ItemPointerData other;
	bool		is_lost = false;
	uint32		token;

	if (!check_index_constraints(writer->target, row, writer->estate, &other))
		return false;
	token = SpeculativeInsertionLockAcquire(GetCurrentTransactionId());
	table_tuple_insert_speculative(writer->table, row, writer->estate->es_output_cid, 0, NULL, token);
	list_free(insert_index_tuples(writer->target, row, writer->estate, &is_lost));
	table_tuple_complete_speculative(writer->table, row, token, !is_lost);
	SpeculativeInsertionLockRelease(GetCurrentTransactionId());
	return !is_lost;
}

/* Insert the rows, and have their foreign keys checked; false if there is none, since it is taken. */
static bool
put_rows(Writer *writer, bool unless_taken)
{
	bool		is_put = true;

	if (writer->must_look)
		AfterTriggerBeginQuery();
	for (int i = 0; i < writer->row_count; i++)
	{
		if (unless_taken)
			is_put = put_row_unless_taken(writer, writer->rows[i]);
		else
			put_row(writer, writer->rows[i]);
		if (writer->must_look && is_put)
			ExecARInsertTriggers(writer->estate, writer->target, writer->rows[i], NIL, NULL);
	}
	if (writer->must_look)
		AfterTriggerEndQuery(writer->estate);
	return is_put;
}

/* Begin to write into a table, as a command of its own. */
static void
writer_open(Writer *writer, Relation table, bool unless_taken)
{
	CommandCounterIncrement();
	parents_begin();
	PushActiveSnapshot(GetTransactionSnapshot());
	writer->table = table;
	writer->estate = CreateExecutorState();
	writer->estate->es_output_cid = GetCurrentCommandId(true);
	writer->target = makeNode(ResultRelInfo);
	InitResultRelInfo(writer->target, table, 1, NULL, 0);
	writer->estate->es_opened_result_relations = list_make1(writer->target);
	ExecOpenIndices(writer->target, unless_taken);
}

/* End that: what was written can be seen from here on. */
static void
writer_close(Writer *writer)
{
	ExecCloseIndices(writer->target);
	ExecResetTupleTable(writer->estate->es_tupleTable, false);
	FreeExecutorState(writer->estate);
	PopActiveSnapshot();
	CommandCounterIncrement();
}

/* Insert rows into a table that is as ordinary as it must be; false if that is for the statement to do. */
static bool
write_rows(const Insert *insert, const Parameters *parameters, Relation table)
{
	bool		unless_taken = insert->conflict != NULL;
	Writer		writer = {.shortcut = (InsertShortcut *) insert->shortcut};
	bool		is_written;

	writer_open(&writer, table, unless_taken);
	is_written = make_rows(insert, parameters, &writer) && put_rows(&writer, unless_taken);
	if (is_written)
		parents_go_on(writer.estate->es_output_cid, &writer.parent);
	writer_close(&writer);
	return is_written;
}

/*
 * Insert rows without their statement; false if that is to do it, as it does
 * where nothing may be written, and says so.
 */
static bool
insert_directly(Insert *insert, const Parameters *parameters, const char *sql)
{
	ErrorContextCallback callback = {error_context_stack, add_context, unconstify(char *, sql)};
	Question	question = {insert, parameters};
	Relation	table;
	bool		is_done;

	if (XactReadOnly || IsInParallelMode())
		return false;
	table = shortcut_open(&insert->shortcut, sizeof(InsertShortcut), find_target, &question, insert->table, RowExclusiveLock);
	if (table == NULL)
		return false;
	error_context_stack = &callback;
	is_done = write_rows(insert, parameters, table);
	error_context_stack = callback.previous;
	table_close(table, NoLock);
	return is_done;
}

/* Insert what the parameters hold; return how many rows that were. */
static uint64
insert_rows(Insert *insert, Parameters *parameters)
{
	Statement  *statement = statement_for(insert, parameters);

	if (insert_directly(insert, parameters, statement->sql))
		return rows_of(insert, parameters);
	return statement_run(statement, parameters);
}

/* Insert rows, or raise 55000 if a trigger suppresses one. */
void
rows_insert(Insert *insert, Parameters *parameters)
{
	if (insert_rows(insert, parameters) != (uint64) rows_of(insert, parameters))
		raise_suppressed(insert->table);
}

/* Insert a row unless a unique key of it is taken, once nobody is still making up their mind about it; tell whether it was. */
bool
row_insert_unless_taken(Insert *insert, Parameters *parameters)
{
	return insert_rows(insert, parameters) == 1;
}
