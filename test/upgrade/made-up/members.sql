-- A type that is new; functions that are to be made anew, since their arguments are others, or are gone.
CREATE TYPE arsignup.nicknamed_org AS (org_id uuid, nickname text);

COMMENT ON TYPE arsignup.nicknamed_org IS 'An org and what people call it.';

DROP FUNCTION arsignup.create_org;
DROP FUNCTION arsignup.password_strength;

