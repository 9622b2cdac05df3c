/*
 * Memberships.
 */
#include "core/core.h"

#include "core/json.h"

static const Field membership_fields[] = {
	{"object", FIELD_TEXT, FIELD_READ, "membership"},
	{"id", FIELD_TEXT, FIELD_READ, "mb_..."},
	{"realm_id", FIELD_TEXT, FIELD_BOTH, "rl_...; needed only with a key to all realms"},
	{"user_id", FIELD_TEXT, FIELD_BOTH, "usr_...; fixed; to create, the username will do"},
	{"org_id", FIELD_TEXT, FIELD_BOTH, "org_..., or null: permissions without an org; fixed"},
	{"permissions", FIELD_TEXTS, FIELD_BOTH, "at most 20, each 1 to 62 of A-Z a-z 0-9 * : ; . _ -"},
	{"expires_at", FIELD_TIME, FIELD_BOTH, TIME_FORM "; null: never"},
	{"custom", FIELD_OBJECT, FIELD_BOTH, "attributes of the application; replaced as a whole"},
	{"created_at", FIELD_TIME, FIELD_READ, "seconds since 1970"},
	{"user", FIELD_OBJECT, FIELD_READ, "in the list of an org, or with expand=user"},
	{"org", FIELD_OBJECT, FIELD_READ, "in the list of a user, or with expand=org"}
};

const Resource membership_resource = RESOURCE("membership", membership_fields);

/* Tell whether the query has a filter. */
static bool
has_filter(const CoreCall *call, const char *name)
{
	return call->route->answer == list_rows && value_member(call->query, name) != NULL;
}

/* Return what is told of a membership: of an org's its users, of a user's its orgs, of both neither. */
static const char *
membership_json(const CoreCall *call)
{
	bool		by_user = has_filter(call, "user_id");
	bool		by_org = has_filter(call, "org_id");
	bool		with_user = (by_org && !by_user) || expands(call, "user");
	bool		with_org = (by_user && !by_org) || expands(call, "org");

	if (with_user)
		return with_org ? MEMBERSHIP_JSON("t") WITH_USER("t") WITH_ORG("t") : MEMBERSHIP_JSON("t") WITH_USER("t");
	return with_org ? MEMBERSHIP_JSON("t") WITH_ORG("t") : MEMBERSHIP_JSON("t");
}

const Rows	membership_rows = {
	.table = "memberships",
	.prefix = "mb",
	.json = membership_json,
	.parts = "user, org",
	.condition = IS_VALID_MEMBERSHIP("t"),
	.sorts = {{"id", NULL}, {"created_at", NULL}},
	.filters = {{"user_id", "usr", "t.user_id = ?"}, {"org_id", "org", "t.org_id = ?", "org_id"}}
};

/* Make a membership of what is given. */
static void
make_membership(CoreCall *call)
{
	static Statement call_create_membership = STATEMENT(
		"SELECT arsignup.create_membership(realm_id => $1, user_id => $2, org_id => $3,"
		" permissions => coalesce($4, '{}'), expires_at => $5, custom => coalesce($6, '{}'))");
	pg_uuid_t	org_id;
	bool		has_org = given_id(call, "org_id", "org", &org_id);
	Parameters	parameters = {0};

	add_uuid(&parameters, &call->realm_id);
	add_uuid(&parameters, &call->user_id);
	add_uuid(&parameters, has_org ? &org_id : NULL);
	add_given_texts(&parameters, call, "permissions");
	add_given_time(&parameters, call, "expires_at");
	add_given_object(&parameters, call, "custom");
	(void) statement_run(&call_create_membership, &parameters);
	call->row_id = *column_uuid(1);
}

/* Tell whether an org is named by nothing, which must not make a membership without org. */
static bool
org_is_blank(const CoreCall *call)
{
	const char *text = value_text(value_member(call->given, "org_id"));

	return text != NULL && *text == '\0';
}

/* Note a user or org that is missing or not there. */
static void
check_ends(CoreCall *call)
{
	static Statement select_org = STATEMENT("SELECT FROM arsignup.orgs WHERE realm_id = $1 AND id = $2");
	pg_uuid_t	org_id;
	Parameters	parameters = {0};

	check_user(call);
	if (org_is_blank(call))
		note_fault(call, "org_id", "Org can't be blank.");
	if (!given_id(call, "org_id", "org", &org_id))
		return;
	add_uuid(&parameters, &call->realm_id);
	add_uuid(&parameters, &org_id);
	if (statement_run(&select_org, &parameters) == 0)
		note_fault(call, "org_id", "Org is not known.");
}

/* POST /v1/memberships */
void
create_membership(CoreCall *call)
{
	check_ends(call);
	if (core_try(call, make_membership))
		reply_row(call, 201, &membership_rows, &call->row_id);
}

/* Change what is given of the membership. */
static void
change_membership(CoreCall *call)
{
	static Statement call_update_membership = STATEMENT(
		"SELECT arsignup.update_membership(realm_id => $1, membership_id => $2, permissions => $3,"
		" expires_at => $4, custom => $5)");
	Parameters	parameters = {0};

	add_uuid(&parameters, &call->realm_id);
	add_uuid(&parameters, &call->row_id);
	add_given_texts(&parameters, call, "permissions");
	add_given_time(&parameters, call, "expires_at");
	add_given_object(&parameters, call, "custom");
	(void) statement_run(&call_update_membership, &parameters);
}

/* PUT /v1/memberships/:id */
void
update_membership(CoreCall *call)
{
	if (find_row(call, &call->row_id) && core_try(call, change_membership))
		reply_row(call, 200, &membership_rows, &call->row_id);
}

/* Delete the membership. */
static void
remove_membership(CoreCall *call)
{
	static Statement call_delete_membership = STATEMENT("SELECT arsignup.delete_membership($1, $2)");
	Parameters	parameters = {0};

	add_uuid(&parameters, &call->realm_id);
	add_uuid(&parameters, &call->row_id);
	(void) statement_run(&call_delete_membership, &parameters);
}

/* DELETE /v1/memberships/:id */
void
delete_membership(CoreCall *call)
{
	if (find_row(call, &call->row_id) && core_try(call, remove_membership))
		reply_removed(call);
}
