-- What a login has led to.

CREATE TYPE arsignup.login_result AS (
	ok boolean,
	reason text,
	user_id uuid,
	session_id uuid,
	token text,
	url text,
	retry_after int
);

COMMENT ON TYPE arsignup.login_result IS 'What a login has led to.';
COMMENT ON COLUMN arsignup.login_result.ok IS 'Whether it succeeded.';
COMMENT ON COLUMN arsignup.login_result.reason IS 'Why not: invalid (nobody has this login and password, or they are inactive), disabled (logins are switched off here), throttled (too many have failed of late, or too many mails were asked for), or unverified (the password is right, and the realm requires that the email be verified first; if nobody has asked for a mail yet, as after an import or another email, this has). Null if it succeeded.';
COMMENT ON COLUMN arsignup.login_result.user_id IS 'Who has logged in, or has shown who they are and is unverified.';
COMMENT ON COLUMN arsignup.login_result.session_id IS 'The session; null if it is not managed.';
COMMENT ON COLUMN arsignup.login_result.token IS 'The login token.';
COMMENT ON COLUMN arsignup.login_result.url IS 'The login handler with the token.';
COMMENT ON COLUMN arsignup.login_result.retry_after IS 'Throttled: after how many seconds to come again.';
