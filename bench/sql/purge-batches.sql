-- Prints of each of :batches of 10,000 rows of a :table how many times as long :call takes as the bare delete of the same rows
-- by their :key. Each is rolled back once and committed once, by turns, so that neither always comes first.

CREATE TEMP TABLE settings AS SELECT :'table' AS name, :'key' AS key, :'time' AS due, :'call' AS call, :batches AS batches;
CREATE TEMP TABLE batch (realm_id uuid, key text);
CREATE TEMP TABLE result (ours float8, bare float8);
CREATE FUNCTION pg_temp.timed(statement text) RETURNS float8 LANGUAGE plpgsql AS $$
DECLARE
	began timestamptz := clock_timestamp();
BEGIN
	EXECUTE statement;
	RETURN extract(epoch FROM clock_timestamp() - began);
END $$;
SET enable_hashjoin = off; -- by key, one row at a time: no plan that reads the whole table
SET enable_mergejoin = off;
DO $$
DECLARE
	s record;
	bare text;
	ours text;
	first float8;
	second float8;
BEGIN
	SELECT * INTO s FROM settings;
	bare := format('DELETE FROM arsignup.%I AS t USING batch AS b WHERE t.realm_id = b.realm_id AND t.%I = b.key', s.name, s.key);
	ours := 'SELECT ' || s.call;
	EXECUTE format('ALTER TABLE batch ALTER key TYPE %s USING NULL', (SELECT format_type(atttypid, NULL) FROM pg_attribute WHERE attrelid = ('arsignup.' || s.name)::regclass AND attname = s.key));
	FOR n IN 1..s.batches LOOP
		TRUNCATE batch;
		EXECUTE format('INSERT INTO batch SELECT realm_id, %I FROM arsignup.%I ORDER BY %I LIMIT 10000', s.key, s.name, s.due);
		ANALYZE batch;
		COMMIT;
		first := pg_temp.timed(CASE n % 2 WHEN 0 THEN ours ELSE bare END);
		ROLLBACK;
		second := pg_temp.timed(CASE n % 2 WHEN 0 THEN bare ELSE ours END);
		INSERT INTO result VALUES (CASE n % 2 WHEN 0 THEN first ELSE second END, CASE n % 2 WHEN 0 THEN second ELSE first END);
		COMMIT;
	END LOOP;
END $$;
SELECT ours / bare FROM result;
