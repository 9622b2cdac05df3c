-- Prints how many of the :pool connections that PostgREST may have are left when most are at work, within :seconds.

CREATE FUNCTION pg_temp.watch_pool(seconds float8) RETURNS bigint LANGUAGE plpgsql AS $$
DECLARE
	until timestamptz := clock_timestamp() + make_interval(secs => seconds);
	most bigint := 0;
BEGIN
	WHILE clock_timestamp() < until LOOP
		PERFORM pg_stat_clear_snapshot();
		most := greatest(most, (SELECT count(*) FROM pg_stat_activity WHERE usename = 'authenticator' AND state <> 'idle'));
		PERFORM pg_sleep(0.02);
	END LOOP;
	RETURN most;
END $$;
SELECT :pool - pg_temp.watch_pool(:seconds);
