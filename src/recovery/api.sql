-- Password resets and email verification.

CREATE OR REPLACE FUNCTION arsignup.request_password_reset(
	realm_id uuid,
	login text,
	ip inet DEFAULT NULL,
	client text DEFAULT NULL
)
RETURNS void
LANGUAGE c VOLATILE SECURITY DEFINER
SET search_path = pg_catalog, pg_temp
AS 'MODULE_PATHNAME', 'arsignup_request_password_reset';

COMMENT ON FUNCTION arsignup.request_password_reset(uuid, text, inet, text) IS
'Asks for a mail by which somebody can set a new password: records the event user.password_token.created, in your transaction; whoever claims it by claim_events gets the token (kpw_...) to mail. login: a username, or an email where emails are unique. Nobody of this name, or nobody who is active and has an email: the event user.password_token.failed instead; asked for more often than arsignup.max_mails_per_name: none. The caller cannot tell. ip and client go into the event. Errors: SU006 realm inactive; SU010 no such realm.';

CREATE OR REPLACE FUNCTION arsignup.reset_password(
	token arsignup.secret,
	password arsignup.secret,
	ip inet DEFAULT NULL,
	client text DEFAULT NULL
)
RETURNS uuid
LANGUAGE c VOLATILE SECURITY DEFINER
SET search_path = pg_catalog, pg_temp
AS 'MODULE_PATHNAME', 'arsignup_reset_password';

COMMENT ON FUNCTION arsignup.reset_password(arsignup.secret, arsignup.secret, inet, text) IS
'Gives the user of a mailed token a new password, ends all sessions and login tokens, and returns the user''s id. A token from claim_events was mailed to the address that the user still has, so it verifies that, too; one that the Core API has shown to its caller does not. Null, whatever the reason, if the token is not good: malformed, unknown, used, expired, for something else, or the user is gone or inactive or has changed the email or password since. A password that is refused leaves the token unused. ip, the address of the person, is known for the user from now on, and what failed from there is forgotten; without it a login may still be throttled. ip and client also go into the events. Errors: SU001 the password is too short, too long or too easy to guess; SU006 realm inactive; SU007 too busy; 55P03 another transaction holds the user; 25006 on a standby, before anything is done.';

CREATE OR REPLACE FUNCTION arsignup.request_email_verification(
	realm_id uuid,
	user_id uuid,
	ip inet DEFAULT NULL,
	client text DEFAULT NULL
)
RETURNS void
LANGUAGE c VOLATILE SECURITY DEFINER
SET search_path = pg_catalog, pg_temp
AS 'MODULE_PATHNAME', 'arsignup_request_email_verification';

COMMENT ON FUNCTION arsignup.request_email_verification(uuid, uuid, inet, text) IS
'Asks for a mail by which a user can show that the email is theirs: records the event user.email.verification_requested, in your transaction; whoever claims it by claim_events gets the token (kev_...) to mail. Does nothing if the email is verified. ip and client go into the event. Errors: SU001 the user has no email; SU006 realm or user inactive; SU008 asked for too often, DETAIL {"retry_after": seconds}; SU010 no such realm or user; 55P03 another transaction holds the user.';

CREATE OR REPLACE FUNCTION arsignup.verify_email(token arsignup.secret)
RETURNS uuid
LANGUAGE c VOLATILE SECURITY DEFINER
SET search_path = pg_catalog, pg_temp
AS 'MODULE_PATHNAME', 'arsignup_verify_email';

COMMENT ON FUNCTION arsignup.verify_email(arsignup.secret) IS
'Notes that the email of the user of a mailed token is verified, and returns the user''s id. Null, whatever the reason, if the token is not good: malformed, unknown, used, expired, for something else, or the user is gone or inactive or has changed the email since. Errors: SU006 realm inactive; 55P03 another transaction holds the user.';
