/*
 * Login tokens: JSON Web Tokens (RFC 7519) in compact form.
 *
 * Strict on purpose (RFC 8725): what we did not write is not a token of ours.
 * A header has alg, typ and kid and nothing else; base64url has no padding and
 * no spare bits; no object has a member twice. The algorithm is compared with
 * the one of the key, never chosen by the token.
 *
 * Claims are carried as they are written, but for what the readers of others
 * refuse, so that one number would void the whole token: it may have so many
 * digits, and arrays and objects may nest so deep.
 */
#include "login/jwt.h"

#include <sodium.h>
#include <stdio.h>
#include <string.h>

#include "base/base64url.h"
#include "login/jwt_json.h"

#define BASE64URL sodium_base64_VARIANT_URLSAFE_NO_PADDING
#define HEADER_MAX 256

static const char *const alg_names[] = {"HS256", "EdDSA", "RS256"};

/* Return the name of an algorithm in a token's header. */
const char *
jwt_alg_name(JwtAlg alg)
{
	return alg_names[alg];
}

/* ---------- reading ---------- */

/* Take everything up to the next dot off the front. */
static bool
take_segment(Span *rest, Span *segment)
{
	const char *dot = rest->size > 0 ? memchr(rest->data, '.', rest->size) : NULL;

	if (dot == NULL)
		return false;
	*segment = (Span) {rest->data, dot - rest->data};
	*rest = (Span) {dot + 1, rest->size - segment->size - 1};
	return true;
}

/* Read a header. */
static bool
parse_header(Span segment, Jwt *jwt)
{
	char		text[HEADER_MAX];
	size_t		size;

	return base64url_decode(segment, text, sizeof(text), &size) && jwt_read_header((Span) {text, size}, jwt);
}

/* Take a token apart; false if it could not be one of ours. */
bool
jwt_parse(Span token, Jwt *jwt)
{
	Span		rest = token;
	Span		header;

	if (token.size > JWT_MAX_SIZE || !take_segment(&rest, &header) ||
		!take_segment(&rest, &jwt->payload))
		return false;
	jwt->signed_part = (Span) {token.data, header.size + 1 + jwt->payload.size};
	return base64url_decode(rest, jwt->signature, sizeof(jwt->signature), &jwt->signature_size) &&
		parse_header(header, jwt);
}

/* Decode the payload into a buffer of jwt->payload.size bytes. */
bool
jwt_decode_payload(const Jwt *jwt, char *out, size_t *size)
{
	return base64url_decode(jwt->payload, out, jwt->payload.size, size);
}

/* Tell whether an RSA signature fits. */
static bool
verify_rsa(const Jwt *jwt, EVP_PKEY *rsa)
{
	EVP_MD_CTX *context = EVP_MD_CTX_new();
	bool		fits = context != NULL &&
		EVP_DigestVerifyInit(context, NULL, EVP_sha256(), NULL, rsa) == 1 &&
		EVP_DigestVerify(context, jwt->signature, jwt->signature_size,
						 (const uint8_t *) jwt->signed_part.data, jwt->signed_part.size) == 1;

	EVP_MD_CTX_free(context);
	return fits;
}

/* Compute HMAC-SHA-256. */
static void
hmac(const JwtKey *key, Span message, uint8_t out[crypto_auth_hmacsha256_BYTES])
{
	crypto_auth_hmacsha256_state state = *key->hmac;

	crypto_auth_hmacsha256_update(&state, (const uint8_t *) message.data, message.size);
	crypto_auth_hmacsha256_final(&state, out);
	sodium_memzero(&state, sizeof(state));
}

/* Tell whether a token's signature fits, by the key's own algorithm. */
bool
jwt_verify(const Jwt *jwt, const JwtKey *key)
{
	uint8_t		mac[crypto_auth_hmacsha256_BYTES];

	if (jwt->alg != key->alg)
		return false;
	switch (key->alg)
	{
		case JWT_HS256:
			if (jwt->signature_size != sizeof(mac))
				return false;
			hmac(key, jwt->signed_part, mac);
			return sodium_memcmp(mac, jwt->signature, sizeof(mac)) == 0;
		case JWT_EDDSA:
			return jwt->signature_size == crypto_sign_BYTES &&
				crypto_sign_verify_detached(jwt->signature, (const uint8_t *) jwt->signed_part.data,
											jwt->signed_part.size, key->public_key) == 0;
		case JWT_RS256:
			return verify_rsa(jwt, key->rsa);
	}
	return false;
}

/* ---------- writing ---------- */

/* Write a token's header; return its size. */
static int
format_header(const JwtKey *key, const char *kid, char header[HEADER_MAX])
{
	return snprintf(header, HEADER_MAX, "{\"alg\":\"%s\",\"typ\":\"JWT\",\"kid\":\"%s\"}",
					alg_names[key->alg], kid);
}

/* Return the size of a key's signatures. */
static size_t
signature_size(const JwtKey *key)
{
	return key->alg == JWT_HS256 ? crypto_auth_hmacsha256_BYTES :
		key->alg == JWT_EDDSA ? crypto_sign_BYTES : (size_t) EVP_PKEY_size(key->rsa);
}

/* Return how large a payload may be for the token not to be larger than this. */
size_t
jwt_payload_room(const JwtKey *key, const char *kid, size_t token_size)
{
	char		header[HEADER_MAX];
	size_t		around = sodium_base64_encoded_len(format_header(key, kid, header), BASE64URL) +
		sodium_base64_encoded_len(signature_size(key), BASE64URL);	/* each with a NUL, where the token has a dot */

	return token_size > around ? (token_size - around) * 3 / 4 : 0;
}

/* Return the room that a token with such a payload needs at most. */
size_t
jwt_token_size(size_t payload_size)
{
	return sodium_base64_ENCODED_LEN(HEADER_MAX, BASE64URL) +
		sodium_base64_encoded_len(payload_size, BASE64URL) +
		sodium_base64_ENCODED_LEN(JWT_SIGNATURE_MAX, BASE64URL);
}

/* Write bytes as base64url; return the end. */
static char *
encode(char *out, const char *limit, const void *bytes, size_t size)
{
	sodium_bin2base64(out, limit - out, bytes, size, BASE64URL);
	return out + strlen(out);
}

/* Sign with an RSA key; return the signature's size, 0 if OpenSSL fails. */
static size_t
sign_rsa(EVP_PKEY *rsa, Span message, uint8_t out[JWT_SIGNATURE_MAX])
{
	EVP_MD_CTX *context = EVP_MD_CTX_new();
	size_t		size = JWT_SIGNATURE_MAX;
	bool		is_signed = context != NULL &&
		EVP_DigestSignInit(context, NULL, EVP_sha256(), NULL, rsa) == 1 &&
		EVP_DigestSign(context, out, &size, (const uint8_t *) message.data, message.size) == 1;

	EVP_MD_CTX_free(context);
	return is_signed ? size : 0;
}

/* Sign a message by the key's algorithm; return the signature's size, 0 on failure. */
static size_t
sign(const JwtKey *key, Span message, uint8_t out[JWT_SIGNATURE_MAX])
{
	switch (key->alg)
	{
		case JWT_HS256:
			hmac(key, message, out);
			return crypto_auth_hmacsha256_BYTES;
		case JWT_EDDSA:
			crypto_sign_detached(out, NULL, (const uint8_t *) message.data, message.size, key->secret);
			return crypto_sign_BYTES;
		case JWT_RS256:
			return sign_rsa(key->rsa, message, out);
	}
	return 0;
}

/* Write a signed token into a buffer of jwt_token_size bytes; return its length, 0 on failure. */
size_t
jwt_sign(const JwtKey *key, const char *kid, Span payload, char *out, size_t capacity)
{
	char		header[HEADER_MAX];
	uint8_t		signature[JWT_SIGNATURE_MAX];
	size_t		size;
	char	   *end;
	int			length = format_header(key, kid, header);

	end = encode(out, out + capacity, header, length);
	*end++ = '.';
	end = encode(end, out + capacity, payload.data, payload.size);
	size = sign(key, (Span) {out, end - out}, signature);
	if (size == 0)
		return 0;
	*end++ = '.';
	end = encode(end, out + capacity, signature, size);
	return end - out;
}
