/*
 * What happened.
 */
#include "core/core.h"

#include "base/event.h"
#include "core/json.h"

static const Field event_fields[] = {
	{"object", FIELD_TEXT, FIELD_READ, "event"},
	{"id", FIELD_TEXT, FIELD_READ, "ev_..."},
	{"realm_id", FIELD_TEXT, FIELD_READ, "rl_..."},
	{"event_type", FIELD_TEXT, FIELD_READ, "what happened: user.created, ..."},
	{"event_at", FIELD_TIME, FIELD_READ, "seconds since 1970"},
	{"created_at", FIELD_TIME, FIELD_READ, "the same"},
	{"user_id", FIELD_TEXT, FIELD_READ, "the user it is about, if any; who may have been deleted since"},
	{"org_id", FIELD_TEXT, FIELD_READ, "the org it is about, if any"},
	{"membership_id", FIELD_TEXT, FIELD_READ, "the membership it is about, if any"},
	{"login_policy_id", FIELD_TEXT, FIELD_READ, "the connected app through which it happened, if any"},
	{"request", FIELD_OBJECT, FIELD_READ, "ip and client, as far as they are known"},
	{"details", FIELD_OBJECT, FIELD_READ, "of an update, in changed, the names of the attributes that have changed; null for all others"},
	{"user", FIELD_OBJECT, FIELD_READ, "with expand=user; null if there is none any more"},
	{"org", FIELD_OBJECT, FIELD_READ, "with expand=org; null if there is none any more"},
	{"membership", FIELD_OBJECT, FIELD_READ, "with expand=membership; null if there is none any more"},
	{"notifications", FIELD_OBJECTS, FIELD_READ, "empty: none are kept"}
};

const Resource event_resource = RESOURCE("event", event_fields);

#define WITH_MEMBERSHIP \
	" || jsonb_build_object('membership', (SELECT " MEMBERSHIP_JSON("m") " FROM arsignup.memberships m" \
	"  WHERE m.realm_id = t.realm_id AND m.id = t.membership_id AND " IS_VALID_MEMBERSHIP("m") "))"

#define WITH_OR_WITHOUT_USER(json) json, json WITH_USER("t")
#define WITH_OR_WITHOUT_ORG(json) WITH_OR_WITHOUT_USER(json), WITH_OR_WITHOUT_USER(json WITH_ORG("t"))
#define WITH_OR_WITHOUT_MEMBERSHIP(json) WITH_OR_WITHOUT_ORG(json), WITH_OR_WITHOUT_ORG(json WITH_MEMBERSHIP)

/* Return what is told of an event. */
static const char *
event_json(const CoreCall *call)
{
	static const char *const forms[] = {WITH_OR_WITHOUT_MEMBERSHIP(EVENT_JSON("t", REALM_ID))};

	return forms[expands(call, "user") | expands(call, "org") << 1 | expands(call, "membership") << 2];
}

/* Return what a type of events may begin with; NULL if there is none that does. */
static char *
known_type(const char *text)
{
	return event_kind_begins(text) ? pstrdup(text) : NULL;
}

const Rows	event_rows = {
	.table = "events",
	.prefix = "ev",
	.json = event_json,
	.parts = "user, org, membership, notifications",
	.time = "event_at",
	.sorts = {{"id", NULL}, {"created_at", NULL}, {"event_at", NULL}},
	.filters = {
		{"event_type", NULL, "starts_with(t.event_type, ?)", NULL, known_type},
		{"user_id", "usr", "t.user_id = ?", "user_id"},
		{"org_id", "org", "t.org_id = ?"},
		{"membership_id", "mb", "t.membership_id = ?"},
		{"login_policy_id", "lpl", "t.connected_app_id = ?"}
	}
};
