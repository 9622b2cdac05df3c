/*
 * API keys as text: ko_, the key's id in base62, a hyphen, and 32 random bytes
 * in base64url. The id says which row to look at; the randomness is what is
 * secret. The digest is of the whole text.
 */
#include "api_key/key_text.h"

#include <sodium.h>
#include <string.h>

#define BASE64URL sodium_base64_VARIANT_URLSAFE_NO_PADDING

/* Make a new key. */
void
api_key_make(const uint8_t id[UUID_SIZE], char out[API_KEY_LENGTH + 1])
{
	uint8_t		random[API_KEY_RANDOM_SIZE];
	char	   *end = out + API_KEY_PREFIX_LENGTH;

	memcpy(out, API_KEY_PREFIX, API_KEY_PREFIX_LENGTH);
	base62_encode_uuid(id, end);
	end += BASE62_UUID_LENGTH;
	*end++ = '-';
	randombytes_buf(random, sizeof(random));
	sodium_bin2base64(end, API_KEY_SECRET_LENGTH + 1, random, sizeof(random), BASE64URL);
	sodium_memzero(random, sizeof(random));
}

/* Compute what is stored of a key, whether or not it is well-formed. */
void
api_key_digest(Span key, uint8_t digest[API_KEY_DIGEST_SIZE])
{
	crypto_generichash(digest, API_KEY_DIGEST_SIZE, (const uint8_t *) key.data, key.size, NULL, 0);
}

/* Read the id out of a key; false, with an id that is nobody's, if the key is not well-formed. */
bool
api_key_parse(Span key, uint8_t id[UUID_SIZE])
{
	memset(id, 0, UUID_SIZE);
	return key.size == API_KEY_LENGTH &&
		memcmp(key.data, API_KEY_PREFIX, API_KEY_PREFIX_LENGTH) == 0 &&
		key.data[API_KEY_PREFIX_LENGTH + BASE62_UUID_LENGTH] == '-' &&
		base62_decode_uuid(key.data + API_KEY_PREFIX_LENGTH, id);
}
