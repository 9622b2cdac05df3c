/*
 * The material of keys.
 *
 * Stored forms. HS256: the text jsk_ and 43 characters, which is the secret
 * itself, as AuthRocket's clients take it. EdDSA: 32 bytes of public key, 64
 * of secret key. RS256: DER, SubjectPublicKeyInfo and PKCS #8.
 */
#include "login/key_material.h"

#include <openssl/core_names.h>
#include <openssl/pem.h>
#include <openssl/rsa.h>
#include <openssl/x509.h>
#include <sodium.h>
#include <stdio.h>
#include <string.h>

#define BASE64URL sodium_base64_VARIANT_URLSAFE_NO_PADDING
#define HS256_PREFIX "jsk_"
#define HS256_RANDOM_SIZE 32
#define RSA_BITS 2048
#define RSA_NUMBER_MAX 1024

/* ---------- making ---------- */

/* Make a shared secret. */
static bool
make_hs256(KeyMaterial *material)
{
	uint8_t		random[HS256_RANDOM_SIZE];
	char	   *text = (char *) material->private_half;

	randombytes_buf(random, sizeof(random));
	strcpy(text, HS256_PREFIX);
	sodium_bin2base64(text + strlen(HS256_PREFIX), KEY_MATERIAL_MAX - strlen(HS256_PREFIX),
					  random, sizeof(random), BASE64URL);
	sodium_memzero(random, sizeof(random));
	material->private_size = strlen(text);
	material->public_size = 0;
	return true;
}

/* Make an Ed25519 key. */
static bool
make_eddsa(KeyMaterial *material)
{
	material->private_size = ED25519_SECRET_SIZE;
	material->public_size = ED25519_PUBLIC_SIZE;
	return crypto_sign_keypair(material->public_half, material->private_half) == 0;
}

/* Make an RSA key. */
static bool
make_rs256(KeyMaterial *material)
{
	EVP_PKEY   *key = EVP_RSA_gen(RSA_BITS);
	uint8_t    *private_end = material->private_half;
	uint8_t    *public_end = material->public_half;
	PKCS8_PRIV_KEY_INFO *pkcs8 = key ? EVP_PKEY2PKCS8(key) : NULL;
	int			private_size = pkcs8 ? i2d_PKCS8_PRIV_KEY_INFO(pkcs8, NULL) : -1;
	int			public_size = key ? i2d_PUBKEY(key, NULL) : -1;
	bool		fits = private_size > 0 && private_size <= KEY_MATERIAL_MAX &&
		public_size > 0 && public_size <= KEY_MATERIAL_MAX;

	if (fits)
	{
		material->private_size = i2d_PKCS8_PRIV_KEY_INFO(pkcs8, &private_end);
		material->public_size = i2d_PUBKEY(key, &public_end);
	}
	PKCS8_PRIV_KEY_INFO_free(pkcs8);
	EVP_PKEY_free(key);
	return fits;
}

/* Make a key; false if OpenSSL fails. */
bool
key_material_make(JwtAlg alg, KeyMaterial *material)
{
	switch (alg)
	{
		case JWT_HS256:
			return make_hs256(material);
		case JWT_EDDSA:
			return make_eddsa(material);
		case JWT_RS256:
			return make_rs256(material);
	}
	return false;
}

/* ---------- opening ---------- */

/* Copy a secret to where it is neither swapped nor dumped; NULL if there is no such memory. */
static void *
keep_secret(const void *secret, size_t size)
{
	void	   *kept = sodium_malloc(size);

	if (kept == NULL)
		return NULL;
	memcpy(kept, secret, size);
	sodium_mprotect_readonly(kept);
	return kept;
}

/* Begin an HMAC under the secret, and keep it like that: two blocks of hashing that each message is spared. Without memory nothing is kept. */
static bool
begin_hmac(JwtKey *key)
{
	crypto_auth_hmacsha256_state state;

	crypto_auth_hmacsha256_init(&state, key->secret, key->secret_size);
	key->hmac = keep_secret(&state, sizeof(state));
	sodium_memzero(&state, sizeof(state));
	if (key->hmac != NULL)
		return true;
	sodium_free(key->secret);
	key->secret = NULL;
	return false;
}

/* Make the public half usable. */
bool
jwt_key_open_public(JwtKey *key, Span public_half)
{
	const uint8_t *bytes = (const uint8_t *) public_half.data;

	switch (key->alg)
	{
		case JWT_HS256:
			return public_half.size == 0;
		case JWT_EDDSA:
			if (public_half.size != ED25519_PUBLIC_SIZE)
				return false;
			memcpy(key->public_key, bytes, ED25519_PUBLIC_SIZE);
			return true;
		case JWT_RS256:
			key->rsa = d2i_PUBKEY(NULL, &bytes, public_half.size);
			return key->rsa != NULL;
	}
	return false;
}

/* Make the private half usable. */
bool
jwt_key_open_private(JwtKey *key, Span private_half)
{
	const uint8_t *bytes = (const uint8_t *) private_half.data;
	EVP_PKEY   *rsa;

	if (key->alg == JWT_EDDSA && private_half.size != ED25519_SECRET_SIZE)
		return false;
	if (key->alg != JWT_RS256)
	{
		key->secret = keep_secret(private_half.data, private_half.size);
		key->secret_size = private_half.size;
		return key->secret != NULL && (key->alg != JWT_HS256 || begin_hmac(key));
	}
	rsa = d2i_AutoPrivateKey(NULL, &bytes, private_half.size);
	if (rsa == NULL)
		return false;
	EVP_PKEY_free(key->rsa);
	key->rsa = rsa;
	return true;
}

/* Wipe and free what a key holds. */
void
jwt_key_close(JwtKey *key)
{
	sodium_free(key->secret);
	sodium_free(key->hmac);
	EVP_PKEY_free(key->rsa);
	sodium_memzero(key, sizeof(*key));
}

/* ---------- showing ---------- */

/* Write one of an RSA key's public numbers as base64url. */
static bool
format_number(const EVP_PKEY *rsa, const char *name, char *out, size_t capacity)
{
	uint8_t		bytes[RSA_NUMBER_MAX];
	BIGNUM	   *number = NULL;
	int			size;

	if (EVP_PKEY_get_bn_param(rsa, name, &number) != 1)
		return false;
	size = BN_num_bytes(number);
	if (size <= RSA_NUMBER_MAX)
	{
		BN_bn2bin(number, bytes);
		sodium_bin2base64(out, capacity, bytes, size, BASE64URL);
	}
	BN_free(number);
	return size <= RSA_NUMBER_MAX;
}

/* Write the public half as a JSON Web Key (RFC 7517); a shared secret has none. */
bool
jwk_format(const JwtKey *key, const char *kid, char *out, size_t capacity)
{
	char		n[sodium_base64_ENCODED_LEN(RSA_NUMBER_MAX, BASE64URL)];
	char		e[sodium_base64_ENCODED_LEN(RSA_NUMBER_MAX, BASE64URL)];

	switch (key->alg)
	{
		case JWT_HS256:
			return false;
		case JWT_EDDSA:
			sodium_bin2base64(n, sizeof(n), key->public_key, ED25519_PUBLIC_SIZE, BASE64URL);
			snprintf(out, capacity, "{\"kty\":\"OKP\",\"crv\":\"Ed25519\",\"x\":\"%s\","
					 "\"kid\":\"%s\",\"alg\":\"EdDSA\",\"use\":\"sig\"}", n, kid);
			return true;
		case JWT_RS256:
			if (!format_number(key->rsa, OSSL_PKEY_PARAM_RSA_N, n, sizeof(n)) ||
				!format_number(key->rsa, OSSL_PKEY_PARAM_RSA_E, e, sizeof(e)))
				return false;
			snprintf(out, capacity, "{\"kty\":\"RSA\",\"n\":\"%s\",\"e\":\"%s\","
					 "\"kid\":\"%s\",\"alg\":\"RS256\",\"use\":\"sig\"}", n, e, kid);
			return true;
	}
	return false;
}

/* Return an OpenSSL key with the public half, to be freed. */
static EVP_PKEY *
public_key(const JwtKey *key)
{
	if (key->alg == JWT_EDDSA)
		return EVP_PKEY_new_raw_public_key(EVP_PKEY_ED25519, NULL, key->public_key, ED25519_PUBLIC_SIZE);
	if (key->rsa != NULL)
		EVP_PKEY_up_ref(key->rsa);
	return key->rsa;
}

/* Write the public half as PEM. */
bool
public_pem_format(const JwtKey *key, char *out, size_t capacity)
{
	EVP_PKEY   *public = public_key(key);
	BIO		   *bio = BIO_new(BIO_s_mem());
	int			size = -1;

	if (public != NULL && bio != NULL && PEM_write_bio_PUBKEY(bio, public) == 1)
		size = BIO_read(bio, out, capacity - 1);
	BIO_free(bio);
	EVP_PKEY_free(public);
	if (size < 0)
		return false;
	out[size] = '\0';
	return true;
}
