-- How many rows the tables of a schema have, and in how many each column is filled.

CREATE SCHEMA bench;
GRANT USAGE ON SCHEMA bench TO shop;
CREATE TABLE bench.before (schema name, "table" name, "column" name, filled bigint);

-- Count them now.
CREATE FUNCTION bench.filled() RETURNS SETOF bench.before LANGUAGE plpgsql AS $$
DECLARE
	c record;
BEGIN
	FOR c IN SELECT t.relnamespace::regnamespace::name AS schema, t.relname, a.attname FROM pg_class AS t JOIN pg_attribute AS a ON a.attrelid = t.oid
		WHERE t.relkind = 'r' AND a.attnum > 0 AND NOT a.attisdropped AND t.relnamespace::regnamespace::name IN ('arsignup', 'floor', 'today')
	LOOP
		RETURN QUERY EXECUTE format('SELECT $1, $2, $3, count(%I) FROM %I.%I', c.attname, c.schema, c.relname) USING c.schema, c.relname, c.attname;
	END LOOP;
END
$$;

-- Count them now and remember that.
CREATE FUNCTION bench.remember() RETURNS void LANGUAGE sql AS $$
	DELETE FROM bench.before;
	INSERT INTO bench.before SELECT * FROM bench.filled();
$$;
