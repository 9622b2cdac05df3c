-- As pay, beside the floor.
BEGIN;
INSERT INTO shop.payments_theirs (amount) VALUES (4900) RETURNING id AS payment \gset
