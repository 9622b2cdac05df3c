/*
 * Login tokens: JSON Web Tokens (RFC 7519) in compact form. Pure C.
 */
#ifndef ARSIGNUP_JWT_H
#define ARSIGNUP_JWT_H

#include <openssl/evp.h>
#include <stdbool.h>
#include <stdint.h>

#include "base/text.h"
#include "login/plain.h"

#define JWT_MAX_SIZE 65536		/* bytes of a whole token */
#define JWT_MAX_DEPTH 64		/* of arrays and objects in the claims, as readers in .NET take at most */
#define JWT_MAX_DIGITS 308		/* of a number in the claims: any such one is in the range of double */
#define JWT_KID_MAX 64
#define JWT_SIGNATURE_MAX 512	/* RSA with 4096 bits */
#define ED25519_PUBLIC_SIZE 32
#define ED25519_SECRET_SIZE 64

typedef enum JwtAlg
{
	JWT_HS256,
	JWT_EDDSA,
	JWT_RS256
} JwtAlg;

/* A key as it is used; what its algorithm does not need is empty. */
typedef struct JwtKey
{
	JwtAlg		alg;
	uint8_t	   *secret;			/* HS256: the shared secret; EdDSA: the secret key */
	size_t		secret_size;
	struct crypto_auth_hmacsha256_state *hmac;	/* HS256: begun under the secret */
	uint8_t		public_key[ED25519_PUBLIC_SIZE];
	EVP_PKEY   *rsa;			/* with its private half only where it signs */
} JwtKey;

/* A token taken apart; spans lie in the token. */
typedef struct Jwt
{
	Span		signed_part;	/* header.payload */
	Span		payload;		/* base64url */
	uint8_t		signature[JWT_SIGNATURE_MAX];
	size_t		signature_size;
	JwtAlg		alg;
	char		kid[JWT_KID_MAX + 1];
} Jwt;

/* The claims that decide whether a token holds. */
typedef struct JwtClaims
{
	char		aud[64];
	char		uid[64];
	char		tk[64];
	int64_t		gen;			/* the user's token_generation */
	int64_t		iat;
	int64_t		exp;
	PlainObject all;			/* without members unless they are written plainly */
} JwtClaims;

extern const char *jwt_alg_name(JwtAlg alg);
extern bool jwt_parse(Span token, Jwt *jwt);
extern bool jwt_decode_payload(const Jwt *jwt, char *out, size_t *size);
extern bool jwt_verify(const Jwt *jwt, const JwtKey *key);
extern size_t jwt_payload_room(const JwtKey *key, const char *kid, size_t token_size);
extern size_t jwt_token_size(size_t payload_size);
extern size_t jwt_sign(const JwtKey *key, const char *kid, Span payload, char *out, size_t capacity);

#endif							/* ARSIGNUP_JWT_H */
