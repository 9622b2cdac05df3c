/*
 * The material of keys: making it, and moving it between its stored and its
 * usable form. Pure C.
 */
#ifndef ARSIGNUP_KEY_MATERIAL_H
#define ARSIGNUP_KEY_MATERIAL_H

#include "login/jwt.h"

#define KEY_MATERIAL_MAX 4096	/* bytes of a stored private or public half */

/* A key as it is stored: bytes of both halves, the private one not yet sealed. */
typedef struct KeyMaterial
{
	uint8_t		private_half[KEY_MATERIAL_MAX];
	size_t		private_size;
	uint8_t		public_half[KEY_MATERIAL_MAX];
	size_t		public_size;	/* 0 for HS256 */
} KeyMaterial;

extern bool key_material_make(JwtAlg alg, KeyMaterial *material);
extern bool jwt_key_open_public(JwtKey *key, Span public_half);
extern bool jwt_key_open_private(JwtKey *key, Span private_half);
extern void jwt_key_close(JwtKey *key);
extern bool jwk_format(const JwtKey *key, const char *kid, char *out, size_t capacity);
extern bool public_pem_format(const JwtKey *key, char *out, size_t capacity);

#endif							/* ARSIGNUP_KEY_MATERIAL_H */
