-- Who owns what, and who may do what. What is not written here, nobody may.
--
-- New objects are known by their owner, who is still the installing superuser.
-- Whatever they were born with, from PUBLIC's defaults or from the installer's
-- default privileges, is taken away first. Objects from before are not
-- touched: a REVOKE or GRANT in an upgrade would make pg_dump forget the
-- administrator's own.

DO $$
DECLARE
	object record;
	permit record;
	owner CONSTANT oid := 'arsignup_owner'::regrole;
	schemas CONSTANT oid[] := ARRAY['arsignup'::regnamespace, 'arsignup_web'::regnamespace];
BEGIN
	FOR object IN
		SELECT 'SCHEMA' AS kind, oid::regnamespace::text AS name, nspname AS short_name, nspowner AS owner,
			coalesce(nspacl, acldefault('n', nspowner)) AS acl
		FROM pg_namespace WHERE oid = ANY (schemas) AND nspowner <> owner
		UNION ALL
		SELECT 'TYPE', t.oid::regtype::text, t.typname, t.typowner, coalesce(t.typacl, acldefault('T', t.typowner))
		FROM pg_type t LEFT JOIN pg_class c ON c.oid = t.typrelid
		WHERE t.typnamespace = ANY (schemas) AND t.typowner <> owner
		AND (t.typtype = 'b' AND t.typelem = 0 OR t.typtype = 'd' OR c.relkind = 'c')
		UNION ALL
		SELECT CASE prokind WHEN 'p' THEN 'PROCEDURE' ELSE 'FUNCTION' END, oid::regprocedure::text,
			CASE pronamespace WHEN 'arsignup_web'::regnamespace THEN 'web ' ELSE '' END || proname, proowner, coalesce(proacl, acldefault('f', proowner))
		FROM pg_proc WHERE pronamespace = ANY (schemas) AND proowner <> owner
	LOOP
		FOR permit IN
			SELECT DISTINCT CASE grantee WHEN 0 THEN 'PUBLIC' ELSE grantee::regrole::text END AS grantee
			FROM aclexplode(object.acl) WHERE grantee <> object.owner
		LOOP
			EXECUTE format('REVOKE ALL ON %s %s FROM %s', object.kind, object.name, permit.grantee);
		END LOOP;

		EXECUTE format('ALTER %s %s OWNER TO arsignup_owner', object.kind, object.name);

		FOR permit IN
			SELECT g.privileges, g.grantees FROM (VALUES
				('SCHEMA', 'arsignup', 'USAGE', 'PUBLIC'),
				('SCHEMA', 'arsignup_web', 'USAGE', 'arsignup_web'),

				('TYPE', 'signup_token_info', 'USAGE', 'PUBLIC'),
				('TYPE', 'signup_result', 'USAGE', 'PUBLIC'),
				('TYPE', 'login_result', 'USAGE', 'PUBLIC'),
				('TYPE', 'claimed_event', 'USAGE', 'PUBLIC'),

				('FUNCTION', 'normalize_email', 'EXECUTE', 'PUBLIC'),
				('FUNCTION', 'normalize_username', 'EXECUTE', 'PUBLIC'),
				('FUNCTION', 'format_id', 'EXECUTE', 'PUBLIC'),
				('FUNCTION', 'parse_id', 'EXECUTE', 'PUBLIC'),
				('FUNCTION', 'password_needs_rehash', 'EXECUTE', 'PUBLIC'),

				('FUNCTION', 'hash_password', 'EXECUTE', 'arsignup_app, arsignup_admin'),
				('FUNCTION', 'verify_password', 'EXECUTE', 'arsignup_app, arsignup_admin'),
				('FUNCTION', 'password_strength', 'EXECUTE', 'arsignup_app, arsignup_admin'),
				('FUNCTION', 'find_user', 'EXECUTE', 'arsignup_app, arsignup_admin'),
				('FUNCTION', 'create_user', 'EXECUTE', 'arsignup_app, arsignup_admin'),
				('FUNCTION', 'update_user', 'EXECUTE', 'arsignup_app, arsignup_admin'),
				('FUNCTION', 'delete_user', 'EXECUTE', 'arsignup_app, arsignup_admin'),
				('FUNCTION', 'set_password', 'EXECUTE', 'arsignup_app, arsignup_admin'),
				('FUNCTION', 'set_password_hash', 'EXECUTE', 'arsignup_app, arsignup_admin'),
				('FUNCTION', 'change_password', 'EXECUTE', 'arsignup_app, arsignup_admin'),
				('FUNCTION', 'delete_password', 'EXECUTE', 'arsignup_app, arsignup_admin'),
				('FUNCTION', 'create_user_key', 'EXECUTE', 'arsignup_app, arsignup_admin'),
				('FUNCTION', 'delete_user_key', 'EXECUTE', 'arsignup_app, arsignup_admin'),
				('FUNCTION', 'authenticate_key', 'EXECUTE', 'arsignup_app, arsignup_admin'),
				('FUNCTION', 'create_org', 'EXECUTE', 'arsignup_app, arsignup_admin'),
				('FUNCTION', 'update_org', 'EXECUTE', 'arsignup_app, arsignup_admin'),
				('FUNCTION', 'delete_org', 'EXECUTE', 'arsignup_app, arsignup_admin'),
				('FUNCTION', 'create_membership', 'EXECUTE', 'arsignup_app, arsignup_admin'),
				('FUNCTION', 'update_membership', 'EXECUTE', 'arsignup_app, arsignup_admin'),
				('FUNCTION', 'delete_membership', 'EXECUTE', 'arsignup_app, arsignup_admin'),
				('FUNCTION', 'login', 'EXECUTE', 'arsignup_app, arsignup_admin'),
				('FUNCTION', 'authenticate', 'EXECUTE', 'arsignup_app, arsignup_admin'),
				('FUNCTION', 'create_session', 'EXECUTE', 'arsignup_app, arsignup_admin'),
				('FUNCTION', 'verify_login_token', 'EXECUTE', 'arsignup_app, arsignup_admin'),
				('FUNCTION', 'end_session', 'EXECUTE', 'arsignup_app, arsignup_admin'),
				('FUNCTION', 'end_sessions', 'EXECUTE', 'arsignup_app, arsignup_admin'),
				('FUNCTION', 'remember_session', 'EXECUTE', 'arsignup_app, arsignup_admin'),
				('FUNCTION', 'end_browser_session', 'EXECUTE', 'arsignup_app, arsignup_admin'),
				('FUNCTION', 'login_again', 'EXECUTE', 'arsignup_app, arsignup_admin'),
				('FUNCTION', 'jwks', 'EXECUTE', 'arsignup_app, arsignup_admin'),
				('FUNCTION', 'request_password_reset', 'EXECUTE', 'arsignup_app, arsignup_admin'),
				('FUNCTION', 'reset_password', 'EXECUTE', 'arsignup_app, arsignup_admin'),
				('FUNCTION', 'request_email_verification', 'EXECUTE', 'arsignup_app, arsignup_admin'),
				('FUNCTION', 'verify_email', 'EXECUTE', 'arsignup_app, arsignup_admin'),
				('FUNCTION', 'signup', 'EXECUTE', 'arsignup_app, arsignup_admin'),
				('FUNCTION', 'mint_signup_token', 'EXECUTE', 'arsignup_app, arsignup_admin'),
				('FUNCTION', 'get_signup_token', 'EXECUTE', 'arsignup_app, arsignup_admin'),
				('FUNCTION', 'hold_signup_token', 'EXECUTE', 'arsignup_app, arsignup_admin'),
				('FUNCTION', 'redeem_signup_token', 'EXECUTE', 'arsignup_app, arsignup_admin'),
				('FUNCTION', 'revoke_signup_token', 'EXECUTE', 'arsignup_app, arsignup_admin'),

				('FUNCTION', 'claim_events', 'EXECUTE', 'arsignup_app, arsignup_admin'),
				('FUNCTION', 'postpone_event', 'EXECUTE', 'arsignup_app, arsignup_admin'),
				('FUNCTION', 'retry_event', 'EXECUTE', 'arsignup_app, arsignup_admin'),
				('FUNCTION', 'queue_hooks', 'EXECUTE', 'arsignup_app, arsignup_admin'),
				('FUNCTION', 'event_json', 'EXECUTE', 'arsignup_app, arsignup_admin'),

				('FUNCTION', 'export_user', 'EXECUTE', 'arsignup_app, arsignup_admin'),
				('FUNCTION', 'forget_user', 'EXECUTE', 'arsignup_app, arsignup_admin'),

				('FUNCTION', 'create_api_key', 'EXECUTE', 'arsignup_admin'),
				('FUNCTION', 'revoke_api_key', 'EXECUTE', 'arsignup_admin'),
				('FUNCTION', 'revoke_signup_tokens', 'EXECUTE', 'arsignup_admin'),
				('FUNCTION', 'end_all_sessions', 'EXECUTE', 'arsignup_admin'),
				('FUNCTION', 'make_master_key', 'EXECUTE', 'arsignup_admin'),
				('FUNCTION', 'reseal_signing_keys', 'EXECUTE', 'arsignup_admin'),
				('FUNCTION', 'check_keys', 'EXECUTE', 'arsignup_admin'),
				('FUNCTION', 'rotate_signing_key', 'EXECUTE', 'arsignup_admin'),
				('FUNCTION', 'reveal_jwt_key', 'EXECUTE', 'arsignup_admin'),
				('FUNCTION', 'stats', 'EXECUTE', 'arsignup_admin, pg_monitor'),
				('FUNCTION', 'backlog', 'EXECUTE', 'arsignup_admin, pg_monitor'),
				('FUNCTION', 'is_preloaded', 'EXECUTE', 'arsignup_admin'),
				('FUNCTION', 'check_settings', 'EXECUTE', 'arsignup_admin, pg_monitor'),
				('FUNCTION', 'purge_expired', 'EXECUTE', 'arsignup_admin'),
				('FUNCTION', 'purge_events', 'EXECUTE', 'arsignup_admin'),
				('PROCEDURE', 'purge', 'EXECUTE', 'arsignup_admin'),
				('FUNCTION', 'delete_realm', 'EXECUTE', 'arsignup_admin'),
				('FUNCTION', 'reset_realm', 'EXECUTE', 'arsignup_admin'),
				('FUNCTION', 'library_version', 'EXECUTE', 'arsignup_admin'),
				('FUNCTION', 'new_id', 'EXECUTE', 'arsignup_admin'),
				('FUNCTION', 'are_valid_urls', 'EXECUTE', 'arsignup_admin'),
				('FUNCTION', 'are_valid_origins', 'EXECUTE', 'arsignup_admin'),
				('FUNCTION', 'are_valid_hosts', 'EXECUTE', 'arsignup_admin'),
				('FUNCTION', 'are_valid_permissions', 'EXECUTE', 'arsignup_admin'),
				('FUNCTION', 'are_hook_events', 'EXECUTE', 'arsignup_admin'),

				-- Those of schema arsignup_web.
				('FUNCTION', 'web handle', 'EXECUTE', 'arsignup_web'),
				('FUNCTION', 'web signup_page', 'EXECUTE', 'arsignup_web'),
				('FUNCTION', 'web login_page', 'EXECUTE', 'arsignup_web'),
				('FUNCTION', 'web logout_page', 'EXECUTE', 'arsignup_web'),
				('FUNCTION', 'web signup', 'EXECUTE', 'arsignup_web'),
				('FUNCTION', 'web login', 'EXECUTE', 'arsignup_web'),
				('FUNCTION', 'web logout', 'EXECUTE', 'arsignup_web'),
				('FUNCTION', 'web stylesheet', 'EXECUTE', 'arsignup_web')
			) AS g (kind, name, privileges, grantees)
			WHERE g.kind = object.kind AND g.name = object.short_name
		LOOP
			EXECUTE format('GRANT %s ON %s %s TO %s', permit.privileges, object.kind, object.name, permit.grantees);
		END LOOP;
	END LOOP;
END
$$;
