-- What people write today: PL/pgSQL, a statement for each row, ids by pgcrypto. The hash is given, as to ours: crypt() would
-- be nearly all of it.

SET client_min_messages = warning;
CREATE SCHEMA IF NOT EXISTS pgcrypto;
CREATE EXTENSION IF NOT EXISTS pgcrypto SCHEMA pgcrypto;
GRANT USAGE ON SCHEMA pgcrypto TO shop;

CREATE FUNCTION today.sign_up(realm uuid, app uuid, address text, hash text, first text, last text, org text, OUT user_id uuid, OUT org_id uuid)
LANGUAGE plpgsql AS $$
DECLARE
	key text := lower(trim(address));
	membership uuid := pgcrypto.gen_random_uuid();
BEGIN
	IF key !~ '^[^@\s]+@[^@\s]+\.[^@\s]+$' THEN
		RAISE 'Email is invalid.';
	END IF;
	IF length(first) > 255 OR length(last) > 255 OR length(org) > 255 THEN
		RAISE 'Name is too long.';
	END IF;
	IF EXISTS (SELECT FROM today.users AS u WHERE u.realm_id = realm AND u.email_key = key) THEN
		RAISE 'Email is taken.';
	END IF;
	user_id := pgcrypto.gen_random_uuid();
	org_id := pgcrypto.gen_random_uuid();
	INSERT INTO today.users (realm_id, id, created_at, user_type, username, username_key, email, email_key, first_name, last_name, custom)
	VALUES (realm, user_id, now(), 'human', address, key, address, key, first, last, '{}');
	INSERT INTO today.credentials (realm_id, user_id, created_at, updated_at, password_hash)
	VALUES (realm, user_id, now(), now(), hash);
	INSERT INTO today.orgs (realm_id, id, created_at, name, custom) VALUES (realm, org_id, now(), org, '{}');
	INSERT INTO today.memberships (realm_id, id, created_at, user_id, org_id, permissions, custom)
	VALUES (realm, membership, now(), user_id, org_id, '{}', '{}');
	INSERT INTO today.events (realm_id, id, event_at, connected_app_id, event_type, user_id)
	VALUES (realm, pgcrypto.gen_random_uuid(), now(), app, 'user.created', user_id);
	INSERT INTO today.events (realm_id, id, event_at, connected_app_id, event_type, org_id)
	VALUES (realm, pgcrypto.gen_random_uuid(), now(), app, 'org.created', org_id);
	INSERT INTO today.events (realm_id, id, event_at, connected_app_id, event_type, user_id, org_id, membership_id)
	VALUES (realm, pgcrypto.gen_random_uuid(), now(), app, 'membership.created', user_id, org_id, membership);
END
$$;
