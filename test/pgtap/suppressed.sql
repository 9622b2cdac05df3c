-- A4: a trigger that suppresses a row is told, once: no loop, no false success, no "not found", no "taken", no wrong password.

BEGIN;
\ir include/setup.psql
SELECT no_plan();

CREATE FUNCTION suppress() RETURNS trigger LANGUAGE plpgsql AS $$ BEGIN RETURN NULL; END $$;

-- Something of each kind, by which the statements below name it.
SELECT set_config('t.realm', realm()::text, true), set_config('t.app', app()::text, true) \g /dev/null
SELECT set_config('t.' || name, value, true) FROM (VALUES
	('user', arsignup.create_user(realm(), 'ada@example.com', password_hash => ready_hash())::text),
	('robot', arsignup.create_user(realm(), NULL, user_type => 'api')::text),
	('org', arsignup.create_org(realm(), 'Engines')::text),
	('other', arsignup.create_org(realm(), 'Other')::text),
	('token', arsignup.mint_signup_token(app(), 'bob@example.com', password_hash => ready_hash(), org_name => 'Bobs')),
	('held', arsignup.mint_signup_token(app(), 'carl@example.com', password_hash => ready_hash())),
	('kid', arsignup.rotate_signing_key(realm()))) AS v (name, value) \g /dev/null
SELECT arsignup.hold_signup_token(current_setting('t.held')) \g /dev/null
SELECT arsignup.hold_signup_token(arsignup.mint_signup_token(app(), 'over@example.com', password_hash => ready_hash())) \g /dev/null
UPDATE arsignup.users SET held_until = now() - interval '1 second' WHERE username = 'over@example.com';
SELECT set_config('t.membership', arsignup.create_membership(realm(), current_setting('t.user')::uuid, current_setting('t.org')::uuid)::text, true),
	set_config('t.session', (arsignup.create_session(realm(), current_setting('t.user')::uuid)).session_id::text, true),
	set_config('t.key', arsignup.create_user_key(realm(), current_setting('t.robot')::uuid), true),
	set_config('t.api', (SELECT id FROM arsignup.api_keys, arsignup.create_api_key(realm(), 'Test', '{read}') WHERE false)::text, true),
	arsignup.request_password_reset(realm(), 'ada@example.com'), arsignup.request_email_verification(realm(), current_setting('t.user')::uuid) \g /dev/null
SELECT arsignup.create_api_key(realm(), 'Test', '{read}') \g /dev/null
SELECT set_config('t.api', id::text, true) FROM arsignup.api_keys WHERE realm_id = realm() \g /dev/null
SELECT set_config('t.' || split_part(event_type, '.', 2), data ->> 'token', true) FROM arsignup.claim_events('{user.password_token.created,user.email.verification_requested}') \g /dev/null
SELECT set_config('t.browser', arsignup.remember_session(realm(), current_setting('t.session')::uuid), true) \g /dev/null

-- Assert that a statement is told of a trigger that suppresses this on that table, and does nothing.
CREATE FUNCTION is_told(command text, relation text, statement text) RETURNS text LANGUAGE plpgsql AS $$
DECLARE
	before text;
	o record;
	told text;
BEGIN
	EXECUTE format('CREATE TRIGGER suppress BEFORE %s ON arsignup.%I FOR EACH ROW EXECUTE FUNCTION suppress()', command, relation);
	before := world();
	PERFORM set_config('statement_timeout', '5s', true);
	SELECT * INTO o FROM outcome(regexp_replace(statement, '\$(\w+)', 'current_setting(''t.\1'')::text', 'g'));
	PERFORM set_config('statement_timeout', '0', true);
	told := concat_ws(' ', o.code, o.message, CASE WHEN world() <> before THEN 'BUT SOMETHING HAS CHANGED' END);
	EXECUTE format('DROP TRIGGER suppress ON arsignup.%I', relation);
	RETURN is(told, format('55000 a trigger on arsignup.%s has suppressed the row', relation), format('A4: %s on %s: %s', command, relation, statement));
END
$$;

SELECT is_told(command, relation, statement) FROM (VALUES
	('INSERT', 'users', 'SELECT arsignup.create_user($realm::uuid, ''eve@example.com'')'),
	('INSERT', 'users', 'SELECT arsignup.redeem_signup_token($token)'),
	('INSERT', 'credentials', 'SELECT arsignup.redeem_signup_token($token)'),
	('INSERT', 'orgs', 'SELECT arsignup.redeem_signup_token($token)'),
	('INSERT', 'memberships', 'SELECT arsignup.redeem_signup_token($token)'),
	('INSERT', 'events', 'SELECT arsignup.redeem_signup_token($token)'),
	('UPDATE', 'signup_tokens', 'SELECT arsignup.redeem_signup_token($token)'),
	('UPDATE', 'signup_tokens', 'SELECT arsignup.revoke_signup_token($token)'),
	('INSERT', 'users', 'SELECT arsignup.hold_signup_token($token)'),
	('UPDATE', 'users', 'SELECT arsignup.hold_signup_token($held, ''1 hour'')'),
	('UPDATE', 'signup_tokens', 'SELECT arsignup.hold_signup_token($token)'),
	('UPDATE', 'users', 'SELECT arsignup.hold_signup_token($token, replaces => $held)'),
	('UPDATE', 'users', 'SELECT arsignup.redeem_signup_token($held)'),
	('UPDATE', 'users', 'SELECT arsignup.create_user($realm::uuid, ''over@example.com'')'),
	('UPDATE', 'users', 'SELECT arsignup.revoke_signup_token($held)'),
	('UPDATE', 'users', 'SELECT arsignup.revoke_signup_tokens($realm::uuid)'),
	('INSERT', 'signup_tokens', 'SELECT arsignup.mint_signup_token($app::uuid, ''eve@example.com'', password_hash => ready_hash())'),
	('UPDATE', 'users', 'SELECT arsignup.update_user($realm::uuid, $user::uuid, first_name => ''Ada'')'),
	('UPDATE', 'users', 'SELECT arsignup.set_password_hash($realm::uuid, $user::uuid, ready_hash())'),
	('INSERT', 'credentials', 'SELECT arsignup.set_password_hash($realm::uuid, $user::uuid, ready_hash())'),
	('UPDATE', 'credentials', 'SELECT arsignup.set_password_hash($realm::uuid, $user::uuid, ready_hash())'),
	('UPDATE', 'credentials', 'SELECT arsignup.set_password($realm::uuid, $user::uuid, ''canary wharf'')'),
	('UPDATE', 'credentials', 'SELECT arsignup.change_password($realm::uuid, $user::uuid, ''password'', ''canary wharf'')'),
	('UPDATE', 'users', 'SELECT arsignup.change_password($realm::uuid, $user::uuid, ''password'', ''canary wharf'')'),
	('DELETE', 'users', 'SELECT arsignup.delete_user($realm::uuid, $user::uuid)'),
	('DELETE', 'credentials', 'SELECT arsignup.delete_user($realm::uuid, $user::uuid)'),
	('DELETE', 'memberships', 'SELECT arsignup.delete_user($realm::uuid, $user::uuid)'),
	('DELETE', 'memberships', 'SELECT arsignup.delete_org($realm::uuid, $org::uuid)'),
	('DELETE', 'credentials', 'SELECT arsignup.delete_password($realm::uuid, $user::uuid)'),
	('UPDATE', 'users', 'SELECT arsignup.delete_password($realm::uuid, $user::uuid)'),
	('INSERT', 'credentials', 'SELECT arsignup.create_user_key($realm::uuid, $robot::uuid)'),
	('DELETE', 'credentials', 'SELECT arsignup.delete_user_key($realm::uuid, arsignup.parse_id(''crd_'' || substr($key, 4, 22)))'),
	('INSERT', 'orgs', 'SELECT arsignup.create_org($realm::uuid, ''More'')'),
	('UPDATE', 'orgs', 'SELECT arsignup.update_org($realm::uuid, $org::uuid, ''More'')'),
	('DELETE', 'orgs', 'SELECT arsignup.delete_org($realm::uuid, $org::uuid)'),
	('INSERT', 'memberships', 'SELECT arsignup.create_membership($realm::uuid, $user::uuid, $other::uuid)'),
	('UPDATE', 'memberships', 'SELECT arsignup.update_membership($realm::uuid, $membership::uuid, ''{owner}'')'),
	('DELETE', 'memberships', 'SELECT arsignup.delete_membership($realm::uuid, $membership::uuid)'),
	('INSERT', 'sessions', 'SELECT arsignup.create_session($realm::uuid, $user::uuid)'),
	('UPDATE', 'sessions', 'SELECT arsignup.end_session($realm::uuid, $session::uuid)'),
	('UPDATE', 'sessions', 'SELECT arsignup.end_sessions($realm::uuid, $user::uuid)'),
	('UPDATE', 'users', 'SELECT arsignup.end_sessions($realm::uuid, $user::uuid)'),
	('UPDATE', 'sessions', 'SELECT arsignup.end_all_sessions($realm::uuid)'),
	('UPDATE', 'users', 'SELECT arsignup.end_all_sessions($realm::uuid)'),
	('UPDATE', 'signup_tokens', 'SELECT arsignup.revoke_signup_tokens($realm::uuid)'),
	('UPDATE', 'sessions', 'SELECT arsignup.remember_session($realm::uuid, $session::uuid)'),
	('UPDATE', 'sessions', 'SELECT arsignup.end_browser_session($realm::uuid, $browser)'),
	('UPDATE', 'signing_keys', 'SELECT arsignup.rotate_signing_key($realm::uuid)'),
	('INSERT', 'signing_keys', 'SELECT arsignup.rotate_signing_key($realm::uuid)'),
	('INSERT', 'signing_keys', 'WITH n AS MATERIALIZED (SELECT arsignup.create_user(realm(''other''), ''eve@example.com'') AS id) SELECT arsignup.create_session(realm(''other''), id) FROM n'),
	('UPDATE', 'one_time_tokens', 'SELECT arsignup.reset_password($password_token, ''canary wharf'')'),
	('UPDATE', 'one_time_tokens', 'SELECT arsignup.verify_email($email)'),
	('UPDATE', 'users', 'SELECT arsignup.verify_email($email)'),
	('INSERT', 'events', 'SELECT arsignup.request_password_reset($realm::uuid, ''ada@example.com'')'),
	('INSERT', 'events', 'SELECT arsignup.update_user($realm::uuid, $user::uuid, first_name => ''Ada'')'),
	('INSERT', 'events', 'SELECT arsignup.set_password_hash($realm::uuid, $user::uuid, ready_hash())'),
	('INSERT', 'events', 'SELECT arsignup.reset_password($password_token, ''canary wharf'')'),
	('INSERT', 'events', 'SELECT arsignup.update_org($realm::uuid, $org::uuid, ''More'')'),
	('INSERT', 'events', 'SELECT arsignup.update_membership($realm::uuid, $membership::uuid, ''{owner}'')'),
	('INSERT', 'events', 'SELECT arsignup.delete_org($realm::uuid, $org::uuid)'),
	('INSERT', 'api_keys', 'SELECT arsignup.create_api_key($realm::uuid, ''More'', ''{read}'')'),
	('UPDATE', 'api_keys', 'SELECT arsignup.revoke_api_key($api::uuid)'),
	('INSERT', 'app_routes', 'INSERT INTO arsignup.connected_apps (realm_id, name, slug, login_handler) VALUES ($realm::uuid, ''More'', ''more'', ''https://app.example.com/'')'),
	('UPDATE', 'app_routes', 'UPDATE arsignup.connected_apps SET slug = ''more'' WHERE id = $app::uuid')) AS v (command, relation, statement);

SELECT arsignup.request_password_reset(realm(), 'ada@example.com') \g /dev/null
SELECT is_told('INSERT', 'one_time_tokens', 'SELECT arsignup.claim_events(''{user.password_token.created}'')');

-- Who could not be forgotten is not said to be; a membership that should have given way is not said to be there.
SELECT set_config('t.cid', r.user_id::text, true)
FROM arsignup.redeem_signup_token(arsignup.mint_signup_token(app(), 'cid@example.com', password_hash => ready_hash())) AS r \g /dev/null
SELECT arsignup.create_session(realm(), current_setting('t.cid')::uuid, ip => '192.0.2.1'), arsignup.request_password_reset(realm(), 'cid@example.com', '192.0.2.1'),
	arsignup.login(app(), 'cid@example.com', 'password', '192.0.2.1') \g /dev/null
SELECT arsignup.claim_events('{user.password_token.created}') \g /dev/null
SELECT is_told(command, relation, 'SELECT arsignup.forget_user($realm::uuid, $cid::uuid)')
FROM (VALUES ('DELETE', 'signup_tokens'), ('DELETE', 'one_time_tokens'), ('DELETE', 'login_sources'), ('UPDATE', 'sessions'), ('UPDATE', 'events')) AS v (command, relation);
SELECT arsignup.create_membership(realm(), current_setting('t.cid')::uuid, expires_at => clock_timestamp() + '1 millisecond'), pg_sleep(0.002) \g /dev/null
SELECT is_told('DELETE', 'memberships', 'SELECT arsignup.create_membership($realm::uuid, $cid::uuid)');

-- A realm that cannot be emptied is not deleted.
INSERT INTO arsignup.submissions (realm_id, id, created_at, body_digest) VALUES (realm(), gen_random_uuid(), now(), '');
UPDATE arsignup.realms SET state = 'inactive' WHERE id = realm();
SELECT is_told('INSERT', 'deleted_realms', 'SELECT arsignup.delete_realm($realm::uuid)');
SELECT is_told('DELETE', relation, 'SELECT arsignup.delete_realm($realm::uuid)') FROM unnest(ARRAY['signup_tokens', 'users', 'orgs', 'events', 'signing_keys', 'submissions', 'realms']) AS relation;
UPDATE arsignup.realms SET state = 'active' WHERE id = realm();

-- What is not there, or not any more, is still just that.
SELECT is((outcome(statement)).code, code, 'not suppressed: ' || statement) FROM (VALUES
	('SELECT arsignup.update_org(realm(), arsignup.new_id(), ''More'')', 'SU010'),
	('SELECT arsignup.update_membership(realm(), arsignup.new_id())', 'SU010'),
	('SELECT arsignup.end_sessions(realm(), arsignup.new_id())', 'SU010'),
	('SELECT 1 / (NOT arsignup.delete_user(realm(), arsignup.new_id()))::int', '00000'),
	('SELECT 1 / (NOT arsignup.delete_org(realm(), arsignup.new_id()))::int', '00000'),
	('SELECT 1 / (NOT arsignup.delete_membership(realm(), arsignup.new_id()))::int', '00000'),
	('SELECT 1 / (NOT arsignup.delete_user_key(realm(), arsignup.new_id()))::int', '00000'),
	('SELECT 1 / (NOT arsignup.end_session(realm(), arsignup.new_id()))::int', '00000'),
	('SELECT 1 / (NOT arsignup.revoke_api_key(arsignup.new_id()))::int', '00000')) AS v (statement, code);

SELECT * FROM finish();
ROLLBACK;
