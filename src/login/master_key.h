/*
 * The master keys: the first seals what signs login tokens, all of them open it.
 */
#ifndef ARSIGNUP_MASTER_KEY_H
#define ARSIGNUP_MASTER_KEY_H

#include <sodium.h>

#include "arsignup.h"
#include "base/text.h"

#define MASTER_KEY_ID_SIZE 16
#define MASTER_KEY_DERIVED_SIZE 32
#define SEAL_OVERHEAD 40		/* nonce and tag of XChaCha20-Poly1305 */

/* Why there are no master keys to be used, and what to do about it. */
typedef struct KeyTrouble
{
	const char *problem;		/* the end of a sentence, without a full stop */
	const char *remedy;			/* a sentence */
	bool		is_missing;		/* there is no key file, and that is all */
} KeyTrouble;

extern const char *master_key_setting(void);
extern const char *master_key_value(void);
extern char *master_key_place(void);
extern bool master_keys_load(KeyTrouble *trouble);
extern bool master_keys_exist(void);
extern void master_keys_require(void);
extern bool master_key_make(void);
extern bool master_key_is_here(Span id);
extern bool master_key_seals(Span id);
extern void master_key_derive(const char context[crypto_kdf_CONTEXTBYTES], uint8_t out[MASTER_KEY_DERIVED_SIZE]);
extern void seal(Span secret, Span context, uint8_t *out, uint8_t id[MASTER_KEY_ID_SIZE]);
extern bool unseal(Span id, Span sealed, Span context, uint8_t *out);

#endif							/* ARSIGNUP_MASTER_KEY_H */
