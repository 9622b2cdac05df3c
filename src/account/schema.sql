-- Users and credentials. Only functions write these tables; they hold no
-- foreign key to the configuration, which every signup would lock, and no
-- trigger.

CREATE TABLE arsignup.users (
	realm_id uuid NOT NULL,
	id uuid NOT NULL UNIQUE,
	created_at timestamptz NOT NULL,
	last_login_at timestamptz,
	token_generation int NOT NULL DEFAULT 0,
	state text NOT NULL DEFAULT 'active'
		CONSTRAINT state_is_known CHECK (state IN ('active', 'inactive')),
	user_type text NOT NULL
		CONSTRAINT user_type_is_known CHECK (user_type IN ('human', 'api')),
	email_verification text NOT NULL DEFAULT 'none'
		CONSTRAINT email_verification_is_known CHECK (email_verification IN ('none', 'requested', 'verified')),
	username text NOT NULL,
	username_key text COLLATE "C" NOT NULL,
	email text,
	email_key text COLLATE "C",
	first_name text,
	last_name text,
	reference text,
	shared_email_id uuid,
	custom jsonb NOT NULL,
	PRIMARY KEY (realm_id, id)
);

CREATE UNIQUE INDEX users_username ON arsignup.users (realm_id, username_key);
-- All emails, so that each is found in every kind of realm; those that may be shared have an id behind them.
CREATE UNIQUE INDEX users_email ON arsignup.users (realm_id, email_key, shared_email_id) NULLS NOT DISTINCT
	WHERE email_key IS NOT NULL;
CREATE INDEX users_reference ON arsignup.users (realm_id, reference COLLATE "C", id) WHERE reference IS NOT NULL;

COMMENT ON TABLE arsignup.users IS 'People, and programs (user_type api). Your tables may refer to id.';
COMMENT ON COLUMN arsignup.users.realm_id IS 'The realm; never changes.';
COMMENT ON COLUMN arsignup.users.id IS 'UUID version 7; usr_ outside SQL. Never used twice.';
COMMENT ON COLUMN arsignup.users.created_at IS 'When the user was made.';
COMMENT ON COLUMN arsignup.users.last_login_at IS 'When the user last logged in.';
COMMENT ON COLUMN arsignup.users.token_generation IS 'Goes up with each new password, change of state and end_sessions: login tokens and mailed resets of an earlier generation are refused.';
COMMENT ON COLUMN arsignup.users.state IS 'active or inactive.';
COMMENT ON COLUMN arsignup.users.user_type IS 'human or api.';
COMMENT ON COLUMN arsignup.users.email_verification IS 'none, requested or verified; none again when the email changes.';
COMMENT ON COLUMN arsignup.users.username IS 'As typed; the email where the realm says so; never another''s id, nor what looks like one.';
COMMENT ON COLUMN arsignup.users.username_key IS 'Canonical username, by which it is unique in the realm, and found by an index: normalize_username, or normalize_email where the email is the username.';
COMMENT ON COLUMN arsignup.users.email IS 'As typed; mail goes here.';
COMMENT ON COLUMN arsignup.users.email_key IS 'Canonical email: normalize_email. An index finds users by realm_id = ... AND email_key = arsignup.normalize_email(...); where emails may be shared it may find several. find_user does both.';
COMMENT ON COLUMN arsignup.users.first_name IS 'First name, if given.';
COMMENT ON COLUMN arsignup.users.last_name IS 'Last name, if given.';
COMMENT ON COLUMN arsignup.users.reference IS 'The application''s own id of this user; not unique.';
COMMENT ON COLUMN arsignup.users.shared_email_id IS 'The user''s own id where others may have the same email, so that the index of emails is unique with it; null where nobody else may.';
COMMENT ON COLUMN arsignup.users.custom IS 'Attributes of the application: a JSON object.';

CREATE TABLE arsignup.credentials (
	realm_id uuid NOT NULL,
	id uuid NOT NULL,
	user_id uuid NOT NULL,
	created_at timestamptz NOT NULL,
	updated_at timestamptz NOT NULL,
	credential_type text NOT NULL
		CONSTRAINT credential_type_is_known CHECK (credential_type IN ('password', 'api_key')),
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

SELECT pg_extension_config_dump('arsignup.users', '');
SELECT pg_extension_config_dump('arsignup.credentials', '');
