-- And ends it by one that refers to the user.
INSERT INTO shop.subscriptions_ours (user_id, org_id, payment_id) VALUES (:user_id, :org_id, :payment);
COMMIT;
