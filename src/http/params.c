/*
 * What a call of the Core API is given. Forms nest as in user[email]=x and
 * repeat as in expand[]=a&expand[]=b; nothing may be there twice, in one form
 * or another.
 */
#include "http/params.h"

#include <jansson.h>
#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "http/urlencoded.h"

/*
 * What precedes the text of a number that jansson would round or refuse, which
 * is kept as it is written: a NUL, which no text has that was sent.
 */
#define NUMBER_MARK "\\u0000"
#define NUMBER_MARK_SIZE (sizeof(NUMBER_MARK) - 1)

#define NUMBER_MAX_SIZE 1000	/* characters of a number */
#define EXPONENT_MAX_DIGITS 3

/* ---------- memory ---------- */

static void *(*allocate_memory) (size_t size) = malloc;
static void (*release_memory) (void *memory) = free;

/* Have values live in memory of the caller's; null pointers: in the program's. */
void
params_set_memory(void *(*allocate) (size_t size), void (*release) (void *memory))
{
	allocate_memory = allocate ? allocate : malloc;
	release_memory = release ? release : free;
	json_set_alloc_funcs(allocate_memory, release_memory);
}

/* Free what was read. */
void
params_free(Value *params)
{
	json_decref(params);
}

/* Make an empty object. Within the server the name json_object is the server's own. */
static json_t *
make_object(void)
{
	return json_loads("{}", 0, NULL);
}

/* ---------- numbers ---------- */

/* Tell a character that a number begins with. */
static bool
begins_number(char c)
{
	return c == '-' || (c >= '0' && c <= '9');
}

/* Return the length of the number, the string, or any other character that a text of JSON begins with. */
static size_t
token_length(Span json)
{
	size_t		length = 1;

	if (begins_number(json.data[0]))
		while (length < json.size && memchr("+-.0123456789Ee", json.data[length], 15) != NULL)
			length++;
	else if (json.data[0] == '"')
	{
		while (length < json.size && json.data[length] != '"')
			length += json.data[length] == '\\' ? 2 : 1;
		length++;
	}
	return length < json.size ? length : json.size;
}

/* Take digits off the front; return how many. */
static size_t
take_digits(Span *text)
{
	size_t		digits = 0;

	while (digits < text->size && text->data[digits] >= '0' && text->data[digits] <= '9')
		digits++;
	span_skip(text, digits);
	return digits;
}

/* Tell a number (RFC 8259, section 6), and one that jsonb has room for; whole is its whole part. */
static bool
is_number(Span text, Span *whole)
{
	char		copy[NUMBER_MAX_SIZE + 1];
	Span		rest = text;

	if (text.size > NUMBER_MAX_SIZE)
		return false;
	(void) span_take(&rest, "-");
	*whole = rest;
	whole->size = take_digits(&rest);
	if (whole->size == 0 || (whole->size > 1 && whole->data[0] == '0'))
		return false;
	if (span_take(&rest, ".") && take_digits(&rest) == 0)
		return false;
	if (span_take(&rest, "e") || span_take(&rest, "E"))
	{
		size_t		digits;

		if (!span_take(&rest, "+"))
			(void) span_take(&rest, "-");
		digits = take_digits(&rest);
		if (digits == 0 || digits > EXPONENT_MAX_DIGITS)
			return false;
	}
	memcpy(copy, text.data, text.size);
	copy[text.size] = '\0';
	return rest.size == 0 && isfinite(strtod(copy, NULL));
}

/* Tell whether jansson keeps a number as it is: a whole one of 64 bits. */
static bool
is_kept(Span number, Span whole)
{
	static const char largest[] = "9223372036854775807";
	const size_t digits = sizeof(largest) - 1;

	return whole.data + whole.size == number.data + number.size &&
		(whole.size < digits || (whole.size == digits && memcmp(whole.data, largest, digits) <= 0));
}

/* Tell whether a string, as it stands in JSON, has a NUL. */
static bool
has_nul(Span string)
{
	for (; string.size > 0; span_skip(&string, string.data[0] == '\\' && string.size > 1 ? 2 : 1))
	{
		Span		rest = string;

		if (span_take(&rest, NUMBER_MARK))
			return true;
	}
	return false;
}

/* Append bytes; without a place for them, only count. */
static void
append(char *out, size_t *size, const char *bytes, size_t count)
{
	if (out != NULL)
		memcpy(out + *size, bytes, count);
	*size += count;
}

/*
 * Copy a text of JSON, its numbers marked where jansson would not keep them;
 * without a place for it, only measure it. False if a number is none, or a
 * string has a NUL, which then could pass for a mark.
 */
static bool
mark_numbers(Span text, char *out, size_t *size)
{
	*size = 0;
	while (text.size > 0)
	{
		Span		token = {text.data, token_length(text)};
		Span		whole;

		span_skip(&text, token.size);
		if (begins_number(token.data[0]))
		{
			if (!is_number(token, &whole))
				return false;
			if (!is_kept(token, whole))
			{
				append(out, size, "\"" NUMBER_MARK, NUMBER_MARK_SIZE + 1);
				append(out, size, token.data, token.size);
				append(out, size, "\"", 1);
				continue;
			}
		}
		else if (token.data[0] == '"' && has_nul(token))
			return false;
		append(out, size, token.data, token.size);
	}
	return true;
}

/* Return the text of a number that was kept as it is written; NULL if it is none. */
static const char *
kept_number(const json_t *value)
{
	const char *text = json_string_value(value);

	return text != NULL && text[0] == '\0' && json_string_length(value) > 0 ? text + 1 : NULL;
}

/* ---------- JSON ---------- */

/* Tell whether a value nests no deeper than so many levels. */
static bool
is_shallow(const json_t *value, int levels)
{
	const char *name;
	const json_t *element;
	size_t		i;

	if (!json_is_object(value) && !json_is_array(value))
		return true;
	if (levels == 0)
		return false;
	json_array_foreach((json_t *) value, i, element)
	{
		if (!is_shallow(element, levels - 1))
			return false;
	}
	json_object_foreach((json_t *) value, name, element)
	{
		if (!is_shallow(element, levels - 1))
			return false;
	}
	return true;
}

/* Read an object, by jansson's flags; an empty text is an empty one; NULL if it is no JSON, or too deep. */
static Value *
read_json(Span text, size_t flags)
{
	json_t	   *value;

	text = span_trim(text);
	if (text.size == 0)
		return make_object();
	/* jansson overlooks a NUL behind a number. */
	if (memchr(text.data, '\0', text.size) != NULL)
		return NULL;
	value = json_loadb(text.data, text.size, flags, NULL);
	if (json_is_object(value) && is_shallow(value, PARAMS_MAX_DEPTH))
		return value;
	json_decref(value);
	return NULL;
}

/*
 * Read an object; NULL if it is no JSON, too deep, or has a member twice.
 * Numbers are written again as they were: what reads a row and stores it anew
 * must not change it.
 */
Value *
params_from_json(Span text)
{
	size_t		size;
	char	   *marked;
	Value	   *value;

	if (text.size > PARAMS_MAX_SIZE || !mark_numbers(text, NULL, &size))
		return NULL;
	marked = allocate_memory(size + 1);
	if (marked == NULL)
		return NULL;
	(void) mark_numbers(text, marked, &size);
	value = read_json((Span) {marked, size}, JSON_REJECT_DUPLICATES | JSON_ALLOW_NUL);
	release_memory(marked);
	return value;
}

/*
 * Read an object of which only some members matter; NULL if it is no JSON, or
 * too deep. Of members of one name the last counts, a text may have a NUL, and
 * an integer is a real, so that a large one is none of anybody's business.
 */
Value *
params_from_loose_json(Span text)
{
	return text.size <= PARAMS_MAX_SIZE ? read_json(text, JSON_ALLOW_NUL | JSON_DECODE_INT_AS_REAL) : NULL;
}

/* Take a character off a name's front, as it stands in JSON; one that is not ASCII, or has a short escape, is 0. */
static uint32_t
take_name_character(Span *name)
{
	uint32_t	c = (uint8_t) name->data[0];
	size_t		size = 1;

	if (c == '\\' && name->size >= 6 && name->data[1] == 'u')
	{
		char		hex[5] = {0};

		memcpy(hex, name->data + 2, 4);
		c = strtoul(hex, NULL, 16);
		size = 6;
	}
	span_skip(name, size);
	return c < 0x80 && c != '\\' ? c : 0;
}

/* Tell whether a name, as it stands in JSON, is this one. */
static bool
is_named(Span name, const char *expected)
{
	while (name.size > 0 && *expected != '\0')
		if (take_name_character(&name) != (uint32_t) *expected++)
			return false;
	return name.size == 0 && *expected == '\0';
}

/* Return the length of the string that a text begins with, between its quotation marks. */
static size_t
measure_string(Span text)
{
	size_t		end = 1;

	while (end < text.size && text.data[end] != '"')
		end += text.data[end] == '\\' ? 2 : 1;
	return (end < text.size ? end : text.size) - 1;
}

/* Count the members of a name, plain ASCII, that an object has in its text, which must have been read before. */
int
params_count_members(Span text, const char *name)
{
	int			count = 0;
	int			depth = 0;
	char		mark = '\0';		/* the last one outside of strings */

	for (size_t i = 0; i < text.size; i++)
	{
		const char	c = text.data[i];

		if (c == '"')
		{
			Span		string = {text.data + i + 1, measure_string((Span) {text.data + i, text.size - i})};

			count += depth == 1 && mark != ':' && is_named(string, name);
			i += string.size + 1;
		}
		else if (c == '{' || c == '[')
			depth++;
		else if (c == '}' || c == ']')
			depth--;
		if (strchr("{[:,", c) != NULL)
			mark = c;
	}
	return count;
}

/* ---------- forms ---------- */

/* Take the next part of a name off its front: what stands before the first bracket, or in a pair of them. */
static bool
take_part(Span *name, bool is_first, Span *part)
{
	if (is_first)
	{
		*part = (Span) {name->data, 0};
		while (part->size < name->size && name->data[part->size] != '[')
			part->size++;
		span_skip(name, part->size);
		return part->size > 0;
	}
	if (name->data[0] != '[' || memchr(name->data, ']', name->size) == NULL)
		return false;
	span_skip(name, 1);
	*part = urlencoded_take(name, ']');
	return memchr(part->data, '[', part->size) == NULL;
}

/* Put a new value under a name, or behind the others if the name is empty; false if that is taken, or is no place. */
static bool
put(json_t *container, Span name, json_t *value)
{
	if (json_is_array(container) && name.size == 0)
		return json_array_append_new(container, value) == 0;
	if (!json_is_object(container) || name.size == 0 ||
		json_object_getn(container, name.data, name.size) != NULL)
	{
		json_decref(value);
		return false;
	}
	return json_object_setn_new(container, name.data, name.size, value) == 0;
}

/* Return the object or array under a name, made if it is not there; NULL if something else is. */
static json_t *
enter(json_t *container, Span name, bool is_array)
{
	json_t	   *inner = json_is_object(container) ? json_object_getn(container, name.data, name.size) : NULL;

	if (inner == NULL)
	{
		inner = is_array ? json_array() : make_object();
		return put(container, name, inner) ? inner : NULL;
	}
	return (is_array ? json_is_array(inner) : json_is_object(inner)) ? inner : NULL;
}

/* Put a text where its name says. */
static bool
put_text(json_t *params, Span name, Span text)
{
	Span		part;

	if (!take_part(&name, true, &part))
		return false;
	for (int depth = 1; name.size > 0; depth++)
	{
		Span		next;

		if (depth == PARAMS_MAX_DEPTH || !take_part(&name, false, &next))
			return false;
		params = enter(params, part, next.size == 0);
		if (params == NULL)
			return false;
		part = next;
	}
	return put(params, part, json_stringn(text.data, text.size));
}

/* Read one pair into the buffer, and put its value where its name says. */
static bool
put_pair(json_t *params, Span pair, char *buffer)
{
	Span		name = urlencoded_take(&pair, '=');
	Span		text;

	if (!urlencoded_decode(name, true, buffer, &name))
		return false;
	return urlencoded_decode(pair, true, buffer + name.size, &text) && put_text(params, name, text);
}

/* Read a form or a query, by way of a buffer of its size; NULL if it is none, or has something twice. */
Value *
params_from_form(Span form, char *buffer)
{
	json_t	   *params = make_object();
	bool		is_good = form.size <= PARAMS_MAX_SIZE;

	for (int pairs = 0; is_good && form.size > 0; pairs++)
	{
		Span		pair = urlencoded_take(&form, '&');

		is_good = pairs < PARAMS_MAX_PAIRS && (pair.size == 0 || put_pair(params, pair, buffer));
	}
	if (is_good)
		return params;
	json_decref(params);
	return NULL;
}

/* ---------- values ---------- */

/* Return the type of a value. */
ValueType
value_type(const Value *value)
{
	if (value == NULL)
		return VALUE_ABSENT;
	switch (json_typeof(value))
	{
		case JSON_OBJECT:
			return VALUE_OBJECT;
		case JSON_ARRAY:
			return VALUE_ARRAY;
		case JSON_STRING:
			return kept_number(value) != NULL ? VALUE_REAL : VALUE_TEXT;
		case JSON_INTEGER:
			return VALUE_INTEGER;
		case JSON_REAL:
			return VALUE_REAL;
		case JSON_NULL:
			return VALUE_NULL;
		default:
			return VALUE_BOOLEAN;
	}
}

/* Return a member of an object; NULL if it is not there, or this is none. */
const Value *
value_member(const Value *object, const char *name)
{
	return json_object_get(object, name);
}

/* Return the name of an element, as forms count them: expand[0]=a&expand[1]=b. */
static const char *
element_name(size_t position, char name[32])
{
	snprintf(name, 32, "%zu", position);
	return name;
}

/* Tell whether a value is an array, or an object whose members are counted like an array's. */
bool
value_is_list(const Value *value)
{
	char		name[32];
	size_t		count = json_object_size(value);

	for (size_t i = 0; i < count; i++)
		if (json_object_get(value, element_name(i, name)) == NULL)
			return false;
	return count > 0 || json_is_array(value);
}

/* Return how many elements a list has; 0 if it is none. */
size_t
value_count(const Value *list)
{
	if (!value_is_list(list))
		return 0;
	return json_is_array(list) ? json_array_size(list) : json_object_size(list);
}

/* Return an element of a list; NULL if it is not there. */
const Value *
value_element(const Value *list, size_t position)
{
	char		name[32];

	return json_is_array(list) ? json_array_get(list, position) : json_object_get(list, element_name(position, name));
}

/* Return a text; NULL if it is none, such as one with a NUL. */
const char *
value_text(const Value *value)
{
	const char *text = json_string_value(value);

	return text != NULL && strlen(text) == json_string_length(value) ? text : NULL;
}

/* Tell whether a value is true, be it as a text, as forms have it. */
bool
value_is_true(const Value *value)
{
	return json_is_true(value) || (json_is_string(value) && strcmp(json_string_value(value), "true") == 0);
}

/* Return a number; 0 if it is none. */
double
value_number(const Value *value)
{
	const char *kept = kept_number(value);

	return kept != NULL ? strtod(kept, NULL) : json_number_value(value);
}

/* Take the marks off the numbers of a text of JSON in its place; return how long it is then. */
static size_t
unmark_numbers(char *json, size_t size)
{
	size_t		written = 0;

	for (size_t read = 0, length; read < size; read += length)
	{
		Span		token = {json + read, token_length((Span) {json + read, size - read})};

		length = token.size;
		if (span_take(&token, "\"" NUMBER_MARK))
			token.size--;
		memmove(json + written, token.data, token.size);
		written += token.size;
	}
	return written;
}

/* Write a value as JSON, as far as there is room; return how long it is, or would be at most. */
size_t
value_write(const Value *value, char *out, size_t capacity)
{
	size_t		size = json_dumpb(value, out, capacity, JSON_COMPACT | JSON_ENCODE_ANY);

	return out != NULL && size <= capacity ? unmark_numbers(out, size) : size;
}

/* Visit the members of an object. */
void
value_each(const Value *object, void (*visit) (const char *name, const Value *value, void *context), void *context)
{
	const char *name;
	json_t	   *value;

	json_object_foreach((json_t *) object, name, value)
		visit(name, value, context);
}
