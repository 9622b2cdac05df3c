/*
 * Signup tokens as text. Pure C.
 */
#ifndef ARSIGNUP_TOKEN_H
#define ARSIGNUP_TOKEN_H

#include <stdbool.h>
#include <stdint.h>

#include "base/encode.h"
#include "base/text.h"

#define TOKEN_RANDOM_SIZE 32
#define TOKEN_LENGTH (4 + (UUID_SIZE + TOKEN_RANDOM_SIZE) / 3 * 4)
#define TOKEN_DIGEST_SIZE 32

extern void token_make(const uint8_t realm_id[UUID_SIZE], char out[TOKEN_LENGTH + 1]);
extern bool token_parse(Span token, uint8_t realm_id[UUID_SIZE], uint8_t digest[TOKEN_DIGEST_SIZE]);

#endif							/* ARSIGNUP_TOKEN_H */
