-- How hard a password is to guess: what is measured, and that every function that sets one asks for it.
BEGIN;
\ir include/setup.psql
SELECT no_plan();

CREATE FUNCTION score(password text, VARIADIC related text[] DEFAULT '{}') RETURNS int LANGUAGE sql AS $$ SELECT score FROM arsignup.password_strength(password, related) $$;
CREATE FUNCTION seconds(password text, VARIADIC related text[] DEFAULT '{}') RETURNS float8 LANGUAGE sql AS $$ SELECT crack_seconds FROM arsignup.password_strength(password, related) $$;

---------------------------------------------------------------------------------------------------
-- The promise: arguments and columns
---------------------------------------------------------------------------------------------------

SELECT is(pg_get_function_arguments(to_regproc('arsignup.password_strength')), 'password arsignup.secret, related text[] DEFAULT ''{}''::text[], OUT score integer, OUT crack_seconds double precision',
	'password_strength: its arguments and columns');
SET LOCAL ROLE :"app_role";
SELECT is((SELECT count(*) FROM arsignup.password_strength('canary zebu quartz')), 1::bigint, 'password_strength: one row, also for the application');
RESET ROLE;

---------------------------------------------------------------------------------------------------
-- What is measured
---------------------------------------------------------------------------------------------------

SELECT is(score(password), 0, format('%s: score 0, %s', shown(password), kind))
FROM (VALUES
	('a common word', ARRAY['password', 'letmein', 'monkey', 'dragon', 'football', 'iloveyou', 'lovelace']),
	('a common word in capitals', ARRAY['PASSWORD', 'Password', 'LetMeIn']),
	('a common word in disguise', ARRAY['p4ssw0rd', 'p@ssword', 'passw0rd']),
	('a common word backwards', ARRAY['drowssap', 'nogard', 'yeknom']),
	('a common word and digits', ARRAY['password1', 'password12345', 'dragon2024']),
	('two common words', ARRAY['correcthorse', 'canarypassword']),
	('a row of the keyboard', ARRAY['qwerty', 'qwertyuiop', 'asdfghjkl', 'zxcvbnm,./', '1qaz2wsx', 'poiuytre', 'qwertz']),
	('a date', ARRAY['20011231', '31.12.1999', '31/12/99', '1990', '1990-01-31']),
	('a repetition', ARRAY['aaaaaaaa', 'bbbbbbbbbbbbb', '))))))))))))', 'abababab', 'abcabcabcabc', '1111111111', repeat('a', 100), repeat(U&'\00E9', 8)]),
	('a sequence', ARRAY['12345678', '98765432', 'abcdefgh', 'zyxwvuts', '13579246', 'xyz']),
	('so short', ARRAY['x', 'x7', 'kT4', '!', ' '])) AS v (kind, passwords), unnest(passwords) AS password;
SELECT is(score(password), expected, format('%s: score %s', shown(password), expected))
FROM (VALUES ('canary password', 1), ('tulip wagon', 2), ('canary zebu', 3), ('canary zebu quartz', 4), ('correct horse battery staple', 4), ('Tr0ub4dor&3', 4), ('xK9#mQ2vL', 4),
	(U&'Stra\00DFe \00D6sterreich', 4), (U&'\03A9\03BC\03AD\03B3\03B1 \03BA\03B1\03B9 \03AC\03BB\03C6\03B1', 4)) AS v (password, expected);

-- Longer is harder, on a way of random characters.
SELECT is_empty(
	$$SELECT n FROM (SELECT n, s.score, s.crack_seconds, lag(s.score) OVER w AS shorter_score, lag(s.crack_seconds) OVER w AS shorter_seconds
		FROM generate_series(1, 32) AS n, arsignup.password_strength(left('J7f!pQz2wM=k%V9tB^x4H_d8R&g5L+s3', n)) AS s WINDOW w AS (ORDER BY n)) AS ladder
	WHERE crack_seconds <= shorter_seconds OR score < shorter_score$$, 'every further random character takes longer to guess');
SELECT results_eq(
	$$SELECT DISTINCT score('J7f!pQz2wM=k%V9tB^x4H_d8R&g5L+s3') - 4 FROM generate_series(1, 3)$$, $$VALUES (0)$$, 'the same password has the same score');
SELECT cmp_ok(seconds(easier), '<', seconds(harder), format('%s is easier than %s', shown(easier), shown(harder)))
FROM (VALUES ('password', 'lovelace'), ('lovelace', 'adalovelace'), ('password', 'password1'), ('password12345', 'canary password'), ('12345678', '31.12.1999'), ('aaaaaaaa', 'J7f!pQz2'), ('correcthorse', 'correct horse battery staple'),
	('qwertyuiop', 'tulip wagon'), ('tulip wagon', 'canary zebu'), ('canary zebu', 'canary zebu quartz'), (repeat('a', 50), repeat('a', 1024))) AS v (easier, harder);
SELECT is_empty(
	$$SELECT password, s.score, s.crack_seconds
	FROM (SELECT left('J7f!pQz2wM=k%V9tB^x4H_d8R&g5L+s3', n) FROM generate_series(1, 32) AS n UNION SELECT unnest(ARRAY['password', 'canary password', 'tulip wagon', 'canary zebu', 'correct horse battery staple', 'adalovelace'])) AS p (password),
		arsignup.password_strength(password) AS s
	WHERE s.score <> (s.crack_seconds >= 1e2)::int + (s.crack_seconds >= 1e4)::int + (s.crack_seconds >= 1e6)::int + (s.crack_seconds >= 1e8)::int OR s.crack_seconds <= 0$$,
	'the score is that of the time: minutes, hours, weeks, years');

-- Everything that can be a password can be measured.
SELECT is((outcome(format('SELECT arsignup.password_strength(%L)', password))).code, '00000', format('%s bytes of %s can be measured', octet_length(password), shown(left(password, 3))))
FROM unnest(ARRAY[repeat('a', 1024), repeat(U&'\00E9', 512), repeat(U&'\+01F511', 256), repeat('@4s5$0o1!i', 102), repeat(' ', 1024), E'\n\t\x01', U&'\202E', '"\''%', E'\\']) AS password;
SELECT is((outcome(format('SELECT arsignup.password_strength(%L)', repeat(U&'e\0301', 512)))).code, '00000', '1,536 bytes that are 1,024 in normal form, too');
SELECT is(score(repeat('a', 1024)) < 3 AND score(repeat('ab', 512)) < 3, true, 'a long repetition is not strong');
SELECT is((SELECT s.score = 4 AND s.crack_seconds < 'infinity' AND s.crack_seconds > 1e20
	FROM arsignup.password_strength((SELECT string_agg(chr(33 + (n * n * 7 + n * 31) % 94), '' ORDER BY n) FROM generate_series(1, 1024) AS n)) AS s), true, 'the time of the longest is long, and a number');
SELECT is(seconds(U&'canary caf\00E9 qua'), seconds(U&'canary cafe\0301 qua'), 'a password is measured in normal form');
SELECT invalid(format('SELECT arsignup.password_strength(%L)', password), jsonb_build_object('password', ARRAY[sentence]), 'password_strength: ' || shown(left(password, 10)))
FROM (VALUES (NULL, 'Password can''t be blank.'), ('', 'Password can''t be blank.'), (repeat('canary', 171), 'Password can''t be longer than 1,024 bytes.'), (repeat(U&'\00E9', 513), 'Password can''t be longer than 1,024 bytes.')) AS v (password, sentence);
SELECT clock_timestamp() AS began \gset
SELECT count(*) FROM unnest(ARRAY[repeat('a', 1024), repeat('1', 1024), repeat('@4s5$0o1!i', 102)]) AS p, generate_series(1, 5), arsignup.password_strength(p, ARRAY(SELECT left(md5(n::text), 3) FROM generate_series(1, 1000) AS n)) \g /dev/null
SELECT cmp_ok(clock_timestamp() - :'began', '<', interval '5 s', 'the longest passwords against a thousand words are measured soon');

-- Related words.
SELECT is(score('zygguratko'), 3, 'a word that nobody knows: score 3');
SELECT is(score(password, VARIADIC related), 0, format('%s beside %s: score 0', shown(password), related))
FROM (VALUES ('zygguratko', ARRAY['zygguratko']), ('zygguratko', '{zyggurat}'), ('zygguratko', '{ZYGGURATKO}'), ('ZygguratKO', '{zygguratko}'), ('ZYGGURATKO', '{zygguratKO}'), ('2ygguratko', '{zygguratko}'), ('zyggur4tk0', '{zygguratko}'),
	('oktaruggyz', '{zygguratko}'), ('zygguratko', '{x,zygguratko,y}'), ('zygguratko', '{"Dr. Zyggurat ko"}'), ('zygguratko', '{mary.zyggurat@ko.example}'), ('zygguratko', '{zyggurat-ko}'), ('zygguratko', '{zyggurat_ko+list}'),
	('zygguratko', '{NULL,"",zygguratko}'), ('zygguratko', '{{a,b},{c,zygguratko}}'), ('zyggurat2001', '{zyggurat}'), ('zyg', '{zyg}'), ('quibblefax@zymotic.example', '{quibblefax@zymotic.example}')) AS v (password, related);
SELECT is(score('zygguratko', VARIADIC related), 3, format('beside %s: score 3 as without', related))
FROM unnest(ARRAY['{}', '{NULL}', '{""," "}', '{".@-_"}', '{zy,gg,ur,at,ko}', '{mary}', '{zigguratko}']) AS r, CAST(r AS text[]) AS related;
SELECT is((SELECT score FROM arsignup.password_strength('zygguratko', NULL)), 3, 'beside null: score 3 as without');
SELECT cmp_ok(seconds('canary zyggurat', 'zyggurat'), '<', seconds('canary zyggurat'), 'a related word makes easier what it is a part of');
SELECT is(score(password, VARIADIC related), 0, format('%s beside %s: score 0', shown(password), related))
FROM (VALUES (U&'L\00F6venstr\00F6m', ARRAY[U&'L\00F6venstr\00F6m']), (U&'Lo\0308venstro\0308m', ARRAY[U&'L\00F6venstr\00F6m']), (U&'L\00F6venstr\00F6m', ARRAY[U&'Lo\0308venstro\0308m']),
	(U&'l\00F6venstr\00F6m', ARRAY[U&'L\00F6venstr\00F6m']), (U&'\0161karabela', ARRAY[U&'\0161karabela']), (U&'\0160karabela', ARRAY[U&'S\030Ckarabela']), (U&'S\030Ckarabela', ARRAY[U&'\0160karabela']),
	(U&'\041C\0438\0445\0430\0439\043B\043E\0432', ARRAY[U&'\041C\0438\0445\0430\0439\043B\043E\0432'])) AS v (password, related);

-- A limit: zxcvbn folds ASCII only, so other letters count as known in the case in which they are given, and in no other.
SELECT is(score(password, VARIADIC related), score(password), format('%s beside %s: no easier than without, for beyond ASCII case counts', shown(password), related))
FROM (VALUES (U&'\0161karabela', ARRAY[U&'\0160karabela']), (U&'\0160karabela', ARRAY[U&'\0161karabela']), (U&'\043C\0438\0445\0430\0439\043B\043E\0432', ARRAY[U&'\041C\0438\0445\0430\0439\043B\043E\0432'])) AS v (password, related);
SELECT cmp_ok(score(password, VARIADIC related), '<', score(password), format('%s beside %s: easier, for that is the same case', shown(password), related))
FROM (VALUES (U&'\0161karabela', ARRAY[U&'\0161karabela']), (U&'\0160karabela', ARRAY[U&'\0160karabela']), (U&'\0160KARABELA', ARRAY[U&'\0160karabela']), (U&'\043C\0438\0445\0430\0439\043B\043E\0432', ARRAY[U&'\043C\0438\0445\0430\0439\043B\043E\0432'])) AS v (password, related);

---------------------------------------------------------------------------------------------------
-- Every function that sets a password
---------------------------------------------------------------------------------------------------

-- Realms and apps whose names are in no password here, by what they ask for.
CREATE FUNCTION make_policy(name text, min_length int, min_score int, realm_name text DEFAULT 'Hq', app_name text DEFAULT 'Hq') RETURNS void LANGUAGE sql AS $$
	INSERT INTO arsignup.realms (id, name, username_validation, password_min_length, password_min_score) VALUES (realm(name), realm_name, 'standard', min_length, min_score);
	INSERT INTO arsignup.connected_apps (realm_id, id, name, slug, login_handler, signup_mode) VALUES (realm(name), app(name), app_name, 'policy-' || app(name), 'https://app.example.com', 'user_org')
$$;
CREATE TABLE setter (name text PRIMARY KEY);
INSERT INTO setter VALUES ('create_user'), ('set_password'), ('change_password'), ('reset_password'), ('signup'), ('mint_signup_token');

-- A token that is mailed to somebody who is just being made.
CREATE FUNCTION mailed(realm uuid, person uuid) RETURNS text LANGUAGE plpgsql AS $$
BEGIN
	PERFORM arsignup.request_password_reset(realm, (SELECT username FROM arsignup.users WHERE id = person));
	RETURN (SELECT data ->> 'token' FROM arsignup.claim_events('{user.password_token.created}'));
END
$$;

-- A call that gives somebody a password; one who is made just before, if it must be.
CREATE FUNCTION giving(setter text, policy text, password text, email text DEFAULT 'em@mm.uk', username text DEFAULT 'us', first_name text DEFAULT 'Fi', last_name text DEFAULT 'La', org_name text DEFAULT 'Or') RETURNS text LANGUAGE sql AS $$
	SELECT CASE setter
		WHEN 'create_user' THEN format('SELECT arsignup.create_user(realm(%L), %L, %L, %L, first_name => %L, last_name => %L)', policy, email, password, username, first_name, last_name)
		WHEN 'signup' THEN format('SELECT arsignup.signup(app(%L), %L, %L, %L, first_name => %L, last_name => %L, org_name => %L)', policy, email, password, username, first_name, last_name, org_name)
		WHEN 'mint_signup_token' THEN format('SELECT arsignup.mint_signup_token(app(%L), %L, %L, %L, first_name => %L, last_name => %L, org_name => %L)', policy, email, password, username, first_name, last_name, org_name)
		WHEN 'reset_password' THEN format('SELECT arsignup.reset_password(mailed(realm(%L), arsignup.create_user(realm(%1$L), %L, NULL, %L, ready_hash(), %L, %L)), %L)', policy, email, username, first_name, last_name, password)
		ELSE format('SELECT arsignup.%I(realm(%L), arsignup.create_user(realm(%2$L), %L, NULL, %L, ready_hash(), %L, %L)%s, %L)', setter, policy, email, username, first_name, last_name,
			CASE setter WHEN 'change_password' THEN ', ''password''' ELSE '' END, password)
	END
$$;

-- What is answered: accepted, or the sentence about the password. Whatever was done is undone.
CREATE FUNCTION answer(statement text) RETURNS text LANGUAGE plpgsql AS $$
DECLARE
	detail text;
	said text;
BEGIN
	EXECUTE statement INTO said;
	RAISE EXCEPTION 'undo' USING ERRCODE = 'ZZ002';
EXCEPTION
	WHEN SQLSTATE 'ZZ002' THEN
		RETURN CASE WHEN said IS NULL OR said = 'false' THEN 'refused' ELSE 'accepted' END;
	WHEN OTHERS THEN
		GET STACKED DIAGNOSTICS detail = PG_EXCEPTION_DETAIL;
		RETURN CASE WHEN SQLSTATE = 'SU001' AND detail::jsonb = jsonb_build_object('errors', jsonb_build_object('password', ARRAY[SQLERRM])) THEN SQLERRM
			ELSE concat_ws(' ', 'WRONG', SQLSTATE, SQLERRM, detail) END;
END
$$;

SELECT set_eq(
	$$SELECT proname::text FROM pg_proc WHERE pronamespace = 'arsignup'::regnamespace AND 'password' = ANY (proargnames)$$,
	$$SELECT name FROM setter UNION VALUES ('hash_password'), ('verify_password'), ('password_strength'), ('login'), ('authenticate')$$, 'these are all the functions that set a password, and those that only look at one');
SELECT arsignup.create_user(realm(), 'weak@example.com', 'password') AS weak \gset
UPDATE arsignup.realms SET password_min_score = 4, password_min_length = 16 WHERE id = realm();
SELECT ok((arsignup.login(app(), 'weak@example.com', 'password')).ok, 'login asks for no strength: the password is there already');
UPDATE arsignup.realms SET password_min_score = 0, password_min_length = DEFAULT WHERE id = realm();
SELECT ok(arsignup.hash_password('password') IS NOT NULL, 'hash_password asks for nothing: it knows no realm');

-- Scores: each of 0 to 4 that a realm may ask for, each that a password may have.
SELECT make_policy('score ' || n, 8, n) FROM generate_series(0, 4) AS n;
SELECT is(answer(giving(setter.name, 'score ' || asked, password)), CASE WHEN score >= asked THEN 'accepted' ELSE 'Password is too easy to guess: common words are guessed first.' END,
	format('%s: score %s where %s is asked for', setter.name, score, asked))
FROM setter, generate_series(0, 4) AS asked, (VALUES ('canarypassword', 0), ('canary password', 1), ('tulip wagon', 2), ('canary zebu', 3), ('canary zebu quartz', 4)) AS v (password, score)
ORDER BY setter.name, asked, score;

-- Lengths: in characters of the normal form; asked for also where no score is.
SELECT make_policy('length ' || n, n, 0) FROM unnest(ARRAY[1, 8, 12, 128]) AS n;
SELECT is(answer(giving(setter.name, 'length ' || n, password)), CASE WHEN accepted THEN 'accepted' ELSE format('Password must have at least %s characters.', n) END,
	format('%s: %s characters (%s bytes) where %s are asked for', setter.name, length(password), octet_length(password), n))
FROM setter, (VALUES (1, 'a', true), (8, 'passwor', false), (8, 'password', true), (12, 'passwordpas', false), (12, 'passwordpass', true), (128, repeat('a', 127), false), (128, repeat('a', 128), true),
	(8, repeat(U&'\00E9', 7), false), (8, repeat(U&'\00E9', 8), true), (8, repeat(U&'e\0301', 7), false), (8, repeat(U&'e\0301', 8), true), (8, repeat(U&'\+01F511', 7), false), (8, repeat(U&'\+01F511', 8), true),
	(8, '       x', true)) AS v (n, password, accepted)
ORDER BY setter.name, n, octet_length(password);
SELECT is(answer(giving(name, 'length 8', password)), sentence, format('%s: %s bytes', name, octet_length(password)))
FROM setter, (VALUES ('', 'Password can''t be blank.'), (repeat('a', 1024), 'accepted'), (repeat('a', 1025), 'Password can''t be longer than 1,024 bytes.'), (repeat(U&'e\0301', 512), 'accepted'),
	(repeat(U&'e\0301', 513), 'Password can''t be longer than 1,024 bytes.')) AS v (password, sentence)
ORDER BY name, octet_length(password);

-- Reasons: told in a sentence that a person can be shown.
SELECT is(answer(giving(name, 'score 3', password)), 'Password is too easy to guess' || reason, format('%s: %s', name, shown(password)))
FROM setter, (VALUES
	('password1', ': common words are guessed first.'), ('p4ssw0rd', ': common words are guessed first.'), ('drowssap', ': common words are guessed first.'),
	('))))))))))))', ': repeated characters are guessed first.'),
	('abcdefghijk', ': sequences such as abc or 123 are guessed first.'), ('13579246', ': sequences such as abc or 123 are guessed first.'),
	('zxcvbnm,./', ': patterns on the keyboard are guessed first.'), ('31.12.1999', ': dates and years are guessed first.'), ('20011231', ': dates and years are guessed first.')) AS v (password, reason)
ORDER BY name, password;
SELECT is(answer(giving(name, 'score 3', password)), 'Password is too easy to guess: repeated characters are guessed first.', format('%s: what is repeated may be more than one character: %s', name, password))
FROM setter, unnest(ARRAY['abababababab', 'xyxyxyxyxy', 'abcabcabcabc']) AS password ORDER BY name, password;
SELECT is(answer(giving(name, 'score 4', 'canary7')), 'Password must have at least 8 characters.', name || ': what is too short is not called weak as well') FROM setter ORDER BY name;

-- Names: everything that is known of the person and of the place counts as known.
SELECT is(answer(giving(name, 'score 3', 'zygguratko')), 'accepted', name || ': a word that nobody knows') FROM setter ORDER BY name;
SELECT make_policy('named realm', 8, 3, realm_name => 'Zyggurat ko.');
SELECT make_policy('named app', 8, 3, app_name => 'The Zyggurat-ko');
CREATE FUNCTION named(setter text, password text, source text) RETURNS text LANGUAGE sql AS $$
	SELECT answer(CASE source
		WHEN 'email' THEN giving(setter, 'score 3', password, email => 'Zygguratko@mm.uk')
		WHEN 'part of the email' THEN giving(setter, 'score 3', password, email => 'mary.zyggurat+ko@mm.uk')
		WHEN 'domain' THEN giving(setter, 'score 3', password, email => 'em@mail.zygguratko.uk')
		WHEN 'username' THEN giving(setter, 'score 3', password, username => 'Zygguratko')
		WHEN 'part of the username' THEN giving(setter, 'score 3', password, username => 'mary_zyggurat.ko')
		WHEN 'first name' THEN giving(setter, 'score 3', password, first_name => ' Zygguratko ')
		WHEN 'last name' THEN giving(setter, 'score 3', password, last_name => 'Van Zygguratko')
		WHEN 'realm' THEN giving(setter, 'named realm', password)
		WHEN 'app' THEN giving(setter, 'named app', password)
		WHEN 'org' THEN giving(setter, 'score 3', password, org_name => 'Zygguratko, Inc.')
	END)
$$;
SELECT is(named(name, password, source), CASE WHEN source IN ('app', 'org') AND name NOT IN ('signup', 'mint_signup_token') THEN 'accepted'
	ELSE 'Password is too easy to guess: it is made of names that belong to you or to this place.' END, format('%s: %s, %s', name, source, password))
FROM setter, unnest(ARRAY['email', 'part of the email', 'domain', 'username', 'part of the username', 'first name', 'last name', 'realm', 'app', 'org']) AS source, unnest(ARRAY['zygguratko', 'ZYGGUR4TKO']) AS password
WHERE password = 'zygguratko' OR name = 'signup'
ORDER BY name, source, password;

-- What does not count.
SELECT is(answer(giving('signup', 'score 3', 'zygguratko', org_name => ' ')), 'accepted', 'signup: a blank org name is nobody''s');
UPDATE arsignup.connected_apps SET signup_mode = 'user' WHERE id = app('score 3');
SELECT is(answer(giving('signup', 'score 3', 'zygguratko', org_name => 'Zygguratko')), 'accepted', 'signup: an org name that is not asked for is not held against the password');
SELECT is(answer(format('SELECT arsignup.create_user(realm(''score 4''), ''em@mm.uk'', username => ''us'', password_hash => ready_hash())')), 'accepted', 'a ready hash tells nothing of its password''s strength');

-- A realm's new rule holds from the next password on, and not for those that are.
SELECT make_policy('stricter', 8, 0);
SELECT arsignup.create_user(realm('stricter'), 'em@mm.uk', 'password', 'us') AS user \gset
UPDATE arsignup.realms SET password_min_score = 4, password_min_length = 16 WHERE id = realm('stricter');
SELECT is(answer(format('SELECT arsignup.change_password(realm(''stricter''), %L, ''password'', ''canary zebu qua'')', :'user')), 'Password must have at least 16 characters.', 'a new rule holds for the next password');
SELECT is(answer(format('SELECT arsignup.change_password(realm(''stricter''), %L, ''password'', ''canary zebu quartz'')', :'user')), 'accepted', 'and the old password still counts as the current one');

SELECT * FROM finish();
ROLLBACK;
