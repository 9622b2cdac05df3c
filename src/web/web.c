/*
 * SQL functions of schema arsignup_web: what PostgREST calls.
 */
#include "arsignup.h"

#include "base/argument.h"
#include "base/caller.h"
#include "core/core.h"
#include "web/pages.h"
#include "web/resent.h"
#include "web/rocket.h"
#include "web/stylesheet.h"

static const Route routes[] = {
	{"/", "GET", PAGE_LOGIN, show_login},
	{"/", "POST", PAGE_LOGIN, post_login},
	{"/login", "GET", PAGE_LOGIN, show_login},
	{"/login", "POST", PAGE_LOGIN, post_login},
	{"/logout", "GET", PAGE_LOGOUT, show_logout},
	{"/logout", "POST", PAGE_LOGOUT, post_logout},
	{"/signup", "GET", PAGE_SIGNUP, show_signup},
	{"/signup", "POST", PAGE_SIGNUP, post_signup},
	{"/forgot", "GET", PAGE_FORGOT, show_forgot},
	{"/forgot", "POST", PAGE_FORGOT, post_forgot},
	{"/reset", "GET", PAGE_RESET, show_reset},
	{"/reset", "POST", PAGE_RESET, post_reset},
	{"/verify", "GET", PAGE_VERIFY, show_verify},
	{"/verify", "POST", PAGE_VERIFY, post_verify},
	{"/.well-known/jwks.json", "GET", PAGE_NONE, show_keys},
	{"/v1/signup", "POST", API_SIGNUP, rocket_signup},
	{"/v1/signup", "OPTIONS", PAGE_NONE, rocket_preflight},
	{"/v1/login", "POST", API_LOGIN, rocket_login},
	{"/v1/login", "OPTIONS", PAGE_NONE, rocket_preflight},
	{"/v1/logout", "POST", API_LOGOUT, rocket_logout},
	{"/v1/logout", "OPTIONS", PAGE_NONE, rocket_preflight}
};

/* ---------- behind nginx ---------- */

/* Find the app that a request is for; what is left of the path is that of a page. */
static void
find_app(Exchange *exchange)
{
	Span		rest = exchange->path;
	Span		slug = path_take_slug(&rest);
	const char *host = exchange->request.host.data;

	exchange->has_app = hosted_app_find(host ? host : "", slug.data ? pnstrdup(slug.data, slug.size) : "",
										&exchange->app);
	if (exchange->has_app && !exchange->app.is_by_host)
		exchange->path = rest;
}

/* Tell whether a path is for programs, which read JSON. */
static bool
is_for_programs(Span path)
{
	return span_take(&path, "/v1") && (path.size == 0 || *path.data == '/');
}

/* Tell whether a path is for programs, of any app. */
static bool
is_for_programs_of_any(Span path)
{
	Span		rest = path;

	(void) path_take_slug(&rest);
	return is_for_programs(path) || is_for_programs(rest);
}

/* Answer a path that is none. */
static void
answer_unknown(Exchange *exchange, bool is_program)
{
	if (is_program)
		rocket_error(exchange, 404, "Not found.");
	else
		answer_message(exchange, 404, "Page not found", "Nothing is here. Is the address right?");
}

/* Answer a method that a path has not. */
static void
answer_not_allowed(Exchange *exchange, bool is_program, const char *allowed)
{
	response_header(&exchange->response, "Allow", allowed);
	if (is_program)
		rocket_error(exchange, 405, "This address does not take such a request.");
	else
		answer_message(exchange, 405, "That can't be done here", "This address does not take such a request.");
}

/* Read the query for what a page is asked with, as far as it can be read. */
static void
read_query(Exchange *exchange)
{
	char	   *buffer = secret_alloc(exchange->scope, exchange->query.size + 1);

	(void) page_read_form(&exchange->page, exchange->query, buffer);
	page_set_value(&exchange->page, IDEMPOTENCY_FIELD, (Span) {NULL, 0});
}

/* Read the form that was sent; what is only carried along may stand in the query. */
static bool
read_form(Exchange *exchange)
{
	char	   *buffer = secret_alloc(exchange->scope, exchange->body.size + 1);
	WebPage    *page = &exchange->page;
	FormValue	asked[INPUTS_MAX];

	memcpy(asked, page->values, sizeof(asked));
	if (!page_read_form(page, exchange->body, buffer))
		return false;
	for (int i = 0; i < page->input_count; i++)
		if (page->inputs[i]->label == NULL && page->values[i].text.data == NULL)
			page->values[i] = asked[i];
	return true;
}

/*
 * Do nothing with a form of another site, but give it back, so that the person
 * can look it over and send it from here. It knows no more than a link could.
 */
static void
return_form(Exchange *exchange)
{
	if (request_has_form(&exchange->request) && exchange->body.size <= FORM_MAX_SIZE)
		(void) read_form(exchange);
	page_set_value(&exchange->page, "choice", (Span) {NULL, 0});
	page_set_value(&exchange->page, IDEMPOTENCY_FIELD, (Span) {NULL, 0});
	exchange->page.trouble = "Please send this again";
	page_add_fault(&exchange->page, NULL, "It was sent from another site. Look it over, and send it from here.");
	answer_form(exchange, 403);
}

/* Refuse what is none of our forms, or cannot be read; true if there is nothing wrong with it. */
static bool
accept_form(Exchange *exchange)
{
	if (!request_is_own(&exchange->request))
		return_form(exchange);
	else if (!request_has_form(&exchange->request))
		answer_message(exchange, 415, "Not a form", "This address takes forms, as this page sends them.");
	else if (exchange->body.size > FORM_MAX_SIZE)
		answer_message(exchange, 413, "Too much", "This is more than a form can hold.");
	else if (!read_form(exchange))
		answer_message(exchange, 400, "Not readable", "This is no form, or has characters that are no text.");
	else
		return true;
	return false;
}

/*
 * Answer a request that is for a route. nginx sees of an answer the status
 * only, and replaces every 503, since those of PostgREST are not for people.
 * For a page it then asks once more, for the form and nothing else.
 */
static void
answer_route(Exchange *exchange, const Route *route)
{
	bool		is_post = strcmp(route->method, "POST") == 0;

	exchange->kind = route->page;
	page_set_inputs(&exchange->page, route->page, &exchange->app.rules);
	if (route->page < PAGE_KINDS)
		read_query(exchange);
	if (is_post && !(route->page < PAGE_KINDS ? accept_form(exchange) : rocket_accept_body(exchange)))
		return;
	if (route->page < PAGE_KINDS && exchange->request.busy.data != NULL)
		answer_busy(exchange, 200);
	else if (is_post)
		answer_once(exchange, route->answer);
	else
		route->answer(exchange);
}

/* Answer a request to an app. */
static void
answer_app(Exchange *exchange)
{
	char		allowed[METHODS_MAX];
	const Route *route = route_find(routes, lengthof(routes), exchange->path, exchange->request.method, allowed);
	bool		is_program = is_for_programs(exchange->path);

	if (is_program && !rocket_accept_origin(exchange))
		return;
	if (route != NULL)
		answer_route(exchange, route);
	else if (*allowed != '\0')
		answer_not_allowed(exchange, is_program, allowed);
	else
		answer_unknown(exchange, is_program);
}

/* Answer a request: an Exchange. */
static void
answer(void *argument)
{
	Exchange   *exchange = argument;

	exchange_read(exchange);
	if (core_answer(exchange->path, exchange->query, exchange->body, &exchange->request, exchange->scope,
					&exchange->response))
		return;
	find_app(exchange);
	if (exchange->has_app)
		answer_app(exchange);
	else
		answer_unknown(exchange, is_for_programs_of_any(exchange->path));
}

/* Begin to answer. */
static void
begin(Exchange *exchange, SecretScope *scope)
{
	secret_scope_open(scope);
	spi_open();
	exchange->scope = scope;
	response_begin(&exchange->response);
}

/* Hand the answer over; return its body. */
static bytea *
finish(Exchange *exchange)
{
	bytea	   *body = response_send(&exchange->response);

	spi_close();
	secret_scope_close(exchange->scope);
	return body;
}

/* arsignup_web.handle(bytea) returns bytea, as the domain of any media type */
PG_FUNCTION_INFO_V1(arsignup_web_handle);
Datum
arsignup_web_handle(PG_FUNCTION_ARGS)
{
	SecretScope scope;
	Exchange	exchange = {0};

	begin(&exchange, &scope);
	exchange.body = secret_argument(&scope, fcinfo, 0);
	caller_serve(answer, &exchange);
	PG_RETURN_BYTEA_P(finish(&exchange));
}

/* ---------- PostgREST alone ---------- */

/* A function of PostgREST's: what it does, and its arguments behind the app's slug, by the names of fields. */
typedef struct Direct
{
	Route		page;
	Route		api;			/* for what is sent as anything but a form */
	const char *arguments[INPUTS_MAX];
} Direct;

/* Give the page's fields what the function's arguments say. */
static void
read_arguments(Exchange *exchange, const Direct *direct, FunctionCallInfo fcinfo)
{
	WebPage    *page = &exchange->page;

	page_set_inputs(page, exchange->kind, &exchange->app.rules);
	page_set_value(page, "app", (Span) {exchange->app.slug, strlen(exchange->app.slug)});
	for (int i = 0; direct->arguments[i] != NULL; i++)
	{
		Span		argument = secret_argument(exchange->scope, fcinfo, i + 1);
		char	   *copy = secret_alloc(exchange->scope, argument.size + 1);

		if (argument.data == NULL)
			continue;
		memcpy(copy, argument.data, argument.size);
		copy[argument.size] = '\0';
		page_set_value(page, direct->arguments[i], (Span) {copy, argument.size});
	}
}

/* Tell whether a function was asked with a method that is not its own: a password could stand in the address. */
static bool
is_misread(const Exchange *exchange, const Route *route)
{
	return strcmp(route->method, "POST") == 0 && !span_is(exchange->request.method, "POST");
}

/* Refuse what an app does not take from where it comes; true if there is nothing wrong with it. */
static bool
accept_direct(Exchange *exchange, const Route *route)
{
	if (route->page > PAGE_KINDS)
		return rocket_accept_origin(exchange) && rocket_accept_arguments(exchange);
	if (strcmp(route->method, "POST") != 0 || request_is_own(&exchange->request))
		return true;
	answer_message(exchange, 403, "Not from there",
				   "This was sent from another site. Open the page itself, and send it from there.");
	return false;
}

/* A call of one of PostgREST's functions. */
typedef struct DirectCall
{
	const Direct *direct;
	FunctionCallInfo fcinfo;
	Exchange	exchange;
} DirectCall;

/* Answer a call: a DirectCall. */
static void
answer_call(void *argument)
{
	DirectCall *call = argument;
	Exchange   *exchange = &call->exchange;
	const Direct *direct = call->direct;
	FunctionCallInfo fcinfo = call->fcinfo;
	const Route *route = &direct->page;

	exchange_read(exchange);
	if (direct->api.answer != NULL && !request_has_form(&exchange->request))
		route = &direct->api;
	exchange->kind = route->page;
	exchange->has_app = !PG_ARGISNULL(0) && hosted_app_find("", argument_text(fcinfo, 0), &exchange->app);
	if (!exchange->has_app)
		answer_unknown(exchange, route == &direct->api);
	else if (is_misread(exchange, route))
		answer_not_allowed(exchange, route == &direct->api, "POST");
	else if (accept_direct(exchange, route))
	{
		read_arguments(exchange, direct, fcinfo);
		if (strcmp(route->method, "POST") == 0)
			answer_once(exchange, route->answer);
		else
			route->answer(exchange);
	}
}

/* Answer a call of one of PostgREST's functions; return the body. */
static Datum
answer_direct(FunctionCallInfo fcinfo, const Direct *direct)
{
	SecretScope scope;
	DirectCall	call = {direct, fcinfo, {.is_direct = true}};

	begin(&call.exchange, &scope);
	caller_serve(answer_call, &call);
	PG_RETURN_BYTEA_P(finish(&call.exchange));
}

/* arsignup_web.signup_page(app text, redir text, redirect_uri text) returns text, as the domain of pages */
PG_FUNCTION_INFO_V1(arsignup_web_signup_page);
Datum
arsignup_web_signup_page(PG_FUNCTION_ARGS)
{
	static const Direct direct = {{"", "GET", PAGE_SIGNUP, show_signup}, {0}, {"redir", "redirect_uri"}};

	return answer_direct(fcinfo, &direct);
}

/* arsignup_web.login_page(app text, redir text, redirect_uri text, login text) returns text, as the domain of pages */
PG_FUNCTION_INFO_V1(arsignup_web_login_page);
Datum
arsignup_web_login_page(PG_FUNCTION_ARGS)
{
	static const Direct direct = {{"", "GET", PAGE_LOGIN, show_login}, {0}, {"redir", "redirect_uri", "login"}};

	return answer_direct(fcinfo, &direct);
}

/* arsignup_web.logout_page(app text, redir text, redirect_uri text) returns text, as the domain of pages */
PG_FUNCTION_INFO_V1(arsignup_web_logout_page);
Datum
arsignup_web_logout_page(PG_FUNCTION_ARGS)
{
	static const Direct direct = {{"", "GET", PAGE_LOGOUT, show_logout}, {0}, {"redir", "redirect_uri"}};

	return answer_direct(fcinfo, &direct);
}

/*
 * arsignup_web.signup(app text, redir text, redirect_uri text, first_name text, last_name text,
 * org_name text, username text, email text, password arsignup.secret,
 * password_confirmation arsignup.secret, email_confirmation text, idempotency_key text) returns bytea, as the domain of any media type
 */
PG_FUNCTION_INFO_V1(arsignup_web_signup);
Datum
arsignup_web_signup(PG_FUNCTION_ARGS)
{
	static const Direct direct = {{"", "POST", PAGE_SIGNUP, post_signup},
		{"", "POST", API_SIGNUP, rocket_signup},
		{"redir", "redirect_uri", "first_name", "last_name", "org_name", "username", "email",
		"password", "password_confirmation", "email_confirmation", IDEMPOTENCY_FIELD}};

	return answer_direct(fcinfo, &direct);
}

/*
 * arsignup_web.login(app text, redir text, redirect_uri text, login text,
 * password arsignup.secret, choice text, username text, email text, idempotency_key text) returns bytea,
 * as the domain of any media type
 */
PG_FUNCTION_INFO_V1(arsignup_web_login);
Datum
arsignup_web_login(PG_FUNCTION_ARGS)
{
	static const Direct direct = {{"", "POST", PAGE_LOGIN, post_login},
		{"", "POST", API_LOGIN, rocket_login},
		{"redir", "redirect_uri", "login", "password", "choice", "username", "email", IDEMPOTENCY_FIELD}};

	return answer_direct(fcinfo, &direct);
}

/*
 * arsignup_web.logout(app text, redir text, redirect_uri text, token arsignup.secret) returns bytea,
 * as the domain of any media type
 */
PG_FUNCTION_INFO_V1(arsignup_web_logout);
Datum
arsignup_web_logout(PG_FUNCTION_ARGS)
{
	static const Direct direct = {{"", "POST", PAGE_LOGOUT, post_logout},
		{"", "POST", API_LOGOUT, rocket_logout},
		{"redir", "redirect_uri", "token"}};

	return answer_direct(fcinfo, &direct);
}

/* arsignup_web.stylesheet() returns text, as the domain of stylesheets */
PG_FUNCTION_INFO_V1(arsignup_web_stylesheet);
Datum
arsignup_web_stylesheet(PG_FUNCTION_ARGS)
{
	PG_RETURN_TEXT_P(cstring_to_text(stylesheet_text));
}
