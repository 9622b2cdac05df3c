-- What a worker gets.

CREATE TYPE arsignup.claimed_event AS (
	realm_id uuid,
	id uuid,
	event_at timestamptz,
	claimed_at timestamptz,
	user_id uuid,
	org_id uuid,
	membership_id uuid,
	connected_app_id uuid,
	ip inet,
	event_type text,
	client text,
	data jsonb
);

COMMENT ON TYPE arsignup.claimed_event IS 'An event as claim_events hands it out.';
COMMENT ON COLUMN arsignup.claimed_event.realm_id IS 'The realm in which it happened.';
COMMENT ON COLUMN arsignup.claimed_event.id IS 'UUID version 7; ev_ outside SQL. The events of one transaction sort in the order in which they happened.';
COMMENT ON COLUMN arsignup.claimed_event.event_at IS 'When it happened.';
COMMENT ON COLUMN arsignup.claimed_event.claimed_at IS 'When it was claimed, or put aside by postpone_event before.';
COMMENT ON COLUMN arsignup.claimed_event.user_id IS 'The user it is about, if any.';
COMMENT ON COLUMN arsignup.claimed_event.org_id IS 'The org it is about, if any.';
COMMENT ON COLUMN arsignup.claimed_event.membership_id IS 'The membership it is about, if any.';
COMMENT ON COLUMN arsignup.claimed_event.connected_app_id IS 'The connected app through which it happened, if any.';
COMMENT ON COLUMN arsignup.claimed_event.ip IS 'The address of the client, if it is known.';
COMMENT ON COLUMN arsignup.claimed_event.event_type IS 'As in arsignup.events.';
COMMENT ON COLUMN arsignup.claimed_event.client IS 'The client, as it names itself.';
COMMENT ON COLUMN arsignup.claimed_event.data IS 'As in arsignup.events; for an event that asks for a mail, what the mail says: claim_events describes it.';
