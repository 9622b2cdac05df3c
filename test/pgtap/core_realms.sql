-- Realms over the Core API: who may do what, what is told, what is refused; and that it is the same as by SQL.
BEGIN;
\ir include/setup.psql
\ir include/core.psql
SELECT no_plan();

INSERT INTO key VALUES
	('none', ''),
	('all', arsignup.create_api_key(NULL, 'all', '{read,write,admin}')),
	('reader', arsignup.create_api_key(NULL, 'reader', '{read,write}')),
	('own', arsignup.create_api_key(realm(), 'own', '{admin}')),
	('weak', arsignup.create_api_key(realm(), 'weak', '{read,write}'));
CREATE FUNCTION rl(realm uuid) RETURNS text LANGUAGE sql AS $$ SELECT arsignup.format_id('rl', realm) $$;
CREATE FUNCTION refuses(request text, body text, status int, errors jsonb, description text, key text DEFAULT 'all') RETURNS text LANGUAGE plpgsql AS $$
DECLARE
	before text := world();
	says text := answers(request, body, status, CASE WHEN errors ? 'error' THEN errors ELSE faults(errors) END, description, key);
BEGIN
	RETURN CASE WHEN world() = before THEN says ELSE ok(false, description || ': AND SOMETHING CHANGED') END;
END
$$;
\set denied '{"error": "Access denied. The API key is missing, or does not permit this."}'
\set absent '{"error": "Not found."}'

---------------------------------------------------------------------------------------------------
-- Creating
---------------------------------------------------------------------------------------------------

SELECT json AS made, json ->> 'id' AS id, json ->> 'jwt_key' AS jwt_key FROM ask('POST /v1/realms', '{"realm": {"name": "Made"}}') \gset
SELECT is(:'made'::jsonb - ARRAY['id', 'created_at', 'jwt_key', 'jwt_secret'], '{"object": "realm", "name": "Made", "state": "active", "reference": null, "custom": {},
	"username_validation_human": "standard", "require_unique_emails": true, "api_key_policy": "hash", "api_key_prefix": "ku_", "api_key_minutes": 0,
	"jwt_algo": "hs256", "jwt_fields": [], "session_type": "managed", "session_minutes": 360, "sso": "basic", "signup_token_ttl": 86400,
	"longest_hold": 2592000, "event_retention": 7776000, "resource_links": []}', 'a realm as it is made');
SELECT alike(:'id'::text, 'rl_%', 'its id');
SELECT alike(:'jwt_key'::text, 'jsk\_%', 'its key, at once');
SELECT is(:'made'::jsonb ->> 'jwt_secret', :'jwt_key'::text, 'under its old name, too');
SELECT is(arsignup.reveal_jwt_key(arsignup.parse_id(:'id')), :'jwt_key'::text, 'is the realm''s');
SELECT is((SELECT username_validation FROM arsignup.realms WHERE id = arsignup.parse_id(:'id')), 'standard', 'AuthRocket''s default');
SELECT answers('GET /v1/realms/' || :'id', '', 200, :'made', 'and is read the same');

SELECT tells('POST /v1/realms', '{"realm": {"name": "Full", "state": "inactive", "reference": "r-1", "custom": {"a": [1]}, "username_validation_human": "email",
	"require_unique_emails": false, "api_key_policy": "hash", "api_key_prefix": "ku_", "api_key_minutes": 0, "jwt_algo": "EdDSA", "jwt_fields": ["orgs", "memberships"],
	"session_type": "unmanaged", "session_minutes": 5, "sso": "seamless", "signup_token_ttl": 60, "longest_hold": 3600, "event_retention": null, "resource_links": []}}', 201,
	'{"name": "Full", "state": "inactive", "reference": "r-1", "custom": {"a": [1]}, "username_validation_human": "email", "require_unique_emails": false, "jwt_algo": "eddsa",
	"jwt_fields": ["orgs", "memberships"], "session_type": "unmanaged", "session_minutes": 5, "sso": "seamless", "signup_token_ttl": 60, "longest_hold": 3600, "event_retention": null}',
	'every setting');
SELECT tells('POST /v1/realms', 'realm[name]=Form&realm[session_minutes]=7&realm[require_unique_emails]=false&realm[jwt_fields][]=custom', 201,
	'{"name": "Form", "session_minutes": 7, "require_unique_emails": false, "jwt_fields": ["custom"]}', 'as a form', 'all', '{"x-arsignup-content-type": "application/x-www-form-urlencoded"}');

---------------------------------------------------------------------------------------------------
-- What is refused
---------------------------------------------------------------------------------------------------

SELECT refuses('POST /v1/realms', '{}', 422, '{"name": ["Name can''t be blank."]}', 'no name');
SELECT refuses('POST /v1/realms', '{"realm": {"name": ""}}', 422, '{"name": ["Name can''t be blank."]}', 'a blank one');
SELECT refuses('POST /v1/realms', '{"realm": {"name": 5.5, "custom": [], "session_minutes": "x", "require_unique_emails": 1}}', 422,
	'{"name": ["Name must be text."], "custom": ["Custom must be an object."], "session_minutes": ["Session minutes must be a whole number."], "require_unique_emails": ["Require unique emails must be true or false."]}',
	'what is of another type');
SELECT refuses('POST /v1/realms', jsonb_build_object('realm', jsonb_build_object('name', repeat('x', 256), 'state', 'asleep', 'session_minutes', 0, 'jwt_algo', 'none',
	'jwt_fields', ARRAY['all'], 'username_validation_human', 'phone', 'api_key_policy', 'encrypt', 'api_key_prefix', 'x_', 'api_key_minutes', 5, 'resource_links', ARRAY['{}'::jsonb],
	'signup_token_ttl', 0, 'sso', 'x', 'session_type', 'x', 'reference', repeat('y', 256)))::text, 422,
	'{"name": ["Name must have 1 to 255 characters, not \"xxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxx...\"."], "state": ["State must be active or inactive, not \"asleep\"."],
	"session_minutes": ["Session minutes must be 1 to 527040, not \"0\"."], "jwt_algo": ["Jwt algo must be hs256, rs256 or eddsa, not \"none\"."],
	"jwt_fields": ["Jwt fields must be any of custom, memberships and orgs."], "username_validation_human": ["Username validation human must be standard or email, not \"phone\"."],
	"api_key_policy": ["Api key policy must be hash: keys of users are stored as digests only."], "api_key_prefix": ["Api key prefix must be ku_."],
	"api_key_minutes": ["Api key minutes must be 0: keys of users start no session."], "resource_links": ["Resource links are not offered: the templates of mails are files of arsignup-mail."],
	"signup_token_ttl": ["Signup token ttl must be positive and 366 days at most, not \"0\"."], "sso": ["Sso must be basic or seamless, not \"x\"."],
	"session_type": ["Session type must be managed or unmanaged, not \"x\"."], "reference": ["Reference must have 1 to 255 characters, not \"yyyyyyyyyyyyyyyyyyyyyyyyyyyyyyyyyyyyyyyy...\"."]}',
	'all that is wrong, at once');
SELECT refuses('PUT /v1/realms/' || :'id', '{"realm": {"name": "", "state": "asleep"}}', 422,
	'{"name": ["Name can''t be blank."], "state": ["State must be active or inactive, not \"asleep\"."]}', 'to change: all at once, too');
SELECT refuses('POST /v1/realms', '{"realm": {"name": "x", "session_minutes": 2147483648}}', 422, '{"session_minutes": ["Session minutes must be a whole number."]}', 'a number that is too large');
SELECT refuses('POST /v1/realms', '{"realm": {"name": "x", "signup_token_ttl": 99999999999}}', 422, '{"signup_token_ttl": ["Signup token ttl must be positive and 366 days at most, not \"99999999999\"."]}', 'an age');

---------------------------------------------------------------------------------------------------
-- Changing
---------------------------------------------------------------------------------------------------

SELECT tells('PUT /v1/realms/' || :'id', '{"realm": {"session_minutes": 10, "reference": "x", "custom": {"a": 1}}}', 200, '{"name": "Made", "session_minutes": 10, "reference": "x", "custom": {"a": 1}}', 'only what is given changes');
SELECT tells('PUT /v1/realms/' || :'id', '{"realm": {"reference": null, "custom": null, "session_minutes": null, "event_retention": null}}', 200,
	'{"reference": null, "custom": {}, "session_minutes": 360, "event_retention": null}', 'null is what a new realm has, or none');
SELECT tells('PUT /v1/realms/' || :'id', '', 200, '{"name": "Made"}', 'nothing');
SELECT json ->> 'jwt_key' AS rsa FROM ask('PUT /v1/realms/' || :'id', '{"realm": {"jwt_algo": "rs256"}}') \gset
SELECT alike(:'rsa'::text, '%PUBLIC KEY%', 'another algorithm: its public key');
SELECT json ->> 'token' AS token, status AS session_status
FROM ask('POST /v1/sessions?realm_id=' || :'id', jsonb_build_object('session', jsonb_build_object('user_id',
	(ask('POST /v1/users?realm_id=' || :'id', '{"user": {"username": "ann", "email": "ann@example.com", "password": "canary-Ann-9876"}}')).json ->> 'id'))::text) \gset
SELECT is(:session_status, 201, 'and people log in');
SELECT is(convert_from(decode(translate(split_part(:'token', '.', 1), '-_', '+/') || repeat('=', -length(split_part(:'token', '.', 1)) & 3), 'base64'), 'UTF8')::jsonb ->> 'alg', 'RS256', 'by it');
SELECT refuses('PUT /v1/realms/' || :'id', '{"realm": {"username_validation_human": "email", "session_minutes": -1}}', 422,
	'{"session_minutes": ["Session minutes must be a whole number."]}', 'types come first');
SELECT refuses('PUT /v1/realms/' || :'id', '{"realm": {"username_validation_human": "email", "session_minutes": 0}}', 422,
	'{"session_minutes": ["Session minutes must be 1 to 527040, not \"0\"."], "username_validation_human": ["Username validation human can''t be changed so, since the realm has users or orgs."]}', 'what users stand on');
SELECT tells('PUT /v1/realms/' || :'id', '{"realm": {"require_unique_emails": false}}', 200, '{"require_unique_emails": false}', 'once');
SELECT refuses('PUT /v1/realms/' || :'id', '{"realm": {"require_unique_emails": true}}', 422,
	'{"require_unique_emails": ["Require unique emails can''t be changed so, since the realm has users or orgs."]}', 'and not back');

---------------------------------------------------------------------------------------------------
-- Who may
---------------------------------------------------------------------------------------------------

SELECT refuses(request, '{"realm": {"name": "x"}}', 403, :'denied', request || ' by ' || key, key)
FROM unnest(ARRAY['POST /v1/realms', 'GET /v1/realms', 'GET /v1/realms/' || rl(realm()), 'PUT /v1/realms/' || rl(realm())]) AS request, unnest(ARRAY['none', 'reader', 'weak']) AS key;
SELECT refuses(request, '{"realm": {"name": "x"}}', 403, :'denied', request || ' by a key of one realm', 'own') FROM unnest(ARRAY['POST /v1/realms', 'GET /v1/realms']) AS request;
SELECT tells('GET /v1/realms/' || rl(realm()), '', 200, jsonb_build_object('id', rl(realm())), 'its own realm', 'own');
SELECT tells('PUT /v1/realms/' || rl(realm()), '{"realm": {"name": "Mine"}}', 200, '{"name": "Mine"}', 'which it may change', 'own');
SELECT refuses(method || rl(realm), '{"realm": {"name": "x"}}', 404, :'absent', method || ' of another realm, there or not', 'own')
FROM unnest(ARRAY['GET /v1/realms/', 'PUT /v1/realms/']) AS method, unnest(ARRAY[realm('other'), gen_random_uuid()]) AS realm;
SELECT refuses(method || id, '{"realm": {"name": "x"}}', 404, :'absent', method || id) FROM unnest(ARRAY['GET /v1/realms/', 'PUT /v1/realms/']) AS method,
	unnest(ARRAY['nonsense', 'rl_', 'rl_0000000000000000000000', rl(gen_random_uuid()), arsignup.format_id('org', realm())]) AS id;
SELECT is((ask('GET /v1/realms', '', 'all', '{"x-authrocket-realm": "rl_nonsense"}')).status, 200, 'the realm of a header is not meant here');

---------------------------------------------------------------------------------------------------
-- Lists
---------------------------------------------------------------------------------------------------

CREATE FUNCTION names(query text) RETURNS text[] LANGUAGE sql AS $$
	SELECT array_agg(c.value ->> 'name') FROM (SELECT (ask('GET /v1/realms?max_results=1000' || query)).json) AS a, jsonb_array_elements(a.json -> 'collection') AS c
$$;
SELECT ok(names('') @> ARRAY['Made', 'Full', 'Mine', 'Other'], 'all realms');
SELECT is(names('&reference=r-1'), ARRAY['Full'], 'by reference');
SELECT is(names('&sort=name'), (SELECT array_agg(name ORDER BY name COLLATE "C", id) FROM arsignup.realms), 'by name');
SELECT is(names('&sort=name&direction=desc'), (SELECT array_agg(name ORDER BY name COLLATE "C" DESC, id DESC) FROM arsignup.realms), 'from the end');
SELECT is(names('&after=' || (SELECT rl(id) FROM arsignup.realms ORDER BY id LIMIT 1)), (SELECT array_agg(name ORDER BY id) FROM (SELECT * FROM arsignup.realms ORDER BY id OFFSET 1) AS r), 'the next page');
SELECT is((SELECT count(*) FROM (SELECT (ask('GET /v1/realms')).json) AS a, jsonb_array_elements(a.json -> 'collection') AS c WHERE c.value ? 'jwt_key'), 0::bigint, 'no key in a list');

---------------------------------------------------------------------------------------------------
-- The same as by SQL
---------------------------------------------------------------------------------------------------

SELECT tells('PUT /v1/realms/' || rl(realm()), '{"realm": {"state": "inactive"}}', 200, '{"state": "inactive"}', 'inactive over HTTP');
SELECT refused('SELECT arsignup.create_org(realm(), ''x'')', 'SU006', 'realm is inactive', NULL, 'by SQL at once');
UPDATE arsignup.realms SET state = 'active', name = 'By SQL' WHERE id = realm();
SELECT tells('GET /v1/realms/' || rl(realm()), '', 200, '{"state": "active", "name": "By SQL"}', 'and the other way round');

-- Rules of the application's on the table: its trigger's words, and a rule whose name says it.
ALTER TABLE arsignup.realms ADD CONSTRAINT name_is_no_test CHECK (name <> 'Test');
SELECT refuses('PUT /v1/realms/' || :'id', '{"realm": {"name": "Test"}}', 422, '{"name": ["Name must be no test, not \"Test\"."]}', 'a rule that an administrator has added');
CREATE FUNCTION arsignup_test.refuse() RETURNS trigger LANGUAGE plpgsql SECURITY DEFINER SET search_path = pg_catalog, pg_temp AS $$ BEGIN RAISE EXCEPTION 'Realms are made by the office.'; END $$;
CREATE TRIGGER refuse BEFORE INSERT ON arsignup.realms FOR EACH ROW EXECUTE FUNCTION arsignup_test.refuse();
SELECT refuses('POST /v1/realms', '{"realm": {"name": "x"}}', 422, '{"base": ["Realms are made by the office."]}', 'a trigger''s words');
DROP TRIGGER refuse ON arsignup.realms;
CREATE FUNCTION arsignup_test.swallow() RETURNS trigger LANGUAGE plpgsql SECURITY DEFINER SET search_path = pg_catalog, pg_temp AS $$ BEGIN RETURN NULL; END $$;
CREATE TRIGGER swallow BEFORE INSERT OR UPDATE ON arsignup.realms FOR EACH ROW EXECUTE FUNCTION arsignup_test.swallow();
SELECT refuses('POST /v1/realms', '{"realm": {"name": "x"}}', 422, '{"base": ["The database refuses this, by a rule of the application''s or for its size."]}', 'a trigger that swallows');
SELECT refuses('PUT /v1/realms/' || :'id', '{"realm": {"name": "x"}}', 422, '{"base": ["The database refuses this, by a rule of the application''s or for its size."]}', 'and changes');
DROP TRIGGER swallow ON arsignup.realms;
-- Code of a role that is not ours runs as nobody's of ours.
CREATE FUNCTION arsignup_test.spy() RETURNS trigger LANGUAGE plpgsql AS $$ BEGIN RAISE EXCEPTION 'ran as %', current_user; END $$;
ALTER FUNCTION arsignup_test.spy() OWNER TO :"admin_role";
CREATE TRIGGER spy BEFORE INSERT OR UPDATE ON arsignup.realms FOR EACH ROW EXECUTE FUNCTION arsignup_test.spy();
SELECT refuses('PUT /v1/realms/' || :'id', '{"realm": {"name": "x"}}', 422, '{"base": ["The database refuses this, by a rule of the application''s or for its size."]}', 'the fence holds');
DROP TRIGGER spy ON arsignup.realms;


---------------------------------------------------------------------------------------------------
-- Emptying
---------------------------------------------------------------------------------------------------

CREATE FUNCTION lives_in(realm uuid) RETURNS jsonb LANGUAGE sql VOLATILE SECURITY DEFINER SET search_path = pg_catalog, pg_temp AS $$
	SELECT jsonb_strip_nulls(jsonb_build_object(
		'users', nullif((SELECT count(*) FROM arsignup.users WHERE realm_id = realm), 0), 'orgs', nullif((SELECT count(*) FROM arsignup.orgs WHERE realm_id = realm), 0),
		'memberships', nullif((SELECT count(*) FROM arsignup.memberships WHERE realm_id = realm), 0), 'sessions', nullif((SELECT count(*) FROM arsignup.sessions WHERE realm_id = realm), 0),
		'events', nullif((SELECT count(*) FROM arsignup.events WHERE realm_id = realm), 0), 'tokens', nullif((SELECT count(*) FROM arsignup.signup_tokens WHERE realm_id = realm), 0),
		'apps', nullif((SELECT count(*) FROM arsignup.connected_apps WHERE realm_id = realm), 0), 'keys', nullif((SELECT count(*) FROM arsignup.api_keys WHERE realm_id = realm), 0),
		'signing_keys', nullif((SELECT count(*) FROM arsignup.signing_keys WHERE realm_id = realm), 0)))
$$;
CREATE FUNCTION furnish(realm uuid, people int) RETURNS void LANGUAGE sql AS $$
	INSERT INTO arsignup.users (realm_id, id, created_at, state, user_type, username, username_key, email, email_key, custom)
	SELECT realm, arsignup.new_id(), now(), 'active', 'human', 'u' || n, 'u' || n, 'u' || n || '@example.com', 'u' || n || '@example.com', '{}' FROM generate_series(1, people) AS n;
$$;
SELECT arsignup.parse_id(:'id') AS made_id \gset
INSERT INTO arsignup.connected_apps (realm_id, name, slug, login_handler) VALUES (:'made_id', 'App', 'core-realms-' || pg_backend_pid(), 'https://app.example.com/');
INSERT INTO key VALUES ('made', arsignup.create_api_key(:'made_id', 'made', '{read,admin}'));
SELECT is((ask('POST /v1/orgs?realm_id=' || :'id', '{"org": {"name": "Org"}}')).status, 201, 'an org');
SELECT lives_in(:'made_id') AS lives \gset
SELECT is(:'lives'::jsonb, '{"users": 1, "orgs": 1, "sessions": 1, "events": 3, "apps": 1, "keys": 1, "signing_keys": 2}', 'somebody lives there');
SELECT refuses('POST /v1/realms/' || rl(realm) || '/reset', '', 403, :'denied', 'not by a key of one realm', 'made') FROM unnest(ARRAY[:'made_id', realm()]) AS realm;
SELECT refuses('DELETE /v1/realms/' || rl(realm), '', 403, :'denied', 'nor deleted', 'made') FROM unnest(ARRAY[:'made_id', realm()]) AS realm;
SELECT tells('POST /v1/realms/' || :'id' || '/reset', '', 200, jsonb_build_object('id', :'id', 'name', 'Made', 'jwt_key', :'rsa'), 'reset');
SELECT is(lives_in(:'made_id'), '{"apps": 1, "keys": 1, "signing_keys": 2}', 'settings, apps and keys stay');
SELECT furnish(:'made_id', 10000);
SELECT refuses('POST /v1/realms/' || :'id' || '/reset', '', 409,
	'{"base": ["There is too much in this realm for one call, nothing was done. Call arsignup.reset_realm in SQL, again and again until it returns 0."]}', 'too much for one call');
SELECT is(arsignup.reset_realm(:'made_id', 9000), 9000::bigint, 'by SQL');
SELECT is(arsignup.reset_realm(:'made_id'), 1000::bigint, 'by and by');
SELECT is(arsignup.reset_realm(:'made_id'), 0::bigint, 'until it is empty');
SELECT invalid(format('SELECT arsignup.reset_realm(%L, 0)', :'made_id'), '{"max_rows": ["Number of rows must be positive."]}', 'at least one');
SELECT refused('SELECT arsignup.reset_realm(gen_random_uuid())', 'SU010', 'no such realm', NULL, 'no such realm');

---------------------------------------------------------------------------------------------------
-- Deleting
---------------------------------------------------------------------------------------------------

SELECT furnish(:'made_id', 10001);
CREATE TABLE arsignup_test.members (user_id uuid REFERENCES arsignup.users (id));
INSERT INTO arsignup_test.members SELECT id FROM arsignup.users WHERE realm_id = :'made_id' ORDER BY id LIMIT 1;
SELECT refuses('DELETE /v1/realms/' || :'id', '', 409, '{"base": ["It can''t be deleted, since rows of the application refer to it."]}', 'not while a row of the application refers to a user');
DELETE FROM arsignup_test.members;
INSERT INTO arsignup_test.members SELECT id FROM arsignup.users WHERE realm_id = :'made_id' ORDER BY id DESC LIMIT 1;
INSERT INTO arsignup.events (realm_id, id, event_at, event_type) SELECT :'made_id', arsignup.new_id(), now(), 'user.created' FROM generate_series(1, 3);
SELECT answers('DELETE /v1/realms/' || :'id', '', 204, NULL, 'an active one, at once');
SELECT refuses('GET /v1/realms/' || :'id', '', 404, :'absent', 'gone');
SELECT refuses('GET /v1/realms/' || :'id', '', 403, :'denied', 'its key, too', 'made');
SELECT refuses('DELETE /v1/realms/' || :'id', '', 404, :'absent', 'once');
SELECT refuses('POST /v1/realms/' || :'id' || '/reset', '', 404, :'absent', 'nor emptied');
SELECT refuses('GET /v1/users?realm_id=' || :'id', '', 404, :'absent', 'nor are there users');
SELECT is(names('&reference=' || 'none'), NULL, 'nothing by a reference that is none');
SELECT ok(NOT names('') @> ARRAY['Made'], 'it is in no list');
SELECT is(lives_in(:'made_id'), '{"users": 1, "events": 3}', 'what is left');
SELECT is((SELECT count(*) FROM arsignup.claim_events('{user.created}', 10000) WHERE realm_id = :'made_id'), 0::bigint, 'of which no worker hears');
SELECT refused(format('SELECT arsignup.create_org(%L, ''x'')', :'made_id'), 'SU010', 'no such realm', NULL, 'nothing is created in it');
SELECT refused(format('SELECT arsignup.create_api_key(%L, ''x'', ''{read}'')', :'made_id'), 'SU010', 'no such realm', NULL, 'no key');
SELECT is((outcome(format('INSERT INTO arsignup.realms (id, name) VALUES (%L, ''Again'')', :'made_id'))).code, '55006', 'no other realm has its id');
SELECT is((outcome(format('UPDATE arsignup.realms SET id = %L WHERE id = realm(''asleep'')', :'made_id'))).code, '55006', 'nor takes it');
SELECT is((SELECT rows FROM arsignup.backlog() WHERE kind = 'deleted_realms'), 1::bigint, 'which the backlog counts');
SET LOCAL client_min_messages = error; -- it warns of the row
SELECT is(arsignup.purge_expired(), 3::bigint, 'a purge goes on');
SET LOCAL client_min_messages = warning;
SELECT is(lives_in(:'made_id'), '{"users": 1}', 'but for a user to whom a row refers');
SELECT is((SELECT purge_at > now() + interval '9 minutes' FROM arsignup.deleted_realms WHERE realm_id = :'made_id'), true, 'who is tried again later');
SELECT is((SELECT rows FROM arsignup.backlog() WHERE kind = 'deleted_realms'), 0::bigint, 'until then nothing is due');
DELETE FROM arsignup_test.members;
UPDATE arsignup.deleted_realms SET purge_at = now() WHERE realm_id = :'made_id';
SELECT is(arsignup.purge_expired(), 1::bigint, 'and goes');
SELECT is(lives_in(:'made_id'), '{}', 'nothing is left');
SELECT is((SELECT purge_at = deleted_at + interval '1 hour' FROM arsignup.deleted_realms WHERE realm_id = :'made_id'), true, 'it is remembered for an hour');
SELECT furnish(:'made_id', 1);
UPDATE arsignup.deleted_realms SET purge_at = clock_timestamp(), deleted_at = clock_timestamp() - interval '1 hour' WHERE realm_id = :'made_id';
SELECT is(arsignup.purge_expired(), 1::bigint, 'whoever had been under way');
SELECT is_empty(format('SELECT FROM arsignup.deleted_realms WHERE realm_id = %L', :'made_id'), 'then it is forgotten');

-- What is asleep is deleted, too.
SELECT answers('DELETE /v1/realms/' || rl(realm('asleep')), '', 204, NULL, 'an inactive one');

SELECT * FROM finish();
ROLLBACK;
