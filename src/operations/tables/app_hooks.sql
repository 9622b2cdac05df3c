-- Administrators write this table themselves, so every rule is a constraint.

CREATE TABLE arsignup.app_hooks (
	realm_id uuid REFERENCES arsignup.realms (id) ON DELETE CASCADE,
	id uuid PRIMARY KEY DEFAULT arsignup.new_id(),
	state text NOT NULL DEFAULT 'active'
		CONSTRAINT state_is_known CHECK (state IN ('active', 'inactive')),
	event_types text[] NOT NULL DEFAULT '{}'
		CONSTRAINT event_types_are_known CHECK (arsignup.are_hook_events(event_types)),
	delay int NOT NULL DEFAULT 0
		CONSTRAINT delay_is_0_to_2592000 CHECK (delay BETWEEN 0 AND 2592000),
	destination text NOT NULL
		CONSTRAINT destination_is_a_safe_url CHECK (arsignup.are_valid_urls(ARRAY[destination])),
	created_at timestamptz NOT NULL DEFAULT now()
);

CREATE INDEX app_hooks_realm ON arsignup.app_hooks (realm_id, id);

COMMENT ON TABLE arsignup.app_hooks IS 'Where arsignup-webhook posts events, beside the URL of its configuration.';
COMMENT ON COLUMN arsignup.app_hooks.realm_id IS 'The realm whose events are posted; null: those of all realms.';
COMMENT ON COLUMN arsignup.app_hooks.id IS 'UUID version 7; hk_ outside SQL.';
COMMENT ON COLUMN arsignup.app_hooks.state IS 'active, or inactive: nothing is posted, and what waits for it is dropped.';
COMMENT ON COLUMN arsignup.app_hooks.event_types IS 'Which events are posted: types such as user.created, or user.* for all that begin with user.; empty: all. Never user.password_token.created and user.email.verification_requested, which are mailed.';
COMMENT ON COLUMN arsignup.app_hooks.delay IS 'How many seconds after an event it is posted, 30 days at most.';
COMMENT ON COLUMN arsignup.app_hooks.destination IS 'The URL to post to: https, or http on a loopback host. arsignup-webhook posts to public addresses only, and to the networks in its option hook_networks.';
COMMENT ON COLUMN arsignup.app_hooks.created_at IS 'When the hook was made.';

GRANT SELECT, INSERT, UPDATE, DELETE ON arsignup.app_hooks TO arsignup_admin;
GRANT SELECT ON arsignup.app_hooks TO arsignup_app;
