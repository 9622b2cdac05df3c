/*
 * Plain text from outside: UTF-8, lengths, unwanted characters.
 */
#include "base/text.h"

#include <string.h>

/* Tell the ASCII white space that people leave around what they type. */
static bool
is_space(char c)
{
	return c == ' ' || (c >= '\t' && c <= '\r');
}

/* Leave out the white space at both ends. */
Span
span_trim(Span text)
{
	while (text.size > 0 && is_space(text.data[0]))
		text.data++, text.size--;
	while (text.size > 0 && is_space(text.data[text.size - 1]))
		text.size--;
	return text;
}

/* Tell whether a span is exactly this string. */
bool
span_is(Span text, const char *string)
{
	return text.data != NULL && text.size == strlen(string) && memcmp(text.data, string, text.size) == 0;
}

/* Return the part of a text before the first of some characters. */
Span
span_before(Span text, const char *characters)
{
	size_t		size = 0;

	while (size < text.size && (text.data[size] == '\0' || strchr(characters, text.data[size]) == NULL))
		size++;
	return (Span) {text.data, size};
}

/* Take bytes off the front. A text without data stays so: nothing may be added to a null pointer, not even 0. */
void
span_skip(Span *text, size_t size)
{
	if (size > 0)
		text->data += size;
	text->size -= size;
}

/* Take an exact string off the front. */
bool
span_take(Span *text, const char *expected)
{
	size_t		size = strlen(expected);

	if (text->size < size || memcmp(text->data, expected, size) != 0)
		return false;
	span_skip(text, size);
	return true;
}

/* Take a decimal number without sign or leading zero off the front. */
bool
span_take_number(Span *text, uint32_t *number)
{
	uint64_t	value = 0;
	size_t		digits = 0;

	while (digits < text->size && text->data[digits] >= '0' && text->data[digits] <= '9')
	{
		value = value * 10 + (text->data[digits++] - '0');
		if (value > UINT32_MAX)
			return false;
	}
	if (digits == 0 || (digits > 1 && text->data[0] == '0'))
		return false;
	span_skip(text, digits);
	*number = value;
	return true;
}

/* Copy text, its ASCII capitals turned small; terminate the copy. */
void
ascii_lower(char *out, Span text)
{
	for (size_t i = 0; i < text.size; i++)
	{
		char		c = text.data[i];

		out[i] = c >= 'A' && c <= 'Z' ? c - 'A' + 'a' : c;
	}
	out[text.size] = '\0';
}

/* Tell whether every byte is ASCII. */
bool
span_is_ascii(Span text)
{
	for (size_t i = 0; i < text.size; i++)
		if ((unsigned char) text.data[i] >= 0x80)
			return false;
	return true;
}

/* Take the next code point off the front; false at the end and at anything that is not UTF-8. */
bool
utf8_next(Span *text, uint32_t *code_point)
{
	static const uint32_t smallest[] = {0, 0, 0x80, 0x800, 0x10000};
	const unsigned char *s = (const unsigned char *) text->data;
	size_t		size;

	if (text->size == 0)
		return false;
	size = s[0] < 0x80 ? 1 : s[0] < 0xc0 ? 0 : s[0] < 0xe0 ? 2 : s[0] < 0xf0 ? 3 : s[0] < 0xf8 ? 4 : 0;
	if (size == 0 || size > text->size)
		return false;
	*code_point = size == 1 ? s[0] : s[0] & (0x7f >> size);
	for (size_t i = 1; i < size; i++)
	{
		if ((s[i] & 0xc0) != 0x80)
			return false;
		*code_point = *code_point << 6 | (s[i] & 0x3f);
	}
	if (*code_point < smallest[size] || *code_point > 0x10ffff ||
		(*code_point >= 0xd800 && *code_point < 0xe000))
		return false;
	span_skip(text, size);
	return true;
}

/* Write a code point as one to four bytes; return how many. */
size_t
utf8_put(uint32_t c, char *out)
{
	if (c < 0x80)
	{
		out[0] = c;
		return 1;
	}
	if (c < 0x800)
	{
		out[0] = 0xc0 | c >> 6;
		out[1] = 0x80 | (c & 0x3f);
		return 2;
	}
	if (c < 0x10000)
	{
		out[0] = 0xe0 | c >> 12;
		out[1] = 0x80 | (c >> 6 & 0x3f);
		out[2] = 0x80 | (c & 0x3f);
		return 3;
	}
	out[0] = 0xf0 | c >> 18;
	out[1] = 0x80 | (c >> 12 & 0x3f);
	out[2] = 0x80 | (c >> 6 & 0x3f);
	out[3] = 0x80 | (c & 0x3f);
	return 4;
}

/* Take the last code point off the end; false if there is none, or if it is not UTF-8. */
static bool
utf8_last(Span *text, uint32_t *code_point)
{
	for (size_t size = 1; size <= 4 && size <= text->size; size++)
	{
		Span		last = {text->data + text->size - size, size};

		if (utf8_next(&last, code_point) && last.size == 0)
		{
			text->size -= size;
			return true;
		}
	}
	return false;
}

/* Count code points, up to the first byte that is not UTF-8. */
size_t
utf8_length(Span text)
{
	size_t		length = 0;
	uint32_t	c;

	while (utf8_next(&text, &c))
		length++;
	return length;
}

/*
 * Tell whether this is UTF-8 that stays on its line: no control character, no
 * line or paragraph separator, nothing that turns the writing direction of
 * what is shown beside it.
 */
bool
utf8_is_single_line(Span text)
{
	uint32_t	c;

	while (utf8_next(&text, &c))
		if (c < 0x20 || (c >= 0x7f && c < 0xa0) || c == 0x2028 || c == 0x2029 ||
			(c >= 0x202a && c <= 0x202e) || (c >= 0x2066 && c <= 0x2069))
			return false;
	return text.size == 0;
}

/*
 * Code points that show nothing, from and to: Unicode's White_Space and
 * Default_Ignorable_Code_Point (of version 16.0), and the blank of Braille.
 */
static const uint32_t invisible[][2] = {
	{0x0009, 0x000d}, {0x0020, 0x0020}, {0x0085, 0x0085}, {0x00a0, 0x00a0}, {0x00ad, 0x00ad}, {0x034f, 0x034f},
	{0x061c, 0x061c}, {0x115f, 0x1160}, {0x1680, 0x1680}, {0x17b4, 0x17b5}, {0x180b, 0x180f}, {0x2000, 0x200f},
	{0x2028, 0x202f}, {0x205f, 0x206f}, {0x2800, 0x2800}, {0x3000, 0x3000}, {0x3164, 0x3164}, {0xfe00, 0xfe0f},
	{0xfeff, 0xfeff}, {0xffa0, 0xffa0}, {0xfff0, 0xfff8}, {0x1bca0, 0x1bca3}, {0x1d173, 0x1d17a}, {0xe0000, 0xe0fff}
};

/* Tell whether a code point shows nothing by itself. */
static bool
is_invisible(uint32_t c)
{
	for (size_t i = 0; i < sizeof(invisible) / sizeof(invisible[0]) && c >= invisible[i][0]; i++)
		if (c <= invisible[i][1])
			return true;
	return false;
}

/*
 * Tell whether a code point that shows nothing changes how the one before it
 * is shown: joiners do behind letters of Arabic and Indic scripts, variation
 * selectors and tags behind CJK, symbols and emoji.
 */
static bool
is_shaped_by(uint32_t shown, uint32_t c)
{
	if (c == 0x200c || c == 0x200d)
		return shown >= 0x0600 && shown < 0x1e00;
	return (shown >= 0x1000 || shown == 0x00a9 || shown == 0x00ae) &&
		((c >= 0x180b && c <= 0x180d) || c == 0x180f || (c >= 0xfe00 && c <= 0xfe0f) ||
		 (c >= 0xe0020 && c <= 0xe007f) || (c >= 0xe0100 && c <= 0xe01ef));
}

/* Leave out what shows nothing at both ends, but for what belongs to the last character that is shown. */
Span
utf8_trim(Span text)
{
	Span		rest = text;
	size_t		size;
	uint32_t	c;
	uint32_t	shown = 0;

	while (utf8_next(&rest, &c) && is_invisible(c))
		text = rest;
	size = text.size;
	rest = text;
	while (shown == 0 && utf8_last(&rest, &c))
	{
		if (is_invisible(c))
			text.size = rest.size;
		else
			shown = c;
	}
	while (text.size < size)
	{
		rest = (Span) {text.data + text.size, size - text.size};
		if (!utf8_next(&rest, &c) || !is_shaped_by(shown, c))
			break;
		text.size = size - rest.size;
	}
	return text;
}
