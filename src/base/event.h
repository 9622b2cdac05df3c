/*
 * What happened, told in the transaction in which it happens.
 */
#ifndef ARSIGNUP_EVENT_H
#define ARSIGNUP_EVENT_H

#include "arsignup.h"
#include "base/purge.h"
#include "base/realm_rows.h"
#include "base/row.h"
#include "datatype/timestamp.h"
#include "fmgr.h"
#include "utils/array.h"
#include "utils/inet.h"
#include "utils/jsonb.h"
#include "utils/uuid.h"

/* Seconds since 1970 with milliseconds, as the Core API and hooks tell times. */
#define SECONDS(time) "round(extract(epoch FROM " time "), 3)"

/*
 * What these tell of an event, as an SQL expression; the realm's id is given as
 * another. A member data would be the whole resource to AuthRocket 1's Ruby
 * client, which also takes for granted that notifications are there.
 */
#define EVENT_JSON(e, realm) \
	"jsonb_build_object('object', 'event', 'id', arsignup.format_id('ev', " e ".id), 'realm_id', " realm "," \
	" 'event_type', " e ".event_type, 'event_at', " SECONDS(e ".event_at") ", 'created_at', " SECONDS(e ".event_at") "," \
	" 'user_id', arsignup.format_id('usr', " e ".user_id), 'org_id', arsignup.format_id('org', " e ".org_id)," \
	" 'membership_id', arsignup.format_id('mb', " e ".membership_id)," \
	" 'login_policy_id', arsignup.format_id('lpl', " e ".connected_app_id)," \
	" 'request', jsonb_build_object('ip', host(" e ".ip), 'client', " e ".client), 'details', " e ".data," \
	" 'notifications', '[]'::jsonb)"

#define MAX_EVENTS MAX_ROWS	/* one action makes: user, email to verify, org, membership, login */

typedef struct Event
{
	const char *type;
	const pg_uuid_t *user_id;
	const pg_uuid_t *org_id;
	const pg_uuid_t *membership_id;
	Jsonb	   *data;			/* may be null */
	const pg_uuid_t *realm_id;	/* null: the one of the call */
} Event;

#define MAX_CHANGES 8

/* Which attributes an update has changed. */
typedef struct Changes
{
	int			count;
	const char *attributes[MAX_CHANGES];
	const char *old_email;		/* where that was one of them, and there was one */
} Changes;

/* Where it came from, as far as that is known. */
typedef struct EventSource
{
	const pg_uuid_t *connected_app_id;
	const inet *ip;
	const char *client;
} EventSource;

extern bool event_kind_exists(const char *kind);
extern bool event_kind_begins(const char *prefix);
extern const char *event_kind(size_t number);
extern char *event_kinds_listed(void);
extern void events_record(const pg_uuid_t *realm_id, TimestampTz now, const EventSource *source,
						  const Event *events, int count);
extern void changes_add(Changes *changes, const char *attribute, bool has_changed);
extern Jsonb *changes_data(const Changes *changes);
extern uint64 events_find_unclaimed(ArrayType *kinds, int64 max_rows);
extern int64 events_count_unclaimed(const char *kind, int64 max_rows, TimestampTz *oldest);
extern bool event_claim(const pg_uuid_t *realm_id, const pg_uuid_t *id, TimestampTz now);
extern uint64 events_forget(const pg_uuid_t *realm_id, const pg_uuid_t *user_id);
extern bool event_read(const pg_uuid_t *realm_id, const pg_uuid_t *id);
extern bool event_tell(const pg_uuid_t *realm_id, const pg_uuid_t *id);
extern Purge old_events;
extern Purge due_events;
extern RealmRows realm_events;
extern EventSource argument_source(FunctionCallInfo fcinfo, int ip, int client);

#endif							/* ARSIGNUP_EVENT_H */
