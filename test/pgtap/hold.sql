-- Holds and signup ids: all that one session can show of a signup that is not finished yet.
BEGIN;
\ir include/setup.psql
SELECT no_plan();

INSERT INTO arsignup.realms (id, name, username_validation, require_unique_emails, password_min_score) VALUES (realm('shared'), 'Shared', 'standard', false, 0);
INSERT INTO arsignup.connected_apps (realm_id, id, name, slug, login_handler) VALUES (realm('shared'), app('shared'), 'shared', 'test-' || app('shared'), 'https://app.example.com/login');
UPDATE arsignup.realms SET email_verification = 'request' WHERE id = realm('standard');

-- Tokens by name. Where usernames are emails, name@example.com is both; elsewhere the name is the username.
CREATE TABLE minted (name text PRIMARY KEY, realm text NOT NULL, token text NOT NULL, id text NOT NULL);
GRANT ALL ON minted TO PUBLIC;
CREATE FUNCTION mint(name text, email text DEFAULT NULL, app text DEFAULT 'tokens', username text DEFAULT NULL, ttl interval DEFAULT NULL) RETURNS void LANGUAGE plpgsql AS $$
DECLARE
	token text := arsignup.mint_signup_token(app(app), coalesce(email, name || '@example.com'), username => coalesce(username, CASE WHEN app IN ('standard', 'shared') THEN name END), ttl => ttl, password_hash => ready_hash());
BEGIN
	INSERT INTO minted SELECT mint.name, CASE app WHEN 'tokens' THEN 'email' ELSE app END, token, i.signup_id FROM arsignup.get_signup_token(token) AS i;
END
$$;
CREATE FUNCTION token(name text) RETURNS text LANGUAGE sql STABLE AS $$ SELECT m.token FROM arsignup_test.minted AS m WHERE m.name = $1 $$;
CREATE FUNCTION signup_id(name text) RETURNS text LANGUAGE sql STABLE AS $$ SELECT m.id FROM arsignup_test.minted AS m WHERE m.name = $1 $$;
CREATE FUNCTION holding(name text, extra text DEFAULT '') RETURNS text LANGUAGE sql AS $$ SELECT format('SELECT * FROM arsignup.hold_signup_token(token(%L) %s)', name, extra) $$;
CREATE FUNCTION redeeming(name text, extra text DEFAULT '') RETURNS text LANGUAGE sql AS $$ SELECT format('SELECT * FROM arsignup.redeem_signup_token(token(%L) %s)', name, extra) $$;
CREATE FUNCTION creating(email text, app text DEFAULT 'email', username text DEFAULT NULL) RETURNS text LANGUAGE sql AS $$
	SELECT format('SELECT arsignup.create_user(realm(%L), %L, username => %L, password_hash => ready_hash())', app, email, username)
$$;
CREATE FUNCTION hold(name text, hold_for interval DEFAULT '30 minutes', replaces text DEFAULT NULL) RETURNS uuid LANGUAGE sql AS $$
	SELECT user_id FROM arsignup.hold_signup_token(token(name), hold_for, replaces => token(replaces))
$$;
CREATE FUNCTION redeem(name text) RETURNS uuid LANGUAGE sql AS $$ SELECT user_id FROM arsignup.redeem_signup_token(token(name)) $$;
CREATE FUNCTION state_of(name text) RETURNS text LANGUAGE sql VOLATILE AS $$ SELECT i.state FROM arsignup.get_signup_token(token(name)) AS i $$;
CREATE FUNCTION user_of(name text) RETURNS uuid LANGUAGE sql VOLATILE AS $$ SELECT i.user_id FROM arsignup.get_signup_token(token(name)) AS i $$;
CREATE FUNCTION roughly(at timestamptz) RETURNS interval LANGUAGE sql STABLE AS $$ SELECT round(extract(epoch FROM at - now()) / 600) * interval '10 minutes' $$;
-- How long from the transaction's start on a token is held, to ten minutes.
CREATE FUNCTION held_for(name text) RETURNS interval LANGUAGE sql VOLATILE AS $$ SELECT roughly(i.held_until) FROM arsignup.get_signup_token(token(name)) AS i $$;
CREATE FUNCTION lives(name text) RETURNS interval LANGUAGE sql VOLATILE AS $$ SELECT roughly(i.expires_at) FROM arsignup.get_signup_token(token(name)) AS i $$;
CREATE FUNCTION row_of(id uuid) RETURNS text LANGUAGE sql VOLATILE SECURITY DEFINER SET search_path = pg_catalog, pg_temp AS $$
	SELECT concat_ws(' ', u.state, CASE WHEN u.username = u.id::text AND u.username_key = u.id::text THEN 'nameless' ELSE u.username END, u.email) FROM arsignup.users AS u WHERE u.id = row_of.id
$$;
-- The time of a hold is over. The token may live on.
CREATE FUNCTION lapse(name text) RETURNS void LANGUAGE sql SECURITY DEFINER AS $$
	UPDATE arsignup.users SET held_until = clock_timestamp() - interval '1 microsecond' WHERE state = 'held' AND id = arsignup_test.user_of(name)
$$;
CREATE FUNCTION count_of(place text) RETURNS bigint LANGUAGE plpgsql VOLATILE SECURITY DEFINER AS $$ DECLARE n bigint; BEGIN EXECUTE 'SELECT count(*) FROM arsignup.' || place INTO n; RETURN n; END $$;
CREATE FUNCTION overdue(name text) RETURNS text LANGUAGE plpgsql AS $$
BEGIN
	PERFORM mint(name), hold(name), lapse(name);
	RETURN concat_ws(' ', state_of(name), held_for(name), row_of(user_of(name)));
END
$$;
CREATE FUNCTION ended(statement text) RETURNS text LANGUAGE sql AS $$ SELECT concat_ws(' ', code, message) FROM arsignup_test.outcome(statement) $$;

-- Assert that a statement fails since these names are held, and says for how many seconds at most, and nothing of who holds them.
CREATE FUNCTION held(statement text, attributes text[], description text, seconds int DEFAULT 1800) RETURNS text LANGUAGE plpgsql AS $$
DECLARE
	o record;
	d jsonb;
BEGIN
	SELECT * INTO o FROM outcome(statement, keep => false);
	IF left(o.detail, 1) = '{' THEN
		d := o.detail;
	END IF;
	RETURN is(
		concat_ws(' | ', o.code, o.message, d - 'retry_after', CASE WHEN (d ->> 'retry_after')::int NOT BETWEEN seconds - 60 AND seconds THEN 'IN ' || (d ->> 'retry_after') END),
		concat_ws(' | ', 'SU002', (SELECT string_agg(initcap(a) || ' is held by a signup that is not finished yet.', ' ' ORDER BY n) FROM unnest(attributes) WITH ORDINALITY AS v (a, n)),
			(SELECT jsonb_build_object('errors', jsonb_object_agg(a, ARRAY[initcap(a) || ' is held by a signup that is not finished yet.']), 'codes', jsonb_object_agg(a, ARRAY['held'])) FROM unnest(attributes) AS a)),
		description);
END
$$;

---------------------------------------------------------------------------------------------------
-- The signup's id
---------------------------------------------------------------------------------------------------

SELECT mint('ada'), mint('bob'), mint('elsewhere', app => 'other'), mint('sue', app => 'standard');
SELECT matches(id, '^sgn_[0-9A-Za-z]{44}$', name || ': a signup id is sgn_ and 44 digits') FROM minted;
SELECT is(substr(m.id, 5, 22), substr(arsignup.format_id('rl', t.realm_id), 4), m.name || ': the first 22 are the realm') FROM minted AS m, arsignup.get_signup_token(m.token) AS t;
SELECT is(arsignup.parse_id('x_' || substr(m.id, 27)), signup_uuid(t.digest), m.name || ': the others 122 bits of the digest, as a UUID of version 8')
FROM minted AS m JOIN arsignup.signup_tokens AS t ON t.id = arsignup.parse_id('x_' || substr(m.id, 27));
SELECT is((SELECT count(*) FROM minted AS m JOIN arsignup.signup_tokens AS t ON t.id = arsignup.parse_id('x_' || substr(m.id, 27)) AND t.realm_id = arsignup.parse_id('x_' || substr(m.id, 5, 22))), 4::bigint, 'the row is known by both');
SELECT is((SELECT count(*) FROM arsignup.signup_tokens WHERE id <> signup_uuid(digest)), 0::bigint, 'all are');
-- What shows of a digest is no help: its other half and six bits are still to be guessed, and a digest opens nothing.
SELECT is((SELECT count(*) FROM minted AS m, arsignup.signup_tokens AS t WHERE m.token LIKE '%' || substr(m.id, 27) || '%'), 0::bigint, 'an id shows nothing of its token');

SET LOCAL ROLE :"app_role";
SELECT is(arsignup.get_signup_token(id)::text, arsignup.get_signup_token(token)::text, name || ': told by its id as by its token') FROM minted;
SELECT is((SELECT count(*) FROM arsignup.get_signup_token(id, realm(realm))), 1::bigint, name || ': its realm') FROM minted;
SELECT is((SELECT count(*) FROM arsignup.get_signup_token(id, realm('asleep'))), 0::bigint, name || ': not another') FROM minted;

-- What is no id leads nowhere, in all four functions.
CREATE TEMP TABLE bad AS
SELECT what, text FROM (VALUES
	('empty', ''), ('a prefix alone', 'sgn_'), ('one digit less', left(signup_id('ada'), -1)), ('one more', signup_id('ada') || '0'), ('a blank behind', signup_id('ada') || ' '), ('a blank before', ' ' || signup_id('ada')),
	('another prefix', 'usr_' || substr(signup_id('ada'), 5)), ('none', substr(signup_id('ada'), 5)), ('the prefix in capitals', upper(left(signup_id('ada'), 4)) || substr(signup_id('ada'), 5)),
	('the other case', translate(signup_id('ada'), 'abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ', 'ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz')), ('of the case one digit', left(signup_id('ada'), -1) || CASE WHEN right(signup_id('ada'), 1) ~ '[a-z]' THEN upper(right(signup_id('ada'), 1)) WHEN right(signup_id('ada'), 1) ~ '[A-Z]' THEN lower(right(signup_id('ada'), 1)) ELSE '_' END),
	('no digit', left(signup_id('ada'), -1) || '-'), ('more than 128 bits', 'sgn_' || repeat('z', 44)), ('more than 128 bits behind the realm', left(signup_id('ada'), 26) || repeat('z', 22)),
	('nobody''s', 'sgn_' || repeat('0', 44)), ('another realm''s', left(signup_id('elsewhere'), 26) || substr(signup_id('ada'), 27)), ('the realm twice', left(signup_id('ada'), 26) || substr(signup_id('ada'), 5, 22)),
	('a zero byte''s place', replace(signup_id('ada'), 'sgn_', E'sgn\u2024')), ('very long', repeat(signup_id('ada'), 1000)),
	('an id in a token', 'utk_' || substr(signup_id('ada'), 5)), ('a token as an id', 'sgn_' || substr(token('ada'), 5))) AS v (what, text);
SELECT is((SELECT count(*) FROM arsignup.get_signup_token(text)), 0::bigint, 'get_signup_token: ' || what) FROM bad;
SELECT refused(format('SELECT arsignup.%s(%s)', f, format(call, quote_literal(text))), 'SU003', 'no such signup token', NULL, f || ': ' || what)
FROM bad, (VALUES ('hold_signup_token', '%s'), ('hold_signup_token', 'token(''bob''), replaces => %s'), ('redeem_signup_token', '%s'), ('revoke_signup_token', '%s')) AS v (f, call);
SELECT refused(format('SELECT arsignup.%s(%s)', f, format(call, quote_nullable(text))), 'SU003', 'no such signup token', NULL, f || ': ' || shown(text))
FROM (VALUES (NULL)) AS n (text), (VALUES ('hold_signup_token', '%s'), ('redeem_signup_token', '%s'), ('revoke_signup_token', '%s')) AS v (f, call);
SELECT is(state_of(name), 'pending', name || ': after all that, it is pending') FROM minted;
-- What is derived from the digest is only where to look: the digest is compared.
RESET ROLE;
SAVEPOINT forged;
UPDATE arsignup.signup_tokens SET digest = set_byte(digest, 31, get_byte(digest, 31) # 1) WHERE id = signup_uuid(digest) AND realm_id = realm() AND email = 'ada@example.com';
SELECT is((SELECT count(*) FROM arsignup.get_signup_token(token('ada'))), 0::bigint, 'a token with the right id and another digest is unknown');
SELECT refused(format('SELECT arsignup.%s(token(''ada''))', f), 'SU003', 'no such signup token', NULL, f || ': of such a token') FROM unnest(ARRAY['hold_signup_token', 'redeem_signup_token', 'revoke_signup_token']) AS f;
SELECT is((SELECT email FROM arsignup.get_signup_token(signup_id('ada'))), 'ada@example.com', 'its id is as good as before');
ROLLBACK TO forged;
SET LOCAL ROLE :"app_role";

---------------------------------------------------------------------------------------------------
-- Holding
---------------------------------------------------------------------------------------------------

SELECT count_of('events') AS events, count_of('users') AS users \gset before_
SELECT is((SELECT concat_ws(' ', state, user_id, held_until) FROM arsignup.get_signup_token(token('ada'))), 'pending', 'a token that nobody held has no user and no time');
SELECT user_id AS ada, held_until, held_until - clock_timestamp() BETWEEN '29 minutes' AND '30 minutes' AS is_half_an_hour FROM arsignup.hold_signup_token(token('ada')) \gset
SELECT ok(:'is_half_an_hour', 'a hold is for half an hour, by the clock');
SELECT results_eq('SELECT state, user_id, held_until, signup_id FROM arsignup.get_signup_token(token(''ada''))', format('VALUES (''held'', %L::uuid, %L::timestamptz, signup_id(''ada''))', :'ada', :'held_until'), 'get_signup_token says so');
SELECT is((SELECT count(*) FROM arsignup.hold_signup_token(token('ada'))), 1::bigint, 'one row');
SELECT is(count_of('users') - :before_users, 1::bigint, 'one user to be');
SELECT is(count_of('events') - :before_events, 0::bigint, 'of whom no event tells');
SELECT is(row_of(:'ada'), 'held ada@example.com ada@example.com', 'with the names');
SELECT is((SELECT state FROM arsignup.get_signup_token(token('ada'), realm('other'))), NULL, 'another realm is not told');

-- Prolonging: never shorter, never longer than the realm allows.
SELECT is(hold('ada', '2 hours'), :'ada', 'held again: the same user');
SELECT is(held_for('ada'), interval '2 hours', 'for longer');
SELECT is(hold('ada', '1 hour'), :'ada', 'held again for less');
SELECT is(held_for('ada'), interval '2 hours', 'is not shortened');
SELECT is((SELECT roughly(held_until) FROM arsignup.hold_signup_token(token('ada'), '1 microsecond')), interval '2 hours', 'and says until when it is held');
SELECT is((SELECT user_id FROM arsignup.hold_signup_token(signup_id('ada'), '3 hours', realm())), :'ada', 'held again by its id, with its realm');
SELECT is(held_for('ada'), interval '3 hours', 'for longer still');
SELECT is(count_of('users') - :before_users, 1::bigint, 'all that made one row');
SELECT invalid(holding('ada', format(', %L', hold_for)), '{"hold_for": ["Hold must be positive and 30 days at most."]}', 'hold_for ' || shown(hold_for))
FROM unnest(ARRAY[NULL, '0', '-1 second', '-1 microsecond', '1 month -30 days', '30 days 1 microsecond', '31 days', '1 month 1 microsecond', '720:00:00.000001', '1 year', '178000000 years']) AS hold_for;
SET LOCAL intervalstyle = 'sql_standard';
SELECT invalid(holding('ada', ', ''0'''), '{"hold_for": ["Hold must be positive and 30 days at most."]}', 'whatever the session''s style of intervals');
RESET intervalstyle;
SELECT is((SELECT roughly(held_until) FROM arsignup.hold_signup_token(token('bob'), hold_for)), interval '720 hours', 'hold_for ' || hold_for) FROM unnest(ARRAY['30 days', '720 hours']::interval[]) AS hold_for;
SELECT is((outcome(holding('bob', ', ''1 month'''))).code, CASE WHEN now() + interval '1 month' > now() + interval '30 days' THEN 'SU001' ELSE '00000' END, 'a month is as long as it is now');
RESET ROLE;
UPDATE arsignup.realms SET longest_hold = '90 minutes' WHERE id = realm();
SET LOCAL ROLE :"app_role";
SELECT invalid(holding('ada', ', ''90 minutes 1 microsecond'''), '{"hold_for": ["Hold must be positive and 01:30:00 at most."]}', 'a realm may allow less');
SELECT is((outcome(holding('ada', ', ''90 minutes'''))).code, '00000', 'that much it does');
SELECT is(held_for('ada'), interval '3 hours', 'which ends no hold that was longer');
RESET ROLE;
UPDATE arsignup.realms SET longest_hold = DEFAULT WHERE id = realm();
SET LOCAL ROLE :"app_role";

-- The token lives as long as the hold.
SELECT mint('short', ttl => '1 minute'), mint('long', ttl => '10 days');
SELECT hold('short', '2 hours'), hold('long', '2 hours') \g /dev/null
SELECT is(lives('short'), interval '2 hours', 'a token lives as long as it is held');
SELECT is(lives('long'), interval '240 hours', 'and no shorter for that');

-- Who cannot be held.
SELECT mint('late', ttl => '1 microsecond'), mint('revoked'), mint('redeemed'), mint('lost');
SELECT arsignup.revoke_signup_token(token('revoked')), redeem('redeemed') \g /dev/null
SELECT refused(format('SELECT arsignup.hold_signup_token(%L)', t), code, message, detail, 'hold: ' || name || ' by ' || left(t, 3))
FROM (VALUES ('late', 'SU004', 'signup token has expired', NULL), ('revoked', 'SU009', 'signup token was revoked', NULL), ('redeemed', 'SU005', 'signup token was already redeemed', format('{"user_id": "%s"}', user_of('redeemed')))) AS v (name, code, message, detail),
	unnest(ARRAY[token(name), signup_id(name)]) AS t;
SELECT creating('lost@example.com') AS statement \gset
:statement \g /dev/null
SELECT taken(holding('lost'), '{"email": ["Email is already taken."]}', 'hold: a name that somebody has');
SELECT is(state_of('lost'), 'pending', 'which leaves the token pending');
SELECT is(user_of('lost'), NULL, 'without a user');

-- Inactive and gone apps, and realms.
RESET ROLE;
SAVEPOINT inactive;
UPDATE arsignup.connected_apps SET state = 'inactive' WHERE id = app();
SELECT refused(holding('ada'), 'SU006', 'connected app is inactive', NULL, 'hold: an inactive app');
ROLLBACK TO inactive;
UPDATE arsignup.realms SET state = 'inactive' WHERE id = realm();
SELECT refused(holding('ada'), 'SU006', 'realm is inactive', NULL, 'hold: an inactive realm');
ROLLBACK TO inactive;
DELETE FROM arsignup.connected_apps WHERE id = app();
SELECT refused(holding('ada'), 'SU010', 'no such connected app', NULL, 'hold: an app that is gone');
ROLLBACK TO inactive;
UPDATE arsignup.realms SET signups_enabled = false WHERE id = realm();
SELECT is(hold('ada'), :'ada'::uuid, 'hold: that signups are switched off meanwhile does not matter');
ROLLBACK TO inactive;

---------------------------------------------------------------------------------------------------
-- Others, while a name is held
---------------------------------------------------------------------------------------------------

SET LOCAL ROLE :"app_role";
SELECT arsignup.create_user(realm(), 'kim@example.com', password_hash => ready_hash()) AS kim \gset
SELECT mint('ada again', 'ADA@example.com');
SELECT is(state_of('ada again'), 'pending', 'mint works while the name is held');
SELECT hold('sue', '1 hour') AS sue \gset
SELECT arsignup.create_user(realm('standard'), 'kay@example.com', username => 'kay', password_hash => ready_hash()) AS kay \gset
SELECT mint('sue again', 'Sue@example.com', 'standard', 'SUE'), mint('sue by name', 'sue.s@example.com', 'standard', 'Sue'), mint('sue by email', 'sue@example.com', 'standard', 'sue_s');
SELECT held(statement, '{email}', 'email realm: ' || statement, 10800) FROM (VALUES
	(creating('Ada@example.com')), (holding('ada again')), (redeeming('ada again')),
	(format('SELECT arsignup.update_user(realm(), %L, email => ''ada@example.com'')', :'kim')),
	('SELECT arsignup.signup(app(''users''), ''ada@example.com'', ''canary zebu quartz'')'), ('SELECT arsignup.signup(app(''users''), ''ada@example.com'', password_hash => ready_hash())')) AS v (statement);
SELECT is((outcome('SELECT arsignup.signup(app(), ''ada@example.com'', password_hash => ready_hash())', keep => false)).code, '00000', 'signup that mints works while the name is held');
SELECT held(statement, attributes, 'standard realm: ' || statement, 3600) FROM (VALUES
	(creating('x@example.com', 'standard', 'SUE'), '{username}'::text[]), (creating('sue@example.com', 'standard', 'x'), '{email}'), (creating('SUE@example.com', 'standard', 'Sue'), '{username,email}'),
	(holding('sue again'), '{username,email}'), (holding('sue by name'), '{username}'), (redeeming('sue by name'), '{username}'), (holding('sue by email'), '{email}'), (redeeming('sue by email'), '{email}'),
	(format('SELECT arsignup.update_user(realm(''standard''), %L, email => ''sue@example.com'', username => ''sue'')', :'kay'), '{username,email}')) AS v (statement, attributes);
SELECT is((SELECT concat_ws(' | ', o.code, o.message, d - 'retry_after', (d ->> 'retry_after')::int BETWEEN 3540 AND 3600) FROM outcome(creating('sue@example.com', 'standard', 'kay'), keep => false) AS o, LATERAL (SELECT o.detail::jsonb) AS j (d)),
	'SU002 | Username is already taken. Email is held by a signup that is not finished yet. | {"codes": {"email": ["held"], "username": ["taken"]}, "errors": {"email": ["Email is held by a signup that is not finished yet."], "username": ["Username is already taken."]}} | t',
	'one name taken, the other held');
SELECT taken(creating('kay@example.com', 'standard', 'kay'), '{"username": ["Username is already taken."], "email": ["Email is already taken."]}', 'where none is held, the DETAIL is as it was');
SELECT is((outcome(creating('ada@example.com', 'other'), keep => false)).code, '00000', 'another realm''s names are its own');
-- The seconds are until all of them may be free.
SELECT mint('two a', 'two@example.com', 'standard', 'one'), mint('two b', 'one@example.com', 'standard', 'two');
SELECT hold('two a', '1 hour'), hold('two b', '2 hours') \g /dev/null
SELECT held(creating('two@example.com', 'standard', 'two'), '{username,email}', 'two names of two holds', 7200);

-- Where an email may be shared, only the username is held.
SELECT mint('moe', 'family@example.com', 'shared'), mint('joe', 'family@example.com', 'shared'), mint('moe again', 'family@example.com', 'shared', 'MOE');
SELECT isnt(hold('moe'), hold('joe'), 'shared emails: two hold names with one address');
SELECT held(holding('moe again'), '{username}', 'shared emails: nobody else has the username');
SELECT is((outcome(creating('family@example.com', 'shared', 'doe'), keep => false)).code, '00000', 'shared emails: somebody signs up with the address');
SELECT is(arsignup.find_user(realm('shared'), 'family@example.com'), NULL, 'shared emails: nobody has it so far');
SELECT is((SELECT array_agg(user_of(n) = redeem(n)) FROM unnest(ARRAY['moe', 'joe']) AS n), '{true,true}', 'shared emails: both are redeemed');

---------------------------------------------------------------------------------------------------
-- Redeeming what is held
---------------------------------------------------------------------------------------------------

-- A table of the application's may refer to the user to be at once.
RESET ROLE;
CREATE TABLE payments (user_id uuid REFERENCES arsignup.users (id), realm_id uuid, FOREIGN KEY (realm_id, user_id) REFERENCES arsignup.users (realm_id, id));
GRANT ALL ON payments TO PUBLIC;
SET LOCAL ROLE :"app_role";
SELECT lives_ok(format('INSERT INTO payments VALUES (%L, realm())', :'ada'), 'a foreign key to the user to be holds');
SELECT lives_ok('SET CONSTRAINTS ALL IMMEDIATE', 'at once');
SELECT count_of('events') AS events, count_of('users') AS users, clock_timestamp() AS now \gset before_
SELECT r.* FROM arsignup.redeem_signup_token(signup_id('ada'), reference => 'A-1', custom => '{"paid": true}', org_name => 'Works') AS r \gset redeemed_
SELECT is(:'redeemed_user_id'::uuid, :'ada'::uuid, 'redeem: the user that hold told of');
SELECT is(count_of('users'), :before_users::bigint, 'redeem: the row was there');
RESET ROLE;
SELECT results_eq(format('SELECT state, held_until, reference, custom, user_type, last_login_at, created_at > %L FROM arsignup.users WHERE id = %L', :'before_now', :'ada'), $$VALUES ('active', NULL::timestamptz, 'A-1', '{"paid": true}'::jsonb, 'human', NULL::timestamptz, true)$$, 'redeem: it begins now, and is held no longer');
SELECT bag_eq(format('SELECT event_type, user_id FROM arsignup.events WHERE event_at >= %L', :'before_now'), format('VALUES (''user.created'', %1$L::uuid), (''org.created'', NULL), (''membership.created'', %1$L)', :'ada'), 'redeem: told as of any other');
SELECT is((SELECT count(*) FROM arsignup.credentials WHERE user_id = :'ada'), 1::bigint, 'redeem: with its password');
SET LOCAL ROLE :"app_role";
SELECT results_eq('SELECT state, user_id, held_until FROM arsignup.get_signup_token(token(''ada''))', format('VALUES (''redeemed'', %L::uuid, NULL::timestamptz)', :'ada'), 'redeem: the token says so');
SELECT is((SELECT ok FROM arsignup.authenticate(realm(), 'ada@example.com', 'password')), true, 'redeem: who was held logs in');
SELECT refused(format('SELECT arsignup.redeem_signup_token(%L)', t), 'SU005', 'signup token was already redeemed', format('{"user_id": "%s"}', :'ada'), 'redeem: once, by ' || left(t, 3)) FROM unnest(ARRAY[token('ada'), signup_id('ada')]) AS t;
SELECT refused(format('SELECT arsignup.hold_signup_token(%L)', t), 'SU005', 'signup token was already redeemed', format('{"user_id": "%s"}', :'ada'), 'hold: not any more, by ' || left(t, 3)) FROM unnest(ARRAY[token('ada'), signup_id('ada')]) AS t;
SELECT taken(redeeming('ada again'), '{"email": ["Email is already taken."]}', 'redeem: the name is now taken');
SELECT is(arsignup.revoke_signup_token(signup_id('ada')), false, 'revoke: what was redeemed is not pending');
SELECT is(row_of(:'ada'), 'active ada@example.com ada@example.com', 'revoke: which leaves the user alone');
SELECT is(redeem('sue'), :'sue', 'redeem: in a standard realm');
RESET ROLE;
SELECT is((SELECT concat_ws(' ', state, username, email, email_verification) FROM arsignup.users WHERE id = :'sue'), 'active sue sue@example.com requested', 'redeem: with what the realm asks for');
SET LOCAL ROLE :"app_role";
SELECT mint('org');
SELECT hold('org') \g /dev/null
SELECT results_eq('SELECT signup_mode, user_id, num_nonnulls(org_id, membership_id) FROM arsignup.redeem_signup_token(token(''org''), with_org => true)', format('VALUES (''user_org'', %L::uuid, 2)', user_of('org')), 'redeem: with_org, who was held');
-- What redeem refuses leaves the hold as it was.
SELECT mint('picky');
SELECT hold('picky') \g /dev/null
SELECT invalid(redeeming('picky', format(', reference => %L', repeat('x', 256))), '{"reference": ["Reference can''t be longer than 255 characters; this one has 256."]}', 'redeem: a fault, and nothing of the own hold');
SELECT is(state_of('picky'), 'held', 'redeem: after which the hold is as it was');

---------------------------------------------------------------------------------------------------
-- A hold whose time is over
---------------------------------------------------------------------------------------------------

-- Each way to take a name from a hold whose time is over; no purge has run.
SELECT is(overdue('by_' || by), format('pending held by_%1$s@example.com by_%1$s@example.com', by), by || ': a hold whose time is over is none, though its row has the names')
FROM unnest(ARRAY['create_user', 'signup', 'signup_with_password', 'update_user', 'hold', 'redeem', 'self_hold', 'self_redeem', 'self_lost']) AS by;
SELECT mint('rival_hold', 'by_hold@example.com'), mint('rival_redeem', 'by_redeem@example.com'), mint('rival_lost', 'by_self_lost@example.com');
SELECT is(ended(statement), '00000', 'a lapsed hold gives way: ' || statement) FROM (VALUES (creating('BY_create_user@example.com')),
	('SELECT arsignup.signup(app(''users''), ''by_signup@example.com'', password_hash => ready_hash())'), ('SELECT arsignup.signup(app(''users''), ''by_signup_with_password@example.com'', ''canary zebu quartz'')'),
	(format('SELECT arsignup.update_user(realm(), %L, email => ''by_update_user@example.com'')', :'kim')), (holding('rival_hold')), (redeeming('rival_redeem')), (redeeming('rival_lost'))) AS v (statement);
SELECT is(row_of(user_of('by_' || by)), 'held nameless', by || ': the row of the hold is there, and named by its id') FROM unnest(ARRAY['create_user', 'signup', 'signup_with_password', 'update_user', 'hold', 'redeem', 'self_lost']) AS by;
SELECT is(arsignup.find_user(realm(), 'by_' || by || '@example.com') IS NOT NULL, true, by || ': somebody has the name') FROM unnest(ARRAY['create_user', 'signup', 'signup_with_password', 'update_user', 'redeem', 'self_lost']) AS by;
-- Redeemed or held again, if the names are free: with the same id.
SELECT user_of('by_self_hold') AS hold, user_of('by_self_redeem') AS redeem, user_of('by_self_lost') AS lost \gset self_
SELECT is(hold('by_self_hold'), :'self_hold', 'a lapsed hold is held again: the same user');
SELECT is(state_of('by_self_hold') || ' ' || row_of(:'self_hold'), 'held held by_self_hold@example.com by_self_hold@example.com', 'and held');
SELECT is(redeem('by_self_redeem'), :'self_redeem', 'a lapsed hold is redeemed: the same user');
SELECT taken(f, '{"email": ["Email is already taken."]}', 'a lapsed hold whose names are lost: ' || f) FROM unnest(ARRAY[holding('by_self_lost'), redeeming('by_self_lost')]) AS f;
SELECT held(f, '{email}', 'or held by another: ' || f) FROM unnest(ARRAY[holding('by_hold'), redeeming('by_hold')]) AS f;
SELECT is(state_of('by_self_lost'), 'pending', 'its token stays pending');
SELECT is(arsignup.delete_user(realm(), arsignup.find_user(realm(), 'by_self_lost@example.com')), true, 'who had the name is gone');
SELECT is(redeem('by_self_lost'), :'self_lost', 'a lapsed hold whose names are free again: the same user');
SELECT is(row_of(:'self_lost'), 'active by_self_lost@example.com by_self_lost@example.com', 'with its names');

-- Names of two holds that are over, and one of a hold that is not.
SELECT mint('a', 'both@example.com', 'standard', 'a_name'), mint('b', 'b@example.com', 'standard', 'both'), mint('c', 'c_mail@example.com', 'standard', 'c');
SELECT hold(n) FROM unnest(ARRAY['a', 'b', 'c']) AS n \g /dev/null
SELECT lapse(n) FROM unnest(ARRAY['a', 'b']) AS n \g /dev/null
SELECT held(creating('c_mail@example.com', 'standard', 'both'), '{email}', 'a name of a hold that is over, one of another that is not');
SELECT is(row_of(user_of('b')), 'held both b@example.com', 'which takes nothing from anybody');
SELECT is(ended(creating('both@example.com', 'standard', 'both')), '00000', 'names of two holds that are over');
SELECT is(row_of(user_of(n)), 'held nameless', 'both gave way: ' || n) FROM unnest(ARRAY['a', 'b']) AS n;
SELECT is(row_of(user_of('c')), 'held c c_mail@example.com', 'the other has its own');
SELECT lapse('c') \g /dev/null
SELECT is(ended(creating('other@example.com', 'standard', 'c')), '00000', 'one name of a hold that is over');
SELECT taken(redeeming('c'), '{"username": ["Username is already taken."]}', 'the token wants both back');

-- An application's row keeps the row of the hold, not the name.
SELECT mint('paid_late');
INSERT INTO payments SELECT hold('paid_late'), realm();
SELECT lapse('paid_late') \g /dev/null
SELECT is(ended(creating('paid_late@example.com')), '00000', 'a payment refers to a hold that is over: its name is free');
SELECT is((SELECT count(*) FROM payments AS p WHERE p.user_id = user_of('paid_late')), 1::bigint, 'and the payment is there');
-- No look-up calls somebody by the id that a nameless row has for a name.
SELECT is(arsignup.find_user(realm(), user_of('paid_late')::text), NULL, 'nobody is found by the id of a user to be');
SELECT invalid(creating('x@example.com', 'standard', user_of('a')::text), jsonb_build_object('username', ARRAY['Username can''t have the form of an id.']), 'nobody is called so') WHERE (outcome(creating('x@example.com', 'standard', user_of('a')::text), keep => false)).message LIKE '%form of an id%';

---------------------------------------------------------------------------------------------------
-- Giving up a hold
---------------------------------------------------------------------------------------------------

SELECT mint('quitter'), mint('quitter_by_id'), mint('quitter_lapsed');
SELECT hold(n) FROM unnest(ARRAY['quitter', 'quitter_by_id', 'quitter_lapsed']) AS n \g /dev/null
SELECT lapse('quitter_lapsed') \g /dev/null
SELECT is(arsignup.revoke_signup_token(token('quitter')) AND arsignup.revoke_signup_token(signup_id('quitter_by_id')) AND arsignup.revoke_signup_token(token('quitter_lapsed')), true, 'revoke: by token and id, held and lapsed');
SELECT results_eq(format('SELECT state, user_id IS NOT NULL, held_until FROM arsignup.get_signup_token(token(%L))', n), $$VALUES ('revoked', true, NULL::timestamptz)$$, 'revoke: it says so: ' || n) FROM unnest(ARRAY['quitter', 'quitter_by_id', 'quitter_lapsed']) AS n;
SELECT is(row_of(user_of(n)), 'held nameless', 'revoke: the names are given up: ' || n) FROM unnest(ARRAY['quitter', 'quitter_by_id', 'quitter_lapsed']) AS n;
SELECT is(ended(creating(n || '@example.com')), '00000', 'revoke: at once: ' || n) FROM unnest(ARRAY['quitter', 'quitter_by_id', 'quitter_lapsed']) AS n;
SELECT refused(f, 'SU009', 'signup token was revoked', NULL, 'revoke: for good: ' || f) FROM unnest(ARRAY[holding('quitter'), redeeming('quitter')]) AS f;
SELECT is(arsignup.revoke_signup_token(signup_id('quitter')), false, 'revoke: once');

SAVEPOINT all_revoked;
SELECT mint('one'), mint('two'), mint('not_held'), mint('abroad', app => 'other');
SELECT hold(n) FROM unnest(ARRAY['one', 'two', 'abroad']) AS n \g /dev/null
RESET ROLE;
SELECT count(*) AS pending FROM arsignup.signup_tokens WHERE realm_id = realm() AND redeemed_at IS NULL AND revoked_at IS NULL AND expires_at > clock_timestamp() \gset
SET LOCAL ROLE :"admin_role";
SELECT is(arsignup.revoke_signup_tokens(realm()), :pending::bigint, 'revoke_signup_tokens: all of a realm');
RESET ROLE;
SELECT is((SELECT count(*) FROM arsignup.users WHERE realm_id = realm() AND state = 'held' AND (username <> id::text OR email IS NOT NULL OR held_until > clock_timestamp())), 0::bigint, 'revoke_signup_tokens: no name is held in the realm');
SET LOCAL ROLE :"app_role";
SELECT is(ended(creating(n || '@example.com')), '00000', 'revoke_signup_tokens: free at once: ' || n) FROM unnest(ARRAY['one', 'two']) AS n;
SELECT is(state_of('abroad'), 'held', 'revoke_signup_tokens: another realm''s holds are left');
ROLLBACK TO all_revoked;

---------------------------------------------------------------------------------------------------
-- Moving a hold
---------------------------------------------------------------------------------------------------

SELECT mint('tab_1', 'tab@example.com'), mint('tab_2', 'tab@example.com'), mint('tab_3', 'tab@example.com'), mint('tab_abroad', 'tab@example.com', 'other');
SELECT hold('tab_1') AS tab_1 \gset
SELECT held(holding('tab_2'), '{email}', 'replaces: without it the own other tab is in the way');
SELECT refused(holding('tab_2', ', replaces => token(''tab_abroad'')'), 'SU003', 'no such signup token', NULL, 'replaces: another realm''s token');
SELECT refused(holding('tab_2', ', replaces => signup_id(''tab_abroad'')'), 'SU003', 'no such signup token', NULL, 'replaces: another realm''s id');
SELECT refused(holding('tab_2', ', replaces => ''sgn_'''), 'SU003', 'no such signup token', NULL, 'replaces: no id');
SELECT is(row_of(:'tab_1'), 'held tab@example.com tab@example.com', 'replaces: what is refused gives nothing up');
SELECT isnt(hold('tab_2', '1 hour', 'tab_1'), :'tab_1', 'replaces: moved to a user of its own');
SELECT results_eq('SELECT state, user_id, held_until FROM arsignup.get_signup_token(token(''tab_1''))', format('VALUES (''pending'', %L::uuid, NULL::timestamptz)', :'tab_1'), 'replaces: the former token is pending');
SELECT is(state_of('tab_2') || ' ' || row_of(user_of('tab_2')), 'held held tab@example.com tab@example.com', 'replaces: the new one is held');
SELECT is(row_of(:'tab_1'), 'held nameless', 'replaces: the former user to be has no names');
SELECT held(f, '{email}', 'replaces: the former one meets the new hold: ' || f, 3600) FROM unnest(ARRAY[holding('tab_1'), redeeming('tab_1')]) AS f;
SELECT is((SELECT user_id FROM arsignup.hold_signup_token(signup_id('tab_1'), replaces => signup_id('tab_2'))), :'tab_1', 'replaces: moved back by ids, to the same user as before');
SELECT is(state_of('tab_1') || ' ' || state_of('tab_2'), 'held pending', 'replaces: they have changed places');
SELECT is(hold('tab_1', '40 minutes', 'tab_1'), :'tab_1', 'replaces: itself is a hold as any other');
SELECT is(held_for('tab_1'), interval '40 minutes', 'replaces: which prolongs');
SELECT is((SELECT user_id FROM arsignup.hold_signup_token(token('tab_1'), replaces => signup_id('tab_1'))), :'tab_1', 'replaces: itself by its id');
SELECT hold('tab_2', replaces => 'tab_1') \g /dev/null
SELECT is(hold('tab_2', '50 minutes', 'tab_1'), user_of('tab_2'), 'replaces: sent again');
SELECT is(hold('tab_3', replaces => 'tab_2') IS NOT NULL AND state_of('tab_3') = 'held', true, 'replaces: once more');
SELECT arsignup.revoke_signup_token(token('tab_2')) \g /dev/null
SELECT is(hold('tab_3', replaces => 'tab_2'), user_of('tab_3'), 'replaces: one that was revoked');
SELECT mint('tab_4', 'tab@example.com');
SELECT redeem('tab_3') \g /dev/null
SELECT refused(holding('tab_4', format(', replaces => %L', t)), 'SU005', 'signup token was already redeemed', format('{"user_id": "%s"}', user_of('tab_3')), 'replaces: one that was redeemed meanwhile: it was paid for, by ' || left(t, 3)) FROM unnest(ARRAY[token('tab_3'), signup_id('tab_3')]) AS t;
SELECT mint('never_held'), mint('heir', 'heir@example.com');
SELECT is(hold('heir', replaces => 'never_held') IS NOT NULL AND state_of('never_held') = 'pending', true, 'replaces: one that was never held');
SELECT mint('gone', ttl => '1 microsecond'), mint('heir_2');
SELECT is(hold('heir_2', replaces => 'gone') IS NOT NULL, true, 'replaces: one that has expired');

---------------------------------------------------------------------------------------------------
-- What is rolled back
---------------------------------------------------------------------------------------------------

SELECT mint('undone');
RESET ROLE;
SELECT world() AS before \gset
SAVEPOINT undone;
SELECT hold('undone') AS undone \gset
SELECT isnt(world(), :'before', 'a hold changes something');
ROLLBACK TO undone;
SELECT is(world(), :'before', 'a hold that is rolled back leaves nothing');
SELECT is(state_of('undone') || coalesce(user_of('undone')::text, ''), 'pending', 'nor does its token know of it');
SELECT is((outcome(creating('undone@example.com'), keep => false)).code, '00000', 'its name is free');
SELECT hold('undone') AS undone \gset
SELECT world() AS before \gset
SAVEPOINT undone;
SELECT redeem('undone') \g /dev/null
ROLLBACK TO undone;
SELECT is(world(), :'before', 'a redeem that is rolled back leaves the hold as it was');
SELECT is(redeem('undone'), :'undone', 'and it is redeemed after all');

SELECT * FROM finish();
ROLLBACK;
