-- A token becomes a user, credential, org, membership and events; it is looked up by its number.
\set i :i + 1
\set n :from + :i * :clients - :client_id
SELECT user_id, org_id FROM arsignup.redeem_signup_token((SELECT ours FROM bench.tokens WHERE n = :n)) \gset
