-- The hosted form, as PostgREST is asked for it.
BEGIN;
SELECT set_config('request.headers', '{"x-arsignup-method": "GET", "x-arsignup-uri": "/orgs/signup", "x-arsignup-host": "auth.example.com"}', true);
SELECT arsignup_web.handle('');
COMMIT;
