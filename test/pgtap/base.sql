-- The type secret, ids and their text form, counters.
BEGIN;
\ir include/setup.psql
SELECT no_plan();

---------------------------------------------------------------------------------------------------
-- secret: goes in, never comes out
---------------------------------------------------------------------------------------------------

SELECT is('canary'::arsignup.secret::text, '<redacted>', 'a secret shows as <redacted>');
SELECT is(''::arsignup.secret::text, '<redacted>', 'an empty secret shows as much as any other');
SELECT is(NULL::arsignup.secret::text, NULL, 'no secret is null');
SELECT is(repeat('canary', 10000)::arsignup.secret::text, '<redacted>', 'the length of a secret does not show');
SELECT is(format('%s %L', 'canary'::arsignup.secret, 'canary'::arsignup.secret), '<redacted> ''<redacted>''', 'format() says nothing');
SELECT is(row('canary'::arsignup.secret)::text, '(<redacted>)', 'nor does a row');
SELECT is(array['canary'::arsignup.secret]::text, '{<redacted>}', 'nor an array');
SELECT is(to_jsonb('canary'::arsignup.secret)::text, '"<redacted>"', 'nor JSON');
SELECT is(concat('canary'::arsignup.secret, '!'), '<redacted>!', 'nor concat()');
SELECT is(xmlelement(name s, 'canary'::arsignup.secret)::text, '<s>&lt;redacted&gt;</s>', 'nor XML');

-- A secret takes part in nothing that would let somebody guess at it.
SELECT is(
	(SELECT count(*) FROM pg_operator WHERE 'arsignup.secret'::regtype IN (oprleft, oprright, oprresult)),
	0::bigint, 'no operator takes or makes a secret');
SELECT is(
	(SELECT count(*) FROM pg_opclass WHERE opcintype = 'arsignup.secret'::regtype),
	0::bigint, 'no operator class sorts or hashes secrets');
SELECT is((outcome(s)).code, '42883', 'refused: ' || s)
FROM unnest(ARRAY[
	$$SELECT 'a'::arsignup.secret = 'a'::arsignup.secret$$,
	$$SELECT 'a'::arsignup.secret = 'a'::text$$,
	$$SELECT 'a'::arsignup.secret < 'b'$$,
	$$SELECT 'a'::arsignup.secret LIKE 'a%'$$,
	$$SELECT 'a'::arsignup.secret ~ 'a'$$,
	$$SELECT 'a'::arsignup.secret IN ('a', 'b')$$,
	$$SELECT 'a'::arsignup.secret ORDER BY 1$$,
	$$SELECT min('a'::arsignup.secret)$$,
	$$SELECT DISTINCT s FROM unnest(ARRAY['a'::arsignup.secret]) AS s$$,
	$$SELECT count(*) FROM unnest(ARRAY['a'::arsignup.secret]) AS s GROUP BY s$$,
	$$SELECT length('a'::arsignup.secret)$$,
	$$SELECT substr('a'::arsignup.secret, 1, 1)$$,
	$$SELECT upper('a'::arsignup.secret)$$,
	$$SELECT md5('a'::arsignup.secret)$$,
	$$SELECT nullif('a'::arsignup.secret, 'a')$$,
	$$SELECT ARRAY['a'::arsignup.secret] = ARRAY['a'::arsignup.secret]$$
	]) AS s;
SELECT is((outcome($$SELECT encode('a'::arsignup.secret, 'hex')$$)).code, '42883', 'a secret has no bytes to encode');
SELECT is((outcome($$SELECT 'a'::arsignup.secret::bytea$$)).code, '42846', 'a secret is no bytea');
SELECT is((outcome($$SELECT 'a'::arsignup.secret::int$$)).code, '42846', 'a secret is no number');
SELECT is((outcome($$SELECT 'a'::arsignup.secret || 'b'$$)).code, '00000', 'what || makes of a secret is text, by its output');
SELECT is('a'::arsignup.secret || 'b', '<redacted>b', 'and so says nothing');

-- Casts: in from text and varchar, without a function and unasked; none out.
SELECT results_eq(
	$$SELECT castsource::regtype::text, casttarget::regtype::text, castmethod::text, castcontext::text
		FROM pg_cast WHERE 'arsignup.secret'::regtype IN (castsource, casttarget) ORDER BY 1$$,
	$$VALUES ('character varying', 'arsignup.secret', 'b', 'i'), ('text', 'arsignup.secret', 'b', 'i')$$,
	'text and varchar become secrets by implicit casts without function, and nothing comes back');
SELECT is(
	(SELECT concat_ws(' ', typinput, typoutput, typreceive, typsend, typtype, typlen, typstorage, typdelim, typarray <> 0)
		FROM pg_type WHERE oid = 'arsignup.secret'::regtype),
	'arsignup.secret_in arsignup.secret_out arsignup.secret_recv - b -1 x , t',
	'secret reads text and binary and has no binary send');
SELECT is(
	(SELECT typsend::oid FROM pg_type WHERE oid = 'arsignup.secret'::regtype), 0::oid,
	'there is no send function');

-- A function that takes secrets takes them as literal, text, varchar and null.
SELECT ok(arsignup.verify_password('password', ready_hash()), 'an unknown-type literal and a text are taken as secrets');
SELECT ok(arsignup.verify_password('password'::varchar(20), ready_hash()::varchar), 'varchars are taken as secrets');
SELECT ok(arsignup.verify_password('password'::arsignup.secret, ready_hash()::arsignup.secret), 'secrets are taken as secrets');
PREPARE verify_untyped AS SELECT arsignup.verify_password($1, $2);
SELECT is((SELECT parameter_types::text FROM pg_prepared_statements WHERE name = 'verify_untyped'),
	'{arsignup.secret,arsignup.secret}', 'an undeclared parameter of a prepared statement becomes a secret');
EXECUTE verify_untyped('password', '$argon2id$v=19$m=19456,t=2,p=1$c2FsdHNhbHRzYWx0c2FsdA$T95q7S205tf9WI4HhYOZDIQmMMAbntacGXTIku0gXT8') \gset prepared_
SELECT ok(:'prepared_verify_password'::boolean, 'and works as one');
DEALLOCATE verify_untyped;

-- Values read from a table: short, with a four-byte header, compressed, out of line.
CREATE TEMP TABLE vault (n int, password text, hash text);
ALTER TABLE vault ALTER password SET STORAGE EXTERNAL;
INSERT INTO vault VALUES
	(1, 'password', '$argon2id$v=19$m=8,t=1,p=1$ZmVkY2JhOTg3NjU0MzIxMA$p5lw/Qlg+o1N5CuGo+V8fsUDbk5XsBT1BK7g9xiTBzM'),
	(2, 'a', '$argon2id$v=19$m=8,t=1,p=1$ZmVkY2JhOTg3NjU0MzIxMA$p5lw/Qlg+o1N5CuGo+V8fsUDbk5XsBT1BK7g9xiTBzM'),
	(3, repeat('x', 127), '$argon2id$v=19$m=8,t=1,p=1$ZmVkY2JhOTg3NjU0MzIxMA$NKMKIEPxxyx6EXGITgK+64rWQ78hWR63kWn7QaW7hxU'),
	(4, repeat('x', 126), '$argon2id$v=19$m=8,t=1,p=1$ZmVkY2JhOTg3NjU0MzIxMA$NKMKIEPxxyx6EXGITgK+64rWQ78hWR63kWn7QaW7hxU'),
	(5, repeat('x', 100000), '$argon2id$v=19$m=8,t=1,p=1$ZmVkY2JhOTg3NjU0MzIxMA$NKMKIEPxxyx6EXGITgK+64rWQ78hWR63kWn7QaW7hxU');
SELECT results_eq(
	'SELECT arsignup.verify_password(password, hash) FROM vault ORDER BY n',
	'VALUES (false), (true), (true), (false), (false)',
	'secrets read from a table are read whole, whatever their storage');
INSERT INTO vault SELECT 6, password, hash || repeat('A', 100000) FROM vault WHERE n = 2;
SELECT is((outcome('SELECT arsignup.verify_password(password, hash) FROM vault WHERE n = 6')).code, 'SU001',
	'a hash of 100 kB is of no known form');

-- Nothing in the schemas keeps one, or hands one out.
SELECT is_empty($$
	SELECT attrelid::regclass, attname FROM pg_attribute AS a JOIN pg_class AS c ON c.oid = a.attrelid
	WHERE a.atttypid IN ('arsignup.secret'::regtype, 'arsignup.secret[]'::regtype) AND a.attnum > 0
		AND c.relnamespace IN ('arsignup'::regnamespace, 'arsignup_web'::regnamespace)
	$$, 'no column of a table, view or composite type is a secret');
SELECT is_empty($$
	SELECT p.oid::regprocedure FROM pg_proc AS p
	WHERE p.pronamespace IN ('arsignup'::regnamespace, 'arsignup_web'::regnamespace)
		AND (p.prorettype IN ('arsignup.secret'::regtype, 'arsignup.secret[]'::regtype)
			AND p.proname NOT IN ('secret_in', 'secret_recv')
			OR EXISTS (SELECT FROM unnest(p.proallargtypes, p.proargmodes) AS a (type, mode)
				WHERE a.type IN ('arsignup.secret'::regtype, 'arsignup.secret[]'::regtype) AND a.mode <> 'i'))
	$$, 'no function returns a secret');
-- The other half of the promise: whatever looks like a secret among the arguments is one.
SELECT is_empty($$
	SELECT p.oid::regprocedure, a.name FROM pg_proc AS p,
		LATERAL (SELECT n, (p.proargtypes::oid[])[i - 1] FROM unnest(p.proargnames) WITH ORDINALITY AS u (n, i)
			WHERE i <= p.pronargs) AS a (name, type)
	WHERE p.pronamespace IN ('arsignup'::regnamespace, 'arsignup_web'::regnamespace)
		AND a.name ~ '(password|token|secret|cookie)' AND a.name !~ '^max_'
		AND a.type <> 'arsignup.secret'::regtype
	$$, 'every argument that carries a password, a hash or a token is a secret');

---------------------------------------------------------------------------------------------------
-- new_id: UUIDs of version 7
---------------------------------------------------------------------------------------------------

CREATE TEMP TABLE made AS
SELECT n, arsignup.new_id() AS id, clock_timestamp() AS at FROM generate_series(1, 5000) AS n;
SELECT is((SELECT count(DISTINCT id) FROM made), 5000::bigint, 'five thousand ids, all different');
SELECT is_empty($$SELECT id FROM made WHERE id::text !~ '^[0-9a-f]{8}-[0-9a-f]{4}-7[0-9a-f]{3}-[89ab][0-9a-f]{3}-[0-9a-f]{12}$'$$,
	'every id has version 7 and the variant of RFC 9562');
CREATE FUNCTION time_of(id uuid) RETURNS timestamptz LANGUAGE sql AS
$$ SELECT to_timestamp(('x' || left(replace(id::text, '-', ''), 12))::bit(48)::bigint / 1000.0) $$;
SELECT is_empty($$SELECT id FROM made WHERE abs(extract(epoch FROM time_of(id) - at)) > 0.1$$,
	'its first 48 bits are the Unix time in milliseconds, by the clock and not by the transaction''s start');
SELECT is_empty($$SELECT a.id FROM made AS a JOIN made AS b ON b.n = a.n + 1 WHERE left(b.id::text, 13) < left(a.id::text, 13)$$,
	'ids made one after the other sort so, down to the millisecond');
SELECT cmp_ok((SELECT count(DISTINCT right(id::text, 4)) FROM made), '>', 4500::bigint, 'the rest is random');
SELECT volatility_is('arsignup', 'new_id', ARRAY[]::text[], 'volatile', 'new_id is volatile: a default made of it differs per row');

---------------------------------------------------------------------------------------------------
-- format_id and parse_id
---------------------------------------------------------------------------------------------------

-- By another implementation: numeric division.
CREATE FUNCTION base62(id uuid) RETURNS text LANGUAGE plpgsql IMMUTABLE AS $$
DECLARE
	alphabet constant text := '0123456789ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz';
	number numeric := 0;
	digits text := '';
BEGIN
	FOR i IN 1..32 LOOP
		number := number * 16 + strpos('0123456789abcdef', substr(replace(id::text, '-', ''), i, 1)) - 1;
	END LOOP;
	FOR i IN 1..22 LOOP
		digits := substr(alphabet, mod(number, 62)::int + 1, 1) || digits;
		number := div(number, 62);
	END LOOP;
	RETURN digits;
END
$$;

SELECT is(arsignup.format_id('usr', '00000000-0000-0000-0000-000000000000'), 'usr_0000000000000000000000', 'the least id');
SELECT is(arsignup.format_id('usr', '00000000-0000-0000-0000-000000000001'), 'usr_0000000000000000000001', 'the next');
SELECT is(arsignup.format_id('usr', '00000000-0000-0000-0000-00000000003e'), 'usr_0000000000000000000010', '62');
SELECT is(arsignup.format_id('usr', 'ffffffff-ffff-ffff-ffff-ffffffffffff'), 'usr_7n42DGM5Tflk9n8mt7Fhc7', 'the greatest id');
SELECT is_empty($$
	SELECT id FROM (SELECT id FROM made WHERE n <= 300 UNION ALL SELECT gen_random_uuid() FROM generate_series(1, 300)) AS s (id)
	WHERE arsignup.format_id('org', id) <> 'org_' || base62(id)
	$$, 'the digits are the number in base 62, by another implementation');
SELECT is_empty($$
	SELECT id FROM (SELECT id FROM made UNION ALL SELECT gen_random_uuid() FROM generate_series(1, 5000)
		UNION ALL VALUES ('00000000-0000-0000-0000-000000000000'::uuid), ('ffffffff-ffff-ffff-ffff-ffffffffffff')) AS s (id)
	WHERE arsignup.parse_id(arsignup.format_id('usr', id)) IS DISTINCT FROM id
	$$, 'what format_id writes, parse_id reads');
SELECT is_empty($$
	SELECT id FROM (SELECT id, row_number() OVER (ORDER BY id) AS by_id,
			row_number() OVER (ORDER BY arsignup.format_id('usr', id) COLLATE "C") AS by_text
		FROM (SELECT gen_random_uuid() FROM generate_series(1, 2000)) AS s (id)) AS ranked
	WHERE by_id <> by_text
	$$, 'formatted ids sort as the ids do');
SELECT is(arsignup.parse_id(prefix || '_0000000000000000000001'), '00000000-0000-0000-0000-000000000001', 'prefix read: ' || prefix)
FROM unnest(ARRAY['usr', 'org', 'mb', 'rl', 'lpl', 'kss', 'ev', 'crd']) AS prefix;
SELECT is(arsignup.format_id(NULL, arsignup.new_id()), NULL, 'format_id of a null prefix is null');
SELECT is(arsignup.format_id('usr', NULL), NULL, 'format_id of a null id is null');
SELECT is(arsignup.parse_id(NULL), NULL, 'parse_id of null is null');

SELECT invalid(format('SELECT arsignup.format_id(%L, %L)', prefix, '00000000-0000-0000-0000-000000000001'),
	'{"prefix": ["Prefix must be 1 to 8 lower-case letters."]}', 'not a prefix: ' || shown(prefix))
FROM unnest(ARRAY['', ' ', 'USR', 'usr_', 'u sr', 'usr1', 'us-r', 'usé', E'us\nr', 'abcdefghi', repeat('a', 100000)]) AS prefix;
SELECT is(arsignup.format_id('abcdefgh', '00000000-0000-0000-0000-000000000000'), 'abcdefgh_0000000000000000000000', 'a prefix of eight letters');

SELECT invalid(format('SELECT arsignup.parse_id(%L)', public_id),
	'{"public_id": ["Public id must be 1 to 8 lower-case letters, an underscore and 22 letters and digits, as format_id writes it."]}', 'not an id: ' || shown(public_id))
FROM unnest(ARRAY[
	'', ' ', '_', 'usr', 'usr_', '_0000000000000000000001',
	'0000000000000000000001', 'usr0000000000000000000001', 'usr-0000000000000000000001',
	'usr_000000000000000000001', 'usr_00000000000000000000001',
	'usr_7n42DGM5Tflk9n8mt7Fhc8', 'usr_8000000000000000000000', 'usr_zzzzzzzzzzzzzzzzzzzzzz',
	'USR_0000000000000000000001', 'Usr_0000000000000000000001', 'us1_0000000000000000000001',
	'usr__000000000000000000001', 'usr_000000000000000000000_', 'usr_00000000000000000000-1',
	'usr_000000000000000000000+', 'usr_000000000000000000000/', 'usr_000000000000000000000=',
	' usr_0000000000000000000001', 'usr_0000000000000000000001 ', E'usr_0000000000000000000001\n',
	'usr_00000000000000000000 1', 'usr_00000000000000000000é', 'usr_000000000000000000000é', 'üsr_0000000000000000000001',
	E'usr_000000000000000000000\uFF11', '00000000-0000-0000-0000-000000000001', 'abcdefghi_0000000000000000000001',
	'usr_' || repeat('0', 100000), repeat('a', 100000) || '_0000000000000000000001', repeat('_', 26)
	]) AS public_id;

---------------------------------------------------------------------------------------------------
-- stats
---------------------------------------------------------------------------------------------------

SELECT is((SELECT count(*) FROM arsignup.stats()), 1::bigint, 'stats() has one row');
CREATE TEMP TABLE before AS SELECT * FROM arsignup.stats();
SELECT columns_are('before', ARRAY['hash_slots', 'hashes_running', 'hashes_waiting', 'hashes_run', 'hashes_refused',
	'signups', 'tokens_minted', 'tokens_redeemed', 'tokens_expired', 'logins_ok', 'logins_failed', 'logins_throttled', 'limiter_evictions', 'limiter_entries', 'signing_keys_unopened'], 'stats() has its columns');
SELECT cmp_ok((SELECT hash_slots FROM before), '>=', 1, 'there is at least one slot');
SELECT is((SELECT hashes_waiting FROM before), 0, 'nobody waits for a slot');

SELECT arsignup.hash_password('canary in stats') AS hash \gset
SELECT (outcome($$SELECT arsignup.hash_password('')$$)).code, (outcome($$SELECT arsignup.hash_password(NULL)$$)).code \gset none_
SELECT arsignup.verify_password('', ready_hash()) \gset none_
SELECT is((SELECT now.hashes_run - b.hashes_run FROM arsignup.stats() AS now, before AS b), 1::bigint,
	'one hash counts once; passwords that are refused for their form cost none');
SELECT is((SELECT now.signups - b.signups FROM arsignup.stats() AS now, before AS b), 0::bigint, 'and are no signup');

-- Counters keep what a rollback takes back.
SAVEPOINT tried;
SELECT arsignup.hash_password('canary in stats') AS hash \gset
SELECT arsignup.mint_signup_token(app(), 'ada@example.com', password_hash => ready_hash()) AS token \gset
SELECT user_id FROM arsignup.redeem_signup_token(:'token') \gset
SELECT user_id FROM arsignup.signup(app('users'), 'grace@example.com', password_hash => ready_hash()) \gset
SELECT user_id FROM arsignup.signup(app('orgs'), 'edith@example.com', password_hash => ready_hash()) \gset
SELECT token FROM arsignup.signup(app('tokens'), 'joan@example.com', password_hash => ready_hash()) \gset
SELECT ok FROM arsignup.login(app('users'), 'grace@example.com', 'password') \gset none_
SELECT ok FROM arsignup.login(app('users'), 'grace@example.com', 'passwore') \gset none_
SELECT ok FROM arsignup.login(app('users'), 'nobody@example.com', 'password') \gset none_
ROLLBACK TO tried;
SELECT results_eq(
	$$SELECT now.hashes_run - b.hashes_run, now.tokens_minted - b.tokens_minted, now.tokens_redeemed - b.tokens_redeemed,
		now.signups - b.signups, now.tokens_expired - b.tokens_expired, now.logins_ok - b.logins_ok, now.logins_failed - b.logins_failed
		FROM arsignup.stats() AS now, before AS b$$,
	$$VALUES (5::bigint, 2::bigint, 1::bigint, 2::bigint, 0::bigint, 1::bigint, 2::bigint)$$,
	'what was rolled back stays counted: hashes, mints (one by a signup), a redeem, which is no signup, signups, logins right and wrong');

SELECT * FROM finish();
ROLLBACK;
