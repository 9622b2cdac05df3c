-- Identity, users, orgs, memberships.

COMMENT ON FUNCTION arsignup.are_valid_urls(text[]) IS 'Tells whether all URLs may be registered: absolute, https, or http on a loopback host; no userinfo, backslash, control or non-ASCII character. Nulls pass.';
COMMENT ON FUNCTION arsignup.are_valid_origins(text[]) IS 'Tells whether all are origins as browsers send them: scheme, host and port of a URL that are_valid_urls accepts. Nulls pass.';
COMMENT ON FUNCTION arsignup.are_valid_hosts(text[]) IS 'Tells whether all are host names in lower case; IP addresses are not. Nulls pass.';
COMMENT ON FUNCTION arsignup.are_valid_permissions(text[]) IS 'Tells whether these may be the permissions of a membership: 20 at most, each 1 to 62 of A-Z a-z 0-9 * : ; . _ -';
COMMENT ON FUNCTION arsignup.guard_realm() IS 'Trigger function of realms.';
COMMENT ON FUNCTION arsignup.route_slug() IS 'Trigger function of connected_apps.';

CREATE OR REPLACE FUNCTION arsignup.normalize_email(email text)
RETURNS text
LANGUAGE c IMMUTABLE STRICT PARALLEL SAFE
SET search_path = pg_catalog, pg_temp
AS 'MODULE_PATHNAME', 'arsignup_normalize_email';

COMMENT ON FUNCTION arsignup.normalize_email(text) IS
'Returns the canonical form by which emails are compared: trimmed, NFC, ASCII lower case. Null for null, and for what is no address: a dot-atom local part of 1 to 64 octets, @, a host name; 254 octets in all (RFC 5321).';

CREATE OR REPLACE FUNCTION arsignup.normalize_username(username text)
RETURNS text
LANGUAGE c IMMUTABLE STRICT PARALLEL SAFE
SET search_path = pg_catalog, pg_temp
AS 'MODULE_PATHNAME', 'arsignup_normalize_username';

COMMENT ON FUNCTION arsignup.normalize_username(text) IS
'Returns the canonical form by which usernames of standard realms are compared: trimmed, NFC, ASCII lower case. Null for null, and for what is no username: a letter or digit, then letters, digits, dots, underscores and hyphens, 63 at most.';

CREATE OR REPLACE FUNCTION arsignup.create_user(
	realm_id uuid,
	email text,
	password arsignup.secret DEFAULT NULL,
	username text DEFAULT NULL,
	password_hash arsignup.secret DEFAULT NULL,
	first_name text DEFAULT NULL,
	last_name text DEFAULT NULL,
	reference text DEFAULT NULL,
	custom jsonb DEFAULT '{}',
	user_type text DEFAULT 'human'
)
RETURNS uuid
LANGUAGE c VOLATILE SECURITY DEFINER
SET search_path = pg_catalog, pg_temp
AS 'MODULE_PATHNAME', 'arsignup_create_user';

COMMENT ON FUNCTION arsignup.create_user(uuid, text, arsignup.secret, text, arsignup.secret, text, text, text, jsonb, text) IS
'Creates a user with its password or ready password_hash, or without either, and returns its id. username: required in standard realms; in email realms it is the email. user_type: human or api; an api user needs no email and is named by its id if it has no username. Errors: SU001 invalid input; SU002 username or email taken; SU006 realm inactive; SU007 too busy; SU010 no such realm; 55P03 another transaction holds the name.';

CREATE OR REPLACE FUNCTION arsignup.create_org(
	realm_id uuid,
	name text,
	reference text DEFAULT NULL,
	custom jsonb DEFAULT '{}'
)
RETURNS uuid
LANGUAGE c VOLATILE SECURITY DEFINER
SET search_path = pg_catalog, pg_temp
AS 'MODULE_PATHNAME', 'arsignup_create_org';

COMMENT ON FUNCTION arsignup.create_org(uuid, text, text, jsonb) IS
'Creates an org and returns its id. Errors: SU001 invalid input; SU006 realm inactive; SU010 no such realm.';

CREATE OR REPLACE FUNCTION arsignup.create_membership(
	realm_id uuid,
	user_id uuid,
	org_id uuid DEFAULT NULL,
	permissions text[] DEFAULT '{}',
	expires_at timestamptz DEFAULT NULL,
	custom jsonb DEFAULT '{}'
)
RETURNS uuid
LANGUAGE c VOLATILE SECURITY DEFINER
SET search_path = pg_catalog, pg_temp
AS 'MODULE_PATHNAME', 'arsignup_create_membership';

COMMENT ON FUNCTION arsignup.create_membership(uuid, uuid, uuid, text[], timestamptz, jsonb) IS
'Makes a user a member of an org, or gives it permissions without one (org_id null), and returns the membership''s id. Errors: SU001 invalid input; SU002 the user has this membership already; SU006 realm, user or org inactive; SU010 no such realm, user or org; 55P03 another transaction holds one of them.';
