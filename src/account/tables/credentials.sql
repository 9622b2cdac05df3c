CREATE TABLE arsignup.credentials (
	realm_id uuid NOT NULL,
	user_id uuid NOT NULL,
	created_at timestamptz NOT NULL,
	updated_at timestamptz NOT NULL,
	id uuid,
	password_hash text,
	key_digest bytea NOT NULL DEFAULT '',
	-- One password each, and keys.
	PRIMARY KEY (realm_id, user_id, key_digest),
	FOREIGN KEY (realm_id, user_id) REFERENCES arsignup.users (realm_id, id) ON DELETE CASCADE,
	CONSTRAINT credential_is_a_password_or_a_key CHECK ((password_hash IS NULL) = (id IS NOT NULL)
		AND (id IS NULL) = (key_digest = ''))
);

CREATE UNIQUE INDEX credentials_key ON arsignup.credentials (realm_id, id) WHERE id IS NOT NULL;

COMMENT ON TABLE arsignup.credentials IS 'What users prove themselves by: a password each at most, and programs by keys. Readable by the owner role only.';
COMMENT ON COLUMN arsignup.credentials.realm_id IS 'The user''s realm.';
COMMENT ON COLUMN arsignup.credentials.user_id IS 'The user.';
COMMENT ON COLUMN arsignup.credentials.created_at IS 'When the credential was made.';
COMMENT ON COLUMN arsignup.credentials.updated_at IS 'When the password was last changed, later than the change before by any clock; hashing it anew at a login leaves this. A key never changes.';
COMMENT ON COLUMN arsignup.credentials.id IS 'Of a key: UUID version 7, crd_ outside SQL. Null for a password, which goes by its user''s id.';
COMMENT ON COLUMN arsignup.credentials.password_hash IS 'PHC string of argon2id, or a hash that was imported; the first login makes that the former. Null for a key.';
COMMENT ON COLUMN arsignup.credentials.key_digest IS 'BLAKE2b-256 of a key''s text; empty for a password.';
