/*
 * Password hashes of every form that is taken: reading one, verifying against
 * it. A row of the table at the end adds a form.
 *
 * Reading is strict, so that whatever was read can be computed: when the
 * libraries then fail, it is for lack of memory, whatever they say (libxcrypt
 * calls it EINVAL, and libsodium's *_str_verify a wrong password).
 */
#include "password/form.h"

#include <argon2.h>
#include <openssl/err.h>
#include <sodium.h>
#include <string.h>
#include <sys/mman.h>

#include "password/block.h"

#define TAG32_LENGTH 43			/* of 32 bytes in crypt(3)'s base64 */
#define TAG64_LENGTH 86
#define CRYPT_SALT_MAX 86		/* characters, where the form itself sets no limit */
#define SHACRYPT_SALT_MAX 16
#define BCRYPT_SALT_LENGTH 22
#define BCRYPT_TAG_LENGTH 31
#define BCRYPT_PASSWORD_MAX 72	/* bytes that bcrypt looks at */
#define SHACRYPT_PASSWORD_MAX 128	/* bytes, each of which makes every round longer */
#define SCRYPT_TAG_SIZE 64		/* of Django, Werkzeug and better-auth */
#define BETTER_AUTH_SALT_LENGTH 32
#define ASPNET_HEAD_SIZE 13
#define ASPNET_SALT_MIN 16
#define ASPNET_TAG_SIZE 32

/* ---------- argon2id ---------- */

/* Tell whether libsodium can compute a hash, as it does those that we make. */
static bool
is_sodiums(const Argon2Hash *hash)
{
	return hash->lanes == 1 && hash->salt_size == ARGON2_SALT_SIZE;
}

/* Read argon2id; phc_parse wants the prefix, too. What could be ours is taken for ours. */
static bool
parse_argon2id(Span rest, PasswordHash *hash)
{
	(void) rest;
	if (!phc_parse(hash->text, &hash->argon2))
		return false;
	if (hash->label == NULL && is_sodiums(&hash->argon2))
		hash->spelling = SPELLING_NFC;
	hash->memory = hash->argon2.memory;
	hash->iterations = hash->argon2.iterations;
	return true;
}

/* Map memory for libargon2; malloc would keep much of it for the life of the process. */
static int
map_memory(uint8_t **memory, size_t size)
{
	void	   *mapped = block_map(size);

	*memory = mapped != MAP_FAILED ? mapped : NULL;
	return *memory != NULL ? ARGON2_OK : ARGON2_MEMORY_ALLOCATION_ERROR;
}

/* Give it back; libargon2 has wiped it. */
static void
unmap_memory(uint8_t *memory, size_t size)
{
	munmap(memory, size);
}

/*
 * Compute argon2id of any lanes and salt, the lanes one after another: a
 * backend must not have threads. Passes go over the same memory, however many
 * lanes it is cut into, so lanes cost little by themselves.
 */
static bool
compute_by_libargon2(const Argon2Hash *hash, Span password, uint8_t *tag)
{
	argon2_context context = {
		.out = tag,
		.outlen = hash->tag_size,
		.pwd = (uint8_t *) password.data,
		.pwdlen = password.size,
		.salt = (uint8_t *) hash->salt,
		.saltlen = hash->salt_size,
		.t_cost = hash->iterations,
		.m_cost = hash->memory,
		.lanes = hash->lanes,
		.threads = 1,
		.version = ARGON2_VERSION_13,
		.allocate_cbk = map_memory,
		.free_cbk = unmap_memory,
		.flags = ARGON2_DEFAULT_FLAGS	/* the password is its owner's to wipe */
	};

	/* argon2_ctx would be another one of libsodium's, where its archive is linked into our library. */
	return argon2id_ctx(&context) == ARGON2_OK;
}

/* Compute argon2id; false for lack of memory. */
bool
argon2_compute(const Argon2Hash *hash, Span password, uint8_t *tag)
{
	if (!is_sodiums(hash))
		return compute_by_libargon2(hash, password, tag);
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
	size_t		longest = hash->form->unit == COST_DIGESTS ? SHACRYPT_PASSWORD_MAX : sizeof(crypt->input) - 1;
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

/* ---------- salts and tags of other systems ---------- */

#define BASE64_PADDED sodium_base64_VARIANT_ORIGINAL
#define BASE64_BARE sodium_base64_VARIANT_ORIGINAL_NO_PADDING

/* Return the value of a hexadecimal digit as all of them write it, or -1. */
static int
hex_digit(char c)
{
	return c >= '0' && c <= '9' ? c - '0' : c >= 'a' && c <= 'f' ? c - 'a' + 10 : -1;
}

/* Read a tag of so many bytes in hexadecimal digits, which must be all that is left. */
static bool
take_hex_tag(Span rest, size_t size, KdfHash *kdf)
{
	if (rest.size != 2 * size)
		return false;
	for (size_t i = 0; i < size; i++)
	{
		int			high = hex_digit(rest.data[2 * i]);
		int			low = hex_digit(rest.data[2 * i + 1]);

		if (high < 0 || low < 0)
			return false;
		kdf->tag[i] = high << 4 | low;
	}
	kdf->tag_size = size;
	return true;
}

/* Take a salt that is text, and the $ behind it, off the front. */
static bool
take_text_salt(Span *text, KdfHash *kdf)
{
	for (kdf->salt_size = 0; text->size > 0 && text->data[0] != '$'; text->data++, text->size--)
	{
		if (kdf->salt_size == KDF_SALT_MAX || text->data[0] < 0x20 || text->data[0] == 0x7f)
			return false;
		kdf->salt[kdf->salt_size++] = text->data[0];
	}
	return kdf->salt_size > 0 && span_take(text, "$");
}

/* Read salt$tag in base64. */
static bool
parse_salt_and_tag(Span rest, int variant, KdfHash *kdf)
{
	return phc_take_bytes(&rest, variant, kdf->salt, KDF_SALT_MAX, &kdf->salt_size) &&
		kdf->salt_size > 0 && span_take(&rest, "$") &&
		phc_take_bytes(&rest, variant, kdf->tag, KDF_TAG_MAX, &kdf->tag_size) && rest.size == 0;
}

/* ---------- scrypt ---------- */

/* Tell the sizes that tags of scrypt have where the form leaves them open. */
static bool
is_scrypt_tag(size_t size)
{
	return size == 32 || size == 64;
}

/* Take a power of two off the front, and return which. */
static bool
take_power(Span *text, uint32_t *log)
{
	uint32_t	power;

	if (!span_take_number(text, &power) || power == 0 || (power & (power - 1)) != 0)
		return false;
	for (*log = 0; power > 1; power >>= 1)
		(*log)++;
	return true;
}

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

/* Finish reading: the library takes these sizes, and they say how much memory is needed. */
static bool
finish_scrypt(PasswordHash *hash)
{
	const KdfHash *scrypt = &hash->kdf;

	if (scrypt->log_n < 1 || scrypt->log_n > 63 || scrypt->r == 0 || scrypt->p == 0 ||
		(uint64_t) scrypt->r * scrypt->p >= 1 << 30 || scrypt->salt_size == 0)
		return false;
	hash->memory = kibibytes((UINT64_C(1) << scrypt->log_n) + scrypt->p + 2, scrypt->r);
	hash->iterations = scrypt->p;
	return true;
}

/* Read scrypt as libsodium writes it: N in one digit, r and p in five each, the salt in text, $, the tag. */
static bool
parse_scrypt_sodium(Span rest, PasswordHash *hash)
{
	KdfHash    *scrypt = &hash->kdf;
	Span		salt;

	if (!take_crypt_number(&rest, 1, &scrypt->log_n) ||
		!take_crypt_number(&rest, 5, &scrypt->r) ||
		!take_crypt_number(&rest, 5, &scrypt->p) ||
		!take_salt(&rest, CRYPT_SALT_MAX, &salt) || rest.size != TAG32_LENGTH ||
		!take_digits(&(Span) {rest.data, rest.size}, rest.size))
		return false;
	memcpy(scrypt->salt, salt.data, salt.size);
	scrypt->salt_size = salt.size;
	scrypt->tag_size = decode_digits(rest, scrypt->tag);
	return finish_scrypt(hash);
}

/* Read passlib's and the PHC form: ln=16,r=8,p=1$salt$tag. */
static bool
parse_scrypt_phc(Span rest, PasswordHash *hash)
{
	KdfHash    *scrypt = &hash->kdf;

	return span_take(&rest, "ln=") && span_take_number(&rest, &scrypt->log_n) &&
		span_take(&rest, ",r=") && span_take_number(&rest, &scrypt->r) &&
		span_take(&rest, ",p=") && span_take_number(&rest, &scrypt->p) &&
		span_take(&rest, "$") && parse_salt_and_tag(rest, BASE64_BARE, scrypt) &&
		is_scrypt_tag(scrypt->tag_size) && finish_scrypt(hash);
}

/* Read Django's form: N, a salt that is text, r, p, 64 bytes in base64. */
static bool
parse_scrypt_django(Span rest, PasswordHash *hash)
{
	KdfHash    *scrypt = &hash->kdf;

	return take_power(&rest, &scrypt->log_n) && span_take(&rest, "$") &&
		take_text_salt(&rest, scrypt) &&
		span_take_number(&rest, &scrypt->r) && span_take(&rest, "$") &&
		span_take_number(&rest, &scrypt->p) && span_take(&rest, "$") &&
		phc_take_bytes(&rest, BASE64_PADDED, scrypt->tag, KDF_TAG_MAX, &scrypt->tag_size) &&
		rest.size == 0 && scrypt->tag_size == SCRYPT_TAG_SIZE && finish_scrypt(hash);
}

/* Read Werkzeug's form: N:r:p$, a salt that is text, 64 bytes in hexadecimal digits. */
static bool
parse_scrypt_werkzeug(Span rest, PasswordHash *hash)
{
	KdfHash    *scrypt = &hash->kdf;

	return take_power(&rest, &scrypt->log_n) && span_take(&rest, ":") &&
		span_take_number(&rest, &scrypt->r) && span_take(&rest, ":") &&
		span_take_number(&rest, &scrypt->p) && span_take(&rest, "$") &&
		take_text_salt(&rest, scrypt) && take_hex_tag(rest, SCRYPT_TAG_SIZE, scrypt) && finish_scrypt(hash);
}

/* Read Spring's form: log2 N, r and p in one hexadecimal number, the last two of two digits; salt and tag in base64. */
static bool
parse_scrypt_spring(Span rest, PasswordHash *hash)
{
	KdfHash    *scrypt = &hash->kdf;
	uint32_t	sizes = 0;
	size_t		digits = 0;

	for (; digits < rest.size && hex_digit(rest.data[digits]) >= 0; digits++)
	{
		if (sizes >> 28 != 0 || (digits == 0 && rest.data[0] == '0'))
			return false;
		sizes = sizes << 4 | hex_digit(rest.data[digits]);
	}
	scrypt->log_n = sizes >> 16;
	scrypt->r = sizes >> 8 & 0xff;
	scrypt->p = sizes & 0xff;
	span_skip(&rest, digits);
	return span_take(&rest, "$") && parse_salt_and_tag(rest, BASE64_PADDED, scrypt) &&
		is_scrypt_tag(scrypt->tag_size) && finish_scrypt(hash);
}

/*
 * Read better-auth's form, which says nothing of its cost: 32 hexadecimal
 * digits that are the salt as they stand, a colon, and 64 bytes.
 */
static bool
parse_scrypt_better_auth(Span rest, PasswordHash *hash)
{
	KdfHash    *scrypt = &hash->kdf;

	scrypt->log_n = 14;
	scrypt->r = 16;
	scrypt->p = 1;
	for (; scrypt->salt_size < BETTER_AUTH_SALT_LENGTH; scrypt->salt_size++, rest.data++, rest.size--)
	{
		if (rest.size == 0 || hex_digit(rest.data[0]) < 0)
			return false;
		scrypt->salt[scrypt->salt_size] = rest.data[0];
	}
	hash->spelling = SPELLING_NFKC;
	return span_take(&rest, ":") && take_hex_tag(rest, SCRYPT_TAG_SIZE, scrypt) && finish_scrypt(hash);
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

/* ---------- PBKDF2 ---------- */

/* Return the size of a digest that HMAC makes. */
static size_t
digest_size(const KdfHash *pbkdf2)
{
	return EVP_MD_get_size(pbkdf2->digest);
}

/* Finish reading: the tag must have its size, and each digest that it takes costs all iterations. */
static bool
finish_pbkdf2(size_t tag_size, PasswordHash *hash)
{
	KdfHash    *pbkdf2 = &hash->kdf;
	uint64_t	cost = (uint64_t) pbkdf2->iterations * ((tag_size + digest_size(pbkdf2) - 1) / digest_size(pbkdf2));

	hash->iterations = cost < UINT32_MAX ? cost : UINT32_MAX;
	return pbkdf2->iterations > 0 && tag_size >= KDF_TAG_MIN && pbkdf2->tag_size == tag_size;
}

/* Read Django's form: iterations, a salt that is text, the tag in base64. */
static bool
parse_django(Span rest, PasswordHash *hash)
{
	KdfHash    *pbkdf2 = &hash->kdf;

	pbkdf2->digest = hash->form->digest();
	return span_take_number(&rest, &pbkdf2->iterations) && span_take(&rest, "$") &&
		take_text_salt(&rest, pbkdf2) &&
		phc_take_bytes(&rest, BASE64_PADDED, pbkdf2->tag, KDF_TAG_MAX, &pbkdf2->tag_size) &&
		rest.size == 0 && finish_pbkdf2(digest_size(pbkdf2), hash);
}

/* Read Werkzeug's form: iterations, a salt that is text, the tag in hexadecimal digits. */
static bool
parse_werkzeug(Span rest, PasswordHash *hash)
{
	KdfHash    *pbkdf2 = &hash->kdf;

	pbkdf2->digest = hash->form->digest();
	return span_take_number(&rest, &pbkdf2->iterations) && span_take(&rest, "$") &&
		take_text_salt(&rest, pbkdf2) &&
		take_hex_tag(rest, digest_size(pbkdf2), pbkdf2) && finish_pbkdf2(digest_size(pbkdf2), hash);
}

/* Read passlib's salt$tag: base64 without padding in which a dot stands for a plus sign. */
static bool
parse_passlib_salt_and_tag(Span rest, KdfHash *pbkdf2)
{
	char		text[2 * (KDF_SALT_MAX + KDF_TAG_MAX)];

	if (rest.size > sizeof(text))
		return false;
	for (size_t i = 0; i < rest.size; i++)
	{
		char		c = rest.data[i];

		text[i] = c == '.' ? '+' : c == '+' ? '.' : c;
	}
	return parse_salt_and_tag((Span) {text, rest.size}, BASE64_BARE, pbkdf2);
}

/* Read the PHC form, i=600000,l=32$salt$tag or without l, or passlib's, 600000$salt$tag. */
static bool
parse_pbkdf2(Span rest, PasswordHash *hash)
{
	KdfHash    *pbkdf2 = &hash->kdf;
	bool		is_passlib = !span_take(&rest, "i=");
	uint32_t	tag_size;

	pbkdf2->digest = hash->form->digest();
	tag_size = digest_size(pbkdf2);
	return span_take_number(&rest, &pbkdf2->iterations) &&
		(is_passlib || !span_take(&rest, ",l=") || span_take_number(&rest, &tag_size)) &&
		span_take(&rest, "$") &&
		(is_passlib ? parse_passlib_salt_and_tag(rest, pbkdf2) : parse_salt_and_tag(rest, BASE64_BARE, pbkdf2)) &&
		finish_pbkdf2(tag_size, hash);
}

/* Return the number in four bytes, high ones first. */
static uint32_t
big_endian(const uint8_t *bytes)
{
	return (uint32_t) bytes[0] << 24 | bytes[1] << 16 | bytes[2] << 8 | bytes[3];
}

/*
 * Read ASP.NET Identity's third form: base64 of a byte 1, three numbers (which
 * digest, iterations, size of the salt), the salt, 32 bytes. The prefix is how
 * that begins, the 1 in it, so it is read from the start.
 */
static bool
parse_aspnet(Span rest, PasswordHash *hash)
{
	static const EVP_MD *(*const digests[]) (void) = {EVP_sha1, EVP_sha256, EVP_sha512};
	KdfHash    *pbkdf2 = &hash->kdf;
	uint8_t		bytes[ASPNET_HEAD_SIZE + KDF_SALT_MAX + ASPNET_TAG_SIZE];
	size_t		size;

	rest = hash->text;
	if (!phc_take_bytes(&rest, BASE64_PADDED, bytes, sizeof(bytes), &size) || rest.size > 0 ||
		size < ASPNET_HEAD_SIZE + ASPNET_SALT_MIN + ASPNET_TAG_SIZE ||
		big_endian(bytes + 1) >= sizeof(digests) / sizeof(digests[0]))
		return false;
	pbkdf2->digest = digests[big_endian(bytes + 1)] ();
	pbkdf2->iterations = big_endian(bytes + 5);
	pbkdf2->salt_size = size - ASPNET_HEAD_SIZE - ASPNET_TAG_SIZE;
	if (pbkdf2->salt_size != big_endian(bytes + 9))
		return false;
	memcpy(pbkdf2->salt, bytes + ASPNET_HEAD_SIZE, pbkdf2->salt_size);
	memcpy(pbkdf2->tag, bytes + ASPNET_HEAD_SIZE + pbkdf2->salt_size, ASPNET_TAG_SIZE);
	pbkdf2->tag_size = ASPNET_TAG_SIZE;
	return finish_pbkdf2(ASPNET_TAG_SIZE, hash);
}

/* Verify against PBKDF2. */
static Verdict
verify_pbkdf2(const PasswordHash *hash, Span password, HashScratch *scratch)
{
	const KdfHash *pbkdf2 = &hash->kdf;

	if (PKCS5_PBKDF2_HMAC(password.data, password.size, pbkdf2->salt, pbkdf2->salt_size, pbkdf2->iterations,
						  pbkdf2->digest, pbkdf2->tag_size, scratch->tag) != 1)
	{
		ERR_clear_error();
		return PASSWORD_NO_MEMORY;
	}
	return compare(scratch->tag, pbkdf2->tag, pbkdf2->tag_size);
}

/* ---------- all of them ---------- */

static const HashForm forms[] = {
	{"$argon2id$", COST_PASSES, parse_argon2id, verify_argon2id, NULL},
	{"$2a$", COST_BCRYPT, parse_bcrypt, verify_crypt, NULL},
	{"$2b$", COST_BCRYPT, parse_bcrypt, verify_crypt, NULL},
	{"$2y$", COST_BCRYPT, parse_bcrypt, verify_crypt, NULL},
	{"$5$", COST_DIGESTS, parse_sha256crypt, verify_crypt, NULL},
	{"$6$", COST_DIGESTS, parse_sha512crypt, verify_crypt, NULL},
	{"$y$", COST_PASSES, parse_yescrypt, verify_crypt, NULL},
	{"$7$", COST_PASSES, parse_scrypt_sodium, verify_scrypt, NULL},
	{"$scrypt$", COST_PASSES, parse_scrypt_phc, verify_scrypt, NULL},
	{"scrypt$", COST_PASSES, parse_scrypt_django, verify_scrypt, NULL},
	{"scrypt:", COST_PASSES, parse_scrypt_werkzeug, verify_scrypt, NULL},
	{"{scrypt}$", COST_PASSES, parse_scrypt_spring, verify_scrypt, NULL},
	{"{scrypt@SpringSecurity_v5_8}$", COST_PASSES, parse_scrypt_spring, verify_scrypt, NULL},
	{"pbkdf2_sha1$", COST_DIGESTS, parse_django, verify_pbkdf2, EVP_sha1},
	{"pbkdf2_sha256$", COST_DIGESTS, parse_django, verify_pbkdf2, EVP_sha256},
	{"pbkdf2_sha512$", COST_DIGESTS, parse_django, verify_pbkdf2, EVP_sha512},
	{"pbkdf2:sha1:", COST_DIGESTS, parse_werkzeug, verify_pbkdf2, EVP_sha1},
	{"pbkdf2:sha256:", COST_DIGESTS, parse_werkzeug, verify_pbkdf2, EVP_sha256},
	{"pbkdf2:sha512:", COST_DIGESTS, parse_werkzeug, verify_pbkdf2, EVP_sha512},
	{"$pbkdf2$", COST_DIGESTS, parse_pbkdf2, verify_pbkdf2, EVP_sha1},
	{"$pbkdf2-sha256$", COST_DIGESTS, parse_pbkdf2, verify_pbkdf2, EVP_sha256},
	{"$pbkdf2-sha512$", COST_DIGESTS, parse_pbkdf2, verify_pbkdf2, EVP_sha512},
	{"AQAAAA", COST_DIGESTS, parse_aspnet, verify_pbkdf2, NULL},
	{"", COST_PASSES, parse_scrypt_better_auth, verify_scrypt, NULL},
};

static const HashLabel labels[] = {
	{"argon2", "$argon2id$", false},	/* Django */
	{"bcrypt$", "$2", false},
	{"bcrypt_sha256$", "$2", true},
	{"{argon2}", "$argon2id$", false},	/* Spring */
	{"{argon2@SpringSecurity_v5_8}", "$argon2id$", false},
	{"{bcrypt}", "$2", false},
};

/* Take the label off the front, if there is one before such a hash as it belongs to. */
static const HashLabel *
take_label(Span *text)
{
	for (size_t i = 0; i < sizeof(labels) / sizeof(labels[0]); i++)
	{
		Span		rest = *text;
		Span		hash;

		if (!span_take(&rest, labels[i].text))
			continue;
		hash = rest;
		if (!span_take(&rest, labels[i].prefix))
			continue;
		*text = hash;
		return &labels[i];
	}
	return NULL;
}

/* Read a hash, which must outlive what was read; false for any form that is not taken. */
bool
hash_parse(Span text, PasswordHash *hash)
{
	*hash = (PasswordHash) {.text = text};

	/* libsodium's decoder takes bytes beyond ASCII for digits of base64. */
	if (text.size == 0 || !span_is_ascii(text))
		return false;
	hash->label = take_label(&hash->text);
	for (size_t i = 0; i < sizeof(forms) / sizeof(forms[0]); i++)
	{
		Span		rest = hash->text;

		if (!span_take(&rest, forms[i].prefix))
			continue;
		hash->form = &forms[i];
		return forms[i].parse(rest, hash);
	}
	return false;
}

/* Tell whether a hash is of the very form that we make. */
bool
hash_is_ours(const PasswordHash *hash)
{
	return hash->spelling == SPELLING_NFC;
}

/* Return SHA-256 of a password in hexadecimal digits. */
static Span
prehash(Span password, HashScratch *scratch)
{
	crypto_hash_sha256(scratch->tag, (const unsigned char *) password.data, password.size);
	sodium_bin2hex(scratch->prehash, sizeof(scratch->prehash), scratch->tag, crypto_hash_sha256_BYTES);
	return (Span) {scratch->prehash, SHA256_HEX_SIZE};
}

/* Verify a password, as long as that takes. */
Verdict
hash_verify(const PasswordHash *hash, Span password, HashScratch *scratch)
{
	if (hash->label != NULL && hash->label->is_prehashed)
		password = prehash(password, scratch);
	return hash->form->verify(hash, password, scratch);
}
