-- What has been filled since bench.remember() in our tables and not as often in those of the schema :copy, or the other way round.

WITH written AS (
	SELECT now.schema, now."table", now."column", now.filled - before.filled AS filled
	FROM bench.filled() AS now JOIN bench.before USING (schema, "table", "column")
)
SELECT format('%s.%s: %s in ours, %s in %s;', "table", "column", ours.filled, theirs.filled, :'copy')
FROM (SELECT * FROM written WHERE schema = 'arsignup') AS ours
JOIN (SELECT * FROM written WHERE schema = :'copy') AS theirs USING ("table", "column")
WHERE ours.filled <> theirs.filled;
