/*
 * For whom our functions work.
 *
 * Most of our functions are SECURITY DEFINER, and do not know who has called.
 * Those that delete what tables of the application refer to have to: a delete
 * sets off the application's own foreign keys and triggers. They are SECURITY
 * INVOKER, and take on our role here for as long as they work.
 */
#include "base/caller.h"

#include "commands/trigger.h"
#include "executor/executor.h"
#include "miscadmin.h"
#include "utils/acl.h"
#include "utils/guc.h"
#include "utils/lsyscache.h"
#include "utils/snapmgr.h"

#define OUR_SEARCH_PATH "pg_catalog, pg_temp"

/* Whom the web answers just now, while it does. */
static const Caller *served = NULL;

/* Refuse a call of a trigger function by anything but a trigger. */
void
check_trigger_call(FunctionCallInfo fcinfo)
{
	if (!CALLED_AS_TRIGGER(fcinfo))
		ereport(ERROR,
				(errcode(ERRCODE_E_R_I_E_TRIGGER_PROTOCOL_VIOLATED),
				 errmsg("function \"%s\" was not called by trigger manager",
						get_func_name(fcinfo->flinfo->fn_oid))));
}

/* Go on as another role; return as whom until now. */
static Identity
identity_take(Identity next)
{
	Identity	previous;

	GetUserIdAndSecContext(&previous.role, &previous.context);
	SetUserIdAndSecContext(next.role, next.context);
	return previous;
}

/* Return a role, bound as the current one is, and not to be given up by SET ROLE. */
static Identity
identity_of(Oid role)
{
	Identity	identity;

	GetUserIdAndSecContext(&identity.role, &identity.context);
	identity.role = role;
	identity.context |= SECURITY_LOCAL_USERID_CHANGE;
	return identity;
}

/* Set the search path until its nesting level ends. */
static void
set_search_path(const char *path)
{
	(void) set_config_option("search_path", path, PGC_USERSET, PGC_S_SESSION, GUC_ACTION_SAVE, true, 0, false);
}

/*
 * Go on as our own role with our own search path. The caller is who was until
 * now, and if that was our web, whom it serves. An error leads back as well.
 */
void
caller_enter(Caller *caller)
{
	Oid			owner = get_role_oid(OWNER_ROLE, false);

	caller->search_path = pstrdup(GetConfigOption("search_path", false, false));
	caller->previous = identity_take(identity_of(owner));
	caller->identity = caller->previous;
	if (caller->previous.role == owner && served == NULL)
		ereport(ERROR,
				(errcode(ERRCODE_INSUFFICIENT_PRIVILEGE),
				 errmsg("role \"" OWNER_ROLE "\" cannot call this function"),
				 errdetail("What it sets off in tables of the application would run as that role."),
				 errhint("Call it as a member of arsignup_app or arsignup_admin.")));
	if (caller->previous.role == owner)
	{
		caller->identity = served->identity;
		caller->search_path = served->search_path;
	}
	caller->nest_level = NewGUCNestLevel();
	set_search_path(OUR_SEARCH_PATH);
}

/* Go back to who it was. */
void
caller_leave(const Caller *caller)
{
	AtEOXact_GUC(true, caller->nest_level);
	(void) identity_take(caller->previous);
}

/* Do something as our own role, for whoever calls the web; deletes within it are that caller's. */
void
caller_serve(void (*action) (void *argument), void *argument)
{
	const Caller *outer = served;
	Caller		caller;

	caller_enter(&caller);
	served = &caller;
	PG_TRY();
	{
		action(argument);
	}
	PG_FINALLY();
	{
		served = outer;
	}
	PG_END_TRY();
	caller_leave(&caller);
}

/* Do something as another role. */
void
role_act(Oid role, void (*action) (void *argument), void *argument)
{
	Identity	previous = identity_take(identity_of(role));

	action(argument);
	(void) identity_take(previous);
}

/*
 * Do something as the caller, with the caller's search path. Whatever the
 * application sets meanwhile ends with it: our next statements must not go by
 * a search path of a trigger's. Nor can a trigger take on another role: the
 * session's may be able to become more than the caller is.
 */
void
caller_act(const Caller *caller, void (*action) (void *argument), void *argument)
{
	Identity	next = caller->identity;
	Identity	previous;
	int			nest_level;

	next.context |= SECURITY_LOCAL_USERID_CHANGE;
	previous = identity_take(next);
	nest_level = NewGUCNestLevel();
	set_search_path(caller->search_path);
	action(argument);
	AtEOXact_GUC(false, nest_level);
	(void) identity_take(previous);
}

/* Return whom the web serves; NULL if it serves nobody. */
const Caller *
caller_served(void)
{
	return served;
}

/* Run the triggers that statements of this level have set off. */
static void
fire(void *argument)
{
	EState	   *estate = CreateExecutorState();

	PushActiveSnapshot(GetTransactionSnapshot());
	AfterTriggerEndQuery(estate);
	PopActiveSnapshot();
	ExecCloseResultRelations(estate);
	ExecResetTupleTable(estate->es_tupleTable, false);
	FreeExecutorState(estate);
}

/*
 * Delete users, orgs or memberships. The statement itself runs as the role
 * that owns them and nothing else; its triggers wait, on a level of their own,
 * for they may be the application's: its foreign keys delete in its tables,
 * where triggers of its own may be, which up to PostgreSQL 17 run as whoever is
 * current when the level ends. There may be no other level: an expression of
 * PL/pgSQL in a DO block has none.
 */
uint64
caller_delete(const Caller *caller, Statement *statement, Parameters *parameters)
{
	Identity	previous;
	uint64		rows;

	AfterTriggerBeginQuery();
	previous = identity_take(identity_of(get_role_oid(DIRECTORY_ROLE, false)));
	rows = statement_run_silently(statement, parameters);
	(void) identity_take(previous);
	caller_act(caller, fire, NULL);
	return rows;
}
