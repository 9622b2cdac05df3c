-- Everything that the extension puts into the catalogue. A change of a name, an argument, a
-- default, a privilege shows here as a difference; whoever made it looks at it, and accepts it.

SET client_min_messages = warning;
SET intervalstyle = postgres;
\pset format unaligned
\pset tuples_only on
\pset null default

CREATE FUNCTION pg_temp.grants(acl aclitem[]) RETURNS text LANGUAGE sql
BEGIN ATOMIC
	-- MAINTAIN came with version 17; only owners have it here.
	SELECT string_agg(grantee || ' ' || privileges, ', ' ORDER BY grantee COLLATE "C")
	FROM (SELECT CASE grantee WHEN 0 THEN 'PUBLIC' ELSE grantee::regrole::text END AS grantee,
			string_agg(privilege_type || CASE WHEN is_grantable THEN '*' ELSE '' END, '+' ORDER BY privilege_type COLLATE "C") AS privileges
		FROM aclexplode(acl) WHERE privilege_type <> 'MAINTAIN' GROUP BY 1) AS g;
END;

-- The extension, which has no table.
SELECT extname, extnamespace::regnamespace, extrelocatable, extconfig FROM pg_extension WHERE extname = 'arsignup';
SELECT pg_describe_object(d.classid, d.objid, 0)
FROM pg_depend d JOIN pg_class c ON d.classid = 'pg_class'::regclass AND d.objid = c.oid
WHERE d.deptype = 'e' AND c.relnamespace::regnamespace::text LIKE 'arsignup%' AND c.relkind <> 'c';

-- Its members, except relations, functions and types, which follow.
SELECT pg_describe_object(d.classid, d.objid, 0)
FROM pg_depend d JOIN pg_extension e ON d.refclassid = 'pg_extension'::regclass AND d.refobjid = e.oid
WHERE e.extname = 'arsignup' AND d.deptype = 'e'
AND d.classid NOT IN ('pg_class'::regclass, 'pg_proc'::regclass, 'pg_type'::regclass)
ORDER BY pg_describe_object(d.classid, d.objid, 0) COLLATE "C";

-- Roles, with whatever they may beyond others, and who is or has a member of an owner.
SELECT rolname, rolcanlogin, rolsuper, rolinherit, rolcreaterole, rolcreatedb, rolreplication, rolbypassrls
FROM pg_roles WHERE rolname IN ('arsignup_owner', 'arsignup_directory', 'arsignup_admin', 'arsignup_app', 'arsignup_web')
ORDER BY rolname COLLATE "C";
SELECT roleid::regrole, member::regrole FROM pg_auth_members
WHERE 'arsignup_owner'::regrole IN (roleid, member) OR 'arsignup_directory'::regrole IN (roleid, member);

-- Schemas.
SELECT nspname, nspowner::regrole, pg_temp.grants(nspacl)
FROM pg_namespace WHERE nspname LIKE 'arsignup%'
ORDER BY nspname COLLATE "C";

-- Types, without those of tables and arrays: owner, kind, length, alignment, storage, category, functions, privileges.
SELECT t.oid::regtype, t.typowner::regrole, t.typtype, t.typlen, t.typbyval, t.typalign, t.typstorage, t.typcategory,
	t.typispreferred, t.typinput, t.typoutput, t.typreceive, t.typsend, t.typmodin, t.typanalyze, pg_temp.grants(t.typacl)
FROM pg_type t LEFT JOIN pg_class c ON c.oid = t.typrelid
WHERE t.typnamespace::regnamespace::text LIKE 'arsignup%' AND t.typcategory <> 'A' AND coalesce(c.relkind, 'c') = 'c'
ORDER BY t.oid::regtype::text COLLATE "C";
SELECT c.oid::regclass || '.' || a.attname, format_type(a.atttypid, a.atttypmod)
FROM pg_class c JOIN pg_attribute a ON a.attrelid = c.oid
WHERE c.relnamespace::regnamespace::text LIKE 'arsignup%' AND c.relkind = 'c'
ORDER BY c.relname COLLATE "C", a.attnum;

-- Casts: i is implicit, b is without function.
SELECT castsource::regtype, casttarget::regtype, castcontext, castmethod
FROM pg_cast WHERE 'arsignup.secret'::regtype IN (castsource, casttarget)
ORDER BY castsource::regtype::text COLLATE "C";

-- Functions: arguments; result, language, volatility, strictness, parallel safety, rights, cost, rows; C symbol;
-- settings; privileges.
SELECT format(E'%s(%s)\n\treturns %s\n\t%s %s %s %s %s, cost %s, rows %s\n\tsymbol %s, set %s\n\towner %s, grants %s',
	p.oid::regproc, pg_get_function_arguments(p.oid), pg_get_function_result(p.oid), l.lanname,
	CASE p.provolatile WHEN 'i' THEN 'immutable' WHEN 's' THEN 'stable' ELSE 'volatile' END,
	CASE WHEN p.proisstrict THEN 'strict' ELSE 'called on null' END,
	CASE p.proparallel WHEN 's' THEN 'parallel safe' WHEN 'r' THEN 'parallel restricted' ELSE 'parallel unsafe' END,
	CASE WHEN p.prosecdef THEN 'security definer' ELSE 'security invoker' END || CASE WHEN p.proleakproof THEN ' leakproof' ELSE '' END,
	p.procost, p.prorows, CASE l.lanname WHEN 'c' THEN p.prosrc END, array_to_string(p.proconfig, '; '), p.proowner::regrole, pg_temp.grants(p.proacl))
FROM pg_proc p JOIN pg_language l ON l.oid = p.prolang
WHERE p.pronamespace::regnamespace::text LIKE 'arsignup%'
ORDER BY p.oid::regprocedure::text COLLATE "C";

-- Relations: kind, persistence, row security, options, owner, privileges.
SELECT oid::regclass, relkind, relpersistence, relrowsecurity, relforcerowsecurity, relreplident,
	array_to_string(reloptions, ' '), relowner::regrole, pg_temp.grants(relacl)
FROM pg_class WHERE relnamespace::regnamespace::text LIKE 'arsignup%' AND relkind NOT IN ('i', 'c')
ORDER BY relname COLLATE "C";

-- Columns: type, collation, default, privileges of their own.
SELECT concat_ws(' ', a.attrelid::regclass || '.' || a.attname, format_type(a.atttypid, a.atttypmod),
	CASE WHEN a.attcollation <> t.typcollation THEN 'COLLATE ' || a.attcollation::regcollation END,
	CASE WHEN a.attnotnull THEN 'NOT NULL' END,
	'DEFAULT ' || pg_get_expr(d.adbin, d.adrelid),
	NULLIF(a.attidentity, ''), NULLIF(a.attgenerated, ''),
	'-- ' || pg_temp.grants(a.attacl))
FROM pg_class c JOIN pg_attribute a ON a.attrelid = c.oid JOIN pg_type t ON t.oid = a.atttypid
LEFT JOIN pg_attrdef d ON d.adrelid = a.attrelid AND d.adnum = a.attnum
WHERE c.relnamespace::regnamespace::text LIKE 'arsignup%' AND c.relkind IN ('r', 'p', 'v', 'm', 'f')
AND a.attnum > 0 AND NOT a.attisdropped
ORDER BY c.relname COLLATE "C", a.attnum;

-- Constraints, without NOT NULL, which some versions keep here.
SELECT conrelid::regclass, conname, pg_get_constraintdef(oid)
FROM pg_constraint WHERE connamespace::regnamespace::text LIKE 'arsignup%' AND contype <> 'n'
ORDER BY conrelid::regclass::text COLLATE "C", contype::text COLLATE "C", conname COLLATE "C";

-- Indexes, triggers, and what there should be none of.
SELECT pg_get_indexdef(indexrelid)
FROM pg_index JOIN pg_class c ON c.oid = indexrelid WHERE c.relnamespace::regnamespace::text LIKE 'arsignup%'
ORDER BY pg_get_indexdef(indexrelid) COLLATE "C";
SELECT pg_get_triggerdef(t.oid)
FROM pg_trigger t JOIN pg_class c ON c.oid = t.tgrelid
WHERE c.relnamespace::regnamespace::text LIKE 'arsignup%' AND NOT t.tgisinternal
ORDER BY pg_get_triggerdef(t.oid) COLLATE "C";
SELECT 'column of type secret', a.attrelid::regclass, a.attname FROM pg_attribute a
WHERE a.atttypid IN ('arsignup.secret'::regtype, 'arsignup.secret[]'::regtype);
SELECT 'operator', oid::regoperator FROM pg_operator
WHERE oprnamespace::regnamespace::text LIKE 'arsignup%' OR 'arsignup.secret'::regtype IN (oprleft, oprright, oprresult);
SELECT 'operator class', opcname FROM pg_opclass
WHERE opcnamespace::regnamespace::text LIKE 'arsignup%' OR 'arsignup.secret'::regtype IN (opcintype, opckeytype);
SELECT 'policy', polname FROM pg_policy JOIN pg_class c ON c.oid = polrelid WHERE c.relnamespace::regnamespace::text LIKE 'arsignup%';
SELECT 'rule', rulename FROM pg_rules WHERE schemaname LIKE 'arsignup%';
SELECT 'event trigger', evtname FROM pg_event_trigger WHERE evtowner = 'arsignup_owner'::regrole;

-- Tables, columns, functions, types and schemas that nobody has described.
SELECT 'not described', pg_describe_object(classid, objid, objsubid)
FROM (SELECT 'pg_namespace'::regclass, oid, 0 FROM pg_namespace WHERE nspname LIKE 'arsignup%'
	UNION ALL SELECT 'pg_proc'::regclass, oid, 0 FROM pg_proc WHERE pronamespace::regnamespace::text LIKE 'arsignup%'
	UNION ALL SELECT 'pg_type'::regclass, t.oid, 0 FROM pg_type t LEFT JOIN pg_class c ON c.oid = t.typrelid
		WHERE t.typnamespace::regnamespace::text LIKE 'arsignup%' AND t.typcategory <> 'A' AND coalesce(c.relkind, 'c') = 'c'
	UNION ALL SELECT 'pg_class'::regclass, oid, 0 FROM pg_class WHERE relnamespace::regnamespace::text LIKE 'arsignup%' AND relkind IN ('r', 'v')
	UNION ALL SELECT 'pg_class'::regclass, attrelid, attnum FROM pg_attribute JOIN pg_class c ON c.oid = attrelid
		WHERE c.relnamespace::regnamespace::text LIKE 'arsignup%' AND c.relkind IN ('r', 'v') AND attnum > 0 AND NOT attisdropped
	UNION ALL SELECT 'pg_trigger'::regclass, t.oid, 0 FROM pg_trigger t JOIN pg_class c ON c.oid = t.tgrelid
		WHERE c.relnamespace::regnamespace::text LIKE 'arsignup%' AND NOT t.tgisinternal
) AS o (classid, objid, objsubid)
WHERE NOT EXISTS (SELECT FROM pg_description d WHERE (d.classoid, d.objoid, d.objsubid) = (o.classid, o.objid, o.objsubid))
ORDER BY pg_describe_object(classid, objid, objsubid) COLLATE "C";

-- Settings: type, who may set it, least, most, default, description.
SELECT name, vartype, unit, context, min_val, max_val, boot_val, short_desc, extra_desc
FROM pg_settings WHERE name LIKE 'arsignup.%'
ORDER BY name COLLATE "C";
