/*
 * Arguments of SQL functions as C values, where a null one is a null pointer,
 * and results.
 */
#ifndef ARSIGNUP_ARGUMENT_H
#define ARSIGNUP_ARGUMENT_H

#include "arsignup.h"
#include "fmgr.h"
#include "funcapi.h"
#include "utils/array.h"
#include "utils/builtins.h"
#include "utils/jsonb.h"
#include "utils/timestamp.h"
#include "utils/uuid.h"

/* Return a uuid argument, or NULL. */
static inline const pg_uuid_t *
argument_uuid(FunctionCallInfo fcinfo, int n)
{
	return PG_ARGISNULL(n) ? NULL : PG_GETARG_UUID_P(n);
}

/* Return a text argument, terminated, or NULL. */
static inline char *
argument_text(FunctionCallInfo fcinfo, int n)
{
	return PG_ARGISNULL(n) ? NULL : text_to_cstring(PG_GETARG_TEXT_PP(n));
}

/* Return an array argument, or NULL. */
static inline ArrayType *
argument_array(FunctionCallInfo fcinfo, int n)
{
	return PG_ARGISNULL(n) ? NULL : PG_GETARG_ARRAYTYPE_P(n);
}

/* Return an interval argument, or NULL. */
static inline Interval *
argument_interval(FunctionCallInfo fcinfo, int n)
{
	return PG_ARGISNULL(n) ? NULL : PG_GETARG_INTERVAL_P(n);
}

/* Return a jsonb argument, or NULL. */
static inline Jsonb *
argument_jsonb(FunctionCallInfo fcinfo, int n)
{
	return PG_ARGISNULL(n) ? NULL : PG_GETARG_JSONB_P(n);
}

/* Return a time argument, or else this one. */
static inline TimestampTz
argument_time(FunctionCallInfo fcinfo, int n, TimestampTz otherwise)
{
	return PG_ARGISNULL(n) ? otherwise : PG_GETARG_TIMESTAMPTZ(n);
}

/* Return a boolean argument, false for null. */
static inline bool
argument_bool(FunctionCallInfo fcinfo, int n)
{
	return !PG_ARGISNULL(n) && PG_GETARG_BOOL(n);
}

/* Return a row of the function's result type. */
static inline Datum
return_row(FunctionCallInfo fcinfo, Datum *values, bool *nulls)
{
	TupleDesc	description;

	if (get_call_result_type(fcinfo, NULL, &description) != TYPEFUNC_COMPOSITE)
		elog(ERROR, "return type must be a row type");
	return HeapTupleGetDatum(heap_form_tuple(description, values, nulls));
}

/* Return a uuid that outlives SPI. */
static inline Datum
return_uuid(pg_uuid_t id)
{
	pg_uuid_t  *result = palloc(sizeof(pg_uuid_t));

	*result = id;
	return UUIDPGetDatum(result);
}

#endif							/* ARSIGNUP_ARGUMENT_H */
