CREATE TABLE arsignup.one_time_tokens (
	realm_id uuid NOT NULL,
	user_id uuid NOT NULL,
	created_at timestamptz NOT NULL,
	expires_at timestamptz NOT NULL,
	used_at timestamptz,
	token_generation int NOT NULL,
	is_mailed boolean NOT NULL,
	digest bytea NOT NULL,
	purpose text NOT NULL
		CONSTRAINT purpose_is_known CHECK (purpose IN ('password_reset', 'email_verification')),
	email_key text COLLATE "C" NOT NULL,
	PRIMARY KEY (realm_id, digest),
	FOREIGN KEY (realm_id, user_id) REFERENCES arsignup.users (realm_id, id) ON DELETE CASCADE
);

CREATE INDEX one_time_tokens_user ON arsignup.one_time_tokens (realm_id, user_id);
CREATE INDEX one_time_tokens_expiry ON arsignup.one_time_tokens (expires_at);
CREATE INDEX one_time_tokens_use ON arsignup.one_time_tokens (used_at) WHERE used_at IS NOT NULL;

COMMENT ON TABLE arsignup.one_time_tokens IS 'Tokens that were handed out to be mailed: each works once, for one purpose, user and address. Only a digest of each is stored: who reads this table can use none.';
COMMENT ON COLUMN arsignup.one_time_tokens.realm_id IS 'The user''s realm, which the token names as well.';
COMMENT ON COLUMN arsignup.one_time_tokens.user_id IS 'Whose password or email it is about.';
COMMENT ON COLUMN arsignup.one_time_tokens.created_at IS 'When it was made: when a worker claimed the event that asks for the mail.';
COMMENT ON COLUMN arsignup.one_time_tokens.expires_at IS 'From when on it cannot be used.';
COMMENT ON COLUMN arsignup.one_time_tokens.used_at IS 'When it was used, null before.';
COMMENT ON COLUMN arsignup.one_time_tokens.token_generation IS 'The user''s generation when it was made: a reset of an earlier one is void.';
COMMENT ON COLUMN arsignup.one_time_tokens.is_mailed IS 'Whether claim_events has handed it out to be mailed, so that a reset by it verifies the email; else the Core API has shown it to its caller.';
COMMENT ON COLUMN arsignup.one_time_tokens.digest IS 'BLAKE2b-256 of the token''s text.';
COMMENT ON COLUMN arsignup.one_time_tokens.purpose IS 'password_reset or email_verification.';
COMMENT ON COLUMN arsignup.one_time_tokens.email_key IS 'Canonical form of the address that it is mailed to; void once the user has another.';

GRANT SELECT (realm_id, user_id, created_at, expires_at, used_at, token_generation, is_mailed, purpose, email_key) ON arsignup.one_time_tokens TO arsignup_admin;
