CREATE TABLE arsignup.teams (
	realm_id uuid NOT NULL,
	id uuid NOT NULL,
	org_id uuid NOT NULL,
	name text NOT NULL,
	PRIMARY KEY (realm_id, id),
	FOREIGN KEY (realm_id, org_id) REFERENCES arsignup.orgs (realm_id, id) ON DELETE CASCADE
);

COMMENT ON TABLE arsignup.teams IS 'Parts of orgs.';
COMMENT ON COLUMN arsignup.teams.realm_id IS 'The realm.';
COMMENT ON COLUMN arsignup.teams.id IS 'UUID version 7.';
COMMENT ON COLUMN arsignup.teams.org_id IS 'The org.';
COMMENT ON COLUMN arsignup.teams.name IS 'Its name.';

GRANT SELECT ON arsignup.teams TO arsignup_admin;
