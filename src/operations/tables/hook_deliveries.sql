CREATE TABLE arsignup.hook_deliveries (
	realm_id uuid NOT NULL,
	id uuid NOT NULL,
	app_hook_id uuid REFERENCES arsignup.app_hooks (id) ON DELETE CASCADE,
	event_id uuid NOT NULL,
	event_at timestamptz NOT NULL,
	due_at timestamptz,
	failed_at timestamptz,
	attempts int NOT NULL DEFAULT 0,
	error text,
	PRIMARY KEY (realm_id, id)
);

-- What is posted next to each hook, and what goes with it.
CREATE INDEX hook_deliveries_due ON arsignup.hook_deliveries (app_hook_id, due_at, id);

-- What backlog() counts: a row is in one of these.
CREATE INDEX hook_deliveries_waiting ON arsignup.hook_deliveries (due_at) WHERE failed_at IS NULL;
CREATE INDEX hook_deliveries_postponed ON arsignup.hook_deliveries (failed_at) WHERE failed_at IS NOT NULL AND due_at IS NOT NULL;
CREATE INDEX hook_deliveries_given_up ON arsignup.hook_deliveries (failed_at) WHERE failed_at IS NOT NULL AND due_at IS NULL;

-- What goes with the events.
CREATE INDEX hook_deliveries_time ON arsignup.hook_deliveries (realm_id, event_at);

COMMENT ON TABLE arsignup.hook_deliveries IS 'Events that are still to be posted, a row for each hook that wants one: queue_hooks puts them here, arsignup-webhook deletes what is posted. No foreign keys to events, as with failed_deliveries.';
COMMENT ON COLUMN arsignup.hook_deliveries.realm_id IS 'The realm in which it happened.';
COMMENT ON COLUMN arsignup.hook_deliveries.id IS 'UUID version 7.';
COMMENT ON COLUMN arsignup.hook_deliveries.app_hook_id IS 'The hook; null: the URL of the configuration of arsignup-webhook.';
COMMENT ON COLUMN arsignup.hook_deliveries.event_id IS 'The event.';
COMMENT ON COLUMN arsignup.hook_deliveries.event_at IS 'When it happened.';
COMMENT ON COLUMN arsignup.hook_deliveries.due_at IS 'From when on it is posted; null if it is given up.';
COMMENT ON COLUMN arsignup.hook_deliveries.failed_at IS 'When posting it last failed; null if it never did.';
COMMENT ON COLUMN arsignup.hook_deliveries.attempts IS 'How often posting it has failed.';
COMMENT ON COLUMN arsignup.hook_deliveries.error IS 'What went wrong last: never what the receiver said.';

GRANT SELECT, UPDATE (due_at, failed_at, attempts, error), DELETE ON arsignup.hook_deliveries TO arsignup_app, arsignup_admin;
