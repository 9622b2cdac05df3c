/*
 * Password hashes as text: $argon2id$v=19$m=19456,t=2,p=1$<salt>$<tag>
 */
#include "password/phc.h"

#include <sodium.h>
#include <stdio.h>
#include <string.h>

#define BASE64 sodium_base64_VARIANT_ORIGINAL_NO_PADDING

/* Take base64 of one of libsodium's variants, up to the next $ or the end, off the front. */
bool
phc_take_bytes(Span *text, int variant, uint8_t *bytes, size_t capacity, size_t *size)
{
	const char *dollar = memchr(text->data, '$', text->size);
	size_t		length = dollar ? (size_t) (dollar - text->data) : text->size;

	if (sodium_base642bin(bytes, capacity, text->data, length, NULL, size, NULL, variant) != 0)
		return false;
	text->data += length;
	text->size -= length;
	return true;
}

/* Read a hash; false for any other form, and for what no library could compute. */
bool
phc_parse(Span text, Argon2Hash *hash)
{
	/* libsodium's decoder takes bytes beyond ASCII for digits of base64. */
	return span_is_ascii(text) &&
		span_take(&text, "$argon2id$v=19$m=") &&
		span_take_number(&text, &hash->memory) &&
		span_take(&text, ",t=") &&
		span_take_number(&text, &hash->iterations) && hash->iterations >= 1 &&
		span_take(&text, ",p=") &&
		span_take_number(&text, &hash->lanes) && hash->lanes >= 1 && hash->lanes <= ARGON2_LANES_MAX &&
		hash->memory >= hash->lanes * ARGON2_MEMORY_MIN &&
		span_take(&text, "$") &&
		phc_take_bytes(&text, BASE64, hash->salt, sizeof(hash->salt), &hash->salt_size) &&
		hash->salt_size >= ARGON2_SALT_MIN &&
		span_take(&text, "$") &&
		phc_take_bytes(&text, BASE64, hash->tag, sizeof(hash->tag), &hash->tag_size) &&
		hash->tag_size >= ARGON2_TAG_MIN &&
		text.size == 0;
}

/* Write a hash. */
void
phc_format(const Argon2Hash *hash, char out[PHC_SIZE])
{
	char		salt[sodium_base64_ENCODED_LEN(ARGON2_SALT_MAX, BASE64)];
	char		tag[sodium_base64_ENCODED_LEN(ARGON2_TAG_MAX, BASE64)];

	sodium_bin2base64(salt, sizeof(salt), hash->salt, hash->salt_size, BASE64);
	sodium_bin2base64(tag, sizeof(tag), hash->tag, hash->tag_size, BASE64);
	snprintf(out, PHC_SIZE, "$argon2id$v=19$m=%u,t=%u,p=%u$%s$%s",
			 hash->memory, hash->iterations, hash->lanes, salt, tag);
}
