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
#include "access/tableam.h"
#include "catalog/namespace.h"
#include "catalog/pg_extension.h"
#include "commands/extension.h"
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

/* Goes up with each change of what is looked at. */
static uint64 tables_change = 1;

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

/* Return the version of the tables, as a snapshot shows it; NULL if nothing tells it. */
static char *
read_tables_version(Snapshot snapshot)
{
	Oid			installation = table_id("installation");
	Relation	relation;
	TupleTableSlot *slot;
	TableScanDesc scan;
	char	   *version = NULL;
	bool		isnull;

	if (!OidIsValid(installation))
		return NULL;
	relation = table_open(installation, AccessShareLock);
	slot = table_slot_create(relation, NULL);
	scan = table_beginscan(relation, snapshot, 0, NULL);
	if (table_scan_getnextslot(scan, ForwardScanDirection, slot))
		version = TextDatumGetCString(slot_getattr(slot, get_attnum(installation, "version"), &isnull));
	table_endscan(scan);
	ExecDropSingleTupleTableSlot(slot);
	table_close(relation, AccessShareLock);
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

/* Read what versions the functions and the tables are of by now, at one instant: an update changes both. */
Versions
versions_read(void)
{
	Snapshot	snapshot = RegisterSnapshot(GetLatestSnapshot());
	Versions	versions = {read_functions_version(snapshot), read_tables_version(snapshot)};

	UnregisterSnapshot(snapshot);
	return versions;
}

/* Find the tables; raise 55000 if one is missing, unless the functions are of another version, which may do without. */
static void
find_tables(Oid *found, Versions versions)
{
	bool		needs_all = versions.tables == NULL || strcmp(versions.functions, ARSIGNUP_VERSION) == 0;

	for (int i = 0; i < table_count; i++)
	{
		found[i] = table_id(tables[i].name);
		if (!OidIsValid(found[i]) && needs_all)
			ereport(ERROR,
					(errcode(ERRCODE_OBJECT_NOT_IN_PREREQUISITE_STATE),
					 errmsg("table \"arsignup.%s\" does not exist", tables[i].name),
					 errhint("If no dump is being restored, run SELECT arsignup.create_tables().")));
	}
}

/* Raise 55000 if the tables are not of the version of the functions. */
static void
check_versions(Versions versions)
{
	if (versions.tables == NULL)
		ereport(ERROR,
				(errcode(ERRCODE_OBJECT_NOT_IN_PREREQUISITE_STATE),
				 errmsg("table \"arsignup.installation\" is empty"),
				 errhint("If a dump is being restored, wait until it is.")));
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

/* Tell whether a table is one of those that tables_check has looked at. */
bool
table_is_ours(Oid table)
{
	for (int i = 0; i < table_count; i++)
		if (table_ids[i] == table)
			return true;
	return false;
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
