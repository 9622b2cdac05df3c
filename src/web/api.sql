-- What anonymous callers may run through PostgREST.

CREATE OR REPLACE FUNCTION arsignup_web.handle(bytea)
RETURNS arsignup_web."*/*"
LANGUAGE c VOLATILE SECURITY DEFINER
SET search_path = pg_catalog, pg_temp
AS 'MODULE_PATHNAME', 'arsignup_web_handle';

COMMENT ON FUNCTION arsignup_web.handle(bytea) IS
'Answers any request that nginx passes on through PostgREST: the argument is the body, the rest is in the settings request.headers and request.cookies; status and headers go into response.status and response.headers. What a person can do wrong is an answer, not an error.';

CREATE OR REPLACE FUNCTION arsignup_web.signup_page(
	app text,
	redir text DEFAULT NULL,
	redirect_uri text DEFAULT NULL
)
RETURNS arsignup_web."text/html"
LANGUAGE c STABLE SECURITY DEFINER
SET search_path = pg_catalog, pg_temp
AS 'MODULE_PATHNAME', 'arsignup_web_signup_page';

COMMENT ON FUNCTION arsignup_web.signup_page(text, text, text) IS
'The signup page of an app, by its slug, for GET at PostgREST alone. redir: a path that the app gets back; redirect_uri: where to go instead of the handler, if the app permits it.';

CREATE OR REPLACE FUNCTION arsignup_web.login_page(
	app text,
	redir text DEFAULT NULL,
	redirect_uri text DEFAULT NULL
)
RETURNS arsignup_web."text/html"
LANGUAGE c STABLE SECURITY DEFINER
SET search_path = pg_catalog, pg_temp
AS 'MODULE_PATHNAME', 'arsignup_web_login_page';

COMMENT ON FUNCTION arsignup_web.login_page(text, text, text) IS
'The login page of an app, by its slug, for GET at PostgREST alone. Where single sign-on is seamless, a browser whose session is live is sent on at once.';

CREATE OR REPLACE FUNCTION arsignup_web.logout_page(
	app text,
	redir text DEFAULT NULL,
	redirect_uri text DEFAULT NULL
)
RETURNS arsignup_web."text/html"
LANGUAGE c STABLE SECURITY DEFINER
SET search_path = pg_catalog, pg_temp
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
	password_confirmation arsignup.secret DEFAULT NULL
)
RETURNS arsignup_web."*/*"
LANGUAGE c VOLATILE SECURITY DEFINER
SET search_path = pg_catalog, pg_temp
AS 'MODULE_PATHNAME', 'arsignup_web_signup';

COMMENT ON FUNCTION arsignup_web.signup(text, text, text, text, text, text, text, text, arsignup.secret, arsignup.secret) IS
'Takes the form of signup_page, for POST at PostgREST alone: 303 to the app, or the page again with what is wrong.';

CREATE OR REPLACE FUNCTION arsignup_web.login(
	app text,
	redir text DEFAULT NULL,
	redirect_uri text DEFAULT NULL,
	login text DEFAULT NULL,
	password arsignup.secret DEFAULT NULL
)
RETURNS arsignup_web."*/*"
LANGUAGE c VOLATILE SECURITY DEFINER
SET search_path = pg_catalog, pg_temp
AS 'MODULE_PATHNAME', 'arsignup_web_login';

COMMENT ON FUNCTION arsignup_web.login(text, text, text, text, arsignup.secret) IS
'Takes the form of login_page, for POST at PostgREST alone: 303 to the app, or the page again.';

CREATE OR REPLACE FUNCTION arsignup_web.logout(
	app text,
	redir text DEFAULT NULL,
	redirect_uri text DEFAULT NULL
)
RETURNS arsignup_web."*/*"
LANGUAGE c VOLATILE SECURITY DEFINER
SET search_path = pg_catalog, pg_temp
AS 'MODULE_PATHNAME', 'arsignup_web_logout';

COMMENT ON FUNCTION arsignup_web.logout(text, text, text) IS
'Takes the form of logout_page, for POST at PostgREST alone: ends the browser''s session, and 303 to a permitted redirect_uri or the login page.';

CREATE OR REPLACE FUNCTION arsignup_web.stylesheet()
RETURNS arsignup_web."text/css"
LANGUAGE c STABLE SECURITY DEFINER
SET search_path = pg_catalog, pg_temp
AS 'MODULE_PATHNAME', 'arsignup_web_stylesheet';

COMMENT ON FUNCTION arsignup_web.stylesheet() IS
'Returns the stylesheet of the pages, where PostgREST stands alone.';
