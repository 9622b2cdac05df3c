-- Fails if somebody has made one of them beforehand, to own what comes into it.
CREATE SCHEMA arsignup;
CREATE SCHEMA arsignup_web;

COMMENT ON SCHEMA arsignup IS 'Signups that commit with your data: tables and functions for applications and administrators.';
COMMENT ON SCHEMA arsignup_web IS 'What anonymous callers may run through PostgREST.';
