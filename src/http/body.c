/*
 * Reading what was sent into values that live in a scope of secrets, and are
 * wiped with it.
 */
#include "http/body.h"

/* The scope in which jansson allocates, while it reads what a caller sent. */
static SecretScope *json_scope;

/* Allocate for jansson. */
static void *
allocate(size_t size)
{
	return secret_alloc(json_scope, size);
}

/* Free nothing: everything is wiped with its scope. */
static void
release(void *memory)
{
}

/* Read JSON or a form; NULL if it is not such. */
Value *
body_read(SecretScope *scope, Span text, BodySyntax syntax)
{
	char	   *buffer = secret_alloc(scope, text.size + 1);
	Value	   *volatile params = NULL;

	json_scope = scope;
	params_set_memory(allocate, release);
	PG_TRY();
	{
		params = syntax == BODY_FORM ? params_from_form(text, buffer) :
			syntax == BODY_JSON ? params_from_json(text) : params_from_loose_json(text);
	}
	PG_FINALLY();
	{
		params_set_memory(NULL, NULL);
	}
	PG_END_TRY();
	return params;
}
