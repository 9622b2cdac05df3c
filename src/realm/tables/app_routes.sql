CREATE TABLE arsignup.app_routes (
	kind text COLLATE "C" NOT NULL
		CONSTRAINT kind_is_known CHECK (kind IN ('slug', 'host')),
	name text COLLATE "C" NOT NULL
		CONSTRAINT host_is_a_host_name CHECK (kind <> 'host' OR arsignup.are_valid_hosts(ARRAY[name])),
	realm_id uuid NOT NULL,
	connected_app_id uuid NOT NULL,
	CONSTRAINT slugs_and_hosts_are_unique PRIMARY KEY (kind, name),
	FOREIGN KEY (realm_id, connected_app_id) REFERENCES arsignup.connected_apps (realm_id, id) ON DELETE CASCADE
);

CREATE INDEX ON arsignup.app_routes (realm_id, connected_app_id);

-- A slug's row comes from the trigger above, or goes by the foreign key; by hand it would be lost in a dump.
CREATE TRIGGER guard_insert BEFORE INSERT ON arsignup.app_routes FOR EACH ROW
WHEN (pg_trigger_depth() = 0 AND NEW.kind = 'slug')
EXECUTE FUNCTION arsignup.guard_slug();

CREATE TRIGGER guard_update BEFORE UPDATE ON arsignup.app_routes FOR EACH ROW
WHEN (pg_trigger_depth() = 0 AND 'slug' IN (OLD.kind, NEW.kind))
EXECUTE FUNCTION arsignup.guard_slug();

CREATE TRIGGER guard_delete BEFORE DELETE ON arsignup.app_routes FOR EACH ROW
WHEN (pg_trigger_depth() = 0 AND OLD.kind = 'slug')
EXECUTE FUNCTION arsignup.guard_slug();

COMMENT ON TRIGGER guard_insert ON arsignup.app_routes IS 'Keeps slugs as their apps say.';
COMMENT ON TRIGGER guard_update ON arsignup.app_routes IS 'Keeps slugs as their apps say.';
COMMENT ON TRIGGER guard_delete ON arsignup.app_routes IS 'Keeps slugs as their apps say.';
COMMENT ON TABLE arsignup.app_routes IS 'Which connected app a request is for. An app''s slug has its row by itself; host names are inserted here.';
COMMENT ON COLUMN arsignup.app_routes.kind IS 'slug (first path segment) or host.';
COMMENT ON COLUMN arsignup.app_routes.name IS 'The slug, or the host name in lower case; unique in the database.';
COMMENT ON COLUMN arsignup.app_routes.realm_id IS 'The app''s realm.';
COMMENT ON COLUMN arsignup.app_routes.connected_app_id IS 'The app.';

CREATE TRIGGER note_change BEFORE INSERT OR UPDATE OR DELETE ON arsignup.app_routes
FOR EACH ROW EXECUTE FUNCTION arsignup.note_change();
ALTER TABLE arsignup.app_routes ENABLE ALWAYS TRIGGER note_change;
COMMENT ON TRIGGER note_change ON arsignup.app_routes IS 'Has every session read the row anew: also one that is replicated, for which this must fire always.';

GRANT SELECT, INSERT, UPDATE, DELETE ON arsignup.app_routes TO arsignup_admin;
