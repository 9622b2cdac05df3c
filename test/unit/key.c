/*
 * Keys as text.
 */
#include "base/key.h"

#include <sodium.h>

#include "tap.h"

/* Check that a key says its id, and is another each time. */
static void
check_key(const uint8_t id[UUID_SIZE])
{
	char		key[KEY_LENGTH + 1];
	char		other[KEY_LENGTH + 1];
	uint8_t		parsed[UUID_SIZE];

	memset(key, 'x', sizeof(key));
	key_make(API_KEY_PREFIX, id, key);
	key_make(API_KEY_PREFIX, id, other);
	ok(strlen(key) == KEY_LENGTH, "its length");
	ok(key_parse(API_KEY_PREFIX, (Span) {key, KEY_LENGTH}, parsed) && memcmp(parsed, id, UUID_SIZE) == 0, "its id");
	ok(strcmp(key, other) != 0 && memcmp(key, other, KEY_LENGTH - KEY_SECRET_LENGTH) == 0, "another secret each time");
	ok(strspn(key + KEY_LENGTH - KEY_SECRET_LENGTH,
			  "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-_") == KEY_SECRET_LENGTH, "in base64url");
}

/* Check that nothing but a whole key is taken for one, and that the id of what is none is nobody's. */
static void
check_refusals(const uint8_t id[UUID_SIZE])
{
	static const uint8_t nobody[UUID_SIZE];
	char		key[KEY_LENGTH + 2];
	uint8_t		parsed[UUID_SIZE];
	bool		refused = true;

	key_make(API_KEY_PREFIX, id, key);
	key[KEY_LENGTH] = 'A';
	for (size_t size = 0; size <= KEY_LENGTH + 1; size++)
		if (size != KEY_LENGTH && (key_parse(API_KEY_PREFIX, (Span) {key, size}, parsed) || memcmp(parsed, nobody, UUID_SIZE) != 0))
			refused = false;
	ok(refused, "any other length");
	ok(!key_parse(API_KEY_PREFIX, (Span) {NULL, 0}, parsed), "nothing");
	for (int i = 0; i <= KEY_PREFIX_LENGTH + BASE62_UUID_LENGTH; i++)
	{
		char		kept = key[i];

		key[i] = '!';
		refused = refused && !key_parse(API_KEY_PREFIX, (Span) {key, KEY_LENGTH}, parsed);
		key[i] = kept;
	}
	ok(refused, "another character before the secret");
}

/* Check that the digest is of every byte. */
static void
check_digest(const uint8_t id[UUID_SIZE])
{
	char		key[KEY_LENGTH + 1];
	uint8_t		digest[KEY_DIGEST_SIZE];
	uint8_t		other[KEY_DIGEST_SIZE];
	bool		differs = true;

	key_make(API_KEY_PREFIX, id, key);
	key_digest((Span) {key, KEY_LENGTH}, digest);
	for (int i = 0; i < KEY_LENGTH; i++)
	{
		key[i] ^= 1;
		key_digest((Span) {key, KEY_LENGTH}, other);
		differs = differs && memcmp(digest, other, KEY_DIGEST_SIZE) != 0;
		key[i] ^= 1;
	}
	ok(differs, "every byte counts");
	key_digest((Span) {key, KEY_LENGTH}, other);
	ok(memcmp(digest, other, KEY_DIGEST_SIZE) == 0, "the same again");
	ok(key_matches((Span) {key, KEY_LENGTH}, digest), "it matches what is stored");
	digest[KEY_DIGEST_SIZE - 1] ^= 1;
	ok(!key_matches((Span) {key, KEY_LENGTH}, digest) && !key_matches((Span) {key, KEY_LENGTH - 1}, other), "... to the last bit");
	ok(!key_matches((Span) {key, KEY_LENGTH}, NULL), "and not nothing");
	key_digest((Span) {NULL, 0}, other);
	ok(memcmp(digest, other, KEY_DIGEST_SIZE) != 0, "nothing has a digest, too");
}

int
main(void)
{
	uint8_t		id[UUID_SIZE];

	plan(13);
	if (sodium_init() < 0)
		abort();
	randombytes_buf(id, sizeof(id));
	check_key(id);
	check_refusals(id);
	check_digest(id);
	return tap_status();
}
