-- Prints docs/openapi.json, by a database that has arsignup: psql --quiet --no-psqlrc --file=docs/openapi.sql

\pset format unaligned
\pset tuples_only on

BEGIN;
SET LOCAL request.headers = '{"x-arsignup-method": "GET", "x-arsignup-uri": "/v1/openapi.json"}';
SELECT rtrim(convert_from(arsignup_web.handle('')::bytea, 'UTF8'), E'\n');
COMMIT;
