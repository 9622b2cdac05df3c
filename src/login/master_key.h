/*
 * The master key: seals what signs login tokens.
 */
#ifndef ARSIGNUP_MASTER_KEY_H
#define ARSIGNUP_MASTER_KEY_H

#include "arsignup.h"
#include "base/text.h"

#define MASTER_KEY_ID_SIZE 16
#define SEAL_OVERHEAD 40		/* nonce and tag of XChaCha20-Poly1305 */

extern void master_key_make(void);
extern const uint8_t *master_key_id(void);
extern void seal(Span secret, Span context, uint8_t *out);
extern bool unseal(Span sealed, Span context, uint8_t *out);

#endif							/* ARSIGNUP_MASTER_KEY_H */
