-- A user to be, whose names are held, is nobody: every function that takes a user or a login answers as for somebody unknown.
BEGIN;
\ir include/setup.psql
SELECT no_plan();

-- In a realm of each kind a user to be whose hold goes on and one whose hold is over, each with all that a user has, so that only the state keeps it back.
CREATE TABLE nobody (realm text NOT NULL, name text NOT NULL, id uuid NOT NULL);
GRANT SELECT ON nobody TO PUBLIC;
INSERT INTO nobody
SELECT v.realm, v.name, (arsignup.hold_signup_token(arsignup.mint_signup_token(app(v.app), v.name || '@example.com', username => CASE v.realm WHEN 'standard' THEN v.name END, password_hash => ready_hash()))).user_id
FROM (VALUES ('email', 'tokens', 'going_on'), ('email', 'tokens', 'over'), ('standard', 'standard', 'going_on'), ('standard', 'standard', 'over')) AS v (realm, app, name);
UPDATE arsignup.users AS u SET held_until = clock_timestamp() - interval '1 second' FROM nobody AS n WHERE u.id = n.id AND n.name = 'over';
INSERT INTO arsignup.credentials (realm_id, user_id, created_at, updated_at, password_hash) SELECT realm(realm), id, now(), now(), ready_hash() FROM nobody;
SELECT is((SELECT count(*) FROM arsignup.users AS u JOIN nobody AS n ON n.id = u.id AND u.state = 'held'), 4::bigint, 'there are users to be');

-- {id} is the user, {login} the name. What is not asked here may do something else, and is asked for below.
CREATE TABLE asking (statement text NOT NULL);
GRANT SELECT ON asking TO PUBLIC;
INSERT INTO asking VALUES
	('arsignup.find_user({realm}, {login})'), ('arsignup.authenticate({realm}, {login}, ''password'')'), ('arsignup.login({app}, {login}, ''password'')'), ('arsignup.request_password_reset({realm}, {login})'),
	('arsignup.change_password({realm}, {id}, ''password'', ''canary zebu quartz'')'), ('arsignup.set_password({realm}, {id}, ''canary zebu quartz'')'), ('arsignup.set_password_hash({realm}, {id}, ready_hash())'), ('arsignup.delete_password({realm}, {id})'),
	('arsignup.update_user({realm}, {id}, first_name => ''X'')'), ('arsignup.update_user({realm}, {id}, state => ''active'')'), ('arsignup.create_user_key({realm}, {id})'), ('arsignup.create_membership({realm}, {id})'),
	('arsignup.create_session({realm}, {id})'), ('arsignup.end_sessions({realm}, {id})'), ('arsignup.request_email_verification({realm}, {id})'), ('arsignup.delete_user({realm}, {id})'),
	('arsignup.export_user({realm}, {id}) -> ''user''');
-- What comes of a statement; nothing of it stays.
CREATE FUNCTION comes_of(statement text, realm text, id uuid, login text) RETURNS text LANGUAGE plpgsql AS $$
DECLARE
	said text;
BEGIN
	statement := replace(replace(replace(replace(statement, '{realm}', format('realm(%L)', realm)), '{id}', quote_literal(id)), '{login}', quote_literal(login)), '{app}', format('app(%L)', CASE realm WHEN 'email' THEN 'tokens' ELSE realm END));
	EXECUTE 'SELECT ' || statement INTO said;
	RAISE EXCEPTION USING ERRCODE = 'ZZ999';
EXCEPTION WHEN SQLSTATE 'ZZ999' THEN
	RETURN concat('00000 ', coalesce(said, 'null'));
WHEN OTHERS THEN
	RETURN concat_ws(' ', SQLSTATE, SQLERRM);
END
$$;
SET LOCAL ROLE :"app_role";
SELECT is(comes_of(a.statement, n.realm, n.id, l.login), comes_of(a.statement, n.realm, gen_random_uuid(), 'unknown@example.com'), format('%s, %s, %s: %s', n.realm, n.name, l.login, a.statement))
FROM nobody AS n, asking AS a, LATERAL (SELECT n.name || '@example.com' UNION SELECT n.name WHERE n.realm = 'standard') AS l (login)
WHERE NOT (n.name = 'over' AND a.statement LIKE 'arsignup.delete_user%');
-- The ids of ours that a nameless row has for names lead nowhere either.
SELECT is(comes_of(a.statement, n.realm, n.id, n.id::text), comes_of(a.statement, n.realm, n.id, gen_random_uuid()::text), format('%s, by its id: %s', n.realm, a.statement)) FROM nobody AS n, asking AS a WHERE a.statement LIKE '%{login}%';
RESET ROLE;
-- And these assertions can fail: who is active is somebody, in most of them.
UPDATE arsignup.users AS u SET state = 'active' FROM nobody AS n WHERE u.id = n.id;
SELECT is_empty($$SELECT a.statement FROM asking AS a, nobody AS n WHERE n.realm = 'email' AND n.name = 'going_on' AND a.statement NOT LIKE '%request_password_reset%'
	AND comes_of(a.statement, n.realm, n.id, n.name || '@example.com') = comes_of(a.statement, n.realm, gen_random_uuid(), 'unknown@example.com')$$, 'somebody active is answered otherwise');
UPDATE arsignup.users AS u SET state = 'held' FROM nobody AS n WHERE u.id = n.id;

-- Every function that takes a user or a login is asked, but for create_user, which gives somebody an id that must be free, and
-- forget_user, which forgets a signup, too, and so gives up its hold.
SELECT is(arsignup.forget_user(realm(realm), id), true, 'forget_user: what is known of a signup') FROM nobody WHERE realm = 'email' AND name = 'going_on';
SELECT is((SELECT concat_ws(' ', u.state, u.username = u.id::text, u.email) FROM arsignup.users AS u WHERE u.id = n.id), 'held t', 'forget_user: with its names') FROM nobody AS n WHERE realm = 'email' AND name = 'going_on';
SELECT arsignup.delete_user(realm(realm), id) FROM nobody WHERE realm = 'email' AND name = 'going_on' \g /dev/null
SELECT is_empty($$SELECT FROM arsignup.users AS u JOIN nobody AS n ON n.id = u.id WHERE n.realm = 'email' AND n.name = 'going_on'$$, 'forget_user: delete_user takes what is left');
SELECT set_eq($$
	SELECT p.proname::text FROM pg_proc AS p, unnest(p.proargnames) WITH ORDINALITY AS a (name, n)
	WHERE p.pronamespace = 'arsignup'::regnamespace AND p.prorettype <> 'trigger'::regtype AND a.name IN ('user_id', 'login') AND coalesce(p.proargmodes[a.n], 'i') IN ('i', 'b')
	AND p.proname NOT IN ('create_user', 'forget_user')$$,
	$$SELECT DISTINCT substring(statement FROM 'arsignup\.(\w+)\(') FROM asking$$, 'that was every function that takes a user or a login');

SELECT * FROM finish();
ROLLBACK;
