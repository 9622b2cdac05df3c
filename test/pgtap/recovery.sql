-- Ways back in: password resets and email verification, the mails that they take, and who may log in without.
-- What a single transaction can show of them.
BEGIN;
\ir include/setup.psql
SELECT no_plan();

---------------------------------------------------------------------------------------------------
-- Helpers
---------------------------------------------------------------------------------------------------

-- Make a user with the password 'password', by a name that a test can use.
CREATE TABLE person (name text PRIMARY KEY, id uuid NOT NULL);
CREATE FUNCTION make_user(name text, realm text DEFAULT 'email', user_type text DEFAULT 'human', email text DEFAULT NULL) RETURNS void LANGUAGE sql AS $$
	INSERT INTO person VALUES (name, arsignup.create_user(realm(realm), coalesce(email, name || '@example.com'), password_hash => ready_hash(), user_type => user_type,
		username => CASE realm WHEN 'standard' THEN name END, first_name => 'Ada', last_name => 'Lovelace'))
$$;
CREATE FUNCTION id(name text) RETURNS uuid LANGUAGE sql STABLE AS $$ SELECT p.id FROM arsignup_test.person AS p WHERE p.name = id.name $$;
GRANT SELECT ON person TO PUBLIC;

-- Ask for a mail and take it: the data of the event.
CREATE FUNCTION reset_mail(login text, realm text DEFAULT 'email') RETURNS jsonb LANGUAGE plpgsql AS $$
BEGIN
	PERFORM arsignup.request_password_reset(realm(realm), login);
	RETURN (SELECT data FROM arsignup.claim_events('{user.password_token.created}'));
END
$$;
CREATE FUNCTION verification_mail(name text, realm text DEFAULT 'email') RETURNS jsonb LANGUAGE plpgsql AS $$
BEGIN
	PERFORM arsignup.request_email_verification(realm(realm), id(name));
	RETURN (SELECT data FROM arsignup.claim_events('{user.email.verification_requested}'));
END
$$;

-- What a statement writes, by table.
CREATE FUNCTION writes(statement text) RETURNS jsonb LANGUAGE plpgsql AS $$
DECLARE
	before jsonb;
BEGIN
	SELECT jsonb_object_agg(relname, ARRAY[n_tup_ins, n_tup_upd, n_tup_del]) INTO before FROM pg_stat_xact_user_tables WHERE schemaname = 'arsignup';
	EXECUTE statement;
	RETURN (SELECT coalesce(jsonb_object_agg(relname, jsonb_build_array(n_tup_ins - (before -> relname ->> 0)::int, n_tup_upd - (before -> relname ->> 1)::int, n_tup_del - (before -> relname ->> 2)::int)), '{}')
		FROM pg_stat_xact_user_tables WHERE schemaname = 'arsignup' AND to_jsonb(ARRAY[n_tup_ins, n_tup_upd, n_tup_del]) <> before -> relname);
END
$$;
-- Everything that is stored, to look for what must not be.
CREATE FUNCTION stored(what text) RETURNS SETOF text LANGUAGE plpgsql AS $$
DECLARE
	relation regclass;
BEGIN
	FOR relation IN SELECT oid FROM pg_class WHERE relnamespace = 'arsignup'::regnamespace AND relkind = 'r' LOOP
		RETURN QUERY EXECUTE format('SELECT %L || t::text FROM %s AS t WHERE position(lower($1) IN lower(t::text)) > 0', relation || ' ', relation) USING what;
	END LOOP;
END
$$;
CREATE FUNCTION events(of uuid, after uuid) RETURNS text LANGUAGE sql STABLE AS $$
	SELECT string_agg(e.event_type, ' ' ORDER BY e.id) FROM arsignup.events AS e WHERE e.user_id = of AND (after IS NULL OR e.id > after)
$$;
CREATE FUNCTION now_id() RETURNS uuid LANGUAGE sql VOLATILE AS $$ SELECT arsignup.new_id() $$;

SELECT make_user('ada');
SELECT make_user('bob');
SELECT make_user('idle');
SELECT arsignup.update_user(realm(), id('idle'), state => 'inactive');
SELECT make_user('sue', 'standard');
UPDATE arsignup.realms SET require_unique_emails = false WHERE id = realm('standard');
INSERT INTO person VALUES ('robot', arsignup.create_user(realm('standard'), NULL, username => 'robot', user_type => 'api'));
INSERT INTO person VALUES ('shared', arsignup.create_user(realm('standard'), 'many@example.com', username => 'shared', password_hash => ready_hash()));
SELECT arsignup.create_user(realm('standard'), 'many@example.com', username => 'shared2') AS made \gset
DELETE FROM arsignup.events;

---------------------------------------------------------------------------------------------------
-- Asking for a reset
---------------------------------------------------------------------------------------------------

SET LOCAL ROLE :"app_role";
SELECT is(arsignup.request_password_reset(realm(), ' Ada@Example.com ', '192.0.2.7', 'curl')::text, '', 'an application asks for a reset');
RESET ROLE;
SELECT results_eq(
	'SELECT realm_id, event_type, user_id, org_id, membership_id, connected_app_id, ip, client, data, claimed_at FROM arsignup.events',
	$$VALUES (realm(), 'user.password_token.created', id('ada'), NULL::uuid, NULL::uuid, NULL::uuid, inet '192.0.2.7', 'curl', NULL::jsonb, NULL::timestamptz)$$,
	'that is one event, from address and client, without any data');
SELECT is_empty('SELECT FROM arsignup.one_time_tokens', 'there is no token yet');
DELETE FROM arsignup.events;

-- Whoever is named, the work is the same: one row, and nothing of the name.
CREATE TABLE asking AS SELECT * FROM (VALUES
	('email', 'ada@example.com', true, 'by email'),
	('email', 'ADA@EXAMPLE.COM', true, 'however it is typed'),
	('standard', 'sue', true, 'by username'),
	('standard', 'Sue@example.com', true, 'by email, where it is unique'),
	('standard', 'many@example.com', false, 'not by an email that several have'),
	('standard', 'shared', true, 'one of whom has a username'),
	('standard', 'robot', false, 'not who has no email'),
	('email', 'idle@example.com', false, 'not who is inactive'),
	('email', 'nobody@example.com', false, 'not nobody'),
	('email', 'ada', false, 'not by a username where emails are usernames'),
	('other', 'ada@example.com', false, 'not in another realm'),
	('email', 'canary!!', false, 'not by what is no name at all'),
	('email', '', false, 'not by nothing'),
	('email', NULL, false, 'not by null'),
	('email', repeat('x', 100000), false, 'not by a name without end')) AS v (realm, login, known, description);
SELECT is(writes(format('SELECT arsignup.request_password_reset(realm(%L), %L)', realm, login)), '{"events": [1, 0, 0]}', 'asked ' || description || ': one row is written') FROM asking;
SELECT results_eq(
	'SELECT event_type, user_id IS NOT NULL, org_id, membership_id, connected_app_id, ip, client, data, claimed_at FROM arsignup.events ORDER BY id',
	$$SELECT CASE WHEN known THEN 'user.password_token.created' ELSE 'user.password_token.failed' END, known, NULL::uuid, NULL::uuid, NULL::uuid, NULL::inet, NULL::text, NULL::jsonb, NULL::timestamptz FROM asking$$,
	'events tell who is known from who is not, in nothing but type and user');
SELECT is_empty($$SELECT stored('canary')$$, 'a name that is not known is not stored');
SELECT is((SELECT count(DISTINCT r::text) FROM asking, arsignup.request_password_reset(realm(realm), login) AS r), 1::bigint, 'the answer is the same');
SELECT refused($$SELECT arsignup.request_password_reset(realm('asleep'), 'ada@example.com')$$, 'SU006', 'realm is inactive', NULL, 'not in a realm that is inactive');
SELECT refused('SELECT arsignup.request_password_reset(gen_random_uuid(), ''ada@example.com'')', 'SU010', 'no such realm', NULL, 'nor in none');
DELETE FROM arsignup.events;

---------------------------------------------------------------------------------------------------
-- The mail
---------------------------------------------------------------------------------------------------

SELECT clock_timestamp() AS before \gset
SET LOCAL ROLE :"app_role";
SELECT arsignup.request_password_reset(realm(), 'ada@example.com') \g /dev/null
SELECT e.data AS mail, e.id AS event_id FROM arsignup.claim_events('{user.password_token.created}') AS e \gset
RESET ROLE;
SELECT matches(:'mail'::jsonb ->> 'token', '^kpw_[A-Za-z0-9_-]{64}$', 'the mail has a token');
SELECT is(:'mail'::jsonb - 'token' - 'expires_at', '{"email": "ada@example.com", "username": "ada@example.com", "first_name": "Ada", "last_name": "Lovelace"}', 'and says for whom it is');
SELECT results_eq('SELECT realm_id, user_id, purpose, email_key COLLATE "default", used_at, expires_at - created_at FROM arsignup.one_time_tokens',
	$$VALUES (realm(), id('ada'), 'password_reset', 'ada@example.com', NULL::timestamptz, interval '1 hour')$$, 'its row says the same, and for how long: an hour');
SELECT ok(expires_at = (:'mail'::jsonb ->> 'expires_at')::timestamptz AND created_at BETWEEN :'before' AND clock_timestamp(), 'from now on, as the mail says') FROM arsignup.one_time_tokens;
SELECT is_empty(format('SELECT stored(%L)', substr(:'mail'::jsonb ->> 'token', 6)), 'the token is in no table, not even in the event');
SELECT is(data, NULL, 'the event is as it was') FROM arsignup.events WHERE id = :'event_id';

SET LOCAL arsignup.reset_token_lifetime = '5min';
SET LOCAL arsignup.verification_token_lifetime = '1d';
SELECT reset_mail('sue', 'standard') \g /dev/null
SELECT verification_mail('sue', 'standard') \g /dev/null
SELECT set_eq($$SELECT purpose, expires_at - created_at FROM arsignup.one_time_tokens WHERE user_id = id('sue')$$, $$VALUES ('password_reset', interval '5 minutes'), ('email_verification', interval '1 day')$$,
	'how long tokens live is a setting for each purpose');
RESET arsignup.reset_token_lifetime;
RESET arsignup.verification_token_lifetime;
SELECT matches(verification_mail('bob') ->> 'token', '^kev_[A-Za-z0-9_-]{64}$', 'tokens for verification are of another kind');
SELECT is(expires_at - created_at, interval '3 days', 'and live three days') FROM arsignup.one_time_tokens WHERE user_id = id('bob');

-- A claim that is rolled back leaves neither token nor claim.
DELETE FROM arsignup.one_time_tokens;
SELECT arsignup.request_password_reset(realm(), 'ada@example.com');
SAVEPOINT claim;
SELECT e.data ->> 'token' AS lost FROM arsignup.claim_events('{user.password_token.created}') AS e \gset
ROLLBACK TO claim;
SELECT is_empty('SELECT FROM arsignup.one_time_tokens', 'a claim that is rolled back leaves no token');
SELECT is(arsignup.reset_password(:'lost', 'canary zebu'), NULL, 'and the one in the mail is good for nothing');
SELECT isnt(e.data ->> 'token', :'lost', 'the next mail has another') FROM arsignup.claim_events('{user.password_token.created}') AS e;

-- There is nothing to mail any more.
CREATE FUNCTION mail_after(realm text, ask text, spoil text) RETURNS text LANGUAGE plpgsql AS $$
DECLARE
	handed record;
BEGIN
	DELETE FROM arsignup.one_time_tokens;
	PERFORM make_user('late', realm, email => 'late@example.com');
	EXECUTE ask;
	EXECUTE spoil;
	SELECT count(*) AS events, count(data) AS mails INTO handed FROM arsignup.claim_events('{user.password_token.created,user.email.verification_requested}');
	RETURN concat_ws(' ', handed.events, 'events', handed.mails, 'mails', (SELECT count(*) FROM arsignup.one_time_tokens), 'tokens');
END
$$;
CREATE FUNCTION no_mail(ask text, spoil text, expected text, description text, realm text DEFAULT 'email') RETURNS text LANGUAGE plpgsql AS $$
DECLARE
	seen text;
BEGIN
	BEGIN
		seen := mail_after(realm, ask, spoil);
		RAISE EXCEPTION USING ERRCODE = 'ZZ999';
	EXCEPTION WHEN SQLSTATE 'ZZ999' THEN
	END;
	RETURN is(seen, expected, description);
END
$$;
SELECT no_mail(ask, spoil, CASE WHEN mailed THEN '1 events 1 mails 1 tokens' ELSE '1 events 0 mails 0 tokens' END, format('the mail is %s: %s, then %s', CASE WHEN mailed THEN 'made' ELSE 'not made' END, ask, spoil))
FROM (VALUES ('SELECT arsignup.request_password_reset(realm(), ''late@example.com'')'), ('SELECT arsignup.request_email_verification(realm(), id(''late''))')) AS a (ask),
	(VALUES ('SELECT', true, true),
		('SELECT arsignup.delete_user(realm(), id(''late''))', false, false),
		('SELECT arsignup.update_user(realm(), id(''late''), state => ''inactive'')', false, false),
		('UPDATE arsignup.realms SET state = ''inactive'' WHERE id = realm()', false, false),
		('DELETE FROM arsignup.users WHERE id = id(''late'')', false, false),
		('SELECT arsignup.set_password(realm(), id(''late''), ''canary zebu'')', true, true),
		('SELECT arsignup.update_user(realm(), id(''late''), email => ''later@example.com'')', true, false),
		('UPDATE arsignup.users SET email_verification = ''verified'' WHERE id = id(''late'')', true, false)) AS s (spoil, resets, verifies),
	LATERAL (SELECT CASE WHEN ask LIKE '%reset%' THEN resets ELSE verifies END) AS m (mailed);

---------------------------------------------------------------------------------------------------
-- Resetting
---------------------------------------------------------------------------------------------------

UPDATE arsignup.users SET email_verification = 'requested' WHERE id = id('ada');
SELECT token AS login_token, session_id FROM arsignup.create_session(realm(), id('ada')) \gset
SELECT reset_mail('ada@example.com') ->> 'token' AS token \gset
SELECT reset_mail('ada@example.com') ->> 'token' AS second \gset
SELECT verification_mail('ada') ->> 'token' AS verification \gset
SELECT now_id() AS mark \gset
SET LOCAL ROLE :"app_role";
SELECT is(arsignup.reset_password(:'token', 'canary zebu'), id('ada'), 'a reset returns whose password it was');
RESET ROLE;
SELECT ok(arsignup.verify_password('canary zebu', password_hash), 'and is the user''s password from now on') FROM arsignup.credentials WHERE user_id = id('ada');
SELECT is(arsignup.verify_login_token(:'login_token'), NULL, 'login tokens from before are void');
SELECT ok(ended_at IS NOT NULL, 'and sessions ended') FROM arsignup.sessions WHERE id = :'session_id';
SELECT is(events(id('ada'), :'mark'), 'user.password_token.consumed user.updated user.email.verified', 'N8: events tell of it, and of the email');
SELECT is(email_verification, 'verified', 'N8: which is verified, since the token was mailed there') FROM arsignup.users WHERE id = id('ada');
SELECT is(arsignup.reset_password(:'token', 'canary zebu two'), NULL, 'the token works once');
SELECT is(arsignup.reset_password(:'second', 'canary zebu two'), NULL, 'and takes the other mail''s with it');
SELECT is(arsignup.reset_password(:'verification', 'canary zebu two'), NULL, 'a token for verification resets nothing');
SELECT is(arsignup.verify_email(:'verification'), id('ada'), 'but is still good, since a new password makes no new address');
SELECT is(events(id('ada'), :'mark'), 'user.password_token.consumed user.updated user.email.verified', 'N8: of an email that was verified before nothing is told');
SELECT is(arsignup.verify_email(:'verification'), NULL, 'once');

-- Who says from where they are is known there, by whichever name, and what has failed from there is forgotten.
CREATE FUNCTION tried(login text, password text, source inet, times int DEFAULT 1) RETURNS text LANGUAGE sql AS $$
	SELECT string_agg(DISTINCT coalesce((arsignup.login(app('standard'), login, password, source)).reason, 'ok'), ' ') FROM generate_series(1, times)
$$;
SELECT is(tried(login, 'canary', '192.0.2.50', 6) || ' ' || tried(login, 'password', '192.0.2.50'), 'invalid throttled throttled', 'who fails too often is throttled: ' || login) FROM unnest(ARRAY['sue', 'sue@example.com']) AS login;
SELECT reset_mail('sue', 'standard') ->> 'token' AS token \gset
SELECT now_id() AS mark \gset
SELECT is(arsignup.reset_password(:'token', 'canary zebu', '192.0.2.50', 'curl'), id('sue'), 'a reset with an address');
SELECT results_eq(format('SELECT event_type, ip, client FROM arsignup.events WHERE user_id = id(''sue'') AND id > %L ORDER BY id', :'mark'),
	$$VALUES ('user.password_token.consumed', inet '192.0.2.50', 'curl'), ('user.updated', '192.0.2.50', 'curl'), ('user.email.verified', '192.0.2.50', 'curl')$$, 'which the events tell');
SELECT results_eq($$SELECT source FROM arsignup.login_sources WHERE user_id = id('sue')$$, $$VALUES (inet '192.0.2.50')$$, 'is known there');
SELECT is(tried(login, 'canary zebu', '192.0.2.50'), 'ok', 'and may log in at once: ' || login) FROM unnest(ARRAY['sue', 'sue@example.com']) AS login;
SELECT is(tried(login, 'canary', '192.0.2.50', 6), 'invalid throttled', 'who fails too often there is throttled again: ' || login) FROM unnest(ARRAY['sue', 'sue@example.com']) AS login;
SELECT is(arsignup.reset_password(reset_mail('sue', 'standard') ->> 'token', 'canary okapi', '192.0.2.51'), id('sue'), 'a reset from elsewhere');
SELECT is(tried(login, 'canary okapi', '192.0.2.50'), 'throttled', 'helps nobody there: ' || login) FROM unnest(ARRAY['sue', 'sue@example.com']) AS login;
SELECT is(arsignup.reset_password(reset_mail('sue', 'standard') ->> 'token', 'canary quagga', '192.0.2.50'), id('sue'), 'but another from there');
SELECT is(tried(login, 'canary quagga', '192.0.2.50'), 'ok', 'does: ' || login) FROM unnest(ARRAY['sue', 'sue@example.com']) AS login;

-- The rules for passwords hold, and leave the token as good as it was.
SELECT make_user('pascaline', 'demanding');
SELECT reset_mail('pascaline@example.com', 'demanding') ->> 'token' AS token \gset
SELECT invalid(format('SELECT arsignup.reset_password(%L, %s)', :'token', password), errors, 'a password that is refused: ' || description)
FROM (VALUES ('NULL', '{"password": ["Password can''t be blank."]}'::jsonb, 'none'), ('''''', '{"password": ["Password can''t be blank."]}', 'blank'),
	('''canary''', '{"password": ["Password must have at least 8 characters."]}', 'short'),
	('repeat(''canary'', 200)', '{"password": ["Password can''t be longer than 1,024 bytes."]}', 'long')) AS v (password, errors, description);
SELECT is((outcome(format('SELECT arsignup.reset_password(%L, %L)', :'token', 'pascaline@example.com'), keep => false)).code, 'SU001', 'a password that is refused: one''s own name');
SELECT is(arsignup.reset_password(:'token', 'correct horse battery canary'), id('pascaline'), 'after all that the token is still good');

-- A user without a password gets one.
INSERT INTO person VALUES ('new', arsignup.create_user(realm(), 'new@example.com'));
SELECT reset_mail('new@example.com') ->> 'token' AS token \gset
SELECT is(arsignup.reset_password(:'token', 'canary zebu'), id('new'), 'who has no password gets one');
SELECT ok((arsignup.login(app('users'), 'new@example.com', 'canary zebu')).ok, 'and logs in with it');

---------------------------------------------------------------------------------------------------
-- Tokens that are not good: one answer, nothing changed, nothing hashed
---------------------------------------------------------------------------------------------------

CREATE FUNCTION mailed(purpose text, name text) RETURNS text LANGUAGE sql AS $$
	SELECT CASE purpose WHEN 'reset' THEN reset_mail(name || '@example.com') ELSE verification_mail(name) END ->> 'token'
$$;
CREATE FUNCTION use(purpose text, token text) RETURNS uuid LANGUAGE sql AS $$
	SELECT CASE purpose WHEN 'reset' THEN arsignup.reset_password(token, 'canary zebu nine') ELSE arsignup.verify_email(token) END
$$;
-- Use a token after something has happened, and tell what comes of it.
CREATE FUNCTION used_after(purpose text, happened text) RETURNS text LANGUAGE plpgsql AS $$
DECLARE
	given text;
	before text;
	hashes bigint;
	result uuid;
	said text;
BEGIN
	BEGIN
		PERFORM make_user('spoilt');
		given := mailed(purpose, 'spoilt');
		EXECUTE replace(replace(happened, ':token', quote_literal(given)), ':purpose', quote_literal(purpose));
		before := world();
		SELECT hashes_run INTO hashes FROM arsignup.stats();
		result := use(purpose, given);
		said := CASE WHEN result = id('spoilt') THEN 'good'
			ELSE concat_ws(' ', coalesce(result::text, 'null'), CASE WHEN world() <> before THEN 'SOMETHING CHANGED' END, CASE WHEN (SELECT hashes_run FROM arsignup.stats()) <> hashes THEN 'SOMETHING WAS HASHED' END)
		END;
		RAISE EXCEPTION USING ERRCODE = 'ZZ999';
	EXCEPTION WHEN SQLSTATE 'ZZ999' THEN
	END;
	RETURN said;
END
$$;
SELECT is(used_after(purpose, happened), CASE CASE purpose WHEN 'reset' THEN resets ELSE verifies END WHEN true THEN 'good' ELSE 'null' END, format('%s: after %s', purpose, what))
FROM unnest(ARRAY['reset', 'verification']) AS purpose, (VALUES
	('nothing', 'SELECT', true, true),
	('it was used', 'SELECT use(:purpose, :token)', false, false),
	('it was noted as used', 'UPDATE arsignup.one_time_tokens SET used_at = now()', false, false),
	('another was used', 'SELECT use(:purpose, mailed(:purpose, ''spoilt''))', false, true),
	('it expired', 'UPDATE arsignup.one_time_tokens SET expires_at = clock_timestamp()', false, false),
	('the transaction''s start, not the clock, was before its end', 'UPDATE arsignup.one_time_tokens SET expires_at = now() + interval ''1 microsecond''', false, false),
	('it was noted for something else', 'UPDATE arsignup.one_time_tokens SET purpose = CASE purpose WHEN ''password_reset'' THEN ''email_verification'' ELSE ''password_reset'' END', false, false),
	('it was given to somebody else', 'UPDATE arsignup.one_time_tokens SET user_id = id(''bob'') WHERE user_id = id(''spoilt'')', false, false),
	('the email changed', 'SELECT arsignup.update_user(realm(), id(''spoilt''), email => ''spoilt2@example.com'')', false, false),
	('the email is written otherwise', 'SELECT arsignup.update_user(realm(), id(''spoilt''), email => ''SPOILT@example.com'')', true, true),
	('the name changed', 'SELECT arsignup.update_user(realm(), id(''spoilt''), first_name => ''Augusta'')', true, true),
	('the password was set', 'SELECT arsignup.set_password(realm(), id(''spoilt''), ''canary'' || '' zebu'')', false, true),
	('the password was changed', 'SELECT arsignup.change_password(realm(), id(''spoilt''), ''password'', ''canary zebu'')', false, true),
	('a wrong password was tried', 'SELECT arsignup.change_password(realm(), id(''spoilt''), ''wrong'', ''canary zebu'')', true, true),
	('a login', 'SELECT arsignup.login(app(''users''), ''spoilt@example.com'', ''password'')', true, true),
	('logging out everywhere', 'SELECT arsignup.end_sessions(realm(), id(''spoilt''))', false, true),
	('the user was made inactive', 'SELECT arsignup.update_user(realm(), id(''spoilt''), state => ''inactive'')', false, false),
	('the user was made inactive and active again', 'SELECT arsignup.update_user(realm(), id(''spoilt''), state => s) FROM unnest(ARRAY[''inactive'', ''active'']) AS s', false, true),
	('the user was deleted', 'SELECT arsignup.delete_user(realm(), id(''spoilt''))', false, false),
	('the user was deleted and signed up again', 'SELECT arsignup.delete_user(realm(), id(''spoilt'')), arsignup.create_user(realm(), ''spoilt@example.com'')', false, false),
	('the realm was deleted', 'DELETE FROM arsignup.users WHERE realm_id = realm()', false, false),
	('it was purged', 'UPDATE arsignup.one_time_tokens SET expires_at = clock_timestamp(); SELECT arsignup.purge_expired()', false, false)) AS v (what, happened, resets, verifies);

-- What was never a token.
SELECT reset_mail('bob@example.com') ->> 'token' AS token \gset
SELECT verification_mail('bob') ->> 'token' AS verification \gset
CREATE FUNCTION nobodys(purpose text, given text, description text) RETURNS text LANGUAGE plpgsql AS $$
DECLARE
	before text := world();
	hashes bigint := (SELECT hashes_run FROM arsignup.stats());
	result text := coalesce(use(purpose, given)::text, 'null');
BEGIN
	RETURN is(concat_ws(' ', result, CASE WHEN world() <> before THEN 'SOMETHING CHANGED' END, CASE WHEN (SELECT hashes_run FROM arsignup.stats()) <> hashes THEN 'SOMETHING WAS HASHED' END), 'null', format('%s: %s', purpose, description));
END
$$;
SELECT nobodys(purpose, given, description)
FROM unnest(ARRAY['reset', 'verification']) AS purpose, (VALUES
	(NULL, 'null'), ('', 'nothing'), ('kpw_', 'a prefix'), ('canary', 'any word'), (repeat('x', 10000), 'much'),
	('kpw_' || repeat('A', 64), 'a token that was never mailed'), ('kev_' || repeat('A', 64), 'another'), ('utk_' || repeat('A', 64), 'a signup token'),
	(upper(:'token'), 'capitals'), (:'token' || 'x', 'one letter more'), (left(:'token', -1), 'one less'), (' ' || :'token', 'a space before'), (left(:'token', -1) || '*', 'another alphabet'),
	(left(:'token', -2) || CASE right(:'token', 2) WHEN 'AA' THEN 'BB' ELSE 'AA' END, 'another end'),
	('utk_' || substr(:'token', 5), 'the prefix of a signup token'), ('kbs_' || substr(:'token', 5), 'the prefix of a browser''s secret')) AS v (given, description);
SELECT nobodys('reset', 'kpw_' || substr(:'verification', 5), 'the letters of a token for verification');
SELECT nobodys('reset', :'verification', 'a token for verification');
SELECT nobodys('verification', 'kev_' || substr(:'token', 5), 'the letters of a token for a reset');
SELECT nobodys('verification', :'token', 'a token for a reset');
SELECT is(arsignup.reset_password('kpw_' || repeat('A', 64), ''), NULL, 'a bad token is no reason to judge the password');

-- Who has a good token may know that the realm is inactive; nobody else is told.
UPDATE arsignup.realms SET state = 'inactive' WHERE id = realm();
SELECT refused(format('SELECT arsignup.reset_password(%L, ''canary zebu'')', :'token'), 'SU006', 'realm is inactive', NULL, 'no reset in a realm that is inactive');
SELECT refused(format('SELECT arsignup.verify_email(%L)', :'verification'), 'SU006', 'realm is inactive', NULL, 'nor is an email verified');
SELECT nobodys('reset', left(:'token', -4) || 'AAAA', 'a bad token in a realm that is inactive');
UPDATE arsignup.realms SET state = 'active' WHERE id = realm();
SELECT is(use('reset', :'token'), id('bob'), 'both are good again with the realm');
SELECT is(use('verification', :'verification'), id('bob'), 'both');

---------------------------------------------------------------------------------------------------
-- Asking for verification
---------------------------------------------------------------------------------------------------

SELECT make_user('vera');
SELECT now_id() AS mark \gset
SET LOCAL ROLE :"app_role";
SELECT is(arsignup.request_email_verification(realm(), id('vera'), '192.0.2.7', 'curl')::text, '', 'an application asks for verification');
RESET ROLE;
SELECT results_eq(format('SELECT realm_id, event_type, user_id, ip, client, data, claimed_at FROM arsignup.events WHERE id > %L', :'mark'),
	$$VALUES (realm(), 'user.email.verification_requested', id('vera'), inet '192.0.2.7', 'curl', NULL::jsonb, NULL::timestamptz)$$, 'that is one event, from address and client');
SELECT is(email_verification, 'requested', 'and noted with the user') FROM arsignup.users WHERE id = id('vera');
SELECT arsignup.request_email_verification(realm(), id('vera'));
SELECT is(events(id('vera'), :'mark'), 'user.email.verification_requested user.email.verification_requested', 'asked again, there will be another mail');
SELECT is((SELECT array_agg(arsignup.verify_email(data ->> 'token')) FROM arsignup.claim_events('{user.email.verification_requested}') WHERE user_id = id('vera')), ARRAY[id('vera'), id('vera')], 'each of them works, in whatever order');
SELECT is(events(id('vera'), :'mark'), 'user.email.verification_requested user.email.verification_requested user.email.verified', 'the second tells nothing new');
SELECT is(writes($$SELECT arsignup.request_email_verification(realm(), id('vera'))$$), '{}', 'nothing happens if the email is verified');
SELECT refused($$SELECT arsignup.request_email_verification(realm('standard'), id('robot'))$$, 'SU001', 'Email can''t be blank.', '{"errors": {"email": ["Email can''t be blank."]}}', 'who has no email cannot verify it');
SELECT refused($$SELECT arsignup.request_email_verification(realm(), id('idle'))$$, 'SU006', 'user is inactive', NULL, 'nor who is inactive');
SELECT refused($$SELECT arsignup.request_email_verification(realm(), gen_random_uuid())$$, 'SU010', 'no such user', NULL, 'nor nobody');
SELECT refused($$SELECT arsignup.request_email_verification(realm('asleep'), id('vera'))$$, 'SU006', 'realm is inactive', NULL, 'nor in a realm that is inactive');
SELECT arsignup.update_user(realm(), id('vera'), email => 'vera2@example.com');
SELECT is(email_verification, 'none', 'a new email is not verified') FROM arsignup.users WHERE id = id('vera');

---------------------------------------------------------------------------------------------------
-- Realms that ask for verification, or require it
---------------------------------------------------------------------------------------------------

CREATE FUNCTION make_realm(name text, verification text) RETURNS void LANGUAGE sql AS $$
	INSERT INTO arsignup.realms (id, name, email_verification, password_min_score, sso) VALUES (realm(name), name, verification, 0, 'seamless');
	INSERT INTO arsignup.connected_apps (realm_id, id, name, slug, login_handler, signup_mode)
	SELECT realm(name), app(name || suffix), name, 'v' || substr(md5(name || suffix || pg_backend_pid()), 1, 20), 'https://app.example.com/login', mode
	FROM (VALUES ('', 'user'), (' org', 'user_org'), (' token', 'signup_token')) AS v (suffix, mode);
$$;
SELECT make_realm(v, v) FROM unnest(ARRAY['request', 'require']) AS v;
DELETE FROM arsignup.events;

-- What a signup leads to.
CREATE FUNCTION signup(name text, email text) RETURNS jsonb LANGUAGE plpgsql AS $$
DECLARE
	r arsignup.signup_result := arsignup.signup(app(name), email, password_hash => ready_hash());
BEGIN
	RETURN (SELECT jsonb_build_object('session', r.session_id IS NOT NULL, 'token', r.token IS NOT NULL, 'url', replace(r.url, coalesce(r.token, ''), 'T'), 'state', u.email_verification,
			'logged in', u.last_login_at IS NOT NULL, 'events', (SELECT string_agg(replace(e.event_type, '.created', ''), ' ' ORDER BY e.id) FROM arsignup.events AS e WHERE e.event_at = u.created_at))
		FROM arsignup.users AS u WHERE u.id = r.user_id);
END
$$;
SELECT is(signup('request', 'a@example.com'), '{"session": true, "token": true, "url": "https://app.example.com/login?token=T&signup=true", "state": "requested", "logged in": true,
	"events": "user user.email.verification_requested user.login.succeeded"}', 'request: a signup asks, and logs in');
SELECT is(signup('request org', 'b@example.com'), '{"session": true, "token": true, "url": "https://app.example.com/login?token=T&signup=true", "state": "requested", "logged in": true,
	"events": "user user.email.verification_requested org membership user.login.succeeded"}', 'request: five events of one signup with an org');
SELECT is(signup('require', 'a@example.com'), '{"session": false, "token": false, "url": "https://app.example.com/login", "state": "requested", "logged in": false,
	"events": "user user.email.verification_requested"}', 'require: a signup asks, and does not log in');
SELECT is(signup('require org', 'b@example.com'), '{"session": false, "token": false, "url": "https://app.example.com/login", "state": "requested", "logged in": false,
	"events": "user user.email.verification_requested org membership"}', 'require: likewise with an org');
SELECT is((SELECT count(*) FROM arsignup.sessions WHERE realm_id = realm('require')), 0::bigint, 'require: there is no session');
SELECT arsignup.mint_signup_token(app(v || ' token'), 'c@example.com', password_hash => ready_hash()) AS token INTO TEMP minted FROM unnest(ARRAY['request', 'require']) AS v;
SELECT is((SELECT count(*) FROM arsignup.events WHERE event_type LIKE '%verification%'), 4::bigint, 'a mint asks for nothing');
CREATE TEMP TABLE redeemed AS SELECT r.user_id FROM minted, arsignup.redeem_signup_token(token) AS r;
SELECT results_eq('SELECT email_verification FROM arsignup.users JOIN redeemed ON user_id = id', $$VALUES ('requested'), ('requested')$$, 'a redeem does');
SELECT results_eq($$SELECT string_agg(event_type, ' ' ORDER BY id) FROM arsignup.events JOIN redeemed USING (user_id) GROUP BY user_id$$,
	$$SELECT 'user.created user.email.verification_requested' FROM generate_series(1, 2)$$, 'and its events say so');
SELECT arsignup.create_user(realm('require'), 'made@example.com') AS made \gset
SELECT is((SELECT email_verification FROM arsignup.users WHERE id = :'made'), 'none', 'create_user asks for nothing: the application does when it wishes');

-- Nobody logs in before the email is verified.
CREATE FUNCTION attempt(name text, email text, password text) RETURNS text LANGUAGE plpgsql AS $$
DECLARE
	hashes bigint := (SELECT hashes_run FROM arsignup.stats());
	r arsignup.login_result := arsignup.login(app(name), email, password);
BEGIN
	RETURN concat_ws(' ', r.ok, r.reason, (r.user_id IS NULL) = (r.reason = 'invalid') AND r.session_id IS NULL AND r.token IS NULL AND r.url IS NULL, (SELECT hashes_run FROM arsignup.stats()) - hashes);
END
$$;
SELECT is(attempt('request', 'a@example.com', 'password'), 't f 1', 'request: who is not verified logs in');
SELECT is(attempt('require', 'a@example.com', 'password'), 'f unverified t 1', 'require: who is not verified does not');
SELECT is(writes($$SELECT arsignup.login(app('require'), 'a@example.com', 'password')$$), '{}', 'require: nothing is written');
SELECT is(attempt('require', 'a@example.com', 'canary'), 'f invalid t 1', 'require: a wrong password tells nothing of it');
SELECT is(attempt('require', 'nobody@example.com', 'password'), 'f invalid t 1', 'require: nor does nobody''s');
INSERT INTO person SELECT 'unverified', id FROM arsignup.users WHERE realm_id = realm('require') AND email = 'a@example.com';
SELECT refused($$SELECT arsignup.create_session(realm('require'), id('unverified'))$$, 'SU006', 'email is not verified', NULL, 'require: there is no session without a password either');
SELECT is((SELECT array_agg(arsignup.verify_email(data ->> 'token') = user_id) FROM arsignup.claim_events('{user.email.verification_requested}') WHERE user_id = id('unverified')), ARRAY[true], 'require: the mail verifies');
SELECT is(attempt('require', 'a@example.com', 'password'), 't f 1', 'require: and opens the login');
SELECT session_id FROM arsignup.create_session(realm('require'), id('unverified')) \gset
SELECT arsignup.remember_session(realm('require'), :'session_id') AS browser \gset
SELECT ok(r.ok, 'require: and the browser''s') FROM arsignup.login_again(app('require'), :'browser') AS r;
SELECT arsignup.update_user(realm('require'), id('unverified'), email => 'changed@example.com');
SELECT is(attempt('require', 'changed@example.com', 'password'), 'f unverified t 1', 'require: until the email changes');
SELECT is((SELECT array_agg(data ->> 'email') FROM arsignup.claim_events('{user.email.verification_requested}') WHERE user_id = id('unverified')), ARRAY['changed@example.com'], 'N7: require: and that login has asked for the mail');
SELECT is(writes($$SELECT arsignup.login(app('require'), 'changed@example.com', 'password')$$), '{}', 'N7: require: once');
SELECT is(to_jsonb(r), jsonb_build_object('ok', false, 'reason', 'unverified', 'user_id', id('unverified'), 'session_id', NULL, 'token', NULL, 'url', NULL, 'retry_after', NULL), 'require: also for the browser') FROM arsignup.login_again(app('require'), :'browser') AS r;
SELECT is(to_jsonb(r) ->> 'reason', 'invalid', 'require: a browser without a session is told nothing of it') FROM arsignup.login_again(app('require'), 'kbs_' || repeat('A', 64)) AS r;
-- N8: a reset proves who reads the mail. A password that the application sets does not.
SELECT arsignup.set_password(realm('require'), id('unverified'), 'canary okapi');
SELECT is(attempt('require', 'changed@example.com', 'canary okapi'), 'f unverified t 1', 'N8: require: set_password verifies nothing');
SELECT reset_mail('changed@example.com', 'require') ->> 'token' AS token \gset
SELECT is(arsignup.reset_password(:'token', 'canary zebu'), id('unverified'), 'require: who is not verified may reset the password');
SELECT is(attempt('require', 'changed@example.com', 'canary zebu'), 't f 1', 'N8: require: which opens the login');
SELECT is(arsignup.change_password(realm('require'), id('unverified'), 'canary zebu', 'canary okapi'), true, 'N8: require: a new password');
SELECT is(attempt('require', 'changed@example.com', 'canary okapi'), 't f 1', 'N8: require: leaves it verified');
SELECT arsignup.update_user(realm('require'), id('unverified'), email => 'again@example.com');
SELECT is(attempt('require', 'again@example.com', 'canary okapi'), 'f unverified t 1', 'N8: require: until the email changes');
-- N7: who was imported and is to verify the email is mailed by the first login, whatever leads there, and by no wrong password.
CREATE FUNCTION asked(person uuid) RETURNS text LANGUAGE sql AS $$
	SELECT concat_ws(' ', email_verification, (SELECT count(*) FROM arsignup.events WHERE user_id = person AND event_type = 'user.email.verification_requested' AND ip = '192.0.2.7' AND client = 'a client')) FROM arsignup.users WHERE id = person
$$;
SELECT arsignup.create_user(realm('require'), 'imported@example.com', password_hash => ready_hash()) AS imported \gset
SELECT is((arsignup.login(app('require'), 'imported@example.com', 'canary', '192.0.2.7', 'a client')).reason || ' ' || asked(:'imported'), 'invalid none 0', 'N7: a wrong password asks for no mail');
SELECT is((arsignup.login(app('require'), 'imported@example.com', 'password', '192.0.2.7', 'a client')).reason || ' ' || asked(:'imported'), 'unverified requested 1', 'N7: login asks for a mail');
SELECT is((arsignup.authenticate(realm('require'), 'imported@example.com', 'password', '192.0.2.7', 'a client')).reason || ' ' || asked(:'imported'), 'unverified requested 1', 'N7: which is there, then');
SELECT arsignup.create_user(realm('require'), 'imported-2@example.com', password_hash => ready_hash()) AS imported \gset
SELECT is((arsignup.authenticate(realm('require'), 'imported-2@example.com', 'password', '192.0.2.7', 'a client')).reason || ' ' || asked(:'imported'), 'unverified requested 1', 'N7: authenticate asks, too');
SELECT arsignup.create_user(realm('require'), 'imported-3@example.com', password_hash => ready_hash(), email_verified => true);
SELECT is(attempt('require', 'imported-3@example.com', 'password'), 't f 1', 'N7: who was imported with a verified email logs in');
-- Programs are exempt.
SELECT arsignup.create_user(realm('require'), 'robot@example.com', user_type => 'api', password_hash => ready_hash()) AS robot \gset
SELECT is(attempt('require', 'robot@example.com', 'password'), 't f 1', 'require: a program logs in');
SELECT is((outcome(format('SELECT arsignup.create_session(realm(''require''), %L)', :'robot'))).code, '00000', 'require: with or without its password');

SELECT * FROM finish();
ROLLBACK;
