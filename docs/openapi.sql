-- Prints docs/openapi.json, by a database that has arsignup, from the project's top directory:
-- psql --quiet --no-psqlrc --file=docs/openapi.sql
-- It is what GET /v1/openapi.json answers, with an example in each call. Those were recorded by test/e2e/examples --write.

\pset format unaligned
\pset tuples_only on
\set examples `cat docs/openapi.examples.json`

BEGIN;
SET LOCAL request.headers = '{"x-arsignup-method": "GET", "x-arsignup-uri": "/v1/openapi.json"}';
WITH lines AS (
	SELECT n, line, substring(line FROM '^\t\t"(/[^"]+)": \{$') AS path, substring(line FROM '^\t\t\t"([a-z]+)": \{$') AS method
	FROM regexp_split_to_table(rtrim(convert_from(arsignup_web.handle('')::bytea, 'UTF8'), E'\n'), '\n') WITH ORDINALITY AS l (line, n)
), parts AS (
	SELECT n, line, count(path) OVER (ORDER BY n) AS path_number, count(method) OVER (ORDER BY n) AS method_number, path, method FROM lines
), operations AS (
	SELECT n, line, upper(max(method) OVER (PARTITION BY method_number)) || ' ' || max(path) OVER (PARTITION BY path_number) AS operation FROM parts
)
SELECT string_agg(CASE
	WHEN value IS NULL THEN line
	WHEN line LIKE E'\t\t\t\t"summary": %' THEN line || E'\n\t\t\t\t"x-example": ' || (value -> 'request') || ','
	WHEN line LIKE E'\t\t\t\t"requestBody": %' AND value -> 'body' IS NOT NULL THEN
		left(line, -length('}}},')) || ', "example": ' || (value -> 'body') || '}}},'
	-- What is done stands first; then comes what is refused.
	WHEN line LIKE E'\t\t\t\t"responses": %' AND value -> 'answer' IS NOT NULL THEN
		left(line, refused.at - 1 - length('}}}')) || ', "example": ' || (value -> 'answer') || '}}}' || substr(line, refused.at)
	ELSE line END, E'\n' ORDER BY n)
FROM operations
	LEFT JOIN json_each(:'examples') ON key = operation
	CROSS JOIN LATERAL (SELECT length(substring(line FROM '^.*?, (?="\d+": \{"\$ref|"default")')) - 1 AS at) AS refused;
COMMIT;
