CREATE TABLE arsignup.memberships (
	realm_id uuid NOT NULL,
	id uuid NOT NULL,
	created_at timestamptz NOT NULL,
	user_id uuid NOT NULL,
	org_id uuid,
	expires_at timestamptz,
	permissions text[] NOT NULL,
	custom jsonb NOT NULL,
	PRIMARY KEY (id),
	UNIQUE (realm_id, id),
	UNIQUE NULLS NOT DISTINCT (realm_id, user_id, org_id),
	FOREIGN KEY (realm_id, user_id) REFERENCES arsignup.users (realm_id, id) ON DELETE CASCADE,
	FOREIGN KEY (realm_id, org_id) REFERENCES arsignup.orgs (realm_id, id) ON DELETE CASCADE
);

-- It does without the realm: an org is in one.
CREATE INDEX memberships_org ON arsignup.memberships (org_id, id);
CREATE INDEX memberships_expiry ON arsignup.memberships (expires_at) WHERE expires_at IS NOT NULL;

COMMENT ON TABLE arsignup.memberships IS 'Users in orgs, with permissions. One for each user and org, and at most one without org. Your tables may refer to id, or to realm_id and id.';
COMMENT ON COLUMN arsignup.memberships.realm_id IS 'The realm of user and org.';
COMMENT ON COLUMN arsignup.memberships.id IS 'UUID version 7, unless create_membership was given one; mb_ outside SQL.';
COMMENT ON COLUMN arsignup.memberships.created_at IS 'When the membership was made, or what create_membership was given.';
COMMENT ON COLUMN arsignup.memberships.user_id IS 'The user.';
COMMENT ON COLUMN arsignup.memberships.org_id IS 'The org; null: permissions without one.';
COMMENT ON COLUMN arsignup.memberships.expires_at IS 'When the membership ends; null: never. From then on no function knows it, and purge_expired deletes it: whoever reads the table says expires_at IS NULL OR expires_at > now().';
COMMENT ON COLUMN arsignup.memberships.permissions IS 'At most 20, each 1 to 62 of A-Z a-z 0-9 * : ; . _ -';
COMMENT ON COLUMN arsignup.memberships.custom IS 'Attributes of the application: a JSON object.';

GRANT SELECT ON arsignup.memberships TO arsignup_app, arsignup_admin;
GRANT REFERENCES (realm_id, id) ON arsignup.memberships TO arsignup_app;
