/*
 * JSON objects that are written plainly. Pure C.
 */
#ifndef ARSIGNUP_PLAIN_H
#define ARSIGNUP_PLAIN_H

#include "base/text.h"

#define PLAIN_MAX_MEMBERS 32	/* of one object */
#define PLAIN_MAX_DEPTH 8		/* of arrays and objects */
#define PLAIN_MAX_DIGITS 18		/* of a number: any such one has 64 bits */

typedef enum PlainKind
{
	PLAIN_STRING,
	PLAIN_INTEGER,				/* not negative */
	PLAIN_OTHER
} PlainKind;

/* A member of an object; spans lie in the text, those of strings without the quotes. */
typedef struct PlainMember
{
	Span		name;
	Span		value;
	PlainKind	kind;
} PlainMember;

typedef struct PlainObject
{
	int			count;
	PlainMember members[PLAIN_MAX_MEMBERS];
} PlainObject;

extern bool plain_object_read(Span text, PlainObject *object);
extern bool plain_is_flat(const PlainObject *object);
extern int64_t plain_number(const PlainMember *member);
extern Span plain_string(const PlainObject *object, Span name);
extern int64_t plain_integer(const PlainObject *object, Span name);

#endif							/* ARSIGNUP_PLAIN_H */
