
CREATE OR REPLACE FUNCTION arsignup.find_nicknamed_org(realm_id uuid, nickname text)
RETURNS arsignup.nicknamed_org
LANGUAGE c STABLE SECURITY DEFINER
SET search_path = pg_catalog, pg_temp
AS 'MODULE_PATHNAME', 'arsignup_find_nicknamed_org';

COMMENT ON FUNCTION arsignup.find_nicknamed_org(uuid, text) IS 'Returns an org that people call so.';
