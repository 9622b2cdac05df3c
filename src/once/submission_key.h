/*
 * What names a submission, and seals its answer. Pure C: no postgres.h.
 */
#ifndef ARSIGNUP_SUBMISSION_KEY_H
#define ARSIGNUP_SUBMISSION_KEY_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/text.h"

#define SUBMISSION_SECRET_SIZE 32
#define SUBMISSION_ID_SIZE 16
#define SUBMISSION_DIGEST_SIZE 32
#define SUBMISSION_SEAL_OVERHEAD 40 /* nonce and tag of XChaCha20-Poly1305 */

/* Characters of an Idempotency-Key; who gives no other proof of who they are must give one that nobody guesses. */
#define IDEMPOTENCY_KEY_MAX 255
#define IDEMPOTENCY_KEY_MIN_ANONYMOUS 16

#define IDEMPOTENCY_KEY_SENTENCE "Idempotency-Key must be 1 to 255 visible ASCII characters, and be sent once."
#define IDEMPOTENCY_KEY_ANONYMOUS_SENTENCE \
	"Idempotency-Key must be 16 to 255 visible ASCII characters, and be sent once."

/* Nothing of this can be computed without the secret, however much of the submission is known or guessed. */
typedef struct SubmissionKey
{
	uint8_t		id[SUBMISSION_ID_SIZE];
	uint8_t		body_digest[SUBMISSION_DIGEST_SIZE];
	uint8_t		seal_key[32];
} SubmissionKey;

/* Several texts, of which no other series of texts is the same. */
typedef struct Parts
{
	const Span *parts;
	size_t		count;
} Parts;

extern bool idempotency_key_read(Span header, size_t min_size, Span *key);
extern void submission_key_make(const uint8_t secret[SUBMISSION_SECRET_SIZE], Parts name, Parts body,
								SubmissionKey *key);
extern void submission_seal(const SubmissionKey *key, Span answer, uint8_t *out);
extern bool submission_open(const SubmissionKey *key, Span sealed, uint8_t *out);

#endif							/* ARSIGNUP_SUBMISSION_KEY_H */
