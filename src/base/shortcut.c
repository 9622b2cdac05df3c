/*
 * What can be done without a statement, and with which tables.
 *
 * A table as ordinary as create_tables has made it can be read and written by
 * the functions of the server that a statement would call in the end (row.c,
 * lookup.c). Anything else is for the statement: what others have put on the
 * table, and who has a say in a statement's rights. What was found out of a
 * table is kept until it, another of ours or any function changes.
 */
#include "base/shortcut.h"

#include "access/table.h"
#include "catalog/pg_am_d.h"
#include "catalog/pg_class.h"
#include "commands/extension.h"
#include "executor/executor.h"
#include "miscadmin.h"
#include "nodes/nodeFuncs.h"
#include "parser/parse_relation.h"
#include "utils/acl.h"
#include "utils/memutils.h"
#include "utils/rel.h"
#include "utils/varlena.h"

/* Return the names of columns that SQL would list so. */
List *
column_names(const char *columns)
{
	List	   *names;

	if (!SplitIdentifierString(pstrdup(columns), ',', &names))
		elog(ERROR, "could not read the columns \"%s\"", columns);
	return names;
}

/* Find a column of a type, counted from 0; -1 if there is none, or not for any value of the type. */
int
column_index(Relation table, const char *name, Oid type)
{
	int			number = attnameAttNum(table, name, false);
	Form_pg_attribute column;

	if (number <= 0)
		return -1;
	column = TupleDescAttr(RelationGetDescr(table), number - 1);
	return (!OidIsValid(type) || column->atttypid == type) && column->atttypmod == -1 ? number - 1 : -1;
}

/* Tell a function that is not built in. */
static bool
is_foreign(Oid function, void *context)
{
	return function >= FirstGenbkiObjectId;
}

/* Tell whether an expression calls a function that is not built in. */
bool
calls_foreign(Node *node, void *context)
{
	return node != NULL && (check_functions_in_node(node, is_foreign, context) ||
							expression_tree_walker(node, calls_foreign, context));
}

/* Tell whether a table is one like those that create_tables makes. Citus may have moved the rows of one elsewhere. */
bool
table_is_ordinary(Relation table)
{
	Form_pg_class row = table->rd_rel;

	return row->relkind == RELKIND_RELATION && row->relam == HEAP_TABLE_AM_OID && !row->relispartition &&
		!row->relhassubclass && !row->relrowsecurity && !row->relhasrules && !OidIsValid(get_extension_oid("citus", true));
}

/* Look at a table, which is locked, and remember what was found. */
static void
look(Shortcut **known, size_t size, ShortcutFinder find, const void *what, Relation table)
{
	MemoryContext context = AllocSetContextCreate(CurrentMemoryContext, "arsignup shortcut", ALLOCSET_SMALL_SIZES);
	MemoryContext previous = MemoryContextSwitchTo(context);
	Shortcut   *shortcut = palloc0(size);

	shortcut->context = context;
	shortcut->as_of = tables_change;
	shortcut->table = RelationGetRelid(table);
	shortcut->is_open = table_is_ordinary(table) && find(shortcut, table, what);
	MemoryContextSwitchTo(previous);
	MemoryContextSetParent(context, TopMemoryContext);
	if (*known != NULL)
		MemoryContextDelete((*known)->context);
	*known = shortcut;
}

/* Tell whether something may be done with a locked table without a statement. */
static bool
is_open(const Shortcut *shortcut, int lock)
{
	return shortcut->is_open && shortcut->as_of == tables_change && tables_fit &&
		pg_class_aclcheck(shortcut->table, GetUserId(), lock == AccessShareLock ? ACL_SELECT : ACL_INSERT) == ACLCHECK_OK;
}

/*
 * Open and lock a table to read or insert without a statement; NULL if a
 * statement has to do it. What is known of the table is looked for again if
 * anything has changed.
 */
Relation
shortcut_open(Shortcut **shortcut, size_t size, ShortcutFinder find, const void *what, const char *name, int lock)
{
	Relation	table;

	tables_check();
	if (ExecutorCheckPerms_hook != NULL)
		return NULL;
	table = table_open(*shortcut && (*shortcut)->as_of == tables_change ? (*shortcut)->table : table_id(name), lock);
	if (*shortcut == NULL || (*shortcut)->as_of != tables_change)
		look(shortcut, size, find, what, table);
	if (is_open(*shortcut, lock))
		return table;
	table_close(table, NoLock);
	return NULL;
}
