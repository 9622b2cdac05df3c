-- What anonymous callers may run through PostgREST.

CREATE OR REPLACE FUNCTION arsignup_web.handle(bytea)
RETURNS arsignup_web."*/*"
LANGUAGE c VOLATILE
AS 'MODULE_PATHNAME', 'arsignup_web_handle';

COMMENT ON FUNCTION arsignup_web.handle(bytea) IS
'Answers any request that nginx passes on through PostgREST: the argument is the body, the rest is in the settings request.headers and request.cookies; status and headers go into response.status and response.headers. What a person can do wrong is an answer, not an error.';

CREATE OR REPLACE FUNCTION arsignup_web.signup_page(
	app text,
	redir text DEFAULT NULL,
	redirect_uri text DEFAULT NULL
)
RETURNS arsignup_web."text/html"
LANGUAGE c STABLE
AS 'MODULE_PATHNAME', 'arsignup_web_signup_page';

COMMENT ON FUNCTION arsignup_web.signup_page(text, text, text) IS
'The signup page of an app, by its slug, for GET at PostgREST alone. redir: a path that the app gets back; redirect_uri: where to go instead of the handler, if the app permits it.';

CREATE OR REPLACE FUNCTION arsignup_web.login_page(
	app text,
	redir text DEFAULT NULL,
	redirect_uri text DEFAULT NULL,
	login text DEFAULT NULL
)
RETURNS arsignup_web."text/html"
LANGUAGE c STABLE
AS 'MODULE_PATHNAME', 'arsignup_web_login_page';

COMMENT ON FUNCTION arsignup_web.login_page(text, text, text, text) IS
'The login page of an app, by its slug, for GET at PostgREST alone. login: what is typed in already. Where single sign-on is seamless, a browser whose session is live is sent on at once.';

CREATE OR REPLACE FUNCTION arsignup_web.logout_page(
	app text,
	redir text DEFAULT NULL,
	redirect_uri text DEFAULT NULL
)
RETURNS arsignup_web."text/html"
LANGUAGE c STABLE
AS 'MODULE_PATHNAME', 'arsignup_web_logout_page';

COMMENT ON FUNCTION arsignup_web.logout_page(text, text, text) IS
'The page of an app that asks whether to log out, for GET at PostgREST alone.';

CREATE OR REPLACE FUNCTION arsignup_web.signup(
	app text,
	redir text DEFAULT NULL,
	redirect_uri text DEFAULT NULL,
	first_name text DEFAULT NULL,
	last_name text DEFAULT NULL,
	org_name text DEFAULT NULL,
	username text DEFAULT NULL,
	email text DEFAULT NULL,
	password arsignup.secret DEFAULT NULL,
	password_confirmation arsignup.secret DEFAULT NULL,
	email_confirmation text DEFAULT NULL,
	idempotency_key text DEFAULT NULL
)
RETURNS arsignup_web."*/*"
LANGUAGE c VOLATILE
AS 'MODULE_PATHNAME', 'arsignup_web_signup';

COMMENT ON FUNCTION arsignup_web.signup(text, text, text, text, text, text, text, text, arsignup.secret, arsignup.secret, text, text) IS
'Signs a person up, for POST at PostgREST alone. The form of signup_page: 303 to the app, or the page again with what is wrong; idempotency_key is what it is known by when it is sent twice. JSON: {"token", "url"}, or {"error", "errors"}, as the LoginRocket API has it; redir and redirect_uri are not for it.';

CREATE OR REPLACE FUNCTION arsignup_web.login(
	app text,
	redir text DEFAULT NULL,
	redirect_uri text DEFAULT NULL,
	login text DEFAULT NULL,
	password arsignup.secret DEFAULT NULL,
	choice text DEFAULT NULL,
	username text DEFAULT NULL,
	email text DEFAULT NULL,
	idempotency_key text DEFAULT NULL
)
RETURNS arsignup_web."*/*"
LANGUAGE c VOLATILE
AS 'MODULE_PATHNAME', 'arsignup_web_login';

COMMENT ON FUNCTION arsignup_web.login(text, text, text, text, arsignup.secret, text, text, text, text) IS
'Logs a person in, for POST at PostgREST alone. The form of login_page, which has the fields login and idempotency_key: 303 to the app, or the page again. JSON, with username or email: {"token", "url"}, or {"error"}, as the LoginRocket API has it.';

CREATE OR REPLACE FUNCTION arsignup_web.logout(
	app text,
	redir text DEFAULT NULL,
	redirect_uri text DEFAULT NULL,
	token arsignup.secret DEFAULT NULL
)
RETURNS arsignup_web."*/*"
LANGUAGE c VOLATILE
AS 'MODULE_PATHNAME', 'arsignup_web_logout';

COMMENT ON FUNCTION arsignup_web.logout(text, text, text, arsignup.secret) IS
'Logs out, for POST at PostgREST alone. The form of logout_page: ends the browser''s session, and 303 to a permitted redirect_uri or the login page. JSON, with a login token: ends its session, and {}, or {"error"}.';

CREATE OR REPLACE FUNCTION arsignup_web.stylesheet()
RETURNS arsignup_web."text/css"
LANGUAGE c STABLE SECURITY DEFINER
SET search_path = pg_catalog, pg_temp
AS 'MODULE_PATHNAME', 'arsignup_web_stylesheet';

COMMENT ON FUNCTION arsignup_web.stylesheet() IS
'Returns the stylesheet of the pages, where PostgREST stands alone.';
