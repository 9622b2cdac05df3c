-- Logging in: login, sessions, login tokens, browser sessions, signing keys, and the end of a signup. What a single
-- transaction can show of them.
BEGIN;
\ir include/setup.psql
SELECT no_plan();

---------------------------------------------------------------------------------------------------
-- Helpers
---------------------------------------------------------------------------------------------------

-- Every row of every table of ours with its place and versions: equal digests mean that nothing was written, nor locked.
CREATE FUNCTION written() RETURNS text
LANGUAGE plpgsql SECURITY DEFINER SET search_path = pg_catalog, pg_temp AS $$
DECLARE
	relation regclass;
	rows text;
	whole text := '';
BEGIN
	FOR relation IN SELECT oid FROM pg_class WHERE relnamespace = 'arsignup'::regnamespace AND relkind = 'r' ORDER BY oid LOOP
		EXECUTE format('SELECT concat(count(*), md5(string_agg(concat_ws('','', t.ctid, t.xmin, t.xmax, t.cmin, t::text), ''|'' ORDER BY t.ctid))) FROM %s AS t', relation) INTO rows;
		whole := whole || relation || ' ' || rows || ' ';
	END LOOP;
	RETURN whole;
END
$$;

-- What has been counted, for roles that may not look.
CREATE FUNCTION counted() RETURNS TABLE (hashes bigint, ok bigint, failed bigint)
LANGUAGE sql VOLATILE SECURITY DEFINER SET search_path = pg_catalog, pg_temp AS $$ SELECT hashes_run, logins_ok, logins_failed FROM arsignup.stats() $$;

-- Log in, and tell everything of it in one line: the row, what was counted, and whether anything was written.
CREATE FUNCTION attempt(app text, login text, password text) RETURNS text LANGUAGE plpgsql AS $$
DECLARE
	before text := written();
	c record;
	d record;
	r arsignup.login_result;
BEGIN
	SELECT * INTO c FROM counted();
	PERFORM set_config('role', 'arsignup_test_app_' || pg_backend_pid(), true);
	r := arsignup.login(app(app), login, password);
	PERFORM set_config('role', 'none', true);
	SELECT * INTO d FROM counted();
	RETURN concat_ws(' ', r, d.hashes - c.hashes, 'hashes', d.ok - c.ok, 'ok', d.failed - c.failed, 'failed',
		CASE WHEN written() <> before THEN 'AND SOMETHING WAS WRITTEN' END);
END
$$;
CREATE FUNCTION wrong(app text, login text, password text, hashes int, description text) RETURNS text LANGUAGE sql AS $$
	SELECT is(attempt(app, login, password), format('(f,invalid,,,,,) %s hashes 0 ok 1 failed', hashes), description)
$$;
CREATE FUNCTION closed(app text, description text) RETURNS SETOF text LANGUAGE sql AS $$
	SELECT is(attempt(app, login, password), '(f,disabled,,,,,) 0 hashes 0 ok 1 failed', description || ': ' || what)
	FROM (VALUES ('ada@example.com', 'password', 'the right password'), ('ada@example.com', 'canary', 'a wrong one'), ('nobody@example.com', 'canary', 'nobody')) AS v (login, password, what)
$$;

-- Whom a login leads to, if its token holds; why it does not, if it does not.
CREATE FUNCTION who(app text, login text, password text DEFAULT 'password') RETURNS text LANGUAGE plpgsql AS $$
DECLARE
	r arsignup.login_result := arsignup.login(app(app), login, password);
BEGIN
	IF NOT r.ok THEN
		RETURN r.reason;
	END IF;
	RETURN concat_ws(' ', r.user_id, CASE WHEN arsignup.verify_login_token(r.token) ->> 'uid' IS DISTINCT FROM arsignup.format_id('usr', r.user_id) THEN 'BUT THE TOKEN IS NOT THEIRS' END);
END
$$;

-- Tokens taken apart, and made, by SQL alone.
CREATE FUNCTION from_base64url(given text) RETURNS bytea LANGUAGE sql IMMUTABLE AS $$
	SELECT decode(translate(given, '-_', '+/') || repeat('=', (4 - length(given) % 4) % 4), 'base64')
$$;
CREATE FUNCTION to_base64url(given bytea) RETURNS text LANGUAGE sql IMMUTABLE AS $$
	SELECT translate(encode(given, 'base64'), E'+/=\n', '-_')
$$;
CREATE FUNCTION part(token text, n int) RETURNS jsonb LANGUAGE sql IMMUTABLE AS $$ SELECT convert_from(from_base64url(split_part(token, '.', n)), 'UTF8')::jsonb $$;
CREATE FUNCTION hmac(message bytea, key bytea) RETURNS bytea LANGUAGE plpgsql IMMUTABLE AS $$
DECLARE
	inner_pad bytea := CASE WHEN octet_length(key) > 64 THEN sha256(key) ELSE key END;
	outer_pad bytea;
BEGIN
	inner_pad := inner_pad || decode(repeat('00', 64 - octet_length(inner_pad)), 'hex');
	outer_pad := inner_pad;
	FOR i IN 0..63 LOOP
		inner_pad := set_byte(inner_pad, i, get_byte(inner_pad, i) # x'36'::int);
		outer_pad := set_byte(outer_pad, i, get_byte(outer_pad, i) # x'5c'::int);
	END LOOP;
	RETURN sha256(outer_pad || sha256(inner_pad || message));
END
$$;
CREATE FUNCTION signed(header text, payload text, key bytea) RETURNS text LANGUAGE sql IMMUTABLE AS $$
	SELECT m || '.' || to_base64url(hmac(convert_to(m, 'UTF8'), key))
	FROM (VALUES (to_base64url(convert_to(header, 'UTF8')) || '.' || to_base64url(convert_to(payload, 'UTF8')))) AS v (m)
$$;
CREATE FUNCTION signed(header text, payload text, key text) RETURNS text LANGUAGE sql IMMUTABLE AS $$ SELECT signed(header, payload, convert_to(key, 'UTF8')) $$;
CREATE FUNCTION holds(token text) RETURNS boolean LANGUAGE sql VOLATILE AS $$ SELECT arsignup.verify_login_token(token) IS NOT NULL $$;
CREATE FUNCTION seconds(moment timestamptz) RETURNS bigint LANGUAGE sql IMMUTABLE AS $$ SELECT floor(extract(epoch FROM moment))::bigint $$;

-- Refused as ever, and the error shows none of what this file is about.
CREATE FUNCTION denied(statement text, code text, message text, description text) RETURNS text LANGUAGE plpgsql AS $$
DECLARE
	o record;
BEGIN
	SELECT * INTO o FROM outcome(statement, keep => false);
	RETURN is(
		concat_ws(' | ', o.code, o.message, CASE WHEN concat_ws(' ', o.message, o.detail, o.hint) ~ '(canary|argon2|eyJ|jsk_|kbs_|[0-9a-f]{8}-)' THEN 'SHOWN: ' || concat_ws(' ', o.message, o.detail, o.hint) END),
		concat_ws(' | ', denied.code, denied.message), description);
END
$$;

-- Sessions by name.
CREATE TABLE opened (name text PRIMARY KEY, session_id uuid, token text);
GRANT ALL ON opened TO PUBLIC;
CREATE FUNCTION open_session(name text, user_id uuid, realm text DEFAULT 'email') RETURNS void LANGUAGE sql AS $$
	INSERT INTO arsignup_test.opened SELECT name, s.session_id, s.token FROM arsignup.create_session(realm(realm), user_id) AS s
	ON CONFLICT ON CONSTRAINT opened_pkey DO UPDATE SET session_id = EXCLUDED.session_id, token = EXCLUDED.token
$$;
CREATE FUNCTION token(name text) RETURNS text LANGUAGE sql STABLE AS $$ SELECT o.token FROM arsignup_test.opened AS o WHERE o.name = $1 $$;
CREATE FUNCTION session(name text) RETURNS uuid LANGUAGE sql STABLE AS $$ SELECT o.session_id FROM arsignup_test.opened AS o WHERE o.name = $1 $$;

-- Worlds beside those of every file, and who is in them; 'password' is everybody's password.
INSERT INTO arsignup.realms (id, name, username_validation, require_unique_emails, session_type, sso, jwt_alg, signups_enabled) VALUES
	(realm('unmanaged'), 'Unmanaged', 'email', true, 'unmanaged', 'basic', 'HS256', true),
	(realm('shared'), 'Shared', 'standard', false, 'managed', 'basic', 'HS256', true),
	(realm('seamless'), 'Seamless', 'email', true, 'managed', 'seamless', 'EdDSA', true),
	(realm('rsa'), 'RSA', 'email', true, 'managed', 'basic', 'RS256', true);
INSERT INTO arsignup.connected_apps (realm_id, id, name, slug, login_handler)
SELECT realm(realm), app(name), name, 'test-' || app(name), 'https://' || replace(name, ' ', '-') || '.example.com/login'
FROM (VALUES ('unmanaged', 'unmanaged'), ('shared', 'shared'), ('seamless', 'seamless'), ('seamless', 'seamless too'), ('rsa', 'rsa')) AS v (realm, name);

SELECT arsignup.create_user(realm(), 'Ada@Example.com', password_hash => ready_hash(), first_name => 'Ada', last_name => 'Lovelace', custom => '{"plan": "pro"}') AS ada,
	arsignup.create_user(realm(), 'kim@example.com', password_hash => ready_hash()) AS kim,
	arsignup.create_user(realm(), 'passwordless@example.com') AS passwordless,
	arsignup.create_user(realm(), 'inactive@example.com', password_hash => ready_hash()) AS inactive,
	arsignup.create_user(realm(), NULL, user_type => 'api', username => 'Robot.1', password_hash => ready_hash()) AS robot,
	arsignup.create_user(realm('other'), 'elsewhere@example.com', password_hash => ready_hash()) AS elsewhere,
	arsignup.create_user(realm('standard'), 'Ada@Example.com', username => 'Ada_L', password_hash => ready_hash()) AS ada_l,
	arsignup.create_user(realm('shared'), 'both@example.com', username => 'one', password_hash => ready_hash()) AS one,
	arsignup.create_user(realm('shared'), 'both@example.com', username => 'two', password_hash => ready_hash()) AS two,
	arsignup.create_user(realm('unmanaged'), 'ada@example.com', password_hash => ready_hash()) AS free,
	arsignup.create_user(realm('seamless'), 'ada@example.com', password_hash => ready_hash()) AS seamless,
	arsignup.create_user(realm('rsa'), 'ada@example.com', password_hash => ready_hash()) AS rsa \gset
SELECT arsignup.update_user(realm(), :'inactive', state => 'inactive') \g /dev/null

---------------------------------------------------------------------------------------------------
-- A login
---------------------------------------------------------------------------------------------------

SELECT * FROM counted() \gset before_
SET LOCAL ROLE :"app_role";
SELECT * FROM arsignup.login(app('users'), 'ada@example.com', 'password', '192.0.2.7/24', 'Test client') \gset ada_
RESET ROLE;
SELECT is(:'ada_ok' || :'ada_user_id', 't' || :'ada', 'the right password: ok, and who it is');
SELECT is(:{?ada_reason}, false, 'without a reason');
SELECT is((SELECT row(hashes - :before_hashes, ok - :before_ok, failed - :before_failed)::text FROM counted()), '(1,1,0)', 'it hashes once and is counted');
SELECT is(:'ada_url'::text, 'https://app.example.com/login?token=' || :'ada_token', 'the url is the login handler with the token');
SELECT is(
	(SELECT to_jsonb(s) - 'created_at' - 'expires_at' FROM arsignup.sessions AS s WHERE user_id = :'ada'),
	jsonb_build_object('realm_id', realm(), 'id', :'ada_session_id', 'user_id', :'ada', 'connected_app_id', app('users'), 'ended_at', NULL, 'ip', '192.0.2.7/24', 'cookie_digest', NULL, 'token_generation', 0, 'client', 'Test client'),
	'the session: one row');
SELECT is((SELECT expires_at - created_at FROM arsignup.sessions WHERE id = :'ada_session_id'), interval '360 minutes', 'it lasts as long as the realm says');
SELECT is(
	(SELECT jsonb_agg(to_jsonb(e) - 'id' - 'event_at') FROM arsignup.events AS e WHERE e.user_id = :'ada' AND e.event_type <> 'user.created'),
	jsonb_build_array(jsonb_build_object('realm_id', realm(), 'event_type', 'user.login.succeeded', 'user_id', :'ada', 'connected_app_id', app('users'), 'ip', '192.0.2.7/24', 'client', 'Test client',
		'org_id', NULL, 'membership_id', NULL, 'data', NULL, 'claimed_at', NULL)),
	'the event: one, with app, address and client');
SELECT is((SELECT count(DISTINCT t) FROM (
		SELECT created_at FROM arsignup.sessions WHERE id = :'ada_session_id'
		UNION ALL SELECT last_login_at FROM arsignup.users WHERE id = :'ada'
		UNION ALL SELECT event_at FROM arsignup.events WHERE user_id = :'ada' AND event_type = 'user.login.succeeded') AS v (t)), 1::bigint,
	'session, event and last_login_at have one time');
SELECT ok(created_at > now() AND created_at <= clock_timestamp(), 'which is the clock''s, not the transaction''s') FROM arsignup.sessions WHERE id = :'ada_session_id';
SELECT matches(:'ada_session_id'::text, '^[0-9a-f]{8}-[0-9a-f]{4}-7', 'a session''s id is of version 7');
SELECT is((SELECT token_generation FROM arsignup.users WHERE id = :'ada'), 0, 'a login invalidates nothing');

-- Its token, taken apart by others' means.
SELECT arsignup.reveal_jwt_key(realm()) AS key \gset
SELECT matches(:'key'::text, '^jsk_[A-Za-z0-9_-]{43}$', 'the shared secret is what AuthRocket''s clients take: jsk_, and short');
SELECT is(part(:'ada_token', 1), jsonb_build_object('alg', 'HS256', 'typ', 'JWT', 'kid', (SELECT kid FROM arsignup.signing_keys WHERE realm_id = realm())), 'the header: alg, typ, kid and nothing else');
SELECT is(split_part(:'ada_token', '.', 3), to_base64url(hmac(convert_to(left(:'ada_token', -44), 'UTF8'), convert_to(:'key', 'UTF8'))), 'the signature is HMAC-SHA-256 under the shared secret');
CREATE TABLE expected_claims AS
SELECT jsonb_build_object('uid', uid, 'sub', uid, 'aud', arsignup.format_id('rl', realm()), 'un', 'Ada@Example.com', 'n', 'Ada Lovelace', 'fn', 'Ada', 'ln', 'Lovelace',
	'tk', tk, 'sid', tk, 'gen', token_generation, 'iat', seconds(created_at), 'exp', seconds(expires_at)) AS claims
FROM arsignup.sessions, LATERAL (VALUES (arsignup.format_id('usr', user_id), arsignup.format_id('kss', id))) AS v (uid, tk) WHERE id = :'ada_session_id';
GRANT SELECT ON expected_claims TO PUBLIC;
SELECT is(part(:'ada_token', 2), (SELECT claims FROM expected_claims), 'the claims: AuthRocket''s names, with sub and sid');
SET LOCAL ROLE :"app_role";
SELECT is(arsignup.verify_login_token(:'ada_token'), (SELECT claims FROM expected_claims), 'verifying returns them');
SELECT is(arsignup.verify_login_token(:'ada_token', realm()), (SELECT claims FROM expected_claims), 'in its own realm');
SELECT is(arsignup.verify_login_token(:'ada_token', realm('other')), NULL, 'and in no other');
SELECT is(arsignup.verify_login_token(NULL), NULL, 'no token is no login');
RESET ROLE;
SELECT arsignup.login(app('users'), 'kim@example.com', 'password') AS kim \gset login_
SELECT is(part((:'login_kim'::arsignup.login_result).token, 2) - ARRAY['uid', 'sub', 'aud', 'tk', 'sid', 'gen', 'iat', 'exp'], '{"un": "kim@example.com", "n": "kim@example.com"}', 'who has no names goes by the username, and fn and ln are absent');
SELECT is((SELECT row(ip, client)::text FROM arsignup.sessions WHERE user_id = :'kim'), '(,)', 'without address and client there are none');

-- The client's name is whatever somebody sent us.
SELECT arsignup.login(app('users'), 'kim@example.com', 'password', NULL, 'x' || repeat('é', 400)) AS clipped, arsignup.login(app('users'), 'kim@example.com', 'password', '2001:db8::1', E'two\nlines') AS dropped \gset
SELECT is((SELECT client FROM arsignup.sessions WHERE id = (:'clipped'::arsignup.login_result).session_id), 'x' || repeat('é', 255), 'a long name of a client is cut between characters, at 512 bytes');
SELECT is((SELECT row(ip, client)::text FROM arsignup.sessions WHERE id = (:'dropped'::arsignup.login_result).session_id), '(2001:db8::1,)', 'one of two lines is dropped; an address of version 6 is as good');

-- What is typed and what is stored may differ.
SELECT is(who('users', typed), :'ada'::text, 'logged in as ' || shown(typed)) FROM unnest(ARRAY['ada@example.com', 'Ada@Example.com', 'ADA@EXAMPLE.COM', E' \t ada@example.com \n']) AS typed;
SELECT is(who('users', U&'\212Aim@example.com'), :'kim'::text, 'in normal form C the Kelvin sign is a K');
SELECT is(who('users', typed), 'invalid', 'not logged in as ' || shown(typed)) FROM unnest(ARRAY[U&'\FF41da@example.com', U&'k\0131m@example.com', 'ada%', 'ada', '_da@example.com', 'ada@example.com.', 'ada@example.com'' OR true --', '*']) AS typed;
SELECT is(who('standard', typed), :'ada_l'::text, 'in a standard realm ' || shown(typed)) FROM unnest(ARRAY['Ada_L', 'ada_l', ' ADA_L ', 'ada@example.com', 'ADA@example.com ']) AS typed;
SELECT is(who('users', odd || 'ada@example.com' || odd) || who('standard', odd || 'Ada_L' || odd), concat(:'ada', :'ada_l'), 'N3: logins, emails and usernames, are trimmed of ' || what)
FROM (VALUES (U&'\00A0', 'no-break spaces'), (U&'\3000', 'ideographic spaces'), (U&'\200B', 'zero-width spaces'), (U&'\FEFF', 'byte order marks')) AS v (odd, what);
SELECT is(who('shared', login), expected, 'where emails are not unique, ' || shown(login)) FROM (VALUES ('one', :'one'), ('two', :'two'), ('both@example.com', 'invalid')) AS v (login, expected);
SELECT is(who('users', 'robot.1'), :'robot'::text, 'a program logs in by its username');
SELECT is((SELECT count(*) FROM arsignup.sessions WHERE user_id = :'robot'), 0::bigint, 'and has no session');
SELECT arsignup.create_user(realm(), 'cafe@example.com', U&'canary caf\00E9 au lait') AS cafe \gset
SELECT is(who('users', 'cafe@example.com', U&'canary cafe\0301 au lait'), :'cafe'::text, 'a password is the same in either normal form');
SELECT is(who('users', 'cafe@example.com', 'canary cafe au lait'), 'invalid', 'but not without its accent');

---------------------------------------------------------------------------------------------------
-- A wrong login: an answer, one hash, and nothing written
---------------------------------------------------------------------------------------------------

SELECT wrong('users', login, password, 1, format('%s with %s', shown(login), password))
FROM (VALUES ('ada@example.com', 'canary'), ('ada@example.com', 'Password'), ('ada@example.com', 'password '), ('ada@example.com', ready_hash()), ('ada@example.com', repeat('x', 1024)),
	('passwordless@example.com', 'canary'), ('passwordless@example.com', 'password'),
	('inactive@example.com', 'canary'), ('inactive@example.com', 'password'),
	('nobody@example.com', 'canary'), ('elsewhere@example.com', 'password'), ('not a login', 'password'), ('', 'password'), (NULL, 'password'),
	(repeat('a', 1000000), 'password'), (repeat('e' || U&'\0301', 3000), 'password'), ('robot.1', 'canary'), (:'ada', 'password'), (arsignup.format_id('usr', :'ada'), 'password')) AS v (login, password);
-- bcrypt looks at 72 bytes: without that it would be right.
SELECT arsignup.create_user(realm(), 'long@example.com', password_hash => '$2b$04$D8pA7gutHt11a1QWG1D6KeKMoW/0x7yoWN6Vbd//HhadiuNpsqkUi') AS long \gset
SELECT wrong('users', login, password, 1, format('A2: %s with a password that is too long only in normal form', shown(login)))
FROM unnest(ARRAY['ada@example.com', 'nobody@example.com', 'long@example.com']) AS login, unnest(ARRAY[repeat(U&'\0958', 341), repeat(U&'\0301\0316', 900)]) AS password;
SELECT wrong('standard', login, 'canary', 1, 'a standard realm: ' || login) FROM unnest(ARRAY['ada_l', 'ada@example.com', 'nobody', 'nobody@example.com']) AS login;
SELECT wrong('shared', 'both@example.com', 'password', 1, 'an email of two people');
-- What cannot be a password is not hashed, for nobody.
SELECT wrong('users', login, password, 0, format('%s with %s', shown(login), what))
FROM unnest(ARRAY['ada@example.com', 'nobody@example.com', 'inactive@example.com', 'passwordless@example.com']) AS login,
	(VALUES (NULL, 'no password'), ('', 'an empty one'), (repeat('x', 1025), 'one of 1025 bytes'), (repeat('x', 100000), 'one of 100000 bytes')) AS v (password, what);

-- An imported hash may be dearer than what is allowed by now. That too is a wrong login, and tells nobody that there is such a user.
SET LOCAL arsignup.argon2_iterations_max = 20;
SELECT arsignup.create_user(realm(), 'dear@example.com', password_hash => replace(ready_hash(), 't=2', 't=17')) AS dear \gset
RESET arsignup.argon2_iterations_max;
SELECT is((outcome($$SELECT arsignup.login(app('users'), 'dear@example.com', 'canary')$$)).code, '00000', 'a hash that is too dear to verify: an answer, not an error');

UPDATE arsignup.realms SET logins_enabled = false WHERE id = realm();
SELECT closed('users', 'logins are switched off in the realm');
UPDATE arsignup.connected_apps SET logins_enabled = true WHERE id = app('users');
SELECT is(who('users', 'ada@example.com'), :'ada'::text, 'an app may say otherwise: on');
UPDATE arsignup.realms SET logins_enabled = true WHERE id = realm();
UPDATE arsignup.connected_apps SET logins_enabled = false WHERE id = app('users');
SELECT closed('users', 'logins are switched off in the app');
SELECT is(who('orgs', 'ada@example.com'), :'ada'::text, 'and go on in the next');
UPDATE arsignup.connected_apps SET logins_enabled = NULL WHERE id = app('users');
SELECT closed('asleep', 'the app is inactive');
SELECT closed('in asleep realm', 'the realm is inactive');
SELECT is(who('closed', 'ada@example.com'), :'ada'::text, 'signups that are switched off do not matter to a login');

SET LOCAL ROLE :"app_role";
SELECT denied($$SELECT arsignup.login(gen_random_uuid(), 'ada@example.com', 'canary')$$, 'SU010', 'no such connected app', 'an unknown app');
SELECT denied($$SELECT arsignup.login(NULL, 'ada@example.com', 'canary')$$, 'SU010', 'no such connected app', 'no app');
SELECT denied($$SELECT arsignup.login(realm(), 'ada@example.com', 'canary')$$, 'SU010', 'no such connected app', 'a realm''s id for an app''s');
RESET ROLE;

---------------------------------------------------------------------------------------------------
-- A right login makes a weaker hash a current one
---------------------------------------------------------------------------------------------------

-- The credential of a user, without its hash.
CREATE FUNCTION rest_of_credential(usr text) RETURNS text LANGUAGE sql SECURITY DEFINER SET search_path = pg_catalog, pg_temp AS $$
	SELECT (to_jsonb(c) - 'password_hash')::text FROM arsignup.credentials AS c WHERE user_id = usr::uuid
$$;
CREATE FUNCTION hash_of(usr text) RETURNS text LANGUAGE sql SECURITY DEFINER SET search_path = pg_catalog, pg_temp AS $$
	SELECT password_hash FROM arsignup.credentials WHERE user_id = usr::uuid
$$;
SELECT arsignup.create_user(realm(), 'cheap@example.com', password_hash => '$argon2id$v=19$m=8,t=1,p=1$ZmVkY2JhOTg3NjU0MzIxMA$p5lw/Qlg+o1N5CuGo+V8fsUDbk5XsBT1BK7g9xiTBzM') AS cheap \gset
SELECT hash_of(:'cheap') AS hash, rest_of_credential(:'cheap') AS rest, token_generation = 0 AS valid FROM arsignup.users WHERE id = :'cheap' \gset before_
SELECT is(arsignup.password_needs_rehash(:'before_hash'), true, 'a hash from cheaper times');
SELECT wrong('users', 'cheap@example.com', 'b', 1, 'a cheap hash');
SELECT is(hash_of(:'cheap'), :'before_hash', 'a wrong login leaves the hash as it is');
SELECT * FROM counted() \gset before_
SELECT count(*) AS events FROM arsignup.events \gset before_
SELECT is(who('users', 'cheap@example.com', 'a'), :'cheap'::text, 'a right login with a cheap hash');
SELECT is((SELECT row(hashes - :before_hashes, ok - :before_ok, failed - :before_failed)::text FROM counted()), '(2,1,0)', 'hashes once more');
SELECT matches(hash_of(:'cheap'), '^\$argon2id\$v=19\$m=19456,t=2,p=1\$', 'and leaves a hash at the current cost');
SELECT is(arsignup.verify_password('a', hash_of(:'cheap')), true, 'of the same password');
SELECT is(rest_of_credential(:'cheap'), :'before_rest', 'nothing else of the credential has changed');
SELECT is((SELECT token_generation FROM arsignup.users WHERE id = :'cheap'), 0, 'login tokens from before hold');
SELECT is((SELECT count(*) FROM arsignup.events), :before_events::bigint + 1, 'only the login is told');
SELECT hash_of(:'cheap') AS hash \gset before_
SELECT * FROM counted() \gset before_
SELECT is(who('users', 'cheap@example.com', 'a'), :'cheap'::text, 'the next login');
SELECT is((SELECT row(hashes - :before_hashes, ok - :before_ok, failed - :before_failed)::text FROM counted()), '(1,1,0)', 'hashes once, as any other');
SELECT is(hash_of(:'cheap'), :'before_hash', 'and leaves the hash as it is');
SET LOCAL arsignup.argon2_iterations = 3;
SELECT is(who('users', 'cheap@example.com', 'a'), :'cheap'::text, 'a login when the cost has risen');
SELECT matches(hash_of(:'cheap'), '^\$argon2id\$v=19\$m=19456,t=3,p=1\$', 'raises that of the hash');
RESET arsignup.argon2_iterations;
SELECT hash_of(:'cheap') AS hash \gset before_
SELECT is(who('users', 'cheap@example.com', 'a'), :'cheap'::text, 'a login when it has sunk');
SELECT is(hash_of(:'cheap'), :'before_hash', 'leaves it');

---------------------------------------------------------------------------------------------------
-- From where, and how often: login_sources, throttled. Nothing of the counting is rolled back with this file
---------------------------------------------------------------------------------------------------

-- What becomes of so many logins, one after the other. An empty password is wrong without a hash, and counts like any other.
CREATE FUNCTION tried(login text, password text, source inet, times int DEFAULT 1, app text DEFAULT 'users') RETURNS text LANGUAGE plpgsql AS $$
DECLARE
	said text;
	before text;
	alike int := 0;
	whole text;
BEGIN
	FOR n IN 1 .. times + 1 LOOP
		IF n <= times THEN
			said := coalesce((arsignup.login(app(app), login, password, source)).reason, 'ok');
		END IF;
		IF n > times OR said <> before THEN
			whole := concat_ws(', ', whole, alike || ' ' || before);
			alike := 0;
		END IF;
		before := said;
		alike := alike + 1;
	END LOOP;
	RETURN whole;
END
$$;
-- From where somebody is known.
CREATE FUNCTION known(user_id uuid) RETURNS text LANGUAGE sql VOLATILE AS $$
	SELECT string_agg(format('%s %s h', s.source, round(extract(epoch FROM now() - s.logged_in_at) / 3600)), ', ' ORDER BY s.source, s.logged_in_at DESC) FROM arsignup.login_sources AS s WHERE s.user_id = known.user_id
$$;

SELECT arsignup.create_user(realm(), 'home@example.com', password_hash => ready_hash()) AS home, arsignup.create_user(realm(), 'away@example.com', password_hash => ready_hash()) AS away,
	arsignup.create_user(realm('other'), 'home@example.com', password_hash => ready_hash()) AS other_home, arsignup.create_user(realm('standard'), 'home@example.com', username => 'home', password_hash => ready_hash()) AS standard_home \gset
SELECT is(tried('home@example.com', 'password', NULL) || known(:'home'), NULL, 'a login from nowhere is remembered nowhere');
SELECT is(tried('home@example.com', 'password', '192.0.2.7/24', 2) || ': ' || known(:'home'), '2 ok: 192.0.2.7 0 h', 'logins from an address are noted once a day');
SELECT is((SELECT s.logged_in_at FROM arsignup.login_sources AS s WHERE s.user_id = :'home'), (SELECT min(created_at) FROM arsignup.sessions WHERE user_id = :'home' AND ip IS NOT NULL), 'with the time of the session');
UPDATE arsignup.login_sources AS s SET logged_in_at = now() - interval '23 hours' WHERE s.user_id = :'home';
SELECT is(tried('home@example.com', 'password', '192.0.2.7') || ': ' || known(:'home'), '1 ok: 192.0.2.7 23 h', 'not again within the day');
UPDATE arsignup.login_sources AS s SET logged_in_at = now() - interval '25 hours' WHERE s.user_id = :'home';
SELECT is(tried('home@example.com', 'password', '::ffff:192.0.2.7') || ': ' || known(:'home'), '1 ok: 192.0.2.7 0 h, 192.0.2.7 25 h', 'but after it; the address may be written as one of version 6');
SELECT is(tried('away@example.com', 'password', '2001:db8:1:2:3:4:5:6/128') || tried('away@example.com', 'password', '2001:db8:1:2::1/16') || ': ' || known(:'away'), '1 ok1 ok: 2001:db8:1:2::/64 0 h', 'of an address of version 6 counts the /64');
SELECT arsignup.create_session(realm(), :'away', ip => '192.0.2.9') \g /dev/null
SELECT is(known(:'away'), '2001:db8:1:2::/64 0 h', 'a session that the application starts shows nobody''s password');

-- Name and source.
SELECT is(tried('home@example.com', 'canary', '192.0.2.20', 6), '5 invalid, 1 throttled', 'from one source one name may fail five times');
SELECT matches(attempt('users', 'home@example.com', 'password'), '^\(t,,', 'from nowhere it goes on');
SELECT is(tried('home@example.com', 'password', '192.0.2.20'), '1 throttled', 'there not even the right password helps');
SELECT is(regexp_replace(r::text, '(89.|900)\)', '15 minutes)'), '(f,throttled,,,,,15 minutes)', 'the answer says for how long') FROM arsignup.login(app('users'), 'home@example.com', 'password', '192.0.2.20') AS r;
SELECT * FROM counted() \gset before_
SELECT logins_throttled FROM arsignup.stats() \gset before_
SELECT is(tried('home@example.com', 'password', '192.0.2.20', 3), '3 throttled', 'three more');
SELECT is((SELECT row(hashes - :before_hashes, ok - :before_ok, failed - :before_failed, logins_throttled - :before_logins_throttled)::text FROM counted(), arsignup.stats()), '(0,0,0,3)', 'are counted as throttled, and not hashed');
SELECT is(known(:'home'), '192.0.2.7 0 h, 192.0.2.7 25 h', 'from there nobody is known');
SELECT is(tried(U&' HOM\0045@Example.com ', 'password', '::ffff:192.0.2.20'), '1 throttled', 'however name and source are written');
SELECT is(tried('home@example.com', 'password', '192.0.2.21'), '1 ok', 'the next address is another source');
SELECT is(tried('away@example.com', 'password', '192.0.2.20'), '1 ok', 'another name goes on');
SELECT is(tried('home@example.com', 'password', '192.0.2.20', app => 'other'), '1 ok', 'and the same in another realm');
SELECT is(tried('home@example.com', 'password', '192.0.2.20', app => 'orgs'), '1 throttled', 'but not in another app');
SELECT is(tried(login, 'canary', '192.0.2.20', 6), '5 invalid, 1 throttled', 'nobody is counted likewise: ' || shown(login)) FROM unnest(ARRAY['no.home@example.com', 'not a login', NULL]) AS login;
SELECT is(tried('away@example.com', 'canary', '2001:db8:9::1', 3) || tried('away@example.com', 'canary', '2001:db8:9::ffff:0:0:1', 3), '3 invalid2 invalid, 1 throttled', 'a /64 is one source');
SELECT is(tried('away@example.com', 'password', '2001:db8:9:1::1'), '1 ok', 'the next /64 is another');
SELECT is(tried('home', 'canary', '192.0.2.22', 6, 'standard') || tried('HOME', 'password', '192.0.2.22', 1, 'standard') || tried('home@example.com', 'password', '192.0.2.22', 1, 'standard'), '5 invalid, 1 throttled1 throttled1 ok', 'username and email are two names');
SELECT is(tried('home', 'password', '192.0.2.22', 1, 'standard'), '1 ok', 'but the user is known there now, by whichever name');
SELECT is(tried('home@example.com', 'password', '192.0.2.7', 8), '8 ok', 'who is right counts for nothing');

-- What can be nobody's password is no guess: it is neither counted nor in anybody's way.
SELECT limiter_entries FROM arsignup.stats() \gset before_
SELECT is(tried(login, password, '192.0.2.24', 10), '10 invalid', format('ten times %s for %s', what, login))
FROM unnest(ARRAY['away@example.com', 'nobody.at.all@example.com']) AS login, (VALUES (NULL, 'no password'), ('', 'an empty one'), (repeat('x', 1025), 'one of 1025 bytes')) AS v (password, what);
SELECT is(limiter_entries, :before_limiter_entries::bigint, 'nothing is counted of them') FROM arsignup.stats();
SELECT is(tried('away@example.com', 'password', '192.0.2.24'), '1 ok', 'and who is right gets in');

-- The name alone. A hundred failures from everywhere keep out whoever is not known.
SELECT is(string_agg(DISTINCT tried('home@example.com', 'canary', '198.51.100.0'::inet + n, 5), ' '), '5 invalid', 'a stranger fails from source after source') FROM generate_series(1, 18) AS n;
SELECT matches(string_agg(tried('home@example.com', 'canary', '198.51.101.0'::inet + n), ' ' ORDER BY n), '^(1 invalid ){4,9}1 throttled', 'until there were a hundred') FROM generate_series(1, 15) AS n;
SELECT is(tried('home@example.com', 'password', source), '1 throttled', 'then no stranger gets in: ' || coalesce(host(source), 'from nowhere')) FROM unnest(ARRAY['198.51.102.1', '192.0.2.9', NULL]::inet[]) AS source;
SELECT is(tried('home@example.com', 'password', source), '1 ok', 'the owner does: ' || source) FROM unnest(ARRAY['192.0.2.7', '192.0.2.21', '::ffff:192.0.2.7']::inet[]) AS source;
DELETE FROM arsignup.login_sources AS s WHERE s.user_id = :'home' AND s.logged_in_at < now() - interval '1 hour';
UPDATE arsignup.login_sources AS s SET logged_in_at = now() - interval '30 days' WHERE s.user_id = :'home';
SELECT is(tried('home@example.com', 'password', '192.0.2.7'), '1 throttled', 'not from where they were thirty days ago');
UPDATE arsignup.login_sources AS s SET logged_in_at = now() - interval '29 days 23 hours' WHERE s.user_id = :'home' AND source = '192.0.2.21';
SELECT is(tried('home@example.com', 'password', '192.0.2.21'), '1 ok', 'but of late');

-- The source alone.
SELECT is(string_agg(DISTINCT tried(n || '@example.com', 'canary', '203.0.113.1'), ' '), '1 invalid', 'a hundred names fail from one source') FROM generate_series(1, 100) AS n;
SELECT is(tried('away@example.com', 'password', '203.0.113.1'), '1 throttled', 'then none gets in from there');
SELECT is(tried('away@example.com', 'password', '203.0.113.2'), '1 ok', 'from the next they do');
INSERT INTO arsignup.login_sources VALUES (realm(), :'away', '203.0.113.1', now());
SELECT is(tried('away@example.com', 'password', '203.0.113.1'), '1 throttled', 'nor who is known there: whoever shares a source may know one of its users');

-- What is old is purged; the rest goes with the user.
DELETE FROM arsignup.login_sources;
INSERT INTO arsignup.login_sources SELECT realm(), :'home', source, clock_timestamp() - age FROM (VALUES ('192.0.2.1'::inet, interval '31 days'), ('192.0.2.1', '30 days'), ('192.0.2.1', '1 day'), ('192.0.2.2', '29 days 23:59:59'), ('192.0.2.3', '400 days')) AS v (source, age);
SELECT arsignup.purge_expired() \g /dev/null
SELECT is((SELECT string_agg(host(source), ' ' ORDER BY source) FROM arsignup.login_sources), '192.0.2.1 192.0.2.2', 'purge_expired: sources from which nobody has logged in for thirty days');
SELECT is(arsignup.purge_expired(), 0::bigint, 'purge_expired: and no others');
INSERT INTO arsignup.login_sources SELECT realm(), :'home', '192.0.2.3', now() - interval '1 day' * n FROM generate_series(31, 35) AS n;
SELECT is(arsignup.purge_expired(2) || ' ' || arsignup.purge_expired(2) || ' ' || arsignup.purge_expired(2), '2 2 1', 'purge_expired: as many as asked for');
SELECT arsignup.delete_user(realm(), :'home') \g /dev/null
SELECT is_empty('SELECT FROM arsignup.login_sources', 'delete_user: none is left');

---------------------------------------------------------------------------------------------------
-- Unmanaged sessions: the token is all there is
---------------------------------------------------------------------------------------------------

SELECT arsignup.login(app('unmanaged'), 'ada@example.com', 'password', '192.0.2.7', 'Test client') AS login \gset free_
SELECT is((:'free_login'::arsignup.login_result).ok, true, 'a login in a realm that does not manage sessions');
SELECT is((:'free_login'::arsignup.login_result).session_id, NULL, 'has no session');
SELECT is((SELECT count(*) FROM arsignup.sessions WHERE realm_id = realm('unmanaged')), 0::bigint, 'stored');
SELECT (:'free_login'::arsignup.login_result).token AS free_token \gset
SELECT matches(part(:'free_token', 2) ->> 'tk', '^ksu_[0-9A-Za-z]{22}$', 'its token says so: tk does not begin with kss_, so that no client tries to end it');
SELECT is(arsignup.verify_login_token(:'free_token'), part(:'free_token', 2), 'and verifies');
SELECT is((SELECT row(connected_app_id = app('unmanaged'), ip, client)::text FROM arsignup.events WHERE user_id = :'free' AND event_type = 'user.login.succeeded'), '(t,192.0.2.7,"Test client")', 'the event tells of it like of any other');

---------------------------------------------------------------------------------------------------
-- create_session
---------------------------------------------------------------------------------------------------

SELECT * FROM counted() \gset before_
SET LOCAL ROLE :"app_role";
SELECT * FROM arsignup.create_session(realm(), :'kim', app('users'), '192.0.2.8', 'By hand') \gset made_
RESET ROLE;
SELECT is((SELECT hashes FROM counted()), :before_hashes::bigint, 'create_session does not hash');
SELECT is(
	(SELECT to_jsonb(s) - 'created_at' - 'expires_at' FROM arsignup.sessions AS s WHERE id = :'made_session_id'),
	jsonb_build_object('realm_id', realm(), 'id', :'made_session_id', 'user_id', :'kim', 'connected_app_id', app('users'), 'ended_at', NULL, 'ip', '192.0.2.8', 'cookie_digest', NULL, 'token_generation', 0, 'client', 'By hand'),
	'it stores the session');
SELECT is((SELECT row(expires_at, expires_at - created_at)::text FROM arsignup.sessions WHERE id = :'made_session_id'), row(:'made_expires_at'::timestamptz, interval '6 hours')::text, 'and returns when it expires');
SELECT is(arsignup.verify_login_token(:'made_token') ->> 'tk', arsignup.format_id('kss', :'made_session_id'), 'its token verifies');
SELECT is((SELECT row(event_type, connected_app_id = app('users'), ip, client)::text FROM arsignup.events WHERE user_id = :'kim' ORDER BY id DESC LIMIT 1), '(user.login.succeeded,t,192.0.2.8,"By hand")', 'and its event is a login''s');
SELECT session_id, token FROM arsignup.create_session(realm(), :'kim') \gset appless_
SELECT is((SELECT row(connected_app_id, ip, client)::text FROM arsignup.sessions WHERE id = :'appless_session_id'), '(,,)', 'an app, an address and a client may be missing');
SELECT is(holds(:'appless_token'), true, 'from a session that holds');
UPDATE arsignup.realms SET session_minutes = 1 WHERE id = realm('shared');
SELECT expires_at - clock_timestamp() BETWEEN interval '59 seconds' AND interval '60 seconds' AS is_a_minute FROM arsignup.create_session(realm('shared'), :'one') \gset
SELECT is(:'is_a_minute'::boolean, true, 'it lasts as long as the realm says');
SELECT session_id, token, expires_at AS expiry FROM arsignup.create_session(realm(), :'robot', app('users')) \gset robot_
SELECT is(:{?robot_session_id}, false, 'a program''s session is not managed, in no realm');
SELECT is(to_timestamp((arsignup.verify_login_token(:'robot_token') ->> 'exp')::bigint), date_trunc('second', :'robot_expiry'::timestamptz), 'but its token holds, until then');
SELECT is((SELECT count(*) FROM arsignup.sessions WHERE user_id = :'robot'), 0::bigint, 'and nothing is stored');

SET LOCAL ROLE :"app_role";
SELECT denied(format('SELECT arsignup.create_session(%s, %L)', realm, :'ada'), 'SU010', 'no such realm', 'create_session: realm ' || realm) FROM unnest(ARRAY['NULL', 'gen_random_uuid()', 'app()']) AS realm;
SELECT denied(format('SELECT arsignup.create_session(realm(), %s)', u), 'SU010', 'no such user', 'create_session: user ' || what)
FROM (VALUES ('NULL', 'null'), ('gen_random_uuid()', 'unknown'), (quote_literal(:'elsewhere'), 'of another realm'), ('realm()', 'a realm''s id')) AS v (u, what);
SELECT denied(format('SELECT arsignup.create_session(realm(), %L, %s)', :'ada', app), 'SU010', 'no such connected app', 'create_session: app ' || app) FROM unnest(ARRAY['gen_random_uuid()', 'realm()', 'app(''other'')']) AS app;
SELECT denied(format('SELECT arsignup.create_session(realm(), %L)', :'inactive'), 'SU006', 'user is inactive', 'create_session: an inactive user');
SELECT denied(format('SELECT arsignup.create_session(realm(), %L, app(''asleep''))', :'ada'), 'SU006', 'connected app is inactive', 'create_session: an inactive app');
SELECT denied(format('SELECT arsignup.create_session(realm(''asleep''), %L)', :'ada'), 'SU006', 'realm is inactive', 'create_session: an inactive realm');
SELECT denied(format('SELECT arsignup.create_session(realm(''asleep''), %L, app(''in asleep realm''))', :'ada'), 'SU006', 'realm is inactive', 'create_session: an inactive realm, with its app');
RESET ROLE;
UPDATE arsignup.realms SET logins_enabled = false WHERE id = realm();
UPDATE arsignup.connected_apps SET logins_enabled = true WHERE id = app('orgs');
SELECT denied(format('SELECT arsignup.create_session(realm(), %L)', :'ada'), 'SU006', 'logins are switched off', 'create_session: logins switched off in the realm');
SELECT denied(format('SELECT arsignup.create_session(realm(), %L, app(''users''))', :'ada'), 'SU006', 'logins are switched off', 'create_session: and in an app that does not say otherwise');
SELECT is((outcome(format('SELECT arsignup.create_session(realm(), %L, app(''orgs''))', :'ada'))).code, '00000', 'create_session: not in one that does');
UPDATE arsignup.realms SET logins_enabled = true WHERE id = realm();
UPDATE arsignup.connected_apps SET logins_enabled = false WHERE id = app('orgs');
SELECT denied(format('SELECT arsignup.create_session(realm(), %L, app(''orgs''))', :'ada'), 'SU006', 'logins are switched off', 'create_session: logins switched off in the app alone');
UPDATE arsignup.connected_apps SET logins_enabled = NULL WHERE id = app('orgs');

---------------------------------------------------------------------------------------------------
-- Verifying: what is not a token of ours, or no longer
---------------------------------------------------------------------------------------------------

-- Verifying writes nothing and needs no right to.
SELECT written() AS before \gset
SAVEPOINT reading;
SET LOCAL transaction_read_only = on;
SET LOCAL ROLE :"app_role";
SELECT arsignup.verify_login_token(:'made_token') IS NOT NULL AND arsignup.verify_login_token(:'free_token') IS NOT NULL AND arsignup.jwks(realm()) IS NOT NULL AS verified \gset
ROLLBACK TO reading;
SELECT is(:'verified'::boolean, true, 'a transaction that only reads verifies managed and unmanaged tokens');
SELECT is(written(), :'before'::text, 'verifying writes nothing and locks nothing');

SELECT arsignup.reveal_jwt_key(realm('unmanaged')) AS free_key, arsignup.reveal_jwt_key(realm('other')) AS other_key, part(:'free_token', 1) AS free_header, part(:'free_token', 2) AS free_claims,
	seconds(clock_timestamp()) AS at \gset
SELECT kid AS other_kid FROM arsignup.signing_keys WHERE realm_id = realm('other') \gset
SELECT is(holds(signed(:'free_header', :'free_claims', :'free_key')), true, 'whoever has the shared secret signs tokens that hold');
SELECT is(holds(signed(:'free_header', claims::text, :'free_key')), expected, what)
FROM (VALUES
	(:'free_claims'::jsonb || jsonb_build_object('exp', :at - 25), true, 'expired 25 seconds ago: clocks differ'),
	(:'free_claims'::jsonb || jsonb_build_object('exp', :at - 35), false, 'expired 35 seconds ago'),
	(:'free_claims'::jsonb || jsonb_build_object('exp', 0), false, 'expired in 1970'),
	(:'free_claims'::jsonb || jsonb_build_object('iat', :at + 25), true, 'made in 25 seconds: clocks differ'),
	(:'free_claims'::jsonb || jsonb_build_object('iat', :at + 40), false, 'made in 40 seconds'),
	(:'free_claims'::jsonb || jsonb_build_object('gen', 1), false, 'R9: of another generation'), (:'free_claims'::jsonb - 'gen', false, 'R9: of none'),
	(:'free_claims'::jsonb - 'exp', false, 'without exp'), (:'free_claims'::jsonb - 'iat', false, 'without iat'), (:'free_claims'::jsonb - 'aud', false, 'without aud'),
	(:'free_claims'::jsonb - 'uid', false, 'without uid'), (:'free_claims'::jsonb - 'tk', false, 'without tk'),
	(:'free_claims'::jsonb || jsonb_build_object('exp', (:at + 100)::text), false, 'exp as a string'),
	(:'free_claims'::jsonb || jsonb_build_object('aud', arsignup.format_id('rl', realm('other'))), false, 'another realm''s aud'),
	(:'free_claims'::jsonb || jsonb_build_object('aud', jsonb_build_array(:'free_claims'::jsonb ->> 'aud')), false, 'aud as an array'),
	(:'free_claims'::jsonb || jsonb_build_object('uid', arsignup.format_id('usr', :'ada'), 'sub', arsignup.format_id('usr', :'ada')), false, 'a user of another realm'),
	(:'free_claims'::jsonb || jsonb_build_object('uid', arsignup.format_id('usr', gen_random_uuid())), false, 'sub is not uid'),
	(:'free_claims'::jsonb || jsonb_build_object('uid', arsignup.format_id('org', :'free'), 'sub', arsignup.format_id('org', :'free')), false, 'an org''s id for a user''s'),
	(:'free_claims'::jsonb || jsonb_build_object('tk', replace(:'free_claims'::jsonb ->> 'tk', 'ksu_', 'kss_'), 'sid', replace(:'free_claims'::jsonb ->> 'tk', 'ksu_', 'kss_')), false, 'a managed session that there is not')
) AS v (claims, expected, what);
SELECT is(arsignup.verify_login_token(token), NULL, what)
FROM (VALUES
	('', 'nothing'), ('..', 'dots'), (:'free_token' || '.', 'a fourth part'), (split_part(:'free_token', '.', 1) || '.' || split_part(:'free_token', '.', 2) || '.', 'no signature'),
	(:'free_token' || '=', 'padding'), (' ' || :'free_token', 'a space before'), (:'free_token' || E'\n', 'a line feed behind'),
	(left(:'free_token', -1) || translate(right(:'free_token', 1), 'AEIMQUYcgkosw048', 'BFJNRVZdhlptx159'), 'a spare bit of the signature'),
	(signed(:'free_header', :'free_claims', :'other_key'), 'another realm''s key'),
	(signed(jsonb_set(:'free_header', '{kid}', to_jsonb(:'other_kid'::text))::text, :'free_claims', :'other_key'), 'another realm''s key and kid'),
	(signed(jsonb_set(:'free_header', '{kid}', '"jk_0000000000000000000000"')::text, :'free_claims', :'free_key'), 'an unknown kid'),
	(signed((:'free_header'::jsonb - 'kid')::text, :'free_claims', :'free_key'), 'no kid'),
	(signed(jsonb_set(:'free_header', '{alg}', '"none"')::text, :'free_claims', :'free_key'), 'alg none'),
	(signed(jsonb_set(:'free_header', '{alg}', '"hs256"')::text, :'free_claims', :'free_key'), 'alg in lower case'),
	(signed(jsonb_set(:'free_header', '{alg}', '"EdDSA"')::text, :'free_claims', :'free_key'), 'the alg of another key'),
	(signed((:'free_header'::jsonb || '{"crit": ["exp"]}')::text, :'free_claims', :'free_key'), 'crit'),
	(signed(:'free_header', left(:'free_claims', -1) || ', "exp": 9999999999}', :'free_key'), 'exp twice'),
	(signed(:'free_header', :'free_claims' || ' {}', :'free_key'), 'something behind the claims'),
	(signed(:'free_header', '[]', :'free_key'), 'claims that are no object'),
	('utk_' || repeat('A', 64), 'a signup token')) AS v (token, what);

-- A managed session: its row has the last word.
SELECT open_session(name, u) FROM (VALUES ('lives', :'ada'::uuid), ('expires', :'ada'), ('ends', :'ada'), ('is deleted', :'ada'), ('changes hands', :'ada')) AS v (name, u);
SELECT is(holds(token(name)), true, 'a session that ' || name || ': its token holds') FROM opened;
UPDATE arsignup.sessions SET created_at = now() - interval '7 hours', expires_at = clock_timestamp() - interval '1 millisecond' WHERE id = session('expires');
UPDATE arsignup.sessions SET user_id = :'kim' WHERE id = session('changes hands');
DELETE FROM arsignup.sessions WHERE id = session('is deleted');
SET LOCAL ROLE :"app_role";
SELECT is(arsignup.end_session(realm('other'), session('ends')), false, 'end_session: another realm''s session is not to be ended');
SELECT is(holds(token('ends')), true, 'and goes on');
SELECT is(arsignup.end_session(realm(), session('ends')), true, 'end_session: it was going on');
SELECT is(arsignup.end_session(realm(), session('ends')), false, 'end_session: and is no longer');
SELECT is(arsignup.end_session(realm(), session('expires')), false, 'end_session: an expired one is not going on');
SELECT is(arsignup.end_session(realm(), id), false, 'end_session: ' || shown(id::text)) FROM unnest(ARRAY[NULL, gen_random_uuid(), :'ada'::uuid]) AS id;
SELECT denied(format('SELECT arsignup.end_session(%s, %L)', realm, session('lives')), 'SU010', 'no such realm', 'end_session: realm ' || realm) FROM unnest(ARRAY['NULL', 'gen_random_uuid()']) AS realm;
SELECT is(holds(token(name)), name = 'lives', 'a session that ' || name || ': its token afterwards') FROM opened;
RESET ROLE;
SELECT is((SELECT ended_at BETWEEN now() AND clock_timestamp() FROM arsignup.sessions WHERE id = session('ends')), true, 'its row says since when');

-- end_sessions: all of a user's, the unmanaged too, and nobody else's.
SELECT open_session('one', :'ada'), open_session('two', :'ada'), open_session('kim''s', :'kim') \g /dev/null
SELECT open_session('free', :'free', 'unmanaged') \g /dev/null
SELECT count(*) AS going_on FROM arsignup.sessions WHERE user_id = :'ada' AND ended_at IS NULL AND expires_at > clock_timestamp() \gset
SET LOCAL ROLE :"app_role";
SELECT is(arsignup.end_sessions(realm(), :'ada'), :going_on::bigint, 'end_sessions: how many were going on, neither ended nor expired');
SELECT is(arsignup.end_sessions(realm(), :'ada'), 0::bigint, 'end_sessions: none any more');
SELECT is(arsignup.end_sessions(realm('unmanaged'), :'free'), 0::bigint, 'end_sessions: unmanaged ones are not counted');
SELECT is(holds(token(name)), name = 'kim''s', 'end_sessions, afterwards: ' || name) FROM unnest(ARRAY['lives', 'one', 'two', 'free', 'kim''s']) AS name;
SELECT is(holds(:'ada_token'), false, 'end_sessions: the token of the first login is over');
SELECT is(who('users', 'ada@example.com'), :'ada'::text, 'end_sessions: the next login holds');
SELECT is(who('unmanaged', 'ada@example.com'), :'free'::text, 'end_sessions: likewise in an unmanaged realm');
SELECT denied(format('SELECT arsignup.end_sessions(%s, %L)', realm, :'ada'), 'SU010', 'no such realm', 'end_sessions: realm ' || realm) FROM unnest(ARRAY['NULL', 'gen_random_uuid()']) AS realm;
SELECT denied(format('SELECT arsignup.end_sessions(realm(), %s)', u), 'SU010', 'no such user', 'end_sessions: user ' || what)
FROM (VALUES ('NULL', 'null'), ('gen_random_uuid()', 'unknown'), (quote_literal(:'elsewhere'), 'of another realm')) AS v (u, what);
RESET ROLE;

---------------------------------------------------------------------------------------------------
-- What ends the tokens of a user
---------------------------------------------------------------------------------------------------

-- Do something to the user of a realm whose tokens are managed, and to that of one whose are not; tell which of the tokens
-- from before and of those from after hold.
SELECT arsignup.create_user(realm(), 'ends@example.com', 'canary one two three') AS managed, arsignup.create_user(realm('unmanaged'), 'ends@example.com', 'canary one two three') AS unmanaged \gset
CREATE TABLE ending (realm text, user_id uuid);
INSERT INTO ending VALUES ('email', :'managed'), ('unmanaged', :'unmanaged');
CREATE FUNCTION around(statement text) RETURNS text LANGUAGE plpgsql AS $$
DECLARE
	e record;
	before text;
	other text;
	got text;
	said text := '';
BEGIN
	FOR e IN SELECT * FROM ending ORDER BY realm LOOP
		before := (arsignup.create_session(realm(e.realm), e.user_id)).token;
		EXECUTE format(statement, e.realm, e.user_id) INTO got;
		other := NULL;
		BEGIN
			other := (arsignup.create_session(realm(e.realm), e.user_id)).token;
		EXCEPTION WHEN SQLSTATE 'SU006' OR SQLSTATE 'SU010' THEN
			other := SQLSTATE;
		END;
		said := said || format('%s: %s before %s after %s. ', e.realm, coalesce(nullif(got, ''), '-'), holds(before)::text,
			CASE WHEN other LIKE 'SU%' THEN other ELSE holds(other)::text END);
	END LOOP;
	RETURN said;
END
$$;
SELECT is(around($$SELECT 'nothing'$$), 'email: nothing before true after true. unmanaged: nothing before true after true. ', 'nothing happens: tokens hold');
SELECT is(around($$SELECT arsignup.change_password(realm(%L), %L, 'canary wrong', 'canary four five six')$$), 'email: false before true after true. unmanaged: false before true after true. ', 'a change of password with a wrong one ends nothing');
SELECT is(around($$SELECT arsignup.change_password(realm(%L), %L, 'canary one two three', 'canary four five six')$$), 'email: true before false after true. unmanaged: true before false after true. ', 'a change of password ends the tokens from before, and only those');
SELECT is(around($$SELECT arsignup.set_password(realm(%L), %L, 'canary seven eight')$$), 'email: - before false after true. unmanaged: - before false after true. ', 'a new password likewise');
SELECT is(around($$SELECT arsignup.update_user(realm(%L), %L, first_name => 'Other', custom => '{"a": 1}')$$), 'email: - before true after true. unmanaged: - before true after true. ', 'a new name ends nothing');
SELECT is(around($$SELECT arsignup.update_user(realm(%L), %L, email => 'moved@example.com', state => 'active')$$), 'email: - before true after true. unmanaged: - before true after true. ', 'nor does a new email');
SELECT open_session('sleeps', :'managed'), open_session('sleeps free', :'unmanaged', 'unmanaged') \g /dev/null
SELECT is(around($$SELECT arsignup.update_user(realm(%L), %L, state => 'inactive')$$), 'email: - before false after SU006. unmanaged: - before false after SU006. ', 'who is inactive has no tokens and gets none');
SELECT arsignup.update_user(realm(realm), user_id, state => 'active') FROM ending \g /dev/null
SELECT is(holds(token(name)), false, 'active again, but the token from before stays refused: ' || name) FROM unnest(ARRAY['sleeps', 'sleeps free']) AS name;
SELECT is(around($$SELECT 'nothing'$$), 'email: nothing before true after true. unmanaged: nothing before true after true. ', 'and the next holds');
SELECT is(around($$SELECT arsignup.delete_user(realm(%L), %L)$$), 'email: true before false after SU010. unmanaged: true before false after SU010. ', 'a deleted user has no tokens');
SELECT is((SELECT count(*) FROM arsignup.sessions WHERE user_id = :'managed'), 0::bigint, 'nor sessions');

-- The realm: while it is inactive nobody is logged in.
SELECT open_session('rests', :'ada'), open_session('rests free', :'free', 'unmanaged') \g /dev/null
UPDATE arsignup.realms SET state = 'inactive' WHERE id IN (realm(), realm('unmanaged'));
SELECT is(holds(token(name)), false, 'in an inactive realm no token holds: ' || name) FROM unnest(ARRAY['rests', 'rests free']) AS name;
UPDATE arsignup.realms SET state = 'active' WHERE id IN (realm(), realm('unmanaged'));
SELECT is(holds(token(name)), true, 'in an active one it does again: ' || name) FROM unnest(ARRAY['rests', 'rests free']) AS name;
UPDATE arsignup.realms SET logins_enabled = false WHERE id = realm();
SELECT is(holds(token('rests')), true, 'switching logins off logs nobody out');
UPDATE arsignup.realms SET logins_enabled = true WHERE id = realm();
UPDATE arsignup.realms SET session_type = 'unmanaged' WHERE id = realm();
SELECT is(holds(token('rests')), true, 'nor does a realm that manages sessions no longer');
SELECT is(arsignup.end_session(realm(), session('rests')), true, 'a session from before can still be ended');
SELECT is(holds(token('rests')), false, 'and is over then');
UPDATE arsignup.realms SET session_type = 'managed' WHERE id = realm();

---------------------------------------------------------------------------------------------------
-- The end of a signup
---------------------------------------------------------------------------------------------------

UPDATE arsignup.realms SET default_permissions = '{owner}' WHERE id = realm();
SET LOCAL ROLE :"app_role";
SELECT * FROM arsignup.signup(app('users'), 'new@example.com', first_name => 'New', last_name => 'User', ip => '192.0.2.9', client => 'Browser', password_hash => ready_hash()) \gset new_
RESET ROLE;
SELECT is(:'new_signup_mode' || :{?new_org_id}::text || :{?new_membership_id}::text, 'userfalsefalse', 'a signup in mode user');
SELECT is(
	(SELECT to_jsonb(s) - 'created_at' - 'expires_at' FROM arsignup.sessions AS s WHERE user_id = :'new_user_id'),
	jsonb_build_object('realm_id', realm(), 'id', :'new_session_id', 'user_id', :'new_user_id', 'connected_app_id', app('users'), 'ended_at', NULL, 'ip', '192.0.2.9', 'cookie_digest', NULL, 'token_generation', 0, 'client', 'Browser'),
	'ends with a session');
SELECT is(arsignup.verify_login_token(:'new_token') - ARRAY['gen', 'iat', 'exp', 'aud'],
	jsonb_build_object('uid', u, 'sub', u, 'tk', s, 'sid', s, 'un', 'new@example.com', 'n', 'New User', 'fn', 'New', 'ln', 'User'), 'whose token holds')
FROM arsignup.format_id('usr', :'new_user_id') AS u, arsignup.format_id('kss', :'new_session_id') AS s;
SELECT is(:'new_url'::text, 'https://app.example.com/login?token=' || :'new_token' || '&signup=true', 'and goes to the login handler with signup=true behind it');
SELECT is((SELECT string_agg(row(event_type, connected_app_id = app('users'), ip, client)::text, ' ' ORDER BY id) FROM arsignup.events WHERE user_id = :'new_user_id'),
	'(user.created,t,192.0.2.9,Browser) (user.login.succeeded,t,192.0.2.9,Browser)', 'the events: made, logged in');
SELECT is((SELECT count(DISTINCT t) FROM (
		SELECT created_at FROM arsignup.sessions WHERE id = :'new_session_id'
		UNION ALL SELECT last_login_at FROM arsignup.users WHERE id = :'new_user_id'
		UNION ALL SELECT created_at FROM arsignup.users WHERE id = :'new_user_id') AS v (t)), 1::bigint, 'user, session and last_login_at have one time');
SELECT is((SELECT url FROM arsignup.login(app('users'), 'new@example.com', 'password')) ~ 'signup', false, 'the next login says nothing of a signup');

UPDATE arsignup.realms SET jwt_fields = '{memberships,orgs}' WHERE id = realm();
SELECT * FROM arsignup.signup(app('orgs'), 'engines@example.com', org_name => 'Engines', password_hash => ready_hash()) \gset org_
SELECT is(:'org_signup_mode'::text, 'user_org', 'a signup in mode user_org');
SELECT is((SELECT row(user_id, connected_app_id)::text FROM arsignup.sessions WHERE id = :'org_session_id'), row(:'org_user_id'::uuid, app('orgs'))::text, 'ends with a session too');
SELECT is(arsignup.verify_login_token(:'org_token') -> 'm', jsonb_build_array(jsonb_build_object('p', '["owner"]'::jsonb, 'oid', arsignup.format_id('org', :'org_org_id'), 'o', 'Engines', 'cs', '{}'::jsonb, 'ocs', '{}'::jsonb)),
	'whose token knows the org that was just made');
SELECT is((SELECT string_agg(event_type, ' ' ORDER BY id) FROM arsignup.events WHERE user_id = :'org_user_id' OR org_id = :'org_org_id'), 'user.created org.created membership.created user.login.succeeded', 'the events, in their order');
UPDATE arsignup.realms SET jwt_fields = '{}' WHERE id = realm();

UPDATE arsignup.realms SET session_type = 'unmanaged' WHERE id = realm();
SELECT * FROM arsignup.signup(app('users'), 'unmanaged@example.com', password_hash => ready_hash()) \gset unmanaged_
SELECT is(:{?unmanaged_session_id}, false, 'where sessions are not managed a signup has none');
SELECT is(holds(:'unmanaged_token'), true, 'but a token');
UPDATE arsignup.realms SET session_type = 'managed' WHERE id = realm();
SELECT is(holds(:'unmanaged_token'), false, 'which does not hold once sessions are managed: an app could make any token look like it');

UPDATE arsignup.connected_apps SET logins_enabled = false WHERE id IN (app('users'), app('orgs'));
SELECT * FROM arsignup.signup(app('users'), 'off@example.com', password_hash => ready_hash()) \gset off_
SELECT is(format('%s %s %s', :{?off_session_id}, :{?off_token}, :'off_url'), 'f f https://app.example.com/login', 'logins switched off: no session, no token, and the bare handler');
SELECT is((SELECT last_login_at FROM arsignup.users WHERE id = :'off_user_id'), NULL, 'nobody has logged in');
SELECT is((SELECT string_agg(event_type, ' ') FROM arsignup.events WHERE user_id = :'off_user_id'), 'user.created', 'and no event says so');
SELECT session_id, token, url FROM arsignup.signup(app('orgs'), 'orgs.off@example.com', password_hash => ready_hash()) \gset orgs_off_
SELECT is(format('%s %s %s', :{?orgs_off_session_id}, :{?orgs_off_token}, :'orgs_off_url'), 'f f https://app.example.com/login', 'likewise with an org');
UPDATE arsignup.connected_apps SET logins_enabled = NULL WHERE id IN (app('users'), app('orgs'));

-- A signup that fails leaves no session, and none of the counters and keys can be wrong for it.
SELECT written() AS before \gset
SELECT is((outcome($$SELECT arsignup.signup(app('users'), 'NEW@example.com', password_hash => ready_hash())$$)).code, 'SU002', 'a taken email');
SELECT is(written(), :'before'::text, 'starts no session');

-- Where the token goes, whatever handler there is: handler, what stands before the token, what behind.
CREATE TABLE handler (url text, before text, behind text);
INSERT INTO handler VALUES
	('https://app.example.com', 'https://app.example.com?', ''),
	('https://app.example.com/', 'https://app.example.com/?', ''),
	('https://app.example.com/login', 'https://app.example.com/login?', ''),
	('https://app.example.com:8443/a/b;c=d/', 'https://app.example.com:8443/a/b;c=d/?', ''),
	('http://localhost:3000/login', 'http://localhost:3000/login?', ''),
	('https://app.example.com/login?', 'https://app.example.com/login?', ''),
	('https://app.example.com?x=1', 'https://app.example.com?x=1&', ''),
	('https://app.example.com/login?x=1&y=2', 'https://app.example.com/login?x=1&y=2&', ''),
	('https://app.example.com/login?a?b', 'https://app.example.com/login?a?b&', ''),
	('https://app.example.com/login#', 'https://app.example.com/login?', '#'),
	('https://app.example.com/login#top', 'https://app.example.com/login?', '#top'),
	('https://app.example.com/#/route?x=1', 'https://app.example.com/?', '#/route?x=1'),
	('https://app.example.com/login?#top', 'https://app.example.com/login?', '#top'),
	('https://app.example.com/login?x=1#top', 'https://app.example.com/login?x=1&', '#top'),
	('https://app.example.com/login?x=1#/route?y=2', 'https://app.example.com/login?x=1&', '#/route?y=2'),
	('https://app.example.com/l%3Fg%23n?x=%26%3D%23%3F', 'https://app.example.com/l%3Fg%23n?x=%26%3D%23%3F&', ''),
	('https://app.example.com/l%3Fg%23n', 'https://app.example.com/l%3Fg%23n?', ''),
	('https://app.example.com/100%25?next=%2Fa%3Fb%3Dc#%23', 'https://app.example.com/100%25?next=%2Fa%3Fb%3Dc&', '#%23');
CREATE FUNCTION url_of(handler text, call text) RETURNS text LANGUAGE plpgsql AS $$
DECLARE
	url text;
	token text;
BEGIN
	UPDATE arsignup.connected_apps SET login_handler = handler WHERE id = app('users');
	UPDATE arsignup.connected_apps SET login_handler = 'https://login.example.com', signup_handler = handler WHERE id = app('tokens');
	EXECUTE 'SELECT url, token FROM arsignup.' || call INTO url, token;
	RETURN replace(url, token, 'TOKEN');
END
$$;
SELECT is(url_of(url, $$login(app('users'), 'ada@example.com', 'password')$$), before || 'token=TOKEN' || behind, 'a login at ' || url) FROM handler;
SELECT is(url_of(url, format('signup(app(%L), %L, password_hash => ready_hash())', 'users', md5(url) || '@example.com')), before || 'token=TOKEN&signup=true' || behind, 'a signup at ' || url) FROM handler;
SELECT is(url_of(url, format('signup(app(%L), %L, password_hash => ready_hash())', 'tokens', 'u' || md5(url) || '@example.com')), before || 'token=TOKEN' || behind, 'a signup token at ' || url) FROM handler;
UPDATE arsignup.connected_apps SET signup_handler = NULL WHERE id = app('tokens');
SELECT signup_mode, session_id, token, url FROM arsignup.signup(app('tokens'), 'pending@example.com', password_hash => ready_hash()) \gset pending_
SELECT is(:'pending_signup_mode' || :{?pending_session_id}::text || :'pending_url', 'signup_tokenfalsehttps://login.example.com?token=' || :'pending_token', 'a signup token without a handler of its own goes to the login handler, and has no session');
SELECT is(row(session_id, token, url)::text, '(,,)', 'nor has its redeeming') FROM arsignup.redeem_signup_token(:'pending_token');
UPDATE arsignup.connected_apps SET login_handler = 'https://app.example.com/login' WHERE id IN (app('users'), app('tokens'));

---------------------------------------------------------------------------------------------------
-- Claims, as the realm's jwt_fields say
---------------------------------------------------------------------------------------------------

-- The claims of a new session without those that every token has.
CREATE FUNCTION extras(user_id uuid, fields text[]) RETURNS jsonb LANGUAGE plpgsql AS $$
DECLARE
	token text;
BEGIN
	UPDATE arsignup.realms SET jwt_fields = fields WHERE id = realm();
	token := (arsignup.create_session(realm(), user_id)).token;
	UPDATE arsignup.realms SET jwt_fields = '{}' WHERE id = realm();
	IF arsignup.verify_login_token(token) IS DISTINCT FROM part(token, 2) THEN
		RETURN '"the token does not verify"';
	END IF;
	RETURN part(token, 2) - ARRAY['uid', 'sub', 'aud', 'un', 'n', 'fn', 'ln', 'tk', 'sid', 'gen', 'iat', 'exp'];
END
$$;
SELECT arsignup.create_org(realm(), 'Engines', custom => '{"size": 3}') AS engines, arsignup.create_org(realm(), 'Dormant') AS dormant, arsignup.create_org(realm(), 'Expired') AS expired, arsignup.create_org(realm(), 'Bound "to" expire \ é') AS bound \gset
SELECT arsignup.create_membership(realm(), :'ada', :'engines', '{owner,billing:*}', custom => '{"desk": 7}') AS m1, arsignup.create_membership(realm(), :'ada', :'dormant', '{x}') AS m2,
	arsignup.create_membership(realm(), :'ada', NULL, '{support}', custom => '{"a": null}') AS m4, arsignup.create_membership(realm(), :'ada', :'bound', '{}', now() + interval '1 hour') AS m5,
	arsignup.create_membership(realm(), :'ada', :'expired', '{x}', now() + interval '1 hour') AS m3 \gset
UPDATE arsignup.orgs SET state = 'inactive' WHERE id = :'dormant';
UPDATE arsignup.memberships SET expires_at = clock_timestamp() WHERE id = :'m3';
SELECT is(extras(:'ada', '{}'), '{}', 'jwt_fields {}: no more than every token has');
SELECT is(extras(:'ada', '{custom}'), '{"cs": {"plan": "pro"}}', 'custom: cs');
SELECT is(extras(:'ada', '{memberships}'),
	jsonb_build_object('m', jsonb_build_array(jsonb_build_object('p', '["owner", "billing:*"]'::jsonb, 'oid', arsignup.format_id('org', :'engines'), 'cs', '{"desk": 7}'::jsonb),
		'{"p": ["support"], "cs": {"a": null}}'::jsonb, jsonb_build_object('p', '[]'::jsonb, 'oid', arsignup.format_id('org', :'bound'), 'cs', '{}'::jsonb))),
	'memberships: m, in the order in which they were made, without what has expired and without inactive orgs');
SELECT is(extras(:'ada', '{orgs}'), '{}', 'orgs alone: nothing to say it of');
SELECT is(extras(:'ada', '{orgs,memberships,custom}'),
	jsonb_build_object('cs', '{"plan": "pro"}'::jsonb,
		'm', jsonb_build_array(jsonb_build_object('p', '["owner", "billing:*"]'::jsonb, 'oid', arsignup.format_id('org', :'engines'), 'cs', '{"desk": 7}'::jsonb, 'o', 'Engines', 'ocs', '{"size": 3}'::jsonb),
			'{"p": ["support"], "cs": {"a": null}}'::jsonb, jsonb_build_object('p', '[]'::jsonb, 'oid', arsignup.format_id('org', :'bound'), 'cs', '{}'::jsonb, 'o', 'Bound "to" expire \ é', 'ocs', '{}'::jsonb))),
	'orgs and memberships: o and ocs as well');
SELECT is(extras(:'kim', '{custom,memberships,orgs}'), '{"cs": {}, "m": []}', 'who has nothing has it empty');
SELECT is((SELECT claims FROM (SELECT extras(:'ada', '{memberships}') AS claims) AS s) #>> '{m,0,oid}', arsignup.format_id('org', :'engines'), 'an org''s id is shown as everywhere outside SQL');

-- Names and attributes come through as they are.
CREATE FUNCTION carried(first_name text, custom jsonb) RETURNS text LANGUAGE plpgsql AS $$
DECLARE
	u uuid := arsignup.create_user(realm(), md5(random()::text) || '@example.com', first_name => carried.first_name, custom => carried.custom);
	token text;
	claims jsonb;
BEGIN
	UPDATE arsignup.realms SET jwt_fields = '{custom}' WHERE id = realm();
	token := (arsignup.create_session(realm(), u)).token;
	claims := arsignup.verify_login_token(token);
	UPDATE arsignup.realms SET jwt_fields = '{}' WHERE id = realm();
	RETURN CASE WHEN claims IS NULL THEN 'refused' WHEN claims -> 'fn' = to_jsonb(first_name) AND claims -> 'cs' = custom THEN 'carried' ELSE claims::text END;
EXCEPTION
	WHEN program_limit_exceeded THEN
		RETURN SQLERRM;
END
$$;
SELECT is(carried(name, '{}'), 'carried', 'a name: ' || name) FROM unnest(ARRAY['"', '\', '\u0041', '</script>', U&'\00E9\4E2D\+01F511', '{"a":1}', repeat('é', 255)]) AS name;
SELECT is(carried('x', custom::jsonb), 'carried', 'attributes: ' || shown(custom))
FROM unnest(ARRAY['{"": ""}', '{"a": {"b": [1, "2", null, true, {"c": []}]}}', '{"a": 1.50, "b": -0.1, "c": 123456789012345, "d": 1e-7}', '{"\"\\": "\b\f\n\r\t"}', '{"é": "\u4e2d \ud83d\udd11"}', '{"uid": "usr_x", "exp": 0}',
	'{"number": 0.1234567890123456789012345678901234567890}', '{"number": "12345678901234567890123456789"}']) AS custom;

-- N5, N6: what no reader takes, or no URL, is left out and told; whoever has the right password gets in.
CREATE FUNCTION told(token text) RETURNS text LANGUAGE sql VOLATILE AS $$
	SELECT CASE WHEN arsignup.verify_login_token(token) = part(token, 2) AND length(token) <= (SELECT setting::int FROM pg_settings WHERE name = 'arsignup.max_login_token_size')
		THEN concat_ws(' ', (SELECT string_agg(key, ' ' ORDER BY key) FROM jsonb_object_keys(part(token, 2)) AS key WHERE key IN ('cs', 'm')), 'without ' || (part(token, 2) ->> 'left_out'))
		ELSE format('A TOKEN OF %s BYTES, WHICH IS %s', length(token), arsignup.verify_login_token(token)) END
$$;
CREATE FUNCTION left_out(custom jsonb) RETURNS text LANGUAGE plpgsql AS $$
DECLARE
	email text := md5(random()::text) || '@example.com';
	u uuid := arsignup.create_user(realm(), email, password_hash => ready_hash(), custom => left_out.custom);
	said text;
BEGIN
	UPDATE arsignup.realms SET jwt_fields = '{custom}' WHERE id = realm();
	SELECT string_agg(DISTINCT told(token), ', ') INTO said FROM unnest(ARRAY[
		(arsignup.create_session(realm(), u)).token,
		(arsignup.login(app('users'), email, 'password')).token,
		(arsignup.signup(app('users'), 'new.' || email, password_hash => ready_hash(), custom => custom)).token]) AS token;
	UPDATE arsignup.realms SET jwt_fields = '{}' WHERE id = realm();
	RETURN said;
END
$$;
SELECT is(CASE side WHEN 'within' THEN carried('x', within::jsonb) ELSE left_out(beyond::jsonb) END, CASE side WHEN 'within' THEN 'carried' ELSE 'without ["cs"]' END, format('N5: just %s: %s', side, what))
FROM (VALUES
	('digits of a whole number', '{"number": ' || repeat('9', 308) || '}', '{"number": 1' || repeat('0', 308) || '}'),
	('of one below zero', '{"number": -' || repeat('9', 308) || '}', '{"number": -1' || repeat('0', 308) || '}'),
	('of one with an exponent', '{"number": 1e307}', '{"number": 1e308}'),
	('of a fraction', '{"number": 0.' || repeat('1', 307) || '}', '{"number": 0.' || repeat('1', 308) || '}'),
	('of one as small as can be', '{"number": 1e-307}', '{"number": 1e-400}'),
	('deep inside', '{"a": [{"b": [0, ' || repeat('1', 308) || ']}]}', '{"a": [{"b": [0, 1e400]}]}'),
	('digits of text do not count', jsonb_build_object('number', repeat('9', 400), repeat('9', 400), '\"[{')::text, '{"number": 1e1000}'),
	('levels, of the 64 that the claims have', repeat('{"a":', 63) || '1' || repeat('}', 63), repeat('{"a":', 64) || '1' || repeat('}', 64)),
	('of objects that are empty', repeat('{"a":', 62) || '{}' || repeat('}', 62), repeat('{"a":', 63) || '{}' || repeat('}', 63)),
	('of arrays', '{"a": ' || repeat('[', 62) || repeat(']', 62) || '}', '{"a": ' || repeat('[', 63) || repeat(']', 63) || '}'),
	('beside what is flat', '{"a": 1, "b": ' || repeat('[', 62) || repeat(']', 62) || ', "c": 1}', '{"a": 1, "b": ' || repeat('[', 63) || repeat(']', 63) || ', "c": 1}'),
	('brackets of text do not count', jsonb_build_object(repeat('[', 100), repeat('{', 100))::text, repeat('{"a":', 1000) || '1' || repeat('}', 1000))) AS v (what, within, beyond), unnest(ARRAY['within', 'beyond']) AS side;
SELECT is(carried('x', custom::jsonb), 'carried', 'N5: beyond 64 bits: ' || custom)
FROM unnest(ARRAY['{"id": 18446744073709551615}', '{"id": 9223372036854775808}', '{"id": -9223372036854775809}', '{"n": 1e20}', '{"n": 1e300}', '{"n": [[-1e20]], "id": 123456789012345678}', '{"1e20": "1e400"}']) AS custom;
SELECT is(left_out(jsonb_build_object('a', repeat('x', size))), said, format('N6: attributes of %s bytes: a login', size))
FROM (VALUES (3500, 'cs'), (6000, 'without ["cs"]'), (65000, 'without ["cs"]')) AS v (size, said);

-- A user with as many memberships, each in an org of its own, and what the token of a login tells of it.
CREATE FUNCTION member(memberships int, custom jsonb DEFAULT '{}', org jsonb DEFAULT '{}', own jsonb DEFAULT '{}') RETURNS uuid LANGUAGE plpgsql AS $$
DECLARE
	u uuid := arsignup.create_user(realm(), md5(random()::text) || '@example.com', password_hash => ready_hash(), custom => own);
BEGIN
	PERFORM arsignup.create_membership(realm(), u, arsignup.create_org(realm(), 'Org ' || n, custom => org), '{owner}', custom => member.custom) FROM generate_series(1, memberships) AS n;
	RETURN u;
END
$$;
CREATE FUNCTION told_of(u uuid, fields text[]) RETURNS text LANGUAGE plpgsql AS $$
DECLARE
	r arsignup.login_result;
BEGIN
	UPDATE arsignup.realms SET jwt_fields = fields WHERE id = realm();
	SELECT * INTO r FROM arsignup.login(app('users'), (SELECT email FROM arsignup.users WHERE id = u), 'password');
	UPDATE arsignup.realms SET jwt_fields = '{}' WHERE id = realm();
	RETURN CASE WHEN r.url = 'https://app.example.com/login?token=' || r.token THEN told(r.token) ELSE 'NOT IN THE URL' END;
END
$$;
SELECT is(told_of(member(n, custom::jsonb, org::jsonb, own::jsonb), fields::text[]), said, what)
FROM (VALUES
	(3, '{}', '{}', '{}', '{custom,memberships,orgs}', 'cs m', 'N6: a few memberships: all is told'),
	(440, '{}', '{}', '{}', '{custom,memberships,orgs}', 'cs without ["m"]', 'N6: 440 memberships: a login, and none is told'),
	(440, '{}', '{}', '{}', '{memberships}', 'without ["m"]', 'N6: likewise where nothing else would be'),
	(52, '{}', '{}', '{}', '{custom,memberships,orgs}', 'cs m without ["m.cs", "m.ocs"]', 'N6: of more, less is told: first their attributes go'),
	(70, '{}', '{}', '{}', '{custom,memberships,orgs}', 'cs m without ["m.cs", "m.ocs", "m.o"]', 'N6: then the names of orgs'),
	(70, '{}', '{}', '{}', '{custom,memberships}', 'cs m without ["m.cs"]', 'N6: likewise without orgs'),
	(3, '{}', '{}', json_build_object('a', repeat('x', 3900))::text, '{custom,memberships,orgs}', 'm without ["cs"]', 'N6: permissions go before the user''s attributes'),
	(3, '{}', json_build_object('a', repeat('x', 1000))::text, json_build_object('a', repeat('x', 2500))::text, '{custom,memberships,orgs}', 'cs m without ["m.cs", "m.ocs"]', 'N6: and these before those of orgs'),
	(2, '{"n": 1e20}', '{"id": 18446744073709551615}', '{}', '{memberships,orgs}', 'm', 'N5: large numbers of memberships and orgs are carried'),
	(2, '{"n": 1e400}', '{}', '{}', '{memberships,orgs}', 'm without ["m.cs", "m.ocs"]', 'N5: one that no token carries costs no permission'),
	(2, '{}', '{"n": 1e400}', '{}', '{memberships,orgs}', 'm without ["m.cs", "m.ocs"]', 'N5: nor does an org''s'),
	(2, '{}', '{"n": 1e400}', '{}', '{memberships}', 'm', 'N5: which costs nothing where orgs are not told of'),
	(2, repeat('{"a":', 61) || '1' || repeat('}', 61), repeat('{"a":', 61) || '1' || repeat('}', 61), '{}', '{memberships,orgs}', 'm', 'N5: attributes of memberships and orgs lie three levels deep'),
	(2, repeat('{"a":', 62) || '1' || repeat('}', 62), '{}', '{}', '{memberships,orgs}', 'm without ["m.cs", "m.ocs"]', 'N5: and go no deeper'),
	(2, '{"n": 1e400}', '{}', '{"n": 1e400}', '{custom,memberships,orgs}', 'm without ["cs", "m.cs", "m.ocs"]', 'N5: nor do both cost one')
) AS v (n, custom, org, own, fields, said, what);
-- The largest token that tells of a user's memberships, to whom one more is given as long as it does.
CREATE FUNCTION fullest(alg text) RETURNS int LANGUAGE plpgsql AS $$
DECLARE
	u uuid := member(60);
	token text;
	size int;
BEGIN
	UPDATE arsignup.realms SET jwt_fields = '{memberships}', jwt_alg = alg WHERE id = realm();
	FOR n IN 60 .. 100 LOOP
		token := (arsignup.create_session(realm(), u)).token;
		EXIT WHEN told(token) = 'without ["m"]';
		size := length(token);
		PERFORM arsignup.create_membership(realm(), u, arsignup.create_org(realm(), 'One more'), '{owner}');
	END LOOP;
	RETURN size;
END
$$;
SAVEPOINT algorithms;
SELECT string_agg((fullest(alg) BETWEEN 5900 AND 6000)::text, ', ') AS fullest FROM unnest(ARRAY['HS256', 'EdDSA', 'RS256']) AS alg \gset
ROLLBACK TO algorithms;
SELECT is(:'fullest'::text, 'true, true, true', 'N6: whatever the algorithm, the token may have as many bytes as the setting says');
SELECT member(440) AS crowded \gset
SET LOCAL arsignup.max_login_token_size = '64kB';
SELECT is(told_of(:'crowded', '{memberships,orgs}'), 'm', 'N6: all of them are told where the setting says so');
SET LOCAL arsignup.max_login_token_size = '1kB';
SELECT is(told_of(member(9), '{memberships}') || ', ' || told_of(member(8), '{}'), 'without ["m"], ', 'N6: or fewer');
RESET arsignup.max_login_token_size;

-- Names alone never make a token too large for a URL.
SELECT token FROM arsignup.signup(app('users'), repeat('x', 64) || '@' || repeat(repeat('x', 60) || '.', 3) || 'com', password_hash => ready_hash(), first_name => repeat(U&'\+01F511', 255), last_name => repeat(U&'\+01F511', 255)) \gset long_
SELECT ok(length(:'long_token') BETWEEN 6001 AND 7000 AND arsignup.verify_login_token(:'long_token') ? 'ln', 'N5: the longest names are told, whatever the setting says');
SELECT ok(NOT part(:'long_token', 2) ? 'left_out', 'N5: and nothing is called left out where nothing else was to be told');

---------------------------------------------------------------------------------------------------
-- Seamless SSO: a browser comes back to its session
---------------------------------------------------------------------------------------------------

CREATE TABLE remembered (name text PRIMARY KEY, secret text);
GRANT ALL ON remembered TO PUBLIC;
CREATE FUNCTION remember(name text) RETURNS void LANGUAGE plpgsql AS $$
BEGIN
	INSERT INTO remembered VALUES (name, arsignup.remember_session(realm('seamless'), session(name)))
	ON CONFLICT ON CONSTRAINT remembered_pkey DO UPDATE SET secret = EXCLUDED.secret;
END
$$;
CREATE FUNCTION secret(name text) RETURNS text LANGUAGE sql STABLE AS $$ SELECT r.secret FROM arsignup_test.remembered AS r WHERE r.name = $1 $$;
-- What comes of coming back: the reason, or nothing when the token holds.
CREATE FUNCTION again(secret text, app text DEFAULT 'seamless too') RETURNS text LANGUAGE sql VOLATILE AS $$
	SELECT CASE WHEN r.ok AND holds(r.token) THEN 'ok' WHEN r.ok THEN 'ok, BUT THE TOKEN DOES NOT HOLD' ELSE concat_ws(' ', r.reason, r.user_id, r.session_id, r.token, r.url) END
	FROM arsignup.login_again(app(app), secret) AS r
$$;

SELECT session_id, token FROM arsignup.login(app('seamless'), 'ada@example.com', 'password') \gset cookie_
SET LOCAL ROLE :"app_role";
SELECT arsignup.remember_session(realm('seamless'), :'cookie_session_id') AS cookie \gset
RESET ROLE;
SELECT matches(:'cookie'::text, '^kbs_[A-Za-z0-9_-]{64}$', 'a browser''s secret is kbs_ and 64 characters of base64url');
SELECT is((SELECT octet_length(cookie_digest) FROM arsignup.sessions WHERE id = :'cookie_session_id'), 32, 'of which 32 bytes of digest are stored');
SELECT is_empty(format($$SELECT relation FROM (SELECT 'sessions', s::text FROM arsignup.sessions AS s UNION ALL SELECT 'events', e::text FROM arsignup.events AS e) AS v (relation, text),
	unnest(ARRAY[%L, encode(convert_to(%1$L, 'UTF8'), 'hex'), encode(from_base64url(substr(%1$L, 5)), 'hex'), encode(substr(from_base64url(substr(%1$L, 5)), 17), 'hex'), encode(sha256(convert_to(%1$L, 'UTF8')), 'hex')]) AS form WHERE strpos(text, form) > 0$$, :'cookie'),
	'the secret is stored in no form, nor is its SHA-256');
SELECT is_empty(format($$SELECT s FROM arsignup.sessions AS s WHERE s::text ~ '(eyJ|kbs_)' OR strpos(s::text, %L) > 0$$, :'cookie_token'), 'no session has a token');
SELECT * FROM counted() \gset before_
SELECT written() AS before \gset
SET LOCAL ROLE :"app_role";
SELECT * FROM arsignup.login_again(app('seamless too'), :'cookie') \gset again_
RESET ROLE;
SELECT is(written(), :'before'::text, 'login_again writes nothing');
SELECT is((SELECT row(hashes, ok, failed)::text FROM counted()), format('(%s,%s,%s)', :'before_hashes', :'before_ok', :'before_failed'), 'and neither hashes nor counts as a login');
SELECT is(:'again_ok' || :'again_user_id' || :'again_session_id' || :{?again_reason}::text, 't' || :'seamless' || :'cookie_session_id' || 'false', 'the same user, the same session');
SELECT is(:'again_url'::text, 'https://seamless-too.example.com/login?token=' || :'again_token', 'at the other app''s handler');
SELECT is(arsignup.verify_login_token(:'again_token'), part(:'cookie_token', 2), 'with the claims of the first token, times included: coming back does not prolong');
SELECT is(again(:'cookie', 'seamless'), 'ok', 'and at the first app');
SELECT is(again(:'cookie', app), reason, 'at ' || app) FROM (VALUES ('users', 'disabled'), ('other', 'disabled'), ('in asleep realm', 'disabled')) AS v (app, reason);
UPDATE arsignup.realms SET sso = 'seamless' WHERE id = realm('other');
SELECT is(again(:'cookie', 'other'), 'invalid', 'another realm''s app knows no such browser, seamless or not');
SELECT is(again(secret), 'invalid', 'no browser''s secret: ' || shown(secret))
FROM unnest(ARRAY[NULL, '', 'kbs_', left(:'cookie', -1), :'cookie' || 'A', ' ' || :'cookie', upper(:'cookie'), 'utk_' || substr(:'cookie', 5), left(:'cookie', -1) || translate(right(:'cookie', 1), 'ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-_', 'BCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-_A'),
	:'cookie_token', (SELECT encode(cookie_digest, 'hex') FROM arsignup.sessions WHERE id = :'cookie_session_id')]) AS secret;
SELECT is_empty(format('SELECT * FROM arsignup.get_signup_token(%L)', 'utk_' || substr(:'cookie', 5)), 'nor is it a signup token');
SELECT is(arsignup.verify_login_token(:'cookie'), NULL, 'nor a login token');

SELECT is(arsignup.remember_session(realm('seamless'), :'cookie_session_id') <> :'cookie', true, 'remembered again: another secret');
SELECT is(again(:'cookie'), 'invalid', 'the replaced one is void');

-- What ends a session ends its way back.
SELECT open_session(name, :'seamless', 'seamless'), remember(name) FROM unnest(ARRAY['ended', 'expired', 'sso is basic', 'logins off', 'app asleep', 'inactive', 'password', 'all ended', 'deleted']) AS name \g /dev/null
SELECT is(again(secret), 'ok', name || ': at first') FROM remembered;
SELECT arsignup.end_session(realm('seamless'), session('ended')) \g /dev/null
SELECT is(again(secret('ended')), 'invalid', 'a session that was ended');
SELECT is((SELECT cookie_digest FROM arsignup.sessions WHERE id = session('ended')), NULL, 'has no digest any more');
SELECT is(arsignup.remember_session(realm('seamless'), session('ended')), NULL, 'and is not remembered again');
UPDATE arsignup.sessions SET expires_at = clock_timestamp() WHERE id = session('expired');
SELECT is(again(secret('expired')), 'invalid', 'one that has expired');
SELECT is(arsignup.remember_session(realm('seamless'), session('expired')), NULL, 'is not remembered either');
UPDATE arsignup.realms SET sso = 'basic' WHERE id = realm('seamless');
SELECT is(again(secret('sso is basic')), 'disabled', 'in a realm whose SSO is basic by now nobody comes back');
SELECT arsignup.remember_session(realm('seamless'), session('sso is basic')) AS basic \gset
SELECT is(again(:'basic'), 'disabled', '... though the session is remembered');
SELECT is(arsignup.end_browser_session(realm(), :'basic'), false, 'another realm ends nothing');
SELECT is(arsignup.end_browser_session(realm('seamless'), secret), false, 'nor does what is no secret: ' || shown(secret)) FROM unnest(ARRAY[NULL, '', left(:'basic', -1), :'cookie', 'utk_' || substr(:'basic', 5)]) AS secret;
SELECT is((SELECT ended_at FROM arsignup.sessions WHERE id = session('sso is basic')), NULL, '... the session goes on');
SELECT is(arsignup.end_browser_session(realm('seamless'), :'basic'), true, '... so that the browser can end it');
SELECT is(arsignup.end_browser_session(realm('seamless'), :'basic'), false, '... once');
SELECT ok((SELECT ended_at IS NOT NULL AND cookie_digest IS NULL FROM arsignup.sessions WHERE id = session('sso is basic')), '... and nothing is left of the secret');
UPDATE arsignup.realms SET sso = 'seamless', logins_enabled = false WHERE id = realm('seamless');
SELECT is(again(secret('logins off')), 'disabled', 'nor where logins are switched off');
UPDATE arsignup.realms SET logins_enabled = true WHERE id = realm('seamless');
UPDATE arsignup.connected_apps SET state = 'inactive' WHERE id = app('seamless too');
SELECT is(again(secret('app asleep')), 'disabled', 'nor at an inactive app');
UPDATE arsignup.connected_apps SET state = 'active' WHERE id = app('seamless too');
SELECT is(again(secret('app asleep')), 'ok', 'active again, it lets them in');
SELECT arsignup.update_user(realm('seamless'), :'seamless', state => 'inactive') \g /dev/null
SELECT is(again(secret('inactive')), 'invalid', 'an inactive user does not come back');
SELECT arsignup.update_user(realm('seamless'), :'seamless', state => 'active') \g /dev/null
SELECT is(again(secret('inactive')), 'invalid', 'nor, active again, to a session from before');
SELECT open_session(name, :'seamless', 'seamless'), remember(name) FROM unnest(ARRAY['password', 'all ended', 'deleted']) AS name \g /dev/null
SELECT is(again(secret('password')), 'ok', 'a new session, a new way back');
SELECT arsignup.set_password(realm('seamless'), :'seamless', 'canary nine ten') \g /dev/null
SELECT is(again(secret('password')), 'invalid', 'with a new password the old browser does not come back');
SELECT open_session('all ended', :'seamless', 'seamless'), remember('all ended') \g /dev/null
SELECT arsignup.end_sessions(realm('seamless'), :'seamless') \g /dev/null
SELECT is(again(secret('all ended')), 'invalid', 'nor after end_sessions');
SELECT is((SELECT count(*) FROM arsignup.sessions WHERE user_id = :'seamless' AND ended_at IS NOT NULL AND cookie_digest IS NOT NULL), 0::bigint, 'which leaves no digest');
SELECT open_session('deleted', :'seamless', 'seamless'), remember('deleted') \g /dev/null
SELECT arsignup.delete_user(realm('seamless'), :'seamless') \g /dev/null
SELECT is(again(secret('deleted')), 'invalid', 'nor after the user''s end');

SET LOCAL ROLE :"app_role";
SELECT denied(format('SELECT arsignup.remember_session(%s, %L)', realm, :'cookie_session_id'), 'SU010', 'no such realm', 'remember_session: realm ' || realm) FROM unnest(ARRAY['NULL', 'gen_random_uuid()']) AS realm;
SELECT denied(format('SELECT arsignup.remember_session(realm(''asleep''), %L)', :'cookie_session_id'), 'SU006', 'realm is inactive', 'remember_session: an inactive realm');
SELECT is(arsignup.remember_session(realm('other'), id), NULL, 'remember_session: ' || what) FROM (VALUES (NULL::uuid, 'no session'), (gen_random_uuid(), 'an unknown one'), (session('kim''s'), 'one of another realm')) AS v (id, what);
SELECT denied(format('SELECT arsignup.login_again(%s, %L)', app, :'cookie'), 'SU010', 'no such connected app', 'login_again: app ' || app) FROM unnest(ARRAY['NULL', 'gen_random_uuid()', 'realm()']) AS app;
RESET ROLE;
SELECT matches(arsignup.remember_session(realm(), session('kim''s')), '^kbs_', 'remember_session: a realm with basic SSO, too, for logging out');

---------------------------------------------------------------------------------------------------
-- Signing keys
---------------------------------------------------------------------------------------------------

CREATE FUNCTION kid(token text) RETURNS text LANGUAGE sql IMMUTABLE AS $$ SELECT part(token, 1) ->> 'kid' $$;
CREATE FUNCTION keys(realm text) RETURNS text LANGUAGE sql STABLE AS $$
	SELECT string_agg(alg || CASE WHEN retired_at IS NULL THEN ' lives' ELSE ' retired' END, ', ' ORDER BY created_at) FROM arsignup.signing_keys WHERE realm_id = realm(realm)
$$;
INSERT INTO arsignup.realms (id, name) VALUES (realm('keys'), 'Keys');
INSERT INTO arsignup.connected_apps (realm_id, id, name, slug, login_handler) VALUES (realm('keys'), app('keys'), 'Keys', 'test-' || app('keys'), 'https://app.example.com/login');
SELECT arsignup.create_user(realm('keys'), 'ada@example.com', password_hash => ready_hash()) AS keys \gset
SELECT is(arsignup.jwks(realm('keys')), '{"keys": []}', 'a realm without keys has no public ones');
SELECT is(keys('keys'), NULL, 'and asking makes none');
SELECT open_session('first', :'keys', 'keys'), open_session('first too', :'keys', 'keys') \g /dev/null
SELECT is(keys('keys'), 'HS256 lives', 'what is signed first makes a key, what is signed next uses it');
SELECT is(kid(token('first')), kid(token('first too')), 'its kid is in both tokens');
SELECT matches(kid(token('first')), '^jk_[0-9A-Za-z]{22}$', 'and looks like this');
SELECT is((SELECT row(octet_length(public_key), octet_length(sealed_key), octet_length(master_key_id), created_at > now())::text FROM arsignup.signing_keys WHERE realm_id = realm('keys')), '(0,87,16,t)', 'a shared secret has no public half; sealed it is 40 bytes longer');
SELECT arsignup.reveal_jwt_key(realm('keys')) AS revealed \gset
SELECT is(arsignup.reveal_jwt_key(realm('keys')), :'revealed'::text, 'revealing does not change it');
SELECT is_empty(format($$SELECT form FROM arsignup.signing_keys AS k, unnest(ARRAY[convert_to(%L, 'UTF8'), from_base64url(substr(%1$L, 5)), substr(from_base64url(substr(%1$L, 5)), 1, 16)]) AS form WHERE position(form IN sealed_key) > 0$$, :'revealed'), 'the secret is in no column');
SELECT isnt(:'revealed'::text, :'key', 'another realm has another');

SET LOCAL ROLE :"admin_role";
SELECT arsignup.rotate_signing_key(realm('keys')) AS second_kid \gset
RESET ROLE;
SELECT is(keys('keys'), 'HS256 retired, HS256 lives', 'rotating retires the key and makes a new one');
SELECT is((SELECT retired_at BETWEEN now() AND clock_timestamp() FROM arsignup.signing_keys WHERE kid = kid(token('first'))), true, 'as of now');
SELECT open_session('second', :'keys', 'keys') \g /dev/null
SELECT is(kid(token('second')), :'second_kid'::text, 'new tokens are signed with the new key, whose kid it has returned');
SELECT is(holds(token(name)), true, 'after a rotation holds the token: ' || name) FROM unnest(ARRAY['first', 'second']) AS name;
SELECT isnt(arsignup.reveal_jwt_key(realm('keys')), :'revealed', 'the new secret is revealed');
SELECT is(holds(signed(jsonb_set(part(token('second'), 1), '{kid}', to_jsonb(kid(token('first'))))::text, part(token('second'), 2)::text, arsignup.reveal_jwt_key(realm('keys')))), false, 'a token with the old kid and the new key is none');

-- A retired key signs no more; who steals one makes tokens for an hour at most.
CREATE FUNCTION made_at(moment timestamptz, secret text) RETURNS text LANGUAGE sql STABLE AS $$
	SELECT signed(part(token('first'), 1)::text, (part(token('first'), 2) || jsonb_build_object('iat', seconds(moment), 'exp', seconds(moment + interval '6 hours')))::text, secret)
$$;
SELECT is(holds(made_at(clock_timestamp(), :'revealed')), true, 'a retired key: a transaction from before the rotation may still be signing');
UPDATE arsignup.signing_keys SET retired_at = clock_timestamp() - interval '2 hours' WHERE kid = kid(token('first'));
SELECT pg_sleep(1.1) \g /dev/null
SELECT is(holds(made_at(clock_timestamp() - ago, :'revealed')), expected, 'retired two hours ago, a token made this long ago: ' || ago)
FROM (VALUES (interval '0', false), (interval '59 minutes', false), (interval '61 minutes', true), (interval '3 hours', true)) AS v (ago, expected);
SELECT is(holds(signed(part(token('first'), 1)::text, (part(token('first'), 2) || jsonb_build_object('iat', seconds(clock_timestamp() - interval '3 hours'), 'exp', seconds(clock_timestamp() + interval '1 year')))::text, :'revealed')), false, 'and none that would outlive all that it has signed');
DELETE FROM arsignup.signing_keys WHERE kid = kid(token('first'));
SELECT pg_sleep(1.1) \g /dev/null
SELECT is(holds(token('first')), false, 'a key whose row is deleted verifies nothing');
SELECT is(holds(token('second')), true, 'and the next one still does');

-- Another algorithm: another key, beside the first.
UPDATE arsignup.realms SET jwt_alg = 'EdDSA' WHERE id = realm('keys');
SELECT open_session('eddsa', :'keys', 'keys') \g /dev/null
UPDATE arsignup.realms SET jwt_alg = 'RS256' WHERE id = realm('keys');
SELECT open_session('rs256', :'keys', 'keys') \g /dev/null
SELECT is(keys('keys'), 'HS256 lives, EdDSA lives, RS256 lives', 'each algorithm has its key');
SELECT is(part(token(name), 1) ->> 'alg', alg, 'a token says its algorithm: ' || alg) FROM (VALUES ('second', 'HS256'), ('eddsa', 'EdDSA'), ('rs256', 'RS256')) AS v (name, alg);
SELECT is(octet_length(from_base64url(split_part(token(name), '.', 3))), size, 'and has its signature: ' || name) FROM (VALUES ('second', 32), ('eddsa', 64), ('rs256', 256)) AS v (name, size);
SELECT is(holds(token(name)), true, 'all of them hold, whatever the realm signs with by now: ' || name) FROM unnest(ARRAY['second', 'eddsa', 'rs256']) AS name;
SELECT is(arsignup.verify_login_token(token) - ARRAY['tk', 'sid', 'iat', 'exp'], arsignup.verify_login_token(token('second')) - ARRAY['tk', 'sid', 'iat', 'exp'], 'with the same claims') FROM opened WHERE name IN ('eddsa', 'rs256');
SELECT is(holds(tampered), false, 'tampered with: ' || name || ', ' || what)
FROM (VALUES ('second'), ('eddsa'), ('rs256')) AS v (name), LATERAL (SELECT split_part(token(name), '.', 1), split_part(token(name), '.', 2), split_part(token(name), '.', 3)) AS t (h, p, s),
	LATERAL (VALUES ('a claim', h || '.' || to_base64url(convert_to((part(token(name), 2) || '{"un": "root"}')::text, 'UTF8')) || '.' || s),
		('the first byte of the signature', h || '.' || p || '.' || to_base64url(set_byte(from_base64url(s), 0, get_byte(from_base64url(s), 0) # 1))),
		('a byte less', h || '.' || p || '.' || to_base64url(substr(from_base64url(s), 1, octet_length(from_base64url(s)) - 1))), ('a byte more', h || '.' || p || '.' || to_base64url(from_base64url(s) || '\x00')),
		('a signature of zeros', h || '.' || p || '.' || to_base64url(decode(repeat('00', octet_length(from_base64url(s))), 'hex')))) AS w (what, tampered);
-- HMAC under what everybody knows of an asymmetric key, the oldest forgery of all.
CREATE FUNCTION pem(alg text, public_key bytea) RETURNS text LANGUAGE sql IMMUTABLE AS $$
	SELECT E'-----BEGIN PUBLIC KEY-----\n' || regexp_replace(translate(encode(CASE alg WHEN 'EdDSA' THEN '\x302a300506032b6570032100' ELSE ''::bytea END || public_key, 'base64'), E'\n', ''), '(.{1,64})', E'\\1\n', 'g') || E'-----END PUBLIC KEY-----\n'
$$;
SELECT is(holds(signed(jsonb_build_object('alg', name_of_alg, 'typ', 'JWT', 'kid', k.kid)::text, part(o.token, 2)::text, secret)), false, format('HMAC under the public key of %s, %s, as %s', k.alg, form, name_of_alg))
FROM opened AS o JOIN arsignup.signing_keys AS k ON k.kid = kid(o.token) AND k.alg <> 'HS256', unnest(ARRAY['HS256', k.alg]) AS name_of_alg,
	LATERAL (VALUES ('its bytes', public_key), ('its base64url', convert_to(to_base64url(public_key), 'UTF8')), ('nothing at all', ''), ('its PEM', convert_to(pem(alg, public_key), 'UTF8'))) AS v (form, secret)
WHERE o.name IN ('eddsa', 'rs256');

-- The public keys.
SELECT is(arsignup.jwks(realm('keys')), jsonb_build_object('keys', jsonb_build_array(
		jsonb_build_object('kty', 'RSA', 'n', (arsignup.jwks(realm('keys')) #>> '{keys,0,n}'), 'e', 'AQAB', 'kid', kid(token('rs256')), 'alg', 'RS256', 'use', 'sig'),
		jsonb_build_object('kty', 'OKP', 'crv', 'Ed25519', 'x', (SELECT to_base64url(public_key) FROM arsignup.signing_keys WHERE kid = kid(token('eddsa'))), 'kid', kid(token('eddsa')), 'alg', 'EdDSA', 'use', 'sig'))),
	'the key set: both public keys, newest first, and nothing of the shared secret');
SELECT is(position(from_base64url(arsignup.jwks(realm('keys')) #>> '{keys,0,n}') IN public_key) > 0 AND octet_length(from_base64url(arsignup.jwks(realm('keys')) #>> '{keys,0,n}')) = 256, true, 'n is the modulus of the public key, 2048 bits without a zero in front') FROM arsignup.signing_keys WHERE kid = kid(token('rs256'));
SELECT is(arsignup.jwks(realm()), '{"keys": []}', 'a realm with nothing but shared secrets shows none');
SELECT rs.kid AS rs_kid FROM (SELECT kid(token('rs256'))) AS rs (kid) \gset
SELECT arsignup.reveal_jwt_key(realm('keys')) AS pem \gset
SELECT is(:'pem'::text, pem(alg, public_key), 'of RS256 the public key is revealed, as PEM') FROM arsignup.signing_keys WHERE kid = :'rs_kid';
SELECT cmp_ok(length(:'pem'), '>', 256, 'longer than 256 characters, by which AuthRocket''s clients tell it from a shared secret');
UPDATE arsignup.realms SET jwt_alg = 'EdDSA' WHERE id = realm('keys');
SELECT is(arsignup.reveal_jwt_key(realm('keys')), pem(alg, public_key), 'of EdDSA likewise') FROM arsignup.signing_keys WHERE kid = kid(token('eddsa'));
SELECT is((SELECT string_agg(DISTINCT k::text, ' ') FROM jsonb_array_elements(arsignup.jwks(realm('keys')) -> 'keys') AS j, jsonb_object_keys(j) AS k), 'alg crv e kid kty n use x', 'no member of a key set is private');

-- Rotating retires every algorithm's key; a retired one is shown for as long as a token of it can hold.
SELECT arsignup.rotate_signing_key(realm('keys')) AS third_kid \gset
SELECT is(keys('keys'), 'HS256 retired, EdDSA retired, RS256 retired, EdDSA lives', 'rotating retires the keys of all algorithms and makes one of the realm''s');
SELECT is((SELECT string_agg(j ->> 'kid', ' ') FROM jsonb_array_elements(arsignup.jwks(realm('keys')) -> 'keys') AS j), concat_ws(' ', :'third_kid', :'rs_kid', kid(token('eddsa'))), 'the key set has the retired ones too');
SELECT is(holds(token(name)), true, 'whose tokens hold: ' || name) FROM unnest(ARRAY['second', 'eddsa', 'rs256']) AS name;
UPDATE arsignup.signing_keys SET retired_at = clock_timestamp() - interval '7 hours' + CASE alg WHEN 'EdDSA' THEN interval '1 minute' ELSE interval '-1 second' END WHERE realm_id = realm('keys') AND retired_at IS NOT NULL;
SELECT is((SELECT string_agg(j ->> 'kid', ' ') FROM jsonb_array_elements(arsignup.jwks(realm('keys')) -> 'keys') AS j), concat_ws(' ', :'third_kid', kid(token('eddsa'))), 'until its last token has expired: 360 minutes and the hour of grace');
SELECT arsignup.rotate_signing_key(realm('keys')) AS fourth_kid \gset
SELECT isnt(:'fourth_kid'::text, :'third_kid', 'each rotation makes a key');
SELECT is((SELECT count(*) FROM arsignup.signing_keys WHERE realm_id = realm('keys') AND retired_at IS NULL), 1::bigint, 'and leaves one that lives');

-- One seal each, bound to all that its row says of the key (A5).
SELECT is((outcome(format('UPDATE arsignup.signing_keys SET %s WHERE kid = %L; SELECT arsignup.jwks(realm(%L))', change, kid(token(name)), 'keys'), keep => false)).detail, said, 'A5: ' || name || ', changed in the table: ' || change)
FROM (VALUES
	('eddsa', 'public_key = set_byte(public_key, 7, get_byte(public_key, 7) # 1)', 'Its row is not what was sealed.'),
	('eddsa', $$public_key = ''$$, 'Its row is not what was sealed.'),
	('eddsa', $$alg = 'RS256', public_key = (SELECT public_key FROM arsignup.signing_keys WHERE alg = 'RS256' LIMIT 1)$$, 'Its row is not what was sealed.'),
	('eddsa', $$alg = 'RS256'$$, 'Its row is not what was sealed.'),
	('eddsa', $$kid = kid || 'x'$$, 'Its row is not what was sealed.'),
	('eddsa', $$kid = left(kid, -1), alg = 'RS256'$$, 'Its row is not what was sealed.'),
	('eddsa', 'master_key_id = sealed_key', NULL),
	('eddsa', 'retired_at = clock_timestamp()', NULL)) AS v (name, change, said);
SELECT is((SELECT count(DISTINCT sealed_key) = count(*) AND count(DISTINCT substr(sealed_key, 1, 24)) = count(*) AND count(DISTINCT master_key_id) = 1 FROM arsignup.signing_keys), true, 'no two seals are alike, all are of one master key');
UPDATE arsignup.signing_keys AS k SET sealed_key = o.sealed_key FROM arsignup.signing_keys AS o WHERE k.kid = :'fourth_kid' AND o.kid = :'third_kid';
SELECT denied(format('SELECT arsignup.create_session(realm(''keys''), %L)', :'keys'), 'SU011', 'signing key cannot be opened', 'a sealed half of another kid cannot be opened');
INSERT INTO arsignup.realms (id, name, jwt_alg) VALUES (realm('thief'), 'Thief', 'EdDSA');
INSERT INTO arsignup.signing_keys (realm_id, created_at, session_minutes, kid, alg, public_key, sealed_key, master_key_id)
SELECT realm('thief'), now(), session_minutes, kid, alg, public_key, sealed_key, master_key_id FROM arsignup.signing_keys WHERE kid = :'third_kid';
SELECT arsignup.create_user(realm('thief'), 'thief@example.com') AS thief \gset
SELECT is(concat_ws(' | ', o.code, o.message, o.detail), 'SU011 | signing key cannot be opened | Its row is not what was sealed.', 'a sealed half that was copied to another realm cannot be opened') FROM outcome(format('SELECT arsignup.create_session(realm(''thief''), %L)', :'thief')) AS o;
UPDATE arsignup.signing_keys SET retired_at = now() WHERE realm_id = realm('thief');
SELECT is((outcome(format('SELECT arsignup.create_session(realm(''thief''), %L)', :'thief'))).code, '00000', 'with a key of its own that realm goes on');
UPDATE arsignup.signing_keys SET sealed_key = set_byte(sealed_key, 30, get_byte(sealed_key, 30) # 1), kid = 'jk_flipped' WHERE realm_id = realm('thief') AND retired_at IS NULL;
SELECT is(concat_ws(' | ', o.code, o.message, o.detail, o.hint),
	'SU011 | signing key cannot be opened | Its row is not what was sealed. | Add the master key of the server that sealed it to the key file "arsignup.key"; if that is lost, call arsignup.rotate_signing_key for a new key.', 'nor can one that was tampered with; the hint says what to do') FROM outcome(format('SELECT arsignup.create_session(realm(''thief''), %L)', :'thief')) AS o;
SELECT is((SELECT format('%s | %s | %s', value, problem, remedy) FROM arsignup.check_settings() WHERE setting = 'arsignup.key_file'),
	format('arsignup.key | 3 of %s live signing keys cannot be opened, since their rows are not what was sealed: they sign no login token and verify none. | Bring their rows of arsignup.signing_keys back from a backup, or call arsignup.rotate_signing_key for their realms, unless they are retired.', alive.count),
	'check_settings tells of all that were changed') FROM (SELECT count(*) FROM arsignup.signing_keys WHERE retired_at IS NULL OR retired_at > clock_timestamp() - interval '7 hours') AS alive;
SELECT is((SELECT signing_keys_unopened FROM arsignup.stats()), 3::bigint, 'stats counts them');
SELECT is(arsignup.reseal_signing_keys(), 0::bigint, 'all are sealed under the one master key');
SELECT is((outcome(format('SELECT arsignup.rotate_signing_key(realm(''thief'')), arsignup.create_session(realm(''thief''), %L)', :'thief'))).code, '00000', 'and does it');

SELECT is(arsignup.jwks(realm('asleep')), '{"keys": []}', 'jwks of an inactive realm');
SELECT is((outcome($$SELECT arsignup.rotate_signing_key(realm('asleep'))$$)).code, '00000', 'its key can be rotated');
SELECT matches(arsignup.reveal_jwt_key(realm('asleep')), '^jsk_', 'and revealed');
SET LOCAL ROLE :"admin_role";
SELECT denied(format('SELECT arsignup.%s(%s)', f, realm), 'SU010', 'no such realm', format('%s: realm %s', f, realm)) FROM unnest(ARRAY['jwks', 'rotate_signing_key', 'reveal_jwt_key']) AS f, unnest(ARRAY['NULL', 'gen_random_uuid()', 'app()']) AS realm;
RESET ROLE;

---------------------------------------------------------------------------------------------------
-- A5: how many sessions a user may have
---------------------------------------------------------------------------------------------------

SELECT arsignup.create_user(realm(), 'many@example.com', password_hash => ready_hash()) AS many, arsignup.create_user(realm(), 'few@example.com') AS few,
	arsignup.create_user(realm(), NULL, user_type => 'api') AS program \gset
CREATE TABLE begun (n int, id uuid, token text);
INSERT INTO begun SELECT 0, session_id, token FROM arsignup.create_session(realm(), :'few');
INSERT INTO begun SELECT n, s.session_id FROM generate_series(1, 100) AS n, arsignup.create_session(realm(), :'many', client => n::text) AS s;
CREATE FUNCTION going_on(user_id uuid) RETURNS text LANGUAGE sql VOLATILE AS $$
	SELECT count(*) || ': ' || min(b.n) || ' to ' || max(b.n) FROM arsignup.sessions AS s JOIN arsignup_test.begun AS b USING (id)
	WHERE s.user_id = going_on.user_id AND s.ended_at IS NULL AND s.expires_at > clock_timestamp() AND s.realm_id = arsignup_test.realm()
$$;
SELECT is(going_on(:'many'), '100: 1 to 100', 'A5: a hundred sessions');
SELECT is(arsignup.end_session(realm(), id), true, 'A5: one is ended') FROM begun WHERE n = 50;
INSERT INTO begun SELECT 101, session_id FROM arsignup.login(app(), 'many@example.com', 'password');
SELECT is(going_on(:'many'), '100: 1 to 101', 'A5: which makes room for another, by a login');
INSERT INTO begun SELECT 102, session_id, token FROM arsignup.create_session(realm(), :'many');
SELECT is(going_on(:'many'), '100: 2 to 102', 'A5: one more ends the oldest');
UPDATE arsignup.sessions SET cookie_digest = 'x' WHERE id = (SELECT id FROM begun WHERE n = 2);
INSERT INTO begun SELECT n, s.session_id FROM generate_series(103, 110) AS n, arsignup.create_session(realm(), :'many', client => n::text) AS s;
SELECT is(going_on(:'many'), '100: 10 to 110', 'A5: and so on');
SELECT is((SELECT cookie_digest FROM arsignup.sessions WHERE id = (SELECT id FROM begun WHERE n = 2)), NULL, 'A5: a browser is forgotten with its session');
SELECT is(holds(b.token), true, 'A5: the newest ones hold, and others'' sessions do: ' || n) FROM begun AS b WHERE token IS NOT NULL;
UPDATE arsignup.sessions SET ended_at = NULL WHERE id IN (SELECT id FROM begun WHERE n < 10);
INSERT INTO begun SELECT 111, session_id FROM arsignup.create_session(realm(), :'many');
SELECT is(going_on(:'many'), '108: 2 to 111', 'A5: if ever there are more, two end');
INSERT INTO begun SELECT n, s.session_id FROM generate_series(112, 125) AS n, arsignup.create_session(realm(), :'many', client => n::text) AS s;
SELECT is(going_on(:'many'), '100: 25 to 125', 'A5: until there are a hundred');
SELECT is((SELECT count(token) FROM generate_series(1, 150) AS n, arsignup.create_session(realm(), :'program', client => n::text)), 150::bigint, 'A5: a program''s are not stored, hence not counted');

---------------------------------------------------------------------------------------------------
-- Cleaning up
---------------------------------------------------------------------------------------------------

DELETE FROM arsignup.sessions;
DELETE FROM arsignup.signup_tokens;
SELECT open_session(name, :'ada') FROM unnest(ARRAY['goes on', 'ended', 'expired', 'ended and expired', 'expired long ago']) AS name \g /dev/null
SELECT arsignup.end_session(realm(), session(name)) FROM unnest(ARRAY['ended', 'ended and expired']) AS name \g /dev/null
UPDATE arsignup.sessions SET expires_at = clock_timestamp() WHERE id IN (session('expired'), session('ended and expired'));
UPDATE arsignup.sessions SET expires_at = clock_timestamp() - interval '1 year' WHERE id = session('expired long ago');
INSERT INTO arsignup.signup_tokens (realm_id, id, digest, connected_app_id, created_at, expires_at, username, email, credential_type, password_hash, custom)
SELECT realm(), gen_random_uuid(), sha256('purged'), app(), now() - interval '2 days', now() - interval '1 day', 'p@example.com', 'p@example.com', 'password', ready_hash(), '{}';
CREATE FUNCTION left_over() RETURNS text LANGUAGE sql VOLATILE AS $$ SELECT string_agg(o.name, ', ' ORDER BY o.name) FROM opened AS o JOIN arsignup.sessions AS s ON s.id = o.session_id $$;
SET LOCAL ROLE :"admin_role";
SELECT arsignup.purge_expired(2) AS first \gset purged_
RESET ROLE;
SELECT is(:'purged_first' || ' ' || (SELECT count(*) FROM arsignup.signup_tokens) || ' ' || (SELECT count(*) FROM arsignup.sessions), '2 0 4', 'purge_expired keeps to its number, of signup tokens and sessions together');
SELECT is(arsignup.purge_expired(), 4::bigint, 'the next takes the rest: what has expired, a membership among it, and what was ended');
SELECT is(left_over(), 'goes on', 'what goes on stays');
SELECT is(holds(token('goes on')), true, 'and holds');
SELECT is(arsignup.purge_expired(), 0::bigint, 'there is nothing left to purge');

SELECT open_session('with its realm', :'rsa', 'rsa') \g /dev/null
SELECT is((SELECT count(*) FROM arsignup.sessions WHERE realm_id = realm('rsa')) || ' ' || keys('rsa'), '1 RS256 lives', 'a realm with a session and a key');
SELECT count(*) AS sessions, (SELECT count(*) FROM arsignup.signing_keys) AS keys FROM arsignup.sessions \gset before_
UPDATE arsignup.realms SET state = 'inactive' WHERE id = realm('rsa');
SELECT is(arsignup.delete_realm(realm('rsa')), true, 'delete_realm');
SELECT is((SELECT count(*) FROM arsignup.sessions WHERE realm_id = realm('rsa')) || ' ' || (SELECT count(*) FROM arsignup.signing_keys WHERE realm_id = realm('rsa')), '0 0', 'takes both along');
SELECT is((SELECT count(*) FROM arsignup.sessions) || ' ' || (SELECT count(*) FROM arsignup.signing_keys), (:before_sessions - 1) || ' ' || (:before_keys - 1), 'and no other''s');
SELECT is(holds(token('with its realm')), false, 'its token is nobody''s');

---------------------------------------------------------------------------------------------------
-- Who may do what
---------------------------------------------------------------------------------------------------

CREATE TABLE who (name text PRIMARY KEY, role name NOT NULL);
INSERT INTO who VALUES ('admin', :'admin_role'), ('app', :'app_role'), ('web', :'web_role'), ('outsider', :'outsider_role');
CREATE FUNCTION tries(statement text, role name) RETURNS text LANGUAGE plpgsql AS $$
DECLARE
	o record;
BEGIN
	PERFORM set_config('role', role, true);
	SELECT * INTO o FROM outcome(statement, keep => false);
	PERFORM set_config('role', 'none', true);
	RETURN o.code;
END
$$;
SELECT is(tries('SELECT arsignup.' || call, role), CASE WHEN who.name = ANY (string_to_array(allowed, ' ')) THEN code ELSE '42501' END, format('%s: %s', who.name, call))
FROM who, (VALUES
	('login(NULL, NULL, NULL)', 'app admin', 'SU010'),
	('create_session(NULL, NULL)', 'app admin', 'SU010'),
	('verify_login_token(NULL)', 'app admin', '00000'),
	('end_session(NULL, NULL)', 'app admin', 'SU010'),
	('end_sessions(NULL, NULL)', 'app admin', 'SU010'),
	('remember_session(NULL, NULL)', 'app admin', 'SU010'),
	('login_again(NULL, NULL)', 'app admin', 'SU010'),
	('jwks(NULL)', 'app admin', 'SU010'),
	('rotate_signing_key(NULL)', 'admin', 'SU010'),
	('reveal_jwt_key(NULL)', 'admin', 'SU010')) AS v (call, allowed, code);
SELECT is(tries(format('SELECT arsignup.reveal_jwt_key(%L)', realm()), :'app_role'), '42501', 'an application does not read the shared secret of its realm');

-- Columns: an administrator reads all but what could log in or sign.
SELECT is(
	(SELECT string_agg(who.name || ' ' || p.privilege, ', ' ORDER BY who.name, p.privilege) FROM who, unnest(ARRAY['SELECT', 'INSERT', 'UPDATE', 'REFERENCES']) AS p (privilege) WHERE has_column_privilege(who.role, a.attrelid, a.attnum, p.privilege)),
	CASE WHEN a.attname NOT IN ('cookie_digest', 'sealed_key') THEN 'admin SELECT' END, format('who may do what with %s.%s', a.attrelid::regclass, a.attname))
FROM pg_attribute AS a WHERE a.attrelid IN ('arsignup.sessions'::regclass, 'arsignup.signing_keys'::regclass, 'arsignup.login_sources'::regclass) AND a.attnum > 0 AND NOT a.attisdropped;
SELECT is(tries(statement, role), CASE WHEN who.name = 'admin' THEN code ELSE '42501' END, format('%s: %s', who.name, statement))
FROM who, (VALUES
	('SELECT realm_id, id, user_id, connected_app_id, created_at, expires_at, ended_at, ip, client FROM arsignup.sessions', '00000'),
	('SELECT realm_id, created_at, retired_at, kid, alg, public_key, master_key_id FROM arsignup.signing_keys', '00000'),
	('SELECT cookie_digest FROM arsignup.sessions', '42501'), ('SELECT * FROM arsignup.sessions', '42501'), ('SELECT s FROM arsignup.sessions AS s', '42501'),
	('SELECT sealed_key FROM arsignup.signing_keys', '42501'), ('TABLE arsignup.signing_keys', '42501'),
	('UPDATE arsignup.sessions SET expires_at = ''infinity''', '42501'), ('DELETE FROM arsignup.sessions', '42501'), ('DELETE FROM arsignup.signing_keys', '42501'),
	('INSERT INTO arsignup.signing_keys SELECT', '42501'), ('TRUNCATE arsignup.sessions', '42501')) AS v (statement, code);
SELECT is((SELECT relowner::regrole::text FROM pg_class WHERE oid = t), 'arsignup_owner', t || ' is the owner''s') FROM unnest(ARRAY['arsignup.sessions', 'arsignup.signing_keys', 'arsignup.login_sources']::regclass[]) AS t;
SELECT has_column('arsignup', split_part(c, '.', 1)::name, split_part(c, '.', 2)::name, c || ' is promised')
FROM unnest(ARRAY['sessions.realm_id', 'sessions.id', 'sessions.user_id', 'sessions.connected_app_id', 'sessions.cookie_digest', 'sessions.created_at', 'sessions.expires_at', 'sessions.ended_at', 'sessions.token_generation', 'sessions.ip', 'sessions.client',
	'signing_keys.realm_id', 'signing_keys.kid', 'signing_keys.alg', 'signing_keys.public_key', 'signing_keys.sealed_key', 'signing_keys.master_key_id', 'signing_keys.created_at', 'signing_keys.retired_at']) AS c;

-- Labels: what reads is stable and runs on a standby; no secret goes to a parallel worker.
SELECT is((SELECT concat(p.provolatile, p.proparallel, p.prosecdef) FROM pg_proc AS p WHERE p.pronamespace = 'arsignup'::regnamespace AND p.proname = v.name), volatility || 'ut', v.name || ': volatility, parallel safety, definer')
FROM (VALUES ('login', 'v'), ('create_session', 'v'), ('verify_login_token', 's'), ('end_session', 'v'), ('end_sessions', 'v'), ('remember_session', 'v'), ('login_again', 'v'), ('rotate_signing_key', 'v'), ('jwks', 's'), ('reveal_jwt_key', 'v')) AS v (name, volatility);

-- Comments are the reference.
SELECT isnt(obj_description(p.oid, 'pg_proc'), NULL, v.name || ' has a comment') FROM unnest(ARRAY['login', 'create_session', 'verify_login_token', 'end_session', 'end_sessions', 'remember_session', 'login_again', 'rotate_signing_key', 'jwks', 'reveal_jwt_key']) AS v (name)
	LEFT JOIN pg_proc AS p ON p.pronamespace = 'arsignup'::regnamespace AND p.proname = v.name;
SELECT isnt(obj_description(t, 'pg_class'), NULL, t || ' has a comment') FROM unnest(ARRAY['arsignup.sessions', 'arsignup.signing_keys', 'arsignup.login_sources']::regclass[]) AS t;
SELECT isnt(col_description(a.attrelid, a.attnum), NULL, format('%s.%s has a comment', a.attrelid::regclass, a.attname)) FROM pg_attribute AS a WHERE a.attrelid IN ('arsignup.sessions'::regclass, 'arsignup.signing_keys'::regclass, 'arsignup.login_sources'::regclass) AND a.attnum > 0;
SELECT isnt(obj_description('arsignup.login_result'::regtype, 'pg_type'), NULL, 'login_result has a comment');
SELECT is((SELECT string_agg(a.attname || ' ' || a.atttypid::regtype, ', ' ORDER BY a.attnum) FROM pg_attribute AS a WHERE a.attrelid = 'arsignup.login_result'::regclass), 'ok boolean, reason text, user_id uuid, session_id uuid, token text, url text, retry_after integer', 'login_result is as promised');
SELECT is(strpos(obj_description(p.oid, 'pg_proc'), code) > 0, true, format('the comment of %s names %s', p.proname, code))
FROM (VALUES ('login', '{SU007,SU010,SU011}'::text[]), ('create_session', '{SU006,SU010,SU011}'), ('verify_login_token', '{SU011}'), ('end_session', '{SU010}'), ('end_sessions', '{SU010}'), ('remember_session', '{SU006,SU010}'),
	('login_again', '{SU010,SU011}'), ('rotate_signing_key', '{SU010,SU011}'), ('jwks', '{SU010}'), ('reveal_jwt_key', '{SU010,SU011}'), ('signup', '{SU011}')) AS v (name, codes), unnest(codes) AS code, pg_proc AS p
WHERE p.proname = name AND p.pronamespace = 'arsignup'::regnamespace;

---------------------------------------------------------------------------------------------------
-- Coming back after a membership has expired
---------------------------------------------------------------------------------------------------

UPDATE arsignup.realms SET jwt_fields = '{memberships}' WHERE id = realm('seamless');
SELECT arsignup.create_user(realm('seamless'), 'passing@example.com', password_hash => ready_hash()) AS passing \gset
SELECT arsignup.create_membership(realm('seamless'), :'passing', NULL, '{passes}', now() + interval '1 hour') AS passes \gset
SELECT session_id FROM arsignup.create_session(realm('seamless'), :'passing') \gset passing_
SELECT arsignup.remember_session(realm('seamless'), :'passing_session_id') AS cookie \gset passing_
SELECT is(part((arsignup.login_again(app('seamless too'), :'passing_cookie')).token, 2) #>> '{m,0,p,0}', 'passes', 'a membership in the token of who comes back');
UPDATE arsignup.memberships SET expires_at = clock_timestamp() WHERE id = :'passes';
SELECT is(part((arsignup.login_again(app('seamless too'), :'passing_cookie')).token, 2) -> 'm', '[]', 'not once it has expired, though the session began before');
UPDATE arsignup.realms SET jwt_fields = '{}' WHERE id = realm('seamless');

---------------------------------------------------------------------------------------------------
-- What the tables hold at the end
---------------------------------------------------------------------------------------------------

SELECT is_empty(format('SELECT t FROM arsignup.%I AS t WHERE t::text ~ ''(eyJ|jsk_|kbs_|canary)''', relname), relname || ' has no token, no key, no browser''s secret and no password') FROM pg_class WHERE relnamespace = 'arsignup'::regnamespace AND relkind = 'r';

---------------------------------------------------------------------------------------------------
-- What ends the tokens of a realm
---------------------------------------------------------------------------------------------------

SELECT open_session('all: ada''s', :'ada'), open_session('all: kim''s', :'kim'), open_session('all: free', :'free', 'unmanaged') \g /dev/null
SELECT count(*) AS going_on FROM arsignup.sessions WHERE realm_id = realm() AND ended_at IS NULL AND expires_at > clock_timestamp() \gset
SELECT arsignup.remember_session(realm(), session('all: kim''s')) AS browser \gset
SELECT arsignup.request_password_reset(realm(), 'kim@example.com') \g /dev/null
SELECT data ->> 'token' AS reset FROM arsignup.claim_events('{user.password_token.created}') \gset
SET LOCAL ROLE :"admin_role";
SELECT cmp_ok(:going_on::bigint, '>=', 2::bigint, 'sessions of several people are going on');
SELECT is(arsignup.end_all_sessions(realm()), :going_on::bigint, 'end_all_sessions: how many were going on, neither ended nor expired');
SELECT is(arsignup.end_all_sessions(realm()), 0::bigint, 'end_all_sessions: none any more');
SELECT is(holds(token(name)), name = 'all: free', 'end_all_sessions, afterwards: ' || name) FROM unnest(ARRAY['all: ada''s', 'all: kim''s', 'all: free']) AS name;
SELECT is(arsignup.end_browser_session(realm(), :'browser'), false, 'end_all_sessions: a browser does not come back');
SELECT is(arsignup.reset_password(:'reset', 'canary one two three'), NULL, 'end_all_sessions: a mailed reset is void');
SELECT is(arsignup.end_all_sessions(realm('unmanaged')), 0::bigint, 'end_all_sessions: unmanaged ones are not counted');
SELECT is(holds(token('all: free')), false, 'end_all_sessions: but over');
SELECT is(who('users', 'ada@example.com'), :'ada'::text, 'end_all_sessions: the next login holds');
SELECT denied(format('SELECT arsignup.end_all_sessions(%s)', realm), 'SU010', 'no such realm', 'end_all_sessions: realm ' || realm) FROM unnest(ARRAY['NULL', 'gen_random_uuid()']) AS realm;
RESET ROLE;

SELECT * FROM finish();
ROLLBACK;
