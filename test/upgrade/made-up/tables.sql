-- From what stands to the made-up version: columns, a default, an index, a constraint, a grant on a column.
LOCK TABLE arsignup.signup_tokens, arsignup.users, arsignup.credentials, arsignup.orgs IN ACCESS EXCLUSIVE MODE;

ALTER TABLE arsignup.orgs ADD COLUMN IF NOT EXISTS nickname text;
ALTER TABLE arsignup.users ADD COLUMN IF NOT EXISTS greeting text NOT NULL DEFAULT 'Hello';
ALTER TABLE arsignup.credentials ADD COLUMN IF NOT EXISTS hint text;
ALTER TABLE arsignup.signup_tokens ADD COLUMN IF NOT EXISTS campaign text;

CREATE INDEX IF NOT EXISTS orgs_nickname ON arsignup.orgs (realm_id, nickname);

DO $$
BEGIN
	IF NOT EXISTS (SELECT FROM pg_constraint WHERE conrelid = 'arsignup.orgs'::regclass AND conname = 'nickname_is_short') THEN
		ALTER TABLE arsignup.orgs ADD CONSTRAINT nickname_is_short CHECK (length(nickname) <= 100);
	END IF;
END
$$;

COMMENT ON COLUMN arsignup.orgs.nickname IS 'What people call it.';
COMMENT ON COLUMN arsignup.users.greeting IS 'How to address them.';
COMMENT ON COLUMN arsignup.credentials.hint IS 'What reminds of it.';
COMMENT ON COLUMN arsignup.signup_tokens.campaign IS 'What brought them.';

GRANT SELECT (hint) ON arsignup.credentials TO arsignup_admin;
GRANT SELECT (campaign) ON arsignup.signup_tokens TO arsignup_admin;
