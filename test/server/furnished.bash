# A database as it is after some years: three thousand people, tokens that are out, and whatever an application and an
# administrator have put on our tables; and how to compare it with a copy. To be sourced after lib.bash.
# shellcheck shell=bash

# ---- the database ----

# Make the roles of an application and of an auditor in the cluster.
make_shop_roles() {
	query --command='CREATE ROLE shop IN ROLE arsignup_app' --command='CREATE ROLE auditor'
}

# Sign people up in all ways in database $1; remember tokens, and a login token.
fill_database() {
	export PGDATABASE=$1
	make_realm shop
	query --set=realm="$REALM" --set=app="$APP" --set=hash="$HASH" >/dev/null <<-'SQL'
		INSERT INTO arsignup.realms (name, username_validation, state) VALUES ('other', 'standard', 'inactive');
		INSERT INTO arsignup.app_routes (kind, name, realm_id, connected_app_id) VALUES ('host', 'login.example.com', :'realm', :'app');
		SELECT arsignup.create_org(:'realm', 'Org ' || n) FROM generate_series(1, 300) AS n;
		SELECT arsignup.create_user(:'realm', 'user' || n || '@example.com', password_hash => :'hash', last_name => 'Name ' || n)
		FROM generate_series(1, 3000) AS n;
		SELECT arsignup.create_membership(:'realm', u.id, o.id, permissions => '{admin,"a:b"}')
		FROM arsignup.users AS u JOIN arsignup.orgs AS o ON o.name = 'Org ' || substring(u.last_name FROM '\d+')::int % 301;
		SELECT arsignup.create_session(:'realm', id, :'app', ip => '192.0.2.1') FROM arsignup.users LIMIT 300;
		SELECT arsignup.mint_signup_token(:'app', 'later' || n || '@example.com', password_hash => :'hash') FROM generate_series(1, 300) AS n;
		SELECT arsignup.create_user(:'realm', 'hand@example.com', password => 'correct horse battery',
			first_name => E'tab\\ \\N ''', reference => 'ü', custom => '{"a": [null, "\\\""]}');
	SQL
	redeemed=$(mint redeemed@example.com "org_name => 'Engines', first_name => 'Ada', custom => '{\"plan\": 1}'")
	redeem "$redeemed" >/dev/null
	revoked=$(mint revoked@example.com)
	query --set=token="$revoked" >/dev/null <<-'SQL'
		SELECT arsignup.revoke_signup_token(:'token')
	SQL
	outstanding=$(mint outstanding@example.com "org_name => 'Engines', first_name => 'Grace'")
	login_token=$(query --set=app="$APP" <<-'SQL'
		SELECT token FROM arsignup.login(:'app', 'hand@example.com', 'correct horse battery')
	SQL
	)
	PGDATABASE=postgres
}

# Have the application and an administrator put things on our tables in database $1: the one as the role shop, the other
# as a superuser.
furnish_database() {
	query --dbname="$1" --quiet <<-'SQL'
		SET client_min_messages = warning;
		CREATE SCHEMA shop AUTHORIZATION shop;
		SET ROLE shop;
		CREATE TABLE shop.plans (name text PRIMARY KEY);
		CREATE TABLE shop.subscriptions (
			id bigint GENERATED ALWAYS AS IDENTITY PRIMARY KEY,
			user_id uuid NOT NULL REFERENCES arsignup.users,
			realm_id uuid NOT NULL,
			org_id uuid,
			membership_id uuid REFERENCES arsignup.memberships ON DELETE SET NULL,
			plan text NOT NULL REFERENCES shop.plans,
			FOREIGN KEY (realm_id, org_id) REFERENCES arsignup.orgs (realm_id, id) ON DELETE CASCADE
		);
		CREATE TABLE shop.seats (
			realm_id uuid,
			user_id uuid,
			org_id uuid REFERENCES arsignup.orgs,
			membership_id uuid REFERENCES arsignup.memberships (id) ON DELETE CASCADE,
			FOREIGN KEY (realm_id, user_id) REFERENCES arsignup.users (realm_id, id) ON UPDATE CASCADE ON DELETE SET NULL (user_id),
			FOREIGN KEY (realm_id, membership_id) REFERENCES arsignup.memberships (realm_id, id) DEFERRABLE INITIALLY DEFERRED
		);
		CREATE TABLE shop.signups (email text, org_id uuid REFERENCES arsignup.orgs (id) NOT DEFERRABLE);
		CREATE FUNCTION shop.log_signup() RETURNS trigger LANGUAGE plpgsql SECURITY DEFINER SET search_path = shop, pg_temp AS $$
		BEGIN
			INSERT INTO signups VALUES (NEW.email);
			RETURN NULL;
		END
		$$;
		CREATE VIEW shop.members AS SELECT u.email, o.name FROM arsignup.users AS u
			JOIN arsignup.memberships AS m ON m.user_id = u.id JOIN arsignup.orgs AS o ON o.id = m.org_id;
		RESET ROLE;

		CREATE FUNCTION shop.fail() RETURNS trigger LANGUAGE plpgsql AS $$ BEGIN RAISE 'no'; END $$;
		CREATE TRIGGER log_signup AFTER INSERT ON arsignup.users FOR EACH ROW EXECUTE FUNCTION shop.log_signup();
		COMMENT ON TRIGGER log_signup ON arsignup.users IS 'The shop''s.';
		CREATE TRIGGER switched_off BEFORE INSERT OR UPDATE OF name ON arsignup.orgs FOR EACH ROW WHEN (NEW.name <> '') EXECUTE FUNCTION shop.fail();
		ALTER TABLE arsignup.orgs DISABLE TRIGGER switched_off;
		CREATE CONSTRAINT TRIGGER late AFTER UPDATE ON arsignup.memberships DEFERRABLE INITIALLY DEFERRED FOR EACH ROW EXECUTE FUNCTION shop.fail();
		CREATE INDEX by_name ON arsignup.users (realm_id, lower(last_name)) INCLUDE (email) WHERE last_name IS NOT NULL;
		COMMENT ON INDEX arsignup.by_name IS 'The shop''s.';
		ALTER TABLE arsignup.memberships CLUSTER ON memberships_org;
		ALTER TABLE arsignup.users ADD CONSTRAINT not_blocked CHECK (email NOT LIKE '%@blocked.example');
		COMMENT ON CONSTRAINT not_blocked ON arsignup.users IS 'The shop''s.';
		ALTER TABLE arsignup.orgs ADD CONSTRAINT short CHECK (length(name) < 200) NOT VALID;
		INSERT INTO shop.plans VALUES ('free'), ('paid');
		ALTER TABLE arsignup.orgs ADD plan text DEFAULT 'free' REFERENCES shop.plans;
		COMMENT ON COLUMN arsignup.orgs.plan IS 'The shop''s.';
		ALTER TABLE arsignup.orgs ENABLE ROW LEVEL SECURITY;
		CREATE POLICY active_only ON arsignup.orgs FOR SELECT TO arsignup_app USING (state = 'active');
		COMMENT ON POLICY active_only ON arsignup.orgs IS 'The shop''s.';
		CREATE STATISTICS arsignup.kinds (dependencies) ON state, user_type FROM arsignup.users;
		ALTER STATISTICS arsignup.kinds SET STATISTICS 50;
		COMMENT ON STATISTICS arsignup.kinds IS 'The shop''s.';
		ALTER TABLE arsignup.users ALTER email SET STATISTICS 500, ALTER custom SET STORAGE EXTERNAL, SET (autovacuum_vacuum_scale_factor = 0.02);
		ALTER TABLE arsignup.events REPLICA IDENTITY FULL;
		COMMENT ON TABLE arsignup.events IS 'What happened here.';
		CREATE PUBLICATION changes FOR TABLE arsignup.users, arsignup.orgs;

		GRANT USAGE ON SCHEMA arsignup TO auditor;
		GRANT SELECT, UPDATE ON arsignup.users TO auditor WITH GRANT OPTION;
		GRANT SELECT (id, name) ON arsignup.orgs TO auditor;
		GRANT EXECUTE ON FUNCTION arsignup.stats() TO auditor;
		REVOKE SELECT ON arsignup.memberships FROM arsignup_admin;
		REVOKE EXECUTE ON FUNCTION arsignup.delete_realm(uuid) FROM arsignup_admin;
		REVOKE DELETE ON arsignup.connected_apps FROM arsignup_admin;
	SQL
}

# Let the rows in database $1 refer to one another.
subscribe_all() {
	query --dbname="$1" <<-'SQL'
		INSERT INTO shop.subscriptions (user_id, realm_id, org_id, membership_id, plan)
		SELECT u.id, u.realm_id, m.org_id, m.id, 'paid' FROM arsignup.users AS u LEFT JOIN arsignup.memberships AS m ON m.user_id = u.id;
		INSERT INTO shop.seats SELECT realm_id, user_id, org_id, id FROM arsignup.memberships;
		INSERT INTO shop.signups SELECT name, id FROM arsignup.orgs;
		UPDATE arsignup.orgs SET plan = 'paid' WHERE name LIKE '%7';
	SQL
}

# ---- comparing ----

# Print a checksum of the rows of every table of ours and of the shop's in database $1.
checksums() {
	query --dbname="$1" <<-'SQL'
		SELECT format('SELECT %L, count(*), md5(string_agg(t::text, E''\n'' ORDER BY t::text COLLATE "C")) FROM %s AS t;', oid::regclass, oid::regclass)
		FROM pg_class
		WHERE relkind IN ('r', 'v') AND relnamespace IN (to_regnamespace('arsignup'), to_regnamespace('shop'))
		ORDER BY oid::regclass::text COLLATE "C"
		\gexec
	SQL
}

# Print all that the catalogue of database $1 says of our tables, of what is on them and refers to them, and of who may do
# what; without owners of the shop's.
catalogue() {
	query --dbname="$1" <<-'SQL'
		CREATE TEMPORARY VIEW ours AS SELECT oid FROM pg_class
			WHERE relnamespace IN ('arsignup'::regnamespace, 'arsignup_web'::regnamespace) AND relkind IN ('r', 'v');
		SELECT 'relation', oid::regclass, relkind, relowner::regrole, reloptions, relrowsecurity, relforcerowsecurity, relreplident, relpersistence,
			obj_description(oid, 'pg_class')
		FROM pg_class JOIN ours USING (oid) ORDER BY oid::regclass::text COLLATE "C";
		SELECT 'column', a.attrelid::regclass, a.attname, format_type(a.atttypid, a.atttypmod), a.attcollation::regcollation, a.attnotnull,
			pg_get_expr(d.adbin, d.adrelid), nullif(a.attstattarget, -1), a.attstorage, col_description(a.attrelid, a.attnum)
		FROM pg_attribute AS a JOIN ours ON ours.oid = a.attrelid LEFT JOIN pg_attrdef AS d ON (d.adrelid, d.adnum) = (a.attrelid, a.attnum)
		WHERE a.attnum > 0 AND NOT a.attisdropped ORDER BY a.attrelid::regclass::text COLLATE "C", a.attnum;
		SELECT 'constraint', conrelid::regclass, conname, pg_get_constraintdef(oid), convalidated, obj_description(oid, 'pg_constraint')
		FROM pg_constraint WHERE (conrelid IN (TABLE ours) OR confrelid IN (TABLE ours)) AND contype <> 'n' ORDER BY conrelid::regclass::text COLLATE "C", conname COLLATE "C";
		SELECT 'index', pg_get_indexdef(indexrelid), indisvalid, indisclustered, indisreplident, obj_description(indexrelid, 'pg_class')
		FROM pg_index WHERE indrelid IN (TABLE ours) ORDER BY indexrelid::regclass::text COLLATE "C";
		SELECT 'trigger', pg_get_triggerdef(oid), tgenabled, obj_description(oid, 'pg_trigger')
		FROM pg_trigger WHERE tgrelid IN (TABLE ours) AND NOT tgisinternal ORDER BY pg_get_triggerdef(oid) COLLATE "C";
		SELECT 'policy', p.*, obj_description(o.oid, 'pg_policy')
		FROM pg_policies AS p JOIN pg_policy AS o ON o.polname = p.policyname WHERE o.polrelid IN (TABLE ours) ORDER BY p.policyname;
		SELECT 'statistics', pg_get_statisticsobjdef(oid), nullif(stxstattarget, -1), obj_description(oid, 'pg_statistic_ext')
		FROM pg_statistic_ext WHERE stxrelid IN (TABLE ours) ORDER BY 2;
		SELECT 'publication', p.pubname, p.schemaname, p.tablename, to_jsonb(p) ->> 'rowfilter' FROM pg_publication_tables AS p ORDER BY 2, 3, 4;
		SELECT 'view', pg_get_viewdef('shop.members'::regclass), (SELECT string_agg(pg_get_viewdef(oid), '' ORDER BY oid::regclass::text) FROM ours JOIN pg_class USING (oid) WHERE relkind = 'v');
		SELECT 'function', oid::regprocedure, proowner::regrole, prosecdef, proconfig, probin, md5(prosrc)
		FROM pg_proc WHERE pronamespace IN ('arsignup'::regnamespace, 'arsignup_web'::regnamespace) ORDER BY oid::regprocedure::text COLLATE "C";
		SELECT 'privilege', object, CASE a.grantee WHEN 0 THEN 'PUBLIC' ELSE a.grantee::regrole::text END, a.grantor::regrole, a.privilege_type, a.is_grantable
		FROM (
			SELECT oid::regclass::text, coalesce(relacl, acldefault('r', relowner)) FROM pg_class JOIN ours USING (oid)
			UNION ALL
			SELECT attrelid::regclass || '.' || attname, attacl FROM pg_attribute JOIN ours ON ours.oid = attrelid
			UNION ALL
			SELECT oid::regprocedure::text, coalesce(proacl, acldefault('f', proowner)) FROM pg_proc WHERE pronamespace IN ('arsignup'::regnamespace, 'arsignup_web'::regnamespace)
			UNION ALL
			SELECT oid::regtype::text, coalesce(typacl, acldefault('T', typowner)) FROM pg_type WHERE typnamespace = 'arsignup'::regnamespace AND typrelid = 0
			UNION ALL
			SELECT nspname, coalesce(nspacl, acldefault('n', nspowner)) FROM pg_namespace WHERE nspname LIKE 'arsignup%'
		) AS o (object, acl), aclexplode(acl) AS a
		WHERE a.privilege_type <> 'MAINTAIN'
		ORDER BY object COLLATE "C", 3, 5;
		SELECT 'member', pg_describe_object(classid, objid, objsubid) FROM pg_depend
		WHERE refclassid = 'pg_extension'::regclass AND refobjid = (SELECT oid FROM pg_extension WHERE extname = 'arsignup') AND deptype = 'e'
			AND pg_describe_object(classid, objid, objsubid) NOT LIKE '%[]' -- which pg_upgrade makes members
		ORDER BY pg_describe_object(classid, objid, objsubid) COLLATE "C";
	SQL
}

# Live on in database $1: print the SQLSTATE of each thing that must still go, or must still not.
life() {
	query --dbname="$1" --set=ON_ERROR_STOP=0 --set=VERBOSITY=sqlstate --set=realm="$REALM" --set=app="$APP" --set=hash="$HASH" \
		--set=redeemed="$redeemed" --set=revoked="$revoked" --set=outstanding="$outstanding" --set=login="$login_token" 2>/dev/null <<-'SQL'
		SET ROLE shop;
		SELECT arsignup.redeem_signup_token(:'redeemed') \g /dev/null
		\echo redeem what is redeemed: :SQLSTATE
		SELECT arsignup.redeem_signup_token(:'revoked') \g /dev/null
		\echo what is revoked: :SQLSTATE
		SELECT user_id, org_id FROM arsignup.redeem_signup_token(:'outstanding') \gset
		\echo what is outstanding: :SQLSTATE
		SELECT first_name, o.name, o.plan FROM arsignup.users AS u JOIN arsignup.orgs AS o ON o.id = :'org_id' WHERE u.id = :'user_id';
		SELECT arsignup.create_user(:'realm', 'Hand@example.com') \g /dev/null
		\echo take what is taken: :SQLSTATE
		SELECT arsignup.create_user(:'realm', 'x@blocked.example') \g /dev/null
		\echo what a check refuses: :SQLSTATE
		SELECT arsignup.create_user(:'realm', 'next@example.com', 'correct horse battery') AS next \gset
		\echo sign up: :SQLSTATE
		SELECT string_agg(email, ' ' ORDER BY email) FROM shop.signups WHERE email ~ '^(next|outst|redeemed)';
		SELECT arsignup.mint_signup_token(:'app', 'last@example.com', password_hash => :'hash') AS token \gset
		SELECT arsignup.redeem_signup_token(:'token') \g /dev/null
		\echo mint and redeem: :SQLSTATE
		SELECT reason IS NULL FROM arsignup.login(:'app', 'hand@example.com', 'correct horse battery');
		SELECT arsignup.verify_login_token(:'login') ->> 'un';
		SELECT arsignup.delete_user(:'realm', (SELECT user_id FROM shop.subscriptions LIMIT 1)) \g /dev/null
		\echo delete whom a key keeps: :SQLSTATE
		SELECT arsignup.delete_user(:'realm', :'next');
		INSERT INTO shop.seats (membership_id) VALUES ('00000000-0000-7000-8000-000000000001');
		\echo refer to nobody: :SQLSTATE
		RESET ROLE;
		SET ROLE arsignup_admin;
		SELECT FROM arsignup.memberships;
		\echo read what was revoked: :SQLSTATE
		INSERT INTO arsignup.connected_apps (realm_id, name, slug, login_handler) VALUES (:'realm', 'Shop', 'shop', 'https://shop.example.com');
		\echo take a slug: :SQLSTATE
		RESET ROLE;
		SET ROLE auditor;
		SELECT count(*) > 3000 FROM arsignup.users;
		SELECT FROM arsignup.credentials;
		\echo read what was not granted: :SQLSTATE
	SQL
}
