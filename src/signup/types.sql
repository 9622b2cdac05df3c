-- Signup tokens: signups that wait to be redeemed.

CREATE TYPE arsignup.signup_token_info AS (
	realm_id uuid,
	connected_app_id uuid,
	username text,
	email text,
	first_name text,
	last_name text,
	org_name text,
	credential_type text,
	custom jsonb,
	state text,
	created_at timestamptz,
	expires_at timestamptz,
	user_id uuid,
	signup_id text,
	held_until timestamptz
);

CREATE TYPE arsignup.signup_result AS (
	signup_mode text,
	user_id uuid,
	org_id uuid,
	membership_id uuid,
	session_id uuid,
	token text,
	url text
);

COMMENT ON TYPE arsignup.signup_token_info IS 'A signup token as the application may see it: neither the password nor its hash.';
COMMENT ON COLUMN arsignup.signup_token_info.realm_id IS 'The realm.';
COMMENT ON COLUMN arsignup.signup_token_info.connected_app_id IS 'The app through which it was minted.';
COMMENT ON COLUMN arsignup.signup_token_info.username IS 'As typed.';
COMMENT ON COLUMN arsignup.signup_token_info.email IS 'As typed.';
COMMENT ON COLUMN arsignup.signup_token_info.first_name IS 'First name, if given.';
COMMENT ON COLUMN arsignup.signup_token_info.last_name IS 'Last name, if given.';
COMMENT ON COLUMN arsignup.signup_token_info.org_name IS 'Name of the org to make, if given.';
COMMENT ON COLUMN arsignup.signup_token_info.credential_type IS 'password.';
COMMENT ON COLUMN arsignup.signup_token_info.custom IS 'Attributes for the user.';
COMMENT ON COLUMN arsignup.signup_token_info.created_at IS 'When it was minted.';
COMMENT ON COLUMN arsignup.signup_token_info.expires_at IS 'From when on it cannot be redeemed.';
COMMENT ON COLUMN arsignup.signup_token_info.state IS 'pending, held, redeemed, revoked or expired. Held is pending, and its names are its own until held_until.';
COMMENT ON COLUMN arsignup.signup_token_info.user_id IS 'The user that the token has become, or, since it was held, is to become.';
COMMENT ON COLUMN arsignup.signup_token_info.signup_id IS 'sgn_..., which names the signup and is no secret: for a payment, a log, a mail. The functions for signup tokens take it in the place of the token.';
COMMENT ON COLUMN arsignup.signup_token_info.held_until IS 'Until when its names are held; null if they are not.';
COMMENT ON TYPE arsignup.signup_result IS 'What a signup has made.';
COMMENT ON COLUMN arsignup.signup_result.signup_mode IS 'user, user_org or signup_token.';
COMMENT ON COLUMN arsignup.signup_result.user_id IS 'The user; null in mode signup_token.';
COMMENT ON COLUMN arsignup.signup_result.org_id IS 'The org, if one was made.';
COMMENT ON COLUMN arsignup.signup_result.membership_id IS 'The membership in it.';
COMMENT ON COLUMN arsignup.signup_result.session_id IS 'The session of the login that follows; null if there is none, or it is not managed.';
COMMENT ON COLUMN arsignup.signup_result.token IS 'The login token or the signup token; null after redeem_signup_token.';
COMMENT ON COLUMN arsignup.signup_result.url IS 'The handler with the token; null after redeem_signup_token.';
