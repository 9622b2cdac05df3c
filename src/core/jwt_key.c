/*
 * Keys that sign login tokens. Their ids are those in the header of tokens.
 * Nothing secret is told: what a token of HS256 is verified with is the realm's
 * jwt_key.
 */
#include "core/core.h"

#include "core/json.h"

static const Field jwt_key_fields[] = {
	{"object", FIELD_TEXT, FIELD_READ, "jwt_key"},
	{"id", FIELD_TEXT, FIELD_READ, "jk_...; kid in the header of tokens"},
	{"realm_id", FIELD_TEXT, FIELD_BOTH, "rl_...; needed only with a key to all realms"},
	{"algo", FIELD_TEXT, FIELD_BOTH, "hs256, rs256 or eddsa; to create, the realm's jwt_algo"},
	{"state", FIELD_TEXT, FIELD_READ, "active; or retired: it signs no more, and what it has signed stays good until it expires"},
	{"jwk", FIELD_OBJECT, FIELD_READ, "the public key (RFC 7517); null for hs256, and for what verifies nothing any more; not in lists"},
	{"created_at", FIELD_TIME, FIELD_READ, "seconds since 1970"},
	{"retired_at", FIELD_TIME, FIELD_READ, "seconds since 1970; null: it signs"}
};

const Resource jwt_key_resource = RESOURCE("jwt_key", jwt_key_fields);

#define KEY_JSON \
	"jsonb_build_object('object', 'jwt_key', 'id', t.kid, 'realm_id', " REALM_ID ", 'algo', lower(t.alg)," \
	" 'state', CASE WHEN t.retired_at IS NULL THEN 'active' ELSE 'retired' END," \
	" 'created_at', " SECONDS("t.created_at") ", 'retired_at', " SECONDS("t.retired_at") ")"
#define WITH_JWK \
	" || jsonb_build_object('jwk', (SELECT k FROM jsonb_array_elements(arsignup.jwks($1) -> 'keys') k WHERE k ->> 'kid' = t.kid))"

/* Begin the parameters of a statement about keys of the realm, those with or behind this id. */
static Parameters
key_parameters(const CoreCall *call, const char *kid)
{
	Parameters	parameters = {0};

	add_uuid(&parameters, &call->realm_id);
	add_text(&parameters, kid);
	return parameters;
}

/* GET /v1/jwt_keys */
void
list_jwt_keys(CoreCall *call)
{
	static Statement select_keys = STATEMENT(
		"SELECT " KEY_JSON " FROM arsignup.signing_keys t WHERE t.realm_id = $1 AND t.kid > $2 ORDER BY t.kid LIMIT 1001");
	const char *after = value_text(value_member(call->query, "after"));
	Parameters	parameters = key_parameters(call, after ? after : "");
	int			max_results = asked_max_results(call);

	check_parameters(call);
	if (!reply_faults(call))
		reply_collection(call, statement_read_page(&select_keys, &parameters, max_results + 1, true), max_results);
}

/* Answer with a key. */
static void
reply_key(CoreCall *call, int status, const char *kid)
{
	static Statement select_key = STATEMENT(
		"SELECT " KEY_JSON WITH_JWK " FROM arsignup.signing_keys t WHERE t.realm_id = $1 AND t.kid = $2");
	Parameters	parameters = key_parameters(call, kid);

	if (statement_run(&select_key, &parameters) == 0)
		reply_not_found(call);
	else
		reply_json(call, status, column_text_of(0, 1));
}

/* GET /v1/jwt_keys/:id */
void
show_jwt_key(CoreCall *call)
{
	reply_key(call, 200, call->id.data);
}

/* Have a new key sign from now on; the call keeps its id. */
static void
rotate(CoreCall *call)
{
	static Statement call_rotate = STATEMENT("SELECT arsignup.rotate_signing_key($1)");
	Parameters	parameters = {0};

	add_uuid(&parameters, &call->realm_id);
	(void) statement_run(&call_rotate, &parameters);
	call->token = column_text(1);
}

/* Note an algorithm that is not the realm's. */
static void
check_algorithm(CoreCall *call)
{
	static Statement select_algorithm = STATEMENT("SELECT lower(jwt_alg) FROM arsignup.realms WHERE id = $1");
	const char *given = given_text(call, "algo");
	Parameters	parameters = {0};

	add_uuid(&parameters, &call->realm_id);
	if (given != NULL && statement_run(&select_algorithm, &parameters) > 0 && pg_strcasecmp(given, column_text(1)) != 0)
		fault_add(&call->faults, "algo", psprintf("Algo must be the realm's, %s, not %s: change its jwt_algo.",
												  column_text(1), fault_quote(given)));
}

/* POST /v1/jwt_keys */
void
create_jwt_key(CoreCall *call)
{
	check_algorithm(call);
	if (!reply_faults(call) && core_try(call, rotate))
		reply_key(call, 201, call->token);
}

/* DELETE /v1/jwt_keys/:id */
void
delete_jwt_key(CoreCall *call)
{
	static Statement select_state = STATEMENT(
		"SELECT retired_at IS NULL FROM arsignup.signing_keys WHERE realm_id = $1 AND kid = $2");
	Parameters	parameters = key_parameters(call, call->id.data);

	if (statement_run(&select_state, &parameters) == 0)
		reply_not_found(call);
	else if (!column_bool(1))
		reply_fault(call, 422, "base", "It is retired already: it signs no more, and what it has signed stays good until it expires.");
	else if (core_try(call, rotate))
		reply_empty(call);
}
