/*
 * The tables: what they are, and whether they are there.
 *
 * They are no members of the extension, so that dumps treat them as data. So
 * they may be missing, or be of another version than the functions, until
 * somebody runs create_tables (../install). We look once per backend, and
 * again when one of them or a function was changed.
 */
#include "base/tables.h"

#include "access/genam.h"
#include "access/htup_details.h"
#include "access/table.h"
#include "base/caller.h"
#include "catalog/namespace.h"
#include "catalog/pg_extension.h"
#include "catalog/pg_rewrite.h"
#include "catalog/pg_type.h"
#include "commands/extension.h"
#include "miscadmin.h"
#include "nodes/parsenodes.h"
#include "rewrite/rewriteSupport.h"
#include "utils/acl.h"
#include "utils/builtins.h"
#include "utils/fmgroids.h"
#include "utils/inval.h"
#include "utils/lsyscache.h"
#include "utils/rel.h"
#include "utils/snapmgr.h"
#include "utils/syscache.h"

const Table tables[] = {
#include "base/tables.inc"
};
const int	table_count = lengthof(tables);

bool		tables_fit = false;

Oid			table_ids[lengthof(tables)];

uint64		tables_change = 1;

/*
 * Tell whether a table belongs to arsignup_directory. The application's
 * foreign keys lead to these: the server checks such a key as the owner of the
 * table, and what a check could ever be made to run must not reach the rest.
 */
bool
table_is_of_directory(const char *name)
{
	return strcmp(name, "users") == 0 || strcmp(name, "orgs") == 0 || strcmp(name, "memberships") == 0;
}

/* Return the id of a table of ours, if there is one. */
Oid
table_id(const char *name)
{
	Oid			schema = get_namespace_oid("arsignup", true);

	return OidIsValid(schema) ? get_relname_relid(name, schema) : InvalidOid;
}

/* Return who owns a table. */
Oid
table_owner(Oid table)
{
	HeapTuple	tuple = SearchSysCache1(RELOID, ObjectIdGetDatum(table));
	Oid			owner;

	if (!HeapTupleIsValid(tuple))
		elog(ERROR, "cache lookup failed for relation %u", table);
	owner = ((Form_pg_class) GETSTRUCT(tuple))->relowner;
	ReleaseSysCache(tuple);
	return owner;
}

/* Return who is to own a table. */
Oid
table_rightful_owner(const char *name)
{
	return get_role_oid(table_is_of_directory(name) ? DIRECTORY_ROLE : OWNER_ROLE, false);
}

/* Tell whether a table has an index, or is a view. */
static bool
is_indexed(Oid table)
{
	HeapTuple	tuple = SearchSysCache1(RELOID, ObjectIdGetDatum(table));
	Form_pg_class row = HeapTupleIsValid(tuple) ? (Form_pg_class) GETSTRUCT(tuple) : NULL;
	bool		found = row != NULL && (row->relhasindex || row->relkind == RELKIND_VIEW);

	if (HeapTupleIsValid(tuple))
		ReleaseSysCache(tuple);
	return found;
}

/* Note that the functions, and with them the tables that they need, may be others. */
static void
note_functions(Datum argument, int cache, uint32 hash)
{
	tables_change++;
	tables_fit = false;
}

/* Note that a table of ours may have changed. */
static void
note_table(Datum argument, Oid table)
{
	for (int i = 0; i < (int) lengthof(table_ids); i++)
		if (!OidIsValid(table) || table_ids[i] == table)
		{
			tables_change++;
			tables_fit = false;
			return;
		}
}

/* Begin to be told of changes. */
static void
watch_changes(void)
{
	static bool is_watching = false;

	if (is_watching)
		return;
	CacheRegisterRelcacheCallback(note_table, (Datum) 0);
	CacheRegisterSyscacheCallback(PROCOID, note_functions, (Datum) 0);
	is_watching = true;
}

/* Return the constant that is the first column of a view, by the row of its rule; NULL if that is no text. */
static char *
read_constant(Relation rules, HeapTuple rule)
{
	bool		isnull;
	Datum		action = heap_getattr(rule, Anum_pg_rewrite_ev_action, RelationGetDescr(rules), &isnull);
	List	   *queries = isnull ? NIL : (List *) stringToNode(TextDatumGetCString(action));
	List	   *columns = queries == NIL ? NIL : linitial_node(Query, queries)->targetList;
	TargetEntry *target = columns == NIL ? NULL : linitial(columns);
	Const	   *constant = target == NULL || !IsA(target->expr, Const) ? NULL : (Const *) target->expr;

	return constant == NULL || constant->constisnull || constant->consttype != TEXTOID ? NULL :
		TextDatumGetCString(constant->constvalue);
}

/*
 * Return the version of the tables, as a snapshot shows it; NULL if nothing
 * tells it. It is a constant of a view: a dump brings it with the tables, and
 * never with rows alone.
 */
static char *
read_tables_version(Snapshot snapshot)
{
	Oid			installation = table_id("installation");
	Relation	rules = table_open(RewriteRelationId, AccessShareLock);
	ScanKeyData keys[2];
	SysScanDesc scan;
	HeapTuple	rule;
	char	   *version = NULL;

	ScanKeyInit(&keys[0], Anum_pg_rewrite_ev_class, BTEqualStrategyNumber, F_OIDEQ, ObjectIdGetDatum(installation));
	ScanKeyInit(&keys[1], Anum_pg_rewrite_rulename, BTEqualStrategyNumber, F_NAMEEQ, CStringGetDatum(ViewSelectRuleName));
	scan = systable_beginscan(rules, RewriteRelRulenameIndexId, true, snapshot, lengthof(keys), keys);
	rule = systable_getnext(scan);
	if (HeapTupleIsValid(rule))
		version = read_constant(rules, rule);
	systable_endscan(scan);
	table_close(rules, AccessShareLock);
	return version;
}

/* Return the version of the functions, as a snapshot shows it. */
static char *
read_functions_version(Snapshot snapshot)
{
	Relation	extensions = table_open(ExtensionRelationId, AccessShareLock);
	ScanKeyData key;
	SysScanDesc scan;
	HeapTuple	tuple;
	char	   *version = NULL;
	bool		isnull;

	ScanKeyInit(&key, Anum_pg_extension_extname, BTEqualStrategyNumber, F_NAMEEQ, CStringGetDatum("arsignup"));
	scan = systable_beginscan(extensions, ExtensionNameIndexId, true, snapshot, 1, &key);
	tuple = systable_getnext(scan);
	if (HeapTupleIsValid(tuple))
		version = TextDatumGetCString(heap_getattr(tuple, Anum_pg_extension_extversion,
												   RelationGetDescr(extensions), &isnull));
	systable_endscan(scan);
	table_close(extensions, AccessShareLock);
	if (version == NULL)
		ereport(ERROR,
				(errcode(ERRCODE_UNDEFINED_OBJECT),
				 errmsg("extension \"arsignup\" does not exist")));
	return version;
}

/* Raise 55000 if a table lacks its indexes, which a restore makes when the rows are there. */
void
table_check_indexes(Oid table)
{
	if (is_indexed(table))
		return;
	ereport(ERROR,
			(errcode(ERRCODE_OBJECT_NOT_IN_PREREQUISITE_STATE),
			 errmsg("table \"arsignup.%s\" has no index", get_rel_name(table)),
			 errhint("If a dump is being restored, wait for its end; else restore the table with its indexes.")));
}

/* Find a table; raise 55000 if it is not as create_tables leaves it, or missing where it is needed. */
static Oid
find_table(const char *name, bool is_needed)
{
	Oid			table = table_id(name);

	if (!OidIsValid(table) && !is_needed)
		return InvalidOid;
	if (!OidIsValid(table))
		ereport(ERROR,
				(errcode(ERRCODE_OBJECT_NOT_IN_PREREQUISITE_STATE),
				 errmsg("relation \"arsignup.%s\" does not exist", name),
				 errhint("If a dump is being restored, wait for its end; else run SELECT arsignup.create_tables().")));
	table_check_indexes(table);
	if (table_owner(table) != table_rightful_owner(name))
		ereport(ERROR,
				(errcode(ERRCODE_OBJECT_NOT_IN_PREREQUISITE_STATE),
				 errmsg("table \"arsignup.%s\" belongs to role \"%s\"",
						name, GetUserNameFromId(table_owner(table), false)),
				 errhint("Run SELECT arsignup.create_tables(), which gives it to its owner.")));
	return table;
}

/* Read what versions the functions and the tables are of by now, at one instant: an update changes both. */
Versions
versions_read(void)
{
	Snapshot	snapshot = RegisterSnapshot(GetLatestSnapshot());
	Versions	versions = {read_functions_version(snapshot), read_tables_version(snapshot)};

	UnregisterSnapshot(snapshot);
	return versions;
}

/* Tell whether all tables of this library are needed: functions of another version may do without some. */
static bool
all_are_needed(Versions versions)
{
	return versions.tables == NULL || strcmp(versions.functions, ARSIGNUP_VERSION) == 0;
}

/* Find the tables. */
static void
find_tables(Oid *found, Versions versions)
{
	for (int i = 0; i < table_count; i++)
		found[i] = find_table(tables[i].name, all_are_needed(versions));
}

/* Raise 55000 if the tables are not of the version of the functions. */
static void
check_versions(Versions versions)
{
	if (versions.tables == NULL)
		ereport(ERROR,
				(errcode(ERRCODE_OBJECT_NOT_IN_PREREQUISITE_STATE),
				 errmsg("view \"arsignup.installation\" tells no version"),
				 errhint("Restore it from where the tables came.")));
	if (strcmp(versions.tables, versions.functions) == 0)
		return;
	ereport(ERROR,
			(errcode(ERRCODE_OBJECT_NOT_IN_PREREQUISITE_STATE),
			 errmsg("the tables of arsignup are of version %s, its functions of version %s",
					versions.tables, versions.functions),
			 strcmp(versions.functions, ARSIGNUP_VERSION) == 0
			 ? errhint("Run SELECT arsignup.create_tables().")
			 : errhint("Run ALTER EXTENSION arsignup UPDATE.")));
}

/* Look at the tables anew; raise 55000 if they are not those that the functions need. */
void
tables_look(void)
{
	uint64		change;
	Oid			found[lengthof(tables)];
	Versions	versions;

	watch_changes();
	change = tables_change;
	versions = versions_read();
	find_tables(found, versions);
	check_versions(versions);
	memcpy(table_ids, found, sizeof(table_ids));
	tables_fit = change == tables_change;
}

/* Look at the tables if need be; return a number that is another one after each change of them. */
uint64
tables_as_of(void)
{
	AcceptInvalidationMessages();
	tables_check();
	return tables_change;
}

/* Tell whether find_table finds a table without an error. */
static bool
is_ready(const char *name, bool is_needed)
{
	Oid			table = table_id(name);

	if (!OidIsValid(table))
		return !is_needed;
	return is_indexed(table) && table_owner(table) == table_rightful_owner(name);
}

/* Tell whether tables_check passes: for what must not fail if it does not. */
bool
tables_are_ready(void)
{
	Versions	versions = versions_read();

	for (int i = 0; i < table_count; i++)
		if (!is_ready(tables[i].name, all_are_needed(versions)))
			return false;
	return versions.tables != NULL && strcmp(versions.tables, versions.functions) == 0;
}

/* Tell whether a table is one of those that tables_check has looked at. */
bool
table_is_ours(Oid table)
{
	for (int i = 0; i < table_count; i++)
		if (table_ids[i] == table)
			return true;
	return false;
}
