/*
 * The material of keys: made, opened, shown, closed.
 */
#include "login/key_material.h"

#include <openssl/pem.h>
#include <openssl/rsa.h>
#include <openssl/x509.h>
#include <sodium.h>

#include "tap.h"

#define ROUNDS 10000
#define SECRET_SIZE 47			/* jsk_ and 43 characters */
#define CLIENTS_LIMIT 256		/* longer secrets are PEM to AuthRocket's clients */

/* ---------- helpers ---------- */

/* Return a half as a span of its own: ASan sees what is read beside it. To be freed. */
static Span
half(const uint8_t *bytes, size_t size)
{
	return exact_copy((Span) {(const char *) bytes, size});
}

/* Tell whether a half opens as public half of an algorithm. */
static bool
opens_public(JwtAlg alg, Span bytes)
{
	JwtKey		key = {.alg = alg};
	bool		is_open = jwt_key_open_public(&key, bytes);

	jwt_key_close(&key);
	return is_open;
}

/* Tell whether a half opens as private half of an algorithm. */
static bool
opens_private(JwtAlg alg, Span bytes)
{
	JwtKey		key = {.alg = alg};
	bool		is_open = jwt_key_open_private(&key, bytes);

	jwt_key_close(&key);
	return is_open;
}

/* Return how many beginnings of a half open, itself left out. */
static int
beginnings_that_open(bool (*opens) (JwtAlg, Span), JwtAlg alg, const uint8_t *bytes, size_t size)
{
	int			open = 0;

	for (size_t i = 0; i < size; i++)
	{
		Span		part = half(bytes, i);

		open += opens(alg, part);
		free((char *) part.data);
	}
	return open;
}

/* Open both halves of what was made. */
static bool
open_both(JwtKey *key, const KeyMaterial *material)
{
	Span		public = half(material->public_half, material->public_size);
	Span		private = half(material->private_half, material->private_size);
	bool		is_open = jwt_key_open_public(key, public) && jwt_key_open_private(key, private);

	free((char *) public.data);
	free((char *) private.data);
	return is_open;
}

/* Tell whether one key verifies what another signed. */
static bool
verifies(const JwtKey *verifier, const JwtKey *signer)
{
	char		token[4096];
	Jwt			jwt;
	size_t		size = jwt_sign(signer, "kid", (Span) TEXT("{\"a\":1}"), token, sizeof(token));

	return size > 0 && jwt_parse((Span) {token, size}, &jwt) && jwt_verify(&jwt, verifier);
}

/* ---------- what is made ---------- */

/* Check a shared secret. */
static void
check_hs256(void)
{
	KeyMaterial first;
	KeyMaterial second;
	const char *text = (const char *) first.private_half;

	ok(key_material_make(JWT_HS256, &first) && key_material_make(JWT_HS256, &second), "HS256: two are made");
	is_int(first.private_size, SECRET_SIZE, "HS256: its size");
	ok(first.private_size <= CLIENTS_LIMIT, "HS256: no client takes it for PEM");
	is_int(first.public_size, 0, "HS256: there is no public half");
	ok(strncmp(text, "jsk_", 4) == 0 &&
	   strspn(text + 4, "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-_") == SECRET_SIZE - 4,
	   "HS256: it is jsk_ and base64url");
	ok(memcmp(first.private_half, second.private_half, SECRET_SIZE) != 0, "HS256: no two are the same");
	ok(!opens_public(JWT_HS256, (Span) TEXT("x")), "HS256: a public half does not open");
	ok(opens_public(JWT_HS256, (Span) TEXT("")), "HS256: none does");
}

/* Check an Ed25519 key. */
static void
check_eddsa(void)
{
	KeyMaterial first;
	KeyMaterial second;
	uint8_t		public[ED25519_PUBLIC_SIZE];
	uint8_t		secret[ED25519_SECRET_SIZE];
	Span		longer;

	ok(key_material_make(JWT_EDDSA, &first) && key_material_make(JWT_EDDSA, &second), "EdDSA: two are made");
	is_int(first.private_size, ED25519_SECRET_SIZE, "EdDSA: size of the private half");
	is_int(first.public_size, ED25519_PUBLIC_SIZE, "EdDSA: size of the public half");
	crypto_sign_seed_keypair(public, secret, first.private_half);
	ok(memcmp(public, first.public_half, sizeof(public)) == 0 && memcmp(secret, first.private_half, sizeof(secret)) == 0,
	   "EdDSA: both halves come of the seed");
	ok(memcmp(first.public_half, second.public_half, sizeof(public)) != 0, "EdDSA: no two are the same");
	is_int(beginnings_that_open(opens_public, JWT_EDDSA, first.public_half, first.public_size), 0,
		   "EdDSA: no part of the public half opens");
	is_int(beginnings_that_open(opens_private, JWT_EDDSA, first.private_half, first.private_size), 0,
		   "EdDSA: no part of the private half opens");
	longer = half(first.private_half, ED25519_SECRET_SIZE + 1);
	ok(!opens_public(JWT_EDDSA, (Span) {longer.data, ED25519_PUBLIC_SIZE + 1}) && !opens_private(JWT_EDDSA, longer),
	   "EdDSA: nor does more than a half");
	free((char *) longer.data);
}

/* Check an RSA key. */
static void
check_rs256(void)
{
	KeyMaterial first;
	KeyMaterial second;
	const uint8_t *end = first.public_half;
	EVP_PKEY   *public;
	PKCS8_PRIV_KEY_INFO *pkcs8;
	EVP_PKEY   *private;
	BIGNUM	   *e = NULL;

	ok(key_material_make(JWT_RS256, &first) && key_material_make(JWT_RS256, &second), "RS256: two are made");
	public = d2i_PUBKEY(NULL, &end, first.public_size);
	is_int(end - first.public_half, first.public_size, "RS256: the public half is DER, all of it");
	ok(EVP_PKEY_is_a(public, "RSA"), "RS256: ... of an RSA key");
	is_int(EVP_PKEY_get_bits(public), 2048, "RS256: ... of 2048 bits");
	EVP_PKEY_get_bn_param(public, "e", &e);
	ok(BN_is_word(e, 65537), "RS256: ... with the usual exponent");
	end = first.private_half;
	pkcs8 = d2i_PKCS8_PRIV_KEY_INFO(NULL, &end, first.private_size);
	is_int(end - first.private_half, first.private_size, "RS256: the private half is PKCS #8, all of it");
	private = EVP_PKCS82PKEY(pkcs8);
	ok(EVP_PKEY_eq(private, public) == 1, "RS256: both halves are of one key");
	ok(first.public_size != second.public_size ||
	   memcmp(first.public_half, second.public_half, first.public_size) != 0, "RS256: no two are the same");
	is_int(beginnings_that_open(opens_public, JWT_RS256, first.public_half, first.public_size), 0,
		   "RS256: no part of the public half opens");
	is_int(beginnings_that_open(opens_private, JWT_RS256, first.private_half, first.private_size), 0,
		   "RS256: no part of the private half opens");
	ok(!opens_public(JWT_RS256, (Span) {(char *) first.private_half, first.private_size}),
	   "RS256: the private half is no public one");
	ok(!opens_private(JWT_RS256, (Span) {(char *) first.public_half, first.public_size}),
	   "RS256: the public half is no private one");
	EVP_PKEY_free(public);
	EVP_PKEY_free(private);
	PKCS8_PRIV_KEY_INFO_free(pkcs8);
	BN_free(e);
}

/* Check that whoever has the public half can verify and nothing else, and who has both can sign. */
static void
check_use(JwtAlg alg)
{
	const char *name = jwt_alg_name(alg);
	KeyMaterial material;
	KeyMaterial other_material;
	JwtKey		whole = {.alg = alg};
	JwtKey		again = {.alg = alg};
	JwtKey		other = {.alg = alg};
	JwtKey		public = {.alg = alg};

	ok(key_material_make(alg, &material) && key_material_make(alg, &other_material) &&
	   open_both(&whole, &material) && open_both(&again, &material) && open_both(&other, &other_material),
	   "%s: what is made opens", name);
	ok(verifies(&whole, &whole) && verifies(&again, &whole) && verifies(&whole, &again), "%s: it verifies what it signed", name);
	ok(!verifies(&other, &whole) && !verifies(&whole, &other), "%s: not what another signed", name);
	if (alg != JWT_HS256)
	{
		jwt_key_open_public(&public, (Span) {(char *) material.public_half, material.public_size});
		ok(verifies(&public, &whole) && !verifies(&public, &other), "%s: its public half verifies likewise", name);
		ok(public.secret == NULL && public.secret_size == 0, "%s: ... without a secret", name);
	}
	jwt_key_close(&whole);
	ok(whole.secret == NULL && whole.rsa == NULL && whole.secret_size == 0 &&
	   sodium_is_zero(whole.public_key, ED25519_PUBLIC_SIZE), "%s: closed, it holds nothing", name);
	jwt_key_close(&whole);
	jwt_key_close(&again);
	jwt_key_close(&other);
	jwt_key_close(&public);
}

/* ---------- what is shown ---------- */

/* Check a JSON Web Key against that of RFC 8037, A.2. */
static void
check_eddsa_jwk(void)
{
	JwtKey		key = {.alg = JWT_EDDSA};
	char		jwk[KEY_MATERIAL_MAX];
	char		pem[KEY_MATERIAL_MAX];

	from_hex("d75a980182b10ab7d54bfed3c964073a0ee172f3daa62325af021a68f707511a", key.public_key);
	ok(jwk_format(&key, "jk_1", jwk, sizeof(jwk)), "EdDSA: a JWK is written");
	is_string(jwk, "{\"kty\":\"OKP\",\"crv\":\"Ed25519\",\"x\":\"11qYAYKxCrfVS_7TyWQHOg7hcvPapiMlrwIaaPcHURo\","
			  "\"kid\":\"jk_1\",\"alg\":\"EdDSA\",\"use\":\"sig\"}", "EdDSA: it is that of RFC 8037");
	ok(public_pem_format(&key, pem, sizeof(pem)), "EdDSA: PEM is written");
	is_string(pem, "-----BEGIN PUBLIC KEY-----\n"
			  "MCowBQYDK2VwAyEA11qYAYKxCrfVS/7TyWQHOg7hcvPapiMlrwIaaPcHURo=\n"
			  "-----END PUBLIC KEY-----\n", "EdDSA: it is SubjectPublicKeyInfo of RFC 8410");
}

/* Check what is shown of an RSA key: read by others, it is the same key. */
static void
check_rs256_shown(void)
{
	JwtKey		key = {.alg = JWT_RS256};
	KeyMaterial material;
	char		jwk[KEY_MATERIAL_MAX];
	char		pem[KEY_MATERIAL_MAX];
	char		expected[KEY_MATERIAL_MAX];
	char		n[512];
	uint8_t		bytes[256];
	BIGNUM	   *modulus = NULL;
	BIO		   *bio;
	EVP_PKEY   *read;

	if (!key_material_make(JWT_RS256, &material) || !open_both(&key, &material))
		abort();
	EVP_PKEY_get_bn_param(key.rsa, "n", &modulus);
	BN_bn2binpad(modulus, bytes, sizeof(bytes));
	BN_free(modulus);
	sodium_bin2base64(n, sizeof(n), bytes, sizeof(bytes), sodium_base64_VARIANT_URLSAFE_NO_PADDING);
	sprintf(expected, "{\"kty\":\"RSA\",\"n\":\"%s\",\"e\":\"AQAB\",\"kid\":\"jk_1\",\"alg\":\"RS256\",\"use\":\"sig\"}", n);
	ok(jwk_format(&key, "jk_1", jwk, sizeof(jwk)), "RS256: a JWK is written");
	is_string(jwk, expected, "RS256: it has the modulus and the exponent, and nothing private");
	ok(public_pem_format(&key, pem, sizeof(pem)), "RS256: PEM is written");
	ok(strlen(pem) > CLIENTS_LIMIT, "RS256: every client takes it for PEM");
	bio = BIO_new_mem_buf(pem, -1);
	read = PEM_read_bio_PUBKEY(bio, NULL, NULL, NULL);
	ok(EVP_PKEY_eq(read, key.rsa) == 1, "RS256: it is the same key");
	ok(strstr(pem, "PRIVATE") == NULL && strncmp(pem, "-----BEGIN PUBLIC KEY-----\n", 27) == 0, "RS256: its public half");
	BIO_free(bio);
	EVP_PKEY_free(read);
	jwt_key_close(&key);
}

/* Check that nothing is shown of a shared secret, and of no key. */
static void
check_not_shown(void)
{
	JwtKey		key = {.alg = JWT_HS256};
	KeyMaterial material;
	char		out[KEY_MATERIAL_MAX] = "nothing";

	if (!key_material_make(JWT_HS256, &material) || !open_both(&key, &material))
		abort();
	ok(!jwk_format(&key, "jk_1", out, sizeof(out)), "HS256: there is no JWK");
	ok(!public_pem_format(&key, out, sizeof(out)), "HS256: there is no PEM");
	is_string(out, "nothing", "HS256: nothing is written");
	jwt_key_close(&key);
	key.alg = JWT_RS256;
	ok(!public_pem_format(&key, out, sizeof(out)), "RS256: without a key there is no PEM");
}

/* ---------- mutations ---------- */

/* Spoil a half in up to three places. */
static void
spoil(uint8_t *bytes, size_t *size)
{
	for (size_t i = random_below(3) + 1; i > 0 && *size > 0; i--)
		switch (random_below(4))
		{
			case 0:
				bytes[random_below(*size)] = next_random() >> 40;
				break;
			case 1:
				bytes[random_below(*size < 40 ? *size : 40)] ^= 1 << random_below(8);
				break;
			case 2:
				*size = random_below(*size + 1);
				break;
			case 3:
				*size += *size < KEY_MATERIAL_MAX;
				break;
		}
}

/* Open spoiled halves; what opens can be shown and used without harm. */
static void
fuzz_halves(void)
{
	KeyMaterial good;
	int			opened = 0;
	int			refused = 0;

	if (!key_material_make(JWT_RS256, &good))
		abort();
	for (int i = 0; i < ROUNDS; i++)
	{
		KeyMaterial spoiled = good;
		JwtKey		key = {.alg = i % 10 == 0 ? JWT_EDDSA : JWT_RS256};
		char		out[KEY_MATERIAL_MAX];
		Span		public;
		Span		private;

		spoil(spoiled.public_half, &spoiled.public_size);
		public = half(spoiled.public_half, spoiled.public_size);
		if (jwt_key_open_public(&key, public))
		{
			opened++;
			(void) jwk_format(&key, "kid", out, sizeof(out));
			(void) public_pem_format(&key, out, sizeof(out));
		}
		else
			refused++;
		if (i % 20 == 1)
		{
			spoil(spoiled.private_half, &spoiled.private_size);
			private = half(spoiled.private_half, spoiled.private_size);
			(void) jwt_key_open_private(&key, private);
			free((char *) private.data);
		}
		free((char *) public.data);
		jwt_key_close(&key);
	}
	ok(opened > ROUNDS / 20 && refused > ROUNDS / 20, "of %d spoiled halves %d open, %d do not", ROUNDS, opened, refused);
}

int
main(void)
{
	plan(8 + 8 + 12 + 3 * 4 + 2 * 2 + 4 + 6 + 4 + 1);
	if (sodium_init() < 0)
		abort();
	check_hs256();
	check_eddsa();
	check_rs256();
	for (int alg = JWT_HS256; alg <= JWT_RS256; alg++)
		check_use(alg);
	check_eddsa_jwk();
	check_rs256_shown();
	check_not_shown();
	fuzz_halves();
	return tap_status();
}
