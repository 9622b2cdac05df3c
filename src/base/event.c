/*
 * What happened, told in the transaction in which it happens.
 */
#include "base/event.h"

#include "base/id.h"
#include "base/statement.h"

/* The statement that inserts one event, two events, ... */
static Statement insert_events[MAX_EVENTS] = {
	STATEMENT("INSERT INTO arsignup.events (realm_id, event_at, id, event_type,"
			  " user_id, org_id, membership_id, connected_app_id)"
			  " VALUES ($1, $2, $3, $4, $5, $6, $7, $8)"),
	STATEMENT("INSERT INTO arsignup.events (realm_id, event_at, id, event_type,"
			  " user_id, org_id, membership_id, connected_app_id)"
			  " VALUES ($1, $2, $3, $4, $5, $6, $7, $8),"
			  " ($1, $2, $9, $10, $11, $12, $13, $14)"),
	STATEMENT("INSERT INTO arsignup.events (realm_id, event_at, id, event_type,"
			  " user_id, org_id, membership_id, connected_app_id)"
			  " VALUES ($1, $2, $3, $4, $5, $6, $7, $8),"
			  " ($1, $2, $9, $10, $11, $12, $13, $14),"
			  " ($1, $2, $15, $16, $17, $18, $19, $20)")
};

/* Record events in one statement; their ids keep the order in which they are given. */
void
events_record(const pg_uuid_t *realm_id, TimestampTz now, const Event *events, int count)
{
	Parameters	parameters = {0};
	pg_uuid_t	ids[MAX_EVENTS];

	Assert(count >= 1 && count <= MAX_EVENTS);
	add_uuid(&parameters, realm_id);
	add_time(&parameters, now);
	for (int i = 0; i < count; i++)
	{
		ids[i] = id_make(now + i);
		add_uuid(&parameters, &ids[i]);
		add_text(&parameters, events[i].type);
		add_uuid(&parameters, events[i].user_id);
		add_uuid(&parameters, events[i].org_id);
		add_uuid(&parameters, events[i].membership_id);
		add_uuid(&parameters, events[i].connected_app_id);
	}
	(void) statement_run(&insert_events[count - 1], &parameters);
}
