-- The database that every lane begins with: a realm with an app for each way of signing up, and :users people in orgs.

CREATE ROLE shop LOGIN IN ROLE arsignup_app;
INSERT INTO arsignup.realms (id, name) VALUES ('00000000-0000-7000-8000-000000000001', 'Shop');
INSERT INTO arsignup.connected_apps (realm_id, id, name, slug, login_handler, signup_handler, signup_mode, logins_enabled)
SELECT '00000000-0000-7000-8000-000000000001', id, initcap(slug), slug, 'https://shop.example.com/login', 'https://shop.example.com/signup', mode, logins
FROM (VALUES
	('00000000-0000-7000-8000-000000000002'::uuid, 'users', 'user', true),
	('00000000-0000-7000-8000-000000000003'::uuid, 'orgs', 'user_org', true),
	('00000000-0000-7000-8000-000000000004'::uuid, 'tokens', 'signup_token', true),
	('00000000-0000-7000-8000-000000000005'::uuid, 'quiet', 'user_org', false)
) AS app (id, slug, mode, logins);
SELECT arsignup.rotate_signing_key('00000000-0000-7000-8000-000000000001') \g /dev/null

-- All have one password, which is hashed once.
SELECT arsignup.hash_password(:'password') AS hash \gset
SELECT count(arsignup.signup('00000000-0000-7000-8000-000000000005', 'person' || n || '@example.com', password_hash => :'hash',
	first_name => 'Ada', last_name => 'Lovelace', org_name => 'Org ' || n))
FROM generate_series(1, :users) AS n \g /dev/null

-- So that rows which others write beside ours come in the order of their ids, too.
GRANT EXECUTE ON FUNCTION arsignup.new_id TO shop;
CREATE ROLE web LOGIN IN ROLE arsignup_web;
