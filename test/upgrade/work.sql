-- What applications, administrators and the web do in a database that people.sql has filled; ends at the first error.
SELECT realm_id, id AS app_id FROM arsignup.connected_apps WHERE slug = 'shop' \gset
SELECT id AS ada FROM arsignup.users WHERE email = 'ada@example.com' \gset

SET ROLE arsignup_app;
SELECT token FROM arsignup.signup(:'app_id', email => :'person' || '@example.com', password => :'password') \gset
SELECT state FROM arsignup.get_signup_token(:'token') \gset
BEGIN;
SELECT user_id, org_id FROM arsignup.redeem_signup_token(:'token', org_name => :'person') \gset
COMMIT;
SELECT 1 / (email = :'person' || '@example.com')::int FROM arsignup.users WHERE id = :'user_id';
SELECT token, ok FROM arsignup.login(:'app_id', 'ada@example.com', :'password', '192.0.2.1') \gset
SELECT 1 / (arsignup.verify_login_token(:'token') IS NOT NULL)::int;
SELECT token FROM arsignup.create_session(:'realm_id', :'user_id', :'app_id') \gset
SELECT arsignup.end_sessions(:'realm_id', :'user_id');
SELECT arsignup.create_org(:'realm_id', :'person' || ' Ltd') AS org_id \gset
SELECT arsignup.create_membership(:'realm_id', :'user_id', :'org_id', '{owner}') AS membership_id \gset
SELECT arsignup.update_user(:'realm_id', :'user_id', first_name => 'New');
SELECT arsignup.set_password(:'realm_id', :'user_id', 'a rather long password, isn''t it');
SELECT arsignup.request_password_reset(:'realm_id', :'person' || '@example.com');
SELECT count(*) FROM arsignup.claim_events('{user.created,user.password_token.created}');
SELECT arsignup.export_user(:'realm_id', :'user_id') IS NULL;
SELECT arsignup.delete_user(:'realm_id', :'user_id');
RESET ROLE;

SET ROLE arsignup_admin;
SELECT arsignup.rotate_signing_key(:'realm_id');
SELECT count(*) FROM arsignup.check_settings();
SELECT arsignup.purge_expired();
RESET ROLE;

SET ROLE arsignup_web;
SELECT 1 / (arsignup_web.login_page('shop')::text LIKE '%Password%')::int;
SELECT 1 / (arsignup_web.signup_page('shop')::text LIKE '%Password%')::int;
SELECT length(arsignup_web.login('shop', login => 'ada@example.com', password => :'password')::text);
RESET ROLE;
