/*
 * What names a submission, and seals its answer.
 *
 * All of it comes from a secret that is in no table, from the name under which
 * something was sent, and from what was sent. The key of the seal is made of
 * the same texts as id and digest, but is stored nowhere: only who sends the
 * same once more can have the answer opened.
 */
#include "once/submission_key.h"

#include <sodium.h>
#include <string.h>

#define NONCE_SIZE crypto_aead_xchacha20poly1305_ietf_NPUBBYTES

/* ---------- the header ---------- */

/* Tell whether a text is of visible ASCII characters, no quotation mark among them if that would end it. */
static bool
is_visible(Span text, bool is_quoted)
{
	for (size_t i = 0; i < text.size; i++)
		if (text.data[i] <= ' ' || text.data[i] > '~' ||
			(is_quoted && (text.data[i] == '"' || text.data[i] == '\\')))
			return false;
	return true;
}

/*
 * Read a key, which may be a string in quotation marks, as the IETF's draft has
 * it. Headers sent twice arrive joined by a comma and a blank, and are no key.
 */
bool
idempotency_key_read(Span header, size_t min_size, Span *key)
{
	bool		is_quoted = header.size >= 2 && header.data[0] == '"' && header.data[header.size - 1] == '"';

	*key = header;
	if (is_quoted)
		*key = (Span) {header.data + 1, header.size - 2};
	return key->size >= min_size && key->size <= IDEMPOTENCY_KEY_MAX && is_visible(*key, is_quoted);
}

/* ---------- the key ---------- */

/* Add a number to a hash. */
static void
add_number(crypto_generichash_state *state, uint64_t number)
{
	uint8_t		bytes[8];

	for (int i = 0; i < 8; i++)
		bytes[i] = (uint8_t) (number >> (8 * i));
	crypto_generichash_update(state, bytes, sizeof(bytes));
}

/* Add texts to a hash: how many there are, then each behind its length. */
static void
add_parts(crypto_generichash_state *state, Parts parts)
{
	add_number(state, parts.count);
	for (size_t i = 0; i < parts.count; i++)
	{
		add_number(state, parts.parts[i].size);
		crypto_generichash_update(state, (const uint8_t *) parts.parts[i].data, parts.parts[i].size);
	}
}

/* Compute a keyed BLAKE2b of texts for a purpose. */
static void
hash_parts(const uint8_t secret[SUBMISSION_SECRET_SIZE], const char *purpose, Parts name, Parts body,
		   uint8_t *out, size_t size)
{
	crypto_generichash_state state;
	Span		first = {purpose, strlen(purpose)};

	crypto_generichash_init(&state, secret, SUBMISSION_SECRET_SIZE, size);
	add_parts(&state, (Parts) {&first, 1});
	add_parts(&state, name);
	add_parts(&state, body);
	crypto_generichash_final(&state, out, size);
	sodium_memzero(&state, sizeof(state));
}

/* Compute the id of what is sent under a name, the digest of what is sent, and the key that seals its answer. */
void
submission_key_make(const uint8_t secret[SUBMISSION_SECRET_SIZE], Parts name, Parts body, SubmissionKey *key)
{
	static const Parts nothing = {NULL, 0};

	hash_parts(secret, "submission id", name, nothing, key->id, SUBMISSION_ID_SIZE);
	hash_parts(secret, "submission body", name, body, key->body_digest, SUBMISSION_DIGEST_SIZE);
	hash_parts(secret, "submission seal", name, body, key->seal_key, sizeof(key->seal_key));
}

/* ---------- the seal ---------- */

/* Seal an answer; out has SUBMISSION_SEAL_OVERHEAD bytes more. */
void
submission_seal(const SubmissionKey *key, Span answer, uint8_t *out)
{
	randombytes_buf(out, NONCE_SIZE);
	crypto_aead_xchacha20poly1305_ietf_encrypt(out + NONCE_SIZE, NULL, (const uint8_t *) answer.data, answer.size,
											   key->id, SUBMISSION_ID_SIZE, NULL, out, key->seal_key);
}

/* Open a sealed answer; false if it is none of this key. out has SUBMISSION_SEAL_OVERHEAD bytes less. */
bool
submission_open(const SubmissionKey *key, Span sealed, uint8_t *out)
{
	const uint8_t *bytes = (const uint8_t *) sealed.data;

	return sealed.size >= SUBMISSION_SEAL_OVERHEAD &&
		crypto_aead_xchacha20poly1305_ietf_decrypt(out, NULL, NULL, bytes + NONCE_SIZE, sealed.size - NONCE_SIZE,
												   key->id, SUBMISSION_ID_SIZE, bytes, key->seal_key) == 0;
}
