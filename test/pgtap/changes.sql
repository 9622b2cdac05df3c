-- Everything that changes or ends an account: users, passwords, orgs, memberships, realms.
BEGIN;
\ir include/setup.psql
SELECT no_plan();

-- Passwords as strong as a new realm asks for.
UPDATE arsignup.realms SET password_min_score = DEFAULT;

-- Whom and what these tests are about, by name.
CREATE TABLE thing (name text PRIMARY KEY, id uuid NOT NULL);
INSERT INTO thing SELECT name, realm(name) FROM unnest(ARRAY['email', 'standard', 'other', 'asleep']) AS name;
GRANT ALL ON thing TO PUBLIC;
CREATE FUNCTION keep(name text, id uuid) RETURNS void LANGUAGE sql AS $$ INSERT INTO arsignup_test.thing VALUES (name, id) $$;
CREATE FUNCTION id(name text) RETURNS uuid LANGUAGE sql STABLE AS $$ SELECT t.id FROM arsignup_test.thing AS t WHERE t.name = $1 $$;

-- Events since the last time that somebody asked: type, realm, user, org, membership, and what has changed, if they say.
CREATE TABLE seen (id uuid PRIMARY KEY);
CREATE FUNCTION happened() RETURNS text[] LANGUAGE sql VOLATILE SECURITY DEFINER SET search_path = pg_catalog, pg_temp AS $$
	WITH news AS (
		SELECT * FROM arsignup.events AS e WHERE e.id NOT IN (SELECT s.id FROM arsignup_test.seen AS s)
	), noted AS (
		INSERT INTO arsignup_test.seen SELECT n.id FROM news AS n
	)
	SELECT coalesce(array_agg(concat_ws(' ', n.event_type,
		coalesce((SELECT t.name FROM arsignup_test.thing AS t WHERE t.id = n.realm_id), n.realm_id::text),
		coalesce((SELECT t.name FROM arsignup_test.thing AS t WHERE t.id = n.user_id), n.user_id::text, '-'),
		coalesce((SELECT t.name FROM arsignup_test.thing AS t WHERE t.id = n.org_id), n.org_id::text, '-'),
		coalesce((SELECT t.name FROM arsignup_test.thing AS t WHERE t.id = n.membership_id), n.membership_id::text, '-'),
		CASE WHEN n.event_at NOT BETWEEN now() AND clock_timestamp() THEN 'AT ANOTHER TIME' END,
		CASE WHEN num_nonnulls(n.claimed_at, n.connected_app_id, n.ip, n.client) > 0 THEN 'WITH MORE' END, n.data) ORDER BY n.id), '{}')
	FROM news AS n
$$;

-- A row as JSON, and a digest of all that does not mention an id, events aside.
CREATE FUNCTION row_of(place text, id uuid) RETURNS jsonb LANGUAGE plpgsql VOLATILE SECURITY DEFINER SET search_path = pg_catalog, pg_temp AS $$
DECLARE
	found jsonb;
BEGIN
	EXECUTE format('SELECT to_jsonb(t) FROM arsignup.%I AS t WHERE %I = $1', place, CASE place WHEN 'credentials' THEN 'user_id' ELSE 'id' END) INTO found USING id;
	RETURN found;
END
$$;
CREATE FUNCTION rest(id uuid) RETURNS text LANGUAGE sql VOLATILE SECURITY DEFINER SET search_path = pg_catalog, pg_temp AS $$
	SELECT md5(string_agg(t, ',' ORDER BY t)) FROM (
		SELECT t::text FROM arsignup.realms AS t UNION ALL SELECT t::text FROM arsignup.connected_apps AS t UNION ALL SELECT t::text FROM arsignup.app_routes AS t
		UNION ALL SELECT t::text FROM arsignup.users AS t UNION ALL SELECT t::text FROM arsignup.credentials AS t UNION ALL SELECT t::text FROM arsignup.orgs AS t
		UNION ALL SELECT t::text FROM arsignup.memberships AS t UNION ALL SELECT t::text FROM arsignup.signup_tokens AS t
		UNION ALL SELECT t::text FROM arsignup.sessions AS t UNION ALL SELECT t::text FROM arsignup.signing_keys AS t UNION ALL SELECT t::text FROM arsignup.login_sources AS t) AS v (t)
	WHERE strpos(t, id::text) = 0
$$;

-- Run a statement; return what it changed in one row, times of its running as "now" and a later generation as "+1", and whether it changed any other or failed.
CREATE FUNCTION effect(place text, id uuid, statement text) RETURNS jsonb LANGUAGE plpgsql AS $$
DECLARE
	before jsonb := row_of(place, id);
	others text := rest(id);
	began timestamptz := clock_timestamp();
	changed jsonb;
	o record := outcome(statement);
BEGIN
	IF o.code <> '00000' THEN
		RETURN jsonb_build_object('FAILED', concat_ws(' ', o.code, o.message));
	END IF;
	SELECT coalesce(jsonb_object_agg(a.key, CASE
			WHEN a.key = 'updated_at' AND (a.value #>> '{}')::timestamptz BETWEEN began AND clock_timestamp() THEN '"now"'
			WHEN a.key = 'token_generation' THEN to_jsonb('+' || (a.value::int - b.value::int)) ELSE a.value END), '{}') INTO changed
	FROM jsonb_each(row_of(place, id)) AS a JOIN jsonb_each(before) AS b USING (key) WHERE a.value <> b.value;
	RETURN changed || CASE WHEN rest(id) <> others THEN '{"OTHERS": "CHANGED"}' ELSE jsonb '{}' END;
END
$$;

SELECT keep('ada', arsignup.create_user(realm(), 'Ada@Example.com', username => 'ada@example.com', password_hash => ready_hash(), first_name => 'Ada', last_name => 'Lovelace', reference => 'A-1', custom => '{"a": 1}'));
SELECT keep('bob', arsignup.create_user(realm(), 'bob@example.com'));
SELECT keep('kim', arsignup.create_user(realm(), 'kim@example.com', password_hash => ready_hash()));
SELECT keep('robot', arsignup.create_user(realm(), 'robot@example.com', user_type => 'api'));
SELECT keep('nameless robot', arsignup.create_user(realm(), NULL, user_type => 'api'));
SELECT keep('sue', arsignup.create_user(realm('standard'), 'Sue@Example.com', username => 'Sue_1', first_name => 'Sue', password_hash => ready_hash()));
SELECT keep('kay', arsignup.create_user(realm('standard'), 'kay@example.com', username => 'kay'));
SELECT keep('standard robot', arsignup.create_user(realm('standard'), NULL, user_type => 'api'));
SELECT keep('ada elsewhere', arsignup.create_user(realm('other'), 'ada@example.com', password_hash => ready_hash(), first_name => 'Ada'));
SELECT keep('works', arsignup.create_org(realm(), 'Works', 'W-1', '{"w": 1}'));
SELECT keep('works elsewhere', arsignup.create_org(realm('other'), 'Works'));
SELECT keep('ada in works', arsignup.create_membership(realm(), id('ada'), id('works'), '{owner}', '2100-01-01', '{"m": 1}'));
SELECT keep('kim in works', arsignup.create_membership(realm(), id('kim'), id('works')));
SELECT keep('kim alone', arsignup.create_membership(realm(), id('kim'), NULL, '{login}'));
SELECT keep('ada in works elsewhere', arsignup.create_membership(realm('other'), id('ada elsewhere'), id('works elsewhere'), '{owner}'));
SELECT cardinality(happened()) AS events \gset
SELECT is(:events, 15, 'what is here at first has told of itself, once each');
UPDATE arsignup.users SET email_verification = 'verified';

---------------------------------------------------------------------------------------------------
-- The promise: arguments and results
---------------------------------------------------------------------------------------------------

SELECT is(
	(SELECT format('(%s) %s', replace(replace(pg_get_function_arguments(p.oid), 'timestamp with time zone', 'timestamptz'), 'arsignup.', ''), pg_get_function_result(p.oid))
		FROM pg_proc AS p WHERE p.pronamespace = 'arsignup'::regnamespace AND p.proname = name), signature, name || ': its arguments and result')
FROM (VALUES
	('update_user', '(realm_id uuid, user_id uuid, email text DEFAULT NULL::text, username text DEFAULT NULL::text, first_name text DEFAULT NULL::text, last_name text DEFAULT NULL::text, '
		'reference text DEFAULT NULL::text, custom jsonb DEFAULT NULL::jsonb, state text DEFAULT NULL::text) void'),
	('set_password', '(realm_id uuid, user_id uuid, password secret) void'),
	('set_password_hash', '(realm_id uuid, user_id uuid, password_hash secret) void'),
	('change_password', '(realm_id uuid, user_id uuid, current_password secret, password secret) boolean'),
	('delete_user', '(realm_id uuid, user_id uuid) boolean'),
	('update_org', '(realm_id uuid, org_id uuid, name text DEFAULT NULL::text, reference text DEFAULT NULL::text, custom jsonb DEFAULT NULL::jsonb, state text DEFAULT NULL::text) void'),
	('delete_org', '(realm_id uuid, org_id uuid) boolean'),
	('update_membership', '(realm_id uuid, membership_id uuid, permissions text[] DEFAULT NULL::text[], expires_at timestamptz DEFAULT NULL::timestamptz, custom jsonb DEFAULT NULL::jsonb) void'),
	('delete_membership', '(realm_id uuid, membership_id uuid) boolean'),
	('delete_realm', '(realm_id uuid) boolean')) AS v (name, signature);

---------------------------------------------------------------------------------------------------
-- update_user: what it changes
---------------------------------------------------------------------------------------------------

CREATE FUNCTION updating(name text, changes text, realm text DEFAULT 'email') RETURNS text LANGUAGE sql AS $$
	SELECT format('SELECT arsignup.update_user(realm(%L), id(%L), %s)', realm, name, changes)
$$;
CREATE FUNCTION updated(name text, changes text, expected jsonb, description text, realm text DEFAULT 'email') RETURNS SETOF text LANGUAGE plpgsql AS $$
DECLARE
	-- What follows from another change is not told by itself.
	attributes CONSTANT text[] := ARRAY(SELECT a FROM unnest('{email,username,first_name,last_name,reference,custom,state}'::text[]) AS a WHERE expected ? a);
	old_email CONSTANT text := (SELECT email FROM arsignup.users AS u WHERE u.id = arsignup_test.id(name));
	data CONSTANT jsonb := jsonb_build_object('changed', attributes) || CASE WHEN expected ? 'email' AND old_email IS NOT NULL THEN jsonb_build_object('old_email', old_email) ELSE '{}' END;
	told CONSTANT text[] := CASE WHEN attributes = '{}' THEN '{}' ELSE ARRAY[format('user.updated %s %s - - %s', realm, name, data)] END;
BEGIN
	RETURN NEXT is(effect('users', id(name), updating(name, changes, realm)), expected, 'update_user: ' || description);
	RETURN NEXT is(happened(), told, 'update_user: ' || description || ': told');
END
$$;

SET LOCAL ROLE :"app_role";
SELECT updated('ada', 'NULL', '{}', 'nothing given, nothing changed');
SELECT updated('ada', 'NULL, NULL, NULL, NULL, NULL, NULL, NULL', '{}', 'null leaves as it is');
SELECT updated('ada', 'first_name => '' Augusta ''', '{"first_name": "Augusta"}', 'a first name');
SELECT updated('ada', 'last_name => ''King''', '{"last_name": "King"}', 'a last name');
SELECT updated('ada', 'reference => ''A-2''', '{"reference": "A-2"}', 'a reference');
SELECT updated('ada', 'custom => ''{"b": 2}''', '{"custom": {"b": 2}}', 'custom is replaced, not merged');
SELECT updated('ada', 'custom => ''{}''', '{"custom": {}}', 'custom is emptied');
SELECT updated('ada', 'first_name => '''', last_name => ''  '', reference => E''\t''', '{"first_name": null, "last_name": null, "reference": null}', 'blank takes away');
SELECT updated('ada', 'first_name => ''Ada'', last_name => ''Lovelace'', reference => ''A-1'', custom => ''{"a": 1}''', '{"first_name": "Ada", "last_name": "Lovelace", "reference": "A-1", "custom": {"a": 1}}', 'several at once');

-- Emails, where they are usernames.
SELECT updated('ada', 'email => '' ADA@example.com ''', '{"email": "ADA@example.com", "username": "ADA@example.com"}', 'one''s own email spelled otherwise: the username follows, and it stays verified');
SELECT updated('ada', 'email => ''countess@example.com''', '{"email": "countess@example.com", "email_key": "countess@example.com", "username": "countess@example.com", "username_key": "countess@example.com", "email_verification": "none"}',
	'a new email: the username follows, and it is not verified');
SELECT updated('ada', 'email => ''countess@example.com''', '{}', 'the same email');
SELECT updated('ada', 'username => '' Countess@example.COM''', '{}', 'a username that is the email changes nothing');
SELECT updated('ada', 'email => ''Ada@Example.com'', username => ''ada@example.com''', '{"email": "Ada@Example.com", "email_key": "ada@example.com", "username": "Ada@Example.com", "username_key": "ada@example.com"}', 'email and username together');
SELECT updated('kim', U&'email => ''\212Aim@example.com''', '{"email": "Kim@example.com", "username": "Kim@example.com"}', 'one''s own email with a Kelvin sign, which NFC makes a K: stored as K');
SELECT updated('kim', 'email => ''kim@example.com''', '{"email": "kim@example.com", "username": "kim@example.com"}', 'and back');
SELECT updated('robot', 'email => ''r2@example.com''', '{"email": "r2@example.com", "email_key": "r2@example.com", "username": "r2@example.com", "username_key": "r2@example.com", "email_verification": "none"}',
	'a program''s email: its username follows as well');
SELECT updated('nameless robot', 'email => ''n5@example.com''', '{"email": "n5@example.com", "email_key": "n5@example.com", "username": "n5@example.com", "username_key": "n5@example.com", "email_verification": "none"}',
	'the first email of a program that was named by its id');
SELECT updated('nameless robot', 'first_name => ''Nummer''', '{"first_name": "Nummer"}', 'a program');

-- Emails and usernames where they differ.
SELECT updated('sue', 'email => '' sue2@example.com ''', '{"email": "sue2@example.com", "email_key": "sue2@example.com", "email_verification": "none"}', 'in a standard realm, the username stays when the email changes', 'standard');
SELECT updated('sue', 'username => '' SUE_1 ''', '{"username": "SUE_1"}', 'one''s own username spelled otherwise', 'standard');
SELECT updated('sue', 'username => ''susan''', '{"username": "susan", "username_key": "susan"}', 'a new username', 'standard');
SELECT updated('sue', 'username => ''Sue_1'', email => ''Sue@Example.com''', '{"username": "Sue_1", "username_key": "sue_1", "email": "Sue@Example.com", "email_key": "sue@example.com"}', 'both', 'standard');
SELECT updated('kay', U&'username => ''\212Aay''', '{"username": "Kay"}', 'one''s own username with a Kelvin sign: stored as K', 'standard');
SELECT updated('kay', U&'first_name => '' Ka\0301y '', last_name => ''\212Ajell''', U&'{"first_name": "K\00E1y", "last_name": "Kjell"}', 'names are stored trimmed and in NFC', 'standard');
SELECT is(row_of('users', id('kay')) ->> column_name, stored, 'update_user: the stored bytes of ' || column_name)
FROM (VALUES ('username', 'Kay'), ('first_name', U&'K\00E1y'), ('last_name', 'Kjell')) AS v (column_name, stored);
SELECT updated('kay', 'first_name => '''', last_name => ''''', '{"first_name": null, "last_name": null}', 'which blank takes away', 'standard');
SELECT updated('standard robot', 'email => ''r3@example.com''', '{"email": "r3@example.com", "email_key": "r3@example.com", "email_verification": "none"}', 'a program gets an email', 'standard');
SELECT updated('standard robot', 'email => '' ''', '{"email": null, "email_key": null}', 'and loses it', 'standard');
SELECT updated('standard robot', 'username => ''r3''', '{"username": "r3", "username_key": "r3"}', 'a program gets a username of its own', 'standard');

-- State.
SELECT updated('ada', 'state => ''inactive''', '{"state": "inactive", "token_generation": "+1"}', 'inactive: the login tokens so far end');
SELECT updated('ada', 'first_name => ''A''', '{"first_name": "A"}', 'an inactive user''s name');
SELECT updated('ada', 'state => ''active'', first_name => ''Ada''', '{"state": "active", "first_name": "Ada", "token_generation": "+1"}', 'active again: all tokens from before are refused');
SELECT updated('ada', 'state => ''active''', '{}', 'active already: no token ends');
SELECT updated('ada', 'first_name => ''Ada'', last_name => ''Lovelace'', state => ''active''', '{}', 'active already, other things given: no token ends');
RESET ROLE;
SAVEPOINT asleep;
UPDATE arsignup.realms SET state = 'inactive' WHERE id = realm();
SELECT updated('bob', 'first_name => ''Bob'', state => ''inactive''', '{"first_name": "Bob", "state": "inactive", "token_generation": "+1"}', 'also in an inactive realm');
ROLLBACK TO asleep;

-- Where the realm stopped asking for unique emails.
UPDATE arsignup.realms SET require_unique_emails = false WHERE id IN (realm('standard'), realm());
SELECT updated('kay', 'email => ''sue@example.com''', format('{"email": "sue@example.com", "email_key": "sue@example.com", "shared_email_id": "%s", "email_verification": "none"}', id('kay'))::jsonb, 'an email may be shared where the realm does not mind', 'standard');
SELECT updated('sue', 'first_name => ''Susan''', format('{"first_name": "Susan", "shared_email_id": "%s"}', id('sue'))::jsonb, 'also by whom had it alone', 'standard');
SELECT taken(updating('bob', 'email => ''ADA@example.com'''), '{"email": ["Email is already taken."]}', 'update_user: not where it is the username');
UPDATE arsignup.users SET email = 'kay@example.com', email_key = 'kay@example.com', shared_email_id = NULL WHERE id = id('kay');
UPDATE arsignup.users SET shared_email_id = NULL WHERE id = id('sue');
SET LOCAL session_replication_role = replica;
UPDATE arsignup.realms SET require_unique_emails = true WHERE id IN (realm('standard'), realm());
RESET session_replication_role;

---------------------------------------------------------------------------------------------------
-- update_user: what it refuses
---------------------------------------------------------------------------------------------------

SET LOCAL ROLE :"app_role";
SELECT invalid(updating('ada', 'email => ' || quote_literal(email)), jsonb_build_object('email', ARRAY[sentence]), 'update_user: email ' || shown(email))
FROM (VALUES ('', 'Email can''t be blank.'), (E' \t', 'Email can''t be blank.'), ('x', 'Email is not a valid address.'), ('x@y@z', 'Email is not a valid address.'), (U&'\FF58@example.com', 'Email is not a valid address.')) AS v (email, sentence);
SELECT invalid(updating('ada', 'username => ' || quote_literal(username)), '{"username": ["Username must be the email."]}', 'update_user: username where it is the email: ' || shown(username))
FROM unnest(ARRAY['bob@example.com', 'ada', 'ada@example.co']) AS username;
SELECT invalid(updating('ada', 'email => ''new@example.com'', username => ''ada@example.com'''), '{"username": ["Username must be the email."]}', 'update_user: a new email with the old one as username');
SELECT invalid(updating('sue', 'username => ' || quote_literal(username), 'standard'),
	jsonb_build_object('username', ARRAY[sentence]), 'update_user: username ' || shown(username))
FROM (SELECT username, CASE btrim(username) WHEN '' THEN 'Username can''t be blank.' WHEN 'x@example.com' THEN 'Username can''t have an @, unless it is the email.'
		ELSE 'Username must begin with a letter or digit and have only letters a to z, digits, dots, underscores and hyphens, 63 characters at most.' END
	FROM unnest(ARRAY['', ' ', 'x y', 'x@example.com', '_x', U&'s\00FCe', repeat('x', 64)]) AS username) AS v (username, sentence);
SELECT invalid(updating('ada', format('%s => %L', argument, value)), jsonb_build_object(argument, ARRAY[label || sentence]), format('update_user: %s %s', argument, shown(value)))
FROM (VALUES ('first_name', 'First name'), ('last_name', 'Last name'), ('reference', 'Reference')) AS a (argument, label),
	(VALUES (repeat('x', 256), ' can''t be longer than 255 characters; this one has 256.'), (E'x\ny', ' can''t contain control characters.')) AS v (value, sentence);
SELECT invalid(updating('ada', format('custom => %L', custom)), '{"custom": ["Custom attributes must be a JSON object."]}', 'update_user: custom ' || custom) FROM unnest(ARRAY['null', '[]', '1']) AS custom;
SELECT invalid(updating('ada', 'custom => json_build_object(''a'', repeat(''x'', 65536))::jsonb'), '{"custom": ["Custom attributes can''t be larger than 65,536 bytes; these have 65545."]}', 'update_user: overlarge custom');
SELECT invalid(updating('ada', format('state => %L', state)), jsonb_build_object('state', ARRAY[format('State must be active or inactive, not %s.', quoted(state))]), 'update_user: state ' || shown(state)) FROM unnest(ARRAY['', 'Active', 'deleted', ' active']) AS state;
SELECT invalid(updating('sue', $$'x', 'x y', repeat('x', 256), E'a\nb', E'c\rd', '[]', 'gone'$$, 'standard'), '{
	"email": ["Email is not a valid address."],
	"username": ["Username must begin with a letter or digit and have only letters a to z, digits, dots, underscores and hyphens, 63 characters at most."],
	"first_name": ["First name can''t be longer than 255 characters; this one has 256."], "last_name": ["Last name can''t contain control characters."],
	"reference": ["Reference can''t contain control characters."], "custom": ["Custom attributes must be a JSON object."], "state": ["State must be active or inactive, not \"gone\"."]}', 'update_user: seven faults at once');
SELECT taken(updating('ada', 'email => ' || quote_literal(email)), '{"email": ["Email is already taken."]}', 'update_user: a taken email as ' || shown(email))
FROM unnest(ARRAY['bob@example.com', ' BOB@Example.com ', 'kim@example.com', U&'\212AIM@example.com']) AS email;
SELECT taken(updating('sue', 'username => ' || quote_literal(username), 'standard'), '{"username": ["Username is already taken."]}', 'update_user: a taken username as ' || shown(username))
FROM unnest(ARRAY['kay', ' KAY ', U&'\212AAY']) AS username;
SELECT taken(updating('sue', 'email => ''KAY@example.com''', 'standard'), '{"email": ["Email is already taken."]}', 'update_user: a taken email in a standard realm');
SELECT taken(updating('sue', 'email => ''KAY@example.com'', username => ''Kay'', first_name => ''X''', 'standard'), '{"username": ["Username is already taken."], "email": ["Email is already taken."]}', 'update_user: both taken');
SELECT invalid(updating('ada', 'email => ''bob@example.com'', first_name => E''a\nb'''), '{"first_name": ["First name can''t contain control characters."], "email": ["Email is already taken."]}', 'update_user: a taken email is told beside other faults');
SELECT invalid(updating('sue', 'username => ''kay'', state => ''gone''', 'standard'), '{"state": ["State must be active or inactive, not \"gone\"."], "username": ["Username is already taken."]}', 'update_user: a taken username is told beside other faults');
SELECT is(happened(), '{}', 'update_user: nothing of this is told');
SELECT updated('ada elsewhere', 'email => ''bob@example.com''', '{"email": "bob@example.com", "email_key": "bob@example.com", "username": "bob@example.com", "username_key": "bob@example.com", "email_verification": "none"}',
	'an email that is taken in another realm is free in this one', 'other');
SELECT updated('ada elsewhere', 'email => ''ada@example.com''', '{"email": "ada@example.com", "email_key": "ada@example.com", "username": "ada@example.com", "username_key": "ada@example.com"}', 'and back', 'other');
SELECT refused(updating('nobody', 'first_name => ''X'''), 'SU010', 'no such user', NULL, 'update_user: a null user');
SELECT refused('SELECT arsignup.update_user(realm(), gen_random_uuid(), first_name => ''X'')', 'SU010', 'no such user', NULL, 'update_user: an unknown user');
SELECT refused('SELECT arsignup.update_user(realm(), id(''works''), first_name => ''X'')', 'SU010', 'no such user', NULL, 'update_user: an org''s id for a user''s');
RESET ROLE;

-- What the application puts on our tables: its errors pass through, and nothing waits for ever for what it refuses.
CREATE FUNCTION refuse() RETURNS trigger LANGUAGE plpgsql AS $$ BEGIN RAISE EXCEPTION 'not on Sundays' USING ERRCODE = 'ZZ001', DETAIL = 'It is Sunday.'; END $$;
SAVEPOINT trigger;
CREATE TRIGGER refuse BEFORE UPDATE ON arsignup.users FOR EACH ROW EXECUTE FUNCTION refuse();
SELECT refused(updating('ada', 'first_name => ''X'''), 'ZZ001', 'not on Sundays', 'It is Sunday.', 'update_user: an error of the application''s own trigger passes through');
SELECT refused('SELECT arsignup.set_password(realm(), id(''ada''), ''canary zebu quartz'')', 'ZZ001', 'not on Sundays', 'It is Sunday.', 'set_password: likewise');
ROLLBACK TO trigger;
CREATE TRIGGER refuse BEFORE INSERT ON arsignup.users FOR EACH ROW EXECUTE FUNCTION refuse();
SELECT refused('SELECT arsignup.create_user(realm(), ''new@example.com'')', 'ZZ001', 'not on Sundays', 'It is Sunday.', 'create_user: likewise');
ROLLBACK TO trigger;
CREATE FUNCTION ends(statement text) RETURNS text LANGUAGE plpgsql AS $$
BEGIN
	EXECUTE statement;
	RETURN 'ends well';
EXCEPTION
	WHEN query_canceled THEN RETURN 'does not end';
	WHEN OTHERS THEN RETURN CASE WHEN SQLERRM ~ 'A-1' THEN 'SHOWS A VALUE' ELSE 'ends' END;
END
$$;
CREATE UNIQUE INDEX ON arsignup.users (realm_id, reference);
SET LOCAL statement_timeout = '400ms';
SELECT is(ends(updating('bob', 'reference => ''A-1''')), 'ends', 'update_user: a value that a unique index of the application refuses');
SELECT is(ends('SELECT arsignup.create_user(realm(), ''new@example.com'', reference => ''A-1'')'), 'ends', 'create_user: likewise');
SET LOCAL statement_timeout = 0;
ROLLBACK TO trigger;

---------------------------------------------------------------------------------------------------
-- set_password
---------------------------------------------------------------------------------------------------

SELECT cardinality(happened()) AS forgotten \gset
CREATE FUNCTION is_password(name text, password text) RETURNS boolean LANGUAGE sql VOLATILE SECURITY DEFINER SET search_path = pg_catalog, pg_temp AS $$
	SELECT arsignup.verify_password(password, c.password_hash) FROM arsignup.credentials AS c WHERE c.user_id = arsignup_test.id(name)
$$;
CREATE FUNCTION setting_password(name text, password text, realm text DEFAULT 'email') RETURNS text LANGUAGE sql AS $$
	SELECT format('SELECT arsignup.set_password(realm(%L), id(%L), %L)', realm, name, password)
$$;
SET LOCAL ROLE :"app_role";
SELECT is(effect('users', id('ada'), setting_password('ada', 'canary zebu quartz')), '{"token_generation": "+1"}', 'set_password: in the user''s row, the login tokens so far end');
SELECT is(is_password('ada', 'canary zebu quartz') AND NOT is_password('ada', 'password'), true, 'set_password: the new password holds, the old one no more');
SELECT is(happened(), ARRAY['user.updated email ada - - {"changed": ["password"]}'], 'set_password: told');
SELECT is(effect('credentials', id('ada'), setting_password('ada', U&'canary zebu caf\00E9')) - 'password_hash', '{"updated_at": "now"}', 'set_password: in the credential, hash and time change; it is still the same');
SELECT is(is_password('ada', U&'canary zebu cafe\0301'), true, 'set_password: a password is the same however it is composed');
SELECT is(effect('users', id('bob'), setting_password('bob', 'canary zebu quartz')), '{"token_generation": "+1"}', 'set_password: somebody who had none');
RESET ROLE;
SELECT results_eq(
	$$SELECT realm_id, created_at = updated_at, created_at > now(), password_hash LIKE '$argon2id$v=19$m=19456,t=2,p=1$%' FROM arsignup.credentials WHERE user_id = id('bob')$$,
	$$VALUES (realm(), true, true, true)$$, 'set_password: they have a credential now');
SELECT is(is_password('bob', 'canary zebu quartz'), true, 'set_password: with that password');
SELECT is(happened(), ARRAY['user.updated email ada - - {"changed": ["password"]}', 'user.updated email bob - - {"changed": ["password"]}'], 'set_password: told, once each');
UPDATE arsignup.users SET state = 'inactive' WHERE id = id('bob');
SELECT is((outcome(setting_password('bob', 'canary okapi quartz'))).code, '00000', 'set_password: an administrator''s action, so also for an inactive user');
UPDATE arsignup.users SET state = 'active' WHERE id = id('bob');
SELECT is(is_password('bob', 'canary okapi quartz'), true, 'set_password: and it holds');
SELECT is(is_password('kim', 'password') AND is_password('sue', 'password') AND is_password('ada elsewhere', 'password'), true, 'set_password: nobody else''s password has changed');
SELECT hashes_run FROM arsignup.stats() \gset before_
SET LOCAL ROLE :"app_role";
SELECT invalid(setting_password('ada', password), jsonb_build_object('password', ARRAY[sentence]), 'set_password: ' || shown(password))
FROM (VALUES (NULL, 'Password can''t be blank.'), ('', 'Password can''t be blank.'), ('canary7', 'Password must have at least 8 characters.'), (repeat('canary', 171), 'Password can''t be longer than 1,024 bytes.'),
	('canarypassword', 'Password is too easy to guess: common words are guessed first.')) AS v (password, sentence);
SELECT refused(setting_password('nobody', 'canary zebu quartz'), 'SU010', 'no such user', NULL, 'set_password: a null user');
SELECT refused('SELECT arsignup.set_password(realm(), gen_random_uuid(), ''canary zebu quartz'')', 'SU010', 'no such user', NULL, 'set_password: an unknown user');
SELECT refused(setting_password('ada', 'canary zebu quartz', 'other'), 'SU010', 'no such user', NULL, 'set_password: another realm''s user');
RESET ROLE;
SELECT is((SELECT hashes_run FROM arsignup.stats()), :before_hashes_run::bigint, 'set_password: a refusal costs no hash');

---------------------------------------------------------------------------------------------------
-- set_password_hash
---------------------------------------------------------------------------------------------------

SELECT cardinality(happened()) AS forgotten \gset
CREATE FUNCTION setting_hash(name text, hash text, realm text DEFAULT 'email') RETURNS text LANGUAGE sql AS $$
	SELECT format('SELECT arsignup.set_password_hash(realm(%L), id(%L), %L)', realm, name, hash)
$$;
SELECT '$2b$04$D8pA7gutHt11a1QWG1D6KerPxRm9VeMnWGalt6WdgDmd0Sq1FKh1u' AS bcrypt \gset
SELECT hashes_run FROM arsignup.stats() \gset before_
SET LOCAL ROLE :"app_role";
SELECT is(effect('users', id('bob'), setting_hash('bob', :'bcrypt')), '{"token_generation": "+1"}', 'set_password_hash: in the user''s row, the login tokens so far end');
SELECT is(happened(), ARRAY['user.updated email bob - - {"changed": ["password"]}'], 'set_password_hash: told');
SELECT is(effect('credentials', id('bob'), setting_hash('bob', :'bcrypt')) , '{"updated_at": "now"}', 'set_password_hash: in the credential, the time changes for the same hash');
SELECT is(effect('credentials', id('bob'), setting_hash('bob', ready_hash())), jsonb_build_object('updated_at', 'now', 'password_hash', ready_hash()), 'set_password_hash: and the hash for another, which is stored as it is');
SELECT happened() AS forgotten \gset
SELECT is((outcome(setting_hash('robot', :'bcrypt'))).code, '00000', 'set_password_hash: somebody who had none');
SELECT is(happened(), ARRAY['user.updated email robot - - {"changed": ["password"]}'], 'set_password_hash: told');
SELECT invalid(setting_hash('ada', hash), jsonb_build_object('password_hash', ARRAY[sentence]), 'set_password_hash: ' || shown(hash))
FROM (VALUES (NULL, 'Password hash can''t be null.'), ('', 'Password hash has an unknown form.'), ('canary', 'Password hash has an unknown form.'), (left(:'bcrypt', -1), 'Password hash has an unknown form.'),
	(replace(:'bcrypt', '$04$', '$15$'), 'Password hash costs more than this server allows: 15, and arsignup.bcrypt_cost_max is 14.')) AS v (hash, sentence);
SELECT refused(setting_hash('nobody', :'bcrypt'), 'SU010', 'no such user', NULL, 'set_password_hash: a null user');
SELECT refused('SELECT arsignup.set_password_hash(realm(), gen_random_uuid(), ready_hash())', 'SU010', 'no such user', NULL, 'set_password_hash: an unknown user');
SELECT refused(setting_hash('ada', :'bcrypt', 'other'), 'SU010', 'no such user', NULL, 'set_password_hash: another realm''s user');
RESET ROLE;
SELECT is((SELECT hashes_run FROM arsignup.stats()), :before_hashes_run::bigint, 'set_password_hash: costs no hash');
SELECT is(is_password('robot', 'known answer') AND NOT is_password('robot', 'known answers'), true, 'set_password_hash: the password of that hash holds');
DELETE FROM arsignup.credentials WHERE user_id = id('robot');

---------------------------------------------------------------------------------------------------
-- change_password
---------------------------------------------------------------------------------------------------

SELECT keep('lou', arsignup.create_user(realm(), 'lou@example.com', password_hash => ready_hash()));
SELECT cardinality(happened()) AS forgotten \gset
CREATE FUNCTION changing(name text, current_password text, password text, realm text DEFAULT 'email') RETURNS text LANGUAGE sql AS $$
	SELECT format('SELECT arsignup.change_password(realm(%L), id(%L), %L, %L)', realm, name, current_password, password)
$$;
CREATE FUNCTION changed(name text, current_password text, password text, realm text DEFAULT 'email') RETURNS boolean LANGUAGE sql VOLATILE AS $$
	SELECT arsignup.change_password(realm(realm), id(name), current_password, password)
$$;
CREATE FUNCTION not_changed(name text, current_password text, password text, description text) RETURNS text LANGUAGE plpgsql AS $$
DECLARE
	before text := world();
	answer boolean := changed(name, current_password, password);
BEGIN
	RETURN is(concat_ws(' ', coalesce(answer::text, 'NULL'), CASE WHEN world() <> before THEN 'SOMETHING CHANGED' END), 'false', 'change_password: ' || description);
END
$$;
SET LOCAL ROLE :"app_role";
SELECT is(effect('users', id('kim'), changing('kim', 'password', 'canary zebu quartz')), '{"token_generation": "+1"}', 'change_password: in the user''s row, the login tokens so far end');
SELECT is(is_password('kim', 'canary zebu quartz') AND NOT is_password('kim', 'password'), true, 'change_password: the new password holds, the old one no more');
SELECT is(happened(), ARRAY['user.updated email kim - - {"changed": ["password"]}'], 'change_password: told');
SELECT is(effect('credentials', id('kim'), changing('kim', 'canary zebu quartz', U&'canary caf\00E9 quartz')) - 'password_hash', '{"updated_at": "now"}', 'change_password: in the credential, hash and time change');
SELECT is(changed('kim', U&'canary cafe\0301 quartz', 'canary zebu quartz'), true, 'change_password: true; the current one may be composed otherwise');
SELECT is(changed('kim', 'canary zebu quartz', 'canary zebu quartz'), true, 'change_password: also for the same password');
SELECT is(is_password('kim', 'canary zebu quartz'), true, 'change_password: which still holds');
SELECT is(happened(), array_fill('user.updated email kim - - {"changed": ["password"]}'::text, ARRAY[3]), 'change_password: told each time');
SELECT not_changed('kim', 'password', 'canary okapi quartz', 'a wrong current password');
SELECT not_changed('kim', 'canary zebu quartz ', 'canary okapi quartz', 'the current one and a blank');
SELECT not_changed('kim', '', 'canary okapi quartz', 'an empty current password');
SELECT not_changed('kim', NULL, 'canary okapi quartz', 'a null current password');
SELECT not_changed('kim', repeat('canary', 1000), 'canary okapi quartz', 'an overlong current password');
SELECT not_changed('lou', 'wrong', 'canary', 'a wrong current password is told before a bad new one');
SELECT not_changed('lou', 'wrong', NULL, 'or a null one');
SELECT not_changed('robot', '', 'canary okapi quartz', 'a user without password, the empty one given');
SELECT not_changed('robot', NULL, 'canary okapi quartz', 'a user without password, none given');
SELECT not_changed('robot', 'password', 'canary okapi quartz', 'a user without password, any given');
SELECT invalid(changing('kim', 'canary zebu quartz', password), jsonb_build_object('password', ARRAY[sentence]), 'change_password: ' || shown(password))
FROM (VALUES (NULL, 'Password can''t be blank.'), ('', 'Password can''t be blank.'), ('canary7', 'Password must have at least 8 characters.'), (repeat('canary', 171), 'Password can''t be longer than 1,024 bytes.'),
	('canarypassword', 'Password is too easy to guess: common words are guessed first.')) AS v (password, sentence);
SELECT refused(changing('nobody', 'password', 'canary okapi quartz'), 'SU010', 'no such user', NULL, 'change_password: a null user');
SELECT refused('SELECT arsignup.change_password(realm(), gen_random_uuid(), ''password'', ''canary okapi quartz'')', 'SU010', 'no such user', NULL, 'change_password: an unknown user');
SELECT refused(changing('kim', 'canary zebu quartz', 'canary okapi quartz', 'other'), 'SU010', 'no such user', NULL, 'change_password: another realm''s user');
RESET ROLE;
SELECT is(happened(), '{}', 'change_password: nothing of this is told');
UPDATE arsignup.users SET state = 'inactive' WHERE id = id('kim');
SELECT refused(changing('kim', 'canary zebu quartz', 'canary okapi quartz'), 'SU006', 'user is inactive', NULL, 'change_password: an inactive user');
SELECT refused(changing('kim', 'wrong', 'canary okapi quartz'), 'SU006', 'user is inactive', NULL, 'change_password: an inactive user with a wrong password');
UPDATE arsignup.users SET state = 'active' WHERE id = id('kim');
UPDATE arsignup.realms SET state = 'inactive' WHERE id = realm();
SELECT refused(changing('kim', 'canary zebu quartz', 'canary okapi quartz'), 'SU006', 'realm is inactive', NULL, 'change_password: an inactive realm');
UPDATE arsignup.realms SET state = 'active' WHERE id = realm();
SELECT is(is_password('kim', 'canary zebu quartz'), true, 'change_password: after all this the password is what it was');

-- Who has been wrong too often is told to wait, and so is who is right then. Only what is wrong counts, and only for this user.
SELECT arsignup.create_user(realm(), 'guessed@example.com', password_hash => ready_hash()) AS guessed, arsignup.create_user(realm(), 'unguessed@example.com', password_hash => ready_hash()) AS unguessed \gset
CREATE FUNCTION changed_to(user_id uuid, current_password text, password text) RETURNS text LANGUAGE plpgsql AS $$
DECLARE
	o record := outcome(format('SELECT 1 / arsignup.change_password(realm(), %L, %L, %L)::int', user_id, current_password, password), keep => false);
BEGIN
	RETURN CASE o.code WHEN '00000' THEN 'right' WHEN '22012' THEN 'wrong' ELSE concat_ws(' | ', o.code, o.message, regexp_replace(o.detail, '(89.|900)', '15 minutes'), regexp_replace(o.hint, '(89.|900)', 'N')) END;
END
$$;
SELECT is(array_agg(changed_to(:'guessed', 'password', 'canary zebu quartz')), array_fill('right'::text, ARRAY[6]), 'change_password: as often as one is right') FROM generate_series(1, 6);
SELECT is(array_agg(changed_to(:'guessed', impossible, 'canary zebu quartz')), array_fill('wrong'::text, ARRAY[18]), 'change_password: what can be nobody''s password does not count') FROM unnest(ARRAY[NULL, '', repeat('x', 1025)]) AS impossible, generate_series(1, 6);
SELECT is(array_agg(changed_to(:'guessed', 'wrong', 'canary zebu quartz')), array_fill('wrong'::text, ARRAY[5]), 'change_password: five times wrong') FROM generate_series(1, 5);
SELECT is(changed_to(:'guessed', current_password, 'canary zebu quartz'), 'SU008 | too many attempts | {"retry_after": 15 minutes} | Try again in N seconds.', 'change_password: then nothing more, even ' || current_password)
FROM unnest(ARRAY['wrong', 'password']) AS current_password;
SELECT is(changed_to(:'unguessed', 'password', 'canary zebu quartz'), 'right', 'change_password: others go on');
SELECT cardinality(happened()) AS forgotten \gset

-- What it costs.
CREATE FUNCTION hashes(statement text) RETURNS bigint LANGUAGE plpgsql AS $$
DECLARE
	before bigint := (SELECT hashes_run FROM arsignup.stats());
	ended record := outcome(statement);
BEGIN
	RETURN (SELECT hashes_run FROM arsignup.stats()) - before;
END
$$;
SELECT is(hashes(changing('kim', 'canary zebu quartz', 'canary zebu quartz')), 2::bigint, 'change_password: two hashes');
SELECT is(hashes(changing('lou', 'wrong', 'canary zebu quartz')), 1::bigint, 'change_password: one for a wrong password');
SELECT is(hashes(changing('kim', 'canary zebu quartz', 'canary')), 1::bigint, 'change_password: one where the new password is refused');

---------------------------------------------------------------------------------------------------
-- update_org
---------------------------------------------------------------------------------------------------

SELECT cardinality(happened()) AS forgotten \gset
CREATE FUNCTION updating_org(changes text, name text DEFAULT 'works', realm text DEFAULT 'email') RETURNS text LANGUAGE sql AS $$
	SELECT format('SELECT arsignup.update_org(realm(%L), id(%L), %s)', realm, name, changes)
$$;
SET LOCAL ROLE :"app_role";
SELECT is(effect('orgs', id('works'), updating_org(changes)), expected::jsonb, 'update_org: ' || changes)
FROM (VALUES
	('NULL', '{}'), ('NULL, NULL, NULL, NULL', '{}'), ('name => '' Engines ''', '{"name": "Engines"}'), ('reference => ''W-2''', '{"reference": "W-2"}'), ('reference => '' ''', '{"reference": null}'),
	('custom => ''{"v": 2}''', '{"custom": {"v": 2}}'), ('state => ''inactive''', '{"state": "inactive"}'), ('state => ''active''', '{"state": "active"}'),
	('''Works'', ''W-1'', ''{"w": 1}'', ''active''', '{"name": "Works", "reference": "W-1", "custom": {"w": 1}}')) AS v (changes, expected);
SELECT is(happened(), ARRAY(SELECT format('org.updated email - works - {"changed": [%s]}', changed) FROM unnest(ARRAY['"name"', '"reference"', '"reference"', '"custom"', '"state"', '"state"', '"name", "reference", "custom"']) AS changed),
	'update_org: told each time that something has changed, and what');
SELECT invalid(updating_org(changes), errors::jsonb, 'update_org: ' || left(changes, 40))
FROM (VALUES
	('name => ''''', '{"name": ["Name can''t be blank."]}'), ('name => E'' \t''', '{"name": ["Name can''t be blank."]}'), ('name => repeat(''x'', 256)', '{"name": ["Name can''t be longer than 255 characters; this one has 256."]}'),
	('name => E''a\nb''', '{"name": ["Name can''t contain control characters."]}'), ('reference => repeat(''x'', 256)', '{"reference": ["Reference can''t be longer than 255 characters; this one has 256."]}'),
	('custom => ''[]''', '{"custom": ["Custom attributes must be a JSON object."]}'), ('custom => ''null''', '{"custom": ["Custom attributes must be a JSON object."]}'),
	('state => ''gone''', '{"state": ["State must be active or inactive, not \"gone\"."]}'), ('state => ''''', '{"state": ["State must be active or inactive, not \"\"."]}'),
	(''' '', E''a\rb'', ''1'', ''x''', '{"name": ["Name can''t be blank."], "reference": ["Reference can''t contain control characters."], "custom": ["Custom attributes must be a JSON object."], "state": ["State must be active or inactive, not \"x\"."]}')
	) AS v (changes, errors);
SELECT refused(updating_org('name => ''X''', 'nothing'), 'SU010', 'no such org', NULL, 'update_org: a null org');
SELECT refused('SELECT arsignup.update_org(realm(), gen_random_uuid(), ''X'')', 'SU010', 'no such org', NULL, 'update_org: an unknown org');
SELECT refused(updating_org('name => ''X''', 'ada'), 'SU010', 'no such org', NULL, 'update_org: a user''s id for an org''s');
SELECT is(happened(), '{}', 'update_org: a refusal is not told');

RESET ROLE;

---------------------------------------------------------------------------------------------------
-- update_membership
---------------------------------------------------------------------------------------------------

CREATE FUNCTION updating_membership(changes text, name text DEFAULT 'ada in works', realm text DEFAULT 'email') RETURNS text LANGUAGE sql AS $$
	SELECT format('SELECT arsignup.update_membership(realm(%L), id(%L), %s)', realm, name, changes)
$$;
SET LOCAL timezone = 'UTC';
SET LOCAL ROLE :"app_role";
SELECT is(effect('memberships', id('ada in works'), updating_membership(changes)), expected::jsonb, 'update_membership: ' || changes)
FROM (VALUES
	('NULL', '{}'), ('NULL, NULL, NULL', '{}'), ('permissions => ''{a:*,b}''', '{"permissions": ["a:*", "b"]}'), ('permissions => ''{}''', '{"permissions": []}'),
	('expires_at => ''2101-01-01''', '{"expires_at": "2101-01-01T00:00:00+00:00"}'), ('expires_at => ''infinity''', '{"expires_at": null}'), ('expires_at => NULL', '{}'),
	('custom => ''{}''', '{"custom": {}}'), ('''{owner}'', ''2100-01-01'', ''{"m": 1}''', '{"permissions": ["owner"], "expires_at": "2100-01-01T00:00:00+00:00", "custom": {"m": 1}}')) AS v (changes, expected);
SELECT is(happened(), ARRAY(SELECT format('membership.updated email ada works ada in works {"changed": [%s]}', changed)
	FROM unnest(ARRAY['"permissions"', '"permissions"', '"expires_at"', '"expires_at"', '"custom"', '"permissions", "expires_at", "custom"']) AS changed), 'update_membership: told each time that something has changed, and what');
SELECT is(effect('memberships', id('kim alone'), updating_membership('permissions => ''{x}''', 'kim alone')), '{"permissions": ["x"]}', 'update_membership: one without org');
SELECT is(happened(), ARRAY['membership.updated email kim - kim alone {"changed": ["permissions"]}'], 'update_membership: told');
SELECT invalid(updating_membership(changes), errors::jsonb, 'update_membership: ' || left(changes, 60))
FROM (SELECT changes, CASE WHEN changes LIKE 'p%' THEN format('{"permissions": ["At most 20 permissions, each 1 to 62 characters: letters, digits and *:;._- (not %s)."]}',
			CASE WHEN changes LIKE '%[21]%' THEN '21' WHEN changes LIKE '%{{%' THEN 'an array of arrays' WHEN changes LIKE '%NULL%' THEN 'null' WHEN changes LIKE '%63%' THEN format('\"%s...\"', repeat('a', 40))
				ELSE format('\"%s\"', substring(changes FROM '{"(.*)"}')) END)
		WHEN changes LIKE 'e%' THEN '{"expires_at": ["Expiry must be in the future."]}' ELSE '{"custom": ["Custom attributes must be a JSON object."]}' END
	FROM unnest(ARRAY['permissions => array_fill(''a''::text, ARRAY[21])', 'permissions => ''{"a b"}''', 'permissions => ''{""}''', 'permissions => ARRAY[repeat(''a'', 63)]', 'permissions => ''{a,NULL}''',
		'permissions => ''{{a},{b}}''', 'expires_at => ''2001-01-01''', 'expires_at => ''-infinity''', 'expires_at => now()', 'expires_at => clock_timestamp()', 'custom => ''[]''', 'custom => ''null''']) AS changes) AS v (changes, errors);
SELECT invalid(updating_membership('''{é}'', ''2001-01-01'', ''1'''), '{"permissions": ["At most 20 permissions, each 1 to 62 characters: letters, digits and *:;._- (not \"é\")."],
	"expires_at": ["Expiry must be in the future."], "custom": ["Custom attributes must be a JSON object."]}', 'update_membership: three faults at once');
SELECT refused(updating_membership('permissions => ''{}''', 'nothing'), 'SU010', 'no such membership', NULL, 'update_membership: a null membership');
SELECT refused('SELECT arsignup.update_membership(realm(), gen_random_uuid(), ''{}'')', 'SU010', 'no such membership', NULL, 'update_membership: an unknown membership');
SELECT refused(updating_membership('permissions => ''{}''', 'ada'), 'SU010', 'no such membership', NULL, 'update_membership: a user''s id for a membership''s');
SELECT is(happened(), '{}', 'update_membership: a refusal is not told');
RESET ROLE;

---------------------------------------------------------------------------------------------------
-- Across realms: every function, with an id of another realm than the one named
---------------------------------------------------------------------------------------------------

CREATE TABLE crossing (statement text, code text, message text);
INSERT INTO crossing VALUES
	('arsignup.update_user(realm(''other''), id(''ada''), first_name => ''X'')', 'SU010', 'no such user'),
	('arsignup.update_user(realm(''standard''), id(''ada''), email => ''new@example.com'', username => ''new'')', 'SU010', 'no such user'),
	('arsignup.set_password(realm(''other''), id(''ada''), ''canary zebu quartz'')', 'SU010', 'no such user'),
	('arsignup.set_password_hash(realm(''other''), id(''ada''), ready_hash())', 'SU010', 'no such user'),
	('arsignup.change_password(realm(''other''), id(''kim''), ''canary zebu quartz'', ''canary okapi quartz'')', 'SU010', 'no such user'),
	('arsignup.delete_user(realm(''other''), id(''ada''))', '00000', 'false'),
	('arsignup.delete_password(realm(''other''), id(''ada''))', '00000', 'false'),
	('arsignup.create_user_key(realm(''other''), id(''robot''))', 'SU010', 'no such user'),
	('arsignup.delete_user_key(realm(''other''), id(''robot''''s key''))', '00000', 'false'),
	('coalesce(arsignup.authenticate_key(realm(''other''), robot_key())::text, ''null'')', '00000', 'null'),
	('arsignup.update_org(realm(''other''), id(''works''), ''X'')', 'SU010', 'no such org'),
	('arsignup.delete_org(realm(''other''), id(''works''))', '00000', 'false'),
	('arsignup.create_membership(realm(''other''), id(''ada''))', 'SU010', 'no such user'),
	('arsignup.create_membership(realm(''other''), id(''ada elsewhere''), id(''works''))', 'SU010', 'no such org'),
	('arsignup.create_membership(realm(''other''), id(''ada''), id(''works elsewhere''))', 'SU010', 'no such user'),
	('arsignup.create_membership(realm(), id(''ada''), id(''works elsewhere''))', 'SU010', 'no such org'),
	('arsignup.update_membership(realm(''other''), id(''ada in works''), ''{x}'')', 'SU010', 'no such membership'),
	('arsignup.delete_membership(realm(''other''), id(''ada in works''))', '00000', 'false'),
	('arsignup.redeem_signup_token(token(), realm_id => realm(''other''))', 'SU003', 'no such signup token'),
	('arsignup.hold_signup_token(token(), realm_id => realm(''other''))', 'SU003', 'no such signup token'),
	('arsignup.hold_signup_token(token(), replaces => token(''other''))', 'SU003', 'no such signup token'),
	('arsignup.revoke_signup_token(token(), realm(''other''))', 'SU003', 'no such signup token'),
	('(SELECT count(*) FROM arsignup.get_signup_token(token(), realm(''other'')))', '00000', '0'),
	('arsignup.create_session(realm(''other''), id(''ada''))', 'SU010', 'no such user'),
	('arsignup.create_session(realm(), id(''ada''), app(''other''))', 'SU010', 'no such connected app'),
	('arsignup.end_session(realm(''other''), id(''session''))', '00000', 'false'),
	('arsignup.end_sessions(realm(''other''), id(''ada''))', 'SU010', 'no such user'),
	('coalesce(arsignup.remember_session(realm(''other''), id(''session'')), ''null'')', '00000', 'null'),
	('arsignup.end_browser_session(realm(''other''), browser())', '00000', 'false'),
	('arsignup.postpone_event(realm(''other''), id(''event''), ''no'')', '00000', 'false'),
	('arsignup.retry_event(realm(''other''), id(''failed event''))', '00000', 'false'),
	('arsignup.request_email_verification(realm(''other''), id(''ada''))', 'SU010', 'no such user'),
	('coalesce(arsignup.export_user(realm(''other''), id(''ada''))::text, ''null'')', '00000', 'null'),
	('coalesce(arsignup.event_json(realm(''other''), id(''event''))::text, ''null'')', '00000', 'null'),
	('arsignup.forget_user(realm(''other''), id(''ada''))', '00000', 'false'),
	('coalesce(arsignup.find_user(realm(''other''), id(''robot'')::text)::text, ''null'')', '00000', 'null'),
	('coalesce(arsignup.verify_login_token(login_token(), realm(''other'')), ''null'')', '00000', 'null');
GRANT SELECT ON crossing TO PUBLIC;
-- A session that goes on in a seamless realm, beside another seamless one, so that nothing but the realm's name refuses it.
UPDATE arsignup.realms SET sso = 'seamless' WHERE id IN (realm(), realm('other'));
CREATE TABLE session AS SELECT s.* FROM arsignup.create_session(realm(), id('ada')) AS s;
SELECT keep('session', session_id) FROM session;
GRANT SELECT ON session TO PUBLIC;
SELECT keep(CASE n WHEN 1 THEN 'event' ELSE 'failed event' END, id) FROM (SELECT id, row_number() OVER () AS n FROM arsignup.events WHERE realm_id = realm() AND claimed_at IS NULL LIMIT 2) AS e;
SELECT ok(arsignup.postpone_event(realm(), id('failed event'), 'no'), 'across realms: in its own realm an event can be put aside');
CREATE FUNCTION login_token() RETURNS text LANGUAGE sql STABLE AS $$ SELECT s.token FROM arsignup_test.session AS s $$;
CREATE TABLE robot_key AS SELECT arsignup.create_user_key(realm(), id('robot')) AS key;
SELECT keep('robot''s key', arsignup.parse_id('crd_' || substr(key, 4, 22))) FROM robot_key;
GRANT SELECT ON robot_key TO PUBLIC;
CREATE FUNCTION robot_key() RETURNS text LANGUAGE sql STABLE AS $$ SELECT r.key FROM arsignup_test.robot_key AS r $$;
SELECT is(arsignup.authenticate_key(realm(), robot_key()), id('robot'), 'across realms: in its own realm the key proves its user');
SELECT is(arsignup.verify_login_token(login_token(), realm()) ->> 'un', 'Ada@Example.com', 'across realms: in its own realm the login token holds');
CREATE TABLE minted AS SELECT name, arsignup.mint_signup_token(app(name), 'minted@example.com', password_hash => ready_hash()) AS token FROM unnest(ARRAY['tokens', 'other']) AS name;
GRANT SELECT ON minted TO PUBLIC;
CREATE FUNCTION token(name text DEFAULT 'tokens') RETURNS text LANGUAGE sql STABLE AS $$ SELECT m.token FROM arsignup_test.minted AS m WHERE m.name = $1 $$;
CREATE TABLE remembered AS SELECT arsignup.remember_session(realm(), id('session')) AS secret;
GRANT SELECT ON remembered TO PUBLIC;
CREATE FUNCTION browser() RETURNS text LANGUAGE sql STABLE AS $$ SELECT r.secret FROM arsignup_test.remembered AS r $$;
CREATE FUNCTION crossed(statement text) RETURNS text LANGUAGE plpgsql AS $$
DECLARE
	before text := world();
	code text := '00000';
	said text;
BEGIN
	BEGIN
		EXECUTE 'SELECT ' || statement INTO said;
	EXCEPTION WHEN OTHERS THEN
		code := SQLSTATE;
		said := SQLERRM;
	END;
	RETURN concat_ws(' ', code, said, CASE WHEN world() <> before THEN 'SOMETHING CHANGED' END);
END
$$;
SET LOCAL ROLE :"app_role";
SELECT is(crossed(statement), code || ' ' || message, 'across realms: ' || statement) FROM crossing;
RESET ROLE;
SELECT set_eq(
	$$SELECT p.proname::text FROM pg_proc AS p WHERE p.pronamespace = 'arsignup'::regnamespace AND 'realm_id' = ANY (p.proargnames)
		AND p.proname NOT IN ('create_user', 'create_org', 'create_api_key', 'authenticate', 'delete_realm', 'reset_realm', 'end_all_sessions', 'revoke_signup_tokens', 'rotate_signing_key', 'jwks', 'reveal_jwt_key', 'request_password_reset')$$,
	$$SELECT DISTINCT substring(statement FROM 'arsignup\.(\w+)\(') FROM crossing$$, 'across realms: that was every function that takes a realm and an id of something in it');
SELECT isnt(arsignup.verify_login_token(login_token(), realm()), NULL, 'across realms: after all that, the login token still holds');
SELECT isnt(arsignup.remember_session(realm(), id('session')), NULL, 'across realms: in its own realm the session can be remembered');
SELECT ok(arsignup.retry_event(realm(), id('failed event')) AND arsignup.postpone_event(realm(), id('event'), 'no'), 'across realms: in its own realm the one event be tried again, the other put aside');
SELECT is(arsignup.delete_user_key(realm(), id('robot''s key')), true, 'across realms: its key be deleted');
SELECT is(arsignup.end_session(realm(), id('session')), true, 'across realms: and in its own realm be ended');
SELECT is(arsignup.verify_login_token(login_token(), realm()), NULL, 'across realms: which ends its token');
UPDATE arsignup.realms SET sso = DEFAULT WHERE id IN (realm(), realm('other'));
SELECT cardinality(happened()) AS forgotten \gset

-- No such realm, for every function that begins with one.
SELECT is((crossed(format('arsignup.%I(%s)', p.proname, concat_ws(', ', realm, (SELECT string_agg('NULL::' || format_type(t, NULL), ', ' ORDER BY n) FROM unnest(p.proargtypes) WITH ORDINALITY AS a (t, n) WHERE n > 1))))),
	CASE WHEN p.proname = 'delete_realm' THEN '00000 false' WHEN p.proname IN ('export_user', 'event_json') THEN '00000' WHEN p.proname = 'create_api_key' AND realm = 'NULL::uuid' THEN 'SU001 Name can''t be blank. Permissions can''t be blank.'
		ELSE 'SU010 no such realm' END, format('%s: realm %s', p.proname, realm))
FROM pg_proc AS p, unnest(ARRAY['NULL::uuid', 'gen_random_uuid()', 'app()']) AS realm
WHERE p.pronamespace = 'arsignup'::regnamespace AND p.proargnames[1] = 'realm_id'
ORDER BY p.proname, realm;

---------------------------------------------------------------------------------------------------
-- delete_membership
---------------------------------------------------------------------------------------------------

SELECT cardinality(happened()) AS forgotten \gset
SELECT keep('ada alone', arsignup.create_membership(realm(), id('ada')));
SELECT cardinality(happened()) AS forgotten \gset
SELECT rest(id('ada alone')) AS rest \gset before_
SET LOCAL ROLE :"app_role";
SELECT is(arsignup.delete_membership(realm(), id('ada alone')), true, 'delete_membership: true');
SELECT is(row_of('memberships', id('ada alone')), NULL, 'delete_membership: it is gone');
SELECT is(rest(id('ada alone')), :'before_rest', 'delete_membership: and nothing else');
SELECT is(happened(), ARRAY['membership.deleted email ada - ada alone'], 'delete_membership: told');
SELECT world() AS before \gset
SELECT is(arsignup.delete_membership(realm(), id('ada alone')), false, 'delete_membership: once');
SELECT is(arsignup.delete_membership(realm(), gen_random_uuid()), false, 'delete_membership: an unknown one');
SELECT is(arsignup.delete_membership(realm(), NULL), false, 'delete_membership: a null one');
SELECT is(arsignup.delete_membership(realm(), id('ada')), false, 'delete_membership: a user''s id for a membership''s');
SELECT is(world(), :'before', 'delete_membership: nothing of this has changed anything');
SELECT is((outcome('SELECT arsignup.create_membership(realm(), id(''ada''))')).code, '00000', 'delete_membership: another can take its place');
RESET ROLE;

---------------------------------------------------------------------------------------------------
-- delete_org
---------------------------------------------------------------------------------------------------

SELECT keep('shop', arsignup.create_org(realm(), 'Shop'));
SELECT keep('ada in shop', arsignup.create_membership(realm(), id('ada'), id('shop')));
SELECT keep('bob in shop', arsignup.create_membership(realm(), id('bob'), id('shop'), '{x}'));
SELECT cardinality(happened()) AS forgotten \gset
CREATE TABLE invoices (org_id uuid NOT NULL REFERENCES arsignup.orgs (id));
INSERT INTO invoices VALUES (id('shop'));
SET LOCAL ROLE :"app_role";
SELECT refused('SELECT arsignup.delete_org(realm(), id(''shop''))', '23503', 'update or delete on table "orgs" violates foreign key constraint "invoices_org_id_fkey" on table "invoices"',
	format('Key (id)=(%s) is still referenced from table "invoices".', id('shop')), 'delete_org: a foreign key of the application passes through');
RESET ROLE;
DROP TABLE invoices;
SELECT rest(id('shop')) AS rest \gset before_
SET LOCAL ROLE :"app_role";
SELECT is(arsignup.delete_org(realm(), id('shop')), true, 'delete_org: true');
SELECT is(row_of('orgs', id('shop')), NULL, 'delete_org: it is gone');
SELECT is_empty($$SELECT FROM arsignup.memberships WHERE org_id = id('shop') OR id IN (id('ada in shop'), id('bob in shop'))$$, 'delete_org: with its memberships');
SELECT is(rest(id('shop')), :'before_rest', 'delete_org: and nothing else, its users included');
SELECT is(array_agg(h ORDER BY h LIKE 'org%', h), ARRAY['membership.deleted email ada shop ada in shop', 'membership.deleted email bob shop bob in shop', 'org.deleted email - shop -'],
	'delete_org: told, and its memberships') FROM unnest(happened()) AS h;
SELECT world() AS before \gset
SELECT is(arsignup.delete_org(realm(), id('shop')), false, 'delete_org: once');
SELECT is(arsignup.delete_org(realm(), gen_random_uuid()), false, 'delete_org: an unknown one');
SELECT is(arsignup.delete_org(realm(), NULL), false, 'delete_org: a null one');
SELECT is(arsignup.delete_org(realm(), id('ada')), false, 'delete_org: a user''s id for an org''s');
SELECT is(world(), :'before', 'delete_org: nothing of this has changed anything');
RESET ROLE;
SELECT is((SELECT event_type FROM arsignup.events WHERE org_id = id('shop') ORDER BY id DESC LIMIT 1), 'org.deleted', 'delete_org: the org last');

-- An org of many, some of whom have expired.
SELECT keep('crowd', arsignup.create_org(realm(), 'Crowd'));
SELECT setting AS own_role FROM pg_settings WHERE name = 'session_replication_role' \gset
SET LOCAL session_replication_role = replica;
INSERT INTO arsignup.memberships (realm_id, id, created_at, user_id, org_id, expires_at, permissions, custom)
SELECT realm(), arsignup.new_id(), now(), gen_random_uuid(), id('crowd'), CASE WHEN n % 10 = 0 THEN now() END, '{}', '{}' FROM generate_series(1, 2345) AS n;
SET LOCAL session_replication_role = :'own_role';
CREATE TABLE members AS SELECT id, user_id FROM arsignup.memberships WHERE org_id = id('crowd');
SELECT is(arsignup.delete_org(realm(), id('crowd')), true, 'delete_org: one with 2,345 members');
SELECT bag_eq($$SELECT event_type, membership_id, user_id, org_id, data FROM arsignup.events WHERE org_id = id('crowd') AND event_type <> 'org.created'$$,
	$$SELECT 'membership.deleted' AS event_type, id AS membership_id, user_id, id('crowd') AS org_id, NULL::jsonb AS data FROM members UNION ALL SELECT 'org.deleted', NULL, NULL, id('crowd'), NULL$$, 'delete_org: each of them is told, those that had expired, too');
SELECT is((SELECT array_agg(event_type) FILTER (WHERE n IN (1, 2347)) FROM (SELECT event_type, row_number() OVER (ORDER BY id) AS n FROM arsignup.events WHERE org_id = id('crowd')) AS e), '{org.created,org.deleted}', 'delete_org: the org after all of them');
SELECT cardinality(happened()) AS forgotten \gset

---------------------------------------------------------------------------------------------------
-- delete_user
---------------------------------------------------------------------------------------------------

SELECT arsignup.mint_signup_token(app(), 'leaving@example.com', password_hash => ready_hash()) AS token \gset leaving_
SELECT user_id, org_id, membership_id FROM arsignup.redeem_signup_token(:'leaving_token', 'Leaving') \gset leaving_
SELECT keep('leaving', :'leaving_user_id'), keep('leaving''s org', :'leaving_org_id'), keep('leaving in it', :'leaving_membership_id');
SELECT keep('leaving in works', arsignup.create_membership(realm(), id('leaving'), id('works')));
SELECT cardinality(happened()) AS forgotten \gset
CREATE TABLE subscriptions (user_id uuid NOT NULL REFERENCES arsignup.users (id));
CREATE TABLE preferences (user_id uuid NOT NULL REFERENCES arsignup.users (id) ON DELETE CASCADE);
INSERT INTO subscriptions VALUES (id('leaving'));
INSERT INTO preferences VALUES (id('leaving')), (id('ada'));
SET LOCAL ROLE :"app_role";
SELECT refused('SELECT arsignup.delete_user(realm(), id(''leaving''))', '23503', 'update or delete on table "users" violates foreign key constraint "subscriptions_user_id_fkey" on table "subscriptions"',
	format('Key (id)=(%s) is still referenced from table "subscriptions".', id('leaving')), 'delete_user: a foreign key of the application passes through');
SELECT is(happened(), '{}', 'delete_user: which is not told');
RESET ROLE;
DELETE FROM subscriptions;
SELECT rest(id('leaving')) AS rest \gset before_
SET LOCAL ROLE :"app_role";
SELECT is(arsignup.delete_user(realm(), id('leaving')), true, 'delete_user: true');
RESET ROLE;
SELECT is((SELECT count(*) FROM arsignup.users WHERE id = id('leaving')) + (SELECT count(*) FROM arsignup.credentials WHERE user_id = id('leaving'))
	+ (SELECT count(*) FROM arsignup.memberships WHERE user_id = id('leaving')), 0::bigint, 'delete_user: the user is gone, with credential and memberships');
SELECT is(rest(id('leaving')), :'before_rest', 'delete_user: and nothing else, its orgs included');
SELECT results_eq('SELECT user_id FROM preferences', 'SELECT id(''ada'')', 'delete_user: a foreign key of the application may cascade');
SELECT is(array_agg(h ORDER BY h LIKE 'user%', h), ARRAY['membership.deleted email leaving leaving''s org leaving in it', 'membership.deleted email leaving works leaving in works', 'user.deleted email leaving - -'],
	'delete_user: told, and the memberships') FROM unnest(happened()) AS h;
SELECT is((SELECT event_type FROM arsignup.events WHERE user_id = id('leaving') ORDER BY id DESC LIMIT 1), 'user.deleted', 'delete_user: the user last');
SELECT is((SELECT count(*) FROM arsignup.events WHERE user_id = id('leaving')), 6::bigint, 'delete_user: what was told of the user before stays');
SELECT results_eq(
	format('SELECT state, user_id FROM arsignup.get_signup_token(%L)', :'leaving_token'), $$VALUES ('redeemed', id('leaving'))$$, 'delete_user: the token still says whom it became');
SELECT refused(format('SELECT arsignup.redeem_signup_token(%L)', :'leaving_token'), 'SU005', 'signup token was already redeemed', format('{"user_id": "%s"}', id('leaving')), 'delete_user: and does not make another');
SET LOCAL ROLE :"app_role";
SELECT world() AS before \gset
SELECT is(arsignup.delete_user(realm(), id('leaving')), false, 'delete_user: once');
SELECT is(arsignup.delete_user(realm(), gen_random_uuid()), false, 'delete_user: an unknown one');
SELECT is(arsignup.delete_user(realm(), NULL), false, 'delete_user: a null one');
SELECT is(arsignup.delete_user(realm(), id('works')), false, 'delete_user: an org''s id for a user''s');
SELECT is(world(), :'before', 'delete_user: nothing of this has changed anything');
SELECT isnt(arsignup.create_user(realm(), 'leaving@example.com'), id('leaving'), 'delete_user: the name is free again, for a user of another id');
RESET ROLE;

---------------------------------------------------------------------------------------------------
-- delete_realm
---------------------------------------------------------------------------------------------------

-- Fill a realm with one of each, through functions where there are any.
INSERT INTO arsignup.realms (id, name, username_validation) VALUES (realm('doomed'), 'Doomed', 'standard');
INSERT INTO arsignup.connected_apps (realm_id, id, name, slug, login_handler) VALUES
	(realm('doomed'), app('doomed'), 'Doomed', 'doomed-' || app('doomed'), 'https://doomed.example'), (realm('doomed'), app('doomed too'), 'Doomed too', 'doomed-' || app('doomed too'), 'https://doomed.example');
INSERT INTO arsignup.app_routes (kind, name, realm_id, connected_app_id) VALUES ('host', 'h' || pg_backend_pid() || '.doomed.example', realm('doomed'), app('doomed'));
SELECT keep('doomed user', arsignup.create_user(realm('doomed'), 'd@example.com', username => 'd', password_hash => ready_hash()));
SELECT arsignup.create_user(realm('doomed'), NULL, user_type => 'api') AS made \gset
SELECT keep('doomed org', arsignup.create_org(realm('doomed'), 'Doomed'));
SELECT arsignup.create_membership(realm('doomed'), id('doomed user'), id('doomed org')) AS made \gset
SELECT arsignup.create_membership(realm('doomed'), id('doomed user')) AS made \gset
SELECT arsignup.mint_signup_token(app('doomed'), 'd' || n || '@example.com', username => 'd' || n, password_hash => ready_hash()) AS token FROM generate_series(1, 3) AS n \g /dev/null
SELECT arsignup.mint_signup_token(app('doomed'), 'd4@example.com', username => 'd4', password_hash => ready_hash()) AS token \gset doomed_
SELECT user_id FROM arsignup.redeem_signup_token(:'doomed_token', 'Org') \gset doomed_
SELECT token FROM arsignup.create_session(realm('doomed'), id('doomed user')) \gset doomed_login_
INSERT INTO arsignup.login_sources VALUES (realm('doomed'), id('doomed user'), '192.0.2.1', now());
SELECT arsignup.request_email_verification(realm('doomed'), id('doomed user'));
SELECT data ->> 'token' AS token FROM arsignup.claim_events('{user.email.verification_requested}') WHERE realm_id = realm('doomed') \gset doomed_mail_
SELECT arsignup.create_api_key(realm('doomed'), 'doomed', '{read}') AS made \gset
SELECT isnt(arsignup.verify_login_token(:'doomed_login_token'), NULL, 'delete_realm: a login token that holds before');
-- More than one batch of events.
INSERT INTO arsignup.events (realm_id, id, event_at, event_type) SELECT realm('doomed'), arsignup.new_id(), now(), 'test' FROM generate_series(1, 20001);
INSERT INTO arsignup.submissions (realm_id, id, created_at, body_digest) SELECT realm('doomed'), gen_random_uuid(), now(), '' FROM generate_series(1, 2);
INSERT INTO arsignup.failed_deliveries (realm_id, event_id, event_at, failed_at, attempts, event_type, error) SELECT realm('doomed'), arsignup.new_id(), now(), now(), 1, 'user.created', 'no';
INSERT INTO arsignup.app_hooks (realm_id, destination) VALUES (realm('doomed'), 'https://doomed.example/');
INSERT INTO arsignup.hook_deliveries (realm_id, id, event_id, event_at) SELECT realm('doomed'), arsignup.new_id(), arsignup.new_id(), now();

CREATE FUNCTION left_of(realm uuid) RETURNS jsonb LANGUAGE plpgsql AS $$
DECLARE
	place record;
	number bigint;
	numbers jsonb := '{}';
BEGIN
	FOR place IN SELECT c.relname AS name, a.attname AS key FROM pg_class AS c JOIN pg_attribute AS a ON a.attrelid = c.oid
		WHERE c.relnamespace = 'arsignup'::regnamespace AND c.relkind = 'r' AND a.attname = CASE c.relname WHEN 'realms' THEN 'id' ELSE 'realm_id' END
	LOOP
		EXECUTE format('SELECT count(*) FROM arsignup.%I WHERE %I = $1', place.name, place.key) INTO number USING realm;
		numbers := numbers || CASE WHEN number > 0 THEN jsonb_build_object(place.name, number) ELSE '{}' END;
	END LOOP;
	RETURN numbers;
END
$$;
SELECT is(left_of(realm('doomed')), '{"realms": 1, "connected_apps": 2, "app_routes": 3, "users": 3, "credentials": 2, "orgs": 2, "memberships": 3, "signup_tokens": 4, "sessions": 1, "signing_keys": 1, "one_time_tokens": 1, "login_sources": 1, "api_keys": 1, "events": 20011, "failed_deliveries": 1, "submissions": 2, "app_hooks": 1, "hook_deliveries": 1}', 'a realm with something of everything');
SELECT is_empty($$SELECT c.relname FROM pg_class AS c WHERE c.relnamespace = 'arsignup'::regnamespace AND c.relkind IN ('r', 'p') AND c.relname <> 'deleted_realms' AND NOT left_of(realm('doomed')) ? c.relname$$, 'in every table there is');
CREATE TABLE tenants (user_id uuid NOT NULL CONSTRAINT tenants_fkey REFERENCES arsignup.users (id));
INSERT INTO tenants VALUES (id('doomed user'));

-- Digest of everything that does not mention the realm.
CREATE FUNCTION beside(realm uuid) RETURNS text LANGUAGE sql VOLATILE AS $$
	SELECT md5(string_agg(t, ',' ORDER BY t)) FROM (
		SELECT t::text FROM arsignup.realms AS t UNION ALL SELECT t::text FROM arsignup.connected_apps AS t UNION ALL SELECT t::text FROM arsignup.app_routes AS t
		UNION ALL SELECT t::text FROM arsignup.users AS t UNION ALL SELECT t::text FROM arsignup.credentials AS t UNION ALL SELECT t::text FROM arsignup.orgs AS t
		UNION ALL SELECT t::text FROM arsignup.memberships AS t UNION ALL SELECT t::text FROM arsignup.signup_tokens AS t
		UNION ALL SELECT t::text FROM arsignup.sessions AS t UNION ALL SELECT t::text FROM arsignup.signing_keys AS t UNION ALL SELECT t::text FROM arsignup.login_sources AS t UNION ALL SELECT t::text FROM arsignup.events AS t) AS v (t)
	WHERE strpos(t, realm::text) = 0
$$;
SELECT arsignup.purge_expired() \g /dev/null
SELECT beside(realm('doomed')) AS beside \gset before_
SET LOCAL ROLE :"admin_role";
SELECT refused('SELECT arsignup.delete_realm(realm(''doomed''))', '55006', 'realm is active', NULL, 'delete_realm: an active realm');
SELECT is((outcome('SELECT arsignup.delete_realm(realm(''doomed''))')).hint, 'Set its state to inactive first; signups that are under way end within seconds.', 'delete_realm: the hint says what to do');
UPDATE arsignup.realms SET state = 'inactive' WHERE id = realm('doomed');
SELECT refused('SELECT arsignup.delete_realm(realm(''doomed''))', '23503', 'update or delete on table "users" violates foreign key constraint "tenants_fkey" on table "tenants"',
	format('Key (id)=(%s) is still referenced from table "tenants".', id('doomed user')), 'delete_realm: a foreign key of the application passes through, and all of the realm is still there');
RESET ROLE;
DELETE FROM tenants;
SET LOCAL ROLE :"admin_role";
SELECT is(arsignup.delete_realm(realm('doomed')), true, 'delete_realm: true');
RESET ROLE;
SELECT is(left_of(realm('doomed')), '{"events": 10022, "submissions": 2, "deleted_realms": 1}', 'delete_realm: a first part of it is gone, people first');
SET LOCAL ROLE :"admin_role";
SELECT is(arsignup.purge_expired(), 10000::bigint, 'delete_realm: purges go on');
SELECT is(arsignup.purge_expired(), 24::bigint, 'delete_realm: until there is nothing');
RESET ROLE;
SELECT is(left_of(realm('doomed')), '{"deleted_realms": 1}', 'delete_realm: nothing of it is left, in no table, but that it was there');
SELECT is(arsignup.verify_login_token(:'doomed_login_token'), NULL, 'delete_realm: its login tokens hold no more');
SELECT is(beside(realm('doomed')), :'before_beside', 'delete_realm: and nothing of any other realm has changed');
SET LOCAL ROLE :"admin_role";
SELECT is(arsignup.delete_realm(realm('doomed')), false, 'delete_realm: once');
RESET ROLE;
INSERT INTO arsignup.realms (id, name, state) VALUES (realm('empty'), 'Empty', 'inactive');
SELECT is(arsignup.delete_realm(realm('empty')), true, 'delete_realm: an empty one');
SELECT is(left_of(realm('empty')), '{"deleted_realms": 1}', 'delete_realm: is gone');

---------------------------------------------------------------------------------------------------
-- Memberships that have expired are as good as deleted
---------------------------------------------------------------------------------------------------

CREATE FUNCTION expire(name text) RETURNS void LANGUAGE sql VOLATILE SECURITY DEFINER AS $$ UPDATE arsignup.memberships SET expires_at = clock_timestamp() WHERE id = arsignup_test.id(name) $$;
SELECT keep('guild', arsignup.create_org(realm(), 'Guild'));
SELECT keep('bob in guild', arsignup.create_membership(realm(), id('bob'), id('guild'), '{owner}', '2100-01-01', '{"old": 1}'));
SELECT keep('robot alone', arsignup.create_membership(realm(), id('robot'), NULL, '{owner}', '2100-01-01'));
SELECT keep('robot in guild', arsignup.create_membership(realm(), id('robot'), id('guild'), '{owner}', '2100-01-01'));
SELECT expire('bob in guild'), expire('robot alone') \g /dev/null
SELECT cardinality(happened()) AS forgotten \gset
SELECT world() AS before \gset
SET LOCAL ROLE :"app_role";
SELECT refused(updating_membership(changes, 'bob in guild'), 'SU010', 'no such membership', NULL, 'expired: not updated by ' || changes)
FROM unnest(ARRAY['permissions => ''{x}''', 'expires_at => ''infinity''', 'expires_at => ''2100-01-01''', 'custom => ''{}''']) AS changes;
SELECT is(arsignup.delete_membership(realm(), id('bob in guild')), false, 'expired: nothing to delete');
SELECT is(world(), :'before', 'expired: nothing of this has changed anything');
SELECT is(happened(), '{}', 'expired: nor is anything told');

-- Another takes its place.
SELECT clock_timestamp() AS began \gset
SELECT keep('bob in guild again', arsignup.create_membership(realm(), id('bob'), id('guild'), '{new}', '2200-01-01', '{"new": 1}'));
RESET ROLE;
SELECT isnt(id('bob in guild again'), id('bob in guild'), 'expired: another has another id');
SELECT results_eq($$SELECT id, permissions, expires_at, custom FROM arsignup.memberships WHERE user_id = id('bob') AND org_id = id('guild')$$,
	$$VALUES (id('bob in guild again'), '{new}'::text[], '2200-01-01'::timestamptz, '{"new": 1}'::jsonb)$$, 'expired: another has nothing of the old one');
SELECT is((SELECT created_at BETWEEN :'began' AND clock_timestamp() FROM arsignup.memberships WHERE id = id('bob in guild again')), true, 'expired: not even its age');
SELECT is(happened(), ARRAY['membership.deleted email bob guild bob in guild', 'membership.created email bob guild bob in guild again'], 'expired: both are told, in this order');
SET LOCAL ROLE :"app_role";
SELECT taken('SELECT arsignup.create_membership(realm(), id(''bob''), id(''guild''))', '{"org_id": ["User is already a member of this organisation."]}', 'expired: one that has not gives no way');
SELECT taken('SELECT arsignup.create_membership(realm(), id(''robot''), id(''guild''))', '{"org_id": ["User is already a member of this organisation."]}', 'expired: nor one that is to expire');
SELECT keep('robot alone again', arsignup.create_membership(realm(), id('robot')));
RESET ROLE;
SELECT is(happened(), ARRAY['membership.deleted email robot - robot alone', 'membership.created email robot - robot alone again'], 'expired: one without org gives way, too');
SELECT bag_eq($$SELECT id, expires_at FROM arsignup.memberships WHERE user_id = id('robot')$$, $$VALUES (id('robot alone again'), NULL), (id('robot in guild'), '2100-01-01'::timestamptz)$$, 'expired: and no other of the user');

-- Numbers that are equal, but written otherwise, are stored as they are given, and told.
SELECT keep('precise', arsignup.create_user(realm(), 'precise@example.com', custom => '{"n": 1}')), keep('precise org', arsignup.create_org(realm(), 'Precise', custom => '{"n": 1}'));
SELECT keep('precise membership', arsignup.create_membership(realm(), id('precise'), id('precise org'), custom => '{"n": 1}'));
SELECT happened() \g /dev/null
SELECT arsignup.update_user(realm(), id('precise'), custom => '{"n": 1.00}'), arsignup.update_org(realm(), id('precise org'), custom => '{"n": 1.00}'),
	arsignup.update_membership(realm(), id('precise membership'), custom => '{"n": 1.00}') \g /dev/null
SELECT is(ARRAY(SELECT row_of(place, id(name)) -> 'custom' ->> 'n' FROM (VALUES ('users', 'precise'), ('orgs', 'precise org'), ('memberships', 'precise membership')) AS v (place, name)),
	'{1.00,1.00,1.00}', '1 becomes 1.00');
SELECT is(happened(), ARRAY['user.updated email precise - - {"changed": ["custom"]}', 'org.updated email - precise org - {"changed": ["custom"]}',
	'membership.updated email precise precise org precise membership {"changed": ["custom"]}'], 'and each says so');

SELECT * FROM finish();
ROLLBACK;
