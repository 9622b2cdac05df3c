-- Makes what bench/instructions redeems and verifies, and prints a key to the Core API.

CREATE SCHEMA bench;
INSERT INTO arsignup.realms (name, session_type) VALUES ('Unmanaged', 'unmanaged') RETURNING id AS unmanaged \gset
SELECT arsignup.rotate_signing_key(:'unmanaged') \g /dev/null
CREATE TABLE bench.tokens AS
SELECT n, arsignup.mint_signup_token('00000000-0000-7000-8000-000000000004', 'redeem' || n || '@example.com', password_hash => :'hash', org_name => 'Engines') AS redeemed,
	(arsignup.create_session(:'unmanaged', arsignup.create_user(:'unmanaged', 'verify' || n || '@example.com', password_hash => :'hash'))).token AS verified
FROM generate_series(1, 100) AS n;
SELECT arsignup.create_api_key('00000000-0000-7000-8000-000000000001', 'bench', '{read}');
VACUUM ANALYZE;
