/*
 * SQL statements of ours: prepared once per backend, run with typed parameters.
 */
#include "base/statement.h"

#include "access/xact.h"
#include "access/xlog.h"
#include "base/subtransaction.h"
#include "base/tables.h"
#include "catalog/namespace.h"
#include "catalog/pg_type.h"
#include "storage/proc.h"
#include "utils/builtins.h"
#include "utils/guc.h"
#include "utils/lsyscache.h"
#include "utils/plancache.h"
#include "utils/snapmgr.h"
#include "utils/syscache.h"
#include "utils/timestamp.h"

/* Add a value of any type. */
static void
add(Parameters *parameters, Oid type, Datum value, bool isnull)
{
	Assert(parameters->count < MAX_PARAMETERS);
	parameters->types[parameters->count] = type;
	parameters->values[parameters->count] = value;
	parameters->nulls[parameters->count] = isnull ? 'n' : ' ';
	parameters->count++;
}

/* Add a uuid. */
void
add_uuid(Parameters *parameters, const pg_uuid_t *value)
{
	add(parameters, UUIDOID, PointerGetDatum(value), value == NULL);
}

/* Add a text. */
void
add_text(Parameters *parameters, const char *value)
{
	add(parameters, TEXTOID, value ? CStringGetTextDatum(value) : (Datum) 0, value == NULL);
}

/* Add a bytea. */
void
add_bytes(Parameters *parameters, const void *value, size_t size)
{
	bytea	   *bytes = palloc(VARHDRSZ + size);

	SET_VARSIZE(bytes, VARHDRSZ + size);
	memcpy(VARDATA(bytes), value, size);
	add(parameters, BYTEAOID, PointerGetDatum(bytes), false);
}

/* Add a timestamptz. */
void
add_time(Parameters *parameters, TimestampTz value)
{
	add(parameters, TIMESTAMPTZOID, TimestampTzGetDatum(value), false);
}

/* Add a timestamptz that may be missing. */
void
add_optional_time(Parameters *parameters, const TimestampTz *value)
{
	add(parameters, TIMESTAMPTZOID, value ? TimestampTzGetDatum(*value) : (Datum) 0, value == NULL);
}

/* Add an int. */
void
add_int4(Parameters *parameters, int value)
{
	add(parameters, INT4OID, Int32GetDatum(value), false);
}

/* Add a bigint. */
void
add_int8(Parameters *parameters, int64 value)
{
	add(parameters, INT8OID, Int64GetDatum(value), false);
}

/* Add a double precision that may be missing. */
void
add_optional_number(Parameters *parameters, const double *value)
{
	add(parameters, FLOAT8OID, value ? Float8GetDatum(*value) : (Datum) 0, value == NULL);
}

/* Add a boolean. */
void
add_bool(Parameters *parameters, bool value)
{
	add(parameters, BOOLOID, BoolGetDatum(value), false);
}

/* Add a value of a type that is passed by reference, as it is. */
void
add_pointer(Parameters *parameters, Oid type, const void *value)
{
	add(parameters, type, PointerGetDatum(value), value == NULL);
}

/* Add a value of type secret, in memory of the scope; one without data is null. */
void
add_secret(Parameters *parameters, SecretScope *scope, Span value)
{
	Oid			type = secret_type();
	struct varlena *secret = NULL;

	if (value.data != NULL)
	{
		secret = secret_alloc(scope, VARHDRSZ + value.size);
		SET_VARSIZE(secret, VARHDRSZ + value.size);
		memcpy(VARDATA(secret), value.data, value.size);
	}
	add_pointer(parameters, type, secret);
}

/* Tell whether a plan is for parameters of these types: that of secrets is another once the extension is made anew. */
static bool
plan_fits(SPIPlanPtr plan, const Parameters *parameters)
{
	for (int i = 0; i < parameters->count; i++)
		if (SPI_getargtypeid(plan, i) != parameters->types[i])
			return false;
	return true;
}

/* Prepare a statement, unless that was done; the plan is generic, since every one of ours is a key lookup or an insert. */
static void
prepare(Statement *statement, Parameters *parameters)
{
	SPIPlanPtr	plan;

	tables_check();
	if (statement->plan != NULL && !plan_fits(statement->plan, parameters))
	{
		SPI_freeplan(statement->plan);
		statement->plan = NULL;
	}
	if (statement->plan != NULL)
		return;
	plan = SPI_prepare_cursor(statement->sql, parameters->count, parameters->types, CURSOR_OPT_GENERIC_PLAN);
	if (plan == NULL || SPI_keepplan(plan) != 0)
		elog(ERROR, "could not prepare a statement: %s", SPI_result_code_string(SPI_result));
	statement->plan = plan;
}

/* Return how many rows a statement has touched or found, if it ran. */
static uint64
rows_of(int result)
{
	if (result < 0)
		elog(ERROR, "could not run a statement: %s", SPI_result_code_string(result));
	return SPI_processed;
}

/*
 * Return parameters as the executor takes them: not as constants, so that no
 * value gets into a plan, which debug_print_plan shows to whoever has set it
 * together with plan_cache_mode.
 */
static ParamListInfo
bound(const Parameters *parameters)
{
	ParamListInfo list = makeParamList(parameters->count);

	for (int i = 0; list != NULL && i < parameters->count; i++)
		list->params[i] = (ParamExternData)
	{
		.value = parameters->values[i],
		.isnull = parameters->nulls[i] == 'n',
		.ptype = parameters->types[i]
	};
	return list;
}

/* Run a statement. */
static uint64
execute(Statement *statement, Parameters *parameters, bool read_only, int64 max_rows)
{
	SPIExecuteOptions options = {.read_only = read_only, .tcount = max_rows};

	prepare(statement, parameters);
	options.params = bound(parameters);
	return rows_of(SPI_execute_plan_extended(statement->plan, &options));
}

/* Report that a statement has not touched the one row that is there for it. */
pg_noreturn void
raise_suppressed(const char *table)
{
	ereport(ERROR,
			(errcode(ERRCODE_OBJECT_NOT_IN_PREREQUISITE_STATE),
			 errmsg("a trigger on arsignup.%s has suppressed the row", table),
			 errhint("A trigger that is to refuse something must raise an error; else it must return the row.")));
}

/* Run a statement that must touch so many rows of a table; or raise 55000. */
void
statement_touch(Statement *statement, Parameters *parameters, const char *table, uint64 rows)
{
	if (statement_run(statement, parameters) != rows)
		raise_suppressed(table);
}

/*
 * Run a statement that touches a row of a table if there is one; false if
 * there is none, for which another statement looks, by the same parameters,
 * should the first have touched nothing.
 */
bool
statement_touch_any(Statement *statement, Statement *find, Parameters *parameters, const char *table)
{
	if (statement_run(statement, parameters) > 0)
		return true;
	if (statement_run(find, parameters) > 0)
		raise_suppressed(table);
	return false;
}

/*
 * Run a statement that touches all rows of a kind that it finds in a table,
 * and returns how many it has found and touched; return how many; or raise
 * 55000 if these are not all.
 */
uint64
statement_touch_all(Statement *statement, Parameters *parameters, const char *table)
{
	(void) statement_run(statement, parameters);
	if (column_int8(1) != column_int8(2))
		raise_suppressed(table);
	return column_int8(2);
}

/* Run a statement that writes, and leave the triggers that it sets off to the level above. */
uint64
statement_run_silently(Statement *statement, Parameters *parameters)
{
	prepare(statement, parameters);
	return rows_of(SPI_execute_snapshot(statement->plan, parameters->values, parameters->nulls,
										InvalidSnapshot, InvalidSnapshot, false, false, 0));
}

/* Run a statement that may write, or that must see what was committed a moment ago. */
uint64
statement_run(Statement *statement, Parameters *parameters)
{
	return execute(statement, parameters, false, 0);
}

/* Run a statement that is not worth keeping: one of many that are seldom asked for. Its text is of our words only. */
uint64
statement_run_once(const char *sql, Parameters *parameters)
{
	SPIExecuteOptions options = {.params = bound(parameters)};

	tables_check();
	return rows_of(SPI_execute_extended(sql, &options));
}

/*
 * Run a statement of which any number of rows comes back, to be fetched from
 * the portal as many at a time as memory shall hold.
 */
Portal
statement_open(Statement *statement, Parameters *parameters)
{
	prepare(statement, parameters);
	return SPI_cursor_open(NULL, statement->plan, parameters->values, parameters->nulls, false);
}

/* Run a statement that reads what is committed by now, even where the transaction's own snapshot is older. */
uint64
statement_read_latest(Statement *statement, Parameters *parameters)
{
	uint64		rows;

	CommandCounterIncrement();
	PushActiveSnapshot(GetLatestSnapshot());
	rows = execute(statement, parameters, true, 0);
	PopActiveSnapshot();
	return rows;
}

/* Tell whether an error is that of a unique key of a table of ours. */
static bool
is_unique_violation(const ErrorData *error, const char *table)
{
	return error->sqlerrcode == ERRCODE_UNIQUE_VIOLATION &&
		error->schema_name != NULL && strcmp(error->schema_name, "arsignup") == 0 &&
		error->table_name != NULL && strcmp(error->table_name, table) == 0;
}

/* A statement that must touch one row of a table. */
typedef struct Touch
{
	Statement  *statement;
	Parameters *parameters;
	const char *table;
} Touch;

/* Run a Touch, as an action of a subtransaction. */
static void
touch(void *argument)
{
	Touch	   *call = argument;

	statement_touch(call->statement, call->parameters, call->table, 1);
}

/* Run a StatementCall, as an action of a subtransaction. */
void
statement_run_call(void *argument)
{
	StatementCall *call = argument;

	(void) statement_run(call->statement, call->parameters);
}

/*
 * Run an update of one row of a table of ours that has unique keys; false, with
 * nothing done, if one of them is taken. Costs a subtransaction, so that the error,
 * with its row values, does not surface; inserts say ON CONFLICT instead.
 */
bool
statement_run_unique(Statement *statement, Parameters *parameters, const char *table)
{
	Touch		call = {statement, parameters, table};
	ErrorData  *error = subtransaction_run(touch, &call);

	if (error != NULL && !is_unique_violation(error, table))
		ReThrowError(error);
	return error == NULL;
}

/* Run a statement in the snapshot of the caller's query, as a stable function must. */
uint64
statement_read(Statement *statement, Parameters *parameters)
{
	return execute(statement, parameters, true, 0);
}

/* Return a column of the first row. */
Datum
column(int number, bool *isnull)
{
	return SPI_getbinval(SPI_tuptable->vals[0], SPI_tuptable->tupdesc, number, isnull);
}

/* Return a text column, or NULL. */
char *
column_text(int number)
{
	bool		isnull;
	Datum		value = column(number, &isnull);

	return isnull ? NULL : TextDatumGetCString(value);
}

/* Tell whether a text, in any of its forms, is this word. */
bool
text_is(Datum value, const char *word)
{
	text	   *packed = DatumGetTextPP(value);

	return span_is((Span) {VARDATA_ANY(packed), VARSIZE_ANY_EXHDR(packed)}, word);
}

/* Tell whether a text column that is not null is this word. */
bool
column_is(int number, const char *word)
{
	bool		isnull;

	return text_is(column(number, &isnull), word);
}

/* Return a column of any row as text, or NULL. */
char *
column_text_of(uint64 row, int number)
{
	return SPI_getvalue(SPI_tuptable->vals[row], SPI_tuptable->tupdesc, number);
}

/* Return a uuid column, or NULL. */
pg_uuid_t *
column_uuid(int number)
{
	bool		isnull;
	Datum		value = column(number, &isnull);

	return isnull ? NULL : DatumGetUUIDP(value);
}

/* Return a boolean column that is not null. */
bool
column_bool(int number)
{
	bool		isnull;

	return DatumGetBool(column(number, &isnull));
}

/* Return an integer column that is not null. */
int
column_int(int number)
{
	bool		isnull;

	return DatumGetInt32(column(number, &isnull));
}

/* Return a bigint column that is not null. */
int64
column_int8(int number)
{
	bool		isnull;

	return DatumGetInt64(column(number, &isnull));
}

/* Return a timestamptz column that is not null. */
TimestampTz
column_time(int number)
{
	bool		isnull;

	return DatumGetTimestampTz(column(number, &isnull));
}

/* Tell whether a column is null. */
bool
column_is_null(int number)
{
	bool		isnull;

	(void) column(number, &isnull);
	return isnull;
}

/* Begin to run statements; memory allocated from here on goes at spi_close. */
void
spi_open(void)
{
	if (SPI_connect() != SPI_OK_CONNECT)
		elog(ERROR, "could not connect to SPI");
}

/* Stop running statements. */
void
spi_close(void)
{
	if (SPI_finish() != SPI_OK_FINISH)
		elog(ERROR, "could not finish SPI");
}

/* Wait no longer for locks than so long, until the nesting level of settings ends; 0 is for ever. */
void
lock_timeout_shorten(int milliseconds)
{
	char		value[16];

	if (milliseconds == 0 || (LockTimeout > 0 && LockTimeout <= milliseconds))
		return;
	snprintf(value, sizeof(value), "%d", milliseconds);
	(void) set_config_option("lock_timeout", value, PGC_USERSET, PGC_S_SESSION, GUC_ACTION_SAVE, true, 0, false);
}

/* When arsignup.lock_timeout began to count. */
static TimestampTz waiting_since;

/*
 * Wait no longer for others' uncommitted rows than arsignup.lock_timeout. It
 * only ever shortens what the caller has set; an error undoes it as well.
 */
int
lock_timeout_begin(void)
{
	int			nest_level = NewGUCNestLevel();

	waiting_since = GetCurrentTimestamp();
	lock_timeout_shorten(lock_timeout_setting);
	return nest_level;
}

/* Milliseconds below which nobody has waited, but only worked: setting a timeout anew is not free. */
#define NOTICED_WAIT 50

/* Wait from here on for what is left of arsignup.lock_timeout only, if anything was waited for: it bounds all waits together. */
void
lock_timeout_go_on(void)
{
	int64		waited = (GetCurrentTimestamp() - waiting_since) / 1000;

	if (lock_timeout_setting > 0 && waited >= NOTICED_WAIT)
		lock_timeout_shorten(Max(1, lock_timeout_setting - waited));
}

/* Wait as long again as the caller wishes. */
void
lock_timeout_end(int nest_level)
{
	AtEOXact_GUC(true, nest_level);
}

/*
 * Refuse to do what ends with writing where nothing can be written, before
 * the work is done: a hash, an attempt.
 */
void
check_writable(FunctionCallInfo fcinfo)
{
	if (RecoveryInProgress())
		ereport(ERROR,
				(errcode(ERRCODE_READ_ONLY_SQL_TRANSACTION),
				 errmsg("cannot execute arsignup.%s on a standby", get_func_name(fcinfo->flinfo->fn_oid)),
				 errhint("Ask the primary.")));
	if (XactReadOnly)
		ereport(ERROR,
				(errcode(ERRCODE_READ_ONLY_SQL_TRANSACTION),
				 errmsg("cannot execute arsignup.%s in a read-only transaction",
						get_func_name(fcinfo->flinfo->fn_oid))));
}

/*
 * Have what is planned from now on read indexes in their order, whatever
 * statistics say; return what ends that. A LIMIT that is a parameter would be
 * taken for a tenth of the table, for which it is cheaper to sort all of it.
 */
static int
by_index_begin(void)
{
	static const char *const switches[] = {"enable_seqscan", "enable_bitmapscan", "enable_sort", "jit"};
	int			nest_level = NewGUCNestLevel();

	for (size_t i = 0; i < lengthof(switches); i++)
		(void) set_config_option(switches[i], "off", PGC_USERSET, PGC_S_SESSION, GUC_ACTION_SAVE, true, 0, false);
	return nest_level;
}

/* Have a statement, which is about to run for somebody else, find its rows without reading the table. */
void
statement_plan_by_index(Statement *statement, Parameters *parameters)
{
	int			nest_level = by_index_begin();
	CachedPlan *plan;

	prepare(statement, parameters);
	plan = SPI_plan_get_cached_plan(statement->plan);
	if (plan != NULL)
		ReleaseCachedPlan(plan, CurrentResourceOwner);
	AtEOXact_GUC(true, nest_level);
}

/* Run a statement that finds by an index what it writes or locks, many rows at a time. */
uint64
statement_run_by_index(Statement *statement, Parameters *parameters)
{
	int			nest_level = by_index_begin();
	uint64		rows = statement_run(statement, parameters);

	AtEOXact_GUC(true, nest_level);
	return rows;
}

/*
 * Run a statement like statement_run, but stop when so many rows have come. If
 * an index has them in their order, it is to be read: to the planner a realm is
 * small until the table was analysed with more rows than it is taken to have
 * (planner.c), and sorting all of it is cheap.
 */
uint64
statement_read_page(Statement *statement, Parameters *parameters, int64 max_rows, bool is_in_order)
{
	int			nest_level = is_in_order ? by_index_begin() : NewGUCNestLevel();
	uint64		rows = execute(statement, parameters, false, max_rows);

	AtEOXact_GUC(true, nest_level);
	return rows;
}

/*
 * Run a statement that returns a number of rows, which it finds by an index,
 * and the time of the oldest; return the number, and the time if there is any.
 */
int64
statement_count(Statement *statement, Parameters *parameters, TimestampTz *oldest)
{
	int			nest_level = by_index_begin();

	(void) statement_read(statement, parameters);
	AtEOXact_GUC(true, nest_level);
	if (!column_is_null(2))
		*oldest = column_time(2);
	return column_int8(1);
}
