-- API keys: how they are made, what is stored, who may see it.
BEGIN;
\ir include/setup.psql
SELECT no_plan();

SELECT arsignup.create_api_key(realm(), ' Server ', '{read,write}') AS key \gset
SELECT id AS key_id FROM arsignup.api_keys WHERE name = 'Server' \gset

SELECT matches(:'key'::text, '^ko_[0-9A-Za-z]{22}-[0-9A-Za-z_-]{43}$', 'a key: ko_, its id, its secret');
SELECT is(substr(:'key', 1, 25), arsignup.format_id('ko', :'key_id'::uuid), 'its id is the row''s');
SELECT is((SELECT encode(key_digest, 'hex') FROM arsignup.api_keys WHERE id = :'key_id') ~ '^[0-9a-f]{64}$', true, 'a digest is stored');
SELECT is((SELECT count(*)::int FROM arsignup.api_keys AS k WHERE position(substr(:'key', 27) IN k::text) > 0), 0, 'the secret is not');
SELECT isnt(arsignup.create_api_key(NULL, 'Administrator', '{admin,read}'), :'key'::text, 'another key is another; null opens all realms');
SELECT is((SELECT realm_id FROM arsignup.api_keys WHERE name = 'Administrator'), NULL, 'it has no realm');

SELECT invalid($$SELECT arsignup.create_api_key(realm(), ' ', '{}')$$,
	'{"name": ["Name can''t be blank."], "permissions": ["Permissions can''t be blank."]}', 'no name, no permissions');
SELECT invalid($$SELECT arsignup.create_api_key(realm(), NULL, NULL)$$,
	'{"name": ["Name can''t be blank."], "permissions": ["Permissions can''t be blank."]}', 'null');
SELECT invalid($$SELECT arsignup.create_api_key(realm(), 'x', '{read,NULL}')$$,
	'{"permissions": ["Permissions must be any of read, write and admin, not null."]}', 'a permission that is null');
SELECT invalid($$SELECT arsignup.create_api_key(realm(), repeat('x', 256), '{read,all}')$$,
	'{"name": ["Name can''t be longer than 255 characters; this one has 256."], "permissions": ["Permissions must be any of read, write and admin, not \"all\"."]}', 'an unknown one, a long name');
SELECT refused($$SELECT arsignup.create_api_key(arsignup.new_id(), 'x', '{read}')$$, 'SU010', 'no such realm', NULL, 'no such realm');
SELECT lives_ok($$SELECT arsignup.create_api_key(realm('asleep'), 'x', '{read}')$$, 'an inactive realm can have one');

SELECT is(arsignup.revoke_api_key(:'key_id'), true, 'revoked');
SELECT is(arsignup.revoke_api_key(:'key_id'), false, 'only once');
SELECT is(arsignup.revoke_api_key(arsignup.new_id()), false, 'an unknown one');
SELECT is(arsignup.revoke_api_key(NULL), false, 'null');

-- A realm takes its keys along.
SELECT is(arsignup.delete_realm(realm('asleep')), true, 'a realm is deleted');
SELECT is((SELECT count(*)::int FROM arsignup.api_keys WHERE realm_id = realm('asleep')), 0, 'and its keys with it');

SELECT * FROM finish();
ROLLBACK;
