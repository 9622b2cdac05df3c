/*
 * Plain text from outside.
 */
#include "base/text.h"

#include "tap.h"

#define MAX_CODE_POINT 0x10ffff

/* The ends of each length, and what stands beside the surrogates (RFC 3629, section 3). */
static const struct
{
	uint32_t	code_point;
	const char *bytes;
}			known[] = {
	{0x0, "00"},
	{0x41, "41"},
	{0x7f, "7f"},
	{0x80, "c280"},
	{0xe9, "c3a9"},
	{0x7ff, "dfbf"},
	{0x800, "e0a080"},
	{0x20ac, "e282ac"},
	{0xd7ff, "ed9fbf"},
	{0xe000, "ee8080"},
	{0xfffd, "efbfbd"},
	{0xffff, "efbfbf"},
	{0x10000, "f0908080"},
	{0x1f600, "f09f9880"},
	{0x10ffff, "f48fbfbf"},
};

/* Every well-formed sequence: lead byte and second byte from, to; the rest is 80..BF (The Unicode Standard, table 3-7). */
static const struct
{
	uint8_t		lead[2];
	uint8_t		second[2];
	size_t		size;
}			well_formed[] = {
	{{0x00, 0x7f}, {0x00, 0xff}, 1},
	{{0xc2, 0xdf}, {0x80, 0xbf}, 2},
	{{0xe0, 0xe0}, {0xa0, 0xbf}, 3},
	{{0xe1, 0xec}, {0x80, 0xbf}, 3},
	{{0xed, 0xed}, {0x80, 0x9f}, 3},
	{{0xee, 0xef}, {0x80, 0xbf}, 3},
	{{0xf0, 0xf0}, {0x90, 0xbf}, 4},
	{{0xf1, 0xf3}, {0x80, 0xbf}, 4},
	{{0xf4, 0xf4}, {0x80, 0x8f}, 4},
};

static const struct
{
	const char *what;
	Span		bytes;
}			malformed[] = {
	{"a continuation alone", TEXT("\x80")},
	{"the last continuation alone", TEXT("\xbf")},
	{"two continuations", TEXT("\x80\xbf")},
	{"overlong NUL in two bytes", TEXT("\xc0\x80")},
	{"overlong / in two bytes", TEXT("\xc0\xaf")},
	{"overlong DEL in two bytes", TEXT("\xc1\xbf")},
	{"overlong NUL in three bytes", TEXT("\xe0\x80\x80")},
	{"overlong U+07FF in three bytes", TEXT("\xe0\x9f\xbf")},
	{"overlong NUL in four bytes", TEXT("\xf0\x80\x80\x80")},
	{"overlong U+FFFF in four bytes", TEXT("\xf0\x8f\xbf\xbf")},
	{"overlong / in five bytes", TEXT("\xf8\x80\x80\x80\xaf")},
	{"overlong / in six bytes", TEXT("\xfc\x80\x80\x80\x80\xaf")},
	{"the first surrogate", TEXT("\xed\xa0\x80")},
	{"the last high surrogate", TEXT("\xed\xaf\xbf")},
	{"the first low surrogate", TEXT("\xed\xb0\x80")},
	{"the last surrogate", TEXT("\xed\xbf\xbf")},
	{"a pair of surrogates", TEXT("\xed\xa0\xbd\xed\xb8\x80")},
	{"U+110000", TEXT("\xf4\x90\x80\x80")},
	{"U+13FFFF", TEXT("\xf4\xbf\xbf\xbf")},
	{"U+140000", TEXT("\xf5\x80\x80\x80")},
	{"U+1FFFFF", TEXT("\xf7\xbf\xbf\xbf")},
	{"U+200000 in five bytes", TEXT("\xf8\x88\x80\x80\x80")},
	{"U+7FFFFFFF in six bytes", TEXT("\xfd\xbf\xbf\xbf\xbf\xbf")},
	{"FE", TEXT("\xfe\x80\x80\x80\x80\x80\x80")},
	{"FF", TEXT("\xff")},
	{"one of two bytes", TEXT("\xc3")},
	{"one of three bytes", TEXT("\xe2")},
	{"two of three bytes", TEXT("\xe2\x82")},
	{"one of four bytes", TEXT("\xf0")},
	{"two of four bytes", TEXT("\xf0\x9f")},
	{"three of four bytes", TEXT("\xf0\x9f\x98")},
	{"a letter for the second of two bytes", TEXT("\xc3" "A")},
	{"a letter for the second of three bytes", TEXT("\xe2" "A\xac")},
	{"a letter for the third of three bytes", TEXT("\xe2\x82" "A")},
	{"a letter for the second of four bytes", TEXT("\xf0" "A\x98\x80")},
	{"a letter for the third of four bytes", TEXT("\xf0\x9f" "A\x80")},
	{"a letter for the fourth of four bytes", TEXT("\xf0\x9f\x98" "A")},
	{"a lead byte for the second of two bytes", TEXT("\xc3\xc3")},
	{"NUL for the second of two bytes", TEXT("\xc3\0")},
};

static const struct
{
	Span		text;
	Span		trimmed;
}			trims[] = {
	{TEXT(""), TEXT("")},
	{TEXT(" "), TEXT("")},
	{TEXT(" \t\n\v\f\r"), TEXT("")},
	{TEXT("a"), TEXT("a")},
	{TEXT(" a"), TEXT("a")},
	{TEXT("a "), TEXT("a")},
	{TEXT("\r\n a \t"), TEXT("a")},
	{TEXT(" a  b "), TEXT("a  b")},
	{TEXT("a\nb\n"), TEXT("a\nb")},
	{TEXT("\0 "), TEXT("\0")},
	{TEXT(" \0 \0 "), TEXT("\0 \0")},
	{TEXT("\xc2\xa0 "), TEXT("\xc2\xa0")},
	{TEXT(" \xff "), TEXT("\xff")},
};

/* What is left of a line: what shows nothing is not, unless it shapes the character before it. */
static const struct
{
	Span		text;
	Span		trimmed;
}			line_trims[] = {
	{TEXT(""), TEXT("")},
	{TEXT(" \t\n\v\f\r"), TEXT("")},
	{TEXT(" a  b "), TEXT("a  b")},
	{TEXT("\xe3\x80\x80\xe2\x80\x8b"), TEXT("")},
	{TEXT("\xc2\xa0 a\xc2\xa0" "b \xe2\x80\x8b"), TEXT("a\xc2\xa0" "b")},
	{TEXT("\xef\xbb\xbf" "a\xef\xb8\x8f"), TEXT("a")},
	{TEXT("\xe2\x9d\xa4\xef\xb8\x8f\xe3\x80\x80"), TEXT("\xe2\x9d\xa4\xef\xb8\x8f")},
	{TEXT("\xe2\x9d\xa4\xe3\x80\x80\xef\xb8\x8f"), TEXT("\xe2\x9d\xa4")},
	{TEXT("\xc2\xae\xef\xb8\x8f"), TEXT("\xc2\xae\xef\xb8\x8f")},
	{TEXT("\xe8\x91\x9b\xf3\xa0\x84\x80 "), TEXT("\xe8\x91\x9b\xf3\xa0\x84\x80")},
	{TEXT("\xf0\x9f\x8f\xb4\xf3\xa0\x81\xa7\xf3\xa0\x81\xbf"), TEXT("\xf0\x9f\x8f\xb4\xf3\xa0\x81\xa7\xf3\xa0\x81\xbf")},
	{TEXT("\xe0\xb4\xa8\xe0\xb5\x8d\xe2\x80\x8d"), TEXT("\xe0\xb4\xa8\xe0\xb5\x8d\xe2\x80\x8d")},
	{TEXT("a\xe2\x80\x8d"), TEXT("a")},
	{TEXT("\xe5\xb1\xb1\xe2\x80\x8d"), TEXT("\xe5\xb1\xb1")},
	{TEXT("a\xff \xe2\x80\x8b"), TEXT("a\xff")},
	{TEXT("\xe2\x80\x8b\xff a "), TEXT("\xff a")},
	{TEXT("\x80\xef\xb8\x8f"), TEXT("\x80")},
	{TEXT("\xe2\x80"), TEXT("\xe2\x80")},
	{TEXT("\0 "), TEXT("\0")},
};

/* Code points that show nothing; from, to: White_Space, Default_Ignorable_Code_Point, the blank of Braille. */
static const uint32_t unseen[][2] = {
	{0x9, 0xd}, {0x20, 0x20}, {0x85, 0x85}, {0xa0, 0xa0}, {0x1680, 0x1680}, {0x2000, 0x200a}, {0x2028, 0x2029},
	{0x202f, 0x202f}, {0x205f, 0x205f}, {0x3000, 0x3000},
	{0xad, 0xad}, {0x34f, 0x34f}, {0x61c, 0x61c}, {0x115f, 0x1160}, {0x17b4, 0x17b5}, {0x180b, 0x180f},
	{0x200b, 0x200f}, {0x202a, 0x202e}, {0x2060, 0x206f}, {0x3164, 0x3164}, {0xfe00, 0xfe0f}, {0xfeff, 0xfeff},
	{0xffa0, 0xffa0}, {0xfff0, 0xfff8}, {0x1bca0, 0x1bca3}, {0x1d173, 0x1d17a}, {0xe0000, 0xe0fff},
	{0x2800, 0x2800}
};

static const struct
{
	Span		text;
	size_t		length;
}			lengths[] = {
	{TEXT(""), 0},
	{TEXT("abc"), 3},
	{TEXT("a\0c"), 3},
	{TEXT("\xc3\xa9\xe2\x82\xac\xf0\x9f\x98\x80"), 3},
	{TEXT("e\xcc\x81"), 2},
	{TEXT("ab\xff" "cd"), 2},
	{TEXT("\xf0\x9f\x98\x80\xf0\x9f\x98"), 1},
};

/* Code points that do not stay on their line, or turn what is beside them; from, to. */
static const uint32_t unruly[][2] = {
	{0x0, 0x1f}, {0x7f, 0x9f}, {0x2028, 0x202e}, {0x2066, 0x2069},
};

static const Span single_lines[] = {
	TEXT(""),
	TEXT("Ada Lovelace"),
	TEXT("Zo\xc3\xab"),
	TEXT("\xc2\xa0"),
	TEXT("\xe5\x85\x89 \xf0\x9f\x98\x80"),
	TEXT("\xe2\x80\xa7\xe2\x80\xaf"),
	TEXT("\xe2\x81\xa5\xe2\x81\xaa"),
};

static const Span other_lines[] = {
	TEXT("a\nb"),
	TEXT("a\n"),
	TEXT("\0"),
	TEXT("a\0"),
	TEXT("a\tb"),
	TEXT("a\x1b[31m"),
	TEXT("a\x7f"),
	TEXT("a\xc2\x85"),
	TEXT("a\xe2\x80\xa8"),
	TEXT("a\xe2\x80\xa9"),
	TEXT("a\xe2\x80\xaetxt.exe"),
	TEXT("\xe2\x81\xa6" "a\xe2\x81\xa9"),
	TEXT("a\xff"),
	TEXT("\xc3"),
	TEXT("\xed\xa0\x80"),
};

/* Return the size of the well-formed sequence at the beginning, by the table; 0 if there is none. */
static size_t
expected_size(const uint8_t *bytes, size_t available)
{
	for (size_t i = 0; i < lengthof(well_formed); i++)
	{
		size_t		size = well_formed[i].size;

		if (bytes[0] < well_formed[i].lead[0] || bytes[0] > well_formed[i].lead[1])
			continue;
		if (available < size)
			return 0;
		if (size > 1 && (bytes[1] < well_formed[i].second[0] || bytes[1] > well_formed[i].second[1]))
			return 0;
		for (size_t j = 2; j < size; j++)
			if (bytes[j] < 0x80 || bytes[j] > 0xbf)
				return 0;
		return size;
	}
	return 0;
}

/* Tell whether the decoder takes from the front what the table says, and else leaves the text alone. */
static bool
decodes_as_expected(Span bytes)
{
	Span		rest = bytes;
	uint32_t	code_point;
	size_t		size = expected_size((const uint8_t *) bytes.data, bytes.size);

	return utf8_next(&rest, &code_point) == (size > 0) &&
		rest.data == bytes.data + size && rest.size == bytes.size - size;
}

/*
 * Return how many sequences of a size decode otherwise than they should: all
 * of up to three bytes, those of four with telling bytes at their end.
 */
static int
misread_sequences(size_t size)
{
	static const uint8_t ends[] = {0x00, 0x41, 0x7f, 0x80, 0x8f, 0x90, 0xbf, 0xc0, 0xff};
	uint8_t    *bytes = malloc(size);
	size_t		thirds = size == 3 ? 256 : size > 3 ? lengthof(ends) : 1;
	size_t		fourths = size > 3 ? lengthof(ends) : 1;
	int			wrong = 0;

	for (size_t i = 0; i < (size_t) 256 * (size > 1 ? 256 : 1) * thirds * fourths; i++)
	{
		size_t		rest = i / fourths / thirds;

		bytes[0] = size > 1 ? rest / 256 : rest;
		if (size > 1)
			bytes[1] = rest % 256;
		if (size > 2)
			bytes[2] = size == 3 ? i % 256 : ends[i / fourths % thirds];
		if (size > 3)
			bytes[3] = ends[i % fourths];
		wrong += !decodes_as_expected((Span) {(char *) bytes, size});
	}
	free(bytes);
	return wrong;
}

/* Return how many code points do not come back from their bytes; surrogates must not. */
static int
lost_code_points(void)
{
	int			lost = 0;

	for (uint32_t c = 0; c <= MAX_CODE_POINT; c++)
	{
		char		bytes[4];
		Span		text = {bytes, utf8_put(c, bytes)};
		uint32_t	back = ~c;
		bool		decoded = utf8_next(&text, &back);

		if (c >= 0xd800 && c <= 0xdfff)
			lost += decoded;
		else
			lost += !decoded || back != c || text.size != 0;
	}
	return lost;
}

/* Check bytes of a code point that are known. */
static void
check_known(uint32_t code_point, const char *expected)
{
	char		bytes[4];
	char		hex[9];
	size_t		size = utf8_put(code_point, bytes);

	is_string(to_hex((uint8_t *) bytes, size, hex), expected, "U+%04X", code_point);
}

/* Check that malformed bytes end a text, but not what stands before them. */
static void
check_malformed(const char *what, Span bytes)
{
	char		behind[16] = "a\xc3\xa9";
	Span		text = {behind, 3 + bytes.size};
	Span		exact;

	memcpy(behind + 3, bytes.data, bytes.size);
	exact = exact_copy(text);
	is_int(verdict(decodes_as_expected, bytes) == 1 && expected_size((const uint8_t *) bytes.data, bytes.size) == 0,
		   true, "refused: %s", what);
	is_int(utf8_length(exact), 2, "... ends a text");
	is_int(utf8_length(edge_copy(text)), 2, "... at the end of memory, too");
	free((char *) exact.data);
}

/* Check what is left of a text. */
static void
check_trim(Span (*trim) (Span), const char *what, Span text, Span expected)
{
	Span		exact = exact_copy(text);
	Span		trimmed = trim(exact);
	Span		again = trim(trimmed);

	ok(trimmed.size == expected.size && memcmp(trimmed.data, expected.data, expected.size) == 0 &&
	   again.data == trimmed.data && again.size == trimmed.size, "trim %s\"%s\"", what, show(text));
	ok(trimmed.data >= exact.data && trimmed.data + trimmed.size <= exact.data + exact.size, "... in place");
	free((char *) exact.data);
}

/* Return how many code points are trimmed off a line's front or end although they show something, or not although they show nothing. */
static int
misjudged_ends(bool at_end)
{
	int			wrong = 0;

	for (uint32_t c = 0; c <= MAX_CODE_POINT; c++)
	{
		char		bytes[6] = "a";
		size_t		size = utf8_put(c, bytes + 1);
		Span		text = {at_end ? bytes : bytes + 1, size + 1};
		bool		expected = false;

		for (size_t i = 0; i < lengthof(unseen); i++)
			expected |= c >= unseen[i][0] && c <= unseen[i][1];
		bytes[size + 1] = 'b';
		wrong += (utf8_trim(text).size == 1) != expected;
	}
	return wrong;
}

/* Tell whether a text has nothing to trim. */
static bool
is_trimmed(Span text)
{
	return span_trim(text).size == text.size;
}

/* Tell whether a text has something to trim. */
static bool
is_not_trimmed(Span text)
{
	return !is_trimmed(text);
}

/* Tell whether a text has a byte that is not ASCII. */
static bool
is_not_ascii(Span text)
{
	return !span_is_ascii(text);
}

/* Return all bytes from one to another. */
static const char *
bytes_from_to(int from, int to)
{
	static char bytes[257];

	for (int byte = from; byte <= to; byte++)
		bytes[byte - from] = byte;
	bytes[to - from + 1] = '\0';
	return bytes;
}

/* Return how many code points are misjudged as part of a line. */
static int
misjudged_lines(void)
{
	int			wrong = 0;

	for (uint32_t c = 0; c <= MAX_CODE_POINT; c++)
	{
		char		bytes[6] = "a";
		Span		text = {bytes, 1 + utf8_put(c, bytes + 1)};
		bool		expected = c < 0xd800 || c > 0xdfff;

		for (size_t i = 0; i < lengthof(unruly); i++)
			expected &= c < unruly[i][0] || c > unruly[i][1];
		bytes[text.size++] = 'b';
		wrong += utf8_is_single_line(text) != expected;
	}
	return wrong;
}

/* Check decoding and encoding. */
static void
check_utf8(void)
{
	for (size_t i = 0; i < lengthof(known); i++)
		check_known(known[i].code_point, known[i].bytes);
	is_int(lost_code_points(), 0, "every code point comes back from its bytes, surrogates do not");
	for (size_t size = 1; size <= 4; size++)
		is_int(misread_sequences(size), 0, "sequences of %zu bytes", size);
	for (size_t i = 0; i < lengthof(malformed); i++)
		check_malformed(malformed[i].what, malformed[i].bytes);
	for (size_t i = 0; i < lengthof(lengths); i++)
		is_int(utf8_length(lengths[i].text), lengths[i].length, "length of \"%s\"", show(lengths[i].text));
}

int
main(void)
{
	Span		nothing = {NULL, 0};

	plan(lengthof(known) + 5 + 3 * lengthof(malformed) + lengthof(lengths) +
		 2 * lengthof(trims) + 2 + 2 * lengthof(line_trims) + 2 + 4 + lengthof(single_lines) + lengthof(other_lines) + 1 + 5);
	check_utf8();

	for (size_t i = 0; i < lengthof(trims); i++)
		check_trim(span_trim, "", trims[i].text, trims[i].trimmed);
	is_int(misjudged_bytes(is_not_trimmed, (Span) TEXT("?ab"), 0, " \t\n\v\f\r"), 0, "bytes trimmed off the front");
	is_int(misjudged_bytes(is_not_trimmed, (Span) TEXT("ab?"), 2, " \t\n\v\f\r"), 0, "bytes trimmed off the end");

	for (size_t i = 0; i < lengthof(line_trims); i++)
		check_trim(utf8_trim, "N2: the line ", line_trims[i].text, line_trims[i].trimmed);
	is_int(misjudged_ends(false), 0, "N2: every code point in front of a line");
	is_int(misjudged_ends(true), 0, "N2: every code point at the end of a line");

	is_int(verdict(span_is_ascii, (Span) TEXT("")), 1, "nothing is ASCII");
	is_int(verdict(span_is_ascii, (Span) TEXT("a\0b")), 1, "NUL is ASCII");
	is_int(misjudged_bytes(is_not_ascii, (Span) TEXT("?ab"), 0, bytes_from_to(0x80, 0xff)), 0, "first byte not ASCII");
	is_int(misjudged_bytes(is_not_ascii, (Span) TEXT("ab?"), 2, bytes_from_to(0x80, 0xff)), 0, "last byte not ASCII");

	for (size_t i = 0; i < lengthof(single_lines); i++)
		is_int(verdict(utf8_is_single_line, single_lines[i]), 1, "one line: %s", show(single_lines[i]));
	for (size_t i = 0; i < lengthof(other_lines); i++)
		is_int(verdict(utf8_is_single_line, other_lines[i]), 0, "not one line: %s", show(other_lines[i]));
	is_int(misjudged_lines(), 0, "every code point inside a line");

	is_int(span_trim(nothing).size, 0, "trim no text");
	is_int(utf8_trim(nothing).size, 0, "trim no line");
	ok(span_is_ascii(nothing), "no text is ASCII");
	is_int(utf8_length(nothing), 0, "length of no text");
	ok(utf8_is_single_line(nothing), "no text is one line");
	return tap_status();
}
