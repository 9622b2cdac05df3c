/*
 * The LoginRocket API: JSON for pages of other origins and for mobile apps.
 *
 * It does what the pages for signup and login do, by the same calls and under
 * the same limits, but knows no cookie, so that it may be called from
 * anywhere. What a person can do wrong is a 200 that says so, as AuthRocket 1
 * has it: its clients look for "error" in the answer and at nothing else.
 */
#include "web/rocket.h"

#include "base/fault.h"
#include "http/body.h"
#include "realm/url.h"
#include "utils/json.h"
#include "web/people.h"

/* For how long browsers need not ask again whether they may call; none keeps it longer. */
#define PREFLIGHT_SECONDS "7200"


/* ---------- answers ---------- */

/* Answer with JSON. */
static void
answer_json(Exchange *exchange, int status, const char *json)
{
	Response   *response = &exchange->response;

	response->status = status;
	response_header(response, "Content-Type", "application/json; charset=utf-8");
	response_header(response, "Cache-Control", "no-store");
	response_header(response, "X-Content-Type-Options", "nosniff");
	html_add(&response->body, json);
}

/* Append a member to an object that is being written. */
static void
append_member(StringInfo json, const char *name, const char *value)
{
	appendStringInfo(json, "%s\"%s\": ", json->len > 1 ? ", " : "", name);
	if (value != NULL)
		escape_json(json, value);
	else
		appendStringInfoString(json, "null");
}

/* Answer with a sentence for the person. */
void
rocket_error(Exchange *exchange, int status, const char *sentence)
{
	StringInfoData json;

	initStringInfo(&json);
	appendStringInfoChar(&json, '{');
	append_member(&json, "error", sentence);
	appendStringInfoChar(&json, '}');
	exchange->response.is_refusal = true;
	answer_json(exchange, status, json.data);
}

/* Answer with a sentence, and say when to come back. */
void
rocket_retry(Exchange *exchange, int status, int seconds, const char *sentence)
{
	response_header(&exchange->response, "Retry-After", psprintf("%d", seconds));
	rocket_error(exchange, status, sentence);
}

/* Answer with what is wrong, if anything is: all sentences in a row for the person, and each by its field. */
static bool
answer_faults(Exchange *exchange)
{
	const WebPage *page = &exchange->page;
	Faults		faults = NO_FAULTS;
	StringInfoData sentences;
	StringInfoData json;

	if (page->fault_count == 0)
		return false;
	initStringInfo(&sentences);
	initStringInfo(&json);
	for (int i = 0; i < page->fault_count; i++)
	{
		const PageFault *fault = &page->faults[i];

		appendStringInfo(&sentences, "%s%s", i > 0 ? " " : "", fault->sentence);
		if (fault->name != NULL)
			fault_add_coded(&faults, fault->name, fault->sentence, fault->code);
	}
	faults.retry_after = page->retry_after;
	appendStringInfoChar(&json, '{');
	append_member(&json, "error", sentences.data);
	if (faults.list != NIL)
		appendStringInfo(&json, ", %s", faults_to_json(&faults) + 1);
	else
		appendStringInfoChar(&json, '}');
	exchange->response.is_refusal = true;
	answer_json(exchange, 200, json.data);
	return true;
}

/* Answer with a token, and the URL that leads on with it. */
static void
answer_token(Exchange *exchange, const char *token, const char *url)
{
	StringInfoData json;

	initStringInfo(&json);
	appendStringInfoChar(&json, '{');
	append_member(&json, "token", token);
	append_member(&json, "url", url);
	appendStringInfoChar(&json, '}');
	answer_json(exchange, 200, json.data);
}

/* Answer with the faults that a call has told of. */
static void
answer_call_faults(Exchange *exchange, const Outcome *outcome)
{
	add_call_faults(&exchange->page, outcome);
	if (!answer_faults(exchange))
		rocket_error(exchange, 200, REFUSED_SENTENCE);
}

/* Answer what a call has refused. */
void
rocket_refuse(Exchange *exchange, const Outcome *outcome)
{
	switch (outcome->sqlstate)
	{
		case ERRCODE_ARSIGNUP_INVALID:
		case ERRCODE_ARSIGNUP_TAKEN:
			answer_call_faults(exchange, outcome);
			break;
		case ERRCODE_ARSIGNUP_SWITCHED_OFF:
			rocket_error(exchange, 200, CLOSED_SENTENCE);
			break;
		case ERRCODE_ARSIGNUP_NOT_FOUND:
			rocket_error(exchange, 404, "Not found.");
			break;
		case ERRCODE_ARSIGNUP_THROTTLED:
			rocket_retry(exchange, 429, outcome->retry_after, throttled_sentence(outcome->retry_after));
			break;
		default:
			if (is_passing(outcome->sqlstate))
				rocket_retry(exchange, 503, RETRY_SECONDS, BUSY_SENTENCE);
			else if (is_rule(outcome->sqlstate))
				rocket_error(exchange, 200, REFUSED_SENTENCE);
			else
				rocket_error(exchange, 500, "Something went wrong on our side.");
	}
}

/* ---------- who may call ---------- */

/* Let scripts of an origin, or of all, read the answer. */
static void
permit_origin(Exchange *exchange, const char *origin)
{
	response_header(&exchange->response, "Access-Control-Allow-Origin", origin);
	response_header(&exchange->response, "Access-Control-Expose-Headers", "Retry-After");
}

/* Tell whether an app permits an origin by name; "*" is any. */
static bool
is_allowed(const HostedApp *app, Span origin)
{
	for (int i = 0; i < app->allowed_origin_count; i++)
		if (span_is(origin, app->allowed_origins[i]))
			return true;
	return false;
}

/* Tell whether a URL of the app's is of an origin. */
static bool
is_at(const char *url, Span origin)
{
	return url_is_of_origin((Span) {url, strlen(url)}, origin);
}

/* Tell whether an origin is the app's by where the app is: there tokens are sent anyway. */
static bool
is_of_app(const HostedApp *app, Span origin)
{
	for (int i = 0; i < app->redirect_uri_count; i++)
		if (is_at(app->redirect_uris[i], origin))
			return true;
	return is_at(app->login_handler, origin) || is_at(app->signup_handler, origin);
}

/* Tell whether pages of the origin that a request names may call: those that the app names, or its own and ours. */
static bool
origin_may_call(const Exchange *exchange)
{
	const HostedApp *app = &exchange->app;
	Span		origin = exchange->request.origin;

	if (app->allowed_origin_count > 0)
		return is_allowed(app, origin);
	return is_of_app(app, origin) || request_has_own_origin(&exchange->request);
}

/*
 * Refuse a page of an origin that may not call: by its visitors' browsers it
 * could guess from everywhere. Who names no origin is no page.
 */
bool
rocket_accept_origin(Exchange *exchange)
{
	Span		origin = exchange->request.origin;

	if (is_allowed(&exchange->app, (Span) {"*", 1}))
	{
		permit_origin(exchange, "*");
		return true;
	}
	response_header(&exchange->response, "Vary", "Origin");
	if (origin.data == NULL)
		return true;
	if (!origin_may_call(exchange))
	{
		rocket_error(exchange, 403, "Pages of this origin may not call this.");
		return false;
	}
	permit_origin(exchange, pnstrdup(origin.data, origin.size));
	return true;
}

/* OPTIONS /v1/...: tell a browser that a page may call */
void
rocket_preflight(Exchange *exchange)
{
	Response   *response = &exchange->response;

	response->status = 204;
	response_header(response, "Allow", "POST, OPTIONS");
	response_header(response, "Access-Control-Allow-Methods", "POST");
	response_header(response, "Access-Control-Allow-Headers", "Accept, Content-Type, Idempotency-Key, X-Requested-With");
	response_header(response, "Access-Control-Max-Age", PREFLIGHT_SECONDS);
}

/* ---------- what is given ---------- */

/* Note that a field was sent more than once. */
static void
refuse_repetition(WebPage *page, const Input *input)
{
	page_add_fault(page, input->name, psprintf("%s was sent more than once.", input->label));
}

/* Read a form. */
static bool
read_form(Exchange *exchange)
{
	char	   *buffer = secret_alloc(exchange->scope, exchange->body.size + 1);
	WebPage    *page = &exchange->page;

	if (!page_read_form(page, exchange->body, buffer))
		return false;
	for (int i = 0; i < page->input_count; i++)
		if (page->values[i].is_repeated)
			refuse_repetition(page, page->inputs[i]);
	return true;
}

/* Take what JSON has for a field: text, or nothing. */
static void
take_member(WebPage *page, const Input *input, const Value *value)
{
	const char *text = value_text(value);

	if (text != NULL)
		page_set_value(page, input->name, (Span) {text, strlen(text)});
	else if (value_type(value) > VALUE_NULL)
		page_add_fault(page, input->name, psprintf("%s must be text.", input->label));
}

/* Read JSON, whatever it has under other names. */
static bool
read_json(Exchange *exchange)
{
	Value	   *params = body_read(exchange->scope, exchange->body, BODY_LOOSE_JSON);
	WebPage    *page = &exchange->page;

	if (params == NULL)
		return false;
	for (int i = 0; i < page->input_count; i++)
	{
		const Input *input = page->inputs[i];

		if (params_count_members(exchange->body, input->name) > 1)
			refuse_repetition(page, input);
		else
			take_member(page, input, value_member(params, input->name));
	}
	return true;
}

/* Answer that a body is of no type that is read here. */
static void
refuse_type(Exchange *exchange)
{
	rocket_error(exchange, 415, "The body must be JSON or a form, and its Content-Type say so.");
}

/* Read the body, of which only the fields of the call count; answer if it cannot be read, or something is wrong. */
bool
rocket_accept_body(Exchange *exchange)
{
	const Request *request = &exchange->request;
	bool		is_form = request_has_form(request);

	if (exchange->body.size > FORM_MAX_SIZE)
		rocket_error(exchange, 413, "The body is too large.");
	else if (exchange->body.size > 0 && !is_form && !request_has_json(request))
		refuse_type(exchange);
	else if (!(is_form ? read_form(exchange) : read_json(exchange)))
		rocket_error(exchange, 400, "The body can't be read.");
	else
		return !answer_faults(exchange);
	return false;
}

/* Refuse arguments that PostgREST has read from anything but JSON. */
bool
rocket_accept_arguments(Exchange *exchange)
{
	const Request *request = &exchange->request;

	if (request->content_type.data == NULL || request_has_json(request))
		return true;
	refuse_type(exchange);
	return false;
}

/* ---------- calls ---------- */

/* Answer who has signed up, but must confirm the email before there is a token: to AuthRocket 1's clients an error. */
static void
answer_mailed(Exchange *exchange)
{
	rocket_error(exchange, 200, EMAIL_COMES_FIRST_SENTENCE);
	exchange->response.is_refusal = false;
}

/* POST /v1/signup */
void
rocket_signup(Exchange *exchange)
{
	SignedUp	result;
	Outcome		outcome;

	sign_up(exchange, &result, &outcome);
	if (outcome.sqlstate != 0)
		rocket_refuse(exchange, &outcome);
	else if (result.email_comes_first)
		answer_mailed(exchange);
	else
		answer_token(exchange, result.token, result.url);
}

/* Answer a login. */
static void
answer_login(Exchange *exchange, const LoggedIn *result)
{
	switch (result->refusal)
	{
		case LOGIN_IS_GOOD:
			answer_token(exchange, result->token, result->url);
			break;
		case LOGIN_IS_CLOSED:
			rocket_error(exchange, 200, CLOSED_SENTENCE);
			break;
		case LOGIN_IS_THROTTLED:
			rocket_retry(exchange, 429, result->retry_after, throttled_sentence(result->retry_after));
			break;
		case LOGIN_NEEDS_VERIFICATION:
			rocket_error(exchange, 200, VERIFY_FIRST_SENTENCE);
			break;
		default:
			rocket_error(exchange, 200, mismatch_sentence(exchange));
	}
}

/* POST /v1/login: by username or email, whichever is given */
void
rocket_login(Exchange *exchange)
{
	bool		by_email = page_value(&exchange->page, "username").size == 0;
	const char *usual = exchange->app.rules.usernames_are_emails ? "email" : "username";
	LoggedIn	result;
	Outcome		outcome;

	if (by_email && page_value(&exchange->page, "email").size == 0)
		require(exchange, usual);
	require(exchange, "password");
	if (answer_faults(exchange))
		return;
	log_in(exchange, typed(exchange, by_email ? "email" : "username"), &result, &outcome);
	if (outcome.sqlstate != 0)
		rocket_refuse(exchange, &outcome);
	else
		answer_login(exchange, &result);
}

/* POST /v1/logout: ends the session of a login token */
void
rocket_logout(Exchange *exchange)
{
	static Statement end_session = STATEMENT(
		"SELECT claims IS NOT NULL, CASE WHEN claims IS NOT NULL"
		"  THEN arsignup.end_session($1, arsignup.parse_id(claims ->> 'tk')) END"
		" FROM arsignup.verify_login_token($2, $1) claims");
	Parameters	parameters = {0};
	Outcome		outcome;

	require(exchange, "token");
	if (answer_faults(exchange))
		return;
	add_uuid(&parameters, &exchange->app.realm_id);
	add_typed_secret(&parameters, exchange, "token");
	web_call(&end_session, &parameters, &outcome);
	if (outcome.sqlstate != 0)
		rocket_refuse(exchange, &outcome);
	else if (!column_bool(1))
		rocket_error(exchange, 200, "Nobody is logged in by this token.");
	else
		answer_json(exchange, 200, "{}");
}
