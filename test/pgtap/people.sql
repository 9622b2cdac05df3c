-- What is known of a person: exported whole and without secrets, forgotten before the user is deleted or after.
BEGIN;
\ir include/setup.psql
SELECT no_plan();

INSERT INTO arsignup.realms (id, name, username_validation, require_unique_emails) VALUES (realm('shared'), 'Shared', 'standard', false);
INSERT INTO arsignup.connected_apps (realm_id, id, name, slug, login_handler, signup_mode)
SELECT realm(r), app(r), r, 'test-' || app(r), 'https://app.example.com/login', 'signup_token' FROM unnest('{shared,email}'::text[]) AS r;

-- Somebody who has left traces everywhere; every value of theirs has their mark, and addresses are 192.0.2.1.
CREATE TABLE person (mark text PRIMARY KEY, realm text NOT NULL, id uuid NOT NULL, org uuid, membership uuid, session uuid);
GRANT SELECT ON person TO PUBLIC;
CREATE FUNCTION live(mark text, realm text DEFAULT 'email') RETURNS void LANGUAGE plpgsql AS $$
DECLARE
	r arsignup.signup_result;
	s record;
	named CONSTANT text := CASE realm WHEN 'shared' THEN mark END;
	address CONSTANT text := CASE realm WHEN 'shared' THEN 'shared@example.com' ELSE mark || '.new@example.com' END;
	custom CONSTANT jsonb := jsonb_build_object('said', mark);
BEGIN
	PERFORM arsignup.mint_signup_token(app(realm), upper(address), username => named || '2', first_name => mark, password_hash => ready_hash());
	r := arsignup.redeem_signup_token(arsignup.mint_signup_token(app(realm), mark || '.old@example.com', username => named, first_name => mark, last_name => mark, org_name => mark,
		custom => custom, password_hash => ready_hash()), reference => mark);
	s := arsignup.create_session(realm(realm), r.user_id, app(realm), '192.0.2.1', mark);
	PERFORM arsignup.remember_session(realm(realm), s.session_id);
	PERFORM arsignup.update_user(realm(realm), r.user_id, email => address);
	PERFORM arsignup.request_email_verification(realm(realm), r.user_id, '192.0.2.1', mark);
	PERFORM arsignup.claim_events('{user.email.verification_requested}');
	PERFORM arsignup.postpone_event(e.realm_id, e.id, mark) FROM arsignup.events AS e WHERE e.user_id = r.user_id AND e.event_type = 'user.created';
	PERFORM arsignup.create_membership(realm(realm), r.user_id, permissions => '{x}', custom => custom);
	INSERT INTO arsignup.login_sources VALUES (realm(realm), r.user_id, '192.0.2.1', now());
	INSERT INTO person VALUES (mark, realm, r.user_id, r.org_id, r.membership_id, s.session_id);
END
$$;
-- All rows of our tables that have a mark in them.
CREATE FUNCTION traces(mark text) RETURNS SETOF text LANGUAGE plpgsql SECURITY DEFINER AS $$
DECLARE
	t record;
BEGIN
	FOR t IN SELECT c.oid::regclass AS name FROM pg_class AS c WHERE c.relnamespace = 'arsignup'::regnamespace AND c.relkind = 'r' LOOP
		RETURN QUERY EXECUTE format('SELECT DISTINCT %L::text FROM %s AS t WHERE strpos(t::text, %L) > 0', t.name, t.name, mark);
	END LOOP;
END
$$;
CREATE FUNCTION known(mark text) RETURNS jsonb LANGUAGE sql AS $$ SELECT arsignup.export_user(realm(p.realm), p.id) FROM arsignup_test.person AS p WHERE p.mark = $1 $$;
CREATE FUNCTION forget(mark text) RETURNS boolean LANGUAGE sql AS $$ SELECT arsignup.forget_user(realm(p.realm), p.id) FROM arsignup_test.person AS p WHERE p.mark = $1 $$;
CREATE FUNCTION leave(mark text) RETURNS boolean LANGUAGE sql AS $$ SELECT arsignup.delete_user(realm(p.realm), p.id) FROM arsignup_test.person AS p WHERE p.mark = $1 $$;
-- How many there are of each part.
CREATE FUNCTION parts(known jsonb) RETURNS text LANGUAGE sql AS $$
	SELECT string_agg(k || ' ' || CASE jsonb_typeof(v) WHEN 'array' THEN jsonb_array_length(v)::text ELSE jsonb_typeof(v) END, ', ' ORDER BY k) FROM jsonb_each(known) AS e (k, v)
$$;

SELECT live('zebu'), live('yak');
SELECT live('quokka', 'shared'), live('numbat', 'shared');

---------------------------------------------------------------------------------------------------
-- export_user
---------------------------------------------------------------------------------------------------

SET LOCAL ROLE :"app_role";
SELECT is(parts(known('zebu')), 'credentials 1, events 6, failed_deliveries 1, login_sources 1, mailed_tokens 1, memberships 2, sessions 1, signup_tokens 2, user object', 'export_user: everything is there');
SELECT is((known('zebu') -> 'user') - '{id,created_at,last_login_at}'::text[], '{"state": "active", "user_type": "human", "email_verification": "requested", "username": "zebu.new@example.com",
	"email": "zebu.new@example.com", "first_name": "zebu", "last_name": "zebu", "reference": "zebu", "custom": {"said": "zebu"}}', 'export_user: the user');
SELECT is((SELECT array_agg(m ->> 'org_name' ORDER BY m ->> 'org_name') FROM jsonb_array_elements(known('zebu') -> 'memberships') AS m), '{zebu,NULL}', 'export_user: memberships with the names of their orgs');
SELECT is((SELECT array_agg(e -> 'data' ->> 'old_email') FROM jsonb_array_elements(known('zebu') -> 'events') AS e WHERE e ->> 'event_type' = 'user.updated'), '{zebu.old@example.com}', 'export_user: events with their data');
SELECT is((SELECT array_agg(lower(t ->> 'email') ORDER BY t ->> 'email') FROM jsonb_array_elements(known('zebu') -> 'signup_tokens') AS t), '{zebu.new@example.com,zebu.old@example.com}', 'export_user: the signup and one that was not completed');
SELECT is(strpos(known('zebu')::text, 'yak'), 0, 'export_user: nothing of anybody else');
SELECT is(strpos(known('quokka')::text, 'numbat'), 0, 'export_user: nor where both have the same email');
SELECT is((known('quokka') -> 'signup_tokens') #>> '{0,email}', 'quokka.old@example.com', 'export_user: of a shared email only the user''s own signup');
SELECT is(known('zebu') ->> 'x', NULL, 'export_user: no more');
SELECT is(arsignup.export_user(realm('other'), p.id), NULL, 'export_user: null in another realm') FROM person AS p WHERE mark = 'zebu';
SELECT is(arsignup.export_user(realm(), r.id), NULL, 'export_user: null for ' || shown(r.id::text)) FROM (VALUES (NULL::uuid), (gen_random_uuid())) AS r (id);
RESET ROLE;
SELECT is((SELECT count(*) FROM arsignup.sessions AS s JOIN person AS p ON p.session = s.id WHERE s.cookie_digest IS NOT NULL), 4::bigint, 'there are secrets to be kept');
SELECT is_empty($$
	SELECT secret FROM (
		SELECT c.password_hash FROM arsignup.credentials AS c UNION ALL SELECT t.password_hash FROM arsignup.signup_tokens AS t
		UNION ALL SELECT encode(s.cookie_digest, 'hex') FROM arsignup.sessions AS s UNION ALL SELECT encode(t.digest, 'hex') FROM arsignup.signup_tokens AS t
		UNION ALL SELECT encode(t.digest, 'hex') FROM arsignup.one_time_tokens AS t) AS s (secret)
	WHERE EXISTS (SELECT FROM person AS p WHERE strpos(known(p.mark)::text, secret) > 0 OR known(p.mark)::text ~ '(argon2|digest|hash)')
	$$, 'export_user: no hash and no digest');

-- A column that is new must be told of, or be one of these: secrets, and what is told in another form.
SELECT set_eq($$
	SELECT a.attrelid::regclass::text || '.' || a.attname FROM pg_attribute AS a
	JOIN (VALUES ('users', 'user'), ('credentials', 'credentials'), ('memberships', 'memberships'), ('sessions', 'sessions'), ('login_sources', 'login_sources'), ('one_time_tokens', 'mailed_tokens'),
		('signup_tokens', 'signup_tokens'), ('events', 'events'), ('failed_deliveries', 'failed_deliveries')) AS t (name, part) ON a.attrelid = ('arsignup.' || t.name)::regclass AND a.attnum > 0 AND NOT a.attisdropped
	CROSS JOIN LATERAL (SELECT known('zebu') -> t.part AS told) AS k
	WHERE NOT CASE jsonb_typeof(k.told) WHEN 'array' THEN k.told -> 0 ELSE k.told END ? a.attname AND a.attname NOT IN ('realm_id', 'user_id')$$,
	$$VALUES ('arsignup.users.username_key'), ('arsignup.users.email_key'), ('arsignup.users.shared_email_id'), ('arsignup.users.token_generation'), ('arsignup.users.held_until'), ('arsignup.credentials.password_hash'), ('arsignup.credentials.key_digest'),
		('arsignup.sessions.cookie_digest'), ('arsignup.sessions.token_generation'), ('arsignup.one_time_tokens.token_generation'), ('arsignup.one_time_tokens.is_mailed'), ('arsignup.one_time_tokens.digest'), ('arsignup.one_time_tokens.email_key'), ('arsignup.signup_tokens.id'), ('arsignup.signup_tokens.digest'), ('arsignup.signup_tokens.password_hash'),
		('arsignup.signup_tokens.credential_type'), ('arsignup.signup_tokens.redeemer_id'), ('arsignup.events.claimed_at')$$, 'export_user: every column is told, but for these');

---------------------------------------------------------------------------------------------------
-- forget_user
---------------------------------------------------------------------------------------------------

SELECT set_eq($$SELECT traces('zebu')$$, ARRAY['arsignup.users', 'arsignup.orgs', 'arsignup.memberships', 'arsignup.sessions', 'arsignup.one_time_tokens', 'arsignup.signup_tokens', 'arsignup.events', 'arsignup.failed_deliveries'], 'a person leaves traces');
SELECT known('yak') AS yak, known('numbat') AS numbat \gset before_
SET LOCAL ROLE :"app_role";
SELECT is(forget('zebu'), true, 'forget_user: there was something');
SELECT is(parts(known('zebu')), 'credentials 1, events 6, failed_deliveries 1, login_sources 0, mailed_tokens 0, memberships 2, sessions 1, signup_tokens 0, user object', 'forget_user: tokens and sources are gone');
SELECT is_empty($$SELECT e FROM jsonb_array_elements(known('zebu') -> 'events' || (known('zebu') -> 'sessions')) AS e WHERE coalesce(e ->> 'ip', e ->> 'client', e ->> 'data') IS NOT NULL$$, 'forget_user: events and sessions do not say from where');
SELECT is(forget('zebu'), false, 'forget_user: there is nothing any more');
SELECT is(leave('zebu'), true, 'the user leaves');
RESET ROLE;
SELECT set_eq($$SELECT traces('zebu')$$, ARRAY['arsignup.orgs'], 'forget_user before delete_user: nothing is left but what an org is called');

SET LOCAL ROLE :"app_role";
SELECT is(leave('quokka'), true, 'somebody leaves');
SELECT is(parts(known('quokka')), 'credentials 0, events 9, failed_deliveries 1, login_sources 0, mailed_tokens 0, memberships 0, sessions 0, signup_tokens 1, user null', 'export_user after delete_user: what is left');
RESET ROLE;
SELECT set_eq($$SELECT traces('quokka')$$, ARRAY['arsignup.orgs', 'arsignup.signup_tokens', 'arsignup.events', 'arsignup.failed_deliveries'], 'delete_user leaves behind what its comment says');
SET LOCAL ROLE :"app_role";
SELECT is(forget('quokka'), true, 'forget_user after delete_user: there was something');
SELECT is(parts(known('quokka')), 'credentials 0, events 9, failed_deliveries 1, login_sources 0, mailed_tokens 0, memberships 0, sessions 0, signup_tokens 0, user null', 'forget_user after delete_user: events stay');
SELECT is(forget('quokka'), false, 'forget_user after delete_user: once');
RESET ROLE;
SELECT set_eq($$SELECT traces('quokka')$$, ARRAY['arsignup.orgs', 'arsignup.signup_tokens'], 'forget_user after delete_user: but for a signup that was not completed, under an email that others may have');

SELECT is(known('yak'), :'before_yak'::jsonb, 'forget_user: nobody else is forgotten');
SELECT is(known('numbat'), :'before_numbat'::jsonb, 'forget_user: nor who has the same email');
SELECT is(arsignup.forget_user(realm('other'), p.id), false, 'forget_user: nobody in another realm') FROM person AS p WHERE mark = 'yak';
SELECT is(arsignup.forget_user(realm(), NULL), false, 'forget_user: nobody for null');
SELECT is(known('yak'), :'before_yak'::jsonb, 'forget_user: which changes nothing');
SELECT is(forget('numbat'), true, 'forget_user: somebody whose email others have, too');
SELECT is((SELECT count(*) FROM arsignup.signup_tokens WHERE realm_id = realm('shared') AND lower(email) = 'shared@example.com'), 2::bigint, 'forget_user: what was not completed under such an email may be theirs');
SELECT refused('SELECT arsignup.forget_user(arsignup_test.realm(''nowhere''), NULL)', 'SU010', 'no such realm', NULL, 'forget_user: no such realm');

SELECT * FROM finish();
ROLLBACK;
