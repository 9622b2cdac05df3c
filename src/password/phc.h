/*
 * Password hashes as text: the PHC string format. Pure C.
 */
#ifndef ARSIGNUP_PHC_H
#define ARSIGNUP_PHC_H

#include <stdbool.h>
#include <stdint.h>

#include "base/text.h"

#define ARGON2_SALT_SIZE 16		/* of the hashes that we make */
#define ARGON2_SALT_MIN 8
#define ARGON2_SALT_MAX 128
#define ARGON2_LANES_MAX 0xffffff
#define ARGON2_MEMORY_MIN 8		/* KiB, for each lane */
#define ARGON2_TAG_SIZE 32		/* of the hashes that we make */
#define ARGON2_TAG_MIN 16
#define ARGON2_TAG_MAX 64
#define PHC_SIZE 384			/* room for any text that phc_format writes */

/* An argon2id hash of version 1.3. */
typedef struct Argon2Hash
{
	uint32_t	memory;			/* KiB */
	uint32_t	iterations;
	uint32_t	lanes;
	uint8_t		salt[ARGON2_SALT_MAX];
	size_t		salt_size;
	uint8_t		tag[ARGON2_TAG_MAX];
	size_t		tag_size;
} Argon2Hash;

extern bool phc_take_bytes(Span *text, int variant, uint8_t *bytes, size_t capacity, size_t *size);
extern bool phc_parse(Span text, Argon2Hash *hash);
extern void phc_format(const Argon2Hash *hash, char out[PHC_SIZE]);

#endif							/* ARSIGNUP_PHC_H */
