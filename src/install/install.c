/*
 * SQL functions: making the tables.
 */
#include "base/caller.h"
#include "base/fence.h"
#include "base/kept.h"
#include "base/statement.h"
#include "base/subtransaction.h"
#include "base/tables.h"

#include "access/xact.h"
#include "catalog/namespace.h"
#include "catalog/pg_namespace.h"
#include "commands/extension.h"
#include "commands/tablecmds.h"
#include "commands/trigger.h"
#include "fmgr.h"
#include "miscadmin.h"
#include "storage/lmgr.h"
#include "storage/proc.h"
#include "utils/acl.h"
#include "utils/builtins.h"
#include "utils/timestamp.h"

/* A step from one version of the tables to the next. */
typedef struct Step
{
	const char *from;
	const char *to;
	const char *sql;
} Step;

static const Step steps[] = {
#include "install/steps.inc"
	{NULL, NULL, NULL}
};

/* arsignup.library_version() returns text */
PG_FUNCTION_INFO_V1(arsignup_library_version);
Datum
arsignup_library_version(PG_FUNCTION_ARGS)
{
	PG_RETURN_TEXT_P(cstring_to_text(ARSIGNUP_VERSION));
}

/* arsignup.check_tables() returns void */
PG_FUNCTION_INFO_V1(arsignup_check_tables);
Datum
arsignup_check_tables(PG_FUNCTION_ARGS)
{
	tables_check();
	PG_RETURN_VOID();
}

/* Refuse to make tables for functions that are not the library's own. */
static void
check_functions(void)
{
	const char *functions = versions_read().functions;

	if (strcmp(functions, ARSIGNUP_VERSION) != 0)
		ereport(ERROR,
				(errcode(ERRCODE_OBJECT_NOT_IN_PREREQUISITE_STATE),
				 errmsg("the functions of arsignup are of version %s, its library of version %s",
						functions, ARSIGNUP_VERSION),
				 errhint("Restart the server if the library is the older one; else run ALTER EXTENSION arsignup UPDATE.")));
}

/* Run statements of ours. */
static void
run(const char *sql)
{
	int			result = SPI_execute(sql, false, 0);

	if (result < 0)
		elog(ERROR, "could not run a statement: %s", SPI_result_code_string(result));
}

/* Refuse to make tables beside others of which nothing tells the version, or while a dump is being restored. */
static void
check_present(const char *version)
{
	for (int i = 0; i < table_count; i++)
	{
		Oid			table = table_id(tables[i].name);

		if (!OidIsValid(table))
			continue;
		if (version == NULL)
			ereport(ERROR,
					(errcode(ERRCODE_OBJECT_NOT_IN_PREREQUISITE_STATE),
					 errmsg("table \"arsignup.%s\" exists, but nothing tells its version", tables[i].name),
					 errhint("If a dump is being restored, wait for its end; else restore \"arsignup.installation\" from where the table came, or drop the table.")));
		table_check_indexes(table);
	}
}

/* Make the tables that are missing. */
static void
make_missing(void)
{
	for (int i = 0; i < table_count; i++)
		if (!OidIsValid(table_id(tables[i].name)))
			run(tables[i].sql);
}

/* Bring the tables that are there from one version to the library's; raise 55000 if no way is known. */
static void
update_from(const char *version)
{
	for (const Step *step = steps; strcmp(version, ARSIGNUP_VERSION) != 0; step++)
	{
		if (step->from == NULL)
			ereport(ERROR,
					(errcode(ERRCODE_OBJECT_NOT_IN_PREREQUISITE_STATE),
					 errmsg("the tables of arsignup are of version %s, from which no way leads to version %s",
							version, ARSIGNUP_VERSION)));
		if (strcmp(step->from, version) != 0)
			continue;
		run(step->sql);
		version = step->to;
	}
}

/* Give the tables that are there to their owners; the server would ask that these may create tables, too. */
static void
give_tables(void)
{
	for (int i = 0; i < table_count; i++)
	{
		Oid			table = table_id(tables[i].name);
		Oid			owner = table_rightful_owner(tables[i].name);

		if (OidIsValid(table) && table_owner(table) != owner)
			ATExecChangeOwner(table, owner, true, AccessExclusiveLock);
	}
	CommandCounterIncrement();
}

/*
 * Have triggers fire always that tell of rows which are kept: a restore with
 * --disable-triggers leaves them, as all others, for what is not replicated.
 */
static void
enable_triggers(void)
{
	for (int i = 0; i < table_count; i++)
	{
		char		state = strstr(tables[i].sql, "TRIGGER " KEPT_TRIGGER) == NULL ? 0 : kept_trigger_state(tables[i].name);

		if (state != 0 && state != TRIGGER_FIRES_ALWAYS)
			run(psprintf("ALTER TABLE arsignup.%s ENABLE ALWAYS TRIGGER " KEPT_TRIGGER, tables[i].name));
	}
}

/* Make the tables, or bring them up to date, as their owner, who is to have those that are there first. */
static void
make_tables(void *argument)
{
	const char *version;

	LockDatabaseObject(NamespaceRelationId, get_namespace_oid("arsignup", false), 0, ShareUpdateExclusiveLock);
	version = versions_read().tables;
	check_present(version);
	give_tables();
	if (version != NULL)
		update_from(version);
	make_missing();
	enable_triggers();
	if (version == NULL || strcmp(version, ARSIGNUP_VERSION) != 0)
		run("CREATE OR REPLACE VIEW arsignup.installation AS SELECT '" ARSIGNUP_VERSION "'::text AS version");
	give_tables();
}

/* Do all of it, as an action of a subtransaction. */
static void
make_tables_as_owner(void *argument)
{
	role_act(get_role_oid(OWNER_ROLE, false), make_tables, NULL);
}

/*
 * Do all of it, or nothing, as soon as every lock is to be had at short notice.
 *
 * Whoever wants a table for which we wait waits behind us, and might hold
 * another one for which we come to wait. So we wait shorter than the server
 * does before it looks for a deadlock, give back what we hold, and begin again,
 * until the time that is allowed for a lock is over: signups go on meanwhile.
 */
static void
make_tables_amid_signups(void)
{
	int			patience = LockTimeout;
	TimestampTz began = GetCurrentTimestamp();
	ErrorData  *error;

	lock_timeout_shorten(Max((patience > 0 ? Min(patience, DeadlockTimeout) : DeadlockTimeout) / 4, 1));
	while ((error = subtransaction_run(make_tables_as_owner, NULL)) != NULL)
	{
		if (error->sqlerrcode != ERRCODE_LOCK_NOT_AVAILABLE ||
			(patience > 0 && TimestampDifferenceExceeds(began, GetCurrentTimestamp(), patience)))
			ReThrowError(error);
		FreeErrorData(error);
		CHECK_FOR_INTERRUPTS();
	}
}

/*
 * arsignup.create_tables() returns void
 *
 * What it makes is no member of the extension, even when the extension's own
 * script runs it.
 */
PG_FUNCTION_INFO_V1(arsignup_create_tables);
Datum
arsignup_create_tables(PG_FUNCTION_ARGS)
{
	bool		is_in_script = creating_extension;
	int			nest_level;

	PreventCommandIfReadOnly("create_tables()");
	check_functions();
	nest_level = lock_timeout_begin();
	spi_open();
	creating_extension = false;
	structure_permit(true);
	PG_TRY();
	{
		make_tables_amid_signups();
	}
	PG_FINALLY();
	{
		structure_permit(false);
		creating_extension = is_in_script;
	}
	PG_END_TRY();
	spi_close();
	lock_timeout_end(nest_level);
	PG_RETURN_VOID();
}
