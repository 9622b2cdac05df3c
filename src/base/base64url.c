/*
 * Reading base64url (RFC 4648, section 5) without padding, strictly: there is
 * one text for any bytes.
 *
 * For what is no secret to whoever sent it. libsodium's decoder takes the same
 * time for every character, which is twenty times as long.
 */
#include "base/base64url.h"

/* The largest number that four characters stand for. */
#define NUMBER_MAX 0xffffff

/* What characters stand for, and 1 more; 0 for those that stand for nothing. */
static const uint8_t values[256] = {
	['A'] = 1, 2, 3, 4, 5, 6, 7, 8, 9, 10, 11, 12, 13, 14, 15, 16, 17, 18, 19, 20, 21, 22, 23, 24, 25, 26,
	['a'] = 27, 28, 29, 30, 31, 32, 33, 34, 35, 36, 37, 38, 39, 40, 41, 42, 43, 44, 45, 46, 47, 48, 49, 50, 51, 52,
	['0'] = 53, 54, 55, 56, 57, 58, 59, 60, 61, 62,
	['-'] = 63,['_'] = 64
};

/* Read so many characters, at most four, as one number; more than NUMBER_MAX if one stands for nothing. */
static inline uint32_t
read_characters(const char *in, size_t count)
{
	uint32_t	number = 0;
	uint32_t	all = 0;

	for (size_t i = 0; i < count; i++)
	{
		uint32_t	value = (uint32_t) values[(uint8_t) in[i]] - 1;

		all |= value;
		number = number << 6 | value;
	}
	return number | (all & ~UINT32_C(63));
}

/* Read the last two or three characters, which have spare bits; they must be zero. */
static bool
decode_rest(const char *in, size_t count, uint8_t *out)
{
	uint32_t	number = read_characters(in, count);
	int			spare_bits = count == 2 ? 4 : 2;

	if (number > NUMBER_MAX || (number & ((1 << spare_bits) - 1)) != 0)
		return false;
	number >>= spare_bits;
	if (count == 3)
		*out++ = number >> 8;
	*out = number;
	return true;
}

/* Decode a text, all of it or nothing; false if it is none, or has no room. */
bool
base64url_decode(Span text, void *out, size_t capacity, size_t *size)
{
	size_t		rest = text.size % 4;
	uint8_t    *at = out;

	*size = text.size / 4 * 3 + (rest > 0 ? rest - 1 : 0);
	if (rest == 1 || *size > capacity)
		return false;
	for (; text.size >= 4; span_skip(&text, 4))
	{
		uint32_t	number = read_characters(text.data, 4);

		if (number > NUMBER_MAX)
			return false;
		*at++ = number >> 16;
		*at++ = number >> 8;
		*at++ = number;
	}
	return rest == 0 || decode_rest(text.data, rest, at);
}
