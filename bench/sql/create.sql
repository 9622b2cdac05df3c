-- A user, credential, org, membership and events; nobody is logged in.
\set n random(1, 1000000000000000)
SELECT user_id, org_id FROM arsignup.signup(:quiet, 'u' || :n || '@example.com', password_hash => :hash,
	first_name => 'Ada', last_name => 'Lovelace', org_name => 'Engines ' || :n);
