-- signup: what it makes in its three modes, and how an app's settings go before its realm's.
BEGIN;
\ir include/setup.psql
SELECT no_plan();

UPDATE arsignup.realms SET default_permissions = '{member}', password_min_length = 8, password_min_score = 3
WHERE id IN (realm(), realm('standard'), realm('other'));
UPDATE arsignup.connected_apps SET default_permissions = '{owner,billing:*}' WHERE id = app('orgs');
UPDATE arsignup.connected_apps SET signup_handler = 'https://app.example.com/signup' WHERE realm_id = realm();

-- Rows of configuration, a pair of realm and app for whatever a test is about; null is SQL's null.
CREATE FUNCTION insert_settings(place regclass, settings jsonb) RETURNS void LANGUAGE plpgsql AS $$
BEGIN
	EXECUTE format('INSERT INTO %1$s (%2$s) SELECT %2$s FROM jsonb_populate_record(NULL::%1$s, $1)', place,
		(SELECT string_agg(quote_ident(name), ', ') FROM jsonb_object_keys(settings) AS name)) USING settings;
END
$$;
CREATE FUNCTION make_app(name text, realm_settings jsonb, app_settings jsonb) RETURNS void LANGUAGE plpgsql AS $$
BEGIN
	PERFORM insert_settings('arsignup.realms', jsonb_build_object('id', realm(name), 'name', 'Made') || realm_settings);
	PERFORM insert_settings('arsignup.connected_apps', jsonb_build_object('realm_id', realm(name), 'id', app(name), 'name', 'Made',
		'slug', 'made-' || app(name), 'login_handler', 'https://app.example.com/login') || app_settings);
END
$$;

-- A signup through an app, and a ready hash where hashing is not the point.
CREATE FUNCTION signing(app text, extra text DEFAULT ', password_hash => ready_hash()', email text DEFAULT 'x@example.com') RETURNS text LANGUAGE sql AS $$
	SELECT format('SELECT * FROM arsignup.signup(app(%L), %L %s)', app, email, extra)
$$;
CREATE FUNCTION signed_up(app text, email text, first_name text DEFAULT NULL, last_name text DEFAULT NULL, org_name text DEFAULT NULL, username text DEFAULT NULL)
RETURNS arsignup.signup_result LANGUAGE sql VOLATILE AS $$
	SELECT r FROM arsignup.signup(app(app), email, username => username, first_name => first_name, last_name => last_name, org_name => org_name, password_hash => ready_hash()) AS r
$$;

-- What stands behind a signup's session and token: whose they are, of what kind, through which app; and that
-- the token's claims are the session's. Nulls where nobody is logged in.
CREATE FUNCTION logged_in(r arsignup.signup_result) RETURNS jsonb LANGUAGE sql VOLATILE AS $$
	SELECT jsonb_build_object('user', c.claims ->> 'un', 'kind', left(c.claims ->> 'tk', 4), 'minutes', ((c.claims ->> 'exp')::bigint - (c.claims ->> 'iat')::bigint) / 60,
		'session', (SELECT jsonb_build_object('app', a.name, 'ip', s.ip, 'client', s.client, 'goes on', s.ended_at IS NULL AND s.user_id = r.user_id AND s.expires_at > clock_timestamp(), 'began with user', s.created_at = u.created_at)
			FROM arsignup.sessions AS s JOIN arsignup.users AS u ON (u.realm_id, u.id) = (s.realm_id, s.user_id) LEFT JOIN arsignup.connected_apps AS a ON a.id = s.connected_app_id WHERE s.id = r.session_id),
		'last login', (SELECT u.last_login_at = u.created_at FROM arsignup.users AS u WHERE u.id = r.user_id))
	FROM (SELECT arsignup.verify_login_token(r.token)) AS c (claims)
$$;

---------------------------------------------------------------------------------------------------
-- The promise: arguments and columns
---------------------------------------------------------------------------------------------------

SELECT is(
	pg_get_function_arguments(to_regproc('arsignup.signup')),
	'connected_app_id uuid, email text, password arsignup.secret DEFAULT NULL::arsignup.secret, username text DEFAULT NULL::text, email_confirmation text DEFAULT NULL::text, '
	'password_confirmation arsignup.secret DEFAULT NULL::arsignup.secret, first_name text DEFAULT NULL::text, last_name text DEFAULT NULL::text, org_name text DEFAULT NULL::text, '
	'custom jsonb DEFAULT ''{}''::jsonb, ip inet DEFAULT NULL::inet, client text DEFAULT NULL::text, password_hash arsignup.secret DEFAULT NULL::arsignup.secret',
	'signup: its arguments');
SELECT is(pg_get_function_result(to_regproc('arsignup.signup')), 'arsignup.signup_result', 'signup: its result');
SELECT is(
	(SELECT string_agg(attname || ' ' || format_type(atttypid, atttypmod), ', ' ORDER BY attnum) FROM pg_attribute WHERE attrelid = 'arsignup.signup_result'::regclass AND attnum > 0),
	'signup_mode text, user_id uuid, org_id uuid, membership_id uuid, session_id uuid, token text, url text', 'signup_result: its columns');

---------------------------------------------------------------------------------------------------
-- Mode user
---------------------------------------------------------------------------------------------------

SET LOCAL ROLE :"app_role";
SELECT r.*, r::text AS whole FROM arsignup.signup(app('users'), ' Ada@Example.com ', 'canary zebu quartz', 'ada@example.com', 'ADA@example.com', 'canary zebu quartz', ' Ada ', 'Lovelace',
	'Analytical Engines', '{"plan": "pro"}', '2001:db8::1', 'Mozilla/5.0') AS r \gset ada_
RESET ROLE;
SELECT is(:'ada_whole'::text, format('(user,%s,,,%s,%3$s,https://app.example.com/login?token=%3$s&signup=true)', :'ada_user_id', :'ada_session_id', :'ada_token'),
	'mode user: the user''s id, a session, and the login handler with its token and signup=true; no org');
SELECT matches(:'ada_token'::text, '^[A-Za-z0-9_-]+\.[A-Za-z0-9_-]+\.[A-Za-z0-9_-]+$', 'mode user: the token is a login token');
SELECT is(logged_in(:'ada_whole'::arsignup.signup_result), '{"user": "Ada@Example.com", "kind": "kss_", "minutes": 360, "last login": true,
	"session": {"app": "users", "ip": "2001:db8::1", "client": "Mozilla/5.0", "goes on": true, "began with user": true}}', 'mode user: the token holds, and so does the session behind it, from app, address and client');
SELECT is(arsignup.verify_login_token(:'ada_token', realm('other')), NULL, 'mode user: the token is of no other realm');
SELECT is((SELECT count(*) FROM arsignup.sessions WHERE realm_id = realm()), 1::bigint, 'mode user: one session');
SELECT results_eq(
	format($$SELECT realm_id, state, user_type, username, username_key COLLATE "default", email, email_key COLLATE "default", email_verification, first_name, last_name, reference, custom,
		token_generation, last_login_at = created_at FROM arsignup.users WHERE id = %L$$, :'ada_user_id'),
	$$VALUES (realm(), 'active', 'human', 'Ada@Example.com', 'ada@example.com', 'Ada@Example.com', 'ada@example.com', 'none', 'Ada', 'Lovelace', NULL::text, '{"plan": "pro"}'::jsonb,
		0, true)$$, 'mode user: the user, who has logged in');
SELECT ok(arsignup.verify_password('canary zebu quartz', password_hash) AND NOT arsignup.verify_password('canary zebu quartx', password_hash), 'mode user: the password is the user''s, and no other')
FROM arsignup.credentials WHERE realm_id = realm() AND user_id = :'ada_user_id';
SELECT is((SELECT count(*) FROM arsignup.memberships WHERE user_id = :'ada_user_id'), 0::bigint, 'mode user: no membership');
SELECT is((SELECT count(*) FROM arsignup.orgs WHERE realm_id = realm()), 0::bigint, 'mode user: no org, although one is named');
SELECT is((SELECT count(*) FROM arsignup.signup_tokens WHERE realm_id = realm()), 0::bigint, 'mode user: no token');
SELECT results_eq(
	$$SELECT event_type, user_id, org_id, membership_id, connected_app_id, ip, client, data, claimed_at FROM arsignup.events WHERE realm_id = realm() ORDER BY id$$,
	format($$VALUES ('user.created', %1$L::uuid, NULL::uuid, NULL::uuid, app('users'), inet '2001:db8::1', 'Mozilla/5.0', NULL::jsonb, NULL::timestamptz),
		('user.login.succeeded', %1$L, NULL, NULL, app('users'), '2001:db8::1', 'Mozilla/5.0', NULL, NULL)$$, :'ada_user_id'),
	'mode user: two events, in this order, each with app, address and client');
SELECT is((SELECT count(*) FROM arsignup.users AS u JOIN arsignup.events AS e ON e.user_id = u.id WHERE u.id = :'ada_user_id' AND u.created_at = e.event_at
	AND u.created_at > now() AND u.created_at < clock_timestamp()), 2::bigint, 'mode user: user and events have one time, the clock''s');
SELECT is_empty($$
	SELECT t::text FROM arsignup.users AS t WHERE t::text LIKE '%canary%'
	UNION ALL SELECT t::text FROM arsignup.credentials AS t WHERE t::text LIKE '%canary%'
	UNION ALL SELECT t::text FROM arsignup.events AS t WHERE t::text ~ '(canary|argon2|eyJ)'
	UNION ALL SELECT t::text FROM arsignup.sessions AS t WHERE t::text ~ '(canary|argon2|eyJ)'
	$$, 'the password is in no table, and neither hash nor token in an event or a session');

---------------------------------------------------------------------------------------------------
-- Mode user_org
---------------------------------------------------------------------------------------------------

SET LOCAL ROLE :"app_role";
SELECT r.*, r::text AS whole FROM arsignup.signup(app('orgs'), 'grace@example.com', first_name => 'Grace', last_name => 'Hopper', org_name => ' Compilers ', custom => '{"n": 1}',
	ip => '192.0.2.7', client => 'curl', password_hash => ready_hash()) AS r \gset grace_
RESET ROLE;
SELECT is(:'grace_whole'::text, format('(user_org,%s,%s,%s,%s,%5$s,https://app.example.com/login?token=%5$s&signup=true)', :'grace_user_id', :'grace_org_id', :'grace_membership_id', :'grace_session_id', :'grace_token'),
	'mode user_org: the three ids, a session, and the login handler with its token and signup=true');
SELECT is(logged_in(:'grace_whole'::arsignup.signup_result), '{"user": "grace@example.com", "kind": "kss_", "minutes": 360, "last login": true,
	"session": {"app": "orgs", "ip": "192.0.2.7", "client": "curl", "goes on": true, "began with user": true}}', 'mode user_org: the token holds, and so does the session behind it, from app, address and client');
SELECT results_eq(
	format('SELECT realm_id, email, first_name, last_name, custom FROM arsignup.users WHERE id = %L', :'grace_user_id'),
	$$VALUES (realm(), 'grace@example.com', 'Grace', 'Hopper', '{"n": 1}'::jsonb)$$, 'mode user_org: the user');
SELECT results_eq(
	format('SELECT realm_id, password_hash FROM arsignup.credentials WHERE user_id = %L', :'grace_user_id'),
	$$VALUES (realm(), ready_hash())$$, 'mode user_org: the ready hash, as it was given');
SELECT results_eq(
	$$SELECT id, state, name, reference, custom FROM arsignup.orgs WHERE realm_id = realm()$$,
	format($$VALUES (%L::uuid, 'active', 'Compilers', NULL::text, '{}'::jsonb)$$, :'grace_org_id'), 'mode user_org: the org, by the name that was given, trimmed');
SELECT results_eq(
	$$SELECT id, user_id, org_id, permissions, expires_at, custom FROM arsignup.memberships WHERE realm_id = realm()$$,
	format($$VALUES (%L::uuid, %L::uuid, %L::uuid, '{owner,billing:*}'::text[], NULL::timestamptz, '{}'::jsonb)$$, :'grace_membership_id', :'grace_user_id', :'grace_org_id'),
	'mode user_org: the membership, with the app''s default permissions');
SELECT results_eq(
	format($$SELECT event_type, user_id, org_id, membership_id, connected_app_id, ip, client, data FROM arsignup.events WHERE realm_id = realm() AND client = 'curl' ORDER BY id$$),
	format($$VALUES ('user.created', %1$L::uuid, NULL::uuid, NULL::uuid, app('orgs'), inet '192.0.2.7', 'curl', NULL::jsonb),
		('org.created', NULL, %2$L, NULL, app('orgs'), '192.0.2.7', 'curl', NULL), ('membership.created', %1$L, %2$L, %3$L, app('orgs'), '192.0.2.7', 'curl', NULL),
		('user.login.succeeded', %1$L, NULL, NULL, app('orgs'), '192.0.2.7', 'curl', NULL)$$,
		:'grace_user_id', :'grace_org_id', :'grace_membership_id'), 'mode user_org: four events, in this order, each with app, address and client');
SELECT is((SELECT count(*) FROM arsignup.signup_tokens WHERE realm_id = realm()), 0::bigint, 'mode user_org: no token');

---------------------------------------------------------------------------------------------------
-- Mode signup_token
---------------------------------------------------------------------------------------------------

SELECT count(*) AS sessions FROM arsignup.sessions \gset before_
SELECT count(*) AS users FROM arsignup.users \gset before_
SELECT count(*) AS events FROM arsignup.events \gset before_
SET LOCAL ROLE :"app_role";
SELECT r.*, r::text AS whole FROM arsignup.signup(app('tokens'), 'Joan@example.com', 'canary zebu quartz', first_name => 'Joan', last_name => 'Clarke', org_name => 'Hut 8', custom => '{"n": 2}',
	ip => '192.0.2.8', client => 'curl') AS r \gset joan_
RESET ROLE;
SELECT matches(:'joan_token'::text, '^utk_[A-Za-z0-9_-]{64}$', 'mode signup_token: a token');
SELECT is(:'joan_whole'::text, format('(signup_token,,,,,%1$s,https://app.example.com/signup?token=%1$s)', :'joan_token'),
	'mode signup_token: the token, and the signup handler with it; no ids');
SELECT results_eq(
	format('SELECT realm_id, connected_app_id, username, email, first_name, last_name, org_name, credential_type, custom, state, expires_at - created_at, user_id FROM arsignup.get_signup_token(%L)', :'joan_token'),
	$$VALUES (realm(), app('tokens'), 'Joan@example.com', 'Joan@example.com', 'Joan', 'Clarke', NULL::text, 'password', '{"n": 2}'::jsonb, 'pending', interval '24 hours', NULL::uuid)$$,
	'mode signup_token: what the token holds; an org''s name is for the redeemer to give');
SELECT is((SELECT count(*) FROM arsignup.users), :before_users::bigint, 'mode signup_token: no user');
SELECT is((SELECT count(*) FROM arsignup.events), :before_events::bigint, 'mode signup_token: no event');
SELECT is((SELECT count(*) FROM arsignup.sessions), :before_sessions::bigint, 'mode signup_token: no session');
SELECT is(arsignup.verify_login_token(:'joan_token'), NULL, 'mode signup_token: the token is no login token');
SELECT is_empty(format($$SELECT t FROM arsignup.signup_tokens AS t WHERE t::text LIKE '%%canary%%' OR t::text LIKE '%%%s%%'$$, :'joan_token'), 'neither password nor token is stored');

-- It redeems like one that was minted.
SET LOCAL ROLE :"app_role";
SELECT r.*, r::text AS whole FROM arsignup.redeem_signup_token(:'joan_token', reference => 'J-1') AS r \gset redeemed_
SELECT is(arsignup.get_signup_token(:'joan_token')::text LIKE format('%%,redeemed,%%,%s,sgn_%%', :'redeemed_user_id'), true, 'the token that signup returned is redeemed');
RESET ROLE;
SELECT is(:'redeemed_whole'::text, format('(user,%s,,,,,)', :'redeemed_user_id'), 'for a user alone, since the signup held no org''s name; redeeming logs nobody in');
SELECT is((SELECT count(*) FROM arsignup.sessions), :before_sessions::bigint, 'redeemed without a session');
SELECT is((SELECT last_login_at FROM arsignup.users WHERE id = :'redeemed_user_id'), NULL, 'and without a login');
SELECT results_eq(
	format('SELECT realm_id, email, first_name, last_name, reference, custom FROM arsignup.users WHERE id = %L', :'redeemed_user_id'),
	$$VALUES (realm(), 'Joan@example.com', 'Joan', 'Clarke', 'J-1', '{"n": 2}'::jsonb)$$, 'with what the signup held');
SELECT ok(arsignup.verify_password('canary zebu quartz', password_hash), 'and its password') FROM arsignup.credentials WHERE user_id = :'redeemed_user_id';
SELECT refused(format('SELECT arsignup.redeem_signup_token(%L)', :'joan_token'), 'SU005', 'signup token was already redeemed', format('{"user_id": "%s"}', :'redeemed_user_id'), 'once');
SELECT token FROM signed_up('tokens', 'org-later@example.com', 'Ada', 'King') \gset
SELECT r.org_id, r.membership_id FROM arsignup.redeem_signup_token(:'token', with_org => true) AS r \gset later_
SELECT results_eq(
	format('SELECT o.name, m.permissions FROM arsignup.orgs AS o JOIN arsignup.memberships AS m ON m.org_id = o.id WHERE o.id = %L', :'later_org_id'),
	$$VALUES ('Ada King', '{member}'::text[])$$, 'redeemed with an org, it is named after the user and the realm''s default permissions hold where the app has none');

-- Names are free until somebody redeems.
SELECT is((outcome(signing('tokens', email => 'twin@example.com'))).code, '00000', 'mode signup_token: any number of tokens for one email') FROM generate_series(1, 2);
SELECT taken(signing('tokens', email => ' ADA@example.com'), '{"email": ["Email is already taken."]}', 'mode signup_token: not for one that is taken');
UPDATE arsignup.realms SET signup_token_ttl = '90 minutes' WHERE id = realm();
SELECT token FROM signed_up('tokens', 'ttl@example.com') \gset ttl_
SELECT is((SELECT i.expires_at - i.created_at FROM arsignup.get_signup_token(:'ttl_token') AS i), interval '90 minutes', 'mode signup_token: the realm says how long a token lives');

---------------------------------------------------------------------------------------------------
-- Where the person is sent
---------------------------------------------------------------------------------------------------

CREATE TABLE sent (n int PRIMARY KEY, login text NOT NULL, signup text, expected text NOT NULL);
INSERT INTO sent VALUES
	(1, 'https://a.example/login', 'https://a.example/signup', 'https://a.example/signup?token=T'),
	(2, 'https://a.example/login', NULL, 'https://a.example/login?token=T'),
	(3, 'https://a.example', NULL, 'https://a.example?token=T'),
	(4, 'https://a.example/l', 'https://a.example/s?x=1', 'https://a.example/s?x=1&token=T'),
	(5, 'https://a.example/l', 'https://a.example/s#top', 'https://a.example/s?token=T#top'),
	(6, 'https://a.example/l', 'https://a.example/s?x=1&y=%20#top', 'https://a.example/s?x=1&y=%20&token=T#top'),
	(7, 'https://a.example/l', 'https://a.example/s?', 'https://a.example/s?token=T'),
	(8, 'https://a.example/l', 'https://a.example/s?#top', 'https://a.example/s?token=T#top'),
	(9, 'https://a.example/l', 'https://a.example/#/s?x=1', 'https://a.example/?token=T#/s?x=1'),
	(10, 'https://a.example/l', 'https://a.example#', 'https://a.example?token=T#'),
	(11, 'https://a.example/l', 'https://a.example/s?x', 'https://a.example/s?x&token=T'),
	(12, 'https://a.example/l', 'https://a.example/s?a?b', 'https://a.example/s?a?b&token=T'),
	(13, 'http://localhost:3000/l?x=1#y', NULL, 'http://localhost:3000/l?x=1&token=T#y'),
	(14, 'https://a.example/l', 'http://[::1]:8080/s', 'http://[::1]:8080/s?token=T'),
	(15, 'https://a.example/l', 'https://a.example/' || repeat('s', 1900), 'https://a.example/' || repeat('s', 1900) || '?token=T');
SELECT make_app('sent ' || n || mode, jsonb_build_object('signup_mode', mode), jsonb_build_object('login_handler', login, 'signup_handler', signup))
FROM sent, unnest(ARRAY['user', 'user_org', 'signup_token']) AS mode;
SELECT is(replace(r.url, r.token, 'T'), expected, format('login handler %s, signup handler %s: the token goes to %s', shown(login), shown(signup), shown(expected)))
FROM sent, signed_up('sent ' || n || 'signup_token', 'x@example.com') AS r;

-- Where somebody is logged in: the login handler, whatever the signup handler is, with the parameters right in its query.
CREATE TABLE arrived (login text PRIMARY KEY, expected text NOT NULL);
INSERT INTO arrived VALUES
	('https://a.example/login', 'https://a.example/login?token=T&signup=true'),
	('https://a.example', 'https://a.example?token=T&signup=true'),
	('https://a.example/l', 'https://a.example/l?token=T&signup=true'),
	('http://localhost:3000/l?x=1#y', 'http://localhost:3000/l?x=1&token=T&signup=true#y'),
	('https://a.example/l?', 'https://a.example/l?token=T&signup=true'),
	('https://a.example/l?#top', 'https://a.example/l?token=T&signup=true#top'),
	('https://a.example/l#top', 'https://a.example/l?token=T&signup=true#top'),
	('https://a.example/#/l?x=1', 'https://a.example/?token=T&signup=true#/l?x=1'),
	('https://a.example#', 'https://a.example?token=T&signup=true#'),
	('https://a.example/l?x', 'https://a.example/l?x&token=T&signup=true'),
	('https://a.example/l?a?b', 'https://a.example/l?a?b&token=T&signup=true'),
	('http://[::1]:8080/l?x=1&y=%20', 'http://[::1]:8080/l?x=1&y=%20&token=T&signup=true'),
	('https://a.example/' || repeat('l', 1900), 'https://a.example/' || repeat('l', 1900) || '?token=T&signup=true');
INSERT INTO sent SELECT 100 + row_number() OVER (ORDER BY login), login, NULL, 'not sent' FROM arrived AS a WHERE a.login NOT IN (SELECT s.login FROM sent AS s);
SELECT is((SELECT count(*) FROM arrived), (SELECT count(DISTINCT login) FROM sent), 'every login handler has its expectation');
SELECT make_app('sent ' || n || mode, jsonb_build_object('signup_mode', mode), jsonb_build_object('login_handler', login)) FROM sent, unnest(ARRAY['user', 'user_org']) AS mode WHERE n > 100;
SELECT results_eq(
	format($$SELECT n, replace(r.url, r.token, 'T'), l ->> 'user', l ->> 'kind', l -> 'session' -> 'goes on' FROM sent, signed_up(%L || n || %L, %L) AS r, logged_in(r) AS l ORDER BY n$$, 'sent ', mode, 'x@example.com'),
	$$SELECT n, a.expected, 'x@example.com', 'kss_', 'true'::jsonb FROM sent JOIN arrived AS a USING (login) ORDER BY n$$, format('mode %s goes to the login handler with a token that holds, whatever the signup handler is', mode))
FROM unnest(ARRAY['user', 'user_org']) AS mode;

-- Where sessions are not managed, and where logins are switched off.
SELECT make_app('unmanaged ' || mode, jsonb_build_object('signup_mode', mode, 'session_type', 'unmanaged'), '{}') FROM unnest(ARRAY['user', 'user_org']) AS mode;
SELECT results_eq(
	format($$SELECT r.session_id, replace(r.url, r.token, 'T'), logged_in(r) FROM signed_up(%L, 'x@example.com') AS r$$, 'unmanaged ' || mode),
	$$VALUES (NULL::uuid, 'https://app.example.com/login?token=T&signup=true', '{"user": "x@example.com", "kind": "ksu_", "minutes": 360, "session": null, "last login": true}'::jsonb)$$,
	format('mode %s, sessions not managed: a token that holds, without a session', mode))
FROM unnest(ARRAY['user', 'user_org']) AS mode;
CREATE FUNCTION rows_with(user_id uuid) RETURNS text LANGUAGE sql VOLATILE AS $$
	SELECT format('%s session, %s login', (SELECT count(*) FROM arsignup.sessions AS s WHERE s.user_id = $1), (SELECT count(*) FROM arsignup.events AS e WHERE e.user_id = $1 AND e.event_type LIKE 'user.login.%'))
$$;
SELECT make_app(concat_ws(' ', 'logins', mode, realm, app), jsonb_build_object('signup_mode', mode, 'logins_enabled', realm), jsonb_build_object('logins_enabled', app))
FROM unnest(ARRAY['user', 'user_org']) AS mode, unnest(ARRAY[true, false]) AS realm, unnest(ARRAY[NULL, true, false]) AS app;
SELECT results_eq(
	format($$SELECT replace(r.url, coalesce(r.token, '-'), 'T'), r.session_id IS NOT NULL, r.token IS NOT NULL, l ->> 'user', (l ->> 'last login')::boolean, rows_with(r.user_id) FROM signed_up(%L, 'x@example.com') AS r, logged_in(r) AS l$$,
		concat_ws(' ', 'logins', mode, realm, app)),
	CASE WHEN coalesce(app, realm) THEN $$VALUES ('https://app.example.com/login?token=T&signup=true', true, true, 'x@example.com', true, '1 session, 1 login')$$
		ELSE $$VALUES ('https://app.example.com/login', false, false, NULL, NULL::boolean, '0 session, 0 login')$$ END,
	format('mode %s, logins enabled: realm %s, app %s', mode, realm, coalesce(app::text, 'null')))
FROM unnest(ARRAY['user', 'user_org']) AS mode, unnest(ARRAY[true, false]) AS realm, unnest(ARRAY[NULL, true, false]) AS app;

---------------------------------------------------------------------------------------------------
-- The org's name
---------------------------------------------------------------------------------------------------

SELECT make_app('org ' || field, '{"username_validation": "standard", "signup_mode": "user_org"}', jsonb_build_object('org_name_field', field)) FROM unnest(ARRAY['required', 'optional', 'hidden']) AS field;
CREATE FUNCTION org_made(field text, given text, first_name text, last_name text) RETURNS text LANGUAGE plpgsql AS $$
DECLARE
	name text := 'u' || (SELECT count(*) FROM arsignup.users);
	made uuid := (signed_up('org ' || field, name || '@example.com', first_name, last_name, given, 'Countess-' || name)).org_id;
BEGIN
	RETURN (SELECT o.name FROM arsignup.orgs AS o WHERE o.id = made AND o.realm_id = realm('org ' || field));
END
$$;
SELECT is(regexp_replace(org_made(field, given, first, last), '^Countess-u\d+$', 'USERNAME'), expected,
	format('org name %s, given %s by %s %s: %s', field, shown(given), shown(first), shown(last), shown(expected)))
FROM (VALUES
	('optional', ' Engines ', 'Ada', 'Lovelace', 'Engines'), ('required', 'Engines', 'Ada', 'Lovelace', 'Engines'), ('hidden', 'Engines', 'Ada', 'Lovelace', 'Ada Lovelace'),
	('optional', NULL, 'Ada', 'Lovelace', 'Ada Lovelace'), ('optional', '', 'Ada', 'Lovelace', 'Ada Lovelace'), ('optional', E' \t\n', ' Ada ', 'Lovelace ', 'Ada Lovelace'),
	('optional', NULL, 'Ada', NULL, 'Ada'), ('optional', NULL, NULL, 'Lovelace', 'Lovelace'), ('optional', '', 'Ada', '  ', 'Ada'), ('optional', '', '', 'Lovelace', 'Lovelace'),
	('optional', NULL, NULL, NULL, 'USERNAME'), ('optional', ' ', ' ', '', 'USERNAME'),
	('hidden', NULL, 'Ada', 'Lovelace', 'Ada Lovelace'), ('hidden', 'Engines', 'Ada', NULL, 'Ada'), ('hidden', 'Engines', NULL, NULL, 'USERNAME'), ('hidden', ' ', NULL, 'Lovelace', 'Lovelace'),
	('optional', repeat('é', 255), NULL, NULL, repeat('é', 255))) AS v (field, given, first, last, expected);
SELECT org_id FROM signed_up('orgs', 'Nameless@example.com') \gset nameless_
SELECT is((SELECT name FROM arsignup.orgs WHERE id = :'nameless_org_id'), 'Nameless@example.com', 'where emails are usernames, that is the email, as typed');
SELECT invalid(signing('org required', format(', username => ''x'', password_hash => ready_hash(), org_name => %L', given)), '{"org_name": ["Organisation name can''t be blank."]}', 'a required org name, given ' || shown(given))
FROM unnest(ARRAY[NULL, '', ' ', E'\t\r\n', U&'\3000\200B']) AS given;
SELECT invalid(signing('org optional', format(', username => ''x'', password_hash => ready_hash(), org_name => %L', given)), jsonb_build_object('org_name', ARRAY[sentence]), 'a wrong org name, given ' || shown(given))
FROM (VALUES (repeat('x', 256), 'Organisation name can''t be longer than 255 characters; this one has 256.'), (E'x\ny', 'Organisation name can''t contain control characters.')) AS v (given, sentence);
SELECT is((outcome(signing('org hidden', format(', username => ''hidden-%s'', password_hash => ready_hash(), org_name => %L', n, given), 'hidden-' || n || '@example.com'))).message, NULL,
	'a hidden org name is ignored, also when it is ' || shown(given))
FROM (VALUES (1, repeat('x', 256)), (2, E'x\ny')) AS v (n, given);
SELECT is((outcome(signing(app, ', password_hash => ready_hash(), org_name => repeat(''x'', 256)', 'ignored-by-' || app || '@example.com'))).message, NULL, format('mode %s ignores the org name, also when it is too long', mode))
FROM (VALUES ('users', 'user'), ('tokens', 'signup_token')) AS v (app, mode);
SELECT cmp_ok(length(org_made('optional', NULL, repeat('x', 255), repeat('y', 255))), '<=', 255, 'an org''s name has 255 characters at most, also when it is made of two names');
SELECT is((outcome(signing(app, email => 'required@example.com'))).code, '00000', format('an org name that is required is not asked for in mode %s', mode))
FROM (SELECT mode, 'required ' || mode AS app, make_app('required ' || mode, jsonb_build_object('signup_mode', mode, 'org_name_field', 'required'), '{}') FROM unnest(ARRAY['user', 'signup_token']) AS mode) AS m;

---------------------------------------------------------------------------------------------------
-- Names, confirmations, credentials
---------------------------------------------------------------------------------------------------

SELECT make_app('strict', '{"name_field": "both", "password_field": "twice"}', '{}'), make_app('one name', '{"name_field": "required", "signup_mode": "user_org"}', '{}');
SET LOCAL ROLE :"app_role";
SELECT invalid(signing('strict'), '{"first_name": ["First name can''t be blank."], "last_name": ["Last name can''t be blank."]}', 'both names: none');
SELECT invalid(signing('strict', ', password_hash => ready_hash(), first_name => ''X'', last_name => '' '''), '{"last_name": ["Last name can''t be blank."]}', 'both names: the last is blank');
SELECT invalid(signing('strict', ', password_hash => ready_hash(), last_name => ''Y'''), '{"first_name": ["First name can''t be blank."]}', 'both names: the first is missing');
SELECT invalid(signing('one name', ', password_hash => ready_hash()' || names), '{"first_name": ["First and last name can''t both be blank."]}', 'N4: required names: none' || names)
FROM unnest(ARRAY['', ', first_name => '' '', last_name => '' ''']) AS names;
SELECT invalid(signing('strict', ', password_hash => ready_hash(), first_name => U&''\3000'', last_name => U&''\200B\FE0F'''), '{"first_name": ["First name can''t be blank."], "last_name": ["Last name can''t be blank."]}', 'N2: both names: nothing that shows');
SELECT invalid(signing('strict', ', ''canary zebu quartz'', first_name => ''X'', last_name => ''Y'''), '{"password_confirmation": ["Password confirmation can''t be blank."]}', 'password twice: given once');
SELECT invalid(signing('strict', format(', ''canary zebu quartz'', password_confirmation => %L, first_name => ''X'', last_name => ''Y''', confirmation)),
	'{"password_confirmation": ["Password confirmation does not match the password."]}', 'password twice: confirmed by ' || shown(confirmation))
FROM unnest(ARRAY['canary zebu quartx', 'canary zebu quart', 'canary zebu quartz ', 'Canary zebu quartz', '']) AS confirmation;
SELECT is((outcome(signing('strict', ', ''canary zebu quartz'', password_confirmation => ''canary zebu quartz'', first_name => ''X'', last_name => ''Y''', 'ok1@example.com'))).code, '00000', 'with all that, somebody is signed up');
SELECT is((outcome(signing('strict', ', password_hash => ready_hash(), first_name => ''X'', last_name => ''Y''', 'ok2@example.com'))).code, '00000', 'a ready hash is not confirmed');
SELECT invalid(signing('users', ', ''canary zebu quartz'', password_confirmation => ''canary zebu quartx'''), '{"password_confirmation": ["Password confirmation does not match the password."]}',
	'a confirmation that is not asked for must match all the same');
SELECT is((outcome(signing('users', U&', ''canary caf\00E9 quartz'', password_confirmation => ''canary cafe\0301 quartz''', 'nfc@example.com'))).code, '00000', 'it may be composed otherwise');
SELECT invalid(signing('users', format(', password_hash => ready_hash(), email_confirmation => %L', confirmation)), '{"email_confirmation": ["Email confirmation does not match the email."]}', 'email confirmation ' || shown(confirmation))
FROM unnest(ARRAY['y@example.com', '', 'x', 'x@example.co']) AS confirmation;
SELECT is((outcome(signing('users', ', password_hash => ready_hash(), email_confirmation => '' X@EXAMPLE.com ''', 'x@example.com'))).code, '00000', 'an email confirmation may be spelled otherwise');
SELECT invalid(signing('users', '', 'new@example.com'), '{"password": ["Password can''t be blank."]}', 'neither password nor hash');
SELECT invalid(signing('users', ', ''''', 'new@example.com'), '{"password": ["Password can''t be blank."]}', 'an empty password');
SELECT invalid(signing('users', ', ''canary zebu quartz'', password_hash => ready_hash()', 'new@example.com'), '{"password_hash": ["Password hash can''t be given together with a password."]}', 'password and hash');
SELECT invalid(signing('users', ', password_hash => ''canary''', 'new@example.com'), '{"password_hash": ["Password hash has an unknown form."]}', 'a hash of unknown form');
SELECT invalid(signing('users', ', password_hash => replace(ready_hash(), ''m=19456'', ''m=4194304'')', 'new@example.com'), '{"password_hash": ["Password hash costs more than this server allows: 4194304 kB, and arsignup.argon2_memory_max is 262144 kB."]}', 'a hash that costs 4 GiB');
SELECT invalid(signing('users', ', ''canary7''', 'new@example.com'), '{"password": ["Password must have at least 8 characters."]}', 'a short password');
SELECT invalid(signing('users', ', repeat(''canary'', 200)', 'new@example.com'), '{"password": ["Password can''t be longer than 1,024 bytes."]}', 'a password of 1200 bytes');
SELECT invalid(signing('users', U&', repeat(''e\0301'', 1100), password_confirmation => repeat(''e\0301'', 1100)', 'new@example.com'), '{"password": ["Password can''t be longer than 1,024 bytes."]}',
	'an overlong password that is confirmed has one fault');
SELECT invalid(signing('users', ', ''canarypassword''', 'new@example.com'), '{"password": ["Password is too easy to guess: common words are guessed first."]}', 'a password of common words');
SELECT invalid(signing('users', ', password_hash => ready_hash(), username => ''new''', 'new@example.com'), '{"username": ["Username must be the email."]}', 'a username where it is the email');
SELECT invalid(signing('users', ', password_hash => ready_hash()', email), jsonb_build_object('email', ARRAY[sentence]), 'email ' || shown(email))
FROM (VALUES (NULL, 'Email can''t be blank.'), (' ', 'Email can''t be blank.'), ('new', 'Email is not a valid address.'), (U&'new\FF20example.com', 'Email is not a valid address.')) AS v (email, sentence);
SELECT taken(signing(app, email => email), '{"email": ["Email is already taken."]}', format('a taken email as %s, in app %s', shown(email), app))
FROM unnest(ARRAY['users', 'orgs', 'tokens']) AS app, unnest(ARRAY['ada@example.com', ' ADA@Example.COM']) AS email;
SELECT taken(signing('orgs', ', ''canary zebu quartz''', 'ada@example.com'), '{"email": ["Email is already taken."]}', 'a taken email, with a password');
RESET ROLE;
SELECT is((outcome(signing('other', email => 'ada@example.com'))).code, '00000', 'an email that is taken in another realm is free in this one');
SELECT signed_up('orgs', 'kelvin@example.com') IS NOT NULL AS made \gset
SELECT taken(signing('orgs', email => U&'\212Aelvin@example.com'), '{"email": ["Email is already taken."]}', 'a taken email with a Kelvin sign, which NFC makes a K');
SELECT user_id, org_id, token FROM signed_up('orgs', U&' \212Airk@example.com ', U&' Ka\0301ri ', U&'\212Airk', U&' \212Aafe\0301 ') \gset kirk_
SELECT is((SELECT concat_ws('|', u.email, u.username, u.first_name, u.last_name, o.name, arsignup.verify_login_token(:'kirk_token') ->> 'n') FROM arsignup.users AS u, arsignup.orgs AS o WHERE u.id = :'kirk_user_id' AND o.id = :'kirk_org_id'),
	U&'Kirk@example.com|Kirk@example.com|K\00E1ri|Kirk|Kaf\00E9|K\00E1ri Kirk', 'emails and names are stored trimmed and in NFC, and so they are in the token');

SELECT user_id, org_id, token FROM signed_up('one name', 'suharto@example.com', last_name => 'Suharto') \gset one_
SELECT is((SELECT concat_ws('|', u.first_name IS NULL, u.last_name, o.name, arsignup.verify_login_token(:'one_token') ->> 'n') FROM arsignup.users AS u, arsignup.orgs AS o WHERE u.id = :'one_user_id' AND o.id = :'one_org_id'),
	't|Suharto|Suharto|Suharto', 'N4: who has one name is called by it, and so is the org');

-- Everything at once.
SELECT make_app('all at once', '{"username_validation": "standard", "signup_mode": "user_org", "name_field": "both", "org_name_field": "required", "password_field": "twice"}', '{}');
SELECT hashes_run FROM arsignup.stats() \gset before_
SET LOCAL ROLE :"app_role";
SELECT invalid(signing('all at once', $$, 'canary', 'x y', 'y@example.com', 'canary!', '', repeat('x', 256), ' ', '[]', password_hash => ready_hash()$$), '{
	"username": ["Username must begin with a letter or digit and have only letters a to z, digits, dots, underscores and hyphens, 63 characters at most."],
	"last_name": ["Last name can''t be longer than 255 characters; this one has 256."],
	"custom": ["Custom attributes must be a JSON object."],
	"email_confirmation": ["Email confirmation does not match the email."],
	"first_name": ["First name can''t be blank."],
	"org_name": ["Organisation name can''t be blank."],
	"password": ["Password must have at least 8 characters."],
	"password_confirmation": ["Password confirmation does not match the password."],
	"password_hash": ["Password hash can''t be given together with a password."]}', 'nine faults are told at once');
SELECT invalid(signing('all at once', $$, 'canarypassword', NULL$$, NULL), '{
	"email": ["Email can''t be blank."],
	"username": ["Username can''t be blank."],
	"first_name": ["First name can''t be blank."],
	"last_name": ["Last name can''t be blank."],
	"org_name": ["Organisation name can''t be blank."],
	"password": ["Password is too easy to guess: common words are guessed first."],
	"password_confirmation": ["Password confirmation can''t be blank."]}', 'and seven that something is missing');
RESET ROLE;
SELECT signed_up('all at once', 'taken@example.com', 'Ada', 'Lovelace', 'Engines', 'Taken') IS NOT NULL AS made \gset
SET LOCAL ROLE :"app_role";
SELECT invalid(signing('all at once', $$, 'canary zebu quartz', 'TAKEN', first_name => 'X', org_name => 'Y'$$, 'taken@example.com'), '{
	"last_name": ["Last name can''t be blank."],
	"password_confirmation": ["Password confirmation can''t be blank."],
	"username": ["Username is already taken."], "email": ["Email is already taken."]}', 'taken names are told beside the other faults, as SU001');
SELECT taken(signing('all at once', $$, username => 'TAKEN', first_name => 'X', last_name => 'Y', org_name => 'Z', password_hash => ready_hash()$$, 'taken@example.com'),
	'{"username": ["Username is already taken."], "email": ["Email is already taken."]}', 'taken names alone are SU002, both at once');
RESET ROLE;
SELECT is((SELECT hashes_run FROM arsignup.stats()), :before_hashes_run::bigint, 'a signup that is refused costs no hash');

---------------------------------------------------------------------------------------------------
-- Too often
---------------------------------------------------------------------------------------------------

-- From one source a hundred may sign up, whether or not they succeed, and though all of it is rolled back.
CREATE FUNCTION signups(source inet, times int, app text DEFAULT 'users') RETURNS text LANGUAGE sql AS $$
	SELECT string_agg(DISTINCT (outcome(format('SELECT arsignup.signup(app(%L), ''nobody'', ip => %L)', app, source), keep => false)).code, ' ') FROM generate_series(1, times)
$$;
SELECT is(signups('203.0.113.9', 100), 'SU001', 'signup: a hundred from one source');
SELECT is(concat_ws(' | ', o.code, o.message, regexp_replace(o.detail, '(89.|900)', '15 minutes'), regexp_replace(o.hint, '(89.|900)', 'N')), 'SU008 | too many attempts | {"retry_after": 15 minutes} | Try again in N seconds.', 'signup: the next is told for how long to wait')
FROM outcome('SELECT arsignup.signup(app(''users''), ''throttled@example.com'', ''canary zebu quartz'', ip => ''::ffff:203.0.113.9'')') AS o;
SELECT is(signups('203.0.113.9', 1, app), code, 'signup: then in the ' || what) FROM (VALUES ('orgs', 'SU008', 'same realm'), ('other', 'SU001', 'other realm')) AS v (app, code, what);
SELECT is(signups(source, 1), 'SU001', 'signup: or from ' || coalesce(host(source), 'nowhere')) FROM unnest(ARRAY['203.0.113.10', '2001:db8::', NULL]::inet[]) AS source;
SELECT is(tokens || ' ' || users, '0 0', 'signup: nothing was made') FROM (SELECT (SELECT count(*) FROM arsignup.users WHERE email IN ('throttled@example.com', 'nobody')) AS users, (SELECT count(*) FROM arsignup.signup_tokens WHERE email = 'nobody') AS tokens) AS v;

---------------------------------------------------------------------------------------------------
-- Switched off
---------------------------------------------------------------------------------------------------

SET LOCAL ROLE :"app_role";
SELECT refused(signing(app, ', ''canary zebu quartz'''), 'SU006', message, NULL, 'signup: ' || app)
FROM (VALUES ('asleep', 'connected app is inactive'), ('in asleep realm', 'realm is inactive'), ('closed', 'signups are switched off'), ('in closed realm', 'signups are switched off')) AS v (app, message);
SELECT refused(signing('closed', ', NULL', 'nonsense'), 'SU006', 'signups are switched off', NULL, 'signup: whatever else is wrong');
SELECT refused('SELECT arsignup.signup(NULL, ''x@example.com'', ''canary zebu quartz'')', 'SU010', 'no such connected app', NULL, 'signup: a null app');
SELECT refused('SELECT arsignup.signup(gen_random_uuid(), ''x@example.com'', ''canary zebu quartz'')', 'SU010', 'no such connected app', NULL, 'signup: an unknown app');
SELECT refused('SELECT arsignup.signup(realm(), ''x@example.com'', ''canary zebu quartz'')', 'SU010', 'no such connected app', NULL, 'signup: a realm''s id for an app''s');
SELECT is((outcome(signing('reopened'))).code, '00000', 'an app that opens itself in a closed realm signs up');
RESET ROLE;
SELECT is((outcome(signing('no logins ' || mode))).code, '00000', format('logins that are switched off do not switch off signups, in mode %s', mode))
FROM (SELECT mode, make_app('no logins ' || mode, jsonb_build_object('signup_mode', mode, 'logins_enabled', false), '{"logins_enabled": false}') FROM unnest(ARRAY['user', 'user_org', 'signup_token']) AS mode) AS m;

---------------------------------------------------------------------------------------------------
-- What the client calls itself
---------------------------------------------------------------------------------------------------

SELECT make_app('client', '{}', '{}');
CREATE FUNCTION client_kept(n int, client text, ip inet) RETURNS text LANGUAGE plpgsql AS $$
DECLARE
	made uuid := (SELECT user_id FROM arsignup.signup(app('client'), 'c' || n || '@example.com', ip => client_kept.ip, client => client_kept.client, password_hash => ready_hash()));
BEGIN
	-- Both events and the session keep the same.
	RETURN (SELECT string_agg(DISTINCT concat_ws(' ', coalesce(host(k.ip), '-'), coalesce(k.client, '-')), ' AND ') || CASE count(*) WHEN 3 THEN '' ELSE format(', kept %s times', count(*)) END
		FROM (SELECT e.ip, e.client FROM arsignup.events AS e WHERE e.user_id = made UNION ALL SELECT s.ip, s.client FROM arsignup.sessions AS s WHERE s.user_id = made) AS k);
END
$$;
SELECT is(client_kept(n, client, ip), expected, 'client ' || shown(client))
FROM (VALUES
	(1, NULL, NULL::inet, '- -'), (2, 'app/1.0 (é)', '192.0.2.1', '192.0.2.1 app/1.0 (é)'), (3, NULL, '::1', '::1 -'),
	(4, repeat('x', 512), NULL, '- ' || repeat('x', 512)), (5, repeat('x', 513), NULL, '- ' || repeat('x', 512)), (6, 'x' || repeat('é', 300), NULL, '- x' || repeat('é', 255)),
	(7, E'one\ntwo', '192.0.2.1', '192.0.2.1 -'), (8, U&'turned \202E round', NULL, '- -')) AS v (n, client, ip, expected);

---------------------------------------------------------------------------------------------------
-- Each setting: the app's goes before the realm's, null leaves it to the realm
---------------------------------------------------------------------------------------------------

-- What a signup shows of a setting: the mode it has, the names it asks for, and so on.
CREATE FUNCTION shows(setting text, app text) RETURNS text LANGUAGE plpgsql AS $$
DECLARE
	o record;
	r arsignup.signup_result;
BEGIN
	CASE setting
		WHEN 'signup_mode' THEN
			RETURN (signed_up(app, 'x@example.com')).signup_mode;
		WHEN 'default_permissions' THEN
			r := signed_up(app, 'x@example.com');
			RETURN (SELECT to_jsonb(m.permissions) FROM arsignup.memberships AS m WHERE m.id = r.membership_id);
		WHEN 'password_field' THEN
			SELECT * INTO o FROM outcome(signing(app, ', ''canary zebu quartz'''));
			RETURN CASE o.detail WHEN '{"errors": {"password_confirmation": ["Password confirmation can''t be blank."]}}' THEN 'twice' ELSE CASE o.code WHEN '00000' THEN 'once' END END;
		WHEN 'name_field' THEN
			SELECT * INTO o FROM outcome(signing(app, ', password_hash => ready_hash()'));
			RETURN CASE o.detail WHEN '{"errors": {"first_name": ["First and last name can''t both be blank."]}}' THEN 'required'
				WHEN '{"errors": {"first_name": ["First name can''t be blank."], "last_name": ["Last name can''t be blank."]}}' THEN 'both' ELSE CASE o.code WHEN '00000' THEN 'optional' END END;
		WHEN 'org_name_field' THEN
			SELECT * INTO o FROM outcome(signing(app));
			IF o.detail = '{"errors": {"org_name": ["Organisation name can''t be blank."]}}' THEN
				RETURN 'required';
			END IF;
			r := signed_up(app, 'y@example.com', org_name => 'Given');
			RETURN (SELECT CASE g.name WHEN 'Given' THEN 'optional' WHEN 'y@example.com' THEN 'hidden' END FROM arsignup.orgs AS g WHERE g.id = r.org_id);
		WHEN 'signups_enabled' THEN
			SELECT * INTO o FROM outcome(signing(app));
			RETURN CASE concat(o.code, o.message) WHEN '00000' THEN 'true' WHEN 'SU006signups are switched off' THEN 'false' END;
	END CASE;
END
$$;
CREATE TABLE override AS
SELECT row_number() OVER () AS n, * FROM (
	SELECT setting, r.value AS realms, nullif(a.value, 'null') AS apps
	FROM (VALUES
		('signup_mode', '["user", "user_org", "signup_token"]'::jsonb), ('default_permissions', '[[], ["member"], ["owner", "billing:*"]]'), ('password_field', '["once", "twice"]'),
		('name_field', '["required", "both", "optional"]'), ('org_name_field', '["required", "optional", "hidden"]'), ('signups_enabled', '[true, false]')) AS s (setting, options),
		jsonb_array_elements(options) AS r, jsonb_array_elements(options || 'null') AS a) AS o;
SELECT make_app('override ' || n, jsonb_build_object('signup_mode', CASE WHEN setting = 'signup_mode' THEN realms ELSE '"user_org"' END) || jsonb_build_object(setting, realms), jsonb_build_object(setting, apps)) FROM override;
SELECT is(shows(setting, 'override ' || n), coalesce(apps, realms) #>> '{}', format('%s: realm %s, app %s', setting, realms, coalesce(apps::text, 'null'))) FROM override ORDER BY n;

---------------------------------------------------------------------------------------------------
-- All combinations of two settings
---------------------------------------------------------------------------------------------------

-- Every setting that a signup could look at, with its values. Whether the door is open takes four of them at once.
CREATE TABLE setting (name text, value jsonb, PRIMARY KEY (name, value));
INSERT INTO setting
SELECT name, value FROM (VALUES
	('realm.username_validation', '["email", "standard"]'::jsonb), ('realm.require_unique_emails', '[true, false]'), ('realm.logins_enabled', '[true, false]'),
	('realm.signup_mode', '["user", "user_org", "signup_token"]'), ('realm.name_field', '["required", "both", "optional", "hidden"]'), ('realm.org_name_field', '["required", "optional", "hidden"]'),
	('realm.password_field', '["once", "twice"]'), ('realm.default_permissions', '[[], ["member"]]'), ('realm.signup_token_ttl', '["24:00:00", "00:10:00"]'),
	('realm.password_min_length', '[8, 12]'), ('realm.password_min_score', '[0, 3]'), ('realm.session_type', '["managed", "unmanaged"]'), ('realm.jwt_alg', '["HS256", "EdDSA", "RS256"]'),
	('realm.sso', '["basic", "seamless"]'), ('realm.email_verification', '["none", "request", "require"]'),
	('app.signup_mode', '[null, "user", "user_org", "signup_token"]'), ('app.name_field', '[null, "required", "both", "optional", "hidden"]'), ('app.org_name_field', '[null, "required", "optional", "hidden"]'),
	('app.password_field', '[null, "once", "twice"]'), ('app.default_permissions', '[null, [], ["owner", "billing:*"]]'), ('app.logins_enabled', '[null, true, false]'),
	('app.signup_handler', '[null, "https://a.example/signup"]'), ('app.login_handler', '["https://a.example/login", "https://a.example/login?x=1#y"]')) AS s (name, options), jsonb_array_elements(options) AS value
UNION ALL
SELECT 'door', jsonb_build_object('realm', jsonb_build_object('state', rs, 'signups_enabled', rb), 'app', jsonb_build_object('state', as_, 'signups_enabled', ab))
FROM unnest(ARRAY['active', 'inactive']) AS rs, unnest(ARRAY[true, false]) AS rb, unnest(ARRAY['active', 'inactive']) AS as_, unnest(ARRAY[NULL, true, false]) AS ab;
CREATE FUNCTION is_open(door jsonb) RETURNS boolean LANGUAGE sql IMMUTABLE AS $$
	SELECT door IN ('{"realm": {"state": "active", "signups_enabled": true}, "app": {"state": "active", "signups_enabled": null}}',
		'{"realm": {"state": "active", "signups_enabled": true}, "app": {"state": "active", "signups_enabled": true}}',
		'{"realm": {"state": "active", "signups_enabled": false}, "app": {"state": "active", "signups_enabled": true}}')
$$;

-- Pairs of which a combination is to hold at least one each: among open doors any two, closed doors with anything.
CREATE TABLE pair AS
SELECT a.name AS name1, a.value AS value1, b.name AS name2, b.value AS value2, false AS done
FROM setting AS a JOIN setting AS b ON a.name < b.name
WHERE a.name <> 'door' AND b.name <> 'door';
CREATE INDEX ON pair (name1, name2);
INSERT INTO pair SELECT 'door', d.value, o.name, o.value, false FROM setting AS d, setting AS o WHERE d.name = 'door' AND o.name <> 'door';

CREATE TABLE combination (n int GENERATED ALWAYS AS IDENTITY PRIMARY KEY, settings jsonb NOT NULL);

-- Greedy: begin with a pair that is missing, then give each other setting the value that makes most missing pairs.
CREATE FUNCTION combine() RETURNS void LANGUAGE plpgsql AS $$
DECLARE
	chosen jsonb;
	other text;
	best jsonb;
BEGIN
	LOOP
		SELECT jsonb_build_object(name1, value1, name2, value2) INTO chosen FROM pair WHERE NOT done
		ORDER BY name1 = 'door', name1, name2, value1, value2 LIMIT 1;
		EXIT WHEN NOT FOUND;
		-- Pairs among the rest show only behind an open door.
		IF NOT chosen ? 'door' THEN
			chosen := chosen || (SELECT jsonb_build_object('door', value) FROM setting WHERE name = 'door' AND is_open(value)
				ORDER BY (SELECT count(*) FROM combination WHERE settings -> 'door' = value), value LIMIT 1);
		END IF;
		FOR other IN SELECT name FROM setting WHERE NOT chosen ? name GROUP BY name ORDER BY count(*) DESC, name LOOP
			SELECT s.value INTO best FROM setting AS s WHERE s.name = other
			ORDER BY (SELECT count(*) FROM pair AS p WHERE NOT p.done AND p.name1 = other AND p.value1 = s.value AND chosen -> p.name2 = p.value2)
				+ (SELECT count(*) FROM pair AS p WHERE NOT p.done AND p.name2 = other AND p.value2 = s.value AND chosen -> p.name1 = p.value1) DESC,
				(SELECT count(*) FROM combination WHERE settings -> other = s.value), s.value
			LIMIT 1;
			chosen := chosen || jsonb_build_object(other, best);
		END LOOP;
		INSERT INTO combination (settings) VALUES (chosen);
		UPDATE pair SET done = true WHERE NOT done AND chosen -> name1 = value1 AND chosen -> name2 = value2
			AND (name1 = 'door' OR is_open(chosen -> 'door'));
	END LOOP;
END
$$;
SELECT combine();
SELECT is_empty($$
	SELECT a.name, a.value, b.name, b.value FROM setting AS a JOIN setting AS b ON a.name <> b.name
	WHERE a.name <> 'door' AND NOT EXISTS (SELECT FROM combination AS c WHERE c.settings -> a.name = a.value AND c.settings -> b.name = b.value AND (b.name = 'door' OR is_open(c.settings -> 'door')))
	$$, 'every two values of two settings are together in a combination, and behind an open door unless it is about the door');
SELECT is((SELECT count(DISTINCT c.settings -> 'door') FROM combination AS c), 24::bigint, 'with all doors, open and closed');
SELECT is_empty($$SELECT c.n FROM combination AS c WHERE (SELECT count(*) FROM jsonb_object_keys(c.settings)) <> (SELECT count(DISTINCT name) FROM setting)$$, 'every combination has every setting');
SELECT cmp_ok((SELECT count(*) FROM combination WHERE is_open(settings -> 'door')), '<', 60::bigint, 'and there are few enough of them');

-- A combination's side: what it says of the realm, or of the app.
CREATE FUNCTION side(settings jsonb, which text) RETURNS jsonb LANGUAGE sql IMMUTABLE AS $$
	SELECT jsonb_object_agg(substr(key, length(which) + 2), value) || (settings -> 'door' -> which) FROM jsonb_each(settings) WHERE key LIKE which || '.%'
$$;
SELECT make_app('combination ' || n, side(settings, 'realm'), side(settings, 'app')) FROM combination;
SELECT arsignup.create_user(realm('combination ' || n), 'taken@example.com', username => CASE settings ->> 'realm.username_validation' WHEN 'standard' THEN 'taken' END) IS NOT NULL AS made
INTO TEMP others FROM combination WHERE settings -> 'door' -> 'realm' ->> 'state' = 'active';

-- People who sign up, by the arguments that they give. fits: with a username where that is of its own.
CREATE TABLE person (name text PRIMARY KEY, given jsonb NOT NULL, fits boolean NOT NULL DEFAULT true);
INSERT INTO person VALUES
	('everything', '{"password": "canary zebu quartz", "password_confirmation": "canary zebu quartz", "email_confirmation": "EVERYTHING@example.com", "first_name": "Ada", "last_name": "Lovelace", "org_name": "Engines", "custom": {"n": 1}}'),
	('nothing', '{"password_hash": "ready"}'),
	('names', '{"password_hash": "ready", "first_name": "Ada", "last_name": "Lovelace", "org_name": " "}'),
	('half', '{"password_hash": "ready", "last_name": "Lovelace"}'),
	('wrong', '{"password": "canary zebu quartz", "password_confirmation": "canary", "email_confirmation": "right@example.com", "first_name": "Ada", "last_name": "Lovelace", "org_name": "Engines"}'),
	('weak', '{"password": "canarypassword", "first_name": "Ada", "last_name": "Lovelace", "org_name": "Engines"}'),
	('brief', '{"password": "canary zebu", "password_confirmation": "canary zebu", "first_name": "Ada", "last_name": "Lovelace", "org_name": "Engines"}'),
	('taken', '{"password_hash": "ready", "first_name": "Ada", "last_name": "Lovelace", "org_name": "Engines"}');
INSERT INTO person VALUES ('misfit', '{"password_hash": "ready", "first_name": "Ada", "last_name": "Lovelace", "org_name": "Engines"}', false);

-- The arguments of a person in a realm.
CREATE FUNCTION arguments(name text, given jsonb, fits boolean, settings jsonb) RETURNS jsonb LANGUAGE sql IMMUTABLE AS $$
	SELECT given || jsonb_build_object('email', name || '@example.com') ||
		CASE WHEN (settings ->> 'realm.username_validation' = 'standard') = fits THEN jsonb_build_object('username', name) ELSE '{}' END
$$;

-- What must come of it, by the specification: the oracle.
CREATE FUNCTION expected(s jsonb, i jsonb) RETURNS jsonb LANGUAGE plpgsql AS $$
DECLARE
	door jsonb := s -> 'door';
	mode text := coalesce(s ->> 'app.signup_mode', s ->> 'realm.signup_mode');
	name_field text := coalesce(s ->> 'app.name_field', s ->> 'realm.name_field');
	org_field text := coalesce(s ->> 'app.org_name_field', s ->> 'realm.org_name_field');
	password_field text := coalesce(s ->> 'app.password_field', s ->> 'realm.password_field');
	permissions jsonb := coalesce(nullif(s -> 'app.default_permissions', 'null'), s -> 'realm.default_permissions');
	is_standard boolean := s ->> 'realm.username_validation' = 'standard';
	org text := nullif(btrim(i ->> 'org_name'), '');
	full_name text := nullif(concat_ws(' ', i ->> 'first_name', i ->> 'last_name'), '');
	username text := CASE WHEN is_standard THEN i ->> 'username' ELSE i ->> 'email' END;
	faults jsonb := '{}';
	is_taken jsonb := '{}';
	person jsonb;
	is_asked boolean := s ->> 'realm.email_verification' <> 'none';	-- to verify the email
	logs_in boolean := coalesce(s ->> 'app.logins_enabled', s ->> 'realm.logins_enabled')::boolean AND s ->> 'realm.email_verification' <> 'require';
	is_managed boolean := s ->> 'realm.session_type' = 'managed';
	login jsonb;	-- what the result has of it
	asking_event jsonb := CASE WHEN is_asked THEN '["user.email.verification_requested"]' ELSE '[]' END;
	login_event jsonb := CASE WHEN logs_in THEN '["user.login.succeeded"]' ELSE '[]' END;
	more jsonb := CASE WHEN logs_in AND is_managed THEN '{"sessions": 1}' ELSE '{}' END;	-- rows
BEGIN
	IF door -> 'realm' ->> 'state' = 'inactive' THEN
		RETURN '{"code": "SU006", "said": "realm is inactive", "made": {}}';
	ELSIF door -> 'app' ->> 'state' = 'inactive' THEN
		RETURN '{"code": "SU006", "said": "connected app is inactive", "made": {}}';
	ELSIF NOT coalesce(door -> 'app' ->> 'signups_enabled', door -> 'realm' ->> 'signups_enabled')::boolean THEN
		RETURN '{"code": "SU006", "said": "signups are switched off", "made": {}}';
	END IF;

	IF is_standard AND username IS NULL THEN
		faults := faults || '{"username": ["Username can''t be blank."]}';
	ELSIF NOT is_standard AND i ? 'username' THEN
		faults := faults || '{"username": ["Username must be the email."]}';
	END IF;
	IF lower(i ->> 'email_confirmation') <> i ->> 'email' THEN
		faults := faults || '{"email_confirmation": ["Email confirmation does not match the email."]}';
	END IF;
	IF name_field = 'required' AND NOT i ?| '{first_name,last_name}' THEN
		faults := faults || '{"first_name": ["First and last name can''t both be blank."]}';
	END IF;
	IF name_field = 'both' AND NOT i ? 'first_name' THEN
		faults := faults || '{"first_name": ["First name can''t be blank."]}';
	END IF;
	IF name_field = 'both' AND NOT i ? 'last_name' THEN
		faults := faults || '{"last_name": ["Last name can''t be blank."]}';
	END IF;
	IF mode = 'user_org' AND org_field = 'required' AND org IS NULL THEN
		faults := faults || '{"org_name": ["Organisation name can''t be blank."]}';
	END IF;
	IF length(i ->> 'password') < (s ->> 'realm.password_min_length')::int THEN
		faults := faults || jsonb_build_object('password', ARRAY[format('Password must have at least %s characters.', s ->> 'realm.password_min_length')]);
	ELSIF i ->> 'password' = 'canarypassword' AND s ->> 'realm.password_min_score' <> '0' THEN
		faults := faults || '{"password": ["Password is too easy to guess: common words are guessed first."]}';
	END IF;
	IF i ? 'password' AND password_field = 'twice' AND NOT i ? 'password_confirmation' THEN
		faults := faults || '{"password_confirmation": ["Password confirmation can''t be blank."]}';
	ELSIF i ->> 'password' <> i ->> 'password_confirmation' THEN
		faults := faults || '{"password_confirmation": ["Password confirmation does not match the password."]}';
	END IF;
	IF is_standard AND username = 'taken' THEN
		is_taken := is_taken || '{"username": ["Username is already taken."]}';
	END IF;
	IF i ->> 'email' = 'taken@example.com' AND (NOT is_standard OR (s ->> 'realm.require_unique_emails')::boolean) THEN
		is_taken := is_taken || '{"email": ["Email is already taken."]}';
	END IF;
	IF faults || is_taken <> '{}' THEN
		RETURN jsonb_build_object('code', CASE faults WHEN '{}' THEN 'SU002' ELSE 'SU001' END, 'said', jsonb_build_object('errors', faults || is_taken), 'made', jsonb '{}');
	END IF;

	person := jsonb_build_object('username', username, 'email', i -> 'email', 'first_name', i -> 'first_name', 'last_name', i -> 'last_name', 'custom', coalesce(i -> 'custom', '{}'),
		'hash', CASE WHEN i ? 'password_hash' THEN 'ready' ELSE 'made' END);
	login := CASE
		WHEN NOT logs_in THEN jsonb_build_object('url', s -> 'app.login_handler')
		ELSE jsonb_build_object('url', CASE s ->> 'app.login_handler' WHEN 'https://a.example/login' THEN 'https://a.example/login?token=T&signup=true' ELSE 'https://a.example/login?x=1&token=T&signup=true#y' END,
			'logged in', jsonb_build_object('alg', s -> 'realm.jwt_alg', 'user', username, 'kind', CASE WHEN is_managed THEN 'kss_' ELSE 'ksu_' END))
	END || jsonb_build_object('verification', CASE WHEN is_asked THEN 'requested' ELSE 'none' END);
	CASE mode
		WHEN 'user' THEN
			RETURN login || jsonb_build_object('mode', mode, 'person', person, 'made', jsonb '{"users": 1, "credentials": 1}' || jsonb_build_object('events', 1 + is_asked::int + logs_in::int) || more,
				'events', jsonb '["user.created"]' || asking_event || login_event);
		WHEN 'user_org' THEN
			RETURN login || jsonb_build_object('mode', mode, 'person', person,
				'made', jsonb '{"users": 1, "credentials": 1, "orgs": 1, "memberships": 1}' || jsonb_build_object('events', 3 + is_asked::int + logs_in::int) || more,
				'events', jsonb '["user.created"]' || asking_event || '["org.created", "membership.created"]' || login_event,
				'org', CASE WHEN org IS NULL OR org_field = 'hidden' THEN coalesce(full_name, username) ELSE org END, 'permissions', permissions);
		WHEN 'signup_token' THEN
			RETURN jsonb_build_object('mode', mode, 'person', person, 'made', jsonb '{"signup_tokens": 1}', 'org', NULL, 'lives', extract(epoch FROM (s ->> 'realm.signup_token_ttl')::interval),
				'url', CASE WHEN s ->> 'app.signup_handler' IS NOT NULL THEN 'https://a.example/signup?token=T'
					WHEN s ->> 'app.login_handler' = 'https://a.example/login' THEN 'https://a.example/login?token=T' ELSE 'https://a.example/login?x=1&token=T#y' END);
	END CASE;
END
$$;

-- How many rows a realm has of each kind.
CREATE FUNCTION rows_of(realm uuid) RETURNS jsonb LANGUAGE sql VOLATILE AS $$
	SELECT jsonb_build_object(
		'users', (SELECT count(*) FROM arsignup.users WHERE realm_id = realm), 'credentials', (SELECT count(*) FROM arsignup.credentials WHERE realm_id = realm),
		'orgs', (SELECT count(*) FROM arsignup.orgs WHERE realm_id = realm), 'memberships', (SELECT count(*) FROM arsignup.memberships WHERE realm_id = realm),
		'signup_tokens', (SELECT count(*) FROM arsignup.signup_tokens WHERE realm_id = realm), 'sessions', (SELECT count(*) FROM arsignup.sessions WHERE realm_id = realm), 'events', (SELECT count(*) FROM arsignup.events WHERE realm_id = realm))
$$;

-- What has come of it, by result, error and tables.
CREATE FUNCTION observed(place text, i jsonb) RETURNS jsonb LANGUAGE plpgsql AS $$
DECLARE
	before jsonb := rows_of(realm(place));
	made jsonb;
	r arsignup.signup_result;
	code text;
	message text;
	detail text;
	seen jsonb;
BEGIN
	BEGIN
		SELECT s.* INTO r FROM arsignup.signup(app(place), i ->> 'email', i ->> 'password', i ->> 'username', i ->> 'email_confirmation', i ->> 'password_confirmation', i ->> 'first_name', i ->> 'last_name',
			i ->> 'org_name', coalesce(i -> 'custom', '{}'), password_hash => CASE i ->> 'password_hash' WHEN 'ready' THEN ready_hash() END) AS s;
	EXCEPTION WHEN OTHERS THEN
		GET STACKED DIAGNOSTICS code = RETURNED_SQLSTATE, message = MESSAGE_TEXT, detail = PG_EXCEPTION_DETAIL;
	END;
	SELECT coalesce(jsonb_object_agg(a.key, a.value::int - b.value::int), '{}') INTO made FROM jsonb_each_text(rows_of(realm(place))) AS a JOIN jsonb_each_text(before) AS b USING (key) WHERE a.value <> b.value;
	IF code IS NOT NULL THEN
		RETURN jsonb_build_object('code', code, 'said', CASE detail WHEN '' THEN to_jsonb(message) ELSE detail::jsonb END, 'made', made);
	END IF;
	IF (r.session_id IS NOT NULL AND r.token IS NULL) OR (r.user_id IS NULL) <> (r.signup_mode = 'signup_token') OR (r.signup_mode = 'signup_token' AND (r.token IS NULL OR r.session_id IS NOT NULL))
		OR (r.session_id IS NOT NULL AND NOT EXISTS (SELECT FROM arsignup.sessions AS s WHERE s.id = r.session_id AND s.realm_id = realm(place) AND s.user_id = r.user_id AND s.connected_app_id = app(place)))
		OR (r.org_id IS NULL) <> (r.signup_mode <> 'user_org') OR (r.membership_id IS NULL) <> (r.signup_mode <> 'user_org') THEN
		RETURN jsonb_build_object('INCONSISTENT', r::text);
	END IF;

	seen := jsonb_build_object('mode', r.signup_mode, 'url', CASE WHEN r.token IS NULL THEN r.url ELSE replace(r.url, r.token, 'T') END, 'made', made);
	IF r.signup_mode = 'signup_token' THEN
		RETURN seen || (SELECT jsonb_build_object('org', t.org_name, 'lives', extract(epoch FROM t.expires_at - t.created_at), 'person', jsonb_build_object('username', t.username, 'email', t.email,
				'first_name', t.first_name, 'last_name', t.last_name, 'custom', t.custom, 'hash', CASE WHEN t.password_hash = ready_hash() THEN 'ready' WHEN t.password_hash LIKE '$argon2id$%' THEN 'made' END))
			FROM arsignup.signup_tokens AS t WHERE t.realm_id = realm(place) AND t.connected_app_id = app(place) AND t.email = i ->> 'email');
	END IF;
	seen := seen || (SELECT jsonb_build_object('verification', u.email_verification, 'person', jsonb_build_object('username', u.username, 'email', u.email, 'first_name', u.first_name, 'last_name', u.last_name, 'custom', u.custom,
			'hash', CASE WHEN c.password_hash = ready_hash() THEN 'ready' WHEN c.password_hash LIKE '$argon2id$%' THEN 'made' END))
		FROM arsignup.users AS u JOIN arsignup.credentials AS c ON c.user_id = u.id WHERE u.id = r.user_id AND u.realm_id = realm(place));
	IF r.token IS NOT NULL THEN
		seen := seen || jsonb_build_object('logged in', (SELECT jsonb_build_object('user', c.claims ->> 'un', 'kind', left(c.claims ->> 'tk', 4),
				'alg', (SELECT k.alg FROM arsignup.signing_keys AS k WHERE k.realm_id = realm(place))) || CASE WHEN (r.session_id IS NULL) = (c.claims ->> 'tk' LIKE 'kss%') THEN '{"SESSION": "WRONG"}' ELSE jsonb '{}' END
			FROM (SELECT arsignup.verify_login_token(r.token, realm(place))) AS c (claims)));
	END IF;
	IF r.org_id IS NOT NULL THEN
		seen := seen || (SELECT jsonb_build_object('org', o.name, 'permissions', m.permissions) FROM arsignup.orgs AS o JOIN arsignup.memberships AS m ON m.org_id = o.id
			WHERE m.id = r.membership_id AND o.id = r.org_id AND m.user_id = r.user_id AND o.realm_id = realm(place));
	END IF;
	RETURN seen || (SELECT jsonb_build_object('events', jsonb_agg(e.event_type ORDER BY e.id)) FROM arsignup.events AS e
		WHERE e.realm_id = realm(place) AND e.connected_app_id = app(place) AND (e.user_id = r.user_id OR e.org_id = r.org_id));
END
$$;

CREATE FUNCTION tried(n int, name text, settings jsonb, given jsonb) RETURNS text LANGUAGE sql AS $$
	SELECT is(observed('combination ' || n, given), e, format('signup, combination %s, %s: %s', n, name, coalesce(e ->> 'mode', e ->> 'code'))) FROM expected(settings, given) AS e
$$;

-- At closed doors, somebody whose input is right; behind open ones, everybody.
SELECT hashes_run FROM arsignup.stats() \gset before_
SELECT tried(c.n, p.name, c.settings, arguments(p.name, p.given, p.fits, c.settings)) FROM combination AS c, person AS p
WHERE NOT is_open(c.settings -> 'door') AND p.name = 'everything' ORDER BY c.n;
SELECT is((SELECT hashes_run FROM arsignup.stats()), :before_hashes_run::bigint, 'a closed door costs no hash');
SELECT tried(c.n, p.name, c.settings, arguments(p.name, p.given, p.fits, c.settings)) FROM combination AS c, person AS p
WHERE is_open(c.settings -> 'door') ORDER BY c.n, p.name;

-- The oracle tells cases apart.
SELECT cmp_ok(count(*), '>=', 5::bigint, format('the combinations lead often enough to %s', outcome))
FROM (SELECT coalesce(e ->> 'mode', e ->> 'code') FROM combination AS c, person AS p, expected(c.settings, arguments(p.name, p.given, p.fits, c.settings)) AS e) AS o (outcome)
GROUP BY outcome ORDER BY outcome;

SELECT * FROM finish();
ROLLBACK;
