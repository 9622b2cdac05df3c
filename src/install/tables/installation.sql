-- What create_tables replaces by the version's own.
CREATE VIEW arsignup.installation AS SELECT ''::text AS version;

COMMENT ON VIEW arsignup.installation IS 'What the tables are: one row.';
COMMENT ON COLUMN arsignup.installation.version IS 'The version of arsignup whose tables these are.';

GRANT SELECT ON arsignup.installation TO arsignup_app, arsignup_admin;
