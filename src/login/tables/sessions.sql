CREATE TABLE arsignup.sessions (
	realm_id uuid NOT NULL,
	id uuid NOT NULL,
	user_id uuid NOT NULL,
	connected_app_id uuid,
	created_at timestamptz NOT NULL,
	expires_at timestamptz NOT NULL,
	ended_at timestamptz,
	token_generation int NOT NULL,
	ip inet,
	cookie_digest bytea,
	client text,
	PRIMARY KEY (realm_id, id),
	FOREIGN KEY (realm_id, user_id) REFERENCES arsignup.users (realm_id, id) ON DELETE CASCADE
);

-- These do without the realm: a user is in one.
CREATE INDEX sessions_user ON arsignup.sessions (user_id, id);
-- How many a user has going on, newest first.
CREATE INDEX sessions_going_on ON arsignup.sessions (user_id, id) WHERE ended_at IS NULL;
CREATE INDEX sessions_expiry ON arsignup.sessions (expires_at);
CREATE INDEX sessions_end ON arsignup.sessions (ended_at) WHERE ended_at IS NOT NULL;
CREATE UNIQUE INDEX sessions_cookie ON arsignup.sessions (realm_id, cookie_digest) WHERE cookie_digest IS NOT NULL;

COMMENT ON TABLE arsignup.sessions IS 'Managed sessions: what stands behind a login token, so that it can be ended. Unmanaged sessions have no row.';
COMMENT ON COLUMN arsignup.sessions.realm_id IS 'The user''s realm.';
COMMENT ON COLUMN arsignup.sessions.id IS 'UUID version 7; kss_ outside SQL, and in the token as tk and sid.';
COMMENT ON COLUMN arsignup.sessions.user_id IS 'Who has logged in.';
COMMENT ON COLUMN arsignup.sessions.connected_app_id IS 'The app through which they did, if any.';
COMMENT ON COLUMN arsignup.sessions.created_at IS 'When it began.';
COMMENT ON COLUMN arsignup.sessions.expires_at IS 'When it ends by itself.';
COMMENT ON COLUMN arsignup.sessions.ended_at IS 'When it was ended, null if it was not.';
COMMENT ON COLUMN arsignup.sessions.token_generation IS 'The user''s generation when it began, and gen in the token: it is over once the user has a later one.';
COMMENT ON COLUMN arsignup.sessions.ip IS 'The client''s address, if it is known.';
COMMENT ON COLUMN arsignup.sessions.cookie_digest IS 'BLAKE2b-256 of the secret by which a browser comes back; null if there is none.';
COMMENT ON COLUMN arsignup.sessions.client IS 'The client, as it names itself.';

GRANT SELECT (realm_id, id, user_id, connected_app_id, created_at, expires_at, ended_at, token_generation, ip, client) ON arsignup.sessions TO arsignup_admin;
