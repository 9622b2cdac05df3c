CREATE TABLE arsignup.connected_apps (
	realm_id uuid NOT NULL REFERENCES arsignup.realms (id),
	id uuid NOT NULL DEFAULT arsignup.new_id() UNIQUE,
	name text NOT NULL
		CONSTRAINT name_has_1_to_255_characters CHECK (length(name) BETWEEN 1 AND 255),
	slug text NOT NULL
		CONSTRAINT slug_is_1_to_63_of_a_to_z_0_to_9_and_inner_hyphens CHECK (slug ~ '^[a-z0-9]([a-z0-9-]{0,61}[a-z0-9])?$')
		CONSTRAINT slug_is_no_page CHECK (slug NOT IN
			('arsignup-errors', 'forgot', 'login', 'logout', 'reset', 'rpc', 'signup', 'static', 'v1', 'verify')),
	state text NOT NULL DEFAULT 'active'
		CONSTRAINT state_is_known CHECK (state IN ('active', 'inactive')),
	login_handler text NOT NULL
		CONSTRAINT login_handler_is_a_safe_url CHECK (arsignup.are_valid_urls(ARRAY[login_handler])),
	signup_handler text
		CONSTRAINT signup_handler_is_a_safe_url CHECK (arsignup.are_valid_urls(ARRAY[signup_handler])),
	redirect_uris text[] NOT NULL DEFAULT '{}'
		CONSTRAINT redirect_uris_are_safe_urls
		CHECK (arsignup.are_valid_urls(redirect_uris) AND array_position(redirect_uris, NULL) IS NULL),
	allowed_origins text[] NOT NULL DEFAULT '{}'
		CONSTRAINT allowed_origins_are_origins
		CHECK (arsignup.are_valid_origins(allowed_origins) AND array_position(allowed_origins, NULL) IS NULL),
	header_html text,
	footer_html text,
	external_css text
		CONSTRAINT external_css_is_a_safe_url CHECK (arsignup.are_valid_urls(ARRAY[external_css])),
	signup_mode text
		CONSTRAINT signup_mode_is_known CHECK (signup_mode IN ('user', 'user_org', 'signup_token')),
	name_field text
		CONSTRAINT name_field_is_known CHECK (name_field IN ('required', 'both', 'optional', 'hidden')),
	org_name_field text
		CONSTRAINT org_name_field_is_known CHECK (org_name_field IN ('required', 'optional', 'hidden')),
	password_field text
		CONSTRAINT password_field_is_known CHECK (password_field IN ('once', 'twice')),
	default_permissions text[]
		CONSTRAINT default_permissions_are_at_most_20_of_1_to_62_characters CHECK (arsignup.are_valid_permissions(default_permissions)),
	logins_enabled boolean,
	signups_enabled boolean,
	created_at timestamptz NOT NULL DEFAULT now(),
	PRIMARY KEY (realm_id, id)
);

COMMENT ON TABLE arsignup.connected_apps IS 'Applications that sign people up in a realm. Where a form rule is null, the realm''s holds.';
COMMENT ON COLUMN arsignup.connected_apps.realm_id IS 'The realm of its users.';
COMMENT ON COLUMN arsignup.connected_apps.id IS 'UUID version 7; lpl_ outside SQL.';
COMMENT ON COLUMN arsignup.connected_apps.name IS 'For people: pages show it.';
COMMENT ON COLUMN arsignup.connected_apps.slug IS 'First path segment of its pages: 1 to 63 of a-z, 0-9 and inner hyphens, and nothing that has another meaning at the front of a path: arsignup-errors, forgot, login, logout, reset, rpc, signup, static, v1, verify. Unique in the database, by app_routes.';
COMMENT ON COLUMN arsignup.connected_apps.state IS 'active, or inactive: nobody signs up or logs in through it.';
COMMENT ON COLUMN arsignup.connected_apps.login_handler IS 'The app''s URL that receives login tokens: https, or http on a loopback host.';
COMMENT ON COLUMN arsignup.connected_apps.signup_handler IS 'The app''s URL that receives signup tokens; null: the login handler.';
COMMENT ON COLUMN arsignup.connected_apps.redirect_uris IS 'URLs below which a redirect_uri may lie.';
COMMENT ON COLUMN arsignup.connected_apps.allowed_origins IS 'Origins whose pages may call the JSON API, as browsers send them: https://app.example.com; {*}: any, so that any page can guess passwords through its visitors'' browsers. Empty: those of the app''s login_handler, signup_handler and redirect_uris, and of its hosted pages.';
COMMENT ON COLUMN arsignup.connected_apps.header_html IS 'HTML above the forms; not escaped.';
COMMENT ON COLUMN arsignup.connected_apps.footer_html IS 'HTML below the forms; not escaped.';
COMMENT ON COLUMN arsignup.connected_apps.external_css IS 'URL of a stylesheet for the pages.';
COMMENT ON COLUMN arsignup.connected_apps.signup_mode IS 'What a signup makes; null: as the realm says.';
COMMENT ON COLUMN arsignup.connected_apps.name_field IS 'Whether a signup asks for names; null: as the realm says.';
COMMENT ON COLUMN arsignup.connected_apps.org_name_field IS 'Whether a signup asks for the name of the org; null: as the realm says.';
COMMENT ON COLUMN arsignup.connected_apps.password_field IS 'Whether a signup asks for the password once or twice; null: as the realm says.';
COMMENT ON COLUMN arsignup.connected_apps.default_permissions IS 'Permissions of the membership that a signup makes; null: as the realm says.';
COMMENT ON COLUMN arsignup.connected_apps.logins_enabled IS 'Whether people may log in; null: as the realm says.';
COMMENT ON COLUMN arsignup.connected_apps.signups_enabled IS 'Whether people may sign up; null: as the realm says.';
COMMENT ON COLUMN arsignup.connected_apps.created_at IS 'When the app was connected.';

CREATE TRIGGER route_slug AFTER INSERT OR UPDATE OF slug
ON arsignup.connected_apps FOR EACH ROW EXECUTE FUNCTION arsignup.route_slug();
COMMENT ON TRIGGER route_slug ON arsignup.connected_apps IS 'Gives the slug its row in app_routes.';

CREATE TRIGGER note_change BEFORE INSERT OR UPDATE OR DELETE ON arsignup.connected_apps
FOR EACH ROW EXECUTE FUNCTION arsignup.note_change();
ALTER TABLE arsignup.connected_apps ENABLE ALWAYS TRIGGER note_change;
COMMENT ON TRIGGER note_change ON arsignup.connected_apps IS 'Has every session read the row anew: also one that is replicated, for which this must fire always.';

GRANT SELECT, INSERT, UPDATE, DELETE ON arsignup.connected_apps TO arsignup_admin;
