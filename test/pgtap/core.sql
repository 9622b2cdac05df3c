-- The Core API by its one way in, as nginx and PostgREST would call it: who is let in, what is answered, what is written.
BEGIN;
\ir include/setup.psql
\ir include/core.psql
SELECT no_plan();

---------------------------------------------------------------------------------------------------
-- Helpers
---------------------------------------------------------------------------------------------------

-- Keys, by the names that tests use.
INSERT INTO key VALUES
	('all', arsignup.create_api_key(realm(), 'all', '{read,write}')),
	('second', arsignup.create_api_key(realm(), 'second', '{read,write}')),
	('read', arsignup.create_api_key(realm(), 'read', '{read}')),
	('write', arsignup.create_api_key(realm(), 'write', '{write}')),
	('admin', arsignup.create_api_key(realm(), 'admin', '{admin}')),
	('standard', arsignup.create_api_key(realm('standard'), 'standard', '{read,write}')),
	('other', arsignup.create_api_key(realm('other'), 'other', '{read,write}')),
	('asleep', arsignup.create_api_key(realm('asleep'), 'asleep', '{read,write}')),
	('closed', arsignup.create_api_key(realm('closed'), 'closed', '{read,write}')),
	('everywhere', arsignup.create_api_key(NULL, 'everywhere', '{read,write}')),
	('revoked', arsignup.create_api_key(realm(), 'revoked', '{read,write}'));
SELECT arsignup.revoke_api_key(id) FROM arsignup.api_keys WHERE name = 'revoked' \g /dev/null
INSERT INTO key VALUES ('none', ''), ('garbage', 'ko_garbage'), ('legacy', 'key_0123456789abcdef'),
	('unknown', 'ko_' || repeat('0', 22) || '-' || repeat('A', 43)),
	('wrong secret', (SELECT left(text, -1) || CASE right(text, 1) WHEN 'A' THEN 'E' ELSE 'A' END FROM key WHERE name = 'all')),
	('wrong id', (SELECT 'ko_0' || substr(k.text, 5, 21) || substr(s.text, 26) FROM key AS k, key AS s WHERE k.name = 'second' AND s.name = 'all')),
	('too long', (SELECT text || 'A' FROM key WHERE name = 'all')),
	('prefix', (SELECT 'kx_' || substr(text, 4) FROM key WHERE name = 'all'));
-- Things that answers have made, by name.
CREATE TABLE thing (name text PRIMARY KEY, json jsonb NOT NULL);
CREATE FUNCTION make(name text, request text, body text, key text DEFAULT 'all') RETURNS void LANGUAGE plpgsql AS $$
DECLARE
	a record;
BEGIN
	SELECT * INTO a FROM ask(request, body, key);
	IF a.status <> 201 THEN RAISE EXCEPTION 'making % gave % %', name, a.status, a.text; END IF;
	INSERT INTO thing VALUES (name, a.json);
END
$$;
CREATE FUNCTION thing(name text, member text DEFAULT 'id') RETURNS text LANGUAGE sql STABLE AS $$ SELECT t.json ->> member FROM arsignup_test.thing AS t WHERE t.name = thing.name $$;

---------------------------------------------------------------------------------------------------
-- Who is let in
---------------------------------------------------------------------------------------------------

-- One answer for all, byte for byte, and nothing is written.
SELECT world() AS before \gset
SELECT is(a.status || ' ' || a.text || ' ' || a.headers_out::text,
	'403 {"error": "Access denied. The API key is missing, or does not permit this."} '
	'{"Content-Type": "application/json; charset=utf-8", "Cache-Control": "no-store", "X-Content-Type-Options": "nosniff"}',
	k.name || ' key: ' || r)
FROM (VALUES ('none'), ('garbage'), ('legacy'), ('unknown'), ('wrong secret'), ('wrong id'), ('too long'), ('prefix'), ('revoked'), ('admin')) AS k (name),
	(VALUES ('GET /v1/users'), ('POST /v1/orgs')) AS v (r), ask(r, '{"org": {"name": "x"}}', k.name) AS a;
SELECT is(a.status, 403, 'a read key writes nothing: ' || r) FROM (VALUES ('POST /v1/users'), ('PUT /v1/users/x'), ('DELETE /v1/users/x'), ('POST /v1/user_tokens'),
	('POST /v1/sessions'), ('DELETE /v1/sessions/kss_x'), ('POST /v1/orgs'), ('PUT /v1/orgs/x'), ('DELETE /v1/orgs/x'), ('POST /v1/memberships'), ('PUT /v1/memberships/x'),
	('DELETE /v1/memberships/x'), ('POST /v1/users/x/authenticate')) AS v (r), ask(r, '{"org": {"name": "x"}}', 'read') AS a;
SELECT is(a.status, 403, 'a write key reads nothing: ' || r) FROM (VALUES ('GET /v1/users'), ('GET /v1/users/x'), ('GET /v1/user_tokens/x'), ('GET /v1/orgs'), ('GET /v1/sessions')) AS v (r), ask(r, '', 'write') AS a;
SELECT is((ask('GET /v1/users', '', 'all', jsonb_build_object('x-authrocket-realm', arsignup.format_id('rl', realm('other'))))).text,
	'{"error": "Access denied. The API key is missing, or does not permit this."}', 'another realm''s, by header');
SELECT is((ask('GET /v1/users?realm_id=' || arsignup.format_id('rl', realm('other')))).status, 403, 'another realm''s, in the query');
SELECT is((ask('POST /v1/orgs', '{"org": {"name": "x", "realm_id": "' || arsignup.format_id('rl', realm('other')) || '"}}')).status, 403, 'another realm''s, in the resource');
SELECT is((ask('POST /v1/orgs', '{"org": {"name": "x"}, "realm_id": "' || arsignup.format_id('rl', realm('other')) || '"}')).status, 403, 'another realm''s, beside the resource');
SELECT is((ask('GET /v1/users?realm_id=nonsense')).status, 403, 'a realm that is none');
SELECT is(world(), :'before'::text, 'and nothing was written');

SELECT is((ask('GET /v1/users', '', 'none', jsonb_build_object('x-arsignup-authorization', 'Bearer ' || key('all')))).status, 200, 'a key as a bearer');
SELECT is((ask('GET /v1/users', '', 'none', jsonb_build_object('x-arsignup-authorization', 'bearer  ' || key('all')))).status, 200, 'the scheme in any case');
SELECT is((ask('GET /v1/users', '', 'none', jsonb_build_object('x-arsignup-authorization', 'Basic ' || key('all')))).status, 403, 'not by another scheme');
SELECT is((ask('GET /v1/users', '', 'none', jsonb_build_object('authorization', 'Bearer ' || key('all')))).status, 403, 'not from a header that nginx empties');
SELECT is((ask('GET /v1/users', '', 'garbage', jsonb_build_object('x-arsignup-authorization', 'Bearer ' || key('all')))).status, 403, 'a key that is shown beats a bearer');
SELECT is((ask('GET /v1/users', '', 'all', jsonb_build_object('x-authrocket-realm', arsignup.format_id('rl', realm())))).status, 200, 'its own realm, by header');
SELECT is((ask('GET /v1/users', '', 'all', '{"x-authrocket-account": "org_x"}')).status, 200, 'the account of old is not looked at');
SELECT answers('GET /v1/users', '', 422, faults('{"realm_id": ["Realm can''t be blank."]}'), 'a key to all realms must say which', 'everywhere');
SELECT is((ask('GET /v1/users?realm_id=' || arsignup.format_id('rl', realm('other')), '', 'everywhere')).status, 200, 'in the query');
SELECT is((ask('GET /v1/users?realm_id=' || arsignup.format_id('rl', realm('other')), '', 'everywhere', jsonb_build_object('x-authrocket-realm', arsignup.format_id('rl', realm())))).status, 200, 'the query beats the header');
SELECT is((ask('GET /v1/users', '', 'everywhere', jsonb_build_object('x-authrocket-realm', arsignup.format_id('rl', arsignup.new_id())))).status, 404, 'a realm that there is not');

-- When a key was used is noted, but not for each call.
SELECT is((SELECT count(*)::int FROM arsignup.api_keys WHERE last_used_at IS NOT NULL AND name IN ('all', 'read', 'everywhere')), 2, 'a call that was let in is noted, one that was not is not');
UPDATE arsignup.api_keys SET last_used_at = now() - interval '59 minutes' WHERE name = 'all';
SELECT is((ask('GET /v1/users')).status, 200, 'a call within the hour');
SELECT is((SELECT last_used_at FROM arsignup.api_keys WHERE name = 'all'), now() - interval '59 minutes', 'writes nothing');
UPDATE arsignup.api_keys SET last_used_at = now() - interval '61 minutes' WHERE name = 'all';
SELECT is((ask('GET /v1/users')).status, 200, 'a call after it');
SELECT is((SELECT last_used_at >= now() FROM arsignup.api_keys WHERE name = 'all'), true, 'is noted');

---------------------------------------------------------------------------------------------------
-- What can't be read
---------------------------------------------------------------------------------------------------

SELECT answers('GET /v1/nothing', '', 404, fault('Not found.'), 'no such path');
SELECT answers('GET /v1/users//', '', 404, fault('Not found.'), 'an id that is missing');
SELECT answers('GET /v1/users/a/b', '', 404, fault('Not found.'), 'a path that goes on');
SELECT answers('GET /v1/', '', 404, fault('Not found.'), 'nothing of it');
SELECT is(a.status || ' ' || (a.headers_out ->> 'Allow'), '405 ' || allow, method || ' ' || path)
FROM (VALUES ('PATCH', '/v1/users', 'GET, HEAD, POST'), ('OPTIONS', '/v1/users/x', 'GET, HEAD, PUT, DELETE'), ('PUT', '/v1/user_tokens/x', 'GET, HEAD, DELETE'), ('GET', '/v1/user_tokens/x/hold', 'POST'),
	('GET', '/v1/users/x/authenticate', 'POST'), ('PUT', '/v1/sessions/x', 'GET, HEAD, DELETE')) AS v (method, path, allow), ask(method || ' ' || path) AS a;
SELECT is((ask('HEAD /v1/users')).status, 200, 'HEAD is as GET');
SELECT answers('GET /v1/users', '', 406, fault('The answer is JSON, which the Accept header does not permit.'), 'who takes only HTML', headers => '{"x-arsignup-accept": "text/html"}');
SELECT is((ask('GET /v1/users', '', 'all', jsonb_build_object('x-arsignup-accept', accept))).status, 200, 'accept ' || accept)
FROM (VALUES ('application/json'), ('*/*'), ('text/html, application/*;q=0.5'), ('Application/JSON; charset=utf-8'), ('')) AS v (accept);
SELECT answers('POST /v1/orgs', 'x', 415, fault('The body must be JSON or a form, and its Content-Type say so.'), 'a type that is none of ours', headers => jsonb_build_object('x-arsignup-content-type', type))
FROM (VALUES ('text/plain'), ('multipart/form-data; boundary=x'), ('application/jsonx'), (NULL)) AS v (type);
SELECT answers('POST /v1/orgs', body, 400, fault('The body can''t be read.'), 'a body: ' || left(body, 30))
FROM (VALUES ('{'), ('[]'), ('1'), ('"x"'), ('null'), ('{"org": {"name": "a", "name": "b"}}'), ('{"org": {}, "org": {}}'), ('{"org": {"name": "\u0000"}}'), ('{"org": {"name": "\ud800"}}'),
	('{"a": ' || repeat('[', 20) || repeat(']', 20) || '}'), (repeat('[', 30000)), ('{} {}'), ('{"a": 1.5.5}'), ('{"a": 1e999}'), ('{"a": NaN}')) AS v (body);
SELECT is((ask('POST /v1/orgs', '', 'all')).status, 422, 'an empty body is an empty object');
SELECT answers('POST /v1/orgs', body, 400, fault('The body can''t be read.'), 'a form: ' || left(body, 30), headers => '{"x-arsignup-content-type": "application/x-www-form-urlencoded"}')
FROM (VALUES ('org[name]=a&org[name]=b'), ('org=a&org[name]=b'), ('org[name]=a&org=b'), ('org[name][]=a&org[name][x]=b'), ('org[name'), ('org[na[me]]=x'), ('[name]=x'), ('=x'), ('a=%00'), ('a=%ff'), ('a=%4'),
	('a' || repeat('[a]', 20) || '=x'), (repeat('a=1&', 2) || 'b=2')) AS v (body);
SELECT answers('POST /v1/orgs', '{"org": ' || body || '}', 400, fault('"org" must be an object.'), 'an org that is ' || body) FROM (VALUES ('[]'), ('"x"'), ('1'), ('true'), ('null')) AS v (body);
SELECT answers('GET /v1/users' || q, '', 400, fault('The address can''t be read.'), 'an address: ' || q) FROM (VALUES ('?a=%'), ('?a=1&a=2'), ('?a=%00'), ('?a[=1'), ('/%'), ('/%00'), ('/%ff')) AS v (q);
SELECT is((ask('POST /v1/orgs', '{"org": {"name": "' || repeat('x', 70000) || '"}}')).status, 413, 'too much');

-- Fields of other types than theirs, all at once.
SELECT answers('POST /v1/users', '{"user": {"email": {}, "first_name": [], "last_name": true, "username": 1.5, "custom": [], "password": {"a": 1}, "state": {}, "with_org": 1}}', 422, faults('{
	"email": ["Email must be text."], "first_name": ["First name must be text."], "last_name": ["Last name must be text."], "username": ["Username must be text."], "custom": ["Custom must be an object."],
	"password": ["Password must be text."], "state": ["State must be text."], "with_org": ["With org must be true or false."]}'), 'types');
SELECT answers('POST /v1/users', '{"user": {"email": "number@example.com", "password": 12345678, "password_confirmation": 12345678, "current_password": 1, "token": 1, "with_org": "maybe"}}', 422, faults('{
	"password": ["Password must be text."], "password_confirmation": ["Password confirmation must be text."], "current_password": ["Current password must be text."], "token": ["Token must be text."],
	"with_org": ["With org must be true or false."]}'), 'a secret is no number');
SELECT answers('POST /v1/user_tokens', '{"user_token": {"email": "number@example.com", "password": 12345678}}', 422, faults('{"password": ["Password must be text."]}'), 'nor is that of a token');
SELECT answers('POST /v1/memberships', '{"membership": {"user_id": {}, "org_id": [], "permissions": [1], "expires_at": "soon", "custom": "x"}}', 422, faults('{
	"user_id": ["User must be text."], "org_id": ["Org must be text."], "permissions": ["Permissions must be a text, or an array of texts."],
	"expires_at": ["Expires at must be seconds since 1970, or a time such as 2030-01-31T12:00:00Z."], "custom": ["Custom must be an object."]}'), 'more types');

---------------------------------------------------------------------------------------------------
-- Signup tokens
---------------------------------------------------------------------------------------------------

SELECT tells('POST /v1/user_tokens', '{"user_token": {"email": "Ada@Example.com", "password": "canary one", "password_confirmation": "canary one", "first_name": "Ada", "custom": {"plan": "gold"}}}',
	201, '{"object": "user_token", "username": "Ada@Example.com", "email": "Ada@Example.com", "first_name": "Ada", "last_name": null, "custom": {"plan": "gold"}, "credential_type": "password"}', 'minted');
SELECT make('token', 'POST /v1/user_tokens', '{"user_token": {"email": "ada@example.com", "password": "canary one", "first_name": "Ada", "custom": {"plan": "gold", "n": 1}, "org_name": "Engines"}}');
SELECT matches(thing('token'), '^utk_[A-Za-z0-9_-]{64}$', 'its id is the token');
SELECT is(thing('token', 'login_policy_id'), arsignup.format_id('lpl', app('tokens')), 'for the realm''s app that mints tokens');
SELECT is((ask('GET /v1/user_tokens/' || thing('token'))).json, (SELECT json FROM thing WHERE name = 'token'), 'got again');
SELECT is((ask('GET /v1/signup_tokens/' || thing('token'))).json, (SELECT json FROM thing WHERE name = 'token'), 'by its alias');
SELECT is((ask('GET /v1/user_tokens/' || thing('token'), '', 'other')).status, 404, 'another realm''s key does not see it');
SELECT is((ask('GET /v1/user_tokens/' || t)).status, 404, 'no token: ' || t) FROM (VALUES ('utk_1'), ('x'), ('utk_' || repeat('A', 64)), (repeat('utk_', 1000))) AS v (t);
SELECT make('alias', 'POST /v1/signup_tokens', '{"user_token": {"username": "grace@example.com", "password": "canary one", "login_policy_id": "' || arsignup.format_id('lpl', app('users')) || '"}}');
SELECT is(thing('alias', 'email') || ' ' || thing('alias', 'login_policy_id'), 'grace@example.com ' || arsignup.format_id('lpl', app('users')), 'by its alias, with a username for an email, for an app that is named');
SELECT answers('POST /v1/user_tokens', '{"user_token": {"email": "x", "password": "short", "password_confirmation": "other", "login_policy_id": "lpl_x"}}', 422,
	faults('{"login_policy_id": ["Login policy is not known."], "email": ["Email is not a valid address."], "password": ["Password must have at least 8 characters."],
	"password_confirmation": ["Password confirmation does not match the password."]}'), 'an app that is none, and what else is wrong');
SELECT answers('POST /v1/user_tokens', '{"user_token": {"email": "x@example.com", "password": "canary one", "login_policy_id": "' || arsignup.format_id('lpl', app('other')) || '"}}', 422,
	faults('{"login_policy_id": ["Login policy is not known."]}'), 'another realm''s app');
SELECT answers('POST /v1/user_tokens', '{"user_token": {"email": "x", "password": "short", "password_confirmation": "other"}}', 422,
	faults('{"email": ["Email is not a valid address."], "password": ["Password must have at least 8 characters."],
		"password_confirmation": ["Password confirmation does not match the password."]}'), 'faults of a mint');
SELECT answers('POST /v1/user_tokens', '{"user_token": {"email": "x@example.com", "password": "canary one", "password_confirmation": "canary two"}}', 422,
	faults('{"password_confirmation": ["Password confirmation does not match the password."]}'), 'another confirmation');
SELECT tells('POST /v1/user_tokens', '{"user_token": {"email": "unconfirmed@example.com", "password": "canary one", "password_confirmation": null}}', 201, '{}', 'a confirmation that is null is none');
SELECT answers('POST /v1/user_tokens', '{}', 422, faults('{"email": ["Email can''t be blank."], "password": ["Password can''t be blank."]}'), 'nothing');

---------------------------------------------------------------------------------------------------
-- Redeeming
---------------------------------------------------------------------------------------------------

SELECT answers('POST /v1/users', '{"user": {"token": "' || thing('token') || '", "password": "canary two"}}', 422, faults('{"password": ["Password can''t be given together with a token, which has one."]}'), 'a password beside a token');
SELECT answers('POST /v1/users', '{"user": {"token": "' || thing('token') || '", "state": "odd"}}', 422, faults('{"state": ["State must be active or inactive, not \"odd\"."]}'), 'what is refused afterwards');
SELECT is((ask('GET /v1/user_tokens/' || thing('token'))).status, 200, 'leaves the token as good as before');
SELECT answers('POST /v1/users', '{"user": {"token": "' || thing('token') || '"}}', 422, faults('{"token": ["No such signup token."]}'), 'another realm''s key', 'other');
SELECT make('ada', 'POST /v1/users', '{"user": {"token": "' || thing('token') || '", "reference": 7, "custom": {"n": 2}, "last_name": "Lovelace"}, "request": {"ip": "192.0.2.1", "client": "curl"}}');
SELECT is((SELECT json - ARRAY['id', 'created_at', 'credentials'] FROM thing WHERE name = 'ada'), jsonb_build_object('object', 'user', 'realm_id', arsignup.format_id('rl', realm()), 'state', 'active', 'user_type', 'human',
	'username', 'ada@example.com', 'email', 'ada@example.com', 'email_verification', 'none', 'first_name', 'Ada', 'last_name', 'Lovelace', 'name', 'Ada Lovelace', 'reference', '7',
	'custom', '{"plan": "gold", "n": 2}'::jsonb, 'last_login_at', NULL, 'membership_count', 0), 'a user; what is given beside the token is merged; no org, though one was named at the mint');
SELECT is((SELECT json FROM ask('POST /v1/users', '{"user": {"token": "' || thing('token') || '", "reference": "other"}}')), (SELECT json FROM thing WHERE name = 'ada'), 'again, by the same key: the same user, unchanged');
SELECT answers('POST /v1/users', '{"user": {"token": "' || thing('token') || '"}}', 422, faults('{"token": ["Signup token was already redeemed."]}'), 'again, by another key', 'second');
SELECT answers('POST /v1/users', '{"user": {"token": "' || thing('token') || '"}}', 422, faults('{"token": ["No such signup token."]}'), 'again, by a key of another realm', 'other');
SELECT answers('GET /v1/user_tokens/' || thing('token'), '', 404, fault('Not found.'), 'a redeemed token is not there any more');
SELECT is((SELECT count(*)::int FROM arsignup.users WHERE email_key = 'ada@example.com'), 1, 'one user');
SELECT tells('POST /v1/users', '{"user": {"token": "' || ((ask('POST /v1/user_tokens', '{"user_token": {"email": "org@example.com", "password": "canary one", "org_name": "Minted"}}')).json ->> 'id') || '", "with_org": true}}',
	201, '{"membership_count": 1}', 'with_org makes the org that was named at the mint');
SELECT is((SELECT string_agg(name, ',') FROM arsignup.orgs), 'Minted', 'of its name');
SELECT tells('POST /v1/users?expand[]=memberships', '{"user": {"token": "' || ((ask('POST /v1/user_tokens', '{"user_token": {"email": "org2@example.com", "password": "canary one"}}')).json ->> 'id') || '", "org_name": "Named"}}',
	201, '{"membership_count": 1, "memberships": [{"object": "membership", "org": {"object": "org", "name": "Named"}}]}', 'an org_name makes an org, too');
SELECT answers('POST /v1/users', '{"user": {"token": "' || t || '"}}', 422, faults('{"token": ["No such signup token."]}'), 'no token: ' || left(t, 10)) FROM (VALUES ('utk_1'), ('x'), ('utk_' || repeat('A', 64))) AS v (t);
SELECT tells('POST /v1/users', '{"user": {"token": "' || ((ask('POST /v1/user_tokens', '{"user_token": {"email": "unasked@example.com", "password": "canary one", "org_name": "Unasked"}}')).json ->> 'id') || '", "with_org": "false"}}',
	201, '{"membership_count": 0}', 'as a text of a form');
UPDATE arsignup.realms SET email_verification = 'request' WHERE id = realm();
SELECT make('moving', 'POST /v1/user_tokens', '{"user_token": {"email": "before@example.com", "password": "canary one"}}');
SELECT make('moved', 'POST /v1/users', '{"user": {"token": "' || thing('moving') || '", "email": "after@example.com"}, "request": {"ip": "192.0.2.77"}}');
SELECT is(thing('moved', 'email') || ' ' || thing('moved', 'email_verification'), 'after@example.com requested', 'another email at the redeem is to be verified like the token''s');
SELECT results_eq($$SELECT data ->> 'email' FROM arsignup.claim_events('{user.email.verification_requested}') WHERE arsignup.format_id('usr', user_id) = thing('moved')$$,
	$$VALUES ('after@example.com')$$, 'by one mail, and to that one');
SELECT make('staying', 'POST /v1/user_tokens', '{"user_token": {"email": "staying@example.com", "password": "canary one"}}');
SELECT make('stayed', 'POST /v1/users', '{"user": {"token": "' || thing('staying') || '", "first_name": "Stay"}}');
SELECT is((SELECT count(*)::int FROM arsignup.events WHERE realm_id = realm() AND event_type = 'user.email.verification_requested' AND arsignup.format_id('usr', user_id) = thing('stayed')), 1, 'the same email is asked about once');
UPDATE arsignup.realms SET email_verification = 'none' WHERE id = realm();
SELECT arsignup.delete_user(realm_id, id) FROM arsignup.users WHERE realm_id = realm() AND email_key IN ('unasked@example.com', 'after@example.com', 'staying@example.com') \g /dev/null
SELECT make('doomed', 'POST /v1/user_tokens', '{"user_token": {"email": "doomed@example.com", "password": "canary one"}}');
SELECT arsignup.revoke_signup_token(thing('doomed')) \g /dev/null
SELECT answers('POST /v1/users', '{"user": {"token": "' || thing('doomed') || '"}}', 422, faults('{"token": ["Signup token was revoked."]}'), 'a revoked token');
SELECT make('late', 'POST /v1/user_tokens', '{"user_token": {"email": "late@example.com", "password": "canary one"}}');
UPDATE arsignup.signup_tokens SET expires_at = now() WHERE email = 'late@example.com';
SELECT answers('POST /v1/users', '{"user": {"token": "' || thing('late') || '"}}', 422, faults('{"token": ["Signup token has expired."]}'), 'an expired token');
SELECT answers('GET /v1/user_tokens/' || thing('late'), '', 404, fault('Not found.'), 'is not there any more');
SELECT make('twin', 'POST /v1/user_tokens', '{"user_token": {"email": "twin@example.com", "password": "canary one"}}');
SELECT make('other twin', 'POST /v1/user_tokens', '{"user_token": {"email": "twin@example.com", "password": "canary one"}}');
SELECT make('twin user', 'POST /v1/users', '{"user": {"token": "' || thing('twin') || '"}}');
SELECT answers('POST /v1/users', '{"user": {"token": "' || thing('other twin') || '"}}', 422, faults('{"email": ["Email is already taken."]}'), 'of two tokens for one email the second is refused');
SELECT answers('DELETE /v1/users/' || thing('twin user'), '', 204, NULL, 'deleted');
SELECT answers('POST /v1/users', '{"user": {"token": "' || thing('twin') || '"}}', 422, faults('{"token": ["Signup token was already redeemed."]}'), 'a token whose user is gone');

-- R7: the same call gets the user again while it may be one that was sent again, and the user is as it was made.
SELECT make('again', 'POST /v1/user_tokens', '{"user_token": {"email": "again@example.com", "password": "canary one"}}');
SELECT make('again user', 'POST /v1/users', '{"user": {"token": "' || thing('again', 'signup_id') || '"}}');
SELECT answers('POST /v1/users', '{"user": {"token": "' || t || '"}}', 201, (SELECT json FROM thing WHERE name = 'again user'), 'again, by ' || left(t, 4)) FROM (VALUES (thing('again')), (thing('again', 'signup_id'))) AS v (t);
SAVEPOINT again;
UPDATE arsignup.signup_tokens SET redeemed_at = redeemed_at - interval '2 minutes' WHERE email = 'again@example.com';
SELECT answers('POST /v1/users', '{"user": {"token": "' || thing('again') || '"}}', 422, faults('{"token": ["Signup token was already redeemed."]}'), 'R7: two minutes later');
ROLLBACK TO again;
SELECT arsignup.set_password(realm_id, id, 'canary three') FROM arsignup.users WHERE email = 'again@example.com' \g /dev/null
SELECT answers('POST /v1/users', '{"user": {"token": "' || thing('again') || '"}}', 422, faults('{"token": ["Signup token was already redeemed."]}'), 'R7: with another password');
ROLLBACK TO again;
SELECT arsignup.update_user(realm_id, id, state => 'inactive') FROM arsignup.users WHERE email = 'again@example.com' \g /dev/null
SELECT answers('POST /v1/users', '{"user": {"token": "' || thing('again') || '"}}', 422, faults('{"token": ["Signup token was already redeemed."]}'), 'R7: once it is inactive');
ROLLBACK TO again;
SELECT answers('GET /v1/user_tokens/' || thing('again'), '', 404, fault('Not found.'), 'a redeemed token is not shown');
SELECT tells('GET /v1/user_tokens/' || thing('again', 'signup_id'), '', 200, jsonb_build_object('state', 'redeemed', 'user_id', thing('again user')), 'but what became of it, by its id');

SELECT is((ask('GET /v1/user_tokens/' || thing('again', 'signup_id'), '', 'read')).status, 403, 'for which a key must be able to write');

-- Holding.
SELECT make('paying', 'POST /v1/user_tokens', '{"user_token": {"email": "paying@example.com", "password": "canary one"}}');
SELECT make('paying anew', 'POST /v1/user_tokens', '{"user_token": {"email": "paying@example.com", "password": "canary one"}}');
SELECT matches(thing('paying', 'signup_id'), '^sgn_[0-9A-Za-z]{44}$', 'a minted token has a signup id');
SELECT is(thing('paying', 'state') || coalesce(thing('paying', 'held_until'), '') || coalesce(thing('paying', 'user_id'), ''), 'pending', 'and is pending');
SELECT tells('POST /v1/user_tokens/' || thing('paying', 'signup_id') || '/hold', '{"user_token": {"hold_for": 3600}}', 200, '{"state": "held"}', 'held');
SELECT is((ask('GET /v1/user_tokens/' || thing('paying'))).json ->> 'held_until', floor(extract(epoch FROM held_until))::text, 'for as long as was asked')
FROM arsignup.users WHERE email = 'paying@example.com' AND held_until BETWEEN now() + interval '59 minutes' AND now() + interval '61 minutes';
SELECT tells('POST /v1/user_tokens/' || thing('paying') || '/hold', '', 200, '{"state": "held"}', 'again, with nothing said');
SELECT is((ask('POST /v1/user_tokens/' || thing('paying anew') || '/hold', '')).json #- '{retry_after}', '{"errors": {"email": ["Email is held by a signup that is not finished yet."]}, "codes": {"email": ["held"]}}', 'nobody else can hold the name');
SELECT ok(((ask('POST /v1/users', '{"user": {"email": "paying@example.com"}}')).json ->> 'retry_after')::int BETWEEN 3500 AND 3600, 'nor have it, and is told for how long');
SELECT answers('POST /v1/user_tokens/' || thing('paying anew') || '/hold', body, 422, faults(errors), 'a hold: ' || body)
FROM (VALUES ('{"user_token": {"hold_for": "soon"}}', jsonb '{"hold_for": ["Hold for must be a number of seconds."]}'), ('{"user_token": {"hold_for": 0}}', '{"hold_for": ["Hold must be positive and 30 days at most."]}'),
	('{"user_token": {"hold_for": 2592001}}', '{"hold_for": ["Hold must be positive and 30 days at most."]}'), ('{"user_token": {"hold_for": 99999999999}}', '{"hold_for": ["Hold must be positive and 30 days at most."]}'),
	('{"user_token": {"replaces": "sgn_x"}}', '{"replaces": ["Replaces is not known."]}'), ('{"user_token": {"replaces": 1}}', '{"replaces": ["Replaces must be text."]}')) AS v (body, errors);
SELECT answers(request, '', 404, fault('Not found.'), request) FROM (VALUES ('POST /v1/user_tokens/sgn_x/hold'), ('POST /v1/user_tokens/' || thing('paying', 'signup_id') || 'x/hold'), ('DELETE /v1/user_tokens/sgn_x'), ('GET /v1/user_tokens/sgn_x')) AS v (request);
SELECT answers(request, '', 404, fault('Not found.'), 'another realm''s: ' || left(request, 12), 'other') FROM (VALUES ('POST /v1/user_tokens/' || thing('paying') || '/hold'), ('DELETE /v1/user_tokens/' || thing('paying', 'signup_id')), ('GET /v1/user_tokens/' || thing('paying', 'signup_id'))) AS v (request);
SELECT tells('POST /v1/signup_tokens/' || thing('paying anew') || '/hold', '{"user_token": {"replaces": "' || thing('paying', 'signup_id') || '"}}', 200, '{"state": "held"}', 'but may take the hold over');
SELECT tells('GET /v1/user_tokens/' || thing('paying'), '', 200, '{"state": "pending", "held_until": null}', 'which leaves the other pending');
SELECT is((ask('POST /v1/users', '{"user": {"token": "' || thing('paying anew', 'signup_id') || '"}}')).json ->> 'id', (ask('GET /v1/user_tokens/' || thing('paying anew', 'signup_id'))).json ->> 'user_id', 'redeemed: the user that was told of');
SELECT answers('DELETE /v1/user_tokens/' || thing('paying', 'signup_id'), '', 204, NULL, 'revoked');
SELECT answers('DELETE /v1/user_tokens/' || t, '', 404, fault('Not found.'), 'once') FROM (VALUES (thing('paying')), (thing('paying anew'))) AS v (t);
SELECT answers('POST /v1/user_tokens/' || thing('paying') || '/hold', '', 422, faults('{"token": ["Signup token was revoked."]}'), 'and then not held');
SELECT arsignup.delete_user(realm_id, id) FROM arsignup.users WHERE realm_id = realm() AND email_key IN ('again@example.com', 'paying@example.com') \g /dev/null

---------------------------------------------------------------------------------------------------
-- Users
---------------------------------------------------------------------------------------------------

SELECT is((SELECT json FROM ask('GET /v1/users/' || id)), (SELECT json FROM thing WHERE name = 'ada'), 'by ' || id) FROM (VALUES (thing('ada')), ('ada%40example.com'), ('ADA@example.com'), ('ada%40Example.com')) AS v (id);
SELECT answers('GET /v1/users/' || id, '', 404, fault('Not found.'), 'nobody: ' || left(id, 20)) FROM (VALUES ('nobody@example.com'), ('usr_x'), (arsignup.format_id('usr', arsignup.new_id())), (replace(thing('ada'), 'usr_', 'org_')), (repeat('x', 9000))) AS v (id);
SELECT answers('GET /v1/users/' || thing('ada'), '', 404, fault('Not found.'), 'another realm''s key', 'other');
SELECT tells('GET /v1/users/ada%40example.com?expand=memberships', '', 200, '{"memberships": []}', 'with memberships');
SELECT is((SELECT json ? 'memberships' FROM ask('GET /v1/users/ada%40example.com')), false, 'which are else left out');

SELECT make('grace', 'POST /v1/users', '{"user": {"user_type": "human", "username": "grace@example.com", "password": "canary one", "password_confirmation": "canary one", "first_name": "Grace", "custom": {"a": ["b", "c"]}}}');
SELECT is(thing('grace', 'email') || thing('grace', 'custom'), 'grace@example.com{"a": ["b", "c"]}', 'a username that is an address is the email, too');
SELECT make('robot', 'POST /v1/users', '{"user": {"user_type": "api"}}');
SELECT matches(thing('robot', 'username'), '^[0-9a-f-]{36}$', 'a program is named by its id');
-- Where nothing was typed, clients send null or blank: of what is made, that is not sent.
SELECT tells('POST /v1/users', '{"user": {"username": "null@example.com", "email": null, "first_name": null, "reference": "", "custom": null, "password_confirmation": null}}', 201, '{"email": "null@example.com", "first_name": null, "reference": null, "custom": {}}', 'a user with nulls');
SELECT make('nulls', 'POST /v1/user_tokens', '{"user_token": {"username": "nulls@example.com", "email": null, "first_name": "Nora", "last_name": null, "password": "canary one"}}');
SELECT is(thing('nulls', 'email'), 'nulls@example.com', 'a token with nulls');
SELECT tells('POST /v1/users', '{"user": {"token": "' || thing('nulls') || '", "email": null, "username": "", "first_name": null, "password": null}}', 201, '{"email": "nulls@example.com", "first_name": "Nora"}', 'a redeem with nulls takes nothing away');
SELECT answers('POST /v1/users', '{"user": {"email": "blank@example.com", "password": "", "password_confirmation": ""}}', 422, faults('{"password": ["Password can''t be blank."]}'), 'a blank password is no password');

-- One realm is named, or none.
SELECT answers('POST /v1/orgs' || query, body, 422, faults('{"realm_id": ["Realm must be a text, and the same wherever it is named."]}'), 'which realm? ' || query || ' ' || body, 'everywhere', jsonb_build_object('x-authrocket-realm', arsignup.format_id('rl', realm())))
FROM (SELECT arsignup.format_id('rl', realm()) AS ours, arsignup.format_id('rl', realm('other')) AS theirs) AS r, LATERAL (VALUES
	('?realm_id[]=' || theirs, '{"org": {"name": "x"}}'), ('?realm_id=' || theirs, format('{"org": {"name": "x", "realm_id": "%s"}}', ours)),
	('', format('{"org": {"name": "x", "realm_id": "%s"}, "realm_id": "%s"}', ours, theirs)), ('', '{"org": {"name": "x", "realm_id": 7}}'), ('', '{"org": {"name": "x"}, "realm_id": {}}')) AS v (query, body);
SELECT tells('POST /v1/orgs?realm_id=' || theirs, format('{"org": {"name": "x", "realm_id": "%s"}}', theirs), 201, jsonb_build_object('realm_id', theirs), 'the same in two places', 'everywhere')
FROM (SELECT arsignup.format_id('rl', realm('other')) AS theirs) AS r;

-- A3: what has the form of an id is nobody's name, so that who is gone is never taken for somebody else.
CREATE TABLE gone (id text, form text);
INSERT INTO gone SELECT arsignup.format_id('usr', arsignup.new_id()), 'an id in lower case, as names are compared';
UPDATE gone SET id = lower(id);
INSERT INTO gone SELECT upper(id), 'the same in upper case' FROM gone;
INSERT INTO gone SELECT '%20' || id || '%20', 'with blanks around it' FROM gone WHERE id ~ '^usr';
INSERT INTO gone SELECT arsignup.parse_id('usr_' || repeat('0', 21) || '7')::text, 'a UUID';
SELECT answers('POST /v1/users', format('{"user": {"username": "%s", "email": "looks@example.com"}}', replace(id, '%20', ' ')), 422, faults('{"username": ["Username must not look like an id."]}'), 'A3: nobody can take ' || form, 'standard') FROM gone;
-- A row from before, or of another hand, that has such a name.
SELECT make('squatter', 'POST /v1/users', '{"user": {"username": "squatter", "email": "squatter@example.com", "password": "canary squatter"}}', 'standard');
CREATE FUNCTION squat(name text) RETURNS text LANGUAGE sql AS $$
	UPDATE arsignup.users SET username = name, username_key = lower(name) WHERE realm_id = arsignup_test.realm('standard') AND email = 'squatter@example.com' RETURNING name
$$;
CREATE FUNCTION asked(request text, body text, named text, key text) RETURNS text LANGUAGE sql AS $$
	SELECT arsignup_test.squat(replace(named, '%20', '')); SELECT a.status || ' ' || a."json"::text FROM arsignup_test.ask(replace(request, '$', named), replace(body, '$', named), key => $4) AS a
$$;
SELECT is(asked(request, body, id, 'standard'), answer, 'A3: ' || form || ': not to be found by ' || request)
FROM gone, (VALUES
	('GET /v1/users/$', '', '404 {"error": "Not found."}'),
	('PUT /v1/users/$', '{"user": {"first_name": "x"}}', '404 {"error": "Not found."}'),
	('DELETE /v1/users/$', '', '404 {"error": "Not found."}'),
	('POST /v1/users/$/authenticate', '{"user": {"password": "canary squatter"}}', '401 {"error": "Username or password is wrong."}'),
	('POST /v1/users/$/generate_password_token', '', '404 {"error": "Not found."}'),
	('POST /v1/sessions', '{"session": {"user_id": "$"}}', '422 {"errors": {"user_id": ["User is not known."]}}'),
	('POST /v1/memberships', '{"membership": {"user_id": "$"}}', '422 {"errors": {"user_id": ["User is not known."]}}')) AS v (request, body, answer);
SELECT is((arsignup.authenticate(realm('standard'), squat(id), 'canary squatter')).ok, true, 'A3: ' || form || ': who has it all the same logs in by it') FROM gone WHERE id !~ '%20';
SELECT tells('GET /v1/users/' || thing('squatter'), '', 200, '{"email": "squatter@example.com"}', 'A3: and is found by their own id', 'standard');
SELECT tells('POST /v1/users/' || thing('squatter') || '/authenticate', '{"user": {"password": "canary squatter"}}', 200, '{"email": "squatter@example.com"}', 'A3: and logs in by it', 'standard');
-- A program is named by its own id, and found by it.
SELECT make('named by its id', 'POST /v1/users', '{"user": {"user_type": "api"}}', 'standard');
SELECT tells('GET /v1/users/' || thing('named by its id', 'username'), '', 200, jsonb_build_object('id', thing('named by its id')), 'A3: a program is found by the id that it is named by', 'standard');
SELECT tells('PUT /v1/users/' || thing('named by its id'), format('{"user": {"username": "%s", "first_name": "x"}}', thing('named by its id', 'username')), 200, '{"first_name": "x"}', 'A3: and keeps it', 'standard');

-- Keys of programs.
SELECT matches(thing('robot', 'api_key'), '^ku_[0-9A-Za-z]{22}-[0-9A-Za-z_-]{43}$', 'a program gets a key');
SELECT is((SELECT json -> 'credentials' FROM thing WHERE name = 'robot'), jsonb_build_array(jsonb_build_object('object', 'credential', 'id', 'crd_' || substr(thing('robot', 'api_key'), 4, 22), 'credential_type', 'api_key')), 'as a credential');
SELECT is((SELECT json FROM ask('GET /v1/users/' || thing('robot'))), (SELECT json - 'api_key' FROM thing WHERE name = 'robot'), 'it is shown this once');
SELECT is((SELECT status || ' ' || json::text FROM ask('POST /v1/users/authenticate_key', body)), (SELECT '200 ' || (json - 'api_key')::text FROM thing WHERE name = 'robot'), 'whose key it is: ' || left(body, 12))
FROM (VALUES (format('{"api_key": "%s"}', thing('robot', 'api_key'))), (format('{"user": {"api_key": "%s"}}', thing('robot', 'api_key')))) AS v (body);
SELECT tells('POST /v1/users/authenticate_key?expand=memberships', format('{"api_key": "%s"}', thing('robot', 'api_key')), 200, '{"memberships": []}', 'with memberships');
SELECT answers('POST /v1/users/authenticate_key', body, 401, fault('The API key is wrong.'), 'nobody''s key: ' || body)
FROM (VALUES ('{"api_key": "canary"}'), ('{"api_key": ""}'), ('{"api_key": null}'), ('{}'), (''), (format('{"api_key": "%s"}', key('all'))), (format('{"api_key": "%s"}', replace(thing('robot', 'api_key'), 'ku_', 'kU_')))) AS v (body);
SELECT answers('POST /v1/users/authenticate_key', format('{"api_key": "%s"}', thing('robot', 'api_key')), 401, fault('The API key is wrong.'), 'another realm''s', 'other');
SELECT is((ask('POST /v1/users/authenticate_key', format('{"api_key": "%s"}', thing('robot', 'api_key')), 'read')).status, 403, 'a read key asks for none');
SELECT answers('POST /v1/users/authenticate_key', '{"api_key": 1}', 422, faults('{"api_key": ["Api key must be text."]}'), 'a key is text');
SELECT answers('POST /v1/users', '{"user": {"user_type": "api", "api_key": "canary"}}', 422, faults('{"api_key": ["Api key is made here, and can''t be given."]}'), 'none of one''s own');
SELECT tells('POST /v1/users', '{"user": {"user_type": "api", "username": "Backup", "api_key": "generate", "state": "inactive"}}', 201, '{"username": "Backup", "state": "inactive"}', 'generate is what is done', 'standard');
SELECT is((SELECT json ? 'api_key' FROM ask('POST /v1/users', '{"user": {"email": "no-key@example.com", "api_key": ""}}')), false, 'people have none');

SELECT tells('POST /v1/users', 'user[email]=sleeper%2B1%40example.com&user[state]=inactive&user[custom][a]=b', 201, '{"state": "inactive", "custom": {"a": "b"}, "credentials": []}', 'a form; without a password',
	headers => '{"x-arsignup-content-type": "application/x-www-form-urlencoded; charset=utf-8"}');
SELECT is((ask('GET /v1/users/sleeper+1@example.com')).status, 200, 'a plus sign in a path stands for itself');
SELECT answers('POST /v1/users', '{"user": {"email": "grace@example.com", "username": "grace", "password": "x", "first_name": "a\u0007", "user_type": "cat"}}', 422,
	faults('{"user_type": ["User type must be human or api, not \"cat\"."], "username": ["Username must be the email."], "first_name": ["First name can''t contain control characters."], "password": ["Password must have at least 8 characters."], "email": ["Email is already taken."]}'), 'all faults at once');
SELECT answers('POST /v1/users', '{"user": {"email": "Grace@EXAMPLE.com"}}', 422, faults('{"email": ["Email is already taken."]}'), 'a taken email');
SELECT answers('POST /v1/users', '{"user": {"email": "b@example.com", "password": "canary one", "password_confirmation": ""}}', 422, faults('{"password_confirmation": ["Password confirmation does not match the password."]}'), 'a blank confirmation');
SELECT answers('POST /v1/users', '{"user": {"email": "b@example.com"}}', 422, faults('{"base": ["Realm is inactive."]}'), 'an inactive realm', 'asleep');
SELECT tells('POST /v1/users', '{"user": {"email": "b@example.com", "id": "usr_x", "email_verification": "verified", "created_at": 1, "realm": "x", "token_generation": 1, "shared_email_id": "x", "last_login_at": 3}}', 201,
	'{"email_verification": "none", "last_login_at": null}', 'fields that are not for writing change nothing', 'other');

SELECT tells('PUT /v1/users/grace%40example.com', '{"user": {"first_name": null, "last_name": "Hopper", "reference": "", "custom": {"x": 1}}}', 200, '{"first_name": null, "last_name": "Hopper", "reference": null, "custom": {"x": 1}, "email": "grace@example.com"}', 'changed; null takes away');
SELECT tells('PUT /v1/users/grace%40example.com', '{"user": {}}', 200, '{"last_name": "Hopper", "custom": {"x": 1}}', 'what is not given stays');
SELECT tells('PUT /v1/users/' || thing('grace'), '{"user": {"custom": null, "username": "hopper@example.com"}}', 200, '{"custom": {}, "username": "hopper@example.com", "email": "hopper@example.com"}', 'a new username is a new email');
SELECT answers('PUT /v1/users/' || thing('grace'), '{"user": {"email": "ada@example.com", "password": "x"}}', 422, faults('{"password": ["Password must have at least 8 characters."], "email": ["Email is already taken."]}'), 'a bad password, and a taken email');
SELECT world() AS before \gset
SELECT answers('PUT /v1/users/' || thing('grace'), '{"user": {"email": "ada@example.com", "password": "canary two"}}', 422, faults('{"email": ["Email is already taken."]}'), 'a taken email');
SELECT is(world(), :'before'::text, 'leaves the password as it was, too');
SELECT answers('PUT /v1/users/nobody', '{"user": {"first_name": "x"}}', 404, fault('Not found.'), 'nobody to change');
SELECT answers('PUT /v1/users/' || thing('grace'), '{"user": {"first_name": "x"}}', 404, fault('Not found.'), 'nobody of this realm to change', 'other');
SELECT answers('DELETE /v1/users/' || thing('grace'), '', 404, fault('Not found.'), 'nobody of this realm to delete', 'other');
SELECT answers('DELETE /v1/users/' || thing('robot'), '', 204, NULL, 'deleted');
SELECT answers('DELETE /v1/users/' || thing('robot'), '', 404, fault('Not found.'), 'only once');

SELECT is((ask('PUT /v1/users/' || thing('grace'), format('{"user": {"custom": {"n": [%s, {"m\"": %s}], "t": "%s"}}}', n, n, n))).json ->> 'custom', format('{"n": [%s, {"m\"": %s}], "t": "%s"}', n, n, n), 'a number stays as it is: ' || n)
FROM unnest(ARRAY['19.99', '0.1', '-0.3', '1.0', '100.25', '4.35', '123456789.123456', '0.30000000000000004', '9223372036854775807', '2.5', '18446744073709551615', '-9223372036854775809', '123456789012345678.5', '0.1234567890123456789012345', '1.10']) AS n;
SELECT tells('PUT /v1/users/' || thing('grace'), '{"user": {"custom": null}}', 200, '{"custom": {}}', 'and goes');

-- The application's own rules on our tables.

CREATE TABLE subscription (user_id uuid REFERENCES arsignup.users (id));
INSERT INTO subscription SELECT id FROM arsignup.users WHERE email_key = 'hopper@example.com';
SELECT answers('DELETE /v1/users/' || thing('grace'), '', 409, faults('{"base": ["It can''t be deleted, since rows of the application refer to it."]}'), 'a user whom the application refers to');
ALTER TABLE arsignup.users ADD CONSTRAINT canary CHECK (first_name <> 'Forbidden canary');
SELECT answers('PUT /v1/users/' || thing('grace'), '{"user": {"first_name": "Forbidden canary"}}', 422, faults('{"base": ["The database refuses this, by a rule of the application''s or for its size."]}'), 'a rule of the application''s');
ALTER TABLE arsignup.users DROP CONSTRAINT canary;
CREATE FUNCTION object() RETURNS trigger LANGUAGE plpgsql AS $$ BEGIN RAISE EXCEPTION 'Too many users for this plan.'; END $$;
CREATE TRIGGER object BEFORE INSERT ON arsignup.users FOR EACH ROW EXECUTE FUNCTION object();
SELECT answers('POST /v1/users', '{"user": {"email": "objected@example.com"}}', 422, faults('{"base": ["Too many users for this plan."]}'), 'what a trigger of the application''s says');
CREATE OR REPLACE FUNCTION object() RETURNS trigger LANGUAGE plpgsql AS $$ BEGIN RAISE EXCEPTION 'canary' USING ERRCODE = 'AB123'; END $$;
SELECT answers('POST /v1/users', '{"user": {"email": "objected@example.com"}}', 422, faults('{"base": ["The database refuses this, by a rule of the application''s or for its size."]}'), 'an error of its own');
CREATE OR REPLACE FUNCTION object() RETURNS trigger LANGUAGE plpgsql AS $$ BEGIN PERFORM FROM nowhere.canary; END $$;
SELECT answers('POST /v1/users', '{"user": {"email": "objected@example.com"}}', 422, faults('{"base": ["The database refuses this, by a rule of the application''s or for its size."]}'), 'a trigger that fails');
CREATE OR REPLACE FUNCTION object() RETURNS trigger LANGUAGE plpgsql AS $$ BEGIN RAISE EXCEPTION 'short' USING ERRCODE = 'disk_full'; END $$;
SELECT is((ask('POST /v1/users', '{"user": {"email": "objected@example.com"}}')).status, 503, 'a full disk');
CREATE OR REPLACE FUNCTION object() RETURNS trigger LANGUAGE plpgsql AS $$ BEGIN RAISE EXCEPTION 'stop' USING ERRCODE = 'admin_shutdown'; END $$;
SELECT throws_ok($$SELECT ask('POST /v1/users', '{"user": {"email": "objected@example.com"}}')$$, '57P01', NULL, 'what ends the backend is no answer');
DROP TRIGGER object ON arsignup.users;

-- Usernames of their own.
SELECT make('std', 'POST /v1/users', '{"user": {"username": "Sally", "email": "sally@example.com", "password": "canary one"}}', 'standard');
SELECT is((ask('GET /v1/users/' || id, '', 'standard')).json ->> 'id', thing('std'), 'by ' || id) FROM (VALUES ('sally'), ('SALLY'), ('sally%40example.com')) AS v (id);

-- A2: a username that is the user's email.
SELECT make('a2', 'POST /v1/users', '{"user": {"username": "Dora@example.com", "password": "canary one"}}', 'standard');
SELECT is(thing('a2', 'username') || ' ' || thing('a2', 'email'), 'Dora@example.com Dora@example.com', 'A2: an email as the username, and as nothing else');
SELECT tells('GET /v1/users/dora%40example.com', '', 200, jsonb_build_object('id', thing('a2')), 'A2: found by it', 'standard');
SELECT is((ask('GET /v1/users?' || filter || '=dora@example.com', '', 'standard')).json #>> '{collection,0,id}', thing('a2'), 'A2: and in lists by ' || filter) FROM unnest(ARRAY['username', 'email']) AS filter;
SELECT tells('POST /v1/users/DORA@example.com/authenticate', '{"user": {"password": "canary one"}}', 200, jsonb_build_object('id', thing('a2')), 'A2: logs in by it', 'standard');
SELECT tells('PUT /v1/users/dora@example.com', '{"user": {"email": "dot@example.com"}}', 200, '{"username": "dot@example.com", "email": "dot@example.com"}', 'A2: it follows the email', 'standard');
SELECT tells('PUT /v1/users/dot@example.com', '{"user": {"username": "dora@example.com"}}', 200, '{"username": "dora@example.com", "email": "dora@example.com"}', 'A2: and the email follows it', 'standard');
SELECT answers('PUT /v1/users/dora@example.com', '{"user": {"username": "dora@example.org", "email": "dora@example.com"}}', 422, faults('{"username": ["Username can''t have an @, unless it is the email."]}'), 'A2: another address is no username', 'standard');

---------------------------------------------------------------------------------------------------
-- Credentials
---------------------------------------------------------------------------------------------------

CREATE FUNCTION crd(user_id text) RETURNS text LANGUAGE sql AS $$ SELECT replace(user_id, 'usr_', 'crd_') $$;
CREATE FUNCTION passwords(name text) RETURNS text LANGUAGE sql AS $$
	SELECT concat_ws(' ', token_generation, (SELECT count(*) FROM arsignup.credentials AS c WHERE c.user_id = u.id AND key_digest = ''), (SELECT count(*) FROM arsignup.events AS e WHERE e.user_id = u.id AND data @> '{"changed": ["password"]}'))
	FROM arsignup.users AS u WHERE id = arsignup.parse_id(thing(name))
$$;
SELECT make('holder', 'POST /v1/users', '{"user": {"email": "mary-lou@example.com"}}');
SELECT make('other holder', 'POST /v1/users', '{"user": {"email": "mary-lou@example.com", "password": "canary other"}}', 'other');
SELECT make('program', 'POST /v1/users', '{"user": {"user_type": "api", "username": "program"}}');
SELECT answers('GET /v1/credentials/' || crd(thing('holder')), '', 404, fault('Not found.'), 'nobody has a password who has none');
SELECT tells('POST /v1/credentials', '{"credential": {"user_id": "mary-lou@example.com", "credential_type": "password", "password": "canary one", "password_confirmation": "canary one"}}', 201,
	jsonb_build_object('object', 'credential', 'id', crd(thing('holder')), 'user_id', thing('holder'), 'credential_type', 'password', 'realm_id', arsignup.format_id('rl', realm())), 'a password for who has none');
SELECT is(passwords('holder'), '1 1 1', 'it ends login tokens, and is told');
SELECT tells('GET /v1/users/' || thing('holder'), '', 200, jsonb_build_object('credentials', jsonb_build_array(jsonb_build_object('object', 'credential', 'id', crd(thing('holder')), 'credential_type', 'password'))), 'the user has it by that id');
SELECT tells('GET /v1/credentials/' || crd(thing('holder')), '', 200, jsonb_build_object('user_id', thing('holder'), 'credential_type', 'password'), 'by which it is found');
SELECT tells('POST /v1/users/mary-lou@example.com/authenticate', '{"user": {"password": "canary one"}}', 200, '{}', 'it logs in');
SELECT answers('POST /v1/credentials', '{"credential": {"user_id": "mary-lou@example.com", "credential_type": "password", "password": "canary two"}}', 422, faults('{"credential_type": ["User already has a password."]}'), 'one each');
SELECT tells('PUT /v1/credentials/' || crd(thing('holder')), '{"credential": {"password": "canary two", "password_confirmation": "canary two"}}', 200, jsonb_build_object('id', crd(thing('holder'))), 'a new password');
SELECT is(passwords('holder'), '2 1 2', 'likewise');
SELECT tells('POST /v1/users/mary-lou@example.com/authenticate', '{"user": {"password": "canary two"}}', 200, '{}', 'which logs in');
SELECT answers('PUT /v1/credentials/' || crd(thing('holder')), body, 422, faults(errors), 'no new password: ' || body) FROM (VALUES
	('{"credential": {"password": "canary three", "password_confirmation": "canary four"}}', '{"password_confirmation": ["Password confirmation does not match the password."]}'::jsonb),
	('{"credential": {"password": "short"}}', '{"password": ["Password must have at least 8 characters."]}'),
	('{"credential": {"password": "short", "password_confirmation": "shorter"}}', '{"password": ["Password must have at least 8 characters."], "password_confirmation": ["Password confirmation does not match the password."]}'),
	('{"credential": {"password": 12345678}}', '{"password": ["Password must be text."]}'),
	('{}', '{"password": ["Password can''t be blank."]}')) AS v (body, errors);
SELECT answers('POST /v1/credentials', body, 422, faults(errors), 'no credential: ' || body) FROM (VALUES
	('{}', '{"credential_type": ["Credential type can''t be blank."], "user_id": ["User can''t be blank."]}'::jsonb),
	('{"credential": {"user_id": "nobody@example.com", "credential_type": "totp"}}', '{"credential_type": ["There is no second factor here."], "user_id": ["User is not known."]}'),
	('{"credential": {"user_id": "mary-lou@example.com", "credential_type": "google", "access_token": "canary"}}', '{"credential_type": ["There are no logins by another site here."]}'),
	('{"credential": {"user_id": "mary-lou@example.com", "credential_type": "key"}}', '{"credential_type": ["Credential type must be password or api_key, not \"key\"."]}'),
	('{"credential": {"user_id": "mary-lou@example.com", "credential_type": "api_key"}}', '{"user_id": ["User must be of type api to have a key."]}'),
	('{"credential": {"user_id": "program", "credential_type": "api_key", "api_key": "canary"}}', '{"api_key": ["Api key is made here, and can''t be given."]}'),
	('{"credential": {"user_id": "mary-lou@example.com", "credential_type": "api_key", "api_key": "canary"}}', '{"api_key": ["Api key is made here, and can''t be given."], "user_id": ["User must be of type api to have a key."]}'),
	('{"credential": {"user_id": "mary-lou@example.com", "credential_type": "password", "password": "short", "password_confirmation": "shorter"}}',
		'{"password_confirmation": ["Password confirmation does not match the password."], "credential_type": ["User already has a password."], "password": ["Password must have at least 8 characters."]}'),
	('{"credential": {"user_id": "nobody@example.com", "credential_type": "password", "password": "short", "api_key": "canary"}}',
		'{"api_key": ["Api key is made here, and can''t be given."], "user_id": ["User is not known."], "password": ["Password must have at least 8 characters."]}'),
	('{"credential": {"user_id": "program", "credential_type": "password"}}', '{"password": ["Password can''t be blank."]}')) AS v (body, errors);

-- Keys of programs: told once, several each.
SELECT make('key ' || n, 'POST /v1/credentials', format('{"credential": {"user_id": "program", "credential_type": "api_key"%s}}', given)) FROM unnest(ARRAY['', ', "api_key": "generate"', ', "api_key": ""']) WITH ORDINALITY AS v (given, n);
SELECT ok(thing('key 1', 'api_key') ~ '^ku_' AND thing('key 1', 'credential_type') = 'api_key' AND thing('key 1', 'user_id') = thing('program'), 'a key for a program');
SELECT tells('POST /v1/users/authenticate_key', format('{"api_key": "%s"}', thing('key ' || n, 'api_key')), 200, jsonb_build_object('id', thing('program')), 'by which it is known: ' || n) FROM generate_series(1, 3) AS n;
SELECT is((ask('GET /v1/credentials/' || thing('key 1'))).json, (SELECT json - 'api_key' FROM thing WHERE name = 'key 1'), 'once made it is not shown');
SELECT is((SELECT count(*) FROM ask('GET /v1/users/program') AS a, jsonb_array_elements(a.json -> 'credentials') AS c WHERE c ->> 'id' IN (thing('key 1'), thing('key 2'), thing('key 3'))), 3::bigint, 'the program has all of them');
SELECT answers('PUT /v1/credentials/' || thing('key 1'), '{"credential": {"password": "canary five"}}', 422, faults('{"credential_type": ["An API key can''t be changed; make another, and delete this one."]}'), 'a key is not changed');
SELECT is((ask('DELETE /v1/credentials/' || thing('key 1'))).status, 204, 'it is deleted');
SELECT is((ask(method || ' /v1/credentials/' || thing('key 1'))).status, 404, 'once: ' || method) FROM unnest(ARRAY['GET', 'PUT', 'DELETE']) AS method;
SELECT answers('POST /v1/users/authenticate_key', format('{"api_key": "%s"}', thing('key 1', 'api_key')), 401, fault('The API key is wrong.'), 'and nobody''s');

SELECT is((ask('DELETE /v1/credentials/' || crd(thing('holder')))).status, 204, 'a password is deleted');
SELECT is(passwords('holder'), '3 0 3', 'with login tokens, and told');
SELECT answers('POST /v1/users/mary-lou@example.com/authenticate', '{"user": {"password": "canary two"}}', 401, fault('Username or password is wrong.'), 'nobody logs in by it');
SELECT is((ask('DELETE /v1/credentials/' || crd(thing('holder')))).status, 404, 'once');
SELECT is(arsignup.delete_password(realm(), arsignup.parse_id(thing('holder'))), false, 'there is none');
SELECT is(arsignup.delete_password(realm(), arsignup.parse_id(thing('other holder'))), false, 'nor is there another realm''s');

-- Another realm's, ids of other things, keys that may not, and what there is not.
SELECT is((ask(method || ' /v1/credentials/' || id, '{"credential": {"password": "canary six"}}')).status, 404, method || ' of ' || what)
FROM unnest(ARRAY['GET', 'PUT', 'DELETE']) AS method, (VALUES (crd(thing('other holder')), 'another realm''s'), (thing('a2'), 'a user''s id'), ('crd_' || repeat('0', 22), 'nobody''s'), ('crd_x', 'none')) AS v (id, what);
SELECT is((ask(request, '', 'read')).status, 403, 'a read key: ' || request) FROM unnest(ARRAY['POST /v1/credentials', 'PUT /v1/credentials/x', 'DELETE /v1/credentials/x', 'POST /v1/credentials/x/verify']) AS request;
SELECT is((ask('GET /v1/credentials/x', '', 'write')).status, 403, 'a write key reads none');
SELECT is((ask('GET /v1/credentials')).status, 405, 'there is no list');
SELECT answers('POST /v1/credentials/' || thing('key 2') || '/verify', '{"credential": {"code": "123456"}}', 404, fault('Not offered here: there is no second factor, so no login asks for a code.'), 'no codes are verified');

---------------------------------------------------------------------------------------------------
-- Logging in and passwords
---------------------------------------------------------------------------------------------------

SELECT set_config('request.jwt', (ask('POST /v1/users/ada%40example.com/authenticate', '{"password": "canary one", "request": {"ip": "192.0.2.9", "client": "App/1"}}')).json ->> 'token', true) AS jwt \gset
SELECT is(arsignup.verify_login_token(:'jwt', realm()) ->> 'uid', thing('ada'), 'logged in, with a token');
SELECT is((SELECT host(ip) || ' ' || client FROM arsignup.sessions ORDER BY id DESC LIMIT 1), '192.0.2.9 App/1', 'from where the caller says');
SELECT tells('POST /v1/users/' || thing('ada') || '/authenticate', '{"user": {"password": "canary one"}}', 200, jsonb_build_object('id', thing('ada')), 'wrapped, by id');
SELECT answers('POST /v1/users/' || id || '/authenticate', '{"password": "' || password || '"}', 401, fault('Username or password is wrong.'), 'wrong: ' || id)
FROM (VALUES ('ada%40example.com', 'canary wrong'), ('nobody', 'canary one'), ('usr_x', 'canary one'), ('sleeper%2B1%40example.com', 'canary one'), ('ada%40example.com', '')) AS v (id, password);
SELECT answers('POST /v1/users/ada%40example.com/authenticate', '', 401, fault('Username or password is wrong.'), 'no password');
SELECT answers('POST /v1/users/ada%40example.com/authenticate', '{"password": "canary one", "request": {"ip": "1.2.3.4.5"}}', 422, faults('{"ip": ["IP is not an address."]}'), 'no address');
SELECT tells('POST /v1/users/limit%40example.com/authenticate', '{"password": "canary ' || n || '", "request": {"ip": "198.51.100.1"}}', CASE WHEN n <= 5 THEN 401 ELSE 429 END, NULL, 'attempt ' || n) FROM generate_series(1, 6) AS n;
SELECT ok((headers_out ->> 'Retry-After')::int BETWEEN 1 AND 100000, 'who is throttled is told how long') FROM ask('POST /v1/users/limit%40example.com/authenticate', '{"password": "canary", "request": {"ip": "198.51.100.1"}}');
SELECT answers('POST /v1/users/x/authenticate_code', '{"user": {"token": "kli_x", "code": "000000"}}', 422, faults('{"base": ["Not offered here: there is no second factor, so no login asks for a code."]}'), 'there is no second factor');

-- What AuthRocket 1 has and we have not, says so.
SELECT tells(r, '', CASE WHEN r LIKE 'GET %' THEN 404 ELSE 422 END, NULL, 'not offered: ' || r)
FROM unnest(ARRAY['GET /v1/events/login/x', 'GET /v1/notifications', 'GET /v1/notifications/ent_x', 'GET /v1/auth_providers/authorize', 'POST /v1/auth_providers/authorize',
	'GET /v1/auth_providers/ap_x/authorize', 'POST /v1/auth_providers/ap_x/authorize']) AS r;
SELECT is(count(*)::int, 7, 'in a sentence of its own, with where to look')
FROM unnest(ARRAY['GET /v1/events/login/x', 'GET /v1/notifications', 'GET /v1/notifications/ent_x', 'GET /v1/auth_providers/authorize', 'POST /v1/auth_providers/authorize',
	'GET /v1/auth_providers/ap_x/authorize', 'POST /v1/auth_providers/ap_x/authorize']) AS r, ask(r) AS a
WHERE coalesce(a.json ->> 'error', a.json -> 'errors' -> 'base' ->> 0) ~ '^Not offered here: .*(/v1/|docs/).*\.$';
SELECT answers('GET /v1/events/login', '', 404, fault('Not found.'), 'it is no event either');
SELECT answers(r, '', 404, fault('Not found.'), 'while a wrong address is: ' || r) FROM unnest(ARRAY['GET /v1/event', 'GET /v1/events/login/x/y', 'GET /v1/notification', 'POST /v1/authorize']) AS r;
SELECT answers('GET /v1/notifications', '', 403, fault('Access denied. The API key is missing, or does not permit this.'), 'a stranger hears nothing of it', 'none');

SELECT answers('PUT /v1/users/ada%40example.com/update_password', '{"user": {"current_password": "canary wrong", "password": "canary two", "password_confirmation": "canary two"}}', 422, faults('{"current_password": ["Current password does not match."]}'), 'a wrong current password');
SELECT answers('PUT /v1/users/ada%40example.com/update_password', '{"user": {"current_password": "canary one", "password": "canary two", "password_confirmation": "canary"}}', 422, faults('{"password_confirmation": ["Password confirmation does not match the password."]}'), 'another confirmation');
SELECT answers('PUT /v1/users/ada%40example.com/update_password', '{"user": {"current_password": "canary one", "password": "x"}}', 422, faults('{"password": ["Password must have at least 8 characters."]}'), 'a short one');
SELECT tells('PUT /v1/users/ada%40example.com/update_password', '{"user": {"current_password": "canary one", "password": "canary two", "password_confirmation": "canary two"}}', 200, jsonb_build_object('id', thing('ada')), 'a new password');
SELECT tells('POST /v1/users/ada%40example.com/authenticate', '{"password": "canary two"}', 200, '{}', 'is good');
SELECT is((ask('GET /v1/sessions/' || :'jwt')).status, 404, 'and what the old one opened is closed');
SELECT is(jsonb_array_length((ask('GET /v1/sessions?user_id=' || thing('ada'))).json -> 'collection'), 1, 'R9: only what the new one has opened is listed');

SELECT json ->> 'token' AS reset, json ->> 'password_reset_token' AS reset_again FROM ask('POST /v1/users/ada%40example.com/generate_password_token', '') \gset
SELECT matches(:'reset'::text, '^kpw_', 'a password token, for an empty body');
SELECT is(:'reset'::text, :'reset_again'::text, 'under both its names');
SELECT is((SELECT event_type FROM arsignup.events ORDER BY id DESC LIMIT 1), 'user.password_token.created', 'and an event');
SELECT tells('POST /v1/users/hopper%40example.com/reset_password_with_token', '{"user": {"token": "' || :'reset' || '", "password": "canary three"}}', 422, '{"errors": {"token": ["Token is unknown, used or expired, or was made for something else."]}}', 'for another user it is not good');
SELECT tells('POST /v1/users/b%40example.com/reset_password_with_token', '{"user": {"token": "' || :'reset' || '", "password": "canary three"}}', 422, '{"errors": {"token": ["Token is unknown, used or expired, or was made for something else."]}}', 'nor by another realm''s key', 'other');
SELECT tells('POST /v1/users/ada%40example.com/authenticate', '{"password": "canary two"}', 200, '{}', 'and has changed nothing');
SELECT tells('POST /v1/users/ada%40example.com/reset_password_with_token', '{"user": {"token": "' || :'reset' || '", "password": "x"}}', 422, '{"errors": {"password": ["Password must have at least 8 characters."]}}', 'a bad password leaves it');
SELECT tells('POST /v1/users/ada%40example.com/reset_password_with_token', '{"user": {"token": "' || :'reset' || '", "password": "canary three", "password_confirmation": "canary three"}, "request": {"ip": "192.0.2.55", "client": "Resetter"}}', 200, jsonb_build_object('id', thing('ada'), 'email_verification', 'none'), 'it is good; N8: and verifies no address, since it was shown here and not mailed');
SELECT is((SELECT string_agg(DISTINCT host(ip) || ' ' || client, ', ') FROM (SELECT ip, client FROM arsignup.events WHERE event_type LIKE 'user.password_token.consumed' ORDER BY id DESC LIMIT 1) AS e), '192.0.2.55 Resetter', 'and tells from where');
SELECT is((SELECT count(*)::int FROM arsignup.login_sources AS s WHERE arsignup.format_id('usr', s.user_id) = thing('ada') AND s.source >>= '192.0.2.55'), 1, 'which is known from now on');
SELECT tells('POST /v1/users/ada%40example.com/reset_password_with_token', '{"user": {"token": "' || :'reset' || '", "password": "canary four"}}', 422, NULL, 'once');
SELECT tells('POST /v1/users/sleeper%2B1%40example.com/generate_password_token', '{}', 422, '{"errors": {"email": ["Only an active user with an email can be given a password token."]}}', 'not for who is inactive');
SELECT count(*) AS events FROM arsignup.events \gset
SELECT answers('POST /v1/users/sleeper%2B1%40example.com/generate_password_token', '{"request": {"ip": "here"}}', 422, faults('{"ip": ["IP is not an address."], "email": ["Only an active user with an email can be given a password token."]}'), 'told with what else is wrong');
SELECT answers('POST /v1/users/program/request_email_verification', '{"request": {"ip": "here"}}', 422, faults('{"ip": ["IP is not an address."], "email": ["Email can''t be blank."]}'), 'nor is a blank email verified');
SELECT answers('POST /v1/users/ada%40example.com/' || call, '{"request": {"ip": "here"}}', 422, faults('{"ip": ["IP is not an address."]}'), 'nothing else is wrong: ' || call) FROM unnest(ARRAY['generate_password_token', 'request_email_verification']) AS call;
SELECT is((SELECT count(*) FROM arsignup.events), :'events', 'and nothing was done');

SELECT json ->> 'token' AS verification FROM ask('POST /v1/users/ada%40example.com/request_email_verification', '{}') \gset
SELECT matches(:'verification'::text, '^kev_', 'a verification token');
SELECT tells('GET /v1/users/ada%40example.com', '', 200, '{"email_verification": "requested"}', 'it is requested');
SELECT tells('POST /v1/users/hopper%40example.com/verify_email', '{"user": {"token": "' || :'verification' || '"}}', 422, '{"errors": {"token": ["Token is unknown, used or expired, or was made for something else."]}}', 'for another user it is not good');
SELECT tells('POST /v1/users/ada%40example.com/verify_email', '{"user": {"token": "' || :'verification' || '"}}', 200, '{"email_verification": "verified"}', 'verified');
SELECT tells('POST /v1/users/ada%40example.com/verify_email', '{"user": {"token": "x"}}', 422, NULL, 'nonsense is not');

---------------------------------------------------------------------------------------------------
-- Sessions
---------------------------------------------------------------------------------------------------

SELECT make('session', 'POST /v1/sessions', '{"session": {"user_id": "' || thing('ada') || '", "ip": "192.0.2.1", "client": "UA"}}');
SELECT is(thing('session', 'request')::jsonb, '{"ip": "192.0.2.1", "client": "UA"}', 'from where');
SELECT is((SELECT json -> 'user' ->> 'id' FROM thing WHERE name = 'session'), thing('ada'), 'with its user');
SELECT is(arsignup.verify_login_token(thing('session', 'token')) ->> 'tk', thing('session'), 'the token is of this session');
SELECT is((SELECT json FROM ask('GET /v1/sessions/' || thing('session', 'token'))), (SELECT json FROM thing WHERE name = 'session'), 'by its token');
SELECT is((SELECT json FROM ask('GET /v1/sessions/' || thing('session'))), (SELECT json - 'token' FROM thing WHERE name = 'session'), 'by its id, without the token');
SELECT tells('GET /v1/sessions/' || thing('session') || '?expand[]=memberships', '', 200, '{"user": {"memberships": []}}', 'with memberships');
SELECT is((ask('GET /v1/sessions/' || thing('session', t), '', 'other')).status, 404, 'not by another realm''s key: ' || t) FROM (VALUES ('id'), ('token')) AS v (t);
SELECT is((ask('DELETE /v1/sessions/' || thing('session', t), '', 'other')).status, 404, 'nor to end it: ' || t) FROM (VALUES ('id'), ('token')) AS v (t);
SELECT is((SELECT json -> 'collection' -> 0 ->> 'id' FROM ask('GET /v1/sessions?direction=desc&user_id=' || thing('ada'))), thing('session'), 'in the list of its user');
SELECT is((SELECT json ->> 'collection' FROM ask('GET /v1/sessions?user_id=' || thing('grace'))), '[]', 'and of nobody else');
SELECT answers('DELETE /v1/sessions/' || thing('session'), '', 204, NULL, 'ended');
SELECT answers('DELETE /v1/sessions/' || thing('session'), '', 404, fault('Not found.'), 'only once');
SELECT is((ask('GET /v1/sessions/' || thing('session', t))).status, 404, 'not there any more: ' || t) FROM (VALUES ('id'), ('token')) AS v (t);
SELECT make('brief', 'POST /v1/sessions', '{"session": {"user_id": "ada@example.com"}}');
SELECT answers('DELETE /v1/sessions/' || thing('brief', 'token'), '', 204, NULL, 'ended by its token; made by username');
SELECT answers('POST /v1/sessions', '{"session": {"user_id": "' || u || '"}}', 422, faults('{"user_id": ["User is not known."]}'), 'nobody: ' || u) FROM (VALUES ('usr_x'), ('nobody'), (arsignup.format_id('usr', arsignup.new_id()))) AS v (u);
SELECT answers('POST /v1/sessions', '{}', 422, faults('{"user_id": ["User can''t be blank."]}'), 'nothing');
SELECT answers('POST /v1/sessions', '{"session": {"user_id": "sleeper+1@example.com"}}', 422, faults('{"base": ["User is inactive."]}'), 'an inactive user');
SELECT answers('GET /v1/sessions/' || s, '', 404, fault('Not found.'), 'no session: ' || left(s, 20)) FROM (VALUES ('kss_x'), ('a.b.c'), ('...'), (arsignup.format_id('kss', arsignup.new_id())), (replace(thing('session'), 'kss', 'ksu'))) AS v (s);
CREATE FUNCTION end_at_once() RETURNS trigger LANGUAGE plpgsql AS $$ BEGIN UPDATE arsignup.sessions SET ended_at = now() WHERE id = NEW.id; RETURN NULL; END $$;
CREATE TRIGGER end_at_once AFTER INSERT ON arsignup.sessions FOR EACH ROW EXECUTE FUNCTION end_at_once();
SELECT answers('POST /v1/sessions', '{"session": {"user_id": "ada@example.com"}}', 422, faults('{"base": ["The session was ended at once, by a rule of the application''s."]}'), 'one that a trigger ends');
DROP TRIGGER end_at_once ON arsignup.sessions;
SELECT make('locked', 'POST /v1/sessions', '{"session": {"user_id": "ada@example.com"}}');
SELECT pg_get_functiondef('arsignup.verify_login_token'::regproc) AS definition \gset
CREATE OR REPLACE FUNCTION arsignup.verify_login_token(token arsignup.secret, realm_id uuid DEFAULT NULL) RETURNS jsonb LANGUAGE plpgsql AS $$ BEGIN RAISE EXCEPTION 'canary' USING ERRCODE = 'SU011'; END $$;
SELECT is((ask(m || ' /v1/sessions/' || thing('locked', 'token'))).status, 503, 'a signing key that cannot be opened: ' || m) FROM (VALUES ('GET'), ('DELETE')) AS v (m);
:definition;
SELECT make('retired', 'POST /v1/sessions', '{"session": {"user_id": "hopper@example.com"}}');
UPDATE arsignup.users SET state = 'inactive' WHERE email_key = 'hopper@example.com';
SELECT is((ask('GET /v1/sessions/' || thing('retired', t))).status, 404, 'nor is that of an inactive user: ' || t) FROM (VALUES ('id'), ('token')) AS v (t);
UPDATE arsignup.users SET state = 'active' WHERE email_key = 'hopper@example.com';
UPDATE arsignup.realms SET session_type = 'unmanaged' WHERE id = realm();
SELECT make('unmanaged', 'POST /v1/sessions', '{"session": {"user_id": "ada@example.com", "ip": "::1"}}');
SELECT is(thing('unmanaged'), arsignup.verify_login_token(thing('unmanaged', 'token')) ->> 'tk', 'an unmanaged session is its token');
SELECT is((ask('GET /v1/sessions/' || thing('unmanaged', 'token'))).status, 404, 'and is not stored');
UPDATE arsignup.realms SET session_type = 'managed', logins_enabled = false WHERE id = realm();
SELECT answers('POST /v1/sessions', '{"session": {"user_id": "ada@example.com"}}', 422, faults('{"base": ["Logins are switched off."]}'), 'logins that are switched off');
SELECT answers('POST /v1/users/ada%40example.com/authenticate', '{"password": "canary three"}', 401, fault('Logins are switched off.'), 'by password, too');
UPDATE arsignup.realms SET logins_enabled = true, email_verification = 'require' WHERE id = realm();
SELECT answers('POST /v1/users/hopper%40example.com/authenticate', '{"password": "canary one"}', 401, fault('The email must be verified first.'), 'an email that is not verified');
UPDATE arsignup.realms SET email_verification = 'none' WHERE id = realm();

---------------------------------------------------------------------------------------------------
-- Orgs and memberships
---------------------------------------------------------------------------------------------------

SELECT make('acme', 'POST /v1/orgs', '{"org": {"name": "Acme", "reference": "r1", "custom": {"a": 1}}}');
SELECT is((SELECT json - ARRAY['id', 'created_at'] FROM thing WHERE name = 'acme'), jsonb_build_object('object', 'org', 'realm_id', arsignup.format_id('rl', realm()), 'name', 'Acme', 'state', 'active', 'reference', 'r1', 'custom', '{"a": 1}'::jsonb), 'an org');
SELECT is((SELECT json FROM ask('GET /v1/orgs/' || thing('acme'))), (SELECT json FROM thing WHERE name = 'acme'), 'got');
SELECT tells('PUT /v1/orgs/' || thing('acme'), '{"org": {"name": "Acme & Co", "reference": null, "state": "inactive"}}', 200, '{"name": "Acme & Co", "reference": null, "state": "inactive", "custom": {"a": 1}}', 'changed');
SELECT tells('PUT /v1/orgs/' || thing('acme'), '{"org": {"state": "active"}}', 200, '{"state": "active", "name": "Acme & Co"}', 'and back');
SELECT answers('PUT /v1/orgs/' || thing('acme'), '{"org": {"name": "", "state": "odd"}}', 422, faults('{"name": ["Name can''t be blank."], "state": ["State must be active or inactive, not \"odd\"."]}'), 'faults');
SELECT answers('POST /v1/orgs', '{"org": {}}', 422, faults('{"name": ["Name can''t be blank."]}'), 'no name');
SELECT tells('POST /v1/orgs', '{"org": {"name": "Asleep", "state": "inactive"}}', 201, '{"state": "inactive"}', 'an inactive one');
SELECT answers(m || ' /v1/orgs/' || id, '{"org": {"name": "x"}}', 404, fault('Not found.'), m || ' ' || left(id, 10), key => k)
FROM (VALUES ('GET'), ('PUT'), ('DELETE')) AS v (m), (VALUES ('org_x', 'all'), (thing('ada'), 'all'), (arsignup.format_id('org', arsignup.new_id()), 'all'), (thing('acme'), 'other')) AS w (id, k);

SELECT make('member', 'POST /v1/memberships', '{"membership": {"org_id": "' || thing('acme') || '", "user_id": "' || thing('ada') || '", "permissions": ["a", "b:*"], "expires_at": 4000000000, "custom": {"x": 1}}}');
SELECT is((SELECT json - ARRAY['id', 'created_at', 'realm_id'] FROM thing WHERE name = 'member'), jsonb_build_object('object', 'membership', 'org_id', thing('acme'), 'user_id', thing('ada'),
	'permissions', '["a", "b:*"]'::jsonb, 'expires_at', 4000000000, 'custom', '{"x": 1}'::jsonb), 'a membership');
SELECT make('lone', 'POST /v1/memberships', '{"membership": {"user_id": "hopper@example.com"}}');
SELECT is(thing('lone', 'permissions') || coalesce(thing('lone', 'org_id'), ' no org') || coalesce(thing('lone', 'expires_at'), ', forever'), '[] no org, forever', 'without an org');
SELECT is((SELECT json FROM ask('GET /v1/memberships/' || thing('member'))), (SELECT json FROM thing WHERE name = 'member'), 'got');
SELECT tells('GET /v1/memberships/' || thing('member') || '?expand=user,org', '', 200, '{"user": {"email": "ada@example.com"}, "org": {"name": "Acme & Co"}}', 'with both ends');
SELECT tells('PUT /v1/memberships/' || thing('member'), '{"membership": {"permissions": "one"}}', 200, '{"permissions": ["one"], "expires_at": 4000000000, "custom": {"x": 1}}', 'one permission as a text');
SELECT tells('PUT /v1/memberships/' || thing('member'), '{"membership": {"permissions": [], "expires_at": null, "custom": {}}}', 200, '{"permissions": [], "expires_at": null, "custom": {}}', 'null: never');
SELECT answers('POST /v1/memberships', '{"membership": {"org_id": "' || thing('acme') || '", "user_id": "ada@example.com"}}', 422, faults('{"org_id": ["User is already a member of this organisation."]}'), 'twice');
SELECT answers('POST /v1/memberships', '{"membership": {"org_id": "org_x", "user_id": "usr_x"}}', 422, faults('{"user_id": ["User is not known."], "org_id": ["Org is not known."]}'), 'neither is known');
SELECT answers('POST /v1/memberships', '{"membership": {"org_id": "' || arsignup.format_id('org', arsignup.new_id()) || '"}}', 422, faults('{"user_id": ["User can''t be blank."], "org_id": ["Org is not known."]}'), 'nor these');
SELECT tells('POST /v1/memberships', '{"membership": {"user_id": "ada@example.com", "permissions": ["a b"], "expires_at": 1}}', 422, '{"errors": {"permissions": []}}', 'faults');
SELECT tells('GET /v1/memberships?org_id=' || thing('acme'), '', 200, '{"more_results": false, "collection": [{"user": {"email": "ada@example.com"}}]}', 'an org''s have their users');
SELECT tells('GET /v1/memberships?user_id=' || thing('ada'), '', 200, '{"more_results": false, "collection": [{"org": {"name": "Acme & Co"}}]}', 'a user''s have their orgs');
SELECT is((SELECT (json -> 'collection' -> 0) ?| '{org,user}' FROM ask('GET /v1/memberships?user_id=' || thing('ada') || '&org_id=' || thing('acme'))), false, 'by both: neither');
UPDATE arsignup.memberships SET expires_at = now() - interval '1 second' WHERE arsignup.format_id('mb', id) = thing('lone');
SELECT answers('GET /v1/memberships/' || thing('lone'), '', 404, fault('Not found.'), 'an expired one is not there');
SELECT answers('GET /v1/memberships?user_id=' || thing('grace'), '', 200, '{"more_results": false, "collection": []}', 'nor in lists');
SELECT answers('DELETE /v1/memberships/' || thing('member'), '', 204, NULL, 'deleted');
SELECT answers('DELETE /v1/memberships/' || thing('member'), '', 404, fault('Not found.'), 'only once');

---------------------------------------------------------------------------------------------------
-- What happened
---------------------------------------------------------------------------------------------------

SELECT make('witness', 'POST /v1/users', '{"user": {"email": "witness@example.com", "password": "canary one"}}');
SELECT make('bench', 'POST /v1/orgs', '{"org": {"name": "Bench"}}');
SELECT make('seat', 'POST /v1/memberships', '{"membership": {"org_id": "' || thing('bench') || '", "user_id": "witness@example.com"}}');
SELECT ask('POST /v1/users/witness@example.com/authenticate', '{"password": "canary one", "request": {"ip": "192.0.2.7", "client": "curl"}}') \g /dev/null
SELECT ask('POST /v1/users/witness@example.com/generate_password_token', '') \g /dev/null
SELECT ask('PUT /v1/users/witness@example.com', '{"user": {"first_name": "W"}}') \g /dev/null
CREATE FUNCTION told(query text, name text DEFAULT 'event_type') RETURNS text[] LANGUAGE sql AS $$
	SELECT array_agg(e ->> name ORDER BY n) FROM ask('GET /v1/events' || query) AS a, jsonb_array_elements(a.json -> 'collection') WITH ORDINALITY AS e (e, n)
$$;
CREATE FUNCTION witness() RETURNS text LANGUAGE sql AS $$ SELECT 'user_id=' || thing('witness') $$;

SELECT is(told('?' || witness()), '{user.updated,user.password_token.created,user.login.succeeded,membership.created,user.created}', 'events of a user, the last first');
SELECT is(told('?direction=asc&' || witness()), '{user.created,membership.created,user.login.succeeded,user.password_token.created,user.updated}', 'or the first');
SELECT is(told('?max_results=2&direction=asc&' || witness() || '&after=' || (told('?' || witness(), 'id'))[4]), '{user.login.succeeded,user.password_token.created}', 'a page after one');
SELECT is(told('?event_type=user.p&' || witness()), '{user.password_token.created}', 'of types that begin with something');
SELECT is(told('?event_type=ser&' || witness()), NULL, 'and not that have it');
SELECT is(told('?event_type=app_hook.'), NULL, 'no type begins with this');
SELECT is(told('?org_id=' || thing('bench')), '{membership.created,org.created}', 'of an org');
SELECT is(told('?membership_id=' || thing('seat')), '{membership.created}', 'of a membership');
SELECT is(told('?user_id=usr_x'), NULL, 'of nobody');
SELECT is(told('?user_id='), NULL, 'nor of all who have no name');
INSERT INTO thing SELECT 'event', json -> 'collection' -> 0 FROM ask('GET /v1/events?event_type=user.login&' || witness());
SELECT is((SELECT json - 'id' - 'event_at' - 'created_at' FROM thing WHERE name = 'event'), jsonb_build_object('object', 'event', 'realm_id', arsignup.format_id('rl', realm()), 'event_type', 'user.login.succeeded',
	'user_id', thing('witness'), 'org_id', NULL, 'membership_id', NULL, 'login_policy_id', NULL, 'request', '{"ip": "192.0.2.7", "client": "curl"}'::jsonb, 'details', NULL, 'notifications', '[]'::jsonb), 'all that is told of it');
SELECT matches(thing('event'), '^ev_[0-9A-Za-z]{22}$', 'its id');
SELECT ok(thing('event', 'event_at') = thing('event', 'created_at') AND abs(thing('event', 'event_at')::numeric - extract(epoch FROM clock_timestamp())) < 1000, 'when it happened');
SELECT is((SELECT json FROM ask('GET /v1/events/' || thing('event'))), (SELECT json FROM thing WHERE name = 'event'), 'got by its id');
SELECT tells('GET /v1/events?event_type=user.updated&' || witness(), '', 200, '{"collection": [{"details": {"changed": ["first_name"]}}]}', 'what has changed');
SELECT tells('GET /v1/events/' || thing('event') || '?expand=user,org,notifications', '', 200, '{"user": {"email": "witness@example.com"}, "org": null, "notifications": []}', 'with what it is about');
SELECT tells('GET /v1/events?expand[]=membership&expand[]=org&org_id=' || thing('bench'), '', 200, '{"collection": [{"membership": {"object": "membership"}, "org": {"name": "Bench"}}, {"membership": null}]}', 'in lists, too');
SELECT is((SELECT json ?| '{user,org,membership,data}' FROM ask('GET /v1/events/' || thing('event'))), false, 'which is else left out, and nothing is called data, which a client takes for the resource');
SELECT tells('GET /v1/events/' || thing('event'), '', 200, '{"notifications": []}', 'but notifications, which a client takes for granted');
SELECT is((SELECT text ~ 'k(pw|li|ss)_' FROM ask('GET /v1/events?max_results=1000')), false, 'no event has a token');
SELECT answers('GET /v1/events/' || thing('event'), '', 404, fault('Not found.'), 'another realm''s key sees it not', 'other');
SELECT is((SELECT text LIKE '%' || thing('event') || '%' FROM ask('GET /v1/events?max_results=1000', '', 'other')), false, 'nor lists it');
SELECT is((SELECT array_agg((ask(r, '', k)).status) FROM unnest(ARRAY['write', 'admin', 'none']) AS k, unnest(ARRAY['GET /v1/events', 'GET /v1/events/' || thing('event')]) AS r), '{403,403,403,403,403,403}', 'only a key that may read');
SELECT is((SELECT array_agg((ask(m || ' /v1/events/' || thing('event'), '{}')).status) FROM unnest(ARRAY['PUT', 'DELETE', 'POST']) AS m), '{405,405,405}', 'nobody writes events');
SELECT answers('GET /v1/events/ev_x', '', 404, fault('Not found.'), 'no event');
SELECT answers('GET /v1/events?created_at_after=soon&sort=user_id&name=x', '', 422, faults('{"created_at_after": ["Created at after must be seconds since 1970, or a time such as 2030-01-31T12:00:00Z."], "sort": ["Sort must be one of id, created_at, event_at, not \"user_id\"."], "name": ["This list can''t be filtered by that."]}'), 'faults');
SELECT answers('GET /v1/orgs?created_at_after=1', '', 422, faults('{"created_at_after": ["This list can''t be filtered by that."]}'), 'other lists have no such filter');
SELECT is(told('?created_at_after=4000000000&' || witness()), NULL, 'later than all');
UPDATE arsignup.events SET event_at = now() - interval '31 days' WHERE arsignup.format_id('ev', id) = thing('event');
SELECT is(told('?event_type=user.login&' || witness()), NULL, 'one from before 30 days is left out');
SELECT is(told('?created_at_after=1000000000&event_type=user.login&' || witness()), '{user.login.succeeded}', 'unless it is asked for');
SELECT is(told('?created_at_after=&event_type=user.login&' || witness()), NULL, 'blank: as if it were not there');
SELECT is((ask('GET /v1/events/' || thing('event'))).status, 200, 'by its id it can be got');
SELECT is((ask('DELETE /v1/users/' || thing('witness'))).status, 204, 'who is deleted');
SELECT is((told('?' || witness()))[1], 'user.deleted', 'has been');
SELECT tells('GET /v1/events?expand=user&event_type=user.deleted&' || witness(), '', 200, '{"collection": [{"user": null}]}', 'and is not there any more');
SELECT is((ask('DELETE /v1/orgs/' || thing('bench'))).status, 204, 'the org likewise');
SELECT answers('DELETE /v1/orgs/' || thing('acme'), '', 204, NULL, 'an org is deleted');
SELECT answers('GET /v1/orgs/' || thing('acme'), '', 404, fault('Not found.'), 'and gone');

---------------------------------------------------------------------------------------------------
-- Lists
---------------------------------------------------------------------------------------------------

INSERT INTO arsignup.orgs (realm_id, id, created_at, name, reference, custom)
SELECT realm('closed'), ('00000000-0000-7000-8000-' || lpad(n::text, 12, '0'))::uuid, now(), chr(65 + (n * 7) % 10) || n % 3, CASE n % 5 WHEN 0 THEN 'fifth' END, '{}' FROM generate_series(1, 25) AS n;

-- All of a list, page by page, as a client reads it: the numbers of its orgs.
CREATE FUNCTION pages(query text, OUT seen text, OUT pages int) LANGUAGE plpgsql AS $$
DECLARE
	a record;
	after text := '';
BEGIN
	pages := 0;
	LOOP
		SELECT * INTO a FROM ask('GET /v1/orgs?' || query || after, '', 'closed');
		IF a.status <> 200 THEN RAISE EXCEPTION '% %', a.status, a.text; END IF;
		pages := pages + 1;
		seen := concat_ws(' ', seen, (SELECT string_agg(right(arsignup.parse_id(o ->> 'id')::text, 2)::int::text, ' ' ORDER BY n) FROM jsonb_array_elements(a.json -> 'collection') WITH ORDINALITY AS e (o, n)));
		EXIT WHEN NOT (a.json ->> 'more_results')::boolean OR pages > 100;
		after := '&after=' || (a.json -> 'collection' -> -1 ->> 'id');
	END LOOP;
END
$$;
CREATE FUNCTION numbers(ordering text, condition text DEFAULT 'true') RETURNS text LANGUAGE plpgsql AS $$
DECLARE
	result text;
BEGIN
	EXECUTE format('SELECT string_agg(right(id::text, 2)::int::text, '' '' ORDER BY %s) FROM arsignup.orgs WHERE realm_id = realm(''closed'') AND %s', ordering, condition) INTO result;
	RETURN result;
END
$$;
SELECT is(p.seen || ' in ' || p.pages, numbers(ordering, condition) || ' in ' || n, query) FROM (VALUES
	('', 'name COLLATE "C", id', 'true', 1), ('max_results=25', 'name COLLATE "C", id', 'true', 1), ('max_results=24', 'name COLLATE "C", id', 'true', 2),
	('max_results=3', 'name COLLATE "C", id', 'true', 9), ('max_results=1&direction=desc', 'name COLLATE "C" DESC, id DESC', 'true', 25),
	('sort=id&max_results=4', 'id', 'true', 7), ('sort=id&direction=desc&max_results=4', 'id DESC', 'true', 7), ('sort=created_at&direction=asc&max_results=1000', 'id', 'true', 1),
	('reference=fifth&max_results=2', 'id', 'reference = ''fifth''', 3), ('reference=fifth&direction=desc&max_results=2', 'id DESC', 'reference = ''fifth''', 3),
	('reference=fifth&sort=id&max_results=5', 'id', 'reference = ''fifth''', 1), ('sort=created_at&reference=fifth', 'id', 'reference = ''fifth''', 1)) AS v (query, ordering, condition, n), pages(query) AS p;
SELECT answers('GET /v1/orgs?' || q, '', 422, faults(errors::jsonb), q, key => 'closed') FROM (VALUES
	('sort=custom', '{"sort": ["Sort must be one of name, id, created_at, not \"custom\"."]}'), ('direction=up', '{"direction": ["Direction must be asc or desc."]}'),
	('max_results=0', '{"max_results": ["Max results must be a number from 1 to 1000."]}'), ('max_results=1001', '{"max_results": ["Max results must be a number from 1 to 1000."]}'),
	('max_results=1x', '{"max_results": ["Max results must be a number from 1 to 1000."]}'),
	('max_results=99999999999999999999', '{"max_results": ["Max results must be a number from 1 to 1000."]}'), ('max_results=-1', '{"max_results": ["Max results must be a number from 1 to 1000."]}'),
	('after=x', '{"after": ["After must be the id of the last one that was seen."]}'), ('after=usr_0352hPkcXwP7PATo6m4k2s', '{"after": ["After must be the id of the last one that was seen."]}'),
	('reference=fifth&sort=name', '{"sort": ["Sort must be id or created_at in a list that is filtered by reference."]}'),
	('name=x', '{"name": ["This list can''t be filtered by that."]}'), ('reference[]=x', '{"reference": ["Reference must be a single text."]}')) AS v (q, errors);
SELECT answers('GET /v1/orgs?after=' || arsignup.format_id('org', arsignup.new_id()), '', 422, faults('{"after": ["After is not there any more."]}'), 'an org that is gone, by name', 'closed');
SELECT answers('GET /v1/orgs?sort=id&after=' || arsignup.format_id('org', arsignup.new_id()), '', 200, '{"more_results": false, "collection": []}', 'and by id', 'closed');
SELECT is((SELECT string_agg(o ->> 'email', ' ' ORDER BY n) FROM ask('GET /v1/users?' || q) AS a, jsonb_array_elements(a.json -> 'collection') WITH ORDINALITY AS e (o, n)), emails, q) FROM (VALUES
	('username=ADA%40example.com', 'ada@example.com'), ('email=Hopper@example.com', 'hopper@example.com'), ('reference=7', 'ada@example.com'), ('reference=%207%E2%80%8B', 'ada@example.com'), ('username=nobody', NULL), ('email=nonsense', NULL),
	('sort=username&max_results=2&after=&direction=', 'ada@example.com hopper@example.com'), ('reference=', NULL), ('username=&sort=&max_results=', NULL), ('sort=username&direction=desc&max_results=1', 'sleeper+1@example.com')) AS v (q, emails);
SELECT is((SELECT string_agg(o ->> 'username', ' ') FROM ask('GET /v1/users?email=SALLY@example.com', '', 'standard') AS a, jsonb_array_elements(a.json -> 'collection') AS o), 'Sally', 'a unique email that is no username');
UPDATE arsignup.users SET shared_email_id = id WHERE username_key = 'sally';
SELECT is((SELECT string_agg(o ->> 'username', ' ') FROM ask('GET /v1/users?email=sally@example.com', '', 'standard') AS a, jsonb_array_elements(a.json -> 'collection') AS o), 'Sally', 'one that may be shared');
SELECT is((SELECT json ->> 'collection' FROM ask('GET /v1/users?realm_id=' || arsignup.format_id('rl', realm('closed')), '', 'closed')), '[]', 'a realm has only its own');

-- The order in which filters stand in a query is none of the list's, and makes no plan more.
SELECT answers('GET /v1/users?' || q, '', 422, faults('{"sort": ["Sort must be id or created_at in a list that is filtered by reference."]}'), q) FROM (VALUES ('sort=username&reference=7'), ('reference=7&username=nobody&sort=username')) AS v (q);
SELECT is((SELECT string_agg(o ->> 'email', ' ') FROM ask('GET /v1/users?' || q) AS a, jsonb_array_elements(a.json -> 'collection') AS o), 'ada@example.com', q)
FROM (VALUES ('reference=7&email=ada%40example.com&username=ada%40example.com'), ('username=ada%40example.com&sort=username&email=ada%40example.com')) AS v (q);
CREATE FUNCTION plans() RETURNS bigint LANGUAGE sql VOLATILE AS $$ SELECT count(*) FROM pg_backend_memory_contexts WHERE name = 'CachedPlanSource' $$;
SELECT plans() AS before \gset
SELECT is((ask('GET /v1/users?' || q)).status, 200, q) FROM (VALUES ('email=ada%40example.com&username=ada%40example.com&reference=7'), ('username=ada%40example.com&reference=7&email=ada%40example.com'),
	('reference=7&username=ada%40example.com&email=ada%40example.com&sort=created_at'), ('email=nobody%40example.com&sort=username&username=ada%40example.com')) AS v (q);
SELECT is(plans(), :before::bigint, 'no statement was kept for another order of filters');

---------------------------------------------------------------------------------------------------
-- Users to be
---------------------------------------------------------------------------------------------------

-- Whose names are held is nobody, whether the hold goes on or is over. Each has all that a user has, so that only the state keeps it back.
CREATE TABLE unborn (realm text NOT NULL, name text NOT NULL, id uuid NOT NULL);
INSERT INTO unborn
SELECT v.realm, n, (arsignup.hold_signup_token(arsignup.mint_signup_token(app(v.app), n || '@example.com', 'canary unborn', username => CASE v.realm WHEN 'standard' THEN n END))).user_id
FROM (VALUES ('email', 'tokens'), ('standard', 'standard')) AS v (realm, app), unnest(ARRAY['going_on', 'over']) AS n;
UPDATE arsignup.users AS u SET reference = 'unborn', held_until = CASE n.name WHEN 'over' THEN clock_timestamp() - interval '1 second' ELSE held_until END FROM unborn AS n WHERE u.id = n.id;
INSERT INTO arsignup.credentials (realm_id, user_id, created_at, updated_at, password_hash)
SELECT realm(n.realm), n.id, now(), now(), t.password_hash FROM unborn AS n JOIN arsignup.signup_tokens AS t ON t.realm_id = realm(n.realm) AND t.email = n.name || '@example.com';
SELECT is((SELECT count(*) FROM arsignup.users AS u JOIN unborn AS n ON n.id = u.id AND u.state = 'held' JOIN arsignup.credentials AS c ON c.user_id = u.id), 4::bigint, 'there are users to be');

-- {user} is an id or a name. What a filter does not look at is no matter.
CREATE TABLE asking (request text NOT NULL, body text NOT NULL);
INSERT INTO asking VALUES
	('GET /v1/users/{user}', ''), ('GET /v1/users/{user}?expand=memberships', ''), ('PUT /v1/users/{user}', '{"user": {"first_name": "x"}}'), ('PUT /v1/users/{user}', '{"user": {"password": "canary two"}}'), ('DELETE /v1/users/{user}', ''),
	('POST /v1/users/{user}/authenticate', '{"user": {"password": "canary unborn"}}'), ('PUT /v1/users/{user}/update_password', '{"user": {"current_password": "canary unborn", "password": "canary two"}}'),
	('POST /v1/users/{user}/generate_password_token', '{}'), ('POST /v1/users/{user}/request_email_verification', '{}'),
	('POST /v1/memberships', '{"membership": {"user_id": "{user}"}}'), ('POST /v1/sessions', '{"session": {"user_id": "{user}"}}'),
	('GET /v1/users?username={user}', ''), ('GET /v1/users?email={user}', ''), ('GET /v1/users?reference={user}', ''), ('GET /v1/users?sort=username&after={user}', ''), ('GET /v1/users?sort=username&direction=desc&after={user}', ''),
	('GET /v1/users?sort=id&after={user}', ''), ('GET /v1/users?sort=id&direction=desc&after={user}', ''), ('GET /v1/memberships?user_id={user}', ''), ('GET /v1/sessions?user_id={user}', ''),
	('POST /v1/users/{user}/reset_password_with_token', '{"user": {"token": "kpw_x", "password": "canary two"}}'), ('POST /v1/users/{user}/verify_email', '{"user": {"token": "kev_x"}}');
-- What is answered; nothing of it stays.
CREATE FUNCTION answer_of(a asking, login text, realm text) RETURNS text LANGUAGE plpgsql AS $$
DECLARE
	said text;
BEGIN
	SELECT concat_ws(' ', k.status, k.text) INTO said FROM ask(replace(a.request, '{user}', login), replace(a.body, '{user}', login), CASE realm WHEN 'email' THEN 'all' ELSE realm END) AS k;
	RAISE EXCEPTION USING ERRCODE = 'ZZ999';
EXCEPTION WHEN SQLSTATE 'ZZ999' THEN
	RETURN said;
END
$$;
-- By what a user to be can be asked for, and the same of nobody: the id beside it, so that what is sorted by ids begins at the same place.
CREATE VIEW unborn_login AS
SELECT n.realm, n.name, l.* FROM unborn AS n, LATERAL (VALUES
	('id', arsignup.format_id('usr', n.id), arsignup.format_id('usr', overlay(n.id::text PLACING translate(right(n.id::text, 1), '0123456789abcdef', '1032547698badcfe') FROM 36)::uuid)),
	('uuid', n.id::text, arsignup.new_id()::text), ('email', n.name || '@example.com', 'nobody@example.com'), ('username', n.name, 'nobody'), ('reference', 'unborn', 'nobody')) AS l (form, login, nobodys);
SELECT is(answer_of(a, l.login, l.realm), answer_of(a, l.nobodys, l.realm), format('%s, %s, by %s: %s', l.realm, l.name, l.form, a.request)) FROM unborn_login AS l, asking AS a;
SELECT set_eq(format('SELECT e ->> ''id'' FROM ask(''GET /v1/users?max_results=1000&sort=%s&direction=%s'', '''', %L) AS a, jsonb_array_elements(a.json -> ''collection'') AS e', sort, direction, CASE realm WHEN 'email' THEN 'all' ELSE realm END),
	format('SELECT arsignup.format_id(''usr'', id) FROM arsignup.users WHERE realm_id = realm(%L) AND state <> ''held''', realm), format('%s: the list by %s, %s, is of those who are there', realm, sort, direction))
FROM unnest(ARRAY['email', 'standard']) AS realm, unnest(ARRAY['id', 'created_at', 'username']) AS sort, unnest(ARRAY['asc', 'desc']) AS direction;
-- And these assertions can fail: who is active is answered otherwise. By ids a list goes on behind anybody, and they have no session or membership yet.
UPDATE arsignup.users AS u SET state = 'active', held_until = NULL FROM unborn AS n WHERE u.id = n.id;
SELECT set_eq($$SELECT a.request FROM asking AS a WHERE a.request !~ 'sort=id' AND NOT EXISTS (SELECT FROM unborn_login AS l WHERE l.name = 'going_on' AND answer_of(a, l.login, l.realm) <> answer_of(a, l.nobodys, l.realm))$$,
	ARRAY['GET /v1/memberships?user_id={user}', 'GET /v1/sessions?user_id={user}'], 'somebody active is answered otherwise');
SELECT arsignup.delete_user(realm(realm), id) FROM unborn \g /dev/null

---------------------------------------------------------------------------------------------------
-- What the application puts on our tables, and what reading meets
---------------------------------------------------------------------------------------------------

-- What is checked at COMMIT is checked before there is an answer; a name says nothing.
CREATE FUNCTION quota() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
	PERFORM set_config('test.quota', current_setting('test.quota', true) || TG_TABLE_NAME || ' ', true);
	IF NEW.first_name = 'Over' THEN RAISE EXCEPTION 'Over the quota.'; END IF;
	RETURN NULL;
END
$$;
CREATE CONSTRAINT TRIGGER quota AFTER UPDATE ON arsignup.users DEFERRABLE INITIALLY DEFERRED FOR EACH ROW EXECUTE FUNCTION quota();
SELECT answers('PUT /v1/users/' || thing('grace'), '{"user": {"first_name": "Over"}}', 422, faults('{"base": ["Over the quota."]}'), 'a deferred rule');
SELECT is((ask('PUT /v1/users/' || thing('grace'), '{"user": {"first_name": "Under"}}')).status, 200, 'that permits this');
ALTER TABLE arsignup.orgs ADD CONSTRAINT quota CHECK (name <> 'Over the quota');
SELECT set_config('test.quota', '', true) \g /dev/null
SELECT is((ask('PUT /v1/users/' || thing('grace'), '{"user": {"first_name": "' || n || '"}}')).status, 200, 'beside one of the same name that does not wait: ' || n) FROM unnest(ARRAY['Over', 'Under']) AS n;
SELECT is(current_setting('test.quota'), '', 'which is checked at COMMIT, as it cannot be checked before');
ALTER TABLE arsignup.orgs DROP CONSTRAINT quota;
ALTER TABLE arsignup.orgs ADD CONSTRAINT quota UNIQUE (realm_id, id, name) DEFERRABLE;
SELECT is((ask('PUT /v1/users/' || thing('grace'), '{"user": {"first_name": "Under"}}')).status, 200, 'nor beside one that could wait, and does not');
SELECT is(current_setting('test.quota'), '', 'which would wait from then on');
ALTER TABLE arsignup.orgs DROP CONSTRAINT quota;
UPDATE arsignup.users SET first_name = 'Grace' WHERE email_key = 'hopper@example.com';
DROP FUNCTION quota() CASCADE;

-- A trigger may raise what is ours to raise.
CREATE FUNCTION borrow() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
	IF current_setting('test.detail') = '' THEN RAISE EXCEPTION 'this is not for you' USING ERRCODE = current_setting('test.code'); END IF;
	RAISE EXCEPTION 'This is not for you!' USING ERRCODE = current_setting('test.code'), DETAIL = current_setting('test.detail');
END
$$;
CREATE TRIGGER borrow BEFORE INSERT ON arsignup.users FOR EACH ROW EXECUTE FUNCTION borrow();
SELECT is(a.status || ' ' || a.json::text, '422 ' || faults(jsonb_build_object('base', jsonb_build_array(CASE detail WHEN '' THEN 'This is not for you.' ELSE 'This is not for you!' END)))::text, code || ' of a trigger, ' || detail)
FROM (VALUES ('SU001'), ('SU002')) AS v (code), (VALUES (''), ('words'), ('{"errors": {}}'), ('{"errors": {"email": "x"}}'), ('[]')) AS w (detail),
	LATERAL (SELECT set_config('test.code', code, true), set_config('test.detail', detail, true)) AS s (code_set, detail_set), LATERAL ask('POST /v1/users' || left(code_set, 0), '{"user": {"email": "borrowed@example.com"}}') AS a;
DROP TRIGGER borrow ON arsignup.users;

-- What cannot be read is said, with nothing of an answer before it; what was written for it is taken back.
SELECT pg_get_functiondef('arsignup.format_id'::regproc) AS definition \gset
SELECT world() AS before \gset
CREATE OR REPLACE FUNCTION arsignup.format_id(prefix text, id uuid) RETURNS text LANGUAGE plpgsql AS $$ BEGIN RAISE EXCEPTION 'canary' USING ERRCODE = current_setting('test.code'); END $$;
CREATE FUNCTION meets(code text, request text) RETURNS text LANGUAGE plpgsql AS $$
DECLARE
	a record;
BEGIN
	PERFORM set_config('test.code', code, true);
	SELECT * INTO a FROM ask(request, '{"org": {"name": "Half"}, "user": {"first_name": "Half"}}', CASE request WHEN 'GET /v1/orgs' THEN 'closed' ELSE 'all' END);
	RETURN concat_ws(' ', a.status, a.json, a.headers_out ->> 'Retry-After');
EXCEPTION WHEN query_canceled THEN
	RETURN SQLSTATE;
END
$$;
SELECT is(meets(code, r), answer, r || ' meets ' || code)
FROM (VALUES ('55P03', '503 {"error": "Too busy just now, nothing was done. Please try again."} 2'), ('40001', '503 {"error": "Too busy just now, nothing was done. Please try again."} 2'),
	('54000', '422 {"errors": {"base": ["The answer is too large. Please ask for less."]}}'), ('57014', '57014')) AS v (code, answer),
	(VALUES ('GET /v1/users'), ('GET /v1/users/ada%40example.com'), ('GET /v1/orgs'), ('PUT /v1/users/ada%40example.com'), ('POST /v1/orgs')) AS w (r);
:definition;
SELECT is(world(), :'before'::text, 'nothing of it is left');

---------------------------------------------------------------------------------------------------
-- The description
---------------------------------------------------------------------------------------------------

SELECT is((ask('GET /v1/openapi.json', '', 'none')).status, 200, 'the description needs no key');
SELECT is((SELECT count(*)::int FROM ask('GET /v1/openapi.json', '', 'none') AS a, jsonb_each(a.json -> 'paths') AS p, jsonb_each(p.value) AS m), 75, 'and has all calls');
SELECT is((SELECT count(*) FROM ask('GET /v1/openapi.json', '', 'none') AS a, regexp_matches(a.text, '"summary":', 'g')), 75::bigint, 'each once, so that no reader loses one');
SELECT is((SELECT string_agg(concat_ws(' ', upper(m.key), p.key, (SELECT string_agg(r.key || ' ' || (r.value ->> '$ref'), ', ' ORDER BY r.key) FROM jsonb_each(m.value -> 'responses') AS r WHERE r.key = '409' OR NOT m.value -> 'responses' ?| '{200,201,204}' AND r.key IN ('404', '422'))), E'\n' ORDER BY p.key COLLATE "C", m.key)
	FROM ask('GET /v1/openapi.json', '', 'none') AS a, jsonb_each(replace(a.text, '#/components/responses/', '')::jsonb -> 'paths') AS p, jsonb_each(p.value) AS m WHERE p.key ~ 'reset$|verify$|^/v1/auth_providers/{id}$' AND m.key IN ('post', 'delete')),
	E'DELETE /v1/auth_providers/{id} 404 error, 409 errors, 422 errors\nPOST /v1/credentials/{id}/verify 404 error, 409 error, 422 errors\nPOST /v1/realms/{id}/reset 409 error_or_errors', 'it says what is only refused, and how');

---------------------------------------------------------------------------------------------------
-- What would fail at COMMIT only
---------------------------------------------------------------------------------------------------

SELECT make('deferred', 'POST /v1/users', '{"user": {"email": "deferred@example.com"}}');
CREATE TABLE later (user_id uuid CONSTRAINT later_user REFERENCES arsignup.users (id) DEFERRABLE INITIALLY DEFERRED);
INSERT INTO later SELECT id FROM arsignup.users WHERE email_key = 'deferred@example.com';
SELECT world() AS before \gset
SELECT answers('DELETE /v1/users/' || thing('deferred'), '', 409, faults('{"base": ["It can''t be deleted, since rows of the application refer to it."]}'), 'a user to whom a key of the application''s refers that is checked at COMMIT');
SELECT is(world(), :'before'::text, 'is not deleted');
SELECT is((ask('POST /v1/orgs', '{"org": {"name": "In between"}}')).status, 201, 'a call that is done');
SELECT is((outcome($$UPDATE later SET user_id = arsignup_test.realm()$$, false)).code, '00000', 'leaves what is next of the application''s to COMMIT again');
-- Another constraint of the same name, and its function, are not touched.
CREATE TABLE put_off (n int);
CREATE FUNCTION note() RETURNS trigger LANGUAGE plpgsql AS $$ BEGIN PERFORM set_config('test.ran_as', current_user, true); RETURN NULL; END $$;
CREATE CONSTRAINT TRIGGER later_user AFTER INSERT ON put_off DEFERRABLE INITIALLY DEFERRED FOR EACH ROW EXECUTE FUNCTION note();
INSERT INTO put_off VALUES (1);
SELECT is((ask('DELETE /v1/users/' || thing('deferred'))).status, 204, 'a key that has its name from two things is left to COMMIT');
SELECT is(current_setting('test.ran_as', true), NULL, 'and the other of them has not run');
DELETE FROM later;
SET CONSTRAINTS ALL IMMEDIATE;
SET CONSTRAINTS ALL DEFERRED;
DROP TABLE put_off, later;

CREATE FUNCTION object_later() RETURNS trigger LANGUAGE plpgsql AS $$ BEGIN RAISE EXCEPTION 'No more % here.', TG_TABLE_NAME; END $$;
CREATE CONSTRAINT TRIGGER object_later AFTER INSERT OR UPDATE OR DELETE ON arsignup.orgs DEFERRABLE INITIALLY DEFERRED FOR EACH ROW EXECUTE FUNCTION object_later();
SELECT world() AS before \gset
SELECT answers('POST /v1/orgs', '{"org": {"name": "Refused"}}', 422, faults('{"base": ["No more orgs here."]}'), 'what a trigger of the application''s says at COMMIT');
SELECT is(world(), :'before'::text, 'has left nothing');
DROP TRIGGER object_later ON arsignup.orgs;

---------------------------------------------------------------------------------------------------
-- What is left
---------------------------------------------------------------------------------------------------

SELECT is((ask('GET /v1/users', '', 'none', jsonb_build_object('x-arsignup-authorization', scheme || key('all')))).status, 403, 'no bearer: ' || scheme) FROM (VALUES ('Digest '), ('Bearers'), ('bearer:')) AS v (scheme);
SELECT is((ask('GET /v1/users?realm_id=' || r, '', 'everywhere')).status, 403, 'a realm that is none, with a key to all: ' || left(r, 10)) FROM (VALUES ('nonsense'), ('rl_x'), (replace(thing('ada'), 'usr_', 'org_'))) AS v (r);
SELECT is((ask(m || ' /v1/users//' || verb, '{"password": "canary one"}')).status, 404, m || ' ' || verb || ': an id that is missing') FROM (VALUES ('POST', 'authenticate'), ('PUT', 'update_password')) AS v (m, verb);
SELECT answers('POST /v1/memberships', '{"membership": {"user_id": "ada@example.com", "expires_at": ' || t || '}}', 422, faults('{"expires_at": ["Expires at must be seconds since 1970, or a time such as 2030-01-31T12:00:00Z."]}'), 'no time: ' || t)
FROM (VALUES ('253402300800'), ('-1'), ('1e300'), ('"4000000000x"'), ('"nan"'), ('"inf"'), ('true'), ('[]')) AS v (t);
SELECT tells('POST /v1/users', '{"user": {"email": "lenient@example.com", "created_at": {}, "id": 1, "name": [], "credentials": "x", "nothing": {}}}', 201, '{"email": "lenient@example.com"}', 'what is not for writing may be anything');
SELECT answers('GET /v1/users/' || replace(thing('ada'), 'usr_', p), '', 404, fault('Not found.'), 'an id that begins with ' || p) FROM (VALUES ('usrx_'), ('us_'), ('USR_'), ('usr'), ('usr__')) AS v (p);
SELECT answers('POST /v1/users', '{"user": {"email": "unconfirmed@example.com", "password_confirmation": "canary one"}}', 422, faults('{"password_confirmation": ["Password confirmation does not match the password."]}'), 'a confirmation of nothing');
SELECT answers('GET /v1/users?max_results=' || n, '', 422, faults('{"max_results": ["Max results must be a number from 1 to 1000."]}'), 'max_results=' || n) FROM (VALUES ('4294967297'), ('18446744073709551617'), ('00001'), ('+')) AS v (n);
SELECT is((SELECT json ->> 'collection' FROM ask('GET /v1/memberships?user_id=' || u)), '[]', 'of no user: ' || left(u, 10)) FROM (VALUES ('usr_x'), ('x'), ('')) AS v (u);
INSERT INTO arsignup.orgs (realm_id, id, created_at, name, custom) VALUES (realm('other'), '00000000-0000-7000-8000-0000000000ff', now(), 'A1', '{}');
SELECT answers('GET /v1/orgs?after=' || arsignup.format_id('org', '00000000-0000-7000-8000-0000000000ff'), '', 422, faults('{"after": ["After is not there any more."]}'), 'an org of another realm as the last one seen', 'closed');
SELECT tells('POST /v1/users', '{"user": {"user_type": "api", "username": "robo"}}', 201, '{"username": "robo", "email": null}', 'a username that is no address is no email', 'standard');
SELECT answers('GET /v1/users/sally%40example.com', '', 404, fault('Not found.'), 'an email that may be shared is no id', 'standard');
SELECT answers('PUT /v1/users/' || thing('ada'), '{"user": {"password": "canary seven", "password_confirmation": "canary eight"}}', 422, faults('{"password_confirmation": ["Password confirmation does not match the password."]}'), 'another confirmation at a change');
SELECT json ->> 'token' AS reset FROM ask('POST /v1/users/ada%40example.com/generate_password_token', '') \gset
SELECT answers('POST /v1/users/ada%40example.com/reset_password_with_token', '{"user": {"token": "' || :'reset' || '", "password": "canary seven", "password_confirmation": "canary eight"}}', 422, faults('{"password_confirmation": ["Password confirmation does not match the password."]}'), 'at a reset');
SELECT tells('POST /v1/users/ada%40example.com/authenticate', '{"password": "canary three"}', 200, '{}', 'have changed nothing');
UPDATE arsignup.connected_apps SET created_at = now() - interval '1 day' WHERE name = 'in closed realm';
SELECT tells('POST /v1/user_tokens', '{"user_token": {"email": "open@example.com", "password": "canary one"}}', 201, jsonb_build_object('login_policy_id', arsignup.format_id('lpl', app('reopened'))), 'of two apps the one that is open', 'closed');
UPDATE arsignup.connected_apps SET created_at = now() - interval '1 day' WHERE id = app('users');
SELECT tells('POST /v1/user_tokens', '{"user_token": {"email": "mode@example.com", "password": "canary one"}}', 201, jsonb_build_object('login_policy_id', arsignup.format_id('lpl', app('tokens'))), 'of two apps the one that mints tokens, though it is younger');
SELECT answers('POST /v1/memberships', '{"membership": {"user_id": "ada@example.com", "org_id": "' || arsignup.format_id('org', '00000000-0000-7000-8000-0000000000ff') || '"}}', 422, faults('{"org_id": ["Org is not known."]}'), 'an org of another realm');
SELECT answers('POST /v1/memberships', '{"membership": {"user_id": "' || thing('std') || '"}}', 422, faults('{"user_id": ["User is not known."]}'), 'a user of another realm');
SELECT answers('POST /v1/sessions', '{"session": {"user_id": "' || thing('std') || '"}}', 422, faults('{"user_id": ["User is not known."]}'), 'for a session, too');
SELECT make('over', 'POST /v1/sessions', '{"session": {"user_id": "ada@example.com"}}');
UPDATE arsignup.sessions SET expires_at = now() - interval '1 second' WHERE arsignup.format_id('kss', id) = thing('over');
SELECT answers('GET /v1/sessions/' || thing('over'), '', 404, fault('Not found.'), 'a session that is over');
SELECT is((SELECT count(*)::int FROM ask('GET /v1/sessions?user_id=' || thing('ada')) AS a, jsonb_array_elements(a.json -> 'collection') AS e WHERE e ->> 'id' = thing('over')), 0, 'nor is it listed');
SELECT make('forever', 'POST /v1/memberships', '{"membership": {"user_id": "ada@example.com"}}');
UPDATE arsignup.memberships SET expires_at = now() - interval '1 second' WHERE arsignup.format_id('mb', id) = thing('forever');
SELECT tells('GET /v1/users/ada%40example.com?expand=memberships', '', 200, '{"memberships": []}', 'a user''s memberships that have expired are not shown');
SELECT is((SELECT a.json -> 'memberships' FROM ask('GET /v1/users/ada%40example.com?expand=memberships') AS a), '[]', '... none of them');

-- Memberships that have expired are not there
---------------------------------------------------------------------------------------------------

SELECT make('leaver', 'POST /v1/users', '{"user": {"email": "leaver@example.com", "password": "canary one"}}');
SELECT make('club', 'POST /v1/orgs', '{"org": {"name": "Club"}}');
SELECT make('going', 'POST /v1/memberships', '{"membership": {"org_id": "' || thing('club') || '", "user_id": "leaver@example.com", "permissions": ["old"], "expires_at": 4000000000}}');
SELECT make('lasting', 'POST /v1/memberships', '{"membership": {"org_id": null, "user_id": "leaver@example.com", "expires_at": 4000000000}}');
SELECT tells('GET /v1/users/leaver@example.com', '', 200, '{"membership_count": 2}', 'two, null being no org');
UPDATE arsignup.memberships SET expires_at = clock_timestamp() WHERE arsignup.format_id('mb', id) = thing('going');
SELECT tells('GET /v1/users/leaver@example.com?expand=memberships', '', 200, '{"membership_count": 1, "memberships": [{"org_id": null}]}', 'one has expired and does not count');
SELECT is((SELECT jsonb_array_length(json -> 'memberships') FROM ask('GET /v1/users/leaver@example.com?expand=memberships')), 1, 'nor is it told of');
SELECT tells('GET /v1/users?email=leaver@example.com', '', 200, '{"collection": [{"membership_count": 1}]}', 'nor counted in lists');
SELECT tells('GET /v1/memberships/' || thing('lasting') || '?expand=user', '', 200, '{"user": {"membership_count": 1}}', 'nor within another');
SELECT tells('POST /v1/users/leaver@example.com/authenticate', '{"password": "canary one"}', 200, '{"membership_count": 1}', 'nor at a login');
SELECT tells('POST /v1/sessions', '{"session": {"user_id": "leaver@example.com"}}', 201, '{"user": {"membership_count": 1}}', 'nor in a session');
UPDATE arsignup.realms SET session_type = 'unmanaged' WHERE id = realm();
SELECT tells('POST /v1/sessions', '{"session": {"user_id": "leaver@example.com", "ip": "::1", "client": "me"}}', 201, '{"user": {"email": "leaver@example.com", "membership_count": 1}, "request": {"ip": "::1", "client": "me"}}', 'nor in one that is not managed');
UPDATE arsignup.realms SET session_type = 'managed' WHERE id = realm();
SELECT answers('PUT /v1/memberships/' || thing('going'), '{"membership": ' || given || '}', 404, fault('Not found.'), 'an expired one is not changed by ' || given)
FROM unnest(ARRAY['{"permissions": ["owner"]}', '{"expires_at": null}', '{"expires_at": 4000000000}', '{}']) AS given;
SELECT is((SELECT permissions::text || (expires_at < clock_timestamp()) FROM arsignup.memberships WHERE arsignup.format_id('mb', id) = thing('going')), '{old}true', 'it is as it was');
SELECT answers('DELETE /v1/memberships/' || thing('going'), '', 404, fault('Not found.'), 'nor is it there to be deleted');
SELECT make('back', 'POST /v1/memberships', '{"membership": {"org_id": "' || thing('club') || '", "user_id": "leaver@example.com"}}');
SELECT is((thing('back') <> thing('going')) || thing('back', 'permissions') || coalesce(thing('back', 'expires_at'), ', forever'), 'true[], forever', 'who was a member becomes one anew');
SELECT tells('GET /v1/users/leaver@example.com', '', 200, '{"membership_count": 2}', 'which counts');
SELECT answers('GET /v1/memberships/' || thing('going'), '', 404, fault('Not found.'), 'the old one stays gone');

-- An org that is named by nothing, as a form does whose field stayed empty, is not the same as none.
SELECT answers('POST /v1/memberships', '{"membership": {"org_id": "", "user_id": "hopper@example.com", "permissions": ["owner"]}}', 422, faults('{"org_id": ["Org can''t be blank."]}'), 'a blank org');
SELECT answers('POST /v1/memberships', '{"membership": {"org_id": "", "user_id": ""}}', 422, faults('{"user_id": ["User can''t be blank."], "org_id": ["Org can''t be blank."]}'), 'a blank user, too');
SELECT answers('POST /v1/memberships', 'membership[org_id]=&membership[user_id]=hopper@example.com', 422, faults('{"org_id": ["Org can''t be blank."]}'), 'likewise of a form', headers => '{"x-arsignup-content-type": "application/x-www-form-urlencoded"}');
SELECT answers('POST /v1/memberships', '{"membership": {"org_id": " ", "user_id": "hopper@example.com"}}', 422, faults('{"org_id": ["Org is not known."]}'), 'a space is no org either');

---------------------------------------------------------------------------------------------------
-- What clients of AuthRocket 1 send in more than one shape (cases A3 to A9)
---------------------------------------------------------------------------------------------------

-- A token names its user: whoever has it need not.
SELECT make('forgetful', 'POST /v1/users', '{"user": {"email": "forgetful@example.com", "password": "canary one"}}');
SELECT json ->> 'token' AS reset FROM ask('POST /v1/users/forgetful@example.com/generate_password_token', '') \gset
SELECT json ->> 'token' AS verify FROM ask('POST /v1/users/forgetful@example.com/request_email_verification') \gset
SELECT answers('POST /v1/users/--/reset_password_with_token', '{"user": {"token": ' || t || ', "password": "canary two"}}', 422,
	faults('{"token": ["Token is unknown, used or expired, or was made for something else."]}'), 'A3: no token that sets a password: ' || left(t, 4))
FROM (VALUES ('"x"'), ('null'), ('""'), (to_json(:'verify'::text)::text)) AS v (t);
SELECT answers('POST /v1/users/--/reset_password_with_token', '{"user": {"token": "' || :'reset' || '", "password": "canary two"}}', 422,
	faults('{"token": ["Token is unknown, used or expired, or was made for something else."]}'), 'A3: nor one of another realm', 'other');
SELECT answers('POST /v1/users/nobody/' || c, '{"user": {"token": "' || :'reset' || '", "password": "canary two"}}', 404, fault('Not found.'), 'A3: who is named must be there: ' || c)
FROM (VALUES ('reset_password_with_token'), ('verify_email')) AS v (c);
SELECT answers('POST /v1/users/ada%40example.com/reset_password_with_token', '{"user": {"token": "' || :'reset' || '", "password": "canary two"}}', 422,
	faults('{"token": ["Token is unknown, used or expired, or was made for something else."]}'), 'A3: and the token be theirs');
SELECT tells('POST /v1/users/--/reset_password_with_token', '{"user": {"token": "' || :'reset' || '", "password": "canary two"}}', 200, jsonb_build_object('id', thing('forgetful')), 'A3: a reset with only the token');
SELECT tells('POST /v1/users/forgetful@example.com/authenticate', '{"password": "canary two"}', 200, '{}', 'A3: is done');
SELECT tells('POST /v1/users/--/verify_email', '{"user": {"token": "' || :'verify' || '"}}', 200, jsonb_build_object('id', thing('forgetful'), 'email_verification', 'verified'), 'A3: an email is verified likewise');
SELECT answers(r, '{"user": {"password": "canary three", "first_name": "x"}}', 404, fault('Not found.'), 'A3: elsewhere it is nobody: ' || r)
FROM (VALUES ('GET /v1/users/--'), ('PUT /v1/users/--'), ('DELETE /v1/users/--'), ('PUT /v1/users/--/update_password'), ('POST /v1/users/--/generate_password_token')) AS v (r);

-- A slash at the end.
SELECT is((ask('GET ' || p || '/' || q)).text, (ask('GET ' || p || q)).text, 'A4: ' || p || '/' || q)
FROM (VALUES ('/v1/users', ''), ('/v1/users', '?email=forgetful@example.com'), ('/v1/users/' || thing('forgetful'), ''), ('/v1/orgs', '?max_results=1'), ('/v1/openapi.json', '')) AS v (p, q);
SELECT tells('POST /v1/orgs/', '{"org": {"name": "Slash"}}', 201, '{"name": "Slash"}', 'A4: a body is taken');
SELECT tells('PUT /v1/users/' || thing('forgetful') || '/', '{"user": {"first_name": "Slash"}}', 200, '{"first_name": "Slash"}', 'A4: a change');
SELECT tells('POST /v1/users/' || thing('forgetful') || '/authenticate/', '{"password": "canary two"}', 200, '{}', 'A4: behind a verb');
SELECT answers(r, '', 404, fault('Not found.'), 'A4: two are another address: ' || r) FROM (VALUES ('GET /v1/users//'), ('POST /v1/orgs//'), ('GET /v1//users'), ('POST /v1/users//authenticate')) AS v (r);
SELECT is((ask('DELETE /v1/users/')).status, 405, 'A4: no id is none');

-- A state that is not said stays as it is.
SELECT ask('POST /v1/users', '{"user": {"email": "asleep@example.com", "state": "inactive"}}') \g /dev/null
SELECT tells('PUT /v1/users/asleep@example.com', '{"user": {"first_name": "A"' || state || '}}', 200, '{"first_name": "A", "state": "inactive"}', 'a state that is not there, or null, leaves it' || state) FROM unnest(ARRAY['', ', "state": null']) AS state;
SELECT answers('PUT /v1/users/asleep@example.com', 'user[state]=', 422, faults('{"state": ["State must be active or inactive, not \"\"."]}'), 'a blank one is none, also of a form', headers => '{"x-arsignup-content-type": "application/x-www-form-urlencoded"}');
SELECT answers('POST /v1/' || r || 's', format('{"%s": {"email": "blank@example.com", "name": "Blank", "state": ""}}', r), 422, faults('{"state": ["State must be active or inactive, not \"\"."]}'), 'nor is it one for a new ' || r) FROM unnest(ARRAY['user', 'org']) AS r;
SELECT tells('PUT /v1/orgs/' || thing('club'), '{"org": {"state": "inactive"}}', 200, '{"state": "inactive"}', 'an org that is inactive');
SELECT tells('PUT /v1/orgs/' || thing('club'), '{"org": {"state": null}}', 200, '{"state": "inactive"}', 'stays so with a state of null');
SELECT answers('PUT /v1/orgs/' || thing('club'), '{"org": {"state": ""}}', 422, faults('{"state": ["State must be active or inactive, not \"\"."]}'), 'and a blank one is none');
SELECT tells('PUT /v1/orgs/' || thing('club'), '{"org": {"state": "active"}}', 200, '{"state": "active"}', 'active again');

-- All that is wrong, at once, before a password is hashed, and nothing else.
SELECT hashes_run AS hashes FROM arsignup.stats() \gset
SELECT world() AS before \gset
SELECT answers('POST /v1/users', '{"user": {"email": "bad", "password": "x", "password_confirmation": "y", "first_name": "' || repeat('x', 256) || '", "custom": 5, "state": "gone", "user_type": "dog", "api_key": "ku_x", "reference": {}}}', 422, faults('{
	"email": ["Email is not a valid address."], "password": ["Password must have at least 8 characters."], "password_confirmation": ["Password confirmation does not match the password."],
	"first_name": ["First name can''t be longer than 255 characters; this one has 256."], "custom": ["Custom must be an object."], "state": ["State must be active or inactive, not \"gone\"."],
	"user_type": ["User type must be human or api, not \"dog\"."], "api_key": ["Api key is made here, and can''t be given."], "reference": ["Reference must be text."]}'), 'A5: a new user');
SELECT answers('POST /v1/users', '{"user": {"email": "ada@example.com"' || more || '}}', 422, faults('{"email": ["Email is already taken."]}'::jsonb || errors::jsonb), 'A5: a taken name is one of them: ' || left(more, 12))
FROM (VALUES (', "password": "canary five", "password_confirmation": "y"', '{"password_confirmation": ["Password confirmation does not match the password."]}'), (', "state": "gone"', '{"state": ["State must be active or inactive, not \"gone\"."]}'),
	(', "custom": 5', '{"custom": ["Custom must be an object."]}')) AS v (more, errors);
SELECT answers('PUT /v1/users/' || thing('forgetful'), '{"user": {"email": "ada@example.com", "password": "x", "password_confirmation": "y", "state": "gone", "last_name": [], "custom": 5}}', 422, faults('{
	"email": ["Email is already taken."], "password": ["Password must have at least 8 characters."], "password_confirmation": ["Password confirmation does not match the password."],
	"state": ["State must be active or inactive, not \"gone\"."], "last_name": ["Last name must be text."], "custom": ["Custom must be an object."]}'), 'A5: a change of a user');
SELECT answers('POST /v1/users/' || u || '/reset_password_with_token', '{"user": {"token": "x", "password": "x", "password_confirmation": "y"}, "request": {"ip": "x", "client": 1}}', 422, faults('{
	"token": ["Token is unknown, used or expired, or was made for something else."], "password": ["Password must have at least 8 characters."],
	"password_confirmation": ["Password confirmation does not match the password."], "ip": ["IP is not an address."], "client": ["Client must be text."]}'), 'A5: a reset, by ' || left(u, 3))
FROM (VALUES ('--'), (thing('forgetful'))) AS v (u);
SELECT answers('POST /v1/orgs', '{"org": {"name": " ", "state": "gone", "custom": [], "reference": "' || repeat('x', 256) || '"}}', 422, faults('{"name": ["Name can''t be blank."], "state": ["State must be active or inactive, not \"gone\"."],
	"custom": ["Custom must be an object."], "reference": ["Reference can''t be longer than 255 characters; this one has 256."]}'), 'A5: a new org');
SELECT answers('PUT /v1/orgs/' || thing('club'), '{"org": {"name": "", "state": "gone", "custom": []}}', 422, faults('{"name": ["Name can''t be blank."], "state": ["State must be active or inactive, not \"gone\"."],
	"custom": ["Custom must be an object."]}'), 'A5: a change of one');
SELECT answers('POST /v1/memberships', '{"membership": {"user_id": "nobody", "org_id": "org_x", "permissions": ["a b"], "expires_at": 1, "custom": 5}}', 422, faults('{"user_id": ["User is not known."], "org_id": ["Org is not known."],
	"permissions": ["At most 20 permissions, each 1 to 62 characters: letters, digits and *:;._- (not \"a b\")."], "expires_at": ["Expiry must be in the future."], "custom": ["Custom must be an object."]}'), 'A5: a new membership');
SELECT answers('PUT /v1/memberships/' || thing('back'), '{"membership": {"permissions": ["a b"], "expires_at": 1, "custom": 5}}', 422, faults('{
	"permissions": ["At most 20 permissions, each 1 to 62 characters: letters, digits and *:;._- (not \"a b\")."], "expires_at": ["Expiry must be in the future."], "custom": ["Custom must be an object."]}'), 'A5: a change of one');
SELECT answers('POST /v1/sessions', '{"session": {"user_id": "nobody", "ip": "x", "client": {}}, "request": 5}', 422, faults('{"user_id": ["User is not known."], "ip": ["IP is not an address."], "client": ["Client must be text."],
	"request": ["Request must be an object."]}'), 'A5: a session');
SELECT is(world(), :'before'::text, 'A5: nothing was written');
SELECT is((SELECT hashes_run FROM arsignup.stats()), :hashes::bigint, 'A5: nothing was hashed');
SELECT answers('PUT /v1/users/forgetful@example.com/update_password', '{"user": {"current_password": "canary wrong", "password": "x", "password_confirmation": "y"}}', 422, faults('{"current_password": ["Current password does not match."],
	"password": ["Password must have at least 8 characters."], "password_confirmation": ["Password confirmation does not match the password."]}'), 'A5: another password');
SELECT answers('PUT /v1/users/forgetful@example.com/update_password', '{"user": {"current_password": "canary two", "password": "canary three", "password_confirmation": "y"}}', 422,
	faults('{"password_confirmation": ["Password confirmation does not match the password."]}'), 'A5: of which the old one is right');
SELECT is((SELECT hashes_run FROM arsignup.stats()) - :hashes, 2::bigint, 'A5: for these the old one must be looked at, and no new one is hashed');
-- Too many attempts with input that is wrong otherwise: what is told then is the same whatever the current password is, and nothing was checked.
SELECT ask('POST /v1/users', '{"user": {"email": "guessed@example.com", "password": "canary one"}}') \g /dev/null
SELECT ask('PUT /v1/users/guessed@example.com/update_password', '{"user": {"current_password": "canary wrong ' || n || '", "password": "canary three", "password_confirmation": "canary three"}}') FROM generate_series(1, 5) AS n \g /dev/null
SELECT hashes_run AS hashes FROM arsignup.stats() \gset
SELECT tells('PUT /v1/users/guessed@example.com/update_password', format('{"user": {"current_password": %s, "password": "canary three", "password_confirmation": "canary three"}}', p), 429, NULL, 'too many attempts: ' || p)
FROM unnest(ARRAY['"canary one"', '"canary wrong"']) AS p;
SELECT answers('PUT /v1/users/guessed@example.com/update_password', format('{"user": {"current_password": %s, "password": %s, "password_confirmation": "y"}}', p, n), 422, faults('{"password_confirmation": ["Password confirmation does not match the password."]}'), 'and input that is wrong: ' || p || ' ' || n)
FROM unnest(ARRAY['"canary one"', '"canary wrong"']) AS p, unnest(ARRAY['"canary three"', '"x"']) AS n;
SELECT is((SELECT hashes_run FROM arsignup.stats()), :hashes::bigint, 'nothing of it was hashed');
SELECT make('faulty', 'POST /v1/user_tokens', '{"user_token": {"email": "faulty@example.com", "password": "canary one"}}');
SELECT answers('POST /v1/users', '{"user": {"token": "' || thing('faulty') || '", "password": "x", "state": "gone", "custom": 5, "email": "bad", "first_name": "' || repeat('x', 256) || '", "reference": "' || repeat('x', 256) || '"}}', 422, faults('{
	"password": ["Password can''t be given together with a token, which has one."], "state": ["State must be active or inactive, not \"gone\"."], "custom": ["Custom must be an object."], "email": ["Email is not a valid address."],
	"first_name": ["First name can''t be longer than 255 characters; this one has 256."], "reference": ["Reference can''t be longer than 255 characters; this one has 256."]}'), 'A5: a redeem');
SELECT answers('POST /v1/users', '{"user": {"token": "utk_x", "state": "gone", "custom": 5}}', 422, faults('{"token": ["No such signup token."], "state": ["State must be active or inactive, not \"gone\"."], "custom": ["Custom must be an object."]}'), 'A5: of a token that is none');
SELECT answers('POST /v1/user_tokens/' || thing('faulty') || '/hold', '{"user_token": {"hold_for": "x", "replaces": "sgn_x"}}', 422, faults('{"hold_for": ["Hold for must be a number of seconds."], "replaces": ["Replaces is not known."]}'), 'A5: a hold');
SELECT tells('POST /v1/users', '{"user": {"token": "' || thing('faulty') || '", "first_name": "Neo"}}', 201, '{"email": "faulty@example.com", "first_name": "Neo"}', 'A5: which leaves the token as it was');

-- Parameters in other shapes are taken, or refused.
SELECT answers('GET /v1/users?' || n || '[' || i || ']=1', '', 422, faults(format('{"%s": ["%s must be a single text."]}', n, l)::jsonb), 'A6: one of many: ' || n || '[' || i || ']')
FROM (VALUES ('max_results', 'Max results'), ('sort', 'Sort'), ('direction', 'Direction'), ('after', 'After'), ('email', 'Email'), ('reference', 'Reference')) AS p (n, l), (VALUES (''), ('0'), ('a')) AS v (i);
SELECT answers('GET ' || p || '?' || f || '[0]=x', '', 422, faults(format('{"%s": ["%s must be a single text."]}', f, l)::jsonb), 'A6: of another list: ' || f)
FROM (VALUES ('/v1/orgs', 'reference', 'Reference'), ('/v1/sessions', 'user_id', 'User'), ('/v1/memberships', 'org_id', 'Org')) AS v (p, f, l);
SELECT ok(a.status = 200 AND a.json @> '{"memberships": []}', 'A6: expand as ' || q)
FROM (VALUES ('expand=memberships'), ('expand[]=memberships'), ('expand[0]=memberships'), ('expand[0]=credentials&expand[1]=memberships'), ('expand=credentials,%20memberships'), ('expand[]=credentials,memberships')) AS v (q), ask('GET /v1/users/' || thing('forgetful') || '?' || q) AS a;
SELECT answers('GET ' || p || '?' || q, '', 422, faults('{"expand": ["Expand must be a text, or an array of texts."]}'), 'A6: ' || q || ' of ' || left(p, 12))
FROM (VALUES ('/v1/users'), ('/v1/users/' || thing('forgetful')), ('/v1/orgs/' || thing('club')), ('/v1/sessions/kss_x')) AS p (p), (VALUES ('expand[a]=memberships'), ('expand[1]=memberships'), ('expand[0][a]=memberships'), ('expand[][a]=x')) AS v (q);
SELECT answers(r, '{"user": {"email": "more@example.com", "password": "canary one"}}', 422, faults(jsonb_build_object('expand', jsonb_build_array(s))), 'A6: more than there is: ' || r)
FROM (VALUES ('GET /v1/users?expand=memberships,x', 'Expand can be memberships here, not "x".'), ('POST /v1/users?expand=x', 'Expand can be memberships here, not "x".'), ('GET /v1/memberships?expand[]=x', 'Expand can be user, org here, not "x".'),
	('GET /v1/orgs?expand=memberships', 'Expand can''t be "memberships" here: there is nothing more to tell.'), ('DELETE /v1/users/ada@example.com?expand=x', 'Expand can be memberships here, not "x".')) AS v (r, s);
SELECT tells('POST /v1/users/forgetful@example.com/authenticate', '{"password": "canary two", "expand": {"0": "memberships"}}', 200, '{"memberships": []}', 'A6: in a body');
SELECT tells('POST /v1/users/forgetful@example.com/authenticate', '{"password": "canary two", "expand": {"a": "memberships"}}', 422, '{}', 'A6: not like that');
SELECT tells('POST /v1/memberships', 'membership[user_id]=forgetful@example.com&membership[permissions][0]=a&membership[permissions][1]=b', 201, '{"permissions": ["a", "b"]}', 'A6: a list that a form counts',
	headers => '{"x-arsignup-content-type": "application/x-www-form-urlencoded"}');
SELECT json #>> '{collection,0,id}' AS member FROM ask('GET /v1/memberships?user_id=' || thing('forgetful')) \gset
SELECT answers('PUT /v1/memberships/' || :'member', 'membership[permissions]' || i || '=c', 422, faults('{"permissions": ["Permissions must be a text, or an array of texts."]}'), 'A6: and one that counts otherwise: ' || i, headers => '{"x-arsignup-content-type": "application/x-www-form-urlencoded"}')
FROM (VALUES ('[a]'), ('[1]'), ('[0][0]')) AS v (i);

-- Times, whatever the server's settings say of them.
SET LOCAL "TimeZone" = 'Asia/Kathmandu';
SET LOCAL "DateStyle" = 'Postgres, DMY';
SELECT tells('PUT /v1/memberships/' || :'member', '{"membership": {"expires_at": ' || t || '}}', 200, jsonb_build_object('expires_at', e), 'A8: ' || t)
FROM (VALUES ('4000000000', 4000000000), ('"4000000000"', 4000000000), ('4000000000.5', 4000000000), ('"2096-10-02T07:06:40Z"', 4000000000), ('"2096-10-02T07:06:40.999Z"', 4000000000), ('"2096-10-02T09:06:40+02:00"', 4000000000),
	('"2096-10-02T00:36:40.0-0630"', 4000000000), ('"2096-10-02 07:06:40+00"', 4000000000), ('"2096-10-02 09:06:40 +0200"', 4000000000), ('"2096-10-02 07:06:40 UTC"', 4000000000), ('"2096-10-02"', 3999974400), ('"2096-02-29"', 3981312000), ('"9999-12-31T23:59:59Z"', 253402300799), ('253402300799', 253402300799), ('null', NULL), ('""', NULL)) AS v (t, e);
SELECT answers('PUT /v1/memberships/' || :'member', '{"membership": {"expires_at": "' || t || '"}}', 422, faults('{"expires_at": ["Expires at must be seconds since 1970, or a time such as 2030-01-31T12:00:00Z."]}'), 'A8: no time: ' || t)
FROM (VALUES ('2096-10-02T07:06:40'), ('2096-13-02'), ('2095-02-29'), ('2096-10-02T24:00:00Z'), ('2096-10-02T07:06:60Z'), ('10000-01-01'), ('9999-12-31T23:59:59-01:00'), ('1969-12-31'), ('0000-01-01'), ('02/10/2096'), ('2 Oct 2096'), ('infinity'), ('now'), ('tomorrow'), ('epoch'),
	('allballs'), ('4e9'), ('0x7fffffff'), ('+4000000000'), (' 4000000000'), ('4000000000.'), ('2096-10-02T07:06:40Z '), ('2096-10-02T07:06:40 EST'), ('J2486748'), ('2096-W40-2'), ('2096-276')) AS v (t);
RESET "TimeZone";
RESET "DateStyle";

-- The name of a resource, or its other one, at either path.
SELECT tells('POST /v1/' || p || '_tokens', format('{"%s_token": {"email": "%s-%s@example.com", "password": "canary one"}}', n, p, n), 201, '{"object": "user_token"}', 'A9: ' || n || '_token at ' || p || '_tokens')
FROM (VALUES ('user'), ('signup')) AS p (p), (VALUES ('user'), ('signup')) AS n (n);
SELECT tells('POST /v1/' || p || '_tokens/' || ((ask('POST /v1/user_tokens', format('{"email": "held-%s@example.com", "password": "canary one"}', p))).json ->> 'id') || '/hold', '{"signup_token": {"hold_for": 60}}', 200, '{"state": "held"}', 'A9: a hold at ' || p || '_tokens')
FROM (VALUES ('user'), ('signup')) AS v (p);
SELECT answers('POST /v1/signup_tokens', '{"signup_token": {"email": {}}}', 422, faults('{"email": ["Email must be text."], "password": ["Password can''t be blank."]}'), 'A9: what is in it is checked');
SELECT answers('POST /v1/signup_tokens', '{"signup_token": {}, "user_token": {}}', 400, fault('"user_token" and "signup_token" are the same, so only one of them can be there.'), 'A9: not both');
SELECT answers('POST /v1/signup_tokens', '{"signup_token": 5}', 400, fault('"signup_token" must be an object.'), 'A9: nor anything else');

SELECT * FROM finish();
ROLLBACK;
