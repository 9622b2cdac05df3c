/*
 * Keys as text. Pure C.
 */
#ifndef ARSIGNUP_KEY_H
#define ARSIGNUP_KEY_H

#include <stdbool.h>
#include <stdint.h>

#include "base/encode.h"
#include "base/text.h"

#define KEY_PREFIX_LENGTH 3
#define KEY_RANDOM_SIZE 32
#define KEY_SECRET_LENGTH 43	/* base64url of 32 bytes */
#define KEY_LENGTH (KEY_PREFIX_LENGTH + BASE62_UUID_LENGTH + 1 + KEY_SECRET_LENGTH)
#define KEY_DIGEST_SIZE 32

/* What a key opens, told by its prefix. */
#define API_KEY_PREFIX "ko_"
#define USER_KEY_PREFIX "ku_"

extern void key_make(const char *prefix, const uint8_t id[UUID_SIZE], char out[KEY_LENGTH + 1]);
extern void key_digest(Span key, uint8_t digest[KEY_DIGEST_SIZE]);
extern bool key_matches(Span key, const uint8_t *stored);
extern bool key_parse(const char *prefix, Span key, uint8_t id[UUID_SIZE]);

#endif							/* ARSIGNUP_KEY_H */
