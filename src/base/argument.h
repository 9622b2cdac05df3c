/*
 * Arguments of SQL functions as C values; a null one is a null pointer.
 */
#ifndef ARSIGNUP_ARGUMENT_H
#define ARSIGNUP_ARGUMENT_H

#include "arsignup.h"
#include "fmgr.h"
#include "utils/builtins.h"
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

/* Return a detoasted argument of a varlena type, or NULL. */
static inline struct varlena *
argument_varlena(FunctionCallInfo fcinfo, int n)
{
	return PG_ARGISNULL(n) ? NULL : PG_DETOAST_DATUM(PG_GETARG_DATUM(n));
}

/* Return an interval argument, or NULL. */
static inline Interval *
argument_interval(FunctionCallInfo fcinfo, int n)
{
	return PG_ARGISNULL(n) ? NULL : PG_GETARG_INTERVAL_P(n);
}

#endif							/* ARSIGNUP_ARGUMENT_H */
