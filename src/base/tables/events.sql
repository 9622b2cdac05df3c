CREATE TABLE arsignup.events (
	realm_id uuid NOT NULL,
	id uuid NOT NULL,
	event_at timestamptz NOT NULL,
	claimed_at timestamptz,
	user_id uuid,
	org_id uuid,
	membership_id uuid,
	connected_app_id uuid,
	ip inet,
	event_type text NOT NULL,
	client text,
	data jsonb,
	PRIMARY KEY (realm_id, id)
);

-- What a realm keeps no longer. A block range index would cost an insert less, but matches every block once room is used again.
CREATE INDEX events_time ON arsignup.events (realm_id, event_at);

-- What happened to somebody, in the order of time: asked for by support, an export, and the end of what is known of them.
CREATE INDEX events_user ON arsignup.events (user_id, id) WHERE user_id IS NOT NULL;

-- What a worker claims next: a claimed event is not in it.
CREATE INDEX events_unclaimed ON arsignup.events (event_type COLLATE "C", id) WHERE claimed_at IS NULL;

COMMENT ON TABLE arsignup.events IS 'What happened, written in the transaction in which it happened. No foreign keys: an event outlives what it tells of.';
COMMENT ON COLUMN arsignup.events.realm_id IS 'The realm in which it happened.';
COMMENT ON COLUMN arsignup.events.id IS 'UUID version 7; ev_ outside SQL. The events of one transaction sort in the order in which they happened.';
COMMENT ON COLUMN arsignup.events.event_at IS 'When it happened.';
COMMENT ON COLUMN arsignup.events.claimed_at IS 'When a worker took it by claim_events, or put it aside by postpone_event; null before.';
COMMENT ON COLUMN arsignup.events.user_id IS 'The user it is about, if any.';
COMMENT ON COLUMN arsignup.events.org_id IS 'The org it is about, if any.';
COMMENT ON COLUMN arsignup.events.membership_id IS 'The membership it is about, if any.';
COMMENT ON COLUMN arsignup.events.connected_app_id IS 'The connected app through which it happened, if any.';
COMMENT ON COLUMN arsignup.events.ip IS 'The address of the client, if it is known.';
COMMENT ON COLUMN arsignup.events.event_type IS 'user.created, user.updated (also a new password), user.deleted, the same of org and membership (memberships that go with a user or org before it); user.login.succeeded; user.password_token.created, consumed and failed; user.email.verification_requested; user.email.verified.';
COMMENT ON COLUMN arsignup.events.client IS 'The client, as it names itself.';
COMMENT ON COLUMN arsignup.events.data IS 'Of user.updated, org.updated and membership.updated: {"changed": ["email", ...]}, the names of the attributes that have changed, never their values; a new password is "password"; with a changed email goes "old_email", to which a mail can say so. An update that changes nothing is no event. Null for all others: the token of a mail is only in what claim_events returns.';

GRANT SELECT ON arsignup.events TO arsignup_admin;
