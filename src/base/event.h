/*
 * What happened, told in the transaction in which it happens.
 */
#ifndef ARSIGNUP_EVENT_H
#define ARSIGNUP_EVENT_H

#include "arsignup.h"
#include "datatype/timestamp.h"
#include "utils/uuid.h"

#define MAX_EVENTS 3			/* one action makes: user, org, membership */

typedef struct Event
{
	const char *type;
	const pg_uuid_t *user_id;
	const pg_uuid_t *org_id;
	const pg_uuid_t *membership_id;
	const pg_uuid_t *connected_app_id;
} Event;

extern void events_record(const pg_uuid_t *realm_id, TimestampTz now, const Event *events, int count);

#endif							/* ARSIGNUP_EVENT_H */
