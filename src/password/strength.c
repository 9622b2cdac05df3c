/*
 * How hard a password is to guess, as libzxcvbn estimates it.
 */
#include "password/strength.h"

#include <float.h>
#include <math.h>
#include <zxcvbn.h>

#include "miscadmin.h"

/* Seconds for one guess: a hundred machines at 10 ms each, zxcvbn's model of a stolen slow hash. */
#define SECONDS_PER_GUESS 0.0001

/* Shorter words are in too many passwords to hold against one. */
#define RELATED_MIN_LENGTH 3

/* Four times what the longest password was seen to take. */
#define ZXCVBN_MEMORY (1024 * 1024)

/*
 * More than these would make an estimate cost more than a hash: its time grows
 * with the cube of what is measured, times the words. A password is as hard to
 * guess as its beginning, or harder.
 */
#define MEASURED_MAX_SIZE 64	/* bytes of a password, from its beginning */
#define RELATED_MAX_WORDS 32
#define RELATED_MAX_SIZE (4 * MAX_NAME_LENGTH)	/* bytes of one text as it was given: longer ones are nobody's name */

/* A text grows in normal form C to no more than three times its bytes. */
#define RELATED_MAX_NORMALIZED_SIZE (3 * RELATED_MAX_SIZE)

/* Add the words of a text, in lower case, to those that a password should not be made of. */
List *
related_add(List *words, const char *text)
{
	static const char separators[] = " .,@+-_'\"/:";
	char		lower[RELATED_MAX_NORMALIZED_SIZE + 1];

	if (text == NULL || strlen(text) > RELATED_MAX_SIZE)
		return words;
	ascii_lower(lower, text_to_nfc((Span) {text, strlen(text)}));
	for (char *word = strtok(lower, separators); word != NULL; word = strtok(NULL, separators))
		if (strlen(word) >= RELATED_MIN_LENGTH && list_length(words) < RELATED_MAX_WORDS)
			words = lappend(words, pstrdup(word));
	return words;
}

/* Say what a kind of match makes easy. */
static const char *
reason_of(int type)
{
	if (type & MULTIPLE_MATCH)
		return "repeated characters are guessed first";
	switch (type)
	{
		case DICTIONARY_MATCH:
		case DICT_LEET_MATCH:
			return "common words are guessed first";
		case USER_MATCH:
		case USER_LEET_MATCH:
			return "it is made of names that belong to you or to this place";
		case REPEATS_MATCH:
			return "repeated characters are guessed first";
		case SEQUENCE_MATCH:
			return "sequences such as abc or 123 are guessed first";
		case SPATIAL_MATCH:
			return "patterns on the keyboard are guessed first";
		case DATE_MATCH:
		case YEAR_MATCH:
			return "dates and years are guessed first";
		default:
			return NULL;
	}
}

/* Return the reason of the longest match that has one. */
static const char *
longest_reason(const ZxcMatch_t *matches)
{
	const char *reason = NULL;
	int			length = 0;

	for (const ZxcMatch_t *match = matches; match != NULL; match = match->Next)
		if (match->Length > length && reason_of(match->Type) != NULL)
		{
			reason = reason_of(match->Type);
			length = match->Length;
		}
	return reason;
}

/* Return words as zxcvbn takes them: an array that ends with a null pointer. */
static const char **
word_array(List *words)
{
	const char **array = palloc((list_length(words) + 1) * sizeof(char *));
	int			count = 0;
	ListCell   *cell;

	foreach(cell, words)
		array[count++] = lfirst(cell);
	array[count] = NULL;
	return array;
}

/* Score as zxcvbn does, by the time that guessing takes. */
static int
score_of(double crack_seconds)
{
	static const double thresholds[] = {1e2, 1e4, 1e6, 1e8};
	int			score = 0;

	while (score < (int) lengthof(thresholds) && crack_seconds >= thresholds[score])
		score++;
	return score;
}

/*
 * Make sure of the memory that zxcvbn takes, for it does not look whether it got
 * any; or raise 53200. Not by malloc(), which compilers leave out where nobody
 * uses the memory.
 */
static void
check_memory(void)
{
	void	   *probe = palloc_extended(ZXCVBN_MEMORY, MCXT_ALLOC_NO_OOM);

	if (probe == NULL)
		ereport(ERROR,
				(errcode(ERRCODE_OUT_OF_MEMORY),
				 errmsg("out of memory")));
	pfree(probe);
}

/* Measure a password that was accepted; words that are related to its user count as known. */
Strength
strength_measure(SecretScope *scope, Span password, List *related)
{
	size_t		size = Min(password.size, MEASURED_MAX_SIZE);
	char	   *terminated = secret_alloc(scope, size + 1);
	const char **words = word_array(related);
	ZxcMatch_t *matches = NULL;
	Strength	strength;
	double		entropy;

	CHECK_FOR_INTERRUPTS();
	check_memory();
	memcpy(terminated, password.data, size);
	terminated[size] = '\0';
	entropy = ZxcvbnMatch(terminated, words, &matches);
	strength.crack_seconds = Min(0.5 * exp2(entropy) * SECONDS_PER_GUESS, DBL_MAX);
	strength.score = score_of(strength.crack_seconds);
	strength.reason = longest_reason(matches);
	ZxcvbnFreeInfo(matches);
	return strength;
}
