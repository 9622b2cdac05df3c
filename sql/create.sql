-- The extension and its tables, for the files that follow.

SET client_min_messages = warning;
CREATE EXTENSION arsignup;
SELECT arsignup.create_tables();
