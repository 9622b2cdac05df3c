-- Signup tokens: signups that wait to be redeemed.

CREATE TABLE arsignup.signup_tokens (
	realm_id uuid NOT NULL,
	connected_app_id uuid NOT NULL,
	created_at timestamptz NOT NULL,
	expires_at timestamptz NOT NULL,
	redeemed_at timestamptz,
	revoked_at timestamptz,
	user_id uuid,
	redeemer_id uuid,
	source inet,
	digest bytea NOT NULL,
	username text NOT NULL,
	email text NOT NULL,
	first_name text,
	last_name text,
	org_name text,
	credential_type text NOT NULL
		CONSTRAINT credential_type_is_known CHECK (credential_type IN ('password')),
	password_hash text,
	custom jsonb NOT NULL,
	PRIMARY KEY (realm_id, digest)
)
-- Redeeming updates no indexed column: room beside each row keeps it on its page.
WITH (fillfactor = 70);

-- How many of a source may still be redeemed.
CREATE INDEX signup_tokens_source ON arsignup.signup_tokens (realm_id, source, expires_at) WHERE source IS NOT NULL;
CREATE INDEX signup_tokens_expiry ON arsignup.signup_tokens (expires_at);

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
	user_id uuid
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

COMMENT ON TABLE arsignup.signup_tokens IS 'Validated signups that can be redeemed once, for a user. Only a digest of each token is stored: who reads this table can redeem nothing.';
COMMENT ON COLUMN arsignup.signup_tokens.realm_id IS 'The realm, which the token names as well.';
COMMENT ON COLUMN arsignup.signup_tokens.connected_app_id IS 'The app through which it was minted.';
COMMENT ON COLUMN arsignup.signup_tokens.created_at IS 'When it was minted.';
COMMENT ON COLUMN arsignup.signup_tokens.expires_at IS 'From when on it cannot be redeemed.';
COMMENT ON COLUMN arsignup.signup_tokens.redeemed_at IS 'When it was redeemed, null before.';
COMMENT ON COLUMN arsignup.signup_tokens.revoked_at IS 'When it was revoked, null if it was not.';
COMMENT ON COLUMN arsignup.signup_tokens.user_id IS 'The user that it became. No foreign key: the row goes by its own time.';
COMMENT ON COLUMN arsignup.signup_tokens.redeemer_id IS 'The API key that redeemed it, which may ask again; null: it was redeemed by SQL.';
COMMENT ON COLUMN arsignup.signup_tokens.source IS 'From where the person signed up, if signup was told: an IPv4 address, or the /64 of an IPv6 address.';
COMMENT ON COLUMN arsignup.signup_tokens.digest IS 'BLAKE2b-256 of the token''s text.';
COMMENT ON COLUMN arsignup.signup_tokens.username IS 'As typed.';
COMMENT ON COLUMN arsignup.signup_tokens.email IS 'As typed.';
COMMENT ON COLUMN arsignup.signup_tokens.first_name IS 'First name, if given.';
COMMENT ON COLUMN arsignup.signup_tokens.last_name IS 'Last name, if given.';
COMMENT ON COLUMN arsignup.signup_tokens.org_name IS 'Name of the org to make, if given.';
COMMENT ON COLUMN arsignup.signup_tokens.credential_type IS 'password.';
COMMENT ON COLUMN arsignup.signup_tokens.password_hash IS 'The hash for the user''s credential; null once it is redeemed or revoked.';
COMMENT ON COLUMN arsignup.signup_tokens.custom IS 'Attributes for the user.';

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
COMMENT ON COLUMN arsignup.signup_token_info.state IS 'pending, redeemed, revoked or expired.';
COMMENT ON COLUMN arsignup.signup_token_info.user_id IS 'The user, once the token is redeemed.';
COMMENT ON TYPE arsignup.signup_result IS 'What a signup has made.';
COMMENT ON COLUMN arsignup.signup_result.signup_mode IS 'user, user_org or signup_token.';
COMMENT ON COLUMN arsignup.signup_result.user_id IS 'The user; null in mode signup_token.';
COMMENT ON COLUMN arsignup.signup_result.org_id IS 'The org, if one was made.';
COMMENT ON COLUMN arsignup.signup_result.membership_id IS 'The membership in it.';
COMMENT ON COLUMN arsignup.signup_result.session_id IS 'The session of the login that follows; null if there is none, or it is not managed.';
COMMENT ON COLUMN arsignup.signup_result.token IS 'The login token or the signup token; null after redeem_signup_token.';
COMMENT ON COLUMN arsignup.signup_result.url IS 'The handler with the token; null after redeem_signup_token.';

SELECT pg_extension_config_dump('arsignup.signup_tokens', '');
