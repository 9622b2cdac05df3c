-- Checks and triggers of the configuration.

CREATE OR REPLACE FUNCTION arsignup.are_valid_urls(urls text[])
RETURNS boolean
LANGUAGE c IMMUTABLE STRICT PARALLEL SAFE
SET search_path = pg_catalog, pg_temp
AS 'MODULE_PATHNAME', 'arsignup_are_valid_urls';

CREATE OR REPLACE FUNCTION arsignup.are_valid_origins(origins text[])
RETURNS boolean
LANGUAGE c IMMUTABLE STRICT PARALLEL SAFE
SET search_path = pg_catalog, pg_temp
AS 'MODULE_PATHNAME', 'arsignup_are_valid_origins';

CREATE OR REPLACE FUNCTION arsignup.are_valid_hosts(hosts text[])
RETURNS boolean
LANGUAGE c IMMUTABLE STRICT PARALLEL SAFE
SET search_path = pg_catalog, pg_temp
AS 'MODULE_PATHNAME', 'arsignup_are_valid_hosts';

CREATE OR REPLACE FUNCTION arsignup.are_valid_permissions(permissions text[])
RETURNS boolean
LANGUAGE c IMMUTABLE STRICT PARALLEL SAFE
SET search_path = pg_catalog, pg_temp
AS 'MODULE_PATHNAME', 'arsignup_are_valid_permissions';

CREATE OR REPLACE FUNCTION arsignup.guard_slug()
RETURNS trigger
LANGUAGE c
SET search_path = pg_catalog, pg_temp
AS 'MODULE_PATHNAME', 'arsignup_guard_slug';

CREATE OR REPLACE FUNCTION arsignup.route_slug()
RETURNS trigger
LANGUAGE c
SET search_path = pg_catalog, pg_temp
AS 'MODULE_PATHNAME', 'arsignup_route_slug';

COMMENT ON FUNCTION arsignup.are_valid_urls(text[]) IS 'Tells whether all URLs may be registered: absolute, https, or http on a loopback host; no userinfo, backslash, control or non-ASCII character. Nulls pass.';
COMMENT ON FUNCTION arsignup.are_valid_origins(text[]) IS 'Tells whether all are origins as browsers send them: scheme, host and port of a URL that are_valid_urls accepts, without the port that the scheme has anyway; or *, for any. Nulls pass.';
COMMENT ON FUNCTION arsignup.are_valid_hosts(text[]) IS 'Tells whether all are host names in lower case; IP addresses are not. Nulls pass.';
COMMENT ON FUNCTION arsignup.are_valid_permissions(text[]) IS 'Tells whether these may be the permissions of a membership: 20 at most, each 1 to 62 of A-Z a-z 0-9 * : ; . _ -';
COMMENT ON FUNCTION arsignup.guard_slug() IS 'Trigger function of app_routes.';
COMMENT ON FUNCTION arsignup.route_slug() IS 'Trigger function of connected_apps.';
