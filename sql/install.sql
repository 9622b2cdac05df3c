-- CREATE EXTENSION and DROP EXTENSION: what they make, leave, and refuse.

\set SHOW_CONTEXT never
SET client_min_messages = warning;
CREATE FUNCTION pg_temp.schemas() RETURNS text LANGUAGE sql
RETURN (SELECT string_agg(nspname, ', ' ORDER BY nspname COLLATE "C") FROM pg_namespace WHERE nspname LIKE 'arsignup%');
CREATE FUNCTION pg_temp.roles() RETURNS text LANGUAGE sql
RETURN (SELECT string_agg(rolname, ', ' ORDER BY rolname COLLATE "C") FROM pg_roles
	WHERE rolname IN ('arsignup_owner', 'arsignup_directory', 'arsignup_admin', 'arsignup_app', 'arsignup_web'));

SELECT extversion, extnamespace::regnamespace AS schema, obj_description(oid, 'pg_extension') AS description FROM pg_extension WHERE extname = 'arsignup';

-- Nothing but the roles stays behind; tables are not dropped unawares.
DROP EXTENSION arsignup;
\echo :SQLSTATE
DROP EXTENSION arsignup CASCADE;
SELECT pg_temp.schemas(), pg_temp.roles();

-- Somebody was faster, to own what comes into the schemas.
BEGIN;
CREATE SCHEMA arsignup;
CREATE EXTENSION arsignup;
\echo :SQLSTATE
ROLLBACK;
BEGIN;
CREATE SCHEMA arsignup_web;
CREATE EXTENSION arsignup;
\echo :SQLSTATE
ROLLBACK;
SELECT pg_temp.schemas();

-- Roles that are more than they should be.
BEGIN;
ALTER ROLE arsignup_owner LOGIN;
CREATE EXTENSION arsignup;
\echo :SQLSTATE
ROLLBACK;
BEGIN;
ALTER ROLE arsignup_app SUPERUSER;
CREATE EXTENSION arsignup;
\echo :SQLSTATE
ROLLBACK;
BEGIN;
CREATE ROLE regress_arsignup_guest;
GRANT arsignup_owner TO regress_arsignup_guest;
CREATE EXTENSION arsignup;
\echo :SQLSTATE
ROLLBACK;
BEGIN;
GRANT pg_monitor TO arsignup_owner;
CREATE EXTENSION arsignup;
\echo :SQLSTATE
ROLLBACK;
BEGIN;
GRANT pg_monitor TO arsignup_directory;
CREATE EXTENSION arsignup;
\echo :SQLSTATE
ROLLBACK;
-- The other roles are there to be granted.
BEGIN;
CREATE ROLE regress_arsignup_guest LOGIN;
GRANT arsignup_app, arsignup_admin, arsignup_web TO regress_arsignup_guest;
CREATE EXTENSION arsignup;
SELECT pg_temp.schemas();
ROLLBACK;

-- Not anywhere, not by anybody.
CREATE EXTENSION arsignup SCHEMA public;
\echo :SQLSTATE
BEGIN;
CREATE ROLE regress_arsignup_guest;
GRANT CREATE ON DATABASE :"DBNAME" TO regress_arsignup_guest;
SET ROLE regress_arsignup_guest;
CREATE EXTENSION arsignup;
\echo :SQLSTATE
ROLLBACK;

-- Again; whatever the caller's search_path holds.
BEGIN;
CREATE SCHEMA trap;
CREATE FUNCTION trap.jsonb_typeof(jsonb) RETURNS text IMMUTABLE LANGUAGE sql RETURN 'trap';
SET search_path = trap, pg_catalog;
CREATE EXTENSION arsignup;
SELECT arsignup.create_tables();
SHOW search_path;
SELECT pg_get_constraintdef(oid) FROM pg_constraint WHERE conname = 'custom_is_an_object';
ROLLBACK;
CREATE EXTENSION arsignup;

-- Without tables; then with them, as often as one likes.
SELECT arsignup.parse_id(arsignup.format_id('rl', '00000000-0000-7000-8000-000000000001'));
SELECT arsignup.create_user('00000000-0000-7000-8000-000000000001', 'ada@example.com');
\echo :SQLSTATE
SELECT arsignup.export_user('00000000-0000-7000-8000-000000000001', '00000000-0000-7000-8000-000000000001');
\echo :SQLSTATE
SELECT setting, problem, remedy FROM arsignup.check_settings() WHERE setting = 'tables';
BEGIN READ ONLY;
SELECT arsignup.create_tables();
\echo :SQLSTATE
ROLLBACK;
BEGIN;
SELECT arsignup.create_tables();
SELECT arsignup.create_org('00000000-0000-7000-8000-000000000001', 'Engines');
\echo :SQLSTATE
ROLLBACK;
SELECT arsignup.create_org('00000000-0000-7000-8000-000000000001', 'Engines');
\echo :SQLSTATE
SELECT arsignup.create_tables();
SELECT arsignup.create_tables();
SELECT version = arsignup.library_version() AS is_current FROM arsignup.installation;
BEGIN;
SET ROLE arsignup_admin;
SELECT arsignup.create_tables();
\echo :SQLSTATE
ROLLBACK;

-- One that is missing is made.
BEGIN;
DROP TABLE arsignup.events;
SELECT arsignup.create_org('00000000-0000-7000-8000-000000000001', 'Engines');
\echo :SQLSTATE
ROLLBACK;
BEGIN;
DROP TABLE arsignup.events;
SELECT arsignup.create_tables();
SELECT count(*), (SELECT relowner::regrole FROM pg_class WHERE oid = 'arsignup.events'::regclass) FROM arsignup.events;
ROLLBACK;

-- Tables without indexes, as a restore has them while it is at work.
BEGIN;
DROP TABLE arsignup.api_keys;
CREATE TABLE arsignup.api_keys (id uuid);
SAVEPOINT s;
SELECT arsignup.create_org('00000000-0000-7000-8000-000000000001', 'Engines');
\echo :SQLSTATE
ROLLBACK TO s;
SELECT setting, problem, remedy FROM arsignup.check_settings() WHERE setting = 'tables';
SELECT signing_keys_unopened FROM arsignup.stats();
SELECT arsignup.create_tables();
\echo :SQLSTATE
ROLLBACK;

-- Tables of another owner, as --no-owner leaves them.
BEGIN;
CREATE ROLE regress_arsignup_guest;
ALTER TABLE arsignup.users OWNER TO regress_arsignup_guest;
ALTER VIEW arsignup.installation OWNER TO regress_arsignup_guest;
SAVEPOINT s;
SELECT arsignup.create_org('00000000-0000-7000-8000-000000000001', 'Engines');
\echo :SQLSTATE
ROLLBACK TO s;
SELECT setting, problem, remedy FROM arsignup.check_settings() WHERE setting = 'tables';
DROP TABLE arsignup.login_sources; -- whose foreign key is the owner's to make
SELECT arsignup.create_tables();
SELECT relname, relowner::regrole, has_table_privilege('arsignup_app', oid, 'SELECT') AS app_reads FROM pg_class WHERE oid IN ('arsignup.users'::regclass, 'arsignup.installation'::regclass) ORDER BY relname;
ROLLBACK;

-- Tables of another version, tables of none.
BEGIN;
CREATE OR REPLACE VIEW arsignup.installation AS SELECT '0.0.1'::text AS version;
SAVEPOINT s;
SELECT arsignup.create_org('00000000-0000-7000-8000-000000000001', 'Engines');
\echo :SQLSTATE
ROLLBACK TO s;
SELECT setting, value, problem, remedy FROM arsignup.check_settings() WHERE setting = 'tables';
SELECT arsignup.create_tables();
\echo :SQLSTATE
ROLLBACK TO s;
CREATE OR REPLACE VIEW arsignup.installation AS SELECT NULL::text AS version;
SAVEPOINT t;
SELECT arsignup.create_org('00000000-0000-7000-8000-000000000001', 'Engines');
\echo :SQLSTATE
ROLLBACK TO t;
DROP VIEW arsignup.installation;
SAVEPOINT t;
SELECT arsignup.create_org('00000000-0000-7000-8000-000000000001', 'Engines');
\echo :SQLSTATE
ROLLBACK TO t;
CREATE VIEW arsignup.installation AS SELECT;
SELECT arsignup.create_tables();
\echo :SQLSTATE
ROLLBACK TO t;
SELECT arsignup.create_tables();
\echo :SQLSTATE
ROLLBACK;

-- A rule on the view that tells the version tells none.
BEGIN;
CREATE RULE "A" AS ON INSERT TO arsignup.installation DO INSTEAD NOTIFY arsignup_installation;
SELECT arsignup.check_tables();
ROLLBACK;

-- A superuser's event trigger sees what is made; one with a function of somebody else's is no code to run as our owner.
BEGIN;
DROP TABLE arsignup.events;
CREATE ROLE regress_arsignup_guest;
CREATE FUNCTION pg_temp.tell() RETURNS event_trigger LANGUAGE plpgsql AS $$ BEGIN RAISE WARNING '%', TG_TAG; END $$;
CREATE EVENT TRIGGER regress_arsignup_tell ON ddl_command_end WHEN TAG IN ('CREATE TABLE') EXECUTE FUNCTION pg_temp.tell();
SAVEPOINT s;
SELECT arsignup.create_tables();
ROLLBACK TO s;
ALTER FUNCTION pg_temp.tell() OWNER TO regress_arsignup_guest;
SELECT arsignup.create_tables();
\echo :SQLSTATE
ROLLBACK;

SET client_min_messages = notice;
CREATE EXTENSION IF NOT EXISTS arsignup;
CREATE EXTENSION arsignup;
\echo :SQLSTATE
ALTER EXTENSION arsignup SET SCHEMA public;
\echo :SQLSTATE

-- Users are not dropped by accident.
SET client_min_messages = warning;
INSERT INTO arsignup.realms (id, name) VALUES ('00000000-0000-7000-8000-000000000001', 'Guarded');
SELECT arsignup.create_user('00000000-0000-7000-8000-000000000001', 'ada@example.com') IS NOT NULL AS created;
DROP EXTENSION arsignup CASCADE;
\echo :SQLSTATE
DROP SCHEMA arsignup CASCADE;
\echo :SQLSTATE
SELECT count(*) FROM arsignup.users;

-- Nor what the application has built on them.
SET client_min_messages = warning;
CREATE TABLE subscriptions (user_id uuid NOT NULL REFERENCES arsignup.users (id));
DROP EXTENSION arsignup CASCADE;
\echo :SQLSTATE

-- Two deliberate steps, by a superuser.
BEGIN;
SET ROLE arsignup_admin;
SET arsignup.allow_drop = on;
\echo :SQLSTATE
ROLLBACK;
BEGIN;
SET LOCAL arsignup.allow_drop = on;
DROP EXTENSION arsignup CASCADE;
SELECT pg_temp.schemas();
ROLLBACK;
SHOW arsignup.allow_drop;
DROP TABLE subscriptions;
SET arsignup.allow_drop = on;
DROP EXTENSION arsignup CASCADE;
RESET arsignup.allow_drop;
CREATE EXTENSION arsignup;
SELECT arsignup.create_tables();
SELECT count(*) FROM arsignup.users;

-- A realm without users is no obstacle.
INSERT INTO arsignup.realms (id, name) VALUES ('00000000-0000-7000-8000-000000000001', 'Empty');
DROP EXTENSION arsignup CASCADE;
CREATE EXTENSION arsignup;
SELECT arsignup.create_tables();

-- A database that cannot hold every name.
\set home :DBNAME
SET client_min_messages = warning;
DROP DATABASE IF EXISTS regression_arsignup_ascii;
CREATE DATABASE regression_arsignup_ascii TEMPLATE template0 ENCODING 'SQL_ASCII' LOCALE_PROVIDER libc LOCALE 'C';
\c regression_arsignup_ascii
SET client_min_messages = warning;
CREATE EXTENSION arsignup;
\echo :SQLSTATE
\c :home
DROP DATABASE regression_arsignup_ascii;
