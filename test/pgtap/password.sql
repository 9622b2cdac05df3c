-- Passwords: which are taken, that all of their bytes count, and which hashes are understood.
BEGIN;
\ir include/setup.psql
SELECT no_plan();

---------------------------------------------------------------------------------------------------
-- hash_password: the form of a hash
---------------------------------------------------------------------------------------------------

CREATE TEMP TABLE hashed AS
SELECT arsignup.hash_password('canary one') AS a, arsignup.hash_password('canary one') AS b, arsignup.hash_password('canary two') AS c;

SELECT matches(a, '^\$argon2id\$v=19\$m=19456,t=2,p=1\$[A-Za-z0-9+/]{22}\$[A-Za-z0-9+/]{43}$',
	'a hash is a PHC string of argon2id at the default cost, base64 without padding') FROM hashed;
SELECT is(octet_length(decode(split_part(a, '$', 5) || '==', 'base64')), 16, 'its salt has 16 bytes') FROM hashed;
SELECT is(octet_length(decode(split_part(a, '$', 6) || '=', 'base64')), 32, 'its tag has 32 bytes') FROM hashed;
SELECT isnt(a, b, 'two hashes of one password differ') FROM hashed;
SELECT isnt(split_part(a, '$', 5), split_part(b, '$', 5), 'by their salts') FROM hashed;
SELECT isnt(split_part(a, '$', 6), split_part(b, '$', 6), 'and by their tags') FROM hashed;
SELECT results_eq(
	$$SELECT arsignup.verify_password('canary one', a), arsignup.verify_password('canary one', b),
		arsignup.verify_password('canary one', c), arsignup.verify_password('canary two', a) FROM hashed$$,
	$$VALUES (true, true, false, false)$$,
	'a password is verified by each of its hashes and by no other''s');

SET LOCAL arsignup.argon2_memory = '20MB';
SET LOCAL arsignup.argon2_iterations = 3;
SELECT matches(arsignup.hash_password('canary'), '^\$argon2id\$v=19\$m=20480,t=3,p=1\$', 'the settings are the cost of new hashes');
RESET arsignup.argon2_memory;
RESET arsignup.argon2_iterations;
SELECT is((outcome('SET arsignup.argon2_memory = 19455')).code, '22023', 'less memory than the floor is refused');
SELECT is((outcome('SET arsignup.argon2_memory = 0')).code, '22023', 'so is none');
SELECT is((outcome('SET arsignup.argon2_iterations = 1')).code, '22023', 'fewer iterations than the floor are refused');
SELECT is((outcome('SET arsignup.argon2_iterations = -1')).code, '22023', 'so are less than none');
SET LOCAL ROLE :"app_role";
SELECT is((outcome('SET arsignup.argon2_memory = 20480')).code, '42501', 'an application cannot set the memory');
SELECT is((outcome('SET arsignup.argon2_iterations = 3')).code, '42501', 'nor the iterations');
SELECT is((outcome('SET arsignup.argon2_memory_max = 1048576')).code, '42501', 'nor their limits');
SELECT is((outcome('SET arsignup.argon2_iterations_max = 1000')).code, '42501', 'neither of them');
SELECT is((outcome('SET arsignup.hash_wait = 0')).code, '42501', 'nor how long to wait for a slot');
SELECT is((outcome('SET arsignup.hash_slots = 64')).code, '55P02', 'nor the number of slots');
RESET ROLE;

---------------------------------------------------------------------------------------------------
-- Which passwords are taken: 1 to 1024 bytes, every one of them counts
---------------------------------------------------------------------------------------------------

-- For each password: its hash verifies it, and not what differs in the last byte, is one shorter or one longer.
CREATE FUNCTION all_bytes_count(password text, description text) RETURNS SETOF text LANGUAGE plpgsql AS $$
DECLARE
	hash text := arsignup.hash_password(password);
BEGIN
	RETURN NEXT ok(arsignup.verify_password(password, hash), description || ': verifies');
	RETURN NEXT ok(NOT arsignup.verify_password(left(password, -1) || '!', hash), description || ': another last byte does not');
	RETURN NEXT ok(NOT arsignup.verify_password(left(password, -1), hash), description || ': one less does not');
	RETURN NEXT ok(NOT arsignup.verify_password(password || '!', hash), description || ': one more does not');
END
$$;

SELECT all_bytes_count(repeat('c', 1), '1 byte');
SELECT all_bytes_count(repeat('c', 72), '72 bytes');
SELECT all_bytes_count(repeat('c', 73), '73 bytes');
SELECT all_bytes_count(repeat('c', 256), '256 bytes');
SELECT all_bytes_count(repeat('c', 1024), '1024 bytes');
SELECT all_bytes_count(repeat(U&'\+01F511', 15), '15 emoji');
SELECT is(octet_length(repeat(U&'\+01F511', 256)), 1024, '256 emoji have 1024 bytes');
SELECT all_bytes_count(repeat(U&'\+01F511', 256), '256 emoji');

SELECT invalid($$SELECT arsignup.hash_password(repeat('c', 1025))$$,
	'{"password": ["Password can''t be longer than 1,024 bytes."]}', '1025 bytes are refused');
SELECT invalid($$SELECT arsignup.hash_password(repeat('c', 1024) || ' ')$$,
	'{"password": ["Password can''t be longer than 1,024 bytes."]}', 'also when the last is a blank: nothing is trimmed');
SELECT invalid($$SELECT arsignup.hash_password(repeat('é', 513))$$,
	'{"password": ["Password can''t be longer than 1,024 bytes."]}', '513 letters of two bytes are refused: bytes are counted');
SELECT invalid($$SELECT arsignup.hash_password(repeat('c', 10000000))$$,
	'{"password": ["Password can''t be longer than 1,024 bytes."]}', 'ten megabytes are refused');
SELECT invalid($$SELECT arsignup.hash_password('')$$, '{"password": ["Password can''t be blank."]}', 'an empty password is refused');
SELECT invalid($$SELECT arsignup.hash_password(NULL)$$, '{"password": ["Password can''t be blank."]}', 'null is refused');

-- A refused password costs no hash, however long it is.
SELECT hashes_run FROM arsignup.stats() \gset refused_
SELECT clock_timestamp() AS started \gset
SELECT count(outcome($$SELECT arsignup.hash_password(repeat('c', 100000))$$)) FROM generate_series(1, 100) \gset none_
SELECT cmp_ok(clock_timestamp() - :'started', '<', interval '1 s', 'a hundred refusals of 100 kB take no time');

-- Verifying what cannot be a password is a wrong password, not an error.
SELECT is(arsignup.verify_password('', ready_hash()), false, 'the empty password is wrong');
SELECT is(arsignup.verify_password(repeat('c', 1025), ready_hash()), false, '1025 bytes are wrong');
SELECT is(arsignup.verify_password(repeat('c', 1000000), ready_hash()), false, 'a megabyte is wrong');
SELECT is(arsignup.verify_password(repeat('é', 100000), ready_hash()), false, 'so are a hundred thousand letters');
SELECT is((SELECT hashes_run FROM arsignup.stats()), :'refused_hashes_run'::bigint, 'none of all these has cost a hash');
SELECT invalid($$SELECT arsignup.verify_password(NULL, ready_hash())$$, '{"password": ["Password can''t be null."]}', 'a null password is an error of the caller');
SELECT invalid($$SELECT arsignup.verify_password('canary', NULL)$$, '{"password_hash": ["Password hash can''t be null."]}', 'so is a null hash');
SELECT invalid($$SELECT arsignup.verify_password(NULL, NULL)$$,
	'{"password": ["Password can''t be null."], "password_hash": ["Password hash can''t be null."]}', 'both are told at once');

---------------------------------------------------------------------------------------------------
-- NFC, and nothing else
---------------------------------------------------------------------------------------------------

SELECT arsignup.hash_password(U&'caf\00E9 canary') AS nfc, arsignup.hash_password(U&'cafe\0301 canary') AS nfd,
	arsignup.hash_password(U&'\FF21canary') AS wide, arsignup.hash_password(' canary ') AS blanks,
	arsignup.hash_password(U&'\AC01') AS hangul, arsignup.hash_password(U&'a\0323\0307') AS marks \gset
SELECT isnt(octet_length(U&'caf\00E9'), octet_length(U&'cafe\0301'), 'the two spellings that follow differ in bytes');
SELECT ok(arsignup.verify_password(U&'cafe\0301 canary', :'nfc'), 'what was set composed is verified decomposed');
SELECT ok(arsignup.verify_password(U&'caf\00E9 canary', :'nfd'), 'what was set decomposed is verified composed');
SELECT ok(arsignup.verify_password(U&'cafe\0301 canary', :'nfd'), 'and decomposed');
SELECT ok(NOT arsignup.verify_password('cafe canary', :'nfc'), 'an accent counts');
SELECT ok(arsignup.verify_password(U&'\1100\1161\11A8', :'hangul'), 'three Hangul jamo are their syllable');
SELECT ok(NOT arsignup.verify_password(U&'\1100\1161', :'hangul'), 'two of them are not');
SELECT ok(arsignup.verify_password(U&'a\0307\0323', :'marks'), 'two marks in another order are the same');
SELECT ok(arsignup.verify_password(U&'\FF21canary', :'wide'), 'a full-width A is taken');
SELECT ok(NOT arsignup.verify_password('Acanary', :'wide'), 'and is not A');
SELECT ok(arsignup.verify_password(' canary ', :'blanks'), 'blanks around a password are taken');
SELECT ok(NOT arsignup.verify_password('canary ', :'blanks'), 'the one in front counts');
SELECT ok(NOT arsignup.verify_password(' canary', :'blanks'), 'the one behind counts');
SELECT ok(NOT arsignup.verify_password('canary', :'blanks'), 'both count');
SELECT ok(NOT arsignup.verify_password(' CANARY ', :'blanks'), 'case counts');
SELECT ok(NOT arsignup.verify_password(U&'\00A0canary ', :'blanks'), 'a no-break space is not a blank');

-- 1024 bytes after NFC, whatever they were before.
SELECT is(octet_length(repeat(U&'e\0301', 512)), 1536, '512 decomposed letters have 1536 bytes');
SELECT arsignup.hash_password(repeat(U&'e\0301', 512)) AS long \gset
SELECT ok(arsignup.verify_password(repeat(U&'\00E9', 512), :'long'), 'and are taken, being 1024 bytes after NFC');
SELECT invalid($$SELECT arsignup.hash_password(repeat(U&'e\0301', 513))$$,
	'{"password": ["Password can''t be longer than 1,024 bytes."]}', '513 of them are refused');
SELECT is(octet_length(repeat(U&'\0958', 341)), 1023, '341 letters that NFC takes apart have 1023 bytes');
SELECT invalid($$SELECT arsignup.hash_password(repeat(U&'\0958', 341))$$,
	'{"password": ["Password can''t be longer than 1,024 bytes."]}', 'and are refused, being 2046 bytes after NFC');
-- Greek iota with dialytika and oxia grows least in NFC and most in NFD: 2 or 3 bytes to 6.
SELECT ok(arsignup.verify_password(normalize(repeat(U&'\1FD3', 512), NFD), arsignup.hash_password(repeat(U&'\1FD3', 341) || repeat(U&'\0390', 171))),
	'3072 bytes of NFD are verified by the 1024 bytes of their NFC');
SELECT ok(arsignup.verify_password(repeat(U&'\1FBE\0308\0301', 512), arsignup.hash_password(repeat(U&'\0390', 512))),
	'so are 3584 bytes: no spelling of a character takes more, being three and a half times its NFC');
-- The marks of a run are put in order, however many: 110 are behind one letter, of nine classes, so that those of a class keep their order.
SELECT string_agg(chr(mark), '' ORDER BY n, mark DESC) AS zalgo FROM generate_series(1, 10) AS n, unnest(ARRAY[820, 837, 795, 801, 1425, 1456, 1611, 3640, 790, 769, 776]) AS mark \gset
SELECT ok(arsignup.verify_password('a' || :'zalgo', arsignup.hash_password(normalize('a' || :'zalgo', NFD))), 'A2: a long run of marks is the same in either normal form');
SELECT ok(NOT arsignup.verify_password('a' || reverse(:'zalgo'), arsignup.hash_password('a' || :'zalgo')), 'A2: marks of one class keep their order');
SELECT ok(NOT arsignup.verify_password(normalize(U&'\FDFA', NFKC), arsignup.hash_password(U&'\FDFA')), 'compatibility forms are kept apart');

-- Every plane, and what has no meaning: taken as it is.
SELECT ok(arsignup.verify_password(p, arsignup.hash_password(p)), 'taken: ' || d)
FROM (VALUES (U&'\0001\0002', 'control characters'), (E'\t\r\n', 'tabs and line ends'), ('   ', 'only blanks'),
	(U&'\+10FFFF\FFFE', 'noncharacters'), (U&'\200B\202E', 'invisible characters'), (U&'\0301', 'a lone combining mark'),
	(U&'\E000\+0F0000', 'private use'), (U&'\0378', 'unassigned'), ('''; DROP TABLE users; --', 'SQL'), ('%s%n\x00', 'formats and escapes')) AS v (p, d);

---------------------------------------------------------------------------------------------------
-- Known answers, made by the argon2 program (libargon2), p=1
---------------------------------------------------------------------------------------------------

CREATE TEMP TABLE known (n int GENERATED ALWAYS AS IDENTITY, password text, hash text);
INSERT INTO known (password, hash) VALUES
	('password', '$argon2id$v=19$m=19456,t=2,p=1$c2FsdHNhbHRzYWx0c2FsdA$T95q7S205tf9WI4HhYOZDIQmMMAbntacGXTIku0gXT8'),
	('password', '$argon2id$v=19$m=32,t=2,p=1$c2FsdHNhbHRzYWx0c2FsdA$hjzbqC0FY4raYaeo3EQbDF4VPbDAkBYnvfE16tNpkqQ'),
	('password', '$argon2id$v=19$m=64,t=1,p=1$c2FsdHNhbHRzYWx0c2FsdA$Wb9DOLKUgwlL5fjad9tfCPU0SBAo0PEY/evJRhwtUR0'),
	('password', '$argon2id$v=19$m=256,t=3,p=1$c2FsdHNhbHRzYWx0c2FsdA$oaBuGkwkbpFt/BcOM3fWZQ'),
	('password', '$argon2id$v=19$m=256,t=3,p=1$c2FsdHNhbHRzYWx0c2FsdA$D1sFb28PeWml7vuSxI5t7P7pCqNeRYUUvj/6U1eKlgLuyk424u6+n9bbMWOZfGnVuizXq6XzjLPpgsycrGEBBQ'),
	('differentpassword', '$argon2id$v=19$m=1024,t=4,p=1$c2FsdHNhbHRzYWx0c2FsdA$crtxFgAybrik029xMazzZ0qLWv4LFIvr'),
	(U&'caf\00E9', '$argon2id$v=19$m=64,t=2,p=1$MDEyMzQ1Njc4OWFiY2RlZg$FTUz3NyThTgjposNKGhlxX00kcpLLkkUL4tdSP/AyXc'),
	(U&'cafe\0301', '$argon2id$v=19$m=64,t=2,p=1$MDEyMzQ1Njc4OWFiY2RlZg$FTUz3NyThTgjposNKGhlxX00kcpLLkkUL4tdSP/AyXc'),
	(repeat(U&'\+01F511', 15), '$argon2id$v=19$m=64,t=2,p=1$MDEyMzQ1Njc4OWFiY2RlZg$rF3t41MzEpJr0+SwCnP99CaBSF4/v2zRY8s/OHC2WwA'),
	(repeat('x', 127), '$argon2id$v=19$m=8,t=1,p=1$ZmVkY2JhOTg3NjU0MzIxMA$NKMKIEPxxyx6EXGITgK+64rWQ78hWR63kWn7QaW7hxU'),
	(' ', '$argon2id$v=19$m=8,t=1,p=1$ZmVkY2JhOTg3NjU0MzIxMA$5B2p7S3eDcUYoH7zVPNOg4QDPrn46dZZY7n1cBMQ+PDa'),
	('a', '$argon2id$v=19$m=8,t=1,p=1$ZmVkY2JhOTg3NjU0MzIxMA$p5lw/Qlg+o1N5CuGo+V8fsUDbk5XsBT1BK7g9xiTBzM'),
	('correct-horse', '$argon2id$v=19$m=19456,t=5,p=1$Af/+gH8KICInXMMo8JCNiA$fYDW/bLVVq5LyUd50TTtTRmy8jZiWcS6fJkfFXw6wwA'),
	('known answer', '$argon2id$v=19$m=8,t=1,p=1$c2l4dGVlbiBieXRlcyEhIQ$rsuMeNw2xxr2PcvMHVZ9Ig'),
	('known answer', '$argon2id$v=19$m=8,t=1,p=1$c2l4dGVlbiBieXRlcyEhIQ$v8CP6NXNV08s5ne9sPrq2Gs'),
	('known answer', '$argon2id$v=19$m=8,t=1,p=1$c2l4dGVlbiBieXRlcyEhIQ$JhiHtQ5M/Upz5EMngky1jqNGTA7z6gjZoy8dQT5Tew'),
	('known answer', '$argon2id$v=19$m=8,t=1,p=1$c2l4dGVlbiBieXRlcyEhIQ$bLIp4UJkRHJFiE4wdmouO9m4FSdWnlAPzKoA/h9/rR4'),
	('known answer', '$argon2id$v=19$m=8,t=1,p=1$c2l4dGVlbiBieXRlcyEhIQ$GKuaVnls7TQqjjjO9XsKB10bll4EloWN0rNgBjDf0vM/JrceMmcUGGqaeuKcAAlg'),
	('known answer', '$argon2id$v=19$m=8,t=1,p=1$c2l4dGVlbiBieXRlcyEhIQ$qag8oU5C2vjYQ6myy20YVxPLuilAmVK7xmWPNo0wIrdTA26HGZOLPPmRmoj9qTLHcogzcWB6jjTMPSXUb8wa'),
	('known answer', '$argon2id$v=19$m=8,t=1,p=1$c2l4dGVlbiBieXRlcyEhIQ$clz64LSa9b+BcDcyGXC55ktmpfxhXhoaKbSwCxmd7ybKyuqRs1oyngXtvbO7y7VSTeYP+3L7yohZkMBlzUJDWA'),
	('known answer', '$argon2id$v=19$m=8,t=16,p=1$c2l4dGVlbiBieXRlcyEhIQ$hfxpYejgKcRuu6/NkP/ciehwGGMIByLR9BJ0R/kKq4c'),
	('known answer', '$argon2id$v=19$m=9,t=3,p=1$c2l4dGVlbiBieXRlcyEhIQ$Zd5oVEJfFbh+bKcly1aaHh/+60dVIu4lWytJe1ddzHw'),
	('known answer', '$argon2id$v=19$m=1000,t=3,p=1$c2l4dGVlbiBieXRlcyEhIQ$QugPO0J2meXMp05N/UGzg/vJw8bWKt+Nny2lwoa1q5g'),
	('known answer', '$argon2id$v=19$m=47104,t=1,p=1$c2l4dGVlbiBieXRlcyEhIQ$2EYIPFjsM2FibUGGOLRF3oEPdwqJKwVDjUfmIlqWGKg'),
	('known answer', '$argon2id$v=19$m=19457,t=2,p=1$c2l4dGVlbiBieXRlcyEhIQ$dPD2nIv8t6nLSOia6eLJSV7+6PX4BnEoke78mtlotpQ'),
	(U&'\03A9 \+01F511', '$argon2id$v=19$m=64,t=2,p=1$c2l4dGVlbiBieXRlcyEhIQ$rsSuNXlFNEadxEQS3VIlgoHrtO9MCBPOWEd1L+sVftQ'),
	(U&'\2126 \+01F511', '$argon2id$v=19$m=64,t=2,p=1$c2l4dGVlbiBieXRlcyEhIQ$rsSuNXlFNEadxEQS3VIlgoHrtO9MCBPOWEd1L+sVftQ'),
	(repeat(U&'\+01F511', 15), '$argon2id$v=19$m=64,t=2,p=1$c2l4dGVlbiBieXRlcyEhIQ$lHrSu7Q7bKN5z5Bv+yIPYqN6FoYuQ1qvU74/fErq+bE'),
	(' leading and trailing ', '$argon2id$v=19$m=64,t=2,p=1$c2l4dGVlbiBieXRlcyEhIQ$PKovy+U+Y6QEJo81zw9n1uVwDWRnGJVsdyios+vAnFI'),
	(E'quote '' and \\ and \n', '$argon2id$v=19$m=64,t=2,p=1$c2l4dGVlbiBieXRlcyEhIQ$MwQFumB1M/nn0Plnk6iHk8INPH+yKjLOJyWWOEatAko'),
	('x', '$argon2id$v=19$m=64,t=2,p=1$c2l4dGVlbiBieXRlcyEhIQ$Qrwv7NEzK+jyDBoPEqb33+6KLK+ssitZfC4pS6Ijtn8'),
	(U&'man\0303ana', '$argon2id$v=19$m=64,t=2,p=1$c2l4dGVlbiBieXRlcyEhIQ$AnHDFUXlVRlRAmszH2k4lAynPNC311bPnxwjJ7PD8RM'),
	(U&'\1112\1161\11AB\1100\1173\11AF', '$argon2id$v=19$m=64,t=2,p=1$c2l4dGVlbiBieXRlcyEhIQ$/pE6EAfEkt9Y8MivX8sBrQhJnqQO7dkH0THAoHyRSEo'),
	(repeat('y', 72), '$argon2id$v=19$m=64,t=2,p=1$c2l4dGVlbiBieXRlcyEhIQ$IRL4xDsS97KduyVuwCGNw+sPHfXzUmj8kBOeRoQFhI8'),
	(repeat('y', 73), '$argon2id$v=19$m=64,t=2,p=1$c2l4dGVlbiBieXRlcyEhIQ$Vrby0vm0BInrhl+P+Ox8+hRsHFz6UNROe5j7H22ckOM');
SELECT is(arsignup.verify_password(password, hash), true, format('known answer %s verifies', n)) FROM known;
SELECT is(arsignup.verify_password(password || 'x', hash), false, format('known answer %s: another password does not', n)) FROM known;
-- A tag that differs in its first or last character is another tag, of whatever length.
CREATE FUNCTION tampered(hash text, place int) RETURNS text LANGUAGE sql AS $$
	SELECT overlay(hash PLACING CASE substr(hash, place, 1) WHEN 'A' THEN 'I' WHEN 'a' THEN 'c' ELSE CASE WHEN hash ~ '[:$][0-9a-f]+$' THEN 'a' ELSE 'A' END END FROM place FOR 1)
$$;
SELECT is(arsignup.verify_password(password, tampered(hash, length(hash) - length(split_part(hash, '$', 6)) + 1)), false,
	format('known answer %s: a tag that differs in front does not', n)) FROM known WHERE n BETWEEN 14 AND 20;
SELECT is(arsignup.verify_password(password, tampered(hash, length(hash) - 1)), false,
	format('known answer %s: a tag that differs behind does not', n)) FROM known WHERE n BETWEEN 14 AND 20;
SELECT is(arsignup.verify_password(password, tampered(hash, 30)), false,
	format('known answer %s: a salt that differs does not', n)) FROM known WHERE n BETWEEN 14 AND 18;

---------------------------------------------------------------------------------------------------
-- Known answers of the forms that are imported, made by other programs: python3-bcrypt, PHP, passlib, hashlib, mkpasswd,
-- argon2-cffi, Django, Werkzeug
---------------------------------------------------------------------------------------------------

CREATE TEMP TABLE imported (n int GENERATED ALWAYS AS IDENTITY, password text, hash text);
INSERT INTO imported (password, hash) VALUES
	('known answer', '$2b$04$D8pA7gutHt11a1QWG1D6KerPxRm9VeMnWGalt6WdgDmd0Sq1FKh1u'),
	('known answer', '$2a$05$DoT1a1Hr4HNz1BTjTNZMAuQ3DEHgOUOsL21v79M8nKcA47J4UV4ye'),
	('known answer', '$2y$04$oOhaYpumxGKpo/yIHXYnx.O8d3ujkZMlsEol7O4Uo9nMtiDTJnYVi'),
	('a long password a long password a long password a long password a long password ', '$2b$04$1JLtzx2bPnwqqT.u1j73g.3BSQaA4Uz/fycg/Y/xl0.gdK.3zGpE2'),
	(U&'caf\00E9 \+01F511', '$2b$04$b65.oG/yKOGmDQORPbFVyePVauqX/AFtyWkuSLRzvbNde8GXdnTw.'),
	('known answer', '$5$rounds=1000$abcdefgh$K1XU4ICyI.6qqCYPkAXXaxPqQUX3iUog5CvANCrtxO.'),
	('known answer', '$5$K6LILJw9NvgorskZ$uDinxPSwtwP8OZzEb9loj5yoM3JgZvxgcUOhddntCT2'),
	('known answer', '$6$rounds=1000$a$KC42jpuIsMWOr5M40wNj3hiknN.asa506v6NA8uy3vtvdLUawsiU1B.BaaQDDGbT8X.oTpluDyLZw71lOBM1e.'),
	('known answer', '$6$8gL5Jc7SYTtet0Yo$uk4MRVUB.BwdcrjvBcUAU9nD0/3Wtw9seKt0331lLaTk.AXNJ2h4CMZ3nth6VCx1zK0rTVVHy5ILarqonPdP30'),
	('known answer', '$y$j75$mA6Oh.BKnmQAmUH4cugxy0$nur//hO8xHCRETWPlsV5AG90hOMVpWSfOHZBJxQxUU6'),
	('known answer', '$y$j9T$45.jDEI9.LTasGAq4UTWJ.$9ghVMsWaMdZC7wWsF8FiVPYgDFs9YqtEIA9S5yLP7/C'),
	('known answer', '$7$26..../....SodiumChloride$HAuYwUYeJ/.3qKH95BEC9rzkIkFVa0q/PHRlZ6wSq5D'),
	('known answer', '$7$81....0....xxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxx$zbZSfT63SJ0Ty0DIzf.HSdBuqRXwRF3GJsAc.7OaU47'),
	('known answer', 'pbkdf2_sha256$10$seasalt$f+I87Dyr8Uy+0AEJng3SwQYQI9tLndR9Ne6kAW+vh5Y='),
	('known answer', 'pbkdf2_sha256$1000$p.e-p_p/er$p38QY1aOJr+lnDNrKOT+kjA1HvT5RTjo+igFs2NVaJM='),
	('known answer', '$pbkdf2-sha256$10$8PHy8/T19vf4.fr7/P3./w$J13h7siSfC/w6s3i0184CdhIoOrQKeRJjP0wTfH3A2E'),
	('known answer', '$pbkdf2-sha256$i=12,l=32$AAAAAAAAAAAAAAAAAAAAAA$W4IXjPT6pYMXbJOjIlwLcDdunCx03xO0eSvykqHSArc'),
	('known answer', '$pbkdf2-sha256$i=12$AAECAwQFBgcICQoLDA0ODw$itflogiK3ZFWnMyl69X5ZnRJcQXKJEmByjHEBs4pgg8'),
	('known answer', '$pbkdf2-sha256$i=12,l=64$c2FsdHNhbHRzYWx0c2FsdA$ZBt9sZlHuv2mdNqak9Kny8fUyc+edFQcOalGOOeMUk7/fwmlMRudQIbcjI6y8kuP3qahI5o2nD3bn+BQOLx39w'),
	('known answer', '$pbkdf2-sha256$i=12,l=20$c2FsdHNhbHRzYWx0c2FsdA$ZBt9sZlHuv2mdNqak9Kny8fUyc8'),
	('known answer', '$argon2id$v=19$m=32,t=3,p=4$c29tZXNhbHQ$0Y+H48ltnWXh07WTf7dJjw'),
	('known answer', '$argon2id$v=19$m=64,t=2,p=1$MDEyMzQ1Njc4OWFiY2RlZmdoaWprbA$obkWkCgPpsA2ajAQoDsDBQ'),
	('known answer', '$argon2id$v=19$m=64,t=1,p=8$AAECAwQFBgcICQoLDA0ODw$k/Y8+AyXJ5gd+KMizXe7Ow'),
	('known answer', 'argon2$argon2id$v=19$m=64,t=1,p=8$QWJDZEVmR2hJaktsTW5PcFFyU3RVdg$bCwKL15+jmW79wXGUz3K3Q'),
	('known answer', '{argon2}$argon2id$v=19$m=64,t=1,p=1$AAECAwQFBgcICQoLDA0ODw$KTzj+9SphLJNIH0YBT/5tA'),
	('known answer', '{argon2@SpringSecurity_v5_8}$argon2id$v=19$m=64,t=2,p=1$AAECAwQFBgcICQoLDA0ODw$25+nvZf+3Kaf5KQqy9ml6A'),
	('known answer', 'bcrypt$$2b$04$tnJp2lwYFtpcKzlYOM4mve8Mrn9eUcW68Z8p/n14VnA9KUodXIWjm'),
	('known answer', '{bcrypt}$2a$04$v5rsw5VVYLbwTDloVnJ4z.vMbcWuYtQ6tDoO.vHd7lHF4dMDsW0D.'),
	('known answer', 'bcrypt_sha256$$2b$04$.jItgroPpFqK/Io6NBdT.eNZR3JD66Vjfczq2291KSsiHB3mGDG1C'),
	('known answer', '$scrypt$ln=4,r=8,p=1$AAECAwQFBgcICQoLDA0ODw$2+/aaX2FkDdl+Fcnh4DP2K7M28lPO0AYf0ziZB2Rnzk'),
	('known answer', 'scrypt$16$seasalt$8$5$l1ml4isw1UyRu/vIBUlClakzuJv01ehCHLsd3rWAB3ewtE3UzvCijDGxNlth0pp96BaQzO3ULWFoqxk1feuGSg=='),
	('known answer', 'scrypt$1024$p.e-p_p/er$8$1$l0K6Jl85t5co0hWspYYX4X0mOlyEJT59HEYXwWMEZoTPc2nP8jthXPHgSDYKIbdamzOwI48ZPXKSrgHZt9NL6g=='),
	('known answer', 'scrypt:16:8:1$SaltOfWerkzeug$c876ad5f0b9a6bdf79433e2457147bfa3a182fa997b058fd28b5361318c90997f305d9a4d526ac30ca7fd277070517a4f10703761f09a4c300b220b81a91c965'),
	('known answer', '{scrypt}$40801$AAECAwQFBgcICQoLDA0ODxAREhMUFRYXGBkaGxwdHh8gISIjJCUmJygpKissLS4vMDEyMzQ1Njc4OTo7PD0+Pw==$cxKit8QykAz9QAszOVmaGzbD+EMTS480Egt+2IwMP90='),
	('known answer', '{scrypt@SpringSecurity_v5_8}$a0802$AAECAwQFBgcICQoLDA0ODw==$wSNC5lmi14hZ1YgMvw3YMFMpiMwQrl0nJ4DTzCsNIYhDcUQaT5oXN5r/FK8B1oRkWAq1tpX/acd2TpQbVYj1HA=='),
	('known answer', '000102030405060708090a0b0c0d0eff:ed3fd9eeb78a5bf12e994ff0e89ea470471396fab0525f4d0c7bd645188e124d89955504ba41e914527b313e30e09fa88f3ab80273ec13210f43fcb23746bcde'),
	('known answer', 'pbkdf2_sha1$10$seasalt$jfvQaKqXudZKa/KtuU0arSos2Vo='),
	('known answer', 'pbkdf2_sha512$10$seasalt$8RC8w1YAxMq/axP+DspeYWNZ2/CjpObPHfU/wJRwki+lwHjxUpuKPnvAqUBBonrpxAEog44GClSId/uvEVvS3g=='),
	('known answer', 'pbkdf2:sha1:10$SrZE1Ht1haAX$164863782d8cfca15d04fd562dce83dd7dc05dd4'),
	('known answer', 'pbkdf2:sha256:10$JRa9Vbezv7H3$45821f780a3f8253052c70f5cea28be50aeaa4f09040ac91f59aa58b6c003e63'),
	('known answer', 'pbkdf2:sha512:10$BP0yJ1B8c5yt$c77002a53c2f8d9d0d66a76a8cdccb5b3ba77267cd043b45b02e87216f17164cd1d70b325d9fb6573a1ed425ed6c8220d776a7869b5f2e05282bcf255f2b0aae'),
	('known answer', '$pbkdf2$10$8PHy8/T19vf4.fr7/P3./w$AFOR81wj.euYIlonD/4wLNYvars'),
	('known answer', '$pbkdf2-sha512$10$8PHy8/T19vf4.fr7/P3./w$XGP31E9jYkrCxP1v5f59FqsUnv.cJYrSOQn6SWyR0frwoW.OL7ajQaBhyyetOSpYpFOwvidXLiH/uJP6wj71cA'),
	('known answer', '$pbkdf2-sha512$i=12,l=32$AAAAAAAAAAAAAAAAAAAAAA$COj8WubDD4XdbL0s5GP1zPssZXTzfn2FosaEmAa27r8'),
	('known answer', '$pbkdf2$i=12,l=32$AAAAAAAAAAA$0NB2u2NUoct+rmZkHq3b6cGvKWV7+0H4PxJRv30hoaE'),
	('known answer', 'AQAAAAAAAAAKAAAAEAABAgMEBQYHCAkKCwwNDg8gd0vBxW1UqQKWXvPM+7i7jIcTreh8m//mVNwF/+uNpg=='),
	('known answer', 'AQAAAAEAAAAKAAAAEQABAgMEBQYHCAkKCwwNDg8Qh+2TBNeSlTvNO3LNTjSiJdFcV84F2iuN80ddj7xsxCk='),
	('known answer', 'AQAAAAIAAAAKAAAAEgABAgMEBQYHCAkKCwwNDg8QEfeU09c2bgbFgpwmg2XfkQ3tVOqSCkewDgBIpvOjL9O/');
SELECT hashes_run FROM arsignup.stats() \gset imported_
SELECT is(arsignup.verify_password(password, hash), true, format('imported %s verifies: %s', n, left(hash, 16))) FROM imported;
SELECT is(arsignup.verify_password('x' || password, hash), false, format('imported %s: another password does not', n)) FROM imported;
SELECT is((SELECT hashes_run FROM arsignup.stats()), :imported_hashes_run + 2 * (SELECT count(*) FROM imported), 'each went through the gate once');
SELECT is(arsignup.verify_password(password, tampered(hash, length(hash) - 10)), false, format('imported %s: another tag does not', n)) FROM imported;
SELECT invalid(format('SELECT arsignup.verify_password(%L, %L)', password, left(hash, -1)),
	'{"password_hash": ["Password hash has an unknown form."]}', format('imported %s: cut short it has an unknown form', n)) FROM imported;
SELECT is(arsignup.password_needs_rehash(hash), true, format('imported %s needs a new hash', n)) FROM imported;

-- bcrypt looks at 72 bytes, whoever made the hash; crypt(3) takes 511; the others take all.
SELECT ok(arsignup.verify_password(left(password, 72), hash), 'bcrypt: 72 bytes are the password') FROM imported WHERE length(password) > 72;
SELECT ok(NOT arsignup.verify_password(left(password, 71), hash), 'bcrypt: 71 are not') FROM imported WHERE length(password) > 72;
SELECT ok(NOT arsignup.verify_password(repeat('c', 600), hash), 'a password of 600 bytes is wrong, no error: ' || left(hash, 16)) FROM imported;

-- What other systems have hashed is what was typed; ours is hashed in normal form C.
SELECT ok(NOT arsignup.verify_password(normalize(password, NFD), hash), 'imported: decomposed it is another password') FROM imported WHERE password <> normalize(password, NFD);
SELECT ok(arsignup.verify_password(U&'cafe\0301', 'pbkdf2_sha256$10$seasalt$'
	|| 'A4QqxdoV67vTgqnjQPnfqbrS6fHTqm7ykRMj/Jr40Q4='), 'imported: one that was typed decomposed');
SELECT ok(NOT arsignup.verify_password(U&'caf\00E9', 'pbkdf2_sha256$10$seasalt$'
	|| 'A4QqxdoV67vTgqnjQPnfqbrS6fHTqm7ykRMj/Jr40Q4='), 'imported: is not the composed one');

-- So it is for argon2id that is not ours, by its lanes, its salt or its label; without a label it is taken for ours.
SELECT is(arsignup.verify_password(password, hash), expected, what) FROM (VALUES
	(U&'cafe\0301', '$argon2id$v=19$m=64,t=1,p=2$c29tZXNhbHQ$Q8Hp0K5geQmFrkt8G1++3r1nc5lurqRG5Yp+D5ZdlNw', true, 'argon2id of two lanes: what was typed'),
	(U&'caf\00E9', '$argon2id$v=19$m=64,t=1,p=2$c29tZXNhbHQ$Q8Hp0K5geQmFrkt8G1++3r1nc5lurqRG5Yp+D5ZdlNw', false, '... not what it looks like'),
	(U&'cafe\0301', '{argon2}$argon2id$v=19$m=64,t=1,p=1$AAECAwQFBgcICQoLDA0ODw$/ujrkbIrpl9GjZIc5Vai6C+IOJGT5D+DZdp8PbwpCTY', true, 'argon2id with a label: what was typed'),
	(U&'caf\00E9', '{argon2}$argon2id$v=19$m=64,t=1,p=1$AAECAwQFBgcICQoLDA0ODw$/ujrkbIrpl9GjZIc5Vai6C+IOJGT5D+DZdp8PbwpCTY', false, '... not what it looks like'),
	(U&'cafe\0301', '$argon2id$v=19$m=64,t=1,p=1$AAECAwQFBgcICQoLDA0ODw$/ujrkbIrpl9GjZIc5Vai6C+IOJGT5D+DZdp8PbwpCTY', false, 'the same without a label is taken for ours'),
	(U&'cafe\0301', '$argon2id$v=19$m=64,t=1,p=1$AAECAwQFBgcICQoLDA0ODw$xVowXqtN1rVmm988T+A6T0ktBDk64dEim3Nxn/bxmn0', true, '... whose passwords are hashed in normal form C')) AS v (password, hash, expected, what);

-- better-auth hashes normal form KC.
SELECT '00112233445566778899aabbccddeeff:c4cb37e68646b67804cf96132f0817f34c78ccae9f4e19ea49385c23c5b127ee029a5812f4abae5e5c59270026802a0de76469a796be3bb3e8392379ae300bc6' AS better_auth,
	'00112233445566778899aabbccddeeff:1424328332d867ae9de9feb6039a632dacb496983ba95996984c0576e4b78005897daef6406b9447ed21252d409056c40bf35c8a48f7258af24d1582445e55ab' AS longest \gset
SELECT ok(arsignup.verify_password(p, :'better_auth'), 'better-auth: ' || d) FROM (VALUES
	(U&'\FB01ne cafe\0301 \2460 \FF21\00A0\1E9B\0323', 'what was typed'),
	(normalize(U&'\FB01ne cafe\0301 \2460 \FF21\00A0\1E9B\0323', NFC), 'composed'), (normalize(U&'\FB01ne cafe\0301 \2460 \FF21\00A0\1E9B\0323', NFD), 'decomposed'),
	(normalize(U&'\FB01ne cafe\0301 \2460 \FF21\00A0\1E9B\0323', NFKC), 'composed, compatibly'), (normalize(U&'\FB01ne cafe\0301 \2460 \FF21\00A0\1E9B\0323', NFKD), 'decomposed, compatibly')) AS v (p, d);
SELECT ok(NOT arsignup.verify_password(U&'fine cafe 1 A \1E69', :'better_auth'), 'better-auth: not another');
SELECT ok(arsignup.verify_password(repeat(U&'\FDFA', 341), :'longest'), 'better-auth: 1,023 bytes that become 11,253');

---------------------------------------------------------------------------------------------------
-- Hashes of other forms
---------------------------------------------------------------------------------------------------

CREATE TEMP TABLE unknown (n int GENERATED ALWAYS AS IDENTITY, hash text, description text);
INSERT INTO unknown (hash, description) VALUES
	('', 'nothing'), (' ', 'a blank'), ('password', 'the password itself'), ('$', 'a dollar'), ('$argon2id$', 'only the name'),
	('5f4dcc3b5aa765d61d8327deb882cf99', 'MD5'),
	('md532e12f215ba27cb750c9e093ce4b5127', 'a password hash of PostgreSQL'),
	('SCRAM-SHA-256$4096:c2FsdHNhbHRzYWx0c2FsdA==$yyyyyyyyyyyyyyyyyyyyyyyyyyyyyyyyyyyyyyyyyyy=:zzzzzzzzzzzzzzzzzzzzzzzzzzzzzzzzzzzzzzzzzzz=', 'SCRAM'),
	('$1$saltsalt$qjXMvbEw8oaL.CzflDtaK/', 'md5crypt'),
	('$2x$12$EixZaYVK1fsbw1ZfbX3OXePaWxn96p36WQoeG6Lruj3vjPGga31lW', 'bcrypt of the libraries with a bug'),
	('$6$saltsalt$qFmFH.bQmmtXzyBY0s9v7Oicd2z4XSIecDzlB5KiA2/jctKu9YterLp8wwnSq.qc.eoxqOmSuNp2xS0ktL3nh', 'sha512crypt, a character less'),
	('$7$C6..../....SodiumChloride$kBGj9fHznVYFQMEn/qDCfrDevf9YDtcDdKvEqHJLV8', 'scrypt, a character less'),
	('pbkdf2_sha1$600000$c2FsdA$5qpfvB1Y9rL5lBuVZ8xvRg4WIbCGmSNmbB5PwBA0vZQ=', 'Django''s PBKDF2 with SHA-1, with the tag of SHA-256'),
	('$argon2i$v=19$m=64,t=3,p=1$c2l4dGVlbiBieXRlcyEhIQ$ttoHf4VFNMujnnfDjm19wgmDTQBgepBjntwBRw1svf0', 'argon2i'),
	('$argon2d$v=19$m=64,t=3,p=1$c2l4dGVlbiBieXRlcyEhIQ$h2PzIFNAix8EGFiDHg8J0cV8QfmyXSDR0yw/AQ/DBdY', 'argon2d'),
	('$argon2id$v=16$m=64,t=3,p=1$c2l4dGVlbiBieXRlcyEhIQ$ez8v2PqmWtmWjfVTbN1Yo/8gZzwQkQ19T22YwUfz4Tk', 'version 16'),
	('$argon2id$m=64,t=3,p=1$c2l4dGVlbiBieXRlcyEhIQ$ez8v2PqmWtmWjfVTbN1Yo/8gZzwQkQ19T22YwUfz4Tk', 'no version'),
	('$argon2id$v=19$m=64,t=3,p=1$c29tZXNhbA$f0DXNUnsqa/mq4OrT3lH3mr2E0G4yq1l8DK8vEMG0SI', 'a salt of 7 bytes'),
	('$argon2id$v=19$m=8,t=1,p=1$$bLIp4UJkRHJFiE4wdmouO9m4FSdWnlAPzKoA/h9/rR4', 'no salt');
-- Each of these is one change away from a hash that verifies.
INSERT INTO unknown (hash, description)
SELECT replace(hash, old, new), shown(new) || ' for ' || shown(old)
FROM (VALUES ('$argon2id$v=19$m=8,t=1,p=1$c2l4dGVlbiBieXRlcyEhIQ$bLIp4UJkRHJFiE4wdmouO9m4FSdWnlAPzKoA/h9/rR4')) AS good (hash),
	(VALUES ('$argon2id', 'argon2id'), ('$argon2id', ' $argon2id'), ('$argon2id', '$$argon2id'), ('$argon2id', '$ARGON2ID'), ('$argon2id', E'\n$argon2id'),
		('m=8', 'm=7'), ('m=8', 'm=0'), ('m=8', 'm='), ('m=8', 'm=-8'), ('m=8', 'm=+8'), ('m=8', 'm= 8'), ('m=8', 'm=08'), ('m=8', 'm=0x8'), ('m=8', 'm=8.0'),
		('m=8', 'm=8e0'), ('m=8', 'm=8k'), ('m=8', 'M=8'), ('m=8,', 'm=8;'), ('m=8,', ''),
		('m=8', 'm=4294967304'), ('m=8', 'm=18446744073709551624'), ('m=8', 'm=99999999999999999999999999'),
		('t=1', 't=0'), ('t=1', 't=-1'), ('t=1', 't='), ('t=1', 't=01'), ('t=1', 't=4294967297'),
		('m=8,t=1', 't=1,m=8'), ('p=1', 'p=0'), ('p=1', 'p=2'), ('p=1', 'p=536870912'), ('p=1', 'p=01'), ('p=1', 'p=4294967297'), ('p=1', 'p='), (',p=1', ''), ('p=1', 'p=1,keyid=aa'), ('p=1', 'p=1,data=aaaa'), ('p=1', 'p=1,'),
		('v=19', 'v=019'), ('v=19', 'v=4294967315'), ('v=19', 'v='),
		('EhIQ$', 'EhIQ==$'), ('EhIQ$', 'EhIR$'), ('EhIQ$', 'EhI-$'), ('EhIQ$', 'EhI$'), ('EhIQ$', 'EhIQ$$'), ('EhIQ$', 'EhIQ,'), ('EhIQ$', 'EhIQ'), ('c2l4', 'c2l 4'), ('c2l4', E'c2l\n4'),
		('rR4', 'rR4='), ('rR4', 'rR5'), ('rR4', 'rR4$'), ('rR4', 'rR4 '), ('rR4', E'rR4\n'), ('rR4', 'rR4$c2FsdA'), ('rR4', 'rR'), ('rR4', 'r_4'), ('rR4', 'ré4'), ('rR4', 'ré'), ('rR4', 'éR4'),
		('bLIp4UJkRHJFiE4wdmouO9m4FSdWnlAPzKoA/h9/rR4', ''), ('bLIp4UJkRHJFiE4wdmouO9m4FSdWnlAPzKoA/h9/rR4', repeat('A', 20)), ('bLIp4UJkRHJFiE4wdmouO9m4FSdWnlAPzKoA/h9/rR4', repeat('A', 87)),
		('bLIp4UJkRHJFiE4wdmouO9m4FSdWnlAPzKoA/h9/rR4', repeat('A', 1000))) AS change (old, new);

SELECT is((SELECT count(*) FROM unknown WHERE hash = '$argon2id$v=19$m=8,t=1,p=1$c2l4dGVlbiBieXRlcyEhIQ$bLIp4UJkRHJFiE4wdmouO9m4FSdWnlAPzKoA/h9/rR4'),
	0::bigint, 'every change in the list above changes the hash');
SELECT invalid(format('SELECT arsignup.verify_password(%L, %L)', 'known answer', hash),
	'{"password_hash": ["Password hash has an unknown form."]}', 'unknown hash: ' || description) FROM unknown;
SELECT is(arsignup.password_needs_rehash(hash), true, 'needs a new hash: ' || description) FROM unknown;

---------------------------------------------------------------------------------------------------
-- Hashes that cost too much are refused before they are run
---------------------------------------------------------------------------------------------------

SELECT hashes_run FROM arsignup.stats() \gset costly_
SELECT clock_timestamp() AS started \gset
SELECT invalid(format('SELECT arsignup.verify_password(%L, %L)', 'canary', replace(replace(ready_hash(), 'm=19456', 'm=' || m), 't=2', 't=' || t)),
	jsonb_build_object('password_hash', jsonb_build_array('Password hash costs more than this server allows: '
		|| CASE WHEN m > 262144 THEN format('%s kB, and arsignup.argon2_memory_max is 262144 kB.', m) ELSE format('%s, and arsignup.argon2_iterations_max is 16.', t) END)), format('a hash of m=%s, t=%s', m, t))
FROM (VALUES (262145, 2), (4194304, 2), (4294967295, 2), (19456, 17), (19456, 4294967295), (4294967295, 4294967295)) AS v (m, t);
SELECT cmp_ok(clock_timestamp() - :'started', '<', interval '1 s', 'these refusals take no time');
SELECT is((SELECT hashes_run FROM arsignup.stats()), :'costly_hashes_run'::bigint, 'and run no hash');
SET LOCAL arsignup.argon2_memory_max = 19455;
SELECT is((SELECT setting FROM pg_settings WHERE name = 'arsignup.argon2_memory_max'), '19455', 'a limit below the cost of new hashes can be set');
SELECT ok(arsignup.verify_password('password', ready_hash()), 'but what we hash ourselves we also verify');
SELECT invalid(format('SELECT arsignup.verify_password(%L, %L)', 'canary', replace(ready_hash(), 'm=19456', 'm=19457')),
	'{"password_hash": ["Password hash costs more than this server allows: 19457 kB, and arsignup.argon2_memory_max is 19456 kB."]}', 'and nothing beyond');
RESET arsignup.argon2_memory_max;
SET LOCAL arsignup.argon2_iterations_max = 17;
SELECT is(arsignup.verify_password('canary', replace(replace(ready_hash(), 'm=19456', 'm=8'), 't=2', 't=17')), false, 'a limit raised by the administrator holds');
RESET arsignup.argon2_iterations_max;

-- The other forms have limits of their own; memory is held against the same.
SELECT matches(concat_ws(' ', o.code, o.message), '^SU001 Password hash costs more than this server allows: [0-9]{2,}( kB)?, and arsignup\.(argon2_memory_max is 262144 kB|argon2_iterations_max is 16|bcrypt_cost_max is 14|sha2_iterations_max is 2000000)\.$',
	'too dear: ' || left(hash, 30))
FROM unnest(ARRAY['bcrypt$$2b$15$D8pA7gutHt11a1QWG1D6KerPxRm9VeMnWGalt6WdgDmd0Sq1FKh1u', 'bcrypt_sha256$$2b$15$D8pA7gutHt11a1QWG1D6KerPxRm9VeMnWGalt6WdgDmd0Sq1FKh1u',
	'{bcrypt}$2a$15$D8pA7gutHt11a1QWG1D6KerPxRm9VeMnWGalt6WdgDmd0Sq1FKh1u',
	'$argon2id$v=19$m=262145,t=1,p=4$c29tZXNhbHQ$Pxd0tVDb1W9K8/l2yEF2+EPsBIcszPGMujWlcbDkBz4', '$argon2id$v=19$m=32,t=17,p=4$c29tZXNhbHQ$Pxd0tVDb1W9K8/l2yEF2+EPsBIcszPGMujWlcbDkBz4',
	'argon2$argon2id$v=19$m=134217720,t=1,p=16777215$c29tZXNhbHQ$Pxd0tVDb1W9K8/l2yEF2+EPsBIcszPGMujWlcbDkBz4',
	'$scrypt$ln=18,r=8,p=1$AAECAwQFBgcICQoLDA0ODw$2+/aaX2FkDdl+Fcnh4DP2K7M28lPO0AYf0ziZB2Rnzk', '$scrypt$ln=4,r=8,p=17$AAECAwQFBgcICQoLDA0ODw$2+/aaX2FkDdl+Fcnh4DP2K7M28lPO0AYf0ziZB2Rnzk', 'scrypt$262144$seasalt$8$5$l1ml4isw1UyRu/vIBUlClakzuJv01ehCHLsd3rWAB3ewtE3UzvCijDGxNlth0pp96BaQzO3ULWFoqxk1feuGSg==', 'scrypt$16$seasalt$8$17$l1ml4isw1UyRu/vIBUlClakzuJv01ehCHLsd3rWAB3ewtE3UzvCijDGxNlth0pp96BaQzO3ULWFoqxk1feuGSg==',
	'scrypt:2:2097152:1$SaltOfWerkzeug$c876ad5f0b9a6bdf79433e2457147bfa3a182fa997b058fd28b5361318c90997f305d9a4d526ac30ca7fd277070517a4f10703761f09a4c300b220b81a91c965', '{scrypt}$120801$AAECAwQFBgcICQoLDA0ODxAREhMUFRYXGBkaGxwdHh8gISIjJCUmJygpKissLS4vMDEyMzQ1Njc4OTo7PD0+Pw==$cxKit8QykAz9QAszOVmaGzbD+EMTS480Egt+2IwMP90=', 'pbkdf2_sha1$2000001$seasalt$jfvQaKqXudZKa/KtuU0arSos2Vo=',
	'pbkdf2:sha512:2000001$BP0yJ1B8c5yt$c77002a53c2f8d9d0d66a76a8cdccb5b3ba77267cd043b45b02e87216f17164cd1d70b325d9fb6573a1ed425ed6c8220d776a7869b5f2e05282bcf255f2b0aae',
	'$pbkdf2$i=1000001,l=32$AAAAAAAAAAA$0NB2u2NUoct+rmZkHq3b6cGvKWV7+0H4PxJRv30hoaE', 'AQAAAAIAHoSBAAAAEgABAgMEBQYHCAkKCwwNDg8QEfeU09c2bgbFgpwmg2XfkQ3tVOqSCkewDgBIpvOjL9O/',
	'$2b$15$D8pA7gutHt11a1QWG1D6KerPxRm9VeMnWGalt6WdgDmd0Sq1FKh1u', '$2y$31$D8pA7gutHt11a1QWG1D6KerPxRm9VeMnWGalt6WdgDmd0Sq1FKh1u',
	'$5$rounds=2000001$abcdefgh$K1XU4ICyI.6qqCYPkAXXaxPqQUX3iUog5CvANCrtxO.', '$y$jET$mA6Oh.BKnmQAmUH4cugxy0$nur//hO8xHCRETWPlsV5AG90hOMVpWSfOHZBJxQxUU6',
	'$7$G6..../....SodiumChloride$HAuYwUYeJ/.3qKH95BEC9rzkIkFVa0q/PHRlZ6wSq5D', '$7$26....F....SodiumChloride$HAuYwUYeJ/.3qKH95BEC9rzkIkFVa0q/PHRlZ6wSq5D',
	'pbkdf2_sha256$2000001$seasalt$f+I87Dyr8Uy+0AEJng3SwQYQI9tLndR9Ne6kAW+vh5Y=',
	'$pbkdf2-sha256$i=1000001,l=64$c2FsdHNhbHRzYWx0c2FsdA$ZBt9sZlHuv2mdNqak9Kny8fUyc+edFQcOalGOOeMUk7/fwmlMRudQIbcjI6y8kuP3qahI5o2nD3bn+BQOLx39w']) AS hash,
	LATERAL outcome(format('SELECT arsignup.verify_password(%L, %L)', 'canary', hash)) AS o;
SELECT is(arsignup.verify_password('canary', hash), false, 'the dearest there is: ' || left(hash, 30))
FROM unnest(ARRAY['$argon2id$v=19$m=262144,t=1,p=4$c29tZXNhbHQ$Pxd0tVDb1W9K8/l2yEF2+EPsBIcszPGMujWlcbDkBz4', '$argon2id$v=19$m=32,t=16,p=4$c29tZXNhbHQ$Pxd0tVDb1W9K8/l2yEF2+EPsBIcszPGMujWlcbDkBz4',
	'{scrypt}$40810$AAECAwQFBgcICQoLDA0ODw==$cxKit8QykAz9QAszOVmaGzbD+EMTS480Egt+2IwMP90=', 'pbkdf2_sha1$2000000$seasalt$jfvQaKqXudZKa/KtuU0arSos2Vo=',
	'$y$jDT$mA6Oh.BKnmQAmUH4cugxy0$nur//hO8xHCRETWPlsV5AG90hOMVpWSfOHZBJxQxUU6', '$7$26....E....SodiumChloride$HAuYwUYeJ/.3qKH95BEC9rzkIkFVa0q/PHRlZ6wSq5D']) AS hash;
SET LOCAL arsignup.bcrypt_cost_max = 4;
SET LOCAL arsignup.sha2_iterations_max = 1000;
SELECT is((outcome(format('SELECT arsignup.verify_password(%L, %L)', 'known answer', hash))).code, expected, 'a lower limit: ' || left(hash, 30))
FROM (VALUES ('$2b$04$D8pA7gutHt11a1QWG1D6KerPxRm9VeMnWGalt6WdgDmd0Sq1FKh1u', '00000'), ('$2a$05$DoT1a1Hr4HNz1BTjTNZMAuQ3DEHgOUOsL21v79M8nKcA47J4UV4ye', 'SU001'),
	('$5$rounds=1000$abcdefgh$K1XU4ICyI.6qqCYPkAXXaxPqQUX3iUog5CvANCrtxO.', '00000'), ('$5$K6LILJw9NvgorskZ$uDinxPSwtwP8OZzEb9loj5yoM3JgZvxgcUOhddntCT2', 'SU001'),
	('pbkdf2_sha256$1000$p.e-p_p/er$p38QY1aOJr+lnDNrKOT+kjA1HvT5RTjo+igFs2NVaJM=', '00000'), ('pbkdf2_sha256$1001$p.e-p_p/er$p38QY1aOJr+lnDNrKOT+kjA1HvT5RTjo+igFs2NVaJM=', 'SU001')) AS v (hash, expected);
RESET arsignup.bcrypt_cost_max;
RESET arsignup.sha2_iterations_max;
SET LOCAL ROLE :"app_role";
SELECT is((outcome('SET arsignup.bcrypt_cost_max = 20')).code, '42501', 'an application cannot set these limits');
SELECT is((outcome('SET arsignup.sha2_iterations_max = 20000000')).code, '42501', 'neither of them');
RESET ROLE;

---------------------------------------------------------------------------------------------------
-- password_needs_rehash
---------------------------------------------------------------------------------------------------

SELECT is(arsignup.password_needs_rehash(ready_hash()), false, 'a hash at the default cost is good');
SELECT is(arsignup.password_needs_rehash((SELECT a FROM hashed)), false, 'so is one made here');
SELECT is(arsignup.password_needs_rehash(replace(ready_hash(), 'm=19456', 'm=19455')), true, 'one with less memory is not');
SELECT is(arsignup.password_needs_rehash(replace(ready_hash(), 't=2', 't=1')), true, 'nor one with fewer iterations');
SELECT is(arsignup.password_needs_rehash('$argon2id$v=19$m=19456,t=2,p=1$c2l4dGVlbiBieXRlcyEhIQ$JhiHtQ5M/Upz5EMngky1jqNGTA7z6gjZoy8dQT5Tew'), true, 'nor one with a shorter tag');
SELECT is(arsignup.password_needs_rehash(replace(ready_hash(), 'm=19456', 'm=65536')), false, 'a stronger one is good');
SELECT is(arsignup.password_needs_rehash(hash), true, 'one that is stronger and not ours needs a new one: ' || left(hash, 40))
FROM unnest(ARRAY['{argon2}' || ready_hash(), 'argon2' || ready_hash(), replace(ready_hash(), 'm=19456,t=2,p=1', 'm=65536,t=3,p=4'),
	'$argon2id$v=19$m=65536,t=3,p=1$c2V2ZW50ZWVuIGJ5dGVzISE$+ddzVH2RbNzPl/cU5UPhAf7HRB2NEqEJ1lmngAeez4U']) AS hash;
SELECT is(arsignup.password_needs_rehash(NULL), NULL, 'null is null');
SET LOCAL arsignup.argon2_memory = 19457;
SELECT is(arsignup.password_needs_rehash(ready_hash()), true, 'when the setting rises, older hashes need a new one');
RESET arsignup.argon2_memory;
SET LOCAL arsignup.argon2_iterations = 3;
SELECT is(arsignup.password_needs_rehash(ready_hash()), true, 'by memory or by iterations');
RESET arsignup.argon2_iterations;
SET LOCAL ROLE :"outsider_role";
SELECT is(arsignup.password_needs_rehash('$argon2id$v=19$m=19456,t=2,p=1$c2FsdHNhbHRzYWx0c2FsdA$T95q7S205tf9WI4HhYOZDIQmMMAbntacGXTIku0gXT8'),
	false, 'anybody may ask');
SELECT is((outcome($$SELECT arsignup.hash_password('canary')$$)).code, '42501', 'nobody else may hash');
SELECT is((outcome($$SELECT arsignup.verify_password('canary', 'x')$$)).code, '42501', 'or verify');
RESET ROLE;

---------------------------------------------------------------------------------------------------
-- The gate lets go of its slots
---------------------------------------------------------------------------------------------------

SELECT results_eq('SELECT hashes_running, hashes_waiting FROM arsignup.stats()', 'VALUES (0, 0)', 'after all this no slot and no place is taken');

SELECT * FROM finish();
ROLLBACK;
