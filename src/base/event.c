/*
 * What happened, told in the transaction in which it happens.
 */
#include "base/event.h"

#include "base/argument.h"
#include "base/id.h"
#include "base/row.h"
#include "base/text.h"
#include "catalog/pg_type.h"
#include "lib/stringinfo.h"
#include "mb/pg_wchar.h"
#include "utils/builtins.h"
#include "utils/fmgrprotos.h"
#include "utils/json.h"
#include "utils/lsyscache.h"

/* Everything that is told; there are no other types of events. */
static const char *const kinds[] = {
	"user.created", "user.updated", "user.deleted",
	"user.login.succeeded",
	"user.password_token.created", "user.password_token.consumed", "user.password_token.failed",
	"user.email.verification_requested", "user.email.verified",
	"org.created", "org.updated", "org.deleted",
	"membership.created", "membership.updated", "membership.deleted"
};

/* Tell whether there are events of a type. */
bool
event_kind_exists(const char *kind)
{
	for (size_t i = 0; i < lengthof(kinds); i++)
		if (strcmp(kinds[i], kind) == 0)
			return true;
	return false;
}

/* Tell whether a type of events begins with this. */
bool
event_kind_begins(const char *prefix)
{
	for (size_t i = 0; i < lengthof(kinds); i++)
		if (strncmp(kinds[i], prefix, strlen(prefix)) == 0)
			return true;
	return false;
}

/* Return the type of events with a number, counted from 0; NULL if there are no more. */
const char *
event_kind(size_t number)
{
	return number < lengthof(kinds) ? kinds[number] : NULL;
}

/* Return the types of events as people list things. */
char *
event_kinds_listed(void)
{
	StringInfoData list;

	initStringInfo(&list);
	for (size_t i = 0; i < lengthof(kinds); i++)
		appendStringInfo(&list, "%s%s", i == 0 ? "" : i < lengthof(kinds) - 1 ? ", " : " and ", kinds[i]);
	return list.data;
}

/* Where and when is the same for all. */
static Insert insert_events =
INSERT_ROWS("events", "realm_id, event_at, connected_app_id, ip, client, id, event_type, user_id, org_id, membership_id", 5);

/* The statement that inserts any number of events, of several realms, with data. */
static Statement insert_event_arrays = STATEMENT(
	"INSERT INTO arsignup.events (realm_id, event_at, connected_app_id, ip, client,"
	" id, event_type, user_id, org_id, membership_id, data)"
	" SELECT coalesce(e.realm_id, $1), $2, $3, $4, $5,"
	" e.id, e.event_type, e.user_id, e.org_id, e.membership_id, e.data"
	" FROM unnest($6, $7, $8, $9, $10, $11, $12)"
	" AS e (realm_id, id, event_type, user_id, org_id, membership_id, data)");

/* The arrays that it takes, in its order. */
enum
{
	REALM_IDS, IDS, TYPES, USER_IDS, ORG_IDS, MEMBERSHIP_IDS, DATA, EVENT_ARRAYS
};

/* Begin the parameters of a statement about events: where and when. */
static Parameters
event_parameters(const pg_uuid_t *realm_id, TimestampTz now, const EventSource *source)
{
	Parameters	parameters = {0};

	add_uuid(&parameters, realm_id);
	add_time(&parameters, now);
	add_uuid(&parameters, source ? source->connected_app_id : NULL);
	add_pointer(&parameters, INETOID, source ? source->ip : NULL);
	add_text(&parameters, source ? source->client : NULL);
	return parameters;
}

/* Tell whether events are such that a statement with a place for each value does: few, and without data. */
static bool
are_plain(const Event *events, int count)
{
	if (count > MAX_EVENTS)
		return false;
	for (int i = 0; i < count; i++)
		if (events[i].data != NULL || events[i].realm_id != NULL)
			return false;
	return true;
}

/* Add an array of values, of which null pointers are null. */
static void
add_array(Parameters *parameters, Oid element, Oid array, Datum *values, int count)
{
	bool	   *nulls = palloc(count * sizeof(bool));
	int16		size;
	bool		by_value;
	char		alignment;

	for (int i = 0; i < count; i++)
		nulls[i] = DatumGetPointer(values[i]) == NULL;
	get_typlenbyvalalign(element, &size, &by_value, &alignment);
	add_pointer(parameters, array, construct_md_array(values, nulls, 1, &count, (int[]) {1},
													  element, size, by_value, alignment));
}

/* Record any events in one statement. */
static void
record_arrays(Parameters *parameters, TimestampTz now, const Event *events, int count)
{
	pg_uuid_t  *ids = palloc(count * sizeof(pg_uuid_t));
	Datum	   *values[EVENT_ARRAYS];

	for (int i = 0; i < EVENT_ARRAYS; i++)
		values[i] = palloc(count * sizeof(Datum));
	for (int i = 0; i < count; i++)
	{
		Assert(event_kind_exists(events[i].type));
		ids[i] = id_make(now + i);
		values[REALM_IDS][i] = PointerGetDatum(events[i].realm_id);
		values[IDS][i] = PointerGetDatum(&ids[i]);
		values[TYPES][i] = CStringGetTextDatum(events[i].type);
		values[USER_IDS][i] = PointerGetDatum(events[i].user_id);
		values[ORG_IDS][i] = PointerGetDatum(events[i].org_id);
		values[MEMBERSHIP_IDS][i] = PointerGetDatum(events[i].membership_id);
		values[DATA][i] = PointerGetDatum(events[i].data);
	}
	for (int i = 0; i < EVENT_ARRAYS; i++)
		if (i == TYPES)
			add_array(parameters, TEXTOID, TEXTARRAYOID, values[i], count);
		else if (i == DATA)
			add_array(parameters, JSONBOID, JSONBARRAYOID, values[i], count);
		else
			add_array(parameters, UUIDOID, UUIDARRAYOID, values[i], count);
	statement_touch(&insert_event_arrays, parameters, "events", count);
}

/* Record events in one statement; their ids keep the order in which they are given. */
void
events_record(const pg_uuid_t *realm_id, TimestampTz now, const EventSource *source,
			  const Event *events, int count)
{
	Parameters	parameters = event_parameters(realm_id, now, source);
	pg_uuid_t	ids[MAX_EVENTS];

	if (!are_plain(events, count))
	{
		record_arrays(&parameters, now, events, count);
		return;
	}
	for (int i = 0; i < count; i++)
	{
		Assert(event_kind_exists(events[i].type));
		ids[i] = id_make(now + i);
		add_uuid(&parameters, &ids[i]);
		add_text(&parameters, events[i].type);
		add_uuid(&parameters, events[i].user_id);
		add_uuid(&parameters, events[i].org_id);
		add_uuid(&parameters, events[i].membership_id);
	}
	rows_insert(&insert_events, &parameters);
}

/* Note an attribute that an update has changed. */
void
changes_add(Changes *changes, const char *attribute, bool has_changed)
{
	Assert(changes->count < MAX_CHANGES);
	if (has_changed)
		changes->attributes[changes->count++] = attribute;
}

/* Return what an event tells of an update: the names of attributes, and the old email, to which a mail may go. */
Jsonb *
changes_data(const Changes *changes)
{
	StringInfoData json;

	initStringInfo(&json);
	appendStringInfoString(&json, "{\"changed\": [");
	for (int i = 0; i < changes->count; i++)
		appendStringInfo(&json, "%s\"%s\"", i > 0 ? ", " : "", changes->attributes[i]);
	appendStringInfoChar(&json, ']');
	if (changes->old_email != NULL)
	{
		appendStringInfoString(&json, ", \"old_email\": ");
		escape_json(&json, changes->old_email);
	}
	appendStringInfoChar(&json, '}');
	return DatumGetJsonbP(DirectFunctionCall1(jsonb_in, CStringGetDatum(json.data)));
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
		"  WHERE event_type = kinds.kind AND claimed_at IS NULL AND " REALM_IS_THERE("events") " ORDER BY id LIMIT $2) e"
		" ORDER BY e.id LIMIT $2");
	Parameters	parameters = {0};

	add_pointer(&parameters, TEXTARRAYOID, kinds);
	add_int8(&parameters, max_rows);
	return statement_run(&select_unclaimed, &parameters);
}

/* Return how many events of a kind nobody has claimed, at most so many, and when the oldest happened, if there is one. */
int64
events_count_unclaimed(const char *kind, int64 max_rows, TimestampTz *oldest)
{
	static Statement count_unclaimed = STATEMENT(
		COUNT_OF("SELECT event_at FROM arsignup.events"
				 " WHERE event_type = $1 COLLATE \"C\" AND claimed_at IS NULL AND " REALM_IS_THERE("events") " ORDER BY id LIMIT $2"));
	Parameters	parameters = {0};

	add_text(&parameters, kind);
	add_int8(&parameters, max_rows);
	return statement_count(&count_unclaimed, &parameters, oldest);
}

/* The columns of arsignup.claimed_event. */
#define EVENT_COLUMNS "realm_id, id, event_at, claimed_at, user_id, org_id, membership_id, connected_app_id, ip, event_type, client, data"

/* Claim an event, whose row is then in SPI_tuptable; false if somebody else has it, or is about to. */
bool
event_claim(const pg_uuid_t *realm_id, const pg_uuid_t *id, TimestampTz now)
{
	static Statement claim_event = STATEMENT(
		"UPDATE arsignup.events SET claimed_at = $3 WHERE realm_id = $1 AND id ="
		" (SELECT id FROM arsignup.events WHERE realm_id = $1 AND id = $2 AND claimed_at IS NULL"
		"  FOR UPDATE SKIP LOCKED) RETURNING " EVENT_COLUMNS);
	Parameters	parameters = {0};

	add_uuid(&parameters, realm_id);
	add_uuid(&parameters, id);
	add_time(&parameters, now);
	return statement_run(&claim_event, &parameters) == 1;
}

/* Forget from where a user's events have come and what else they tell; return how many had that. */
uint64
events_forget(const pg_uuid_t *realm_id, const pg_uuid_t *user_id)
{
	static Statement blank_events = STATEMENT(
		"WITH known AS MATERIALIZED (SELECT id FROM arsignup.events WHERE realm_id = $1 AND user_id = $2"
		"  AND (ip IS NOT NULL OR client IS NOT NULL OR data IS NOT NULL) FOR UPDATE),"
		" blanked AS (UPDATE arsignup.events e SET ip = NULL, client = NULL, data = NULL"
		"  FROM known k WHERE e.realm_id = $1 AND e.id = k.id RETURNING 1)"
		" SELECT (SELECT count(*) FROM known), (SELECT count(*) FROM blanked)");
	Parameters	parameters = {0};

	add_uuid(&parameters, realm_id);
	add_uuid(&parameters, user_id);
	return statement_touch_all(&blank_events, &parameters, "events");
}

/* Read an event into SPI_tuptable, as event_claim leaves it there; false if it is gone. */
bool
event_read(const pg_uuid_t *realm_id, const pg_uuid_t *id)
{
	static Statement select_event = STATEMENT(
		"SELECT " EVENT_COLUMNS " FROM arsignup.events WHERE realm_id = $1 AND id = $2");
	Parameters	parameters = {0};

	add_uuid(&parameters, realm_id);
	add_uuid(&parameters, id);
	return statement_run(&select_event, &parameters) == 1;
}

/* Read what is told of an event; false if it is gone, or its realm is. */
bool
event_tell(const pg_uuid_t *realm_id, const pg_uuid_t *id)
{
	static Statement select_json = STATEMENT(
		"SELECT " EVENT_JSON("e", "arsignup.format_id('rl', e.realm_id)")
		" FROM arsignup.events e WHERE e.realm_id = $1 AND e.id = $2 AND " REALM_IS_THERE("e"));
	Parameters	parameters = {0};

	add_uuid(&parameters, realm_id);
	add_uuid(&parameters, id);
	return statement_run(&select_json, &parameters) == 1;
}

/* Events from before a time, and those that their realm keeps no longer. */
Purge		old_events = PURGE_OLD("events", "events");
Purge		due_events = PURGE_UNKEPT("events", "events");

/* Events of a realm. */
RealmRows	realm_events = REALM_ROWS("events", "id", false);

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
