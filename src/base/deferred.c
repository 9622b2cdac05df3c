/*
 * Checking early what the application has put on our tables to be checked at
 * COMMIT: then it would be too late to answer, or to go on with the rest.
 *
 * The server has one way to do that: SET CONSTRAINTS, which goes by names, and
 * names are not unique in a schema. So a name is used only if all that bear it
 * are about our tables and wait of their own accord: it must not hasten what
 * is the application's alone, and what does not wait could not be set back.
 * What is left alone is checked at COMMIT.
 *
 * A foreign key is set as the owner of its table, who may name it; all that
 * runs is the server's own check. Anything else is a trigger that a superuser
 * has put on a table of ours, and runs as it would at COMMIT: as the caller.
 */
#include "base/deferred.h"

#include "access/genam.h"
#include "access/htup_details.h"
#include "access/table.h"
#include "base/tables.h"
#include "catalog/pg_class.h"
#include "catalog/pg_constraint.h"
#include "commands/trigger.h"
#include "nodes/makefuncs.h"
#include "utils/builtins.h"
#include "utils/fmgroids.h"
#include "utils/lsyscache.h"
#include "utils/rel.h"
#include "utils/syscache.h"

/* Tell a constraint that waits of its own accord and is on our tables, or is a foreign key that refers to them. */
static bool
is_about_us(Form_pg_constraint constraint)
{
	return constraint->condeferred &&
		(table_is_ours(constraint->conrelid) ||
		 (constraint->contype == CONSTRAINT_FOREIGN && table_is_ours(constraint->confrelid)));
}

/* Tell whether all constraints of a constraint's name are about us, and foreign keys if it is one. */
static bool
all_are_about_us(Form_pg_constraint constraint)
{
	bool		is_key = constraint->contype == CONSTRAINT_FOREIGN;
	Relation	constraints = table_open(ConstraintRelationId, AccessShareLock);
	bool		result = true;
	ScanKeyData keys[2];
	SysScanDesc scan;
	HeapTuple	tuple;

	ScanKeyInit(&keys[0], Anum_pg_constraint_conname, BTEqualStrategyNumber, F_NAMEEQ,
				NameGetDatum(&constraint->conname));
	ScanKeyInit(&keys[1], Anum_pg_constraint_connamespace, BTEqualStrategyNumber, F_OIDEQ,
				ObjectIdGetDatum(constraint->connamespace));
	scan = systable_beginscan(constraints, ConstraintNameNspIndexId, true, NULL, lengthof(keys), keys);
	while (result && HeapTupleIsValid(tuple = systable_getnext(scan)))
	{
		Form_pg_constraint other = (Form_pg_constraint) GETSTRUCT(tuple);

		result = is_about_us(other) && (other->contype == CONSTRAINT_FOREIGN) == is_key;
	}
	systable_endscan(scan);
	table_close(constraints, AccessShareLock);
	return result;
}

/* Check by a constraint what waits for it, a Form_pg_constraint, if whoever is current may name it. */
static void
check_now(void *argument)
{
	Form_pg_constraint constraint = argument;
	ConstraintsSetStmt *set = makeNode(ConstraintsSetStmt);

	if (!DatumGetBool(DirectFunctionCall2(has_schema_privilege_id, ObjectIdGetDatum(constraint->connamespace),
										  CStringGetTextDatum("USAGE"))))
		return;
	set->constraints = list_make1(makeRangeVar(get_namespace_name(constraint->connamespace),
											   pstrdup(NameStr(constraint->conname)), -1));
	set->deferred = false;
	AfterTriggerSetState(set);
	set->deferred = true;
	AfterTriggerSetState(set);
}

/* Check what waits for a constraint, as far as that can be done by its name; it waits again from now on. */
static void
check_waiting(const Caller *caller, Oid constraint_id)
{
	HeapTuple	tuple = SearchSysCache1(CONSTROID, ObjectIdGetDatum(constraint_id));
	Form_pg_constraint constraint;

	if (!HeapTupleIsValid(tuple))
		return;
	constraint = (Form_pg_constraint) GETSTRUCT(tuple);
	if (all_are_about_us(constraint))
	{
		if (constraint->contype == CONSTRAINT_FOREIGN)
			role_act(table_owner(constraint->conrelid), check_now, constraint);
		else
			caller_act(caller, check_now, constraint);
	}
	ReleaseSysCache(tuple);
}

/* List the constraints on a table, and the foreign keys that refer to it, which wait for COMMIT. */
static List *
add_waiting(List *constraint_ids, Oid table)
{
	Relation	relation = table_open(table, AccessShareLock);
	const TriggerDesc *triggers = relation->trigdesc;

	for (int i = 0; triggers != NULL && i < triggers->numtriggers; i++)
		if (triggers->triggers[i].tginitdeferred && OidIsValid(triggers->triggers[i].tgconstraint))
			constraint_ids = list_append_unique_oid(constraint_ids, triggers->triggers[i].tgconstraint);
	table_close(relation, AccessShareLock);
	return constraint_ids;
}

/* Check what waits for COMMIT on our tables just now, for who has called; it waits again from now on. */
void
check_deferred(const Caller *caller)
{
	List	   *constraint_ids = NIL;
	ListCell   *cell;

	tables_check();
	for (int i = 0; i < table_count; i++)
	{
		if (AfterTriggerPendingOnRel(table_ids[i]))
			constraint_ids = add_waiting(constraint_ids, table_ids[i]);
	}
	foreach(cell, constraint_ids)
		check_waiting(caller, lfirst_oid(cell));
}
