-- A function as PostgREST calls ours, which does nothing.

CREATE FUNCTION arsignup_web.empty(bytea) RETURNS arsignup_web."*/*" LANGUAGE sql AS $$SELECT ''::bytea$$;
GRANT EXECUTE ON FUNCTION arsignup_web.empty TO arsignup_web;
