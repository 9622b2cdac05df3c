-- The same row; its token is made of a random UUID.
\set n random(1, 1000000000000000)
INSERT INTO floor.signup_tokens (realm_id, id, connected_app_id, created_at, expires_at, digest, username, email, first_name, last_name,
	org_name, credential_type, password_hash, custom)
SELECT :realm, id, :tokens, now(), now() + interval '24 hours', sha256(uuid_send(id)), email, email, 'Ada', 'Lovelace',
	'Engines ' || :n, 'password', :hash, '{}'
FROM (SELECT gen_random_uuid() AS id, 'u' || :n || '@example.com' AS email OFFSET 0) AS person
RETURNING id;
