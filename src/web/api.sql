-- What anonymous callers may run through PostgREST.

CREATE OR REPLACE FUNCTION arsignup_web.handle(bytea)
RETURNS arsignup_web."*/*"
LANGUAGE c VOLATILE SECURITY DEFINER
SET search_path = pg_catalog, pg_temp
AS 'MODULE_PATHNAME', 'arsignup_web_handle';

COMMENT ON FUNCTION arsignup_web.handle(bytea) IS
'Answers any request that nginx passes on through PostgREST: the argument is the body, the rest is in the settings request.headers and request.cookies; status and headers go into response.status and response.headers. What a person can do wrong is an answer, not an error.';

CREATE OR REPLACE FUNCTION arsignup_web.stylesheet()
RETURNS arsignup_web."text/css"
LANGUAGE c STABLE SECURITY DEFINER
SET search_path = pg_catalog, pg_temp
AS 'MODULE_PATHNAME', 'arsignup_web_stylesheet';

COMMENT ON FUNCTION arsignup_web.stylesheet() IS
'Returns the stylesheet of the pages, where PostgREST stands alone.';
