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
-- How old the oldest is.
CREATE INDEX signing_keys_age ON arsignup.signing_keys (alg, created_at) WHERE retired_at IS NULL;

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

GRANT SELECT (realm_id, created_at, retired_at, session_minutes, kid, alg, public_key, master_key_id) ON arsignup.signing_keys TO arsignup_admin;
