CREATE TABLE arsignup.login_sources (
	realm_id uuid NOT NULL,
	user_id uuid NOT NULL,
	source inet NOT NULL,
	logged_in_at timestamptz NOT NULL,
	PRIMARY KEY (realm_id, user_id, source, logged_in_at),
	FOREIGN KEY (realm_id, user_id) REFERENCES arsignup.users (realm_id, id) ON DELETE CASCADE
);

CREATE INDEX login_sources_time ON arsignup.login_sources (logged_in_at);

COMMENT ON TABLE arsignup.login_sources IS 'From where users have logged in, signed up or reset their password within 30 days: there, what strangers fail elsewhere does not keep them out.';
COMMENT ON COLUMN arsignup.login_sources.realm_id IS 'The user''s realm.';
COMMENT ON COLUMN arsignup.login_sources.user_id IS 'Who has logged in.';
COMMENT ON COLUMN arsignup.login_sources.source IS 'An IPv4 address, or the /64 of an IPv6 address.';
COMMENT ON COLUMN arsignup.login_sources.logged_in_at IS 'When; noted once a day.';

GRANT SELECT ON arsignup.login_sources TO arsignup_admin;
