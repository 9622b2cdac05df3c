-- Identity and users.

CREATE OR REPLACE FUNCTION arsignup.normalize_email(email text)
RETURNS text
LANGUAGE c IMMUTABLE STRICT PARALLEL SAFE
SET search_path = pg_catalog, pg_temp
AS 'MODULE_PATHNAME', 'arsignup_normalize_email';

COMMENT ON FUNCTION arsignup.normalize_email(text) IS
'Returns the canonical form by which emails are compared: trimmed of all that shows nothing, NFC, ASCII lower case. Null for null, and for what is no address: a dot-atom local part of 1 to 64 octets, @, a host name; 254 octets in all (RFC 5321). A local part with an encoded word (=?...?b?...?= or =?...?q?...?=, RFC 2047) is none: mail programs would read another address in it.';

CREATE OR REPLACE FUNCTION arsignup.normalize_username(username text)
RETURNS text
LANGUAGE c IMMUTABLE STRICT PARALLEL SAFE
SET search_path = pg_catalog, pg_temp
AS 'MODULE_PATHNAME', 'arsignup_normalize_username';

COMMENT ON FUNCTION arsignup.normalize_username(text) IS
'Returns the canonical form by which usernames of standard realms are compared: trimmed of all that shows nothing, NFC, ASCII lower case. Null for null, and for what is no username: a letter or digit, then letters, digits, dots, underscores and hyphens, 63 at most. What has the form of an id has a canonical form, too, but nobody can take it.';

CREATE OR REPLACE FUNCTION arsignup.find_user(realm_id uuid, login text)
RETURNS uuid
LANGUAGE c STABLE SECURITY DEFINER
SET search_path = pg_catalog, pg_temp
AS 'MODULE_PATHNAME', 'arsignup_find_user';

COMMENT ON FUNCTION arsignup.find_user(uuid, text) IS
'Returns the user who has this username or email, active or not, compared as at a login: trimmed, NFC, ASCII lower case. Null if there is none, and for an email that several share. Reads only, so it works on a standby. Errors: SU010 no such realm.';

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
	user_type text DEFAULT 'human',
	user_id uuid DEFAULT NULL,
	created_at timestamptz DEFAULT NULL,
	email_verified boolean DEFAULT false,
	state text DEFAULT 'active'
)
RETURNS uuid
LANGUAGE c VOLATILE SECURITY DEFINER
SET search_path = pg_catalog, pg_temp
AS 'MODULE_PATHNAME', 'arsignup_create_user';

COMMENT ON FUNCTION arsignup.create_user(uuid, text, arsignup.secret, text, arsignup.secret, text, text, text, jsonb, text, uuid, timestamptz, boolean, text) IS
'Creates a user with its password or ready password_hash (any that verify_password takes), or without either, and returns its id. username: required in standard realms, where it may be the user''s own email and no other address; in email realms it is the email. user_type: human or api; an api user needs no email and is named by its id if it has no username. An import brings along: user_id, any UUID that no user has, of whatever version (lists are in the order of ids); created_at, between 1970 and now (its password counts as that old); email_verified; state, active or inactive. user.created is told in any case, at the time of the call. Errors: SU001 invalid input; SU002 username, email or user_id taken; SU006 realm inactive; SU007 too busy; SU010 no such realm; 55P03 another transaction holds the name; 25006 on a standby, before anything is done.';

CREATE OR REPLACE FUNCTION arsignup.update_user(
	realm_id uuid,
	user_id uuid,
	email text DEFAULT NULL,
	username text DEFAULT NULL,
	first_name text DEFAULT NULL,
	last_name text DEFAULT NULL,
	reference text DEFAULT NULL,
	custom jsonb DEFAULT NULL,
	state text DEFAULT NULL
)
RETURNS void
LANGUAGE c VOLATILE SECURITY DEFINER
SET search_path = pg_catalog, pg_temp
AS 'MODULE_PATHNAME', 'arsignup_update_user';

COMMENT ON FUNCTION arsignup.update_user(uuid, uuid, text, text, text, text, text, jsonb, text) IS
'Changes a user; null leaves as it is, blank takes a name or reference away. A username that is the email follows it, unless another is given. A new email is unverified. state: active, or inactive, which also ends the user''s login tokens. Errors: SU001 invalid input; SU002 username or email taken; SU010 no such realm or user; 55P03 another transaction holds the user.';

CREATE OR REPLACE FUNCTION arsignup.set_password(
	realm_id uuid,
	user_id uuid,
	password arsignup.secret
)
RETURNS void
LANGUAGE c VOLATILE SECURITY DEFINER
SET search_path = pg_catalog, pg_temp
AS 'MODULE_PATHNAME', 'arsignup_set_password';

COMMENT ON FUNCTION arsignup.set_password(uuid, uuid, arsignup.secret) IS
'Gives a user a new password, whether it had one or not, and ends its login tokens. Errors: SU001 the password is too short, too long or too easy to guess; SU007 too busy; SU010 no such realm or user; 55P03 another transaction holds the user; 25006 on a standby, before anything is done.';

CREATE OR REPLACE FUNCTION arsignup.set_password_hash(
	realm_id uuid,
	user_id uuid,
	password_hash arsignup.secret
)
RETURNS void
LANGUAGE c VOLATILE SECURITY DEFINER
SET search_path = pg_catalog, pg_temp
AS 'MODULE_PATHNAME', 'arsignup_set_password_hash';

COMMENT ON FUNCTION arsignup.set_password_hash(uuid, uuid, arsignup.secret) IS
'Gives a user a ready hash, such as another system has made, in place of its password, and ends its login tokens. Takes what verify_password takes. Errors: SU001 the hash is null, has an unknown form or costs more than the settings allow; SU010 no such realm or user; 55P03 another transaction holds the user.';

CREATE OR REPLACE FUNCTION arsignup.change_password(
	realm_id uuid,
	user_id uuid,
	current_password arsignup.secret,
	password arsignup.secret
)
RETURNS boolean
LANGUAGE c VOLATILE SECURITY DEFINER
SET search_path = pg_catalog, pg_temp
AS 'MODULE_PATHNAME', 'arsignup_change_password';

COMMENT ON FUNCTION arsignup.change_password(uuid, uuid, arsignup.secret, arsignup.secret) IS
'Gives a user a new password and ends its login tokens; false, with nothing changed, if current_password is wrong, or was changed by somebody faster. Errors: SU001 the new password is too short, too long or too easy to guess; SU006 realm or user inactive; SU007 too busy; SU008 current_password was wrong too often, DETAIL {"retry_after": seconds}; SU010 no such realm or user; 55P03 another transaction holds the user; 25006 on a standby, before anything is done.';

CREATE OR REPLACE FUNCTION arsignup.delete_password(realm_id uuid, user_id uuid)
RETURNS boolean
LANGUAGE c VOLATILE SECURITY DEFINER
SET search_path = pg_catalog, pg_temp
AS 'MODULE_PATHNAME', 'arsignup_delete_password';

COMMENT ON FUNCTION arsignup.delete_password(uuid, uuid) IS
'Takes a user''s password away, and ends its login tokens; false if there is no such user, or no password. It is told as user.updated, as a new password is. The user logs in again once it has one: by set_password, or by a reset. Errors: SU010 no such realm; 55P03 another transaction holds the user.';

CREATE OR REPLACE FUNCTION arsignup.create_user_key(realm_id uuid, user_id uuid)
RETURNS text
LANGUAGE c VOLATILE SECURITY DEFINER
SET search_path = pg_catalog, pg_temp
AS 'MODULE_PATHNAME', 'arsignup_create_user_key';

COMMENT ON FUNCTION arsignup.create_user_key(uuid, uuid) IS
'Makes a key by which a program, a user of type api, proves who it is, and returns it (ku_...); it is shown this once, only a digest is stored. A user may have several, so that a new one can be in use before the old one is deleted. Errors: SU001 the user is not of type api; SU006 realm or user inactive; SU010 no such realm or user; 55P03 another transaction holds the user.';

CREATE OR REPLACE FUNCTION arsignup.delete_user_key(realm_id uuid, key_id uuid)
RETURNS boolean
LANGUAGE c VOLATILE SECURITY DEFINER
SET search_path = pg_catalog, pg_temp
AS 'MODULE_PATHNAME', 'arsignup_delete_user_key';

COMMENT ON FUNCTION arsignup.delete_user_key(uuid, uuid) IS
'Deletes a key of a user by the id of its credential; of a key at hand that is parse_id(''crd_'' || substr(key, 4, 22)). False if there is none. Errors: SU010 no such realm; 55P03 another transaction holds the key.';

CREATE OR REPLACE FUNCTION arsignup.authenticate_key(realm_id uuid, key arsignup.secret)
RETURNS uuid
LANGUAGE c STABLE SECURITY DEFINER
SET search_path = pg_catalog, pg_temp
AS 'MODULE_PATHNAME', 'arsignup_authenticate_key';

COMMENT ON FUNCTION arsignup.authenticate_key(uuid, arsignup.secret) IS
'Returns the user whose key (ku_...) this is; null if it is nobody''s, or the user or realm is inactive. Reads only, so it works on a standby, and starts no session. Errors: SU010 no such realm.';
