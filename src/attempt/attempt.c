/*
 * Attempts: how often somebody may try, and where a rollback can't reach it.
 *
 * Each is reserved before it is made. When those that failed and those under
 * way reach a limit, the next waits until one of them is settled: of any
 * number of wrong guesses at once exactly as many are tried as the limit says,
 * and of right ones all.
 */
#include "attempt/attempt.h"

#include <sodium.h>
#include <sys/socket.h>

#include "miscadmin.h"
#include "password/gate.h"
#include "password/password.h"
#include "storage/ipc.h"
#include "utils/timestamp.h"

/* What is counted. The numbers are hashed into keys that outlive a restart. */
typedef enum AttemptKind
{
	LOGIN_FROM_SOURCE = 1,		/* to one name, from one source */
	LOGIN_FROM_ANYWHERE = 2,	/* to one name */
	LOGIN_TO_ANYBODY = 3,		/* from one source */
	SIGNUP_FROM_SOURCE = 4,
	MAIL_TO_NAME = 5,
	MAIL_FROM_SOURCE = 6,
	PASSWORD_CHANGE = 7,
	MAIL_TO_USER = 8,
	MAIL_TO_ADDRESS = 9
} AttemptKind;

/* ---------- keys ---------- */

#define NOTHING ((Span) {NULL, 0})

/* What an IPv4 address has before it in an IPv6 socket. */
#define MAPPED_PREFIX "\0\0\0\0\0\0\0\0\0\0\xff\xff"
#define MAPPED_PREFIX_SIZE 12

/*
 * Return what of an address tells one source from another: an IPv4 address, or
 * the /64 of an IPv6 address, which is what one household or host is given.
 */
inet *
source_network(const inet *address)
{
	inet	   *network = palloc0(sizeof(inet));
	const unsigned char *bytes = ip_addr(unconstify(inet *, address));
	bool		is_mapped = ip_family(address) == PGSQL_AF_INET6 &&
		memcmp(bytes, MAPPED_PREFIX, MAPPED_PREFIX_SIZE) == 0;

	if (ip_family(address) == PGSQL_AF_INET || is_mapped)
	{
		ip_family(network) = PGSQL_AF_INET;
		ip_bits(network) = 32;
		memcpy(ip_addr(network), bytes + (is_mapped ? MAPPED_PREFIX_SIZE : 0), 4);
	}
	else
	{
		ip_family(network) = PGSQL_AF_INET6;
		ip_bits(network) = 64;
		memcpy(ip_addr(network), bytes, 8);
	}
	SET_INET_VARSIZE(network);
	return network;
}

/* Return a text, or nothing for NULL. */
static Span
span_of(const char *text)
{
	return (Span) {text, text ? strlen(text) : 0};
}

/* Hash a part of a key together with its size, so that no two parts run into each other. */
static void
hash_part(crypto_generichash_state *state, Span part)
{
	uint64_t	size = part.size;

	crypto_generichash_update(state, (const uint8_t *) &size, sizeof(size));
	crypto_generichash_update(state, (const uint8_t *) part.data, part.size);
}

/* Put an attempt under one more limit, for a name, a source or both; 0 is no limit. */
static void
add_mark(Attempt *attempt, LedgerPart part, AttemptKind kind, int limit, Span name, const inet *source)
{
	Ledger	   *ledger = ledger_get();
	AttemptMark *mark = &attempt->marks[attempt->count];
	char		kind_byte = kind;
	inet	   *network = source ? source_network(source) : NULL;
	crypto_generichash_state state;

	if (limit == 0)
		return;
	crypto_generichash_init(&state, ledger->secret, LEDGER_SECRET_SIZE, ATTEMPT_KEY_SIZE);
	hash_part(&state, (Span) {&kind_byte, 1});
	hash_part(&state, (Span) {(const char *) attempt->realm_id->data, UUID_LEN});
	hash_part(&state, network ? (Span) {VARDATA(network), VARSIZE(network) - VARHDRSZ} : NOTHING);
	hash_part(&state, name);
	crypto_generichash_final(&state, mark->key.bytes, ATTEMPT_KEY_SIZE);
	mark->set = ledger_set(ledger, part, &mark->key);
	mark->limit = limit;
	attempt->count++;
}

/*
 * Say what limits a login. A source that the user is known by is not held to
 * what others fail elsewhere, so that no stranger can keep the owner out.
 */
Attempt
attempt_to_log_in(const pg_uuid_t *realm_id, const char *login, const inet *source, bool is_known)
{
	Attempt		attempt = {.realm_id = realm_id};

	if (source != NULL)
	{
		add_mark(&attempt, is_known ? PART_KNOWN : PART_STRANGERS, LOGIN_FROM_SOURCE,
				 max_login_failures_setting, span_of(login), source);
		add_mark(&attempt, PART_STRANGERS, LOGIN_TO_ANYBODY,
				 max_login_failures_per_source_setting, NOTHING, source);
	}
	if (!is_known)
		add_mark(&attempt, PART_STRANGERS, LOGIN_FROM_ANYWHERE,
				 max_login_failures_per_name_setting, span_of(login), NULL);
	return attempt;
}

/* Say what limits a change of password: it comes from nowhere but the user's own session. */
Attempt
attempt_to_change_password(const pg_uuid_t *realm_id, const pg_uuid_t *user_id)
{
	Attempt		attempt = {.realm_id = realm_id};

	add_mark(&attempt, PART_STRANGERS, PASSWORD_CHANGE, max_login_failures_setting,
			 (Span) {(const char *) user_id->data, UUID_LEN}, NULL);
	return attempt;
}

/* ---------- reserving and settling ---------- */

/* Settle the first marks of an attempt. */
static void
settle(const Attempt *attempt, int count, bool failed)
{
	TimestampTz now = GetCurrentTimestamp();

	for (int i = 0; i < count; i++)
		ledger_settle(attempt->marks[i].set, &attempt->marks[i].key, failed, now);
}

/*
 * Reserve an attempt under all its limits, or under none: then the mark that
 * is in the way becomes the first. It will be asked first the next time, so
 * that who waits for it neither takes nor gives back anything meanwhile:
 * giving back wakes others, and would end our own sleep.
 */
static Reservation
reserve(Attempt *attempt, TimestampTz *until)
{
	TimestampTz now = GetCurrentTimestamp();

	for (int i = 0; i < attempt->count; i++)
	{
		AttemptMark mark = attempt->marks[i];
		Reservation reservation = ledger_reserve(mark.set, &mark.key, mark.limit, now, until);

		if (reservation != RESERVED)
		{
			settle(attempt, i, false);
			attempt->marks[i] = attempt->marks[0];
			attempt->marks[0] = mark;
			return reservation;
		}
	}
	return RESERVED;
}

/* Return how many seconds there are until a time, at least one. */
static int
seconds_until(TimestampTz until)
{
	return Max(1, (until - GetCurrentTimestamp() + USECS_PER_SEC - 1) / USECS_PER_SEC);
}

/*
 * Reserve an attempt and return 0, or return after how many seconds to come
 * again. While it depends on others under way, wait for them, no longer than
 * for a hash. Nothing that can raise an error may come between this and
 * attempt_verify.
 */
int
attempt_reserve(Attempt *attempt)
{
	static uint32 wait_event = 0;
	TimestampTz deadline = TimestampTzPlusMilliseconds(GetCurrentTimestamp(), hash_wait_setting);
	TimestampTz until = 0;
	Reservation reservation;

	while ((reservation = reserve(attempt, &until)) == CONTENDED)
	{
		long		remaining = TimestampDifferenceMilliseconds(GetCurrentTimestamp(), deadline);

		if (remaining <= 0)
			break;
		/* The first call for a set only gets ready to sleep, so that nothing settled in between is missed. */
		(void) ConditionVariableTimedSleep(&attempt->marks[0].set->settled, remaining,
										   wait_event_number(&wait_event, "ArsignupAttempts"));
	}
	ConditionVariableCancelSleep();
	if (reservation == RESERVED)
	{
		attempt->passes = gate_passes();
		return 0;
	}
	return reservation == EXHAUSTED ? seconds_until(until) : 1;
}

/*
 * Settle an attempt whose verification an error or the end of the backend has
 * cut short. Who may have learnt something has tried; who was turned away
 * from the gate has not.
 */
static void
abandon(int code, Datum arg)
{
	Attempt    *attempt = (Attempt *) DatumGetPointer(arg);

	settle(attempt, attempt->count, gate_passes() != attempt->passes);
}

/* Hold a password against a stored hash, and settle the reserved attempt by the outcome. */
bool
attempt_verify(Attempt *attempt, SecretScope *scope, Span password, const char *hash)
{
	bool		verified;

	PG_ENSURE_ERROR_CLEANUP(abandon, PointerGetDatum(attempt));
	{
		verified = password_verify(scope, password, hash);
	}
	PG_END_ENSURE_ERROR_CLEANUP(abandon, PointerGetDatum(attempt));
	settle(attempt, attempt->count, !verified);
	return verified;
}

/*
 * Forget what was failed for a name from a source that its user is known by,
 * and has just shown there otherwise who they are.
 */
void
attempt_forgive(const pg_uuid_t *realm_id, const char *login, const inet *source)
{
	Attempt		attempt = {.realm_id = realm_id};

	add_mark(&attempt, PART_KNOWN, LOGIN_FROM_SOURCE, max_login_failures_setting, span_of(login), source);
	if (attempt.count > 0)
		ledger_forgive(attempt.marks[0].set, &attempt.marks[0].key);
}

/* ---------- what counts whether or not it succeeds ---------- */

/* Count an attempt and return 0, or return after how many seconds to come again. */
static int
spend(Attempt *attempt)
{
	int			wait = attempt_reserve(attempt);

	if (wait == 0)
		settle(attempt, attempt->count, true);
	return wait;
}

/* Count a signup, or return after how many seconds to come again. */
int
attempt_to_sign_up(const pg_uuid_t *realm_id, const inet *source)
{
	Attempt		attempt = {.realm_id = realm_id};

	if (source != NULL)
		add_mark(&attempt, PART_REQUESTS, SIGNUP_FROM_SOURCE, max_signups_per_source_setting, NOTHING, source);
	return spend(&attempt);
}

/* Count a request for mail by what names its receiver and by its source, or return after how many seconds to come again. */
static int
spend_mail(const pg_uuid_t *realm_id, AttemptKind kind, Span receiver, const inet *source)
{
	Attempt		attempt = {.realm_id = realm_id};

	add_mark(&attempt, PART_REQUESTS, kind, max_mails_per_name_setting, receiver, NULL);
	if (source != NULL)
		add_mark(&attempt, PART_REQUESTS, MAIL_FROM_SOURCE, max_signups_per_source_setting, NOTHING, source);
	return spend(&attempt);
}

/* Count a mail that anybody asks for by a name, whether or not it is somebody's. */
int
attempt_to_mail_name(const pg_uuid_t *realm_id, const char *login, const inet *source)
{
	return spend_mail(realm_id, MAIL_TO_NAME, span_of(login), source);
}

/* Count a mail that users ask for themselves, which nobody else can use up. */
int
attempt_to_mail_user(const pg_uuid_t *realm_id, const pg_uuid_t *user_id, const inet *source)
{
	return spend_mail(realm_id, MAIL_TO_USER, (Span) {(const char *) user_id->data, UUID_LEN}, source);
}

/* Count a mail that a signup causes, to an address that several users may have. */
int
attempt_to_mail_address(const pg_uuid_t *realm_id, const char *email_key)
{
	return spend_mail(realm_id, MAIL_TO_ADDRESS, span_of(email_key), NULL);
}

/* Report that somebody has tried too often. */
void
raise_throttled(int seconds)
{
	ereport(ERROR,
			(errcode(ERRCODE_ARSIGNUP_THROTTLED),
			 errmsg("too many attempts"),
			 errdetail_internal("{\"retry_after\": %d}", seconds),
			 errhint("Try again in %d seconds.", seconds)));
}
