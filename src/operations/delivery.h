/*
 * Events whose delivery failed, and rows of failed_deliveries.
 */
#ifndef ARSIGNUP_DELIVERY_H
#define ARSIGNUP_DELIVERY_H

#include "arsignup.h"
#include "base/purge.h"
#include "base/realm_rows.h"
#include "base/statement.h"
#include "datatype/timestamp.h"
#include "utils/array.h"
#include "utils/uuid.h"

/* How deliveries to hooks wait. */
typedef struct HookQueue
{
	const char *kind;			/* as backlog() names it */
	Statement	count;
} HookQueue;

#define HOOK_QUEUES 3

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
extern HookQueue hook_queues[HOOK_QUEUES];
extern int64 hook_queue_count(HookQueue *queue, TimestampTz now, int64 max_rows, TimestampTz *oldest);

#endif							/* ARSIGNUP_DELIVERY_H */
