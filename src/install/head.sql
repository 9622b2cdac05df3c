\echo Use "CREATE EXTENSION arsignup" to load this file. \quit

SET LOCAL search_path = pg_catalog, pg_temp;

-- Roles are shared by all databases and stay when the extension goes, so they
-- may exist already. What we find must be what we would have made.
DO $$
DECLARE
	role_name text;
BEGIN
	IF getdatabaseencoding() <> 'UTF8' THEN
		RAISE EXCEPTION 'arsignup needs a database with encoding UTF8'
			USING ERRCODE = 'feature_not_supported',
			HINT = 'CREATE DATABASE name TEMPLATE template0 ENCODING ''UTF8'' LOCALE ''C.UTF-8'' makes one, whatever the locale of the server is.';
	END IF;

	IF current_setting('shared_preload_libraries') !~ '(^|[ ,"])arsignup($|[ ,"])' THEN
		RAISE WARNING 'arsignup is not in shared_preload_libraries'
			USING HINT = 'No password can be hashed, and nothing guards against DROP EXTENSION, until it is and the server was restarted.';
	END IF;

	FOREACH role_name IN ARRAY ARRAY['arsignup_owner', 'arsignup_directory', 'arsignup_admin', 'arsignup_app', 'arsignup_web']
	LOOP
		IF NOT EXISTS (SELECT FROM pg_roles r WHERE r.rolname = role_name) THEN
			EXECUTE format('CREATE ROLE %I NOLOGIN', role_name);
		END IF;
	END LOOP;

	SELECT r.rolname INTO role_name
	FROM pg_roles r
	WHERE r.rolname::text = ANY (ARRAY['arsignup_owner', 'arsignup_directory', 'arsignup_admin', 'arsignup_app', 'arsignup_web'])
	AND (r.rolcanlogin OR r.rolsuper);
	IF FOUND THEN
		RAISE EXCEPTION 'role "%" must not be able to log in or be a superuser', role_name
			USING ERRCODE = 'duplicate_object',
			HINT = 'If nobody uses this role, run ALTER ROLE ' || role_name || ' NOLOGIN NOSUPERUSER.';
	END IF;

	-- The one membership among ours: the owner of all owns what arsignup_directory owns, too.
	SELECT r.rolname INTO role_name
	FROM pg_roles r JOIN pg_auth_members m ON r.oid IN (m.roleid, m.member)
	WHERE r.rolname IN ('arsignup_owner', 'arsignup_directory')
	AND (m.roleid <> 'arsignup_directory'::regrole OR m.member <> 'arsignup_owner'::regrole);
	IF FOUND THEN
		RAISE EXCEPTION 'role "%" must not have members or be a member of another role', role_name
			USING ERRCODE = 'duplicate_object',
			HINT = 'Revoke the memberships: whoever is a member of this role can become any user.';
	END IF;

	IF NOT pg_has_role('arsignup_owner', 'arsignup_directory', 'USAGE') THEN
		GRANT arsignup_directory TO arsignup_owner;
	END IF;
END
$$;
