/*
 * Answers: pages, redirects, and what becomes of an error.
 */
#include "web/exchange.h"

#include "lib/stringinfo.h"
#include "realm/url.h"
#include "web/people.h"

/* ---------- headers ---------- */

/* Append the origin of a URL to a directive. */
static void
append_origin(StringInfo policy, const char *url)
{
	Span		origin = url_origin((Span) {url, strlen(url)});

	appendStringInfo(policy, " %.*s", (int) origin.size, origin.data);
}

/* Append the origin of a URL on this machine, where no TLS is asked for, unless it is there already. */
static void
append_loopback(StringInfo policy, const char *url)
{
	int			length = policy->len;
	char	   *found;

	if (strncmp(url, "http:", 5) != 0)
		return;
	append_origin(policy, url);
	found = strstr(policy->data, policy->data + length);
	if (found < policy->data + length && found[policy->len - length] == ' ')
		policy->data[policy->len = length] = '\0';
}

/* Append the origins on this machine to which an app's forms lead. */
static void
append_loopbacks(StringInfo policy, const HostedApp *app)
{
	append_loopback(policy, app->login_handler);
	append_loopback(policy, app->signup_handler);
	for (int i = 0; i < app->redirect_uri_count; i++)
		append_loopback(policy, app->redirect_uris[i]);
}

/*
 * Write the Content-Security-Policy. Browsers hold form-action against every
 * redirect that follows a form, the app's own ones included: to name the
 * handlers would break apps that redirect on.
 */
static const char *
content_policy(const Exchange *exchange)
{
	const char *css = exchange->page.external_css;
	StringInfoData policy;

	initStringInfo(&policy);
	appendStringInfoString(&policy, "default-src 'none'; base-uri 'none'; frame-ancestors 'none'; style-src 'self'");
	if (css != NULL)
		append_origin(&policy, css);
	appendStringInfoString(&policy, "; font-src 'self'");
	if (css != NULL)
		append_origin(&policy, css);
	appendStringInfoString(&policy, "; img-src 'self' https: data:; form-action 'self' https:");
	if (exchange->has_app)
		append_loopbacks(&policy, &exchange->app);
	return policy.data;
}

/* Add the headers that all pages have. */
static void
add_page_headers(Exchange *exchange)
{
	Response   *response = &exchange->response;

	response_header(response, "Content-Type", "text/html; charset=utf-8");
	response_header(response, "Content-Security-Policy", content_policy(exchange));
	response_header(response, "X-Content-Type-Options", "nosniff");
	response_header(response, "X-Frame-Options", "DENY");
	response_header(response, "Cross-Origin-Opener-Policy", "same-origin");
	response_header(response, "Referrer-Policy", "no-referrer");
	response_header(response, "Cache-Control", "no-store");
}

/* ---------- pages ---------- */

/* Answer with the page as it has been prepared. */
void
answer_page(Exchange *exchange, int status)
{
	WebPage    *page = &exchange->page;

	page->stylesheet = exchange->is_direct ? "stylesheet" : "/static/arsignup.css";
	if (exchange->has_app)
	{
		page->app_name = exchange->app.name;
		page->header_html = exchange->app.header_html;
		page->footer_html = exchange->app.footer_html;
		page->external_css = exchange->app.external_css;
	}
	exchange->response.status = status;
	add_page_headers(exchange);
	page_write(page, &exchange->response.body);
}

/* Answer with a page that has no form. */
void
answer_message(Exchange *exchange, int status, const char *heading, const char *text)
{
	exchange->page.heading = heading;
	exchange->page.text = text;
	exchange->page.action = NULL;
	exchange->page.fault_count = 0;
	answer_page(exchange, status);
}

/* What stands around the fields of a form. */
typedef struct FormText
{
	const char *heading;
	const char *text;
	const char *button;
} FormText;

static const FormText form_texts[] = {
	[PAGE_SIGNUP] = {"Sign up", NULL, "Sign up"},
	[PAGE_LOGIN] = {"Log in", NULL, "Log in"},
	[PAGE_LOGOUT] = {"Log out", "Do you want to log out?", "Log out"},
	[PAGE_FORGOT] = {"Forgot your password?",
	"Say who you are. If you have an account, you will get an email with a link to set a new password.", "Send the email"},
	[PAGE_RESET] = {"Set a new password", "You will be logged out everywhere.", "Set password"},
	[PAGE_VERIFY] = {"Confirm your email", "One click, and we know that this is your email.", "Confirm"}
};

/* Add the ways that lead from one form to another. */
static void
add_links(Exchange *exchange)
{
	const HostedApp *app = &exchange->app;
	WebPage    *page = &exchange->page;

	if (exchange->kind == PAGE_LOGIN && !exchange->is_direct)
		page_add_link(page, NULL, "Forgot your password?", exchange_url(exchange, PAGE_FORGOT));
	if (exchange->kind == PAGE_LOGIN && app->signups_enabled)
		page_add_link(page, "No account yet?", "Sign up", exchange_url(exchange, PAGE_SIGNUP));
	if (exchange->kind == PAGE_SIGNUP && app->logins_enabled)
		page_add_link(page, "Have an account already?", "Log in", exchange_url(exchange, PAGE_LOGIN));
	if (exchange->kind == PAGE_FORGOT || exchange->kind == PAGE_LOGOUT)
		page_add_link(page, NULL, "Back to the login", exchange_url(exchange, PAGE_LOGIN));
}

/* Answer with the form that was asked for, or sent. */
void
answer_form(Exchange *exchange, int status)
{
	static const char *const functions[] = {"signup", "login", "logout"};
	const FormText *texts = &form_texts[exchange->kind];
	WebPage    *page = &exchange->page;

	page->heading = texts->heading;
	if (page->text == NULL)
		page->text = texts->text;
	page->button = texts->button;
	if (page_has(page, IDEMPOTENCY_FIELD) && page_value(page, IDEMPOTENCY_FIELD).size == 0)
		page_set_value(page, IDEMPOTENCY_FIELD, exchange_form_key(exchange));
	page->action = exchange->is_direct ? functions[exchange->kind] : exchange_path(exchange, exchange->kind);
	add_links(exchange);
	answer_page(exchange, status);
}

/* Send the browser elsewhere. */
void
answer_redirect(Exchange *exchange, const char *url)
{
	exchange->response.status = 303;
	add_page_headers(exchange);
	response_header(&exchange->response, "Location", url);
}

/* ---------- errors ---------- */

/* Answer with the form again, and say when to come back. */
static void
answer_retry(Exchange *exchange, int status, int seconds, const char *sentence)
{
	response_header(&exchange->response, "Retry-After", psprintf("%d", seconds));
	exchange->page.trouble = "Not just now";
	page_add_fault(&exchange->page, NULL, sentence);
	answer_form(exchange, status);
}

/* Answer with the form again: the server was too busy to look at it. */
void
answer_busy(Exchange *exchange, int status)
{
	answer_retry(exchange, status, RETRY_SECONDS, BUSY_SENTENCE);
}

/* Say how long to wait, as people do. */
const char *
throttled_sentence(int seconds)
{
	int			minutes = (seconds + SECS_PER_MINUTE - 1) / SECS_PER_MINUTE;

	if (minutes <= 1)
		return "Too many attempts. Please try again in a minute.";
	if (minutes > 2 * MINS_PER_HOUR)
		return psprintf("Too many attempts. Please try again in %d hours.", (minutes + MINS_PER_HOUR - 1) / MINS_PER_HOUR);
	return psprintf("Too many attempts. Please try again in %d minutes.", minutes);
}

/* Answer somebody who was throttled. */
void
answer_throttled(Exchange *exchange, int seconds)
{
	answer_retry(exchange, 429, seconds, throttled_sentence(seconds));
}

/* Answer that we are at fault, in the words of the proxy's own page. */
static void
answer_failure(Exchange *exchange)
{
	answer_message(exchange, 500, "Something went wrong", "The mistake is ours. Please go back and try again;"
				   " if it happens again, tell the people who run this site.");
}

/* Answer what a call has refused. */
void
answer_outcome(Exchange *exchange, const Outcome *outcome)
{
	switch (outcome->sqlstate)
	{
		case ERRCODE_ARSIGNUP_INVALID:
		case ERRCODE_ARSIGNUP_TAKEN:
			add_call_faults(&exchange->page, outcome);
			answer_form(exchange, 422);
			break;
		case ERRCODE_ARSIGNUP_SWITCHED_OFF:
			answer_message(exchange, 403, "Not open just now", CLOSED_SENTENCE);
			break;
		case ERRCODE_ARSIGNUP_NOT_FOUND:
			answer_message(exchange, 404, "Page not found", "Nothing is here. Is the address right?");
			break;
		case ERRCODE_ARSIGNUP_THROTTLED:
			answer_throttled(exchange, outcome->retry_after);
			break;
		default:
			if (is_passing(outcome->sqlstate))
				answer_busy(exchange, 503);
			else if (is_rule(outcome->sqlstate))
			{
				page_add_fault(&exchange->page, NULL, REFUSED_SENTENCE);
				answer_form(exchange, 422);
			}
			else
				answer_failure(exchange);
	}
}
