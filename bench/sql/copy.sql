-- Copies all tables of ours, with what is in them, into the schema :copy of the role shop: the same indexes, checks, storage
-- parameters and foreign keys, as the catalogue has them.

CREATE SCHEMA :copy AUTHORIZATION shop;
SELECT format('CREATE TABLE %I.%I (LIKE %s INCLUDING ALL) %s', :'copy', relname, oid::regclass, 'WITH (' || array_to_string(reloptions, ', ') || ')'),
	format('INSERT INTO %I.%I SELECT * FROM %s', :'copy', relname, oid::regclass),
	format('ALTER TABLE %I.%I OWNER TO shop', :'copy', relname)
FROM pg_class WHERE relnamespace = 'arsignup'::regnamespace AND relkind = 'r' ORDER BY oid
\gexec
SELECT format('ALTER TABLE %I.%I ADD CONSTRAINT %I %s', :'copy', relname, conname,
	replace(pg_get_constraintdef(c.oid), ' REFERENCES arsignup.', format(' REFERENCES %I.', :'copy')))
FROM pg_constraint AS c JOIN pg_class AS t ON t.oid = c.conrelid WHERE contype = 'f' AND relnamespace = 'arsignup'::regnamespace ORDER BY c.oid
\gexec
