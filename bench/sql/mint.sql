-- A signup token, with a ready hash.
\set n random(1, 1000000000000000)
SELECT arsignup.mint_signup_token(:tokens, 'u' || :n || '@example.com', password_hash => :hash,
	first_name => 'Ada', last_name => 'Lovelace', org_name => 'Engines ' || :n);
