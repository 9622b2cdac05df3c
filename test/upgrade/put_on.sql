-- What an administrator grants and revokes, and what an application puts on our tables.
GRANT USAGE ON SCHEMA arsignup_web TO auditor;
GRANT SELECT ON arsignup.users TO auditor;
GRANT SELECT (id, name) ON arsignup.orgs TO auditor;
GRANT EXECUTE ON FUNCTION arsignup.stats TO auditor;
REVOKE SELECT ON arsignup.memberships FROM arsignup_app;
REVOKE EXECUTE ON FUNCTION arsignup.find_user FROM arsignup_app;
REVOKE EXECUTE ON FUNCTION arsignup.format_id FROM PUBLIC;
CREATE TABLE public.subscriptions (user_id uuid NOT NULL REFERENCES arsignup.users (id) ON DELETE CASCADE, plan text);
CREATE TABLE public.greetings (email text);
CREATE FUNCTION public.greet() RETURNS trigger LANGUAGE plpgsql SECURITY DEFINER SET search_path = pg_catalog, pg_temp
AS 'BEGIN INSERT INTO public.greetings VALUES (NEW.email); RETURN NEW; END';
CREATE TRIGGER greet AFTER INSERT ON arsignup.users FOR EACH ROW EXECUTE FUNCTION public.greet();
CREATE INDEX orgs_by_name ON arsignup.orgs (realm_id, name);
ALTER TABLE arsignup.users ADD CONSTRAINT no_test_addresses CHECK (email NOT LIKE '%@test.invalid');
ALTER TABLE arsignup.orgs ENABLE ROW LEVEL SECURITY;
CREATE POLICY shown ON arsignup.orgs FOR SELECT TO arsignup_app USING (state = 'active');
