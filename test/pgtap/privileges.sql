-- Who may do what, and what the catalogue promises: each compared whole with a written table, so that whatever
-- is added must be written down here.
BEGIN;
\ir include/setup.psql
SELECT no_plan();

-- The roles of the tables below; app, admin and web by way of a member, as applications come.
CREATE TABLE who (name text PRIMARY KEY, role name NOT NULL);
-- Everybody has what PUBLIC has; the outsider stands for it.
INSERT INTO who VALUES ('owner', 'arsignup_owner'), ('admin', :'admin_role'), ('app', :'app_role'), ('web', :'web_role'), ('outsider', :'outsider_role');
-- Assert that a query gives exactly these rows, in this order; results_eq stumbles over the collation of names.
CREATE FUNCTION rows_are(query text, expected text, description text) RETURNS text LANGUAGE plpgsql AS $$
DECLARE
	have text;
	want text;
BEGIN
	EXECUTE format('SELECT string_agg(r::text, E''\n'') FROM (%s) AS r', query) INTO have;
	EXECUTE format('SELECT string_agg(r::text, E''\n'') FROM (%s) AS r', expected) INTO want;
	RETURN is(have, want, description);
END
$$;
CREATE FUNCTION ours() RETURNS oid[] LANGUAGE sql STABLE AS $$ SELECT ARRAY['arsignup'::regnamespace, 'arsignup_web'::regnamespace]::oid[] $$;

---------------------------------------------------------------------------------------------------
-- Roles
---------------------------------------------------------------------------------------------------

SELECT rows_are(
	$$SELECT rolname::text, rolsuper, rolinherit, rolcreaterole, rolcreatedb, rolcanlogin, rolreplication, rolbypassrls, rolconnlimit FROM pg_roles WHERE rolname IN ('arsignup_owner', 'arsignup_directory', 'arsignup_admin', 'arsignup_app', 'arsignup_web') ORDER BY 1$$,
	$$VALUES ('arsignup_admin', false, true, false, false, false, false, false, -1), ('arsignup_app', false, true, false, false, false, false, false, -1),
		('arsignup_directory', false, true, false, false, false, false, false, -1),
		('arsignup_owner', false, true, false, false, false, false, false, -1), ('arsignup_web', false, true, false, false, false, false, false, -1)$$,
	'the roles cannot log in and can do nothing out of the ordinary');
SELECT rows_are(
	$$SELECT superuser, trusted, relocatable, schema, requires FROM pg_available_extension_versions WHERE name = 'arsignup' AND installed$$,
	$$VALUES (true, false, false, 'pg_catalog', NULL)$$, 'a superuser creates the extension, and it stays where it is');
SELECT is_empty($$SELECT r.rolname, m.rolname FROM pg_auth_members AS a JOIN pg_roles AS r ON r.oid = a.roleid JOIN pg_roles AS m ON m.oid = a.member
	WHERE ('arsignup_owner' IN (r.rolname, m.rolname) OR 'arsignup_directory' IN (r.rolname, m.rolname) OR m.rolname IN ('arsignup_admin', 'arsignup_app', 'arsignup_web'))
	AND (r.rolname, m.rolname) <> ('arsignup_directory', 'arsignup_owner')$$,
	'the owners have no members and are members of nothing, nor is one of the others, but for the owner of all, who owns users and orgs, too');

---------------------------------------------------------------------------------------------------
-- Schemas
---------------------------------------------------------------------------------------------------

SELECT rows_are(
	$$SELECT n.nspname::text, w.name, p.privilege FROM pg_namespace AS n, who AS w, unnest(ARRAY['USAGE', 'CREATE']) AS p (privilege)
		WHERE n.oid = ANY (ours()) AND has_schema_privilege(w.role, n.oid, p.privilege) ORDER BY 1, 2, 3$$,
	$$VALUES ('arsignup', 'admin', 'USAGE'), ('arsignup', 'app', 'USAGE'), ('arsignup', 'outsider', 'USAGE'), ('arsignup', 'owner', 'CREATE'), ('arsignup', 'owner', 'USAGE'), ('arsignup', 'web', 'USAGE'),
		('arsignup_web', 'owner', 'CREATE'), ('arsignup_web', 'owner', 'USAGE'), ('arsignup_web', 'web', 'USAGE')$$,
	'everybody reaches arsignup, the web arsignup_web, and only the owner creates in either');

---------------------------------------------------------------------------------------------------
-- Functions
---------------------------------------------------------------------------------------------------

-- Those of arsignup_web begin with web. Who: P everybody, a app, A admin, W web; labels: i s v for volatility, S strict, d definer, p parallel safe.
CREATE TABLE function_table (name text, arguments text, result text, who text, labels text);
INSERT INTO function_table VALUES
	('are_hook_events', 'event_types text[]', 'boolean', 'A', 'iSp'),
	('event_json', 'realm_id uuid, event_id uuid', 'jsonb', 'aA', 'vd'),
	('queue_hooks', 'kinds text[], url_kinds text[] DEFAULT ''{}''::text[], max_rows integer DEFAULT 100', 'integer', 'aA', 'vd'),
	('are_valid_hosts', 'hosts text[]', 'boolean', 'A', 'iSp'),
	('are_valid_origins', 'origins text[]', 'boolean', 'A', 'iSp'),
	('are_valid_permissions', 'permissions text[]', 'boolean', 'A', 'iSp'),
	('are_valid_urls', 'urls text[]', 'boolean', 'A', 'iSp'),
	('authenticate_key', 'realm_id uuid, key arsignup.secret', 'uuid', 'aA', 'sd'),
	('change_password', 'realm_id uuid, user_id uuid, current_password arsignup.secret, password arsignup.secret', 'boolean', 'aA', 'vd'),
	('backlog', 'OUT what text, OUT kind text, OUT rows bigint, OUT oldest interval', 'SETOF record', 'A', 'vd'),
	('check_keys', 'OUT setting text, OUT value text, OUT problem text, OUT remedy text', 'SETOF record', 'A', 'sd'),
	('check_settings', 'OUT setting text, OUT value text, OUT problem text, OUT remedy text', 'SETOF record', 'A', 'sd'),
	('check_tables', '', 'void', '', 's'),
	('claim_events', 'kinds text[], max_rows integer DEFAULT 100', 'SETOF arsignup.claimed_event', 'aA', 'vd'),
	('create_tables', '', 'void', '', 'v'),
	('library_version', '', 'text', 'A', 'sSp'),
	('postpone_event', 'realm_id uuid, event_id uuid, error text, pause interval DEFAULT NULL::interval', 'boolean', 'aA', 'vd'),
	('retry_event', 'realm_id uuid, event_id uuid', 'boolean', 'aA', 'vd'),
	('create_membership', 'realm_id uuid, user_id uuid, org_id uuid DEFAULT NULL::uuid, permissions text[] DEFAULT ''{}''::text[], expires_at timestamp with time zone DEFAULT NULL::timestamp with time zone, custom jsonb DEFAULT ''{}''::jsonb, membership_id uuid DEFAULT NULL::uuid, created_at timestamp with time zone DEFAULT NULL::timestamp with time zone', 'uuid', 'aA', 'v'),
	('create_org', 'realm_id uuid, name text, reference text DEFAULT NULL::text, custom jsonb DEFAULT ''{}''::jsonb, org_id uuid DEFAULT NULL::uuid, created_at timestamp with time zone DEFAULT NULL::timestamp with time zone, state text DEFAULT ''active''::text', 'uuid', 'aA', 'vd'),
	('create_session', 'realm_id uuid, user_id uuid, connected_app_id uuid DEFAULT NULL::uuid, ip inet DEFAULT NULL::inet, client text DEFAULT NULL::text, OUT session_id uuid, OUT token text, OUT expires_at timestamp with time zone', 'record', 'aA', 'vd'),
	('create_user', 'realm_id uuid, email text, password arsignup.secret DEFAULT NULL::arsignup.secret, username text DEFAULT NULL::text, password_hash arsignup.secret DEFAULT NULL::arsignup.secret, first_name text DEFAULT NULL::text, last_name text DEFAULT NULL::text, reference text DEFAULT NULL::text, custom jsonb DEFAULT ''{}''::jsonb, user_type text DEFAULT ''human''::text, user_id uuid DEFAULT NULL::uuid, created_at timestamp with time zone DEFAULT NULL::timestamp with time zone, email_verified boolean DEFAULT false, state text DEFAULT ''active''::text', 'uuid', 'aA', 'vd'),
	('create_user_key', 'realm_id uuid, user_id uuid', 'text', 'aA', 'vd'),
	('delete_membership', 'realm_id uuid, membership_id uuid', 'boolean', 'aA', 'v'),
	('delete_org', 'realm_id uuid, org_id uuid', 'boolean', 'aA', 'v'),
	('delete_realm', 'realm_id uuid', 'boolean', 'A', 'v'),
	('reset_realm', 'realm_id uuid, max_rows integer DEFAULT 10000', 'bigint', 'A', 'v'),
	('delete_user', 'realm_id uuid, user_id uuid', 'boolean', 'aA', 'v'),
	('delete_password', 'realm_id uuid, user_id uuid', 'boolean', 'aA', 'vd'),
	('delete_user_key', 'realm_id uuid, key_id uuid', 'boolean', 'aA', 'vd'),
	('end_all_sessions', 'realm_id uuid', 'bigint', 'A', 'vd'),
	('end_browser_session', 'realm_id uuid, browser_session arsignup.secret', 'boolean', 'aA', 'vd'),
	('end_session', 'realm_id uuid, session_id uuid', 'boolean', 'aA', 'vd'),
	('end_sessions', 'realm_id uuid, user_id uuid', 'bigint', 'aA', 'vd'),
	('export_user', 'realm_id uuid, user_id uuid', 'jsonb', 'aA', 'sd'),
	('find_user', 'realm_id uuid, login text', 'uuid', 'aA', 'sd'),
	('forget_user', 'realm_id uuid, user_id uuid', 'boolean', 'aA', 'vd'),
	('format_id', 'prefix text, id uuid', 'text', 'P', 'iSp'),
	('get_signup_token', 'token arsignup.secret, realm_id uuid DEFAULT NULL::uuid', 'SETOF arsignup.signup_token_info', 'aA', 'sd'),
	('guard_realm', '', 'trigger', '', 'v'),
	('guard_slug', '', 'trigger', '', 'v'),
	('hash_pages', '', 'text', '', 'v'),
	('hash_password', 'password arsignup.secret', 'text', 'aA', 'v'),
	('hold_signup_token', 'token arsignup.secret, hold_for interval DEFAULT ''00:30:00''::interval, realm_id uuid DEFAULT NULL::uuid, replaces arsignup.secret DEFAULT NULL::arsignup.secret, OUT user_id uuid, OUT held_until timestamp with time zone', 'record', 'aA', 'vd'),
	('is_keeper_running', '', 'boolean', '', 'v'),
	('is_preloaded', '', 'boolean', 'A', 's'),
	('memory_limit', '', 'bigint', '', 's'),
	('jwks', 'realm_id uuid', 'jsonb', 'aA', 'sd'),
	('login', 'connected_app_id uuid, login text, password arsignup.secret, ip inet DEFAULT NULL::inet, client text DEFAULT NULL::text', 'arsignup.login_result', 'aA', 'vd'),
	('login_again', 'connected_app_id uuid, browser_session arsignup.secret', 'arsignup.login_result', 'aA', 'vd'),
	('make_master_key', '', 'boolean', 'A', 'vd'),
	('mint_signup_token', 'connected_app_id uuid, email text, password arsignup.secret DEFAULT NULL::arsignup.secret, username text DEFAULT NULL::text, email_confirmation text DEFAULT NULL::text, password_confirmation arsignup.secret DEFAULT NULL::arsignup.secret, first_name text DEFAULT NULL::text, last_name text DEFAULT NULL::text, org_name text DEFAULT NULL::text, custom jsonb DEFAULT ''{}''::jsonb, ttl interval DEFAULT NULL::interval, password_hash arsignup.secret DEFAULT NULL::arsignup.secret', 'text', 'aA', 'vd'),
	('new_id', '', 'uuid', 'A', 'v'),
	('normalize_email', 'email text', 'text', 'P', 'iSp'),
	('normalize_username', 'username text', 'text', 'P', 'iSp'),
	('note_change', '', 'trigger', '', 'v'),
	('parse_id', 'public_id text', 'uuid', 'P', 'iSp'),
	('password_needs_rehash', 'password_hash arsignup.secret', 'boolean', 'P', 'sS'),
	('password_strength', 'password arsignup.secret, related text[] DEFAULT ''{}''::text[], OUT score integer, OUT crack_seconds double precision', 'record', 'aA', 'v'),
	('purge', 'IN max_duration interval DEFAULT ''00:04:00''::interval', NULL, 'A', 'v'),
	('purge_events', 'older_than interval DEFAULT NULL::interval, max_rows integer DEFAULT 10000', 'bigint', 'A', 'vd'),
	('purge_expired', 'max_rows integer DEFAULT 10000', 'bigint', 'A', 'v'),
	('redeem_signup_token', 'token arsignup.secret, org_name text DEFAULT NULL::text, reference text DEFAULT NULL::text, custom jsonb DEFAULT NULL::jsonb, with_org boolean DEFAULT NULL::boolean, realm_id uuid DEFAULT NULL::uuid', 'arsignup.signup_result', 'aA', 'vd'),
	('remember_session', 'realm_id uuid, session_id uuid, former arsignup.secret DEFAULT NULL::arsignup.secret', 'text', 'aA', 'vd'),
	('request_email_verification', 'realm_id uuid, user_id uuid, ip inet DEFAULT NULL::inet, client text DEFAULT NULL::text', 'void', 'aA', 'vd'),
	('request_password_reset', 'realm_id uuid, login text, ip inet DEFAULT NULL::inet, client text DEFAULT NULL::text', 'void', 'aA', 'vd'),
	('reseal_signing_keys', '', 'bigint', 'A', 'vd'),
	('reset_password', 'token arsignup.secret, password arsignup.secret, ip inet DEFAULT NULL::inet, client text DEFAULT NULL::text', 'uuid', 'aA', 'vd'),
	('reveal_jwt_key', 'realm_id uuid', 'text', 'A', 'vd'),
	('revoke_signup_token', 'token arsignup.secret, realm_id uuid DEFAULT NULL::uuid', 'boolean', 'aA', 'vd'),
	('revoke_signup_tokens', 'realm_id uuid', 'bigint', 'A', 'vd'),
	('authenticate', 'realm_id uuid, login text, password arsignup.secret, ip inet DEFAULT NULL::inet, client text DEFAULT NULL::text', 'arsignup.login_result', 'aA', 'vd'),
	('create_api_key', 'realm_id uuid, name text, permissions text[]', 'text', 'A', 'vd'),
	('revoke_api_key', 'key_id uuid', 'boolean', 'A', 'vd'),
	('rotate_signing_key', 'realm_id uuid, give_up_master_key boolean DEFAULT false', 'text', 'A', 'vd'),
	('route_slug', '', 'trigger', '', 'v'),
	('secret_in', 'cstring', 'arsignup.secret', '', 'iSp'),
	('secret_out', 'arsignup.secret', 'cstring', '', 'iSp'),
	('secret_recv', 'internal', 'arsignup.secret', '', 'iSp'),
	('set_password', 'realm_id uuid, user_id uuid, password arsignup.secret', 'void', 'aA', 'vd'),
	('set_password_hash', 'realm_id uuid, user_id uuid, password_hash arsignup.secret', 'void', 'aA', 'vd'),
	('signup', 'connected_app_id uuid, email text, password arsignup.secret DEFAULT NULL::arsignup.secret, username text DEFAULT NULL::text, email_confirmation text DEFAULT NULL::text, password_confirmation arsignup.secret DEFAULT NULL::arsignup.secret, first_name text DEFAULT NULL::text, last_name text DEFAULT NULL::text, org_name text DEFAULT NULL::text, custom jsonb DEFAULT ''{}''::jsonb, ip inet DEFAULT NULL::inet, client text DEFAULT NULL::text, password_hash arsignup.secret DEFAULT NULL::arsignup.secret', 'arsignup.signup_result', 'aA', 'vd'),
	('stats', 'OUT hash_slots integer, OUT hashes_running integer, OUT hashes_waiting integer, OUT hashes_run bigint, OUT hashes_refused bigint, OUT signups bigint, OUT tokens_minted bigint, OUT tokens_redeemed bigint, OUT tokens_expired bigint, OUT logins_ok bigint, OUT logins_failed bigint, OUT logins_throttled bigint, OUT limiter_evictions bigint, OUT limiter_entries bigint, OUT signing_keys_unopened bigint', 'record', 'A', 'vd'),
	('update_membership', 'realm_id uuid, membership_id uuid, permissions text[] DEFAULT NULL::text[], expires_at timestamp with time zone DEFAULT NULL::timestamp with time zone, custom jsonb DEFAULT NULL::jsonb', 'void', 'aA', 'vd'),
	('update_org', 'realm_id uuid, org_id uuid, name text DEFAULT NULL::text, reference text DEFAULT NULL::text, custom jsonb DEFAULT NULL::jsonb, state text DEFAULT NULL::text', 'void', 'aA', 'vd'),
	('update_user', 'realm_id uuid, user_id uuid, email text DEFAULT NULL::text, username text DEFAULT NULL::text, first_name text DEFAULT NULL::text, last_name text DEFAULT NULL::text, reference text DEFAULT NULL::text, custom jsonb DEFAULT NULL::jsonb, state text DEFAULT NULL::text', 'void', 'aA', 'vd'),
	('verify_email', 'token arsignup.secret', 'uuid', 'aA', 'vd'),
	('verify_login_token', 'token arsignup.secret, realm_id uuid DEFAULT NULL::uuid', 'jsonb', 'aA', 'sd'),
	('verify_password', 'password arsignup.secret, password_hash arsignup.secret', 'boolean', 'aA', 'v'),
	('web.handle', 'bytea', 'arsignup_web."*/*"', 'W', 'v'),
	('web.login', 'app text, redir text DEFAULT NULL::text, redirect_uri text DEFAULT NULL::text, login text DEFAULT NULL::text, password arsignup.secret DEFAULT NULL::arsignup.secret, choice text DEFAULT NULL::text, username text DEFAULT NULL::text, email text DEFAULT NULL::text, idempotency_key text DEFAULT NULL::text', 'arsignup_web."*/*"', 'W', 'v'),
	('web.login_page', 'app text, redir text DEFAULT NULL::text, redirect_uri text DEFAULT NULL::text, login text DEFAULT NULL::text', 'arsignup_web."text/html"', 'W', 's'),
	('web.logout', 'app text, redir text DEFAULT NULL::text, redirect_uri text DEFAULT NULL::text, token arsignup.secret DEFAULT NULL::arsignup.secret', 'arsignup_web."*/*"', 'W', 'v'),
	('web.logout_page', 'app text, redir text DEFAULT NULL::text, redirect_uri text DEFAULT NULL::text', 'arsignup_web."text/html"', 'W', 's'),
	('web.signup', 'app text, redir text DEFAULT NULL::text, redirect_uri text DEFAULT NULL::text, first_name text DEFAULT NULL::text, last_name text DEFAULT NULL::text, org_name text DEFAULT NULL::text, username text DEFAULT NULL::text, email text DEFAULT NULL::text, password arsignup.secret DEFAULT NULL::arsignup.secret, password_confirmation arsignup.secret DEFAULT NULL::arsignup.secret, email_confirmation text DEFAULT NULL::text, idempotency_key text DEFAULT NULL::text', 'arsignup_web."*/*"', 'W', 'v'),
	('web.signup_page', 'app text, redir text DEFAULT NULL::text, redirect_uri text DEFAULT NULL::text', 'arsignup_web."text/html"', 'W', 's'),
	('web.stylesheet', '', 'arsignup_web."text/css"', 'W', 'sd');

CREATE TEMP VIEW function_seen AS
SELECT p.oid, CASE n.nspname WHEN 'arsignup_web' THEN 'web.' ELSE '' END || p.proname AS name, pg_get_function_arguments(p.oid) AS arguments, pg_get_function_result(p.oid) AS result,
	provolatile::text || CASE WHEN proisstrict THEN 'S' ELSE '' END || CASE WHEN prosecdef THEN 'd' ELSE '' END || CASE proparallel WHEN 's' THEN 'p' WHEN 'r' THEN 'r' ELSE '' END AS labels
FROM pg_proc AS p JOIN pg_namespace AS n ON n.oid = p.pronamespace WHERE p.pronamespace = ANY (ours());

SELECT set_eq('SELECT name FROM function_seen', 'SELECT name FROM function_table', 'these functions are there, and no others');
SELECT is((SELECT count(*) FROM function_seen), (SELECT count(*) FROM function_table), 'each of them once');
SELECT is(s.arguments, t.arguments, t.name || ': arguments, by name, with their defaults') FROM function_table AS t JOIN function_seen AS s USING (name);
SELECT is(s.result, t.result, t.name || ': result') FROM function_table AS t JOIN function_seen AS s USING (name);
SELECT is(s.labels, t.labels, t.name || ': volatility, strictness, definer, parallel safety') FROM function_table AS t JOIN function_seen AS s USING (name);
SELECT is(
	(SELECT string_agg(w.name, ' ' ORDER BY w.name) FROM who AS w WHERE has_function_privilege(w.role, s.oid, 'EXECUTE')),
	CASE t.who WHEN 'P' THEN 'admin app outsider owner web' WHEN 'aA' THEN 'admin app owner' WHEN 'A' THEN 'admin owner' WHEN 'W' THEN 'owner web' ELSE 'owner' END,
	t.name || ': who may run it')
FROM function_table AS t JOIN function_seen AS s USING (name);
-- The same by what PUBLIC is granted, so that the outsider is no accident.
SELECT set_eq(
	$$SELECT p.proname::text FROM pg_proc AS p WHERE p.pronamespace = ANY (ours()) AND (p.proacl IS NULL OR EXISTS (SELECT FROM aclexplode(p.proacl) AS x WHERE x.grantee = 0))$$,
	ARRAY['normalize_email', 'normalize_username', 'format_id', 'parse_id', 'password_needs_rehash'], 'PUBLIC may run the pure functions and nothing else');
SELECT is_empty($$SELECT p.proname, x.grantee::regrole FROM pg_proc AS p, aclexplode(p.proacl) AS x WHERE p.pronamespace = ANY (ours()) AND (x.is_grantable OR x.privilege_type <> 'EXECUTE') AND x.grantee <> p.proowner$$,
	'nobody may pass on what they are granted');

SELECT is_empty($$SELECT p.oid::regprocedure, p.proconfig FROM pg_proc AS p WHERE p.pronamespace = ANY (ours()) AND p.proconfig IS DISTINCT FROM ARRAY['search_path=pg_catalog, pg_temp']
	AND (p.prosecdef OR p.proname NOT IN ('purge', 'delete_user', 'delete_org', 'create_membership', 'delete_membership', 'purge_expired', 'delete_realm', 'reset_realm', 'handle', 'signup_page', 'login_page', 'logout_page', 'signup', 'login', 'logout') OR p.proconfig IS NOT NULL)
	AND (p.proname <> 'claim_events' OR p.proconfig <> ARRAY['search_path=pg_catalog, pg_temp', 'enable_seqscan=off', 'enable_bitmapscan=off', 'jit=off'])$$,
	'every function pins its search_path, two schemas and nothing else; claim_events also how it is planned; what deletes, and what PostgREST calls, pins it in C, and lifts it for triggers of the application; purge, which commits, cannot');
SELECT is_empty($$SELECT p.oid::regprocedure FROM pg_proc AS p WHERE p.pronamespace = ANY (ours()) AND p.proleakproof$$, 'none is leakproof');
SELECT is_empty($$SELECT p.oid::regprocedure, l.lanname FROM pg_proc AS p JOIN pg_language AS l ON l.oid = p.prolang WHERE p.pronamespace = ANY (ours()) AND l.lanname <> 'c'
	AND (p.proname NOT IN ('check_settings', 'export_user') OR l.lanname <> 'plpgsql')$$,
	'all are C; only check_settings and export_user, which read many tables in plain SQL, are PL/pgSQL, since the tables come later');
SELECT is_empty($$SELECT p.oid::regprocedure FROM pg_proc AS p WHERE p.pronamespace = ANY (ours()) AND p.prokind <> 'f' AND p.proname <> 'purge'$$, 'there is no procedure but purge: what is called, pg_stat_statements would keep; and no aggregate');
SELECT bag_eq($$SELECT p.proname::text FROM pg_proc AS p WHERE p.pronamespace = ANY (ours()) AND has_function_privilege('pg_monitor', p.oid, 'EXECUTE') AND NOT has_function_privilege('public', p.oid, 'EXECUTE')$$,
	ARRAY['stats', 'check_settings', 'backlog'], 'pg_monitor may look at three, and run nothing else');
SELECT is_empty($$SELECT p.oid::regprocedure FROM pg_proc AS p WHERE p.pronamespace = ANY (ours()) AND p.prosecdef AND p.proowner <> 'arsignup_owner'::regrole$$, 'no definer is a superuser');
SELECT is_empty($$SELECT p.oid::regprocedure FROM pg_proc AS p WHERE p.pronamespace = ANY (ours()) AND p.provolatile = 'i'
	AND p.proname NOT IN ('format_id', 'parse_id', 'normalize_email', 'normalize_username', 'are_valid_urls', 'are_valid_origins', 'are_valid_hosts', 'are_valid_permissions', 'are_hook_events', 'secret_in', 'secret_out', 'secret_recv')$$,
	'immutable is only what is pure');
SELECT is_empty($$SELECT p.oid::regprocedure FROM pg_proc AS p WHERE p.pronamespace = ANY (ours()) AND p.proparallel <> 'u'
	AND 'arsignup.secret'::regtype = ANY (p.proargtypes) AND p.proname <> 'secret_out'$$, 'no secret goes to a parallel worker');
SELECT is_empty($$SELECT p.oid::regprocedure FROM pg_proc AS p WHERE p.pronamespace = ANY (ours()) AND p.prolang = (SELECT oid FROM pg_language WHERE lanname = 'c')
	AND (p.probin <> '$libdir/arsignup' OR p.prosrc <> CASE p.pronamespace WHEN 'arsignup_web'::regnamespace THEN 'arsignup_web_' ELSE 'arsignup_' END || p.proname)$$, 'every C symbol is named after its function');

-- What the matrix says of roles, the roles find.
CREATE FUNCTION tries(statement text, role name) RETURNS text LANGUAGE plpgsql AS $$
DECLARE
	o record;
BEGIN
	PERFORM set_config('role', role, true);
	SELECT * INTO o FROM outcome(statement);
	PERFORM set_config('role', 'none', true);
	RETURN o.code;
END
$$;
SELECT is(tries(call, w.role), CASE WHEN w.name = ANY (string_to_array(allowed, ' ')) THEN code ELSE '42501' END, format('%s: %s', w.name, call))
FROM who AS w, (VALUES
	('SELECT arsignup.hash_password(NULL)', 'app admin owner', 'SU001'),
	('SELECT arsignup.verify_password(NULL, NULL)', 'app admin owner', 'SU001'),
	('SELECT arsignup.create_user(NULL, NULL)', 'app admin owner', 'SU010'),
	('SELECT arsignup.create_org(NULL, NULL)', 'app admin owner', 'SU010'),
	('SELECT arsignup.create_membership(NULL, NULL)', 'app admin', 'SU010'),
	('SELECT arsignup.mint_signup_token(NULL, NULL)', 'app admin owner', 'SU010'),
	('SELECT arsignup.get_signup_token(NULL)', 'app admin owner', '00000'),
	('SELECT arsignup.hold_signup_token(NULL)', 'app admin owner', 'SU003'),
	('SELECT arsignup.redeem_signup_token(NULL)', 'app admin owner', 'SU003'),
	('SELECT arsignup.revoke_signup_token(NULL)', 'app admin owner', 'SU003'),
	('SELECT arsignup.signup(NULL, NULL)', 'app admin owner', 'SU010'),
	('SELECT arsignup.login(NULL, NULL, NULL)', 'app admin owner', 'SU010'),
	('SELECT arsignup.authenticate(NULL, NULL, NULL)', 'app admin owner', 'SU010'),
	('SELECT arsignup.login_again(NULL, NULL)', 'app admin owner', 'SU010'),
	('SELECT arsignup.create_session(NULL, NULL)', 'app admin owner', 'SU010'),
	('SELECT arsignup.remember_session(NULL, NULL)', 'app admin owner', 'SU010'),
	('SELECT arsignup.verify_login_token(NULL)', 'app admin owner', '00000'),
	('SELECT arsignup.end_session(NULL, NULL)', 'app admin owner', 'SU010'),
	('SELECT arsignup.end_browser_session(NULL, NULL)', 'app admin owner', 'SU010'),
	('SELECT arsignup.end_sessions(NULL, NULL)', 'app admin owner', 'SU010'),
	('SELECT arsignup.request_password_reset(NULL, NULL)', 'app admin owner', 'SU010'),
	('SELECT arsignup.reset_password(NULL, NULL)', 'app admin owner', '00000'),
	('SELECT arsignup.request_email_verification(NULL, NULL)', 'app admin owner', 'SU010'),
	('SELECT arsignup.verify_email(NULL)', 'app admin owner', '00000'),
	('SELECT arsignup.claim_events(NULL)', 'app admin owner', 'SU001'),
	('SELECT arsignup.postpone_event(NULL, NULL, NULL)', 'app admin owner', 'SU010'),
	('SELECT arsignup.retry_event(NULL, NULL)', 'app admin owner', 'SU010'),
	('SELECT arsignup.queue_hooks(NULL)', 'app admin owner', 'SU001'),
	('SELECT arsignup.event_json(NULL, NULL)', 'app admin owner', '00000'),
	('SELECT arsignup.jwks(NULL)', 'app admin owner', 'SU010'),
	('SELECT arsignup.update_user(NULL, NULL)', 'app admin owner', 'SU010'),
	('SELECT arsignup.delete_user(NULL, NULL)', 'app admin', 'SU010'),
	('SELECT arsignup.forget_user(NULL, NULL)', 'app admin owner', 'SU010'),
	('SELECT arsignup.export_user(NULL, NULL)', 'app admin owner', '00000'),
	('SELECT arsignup.set_password(NULL, NULL, NULL)', 'app admin owner', 'SU010'),
	('SELECT arsignup.set_password_hash(NULL, NULL, NULL)', 'app admin owner', 'SU010'),
	('SELECT arsignup.change_password(NULL, NULL, NULL, NULL)', 'app admin owner', 'SU010'),
	('SELECT arsignup.find_user(NULL, NULL)', 'app admin owner', 'SU010'),
	('SELECT arsignup.delete_password(NULL, NULL)', 'app admin owner', 'SU010'),
	('SELECT arsignup.create_user_key(NULL, NULL)', 'app admin owner', 'SU010'),
	('SELECT arsignup.delete_user_key(NULL, NULL)', 'app admin owner', 'SU010'),
	('SELECT arsignup.authenticate_key(NULL, NULL)', 'app admin owner', 'SU010'),
	('SELECT arsignup.update_org(NULL, NULL)', 'app admin owner', 'SU010'),
	('SELECT arsignup.delete_org(NULL, NULL)', 'app admin', 'SU010'),
	('SELECT arsignup.update_membership(NULL, NULL)', 'app admin owner', 'SU010'),
	('SELECT arsignup.delete_membership(NULL, NULL)', 'app admin', 'SU010'),
	('SELECT arsignup.password_strength(NULL)', 'app admin owner', 'SU001'),
	('SELECT arsignup.create_api_key(NULL, NULL, NULL)', 'admin owner', 'SU001'),
	('SELECT arsignup.revoke_api_key(NULL)', 'admin owner', '00000'),
	('SELECT arsignup.end_all_sessions(NULL)', 'admin owner', 'SU010'),
	('SELECT arsignup.revoke_signup_tokens(NULL)', 'admin owner', 'SU010'),
	('SELECT arsignup.make_master_key()', 'admin owner', '00000'),
	('SELECT arsignup.reseal_signing_keys()', 'admin owner', '00000'),
	('SELECT arsignup.check_keys()', 'admin owner', '00000'),
	('SELECT arsignup.rotate_signing_key(NULL)', 'admin owner', 'SU010'),
	('SELECT arsignup.reveal_jwt_key(NULL)', 'admin owner', 'SU010'),
	('SELECT arsignup.purge_expired(0)', 'admin owner', 'SU001'),
	('SELECT arsignup.purge_events(NULL, 0)', 'admin owner', 'SU001'),
	('CALL arsignup.purge(NULL)', 'admin owner', 'SU001'),
	('SELECT arsignup.backlog()', 'admin owner', '00000'),
	('SELECT arsignup.is_keeper_running()', 'owner', '00000'),
	('SELECT arsignup.memory_limit()', 'owner', '00000'),
	('SELECT arsignup.hash_pages()', 'owner', '00000'),
	('SELECT arsignup.delete_realm(NULL)', 'admin', '00000'),
	('SELECT arsignup.reset_realm(NULL)', 'admin', 'SU010'),
	('SELECT arsignup.create_tables()', 'owner', '00000'),
	('SELECT arsignup.check_tables()', 'owner', '00000'),
	('SELECT arsignup.library_version()', 'admin owner', '00000'),
	('SELECT arsignup.check_settings()', 'admin owner', '00000'),
	('SELECT arsignup.is_preloaded()', 'admin owner', '00000'),
	('SELECT arsignup.stats()', 'admin owner', '00000'),
	('SELECT arsignup.new_id()', 'admin owner', '00000'),
	('SELECT arsignup.are_valid_urls(''{}'')', 'admin owner', '00000'),
	('SELECT arsignup.normalize_email(''a@b'')', 'app admin owner web outsider', '00000'),
	('SELECT arsignup.normalize_username(''a'')', 'app admin owner web outsider', '00000'),
	('SELECT arsignup.format_id(''usr'', gen_random_uuid())', 'app admin owner web outsider', '00000'),
	('SELECT arsignup.parse_id(''usr_0000000000000000000000'')', 'app admin owner web outsider', '00000'),
	('SELECT arsignup.password_needs_rehash(''x'')', 'app admin owner web outsider', '00000'),
	('SELECT arsignup_web.handle('''')', 'web', '00000'),
	('SELECT arsignup_web.login(''x'')', 'web', '00000'),
	('SELECT arsignup_web.signup_page(''x'')', 'web', '00000'),
	('SELECT arsignup_web.stylesheet()', 'web owner', '00000')) AS v (call, allowed, code);
SELECT refused(format('SELECT arsignup.%I()', name), '39P01', format('function "%s" was not called by trigger manager', name), NULL, 'a trigger function is not called: ' || name)
FROM unnest(ARRAY['guard_realm', 'guard_slug', 'note_change', 'route_slug']) AS name;
SELECT is(tries(format('SELECT arsignup.%I()', f), w.role), '42501', format('least of all by %s: %s', w.name, f)) FROM unnest(ARRAY['guard_realm', 'guard_slug', 'note_change', 'route_slug']) AS f, who AS w WHERE w.name <> 'owner';

---------------------------------------------------------------------------------------------------
-- Tables
---------------------------------------------------------------------------------------------------

CREATE TABLE relation_table (name text, admin text, app text);
INSERT INTO relation_table VALUES
	('realms', 'INSERT SELECT UPDATE', NULL),
	('connected_apps', 'DELETE INSERT SELECT UPDATE', NULL),
	('app_routes', 'DELETE INSERT SELECT UPDATE', NULL),
	('users', 'SELECT', 'SELECT'),
	('orgs', 'SELECT', 'SELECT'),
	('memberships', 'SELECT', 'SELECT'),
	('events', 'SELECT', NULL),
	('installation', 'SELECT', 'SELECT'),
	('deleted_realms', 'SELECT', NULL),
	('failed_deliveries', 'SELECT', 'SELECT'),
	('app_hooks', 'DELETE INSERT SELECT UPDATE', 'SELECT'),
	('hook_deliveries', 'DELETE SELECT', 'DELETE SELECT'),
	('credentials', NULL, NULL),
	('signup_tokens', NULL, NULL),
	('sessions', NULL, NULL),
	('signing_keys', NULL, NULL),
	('login_sources', 'SELECT', NULL),
	('api_keys', NULL, NULL),
	('one_time_tokens', NULL, NULL),
	('submissions', NULL, NULL);

SELECT set_eq($$SELECT c.relname::text FROM pg_class AS c WHERE c.relnamespace = ANY (ours()) AND c.relkind NOT IN ('i', 'c', 't')$$, 'SELECT name FROM relation_table',
	'these tables are there, and no view, sequence or other relation');
SELECT is_empty($$SELECT c.oid::regclass FROM pg_class AS c WHERE c.relnamespace = ANY (ours()) AND c.relkind = 'S'$$, 'there are no sequences, which a dump would set back');
SELECT is(
	(SELECT string_agg(p.privilege, ' ' ORDER BY p.privilege) FROM unnest(ARRAY['SELECT', 'INSERT', 'UPDATE', 'DELETE', 'TRUNCATE', 'REFERENCES', 'TRIGGER']) AS p (privilege)
		WHERE has_table_privilege(w.role, 'arsignup.' || t.name, p.privilege)),
	CASE w.name WHEN 'owner' THEN 'DELETE INSERT REFERENCES SELECT TRIGGER TRUNCATE UPDATE' WHEN 'admin' THEN t.admin WHEN 'app' THEN t.app END,
	format('what %s may do with %s', w.name, t.name))
FROM relation_table AS t, who AS w;
SELECT is_empty($$SELECT c.relname, x.grantee, x.privilege_type FROM pg_class AS c, aclexplode(c.relacl) AS x WHERE c.relnamespace = ANY (ours()) AND (x.grantee = 0 OR x.is_grantable AND x.grantee <> c.relowner)$$,
	'PUBLIC may do nothing with a table, and nobody may pass anything on');
SELECT is_empty($$SELECT c.relname, x.grantee::regrole FROM pg_class AS c, aclexplode(c.relacl) AS x WHERE c.relnamespace = ANY (ours()) AND x.grantee NOT IN ('arsignup_owner'::regrole, 'arsignup_admin'::regrole, 'arsignup_app'::regrole, c.relowner)$$,
	'no other role is granted anything');

-- Columns: what is granted on them alone.
SELECT rows_are(
	$$SELECT a.attrelid::regclass::text, x.grantee::regrole::text, x.privilege_type, string_agg(a.attname, ' ' ORDER BY a.attname)
		FROM pg_attribute AS a JOIN pg_class AS c ON c.oid = a.attrelid, aclexplode(a.attacl) AS x
		WHERE c.relnamespace = ANY (ours()) GROUP BY 1, 2, 3 ORDER BY 1, 2, 3$$,
	$$VALUES ('arsignup.api_keys', 'arsignup_admin', 'SELECT', 'created_at id last_used_at name permissions realm_id revoked_at'),
		('arsignup.hook_deliveries', 'arsignup_admin', 'UPDATE', 'attempts due_at error failed_at'),
		('arsignup.hook_deliveries', 'arsignup_app', 'UPDATE', 'attempts due_at error failed_at'),
		('arsignup.memberships', 'arsignup_app', 'REFERENCES', 'id realm_id'),
		('arsignup.one_time_tokens', 'arsignup_admin', 'SELECT', 'created_at email_key expires_at is_mailed purpose realm_id token_generation used_at user_id'),
		('arsignup.orgs', 'arsignup_app', 'REFERENCES', 'id realm_id'),
		('arsignup.sessions', 'arsignup_admin', 'SELECT', 'client connected_app_id created_at ended_at expires_at id ip realm_id token_generation user_id'),
		('arsignup.signing_keys', 'arsignup_admin', 'SELECT', 'alg created_at kid master_key_id public_key realm_id retired_at session_minutes'),
		('arsignup.signup_tokens', 'arsignup_admin', 'SELECT', 'connected_app_id created_at credential_type custom email expires_at first_name id last_name org_name realm_id redeemed_at redeemer_id revoked_at source user_id username'),
		('arsignup.submissions', 'arsignup_admin', 'SELECT', 'created_at id realm_id'),
		('arsignup.users', 'arsignup_app', 'REFERENCES', 'id realm_id')$$,
	'an application refers to users, orgs and memberships by id, or realm and id, and puts off what is posted to hooks, an administrator reads of tokens, mailed ones too, all but digest and hash, of sessions all but the cookie''s digest, of keys all but the sealed one, of API keys all but the digest, of submissions all but digest and answer');
SELECT is(
	(SELECT string_agg(w.name || ' ' || p.privilege, ', ' ORDER BY w.name, p.privilege) FROM who AS w, unnest(ARRAY['SELECT', 'INSERT', 'UPDATE', 'REFERENCES']) AS p (privilege)
		WHERE w.name <> 'owner' AND has_column_privilege(w.role, v.relation, v.attname, p.privilege)),
	v.expected, format('who may do what with %s.%s', v.relation, v.attname))
FROM (VALUES ('arsignup.users', 'id', 'admin SELECT, app REFERENCES, app SELECT'), ('arsignup.users', 'email', 'admin SELECT, app SELECT'), ('arsignup.users', 'realm_id', 'admin SELECT, app REFERENCES, app SELECT'),
	('arsignup.orgs', 'id', 'admin SELECT, app REFERENCES, app SELECT'), ('arsignup.orgs', 'realm_id', 'admin SELECT, app REFERENCES, app SELECT'), ('arsignup.memberships', 'id', 'admin SELECT, app REFERENCES, app SELECT'),
	('arsignup.credentials', 'password_hash', NULL), ('arsignup.credentials', 'user_id', NULL), ('arsignup.signup_tokens', 'password_hash', NULL), ('arsignup.signup_tokens', 'digest', NULL), ('arsignup.signup_tokens', 'email', 'admin SELECT'),
	('arsignup.sessions', 'cookie_digest', NULL), ('arsignup.sessions', 'user_id', 'admin SELECT'), ('arsignup.one_time_tokens', 'digest', NULL), ('arsignup.api_keys', 'key_digest', NULL), ('arsignup.api_keys', 'name', 'admin SELECT'), ('arsignup.one_time_tokens', 'used_at', 'admin SELECT'), ('arsignup.signing_keys', 'sealed_key', NULL), ('arsignup.signing_keys', 'public_key', 'admin SELECT'),
	('arsignup.realms', 'id', 'admin INSERT, admin SELECT, admin UPDATE')) AS v (relation, attname, expected);

-- And found out by trying, the column that counts first of all.
SELECT is(tries('SELECT password_hash FROM arsignup.credentials', role), '42501', name || ' reads no hash') FROM who WHERE name <> 'owner';
SELECT is(tries('SELECT digest, password_hash FROM arsignup.signup_tokens', role), '42501', name || ' reads no digest') FROM who WHERE name <> 'owner';
SELECT is(tries('SELECT cookie_digest FROM arsignup.sessions', role), '42501', name || ' reads no digest of a browser''s secret') FROM who WHERE name <> 'owner';
SELECT is(tries('SELECT digest FROM arsignup.one_time_tokens', role), '42501', name || ' reads no digest of a mailed token') FROM who WHERE name <> 'owner';
SELECT is(tries('SELECT ' || secret || ' FROM arsignup.submissions', role), '42501', name || ' reads no ' || secret || ' of a submission') FROM who, unnest('{answer,body_digest}'::text[]) AS secret WHERE name <> 'owner';
SELECT is(tries('SELECT key_digest FROM arsignup.api_keys', role), '42501', name || ' reads no digest of an API key') FROM who WHERE name <> 'owner';
SELECT is(tries('SELECT sealed_key FROM arsignup.signing_keys', role), '42501', name || ' reads no sealed key') FROM who WHERE name <> 'owner';
SELECT is(tries('SELECT s.id FROM arsignup.sessions AS s JOIN arsignup.signing_keys AS k ON k.realm_id = s.realm_id', role),
	CASE WHEN name IN ('admin', 'owner') THEN '00000' ELSE '42501' END, name || ' reads of sessions and keys, or does not') FROM who;
SELECT is(tries('SELECT u.email FROM arsignup.users AS u JOIN arsignup.memberships AS m ON m.user_id = u.id LEFT JOIN arsignup.orgs AS o ON o.id = m.org_id', role),
	CASE WHEN name IN ('app', 'admin', 'owner') THEN '00000' ELSE '42501' END, name || ' joins users, memberships and orgs, or does not') FROM who;
SELECT is(tries('SELECT FROM arsignup.events', role), CASE WHEN name IN ('admin', 'owner') THEN '00000' ELSE '42501' END, name || ' reads events, or does not') FROM who;
SELECT is(tries(statement, role), '42501', name || ' may not: ' || statement)
FROM who, unnest(ARRAY['UPDATE arsignup.users SET email = email', 'DELETE FROM arsignup.users', 'INSERT INTO arsignup.events DEFAULT VALUES', 'DELETE FROM arsignup.signup_tokens', 'DELETE FROM arsignup.realms', 'DELETE FROM arsignup.sessions', 'UPDATE arsignup.sessions SET ended_at = NULL', 'DELETE FROM arsignup.login_sources', 'INSERT INTO arsignup.api_keys DEFAULT VALUES', 'UPDATE arsignup.api_keys SET revoked_at = NULL', 'DELETE FROM arsignup.api_keys', 'INSERT INTO arsignup.login_sources DEFAULT VALUES', 'DELETE FROM arsignup.one_time_tokens', 'UPDATE arsignup.one_time_tokens SET used_at = NULL', 'DELETE FROM arsignup.submissions', 'UPDATE arsignup.submissions SET created_at = created_at', 'UPDATE arsignup.events SET claimed_at = NULL', 'DELETE FROM arsignup.failed_deliveries', 'DELETE FROM arsignup.signing_keys', 'UPDATE arsignup.signing_keys SET retired_at = NULL', 'LOCK arsignup.users IN ACCESS EXCLUSIVE MODE',
	'CREATE FUNCTION arsignup.evil() RETURNS int LANGUAGE sql AS ''SELECT 1''', 'CREATE TABLE arsignup_web.evil ()', 'CREATE TRIGGER evil BEFORE INSERT ON arsignup.users EXECUTE FUNCTION suppress_redundant_updates_trigger()',
	'ALTER FUNCTION arsignup.stats() RESET ALL', 'DROP FUNCTION arsignup.normalize_email(text)', 'DROP TABLE arsignup.events', 'DROP SCHEMA arsignup CASCADE', 'DROP EXTENSION arsignup CASCADE', 'GRANT arsignup_owner TO current_user']) AS statement
WHERE name <> 'owner';

SELECT is(pg_has_role(role, 'arsignup_owner', 'MEMBER'), false, name || ' cannot become the owner') FROM who WHERE name <> 'owner';

-- A foreign key of the application: by id, or by realm and id.
CREATE SCHEMA arsignup_test_fk;
GRANT CREATE, USAGE ON SCHEMA arsignup_test_fk TO PUBLIC;
SELECT is(tries('CREATE TABLE arsignup_test_fk.a (u uuid REFERENCES arsignup.users (id), o uuid REFERENCES arsignup.orgs (id))', :'app_role'), '00000', 'an application refers to users and orgs');
SELECT is(tries('CREATE TABLE arsignup_test_fk.e (u uuid REFERENCES arsignup.users, o uuid REFERENCES arsignup.orgs, m uuid REFERENCES arsignup.memberships)', :'app_role'), '00000', 'without naming a column');
SELECT is(tries('CREATE TABLE arsignup_test_fk.b (r uuid, u uuid, FOREIGN KEY (r, u) REFERENCES arsignup.users (realm_id, id))', :'app_role'), '00000', 'by realm and id');
SELECT is(tries('CREATE TABLE arsignup_test_fk.g (r uuid, m uuid, FOREIGN KEY (r, m) REFERENCES arsignup.memberships (realm_id, id))', :'app_role'), '00000', 'to memberships, too');
SELECT is(tries('CREATE TABLE arsignup_test_fk.c (m uuid REFERENCES arsignup.realms)', :'app_role'), '42501', 'not to realms');
SELECT is(tries('CREATE TABLE arsignup_test_fk.d (u uuid REFERENCES arsignup.users (id))', role), '42501', name || ' does not refer to users') FROM who WHERE name IN ('web', 'outsider');

---------------------------------------------------------------------------------------------------
-- Types
---------------------------------------------------------------------------------------------------

SELECT set_eq($$SELECT t.typname || ' ' || t.typtype::text FROM pg_type AS t LEFT JOIN pg_class AS c ON c.oid = t.typrelid WHERE t.typnamespace = ANY (ours()) AND t.typelem = 0 AND (c.relkind IS NULL OR c.relkind = 'c')$$,
	ARRAY['*/* d', 'claimed_event c', 'login_result c', 'secret b', 'signup_result c', 'signup_token_info c', 'text/css d', 'text/html d'], 'these types are there, and no others');
SELECT is(tries('CREATE TABLE arsignup_test_fk.s (s arsignup.secret)', role), CASE name WHEN 'owner' THEN '42P16' ELSE '42501' END, name || ' may not have a column of secrets') FROM who;
SELECT is(tries('CREATE FUNCTION arsignup_test_fk.f(arsignup.secret) RETURNS int LANGUAGE sql AS ''SELECT 1''', role), CASE name WHEN 'owner' THEN '00000' ELSE '42501' END, name || ' may make a function of secrets, or may not') FROM who;
SELECT is(tries('SELECT ''x''::arsignup.secret, ''x''::text::arsignup.secret', role), '00000', name || ' may write a secret') FROM who;

---------------------------------------------------------------------------------------------------
-- Owners
---------------------------------------------------------------------------------------------------

SELECT is_empty($$
	SELECT 'schema', nspname::text, nspowner::regrole FROM pg_namespace WHERE oid = ANY (ours()) AND nspowner <> 'arsignup_owner'::regrole
	UNION ALL SELECT 'relation', c.oid::regclass::text, relowner::regrole FROM pg_class AS c LEFT JOIN pg_index ON indexrelid = c.oid WHERE relnamespace = ANY (ours())
		AND relowner <> CASE WHEN coalesce(indrelid, c.oid) IN ('arsignup.users'::regclass, 'arsignup.orgs'::regclass, 'arsignup.memberships'::regclass) THEN 'arsignup_directory' ELSE 'arsignup_owner' END::regrole
	UNION ALL SELECT 'function', oid::regprocedure::text, proowner::regrole FROM pg_proc WHERE pronamespace = ANY (ours()) AND proowner <> 'arsignup_owner'::regrole
	UNION ALL SELECT 'type', t.oid::regtype::text, typowner::regrole FROM pg_type AS t WHERE typnamespace = ANY (ours())
		AND typowner <> CASE WHEN t.oid = ANY ('{arsignup.users,arsignup.users[],arsignup.orgs,arsignup.orgs[],arsignup.memberships,arsignup.memberships[]}'::regtype[]) THEN 'arsignup_directory' ELSE 'arsignup_owner' END::regrole
	$$, 'everything in the schemas is owned by arsignup_owner, but for users, orgs and memberships, which arsignup_directory owns');
SELECT is_empty($$
	SELECT pg_describe_object(classid, objid, 0) FROM (
		SELECT 'pg_type'::regclass, oid FROM pg_type WHERE typnamespace = ANY (ours()) AND typelem = 0 AND (typrelid = 0 OR typname IN ('login_result', 'signup_result', 'signup_token_info', 'claimed_event'))
		UNION ALL SELECT 'pg_proc'::regclass, oid FROM pg_proc WHERE pronamespace = ANY (ours())
		UNION ALL SELECT 'pg_namespace'::regclass, oid FROM pg_namespace WHERE oid = ANY (ours())) AS s (classid, objid)
	WHERE NOT EXISTS (SELECT FROM pg_depend AS d WHERE d.classid = s.classid AND d.objid = s.objid AND d.deptype = 'e' AND d.refobjid = (SELECT oid FROM pg_extension WHERE extname = 'arsignup'))
	$$, 'every type and function in the schemas is a member of the extension, the schemas included');
SELECT is_empty($$SELECT c.oid::regclass FROM pg_class AS c JOIN pg_depend AS d ON d.classid = 'pg_class'::regclass AND d.objid = c.oid WHERE c.relnamespace = ANY (ours()) AND c.relkind <> 'c' AND d.deptype = 'e'$$, 'no table is: a dump has them as it has others');
SELECT rows_are(
	$$SELECT n.nspname::text, e.extrelocatable FROM pg_extension AS e JOIN pg_namespace AS n ON n.oid = e.extnamespace WHERE e.extname = 'arsignup'$$,
	$$VALUES ('pg_catalog', false)$$, 'the extension belongs to pg_catalog, so that no schema made beforehand can be its own');
SELECT rows_are($$SELECT superuser, trusted, relocatable, schema::text, requires::text FROM pg_available_extension_versions WHERE name = 'arsignup' AND installed$$,
	$$VALUES (true, false, false, 'pg_catalog', NULL::text)$$, 'only a superuser creates it, and it needs no other extension');

---------------------------------------------------------------------------------------------------
-- Tables: what pg_dump, sharding and locales rely on
---------------------------------------------------------------------------------------------------

SELECT is_empty($$SELECT c.oid::regclass FROM pg_class AS c WHERE c.relnamespace = ANY (ours()) AND c.relkind = 'r' AND (c.relpersistence <> 'p' OR c.relispartition OR c.relrowsecurity)$$, 'all are logged, none is partitioned, none hides rows');

-- realm_id leads every primary key, unique key and foreign key.
SELECT rows_are(
	$$SELECT i.indrelid::regclass::text, i.indisprimary, string_agg(a.attname, ' ' ORDER BY k.n)
		FROM pg_index AS i JOIN pg_class AS c ON c.oid = i.indrelid, unnest(i.indkey::int2[]) WITH ORDINALITY AS k (attnum, n) JOIN pg_attribute AS a ON a.attnum = k.attnum
		WHERE c.relnamespace = ANY (ours()) AND i.indisunique AND a.attrelid = i.indrelid GROUP BY i.indexrelid, 1, 2 ORDER BY 1, 2 DESC, 3$$,
	$$VALUES ('arsignup.api_keys', true, 'id'),
		('arsignup.app_hooks', true, 'id'),
		('arsignup.app_routes', true, 'kind name'),
		('arsignup.connected_apps', true, 'realm_id id'), ('arsignup.connected_apps', false, 'id'),
		('arsignup.credentials', true, 'realm_id user_id key_digest'), ('arsignup.credentials', false, 'realm_id id'),
		('arsignup.deleted_realms', true, 'realm_id'),
		('arsignup.events', true, 'realm_id id'),
		('arsignup.failed_deliveries', true, 'realm_id event_id'),
		('arsignup.hook_deliveries', true, 'realm_id id'),
		('arsignup.login_sources', true, 'realm_id user_id source logged_in_at'),
		('arsignup.memberships', true, 'id'), ('arsignup.memberships', false, 'realm_id id'), ('arsignup.memberships', false, 'realm_id user_id org_id'),
		('arsignup.one_time_tokens', true, 'realm_id digest'),
		('arsignup.orgs', true, 'id'), ('arsignup.orgs', false, 'realm_id id'),
		('arsignup.realms', true, 'id'),
		('arsignup.sessions', true, 'realm_id id'), ('arsignup.sessions', false, 'realm_id cookie_digest'),
		('arsignup.signing_keys', true, 'realm_id kid'), ('arsignup.signing_keys', false, 'realm_id alg'),
		('arsignup.signup_tokens', true, 'realm_id id'),
		('arsignup.submissions', true, 'realm_id id'),
		('arsignup.users', true, 'id'), ('arsignup.users', false, 'realm_id email_key shared_email_id'), ('arsignup.users', false, 'realm_id id'), ('arsignup.users', false, 'realm_id username_key')$$,
	'realm_id leads every unique key, but for the documented exceptions');
SELECT rows_are(
	$$SELECT c.conrelid::regclass::text, pg_get_constraintdef(c.oid) FROM pg_constraint AS c WHERE c.contype = 'f' AND c.conrelid IN (SELECT oid FROM pg_class WHERE relnamespace = ANY (ours())) ORDER BY 1, 2$$,
	$$VALUES ('arsignup.api_keys', 'FOREIGN KEY (realm_id) REFERENCES arsignup.realms(id) ON DELETE CASCADE'),
		('arsignup.app_hooks', 'FOREIGN KEY (realm_id) REFERENCES arsignup.realms(id) ON DELETE CASCADE'),
		('arsignup.app_routes', 'FOREIGN KEY (realm_id, connected_app_id) REFERENCES arsignup.connected_apps(realm_id, id) ON DELETE CASCADE'),
		('arsignup.connected_apps', 'FOREIGN KEY (realm_id) REFERENCES arsignup.realms(id)'),
		('arsignup.credentials', 'FOREIGN KEY (realm_id, user_id) REFERENCES arsignup.users(realm_id, id) ON DELETE CASCADE'),
		('arsignup.hook_deliveries', 'FOREIGN KEY (app_hook_id) REFERENCES arsignup.app_hooks(id) ON DELETE CASCADE'),
		('arsignup.login_sources', 'FOREIGN KEY (realm_id, user_id) REFERENCES arsignup.users(realm_id, id) ON DELETE CASCADE'),
		('arsignup.memberships', 'FOREIGN KEY (realm_id, org_id) REFERENCES arsignup.orgs(realm_id, id) ON DELETE CASCADE'),
		('arsignup.memberships', 'FOREIGN KEY (realm_id, user_id) REFERENCES arsignup.users(realm_id, id) ON DELETE CASCADE'),
		('arsignup.one_time_tokens', 'FOREIGN KEY (realm_id, user_id) REFERENCES arsignup.users(realm_id, id) ON DELETE CASCADE'),
		('arsignup.sessions', 'FOREIGN KEY (realm_id, user_id) REFERENCES arsignup.users(realm_id, id) ON DELETE CASCADE')$$,
	'realm_id leads every foreign key, but to hooks, which may be of all realms');
SELECT is_empty($$SELECT c.conrelid::regclass, c.confrelid::regclass FROM pg_constraint AS c WHERE c.contype = 'f' AND c.confrelid IN ('arsignup.realms'::regclass, 'arsignup.connected_apps'::regclass)
	AND c.conrelid = ANY ('{arsignup.users,arsignup.credentials,arsignup.orgs,arsignup.memberships,arsignup.signup_tokens,arsignup.sessions,arsignup.signing_keys,arsignup.one_time_tokens,arsignup.login_sources,arsignup.submissions,arsignup.events}'::regclass[])$$,
	'no table that signups write refers to what all signups share');
SELECT is_empty($$SELECT c.conrelid::regclass, c.conname FROM pg_constraint AS c WHERE c.contype = 'f' AND c.connamespace = ANY (ours()) AND (c.confdeltype NOT IN ('a', 'c') OR c.confupdtype <> 'a' OR NOT c.convalidated)$$,
	'foreign keys cascade or take no action');
SELECT is_empty($$SELECT c.oid::regclass FROM pg_class AS c WHERE c.relnamespace = ANY (ours()) AND c.relkind = 'r' AND c.relname NOT IN ('realms', 'api_keys', 'app_hooks')
	AND NOT EXISTS (SELECT FROM pg_attribute AS a WHERE a.attrelid = c.oid AND a.attname = 'realm_id' AND a.atttypid = 'uuid'::regtype AND a.attnotnull)$$, 'every table has its realm_id uuid NOT NULL, but for API keys and hooks, which may be for all');
SELECT is_empty($$SELECT a.attrelid::regclass, a.attname FROM pg_attribute AS a JOIN pg_class AS c ON c.oid = a.attrelid WHERE c.relnamespace = ANY (ours()) AND c.relkind = 'r' AND a.attnum > 0
	AND a.attname IN ('id', 'realm_id', 'user_id', 'org_id', 'membership_id', 'connected_app_id') AND a.atttypid <> 'uuid'::regtype$$, 'every id is a uuid');

SELECT is_empty($$SELECT i.indexrelid::regclass, l.collname FROM pg_index AS i JOIN pg_class AS t ON t.oid = i.indrelid,
	LATERAL unnest(i.indkey::int2[], i.indcollation::oid[]) AS k (attnum, collation_id) LEFT JOIN pg_collation AS l ON l.oid = k.collation_id
	WHERE t.relnamespace = ANY (ours()) AND k.collation_id <> 0 AND l.collname <> 'C'$$, 'every text in a key is COLLATE "C", so that no locale merges what is different');
SELECT is((SELECT count(*) FROM pg_index AS i JOIN pg_class AS t ON t.oid = i.indrelid, LATERAL unnest(i.indcollation::oid[]) AS c WHERE t.relnamespace = ANY (ours()) AND c = '"C"'::regcollation), 15::bigint,
	'there are fifteen such columns: kind and name of a route, name and reference of a realm, username, email, reference of a user, name and reference of an org, kid and twice alg of a key, type of an event and twice of one that failed');
SELECT is_empty($$SELECT i.indexrelid::regclass FROM pg_index AS i JOIN pg_class AS t ON t.oid = i.indrelid WHERE t.relnamespace = ANY (ours()) AND (i.indexprs IS NOT NULL OR NOT i.indisvalid)$$, 'no index is of an expression');
SELECT is_empty($$SELECT a.attrelid::regclass, a.attname FROM pg_attribute AS a JOIN pg_class AS c ON c.oid = a.attrelid WHERE c.relnamespace = ANY (ours()) AND a.attnum > 0 AND a.atttypid IN ('arsignup.secret'::regtype, 'arsignup.secret[]'::regtype)$$,
	'no column is a secret');
SELECT is_empty($$SELECT a.attrelid::regclass, a.attname, a.atttypid::regtype FROM pg_attribute AS a JOIN pg_class AS c ON c.oid = a.attrelid WHERE c.relnamespace = ANY (ours()) AND c.relkind = 'r' AND a.attnum > 0
	AND a.atttypid NOT IN ('uuid'::regtype, 'text'::regtype, 'text[]'::regtype, 'boolean'::regtype, 'integer'::regtype, 'jsonb'::regtype, 'timestamptz'::regtype, 'interval'::regtype, 'bytea'::regtype, 'inet'::regtype)$$,
	'columns have plain types');

-- Triggers: none on what signups write; and of the other tables only ours.
SELECT rows_are(
	$$SELECT t.tgrelid::regclass::text, t.tgname::text, t.tgfoid::regproc::text, t.tgenabled::text FROM pg_trigger AS t JOIN pg_class AS c ON c.oid = t.tgrelid WHERE c.relnamespace = ANY (ours()) AND NOT t.tgisinternal ORDER BY 1, 2$$,
	$$VALUES ('arsignup.app_routes', 'guard_delete', 'arsignup.guard_slug', 'O'), ('arsignup.app_routes', 'guard_insert', 'arsignup.guard_slug', 'O'), ('arsignup.app_routes', 'guard_update', 'arsignup.guard_slug', 'O'),
		('arsignup.app_routes', 'note_change', 'arsignup.note_change', 'A'), ('arsignup.connected_apps', 'note_change', 'arsignup.note_change', 'A'), ('arsignup.connected_apps', 'route_slug', 'arsignup.route_slug', 'O'),
		('arsignup.realms', 'guard_delete', 'arsignup.guard_realm', 'O'), ('arsignup.realms', 'guard_id', 'arsignup.guard_realm', 'O'), ('arsignup.realms', 'guard_update', 'arsignup.guard_realm', 'O'), ('arsignup.realms', 'note_change', 'arsignup.note_change', 'A')$$,
	'there is no trigger on users, credentials, orgs, memberships, tokens, sessions, keys, mailed tokens, sources or events');
SELECT is_empty($$SELECT r.ev_class::regclass, r.rulename FROM pg_rewrite AS r JOIN pg_class AS c ON c.oid = r.ev_class WHERE c.relnamespace = ANY (ours()) AND (c.relname, r.rulename) <> ('installation', '_RETURN')$$, 'there are no rules but that of the one view');
SELECT is_empty($$SELECT d.adrelid::regclass, a.attname, pg_get_expr(d.adbin, d.adrelid) FROM pg_attrdef AS d JOIN pg_attribute AS a ON a.attrelid = d.adrelid AND a.attnum = d.adnum JOIN pg_class AS c ON c.oid = d.adrelid
	WHERE c.relnamespace = ANY (ours()) AND c.relname NOT IN ('realms', 'connected_apps', 'app_hooks') AND pg_get_expr(d.adbin, d.adrelid) LIKE '%(%'$$, 'no default of the tables that signups write calls a function: ids and times come as parameters');

---------------------------------------------------------------------------------------------------
-- Comments: \df+ and \d+ are the reference
---------------------------------------------------------------------------------------------------

SELECT is_empty($$
	SELECT 'schema ' || nspname FROM pg_namespace WHERE oid = ANY (ours()) AND obj_description(oid, 'pg_namespace') IS NULL
	UNION ALL SELECT 'function ' || oid::regprocedure FROM pg_proc WHERE pronamespace = ANY (ours()) AND obj_description(oid, 'pg_proc') IS NULL
	UNION ALL SELECT 'table ' || oid::regclass FROM pg_class WHERE relnamespace = ANY (ours()) AND relkind IN ('r', 'v') AND obj_description(oid, 'pg_class') IS NULL
	UNION ALL SELECT 'type ' || t.oid::regtype FROM pg_type AS t LEFT JOIN pg_class AS c ON c.oid = t.typrelid WHERE t.typnamespace = ANY (ours()) AND t.typelem = 0 AND (c.relkind IS NULL OR c.relkind = 'c') AND obj_description(t.oid, 'pg_type') IS NULL
	UNION ALL SELECT 'column ' || a.attrelid::regclass || '.' || a.attname FROM pg_attribute AS a JOIN pg_class AS c ON c.oid = a.attrelid WHERE c.relnamespace = ANY (ours()) AND c.relkind IN ('r', 'v') AND a.attnum > 0 AND col_description(a.attrelid, a.attnum) IS NULL
	UNION ALL SELECT 'trigger ' || t.tgname FROM pg_trigger AS t JOIN pg_class AS c ON c.oid = t.tgrelid WHERE c.relnamespace = ANY (ours()) AND NOT t.tgisinternal AND obj_description(t.oid, 'pg_trigger') IS NULL
	$$, 'every schema, table, column, function, type and trigger has a comment');
SELECT is_empty($$
	SELECT p.oid::regprocedure, code FROM (VALUES
		('hash_password', '{SU001,SU007,53200}'::text[]), ('verify_password', '{SU001,SU007,53200}'), ('find_user', '{SU010}'), ('create_user', '{SU001,SU002,SU006,SU007,SU010,55P03}'), ('create_org', '{SU001,SU002,SU006,SU010,55P03}'),
		('create_membership', '{SU001,SU002,SU006,SU010,55P03}'), ('mint_signup_token', '{SU001,SU002,SU006,SU007,SU010}'), ('redeem_signup_token', '{SU001,SU002,SU003,SU004,SU005,SU006,SU009,SU010,SU012,55P03}'),
		('hold_signup_token', '{SU001,SU002,SU003,SU004,SU005,SU006,SU009,SU010,SU012,55P03,25006}'), ('revoke_signup_token', '{SU003,SU012,55P03}'), ('format_id', '{SU001}'), ('parse_id', '{SU001}'), ('stats', '{55000}'),
		('signup', '{SU001,SU002,SU006,SU007,SU008,SU010,SU011,55P03}'), ('login', '{SU007,SU010,SU011}'), ('authenticate', '{SU010}'), ('create_api_key', '{SU001,SU010}'), ('revoke_api_key', '{55P03}'), ('login_again', '{SU010,SU011}'), ('create_session', '{SU006,SU010,SU011}'), ('verify_login_token', '{SU011}'),
		('remember_session', '{SU006,SU010,55P03}'), ('end_browser_session', '{SU010,55P03}'), ('end_session', '{SU010,55P03}'), ('end_sessions', '{SU010,55P03}'), ('end_all_sessions', '{SU010,55P03}'), ('revoke_signup_tokens', '{SU010,55P03}'), ('make_master_key', '{SU011}'), ('reseal_signing_keys', '{SU011,55P03}'), ('jwks', '{SU010}'), ('rotate_signing_key', '{SU010,SU011,55P03}'), ('reveal_jwt_key', '{SU010,SU011}'), ('password_strength', '{SU001}'),
		('update_user', '{SU001,SU002,SU010,55P03}'), ('delete_user', '{SU010,23503,55P03}'), ('forget_user', '{SU010,55P03}'), ('set_password', '{SU001,SU007,SU010,55P03}'), ('set_password_hash', '{SU001,SU010,55P03}'), ('change_password', '{SU001,SU006,SU007,SU008,SU010,55P03}'), ('create_user_key', '{SU001,SU006,SU010,55P03}'), ('delete_password', '{SU010,55P03}'), ('delete_user_key', '{SU010,55P03}'), ('authenticate_key', '{SU010}'),
		('update_org', '{SU001,SU010,55P03}'), ('delete_org', '{SU010,23503,55P03}'), ('update_membership', '{SU001,SU010,55P03}'), ('delete_membership', '{SU010,55P03}'),
		('purge_expired', '{SU001}'), ('purge_events', '{SU001}'), ('purge', '{SU001,2D000}'), ('backlog', '{55000}'), ('claim_events', '{SU001}'), ('postpone_event', '{SU001,SU010}'), ('retry_event', '{SU010}'), ('queue_hooks', '{SU001}'), ('delete_realm', '{23503,55006,55P03}'), ('reset_realm', '{SU001,SU010,23503,55P03}')) AS v (name, codes), unnest(codes) AS code, pg_proc AS p
	WHERE p.proname = name AND p.pronamespace = 'arsignup'::regnamespace AND strpos(obj_description(p.oid, 'pg_proc'), code) = 0
	$$, 'a function''s comment names every SQLSTATE that it raises');

---------------------------------------------------------------------------------------------------
-- Shadows: what another role defines is not what our functions use
---------------------------------------------------------------------------------------------------

CREATE SCHEMA arsignup_test_evil;
CREATE FUNCTION arsignup_test_evil.pwned(text, text) RETURNS boolean LANGUAGE plpgsql AS $$ BEGIN RAISE EXCEPTION 'shadowed' USING ERRCODE = 'EV111'; END $$;
CREATE FUNCTION arsignup_test_evil.pwned(uuid, uuid) RETURNS boolean LANGUAGE plpgsql AS $$ BEGIN RAISE EXCEPTION 'shadowed' USING ERRCODE = 'EV111'; END $$;
CREATE FUNCTION arsignup_test_evil.pwned(timestamptz, timestamptz) RETURNS boolean LANGUAGE plpgsql AS $$ BEGIN RAISE EXCEPTION 'shadowed' USING ERRCODE = 'EV111'; END $$;
CREATE FUNCTION arsignup_test_evil.jsonb_typeof(jsonb) RETURNS text LANGUAGE plpgsql AS $$ BEGIN RAISE EXCEPTION 'shadowed' USING ERRCODE = 'EV111'; END $$;
CREATE OPERATOR arsignup_test_evil.= (FUNCTION = arsignup_test_evil.pwned, LEFTARG = text, RIGHTARG = text);
CREATE OPERATOR arsignup_test_evil.= (FUNCTION = arsignup_test_evil.pwned, LEFTARG = uuid, RIGHTARG = uuid);
CREATE OPERATOR arsignup_test_evil.> (FUNCTION = arsignup_test_evil.pwned, LEFTARG = timestamptz, RIGHTARG = timestamptz);
CREATE OPERATOR arsignup_test_evil.<= (FUNCTION = arsignup_test_evil.pwned, LEFTARG = timestamptz, RIGHTARG = timestamptz);
CREATE FUNCTION caught(statement text) RETURNS text LANGUAGE plpgsql AS $$ BEGIN EXECUTE statement; RETURN '00000'; EXCEPTION WHEN OTHERS THEN RETURN SQLSTATE; END $$;
CREATE TEMP TABLE users AS SELECT 'evil' AS id;
CREATE TEMP TABLE realms AS SELECT 'evil' AS id;
CREATE TEMP TABLE pg_class AS SELECT 'evil' AS oid;
CREATE TEMP TABLE pg_proc AS SELECT 'evil' AS oid;
GRANT USAGE ON SCHEMA arsignup_test_evil TO PUBLIC;
DISCARD PLANS;
SET LOCAL search_path = arsignup_test_evil, pg_temp, pg_catalog;
SET LOCAL ROLE :"app_role";
SELECT arsignup.mint_signup_token(arsignup_test.app(), 'shadow@example.com', password_hash => '$argon2id$v=19$m=19456,t=2,p=1$c2FsdHNhbHRzYWx0c2FsdA$T95q7S205tf9WI4HhYOZDIQmMMAbntacGXTIku0gXT8') AS token \gset
SELECT state FROM arsignup.get_signup_token(:'token') \gset
SELECT user_id FROM arsignup.redeem_signup_token(:'token', 'Org') \gset
SELECT arsignup.create_membership(arsignup_test.realm(), :'user_id', arsignup.create_org(arsignup_test.realm(), 'Org')) AS membership_id \gset
RESET ROLE;
SET LOCAL search_path = pg_catalog, arsignup_test, :"tap";
SELECT is((SELECT string_agg(o.name, ' ') FROM arsignup.memberships AS m JOIN arsignup.orgs AS o ON o.id = m.org_id WHERE m.user_id = :'user_id'), 'Org Org', 'mint, get, redeem and create work under shadows of every operator and table they use');
SELECT is(:'state'::text, 'pending', 'and are not deceived');
SET LOCAL search_path = arsignup_test_evil, pg_catalog;
SELECT arsignup_test.caught($$SELECT 'a'::text = 'b'::text$$) AS shadowed \gset
SET LOCAL search_path = pg_catalog, arsignup_test, :"tap";
SELECT is(:'shadowed'::text, 'EV111', 'while whoever trusts the path is caught');

SELECT * FROM finish();
ROLLBACK;
