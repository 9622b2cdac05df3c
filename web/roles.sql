-- The role that PostgREST logs in as. Run as a superuser, in the database that has arsignup:
--
--   AUTHENTICATOR_PASSWORD=… psql --file=roles.sql shop
--
-- Without that variable the role's password stays as it is, at first none: for PostgREST on the same machine that
-- pg_hba.conf lets in by its account. May be run again.

\set ON_ERROR_STOP on
\getenv password AUTHENTICATOR_PASSWORD
BEGIN;

-- The statement that has the password is nobody's to read.
SET LOCAL log_statement = 'none';
SET LOCAL log_min_duration_statement = -1;
SET LOCAL log_min_error_statement = 'panic';
SET LOCAL pg_stat_statements.track_utility = off;

SELECT 'CREATE ROLE authenticator' WHERE pg_catalog.to_regrole('authenticator') IS NULL \gexec
ALTER ROLE authenticator LOGIN NOINHERIT NOSUPERUSER NOCREATEDB NOCREATEROLE NOREPLICATION NOBYPASSRLS;
\if :{?password}
ALTER ROLE authenticator PASSWORD :'password';
\endif
GRANT arsignup_web TO authenticator;

-- Arguments of page functions come as text, which would be logged, and plans made for them would show them.
ALTER ROLE authenticator SET log_parameter_max_length = 0;
ALTER ROLE authenticator SET log_parameter_max_length_on_error = 0;
ALTER ROLE authenticator SET plan_cache_mode = 'force_generic_plan';

-- Nothing that comes through the web takes longer than to wait for a place to hash, and for a name that another holds.
ALTER ROLE authenticator SET statement_timeout = '15s';
ALTER ROLE authenticator SET idle_in_transaction_session_timeout = '15s';

COMMIT;
