-- Only functions write the tables of people. They hold no foreign key to the
-- configuration, which every signup would lock, and no trigger. Their checks
-- have lists as one constant, since the server reads them anew for every insert.

CREATE TABLE arsignup.users (
	realm_id uuid NOT NULL,
	id uuid NOT NULL,
	created_at timestamptz NOT NULL,
	last_login_at timestamptz,
	held_until timestamptz,
	token_generation int NOT NULL DEFAULT 0,
	state text NOT NULL DEFAULT 'active'
		CONSTRAINT state_is_known CHECK (state = ANY ('{active,inactive,held}')),
	user_type text NOT NULL
		CONSTRAINT user_type_is_known CHECK (user_type = ANY ('{human,api}')),
	email_verification text NOT NULL DEFAULT 'none'
		CONSTRAINT email_verification_is_known CHECK (email_verification = ANY ('{none,requested,verified}')),
	username text NOT NULL,
	username_key text COLLATE "C" NOT NULL,
	email text,
	email_key text COLLATE "C",
	first_name text,
	last_name text,
	reference text,
	shared_email_id uuid,
	custom jsonb NOT NULL,
	PRIMARY KEY (id),
	UNIQUE (realm_id, id)
);

CREATE UNIQUE INDEX users_username ON arsignup.users (realm_id, username_key);
-- Emails that are no usernames, which users_username has; where usernames are standard, all of them. Those that may be shared have an id behind them.
CREATE UNIQUE INDEX users_email ON arsignup.users (realm_id, email_key, shared_email_id) NULLS NOT DISTINCT
	WHERE email_key <> username_key;
CREATE INDEX users_reference ON arsignup.users (realm_id, reference COLLATE "C", id) WHERE reference IS NOT NULL;

COMMENT ON TABLE arsignup.users IS 'People, programs (user_type api), and, in state held, who is nobody yet: no function finds these, and your own queries leave them out by state <> ''held''. Your tables may refer to id, or to realm_id and id.';
COMMENT ON COLUMN arsignup.users.realm_id IS 'The realm; never changes.';
COMMENT ON COLUMN arsignup.users.id IS 'UUID version 7, unless create_user was given one; usr_ outside SQL. Never used twice, but by who gives one; even then no login token of the former user is the new one''s.';
COMMENT ON COLUMN arsignup.users.created_at IS 'When the user was made, or what create_user was given.';
COMMENT ON COLUMN arsignup.users.last_login_at IS 'When the user last logged in.';
COMMENT ON COLUMN arsignup.users.held_until IS 'Until when the names of a held signup are its own; null for everybody else.';
COMMENT ON COLUMN arsignup.users.token_generation IS 'Goes up with each new password, change of state and end_sessions: login tokens and mailed resets of an earlier generation are refused.';
COMMENT ON COLUMN arsignup.users.state IS 'active, inactive, or held: a user to be, whose names a signup token holds. One whose time is over gives them up to who wants them, and is then named by its id.';
COMMENT ON COLUMN arsignup.users.user_type IS 'human or api.';
COMMENT ON COLUMN arsignup.users.email_verification IS 'none, requested or verified; none again when the email changes.';
COMMENT ON COLUMN arsignup.users.username IS 'As typed; the email where the realm says so, and elsewhere no other address than that; never another''s id, nor what looks like one.';
COMMENT ON COLUMN arsignup.users.username_key IS 'Canonical username, by which it is unique in the realm, and found by an index: normalize_username, or normalize_email in realms where the email is the username; in others, of a username that is the user''s email, normalize_email with an @ behind it, so that the index of emails has it as everybody''s.';
COMMENT ON COLUMN arsignup.users.email IS 'As typed; mail goes here.';
COMMENT ON COLUMN arsignup.users.email_key IS 'Canonical email: normalize_email. In realms where the email is the username, username_key is the same, and is what an index finds users by; elsewhere one finds them by realm_id = ... AND email_key = arsignup.normalize_email(...) AND email_key <> username_key, several where emails may be shared. find_user does all of this.';
COMMENT ON COLUMN arsignup.users.first_name IS 'First name, if given.';
COMMENT ON COLUMN arsignup.users.last_name IS 'Last name, if given.';
COMMENT ON COLUMN arsignup.users.reference IS 'The application''s own id of this user; not unique.';
COMMENT ON COLUMN arsignup.users.shared_email_id IS 'The user''s own id where others may have the same email, so that the index of emails is unique with it; null where nobody else may, and of the one whose username it is.';
COMMENT ON COLUMN arsignup.users.custom IS 'Attributes of the application: a JSON object.';

GRANT SELECT ON arsignup.users TO arsignup_app, arsignup_admin;
GRANT REFERENCES (realm_id, id) ON arsignup.users TO arsignup_app;
