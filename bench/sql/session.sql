-- As create, and whoever is made is logged in: a session, and a login token.
\set n random(1, 1000000000000000)
SELECT user_id, org_id, token FROM arsignup.signup(:orgs, 'u' || :n || '@example.com', password_hash => :hash,
	first_name => 'Ada', last_name => 'Lovelace', org_name => 'Engines ' || :n);
