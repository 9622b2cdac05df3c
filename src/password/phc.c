/*
 * Password hashes as text: $argon2id$v=19$m=19456,t=2,p=1$<salt>$<tag>
 */
#include "password/phc.h"

#include <sodium.h>
#include <stdio.h>
#include <string.h>

#define BASE64 sodium_base64_VARIANT_ORIGINAL_NO_PADDING

/* Take an exact string off the front. */
static bool
take(Span *text, const char *expected)
{
	size_t		size = strlen(expected);

	if (text->size < size || memcmp(text->data, expected, size) != 0)
		return false;
	text->data += size;
	text->size -= size;
	return true;
}

/* Take a decimal number without sign or leading zero off the front. */
static bool
take_number(Span *text, uint32_t *number)
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
	text->data += digits;
	text->size -= digits;
	*number = value;
	return true;
}

/* Take base64 up to the next $ or the end off the front. */
static bool
take_bytes(Span *text, uint8_t *bytes, size_t capacity, size_t *size)
{
	const char *dollar = memchr(text->data, '$', text->size);
	size_t		length = dollar ? (size_t) (dollar - text->data) : text->size;

	if (sodium_base642bin(bytes, capacity, text->data, length, NULL, size, NULL, BASE64) != 0)
		return false;
	text->data += length;
	text->size -= length;
	return true;
}

/* Read a hash; false for any other form, and for what libsodium could not compute. */
bool
phc_parse(Span text, Argon2Hash *hash)
{
	size_t		salt_size;

	/* libsodium's decoder takes bytes beyond ASCII for digits of base64. */
	return span_is_ascii(text) &&
		take(&text, "$argon2id$v=19$m=") &&
		take_number(&text, &hash->memory) && hash->memory >= 8 &&
		take(&text, ",t=") &&
		take_number(&text, &hash->iterations) && hash->iterations >= 1 &&
		take(&text, ",p=1$") &&
		take_bytes(&text, hash->salt, sizeof(hash->salt), &salt_size) &&
		salt_size == ARGON2_SALT_SIZE &&
		take(&text, "$") &&
		take_bytes(&text, hash->tag, sizeof(hash->tag), &hash->tag_size) &&
		hash->tag_size >= ARGON2_TAG_MIN &&
		text.size == 0;
}

/* Write a hash. */
void
phc_format(const Argon2Hash *hash, char out[PHC_SIZE])
{
	char		salt[sodium_base64_ENCODED_LEN(ARGON2_SALT_SIZE, BASE64)];
	char		tag[sodium_base64_ENCODED_LEN(ARGON2_TAG_MAX, BASE64)];

	sodium_bin2base64(salt, sizeof(salt), hash->salt, ARGON2_SALT_SIZE, BASE64);
	sodium_bin2base64(tag, sizeof(tag), hash->tag, hash->tag_size, BASE64);
	snprintf(out, PHC_SIZE, "$argon2id$v=19$m=%u,t=%u,p=1$%s$%s",
			 hash->memory, hash->iterations, salt, tag);
}
