-- Fills a database by the functions of its version, and prints the ids of realm and app, and a signup token that is out.
INSERT INTO arsignup.realms (name) VALUES ('Shop') RETURNING id AS realm_id \gset
INSERT INTO arsignup.connected_apps (realm_id, name, slug, login_handler, signup_mode, signup_handler)
VALUES (:'realm_id', 'Shop', 'shop', 'https://shop.example.com/login', 'signup_token', 'https://shop.example.com/signup')
RETURNING id AS app_id \gset
SELECT arsignup.create_user(:'realm_id', 'ada@example.com', 'correct horse battery staple', first_name => 'Ada') AS user_id,
	arsignup.create_org(:'realm_id', 'Analytical Engines') AS org_id \gset
SELECT arsignup.create_membership(:'realm_id', :'user_id', :'org_id', '{owner}') IS NULL,
	arsignup.create_session(:'realm_id', :'user_id') IS NULL,
	arsignup.login(:'app_id', 'ada@example.com', 'correct horse battery staple', '192.0.2.1') IS NULL,
	arsignup.request_password_reset(:'realm_id', 'ada@example.com'),
	arsignup.create_api_key(:'realm_id', 'Shop', '{read,write}') IS NULL \g /dev/null
SELECT arsignup.redeem_signup_token(arsignup.mint_signup_token(:'app_id', 'grace@example.com', 'nine-inch bug in a relay')::arsignup.secret,
	org_name => 'Compilers') IS NULL \g /dev/null
SELECT :'realm_id', :'app_id', arsignup.mint_signup_token(:'app_id', 'alan@example.com', 'the enigma of Bletchley Park', org_name => 'Hut 8');
