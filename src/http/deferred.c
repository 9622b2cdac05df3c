/*
 * Checking early what the application has put on our tables to be checked at
 * COMMIT: then it would be too late to answer.
 *
 * The server has one way to do that: SET CONSTRAINTS, which goes by names, and
 * names are not unique in a schema. So a name is used only if all that bear it
 * are about our tables and wait of their own accord: it must not hasten what
 * is the application's alone, whose functions would run with our rights, and
 * what does not wait could not be set back. What is left alone is checked at
 * COMMIT.
 */
#include "http/deferred.h"

#include "access/genam.h"
#include "access/htup_details.h"
#include "access/table.h"
#include "catalog/dependency.h"
#include "catalog/pg_class.h"
#include "catalog/pg_constraint.h"
#include "catalog/pg_depend.h"
#include "catalog/pg_extension.h"
#include "commands/extension.h"
#include "commands/trigger.h"
#include "nodes/makefuncs.h"
#include "utils/builtins.h"
#include "utils/fmgroids.h"
#include "utils/inval.h"
#include "utils/lsyscache.h"
#include "utils/memutils.h"
#include "utils/rel.h"
#include "utils/syscache.h"

/* ---------- our tables ---------- */

static List *our_tables = NIL;
static uint64 tables_known = 0; /* as of which change */
static uint64 tables_change = 1;

/* Note that other tables may be ours from now on. */
static void
note_change(Datum argument, int cache, uint32 hash)
{
	tables_change++;
}

/* List the tables of the extension. */
static List *
read_tables(void)
{
	Relation	depends = table_open(DependRelationId, AccessShareLock);
	List	   *tables = NIL;
	ScanKeyData keys[2];
	SysScanDesc scan;
	HeapTuple	tuple;

	ScanKeyInit(&keys[0], Anum_pg_depend_refclassid, BTEqualStrategyNumber, F_OIDEQ,
				ObjectIdGetDatum(ExtensionRelationId));
	ScanKeyInit(&keys[1], Anum_pg_depend_refobjid, BTEqualStrategyNumber, F_OIDEQ,
				ObjectIdGetDatum(get_extension_oid("arsignup", false)));
	scan = systable_beginscan(depends, DependReferenceIndexId, true, NULL, lengthof(keys), keys);
	while (HeapTupleIsValid(tuple = systable_getnext(scan)))
	{
		Form_pg_depend member = (Form_pg_depend) GETSTRUCT(tuple);

		if (member->deptype == DEPENDENCY_EXTENSION && member->classid == RelationRelationId &&
			get_rel_relkind(member->objid) == RELKIND_RELATION)
			tables = lappend_oid(tables, member->objid);
	}
	systable_endscan(scan);
	table_close(depends, AccessShareLock);
	return tables;
}

/*
 * Find out which tables are ours, unless that is known. It changes only where
 * the extension is made anew or updated, both of which write its functions.
 */
static void
find_tables(void)
{
	static bool is_registered = false;
	uint64		change = tables_change;
	List	   *known = our_tables;
	List	   *tables;
	MemoryContext context;

	if (!is_registered)
		CacheRegisterSyscacheCallback(PROCOID, note_change, (Datum) 0);
	is_registered = true;
	if (tables_known == change)
		return;
	tables = read_tables();
	context = MemoryContextSwitchTo(TopMemoryContext);
	our_tables = list_copy(tables);
	MemoryContextSwitchTo(context);
	list_free(known);
	tables_known = change;
}

/* ---------- constraints ---------- */

/* Tell a constraint that waits of its own accord and is on our tables, or is a foreign key that refers to them. */
static bool
is_about_us(Form_pg_constraint constraint)
{
	return constraint->condeferred &&
		(list_member_oid(our_tables, constraint->conrelid) ||
		 (constraint->contype == CONSTRAINT_FOREIGN && list_member_oid(our_tables, constraint->confrelid)));
}

/* Tell whether all constraints of a name are about us. */
static bool
all_are_about_us(Name name, Oid schema)
{
	Relation	constraints = table_open(ConstraintRelationId, AccessShareLock);
	bool		result = true;
	ScanKeyData keys[2];
	SysScanDesc scan;
	HeapTuple	tuple;

	ScanKeyInit(&keys[0], Anum_pg_constraint_conname, BTEqualStrategyNumber, F_NAMEEQ, NameGetDatum(name));
	ScanKeyInit(&keys[1], Anum_pg_constraint_connamespace, BTEqualStrategyNumber, F_OIDEQ, ObjectIdGetDatum(schema));
	scan = systable_beginscan(constraints, ConstraintNameNspIndexId, true, NULL, lengthof(keys), keys);
	while (result && HeapTupleIsValid(tuple = systable_getnext(scan)))
		result = is_about_us((Form_pg_constraint) GETSTRUCT(tuple));
	systable_endscan(scan);
	table_close(constraints, AccessShareLock);
	return result;
}

/* Tell whether we may name what is in a schema. */
static bool
may_use(Oid schema)
{
	return DatumGetBool(DirectFunctionCall2(has_schema_privilege_id, ObjectIdGetDatum(schema),
											CStringGetTextDatum("USAGE")));
}

/* Add the name of a constraint, if it can be set by that. */
static List *
add_name(List *names, Oid constraint_id)
{
	HeapTuple	tuple = SearchSysCache1(CONSTROID, ObjectIdGetDatum(constraint_id));
	Form_pg_constraint constraint;
	char	   *schema;

	if (!HeapTupleIsValid(tuple))
		return names;
	constraint = (Form_pg_constraint) GETSTRUCT(tuple);
	schema = get_namespace_name(constraint->connamespace);
	if (schema != NULL && may_use(constraint->connamespace) &&
		all_are_about_us(&constraint->conname, constraint->connamespace))
		names = lappend(names, makeRangeVar(schema, pstrdup(NameStr(constraint->conname)), -1));
	ReleaseSysCache(tuple);
	return names;
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

/* List the names of those by which something of our tables is waiting just now. */
static List *
waiting_names(void)
{
	List	   *constraint_ids = NIL;
	List	   *names = NIL;
	ListCell   *cell;

	foreach(cell, our_tables)
	{
		if (AfterTriggerPendingOnRel(lfirst_oid(cell)))
			constraint_ids = add_waiting(constraint_ids, lfirst_oid(cell));
	}
	foreach(cell, constraint_ids)
		names = add_name(names, lfirst_oid(cell));
	return names;
}

/* Check what waits for COMMIT on our tables; it waits again from now on. */
void
check_deferred(void)
{
	ConstraintsSetStmt *set = makeNode(ConstraintsSetStmt);

	find_tables();
	set->constraints = waiting_names();
	if (set->constraints == NIL)
		return;
	set->deferred = false;
	AfterTriggerSetState(set);
	set->deferred = true;
	AfterTriggerSetState(set);
}
