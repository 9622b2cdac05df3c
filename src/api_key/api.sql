-- API keys.

CREATE OR REPLACE FUNCTION arsignup.create_api_key(realm_id uuid, name text, permissions text[])
RETURNS text
LANGUAGE c VOLATILE SECURITY DEFINER
SET search_path = pg_catalog, pg_temp
AS 'MODULE_PATHNAME', 'arsignup_create_api_key';

COMMENT ON FUNCTION arsignup.create_api_key(uuid, text, text[]) IS
'Makes a key to the Core API and returns it (ko_...); it is shown this once, only a digest is stored. realm_id: the one realm that it opens; null: every realm, for an administrator. permissions: any of read (GET), write (everything else that is about people) and admin (the realm''s settings). Errors: SU001 invalid input; SU010 no such realm.';

CREATE OR REPLACE FUNCTION arsignup.revoke_api_key(key_id uuid)
RETURNS boolean
LANGUAGE c VOLATILE SECURITY DEFINER
SET search_path = pg_catalog, pg_temp
AS 'MODULE_PATHNAME', 'arsignup_revoke_api_key';

COMMENT ON FUNCTION arsignup.revoke_api_key(uuid) IS
'Makes a key open nothing any more, from the commit on; false if there is none, or it was revoked already. Its id is in api_keys. Errors: 55P03 another transaction holds the key.';
