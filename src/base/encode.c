/*
 * Text forms of ids: a prefix, an underscore, and the UUID as a base62 number
 * of fixed width, so that ids sort like the UUIDs they stand for.
 */
#include "base/encode.h"

#include <string.h>

static const char digits[] = "0123456789ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz";

/* Write a UUID as 22 base62 digits, most significant first. */
void
base62_encode_uuid(const uint8_t uuid[UUID_SIZE], char out[BASE62_UUID_LENGTH])
{
	uint8_t		number[UUID_SIZE];

	memcpy(number, uuid, UUID_SIZE);
	for (int position = BASE62_UUID_LENGTH - 1; position >= 0; position--)
	{
		unsigned	remainder = 0;

		for (int i = 0; i < UUID_SIZE; i++)
		{
			unsigned	value = remainder << 8 | number[i];

			number[i] = value / 62;
			remainder = value % 62;
		}
		out[position] = digits[remainder];
	}
}

/* Read 22 base62 digits; false if one is no digit or the number has more than 128 bits. */
bool
base62_decode_uuid(const char in[BASE62_UUID_LENGTH], uint8_t uuid[UUID_SIZE])
{
	memset(uuid, 0, UUID_SIZE);
	for (int position = 0; position < BASE62_UUID_LENGTH; position++)
	{
		const char *digit = in[position] ? strchr(digits, in[position]) : NULL;
		unsigned	carry;

		if (digit == NULL)
			return false;
		carry = digit - digits;
		for (int i = UUID_SIZE - 1; i >= 0; i--)
		{
			unsigned	value = uuid[i] * 62u + carry;

			uuid[i] = value & 0xff;
			carry = value >> 8;
		}
		if (carry != 0)
			return false;
	}
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
