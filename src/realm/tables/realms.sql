-- Administrators write this table themselves, as connected_apps and app_routes, so every rule is a constraint.

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
	longest_hold interval NOT NULL DEFAULT '30 days'
		CONSTRAINT longest_hold_is_positive_and_366_days_at_most CHECK (longest_hold > '0' AND longest_hold <= '366 days'),
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
	event_retention interval DEFAULT '90 days'
		CONSTRAINT event_retention_is_positive_and_1000_years_at_most
		CHECK (event_retention > '0' AND event_retention <= '1000 years'),
	reference text
		CONSTRAINT reference_has_1_to_255_characters CHECK (length(reference) BETWEEN 1 AND 255),
	custom jsonb NOT NULL DEFAULT '{}'
		CONSTRAINT custom_is_an_object CHECK (jsonb_typeof(custom) = 'object'),
	created_at timestamptz NOT NULL DEFAULT now()
);

-- What lists of realms are sorted by, and found by.
CREATE INDEX realms_name ON arsignup.realms (name COLLATE "C", id);
CREATE INDEX realms_reference ON arsignup.realms (reference COLLATE "C", id) WHERE reference IS NOT NULL;

-- Once the key was inserted, since that waits for whoever is just deleting it.
CREATE TRIGGER guard_id AFTER INSERT OR UPDATE OF id ON arsignup.realms
FOR EACH ROW EXECUTE FUNCTION arsignup.guard_realm();

CREATE TRIGGER guard_update BEFORE UPDATE ON arsignup.realms
FOR EACH ROW
WHEN (OLD.id <> NEW.id OR OLD.username_validation <> NEW.username_validation
	OR OLD.require_unique_emails < NEW.require_unique_emails)
EXECUTE FUNCTION arsignup.guard_realm();

CREATE TRIGGER guard_delete BEFORE DELETE ON arsignup.realms
FOR EACH ROW EXECUTE FUNCTION arsignup.guard_realm();

COMMENT ON TABLE arsignup.realms IS 'Separate worlds of users, orgs and apps. Usernames and emails are unique inside a realm, never across. What is set here and in connected_apps holds from the next call of every session on, once it is committed, whatever the isolation level of that call''s transaction.';
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
COMMENT ON COLUMN arsignup.realms.longest_hold IS 'For how long from now hold_signup_token may hold a signup''s names.';
COMMENT ON COLUMN arsignup.realms.password_min_length IS 'Fewest characters of a password.';
COMMENT ON COLUMN arsignup.realms.password_min_score IS 'Least strength of a password, as zxcvbn scores it: 0 (not asked for) to 4.';
COMMENT ON COLUMN arsignup.realms.session_type IS 'managed: sessions are stored and can be ended. unmanaged: the login token is all there is.';
COMMENT ON COLUMN arsignup.realms.session_minutes IS 'How many minutes a session lasts.';
COMMENT ON COLUMN arsignup.realms.jwt_alg IS 'How login tokens are signed: HS256, EdDSA or RS256.';
COMMENT ON COLUMN arsignup.realms.jwt_fields IS 'What a login token tells beside the user: any of custom (cs), memberships (m) and, with memberships, orgs (o and ocs in m). As much as fits into arsignup.max_login_token_size: first permissions, then cs, m.o, m.cs and m.ocs. A claim is there as a whole or not at all; left_out names those that are not, also for a number of more than 308 digits, or arrays and objects nested more than 64 deep in a token.';
COMMENT ON COLUMN arsignup.realms.sso IS 'basic: each app asks for the password. seamless: a hosted page that remembers the session forwards at once.';
COMMENT ON COLUMN arsignup.realms.email_verification IS 'Whether a signup asks for the email to be verified: none, request, or require: nobody logs in before. What must be mailed is an event.';
COMMENT ON COLUMN arsignup.realms.event_retention IS 'How long events are kept, claimed or not, before purge deletes them; null: for ever. Longer than the longest outage of the workers that claim them.';
COMMENT ON COLUMN arsignup.realms.reference IS 'The application''s own id of this realm; not unique.';
COMMENT ON COLUMN arsignup.realms.custom IS 'Attributes of your own.';
COMMENT ON COLUMN arsignup.realms.created_at IS 'When the realm was made.';
COMMENT ON TRIGGER guard_id ON arsignup.realms IS 'Keeps the id of a realm that was deleted from another, as long as something of it may be left.';
COMMENT ON TRIGGER guard_update ON arsignup.realms IS 'Keeps what users and orgs stand on: the realm''s id and its rules for names.';
COMMENT ON TRIGGER guard_delete ON arsignup.realms IS 'Keeps a realm that has users or orgs.';

CREATE TRIGGER note_change BEFORE INSERT OR UPDATE OR DELETE ON arsignup.realms
FOR EACH ROW EXECUTE FUNCTION arsignup.note_change();
ALTER TABLE arsignup.realms ENABLE ALWAYS TRIGGER note_change;
COMMENT ON TRIGGER note_change ON arsignup.realms IS 'Has every session read the row anew: also one that is replicated, for which this must fire always.';

GRANT SELECT, INSERT, UPDATE ON arsignup.realms TO arsignup_admin;
