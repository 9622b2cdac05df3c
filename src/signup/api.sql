-- Signups and signup tokens.

CREATE OR REPLACE FUNCTION arsignup.mint_signup_token(
	connected_app_id uuid,
	email text,
	password arsignup.secret DEFAULT NULL,
	username text DEFAULT NULL,
	email_confirmation text DEFAULT NULL,
	password_confirmation arsignup.secret DEFAULT NULL,
	first_name text DEFAULT NULL,
	last_name text DEFAULT NULL,
	org_name text DEFAULT NULL,
	custom jsonb DEFAULT '{}',
	ttl interval DEFAULT NULL,
	password_hash arsignup.secret DEFAULT NULL
)
RETURNS text
LANGUAGE c VOLATILE SECURITY DEFINER
SET search_path = pg_catalog, pg_temp
AS 'MODULE_PATHNAME', 'arsignup_mint_signup_token';

COMMENT ON FUNCTION arsignup.mint_signup_token(uuid, text, arsignup.secret, text, text, arsignup.secret, text, text, text, jsonb, interval, arsignup.secret) IS
'Checks a signup, hashes its password and returns a token (utk_...) that can be redeemed once for the user. Give a password or a ready password_hash. ttl: how long it can be redeemed, 366 days at most; null: as the realm says. Errors: SU001 invalid input; SU002 username or email taken; SU006 signups are switched off, or realm or app is inactive; SU007 too busy; SU010 no such app; 25006 on a standby, before anything is done.';

CREATE OR REPLACE FUNCTION arsignup.get_signup_token(token arsignup.secret, realm_id uuid DEFAULT NULL)
RETURNS SETOF arsignup.signup_token_info
LANGUAGE c STABLE SECURITY DEFINER ROWS 1
SET search_path = pg_catalog, pg_temp
AS 'MODULE_PATHNAME', 'arsignup_get_signup_token';

COMMENT ON FUNCTION arsignup.get_signup_token(arsignup.secret, uuid) IS
'Returns what a token (utk_...), or the one of a signup id (sgn_...), holds and its state, without the password or its hash. No row for an unknown token, or one of another realm than realm_id (null: any). Reads only.';

CREATE OR REPLACE FUNCTION arsignup.hold_signup_token(
	token arsignup.secret,
	hold_for interval DEFAULT '30 minutes',
	realm_id uuid DEFAULT NULL,
	replaces arsignup.secret DEFAULT NULL,
	OUT user_id uuid,
	OUT held_until timestamptz
)
LANGUAGE c VOLATILE SECURITY DEFINER
SET search_path = pg_catalog, pg_temp
AS 'MODULE_PATHNAME', 'arsignup_hold_signup_token';

COMMENT ON FUNCTION arsignup.hold_signup_token(arsignup.secret, interval, uuid, arsignup.secret) IS
'Holds the username and email of a signup token (utk_... or sgn_...) for it while a payment is under way: until held_until nobody else can sign up, redeem or be renamed to them. user_id is the user that redeem_signup_token will make, and your foreign keys may refer to it from now on. Called again it prolongs the hold, never shortens it, and the token lives at least as long. When the time is over, the names are free for whoever wants them, and the token can be held or redeemed again if nobody did. hold_for: the realm''s longest_hold at most. replaces: an earlier token or id, whose hold is given up for this one. Call it in FROM, or take the row whole: (hold_signup_token(...)).* would run it once for each column. Errors: SU001 invalid input; SU002 username or email taken, or held by another token, DETAIL {"errors": ..., "codes": {"email": ["held"]}, "retry_after": seconds}; SU003 no such token; SU004 expired; SU005 redeemed already, this token or the one that it replaces, DETAIL {"user_id": "..."}; SU006 realm or app inactive; SU009 revoked; SU010 the app is gone; SU012 another transaction works on the token; 55P03 another transaction holds the name; 25006 on a standby, before anything is done.';

CREATE OR REPLACE FUNCTION arsignup.redeem_signup_token(
	token arsignup.secret,
	org_name text DEFAULT NULL,
	reference text DEFAULT NULL,
	custom jsonb DEFAULT NULL,
	with_org boolean DEFAULT NULL,
	realm_id uuid DEFAULT NULL
)
RETURNS arsignup.signup_result
LANGUAGE c VOLATILE SECURITY DEFINER
SET search_path = pg_catalog, pg_temp
AS 'MODULE_PATHNAME', 'arsignup_redeem_signup_token';

COMMENT ON FUNCTION arsignup.redeem_signup_token(arsignup.secret, text, text, jsonb, boolean, uuid) IS
'Turns a signup token (utk_... or sgn_...) into a user, in the caller''s transaction: if that rolls back, the token is as good as before. Never hashes. A user whose names were held has the id that hold_signup_token gave. with_org: also make an org and a membership with the app''s default permissions; null: if an org_name was given here or at mint; an org without a name is named after the user. custom is merged over the token''s. realm_id: refuse tokens of other realms. Call it in FROM, or take the row whole: (redeem_signup_token(...)).* would run it once for each column. Errors: SU001 invalid input; SU002 username or email taken meanwhile; SU003 no such token; SU004 expired; SU005 redeemed already, DETAIL {"user_id": "..."}; SU006 realm or app inactive; SU009 revoked; SU010 the app is gone; SU012 another transaction is redeeming the token: ask get_signup_token how that ended; 55P03 another transaction holds the name.';

CREATE OR REPLACE FUNCTION arsignup.revoke_signup_token(token arsignup.secret, realm_id uuid DEFAULT NULL)
RETURNS boolean
LANGUAGE c VOLATILE SECURITY DEFINER
SET search_path = pg_catalog, pg_temp
AS 'MODULE_PATHNAME', 'arsignup_revoke_signup_token';

COMMENT ON FUNCTION arsignup.revoke_signup_token(arsignup.secret, uuid) IS
'Throws a signup token (utk_... or sgn_...) away, and gives up its hold. True if it was pending; false if it was redeemed, revoked or expired already. Errors: SU003 no such token, or one of another realm than realm_id; SU012 another transaction works on the token; 55P03 another transaction is taking a name over whose hold has run out.';

CREATE OR REPLACE FUNCTION arsignup.revoke_signup_tokens(realm_id uuid)
RETURNS bigint
LANGUAGE c VOLATILE SECURITY DEFINER
SET search_path = pg_catalog, pg_temp
AS 'MODULE_PATHNAME', 'arsignup_revoke_signup_tokens';

COMMENT ON FUNCTION arsignup.revoke_signup_tokens(uuid) IS
'Revokes all pending signup tokens of a realm, forgets their hashes and gives up their holds; returns how many. For after a restore to an earlier time, which brings back tokens that had been redeemed or revoked. Errors: SU010 no such realm; 55P03 another transaction holds a token.';

CREATE OR REPLACE FUNCTION arsignup.signup(
	connected_app_id uuid,
	email text,
	password arsignup.secret DEFAULT NULL,
	username text DEFAULT NULL,
	email_confirmation text DEFAULT NULL,
	password_confirmation arsignup.secret DEFAULT NULL,
	first_name text DEFAULT NULL,
	last_name text DEFAULT NULL,
	org_name text DEFAULT NULL,
	custom jsonb DEFAULT '{}',
	ip inet DEFAULT NULL,
	client text DEFAULT NULL,
	password_hash arsignup.secret DEFAULT NULL
)
RETURNS arsignup.signup_result
LANGUAGE c VOLATILE SECURITY DEFINER
SET search_path = pg_catalog, pg_temp
AS 'MODULE_PATHNAME', 'arsignup_signup';

COMMENT ON FUNCTION arsignup.signup(uuid, text, arsignup.secret, text, text, arsignup.secret, text, text, text, jsonb, inet, text, arsignup.secret) IS
'Signs somebody up as the app''s signup mode says: a user; a user with an org (named after the user if org_name is blank or the app hides it) and a membership with the default permissions; or a signup token. org_name counts in mode user_org only. The user modes also log the person in, unless logins are switched off or the realm requires that the email be verified first. Give a password or a ready password_hash. ip, the address of the person and not of your server, bounds how many sign up from there; ip and client also go into the events. The result has what was made, and the url to send the person to: the login handler with the login token and signup=true, or the signup handler with the signup token. Call it in FROM, or take the row whole: (signup(...)).* would run it once for each column. Errors: SU001 invalid input; SU002 username or email taken; SU006 signups are switched off, or realm or app is inactive; SU007 too busy; SU008 too many signups from ip, or as many signup tokens of ip as may be pending, DETAIL {"retry_after": seconds}; SU010 no such app; SU011 the signing key cannot be opened; 55P03 another transaction holds the name; 25006 on a standby, before anything is done.';
