-- Writes reference.md from what the catalogue says: psql --quiet --no-psqlrc --file=docs/reference.sql
\pset format unaligned
\pset tuples_only on
\pset recordsep '\n'
SET search_path = pg_catalog;

SELECT E'# Reference\n\nMade from the comments in the database by `docs/reference.sql`; `\\df+ arsignup.*` and `\\d+ arsignup.*` show the same. '
	'Call arguments by name; those with a default may be left out.';

-- Functions by who may run them.
WITH functions AS (
	SELECT p.proname, p.oid, p.pronamespace::regnamespace AS schema,
		CASE
			WHEN has_function_privilege('public', p.oid, 'EXECUTE') THEN 1
			WHEN has_function_privilege('arsignup_app', p.oid, 'EXECUTE') THEN 2
			WHEN has_function_privilege('arsignup_admin', p.oid, 'EXECUTE') THEN 3
			WHEN has_function_privilege('arsignup_web', p.oid, 'EXECUTE') THEN 4
			ELSE 5
		END AS room,
		pg_get_function_arguments(p.oid) AS arguments,
		coalesce(' → ' || pg_get_function_result(p.oid), '') AS result,
		split_part(obj_description(p.oid, 'pg_proc'), ' Errors: ', 1) AS purpose,
		split_part(obj_description(p.oid, 'pg_proc'), ' Errors: ', 2) AS errors
	FROM pg_proc p
	WHERE p.pronamespace IN ('arsignup'::regnamespace, 'arsignup_web'::regnamespace)
	AND p.prorettype <> 'trigger'::regtype AND p.proname NOT LIKE 'secret\_%'
), rooms (room, title) AS (
	VALUES
		(1, E'\n## For everybody'),
		(2, E'\n## For applications (`arsignup_app`)'),
		(3, E'\n## For administrators (`arsignup_admin`)'),
		(4, E'\n## For PostgREST (`arsignup_web`)'),
		(5, E'\n## For superusers')
), entries AS (
	SELECT room, proname,
		format(E'\n### %s\n\n```sql\n%s.%s(%s)%s\n```\n\n%s%s', proname, schema, proname,
			CASE WHEN arguments = '' THEN '' ELSE E'\n\t' || replace(arguments, ', ', E',\n\t') || E'\n' END,
			result, purpose,
			CASE WHEN errors = '' THEN '' ELSE E'\n\nErrors: ' || errors END) AS entry
	FROM functions
	UNION ALL
	SELECT room, '', title FROM rooms
)
SELECT entry FROM entries ORDER BY room, proname;

SELECT E'\n## Tables';

SELECT format(E'\n### %s\n\n%s\n\n| column | type | |\n| --- | --- | --- |\n%s', c.relname, obj_description(c.oid, 'pg_class'),
	(SELECT string_agg(format('| `%s` | %s%s | %s |', a.attname, format_type(a.atttypid, a.atttypmod),
			CASE WHEN a.attnotnull THEN '' ELSE ', may be null' END
			|| coalesce(', default `' || pg_get_expr(d.adbin, d.adrelid) || '`', ''),
			replace(col_description(c.oid, a.attnum), '|', '\|')), E'\n' ORDER BY a.attnum)
	 FROM pg_attribute a LEFT JOIN pg_attrdef d ON d.adrelid = a.attrelid AND d.adnum = a.attnum
	 WHERE a.attrelid = c.oid AND a.attnum > 0 AND NOT a.attisdropped))
FROM pg_class c
WHERE c.relnamespace = 'arsignup'::regnamespace AND c.relkind IN ('r', 'v')
ORDER BY c.relname;

SELECT E'\n## Types';

SELECT format(E'\n### %s\n\n%s%s', t.typname, obj_description(t.oid, 'pg_type'),
	coalesce(E'\n\n| column | type | |\n| --- | --- | --- |\n' ||
		(SELECT string_agg(format('| `%s` | %s | %s |', a.attname, format_type(a.atttypid, a.atttypmod),
				col_description(c.oid, a.attnum)), E'\n' ORDER BY a.attnum)
		 FROM pg_attribute a WHERE a.attrelid = c.oid), ''))
FROM pg_type t LEFT JOIN pg_class c ON c.oid = t.typrelid
WHERE t.typnamespace = 'arsignup'::regnamespace AND (t.typtype = 'b' AND t.typelem = 0 OR c.relkind = 'c')
ORDER BY t.typname;

SELECT E'\n## Settings\n\n| setting | default | |\n| --- | --- | --- |';

SELECT format('| `%s` | %s%s | %s%s%s |', name, boot_val, coalesce(' ' || unit, ''), short_desc, coalesce(' ' || extra_desc, ''),
	CASE context WHEN 'superuser' THEN ' Superusers only.' WHEN 'postmaster' THEN ' In postgresql.conf; restart.' WHEN 'sighup' THEN ' In postgresql.conf; reload.' ELSE '' END)
FROM pg_settings
WHERE name LIKE 'arsignup.%'
ORDER BY name;
