-- The type secret.

CREATE TYPE arsignup.secret;

CREATE FUNCTION arsignup.secret_in(cstring)
RETURNS arsignup.secret
LANGUAGE c IMMUTABLE STRICT PARALLEL SAFE
SET search_path = pg_catalog, pg_temp
AS 'MODULE_PATHNAME', 'arsignup_secret_in';

CREATE FUNCTION arsignup.secret_out(arsignup.secret)
RETURNS cstring
LANGUAGE c IMMUTABLE STRICT PARALLEL SAFE
SET search_path = pg_catalog, pg_temp
AS 'MODULE_PATHNAME', 'arsignup_secret_out';

CREATE FUNCTION arsignup.secret_recv(internal)
RETURNS arsignup.secret
LANGUAGE c IMMUTABLE STRICT PARALLEL SAFE
SET search_path = pg_catalog, pg_temp
AS 'MODULE_PATHNAME', 'arsignup_secret_recv';

-- No send function: a secret leaves the database in no form.
CREATE TYPE arsignup.secret (
	INPUT = arsignup.secret_in,
	OUTPUT = arsignup.secret_out,
	RECEIVE = arsignup.secret_recv,
	INTERNALLENGTH = VARIABLE,
	ALIGNMENT = int4,
	STORAGE = extended
);

CREATE CAST (text AS arsignup.secret) WITHOUT FUNCTION AS IMPLICIT;
CREATE CAST (varchar AS arsignup.secret) WITHOUT FUNCTION AS IMPLICIT;

COMMENT ON TYPE arsignup.secret IS
'A password, token, key or hash on its way into a function. Shows itself as <redacted>, so that a bound value stays out of logs and plans. No column has this type.';
