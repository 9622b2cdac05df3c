/*
 * Orgs.
 */
#include "core/core.h"

#include "account/user.h"
#include "core/json.h"

static const Field org_fields[] = {
	{"object", FIELD_TEXT, FIELD_READ, "org"},
	{"id", FIELD_TEXT, FIELD_READ, "org_..."},
	{"realm_id", FIELD_TEXT, FIELD_BOTH, "rl_...; needed only with a key to all realms"},
	{"name", FIELD_TEXT, FIELD_BOTH, "for people; not unique"},
	{"state", FIELD_TEXT, FIELD_BOTH, "active or inactive"},
	{"reference", FIELD_TEXT, FIELD_BOTH, "the application's own id"},
	{"custom", FIELD_OBJECT, FIELD_BOTH, "attributes of the application; replaced as a whole"},
	{"created_at", FIELD_TIME, FIELD_READ, "seconds since 1970"}
};

const Resource org_resource = RESOURCE("org", org_fields);

/* Return what is told of an org. */
static const char *
org_json(const CoreCall *call)
{
	return ORG_JSON("t");
}

const Rows	org_rows = {
	.table = "orgs",
	.prefix = "org",
	.json = org_json,
	.sorts = {{"name", "name COLLATE \"C\""}, {"id", NULL}, {"created_at", NULL}},
	.filters = {{"reference", NULL, "t.reference COLLATE \"C\" = ?", "reference COLLATE \"C\"", normalize_line}}
};

/* Change what is given of the org. */
static void
change_org(CoreCall *call)
{
	static Statement call_update_org = STATEMENT(
		"SELECT arsignup.update_org(realm_id => $1, org_id => $2, name => $3, reference => $4, custom => $5,"
		" state => $6)");
	Parameters	parameters = {0};

	add_uuid(&parameters, &call->realm_id);
	add_uuid(&parameters, &call->row_id);
	add_change(&parameters, call, "name");
	add_change(&parameters, call, "reference");
	add_given_object(&parameters, call, "custom");
	add_text(&parameters, given_word(call, "state"));
	(void) statement_run(&call_update_org, &parameters);
}

/* Make an org of what is given. */
static void
make_org(CoreCall *call)
{
	static Statement call_create_org = STATEMENT(
		"SELECT arsignup.create_org(realm_id => $1, name => $2, reference => $3, custom => coalesce($4, '{}'))");
	Parameters	parameters = {0};

	add_uuid(&parameters, &call->realm_id);
	add_given(&parameters, call, "name");
	add_given(&parameters, call, "reference");
	add_given_object(&parameters, call, "custom");
	(void) statement_run(&call_create_org, &parameters);
	call->row_id = *column_uuid(1);
	if (is_other_than(call, "state", "active"))
		change_org(call);
}

/* POST /v1/orgs */
void
create_org(CoreCall *call)
{
	check_state(call);
	if (core_try(call, make_org))
		reply_row(call, 201, &org_rows, &call->row_id);
}

/* PUT /v1/orgs/:id */
void
update_org(CoreCall *call)
{
	if (find_row(call, &call->row_id) && core_try(call, change_org))
		reply_row(call, 200, &org_rows, &call->row_id);
}

/* Delete the org. */
static void
remove_org(CoreCall *call)
{
	static Statement call_delete_org = STATEMENT("SELECT arsignup.delete_org($1, $2)");
	Parameters	parameters = {0};

	add_uuid(&parameters, &call->realm_id);
	add_uuid(&parameters, &call->row_id);
	(void) statement_run(&call_delete_org, &parameters);
}

/* DELETE /v1/orgs/:id */
void
delete_org(CoreCall *call)
{
	if (find_row(call, &call->row_id) && core_try(call, remove_org))
		reply_removed(call);
}
