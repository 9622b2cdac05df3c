/*
 * SQL statements of ours: prepared once per backend, run with typed parameters.
 */
#ifndef ARSIGNUP_STATEMENT_H
#define ARSIGNUP_STATEMENT_H

#include "arsignup.h"
#include "base/secret.h"
#include "datatype/timestamp.h"
#include "executor/spi.h"
#include "fmgr.h"
#include "utils/array.h"
#include "utils/uuid.h"

/* Kept in a static variable beside the function that runs it. */
typedef struct Statement
{
	const char *sql;
	SPIPlanPtr	plan;
} Statement;

#define STATEMENT(text) {(text), NULL}
#define MAX_PARAMETERS 32

/* What statement_count runs, of rows that have a time each. */
#define COUNT_OF(rows) "SELECT count(*), min(at) FROM (" rows ") AS r (at)"

/* Values for $1, $2, ... in the order in which they are added. */
typedef struct Parameters
{
	int			count;
	Oid			types[MAX_PARAMETERS];
	Datum		values[MAX_PARAMETERS];
	char		nulls[MAX_PARAMETERS];
} Parameters;

/* A statement and its parameters. */
typedef struct StatementCall
{
	Statement  *statement;
	Parameters *parameters;
} StatementCall;

/* A null pointer is SQL's null, everywhere below. */
extern void add_uuid(Parameters *parameters, const pg_uuid_t *value);
extern void add_text(Parameters *parameters, const char *value);
extern void add_bytes(Parameters *parameters, const void *value, size_t size);
extern void add_time(Parameters *parameters, TimestampTz value);
extern void add_optional_time(Parameters *parameters, const TimestampTz *value);
extern void add_int4(Parameters *parameters, int value);
extern void add_int8(Parameters *parameters, int64 value);
extern void add_optional_number(Parameters *parameters, const double *value);
extern void add_bool(Parameters *parameters, bool value);
extern void add_secret(Parameters *parameters, SecretScope *scope, Span value);
extern void add_pointer(Parameters *parameters, Oid type, const void *value);

extern Portal statement_open(Statement *statement, Parameters *parameters);
extern uint64 statement_run(Statement *statement, Parameters *parameters);
extern uint64 statement_run_once(const char *sql, Parameters *parameters);
pg_noreturn extern void raise_suppressed(const char *table);
extern void statement_touch(Statement *statement, Parameters *parameters, const char *table, uint64 rows);
extern bool statement_touch_any(Statement *statement, Statement *find, Parameters *parameters, const char *table);
extern uint64 statement_touch_all(Statement *statement, Parameters *parameters, const char *table);
extern uint64 statement_run_silently(Statement *statement, Parameters *parameters);
extern void statement_run_call(void *call);
extern bool statement_run_unique(Statement *statement, Parameters *parameters, const char *table);
extern uint64 statement_read_latest(Statement *statement, Parameters *parameters);
extern uint64 statement_read(Statement *statement, Parameters *parameters);
extern uint64 statement_read_page(Statement *statement, Parameters *parameters, int64 max_rows, bool is_in_order);

/* Columns of the first row that came back, counted from 1; valid until SPI_finish. */
extern Datum column(int number, bool *isnull);
extern bool text_is(Datum value, const char *word);
extern bool column_is(int number, const char *word);
extern char *column_text(int number);
extern char *column_text_of(uint64 row, int number);
extern pg_uuid_t *column_uuid(int number);
extern bool column_bool(int number);
extern int	column_int(int number);
extern int64 column_int8(int number);
extern TimestampTz column_time(int number);
extern bool column_is_null(int number);

extern void check_writable(FunctionCallInfo fcinfo);
extern void statement_plan_by_index(Statement *statement, Parameters *parameters);
extern uint64 statement_run_by_index(Statement *statement, Parameters *parameters);
extern int64 statement_count(Statement *statement, Parameters *parameters, TimestampTz *oldest);

extern void spi_open(void);
extern void spi_close(void);
extern int	lock_timeout_begin(void);
extern void lock_timeout_go_on(void);
extern void lock_timeout_shorten(int milliseconds);
extern void lock_timeout_end(int nest_level);

#endif							/* ARSIGNUP_STATEMENT_H */
