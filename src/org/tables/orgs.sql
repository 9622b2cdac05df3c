CREATE TABLE arsignup.orgs (
	realm_id uuid NOT NULL,
	id uuid NOT NULL,
	created_at timestamptz NOT NULL,
	state text NOT NULL DEFAULT 'active'
		CONSTRAINT state_is_known CHECK (state = ANY ('{active,inactive}')),
	name text NOT NULL,
	reference text,
	custom jsonb NOT NULL,
	PRIMARY KEY (id),
	UNIQUE (realm_id, id)
);

CREATE INDEX orgs_name ON arsignup.orgs (realm_id, name COLLATE "C", id);
CREATE INDEX orgs_reference ON arsignup.orgs (realm_id, reference COLLATE "C", id) WHERE reference IS NOT NULL;

COMMENT ON TABLE arsignup.orgs IS 'Organisations of users. Your tables may refer to id, or to realm_id and id.';
COMMENT ON COLUMN arsignup.orgs.realm_id IS 'The realm; never changes.';
COMMENT ON COLUMN arsignup.orgs.id IS 'UUID version 7, unless create_org was given one; org_ outside SQL. Never used twice, but by who gives one.';
COMMENT ON COLUMN arsignup.orgs.created_at IS 'When the org was made, or what create_org was given.';
COMMENT ON COLUMN arsignup.orgs.state IS 'active or inactive.';
COMMENT ON COLUMN arsignup.orgs.name IS 'For people; not unique.';
COMMENT ON COLUMN arsignup.orgs.reference IS 'The application''s own id of this org; not unique.';
COMMENT ON COLUMN arsignup.orgs.custom IS 'Attributes of the application: a JSON object.';

GRANT SELECT ON arsignup.orgs TO arsignup_app, arsignup_admin;
GRANT REFERENCES (realm_id, id) ON arsignup.orgs TO arsignup_app;
