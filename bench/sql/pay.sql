-- The application begins its transaction by a row of its own.
BEGIN;
INSERT INTO shop.payments_ours (amount) VALUES (4900) RETURNING id AS payment \gset
