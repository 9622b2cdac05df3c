/*
 * Passwords: what is accepted, hashing, verifying.
 */
#include "password/password.h"

#include <sodium.h>

#include "base/argument.h"
#include "base/shared.h"
#include "catalog/pg_type.h"
#include "miscadmin.h"
#include "password/form.h"
#include "password/gate.h"
#include "password/pace.h"
#include "password/strength.h"

/*
 * What normal form C can shrink to PASSWORD_MAX_SIZE: no code point is
 * decomposed into more than four times its bytes.
 */
#define RAW_PASSWORD_MAX_SIZE (4 * PASSWORD_MAX_SIZE)

#define PADDING_ROUNDS 8

/* Bring a password into normal form C; false if it is empty or too long to be one. */
static bool
normalize_password(SecretScope *scope, Span *password)
{
	if (password->size == 0 || password->size > RAW_PASSWORD_MAX_SIZE)
		return false;
	*password = secret_to_nfc(scope, *password);
	return password->size <= PASSWORD_MAX_SIZE;
}

/* Tell by its size whether this can be anybody's password; what cannot is not worth a hash, nor counted as a guess. */
bool
password_is_possible(Span password)
{
	return password.size > 0 &&
		password.size <= (span_is_ascii(password) ? PASSWORD_MAX_SIZE : RAW_PASSWORD_MAX_SIZE);
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

/* Tell whether two texts are the same, in a time that does not tell where they differ. */
static bool
are_same(Span a, Span b)
{
	return a.size == b.size && sodium_memcmp(a.data, b.data, a.size) == 0;
}

/* Tell whether a password was typed the same twice, be it in code points that only mean the same. */
bool
password_is_repeated(SecretScope *scope, Span password, Span again)
{
	return are_same(password, again) ||
		(normalize_password(scope, &password) && normalize_password(scope, &again) && are_same(password, again));
}

/* Report that a hash could not have its memory. */
pg_noreturn static void
raise_no_memory(uint32 memory)
{
	ereport(ERROR,
			(errcode(ERRCODE_OUT_OF_MEMORY),
			 errmsg("out of memory"),
			 errdetail("Hashing a password needs %u kB.", memory)));
}

/* Make up an argon2id hash at the current cost that is nobody's. */
static Argon2Hash
nobodys_hash(void)
{
	Argon2Hash	hash = {
		.memory = argon2_memory_setting,
		.iterations = argon2_iterations_setting,
		.lanes = 1,
		.salt_size = ARGON2_SALT_SIZE,
		.tag_size = ARGON2_TAG_SIZE
	};

	randombytes_buf(hash.salt, hash.salt_size);
	randombytes_buf(hash.tag, sizeof(hash.tag));
	return hash;
}

/* Hash in the slot of the hash gate that was taken, and give it back; NULL for lack of memory. */
static char *
hash_in_slot(Span accepted)
{
	Argon2Hash	hash = nobodys_hash();
	uint64		began = pace_clock();
	bool		computed = argon2_compute(&hash, accepted, hash.tag);
	uint64		spent = pace_clock() - began;
	char	   *phc;

	gate_leave();
	count(COUNT_HASHES_RUN);
	CHECK_FOR_INTERRUPTS();
	if (!computed)
		return NULL;
	pace_note(spent);
	phc = palloc(PHC_SIZE);
	phc_format(&hash, phc);
	return phc;
}

/* Hash an accepted password at the current cost. */
char *
password_hash(Span accepted)
{
	char	   *hash;

	if (accepted.data == NULL)
		elog(ERROR, "there is no password to hash");
	gate_enter();
	hash = hash_in_slot(accepted);
	if (hash == NULL)
		raise_no_memory(argon2_memory_setting);
	return hash;
}

/*
 * Hash a password that was right at the current cost; NULL where that can't be
 * just now, and the old hash must do.
 */
char *
password_renew(SecretScope *scope, Span password)
{
	if (!normalize_password(scope, &password) || !gate_enter_if_open())
		return NULL;
	return hash_in_slot(password);
}

/* A setting that bounds what a hash may cost. */
typedef struct CostLimit
{
	const char *setting;
	uint32		max;
} CostLimit;

/* Return what bounds a unit in which hashes' forms count; our own settings are always within. */
static CostLimit
limit_of(CostUnit unit)
{
	switch (unit)
	{
		case COST_BCRYPT:
			return (CostLimit) {"arsignup.bcrypt_cost_max", bcrypt_cost_max_setting};
		case COST_DIGESTS:
			return (CostLimit) {"arsignup.sha2_iterations_max", sha2_iterations_max_setting};
		default:
			return (CostLimit) {"arsignup.argon2_iterations_max",
				Max(argon2_iterations_max_setting, argon2_iterations_setting)};
	}
}

/* Note that verifying against a hash would cost more than the limits allow. */
static void
check_cost(const PasswordHash *hash, Faults *faults)
{
	uint32		memory_max = Max(argon2_memory_max_setting, argon2_memory_setting);
	CostLimit	limit = limit_of(hash->form->unit);

	if (hash->memory > memory_max)
		fault_add(faults, "password_hash",
				  psprintf("Password hash costs more than this server allows: %u kB, and arsignup.argon2_memory_max is %u kB.",
						   hash->memory, memory_max));
	else if (hash->iterations > limit.max)
		fault_add(faults, "password_hash",
				  psprintf("Password hash costs more than this server allows: %u, and %s is %u.",
						   hash->iterations, limit.setting, limit.max));
}

/* Tell whether a hash is as strong as one made now. */
static bool
is_current(const PasswordHash *hash)
{
	return hash_is_ours(hash) &&
		hash->argon2.memory >= (uint32) argon2_memory_setting &&
		hash->argon2.iterations >= (uint32) argon2_iterations_setting &&
		hash->argon2.tag_size >= ARGON2_TAG_SIZE;
}

/* Tell whether a hash, given as text, is as strong as one made now. */
bool
password_is_current(const char *text)
{
	PasswordHash hash;

	return hash_parse((Span) {text, strlen(text)}, &hash) && is_current(&hash);
}

/* Read a hash that is to be stored or verified against, or note what is wrong with it. */
static void
read_hash(Span text, PasswordHash *hash, Faults *faults)
{
	if (!hash_parse(text, hash))
		fault_add(faults, "password_hash", "Password hash has an unknown form.");
	else
		check_cost(hash, faults);
}

/* Return a ready hash as it will be stored, or note what is wrong with it. */
char *
password_hash_accept(Span text, Faults *faults)
{
	PasswordHash hash;

	if (text.data == NULL)
	{
		fault_add(faults, "password_hash", "Password hash can't be null.");
		return NULL;
	}
	read_hash(text, &hash, faults);
	return pnstrdup(text.data, text.size);
}

/*
 * Burn what a hash at the current cost would have taken longer, in the slot of
 * a hash that was cheaper. Less memory is faster than its share, so a part of
 * the rest remains; it is small after a few rounds.
 */
static Verdict
pad(Span password, uint64 began, HashScratch *scratch)
{
	Argon2Hash	hash = nobodys_hash();

	for (int round = 0; round < PADDING_ROUNDS; round++)
	{
		hash.memory = pace_remainder(pace_clock() - began);
		if (hash.memory < ARGON2_MEMORY_MIN)
			break;
		if (!argon2_compute(&hash, password, scratch->tag))
			return PASSWORD_NO_MEMORY;
	}
	return PASSWORD_WRONG;
}

/* Verify in a slot of the hash gate; a wrong password costs what it does at the current cost, if it is to. */
static Verdict
verify_in_slot(const PasswordHash *hash, Span password, HashScratch *scratch, bool padded)
{
	Verdict		verdict;
	uint64		began;
	uint64		spent;

	gate_enter();
	began = pace_clock();
	verdict = hash_verify(hash, password, scratch);
	spent = pace_clock() - began;
	if (verdict == PASSWORD_WRONG && padded && !is_current(hash))
		verdict = pad(password, began, scratch);
	gate_leave();
	count(COUNT_HASHES_RUN);
	CHECK_FOR_INTERRUPTS();
	if (verdict != PASSWORD_NO_MEMORY && hash_is_ours(hash) &&
		hash->memory == (uint32) argon2_memory_setting &&
		hash->iterations == (uint32) argon2_iterations_setting)
		pace_note(spent);
	return verdict;
}

/*
 * Tell whether this is the password of a hash. What is hashed is its normal
 * form C, as in our own hashes; in hashes of other systems what was typed, or
 * what they made of it, for that is what they have hashed.
 */
static bool
verify(SecretScope *scope, Span password, Span normalized, const PasswordHash *hash, bool padded)
{
	HashScratch *scratch = secret_alloc(scope, sizeof(HashScratch));
	Verdict		verdict;

	if (hash->spelling == SPELLING_NFC)
		password = normalized;
	else if (hash->spelling == SPELLING_NFKC)
		password = secret_to_nfkc(scope, normalized);
	verdict = verify_in_slot(hash, password, scratch, padded);
	if (verdict == PASSWORD_NO_MEMORY)
		raise_no_memory(Max(hash->memory, (uint32) argon2_memory_setting));
	return verdict == PASSWORD_RIGHT;
}

/*
 * Tell whether this is the password of a stored hash. Without one, or with one
 * that cannot be verified against, it never is, nor if it is too long, and to
 * find that out takes as long as with one; as with a hash at the current cost,
 * if it is cheaper.
 */
bool
password_verify(SecretScope *scope, Span password, const char *stored)
{
	Span		normalized = password;
	bool		fits = normalize_password(scope, &normalized);
	Faults		faults = NO_FAULTS;
	char		text[PHC_SIZE];
	PasswordHash hash;

	if (stored != NULL)
		read_hash((Span) {stored, strlen(stored)}, &hash, &faults);
	if (faults.list != NIL)
		ereport(LOG,
				(errmsg("a stored password hash cannot be verified against"),
				 errhint("Is its cost above what the settings of arsignup allow?")));
	if (stored == NULL || faults.list != NIL || !fits)
	{
		Argon2Hash	nobodys = nobodys_hash();

		phc_format(&nobodys, text);
		(void) hash_parse((Span) {text, strlen(text)}, &hash);
	}
	return verify(scope, password, normalized, &hash, true);
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
	Span		normalized;
	Span		text;
	PasswordHash hash;
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
	normalized = password;
	verified = normalize_password(&scope, &normalized) && verify(&scope, password, normalized, &hash, false);
	secret_scope_close(&scope);
	PG_RETURN_BOOL(verified);
}

/* arsignup.password_needs_rehash(password_hash arsignup.secret) returns boolean */
PG_FUNCTION_INFO_V1(arsignup_password_needs_rehash);
Datum
arsignup_password_needs_rehash(PG_FUNCTION_ARGS)
{
	SecretScope scope;
	PasswordHash hash;
	bool		current;

	secret_scope_open(&scope);
	current = hash_parse(secret_argument(&scope, fcinfo, 0), &hash) && is_current(&hash);
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
