/*
 * API keys as text.
 */
#include "api_key/key_text.h"

#include <sodium.h>

#include "tap.h"

/* Check that a key says its id, and is another each time. */
static void
check_key(const uint8_t id[UUID_SIZE])
{
	char		key[API_KEY_LENGTH + 1];
	char		other[API_KEY_LENGTH + 1];
	uint8_t		parsed[UUID_SIZE];

	memset(key, 'x', sizeof(key));
	api_key_make(id, key);
	api_key_make(id, other);
	ok(strlen(key) == API_KEY_LENGTH, "its length");
	ok(api_key_parse((Span) {key, API_KEY_LENGTH}, parsed) && memcmp(parsed, id, UUID_SIZE) == 0, "its id");
	ok(strcmp(key, other) != 0 && memcmp(key, other, API_KEY_LENGTH - API_KEY_SECRET_LENGTH) == 0, "another secret each time");
	ok(strspn(key + API_KEY_LENGTH - API_KEY_SECRET_LENGTH,
			  "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-_") == API_KEY_SECRET_LENGTH, "in base64url");
}

/* Check that nothing but a whole key is taken for one, and that the id of what is none is nobody's. */
static void
check_refusals(const uint8_t id[UUID_SIZE])
{
	static const uint8_t nobody[UUID_SIZE];
	char		key[API_KEY_LENGTH + 2];
	uint8_t		parsed[UUID_SIZE];
	bool		refused = true;

	api_key_make(id, key);
	key[API_KEY_LENGTH] = 'A';
	for (size_t size = 0; size <= API_KEY_LENGTH + 1; size++)
		if (size != API_KEY_LENGTH && (api_key_parse((Span) {key, size}, parsed) || memcmp(parsed, nobody, UUID_SIZE) != 0))
			refused = false;
	ok(refused, "any other length");
	ok(!api_key_parse((Span) {NULL, 0}, parsed), "nothing");
	for (int i = 0; i <= API_KEY_PREFIX_LENGTH + BASE62_UUID_LENGTH; i++)
	{
		char		kept = key[i];

		key[i] = '!';
		refused = refused && !api_key_parse((Span) {key, API_KEY_LENGTH}, parsed);
		key[i] = kept;
	}
	ok(refused, "another character before the secret");
}

/* Check that the digest is of every byte. */
static void
check_digest(const uint8_t id[UUID_SIZE])
{
	char		key[API_KEY_LENGTH + 1];
	uint8_t		digest[API_KEY_DIGEST_SIZE];
	uint8_t		other[API_KEY_DIGEST_SIZE];
	bool		differs = true;

	api_key_make(id, key);
	api_key_digest((Span) {key, API_KEY_LENGTH}, digest);
	for (int i = 0; i < API_KEY_LENGTH; i++)
	{
		key[i] ^= 1;
		api_key_digest((Span) {key, API_KEY_LENGTH}, other);
		differs = differs && memcmp(digest, other, API_KEY_DIGEST_SIZE) != 0;
		key[i] ^= 1;
	}
	ok(differs, "every byte counts");
	api_key_digest((Span) {key, API_KEY_LENGTH}, other);
	ok(memcmp(digest, other, API_KEY_DIGEST_SIZE) == 0, "the same again");
	api_key_digest((Span) {NULL, 0}, other);
	ok(memcmp(digest, other, API_KEY_DIGEST_SIZE) != 0, "nothing has a digest, too");
}

int
main(void)
{
	uint8_t		id[UUID_SIZE];

	plan(10);
	if (sodium_init() < 0)
		abort();
	randombytes_buf(id, sizeof(id));
	check_key(id);
	check_refusals(id);
	check_digest(id);
	return tap_status();
}
