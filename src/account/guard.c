/*
 * The drop guard: dropping the extension must not delete people by accident.
 *
 * By the time the server drops the extension itself, its tables are gone; so
 * the guard watches over the table of users. Whatever statement the drop
 * began with, DROP EXTENSION, DROP OWNED or a cascade, it passes here. Only
 * DROP TABLE arsignup.users says what it drops, as pg_restore --clean does.
 */
#include "account/guard.h"

#include "arsignup.h"

#include "access/table.h"
#include "access/tableam.h"
#include "base/tables.h"
#include "catalog/namespace.h"
#include "catalog/objectaccess.h"
#include "catalog/pg_class.h"
#include "commands/extension.h"
#include "tcop/utility.h"
#include "utils/rel.h"
#include "utils/snapmgr.h"

static object_access_hook_type previous_hook = NULL;
static ProcessUtility_hook_type previous_utility_hook = NULL;

/* Whether the statement at work is DROP TABLE arsignup.users. */
static bool users_are_named = false;

/* Tell whether a table is arsignup.users of the extension. */
static bool
is_users_table(Oid table)
{
	return table == table_id("users") && OidIsValid(get_extension_oid("arsignup", true));
}

/* Tell whether a table, which the drop has locked, has a row. */
static bool
has_rows(Oid table)
{
	Relation	relation = table_open(table, NoLock);
	Snapshot	snapshot = RegisterSnapshot(GetLatestSnapshot());
	TupleTableSlot *slot = table_slot_create(relation, NULL);
	TableScanDesc scan = table_beginscan(relation, snapshot, 0, NULL);
	bool		found = table_scan_getnextslot(scan, ForwardScanDirection, slot);

	table_endscan(scan);
	ExecDropSingleTupleTableSlot(slot);
	UnregisterSnapshot(snapshot);
	table_close(relation, NoLock);
	return found;
}

/* Refuse to drop the table of users while there are any, unless by its name. */
static void
guard_users(ObjectAccessType access, Oid class, Oid object, int column, void *arg)
{
	if (previous_hook)
		previous_hook(access, class, object, column, arg);
	if (access != OAT_DROP || class != RelationRelationId || column != 0 || allow_drop_setting || users_are_named)
		return;
	if (is_users_table(object) && has_rows(object))
		ereport(ERROR,
				(errcode(ERRCODE_DEPENDENT_OBJECTS_STILL_EXIST),
				 errmsg("cannot drop extension arsignup while it holds users"),
				 errdetail("All users, organisations and credentials would be deleted with it."),
				 errhint("To delete them all the same, set arsignup.allow_drop to on and drop it again.")));
}

/* Tell whether a statement is a DROP TABLE that names the table of users. */
static bool
names_users(Node *statement)
{
	ListCell   *cell;

	if (!IsA(statement, DropStmt) || ((DropStmt *) statement)->removeType != OBJECT_TABLE)
		return false;
	foreach(cell, ((DropStmt *) statement)->objects)
	{
		RangeVar   *name = makeRangeVarFromNameList(lfirst_node(List, cell));
		Oid			table = RangeVarGetRelid(name, NoLock, true);

		if (OidIsValid(table) && table == table_id("users"))
			return true;
	}
	return false;
}

/* Note for how long a drop of the users by name is at work; what it sets off may be another statement. */
static void
note_statement(PlannedStmt *statement, const char *query, bool read_only_tree, ProcessUtilityContext context,
			   ParamListInfo params, QueryEnvironment *environment, DestReceiver *receiver, QueryCompletion *completion)
{
	bool		outer = users_are_named;

	users_are_named = names_users(statement->utilityStmt);
	PG_TRY();
	{
		(previous_utility_hook ? previous_utility_hook : standard_ProcessUtility)
			(statement, query, read_only_tree, context, params, environment, receiver, completion);
	}
	PG_FINALLY();
	{
		users_are_named = outer;
	}
	PG_END_TRY();
}

/* Begin to guard. */
void
guard_install_hooks(void)
{
	previous_hook = object_access_hook;
	object_access_hook = guard_users;
	previous_utility_hook = ProcessUtility_hook;
	ProcessUtility_hook = note_statement;
}
