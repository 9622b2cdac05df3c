/*
 * Bodies of forms and query strings. Pure C: no postgres.h.
 */
#ifndef ARSIGNUP_URLENCODED_H
#define ARSIGNUP_URLENCODED_H

#include <stdbool.h>
#include <stddef.h>

#include "base/text.h"

#define FORM_MAX_SIZE 65536
#define FORM_MAX_PAIRS 100

/* What was sent under a name; without data if nothing was. */
typedef struct FormValue
{
	Span		text;
	bool		is_repeated;
} FormValue;

extern bool urlencoded_decode(Span raw, bool plus_is_space, char *out, Span *text);
extern Span urlencoded_take(Span *text, char separator);
extern bool urlencoded_read(Span form, const char *const *names, size_t count, char *buffer, FormValue *values);

#endif							/* ARSIGNUP_URLENCODED_H */
