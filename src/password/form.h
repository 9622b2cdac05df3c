/*
 * Password hashes of every form that is taken: reading one, verifying against
 * it. Pure C.
 */
#ifndef ARSIGNUP_FORM_H
#define ARSIGNUP_FORM_H

#include <crypt.h>
#include <openssl/evp.h>

#include "password/phc.h"

#define KDF_SALT_MAX 128
#define KDF_TAG_MIN 16
#define KDF_TAG_MAX 64
#define SHA256_HEX_SIZE 64

/* What a form counts in its iterations; each has a limit of its own. */
typedef enum CostUnit
{
	COST_PASSES,				/* over the memory */
	COST_BCRYPT,				/* the logarithm of its rounds */
	COST_DIGESTS				/* iterations of HMAC, rounds of sha-crypt */
} CostUnit;

/* How the password is written that a hash was made of. */
typedef enum Spelling
{
	SPELLING_TYPED,				/* as it is typed */
	SPELLING_NFC,				/* in normal form C: our own hashes */
	SPELLING_NFKC				/* in normal form KC */
} Spelling;

/* A hash of scrypt or PBKDF2. */
typedef struct KdfHash
{
	uint32_t	log_n;			/* scrypt only, as the two that follow */
	uint32_t	r;
	uint32_t	p;
	uint32_t	iterations;		/* PBKDF2 only, as the digest */
	const EVP_MD *digest;
	uint8_t		salt[KDF_SALT_MAX];
	size_t		salt_size;
	uint8_t		tag[KDF_TAG_MAX];
	size_t		tag_size;
} KdfHash;

/* A hash that was read: what it costs, and what its form needs to verify against it. */
typedef struct PasswordHash
{
	const struct HashForm *form;
	const struct HashLabel *label;	/* what stands before it, or NULL */
	Span		text;			/* the caller's, without the label */
	Spelling	spelling;
	uint32_t	memory;			/* KiB; the largest number also for more */
	uint32_t	iterations;		/* in the form's unit; likewise */
	union
	{
		Argon2Hash	argon2;
		KdfHash		kdf;
		size_t		tag_length; /* of crypt(3): how many characters at the end */
	};
} PasswordHash;

/* What verifying works in; it holds a copy of the password. */
typedef struct HashScratch
{
	uint8_t		tag[KDF_TAG_MAX];
	char		prehash[SHA256_HEX_SIZE + 1];
	struct crypt_data crypt;
} HashScratch;

typedef enum Verdict
{
	PASSWORD_WRONG,
	PASSWORD_RIGHT,
	PASSWORD_NO_MEMORY
} Verdict;

/* A form: how to tell it, to read what follows its prefix, and to verify. */
typedef struct HashForm
{
	const char *prefix;
	CostUnit	unit;
	bool		(*parse) (Span rest, PasswordHash *hash);
	Verdict		(*verify) (const PasswordHash *hash, Span password, HashScratch *scratch);
	const EVP_MD *(*digest) (void); /* PBKDF2 only, unless the hash says it */
} HashForm;

/* What another system writes before a hash of one of these forms. */
typedef struct HashLabel
{
	const char *text;
	const char *prefix;			/* with which what follows begins */
	bool		is_prehashed;	/* of SHA-256 of the password, in hexadecimal digits */
} HashLabel;

extern bool hash_parse(Span text, PasswordHash *hash);
extern bool hash_is_ours(const PasswordHash *hash);
extern Verdict hash_verify(const PasswordHash *hash, Span password, HashScratch *scratch);
extern bool argon2_compute(const Argon2Hash *hash, Span password, uint8_t *tag);

#endif							/* ARSIGNUP_FORM_H */
