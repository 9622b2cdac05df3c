/*
 * What is answered: status and headers through PostgREST's settings, the body
 * as the function's result.
 */
#include "http/response.h"

#include "executor/spi.h"
#include "utils/guc.h"

/* Make room for a body. */
static void *
resize(void *data, size_t capacity)
{
	return data == NULL ? palloc(capacity) : repalloc(data, capacity);
}

/* Begin an answer. */
void
response_begin(Response *response)
{
	*response = (Response) {.status = 200, .body = {.resize = resize}};
	initStringInfo(&response->headers);
	appendStringInfoChar(&response->headers, '[');
}

/* Append a text of visible ASCII as JSON. */
static void
append_visible(StringInfo json, const char *text)
{
	appendStringInfoChar(json, '"');
	for (size_t plain = strcspn(text, "\"\\"); text[plain] != '\0'; plain = strcspn(text, "\"\\"))
	{
		appendBinaryStringInfo(json, text, plain);
		appendStringInfoChar(json, '\\');
		appendStringInfoChar(json, text[plain]);
		text += plain + 1;
	}
	appendStringInfoString(json, text);
	appendStringInfoChar(json, '"');
}

/* Add a header; its value is of visible ASCII, or there is none. */
void
response_header(Response *response, const char *name, const char *value)
{
	for (const char *c = value; *c; c++)
		if (*c < ' ' || *c > '~')
			elog(ERROR, "header \"%s\" has a character that cannot stand there", name);
	appendStringInfoString(&response->headers, response->headers.len > 1 ? ", {" : "{");
	append_visible(&response->headers, name);
	appendStringInfoString(&response->headers, ": ");
	append_visible(&response->headers, value);
	appendStringInfoChar(&response->headers, '}');
}

/* Set one of PostgREST's settings until the transaction ends. */
static void
set_local(const char *name, const char *value)
{
	(void) set_config_option(name, value, PGC_USERSET, PGC_S_SESSION, GUC_ACTION_LOCAL, true, 0, false);
}

/* Hand the answer to PostgREST; return the body, which outlives SPI. */
bytea *
response_send(Response *response)
{
	Html	   *body = &response->body;
	bytea	   *result = SPI_palloc(VARHDRSZ + body->size);
	char		status[12];

	snprintf(status, sizeof(status), "%d", response->status);
	appendStringInfoChar(&response->headers, ']');
	set_local("response.status", status);
	set_local("response.headers", response->headers.data);
	SET_VARSIZE(result, VARHDRSZ + body->size);
	if (body->size > 0)
		memcpy(VARDATA(result), body->data, body->size);
	return result;
}
