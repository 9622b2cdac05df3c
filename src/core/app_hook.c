/*
 * Hooks: where arsignup-webhook posts events.
 */
#include "core/core.h"

#include "core/json.h"

static const Setting app_hook_fields[] = {
	{{"object", FIELD_TEXT, FIELD_READ, "app_hook"}, .told = "'app_hook'"},
	{{"id", FIELD_TEXT, FIELD_READ, "hk_..."}, .told = "arsignup.format_id('hk', t.id)"},
	{{"realm_id", FIELD_TEXT, FIELD_BOTH, "rl_...; needed only with a key to all realms"}, .told = REALM_ID},
	{{"state", FIELD_TEXT, FIELD_BOTH, "active or inactive; inactive: nothing is posted, what waits is dropped"},
	.column = "state", .is_kept = true},
	{{"hook_type", FIELD_TEXT, FIELD_BOTH, "webhook"}, .told = "'webhook'"},
	{{"event_type", FIELD_TEXTS, FIELD_BOTH,
	"types of events, such as user.created, or user.*, and none of those that are mailed; empty: all"},
	.column = "event_types"},
	{{"delay", FIELD_INTEGER, FIELD_BOTH, "how many seconds after an event it is posted"}, .column = "delay"},
	{{"destination", FIELD_TEXT, FIELD_BOTH, "the URL to post to; https, or http on a loopback host; not public only in the networks that arsignup-webhook is told"},
	.column = "destination", .stand_in = "'https://localhost/'"},
	{{"created_at", FIELD_TIME, FIELD_READ, "seconds since 1970"}, .told = SECONDS("t.created_at")}
};

const Resource app_hook_resource = RESOURCE("app_hook", app_hook_fields);

/* Return what is told of a hook. */
static const char *
app_hook_json(const CoreCall *call)
{
	return settings_json(&app_hook_resource);
}

const Rows	app_hook_rows = {
	.table = "app_hooks",
	.prefix = "hk",
	.json = app_hook_json,
	.sorts = {{"id", NULL}, {"created_at", NULL}}
};

static const Settings app_hook_settings = {.resource = &app_hook_resource, .rows = &app_hook_rows};

/* Note what is asked for that hooks have not. */
static void
check_hook_type(CoreCall *call)
{
	if (is_other_than(call, "hook_type", "webhook"))
		fault_add(&call->faults, "hook_type",
				  "Hook type must be webhook: mails are sent by arsignup-mail, from templates of its own (docs/operations.md).");
}

/* POST /v1/app_hooks */
void
create_app_hook(CoreCall *call)
{
	check_hook_type(call);
	if (settings_create(call, &app_hook_settings))
		reply_row(call, 201, &app_hook_rows, &call->row_id);
}

/* PUT /v1/app_hooks/:id */
void
update_app_hook(CoreCall *call)
{
	check_hook_type(call);
	if (find_row(call, &call->row_id) && settings_update(call, &app_hook_settings))
		reply_row(call, 200, &app_hook_rows, &call->row_id);
}

/* DELETE /v1/app_hooks/:id */
void
delete_app_hook(CoreCall *call)
{
	if (find_row(call, &call->row_id) && settings_delete(call, &app_hook_settings))
		reply_empty(call);
}
