-- As subscribe, beside the floor.
INSERT INTO shop.subscriptions_theirs (user_id, org_id, payment_id) VALUES (:user_id, :org_id, :payment);
COMMIT;
