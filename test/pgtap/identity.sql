-- One canonicaliser: what normalize_email and normalize_username take, refuse, and never do.
BEGIN;
\ir include/setup.psql
SELECT no_plan();

---------------------------------------------------------------------------------------------------
-- normalize_email
---------------------------------------------------------------------------------------------------

CREATE FUNCTION email_is(given text, expected text, description text) RETURNS text
LANGUAGE sql AS $$ SELECT is(arsignup.normalize_email(given), expected, 'email: ' || description) $$;

SELECT email_is('ada@example.com', 'ada@example.com', 'a plain address is its own canonical form');
SELECT email_is('Ada.Lovelace@Example.COM', 'ada.lovelace@example.com', 'ASCII capitals are folded on both sides of the @');
SELECT email_is('  ada@example.com ', 'ada@example.com', 'blanks around it are trimmed');
SELECT email_is(E'\t\r\n ada@example.com \n\t', 'ada@example.com', 'tabs and line ends around it are trimmed');
SELECT email_is('a.d.a+tag@example.com', 'a.d.a+tag@example.com', 'dots and plus-tags are kept');
SELECT email_is('ada@localhost', 'ada@localhost', 'a single-label host is taken');
SELECT email_is('ada@123.com', 'ada@123.com', 'a label of digits is taken where it is not the last');
SELECT email_is('ada@example.c0m', 'ada@example.c0m', 'a last label with digits is taken where it has a letter');
SELECT email_is('ada@xn--bcher-kva.example', 'ada@xn--bcher-kva.example', 'an A-label is taken');
SELECT email_is('!#$%&''*+/=?^_`{|}~-@example.com', '!#$%&''*+/=?^_`{|}~-@example.com', 'every atext character is taken');
SELECT email_is('0@1.a', '0@1.a', 'one character in each part is enough');
SELECT email_is(NULL, NULL, 'null stays null');

-- What a canonicaliser built on lower(), on NFKC or on the locale would merge with somebody else's address.
SELECT email_is(E'm\u0131ke@example.com', NULL, 'dotless i (U+0131) is not i');
SELECT email_is(E'mi\u017Fs@example.com', NULL, 'long s (U+017F) is not s');
SELECT email_is(E'M\u0130KE@example.com', NULL, 'capital I with dot (U+0130) is not i');
SELECT email_is(E'ada\uFF20example.com', NULL, 'full-width @ (U+FF20) is not @');
SELECT email_is(E'ada\uFE6Bexample.com', NULL, 'small @ (U+FE6B) is not @');
SELECT email_is(E'ad\uFF41@example.com', NULL, 'full-width a (U+FF41) is not a');
SELECT email_is(E'ada@example\u3002com', NULL, 'ideographic full stop (U+3002) is not a dot');
SELECT email_is(E'ada@example\uFF0Ecom', NULL, 'full-width full stop (U+FF0E) is not a dot');
SELECT email_is(E'\u0430da@example.com', NULL, 'Cyrillic a (U+0430) is not a');
SELECT email_is(E'ada@e\u0301xample.com', NULL, 'a decomposed é is not e');
SELECT email_is(E'ad\u00E9@example.com', NULL, 'é is not taken');
-- U+212A is K by canonical equivalence, which NFC undoes: one spelling of one address, not another person's.
SELECT email_is(E'\u212Aay@example.com', 'kay@example.com', 'the Kelvin sign is K under NFC');
SELECT email_is(E'a\u1FEFb@example.com', 'a`b@example.com', 'U+1FEF is the grave accent under NFC');
SELECT email_is(E'a\u037Eb@example.com', NULL, 'U+037E is a semicolon under NFC, and so refused: validation comes after NFC');
SELECT email_is(E'a=\u0338b@example.com', NULL, 'NFC composes = and U+0338 before validation');

SELECT email_is('', NULL, 'empty');
SELECT email_is('   ', NULL, 'blank');
SELECT email_is('@', NULL, 'only an @');
SELECT email_is('ada', NULL, 'no @');
SELECT email_is('@example.com', NULL, 'no local part');
SELECT email_is('ada@', NULL, 'no host');
SELECT email_is('ada@@example.com', NULL, 'two @ in a row');
SELECT email_is('ada@example.com@evil.example', NULL, 'two @');
SELECT email_is('ada@example.com,eve@evil.example', NULL, 'two addresses');
SELECT email_is('.ada@example.com', NULL, 'a dot first');
SELECT email_is('ada.@example.com', NULL, 'a dot before the @');
SELECT email_is('a..da@example.com', NULL, 'two dots in a row');
SELECT email_is('ada@.example.com', NULL, 'a dot after the @');
SELECT email_is('ada@example.com.', NULL, 'a dot last');
SELECT email_is('ada@example..com', NULL, 'an empty label');
SELECT email_is('ada@-example.com', NULL, 'a label that begins with a hyphen');
SELECT email_is('ada@example-.com', NULL, 'a label that ends with a hyphen');
SELECT email_is('ada@exam_ple.com', NULL, 'an underscore in the host');
SELECT email_is('ada@exam!ple.com', NULL, 'an exclamation mark in the host');
SELECT email_is('ada@192.0.2.1', NULL, 'an IPv4 address');
SELECT email_is('ada@example.123', NULL, 'a last label of digits');
SELECT email_is('ada@42', NULL, 'an only label of digits');
SELECT email_is('ada@[192.0.2.1]', NULL, 'an address literal');
SELECT email_is('ada@[IPv6:2001:db8::1]', NULL, 'an IPv6 literal');
SELECT email_is('"ada"@example.com', NULL, 'a quoted local part');
SELECT email_is('"a@b"@example.com', NULL, 'a quoted @');
SELECT email_is('ada(comment)@example.com', NULL, 'a comment');
SELECT email_is('Ada <ada@example.com>', NULL, 'a display name');
SELECT email_is('mailto:ada@example.com', NULL, 'a URL');
SELECT email_is('a da@example.com', NULL, 'a blank inside the local part');
SELECT email_is('ada@exam ple.com', NULL, 'a blank inside the host');
SELECT email_is('ada @example.com', NULL, 'a blank before the @');
SELECT email_is(E'ada@example.com\r\nBcc: eve@evil.example', NULL, 'a header smuggled in after CR LF');
SELECT email_is(E'a\nda@example.com', NULL, 'a line feed inside');
SELECT email_is(E'a\tda@example.com', NULL, 'a tab inside');
SELECT email_is(E'a\x01da@example.com', NULL, 'a control character');
SELECT email_is(E'a\x7Fda@example.com', NULL, 'DEL');
SELECT email_is(E'a\u0085da@example.com', NULL, 'a C1 control character');
SELECT email_is(E'a\u200Bda@example.com', NULL, 'a zero-width space inside');
SELECT email_is(E'a\u200Dda@example.com', NULL, 'a zero-width joiner inside');
SELECT email_is(E'\u2800\u3000\u200B\uFEFF\u00A0ada@example.com', 'ada@example.com', 'N3: odd spaces in front are trimmed');
SELECT email_is(E'ada@example.com\u00A0\u3000\u200B\uFEFF\u2029', 'ada@example.com', 'N3: odd spaces at the end are trimmed');
SELECT email_is(E'\u202Aada@example.com\u202C', 'ada@example.com', 'N3: an embedding around it, as some systems copy it, is trimmed');
SELECT email_is(E'ada@example.com\uFE0F\u200D', 'ada@example.com', 'N3: what would shape another character is trimmed');
SELECT email_is(E'ada\u00A0@example.com', NULL, 'N3: an odd space inside is not trimmed');
SELECT email_is(E'\u3000\u200B', NULL, 'N3: nothing but odd spaces is no address');
SELECT email_is(E'a\u202Eda@example.com', NULL, 'a right-to-left override inside');
SELECT email_is(E'a\u2066da@example.com', NULL, 'a bidi isolate inside');
SELECT email_is(E'a\u00ADda@example.com', NULL, 'a soft hyphen inside');
SELECT email_is('a\da@example.com', NULL, 'a backslash');
SELECT email_is(repeat('@', 5000), NULL, 'five thousand @');
SELECT email_is(repeat('a', 1000000) || '@example.com', NULL, 'a megabyte');

-- Encoded words, as they are and in the ways in which mail programs take them: of any charset, with a language, with too much inside.
SELECT email_is(local || '@example.com', NULL, 'N1: an encoded word, ' || local)
FROM unnest(ARRAY['=?utf-8?q?=61=62?=', '=?utf-8?q?a=0D=0ABcc=3A=20eve=40evil.example?=', '=?UTF-8?Q?ab?=', '=?utf-8?b?YWI=?=', '=?utf-8?B?YWI?=', '=?iso-8859-1*en?q?a?=',
	'ada=?us-ascii?q?a?=', '=?us-ascii?q?a?=ada', 'a.=?x?b?b?=.c', '=?utf-8?q??=', '=??q?a?=', '=?utf-8?q?a?b?=', '=?=?utf-8?q?a?=', '=?utf-8?x?a?q?b?=', '=?a?b?c?==?d?q?e?=']) AS local;
SELECT email_is(local || '@example.com', local || '@example.com', 'N1: no encoded word, ' || local)
FROM unnest(ARRAY['=?', '?=', '=?=', 'a=?b', 'a?b?c', '=?utf-8?x?ab?=', '=?utf-8?q?ab', '?utf-8?q?ab?=', '=?utf-8?qq?ab?=', '=?q?a?=', '=?a?b?=', '=utf-8?q?ab?=', 'prvs=1234abcdef=ada', 'srs0=hhh=tt=example.org=ada']) AS local;

-- RFC 5321 lengths, in octets.
SELECT email_is(repeat('a', 64) || '@example.com', repeat('a', 64) || '@example.com', 'a local part of 64 octets');
SELECT email_is(repeat('a', 65) || '@example.com', NULL, 'a local part of 65 octets');
SELECT email_is('a@' || repeat('b', 63) || '.com', 'a@' || repeat('b', 63) || '.com', 'a label of 63 octets');
SELECT email_is('a@' || repeat('b', 64) || '.com', NULL, 'a label of 64 octets');
CREATE FUNCTION address_of(octets int) RETURNS text LANGUAGE sql AS
$$ SELECT repeat('a', 64) || '@' || right(repeat(repeat('b', 60) || '.', 4) || 'com', octets - 65) $$;
SELECT is(octet_length(address_of(254)), 254, 'the address built for the next tests has 254 octets');
SELECT email_is(address_of(254), address_of(254), 'a whole of 254 octets');
SELECT email_is(address_of(255), NULL, 'a whole of 255 octets');
SELECT email_is('  ' || address_of(254) || '  ', address_of(254), 'a whole of 254 octets after trimming');
SELECT email_is(repeat(E'\u212A', 64) || '@example.com', repeat('k', 64) || '@example.com', 'octets count after NFC: 64 Kelvin signs are 64 octets');

---------------------------------------------------------------------------------------------------
-- normalize_username
---------------------------------------------------------------------------------------------------

CREATE FUNCTION username_is(given text, expected text, description text) RETURNS text
LANGUAGE sql AS $$ SELECT is(arsignup.normalize_username(given), expected, 'username: ' || description) $$;

SELECT username_is('ada', 'ada', 'a plain name is its own canonical form');
SELECT username_is('Ada.Lovelace_1815-X', 'ada.lovelace_1815-x', 'ASCII capitals are folded');
SELECT username_is(E' \t ada\r\n', 'ada', 'blanks around it are trimmed');
SELECT username_is('7', '7', 'one digit is enough');
SELECT username_is('a..__--', 'a..__--', 'dot, underscore and hyphen are taken anywhere but first');
SELECT username_is(repeat('a', 63), repeat('a', 63), '63 characters');
SELECT username_is(E'\u212Aelvin', 'kelvin', 'the Kelvin sign is K under NFC');
SELECT username_is(NULL, NULL, 'null stays null');
SELECT username_is('', NULL, 'empty');
SELECT username_is('  ', NULL, 'blank');
SELECT username_is(repeat('a', 64), NULL, '64 characters');
SELECT username_is(repeat('a', 1000000), NULL, 'a megabyte');
SELECT username_is('.ada', NULL, 'a dot first');
SELECT username_is('_ada', NULL, 'an underscore first');
SELECT username_is('-ada', NULL, 'a hyphen first');
SELECT username_is('ada@example.com', NULL, 'an address: a username can never be somebody''s');
SELECT username_is(E'ada\uFF20example.com', NULL, 'an address with a full-width @');
SELECT username_is('a da', NULL, 'a blank inside');
SELECT username_is('a/da', NULL, 'a slash');
SELECT username_is('a\da', NULL, 'a backslash');
SELECT username_is('a:da', NULL, 'a colon');
SELECT username_is('a+da', NULL, 'a plus');
SELECT username_is('a%da', NULL, 'a percent sign');
SELECT username_is('a''da', NULL, 'a quote');
SELECT username_is('a"da', NULL, 'a double quote');
SELECT username_is('<b>', NULL, 'markup');
SELECT username_is(E'a\nda', NULL, 'a line feed inside');
SELECT username_is(E'a\x01da', NULL, 'a control character');
SELECT username_is(E'p\u0430ypal', NULL, 'Cyrillic a (U+0430) is not a');
SELECT username_is(E'm\u0131ke', NULL, 'dotless i (U+0131) is not i');
SELECT username_is(E'mi\u017Fs', NULL, 'long s (U+017F) is not s');
SELECT username_is(E'ad\uFF41', NULL, 'full-width a (U+FF41) is not a');
SELECT username_is(E'ad\u00E9', NULL, 'é is not taken');
SELECT username_is(E'ade\u0301', NULL, 'a decomposed é is not e');
SELECT username_is(E'\u0665ada', NULL, 'an Arabic digit is not a digit');
SELECT username_is(E'a\u200Bda', NULL, 'a zero-width space inside');
SELECT username_is(E'\uFEFF\u00A0ada\u200B\u202E\uFE0F', 'ada', 'N2: what shows nothing around it is trimmed');
SELECT username_is(E'\u2067ada\u2069', 'ada', 'N2: bidi isolates around it are trimmed');
SELECT username_is(E'\u2067ada\u2069x', NULL, 'N2: not those inside');

---------------------------------------------------------------------------------------------------
-- Over code points: all of the BMP, and every 37th beyond it, in three positions
---------------------------------------------------------------------------------------------------

CREATE TEMP TABLE point AS
SELECT n, chr(n) AS c
FROM (SELECT generate_series(1, x'D7FF'::int)
	UNION ALL SELECT generate_series(x'E000'::int, x'FFFF'::int)
	UNION ALL SELECT generate_series(x'10000'::int, x'10FFFF'::int, 37)) AS s (n);
SELECT is(count(*), 91827::bigint, 'the sweep has all the code points it should') FROM point;

CREATE TEMP TABLE swept AS
SELECT n, place, given, arsignup.normalize_username(given) AS username,
	arsignup.normalize_email(replace(given, 'a', 'x') || '@h') AS local, arsignup.normalize_email('x@' || given) AS host
FROM point, LATERAL (VALUES ('first', c || 'a'), ('middle', 'a' || c || 'a'), ('last', 'a' || c)) AS v (place, given);

-- What is taken in the middle is exactly the alphabet, and U+212A, which is K.
SELECT is((SELECT string_agg(chr(n), '' ORDER BY n) FROM swept WHERE place = 'middle' AND username IS NOT NULL),
	'-.0123456789ABCDEFGHIJKLMNOPQRSTUVWXYZ_abcdefghijklmnopqrstuvwxyz' || chr(x'212A'::int),
	'no character is taken inside a username but the alphabet');
SELECT is((SELECT string_agg(chr(n), '' ORDER BY n) FROM swept WHERE place = 'middle' AND local IS NOT NULL),
	'!#$%&''*+-./0123456789=?ABCDEFGHIJKLMNOPQRSTUVWXYZ^_`abcdefghijklmnopqrstuvwxyz{|}~'
		|| chr(x'1FEF'::int) || chr(x'212A'::int),
	'no character is taken inside a local part but atext and the dot');
SELECT is((SELECT string_agg(chr(n), '' ORDER BY n) FROM swept WHERE place = 'middle' AND host IS NOT NULL),
	'-.0123456789ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz' || chr(x'212A'::int),
	'no character is taken inside a host but letters, digits, the hyphen and the dot');
-- At the ends, what shows nothing is trimmed as well: White_Space, Default_Ignorable_Code_Point, and the blank of Braille.
CREATE TEMP TABLE invisible (low int, high int);
INSERT INTO invisible VALUES (x'9'::int, x'D'::int), (x'20'::int, x'20'::int), (x'85'::int, x'85'::int), (x'A0'::int, x'A0'::int), (x'1680'::int, x'1680'::int), (x'2000'::int, x'200A'::int),
	(x'2028'::int, x'2029'::int), (x'202F'::int, x'202F'::int), (x'205F'::int, x'205F'::int), (x'3000'::int, x'3000'::int),
	(x'AD'::int, x'AD'::int), (x'34F'::int, x'34F'::int), (x'61C'::int, x'61C'::int), (x'115F'::int, x'1160'::int), (x'17B4'::int, x'17B5'::int), (x'180B'::int, x'180F'::int), (x'200B'::int, x'200F'::int),
	(x'202A'::int, x'202E'::int), (x'2060'::int, x'206F'::int), (x'3164'::int, x'3164'::int), (x'FE00'::int, x'FE0F'::int), (x'FEFF'::int, x'FEFF'::int), (x'FFA0'::int, x'FFA0'::int), (x'FFF0'::int, x'FFF8'::int),
	(x'1BCA0'::int, x'1BCA3'::int), (x'1D173'::int, x'1D17A'::int), (x'E0000'::int, x'E0FFF'::int), (x'2800'::int, x'2800'::int);
SELECT is((SELECT string_agg(chr(n), '' ORDER BY n) FROM swept WHERE place = 'first' AND username <> 'a'),
	'0123456789ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz' || chr(x'212A'::int),
	'a username begins with a letter or a digit');
SELECT is((SELECT array_agg(to_hex(n) ORDER BY n) FROM swept WHERE place = 'first' AND username = 'a'),
	(SELECT array_agg(to_hex(n) ORDER BY n) FROM point, invisible WHERE n BETWEEN low AND high), 'N2: what is trimmed in front is what shows nothing');
SELECT is((SELECT array_agg(to_hex(n) ORDER BY n) FROM swept WHERE place = 'last' AND username = 'a'),
	(SELECT array_agg(to_hex(n) ORDER BY n) FROM point, invisible WHERE n BETWEEN low AND high), 'N2: what is trimmed at the end is what shows nothing');

SELECT is_empty($$
	SELECT n, place FROM swept WHERE username !~ '^[a-z0-9][a-z0-9._-]{0,62}$'
	$$, 'every canonical username has the form of one');
SELECT is_empty($$
	SELECT n, place FROM swept, LATERAL (VALUES (local), (host)) AS v (email)
	WHERE octet_length(email) > 254 OR email ~ '[^!-~]|[A-Z]' OR email !~ '^[^@.][^@]*@[a-z0-9][a-z0-9.-]*$'
	$$, 'every canonical email is lower-case ASCII with one @');
SELECT is_empty($$
	SELECT n, place FROM swept
	WHERE username <> arsignup.normalize_username(username) OR arsignup.normalize_username(username) IS NULL AND username IS NOT NULL
	$$, 'normalize_username is idempotent');
SELECT is_empty($$
	SELECT n, place, email FROM swept, LATERAL (VALUES (local), (host)) AS v (email)
	WHERE email <> arsignup.normalize_email(email) OR arsignup.normalize_email(email) IS NULL AND email IS NOT NULL
	$$, 'normalize_email is idempotent');

-- NFC and NFD spellings of one string are one name, whatever the locale thinks.
SELECT is_empty($$
	SELECT n, place FROM swept
	WHERE arsignup.normalize_username(normalize(given, NFD)) IS DISTINCT FROM username
		OR arsignup.normalize_email('x@' || normalize(given, NFD)) IS DISTINCT FROM host
	$$, 'NFD spellings give the same canonical form');
-- lower() under C.UTF-8 or ICU would fail this for U+0130; only C leaves the two apart.
SELECT is_empty($$
	SELECT n, place FROM swept WHERE n > 127 AND n NOT IN (x'212A'::int, x'1FEF'::int)
		AND NOT (place <> 'middle' AND EXISTS (SELECT FROM invisible WHERE n BETWEEN low AND high)) AND (username IS NOT NULL OR local IS NOT NULL OR host IS NOT NULL)
	$$, 'no character beyond ASCII is taken, but for the two that NFC turns into ASCII, and what is trimmed');

-- A caller's settings change nothing.
SET LOCAL search_path = '';
SET LOCAL client_encoding = 'LATIN1';
SELECT arsignup.normalize_username(' KELVIN ') AS poisoned \gset
RESET client_encoding;
SET LOCAL search_path = arsignup_test, :"tap";
SELECT is(:'poisoned'::text, 'kelvin', 'search_path and client_encoding of the session do not matter');

SELECT * FROM finish();
ROLLBACK;
