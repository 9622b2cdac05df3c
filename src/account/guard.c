/*
 * The drop guard: dropping the extension must not delete people by accident.
 *
 * By the time the server drops the extension itself, its tables are gone; so
 * the guard watches over the table of users. Whatever statement the drop
 * began with, DROP EXTENSION, DROP OWNED or a cascade, it passes here.
 */
#include "account/guard.h"

#include "arsignup.h"

#include "access/table.h"
#include "access/tableam.h"
#include "catalog/dependency.h"
#include "catalog/objectaccess.h"
#include "catalog/pg_class.h"
#include "commands/extension.h"
#include "utils/lsyscache.h"
#include "utils/rel.h"
#include "utils/snapmgr.h"

static object_access_hook_type previous_hook = NULL;

/* Tell whether a table is arsignup.users of the extension. */
static bool
is_users_table(Oid table)
{
	char	   *name = get_rel_name(table);
	Oid			extension;

	if (name == NULL || strcmp(name, "users") != 0)
		return false;
	extension = get_extension_oid("arsignup", true);
	return OidIsValid(extension) &&
		getExtensionOfObject(RelationRelationId, table) == extension;
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

/* Refuse to drop the table of users while there are any. */
static void
guard_users(ObjectAccessType access, Oid class, Oid object, int column, void *arg)
{
	if (previous_hook)
		previous_hook(access, class, object, column, arg);
	if (access != OAT_DROP || class != RelationRelationId || column != 0 || allow_drop_setting)
		return;
	if (is_users_table(object) && has_rows(object))
		ereport(ERROR,
				(errcode(ERRCODE_DEPENDENT_OBJECTS_STILL_EXIST),
				 errmsg("cannot drop extension arsignup while it holds users"),
				 errdetail("All users, organisations and credentials would be deleted with it."),
				 errhint("To delete them all the same, set arsignup.allow_drop to on and drop it again.")));
}

/* Begin to guard. */
void
guard_install_hook(void)
{
	previous_hook = object_access_hook;
	object_access_hook = guard_users;
}
