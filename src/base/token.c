/*
 * Opaque tokens as text: a prefix for what they are good for and, in base64url,
 * the realm's id and 32 random bytes. The realm says where to look; the
 * randomness is what is secret. Only a digest of the text, prefix included, is
 * ever stored, so that a token of one kind is never taken for another.
 *
 * A signup token also has an id, which is made of its digest and is no secret:
 * it names the signup in a log, a mail or a payment.
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

/* Make the id that a digest stands for: 122 bits of it, as a UUID of version 8 (RFC 9562, section 5.8). */
void
token_id(const uint8_t digest[TOKEN_DIGEST_SIZE], uint8_t id[UUID_SIZE])
{
	memcpy(id, digest, UUID_SIZE);
	id[6] = 0x80 | (id[6] & 0x0f);
	id[8] = 0x80 | (id[8] & 0x3f);
}

/* Write the id of a signup. */
void
signup_id_write(const uint8_t realm_id[UUID_SIZE], const uint8_t id[UUID_SIZE], char out[SIGNUP_ID_LENGTH + 1])
{
	memcpy(out, SIGNUP_ID_PREFIX, TOKEN_PREFIX_LENGTH);
	base62_encode_uuid(realm_id, out + TOKEN_PREFIX_LENGTH);
	base62_encode_uuid(id, out + TOKEN_PREFIX_LENGTH + BASE62_UUID_LENGTH);
	out[SIGNUP_ID_LENGTH] = '\0';
}

/* Read the id of a signup; false if it is not well-formed. */
bool
signup_id_parse(Span text, uint8_t realm_id[UUID_SIZE], uint8_t id[UUID_SIZE])
{
	return text.size == SIGNUP_ID_LENGTH && memcmp(text.data, SIGNUP_ID_PREFIX, TOKEN_PREFIX_LENGTH) == 0 &&
		base62_decode_uuid(text.data + TOKEN_PREFIX_LENGTH, realm_id) &&
		base62_decode_uuid(text.data + TOKEN_PREFIX_LENGTH + BASE62_UUID_LENGTH, id);
}
