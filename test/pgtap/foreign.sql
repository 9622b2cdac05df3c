-- No code of the application's ever runs as a role of ours: not behind a foreign key, a trigger, a cast, an operator, a
-- domain, an index expression, a policy, a generated column, a default, a partition key, a view, an event trigger. Every
-- way there is, tried as a member of arsignup_app, who notes as whom its code has run.

BEGIN;
\ir include/setup.psql
\ir include/web.psql
SELECT no_plan();

-- Whose the shop is, and other callers, who may write its log, too.
CREATE SCHEMA arsignup_test_shop AUTHORIZATION :"app_role";
GRANT USAGE ON SCHEMA arsignup_test_shop TO PUBLIC;
SET LOCAL ROLE :"app_role";
CREATE TABLE arsignup_test_shop.log (what text, who name, path text);
GRANT SELECT, INSERT ON arsignup_test_shop.log TO PUBLIC;
CREATE FUNCTION arsignup_test_shop.tell(what text) RETURNS text LANGUAGE plpgsql AS $$
BEGIN
	INSERT INTO arsignup_test_shop.log VALUES (what, current_user, current_setting('search_path'));
	RETURN what;
END
$$;
-- Said to be immutable, so that it may stand where only that may.
CREATE FUNCTION arsignup_test_shop.spy(what text) RETURNS text LANGUAGE plpgsql IMMUTABLE AS $$
BEGIN
	PERFORM arsignup_test_shop.tell(what);
	RETURN what;
END
$$;
CREATE FUNCTION arsignup_test_shop.spy(id uuid) RETURNS uuid LANGUAGE plpgsql IMMUTABLE AS $$
BEGIN
	PERFORM arsignup_test_shop.spy('partition key');
	RETURN id;
END
$$;
CREATE FUNCTION arsignup_test_shop.note() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
	PERFORM arsignup_test_shop.spy(lower(concat_ws(' ', TG_TABLE_NAME, TG_WHEN, TG_LEVEL)));
	RETURN CASE TG_OP WHEN 'DELETE' THEN OLD ELSE NEW END;
END
$$;

-- A table for each action of a foreign key, with all that a table can have.
CREATE FUNCTION arsignup_test_shop.furnish(name text) RETURNS void LANGUAGE plpgsql AS $$
DECLARE
	t text := 'arsignup_test_shop.' || quote_ident(name);
BEGIN
	EXECUTE format('CREATE INDEX ON %s (arsignup_test_shop.spy(%L || coalesce(note, %L)))', t, name || ' index ', '');
	EXECUTE format('ALTER TABLE %s ENABLE ROW LEVEL SECURITY', t);
	EXECUTE format('ALTER TABLE %s FORCE ROW LEVEL SECURITY', t);
	EXECUTE format('CREATE POLICY p ON %s USING (arsignup_test_shop.spy(%L) IS NOT NULL)', t, name || ' policy');
	EXECUTE format('CREATE TRIGGER a BEFORE INSERT OR UPDATE OR DELETE ON %s FOR EACH ROW EXECUTE FUNCTION arsignup_test_shop.note()', t);
	EXECUTE format('CREATE TRIGGER b AFTER INSERT OR UPDATE OR DELETE ON %s FOR EACH ROW EXECUTE FUNCTION arsignup_test_shop.note()', t);
	EXECUTE format('CREATE TRIGGER c AFTER INSERT OR UPDATE OR DELETE ON %s FOR EACH STATEMENT EXECUTE FUNCTION arsignup_test_shop.note()', t);
	EXECUTE format('CREATE CONSTRAINT TRIGGER d AFTER INSERT OR UPDATE OR DELETE ON %s DEFERRABLE INITIALLY DEFERRED FOR EACH ROW EXECUTE FUNCTION arsignup_test_shop.note()', t);
END
$$;
CREATE TABLE arsignup_test_shop.gone (note text DEFAULT arsignup_test_shop.spy('gone default'),
	user_id uuid REFERENCES arsignup.users (id) ON DELETE CASCADE, org_id uuid REFERENCES arsignup.orgs (id) ON DELETE CASCADE,
	membership_id uuid REFERENCES arsignup.memberships ON DELETE CASCADE,
	twice text GENERATED ALWAYS AS (arsignup_test_shop.spy('gone generated')) STORED, CHECK (arsignup_test_shop.spy('gone check') IS NOT NULL));
CREATE TABLE arsignup_test_shop.blank (note text DEFAULT arsignup_test_shop.spy('blank default'),
	user_id uuid REFERENCES arsignup.users (id) ON DELETE SET NULL, org_id uuid REFERENCES arsignup.orgs (id) ON DELETE SET NULL,
	realm_id uuid, membership_id uuid, FOREIGN KEY (realm_id, membership_id) REFERENCES arsignup.memberships (realm_id, id) ON DELETE SET NULL (membership_id),
	twice text GENERATED ALWAYS AS (arsignup_test_shop.spy('blank generated')) STORED, CHECK (arsignup_test_shop.spy('blank check') IS NOT NULL));
CREATE TABLE arsignup_test_shop.standard (note text,
	user_id uuid DEFAULT nullif(arsignup_test_shop.spy('standard default'), 'standard default')::uuid REFERENCES arsignup.users (id) ON DELETE SET DEFAULT,
	org_id uuid REFERENCES arsignup.orgs (id) ON DELETE SET DEFAULT,
	membership_id uuid DEFAULT nullif(arsignup_test_shop.spy('standard default'), 'standard default')::uuid REFERENCES arsignup.memberships (id) ON DELETE SET DEFAULT);
CREATE TABLE arsignup_test_shop.parted (note text, user_id uuid REFERENCES arsignup.users (id) ON DELETE SET NULL, org_id uuid,
	membership_id uuid REFERENCES arsignup.memberships (id) ON DELETE CASCADE)
	PARTITION BY HASH ((arsignup_test_shop.spy(user_id)));
CREATE TABLE arsignup_test_shop.part PARTITION OF arsignup_test_shop.parted FOR VALUES WITH (MODULUS 1, REMAINDER 0);
SELECT arsignup_test_shop.furnish(name) FROM unnest(ARRAY['gone', 'blank', 'standard', 'part']) AS name \g /dev/null
RESET ROLE;

-- A user, an org and a membership to whom all of that refers.
CREATE FUNCTION populate(realm uuid, OUT usr uuid, OUT org uuid, OUT membership uuid) LANGUAGE plpgsql AS $$
BEGIN
	usr := arsignup.create_user(realm, arsignup.new_id() || '@example.com');
	org := arsignup.create_org(realm, 'Org');
	membership := arsignup.create_membership(realm, usr, org);
	PERFORM set_config('role', 'arsignup_test_app_' || pg_backend_pid(), true);
	INSERT INTO arsignup_test_shop.gone (note, user_id) VALUES ('a', usr);
	INSERT INTO arsignup_test_shop.gone (note, org_id) VALUES ('b', org);
	INSERT INTO arsignup_test_shop.gone (note, membership_id) VALUES ('c', membership);
	INSERT INTO arsignup_test_shop.blank (note, user_id, org_id, realm_id, membership_id) VALUES ('a', usr, org, realm, membership);
	INSERT INTO arsignup_test_shop.standard (note, user_id, org_id, membership_id) VALUES ('a', usr, org, membership);
	INSERT INTO arsignup_test_shop.parted (note, user_id, membership_id) VALUES ('a', usr, membership);
	SET CONSTRAINTS ALL IMMEDIATE;
	SET CONSTRAINTS ALL DEFERRED;
	PERFORM set_config('role', 'none', true);
	DELETE FROM arsignup_test_shop.log;
END
$$;

-- Take all of that away.
CREATE FUNCTION sweep() RETURNS void LANGUAGE plpgsql AS $$
BEGIN
	DELETE FROM arsignup_test_shop.gone;
	DELETE FROM arsignup_test_shop.blank;
	DELETE FROM arsignup_test_shop.standard;
	DELETE FROM arsignup_test_shop.parted;
	SET CONSTRAINTS ALL IMMEDIATE;
	SET CONSTRAINTS ALL DEFERRED;
	DELETE FROM arsignup.memberships;
	DELETE FROM arsignup.users;
	DELETE FROM arsignup.orgs;
	SET CONSTRAINTS ALL IMMEDIATE;
	SET CONSTRAINTS ALL DEFERRED;
	DELETE FROM arsignup_test_shop.log;
END
$$;

-- Who has run code of the shop, the caller or the owner of its tables; and that nobody else has. An event remembers its
-- role from PostgreSQL 18 on, before that it has the caller's.
CREATE FUNCTION ran(caller text) RETURNS text LANGUAGE sql AS $$
	SELECT string_agg(DISTINCT CASE l.who WHEN caller THEN 'caller' WHEN 'arsignup_test_app_' || pg_backend_pid() THEN 'shop' ELSE l.who::text END, ' ') FROM arsignup_test_shop.log AS l
$$;
CREATE FUNCTION deletes(caller name, statement text, description text, left_over text DEFAULT '1 of mine, 0 memberships') RETURNS SETOF text LANGUAGE plpgsql AS $$
DECLARE
	p record;
BEGIN
	p := populate(realm());
	PERFORM set_config('test.user', p.usr::text, true), set_config('test.org', p.org::text, true), set_config('test.membership', p.membership::text, true);
	IF description LIKE '%expired%' THEN
		UPDATE arsignup.memberships SET expires_at = now() - interval '1 day';
	END IF;
	PERFORM set_config('role', caller, true);
	EXECUTE statement;
	PERFORM set_config('role', 'none', true);
	RETURN NEXT is(ran(caller), CASE WHEN caller = 'arsignup_test_app_' || pg_backend_pid() THEN 'caller' WHEN current_setting('server_version_num')::int >= 180000 THEN 'shop' ELSE 'caller shop' END,
		description || ': as whom the shop''s code has run');
	RETURN NEXT ok((SELECT count(*) FROM arsignup_test_shop.log) >= 6, description || ': and it has run');
	RETURN NEXT is(format('%s of mine, %s memberships', (SELECT count(*) FROM arsignup_test_shop.gone), (SELECT count(*) FROM arsignup.memberships)), left_over, description || ': what refers is gone');
	DELETE FROM arsignup_test_shop.log;
	PERFORM set_config('role', caller, true);
	SET CONSTRAINTS ALL IMMEDIATE;
	SET CONSTRAINTS ALL DEFERRED;
	PERFORM set_config('role', 'none', true);
	RETURN NEXT ok(ran(caller) IN ('caller', 'shop'), description || ': what was deferred, at COMMIT');
	PERFORM sweep();
END
$$;
GRANT EXECUTE ON ALL FUNCTIONS IN SCHEMA arsignup_test TO PUBLIC;

-- Every function that deletes users, orgs or memberships, on every level that there can be above it.
SELECT deletes(role, call, format('A1: %s, %s', what, name))
FROM (VALUES (:'app_role'::name, 'a member of arsignup_app'), (:'admin_role', 'a member of arsignup_admin')) AS who (role, name),
	(VALUES
		('delete_user', 'SELECT arsignup.delete_user(realm(), current_setting(''test.user'')::uuid)'),
		('delete_org', 'SELECT arsignup.delete_org(realm(), current_setting(''test.org'')::uuid)'),
		('delete_user in an expression', 'DO $do$ DECLARE b boolean; BEGIN b := arsignup.delete_user(realm(), current_setting(''test.user'')::uuid); END $do$'),
		('delete_org in a statement of a DO block', 'DO $do$ BEGIN PERFORM arsignup.delete_org(realm(), current_setting(''test.org'')::uuid); END $do$'),
		('delete_user in a CTE', 'WITH d AS MATERIALIZED (SELECT arsignup.delete_user(realm(), current_setting(''test.user'')::uuid)) SELECT FROM d')) AS v (what, call);
SELECT deletes(role, call, format('A1: %s, %s', what, name), left_over)
FROM (VALUES (:'app_role'::name, 'a member of arsignup_app'), (:'admin_role', 'a member of arsignup_admin')) AS who (role, name),
	(VALUES
		('delete_membership', 'SELECT arsignup.delete_membership(realm(), current_setting(''test.membership'')::uuid)', '2 of mine, 0 memberships'),
		('delete_membership in an expression', 'DO $do$ DECLARE b boolean; BEGIN b := arsignup.delete_membership(realm(), current_setting(''test.membership'')::uuid); END $do$', '2 of mine, 0 memberships'),
		('create_membership over an expired one', 'SELECT arsignup.create_membership(realm(), current_setting(''test.user'')::uuid, current_setting(''test.org'')::uuid)', '2 of mine, 1 memberships'),
		('create_membership over an expired one, in an expression', 'DO $do$ DECLARE i uuid; BEGIN i := arsignup.create_membership(realm(), current_setting(''test.user'')::uuid, current_setting(''test.org'')::uuid); END $do$', '2 of mine, 1 memberships'),
		('create_membership over an expired one, in a CTE', 'WITH c AS MATERIALIZED (SELECT arsignup.create_membership(realm(), current_setting(''test.user'')::uuid, current_setting(''test.org'')::uuid)) SELECT FROM c', '2 of mine, 1 memberships'),
		('purge_expired of expired ones', 'SELECT arsignup.purge_expired()', '2 of mine, 0 memberships'),
		('purge_expired of expired ones, in an expression', 'DO $do$ DECLARE n int; BEGIN n := arsignup.purge_expired(); END $do$', '2 of mine, 0 memberships')) AS v (what, call, left_over)
WHERE call !~ 'purge_expired' OR name ~ 'admin';
CREATE FUNCTION delete_it() RETURNS boolean LANGUAGE plpgsql SECURITY DEFINER AS $$ DECLARE b boolean; BEGIN b := arsignup.delete_user(realm(), current_setting('test.user')::uuid); RETURN b; END $$;
GRANT SELECT ON ALL TABLES IN SCHEMA arsignup_test TO :"app_role";
GRANT USAGE, CREATE ON SCHEMA arsignup_test TO :"app_role";
ALTER FUNCTION delete_it() OWNER TO :"app_role";
SELECT set_config('test.user', usr::text, true) FROM populate(realm()) \g /dev/null
SELECT is(delete_it(), true, 'A1: in a definer of the shop''s, which a superuser calls');
SELECT is(ran(:'app_role'), 'caller', 'A1: the shop''s code runs as the shop');
SELECT sweep() \g /dev/null
CREATE FUNCTION replace_it() RETURNS uuid LANGUAGE plpgsql SECURITY DEFINER AS $$ DECLARE i uuid; BEGIN i := arsignup.create_membership(realm(), current_setting('test.user')::uuid, current_setting('test.org')::uuid); RETURN i; END $$;
ALTER FUNCTION replace_it() OWNER TO :"app_role";
SELECT set_config('test.user', usr::text, true), set_config('test.org', org::text, true) FROM populate(realm()) \g /dev/null
UPDATE arsignup.memberships SET expires_at = now() - interval '1 day';
SELECT isnt(replace_it(), NULL, 'A1: over an expired membership, in a definer of the shop''s, which a superuser calls');
SELECT is(ran(:'app_role'), 'caller', 'A1: the shop''s code runs as the shop');
SELECT sweep() \g /dev/null

-- By HTTP, our own definers are between the caller and the delete.
SELECT arsignup.create_api_key(realm(), 'Test', '{read,write}') AS api_key \gset
SELECT deletes(:'web_role', format('SELECT arsignup_web.handle('''') FROM set_config(''request.headers'', jsonb_build_object(''x-arsignup-method'', ''DELETE'', ''x-arsignup-uri'', %L || arsignup.format_id(%L, current_setting(%L)::uuid), ''x-authrocket-api-key'', %L)::text, true)',
	path, prefix, setting, :'api_key'), 'A1: DELETE ' || path)
FROM (VALUES ('/v1/users/', 'usr', 'test.user'), ('/v1/orgs/', 'org', 'test.org')) AS v (path, prefix, setting);
SELECT deletes(:'web_role', format('SELECT arsignup_web.handle('''') FROM set_config(''request.headers'', jsonb_build_object(''x-arsignup-method'', ''DELETE'', ''x-arsignup-uri'', ''/v1/memberships/'' || arsignup.format_id(''mb'', current_setting(''test.membership'')::uuid), ''x-authrocket-api-key'', %L)::text, true)',
	:'api_key'), 'A1: DELETE /v1/memberships/', '2 of mine, 0 memberships');
SELECT deletes(:'web_role', format('SELECT arsignup_web.handle(convert_to(format(''{"membership": {"user_id": "%%s", "org_id": "%%s"}}'', arsignup.format_id(''usr'', current_setting(''test.user'')::uuid), arsignup.format_id(''org'', current_setting(''test.org'')::uuid)), ''UTF8''))
	FROM set_config(''request.headers'', jsonb_build_object(''x-arsignup-method'', ''POST'', ''x-arsignup-uri'', ''/v1/memberships'', ''x-arsignup-content-type'', ''application/json'', ''x-authrocket-api-key'', %L)::text, true)',
	:'api_key'), 'A1: POST /v1/memberships over an expired one', '2 of mine, 1 memberships');

-- A whole realm.
SELECT populate(realm('other')) \g /dev/null
SET LOCAL ROLE :"admin_role";
SELECT cmp_ok(arsignup.reset_realm(realm('other')), '>', 0::bigint, 'A1: reset_realm');
RESET ROLE;
SELECT is(ran(:'admin_role'), CASE WHEN current_setting('server_version_num')::int >= 180000 THEN 'shop' ELSE 'caller shop' END, 'A1: reset_realm: as whom the shop''s code has run');
SELECT populate(realm('other')) \g /dev/null
UPDATE arsignup.realms SET state = 'inactive' WHERE id = realm('other');
SET LOCAL ROLE :"admin_role";
SELECT is(arsignup.delete_realm(realm('other')), true, 'A1: delete_realm');
RESET ROLE;
SELECT is(ran(:'admin_role'), CASE WHEN current_setting('server_version_num')::int >= 180000 THEN 'shop' ELSE 'caller shop' END, 'A1: delete_realm: as whom the shop''s code has run');

-- Code that would do harm finds that it may not.
SET LOCAL ROLE :"app_role";
CREATE FUNCTION arsignup_test_shop.steal() RETURNS trigger LANGUAGE plpgsql AS $$ BEGIN PERFORM FROM arsignup.credentials; RETURN OLD; END $$;
CREATE TRIGGER z AFTER DELETE ON arsignup_test_shop.gone FOR EACH ROW EXECUTE FUNCTION arsignup_test_shop.steal();
RESET ROLE;
SELECT usr, org FROM populate(realm()) \gset
SET LOCAL ROLE :"app_role";
SELECT refused(format('SELECT arsignup.delete_user(realm(), %L)', :'usr'::text), '42501', 'permission denied for table credentials', NULL, 'A1: a trigger behind a cascade does not read hashes');
DROP TRIGGER z ON arsignup_test_shop.gone;
-- The search path is the caller's, so that honest triggers find what they always find.
CREATE FUNCTION arsignup_test_shop.honest() RETURNS trigger LANGUAGE plpgsql AS $$ BEGIN INSERT INTO log VALUES ('honest', current_user); RETURN NULL; END $$;
CREATE TRIGGER z AFTER DELETE ON arsignup_test_shop.gone FOR EACH ROW EXECUTE FUNCTION arsignup_test_shop.honest();
SET LOCAL search_path = arsignup_test_shop;
SELECT arsignup.delete_user(arsignup_test.realm(), :'usr') AS deleted, current_setting('search_path') AS path \gset
SET LOCAL search_path = arsignup_test, :"tap";
SELECT is(:'deleted'::text, 't', 'A1: a trigger that names its tables by the search path works');
SELECT is(:'path'::text, 'arsignup_test_shop', 'and the path is as it was');
SELECT isnt_empty($$SELECT FROM arsignup_test_shop.log WHERE what = 'honest'$$, 'it has written');
-- A foreign key that refuses, refuses.
CREATE TABLE arsignup_test_shop.kept (user_id uuid CONSTRAINT kept REFERENCES arsignup.users (id), org_id uuid CONSTRAINT kept_org REFERENCES arsignup.orgs (id));
INSERT INTO arsignup_test_shop.kept (org_id) VALUES (:'org');
SELECT is((outcome(format('SELECT arsignup.delete_org(realm(), %L)', :'org'::text))).code, '23503', 'a foreign key without action refuses');
SELECT isnt_empty(format('SELECT FROM arsignup.orgs WHERE id = %L', :'org'::text), 'and nothing is gone');
RESET ROLE;

-- One that leads to memberships refuses whatever would delete one, and nothing is half done.
SAVEPOINT keeps;
DROP TABLE arsignup_test_shop.kept;
DROP TRIGGER z ON arsignup_test_shop.gone;
SELECT sweep() \g /dev/null
CREATE FUNCTION state() RETURNS text LANGUAGE sql AS $$ SELECT world() || md5(coalesce(string_agg(g::text, ',' ORDER BY g::text), '')) FROM arsignup_test_shop.gone AS g $$;
CREATE FUNCTION keep(action text) RETURNS void LANGUAGE plpgsql AS $$
BEGIN
	PERFORM set_config('role', 'arsignup_test_app_' || pg_backend_pid(), true);
	EXECUTE 'CREATE TABLE arsignup_test_shop.keeps (realm_id uuid, membership_id uuid, FOREIGN KEY (realm_id, membership_id) REFERENCES arsignup.memberships (realm_id, id) ' || action || ')';
	INSERT INTO arsignup_test_shop.keeps VALUES (realm(), current_setting('test.membership')::uuid);
	SET CONSTRAINTS ALL IMMEDIATE;
	SET CONSTRAINTS ALL DEFERRED;
	PERFORM set_config('role', 'none', true);
END
$$;
CREATE FUNCTION keeps(role name, action text, statement text, description text) RETURNS SETOF text LANGUAGE plpgsql AS $$
DECLARE
	p record;
	before text;
BEGIN
	p := populate(realm());
	PERFORM set_config('test.user', p.usr::text, true), set_config('test.org', p.org::text, true), set_config('test.membership', p.membership::text, true);
	IF description LIKE '%expired%' THEN
		UPDATE arsignup.memberships SET expires_at = now() - interval '1 day';
	END IF;
	PERFORM keep(action);
	before := state();
	PERFORM set_config('role', role, true);
	RETURN NEXT is((SELECT code FROM outcome(statement || '; SET CONSTRAINTS ALL IMMEDIATE')), CASE WHEN description ~ 'purge' THEN '00000' WHEN action ~ 'RESTRICT' AND current_setting('server_version_num')::int >= 180000 THEN '23001' ELSE '23503' END, format('%s keeps from %s', action, description));
	PERFORM set_config('role', 'none', true);
	RETURN NEXT is(state(), before, 'and nothing is half done');
	DROP TABLE arsignup_test_shop.keeps;
	PERFORM sweep();
END
$$;
-- A purge leaves it and says so, also where the key is deferred; whatever else deletes fails.
SET LOCAL client_min_messages = error;
SELECT keeps(:'admin_role', action, statement, description)
FROM unnest(ARRAY['ON DELETE NO ACTION', 'ON DELETE RESTRICT', 'DEFERRABLE INITIALLY DEFERRED']) AS action, (VALUES
	('delete_membership', 'SELECT arsignup.delete_membership(realm(), current_setting(''test.membership'')::uuid)'),
	('create_membership over an expired one', 'SELECT arsignup.create_membership(realm(), current_setting(''test.user'')::uuid, current_setting(''test.org'')::uuid)'),
	('purge_expired of expired ones', 'SELECT arsignup.purge_expired()'),
	('delete_user', 'SELECT arsignup.delete_user(realm(), current_setting(''test.user'')::uuid)'),
	('delete_org', 'SELECT arsignup.delete_org(realm(), current_setting(''test.org'')::uuid)'),
	('reset_realm', 'SELECT arsignup.reset_realm(realm())'),
	('delete_realm', 'UPDATE arsignup.realms SET state = ''inactive'' WHERE id = realm(); SELECT arsignup.delete_realm(realm())')) AS v (description, statement);
SET LOCAL client_min_messages = warning;
-- By HTTP it is an answer, also where the key waits.
SELECT set_config('test.user', usr::text, true), set_config('test.org', org::text, true), set_config('test.membership', membership::text, true), set_config('test.api_key', :'api_key', true) FROM populate(realm()) \g /dev/null
CREATE FUNCTION keeps_by_http(action text, method text, uri text, body text DEFAULT '') RETURNS SETOF text LANGUAGE plpgsql AS $$
DECLARE
	before text;
BEGIN
	PERFORM keep(action);
	before := state();
	RETURN NEXT is((ask(method, uri, convert_to(body, 'UTF8'), jsonb_build_object('x-authrocket-api-key', current_setting('test.api_key'), 'x-arsignup-content-type', 'application/json'))).status::text,
		'409', format('%s: %s %s', action, method, left(uri, 15)));
	RETURN NEXT is(state(), before, 'and nothing is half done');
	DROP TABLE arsignup_test_shop.keeps;
END
$$;
UPDATE arsignup.api_keys SET last_used_at = now(); -- which a call would note
SELECT keeps_by_http(action, 'DELETE', uri)
FROM unnest(ARRAY['ON DELETE NO ACTION', 'ON DELETE RESTRICT', 'DEFERRABLE INITIALLY DEFERRED']) AS action, unnest(ARRAY[
	'/v1/memberships/' || arsignup.format_id('mb', current_setting('test.membership')::uuid),
	'/v1/users/' || arsignup.format_id('usr', current_setting('test.user')::uuid),
	'/v1/orgs/' || arsignup.format_id('org', current_setting('test.org')::uuid)]) AS uri;
UPDATE arsignup.memberships SET expires_at = now() - interval '1 day';
SELECT keeps_by_http(action, 'POST', '/v1/memberships', format('{"membership": {"user_id": "%s", "org_id": "%s"}}',
	arsignup.format_id('usr', current_setting('test.user')::uuid), arsignup.format_id('org', current_setting('test.org')::uuid)))
FROM unnest(ARRAY['ON DELETE NO ACTION', 'ON DELETE RESTRICT', 'DEFERRABLE INITIALLY DEFERRED']) AS action;
ROLLBACK TO keeps;

-- By HTTP, too: the search path is PostgREST's.
SELECT arsignup.create_user(realm(), 'web@example.com') AS web_user \gset
INSERT INTO arsignup_test_shop.gone (note, user_id) VALUES ('web', :'web_user');
DELETE FROM arsignup_test_shop.log;
SET LOCAL search_path = arsignup_test_shop, arsignup_test;
SELECT (arsignup_test.ask('DELETE', '/v1/users/' || arsignup.format_id('usr', :'web_user'), '', jsonb_build_object('x-authrocket-api-key', :'api_key'::text))).status \gset web_
SET LOCAL search_path = arsignup_test, :"tap";
SELECT is(:'web_status'::text, '204', 'A1: by HTTP it works as well');
SELECT isnt_empty($$SELECT FROM arsignup_test_shop.log WHERE what = 'honest'$$, 'it has written');

-- Nor does what a trigger of the shop's sets last longer than the delete: a search path in which = is the shop's own
-- would be that of our next statement, and a role that of the session.
SAVEPOINT sets;
SET LOCAL ROLE :"app_role";
CREATE FUNCTION arsignup_test_shop.sets() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
	PERFORM set_config('search_path', 'arsignup_test_shop, pg_catalog', false);
	RETURN OLD;
END
$$;
CREATE FUNCTION arsignup_test_shop.becomes() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
	EXECUTE 'RESET ROLE';
	PERFORM arsignup_test_shop.tell('became');
	RETURN OLD;
EXCEPTION WHEN insufficient_privilege THEN
	RETURN OLD;
END
$$;
CREATE OPERATOR arsignup_test_shop.= (FUNCTION = uuid_ne, LEFTARG = uuid, RIGHTARG = uuid);
CREATE TABLE arsignup_test_shop.sets (user_id uuid REFERENCES arsignup.users (id) ON DELETE CASCADE);
CREATE TRIGGER a BEFORE DELETE ON arsignup_test_shop.sets FOR EACH ROW EXECUTE FUNCTION arsignup_test_shop.sets();
CREATE TRIGGER b AFTER DELETE ON arsignup_test_shop.sets FOR EACH ROW EXECUTE FUNCTION arsignup_test_shop.sets();
CREATE TRIGGER c AFTER DELETE ON arsignup_test_shop.sets FOR EACH ROW EXECUTE FUNCTION arsignup_test_shop.becomes();
CREATE TABLE arsignup_test_shop.seats (membership_id uuid REFERENCES arsignup.memberships ON DELETE CASCADE);
CREATE TRIGGER a BEFORE DELETE ON arsignup_test_shop.seats FOR EACH ROW EXECUTE FUNCTION arsignup_test_shop.sets();
CREATE TRIGGER b AFTER DELETE ON arsignup_test_shop.seats FOR EACH ROW EXECUTE FUNCTION arsignup_test_shop.sets();
CREATE TRIGGER c AFTER DELETE ON arsignup_test_shop.seats FOR EACH ROW EXECUTE FUNCTION arsignup_test_shop.becomes();
RESET ROLE;
SELECT arsignup.create_user(realm(), 'member@example.com') AS member \gset
SELECT arsignup.create_membership(realm(), :'member') AS old \gset
INSERT INTO arsignup_test_shop.seats VALUES (:'old');
UPDATE arsignup.memberships SET expires_at = now() - interval '1 day' WHERE id = :'old';
SET LOCAL ROLE :"app_role";
SELECT arsignup.create_membership(realm(), :'member') AS new \gset
SELECT is(current_setting('search_path'), format('arsignup_test, %s', :'tap'), 'A1: a search path that a trigger has set ends with the delete, behind a membership, too');
RESET ROLE;
SELECT results_eq(format('SELECT id FROM arsignup.memberships WHERE user_id = %L', :'member'::text), ARRAY[:'new'::uuid], 'A1: and the new membership is the user''s only one');
SELECT results_eq(format('SELECT event_type, membership_id FROM arsignup.events WHERE user_id = %L AND membership_id IS NOT NULL ORDER BY id DESC LIMIT 2', :'member'::text),
	format('VALUES (''membership.created'', %L::uuid), (''membership.deleted'', %L)', :'new'::text, :'old'::text), 'A1: as the events say');
SELECT is_empty($$SELECT FROM arsignup_test_shop.log WHERE what = 'became'$$, 'A1: nor does a trigger become the session''s role there');
SELECT arsignup.create_user(realm(), 'stays@example.com') AS stays \gset
INSERT INTO arsignup_test_shop.sets SELECT arsignup.create_user(realm('closed'), 'goes@example.com');
DELETE FROM arsignup_test_shop.log;
UPDATE arsignup.realms SET state = 'inactive' WHERE id = realm('closed');
SET LOCAL ROLE :"admin_role";
SELECT arsignup.delete_realm(realm('closed')) \g /dev/null
SELECT is(current_setting('search_path'), format('arsignup_test, %s', :'tap'), 'A1: a search path that a trigger has set ends with the delete');
RESET ROLE;
SELECT isnt_empty(format('SELECT FROM arsignup.users WHERE id = %L', :'stays'::text), 'A1: and other realms keep their users');
SELECT is_empty($$SELECT FROM arsignup_test_shop.log WHERE what = 'became'$$, 'A1: a trigger does not become the session''s role');
ROLLBACK TO sets;

-- A5: a key that waits, in a schema that only its owner may use.
REVOKE USAGE ON SCHEMA arsignup_test_shop FROM PUBLIC;
SET LOCAL ROLE :"app_role";
SET CONSTRAINTS ALL IMMEDIATE;
SET CONSTRAINTS ALL DEFERRED;
DROP TABLE arsignup_test_shop.kept, arsignup_test_shop.gone, arsignup_test_shop.blank, arsignup_test_shop.standard, arsignup_test_shop.parted;
CREATE TABLE arsignup_test_shop.kept (org_id uuid CONSTRAINT kept_org REFERENCES arsignup.orgs (id) DEFERRABLE INITIALLY DEFERRED);
INSERT INTO arsignup_test_shop.kept (org_id) VALUES (:'org');
RESET ROLE;
SELECT (ask).status, (ask).body FROM ask('DELETE', '/v1/orgs/' || arsignup.format_id('org', :'org'), '', jsonb_build_object('x-authrocket-api-key', :'api_key'::text)) AS ask \gset refused_
SELECT is(:'refused_status'::text, '409', 'A5: a deferred key in a schema that nobody else may use is an answer');
SELECT ok(:'refused_body'::text !~ 'kept', 'which names no table');
SELECT isnt_empty(format('SELECT FROM arsignup.orgs WHERE id = %L', :'org'::text), 'and nothing is gone');

---------------------------------------------------------------------------------------------------
-- Foreign keys of other types: their check would cast as the owner of our table
---------------------------------------------------------------------------------------------------

GRANT USAGE ON SCHEMA arsignup_test_shop TO PUBLIC;
SET LOCAL ROLE :"app_role";
CREATE TYPE arsignup_test_shop.enum AS ENUM ('a');
CREATE FUNCTION arsignup_test_shop.cast_it(arsignup_test_shop.enum) RETURNS uuid LANGUAGE plpgsql IMMUTABLE AS $$ BEGIN PERFORM arsignup_test_shop.spy('cast'); RETURN arsignup_test.realm(); END $$;
CREATE CAST (arsignup_test_shop.enum AS uuid) WITH FUNCTION arsignup_test_shop.cast_it AS IMPLICIT;
CREATE DOMAIN arsignup_test_shop.domain AS uuid CHECK (arsignup_test_shop.spy('domain') IS NOT NULL);
CREATE TABLE arsignup_test_shop.later (plain uuid, enum arsignup_test_shop.enum, domain arsignup_test_shop.domain);
SELECT refused(statement, '42804', format('column "%s" must have the type uuid to refer to table "arsignup.%s"', col, target), 'A cast from another type would run as the owner of that table.', 'A1: ' || statement)
FROM (VALUES
	('x', 'users', 'CREATE TABLE arsignup_test_shop.x (x arsignup_test_shop.enum REFERENCES arsignup.users (id))'),
	('x', 'orgs', 'CREATE TABLE arsignup_test_shop.x (x arsignup_test_shop.domain REFERENCES arsignup.orgs (id) ON DELETE CASCADE)'),
	('enum', 'users', 'ALTER TABLE arsignup_test_shop.later ADD FOREIGN KEY (enum) REFERENCES arsignup.users (id) NOT VALID'),
	('domain', 'users', 'ALTER TABLE arsignup_test_shop.later ADD CONSTRAINT c FOREIGN KEY (domain) REFERENCES arsignup.users (id)')) AS v (col, target, statement);
ALTER TABLE arsignup_test_shop.later ADD FOREIGN KEY (plain) REFERENCES arsignup.users (id);
SELECT is((outcome('ALTER TABLE arsignup_test_shop.later ALTER plain TYPE arsignup_test_shop.domain', false)).code, '42804', 'A1: nor can the type be changed afterwards');
RESET ROLE;
SELECT is((outcome('CREATE TABLE arsignup_test_shop.x (x arsignup_test_shop.enum REFERENCES arsignup.users (id))', false)).code, '42804', 'not by a superuser either, who does not know what the cast will be');
SELECT refused('CREATE TABLE arsignup_test_shop.x (r uuid, m uuid, FOREIGN KEY (r, m) REFERENCES arsignup.sessions (realm_id, id) ON DELETE CASCADE)', '0A000', 'a foreign key cannot refer to table "arsignup.sessions"', NULL, 'nor does any key lead to another table of ours');
SELECT is((outcome('CREATE TABLE arsignup_test_shop.x (r uuid, u uuid, FOREIGN KEY (r, u) REFERENCES arsignup.users (realm_id, id))', false)).code, '00000', 'a superuser may refer to users by realm and id');

---------------------------------------------------------------------------------------------------
-- What runs as our roles: functions of a superuser's, and those that become another role
---------------------------------------------------------------------------------------------------

-- However a function of the shop's is called as a role of ours.
GRANT CREATE ON SCHEMA arsignup_test TO PUBLIC;
SET LOCAL ROLE :"app_role";
CREATE OPERATOR arsignup_test_shop.!! (FUNCTION = arsignup_test_shop.spy, RIGHTARG = text);
CREATE FUNCTION arsignup_test_shop.definer() RETURNS trigger LANGUAGE plpgsql SECURITY DEFINER AS $$ BEGIN PERFORM arsignup_test_shop.spy('definer'); RETURN NEW; END $$;
CREATE FUNCTION arsignup_test_shop.inlined(text) RETURNS text LANGUAGE sql IMMUTABLE AS 'SELECT $1';
CREATE FUNCTION arsignup_test_shop.settled(text) RETURNS text LANGUAGE sql SET search_path = pg_catalog AS 'SELECT $1';
RESET ROLE;
DELETE FROM arsignup_test_shop.log;
CREATE FUNCTION as_one_of_us(role name, statement text) RETURNS text LANGUAGE plpgsql AS $$
DECLARE
	o record;
BEGIN
	PERFORM set_config('role', role, true);
	SELECT * INTO o FROM outcome(statement, false);
	PERFORM set_config('role', 'none', true);
	RETURN concat_ws(' ', o.code, o.message);
END
$$;
SELECT is(as_one_of_us(role, statement), format('42501 function "%s" cannot run as role "%s"', called, role), format('%s: %s', role, statement))
FROM unnest(ARRAY['arsignup_owner', 'arsignup_directory']) AS role, (VALUES
	('spy', 'SELECT arsignup_test_shop.spy(''called'')'),
	('spy', 'SELECT OPERATOR(arsignup_test_shop.!!) ''operator'''),
	('spy', 'SELECT gen_random_uuid()::arsignup_test_shop.domain'),
	('cast_it', 'SELECT ''a''::arsignup_test_shop.enum::uuid'),
	('settled', 'SELECT arsignup_test_shop.settled(''x'')'),
	('inlined', 'SELECT arsignup_test_shop.inlined(''x'')'),
	('spy', 'DO $do$ DECLARE t text; BEGIN t := arsignup_test_shop.spy(''expression''); END $do$')) AS v (called, statement);
SELECT is_empty('SELECT FROM arsignup_test_shop.log', 'and none has run');

-- What a superuser attaches to our tables: a function of the shop's is refused when it comes to run, another works.
CREATE FUNCTION of_superuser() RETURNS trigger LANGUAGE plpgsql AS $$ BEGIN RAISE EXCEPTION 'Signups from blocked.example are not allowed here.'; END $$;
CREATE FUNCTION attached(statement text, code text, message text, description text) RETURNS text LANGUAGE plpgsql AS $$
DECLARE
	o record;
BEGIN
	EXECUTE statement;
	PERFORM set_config('role', 'arsignup_test_app_' || pg_backend_pid(), true);
	SELECT * INTO o FROM outcome('SELECT arsignup.create_user(realm(), ''ada@example.com'')');
	PERFORM set_config('role', 'none', true);
	RETURN is(concat_ws(' ', o.code, o.message), concat_ws(' ', code, message), description);
END
$$;
SAVEPOINT attached;
SELECT attached('CREATE TRIGGER t BEFORE INSERT ON arsignup.users FOR EACH ROW EXECUTE FUNCTION arsignup_test_shop.note()', '42501', 'function "note" cannot run as role "arsignup_owner"', 'a trigger with a function of the shop''s');
ROLLBACK TO attached;
SELECT attached('CREATE CONSTRAINT TRIGGER t AFTER INSERT ON arsignup.users FOR EACH ROW EXECUTE FUNCTION arsignup_test_shop.note()', '42501', 'function "note" cannot run as role "arsignup_owner"', 'a constraint trigger likewise');
ROLLBACK TO attached;
SELECT attached('CREATE TRIGGER t AFTER INSERT ON arsignup.users FOR EACH ROW EXECUTE FUNCTION arsignup_test_shop.definer()', '00000', NULL, 'one that becomes the shop''s owner of its own accord');
SELECT is(string_agg(concat_ws(' ', what, who), ', '), 'definer ' || :'app_role', 'and runs as that') FROM arsignup_test_shop.log;
ROLLBACK TO attached;
SELECT attached('CREATE TRIGGER t BEFORE INSERT ON arsignup.users FOR EACH ROW EXECUTE FUNCTION arsignup_test.of_superuser()', 'P0001', 'Signups from blocked.example are not allowed here.', 'N9: one with a function of a superuser''s');
ROLLBACK TO attached;
SELECT attached('ALTER TABLE arsignup.users ADD more text DEFAULT arsignup_test_shop.spy(''default'')', '42501', 'function "spy" cannot run as role "arsignup_owner"', 'a default');
ROLLBACK TO attached;
SELECT attached('ALTER TABLE arsignup.users ADD more text GENERATED ALWAYS AS (arsignup_test_shop.spy(email)) STORED', '42501', 'function "spy" cannot run as role "arsignup_owner"', 'a generated column');
ROLLBACK TO attached;
SELECT attached('ALTER TABLE arsignup.users ADD CHECK (arsignup_test_shop.spy(email) IS NOT NULL)', '42501', 'function "spy" cannot run as role "arsignup_owner"', 'a check');
ROLLBACK TO attached;
SELECT is((outcome('CREATE INDEX ON arsignup.users (arsignup_test_shop.spy(email))', false)).message, 'function "spy" cannot run as role "arsignup_directory"', 'an index expression');
SELECT attached('ALTER TABLE arsignup.users ENABLE ROW LEVEL SECURITY; CREATE POLICY p ON arsignup.users USING (arsignup_test_shop.spy(email) IS NOT NULL)', '00000', NULL, 'a policy, which does not hold for us');
DELETE FROM arsignup_test_shop.log;
SET LOCAL ROLE :"app_role";
SELECT isnt_empty('SELECT FROM arsignup.users', 'but for the shop');
RESET ROLE;
SELECT is(ran(:'app_role'), 'caller', 'and is the shop''s own doing');
ROLLBACK TO attached;
DELETE FROM arsignup_test_shop.log;

-- What the shop makes for itself is nothing that we would run.
SET LOCAL ROLE :"app_role";
CREATE VIEW arsignup_test_shop.users AS SELECT *, arsignup_test_shop.spy(email) FROM arsignup.users;
SELECT is((outcome('CREATE EVENT TRIGGER e ON ddl_command_end EXECUTE FUNCTION arsignup_test_shop.note()')).code, '42501', 'it makes no event trigger');
SET LOCAL search_path = arsignup_test_shop, pg_catalog;
SELECT arsignup.create_user(arsignup_test.realm(), 'eve@example.com') AS eve \gset
SELECT arsignup.update_user(arsignup_test.realm(), :'eve', first_name => 'Eve') \g /dev/null
SELECT arsignup.delete_user(arsignup_test.realm(), :'eve') \g /dev/null
SET LOCAL search_path = arsignup_test, :"tap";
SELECT is_empty('SELECT FROM arsignup_test_shop.log', 'nor is a view or an operator of its own taken for ours');
RESET ROLE;

---------------------------------------------------------------------------------------------------
-- Who changes what is ours
---------------------------------------------------------------------------------------------------

SELECT is(as_one_of_us(role, statement), '42501 only a superuser may change what belongs to arsignup', format('%s: %s', role, statement))
FROM (VALUES ('arsignup_owner', 'credentials'), ('arsignup_directory', 'users'), ('arsignup_owner', 'orgs')) AS who (role, t), LATERAL unnest(ARRAY[
	'CREATE TRIGGER t BEFORE INSERT ON arsignup.%s FOR EACH ROW EXECUTE FUNCTION suppress_redundant_updates_trigger()',
	'ALTER TABLE arsignup.%s ADD CHECK (created_at IS NOT NULL)',
	'ALTER TABLE arsignup.%s ADD more text',
	'ALTER TABLE arsignup.%s ALTER realm_id SET DEFAULT gen_random_uuid()',
	'ALTER TABLE arsignup.%s RENAME TO other',
	'CREATE INDEX ON arsignup.%s (lower(realm_id::text))',
	'CREATE RULE r AS ON INSERT TO arsignup.%s DO ALSO NOTHING',
	'CREATE POLICY p ON arsignup.%s USING (true)',
	'CREATE STATISTICS arsignup_test.s ON realm_id, id FROM arsignup.%s',
	'CREATE TABLE arsignup_test.kid () INHERITS (arsignup.%s)']) AS form, format(form, t) AS statement
WHERE role <> 'arsignup_directory' OR statement !~ 'RENAME|INDEX'; -- for which it lacks a privilege
SELECT is(as_one_of_us('arsignup_owner', statement), '42501 only a superuser may change what belongs to arsignup', 'arsignup_owner: ' || statement)
FROM unnest(ARRAY[
	'CREATE OR REPLACE FUNCTION arsignup.new_id() RETURNS uuid LANGUAGE sql SET search_path = pg_catalog, pg_temp AS ''SELECT gen_random_uuid()''',
	'ALTER FUNCTION arsignup.new_id() SECURITY DEFINER',
	'ALTER FUNCTION arsignup.new_id() RENAME TO other',
	'CREATE FUNCTION arsignup.evil() RETURNS int LANGUAGE sql AS ''SELECT 1''',
	'CREATE TABLE arsignup_web.evil ()',
	'CREATE TYPE arsignup.evil AS ENUM ()',
	'CREATE DOMAIN arsignup.evil AS text',
	'ALTER DOMAIN arsignup_web."text/css" ADD CHECK (true)']) AS statement;
GRANT TRIGGER ON arsignup.users TO :"app_role";
SELECT is(as_one_of_us(:'app_role', 'CREATE TRIGGER t BEFORE INSERT ON arsignup.users FOR EACH ROW EXECUTE FUNCTION arsignup_test_shop.note()'), '42501 only a superuser may change what belongs to arsignup', 'not even who was granted it');
-- Not even while create_tables is at work, by what a superuser's event trigger runs.
SAVEPOINT event_trigger;
SET LOCAL ROLE :"app_role";
CREATE FUNCTION arsignup_test_shop.attach_at_ddl() RETURNS event_trigger LANGUAGE plpgsql SECURITY DEFINER AS $$
BEGIN
	CREATE TRIGGER t BEFORE INSERT ON arsignup.users FOR EACH ROW EXECUTE FUNCTION arsignup_test_shop.note();
END
$$;
RESET ROLE;
DROP TABLE arsignup.login_sources;
CREATE EVENT TRIGGER arsignup_test ON ddl_command_end WHEN TAG IN ('CREATE INDEX') EXECUTE FUNCTION arsignup_test_shop.attach_at_ddl();
SELECT is((outcome('SELECT arsignup.create_tables()', false)).message, 'only a superuser may change what belongs to arsignup', 'nor while create_tables() is at work');
ROLLBACK TO event_trigger;
SELECT is((outcome('CREATE INDEX ON arsignup.users (realm_id, lower(reference))', false)).code, '00000', 'a superuser may');
-- Not from a function in an index of its own, either, which the server runs for a superuser.
SET LOCAL ROLE :"app_role";
CREATE FUNCTION arsignup_test_shop.attach() RETURNS void LANGUAGE plpgsql AS $$
BEGIN
	IF current_setting('test.armed', true) = 'yes' THEN
		CREATE TRIGGER hidden BEFORE INSERT ON arsignup.users FOR EACH ROW EXECUTE FUNCTION arsignup_test_shop.note();
	END IF;
END
$$;
CREATE FUNCTION arsignup_test_shop.hidden(text) RETURNS text LANGUAGE plpgsql IMMUTABLE AS $$
BEGIN
	PERFORM arsignup_test_shop.attach();
	RETURN $1;
END
$$;
CREATE TABLE arsignup_test_shop.armed AS SELECT 'x' AS t;
CREATE INDEX ON arsignup_test_shop.armed (arsignup_test_shop.hidden(t));
RESET ROLE;
SELECT set_config('test.armed', 'yes', true) \g /dev/null
SELECT is((outcome('REINDEX TABLE arsignup_test_shop.armed', false)).message, 'only a superuser may change what belongs to arsignup', 'nor by an index function, while a superuser makes the index anew');

-- The role that the server checks foreign keys as owns users and orgs and nothing else.
SELECT set_eq($$SELECT relname::text FROM pg_class WHERE relowner = 'arsignup_directory'::regrole AND relkind = 'r'$$, ARRAY['users', 'orgs', 'memberships'], 'arsignup_directory owns users, orgs and memberships');
SELECT is_empty($$SELECT proname FROM pg_proc WHERE proowner = 'arsignup_directory'::regrole UNION ALL SELECT nspname FROM pg_namespace WHERE nspowner = 'arsignup_directory'::regrole$$, 'no function and no schema');
SELECT is_empty($$SELECT c.relname FROM pg_class AS c WHERE c.relnamespace = 'arsignup'::regnamespace AND c.relkind = 'r' AND c.relname NOT IN ('users', 'orgs', 'memberships')
	AND has_any_column_privilege('arsignup_directory', c.oid, 'SELECT, INSERT, UPDATE, REFERENCES')$$, 'and may do nothing with another table');
SELECT is_empty($$SELECT p.proname FROM pg_proc AS p WHERE p.pronamespace IN ('arsignup'::regnamespace, 'arsignup_web'::regnamespace) AND p.prosecdef AND has_function_privilege('arsignup_directory', p.oid, 'EXECUTE')$$, 'nor run what runs as another');

SELECT * FROM finish();
ROLLBACK;
