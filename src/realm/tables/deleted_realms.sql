CREATE TABLE arsignup.deleted_realms (
	realm_id uuid PRIMARY KEY,
	deleted_at timestamptz NOT NULL,
	purge_at timestamptz NOT NULL
);

-- What a purge looks at next.
CREATE INDEX deleted_realms_due ON arsignup.deleted_realms (purge_at);

COMMENT ON TABLE arsignup.deleted_realms IS 'Realms that were deleted, of which purge has rows left to delete, or to look for. None of these is ever shown or used.';
COMMENT ON COLUMN arsignup.deleted_realms.realm_id IS 'What was the id of the realm; no realm can have it as long as this row is there.';
COMMENT ON COLUMN arsignup.deleted_realms.deleted_at IS 'When it was deleted.';
COMMENT ON COLUMN arsignup.deleted_realms.purge_at IS 'When purge looks at it: at once as long as there is something to delete, ten minutes later if a row could not be deleted, and an hour after deleted_at, or later, for what was under way then.';

GRANT SELECT ON arsignup.deleted_realms TO arsignup_admin;
