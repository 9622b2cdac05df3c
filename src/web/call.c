/*
 * Calling the functions of schema arsignup, and catching what they refuse.
 *
 * Each call is a subtransaction: what it refuses leaves nothing behind, and
 * the transaction goes on to answer and commit.
 */
#include "web/call.h"

#include <jansson.h>

#include "access/xact.h"
#include "utils/resowner.h"

/* Tell an error that is an answer to people; any other is raised again. */
static bool
is_answer_to_people(int sqlstate)
{
	switch (sqlstate)
	{
		case ERRCODE_ARSIGNUP_INVALID:
		case ERRCODE_ARSIGNUP_TAKEN:
		case ERRCODE_ARSIGNUP_SWITCHED_OFF:
		case ERRCODE_ARSIGNUP_BUSY:
		case ERRCODE_ARSIGNUP_THROTTLED:
		case ERRCODE_ARSIGNUP_NOT_FOUND:
		case ERRCODE_ARSIGNUP_KEY:
		case ERRCODE_T_R_SERIALIZATION_FAILURE:
		case ERRCODE_T_R_DEADLOCK_DETECTED:
		case ERRCODE_LOCK_NOT_AVAILABLE:
		case ERRCODE_READ_ONLY_SQL_TRANSACTION:
		case ERRCODE_OUT_OF_MEMORY:
			return true;
		default:
			return false;
	}
}

/*
 * Tell an error that is an answer to programs; any other is raised again. They
 * get an answer, too, where the application has put rules of its own on our
 * tables.
 */
bool
is_answer_to_programs(int sqlstate)
{
	switch (ERRCODE_TO_CATEGORY(sqlstate))
	{
		case MAKE_SQLSTATE('S', 'U', '0', '0', '0'):
		case ERRCODE_DATA_EXCEPTION:
		case ERRCODE_INTEGRITY_CONSTRAINT_VIOLATION:
		case ERRCODE_INVALID_TRANSACTION_STATE:
		case ERRCODE_TRANSACTION_ROLLBACK:
		case ERRCODE_PROGRAM_LIMIT_EXCEEDED:
		case ERRCODE_PLPGSQL_ERROR:
			return true;
		default:
			return sqlstate == ERRCODE_LOCK_NOT_AVAILABLE || sqlstate == ERRCODE_OUT_OF_MEMORY;
	}
}

/* Tell an error that nobody but the administrator can do anything about. */
static bool
is_for_the_log(int sqlstate)
{
	return sqlstate == ERRCODE_ARSIGNUP_KEY || sqlstate == ERRCODE_OUT_OF_MEMORY;
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

/* Keep what an error says, or raise it again. */
static void
take_error(ErrorData *error, bool (*is_answer) (int sqlstate), Outcome *outcome)
{
	if (!is_answer(error->sqlerrcode))
		ReThrowError(error);
	outcome->sqlstate = error->sqlerrcode;
	outcome->message = error->message;
	read_detail(error->detail, outcome);
	if (is_for_the_log(error->sqlerrcode))
	{
		error->elevel = LOG;
		ThrowErrorData(error);
	}
}

/* Do something that is taken back, but for its outcome, if it raises an error that is an answer. */
void
web_try(void (*action) (void *), void *argument, bool (*is_answer) (int sqlstate), Outcome *outcome)
{
	MemoryContext context = CurrentMemoryContext;
	ResourceOwner owner = CurrentResourceOwner;

	*outcome = (Outcome) {0};
	BeginInternalSubTransaction(NULL);
	MemoryContextSwitchTo(context);
	PG_TRY();
	{
		action(argument);
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
		take_error(error, is_answer, outcome);
	}
	PG_END_TRY();
	MemoryContextSwitchTo(context);
	CurrentResourceOwner = owner;
}

/* A statement and its parameters. */
typedef struct StatementCall
{
	Statement  *statement;
	Parameters *parameters;
} StatementCall;

/* Run a statement. */
static void
run_statement(void *argument)
{
	StatementCall *call = argument;

	(void) statement_run(call->statement, call->parameters);
}

/* Run a statement that calls one function and returns one row, for people. */
void
web_call(Statement *statement, Parameters *parameters, Outcome *outcome)
{
	StatementCall call = {statement, parameters};

	web_try(run_statement, &call, is_answer_to_people, outcome);
}

/* The same for programs. */
void
web_call_for_program(Statement *statement, Parameters *parameters, Outcome *outcome)
{
	StatementCall call = {statement, parameters};

	web_try(run_statement, &call, is_answer_to_programs, outcome);
}
