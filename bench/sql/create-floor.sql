-- The same rows by one statement, in plain copies of the tables.
\set n random(1, 1000000000000000)
WITH person AS MATERIALIZED (
	SELECT 'u' || :n || '@example.com' AS email, now() AS at
), made_user AS (
	INSERT INTO floor.users (realm_id, id, created_at, user_type, username, username_key, email, email_key, first_name, last_name, custom)
	SELECT :realm, arsignup.new_id(), at, 'human', email, lower(email), email, lower(email), 'Ada', 'Lovelace', '{}' FROM person
	RETURNING realm_id, id, created_at
), made_credential AS (
	INSERT INTO floor.credentials (realm_id, user_id, created_at, updated_at, password_hash)
	SELECT realm_id, id, created_at, created_at, :hash FROM made_user
), made_org AS (
	INSERT INTO floor.orgs (realm_id, id, created_at, name, custom)
	SELECT :realm, arsignup.new_id(), at, 'Engines ' || :n, '{}' FROM person
	RETURNING id
), made_membership AS (
	INSERT INTO floor.memberships (realm_id, id, created_at, user_id, org_id, permissions, custom)
	SELECT u.realm_id, arsignup.new_id(), u.created_at, u.id, o.id, '{}', '{}' FROM made_user AS u, made_org AS o
	RETURNING realm_id, id, created_at, user_id, org_id
), made_events AS (
	INSERT INTO floor.events (realm_id, id, event_at, connected_app_id, event_type, user_id, org_id, membership_id)
	SELECT m.realm_id, arsignup.new_id(), m.created_at, :quiet, e.type, CASE WHEN e.has_user THEN m.user_id END,
		CASE WHEN e.has_org THEN m.org_id END, CASE WHEN e.has_user AND e.has_org THEN m.id END
	FROM made_membership AS m,
		(VALUES ('user.created', true, false), ('org.created', false, true), ('membership.created', true, true)) AS e (type, has_user, has_org)
)
SELECT user_id, org_id FROM made_membership;
