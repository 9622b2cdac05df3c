/*
 * JSON objects that are written plainly, as we write them: without escapes,
 * fractions, exponents or white space but a space behind a comma or colon, few
 * members, not deep.
 *
 * Read in one pass, in place. What is read here is JSON without a member that
 * is there twice, which jansson reads to the same; what is not read may be so
 * as well, and only jansson can tell.
 */
#include "login/plain.h"

#include <string.h>

static bool take_value(Span *rest, int depth, Span *value, PlainKind *kind);

/* Take a character off the front. */
static inline bool
take(Span *rest, char expected)
{
	if (rest->size == 0 || *rest->data != expected)
		return false;
	rest->data++;
	rest->size--;
	return true;
}

/* Take a comma or a colon off the front, and a space behind it. */
static inline bool
take_separator(Span *rest, char separator)
{
	if (!take(rest, separator))
		return false;
	(void) take(rest, ' ');
	return true;
}

/* Take a string off the front. */
static bool
take_string(Span *rest, Span *string)
{
	Span		text = *rest;
	uint32_t	code_point;

	if (!take(&text, '"'))
		return false;
	string->data = text.data;
	while (text.size > 0 && *text.data != '"')
	{
		unsigned char c = *text.data;

		if (c < ' ' || c == '\\')
			return false;
		if (c < 0x80)
			text.data++, text.size--;
		else if (!utf8_next(&text, &code_point))
			return false;
	}
	string->size = text.data - string->data;
	*rest = text;
	return take(rest, '"');
}

/* Take a whole number off the front. */
static bool
take_integer(Span *rest, Span *number, PlainKind *kind)
{
	const char *first = rest->data;
	size_t		digits = 0;

	*kind = take(rest, '-') ? PLAIN_OTHER : PLAIN_INTEGER;
	while (digits < rest->size && rest->data[digits] >= '0' && rest->data[digits] <= '9')
		digits++;
	if (digits == 0 || digits > PLAIN_MAX_DIGITS || (digits > 1 && *rest->data == '0'))
		return false;
	span_skip(rest, digits);
	*number = (Span) {first, rest->data - first};
	return true;
}

/* Tell whether an object has a member of this name. */
static bool
has_member(const PlainObject *object, Span name)
{
	for (int i = 0; i < object->count; i++)
		if (object->members[i].name.size == name.size && memcmp(object->members[i].name.data, name.data, name.size) == 0)
			return true;
	return false;
}

/* Take a member off the front, and add it to an object. */
static bool
take_member(Span *rest, int depth, PlainObject *object)
{
	PlainMember *member = &object->members[object->count];

	if (object->count == PLAIN_MAX_MEMBERS || !take_string(rest, &member->name) || has_member(object, member->name) ||
		!take_separator(rest, ':') || !take_value(rest, depth, &member->value, &member->kind))
		return false;
	object->count++;
	return true;
}

/* Take an object off the front. */
static bool
take_object(Span *rest, int depth, PlainObject *object)
{
	object->count = 0;
	if (depth == 0 || !take(rest, '{'))
		return false;
	if (take(rest, '}'))
		return true;
	do
		if (!take_member(rest, depth - 1, object))
			return false;
	while (take_separator(rest, ','));
	return take(rest, '}');
}

/* Take an array off the front. */
static bool
take_array(Span *rest, int depth)
{
	Span		value;
	PlainKind	kind;

	if (depth == 0 || !take(rest, '['))
		return false;
	if (take(rest, ']'))
		return true;
	do
		if (!take_value(rest, depth - 1, &value, &kind))
			return false;
	while (take_separator(rest, ','));
	return take(rest, ']');
}

/* Take anything but a string or a number off the front. */
static bool
take_other(Span *rest, int depth)
{
	PlainObject object;

	if (rest->size > 0 && *rest->data == '{')
		return take_object(rest, depth, &object);
	if (rest->size > 0 && *rest->data == '[')
		return take_array(rest, depth);
	return span_take(rest, "true") || span_take(rest, "false") || span_take(rest, "null");
}

/* Take a value off the front. */
static bool
take_value(Span *rest, int depth, Span *value, PlainKind *kind)
{
	char		first = rest->size > 0 ? *rest->data : '\0';

	if (first == '"')
	{
		*kind = PLAIN_STRING;
		return take_string(rest, value);
	}
	if (first == '-' || (first >= '0' && first <= '9'))
		return take_integer(rest, value, kind);
	*kind = PLAIN_OTHER;
	value->data = rest->data;
	if (!take_other(rest, depth))
		return false;
	value->size = rest->data - value->data;
	return true;
}

/* Read a text that is an object and nothing else; false if it is none that is written plainly. */
bool
plain_object_read(Span text, PlainObject *object)
{
	return take_object(&text, PLAIN_MAX_DEPTH, object) && text.size == 0;
}

/* Find a member of some kind; NULL if there is none. */
static const PlainMember *
find_member(const PlainObject *object, Span name, PlainKind kind)
{
	for (int i = 0; i < object->count; i++)
	{
		const PlainMember *member = &object->members[i];

		if (member->name.size == name.size && memcmp(member->name.data, name.data, name.size) == 0)
			return member->kind == kind ? member : NULL;
	}
	return NULL;
}

/* Return a member that is a string; one without data if there is none. */
Span
plain_string(const PlainObject *object, Span name)
{
	const PlainMember *member = find_member(object, name, PLAIN_STRING);

	return member != NULL ? member->value : (Span) {NULL, 0};
}

/* Return the number that a member is. */
int64_t
plain_number(const PlainMember *member)
{
	int64_t		number = 0;

	for (size_t i = 0; i < member->value.size; i++)
		number = number * 10 + (member->value.data[i] - '0');
	return number;
}

/* Return a member that is a whole number; -1 if there is none that is not negative. */
int64_t
plain_integer(const PlainObject *object, Span name)
{
	const PlainMember *member = find_member(object, name, PLAIN_INTEGER);

	return member != NULL ? plain_number(member) : -1;
}

/* Tell whether an object has members, and all are strings or whole numbers. */
bool
plain_is_flat(const PlainObject *object)
{
	for (int i = 0; i < object->count; i++)
		if (object->members[i].kind == PLAIN_OTHER)
			return false;
	return object->count > 0;
}
