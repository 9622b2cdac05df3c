-- Mints :count tokens for persons who come in no order among the users, and numbers them.

CREATE TABLE bench.tokens (n int PRIMARY KEY, ours text NOT NULL);
INSERT INTO bench.tokens SELECT n, arsignup.mint_signup_token(:'quiet', bench.email(number), password_hash => :'hash',
	first_name => bench.first_name(number), last_name => bench.last_name(number), org_name => 'Engines ' || n)
FROM generate_series(1, :count) AS n, LATERAL (SELECT 1000000000000000 + bench.number(n)) AS person (number);
GRANT SELECT ON bench.tokens TO shop;
