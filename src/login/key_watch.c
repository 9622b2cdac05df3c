/*
 * A worker that tells the log whether this server can open the signing keys:
 * when it starts, and when it is promoted. A standby that cannot is found out
 * before it is needed.
 *
 * The keys are rows of each database, and a process stays in the database that
 * it once entered. So the worker, which is in none, sends another one into each
 * database, one after the other. Once this server is no standby (any more) and
 * all have looked, it is gone.
 */
#include "arsignup.h"

#include "access/heapam.h"
#include "access/htup_details.h"
#include "access/table.h"
#include "access/tableam.h"
#include "access/xact.h"
#include "access/xlog.h"
#include "base/caller.h"
#include "base/statement.h"
#include "catalog/pg_database.h"
#include "commands/dbcommands.h"
#include "commands/extension.h"
#include "login/key_watch.h"
#include "login/signing_key.h"
#include "miscadmin.h"
#include "postmaster/bgworker.h"
#include "postmaster/interrupt.h"
#include "storage/ipc.h"
#include "storage/latch.h"
#include "tcop/tcopprot.h"
#include "utils/acl.h"
#include "utils/guc.h"
#include "utils/memutils.h"
#include "utils/snapmgr.h"

#define WORKER_NAME "arsignup keys"
#define PROMOTION_POLL 1000L	/* milliseconds */

PGDLLEXPORT void arsignup_watch_keys(Datum arg);
PGDLLEXPORT void arsignup_watch_database(Datum arg);

/* Return what the two workers have in common. */
static BackgroundWorker
new_worker(const char *function)
{
	BackgroundWorker worker = {
		.bgw_name = WORKER_NAME,
		.bgw_type = WORKER_NAME,
		.bgw_flags = BGWORKER_SHMEM_ACCESS | BGWORKER_BACKEND_DATABASE_CONNECTION,
		.bgw_start_time = BgWorkerStart_ConsistentState,
		.bgw_library_name = "arsignup"
	};

	strlcpy(worker.bgw_function_name, function, sizeof(worker.bgw_function_name));
	return worker;
}

/* ---------- in a database ---------- */

/* Tell the log what keeps the keys of this database from being opened. */
static void
warn(void *argument, const char *problem, const char *remedy)
{
	ereport(WARNING,
			(errcode(ERRCODE_ARSIGNUP_KEY),
			 errmsg("signing keys of database \"%s\" cannot be opened", (const char *) argument),
			 errdetail("%s", problem),
			 errhint("%s", remedy)));
}

/* Look at the keys of this database, if arsignup is there. */
static void
look(void *argument)
{
	KeyCensus	census;

	if (!OidIsValid(get_extension_oid("arsignup", true)))
		return;
	signing_keys_census(&census);
	if (census.alive > 0)
		signing_keys_check(warn, argument);
}

/* Do that as our own role, as whom all of our statements run. */
static void
look_as_owner(char *database)
{
	Oid			owner = get_role_oid(OWNER_ROLE, true);

	if (!OidIsValid(owner))
		return;
	SetConfigOption("search_path", "pg_catalog, pg_temp", PGC_USERSET, PGC_S_SESSION);
	spi_open();
	role_act(owner, look, database);
	spi_close();
}

/* The life of a worker in a database. */
void
arsignup_watch_database(Datum arg)
{
	pqsignal(SIGTERM, die);
	BackgroundWorkerUnblockSignals();
	BackgroundWorkerInitializeConnectionByOid(DatumGetObjectId(arg), InvalidOid, 0);
	StartTransactionCommand();
	PushActiveSnapshot(GetTransactionSnapshot());
	look_as_owner(get_database_name(MyDatabaseId));
	PopActiveSnapshot();
	CommitTransactionCommand();
	proc_exit(0);
}

/* ---------- outside of them ---------- */

/* Tell the log if the master keys cannot be used; that there is none yet is no more than worth knowing. */
static void
look_at_master_keys(void)
{
	KeyTrouble	trouble;

	if (!master_keys_load(&trouble))
		ereport(trouble.is_missing && !RecoveryInProgress() ? LOG : WARNING,
				(errcode(ERRCODE_ARSIGNUP_KEY),
				 errmsg("cannot use %s: %s", master_key_place(), trouble.problem),
				 errhint("%s", trouble.remedy)));
}

/* Return the databases that can be entered. */
static List *
list_databases(MemoryContext memory)
{
	List	   *databases = NIL;
	Relation	relation = table_open(DatabaseRelationId, AccessShareLock);
	TableScanDesc scan = table_beginscan_catalog(relation, 0, NULL);
	HeapTuple	tuple;

	while ((tuple = heap_getnext(scan, ForwardScanDirection)) != NULL)
	{
		Form_pg_database database = (Form_pg_database) GETSTRUCT(tuple);
		MemoryContext previous = MemoryContextSwitchTo(memory);

		if (database->datallowconn && database->datconnlimit >= -1)
			databases = lappend_oid(databases, database->oid);
		MemoryContextSwitchTo(previous);
	}
	table_endscan(scan);
	table_close(relation, AccessShareLock);
	return databases;
}

/* Send a worker into a database and wait for its end; false if there is no room for one. */
static bool
send_into(Oid database)
{
	BackgroundWorker worker = new_worker("arsignup_watch_database");
	BackgroundWorkerHandle *handle;

	worker.bgw_restart_time = BGW_NEVER_RESTART;
	worker.bgw_main_arg = ObjectIdGetDatum(database);
	worker.bgw_notify_pid = MyProcPid;
	if (!RegisterDynamicBackgroundWorker(&worker, &handle))
		return false;
	(void) WaitForBackgroundWorkerShutdown(handle);
	return true;
}

/* Look at the master keys, and at the signing keys of all databases. */
static void
look_everywhere(void)
{
	MemoryContext memory = AllocSetContextCreate(TopMemoryContext, WORKER_NAME, ALLOCSET_DEFAULT_SIZES);
	MemoryContext previous = MemoryContextSwitchTo(memory);
	List	   *databases;
	ListCell   *cell;

	look_at_master_keys();
	StartTransactionCommand();
	(void) GetTransactionSnapshot();
	databases = list_databases(memory);
	CommitTransactionCommand();
	foreach(cell, databases)
		if (!ShutdownRequestPending && !send_into(lfirst_oid(cell)))
		{
			ereport(LOG,
					(errcode(ERRCODE_CONFIGURATION_LIMIT_EXCEEDED),
					 errmsg("could not look whether the signing keys can be opened"),
					 errhint("Raise max_worker_processes, and ask arsignup.check_settings until then.")));
			break;
		}
	MemoryContextSwitchTo(previous);
	MemoryContextDelete(memory);
}

/* Wait until this server is no standby, or is to stop. */
static void
wait_for_promotion(void)
{
	static uint32 wait_event = 0;

	while (RecoveryInProgress() && !ShutdownRequestPending)
	{
		(void) WaitLatch(MyLatch, WL_LATCH_SET | WL_TIMEOUT | WL_EXIT_ON_PM_DEATH, PROMOTION_POLL,
						 wait_event_number(&wait_event, "ArsignupKeyWatchMain"));
		ResetLatch(MyLatch);
		CHECK_FOR_INTERRUPTS();
		if (ConfigReloadPending)
		{
			ConfigReloadPending = false;
			ProcessConfigFile(PGC_SIGHUP);
		}
	}
}

/* The worker's life. */
void
arsignup_watch_keys(Datum arg)
{
	bool		was_standby;

	pqsignal(SIGTERM, SignalHandlerForShutdownRequest);
	pqsignal(SIGHUP, SignalHandlerForConfigReload);
	BackgroundWorkerUnblockSignals();
	BackgroundWorkerInitializeConnectionByOid(InvalidOid, InvalidOid, 0);
	was_standby = RecoveryInProgress();
	look_everywhere();
	if (was_standby)
	{
		wait_for_promotion();
		if (!ShutdownRequestPending)
			look_everywhere();
	}
	proc_exit(ShutdownRequestPending ? 1 : 0);	/* 1: the postmaster starts it again unless it stops, too */
}

/* Have the postmaster start the worker; only while it loads its libraries. */
void
key_watch_register(void)
{
	BackgroundWorker worker = new_worker("arsignup_watch_keys");

	worker.bgw_restart_time = 10;
	RegisterBackgroundWorker(&worker);
}
