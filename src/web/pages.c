/*
 * The hosted pages: what each does when it is asked for, and when its form is
 * sent. They call what every caller may call, and know nothing that a caller
 * could not know.
 */
#include "web/pages.h"

#include "catalog/pg_type.h"
#include "utils/builtins.h"

/* ---------- what handlers share ---------- */

/* Return what was typed in a field, or NULL. */
static const char *
typed(const Exchange *exchange, const char *name)
{
	return page_value(&exchange->page, name).data;
}

/* Add what was typed in a field as a secret. */
static void
add_typed_secret(Parameters *parameters, const Exchange *exchange, const char *name)
{
	add_secret(parameters, exchange->scope, page_value(&exchange->page, name));
}

/* Add where the person is, and with what. */
static void
add_source(Parameters *parameters, const Exchange *exchange)
{
	add_pointer(parameters, INETOID, exchange->address);
	add_text(parameters, exchange->request.client.data);
}

/* Note that a field was left empty. */
static void
require(Exchange *exchange, const char *name, const char *sentence)
{
	if (page_value(&exchange->page, name).size == 0)
		page_add_fault(&exchange->page, name, sentence);
}

/* Answer with the form again if anything is wrong with it so far. */
static bool
answer_faults(Exchange *exchange)
{
	page_check(&exchange->page);
	if (exchange->page.fault_count == 0)
		return false;
	answer_form(exchange, 422);
	return true;
}

/* Answer that something has been switched off. */
static void
answer_closed(Exchange *exchange, const char *heading)
{
	answer_message(exchange, 403, heading, "This has been switched off by those who run the application.");
}

/* Give the browser what brings it back to a session, if that can be. */
static void
remember(Exchange *exchange, const pg_uuid_t *session_id)
{
	static Statement remember_session = STATEMENT("SELECT arsignup.remember_session($1, $2)");
	Parameters	parameters = {0};
	Outcome		outcome;

	if (session_id == NULL)
		return;
	add_uuid(&parameters, &exchange->app.realm_id);
	add_uuid(&parameters, session_id);
	web_call(&remember_session, &parameters, &outcome);
	if (outcome.sqlstate == 0 && !column_is_null(1))
		exchange_set_cookie(exchange, column_text(1));
}

/* ---------- signing up ---------- */

/* GET /signup */
void
show_signup(Exchange *exchange)
{
	if (!exchange->app.signups_enabled)
		answer_closed(exchange, "Signing up is closed");
	else
		answer_form(exchange, 200);
}

/* Send a person on who has signed up. */
static void
finish_signup(Exchange *exchange)
{
	bool		is_token = column_bool(1);
	pg_uuid_t  *session_id = column_uuid(2);
	const char *url = exchange_target(exchange, column_text(4), column_text(3), !is_token);

	remember(exchange, session_id);
	answer_redirect(exchange, url);
}

/* POST /signup */
void
post_signup(Exchange *exchange)
{
	static Statement call_signup = STATEMENT(
		"SELECT s.signup_mode = 'signup_token', s.session_id, s.token, s.url"
		" FROM arsignup.signup(connected_app_id => $1, email => $2, password => $3, username => $4,"
		" password_confirmation => $5, first_name => $6, last_name => $7, org_name => $8,"
		" ip => $9, client => $10) s");
	Parameters	parameters = {0};
	Outcome		outcome;

	if (answer_faults(exchange))
		return;
	add_uuid(&parameters, &exchange->app.id);
	add_text(&parameters, typed(exchange, "email"));
	add_typed_secret(&parameters, exchange, "password");
	add_text(&parameters, typed(exchange, "username"));
	add_typed_secret(&parameters, exchange, "password_confirmation");
	add_text(&parameters, typed(exchange, "first_name"));
	add_text(&parameters, typed(exchange, "last_name"));
	add_text(&parameters, typed(exchange, "org_name"));
	add_source(&parameters, exchange);
	web_call(&call_signup, &parameters, &outcome);
	if (outcome.sqlstate == 0)
		finish_signup(exchange);
	else
		answer_outcome(exchange, &outcome);
}

/* ---------- logging in ---------- */

/* Forward a browser whose session is live, where apps share sessions; false if it has none. */
static bool
log_in_again(Exchange *exchange)
{
	static Statement call_login_again = STATEMENT(
		"SELECT l.ok, l.token, l.url FROM arsignup.login_again($1, $2) l");
	Parameters	parameters = {0};
	Span		cookie = exchange_cookie(exchange);
	Outcome		outcome;

	if (!exchange->app.sso_is_seamless || cookie.data == NULL)
		return false;
	add_uuid(&parameters, &exchange->app.id);
	add_secret(&parameters, exchange->scope, cookie);
	web_call(&call_login_again, &parameters, &outcome);
	if (outcome.sqlstate != 0 || !column_bool(1))
		return false;
	answer_redirect(exchange, exchange_target(exchange, column_text(3), column_text(2), false));
	return true;
}

/* GET /login */
void
show_login(Exchange *exchange)
{
	if (!exchange->app.logins_enabled)
		answer_closed(exchange, "Logging in is closed");
	else if (!log_in_again(exchange))
		answer_form(exchange, 200);
}

/* Send a person on who has logged in. */
static void
finish_login(Exchange *exchange)
{
	pg_uuid_t  *session_id = column_uuid(4);
	const char *url = exchange_target(exchange, column_text(6), column_text(5), false);

	remember(exchange, session_id);
	answer_redirect(exchange, url);
}

/* Answer somebody whose login has failed. */
static void
refuse_login(Exchange *exchange)
{
	const char *reason = column_text(2);

	if (strcmp(reason, "disabled") == 0)
		answer_closed(exchange, "Logging in is closed");
	else if (strcmp(reason, "throttled") == 0)
		answer_throttled(exchange, column_int(7));
	else
	{
		page_add_fault(&exchange->page, NULL, exchange->app.rules.usernames_are_emails ?
					   "Email and password do not match." : "Username and password do not match.");
		answer_form(exchange, 422);
	}
}

/* POST /login */
void
post_login(Exchange *exchange)
{
	static Statement call_login = STATEMENT(
		"SELECT l.ok, l.reason, l.user_id, l.session_id, l.token, l.url, l.retry_after"
		" FROM arsignup.login(connected_app_id => $1, login => $2, password => $3, ip => $4, client => $5) l");
	Parameters	parameters = {0};
	Outcome		outcome;

	require(exchange, "login", exchange->app.rules.usernames_are_emails ?
			"Email can't be blank." : "Username can't be blank.");
	require(exchange, "password", "Password can't be blank.");
	if (answer_faults(exchange))
		return;
	add_uuid(&parameters, &exchange->app.id);
	add_text(&parameters, typed(exchange, "login"));
	add_typed_secret(&parameters, exchange, "password");
	add_source(&parameters, exchange);
	web_call(&call_login, &parameters, &outcome);
	if (outcome.sqlstate != 0)
		answer_outcome(exchange, &outcome);
	else if (column_bool(1))
		finish_login(exchange);
	else
		refuse_login(exchange);
}

/* ---------- logging out ---------- */

/* GET /logout */
void
show_logout(Exchange *exchange)
{
	answer_form(exchange, 200);
}

/* POST /logout */
void
post_logout(Exchange *exchange)
{
	static Statement end_session = STATEMENT("SELECT arsignup.end_browser_session($1, $2)");
	Parameters	parameters = {0};
	Outcome		outcome = {0};
	Span		cookie = exchange_cookie(exchange);
	const char *permitted = exchange_permitted(exchange);

	add_uuid(&parameters, &exchange->app.realm_id);
	add_secret(&parameters, exchange->scope, cookie);
	if (cookie.data != NULL)
		web_call(&end_session, &parameters, &outcome);
	if (outcome.sqlstate != 0)
	{
		answer_outcome(exchange, &outcome);
		return;
	}
	exchange_set_cookie(exchange, NULL);
	answer_redirect(exchange, permitted ? permitted : exchange_url(exchange, PAGE_LOGIN));
}

/* ---------- a new password ---------- */

/* GET /forgot */
void
show_forgot(Exchange *exchange)
{
	answer_form(exchange, 200);
}

/* POST /forgot */
void
post_forgot(Exchange *exchange)
{
	static Statement request = STATEMENT(
		"SELECT arsignup.request_password_reset(realm_id => $1, login => $2, ip => $3, client => $4)");
	Parameters	parameters = {0};
	Outcome		outcome;

	require(exchange, "login", exchange->app.rules.usernames_are_emails ?
			"Email can't be blank." : "Username can't be blank.");
	if (answer_faults(exchange))
		return;
	add_uuid(&parameters, &exchange->app.realm_id);
	add_text(&parameters, typed(exchange, "login"));
	add_source(&parameters, exchange);
	web_call(&request, &parameters, &outcome);
	if (outcome.sqlstate != 0)
	{
		answer_outcome(exchange, &outcome);
		return;
	}
	page_add_link(&exchange->page, NULL, "Back to the login", exchange_url(exchange, PAGE_LOGIN));
	answer_message(exchange, 200, "Look into your mail",
				   "If you have an account, an email with a link is on its way. The link is good for a short time only.");
}

/* Answer that a mailed link has no token, or none that is good any more. */
static void
answer_stale_link(Exchange *exchange, PageKind kind, const char *label)
{
	page_add_link(&exchange->page, NULL, label, exchange_url(exchange, kind));
	answer_message(exchange, 422, "This link does not work any more",
				   "It has been used, is too old, or did not come through whole.");
}

/* Answer with the form of a mailed link, if the link has a token. */
static void
show_link_form(Exchange *exchange, PageKind kind, const char *label)
{
	if (page_value(&exchange->page, "token").size == 0)
		answer_stale_link(exchange, kind, label);
	else
		answer_form(exchange, 200);
}

/* GET /reset */
void
show_reset(Exchange *exchange)
{
	show_link_form(exchange, PAGE_FORGOT, "Ask for another");
}

/* Note a confirmation that differs from the password, where one is asked for. */
static void
check_confirmation(Exchange *exchange)
{
	Span		password = page_value(&exchange->page, "password");
	Span		again = page_value(&exchange->page, "password_confirmation");

	if (!exchange->app.rules.password_is_asked_twice)
		return;
	if (again.size != password.size || (again.size > 0 && memcmp(again.data, password.data, again.size) != 0))
		page_add_fault(&exchange->page, "password_confirmation",
					   "Password confirmation does not match the password.");
}

/* POST /reset */
void
post_reset(Exchange *exchange)
{
	static Statement reset_password = STATEMENT(
		"SELECT arsignup.reset_password(token => $1, password => $2) IS NOT NULL");
	Parameters	parameters = {0};
	Outcome		outcome;

	require(exchange, "password", "Password can't be blank.");
	check_confirmation(exchange);
	if (answer_faults(exchange))
		return;
	add_typed_secret(&parameters, exchange, "token");
	add_typed_secret(&parameters, exchange, "password");
	web_call(&reset_password, &parameters, &outcome);
	if (outcome.sqlstate != 0)
	{
		answer_outcome(exchange, &outcome);
		return;
	}
	if (!column_bool(1))
	{
		answer_stale_link(exchange, PAGE_FORGOT, "Ask for another");
		return;
	}
	exchange_set_cookie(exchange, NULL);
	page_add_link(&exchange->page, NULL, "Log in", exchange_url(exchange, PAGE_LOGIN));
	answer_message(exchange, 200, "Your password is set", "Please log in with your new password.");
}

/* ---------- confirming an email ---------- */

/* GET /verify */
void
show_verify(Exchange *exchange)
{
	show_link_form(exchange, PAGE_LOGIN, "Back to the login");
}

/* POST /verify */
void
post_verify(Exchange *exchange)
{
	static Statement verify_email = STATEMENT("SELECT arsignup.verify_email(token => $1) IS NOT NULL");
	Parameters	parameters = {0};
	Outcome		outcome;

	if (answer_faults(exchange))
		return;
	add_typed_secret(&parameters, exchange, "token");
	web_call(&verify_email, &parameters, &outcome);
	if (outcome.sqlstate != 0)
		answer_outcome(exchange, &outcome);
	else if (!column_bool(1))
		answer_stale_link(exchange, PAGE_LOGIN, "Back to the login");
	else
	{
		page_add_link(&exchange->page, NULL, "Log in", exchange_url(exchange, PAGE_LOGIN));
		answer_message(exchange, 200, "Your email is confirmed", "Thank you.");
	}
}

/* ---------- keys ---------- */

/* GET /.well-known/jwks.json */
void
show_keys(Exchange *exchange)
{
	static Statement jwks = STATEMENT("SELECT arsignup.jwks($1)::text");
	Parameters	parameters = {0};
	Response   *response = &exchange->response;

	add_uuid(&parameters, &exchange->app.realm_id);
	(void) statement_run(&jwks, &parameters);
	html_add(&response->body, column_text(1));
	response_header(response, "Content-Type", "application/json");
	response_header(response, "Cache-Control", "public, max-age=300");
	response_header(response, "Access-Control-Allow-Origin", "*");
	response_header(response, "X-Content-Type-Options", "nosniff");
}
