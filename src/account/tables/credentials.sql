CREATE TABLE arsignup.credentials (
	realm_id uuid NOT NULL,
	id uuid NOT NULL,
	user_id uuid NOT NULL,
	created_at timestamptz NOT NULL,
	updated_at timestamptz NOT NULL,
	credential_type text NOT NULL
		CONSTRAINT credential_type_is_known CHECK (credential_type = ANY ('{password,api_key}')),
	password_hash text,
	key_digest bytea,
	PRIMARY KEY (realm_id, id),
	FOREIGN KEY (realm_id, user_id) REFERENCES arsignup.users (realm_id, id) ON DELETE CASCADE,
	CONSTRAINT credential_is_of_its_type CHECK ((credential_type = 'password') = (password_hash IS NOT NULL)
		AND (credential_type = 'api_key') = (key_digest IS NOT NULL))
);

-- One password each, and keys.
CREATE UNIQUE INDEX credentials_user ON arsignup.credentials (realm_id, user_id, key_digest) NULLS NOT DISTINCT;

COMMENT ON TABLE arsignup.credentials IS 'What users prove themselves by: a password each at most, and programs by keys. Readable by the owner role only.';
COMMENT ON COLUMN arsignup.credentials.realm_id IS 'The user''s realm.';
COMMENT ON COLUMN arsignup.credentials.id IS 'UUID version 7; crd_ outside SQL.';
COMMENT ON COLUMN arsignup.credentials.user_id IS 'The user.';
COMMENT ON COLUMN arsignup.credentials.created_at IS 'When the credential was made.';
COMMENT ON COLUMN arsignup.credentials.updated_at IS 'When the password was last changed, later than the change before by any clock; hashing it anew at a login leaves this. A key never changes.';
COMMENT ON COLUMN arsignup.credentials.credential_type IS 'password or api_key.';
COMMENT ON COLUMN arsignup.credentials.password_hash IS 'PHC string of argon2id, or a hash that was imported; the first login makes that the former. Null for a key.';
COMMENT ON COLUMN arsignup.credentials.key_digest IS 'BLAKE2b-256 of a key''s text; null for a password.';
