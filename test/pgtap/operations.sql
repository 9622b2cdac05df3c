-- What an administrator runs: counters, purges, the look at the server's settings; and that nobody else may.
BEGIN;
\ir include/setup.psql
SELECT no_plan();

---------------------------------------------------------------------------------------------------
-- The promise: arguments and columns
---------------------------------------------------------------------------------------------------

SELECT is(
	(SELECT format('(%s) %s', pg_get_function_arguments(p.oid), pg_get_function_result(p.oid)) FROM pg_proc AS p WHERE p.pronamespace = 'arsignup'::regnamespace AND p.proname = name), signature,
	name || ': its arguments and result')
FROM (VALUES
	('stats', '(OUT hash_slots integer, OUT hashes_running integer, OUT hashes_waiting integer, OUT hashes_run bigint, OUT hashes_refused bigint, OUT signups bigint, OUT tokens_minted bigint, '
		'OUT tokens_redeemed bigint, OUT tokens_expired bigint, OUT logins_ok bigint, OUT logins_failed bigint, OUT logins_throttled bigint, OUT limiter_evictions bigint, OUT limiter_entries bigint, OUT signing_keys_unopened bigint) record'),
	('claim_events', '(kinds text[], max_rows integer DEFAULT 100) SETOF arsignup.claimed_event'),
	('postpone_event', '(realm_id uuid, event_id uuid, error text, pause interval DEFAULT NULL::interval) boolean'),
	('retry_event', '(realm_id uuid, event_id uuid) boolean'),
	('purge_expired', '(max_rows integer DEFAULT 10000) bigint'),
	('purge_events', '(older_than interval DEFAULT NULL::interval, max_rows integer DEFAULT 10000) bigint'),
	('backlog', '(OUT what text, OUT kind text, OUT rows bigint, OUT oldest interval) SETOF record'),
	('is_preloaded', '() boolean'),
	('check_settings', '(OUT setting text, OUT value text, OUT problem text, OUT remedy text) SETOF record')) AS v (name, signature);

---------------------------------------------------------------------------------------------------
-- Who may
---------------------------------------------------------------------------------------------------

CREATE TABLE duty (statement text);
INSERT INTO duty VALUES ('SELECT * FROM arsignup.stats()'), ('SELECT * FROM arsignup.backlog()'), ('SELECT * FROM arsignup.check_settings()'), ('SELECT arsignup.purge_expired()'), ('SELECT arsignup.purge_events(interval ''100 years'')'),
	('SELECT arsignup.delete_realm(gen_random_uuid())'), ('SELECT arsignup.new_id()');
GRANT SELECT ON duty TO PUBLIC;
SET LOCAL ROLE :"admin_role";
SELECT is((outcome(statement)).code, '00000', 'an administrator may: ' || statement) FROM duty;
SET LOCAL ROLE :"app_role";
SELECT refused(statement, '42501', 'permission denied for function ' || substring(statement FROM 'arsignup\.(\w+)'), NULL, 'an application may not: ' || statement) FROM duty;
SET LOCAL ROLE :"web_role";
SELECT refused(statement, '42501', 'permission denied for function ' || substring(statement FROM 'arsignup\.(\w+)'), NULL, 'the web may not: ' || statement) FROM duty;
SET LOCAL ROLE :"outsider_role";
SELECT refused(statement, '42501', 'permission denied for function ' || substring(statement FROM 'arsignup\.(\w+)'), NULL, 'anybody else may not: ' || statement) FROM duty;
RESET ROLE;

---------------------------------------------------------------------------------------------------
-- stats
---------------------------------------------------------------------------------------------------

-- By how much a statement moves which counters, however it ends.
CREATE FUNCTION moved(statement text) RETURNS jsonb LANGUAGE plpgsql AS $$
DECLARE
	before jsonb := (SELECT to_jsonb(s) FROM arsignup.stats() AS s);
	o record := outcome(statement);
BEGIN
	RETURN (SELECT coalesce(jsonb_object_agg(key, a.value::bigint - b.value::bigint), '{}')
		FROM jsonb_each_text((SELECT to_jsonb(s) FROM arsignup.stats() AS s)) AS a JOIN jsonb_each_text(before) AS b USING (key) WHERE a.value <> b.value)
		|| CASE o.code WHEN '00000' THEN '{}' ELSE jsonb_build_object('code', o.code) END;
END
$$;
CREATE TABLE minted (name text PRIMARY KEY, token text NOT NULL);
INSERT INTO minted SELECT name, arsignup.mint_signup_token(app(), name || '@example.com', ttl => CASE name WHEN 'late' THEN interval '1 microsecond' END, password_hash => ready_hash())
FROM unnest(ARRAY['good', 'late', 'thrown', 'undone']) AS name;
CREATE FUNCTION token(name text) RETURNS text LANGUAGE sql STABLE AS $$ SELECT m.token FROM arsignup_test.minted AS m WHERE m.name = $1 $$;
SELECT arsignup.create_user(realm(), 'kim@example.com', password_hash => ready_hash()) AS kim \gset
SELECT cmp_ok(hash_slots, '>=', 1, 'there is a slot') FROM arsignup.stats();
SELECT is(hash_slots, current_setting('arsignup.hash_slots')::int, 'as many as the setting says') FROM arsignup.stats() WHERE current_setting('arsignup.hash_slots') <> '0';
SELECT is_empty($$SELECT key FROM jsonb_each((SELECT to_jsonb(s) FROM arsignup.stats() AS s)) WHERE value = 'null' OR value::bigint < 0$$, 'nothing is null or negative');
SELECT is(moved(statement), expected::jsonb, 'counted: ' || statement)
FROM (VALUES
	(1, 'SELECT arsignup.hash_password(''canary zebu quartz'')', '{"hashes_run": 1}'),
	(2, 'SELECT arsignup.hash_password('''')', '{"code": "SU001"}'),
	(3, 'SELECT arsignup.verify_password(''password'', ready_hash())', '{"hashes_run": 1}'),
	(4, 'SELECT arsignup.verify_password(''wrong'', ready_hash())', '{"hashes_run": 1}'),
	(5, 'SELECT arsignup.verify_password('''', ready_hash())', '{}'),
	(6, 'SELECT arsignup.password_strength(''canary zebu quartz'')', '{}'),
	(7, 'SELECT arsignup.create_user(realm(), ''a@example.com'', ''canary zebu quartz'')', '{"hashes_run": 1}'),
	(8, 'SELECT arsignup.create_user(realm(), ''b@example.com'', password_hash => ready_hash())', '{}'),
	(9, 'SELECT arsignup.create_user(realm(), ''a@example.com'', ''canary zebu quartz'')', '{"code": "SU002"}'),
	(10, 'SELECT arsignup.signup(app(''users''), ''c@example.com'', ''canary zebu quartz'')', '{"hashes_run": 1, "signups": 1}'),
	(11, 'SELECT arsignup.signup(app(''users''), ''d@example.com'', password_hash => ready_hash())', '{"signups": 1}'),
	(12, 'SELECT arsignup.signup(app(''orgs''), ''e@example.com'', password_hash => ready_hash())', '{"signups": 1}'),
	(13, 'SELECT arsignup.signup(app(''tokens''), ''f@example.com'', password_hash => ready_hash())', '{"tokens_minted": 1}'),
	(14, 'SELECT arsignup.signup(app(''tokens''), ''f@example.com'', ''canary zebu quartz'')', '{"tokens_minted": 1, "hashes_run": 1}'),
	(15, 'SELECT arsignup.signup(app(''users''), ''a@example.com'', password_hash => ready_hash())', '{"code": "SU002"}'),
	(16, 'SELECT arsignup.signup(app(''users''), ''g@example.com'', ''canary'')', '{"code": "SU001"}'),
	(17, 'SELECT arsignup.signup(app(''closed''), ''g@example.com'', ''canary zebu quartz'')', '{"code": "SU006"}'),
	(18, 'SELECT arsignup.mint_signup_token(app(), ''g@example.com'', ''canary zebu quartz'')', '{"tokens_minted": 1, "hashes_run": 1}'),
	(19, 'SELECT arsignup.mint_signup_token(app(), ''g@example.com'', password_hash => ready_hash())', '{"tokens_minted": 1}'),
	(20, 'SELECT arsignup.mint_signup_token(app(), ''nonsense'', ''canary zebu quartz'')', '{"code": "SU001"}'),
	(21, 'SELECT * FROM arsignup.get_signup_token(token(''good''))', '{}'),
	(22, 'SELECT * FROM arsignup.get_signup_token(token(''late''))', '{}'),
	(23, 'SELECT arsignup.redeem_signup_token(token(''good''), ''Org'')', '{"tokens_redeemed": 1}'),
	(24, 'SELECT arsignup.redeem_signup_token(token(''good''))', '{"code": "SU005"}'),
	(25, 'SELECT arsignup.redeem_signup_token(token(''late''))', '{"code": "SU004", "tokens_expired": 1}'),
	(26, 'SELECT arsignup.revoke_signup_token(token(''late''))', '{}'),
	(27, 'SELECT arsignup.revoke_signup_token(token(''thrown''))', '{}'),
	(28, 'SELECT arsignup.redeem_signup_token(token(''thrown''))', '{"code": "SU009"}'),
	(29, 'SELECT arsignup.redeem_signup_token(''utk_'')', '{"code": "SU003"}'),
	(31, 'SELECT arsignup.create_org(realm(), ''Org'')', '{}'),
	(32, 'SELECT arsignup.purge_expired()', '{}'),
	(33, 'SELECT arsignup.login(app(), ''kim@example.com'', ''password'')', '{"hashes_run": 1, "logins_ok": 1}'),
	(34, 'SELECT arsignup.login(app(), ''kim@example.com'', ''wrong'')', '{"hashes_run": 1, "logins_failed": 1, "limiter_entries": 1}'),
	(35, 'SELECT arsignup.login(app(), ''nobody@example.com'', ''password'')', '{"hashes_run": 1, "logins_failed": 1, "limiter_entries": 1}'),
	(36, 'SELECT arsignup.login(gen_random_uuid(), ''kim@example.com'', ''password'')', '{"code": "SU010"}')) AS v (n, statement, expected)
ORDER BY n;
SELECT is(moved(format('SELECT arsignup.%I(realm(), %L, %s)', name, :'kim', passwords)), jsonb_build_object('hashes_run', hashes) || CASE WHEN passwords LIKE '''wrong''%' THEN '{"limiter_entries": 1}' ELSE jsonb '{}' END, 'counted: ' || name || ', ' || passwords)
FROM (VALUES ('set_password', '''canary zebu quartz''', 1), ('change_password', '''wrong'', ''canary zebu quartz''', 1), ('change_password', '''canary zebu quartz'', ''canary okapi quartz''', 2)) AS v (name, passwords, hashes);

-- What is rolled back has been done, and stays counted.
SELECT to_jsonb(s) AS stats FROM arsignup.stats() AS s \gset before_
SAVEPOINT undone;
SELECT arsignup.redeem_signup_token(token('undone')) \g /dev/null
SELECT arsignup.signup(app('users'), 'h@example.com', 'canary zebu quartz') \g /dev/null
SELECT arsignup.mint_signup_token(app(), 'hh@example.com', password_hash => ready_hash()) \g /dev/null
SELECT arsignup.login(app(), 'kim@example.com', 'wrong') \g /dev/null
ROLLBACK TO undone;
SELECT is((SELECT jsonb_object_agg(key, a.value::bigint - b.value::bigint) FROM jsonb_each_text((SELECT to_jsonb(s) FROM arsignup.stats() AS s)) AS a JOIN jsonb_each_text(:'before_stats'::jsonb) AS b USING (key) WHERE a.value <> b.value),
	'{"tokens_redeemed": 1, "signups": 1, "hashes_run": 2, "tokens_minted": 1, "logins_failed": 1}', 'calls that were rolled back are counted');
SELECT is_empty($$SELECT FROM arsignup.users WHERE email LIKE 'h%@%' UNION ALL SELECT FROM arsignup.signup_tokens WHERE email LIKE 'h%@%'$$, 'although nothing is left of them');

---------------------------------------------------------------------------------------------------
-- purge_expired
---------------------------------------------------------------------------------------------------

-- What the planner believes after a purge has emptied the tables: that they are still empty. It then prefers other
-- plans, which must keep to max_rows as well.
UPDATE pg_class SET relpages = 100, reltuples = 0 WHERE oid IN ('arsignup.signup_tokens'::regclass, 'arsignup.events'::regclass);

DELETE FROM arsignup.signup_tokens;
DELETE FROM arsignup.sessions;
INSERT INTO arsignup.signup_tokens (realm_id, id, digest, connected_app_id, created_at, expires_at, redeemed_at, revoked_at, user_id, username, email, credential_type, password_hash, custom)
SELECT realm(realm), gen_random_uuid(), sha256(name::bytea), app(), now() - interval '400 days', clock_timestamp() + expires, clock_timestamp() + redeemed, clock_timestamp() + revoked,
	CASE WHEN redeemed IS NOT NULL THEN gen_random_uuid() END, name, name, 'password', CASE WHEN coalesce(redeemed, revoked) IS NULL THEN ready_hash() END, '{}'
FROM (VALUES
	('email', 'pending', interval '1 hour', NULL::interval, NULL::interval),
	('email', 'pending for long', '366 days', NULL, NULL),
	('other', 'expired 9 days ago', '-9 days', NULL, NULL),
	('email', 'expired 8 days ago', '-8 days', NULL, NULL),
	('standard', 'revoked, expired 7 days ago', '-7 days', NULL, '-8 days'),
	('email', 'redeemed, expired 6 days ago', '-6 days', '-7 days', NULL),
	('other', 'expired 5 days ago', '-5 days', NULL, NULL),
	('email', 'redeemed 24 hours and a second ago, expired since', '-2 hours', '-24 hours -1 second', NULL),
	('email', 'expired an hour ago', '-1 hour', NULL, NULL),
	('email', 'expired just now', '0', NULL, NULL),
	('email', 'redeemed a day less a minute ago, expired', '-1 hour', '-23 hours -59 minutes', NULL),
	('email', 'redeemed and expired just now', '-1 second', '-2 seconds', NULL),
	('email', 'redeemed long ago, not expired', '1 hour', '-300 days', NULL),
	('email', 'revoked, not expired', '1 hour', NULL, '-300 days')) AS v (realm, name, expires, redeemed, revoked);
CREATE FUNCTION purged(call text) RETURNS text LANGUAGE plpgsql SECURITY DEFINER AS $$
DECLARE
	before text[] := ARRAY(SELECT email FROM arsignup.signup_tokens ORDER BY expires_at);
	number bigint;
BEGIN
	EXECUTE 'SELECT ' || call INTO number;
	RETURN number || ': ' || array_to_string(ARRAY(SELECT name FROM unnest(before) WITH ORDINALITY AS b (name, n) WHERE name NOT IN (SELECT email FROM arsignup.signup_tokens) ORDER BY n), '; ');
END
$$;
SELECT is(purged('arsignup.purge_expired(1)'), '1: expired 9 days ago', 'purge_expired: the oldest first, in whatever realm');
SELECT is(purged('arsignup.purge_expired(2)'), '2: expired 8 days ago; revoked, expired 7 days ago', 'purge_expired: no more than asked for');
SELECT is(purged('arsignup.purge_expired(max_rows => 3)'), '3: redeemed, expired 6 days ago; expired 5 days ago; redeemed 24 hours and a second ago, expired since', 'purge_expired: what was redeemed goes after a day');
SELECT is(purged('arsignup.purge_expired()'), '2: expired an hour ago; expired just now', 'purge_expired: all that have expired by the clock');
SELECT is(purged('arsignup.purge_expired()'), '0: ', 'purge_expired: then none');
SELECT bag_eq('SELECT email FROM arsignup.signup_tokens', $$VALUES ('pending'), ('pending for long'), ('redeemed a day less a minute ago, expired'), ('redeemed and expired just now'), ('redeemed long ago, not expired'), ('revoked, not expired')$$,
	'purge_expired: what can be redeemed, or be asked about, stays');
SELECT invalid(format('SELECT arsignup.purge_expired(%s)', n), '{"max_rows": ["Number of rows must be positive."]}', 'purge_expired: max_rows ' || n) FROM unnest(ARRAY['0', '-1', 'NULL', '-2147483648']) AS n;
SELECT is(purged('arsignup.purge_expired(2147483647)'), '0: ', 'purge_expired: any positive number will do');
UPDATE pg_class SET relpages = 0, reltuples = -1 WHERE oid = 'arsignup.signup_tokens'::regclass;
INSERT INTO arsignup.signup_tokens (realm_id, id, digest, connected_app_id, created_at, expires_at, username, email, credential_type, custom)
SELECT realm(), gen_random_uuid(), sha256(n::text::bytea), app(), now(), now() - n * interval '1 second', 'many', 'many', 'password', '{}' FROM generate_series(1, 10001) AS n;
SET LOCAL ROLE :"admin_role";
SELECT is(arsignup.purge_expired(), 10000::bigint, 'purge_expired: ten thousand unless something else is asked for');
RESET ROLE;
SELECT is((SELECT now() - expires_at FROM arsignup.signup_tokens WHERE email = 'many'), interval '1 second', 'purge_expired: the youngest is left');

-- A real token's life.
SELECT arsignup.mint_signup_token(app(), 'real@example.com', ttl => '30 milliseconds', password_hash => ready_hash()) AS token \gset real_
SELECT arsignup.mint_signup_token(app(), 'lasting@example.com', password_hash => ready_hash()) AS token \gset lasting_
SELECT pg_sleep(0.05) \g /dev/null
SELECT is(purged('arsignup.purge_expired()'), '2: many; real@example.com', 'purge_expired: a token that has expired since the transaction began');
SELECT refused(format('SELECT arsignup.redeem_signup_token(%L)', :'real_token'), 'SU003', 'no such signup token', NULL, 'a purged token is unknown');
SELECT is((outcome(format('SELECT arsignup.redeem_signup_token(%L)', :'lasting_token'))).code, '00000', 'one that is pending redeems');

-- Sessions: those that have expired and those that were ended, after the tokens, in whatever realm.
UPDATE pg_class SET relpages = 100, reltuples = 0 WHERE oid = 'arsignup.sessions'::regclass;
SELECT arsignup.create_user(realm('other'), 'kim@example.com') AS other_kim \gset
INSERT INTO arsignup.sessions (realm_id, id, user_id, created_at, expires_at, ended_at, client, token_generation)
SELECT realm(realm), arsignup.new_id(), CASE realm WHEN 'email' THEN :'kim' ELSE :'other_kim' END::uuid, now() - interval '400 days', clock_timestamp() + expires, clock_timestamp() + ended, name, 0
FROM (VALUES
	('email', 'going on', interval '1 hour', NULL::interval), ('other', 'going on elsewhere', '366 days', NULL),
	('email', 'expired long ago', '-9 days', NULL), ('other', 'expired just now', '0', NULL),
	('email', 'ended long ago, not expired', '1 hour', '-300 days'), ('other', 'ended just now, not expired', '1 hour', '0'), ('email', 'ended and expired', '-1 hour', '-2 hours')) AS v (realm, name, expires, ended);
SELECT token FROM arsignup.create_session(realm(), :'kim') \gset lasting_
SELECT session_id, token FROM arsignup.create_session(realm(), :'kim') \gset ended_
SELECT is(arsignup.end_session(realm(), :'ended_session_id'), true, 'purge_expired: a session is ended');
CREATE FUNCTION sessions_left() RETURNS bigint LANGUAGE sql VOLATILE SECURITY DEFINER AS $$ SELECT count(*) FROM arsignup.sessions $$;
INSERT INTO arsignup.signup_tokens (realm_id, id, digest, connected_app_id, created_at, expires_at, username, email, credential_type, custom)
SELECT realm(), gen_random_uuid(), sha256('before sessions'), app(), now(), now() - interval '1 second', 'x', 'expired token', 'password', '{}';
SELECT is(purged('arsignup.purge_expired(1)'), '1: expired token', 'purge_expired: tokens first');
SELECT is(sessions_left(), 9::bigint, 'purge_expired: no session yet, for max_rows counts both');
SELECT is(purged('arsignup.purge_expired(2)'), '2: ', 'purge_expired: then sessions, no more than asked for');
SELECT is(sessions_left(), 7::bigint, 'purge_expired: two of them');
INSERT INTO arsignup.signup_tokens (realm_id, id, digest, connected_app_id, created_at, expires_at, username, email, credential_type, custom)
SELECT realm(), gen_random_uuid(), sha256('among sessions'), app(), now(), now() - interval '1 second', 'x', 'another token', 'password', '{}';
SELECT is(purged('arsignup.purge_expired(2)'), '2: another token', 'purge_expired: one call deletes of both');
SELECT is(sessions_left(), 6::bigint, 'purge_expired: one session with the token');
SET LOCAL ROLE :"admin_role";
SELECT is(arsignup.purge_expired(), 3::bigint, 'purge_expired: all other sessions that are over');
SELECT is(arsignup.purge_expired(), 0::bigint, 'purge_expired: then none');
RESET ROLE;
SELECT bag_eq('SELECT client FROM arsignup.sessions', $$VALUES ('going on'), ('going on elsewhere'), (NULL)$$, 'purge_expired: sessions that go on stay');
SELECT isnt(arsignup.verify_login_token(:'lasting_token'), NULL, 'purge_expired: the token of one still holds');
SELECT is(arsignup.verify_login_token(:'ended_token'), NULL, 'purge_expired: that of one that was ended still does not');

---------------------------------------------------------------------------------------------------
-- purge_expired: mailed tokens
---------------------------------------------------------------------------------------------------

UPDATE pg_class SET relpages = 100, reltuples = 0 WHERE oid = 'arsignup.one_time_tokens'::regclass;
INSERT INTO arsignup.one_time_tokens (realm_id, user_id, created_at, expires_at, used_at, digest, purpose, email_key, token_generation, is_mailed)
SELECT realm(realm), CASE realm WHEN 'email' THEN :'kim' ELSE :'other_kim' END::uuid, now() - interval '400 days', clock_timestamp() + expires, clock_timestamp() + used, sha256(name::bytea), 'password_reset', name, 0, true
FROM (VALUES
	('email', 'good', interval '1 hour', NULL::interval), ('other', 'good elsewhere', '366 days', NULL),
	('email', 'expired long ago', '-9 days', NULL), ('other', 'expired just now', '0', NULL),
	('email', 'used long ago, not expired', '1 hour', '-300 days'), ('other', 'used just now, not expired', '1 hour', '0'), ('email', 'used and expired', '-1 hour', '-2 hours')) AS v (realm, name, expires, used);
CREATE FUNCTION mailed_left() RETURNS bigint LANGUAGE sql VOLATILE SECURITY DEFINER AS $$ SELECT count(*) FROM arsignup.one_time_tokens $$;
UPDATE arsignup.sessions SET ended_at = clock_timestamp() WHERE client = 'going on elsewhere';
SET LOCAL ROLE :"admin_role";
SELECT is(arsignup.purge_expired(1), 1::bigint, 'purge_expired: sessions go before mailed tokens');
SELECT is(mailed_left(), 7::bigint, 'purge_expired: no mailed token yet, for max_rows counts all');
SELECT is(arsignup.purge_expired(2), 2::bigint, 'purge_expired: then mailed tokens, no more than asked for');
SELECT is(mailed_left(), 5::bigint, 'purge_expired: two of them');
SELECT is(arsignup.purge_expired(), 3::bigint, 'purge_expired: all others that have expired or were used');
SELECT is(arsignup.purge_expired(), 0::bigint, 'purge_expired: then none of any kind');
RESET ROLE;
SELECT bag_eq('SELECT email_key COLLATE "default" FROM arsignup.one_time_tokens', $$VALUES ('good'), ('good elsewhere')$$, 'purge_expired: mailed tokens that are good stay');

---------------------------------------------------------------------------------------------------
-- purge_expired: submissions
---------------------------------------------------------------------------------------------------

INSERT INTO arsignup.submissions (realm_id, id, created_at, body_digest)
SELECT realm(realm), gen_random_uuid(), clock_timestamp() - age, convert_to(name, 'UTF8')
FROM (VALUES ('email', 'new', interval '0'), ('other', 'new elsewhere', '9 minutes'), ('email', 'of ten minutes', '10 minutes'), ('other', 'of a day', '1 day')) AS v (realm, name, age);
SET LOCAL ROLE :"admin_role";
SELECT is(rows, 2::bigint, 'backlog: submissions that wait for a purge') FROM arsignup.backlog() WHERE kind = 'submissions';
SELECT is(arsignup.purge_expired(1), 1::bigint, 'purge_expired: submissions, no more than asked for');
SELECT is(arsignup.purge_expired(), 1::bigint, 'purge_expired: all others that are not kept');
SELECT is(arsignup.purge_expired(), 0::bigint, 'purge_expired: then none of any kind');
RESET ROLE;
SELECT bag_eq($$SELECT convert_from(body_digest, 'UTF8') FROM arsignup.submissions$$, $$VALUES ('new'), ('new elsewhere')$$, 'purge_expired: submissions that are kept stay');

---------------------------------------------------------------------------------------------------
-- purge_events
---------------------------------------------------------------------------------------------------

DELETE FROM arsignup.events;
INSERT INTO arsignup.events (realm_id, id, event_at, claimed_at, event_type)
SELECT realm(realm), arsignup.new_id(), clock_timestamp() - age::interval, CASE WHEN age LIKE '3%' THEN now() END, age
FROM (VALUES ('email', '40 days'), ('other', '39 days'), ('standard', '31 days'), ('email', '30 days'), ('email', '29 days 23:59:00'), ('other', '1 day'), ('email', '0'), ('email', '-1 hour')) AS v (realm, age);
CREATE FUNCTION events_left() RETURNS text LANGUAGE sql VOLATILE AS $$ SELECT string_agg(event_type, '; ' ORDER BY event_at) FROM arsignup.events $$;
SET LOCAL ROLE :"admin_role";
SELECT is(arsignup.purge_events('41 days'), 0::bigint, 'purge_events: none is as old as that');
SELECT is(arsignup.purge_events(interval '30 days', 1), 1::bigint, 'purge_events: no more than asked for');
RESET ROLE;
SELECT matches(events_left(), '^(\d+ days; ){3}29 days 23:59:00; 1 day; 0; -1 hour$', 'purge_events: one of the old is gone');
SET LOCAL ROLE :"admin_role";
SELECT is(arsignup.purge_events('30 days'), 3::bigint, 'purge_events: all older ones, claimed or not, in all realms');
RESET ROLE;
SELECT is(events_left(), '29 days 23:59:00; 1 day; 0; -1 hour', 'purge_events: the others stay');
SELECT is(arsignup.purge_events(interval '0'), 3::bigint, 'purge_events: older than nothing');
SELECT is(events_left(), '-1 hour', 'purge_events: up to now');
SELECT invalid(format('SELECT arsignup.purge_events(''1 day'', %s)', n), '{"max_rows": ["Number of rows must be positive."]}', 'purge_events: max_rows ' || n) FROM unnest(ARRAY['0', '-1', 'NULL']) AS n;
SELECT invalid('SELECT arsignup.purge_events(''-1 day'')', '{"older_than": ["Age can''t be negative."]}', 'purge_events: an age is not negative');
SELECT is(events_left(), '-1 hour', 'purge_events: nothing of this has deleted anything');

-- What each realm says of its own.
DELETE FROM arsignup.events;
UPDATE arsignup.realms SET event_retention = CASE id WHEN realm('email') THEN interval '1 hour' WHEN realm('other') THEN NULL ELSE '10 days' END;
INSERT INTO arsignup.events (realm_id, id, event_at, event_type)
SELECT realm(realm), arsignup.new_id(), clock_timestamp() - age::interval, realm || ' ' || age
FROM (VALUES ('email', '2 hours'), ('email', '59 minutes'), ('other', '900 years'), ('standard', '11 days'), ('standard', '9 days')) AS v (realm, age);
INSERT INTO arsignup.failed_deliveries (realm_id, event_id, event_at, failed_at, attempts, event_type, error)
SELECT realm_id, id, event_at, now(), 1, event_type, 'no' FROM arsignup.events;
SET LOCAL ROLE :"admin_role";
SELECT is((SELECT string_agg(concat_ws(' ', rows, oldest > interval '11 days'), ' ') FROM arsignup.backlog() WHERE what = 'rows_to_purge' AND kind = 'events'), '2 t', 'backlog: events that are kept no longer');
SELECT is(arsignup.purge_events(max_rows => 1), 1::bigint, 'purge_events: by the realm''s retention, no more than asked for');
SELECT is(arsignup.purge_events(), 1::bigint, 'purge_events: the other');
SELECT is(arsignup.purge_events(), 0::bigint, 'purge_events: then none');
RESET ROLE;
SELECT is(events_left(), 'other 900 years; standard 9 days; email 59 minutes', 'purge_events: what its realm keeps stays, for ever if that is null');
SELECT is((SELECT string_agg(event_type, '; ' ORDER BY event_at) FROM arsignup.failed_deliveries), events_left(), 'purge_events: and what is noted of its delivery');
SELECT is(arsignup.purge_events('1 year'), 1::bigint, 'purge_events: an age that is named holds for all realms');
DELETE FROM arsignup.failed_deliveries;
UPDATE arsignup.realms SET event_retention = '90 days';

---------------------------------------------------------------------------------------------------
-- purge: what it does needs transactions of its own; test/server/purge has it
---------------------------------------------------------------------------------------------------

SELECT refused('CALL arsignup.purge()', '2D000', 'arsignup.purge cannot run inside a transaction', 'It commits after each batch.', 'purge: not in a transaction');
SELECT invalid(format('CALL arsignup.purge(%s)', duration), errors, 'purge: ' || duration)
FROM (VALUES ('NULL', '{"max_duration": ["Duration can''t be null."]}'::jsonb), ('''-1 microsecond''', '{"max_duration": ["Duration can''t be negative."]}')) AS v (duration, errors);

---------------------------------------------------------------------------------------------------
-- claim_events
---------------------------------------------------------------------------------------------------

DELETE FROM arsignup.events;
-- Events in the order of their numbers; a user by a letter, none for null.
CREATE FUNCTION event(n int, kind text, person text DEFAULT NULL, realm text DEFAULT 'email', claimed boolean DEFAULT false) RETURNS void LANGUAGE sql AS $$
	INSERT INTO arsignup.events (realm_id, id, event_at, claimed_at, user_id, event_type, data)
	VALUES (realm(realm), format('018f0000-0000-7000-8000-%s', lpad(n::text, 12, '0'))::uuid, now(), CASE WHEN claimed THEN now() END, md5(person)::uuid, kind, to_jsonb(n))
$$;
CREATE FUNCTION claimed(kinds text[], max_rows int DEFAULT 100) RETURNS text LANGUAGE sql VOLATILE AS $$
	SELECT coalesce(string_agg(e.n::text, ' '), 'none') FROM (SELECT data AS n FROM arsignup.claim_events(kinds, max_rows)) AS e
$$;
GRANT EXECUTE ON FUNCTION claimed(text[], int) TO PUBLIC;
SELECT event(1, 'user.created', 'p'), event(4, 'user.created', 'q'), event(2, 'user.updated', 'p'), event(3, 'user.deleted'), event(5, 'user.updated', 'p', 'other'), event(6, 'user.created'), event(7, 'user.created', 'p', claimed => true), event(8, 'user.deleted', 'q'), event(9, 'org.created', 'p', 'asleep') \g /dev/null
SELECT is(claimed('{org.deleted}'), 'none', 'claim_events: of these kinds there is none');
SAVEPOINT claim;
SET LOCAL ROLE :"app_role";
SELECT is(claimed('{user.updated,user.created}'), '1 2 4 5 6', 'claim_events: an application claims the events of its kinds, oldest first, of all realms, not those that are claimed');
SELECT is(claimed('{user.updated,user.created}'), 'none', 'claim_events: once');
SELECT is(claimed('{user.created,user.deleted}'), '3 8', 'claim_events: others are still to be had');
RESET ROLE;
SELECT ok(bool_and(claimed_at BETWEEN now() AND clock_timestamp()), 'claim_events: when, by the clock') FROM arsignup.events WHERE data::int IN (1, 2, 3, 4, 5, 6, 8);
SELECT is(claimed_at, NULL, 'claim_events: the rest stays as it was') FROM arsignup.events WHERE data::int = 9;
ROLLBACK TO claim;
SELECT is(claimed('{user.created,user.updated,user.created,user.updated}', 2), '1 2', 'claim_events: a kind that is named twice counts once');
ROLLBACK TO claim;
SELECT is(claimed('{user.created,user.updated,user.deleted}', 1), '1', 'claim_events: a rollback gives them back; no more than asked for');
SELECT is(claimed('{user.created,user.updated,user.deleted}', 3), '2 3 4', 'claim_events: the next of all kinds together');
SELECT is(claimed('{user.deleted,user.created,user.updated}', 2), '5 6', 'claim_events: in whatever order they are named');
SELECT is(claimed('{{user.created,user.updated},{user.deleted,org.created}}', 2147483647), '8 9', 'claim_events: any positive number, any shape of array; also of a realm that is inactive');
SELECT event(10, 'user.created', 'p') \g /dev/null
SELECT results_eq($$SELECT e.realm_id, e.event_type, e.user_id, e.data, e.claimed_at IS NOT NULL, e.event_at FROM arsignup.claim_events('{user.created}') AS e$$, $$SELECT realm(), 'user.created', md5('p')::uuid, '10'::jsonb, true, now()$$,
	'claim_events: the row as it is, claimed');
SELECT invalid(format('SELECT arsignup.claim_events(%s)', arguments), errors, 'claim_events: ' || arguments)
FROM (VALUES ('NULL', '{"kinds": ["Kinds can''t be blank."]}'::jsonb), ('''{}''', '{"kinds": ["Kinds can''t be blank."]}'), ('''{user.created,NULL}''', '{"kinds": ["Kinds can''t contain null."]}'),
	('''{user.created}'', 0', '{"max_rows": ["Number of rows must be positive."]}'), ('''{user.created}'', -1', '{"max_rows": ["Number of rows must be positive."]}'), ('''{user.created}'', NULL', '{"max_rows": ["Number of rows must be positive."]}'),
	('NULL, NULL', '{"kinds": ["Kinds can''t be blank."], "max_rows": ["Number of rows must be positive."]}')) AS v (arguments, errors);

SELECT invalid($$SELECT arsignup.claim_events('{user.created,user.craeted,User.created}')$$, jsonb_build_object('kinds', jsonb_agg(format('Kinds can''t contain "%s"; there are user.created, user.updated, user.deleted, '
	'user.login.succeeded, user.password_token.created, user.password_token.consumed, user.password_token.failed, user.email.verification_requested, user.email.verified, '
	'org.created, org.updated, org.deleted, membership.created, membership.updated and membership.deleted.', kind))), 'claim_events: D9: a kind that is misspelt, which would wait for ever') FROM unnest(ARRAY['user.craeted', 'User.created']) AS k (kind);

-- What it reads does not grow with what is claimed, with what is not asked for, nor with what still waits behind.
DELETE FROM arsignup.events;
SELECT count(event(n, CASE WHEN n % 3 = 0 THEN 'user.login.succeeded' ELSE 'membership.created' END, 'p' || n, claimed => n % 3 = 0)) FROM generate_series(1, 20000) AS n \g /dev/null
SELECT count(event(n, 'user.login.succeeded', 'p' || n % 1000)) FROM generate_series(20001, 40000) AS n \g /dev/null
CREATE FUNCTION reads(statement text, relation regclass DEFAULT 'arsignup.events') RETURNS text LANGUAGE plpgsql AS $$
DECLARE
	a record;
	b record;
BEGIN
	SELECT coalesce(seq_scan, 0) AS seq_scan, idx_tup_fetch INTO a FROM pg_stat_xact_user_tables WHERE relid = relation;
	EXECUTE statement;
	SELECT coalesce(seq_scan, 0) AS seq_scan, idx_tup_fetch INTO b FROM pg_stat_xact_user_tables WHERE relid = relation;
	RETURN format('%s scans, %s rows', b.seq_scan - a.seq_scan, CASE WHEN b.idx_tup_fetch - a.idx_tup_fetch < 1500 THEN 'few' ELSE (b.idx_tup_fetch - a.idx_tup_fetch)::text END);
END
$$;
SELECT is(reads($$SELECT arsignup.claim_events('{user.login.succeeded,org.updated}', 50)$$), '0 scans, few rows', 'claim_events: reads little, whatever the statistics say');
ANALYZE arsignup.events;
SELECT is(reads($$SELECT arsignup.claim_events('{user.login.succeeded,org.updated}', 50)$$), '0 scans, few rows', 'claim_events: or say now');
DELETE FROM arsignup.events WHERE event_type = 'membership.created';
ANALYZE arsignup.events;
SELECT is(reads($$SELECT arsignup.claim_events('{org.updated,user.login.succeeded}', 50)$$), '0 scans, few rows', 'claim_events: also when it is most of the table that waits');
UPDATE pg_class SET relpages = 100, reltuples = 0 WHERE oid = 'arsignup.events'::regclass;
SELECT is(reads($$SELECT arsignup.claim_events('{org.updated,user.login.succeeded}', 50)$$), '0 scans, few rows', 'claim_events: also when the table is believed to be empty');

---------------------------------------------------------------------------------------------------
-- postpone_event, retry_event
---------------------------------------------------------------------------------------------------

DELETE FROM arsignup.events;
CREATE FUNCTION id_of(n int) RETURNS uuid LANGUAGE sql AS $$ SELECT format('018f0000-0000-7000-8000-%s', lpad(n::text, 12, '0'))::uuid $$;
CREATE FUNCTION postpone(n int, pause interval DEFAULT NULL, error text DEFAULT 'no') RETURNS boolean LANGUAGE sql AS $$ SELECT arsignup.postpone_event(realm(), id_of(n), error, pause) $$;
CREATE FUNCTION retry(n int) RETURNS boolean LANGUAGE sql AS $$ SELECT arsignup.retry_event(realm(), id_of(n)) $$;
CREATE FUNCTION put_aside() RETURNS text LANGUAGE sql AS $$
	SELECT coalesce(string_agg(format('%s: %s times, %s, %s', e.data, d.attempts, CASE WHEN d.retry_at IS NULL THEN 'given up' WHEN d.retry_at > clock_timestamp() THEN 'later' ELSE 'due' END, d.error), '; ' ORDER BY d.event_id), 'none')
	FROM arsignup.failed_deliveries AS d JOIN arsignup.events AS e ON (e.realm_id, e.id, e.event_at, e.event_type) = (d.realm_id, d.event_id, d.event_at, d.event_type) AND e.user_id IS NOT DISTINCT FROM d.user_id
$$;
GRANT EXECUTE ON FUNCTION id_of(int), postpone(int, interval, text), retry(int) TO PUBLIC;
SELECT event(1, 'user.created', 'p'), event(2, 'user.updated', 'p'), event(3, 'user.created'), event(4, 'user.created', 'q', claimed => true), event(5, 'org.created') \g /dev/null
SET LOCAL ROLE :"app_role";
SELECT ok(postpone(1, '1 hour', E'550 nobody\n'), 'postpone_event: an application puts an event aside');
SELECT ok(postpone(3), 'postpone_event: or gives it up');
SELECT ok(NOT postpone(4), 'postpone_event: not one that was delivered');
SELECT ok(NOT postpone(99), 'postpone_event: nor one that there is not');
SELECT is(claimed('{user.created,user.updated}'), '2', 'postpone_event: others, also of its user, are handed out meanwhile');
SELECT ok(postpone(1, '1 hour', 'once more') AND postpone(5, '0', repeat('é', 501)), 'postpone_event: again, or for no time');
RESET ROLE;
SELECT is(put_aside(), '1: 2 times, later, once more; 3: 1 times, given up, no; 5: 1 times, due, ' || repeat('é', 500), 'failed_deliveries: how often, until when and why, 1000 bytes of that');
SELECT ok(bool_and(claimed_at IS NOT NULL), 'postpone_event: no worker finds them') FROM arsignup.events;
SELECT is(claimed('{user.created}'), 'none', 'claim_events: none of its kinds is due');
SELECT is(claimed('{org.created}'), '5', 'claim_events: this one is');
SELECT is(claimed('{org.created}'), 'none', 'claim_events: once');
UPDATE arsignup.failed_deliveries SET retry_at = clock_timestamp() WHERE event_id = id_of(1);
SELECT event(0, 'user.updated', 'p'), event(6, 'user.created', 'p') \g /dev/null
SAVEPOINT claim;
SELECT is(claimed('{user.created,user.updated}', 2), '1 0', 'claim_events: what is due again comes before what is new');
SELECT is(put_aside(), '3: 1 times, given up, no', 'failed_deliveries: what is delivered is not in it any more');
ROLLBACK TO claim;
SELECT is(put_aside(), '1: 2 times, due, once more; 3: 1 times, given up, no', 'failed_deliveries: a rollback brings it back');
SELECT is(claimed('{user.created,user.updated}', 1), '1', 'claim_events: no more than asked for');
ROLLBACK TO claim;
SET LOCAL ROLE :"app_role";
SELECT ok(retry(3) AND retry(1), 'retry_event: what was given up, and what was not');
SELECT ok(NOT retry(4) AND NOT retry(99), 'retry_event: not what was not put aside');
SELECT is((SELECT string_agg(attempts::text, ' ') FROM arsignup.failed_deliveries), '0 0', 'retry_event: its attempts are counted anew; an application may look');
RESET ROLE;
SELECT is(claimed('{user.created}'), '1 3 6', 'retry_event: it is handed out');
ROLLBACK TO claim;
DELETE FROM arsignup.events WHERE id = id_of(1);
SELECT event(7, 'user.created', 'q') \g /dev/null
SELECT is(claimed('{user.created}'), '7', 'claim_events: an event that is gone is not handed out again');
SELECT is(claimed('{user.created}'), '6', 'claim_events: nor does it stand in the way');
ROLLBACK TO claim;
SELECT invalid(format('SELECT arsignup.postpone_event(realm(), id_of(6), %s)', arguments), errors, 'postpone_event: ' || arguments)
FROM (VALUES ('NULL', '{"error": ["Error can''t be null."]}'::jsonb), ('''no'', ''-1 second''', '{"pause": ["Pause can''t be negative."]}'), ('NULL, ''-1 second''', '{"pause": ["Pause can''t be negative."], "error": ["Error can''t be null."]}')) AS v (arguments, errors);
SELECT ok(postpone(6, '1 hour'), 'postpone_event: one more');
UPDATE arsignup.failed_deliveries SET event_at = clock_timestamp() - interval '41 days' WHERE event_id = id_of(6);
SELECT is(arsignup.purge_events('40 days'), 0::bigint, 'purge_events: counts events');
SELECT is((SELECT count(*) FROM arsignup.failed_deliveries), 2::bigint, 'purge_events: what failed of old ones goes');
DELETE FROM arsignup.failed_deliveries;
INSERT INTO arsignup.failed_deliveries (realm_id, event_id, event_at, failed_at, retry_at, attempts, event_type, error)
SELECT realm(), id_of(n), now(), now(), CASE WHEN n % 2 = 0 THEN now() + interval '1 hour' END, 1, 'user.login.succeeded', 'no' FROM generate_series(1, 20000) AS n;
SELECT is(reads($$SELECT arsignup.claim_events('{org.updated,user.login.succeeded}', 50)$$, 'arsignup.failed_deliveries'), '0 scans, few rows', 'claim_events: what was put aside costs nothing before it is due');
DELETE FROM arsignup.failed_deliveries;
DELETE FROM arsignup.events;

---------------------------------------------------------------------------------------------------
-- backlog
---------------------------------------------------------------------------------------------------

CREATE FUNCTION waits(what text) RETURNS text LANGUAGE sql VOLATILE AS $$
	SELECT coalesce(string_agg(format('%s: %s, %s', b.kind, b.rows, date_trunc('minute', b.oldest)), '; ' ORDER BY b.kind COLLATE "C"), 'none') FROM arsignup.backlog() AS b WHERE b.what = $1 AND b.rows > 0
$$;
SELECT is((SELECT string_agg(format('%s %s', what, n), '; ' ORDER BY what) FROM (SELECT what, count(*) AS n FROM arsignup.backlog() GROUP BY what) AS b),
	'given_up_events 15; hash_gate 3; hook_deliveries 3; postponed_events 15; rows_to_purge 11; signing_keys 3; unclaimed_events 15', 'backlog: a row of everything that may wait');
SELECT is(waits('unclaimed_events') || waits('postponed_events') || waits('given_up_events'), 'nonenonenone', 'backlog: no event waits');
INSERT INTO arsignup.events (realm_id, id, event_at, claimed_at, event_type)
SELECT realm(realm), arsignup.new_id(), clock_timestamp() - age, claimed, kind
FROM (VALUES ('email', interval '2 hours', NULL::timestamptz, 'user.created'), ('other', '1 hour', NULL, 'user.created'), ('email', '3 hours', now(), 'user.created'), ('email', '1 minute', NULL, 'org.created')) AS v (realm, age, claimed, kind);
INSERT INTO arsignup.failed_deliveries (realm_id, event_id, event_at, failed_at, retry_at, attempts, event_type, error)
SELECT realm(), arsignup.new_id(), clock_timestamp() - age, now(), again, 1, 'user.updated', 'no'
FROM (VALUES (interval '3 hours', now() + interval '1 day'), ('4 hours', now()), ('5 hours', NULL)) AS v (age, again);
SELECT is(waits('unclaimed_events'), 'org.created: 1, 00:01:00; user.created: 2, 02:00:00', 'backlog: events that nobody has claimed');
SELECT is(waits('postponed_events'), 'user.updated: 2, 04:00:00', 'backlog: events that are put aside for a while');
SELECT is(waits('given_up_events'), 'user.updated: 1, 05:00:00', 'backlog: events that are given up');
SELECT is(waits('hook_deliveries'), 'none', 'backlog: nothing waits for a hook');
INSERT INTO arsignup.hook_deliveries (realm_id, id, event_id, event_at, due_at, failed_at)
SELECT realm(), arsignup.new_id(), arsignup.new_id(), clock_timestamp() - age, clock_timestamp() + due, clock_timestamp() + failed
FROM (VALUES (interval '2 hours', interval '-1 hour', NULL::interval), ('1 hour', '-1 minute', NULL), ('3 hours', '1 hour', NULL),
	('4 hours', '-1 minute', '-2 minutes'), ('6 hours', '1 hour', '-1 minute'), ('5 hours', NULL, '-1 minute')) AS v (age, due, failed);
SELECT is(waits('hook_deliveries'), 'given_up: 1, 05:00:00; postponed: 2, 06:00:00; waiting: 2, 01:00:00', 'backlog: what waits for hooks, but for what is not due yet');
DELETE FROM arsignup.hook_deliveries;
DELETE FROM arsignup.failed_deliveries;
DELETE FROM arsignup.signup_tokens;
SELECT is(waits('rows_to_purge'), 'none', 'backlog: nothing is due');
INSERT INTO arsignup.signup_tokens (realm_id, id, digest, connected_app_id, created_at, expires_at, redeemed_at, username, email, credential_type, custom)
SELECT realm(), gen_random_uuid(), sha256(n::text::bytea), app(), now(), now() - n * interval '1 minute', CASE n WHEN 1 THEN now() END, 'many', 'many', 'password', '{}' FROM generate_series(0, 2) AS n;
INSERT INTO arsignup.sessions (realm_id, id, user_id, created_at, expires_at, ended_at, token_generation)
SELECT realm(), arsignup.new_id(), :'kim', now(), now() + expires, now() + ended, 0
FROM (VALUES (interval '-1 hour', NULL::interval), ('1 hour', '-2 hours'), ('1 hour', NULL)) AS v (expires, ended);
INSERT INTO arsignup.login_sources (realm_id, user_id, source, logged_in_at) VALUES (realm(), :'kim', '192.0.2.99', now() - interval '31 days');
SELECT is(waits('rows_to_purge'), 'ended_sessions: 1, 02:00:00; login_sources: 1, 31 days; sessions: 1, 01:00:00; signup_tokens: 2, 00:02:00', 'backlog: what a purge would delete');
SELECT is(arsignup.purge_expired(), 5::bigint, 'backlog: and it does');
SELECT is(waits('rows_to_purge'), 'none', 'backlog: then nothing is');
INSERT INTO arsignup.events (realm_id, id, event_at, event_type) SELECT realm(), arsignup.new_id(), now(), 'user.deleted' FROM generate_series(1, 10001);
SELECT is((SELECT rows FROM arsignup.backlog() WHERE what = 'unclaimed_events' AND kind = 'user.deleted'), 10000::bigint, 'backlog: counts to ten thousand');
SELECT is((SELECT rows FROM arsignup.backlog() WHERE what = 'hash_gate' AND kind = 'slots'), (SELECT hash_slots::bigint FROM arsignup.stats()), 'backlog: how many slots there are');
SELECT is((SELECT rows FROM arsignup.backlog() WHERE what = 'signing_keys' AND kind = alg), (SELECT count(*) FROM arsignup.signing_keys AS k WHERE k.alg = a.alg AND retired_at IS NULL), 'backlog: keys that sign, ' || alg) FROM unnest(ARRAY['HS256', 'EdDSA', 'RS256']) AS a (alg);
SELECT is_empty('SELECT FROM arsignup.backlog() WHERE num_nulls(what, kind, rows, oldest) > 0 OR rows < 0 OR oldest < interval ''0''', 'backlog: nothing is null or negative');
DELETE FROM arsignup.events;

---------------------------------------------------------------------------------------------------
-- check_settings
---------------------------------------------------------------------------------------------------

SET LOCAL client_min_messages = error;
LOAD 'auto_explain';
CREATE FUNCTION told_of(setting text) RETURNS text LANGUAGE sql VOLATILE AS $$
	SELECT string_agg(concat_ws(' | ', c.value, c.problem, c.remedy), ' AND ' ORDER BY c.value) FROM arsignup.check_settings() AS c WHERE c.setting = $1
$$;

-- What is set for a role that calls: no row with a good value, one with a bad one.
SELECT 'arsignup_test Caller ' || pg_backend_pid() AS caller, 'arsignup_test_other_' || pg_backend_pid() AS other \gset
CREATE ROLE :"caller" LOGIN IN ROLE arsignup_app;
CREATE FUNCTION told_with(setting text, value text) RETURNS text LANGUAGE plpgsql AS $$
BEGIN
	EXECUTE format('ALTER ROLE %I SET %s = %L', 'arsignup_test Caller ' || pg_backend_pid(), setting, value);
	RETURN told_of(setting);
END
$$;
SELECT is(told_with(setting, value), concat_ws(' | ', value, problem, remedy), format('check_settings: %s = %s', setting, value))
FROM (VALUES
	('log_parameter_max_length', '{-1,1,1024}'::text[], 'Passwords and tokens that a driver declares as text appear in the log whenever their statement is logged.', 'ALTER ROLE ... SET log_parameter_max_length = 0 for the application''s role.'),
	('log_parameter_max_length_on_error', '{-1,1,1024}', 'Bound passwords and tokens appear in the log when a statement fails outside of arsignup''s functions.', 'Set it to 0.'),
	('auto_explain.log_verbose', '{on}', 'Passwords that are constants of a plan appear in the log.', 'Set it to off, or plan_cache_mode to force_generic_plan for the application''s role.'),
	('auto_explain.log_nested_statements', '{on}', 'Passwords that your own functions pass on, and from PostgreSQL 16 on password hashes, appear in the log.', 'Set it to off.'),
	('debug_print_parse', '{on}', 'The bytes of bound passwords appear in the log.', 'Set it to off.'),
	('debug_print_rewritten', '{on}', 'The bytes of bound passwords appear in the log.', 'Set it to off.'),
	('debug_print_plan', '{on}', 'The bytes of bound passwords appear in the log.', 'Set it to off.'),
	('synchronous_commit', '{off}', 'A crash can lose a signup, or the redemption of a token, that was acknowledged.', 'Set it to on.')) AS v (setting, vals, problem, remedy), unnest(vals) AS value;
SELECT is(told_with(setting, value), NULL, format('check_settings: %s = %s is good', setting, value))
FROM (VALUES ('log_parameter_max_length', '{0}'::text[]), ('log_parameter_max_length_on_error', '{0}'), ('auto_explain.log_verbose', '{off}'), ('auto_explain.log_nested_statements', '{off}'),
	('debug_print_parse', '{off}'), ('debug_print_rewritten', '{off}'), ('debug_print_plan', '{off}'),
	('synchronous_commit', '{on,local,remote_write,remote_apply}')) AS v (setting, vals), unnest(vals) AS value;

ALTER ROLE :"caller" RESET ALL;

-- R11: whatever is set for whom, for this database or for all, in whatever words; where they differ, who is meant is named.
SELECT is(told_of('log_parameter_max_length') IS NOT NULL, true, 'check_settings: R11: the default is told of');
ALTER ROLE :"caller" SET log_parameter_max_length = 0;
SELECT is(told_of('log_parameter_max_length'), NULL, 'check_settings: R11: the remedy that it names is one');
SET LOCAL log_parameter_max_length = 1;
SELECT is(told_of('log_parameter_max_length'), NULL, 'check_settings: R11: what the asker''s session says is nothing to it');
CREATE ROLE :"other" LOGIN IN ROLE arsignup_web;
SELECT is(told_of('log_parameter_max_length'), NULL, 'check_settings: another caller, of the web');
SELECT matches(told_of('log_parameter_max_length of role ' || :'other'), '^-1 [|]', 'check_settings: is named');
SELECT is(told_of('log_parameter_max_length of role ' || quote_ident(:'caller')), NULL, 'check_settings: the first is not');
ALTER ROLE :"other" IN DATABASE :"DBNAME" SET log_parameter_max_length = '0kB';
SELECT is(told_of('log_parameter_max_length of role ' || :'other'), NULL, 'check_settings: not with the remedy for this database alone');
ALTER ROLE :"caller" IN DATABASE :"DBNAME" SET log_parameter_max_length = 8;
SELECT matches(told_of('log_parameter_max_length of role ' || quote_ident(:'caller')), '^8 [|]', 'check_settings: what is set for this database goes before');
ALTER ROLE :"caller" IN DATABASE template1 SET debug_print_plan = on;
SELECT is(told_of('debug_print_plan'), NULL, 'check_settings: what is set for another is nothing to it');
SELECT format('ALTER DATABASE %I SET synchronous_commit = %L', current_database(), value) FROM unnest(ARRAY['false']) AS value \gexec
SELECT matches(told_of('synchronous_commit'), '^off [|]', 'check_settings: what is set for the database, by another word for off');
ALTER ROLE :"caller" SET synchronous_commit = local;
SELECT matches(told_of('synchronous_commit of role ' || :'other'), '^off [|]', 'check_settings: for whom nothing else is set');
ALTER ROLE ALL SET debug_print_parse = yes;
SELECT matches(told_of('debug_print_parse'), '^on [|]', 'check_settings: what is set for all');
ALTER ROLE ALL RESET debug_print_parse;
SELECT format('ALTER DATABASE %I RESET synchronous_commit', current_database()) \gexec
DROP ROLE :"other";
ALTER ROLE :"caller" IN DATABASE :"DBNAME" RESET ALL;
ALTER ROLE :"caller" IN DATABASE template1 RESET ALL;
ALTER ROLE :"caller" RESET ALL;

-- What only the server can set.
SELECT is(told_of(setting), CASE WHEN current_setting(setting) = bad THEN concat_ws(' | ', bad, problem, remedy) END, format('check_settings: %s, which is %s here', setting, current_setting(setting)))
FROM (VALUES
	('fsync', 'off', 'A crash can lose or halve signups.', 'Set it to on.'), ('full_page_writes', 'off', 'A crash can lose or halve signups.', 'Set it to on.')) AS v (setting, bad, problem, remedy);
SELECT is(told_of('max_prepared_transactions') IS NULL, current_setting('max_prepared_transactions') = '0', 'check_settings: max_prepared_transactions, which is ' || current_setting('max_prepared_transactions') || ' here');
SELECT is(arsignup.is_preloaded(), true, 'is_preloaded: arsignup is in shared_preload_libraries');
SELECT is(told_of('shared_preload_libraries'), NULL, 'check_settings: so there is no row of it');
SELECT is(told_of('max_worker_processes'), NULL, 'check_settings: the keeper runs');
SELECT is(told_of('arsignup.hash_slots'), NULL, 'check_settings: hashing fits into memory');
SAVEPOINT keeperless;
CREATE OR REPLACE FUNCTION arsignup.is_keeper_running() RETURNS boolean LANGUAGE sql VOLATILE AS 'SELECT false';
SELECT is(told_of('max_worker_processes'), current_setting('max_worker_processes') || ' | The worker that writes failed attempts to a file could not start: a restart forgets them. | Raise it and restart the server.', 'check_settings: the row comes from is_keeper_running');
ROLLBACK TO keeperless;
SELECT hash_slots * pg_size_bytes(current_setting('arsignup.argon2_memory')) + pg_size_bytes(current_setting('shared_buffers')) AS enough FROM arsignup.stats() \gset
CREATE FUNCTION told_with_memory(bytes bigint) RETURNS text LANGUAGE plpgsql AS $$
BEGIN
	EXECUTE format('CREATE OR REPLACE FUNCTION arsignup.memory_limit() RETURNS bigint LANGUAGE sql STABLE AS %L', format('SELECT %s::bigint', bytes));
	RETURN told_of('arsignup.hash_slots');
END
$$;
SAVEPOINT memory;
SELECT is(told_with_memory(:enough), NULL, 'check_settings: as much memory as hashing and shared_buffers take');
SELECT is(told_with_memory(:enough - 1), (SELECT hash_slots FROM arsignup.stats()) || ' | So many hashes at a time take, together with shared_buffers, more memory than the server can have: the kernel ends it. | Lower it or arsignup.argon2_memory, or give the server more memory.', 'check_settings: less memory');
ROLLBACK TO memory;
SAVEPOINT pages;
CREATE FUNCTION told_with_pages(pages text) RETURNS text LANGUAGE plpgsql AS $$
BEGIN
	EXECUTE format('CREATE OR REPLACE FUNCTION arsignup.hash_pages() RETURNS text LANGUAGE sql VOLATILE AS %L', format('SELECT %L::text', pages));
	RETURN told_of('transparent_hugepage');
END
$$;
SELECT is(told_with_pages('huge'), NULL, 'check_settings: hashes work in huge pages');
SELECT is(told_with_pages(NULL), NULL, 'check_settings: there are none to be asked for');
SELECT is(told_with_pages('small'), 'small | Hashing a password takes half as long again: the kernel gives it its memory in small pages. | Write madvise into /sys/kernel/mm/transparent_hugepage/enabled, or find out why huge pages are to be had by nobody.', 'check_settings: they work in small ones');
SELECT is(told_with_pages('not asked for'), 'not asked for | Hashing a password takes half as long again: the kernel gives it its memory in small pages. | Build arsignup where libsodium.a is, and restart the server.', 'check_settings: the library does not ask');
ROLLBACK TO pages;
SAVEPOINT not_preloaded;
CREATE OR REPLACE FUNCTION arsignup.is_preloaded() RETURNS boolean LANGUAGE sql STABLE AS 'SELECT false';
SELECT is(told_of('shared_preload_libraries'), 'No password can be hashed, nothing is counted, DROP EXTENSION deletes users, and code of an application can run with arsignup''s rights. | Add arsignup and restart the server.', 'check_settings: the row comes from is_preloaded');
ROLLBACK TO not_preloaded;

-- Roles that read everything.
SELECT is((SELECT count(*) FROM arsignup.check_settings() WHERE setting LIKE 'role %arsignup_test%'), 0::bigint, 'check_settings: none of this test''s roles so far');
CREATE FUNCTION role_told(name text) RETURNS text LANGUAGE sql VOLATILE AS $$ SELECT told_of('role ' || quote_ident(name)) $$;
SELECT 'arsignup_test_reader_' || pg_backend_pid() AS reader, 'arsignup_test Group ' || pg_backend_pid() AS group, 'arsignup_test Nested ' || pg_backend_pid() AS nested, 'arsignup_test_switching_' || pg_backend_pid() AS switching, 'arsignup_test_super_' || pg_backend_pid() AS super,
	'arsignup_test_granted_' || pg_backend_pid() AS granted, 'arsignup_test_owning_' || pg_backend_pid() AS owning \gset
CREATE ROLE :"reader" LOGIN;
SELECT is(role_told(:'reader'), NULL, 'check_settings: a role that logs in');
GRANT pg_read_all_data TO :"reader";
SELECT is(role_told(:'reader'), 'may read password hashes | It reads password hashes. | Revoke SELECT, pg_read_all_data or arsignup_owner, by which it may, from it.', 'check_settings: a role that logs in and reads all data');
REVOKE pg_read_all_data FROM :"reader";
SELECT is(role_told(:'reader'), NULL, 'check_settings: no more after the remedy');
CREATE ROLE :"group" NOLOGIN IN ROLE pg_read_all_data;
SELECT is(role_told(:'group'), NULL, 'check_settings: a group that nobody is in');
CREATE ROLE :"nested" LOGIN INHERIT IN ROLE :"group";
SELECT is(role_told(:'nested'), 'may read password hashes | It reads password hashes. | Revoke SELECT, pg_read_all_data or arsignup_owner, by which it may, from it.', 'check_settings: somebody who is in it, by a name that needs quotes');
SELECT is(role_told(:'group'), NULL, 'check_settings: the group itself is not');
CREATE ROLE :"switching" LOGIN NOINHERIT IN ROLE :"group";
SELECT is(role_told(:'switching'), 'may read password hashes | It reads password hashes. | Revoke SELECT, pg_read_all_data or arsignup_owner, by which it may, from it.', 'check_settings: somebody who is in it and may by SET ROLE only');
CREATE ROLE :"super" SUPERUSER LOGIN IN ROLE pg_read_all_data;
SELECT is(role_told(:'super'), NULL, 'check_settings: a superuser is beyond promises');
CREATE ROLE :"granted" LOGIN;
GRANT USAGE ON SCHEMA arsignup TO :"granted";
GRANT SELECT ON arsignup.credentials TO :"granted";
SELECT is(role_told(:'granted'), 'may read password hashes | It reads password hashes. | Revoke SELECT, pg_read_all_data or arsignup_owner, by which it may, from it.', 'check_settings: a role that was granted the hashes');
REVOKE SELECT ON arsignup.credentials FROM :"granted";
SELECT is(role_told(:'granted'), NULL, 'check_settings: no more after that remedy');
CREATE ROLE :"owning" LOGIN IN ROLE arsignup_owner;
SELECT is(role_told(:'owning'), 'may read password hashes | It reads password hashes. | Revoke SELECT, pg_read_all_data or arsignup_owner, by which it may, from it.', 'check_settings: a role that is arsignup_owner');
REVOKE arsignup_owner FROM :"owning";
GRANT arsignup_directory TO :"owning";
SELECT is(role_told(:'owning'), 'owns users, orgs and memberships | It changes every user, whatever they may. | Revoke arsignup_directory, or the role by which it is a member of that, from it.', 'check_settings: a role that is arsignup_directory');
REVOKE arsignup_directory FROM :"owning";
SELECT is(role_told(:'owning'), NULL, 'check_settings: no more after that one');

-- Apps that any page may call.
SELECT slug FROM arsignup.connected_apps WHERE id = app('users') \gset
SELECT is(told_of('connected app ' || quote_ident(:'slug')), NULL, 'check_settings: an app that says nothing of origins');
UPDATE arsignup.connected_apps SET allowed_origins = '{*}' WHERE id = app('users');
SELECT is(told_of('connected app ' || quote_ident(:'slug')), 'allowed_origins {*} | Any page can try passwords by the browsers of its visitors. | Name the origins in allowed_origins.', 'check_settings: an app that any page may call');

-- Publications that send hashes away.
CREATE FUNCTION publication_told(name text) RETURNS text LANGUAGE sql VOLATILE AS $$ SELECT told_of('publication ' || quote_ident(name)) $$;
CREATE FUNCTION sends(VARIADIC tables text[]) RETURNS text LANGUAGE sql AS $$
	SELECT string_agg(format('arsignup.%s | Subscribers receive password hashes. | Publish tables by name, without arsignup.credentials and arsignup.signup_tokens.', t), ' AND ') FROM unnest(tables) AS t
$$;
CREATE TABLE harmless (id int PRIMARY KEY);
CREATE PUBLICATION arsignup_test_harmless FOR TABLE harmless, arsignup.users, arsignup.orgs;
SELECT is(publication_told('arsignup_test_harmless'), NULL, 'check_settings: a publication of tables without hashes');
CREATE PUBLICATION "arsignup_test All" FOR ALL TABLES;
SELECT is(publication_told('arsignup_test All'), sends('credentials', 'signup_tokens'), 'check_settings: a publication of all tables, by a name that needs quotes');
DROP PUBLICATION "arsignup_test All";
SELECT is(publication_told('arsignup_test All'), NULL, 'check_settings: no more when it is dropped');
CREATE PUBLICATION arsignup_test_credentials FOR TABLE arsignup.credentials;
SELECT is(publication_told('arsignup_test_credentials'), sends('credentials'), 'check_settings: a publication of the credentials by name');
CREATE PUBLICATION arsignup_test_tokens FOR TABLE harmless, arsignup.signup_tokens;
SELECT is(publication_told('arsignup_test_tokens'), sends('signup_tokens'), 'check_settings: a publication of the signup tokens by name');
CREATE PUBLICATION arsignup_test_schema FOR TABLES IN SCHEMA arsignup;
SELECT is(publication_told('arsignup_test_schema'), sends('credentials', 'signup_tokens'), 'check_settings: a publication of the whole schema');

-- The administrator sees what the superuser sees, and every row has something to say.
ALTER ROLE :"caller" SET synchronous_commit = off;
ALTER ROLE :"caller" SET log_parameter_max_length_on_error = -1;
CREATE TABLE seen_by_superuser AS SELECT * FROM arsignup.check_settings();
GRANT SELECT ON seen_by_superuser TO PUBLIC;
SET LOCAL ROLE :"admin_role";
SELECT set_eq('SELECT * FROM arsignup.check_settings()', 'SELECT * FROM seen_by_superuser', 'check_settings: an administrator sees the same');
RESET ROLE;
SELECT is_empty($$SELECT setting FROM arsignup.check_settings() WHERE num_nulls(setting, value, problem, remedy) > 0 OR problem !~ '^[A-Z].*\.$' OR remedy !~ '^[A-Z].*\.$'$$, 'check_settings: every row tells problem and remedy in a sentence');
SELECT is_empty($$SELECT setting FROM arsignup.check_settings() GROUP BY setting, CASE WHEN setting LIKE 'publication %' THEN value END HAVING count(*) > 1$$, 'check_settings: one row each, for a publication one of each table');
SELECT cmp_ok((SELECT count(*) FROM arsignup.check_settings()), '>=', 6::bigint, 'check_settings: that was about more than no row');

---------------------------------------------------------------------------------------------------
-- purge_expired: memberships
---------------------------------------------------------------------------------------------------

UPDATE pg_class SET relpages = 100, reltuples = 0 WHERE oid = 'arsignup.memberships'::regclass;
SELECT arsignup.purge_expired() \g /dev/null
DELETE FROM arsignup.events;
DELETE FROM arsignup.memberships;
INSERT INTO arsignup.memberships (realm_id, id, created_at, user_id, org_id, expires_at, permissions, custom)
SELECT realm(realm), arsignup.new_id(), now() - interval '400 days', CASE realm WHEN 'email' THEN :'kim' ELSE :'other_kim' END::uuid, arsignup.create_org(realm(realm), name), clock_timestamp() + expires, ARRAY[name], '{}'
FROM (VALUES
	('email', 'for_ever', NULL), ('other', 'for_ever_elsewhere', NULL), ('email', 'for_an_hour', interval '1 hour'),
	('email', 'expired_long_ago', '-9 days'), ('other', 'expired_elsewhere', '-1 hour'), ('email', 'expired_just_now', '0')) AS v (realm, name, expires);
INSERT INTO arsignup.memberships (realm_id, id, created_at, user_id, org_id, expires_at, permissions, custom)
VALUES (realm(), arsignup.new_id(), now(), :'kim', NULL, clock_timestamp(), '{expired_alone}', '{}');
CREATE TABLE membership_before AS SELECT * FROM arsignup.memberships;
CREATE FUNCTION memberships_left() RETURNS bigint LANGUAGE sql VOLATILE SECURITY DEFINER AS $$ SELECT count(*) FROM arsignup.memberships $$;
INSERT INTO arsignup.one_time_tokens (realm_id, user_id, created_at, expires_at, digest, purpose, email_key, token_generation, is_mailed)
VALUES (realm(), :'kim', now() - interval '1 day', now() - interval '1 hour', sha256('before memberships'), 'password_reset', 'x', 0, true);
SET LOCAL ROLE :"admin_role";
SELECT is(arsignup.purge_expired(1), 1::bigint, 'purge_expired: mailed tokens go before memberships');
SELECT is(memberships_left(), 7::bigint, 'purge_expired: no membership yet, for max_rows counts all');
SELECT is(arsignup.purge_expired(3), 3::bigint, 'purge_expired: then memberships, no more than asked for');
SELECT is(memberships_left(), 4::bigint, 'purge_expired: three of them');
SELECT is_empty($$SELECT FROM arsignup.memberships WHERE permissions <@ '{expired_long_ago,expired_elsewhere}'$$, 'purge_expired: the oldest first');
SELECT is(arsignup.purge_expired(), 1::bigint, 'purge_expired: all others that have expired');
SELECT is(arsignup.purge_expired(), 0::bigint, 'purge_expired: then none any more');
RESET ROLE;
SELECT bag_eq('SELECT unnest(permissions) FROM arsignup.memberships', $$VALUES ('for_ever'), ('for_ever_elsewhere'), ('for_an_hour')$$, 'purge_expired: memberships that go on stay');
SELECT bag_eq($$SELECT realm_id, user_id, org_id, membership_id FROM arsignup.events WHERE event_type = 'membership.deleted'$$,
	$$SELECT realm_id, user_id, org_id, id FROM membership_before WHERE permissions::text LIKE '{expired%'$$, 'purge_expired: each membership that went is told of, and no other');
SELECT is_empty($$SELECT FROM arsignup.events WHERE event_type = 'membership.deleted' AND (event_at NOT BETWEEN now() AND clock_timestamp() OR num_nonnulls(claimed_at, connected_app_id, ip, client, data) > 0)$$, 'purge_expired: as of now, and nothing more');

-- More than are kept in memory at a time.
DELETE FROM arsignup.memberships;
INSERT INTO arsignup.orgs (realm_id, id, created_at, name, custom) SELECT realm(), arsignup.new_id(), now(), 'many', '{}' FROM generate_series(1, 2500);
INSERT INTO arsignup.memberships (realm_id, id, created_at, user_id, org_id, expires_at, permissions, custom)
SELECT realm_id, arsignup.new_id(), now(), :'kim', id, now(), '{}', '{}' FROM arsignup.orgs WHERE name = 'many';
SELECT is(arsignup.purge_expired(1500), 1500::bigint, 'purge_expired: of many memberships as many as asked for');
SELECT is(memberships_left(), 1000::bigint, 'purge_expired: a thousand are left');
SELECT is(arsignup.purge_expired(1000), 1000::bigint, 'purge_expired: exactly as many as there are');
SELECT is(memberships_left(), 0::bigint, 'purge_expired: none is left');

-- To some of them a table of the application's refers: these stay, and keep nothing else.
INSERT INTO arsignup.memberships (realm_id, id, created_at, user_id, org_id, expires_at, permissions, custom)
SELECT realm_id, arsignup.new_id(), now(), :'kim', id, now() - n * interval '1 second', '{}', '{}' FROM (SELECT *, row_number() OVER () AS n FROM arsignup.orgs WHERE name = 'many') AS o;
CREATE TABLE kept AS SELECT realm_id, id FROM (SELECT *, row_number() OVER (ORDER BY expires_at) AS n FROM arsignup.memberships) AS m WHERE n IN (1, 2, 700, 701, 2500);
CREATE FUNCTION refuse() RETURNS trigger LANGUAGE plpgsql SECURITY DEFINER SET search_path = pg_catalog, pg_temp AS $$
BEGIN
	IF EXISTS (SELECT FROM arsignup_test.kept AS k WHERE k.id = OLD.id) THEN
		RAISE foreign_key_violation USING MESSAGE = 'still referred to';
	END IF;
	RETURN OLD;
END $$;
CREATE TRIGGER refuse AFTER DELETE ON arsignup.memberships FOR EACH ROW EXECUTE FUNCTION refuse();
SELECT is(arsignup.purge_expired(100), 100::bigint, 'purge_expired: of memberships, some of which are referred to, as many as asked for');
SELECT is(arsignup.purge_expired(), 2395::bigint, 'purge_expired: all others');
SELECT bag_eq('SELECT realm_id, id FROM arsignup.memberships', 'SELECT realm_id, id FROM kept', 'purge_expired: those that are referred to stay');
SELECT is((SELECT count(*) FROM arsignup.events WHERE event_type = 'membership.deleted' AND membership_id IN (SELECT id FROM kept)), 0::bigint, 'purge_expired: and nothing is told of them');
INSERT INTO arsignup.login_sources (realm_id, user_id, source, logged_in_at) VALUES (realm(), :'kim', '192.0.2.99', now() - interval '31 days');
SELECT is(arsignup.purge_expired(), 1::bigint, 'purge_expired: what is not is purged beside them');
DROP TRIGGER refuse ON arsignup.memberships;

-- One kind that cannot be purged keeps no other.
CREATE FUNCTION refuse_all() RETURNS trigger LANGUAGE plpgsql SECURITY DEFINER SET search_path = pg_catalog, pg_temp AS $$ BEGIN RAISE 'no'; END $$;
CREATE TRIGGER refuse BEFORE DELETE ON arsignup.signup_tokens FOR EACH ROW EXECUTE FUNCTION refuse_all();
INSERT INTO arsignup.signup_tokens (realm_id, id, digest, connected_app_id, created_at, expires_at, username, email, credential_type, custom)
VALUES (realm(), gen_random_uuid(), sha256('refused'), app(), now(), now(), 'x', 'x', 'password', '{}');
SELECT is(arsignup.purge_expired(), 5::bigint, 'purge_expired: memberships go although tokens cannot');
SELECT is((SELECT count(*) FROM arsignup.memberships), 0::bigint, 'purge_expired: all of them');
DROP TRIGGER refuse ON arsignup.signup_tokens;

SELECT * FROM finish();
ROLLBACK;
