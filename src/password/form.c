/*
 * Password hashes of every form that is taken: reading one, verifying against
 * it. A row of the table at the end adds a form.
 *
 * Reading is strict, so that whatever was read can be computed: when the
 * libraries then fail, it is for lack of memory, whatever they say (libxcrypt
 * calls it EINVAL, and libsodium's *_str_verify a wrong password).
 */
#include "password/form.h"

#include <openssl/err.h>
#include <openssl/evp.h>
#include <sodium.h>
#include <string.h>

#define SHA256_TAG_SIZE 32
#define TAG32_LENGTH 43			/* of 32 bytes in crypt(3)'s base64 */
#define TAG64_LENGTH 86
#define CRYPT_SALT_MAX 86		/* characters, where the form itself sets no limit */
#define SHACRYPT_SALT_MAX 16
#define BCRYPT_SALT_LENGTH 22
#define BCRYPT_TAG_LENGTH 31
#define BCRYPT_PASSWORD_MAX 72	/* bytes that bcrypt looks at */
#define SHACRYPT_PASSWORD_MAX 128	/* bytes, each of which makes every round longer */

/* ---------- argon2id ---------- */

/* Read argon2id; phc_parse wants the prefix, too. */
static bool
parse_argon2id(Span rest, PasswordHash *hash)
{
	(void) rest;
	if (!phc_parse(hash->text, &hash->argon2))
		return false;
	hash->memory = hash->argon2.memory;
	hash->iterations = hash->argon2.iterations;
	return true;
}

/* Compute argon2id; false for lack of memory. */
bool
argon2_compute(const Argon2Hash *hash, Span password, uint8_t *tag)
{
	return crypto_pwhash(tag, hash->tag_size, password.data, password.size, hash->salt,
						 hash->iterations, (size_t) hash->memory * 1024,
						 crypto_pwhash_ALG_ARGON2ID13) == 0;
}

/* Say whether two tags are the same, in constant time. */
static Verdict
compare(const void *computed, const void *stored, size_t size)
{
	return sodium_memcmp(computed, stored, size) == 0 ? PASSWORD_RIGHT : PASSWORD_WRONG;
}

/* Verify against argon2id. */
static Verdict
verify_argon2id(const PasswordHash *hash, Span password, HashScratch *scratch)
{
	if (!argon2_compute(&hash->argon2, password, scratch->tag))
		return PASSWORD_NO_MEMORY;
	return compare(scratch->tag, hash->argon2.tag, hash->argon2.tag_size);
}

/* ---------- crypt(3) ---------- */

/* Return the value of a digit of crypt(3)'s base64, or -1. */
static int
crypt_digit(char c)
{
	static const char digits[] = "./0123456789ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz";
	const char *digit = c != '\0' ? strchr(digits, c) : NULL;

	return digit ? (int) (digit - digits) : -1;
}

/* Count the digits in front. */
static size_t
count_digits(Span text)
{
	size_t		count = 0;

	while (count < text.size && crypt_digit(text.data[count]) >= 0)
		count++;
	return count;
}

/* Take so many digits that stand for whole bytes, low bits first, off the front: the last has no bit to spare. */
static bool
take_digits(Span *text, size_t count)
{
	static const int ends[] = {64, 0, 4, 16};

	if (count == 0 || count_digits(*text) < count || crypt_digit(text->data[count - 1]) >= ends[count % 4])
		return false;
	text->data += count;
	text->size -= count;
	return true;
}

/* Take a number of so many digits, low ones first, off the front. */
static bool
take_crypt_number(Span *text, size_t count, uint32_t *number)
{
	*number = 0;
	if (count_digits(*text) < count)
		return false;
	for (size_t i = 0; i < count; i++)
		*number |= (uint32_t) crypt_digit(text->data[i]) << (6 * i);
	text->data += count;
	text->size -= count;
	return true;
}

/* Take a salt that is used as it is written, and the $ behind it, off the front. */
static bool
take_salt(Span *text, size_t max, Span *salt)
{
	*salt = (Span) {text->data, count_digits(*text)};
	if (salt->size == 0 || salt->size > max)
		return false;
	text->data += salt->size;
	text->size -= salt->size;
	return span_take(text, "$");
}

/* Take the tag of a hash of crypt(3), which must be all that is left. */
static bool
take_crypt_tag(Span rest, size_t length, PasswordHash *hash)
{
	hash->tag_length = length;
	return rest.size == length && take_digits(&rest, length);
}

/*
 * Read bcrypt: 12$ and 53 characters of its own base64, high bits first. That
 * of the salt may have spare bits, which crypt(3) ignores; old libraries have
 * set them.
 */
static bool
parse_bcrypt(Span rest, PasswordHash *hash)
{
	static const char last[] = ".CGKOSWaeimquy26";

	if (rest.size != 3 + BCRYPT_SALT_LENGTH + BCRYPT_TAG_LENGTH || rest.data[2] != '$' ||
		rest.data[0] < '0' || rest.data[0] > '3' || rest.data[1] < '0' || rest.data[1] > '9')
		return false;
	hash->iterations = (rest.data[0] - '0') * 10 + (rest.data[1] - '0');
	hash->tag_length = BCRYPT_TAG_LENGTH;
	return hash->iterations >= 4 && hash->iterations <= 31 &&
		count_digits((Span) {rest.data + 3, rest.size - 3}) == rest.size - 3 &&
		strchr(last, rest.data[rest.size - 1]) != NULL;
}

/* Read sha256crypt or sha512crypt: rounds=5000$ or nothing, salt$tag. */
static bool
parse_shacrypt(Span rest, size_t tag_length, PasswordHash *hash)
{
	Span		salt;

	hash->iterations = 5000;
	if (span_take(&rest, "rounds=") &&
		!(span_take_number(&rest, &hash->iterations) && hash->iterations >= 1000 &&
		  hash->iterations <= 999999999 && span_take(&rest, "$")))
		return false;
	return take_salt(&rest, SHACRYPT_SALT_MAX, &salt) && take_crypt_tag(rest, tag_length, hash);
}

/* Read sha256crypt. */
static bool
parse_sha256crypt(Span rest, PasswordHash *hash)
{
	return parse_shacrypt(rest, TAG32_LENGTH, hash);
}

/* Read sha512crypt. */
static bool
parse_sha512crypt(Span rest, PasswordHash *hash)
{
	return parse_shacrypt(rest, TAG64_LENGTH, hash);
}

/* Return how many KiB so many blocks of 128 r bytes are. */
static uint32_t
kibibytes(uint64_t blocks, uint32_t r)
{
	uint64_t	size = blocks <= UINT32_MAX ? (blocks * r + 7) / 8 : UINT32_MAX;

	return size < UINT32_MAX ? size : UINT32_MAX;
}

/*
 * Read yescrypt: j9T$salt$tag, where j says what everybody's does, 9 and T are
 * N and r. Its other parameters, which nobody has written yet, would follow.
 */
static bool
parse_yescrypt(Span rest, PasswordHash *hash)
{
	uint32_t	log_n;
	uint32_t	r;

	if (!span_take(&rest, "j") || !take_crypt_number(&rest, 1, &log_n) || log_n < 1 || log_n >= 48 ||
		!take_crypt_number(&rest, 1, &r) || r >= 48 || !span_take(&rest, "$"))
		return false;
	hash->memory = kibibytes(UINT64_C(1) << (log_n + 1), r + 1);
	hash->iterations = 1;
	if (count_digits(rest) > CRYPT_SALT_MAX)
		return false;
	return take_digits(&rest, count_digits(rest)) && span_take(&rest, "$") &&
		take_crypt_tag(rest, TAG32_LENGTH, hash);
}

/*
 * Verify against a hash of crypt(3), which takes text of 511 bytes at most,
 * and of sha-crypt less, lest a guesser says how long it takes; but bcrypt cut
 * what it was given, whoever made the hash, and so it is cut here.
 */
static Verdict
verify_crypt(const PasswordHash *hash, Span password, HashScratch *scratch)
{
	struct crypt_data *crypt = &scratch->crypt;
	size_t		longest = hash->form->unit == COST_SHA2 ? SHACRYPT_PASSWORD_MAX : sizeof(crypt->input) - 1;
	const char *computed;
	size_t		length;

	if (hash->form->unit == COST_BCRYPT && password.size > BCRYPT_PASSWORD_MAX)
		password.size = BCRYPT_PASSWORD_MAX;
	if (password.size > longest || memchr(password.data, '\0', password.size) != NULL ||
		hash->text.size >= sizeof(crypt->setting))
		return PASSWORD_WRONG;
	memset(crypt, 0, sizeof(*crypt));
	memcpy(crypt->input, password.data, password.size);
	memcpy(crypt->setting, hash->text.data, hash->text.size);
	computed = crypt_r(crypt->input, crypt->setting, crypt);
	length = computed ? strlen(computed) : 0;
	if (length < hash->tag_length)
		return PASSWORD_NO_MEMORY;
	return compare(computed + length - hash->tag_length,
				   hash->text.data + hash->text.size - hash->tag_length, hash->tag_length);
}

/* ---------- scrypt ---------- */

/* Turn digits into bytes, low bits first; return how many. */
static size_t
decode_digits(Span digits, uint8_t *bytes)
{
	uint32_t	value = 0;
	unsigned	bits = 0;
	size_t		size = 0;

	for (size_t i = 0; i < digits.size; i++)
	{
		value |= (uint32_t) crypt_digit(digits.data[i]) << bits;
		bits += 6;
		if (bits >= 8)
		{
			bytes[size++] = value;
			value >>= 8;
			bits -= 8;
		}
	}
	return size;
}

/* Read scrypt as libsodium writes it: N in one digit, r and p in five each, the salt in text, $, the tag. */
static bool
parse_scrypt(Span rest, PasswordHash *hash)
{
	KdfHash    *scrypt = &hash->kdf;
	uint32_t	log_n;
	Span		salt;

	if (!take_crypt_number(&rest, 1, &log_n) || log_n == 0 ||
		!take_crypt_number(&rest, 5, &scrypt->r) || scrypt->r == 0 ||
		!take_crypt_number(&rest, 5, &scrypt->p) || scrypt->p == 0 ||
		(uint64_t) scrypt->r * scrypt->p >= 1 << 30 ||
		!take_salt(&rest, CRYPT_SALT_MAX, &salt) || rest.size != TAG32_LENGTH ||
		!take_digits(&(Span) {rest.data, rest.size}, rest.size))
		return false;
	scrypt->log_n = log_n;
	memcpy(scrypt->salt, salt.data, salt.size);
	scrypt->salt_size = salt.size;
	scrypt->tag_size = decode_digits(rest, scrypt->tag);
	hash->memory = kibibytes((UINT64_C(1) << log_n) + scrypt->p + 2, scrypt->r);
	hash->iterations = scrypt->p;
	return true;
}

/* Verify against scrypt. */
static Verdict
verify_scrypt(const PasswordHash *hash, Span password, HashScratch *scratch)
{
	const KdfHash *scrypt = &hash->kdf;

	if (crypto_pwhash_scryptsalsa208sha256_ll((const uint8_t *) password.data, password.size,
											  scrypt->salt, scrypt->salt_size,
											  UINT64_C(1) << scrypt->log_n, scrypt->r, scrypt->p,
											  scratch->tag, scrypt->tag_size) != 0)
		return PASSWORD_NO_MEMORY;
	return compare(scratch->tag, scrypt->tag, scrypt->tag_size);
}

/* ---------- PBKDF2 with SHA-256 ---------- */

/* Finish reading: the tag must have its size, and every 32 bytes of it cost all iterations. */
static bool
finish_pbkdf2(size_t tag_size, PasswordHash *hash)
{
	KdfHash    *pbkdf2 = &hash->kdf;
	uint64_t	cost = (uint64_t) pbkdf2->iterations * ((tag_size + 31) / 32);

	hash->iterations = cost < UINT32_MAX ? cost : UINT32_MAX;
	return pbkdf2->iterations > 0 && tag_size >= KDF_TAG_MIN && pbkdf2->tag_size == tag_size;
}

/* Read Django's form: iterations, a salt that is text, the tag in base64. */
static bool
parse_django(Span rest, PasswordHash *hash)
{
	KdfHash    *pbkdf2 = &hash->kdf;

	if (!span_take_number(&rest, &pbkdf2->iterations) || !span_take(&rest, "$"))
		return false;
	for (pbkdf2->salt_size = 0; rest.size > 0 && rest.data[0] != '$'; rest.data++, rest.size--)
	{
		if (pbkdf2->salt_size == KDF_SALT_MAX || rest.data[0] < 0x20 || rest.data[0] == 0x7f)
			return false;
		pbkdf2->salt[pbkdf2->salt_size++] = rest.data[0];
	}
	return pbkdf2->salt_size > 0 && span_take(&rest, "$") &&
		phc_take_bytes(&rest, sodium_base64_VARIANT_ORIGINAL, pbkdf2->tag, KDF_TAG_MAX, &pbkdf2->tag_size) &&
		rest.size == 0 && finish_pbkdf2(SHA256_TAG_SIZE, hash);
}

/* Read salt$tag in base64 without padding; in passlib's, a dot stands for a plus sign. */
static bool
parse_salt_and_tag(Span rest, bool is_passlib, KdfHash *pbkdf2)
{
	char		text[2 * (KDF_SALT_MAX + KDF_TAG_MAX)];
	Span		copy = {text, rest.size};
	int			variant = sodium_base64_VARIANT_ORIGINAL_NO_PADDING;

	if (rest.size > sizeof(text))
		return false;
	memcpy(text, rest.data, rest.size);
	for (size_t i = 0; is_passlib && i < rest.size; i++)
		if (text[i] == '+' || text[i] == '.')
			text[i] = text[i] == '.' ? '+' : '.';
	return phc_take_bytes(&copy, variant, pbkdf2->salt, KDF_SALT_MAX, &pbkdf2->salt_size) &&
		pbkdf2->salt_size > 0 && span_take(&copy, "$") &&
		phc_take_bytes(&copy, variant, pbkdf2->tag, KDF_TAG_MAX, &pbkdf2->tag_size) && copy.size == 0;
}

/* Read the PHC form, i=600000,l=32$salt$tag or without l, or passlib's, 600000$salt$tag. */
static bool
parse_pbkdf2(Span rest, PasswordHash *hash)
{
	bool		is_passlib = !span_take(&rest, "i=");
	uint32_t	tag_size = SHA256_TAG_SIZE;

	return span_take_number(&rest, &hash->kdf.iterations) &&
		(is_passlib || !span_take(&rest, ",l=") || span_take_number(&rest, &tag_size)) &&
		span_take(&rest, "$") && parse_salt_and_tag(rest, is_passlib, &hash->kdf) &&
		finish_pbkdf2(tag_size, hash);
}

/* Verify against PBKDF2. */
static Verdict
verify_pbkdf2(const PasswordHash *hash, Span password, HashScratch *scratch)
{
	const KdfHash *pbkdf2 = &hash->kdf;

	if (PKCS5_PBKDF2_HMAC(password.data, password.size, pbkdf2->salt, pbkdf2->salt_size, pbkdf2->iterations,
						  EVP_sha256(), pbkdf2->tag_size, scratch->tag) != 1)
	{
		ERR_clear_error();
		return PASSWORD_NO_MEMORY;
	}
	return compare(scratch->tag, pbkdf2->tag, pbkdf2->tag_size);
}

/* ---------- all of them ---------- */

static const HashForm forms[] = {
	{"$argon2id$", COST_PASSES, parse_argon2id, verify_argon2id},
	{"$2a$", COST_BCRYPT, parse_bcrypt, verify_crypt},
	{"$2b$", COST_BCRYPT, parse_bcrypt, verify_crypt},
	{"$2y$", COST_BCRYPT, parse_bcrypt, verify_crypt},
	{"$5$", COST_SHA2, parse_sha256crypt, verify_crypt},
	{"$6$", COST_SHA2, parse_sha512crypt, verify_crypt},
	{"$y$", COST_PASSES, parse_yescrypt, verify_crypt},
	{"$7$", COST_PASSES, parse_scrypt, verify_scrypt},
	{"pbkdf2_sha256$", COST_SHA2, parse_django, verify_pbkdf2},
	{"$pbkdf2-sha256$", COST_SHA2, parse_pbkdf2, verify_pbkdf2},
};

/* Read a hash, which must outlive what was read; false for any form that is not taken. */
bool
hash_parse(Span text, PasswordHash *hash)
{
	*hash = (PasswordHash) {.text = text};

	/* libsodium's decoder takes bytes beyond ASCII for digits of base64. */
	if (!span_is_ascii(text))
		return false;
	for (size_t i = 0; i < sizeof(forms) / sizeof(forms[0]); i++)
	{
		Span		rest = text;

		if (!span_take(&rest, forms[i].prefix))
			continue;
		hash->form = &forms[i];
		return forms[i].parse(rest, hash);
	}
	return false;
}

/* Tell whether a hash is of the form that we make. */
bool
hash_is_argon2id(const PasswordHash *hash)
{
	return hash->form == &forms[0];
}

/* Verify a password, as long as that takes. */
Verdict
hash_verify(const PasswordHash *hash, Span password, HashScratch *scratch)
{
	return hash->form->verify(hash, password, scratch);
}
