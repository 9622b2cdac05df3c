-- The hosted pages, asked as PostgREST asks: the body as the argument, everything else in its settings.
BEGIN;
\ir include/setup.psql
\ir include/web.psql
SELECT no_plan();

---------------------------------------------------------------------------------------------------
-- Helpers
---------------------------------------------------------------------------------------------------

CREATE FUNCTION cookie_name(realm text DEFAULT 'email') RETURNS text LANGUAGE sql AS $$ SELECT '__Host-arsignup-' || substr(arsignup.format_id('rl', realm(realm)), 4) $$;
-- What a browser would send back.
CREATE FUNCTION cookies(a answer) RETURNS jsonb LANGUAGE sql AS $$
	SELECT jsonb_build_object(split_part(header(a, 'Set-Cookie'), '=', 1), split_part(split_part(header(a, 'Set-Cookie'), '=', 2), ';', 1))
$$;
CREATE FUNCTION token(a answer) RETURNS text LANGUAGE sql AS $$ SELECT substring(header(a, 'Location') FROM '[?&]token=([^&#]*)') $$;
-- Assert that an answer has everything that every page has.
CREATE FUNCTION is_page(a answer, status int, description text) RETURNS text LANGUAGE sql AS $$
	SELECT is(concat_ws(' | ', a.status, header(a, 'Content-Type'), header(a, 'X-Content-Type-Options'), header(a, 'Referrer-Policy'), header(a, 'Cross-Origin-Opener-Policy'), header(a, 'Cache-Control'),
			header(a, 'Content-Security-Policy') LIKE 'default-src ''none''; base-uri ''none''; frame-ancestors ''none''; style-src ''self''%',
			header(a, 'Content-Security-Policy') ~ 'unsafe|script-src|\*', a.body ~ '<script|<style|style=| on[a-z]+=', a.body ~ '^<!DOCTYPE html>\n<html lang="en">'),
		concat_ws(' | ', status, 'text/html; charset=utf-8', 'nosniff', 'no-referrer', 'same-origin', 'no-store', true, false, false, true), description)
$$;

-- Routes by short names, and realms of more kinds.
INSERT INTO arsignup.realms (id, name, username_validation, sso, password_min_score, email_verification, name_field, org_name_field, password_field) VALUES
	(realm('seamless'), 'Seamless', 'email', 'seamless', 0, 'none', 'optional', 'optional', 'once'),
	(realm('strict'), 'Strict', 'standard', 'basic', 3, 'none', 'both', 'required', 'twice'),
	(realm('verify'), 'Verify', 'email', 'seamless', 0, 'require', 'hidden', 'optional', 'once');
INSERT INTO arsignup.connected_apps (realm_id, id, name, slug, login_handler, signup_handler, signup_mode, redirect_uris, header_html, footer_html, external_css, state, signups_enabled, logins_enabled)
SELECT realm(realm), app('web ' || slug), 'App <' || slug || '>', slug || pg_backend_pid(), login_handler, signup_handler, mode, redirects, above, below, css, state, signups, logins
FROM (VALUES
	('email', 'u', 'https://app.example.com/login?x=1#y', NULL, 'user', '{https://app.example.com/in,http://localhost:3000}'::text[], '<b>above</b>', '<i>below</i>', 'https://cdn.example.com:8443/a.css', 'active', NULL, NULL),
	('email', 'o', 'https://app.example.com/login', NULL, 'user_org', '{}', NULL, NULL, NULL, 'active', NULL, NULL),
	('email', 't', 'https://app.example.com/login', 'https://app.example.com/signup', 'signup_token', '{}', NULL, NULL, NULL, 'active', NULL, NULL),
	('email', 'h', 'https://app.example.com/login', NULL, 'signup_token', '{}', NULL, NULL, NULL, 'active', NULL, NULL),
	('email', 'off', 'https://app.example.com/login', NULL, 'user', '{}', NULL, NULL, NULL, 'inactive', NULL, NULL),
	('asleep', 'asleep', 'https://app.example.com/login', NULL, 'user', '{}', NULL, NULL, NULL, 'active', NULL, NULL),
	('email', 'nosignup', 'https://app.example.com/login', NULL, 'user', '{}', NULL, NULL, NULL, 'active', false, NULL),
	('email', 'nologin', 'https://app.example.com/login', NULL, 'user', '{}', NULL, NULL, NULL, 'active', NULL, false),
	('seamless', 's', 'https://one.example.com/login', NULL, 'user', '{https://one.example.com}', NULL, NULL, NULL, 'active', NULL, NULL),
	('seamless', 's2', 'http://127.0.0.1:8080/login', 'http://127.0.0.1:8080/signup', 'user', '{http://localhost:3000/x}', NULL, NULL, NULL, 'active', NULL, NULL),
	('strict', 'strict', 'https://app.example.com/login', NULL, 'user_org', '{}', NULL, NULL, NULL, 'active', NULL, NULL),
	('verify', 'v', 'https://app.example.com/login', NULL, 'user', '{}', NULL, NULL, NULL, 'active', NULL, NULL))
	AS v (realm, slug, login_handler, signup_handler, mode, redirects, above, below, css, state, signups, logins);
INSERT INTO arsignup.app_routes (kind, name, realm_id, connected_app_id) VALUES ('host', 'h' || pg_backend_pid() || '.example.com', realm(), app('web h'));
SELECT '{"x-arsignup-host": "h' || pg_backend_pid() || '.example.com"}' AS host \gset
CREATE FUNCTION host() RETURNS jsonb LANGUAGE sql AS $$ SELECT jsonb_build_object('x-arsignup-host', 'h' || pg_backend_pid() || '.example.com') $$;
-- One that is there already.
SELECT arsignup.create_user(realm(), 'ada@example.com', password_hash => ready_hash()) AS ada,
	arsignup.create_user(realm('seamless'), 'ada@example.com', password_hash => ready_hash()) AS seamless_ada \gset

---------------------------------------------------------------------------------------------------
-- Which app, which page
---------------------------------------------------------------------------------------------------

SELECT is_page(get(at('u', path)), 200, 'GET ' || path) FROM unnest(ARRAY['', '/', '/login', '/signup', '/logout', '/forgot', '/reset?token=x', '/verify?token=x', '/login?x=y', '/login?100%']) AS path;
SELECT is_page(ask('HEAD', at('u', '/login')), 200, 'HEAD is GET');
SELECT is_page(get(path, host()), 200, 'by host: GET ' || path) FROM unnest(ARRAY['/', '/login', '/signup', '/logout', '/forgot']) AS path;
SELECT is_page(get(path), 404, 'GET ' || shown(path) || ': no such page')
FROM unnest(ARRAY['/', '', '/nobody/login', at('off', '/login'), at('asleep', '/login'), at('u', '/nothing'), at('u', '/login//'), at('u', '//login'), at('u', '/Login'), at('u', '/login/x'), at('u', '/%6Cogin'),
	'/' || upper('u' || pg_backend_pid()) || '/login', 'u' || pg_backend_pid() || '/login', '/' || md5('x') || '''; --/login', '/' || repeat('x', 3000) || '/login']) AS path;
SELECT is_page(get(path, host()), 404, 'by host: GET ' || path || ': no such page') FROM unnest(ARRAY['', '/nothing', at('u', '/login'), '/signup//']) AS path;
SELECT is(regexp_replace((get(path || '/' || query, host())).body, 'value="[^"]{43}"', ''), regexp_replace((get(path || query, host())).body, 'value="[^"]{43}"', ''), 'A4: a slash at the end: ' || path || '/' || query) FROM (VALUES ('/login', ''), ('/login', '?redir=/x'), ('/signup', ''), (at('u', '/signup'), '')) AS v (path, query);
SELECT is((post(at('u', path), 'login=ada@example.com&password=canary')).status, status, 'A4: a form to ' || path) FROM (VALUES ('/login', 422), ('/login/', 422), ('/login//', 404)) AS v (path, status);
SELECT is_page(get('/login', '{"x-arsignup-host": null}'), 404, 'no host, no slug');
SELECT is_page(get(at('u', '/login'), '{"x-arsignup-host": null}'), 200, 'a slug needs no host');
SELECT is(header(a, 'Allow'), 'GET, HEAD, POST', method || ' is not for pages') FROM unnest(ARRAY['PUT', 'DELETE', 'PATCH', 'OPTIONS', 'get', 'GET ', 'TRACE']) AS method, ask(method, at('u', '/login')) AS a WHERE a.status = 405;
SELECT is((SELECT count(*) FROM unnest(ARRAY['PUT', 'DELETE', 'PATCH', 'OPTIONS', 'get', 'GET ', 'TRACE']) AS method, ask(method, at('u', '/signup')) AS a WHERE a.status = 405), 7::bigint, '... all of them');
SELECT is_page(ask('PUT', at('u', '/login')), 405, '... and it says so on a page');
SELECT is_page(ask(NULL, at('u', '/login')), 405, 'no method');
SELECT is(header(ask('POST', at('u', '/.well-known/jwks.json')), 'Allow'), 'GET, HEAD', 'keys are to be read');
SELECT is_page(get(at('u', path)), 422, 'a mailed link without its token: ' || path) FROM unnest(ARRAY['/reset', '/verify', '/reset?token=', '/reset?token=a&token=b', '/verify?token=%zz', '/verify?token=%00']) AS path;
SELECT is_page(get(at('nosignup', '/signup')), 403, 'signups are switched off');
SELECT is_page(get(at('nologin', path)), 403, 'logins are switched off: ' || path) FROM unnest(ARRAY['/login', '/', '/forgot']) AS path;

-- GET changes nothing.
SELECT idle(format('get(at(%L, %L))', slug, path), status, format('GET %s of %s changes nothing', path, slug))
FROM unnest(ARRAY['u', 's', 'strict', 'v']) AS slug, (VALUES ('/', 200), ('/login', 200), ('/signup', 200), ('/logout', 200), ('/forgot', 200), ('/reset?token=x', 200), ('/verify?token=x', 200), ('/nothing', 404)) AS p (path, status);

---------------------------------------------------------------------------------------------------
-- What is on a page
---------------------------------------------------------------------------------------------------

SELECT get(at('u', '/signup')) AS a \gset
SELECT is(header(:'a'::answer, 'Content-Security-Policy'), 'default-src ''none''; base-uri ''none''; frame-ancestors ''none''; style-src ''self'' https://cdn.example.com:8443; font-src ''self'' https://cdn.example.com:8443; img-src ''self'' https: data:; form-action ''self'' https: http://localhost:3000',
	'the policy names the app''s stylesheet and what is on this machine');
SELECT is(header(get(at('s2', '/signup')), 'Content-Security-Policy'), 'default-src ''none''; base-uri ''none''; frame-ancestors ''none''; style-src ''self''; font-src ''self''; img-src ''self'' https: data:; form-action ''self'' https: http://127.0.0.1:8080 http://localhost:3000',
	'each of these once');
SELECT is(header(get('/nothing'), 'Content-Security-Policy'), 'default-src ''none''; base-uri ''none''; frame-ancestors ''none''; style-src ''self''; font-src ''self''; img-src ''self'' https: data:; form-action ''self'' https:', '... and where there is no app');
SELECT is(header(:'a'::answer, 'X-Frame-Options'), 'DENY', 'no frames, for old browsers too');
SELECT ok(strpos((:'a'::answer).body, piece) > 0, 'signup page has ' || piece) FROM unnest(ARRAY['<header>' || E'\n<b>above</b>\n</header>', '<footer>' || E'\n<i>below</i>\n</footer>',
	'<link rel="stylesheet" href="/static/arsignup.css">', '<link rel="stylesheet" href="https://cdn.example.com:8443/a.css">', '<title>Sign up · App &lt;u&gt;</title>', '<h1>Sign up</h1>',
	'<form method="post" action="' || at('u', '/signup') || '" novalidate>', '<label for="email">Email</label>', 'name="first_name"', 'At least 8 characters.', '<a href="' || at('u', '/login') || '">Log in</a>']) AS piece;
SELECT ok(strpos((:'a'::answer).body, piece) = 0, 'signup page has no ' || piece) FROM unnest(ARRAY['name="org_name"', 'name="username"', 'name="password_confirmation"', 'autofocus', 'Error']) AS piece;
SELECT ok((get(at('strict', '/signup'))).body ~ ('name="' || field || '"[^>]* required'), 'a strict signup page requires ' || field) FROM unnest(ARRAY['first_name', 'last_name', 'org_name', 'username', 'email', 'password', 'password_confirmation']) AS field;
SELECT ok((get(at('strict', '/signup'))).body LIKE '%At least 8 characters, and hard to guess%', '... and says what a password needs');
SELECT ok((get(at('o', '/signup'))).body ~ 'Organisation <span class="optional">', 'an org may be named, where signups make one');
SELECT ok((get(at('v', '/signup'))).body !~ 'first_name', 'no names where they are hidden');
UPDATE arsignup.realms SET name_field = 'required' WHERE id = realm('strict');
SELECT ok(body !~ ('name="' || field || '"[^>]* required') AND body !~ (label || ' <span class="optional">'), 'N4: where one name is enough, no page requires just the ' || field || ', nor calls it optional')
FROM (VALUES ('first_name', 'First name'), ('last_name', 'Last name')) AS v (field, label), get(at('strict', '/signup'));
SELECT ok((get(at('strict', '/signup'))).body LIKE '%If you have one name only, leave the other field blank.%', 'N4: and says so');
SELECT ok((post(at('strict', '/signup'), 'first_name=+&last_name=')).body LIKE '%<a href="#first_name">First and last name can&#39;t both be blank.</a>%', 'N4: who gives none is told');
SELECT ok((post(at('strict', '/signup'), 'last_name=Suharto')).body NOT LIKE '%<a href="#first_name">%', 'N4: who gives one is not');
UPDATE arsignup.realms SET name_field = 'both' WHERE id = realm('strict');
SELECT ok((get('/login', host())).body LIKE '%action="/login"%<a href="/forgot">%<a href="/signup">%', 'by host, paths begin at the top');
SELECT ok((get(at('nosignup', '/login'))).body !~ 'signup"', 'no link to signups that are switched off');
SELECT ok((get(at('nologin', '/signup'))).body !~ 'login"', '... nor to logins');
SELECT ok((get(at('u', '/login?redir=/a%20b&redirect_uri=https://app.example.com/in'))).body LIKE '%name="redirect_uri" value="https://app.example.com/in"%name="redir" value="/a b"%href="' || at('u', '/signup?redirect_uri=https%3A//app.example.com/in&amp;redir=/a%20b') || '"%',
	'what is carried along goes into the form and the links');
SELECT ok((get(at('u', '/login?redirect_uri=https://evil.test/&redir=//evil.test'))).body !~ 'href="[^"]*redir', '... into links only if it is good');
SELECT ok((get(at('u', '/signup?email=a%40b.example&password=canary'))).body LIKE '%name="email"%value="a@b.example"%', 'a link may fill in the email');
SELECT ok((get(at('u', '/signup?email=a%40b.example&password=canary'))).body NOT LIKE '%canary%', '... never the password');
SELECT ok((get(at('u', '/login?login="><script>alert(1)</script>'))).body LIKE '%value="&quot;&gt;&lt;script&gt;alert(1)&lt;/script&gt;"%', 'what comes in a link is text');

---------------------------------------------------------------------------------------------------
-- Forms that are not taken
---------------------------------------------------------------------------------------------------

CREATE TEMP TABLE forms AS SELECT * FROM (VALUES ('/signup', 'email=new@example.com&password=canary password'), ('/login', 'login=ada@example.com&password=password'), ('/', 'login=ada@example.com&password=password'),
	('/logout', ''), ('/forgot', 'login=ada@example.com'), ('/reset', 'token=x&password=canary password'), ('/verify', 'token=x')) AS v (path, form);
SELECT idle(format('post(at(''u'', %L), %L, %L)', path, form, headers), 403, format('POST %s with %s: from another site', path, headers), 'from another site')
FROM forms, unnest(ARRAY['{"sec-fetch-site": "cross-site"}', '{"sec-fetch-site": "same-site"}', '{"sec-fetch-site": null, "origin": "https://evil.test"}', '{"sec-fetch-site": null, "origin": "null"}',
	'{"sec-fetch-site": null, "referer": "https://evil.test/x"}', '{"sec-fetch-site": "cross-site", "origin": "https://auth.example.com"}']) AS headers;
SELECT is_page(post(at('u', path), form || '&redir=/x', '{"sec-fetch-site": "cross-site"}'), 403, 'POST ' || path || ' from another site: the form again') FROM forms;
SELECT ok(body ~ 'name="email"[^>]* value="new@example.com"' AND body ~ 'name="redir" value="/x"' AND body !~ 'canary', '... with what was typed but the password')
FROM post(at('u', '/signup'), 'email=new@example.com&password=canary password&redir=/x', '{"sec-fetch-site": "cross-site"}') AS a (status, headers, body);
SELECT idle(format('post(at(''u'', %L), %L, %L)', path, form, headers), 415, format('POST %s with %s: no form', path, headers))
FROM forms, unnest(ARRAY['{"x-arsignup-content-type": null}', '{"x-arsignup-content-type": "application/json"}', '{"x-arsignup-content-type": "multipart/form-data; boundary=x"}', '{"x-arsignup-content-type": "text/plain"}']) AS headers;
SELECT idle(format('post(at(''u'', %L), %L)', path, form || '&' || bad), 400, format('POST %s with %s: not readable', path, bad))
FROM forms, unnest(ARRAY['x=%00', 'x=%zz', 'x=%', 'x=%ff', '%00=x', 'email=%c0%80']) AS bad;
SELECT idle(format('ask(''POST'', at(''u'', %L), convert_to(%L, ''UTF8'') || %L::bytea)', path, form || '&x=', bad), 400, format('POST %s with byte %s: not readable', path, bad)) FROM forms, unnest(ARRAY['\x00', '\xff', '\xc3', '\xeda080']) AS bad;
SELECT idle(format('post(at(''u'', %L), %L || repeat(''x'', 65536))', path, form || '&x='), 413, format('POST %s: too much', path)) FROM forms;
SELECT idle(format('post(at(''u'', %L), %L || repeat(''&x=1'', 100))', path, form), 400, format('POST %s: too many fields', path)) FROM forms;
SELECT idle(format('post(at(''u'', %L), %L)', path, form || '&' || split_part(form, '=', 1) || '=x'), 422, format('POST %s: a field twice', path), 'more than once') FROM forms WHERE form <> '';
SELECT idle(format('post(at(''u'', %L), %L)', path, form || '&redir=a&redir=b'), 422, format('POST %s: a carried field twice', path), 'more than once') FROM forms WHERE path <> '/logout';
SELECT is_page(post(at('u', '/login'), 'login=nobody@example.com&password=canary', headers), 422, 'POST with ' || headers::text || ': from our page')
FROM unnest(ARRAY['{"sec-fetch-site": "none"}', '{"sec-fetch-site": null, "origin": "https://auth.example.com"}', '{"sec-fetch-site": null, "referer": "https://auth.example.com/x"}']::jsonb[]) AS headers;
SELECT idle(format('post(%L, ''email=new@example.com&password=canary password'')', path), status, 'POST ' || path) FROM (VALUES ('/nobody/signup', 404), (at('off', '/signup'), 404), (at('asleep', '/signup'), 404), (at('nosignup', '/signup'), 403), (at('u', '/.well-known/jwks.json'), 405)) AS v (path, status);
SELECT idle(format('post(at(''nologin'', %L), ''login=ada@example.com&password=password'')', path), 403, 'logins are switched off: ' || path) FROM unnest(ARRAY['/login', '/', '/forgot']) AS path;

---------------------------------------------------------------------------------------------------
-- Signing up
---------------------------------------------------------------------------------------------------

SELECT post(at('u', '/signup'), 'email=Bob%40Example.com&password=canary+password&first_name=Bob&unknown=x&org_name=No') AS a \gset
SELECT is((:'a'::answer).status, 303, 'a signup leads on');
SELECT is(regexp_replace(header(:'a'::answer, 'Location'), 'token=[^&]*', 'token=T'), 'https://app.example.com/login?x=1&token=T&signup=true#y', '... to the login handler');
SELECT is((:'a'::answer).body, '', '... with nothing to read');
SELECT ok(header(:'a'::answer, 'Set-Cookie') ~ ('^' || cookie_name() || '=kbs_[A-Za-z0-9_-]{64}; Path=/; Max-Age=21600; Secure; HttpOnly; SameSite=Lax$'), 'the cookie has every attribute');
SELECT is(concat_ws(' ', header(:'a'::answer, 'Cache-Control'), header(:'a'::answer, 'Referrer-Policy')), 'no-store no-referrer', 'a redirect is not kept, and tells nobody where from');
SELECT is(arsignup.verify_login_token(token(:'a'::answer)) ->> 'un', 'Bob@Example.com', 'the token is theirs');
SELECT is((SELECT string_agg(concat_ws(' ', event_type, ip, client), ', ' ORDER BY id) FROM arsignup.events AS e WHERE e.user_id = (SELECT id FROM arsignup.users WHERE email = 'Bob@Example.com')), 'user.created pgtap, user.login.succeeded pgtap', 'events name the client, and no address that nobody vouches for');
SELECT is((SELECT count(*) FROM arsignup.sessions WHERE realm_id = realm() AND cookie_digest IS NOT NULL AND ended_at IS NULL), 1::bigint, 'the session has a digest of the cookie');
SELECT is((SELECT count(*) FROM arsignup.sessions WHERE strpos(encode(cookie_digest, 'escape'), substr((cookies(:'a'::answer) ->> cookie_name()), 5, 20)) > 0), 0::bigint, '... not the cookie');

SELECT post(at('o', '/signup'), 'email=org@example.com&password=canary+password&org_name=Analytical+Engines') AS a \gset
SELECT is((SELECT o.name FROM arsignup.memberships AS m JOIN arsignup.orgs AS o ON o.id = m.org_id WHERE m.user_id = arsignup.parse_id(arsignup.verify_login_token(token(:'a'::answer)) ->> 'uid')), 'Analytical Engines', 'user, org and membership');
SELECT post(at('t', '/signup'), 'email=tok@example.com&password=canary+password') AS a \gset
SELECT is(regexp_replace(header(:'a'::answer, 'Location'), 'utk_[A-Za-z0-9_-]{64}', 'T'), 'https://app.example.com/signup?token=T', 'a signup token goes to the signup handler');
SELECT is(header(:'a'::answer, 'Set-Cookie'), NULL, '... with no session');
SELECT is((SELECT state FROM arsignup.get_signup_token(token(:'a'::answer))), 'pending', '... and is good');
SELECT is(regexp_replace(header(post('/signup', 'email=tok@example.com&password=canary+password', host()), 'Location'), 'utk_[A-Za-z0-9_-]{64}', 'T'), 'https://app.example.com/login?token=T', '... to the login handler if there is no other');
SELECT is(header(post(at('nologin', '/signup'), 'email=nologin@example.com&password=canary+password'), 'Location'), 'https://app.example.com/login', 'where logins are off, there is no token');

-- The address is the proxy's word, and the proxy knows a secret.
CREATE FUNCTION noted(headers jsonb, email text) RETURNS text LANGUAGE plpgsql AS $$
BEGIN
	PERFORM post(at('u', '/signup'), 'password=canary password&email=' || email, headers);
	RETURN (SELECT coalesce(host(ip), 'none') FROM arsignup.events AS e JOIN arsignup.users AS u ON u.id = e.user_id WHERE u.email = noted.email AND event_type = 'user.created');
END
$$;
SELECT is(noted('{"x-arsignup-address": "192.0.2.1"}', 'a1@example.com'), 'none', 'no secret is set, none is sent');
SELECT is(noted('{"x-arsignup-address": "192.0.2.1", "x-arsignup-proxy": ""}', 'a2@example.com'), 'none', 'an empty one is sent');
SET LOCAL app.settings.arsignup_proxy = '';
SELECT is(noted('{"x-arsignup-address": "192.0.2.1", "x-arsignup-proxy": ""}', 'a3@example.com'), 'none', 'an empty one is set and sent');
SET LOCAL app.settings.arsignup_proxy = 'between us';
SELECT is(noted('{"x-arsignup-address": "192.0.2.1"}', 'a4@example.com'), 'none', 'none is sent');
SELECT is(noted('{"x-arsignup-address": "192.0.2.1", "x-arsignup-proxy": "between u"}', 'a5@example.com'), 'none', 'a shorter one');
SELECT is(noted('{"x-arsignup-address": "192.0.2.1", "x-arsignup-proxy": "between uS"}', 'a6@example.com'), 'none', 'another one');
SELECT is(noted('{"x-arsignup-address": "192.0.2.1", "x-arsignup-proxy": "between us"}', 'a7@example.com'), '192.0.2.1', 'the right one');
SELECT is(noted('{"x-arsignup-address": "2001:db8::1", "x-arsignup-proxy": "between us"}', 'a8@example.com'), '2001:db8::1', '... for IPv6');
SELECT is(noted(jsonb_build_object('x-arsignup-address', address, 'x-arsignup-proxy', 'between us'), 'b' || n || '@example.com'), 'none', 'no address: ' || address)
FROM unnest(ARRAY['unix:', '192.0.2.0/24', '192.0.2', 'x', '', '192.0.2.1, 192.0.2.2']) WITH ORDINALITY AS v (address, n);
RESET app.settings.arsignup_proxy;

-- What is wrong is said beside its field, with everything kept but the passwords.
SELECT idle($$post(at('strict', '/signup'), 'email=x&username=%22%3E%3Cb%3E&first_name=Ada&password=canary&password_confirmation=canary2&redir=/here')$$, 422, 'a signup with faults');
SELECT (post(at('strict', '/signup'), 'email=x&username=%22%3E%3Cb%3E&first_name=Ada&password=canary&password_confirmation=canary2&redir=/here')).body AS body \gset
SELECT ok(strpos(:'body', piece) > 0, 'it has ' || piece) FROM unnest(ARRAY['<title>Error: Sign up', 'role="alert"', '<a href="#email">Email is not a valid address.</a>', 'id="email-error"', 'aria-describedby="email-error"', 'value="x"', 'value="&quot;&gt;&lt;b&gt;"', 'value="Ada"',
	'<a href="#last_name">', '<a href="#org_name">', '<a href="#password">', 'aria-describedby="password-hint password-error"', 'name="redir" value="/here"']) AS piece;
SELECT is((SELECT count(*) FROM regexp_matches(:'body', ' autofocus', 'g')), 1::bigint, 'one field has the focus');
SELECT ok(:'body' ~ 'name="last_name"[^>]* autofocus', '... the first faulty one');
SELECT idle($$post(at('u', '/signup'), 'email=ADA@example.com&password=canary password')$$, 422, 'a taken email', 'href="#email"');
SELECT idle($$post(at('u', '/signup'), '')$$, 422, 'an empty form', 'href="#password"');
SELECT idle($$post(at('u', '/signup?email=q@example.com&password=canary password'), '')$$, 422, 'a form in the query is none', 'href="#email"');

---------------------------------------------------------------------------------------------------
-- Where people are sent
---------------------------------------------------------------------------------------------------

CREATE FUNCTION target(query text, form text DEFAULT '') RETURNS text LANGUAGE sql AS $$
	SELECT regexp_replace(header(post(at('u', '/login') || query, 'login=ada@example.com&password=password' || form), 'Location'), 'token=[^&#]*', 'token=T')
$$;
SELECT is(target(query, form), expected, format('query %s, form %s', query, form)) FROM (VALUES
	('', '', 'https://app.example.com/login?x=1&token=T#y'),
	('?redir=/a/b', '', 'https://app.example.com/login?x=1&token=T&redir=/a/b#y'),
	('', '&redir=/a%3Fb%3Dc%26d', 'https://app.example.com/login?x=1&token=T&redir=/a%3Fb%3Dc%26d#y'),
	('', '&redir=https%3A%2F%2Fevil.test%2Fa', 'https://app.example.com/login?x=1&token=T&redir=/a#y'),
	('', '&redir=//evil.test', 'https://app.example.com/login?x=1&token=T#y'),
	('', '&redir=/x%0d%0aSet-Cookie:a=b', 'https://app.example.com/login?x=1&token=T#y'),
	('', '&redir=/caf%C3%A9', 'https://app.example.com/login?x=1&token=T&redir=/caf%C3%A9#y'),
	('?redir=/a', '&redir=/b', 'https://app.example.com/login?x=1&token=T&redir=/b#y'),
	('?redirect_uri=https://app.example.com/in/x', '', 'https://app.example.com/in/x?token=T'),
	('', '&redirect_uri=https://app.example.com/in?a=b%23c', 'https://app.example.com/in?a=b&token=T#c'),
	('', '&redirect_uri=http://localhost:3000/&redir=/a', 'http://localhost:3000/?token=T&redir=/a'),
	('', '&redirect_uri=https://app.example.com/in?token=evil', 'https://app.example.com/login?x=1&token=T#y'),
	('', '&redirect_uri=https://app.example.com/in%3F%2574oken=evil', 'https://app.example.com/login?x=1&token=T#y'),
	('', '&redirect_uri=https://app.example.com/', 'https://app.example.com/login?x=1&token=T#y'),
	('', '&redirect_uri=https://app.example.com.evil.test/in', 'https://app.example.com/login?x=1&token=T#y'),
	('', '&redirect_uri=https://app.example.com@evil.test/in', 'https://app.example.com/login?x=1&token=T#y'),
	('', '&redirect_uri=', 'https://app.example.com/login?x=1&token=T#y'),
	('?token=evil&url=https://evil.test', '&token=evil&signup=true', 'https://app.example.com/login?x=1&token=T#y')) AS v (query, form, expected);
-- N6: what a token tells, and what is handed back, leave the address short enough for the servers of apps.
UPDATE arsignup.realms SET jwt_fields = '{custom}' WHERE id = realm();
UPDATE arsignup.users SET custom = jsonb_build_object('a', repeat('x', 3800)) WHERE email = 'ada@example.com' AND realm_id = realm();
SELECT ok(length(location) BETWEEN 5000 AND 8000 AND location LIKE '%#y' AND (location LIKE '%&redir=/%') = fits, 'N6: an address of 8,000 bytes at most: ' || what)
FROM (VALUES ('/a', true, 'with a redir'), (repeat('/caf%C3%A9', 40), true, 'with a long one'), ('/' || repeat('%C3%A9', 1000), false, 'without one that is too long')) AS v (redir, fits, what),
	LATERAL header(post(at('u', '/login'), 'login=ada@example.com&password=password&redir=' || redir), 'Location') AS location;
SELECT is(target('', '&redir=/' || repeat('a', 1000)), 'https://app.example.com/login?x=1&token=T&redir=/' || repeat('a', 1000) || '#y', 'N6: where there is room, a redir may be long');
UPDATE arsignup.realms SET jwt_fields = '{}' WHERE id = realm();
SELECT is(regexp_replace(header(post(at('u', '/signup'), 'email=r1@example.com&password=canary+password&redir=/a&redirect_uri=https://app.example.com/in'), 'Location'), 'token=[^&#]*', 'token=T'),
	'https://app.example.com/in?token=T&signup=true&redir=/a', 'both work for signups');
SELECT is(regexp_replace(header(post(at('t', '/signup'), 'email=r2@example.com&password=canary+password&redir=/a&redirect_uri=https://app.example.com/in'), 'Location'), 'token=[^&#]*', 'token=T'),
	'https://app.example.com/signup?token=T&redir=/a', '... where the app permits it');

---------------------------------------------------------------------------------------------------
-- Logging in, again, and out
---------------------------------------------------------------------------------------------------

SELECT post(at('u', '/login'), 'login=+ADA@example.com&password=password') AS a \gset
SELECT is((:'a'::answer).status, 303, 'a login leads on');
SELECT is(arsignup.verify_login_token(token(:'a'::answer)) ->> 'un', 'ada@example.com', '... with their token');
SELECT ok(header(:'a'::answer, 'Set-Cookie') ~ ('^' || cookie_name() || '=kbs_'), '... and a cookie, in a basic realm too');
SELECT isnt(cookies(:'a'::answer), cookies(post(at('u', '/login'), 'login=ada@example.com&password=password')), 'another login, another cookie');
SELECT is_page(post(at('u', '/'), 'login=ada@example.com&password=password&login=x'), 422, 'the top takes logins, too');
SELECT is(a.body, replace(b.body, 'nobody@example.com', 'ada@example.com'), 'a wrong login reads the same whether or not there is such a user')
FROM post(at('u', '/login'), 'login=ada@example.com&password=canary&idempotency_key=0123456789abcdef') AS a, post(at('u', '/login'), 'login=nobody@example.com&password=canary&idempotency_key=0123456789abcdef') AS b;
SELECT is_page(post(at('u', '/login'), 'login=ada@example.com&password=canary'), 422, 'a wrong login is the form again');
SELECT idle(format('post(at(''u'', ''/login''), %L)', form), 422, 'nothing is tried: ' || shown(form), 'can&#39;t be blank') FROM unnest(ARRAY['', 'login=ada@example.com', 'password=canary', 'login=&password=canary']) AS form;
SET LOCAL app.settings.arsignup_proxy = 'between us';
SELECT jsonb_build_object('x-arsignup-proxy', 'between us', 'x-arsignup-address', '198.51.100.' || pg_backend_pid() % 256) AS proxied \gset
SELECT is(string_agg(a.status::text, ' '), '422 422 422 422 422 429 429', 'too many wrong ones') FROM generate_series(1, 7) AS i, LATERAL post(at('u', '/login'), 'login=throttled@example.com&password=canary' || i, :'proxied') AS a;
SELECT post(at('u', '/login'), 'login=throttled@example.com&password=canary', :'proxied') AS a \gset
RESET app.settings.arsignup_proxy;
SELECT is_page(:'a'::answer, 429, '... are told so on a page');
SELECT ok(header(:'a'::answer, 'Retry-After')::int BETWEEN 1 AND 900 AND (:'a'::answer).body ~ 'try again in (a|\d+) minutes?' AND (:'a'::answer).body ~ 'value="throttled@example.com"', '... with when to come again');

-- Who logs in again leaves what the browser had, but for the same person at another app.
CREATE FUNCTION alive(a answer) RETURNS text LANGUAGE sql AS $$
	SELECT concat_ws(' ', CASE WHEN arsignup.verify_login_token(token(a)) IS NULL THEN 'ended' ELSE 'goes on' END,
		(SELECT 'AND HAS A COOKIE' FROM arsignup.sessions WHERE id = arsignup.parse_id(convert_from(decode(rpad(translate(split_part(token(a), '.', 2), '-_', '+/'), (length(split_part(token(a), '.', 2)) + 3) / 4 * 4, '='), 'base64'), 'UTF8')::jsonb ->> 'tk') AND cookie_digest IS NOT NULL))
$$;
SELECT arsignup.create_user(realm(), 'bea@example.com', password_hash => ready_hash()) AS bea \gset
CREATE FUNCTION replaced(app text, form text, page text DEFAULT '/login') RETURNS text LANGUAGE plpgsql AS $$
DECLARE
	a answer := post(at('u', '/login'), 'login=ada@example.com&password=password');
BEGIN
	PERFORM post(at(app, page), form, cookies => cookies(a));
	RETURN alive(a);
END
$$;
SELECT is(replaced('u', 'login=ada@example.com&password=password'), 'ended', 'logged in again at the same app');
SELECT is(replaced('o', 'login=ada@example.com&password=password'), 'goes on', 'logged in at another app');
SELECT is(replaced('o', 'login=bea@example.com&password=password'), 'ended', 'somebody else logged in');
SELECT is(replaced('o', 'email=cleo@example.com&password=canary password', '/signup'), 'ended', 'somebody signed up');
SELECT is(replaced('t', 'email=dora@example.com&password=canary password', '/signup'), 'goes on AND HAS A COOKIE', 'a signup token is no login');
SELECT is(replaced('u', 'login=ada@example.com&password=canary'), 'goes on AND HAS A COOKIE', 'nor is a wrong password');

-- A signup token that is sent again leads somewhere, or is another one.
CREATE FUNCTION signs_up(email text) RETURNS text LANGUAGE sql AS $$
	SELECT token(post(at('t', '/signup'), format('email=%s@example.com&password=canary+password&idempotency_key=0123456789abcdef', email)))
$$;
SELECT signs_up('resent') AS resent \gset
SELECT is(signs_up('resent'), :'resent', 'a signup sent again has the same signup token');
SELECT arsignup.redeem_signup_token(:'resent') \g /dev/null
SELECT is(signs_up('resent'), :'resent', '... redeemed, too');
SELECT signs_up('revoked') AS revoked \gset
SELECT arsignup.revoke_signup_token(:'revoked') \g /dev/null
SELECT signs_up('revoked') AS again \gset
SELECT is((SELECT state FROM arsignup.get_signup_token(:'again')), 'pending', '... revoked, it is minted anew');
SELECT signs_up('late') AS late \gset
UPDATE arsignup.signup_tokens SET expires_at = now() - interval '1 second' WHERE email = 'late@example.com';
SELECT signs_up('late') AS again \gset
SELECT is((SELECT state FROM arsignup.get_signup_token(:'again')), 'pending', '... and so it is when it has expired');

-- Basic: asked again. Seamless: forwarded, with the same session, at once.
SELECT is_page(get(at('u', '/login'), cookies => cookies(a)), 200, 'basic: a login is asked for again') FROM post(at('u', '/login'), 'login=ada@example.com&password=password') AS a;
SELECT post(at('s', '/login'), 'login=ada@example.com&password=password') AS a \gset
SELECT cookies(:'a'::answer) AS jar \gset
SELECT get(at('s2', path), cookies => :'jar') AS again, path FROM unnest(ARRAY['/login?redir=/x', '/login']) AS path LIMIT 1 \gset
SELECT is((:'again'::answer).status, 303, 'seamless: forwarded at once');
SELECT ok(header(:'again'::answer, 'Location') ~ '^http://127.0.0.1:8080/login\?token=[^&]+&redir=/x$', '... to the other app');
SELECT is(arsignup.verify_login_token(token(:'again'::answer)) ->> 'sid', arsignup.verify_login_token(token(:'a'::answer)) ->> 'sid', '... in the same session');
SELECT is(header(:'again'::answer, 'Set-Cookie'), NULL, '... with the same cookie');
SELECT is((get(at('s', '/'), cookies => :'jar')).status, 303, '... from the top as well');
SELECT is((get(at('s2', '/signup'), cookies => :'jar')).status, 200, '... but not from a signup');
SELECT is((get(at('s2', '/login'), cookies => jsonb_build_object(name, value))).status, 200, 'another cookie: ' || shown(name)) FROM (VALUES (cookie_name(), :'jar'::jsonb ->> cookie_name('seamless')), ('x', :'jar'::jsonb ->> cookie_name('seamless')),
	(cookie_name('seamless'), 'x'), (cookie_name('seamless'), 'kbs_' || repeat('A', 64)), (cookie_name('seamless'), '')) AS v (name, value);
SELECT idle(format('get(at(''s'', ''/logout''), cookies => %L)', :'jar'), 200, 'GET /logout only asks', 'Do you want to log out?');
SELECT post(at('s', '/logout'), '', cookies => :'jar') AS out \gset
SELECT is(concat_ws(' ', (:'out'::answer).status, header(:'out'::answer, 'Location')), '303 ' || at('s', '/login'), 'logging out leads to the login page');
SELECT is(header(:'out'::answer, 'Set-Cookie'), cookie_name('seamless') || '=; Path=/; Max-Age=0; Secure; HttpOnly; SameSite=Lax', '... takes the cookie away');
SELECT is(arsignup.verify_login_token(token(:'a'::answer)), NULL, '... and ends the session');
SELECT is((get(at('s2', '/login'), cookies => :'jar')).status, 200, '... so nobody is forwarded');
SELECT is((post(at('s', '/logout'), '', cookies => jar)).status, 303, 'logging out twice, or never in: ' || shown(jar::text)) FROM unnest(ARRAY[:'jar'::jsonb, '{}', jsonb_build_object(cookie_name('seamless'), 'x')]) AS jar;
SELECT is(header(post(at('s', '/logout'), 'redirect_uri=https://one.example.com/bye'), 'Location'), 'https://one.example.com/bye', 'where to go afterwards, if the app permits it');
SELECT is(header(post(at('s', '/logout'), 'redirect_uri=https://evil.test/bye'), 'Location'), at('s', '/login'), '... and not otherwise');
SELECT is(arsignup.end_browser_session(realm(), (:'jar'::jsonb ->> cookie_name('seamless'))), false, 'a browser''s session is of its realm');
SELECT post(at('u', '/login'), 'login=ada@example.com&password=password') AS a \gset
SELECT post(at('u', '/logout'), '', cookies => cookies(:'a'::answer)) AS out \gset
SELECT is(arsignup.verify_login_token(token(:'a'::answer)), NULL, 'basic: logging out ends the session too');

---------------------------------------------------------------------------------------------------
-- Ways back in
---------------------------------------------------------------------------------------------------

CREATE FUNCTION mailed(type text) RETURNS text LANGUAGE sql AS $$ SELECT data ->> 'token' FROM arsignup.claim_events(ARRAY[type]) ORDER BY id DESC LIMIT 1 $$;
SELECT is(a.body, b.body, 'asking for a reset reads the same whether or not there is such a user') FROM post(at('u', '/forgot'), 'login=ada@example.com') AS a, post(at('u', '/forgot'), 'login=nobody@example.com') AS b;
SELECT is_page(post(at('u', '/forgot'), 'login=ada@example.com'), 200, 'it is said on a page');
SELECT idle($$post(at('u', '/forgot'), 'login=')$$, 422, 'nobody is asked for');
SELECT mailed('user.password_token.created') AS reset \gset
SELECT ok(:'reset' ~ '^kpw_', 'a mail has the token');
SELECT ok((get(at('u', '/reset?token=' || :'reset'))).body LIKE '%name="token" value="' || :'reset' || '"%', 'the mailed link leads to a form');
SELECT idle(format('post(at(''u'', ''/reset''), ''password=canary&token=%s'')', :'reset'), 422, 'a bad password', 'href="#password"');
SELECT idle(format('post(at(''u'', ''/reset''), ''token=%s'')', :'reset'), 422, 'no password', 'href="#password"');
SELECT idle(format('post(at(''s'', ''/reset''), ''password=a+new+password&token=%s'')', :'reset'), 422, 'another realm''s app', 'does not work any more');
SELECT post(at('u', '/reset'), 'password=a+new+password&token=' || :'reset') AS a \gset
SELECT is_page(:'a'::answer, 200, 'a new password is set');
SELECT is((post(at('u', '/login'), 'login=ada@example.com&password=' || password)).status, status, 'login with ' || password) FROM (VALUES ('a+new+password', 303), ('password', 422)) AS v (password, status);
SELECT is_page(post(at('u', '/reset'), 'password=another+password&token=' || token), 422, 'a token that is no good: ' || left(token, 4)) FROM unnest(ARRAY[:'reset', 'x', '', 'kpw_' || repeat('A', 64)]) AS token;
SELECT idle($$post(at('strict', '/reset'), 'password=correct horse battery&password_confirmation=another&token=x')$$, 422, 'twice, but not the same', 'does not match');
SELECT ok((post(at('strict', '/reset'), 'password=caf%C3%A9 horse battery&password_confirmation=cafe%CC%81 horse battery&token=x')).body ~ 'does not work any more', '... the same on another keyboard');

SELECT post(at('v', '/signup'), 'email=eve@example.com&password=canary+password') AS a \gset
SELECT is_page(:'a'::answer, 200, 'where emails must be verified, a signup says so');
SELECT is(concat_ws(' ', header(:'a'::answer, 'Location'), header(:'a'::answer, 'Set-Cookie'), (:'a'::answer).body ~ 'Look into your mail'), 't', '... and logs nobody in');
SELECT mailed('user.email.verification_requested') AS first \gset
SELECT post(at('v', '/login'), 'login=eve@example.com&password=canary+password') AS a \gset
SELECT is_page(:'a'::answer, 403, 'a login with the right password says that the email comes first');
SELECT ok((:'a'::answer).body ~ 'Confirm your email first' AND (:'a'::answer).body ~ 'name="choice" value="yes"', '... and offers to send it again');
SELECT ok((post(at('v', '/login'), 'login=eve@example.com&password=canary&choice=yes')).body !~ 'choice|Confirm your email', '... to nobody else');
SELECT is(mailed('user.email.verification_requested'), NULL, '... nothing is sent then');
SELECT is_page(post(at('v', '/login'), 'login=eve@example.com&password=canary+password&choice=yes'), 200, 'sent again');
SELECT mailed('user.email.verification_requested') AS verification \gset
SELECT ok(:'verification' ~ '^kev_', '... by mail');
SELECT idle(format('get(at(''v'', ''/verify?token=%s''))', :'verification'), 200, 'following the link only asks', '<button');
SELECT idle(format('post(at(''u'', ''/verify''), ''token=%s'')', :'verification'), 422, 'another realm''s app', 'does not work any more');
SELECT is_page(post(at('v', '/verify'), 'token=' || :'verification'), 200, 'the email is confirmed');
SELECT idle(format('post(at(''v'', ''/verify''), ''token=%s'')', :'verification'), 200, '... and it is still if that is sent again', 'is confirmed');
UPDATE arsignup.submissions SET created_at = created_at - interval '10 minutes 1 second';
SELECT is_page(post(at('v', '/verify'), 'token=' || :'verification'), 422, '... until ten minutes later');
SELECT is((post(at('v', '/login'), 'login=eve@example.com&password=canary+password')).status, 303, '... and then the login leads on');

---------------------------------------------------------------------------------------------------
-- Errors that are answers, and errors that are not
---------------------------------------------------------------------------------------------------

CREATE FUNCTION fail() RETURNS trigger LANGUAGE plpgsql AS $$ BEGIN RAISE EXCEPTION 'canary' USING ERRCODE = current_setting('test.code'), DETAIL = 'canary'; END $$;
CREATE TRIGGER fail BEFORE INSERT ON arsignup.users FOR EACH ROW EXECUTE FUNCTION fail();
CREATE FUNCTION under(code text) RETURNS answer LANGUAGE plpgsql AS $$
BEGIN
	PERFORM set_config('test.code', code, true);
	RETURN post(at('u', '/signup'), 'email=failed@example.com&password=canary password');
END
$$;
SELECT is_page(under(code), 503, code || ' is: come again') FROM unnest(ARRAY['40001', '40P01', '55P03', '53200', 'SU007', 'SU011']) AS code;
SELECT is(header(a, 'Retry-After') || ' ' || (a.body ~ 'value="failed@example.com"') || ' ' || (a.body ~ 'canary'), '5 true false', code || ': when, with what was typed') FROM unnest(ARRAY['40001', '40P01', '55P03', '53200', 'SU007', 'SU011']) AS code, under(code) AS a;
SELECT is_page(under('SU008'), 429, 'SU008');
SELECT is_page(under('SU006'), 403, 'SU006');
SELECT is_page(under('SU010'), 404, 'SU010');
SELECT is_page(under('SU001'), 422, 'SU001 with a DETAIL that is not ours');
SELECT is((SELECT count(*) FROM arsignup.users WHERE email = 'failed@example.com'), 0::bigint, 'nothing of it is left');
SET LOCAL log_min_messages = fatal; -- the suite reads the log for internal errors
SELECT told FROM unnest(ARRAY['42501', '54000', 'XX000', 'SU003']) AS code, under(code) AS a, LATERAL (VALUES (is_page(a, 500, code || ' is a failure')), (ok(a.body !~ 'canary', '... of which nothing is told'))) AS v (told);
RESET log_min_messages;
SELECT ok(is_cancelled($$SELECT under('57014')$$), 'a call that is cancelled ends');
SELECT set_config('role', 'none', true) \g /dev/null
DROP TRIGGER fail ON arsignup.users;
-- So is what would be checked at COMMIT only; what a caller has put off elsewhere still is, and does not run with our rights.
CREATE CONSTRAINT TRIGGER fail AFTER INSERT ON arsignup.users DEFERRABLE INITIALLY DEFERRED FOR EACH ROW EXECUTE FUNCTION fail();
CREATE FUNCTION note() RETURNS trigger LANGUAGE plpgsql AS $$ BEGIN PERFORM set_config('test.ran_as', current_user, true); RETURN NULL; END $$;
CREATE TABLE put_off (n int);
CREATE CONSTRAINT TRIGGER fail AFTER INSERT ON put_off DEFERRABLE INITIALLY DEFERRED FOR EACH ROW EXECUTE FUNCTION note();
INSERT INTO put_off VALUES (1);
SELECT is_page(under('P0001'), 422, 'a deferred rule of the application''s');
SELECT is_page(under('42501'), 500, 'a deferred failure');
SELECT is((SELECT count(*) FROM arsignup.users WHERE email = 'failed@example.com'), 0::bigint, '... leaves nothing');
SELECT is(current_setting('test.ran_as', true), NULL, 'what others have put off has not run');
SELECT is((outcome($$SELECT arsignup.create_user(realm(), 'deferred@example.com')$$, false)).code, '00000', '... and what is next on our tables waits again');
SET CONSTRAINTS ALL IMMEDIATE;
DROP TABLE put_off;
DROP TRIGGER fail ON arsignup.users;

-- nginx, which has replaced a 503, asks again for the form only.
SELECT idle(format('post(at(''u'', %L), %L, ''{"x-arsignup-busy": "yes"}'')', path, form), 200, 'asked again by nginx: POST ' || path || ' is not done', 'send this again')
FROM (VALUES ('/signup', 'email=again@example.com&password=canary password'), ('/login', 'login=ada@example.com&password=canary'), ('/logout', ''),
	('/forgot', 'login=ada@example.com'), ('/reset', 'token=otk_x&password=canary'), ('/verify', 'token=otk_x')) AS v (path, form);
SELECT idle('get(at(''u'', ''/login''), ''{"x-arsignup-busy": "yes"}'')', 200, '... nor is a GET', 'send this again');
SELECT is(header(a, 'Retry-After') || ' ' || (a.body ~ 'value="again@example.com"'), '5 true', '... with what was typed')
FROM post(at('u', '/signup'), 'email=again@example.com&password=canary password', '{"x-arsignup-busy": "yes"}') AS a;
SELECT idle('post(at(''u'', ''/signup''), ''email=again@example.com'', ''{"x-arsignup-busy": "yes", "sec-fetch-site": "cross-site"}'')', 403, '... but not to another site');

-- On a standby, pages are shown and forms are not taken; so are those of PostgREST that only read.
SELECT post(at('s', '/login'), 'login=ada@example.com&password=password') AS a \gset
UPDATE arsignup.signing_keys SET session_minutes = 1 WHERE realm_id = realm('seamless');
SAVEPOINT reading;
SET TRANSACTION READ ONLY;
SELECT get(at('s2', '/login'), cookies => cookies(:'a'::answer)) AS again, post(at('u', '/login'), 'login=org@example.com&password=canary password') AS login, get(at('u', '/signup')) AS shown \gset
ROLLBACK TO reading;
SELECT is_page(:'shown'::answer, 200, 'read-only: a page is shown');
SELECT is_page(:'login'::answer, 503, 'read-only: a login is for later');
SELECT is_page(:'again'::answer, 200, 'read-only: who cannot be forwarded is asked');
SELECT idle(format('get(at(''s2'', ''/login''), cookies => %L)', cookies(:'a'::answer)), 200, '... and is elsewhere, where the key would have to be changed');
SELECT post(at('s', '/login'), 'login=ada@example.com&password=password') AS a \gset
SELECT idle(format('get(at(''s2'', ''/login''), cookies => %L)', cookies(:'a'::answer)), 303, '... which a login does');
UPDATE arsignup.realms SET jwt_alg = 'EdDSA' WHERE id = realm('seamless');
SELECT idle(format('get(at(''s2'', ''/login''), cookies => %L)', cookies(:'a'::answer)), 200, 'nor is a key made for it');

---------------------------------------------------------------------------------------------------
-- Keys
---------------------------------------------------------------------------------------------------

UPDATE arsignup.realms SET jwt_alg = 'EdDSA' WHERE id = realm();
SELECT post(at('nosignup', '/login'), 'login=org@example.com&password=canary+password') AS a \gset
SELECT get(at('u', '/.well-known/jwks.json')) AS a \gset
SELECT is((:'a'::answer).body::jsonb, arsignup.jwks(realm()), 'the realm''s public keys');
SELECT is(jsonb_array_length((:'a'::answer).body::jsonb -> 'keys'), 1, '... one');
SELECT is(concat_ws(' | ', (:'a'::answer).status, header(:'a'::answer, 'Content-Type'), header(:'a'::answer, 'Cache-Control'), header(:'a'::answer, 'Access-Control-Allow-Origin')), '200 | application/json | public, max-age=300 | *', '... for everybody, and to be kept');
SELECT is((get('/.well-known/jwks.json', host())).body::jsonb, arsignup.jwks(realm()), '... by host');

---------------------------------------------------------------------------------------------------
-- PostgREST alone
---------------------------------------------------------------------------------------------------

SELECT is_page(direct(format('%s(%L)', page, slug('u'))), 200, page) FROM unnest(ARRAY['signup_page', 'login_page', 'logout_page']) AS page;
SELECT is_page(direct(format('%s(%L)', page, app)), 404, page || ' of ' || shown(app)) FROM unnest(ARRAY['signup_page', 'login_page', 'logout_page', 'signup', 'login', 'logout']) AS page, unnest(ARRAY['nobody', slug('off'), NULL]) AS app;
SELECT ok((direct(format('signup_page(%L, redir => ''/x'')', slug('u')))).body LIKE '%href="stylesheet"%action="signup"%name="redir" value="/x"%name="app" value="' || slug('u') || '"%href="login_page?app=' || slug('u') || '&amp;redir=/x"%', 'its form and links are PostgREST''s');
SELECT ok((direct(format('login_page(%L)', slug('u')))).body !~ 'forgot', '... and none to what is not there');
SELECT direct(format('signup(%L, email => ''direct@example.com'', password => ''canary password'', redir => ''/x'')', slug('u'))) AS a \gset
SELECT is(concat_ws(' ', (:'a'::answer).status, regexp_replace(header(:'a'::answer, 'Location'), 'token=[^&#]*', 'token=T')), '303 https://app.example.com/login?x=1&token=T&signup=true&redir=/x#y', 'signup');
SELECT direct(format('login(%L, login => ''direct@example.com'', password => ''canary password'')', slug('u'))) AS a \gset
SELECT is(concat_ws(' ', (:'a'::answer).status, regexp_replace(header(:'a'::answer, 'Location'), 'token=[^&#]*', 'token=T')), '303 https://app.example.com/login?x=1&token=T#y', 'login');
SELECT direct(format('logout(%L)', slug('u')), cookies => cookies(:'a'::answer)) AS out \gset
SELECT is(concat_ws(' ', (:'out'::answer).status, header(:'out'::answer, 'Location'), arsignup.verify_login_token(token(:'a'::answer))), '303 login_page?app=' || slug('u'), 'logout');
SELECT is_page(direct(format('login(%L, login => ''direct@example.com'', password => ''canary'')', slug('u'))), 422, 'a wrong login');
SELECT idle(format('direct(%L, %L)', format('signup(%L, email => ''cross@example.com'', password => ''canary password'')', slug('u')), headers), status, 'signup with ' || headers)
FROM (VALUES ('{"sec-fetch-site": "cross-site"}', 403), ('{"sec-fetch-site": null, "origin": "https://evil.test"}', 403)) AS v (headers, status);
SELECT is_page(direct(format('login(%L, login => ''direct@example.com'', password => ''canary'')', slug('u')), '{"sec-fetch-site": null, "origin": "http://api.example.com:3000"}'), 422, 'from its own host');
SELECT is_page(direct(format('login(%L, login => ''direct@example.com'', password => ''canary'')', slug('u')), '{"sec-fetch-site": null, "origin": "http://[::1]:3000", "host": "[::1]:3000"}'), 422, '... by a literal address');
SELECT idle(format('direct(%L, %L)', format('login(%L, login => ''direct@example.com'', password => ''canary password'')', slug('u')), '{"sec-fetch-site": null, "origin": "http://api.example.com:3001"}'), 403, 'from another port');
SELECT ok(arsignup_web.stylesheet() ~ '^/\*.*prefers-color-scheme: dark.*focus-visible', 'the stylesheet is there');

SELECT * FROM finish();
ROLLBACK;
