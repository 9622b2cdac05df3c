-- What keeps a realm that is not empty.

CREATE FUNCTION arsignup.guard_realm()
RETURNS trigger
LANGUAGE c
SET search_path = pg_catalog, pg_temp
AS 'MODULE_PATHNAME', 'arsignup_guard_realm';

CREATE TRIGGER guard_update BEFORE UPDATE ON arsignup.realms
FOR EACH ROW
WHEN (OLD.id <> NEW.id OR OLD.username_validation <> NEW.username_validation
	OR OLD.require_unique_emails < NEW.require_unique_emails)
EXECUTE FUNCTION arsignup.guard_realm();

CREATE TRIGGER guard_delete BEFORE DELETE ON arsignup.realms
FOR EACH ROW EXECUTE FUNCTION arsignup.guard_realm();

COMMENT ON TRIGGER guard_update ON arsignup.realms IS 'Keeps what users and orgs stand on: the realm''s id and its rules for names.';
COMMENT ON TRIGGER guard_delete ON arsignup.realms IS 'Keeps a realm that has users or orgs.';
