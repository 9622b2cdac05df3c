-- Hooks over the Core API, and what queue_hooks hands over to them.
BEGIN;
\ir include/setup.psql
\ir include/core.psql
SELECT no_plan();

INSERT INTO key VALUES
	('none', ''),
	('all', arsignup.create_api_key(realm(), 'all', '{read,write,admin}')),
	('weak', arsignup.create_api_key(realm(), 'weak', '{read,write}')),
	('other', arsignup.create_api_key(realm('other'), 'other', '{admin}'));
\set denied '{"error": "Access denied. The API key is missing, or does not permit this."}'
\set absent '{"error": "Not found."}'

---------------------------------------------------------------------------------------------------
-- As a resource
---------------------------------------------------------------------------------------------------

SELECT json AS made, json ->> 'id' AS id FROM ask('POST /v1/app_hooks', '{"app_hook": {"hook_type": "webhook", "destination": "https://hooks.example.com/x?y=1"}}') \gset
SELECT is(:'made'::jsonb - ARRAY['id', 'created_at'], jsonb_build_object('object', 'app_hook', 'realm_id', arsignup.format_id('rl', realm()), 'state', 'active', 'hook_type', 'webhook', 'event_type', '[]'::jsonb, 'delay', 0,
	'destination', 'https://hooks.example.com/x?y=1'), 'a hook as it is made');
SELECT matches(:'id'::text, '^hk_[0-9A-Za-z]{22}$', 'its id');
SELECT answers('GET /v1/app_hooks/' || :'id', '', 200, :'made', 'it is read the same');
SELECT tells('PUT /v1/app_hooks/' || :'id', '{"app_hook": {"event_type": ["user.*", "org.created"], "delay": 60}}', 200, '{"event_type": ["user.*", "org.created"], "delay": 60, "state": "active"}', 'changed');
SELECT tells('PUT /v1/app_hooks/' || :'id', '{"app_hook": {"event_type": "user.email.*", "delay": null, "state": "inactive"}}', 200, '{"event_type": ["user.email.*"], "delay": 0, "state": "inactive"}', 'one type as a text');
SELECT tells('GET /v1/app_hooks', '', 200, jsonb_build_object('more_results', false, 'collection', jsonb_build_array(jsonb_build_object('id', :'id'::text))), 'listed');
SELECT refuses('POST /v1/app_hooks', '{"app_hook": {"hook_type": "email", "event_type": "user.created", "email_to": "x"}}', 422,
	'{"hook_type": ["Hook type must be webhook: mails are sent by arsignup-mail, from templates of its own (docs/operations.md)."], "destination": ["Destination can''t be blank."]}', 'mails are arsignup-mail''s');
SELECT refuses('POST /v1/app_hooks', '{"app_hook": {"destination": "http://hooks.example.com/", "delay": 2592001, "state": "x", "event_type": ["user.craeted"]}}', 422,
	'{"destination": ["Destination must be a safe url, not \"http://hooks.example.com/\"."], "delay": ["Delay must be 0 to 2592000, not \"2592001\"."], "state": ["State must be active or inactive, not \"x\"."],
	"event_type": ["Event type must be types of events, such as user.created, or user.*, and none of those that are mailed, not \"user.craeted\"."]}', 'all that is wrong, at once');
SELECT refuses('POST /v1/app_hooks', jsonb_build_object('app_hook', jsonb_build_object('destination', 'https://hooks.example.com/', 'event_type', types))::text, 422,
	jsonb_build_object('event_type', ARRAY['Event type must be types of events, such as user.created, or user.*, and none of those that are mailed, not ' || named || '.']), 'the first wrong one is named: ' || named)
FROM (VALUES ('["user.created", "user.password_token.created", "org.x"]'::jsonb, '"user.password_token.created"'), ('["org.*", "a\"b$1''", "x"]', '"a"b$1''"'), (jsonb_build_array('org.*', repeat('x', 70)), '"' || repeat('x', 40) || '..."'), ('[""]', '""')) AS v (types, named);
SELECT tells('PUT /v1/app_hooks/' || :'id', '{"app_hook": {"state": null, "delay": 1}}', 200, '{"state": "inactive"}', 'a state of null leaves it');
SELECT refuses('PUT /v1/app_hooks/' || :'id', '{"app_hook": {"state": "", "delay": -1}}', 422, '{"state": ["State must be active or inactive, not \"\"."], "delay": ["Delay must be 0 to 2592000, not \"-1\"."]}', 'a blank one is none');
SELECT is((ask('PUT /v1/app_hooks/' || :'id', jsonb_build_object('app_hook', jsonb_build_object('event_type', ARRAY[t]))::text)).status, 422, 'no type of events for a hook: ' || t)
FROM unnest(ARRAY['user.password_token.created', 'user.email.verification_requested', '*', '.*', 'user', 'user*', 'use.*', 'login_policy.*', 'user.created.*', '']) AS t WHERE t <> '';
SELECT refuses(r, '{"app_hook": {}}', 403, :'denied', r || ' by ' || k, k)
FROM unnest(ARRAY['none', 'weak']) AS k, unnest(ARRAY['GET /v1/app_hooks', 'POST /v1/app_hooks', 'GET /v1/app_hooks/' || :'id', 'PUT /v1/app_hooks/' || :'id', 'DELETE /v1/app_hooks/' || :'id']) AS r;
SELECT answers('GET /v1/app_hooks', '', 200, '{"more_results": false, "collection": []}', 'another realm''s list has it not', 'other');
SELECT refuses(m || ' /v1/app_hooks/' || :'id', '{"app_hook": {}}', 404, :'absent', m || ' of another realm''s', 'other') FROM unnest(ARRAY['GET', 'PUT', 'DELETE']) AS m;

---------------------------------------------------------------------------------------------------
-- Handing events over
---------------------------------------------------------------------------------------------------

DELETE FROM arsignup.events;
DELETE FROM arsignup.app_hooks;
INSERT INTO arsignup.app_hooks (realm_id, destination, event_types, delay, state) VALUES
	(realm(), 'https://a.example.com/', '{}', 0, 'active'), (realm(), 'https://b.example.com/', '{user.*,membership.created}', 0, 'active'), (NULL, 'https://c.example.com/', '{org.created}', 0, 'active'),
	(realm('other'), 'https://d.example.com/', '{}', 30, 'active'), (realm(), 'https://e.example.com/', '{}', 0, 'inactive');
SELECT arsignup.create_org(realm(), 'Here'), arsignup.create_org(realm('other'), 'There'), arsignup.create_user(realm(), 'hooked@example.com') \g /dev/null
CREATE FUNCTION queued() RETURNS text LANGUAGE sql AS $$
	SELECT string_agg(concat_ws(' ', coalesce(substr(h.destination, 9, 1), 'url'), e.event_type, d.due_at - e.event_at), ', ' ORDER BY d.event_id, h.destination)
	FROM arsignup.hook_deliveries AS d LEFT JOIN arsignup.app_hooks AS h ON h.id = d.app_hook_id JOIN arsignup.events AS e ON (e.realm_id, e.id) = (d.realm_id, d.event_id)
$$;
SELECT refused($$SELECT arsignup.queue_hooks('{user.created,user.password_token.created}')$$, 'SU001', 'Kinds can''t contain what asks for a mail, which has a token.', '{"errors": {"kinds": ["Kinds can''t contain what asks for a mail, which has a token."]}}', 'what is mailed is not for hooks');
SELECT is(arsignup.queue_hooks('{user.created,org.created}', '{user.created}'), 3, 'three events are handed over');
SELECT is(queued(), 'a org.created 00:00:00, c org.created 00:00:00, c org.created 00:00:00, d org.created 00:00:30, a user.created 00:00:00, b user.created 00:00:00, url user.created 00:00:00',
	'to each hook that wants them, and to the URL');
SELECT is(arsignup.queue_hooks('{user.created,org.created}'), 0, 'once');
SELECT is((SELECT count(*) FROM arsignup.events WHERE claimed_at IS NULL AND event_type IN ('user.created', 'org.created')), 0::bigint, 'they are claimed');
SELECT is((SELECT arsignup.event_json(realm(), id) FROM arsignup.events WHERE event_type = 'user.created'), (SELECT (ask('GET /v1/events/' || arsignup.format_id('ev', id))).json FROM arsignup.events WHERE event_type = 'user.created'),
	'event_json: as the Core API tells it');
SELECT is(arsignup.event_json(realm('other'), (SELECT id FROM arsignup.events WHERE event_type = 'user.created')), NULL, 'not in another realm');
UPDATE arsignup.hook_deliveries SET event_at = now() - interval '100 days' WHERE app_hook_id IS NULL;
SELECT arsignup.purge_events() \g /dev/null
SELECT is((SELECT count(*) FROM arsignup.hook_deliveries WHERE app_hook_id IS NULL), 0::bigint, 'purge_events: what goes with old events goes');
SELECT answers('DELETE /v1/app_hooks/' || (SELECT arsignup.format_id('hk', id) FROM arsignup.app_hooks WHERE destination LIKE '%b.ex%'), '', 204, NULL, 'a hook is deleted');
SELECT is(queued(), 'a org.created 00:00:00, c org.created 00:00:00, c org.created 00:00:00, d org.created 00:00:30, a user.created 00:00:00', 'with what was still to be posted');

SELECT * FROM finish();
ROLLBACK;
