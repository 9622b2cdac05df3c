/*
 * The hosted pages: what each does when it is asked for, and when its form is
 * sent. They call what every caller may call, and know nothing that a caller
 * could not know.
 */
#include "web/pages.h"

#include "base/token.h"
#include "password/password.h"
#include "web/people.h"

/* ---------- what handlers share ---------- */

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
	answer_message(exchange, 403, heading, CLOSED_SENTENCE);
}

/* Give the browser what brings it back to a session, if that can be, in the place of what it had. */
static void
remember(Exchange *exchange, const pg_uuid_t *session_id)
{
	static Statement remember_session = STATEMENT("SELECT arsignup.remember_session($1, $2, $3)");
	Parameters	parameters = {0};
	Outcome		outcome;

	if (session_id == NULL)
		return;
	add_uuid(&parameters, &exchange->app.realm_id);
	add_uuid(&parameters, session_id);
	add_secret(&parameters, exchange->scope, exchange_cookie(exchange));
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

/* Answer that a mail is on its way, or will be. */
static void
answer_mailed(Exchange *exchange, const char *text)
{
	page_add_link(&exchange->page, NULL, "Back to the login", exchange_url(exchange, PAGE_LOGIN));
	answer_message(exchange, 200, "Look into your mail", text);
}

/* Tell whether a signup was refused since somebody has this email for good. */
static bool
email_is_taken(const Outcome *outcome)
{
	ListCell   *cell;

	foreach(cell, outcome->faults)
		if (strcmp(((CallFault *) lfirst(cell))->attribute, "email") == 0)
			return outcome->sqlstate == ERRCODE_ARSIGNUP_TAKEN && outcome->retry_after == 0;
	return false;
}

/* Answer a signup that was refused; whose email it is may log in. */
static void
refuse_signup(Exchange *exchange, const Outcome *outcome)
{
	const char *email = typed(exchange, "email");

	if (email != NULL && email_is_taken(outcome) && exchange->app.logins_enabled)
		exchange->page.remedy = (PageLink) {"Is it yours?", "Log in with this email", exchange_login_url(exchange, email)};
	answer_outcome(exchange, outcome);
}

/* POST /signup */
void
post_signup(Exchange *exchange)
{
	SignedUp	result;
	Outcome		outcome;

	if (answer_faults(exchange))
		return;
	sign_up(exchange, &result, &outcome);
	if (outcome.sqlstate != 0)
		refuse_signup(exchange, &outcome);
	else if (result.email_comes_first)
		answer_mailed(exchange, EMAIL_COMES_FIRST_SENTENCE);
	else
	{
		const char *url = exchange_target(exchange, result.url, result.token, !result.is_signup_token);

		remember(exchange, result.session_id);
		answer_redirect(exchange, url);
	}
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

	if (cookie.data == NULL)
		return false;
	add_uuid(&parameters, &exchange->app.id);
	add_secret(&parameters, exchange->scope, cookie);
	web_call(&call_login_again, &parameters, &outcome);
	if (outcome.sqlstate != 0 || !column_bool(1))
		return false;
	answer_redirect(exchange, exchange_target(exchange, column_text(3), column_text(2), false));
	return true;
}

/* Answer that logins are switched off; false if they are not. */
static bool
answer_no_logins(Exchange *exchange)
{
	if (exchange->app.logins_enabled)
		return false;
	answer_closed(exchange, "Logging in is closed");
	return true;
}

/* GET /login */
void
show_login(Exchange *exchange)
{
	if (!answer_no_logins(exchange) && !log_in_again(exchange))
		answer_form(exchange, 200);
}

/*
 * Answer somebody whose email is not verified yet. The mail is sent again only
 * to who has just given the password, so that nobody has others mailed.
 */
static void
answer_unverified(Exchange *exchange, const pg_uuid_t *user_id)
{
	static Statement request = STATEMENT(
		"SELECT arsignup.request_email_verification(realm_id => $1, user_id => $2, ip => $3, client => $4)");
	Parameters	parameters = {0};
	Outcome		outcome;

	if (typed(exchange, "choice") == NULL)
	{
		exchange->page.trouble = "Confirm your email first";
		exchange->page.choice = "Send the email again";
		page_add_fault(&exchange->page, NULL,
					   VERIFY_FIRST_SENTENCE);
		answer_form(exchange, 403);
		return;
	}
	add_uuid(&parameters, &exchange->app.realm_id);
	add_uuid(&parameters, user_id);
	add_source(&parameters, exchange);
	web_call(&request, &parameters, &outcome);
	page_set_value(&exchange->page, "choice", (Span) {NULL, 0});
	if (outcome.sqlstate != 0)
		answer_outcome(exchange, &outcome);
	else
		answer_mailed(exchange, "An email with a link is on its way: follow it, and then log in.");
}

/* Answer somebody whose login has failed. */
static void
refuse_login(Exchange *exchange, const LoggedIn *result)
{
	switch (result->refusal)
	{
		case LOGIN_IS_CLOSED:
			answer_closed(exchange, "Logging in is closed");
			break;
		case LOGIN_IS_THROTTLED:
			answer_throttled(exchange, result->retry_after);
			break;
		case LOGIN_NEEDS_VERIFICATION:
			answer_unverified(exchange, result->user_id);
			break;
		default:
			page_set_value(&exchange->page, "choice", (Span) {NULL, 0});
			page_add_fault(&exchange->page, NULL, mismatch_sentence(exchange));
			answer_form(exchange, 422);
	}
}

/* POST /login */
void
post_login(Exchange *exchange)
{
	LoggedIn	result;
	Outcome		outcome;

	require(exchange, "login");
	require(exchange, "password");
	if (answer_faults(exchange))
		return;
	log_in(exchange, typed(exchange, "login"), &result, &outcome);
	if (outcome.sqlstate != 0)
		answer_outcome(exchange, &outcome);
	else if (result.refusal != LOGIN_IS_GOOD)
		refuse_login(exchange, &result);
	else
	{
		const char *url = exchange_target(exchange, result.url, result.token, false);

		remember(exchange, result.session_id);
		answer_redirect(exchange, url);
	}
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
	if (!answer_no_logins(exchange))
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

	if (answer_no_logins(exchange))
		return;
	require(exchange, "login");
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
	answer_mailed(exchange,
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

/* Tell whether a link can be one that was mailed to somebody of this app's realm. */
static bool
has_mailed_token(const Exchange *exchange, const char *prefix)
{
	uint8_t		realm_id[UUID_SIZE];
	uint8_t		digest[TOKEN_DIGEST_SIZE];

	return token_parse(prefix, page_value(&exchange->page, "token"), realm_id, digest) &&
		memcmp(realm_id, exchange->app.realm_id.data, UUID_SIZE) == 0;
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
	const WebPage *page = &exchange->page;

	if (exchange->app.rules.password_is_asked_twice &&
		!password_is_repeated(exchange->scope, page_value(page, "password"), page_value(page, "password_confirmation")))
		page_add_fault(&exchange->page, "password_confirmation",
					   "Password confirmation does not match the password.");
}

/* POST /reset */
void
post_reset(Exchange *exchange)
{
	static Statement reset_password = STATEMENT(
		"SELECT arsignup.reset_password(token => $1, password => $2, ip => $3, client => $4) IS NOT NULL");
	Parameters	parameters = {0};
	Outcome		outcome;

	require(exchange, "password");
	check_confirmation(exchange);
	if (answer_faults(exchange))
		return;
	if (!has_mailed_token(exchange, PASSWORD_RESET_PREFIX))
	{
		answer_stale_link(exchange, PAGE_FORGOT, "Ask for another");
		return;
	}
	add_typed_secret(&parameters, exchange, "token");
	add_typed_secret(&parameters, exchange, "password");
	add_source(&parameters, exchange);
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
	if (!has_mailed_token(exchange, EMAIL_VERIFICATION_PREFIX))
	{
		answer_stale_link(exchange, PAGE_LOGIN, "Back to the login");
		return;
	}
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
