/*
 * Bodies of forms and query strings: application/x-www-form-urlencoded, read
 * strictly. What is no UTF-8, has a NUL or a broken escape is no text.
 */
#include "http/urlencoded.h"

#include <string.h>

/* Return the value of a hexadecimal digit, or -1. */
static int
hex_value(char c)
{
	if (c >= '0' && c <= '9')
		return c - '0';
	c |= 0x20;
	return c >= 'a' && c <= 'f' ? c - 'a' + 10 : -1;
}

/*
 * Decode escapes, and plus signs where they stand for spaces, as everywhere
 * but in paths; false if what comes out is not plain text. It is never longer
 * than what goes in.
 */
bool
urlencoded_decode(Span raw, bool plus_is_space, char *out, Span *text)
{
	Span		rest;
	uint32_t	c;

	*text = (Span) {out, 0};
	for (size_t i = 0; i < raw.size; i++)
	{
		char		byte = raw.data[i] == '+' && plus_is_space ? ' ' : raw.data[i];

		if (byte == '%')
		{
			int			high = i + 2 < raw.size ? hex_value(raw.data[i + 1]) : -1;
			int			low = i + 2 < raw.size ? hex_value(raw.data[i + 2]) : -1;

			if (high < 0 || low < 0)
				return false;
			byte = high << 4 | low;
			i += 2;
		}
		if (byte == '\0')
			return false;
		out[text->size++] = byte;
	}
	for (rest = *text; utf8_next(&rest, &c);)
		;
	return rest.size == 0;
}

/* Take what stands before a separator off the front, and the separator. */
Span
urlencoded_take(Span *text, char separator)
{
	const char *end = text->size > 0 ? memchr(text->data, separator, text->size) : NULL;
	Span		part = {text->data, end ? (size_t) (end - text->data) : text->size};
	size_t		taken = end ? part.size + 1 : part.size;

	span_skip(text, taken);
	return part;
}

/* Return the place of a name in a table; the number of names if it is none of them. */
static size_t
find_name(Span name, const char *const *names, size_t count)
{
	size_t		i = 0;

	while (i < count && (strlen(names[i]) != name.size || memcmp(names[i], name.data, name.size) != 0))
		i++;
	return i;
}

/*
 * Read one pair into the buffer, which it may fill to its own size and one
 * more; keep the value, terminated, if it has one of the names.
 */
static bool
read_pair(Span pair, const char *const *names, size_t count, char **buffer, FormValue *values)
{
	Span		name = urlencoded_take(&pair, '=');
	Span		text;
	size_t		place;

	if (!urlencoded_decode(name, true, *buffer, &name))
		return false;
	place = find_name(name, names, count);
	if (!urlencoded_decode(pair, true, *buffer, &text))
		return false;
	if (place == count)
		return true;
	values[place].is_repeated = values[place].text.data != NULL;
	values[place].text = text;
	(*buffer)[text.size] = '\0';
	*buffer += text.size + 1;
	return true;
}

/*
 * Read what was sent under some names; other names are ignored. The buffer
 * has one byte more than the form; the values live in it. False if anything
 * in it is not plain text, or there is too much: then what could be read is
 * there all the same, for a query, of which an app's page may have its own
 * ideas.
 */
bool
urlencoded_read(Span form, const char *const *names, size_t count, char *buffer, FormValue *values)
{
	bool		is_good = form.size <= FORM_MAX_SIZE;

	memset(values, 0, count * sizeof(FormValue));
	for (int pairs = 0; is_good && pairs < FORM_MAX_PAIRS && form.size > 0; pairs++)
	{
		Span		pair = urlencoded_take(&form, '&');

		if (pair.size > 0 && !read_pair(pair, names, count, &buffer, values))
			is_good = false;
	}
	return is_good && form.size == 0;
}
