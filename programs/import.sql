-- Functions that arsignup-import makes for its session, so that a batch is one statement, and a faulty line takes nothing
-- else along. They run as the importing role, and call what everybody may call who has the rights.

-- Raise what is wrong with an attribute, as the functions of arsignup do.
CREATE FUNCTION pg_temp.raise_fault(attribute text, sentence text) RETURNS void LANGUAGE plpgsql AS $$
BEGIN
	RAISE EXCEPTION '%', sentence USING ERRCODE = 'SU001',
		DETAIL = jsonb_build_object('errors', jsonb_build_object(attribute, jsonb_build_array(sentence)));
END $$;

-- Find the one user or org that an item names: its id, null if it names none, and whether it is inactive.
CREATE FUNCTION pg_temp.find(realm uuid, kind text, item jsonb, OUT id uuid, OUT asleep boolean) LANGUAGE plpgsql AS $$
DECLARE
	wanted CONSTANT uuid := item->>(kind || '_id');
	known CONSTANT text := item->>(kind || '_reference');
	number int;
BEGIN
	IF wanted IS NULL AND known IS NULL THEN
		RETURN;
	ELSIF kind = 'user' AND known IS NULL THEN
		SELECT u.id, u.state = 'inactive', 1 INTO id, asleep, number FROM arsignup.users u
		WHERE u.realm_id = realm AND u.id = wanted AND u.state <> 'held';
	ELSIF kind = 'user' THEN
		SELECT (array_agg(u.id))[1], bool_or(u.state = 'inactive'), count(*) INTO id, asleep, number FROM (
			SELECT v.id, v.state FROM arsignup.users v WHERE v.realm_id = realm AND v.reference COLLATE "C" = known
			AND v.reference IS NOT NULL AND v.state <> 'held' LIMIT 2) u;
	ELSIF known IS NULL THEN
		SELECT o.id, o.state = 'inactive', 1 INTO id, asleep, number FROM arsignup.orgs o
		WHERE o.realm_id = realm AND o.id = wanted;
	ELSE
		SELECT (array_agg(o.id))[1], bool_or(o.state = 'inactive'), count(*) INTO id, asleep, number FROM (
			SELECT v.id, v.state FROM arsignup.orgs v WHERE v.realm_id = realm AND v.reference COLLATE "C" = known
			AND v.reference IS NOT NULL LIMIT 2) o;
	END IF;
	IF number IS DISTINCT FROM 1 THEN
		PERFORM pg_temp.raise_fault(kind || CASE WHEN known IS NULL THEN '_id' ELSE '_reference' END,
			CASE number WHEN 2 THEN 'More than one ' ELSE 'No ' END || kind || ' has this '
			|| CASE WHEN known IS NULL THEN 'id.' ELSE 'reference.' END);
	END IF;
END $$;

-- Raise if a reference is somebody's already: an import that is run anew would make them twice.
CREATE FUNCTION pg_temp.check_reference(realm uuid, kind text, item jsonb) RETURNS void LANGUAGE plpgsql AS $$
DECLARE
	owner text;
BEGIN
	IF kind = 'user' THEN
		SELECT arsignup.format_id('usr', id) INTO owner FROM arsignup.users
		WHERE realm_id = realm AND reference COLLATE "C" = item->>'reference' AND reference IS NOT NULL LIMIT 1;
	ELSE
		SELECT arsignup.format_id('org', id) INTO owner FROM arsignup.orgs
		WHERE realm_id = realm AND reference COLLATE "C" = item->>'reference' AND reference IS NOT NULL LIMIT 1;
	END IF;
	IF owner IS NOT NULL THEN
		PERFORM pg_temp.raise_fault('reference', format('Reference is already that of %s.', owner));
	END IF;
END $$;

CREATE FUNCTION pg_temp.make_user(realm uuid, item jsonb, hash anyelement) RETURNS uuid LANGUAGE plpgsql AS $$
BEGIN
	RETURN arsignup.create_user(realm, item->>'email', username => item->>'username', password_hash => hash,
		first_name => item->>'first_name', last_name => item->>'last_name', reference => item->>'reference',
		custom => coalesce(item->'custom', '{}'), user_type => coalesce(item->>'user_type', 'human'),
		user_id => (item->>'id')::uuid, created_at => (item->>'created_at')::timestamptz,
		email_verified => coalesce((item->>'email_verified')::boolean, false), state => coalesce(item->>'state', 'active'));
END $$;

CREATE FUNCTION pg_temp.make_org(realm uuid, item jsonb) RETURNS uuid LANGUAGE plpgsql AS $$
BEGIN
	RETURN arsignup.create_org(realm, item->>'name', item->>'reference', coalesce(item->'custom', '{}'),
		org_id => (item->>'id')::uuid, created_at => (item->>'created_at')::timestamptz,
		state => coalesce(item->>'state', 'active'));
END $$;

CREATE FUNCTION pg_temp.make_membership(realm uuid, member uuid, org uuid, item jsonb) RETURNS uuid LANGUAGE plpgsql AS $$
BEGIN
	RETURN arsignup.create_membership(realm, member, org, ARRAY(SELECT jsonb_array_elements_text(item->'permissions')),
		(item->>'expires_at')::timestamptz, coalesce(item->'custom', '{}'),
		membership_id => (item->>'id')::uuid, created_at => (item->>'created_at')::timestamptz);
END $$;

-- Make a membership. Nobody can become a member while user or org is inactive, so who was one elsewhere is active
-- for as long as this takes, which nobody sees.
CREATE FUNCTION pg_temp.join_org(realm uuid, member uuid, member_asleep boolean, item jsonb) RETURNS void LANGUAGE plpgsql AS $$
DECLARE
	org CONSTANT record := pg_temp.find(realm, 'org', item);
BEGIN
	IF member_asleep THEN PERFORM arsignup.update_user(realm, member, state => 'active'); END IF;
	IF org.asleep THEN PERFORM arsignup.update_org(realm, org.id, state => 'active'); END IF;
	PERFORM pg_temp.make_membership(realm, member, org.id, item);
	IF member_asleep THEN PERFORM arsignup.update_user(realm, member, state => 'inactive'); END IF;
	IF org.asleep THEN PERFORM arsignup.update_org(realm, org.id, state => 'inactive'); END IF;
END $$;

-- Make what a line asks for, or raise the first thing that is wrong with it.
CREATE FUNCTION pg_temp.make(realm uuid, item jsonb, hash anyelement) RETURNS void LANGUAGE plpgsql AS $$
DECLARE
	kind CONSTANT text := item->>'object';
	member uuid;
	asleep boolean;
	membership jsonb;
BEGIN
	IF kind <> 'membership' AND item ? 'reference' THEN
		PERFORM pg_temp.check_reference(realm, kind, item);
	END IF;
	IF kind = 'org' THEN
		PERFORM pg_temp.make_org(realm, item);
	ELSIF kind = 'membership' THEN
		SELECT * INTO member, asleep FROM pg_temp.find(realm, 'user', item);
		PERFORM pg_temp.join_org(realm, member, asleep, item);
	ELSE
		member := pg_temp.make_user(realm, item, hash);
		IF item ? 'memberships' THEN
			FOR membership IN SELECT jsonb_array_elements(item->'memberships') LOOP
				PERFORM pg_temp.join_org(realm, member, item->>'state' = 'inactive', membership);
			END LOOP;
		END IF;
	END IF;
END $$;

-- Tell whether an error is none of a line's: the server, the rights or the realm are not as they should be, or another
-- transaction was in the way of this one.
CREATE FUNCTION pg_temp.is_fatal(state text) RETURNS boolean LANGUAGE sql AS $$
	SELECT left(state, 2) IN ('08', '25', '40', '53', '57', '58', 'F0', 'XX')
		OR state IN ('42501', '42883', '42P01', 'SU006', 'SU007', 'SU010')
$$;

-- Return what an error at making something says is wrong, sentences by attribute; what functions call user_id is a user's id.
CREATE FUNCTION pg_temp.errors_of(kind text, state text, message text, detail text) RETURNS jsonb LANGUAGE plpgsql AS $$
BEGIN
	IF state = '55P03' THEN
		RETURN '{"line": ["Another transaction holds a name or a row that this needs: import it later."]}';
	ELSIF jsonb_typeof(detail::jsonb->'errors') = 'object' THEN
		RETURN (
			SELECT jsonb_object_agg(CASE key WHEN kind || '_id' THEN 'id' ELSE key END, value)
			FROM jsonb_each(detail::jsonb->'errors')
		);
	END IF;
	RETURN jsonb_build_object('line', jsonb_build_array(message));
EXCEPTION WHEN data_exception THEN -- the application's own words
	RETURN jsonb_build_object('line', jsonb_build_array(message));
END $$;

-- Return errors of a part of a line.
CREATE FUNCTION pg_temp.prefixed(prefix text, errors jsonb) RETURNS jsonb LANGUAGE sql AS $$
	SELECT coalesce(jsonb_object_agg(prefix || key, value), '{}') FROM jsonb_each(errors)
$$;

-- Do one step of what a line asks for; return the id of what it has made or found, or what is wrong.
CREATE FUNCTION pg_temp.attempt(step text, realm uuid, item jsonb, hash anyelement, member uuid, org uuid,
	OUT id uuid, OUT errors jsonb) LANGUAGE plpgsql AS $$
DECLARE
	state text;
	message text;
	detail text;
BEGIN
	errors := '{}';
	CASE step
		WHEN 'reference' THEN PERFORM pg_temp.check_reference(realm, item->>'object', item);
		WHEN 'user' THEN id := pg_temp.make_user(realm, item, hash);
		WHEN 'org' THEN id := pg_temp.make_org(realm, item);
		WHEN 'find user' THEN SELECT f.id INTO id FROM pg_temp.find(realm, 'user', item) f;
		WHEN 'find org' THEN SELECT f.id INTO id FROM pg_temp.find(realm, 'org', item) f;
		WHEN 'membership' THEN id := pg_temp.make_membership(realm, member, org, item);
	END CASE;
EXCEPTION WHEN OTHERS THEN
	GET STACKED DIAGNOSTICS state = RETURNED_SQLSTATE, message = MESSAGE_TEXT, detail = PG_EXCEPTION_DETAIL;
	IF step = 'membership' AND state IN ('SU006', 'SU010') THEN -- of somebody who could not be made or found, or is inactive
		RETURN;
	ELSIF pg_temp.is_fatal(state) THEN
		RAISE;
	END IF;
	errors := pg_temp.errors_of(step, state, message, detail);
END $$;

-- Return all that is wrong with a line, by doing every step of it that can be done, and undoing them all.
CREATE FUNCTION pg_temp.errors_in(realm uuid, item jsonb, hash anyelement) RETURNS jsonb LANGUAGE plpgsql AS $$
DECLARE
	kind CONSTANT text := item->>'object';
	all_errors jsonb := '{}';
	steps CONSTANT text[] := CASE kind WHEN 'user' THEN '{reference,user}' WHEN 'org' THEN '{reference,org}' ELSE '{find user}' END;
	step text;
	made record;
	found record;
	membership jsonb;
	prefix text := '';
BEGIN
	FOREACH step IN ARRAY steps LOOP
		made := pg_temp.attempt(step, realm, item, hash, NULL, NULL);
		all_errors := made.errors || all_errors;
	END LOOP;
	FOR membership, prefix IN
		SELECT item, '' WHERE kind = 'membership'
		UNION ALL
		SELECT value, format('memberships[%s].', ordinality - 1)
		FROM jsonb_array_elements(item->'memberships') WITH ORDINALITY
	LOOP
		found := pg_temp.attempt('find org', realm, membership, hash, NULL, NULL);
		all_errors := all_errors || pg_temp.prefixed(prefix, found.errors);
		found := pg_temp.attempt('membership', realm, membership, hash, coalesce(made.id, gen_random_uuid()), found.id);
		all_errors := all_errors || pg_temp.prefixed(prefix, found.errors);
	END LOOP;
	RAISE EXCEPTION USING ERRCODE = 'raise_exception', MESSAGE = 'undone';
EXCEPTION WHEN raise_exception THEN
	RETURN all_errors;
END $$;

-- Return what the faults file says of a line: what the program has found, what SQL finds, and whose a name is already.
CREATE FUNCTION pg_temp.fault_of(realm uuid, item jsonb, hash anyelement, state text, message text, detail text) RETURNS jsonb
LANGUAGE plpgsql AS $$
DECLARE
	errors jsonb := CASE WHEN item ? 'object' THEN pg_temp.errors_in(realm, item, hash) ELSE '{}' END
		|| coalesce(item->'errors', '{}');
	owner uuid;
BEGIN
	IF errors = '{}' THEN
		errors := pg_temp.errors_of(item->>'object', state, message, detail);
	END IF;
	IF item->>'object' = 'user' AND errors::text LIKE '%already taken.%' THEN
		owner := coalesce(arsignup.find_user(realm, item->>'username'), arsignup.find_user(realm, item->>'email'));
	END IF;
	RETURN jsonb_strip_nulls(jsonb_build_object('object', item->'object', 'reference', item->'reference', 'errors', errors,
		'taken_by', (SELECT jsonb_build_object('id', arsignup.format_id('usr', id), 'reference', reference)
			FROM arsignup.users WHERE realm_id = realm AND id = owner)));
END $$;

-- Import the next lines of a file, of which so many are known to be imported, and note how far it is: all in one
-- transaction. Return what is wrong with which of them. Lines are made in as few subtransactions as possible; one that
-- is faulty undoes those before it, which are made again without it: so each is made twice at most.
CREATE FUNCTION pg_temp.import_lines(file bigint, realm uuid, items jsonb, hashes anyarray, numbers bigint[],
	before bigint, now_at bigint, now_bytes bigint, now_digest text) RETURNS SETOF jsonb LANGUAGE plpgsql AS $$
DECLARE
	total CONSTANT int := jsonb_array_length(items);
	next int := 0;
	until int := total;
	at int;
	faulty int[] := '{}';
	state text;
	message text;
	detail text;
	fault jsonb;
BEGIN
	PERFORM FROM arsignup_import.files WHERE id = file AND lines = before FOR UPDATE;
	IF NOT FOUND THEN
		RAISE EXCEPTION 'another arsignup-import is at this file' USING ERRCODE = 'object_in_use';
	END IF;
	WHILE next < total LOOP
		BEGIN
			FOR i IN next .. until - 1 LOOP
				at := i;
				IF items->i ? 'errors' THEN
					until := i;
					EXIT;
				END IF;
				PERFORM pg_temp.make(realm, items->i, hashes[i + 1]);
			END LOOP;
			next := until;
		EXCEPTION WHEN OTHERS THEN
			GET STACKED DIAGNOSTICS state = RETURNED_SQLSTATE, message = MESSAGE_TEXT, detail = PG_EXCEPTION_DETAIL;
			IF pg_temp.is_fatal(state) THEN
				RAISE;
			END IF;
			until := at;
		END;
		IF next = until AND until < total THEN
			fault := pg_temp.fault_of(realm, items->until, hashes[until + 1], state, message, detail);
			INSERT INTO arsignup_import.faults (file_id, line, fault) VALUES (file, numbers[until + 1], fault);
			RETURN NEXT fault || jsonb_build_object('line', numbers[until + 1]);
			faulty := faulty || until;
			next := until + 1;
			until := total;
		END IF;
	END LOOP;
	UPDATE arsignup_import.files f
	SET lines = now_at, bytes = now_bytes, digest = now_digest, ended_at = NULL, users = f.users + made.users,
		orgs = f.orgs + made.orgs, memberships = f.memberships + made.memberships, faults = f.faults + cardinality(faulty)
	FROM (
		SELECT count(*) FILTER (WHERE item->>'object' = 'user') AS users,
			count(*) FILTER (WHERE item->>'object' = 'org') AS orgs,
			coalesce(sum(CASE item->>'object' WHEN 'membership' THEN 1 WHEN 'user' THEN
				jsonb_array_length(coalesce(item->'memberships', '[]')) END), 0) AS memberships
		FROM jsonb_array_elements(items) WITH ORDINALITY AS i (item, position) WHERE position - 1 <> ALL (faulty)
	) AS made
	WHERE f.id = file;
END $$;
