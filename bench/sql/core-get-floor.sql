-- The same user by plain SQL, from plain copies of the tables.
\set n random(1, :count)
BEGIN;
SELECT set_config('request.headers', json_build_object('x-arsignup-method', 'GET', 'x-arsignup-uri', '/v1/users/person' || :n || '@example.com',
	'x-authrocket-api-key', :key::text)::text, true);
SELECT convert_to(row_to_json(u)::text, 'UTF8') FROM (
	SELECT 'user' AS object, id, realm_id, state, user_type, username, email, email_verification, first_name, last_name,
		concat_ws(' ', first_name, last_name) AS name, reference, custom, extract(epoch FROM created_at) AS created_at, extract(epoch FROM last_login_at) AS last_login_at,
		(SELECT json_agg(json_build_object('id', coalesce(c.id, c.user_id), 'object', 'credential',
			'credential_type', CASE WHEN c.id IS NULL THEN 'password' ELSE 'api_key' END)) FROM floor.credentials AS c
			WHERE c.realm_id = users.realm_id AND c.user_id = users.id) AS credentials,
		(SELECT count(*) FROM floor.memberships AS m WHERE m.realm_id = users.realm_id AND m.user_id = users.id) AS membership_count
	FROM floor.users WHERE realm_id = :realm AND username_key = 'person' || :n || '@example.com'
) AS u;
COMMIT;
