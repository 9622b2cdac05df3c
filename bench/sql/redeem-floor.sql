-- The same rows by one statement.
\set i :i + 1
\set n :from + :i * :clients - :client_id
WITH token AS MATERIALIZED (
	SELECT *, arsignup.new_id() AS new_user_id, now() AS at FROM floor.signup_tokens
	WHERE realm_id = :realm AND id = (SELECT theirs FROM bench.tokens WHERE n = :n)
		AND redeemed_at IS NULL AND revoked_at IS NULL AND expires_at > now() FOR UPDATE
), taken AS (
	UPDATE floor.signup_tokens AS t SET redeemed_at = token.at, user_id = new_user_id, password_hash = NULL
	FROM token WHERE t.realm_id = token.realm_id AND t.id = token.id
), made_user AS (
	INSERT INTO floor.users (realm_id, id, created_at, user_type, username, username_key, email, email_key, first_name, last_name, custom)
	SELECT realm_id, new_user_id, at, 'human', username, lower(username), email, lower(email), first_name, last_name, custom FROM token
	RETURNING realm_id, id, created_at
), made_credential AS (
	INSERT INTO floor.credentials (realm_id, user_id, created_at, updated_at, password_hash)
	SELECT realm_id, new_user_id, at, at, password_hash FROM token
), made_org AS (
	INSERT INTO floor.orgs (realm_id, id, created_at, name, custom)
	SELECT realm_id, arsignup.new_id(), at, org_name, '{}' FROM token
	RETURNING id
), made_membership AS (
	INSERT INTO floor.memberships (realm_id, id, created_at, user_id, org_id, permissions, custom)
	SELECT u.realm_id, arsignup.new_id(), u.created_at, u.id, o.id, '{}', '{}' FROM made_user AS u, made_org AS o
	RETURNING realm_id, id, created_at, user_id, org_id
), made_events AS (
	INSERT INTO floor.events (realm_id, id, event_at, connected_app_id, event_type, user_id, org_id, membership_id)
	SELECT m.realm_id, arsignup.new_id(), m.created_at, token.connected_app_id, e.type, CASE WHEN e.has_user THEN m.user_id END,
		CASE WHEN e.has_org THEN m.org_id END, CASE WHEN e.has_user AND e.has_org THEN m.id END
	FROM made_membership AS m, token,
		(VALUES ('user.created', true, false), ('org.created', false, true), ('membership.created', true, true)) AS e (type, has_user, has_org)
)
SELECT user_id, org_id FROM made_membership \gset
