/*
 * The description of the Core API (OpenAPI 3.1), written from the tables that
 * calls are dispatched and checked by. docs/openapi.json is a copy of it.
 */
#include "core/core.h"

#include "utils/json.h"

/* ---------- schemas ---------- */

/* Append the schema of a field's type. A time is told in seconds, and may be given as a text. */
static void
append_type(StringInfo json, const Field *field)
{
	static const char *const schemas[] = {
		[FIELD_TEXT] = "\"type\": [\"string\", \"null\"]",
		[FIELD_SECRET] = "\"type\": [\"string\", \"null\"]",
		[FIELD_TIME] = "\"type\": [\"number\", \"null\"]",
		[FIELD_BOOLEAN] = "\"type\": [\"boolean\", \"null\"]",
		[FIELD_NUMBER] = "\"type\": [\"integer\", \"null\"]",
		[FIELD_INTEGER] = "\"type\": [\"integer\", \"null\"]",
		[FIELD_TEXTS] = "\"type\": [\"array\", \"null\"], \"items\": {\"type\": \"string\"}",
		[FIELD_OBJECT] = "\"type\": [\"object\", \"null\"]",
		[FIELD_OBJECTS] = "\"type\": \"array\", \"items\": {\"type\": \"object\"}"
	};

	if (field->type == FIELD_TIME && (field->use & FIELD_WRITE))
		appendStringInfoString(json, "\"type\": [\"number\", \"string\", \"null\"]");
	else
		appendStringInfoString(json, schemas[field->type]);
}

/* Append a field of a resource. */
static void
append_field(StringInfo json, const Field *field)
{
	appendStringInfo(json, "\n\t\t\t\t\t\"%s\": {", field->name);
	append_type(json, field);
	if (field->use == FIELD_READ)
		appendStringInfoString(json, ", \"readOnly\": true");
	if (field->use == FIELD_WRITE)
		appendStringInfoString(json, ", \"writeOnly\": true");
	appendStringInfoString(json, ", \"description\": ");
	escape_json(json, field->about);
	appendStringInfoChar(json, '}');
}

/* Append a resource. */
static void
append_resource(StringInfo json, const Resource *resource)
{
	appendStringInfo(json, "\t\t\t\"%s\": {\n\t\t\t\t\"type\": \"object\",\n\t\t\t\t\"properties\": {", resource->name);
	for (int i = 0; i < resource->field_count; i++)
	{
		append_field(json, resource_field(resource, i));
		if (i + 1 < resource->field_count)
			appendStringInfoChar(json, ',');
	}
	appendStringInfoString(json, "\n\t\t\t\t}\n\t\t\t},\n");
}

/* What all operations share, beside the resources. */
static const char shared_schemas[] =
"\t\t\t\"errors\": {\n"
"\t\t\t\t\"type\": \"object\",\n"
"\t\t\t\t\"required\": [\"errors\"],\n"
"\t\t\t\t\"properties\": {\"errors\": {\"type\": \"object\", \"additionalProperties\":"
" {\"type\": \"array\", \"items\": {\"type\": \"string\"}}}}\n"
"\t\t\t},\n"
"\t\t\t\"error\": {\n"
"\t\t\t\t\"type\": \"object\",\n"
"\t\t\t\t\"required\": [\"error\"],\n"
"\t\t\t\t\"properties\": {\"error\": {\"type\": \"string\"}}\n"
"\t\t\t},\n"
"\t\t\t\"request\": {\n"
"\t\t\t\t\"type\": \"object\",\n"
"\t\t\t\t\"properties\": {\"ip\": {\"type\": \"string\"}, \"client\": {\"type\": \"string\"}},\n"
"\t\t\t\t\"description\": \"from where the person came, and with what\"\n"
"\t\t\t}\n";

static const char shared_parts[] =
"\t\t\"securitySchemes\": {\n"
"\t\t\t\"key\": {\"type\": \"apiKey\", \"in\": \"header\", \"name\": \"X-Authrocket-Api-Key\"},\n"
"\t\t\t\"bearer\": {\"type\": \"http\", \"scheme\": \"bearer\"}\n"
"\t\t},\n"
"\t\t\"parameters\": {\n"
"\t\t\t\"id\": {\"name\": \"id\", \"in\": \"path\", \"required\": true, \"schema\": {\"type\": \"string\"}},\n"
"\t\t\t\"realm\": {\"name\": \"X-Authrocket-Realm\", \"in\": \"header\", \"schema\": {\"type\": \"string\"},"
" \"description\": \"rl_...; needed only with a key to all realms\"},\n"
"\t\t\t\"realm_id\": {\"name\": \"realm_id\", \"in\": \"query\", \"schema\": {\"type\": \"string\"},"
" \"description\": \"the same, for one call\"},\n"
"\t\t\t\"idempotency_key\": {\"name\": \"Idempotency-Key\", \"in\": \"header\","
" \"schema\": {\"type\": \"string\", \"minLength\": 1, \"maxLength\": 255},"
" \"description\": \"sent again within ten minutes with the same body, the call gets the same answer, and is done once;"
" 409 while the first is being worked on, 422 with another body\"},\n"
"\t\t\t\"after\": {\"name\": \"after\", \"in\": \"query\", \"schema\": {\"type\": \"string\"},"
" \"description\": \"id of the last one that was seen\"},\n"
"\t\t\t\"max_results\": {\"name\": \"max_results\", \"in\": \"query\","
" \"schema\": {\"type\": \"integer\", \"minimum\": 1, \"maximum\": 1000, \"default\": 100}},\n"
"\t\t\t\"last_first\": {\"name\": \"direction\", \"in\": \"query\","
" \"schema\": {\"enum\": [\"asc\", \"desc\"], \"default\": \"desc\"}},\n"
"\t\t\t\"direction\": {\"name\": \"direction\", \"in\": \"query\","
" \"schema\": {\"enum\": [\"asc\", \"desc\"], \"default\": \"asc\"}}\n"
"\t\t},\n"
"\t\t\"responses\": {\n"
"\t\t\t\"error_or_errors\": {\"description\": \"What is wrong, in a sentence or by attribute\","
" \"content\": {\"application/json\": {\"schema\": {\"anyOf\": [{\"$ref\": \"#/components/schemas/error\"},"
" {\"$ref\": \"#/components/schemas/errors\"}]}}}},\n"
"\t\t\t\"errors\": {\"description\": \"What is wrong, by attribute\","
" \"content\": {\"application/json\": {\"schema\": {\"$ref\": \"#/components/schemas/errors\"}}}},\n"
"\t\t\t\"error\": {\"description\": \"What is wrong\","
" \"content\": {\"application/json\": {\"schema\": {\"$ref\": \"#/components/schemas/error\"}}}}\n"
"\t\t}\n";

/* ---------- operations ---------- */

/* Append a path as OpenAPI writes it, with {id} for :id. */
static void
append_path(StringInfo json, const char *path)
{
	const char *id = strstr(path, ":id");

	if (id == NULL)
		appendStringInfoString(json, path);
	else
		appendStringInfo(json, "%.*s{id}%s", (int) (id - path), path, id + 3);
}

/* Append what the filter that has an index of its own leaves of a choice of order. */
static void
append_sort_limits(StringInfo json, const Rows *rows)
{
	bool		has_choice = false;

	for (int i = 0; i < LIST_MAX_SORTS && rows->sorts[i].name != NULL; i++)
		has_choice |= rows->sorts[i].column != NULL;
	for (int i = 0; has_choice && i < LIST_MAX_FILTERS && rows->filters[i].name != NULL; i++)
	{
		if (rows->filters[i].column == NULL)
			continue;
		appendStringInfo(json, ", \"description\": \"id, if none is named, or created_at where %s is given\"",
						 rows->filters[i].name);
		return;
	}
}

/* Append a parameter that several operations have. */
static void
append_parameter(StringInfo json, const char *name)
{
	appendStringInfo(json, "%s{\"$ref\": \"#/components/parameters/%s\"}", json->data[json->len - 1] == '[' ? "" : ", ", name);
}

/* Append the parameters that only lists have. */
static void
append_list_parameters(StringInfo json, const Rows *rows)
{
	append_parameter(json, "after");
	append_parameter(json, "max_results");
	append_parameter(json, rows->time ? "last_first" : "direction");
	appendStringInfoString(json, ", {\"name\": \"sort\", \"in\": \"query\", \"schema\": {\"enum\": [");
	for (int i = 0; i < LIST_MAX_SORTS && rows->sorts[i].name != NULL; i++)
		appendStringInfo(json, "%s\"%s\"", i > 0 ? ", " : "", rows->sorts[i].name);
	appendStringInfo(json, "], \"default\": \"%s\"}", rows->sorts[0].name);
	append_sort_limits(json, rows);
	appendStringInfoChar(json, '}');
	for (int i = 0; i < LIST_MAX_FILTERS && rows->filters[i].name != NULL; i++)
		appendStringInfo(json, ", {\"name\": \"%s\", \"in\": \"query\", \"schema\": {\"type\": \"string\"}}",
						 rows->filters[i].name);
	if (rows->time != NULL)
		appendStringInfo(json, ", {\"name\": \"created_at_after\", \"in\": \"query\", \"schema\": {\"type\": [\"number\", \"string\"]},"
						 " \"description\": \"" TIME_FORM "; %d days ago if it is not given. What filters other than user_id match is"
						 " looked for among %d at a time: 422, with the id to go on after, if none of these does\"}",
						 RECORD_DAYS, RECORD_SEARCH);
}

/* Tell an operation that gives a page of resources. */
static bool
is_list(const CoreRoute *route)
{
	return route->answer == list_rows || route->answer == list_auth_providers || route->answer == list_jwt_keys;
}

/* Append the parameters of an operation. */
static void
append_parameters(StringInfo json, const CoreRoute *route)
{
	if (route->permission == 0)
		return;
	appendStringInfoString(json, "\t\t\t\t\"parameters\": [");
	if (route->realm == 0)
	{
		append_parameter(json, "realm");
		append_parameter(json, "realm_id");
	}
	if (strstr(route->path, ":id") != NULL)
		append_parameter(json, "id");
	if (strcmp(route->method, "POST") == 0)
		append_parameter(json, "idempotency_key");
	if (route->gives != NULL && route->rows != NULL && route->rows->parts != NULL)
		appendStringInfo(json, ", {\"name\": \"expand\", \"in\": \"query\", \"schema\": {\"type\": \"string\"},"
						 " \"description\": \"what else to tell, separated by commas: %s\"}", route->rows->parts);
	if (route->answer == list_rows)
		append_list_parameters(json, route->rows);
	if (route->answer == list_jwt_keys)
	{
		append_parameter(json, "after");
		append_parameter(json, "max_results");
	}
	appendStringInfoString(json, "],\n");
}

/* Tell an operation by which somebody proves who they are. */
static bool
is_proof(const CoreRoute *route)
{
	return route->answer == authenticate_user || route->answer == authenticate_key;
}

/* Append the member of a body that holds a resource. */
static void
append_member(StringInfo json, const char *name, const Resource *resource)
{
	appendStringInfo(json, "\"%s\": {\"$ref\": \"#/components/schemas/%s\"}, ", name, resource->name);
}

/* Append what an operation takes: its resource under its name, but for proofs, whose clients do not wrap it. */
static void
append_body(StringInfo json, const CoreRoute *route)
{
	static const char request[] = "\"request\": {\"$ref\": \"#/components/schemas/request\"}";

	if (route->takes == NULL)
		return;
	appendStringInfoString(json, "\t\t\t\t\"requestBody\": {\"content\": {\"application/json\": {\"schema\": {\"type\": \"object\", ");
	if (is_proof(route))
		appendStringInfo(json, "\"allOf\": [{\"$ref\": \"#/components/schemas/%s\"}], \"properties\": {%s}",
						 route->takes->name, request);
	else
	{
		appendStringInfoString(json, "\"properties\": {");
		append_member(json, route->takes->name, route->takes);
		if (route->takes->alias != NULL)
			append_member(json, route->takes->alias, route->takes);
		appendStringInfo(json, "%s}", request);
	}
	appendStringInfoString(json, "}}}},\n");
}

/* Append the schema of what an operation gives. */
static void
append_schema(StringInfo json, const CoreRoute *route)
{
	if (route->gives == NULL)
		appendStringInfoString(json, "{\"type\": \"object\"}");
	else if (is_list(route))
		appendStringInfo(json, "{\"type\": \"object\", \"required\": [\"more_results\", \"collection\"], \"properties\":"
						 " {\"more_results\": {\"type\": \"boolean\"}, \"collection\": {\"type\": \"array\", \"items\":"
						 " {\"$ref\": \"#/components/schemas/%s\"}}}}", route->gives->name);
	else
		appendStringInfo(json, "{\"$ref\": \"#/components/schemas/%s\"}", route->gives->name);
}

/* Append an answer of what is wrong, in one sentence or by attribute. */
static void
append_refusal(StringInfo json, int status, const char *response)
{
	appendStringInfo(json, "%s\"%d\": {\"$ref\": \"#/components/responses/%s\"}",
					 json->data[json->len - 1] == '{' ? "" : ", ", status, response);
}

/* Append what an operation that asks for a key refuses. */
static void
append_refusals(StringInfo json, const CoreRoute *route)
{
	if (is_proof(route))
		append_refusal(json, 401, "error");
	append_refusal(json, 403, "error");
	append_refusal(json, 404, "error");
	if (strcmp(route->method, "DELETE") == 0)
		append_refusal(json, 409, "errors");
	if (strcmp(route->method, "POST") == 0)
		append_refusal(json, 409, route->answer == reset_realm ? "error_or_errors" : "error");
	append_refusal(json, 422, "errors");
}

/* Append what an operation answers that does what is asked. */
static void
append_success(StringInfo json, const CoreRoute *route)
{
	appendStringInfo(json, "\"%d\": {\"description\": \"Done\"", route->status);
	if (route->status != 204)
	{
		appendStringInfoString(json, ", \"content\": {\"application/json\": {\"schema\": ");
		append_schema(json, route);
		appendStringInfoString(json, "}}");
	}
	appendStringInfoChar(json, '}');
}

/* Append what an operation answers; what is never done is only refused. */
static void
append_responses(StringInfo json, const CoreRoute *route)
{
	appendStringInfoString(json, "\t\t\t\t\"responses\": {");
	if (route->status < 400)
		append_success(json, route);
	if (route->permission != 0)
		append_refusals(json, route);
	appendStringInfoString(json, ", \"default\": {\"$ref\": \"#/components/responses/error\"}}\n");
}

/* Append an operation. */
static void
append_operation(StringInfo json, const CoreRoute *route)
{
	char	   *method = pstrdup(route->method);

	for (char *c = method; *c; c++)
		*c = pg_tolower((unsigned char) *c);
	appendStringInfo(json, "\t\t\t\"%s\": {\n\t\t\t\t\"summary\": ", method);
	escape_json(json, route->summary);
	appendStringInfoString(json, ",\n");
	if (route->permission == 0)
		appendStringInfoString(json, "\t\t\t\t\"security\": [],\n");
	else
		appendStringInfo(json, "\t\t\t\t\"x-permission\": \"%s\",\n", route->permission == KEY_READ ? "read" :
						 route->permission == KEY_WRITE ? "write" : "admin");
	append_parameters(json, route);
	append_body(json, route);
	append_responses(json, route);
	appendStringInfoString(json, "\t\t\t}");
}

/* Append all paths; the routes of one path stand together in the table. */
static void
append_paths(StringInfo json)
{
	const char *path = NULL;

	for (int i = 0; i < core_route_count; i++)
	{
		const CoreRoute *route = &core_routes[i];

		if (path != NULL && strcmp(route->path, path) == 0)
			appendStringInfoString(json, ",\n");
		else
		{
			appendStringInfoString(json, path ? "\n\t\t},\n\t\t\"" : "\t\t\"");
			append_path(json, route->path);
			appendStringInfoString(json, "\": {\n");
		}
		append_operation(json, route);
		path = route->path;
	}
	appendStringInfoString(json, "\n\t\t}\n");
}

/* Append all resources, each once: those of one resource's calls stand together in the table. */
static void
append_resources(StringInfo json)
{
	const Resource *last = NULL;

	for (int i = 0; i < core_route_count; i++)
	{
		if (core_routes[i].gives != NULL && core_routes[i].gives != last)
			append_resource(json, core_routes[i].gives);
		last = core_routes[i].gives != NULL ? core_routes[i].gives : last;
	}
}

/* Append what operations refer to. */
static void
append_components(StringInfo json)
{
	appendStringInfoString(json, "\t\t\"schemas\": {\n");
	append_resources(json);
	appendStringInfoString(json, shared_schemas);
	appendStringInfoString(json, "\t\t},\n");
	appendStringInfoString(json, shared_parts);
}

/* GET /v1/openapi.json */
void
show_description(CoreCall *call)
{
	StringInfoData json;

	initStringInfo(&json);
	appendStringInfoString(&json, "{\n\t\"openapi\": \"3.1.0\",\n"
						   "\t\"info\": {\"title\": \"arsignup Core API\", \"version\": \"1\","
						   " \"description\": \"Bodies may be forms, too: user[email]=x.\"},\n"
						   "\t\"security\": [{\"key\": []}, {\"bearer\": []}],\n"
						   "\t\"paths\": {\n");
	append_paths(&json);
	appendStringInfoString(&json, "\t},\n\t\"components\": {\n");
	append_components(&json);
	appendStringInfoString(&json, "\t}\n}\n");
	reply_json(call, 200, json.data);
}
