-- Ids, and the trigger of tables whose rows are kept.

COMMENT ON FUNCTION arsignup.secret_in(cstring) IS 'Input of the type secret.';
COMMENT ON FUNCTION arsignup.secret_out(arsignup.secret) IS 'Output of the type secret: always <redacted>.';
COMMENT ON FUNCTION arsignup.secret_recv(internal) IS 'Binary input of the type secret.';

CREATE OR REPLACE FUNCTION arsignup.new_id()
RETURNS uuid
LANGUAGE c VOLATILE
SET search_path = pg_catalog, pg_temp
AS 'MODULE_PATHNAME', 'arsignup_new_id';

COMMENT ON FUNCTION arsignup.new_id() IS 'Returns a new id: a UUID of version 7, ordered by time.';

CREATE OR REPLACE FUNCTION arsignup.format_id(prefix text, id uuid)
RETURNS text
LANGUAGE c IMMUTABLE STRICT PARALLEL SAFE
SET search_path = pg_catalog, pg_temp
AS 'MODULE_PATHNAME', 'arsignup_format_id';

COMMENT ON FUNCTION arsignup.format_id(text, uuid) IS
'Writes an id as it is shown outside SQL: the prefix, an underscore, 22 base62 digits. Prefixes: usr user, org org, mb membership, rl realm, lpl connected app, kss session, ev event, crd credential. Null for null. Errors: SU001 the prefix is not 1 to 8 lower-case letters.';

CREATE OR REPLACE FUNCTION arsignup.parse_id(public_id text)
RETURNS uuid
LANGUAGE c IMMUTABLE STRICT PARALLEL SAFE
SET search_path = pg_catalog, pg_temp
AS 'MODULE_PATHNAME', 'arsignup_parse_id';

COMMENT ON FUNCTION arsignup.parse_id(text) IS
'Reads an id that format_id wrote, whatever its prefix. Null for null. Errors: SU001 not well-formed.';

CREATE OR REPLACE FUNCTION arsignup.note_change()
RETURNS trigger
LANGUAGE c
SET search_path = pg_catalog, pg_temp
AS 'MODULE_PATHNAME', 'arsignup_note_change';

COMMENT ON FUNCTION arsignup.note_change() IS 'Trigger function of tables whose rows every session keeps: has them read anew.';
