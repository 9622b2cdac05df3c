/*
 * Organisations and memberships.
 */
#include "account/org.h"

#include "base/statement.h"
#include "catalog/pg_type.h"
#include "compat.h"

#define PERMISSIONS_MAX 20
#define PERMISSION_MAX_LENGTH 62

static Statement insert_org = STATEMENT(
	"INSERT INTO arsignup.orgs (realm_id, id, created_at, name, reference, custom)"
	" VALUES ($1, $2, $3, $4, $5, coalesce($6, '{}'))");

static Statement insert_membership = STATEMENT(
	"INSERT INTO arsignup.memberships (realm_id, id, created_at, user_id, org_id, permissions,"
	" expires_at, custom) VALUES ($1, $2, $3, $4, $5, $6, $7, coalesce($8, '{}'))"
	" ON CONFLICT DO NOTHING");

/* Tell one permission: 1 to 62 of A-Z a-z 0-9 * : ; . _ - */
static bool
is_permission(const char *text, int size)
{
	if (size < 1 || size > PERMISSION_MAX_LENGTH)
		return false;
	for (int i = 0; i < size; i++)
		if (text[i] == '\0' || strchr("ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz"
									  "0123456789*:;._-", text[i]) == NULL)
			return false;
	return true;
}

/* Tell whether these may be the permissions of a membership. */
bool
permissions_are_valid(ArrayType *permissions)
{
	Datum	   *values;
	bool	   *nulls;
	int			count;

	if (ARR_NDIM(permissions) > 1)
		return false;
	deconstruct_array(permissions, TEXTOID, -1, false, TYPALIGN_INT, &values, &nulls, &count);
	if (count > PERMISSIONS_MAX)
		return false;
	for (int i = 0; i < count; i++)
		if (nulls[i] || !is_permission(VARDATA_ANY(DatumGetPointer(values[i])),
									   VARSIZE_ANY_EXHDR(DatumGetPointer(values[i]))))
			return false;
	return true;
}

/* Insert an org. */
void
org_insert(const pg_uuid_t *realm_id, const Org *org, TimestampTz now)
{
	Parameters	parameters = {0};

	add_uuid(&parameters, realm_id);
	add_uuid(&parameters, &org->id);
	add_time(&parameters, now);
	add_text(&parameters, org->name);
	add_text(&parameters, org->reference);
	add_pointer(&parameters, JSONBOID, org->custom);
	(void) statement_run(&insert_org, &parameters);
}

/* Insert a membership; false if the user has one there already. */
bool
membership_insert(const pg_uuid_t *realm_id, const Membership *membership, TimestampTz now)
{
	Parameters	parameters = {0};

	add_uuid(&parameters, realm_id);
	add_uuid(&parameters, &membership->id);
	add_time(&parameters, now);
	add_uuid(&parameters, membership->user_id);
	add_uuid(&parameters, membership->org_id);
	add_pointer(&parameters, TEXTARRAYOID, membership->permissions);
	add_optional_time(&parameters, membership->expires_at);
	add_pointer(&parameters, JSONBOID, membership->custom);
	return statement_run(&insert_membership, &parameters) == 1;
}
