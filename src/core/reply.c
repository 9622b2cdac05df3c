/*
 * Answers of the Core API.
 */
#include "core/core.h"

#include "utils/builtins.h"
#include "utils/json.h"

/* After how many seconds who met a full gate or a lock may try again. */
#define RETRY_SECONDS 2

/* Answer with a status and the headers that all answers have. */
static void
begin_reply(CoreCall *call, int status)
{
	call->response->status = status;
	response_header(call->response, "Cache-Control", "no-store");
	response_header(call->response, "X-Content-Type-Options", "nosniff");
}

/* Answer with JSON. */
void
reply_json(CoreCall *call, int status, const char *json)
{
	if (json == NULL)
		elog(ERROR, "an answer of the Core API has no JSON");
	begin_reply(call, status);
	response_header(call->response, "Content-Type", "application/json; charset=utf-8");
	html_add(&call->response->body, json);
}

/* Return JSON of an object with a member more, a text or null. */
const char *
with_member(const char *object, const char *name, const char *value)
{
	StringInfoData json;

	initStringInfo(&json);
	appendBinaryStringInfo(&json, object, strlen(object) - 1);
	appendStringInfo(&json, ", \"%s\": ", name);
	if (value != NULL)
		escape_json(&json, value);
	else
		appendStringInfoString(&json, "null");
	appendStringInfoChar(&json, '}');
	return json.data;
}

/* Answer that it was done, and nothing is left to show. */
void
reply_empty(CoreCall *call)
{
	begin_reply(call, 204);
}

/* Answer what a call has returned that deletes something: whether it was there. */
void
reply_removed(CoreCall *call)
{
	if (column_bool(1))
		reply_empty(call);
	else
		reply_not_found(call);
}

/* Answer with one sentence that is about no attribute. */
void
reply_error(CoreCall *call, int status, const char *sentence)
{
	StringInfoData json;

	initStringInfo(&json);
	appendStringInfoString(&json, "{\"error\": ");
	escape_json(&json, sentence);
	appendStringInfoChar(&json, '}');
	reply_json(call, status, json.data);
}

/* Answer with one fault. */
void
reply_fault(CoreCall *call, int status, const char *attribute, const char *sentence)
{
	Faults		faults = NO_FAULTS;

	fault_add(&faults, attribute, sentence);
	reply_json(call, status, faults_to_json(&faults));
}

/* Answer with the faults that were found; false if there are none. */
bool
reply_faults(CoreCall *call)
{
	if (call->faults.list == NIL)
		return false;
	reply_json(call, 422, faults_to_json(&call->faults));
	return true;
}

/* Answer that there is no such thing, or not for this key. */
void
reply_not_found(CoreCall *call)
{
	reply_error(call, 404, "Not found.");
}

/* Answer a call of AuthRocket 1's that is not offered here: with its summary, which says so and what to do instead. */
void
reply_not_offered(CoreCall *call)
{
	const char *sentence = psprintf("%s.", call->route->summary);

	if (call->route->status == 404)
		reply_error(call, 404, sentence);
	else
		reply_fault(call, call->route->status, "base", sentence);
}

/* Answer that it may be tried again later. */
void
reply_retry(CoreCall *call, int status, int seconds, const char *sentence)
{
	response_header(call->response, "Retry-After", psprintf("%d", seconds));
	reply_error(call, status, sentence);
}

/* Answer that the same call is still being worked on. */
void
reply_under_way(CoreCall *call)
{
	reply_retry(call, 409, RETRY_SECONDS, SUBMISSION_UNDER_WAY_SENTENCE);
}

/* Make a sentence of an error's message, which may be one. */
static const char *
to_sentence(const char *message)
{
	size_t		size = strlen(message);
	bool		is_closed = size > 0 && strchr(".!?", message[size - 1]) != NULL;
	char	   *sentence = psprintf("%s%s", message, is_closed ? "" : ".");

	sentence[0] = pg_toupper((unsigned char) sentence[0]);
	return sentence;
}

/* Note the faults that a call has told of; what was found wrong with an attribute before may have caused more. */
static void
note_call_faults(CoreCall *call, const Outcome *outcome)
{
	Faults		before = call->faults;
	ListCell   *cell;

	before.list = list_copy(before.list);
	foreach(cell, outcome->faults)
	{
		CallFault  *fault = lfirst(cell);

		if (!fault_is_about(&before, fault->attribute))
			fault_add_coded(&call->faults, fault->attribute, fault->sentence, fault->code);
	}
	/* A trigger of the application's may have told of none. */
	if (call->faults.list == NIL)
		fault_add(&call->faults, "base", to_sentence(outcome->message));
	call->faults.retry_after = outcome->retry_after;
}

/* Note what a call has refused for its input; false if it was for something else. */
static bool
note_refusal(CoreCall *call, const Outcome *outcome)
{
	switch (outcome->sqlstate)
	{
		case ERRCODE_ARSIGNUP_INVALID:
		case ERRCODE_ARSIGNUP_TAKEN:
			note_call_faults(call, outcome);
			return true;
		case ERRCODE_ARSIGNUP_NO_TOKEN:
		case ERRCODE_ARSIGNUP_EXPIRED:
		case ERRCODE_ARSIGNUP_REDEEMED:
		case ERRCODE_ARSIGNUP_REVOKED:
			note_fault(call, "token", to_sentence(outcome->message));
			return true;
		default:
			return false;
	}
}

/*
 * Answer what a call has refused, or what was found wrong before it. That comes
 * first: such a call has done nothing, so what else would refuse it, being
 * throttled included, is for the next one to hear.
 */
void
reply_outcome(CoreCall *call, const Outcome *outcome)
{
	if (note_refusal(call, outcome) || call->faults.list != NIL)
	{
		(void) reply_faults(call);
		return;
	}
	switch (outcome->sqlstate)
	{
		case ERRCODE_ARSIGNUP_UNDER_WAY:
			reply_retry(call, 409, RETRY_SECONDS, to_sentence(outcome->message));
			break;
		case ERRCODE_ARSIGNUP_NOT_FOUND:
			reply_not_found(call);
			break;
		case ERRCODE_ARSIGNUP_SWITCHED_OFF:
			reply_fault(call, 422, "base", to_sentence(outcome->message));
			break;
		case ERRCODE_ARSIGNUP_THROTTLED:
			reply_retry(call, 429, outcome->retry_after, "Too many attempts. Please try again later.");
			break;
		case ERRCODE_FOREIGN_KEY_VIOLATION:
		case ERRCODE_RESTRICT_VIOLATION:
			reply_fault(call, 409, "base", "It can't be deleted, since rows of the application refer to it.");
			break;
		case ERRCODE_RAISE_EXCEPTION:
			/* What a trigger of the application's says, it says to the application. */
			reply_fault(call, 422, "base", outcome->message);
			break;
		case ERRCODE_DISK_FULL:
		case ERRCODE_INSUFFICIENT_RESOURCES:
			reply_retry(call, 503, RETRY_SECONDS, "The database is short of something, nothing was done. Please try again.");
			break;
		default:
			if (is_passing(outcome->sqlstate))
				reply_retry(call, 503, RETRY_SECONDS, "Too busy just now, nothing was done. Please try again.");
			else
				reply_fault(call, 422, "base", "The database refuses this, by a rule of the application's or for its size.");
	}
}

/* Answer what has failed that is no refusal of a write: a call was read, or its answer, and nothing was done. */
void
reply_failure(CoreCall *call, const Outcome *outcome)
{
	response_begin(call->response);
	call->faults = (Faults) NO_FAULTS;
	if (outcome->sqlstate == ERRCODE_PROGRAM_LIMIT_EXCEEDED)
		reply_fault(call, 422, "base", "The answer is too large. Please ask for less.");
	else
		reply_outcome(call, outcome);
}

/* Tell an error whose answer says all that there is to know. */
static bool
is_answer(int sqlstate)
{
	switch (sqlstate)
	{
		case ERRCODE_ARSIGNUP_KEY:
		case ERRCODE_OUT_OF_MEMORY:
			return false;
		case ERRCODE_FOREIGN_KEY_VIOLATION:
		case ERRCODE_RESTRICT_VIOLATION:
		case ERRCODE_RAISE_EXCEPTION:
			return true;
		default:
			return is_passing(sqlstate) || ERRCODE_TO_CATEGORY(sqlstate) == ERRCODE_TO_CATEGORY(ERRCODE_ARSIGNUP_INVALID);
	}
}

/*
 * Judge an error on its way to a program. The application has rules of its own
 * on our tables, which may raise anything: only what ends the backend, or is a
 * fault of the server's, is raised again.
 */
Verdict
core_judge(int sqlstate)
{
	switch (ERRCODE_TO_CATEGORY(sqlstate))
	{
		case ERRCODE_OPERATOR_INTERVENTION:
		case ERRCODE_SYSTEM_ERROR:
		case ERRCODE_INTERNAL_ERROR:
			return VERDICT_RAISE;
		default:
			return is_answer(sqlstate) ? VERDICT_ANSWER : VERDICT_LOG;
	}
}

/* An action of a call, as call_try takes it. */
typedef struct CoreAction
{
	CoreCall   *call;
	void		(*action) (CoreCall *call);
} CoreAction;

/* Run an action. */
static void
run_action(void *argument)
{
	CoreAction *action = argument;

	action->action(action->call);
}

/* Do something all or nothing, and keep how it ended, if that is an answer. */
void
core_attempt_judged(CoreCall *call, void (*action) (CoreCall *call), Verdict (*judge) (int sqlstate), Outcome *outcome)
{
	CoreAction	argument = {call, action};

	call_try(run_action, &argument, judge, outcome);
}

/* Do something all or nothing, and keep how it ended. */
void
core_attempt(CoreCall *call, void (*action) (CoreCall *call), Outcome *outcome)
{
	core_attempt_judged(call, action, core_judge, outcome);
}

/* Run an action that writes, unless something is wrong with the input in the end. */
static void
run_write(void *argument)
{
	CoreAction *action = argument;

	action->action(action->call);
	faults_raise(&action->call->faults);
}

/* Run an action that writes, all or nothing, and keep how it ended; with input that is wrong already, to find what else is. */
static void
attempt_write(CoreCall *call, void (*action) (CoreCall *call), Verdict (*judge) (int sqlstate), Outcome *outcome)
{
	CoreAction	argument = {call, action};
	bool		was_refused = input_is_refused;

	input_is_refused = call->faults.list != NIL;
	PG_TRY();
	{
		call_try(run_write, &argument, judge, outcome);
	}
	PG_FINALLY();
	{
		input_is_refused = was_refused;
	}
	PG_END_TRY();
}

/*
 * Write something all or nothing, and keep how it ended. Where something was
 * found wrong before, nothing is written, and what else is wrong is raised.
 */
void
core_write(CoreCall *call, void (*action) (CoreCall *call), Outcome *outcome)
{
	attempt_write(call, action, core_judge, outcome);
}

/* Write something all or nothing; answer and return false if it is refused. */
bool
core_try(CoreCall *call, void (*action) (CoreCall *call))
{
	Outcome		outcome;

	core_write(call, action, &outcome);
	if (outcome.sqlstate == 0)
		return true;
	reply_outcome(call, &outcome);
	return false;
}

/* Judge an error of a part of a write: what is wrong with the input is noted, and what else is wrong still looked for. */
static Verdict
judge_part(int sqlstate)
{
	return sqlstate == ERRCODE_ARSIGNUP_INVALID || sqlstate == ERRCODE_ARSIGNUP_TAKEN ? VERDICT_ANSWER : VERDICT_RAISE;
}

/* Write a part of what core_try writes; what is wrong with its input is told together with what the other parts find. */
void
core_part(CoreCall *call, void (*action) (CoreCall *call))
{
	Outcome		outcome;

	attempt_write(call, action, judge_part, &outcome);
	if (outcome.sqlstate != 0)
		(void) note_refusal(call, &outcome);
}
