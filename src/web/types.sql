-- Domains that PostgREST takes for media types.

CREATE DOMAIN arsignup_web."*/*" AS bytea;
CREATE DOMAIN arsignup_web."text/html" AS text;
CREATE DOMAIN arsignup_web."text/css" AS text;

COMMENT ON DOMAIN arsignup_web."*/*" IS 'An answer of any media type, which its header Content-Type names.';
COMMENT ON DOMAIN arsignup_web."text/html" IS 'A page.';
COMMENT ON DOMAIN arsignup_web."text/css" IS 'A stylesheet.';
