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
	"jwt_fields": ["Jwt fields must be any of custom, memberships and orgs, not \"all\"."], "username_validation_human": ["Username validation human must be standard or email, not \"phone\"."],
	"api_key_policy": ["Api key policy must be hash: keys of users are stored as digests only."], "api_key_prefix": ["Api key prefix must be ku_."],
	"api_key_minutes": ["Api key minutes must be 0: keys of users start no session."], "resource_links": ["Resource links are not offered: the templates of mails are files of arsignup-mail."],
	"signup_token_ttl": ["Signup token ttl must be positive and 366 days at most, not \"0\"."], "sso": ["Sso must be basic or seamless, not \"x\"."],
	"session_type": ["Session type must be managed or unmanaged, not \"x\"."], "reference": ["Reference must have 1 to 255 characters, not \"yyyyyyyyyyyyyyyyyyyyyyyyyyyyyyyyyyyyyyyy...\"."]}',
	'all that is wrong, at once');
SELECT refuses('PUT /v1/realms/' || :'id', '{"realm": {"name": "", "state": "asleep"}}', 422,
	'{"name": ["Name can''t be blank."], "state": ["State must be active or inactive, not \"asleep\"."]}', 'to change: all at once, too');
SELECT refuses('POST /v1/realms', format('{"realm": {"name": "x", "session_minutes": %s}}', n), 422, jsonb_build_object('session_minutes', ARRAY['Session minutes must be ' || says]), 'session_minutes: ' || n)
FROM (VALUES ('2147483648', '1 to 527040, not "2147483648".'), ('-1', '1 to 527040, not "-1".'), ('"-1"', '1 to 527040, not "-1".'), ('-9223372036854775808', '1 to 527040.'),
	('"99999999999999999999999"', '1 to 527040, not "99999999999999999999999".'), ('1e300', '1 to 527040.'), ('-1e300', '1 to 527040.'), ('1.5', 'a whole number.'), ('"-"', 'a whole number.'), ('"1-"', 'a whole number.')) AS v (n, says);
SELECT refuses('POST /v1/realms', format('{"realm": {"name": "x", "%s": %s}}', field, n), 422, jsonb_build_object(field, ARRAY[says]), field || ': ' || n)
FROM (VALUES ('signup_token_ttl', '-5', 'Signup token ttl must be positive and 366 days at most, not "-5".'), ('longest_hold', '1e300', 'Longest hold must be positive and 366 days at most.'),
	('event_retention', '"-1.5"', 'Event retention must be positive and 1000 years at most, not "-1.5".'), ('event_retention', '999999999999', 'Event retention must be positive and 1000 years at most, not "999999999999".'),
	('event_retention', '"x"', 'Event retention must be a number of seconds.')) AS v (field, n, says);
SELECT refuses('POST /v1/realms', '{"realm": {"name": "x", "signup_token_ttl": 99999999999}}', 422, '{"signup_token_ttl": ["Signup token ttl must be positive and 366 days at most, not \"99999999999\"."]}', 'an age');

---------------------------------------------------------------------------------------------------
-- Changing
---------------------------------------------------------------------------------------------------

SELECT tells('PUT /v1/realms/' || :'id', '{"realm": {"session_minutes": 10, "reference": "x", "custom": {"a": 1}}}', 200, '{"name": "Made", "session_minutes": 10, "reference": "x", "custom": {"a": 1}}', 'only what is given changes');
SELECT tells('PUT /v1/realms/' || :'id', '{"realm": {"reference": null, "custom": null, "session_minutes": null, "event_retention": null}}', 200,
	'{"reference": null, "custom": {}, "session_minutes": 360, "event_retention": null}', 'null is what a new realm has, or none');
SELECT tells('PUT /v1/realms/' || :'id', '{"realm": {"state": "inactive"}}', 200, '{"state": "inactive"}', 'inactive');
SELECT tells('PUT /v1/realms/' || :'id', '{"realm": {"state": null, "name": "Made"}}', 200, '{"state": "inactive"}', 'a state of null leaves it so');
SELECT refuses('PUT /v1/realms/' || :'id', '{"realm": {"state": ""}}', 422, '{"state": ["State must be active or inactive, not \"\"."]}', 'a blank one is none');
SELECT refuses('PUT /v1/realms/' || :'id', '{"realm": {"state": "", "session_minutes": 0}}', 422, '{"state": ["State must be active or inactive, not \"\"."], "session_minutes": ["Session minutes must be 1 to 527040, not \"0\"."]}', 'which is told with all else');
SELECT tells('PUT /v1/realms/' || :'id', '{"realm": {"state": "active"}}', 200, '{"state": "active"}', 'active again');
SELECT tells('POST /v1/realms', '{"realm": {"name": "Stateless", "state": null}}', 201, '{"state": "active"}', 'a new one is active, if nothing else is said');
SELECT refuses('POST /v1/realms', '{"realm": {"name": "Stateless", "state": ""}}', 422, '{"state": ["State must be active or inactive, not \"\"."]}', 'and if nothing is said, that is not the blank');
SELECT tells('PUT /v1/realms/' || :'id', '', 200, '{"name": "Made"}', 'nothing');
SELECT json ->> 'jwt_key' AS rsa FROM ask('PUT /v1/realms/' || :'id', '{"realm": {"jwt_algo": "rs256"}}') \gset
SELECT alike(:'rsa'::text, '%PUBLIC KEY%', 'another algorithm: its public key');
SELECT json ->> 'token' AS token, status AS session_status
FROM ask('POST /v1/sessions?realm_id=' || :'id', jsonb_build_object('session', jsonb_build_object('user_id',
	(ask('POST /v1/users?realm_id=' || :'id', '{"user": {"username": "ann", "email": "ann@example.com", "password": "canary-Ann-9876"}}')).json ->> 'id'))::text) \gset
SELECT is(:session_status, 201, 'and people log in');
SELECT is(convert_from(decode(translate(split_part(:'token', '.', 1), '-_', '+/') || repeat('=', -length(split_part(:'token', '.', 1)) & 3), 'base64'), 'UTF8')::jsonb ->> 'alg', 'RS256', 'by it');
SELECT refuses('PUT /v1/realms/' || :'id', '{"realm": {"username_validation_human": "email", "session_minutes": "long"}}', 422,
	'{"session_minutes": ["Session minutes must be a whole number."], "username_validation_human": ["Username validation human can''t be changed so, since the realm has users or orgs."]}', 'what is of another type, and what else is wrong');
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
-- Auth providers: views of the same settings
---------------------------------------------------------------------------------------------------

SELECT json ->> 'id' AS fresh, (json ->> 'id') AS fresh_id FROM ask('POST /v1/realms', '{"realm": {"name": "Providers"}}') \gset
SELECT '?realm_id=' || :'fresh' AS of \gset
SELECT json -> 'collection' -> 0 AS provider, json -> 'collection' -> 0 ->> 'id' AS password FROM ask('GET /v1/auth_providers' || :'of') \gset
SELECT answers('GET /v1/auth_providers' || :'of', '', 200, jsonb_build_object('more_results', false, 'collection', jsonb_build_array(:'provider'::jsonb)), 'a new realm has one');
SELECT is(:'provider'::jsonb - 'id', jsonb_build_object('object', 'auth_provider', 'realm_id', :'fresh', 'provider_type', 'password', 'name', 'Password', 'state', 'active',
	'min_length', 8, 'min_complexity', 'high', 'required_chars', '[]'::jsonb), 'what passwords must be');
SELECT alike(:'password'::text, 'ap\_%', 'its id');
SELECT answers('GET /v1/auth_providers/' || :'password' || :'of', '', 200, :'provider', 'by its id');
SELECT tells('PUT /v1/auth_providers/' || :'password' || :'of', '{"auth_provider": {"min_length": 12, "min_complexity": "none", "required_chars": [], "signup": false, "state": "active"}}', 200,
	'{"min_length": 12, "min_complexity": "none"}', 'changed');
SELECT results_eq(format('SELECT password_min_length, password_min_score, signups_enabled FROM arsignup.realms WHERE id = %L', arsignup.parse_id(:'fresh')), 'VALUES (12, 0, true)', 'as the realm, and nothing of the other');
SELECT refuses('PUT /v1/auth_providers/' || :'password' || :'of', '{"auth_provider": {"min_length": 0, "min_complexity": "extreme", "required_chars": ["digit"], "state": "inactive"}}', 422,
	'{"min_length": ["Min length must be 1 to 128, not \"0\"."], "min_complexity": ["Min complexity must be none, low, medium, high or highest, not \"extreme\"."],
	"required_chars": ["Required chars are not offered: min_complexity asks for strength."], "state": ["State must be active: there is no other way to log in than by password."]}', 'what it cannot be');
SELECT refuses('DELETE /v1/auth_providers/' || :'password' || :'of', '', 422, '{"base": ["It can''t be deleted: there is no other way to log in than by password."]}', 'nor go');
SELECT refuses('POST /v1/auth_providers' || :'of', jsonb_build_object('auth_provider', jsonb_build_object('provider_type', type))::text, 422, jsonb_build_object('provider_type', jsonb_build_array('Provider type ' || says)), 'no ' || coalesce(type, 'type'))
FROM (VALUES (NULL, 'can''t be blank.'), ('password', 'password is there already: change that one.'), ('totp', 'totp is not offered: there is no second factor.'),
	('google', 'google is not offered: people log in by password.'), ('facebook', 'facebook is not offered: people log in by password.'), ('magic', 'must be password or login_rocket, not "magic".')) AS v (type, says);
SELECT json AS rocket, json ->> 'id' AS rocket_id FROM ask('POST /v1/auth_providers' || :'of', '{"auth_provider": {"provider_type": "login_rocket", "signup_mode": "user_org", "default_permissions": ["owner"], "email_verification": "request", "min_length": 1}}') \gset
SELECT is(:'rocket'::jsonb, jsonb_build_object('object', 'auth_provider', 'id', :'rocket_id', 'realm_id', :'fresh', 'provider_type', 'login_rocket', 'name', 'LoginRocket', 'state', 'active', 'login', true,
	'signup', true, 'signup_mode', 'user_org', 'name_field', 'optional', 'org_name_field', 'optional', 'password_field', 'once', 'email_verification', 'request', 'verify', true, 'default_permissions', '["owner"]'::jsonb),
	'login_rocket');
SELECT results_eq(format('SELECT signup_mode, email_verification, password_min_length FROM arsignup.realms WHERE id = %L', arsignup.parse_id(:'fresh')), $$VALUES ('user_org', 'request', 12)$$, 'is the realm''s, too');
SELECT tells('GET /v1/auth_providers' || :'of', '', 200, jsonb_build_object('collection', jsonb_build_array(jsonb_build_object('id', :'password'), jsonb_build_object('id', :'rocket_id'))), 'and is listed from then on');
SELECT tells('PUT /v1/auth_providers/' || :'rocket_id' || :'of', '{"auth_provider": {"login": false, "signup": false, "verify": false}}', 200, '{"login": false, "signup": false, "verify": true}', 'switched off');
SELECT tells('PUT /v1/auth_providers/' || :'rocket_id' || :'of', '{"auth_provider": {"signup": null, "email_verification": "require", "login": false}}', 200, '{"signup": false, "email_verification": "require", "login": false}', 'null leaves it so');
SELECT tells('PUT /v1/auth_providers/' || :'rocket_id' || :'of', '{"auth_provider": {"login": null, "email_verification": null}}', 200, '{"signup": false, "email_verification": "require", "login": false}', 'whatever it would open');
SELECT tells('PUT /v1/auth_providers/' || :'rocket_id' || :'of', '{"auth_provider": {"login": true, "email_verification": "request"}}', 200, '{"login": true, "email_verification": "request"}', 'what is said opens it');
SELECT refuses('PUT /v1/auth_providers/' || :'rocket_id' || :'of', '{"auth_provider": {"signup_mode": "x", "name_field": "x", "org_name_field": "x", "password_field": "x", "email_verification": "x", "default_permissions": [""], "state": "inactive"}}', 422,
	'{"state": ["State must be active: set login and signup to false instead."], "name_field": ["Name field must be required, both, optional or hidden, not \"x\"."], "signup_mode": ["Signup mode must be user, user_org or signup_token, not \"x\"."],
	"org_name_field": ["Org name field must be required, optional or hidden, not \"x\"."], "password_field": ["Password field must be once or twice, not \"x\"."], "email_verification": ["Email verification must be none, request or require, not \"x\"."],
	"default_permissions": ["Default permissions must be at most 20 of 1 to 62 characters, not \"\"."]}', 'what it cannot be either');
SELECT refuses('DELETE /v1/auth_providers/' || :'rocket_id' || :'of', '', 422, '{"base": ["It can''t be deleted: set login and signup to false instead."]}', 'it stays');
SELECT refuses(method || ' /v1/auth_providers/' || id || :'of', '', 404, :'absent', method || ' of ' || id)
FROM unnest(ARRAY['GET', 'PUT', 'DELETE']) AS method, unnest(ARRAY['nonsense', 'ap_', arsignup.format_id('ap', realm()), :'fresh']) AS id;
SELECT refuses(method || ' /v1/auth_providers/' || path || :'of', '', status, answer::jsonb, method || ' ' || path)
FROM (VALUES ('GET', 404, '{"error": "Not offered here: nobody logs in by another service, but by a password, as docs/authrocket1.md says."}'),
	('POST', 422, '{"base": ["Not offered here: nobody logs in by another service, but by a password, as docs/authrocket1.md says."]}')) AS v (method, status, answer), unnest(ARRAY['authorize', :'password' || '/authorize']) AS path;
SELECT refuses(request, '', 403, :'denied', request || ' by one who may not', 'reader')
FROM unnest(ARRAY['GET /v1/auth_providers' || :'of', 'PUT /v1/auth_providers/' || :'password' || :'of', 'GET /v1/jwt_keys' || :'of', 'POST /v1/jwt_keys' || :'of']) AS request;
SELECT refuses('GET /v1/auth_providers' || :'of' || '&' || given, '', 422, errors::jsonb, 'a list that takes nothing: ' || given) FROM (VALUES
	('state=active&max_results=1', '{"state": ["This list can''t be filtered by that."], "max_results": ["This list can''t be filtered by that."]}'),
	('after=x&sort=id&direction=asc', '{"after": ["This list can''t be filtered by that."], "sort": ["This list can''t be filtered by that."], "direction": ["This list can''t be filtered by that."]}'),
	('state[]=active', '{"state": ["This list can''t be filtered by that."]}')) AS v (given, errors);
SELECT refuses('POST /v1/auth_providers' || :'of', '{"auth_provider": {"provider_type": "google", "min_length": "long"}}', 422,
	'{"provider_type": ["Provider type google is not offered: people log in by password."], "min_length": ["Min length must be a whole number."]}', 'all that is wrong');
SELECT is((ask('GET /v1/auth_providers', '', 'own')).json #>> '{collection,0,realm_id}', rl(realm()), 'by a key of its own realm');
SELECT refuses('GET /v1/auth_providers' || :'of', '', 403, :'denied', 'not by one of another', 'own');

---------------------------------------------------------------------------------------------------
-- Keys that sign
---------------------------------------------------------------------------------------------------

SELECT json #>> '{collection,0,id}' AS first_key FROM ask('GET /v1/jwt_keys' || :'of') \gset
SELECT json AS second, json ->> 'id' AS second_key FROM ask('POST /v1/jwt_keys' || :'of') \gset
SELECT is(:'second'::jsonb - ARRAY['id', 'created_at'], jsonb_build_object('object', 'jwt_key', 'realm_id', :'fresh', 'algo', 'hs256', 'state', 'active', 'retired_at', NULL, 'jwk', NULL), 'a new one, and no secret of it');
SELECT tells('GET /v1/jwt_keys' || :'of', '', 200, jsonb_build_object('collection', jsonb_build_array(jsonb_build_object('id', :'first_key', 'state', 'retired'), jsonb_build_object('id', :'second_key', 'state', 'active'))), 'the one before is retired');
SELECT is((ask('GET /v1/jwt_keys' || :'of' || '&max_results=1')).json ->> 'more_results', 'true', 'a page');
SELECT is((ask('GET /v1/jwt_keys' || :'of' || '&after=' || :'first_key')).json #>> '{collection,0,id}', :'second_key'::text, 'and the next');
SELECT refuses('GET /v1/jwt_keys' || :'of' || '&max_results=0', '', 422, '{"max_results": ["Max results must be a number from 1 to 1000."]}', 'none at all');
SELECT refuses('GET /v1/jwt_keys' || :'of' || '&' || given, '', 422, errors::jsonb, 'a list that takes no more than a place to begin: ' || given) FROM (VALUES
	('state=active&max_results=0', '{"state": ["This list can''t be filtered by that."], "max_results": ["Max results must be a number from 1 to 1000."]}'),
	('sort=id&direction=desc', '{"sort": ["This list can''t be filtered by that."], "direction": ["This list can''t be filtered by that."]}'),
	('after[]=x&max_results[0]=1', '{"after": ["After must be a single text."], "max_results": ["Max results must be a single text."]}')) AS v (given, errors);
SELECT refuses('POST /v1/jwt_keys' || :'of', '{"jwt_key": {"algo": "rs256"}}', 422, '{"algo": ["Algo must be the realm''s, hs256, not \"rs256\": change its jwt_algo."]}', 'of another algorithm');
SELECT refuses('DELETE /v1/jwt_keys/' || :'first_key' || :'of', '', 422, '{"base": ["It is retired already: it signs no more, and what it has signed stays good until it expires."]}', 'one that is retired');
SELECT tells('PUT /v1/realms/' || :'fresh', '{"realm": {"jwt_algo": "eddsa"}}', 200, '{"jwt_algo": "eddsa"}', 'another algorithm');
SELECT is((ask('DELETE /v1/jwt_keys/' || :'second_key' || :'of')).status, 204, 'is retired');
SELECT is((SELECT (ask('GET /v1/jwt_keys/' || kid || :'of')).json #>> '{jwk,crv}' FROM arsignup.signing_keys WHERE realm_id = arsignup.parse_id(:'fresh') AND retired_at IS NULL), 'Ed25519', 'for one that all may see');
SELECT refuses(method || ' /v1/jwt_keys/' || id || :'of', '', 404, :'absent', method || ' of ' || id)
FROM unnest(ARRAY['GET', 'DELETE']) AS method, unnest(ARRAY['nonsense', 'jk_', (SELECT kid FROM arsignup.signing_keys WHERE realm_id = arsignup.parse_id(:'id') LIMIT 1)]) AS id;

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
SELECT tells('POST /v1/realms/' || :'id' || '/reset', '', 200, jsonb_build_object('id', :'id'), 'reset under a key', 'all', '{"idempotency-key": "reset-once-0123456789"}');
SELECT furnish(:'made_id', 1);
SELECT tells('POST /v1/realms/' || :'id' || '/reset', '', 200, jsonb_build_object('id', :'id'), 'sent again, it is answered', 'all', '{"idempotency-key": "reset-once-0123456789"}');
SELECT is(lives_in(:'made_id') -> 'users', '1', 'and nobody goes who came meanwhile');
SELECT is(arsignup.reset_realm(:'made_id'), 1::bigint, 'but by a reset');
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
SELECT arsignup.mint_signup_token((SELECT id FROM arsignup.connected_apps WHERE realm_id = :'made_id'), 'late@example.com', username => 'late', password_hash => ready_hash()) AS token \gset
SELECT is((SELECT state FROM arsignup.get_signup_token(:'token')), 'pending', 'a token');
CREATE TABLE arsignup_test.members (user_id uuid REFERENCES arsignup.users (id));
INSERT INTO arsignup_test.members SELECT id FROM arsignup.users WHERE realm_id = :'made_id' ORDER BY id LIMIT 1;
SELECT refuses('DELETE /v1/realms/' || :'id', '', 409, '{"base": ["It can''t be deleted, since rows of the application refer to it."]}', 'not while a row of the application refers to a user');
DELETE FROM arsignup_test.members;
INSERT INTO arsignup_test.members SELECT id FROM arsignup.users WHERE realm_id = :'made_id' ORDER BY id DESC LIMIT 1;
INSERT INTO arsignup.events (realm_id, id, event_at, event_type) SELECT :'made_id', arsignup.new_id(), now(), 'user.created' FROM generate_series(1, 3);
SELECT answers('DELETE /v1/realms/' || :'id', '', 204, NULL, 'an active one, at once');
SELECT refuses('GET /v1/realms/' || :'id', '', 404, :'absent', 'gone');
SELECT refuses('GET /v1/realms/' || :'id', '', 403, :'denied', 'its key, too', 'made');
SELECT answers('DELETE /v1/realms/' || :'id', '', 204, NULL, 'as who deletes it twice is told');
SELECT refuses('DELETE /v1/realms/' || :'id', '', 403, :'denied', 'but no key of a realm', 'own');
SELECT refuses('POST /v1/realms/' || :'id' || '/reset', '', 404, :'absent', 'nor emptied');
SELECT refuses('GET /v1/users?realm_id=' || :'id', '', 404, :'absent', 'nor are there users');
SELECT is(names('&reference=' || 'none'), NULL, 'nothing by a reference that is none');
SELECT ok(NOT names('') @> ARRAY['Made'], 'it is in no list');
SELECT is(lives_in(:'made_id'), '{"users": 1, "tokens": 1, "events": 3}', 'what is left');
SELECT is_empty(format('SELECT FROM arsignup.get_signup_token(%L)', :'token'), 'its token is none');
SELECT is((outcome(format('SELECT arsignup.revoke_signup_token(%L)', :'token'))).code, 'SU003', 'not to be revoked');
SELECT is(arsignup.export_user(:'made_id', (SELECT id FROM arsignup.users WHERE realm_id = :'made_id')), NULL, 'nobody is known there');
SELECT is((SELECT count(*) FROM arsignup.claim_events('{user.created}', 10000) WHERE realm_id = :'made_id'), 0::bigint, 'of which no worker hears');
SELECT is((SELECT count(arsignup.event_json(realm_id, id)) FROM arsignup.events WHERE realm_id = :'made_id'), 0::bigint, 'and no hook that waits for it');
SELECT refused(format('SELECT arsignup.create_org(%L, ''x'')', :'made_id'), 'SU010', 'no such realm', NULL, 'nothing is created in it');
SELECT refused(format('SELECT arsignup.create_api_key(%L, ''x'', ''{read}'')', :'made_id'), 'SU010', 'no such realm', NULL, 'no key');
SELECT is((outcome(format('INSERT INTO arsignup.realms (id, name) VALUES (%L, ''Again'')', :'made_id'))).code, '55006', 'no other realm has its id');
INSERT INTO arsignup.realms (name) VALUES ('Idle');
SELECT is((outcome(format('UPDATE arsignup.realms SET id = %L WHERE name = ''Idle''', :'made_id'))).code, '55006', 'nor takes it');
DELETE FROM arsignup.realms WHERE name = 'Idle';
SELECT is((SELECT rows FROM arsignup.backlog() WHERE kind = 'deleted_realms'), 1::bigint, 'which the backlog counts');
SET LOCAL client_min_messages = error; -- it warns of the row
SELECT is(arsignup.purge_expired(), 4::bigint, 'a purge goes on');
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
SELECT is((SELECT purge_at > now() + interval '9 minutes' FROM arsignup.deleted_realms WHERE realm_id = :'made_id'), true, 'it is remembered as long as the transaction goes on that was the last at it: this one');
DELETE FROM arsignup.deleted_realms WHERE realm_id = :'made_id';
SELECT refuses('DELETE /v1/realms/' || :'id', '', 404, :'absent', 'also by who deletes it');

-- What is asleep is deleted, too.
SELECT answers('DELETE /v1/realms/' || rl(realm('asleep')), '', 204, NULL, 'an inactive one');

SELECT * FROM finish();
ROLLBACK;
