/*
 * SQL functions: watching and cleaning up.
 */
#include "arsignup.h"

#include "account/user.h"
#include "attempt/ledger.h"
#include "base/argument.h"
#include "base/event.h"
#include "base/fault.h"
#include "base/machine.h"
#include "base/purge.h"
#include "base/shared.h"
#include "base/statement.h"
#include "base/subtransaction.h"
#include "catalog/pg_type.h"
#include "commands/trigger.h"
#include "login/session.h"
#include "login/signing_key.h"
#include "login/source.h"
#include "miscadmin.h"
#include "nodes/parsenodes.h"
#include "once/submission.h"
#include "operations/deleted.h"
#include "operations/delivery.h"
#include "org/org.h"
#include "password/block.h"
#include "password/gate.h"
#include "portability/instr_time.h"
#include "realm/realm.h"
#include "recovery/one_time_token.h"
#include "signup/token_row.h"
#include "storage/latch.h"
#include "utils/fmgrprotos.h"
#include "utils/rel.h"

/* arsignup.stats() returns record */
PG_FUNCTION_INFO_V1(arsignup_stats);
Datum
arsignup_stats(PG_FUNCTION_ARGS)
{
	SharedState *shared = shared_state();
	Datum		values[3 + COUNTERS + 2];
	bool		nulls[3 + COUNTERS + 2] = {0};
	KeyCensus	census;
	int			running;
	int			waiting;

	gate_look(&running, &waiting);
	values[0] = Int32GetDatum(hash_slots());
	values[1] = Int32GetDatum(running);
	values[2] = Int32GetDatum(waiting);
	for (int i = 0; i < COUNTERS; i++)
		values[3 + i] = Int64GetDatum(pg_atomic_read_u64(&shared->counters[i]));
	values[3 + COUNTERS] = Int64GetDatum(ledger_entries());
	spi_open();
	signing_keys_census(&census);
	spi_close();
	values[3 + COUNTERS + 1] = Int64GetDatum(key_census_unopened(&census));
	return return_row(fcinfo, values, nulls);
}

/* Return the id of a realm's row in a trigger. */
static const pg_uuid_t *
row_id(TriggerData *trigger, HeapTuple row)
{
	TupleDesc	description = trigger->tg_relation->rd_att;
	bool		isnull;

	return DatumGetUUIDP(SPI_getbinval(row, description, SPI_fnumber(description, "id"), &isnull));
}

/* Return the column that an update of a realm would change and may not: one of those that guard_update is for. */
static const char *
guarded_column(TriggerData *trigger)
{
	static const char *const columns[] = {"id", "username_validation", "require_unique_emails"};
	TupleDesc	description = trigger->tg_relation->rd_att;
	int			n = 0;

	while (n < (int) lengthof(columns) - 1 &&
		   strcmp(SPI_getvalue(trigger->tg_trigtuple, description, SPI_fnumber(description, columns[n])),
				  SPI_getvalue(trigger->tg_newtuple, description, SPI_fnumber(description, columns[n]))) == 0)
		n++;
	return columns[n];
}

/* Refuse a new realm, or a new id of one, that was the id of another of which something may be left. */
static void
check_new_realm(TriggerData *trigger, HeapTuple row)
{
	if (realm_is_going(row_id(trigger, row)))
		ereport(ERROR,
				(errcode(ERRCODE_OBJECT_IN_USE),
				 errmsg("a realm of this id was deleted, and something of it may be left"),
				 errhint("Leave the id out, or wait until it is no longer in arsignup.deleted_realms."),
				 errtable(trigger->tg_relation)));
}

/* Refuse to change or delete a realm that has users or orgs, but for delete_realm, which has noted that it goes. */
static void
check_old_realm(TriggerData *trigger, bool is_update)
{
	const pg_uuid_t *id = row_id(trigger, trigger->tg_trigtuple);

	if ((users_exist(id) || orgs_exist(id)) && (is_update || !realm_is_going(id)))
		ereport(ERROR,
				(errcode(ERRCODE_DEPENDENT_OBJECTS_STILL_EXIST),
				 errmsg("cannot delete or change a realm that has users or organisations"),
				 errdetail("Its id and username_validation are fixed, and require_unique_emails can only be switched off."),
				 errhint("To delete a realm with everything in it, make it inactive and call arsignup.delete_realm."),
				 is_update ? errtablecolname(trigger->tg_relation, guarded_column(trigger)) : errtable(trigger->tg_relation)));
}

/* arsignup.guard_realm() returns trigger: keeps what users and orgs stand on */
PG_FUNCTION_INFO_V1(arsignup_guard_realm);
Datum
arsignup_guard_realm(PG_FUNCTION_ARGS)
{
	TriggerData *trigger = (TriggerData *) fcinfo->context;
	bool		is_update;
	HeapTuple	row;

	check_trigger_call(fcinfo);
	is_update = TRIGGER_FIRED_BY_UPDATE(trigger->tg_event);
	row = is_update ? trigger->tg_newtuple : trigger->tg_trigtuple;
	spi_open();
	if (TRIGGER_FIRED_AFTER(trigger->tg_event))
		check_new_realm(trigger, row);
	else
		check_old_realm(trigger, is_update);
	spi_close();
	return PointerGetDatum(row);
}

/* arsignup.is_preloaded() returns boolean */
PG_FUNCTION_INFO_V1(arsignup_is_preloaded);
Datum
arsignup_is_preloaded(PG_FUNCTION_ARGS)
{
	PG_RETURN_BOOL(shared_exists());
}

/* arsignup.is_keeper_running() returns boolean */
PG_FUNCTION_INFO_V1(arsignup_is_keeper_running);
Datum
arsignup_is_keeper_running(PG_FUNCTION_ARGS)
{
	PG_RETURN_BOOL(pg_atomic_read_u32(&shared_state()->keepers) > 0);
}

/* arsignup.memory_limit() returns bigint */
PG_FUNCTION_INFO_V1(arsignup_memory_limit);
Datum
arsignup_memory_limit(PG_FUNCTION_ARGS)
{
	PG_RETURN_INT64((int64) machine_memory(""));
}

/* arsignup.hash_pages() returns text */
PG_FUNCTION_INFO_V1(arsignup_hash_pages);
Datum
arsignup_hash_pages(PG_FUNCTION_ARGS)
{
	const char *pages = block_pages();

	if (pages == NULL)
		PG_RETURN_NULL();
	PG_RETURN_TEXT_P(cstring_to_text(pages));
}

/* Return the argument that bounds how many rows go at a time, or note what is wrong with it. */
static int64
argument_max_rows(FunctionCallInfo fcinfo, int n, Faults *faults)
{
	int64		max_rows = PG_ARGISNULL(n) ? 0 : PG_GETARG_INT32(n);

	if (max_rows < 1)
		fault_add(faults, "max_rows", "Number of rows must be positive.");
	return max_rows;
}

/* Note which of these are no types of events: who misspells one would wait for ever. */
static void
check_kinds(ArrayType *kinds, Faults *faults)
{
	Datum	   *elements;
	int			count;

	deconstruct_array(kinds, TEXTOID, -1, false, TYPALIGN_INT, &elements, NULL, &count);
	for (int i = 0; i < count; i++)
	{
		char	   *kind = TextDatumGetCString(elements[i]);

		if (!event_kind_exists(kind))
			fault_add(faults, "kinds", psprintf("Kinds can't contain \"%s\"; there are %s.",
												kind, event_kinds_listed()));
	}
}

/* Return the argument that names types of events, or note what is wrong with it. */
static ArrayType *
argument_kinds(FunctionCallInfo fcinfo, int n, Faults *faults)
{
	ArrayType  *kinds = argument_array(fcinfo, n);

	if (kinds == NULL || ArrayGetNItems(ARR_NDIM(kinds), ARR_DIMS(kinds)) == 0)
		fault_add(faults, "kinds", "Kinds can't be blank.");
	else if (array_contains_nulls(kinds))
		fault_add(faults, "kinds", "Kinds can't contain null.");
	else
		check_kinds(kinds, faults);
	return kinds;
}

/*
 * Return a claimed event as it is handed out: one that asks for a mail with
 * the mail's data, null if there is nothing to mail any more.
 */
static HeapTuple
complete_event(SecretScope *scope, HeapTuple event, TupleDesc description)
{
	bool		isnull;
	int			data = SPI_fnumber(description, "data");
	char	   *event_type = SPI_getvalue(event, description, SPI_fnumber(description, "event_type"));
	Datum		realm_id = SPI_getbinval(event, description, SPI_fnumber(description, "realm_id"), &isnull);
	Datum		user_id = SPI_getbinval(event, description, SPI_fnumber(description, "user_id"), &isnull);
	Purpose		purpose;
	Datum		mail;

	if (!event_wants_mail(event_type, &purpose))
		return event;
	mail = PointerGetDatum(mail_make(scope, purpose, DatumGetUUIDP(realm_id),
									 isnull ? NULL : DatumGetUUIDP(user_id), true));
	isnull = DatumGetPointer(mail) == NULL;
	return heap_modify_tuple_by_cols(event, description, 1, &data, &mail, &isnull);
}

/* How far behind what others have in hand a worker looks for something to do. */
#define CLAIM_LOOKAHEAD 1000

/* Tell whether a user's events have to wait. */
static bool
is_waiting(const List *waiting, const pg_uuid_t *user_id)
{
	ListCell   *cell;

	foreach(cell, waiting)
		if (memcmp(lfirst(cell), user_id, UUID_LEN) == 0)
			return true;
	return false;
}

/* What a claim has found and may still take. */
typedef struct Claim
{
	SecretScope *scope;
	TimestampTz now;
	int64		max_rows;
	List	   *waiting;		/* users whose events have to wait */
	Tuplestorestate *result;
} Claim;

/* Takes an event, whose row is then in SPI_tuptable; false if somebody else has it. */
typedef bool (*TakeEvent) (const pg_uuid_t *realm_id, const pg_uuid_t *id, TimestampTz now);

/* Take one event unless it is in somebody else's hands, or asks for a mail to a user who is. */
static bool
take_event(TakeEvent take, const pg_uuid_t *realm_id, const pg_uuid_t *id, const pg_uuid_t *user_id,
		   const char *event_type, TimestampTz now)
{
	Purpose		purpose;

	if (user_id != NULL && event_wants_mail(event_type, &purpose) && user_is_going(realm_id, user_id))
		return false;
	return take(realm_id, id, now);
}

/*
 * Take of the events that were found, with realm, id, user and type of each in
 * SPI_tuptable, and put them into the result. An event waits for the earlier
 * ones of its user: as soon as one is found in somebody else's hands, or was
 * a moment ago, all later ones of that user are left alone. No event is locked
 * but what is handed out.
 */
static void
take_events(Claim *claim, uint64 found, TakeEvent take)
{
	SPITupleTable *events = SPI_tuptable;

	for (uint64 i = 0; i < found && claim->max_rows > 0; i++)
	{
		bool		isnull;
		Datum		realm_id = SPI_getbinval(events->vals[i], events->tupdesc, 1, &isnull);
		Datum		id = SPI_getbinval(events->vals[i], events->tupdesc, 2, &isnull);
		Datum		user = SPI_getbinval(events->vals[i], events->tupdesc, 3, &isnull);
		pg_uuid_t  *user_id = isnull ? NULL : DatumGetUUIDP(user);

		if (user_id != NULL && is_waiting(claim->waiting, user_id))
			continue;
		if (take_event(take, DatumGetUUIDP(realm_id), DatumGetUUIDP(id), user_id,
					   SPI_getvalue(events->vals[i], events->tupdesc, 4), claim->now))
		{
			SPITupleTable *taken = SPI_tuptable;

			tuplestore_puttuple(claim->result, complete_event(claim->scope, taken->vals[0], taken->tupdesc));
			SPI_freetuptable(taken);
			claim->max_rows--;
		}
		else if (user_id != NULL)
			claim->waiting = lappend(claim->waiting, user_id);
	}
}

/* Hand out what has failed before and is due, then what nobody has claimed. */
static void
claim_events(Claim *claim, ArrayType *kinds)
{
	take_events(claim, deliveries_find_due(kinds, claim->now, claim->max_rows + CLAIM_LOOKAHEAD), delivery_claim);
	if (claim->max_rows > 0)
		take_events(claim, events_find_unclaimed(kinds, claim->max_rows + CLAIM_LOOKAHEAD), event_claim);
}

/* arsignup.claim_events(kinds text[], max_rows int) returns setof arsignup.claimed_event */
PG_FUNCTION_INFO_V1(arsignup_claim_events);
Datum
arsignup_claim_events(PG_FUNCTION_ARGS)
{
	ReturnSetInfo *result = (ReturnSetInfo *) fcinfo->resultinfo;
	Faults		faults = NO_FAULTS;
	ArrayType  *kinds = argument_kinds(fcinfo, 0, &faults);
	int64		max_rows = argument_max_rows(fcinfo, 1, &faults);
	SecretScope scope;
	int			nest_level;

	faults_raise(&faults);
	InitMaterializedSRF(fcinfo, 0);
	secret_scope_open(&scope);
	spi_open();
	nest_level = lock_timeout_begin();
	claim_events(&(Claim) {&scope, GetCurrentTimestamp(), max_rows, NIL, result->setResult}, kinds);
	lock_timeout_end(nest_level);
	spi_close();
	secret_scope_close(&scope);
	return (Datum) 0;
}

/* Tell whether hooks may get a type of events: who gets one that asks for a mail would have its token. */
static bool
is_hook_event(const char *kind)
{
	size_t		length = strlen(kind);
	Purpose		purpose;

	if (length > 1 && strcmp(kind + length - 2, ".*") == 0)
		return event_kind_begins(pnstrdup(kind, length - 1));
	return event_kind_exists(kind) && !event_wants_mail(kind, &purpose);
}

/* Tell whether hooks may get all of these. */
static bool
are_hook_events(ArrayType *kinds)
{
	Datum	   *elements;
	bool	   *nulls;
	int			count;
	bool		are_fit = true;

	deconstruct_array(kinds, TEXTOID, -1, false, TYPALIGN_INT, &elements, &nulls, &count);
	for (int i = 0; i < count && are_fit; i++)
		are_fit = !nulls[i] && is_hook_event(TextDatumGetCString(elements[i]));
	return are_fit;
}

/* arsignup.are_hook_events(event_types text[]) returns boolean */
PG_FUNCTION_INFO_V1(arsignup_are_hook_events);
Datum
arsignup_are_hook_events(PG_FUNCTION_ARGS)
{
	PG_RETURN_BOOL(are_hook_events(PG_GETARG_ARRAYTYPE_P(0)));
}

/* Tell whether a hook wants an event; a type that ends with an asterisk stands for all that begin so. */
#define HOOK_WANTS_EVENT \
	"h.state = 'active' AND (h.realm_id IS NULL OR h.realm_id = e.realm_id) AND (h.event_types = '{}' OR EXISTS" \
	" (SELECT FROM unnest(h.event_types) AS t (wanted) WHERE t.wanted = e.event_type" \
	"  OR right(t.wanted, 1) = '*' AND starts_with(e.event_type, left(t.wanted, -1))))"

/* arsignup.queue_hooks(kinds text[], url_kinds text[], max_rows int) returns int */
PG_FUNCTION_INFO_V1(arsignup_queue_hooks);
Datum
arsignup_queue_hooks(PG_FUNCTION_ARGS)
{
	static Statement queue_events = STATEMENT(
		"WITH claimed AS MATERIALIZED (SELECT e.* FROM arsignup.claim_events($1, $3) AS e), queued AS ("
		"INSERT INTO arsignup.hook_deliveries (realm_id, id, event_id, event_at, app_hook_id, due_at)"
		" SELECT e.realm_id, arsignup.new_id(), e.id, e.event_at, h.id, e.event_at + make_interval(secs => h.delay)"
		" FROM claimed AS e, LATERAL (SELECT h.id, h.delay FROM arsignup.app_hooks AS h WHERE " HOOK_WANTS_EVENT
		"  UNION ALL SELECT NULL, 0 WHERE e.event_type = ANY ($2)) AS h ORDER BY e.id)"
		" SELECT count(*)::int FROM claimed");
	Faults		faults = NO_FAULTS;
	ArrayType  *kinds = argument_kinds(fcinfo, 0, &faults);
	int64		max_rows = argument_max_rows(fcinfo, 2, &faults);
	Parameters	parameters = {0};
	int			claimed;

	if (kinds != NULL && faults.list == NIL && !are_hook_events(kinds))
		fault_add(&faults, "kinds", "Kinds can't contain what asks for a mail, which has a token.");
	faults_raise(&faults);
	spi_open();
	add_pointer(&parameters, TEXTARRAYOID, kinds);
	add_pointer(&parameters, TEXTARRAYOID, argument_array(fcinfo, 1));
	add_int4(&parameters, (int) max_rows);
	(void) statement_run(&queue_events, &parameters);
	claimed = column_int(1);
	spi_close();
	PG_RETURN_INT32(claimed);
}

/* arsignup.event_json(realm_id uuid, event_id uuid) returns jsonb */
PG_FUNCTION_INFO_V1(arsignup_event_json);
Datum
arsignup_event_json(PG_FUNCTION_ARGS)
{
	const pg_uuid_t *realm_id = argument_uuid(fcinfo, 0);
	const pg_uuid_t *event_id = argument_uuid(fcinfo, 1);
	Datum		json = (Datum) 0;
	bool		isnull = true;

	spi_open();
	if (event_tell(realm_id, event_id))
		json = SPI_datumTransfer(column(1, &isnull), false, -1);
	spi_close();
	if (isnull)
		PG_RETURN_NULL();
	return json;
}

/* Return the time until which an event is put aside, or null for ever, or note what is wrong with the argument. */
static TimestampTz *
argument_retry_at(FunctionCallInfo fcinfo, int n, TimestampTz now, Faults *faults)
{
	Interval   *pause = argument_interval(fcinfo, n);
	TimestampTz *retry_at = palloc(sizeof(TimestampTz));

	if (pause == NULL)
		return NULL;
	*retry_at = DatumGetTimestampTz(DirectFunctionCall2(timestamptz_pl_interval, TimestampTzGetDatum(now),
														IntervalPGetDatum(pause)));
	if (*retry_at < now)
		fault_add(faults, "pause", "Pause can't be negative.");
	return retry_at;
}

/* arsignup.postpone_event(realm_id uuid, event_id uuid, error text, pause interval) returns boolean */
PG_FUNCTION_INFO_V1(arsignup_postpone_event);
Datum
arsignup_postpone_event(PG_FUNCTION_ARGS)
{
	Faults		faults = NO_FAULTS;
	TimestampTz now = GetCurrentTimestamp();
	TimestampTz *retry_at = argument_retry_at(fcinfo, 3, now, &faults);
	char	   *error = argument_text(fcinfo, 2);
	Realm		realm;
	bool		postponed;

	if (error == NULL)
		fault_add(&faults, "error", "Error can't be null.");
	spi_open();
	realm_read(argument_uuid(fcinfo, 0), &realm);
	faults_raise(&faults);
	postponed = delivery_postpone(&realm.id, argument_uuid(fcinfo, 1), now, retry_at, error);
	spi_close();
	PG_RETURN_BOOL(postponed);
}

/* arsignup.retry_event(realm_id uuid, event_id uuid) returns boolean */
PG_FUNCTION_INFO_V1(arsignup_retry_event);
Datum
arsignup_retry_event(PG_FUNCTION_ARGS)
{
	Realm		realm;
	bool		found;

	spi_open();
	realm_read(argument_uuid(fcinfo, 0), &realm);
	found = delivery_retry(&realm.id, argument_uuid(fcinfo, 1), GetCurrentTimestamp());
	spi_close();
	PG_RETURN_BOOL(found);
}

/* What is due to be deleted by itself. */
static Purge *const due[] = {
	&expired_holds, &expired_tokens, &expired_sessions, &ended_sessions, &expired_one_time_tokens, &used_one_time_tokens,
	&forgotten_sources, &old_submissions, &expired_memberships
};

/* A purge of one kind. */
typedef struct PurgeCall
{
	const Caller *caller;
	Purge	   *purge;
	int64		max_rows;
	uint64		purged;
} PurgeCall;

/* Run a PurgeCall, as an action of a subtransaction. */
static void
run_purge(void *argument)
{
	PurgeCall  *call = argument;
	TimestampTz now = GetCurrentTimestamp();

	call->purged = call->purge->delete_places != NULL ?
		purge_run_for(call->caller, call->purge, now, call->max_rows) :
		purge_run(call->purge, now, call->max_rows);
}

/* Delete rows of one kind, at most so many; return how many. What goes wrong with one kind keeps no other. */
static uint64
purge_or_warn(const Caller *caller, Purge *purge, int64 max_rows)
{
	PurgeCall	call = {caller, purge, max_rows, 0};
	ErrorData  *error = subtransaction_run(run_purge, &call);

	if (error == NULL)
		return call.purged;
	if (error_is_of_the_moment(error))
		ReThrowError(error);
	ereport(WARNING,
			(errcode(error->sqlerrcode),
			 errmsg("could not purge %s", purge->kind),
			 errdetail_internal("%s", error->message)));
	return 0;
}

/* arsignup.purge_expired(max_rows int) returns bigint */
PG_FUNCTION_INFO_V1(arsignup_purge_expired);
Datum
arsignup_purge_expired(PG_FUNCTION_ARGS)
{
	Faults		faults = NO_FAULTS;
	int64		max_rows = argument_max_rows(fcinfo, 0, &faults);
	Caller		caller;
	int64		purged = 0;

	faults_raise(&faults);
	check_writable(fcinfo);
	caller_enter(&caller);
	spi_open();
	for (size_t i = 0; i < lengthof(due) && purged < max_rows; i++)
		purged += purge_or_warn(&caller, due[i], max_rows - purged);
	if (purged < max_rows)
		purged += deleted_realms_purge(&caller, GetCurrentTimestamp(), max_rows - purged);
	spi_close();
	caller_leave(&caller);
	PG_RETURN_INT64(purged);
}

/* arsignup.purge_events(older_than interval, max_rows int) returns bigint */
PG_FUNCTION_INFO_V1(arsignup_purge_events);
Datum
arsignup_purge_events(PG_FUNCTION_ARGS)
{
	Faults		faults = NO_FAULTS;
	Interval   *older_than = argument_interval(fcinfo, 0);
	int64		max_rows = argument_max_rows(fcinfo, 1, &faults);
	TimestampTz now = GetCurrentTimestamp();
	TimestampTz before = now;
	uint64		purged;

	if (older_than != NULL)
		before = DatumGetTimestampTz(DirectFunctionCall2(timestamptz_mi_interval, TimestampTzGetDatum(now),
														 IntervalPGetDatum(older_than)));
	if (before > now)
		fault_add(&faults, "older_than", "Age can't be negative.");
	faults_raise(&faults);
	check_writable(fcinfo);
	spi_open();
	(void) purge_run(older_than ? &old_deliveries : &due_deliveries, before, max_rows);
	(void) purge_run(older_than ? &old_hook_deliveries : &due_hook_deliveries, before, max_rows);
	purged = purge_run(older_than ? &old_events : &due_events, before, max_rows);
	spi_close();
	PG_RETURN_INT64(purged);
}

/* ---------- backlog ---------- */

/* So many rows of a kind are counted: more is told as this. */
#define BACKLOG_MAX 10000

/* Add a row to a backlog: how many there are of a kind of things, and how old the oldest is; a time of 0 for none. */
static void
backlog_add(ReturnSetInfo *result, const char *what, const char *kind, int64 count, TimestampTz now, TimestampTz oldest)
{
	Datum		values[] = {
		CStringGetTextDatum(what), CStringGetTextDatum(kind), Int64GetDatum(count),
		DirectFunctionCall2(timestamp_mi, TimestampTzGetDatum(now), TimestampTzGetDatum(oldest != 0 ? oldest : now))
	};
	bool		nulls[lengthof(values)] = {0};

	tuplestore_putvalues(result->setResult, result->setDesc, values, nulls);
}

/* Add what waits for workers: events that nobody has claimed, and those whose delivery failed. */
static void
add_events(ReturnSetInfo *result, TimestampTz now)
{
	const char *kind;

	for (size_t i = 0; (kind = event_kind(i)) != NULL; i++)
	{
		TimestampTz oldest[3] = {0};
		int64		count[3] = {
			events_count_unclaimed(kind, BACKLOG_MAX, &oldest[0]),
			deliveries_count(kind, false, BACKLOG_MAX, &oldest[1]),
			deliveries_count(kind, true, BACKLOG_MAX, &oldest[2])
		};

		backlog_add(result, "unclaimed_events", kind, count[0], now, oldest[0]);
		backlog_add(result, "postponed_events", kind, count[1], now, oldest[1]);
		backlog_add(result, "given_up_events", kind, count[2], now, oldest[2]);
	}
}

/* Add what waits to be posted to hooks. */
static void
add_hooked(ReturnSetInfo *result, TimestampTz now)
{
	for (size_t i = 0; i < HOOK_QUEUES; i++)
	{
		TimestampTz oldest = 0;
		int64		count = hook_queue_count(&hook_queues[i], now, BACKLOG_MAX, &oldest);

		backlog_add(result, "hook_deliveries", hook_queues[i].kind, count, now, oldest);
	}
}

/* Add what waits for a purge. */
static void
add_due(ReturnSetInfo *result, Purge *purge, TimestampTz now)
{
	TimestampTz oldest = 0;
	int64		count = purge_count(purge, now, BACKLOG_MAX, &oldest);

	backlog_add(result, "rows_to_purge", purge->kind, count, now, oldest);
}

/* Add the realms that were deleted and of which there is something left to look for. */
static void
add_deleted_realms(ReturnSetInfo *result, TimestampTz now)
{
	TimestampTz oldest = 0;
	int64		count = deleted_realms_count(now, BACKLOG_MAX, &oldest);

	backlog_add(result, "rows_to_purge", "deleted_realms", count, now, oldest);
}

/* Add the keys that sign. */
static void
add_keys(ReturnSetInfo *result, TimestampTz now)
{
	static const char *const algorithms[] = {"HS256", "EdDSA", "RS256"};

	for (size_t i = 0; i < lengthof(algorithms); i++)
	{
		TimestampTz oldest = 0;
		int64		count = signing_keys_count(algorithms[i], BACKLOG_MAX, &oldest);

		backlog_add(result, "signing_keys", algorithms[i], count, now, oldest);
	}
}

/* Add who is at the hash gate. */
static void
add_gate(ReturnSetInfo *result, TimestampTz now)
{
	int			running;
	int			waiting;

	gate_look(&running, &waiting);
	backlog_add(result, "hash_gate", "slots", hash_slots(), now, 0);
	backlog_add(result, "hash_gate", "running", running, now, 0);
	backlog_add(result, "hash_gate", "waiting", waiting, now, 0);
}

/* arsignup.backlog() returns setof record */
PG_FUNCTION_INFO_V1(arsignup_backlog);
Datum
arsignup_backlog(PG_FUNCTION_ARGS)
{
	ReturnSetInfo *result = (ReturnSetInfo *) fcinfo->resultinfo;
	TimestampTz now = GetCurrentTimestamp();

	InitMaterializedSRF(fcinfo, 0);
	add_gate(result, now);
	spi_open();
	add_events(result, now);
	add_hooked(result, now);
	for (size_t i = 0; i < lengthof(due); i++)
		add_due(result, due[i], now);
	add_due(result, &due_events, now);
	add_deleted_realms(result, now);
	add_keys(result, now);
	spi_close();
	return (Datum) 0;
}

/* ---------- the procedure ---------- */

/* Rows that purge() deletes between two commits. */
#define PURGE_ROWS 10000

/* A query that purges and returns how many rows it has deleted. */
typedef struct PurgeQuery
{
	const char *sql;
	int64		purged;
	ErrorData  *error;
} PurgeQuery;

/* Run a PurgeQuery for whoever has called, as an action of a subtransaction. */
static void
run_query(void *argument)
{
	PurgeQuery *query = argument;

	if (SPI_execute(query->sql, false, 1) != SPI_OK_SELECT)
		elog(ERROR, "could not run \"%s\"", query->sql);
	query->purged = column_int8(1);
}

/* Commit; return NULL, or why that has failed: the next transaction has begun by then. */
static ErrorData *
commit_or_error(void)
{
	MemoryContext context = CurrentMemoryContext;
	ErrorData  *volatile error = NULL;

	PG_TRY();
	{
		SPI_commit();
	}
	PG_CATCH();
	{
		MemoryContextSwitchTo(context);
		error = CopyErrorData();
		FlushErrorState();
	}
	PG_END_TRY();
	return error;
}

/* Delete rows by a query and commit; false when there are no more, or it has failed. */
static bool
purge_some(PurgeQuery *query)
{
	if (query->error != NULL)
		return false;
	query->purged = 0;
	query->error = subtransaction_run(run_query, query);
	if (query->error != NULL && error_is_of_the_moment(query->error))
		ReThrowError(query->error);
	else if (query->error == NULL)
		query->error = commit_or_error();
	CHECK_FOR_INTERRUPTS();
	return query->error == NULL && query->purged >= PURGE_ROWS;
}

/* For how many times as long as it has worked a purge rests: who hashes meanwhile has the machine nearly for themselves. */
#define PURGE_REST 3

/* Rest after work that began at a time, whatever the clock was set to since; false if the time to work is over. */
static bool
purge_rest(instr_time began, TimestampTz deadline)
{
	static uint32 wait_event = 0;
	instr_time	worked;
	long		rest;

	INSTR_TIME_SET_CURRENT(worked);
	INSTR_TIME_SUBTRACT(worked, began);
	rest = Min((long) (INSTR_TIME_GET_MILLISEC(worked) * PURGE_REST),
			   TimestampDifferenceMilliseconds(GetCurrentTimestamp(), deadline));
	(void) WaitLatch(MyLatch, WL_LATCH_SET | WL_TIMEOUT | WL_EXIT_ON_PM_DEATH, rest,
					 wait_event_number(&wait_event, "ArsignupPurge"));
	ResetLatch(MyLatch);
	CHECK_FOR_INTERRUPTS();
	return GetCurrentTimestamp() < deadline;
}

/* Return until when to purge, or note what is wrong with the argument. */
static TimestampTz
argument_deadline(FunctionCallInfo fcinfo, int n, Faults *faults)
{
	Interval   *duration = argument_interval(fcinfo, n);
	TimestampTz now = GetCurrentTimestamp();
	TimestampTz deadline = now;

	if (duration == NULL)
		fault_add(faults, "max_duration", "Duration can't be null.");
	else
		deadline = DatumGetTimestampTz(DirectFunctionCall2(timestamptz_pl_interval, TimestampTzGetDatum(now),
														   IntervalPGetDatum(duration)));
	if (deadline < now)
		fault_add(faults, "max_duration", "Duration can't be negative.");
	return deadline;
}

/* Refuse to be called where nothing can be committed. */
static void
check_own_transaction(FunctionCallInfo fcinfo)
{
	if (!IsA(fcinfo->context, CallContext) || castNode(CallContext, fcinfo->context)->atomic)
		ereport(ERROR,
				(errcode(ERRCODE_INVALID_TRANSACTION_TERMINATION),
				 errmsg("arsignup.purge cannot run inside a transaction"),
				 errdetail("It commits after each batch."),
				 errhint("Call it by itself, or call arsignup.purge_expired and arsignup.purge_events.")));
}

/*
 * arsignup.purge(max_duration interval), a procedure
 *
 * It runs as who has called it, since one that is SECURITY DEFINER cannot
 * commit; the functions that it calls are ours.
 */
PG_FUNCTION_INFO_V1(arsignup_purge);
Datum
arsignup_purge(PG_FUNCTION_ARGS)
{
	PurgeQuery	queries[] = {
		{"SELECT arsignup.purge_expired(" CppAsString2(PURGE_ROWS) ")", 0, NULL},
		{"SELECT arsignup.purge_events(NULL, " CppAsString2(PURGE_ROWS) ")", 0, NULL}
	};
	Faults		faults = NO_FAULTS;
	TimestampTz deadline = argument_deadline(fcinfo, 0, &faults);
	instr_time	began;
	bool		more;

	faults_raise(&faults);
	check_writable(fcinfo);
	check_own_transaction(fcinfo);
	if (SPI_connect_ext(SPI_OPT_NONATOMIC) != SPI_OK_CONNECT)
		elog(ERROR, "could not connect to SPI");
	do
	{
		more = false;
		INSTR_TIME_SET_CURRENT(began);
		for (size_t i = 0; i < lengthof(queries); i++)
			more |= purge_some(&queries[i]);
	} while (more && purge_rest(began, deadline));
	for (size_t i = 0; i < lengthof(queries); i++)
		if (queries[i].error != NULL)
			ReThrowError(queries[i].error);
	SPI_finish();
	PG_RETURN_VOID();
}

/*
 * arsignup.forget_user(realm_id uuid, user_id uuid) returns boolean
 *
 * The email of a user who is still there leads to signups that were not
 * completed; where others may have the same email, these may be theirs.
 */
PG_FUNCTION_INFO_V1(arsignup_forget_user);
Datum
arsignup_forget_user(PG_FUNCTION_ARGS)
{
	const pg_uuid_t *user_id = argument_uuid(fcinfo, 1);
	Realm		realm;
	User		user;
	bool		has_email;
	uint64		forgotten;
	int			nest_level;

	spi_open();
	realm_read(argument_uuid(fcinfo, 0), &realm);
	nest_level = lock_timeout_begin();
	has_email = user_find(&realm.id, user_id, &user) && !user.shares_email &&
		(realm.emails_are_unique || realm.usernames_are_emails);
	forgotten = tokens_forget(&realm.id, user_id, has_email ? user.email_key : NULL);
	forgotten += one_time_tokens_forget(&realm.id, user_id);
	forgotten += sources_forget(&realm.id, user_id);
	forgotten += sessions_forget(&realm.id, user_id);
	forgotten += events_forget(&realm.id, user_id);
	forgotten += deliveries_forget(&realm.id, user_id);
	lock_timeout_end(nest_level);
	spi_close();
	PG_RETURN_BOOL(forgotten > 0);
}

/* ---------- whole realms ---------- */

/* Rows of a realm that one call deletes: what it keeps in memory stays small, and nothing waits for it for long. */
#define DELETE_BATCH 10000

/* arsignup.delete_realm(realm_id uuid) returns boolean */
PG_FUNCTION_INFO_V1(arsignup_delete_realm);
Datum
arsignup_delete_realm(PG_FUNCTION_ARGS)
{
	const pg_uuid_t *realm_id = argument_uuid(fcinfo, 0);
	Caller		caller;
	bool		deleted;
	int			nest_level;

	caller_enter(&caller);
	spi_open();
	nest_level = lock_timeout_begin();
	deleted = realm_lock_inactive(realm_id);
	if (deleted)
		realm_end(&caller, realm_id, GetCurrentTimestamp(), DELETE_BATCH);
	lock_timeout_end(nest_level);
	spi_close();
	caller_leave(&caller);
	PG_RETURN_BOOL(deleted);
}

/* arsignup.reset_realm(realm_id uuid, max_rows int) returns bigint */
PG_FUNCTION_INFO_V1(arsignup_reset_realm);
Datum
arsignup_reset_realm(PG_FUNCTION_ARGS)
{
	Faults		faults = NO_FAULTS;
	int64		max_rows = argument_max_rows(fcinfo, 1, &faults);
	Caller		caller;
	Realm		realm;
	int64		deleted;
	int			nest_level;

	caller_enter(&caller);
	spi_open();
	realm_read(argument_uuid(fcinfo, 0), &realm);
	faults_raise(&faults);
	nest_level = lock_timeout_begin();
	deleted = realm_clear(&caller, &realm.id, max_rows);
	lock_timeout_end(nest_level);
	spi_close();
	caller_leave(&caller);
	PG_RETURN_INT64(deleted);
}
