CREATE TABLE arsignup.installation (
	is_the_one boolean PRIMARY KEY DEFAULT true
		CONSTRAINT there_is_only_one CHECK (is_the_one),
	version text NOT NULL,
	created_at timestamptz NOT NULL DEFAULT now(),
	updated_at timestamptz NOT NULL DEFAULT now()
);

CREATE TRIGGER guard_insert BEFORE INSERT ON arsignup.installation
FOR EACH ROW EXECUTE FUNCTION arsignup.guard_installation();

COMMENT ON TABLE arsignup.installation IS 'What the tables are: one row, which create_tables writes.';
COMMENT ON COLUMN arsignup.installation.is_the_one IS 'True, so that there is one row.';
COMMENT ON COLUMN arsignup.installation.version IS 'The version of arsignup whose tables these are.';
COMMENT ON COLUMN arsignup.installation.created_at IS 'When the tables were made.';
COMMENT ON COLUMN arsignup.installation.updated_at IS 'When they were last brought to a later version; before that, when they were made.';
COMMENT ON TRIGGER guard_insert ON arsignup.installation IS 'Keeps the row when that of a dump comes: the tables are what they are.';

GRANT SELECT ON arsignup.installation TO arsignup_app, arsignup_admin;
