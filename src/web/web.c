/*
 * SQL functions of schema arsignup_web: what PostgREST calls.
 */
#include "arsignup.h"

#include "base/argument.h"
#include "web/pages.h"
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
	{"/.well-known/jwks.json", "GET", PAGE_NONE, show_keys}
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

/* Answer a path that is none, or a method that it has not. */
static void
answer_unrouted(Exchange *exchange, const char *allowed)
{
	if (*allowed == '\0')
	{
		answer_message(exchange, 404, "Page not found", "Nothing is here. Is the address right?");
		return;
	}
	response_header(&exchange->response, "Allow", allowed);
	answer_message(exchange, 405, "That can't be done here", "This address does not take such a request.");
}

/* Read the query for what a page is asked with, as far as it can be read. */
static void
read_query(Exchange *exchange)
{
	char	   *buffer = secret_alloc(exchange->scope, exchange->query.size + 1);

	(void) page_read_form(&exchange->page, exchange->query, buffer);
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

/* Answer a form that is not to be taken; true if there is nothing wrong with it. */
static bool
accept_form(Exchange *exchange)
{
	if (!request_is_own(&exchange->request))
		answer_message(exchange, 403, "Not from there",
					   "This was sent from another site. Open the page itself, and send it from there.");
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

/* Answer a request that is for a route. */
static void
answer_route(Exchange *exchange, const Route *route)
{
	exchange->kind = route->page;
	if (route->page != PAGE_NONE)
	{
		page_set_inputs(&exchange->page, route->page, &exchange->app.rules);
		read_query(exchange);
	}
	if (strcmp(route->method, "POST") != 0 || accept_form(exchange))
		route->answer(exchange);
}

/* Answer a request. */
static void
answer(Exchange *exchange)
{
	char		allowed[METHODS_MAX];
	const Route *route;

	exchange_read(exchange);
	find_app(exchange);
	if (!exchange->has_app)
	{
		answer_unrouted(exchange, "");
		return;
	}
	route = route_find(routes, lengthof(routes), exchange->path, exchange->request.method, allowed);
	if (route == NULL)
		answer_unrouted(exchange, allowed);
	else
		answer_route(exchange, route);
}

/* arsignup_web.handle(bytea) returns bytea, as the domain of any media type */
PG_FUNCTION_INFO_V1(arsignup_web_handle);
Datum
arsignup_web_handle(PG_FUNCTION_ARGS)
{
	SecretScope scope;
	Exchange	exchange = {.scope = &scope};
	MemoryContext caller = CurrentMemoryContext;
	MemoryContext spi;
	bytea	   *body;

	secret_scope_open(&scope);
	spi_open();
	exchange.body = secret_argument(&scope, fcinfo, 0);
	response_begin(&exchange.response);
	answer(&exchange);
	spi = MemoryContextSwitchTo(caller);
	body = response_send(&exchange.response);
	MemoryContextSwitchTo(spi);
	spi_close();
	secret_scope_close(&scope);
	PG_RETURN_BYTEA_P(body);
}

/* ---------- PostgREST alone ---------- */

/* arsignup_web.stylesheet() returns arsignup_web."text/css" */
PG_FUNCTION_INFO_V1(arsignup_web_stylesheet);
Datum
arsignup_web_stylesheet(PG_FUNCTION_ARGS)
{
	PG_RETURN_TEXT_P(cstring_to_text(stylesheet_text));
}
