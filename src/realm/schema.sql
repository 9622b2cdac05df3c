-- Configuration: realms, connected apps, routes. Administrators write these
-- tables themselves, so every rule is a constraint.

CREATE FUNCTION arsignup.are_valid_urls(urls text[])
RETURNS boolean
LANGUAGE c IMMUTABLE STRICT PARALLEL SAFE
SET search_path = pg_catalog, pg_temp
AS 'MODULE_PATHNAME', 'arsignup_are_valid_urls';

CREATE FUNCTION arsignup.are_valid_origins(origins text[])
RETURNS boolean
LANGUAGE c IMMUTABLE STRICT PARALLEL SAFE
SET search_path = pg_catalog, pg_temp
AS 'MODULE_PATHNAME', 'arsignup_are_valid_origins';

CREATE FUNCTION arsignup.are_valid_hosts(hosts text[])
RETURNS boolean
LANGUAGE c IMMUTABLE STRICT PARALLEL SAFE
SET search_path = pg_catalog, pg_temp
AS 'MODULE_PATHNAME', 'arsignup_are_valid_hosts';

CREATE FUNCTION arsignup.are_valid_permissions(permissions text[])
RETURNS boolean
LANGUAGE c IMMUTABLE STRICT PARALLEL SAFE
SET search_path = pg_catalog, pg_temp
AS 'MODULE_PATHNAME', 'arsignup_are_valid_permissions';

CREATE FUNCTION arsignup.guard_slug()
RETURNS trigger
LANGUAGE c
SET search_path = pg_catalog, pg_temp
AS 'MODULE_PATHNAME', 'arsignup_guard_slug';

CREATE FUNCTION arsignup.route_slug()
RETURNS trigger
LANGUAGE c
SET search_path = pg_catalog, pg_temp
AS 'MODULE_PATHNAME', 'arsignup_route_slug';

CREATE TABLE arsignup.realms (
	id uuid PRIMARY KEY DEFAULT arsignup.new_id(),
	name text NOT NULL
		CONSTRAINT name_has_1_to_255_characters CHECK (length(name) BETWEEN 1 AND 255),
	state text NOT NULL DEFAULT 'active'
		CONSTRAINT state_is_known CHECK (state IN ('active', 'inactive')),
	username_validation text NOT NULL DEFAULT 'email'
		CONSTRAINT username_validation_is_known CHECK (username_validation IN ('email', 'standard')),
	require_unique_emails boolean NOT NULL DEFAULT true,
	logins_enabled boolean NOT NULL DEFAULT true,
	signups_enabled boolean NOT NULL DEFAULT true,
	signup_mode text NOT NULL DEFAULT 'user'
		CONSTRAINT signup_mode_is_known CHECK (signup_mode IN ('user', 'user_org', 'signup_token')),
	name_field text NOT NULL DEFAULT 'optional'
		CONSTRAINT name_field_is_known CHECK (name_field IN ('required', 'both', 'optional', 'hidden')),
	org_name_field text NOT NULL DEFAULT 'optional'
		CONSTRAINT org_name_field_is_known CHECK (org_name_field IN ('required', 'optional', 'hidden')),
	password_field text NOT NULL DEFAULT 'once'
		CONSTRAINT password_field_is_known CHECK (password_field IN ('once', 'twice')),
	default_permissions text[] NOT NULL DEFAULT '{}'
		CONSTRAINT default_permissions_are_at_most_20_of_1_to_62_characters CHECK (arsignup.are_valid_permissions(default_permissions)),
	signup_token_ttl interval NOT NULL DEFAULT '24 hours'
		CONSTRAINT signup_token_ttl_is_positive_and_366_days_at_most
		CHECK (signup_token_ttl > '0' AND signup_token_ttl <= '366 days'),
	password_min_length int NOT NULL DEFAULT 8
		CONSTRAINT password_min_length_is_1_to_128 CHECK (password_min_length BETWEEN 1 AND 128),
	password_min_score int NOT NULL DEFAULT 3
		CONSTRAINT password_min_score_is_0_to_4 CHECK (password_min_score BETWEEN 0 AND 4),
	session_type text NOT NULL DEFAULT 'managed'
		CONSTRAINT session_type_is_known CHECK (session_type IN ('managed', 'unmanaged')),
	session_minutes int NOT NULL DEFAULT 360
		CONSTRAINT session_minutes_is_1_to_527040 CHECK (session_minutes BETWEEN 1 AND 527040),
	jwt_alg text NOT NULL DEFAULT 'HS256'
		CONSTRAINT jwt_alg_is_known CHECK (jwt_alg IN ('HS256', 'EdDSA', 'RS256')),
	jwt_fields text[] NOT NULL DEFAULT '{}'
		CONSTRAINT jwt_fields_are_known CHECK (jwt_fields <@ ARRAY['custom', 'memberships', 'orgs']),
	sso text NOT NULL DEFAULT 'basic'
		CONSTRAINT sso_is_known CHECK (sso IN ('basic', 'seamless')),
	email_verification text NOT NULL DEFAULT 'none'
		CONSTRAINT email_verification_is_known CHECK (email_verification IN ('none', 'request', 'require')),
	custom jsonb NOT NULL DEFAULT '{}'
		CONSTRAINT custom_is_an_object CHECK (jsonb_typeof(custom) = 'object'),
	created_at timestamptz NOT NULL DEFAULT now()
);

COMMENT ON TABLE arsignup.realms IS 'Separate worlds of users, orgs and apps. Usernames and emails are unique inside a realm, never across.';
COMMENT ON COLUMN arsignup.realms.id IS 'UUID version 7; rl_ outside SQL.';
COMMENT ON COLUMN arsignup.realms.name IS 'For people; not unique.';
COMMENT ON COLUMN arsignup.realms.state IS 'active, or inactive: nobody signs up or logs in, nothing is created.';
COMMENT ON COLUMN arsignup.realms.username_validation IS 'email: the email is the username. standard: users have a username of letters, digits, dots, underscores and hyphens. Fixed once there are users or orgs.';
COMMENT ON COLUMN arsignup.realms.require_unique_emails IS 'Whether two users may not share an email. Once there are users or orgs it can only be switched off.';
COMMENT ON COLUMN arsignup.realms.logins_enabled IS 'Whether people may log in. An app may say otherwise.';
COMMENT ON COLUMN arsignup.realms.signups_enabled IS 'Whether people may sign up. An app may say otherwise.';
COMMENT ON COLUMN arsignup.realms.signup_mode IS 'What a signup makes: user, user_org (user, org and membership) or signup_token. An app may say otherwise.';
COMMENT ON COLUMN arsignup.realms.name_field IS 'Whether a signup asks for first and last name: required (one of them is enough, since many people have one name), both, optional or hidden. An app may say otherwise.';
COMMENT ON COLUMN arsignup.realms.org_name_field IS 'Whether a signup asks for the name of the org: required, optional or hidden. An app may say otherwise.';
COMMENT ON COLUMN arsignup.realms.password_field IS 'Whether a signup asks for the password once or twice. An app may say otherwise.';
COMMENT ON COLUMN arsignup.realms.default_permissions IS 'Permissions of the membership that a signup makes. An app may say otherwise.';
COMMENT ON COLUMN arsignup.realms.signup_token_ttl IS 'How long a signup token can be redeemed, unless its mint says otherwise.';
COMMENT ON COLUMN arsignup.realms.password_min_length IS 'Fewest characters of a password.';
COMMENT ON COLUMN arsignup.realms.password_min_score IS 'Least strength of a password, as zxcvbn scores it: 0 (not asked for) to 4.';
COMMENT ON COLUMN arsignup.realms.session_type IS 'managed: sessions are stored and can be ended. unmanaged: the login token is all there is.';
COMMENT ON COLUMN arsignup.realms.session_minutes IS 'How many minutes a session lasts.';
COMMENT ON COLUMN arsignup.realms.jwt_alg IS 'How login tokens are signed: HS256, EdDSA or RS256.';
COMMENT ON COLUMN arsignup.realms.jwt_fields IS 'What a login token tells beside the user: any of custom (cs), memberships (m) and, with memberships, orgs (o and ocs in m). As much as fits into arsignup.max_login_token_size: first permissions, then cs, m.o, m.cs and m.ocs. A claim is there as a whole or not at all; left_out names those that are not, also for a number of more than 308 digits, or arrays and objects nested more than 64 deep in a token.';
COMMENT ON COLUMN arsignup.realms.sso IS 'basic: each app asks for the password. seamless: a hosted page that remembers the session forwards at once.';
COMMENT ON COLUMN arsignup.realms.email_verification IS 'Whether a signup asks for the email to be verified: none, request, or require: nobody logs in before. What must be mailed is an event.';
COMMENT ON COLUMN arsignup.realms.custom IS 'Attributes of your own.';
COMMENT ON COLUMN arsignup.realms.created_at IS 'When the realm was made.';

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

CREATE TABLE arsignup.app_routes (
	kind text COLLATE "C" NOT NULL
		CONSTRAINT kind_is_known CHECK (kind IN ('slug', 'host')),
	name text COLLATE "C" NOT NULL
		CONSTRAINT host_is_a_host_name CHECK (kind <> 'host' OR arsignup.are_valid_hosts(ARRAY[name])),
	realm_id uuid NOT NULL,
	connected_app_id uuid NOT NULL,
	CONSTRAINT slugs_and_hosts_are_unique PRIMARY KEY (kind, name),
	FOREIGN KEY (realm_id, connected_app_id) REFERENCES arsignup.connected_apps (realm_id, id) ON DELETE CASCADE
);

CREATE INDEX ON arsignup.app_routes (realm_id, connected_app_id);

CREATE TRIGGER route_slug AFTER INSERT OR UPDATE OF slug
ON arsignup.connected_apps FOR EACH ROW EXECUTE FUNCTION arsignup.route_slug();

-- A slug's row comes from the trigger above, or goes by the foreign key; by hand it would be lost in a dump.
CREATE TRIGGER guard_insert BEFORE INSERT ON arsignup.app_routes FOR EACH ROW
WHEN (pg_trigger_depth() = 0 AND NEW.kind = 'slug')
EXECUTE FUNCTION arsignup.guard_slug();

CREATE TRIGGER guard_update BEFORE UPDATE ON arsignup.app_routes FOR EACH ROW
WHEN (pg_trigger_depth() = 0 AND 'slug' IN (OLD.kind, NEW.kind))
EXECUTE FUNCTION arsignup.guard_slug();

CREATE TRIGGER guard_delete BEFORE DELETE ON arsignup.app_routes FOR EACH ROW
WHEN (pg_trigger_depth() = 0 AND OLD.kind = 'slug')
EXECUTE FUNCTION arsignup.guard_slug();

COMMENT ON TRIGGER guard_insert ON arsignup.app_routes IS 'Keeps slugs as their apps say.';
COMMENT ON TRIGGER guard_update ON arsignup.app_routes IS 'Keeps slugs as their apps say.';
COMMENT ON TRIGGER guard_delete ON arsignup.app_routes IS 'Keeps slugs as their apps say.';
COMMENT ON TRIGGER route_slug ON arsignup.connected_apps IS 'Gives the slug its row in app_routes.';
COMMENT ON TABLE arsignup.app_routes IS 'Which connected app a request is for. An app''s slug has its row by itself; host names are inserted here.';
COMMENT ON COLUMN arsignup.app_routes.kind IS 'slug (first path segment) or host.';
COMMENT ON COLUMN arsignup.app_routes.name IS 'The slug, or the host name in lower case; unique in the database.';
COMMENT ON COLUMN arsignup.app_routes.realm_id IS 'The app''s realm.';
COMMENT ON COLUMN arsignup.app_routes.connected_app_id IS 'The app.';

SELECT pg_extension_config_dump('arsignup.realms', '');
SELECT pg_extension_config_dump('arsignup.connected_apps', '');
-- The trigger on connected_apps makes the slugs' rows again.
SELECT pg_extension_config_dump('arsignup.app_routes', $$WHERE kind = 'host'$$);
