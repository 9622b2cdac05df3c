-- The shop's own tables, made by the role that the shop runs as, a member of arsignup_app.

-- One row for each payment page that was opened. It outlives all else: there is no ON DELETE CASCADE, since a payment must not
-- vanish with the user. The user's id is known from the hold on, so the key holds before the user is anybody.
CREATE TABLE payments (
	id bigint GENERATED ALWAYS AS IDENTITY PRIMARY KEY,
	signup_id text NOT NULL,
	user_id uuid NOT NULL REFERENCES arsignup.users (id),
	intent text UNIQUE, -- Stripe's id, noted before anybody can pay
	amount int NOT NULL,
	state text NOT NULL DEFAULT 'open' CHECK (state IN ('open', 'paid', 'closed', 'refund', 'refunded')),
	closes_at timestamptz NOT NULL -- when the payment page closes, a little before the hold ends
);

-- Two tabs are one payment.
CREATE UNIQUE INDEX ON payments (signup_id) WHERE state <> 'closed';
CREATE INDEX ON payments (closes_at) WHERE state IN ('open', 'refund');

CREATE TABLE subscriptions (
	user_id uuid PRIMARY KEY REFERENCES arsignup.users (id),
	payment_id bigint NOT NULL UNIQUE REFERENCES payments (id)
);

-- What was said already. Rows older than Stripe's last attempt (three days) can be deleted.
CREATE TABLE webhook_events (
	id text PRIMARY KEY,
	received_at timestamptz NOT NULL DEFAULT now()
);
