/*
 * Opaque tokens as text. Pure C.
 */
#ifndef ARSIGNUP_TOKEN_H
#define ARSIGNUP_TOKEN_H

#include <stdbool.h>
#include <stdint.h>

#include "base/encode.h"
#include "base/text.h"

#define TOKEN_PREFIX_LENGTH 4
#define TOKEN_RANDOM_SIZE 32
#define TOKEN_LENGTH (TOKEN_PREFIX_LENGTH + (UUID_SIZE + TOKEN_RANDOM_SIZE) / 3 * 4)
#define TOKEN_DIGEST_SIZE 32

/* A signup's id: its prefix, and realm and id of the signup, in base62. */
#define SIGNUP_ID_PREFIX "sgn_"
#define SIGNUP_ID_LENGTH (TOKEN_PREFIX_LENGTH + 2 * BASE62_UUID_LENGTH)

/* What a token is for, told by its prefix. */
#define SIGNUP_TOKEN_PREFIX "utk_"
#define BROWSER_SESSION_PREFIX "kbs_"
#define PASSWORD_RESET_PREFIX "kpw_"
#define EMAIL_VERIFICATION_PREFIX "kev_"

extern void token_make(const char *prefix, const uint8_t realm_id[UUID_SIZE], char out[TOKEN_LENGTH + 1]);
extern bool token_parse(const char *prefix, Span token, uint8_t realm_id[UUID_SIZE],
						uint8_t digest[TOKEN_DIGEST_SIZE]);
extern void token_id(const uint8_t digest[TOKEN_DIGEST_SIZE], uint8_t id[UUID_SIZE]);
extern void signup_id_write(const uint8_t realm_id[UUID_SIZE], const uint8_t id[UUID_SIZE],
							char out[SIGNUP_ID_LENGTH + 1]);
extern bool signup_id_parse(Span text, uint8_t realm_id[UUID_SIZE], uint8_t id[UUID_SIZE]);

#endif							/* ARSIGNUP_TOKEN_H */
