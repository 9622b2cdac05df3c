/*
 * Passwords: what is accepted, hashing, verifying.
 *
 * argon2id comes from libsodium as crypto_pwhash, not as crypto_pwhash_str:
 * the latter's verification reports running out of memory as a wrong password.
 */
#include "password/password.h"

#include <errno.h>
#include <sodium.h>

#include "base/argument.h"
#include "base/shared.h"
#include "catalog/pg_type.h"
#include "miscadmin.h"
#include "password/gate.h"
#include "password/phc.h"
#include "password/strength.h"

/*
 * What normal form C can shrink to PASSWORD_MAX_SIZE: no code point is
 * decomposed into more than four times its bytes.
 */
#define RAW_PASSWORD_MAX_SIZE (4 * PASSWORD_MAX_SIZE)

/* Bring a password into normal form C; false if it is empty or too long to be one. */
static bool
normalize_password(SecretScope *scope, Span *password)
{
	if (password->size == 0 || password->size > RAW_PASSWORD_MAX_SIZE)
		return false;
	*password = secret_to_nfc(scope, *password);
	return password->size <= PASSWORD_MAX_SIZE;
}

/* Note that a password is too easy to guess, and why. */
static void
check_strength(SecretScope *scope, Span password, const PasswordPolicy *policy, Faults *faults)
{
	Strength	strength;

	if (policy->min_score == 0)
		return;
	strength = strength_measure(scope, password, policy->related);
	if (strength.score >= policy->min_score)
		return;
	fault_add(faults, "password", strength.reason ?
			  psprintf("Password is too easy to guess: %s.", strength.reason) :
			  "Password is too easy to guess.");
}

/*
 * Return a new password as it will be hashed, or note what is wrong with it;
 * without data if it is blank or too long.
 */
Span
password_accept(SecretScope *scope, Span password, const PasswordPolicy *policy, Faults *faults)
{
	if (password.data == NULL || password.size == 0)
	{
		fault_add(faults, "password", "Password can't be blank.");
		return (Span) {NULL, 0};
	}
	if (!normalize_password(scope, &password))
	{
		fault_add(faults, "password", "Password can't be longer than 1,024 bytes.");
		return (Span) {NULL, 0};
	}
	if (utf8_length(password) < (size_t) policy->min_length)
		fault_add(faults, "password", psprintf("Password must have at least %d characters.",
											   policy->min_length));
	else
		check_strength(scope, password, policy, faults);
	return password;
}

/* Tell whether a password was typed the same twice; accepted is the first as password_accept returned it. */
bool
password_is_repeated(SecretScope *scope, Span accepted, Span again)
{
	return normalize_password(scope, &again) && again.size == accepted.size &&
		sodium_memcmp(again.data, accepted.data, again.size) == 0;
}

/* Compute a tag in a slot of the hash gate. */
static void
run_argon2(Span password, const Argon2Hash *hash, uint8_t *tag, size_t tag_size)
{
	int			result;
	int			error;

	if (password.data == NULL)
		elog(ERROR, "there is no password to hash");
	gate_enter();
	errno = 0;
	result = crypto_pwhash(tag, tag_size, password.data, password.size, hash->salt,
						   hash->iterations, (size_t) hash->memory * 1024,
						   crypto_pwhash_ALG_ARGON2ID13);
	error = errno;
	gate_leave();
	count(COUNT_HASHES_RUN);
	CHECK_FOR_INTERRUPTS();

	/* The parameters were checked before, so this is memory; errno is not to be relied on. */
	if (result != 0)
		ereport(ERROR,
				(errcode(ERRCODE_OUT_OF_MEMORY),
				 errmsg("out of memory"),
				 errdetail("Hashing a password needs %u kB.", hash->memory),
				 error == ENOMEM ? 0 : errdetail_log("libsodium refused with error %d.", error)));
}

/* Hash an accepted password at the current cost. */
char *
password_hash(Span accepted)
{
	Argon2Hash	hash = {
		.memory = argon2_memory_setting,
		.iterations = argon2_iterations_setting,
		.tag_size = ARGON2_TAG_SIZE
	};
	char	   *phc = palloc(PHC_SIZE);

	randombytes_buf(hash.salt, sizeof(hash.salt));
	run_argon2(accepted, &hash, hash.tag, hash.tag_size);
	phc_format(&hash, phc);
	return phc;
}

/* Tell whether verifying against a hash stays within the limits; our own settings always do. */
static bool
is_affordable(const Argon2Hash *hash)
{
	return hash->memory <= (uint32) Max(argon2_memory_max_setting, argon2_memory_setting) &&
		hash->iterations <= (uint32) Max(argon2_iterations_max_setting, argon2_iterations_setting);
}

/* Read a hash that is to be stored or verified against, or note what is wrong with it. */
static void
read_hash(Span text, Argon2Hash *hash, Faults *faults)
{
	if (!phc_parse(text, hash))
		fault_add(faults, "password_hash", "Password hash has an unknown form.");
	else if (!is_affordable(hash))
		fault_add(faults, "password_hash", "Password hash costs more than this server allows.");
}

/* Return a ready hash as it will be stored, or note what is wrong with it. */
char *
password_hash_accept(Span text, Faults *faults)
{
	Argon2Hash	hash;

	read_hash(text, &hash, faults);
	return pnstrdup(text.data, text.size);
}

/* Tell whether this is the password of a hash. */
static bool
verify(SecretScope *scope, Span password, const Argon2Hash *hash)
{
	uint8_t    *tag = secret_alloc(scope, hash->tag_size);

	if (!normalize_password(scope, &password))
		return false;
	run_argon2(password, hash, tag, hash->tag_size);
	return sodium_memcmp(tag, hash->tag, hash->tag_size) == 0;
}

/* Make up a hash at the current cost that is nobody's. */
static Argon2Hash
nobodys_hash(void)
{
	Argon2Hash	hash = {
		.memory = argon2_memory_setting,
		.iterations = argon2_iterations_setting,
		.tag_size = ARGON2_TAG_SIZE
	};

	randombytes_buf(hash.salt, sizeof(hash.salt));
	randombytes_buf(hash.tag, sizeof(hash.tag));
	return hash;
}

/*
 * Tell whether this is the password of a stored hash. Without one, or with one
 * that cannot be verified against, it never is, and to find that out takes as
 * long.
 */
bool
password_verify(SecretScope *scope, Span password, const char *stored)
{
	Faults		faults = NO_FAULTS;
	Argon2Hash	hash;

	if (stored != NULL)
		read_hash((Span) {stored, strlen(stored)}, &hash, &faults);
	if (faults.list != NIL)
		ereport(LOG,
				(errmsg("a stored password hash cannot be verified against"),
				 errhint("Is its cost above arsignup.argon2_memory_max or arsignup.argon2_iterations_max?")));
	if (stored == NULL || faults.list != NIL)
		hash = nobodys_hash();
	return verify(scope, password, &hash);
}

/* arsignup.hash_password(password arsignup.secret) returns text */
PG_FUNCTION_INFO_V1(arsignup_hash_password);
Datum
arsignup_hash_password(PG_FUNCTION_ARGS)
{
	PasswordPolicy policy = {.min_length = 1};
	Faults		faults = NO_FAULTS;
	SecretScope scope;
	Span		password;
	char	   *hash;

	secret_scope_open(&scope);
	password = password_accept(&scope, secret_argument(&scope, fcinfo, 0), &policy, &faults);
	faults_raise(&faults);
	hash = password_hash(password);
	secret_scope_close(&scope);
	PG_RETURN_TEXT_P(cstring_to_text(hash));
}

/* arsignup.verify_password(password arsignup.secret, password_hash arsignup.secret) returns boolean */
PG_FUNCTION_INFO_V1(arsignup_verify_password);
Datum
arsignup_verify_password(PG_FUNCTION_ARGS)
{
	Faults		faults = NO_FAULTS;
	SecretScope scope;
	Span		password;
	Span		text;
	Argon2Hash	hash;
	bool		verified;

	secret_scope_open(&scope);
	password = secret_argument(&scope, fcinfo, 0);
	text = secret_argument(&scope, fcinfo, 1);
	if (password.data == NULL)
		fault_add(&faults, "password", "Password can't be null.");
	if (text.data == NULL)
		fault_add(&faults, "password_hash", "Password hash can't be null.");
	else
		read_hash(text, &hash, &faults);
	faults_raise(&faults);
	verified = verify(&scope, password, &hash);
	secret_scope_close(&scope);
	PG_RETURN_BOOL(verified);
}

/* arsignup.password_needs_rehash(password_hash arsignup.secret) returns boolean */
PG_FUNCTION_INFO_V1(arsignup_password_needs_rehash);
Datum
arsignup_password_needs_rehash(PG_FUNCTION_ARGS)
{
	SecretScope scope;
	Argon2Hash	hash;
	bool		current;

	secret_scope_open(&scope);
	current = phc_parse(secret_argument(&scope, fcinfo, 0), &hash) &&
		hash.memory >= (uint32) argon2_memory_setting &&
		hash.iterations >= (uint32) argon2_iterations_setting &&
		hash.tag_size >= ARGON2_TAG_SIZE;
	secret_scope_close(&scope);
	PG_RETURN_BOOL(!current);
}

/* Return the words of a text array. */
static List *
related_words(ArrayType *texts)
{
	List	   *words = NIL;
	Datum	   *values;
	bool	   *nulls;
	int			count;

	if (texts == NULL)
		return NIL;
	deconstruct_array(texts, TEXTOID, -1, false, TYPALIGN_INT, &values, &nulls, &count);
	for (int i = 0; i < count; i++)
		if (!nulls[i])
			words = related_add(words, TextDatumGetCString(values[i]));
	return words;
}

/* arsignup.password_strength(password arsignup.secret, related text[]) returns record */
PG_FUNCTION_INFO_V1(arsignup_password_strength);
Datum
arsignup_password_strength(PG_FUNCTION_ARGS)
{
	PasswordPolicy policy = {.min_length = 1};
	Faults		faults = NO_FAULTS;
	SecretScope scope;
	Span		password;
	Strength	strength;
	Datum		values[2];
	bool		nulls[2] = {false, false};

	secret_scope_open(&scope);
	password = password_accept(&scope, secret_argument(&scope, fcinfo, 0), &policy, &faults);
	faults_raise(&faults);
	strength = strength_measure(&scope, password,
								related_words(argument_array(fcinfo, 1)));
	secret_scope_close(&scope);

	values[0] = Int32GetDatum(strength.score);
	values[1] = Float8GetDatum(strength.crack_seconds);
	return return_row(fcinfo, values, nulls);
}
