-- Who owns what, and who may call what.
--
-- Only functions whose ACL is still null, the new ones, are touched: a REVOKE
-- or GRANT in an upgrade would make pg_dump forget the administrator's own.

DO $$
DECLARE
	object record;
	schemas CONSTANT oid[] := ARRAY['arsignup'::regnamespace, 'arsignup_web'::regnamespace];
BEGIN
	FOR object IN
		SELECT p.oid::regprocedure AS name, g.grantees
		FROM pg_proc p
		LEFT JOIN (VALUES
			('normalize_email', 'PUBLIC'),
			('normalize_username', 'PUBLIC'),
			('format_id', 'PUBLIC'),
			('parse_id', 'PUBLIC'),
			('password_needs_rehash', 'PUBLIC'),

			('hash_password', 'arsignup_app, arsignup_admin'),
			('verify_password', 'arsignup_app, arsignup_admin'),
			('password_strength', 'arsignup_app, arsignup_admin'),
			('create_user', 'arsignup_app, arsignup_admin'),
			('update_user', 'arsignup_app, arsignup_admin'),
			('delete_user', 'arsignup_app, arsignup_admin'),
			('set_password', 'arsignup_app, arsignup_admin'),
			('change_password', 'arsignup_app, arsignup_admin'),
			('create_org', 'arsignup_app, arsignup_admin'),
			('update_org', 'arsignup_app, arsignup_admin'),
			('delete_org', 'arsignup_app, arsignup_admin'),
			('create_membership', 'arsignup_app, arsignup_admin'),
			('update_membership', 'arsignup_app, arsignup_admin'),
			('delete_membership', 'arsignup_app, arsignup_admin'),
			('login', 'arsignup_app, arsignup_admin'),
			('create_session', 'arsignup_app, arsignup_admin'),
			('verify_login_token', 'arsignup_app, arsignup_admin'),
			('end_session', 'arsignup_app, arsignup_admin'),
			('end_sessions', 'arsignup_app, arsignup_admin'),
			('remember_session', 'arsignup_app, arsignup_admin'),
			('login_again', 'arsignup_app, arsignup_admin'),
			('jwks', 'arsignup_app, arsignup_admin'),
			('signup', 'arsignup_app, arsignup_admin'),
			('mint_signup_token', 'arsignup_app, arsignup_admin'),
			('get_signup_token', 'arsignup_app, arsignup_admin'),
			('redeem_signup_token', 'arsignup_app, arsignup_admin'),
			('revoke_signup_token', 'arsignup_app, arsignup_admin'),

			('stats', 'arsignup_admin'),
			('is_preloaded', 'arsignup_admin'),
			('check_settings', 'arsignup_admin'),
			('purge_expired', 'arsignup_admin'),
			('purge_events', 'arsignup_admin'),
			('delete_realm', 'arsignup_admin'),
			('rotate_signing_key', 'arsignup_admin'),
			('reveal_jwt_key', 'arsignup_admin'),
			('new_id', 'arsignup_admin'),
			('are_valid_urls', 'arsignup_admin'),
			('are_valid_origins', 'arsignup_admin'),
			('are_valid_hosts', 'arsignup_admin'),
			('are_valid_permissions', 'arsignup_admin')
		) AS g (name, grantees) ON g.name = p.proname
		WHERE p.pronamespace = ANY (schemas) AND p.proacl IS NULL
	LOOP
		EXECUTE format('REVOKE ALL ON FUNCTION %s FROM PUBLIC', object.name);
		EXECUTE format('ALTER FUNCTION %s OWNER TO arsignup_owner', object.name);
		IF object.grantees IS NOT NULL THEN
			EXECUTE format('GRANT EXECUTE ON FUNCTION %s TO %s', object.name, object.grantees);
		END IF;
	END LOOP;

	FOR object IN
		SELECT c.oid::regclass AS name
		FROM pg_class c
		WHERE c.relnamespace = ANY (schemas) AND c.relkind IN ('r', 'v')
		AND c.relowner <> 'arsignup_owner'::regrole
	LOOP
		EXECUTE format('ALTER TABLE %s OWNER TO arsignup_owner', object.name);
	END LOOP;

	FOR object IN
		SELECT t.oid::regtype AS name
		FROM pg_type t LEFT JOIN pg_class c ON c.oid = t.typrelid
		WHERE t.typnamespace = ANY (schemas) AND t.typowner <> 'arsignup_owner'::regrole
		AND (t.typtype IN ('b', 'd', 'e') AND t.typelem = 0 OR c.relkind = 'c')
	LOOP
		EXECUTE format('ALTER TYPE %s OWNER TO arsignup_owner', object.name);
	END LOOP;
END
$$;

ALTER SCHEMA arsignup OWNER TO arsignup_owner;
ALTER SCHEMA arsignup_web OWNER TO arsignup_owner;
