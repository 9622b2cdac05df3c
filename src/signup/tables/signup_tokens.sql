CREATE TABLE arsignup.signup_tokens (
	realm_id uuid NOT NULL,
	id uuid NOT NULL,
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
	PRIMARY KEY (realm_id, id)
)
-- Redeeming updates no indexed column: room beside each row keeps it on its page.
WITH (fillfactor = 70);

-- How many of a source may still be redeemed.
CREATE INDEX signup_tokens_source ON arsignup.signup_tokens (realm_id, source, expires_at) WHERE source IS NOT NULL;
CREATE INDEX signup_tokens_expiry ON arsignup.signup_tokens (expires_at);

COMMENT ON TABLE arsignup.signup_tokens IS 'Validated signups that can be redeemed once, for a user. Only a digest of each token is stored: who reads this table can redeem nothing.';
COMMENT ON COLUMN arsignup.signup_tokens.realm_id IS 'The realm, which the token names as well.';
COMMENT ON COLUMN arsignup.signup_tokens.id IS 'Of the digest''s first 128 bits, 122, as a UUID of version 8: behind the realm the second half of the signup id, sgn_....';
COMMENT ON COLUMN arsignup.signup_tokens.connected_app_id IS 'The app through which it was minted.';
COMMENT ON COLUMN arsignup.signup_tokens.created_at IS 'When it was minted.';
COMMENT ON COLUMN arsignup.signup_tokens.expires_at IS 'From when on it cannot be redeemed. Holding it may put this off.';
COMMENT ON COLUMN arsignup.signup_tokens.redeemed_at IS 'When it was redeemed, null before.';
COMMENT ON COLUMN arsignup.signup_tokens.revoked_at IS 'When it was revoked, null if it was not.';
COMMENT ON COLUMN arsignup.signup_tokens.user_id IS 'The user that it became, or, since it was held, is to become. No foreign key: the row goes by its own time.';
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

GRANT SELECT (realm_id, id, connected_app_id, created_at, expires_at, redeemed_at, revoked_at, user_id, redeemer_id, source, username, email, first_name, last_name, org_name, credential_type, custom) ON arsignup.signup_tokens TO arsignup_admin;
