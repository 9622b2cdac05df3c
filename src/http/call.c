/*
 * Calling the functions of schema arsignup, and catching what they refuse.
 *
 * Each call is a subtransaction: what it refuses leaves nothing behind, and
 * the transaction goes on to answer and commit.
 */
#include "http/call.h"

#include <jansson.h>

#include "base/deferred.h"
#include "base/subtransaction.h"

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

/* Tell an error of who has waited in vain for another transaction. */
bool
is_under_way(int sqlstate)
{
	return sqlstate == ERRCODE_LOCK_NOT_AVAILABLE || sqlstate == ERRCODE_T_R_SERIALIZATION_FAILURE ||
		sqlstate == ERRCODE_T_R_DEADLOCK_DETECTED;
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

/* Return a text of JSON, or another if it is none. */
static char *
text_or(const json_t *value, const char *otherwise)
{
	return pstrdup(json_is_string(value) ? json_string_value(value) : otherwise);
}

/* Add the faults of one attribute. */
static void
add_faults(Outcome *outcome, const char *attribute, const json_t *sentences, const json_t *codes)
{
	const json_t *sentence;
	size_t		i;

	json_array_foreach(sentences, i, sentence)
	{
		CallFault  *fault = palloc(sizeof(CallFault));

		fault->attribute = pstrdup(attribute);
		fault->sentence = text_or(sentence, "");
		fault->code = text_or(json_array_get(codes, i), "invalid");
		outcome->faults = lappend(outcome->faults, fault);
	}
}

/* Read what the DETAIL of an error says for machines. */
static void
read_detail(const char *detail, Outcome *outcome)
{
	json_t	   *object = detail ? json_loads(detail, 0, NULL) : NULL;
	const char *attribute;
	json_t	   *codes = json_object_get(object, "codes");
	json_t	   *sentences;

	json_object_foreach(json_object_get(object, "errors"), attribute, sentences)
		add_faults(outcome, attribute, sentences, json_object_get(codes, attribute));
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

/* Keep which rule of a table of ours was broken. */
static void
take_rule(const ErrorData *error, Outcome *outcome)
{
	if (error->schema_name == NULL || strcmp(error->schema_name, "arsignup") != 0)
		return;
	outcome->table = error->table_name;
	outcome->column = error->column_name;
	outcome->constraint = error->constraint_name;
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
	take_rule(error, outcome);
	read_detail(error->detail, outcome);
	if (verdict == VERDICT_LOG)
		log_error(error);
}

/* Something to do, and what to do it with. */
typedef struct Action
{
	void		(*action) (void *argument);
	void	   *argument;
} Action;

/* Do it, and check what the application has put off. */
static void
act(void *argument)
{
	const Action *action = argument;

	action->action(action->argument);
	check_deferred(caller_served());
}

/* Do something that is taken back, but for its outcome, if it raises an error that is not raised again. */
void
call_try(void (*action) (void *), void *argument, Verdict (*judge) (int sqlstate), Outcome *outcome)
{
	Action		wrapped = {action, argument};
	ErrorData  *error;

	*outcome = (Outcome) {0};
	error = subtransaction_run(act, &wrapped);
	if (error != NULL)
		take_error(error, judge, outcome);
}
