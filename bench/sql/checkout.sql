-- As redeem, between two rows of the application's, the second of which refers to the user.
\set i :i + 1
\set n :from + :i * :clients - :client_id
BEGIN;
INSERT INTO shop.payments_ours (amount) VALUES (4900) RETURNING id AS payment \gset
SELECT user_id, org_id FROM arsignup.redeem_signup_token((SELECT ours FROM bench.tokens WHERE n = :n)) \gset
INSERT INTO shop.subscriptions_ours (user_id, org_id, payment_id) VALUES (:user_id, :org_id, :payment);
COMMIT;
