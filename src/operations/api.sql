-- Watching and cleaning up.

COMMENT ON FUNCTION arsignup.guard_realm() IS 'Trigger function of realms.';

CREATE OR REPLACE FUNCTION arsignup.stats(
	OUT hash_slots int,
	OUT hashes_running int,
	OUT hashes_waiting int,
	OUT hashes_run bigint,
	OUT hashes_refused bigint,
	OUT signups bigint,
	OUT tokens_minted bigint,
	OUT tokens_redeemed bigint,
	OUT tokens_expired bigint,
	OUT logins_ok bigint,
	OUT logins_failed bigint,
	OUT logins_throttled bigint,
	OUT limiter_evictions bigint,
	OUT limiter_entries bigint
)
LANGUAGE c VOLATILE
SET search_path = pg_catalog, pg_temp
AS 'MODULE_PATHNAME', 'arsignup_stats';

COMMENT ON FUNCTION arsignup.stats() IS
'One row for the whole server: the hash gate now, and what was counted since the server started, in all databases, calls that were rolled back included. tokens_expired counts attempts to redeem an expired token, logins_throttled those that came too often, limiter_entries the names and sources whose attempts are being counted, limiter_evictions those that gave their place to another. Errors: 55000 arsignup is not in shared_preload_libraries.';

-- No statistics, such as those of yesterday's backlog, shall make a worker read the whole table, or compile a plan.
CREATE OR REPLACE FUNCTION arsignup.claim_events(
	kinds text[],
	max_rows int DEFAULT 100
)
RETURNS SETOF arsignup.events
LANGUAGE c VOLATILE SECURITY DEFINER ROWS 100
SET search_path = pg_catalog, pg_temp
SET enable_seqscan = off
SET enable_bitmapscan = off
SET jit = off
AS 'MODULE_PATHNAME', 'arsignup_claim_events';

COMMENT ON FUNCTION arsignup.claim_events(text[], int) IS
'Hands out events of these types that nobody has claimed, oldest first, max_rows at most, and claims them in your transaction: commit once they are delivered; a rollback gives them back. Never waits for others: an event waits for earlier ones of its user among these types, and a mail while another transaction is deleting its user or changing that user''s email or username. user.password_token.created and user.email.verification_requested come with data for the mail: {"token", "email", "username", "first_name", "last_name", "expires_at"}, or null if there is nothing to mail any more; the token is made here, works from the commit on, and is stored nowhere. Errors: SU001 kinds is null or empty or contains null, or max_rows is not positive.';

CREATE OR REPLACE FUNCTION arsignup.purge_expired(max_rows int DEFAULT 10000)
RETURNS bigint
LANGUAGE c VOLATILE SECURITY DEFINER
SET search_path = pg_catalog, pg_temp
AS 'MODULE_PATHNAME', 'arsignup_purge_expired';

COMMENT ON FUNCTION arsignup.purge_expired(int) IS
'Deletes signup tokens that have expired, oldest first, sessions that have expired or were ended, mailed tokens that have expired or were used, memberships that have expired, each told as membership.deleted, and sources from which nobody has logged in for 30 days, max_rows at most; returns how many. Redeemed tokens stay for a day, so that one can still ask what became of them. Never waits for a signup, and none waits for it: call it from cron until it returns less than max_rows. Errors: SU001 max_rows is not positive.';

CREATE OR REPLACE FUNCTION arsignup.purge_events(
	older_than interval,
	max_rows int DEFAULT 10000
)
RETURNS bigint
LANGUAGE c VOLATILE SECURITY DEFINER
SET search_path = pg_catalog, pg_temp
AS 'MODULE_PATHNAME', 'arsignup_purge_events';

COMMENT ON FUNCTION arsignup.purge_events(interval, int) IS
'Deletes events older than this, max_rows at most, claimed or not; returns how many. Errors: SU001 an argument is null or max_rows is not positive.';

CREATE OR REPLACE FUNCTION arsignup.delete_realm(realm_id uuid)
RETURNS boolean
LANGUAGE c VOLATILE
AS 'MODULE_PATHNAME', 'arsignup_delete_realm';

COMMENT ON FUNCTION arsignup.delete_realm(uuid) IS
'Deletes an inactive realm with everything in it; false if there is none. What your foreign keys do then runs as with delete_user. Errors: 55006 the realm is active; 23503 a table of yours still refers to a user or org of it.';

CREATE OR REPLACE FUNCTION arsignup.is_preloaded()
RETURNS boolean
LANGUAGE c STABLE
SET search_path = pg_catalog, pg_temp
AS 'MODULE_PATHNAME', 'arsignup_is_preloaded';

COMMENT ON FUNCTION arsignup.is_preloaded() IS
'Tells whether the server has loaded arsignup by shared_preload_libraries.';

CREATE OR REPLACE FUNCTION arsignup.check_settings(
	OUT setting text,
	OUT value text,
	OUT problem text,
	OUT remedy text
)
RETURNS SETOF record
LANGUAGE sql STABLE
SET search_path = pg_catalog, pg_temp
BEGIN ATOMIC
	SELECT s.name, s.setting, p.problem, p.remedy
	FROM pg_settings s
	JOIN (VALUES
		('log_parameter_max_length', '<>', '0',
			'Passwords and tokens that a driver declares as text appear in the log whenever their statement is logged.',
			'ALTER ROLE ... SET log_parameter_max_length = 0 for the application''s role.'),
		('log_parameter_max_length_on_error', '<>', '0',
			'Bound passwords and tokens appear in the log when a statement fails outside of arsignup''s functions.',
			'Set it to 0.'),
		('auto_explain.log_verbose', '=', 'on',
			'Passwords that are constants of a plan appear in the log.',
			'Set it to off, or plan_cache_mode to force_generic_plan for the application''s role.'),
		('auto_explain.log_nested_statements', '=', 'on',
			'Passwords that your own functions pass on, and from PostgreSQL 16 on password hashes, appear in the log.',
			'Set it to off.'),
		('debug_print_parse', '=', 'on', 'The bytes of bound passwords appear in the log.', 'Set it to off.'),
		('debug_print_rewritten', '=', 'on', 'The bytes of bound passwords appear in the log.', 'Set it to off.'),
		('debug_print_plan', '=', 'on', 'The bytes of bound passwords appear in the log.', 'Set it to off.'),
		('fsync', '=', 'off',
			'A crash can lose or halve signups.',
			'Set it to on.'),
		('full_page_writes', '=', 'off',
			'A crash can lose or halve signups.',
			'Set it to on.'),
		('synchronous_commit', '=', 'off',
			'A crash can lose a signup, or the redemption of a token, that was acknowledged.',
			'Set it to on.'),
		('arsignup.max_login_failures', '=', '0', 'Passwords can be guessed without limit.', 'Set it to 5.'),
		('arsignup.max_login_failures_per_name', '=', '0', 'Passwords can be guessed from many sources without limit.',
			'Set it to 100.'),
		('arsignup.max_login_failures_per_source', '=', '0', 'One source can guess at everybody''s password.',
			'Set it to 100.'),
		('max_prepared_transactions', '<>', '0',
			'A forgotten prepared transaction holds its tokens and names for ever.',
			'Set it to 0, or watch pg_prepared_xacts.')
	) AS p (name, operator, expected, problem, remedy) ON p.name = s.name
	WHERE (s.setting = p.expected) = (p.operator = '=')
	UNION ALL
	SELECT 'shared_preload_libraries', NULL,
		'No password can be hashed, nothing is counted, and DROP EXTENSION deletes users.',
		'Add arsignup and restart the server.'
	WHERE NOT arsignup.is_preloaded()
	UNION ALL
	SELECT 'publication ' || quote_ident(p.pubname), p.schemaname || '.' || p.tablename,
		'Subscribers receive password hashes.',
		'Publish tables by name, without arsignup.credentials and arsignup.signup_tokens.'
	FROM pg_publication_tables p
	WHERE p.schemaname = 'arsignup' AND p.tablename IN ('credentials', 'signup_tokens')
	UNION ALL
	SELECT 'role ' || quote_ident(r.rolname), 'may read password hashes',
		'It reads password hashes.',
		'Revoke SELECT, pg_read_all_data or arsignup_owner, by which it may, from it.'
	FROM pg_roles r
	WHERE r.rolcanlogin AND NOT r.rolsuper AND EXISTS (
		SELECT
		FROM pg_roles m, (VALUES ('arsignup.credentials'), ('arsignup.signup_tokens')) AS t (name)
		WHERE pg_has_role(r.oid, m.oid, 'MEMBER') AND has_column_privilege(m.oid, t.name, 'password_hash', 'SELECT'));
END;

COMMENT ON FUNCTION arsignup.check_settings() IS
'Lists what in this server weakens what SECURITY.md promises, each with its remedy; no row if nothing does. Looks at the settings of the session that calls it: what was set for another role does not show.';
