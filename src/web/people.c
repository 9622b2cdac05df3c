/*
 * Calling the functions of schema arsignup for people, as every caller may
 * call them: what pages and API share.
 */
#include "web/people.h"

#include "utils/builtins.h"

/* ---------- calling ---------- */

/*
 * Judge an error on its way to a person. The application's own errors, and
 * ours, are told to the log and not to people: only a call that is to end
 * ends. Those who run the database put the first few right.
 */
static Verdict
judge_for_people(int sqlstate)
{
	switch (sqlstate)
	{
		case ERRCODE_QUERY_CANCELED:
			return VERDICT_RAISE;
		case ERRCODE_ARSIGNUP_INVALID:
		case ERRCODE_ARSIGNUP_TAKEN:
		case ERRCODE_ARSIGNUP_SWITCHED_OFF:
		case ERRCODE_ARSIGNUP_BUSY:
		case ERRCODE_ARSIGNUP_THROTTLED:
		case ERRCODE_ARSIGNUP_NOT_FOUND:
		case ERRCODE_T_R_SERIALIZATION_FAILURE:
		case ERRCODE_T_R_DEADLOCK_DETECTED:
		case ERRCODE_LOCK_NOT_AVAILABLE:
		case ERRCODE_READ_ONLY_SQL_TRANSACTION:
			return VERDICT_ANSWER;
		default:
			return VERDICT_LOG;
	}
}

/* Do something for a person, all or nothing. */
void
web_try(void (*action) (void *argument), void *argument, Outcome *outcome)
{
	call_try(action, argument, judge_for_people, outcome);
}

/* Run a statement that calls one function and returns one row. */
void
web_call(Statement *statement, Parameters *parameters, Outcome *outcome)
{
	StatementCall call = {statement, parameters};

	web_try(statement_run_call, &call, outcome);
}

/* Note the faults that a call has told of. */
void
add_call_faults(WebPage *page, const Outcome *outcome)
{
	ListCell   *cell;

	foreach(cell, outcome->faults)
	{
		CallFault  *fault = lfirst(cell);

		page_add_coded_fault(page, fault->attribute, fault->sentence, fault->code);
	}
	page->retry_after = outcome->retry_after;
}

/* ---------- signing up ---------- */

/* Return the email; where it is the username, it may be in that one's field. */
static const char *
typed_email(const Exchange *exchange)
{
	const char *email = typed(exchange, "email");

	if (exchange->app.rules.usernames_are_emails && (email == NULL || *email == '\0'))
		return typed(exchange, "username");
	return email;
}

/* Read what a signup has led to. */
static void
read_signed_up(Exchange *exchange, SignedUp *result)
{
	result->is_signup_token = column_bool(1);
	result->session_id = column_uuid(2);
	result->token = column_text(3);
	result->url = column_text(4);
	result->email_comes_first = result->token == NULL && exchange->app.emails_must_be_verified;
	exchange->response.token = result->token;
}

/* Sign a person up by what was typed. */
void
sign_up(Exchange *exchange, SignedUp *result, Outcome *outcome)
{
	static Statement call_signup = STATEMENT(
		"SELECT s.signup_mode = 'signup_token', s.session_id, s.token, s.url"
		" FROM arsignup.signup(connected_app_id => $1, email => $2, password => $3, username => $4,"
		" email_confirmation => $5, password_confirmation => $6, first_name => $7, last_name => $8,"
		" org_name => $9, ip => $10, client => $11) s");
	Parameters	parameters = {0};

	add_uuid(&parameters, &exchange->app.id);
	add_text(&parameters, typed_email(exchange));
	add_typed_secret(&parameters, exchange, "password");
	add_text(&parameters, typed(exchange, "username"));
	add_text(&parameters, typed(exchange, "email_confirmation"));
	add_typed_secret(&parameters, exchange, "password_confirmation");
	add_text(&parameters, typed(exchange, "first_name"));
	add_text(&parameters, typed(exchange, "last_name"));
	add_text(&parameters, typed(exchange, "org_name"));
	add_source(&parameters, exchange);
	web_call(&call_signup, &parameters, outcome);
	if (outcome->sqlstate == 0)
		read_signed_up(exchange, result);
}

/* ---------- logging in ---------- */

/* Return what is wrong with a login that was refused for this reason. */
static LoginRefusal
read_refusal(const char *reason)
{
	if (strcmp(reason, "disabled") == 0)
		return LOGIN_IS_CLOSED;
	if (strcmp(reason, "throttled") == 0)
		return LOGIN_IS_THROTTLED;
	if (strcmp(reason, "unverified") == 0)
		return LOGIN_NEEDS_VERIFICATION;
	return LOGIN_IS_WRONG;
}

/* Read what a login has led to. */
static void
read_logged_in(Exchange *exchange, LoggedIn *result)
{
	result->refusal = column_bool(1) ? LOGIN_IS_GOOD : read_refusal(column_text(2));
	result->user_id = column_uuid(3);
	result->session_id = column_uuid(4);
	result->token = column_text(5);
	result->url = column_text(6);
	exchange->response.token = result->token;
	result->retry_after = result->refusal == LOGIN_IS_THROTTLED ? column_int(7) : 0;
}

/* Log a person in by a username or email and the password that was typed. */
void
log_in(Exchange *exchange, const char *login, LoggedIn *result, Outcome *outcome)
{
	static Statement call_login = STATEMENT(
		"SELECT l.ok, l.reason, l.user_id, l.session_id, l.token, l.url, l.retry_after"
		" FROM arsignup.login(connected_app_id => $1, login => $2, password => $3, ip => $4, client => $5) l");
	Parameters	parameters = {0};

	add_uuid(&parameters, &exchange->app.id);
	add_text(&parameters, login);
	add_typed_secret(&parameters, exchange, "password");
	add_source(&parameters, exchange);
	web_call(&call_login, &parameters, outcome);
	if (outcome->sqlstate == 0)
		read_logged_in(exchange, result);
}

/* Say that a login is wrong; it is the same whether or not there is such a user. */
const char *
mismatch_sentence(const Exchange *exchange)
{
	return exchange->app.rules.usernames_are_emails ?
		"Email and password do not match." : "Username and password do not match.";
}
