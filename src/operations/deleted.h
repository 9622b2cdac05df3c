/*
 * Realms that are emptied, or were deleted.
 */
#ifndef ARSIGNUP_DELETED_H
#define ARSIGNUP_DELETED_H

#include "arsignup.h"
#include "base/caller.h"
#include "datatype/timestamp.h"
#include "utils/uuid.h"

extern int64 realm_clear(const Caller *caller, const pg_uuid_t *realm_id, int64 max_rows);
extern void realm_end(const Caller *caller, const pg_uuid_t *realm_id, TimestampTz now, int64 max_rows);
extern int64 deleted_realms_purge(const Caller *caller, TimestampTz now, int64 max_rows);
extern int64 deleted_realms_count(TimestampTz now, int64 max_rows, TimestampTz *oldest);

#endif							/* ARSIGNUP_DELETED_H */
