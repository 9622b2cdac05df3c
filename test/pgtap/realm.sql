-- Configuration is rows: what realms, connected apps and routes take, and that a wrong setting is impossible.
BEGIN;
\ir include/setup.psql
SELECT no_plan();

-- Statements run as an administrator, unless a test says otherwise.
CREATE FUNCTION as_admin(statement text, OUT code text, OUT message text, OUT detail text, OUT hint text)
LANGUAGE plpgsql AS $$
BEGIN
	PERFORM set_config('role', 'arsignup_test_admin_' || pg_backend_pid(), true);
	SELECT * INTO code, message, detail, hint FROM outcome(statement);
	PERFORM set_config('role', 'none', true);
END
$$;

-- Assert that an administrator's statement breaks this constraint.
CREATE FUNCTION breaks(statement text, constraint_name text, description text) RETURNS text
LANGUAGE plpgsql AS $$
DECLARE
	broken text := 'none';
BEGIN
	PERFORM set_config('role', 'arsignup_test_admin_' || pg_backend_pid(), true);
	BEGIN
		EXECUTE statement;
		RAISE EXCEPTION USING ERRCODE = 'ZZ999';	-- undoes what was not refused
	EXCEPTION WHEN OTHERS THEN
		IF SQLSTATE <> 'ZZ999' THEN
			GET STACKED DIAGNOSTICS broken = CONSTRAINT_NAME;
			broken := concat_ws(' ', SQLSTATE, broken);
		END IF;
	END;
	PERFORM set_config('role', 'none', true);
	RETURN is(broken, CASE constraint_name WHEN 'not null' THEN '23502 ' ELSE '23514 ' || constraint_name END, description);
END
$$;

---------------------------------------------------------------------------------------------------
-- realms
---------------------------------------------------------------------------------------------------

SET LOCAL ROLE :"admin_role";
INSERT INTO arsignup.realms (name) VALUES ('Fresh') RETURNING id AS fresh \gset
RESET ROLE;
SELECT results_eq(
	format($$SELECT to_jsonb(r) - 'id' - 'created_at' FROM arsignup.realms AS r WHERE id = %L$$, :'fresh'),
	$$VALUES ('{"name": "Fresh", "state": "active", "username_validation": "email", "require_unique_emails": true,
		"logins_enabled": true, "signups_enabled": true, "signup_mode": "user", "name_field": "optional", "org_name_field": "optional",
		"password_field": "once", "default_permissions": [], "signup_token_ttl": "24:00:00", "longest_hold": "30 days", "password_min_length": 8,
		"password_min_score": 3, "session_type": "managed", "session_minutes": 360, "jwt_alg": "HS256", "jwt_fields": [],
		"sso": "basic", "email_verification": "none", "event_retention": "90 days", "reference": null, "custom": {}}'::jsonb)$$,
	'a realm needs a name and nothing else; its columns and defaults are those of the specification');
SELECT matches(:'fresh'::text, '^[0-9a-f]{8}-[0-9a-f]{4}-7', 'its id is of version 7');
SELECT is((SELECT created_at FROM arsignup.realms WHERE id = :'fresh'), now(), 'its time is that of the transaction');
SELECT col_has_default('arsignup', 'realms', c::name, 'realms.' || c || ' has a default')
FROM unnest(ARRAY['id', 'state', 'username_validation', 'require_unique_emails', 'logins_enabled', 'signups_enabled', 'signup_mode', 'name_field',
	'org_name_field', 'password_field', 'default_permissions', 'signup_token_ttl', 'longest_hold', 'password_min_length', 'password_min_score', 'session_type',
	'session_minutes', 'jwt_alg', 'jwt_fields', 'sso', 'email_verification', 'event_retention', 'custom', 'created_at']) AS c;
SELECT col_not_null('arsignup', 'realms', a.attname, 'realms.' || a.attname || ' is never null')
FROM pg_attribute AS a WHERE a.attrelid = 'arsignup.realms'::regclass AND a.attnum > 0 AND a.attname NOT IN ('event_retention', 'reference');

SELECT lives_ok($$UPDATE arsignup.realms SET event_retention = NULL WHERE name = 'Fresh'$$, 'realms.event_retention may be: for ever');

-- A realm takes every value that it knows.
CREATE FUNCTION realm_takes(setting text, value text) RETURNS text LANGUAGE sql AS $$
	SELECT is((as_admin(format('INSERT INTO arsignup.realms (name, %I) VALUES (%L, %s)', setting, 'x', value))).code, '00000',
		format('a realm takes %s = %s', setting, value))
$$;
CREATE FUNCTION realm_breaks(setting text, value text, constraint_name text) RETURNS text LANGUAGE sql AS $$
	SELECT breaks(format('INSERT INTO arsignup.realms (name, %I) VALUES (%L, %s)', setting, 'x', value), constraint_name,
		format('a realm refuses %s = %s', setting, left(value, 40)))
$$;
SELECT realm_takes(setting, quote_literal(value))
FROM (VALUES ('state', '{active,inactive}'::text[]), ('username_validation', '{email,standard}'), ('signup_mode', '{user,user_org,signup_token}'),
	('name_field', '{required,both,optional,hidden}'), ('org_name_field', '{required,optional,hidden}'), ('password_field', '{once,twice}'),
	('session_type', '{managed,unmanaged}'), ('jwt_alg', '{HS256,EdDSA,RS256}'), ('sso', '{basic,seamless}'), ('email_verification', '{none,request,require}'),
	('default_permissions', '{"{}","{a,b:c;*}"}'), ('jwt_fields', '{"{}","{custom}","{custom,memberships,orgs}"}'),
	('event_retention', '{1 microsecond,90 days,1000 years}'), ('signup_token_ttl', '{1 microsecond,1 s,24 hours,366 days,8784 hours,1 year}'), ('longest_hold', '{1 microsecond,1 s,30 days,366 days,8784 hours,1 year}'), ('password_min_length', '{1,8,15,128}'), ('password_min_score', '{0,1,2,3,4}'),
	('session_minutes', '{1,360,527040}'), ('custom', '{"{}","{\"a\": [1]}"}')) AS v (setting, allowed), unnest(allowed) AS value;
SELECT realm_breaks(setting, coalesce(quote_literal(value), 'NULL'), CASE WHEN value IS NULL THEN 'not null' ELSE constraint_name END)
FROM (VALUES ('state', '{NULL,"",deleted,ACTIVE,"active ",Inactive}'::text[], 'state_is_known'),
	('username_validation', '{NULL,"",phone,Email}', 'username_validation_is_known'),
	('signup_mode', '{NULL,"",org,user-org,User}', 'signup_mode_is_known'),
	('name_field', '{NULL,"",Required,none}', 'name_field_is_known'),
	('org_name_field', '{NULL,"",Required,none}', 'org_name_field_is_known'),
	('password_field', '{NULL,"",thrice,2}', 'password_field_is_known'),
	('session_type', '{NULL,"",cookie}', 'session_type_is_known'),
	('jwt_alg', '{NULL,"",none,None,HS512,hs256,ES256,RS512}', 'jwt_alg_is_known'),
	('sso', '{NULL,"",none}', 'sso_is_known'),
	('email_verification', '{NULL,"",requested,verified}', 'email_verification_is_known'),
	('default_permissions', '{NULL,"{NULL}","{\"\"}","{a b}","{{a,b}}","{é}"}', 'default_permissions_are_at_most_20_of_1_to_62_characters'),
	('jwt_fields', '{NULL,"{NULL}","{\"\"}","{password}","{custom,password_hash}","{Custom}"}', 'jwt_fields_are_known'),
	('event_retention', '{0,-1 s,1000 years 1 day}', 'event_retention_is_positive_and_1000_years_at_most'),
	('signup_token_ttl', '{NULL,0,-1 s,-1 month,367 days,366 days 1 microsecond,13 months,1000 years}', 'signup_token_ttl_is_positive_and_366_days_at_most'),
	('longest_hold', '{NULL,0,-1 s,-1 month,367 days,366 days 1 microsecond,13 months,1000 years}', 'longest_hold_is_positive_and_366_days_at_most'),
	('password_min_length', '{NULL,0,-1,129,1024}', 'password_min_length_is_1_to_128'),
	('password_min_score', '{NULL,-1,5}', 'password_min_score_is_0_to_4'),
	('session_minutes', '{NULL,0,-1,527041}', 'session_minutes_is_1_to_527040'),
	('custom', '{NULL,"null","[]","1","\"x\""}', 'custom_is_an_object'),
	('logins_enabled', '{NULL}', NULL), ('signups_enabled', '{NULL}', NULL), ('require_unique_emails', '{NULL}', NULL), ('id', '{NULL}', NULL), ('created_at', '{NULL}', NULL))
	AS v (setting, refused, constraint_name), unnest(refused) AS value;
SELECT realm_breaks('default_permissions', quote_literal((SELECT array_agg('p' || n) FROM generate_series(1, 21) AS n)), 'default_permissions_are_at_most_20_of_1_to_62_characters');
SELECT realm_breaks('default_permissions', quote_literal('{' || repeat('a', 63) || '}'), 'default_permissions_are_at_most_20_of_1_to_62_characters');
SELECT breaks($$INSERT INTO arsignup.realms DEFAULT VALUES$$, 'not null', 'a realm needs a name');
SELECT breaks($$INSERT INTO arsignup.realms (name) VALUES ('')$$, 'name_has_1_to_255_characters', 'a realm''s name is not empty');
SELECT breaks($$INSERT INTO arsignup.realms (name) VALUES (repeat('é', 256))$$, 'name_has_1_to_255_characters', 'nor longer than 255 characters');
SELECT is((as_admin($$INSERT INTO arsignup.realms (name) VALUES (repeat('é', 255)), (repeat('é', 255))$$)).code, '00000', 'two realms of one name, of 255 characters');
SELECT is((as_admin(format('UPDATE arsignup.realms SET state = %L, custom = %L WHERE id = %L', 'inactive', '{"a": 1}', :'fresh'))).code, '00000', 'an administrator updates a realm');
SELECT is((SELECT state || custom::text FROM arsignup.realms WHERE id = :'fresh'), 'inactive{"a": 1}', 'and it is updated');
SELECT breaks(format('UPDATE arsignup.realms SET state = %L WHERE id = %L', 'gone', :'fresh'), 'state_is_known', 'the checks hold for updates as well');
SELECT breaks(format('UPDATE arsignup.realms SET name = NULL WHERE id = %L', :'fresh'), 'not null', 'as do the others');
SELECT is((as_admin(format('INSERT INTO arsignup.realms (id, name) VALUES (%L, %L)', :'fresh', 'x'))).code, '23505', 'two realms of one id');

-- What users stand on cannot be taken from under them; the owner's DELETE, which cascades in delete_realm only, included.
CREATE FUNCTION guarded(statement text, description text, role name DEFAULT 'arsignup_test_admin_' || pg_backend_pid()) RETURNS text LANGUAGE plpgsql AS $$
DECLARE
	o record;
BEGIN
	PERFORM set_config('role', role, true);
	SELECT * INTO o FROM outcome(statement, keep => false);
	PERFORM set_config('role', 'none', true);
	RETURN is(concat_ws(' | ', o.code, o.message, o.detail, o.hint), '2BP01 | cannot delete or change a realm that has users or organisations'
		' | Its id and username_validation are fixed, and require_unique_emails can only be switched off.'
		' | To delete a realm with everything in it, make it inactive and call arsignup.delete_realm.', description);
END
$$;
SELECT arsignup.create_user(realm('email'), 'ada@example.com') AS ada \gset
SELECT guarded(format('UPDATE arsignup.realms SET username_validation = %L WHERE id = realm(%L)', 'standard', 'email'), 'the rule for usernames is fixed once there are users');
SELECT guarded(format('UPDATE arsignup.realms SET id = arsignup.new_id() WHERE id = realm(%L)', 'email'), 'so is the id');
SELECT guarded('UPDATE arsignup.realms SET id = arsignup.new_id()', 'also among others');
INSERT INTO arsignup.realms (name) VALUES ('Orgs') RETURNING id AS orgs \gset
SELECT arsignup.create_org(:'orgs', 'Engines') AS engines \gset
SELECT guarded(format('UPDATE arsignup.realms SET id = arsignup.new_id() WHERE id = %L', :'orgs'), 'an org alone keeps the realm''s id');
SELECT guarded(format('UPDATE arsignup.realms SET username_validation = %L WHERE id = %L', 'standard', :'orgs'), 'and its rule for usernames');
SELECT guarded(format('DELETE FROM arsignup.realms WHERE id = %L', :'orgs'), 'a realm with an org alone is deleted by nobody', role)
FROM unnest(ARRAY['arsignup_owner', session_user::name]) AS role;
SELECT arsignup.delete_org(:'orgs', :'engines') AS gone \gset
SELECT is((outcome(format('UPDATE arsignup.realms SET id = arsignup.new_id() WHERE id = %L', :'orgs'), keep => false)).code, '00000', 'without it, the id can change');
SELECT is((outcome(format('DELETE FROM arsignup.realms WHERE id = %L', :'orgs'), keep => false)).code, '00000', 'and the realm be deleted');
SELECT guarded(format('DELETE FROM arsignup.realms WHERE id = %L', realm('email')), 'a realm with users is deleted by nobody', role)
FROM unnest(ARRAY['arsignup_owner', session_user::name]) AS role;
SELECT is((as_admin(format('UPDATE arsignup.realms SET require_unique_emails = false WHERE id = realm(%L)', 'email'))).code, '00000', 'unique emails can be given up with users');
SELECT guarded(format('UPDATE arsignup.realms SET require_unique_emails = true WHERE id = realm(%L)', 'email'), 'and not asked for again');
SELECT is((as_admin(format('UPDATE arsignup.realms SET username_validation = %L, require_unique_emails = require_unique_emails, id = id, name = %L WHERE id = realm(%L)', 'email', 'Renamed', 'email'))).code,
	'00000', 'an update that changes nothing of it goes through');
SELECT is((SELECT name FROM arsignup.realms WHERE id = realm('email')), 'Renamed', 'and does what it says');
SELECT is((as_admin(format('UPDATE arsignup.realms SET username_validation = %L, require_unique_emails = false WHERE id = realm(%L)', 'standard', 'other'))).code, '00000', 'an empty realm changes its rules');
SELECT is((as_admin(format('UPDATE arsignup.realms SET require_unique_emails = true WHERE id = realm(%L)', 'other'))).code, '00000', 'in both directions');
SELECT is((as_admin(format('DELETE FROM arsignup.realms WHERE id = %L', realm))).code, '42501', 'an administrator deletes no realm by hand, ' || what)
FROM (VALUES (:'fresh'::uuid, 'not an empty one'), (realm('other'), 'not one with an app'), (realm('email'), 'not one with users')) AS v (realm, what);
SELECT is((outcome(format('DELETE FROM arsignup.realms WHERE id = %L', realm('other')), keep => false)).code, '23503', 'nor does a superuser delete one with an app');
SELECT is((as_admin('SELECT arsignup.delete_realm(realm(''other''))')).code, '55006', 'delete_realm deletes none that is active');
SELECT is((as_admin(format('SELECT arsignup.delete_realm(%L)', :'fresh'))).code, '00000', 'but one that is inactive');
SELECT is((SELECT count(*) FROM arsignup.realms WHERE id = :'fresh'), 0::bigint, 'and it is gone');

---------------------------------------------------------------------------------------------------
-- connected_apps
---------------------------------------------------------------------------------------------------

CREATE FUNCTION app_of(extra_columns text DEFAULT '', extra_values text DEFAULT '', slug text DEFAULT 'fresh-' || pg_backend_pid(),
	login_handler text DEFAULT 'https://app.example.com/login') RETURNS text LANGUAGE sql AS $$
	SELECT format('INSERT INTO arsignup.connected_apps (realm_id, name, slug, login_handler%s) VALUES (arsignup_test.realm(), %L, %L, %L%s)',
		extra_columns, 'Fresh', slug, login_handler, extra_values)
$$;
CREATE FUNCTION takes(statement text, description text) RETURNS text LANGUAGE plpgsql AS $$
DECLARE
	o record;
BEGIN
	BEGIN
		SELECT * INTO o FROM as_admin(statement);
		RAISE EXCEPTION USING ERRCODE = 'ZZ999';
	EXCEPTION WHEN SQLSTATE 'ZZ999' THEN	-- undoes it, so that the next one finds the slug free
	END;
	RETURN is(concat_ws(' ', o.code, o.message), '00000', description);
END
$$;

SAVEPOINT fresh;
SELECT is((as_admin(app_of())).code, '00000', 'an app needs a realm, a name, a slug and a login handler');
SELECT results_eq(
	$$SELECT to_jsonb(a) - 'id' - 'realm_id' - 'slug' - 'created_at' FROM arsignup.connected_apps AS a WHERE name = 'Fresh' AND realm_id = realm()$$,
	$$VALUES ('{"name": "Fresh", "state": "active", "login_handler": "https://app.example.com/login", "signup_handler": null, "redirect_uris": [],
		"allowed_origins": [], "header_html": null, "footer_html": null, "external_css": null, "signup_mode": null, "name_field": null,
		"org_name_field": null, "password_field": null, "default_permissions": null, "logins_enabled": null, "signups_enabled": null}'::jsonb)$$,
	'its columns and defaults are those of the specification: the realm''s rules hold');
SELECT matches(id::text, '^[0-9a-f]{8}-[0-9a-f]{4}-7', 'its id is of version 7') FROM arsignup.connected_apps WHERE name = 'Fresh' AND realm_id = realm();
ROLLBACK TO fresh;

SELECT breaks(format('INSERT INTO arsignup.connected_apps (%s) SELECT %s', array_to_string(array_remove(c, gone), ', '),
		array_to_string(array_remove(ARRAY['realm()', quote_literal('x'), quote_literal('x-' || pg_backend_pid()), quote_literal('https://a.example')], v), ', ')),
	'not null', 'an app needs a ' || gone)
FROM (VALUES (ARRAY['realm_id', 'name', 'slug', 'login_handler'])) AS columns (c),
	(VALUES ('slug', quote_literal('x-' || pg_backend_pid())), ('login_handler', quote_literal('https://a.example')), ('realm_id', 'realm()'), ('name', quote_literal('x'))) AS missing (gone, v);
SELECT is((as_admin(format('INSERT INTO arsignup.connected_apps (realm_id, name, slug, login_handler) VALUES (arsignup.new_id(), %L, %L, %L)', 'x', 'x-' || pg_backend_pid(), 'https://a.example'))).code,
	'23503', 'its realm must exist');

SELECT takes(app_of(', ' || setting, ', ' || quote_literal(value)), format('an app takes %s = %s', setting, value))
FROM (VALUES ('state', '{active,inactive}'::text[]), ('signup_mode', '{user,user_org,signup_token}'), ('name_field', '{required,both,optional,hidden}'),
	('org_name_field', '{required,optional,hidden}'), ('password_field', '{once,twice}'), ('default_permissions', '{"{}","{a,b:c;*}"}'),
	('logins_enabled', '{true,false}'), ('signups_enabled', '{true,false}'), ('header_html', '{"","<h1>Hello</h1>"}'), ('footer_html', '{"<p>Bye</p>"}'),
	('redirect_uris', '{"{}","{https://a.example/x,http://localhost:3000/}"}'), ('allowed_origins', '{"{}","{*}","{https://a.example,*}","{https://a.example,http://127.0.0.1:8080}"}'))
	AS v (setting, allowed), unnest(allowed) AS value;
SELECT breaks(app_of(', ' || setting, ', ' || coalesce(quote_literal(value), 'NULL')), CASE WHEN value IS NULL THEN 'not null' ELSE constraint_name END, format('an app refuses %s = %s', setting, value))
FROM (VALUES ('state', '{NULL,"",deleted,Active}'::text[], 'state_is_known'), ('signup_mode', '{"",org,User}', 'signup_mode_is_known'), ('name_field', '{"",none}', 'name_field_is_known'),
	('org_name_field', '{"",none}', 'org_name_field_is_known'), ('password_field', '{"",thrice}', 'password_field_is_known'),
	('default_permissions', '{"{NULL}","{a b}","{{a}}"}', 'default_permissions_are_at_most_20_of_1_to_62_characters'),
	('redirect_uris', '{NULL,"{NULL}","{https://a.example,NULL}","{\"\"}","{https://a.example,http://b.example}","{javascript:alert(1)}"}', 'redirect_uris_are_safe_urls'),
	('allowed_origins', '{NULL,"{NULL}","{**}","{null}","{\"\"}","{https://a.example/}","{https://a.example/x}","{https://a.example?}","{https://a.example#}","{http://a.example}","{https://*.a.example}","{https://a.example:443}","{http://localhost:80}","{http://[::1]:80}","{https://0x}","{https://a.example,https://a.example:443}"}',
		'allowed_origins_are_origins'))
	AS v (setting, refused, constraint_name), unnest(refused) AS value;

-- An id and a realm are for ever: routes and tokens hold on to them.
SELECT is((as_admin(format('UPDATE arsignup.connected_apps SET realm_id = realm(%L) WHERE id = app(%L)', 'other', 'tokens'))).code, '23503', 'an app stays in its realm');
SELECT is((as_admin(format('UPDATE arsignup.connected_apps SET id = arsignup.new_id() WHERE id = app(%L)', 'tokens'))).code, '23503', 'and keeps its id');
SELECT is((as_admin(format('INSERT INTO arsignup.connected_apps (realm_id, id, name, slug, login_handler) VALUES (realm(%L), app(%L), %L, %L, %L)', 'other', 'tokens', 'x', 'x-' || pg_backend_pid(), 'https://a.example'))).code,
	'23505', 'an app''s id is its own in all realms');

---------------------------------------------------------------------------------------------------
-- Handler URLs
---------------------------------------------------------------------------------------------------

SELECT takes(app_of(login_handler => url), 'a good URL: ' || left(url, 60))
FROM unnest(ARRAY[
	'https://example.com', 'https://example.com/', 'https://example.com/login', 'https://a.b.c.example.co.uk/x/y/z',
	'https://example.com:8443/login', 'https://example.com:1', 'https://example.com:65535/', 'https://example.com/login?x=1&y=2', 'https://example.com?x=1',
	'https://example.com/#/login', 'https://example.com/login?next=%2Fhome#top', 'https://example.com/a%20b', 'https://xn--bcher-kva.example/',
	'https://1und1.example/', 'https://192.0.2.1/login', 'https://192.0.2.1:8443', 'https://localhost/login', 'https://example/',
	'http://localhost', 'http://localhost/', 'http://localhost:3000/login', 'http://127.0.0.1', 'http://127.0.0.1:8080/login?x', 'http://[::1]/login', 'http://[::1]:3000', 'https://[::1]:3000/',
	'https://example.com/-._~!$&''()*+,;=:@/x', 'https://example.com/' || repeat('a', 2048 - 20)]) AS url;

CREATE TEMP TABLE hostile AS SELECT url FROM unnest(ARRAY[
	-- no URL, or a relative one
	'', ' ', 'x', '/', '/login', '//evil.example', '//evil.example/login', '///evil.example', 'login', '?x', '#x', 'example.com', 'example.com/login', 'www.example.com', ':', '://', 'https', 'https:', 'https:/', 'https://', 'https:///',
	'https:example.com', 'https:/example.com', 'https:///example.com', 'https:////example.com', 'https:\\example.com', 'https:\/example.com', '\\evil.example\login', '/\evil.example',
	-- other schemes
	'javascript:alert(1)', 'JavaScript:alert(1)', 'javascript://example.com/%0Aalert(1)', 'data:text/html,<script>alert(1)</script>', 'vbscript:x', 'file:///etc/passwd', 'ftp://example.com', 'ws://localhost', 'wss://example.com',
	'blob:https://example.com/x', 'about:blank', 'mailto:a@example.com', 'myapp://login', 'intent://example.com', 'httpss://example.com', 'xhttps://example.com', ' https://example.com', E'\thttps://example.com', 'HTTPS://example.com', 'view-source:https://example.com',
	-- http beyond this machine
	'http://example.com', 'http://example.com/login', 'http://evil.example', 'http://localhost.evil.example', 'http://localhost.', 'http://localhostevil.example', 'http://evil-localhost', 'http://sub.localhost/', 'http://127.0.0.1.evil.example',
	'http://127.0.0.2', 'http://127.1', 'http://127.0.1', 'http://2130706433', 'http://0x7f000001', 'http://0x7f.0.0.1', 'http://0177.0.0.1', 'http://017700000001', 'http://127.000.000.001', 'http://0.0.0.0', 'http://0', 'http://10.0.0.1', 'http://192.168.0.1',
	'http://[::]', 'http://[::1', 'http://::1', 'http://[::1].evil.example', 'http://[::1]evil.example', 'http://[::ffff:127.0.0.1]', 'http://[0:0:0:0:0:0:0:1]', 'http://[::1%25lo]', 'http://[::2]', 'https://[2001:db8::1]',
	'http://LOCALHOST', 'http://Localhost:3000', U&'http://loc\0430lhost', U&'http://\24C1ocalhost', U&'http://127.0.0.1\3002evil.example',
	-- userinfo
	'https://user@example.com', 'https://user:password@example.com', 'https://example.com@evil.example', 'https://example.com:443@evil.example', 'https://@example.com', 'https://:@example.com', 'http://localhost@evil.example', 'http://localhost:3000@evil.example', 'http://127.0.0.1:80@evil.example',
	'https://example.com%40evil.example', 'https://a@b@c', 'https://example.com:@evil.example', 'http://[::1]@evil.example',
	-- what different readers read in different ways
	'https://example.com\evil.example', 'https://example.com\@evil.example', 'https://example.com/\evil', 'https://example.com\', 'http://localhost\@evil.example', 'https://example.com/login\',
	'https://example.com /login', 'https://exam ple.com', 'https://example.com/a b', 'https://example.com/login ', E'https://example.com/\n', E'https://example.com/\r\nSet-Cookie: a=b', E'https://exa\tmple.com', E'https://example.com/\t', E'https://example.com/a\nb', E'https://example.com/\x01', E'https://example.com/\x7F', E'https://example.com\x0B/',
	U&'https://b\00FCcher.example', U&'https://example.com/\00E9', U&'https://\0435xample.com', U&'https://example\3002com', U&'https://example\FF0Ecom', U&'https://example.com\2215login', U&'https://example.com\FF0Flogin', U&'https://example.com/\200B', U&'https://example.com/\202E', U&'https://example.com\0085', U&'https://example.com/\FEFF', U&'https://\FF41.example', U&'https://example.com/\2028', U&'https://example.com/\+01F511',
	'https://example.com/<script>', 'https://example.com/"onload=x', 'https://example.com/`x`', 'https://example.com/{x}', 'https://example.com/|x', 'https://example.com/^x', 'https://example.com/?x=<', 'https://example.com/#>',
	'https://example.com/%', 'https://example.com/%2', 'https://example.com/%zz', 'https://example.com/%u0041', 'https://example.com/%%20', 'https://example.com/x%',
	'https://example%2ecom', 'https://%65xample.com', 'https://example.com%2f@evil.example', 'https://example.com%00.evil.example', 'https://example.com%0a', 'https://exa%09mple.com',
	-- hosts that are none
	'https://.example.com', 'https://example..com', 'https://example.com.', 'https://example.com./', 'https://.', 'https://..', 'https://-example.com', 'https://example-.com', 'https://exam_ple.com', 'https://*.example.com', 'https://*', 'https://example.com,evil.example', 'https://example.com;evil.example', 'https://example.com&evil.example', 'https://exam!ple.com', 'https://a''b.example', 'https://(example.com)', 'https://$example.com',
	'https://Example.com', 'https://EXAMPLE.COM', 'https://example.COM/', 'https://' || repeat('a', 64) || '.example', 'https://' || repeat(repeat('a', 60) || '.', 5) || 'example',
	'https://1', 'https://1.2', 'https://1.2.3', 'https://1.2.3.4.5', 'https://1.2.3.256', 'https://1.2.3.04', 'https://1.2.3.4.', 'https://01.2.3.4', 'https://0x1.2.3.4', 'https://1.2.3.0x4', 'https://1.2.3.0x', 'https://0x', 'https://example.0x', 'https://example.1', 'https://example.0x1f', 'https://4294967295', 'https://1.2.3.4x@evil', 'https://1..2.3',
	-- ports that are none
	'https://example.com:', 'https://example.com:/', 'https://example.com:0', 'https://example.com:00', 'https://example.com:080', 'https://example.com:65536', 'https://example.com:99999', 'https://example.com:100000', 'https://example.com:-1', 'https://example.com:+80', 'https://example.com: 80', 'https://example.com:80x', 'https://example.com:x', 'https://example.com:80:80', 'https://example.com:8 0', 'https://example.com:%38', 'https://example.com:4294967376', 'http://localhost:', 'http://[::1]:', 'http://[::1]:x', 'https://example.com:443.evil.example',
	-- too long
	'https://example.com/' || repeat('a', 2048 - 19), 'https://example.com/' || repeat('a', 1000000)]) AS url;
SELECT cmp_ok((SELECT count(*) FROM hostile), '>=', 200::bigint, 'there are hostile URLs enough') ;
SELECT breaks(app_of(login_handler => url), 'login_handler_is_a_safe_url', 'a bad URL: ' || shown(url)) FROM hostile;

-- The other columns with URLs have the same rule.
SELECT takes(app_of(', ' || setting, format(', %L', 'https://example.com/x')), setting || ' takes a good URL') FROM unnest(ARRAY['signup_handler', 'external_css']) AS setting;
SELECT takes(app_of(', ' || setting, ', NULL'), setting || ' may be null') FROM unnest(ARRAY['signup_handler', 'external_css']) AS setting;
SELECT is_empty($$SELECT url FROM hostile WHERE arsignup.are_valid_urls(ARRAY[url])$$, 'the rule refuses every hostile URL');
SELECT is_empty($$SELECT url FROM hostile WHERE arsignup.are_valid_origins(ARRAY[url])$$, 'and the rule for origins does, too');
SELECT breaks(app_of(', ' || setting, format(', %L', url)), setting || '_is_a_safe_url', setting || ' refuses ' || shown(url))
FROM unnest(ARRAY['signup_handler', 'external_css']) AS setting,
	unnest(ARRAY['', '//evil.example', 'javascript:alert(1)', 'http://example.com', 'https://user@example.com', 'https://example.com\', 'https://Example.com', U&'https://\00FC.example']) AS url;
SELECT breaks(format('UPDATE arsignup.connected_apps SET login_handler = %L WHERE id = app(%L)', 'http://evil.example', 'tokens'), 'login_handler_is_a_safe_url', 'the rule holds for updates as well');
SELECT breaks(format('UPDATE arsignup.connected_apps SET login_handler = NULL WHERE id = app(%L)', 'tokens'), 'not null', 'a login handler cannot be taken away');

---------------------------------------------------------------------------------------------------
-- app_routes: where names are unique across realms
---------------------------------------------------------------------------------------------------

CREATE FUNCTION routes(name text) RETURNS SETOF text LANGUAGE sql AS $$
	SELECT r.kind || ' ' || r.name FROM arsignup.app_routes AS r JOIN arsignup.connected_apps AS a ON (a.realm_id, a.id) = (r.realm_id, r.connected_app_id)
	WHERE a.id = app(routes.name) ORDER BY 1
$$;
CREATE FUNCTION own(name text) RETURNS text LANGUAGE sql AS $$ SELECT name || '-' || pg_backend_pid() $$;

SELECT results_eq($$SELECT routes('tokens')$$, $$SELECT 'slug test-' || app('tokens')$$, 'an app''s slug has its row');
SELECT is((as_admin(format('UPDATE arsignup.connected_apps SET slug = own(%L) WHERE id = app(%L)', 'moved', 'tokens'))).code, '00000', 'an administrator changes a slug');
SELECT results_eq($$SELECT routes('tokens')$$, $$SELECT 'slug ' || own('moved')$$, 'and its row follows');
SELECT is((as_admin(format('UPDATE arsignup.connected_apps SET slug = slug, name = %L WHERE id = app(%L)', 'x', 'tokens'))).code, '00000', 'a slug that stays');
SELECT results_eq($$SELECT routes('tokens')$$, $$SELECT 'slug ' || own('moved')$$, 'keeps its row');
SELECT is((as_admin(format('UPDATE arsignup.connected_apps SET slug = own(%L) WHERE id = app(%L)', 'moved', 'other'))).code, '23505', 'another app, of another realm, cannot have it');
SELECT is((as_admin(app_of(slug => own('moved')))).code, '23505', 'nor can a new one');
SELECT results_eq($$SELECT routes('other')$$, $$SELECT 'slug test-' || app('other')$$, 'which leaves the other''s as it was');

SELECT takes(app_of(slug => slug), 'a good slug: ' || slug)
FROM unnest(ARRAY['x' || pg_backend_pid(), own('a'), own('a--b'), '0' || own('0'), rpad(own('long'), 63, 'x')]) AS slug;
SELECT breaks(app_of(slug => slug), 'slug_is_1_to_63_of_a_to_z_0_to_9_and_inner_hyphens', 'a bad slug: ' || shown(slug))
FROM unnest(ARRAY['', ' ', '-', '-a', 'a-', 'A', 'aB', 'a_b', 'a.b', 'a/b', '/', '..', 'a b', 'a%20b', U&'\00FC', U&'\0430', E'a\n', E'\na', 'a?', 'a#', '<a>', repeat('x', 64), repeat('x', 100000)]) AS slug;
SELECT breaks(app_of(slug => slug), 'slug_is_no_page', 'a slug that is a page: ' || slug)
FROM unnest(ARRAY['login', 'logout', 'signup', 'forgot', 'reset', 'verify', 'rpc', 'static', 'v1', 'arsignup-errors']) AS slug;
-- What nginx and the tables of routes have at the front of a path, and PostgREST.
\set located `sed -nE 's|^\tlocation ([=~^*]+ )?/([a-z0-9-]+).*|\2|p' web/nginx.conf | xargs`
\set routed `sed -nE 's|^\t\{("[A-Z]+", )?"/([a-z0-9-]+)[/"].*|\2|p' src/web/web.c src/core/openapi.c src/core/core.c | xargs`
SELECT ok(:'located' ~ 'static' AND :'routed' ~ 'verify' AND :'routed' ~ 'v1', 'there are such');
SELECT results_eq($$SELECT DISTINCT m[1] FROM pg_constraint, regexp_matches(pg_get_constraintdef(oid), '''([^'']*)''::text', 'g') AS m WHERE conname = 'slug_is_no_page' ORDER BY 1$$,
	format('SELECT DISTINCT r::text FROM unnest(string_to_array(%L, %L)) AS r ORDER BY 1', 'rpc ' || :'located' || ' ' || :'routed', ' '), 'A5: no slug that nginx or a route has at the front of a path, and no other is refused');

-- Hosts.
CREATE FUNCTION host(name text, app text DEFAULT 'tokens', realm text DEFAULT 'email') RETURNS text LANGUAGE sql AS $$
	SELECT format('INSERT INTO arsignup.app_routes (kind, name, realm_id, connected_app_id) VALUES (%L, %L, realm(%L), app(%L))', 'host', name, realm, app)
$$;
SELECT is((as_admin(host(own('auth') || '.example.com'))).code, '00000', 'an administrator adds a host');
SELECT is((as_admin(host(own('auth2') || '.example.com'))).code, '00000', 'and another for the same app');
SELECT results_eq($$SELECT routes('tokens')$$, $$VALUES ('host ' || own('auth') || '.example.com'), ('host ' || own('auth2') || '.example.com'), ('slug ' || own('moved'))$$, 'they stand beside the slug');
SELECT is((as_admin(host(own('auth') || '.example.com', 'other', 'other'))).code, '23505', 'a host is one app''s, in all realms');
SELECT is((as_admin(host(own('nobody') || '.example.com', 'tokens', 'other'))).code, '23503', 'an app of another realm');
SELECT is((as_admin(host(own('nobody') || '.example.com', 'none'))).code, '23503', 'an app that does not exist');
SELECT breaks(host(name), 'host_is_a_host_name', 'a bad host: ' || shown(name))
FROM unnest(ARRAY['', ' ', 'Example.com', 'example.com.', '.example.com', 'example..com', '*.example.com', 'example.com:443', 'https://example.com', 'example.com/', 'user@example.com', '192.0.2.1', '1', '[::1]', 'exam_ple.com',
	U&'b\00FCcher.example', E'example.com\n', 'example.0x1', 'example.0x', '0x', '0x7f', repeat('a', 64) || '.example', repeat('a.', 127) || 'example']) AS name;
SELECT breaks(format('INSERT INTO arsignup.app_routes (kind, name, realm_id, connected_app_id) VALUES (%L, %L, realm(), app())', kind, own('x')), 'kind_is_known', 'a route of kind ' || shown(kind))
FROM unnest(ARRAY['', 'path', 'Host']) AS kind;
SELECT breaks(format('INSERT INTO arsignup.app_routes (kind, name, realm_id, connected_app_id) VALUES (%L, %s, %s, %s)', 'host', name, realm, app), 'not null', 'a route without ' || missing)
FROM (VALUES ('NULL', 'realm()', 'app()', 'name'), ($$'a.example'$$, 'NULL', 'app()', 'realm'), ($$'a.example'$$, 'realm()', 'NULL', 'app')) AS v (name, realm, app, missing);

-- A slug's row is the app's: a dump leaves it out and a restore makes it again, so it must be nobody's to write.
CREATE FUNCTION no_way(statement text, description text) RETURNS text LANGUAGE plpgsql AS $$
DECLARE
	o record;
BEGIN
	BEGIN
		SELECT * INTO o FROM as_admin(statement);
		RAISE EXCEPTION USING ERRCODE = 'ZZ999';
	EXCEPTION WHEN SQLSTATE 'ZZ999' THEN	-- undoes what was not refused
	END;
	RETURN is(concat_ws(' | ', o.code, o.message, o.hint), '55000 | the row of a slug follows its connected app'
		' | Change the slug in arsignup.connected_apps; insert rows for hosts only.', description);
END
$$;
SELECT no_way(format('INSERT INTO arsignup.app_routes (kind, name, realm_id, connected_app_id) VALUES (%L, %L, realm(), app())', 'slug', own('by-hand')), 'a second slug cannot be added by hand');
SELECT no_way(format('UPDATE arsignup.app_routes SET kind = %L, name = %L WHERE kind = %L AND connected_app_id = app()', 'host', own('by-hand') || '.example.com', 'slug'), 'a slug cannot become a host');
SELECT no_way(format('UPDATE arsignup.app_routes SET connected_app_id = app(%L) WHERE kind = %L AND connected_app_id = app()', 'users', 'slug'), 'nor another app''s');
SELECT no_way('INSERT INTO arsignup.app_routes SELECT ''slug'', name || ''-2'', realm_id, connected_app_id FROM arsignup.app_routes WHERE kind = ''slug''', 'nor can many be added at once');
SELECT no_way(format('INSERT INTO arsignup.app_routes (kind, name, realm_id, connected_app_id) SELECT kind, name, realm_id, app(%L) FROM arsignup.app_routes WHERE kind = %L AND connected_app_id = app() ON CONFLICT DO NOTHING', 'users', 'slug'), 'nor the same for another app');
SELECT lives_ok(format('INSERT INTO arsignup.app_routes (kind, name, realm_id, connected_app_id) SELECT kind, name, realm_id, connected_app_id FROM arsignup.app_routes WHERE kind = %L AND connected_app_id = app()', 'slug'), 'the same again is there already: so it comes with a dump of data');
SELECT is((SELECT count(*) FROM arsignup.app_routes WHERE kind = 'slug' AND connected_app_id = app()), 1::bigint, 'and is there once');
SELECT no_way(format('UPDATE arsignup.app_routes SET name = %L WHERE kind = %L AND connected_app_id = app()', own('by-hand'), 'slug'), 'a slug''s row cannot be renamed by hand');
SELECT no_way(format('UPDATE arsignup.app_routes SET kind = %L WHERE name = %L', 'slug', own('auth') || '.example.com'), 'a host cannot become a slug');
SELECT no_way(format('DELETE FROM arsignup.app_routes WHERE kind = %L AND connected_app_id = app()', 'slug'), 'a slug''s row cannot be deleted while the app is there');
SELECT is((as_admin(format('UPDATE arsignup.app_routes SET name = %L WHERE name = %L', own('auth3') || '.example.com', own('auth2') || '.example.com'))).code, '00000', 'a host can be renamed');
SELECT is((as_admin(format('DELETE FROM arsignup.app_routes WHERE name = %L', own('auth3') || '.example.com'))).code, '00000', 'and deleted');

SELECT is((as_admin(format('DELETE FROM arsignup.connected_apps WHERE id = app(%L)', 'tokens'))).code, '00000', 'an app is deleted');
SELECT is((SELECT count(*) FROM arsignup.app_routes WHERE connected_app_id = app('tokens')), 0::bigint, 'and its routes with it');
SELECT is((as_admin(app_of(slug => own('moved')))).code, '00000', 'its slug is free for another');

---------------------------------------------------------------------------------------------------
-- What an administrator may not write: whatever has a rule behind it
---------------------------------------------------------------------------------------------------

SELECT is((as_admin(statement)).code, '42501', 'an administrator may not: ' || statement)
FROM unnest(ARRAY[
	'INSERT INTO arsignup.users DEFAULT VALUES', 'UPDATE arsignup.users SET state = state', 'DELETE FROM arsignup.users', 'TRUNCATE arsignup.users',
	'INSERT INTO arsignup.orgs DEFAULT VALUES', 'UPDATE arsignup.orgs SET name = name', 'DELETE FROM arsignup.orgs',
	'INSERT INTO arsignup.memberships DEFAULT VALUES', 'UPDATE arsignup.memberships SET permissions = permissions', 'DELETE FROM arsignup.memberships',
	'INSERT INTO arsignup.credentials DEFAULT VALUES', 'UPDATE arsignup.credentials SET password_hash = password_hash', 'DELETE FROM arsignup.credentials', 'SELECT FROM arsignup.credentials',
	'INSERT INTO arsignup.signup_tokens DEFAULT VALUES', 'UPDATE arsignup.signup_tokens SET email = email', 'DELETE FROM arsignup.signup_tokens',
	'SELECT digest FROM arsignup.signup_tokens', 'SELECT password_hash FROM arsignup.signup_tokens', 'SELECT * FROM arsignup.signup_tokens',
	'INSERT INTO arsignup.sessions DEFAULT VALUES', 'UPDATE arsignup.sessions SET ended_at = NULL', 'DELETE FROM arsignup.sessions', 'SELECT cookie_digest FROM arsignup.sessions', 'SELECT * FROM arsignup.sessions',
	'INSERT INTO arsignup.signing_keys DEFAULT VALUES', 'UPDATE arsignup.signing_keys SET retired_at = NULL', 'DELETE FROM arsignup.signing_keys', 'SELECT sealed_key FROM arsignup.signing_keys', 'SELECT * FROM arsignup.signing_keys',
	'INSERT INTO arsignup.events DEFAULT VALUES', 'UPDATE arsignup.events SET data = data', 'DELETE FROM arsignup.events',
	'DELETE FROM arsignup.realms', 'TRUNCATE arsignup.realms', 'TRUNCATE arsignup.connected_apps CASCADE', 'TRUNCATE arsignup.app_routes',
	'ALTER TABLE arsignup.realms DISABLE TRIGGER ALL', 'ALTER TABLE arsignup.connected_apps DROP CONSTRAINT login_handler_is_a_safe_url', 'CREATE TABLE arsignup.mine ()']) AS statement;
SELECT is((as_admin(statement)).code, '00000', 'an administrator may: ' || statement)
FROM unnest(ARRAY[
	'SELECT * FROM arsignup.realms', 'SELECT * FROM arsignup.connected_apps', 'SELECT * FROM arsignup.app_routes', 'SELECT * FROM arsignup.users', 'SELECT * FROM arsignup.orgs', 'SELECT * FROM arsignup.memberships', 'SELECT * FROM arsignup.events',
	'SELECT realm_id, id, user_id, connected_app_id, created_at, expires_at, ended_at, ip, client FROM arsignup.sessions', 'SELECT realm_id, created_at, retired_at, kid, alg, public_key, master_key_id FROM arsignup.signing_keys',
	'SELECT realm_id, connected_app_id, created_at, expires_at, redeemed_at, revoked_at, user_id, username, email, first_name, last_name, org_name, credential_type, custom FROM arsignup.signup_tokens']) AS statement;

-- An application and the web write no configuration, and the web reads none.
SET LOCAL ROLE :"app_role";
SELECT is((outcome(statement)).code, '42501', 'an application may not: ' || statement)
FROM unnest(ARRAY['INSERT INTO arsignup.realms (name) VALUES (''x'')', 'UPDATE arsignup.realms SET name = name', 'DELETE FROM arsignup.connected_apps', 'SELECT FROM arsignup.realms', 'SELECT FROM arsignup.connected_apps', 'SELECT FROM arsignup.app_routes']) AS statement;
SET LOCAL ROLE :"web_role";
SELECT is((outcome(statement)).code, '42501', 'the web may not: ' || statement)
FROM unnest(ARRAY['INSERT INTO arsignup.realms (name) VALUES (''x'')', 'SELECT FROM arsignup.realms', 'SELECT FROM arsignup.connected_apps', 'SELECT FROM arsignup.users', 'SELECT FROM arsignup.app_routes']) AS statement;
RESET ROLE;

-- The functions behind the constraints say no more than yes or no.
SELECT is(arsignup.are_valid_urls('{}'), true, 'no URLs are valid URLs');
SELECT is(arsignup.are_valid_urls(NULL), NULL, 'null is null');
SELECT is(arsignup.are_valid_origins('{https://a.example:8443}'), true, 'an origin with a port');
SELECT is(arsignup.are_valid_origins('{https://a.example:80,http://localhost:443,http://127.0.0.1:8080}'), true, 'origins with the port of the other scheme');
SELECT is(arsignup.are_valid_origins(ARRAY[origin]), false, 'browsers leave out the scheme''s own port: ' || origin) FROM unnest(ARRAY['https://a.example:443', 'http://localhost:80', 'http://127.0.0.1:80', 'http://[::1]:80']) AS origin;
SELECT is(arsignup.are_valid_urls(ARRAY[origin || '/x']), true, 'a URL may have it: ' || origin) FROM unnest(ARRAY['https://a.example:443', 'http://localhost:80']) AS origin;
SELECT is(arsignup.are_valid_origins('{https://a.example,https://b.example/}'), false, 'one that is none spoils all');
SELECT is(arsignup.are_valid_hosts('{a.example,b.example}'), true, 'two hosts');
SELECT is(arsignup.are_valid_hosts('{a.example,B.example}'), false, 'one host and one that is none');

SELECT * FROM finish();
ROLLBACK;
