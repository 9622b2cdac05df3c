-- Bytes on disk that one of a kind takes, with all its indexes.

WITH size AS (
	SELECT relname, pg_total_relation_size(oid) / nullif(reltuples, 0) AS bytes FROM pg_class
	WHERE relnamespace = 'arsignup'::regnamespace AND relkind = 'r' AND reltuples > 0
)
SELECT what, round(sum(bytes)) FROM size JOIN (VALUES
	(1, 'user with credential', '{users,credentials}'::name[]), (2, 'the same with org and membership', '{users,credentials,orgs,memberships}'),
	(3, 'event', '{events}'), (4, 'session', '{sessions}'), (5, 'signup token', '{signup_tokens}')
) AS kind (n, what, tables) ON relname = ANY (tables) GROUP BY n, what ORDER BY n;
