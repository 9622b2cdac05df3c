
-- The functions are in the library of their own version.
DO $$
DECLARE
	version CONSTANT text := (SELECT e.extversion FROM pg_extension e WHERE e.extname = 'arsignup');
BEGIN
	IF arsignup.library_version() <> version THEN
		RAISE EXCEPTION 'the server has loaded the library of arsignup %, not of %', arsignup.library_version(), version
			USING ERRCODE = 'object_not_in_prerequisite_state',
			HINT = 'Restart the server: it loads the library that is installed.';
	END IF;
END
$$;

