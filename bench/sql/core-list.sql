-- A page of a hundred users, as the Core API's GET gives it to PostgREST.
BEGIN;
SELECT set_config('request.headers', json_build_object('x-arsignup-method', 'GET', 'x-arsignup-uri', '/v1/users?max_results=100',
	'x-authrocket-api-key', :key::text)::text, true);
SELECT arsignup_web.handle('');
COMMIT;
