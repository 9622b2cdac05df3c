-- Signup tokens: all that one session can show of mint, get, redeem and revoke.
BEGIN;
\ir include/setup.psql
SELECT no_plan();

UPDATE arsignup.realms SET default_permissions = '{member}' WHERE id = realm('email');
UPDATE arsignup.connected_apps SET default_permissions = '{owner,billing:*}' WHERE id = app('tokens');

-- Tokens by name, for statements that mint and redeem them; with a ready hash, since few of these tests are about hashing.
CREATE TABLE minted (name text PRIMARY KEY, email text NOT NULL, token text NOT NULL);
GRANT ALL ON minted TO PUBLIC;
CREATE FUNCTION mint(name text, extra text DEFAULT '', app text DEFAULT 'tokens', email text DEFAULT NULL) RETURNS void LANGUAGE plpgsql AS $$
DECLARE
	address text := coalesce(email, name || '@example.com');
	token text;
BEGIN
	EXECUTE format('SELECT arsignup.mint_signup_token(app(%L), %L, password_hash => ready_hash() %s)', app, address, extra) INTO token;
	INSERT INTO minted VALUES (name, address, token);
END
$$;
CREATE FUNCTION token(name text) RETURNS text LANGUAGE sql STABLE AS $$ SELECT m.token FROM arsignup_test.minted AS m WHERE m.name = $1 $$;
CREATE FUNCTION redeem(name text, extra text DEFAULT '') RETURNS text LANGUAGE sql AS $$
	SELECT format('SELECT * FROM arsignup.redeem_signup_token(token(%L) %s)', name, extra)
$$;
CREATE FUNCTION state_of(name text) RETURNS text LANGUAGE sql VOLATILE AS $$ SELECT i.state FROM arsignup.get_signup_token(token(name)) AS i $$;

-- Assert that a redeem fails with this code and sentence and leaves the token in this state.
CREATE FUNCTION not_redeemed(name text, extra text, code text, message text, state text, description text) RETURNS SETOF text LANGUAGE plpgsql AS $$
BEGIN
	RETURN NEXT refused(redeem(name, extra), code, message, NULL, description);
	RETURN NEXT is(state_of(name), state, description || ': the token is ' || coalesce(state, 'unknown') || ' afterwards');
END
$$;

---------------------------------------------------------------------------------------------------
-- Mint: what it makes
---------------------------------------------------------------------------------------------------

SELECT count(*) AS users FROM arsignup.users \gset before_
SELECT count(*) AS events FROM arsignup.events \gset before_
SELECT hashes_run, tokens_minted FROM arsignup.stats() \gset before_
SET LOCAL ROLE :"app_role";
INSERT INTO minted SELECT 'ada', 'ada@example.com', arsignup.mint_signup_token(app(), ' Ada@Example.com ', 'canary password', NULL, 'ADA@example.com',
	'canary password', ' Ada ', 'Lovelace', ' Analytical Engines ', '{"plan": "pro"}');
RESET ROLE;
SELECT matches(token('ada'), '^utk_[A-Za-z0-9_-]{64}$', 'a token is utk_ and 64 characters of base64url');
SELECT is(encode(substr(decode(translate(substr(token('ada'), 5), '-_', '+/'), 'base64'), 1, 16), 'hex')::uuid, realm(), 'it carries its realm');
SELECT results_eq(
	$$SELECT realm_id, connected_app_id, username, email, first_name, last_name, org_name, credential_type, custom, redeemed_at, revoked_at, user_id,
		expires_at - created_at, octet_length(digest) FROM arsignup.signup_tokens WHERE email = 'Ada@Example.com'$$,
	$$VALUES (realm(), app(), 'Ada@Example.com', 'Ada@Example.com', 'Ada', 'Lovelace', 'Analytical Engines', 'password', '{"plan": "pro"}'::jsonb,
		NULL::timestamptz, NULL::timestamptz, NULL::uuid, interval '24 hours', 32)$$,
	'a minted token: the row');
SELECT ok(arsignup.verify_password('canary password', password_hash), 'the password is hashed') FROM arsignup.signup_tokens WHERE email = 'Ada@Example.com';
SELECT ok(created_at BETWEEN now() AND clock_timestamp() AND created_at > now(), 'its time is the clock''s, not the transaction''s') FROM arsignup.signup_tokens WHERE email = 'Ada@Example.com';
SELECT is((SELECT count(*) FROM arsignup.users), :before_users::bigint, 'a mint makes no user');
SELECT is((SELECT count(*) FROM arsignup.events), :before_events::bigint, 'and no event');
SELECT is((SELECT hashes_run FROM arsignup.stats()), :before_hashes_run::bigint + 2, 'it hashes once (and this test once more)');
SELECT is((SELECT tokens_minted FROM arsignup.stats()), :before_tokens_minted::bigint + 1, 'it is counted');
SELECT is_empty($$SELECT t FROM arsignup.signup_tokens AS t WHERE t::text LIKE '%canary%' OR t::text LIKE '%' || token('ada') || '%'
	OR t::text LIKE '%' || encode(convert_to(token('ada'), 'UTF8'), 'hex') || '%'
	OR t::text LIKE '%' || encode(decode(translate(substr(token('ada'), 5), '-_', '+/'), 'base64'), 'hex') || '%'
	OR t::text LIKE '%' || encode(substr(decode(translate(substr(token('ada'), 5), '-_', '+/'), 'base64'), 17), 'hex') || '%'$$,
	'neither password nor token is stored, in no encoding');
SELECT isnt(digest, sha256(convert_to(token('ada'), 'UTF8')), 'the digest is not SHA-256') FROM arsignup.signup_tokens WHERE email = 'Ada@Example.com';

-- By another implementation of BLAKE2b-256: a row made by hand can be redeemed by its token.
INSERT INTO arsignup.realms (id, name) VALUES ('0190a5b1-c2d3-7e4f-8a9b-acbdcedfe0f1', 'Known');
INSERT INTO arsignup.connected_apps (realm_id, id, name, slug, login_handler) VALUES
	('0190a5b1-c2d3-7e4f-8a9b-acbdcedfe0f1', app('known'), 'Known', 'known-' || pg_backend_pid(), 'https://a.example');
INSERT INTO arsignup.signup_tokens (realm_id, id, digest, connected_app_id, created_at, expires_at, username, email, credential_type, password_hash, custom)
SELECT '0190a5b1-c2d3-7e4f-8a9b-acbdcedfe0f1', signup_uuid(decode(digest, 'hex')), decode(digest, 'hex'), app('known'), now(), now() + interval '1 hour', email, email, 'password', ready_hash(), '{}'
FROM (VALUES ('e59e4dd62ccdd25e568ba52469c06f6f180609fbc9fb7927b5d47f663c97ed6a', 'known1@example.com'), ('29461cf3f84068fc880c728b50214e1fb8d4b98f896433865d2505657b0850d2', 'known2@example.com')) AS v (digest, email);
INSERT INTO minted VALUES ('known1', '', 'utk_AZClscLTfk-Km6y9zt_g8eDh4uPk5ebn6Onq6-zt7u_w8fLz9PX29_j5-vv8_f7_'), ('known2', '', 'utk_AZClscLTfk-Km6y9zt_g8QABAgMEBQYHCAkKCwwNDg8QERITFBUWFxgZGhscHR4f');
SELECT is((SELECT email FROM arsignup.get_signup_token(token('known1'))), 'known1@example.com', 'a token is looked up by the BLAKE2b-256 of its text');
SELECT is((outcome(redeem('known1'))).code, '00000', 'and redeemed by it');
SELECT is(state_of('known1') || state_of('known2'), 'redeemedpending', 'that one and no other');

-- Nobody else could have minted it, and no two are alike.
SELECT arsignup.mint_signup_token(app(), 'many@example.com', password_hash => ready_hash()) AS token INTO TEMP many FROM generate_series(1, 500);
SELECT is((SELECT count(DISTINCT token) FROM many), 500::bigint, 'five hundred tokens for one email, all different');
SELECT is((SELECT count(DISTINCT substr(token, 27 + n, 1)) > 40 FROM many, generate_series(0, 40, 8) AS n), true, 'their random part is random');
SELECT is((SELECT count(DISTINCT substr(token, 1, 25)) FROM many), 1::bigint, 'and the realm''s is not');
SELECT is((SELECT count(*) FROM arsignup.signup_tokens WHERE email = 'many@example.com'), 500::bigint, 'all of them live');

-- What is not given.
SELECT mint('nulls', ', email_confirmation => NULL, first_name => NULL, last_name => NULL, org_name => NULL, custom => NULL, ttl => NULL');
SELECT results_eq(
	$$SELECT first_name, last_name, org_name, custom, password_hash, expires_at - created_at FROM arsignup.signup_tokens WHERE email = 'nulls@example.com'$$,
	$$VALUES (NULL::text, NULL::text, NULL::text, '{}'::jsonb, ready_hash(), interval '24 hours')$$,
	'null is the same as not given; a ready hash is kept as it is');
SELECT mint('blanks', $$, first_name => '  ', last_name => '', org_name => E'\t'$$);
SELECT results_eq(
	$$SELECT first_name, last_name, org_name FROM arsignup.signup_tokens WHERE email = 'blanks@example.com'$$,
	$$VALUES (NULL::text, NULL::text, NULL::text)$$, 'blank names are null');
SELECT mint('lovelace', $$, username => ' Lovelace '$$, 'standard', 'Ada@Example.com');
SELECT is((SELECT username FROM arsignup.get_signup_token(token('lovelace'))), 'Lovelace', 'in a standard realm the token holds the username');

-- How long it lives: as the call says, else as the realm says.
UPDATE arsignup.realms SET signup_token_ttl = '90 minutes' WHERE id = realm('other');
SELECT mint('realm-ttl', '', 'other');
SELECT mint('call-ttl', $$, ttl => '5 minutes'$$, 'other');
SELECT mint('longest-ttl', $$, ttl => '366 days'$$, 'other');
SELECT mint('shortest-ttl', $$, ttl => '1 microsecond'$$, 'other');
SELECT results_eq(
	$$SELECT email, expires_at - created_at FROM arsignup.signup_tokens WHERE email LIKE '%-ttl@example.com' ORDER BY 2$$,
	$$VALUES ('shortest-ttl@example.com', interval '1 microsecond'), ('call-ttl@example.com', '5 minutes'), ('realm-ttl@example.com', '90 minutes'), ('longest-ttl@example.com', '366 days')$$,
	'a token lives as long as the call says, else as the realm says');

---------------------------------------------------------------------------------------------------
-- Mint: what it refuses, as an application calls it
---------------------------------------------------------------------------------------------------

CREATE FUNCTION minting(extra text, email text DEFAULT 'x@example.com', app text DEFAULT 'tokens') RETURNS text LANGUAGE sql AS $$
	SELECT format('SELECT arsignup.mint_signup_token(app(%L), %L %s)', app, email, extra)
$$;
SELECT hashes_run AS hashes_before_refusals FROM arsignup.stats() \gset
SET LOCAL ROLE :"app_role";

SELECT refused($$SELECT arsignup.mint_signup_token(NULL, 'x@example.com', 'canary password')$$, 'SU010', 'no such connected app', NULL, 'mint: a null app');
SELECT refused($$SELECT arsignup.mint_signup_token(gen_random_uuid(), 'x@example.com', 'canary password')$$, 'SU010', 'no such connected app', NULL, 'mint: an unknown app');
SELECT refused($$SELECT arsignup.mint_signup_token(realm(), 'x@example.com', 'canary password')$$, 'SU010', 'no such connected app', NULL, 'mint: a realm''s id for an app''s');
SELECT refused(minting($$, 'canary password'$$, app => 'asleep'), 'SU006', 'connected app is inactive', NULL, 'mint: an inactive app');
SELECT refused(minting($$, 'canary password'$$, app => 'in asleep realm'), 'SU006', 'realm is inactive', NULL, 'mint: an app of an inactive realm');
SELECT refused(minting($$, 'canary password'$$, app => 'closed'), 'SU006', 'signups are switched off', NULL, 'mint: an app that is closed');
SELECT refused(minting($$, 'canary password'$$, app => 'in closed realm'), 'SU006', 'signups are switched off', NULL, 'mint: an app of a closed realm');
SELECT invalid(minting(format(', %L', password), 'zyxomma@quuxbar.example', 'demanding'), jsonb_build_object('password', ARRAY['Password is too easy to guess: ' || why || '.']), 'mint: an easy password: ' || password)
FROM (VALUES ('password', 'common words are guessed first'), ('zyxomma1', 'it is made of names that belong to you or to this place')) AS v (password, why);
SELECT invalid(minting(', ''jubjubbird7'', org_name => ''Jubjubbird'', ttl => ''0''', app => 'demanding'),
	'{"ttl": ["Time to live must be positive and 366 days at most."], "password": ["Password is too easy to guess: it is made of names that belong to you or to this place."]}', 'mint: a password made of the org''s name, beside another fault');
SELECT is((outcome(minting(', password_hash => ready_hash()', app => 'reopened'))).code, '00000', 'an app that opens itself in a closed realm mints');
SELECT is((outcome(minting(', password_hash => ready_hash()', 'mode-' || app || '@example.com', app))).code, '00000', 'an app with mode ' || app || ' mints: the mode is for forms')
FROM unnest(ARRAY['users', 'orgs']) AS app;

SELECT invalid(minting(', password_hash => ready_hash()', email), '{"email": ["Email can''t be blank."]}', 'mint: email ' || shown(email)) FROM unnest(ARRAY[NULL, '', ' ']) AS email;
SELECT invalid(minting(', password_hash => ready_hash()', email), '{"email": ["Email is not a valid address."]}', 'mint: email ' || shown(email)) FROM unnest(ARRAY['x', 'x@y@z', U&'x\FF20y', repeat('a', 100000)]) AS email;
SELECT invalid(minting(format(', password_hash => ready_hash(), email_confirmation => %L', confirmation)),
	'{"email_confirmation": ["Email confirmation does not match the email."]}', 'mint: email confirmation ' || shown(confirmation))
FROM unnest(ARRAY['y@example.com', 'x', 'x@example.com.', 'x+1@example.com', U&'\FF58@example.com']) AS confirmation;
SELECT is((outcome(minting(format(', password_hash => ready_hash(), email_confirmation => %L', ' X@EXAMPLE.com ')))).code, '00000', 'an email confirmation may be spelled otherwise');
SELECT invalid(minting(', password_hash => ready_hash(), username => ''y@example.com'''), '{"username": ["Username must be the email."]}', 'mint: a username that is not the email');
SELECT invalid(minting(', password_hash => ready_hash()', app => 'standard'), '{"username": ["Username can''t be blank."]}', 'mint: no username in a standard realm');
SELECT invalid(minting(', password_hash => ready_hash(), username => ''x y''', app => 'standard'),
	'{"username": ["Username must begin with a letter or digit and have only letters a to z, digits, dots, underscores and hyphens, 63 characters at most."]}', 'mint: a username of two words');
SELECT invalid(minting(format(', password_hash => ready_hash(), %s => %L', argument, repeat('x', 256))), jsonb_build_object(argument, ARRAY[label || ' can''t be longer than 255 characters; this one has 256.']), 'mint: overlong ' || argument)
FROM (VALUES ('first_name', 'First name'), ('last_name', 'Last name'), ('org_name', 'Organisation name')) AS v (argument, label);
SELECT invalid(minting(format(', password_hash => ready_hash(), %s => %L', argument, U&'x\202Ey')), jsonb_build_object(argument, ARRAY[label || ' can''t contain control characters.']), 'mint: turned round ' || argument)
FROM (VALUES ('first_name', 'First name'), ('last_name', 'Last name'), ('org_name', 'Organisation name')) AS v (argument, label);
SELECT invalid(minting(format(', password_hash => ready_hash(), custom => %L', custom)), '{"custom": ["Custom attributes must be a JSON object."]}', 'mint: custom ' || custom) FROM unnest(ARRAY['null', '[]', '1']) AS custom;
SELECT is((outcome(minting($$, password_hash => ready_hash(), custom => jsonb_build_object('a', repeat('é', 32763))$$, 'mint-custom@example.com'))).code, '00000', 'mint: custom of 65535 bytes of text');
SELECT invalid(minting($$, password_hash => ready_hash(), custom => jsonb_build_object('a', repeat('é', 32764))$$), '{"custom": ["Custom attributes can''t be larger than 65,536 bytes; these have 65537."]}', 'mint: custom of 65537 bytes');
SELECT invalid(minting($$, password_hash => ready_hash(), custom => json_build_object('a', repeat('x', 65536))::jsonb$$), '{"custom": ["Custom attributes can''t be larger than 65,536 bytes; these have 65545."]}', 'mint: overlarge custom');
SELECT invalid(minting(format(', password_hash => ready_hash(), ttl => %L', ttl)), '{"ttl": ["Time to live must be positive and 366 days at most."]}', 'mint: ttl ' || ttl)
FROM unnest(ARRAY['0', '-1 s', '-1 microsecond', '-1 month', '367 days', '366 days 1 microsecond', '13 months', '1000 years', '178000000 years']
	|| CASE WHEN current_setting('server_version_num')::int >= 170000 THEN '{infinity,-infinity}'::text[] END) AS ttl;

SELECT invalid(minting(', ''canary password'', ttl => ''0''', 'x'), '{"email": ["Email is not a valid address."], "ttl": ["Time to live must be positive and 366 days at most."]}', 'mint: ttl 0, beside another fault');
SELECT invalid(minting(', ''canary password'', ttl => ''0'''), '{"ttl": ["Time to live must be positive and 366 days at most."]}', 'mint: ttl 0, with a password');

SELECT invalid(minting(''), '{"password": ["Password can''t be blank."]}', 'mint: neither password nor hash');
SELECT invalid(minting(', '''''), '{"password": ["Password can''t be blank."]}', 'mint: an empty password');
SELECT invalid(minting(', NULL, password_confirmation => ''canary password'''), '{"password": ["Password can''t be blank."]}', 'mint: only a confirmation');
SELECT invalid(minting(', ''1234567'''), '{"password": ["Password must have at least 8 characters."]}', 'mint: 7 characters');
SELECT invalid(minting(', repeat(''canary'', 200)'), '{"password": ["Password can''t be longer than 1,024 bytes."]}', 'mint: 1200 bytes');
SELECT invalid(minting(', ''canary password'', password_hash => ready_hash()'), '{"password_hash": ["Password hash can''t be given together with a password."]}', 'mint: password and hash');
SELECT invalid(minting(', password_hash => ''canary'''), '{"password_hash": ["Password hash has an unknown form."]}', 'mint: a hash of unknown form');
SELECT invalid(minting(', password_hash => '''''), '{"password_hash": ["Password hash has an unknown form."]}', 'mint: an empty hash');
SELECT invalid(minting(', password_hash => replace(ready_hash(), ''m=19456'', ''m=4194304'')'), '{"password_hash": ["Password hash costs more than this server allows: 4194304 kB, and arsignup.argon2_memory_max is 262144 kB."]}', 'mint: a hash that costs 4 GiB');
SELECT invalid(minting(format(', ''canary password'', password_confirmation => %L', confirmation)), '{"password_confirmation": ["Password confirmation does not match the password."]}', 'mint: password confirmation ' || shown(confirmation))
FROM unnest(ARRAY['', 'canary passwore', 'canary passwor', 'canary password ', 'Canary password', 'canary passwordcanary password', U&'canary passwor\FF44']) AS confirmation;

SELECT arsignup.create_user(realm(), 'taken@example.com') AS taken_user \gset
SELECT arsignup.create_user(realm('standard'), 'taken@example.com', username => 'Taken') AS standard_user \gset
SELECT taken(minting(', password_hash => ready_hash()', email), '{"email": ["Email is already taken."]}', 'mint: a taken email as ' || shown(email))
FROM unnest(ARRAY['taken@example.com', 'TAKEN@example.com', ' Taken@Example.com', U&'ta\212Aen@example.com']) AS email;
SELECT taken(minting(', ''canary password''', 'taken@example.com'), '{"email": ["Email is already taken."]}', 'mint: a taken email, with a password');
SELECT taken(minting(', password_hash => ready_hash(), username => ''TAKEN''', app => 'standard'), '{"username": ["Username is already taken."]}', 'mint: a taken username');
SELECT taken(minting(', password_hash => ready_hash(), username => ''taken''', 'Taken@example.com', 'standard'), '{"username": ["Username is already taken."], "email": ["Email is already taken."]}', 'mint: both taken');
SELECT is((outcome(minting(', password_hash => ready_hash()', 'taken@example.com', 'other'))).code, '00000', 'a name that is taken in another realm is free in this one');

SELECT invalid(minting($$, 'short', 'x y', 'y@example.com', 'canary', E'a\nb', repeat('x', 256), E'c\rd', '[]', '0', ready_hash()$$, app => 'standard'),
	'{"username": ["Username must begin with a letter or digit and have only letters a to z, digits, dots, underscores and hyphens, 63 characters at most."],
		"email_confirmation": ["Email confirmation does not match the email."], "password": ["Password must have at least 8 characters."],
		"password_confirmation": ["Password confirmation does not match the password."], "first_name": ["First name can''t contain control characters."],
		"last_name": ["Last name can''t be longer than 255 characters; this one has 256."], "org_name": ["Organisation name can''t contain control characters."],
		"custom": ["Custom attributes must be a JSON object."], "ttl": ["Time to live must be positive and 366 days at most."],
		"password_hash": ["Password hash can''t be given together with a password."]}', 'mint: ten faults are told at once');
SELECT invalid(minting($$, 'short'$$, 'taken@example.com'), '{"email": ["Email is already taken."], "password": ["Password must have at least 8 characters."]}', 'mint: a taken email is told beside a short password');
SELECT invalid(minting($$, repeat(U&'e\0301', 2000), password_confirmation => repeat(U&'e\0301', 2000)$$), '{"password": ["Password can''t be longer than 1,024 bytes."]}', 'mint: an overlong password that is confirmed has one fault');
RESET ROLE;
SELECT is((SELECT hashes_run FROM arsignup.stats()), :hashes_before_refusals::bigint, 'not one of these refusals has cost a hash');

-- NFC holds for confirmations, too.
SELECT is((outcome(minting($$, U&'caf\00E9 canary', password_confirmation => U&'cafe\0301 canary'$$))).code, '00000', 'a confirmation may be composed otherwise than the password');

-- The app's form rules, else the realm's.
UPDATE arsignup.realms SET name_field = 'both', password_field = 'twice', password_min_length = 12 WHERE id = realm('other');
SET LOCAL ROLE :"app_role";
SELECT invalid(minting(', password_hash => ready_hash()', app => 'other'), '{"first_name": ["First name can''t be blank."], "last_name": ["Last name can''t be blank."]}', 'names that the realm requires');
SELECT invalid(minting(', password_hash => ready_hash(), first_name => ''X''', app => 'other'), '{"last_name": ["Last name can''t be blank."]}', 'both of them');
SELECT invalid(minting(', password_hash => ready_hash(), first_name => '' '', last_name => ''Y''', app => 'other'), '{"first_name": ["First name can''t be blank."]}', 'and not blank');
SELECT invalid(minting(', ''canary password'', first_name => ''X'', last_name => ''Y''', app => 'other'), '{"password_confirmation": ["Password confirmation can''t be blank."]}', 'a confirmation that the realm requires');
SELECT invalid(minting(', ''canary pass'', password_confirmation => ''canary pass'', first_name => ''X'', last_name => ''Y''', app => 'other'), '{"password": ["Password must have at least 12 characters."]}', 'a length that the realm requires');
SELECT is((outcome(minting(', ''canary passw'', password_confirmation => ''canary passw'', first_name => ''X'', last_name => ''Y''', app => 'other'))).code, '00000', 'with all that, it is minted');
SELECT is((outcome(minting(', password_hash => ready_hash(), first_name => ''X'', last_name => ''Y''', app => 'other'))).code, '00000', 'a ready hash is not confirmed');
RESET ROLE;
UPDATE arsignup.connected_apps SET name_field = 'optional', password_field = 'once' WHERE id = app('other');
SELECT is((outcome(minting(', ''canary password''', app => 'other'))).code, '00000', 'the app''s rules go before the realm''s');
UPDATE arsignup.connected_apps SET name_field = 'both' WHERE id = app('users');
SELECT invalid(minting(', password_hash => ready_hash()', app => 'users'), '{"first_name": ["First name can''t be blank."], "last_name": ["Last name can''t be blank."]}', 'also when they are stricter');
UPDATE arsignup.connected_apps SET name_field = 'required' WHERE id = app('users');
SELECT invalid(minting(', password_hash => ready_hash()' || names, app => 'users'), '{"first_name": ["First and last name can''t both be blank."]}', 'N4: required: a name' || names)
FROM unnest(ARRAY['', ', first_name => '' ''', ', first_name => '' '', last_name => ''''']) AS names;
SELECT is((outcome(minting(', password_hash => ready_hash()' || names, app => 'users'))).code, '00000', 'N4: required: one is enough' || names)
FROM unnest(ARRAY[', first_name => ''Suharto''', ', last_name => ''Suharto''', ', first_name => '' '', last_name => ''Suharto''', ', first_name => ''X'', last_name => ''Y''']) AS names;

---------------------------------------------------------------------------------------------------
-- Get: what it shows
---------------------------------------------------------------------------------------------------

SET LOCAL ROLE :"app_role";
SELECT results_eq(
	$$SELECT realm_id, connected_app_id, username, email, first_name, last_name, org_name, credential_type, custom, state, expires_at - created_at, user_id FROM arsignup.get_signup_token(token('ada'))$$,
	$$VALUES (realm(), app(), 'Ada@Example.com', 'Ada@Example.com', 'Ada', 'Lovelace', 'Analytical Engines', 'password', '{"plan": "pro"}'::jsonb, 'pending', interval '24 hours', NULL::uuid)$$,
	'the application reads what a token holds');
SELECT is((SELECT count(*) FROM arsignup.get_signup_token(token('ada'), realm())), 1::bigint, 'also when it names the realm');
SELECT is_empty($$SELECT FROM arsignup.get_signup_token(token('ada'), realm('other'))$$, 'no row in another realm');
SELECT is_empty($$SELECT FROM arsignup.get_signup_token(token('ada'), gen_random_uuid())$$, 'no row in an unknown realm');
SELECT is_empty($$SELECT FROM arsignup.get_signup_token(NULL)$$, 'no row for null');
RESET ROLE;
SELECT columns_are('arsignup', 'signup_token_info', ARRAY['realm_id', 'connected_app_id', 'username', 'email', 'first_name', 'last_name', 'org_name', 'credential_type', 'custom', 'state', 'created_at', 'expires_at', 'user_id', 'signup_id', 'held_until'],
	'there is no column for a password, a hash or a digest');

---------------------------------------------------------------------------------------------------
-- Redeem: what it makes
---------------------------------------------------------------------------------------------------

SELECT hashes_run, tokens_redeemed FROM arsignup.stats() \gset before_
SELECT password_hash FROM arsignup.signup_tokens WHERE email = 'Ada@Example.com' AND realm_id = realm() \gset ada_
SET LOCAL ROLE :"app_role";
SELECT r.*, r::text AS whole FROM arsignup.redeem_signup_token(token('ada'), reference => ' A-1 ', custom => '{"plan": "free", "source": "ad"}') AS r \gset ada_
RESET ROLE;
SELECT is(:'ada_whole'::text, format('(user_org,%s,%s,%s,,,)', :'ada_user_id', :'ada_org_id', :'ada_membership_id'), 'a redeemed token: mode and ids, and no session, login token or URL');
SELECT results_eq(
	format($$SELECT realm_id, id, state, user_type, username, username_key COLLATE "default", email, email_key COLLATE "default", email_verification, first_name, last_name, reference, custom FROM arsignup.users WHERE email_key = 'ada@example.com' AND realm_id = realm()$$),
	format($$VALUES (realm(), %L::uuid, 'active', 'human', 'Ada@Example.com', 'ada@example.com', 'Ada@Example.com', 'ada@example.com', 'none', 'Ada', 'Lovelace', 'A-1', '{"plan": "free", "source": "ad"}'::jsonb)$$, :'ada_user_id'),
	'the user: the token''s data, the caller''s reference, custom merged over the token''s');
SELECT results_eq(
	format($$SELECT realm_id, password_hash FROM arsignup.credentials WHERE user_id = %L$$, :'ada_user_id'),
	format($$VALUES (realm(), %L)$$, :'ada_password_hash'), 'its credential: the hash that was minted');
SELECT results_eq(
	format($$SELECT realm_id, name, state, reference, custom FROM arsignup.orgs WHERE id = %L$$, :'ada_org_id'),
	$$VALUES (realm(), 'Analytical Engines', 'active', NULL::text, '{}'::jsonb)$$, 'the org');
SELECT results_eq(
	format($$SELECT realm_id, user_id, org_id, permissions, expires_at, custom FROM arsignup.memberships WHERE id = %L$$, :'ada_membership_id'),
	format($$VALUES (realm(), %L::uuid, %L::uuid, '{owner,billing:*}'::text[], NULL::timestamptz, '{}'::jsonb)$$, :'ada_user_id', :'ada_org_id'),
	'the membership, with the app''s default permissions');
SELECT results_eq(
	format($$SELECT event_type, user_id, org_id, membership_id, connected_app_id, data FROM arsignup.events WHERE user_id = %L OR org_id = %L ORDER BY realm_id, id$$, :'ada_user_id', :'ada_org_id'),
	format($$VALUES ('user.created', %1$L::uuid, NULL::uuid, NULL::uuid, app(), NULL::jsonb), ('org.created', NULL, %2$L, NULL, app(), NULL), ('membership.created', %1$L, %2$L, %3$L, app(), NULL)$$,
		:'ada_user_id', :'ada_org_id', :'ada_membership_id'),
	'three events, in this order');
SELECT results_eq(
	$$SELECT redeemed_at BETWEEN now() AND clock_timestamp() AND redeemed_at > created_at, revoked_at, user_id, password_hash, email, org_name FROM arsignup.signup_tokens WHERE email = 'Ada@Example.com' AND realm_id = realm()$$,
	format($$VALUES (true, NULL::timestamptz, %L::uuid, NULL::text, 'Ada@Example.com', 'Analytical Engines')$$, :'ada_user_id'),
	'the token says when and for whom, and its hash is erased');
SELECT is((SELECT hashes_run FROM arsignup.stats()), :before_hashes_run::bigint, 'redeeming hashes nothing');
SELECT is((SELECT tokens_redeemed FROM arsignup.stats()), :before_tokens_redeemed::bigint + 1, 'and is counted');
SELECT ok(arsignup.verify_password('canary password', password_hash), 'the password that was given at mint is the user''s') FROM arsignup.credentials WHERE user_id = :'ada_user_id';
SELECT results_eq(
	$$SELECT state, user_id FROM arsignup.get_signup_token(token('ada'))$$, format($$VALUES ('redeemed', %L::uuid)$$, :'ada_user_id'),
	'who lost the answer asks for it: the token is redeemed, for this user');

-- Once.
SET LOCAL ROLE :"app_role";
SELECT refused(redeem('ada'), 'SU005', 'signup token was already redeemed', format('{"user_id": "%s"}', :'ada_user_id'), 'a second redeem tells for whom the first one was');
SELECT refused(redeem('ada', ', org_name => ''Other'''), 'SU005', 'signup token was already redeemed', format('{"user_id": "%s"}', :'ada_user_id'), 'whatever else it asks for');
SELECT refused(redeem('ada', ', custom => ''[]'', reference => repeat(''x'', 256)'), 'SU005', 'signup token was already redeemed', format('{"user_id": "%s"}', :'ada_user_id'), 'and whatever is wrong with that');
SELECT is(arsignup.revoke_signup_token(token('ada')), false, 'a redeemed token is not revoked');
SELECT is(state_of('ada'), 'redeemed', 'and stays redeemed');
RESET ROLE;

-- A user alone.
SELECT mint('alone');
SELECT r.*, r::text AS whole FROM arsignup.redeem_signup_token(token('alone')) AS r \gset alone_
SELECT is(:'alone_whole'::text, format('(user,%s,,,,,)', :'alone_user_id'), 'without an org''s name: a user and nothing else');
SELECT results_eq(
	format('SELECT event_type, connected_app_id FROM arsignup.events WHERE user_id = %L', :'alone_user_id'), $$VALUES ('user.created', app())$$, 'and one event');
SELECT is((SELECT count(*) FROM arsignup.memberships WHERE user_id = :'alone_user_id'), 0::bigint, 'no membership');
SELECT * FROM arsignup.redeem_signup_token(token('lovelace')) \gset lovelace_
SELECT results_eq(
	format('SELECT realm_id, username, username_key COLLATE "default", email, shared_email_id FROM arsignup.users WHERE id = %L', :'lovelace_user_id'),
	$$VALUES (realm('standard'), 'Lovelace', 'lovelace', 'Ada@Example.com', NULL::uuid)$$, 'in a standard realm, the user has its username');

-- No lock on what all signups share: every one of them would wait for it. The rows are inserted without their
-- foreign keys' checks, which lock them as well.
SET LOCAL session_replication_role = replica;
INSERT INTO arsignup.realms (id, name) VALUES (realm('untouched'), 'Untouched');
INSERT INTO arsignup.connected_apps (realm_id, id, name, slug, login_handler) VALUES (realm('untouched'), app('untouched'), 'Untouched', 'untouched-' || pg_backend_pid(), 'https://a.example');
RESET session_replication_role;
SELECT mint('untouched', ', org_name => ''Org''', 'untouched');
SELECT is((outcome(redeem('untouched'))).code, '00000', 'a mint and a redeem with org and membership');
SELECT is((SELECT xmax::text FROM arsignup.realms WHERE id = realm('untouched')), '0', 'lock no realm''s row');
SELECT is((SELECT xmax::text FROM arsignup.connected_apps WHERE id = app('untouched')), '0', 'and no app''s');
SELECT is((SELECT count(*) FROM pg_locks WHERE locktype = 'advisory' AND pid = pg_backend_pid()), 0::bigint, 'there are no advisory locks');

---------------------------------------------------------------------------------------------------
-- Redeem: org or no org, and its name
---------------------------------------------------------------------------------------------------

-- Name of the org that a redeem makes; null if it makes none.
CREATE FUNCTION org_made(minted_org text, redeem_org text, with_org boolean, first_name text DEFAULT NULL, last_name text DEFAULT NULL) RETURNS text LANGUAGE plpgsql AS $$
DECLARE
	token_name text := 'org-' || (SELECT count(*) FROM minted);
	r record;
BEGIN
	PERFORM mint(token_name, format(', org_name => %L, first_name => %L, last_name => %L', minted_org, first_name, last_name));
	SELECT * INTO r FROM arsignup.redeem_signup_token(token(token_name), redeem_org, with_org => with_org);
	IF (r.org_id IS NULL) <> (r.membership_id IS NULL) OR (r.org_id IS NULL) <> (r.signup_mode = 'user') OR (r.org_id IS NOT NULL) <> (r.signup_mode = 'user_org')
		OR EXISTS (SELECT FROM arsignup.memberships AS m WHERE m.user_id = r.user_id) <> (r.org_id IS NOT NULL) THEN
		RETURN 'INCONSISTENT ' || r;
	END IF;
	RETURN (SELECT replace(o.name, token_name, 'org-n') FROM arsignup.orgs AS o WHERE o.id = r.org_id);
END
$$;
SELECT is(org_made(m, r, w), expected, format('minted with org %s, redeemed with %s, with_org %s: %s', shown(m), shown(r), coalesce(w::text, 'null'), shown(expected)))
FROM (VALUES
	(NULL, NULL, NULL::boolean, NULL), (NULL, NULL, false, NULL), (NULL, NULL, true, 'org-n@example.com'),
	(NULL, 'R', NULL, 'R'), (NULL, 'R', false, NULL), (NULL, 'R', true, 'R'),
	('M', NULL, NULL, 'M'), ('M', NULL, false, NULL), ('M', NULL, true, 'M'),
	('M', 'R', NULL, 'R'), ('M', 'R', false, NULL), ('M', 'R', true, 'R'),
	('M', '', NULL, 'M'), ('M', '  ', true, 'M'), (NULL, '  ', NULL, NULL), (NULL, '', true, 'org-n@example.com'), (' M ', NULL, NULL, 'M'), (NULL, ' R ', NULL, 'R'),
	(NULL, repeat('é', 255), NULL, repeat('é', 255))) AS v (m, r, w, expected);
SELECT is(org_made(NULL, NULL, true, 'Ada', 'Lovelace'), 'Ada Lovelace', 'an org without a name is named after the user: full name');
SELECT is(org_made(NULL, NULL, true, 'Ada', NULL), 'Ada', 'or first name');
SELECT is(org_made(NULL, NULL, true, NULL, 'Lovelace'), 'Lovelace', 'or last name');
SELECT is(org_made(NULL, NULL, true, ' ', ''), 'org-n@example.com', 'or, without names, username');
SELECT is(org_made('M', NULL, true, 'Ada', 'Lovelace'), 'M', 'a name that was given goes before it');
SELECT is(org_made(NULL, NULL, true, repeat(x, m), repeat(y, n)), left(repeat(x, m) || ' ' || repeat(y, n), 255), format('an org named after its user has 255 characters at most: %s times %s and %s times %s', m, x, n, y))
FROM (VALUES ('x', 255, 'y', 255), ('x', 254, 'y', 1), ('x', 127, 'y', 127), ('x', 128, 'y', 127), ('é', 200, U&'\+01F511', 200)) AS v (x, m, y, n);
SELECT mint('named', ', username => ''Countess''', 'standard');
SELECT org_id FROM arsignup.redeem_signup_token(token('named'), with_org => true) \gset named_
SELECT is((SELECT name FROM arsignup.orgs WHERE id = :'named_org_id'), 'Countess', 'in a standard realm, the username');
SELECT is((SELECT permissions FROM arsignup.memberships WHERE org_id = :'named_org_id'), '{}'::text[], 'without default permissions, none');
SELECT mint('orgs-app', '', 'orgs');
SELECT membership_id FROM arsignup.redeem_signup_token(token('orgs-app'), 'Org') \gset orgs_app_
SELECT is((SELECT permissions FROM arsignup.memberships WHERE id = :'orgs_app_membership_id'), '{member}'::text[], 'where the app has no default permissions, the realm''s hold');

---------------------------------------------------------------------------------------------------
-- Redeem: what the caller adds
---------------------------------------------------------------------------------------------------

CREATE FUNCTION custom_made(minted jsonb, redeemed jsonb) RETURNS jsonb LANGUAGE plpgsql AS $$
DECLARE
	token_name text := 'custom-' || (SELECT count(*) FROM arsignup_test.minted);
	new_user uuid;
BEGIN
	PERFORM mint(token_name, format(', custom => %L', minted));
	SELECT user_id INTO new_user FROM arsignup.redeem_signup_token(token(token_name), custom => redeemed);
	RETURN (SELECT custom FROM arsignup.users AS u WHERE u.id = new_user);
END
$$;
SELECT is(custom_made(m, r), expected, format('custom %s and %s: %s', m, coalesce(r::text, 'null'), expected))
FROM (VALUES ('{}'::jsonb, NULL::jsonb, '{}'::jsonb), ('{"a": 1}', NULL, '{"a": 1}'), ('{"a": 1}', '{}', '{"a": 1}'), ('{}', '{"b": 2}', '{"b": 2}'), ('{"a": 1}', '{"b": 2}', '{"a": 1, "b": 2}'),
	('{"a": 1, "b": 2}', '{"a": 3}', '{"a": 3, "b": 2}'), ('{"a": {"x": 1}}', '{"a": {"y": 2}}', '{"a": {"y": 2}}'), ('{"a": 1}', '{"a": null}', '{"a": null}')) AS v (m, r, expected);

SELECT mint('faulty', ', org_name => ''M'', custom => json_build_object(''a'', repeat(''x'', 40000))::jsonb');
SET LOCAL ROLE :"app_role";
SELECT invalid(redeem('faulty', ', org_name => repeat(''x'', 256)'), '{"org_name": ["Organisation name can''t be longer than 255 characters; this one has 256."]}', 'redeem: overlong org name');
SELECT invalid(redeem('faulty', format(', org_name => %L', E'x\ny')), '{"org_name": ["Organisation name can''t contain control characters."]}', 'redeem: org name of two lines');
SELECT invalid(redeem('faulty', ', org_name => repeat(''x'', 256), with_org => false'), '{"org_name": ["Organisation name can''t be longer than 255 characters; this one has 256."]}', 'redeem: also when no org is asked for');
SELECT invalid(redeem('faulty', ', reference => repeat(''x'', 256)'), '{"reference": ["Reference can''t be longer than 255 characters; this one has 256."]}', 'redeem: overlong reference');
SELECT invalid(redeem('faulty', format(', custom => %L', custom)), '{"custom": ["Custom attributes must be a JSON object."]}', 'redeem: custom ' || custom) FROM unnest(ARRAY['null', '[]', '[1]', '"x"', '1', 'true']) AS custom;
SELECT invalid(redeem('faulty', ', custom => json_build_object(''b'', repeat(''x'', 40000))::jsonb'), '{"custom": ["Custom attributes can''t be larger than 65,536 bytes; these have 80018."]}', 'redeem: custom that is too large when it is merged');
SELECT invalid(redeem('faulty', format(', org_name => %L, reference => %L, custom => %L', E'\x01', E'\x01', '[]')),
	'{"org_name": ["Organisation name can''t contain control characters."], "reference": ["Reference can''t contain control characters."], "custom": ["Custom attributes must be a JSON object."]}', 'redeem: all at once');
RESET ROLE;
SELECT is(state_of('faulty'), 'pending', 'after all these refusals the token is as good as before');
SELECT is((outcome(redeem('faulty', ', reference => ''  '', with_org => false'))).code, '00000', 'and can be redeemed');
SELECT is((SELECT reference FROM arsignup.users WHERE email = 'faulty@example.com'), NULL, 'a blank reference is null');

---------------------------------------------------------------------------------------------------
-- A rollback leaves the token as good as before
---------------------------------------------------------------------------------------------------

SELECT mint('rolled', ', org_name => ''Org''');
SELECT world() AS before \gset
SAVEPOINT declined;
SET LOCAL ROLE :"app_role";
SELECT * FROM arsignup.redeem_signup_token(token('rolled')) \gset first_
RESET ROLE;
SELECT state_of('rolled') AS state \gset inside_
SELECT count(*) AS users FROM arsignup.users WHERE id = :'first_user_id' \gset inside_
ROLLBACK TO declined;
SELECT is(:'inside_state'::text || :inside_users, 'redeemed1', 'inside the transaction the token is redeemed and the user is there');
SELECT is(world(), :'before'::text, 'after a rollback there is no trace of either');
SELECT is(state_of('rolled'), 'pending', 'the token is pending');
SELECT * FROM arsignup.redeem_signup_token(token('rolled')) \gset second_
SELECT isnt(:'second_user_id'::uuid, :'first_user_id'::uuid, 'it is redeemed again, for another user id: none is used twice');
SELECT is((SELECT count(*) FROM arsignup.credentials WHERE user_id = :'second_user_id' AND password_hash = ready_hash()), 1::bigint, 'with the hash that was minted');
SELECT is(state_of('rolled'), 'redeemed', 'and is redeemed');

---------------------------------------------------------------------------------------------------
-- Expiry: by the clock, inside a transaction that began before it
---------------------------------------------------------------------------------------------------

SELECT mint('short', ', ttl => ''40 milliseconds''');
SELECT mint('short-redeemed', ', ttl => ''40 milliseconds''');
SELECT mint('short-revoked', ', ttl => ''40 milliseconds''');
SELECT is((outcome(redeem('short-redeemed'))).code, '00000', 'redeemed before it expires');
SELECT ok(arsignup.revoke_signup_token(token('short-revoked')), 'revoked before it expires');
SELECT pg_sleep(0.06) \gset none_
SELECT is((SELECT expires_at > now() FROM arsignup.get_signup_token(token('short'))), true, 'by the transaction''s time the token lives');
SELECT tokens_expired FROM arsignup.stats() \gset before_
SET LOCAL ROLE :"app_role";
SELECT not_redeemed('short', '', 'SU004', 'signup token has expired', 'expired', 'an expired token');
SELECT not_redeemed('short', ', custom => ''[]''', 'SU004', 'signup token has expired', 'expired', 'an expired token with other faults');
SELECT is(arsignup.revoke_signup_token(token('short')), false, 'an expired token is not revoked');
SELECT is(state_of('short'), 'expired', 'and stays expired');
SELECT is(state_of('short-redeemed'), 'redeemed', 'what was redeemed is redeemed for ever');
SELECT is((outcome(redeem('short-redeemed'))).code, 'SU005', 'and says so');
SELECT is(state_of('short-revoked'), 'revoked', 'what was revoked is revoked for ever');
SELECT is((outcome(redeem('short-revoked'))).code, 'SU009', 'and says so');
RESET ROLE;
SELECT is((SELECT tokens_expired FROM arsignup.stats()), :before_tokens_expired::bigint + 2, 'attempts to redeem an expired token are counted');
SELECT is((outcome(redeem('shortest-ttl'))).code, 'SU004', 'a microsecond is over');
SELECT isnt((SELECT password_hash FROM arsignup.signup_tokens WHERE email = 'short@example.com'), NULL, 'an expired token''s hash waits for the purge');

---------------------------------------------------------------------------------------------------
-- Revoke
---------------------------------------------------------------------------------------------------

SELECT mint('revoked', ', org_name => ''Org''');
SET LOCAL ROLE :"app_role";
SELECT is(arsignup.revoke_signup_token(token('revoked'), realm()), true, 'a pending token is revoked');
SELECT is(arsignup.revoke_signup_token(token('revoked')), false, 'once');
SELECT not_redeemed('revoked', '', 'SU009', 'signup token was revoked', 'revoked', 'a revoked token');
RESET ROLE;
SELECT results_eq(
	$$SELECT revoked_at BETWEEN now() AND clock_timestamp() AND revoked_at > created_at, redeemed_at, user_id, password_hash FROM arsignup.signup_tokens WHERE email = 'revoked@example.com'$$,
	$$VALUES (true, NULL::timestamptz, NULL::uuid, NULL::text)$$, 'it says when, and its hash is erased');
SELECT is_empty($$SELECT FROM arsignup.users WHERE email = 'revoked@example.com'$$, 'no user came of it');
SELECT mint('revived');
SAVEPOINT thrown;
SELECT arsignup.revoke_signup_token(token('revived')) AS revoked \gset
ROLLBACK TO thrown;
SELECT is((outcome(redeem('revived'))).code, '00000', 'a revoke that is rolled back leaves the token good');
SELECT ok(:'revoked', 'although it had revoked it');

-- All of a realm's, and nobody else's.
SELECT mint(name) FROM unnest(ARRAY['all-one', 'all-two', 'all-redeemed', 'all-revoked']) AS name;
SELECT mint('all-late', ', ttl => interval ''1 microsecond''');
SELECT outcome(redeem('all-redeemed')), arsignup.revoke_signup_token(token('all-revoked')) \g /dev/null
SELECT arsignup.mint_signup_token(app('other'), 'all-other@example.com', password_hash => ready_hash()) AS all_other \gset
SELECT count(*) AS pending FROM arsignup.signup_tokens WHERE realm_id = realm() AND redeemed_at IS NULL AND revoked_at IS NULL AND expires_at > clock_timestamp() \gset
SET LOCAL ROLE :"admin_role";
SELECT is(arsignup.revoke_signup_tokens(realm()), :pending::bigint, 'all pending tokens of a realm are revoked, and counted');
SELECT is(arsignup.revoke_signup_tokens(realm()), 0::bigint, 'once');
SELECT refused(format('SELECT arsignup.revoke_signup_tokens(%s)', realm), 'SU010', 'no such realm', NULL, 'revoke_signup_tokens: realm ' || realm) FROM unnest(ARRAY['NULL', 'gen_random_uuid()']) AS realm;
RESET ROLE;
SELECT is((outcome(redeem(name))).code, code, 'afterwards: ' || name)
FROM (VALUES ('all-one', 'SU009'), ('all-two', 'SU009'), ('all-redeemed', 'SU005'), ('all-revoked', 'SU009'), ('all-late', 'SU004')) AS v (name, code);
SELECT is((SELECT count(*) FROM arsignup.signup_tokens WHERE email LIKE 'all-one@%' AND password_hash IS NOT NULL), 0::bigint, 'their hashes are erased');
SELECT is((SELECT state FROM arsignup.get_signup_token(:'all_other')), 'pending', 'another realm''s is left');

---------------------------------------------------------------------------------------------------
-- Tokens that lead nowhere
---------------------------------------------------------------------------------------------------

SELECT mint('good');
CREATE FUNCTION utk(bytes bytea) RETURNS text LANGUAGE sql IMMUTABLE AS $$ SELECT 'utk_' || translate(replace(encode(bytes, 'base64'), E'\n', ''), '+/', '-_') $$;
CREATE FUNCTION bytes(token text) RETURNS bytea LANGUAGE sql IMMUTABLE AS $$ SELECT decode(translate(substr(token, 5), '-_', '+/'), 'base64') $$;
SELECT is(utk(bytes(token('good'))), token('good'), 'the test''s own encoding is right');

CREATE TEMP TABLE bad (n int GENERATED ALWAYS AS IDENTITY, token text, kind text);
INSERT INTO bad (token, kind)
SELECT utk(set_bit(bytes(token('good')), bit, 1 - get_bit(bytes(token('good')), bit))), 'bit ' || bit || ' flipped' FROM generate_series(0, 383) AS bit;
INSERT INTO bad (token, kind)
SELECT overlay(token('good') PLACING c FROM place FOR 1), format('%L in place %s', c, place) FROM generate_series(1, 68) AS place, unnest(ARRAY['A', 'z', '+', '/', '=', ' ', '.', 'é', E'\n']) AS c
WHERE substr(token('good'), place, 1) <> c;
INSERT INTO bad (token, kind) SELECT left(token('good'), n), 'the first ' || n FROM generate_series(0, 67) AS n;
INSERT INTO bad (token, kind) SELECT right(token('good'), n), 'the last ' || n FROM generate_series(0, 67) AS n;
INSERT INTO bad (token, kind) VALUES
	(token('good') || 'A', 'one more'), (token('good') || '=', 'padded'), (token('good') || ' ', 'a blank behind'), (' ' || token('good'), 'a blank before'), (token('good') || E'\n', 'a line feed behind'), ('A' || token('good'), 'one more before'),
	(upper(token('good')), 'capitals'), (lower(token('good')), 'small'), ('UTK_' || substr(token('good'), 5), 'a prefix in capitals'), ('utk-' || substr(token('good'), 5), 'another prefix'), ('usr_' || substr(token('good'), 5), 'a user''s prefix'),
	('kss_' || substr(token('good'), 5), 'a session''s prefix'), (substr(token('good'), 5), 'no prefix'), (token('good') || token('good'), 'twice'), (reverse(token('good')), 'backwards'),
	('utk_' || repeat('A', 64), 'zeros'), ('utk_' || repeat('_', 64), 'ones'), ('utk_' || repeat('é', 32), 'letters beyond ASCII'), ('utk_' || repeat(U&'\+01F511', 16), 'emoji'), ('utk_' || repeat('A', 1000000), 'a megabyte'), (repeat('utk_', 17), 'prefixes'),
	(utk(bytes(token('good')) || '\x00'), 'a byte more'), (utk(substr(bytes(token('good')), 1, 47)), 'a byte less'), ('', 'empty'), ('NULL', 'the word null'), (realm()::text, 'a uuid'), (ready_hash(), 'a hash'),
	(utk(decode(replace(realm('other')::text, '-', ''), 'hex') || substr(bytes(token('good')), 17)), 'another realm''s id'), (utk(decode(replace(gen_random_uuid()::text, '-', ''), 'hex') || substr(bytes(token('good')), 17)), 'an unknown realm''s id'),
	(utk(substr(bytes(token('good')), 17) || substr(bytes(token('good')), 1, 16)), 'the realm behind'),
	(utk((SELECT digest || substring(digest FOR 16) FROM arsignup.signup_tokens WHERE email = 'good@example.com')), 'the digest for a token'),
	(utk(decode(replace(realm()::text, '-', ''), 'hex') || (SELECT digest FROM arsignup.signup_tokens WHERE email = 'good@example.com')), 'the realm and the digest for a token');
SELECT is((SELECT count(*) FROM bad WHERE token = token('good')), 0::bigint, 'every bad token differs from the good one');
SELECT cmp_ok((SELECT count(*) FROM bad), '>', 1000::bigint, 'there are bad tokens enough');
SELECT world() AS before \gset
CREATE TEMP TABLE answer AS
SELECT n, kind, outcome(format('SELECT arsignup.redeem_signup_token(%L)', token))::text AS redeemed, outcome(format('SELECT arsignup.revoke_signup_token(%L)', token))::text AS revoked,
	(SELECT count(*) FROM arsignup.get_signup_token(token)) AS rows FROM bad;
SELECT is_empty($$SELECT kind, redeemed FROM answer WHERE redeemed <> '(SU003,"no such signup token",,)'$$, 'none of them is redeemed, and all get the same answer');
SELECT is_empty($$SELECT kind, revoked FROM answer WHERE revoked <> '(SU003,"no such signup token",,)'$$, 'nor revoked');
SELECT is_empty($$SELECT kind FROM answer WHERE rows <> 0$$, 'nor shown');
SELECT is(world(), :'before'::text, 'and nothing has changed');
SET LOCAL ROLE :"app_role";
SELECT refused('SELECT arsignup.redeem_signup_token(NULL)', 'SU003', 'no such signup token', NULL, 'redeem: null');
SELECT refused('SELECT arsignup.revoke_signup_token(NULL)', 'SU003', 'no such signup token', NULL, 'revoke: null');
SELECT not_redeemed('good', format(', realm_id => %L', realm), 'SU003', 'no such signup token', 'pending', 'a token of another realm than ' || what)
FROM (VALUES (realm('other'), 'the one named'), (gen_random_uuid(), 'an unknown one'), (realm('asleep'), 'an inactive one'), ('00000000-0000-0000-0000-000000000000', 'zero'), (app(), 'an app''s id')) AS v (realm, what);
SELECT refused('SELECT arsignup.revoke_signup_token(token(''good''), realm(''other''))', 'SU003', 'no such signup token', NULL, 'revoke: another realm''s');
SELECT refused('SELECT arsignup.revoke_signup_token(token(''revoked''), realm(''other''))', 'SU003', 'no such signup token', NULL, 'revoke: another realm''s, revoked already');
SELECT refused(redeem('ada', ', realm_id => realm(''other'')'), 'SU003', 'no such signup token', NULL, 'redeem: another realm''s, redeemed already: for whom is not told');
SELECT refused(redeem('short', ', realm_id => realm(''other'')'), 'SU003', 'no such signup token', NULL, 'redeem: another realm''s, expired already');
SELECT is((outcome(redeem('good', ', realm_id => realm()'))).code, '00000', 'a token of the realm that is named is redeemed');
RESET ROLE;

---------------------------------------------------------------------------------------------------
-- What an administrator switches off between mint and redeem
---------------------------------------------------------------------------------------------------

UPDATE arsignup.connected_apps SET name_field = NULL WHERE id = app('users');
SELECT mint('switched', '', 'users');
UPDATE arsignup.connected_apps SET state = 'inactive' WHERE id = app('users');
SET LOCAL ROLE :"app_role";
SELECT not_redeemed('switched', '', 'SU006', 'connected app is inactive', 'pending', 'an inactive app');
RESET ROLE;
UPDATE arsignup.connected_apps SET state = 'active' WHERE id = app('users');
UPDATE arsignup.realms SET state = 'inactive' WHERE id = realm();
SET LOCAL ROLE :"app_role";
SELECT not_redeemed('switched', '', 'SU006', 'realm is inactive', 'pending', 'an inactive realm');
SELECT is((outcome(redeem('ada'))).code, 'SU005', 'what was redeemed before still says so');
SELECT mint('switched-revoked', '', 'other', 'switched-revoked@example.com');
RESET ROLE;
UPDATE arsignup.realms SET state = 'inactive' WHERE id = realm('other');
SELECT ok(arsignup.revoke_signup_token(token('switched-revoked')), 'a token can be thrown away while its realm is inactive');
UPDATE arsignup.realms SET state = 'active', signups_enabled = false WHERE id = realm();
UPDATE arsignup.realms SET state = 'active' WHERE id = realm('other');
SET LOCAL ROLE :"app_role";
SELECT is((outcome(minting(', password_hash => ready_hash()', app => 'users'))).code, 'SU006', 'signups that are switched off mint nothing');
SELECT is((outcome(redeem('switched'))).code, '00000', 'but what was minted before is redeemed');
RESET ROLE;
UPDATE arsignup.realms SET signups_enabled = true WHERE id = realm();
SELECT mint('orphan', '', 'users');
DELETE FROM arsignup.connected_apps WHERE id = app('users');
SET LOCAL ROLE :"app_role";
SELECT not_redeemed('orphan', '', 'SU010', 'no such connected app', 'pending', 'an app that is gone');
SELECT is(arsignup.revoke_signup_token(token('orphan')), true, 'its token can be thrown away');
RESET ROLE;

-- Rules that became stricter meanwhile do not undo what was validated at mint.
SELECT mint('before-rules');
UPDATE arsignup.connected_apps SET name_field = 'required', password_field = 'twice' WHERE id = app();
UPDATE arsignup.realms SET password_min_length = 100 WHERE id = realm();
SELECT is((outcome(redeem('before-rules'))).code, '00000', 'a token minted before the form asked for names is redeemed');
UPDATE arsignup.connected_apps SET name_field = NULL, password_field = NULL WHERE id = app();
UPDATE arsignup.realms SET password_min_length = 8 WHERE id = realm();

---------------------------------------------------------------------------------------------------
-- Two tokens for one name
---------------------------------------------------------------------------------------------------

SELECT mint('first', '', 'tokens', 'Twin@example.com');
SELECT mint('second', ', org_name => ''Org''', 'tokens', ' TWIN@EXAMPLE.com');
SELECT is((outcome(redeem('first'))).code, '00000', 'of two tokens for one email, one is redeemed');
SET LOCAL ROLE :"app_role";
SELECT taken(redeem('second'), '{"email": ["Email is already taken."]}', 'the other is told that the email is taken');
SELECT is(state_of('second'), 'pending', 'and stays pending');
SELECT invalid(redeem('second', ', reference => repeat(''x'', 256)'), '{"email": ["Email is already taken."], "reference": ["Reference can''t be longer than 255 characters; this one has 256."]}', 'a taken email is told beside other faults, under SU001');
SELECT is(arsignup.revoke_signup_token(token('second')), true, 'it can still be thrown away');
RESET ROLE;
SELECT mint('twin1', ', username => ''Twin''', 'standard', 'twin1@example.com');
SELECT mint('twin2', ', username => ''TWIN''', 'standard', 'twin2@example.com');
SELECT mint('twin3', ', username => ''twin3''', 'standard', 'Twin1@example.com');
SELECT mint('twin4', ', username => ''tWin''', 'standard', 'TWIN1@example.com');
SELECT is((outcome(redeem('twin1'))).code, '00000', 'in a standard realm, the first');
SELECT taken(redeem('twin2'), '{"username": ["Username is already taken."]}', 'the second has its username');
SELECT taken(redeem('twin3'), '{"email": ["Email is already taken."]}', 'the third its email');
SELECT taken(redeem('twin4'), '{"username": ["Username is already taken."], "email": ["Email is already taken."]}', 'the fourth both');
SELECT mint('overtaken');
SELECT arsignup.create_user(realm(), 'OVERTAKEN@example.com') AS overtaker \gset
SELECT taken(redeem('overtaken'), '{"email": ["Email is already taken."]}', 'a user made meanwhile takes the name as well');
-- A caller that catches the error keeps its transaction, and the token its life.
DELETE FROM arsignup.users WHERE id = :'overtaker';
SELECT is((outcome(redeem('overtaken'))).code, '00000', 'when the name is free again, the token is redeemed');

---------------------------------------------------------------------------------------------------
-- The example of the specification, as a member of arsignup_app
---------------------------------------------------------------------------------------------------

CREATE SCHEMA arsignup_test_shop AUTHORIZATION :"app_role";
SELECT mint('payment', ', org_name => ''Analytical Engines''', 'tokens', 'ada.king@example.com');
SELECT token('payment') AS token \gset
SET LOCAL search_path = arsignup_test_shop;
SET LOCAL ROLE :"app_role";
CREATE TABLE payments (id int GENERATED ALWAYS AS IDENTITY PRIMARY KEY, signup_email text NOT NULL, amount_cents int NOT NULL);
CREATE TABLE subscriptions (
	user_id uuid NOT NULL REFERENCES arsignup.users (id),
	org_id uuid REFERENCES arsignup.orgs (id),
	payment_id int NOT NULL REFERENCES payments (id));

SAVEPOINT begun;
INSERT INTO payments (signup_email, amount_cents) VALUES ('ada@example.com', 4900) RETURNING id AS payment_id \gset
SELECT user_id, org_id FROM arsignup.redeem_signup_token(:'token', org_name => 'Analytical Engines') \gset
\set declined_user_id :user_id
ROLLBACK TO begun;
SELECT state AS declined_state FROM arsignup.get_signup_token(:'token') \gset

SAVEPOINT begun_again;
INSERT INTO payments (signup_email, amount_cents) VALUES ('ada@example.com', 4900) RETURNING id AS payment_id \gset
SELECT user_id, org_id FROM arsignup.redeem_signup_token(:'token', org_name => 'Analytical Engines') \gset
INSERT INTO subscriptions (user_id, org_id, payment_id) VALUES (:'user_id', :'org_id', :payment_id);
RELEASE begun_again;
SELECT format('%s %s %s %s', u.email, o.name, m.permissions, p.amount_cents) AS story
FROM subscriptions AS s JOIN payments AS p ON p.id = s.payment_id JOIN arsignup.users AS u ON u.id = s.user_id JOIN arsignup.orgs AS o ON o.id = s.org_id
	JOIN arsignup.memberships AS m ON m.user_id = u.id AND m.org_id = o.id \gset
RESET ROLE;
SET LOCAL search_path = arsignup_test, :"tap";
SELECT is(:'declined_state'::text, 'pending', 'the charge is declined, and the token is still good');
SELECT is(:'story'::text, 'ada.king@example.com Analytical Engines {owner,billing:*} 4900', 'the charge is made: payment, subscription, user, org and membership are one transaction');
SELECT is((SELECT count(*) FROM arsignup.users WHERE id = :'declined_user_id'), 0::bigint, 'of the declined one there is no user');
SELECT is((SELECT count(*) FROM arsignup_test_shop.payments), 1::bigint, 'and no payment');
SET LOCAL ROLE :"app_role";
SELECT is((outcome($$INSERT INTO arsignup_test_shop.subscriptions (user_id, payment_id) VALUES (gen_random_uuid(), 1)$$)).code, '23503', 'a subscription is of a user that exists');
SELECT is((outcome($$INSERT INTO arsignup_test_shop.subscriptions (user_id, org_id, payment_id) SELECT user_id, user_id, payment_id FROM arsignup_test_shop.subscriptions$$)).code, '23503', 'and of an org that exists');
RESET ROLE;
SELECT is((outcome(format('DELETE FROM arsignup.users WHERE id = %L', :'user_id'))).code, '23503', 'a user with a subscription stays');

-- The application's own error ends the redeem with it, as it is.
CREATE FUNCTION decline() RETURNS trigger LANGUAGE plpgsql AS $$ BEGIN RAISE EXCEPTION 'card declined' USING ERRCODE = 'PAY01', DETAIL = 'insufficient funds'; END $$;
CREATE TRIGGER decline BEFORE INSERT ON arsignup.memberships FOR EACH ROW WHEN ('decline' = ANY (NEW.permissions)) EXECUTE FUNCTION decline();
UPDATE arsignup.connected_apps SET default_permissions = '{decline}' WHERE id = app();
SELECT mint('declined');
SELECT refused(redeem('declined', ', with_org => true'), 'PAY01', 'card declined', 'insufficient funds', 'an application''s trigger keeps its SQLSTATE, message and detail');
SELECT is(state_of('declined'), 'pending', 'and the token its life');

-- Nothing of the session reaches inside, nothing is left behind.
SET LOCAL search_path = '';
SET LOCAL lock_timeout = '9999ms';
SELECT user_id FROM arsignup.redeem_signup_token(arsignup_test.token('declined')) \gset poisoned_
SELECT current_setting('search_path') || current_setting('lock_timeout') AS left_behind \gset
SET LOCAL search_path = arsignup_test, :"tap";
RESET lock_timeout;
SELECT is(:'left_behind'::text, '""9999ms', 'the caller''s search_path and lock_timeout are as they were');

---------------------------------------------------------------------------------------------------
-- A5: how many tokens of a source may be pending
---------------------------------------------------------------------------------------------------

INSERT INTO arsignup.signup_tokens (realm_id, id, digest, connected_app_id, created_at, expires_at, username, email, credential_type, custom, source)
SELECT realm(), gen_random_uuid(), sha256((n || host(source))::bytea), app(), now(), now() + n * interval '1 minute', 'full', 'full', 'password', '{}', source
FROM generate_series(1, 999) AS n, (VALUES (inet '192.0.2.99'), ('2001:db8:9:9::/64')) AS s (source) WHERE n <> 7 OR family(source) = 4;
CREATE FUNCTION sign_up_from(email text, source text, app text DEFAULT 'tokens') RETURNS text LANGUAGE sql AS $$
	SELECT format('SELECT arsignup.signup(app(%L), %L, ip => %L, password_hash => ready_hash())', app, email, source)
$$;
CREATE FUNCTION ended(statement text) RETURNS text LANGUAGE sql AS $$ SELECT concat_ws(' ', code, message) FROM arsignup_test.outcome(statement) $$;
SELECT is(ended(sign_up_from('first@full.example', '::ffff:192.0.2.99')), '00000', 'A5: the thousandth token of a source');
SELECT is((SELECT host(source) FROM arsignup.signup_tokens WHERE email = 'first@full.example'), '192.0.2.99', 'A5: which is noted, as it is counted');
SELECT is(ended(sign_up_from('second@full.example', '192.0.2.99')), 'SU008 too many attempts', 'A5: not one more');
SELECT ok((detail::json ->> 'retry_after')::int BETWEEN 50 AND 60, 'A5: until the first has expired') FROM outcome(sign_up_from('second@full.example', '192.0.2.99'));
SELECT is(ended(sign_up_from('third@full.example', '192.0.2.98')), '00000', 'A5: another source');
SELECT is(ended(sign_up_from('fourth@full.example', '192.0.2.99', 'other')), '00000', 'A5: another realm');
SELECT is(ended(sign_up_from('fifth@full.example', NULL)), '00000', 'A5: none is known');
SELECT is(ended(format('SELECT arsignup.mint_signup_token(app(), %L, password_hash => ready_hash())', 'sixth@full.example')), '00000', 'A5: the application itself');
SELECT is((SELECT count(source) FROM arsignup.signup_tokens WHERE email IN ('fifth@full.example', 'sixth@full.example')), 0::bigint, 'A5: has no source');
SELECT is(ended(sign_up_from('seventh@full.example', '192.0.2.99', 'orgs')), '00000', 'A5: who becomes a user at once leaves none');
UPDATE arsignup.signup_tokens SET revoked_at = now() WHERE source = '192.0.2.99' AND expires_at = now() + interval '500 minutes';
SELECT is(ended(sign_up_from('second@full.example', '192.0.2.99')), '00000', 'A5: one that is revoked makes room');
UPDATE arsignup.signup_tokens SET redeemed_at = now(), user_id = arsignup.new_id() WHERE source = '192.0.2.99' AND expires_at = now() + interval '501 minutes';
SELECT is(ended(sign_up_from('eighth@full.example', '192.0.2.99')), '00000', 'A5: one that is redeemed, too');
UPDATE arsignup.signup_tokens SET expires_at = now() - interval '1 minute' WHERE source = '192.0.2.99' AND expires_at = now() + interval '1 minute';
SELECT is(ended(sign_up_from('ninth@full.example', '192.0.2.99')), '00000', 'A5: one that has expired, too');
SELECT is(ended(sign_up_from(n || '@v6.example', '2001:db8:9:9::' || n)), CASE WHEN n > 2 THEN 'SU008 too many attempts' ELSE '00000' END, 'A5: a /64 is one source: ' || n) FROM generate_series(1, 3) AS n;
DELETE FROM arsignup.signup_tokens WHERE source IS NOT NULL;

---------------------------------------------------------------------------------------------------
-- What the tables hold at the end
---------------------------------------------------------------------------------------------------

SELECT is_empty($$SELECT email FROM arsignup.signup_tokens WHERE (redeemed_at IS NOT NULL OR revoked_at IS NOT NULL) AND password_hash IS NOT NULL$$, 'no token that is done with has a hash');
SELECT is_empty($$SELECT email FROM arsignup.signup_tokens WHERE (redeemed_at IS NULL) <> (user_id IS NULL) OR redeemed_at IS NOT NULL AND revoked_at IS NOT NULL$$, 'a token is redeemed for a user or not at all, and never redeemed and revoked');
SELECT is_empty($$SELECT t.email FROM arsignup.signup_tokens AS t LEFT JOIN arsignup.users AS u ON (u.realm_id, u.id) = (t.realm_id, t.user_id) WHERE t.redeemed_at IS NOT NULL AND u.id IS NULL$$, 'every redeemed token has its user');
SELECT is((SELECT count(*) FROM arsignup.users AS u WHERE NOT EXISTS (SELECT FROM arsignup.events AS e WHERE e.user_id = u.id AND e.event_type = 'user.created')), 0::bigint, 'every user has its event');
SELECT is((SELECT count(*) FROM arsignup.events AS e WHERE e::text ~ '(canary|argon2|utk_)'), 0::bigint, 'no event has a secret');

SELECT * FROM finish();
ROLLBACK;
