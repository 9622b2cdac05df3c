/*
 * SQL functions: watching and cleaning up.
 */
#include "arsignup.h"

#include "account/user.h"
#include "attempt/ledger.h"
#include "base/argument.h"
#include "base/event.h"
#include "base/fault.h"
#include "base/shared.h"
#include "base/statement.h"
#include "catalog/pg_type.h"
#include "commands/trigger.h"
#include "login/session.h"
#include "login/signing_key.h"
#include "login/source.h"
#include "miscadmin.h"
#include "operations/delivery.h"
#include "org/org.h"
#include "realm/realm.h"
#include "recovery/one_time_token.h"
#include "signup/token_row.h"
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

	values[0] = Int32GetDatum(hash_slots());
	SpinLockAcquire(&shared->gate.mutex);
	values[1] = Int32GetDatum(shared->gate.running);
	values[2] = Int32GetDatum(shared->gate.waiting);
	SpinLockRelease(&shared->gate.mutex);
	for (int i = 0; i < COUNTERS; i++)
		values[3 + i] = Int64GetDatum(pg_atomic_read_u64(&shared->counters[i]));
	values[3 + COUNTERS] = Int64GetDatum(ledger_entries());
	spi_open();
	signing_keys_count(&census);
	spi_close();
	values[3 + COUNTERS + 1] = Int64GetDatum(key_census_unopened(&census));
	return return_row(fcinfo, values, nulls);
}

/* Tell whether anybody or anything has a place in a realm. */
static bool
is_inhabited(const pg_uuid_t *realm_id)
{
	return users_exist(realm_id) || orgs_exist(realm_id);
}

/* arsignup.guard_realm() returns trigger: keeps what users and orgs stand on */
PG_FUNCTION_INFO_V1(arsignup_guard_realm);
Datum
arsignup_guard_realm(PG_FUNCTION_ARGS)
{
	TriggerData *trigger = (TriggerData *) fcinfo->context;
	TupleDesc	description;
	bool		isnull;
	bool		inhabited;

	check_trigger_call(fcinfo);
	description = trigger->tg_relation->rd_att;
	spi_open();
	inhabited = is_inhabited(DatumGetUUIDP(SPI_getbinval(trigger->tg_trigtuple, description,
														 SPI_fnumber(description, "id"), &isnull)));
	spi_close();
	if (inhabited)
		ereport(ERROR,
				(errcode(ERRCODE_DEPENDENT_OBJECTS_STILL_EXIST),
				 errmsg("cannot delete or change a realm that has users or organisations"),
				 errdetail("Its id and username_validation are fixed, and require_unique_emails can only be switched off."),
				 errhint("To delete a realm with everything in it, make it inactive and call arsignup.delete_realm.")));
	return PointerGetDatum(TRIGGER_FIRED_BY_UPDATE(trigger->tg_event) ?
						   trigger->tg_newtuple : trigger->tg_trigtuple);
}

/* arsignup.is_preloaded() returns boolean */
PG_FUNCTION_INFO_V1(arsignup_is_preloaded);
Datum
arsignup_is_preloaded(PG_FUNCTION_ARGS)
{
	PG_RETURN_BOOL(shared_exists());
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

/* arsignup.purge_expired(max_rows int) returns bigint */
PG_FUNCTION_INFO_V1(arsignup_purge_expired);
Datum
arsignup_purge_expired(PG_FUNCTION_ARGS)
{
	Faults		faults = NO_FAULTS;
	int64		max_rows = argument_max_rows(fcinfo, 0, &faults);
	Caller		caller;
	uint64		purged;

	faults_raise(&faults);
	caller_enter(&caller);
	spi_open();
	purged = tokens_purge(GetCurrentTimestamp(), max_rows);
	if (purged < (uint64) max_rows)
		purged += sessions_purge(GetCurrentTimestamp(), max_rows - purged);
	if (purged < (uint64) max_rows)
		purged += one_time_tokens_purge(GetCurrentTimestamp(), max_rows - purged);
	if (purged < (uint64) max_rows)
		purged += memberships_purge(&caller, GetCurrentTimestamp(), max_rows - purged);
	if (purged < (uint64) max_rows)
		purged += sources_purge(GetCurrentTimestamp(), max_rows - purged);
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
	Datum		before;
	uint64		purged;

	if (older_than == NULL)
		fault_add(&faults, "older_than", "Age can't be null.");
	faults_raise(&faults);
	before = DirectFunctionCall2(timestamptz_mi_interval, TimestampTzGetDatum(GetCurrentTimestamp()),
								 IntervalPGetDatum(older_than));
	spi_open();
	(void) deliveries_purge(DatumGetTimestampTz(before), max_rows);
	purged = events_purge(DatumGetTimestampTz(before), max_rows);
	spi_close();
	PG_RETURN_INT64(purged);
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
	has_email = user_find(&realm.id, user_id, &user) && !user.shares_email;
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

/* Rows that delete_realm deletes in one statement: what a batch keeps in memory stays small. */
#define DELETE_BATCH 10000

/* Delete all rows of one kind in a realm. */
static void
delete_all(uint64 (*delete_batch) (const pg_uuid_t *, int64), const pg_uuid_t *realm_id)
{
	while (delete_batch(realm_id, DELETE_BATCH) > 0)
		CHECK_FOR_INTERRUPTS();
}

/* Delete those to whom tables of the application may refer. */
static void
delete_directory(const Caller *caller, const pg_uuid_t *realm_id)
{
	while (users_delete_realm(caller, realm_id, DELETE_BATCH) > 0)
		CHECK_FOR_INTERRUPTS();
	while (orgs_delete_realm(caller, realm_id, DELETE_BATCH) > 0)
		CHECK_FOR_INTERRUPTS();
}

/* arsignup.delete_realm(realm_id uuid) returns boolean */
PG_FUNCTION_INFO_V1(arsignup_delete_realm);
Datum
arsignup_delete_realm(PG_FUNCTION_ARGS)
{
	const pg_uuid_t *realm_id = argument_uuid(fcinfo, 0);
	Caller		caller;
	bool		deleted = false;

	caller_enter(&caller);
	spi_open();
	if (realm_lock_inactive(realm_id))
	{
		delete_all(tokens_delete_realm, realm_id);
		delete_directory(&caller, realm_id);
		delete_all(deliveries_delete_realm, realm_id);
		delete_all(events_delete_realm, realm_id);
		delete_all(signing_keys_delete_realm, realm_id);
		realm_delete(realm_id);
		deleted = true;
	}
	spi_close();
	caller_leave(&caller);
	PG_RETURN_BOOL(deleted);
}
