CREATE TABLE arsignup.api_keys (
	id uuid PRIMARY KEY,
	realm_id uuid REFERENCES arsignup.realms (id) ON DELETE CASCADE,
	created_at timestamptz NOT NULL,
	last_used_at timestamptz,
	revoked_at timestamptz,
	name text NOT NULL
		CONSTRAINT name_has_1_to_255_characters CHECK (length(name) BETWEEN 1 AND 255),
	key_digest bytea NOT NULL,
	permissions text[] NOT NULL
		CONSTRAINT permissions_are_known CHECK (permissions <@ ARRAY['read', 'write', 'admin'])
);

COMMENT ON TABLE arsignup.api_keys IS 'Keys to the Core API. Only a digest of each is stored: who reads this table can use none.';
COMMENT ON COLUMN arsignup.api_keys.id IS 'UUID version 7; it is also the first part of the key.';
COMMENT ON COLUMN arsignup.api_keys.realm_id IS 'The one realm that it opens; null: every realm, for an administrator.';
COMMENT ON COLUMN arsignup.api_keys.created_at IS 'When it was made.';
COMMENT ON COLUMN arsignup.api_keys.last_used_at IS 'When it was last used, to the hour.';
COMMENT ON COLUMN arsignup.api_keys.revoked_at IS 'Since when it opens nothing, null if it was not revoked.';
COMMENT ON COLUMN arsignup.api_keys.name IS 'For people: who has it.';
COMMENT ON COLUMN arsignup.api_keys.key_digest IS 'BLAKE2b-256 of the key''s text.';
COMMENT ON COLUMN arsignup.api_keys.permissions IS 'Any of read, write and admin; none contains another.';

GRANT SELECT (id, realm_id, created_at, last_used_at, revoked_at, name, permissions) ON arsignup.api_keys TO arsignup_admin;
