-- A realm with the app through which the lane signs people up.

INSERT INTO arsignup.realms (id, name) VALUES (:'realm', 'Shop');
INSERT INTO arsignup.connected_apps (realm_id, id, name, slug, login_handler, signup_mode, logins_enabled)
VALUES (:'realm', :'quiet', 'Quiet', 'quiet', 'https://shop.example.com/login', 'user_org', false);
