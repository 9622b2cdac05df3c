/*
 * API keys as text. Pure C: no postgres.h.
 */
#ifndef ARSIGNUP_KEY_TEXT_H
#define ARSIGNUP_KEY_TEXT_H

#include <stdbool.h>
#include <stdint.h>

#include "base/encode.h"
#include "base/text.h"

#define API_KEY_PREFIX "ko_"
#define API_KEY_PREFIX_LENGTH 3
#define API_KEY_RANDOM_SIZE 32
#define API_KEY_SECRET_LENGTH 43	/* base64url of 32 bytes */
#define API_KEY_LENGTH (API_KEY_PREFIX_LENGTH + BASE62_UUID_LENGTH + 1 + API_KEY_SECRET_LENGTH)
#define API_KEY_DIGEST_SIZE 32

extern void api_key_make(const uint8_t id[UUID_SIZE], char out[API_KEY_LENGTH + 1]);
extern void api_key_digest(Span key, uint8_t digest[API_KEY_DIGEST_SIZE]);
extern bool api_key_parse(Span key, uint8_t id[UUID_SIZE]);

#endif							/* ARSIGNUP_KEY_TEXT_H */
