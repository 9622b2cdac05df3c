-- The LoginRocket API by its one way in, as nginx and PostgREST would call it for pages of other origins and mobile apps:
-- who may call, what is read, what is answered. Nothing of a browser's is believed, and nothing is left in it.
BEGIN;
\ir include/setup.psql
\ir include/web.psql
SELECT no_plan();

---------------------------------------------------------------------------------------------------
-- Helpers
---------------------------------------------------------------------------------------------------

-- Call as a page of another origin does.
CREATE FUNCTION call(uri text, body text DEFAULT '', headers jsonb DEFAULT '{}') RETURNS answer LANGUAGE sql AS $$
	SELECT ask('POST', uri, convert_to(body, 'UTF8'), '{"x-arsignup-content-type": "application/json", "sec-fetch-site": "cross-site", "origin": "https://shop.example"}' || headers)
$$;
CREATE FUNCTION form(uri text, body text DEFAULT '', headers jsonb DEFAULT '{}') RETURNS answer LANGUAGE sql AS $$
	SELECT call(uri, body, '{"x-arsignup-content-type": "application/x-www-form-urlencoded; charset=UTF-8"}' || headers)
$$;

-- A body without its tokens.
CREATE FUNCTION cut(body text) RETURNS text LANGUAGE sql AS $$
	SELECT regexp_replace(regexp_replace(body, 'utk_[A-Za-z0-9_-]{64}', 'U', 'g'), 'eyJ[A-Za-z0-9_-]+\.[A-Za-z0-9_-]+\.[A-Za-z0-9_-]+', 'J', 'g')
$$;
CREATE FUNCTION token(a answer) RETURNS text LANGUAGE sql AS $$ SELECT a.body::jsonb ->> 'token' $$;
CREATE FUNCTION error(a answer) RETURNS text LANGUAGE sql AS $$ SELECT a.body::jsonb ->> 'error' $$;

-- Assert an answer: status, JSON, and what every answer has and has not.
CREATE FUNCTION says(a answer, status int, "json" jsonb, description text) RETURNS text LANGUAGE sql AS $$
	SELECT is(concat_ws(' | ', a.status, cut(a.body)::jsonb, header(a, 'Content-Type'), header(a, 'Cache-Control'), header(a, 'X-Content-Type-Options'), header(a, 'Set-Cookie'),
			header(a, 'Access-Control-Allow-Credentials'), CASE WHEN a.body ~ 'canary' THEN 'A PASSWORD' END),
		concat_ws(' | ', status, json, 'application/json; charset=utf-8', 'no-store', 'nosniff'), description)
$$;
CREATE FUNCTION fails(a answer, errors jsonb, description text) RETURNS text LANGUAGE sql AS $$
	SELECT says(a, 200, jsonb_build_object('error', (SELECT string_agg(s.sentence, ' ' ORDER BY e.n, s.n)
		FROM json_each(a.body::json -> 'errors') WITH ORDINALITY AS e (name, sentences, n), json_array_elements_text(e.sentences) WITH ORDINALITY AS s (sentence, n)), 'errors', errors), description)
$$;

INSERT INTO arsignup.realms (id, name, username_validation, password_min_score, email_verification, password_field, name_field) VALUES
	(realm('strict'), 'Strict', 'standard', 3, 'none', 'twice', 'both'),
	(realm('verify'), 'Verify', 'email', 0, 'require', 'once', 'hidden'),
	(realm('unmanaged'), 'Unmanaged', 'email', 0, 'none', 'once', 'optional');
UPDATE arsignup.realms SET session_type = 'unmanaged' WHERE id = realm('unmanaged');
INSERT INTO arsignup.connected_apps (realm_id, id, name, slug, login_handler, signup_handler, signup_mode, default_permissions, allowed_origins, state, signups_enabled, logins_enabled)
SELECT realm(realm), app('api ' || slug), initcap(slug), slug || pg_backend_pid(), 'https://app.example.com/login?x=1#y', 'https://app.example.com/signup', mode, '{reader}', origins, state, signups, logins
FROM (VALUES
	('email', 'u', 'user', '{*}'::text[], 'active', NULL::boolean, NULL::boolean),
	('email', 'o', 'user_org', '{*}', 'active', NULL, NULL),
	('email', 't', 'signup_token', '{*}', 'active', NULL, NULL),
	('email', 'own', 'user', '{}', 'active', NULL, NULL),
	('email', 'few', 'user', '{https://shop.example,http://localhost:3000}', 'active', NULL, NULL),
	('email', 'off', 'user', '{*}', 'inactive', NULL, NULL),
	('asleep', 'asleep', 'user', '{*}', 'active', NULL, NULL),
	('email', 'nosignup', 'user', '{*}', 'active', false, NULL),
	('email', 'nologin', 'user', '{*}', 'active', NULL, false),
	('strict', 'strict', 'user_org', '{*}', 'active', NULL, NULL),
	('verify', 'v', 'user', '{*}', 'active', NULL, NULL),
	('unmanaged', 'un', 'user', '{*}', 'active', NULL, NULL)) AS v (realm, slug, mode, origins, state, signups, logins);
INSERT INTO arsignup.app_routes (kind, name, realm_id, connected_app_id)
SELECT 'host', slug || pg_backend_pid() || '.example.com', realm(), app('api ' || slug) FROM unnest(ARRAY['u', 'o', 't']) AS slug;
CREATE FUNCTION host(slug text) RETURNS jsonb LANGUAGE sql AS $$ SELECT jsonb_build_object('x-arsignup-host', slug || pg_backend_pid() || '.example.com') $$;
SELECT arsignup.create_user(realm(), 'ada@example.com', password_hash => ready_hash()) AS ada,
	arsignup.create_user(realm('strict'), 'bob@example.com', username => 'bob', password_hash => ready_hash()) AS bob,
	arsignup.create_user(realm('unmanaged'), 'eve@example.com', password_hash => ready_hash()) AS eve \gset

---------------------------------------------------------------------------------------------------
-- Signing up: each thing that a signup makes, by slug and by host, as JSON and as a form
---------------------------------------------------------------------------------------------------

CREATE TEMP TABLE signups AS SELECT v.*, format('n%s@example.com', row_number() OVER ()) AS email FROM (
	SELECT * FROM unnest(ARRAY['u', 'o', 't']) AS slug, unnest(ARRAY['slug', 'host']) AS route, unnest(ARRAY['json', 'form']) AS body) AS v;
CREATE TEMP TABLE answers AS SELECT s.*, a AS a FROM signups AS s, LATERAL (SELECT CASE route WHEN 'slug' THEN at(slug, '/v1/signup') ELSE '/v1/signup' END AS path, CASE route WHEN 'host' THEN host(slug) ELSE '{}' END AS headers) AS p,
	LATERAL (SELECT CASE body
		WHEN 'json' THEN call(path, jsonb_build_object('email', email, 'password', 'canary password', 'org_name', 'Org of ' || email, 'first_name', 'Ada', 'last_name', 'Lovelace', 'password_confirmation', 'canary password')::text, headers)
		ELSE form(path, 'email=' || replace(email, '@', '%40') || '&password=canary+password&org_name=Org+of+' || email || '&first_name=Ada&last_name=Lovelace', headers) END AS a OFFSET 0) AS q;
SELECT says(a, 200, CASE slug WHEN 't' THEN '{"token": "U", "url": "https://app.example.com/signup?token=U"}'
	ELSE '{"token": "J", "url": "https://app.example.com/login?x=1&token=J&signup=true#y"}' END::jsonb, format('a signup at %s by %s as %s', slug, route, body)) FROM answers;
SELECT is(arsignup.verify_login_token(token(a)) ->> 'un', email, 'the token is theirs') FROM answers WHERE slug <> 't';
SELECT is((SELECT concat_ws(', ', o.name, m.permissions) FROM arsignup.users AS u JOIN arsignup.memberships AS m ON m.user_id = u.id JOIN arsignup.orgs AS o ON o.id = m.org_id WHERE u.email = s.email),
	CASE slug WHEN 'o' THEN 'Org of ' || email || ', {reader}' END, format('the org of a signup at %s', slug)) FROM answers AS s WHERE slug <> 't';
SELECT is((SELECT concat_ws(' ', email, first_name, last_name, state) FROM arsignup.get_signup_token(token(a))), email || ' Ada Lovelace pending', 'the token is good') FROM answers WHERE slug = 't';
SELECT is((SELECT count(*) FROM arsignup.users WHERE email IN (SELECT email FROM answers WHERE slug = 't')), 0::bigint, '... and there is no user yet');
SELECT is((SELECT string_agg(concat_ws(' ', event_type, ip, client), ', ' ORDER BY id) FROM arsignup.events AS e WHERE e.user_id = (SELECT id FROM arsignup.users WHERE email = 'n1@example.com')), 'user.created pgtap, user.login.succeeded pgtap', 'events name the client, and no address that nobody vouches for');
SELECT is((SELECT count(*) FROM arsignup.sessions WHERE cookie_digest IS NOT NULL), 0::bigint, 'no browser is remembered');

-- The very bytes that clients of AuthRocket 1 send.
SELECT says(ask('POST', at('u', '/v1/signup'), convert_to('{"username":"old@example.com","email":"old@example.com","password":"canary password"}', 'UTF8'),
	'{"x-arsignup-content-type": "application/json", "sec-fetch-site": null, "user-agent": null}'), 200, '{"token": "J", "url": "https://app.example.com/login?x=1&token=J&signup=true#y"}', 'superagent: no Accept, no Origin, no User-Agent');
SELECT says(call(at('u', '/v1/signup'), '{"username":"name@example.com","password":"canary password"}'), 200, '{"token": "J", "url": "https://app.example.com/login?x=1&token=J&signup=true#y"}', 'where emails are usernames, either will do');
SELECT says(call(at('strict', '/v1/signup'), '{"username":"grace","email":"grace@example.com","password":"correct horse canary","password_confirmation":"correct horse canary","first_name":"Grace","last_name":"Hopper"}'),
	200, '{"token": "J", "url": "https://app.example.com/login?x=1&token=J&signup=true#y"}', 'usernames of their own');
SELECT says(call(at('v', '/v1/signup'), '{"email":"ver@example.com","password":"canary password","first_name":"Ada"}'), 200,
	'{"error": "You have signed up. An email with a link is on its way: follow it, and then log in."}', 'where the email comes first, it says so');
SELECT is((SELECT concat_ws(' ', first_name, email_verification) FROM arsignup.users WHERE email = 'ver@example.com'), 'Ada requested', '... and has what the form of a page would hide');
SELECT says(call(at('nologin', '/v1/signup'), '{"email":"nologin@example.com","password":"canary password"}'), 200, '{"token": null, "url": "https://app.example.com/login?x=1#y"}', 'where logins are off, there is no token');
SELECT says(call(at('u', '/v1/signup'), '{"email":"more@example.com","password":"canary password","unknown":{"a":[1]},"email2":["x"],"redirect_uri":"https://evil.test/","token":"x","first_name":null}'), 200,
	'{"token": "J", "url": "https://app.example.com/login?x=1&token=J&signup=true#y"}', 'unknown fields are ignored, and so is null');
SELECT says(form(at('u', '/v1/signup'), 'email=more2@example.com&password=canary password&unknown=1&unknown=2&a[b]=c'), 200, '{"token": "J", "url": "https://app.example.com/login?x=1&token=J&signup=true#y"}', '... in forms, too');

-- Where somebody comes from is nginx's word.
SET LOCAL app.settings.arsignup_proxy = 'between us';
SELECT call(at('u', '/v1/signup'), '{"email":"from@example.com","password":"canary password"}', '{"x-arsignup-address": "192.0.2.1", "x-arsignup-proxy": "between us"}') \g /dev/null
SELECT is((SELECT host(s.ip) FROM arsignup.sessions AS s JOIN arsignup.users AS u ON u.id = s.user_id WHERE u.email = 'from@example.com'), '192.0.2.1', 'the session has the address');
RESET app.settings.arsignup_proxy;

SELECT '{"email":"ada@example.com","password":"password"}' AS given \gset

---------------------------------------------------------------------------------------------------
-- What is wrong is said, all at once
---------------------------------------------------------------------------------------------------

SELECT idle($$call(at('u', '/v1/signup'), '')$$, 200, 'nothing was sent', 'can''t be blank');
SELECT fails(call(at('u', '/v1/signup'), body), '{"email": ["Email can''t be blank."], "password": ["Password can''t be blank."]}', 'blank: ' || body) FROM unnest(ARRAY['{}', '', '{"email":"","password":""}', '{"email":null,"password":null}']) AS body;
SELECT fails(form(at('u', '/v1/signup'), ''), '{"email": ["Email can''t be blank."], "password": ["Password can''t be blank."]}', 'a blank form');
SELECT fails(call(at('u', '/v1/signup'), '{"email":"ADA@example.com","password":"canary password"}'), '{"email": ["Email is already taken."]}', 'a name that is taken');
SELECT fails(call(at('u', '/v1/signup'), '{"email":"x","password":"canary","password_confirmation":"canar","email_confirmation":"y"}'),
	'{"email": ["Email is not a valid address."], "password": ["Password must have at least 8 characters."], "password_confirmation": ["Password confirmation does not match the password."]}', 'more than one');
SELECT fails(call(at('u', '/v1/signup'), '{"email":"c@example.com","password":"canary password","password_confirmation":"canary","email_confirmation":"d@example.com"}'),
	'{"email_confirmation": ["Email confirmation does not match the email."], "password_confirmation": ["Password confirmation does not match the password."]}', 'confirmations are compared if they are there');
SELECT fails(call(at('strict', '/v1/signup'), '{"username":"c d","email":"c@example.com","password":"correct horse canary"}'),
	'{"username": ["Username must begin with a letter or digit and have only letters a to z, digits, dots, underscores and hyphens, 63 characters at most."], "first_name": ["First name can''t be blank."], "last_name": ["Last name can''t be blank."],
		"password_confirmation": ["Password confirmation can''t be blank."]}', 'as the app''s form rules want them');
SELECT idle(format('call(at(''u'', ''/v1/signup''), %L)', jsonb_build_object('email', 'typed@example.com', 'password', 'canary password') || jsonb_build_object(field, value)), 200, format('%s as %s', field, value), ' must be text."')
FROM unnest(ARRAY['email', 'password', 'first_name', 'last_name', 'org_name', 'username', 'email_confirmation', 'password_confirmation']) AS field, unnest(ARRAY['[]', '["canary password"]', '{}', '{"a": "b"}', '1', 'true', '1.5']::jsonb[]) AS value;
SELECT fails(call(at('u', '/v1/signup'), '{"email":["typed@example.com"],"password":{"a":"canary password"}}'), '{"email": ["Email must be text."], "password": ["Password must be text."]}', 'each by its field');
SELECT idle(format('form(at(''u'', ''/v1/signup''), ''email=twice@example.com&password=canary password&%s=x&%1$s=x'')', field), 200, 'a form with two of ' || field, ' was sent more than once."')
FROM unnest(ARRAY['email', 'password', 'first_name', 'last_name', 'org_name', 'username', 'email_confirmation', 'password_confirmation']) AS field;
SELECT fails(form(at('u', '/v1/signup'), 'email=a@example.com&email=b@example.com&password=canary'), '{"email": ["Email was sent more than once."]}', 'named by its field');
SELECT idle(format('call(at(''u'', ''/v1/signup''), %L)', body), 200, 'JSON with a field twice', says)
FROM (VALUES ('{"email":"twice@example.com","email":"twice@example.com","password":"canary password"}', '"email": ["Email was sent more than once."]'),
	('{"email":"twice@example.com","password":"canary password","pass\u0077ord":"canary password"}', '"password": ["Password was sent more than once."]'),
	('{"x":{"a":1,"a":[{}]},"email":"twice@example.com","password":"canary password","x":"\\\"", "email" : null}', '"email": ["Email was sent more than once."]')) AS v (body, says);
SELECT fails(call(at('u', '/v1/login'), '{"email":"ada@example.com","password":"password","email":"ada@example.com"}'), '{"email": ["Email was sent more than once."]}', 'logins likewise');
SELECT fails(call(at('u', '/v1/login'), '{"email":"a\u0000b","password":"canary\u0000"}'), '{"email": ["Email must be text."], "password": ["Password must be text."]}', 'PostgreSQL''s texts have no NUL');
SELECT says(call(at('u', '/v1/login'), rtrim(:'given', '}') || ',' || other || '}'), 200, '{"token": "J", "url": "https://app.example.com/login?x=1&token=J#y"}', 'other fields are ignored: ' || other)
FROM unnest(ARRAY['"x":1,"x":2', '"x":{"y":1,"y":{"z":[],"z":1}}', '"x":{"email":"a","email":"b"},"y":["email","password","email"]', '"x":"email","y":"email"', '"x":123456789012345678901234567890', '"x":-9223372036854775809',
	'"x":"a\u0000b"', '"x":"\",\"email\":\"b\"","y":"\\"', '"Email":"b","email2":"c","\u0065mail_":1,"e\\mail":1,"emai":1']) AS other;
SELECT says(call(at('nosignup', '/v1/signup'), '{"email":"closed@example.com","password":"canary password"}'), 200, '{"error": "This has been switched off by those who run the application."}', 'signups are switched off');
SELECT idle($$call(at('nosignup', '/v1/signup'), '{"email":"closed@example.com","password":"canary password"}')$$, 200, '... nothing happens');

---------------------------------------------------------------------------------------------------
-- Logging in and out
---------------------------------------------------------------------------------------------------

SELECT says(call(at('u', '/v1/login'), body), 200, '{"token": "J", "url": "https://app.example.com/login?x=1&token=J#y"}', 'a login: ' || body)
FROM unnest(ARRAY['{"email":"ada@example.com","password":"password"}', '{"username":" ADA@example.com","password":"password"}', '{"username":"ada@example.com","email":"ada@example.com","password":"password"}',
	'{"username":"","email":"ada@example.com","password":"password"}', '{"username":"ada@example.com","email":null,"password":"password"}']) AS body;
SELECT says(form(at('u', '/v1/login'), 'email=ada%40example.com&password=password'), 200, '{"token": "J", "url": "https://app.example.com/login?x=1&token=J#y"}', 'a login: a form');
SELECT says(call('/v1/login', '{"email":"ada@example.com","password":"password"}', host('u')), 200, '{"token": "J", "url": "https://app.example.com/login?x=1&token=J#y"}', 'a login: by host');
SELECT says(call(at('strict', '/v1/login'), body), 200, '{"token": "J", "url": "https://app.example.com/login?x=1&token=J#y"}', 'a login: ' || body) FROM unnest(ARRAY['{"username":"bob","password":"password"}', '{"email":"bob@example.com","password":"password"}']) AS body;
SELECT says(call(at('u', '/v1/login'), format('{"email":%s,"password":"canary"}', to_json(email))), 200, '{"error": "Email and password do not match."}', 'a wrong login: ' || email) FROM unnest(ARRAY['ada@example.com', 'nobody@example.com', 'x', 'é']) AS email;
SELECT says(call(at('strict', '/v1/login'), '{"username":"bob","password":"canary"}'), 200, '{"error": "Username and password do not match."}', 'a wrong login with a username');
SELECT fails(call(at('u', '/v1/login'), '{}'), '{"email": ["Email can''t be blank."], "password": ["Password can''t be blank."]}', 'nothing to log in by');
SELECT fails(call(at('strict', '/v1/login'), '{"password":"canary"}'), '{"username": ["Username can''t be blank."]}', 'no username');
SELECT idle($$call(at('u', '/v1/login'), '{"email":"ada@example.com"}')$$, 200, 'no password: nothing is tried', 'Password can''t be blank.');
SELECT idle($$call(at('nologin', '/v1/login'), '{"email":"ada@example.com","password":"password"}')$$, 200, 'logins are switched off', '{"error": "This has been switched off by those who run the application."}');
SELECT says(call(at('v', '/v1/login'), '{"email":"ver@example.com","password":"canary password"}'), 200, '{"error": "We have sent you an email with a link. Follow it, and then log in."}', 'an email that is not verified');
SELECT says(call(at('v', '/v1/login'), '{"email":"ver@example.com","password":"canary"}'), 200, '{"error": "Email and password do not match."}', '... is told to nobody else');

SELECT token(call(at('u', '/v1/login'), '{"email":"ada@example.com","password":"password"}')) AS ada_token,
	token(call(at('u', '/v1/login'), '{"email":"ada@example.com","password":"password"}')) AS ada_other,
	token(call(at('strict', '/v1/login'), '{"username":"bob","password":"password"}')) AS bob_token,
	token(call(at('un', '/v1/login'), '{"email":"eve@example.com","password":"password"}')) AS eve_token \gset
SELECT idle(format('call(at(''u'', ''/v1/logout''), %L)', jsonb_build_object('token', token)), 200, 'no token to log out by: ' || shown(token), '{"error": "Nobody is logged in by this token."}') FROM unnest(ARRAY['x', :'bob_token', left(:'ada_token', -3) || 'AAA', 'é', 'utk_' || repeat('A', 64)]) AS token;
SELECT idle(format('call(at(''u'', ''/v1/logout''), %L)', body), 200, 'no token: ' || body, 'Token can''t be blank.') FROM unnest(ARRAY['', '{}', '{"token":""}', '{"token":null}']) AS body;
SELECT idle($$call(at('u', '/v1/logout'), '{"token":["x"]}')$$, 200, 'no token: an array', 'Token must be text.');
SELECT isnt(arsignup.verify_login_token(:'ada_token'), NULL, 'before');
SELECT says(call(at('u', '/v1/logout'), jsonb_build_object('token', :'ada_token')::text), 200, '{}', 'logged out');
SELECT is(arsignup.verify_login_token(:'ada_token'), NULL, '... the token is good no more');
SELECT isnt(arsignup.verify_login_token(:'ada_other'), NULL, '... but another one is');
SELECT says(call(at('u', '/v1/logout'), jsonb_build_object('token', :'ada_token')::text), 200, '{"error": "Nobody is logged in by this token."}', '... once');
SELECT says(form('/v1/logout', 'token=' || :'ada_other', host('u')), 200, '{}', 'by host, as a form');
SELECT is(arsignup.verify_login_token(:'ada_other'), NULL, '... likewise');
SELECT says(call(at('un', '/v1/logout'), jsonb_build_object('token', :'eve_token')::text), 200, '{}', 'there is no session to end where none are managed');

---------------------------------------------------------------------------------------------------
-- Who may call
---------------------------------------------------------------------------------------------------

-- What a browser reads in an answer about who may call.
CREATE FUNCTION cors(a answer) RETURNS text LANGUAGE sql AS $$
	SELECT concat_ws(' | ', a.status, header(a, 'Access-Control-Allow-Origin'), header(a, 'Access-Control-Allow-Methods'), header(a, 'Access-Control-Allow-Headers'), header(a, 'Access-Control-Max-Age'),
		header(a, 'Access-Control-Expose-Headers'), header(a, 'Access-Control-Allow-Credentials'), header(a, 'Vary'), 'cookie ' || header(a, 'Set-Cookie'))
$$;
CREATE FUNCTION from_origin(origin text) RETURNS jsonb LANGUAGE sql AS $$ SELECT jsonb_build_object('origin', origin) $$;
SELECT '{"email":"ada@example.com","password":"password"}' AS login \gset
SELECT is(cors(call(at('u', '/v1/login'), :'login', from_origin(origin))), '200 | * | Retry-After', 'any origin: ' || shown(origin)) FROM unnest(ARRAY['https://shop.example', 'null', 'https://evil.test', NULL]) AS origin;
SELECT is(cors(ask('OPTIONS', at('u', '/v1/' || call), '', from_origin(origin))), '204 | * | POST | Accept, Content-Type, Idempotency-Key, X-Requested-With | 7200 | Retry-After', format('preflight of any origin: %s for %s', shown(origin), call))
FROM unnest(ARRAY['https://shop.example', 'null', NULL]) AS origin, unnest(ARRAY['signup', 'login', 'logout']) AS call;
SELECT is(cors(call(at('few', '/v1/login'), :'login', from_origin(origin))), '200 | ' || origin || ' | Retry-After | Origin', 'an origin of the app''s: ' || origin) FROM unnest(ARRAY['https://shop.example', 'http://localhost:3000']) AS origin;
SELECT is(cors(call(at('few', '/v1/login'), :'login', from_origin(NULL))), '200 | Origin', 'no origin, which no page can have');
SELECT is(cors(ask('OPTIONS', at('few', '/v1/login'), '', from_origin('https://shop.example'))), '204 | https://shop.example | POST | Accept, Content-Type, Idempotency-Key, X-Requested-With | 7200 | Retry-After | Origin', 'preflight of an origin of the app''s');
SELECT is((ask('OPTIONS', at('u', '/v1/login'))).body, '', '... has no body');
-- A5: without a word about origins, those may call that are the app's anyway.
UPDATE arsignup.connected_apps SET redirect_uris = '{https://back.example:8443/x,http://127.0.0.1:3000}', signup_handler = 'https://up.example:443/signup' WHERE id = app('api own');
SELECT is(cors(call(at('own', '/v1/login'), :'login', from_origin(origin))), '200 | ' || origin || ' | Retry-After | Origin', 'A5: an origin that is the app''s: ' || origin)
FROM unnest(ARRAY['https://app.example.com', 'https://up.example', 'https://back.example:8443', 'http://127.0.0.1:3000']) AS origin;
SELECT is(cors(call(at('own', '/v1/login'), :'login', from_origin(origin) || '{"x-arsignup-authority": "auth.example.com:8080"}')), coalesce(said, '200 | ' || origin || ' | Retry-After | Origin'), 'A5: where our pages are: ' || origin)
FROM (VALUES ('https://auth.example.com:8080', NULL), ('http://auth.example.com:8080', NULL), ('https://auth.example.com', '403 | Origin'), ('https://auth.example.com:8081', '403 | Origin')) AS v (origin, said);
SELECT is(cors(ask('OPTIONS', at('own', '/v1/' || call), '', from_origin('https://app.example.com'))), '204 | https://app.example.com | POST | Accept, Content-Type, Idempotency-Key, X-Requested-With | 7200 | Retry-After | Origin', 'A5: preflight of the app''s origin for ' || call) FROM unnest(ARRAY['signup', 'login', 'logout']) AS call;
SELECT is(cors(call(at('own', '/v1/login'), :'login', from_origin(NULL))), '200 | Origin', 'A5: no origin, which no page can have');
SELECT idle(format('call(at(''own'', ''/v1/%s''), %L, from_origin(%L))', call, body, origin), 403, format('A5: %s from %s', call, origin), '{"error": "Pages of this origin may not call this."}')
FROM unnest(ARRAY['https://evil.test', 'null', '*', 'http://app.example.com', 'https://app.example.com:444', 'https://app.example.com/', 'https://app.example.com.evil.test', 'https://up.example:443/signup', 'https://back.example', 'http://127.0.0.1', 'http://localhost:3000', 'https://shop.example']) AS origin,
	(VALUES ('signup', '{"email":"stranger@example.com","password":"canary password"}'), ('login', :'login'), ('logout', '{"token":"x"}')) AS v (call, body);
SELECT is(cors(ask('OPTIONS', at('own', '/v1/login'), '', from_origin('https://evil.test'))), '403 | Origin', 'A5: nor does another pass the preflight');
CREATE TEMP TABLE strangers AS SELECT * FROM unnest(ARRAY['https://evil.test', 'null', 'http://shop.example', 'https://shop.example:444', 'https://shop.example/', 'https://SHOP.example', 'https://shop.example.evil.test', 'https://evil.test, https://shop.example',
	'https://auth.example.com', 'http://localhost:30000', 'http://localhost', '*']) AS origin;
SELECT idle(format('call(at(''few'', ''/v1/%s''), %L, from_origin(%L))', call, body, origin), 403, format('%s from %s', call, origin), '{"error": "Pages of this origin may not call this."}') FROM strangers,
	(VALUES ('signup', '{"email":"stranger@example.com","password":"canary password"}'), ('login', :'login'), ('logout', '{"token":"x"}')) AS v (call, body);
SELECT is(cors(call(at('few', '/v1/login'), :'login', from_origin(origin))), '403 | Origin', '... which may not read the answer') FROM strangers;
SELECT is(cors(ask('OPTIONS', at('few', '/v1/signup'), '', from_origin(origin))), '403 | Origin', '... nor passes the preflight: ' || origin) FROM strangers;
SELECT says(call(at('few', '/v1/login'), '{"email":"ada@example.com","password":"canary"}'), 200, '{"error": "Email and password do not match."}', 'refusals can be read, too');
SELECT is(cors(call(at('few', '/v1/login'), '{')), '400 | https://shop.example | Retry-After | Origin', '... of whatever kind');
SELECT is(cors(ask('GET', at('few', '/v1/login'), '', from_origin('https://shop.example'))), '405 | https://shop.example | Retry-After | Origin', '... of methods');

---------------------------------------------------------------------------------------------------
-- What is none of its calls
---------------------------------------------------------------------------------------------------

SELECT idle(format('ask(%L, at(''u'', ''/v1/%s?email=ada@example.com&password=password&callback=f''), '''')', method, call), 405, method || ' ' || call, '{"error": "This address does not take such a request."}')
FROM unnest(ARRAY['GET', 'HEAD', 'PUT', 'DELETE', 'PATCH', 'post', 'FOO']) AS method, unnest(ARRAY['signup', 'login', 'logout']) AS call;
SELECT is(header(ask('GET', at('u', '/v1/' || call)), 'Allow'), 'POST, OPTIONS', call || ' says what it takes') FROM unnest(ARRAY['signup', 'login', 'logout']) AS call;
SELECT says(call(path, :'login'), 404, '{"error": "Not found."}', 'no such app or call: ' || path)
FROM unnest(ARRAY['/nobody/v1/login', at('off', '/v1/login'), at('asleep', '/v1/signup'), '/v1/login', at('u', '/v1/'), at('u', '/v1/nothing'), at('u', '/v1/login//'), at('u', '/v1/Login'), at('u', '/v1//login')]) AS path;
SELECT says(call(at('u', '/v1/login/'), '{}'), 200, (call(at('u', '/v1/login'), '{}')).body::jsonb, 'A4: a slash at the end');
SELECT says(ask('GET', '/nobody/v1/login'), 404, '{"error": "Not found."}', 'no such app, whatever the method');
SELECT says(call('/v1/login', :'login', '{"x-arsignup-host": null}'), 404, '{"error": "Not found."}', 'no host, no slug');
SELECT says(call('/v1', :'login'), 404, '{"error": "Not found."}', 'nothing below');
SELECT matches(call('/v10', :'login')::text, '<html', 'what only begins so is for people');
SELECT is((call(at('u', '/v2/login'), :'login')).status, 404, 'there is no version 2');
SELECT idle(format('call(at(''u'', ''/v1/login''), %L, %L)', :'login', jsonb_build_object('x-arsignup-content-type', type)), 415, 'content type ' || shown(type), '{"error": "The body must be JSON or a form, and its Content-Type say so."}')
FROM unnest(ARRAY[NULL, 'text/plain', 'multipart/form-data; boundary=x', 'application/xml', 'application/jsonx', 'application/', 'json']) AS type;
SELECT says(call(at('u', '/v1/login'), :'login', jsonb_build_object('x-arsignup-content-type', type)), 200, '{"token": "J", "url": "https://app.example.com/login?x=1&token=J#y"}', 'content type ' || type) FROM unnest(ARRAY['application/json; charset=utf-8', 'APPLICATION/JSON', 'application/json;']) AS type;
SELECT idle(format('call(at(''u'', ''/v1/login''), %L)', body), 400, 'no JSON: ' || shown(body), '{"error": "The body can''t be read."}')
FROM unnest(ARRAY['{', '[]', '"x"', '1', 'null', :'login' || 'x', '{"email":"ada@example.com","password":"canary","x":1e999}', '{"email":"\ud800","password":"canary"}', 'email=ada@example.com&password=password', repeat('[', 5000), '{"a":' || repeat('[', 20) || repeat(']', 20) || '}']) AS body;
SELECT idle(format('ask(''POST'', at(''u'', ''/v1/login''), %L::bytea, ''{"x-arsignup-content-type": "application/json"}'')', '\x' || encode(convert_to('{"email":"ada@example.com","password":"canary', 'UTF8') || bad::bytea || '"}', 'hex')), 400, 'no text: ' || bad)
FROM unnest(ARRAY['\x00', '\xff', '\xc3', '\xeda080']) AS bad;
SELECT idle(format('form(at(''u'', ''/v1/login''), %L)', 'email=ada@example.com&password=password&' || bad), 400, 'no form: ' || bad) FROM unnest(ARRAY['x=%00', 'x=%zz', 'x=%ff', '%']) AS bad;
SELECT idle($$form(at('u', '/v1/login'), 'email=ada@example.com&password=password' || repeat('&x=1', 100))$$, 400, 'too many fields');
SELECT idle(format('%s(at(''u'', ''/v1/login''), repeat('' '', 65537))', type), 413, 'too large: ' || type, '{"error": "The body is too large."}') FROM unnest(ARRAY['call', 'form']) AS type;
SELECT says(call(at('u', '/v1/login'), rpad(:'login', 65536)), 200, '{"token": "J", "url": "https://app.example.com/login?x=1&token=J#y"}', 'not too large');
SELECT idle($$call(at('u', '/v1/signup?email=query@example.com&password=canary password'), '')$$, 200, 'nothing is read from the address', 'Email can''t be blank.');
SELECT is((ask('POST', at('u', '/login'), convert_to('login=ada@example.com&password=password', 'UTF8'), '{"sec-fetch-site": "cross-site", "origin": "https://shop.example"}')).status, 403, 'pages are not for other origins');

---------------------------------------------------------------------------------------------------
-- Come again
---------------------------------------------------------------------------------------------------

SET LOCAL app.settings.arsignup_proxy = 'between us';
SELECT jsonb_build_object('x-arsignup-proxy', 'between us', 'x-arsignup-address', '198.51.100.' || pg_backend_pid() % 256) AS proxied \gset
SELECT is(string_agg((q.a).status::text, ' ' ORDER BY i), '200 200 200 422 422 429 429', 'pages and calls count together')
FROM generate_series(1, 7) AS i, LATERAL (SELECT CASE WHEN i IN (4, 5, 6) THEN ask('POST', at('u', '/login'), convert_to('login=tried@example.com&password=canary', 'UTF8'), :'proxied')
	ELSE call(at('u', '/v1/login'), '{"email":"tried@example.com","password":"canary"}', :'proxied') END AS a OFFSET 0) AS q;
SELECT call(at('few', '/v1/login'), '{"email":"tried@example.com","password":"canary"}', :'proxied') AS a \gset
SELECT ok(header(:'a'::answer, 'Retry-After')::int BETWEEN 1 AND 900, 'too many attempts: when to come again');
SELECT ok(error(:'a'::answer) ~ '^Too many attempts\. Please try again in (a|\d+) minutes?\.$', '... and in words');
SELECT is(cors(:'a'::answer), '429 | https://shop.example | Retry-After | Origin', '... which a page can read');
RESET app.settings.arsignup_proxy;

CREATE FUNCTION fail() RETURNS trigger LANGUAGE plpgsql AS $$ BEGIN RAISE EXCEPTION 'canary' USING ERRCODE = current_setting('test.code'), DETAIL = coalesce(current_setting('test.detail', true), ''); END $$;
CREATE TRIGGER fail BEFORE INSERT ON arsignup.users FOR EACH ROW EXECUTE FUNCTION fail();
CREATE FUNCTION under(code text, detail text DEFAULT 'canary') RETURNS answer LANGUAGE plpgsql AS $$
BEGIN
	PERFORM set_config('test.code', code, true), set_config('test.detail', detail, true);
	RETURN call(at('u', '/v1/signup'), '{"email":"failed@example.com","password":"canary password"}');
END
$$;
SELECT says(a, 503, '{"error": "We are too busy. Nothing has been done yet: please send this again in a few seconds."}', code || ': come again')
FROM unnest(ARRAY['40001', '40P01', '55P03', '53200', '25006', 'SU007', 'SU011']) AS code, under(code) AS a;
SELECT is(header(under(code), 'Retry-After'), '5', code || ': when') FROM unnest(ARRAY['40001', '40P01', '55P03', '53200', '25006', 'SU007', 'SU011']) AS code;
SELECT says(under('SU008', '{"retry_after": 90}'), 429, '{"error": "Too many attempts. Please try again in 2 minutes."}', 'SU008');
SELECT is(header(under('SU008', '{"retry_after": 90}'), 'Retry-After'), '90', 'SU008: when');
SELECT says(under('SU006'), 200, '{"error": "This has been switched off by those who run the application."}', 'SU006');
SELECT says(under('SU010'), 404, '{"error": "Not found."}', 'SU010');
SELECT says(under(code), 200, '{"error": "The application does not take this."}', code || ' is the application''s own, of which nothing is told') FROM unnest(ARRAY['SU001', 'P0001', '23514', '22000']) AS code;
SELECT is((SELECT count(*) FROM arsignup.users WHERE email = 'failed@example.com'), 0::bigint, 'nothing of it is left');
SET LOCAL log_min_messages = fatal; -- the suite reads the log for internal errors
SELECT says(under(code), 500, '{"error": "Something went wrong on our side."}', code || ' is a failure, of which nothing is told') FROM unnest(ARRAY['42501', '54000', 'XX000', 'SU003']) AS code;
RESET log_min_messages;
SELECT ok(is_cancelled($$SELECT under('57014')$$), 'a call that is cancelled ends');
SELECT set_config('role', 'none', true) \g /dev/null
DROP TRIGGER fail ON arsignup.users;

---------------------------------------------------------------------------------------------------
-- Names that are held
---------------------------------------------------------------------------------------------------

SELECT arsignup.hold_signup_token(arsignup.mint_signup_token(app('api t'), 'held@example.com', password_hash => ready_hash())) \g /dev/null
SELECT is((call('/' || slug('u') || '/v1/signup', '{"email": "held@example.com", "password": "canary password"}')).body::jsonb - 'retry_after',
	'{"error": "Email is held by a signup that is not finished yet.", "errors": {"email": ["Email is held by a signup that is not finished yet."]}, "codes": {"email": ["held"]}}', 'a held name is told from a taken one');
SELECT is(((call('/' || slug('u') || '/v1/signup', '{"email": "held@example.com", "password": "canary password"}')).body::jsonb ->> 'retry_after')::int BETWEEN 1790 AND 1800, true, 'and when it may be free');
SELECT says(call('/' || slug('t') || '/v1/signup', '{"email": "held@example.com", "password": "canary password"}'), 200, '{"token": "U", "url": "https://app.example.com/signup?token=U"}', 'a token can be had all the same');

---------------------------------------------------------------------------------------------------
-- PostgREST alone
---------------------------------------------------------------------------------------------------

-- Call a function as PostgREST does for JSON.
CREATE FUNCTION call_direct(expression text, headers jsonb DEFAULT '{}') RETURNS answer LANGUAGE sql AS $$
	SELECT direct(expression, '{"content-type": "application/json", "sec-fetch-site": "cross-site", "origin": "https://shop.example"}' || headers)
$$;
SELECT says(call_direct(format('signup(%L, email => ''d1@example.com'', password => ''canary password'')', slug('u'))), 200, '{"token": "J", "url": "https://app.example.com/login?x=1&token=J&signup=true#y"}', 'a signup');
SELECT says(call_direct(format('signup(%L, email => ''d2@example.com'', password => ''canary password'')', slug('t')), '{"content-type": null, "origin": null, "sec-fetch-site": null}'), 200, '{"token": "U", "url": "https://app.example.com/signup?token=U"}', 'a signup without a content type');
SELECT fails(call_direct(format('signup(%L, email => ''d3@example.com'', email_confirmation => ''d4@example.com'', password => ''canary password'', password_confirmation => ''x'')', slug('u'))),
	'{"email_confirmation": ["Email confirmation does not match the email."], "password_confirmation": ["Password confirmation does not match the password."]}', 'a signup with faults');
SELECT says(call_direct(format('login(%L, %s => ''d1@example.com'', password => ''canary password'')', slug('u'), field)), 200, '{"token": "J", "url": "https://app.example.com/login?x=1&token=J#y"}', 'a login by ' || field) FROM unnest(ARRAY['email', 'username']) AS field;
SELECT says(call_direct(format('login(%L, email => ''d1@example.com'', password => ''canary'')', slug('u'))), 200, '{"error": "Email and password do not match."}', 'a wrong login');
SELECT token(call_direct(format('login(%L, email => ''d1@example.com'', password => ''canary password'')', slug('u')))) AS direct_token \gset
SELECT says(call_direct(format('logout(%L, token => %L)', slug('u'), :'direct_token')), 200, '{}', 'a logout');
SELECT is(arsignup.verify_login_token(:'direct_token'), NULL, '... ends the session');
SELECT says(call_direct(format('%s(%L)', call, app)), 404, '{"error": "Not found."}', format('%s at %s', call, shown(app))) FROM unnest(ARRAY['signup', 'login', 'logout']) AS call, unnest(ARRAY['nobody', slug('off'), NULL]) AS app;
SELECT idle(format('call_direct(%L, %L)', format('signup(%L, email => ''d9@example.com'', password => ''canary password'')', slug(app)), headers), status, format('a signup at %s with %s', app, headers))
FROM (VALUES ('few', '{"origin": "https://evil.test"}', 403), ('u', '{"content-type": "text/csv"}', 415), ('u', '{"content-type": "text/plain"}', 415)) AS v (app, headers, status);
SELECT idle(format('direct(%L, %L, method => %L)', format('%s(%L, email => ''ada@example.com'', password => ''password'')', call, slug('u')), headers, method), 405, format('%s by %s with %s', call, shown(method), headers), 'does not take such a request')
FROM unnest(ARRAY['signup', 'login']) AS call, unnest(ARRAY['GET', 'HEAD', 'PUT', 'post', '']) AS method, unnest(ARRAY['{"content-type": "application/json"}', '{"content-type": null}', '{}']) AS headers;
SELECT is(cors(call_direct(format('login(%L, email => ''ada@example.com'', password => ''password'')', slug('few')))), '200 | https://shop.example | Retry-After | Origin', 'an origin of the app''s');

SELECT * FROM finish();
ROLLBACK;
