/*
 * What may run as our roles: functions of ours, of the server's and of a
 * superuser's, and those that become another role of their own accord.
 *
 * Nothing of ours calls anything else, but the server might: a trigger, a
 * cast in a foreign key, an operator. Whatever calls a function has it looked
 * up, and there it ends, or, if it has settings of its own, where it begins.
 * An expression of built-in functions is none of these.
 */
#include "base/fence.h"

#include "access/htup_details.h"
#include "access/transam.h"
#include "base/caller.h"
#include "catalog/pg_proc.h"
#include "fmgr.h"
#include "miscadmin.h"
#include "utils/acl.h"
#include "utils/inval.h"
#include "utils/syscache.h"

static needs_fmgr_hook_type previous_needs_hook = NULL;
static fmgr_hook_type previous_hook = NULL;

static Oid	owner_role = InvalidOid;
static Oid	directory_role = InvalidOid;
static uint64 roles_known = 0;	/* as of which change */
static uint64 roles_change = 1;

/* Note that our roles may have been made, or gone. */
static void
forget_roles(Datum argument, int cache, uint32 hash)
{
	roles_change++;
}

/* Find our roles, unless that was done. */
static void
find_roles(void)
{
	static bool is_registered = false;
	uint64		change = roles_change;

	if (!is_registered)
		CacheRegisterSyscacheCallback(AUTHOID, forget_roles, (Datum) 0);
	is_registered = true;
	if (roles_known == change)
		return;
	owner_role = get_role_oid(OWNER_ROLE, true);
	directory_role = get_role_oid(DIRECTORY_ROLE, true);
	roles_known = change;
}

/* Tell whether a role is one of those that own what is ours. */
bool
role_is_ours(Oid role)
{
	find_roles();
	return OidIsValid(role) && (role == owner_role || role == directory_role);
}

/* Tell whether a function may run as one of our roles. */
static bool
is_trusted(Form_pg_proc function)
{
	return function->prosecdef || role_is_ours(function->proowner) || superuser_arg(function->proowner);
}

/* Refuse to look up a function that would run as one of our roles and may not. */
static void
check_function(Oid id)
{
	HeapTuple	tuple = SearchSysCache1(PROCOID, ObjectIdGetDatum(id));
	Form_pg_proc function;

	if (!HeapTupleIsValid(tuple))
		return;
	function = (Form_pg_proc) GETSTRUCT(tuple);
	if (!is_trusted(function))
		ereport(ERROR,
				(errcode(ERRCODE_INSUFFICIENT_PRIVILEGE),
				 errmsg("function \"%s\" cannot run as role \"%s\"",
						NameStr(function->proname), GetUserNameFromId(GetUserId(), false)),
				 errdetail("It belongs to role \"%s\", which could have it do what only arsignup may.",
						   GetUserNameFromId(function->proowner, false)),
				 errhint("Make it SECURITY DEFINER, or have a superuser own it.")));
	ReleaseSysCache(tuple);
}

/* Check a function if it would run as one of our roles. */
static void
check(Oid function)
{
	if (function >= FirstNormalObjectId && role_is_ours(GetUserId()))
		check_function(function);
}

/* Called by the server for every function that it looks up and that is not built in. */
static bool
needs_hook(Oid function)
{
	check(function);
	return previous_needs_hook != NULL && previous_needs_hook(function);
}

/* Called by the server when a function with settings of its own begins, for which it does not ask whether it needs the hook. */
static void
call_hook(FmgrHookEventType event, FmgrInfo *function, Datum *state)
{
	if (event == FHET_START)
		check(function->fn_oid);
	if (previous_hook != NULL)
		previous_hook(event, function, state);
}

/* Begin to watch. */
void
fence_install_hooks(void)
{
	previous_needs_hook = needs_fmgr_hook;
	needs_fmgr_hook = needs_hook;
	previous_hook = fmgr_hook;
	fmgr_hook = call_hook;
	structure_install_hook();
}
