-- Sessions and signing keys.

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

CREATE INDEX sessions_user ON arsignup.sessions (realm_id, user_id, id);
-- How many a user has going on, newest first.
CREATE INDEX sessions_going_on ON arsignup.sessions (realm_id, user_id, id) WHERE ended_at IS NULL;
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

CREATE TABLE arsignup.signing_keys (
	realm_id uuid NOT NULL,
	created_at timestamptz NOT NULL,
	retired_at timestamptz,
	session_minutes int NOT NULL,
	kid text COLLATE "C" NOT NULL,
	alg text COLLATE "C" NOT NULL
		CONSTRAINT alg_is_known CHECK (alg IN ('HS256', 'EdDSA', 'RS256')),
	public_key bytea NOT NULL,
	sealed_key bytea NOT NULL,
	master_key_id bytea NOT NULL,
	PRIMARY KEY (realm_id, kid)
);

CREATE UNIQUE INDEX signing_keys_live ON arsignup.signing_keys (realm_id, alg) WHERE retired_at IS NULL;

COMMENT ON TABLE arsignup.signing_keys IS 'What signs login tokens, made when a realm needs it first. The private half is sealed under the master key, which is in the file arsignup.key_file and in no table.';
COMMENT ON COLUMN arsignup.signing_keys.realm_id IS 'The realm whose tokens it signs.';
COMMENT ON COLUMN arsignup.signing_keys.created_at IS 'When it was made.';
COMMENT ON COLUMN arsignup.signing_keys.retired_at IS 'Since when it signs no more; tokens from before stay good until they expire.';
COMMENT ON COLUMN arsignup.signing_keys.session_minutes IS 'How long the longest session lasts that it has signed for: tokens that claim more are refused once it is retired.';
COMMENT ON COLUMN arsignup.signing_keys.kid IS 'Its id in the header of tokens.';
COMMENT ON COLUMN arsignup.signing_keys.alg IS 'HS256, EdDSA or RS256: tokens of another algorithm are refused.';
COMMENT ON COLUMN arsignup.signing_keys.public_key IS 'EdDSA: 32 bytes; RS256: DER, SubjectPublicKeyInfo; HS256: empty.';
COMMENT ON COLUMN arsignup.signing_keys.sealed_key IS 'The private half, or the shared secret, sealed with XChaCha20-Poly1305; bound into the seal are realm, kid, alg and public half, so that nothing of a row can be exchanged.';
COMMENT ON COLUMN arsignup.signing_keys.master_key_id IS 'Which master key seals it.';

CREATE TABLE arsignup.login_sources (
	realm_id uuid NOT NULL,
	user_id uuid NOT NULL,
	source inet NOT NULL,
	logged_in_at timestamptz NOT NULL,
	PRIMARY KEY (realm_id, user_id, source, logged_in_at),
	FOREIGN KEY (realm_id, user_id) REFERENCES arsignup.users (realm_id, id) ON DELETE CASCADE
);

CREATE INDEX login_sources_time ON arsignup.login_sources (logged_in_at);

COMMENT ON TABLE arsignup.login_sources IS 'From where users have logged in, signed up or reset their password within 30 days: there, what strangers fail elsewhere does not keep them out.';
COMMENT ON COLUMN arsignup.login_sources.realm_id IS 'The user''s realm.';
COMMENT ON COLUMN arsignup.login_sources.user_id IS 'Who has logged in.';
COMMENT ON COLUMN arsignup.login_sources.source IS 'An IPv4 address, or the /64 of an IPv6 address.';
COMMENT ON COLUMN arsignup.login_sources.logged_in_at IS 'When; noted once a day.';

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
COMMENT ON COLUMN arsignup.login_result.reason IS 'Why not: invalid (nobody has this login and password, or they are inactive), disabled (logins are switched off here), throttled (too many have failed of late), or unverified (the password is right, and the realm requires that the email be verified first). Null if it succeeded.';
COMMENT ON COLUMN arsignup.login_result.user_id IS 'Who has logged in, or has shown who they are and is unverified.';
COMMENT ON COLUMN arsignup.login_result.session_id IS 'The session; null if it is not managed.';
COMMENT ON COLUMN arsignup.login_result.token IS 'The login token.';
COMMENT ON COLUMN arsignup.login_result.url IS 'The login handler with the token.';
COMMENT ON COLUMN arsignup.login_result.retry_after IS 'Throttled: after how many seconds to come again.';

SELECT pg_extension_config_dump('arsignup.sessions', '');
SELECT pg_extension_config_dump('arsignup.login_sources', '');
SELECT pg_extension_config_dump('arsignup.signing_keys', '');
