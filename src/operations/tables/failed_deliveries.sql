CREATE TABLE arsignup.failed_deliveries (
	realm_id uuid NOT NULL,
	event_id uuid NOT NULL,
	event_at timestamptz NOT NULL,
	failed_at timestamptz NOT NULL,
	retry_at timestamptz,
	user_id uuid,
	attempts int NOT NULL,
	event_type text NOT NULL,
	error text NOT NULL,
	PRIMARY KEY (realm_id, event_id)
);

-- What a worker tries again next: what is given up is not in it.
CREATE INDEX failed_deliveries_due ON arsignup.failed_deliveries (event_type COLLATE "C", retry_at) WHERE retry_at IS NOT NULL;

-- What somebody has to look at.
CREATE INDEX failed_deliveries_given_up ON arsignup.failed_deliveries (event_type COLLATE "C", failed_at) WHERE retry_at IS NULL;

-- What goes with the events.
CREATE INDEX failed_deliveries_time ON arsignup.failed_deliveries (realm_id, event_at);

COMMENT ON TABLE arsignup.failed_deliveries IS 'Events whose delivery failed, put aside by postpone_event until they are due again or somebody says so by retry_event. No foreign keys, as with events.';
COMMENT ON COLUMN arsignup.failed_deliveries.realm_id IS 'The realm in which it happened.';
COMMENT ON COLUMN arsignup.failed_deliveries.event_id IS 'The event.';
COMMENT ON COLUMN arsignup.failed_deliveries.event_at IS 'When it happened.';
COMMENT ON COLUMN arsignup.failed_deliveries.failed_at IS 'When its delivery last failed.';
COMMENT ON COLUMN arsignup.failed_deliveries.retry_at IS 'From when on claim_events hands it out again; null if it is given up.';
COMMENT ON COLUMN arsignup.failed_deliveries.user_id IS 'The user it is about, if any.';
COMMENT ON COLUMN arsignup.failed_deliveries.attempts IS 'How often its delivery has failed since it happened or was retried by retry_event.';
COMMENT ON COLUMN arsignup.failed_deliveries.event_type IS 'The type of the event.';
COMMENT ON COLUMN arsignup.failed_deliveries.error IS 'What went wrong last, as the worker tells it.';

GRANT SELECT ON arsignup.failed_deliveries TO arsignup_app, arsignup_admin;
