-- Orgs and memberships.

CREATE TABLE arsignup.orgs (
	realm_id uuid NOT NULL,
	id uuid NOT NULL UNIQUE,
	created_at timestamptz NOT NULL,
	state text NOT NULL DEFAULT 'active'
		CONSTRAINT state_is_known CHECK (state IN ('active', 'inactive')),
	name text NOT NULL,
	reference text,
	custom jsonb NOT NULL,
	PRIMARY KEY (realm_id, id)
);

CREATE INDEX orgs_name ON arsignup.orgs (realm_id, name COLLATE "C", id);
CREATE INDEX orgs_reference ON arsignup.orgs (realm_id, reference COLLATE "C", id) WHERE reference IS NOT NULL;

COMMENT ON TABLE arsignup.orgs IS 'Organisations of users. Your tables may refer to id.';
COMMENT ON COLUMN arsignup.orgs.realm_id IS 'The realm; never changes.';
COMMENT ON COLUMN arsignup.orgs.id IS 'UUID version 7; org_ outside SQL. Never used twice.';
COMMENT ON COLUMN arsignup.orgs.created_at IS 'When the org was made.';
COMMENT ON COLUMN arsignup.orgs.state IS 'active or inactive.';
COMMENT ON COLUMN arsignup.orgs.name IS 'For people; not unique.';
COMMENT ON COLUMN arsignup.orgs.reference IS 'The application''s own id of this org; not unique.';
COMMENT ON COLUMN arsignup.orgs.custom IS 'Attributes of the application: a JSON object.';

CREATE TABLE arsignup.memberships (
	realm_id uuid NOT NULL,
	id uuid NOT NULL,
	created_at timestamptz NOT NULL,
	user_id uuid NOT NULL,
	org_id uuid,
	expires_at timestamptz,
	permissions text[] NOT NULL,
	custom jsonb NOT NULL,
	PRIMARY KEY (realm_id, id),
	UNIQUE NULLS NOT DISTINCT (realm_id, user_id, org_id),
	FOREIGN KEY (realm_id, user_id) REFERENCES arsignup.users (realm_id, id) ON DELETE CASCADE,
	FOREIGN KEY (realm_id, org_id) REFERENCES arsignup.orgs (realm_id, id) ON DELETE CASCADE
);

CREATE INDEX memberships_org ON arsignup.memberships (realm_id, org_id, id);
CREATE INDEX memberships_expiry ON arsignup.memberships (expires_at) WHERE expires_at IS NOT NULL;

COMMENT ON TABLE arsignup.memberships IS 'Users in orgs, with permissions. One for each user and org, and at most one without org.';
COMMENT ON COLUMN arsignup.memberships.realm_id IS 'The realm of user and org.';
COMMENT ON COLUMN arsignup.memberships.id IS 'UUID version 7; mb_ outside SQL.';
COMMENT ON COLUMN arsignup.memberships.created_at IS 'When the membership was made.';
COMMENT ON COLUMN arsignup.memberships.user_id IS 'The user.';
COMMENT ON COLUMN arsignup.memberships.org_id IS 'The org; null: permissions without one.';
COMMENT ON COLUMN arsignup.memberships.expires_at IS 'When the membership ends; null: never. From then on no function knows it, and purge_expired deletes it: whoever reads the table says expires_at IS NULL OR expires_at > now().';
COMMENT ON COLUMN arsignup.memberships.permissions IS 'At most 20, each 1 to 62 of A-Z a-z 0-9 * : ; . _ -';
COMMENT ON COLUMN arsignup.memberships.custom IS 'Attributes of the application: a JSON object.';

SELECT pg_extension_config_dump('arsignup.orgs', '');
SELECT pg_extension_config_dump('arsignup.memberships', '');
