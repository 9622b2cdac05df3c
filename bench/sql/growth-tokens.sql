-- Mints :count tokens for persons who come in no order among the users, and numbers them.

DROP TABLE IF EXISTS bench.tokens;
CREATE TABLE bench.tokens (n int PRIMARY KEY, ours text NOT NULL);
INSERT INTO bench.tokens SELECT n, arsignup.mint_signup_token(:'quiet', bench.email(number), password_hash => :'hash',
	first_name => bench.first_name(number), last_name => bench.last_name(number), org_name => bench.org_name(number))
FROM (SELECT n, 1000000000000000 + (random() * 1000000000000000)::bigint AS number FROM generate_series(1, :count) AS n) AS person;
GRANT SELECT ON bench.tokens TO shop;
