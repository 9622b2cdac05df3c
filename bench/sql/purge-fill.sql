-- Makes tokens and events of a :realm in the order in which they would have come, :due of each that are due and :live that are
-- not yet.

INSERT INTO arsignup.signup_tokens (realm_id, id, connected_app_id, created_at, expires_at, digest, username, email, credential_type, password_hash, custom)
SELECT :'realm', gen_random_uuid(), gen_random_uuid(), at - interval '24 hours', at, sha256(int8send(n)), 'u' || n || '@x.example', 'u' || n || '@x.example', 'password', repeat('h', 97), '{}'
FROM generate_series(1, :due + :live) AS n, LATERAL (SELECT now() + (n - :due) * interval '10 milliseconds') AS t (at);
INSERT INTO arsignup.events (realm_id, id, event_at, event_type, user_id)
SELECT :'realm', arsignup.new_id(), now() - interval '90 days' + (n - :due) * interval '1 second', 'user.login.succeeded', gen_random_uuid()
FROM generate_series(1, :due + :live) AS n;
