-- Keys of programs: how they are made, what is stored, whom they prove.
BEGIN;
\ir include/setup.psql
SELECT no_plan();

SELECT arsignup.create_user(realm(), NULL, user_type => 'api') AS robot, arsignup.create_user(realm(), 'person@example.com', password_hash => ready_hash()) AS person \gset
SELECT arsignup.create_user_key(realm(), :'robot') AS key \gset
SELECT id AS key_id FROM arsignup.credentials WHERE user_id = :'robot' \gset

-- Made, and stored as a digest.
SELECT matches(:'key'::text, '^ku_[0-9A-Za-z]{22}-[0-9A-Za-z_-]{43}$', 'a key: ku_, its id, its secret');
SELECT is(arsignup.parse_id('crd_' || substr(:'key', 4, 22)), :'key_id'::uuid, 'its id is the credential''s');
SELECT results_eq(format('SELECT realm_id, password_hash, length(key_digest), created_at = updated_at FROM arsignup.credentials WHERE id = %L', :'key_id'),
	$$VALUES (realm(), NULL::text, 32, true)$$, 'a credential with a digest');
SELECT is((SELECT count(*)::int FROM arsignup.credentials AS c WHERE position(substr(:'key', 27) IN c::text) > 0), 0, 'the secret is not stored');

-- Whom it proves.
SELECT is(arsignup.authenticate_key(realm(), :'key'), :'robot'::uuid, 'the user whose key it is');
SELECT is(arsignup.authenticate_key(realm('other'), :'key'), NULL, 'not in another realm');
SELECT is(arsignup.authenticate_key(realm(), wrong::arsignup.secret), NULL, 'nobody: ' || shown(wrong)) FROM (VALUES
	(NULL), (''), ('ku_'), (:'key' || 'A'), (left(:'key', -1)), (left(:'key', -1) || CASE right(:'key', 1) WHEN 'A' THEN 'E' ELSE 'A' END),
	('ko_' || substr(:'key', 4)), ('KU_' || substr(:'key', 4)), (left(:'key', 26) || repeat('A', 43)), ('ku_' || repeat('0', 22) || substr(:'key', 26)),
	(' ' || :'key'), (repeat('k', 100000)), (arsignup.create_api_key(realm(), 'ko', '{read}'))) AS v (wrong);
SELECT is(arsignup.authenticate_key(realm(), (SELECT arsignup.format_id('ku', user_id) || substr(:'key', 26) FROM arsignup.credentials WHERE user_id = :'person')::arsignup.secret), NULL, 'nobody: a password''s id');
SELECT refused('SELECT arsignup.authenticate_key(arsignup.new_id(), NULL)', 'SU010', 'no such realm', NULL, 'no such realm to look in');
SELECT is(l.reason, 'invalid', 'a key is no password: ' || name) FROM (VALUES (:'robot'), ('person@example.com')) AS v (name), arsignup.authenticate(realm(), name, (SELECT :'key'::arsignup.secret)) AS l;
SELECT is((SELECT count(*)::int FROM arsignup.sessions), 0, 'no session is started');

-- Several, each for itself.
SELECT arsignup.create_user_key(realm(), :'robot') AS second \gset
SELECT isnt(:'second'::text, :'key'::text, 'another key is another');
SELECT is(arsignup.authenticate_key(realm(), :'second'), :'robot'::uuid, 'of the same user');
SELECT is(arsignup.delete_user_key(realm('other'), :'key_id'), false, 'not deleted in another realm');
SELECT is(arsignup.delete_user_key(realm(), :'key_id'), true, 'deleted');
SELECT is(arsignup.delete_user_key(realm(), :'key_id'), false, 'only once');
SELECT is(arsignup.authenticate_key(realm(), :'key'), NULL, 'and proves nobody any more');
SELECT is(arsignup.authenticate_key(realm(), :'second'), :'robot'::uuid, 'the other one does');
SELECT is(arsignup.delete_user_key(realm(), user_id), false, 'a password is no key') FROM arsignup.credentials WHERE user_id = :'person';
SELECT is(arsignup.delete_user_key(realm(), NULL), false, 'null');
SELECT refused('SELECT arsignup.delete_user_key(arsignup.new_id(), arsignup.new_id())', 'SU010', 'no such realm', NULL, 'no such realm to delete in');

-- A program may have a password beside its keys, one as everybody; keys do not care what becomes of it.
SELECT arsignup.set_password(realm(), :'robot', 'correct horse battery staple'), arsignup.set_password(realm(), :'robot', 'correct horse battery stable') \g /dev/null
SELECT results_eq(format('SELECT id IS NULL, count(*)::int FROM arsignup.credentials WHERE user_id = %L GROUP BY 1 ORDER BY 1', :'robot'), $$VALUES (false, 1), (true, 1)$$, 'a key and a password');
SELECT is(l.user_id, :'robot'::uuid, 'logs in by its password') FROM arsignup.authenticate(realm(), :'robot', 'correct horse battery stable') AS l;
SELECT is(arsignup.change_password(realm(), :'robot', 'correct horse battery stable', 'correct horse battery staple'), true, 'changes it');
SELECT is(arsignup.end_sessions(realm(), :'robot'), 0::bigint, 'is logged out everywhere');
SELECT is(arsignup.authenticate_key(realm(), :'second'), :'robot'::uuid, 'and the key is as good as before');
SELECT throws_ok(format($$INSERT INTO arsignup.credentials (realm_id, user_id, created_at, updated_at, password_hash) VALUES (realm(), %L, now(), now(), 'x')$$, :'robot'),
	'23505', NULL, 'a second password is impossible');
SELECT throws_ok(format($$INSERT INTO arsignup.credentials (realm_id, user_id, created_at, updated_at, id, password_hash, key_digest) VALUES (realm(), %L, now(), now(), %s)$$, :'robot', columns),
	'23514', NULL, 'a credential that is neither: ' || columns) FROM (VALUES ($$NULL, NULL, ''$$), ($$NULL, 'x', 'x'$$), ($$NULL, NULL, 'x'$$), ($$gen_random_uuid(), 'x', ''$$), ($$gen_random_uuid(), NULL, ''$$), ($$gen_random_uuid(), 'x', 'x'$$)) AS v (columns);

-- Who may have one.
SELECT invalid(format('SELECT arsignup.create_user_key(realm(), %L)', :'person'), '{"user_id": ["User must be of type api to have a key."]}', 'a person');
SELECT refused('SELECT arsignup.create_user_key(realm(), arsignup.new_id())', 'SU010', 'no such user', NULL, 'nobody');
SELECT refused('SELECT arsignup.create_user_key(realm(), NULL)', 'SU010', 'no such user', NULL, 'null');
SELECT refused(format('SELECT arsignup.create_user_key(realm(%L), %L)', 'other', :'robot'), 'SU010', 'no such user', NULL, 'a program of another realm');
SELECT refused('SELECT arsignup.create_user_key(arsignup.new_id(), arsignup.new_id())', 'SU010', 'no such realm', NULL, 'no such realm');
SELECT refused('SELECT arsignup.create_user_key(realm(''asleep''), arsignup.new_id())', 'SU006', 'realm is inactive', NULL, 'an inactive realm');

-- Who is inactive or gone has no key that proves anything.
SELECT arsignup.update_user(realm(), :'robot', state => 'inactive') \g /dev/null
SELECT is(arsignup.authenticate_key(realm(), :'second'), NULL, 'an inactive user');
SELECT refused(format('SELECT arsignup.create_user_key(realm(), %L)', :'robot'), 'SU006', 'user is inactive', NULL, 'gets no further key');
SELECT arsignup.update_user(realm(), :'robot', state => 'active') \g /dev/null
UPDATE arsignup.realms SET state = 'inactive' WHERE id = realm();
SELECT is(arsignup.authenticate_key(realm(), :'second'), NULL, 'an inactive realm''s user');
UPDATE arsignup.realms SET state = 'active' WHERE id = realm();
SELECT is(arsignup.authenticate_key(realm(), :'second'), :'robot'::uuid, 'active again');
SELECT is(arsignup.delete_user(realm(), :'robot'), true, 'deleted');
SELECT is((SELECT count(*)::int FROM arsignup.credentials WHERE user_id = :'robot'), 0, 'and its credentials with it');

SELECT * FROM finish();
ROLLBACK;
