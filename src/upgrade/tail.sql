
-- Where there are no tables, somebody is about to restore them.
SELECT arsignup.create_tables() WHERE to_regclass('arsignup.installation') IS NOT NULL;
