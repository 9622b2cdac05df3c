CREATE TABLE arsignup.submissions (
	realm_id uuid NOT NULL,
	id uuid NOT NULL,
	created_at timestamptz NOT NULL,
	body_digest bytea NOT NULL,
	answer bytea,
	PRIMARY KEY (realm_id, id)
);

CREATE INDEX submissions_age ON arsignup.submissions (created_at);

COMMENT ON TABLE arsignup.submissions IS 'What was sent with an Idempotency-Key, or by a form, and done within the last ten minutes: sent again, it gets the same answer, and nothing is done twice. Nothing of a row can be read, or guessed at, without the master key and what was sent.';
COMMENT ON COLUMN arsignup.submissions.realm_id IS 'The realm in which something was done.';
COMMENT ON COLUMN arsignup.submissions.id IS 'Keyed BLAKE2b of who has sent it, where to, and under which key.';
COMMENT ON COLUMN arsignup.submissions.created_at IS 'When it came; ten minutes later, a minute later for what asks for a mail, it is as if it had not.';
COMMENT ON COLUMN arsignup.submissions.body_digest IS 'Keyed BLAKE2b of what was sent: another body under the same key is refused.';
COMMENT ON COLUMN arsignup.submissions.answer IS 'Status, headers and body of the answer, sealed with XChaCha20-Poly1305 under a key made of the master key and all that was sent; null once another body came under the same key.';

GRANT SELECT (realm_id, id, created_at) ON arsignup.submissions TO arsignup_admin;
