-- Makes the users from the :first to the :last of a :realm, with all that they have. Their foreign keys need no check.

SET session_replication_role = replica;
SET synchronous_commit = off;
SET jit = off;
SELECT id AS app FROM arsignup.connected_apps WHERE realm_id = :'realm' LIMIT 1 \gset

WITH person AS MATERIALIZED (
	SELECT n, arsignup.new_id() AS id, bench.email(number) AS email, bench.first_name(number) AS first_name,
		bench.last_name(number) AS last_name, bench.org_name(number) AS org_name,
		now() - interval '1 year' + n * interval '3 seconds' AS at
	FROM generate_series(:first, :last) AS n, bench.number(n) AS number
), made_users AS (
	INSERT INTO arsignup.users (realm_id, id, created_at, last_login_at, user_type, username, username_key, email, email_key, first_name, last_name, custom)
	SELECT :'realm', id, at, at, 'human', email, email, email, email, first_name, last_name, '{}' FROM person
), made_credentials AS (
	INSERT INTO arsignup.credentials (realm_id, user_id, created_at, updated_at, password_hash)
	SELECT :'realm', id, at, at, '$argon2id$v=19$m=19456,t=2,p=1$YmVuY2htYXJrLXNhbHQtMQ$YSB0YWcgb2YgdGhpcnR5LXR3byBieXRlcywgYSB0YWc' FROM person
), org AS MATERIALIZED (
	SELECT *, arsignup.new_id() AS org_id, arsignup.new_id() AS membership_id FROM person WHERE n % nullif(:orgs, 0) = 0
), made_orgs AS (
	INSERT INTO arsignup.orgs (realm_id, id, created_at, name, custom)
	SELECT :'realm', org_id, at, org_name, '{}' FROM org
), made_memberships AS (
	INSERT INTO arsignup.memberships (realm_id, id, created_at, user_id, org_id, permissions, custom)
	SELECT :'realm', membership_id, at, id, org_id, '{}', '{}' FROM org
), made_sessions AS (
	INSERT INTO arsignup.sessions (realm_id, id, user_id, connected_app_id, created_at, expires_at, token_generation, ip, client)
	SELECT :'realm', arsignup.new_id(), id, :'app', at, now() + interval '30 days' + n * interval '1 millisecond', 0, '192.0.2.1',
		'Mozilla/5.0 (X11; Linux x86_64; rv:128.0) Gecko/20100101 Firefox/128.0'
	FROM person WHERE n % nullif(:sessions, 0) = 0
), made_tokens AS (
	INSERT INTO arsignup.signup_tokens (realm_id, id, connected_app_id, created_at, expires_at, redeemed_at, user_id, digest, username, email, first_name, last_name, credential_type, custom)
	SELECT :'realm', gen_random_uuid(), :'app', at, now() + interval '30 days' + n * interval '1 millisecond', at, id, sha256(uuid_send(id)), email, email,
		first_name, last_name, 'password', '{}'
	FROM person WHERE n % nullif(:tokens, 0) = 0
)
INSERT INTO arsignup.events (realm_id, id, event_at, claimed_at, user_id, connected_app_id, ip, event_type)
SELECT :'realm', arsignup.new_id(), at, at, id, :'app', '192.0.2.1', event_type
FROM person, unnest('{user.created,user.login.succeeded}'::text[]) AS event_type WHERE n % nullif(:events, 0) = 0;
