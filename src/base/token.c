/*
 * Opaque tokens as text: a prefix for what they are good for and, in base64url,
 * the realm's id and 32 random bytes. The realm says where to look; the
 * randomness is what is secret. Only a digest of the text, prefix included, is
 * ever stored, so that a token of one kind is never taken for another.
 */
#include "base/token.h"

#include <sodium.h>
#include <string.h>

#define BASE64URL sodium_base64_VARIANT_URLSAFE_NO_PADDING

/* Make a new token for a realm. */
void
token_make(const char *prefix, const uint8_t realm_id[UUID_SIZE], char out[TOKEN_LENGTH + 1])
{
	uint8_t		bytes[UUID_SIZE + TOKEN_RANDOM_SIZE];

	memcpy(bytes, realm_id, UUID_SIZE);
	randombytes_buf(bytes + UUID_SIZE, TOKEN_RANDOM_SIZE);
	memcpy(out, prefix, TOKEN_PREFIX_LENGTH);
	sodium_bin2base64(out + TOKEN_PREFIX_LENGTH, TOKEN_LENGTH - TOKEN_PREFIX_LENGTH + 1,
					  bytes, sizeof(bytes), BASE64URL);
	sodium_memzero(bytes, sizeof(bytes));
}

/* Read a token's realm and compute its digest; false if it is not well-formed. */
bool
token_parse(const char *prefix, Span token, uint8_t realm_id[UUID_SIZE],
			uint8_t digest[TOKEN_DIGEST_SIZE])
{
	uint8_t		bytes[UUID_SIZE + TOKEN_RANDOM_SIZE];
	size_t		size;
	bool		parsed;

	if (token.size != TOKEN_LENGTH || !span_is_ascii(token) || memcmp(token.data, prefix, TOKEN_PREFIX_LENGTH) != 0)
		return false;
	parsed = sodium_base642bin(bytes, sizeof(bytes), token.data + TOKEN_PREFIX_LENGTH,
							   TOKEN_LENGTH - TOKEN_PREFIX_LENGTH, NULL, &size, NULL, BASE64URL) == 0 &&
		size == sizeof(bytes);
	if (parsed)
	{
		memcpy(realm_id, bytes, UUID_SIZE);
		crypto_generichash(digest, TOKEN_DIGEST_SIZE, (const uint8_t *) token.data, TOKEN_LENGTH,
						   NULL, 0);
	}
	sodium_memzero(bytes, sizeof(bytes));
	return parsed;
}
