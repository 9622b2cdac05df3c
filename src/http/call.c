/*
 * Calling the functions of schema arsignup, and catching what they refuse.
 *
 * Each call is a subtransaction: what it refuses leaves nothing behind, and
 * the transaction goes on to answer and commit.
 */
#include "http/call.h"

#include <jansson.h>

#include "access/genam.h"
#include "access/table.h"
#include "access/xact.h"
#include "catalog/namespace.h"
#include "catalog/pg_constraint.h"
#include "catalog/pg_namespace.h"
#include "commands/trigger.h"
#include "miscadmin.h"
#include "nodes/makefuncs.h"
#include "utils/acl.h"
#include "utils/fmgroids.h"
#include "utils/lsyscache.h"
#include "utils/rel.h"
#include "utils/resowner.h"

/* Tell an error that the same call may not meet a little later. */
bool
is_passing(int sqlstate)
{
	switch (sqlstate)
	{
		case ERRCODE_ARSIGNUP_BUSY:
		case ERRCODE_ARSIGNUP_KEY:
		case ERRCODE_LOCK_NOT_AVAILABLE:
		case ERRCODE_T_R_SERIALIZATION_FAILURE:
		case ERRCODE_T_R_DEADLOCK_DETECTED:
		case ERRCODE_OUT_OF_MEMORY:
		case ERRCODE_READ_ONLY_SQL_TRANSACTION:
			return true;
		default:
			return false;
	}
}

/* Tell an error by which a rule of the application's refuses: its triggers raise it, or its constraints. */
bool
is_rule(int sqlstate)
{
	switch (ERRCODE_TO_CATEGORY(sqlstate))
	{
		case ERRCODE_DATA_EXCEPTION:
		case ERRCODE_INTEGRITY_CONSTRAINT_VIOLATION:
		case ERRCODE_PLPGSQL_ERROR:
			return true;
		default:
			return false;
	}
}

/* Add the faults of one attribute. */
static void
add_faults(Outcome *outcome, const char *attribute, const json_t *sentences)
{
	const json_t *sentence;
	size_t		i;

	json_array_foreach(sentences, i, sentence)
	{
		CallFault  *fault = palloc(sizeof(CallFault));

		fault->attribute = pstrdup(attribute);
		fault->sentence = pstrdup(json_is_string(sentence) ? json_string_value(sentence) : "");
		outcome->faults = lappend(outcome->faults, fault);
	}
}

/* Read what the DETAIL of an error says for machines. */
static void
read_detail(const char *detail, Outcome *outcome)
{
	json_t	   *object = detail ? json_loads(detail, 0, NULL) : NULL;
	const char *attribute;
	json_t	   *sentences;

	json_object_foreach(json_object_get(object, "errors"), attribute, sentences)
		add_faults(outcome, attribute, sentences);
	outcome->retry_after = json_integer_value(json_object_get(object, "retry_after"));
	json_decref(object);
}

/* Tell the log of an error, but for its DETAIL: that may be a whole row, with a hash in it. */
static void
log_error(ErrorData *error)
{
	error->elevel = LOG;
	error->detail = NULL;
	error->detail_log = NULL;
	ThrowErrorData(error);
}

/* Keep what an error says, or raise it again. */
static void
take_error(ErrorData *error, Verdict (*judge) (int sqlstate), Outcome *outcome)
{
	Verdict		verdict = judge(error->sqlerrcode);

	if (verdict == VERDICT_RAISE)
		ReThrowError(error);
	outcome->sqlstate = error->sqlerrcode;
	outcome->message = error->message;
	read_detail(error->detail, outcome);
	if (verdict == VERDICT_LOG)
		log_error(error);
}

/* ---------- what would be raised at COMMIT only ---------- */

/* Tell whether a constraint waits for the end of the transaction, and is on one of our tables, or a key to one. */
static bool
is_deferred(Form_pg_constraint constraint, Oid ours)
{
	return constraint->condeferred &&
		(constraint->connamespace == ours || get_rel_namespace(constraint->confrelid) == ours);
}

/* Tell whether all constraints that have the name of this one, in its schema, are such. */
static bool
has_own_name(Relation constraints, Form_pg_constraint constraint, Oid ours)
{
	bool		is_own = true;
	ScanKeyData keys[2];
	SysScanDesc scan;
	HeapTuple	tuple;

	ScanKeyInit(&keys[0], Anum_pg_constraint_conname, BTEqualStrategyNumber, F_NAMEEQ,
				NameGetDatum(&constraint->conname));
	ScanKeyInit(&keys[1], Anum_pg_constraint_connamespace, BTEqualStrategyNumber, F_OIDEQ,
				ObjectIdGetDatum(constraint->connamespace));
	scan = systable_beginscan(constraints, ConstraintNameNspIndexId, true, NULL, lengthof(keys), keys);
	while (HeapTupleIsValid(tuple = systable_getnext(scan)))
		is_own &= is_deferred((Form_pg_constraint) GETSTRUCT(tuple), ours);
	systable_endscan(scan);
	return is_own;
}

/* Tell whether a constraint of another schema can be named without meaning, or being refused, anything else. */
static bool
can_be_named(Relation constraints, Form_pg_constraint constraint, Oid ours)
{
	return schema_aclcheck(constraint->connamespace, GetUserId(), ACL_USAGE) == ACLCHECK_OK &&
		has_own_name(constraints, constraint, ours);
}

/* List the constraints that are to be checked with what was done on our tables. */
static List *
deferred_constraints(void)
{
	Oid			ours = get_namespace_oid("arsignup", false);
	Relation	constraints = table_open(ConstraintRelationId, AccessShareLock);
	List	   *names = NIL;
	ScanKeyData key;
	SysScanDesc scan;
	HeapTuple	tuple;

	ScanKeyInit(&key, Anum_pg_constraint_condeferred, BTEqualStrategyNumber, F_BOOLEQ, BoolGetDatum(true));
	scan = systable_beginscan(constraints, InvalidOid, false, NULL, 1, &key);
	while (HeapTupleIsValid(tuple = systable_getnext(scan)))
	{
		Form_pg_constraint constraint = (Form_pg_constraint) GETSTRUCT(tuple);

		if (is_deferred(constraint, ours) &&
			(constraint->connamespace == ours || can_be_named(constraints, constraint, ours)))
			names = lappend(names, makeRangeVar(get_namespace_name(constraint->connamespace),
												pstrdup(NameStr(constraint->conname)), -1));
	}
	systable_endscan(scan);
	table_close(constraints, AccessShareLock);
	return names;
}

/*
 * Check what the application has put on our tables to be checked at COMMIT,
 * and its keys to them: then it would be too late to answer. A key is checked
 * with the rights of the table's owner. Other constraints of other schemas are
 * left alone, since their functions would run with our rights.
 */
static void
check_deferred(void)
{
	ConstraintsSetStmt *set = makeNode(ConstraintsSetStmt);

	set->constraints = deferred_constraints();
	if (set->constraints == NIL)
		return;
	set->deferred = false;
	AfterTriggerSetState(set);
	set->deferred = true;
	AfterTriggerSetState(set);
}

/* Do something that is taken back, but for its outcome, if it raises an error that is not raised again. */
void
call_try(void (*action) (void *), void *argument, Verdict (*judge) (int sqlstate), Outcome *outcome)
{
	MemoryContext context = CurrentMemoryContext;
	ResourceOwner owner = CurrentResourceOwner;

	*outcome = (Outcome) {0};
	BeginInternalSubTransaction(NULL);
	MemoryContextSwitchTo(context);
	PG_TRY();
	{
		action(argument);
		check_deferred();
		ReleaseCurrentSubTransaction();
	}
	PG_CATCH();
	{
		ErrorData  *error;

		MemoryContextSwitchTo(context);
		error = CopyErrorData();
		FlushErrorState();
		RollbackAndReleaseCurrentSubTransaction();
		MemoryContextSwitchTo(context);
		CurrentResourceOwner = owner;
		take_error(error, judge, outcome);
	}
	PG_END_TRY();
	MemoryContextSwitchTo(context);
	CurrentResourceOwner = owner;
}
