/*
 * Events whose delivery failed, and rows of failed_deliveries.
 */
#ifndef ARSIGNUP_DELIVERY_H
#define ARSIGNUP_DELIVERY_H

#include "arsignup.h"
#include "base/purge.h"
#include "base/realm_rows.h"
#include "datatype/timestamp.h"
#include "utils/array.h"
#include "utils/uuid.h"

extern uint64 deliveries_find_due(ArrayType *kinds, TimestampTz now, int64 max_rows);
extern bool delivery_claim(const pg_uuid_t *realm_id, const pg_uuid_t *event_id, TimestampTz now);
extern bool delivery_postpone(const pg_uuid_t *realm_id, const pg_uuid_t *event_id, TimestampTz now,
							  const TimestampTz *retry_at, const char *error);
extern bool delivery_retry(const pg_uuid_t *realm_id, const pg_uuid_t *event_id, TimestampTz now);
extern uint64 deliveries_forget(const pg_uuid_t *realm_id, const pg_uuid_t *user_id);
extern int64 deliveries_count(const char *kind, bool given_up, int64 max_rows, TimestampTz *oldest);
extern Purge old_deliveries;
extern Purge due_deliveries;
extern RealmRows realm_deliveries;
extern Purge old_hook_deliveries;
extern Purge due_hook_deliveries;
extern RealmRows realm_hook_deliveries;

#endif							/* ARSIGNUP_DELIVERY_H */
