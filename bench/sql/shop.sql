-- The application's own tables, beside ours and beside the floor's.

CREATE SCHEMA shop AUTHORIZATION shop;
SET ROLE shop;
CREATE TABLE shop.payments_ours (id bigint GENERATED ALWAYS AS IDENTITY PRIMARY KEY, amount int NOT NULL);
CREATE TABLE shop.payments_theirs (LIKE shop.payments_ours INCLUDING ALL);
CREATE TABLE shop.subscriptions_ours (
	user_id uuid NOT NULL REFERENCES arsignup.users (id),
	org_id uuid REFERENCES arsignup.orgs (id),
	payment_id bigint NOT NULL REFERENCES shop.payments_ours
);
CREATE TABLE shop.subscriptions_theirs (
	user_id uuid NOT NULL REFERENCES floor.users (id),
	org_id uuid REFERENCES floor.orgs (id),
	payment_id bigint NOT NULL REFERENCES shop.payments_theirs
);
