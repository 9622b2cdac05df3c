-- Mints :count tokens, numbers them, and copies their rows into the floor's table.

SET client_min_messages = warning;
DROP TABLE IF EXISTS bench.tokens;
CREATE TABLE bench.tokens (n int PRIMARY KEY, ours text NOT NULL, theirs uuid);
SELECT coalesce(max(split_part(username, '@', 1)::bigint), 0) AS last FROM arsignup.signup_tokens WHERE username ~ '^\d+@' \gset
INSERT INTO bench.tokens SELECT n, arsignup.mint_signup_token('00000000-0000-7000-8000-000000000004', :last + n || '@example.com',
	password_hash => :'hash', first_name => 'Ada', last_name => 'Lovelace', org_name => 'Engines ' || n) FROM generate_series(1, :count) AS n;
UPDATE bench.tokens SET theirs = id FROM arsignup.signup_tokens WHERE username = :last + n || '@example.com';
INSERT INTO floor.signup_tokens SELECT t.* FROM arsignup.signup_tokens AS t JOIN bench.tokens ON t.id = theirs;
GRANT SELECT ON bench.tokens TO shop;
VACUUM ANALYZE bench.tokens;
VACUUM ANALYZE arsignup.signup_tokens;
VACUUM ANALYZE floor.signup_tokens;
