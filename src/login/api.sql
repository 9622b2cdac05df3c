-- Logging in, login tokens, signing keys.

CREATE OR REPLACE FUNCTION arsignup.login(
	connected_app_id uuid,
	login text,
	password arsignup.secret,
	ip inet DEFAULT NULL,
	client text DEFAULT NULL
)
RETURNS arsignup.login_result
LANGUAGE c VOLATILE SECURITY DEFINER
SET search_path = pg_catalog, pg_temp
AS 'MODULE_PATHNAME', 'arsignup_login';

COMMENT ON FUNCTION arsignup.login(uuid, text, arsignup.secret, inet, text) IS
'Logs somebody in by username or email and password. A failed login is an answer, not an error, and costs the same hash whether or not there is such a user. ip, the address of the person and not of your server, is what most limits of attempts go by; ip and client also go into session and event. Call it in FROM, or take the row whole: (login(...)).* would run it once for each column. Errors: SU007 too busy; SU010 no such app; SU011 the signing key cannot be opened; 25006 on a standby, before anything is done.';

CREATE OR REPLACE FUNCTION arsignup.authenticate(
	realm_id uuid,
	login text,
	password arsignup.secret,
	ip inet DEFAULT NULL,
	client text DEFAULT NULL
)
RETURNS arsignup.login_result
LANGUAGE c VOLATILE SECURITY DEFINER
SET search_path = pg_catalog, pg_temp
AS 'MODULE_PATHNAME', 'arsignup_authenticate';

COMMENT ON FUNCTION arsignup.authenticate(uuid, text, arsignup.secret, inet, text) IS
'Logs somebody in like login, but to the realm, for an application that asks for the password itself and is no connected app; url is null. Call it in FROM, or take the row whole: (authenticate(...)).* would run it once for each column. Errors: as for login; SU010 no such realm; 25006 on a standby, before anything is done.';

CREATE OR REPLACE FUNCTION arsignup.create_session(
	realm_id uuid,
	user_id uuid,
	connected_app_id uuid DEFAULT NULL,
	ip inet DEFAULT NULL,
	client text DEFAULT NULL,
	OUT session_id uuid,
	OUT token text,
	OUT expires_at timestamptz
)
LANGUAGE c VOLATILE SECURITY DEFINER
SET search_path = pg_catalog, pg_temp
AS 'MODULE_PATHNAME', 'arsignup_create_session';

COMMENT ON FUNCTION arsignup.create_session(uuid, uuid, uuid, inet, text) IS
'Logs a user in whom the application knows by other means, such as a signup token that it has redeemed. session_id is null where the realm does not manage sessions, and for api users. Call it in FROM, or take the row whole: (create_session(...)).* would run it once for each column. Errors: SU006 logins are switched off, realm, app or user is inactive, or the email must be verified first; SU010 no such realm, app or user; SU011 the signing key cannot be opened.';

CREATE OR REPLACE FUNCTION arsignup.verify_login_token(token arsignup.secret, realm_id uuid DEFAULT NULL)
RETURNS jsonb
LANGUAGE c STABLE SECURITY DEFINER
SET search_path = pg_catalog, pg_temp
AS 'MODULE_PATHNAME', 'arsignup_verify_login_token';

COMMENT ON FUNCTION arsignup.verify_login_token(arsignup.secret, uuid) IS
'Returns the claims of a login token; null if its signature, algorithm, audience or time is wrong, its session has ended, the user is inactive or gone, or has changed the password since. realm_id: refuse tokens of other realms. Reads only, so it works on a standby that has the key file. Errors: SU011 the key cannot be opened, so that nobody knows whether it is the one that was made here.';

CREATE OR REPLACE FUNCTION arsignup.end_session(realm_id uuid, session_id uuid)
RETURNS boolean
LANGUAGE c VOLATILE SECURITY DEFINER
SET search_path = pg_catalog, pg_temp
AS 'MODULE_PATHNAME', 'arsignup_end_session';

COMMENT ON FUNCTION arsignup.end_session(uuid, uuid) IS
'Logs a session out; false if it was not going on. Errors: SU010 no such realm; 55P03 another transaction holds the session.';

CREATE OR REPLACE FUNCTION arsignup.end_sessions(realm_id uuid, user_id uuid)
RETURNS bigint
LANGUAGE c VOLATILE SECURITY DEFINER
SET search_path = pg_catalog, pg_temp
AS 'MODULE_PATHNAME', 'arsignup_end_sessions';

COMMENT ON FUNCTION arsignup.end_sessions(uuid, uuid) IS
'Logs a user out everywhere: ends all sessions and refuses all login tokens from before, unmanaged ones too. Returns how many managed sessions were going on. Errors: SU010 no such realm or user; 55P03 another transaction holds the user.';

CREATE OR REPLACE FUNCTION arsignup.remember_session(
	realm_id uuid,
	session_id uuid,
	former arsignup.secret DEFAULT NULL
)
RETURNS text
LANGUAGE c VOLATILE SECURITY DEFINER
SET search_path = pg_catalog, pg_temp
AS 'MODULE_PATHNAME', 'arsignup_remember_session';

COMMENT ON FUNCTION arsignup.remember_session(uuid, uuid, arsignup.secret) IS
'Returns a secret (kbs_...) for the cookie by which a browser comes back to its session: to log out, and in a realm with seamless SSO to log in again. Only a digest is stored, and an earlier secret of the session is void. former: the secret that the browser has brought, void from now on; its session ends, unless it is the same user''s at another app. Null if the session is not going on. Errors: SU006 realm inactive; SU010 no such realm; 55P03 another transaction holds the session.';

CREATE OR REPLACE FUNCTION arsignup.end_browser_session(realm_id uuid, browser_session arsignup.secret)
RETURNS boolean
LANGUAGE c VOLATILE SECURITY DEFINER
SET search_path = pg_catalog, pg_temp
AS 'MODULE_PATHNAME', 'arsignup_end_browser_session';

COMMENT ON FUNCTION arsignup.end_browser_session(uuid, arsignup.secret) IS
'Logs out the session of a browser, by the secret that remember_session gave it; false if it was not going on. Errors: SU010 no such realm; 55P03 another transaction holds the session.';

CREATE OR REPLACE FUNCTION arsignup.login_again(connected_app_id uuid, browser_session arsignup.secret)
RETURNS arsignup.login_result
LANGUAGE c VOLATILE SECURITY DEFINER
SET search_path = pg_catalog, pg_temp
AS 'MODULE_PATHNAME', 'arsignup_login_again';

COMMENT ON FUNCTION arsignup.login_again(uuid, arsignup.secret) IS
'Logs a browser in to an app of the realm by the secret of its session, without a password: the same session, a token for this app''s handler. It only reads: where the realm''s signing key would first have to be made, or to sign for a longer session than ever before, the answer is invalid. Call it in FROM, or take the row whole: (login_again(...)).* would run it once for each column. Errors: SU010 no such app; SU011 the signing key cannot be opened.';

CREATE OR REPLACE FUNCTION arsignup.end_all_sessions(realm_id uuid)
RETURNS bigint
LANGUAGE c VOLATILE SECURITY DEFINER
SET search_path = pg_catalog, pg_temp
AS 'MODULE_PATHNAME', 'arsignup_end_all_sessions';

COMMENT ON FUNCTION arsignup.end_all_sessions(uuid) IS
'Logs everybody in a realm out: ends all sessions and refuses all login tokens from before, unmanaged ones too, and all mailed password resets. For after a restore to an earlier time, which brings back sessions that had ended. Writes the row of each user. Returns how many managed sessions were going on. Errors: SU010 no such realm; 55P03 another transaction holds a user or a session.';

CREATE OR REPLACE FUNCTION arsignup.make_master_key()
RETURNS boolean
LANGUAGE c VOLATILE SECURITY DEFINER
SET search_path = pg_catalog, pg_temp
AS 'MODULE_PATHNAME', 'arsignup_make_master_key';

COMMENT ON FUNCTION arsignup.make_master_key() IS
'Makes the master key, which seals the keys that sign login tokens, in the file arsignup.key_file; false if there is one. Part of installing, before replicas are made, since these have to have the file; warns if there is a standby already. Not undone by ROLLBACK. Errors: SU011 the key file or arsignup.key_command cannot be used, this is a standby, or keys are alive in this database that were sealed under another master key.';

CREATE OR REPLACE FUNCTION arsignup.reseal_signing_keys()
RETURNS bigint
LANGUAGE c VOLATILE SECURITY DEFINER
SET search_path = pg_catalog, pg_temp
AS 'MODULE_PATHNAME', 'arsignup_reseal_signing_keys';

COMMENT ON FUNCTION arsignup.reseal_signing_keys() IS
'Seals all signing keys of this database that are alive under the first of the master keys, so that the others are not needed any more; returns how many were sealed under another. Tokens and sessions stay good. Warns of keys that no master key here opens, and leaves them as they are. Errors: SU011 the key file or arsignup.key_command cannot be used; 55P03 another transaction holds a key.';

CREATE OR REPLACE FUNCTION arsignup.check_keys(
	OUT setting text,
	OUT value text,
	OUT problem text,
	OUT remedy text
)
RETURNS SETOF record
LANGUAGE c STABLE SECURITY DEFINER ROWS 1
SET search_path = pg_catalog, pg_temp
AS 'MODULE_PATHNAME', 'arsignup_check_keys';

COMMENT ON FUNCTION arsignup.check_keys() IS
'Lists what keeps this server from opening the signing keys of this database that are alive, each with its remedy; no row if nothing does. check_settings has these rows, too. Reads only, so it works on a standby.';

CREATE OR REPLACE FUNCTION arsignup.rotate_signing_key(realm_id uuid, give_up_master_key boolean DEFAULT false)
RETURNS text
LANGUAGE c VOLATILE SECURITY DEFINER
SET search_path = pg_catalog, pg_temp
AS 'MODULE_PATHNAME', 'arsignup_rotate_signing_key';

COMMENT ON FUNCTION arsignup.rotate_signing_key(uuid, boolean) IS
'Makes a new key for a realm''s login tokens and returns its kid; tokens of the retired key stay good until they expire. Also the way on when the master key of the realm''s key is lost; tokens from before are void then. give_up_master_key: if there is no key file, make a new master key even while keys are alive that were sealed under another, which nobody will open again. Errors: SU010 no such realm; SU011 the key file or arsignup.key_command cannot be used, or keys are alive whose key file does not exist; 55P03 another transaction is rotating it.';

CREATE OR REPLACE FUNCTION arsignup.jwks(realm_id uuid)
RETURNS jsonb
LANGUAGE c STABLE SECURITY DEFINER
SET search_path = pg_catalog, pg_temp
AS 'MODULE_PATHNAME', 'arsignup_jwks';

COMMENT ON FUNCTION arsignup.jwks(uuid) IS
'Returns the public keys by which a realm''s login tokens can be verified, as a JSON Web Key Set (RFC 7517); never a shared secret. Retired keys of a lost key file are left out. Errors: SU010 no such realm; SU011 a key cannot be opened, so that nobody knows whether it is the one that was made here.';

CREATE OR REPLACE FUNCTION arsignup.reveal_jwt_key(realm_id uuid)
RETURNS text
LANGUAGE c VOLATILE SECURITY DEFINER
SET search_path = pg_catalog, pg_temp
AS 'MODULE_PATHNAME', 'arsignup_reveal_jwt_key';

COMMENT ON FUNCTION arsignup.reveal_jwt_key(uuid) IS
'Returns what apps verify a realm''s login tokens with: the shared secret of HS256 (jsk_...), else the public key as PEM. Makes the key if the realm has none. Errors: SU010 no such realm; SU011 the key cannot be opened.';
