-- A user with credential, org and membership, whose name lies anywhere among the others.
\set number random(100000000, 1000000000000000)
SELECT user_id, org_id FROM arsignup.signup(:quiet, bench.email(:number), password_hash => :hash,
	first_name => bench.first_name(:number), last_name => bench.last_name(:number), org_name => bench.org_name(:number));
