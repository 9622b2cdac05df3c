/*
 * Keys as text: a prefix for what they open, the key's id in base62, a hyphen
 * and, in base64url, 32 random bytes. The id says which row to look at; the
 * randomness is what is secret. The digest is of the whole text, so that a key
 * of one kind is never taken for another.
 */
#include "base/key.h"

#include <sodium.h>
#include <string.h>

#define BASE64URL sodium_base64_VARIANT_URLSAFE_NO_PADDING

/* Make a new key. */
void
key_make(const char *prefix, const uint8_t id[UUID_SIZE], char out[KEY_LENGTH + 1])
{
	uint8_t		random[KEY_RANDOM_SIZE];
	char	   *end = out + KEY_PREFIX_LENGTH;

	memcpy(out, prefix, KEY_PREFIX_LENGTH);
	base62_encode_uuid(id, end);
	end += BASE62_UUID_LENGTH;
	*end++ = '-';
	randombytes_buf(random, sizeof(random));
	sodium_bin2base64(end, KEY_SECRET_LENGTH + 1, random, sizeof(random), BASE64URL);
	sodium_memzero(random, sizeof(random));
}

/* Compute what is stored of a key, whether or not it is well-formed. */
void
key_digest(Span key, uint8_t digest[KEY_DIGEST_SIZE])
{
	crypto_generichash(digest, KEY_DIGEST_SIZE, (const uint8_t *) key.data, key.size, NULL, 0);
}

/* Tell whether a stored digest is that of a key; with nothing stored it is not, at the same cost. */
bool
key_matches(Span key, const uint8_t *stored)
{
	static const uint8_t nobody[KEY_DIGEST_SIZE];
	uint8_t		digest[KEY_DIGEST_SIZE];

	key_digest(key, digest);
	return sodium_memcmp(stored ? stored : nobody, digest, KEY_DIGEST_SIZE) == 0 && stored != NULL;
}

/* Read the id out of a key; false, with an id that is nobody's, if the key is not well-formed. */
bool
key_parse(const char *prefix, Span key, uint8_t id[UUID_SIZE])
{
	memset(id, 0, UUID_SIZE);
	return key.size == KEY_LENGTH &&
		memcmp(key.data, prefix, KEY_PREFIX_LENGTH) == 0 &&
		key.data[KEY_PREFIX_LENGTH + BASE62_UUID_LENGTH] == '-' &&
		base62_decode_uuid(key.data + KEY_PREFIX_LENGTH, id);
}
