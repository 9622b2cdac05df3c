/*
 * What happened, told in the transaction in which it happens.
 */
#include "base/event.h"

#include "base/argument.h"
#include "base/id.h"
#include "base/statement.h"
#include "base/text.h"
#include "catalog/pg_type.h"
#include "mb/pg_wchar.h"

#define INSERT_EVENTS \
	"INSERT INTO arsignup.events (realm_id, event_at, connected_app_id, ip, client," \
	" id, event_type, user_id, org_id, membership_id)" \
	" VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10)"

/* The statement that inserts one event, two events, ... */
static Statement insert_events[MAX_EVENTS] = {
	STATEMENT(INSERT_EVENTS),
	STATEMENT(INSERT_EVENTS ", ($1, $2, $3, $4, $5, $11, $12, $13, $14, $15)"),
	STATEMENT(INSERT_EVENTS ", ($1, $2, $3, $4, $5, $11, $12, $13, $14, $15),"
			  " ($1, $2, $3, $4, $5, $16, $17, $18, $19, $20)"),
	STATEMENT(INSERT_EVENTS ", ($1, $2, $3, $4, $5, $11, $12, $13, $14, $15),"
			  " ($1, $2, $3, $4, $5, $16, $17, $18, $19, $20),"
			  " ($1, $2, $3, $4, $5, $21, $22, $23, $24, $25)"),
	STATEMENT(INSERT_EVENTS ", ($1, $2, $3, $4, $5, $11, $12, $13, $14, $15),"
			  " ($1, $2, $3, $4, $5, $16, $17, $18, $19, $20),"
			  " ($1, $2, $3, $4, $5, $21, $22, $23, $24, $25),"
			  " ($1, $2, $3, $4, $5, $26, $27, $28, $29, $30)")
};

/* Record events in one statement; their ids keep the order in which they are given. */
void
events_record(const pg_uuid_t *realm_id, TimestampTz now, const EventSource *source,
			  const Event *events, int count)
{
	Parameters	parameters = {0};
	pg_uuid_t	ids[MAX_EVENTS];

	Assert(count >= 1 && count <= MAX_EVENTS);
	add_uuid(&parameters, realm_id);
	add_time(&parameters, now);
	add_uuid(&parameters, source ? source->connected_app_id : NULL);
	add_pointer(&parameters, INETOID, source ? source->ip : NULL);
	add_text(&parameters, source ? source->client : NULL);
	for (int i = 0; i < count; i++)
	{
		ids[i] = id_make(now + i);
		add_uuid(&parameters, &ids[i]);
		add_text(&parameters, events[i].type);
		add_uuid(&parameters, events[i].user_id);
		add_uuid(&parameters, events[i].org_id);
		add_uuid(&parameters, events[i].membership_id);
	}
	statement_touch(&insert_events[count - 1], &parameters, "events", count);
}

/*
 * Find the oldest unclaimed events of some kinds, at most so many, without a
 * lock; return how many, with realm, id and user of each in SPI_tuptable.
 * Every kind has its own range of the index.
 */
uint64
events_find_unclaimed(ArrayType *kinds, int64 max_rows)
{
	static Statement select_unclaimed = STATEMENT(
		"SELECT e.* FROM (SELECT DISTINCT kind COLLATE \"C\" AS kind FROM unnest($1) AS k (kind)) kinds,"
		" LATERAL (SELECT realm_id, id, user_id, event_type FROM arsignup.events"
		"  WHERE event_type = kinds.kind AND claimed_at IS NULL ORDER BY id LIMIT $2) e"
		" ORDER BY e.id LIMIT $2");
	Parameters	parameters = {0};

	add_pointer(&parameters, TEXTARRAYOID, kinds);
	add_int8(&parameters, max_rows);
	return statement_run(&select_unclaimed, &parameters);
}

/* Claim an event, whose row is then in SPI_tuptable; false if somebody else has it, or is about to. */
bool
event_claim(const pg_uuid_t *realm_id, const pg_uuid_t *id, TimestampTz now)
{
	static Statement claim_event = STATEMENT(
		"UPDATE arsignup.events SET claimed_at = $3 WHERE realm_id = $1 AND id ="
		" (SELECT id FROM arsignup.events WHERE realm_id = $1 AND id = $2 AND claimed_at IS NULL"
		"  FOR UPDATE SKIP LOCKED) RETURNING *");
	Parameters	parameters = {0};

	add_uuid(&parameters, realm_id);
	add_uuid(&parameters, id);
	add_time(&parameters, now);
	return statement_run(&claim_event, &parameters) == 1;
}

/* Delete events from before a time, at most so many; return how many. */
uint64
events_purge(TimestampTz before, int64 max_rows)
{
	static Statement delete_events = STATEMENT(
		"WITH batch AS MATERIALIZED (SELECT realm_id, id FROM arsignup.events"
		"  WHERE event_at < $1 LIMIT $2 FOR UPDATE SKIP LOCKED)"
		" DELETE FROM arsignup.events e USING batch b WHERE e.realm_id = b.realm_id AND e.id = b.id");
	Parameters	parameters = {0};

	add_time(&parameters, before);
	add_int8(&parameters, max_rows);
	return statement_run(&delete_events, &parameters);
}

/* Delete events of a realm, at most so many; return how many. */
uint64
events_delete_realm(const pg_uuid_t *realm_id, int64 max_rows)
{
	static Statement delete_events = STATEMENT(
		"WITH batch AS MATERIALIZED (SELECT id FROM arsignup.events WHERE realm_id = $1 LIMIT $2)"
		" DELETE FROM arsignup.events e USING batch b WHERE e.realm_id = $1 AND e.id = b.id");
	static Statement find_any = STATEMENT(
		"SELECT FROM arsignup.events WHERE realm_id = $1 LIMIT 1");

	return statement_delete_batch(&delete_events, &find_any, realm_id, max_rows, "events");
}

/* Longest name of a client that is kept, in bytes. */
#define CLIENT_MAX_SIZE 512

/* Return what a client calls itself as far as it can be kept. */
static char *
accept_client(char *client)
{
	int			size;

	if (client == NULL)
		return NULL;
	size = pg_mbcliplen(client, strlen(client), CLIENT_MAX_SIZE);
	client[size] = '\0';
	return utf8_is_single_line((Span) {client, size}) ? client : NULL;
}

/* Return where a call comes from, by its arguments ip and client. */
EventSource
argument_source(FunctionCallInfo fcinfo, int ip, int client)
{
	return (EventSource)
	{
		.ip = PG_ARGISNULL(ip) ? NULL : PG_GETARG_INET_PP(ip),
		.client = accept_client(argument_text(fcinfo, client))
	};
}
