-- Every error that one session can meet, as its user reads it: message, detail, hint, SQLSTATE.
-- What needs a second session (SU007, SU012, 55P03), another key file (SU011) or another server (55000) is tested elsewhere.

SET client_min_messages = warning;
\set ON_ERROR_ROLLBACK on
\pset format unaligned
\pset footer off
\pset null null
BEGIN;

-- A realm where the email is the username, one with usernames, and what is switched off.
\set unknown '''00000000-0000-7000-8000-000000000000'''
\set realm '''00000000-0000-7000-8000-000000000001'''
\set standard '''00000000-0000-7000-8000-000000000002'''
\set closed '''00000000-0000-7000-8000-000000000003'''
\set app '''00000000-0000-7000-8000-000000000011'''
\set standard_app '''00000000-0000-7000-8000-000000000012'''
\set closed_app '''00000000-0000-7000-8000-000000000013'''
\set inactive_app '''00000000-0000-7000-8000-000000000014'''
\set no_signups '''00000000-0000-7000-8000-000000000015'''
\set strict_app '''00000000-0000-7000-8000-000000000016'''
\set leaving_app '''00000000-0000-7000-8000-000000000017'''
\set hash '''$argon2id$v=19$m=19456,t=2,p=1$AAECAwQFBgcICQoLDA0ODw$gIGCg4SFhoeIiYqLjI2Oj5CRkpOUlZaXmJmam5ydnp8'''
\set dear_hash '''$argon2id$v=19$m=4194304,t=2,p=1$AAECAwQFBgcICQoLDA0ODw$gIGCg4SFhoeIiYqLjI2Oj5CRkpOUlZaXmJmam5ydnp8'''
INSERT INTO arsignup.realms (id, name, username_validation, state) VALUES
	(:realm, 'Emails', 'email', 'active'),
	(:standard, 'Usernames', 'standard', 'active'),
	(:closed, 'Closed', 'email', 'inactive');
INSERT INTO arsignup.connected_apps (realm_id, id, name, slug, login_handler, state, signups_enabled, name_field, password_field) VALUES
	(:realm, :app, 'App', 'app', 'https://app.example.com', 'active', NULL, NULL, NULL),
	(:standard, :standard_app, 'App', 'standard', 'https://app.example.com', 'active', NULL, NULL, NULL),
	(:closed, :closed_app, 'App', 'closed', 'https://app.example.com', 'active', NULL, NULL, NULL),
	(:realm, :inactive_app, 'App', 'inactive', 'https://app.example.com', 'inactive', NULL, NULL, NULL),
	(:realm, :no_signups, 'App', 'no-signups', 'https://app.example.com', 'active', false, NULL, NULL),
	(:realm, :strict_app, 'App', 'strict', 'https://app.example.com', 'active', NULL, 'both', 'twice'),
	(:realm, :leaving_app, 'App', 'leaving', 'https://app.example.com', 'active', NULL, NULL, NULL);

-- Ids.
SELECT arsignup.format_id('', :realm); \echo :SQLSTATE
SELECT arsignup.format_id('Realm_1', :realm); \echo :SQLSTATE
SELECT arsignup.parse_id(''); \echo :SQLSTATE
SELECT arsignup.parse_id('rl_zzzzzzzzzzzzzzzzzzzzzz'); \echo :SQLSTATE
SELECT arsignup.format_id('rl', :realm), arsignup.parse_id('rl_' || repeat('0', 22)), arsignup.format_id(NULL, :realm), arsignup.parse_id(NULL);

-- Passwords.
SELECT arsignup.hash_password(NULL); \echo :SQLSTATE
SELECT arsignup.hash_password(''); \echo :SQLSTATE
SELECT arsignup.hash_password(repeat('x', 1025)); \echo :SQLSTATE
SELECT arsignup.hash_password(repeat(E'\u00e9', 513)); \echo :SQLSTATE
SELECT arsignup.hash_password(repeat('x', 100000)); \echo :SQLSTATE
SELECT arsignup.verify_password(NULL, NULL); \echo :SQLSTATE
SELECT arsignup.verify_password('x', 'x'); \echo :SQLSTATE
SELECT arsignup.verify_password(NULL, ''); \echo :SQLSTATE
SELECT arsignup.verify_password('x', :dear_hash); \echo :SQLSTATE
SELECT arsignup.verify_password('x', '$2b$31$R9h/cIPz0gi.URNNX3kh2OPST9/PgBkqquzi.Ss7KIUgO2t0jWMUW'); \echo :SQLSTATE
SELECT arsignup.verify_password('', :hash), arsignup.verify_password(repeat('x', 1025), :hash);
SELECT arsignup.password_strength(NULL); \echo :SQLSTATE
SELECT arsignup.password_strength(''); \echo :SQLSTATE
SELECT arsignup.password_strength(repeat('x', 1025)); \echo :SQLSTATE
SELECT arsignup.password_needs_rehash('x'), arsignup.password_needs_rehash(:hash), arsignup.password_needs_rehash(NULL);

-- Names.
SELECT arsignup.normalize_email('nobody'), arsignup.normalize_username('some body');

-- Users: what leads nowhere, what is switched off.
SELECT arsignup.create_user(NULL, 'ada@example.com'); \echo :SQLSTATE
SELECT arsignup.create_user(:unknown, 'ada@example.com'); \echo :SQLSTATE
SELECT arsignup.create_user(:closed, 'ada@example.com'); \echo :SQLSTATE
-- Everything at once.
SELECT arsignup.create_user(:realm, 'not an address', 'short', 'ada', 'x', E'A\nda', repeat('x', 256), E'x\u202Ex', '[]', 'robot'); \echo :SQLSTATE
SELECT arsignup.create_user(:standard, 'not an address', 'short', 'ada lovelace', 'x', E'A\nda', repeat('x', 256), E'x\u202Ex', '[]', 'robot'); \echo :SQLSTATE
-- One after the other.
SELECT arsignup.create_user(:realm, NULL); \echo :SQLSTATE
SELECT arsignup.create_user(:realm, '  '); \echo :SQLSTATE
SELECT arsignup.create_user(:realm, 'ada@'); \echo :SQLSTATE
SELECT arsignup.create_user(:realm, 'ada@example.com', username => 'ada'); \echo :SQLSTATE
SELECT arsignup.create_user(:realm, 'ada@example.com', ''); \echo :SQLSTATE
SELECT arsignup.create_user(:realm, 'ada@example.com', 'short'); \echo :SQLSTATE
SELECT arsignup.create_user(:realm, 'ada@example.com', repeat('x', 1025)); \echo :SQLSTATE
-- Too easy to guess, and why.
SELECT arsignup.create_user(:realm, 'ada@example.com', 'password'); \echo :SQLSTATE
SELECT arsignup.create_user(:realm, 'ada@example.com', 'P4$$w0rd'); \echo :SQLSTATE
SELECT arsignup.create_user(:realm, 'zyxomma@example.com', 'zyxomma@example.com'); \echo :SQLSTATE
SELECT arsignup.create_user(:realm, 'ada@example.com', 'Emails12'); \echo :SQLSTATE
SELECT arsignup.create_user(:realm, 'ada@example.com', 'vvvvvvvvvv'); \echo :SQLSTATE
SELECT arsignup.create_user(:realm, 'ada@example.com', 'stuvwxyz'); \echo :SQLSTATE
SELECT arsignup.create_user(:realm, 'ada@example.com', 'fghjkl;['); \echo :SQLSTATE
SELECT arsignup.create_user(:realm, 'ada@example.com', '31.12.1999'); \echo :SQLSTATE
SELECT arsignup.create_user(:realm, 'ada@example.com', 'correct horse battery staple', password_hash => :hash); \echo :SQLSTATE
SELECT arsignup.create_user(:realm, 'ada@example.com', password_hash => ''); \echo :SQLSTATE
SELECT arsignup.create_user(:realm, 'ada@example.com', password_hash => '$2x$12$R9h/cIPz0gi.URNNX3kh2OPST9/PgBkqquzi.Ss7KIUgO2t0jWMUW'); \echo :SQLSTATE
SELECT arsignup.create_user(:realm, 'ada@example.com', password_hash => :dear_hash); \echo :SQLSTATE
SELECT arsignup.create_user(:realm, 'ada@example.com', first_name => repeat('x', 255) || E'\t.'); \echo :SQLSTATE
SELECT arsignup.create_user(:realm, 'ada@example.com', custom => '"x"'); \echo :SQLSTATE
SELECT arsignup.create_user(:realm, 'ada@example.com', custom => jsonb_build_object('x', repeat('x', 70000))); \echo :SQLSTATE
SELECT arsignup.create_user(:realm, 'ada@example.com', user_type => ''); \echo :SQLSTATE
SELECT arsignup.create_user(:standard, 'ada@example.com'); \echo :SQLSTATE
SELECT arsignup.create_user(:standard, 'ada@example.com', username => '.ada'); \echo :SQLSTATE
SELECT arsignup.create_user(:standard, NULL, username => 'ada'); \echo :SQLSTATE
-- Taken names; of all faults, those that are more than taken names decide.
SELECT arsignup.create_user(:realm, 'ada@example.com') IS NOT NULL, arsignup.create_user(:standard, 'ada@example.com', username => 'ada') IS NOT NULL;
SELECT arsignup.create_user(:realm, 'ADA@example.com'); \echo :SQLSTATE
SELECT arsignup.create_user(:realm, 'ada@example.com', 'correct horse battery staple'); \echo :SQLSTATE
SELECT arsignup.create_user(:realm, 'ada@example.com', 'short'); \echo :SQLSTATE
SELECT arsignup.create_user(:standard, 'ada@example.com', username => 'grace'); \echo :SQLSTATE
SELECT arsignup.create_user(:standard, 'grace@example.com', username => 'Ada'); \echo :SQLSTATE
SELECT arsignup.create_user(:standard, 'Ada@example.com', username => 'Ada'); \echo :SQLSTATE
SELECT arsignup.create_user(:standard, NULL, username => 'ada', user_type => 'api'); \echo :SQLSTATE

-- Orgs.
SELECT arsignup.create_org(NULL, 'Engines'); \echo :SQLSTATE
SELECT arsignup.create_org(:unknown, 'Engines'); \echo :SQLSTATE
SELECT arsignup.create_org(:closed, 'Engines'); \echo :SQLSTATE
SELECT arsignup.create_org(:realm, NULL); \echo :SQLSTATE
SELECT arsignup.create_org(:realm, ' '); \echo :SQLSTATE
SELECT arsignup.create_org(:realm, repeat('x', 256)); \echo :SQLSTATE
SELECT arsignup.create_org(:realm, E'x\u2066x', repeat('x', 256), '1'); \echo :SQLSTATE

-- Memberships.
SELECT arsignup.create_user(:realm, 'grace@example.com') AS user_id, arsignup.create_org(:realm, 'Engines') AS org_id \gset
SELECT arsignup.create_org(:standard, 'Elsewhere') AS elsewhere \gset
SELECT arsignup.create_membership(NULL, :'user_id', :'org_id'); \echo :SQLSTATE
SELECT arsignup.create_membership(:closed, :'user_id', :'org_id'); \echo :SQLSTATE
SELECT arsignup.create_membership(:realm, NULL, :'org_id'); \echo :SQLSTATE
SELECT arsignup.create_membership(:realm, :unknown, :'org_id'); \echo :SQLSTATE
SELECT arsignup.create_membership(:standard, :'user_id', :'org_id'); \echo :SQLSTATE
SELECT arsignup.create_membership(:realm, :'user_id', :unknown); \echo :SQLSTATE
SELECT arsignup.create_membership(:realm, :'user_id', :'elsewhere'); \echo :SQLSTATE
SELECT arsignup.create_membership(:realm, :'user_id', :'org_id', '{"a permission"}', '-infinity', '[]'); \echo :SQLSTATE
SELECT arsignup.create_membership(:realm, :'user_id', :'org_id', '{NULL}'); \echo :SQLSTATE
SELECT arsignup.create_membership(:realm, :'user_id', :'org_id', (SELECT array_agg('p' || i) FROM generate_series(1, 21) AS i)); \echo :SQLSTATE
SELECT arsignup.create_membership(:realm, :'user_id', :'org_id') IS NOT NULL, arsignup.create_membership(:realm, :'user_id') IS NOT NULL;
SELECT arsignup.create_membership(:realm, :'user_id', :'org_id'); \echo :SQLSTATE
SELECT arsignup.create_membership(:realm, :'user_id'); \echo :SQLSTATE
SAVEPOINT active;
UPDATE arsignup.orgs SET state = 'inactive' WHERE id = :'org_id';
SELECT arsignup.create_membership(:realm, :'user_id', :'org_id'); \echo :SQLSTATE
UPDATE arsignup.users SET state = 'inactive' WHERE id = :'user_id';
SELECT arsignup.create_membership(:realm, :'user_id', :'org_id'); \echo :SQLSTATE
ROLLBACK TO active;

-- Changes: what leads nowhere, what is wrong; nothing of it is done.
SELECT arsignup.update_user(NULL, :'user_id'); \echo :SQLSTATE
SELECT arsignup.update_user(:realm, NULL); \echo :SQLSTATE
SELECT arsignup.update_user(:standard, :'user_id'); \echo :SQLSTATE
SELECT arsignup.update_user(:realm, :'user_id', '', 'x', E'x\u2028x', repeat('x', 256), E'a\tb', '[]', 'gone'); \echo :SQLSTATE
SELECT arsignup.update_user(:realm, :'user_id', username => 'grace'); \echo :SQLSTATE
SELECT arsignup.update_user(:realm, :'user_id', 'Ada@example.com'); \echo :SQLSTATE
SELECT arsignup.update_user(:realm, :'user_id', 'Ada@example.com', state => ''); \echo :SQLSTATE
SELECT arsignup.set_password(NULL, :'user_id', 'x'); \echo :SQLSTATE
SELECT arsignup.set_password(:realm, :unknown, 'x'); \echo :SQLSTATE
SELECT arsignup.set_password(:realm, :'user_id', NULL); \echo :SQLSTATE
SELECT arsignup.set_password(:realm, :'user_id', 'short'); \echo :SQLSTATE
SELECT arsignup.set_password(:realm, :'user_id', 'grace@example.com'); \echo :SQLSTATE
SELECT arsignup.set_password(:realm, :'user_id', 'correct horse battery staple');
SELECT arsignup.set_password_hash(NULL, :'user_id', 'x'); \echo :SQLSTATE
SELECT arsignup.set_password_hash(:realm, :unknown, 'x'); \echo :SQLSTATE
SELECT arsignup.set_password_hash(:realm, :'user_id', NULL); \echo :SQLSTATE
SELECT arsignup.set_password_hash(:realm, :'user_id', 'x'); \echo :SQLSTATE
SELECT arsignup.set_password_hash(:realm, :'user_id', :dear_hash); \echo :SQLSTATE
SELECT arsignup.change_password(:closed, :'user_id', 'x', 'x'); \echo :SQLSTATE
SELECT arsignup.change_password(:realm, :unknown, 'x', 'x'); \echo :SQLSTATE
SELECT arsignup.change_password(:realm, :'user_id', 'correct house battery staple', 'x'), arsignup.change_password(:realm, :'user_id', NULL, NULL);
SELECT arsignup.change_password(:realm, :'user_id', 'correct horse battery staple', 'x'); \echo :SQLSTATE
SELECT arsignup.change_password(:realm, :'user_id', 'correct horse battery staple', NULL); \echo :SQLSTATE
SELECT arsignup.create_user_key(:realm, :'user_id'); \echo :SQLSTATE
SELECT arsignup.create_user_key(:realm, :unknown); \echo :SQLSTATE
SELECT arsignup.authenticate_key(:realm, 'ku_canary'), arsignup.delete_user_key(:realm, :unknown);
SELECT arsignup.delete_user(NULL, :'user_id'); \echo :SQLSTATE
SELECT arsignup.delete_user(:realm, NULL), arsignup.delete_user(:realm, :unknown), arsignup.delete_user(:standard, :'user_id');
SELECT arsignup.update_org(NULL, :'org_id'); \echo :SQLSTATE
SELECT arsignup.update_org(:realm, NULL); \echo :SQLSTATE
SELECT arsignup.update_org(:realm, :'elsewhere'); \echo :SQLSTATE
SELECT arsignup.update_org(:realm, :'org_id', ' ', repeat('x', 256), 'null', 'gone'); \echo :SQLSTATE
SELECT arsignup.delete_org(NULL, :'org_id'); \echo :SQLSTATE
SELECT arsignup.delete_org(:realm, NULL), arsignup.delete_org(:realm, :unknown), arsignup.delete_org(:realm, :'elsewhere');
SELECT id AS membership_id FROM arsignup.memberships WHERE org_id = :'org_id' \gset
SELECT arsignup.update_membership(NULL, :'membership_id'); \echo :SQLSTATE
SELECT arsignup.update_membership(:realm, NULL); \echo :SQLSTATE
SELECT arsignup.update_membership(:standard, :'membership_id'); \echo :SQLSTATE
SELECT arsignup.update_membership(:realm, :'membership_id', '{a b}', '-infinity', '[]'); \echo :SQLSTATE
SELECT arsignup.delete_membership(NULL, :'membership_id'); \echo :SQLSTATE
SELECT arsignup.delete_membership(:realm, NULL), arsignup.delete_membership(:realm, :unknown), arsignup.delete_membership(:standard, :'membership_id');

-- What your own tables refer to stays.
SAVEPOINT referred_to;
CREATE TABLE subscriptions (user_id uuid REFERENCES arsignup.users (id), org_id uuid REFERENCES arsignup.orgs (id));
INSERT INTO subscriptions VALUES (:'user_id', :'org_id');
\set VERBOSITY terse
SELECT arsignup.delete_user(:realm, :'user_id'); \echo :SQLSTATE
SELECT arsignup.delete_org(:realm, :'org_id'); \echo :SQLSTATE
UPDATE arsignup.realms SET state = 'inactive' WHERE id = :realm;
SELECT arsignup.delete_realm(:realm); \echo :SQLSTATE
\set VERBOSITY default
ROLLBACK TO referred_to;

-- Login: what is wrong is an answer.
SELECT arsignup.login(NULL, 'grace@example.com', 'x'); \echo :SQLSTATE
SELECT arsignup.login(:unknown, 'grace@example.com', 'x'); \echo :SQLSTATE
SELECT arsignup.login(:app, 'grace@example.com', 'x'), arsignup.login(:app, 'grace@example.com', NULL), arsignup.login(:app, NULL, NULL), arsignup.login(:app, 'nobody', 'x');
SELECT arsignup.login(:closed_app, 'grace@example.com', 'x'), arsignup.login(:inactive_app, 'grace@example.com', 'correct horse battery staple');
SELECT arsignup.login_again(NULL, 'x'); \echo :SQLSTATE
SELECT arsignup.login_again(:app, NULL), arsignup.login_again(:app, 'x'), arsignup.login_again(:closed_app, 'x');
SELECT arsignup.create_session(NULL, :'user_id'); \echo :SQLSTATE
SELECT arsignup.create_session(:realm, NULL); \echo :SQLSTATE
SELECT arsignup.create_session(:standard, :'user_id'); \echo :SQLSTATE
SELECT arsignup.create_session(:realm, :'user_id', :unknown); \echo :SQLSTATE
SELECT arsignup.create_session(:realm, :'user_id', :standard_app); \echo :SQLSTATE
SELECT arsignup.create_session(:realm, :'user_id', :inactive_app); \echo :SQLSTATE
SELECT arsignup.create_session(:closed, :'user_id'); \echo :SQLSTATE
SAVEPOINT open;
UPDATE arsignup.realms SET logins_enabled = false WHERE id = :realm;
SELECT arsignup.create_session(:realm, :'user_id', :app); \echo :SQLSTATE
SELECT arsignup.login(:app, 'grace@example.com', 'correct horse battery staple');
ROLLBACK TO open;
UPDATE arsignup.users SET state = 'inactive' WHERE id = :'user_id';
SELECT arsignup.create_session(:realm, :'user_id'); \echo :SQLSTATE
SELECT arsignup.change_password(:realm, :'user_id', 'x', 'x'); \echo :SQLSTATE
SELECT arsignup.login(:app, 'grace@example.com', 'correct horse battery staple');
ROLLBACK TO open;
SELECT arsignup.verify_login_token(NULL), arsignup.verify_login_token(''), arsignup.verify_login_token('x'), arsignup.verify_login_token('a.b.c', :realm);
SELECT arsignup.end_session(NULL, :unknown); \echo :SQLSTATE
SELECT arsignup.end_session(:realm, NULL), arsignup.end_session(:realm, :unknown);
SELECT arsignup.end_sessions(:unknown, :'user_id'); \echo :SQLSTATE
SELECT arsignup.end_sessions(:standard, :'user_id'); \echo :SQLSTATE
SELECT arsignup.remember_session(:unknown, :unknown); \echo :SQLSTATE
SELECT arsignup.remember_session(:closed, :unknown); \echo :SQLSTATE
SELECT arsignup.remember_session(:realm, :unknown), arsignup.remember_session(:realm, NULL);
SELECT arsignup.jwks(:unknown); \echo :SQLSTATE
SELECT arsignup.jwks(:closed);
SELECT arsignup.reveal_jwt_key(:unknown); \echo :SQLSTATE
SELECT arsignup.rotate_signing_key(:unknown); \echo :SQLSTATE

-- Cleaning up.
SELECT arsignup.purge_expired(NULL); \echo :SQLSTATE
SELECT arsignup.purge_expired(0); \echo :SQLSTATE
SELECT arsignup.purge_events(NULL, NULL); \echo :SQLSTATE
SELECT arsignup.purge_events('1 day', -1); \echo :SQLSTATE
CALL arsignup.purge(NULL); \echo :SQLSTATE
CALL arsignup.purge('-1 second'); \echo :SQLSTATE
CALL arsignup.purge(); \echo :SQLSTATE
SELECT arsignup.delete_realm(NULL), arsignup.delete_realm(:unknown);
SELECT arsignup.reset_realm(NULL); \echo :SQLSTATE
SELECT arsignup.reset_realm(:realm, 0); \echo :SQLSTATE
SELECT arsignup.delete_realm(:realm); \echo :SQLSTATE

-- Mint: what leads nowhere, what is switched off.
SELECT arsignup.mint_signup_token(NULL, 'bob@example.com', 'correct horse battery staple'); \echo :SQLSTATE
SELECT arsignup.mint_signup_token(:unknown, 'bob@example.com', 'correct horse battery staple'); \echo :SQLSTATE
SELECT arsignup.mint_signup_token(:closed_app, 'bob@example.com', 'correct horse battery staple'); \echo :SQLSTATE
SELECT arsignup.mint_signup_token(:inactive_app, 'bob@example.com', 'correct horse battery staple'); \echo :SQLSTATE
SELECT arsignup.mint_signup_token(:no_signups, 'bob@example.com', 'correct horse battery staple'); \echo :SQLSTATE
-- Everything at once.
SELECT arsignup.mint_signup_token(:strict_app, 'not an address', 'short', 'bob', 'bob@example.com', 'long', E'B\nob', repeat('x', 256), E'x\u0085x', '[]', '0', 'x'); \echo :SQLSTATE
SELECT arsignup.mint_signup_token(:strict_app, NULL, '', 'bob', 'bob@example.com', NULL, '', NULL, ' ', 'null', '367 days', 'x'); \echo :SQLSTATE
-- One after the other.
SELECT arsignup.mint_signup_token(:app, NULL, 'correct horse battery staple'); \echo :SQLSTATE
SELECT arsignup.mint_signup_token(:app, 'bob', 'correct horse battery staple'); \echo :SQLSTATE
SELECT arsignup.mint_signup_token(:app, 'bob@example.com'); \echo :SQLSTATE
SELECT arsignup.mint_signup_token(:app, 'bob@example.com', 'short'); \echo :SQLSTATE
SELECT arsignup.mint_signup_token(:app, 'bob@example.com', repeat('x', 1025)); \echo :SQLSTATE
SELECT arsignup.mint_signup_token(:app, 'bob@example.com', 'correct horse battery staple', email_confirmation => 'bob@example.org'); \echo :SQLSTATE
SELECT arsignup.mint_signup_token(:app, 'bob@example.com', 'correct horse battery staple', email_confirmation => ''); \echo :SQLSTATE
SELECT arsignup.mint_signup_token(:app, 'bob@example.com', 'correct horse battery staple', password_confirmation => 'correct house battery staple'); \echo :SQLSTATE
SELECT arsignup.mint_signup_token(:app, 'bob@example.com', 'correct horse battery staple', password_confirmation => ''); \echo :SQLSTATE
SELECT arsignup.mint_signup_token(:app, 'bob@example.com', 'correct horse battery staple', password_hash => :hash); \echo :SQLSTATE
SELECT arsignup.mint_signup_token(:app, 'bob@example.com', password_hash => 'x'); \echo :SQLSTATE
SELECT arsignup.mint_signup_token(:app, 'bob@example.com', 'correct horse battery staple', ttl => '-1 second'); \echo :SQLSTATE
SELECT arsignup.mint_signup_token(:app, 'bob@example.com', 'correct horse battery staple', ttl => '366 days 1 second'); \echo :SQLSTATE
SELECT arsignup.mint_signup_token(:app, 'bob@example.com', 'correct horse battery staple', org_name => repeat('x', 256)); \echo :SQLSTATE
SELECT arsignup.mint_signup_token(:strict_app, 'bob@example.com', 'correct horse battery staple'); \echo :SQLSTATE
UPDATE arsignup.connected_apps SET name_field = 'required' WHERE id = :strict_app; -- N4
SELECT arsignup.mint_signup_token(:strict_app, 'bob@example.com', 'correct horse battery staple', last_name => ' '); \echo :SQLSTATE
UPDATE arsignup.connected_apps SET name_field = 'both' WHERE id = :strict_app;
SELECT arsignup.mint_signup_token(:strict_app, 'bob@example.com', 'correct horse battery staple', first_name => 'Bob', last_name => 'Beck', password_confirmation => NULL); \echo :SQLSTATE
SELECT arsignup.mint_signup_token(:standard_app, 'bob@example.com', 'correct horse battery staple'); \echo :SQLSTATE
SELECT arsignup.mint_signup_token(:standard_app, 'bob@example.com', 'correct horse battery staple', username => 'bob@example.org'); \echo :SQLSTATE
-- Taken names.
SELECT arsignup.mint_signup_token(:app, 'Ada@Example.com', 'correct horse battery staple'); \echo :SQLSTATE
SELECT arsignup.mint_signup_token(:app, 'Ada@Example.com', 'short'); \echo :SQLSTATE
SELECT arsignup.mint_signup_token(:standard_app, 'Ada@Example.com', 'correct horse battery staple', username => 'ADA'); \echo :SQLSTATE

-- Signup: as a mint, and as the app's mode says.
SELECT arsignup.signup(NULL, 'bob@example.com', 'correct horse battery staple'); \echo :SQLSTATE
SELECT arsignup.signup(:unknown, 'bob@example.com', 'correct horse battery staple'); \echo :SQLSTATE
SELECT arsignup.signup(:closed_app, 'bob@example.com', 'correct horse battery staple'); \echo :SQLSTATE
SELECT arsignup.signup(:inactive_app, 'bob@example.com', 'correct horse battery staple'); \echo :SQLSTATE
SELECT arsignup.signup(:no_signups, 'bob@example.com', 'correct horse battery staple'); \echo :SQLSTATE
SELECT arsignup.signup(:strict_app, 'not an address', 'short', 'bob', 'bob@example.com', 'long', E'B\nob', repeat('x', 256), E'x\u0085x', '[]', NULL, NULL, 'x'); \echo :SQLSTATE
SELECT arsignup.signup(:app, NULL); \echo :SQLSTATE
SELECT arsignup.signup(:app, 'bob@example.com', 'bob@example.com'); \echo :SQLSTATE
SELECT arsignup.signup(:app, 'Ada@Example.com', 'correct horse battery staple'); \echo :SQLSTATE
SELECT arsignup.signup(:app, 'Ada@Example.com', password_hash => :hash); \echo :SQLSTATE
SELECT arsignup.signup(:standard_app, 'Ada@Example.com', 'short', 'ADA'); \echo :SQLSTATE
SAVEPOINT asked;
UPDATE arsignup.connected_apps SET signup_mode = 'user_org', org_name_field = 'required' WHERE id = :app;
SELECT arsignup.signup(:app, 'bob@example.com', password_hash => :hash, org_name => ' '); \echo :SQLSTATE
ROLLBACK TO asked;

-- Tokens that lead nowhere.
SELECT 'utk_' || repeat('A', 64) AS no_token \gset
SELECT arsignup.mint_signup_token(:app, 'bob@example.com', password_hash => :hash) AS token \gset
SELECT arsignup.get_signup_token(NULL);
SELECT arsignup.get_signup_token('x');
SELECT arsignup.get_signup_token(:'no_token');
SELECT arsignup.get_signup_token(:'token', :standard);
SELECT arsignup.redeem_signup_token(NULL); \echo :SQLSTATE
SELECT arsignup.redeem_signup_token('x'); \echo :SQLSTATE
SELECT arsignup.redeem_signup_token(:'no_token'); \echo :SQLSTATE
SELECT arsignup.redeem_signup_token(:'token', realm_id => :standard); \echo :SQLSTATE
SELECT arsignup.revoke_signup_token(NULL); \echo :SQLSTATE
SELECT arsignup.revoke_signup_token('x'); \echo :SQLSTATE
SELECT arsignup.revoke_signup_token(:'no_token'); \echo :SQLSTATE
SELECT arsignup.revoke_signup_token(:'token', :standard); \echo :SQLSTATE

-- Redeem: wrong input leaves the token as it was; so does what is switched off.
SELECT arsignup.redeem_signup_token(:'token', E'x\u2028x', repeat('x', 256), '[]'); \echo :SQLSTATE
SELECT arsignup.redeem_signup_token(:'token', custom => jsonb_build_object('x', repeat('x', 70000))); \echo :SQLSTATE
SAVEPOINT active;
UPDATE arsignup.connected_apps SET state = 'inactive' WHERE id = :app;
SELECT arsignup.redeem_signup_token(:'token'); \echo :SQLSTATE
UPDATE arsignup.realms SET state = 'inactive' WHERE id = :realm;
SELECT arsignup.redeem_signup_token(:'token'); \echo :SQLSTATE
ROLLBACK TO active;
SELECT state FROM arsignup.get_signup_token(:'token');

-- Taken meanwhile.
SELECT arsignup.mint_signup_token(:app, 'Bob@example.com', password_hash => :hash) AS second_token \gset
SELECT arsignup.mint_signup_token(:standard_app, 'bob@example.com', password_hash => :hash, username => 'bob') AS standard_token \gset
SELECT arsignup.create_user(:standard, 'bob@example.com', username => 'Bob') IS NOT NULL;
SELECT signup_mode FROM arsignup.redeem_signup_token(:'token');
SELECT arsignup.redeem_signup_token(:'second_token'); \echo :SQLSTATE
SELECT arsignup.redeem_signup_token(:'standard_token'); \echo :SQLSTATE
SELECT state FROM arsignup.get_signup_token(:'second_token');

-- Redeemed; the user's id is what a program reads.
UPDATE arsignup.signup_tokens SET user_id = :realm WHERE user_id IS NOT NULL;
SELECT arsignup.redeem_signup_token(:'token'); \echo :SQLSTATE
SELECT arsignup.revoke_signup_token(:'token');

-- Revoked.
SELECT arsignup.revoke_signup_token(:'second_token'), arsignup.revoke_signup_token(:'second_token');
SELECT arsignup.redeem_signup_token(:'second_token'); \echo :SQLSTATE
SELECT state FROM arsignup.get_signup_token(:'second_token');

-- Expired.
SELECT arsignup.mint_signup_token(:app, 'eve@example.com', password_hash => :hash, ttl => '1 microsecond') AS expired_token \gset
SELECT arsignup.redeem_signup_token(:'expired_token'); \echo :SQLSTATE
SELECT arsignup.revoke_signup_token(:'expired_token');
SELECT state FROM arsignup.get_signup_token(:'expired_token');

-- The app is gone.
SELECT arsignup.mint_signup_token(:leaving_app, 'eve@example.com', password_hash => :hash) AS lost_token \gset
DELETE FROM arsignup.connected_apps WHERE id = :leaving_app;
SELECT arsignup.redeem_signup_token(:'lost_token'); \echo :SQLSTATE
SELECT arsignup.hold_signup_token(:'lost_token'); \echo :SQLSTATE

-- Holds.
SELECT arsignup.mint_signup_token(:standard_app, 'eve@example.com', password_hash => :hash, username => 'Eve') AS held_token,
	arsignup.mint_signup_token(:standard_app, 'Eve@example.com', password_hash => :hash, username => 'eve') AS rival_token,
	arsignup.mint_signup_token(:app, 'eve@example.com', password_hash => :hash) AS elsewhere_token \gset
SELECT arsignup.hold_signup_token(NULL); \echo :SQLSTATE
SELECT arsignup.hold_signup_token('x'); \echo :SQLSTATE
SELECT arsignup.hold_signup_token('sgn_' || repeat('0', 44)); \echo :SQLSTATE
SELECT arsignup.hold_signup_token(:'no_token'); \echo :SQLSTATE
SELECT arsignup.hold_signup_token(:'held_token', realm_id => :realm); \echo :SQLSTATE
SELECT arsignup.hold_signup_token(:'held_token', replaces => 'x'); \echo :SQLSTATE
SELECT arsignup.hold_signup_token(:'held_token', replaces => :'elsewhere_token'); \echo :SQLSTATE
SELECT arsignup.hold_signup_token(:'expired_token'); \echo :SQLSTATE
SELECT arsignup.hold_signup_token(:'second_token'); \echo :SQLSTATE
SELECT arsignup.hold_signup_token(:'token'); \echo :SQLSTATE
SELECT arsignup.hold_signup_token(:'held_token', replaces => :'token'); \echo :SQLSTATE
SELECT arsignup.hold_signup_token(:'held_token', NULL); \echo :SQLSTATE
SELECT arsignup.hold_signup_token(:'held_token', '0'); \echo :SQLSTATE
SELECT arsignup.hold_signup_token(:'held_token', '30 days 1 second'); \echo :SQLSTATE
UPDATE arsignup.realms SET longest_hold = '90 minutes' WHERE id = :standard;
SELECT arsignup.hold_signup_token(:'held_token', '2 hours'); \echo :SQLSTATE
SELECT user_id IS NOT NULL FROM arsignup.hold_signup_token(:'held_token', '90 minutes');
SELECT state FROM arsignup.get_signup_token(:'held_token');
-- What is left of the time is not the same twice.
CREATE FUNCTION pg_temp.said(statement text, OUT code text, OUT message text, OUT detail text) LANGUAGE plpgsql AS $$
BEGIN
	EXECUTE statement;
EXCEPTION WHEN OTHERS THEN
	GET STACKED DIAGNOSTICS code = RETURNED_SQLSTATE, message = MESSAGE_TEXT, detail = PG_EXCEPTION_DETAIL;
	detail := regexp_replace(detail, 'retry_after": (5400|53[0-9][0-9])', 'retry_after": SECONDS');
END
$$;
SELECT * FROM pg_temp.said(format('SELECT arsignup.hold_signup_token(%L)', :'rival_token'));
SELECT * FROM pg_temp.said(format('SELECT arsignup.redeem_signup_token(%L)', :'rival_token'));
SELECT * FROM pg_temp.said(format('SELECT arsignup.create_user(%L, ''eva@example.com'', username => ''EVE'')', :standard));
SELECT * FROM pg_temp.said(format('SELECT arsignup.create_user(%L, ''x'', username => ''EVE'')', :standard));
SELECT arsignup.mint_signup_token(:standard_app, 'eve@example.com', password_hash => :hash, username => 'eve') IS NOT NULL AS minted;
SELECT arsignup.revoke_signup_token(:'held_token');
SELECT arsignup.hold_signup_token(:'held_token'); \echo :SQLSTATE

-- Configuration: a realm that holds users, rows that hang together, names that are taken.
DELETE FROM arsignup.realms WHERE id = :realm; \echo :SQLSTATE
UPDATE arsignup.realms SET id = :unknown WHERE id = :realm; \echo :SQLSTATE
UPDATE arsignup.realms SET username_validation = 'standard' WHERE id = :realm; \echo :SQLSTATE
UPDATE arsignup.realms SET require_unique_emails = false WHERE id = :realm;
UPDATE arsignup.realms SET require_unique_emails = true WHERE id = :realm; \echo :SQLSTATE
DELETE FROM arsignup.realms WHERE id = :closed; \echo :SQLSTATE
INSERT INTO arsignup.connected_apps (realm_id, name, slug, login_handler) VALUES (:unknown, 'App', 'another', 'https://app.example.com'); \echo :SQLSTATE
INSERT INTO arsignup.connected_apps (realm_id, name, slug, login_handler) VALUES (:realm, 'App', 'standard', 'https://app.example.com'); \echo :SQLSTATE
UPDATE arsignup.connected_apps SET slug = 'standard' WHERE id = :app; \echo :SQLSTATE
INSERT INTO arsignup.app_routes VALUES ('host', 'app.example.com', :realm, :app);
INSERT INTO arsignup.app_routes VALUES ('host', 'app.example.com', :standard, :standard_app); \echo :SQLSTATE
INSERT INTO arsignup.app_routes VALUES ('slug', 'mine', :realm, :app); \echo :SQLSTATE
UPDATE arsignup.app_routes SET name = 'mine' WHERE name = 'app'; \echo :SQLSTATE
UPDATE arsignup.app_routes SET kind = 'slug' WHERE kind = 'host'; \echo :SQLSTATE
DELETE FROM arsignup.app_routes; \echo :SQLSTATE

-- Configuration that is wrong: the constraint's name says why. The row itself is left out here.
\set VERBOSITY terse
UPDATE arsignup.realms SET name = '';
UPDATE arsignup.realms SET state = 'open';
UPDATE arsignup.realms SET username_validation = 'none' WHERE id = :closed;
UPDATE arsignup.realms SET signup_mode = 'org';
UPDATE arsignup.realms SET name_field = 'twice';
UPDATE arsignup.realms SET org_name_field = 'twice';
UPDATE arsignup.realms SET password_field = 'optional';
UPDATE arsignup.realms SET default_permissions = '{a b}';
UPDATE arsignup.realms SET default_permissions = '{NULL}';
UPDATE arsignup.realms SET signup_token_ttl = '0';
UPDATE arsignup.realms SET signup_token_ttl = '367 days';
UPDATE arsignup.realms SET password_min_length = 0;
UPDATE arsignup.realms SET password_min_score = 5;
UPDATE arsignup.realms SET session_type = 'endless';
UPDATE arsignup.realms SET session_minutes = 0;
UPDATE arsignup.realms SET jwt_alg = 'none';
UPDATE arsignup.realms SET jwt_fields = '{password}';
UPDATE arsignup.realms SET sso = 'magic';
UPDATE arsignup.realms SET email_verification = 'verified';
UPDATE arsignup.realms SET custom = '[]';
UPDATE arsignup.realms SET name = NULL;
UPDATE arsignup.connected_apps SET name = '';
UPDATE arsignup.connected_apps SET slug = 'App' WHERE id = :app;
UPDATE arsignup.connected_apps SET slug = 'login' WHERE id = :app;
UPDATE arsignup.connected_apps SET slug = 'arsignup-errors' WHERE id = :app;
UPDATE arsignup.connected_apps SET state = 'open';
UPDATE arsignup.connected_apps SET login_handler = 'http://example.com';
UPDATE arsignup.connected_apps SET login_handler = NULL;
UPDATE arsignup.connected_apps SET signup_handler = 'javascript:alert(1)';
UPDATE arsignup.connected_apps SET redirect_uris = '{https://example.com,//example.com}';
UPDATE arsignup.connected_apps SET redirect_uris = '{NULL}';
UPDATE arsignup.connected_apps SET allowed_origins = '{https://example.com/}';
UPDATE arsignup.connected_apps SET allowed_origins = '{https://example.com:443}';
UPDATE arsignup.connected_apps SET allowed_origins = '{NULL}';
UPDATE arsignup.connected_apps SET external_css = '/style.css';
UPDATE arsignup.connected_apps SET signup_mode = 'org';
UPDATE arsignup.connected_apps SET name_field = 'twice';
UPDATE arsignup.connected_apps SET org_name_field = 'twice';
UPDATE arsignup.connected_apps SET password_field = 'optional';
UPDATE arsignup.connected_apps SET default_permissions = '{""}';
INSERT INTO arsignup.app_routes VALUES ('path', '/app', :realm, :app);
INSERT INTO arsignup.app_routes VALUES ('host', 'App.example.com', :realm, :app);
\set VERBOSITY default

-- Settings. The range that a message names is written in two ways by the versions.
SET arsignup.hash_waits = 1; \echo :SQLSTATE
SET arsignup.hash_slots = 4; \echo :SQLSTATE
\set VERBOSITY sqlstate
SET arsignup.argon2_memory = '19455kB';
SET arsignup.argon2_iterations = 1;
SET arsignup.lock_timeout = -1;
\set VERBOSITY default
SET LOCAL ROLE arsignup_app;
SET arsignup.argon2_memory = 19457; \echo :SQLSTATE

-- Privileges of an application, and of somebody else.
SELECT * FROM arsignup.credentials; \echo :SQLSTATE
SELECT * FROM arsignup.signup_tokens; \echo :SQLSTATE
INSERT INTO arsignup.realms (name) VALUES ('Mine'); \echo :SQLSTATE
UPDATE arsignup.users SET state = 'active'; \echo :SQLSTATE
SELECT arsignup.stats(); \echo :SQLSTATE
SELECT arsignup.check_settings(); \echo :SQLSTATE
SELECT arsignup.reveal_jwt_key(:realm); \echo :SQLSTATE
SELECT arsignup.rotate_signing_key(:realm); \echo :SQLSTATE
SELECT arsignup.delete_realm(:realm); \echo :SQLSTATE
SELECT arsignup.purge_expired(); \echo :SQLSTATE
SELECT arsignup.purge_events('1 day'); \echo :SQLSTATE
SET LOCAL ROLE arsignup_admin;
SELECT digest FROM arsignup.signup_tokens; \echo :SQLSTATE
SELECT password_hash FROM arsignup.signup_tokens; \echo :SQLSTATE
SELECT cookie_digest FROM arsignup.sessions; \echo :SQLSTATE
SELECT sealed_key FROM arsignup.signing_keys; \echo :SQLSTATE
DELETE FROM arsignup.realms; \echo :SQLSTATE
RESET ROLE;
CREATE ROLE regress_arsignup_guest;
SET LOCAL ROLE regress_arsignup_guest;
SELECT * FROM arsignup.users; \echo :SQLSTATE
SELECT arsignup.hash_password('x'); \echo :SQLSTATE
SELECT arsignup.create_user(:realm, 'mallory@example.com'); \echo :SQLSTATE
SELECT arsignup.mint_signup_token(:app, 'mallory@example.com', 'x'); \echo :SQLSTATE
SELECT arsignup.redeem_signup_token('x'); \echo :SQLSTATE
SELECT arsignup.login(:app, 'mallory@example.com', 'x'); \echo :SQLSTATE
SELECT arsignup.verify_login_token('x'); \echo :SQLSTATE
RESET ROLE;

-- Where a function does not belong.
SELECT arsignup.guard_realm(); \echo :SQLSTATE
SELECT arsignup.guard_slug(); \echo :SQLSTATE
SELECT arsignup.note_change(); \echo :SQLSTATE
SELECT arsignup.route_slug(); \echo :SQLSTATE

-- Where nothing may be written: a transaction, and everything on a standby.
SELECT arsignup.mint_signup_token(:app, 'eve@example.com', password_hash => :hash) AS token \gset
\set ON_ERROR_ROLLBACK off
\set SHOW_CONTEXT never
SAVEPOINT writable;
SET LOCAL transaction_read_only = on;
SELECT state FROM arsignup.get_signup_token(:'token');
SELECT arsignup.verify_login_token('x');
SELECT arsignup.create_user(:realm, 'eve@example.com'); \echo :SQLSTATE
ROLLBACK TO writable;
SET LOCAL transaction_read_only = on;
SELECT arsignup.login(:app, 'grace@example.com', 'correct horse battery staple'); \echo :SQLSTATE
ROLLBACK TO writable;
SET LOCAL transaction_read_only = on;
SELECT arsignup.create_session(:realm, :'user_id'); \echo :SQLSTATE
ROLLBACK TO writable;
SET LOCAL transaction_read_only = on;
SELECT arsignup.create_org(:realm, 'Engines'); \echo :SQLSTATE
ROLLBACK TO writable;
SET LOCAL transaction_read_only = on;
SELECT arsignup.create_membership(:realm, :'user_id', :'org_id'); \echo :SQLSTATE
ROLLBACK TO writable;
SET LOCAL transaction_read_only = on;
SELECT arsignup.mint_signup_token(:app, 'eve@example.com', password_hash => :hash); \echo :SQLSTATE
ROLLBACK TO writable;
SET LOCAL transaction_read_only = on;
SELECT arsignup.redeem_signup_token(:'token'); \echo :SQLSTATE
ROLLBACK TO writable;
SET LOCAL transaction_read_only = on;
SELECT arsignup.hold_signup_token(:'token'); \echo :SQLSTATE
ROLLBACK TO writable;
SET LOCAL transaction_read_only = on;
SELECT arsignup.revoke_signup_token(:'token'); \echo :SQLSTATE
ROLLBACK;

-- What the log is told, and a person is not: no statement, and no DETAIL, which could be a whole row.
BEGIN;
SET LOCAL client_min_messages = log;
INSERT INTO arsignup.realms (id, name, username_validation) VALUES (:realm, 'Emails', 'email');
INSERT INTO arsignup.connected_apps (realm_id, id, name, slug, login_handler) VALUES (:realm, :app, 'App', 'app', 'https://app.example.com');
ALTER TABLE arsignup.users ADD CONSTRAINT nobody CHECK (email IS NULL);
SELECT set_config('request.headers', '{"x-arsignup-method": "POST", "x-arsignup-uri": "/app/signup", "x-arsignup-content-type": "application/x-www-form-urlencoded"}', true) \g /dev/null
SELECT convert_from(arsignup_web.handle('email=eve@example.com&password=correct horse battery staple'), 'UTF8') ~ 'does not take this' AS refused, current_setting('response.status') AS status;
ROLLBACK;
