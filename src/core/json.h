/*
 * What is told of rows, as SQL expressions that give jsonb. $1 is the realm,
 * $2 the time.
 */
#ifndef ARSIGNUP_CORE_JSON_H
#define ARSIGNUP_CORE_JSON_H

#include "base/event.h"

/* Whole seconds since 1970, which AuthRocket 1 has where something expires. */
#define WHOLE_SECONDS(time) "floor(extract(epoch FROM " time "))"

/* The realm's id as a subquery, which runs once for all rows: format_id sets its search path each time, for thousands of instructions. */
#define REALM_ID "(SELECT arsignup.format_id('rl', $1))"

#define FULL_NAME(u) \
	"coalesce(nullif(concat_ws(' ', " u ".first_name, " u ".last_name), ''), " u ".username)"

#define ORG_JSON(o) \
	"jsonb_build_object('object', 'org', 'id', arsignup.format_id('org', " o ".id)," \
	" 'realm_id', " REALM_ID ", 'name', " o ".name, 'state', " o ".state," \
	" 'reference', " o ".reference, 'custom', " o ".custom, 'created_at', " SECONDS(o ".created_at") ")"

#define IS_VALID_MEMBERSHIP(m) "(" m ".expires_at IS NULL OR " m ".expires_at > $2)"

/* What names a credential: a password goes by its user's id. */
#define CREDENTIAL_NAME(c) \
	"'object', 'credential', 'id', arsignup.format_id('crd', coalesce(" c ".id, " c ".user_id))," \
	" 'credential_type', CASE WHEN " c ".id IS NULL THEN 'password' ELSE 'api_key' END"

#define USER_JSON(u) \
	"jsonb_build_object('object', 'user', 'id', arsignup.format_id('usr', " u ".id)," \
	" 'realm_id', " REALM_ID ", 'state', " u ".state, 'user_type', " u ".user_type," \
	" 'username', " u ".username, 'email', " u ".email, 'email_verification', " u ".email_verification," \
	" 'first_name', " u ".first_name, 'last_name', " u ".last_name, 'name', " FULL_NAME(u) "," \
	" 'reference', " u ".reference, 'custom', " u ".custom, 'created_at', " SECONDS(u ".created_at") "," \
	" 'last_login_at', " SECONDS(u ".last_login_at") "," \
	" 'membership_count', (SELECT count(*) FROM arsignup.memberships c" \
	"  WHERE c.realm_id = " u ".realm_id AND c.user_id = " u ".id AND " IS_VALID_MEMBERSHIP("c") ")," \
	" 'credentials', (SELECT coalesce(jsonb_agg(jsonb_build_object(" CREDENTIAL_NAME("c") ")), '[]')" \
	"  FROM arsignup.credentials c WHERE c.realm_id = " u ".realm_id AND c.user_id = " u ".id))"

#define MEMBERSHIP_JSON(m) \
	"jsonb_build_object('object', 'membership', 'id', arsignup.format_id('mb', " m ".id)," \
	" 'realm_id', " REALM_ID ", 'user_id', arsignup.format_id('usr', " m ".user_id)," \
	" 'org_id', arsignup.format_id('org', " m ".org_id), 'permissions', " m ".permissions," \
	" 'expires_at', " WHOLE_SECONDS(m ".expires_at") ", 'custom', " m ".custom," \
	" 'created_at', " SECONDS(m ".created_at") ")"

#define WITH_USER(m) \
	" || jsonb_build_object('user', (SELECT " USER_JSON("u") " FROM arsignup.users u" \
	"  WHERE u.realm_id = " m ".realm_id AND u.id = " m ".user_id))"

#define WITH_ORG(m) \
	" || jsonb_build_object('org', (SELECT " ORG_JSON("o") " FROM arsignup.orgs o" \
	"  WHERE o.realm_id = " m ".realm_id AND o.id = " m ".org_id))"

#define WITH_MEMBERSHIPS(u) \
	" || jsonb_build_object('memberships', (SELECT coalesce(jsonb_agg(" MEMBERSHIP_JSON("m") WITH_ORG("m") \
	"  ORDER BY m.id), '[]') FROM arsignup.memberships m WHERE m.realm_id = " u ".realm_id" \
	"  AND m.user_id = " u ".id AND " IS_VALID_MEMBERSHIP("m") "))"

#endif							/* ARSIGNUP_CORE_JSON_H */
