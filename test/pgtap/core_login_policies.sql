-- Connected apps over the Core API: who may do what, what is told, what is refused; their slugs and hosts.
BEGIN;
\ir include/setup.psql
\ir include/core.psql
SELECT no_plan();

INSERT INTO key VALUES
	('none', ''),
	('all', arsignup.create_api_key(realm(), 'all', '{read,write,admin}')),
	('read', arsignup.create_api_key(realm(), 'read', '{read}')),
	('weak', arsignup.create_api_key(realm(), 'weak', '{read,write}')),
	('other', arsignup.create_api_key(realm('other'), 'other', '{read,write,admin}')),
	('everywhere', arsignup.create_api_key(NULL, 'everywhere', '{read,admin}'));
-- A name that no other session has.
CREATE FUNCTION own(name text) RETURNS text LANGUAGE sql AS $$ SELECT name || pg_backend_pid() $$;
CREATE FUNCTION routes(id text) RETURNS text[] LANGUAGE sql AS $$
	SELECT array_agg(r.kind || ' ' || r.name ORDER BY r.kind, r.name) FROM arsignup.app_routes AS r WHERE r.connected_app_id = arsignup.parse_id(routes.id)
$$;
\set denied '{"error": "Access denied. The API key is missing, or does not permit this."}'
\set absent '{"error": "Not found."}'

---------------------------------------------------------------------------------------------------
-- Connecting
---------------------------------------------------------------------------------------------------

SELECT json AS made, json ->> 'id' AS id, json ->> 'subdomain' AS slug
FROM ask('POST /v1/login_policies', '{"login_policy": {"name": "Käse & Co: the shop", "login_handler": "https://shop.example.com/in"}}') \gset
SELECT is(:'made'::jsonb - ARRAY['id', 'created_at', 'subdomain'], jsonb_build_object('object', 'login_policy', 'realm_id', arsignup.format_id('rl', realm()), 'name', 'Käse & Co: the shop', 'state', 'active',
	'login_handler', 'https://shop.example.com/in') || '{"base_domain": null, "custom_domains": [], "domains": [], "primary_domain": null, "signup_handler": null, "redirect_uris": [], "allowed_origins": [],
	"header": null, "footer": null, "external_css": null, "signup_mode": null, "name_field": null, "org_name_field": null, "password_field": null, "default_permissions": null, "logins_enabled": null,
	"signups_enabled": null}', 'an app as it is made');
SELECT matches(:'id'::text, '^lpl_[0-9A-Za-z]{22}$', 'its id');
SELECT matches(:'slug'::text, '^k-se-co-the-shop-[b-z0-9]{6}$', 'its subdomain is of its name');
SELECT is(routes(:'id'), ARRAY['slug ' || :'slug'], 'and leads to it');
SELECT answers('GET /v1/login_policies/' || :'id', '', 200, :'made', 'it is read the same');
SELECT answers('GET /v1/login_policies/' || :'id', '', 200, :'made', 'by who may only read', 'read');
SELECT isnt((ask('POST /v1/login_policies', '{"login_policy": {"name": "Null", "subdomain": null, "login_handler": "https://shop.example.com/"}}')).json ->> 'subdomain', NULL, 'also where it is null');
SELECT isnt((ask('POST /v1/login_policies', jsonb_build_object('login_policy', jsonb_build_object('name', name, 'login_handler', 'https://shop.example.com/'))::text)).status, 422, 'a subdomain is made of ' || left(name, 20))
FROM unnest(ARRAY['Käse & Co: the shop', 'login', 'v1', '漢字', '-', repeat('x', 255), 'arsignup errors']) AS name;
SELECT tells('POST /v1/login_policies', jsonb_build_object('login_policy', jsonb_build_object('name', 'Full', 'state', 'inactive', 'subdomain', 'full' || pg_backend_pid(), 'custom_domains', ARRAY[own('B') || '.Example.com', own('a') || '.example.com'],
	'primary_domain', own('a') || '.example.com', 'login_handler', 'http://127.0.0.1:3000/', 'signup_handler', 'https://a.example.com/up', 'redirect_uris', ARRAY['https://a.example.com/'], 'allowed_origins', ARRAY['https://b.example.com'],
	'header', '<h1>"Hi"</h1>', 'footer', '<p>Bye</p>', 'external_css', 'https://a.example.com/x.css', 'signup_mode', 'signup_token', 'name_field', 'both', 'org_name_field', 'hidden', 'password_field', 'twice',
	'default_permissions', ARRAY['a:*'], 'logins_enabled', false, 'signups_enabled', true, 'id', 'lpl_x', 'object', 'x'))::text, 201,
	jsonb_build_object('name', 'Full', 'state', 'inactive', 'subdomain', 'full' || pg_backend_pid(), 'custom_domains', ARRAY[own('a') || '.example.com', own('b') || '.example.com'], 'primary_domain', own('a') || '.example.com',
	'domains', ARRAY[own('a') || '.example.com', own('b') || '.example.com'], 'header', '<h1>"Hi"</h1>', 'footer', '<p>Bye</p>', 'default_permissions', ARRAY['a:*'], 'logins_enabled', false, 'signups_enabled', true,
	'signup_mode', 'signup_token', 'name_field', 'both', 'org_name_field', 'hidden', 'password_field', 'twice', 'external_css', 'https://a.example.com/x.css', 'allowed_origins', ARRAY['https://b.example.com']), 'every setting');
SELECT tells('POST /v1/login_policies', 'login_policy[name]=Form&login_policy[login_handler]=https://a.example.com/&login_policy[redirect_uris][]=https://a.example.com/x&login_policy[logins_enabled]=false', 201,
	'{"name": "Form", "redirect_uris": ["https://a.example.com/x"], "logins_enabled": false}', 'as a form', 'all', '{"x-arsignup-content-type": "application/x-www-form-urlencoded"}');

---------------------------------------------------------------------------------------------------
-- What is refused
---------------------------------------------------------------------------------------------------

SELECT refuses('POST /v1/login_policies', '{"login_policy": {}}', 422, '{"name": ["Name can''t be blank."], "login_handler": ["Login handler can''t be blank."]}', 'nothing');
SELECT refuses('POST /v1/login_policies', jsonb_build_object('login_policy', jsonb_build_object('name', repeat('x', 256), 'state', 'x', 'subdomain', 'Shop_1', 'custom_domains', ARRAY['127.0.0.1', 'ok.example.com'],
	'primary_domain', 'none.example.com', 'login_handler', 'http://shop.example.com/', 'signup_handler', 'javascript:alert(1)', 'redirect_uris', ARRAY['x'], 'allowed_origins', ARRAY['x'], 'external_css', '/x.css',
	'signup_mode', 'x', 'name_field', 'x', 'org_name_field', 'x', 'password_field', 'x', 'default_permissions', ARRAY['a b']))::text, 422,
	'{"name": ["Name must have 1 to 255 characters, not \"xxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxx...\"."], "state": ["State must be active or inactive, not \"x\"."],
	"subdomain": ["Subdomain must be 1 to 63 of a to z 0 to 9 and inner hyphens, not \"Shop_1\"."], "custom_domains": ["Domain \"127.0.0.1\" is not a host name."], "primary_domain": ["Primary domain must be one of the custom domains."],
	"login_handler": ["Login handler must be a safe url, not \"http://shop.example.com/\"."], "signup_handler": ["Signup handler must be a safe url, not \"javascript:alert(1)\"."],
	"redirect_uris": ["Redirect uris must be safe urls, not \"x\"."], "allowed_origins": ["Allowed origins must be origins, not \"x\"."], "external_css": ["External css must be a safe url, not \"/x.css\"."],
	"signup_mode": ["Signup mode must be user, user_org or signup_token, not \"x\"."], "name_field": ["Name field must be required, both, optional or hidden, not \"x\"."],
	"org_name_field": ["Org name field must be required, optional or hidden, not \"x\"."], "password_field": ["Password field must be once or twice, not \"x\"."],
	"default_permissions": ["Default permissions must be at most 20 of 1 to 62 characters, not \"a b\"."]}', 'all that is wrong, at once');
SELECT refuses('POST /v1/login_policies', '{"login_policy": {"name": "x", "login_handler": "https://a.example.com/", "subdomain": "login"}}', 422, '{"subdomain": ["Subdomain must be no page, not \"login\"."]}', 'a slug that is a page');

-- What leads to an app leads to no other, and whose it is, is not told.
SELECT json ->> 'id' AS theirs FROM ask('POST /v1/login_policies', jsonb_build_object('login_policy', jsonb_build_object('name', 'Theirs', 'login_handler', 'https://a.example.com/', 'subdomain', own('theirs'),
	'custom_domains', ARRAY[own('theirs') || '.example.com']))::text, 'other') \gset
SELECT refuses('POST /v1/login_policies', jsonb_build_object('login_policy', jsonb_build_object('name', 'x', 'login_handler', 'https://a.example.com/', 'subdomain', own('theirs')))::text, 422,
	'{"subdomain": ["Subdomain is already taken."]}', 'a slug of another realm''s app');
SELECT refuses('PUT /v1/login_policies/' || :'id', jsonb_build_object('login_policy', jsonb_build_object('subdomain', own('theirs'), 'custom_domains', ARRAY[own('theirs') || '.example.com', own('new') || '.example.com']))::text, 422,
	jsonb_build_object('subdomain', ARRAY['Subdomain is already taken.'], 'custom_domains', ARRAY['Domain "' || own('theirs') || '.example.com" is already taken.']), 'its host likewise, and all at once');
SELECT is(routes(:'theirs'), ARRAY['host ' || own('theirs') || '.example.com', 'slug ' || own('theirs')], 'which keeps both');

---------------------------------------------------------------------------------------------------
-- Changing, deleting
---------------------------------------------------------------------------------------------------

SELECT tells('PUT /v1/login_policies/' || :'id', jsonb_build_object('login_policy', jsonb_build_object('name', 'Shop', 'subdomain', own('shop'), 'custom_domains', ARRAY[own('one') || '.example.com', own('two') || '.example.com'], 'header', '<b>'))::text, 200,
	jsonb_build_object('name', 'Shop', 'subdomain', own('shop'), 'primary_domain', own('one') || '.example.com', 'header', '<b>', 'login_handler', 'https://shop.example.com/in'), 'what is given changes, and nothing else');
SELECT is(routes(:'id'), ARRAY['host ' || own('one') || '.example.com', 'host ' || own('two') || '.example.com', 'slug ' || own('shop')], 'its routes go along');
SELECT tells('PUT /v1/login_policies/' || :'id', jsonb_build_object('login_policy', jsonb_build_object('custom_domains', ARRAY[own('two') || '.example.com', own('TWO') || '.example.com', own('three') || '.example.com']))::text, 200,
	jsonb_build_object('custom_domains', ARRAY[own('three') || '.example.com', own('two') || '.example.com'], 'subdomain', own('shop')), 'hosts are replaced as a whole');
SELECT tells('PUT /v1/login_policies/' || :'id', '{"login_policy": {"header": null}}', 200, jsonb_build_object('header', NULL, 'custom_domains', ARRAY[own('three') || '.example.com', own('two') || '.example.com']), 'else they stay');
SELECT tells('PUT /v1/login_policies/' || :'id', '{"login_policy": {"custom_domains": [], "signup_mode": "user"}}', 200, '{"custom_domains": [], "primary_domain": null, "signup_mode": "user"}', 'none');
SELECT tells('PUT /v1/login_policies/' || :'id', '{"login_policy": {"signup_mode": null, "state": "inactive", "default_permissions": null}}', 200, '{"signup_mode": null, "state": "inactive", "default_permissions": null}', 'null: as the realm says');
SELECT tells('PUT /v1/login_policies/' || :'id', '{"login_policy": {"state": null, "footer": null}}', 200, '{"state": "inactive"}', 'but a state of null leaves it');
SELECT refuses('PUT /v1/login_policies/' || :'id', '{"login_policy": {"state": ""}}', 422, '{"state": ["State must be active or inactive, not \"\"."]}', 'and a blank one is none');
SELECT refuses('PUT /v1/login_policies/' || :'id', '{"login_policy": {"redirect_uris": ["https://a.example.com/", "http://b.example.com/"], "default_permissions": ["a", "b c"], "allowed_origins": ["https://a.example.com", "b"]}}', 422,
	'{"redirect_uris": ["Redirect uris must be safe urls, not \"http://b.example.com/\"."], "default_permissions": ["Default permissions must be at most 20 of 1 to 62 characters, not \"b c\"."], "allowed_origins": ["Allowed origins must be origins, not \"b\"."]}', 'of lists the first one is named that is wrong');
SELECT refuses('PUT /v1/login_policies/' || :'id', jsonb_build_object('login_policy', jsonb_build_object('default_permissions', array_fill('p'::text, ARRAY[21])))::text, 422,
	'{"default_permissions": ["Default permissions must be at most 20 of 1 to 62 characters."]}', 'of one that is too long none is');
SELECT is((SELECT array_agg(e ->> 'id') FROM ask('GET /v1/login_policies?max_results=1000') AS a, jsonb_array_elements(a.json -> 'collection') AS e),
	(SELECT array_agg(arsignup.format_id('lpl', id) ORDER BY id) FROM arsignup.connected_apps WHERE realm_id = realm()), 'a list has the realm''s, and no others');

SELECT refuses(r, '{"login_policy": {"name": "x"}}', 403, :'denied', r || ' by ' || k, k)
FROM unnest(ARRAY['none', 'read', 'weak']) AS k, unnest(ARRAY['POST /v1/login_policies', 'PUT /v1/login_policies/' || :'id', 'DELETE /v1/login_policies/' || :'id']) AS r;
SELECT refuses('GET /v1/login_policies', '', 403, :'denied', 'nobody reads without a key', 'none');
SELECT refuses(r, '{"login_policy": {"name": "x"}}', 404, :'absent', r) FROM unnest(ARRAY['GET', 'PUT', 'DELETE']) AS m, unnest(ARRAY[:'theirs', 'lpl_x', 'lpl_0000000000000000000000', arsignup.format_id('org', realm())]) AS i, concat(m, ' /v1/login_policies/', i) AS r;
SELECT tells('PUT /v1/login_policies/' || :'theirs', jsonb_build_object('realm_id', arsignup.format_id('rl', realm('other')), 'login_policy', '{"name": "By all"}'::jsonb)::text, 200, '{"name": "By all"}', 'a key to all realms names it', 'everywhere');

SELECT answers('DELETE /v1/login_policies/' || :'id', '', 204, NULL, 'deleted');
SELECT is(routes(:'id'), NULL, 'with its routes');
SELECT answers('DELETE /v1/login_policies/' || :'id', '', 404, :'absent', 'only once');

-- The application's own trigger.
CREATE FUNCTION arsignup_test.swallow() RETURNS trigger LANGUAGE plpgsql SECURITY DEFINER SET search_path = pg_catalog, pg_temp AS $$ BEGIN RETURN NULL; END $$;
CREATE TRIGGER swallow BEFORE DELETE ON arsignup.connected_apps FOR EACH ROW EXECUTE FUNCTION arsignup_test.swallow();
SELECT refuses('DELETE /v1/login_policies/' || (SELECT arsignup.format_id('lpl', id) FROM arsignup.connected_apps WHERE name = 'Form'), '', 422,
	'{"base": ["The database refuses this, by a rule of the application''s or for its size."]}', 'a trigger that swallows a delete is no success');

SELECT * FROM finish();
ROLLBACK;
