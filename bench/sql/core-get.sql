-- One user, as the Core API's GET gives it to PostgREST.
\set n random(1, :count)
BEGIN;
SELECT set_config('request.headers', json_build_object('x-arsignup-method', 'GET', 'x-arsignup-uri', '/v1/users/person' || :n || '@example.com',
	'x-authrocket-api-key', :key::text)::text, true);
SELECT arsignup_web.handle('');
COMMIT;
