/*
 * What a call of the Core API is given, as one JSON value, whether it came as
 * JSON, as a form or in the query. Pure C: no postgres.h.
 */
#ifndef ARSIGNUP_PARAMS_H
#define ARSIGNUP_PARAMS_H

#include <stdbool.h>

#include "base/text.h"

#define PARAMS_MAX_SIZE 65536	/* bytes of a body, or of a query */
#define PARAMS_MAX_DEPTH 16		/* of arrays and objects */
#define PARAMS_MAX_PAIRS 1000	/* of a form */

/* A value: jansson's, whose names clash with the server's. A null pointer is one that is not there. */
typedef struct json_t Value;

typedef enum ValueType
{
	VALUE_ABSENT,
	VALUE_NULL,
	VALUE_BOOLEAN,
	VALUE_INTEGER,
	VALUE_REAL,
	VALUE_TEXT,
	VALUE_ARRAY,
	VALUE_OBJECT
} ValueType;

extern void params_set_memory(void *(*allocate) (size_t size), void (*release) (void *memory));
extern Value *params_from_json(Span text);
extern Value *params_from_loose_json(Span text);
extern int	params_count_members(Span text, const char *name);
extern Value *params_from_form(Span form, char *buffer);
extern void params_free(Value *params);

extern ValueType value_type(const Value *value);
extern const Value *value_member(const Value *object, const char *name);
extern bool value_is_list(const Value *value);
extern size_t value_count(const Value *list);
extern const Value *value_element(const Value *list, size_t position);
extern const char *value_text(const Value *value);
extern bool value_is_true(const Value *value);
extern double value_number(const Value *value);
extern size_t value_write(const Value *value, char *out, size_t capacity);
extern void value_each(const Value *object, void (*visit) (const char *name, const Value *value, void *context),
					   void *context);

#endif							/* ARSIGNUP_PARAMS_H */
