-- Making the tables, and bringing them up to date.

CREATE OR REPLACE FUNCTION arsignup.check_tables()
RETURNS void
LANGUAGE c STABLE
SET search_path = pg_catalog, pg_temp
AS 'MODULE_PATHNAME', 'arsignup_check_tables';

COMMENT ON FUNCTION arsignup.check_tables() IS
'Raises an error unless the tables are those that the functions need; every function that reads or writes them does so by itself. Errors: 55000 a table is missing, lacks its indexes or has another owner, as a restore may leave it, or the tables are of another version than the functions.';

CREATE OR REPLACE FUNCTION arsignup.create_tables()
RETURNS void
LANGUAGE c VOLATILE
SET search_path = pg_catalog, pg_temp
AS 'MODULE_PATHNAME', 'arsignup_create_tables';

COMMENT ON FUNCTION arsignup.create_tables() IS
'Makes the tables of arsignup, or those that are missing, and brings tables of an earlier version up to date; does nothing where all is well. To be run after CREATE EXTENSION, unless a dump brings the tables, and after restoring the dump of an earlier version; ALTER EXTENSION ... UPDATE runs it. Leaves rows, and what others have put on the tables or granted, as they are; gives the tables back to their owners, and has the triggers note_change fire always again, which a restore with --disable-triggers undoes. Tries for arsignup.lock_timeout to get its locks, briefly at a time, so that others are not kept waiting. For superusers. Errors: 55000 the library is not of the version of the functions, nothing tells the version of tables that are there, or one of them has no index, as while a dump is being restored; 55P03 a lock was not to be had in time: run it again.';

CREATE OR REPLACE FUNCTION arsignup.library_version()
RETURNS text
LANGUAGE c STABLE STRICT PARALLEL SAFE
SET search_path = pg_catalog, pg_temp
AS 'MODULE_PATHNAME', 'arsignup_library_version';

COMMENT ON FUNCTION arsignup.library_version() IS
'Returns the version of the library that the server has loaded. That of the functions is in pg_extension, that of the tables in arsignup.installation; check_settings tells where they differ.';
