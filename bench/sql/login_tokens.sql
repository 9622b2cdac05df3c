-- Makes :count tokens each of two realms, whose sessions are unmanaged, and tokens with the claims of the first as pgjwt does.

CREATE TABLE bench.login_tokens (alg text, token text NOT NULL);
INSERT INTO arsignup.realms (name, jwt_alg, session_type) VALUES ('HS256', 'HS256', 'unmanaged'), ('EdDSA', 'EdDSA', 'unmanaged');
SELECT arsignup.rotate_signing_key(id) FROM arsignup.realms WHERE session_type = 'unmanaged' \g /dev/null
INSERT INTO bench.login_tokens
SELECT r.jwt_alg, (arsignup.create_session(r.id, arsignup.create_user(r.id, 'login' || n || '@example.com', password_hash => :'hash', first_name => 'Ada', last_name => 'Lovelace'))).token
FROM arsignup.realms AS r, generate_series(1, :count) AS n WHERE r.session_type = 'unmanaged';

-- pgjwt's way: SQL, HMAC by pgcrypto.
SET client_min_messages = warning;
CREATE SCHEMA IF NOT EXISTS pgcrypto;
CREATE EXTENSION IF NOT EXISTS pgcrypto SCHEMA pgcrypto;
GRANT USAGE ON SCHEMA pgcrypto TO shop;
CREATE SCHEMA pgjwt;
CREATE FUNCTION pgjwt.url_encode(data bytea) RETURNS text LANGUAGE sql IMMUTABLE AS $$
	SELECT translate(encode(data, 'base64'), E'+/=\n', '-_');
$$;
CREATE FUNCTION pgjwt.url_decode(data text) RETURNS bytea LANGUAGE sql IMMUTABLE AS $$
	WITH plain AS (SELECT translate(data, '-_', '+/') AS text)
	SELECT decode(text || repeat('=', (4 - length(text) % 4) % 4), 'base64') FROM plain;
$$;
CREATE FUNCTION pgjwt.algorithm_sign(signables text, secret text, algorithm text) RETURNS text LANGUAGE sql IMMUTABLE AS $$
	WITH alg AS (SELECT CASE algorithm WHEN 'HS256' THEN 'sha256' WHEN 'HS384' THEN 'sha384' WHEN 'HS512' THEN 'sha512' ELSE '' END AS id)
	SELECT pgjwt.url_encode(pgcrypto.hmac(signables, secret, alg.id)) FROM alg;
$$;
CREATE FUNCTION pgjwt.sign(payload json, secret text, algorithm text DEFAULT 'HS256') RETURNS text LANGUAGE sql IMMUTABLE AS $$
	WITH header AS (SELECT pgjwt.url_encode(convert_to('{"alg":"' || algorithm || '","typ":"JWT"}', 'utf8')) AS data),
		payload AS (SELECT pgjwt.url_encode(convert_to(payload::text, 'utf8')) AS data),
		signables AS (SELECT header.data || '.' || payload.data AS data FROM header, payload)
	SELECT signables.data || '.' || pgjwt.algorithm_sign(signables.data, secret, algorithm) FROM signables;
$$;
CREATE FUNCTION pgjwt.try_cast_double(input text) RETURNS double precision LANGUAGE plpgsql IMMUTABLE AS $$
BEGIN
	RETURN input::double precision;
EXCEPTION WHEN OTHERS THEN
	RETURN NULL;
END
$$;
CREATE FUNCTION pgjwt.verify(token text, secret text, algorithm text DEFAULT 'HS256') RETURNS TABLE (header json, payload json, valid boolean)
LANGUAGE sql IMMUTABLE AS $$
	SELECT jwt.header, jwt.payload, jwt.signature_ok AND tstzrange(to_timestamp(pgjwt.try_cast_double(jwt.payload ->> 'nbf')),
		to_timestamp(pgjwt.try_cast_double(jwt.payload ->> 'exp'))) @> CURRENT_TIMESTAMP
	FROM (
		SELECT convert_from(pgjwt.url_decode(r[1]), 'utf8')::json AS header, convert_from(pgjwt.url_decode(r[2]), 'utf8')::json AS payload,
			r[3] = pgjwt.algorithm_sign(r[1] || '.' || r[2], secret, algorithm) AS signature_ok
		FROM regexp_split_to_array(token, '\.') AS r
	) AS jwt;
$$;
CREATE TABLE bench.pgjwt_tokens AS
SELECT pgjwt.sign(convert_from(pgjwt.url_decode(split_part(token, '.', 2)), 'utf8')::json, 'a secret of thirty-two bytes, so') AS token
FROM bench.login_tokens WHERE alg = 'HS256';
GRANT USAGE ON SCHEMA pgjwt TO shop;
GRANT SELECT ON bench.login_tokens, bench.pgjwt_tokens TO shop;
