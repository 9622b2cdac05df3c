/*
 * Text forms of ids: a prefix, an underscore, and the UUID as a base62 number
 * of fixed width, so that ids sort like the UUIDs they stand for.
 */
#include "base/encode.h"

#include <string.h>

static const char digits[] = "0123456789ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz";

/* What they stand for, and 1 more; 0 for what is no digit. */
static const uint8_t values[256] = {
	['0'] = 1, 2, 3, 4, 5, 6, 7, 8, 9, 10,
	['A'] = 11, 12, 13, 14, 15, 16, 17, 18, 19, 20, 21, 22, 23, 24, 25, 26, 27, 28, 29, 30, 31, 32, 33, 34, 35, 36,
	['a'] = 37, 38, 39, 40, 41, 42, 43, 44, 45, 46, 47, 48, 49, 50, 51, 52, 53, 54, 55, 56, 57, 58, 59, 60, 61, 62
};

/* A UUID as a number: limbs of 32 bits, the most significant first. */
#define LIMBS (UUID_SIZE / 4)

/* Digits are read and written in groups, of which the first is what is left of the length. */
#define GROUP 5
#define GROUP_BASE 916132832	/* 62^5, which is below 2^32 */
#define FIRST_GROUP (BASE62_UUID_LENGTH % GROUP)

/* Write a number in so many digits. */
static void
write_group(uint32_t number, char *out, int length)
{
	for (int position = length - 1; position >= 0; position--)
	{
		out[position] = digits[number % 62];
		number /= 62;
	}
}

/* Write a UUID as 22 base62 digits, most significant first. */
void
base62_encode_uuid(const uint8_t uuid[UUID_SIZE], char out[BASE62_UUID_LENGTH])
{
	uint32_t	limbs[LIMBS];

	for (int i = 0; i < LIMBS; i++, uuid += 4)
		limbs[i] = (uint32_t) uuid[0] << 24 | uuid[1] << 16 | uuid[2] << 8 | uuid[3];
	for (int end = BASE62_UUID_LENGTH; end > FIRST_GROUP; end -= GROUP)
	{
		uint64_t	remainder = 0;

		for (int i = 0; i < LIMBS; i++)
		{
			uint64_t	value = remainder << 32 | limbs[i];

			limbs[i] = value / GROUP_BASE;
			remainder = value % GROUP_BASE;
		}
		write_group(remainder, out + end - GROUP, GROUP);
	}
	write_group(limbs[LIMBS - 1], out, FIRST_GROUP);
}

/* Read a number of so many digits; false if one is none. */
static bool
read_group(const char *in, int length, uint32_t *number)
{
	*number = 0;
	for (int position = 0; position < length; position++)
	{
		uint32_t	value = values[(uint8_t) in[position]];

		if (value == 0)
			return false;
		*number = *number * 62 + value - 1;
	}
	return true;
}

/* Put a group behind a number; false if that has more than 128 bits then. */
static bool
append_group(uint32_t limbs[LIMBS], uint32_t group)
{
	uint64_t	carry = group;

	for (int i = LIMBS - 1; i >= 0; i--)
	{
		carry += (uint64_t) limbs[i] * GROUP_BASE;
		limbs[i] = carry;
		carry >>= 32;
	}
	return carry == 0;
}

/* Read 22 base62 digits; false if one is no digit or the number has more than 128 bits. */
bool
base62_decode_uuid(const char in[BASE62_UUID_LENGTH], uint8_t uuid[UUID_SIZE])
{
	uint32_t	limbs[LIMBS] = {0};
	uint32_t	group;

	if (!read_group(in, FIRST_GROUP, &limbs[LIMBS - 1]))
		return false;
	for (int position = FIRST_GROUP; position < BASE62_UUID_LENGTH; position += GROUP)
		if (!read_group(in + position, GROUP, &group) || !append_group(limbs, group))
			return false;
	for (int i = 0; i < UUID_SIZE; i++)
		uuid[i] = limbs[i / 4] >> (24 - i % 4 * 8);
	return true;
}

/* Tell whether this can stand before the underscore of an id. */
bool
is_id_prefix(const char *prefix, size_t length)
{
	if (length < 1 || length > ID_PREFIX_MAX)
		return false;
	for (size_t i = 0; i < length; i++)
		if (prefix[i] < 'a' || prefix[i] > 'z')
			return false;
	return true;
}

/* Read the UUID out of an id of any prefix. */
bool
id_parse(const char *id, size_t length, uint8_t uuid[UUID_SIZE])
{
	const char *underscore = memchr(id, '_', length);

	if (underscore == NULL || !is_id_prefix(id, underscore - id))
		return false;
	if (id + length - (underscore + 1) != BASE62_UUID_LENGTH)
		return false;
	return base62_decode_uuid(underscore + 1, uuid);
}
