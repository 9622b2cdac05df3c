-- create_user, create_org, create_membership: what they make, what they refuse, and what a rollback leaves of it.
BEGIN;
\ir include/setup.psql
SELECT no_plan();

-- A hash whose cost nobody pays, for users who never log in.
CREATE FUNCTION cheap_hash() RETURNS text LANGUAGE sql IMMUTABLE AS $$
	SELECT '$argon2id$v=19$m=8,t=1,p=1$c2l4dGVlbiBieXRlcyEhIQ$bLIp4UJkRHJFiE4wdmouO9m4FSdWnlAPzKoA/h9/rR4'
$$;

---------------------------------------------------------------------------------------------------
-- create_user: what it makes
---------------------------------------------------------------------------------------------------

SET LOCAL ROLE :"app_role";
SELECT arsignup.create_user(realm(), ' Ada@Example.com ', password_hash => ready_hash(), first_name => ' Ada ',
	last_name => E'\tLovelace\n', reference => ' A-1 ', custom => '{"plan": "pro", "seats": [1, 2]}') AS ada \gset
RESET ROLE;

SELECT results_eq(
	format($$SELECT realm_id, id, state, user_type, username, username_key COLLATE "default", email, email_key COLLATE "default", shared_email_id, email_verification,
		first_name, last_name, reference, custom, token_generation, last_login_at FROM arsignup.users WHERE id = %L$$, :'ada'),
	format($$VALUES (realm(), %L::uuid, 'active', 'human', 'Ada@Example.com', 'ada@example.com', 'Ada@Example.com',
		'ada@example.com', NULL::uuid, 'none', 'Ada', 'Lovelace', 'A-1', '{"plan": "pro", "seats": [1, 2]}'::jsonb,
		0, NULL::timestamptz)$$, :'ada'),
	'a user in an email realm: the row, trimmed, its username being its email');
SELECT results_eq(
	format($$SELECT realm_id, user_id, password_hash, created_at = updated_at FROM arsignup.credentials WHERE user_id = %L$$, :'ada'),
	format($$VALUES (realm(), %L::uuid, ready_hash(), true)$$, :'ada'),
	'and its credential: the ready hash, as it was given');
SELECT results_eq(
	format($$SELECT realm_id, event_type, org_id, membership_id, connected_app_id, ip, client, data, claimed_at FROM arsignup.events WHERE user_id = %L$$, :'ada'),
	$$VALUES (realm(), 'user.created', NULL::uuid, NULL::uuid, NULL::uuid, NULL::inet, NULL, NULL::jsonb, NULL::timestamptz)$$,
	'and one event');
SELECT matches(:'ada'::text, '^[0-9a-f]{8}-[0-9a-f]{4}-7', 'its id is of version 7');
SELECT is((SELECT count(*) FROM arsignup.users AS u JOIN arsignup.events AS e ON e.user_id = u.id
	WHERE u.id = :'ada' AND u.created_at = e.event_at AND u.created_at BETWEEN now() AND clock_timestamp()), 1::bigint,
	'user and event have one time: the clock''s');

SELECT arsignup.create_user(realm(), 'none@example.com') AS none \gset
SELECT is((SELECT count(*) FROM arsignup.credentials WHERE user_id = :'none'), 0::bigint, 'a user without password or hash has no credential');
SELECT results_eq(
	format('SELECT first_name, last_name, reference, custom FROM arsignup.users WHERE id = %L', :'none'),
	$$VALUES (NULL::text, NULL::text, NULL::text, '{}'::jsonb)$$, 'what is not given is null, and {} for custom');
SELECT arsignup.create_user(realm(), 'nulls@example.com', NULL, NULL, NULL, NULL, NULL, NULL, NULL, NULL) AS nulls \gset
SELECT results_eq(
	format('SELECT user_type, username, first_name, last_name, reference, custom FROM arsignup.users WHERE id = %L', :'nulls'),
	$$VALUES ('human', 'nulls@example.com', NULL::text, NULL::text, NULL::text, '{}'::jsonb)$$, 'null is the same as not given, for every argument that has a default');
SELECT arsignup.create_user(realm(), 'blanks@example.com', first_name => '  ', last_name => '', reference => E'\t') AS blanks \gset
SELECT results_eq(
	format('SELECT first_name, last_name, reference FROM arsignup.users WHERE id = %L', :'blanks'),
	$$VALUES (NULL::text, NULL::text, NULL::text)$$, 'blank names and references are null');

-- What shows nothing is trimmed off every line, but for what shapes the character before it.
CREATE TABLE lines (given text, kept text, what text);
INSERT INTO lines VALUES
	(U&'\3000', NULL, 'an ideographic space'), (U&'\200B', NULL, 'a zero-width space'), (U&'\2800', NULL, 'the blank of Braille'), (U&'\3164', NULL, 'a Hangul filler'), (U&'\00AD \034F\FEFF', NULL, 'several of them'),
	(U&'\+0E0041\+0E007F', NULL, 'tags'), (U&'\200D\FE0F', NULL, 'a joiner and a selector'), (U&'\3000Ada\00A0Byron\2003\200B', U&'Ada\00A0Byron', 'odd spaces around, and one inside'),
	(U&'\202AAda\202C', 'Ada', 'an embedding'), (U&'Ada\FE0F', 'Ada', 'a selector behind a letter'), (U&'Zo\00EB\200D', U&'Zo\00EB', 'a joiner behind a letter'), (U&'\5C71\7530\3000\200D', U&'\5C71\7530', 'a joiner behind a space'),
	(U&'Ada \2764\FE0F ', U&'Ada \2764\FE0F', 'a heart in colour'), (U&'\845B\+0E0100', U&'\845B\+0E0100', 'a character of two shapes'), (U&'\+01F3F4\+0E0067\+0E0062\+0E0065\+0E006E\+0E0067\+0E007F', U&'\+01F3F4\+0E0067\+0E0062\+0E0065\+0E006E\+0E0067\+0E007F', 'the flag of England'),
	(U&'\0D05\0D1C\0D2F\0D28\0D4D\200D', U&'\0D05\0D1C\0D2F\0D28\0D4D\200D', 'a name that ends with a joiner'), (U&'\+01F469\200D\+01F4BB', U&'\+01F469\200D\+01F4BB', 'a joiner inside an emoji'),
	(repeat(U&'\2126\0314\0342\0345', 255), repeat(U&'\1FAF', 255), 'A2: 255 characters of nine bytes each'), (repeat(U&'\1112\1161\11AB', 255), repeat(U&'\D55C', 255), 'A2: 255 syllables of nine bytes each');
CREATE TABLE lined AS SELECT kept, what, arsignup.create_user(realm(), 'n2-' || md5(given) || '@example.com', first_name => given, last_name => given, reference => given) AS person,
	CASE WHEN kept IS NOT NULL THEN arsignup.create_org(realm(), given, given) END AS org FROM lines;
SELECT is(u::text, (kept, kept, kept)::text, 'N2: names and reference, given ' || what) FROM lined, LATERAL (SELECT first_name, last_name, reference FROM arsignup.users WHERE id = person) AS u;
SELECT is(o::text, (kept, kept)::text, 'N2: an org, given ' || what) FROM lined, LATERAL (SELECT name, reference FROM arsignup.orgs WHERE id = org) AS o;
SELECT invalid(format('SELECT arsignup.create_org(realm(), %L)', given), '{"name": ["Name can''t be blank."]}', 'N2: an org, given ' || what) FROM lines WHERE kept IS NULL;
-- In normal form another letter, or another mark, may stand at the end, behind which a variation selector shows nothing.
CREATE TABLE turned AS SELECT given, kept, arsignup.create_org(realm(), given) AS org
FROM (VALUES ('x' || U&'\FB2D\+0E0104', 'x' || U&'\05E9\05BC\05C2'), (U&'K\0591\1CE5\+0E0104', U&'K\1CE5\0591')) AS v (given, kept);
SELECT is(o.name, kept, 'N2: what normal form brings to the end: ' || shown(kept)) FROM turned JOIN arsignup.orgs AS o ON o.id = org;
SELECT invalid(format('SELECT arsignup.create_user(realm(), %L, first_name => %L)', 'x@example.com', given), format('{"first_name": ["First name can''t be longer than 255 characters; this one has %s."]}', length(given))::jsonb, 'A2: ' || what)
FROM (VALUES (repeat(U&'\2126\0314\0342\0345', 256), '256 characters of nine bytes each'), ('x' || repeat(U&'\0301', 255), '256 marks'), (repeat(U&'\0301', 30000), 'thirty thousand marks')) AS v (given, what);

-- A password is hashed, at the current cost, and kept nowhere.
SELECT arsignup.create_user(realm(), 'hashed@example.com', 'canary password') AS hashed \gset
SELECT ok(arsignup.verify_password('canary password', password_hash), 'the stored hash verifies the password')
FROM arsignup.credentials WHERE user_id = :'hashed';
SELECT ok(NOT arsignup.verify_password('canary passwore', password_hash), 'and no other')
FROM arsignup.credentials WHERE user_id = :'hashed';
SELECT ok(NOT arsignup.password_needs_rehash(password_hash), 'at the current cost')
FROM arsignup.credentials WHERE user_id = :'hashed';
SELECT is_empty($$
	SELECT t::text FROM arsignup.users AS t WHERE t::text LIKE '%canary%'
	UNION ALL SELECT t::text FROM arsignup.credentials AS t WHERE t::text LIKE '%canary%'
	UNION ALL SELECT t::text FROM arsignup.events AS t WHERE t::text ~ '(canary|argon2)'
	$$, 'the password is in no table, and no hash in an event');

-- Standard realms.
SELECT arsignup.create_user(realm('standard'), 'Ada@Example.com', username => ' Ada_L ', password_hash => cheap_hash()) AS standard_ada \gset
SELECT results_eq(
	format('SELECT username, username_key COLLATE "default", email, email_key COLLATE "default", shared_email_id FROM arsignup.users WHERE id = %L', :'standard_ada'),
	$$VALUES ('Ada_L', 'ada_l', 'Ada@Example.com', 'ada@example.com', NULL::uuid)$$,
	'a user in a standard realm: username and email each as typed and canonical');
SELECT is((outcome($$SELECT arsignup.create_user(realm(), 'again@example.com', username => ' AGAIN@example.COM ')$$)).code, '00000',
	'in an email realm a username may be given if it is the email, however it is spelled');
SELECT is((SELECT username FROM arsignup.users WHERE email_key = 'again@example.com'), 'again@example.com', 'the email is what is stored');

-- One name in two realms is two people.
SELECT isnt(:'ada'::uuid, :'standard_ada'::uuid, 'one email in two realms: two users');
SELECT is((outcome($$SELECT arsignup.create_user(realm('other'), 'ada@example.com')$$)).code, '00000', 'also in two email realms');

-- Programs.
SELECT arsignup.create_user(realm(), NULL, user_type => 'api') AS robot \gset
SELECT results_eq(
	format('SELECT user_type, username, username_key COLLATE "default", email, email_key COLLATE "default" FROM arsignup.users WHERE id = %L', :'robot'),
	format('VALUES (%L, %L, %L, NULL::text, NULL::text)', 'api', :'robot', :'robot'),
	'a program needs no email, and is named by its id');
SELECT arsignup.create_user(realm(), NULL, user_type => 'api', username => 'Backup.1') AS backup \gset
SELECT results_eq(
	format('SELECT username, username_key COLLATE "default" FROM arsignup.users WHERE id = %L', :'backup'),
	$$VALUES ('Backup.1', 'backup.1')$$, 'or by a username of its own');
SELECT arsignup.create_user(realm('standard'), 'bot@example.com', user_type => 'api') AS bot \gset
SELECT results_eq(
	format('SELECT username, email FROM arsignup.users WHERE id = %L', :'bot'),
	format('VALUES (%L, %L)', :'bot', 'bot@example.com'), 'and may have an email');

-- The least and the most that is taken.
SELECT arsignup.create_user(realm('standard'), 'a@b', username => 'a') AS least \gset
SELECT is((SELECT username || email FROM arsignup.users WHERE id = :'least'), 'aa@b', 'one character of each');
SELECT arsignup.create_user(realm('standard'), repeat('a', 64) || '@' || right(repeat(repeat('b', 60) || '.', 4) || 'com', 189),
	username => repeat('u', 63), first_name => repeat('é', 255), last_name => ' ' || repeat('x', 255) || ' ', reference => repeat(U&'\+01F511', 255)) AS most \gset
SELECT results_eq(
	format('SELECT length(username), octet_length(email), length(first_name), length(last_name), length(reference) FROM arsignup.users WHERE id = %L', :'most'),
	$$VALUES (63, 254, 255, 255, 255)$$, 'the longest of everything, counted in characters where it is text for people');

---------------------------------------------------------------------------------------------------
-- create_user: what it refuses, as an application calls it
---------------------------------------------------------------------------------------------------

SET LOCAL ROLE :"app_role";

SELECT refused($$SELECT arsignup.create_user(NULL, 'x@example.com')$$, 'SU010', 'no such realm', NULL, 'a null realm');
SELECT refused($$SELECT arsignup.create_user(gen_random_uuid(), 'x@example.com')$$, 'SU010', 'no such realm', NULL, 'an unknown realm');
SELECT refused($$SELECT arsignup.create_user(app(), 'x@example.com')$$, 'SU010', 'no such realm', NULL, 'an app''s id for a realm''s');
SELECT refused($$SELECT arsignup.create_user(realm('asleep'), 'x@example.com')$$, 'SU006', 'realm is inactive', NULL, 'an inactive realm');
SELECT refused($$SELECT arsignup.create_user(realm('asleep'), 'x@example.com', 'canary password')$$, 'SU006', 'realm is inactive', NULL, 'an inactive realm, with a password');
SELECT is((outcome($$SELECT arsignup.create_user(realm('closed'), 'x@example.com')$$)).code, '00000',
	'signups that are switched off do not keep the application from creating users');

SELECT invalid(format('SELECT arsignup.create_user(realm(), %L)', email), '{"email": ["Email can''t be blank."]}', 'email ' || shown(email))
FROM unnest(ARRAY[NULL, '', '   ', E'\t\r\n', U&'\3000\200B']) AS email;
SELECT invalid(format('SELECT arsignup.create_user(realm(), %L)', email), '{"email": ["Email is not a valid address."]}', 'email ' || shown(email))
FROM unnest(ARRAY['x', '@', 'x@', '@x', 'x@y@z', 'x y@z', 'x@192.0.2.1', '"x"@y', U&'x\FF20example.com', U&'m\0131ke@example.com',
	repeat('a', 65) || '@b', 'a@' || repeat('b', 64), repeat('a', 1000000)]) AS email;

SELECT invalid(format('SELECT arsignup.create_user(realm(), %L, username => %L)', 'x@example.com', username),
	'{"username": ["Username must be the email."]}', 'in an email realm, username ' || shown(username))
FROM unnest(ARRAY['x', 'y@example.com', 'x@example.org', U&'x\FF20example.com', 'x@example.com ,']) AS username;
SELECT invalid(format('SELECT arsignup.create_user(realm(%L), %L, username => %L)', 'standard', 'x@example.com', username),
	'{"username": ["Username can''t be blank."]}', 'in a standard realm, username ' || shown(username))
FROM unnest(ARRAY[NULL, '', '  ', E'\n', U&'\FEFF\2028']) AS username;
SELECT invalid(format('SELECT arsignup.create_user(realm(%L), %L, username => %L)', 'standard', 'x@example.com', username),
	'{"username": ["Username must begin with a letter or digit and have only letters a to z, digits, dots, underscores and hyphens, 63 characters at most."]}',
	'in a standard realm, username ' || shown(username))
FROM unnest(ARRAY['.x', '_', '-', 'x y', 'x/y', U&'\0430da', U&'x\200By', repeat('x', 64), repeat('x', 1000000)]) AS username;
SELECT invalid($$SELECT arsignup.create_user(realm(), NULL, user_type => 'api', username => 'x@example.com')$$,
	'{"username": ["Username can''t have an @, unless it is the email."]}',
	'a program without email cannot be named by somebody''s');
SELECT invalid($$SELECT arsignup.create_user(realm(), 'no address', user_type => 'api')$$, '{"email": ["Email is not a valid address."]}', 'a program''s email is an address if there is one');

SELECT invalid(format('SELECT arsignup.create_user(realm(), %L, %s => %L)', 'x@example.com', argument, repeat('x', 256)),
	jsonb_build_object(argument, ARRAY[label || ' can''t be longer than 255 characters; this one has 256.']), argument || ' of 256 characters')
FROM (VALUES ('first_name', 'First name'), ('last_name', 'Last name'), ('reference', 'Reference')) AS v (argument, label);
SELECT invalid(format('SELECT arsignup.create_user(realm(), %L, %s => %L)', 'x@example.com', argument, 'x' || chr(c) || 'y'),
	jsonb_build_object(argument, ARRAY[label || ' can''t contain control characters.']), format('%s with U+%s', argument, to_hex(c)))
FROM (VALUES ('first_name', 'First name'), ('last_name', 'Last name'), ('reference', 'Reference')) AS v (argument, label),
	unnest(ARRAY[1, 9, 10, 13, 27, 31, 127, 128, 133, 159, x'2028'::int, x'2029'::int, x'202A'::int, x'202E'::int, x'2066'::int, x'2069'::int]) AS c;
SELECT is((outcome(format('SELECT arsignup.create_user(realm(), %L, first_name => %L)', 'control-' || c || '@example.com', 'x' || chr(c) || 'y'))).code,
	'00000', format('a name with U+%s is taken', to_hex(c)))
FROM unnest(ARRAY[32, 39, 60, 160, x'00AD'::int, x'200D'::int, x'2019'::int, x'2027'::int, x'202F'::int, x'2065'::int, x'206A'::int, x'5B57'::int, x'1F511'::int]) AS c;

SELECT invalid(format('SELECT arsignup.create_user(realm(), %L, custom => %L)', 'x@example.com', custom),
	'{"custom": ["Custom attributes must be a JSON object."]}', 'custom ' || custom)
FROM unnest(ARRAY['null', '[]', '[{}]', '"text"', '1', 'true']) AS custom;
SELECT is(octet_length(json_build_object('a', repeat('x', 65536 - 9))::jsonb::text), 65536, 'the attributes of the next test have 65536 bytes');
SELECT is((outcome($$SELECT arsignup.create_user(realm(), 'custom-65536@example.com', custom => json_build_object('a', repeat('x', 65536 - 9))::jsonb)$$)).code,
	'00000', 'custom attributes of 65536 bytes');
SELECT invalid($$SELECT arsignup.create_user(realm(), 'x@example.com', custom => json_build_object('a', repeat('x', 65536 - 8))::jsonb)$$,
	'{"custom": ["Custom attributes can''t be larger than 65,536 bytes; these have 65537."]}', 'custom attributes of 65537 bytes');
SELECT is((outcome($$SELECT arsignup.create_user(realm(), 'custom-list@example.com', custom => jsonb_build_object('a', (SELECT jsonb_agg(n % 10) FROM generate_series(1, 20000) AS n)))$$)).code,
	'00000', 'custom attributes of 60007 bytes that PostgreSQL stores in more: the text counts');

SELECT invalid(format('SELECT arsignup.create_user(realm(), %L, user_type => %L)', 'x@example.com', user_type),
	jsonb_build_object('user_type', ARRAY[format('User type must be human or api, not %s.', quoted(user_type))]), 'user type ' || shown(user_type))
FROM unnest(ARRAY['', 'Human', 'human ', 'robot', repeat('x', 100000)]) AS user_type;

SELECT invalid($$SELECT arsignup.create_user(realm(), 'x@example.com', '')$$, '{"password": ["Password can''t be blank."]}', 'an empty password');
SELECT invalid($$SELECT arsignup.create_user(realm(), 'x@example.com', '1234567')$$, '{"password": ["Password must have at least 8 characters."]}', 'a password of 7 characters');
SELECT invalid(format('SELECT arsignup.create_user(realm(), %L, %L)', 'x@example.com', repeat(U&'e\0301', 7)),
	'{"password": ["Password must have at least 8 characters."]}', 'seven letters with accents: characters are counted after NFC');
SELECT invalid(format('SELECT arsignup.create_user(realm(), %L, %L)', 'x@example.com', repeat(U&'\+01F511', 7)),
	'{"password": ["Password must have at least 8 characters."]}', 'seven emoji: characters are counted, not bytes');
SELECT is((outcome(format('SELECT arsignup.create_user(realm(), %L, %L)', 'emoji@example.com', repeat(U&'\+01F511', 8)))).code, '00000', 'eight emoji are enough');
SELECT invalid($$SELECT arsignup.create_user(realm(), 'x@example.com', repeat('canary', 200))$$, '{"password": ["Password can''t be longer than 1,024 bytes."]}', 'a password of 1200 bytes');
SELECT invalid(format('SELECT arsignup.create_user(realm(), %L, password_hash => %L)', 'x@example.com', hash),
	'{"password_hash": ["Password hash has an unknown form."]}', 'password hash ' || shown(hash))
FROM unnest(ARRAY['', 'canary', '$2x$12$EixZaYVK1fsbw1ZfbX3OXePaWxn96p36WQoeG6Lruj3vjPGga31lW', '$2b$12$EixZaYVK1fsbw1ZfbX3OXePaWxn96p36WQoeG6Lruj3vjPGga31l', replace(ready_hash(), 'p=1', 'p=2433'), ready_hash() || ' ', upper(ready_hash())]) AS hash;
SELECT invalid($$SELECT arsignup.create_user(realm(), 'x@example.com', password_hash => replace(ready_hash(), 'm=19456', 'm=4194304'))$$,
	'{"password_hash": ["Password hash costs more than this server allows: 4194304 kB, and arsignup.argon2_memory_max is 262144 kB."]}', 'a hash that costs 4 GiB');
SELECT invalid($$SELECT arsignup.create_user(realm(), 'x@example.com', password_hash => replace(ready_hash(), 't=2', 't=17'))$$,
	'{"password_hash": ["Password hash costs more than this server allows: 17, and arsignup.argon2_iterations_max is 16."]}', 'a hash of 17 iterations');
SELECT invalid($$SELECT arsignup.create_user(realm(), 'x@example.com', password_hash => '$2b$15$EixZaYVK1fsbw1ZfbX3OXePaWxn96p36WQoeG6Lruj3vjPGga31lW')$$,
	'{"password_hash": ["Password hash costs more than this server allows: 15, and arsignup.bcrypt_cost_max is 14."]}', 'a hash of bcrypt at cost 15');
SELECT is((outcome($$SELECT arsignup.create_user(realm(), 'bcrypt@example.com', password_hash => '$2b$12$EixZaYVK1fsbw1ZfbX3OXePaWxn96p36WQoeG6Lruj3vjPGga31lW')$$)).code, '00000', 'a hash of bcrypt');
SELECT invalid($$SELECT arsignup.create_user(realm(), 'x@example.com', 'canary password', password_hash => ready_hash())$$,
	'{"password_hash": ["Password hash can''t be given together with a password."]}', 'a password and a hash');

SELECT taken(format('SELECT arsignup.create_user(realm(), %L)', email), '{"email": ["Email is already taken."]}', 'taken as ' || shown(email))
FROM unnest(ARRAY['ada@example.com', 'ADA@EXAMPLE.COM', '  aDa@eXample.com ', E'ada@example.com\n']) AS email;
SELECT arsignup.create_user(realm(), 'kay@example.com', reference => 'kay') AS kay \gset
SELECT taken(format('SELECT arsignup.create_user(realm(), %L)', U&'\212Aay@example.com'), '{"email": ["Email is already taken."]}', 'the Kelvin sign is K in NFC, so the name is taken');
SELECT taken($$SELECT arsignup.create_user(realm(), 'ada@example.com', 'canary password')$$, '{"email": ["Email is already taken."]}', 'taken, with a password');
SELECT taken($$SELECT arsignup.create_user(realm(), 'ada@example.com', password_hash => ready_hash())$$, '{"email": ["Email is already taken."]}', 'taken, with a hash');
SELECT taken(format('SELECT arsignup.create_user(realm(%L), %L, username => %L)', 'standard', 'x@example.com', username),
	'{"username": ["Username is already taken."]}', 'in a standard realm, taken as ' || shown(username))
FROM unnest(ARRAY['ada_l', 'ADA_L', ' Ada_L ']) AS username;
SELECT taken($$SELECT arsignup.create_user(realm('standard'), 'ada@EXAMPLE.com', username => 'x')$$, '{"email": ["Email is already taken."]}', 'in a standard realm, taken email');
SELECT taken($$SELECT arsignup.create_user(realm('standard'), 'ada@EXAMPLE.com', username => 'ADA_l')$$,
	'{"username": ["Username is already taken."], "email": ["Email is already taken."]}', 'both taken');
-- A3: no username looks like an id, whosever.
SELECT invalid(format('SELECT arsignup.create_user(realm(%L), %L, username => %L, user_type => %L)', CASE t WHEN 'human' THEN 'standard' ELSE 'email' END, CASE t WHEN 'human' THEN 'x@example.com' END, name, t),
	'{"username": ["Username must not look like an id."]}', format('A3: %s: no username of a user of type %s', shown(name), t))
FROM unnest(ARRAY['human', 'api']) AS t, (SELECT format_id FROM unnest(ARRAY['usr', 'org', 'mb', 'rl', 'lpl', 'kss', 'ksu', 'ev', 'crd', 'x']) AS p, arsignup.format_id(p, :'bot')
	UNION ALL SELECT f.name FROM (VALUES (:'bot'), (upper(:'bot')), (replace(:'bot', '-', '')), (' ' || :'robot'), (regexp_replace(replace(:'bot', '-', ''), '(....)', '\1-', 'g')), ('usr_' || repeat('z', 22))) AS f (name) WHERE f.name !~ '-$') AS n (name);
SELECT invalid(format('SELECT arsignup.update_user(realm(%L), %L, username => %L)', 'standard', :'bot', :'robot'), '{"username": ["Username must not look like an id."]}', 'A3: nor by an update');
SELECT is((outcome(format('SELECT arsignup.update_user(realm(), %L, first_name => %L)', :'robot', 'Robot'), keep => false)).code, '00000', 'A3: a program that is named by its id stays so');
SELECT is((outcome(format('SELECT arsignup.update_user(realm(), %L, username => %L)', :'robot', :'robot'), keep => false)).code, '00000', 'A3: and may be told so');
SELECT is((outcome(format('SELECT arsignup.create_user(realm(%L), %L, username => %L)', 'standard', 'x@example.com', name), keep => false)).code, '00000', 'A3: this does not look like an id: ' || name)
FROM (VALUES ('usr_' || repeat('a', 21)), ('usr_' || repeat('a', 23)), ('usr-' || repeat('a', 22)), ('abcdefghi_' || repeat('a', 22)), ('usr_x'), ('usr1_' || repeat('a', 22)), (repeat('a', 31)), (repeat('a', 33)), (repeat('a', 30) || '-a'), (repeat('g', 32))) AS v (name);
SELECT taken(format('SELECT arsignup.create_user(realm(), NULL, username => %L, user_type => %L)', 'BACKUP.1', 'api'), '{"username": ["Username is already taken."]}', 'a program''s username is taken like any other');

-- A password that will not be used is not hashed.
SELECT results_eq($$SELECT (outcome($q$SELECT arsignup.create_user(realm(), 'ada@example.com', 'canary password')$q$)).code$$, ARRAY['SU002'], 'a taken name');
RESET ROLE;
SELECT hashes_run FROM arsignup.stats() \gset
SELECT (outcome($$SELECT arsignup.create_user(realm(), 'ada@example.com', 'canary password')$$)).code,
	(outcome($$SELECT arsignup.create_user(realm(), 'no address', 'canary password')$$)).code,
	(outcome($$SELECT arsignup.create_user(realm('asleep'), 'x@example.com', 'canary password')$$)).code,
	(outcome($$SELECT arsignup.create_user(NULL, 'x@example.com', 'canary password')$$)).code,
	(outcome($$SELECT arsignup.create_user(realm(), 'x@example.com', 'canary password', user_type => 'robot')$$)).code \gset none_
SELECT is((SELECT hashes_run FROM arsignup.stats()), :hashes_run::bigint, 'costs no hash, nor does any other fault');
SET LOCAL ROLE :"app_role";

-- Everything that is wrong, at once.
SELECT invalid($$SELECT arsignup.create_user(realm('standard'), 'x', '1234', 'x y', 'canary', E'a\nb', repeat('x', 256), E'\x01' || repeat('x', 256), '[]', 'robot')$$,
	'{"user_type": ["User type must be human or api, not \"robot\"."], "email": ["Email is not a valid address."],
		"username": ["Username must begin with a letter or digit and have only letters a to z, digits, dots, underscores and hyphens, 63 characters at most."],
		"first_name": ["First name can''t contain control characters."], "last_name": ["Last name can''t be longer than 255 characters; this one has 256."],
		"reference": ["Reference can''t contain control characters.", "Reference can''t be longer than 255 characters; this one has 257."],
		"custom": ["Custom attributes must be a JSON object."], "password": ["Password must have at least 8 characters."],
		"password_hash": ["Password hash can''t be given together with a password."]}',
	'nine faults are told at once, two of them in one attribute');
SELECT invalid($$SELECT arsignup.create_user(realm('standard'), 'ada@example.com', username => 'x y')$$,
	'{"email": ["Email is already taken."], "username": ["Username must begin with a letter or digit and have only letters a to z, digits, dots, underscores and hyphens, 63 characters at most."]}',
	'a taken email is told beside a username that is malformed, under SU001');
SELECT invalid($$SELECT arsignup.create_user(realm(), 'ada@example.com', 'short')$$,
	'{"email": ["Email is already taken."], "password": ["Password must have at least 8 characters."]}', 'and beside a password that is too short');

-- Wrong types and missing arguments are PostgreSQL's own errors.
SELECT is((outcome($$SELECT arsignup.create_user('no uuid', 'x@example.com')$$)).code, '22P02', 'a realm that is no uuid');
SELECT is((outcome($$SELECT arsignup.create_user(realm())$$)).code, '42883', 'no email');
SELECT is((outcome($$SELECT arsignup.create_user(realm(), 'x@example.com', custom => 'no json')$$)).code, '22P02', 'custom that is no JSON');
RESET ROLE;

-- The realm's password policy.
UPDATE arsignup.realms SET password_min_length = 15 WHERE id = realm('other');
SELECT invalid($$SELECT arsignup.create_user(realm('other'), 'x@example.com', repeat('é', 14))$$, '{"password": ["Password must have at least 15 characters."]}', 'the realm says how long a password must be');
SELECT is((outcome($$SELECT arsignup.create_user(realm('other'), 'fifteen@example.com', repeat('é', 15))$$)).code, '00000', 'exactly that is enough');
SELECT is((outcome($$SELECT arsignup.create_user(realm('other'), 'import@example.com', password_hash => ready_hash())$$)).code, '00000', 'a ready hash cannot be measured, and is taken');

-- Its strength, by what a new realm asks for; words of the person and of the realm count as known.
CREATE FUNCTION weak(password text, why text, description text, extra text DEFAULT '') RETURNS text LANGUAGE sql AS $$
	SELECT invalid(format('SELECT arsignup.create_user(realm(%L), %L, %L %s)', 'demanding', 'zyxomma@quuxbar.example', password, extra),
		jsonb_build_object('password', ARRAY['Password is too easy to guess' || coalesce(': ' || why, '') || '.']), description)
$$;
SELECT hashes_run AS hashes_before FROM arsignup.stats() \gset
SET LOCAL ROLE :"app_role";
SELECT weak(password, why, 'too easy to guess: ' || password)
FROM (VALUES ('password', 'common words are guessed first'), ('P4$$w0rd', 'common words are guessed first'), ('correct horse', 'common words are guessed first'),
	('vvvvvvvvvv', 'repeated characters are guessed first'), ('stuvwxyz', 'sequences such as abc or 123 are guessed first'), ('fghjkl;[', 'patterns on the keyboard are guessed first'),
	('31.12.1999', 'dates and years are guessed first')) AS v (password, why);
SELECT weak(password, 'it is made of names that belong to you or to this place', 'made of ' || what, extra)
FROM (VALUES ('zyxomma1', 'the email''s local part', ''), ('Zyxomma!', 'it, in another case', ''), ('quuxbar9', 'the email''s host', ''), ('zyxomma@quuxbar', 'both', ''),
	('jabberwo1', 'the first name', ', first_name => ''Jabberwo'''), ('frumious2', 'the last name', ', last_name => ''Frumious''')) AS v (password, what, extra);
SELECT invalid(format('SELECT arsignup.create_user(realm(%L), %L, %L)', 'demanding', 'x', 'password'),
	'{"email": ["Email is not a valid address."], "password": ["Password is too easy to guess: common words are guessed first."]}', 'an easy password is told beside other faults');
SELECT invalid(format('SELECT arsignup.create_user(realm(%L), %L, %L)', 'demanding', 'x@example.com', 'passwor'), '{"password": ["Password must have at least 8 characters."]}', 'a short one is short, and that is all');
RESET ROLE;
SELECT is((SELECT hashes_run FROM arsignup.stats()), :hashes_before::bigint, 'none of them has cost a hash');
SELECT is((outcome(format('SELECT arsignup.create_user(realm(%L), %L, %L)', 'demanding', 'zyxomma@quuxbar.example', 'nine-inch bug in a relay'))).code, '00000', 'a good one is taken');
SELECT is((outcome(format('SELECT arsignup.create_user(realm(%L), %L, password_hash => ready_hash())', 'demanding', 'import@example.com'))).code, '00000', 'the strength of a ready hash cannot be measured');
UPDATE arsignup.realms SET password_min_score = 0 WHERE id = realm('demanding');
SELECT is((outcome(format('SELECT arsignup.create_user(realm(%L), %L, %L)', 'demanding', 'easy@example.com', 'password'))).code, '00000', 'a score of 0 asks for nothing');
UPDATE arsignup.realms SET password_min_score = 4 WHERE id = realm('demanding');
SELECT is((outcome(format('SELECT arsignup.create_user(realm(%L), %L, %L)', 'demanding', 'n' || n || '@example.com', password))).code, CASE WHEN s.score < 4 THEN 'SU001' ELSE '00000' END, format('of score %s where 4 is asked for: %s', s.score, password))
FROM unnest(ARRAY['password', 'kW7#pQ2v', 'nine-inch bug in a relay', 'gTq8;vXw3!mZ']) WITH ORDINALITY AS v (password, n), arsignup.password_strength(password, '{example,com}') AS s;

-- Realms that allow one email for several people.
UPDATE arsignup.realms SET require_unique_emails = false WHERE id = realm('standard');
SELECT arsignup.create_user(realm('standard'), 'Ada@example.com', username => 'ada2') AS second \gset
SELECT is((SELECT shared_email_id FROM arsignup.users WHERE id = :'second'), :'second', 'where emails may be shared, a second user has the same one');
SELECT is((outcome($$SELECT arsignup.create_user(realm('standard'), 'ada@example.com', username => 'ada3')$$)).code, '00000', 'and a third');
SELECT taken($$SELECT arsignup.create_user(realm('standard'), 'ada@example.com', username => 'ada2')$$, '{"username": ["Username is already taken."]}', 'but not the same username');
UPDATE arsignup.realms SET require_unique_emails = false WHERE id = realm('email');
SELECT taken($$SELECT arsignup.create_user(realm(), 'ada@example.com')$$, '{"email": ["Email is already taken."]}', 'in an email realm the email stays unique, being the username');

---------------------------------------------------------------------------------------------------
-- A2: where usernames are standard, one may be the user's own email
---------------------------------------------------------------------------------------------------

INSERT INTO arsignup.realms (id, name, username_validation, password_min_score) VALUES (realm('a2'), 'A2', 'standard', 0);
INSERT INTO arsignup.realms (id, name, username_validation, require_unique_emails, password_min_score) VALUES (realm('a2 shared'), 'A2 shared', 'standard', false, 0);
CREATE FUNCTION named(person uuid) RETURNS text LANGUAGE sql AS $$ SELECT concat_ws(' ', username, username_key, email, email_key, coalesce(shared_email_id = id, false)) FROM arsignup.users WHERE id = person $$;
CREATE FUNCTION who(realm text, login text, password text DEFAULT 'password') RETURNS uuid LANGUAGE sql AS $$ SELECT user_id FROM arsignup.authenticate(realm(realm), login, password) $$;
CREATE FUNCTION a2_faults(text) RETURNS jsonb LANGUAGE sql AS $$ SELECT jsonb_build_object('username', jsonb_build_array($1)) $$;
SET LOCAL ROLE :"app_role";
SELECT arsignup.create_user(realm('a2'), ' Sally@Example.com', username => 'SALLY@example.com ', password_hash => ready_hash()) AS sally \gset
SELECT arsignup.create_user(realm('a2'), 'Bob@example.com', username => 'bob', password_hash => ready_hash()) AS bob \gset
RESET ROLE;
SELECT is(named(:'sally'), 'SALLY@example.com sally@example.com@ Sally@Example.com sally@example.com f', 'A2: the email as a username, however it is spelled');
SELECT concat_ws(E'\n', is(arsignup.find_user(realm('a2'), login), id::uuid, 'A2: find_user finds ' || login), is(who('a2', login), id::uuid, 'A2: who logs in by ' || login))
FROM (VALUES ('sally@EXAMPLE.com', :'sally'), ('bob@example.com', :'bob'), ('bob', :'bob')) AS v (login, id);
SELECT taken($$SELECT arsignup.create_user(realm('a2'), 'Sally@example.com', username => 'sally')$$, '{"email": ["Email is already taken."]}', 'A2: her email is nobody else''s');
SELECT taken($$SELECT arsignup.create_user(realm('a2'), 'Sally@example.com', username => 'sally@example.com')$$, '{"username": ["Username is already taken."], "email": ["Email is already taken."]}', 'A2: nor is her username');
SELECT taken($$SELECT arsignup.create_user(realm('a2'), 'bob@example.com', username => 'bob@example.com')$$, '{"email": ["Email is already taken."]}', 'A2: nobody else''s email is a username');
SELECT invalid(format('SELECT arsignup.create_user(realm(%L), %L, username => %L)', 'a2', 'carl@example.com', username), a2_faults('Username can''t have an @, unless it is the email.'), 'A2: no username: ' || username)
FROM unnest(ARRAY['bob@example.com', 'carl@', '@', 'carl@example.com@', '@carl@example.com', 'carl@example.org', 'c@rl']) AS username;
SELECT invalid($$SELECT arsignup.create_user(realm('a2'), 'carl@', username => 'carl@')$$, '{"email": ["Email is not a valid address."]}', 'A2: an email that is none is told of once');
SELECT invalid($$SELECT arsignup.create_user(realm('a2'), NULL, username => 'carl@example.com', user_type => 'api')$$, a2_faults('Username can''t have an @, unless it is the email.'), 'A2: a program without an email');
SELECT is(named(arsignup.create_user(realm('a2'), 'robot@example.com', username => 'robot@example.com', user_type => 'api')), 'robot@example.com robot@example.com@ robot@example.com robot@example.com f', 'A2: a program with one');

-- A username that is the email follows it; another is held against the new one.
SELECT arsignup.update_user(realm('a2'), :'sally', email => 'Sal@example.com');
SELECT is(named(:'sally'), 'Sal@example.com sal@example.com@ Sal@example.com sal@example.com f', 'A2: the username follows the email');
SELECT results_eq(format($$SELECT data -> 'changed' FROM arsignup.events WHERE user_id = %L AND event_type = 'user.updated'$$, :'sally'), $$VALUES ('["email", "username"]'::jsonb)$$, 'A2: and both are told');
SELECT invalid(format($$SELECT arsignup.update_user(realm('a2'), %L, email => 'sally@example.com', username => 'sal@example.com')$$, :'sally'), a2_faults('Username can''t have an @, unless it is the email.'), 'A2: the former email is no username');
SELECT invalid(format($$SELECT arsignup.update_user(realm('a2'), %L, username => 'sally@example.com')$$, :'sally'), a2_faults('Username can''t have an @, unless it is the email.'), 'A2: nor is a later one');
SELECT taken(format($$SELECT arsignup.update_user(realm('a2'), %L, email => 'bob@example.com')$$, :'sally'), '{"email": ["Email is already taken."]}', 'A2: another''s email is taken');
SELECT arsignup.update_user(realm('a2'), :'sally', email => 'sally@example.com', username => 'sally');
SELECT is(named(:'sally'), 'sally sally sally@example.com sally@example.com f', 'A2: another username');
SELECT arsignup.update_user(realm('a2'), :'sally', email => 'sal@example.com');
SELECT is(named(:'sally'), 'sally sally sal@example.com sal@example.com f', 'A2: which follows nothing');
SELECT arsignup.update_user(realm('a2'), :'sally', username => 'sal@example.com', first_name => 'Sally');
SELECT is(named(:'sally'), 'sal@example.com sal@example.com@ sal@example.com sal@example.com f', 'A2: and the email again');

-- Signup tokens, held and redeemed.
INSERT INTO arsignup.connected_apps (realm_id, id, name, slug, login_handler, signup_mode) VALUES (realm('a2'), app('a2'), 'A2', 'test-' || app('a2'), 'https://app.example.com/login', 'signup_token');
SELECT arsignup.mint_signup_token(app('a2'), 'dora@example.com', username => 'Dora@example.com', password_hash => ready_hash()) AS dora,
	arsignup.mint_signup_token(app('a2'), 'dora@example.com', username => 'dora', password_hash => ready_hash()) AS other_dora \gset
SELECT is((SELECT count(held_until) FROM arsignup.hold_signup_token(:'dora')), 1::bigint, 'A2: names are held');
SELECT is((outcome($$SELECT arsignup.create_user(realm('a2'), 'dora@example.com', username => 'dora')$$)).detail::jsonb -> 'codes', '{"email": ["held"]}', 'A2: from who wants the email');
SELECT is((outcome(format('SELECT FROM arsignup.redeem_signup_token(%L)', :'other_dora'))).detail::jsonb -> 'codes', '{"email": ["held"]}', 'A2: from another token of the email');
SELECT is((SELECT named(user_id) FROM arsignup.redeem_signup_token(:'dora')), 'Dora@example.com dora@example.com@ dora@example.com dora@example.com f', 'A2: and redeemed');
SELECT taken(format('SELECT FROM arsignup.redeem_signup_token(%L)', :'other_dora'), '{"email": ["Email is already taken."]}', 'A2: the other token is too late');
SELECT arsignup.mint_signup_token(app('a2'), 'ed@example.com', username => 'ed@example.com', password_hash => ready_hash()) AS ed \gset
SELECT is((SELECT count(held_until) FROM arsignup.hold_signup_token(:'ed')), 1::bigint, 'A2: a hold');
UPDATE arsignup.users SET held_until = clock_timestamp() - interval '1 second' WHERE realm_id = realm('a2') AND state = 'held';
SELECT is(named(arsignup.create_user(realm('a2'), 'ed@example.com', username => 'eddy')), 'eddy eddy ed@example.com ed@example.com f', 'A2: that is over gives way');

-- The hosted form and the JSON API go this way.
INSERT INTO arsignup.connected_apps (realm_id, id, name, slug, login_handler, signup_mode) VALUES (realm('a2'), app('a2 users'), 'A2 users', 'test-' || app('a2 users'), 'https://app.example.com/login', 'user');
UPDATE arsignup.realms SET signups_enabled = true WHERE id = realm('a2');
SELECT is(named(s.user_id), 'fay@example.com fay@example.com@ Fay@example.com fay@example.com f', 'A2: a signup with the email as the username')
FROM arsignup.signup(app('a2 users'), 'Fay@example.com', 'canary password', username => 'fay@example.com') AS s;
SELECT is((SELECT l.ok FROM arsignup.login(app('a2 users'), 'FAY@example.com', 'canary password') AS l), true, 'A2: and a login by it');
SELECT invalid($$SELECT arsignup.signup(app('a2 users'), 'gus@example.com', 'canary password', username => 'fay@example.com')$$, a2_faults('Username can''t have an @, unless it is the email.'), 'A2: none with another''s');

-- Where emails may be shared, one at most has it as a username, and logs in by it.
SELECT arsignup.create_user(realm('a2 shared'), 'team@example.com', username => 'one', password_hash => ready_hash()) AS one \gset
SELECT is(who('a2 shared', 'team@example.com'), NULL, 'A2: a shared email finds nobody');
SELECT arsignup.create_user(realm('a2 shared'), 'team@example.com', username => 'team@example.com', password_hash => ready_hash()) AS team \gset
SELECT arsignup.create_user(realm('a2 shared'), 'team@example.com', username => 'two', password_hash => ready_hash()) AS two \gset
SELECT is(named(:'team'), 'team@example.com team@example.com@ team@example.com team@example.com f', 'A2: one of those who share an email has it as a username');
SELECT is(who('a2 shared', 'team@example.com'), :'team', 'A2: and logs in by it');
SELECT arsignup.request_password_reset(realm('a2 shared'), 'Team@example.com');
SELECT results_eq($$SELECT user_id FROM arsignup.events WHERE realm_id = realm('a2 shared') AND event_type = 'user.password_token.created'$$, format('VALUES (%L::uuid)', :'team'), 'A2: and resets the password by it');
SELECT is(who('a2 shared', 'two'), :'two', 'A2: the others do by theirs');
SELECT is(arsignup.find_user(realm('a2 shared'), 'team@example.com'), :'team', 'A2: find_user goes by usernames first');
SELECT taken($$SELECT arsignup.create_user(realm('a2 shared'), 'team@example.com', username => 'team@example.com')$$, '{"username": ["Username is already taken."], "email": ["Email is already taken."]}', 'A2: once');
SELECT arsignup.update_user(realm('a2 shared'), :'team', username => 'three');
SELECT is(named(:'team'), 'three three team@example.com team@example.com t', 'A2: who gives it up');
SELECT arsignup.update_user(realm('a2 shared'), :'two', username => 'team@example.com');
SELECT is(who('a2 shared', 'team@example.com'), :'two', 'A2: leaves it to another');
-- What somebody else with the same email has begun is not theirs to read, nor to forget.
INSERT INTO arsignup.connected_apps (realm_id, id, name, slug, login_handler, signup_mode) VALUES (realm('a2 shared'), app('a2 shared'), 'A2 shared', 'test-' || app('a2 shared'), 'https://app.example.com/login', 'signup_token');
SELECT arsignup.mint_signup_token(app('a2 shared'), 'team@example.com', username => 'four', password_hash => ready_hash()) AS four \gset
SELECT is(arsignup.export_user(realm('a2 shared'), :'two') -> 'signup_tokens', '[]', 'A2: a signup by the same email is nobody''s to read');
SELECT arsignup.forget_user(realm('a2 shared'), :'two');
SELECT is((SELECT t.state FROM arsignup.get_signup_token(:'four') AS t), 'pending', 'A2: nor to forget');
-- Somebody who had the email alone before it could be shared keeps logging in by it.
UPDATE arsignup.realms SET require_unique_emails = false WHERE id = realm('a2');
SELECT taken($$SELECT arsignup.create_user(realm('a2'), 'bob@example.com', username => 'bob@example.com')$$, '{"email": ["Email is already taken."]}', 'A2: nobody takes the login of who was there before');
SELECT is(who('a2', 'bob@example.com'), :'bob', 'A2: who still logs in by it');

---------------------------------------------------------------------------------------------------
-- find_user (D11)
---------------------------------------------------------------------------------------------------

INSERT INTO arsignup.realms (id, name, username_validation, require_unique_emails) VALUES (realm('shared'), 'Shared', 'standard', false);
SET LOCAL ROLE :"app_role";
SELECT arsignup.create_user(realm('other'), 'Grace@example.com') AS find_grace, arsignup.create_user(realm('shared'), 'one@example.com', username => 'One') AS find_one,
	arsignup.create_user(realm('shared'), 'both@example.com', username => 'two') AS find_two, arsignup.create_user(realm('shared'), 'both@example.com', username => 'three') AS find_three,
	arsignup.create_user(realm('other'), NULL, user_type => 'api') AS find_robot, arsignup.create_user(realm('closed'), 'kay@example.com') AS find_kay \gset
SELECT arsignup.create_user(realm('standard'), 'kay@example.com', username => 'kay') AS find_standard_kay \gset
SELECT arsignup.update_user(realm('standard'), :'find_standard_kay', state => 'inactive');
SELECT is(arsignup.find_user(realm(realm), login), id::uuid, format('D11: find_user finds %s in realm %s: %s', shown(login), realm, what)) FROM (VALUES
	('other', 'grace@example.com', :'find_grace', 'an email that is the username'),
	('other', E' \tGRACE@example.com\n', :'find_grace', 'trimmed, in any case'),
	('other', 'one@example.com', NULL, 'nobody of another realm'),
	('other', :'find_robot', :'find_robot', 'a program by its name'),
	('standard', 'KAY@example.com', :'find_standard_kay', 'a unique email of an inactive user'),
	('standard', 'Kay', :'find_standard_kay', 'a username'),
	('shared', 'one@example.com', :'find_one', 'an email that may be shared and is not'),
	('shared', 'both@example.com', NULL, 'nobody by an email that two share'),
	('shared', 'two', :'find_two', 'one of these two by the username'),
	('shared', 'nobody', NULL, 'nobody'), ('shared', '', NULL, 'nobody'), ('shared', E'\u00e9', NULL, 'nobody'), ('shared', repeat('x', 100000), NULL, 'nobody'), ('shared', NULL, NULL, 'nobody')) AS v (realm, login, id, what);
SELECT refused('SELECT arsignup.find_user(arsignup_test.realm(''nowhere''), ''x'')', 'SU010', 'no such realm', NULL, 'find_user in no realm');
SELECT is((SELECT count(*) FROM arsignup.users AS u WHERE arsignup.find_user(u.realm_id, u.username) = u.id), (SELECT count(*) FROM arsignup.users WHERE state <> 'held'), 'find_user finds everybody by the username');
RESET ROLE;

-- The nodes of a statement's plan that read users, as the planner makes it for any value.
CREATE FUNCTION reads_users(statement text) RETURNS text LANGUAGE plpgsql AS $$
DECLARE
	line text;
	said text;
BEGIN
	SET LOCAL plan_cache_mode = force_generic_plan;
	EXECUTE 'PREPARE read_users (uuid, text) AS ' || statement;
	FOR line IN EXECUTE 'EXPLAIN (COSTS off) EXECUTE read_users (NULL, NULL)' LOOP
		said := concat_ws('; ', said, (regexp_match(line, '((?:Index|Index Only|Seq|Bitmap Heap) Scan .*on \w+|Index Cond: .*)'))[1]);
	END LOOP;
	DEALLOCATE read_users;
	RETURN said;
END
$$;
SELECT is(reads_users('SELECT * FROM arsignup.users WHERE realm_id = $1 AND email_key = arsignup.normalize_email($2) AND email_key <> username_key'),
	'Index Scan using users_email on users; Index Cond: ((realm_id = $1) AND (email_key = arsignup.normalize_email($2)))', 'D11: the query that the comment on email_key suggests is one range of an index');
SELECT is(reads_users('SELECT * FROM arsignup.users WHERE realm_id = $1 AND username_key = arsignup.normalize_email($2)'),
	'Index Scan using users_username on users; Index Cond: ((realm_id = $1) AND (username_key = arsignup.normalize_email($2)))', 'D11: likewise by username');

---------------------------------------------------------------------------------------------------
-- create_org
---------------------------------------------------------------------------------------------------

SET LOCAL ROLE :"app_role";
SELECT arsignup.create_org(realm(), ' Analytical Engines ', ' E-1 ', '{"size": 3}') AS engines \gset
RESET ROLE;
SELECT results_eq(
	format('SELECT realm_id, id, name, state, reference, custom FROM arsignup.orgs WHERE id = %L', :'engines'),
	format($$VALUES (realm(), %L::uuid, 'Analytical Engines', 'active', 'E-1', '{"size": 3}'::jsonb)$$, :'engines'),
	'an org: the row, trimmed');
SELECT results_eq(
	format('SELECT realm_id, event_type, user_id, membership_id, connected_app_id FROM arsignup.events WHERE org_id = %L', :'engines'),
	$$VALUES (realm(), 'org.created', NULL::uuid, NULL::uuid, NULL::uuid)$$, 'and one event');
SELECT matches(:'engines'::text, '^[0-9a-f]{8}-[0-9a-f]{4}-7', 'its id is of version 7');
SELECT is((outcome($$SELECT arsignup.create_org(realm(), 'Analytical Engines')$$)).code, '00000', 'names of orgs are not unique');
SELECT arsignup.create_org(realm(), repeat('é', 255), NULL, NULL) AS plain \gset
SELECT results_eq(
	format('SELECT length(name), reference, custom FROM arsignup.orgs WHERE id = %L', :'plain'),
	$$VALUES (255, NULL::text, '{}'::jsonb)$$, 'nulls are the same as not given; 255 characters are taken');
SELECT arsignup.create_org(realm('other'), 'Elsewhere') AS elsewhere \gset

SET LOCAL ROLE :"app_role";
SELECT refused($$SELECT arsignup.create_org(NULL, 'x')$$, 'SU010', 'no such realm', NULL, 'org: a null realm');
SELECT refused($$SELECT arsignup.create_org(gen_random_uuid(), 'x')$$, 'SU010', 'no such realm', NULL, 'org: an unknown realm');
SELECT refused($$SELECT arsignup.create_org(realm('asleep'), 'x')$$, 'SU006', 'realm is inactive', NULL, 'org: an inactive realm');
SELECT invalid(format('SELECT arsignup.create_org(realm(), %L)', name), '{"name": ["Name can''t be blank."]}', 'org name ' || shown(name))
FROM unnest(ARRAY[NULL, '', '  ', E'\n\t', U&'\3000']) AS name;
SELECT invalid($$SELECT arsignup.create_org(realm(), repeat('x', 256))$$, '{"name": ["Name can''t be longer than 255 characters; this one has 256."]}', 'org name of 256 characters');
SELECT invalid($$SELECT arsignup.create_org(realm(), E'x\ny')$$, '{"name": ["Name can''t contain control characters."]}', 'org name of two lines');
SELECT invalid($$SELECT arsignup.create_org(realm(), U&'x\202Ey')$$, '{"name": ["Name can''t contain control characters."]}', 'org name that turns round');
SELECT invalid($$SELECT arsignup.create_org(realm(), 'x', repeat('x', 256))$$, '{"reference": ["Reference can''t be longer than 255 characters; this one has 256."]}', 'org reference of 256 characters');
SELECT invalid($$SELECT arsignup.create_org(realm(), 'x', custom => '[1]')$$, '{"custom": ["Custom attributes must be a JSON object."]}', 'org custom that is a list');
SELECT invalid($$SELECT arsignup.create_org(realm(), 'x', custom => 'null')$$, '{"custom": ["Custom attributes must be a JSON object."]}', 'org custom that is a JSON null');
SELECT invalid($$SELECT arsignup.create_org(realm(), '', E'a\rb', '1')$$,
	'{"name": ["Name can''t be blank."], "reference": ["Reference can''t contain control characters."], "custom": ["Custom attributes must be a JSON object."]}', 'org: all at once');
RESET ROLE;

---------------------------------------------------------------------------------------------------
-- create_membership
---------------------------------------------------------------------------------------------------

SET LOCAL ROLE :"app_role";
SELECT arsignup.create_membership(realm(), :'ada', :'engines', '{owner,billing:*}', '2100-01-01 00:00Z', '{"via": "test"}') AS membership \gset
RESET ROLE;
SELECT results_eq(
	format('SELECT realm_id, id, user_id, org_id, permissions, expires_at, custom FROM arsignup.memberships WHERE id = %L', :'membership'),
	format($$VALUES (realm(), %L::uuid, %L::uuid, %L::uuid, '{owner,billing:*}'::text[], '2100-01-01 00:00Z'::timestamptz, '{"via": "test"}'::jsonb)$$,
		:'membership', :'ada', :'engines'),
	'a membership: the row');
SELECT results_eq(
	format('SELECT realm_id, event_type, user_id, org_id, connected_app_id FROM arsignup.events WHERE membership_id = %L', :'membership'),
	format($$VALUES (realm(), 'membership.created', %L::uuid, %L::uuid, NULL::uuid)$$, :'ada', :'engines'), 'and one event');
SELECT arsignup.create_membership(realm(), :'ada', NULL, NULL, NULL, NULL) AS alone \gset
SELECT results_eq(
	format('SELECT org_id, permissions, expires_at, custom FROM arsignup.memberships WHERE id = %L', :'alone'),
	$$VALUES (NULL::uuid, '{}'::text[], NULL::timestamptz, '{}'::jsonb)$$, 'a membership without org; nulls are the same as not given');
SELECT arsignup.create_membership(realm(), :'none', :'engines') AS second_member \gset
SELECT is((SELECT count(*) FROM arsignup.memberships WHERE org_id = :'engines'), 2::bigint, 'a second user in the org');

CREATE FUNCTION membership(arguments text) RETURNS text LANGUAGE sql AS
$$ SELECT format('SELECT arsignup.create_membership(realm(), %s)', arguments) $$;
SELECT set_config('t.ada', :'ada', true), set_config('t.kay', :'kay', true), set_config('t.engines', :'engines', true), set_config('t.elsewhere', :'elsewhere', true) \gset none_
CREATE FUNCTION id(name text) RETURNS uuid LANGUAGE sql AS $$ SELECT current_setting('t.' || name)::uuid $$;

SET LOCAL ROLE :"app_role";
SELECT refused($$SELECT arsignup.create_membership(NULL, id('kay'), id('engines'))$$, 'SU010', 'no such realm', NULL, 'membership: a null realm');
SELECT refused($$SELECT arsignup.create_membership(gen_random_uuid(), id('kay'), id('engines'))$$, 'SU010', 'no such realm', NULL, 'membership: an unknown realm');
SELECT refused($$SELECT arsignup.create_membership(realm('asleep'), id('kay'), id('engines'))$$, 'SU006', 'realm is inactive', NULL, 'membership: an inactive realm');
SELECT refused(membership('NULL'), 'SU010', 'no such user', NULL, 'a null user');
SELECT refused(membership('gen_random_uuid()'), 'SU010', 'no such user', NULL, 'an unknown user');
SELECT refused(membership($$id('engines')$$), 'SU010', 'no such user', NULL, 'an org''s id for a user''s');
SELECT refused($$SELECT arsignup.create_membership(realm('other'), id('kay'), id('elsewhere'))$$, 'SU010', 'no such user', NULL, 'a user of another realm');
SELECT refused(membership($$id('kay'), gen_random_uuid()$$), 'SU010', 'no such org', NULL, 'an unknown org');
SELECT refused(membership($$id('kay'), id('elsewhere')$$), 'SU010', 'no such org', NULL, 'an org of another realm');
SELECT refused(membership($$id('kay'), id('kay')$$), 'SU010', 'no such org', NULL, 'a user''s id for an org''s');

SELECT taken(membership($$id('ada'), id('engines')$$), '{"org_id": ["User is already a member of this organisation."]}', 'a second membership of one user in one org');
SELECT taken(membership($$id('ada'), id('engines'), '{other}', '2200-01-01', '{"a": 1}'$$), '{"org_id": ["User is already a member of this organisation."]}', 'whatever its permissions');
SELECT taken(membership($$id('ada')$$), '{"org_id": ["User already has a membership without an organisation."]}', 'a second membership without org');

SELECT invalid(membership(format($$id('kay'), id('engines'), %L$$, permissions)),
	jsonb_build_object('permissions', ARRAY[format('At most 20 permissions, each 1 to 62 characters: letters, digits and *:;._- (not %s).',
		CASE WHEN array_ndims(permissions::text[]) > 1 THEN 'an array of arrays' WHEN cardinality(permissions::text[]) > 20 THEN '21'
			WHEN array_position(permissions::text[], NULL) > 0 THEN 'null' ELSE quoted((permissions::text[])[1]) END)]), 'permissions ' || shown(permissions))
FROM unnest(ARRAY['{""}', '{NULL}', '{a,NULL}', '{" "}', '{"a b"}', '{" a"}', '{a/b}', '{a@b}', '{"a,b"}', '{"a\"b"}', '{a\\\\b}', '{é}', U&'{\FF41}',
	'{{a,b},{c,d}}', '{a+}', E'{"a\n"}', '{' || repeat('a', 63) || '}', (SELECT array_agg('p' || n) FROM generate_series(1, 21) AS n)::text]) AS permissions;
SELECT is((outcome(membership(format($$id('kay'), id('engines'), %L$$,
	(SELECT array_agg(n || repeat('a', 60)) FROM generate_series(10, 29) AS n)::text)))).code, '00000', 'twenty permissions of 62 characters');
SELECT is((outcome(membership($$id('kay'), NULL, '{*,a:b;c.d_e-F0}'$$))).code, '00000', 'every character that a permission may have');

SELECT refused(membership($$id('kay'), gen_random_uuid(), '{ok}', '2000-01-01'$$), 'SU001', 'Expiry must be in the future.',
	'{"errors": {"expires_at": ["Expiry must be in the future."]}}', 'an expiry in the past');
SELECT invalid(membership($$id('ada'), id('engines'), expires_at => now()$$), '{"expires_at": ["Expiry must be in the future."]}', 'an expiry now, by the transaction''s start');
SELECT invalid(membership($$id('ada'), id('engines'), expires_at => '-infinity'$$), '{"expires_at": ["Expiry must be in the future."]}', 'an expiry of -infinity');
SELECT invalid(membership($$id('ada'), id('engines'), custom => '[]'$$), '{"custom": ["Custom attributes must be a JSON object."]}', 'membership custom that is a list');
SELECT invalid(membership($$id('ada'), id('engines'), '{a b}', '2000-01-01', '"x"'$$),
	'{"custom": ["Custom attributes must be a JSON object."],
		"permissions": ["At most 20 permissions, each 1 to 62 characters: letters, digits and *:;._- (not \"a b\")."],
		"expires_at": ["Expiry must be in the future."]}', 'membership: all at once');
RESET ROLE;

UPDATE arsignup.users SET state = 'inactive' WHERE id = id('kay');
SELECT refused(membership($$id('kay'), id('engines')$$), 'SU006', 'user is inactive', NULL, 'an inactive user');
UPDATE arsignup.users SET state = 'active' WHERE id = id('kay');
UPDATE arsignup.orgs SET state = 'inactive' WHERE id = id('engines');
SELECT refused(membership($$id('kay'), id('engines')$$), 'SU006', 'org is inactive', NULL, 'an inactive org');

---------------------------------------------------------------------------------------------------
-- N7, N10: what an import brings along
---------------------------------------------------------------------------------------------------

SET LOCAL ROLE :"app_role";
SELECT arsignup.create_user(realm(), 'old-friend@example.com', password_hash => cheap_hash(), user_id => '00000000-0000-4000-8000-00000000000a',
	created_at => '2015-03-04 05:06:07+00', email_verified => true, state => 'inactive') AS old \gset
SELECT arsignup.create_org(realm(), 'Old', org_id => '00000000-0000-4000-8000-00000000000b', created_at => '2015-03-04 05:06:07+00') AS old_org \gset
SELECT arsignup.update_user(realm(), :'old', state => 'active');
SELECT arsignup.create_membership(realm(), :'old', :'old_org', membership_id => '00000000-0000-4000-8000-00000000000c', created_at => '2015-03-04 05:06:07+00') AS old_membership \gset
SELECT arsignup.create_org(realm(), 'Older', created_at => '1970-01-01 00:00:00+00', state => 'inactive') AS older_org \gset
RESET ROLE;
SELECT is(concat_ws(' ', u.id, u.email_verification, u.created_at AT TIME ZONE 'UTC', c.created_at AT TIME ZONE 'UTC', c.updated_at AT TIME ZONE 'UTC'),
	'00000000-0000-4000-8000-00000000000a verified 2015-03-04 05:06:07 2015-03-04 05:06:07 2015-03-04 05:06:07', 'a user with its id, of whatever version, time and verified email; its password counts as that old')
FROM arsignup.users AS u JOIN arsignup.credentials AS c ON c.user_id = u.id WHERE u.id = :'old';
SELECT is(concat_ws(' ', o.id, o.created_at AT TIME ZONE 'UTC', m.id, m.created_at AT TIME ZONE 'UTC'),
	'00000000-0000-4000-8000-00000000000b 2015-03-04 05:06:07 00000000-0000-4000-8000-00000000000c 2015-03-04 05:06:07', 'likewise an org and a membership')
FROM arsignup.orgs AS o JOIN arsignup.memberships AS m ON m.org_id = o.id WHERE o.id = :'old_org';
SELECT is(concat_ws(' ', state, created_at AT TIME ZONE 'UTC'), 'inactive 1970-01-01 00:00:00', 'an org with a state') FROM arsignup.orgs WHERE id = :'older_org';
SELECT ok(bool_and(event_at > now() - interval '1 minute'), 'what is told of them is told now')
FROM arsignup.events WHERE :'old' IN (user_id) OR org_id IN (:'old_org', :'older_org') HAVING count(*) = 5;
SELECT arsignup.create_user(realm(), 'nulls-of-an-import@example.com', user_id => NULL, created_at => NULL, email_verified => NULL, state => NULL) AS nulls_of_import \gset
SELECT is(concat_ws(' ', substr(id::text, 15, 1), state, email_verification, token_generation, created_at > now() - interval '1 minute'), '7 active none 0 t', 'null is as if nothing were given')
FROM arsignup.users WHERE id = :'nulls_of_import';
SELECT arsignup.create_user(realm(), 'inactive-import@example.com', state => 'inactive') AS inactive_import \gset
SELECT is(state, 'inactive', 'somebody inactive') FROM arsignup.users WHERE id = :'inactive_import';

-- Ids that are taken, by whomever, and that can be nobody's.
SELECT taken(format($$SELECT arsignup.create_user(realm('other'), 'old-id@example.com', user_id => %L)$$, :'old'), '{"user_id": ["User id is already taken."]}', 'an id of another realm''s user');
SELECT taken(format($$SELECT arsignup.create_user(realm(), 'None@example.com', 'canary password', user_id => %L)$$, :'old'), '{"user_id": ["User id is already taken."], "email": ["Email is already taken."]}', 'id and email taken are told at once');
SELECT taken(format($$SELECT arsignup.create_org(realm('other'), 'Old', org_id => %L)$$, :'old_org'), '{"org_id": ["Org id is already taken."]}', 'an org''s id');
SELECT taken(format($$SELECT arsignup.create_membership(realm(), %L, membership_id => %L)$$, :'old', :'old_membership'), '{"membership_id": ["Membership id is already taken."]}', 'a membership''s id');
SELECT taken(format($$SELECT arsignup.create_membership(realm(), %L, %L, membership_id => %L)$$, :'old', :'old_org', :'old_membership'),
	'{"org_id": ["User is already a member of this organisation."], "membership_id": ["Membership id is already taken."]}', 'and with it the membership itself');
SELECT arsignup.mint_signup_token(app('tokens'), 'holder@example.com', password_hash => cheap_hash()) AS holder \gset
SELECT is((SELECT count(*) FROM arsignup.hold_signup_token(:'holder')), 1::bigint, 'a signup holds its names');
SELECT taken(format($$SELECT arsignup.create_user(realm(), 'holders-id@example.com', user_id => %L)$$, id), '{"user_id": ["User id is already taken."]}', 'the id of a user to be')
FROM arsignup.users WHERE email_key = 'holder@example.com';
SELECT concat_ws(E'\n', invalid(format('SELECT arsignup.create_user(realm(), %L, user_id => %L)', 'edge@example.com', id), '{"user_id": ["User id can''t be the first or the last UUID that there is."]}', 'not ' || id),
	invalid(format('SELECT arsignup.create_org(realm(), %L, org_id => %L)', 'Edge', id), '{"org_id": ["Org id can''t be the first or the last UUID that there is."]}', 'no org ' || id),
	invalid(format('SELECT arsignup.create_membership(realm(), %L, membership_id => %L)', :'old', id), '{"membership_id": ["Membership id can''t be the first or the last UUID that there is."]}', 'no membership ' || id))
FROM (VALUES ('00000000-0000-0000-0000-000000000000'), ('ffffffff-ffff-ffff-ffff-ffffffffffff')) AS v (id);

-- Times at which nothing can have been made, and all faults at once.
SELECT concat_ws(E'\n', invalid(format('SELECT arsignup.create_user(realm(), %L, created_at => %L)', 'time@example.com', at), '{"created_at": ["Time of creation must be between 1970 and now."]}', 'a user not made at ' || at),
	invalid(format('SELECT arsignup.create_org(realm(), %L, created_at => %L)', 'Time', at), '{"created_at": ["Time of creation must be between 1970 and now."]}', 'an org not made at ' || at),
	invalid(format('SELECT arsignup.create_membership(realm(), %L, created_at => %L)', :'old', at), '{"created_at": ["Time of creation must be between 1970 and now."]}', 'a membership not made at ' || at))
FROM (VALUES (clock_timestamp() + interval '1 minute'), ('infinity'), ('-infinity'), ('1969-12-31 23:59:59.999999+00')) AS v (at);
SELECT invalid($$SELECT arsignup.create_user(realm(), NULL, user_type => 'api', email_verified => true, state => 'held', created_at => 'infinity', user_id => '00000000-0000-0000-0000-000000000000')$$,
	'{"user_id": ["User id can''t be the first or the last UUID that there is."], "created_at": ["Time of creation must be between 1970 and now."],
	"state": ["State must be active or inactive, not \"held\"."], "email_verified": ["Email verified needs an email."]}', 'all that is wrong with an import, at once');
SELECT invalid($$SELECT arsignup.create_org(realm(), ' ', state => 'gone', created_at => 'infinity')$$,
	'{"name": ["Name can''t be blank."], "created_at": ["Time of creation must be between 1970 and now."], "state": ["State must be active or inactive, not \"gone\"."]}', 'likewise with an org');

-- Somebody who is gone, and whoever is given the same id: no login token of the former is the latter's.
UPDATE arsignup.realms SET session_type = 'unmanaged' WHERE id = realm();
SELECT arsignup.create_user(realm(), 'gone-friend@example.com', user_id => '00000000-0000-4000-8000-00000000000d') AS gone_friend \gset
SELECT token AS old_token FROM arsignup.create_session(realm(), :'gone_friend') \gset
SELECT isnt(arsignup.verify_login_token(:'old_token'), NULL, 'a login token of somebody imported');
SELECT arsignup.delete_user(realm(), :'gone_friend');
SELECT is(arsignup.create_user(realm(), 'new-friend@example.com', user_id => :'gone_friend'), :'gone_friend', 'an id of somebody who is gone is taken');
SELECT is(arsignup.verify_login_token(:'old_token'), NULL, 'and that login token is nobody''s');
UPDATE arsignup.realms SET session_type = 'managed' WHERE id = realm();

---------------------------------------------------------------------------------------------------
-- The application's own transaction
---------------------------------------------------------------------------------------------------

SELECT world() AS before \gset
SAVEPOINT mine;
SET LOCAL ROLE :"app_role";
SELECT arsignup.create_user(realm('other'), 'gone@example.com', password_hash => ready_hash()) AS gone \gset
SELECT arsignup.create_org(realm('other'), 'Gone') AS gone_org \gset
SELECT arsignup.create_membership(realm('other'), :'gone', :'gone_org') AS gone_membership \gset
RESET ROLE;
SELECT world() AS during \gset
ROLLBACK TO mine;
SELECT isnt(:'during'::text, :'before', 'user, org and membership are there');
SELECT is(world(), :'before', 'and not one trace of them after a rollback');

-- Errors of the application's triggers and constraints pass through as they are.
CREATE TABLE profile (user_id uuid PRIMARY KEY REFERENCES arsignup.users (id), note text CHECK (note <> 'bad'));
CREATE FUNCTION complain() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
	RAISE EXCEPTION 'no room at the inn' USING ERRCODE = 'AB123', DETAIL = 'full', HINT = 'try the stable';
END
$$;
CREATE TRIGGER complain AFTER INSERT ON arsignup.users FOR EACH ROW WHEN (NEW.reference = 'complain') EXECUTE FUNCTION complain();
SELECT is((outcome($$SELECT arsignup.create_user(realm(), 'inn@example.com', reference => 'complain')$$))::text,
	'(AB123,"no room at the inn",full,"try the stable")', 'an application''s trigger keeps its SQLSTATE, message, detail and hint');
SELECT is((outcome($$INSERT INTO profile VALUES (gen_random_uuid(), 'ok')$$)).code, '23503', 'an application''s foreign key holds');
SELECT is((outcome($$INSERT INTO profile VALUES (arsignup.create_user(realm(), 'bad@example.com'), 'bad')$$)).code, '23514', 'an application''s check holds');
SELECT is((SELECT count(*) FROM arsignup.users WHERE email = 'bad@example.com'), 0::bigint, 'and the user made in the same statement is gone with it');

-- No setting of the session reaches inside, and none is left behind.
SET LOCAL search_path = '';
SET LOCAL DateStyle = 'SQL, DMY';
SET LOCAL bytea_output = 'escape';
SET LOCAL lock_timeout = '9999ms';
SELECT arsignup.create_user(arsignup_test.realm('other'), 'settings@example.com', password_hash => arsignup_test.ready_hash()) AS settings \gset
SELECT current_setting('search_path') || current_setting('lock_timeout') AS left_behind \gset
SET LOCAL search_path = arsignup_test, :"tap";
RESET DateStyle;
RESET bytea_output;
SELECT is(:'left_behind'::text, '""9999ms', 'the caller''s search_path and lock_timeout are as they were');
SELECT is((outcome($$SELECT arsignup.create_user(realm('other'), 'settings@example.com')$$)).code, 'SU002', 'the user was made');
SELECT is(current_setting('lock_timeout'), '9999ms', 'also after an error');
RESET lock_timeout;

SELECT * FROM finish();
ROLLBACK;
