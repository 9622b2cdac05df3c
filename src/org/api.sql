-- Orgs and memberships.

CREATE OR REPLACE FUNCTION arsignup.create_org(
	realm_id uuid,
	name text,
	reference text DEFAULT NULL,
	custom jsonb DEFAULT '{}',
	org_id uuid DEFAULT NULL,
	created_at timestamptz DEFAULT NULL,
	state text DEFAULT 'active'
)
RETURNS uuid
LANGUAGE c VOLATILE SECURITY DEFINER
SET search_path = pg_catalog, pg_temp
AS 'MODULE_PATHNAME', 'arsignup_create_org';

COMMENT ON FUNCTION arsignup.create_org(uuid, text, text, jsonb, uuid, timestamptz, text) IS
'Creates an org and returns its id. An import brings along: org_id, any UUID that no org has; created_at, between 1970 and now; state, active or inactive (in which nobody can become a member). Errors: SU001 invalid input; SU002 org_id taken; SU006 realm inactive; SU010 no such realm; 55P03 another transaction holds the id.';

CREATE OR REPLACE FUNCTION arsignup.create_membership(
	realm_id uuid,
	user_id uuid,
	org_id uuid DEFAULT NULL,
	permissions text[] DEFAULT '{}',
	expires_at timestamptz DEFAULT NULL,
	custom jsonb DEFAULT '{}',
	membership_id uuid DEFAULT NULL,
	created_at timestamptz DEFAULT NULL
)
RETURNS uuid
LANGUAGE c VOLATILE
AS 'MODULE_PATHNAME', 'arsignup_create_membership';

COMMENT ON FUNCTION arsignup.create_membership(uuid, uuid, uuid, text[], timestamptz, jsonb, uuid, timestamptz) IS
'Makes a user a member of an org, or gives it permissions without one (org_id null), and returns the membership''s id. One that has expired gives way to the new one; what your foreign keys to it do then runs as with delete_user. An import brings along: membership_id, any UUID that no membership has; created_at, between 1970 and now. Errors: SU001 invalid input; SU002 the user has this membership already, or membership_id is taken; SU006 realm, user or org inactive; SU010 no such realm, user or org; 23503 a table of yours still refers to the one that has expired; 55P03 another transaction holds one of them.';

CREATE OR REPLACE FUNCTION arsignup.update_org(
	realm_id uuid,
	org_id uuid,
	name text DEFAULT NULL,
	reference text DEFAULT NULL,
	custom jsonb DEFAULT NULL,
	state text DEFAULT NULL
)
RETURNS void
LANGUAGE c VOLATILE SECURITY DEFINER
SET search_path = pg_catalog, pg_temp
AS 'MODULE_PATHNAME', 'arsignup_update_org';

COMMENT ON FUNCTION arsignup.update_org(uuid, uuid, text, text, jsonb, text) IS
'Changes an org; null leaves as it is, a blank reference takes it away. state: active or inactive. Errors: SU001 invalid input; SU010 no such realm or org; 55P03 another transaction holds the org.';

CREATE OR REPLACE FUNCTION arsignup.delete_org(
	realm_id uuid,
	org_id uuid
)
RETURNS boolean
LANGUAGE c VOLATILE
AS 'MODULE_PATHNAME', 'arsignup_delete_org';

COMMENT ON FUNCTION arsignup.delete_org(uuid, uuid) IS
'Deletes an org with its memberships, each told as membership.deleted before org.deleted; its users stay; false if there is none. What your foreign keys do then runs as with delete_user. Errors: SU010 no such realm; 23503 a table of yours still refers to the org; 55P03 another transaction holds it.';

CREATE OR REPLACE FUNCTION arsignup.delete_user(
	realm_id uuid,
	user_id uuid
)
RETURNS boolean
LANGUAGE c VOLATILE
AS 'MODULE_PATHNAME', 'arsignup_delete_user';

COMMENT ON FUNCTION arsignup.delete_user(uuid, uuid) IS
'Deletes a user with its credentials, memberships and sessions, each membership told as membership.deleted before user.deleted; false if there is none, or if names are only held for it. Where that hold is over, what is left of it is deleted, and not told of. What your foreign keys to it do, and triggers behind them, runs as the caller (from PostgreSQL 18 on triggers run as the owner of your table). Leaves behind signup tokens of the user until purge_expired, events until purge_events, with ip, client and former emails, and orgs, which may be named after the user: forget_user deletes the tokens and takes these values out of the events. Errors: SU010 no such realm; 23503 a table of yours still refers to the user; 55P03 another transaction holds it.';

CREATE OR REPLACE FUNCTION arsignup.update_membership(
	realm_id uuid,
	membership_id uuid,
	permissions text[] DEFAULT NULL,
	expires_at timestamptz DEFAULT NULL,
	custom jsonb DEFAULT NULL
)
RETURNS void
LANGUAGE c VOLATILE SECURITY DEFINER
SET search_path = pg_catalog, pg_temp
AS 'MODULE_PATHNAME', 'arsignup_update_membership';

COMMENT ON FUNCTION arsignup.update_membership(uuid, uuid, text[], timestamptz, jsonb) IS
'Changes a membership; null leaves as it is. expires_at: infinity means never. One that has expired is gone, and cannot be prolonged. Errors: SU001 invalid input; SU010 no such realm or membership; 55P03 another transaction holds the membership.';

CREATE OR REPLACE FUNCTION arsignup.delete_membership(
	realm_id uuid,
	membership_id uuid
)
RETURNS boolean
LANGUAGE c VOLATILE
AS 'MODULE_PATHNAME', 'arsignup_delete_membership';

COMMENT ON FUNCTION arsignup.delete_membership(uuid, uuid) IS
'Ends a membership; false if there is none, or it has expired. What your foreign keys to it do then runs as with delete_user. Errors: SU010 no such realm; 23503 a table of yours still refers to the membership; 55P03 another transaction holds the membership.';
