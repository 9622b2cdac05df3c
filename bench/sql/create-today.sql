-- The same rows by the function of today.sql.
\set n random(1, 1000000000000000)
SELECT user_id, org_id FROM today.sign_up(:realm, :quiet, 'u' || :n || '@example.com', :hash, 'Ada', 'Lovelace', 'Engines ' || :n);
