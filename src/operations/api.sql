-- Watching and cleaning up.

CREATE OR REPLACE FUNCTION arsignup.guard_realm()
RETURNS trigger
LANGUAGE c
SET search_path = pg_catalog, pg_temp
AS 'MODULE_PATHNAME', 'arsignup_guard_realm';

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
	OUT limiter_entries bigint,
	OUT signing_keys_unopened bigint
)
LANGUAGE c VOLATILE SECURITY DEFINER
SET search_path = pg_catalog, pg_temp
AS 'MODULE_PATHNAME', 'arsignup_stats';

COMMENT ON FUNCTION arsignup.stats() IS
'One row for the whole server: the hash gate now, and what was counted since the server started, in all databases, calls that were rolled back included. tokens_expired counts attempts to redeem an expired token, logins_throttled those that came too often, limiter_entries the names and sources whose attempts are being counted, limiter_evictions those that gave their place to another; signing_keys_unopened, the signing keys of this database that are alive and that this server cannot open, which should be none, on a standby above all. Call it in FROM, or take the row whole: (stats(...)).* would run it once for each column. Errors: 55000 arsignup is not in shared_preload_libraries.';

-- No statistics, such as those of yesterday's backlog, shall make a worker read the whole table, or compile a plan.
CREATE OR REPLACE FUNCTION arsignup.claim_events(
	kinds text[],
	max_rows int DEFAULT 100
)
RETURNS SETOF arsignup.claimed_event
LANGUAGE c VOLATILE SECURITY DEFINER ROWS 100
SET search_path = pg_catalog, pg_temp
SET enable_seqscan = off
SET enable_bitmapscan = off
SET jit = off
AS 'MODULE_PATHNAME', 'arsignup_claim_events';

COMMENT ON FUNCTION arsignup.claim_events(text[], int) IS
'Hands out events of these types that nobody has claimed, oldest first, max_rows at most, and claims them in your transaction: commit once they are delivered; a rollback gives them back. First come those that were put aside by postpone_event and are due again; as long as they are not, later ones overtake them. Never waits for others: an event waits for earlier ones of its user among these types, and a mail while another transaction is deleting its user or changing that user''s email or username. user.password_token.created and user.email.verification_requested come with data for the mail: {"token", "email", "username", "first_name", "last_name", "expires_at"}, or null if there is nothing to mail any more; the token is made here, works from the commit on, and is stored nowhere. Errors: SU001 kinds is null or empty or contains null or what is no type of event, or max_rows is not positive.';

CREATE OR REPLACE FUNCTION arsignup.postpone_event(
	realm_id uuid,
	event_id uuid,
	error text,
	pause interval DEFAULT NULL
)
RETURNS boolean
LANGUAGE c VOLATILE SECURITY DEFINER
SET search_path = pg_catalog, pg_temp
AS 'MODULE_PATHNAME', 'arsignup_postpone_event';

COMMENT ON FUNCTION arsignup.postpone_event(uuid, uuid, text, interval) IS
'Puts an event aside whose delivery failed, so that others are delivered meanwhile, and notes that in failed_deliveries. Roll the claim back first, to a savepoint or whole. error: what went wrong, of which 1000 bytes are kept. pause: after which claim_events hands it out again; null gives it up until retry_event. False if it was delivered, or is in another worker''s hands. Errors: SU001 error is null or pause is negative; SU010 no such realm.';

CREATE OR REPLACE FUNCTION arsignup.retry_event(realm_id uuid, event_id uuid)
RETURNS boolean
LANGUAGE c VOLATILE SECURITY DEFINER
SET search_path = pg_catalog, pg_temp
AS 'MODULE_PATHNAME', 'arsignup_retry_event';

COMMENT ON FUNCTION arsignup.retry_event(uuid, uuid) IS
'Has claim_events hand out an event at once that was put aside by postpone_event, given up or not; its attempts are counted anew. False if it was not put aside, was delivered since, or is in a worker''s hands. Errors: SU010 no such realm.';

CREATE OR REPLACE FUNCTION arsignup.are_hook_events(event_types text[])
RETURNS boolean
LANGUAGE c IMMUTABLE STRICT PARALLEL SAFE
SET search_path = pg_catalog, pg_temp
AS 'MODULE_PATHNAME', 'arsignup_are_hook_events';

COMMENT ON FUNCTION arsignup.are_hook_events(text[]) IS
'Tells whether all are types of events that a hook may get, or the beginning of some with an asterisk, user.*; none of those that ask for a mail.';

CREATE OR REPLACE FUNCTION arsignup.event_json(realm_id uuid, event_id uuid)
RETURNS jsonb
LANGUAGE c VOLATILE SECURITY DEFINER
SET search_path = pg_catalog, pg_temp
AS 'MODULE_PATHNAME', 'arsignup_event_json';

COMMENT ON FUNCTION arsignup.event_json(uuid, uuid) IS
'Returns an event as GET /v1/events/:id of the Core API tells it, and as hooks get it; null if it is not there any more.';

CREATE OR REPLACE FUNCTION arsignup.queue_hooks(kinds text[], url_kinds text[] DEFAULT '{}', max_rows int DEFAULT 100)
RETURNS int
LANGUAGE c VOLATILE SECURITY DEFINER
SET search_path = pg_catalog, pg_temp
AS 'MODULE_PATHNAME', 'arsignup_queue_hooks';

COMMENT ON FUNCTION arsignup.queue_hooks(text[], text[], int) IS
'Claims events of these types as claim_events does, max_rows at most, and puts each into hook_deliveries, once for each active hook that wants it, and once for the URL of arsignup-webhook if its type is among url_kinds; returns how many events. Commit, then post them. Errors: SU001 what claim_events refuses, or a type that asks for a mail.';

CREATE OR REPLACE FUNCTION arsignup.purge_expired(max_rows int DEFAULT 10000)
RETURNS bigint
LANGUAGE c VOLATILE
AS 'MODULE_PATHNAME', 'arsignup_purge_expired';

COMMENT ON FUNCTION arsignup.purge_expired(int) IS
'Deletes signup tokens that have expired, oldest first, sessions that have expired or were ended, mailed tokens that have expired or were used, sources from which nobody has logged in for 30 days, memberships that have expired, each told as membership.deleted, and what lived in realms that were deleted, max_rows at most; returns how many. Redeemed tokens stay for a day, so that one can still ask what became of them. With a token that has expired goes the user that it was held for; one to which a table of yours still refers stays, without its names. Never waits for a signup, and none waits for it. What goes wrong with one kind, or one row to which a table of yours still refers, is a warning and keeps no other. What your foreign keys to memberships and users do then runs as with delete_user. Errors: SU001 max_rows is not positive; 25006 on a standby, before anything is done.';

CREATE OR REPLACE FUNCTION arsignup.purge_events(
	older_than interval DEFAULT NULL,
	max_rows int DEFAULT 10000
)
RETURNS bigint
LANGUAGE c VOLATILE SECURITY DEFINER
SET search_path = pg_catalog, pg_temp
AS 'MODULE_PATHNAME', 'arsignup_purge_events';

COMMENT ON FUNCTION arsignup.purge_events(interval, int) IS
'Deletes events older than this in all realms, or, where it is null, older than event_retention of their realm, max_rows at most, claimed or not, and what is noted of their failed deliveries and is still to be posted to hooks; returns how many events. Errors: SU001 older_than is negative, or max_rows is not positive; 25006 on a standby, before anything is done.';

CREATE OR REPLACE PROCEDURE arsignup.purge(max_duration interval DEFAULT '4 minutes')
LANGUAGE c
AS 'MODULE_PATHNAME', 'arsignup_purge';

COMMENT ON PROCEDURE arsignup.purge(interval) IS
'Deletes what purge_expired and purge_events delete, until nothing more is due or this time is over, and commits after each 10000 rows, after which it rests three times as long as these have taken. An error in one does not stop the other, and is raised in the end. Several may run at a time. Errors: SU001 max_duration is null or negative; 2D000 it was called inside a transaction; 25006 on a standby.';

-- Every column is named, so that none that is secret can slip in.
CREATE OR REPLACE FUNCTION arsignup.export_user(realm_id uuid, user_id uuid)
RETURNS jsonb
LANGUAGE plpgsql STABLE SECURITY DEFINER
SET search_path = pg_catalog, pg_temp
AS $$
BEGIN
	PERFORM arsignup.check_tables();
	IF NOT EXISTS (SELECT FROM arsignup.realms AS r WHERE r.id = export_user.realm_id) THEN
		RETURN NULL;
	END IF;
	RETURN (
	WITH parts (name, value) AS (
		SELECT 'user', (SELECT to_jsonb(u) FROM (
			SELECT u.id, u.created_at, u.last_login_at, u.state, u.user_type, u.email_verification,
				u.username, u.email, u.first_name, u.last_name, u.reference, u.custom
			FROM arsignup.users AS u WHERE u.realm_id = export_user.realm_id AND u.id = export_user.user_id AND u.state <> 'held') AS u)
		UNION ALL
		SELECT 'credentials', (SELECT jsonb_agg(to_jsonb(c) ORDER BY c.id) FROM (
			SELECT coalesce(c.id, c.user_id) AS id, CASE WHEN c.id IS NULL THEN 'password' ELSE 'api_key' END AS credential_type,
				c.created_at, c.updated_at
			FROM arsignup.credentials AS c WHERE c.realm_id = export_user.realm_id AND c.user_id = export_user.user_id) AS c)
		UNION ALL
		SELECT 'memberships', (SELECT jsonb_agg(to_jsonb(m) ORDER BY m.id) FROM (
			SELECT m.id, m.created_at, m.org_id, o.name AS org_name, m.permissions, m.expires_at, m.custom
			FROM arsignup.memberships AS m LEFT JOIN arsignup.orgs AS o ON o.realm_id = m.realm_id AND o.id = m.org_id
			WHERE m.realm_id = export_user.realm_id AND m.user_id = export_user.user_id) AS m)
		UNION ALL
		SELECT 'sessions', (SELECT jsonb_agg(to_jsonb(s) ORDER BY s.id) FROM (
			SELECT s.id, s.connected_app_id, s.created_at, s.expires_at, s.ended_at, s.ip, s.client
			FROM arsignup.sessions AS s WHERE s.realm_id = export_user.realm_id AND s.user_id = export_user.user_id) AS s)
		UNION ALL
		SELECT 'login_sources', (SELECT jsonb_agg(to_jsonb(l) ORDER BY l.logged_in_at) FROM (
			SELECT l.source, l.logged_in_at
			FROM arsignup.login_sources AS l WHERE l.realm_id = export_user.realm_id AND l.user_id = export_user.user_id) AS l)
		UNION ALL
		SELECT 'mailed_tokens', (SELECT jsonb_agg(to_jsonb(t) ORDER BY t.created_at) FROM (
			SELECT t.purpose, t.email_key AS email, t.created_at, t.expires_at, t.used_at
			FROM arsignup.one_time_tokens AS t WHERE t.realm_id = export_user.realm_id AND t.user_id = export_user.user_id) AS t)
		UNION ALL
		SELECT 'signup_tokens', (SELECT jsonb_agg(to_jsonb(t) ORDER BY t.created_at) FROM (
			SELECT t.connected_app_id, t.created_at, t.expires_at, t.redeemed_at, t.revoked_at, t.username, t.email,
				t.first_name, t.last_name, t.org_name, t.custom, t.source
			FROM arsignup.signup_tokens AS t
			WHERE t.realm_id = export_user.realm_id AND (t.user_id = export_user.user_id OR t.redeemed_at IS NULL
				AND arsignup.normalize_email(t.email) = (SELECT u.email_key FROM arsignup.users AS u
					WHERE u.realm_id = export_user.realm_id AND u.id = export_user.user_id AND u.state <> 'held' AND u.shared_email_id IS NULL
						AND (u.email_key = u.username_key OR (SELECT r.require_unique_emails FROM arsignup.realms AS r WHERE r.id = export_user.realm_id))))) AS t)
		UNION ALL
		SELECT 'events', (SELECT jsonb_agg(to_jsonb(e) ORDER BY e.id) FROM (
			SELECT e.id, e.event_at, e.event_type, e.org_id, e.membership_id, e.connected_app_id, e.ip, e.client, e.data
			FROM arsignup.events AS e WHERE e.realm_id = export_user.realm_id AND e.user_id = export_user.user_id) AS e)
		UNION ALL
		SELECT 'failed_deliveries', (SELECT jsonb_agg(to_jsonb(d) ORDER BY d.event_id) FROM (
			SELECT d.event_id, d.event_at, d.event_type, d.failed_at, d.retry_at, d.attempts, d.error
			FROM arsignup.failed_deliveries AS d WHERE d.realm_id = export_user.realm_id AND d.user_id = export_user.user_id) AS d)
	)
	SELECT CASE WHEN count(value) > 0
		THEN jsonb_object_agg(name, CASE WHEN name = 'user' THEN value ELSE coalesce(value, '[]') END) END
	FROM parts);
END
$$;

COMMENT ON FUNCTION arsignup.export_user(uuid, uuid) IS
'Returns everything that is known of a user, there or deleted, as JSON: user (null once deleted), credentials, memberships with the names of their orgs, sessions, login_sources, mailed_tokens, signup_tokens (those that the user was made from, and those under the user''s email that were not redeemed, unless others may have the same email), events and failed_deliveries; no hash, digest or key. Null if nothing is known. Reads all events and signup tokens of the realm: no index leads from a user there. Reads only, so it works on a standby.';

CREATE OR REPLACE FUNCTION arsignup.forget_user(realm_id uuid, user_id uuid)
RETURNS boolean
LANGUAGE c VOLATILE SECURITY DEFINER
SET search_path = pg_catalog, pg_temp
AS 'MODULE_PATHNAME', 'arsignup_forget_user';

COMMENT ON FUNCTION arsignup.forget_user(uuid, uuid) IS
'Removes what delete_user leaves behind, before it or after, and tells whether there was anything: deletes signup tokens that the user was made from (and, while the user is there, those under their email that were not redeemed, unless others may have the same email), mailed tokens and login sources; takes ip and client from sessions, ip, client and data from events, also such as no worker has claimed, and what went wrong from failed deliveries. The rows of these stay, and so do the user, for delete_user, and orgs, which may be named after a person. Of a user to be whose names are held it deletes the token, which gives up the hold; the row stays without names, and delete_user deletes it: no purge does without its token. Reads all events and signup tokens of the realm. Errors: SU010 no such realm; 55P03 another transaction holds one of the rows.';

CREATE OR REPLACE FUNCTION arsignup.delete_realm(realm_id uuid)
RETURNS boolean
LANGUAGE c VOLATILE
AS 'MODULE_PATHNAME', 'arsignup_delete_realm';

COMMENT ON FUNCTION arsignup.delete_realm(uuid) IS
'Deletes an inactive realm with everything in it; false if there is none. From the commit on it is gone for every call, page and list, and so are its apps and keys. Of what lived in it 10000 rows go at once, users first, the rest with purge, batch by batch; the realm is in deleted_realms meanwhile, for an hour at least. What your foreign keys do then runs as with delete_user. One that forbids it, and whose row is among the first, is an error, and nothing is deleted; later ones are warnings of purge, which tries again. Errors: 55006 the realm is active; 23503 a table of yours still refers to a user or org of it; 55P03 another transaction holds one of the rows.';

CREATE OR REPLACE FUNCTION arsignup.reset_realm(realm_id uuid, max_rows int DEFAULT 10000)
RETURNS bigint
LANGUAGE c VOLATILE
AS 'MODULE_PATHNAME', 'arsignup_reset_realm';

COMMENT ON FUNCTION arsignup.reset_realm(uuid, int) IS
'Empties a realm: deletes its users, orgs, memberships, sessions, tokens and events, max_rows at most, without a word in events, and returns how many rows of users, orgs, signup tokens, events and what is noted of these have gone: call it again, each time in a transaction of its own, until it is 0. Settings, apps, API keys and signing keys stay, and people may sign up meanwhile. What your foreign keys do then runs as with delete_user. Errors: SU001 max_rows is not positive; SU010 no such realm; 23503 a table of yours still refers to a user or org of it; 55P03 another transaction holds one of the rows.';

CREATE OR REPLACE FUNCTION arsignup.backlog(
	OUT what text,
	OUT kind text,
	OUT rows bigint,
	OUT oldest interval
)
RETURNS SETOF record
LANGUAGE c VOLATILE SECURITY DEFINER ROWS 60
SET search_path = pg_catalog, pg_temp
AS 'MODULE_PATHNAME', 'arsignup_backlog';

COMMENT ON FUNCTION arsignup.backlog() IS
'What waits, a row for each kind, also of which there is nothing. unclaimed_events, postponed_events (put aside until they are due again) and given_up_events, by type of event: how many, and how old the oldest is. hook_deliveries, what was handed over to hooks: waiting (due, and never tried), with how long the oldest has been due; postponed (has failed, and is tried again) and given_up, with how old the oldest event is. rows_to_purge, by what purge deletes: how many are due, and since when the oldest; of events and login_sources, how old it is; of deleted_realms, how many realms have rows left to delete or to look for. signing_keys that sign, by algorithm: how many, and how old the oldest is. hash_gate: slots, running and waiting. Counts to 10000: that is also told of more. Reads indexes only, and works on a standby. Errors: 55000 arsignup is not in shared_preload_libraries.';

CREATE OR REPLACE FUNCTION arsignup.is_keeper_running()
RETURNS boolean
LANGUAGE c VOLATILE
SET search_path = pg_catalog, pg_temp
AS 'MODULE_PATHNAME', 'arsignup_is_keeper_running';

COMMENT ON FUNCTION arsignup.is_keeper_running() IS
'Tells whether the worker runs that writes failed attempts to a file. Errors: 55000 arsignup is not in shared_preload_libraries.';

CREATE OR REPLACE FUNCTION arsignup.memory_limit()
RETURNS bigint
LANGUAGE c STABLE
SET search_path = pg_catalog, pg_temp
AS 'MODULE_PATHNAME', 'arsignup_memory_limit';

COMMENT ON FUNCTION arsignup.memory_limit() IS
'Bytes of memory that the server can have: those of the machine, or of the container, if that is given less.';

CREATE OR REPLACE FUNCTION arsignup.hash_pages()
RETURNS text
LANGUAGE c VOLATILE
SET search_path = pg_catalog, pg_temp
AS 'MODULE_PATHNAME', 'arsignup_hash_pages';

COMMENT ON FUNCTION arsignup.hash_pages() IS
'Says in which pages of memory passwords are hashed: huge; small, if the kernel gave no huge ones just now; not asked for, if the library was built without libsodium''s archive. Null where the system has none, or no memory.';

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
LANGUAGE plpgsql STABLE SECURITY DEFINER
SET search_path = pg_catalog, pg_temp
AS $$
#variable_conflict use_column
DECLARE
	functions_version CONSTANT text := (SELECT e.extversion FROM pg_extension e WHERE e.extname = 'arsignup');
	files_version CONSTANT text := (SELECT a.default_version FROM pg_available_extensions a WHERE a.name = 'arsignup');
	trouble text;
	advice text;
BEGIN
	RETURN QUERY
	WITH people (role, name) AS (
		-- Who calls our functions; nobody yet is one of whom nothing is set.
		SELECT r.oid, r.rolname
		FROM pg_roles r
		WHERE r.rolcanlogin AND NOT r.rolsuper
		AND (pg_has_role(r.oid, 'arsignup_app', 'MEMBER') OR pg_has_role(r.oid, 'arsignup_web', 'MEMBER'))
		UNION ALL
		SELECT 0, NULL
	), set_for (database, role, setting, value) AS (
		SELECT d.setdatabase, d.setrole, lower(split_part(c, '=', 1)), lower(substr(c, strpos(c, '=') + 1))
		FROM pg_db_role_setting d, unnest(d.setconfig) AS c
		WHERE d.setdatabase IN (0, (SELECT oid FROM pg_database WHERE datname = current_database()))
	), found (setting, expected, operator, problem, remedy, name, value) AS (
		SELECT p.setting, p.expected, p.operator, p.problem, p.remedy, w.name, coalesce(
			(SELECT CASE
					WHEN p.expected = '0' THEN regexp_replace(o.value, '^[-+]?0+ *[a-z]*$', '0')
					WHEN o.value IN ('true', 'yes', '1', 't', 'y') THEN 'on'
					WHEN o.value IN ('false', 'no', '0', 'f', 'n') THEN 'off'
					ELSE o.value
				END
			FROM set_for o
			WHERE o.setting = p.setting AND o.role IN (0, w.role)
			ORDER BY o.role = 0, o.database = 0
			LIMIT 1),
			-- What the server has; where something is set for who asks, that hides it.
			CASE WHEN EXISTS (SELECT FROM set_for o JOIN pg_roles r ON r.oid = o.role
				WHERE o.setting = p.setting AND r.rolname = session_user) THEN s.boot_val ELSE s.reset_val END)
		FROM (VALUES
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
			('arsignup.max_sessions_per_user', '=', '0', 'One user can fill the table of sessions.', 'Set it to 100.'),
			('arsignup.max_pending_tokens_per_source', '=', '0', 'One source can fill the table of signup tokens.',
				'Set it to 1000.'),
			('max_prepared_transactions', '<>', '0',
				'A forgotten prepared transaction holds its tokens and names for ever.',
				'Set it to 0, or watch pg_prepared_xacts.')
		) AS p (setting, operator, expected, problem, remedy)
		CROSS JOIN people w
		LEFT JOIN pg_settings s ON s.name = p.setting
		WHERE w.role <> 0 OR NOT EXISTS (SELECT FROM people WHERE people.role <> 0)
	), judged AS (
		SELECT f.*, (f.value = f.expected) = (f.operator = '=') AS is_bad FROM found f
	), spread (setting, is_everywhere) AS (
		SELECT j.setting, bool_and(coalesce(j.is_bad, false)) AND count(DISTINCT j.value) = 1 FROM judged j GROUP BY j.setting
	)
	SELECT DISTINCT j.setting || CASE WHEN e.is_everywhere THEN '' ELSE ' of role ' || quote_ident(j.name) END,
		j.value, j.problem, j.remedy
	FROM judged j JOIN spread e USING (setting)
	WHERE j.is_bad
	UNION ALL
	SELECT 'shared_preload_libraries', NULL,
		'No password can be hashed, nothing is counted, DROP EXTENSION deletes users, and code of an application can run with arsignup''s rights.',
		'Add arsignup and restart the server.'
	WHERE NOT arsignup.is_preloaded()
	UNION ALL
	SELECT k.setting, k.value, k.problem, k.remedy FROM arsignup.check_keys() k
	UNION ALL
	SELECT 'max_worker_processes', current_setting('max_worker_processes'),
		'The worker that writes failed attempts to a file could not start: a restart forgets them.',
		'Raise it and restart the server.'
	WHERE CASE WHEN arsignup.is_preloaded() AND NOT pg_is_in_recovery() THEN NOT arsignup.is_keeper_running() END
	UNION ALL
	SELECT 'arsignup.hash_slots', g.slots::text,
		'So many hashes at a time take, together with shared_buffers, more memory than the server can have: the kernel ends it.',
		'Lower it or arsignup.argon2_memory, or give the server more memory.'
	FROM (SELECT CASE WHEN arsignup.is_preloaded() THEN (SELECT s.hash_slots FROM arsignup.stats() s) END) AS g (slots)
	WHERE g.slots * pg_size_bytes(current_setting('arsignup.argon2_memory')) + pg_size_bytes(current_setting('shared_buffers'))
		> arsignup.memory_limit()
	UNION ALL
	SELECT 'transparent_hugepage', h.pages,
		'Hashing a password takes half as long again: the kernel gives it its memory in small pages.',
		CASE h.pages WHEN 'small'
		THEN 'Write madvise into /sys/kernel/mm/transparent_hugepage/enabled, or find out why huge pages are to be had by nobody.'
		ELSE 'Build arsignup where libsodium.a is, and restart the server.' END
	FROM (VALUES (arsignup.hash_pages())) AS h (pages)
	WHERE h.pages <> 'huge'
	UNION ALL
	SELECT 'publication ' || quote_ident(p.pubname), p.schemaname || '.' || p.tablename,
		'Subscribers receive password hashes.',
		'Publish tables by name, without arsignup.credentials and arsignup.signup_tokens.'
	FROM pg_publication_tables p
	WHERE p.schemaname = 'arsignup' AND p.tablename IN ('credentials', 'signup_tokens')
	UNION ALL
	SELECT 'role ' || quote_ident(r.rolname), 'owns users, orgs and memberships',
		'It changes every user, whatever they may.',
		'Revoke arsignup_directory, or the role by which it is a member of that, from it.'
	FROM pg_roles r
	WHERE r.rolcanlogin AND NOT r.rolsuper AND pg_has_role(r.oid, 'arsignup_directory', 'MEMBER')
	AND NOT pg_has_role(r.oid, 'arsignup_owner', 'MEMBER')
	UNION ALL
	SELECT 'library', arsignup.library_version(),
		'The server runs another library than the one that is installed, of version ' || files_version || '.',
		'Restart the server.'
	WHERE arsignup.library_version() <> files_version
	UNION ALL
	SELECT 'extension arsignup', functions_version,
		'The functions are of another version than the library, ' || arsignup.library_version() || '.',
		CASE WHEN EXISTS (
			SELECT FROM pg_extension_update_paths('arsignup') u
			WHERE u.source = functions_version AND u.target = arsignup.library_version() AND u.path IS NOT NULL)
		THEN 'ALTER EXTENSION arsignup UPDATE.'
		ELSE 'Install arsignup ' || functions_version || ' and restart the server.' END
	WHERE arsignup.library_version() <> functions_version;

	BEGIN
		PERFORM arsignup.check_tables();
	EXCEPTION WHEN object_not_in_prerequisite_state THEN
		GET STACKED DIAGNOSTICS trouble = MESSAGE_TEXT, advice = PG_EXCEPTION_HINT;
		RETURN QUERY
		SELECT 'tables', NULL, upper(left(trouble, 1)) || substr(trouble, 2) || '.', advice;
		RETURN;
	END;

	RETURN QUERY
	SELECT 'role ' || quote_ident(r.rolname), 'may read password hashes',
		'It reads password hashes.',
		'Revoke SELECT, pg_read_all_data or arsignup_owner, by which it may, from it.'
	FROM pg_roles r
	WHERE r.rolcanlogin AND NOT r.rolsuper AND EXISTS (
		SELECT
		FROM pg_roles m, (VALUES ('arsignup.credentials'), ('arsignup.signup_tokens')) AS t (name)
		WHERE pg_has_role(r.oid, m.oid, 'MEMBER') AND has_column_privilege(m.oid, t.name, 'password_hash', 'SELECT'))
	UNION ALL
	SELECT 'foreign key ' || quote_ident(c.conname), c.conrelid::regclass::text,
		'Its check casts as the owner of users, orgs and memberships, and is refused if the cast is not the server''s.',
		'Change the type of its columns to uuid.'
	FROM pg_constraint c
	WHERE c.contype = 'f' AND c.confrelid IN ('arsignup.users'::regclass, 'arsignup.orgs'::regclass, 'arsignup.memberships'::regclass) AND EXISTS (
		SELECT FROM pg_attribute a
		WHERE a.attrelid = c.conrelid AND a.attnum = ANY (c.conkey) AND a.atttypid <> 'uuid'::regtype)
	UNION ALL
	SELECT 'connected app ' || quote_ident(a.slug), 'allowed_origins {*}',
		'Any page can try passwords by the browsers of its visitors.',
		'Name the origins in allowed_origins.'
	FROM arsignup.connected_apps a
	WHERE '*' = ANY (a.allowed_origins);
END
$$;

COMMENT ON FUNCTION arsignup.check_settings() IS
'Lists what in this server weakens what SECURITY.md promises, or makes hashing slow, each with its remedy; no row if nothing does. Settings are looked at as they are for each role that may log in and is a member of arsignup_app or arsignup_web, in this database; one that is wrong for some of them names these. What is set within a session does not show.';
