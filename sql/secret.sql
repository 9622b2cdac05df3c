-- The type secret: what comes in, and that nothing of it comes out.

SET client_min_messages = warning;
\pset format unaligned
\pset footer off
\pset null null
\set ON_ERROR_ROLLBACK on
BEGIN;

-- Whatever shows a value shows this one as redacted.
SELECT 'hunter2'::arsignup.secret AS secret, ''::arsignup.secret AS empty, NULL::arsignup.secret AS none;
SELECT arsignup.secret 'hunter2', CAST('hunter2' AS arsignup.secret), 'hunter2'::text::arsignup.secret, 'hunter2'::varchar(3)::arsignup.secret;
SELECT 'hunter2'::arsignup.secret::text AS text, 'hunter2'::arsignup.secret::varchar AS varchar, 'hunter2'::arsignup.secret::char(4) AS char, 'hunter2'::arsignup.secret::name AS name;
SELECT ROW('hunter2'::arsignup.secret, 1) AS row, ROW('hunter2'::arsignup.secret, 1)::text AS row_text;
SELECT ARRAY['hunter2'::arsignup.secret] AS array, ARRAY['hunter2'::arsignup.secret]::text AS array_text;
SELECT '{hunter2,hunter3}'::arsignup.secret[] AS literal, ARRAY['hunter2'::text]::arsignup.secret[] AS elements, ARRAY['hunter2'::text]::arsignup.secret[]::text[] AS and_back;
SELECT array_to_string(ARRAY['hunter2'::arsignup.secret], ',') AS array_to_string, unnest(ARRAY['hunter2'::arsignup.secret]) AS unnest;
SELECT to_json('hunter2'::arsignup.secret) AS to_json, to_jsonb('hunter2'::arsignup.secret) AS to_jsonb, jsonb_build_object('password', 'hunter2'::arsignup.secret) AS object, json_agg('hunter2'::arsignup.secret) AS agg;
SELECT row_to_json(r) FROM (SELECT 'hunter2'::arsignup.secret AS password) AS r;
SELECT format('%s %L %I', 'hunter2'::arsignup.secret, 'hunter2'::arsignup.secret, 'hunter2'::arsignup.secret) AS format;
SELECT concat('hunter2'::arsignup.secret) AS concat, concat_ws(' ', 'hunter2'::arsignup.secret, 'x') AS concat_ws, 'hunter2'::arsignup.secret || 'x'::text AS concatenated;
SELECT quote_literal('hunter2'::arsignup.secret) AS quote_literal, quote_nullable('hunter2'::arsignup.secret) AS quote_nullable;
SELECT pg_typeof('hunter2'::arsignup.secret) AS pg_typeof, arsignup.secret_out('hunter2'::arsignup.secret) AS secret_out, arsignup.secret_in('hunter2') AS secret_in;
SELECT CASE WHEN true THEN 'hunter2'::arsignup.secret END AS "case", coalesce(NULL, 'hunter2'::arsignup.secret) AS coalesce;
COPY (SELECT 'hunter2'::arsignup.secret) TO STDOUT;
COPY (SELECT 'hunter2'::arsignup.secret) TO STDOUT (FORMAT csv);

-- Functions and variables of any type, and of type text, get no more.
DO $$
DECLARE
	password arsignup.secret := 'hunter2';
	copy text := password;
BEGIN
	RAISE WARNING 'secret %, its copy %', password, copy;
END
$$;
CREATE FUNCTION pg_temp.same(anyelement) RETURNS anyelement LANGUAGE sql AS 'SELECT $1';
SELECT pg_temp.same('hunter2'::arsignup.secret);
CREATE FUNCTION pg_temp.as_text(arsignup.secret) RETURNS text LANGUAGE sql AS 'SELECT $1';
SELECT pg_temp.as_text('hunter2');
SELECT pg_temp.as_text('hunter2'::text);

-- No binary output, at all.
COPY (SELECT 'hunter2'::arsignup.secret) TO STDOUT (FORMAT binary);
SELECT record_send(ROW('hunter2'::arsignup.secret)); \echo :SQLSTATE
SELECT array_send(ARRAY['hunter2'::arsignup.secret]); \echo :SQLSTATE

-- Nothing to compare, order, hash, measure or cut with.
SELECT 'hunter2'::arsignup.secret = 'hunter2'; \echo :SQLSTATE
SELECT 'hunter2'::arsignup.secret = 'hunter2'::arsignup.secret; \echo :SQLSTATE
SELECT 'hunter2'::arsignup.secret = 'hunter2'::text; \echo :SQLSTATE
SELECT 'hunter2'::arsignup.secret <> 'hunter2'; \echo :SQLSTATE
SELECT 'hunter2'::arsignup.secret < 'hunter3'; \echo :SQLSTATE
SELECT 'hunter2'::arsignup.secret LIKE 'h%'; \echo :SQLSTATE
SELECT 'hunter2'::arsignup.secret ~ '^h'; \echo :SQLSTATE
SELECT 'hunter2'::arsignup.secret IN ('hunter2', 'hunter3'); \echo :SQLSTATE
SELECT 'hunter2'::arsignup.secret IS DISTINCT FROM 'hunter2'; \echo :SQLSTATE
SELECT NULLIF('hunter2'::arsignup.secret, 'hunter2'); \echo :SQLSTATE
SELECT greatest('hunter2'::arsignup.secret, 'hunter3'); \echo :SQLSTATE
SELECT max('hunter2'::arsignup.secret); \echo :SQLSTATE
SELECT DISTINCT 'hunter2'::arsignup.secret; \echo :SQLSTATE
SELECT count(DISTINCT 'hunter2'::arsignup.secret); \echo :SQLSTATE
SELECT 'hunter2'::arsignup.secret ORDER BY 1; \echo :SQLSTATE
SELECT 'hunter2'::arsignup.secret GROUP BY 1; \echo :SQLSTATE
SELECT 'hunter2'::arsignup.secret UNION SELECT 'hunter2'; \echo :SQLSTATE
SELECT ARRAY['hunter2'::arsignup.secret] @> ARRAY['hunter2'::arsignup.secret]; \echo :SQLSTATE
SELECT ROW('hunter2'::arsignup.secret) = ROW('hunter2'::arsignup.secret); \echo :SQLSTATE
SELECT length('hunter2'::arsignup.secret); \echo :SQLSTATE
SELECT substr('hunter2'::arsignup.secret, 1, 1); \echo :SQLSTATE
SELECT md5('hunter2'::arsignup.secret); \echo :SQLSTATE
SELECT hashtext('hunter2'::arsignup.secret); \echo :SQLSTATE
SELECT encode('hunter2'::arsignup.secret, 'hex'); \echo :SQLSTATE
SELECT 'hunter2'::arsignup.secret::bytea; \echo :SQLSTATE
SELECT 'hunter2'::arsignup.secret::json; \echo :SQLSTATE
SELECT 'hunter2'::arsignup.secret::int; \echo :SQLSTATE
SELECT 'hunter2'::arsignup.secret::regclass; \echo :SQLSTATE
SELECT 1::arsignup.secret; \echo :SQLSTATE
SELECT '\x00'::bytea::arsignup.secret; \echo :SQLSTATE

-- Plans: whatever came in is redacted, though it came as text.
EXPLAIN (VERBOSE, COSTS OFF) SELECT arsignup.hash_password('hunter2');
EXPLAIN (VERBOSE, COSTS OFF) SELECT arsignup.hash_password('hunter2'::text);
EXPLAIN (VERBOSE, COSTS OFF) SELECT arsignup.verify_password(password => 'hunter2', password_hash => 'hunter3');
EXPLAIN (VERBOSE, COSTS OFF) SELECT * FROM arsignup.get_signup_token('utk_hunter2');
PREPARE bound_secret(arsignup.secret) AS SELECT arsignup.hash_password($1);
EXPLAIN (VERBOSE, COSTS OFF) EXECUTE bound_secret('hunter2');
PREPARE bound_unknown AS SELECT arsignup.verify_password($1, $2);
EXPLAIN (VERBOSE, COSTS OFF) EXECUTE bound_unknown('hunter2', 'hunter3');
PREPARE bound_text(text) AS SELECT arsignup.hash_password($1);
EXPLAIN (VERBOSE, COSTS OFF) EXECUTE bound_text('hunter2');
SET LOCAL plan_cache_mode = force_generic_plan;
EXPLAIN (VERBOSE, COSTS OFF) EXECUTE bound_secret('hunter2');
SELECT parameter_types FROM pg_prepared_statements ORDER BY name COLLATE "C";

-- Definitions: a literal is redacted, unless it is one of type text.
CREATE VIEW pg_temp.redacted AS SELECT arsignup.hash_password('hunter2');
CREATE VIEW pg_temp.plain AS SELECT arsignup.hash_password('hunter2'::text);
SELECT pg_get_viewdef('pg_temp.redacted'), pg_get_viewdef('pg_temp.plain');

-- An argument type only: a table of somebody else's cannot have a column of it.
CREATE ROLE regress_arsignup_guest;
GRANT arsignup_app TO regress_arsignup_guest;
CREATE SCHEMA guest AUTHORIZATION regress_arsignup_guest;
SET LOCAL search_path = guest;
SET LOCAL ROLE regress_arsignup_guest;
CREATE TABLE passwords (password arsignup.secret); \echo :SQLSTATE
CREATE TABLE passwords (passwords arsignup.secret[]); \echo :SQLSTATE
CREATE DOMAIN password AS arsignup.secret; \echo :SQLSTATE
CREATE TYPE login AS (password arsignup.secret); \echo :SQLSTATE
CREATE FUNCTION peek(arsignup.secret) RETURNS text LANGUAGE sql RETURN $1; \echo :SQLSTATE
CREATE CAST (arsignup.secret AS text) WITHOUT FUNCTION; \echo :SQLSTATE
PREPARE as_app(arsignup.secret) AS SELECT state FROM arsignup.get_signup_token($1);
EXECUTE as_app('utk_hunter2');
SELECT state FROM arsignup.get_signup_token('utk_hunter2'::arsignup.secret);
RESET ROLE;

-- Nor has anybody else, who may use the type, a place to store one.
CREATE TABLE passwords (id int, password arsignup.secret); \echo :SQLSTATE
CREATE TEMP TABLE passwords (passwords arsignup.secret[]); \echo :SQLSTATE
CREATE TABLE passwords AS SELECT 'hunter2'::arsignup.secret AS password; \echo :SQLSTATE
CREATE MATERIALIZED VIEW passwords AS SELECT 'hunter2'::arsignup.secret AS password; \echo :SQLSTATE
CREATE VIEW passwords AS SELECT 'hunter2'::arsignup.secret AS password; \echo :SQLSTATE
CREATE DOMAIN password AS arsignup.secret; \echo :SQLSTATE
CREATE DOMAIN password AS arsignup.secret[]; \echo :SQLSTATE
CREATE TYPE login AS (name text, password arsignup.secret); \echo :SQLSTATE
CREATE TYPE login AS (name text);
ALTER TYPE login ADD ATTRIBUTE password arsignup.secret; \echo :SQLSTATE
CREATE TABLE people (id int, password text);
ALTER TABLE people ADD COLUMN other arsignup.secret; \echo :SQLSTATE
ALTER TABLE people ALTER COLUMN password TYPE arsignup.secret; \echo :SQLSTATE
CREATE FUNCTION same(secret arsignup.secret) RETURNS TABLE (secret arsignup.secret) LANGUAGE sql RETURN $1;
SELECT secret, 'hunter2'::text::arsignup.secret FROM same('hunter2');
ROLLBACK;
