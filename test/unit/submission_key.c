/*
 * What names a submission, and seals its answer.
 */
#include "once/submission_key.h"

#include <sodium.h>

#include "tap.h"

/* ---------- the header ---------- */

/* Check what is read of a header; nothing is shown as a hyphen. */
static void
check_header(const char *header, size_t min_size, const char *expected)
{
	Span		key;
	char		text[300] = "-";

	if (idempotency_key_read((Span) {header, strlen(header)}, min_size, &key))
		sprintf(text, "%.*s", (int) key.size, key.data);
	is_string(text, expected, "a header of %zu characters: %.40s", strlen(header), header);
}

/* Check every character. */
static void
check_characters(void)
{
	bool		right = true;
	Span		key;

	for (int c = 0; c < 256; c++)
	{
		char		text[] = {'a', (char) c, 'b'};
		char		quoted[] = {'"', (char) c, '"'};
		bool		is_visible = c > 0x20 && c < 0x7f;

		right &= idempotency_key_read((Span) {text, 3}, 1, &key) == is_visible;
		right &= idempotency_key_read((Span) {quoted, 3}, 1, &key) == (is_visible && c != '"' && c != '\\');
	}
	ok(right, "visible ASCII, and nothing else");
}

static void
check_headers(void)
{
	char		longest[IDEMPOTENCY_KEY_MAX + 4];

	check_header("a", 1, "a");
	check_header("", 1, "-");
	check_header("\"\"", 1, "-");
	check_header("\"", 1, "\"");
	check_header("\"a\"", 1, "a");
	check_header("\"a", 1, "\"a");
	check_header("8e03978e-40d5-43dd-bc93-6894a57f9324", 16, "8e03978e-40d5-43dd-bc93-6894a57f9324");
	check_header("a, b", 1, "-");
	check_header("\"a\", \"b\"", 1, "-");
	check_header("\"a\",\"b\"", 1, "-");
	check_header("0123456789abcde", 16, "-");
	check_header("\"0123456789abcde\"", 16, "-");
	check_header("0123456789abcdef", 16, "0123456789abcdef");
	memset(longest, 'k', sizeof(longest));
	longest[IDEMPOTENCY_KEY_MAX] = '\0';
	check_header(longest, 1, longest);
	longest[IDEMPOTENCY_KEY_MAX] = 'k';
	longest[IDEMPOTENCY_KEY_MAX + 1] = '\0';
	check_header(longest, 1, "-");
	check_characters();
}

/* ---------- the key ---------- */

static const uint8_t secret[SUBMISSION_SECRET_SIZE] = {1};
static const uint8_t other_secret[SUBMISSION_SECRET_SIZE] = {2};

/* Make a key of a name and a body, each of two texts. */
static SubmissionKey
key_of(const uint8_t *from, const char *name, const char *name2, const char *body, const char *body2)
{
	Span		names[] = {{name, strlen(name)}, {name2, strlen(name2)}};
	Span		bodies[] = {{body, strlen(body)}, {body2, strlen(body2)}};
	SubmissionKey key;

	submission_key_make(from, (Parts) {names, 2}, (Parts) {bodies, 2}, &key);
	return key;
}

/* Tell which parts of two keys are the same. */
static const char *
same_parts(SubmissionKey a, SubmissionKey b)
{
	static char parts[4];

	snprintf(parts, sizeof(parts), "%s%s%s", memcmp(a.id, b.id, sizeof(a.id)) == 0 ? "i" : "",
			 memcmp(a.body_digest, b.body_digest, sizeof(a.body_digest)) == 0 ? "b" : "",
			 memcmp(a.seal_key, b.seal_key, sizeof(a.seal_key)) == 0 ? "s" : "");
	return parts;
}

static void
check_keys(void)
{
	SubmissionKey key = key_of(secret, "a", "bc", "d", "ef");
	Span		names[] = {{"a", 1}, {"bc", 2}, {"d", 1}};
	Span		bodies[] = {{"ef", 2}};
	SubmissionKey moved;

	is_string(same_parts(key, key_of(secret, "a", "bc", "d", "ef")), "ibs", "the same is the same");
	is_string(same_parts(key, key_of(secret, "a", "bc", "d", "eg")), "i", "another body has the same id only");
	is_string(same_parts(key, key_of(secret, "a", "bc", "de", "f")), "i", "so has one that is cut elsewhere");
	is_string(same_parts(key, key_of(secret, "ab", "c", "d", "ef")), "", "a name that is cut elsewhere has nothing");
	is_string(same_parts(key, key_of(secret, "a", "bx", "d", "ef")), "", "nor has another name");
	is_string(same_parts(key, key_of(other_secret, "a", "bc", "d", "ef")), "", "nor the same under another secret");
	submission_key_make(secret, (Parts) {names, 3}, (Parts) {bodies, 1}, &moved);
	is_string(same_parts(key, moved), "", "nor where a text is of the name and not of the body");
	ok(memcmp(key.body_digest, key.seal_key, 32) != 0, "what is stored does not open the answer");
	ok(memcmp(key.body_digest, key.id, SUBMISSION_ID_SIZE) != 0, "the id is not the beginning of the digest");
}

/* ---------- the seal ---------- */

static void
check_seal(void)
{
	static const char answer[] = "303 canary";
	SubmissionKey key = key_of(secret, "a", "bc", "d", "ef");
	SubmissionKey other = key_of(secret, "a", "bc", "d", "eg");
	uint8_t		sealed[sizeof(answer) + SUBMISSION_SEAL_OVERHEAD];
	uint8_t		again[sizeof(sealed)];
	uint8_t		opened[sizeof(answer)];
	bool		refused = true;

	submission_seal(&key, (Span) {answer, sizeof(answer)}, sealed);
	submission_seal(&key, (Span) {answer, sizeof(answer)}, again);
	ok(submission_open(&key, (Span) {(char *) sealed, sizeof(sealed)}, opened) && memcmp(opened, answer, sizeof(answer)) == 0,
	   "what was sealed is opened");
	ok(memcmp(sealed, again, sizeof(sealed)) != 0, "the same answer is sealed otherwise each time");
	ok(!submission_open(&other, (Span) {(char *) sealed, sizeof(sealed)}, opened), "another body does not open it");
	for (size_t i = 0; i < sizeof(sealed); i++)
	{
		sealed[i] ^= 1;
		refused = refused && !submission_open(&key, (Span) {(char *) sealed, sizeof(sealed)}, opened);
		sealed[i] ^= 1;
		refused = refused && !submission_open(&key, (Span) {(char *) sealed, i}, opened);
	}
	ok(refused, "nor is it opened changed or cut");
	key.id[0] ^= 1;
	ok(!submission_open(&key, (Span) {(char *) sealed, sizeof(sealed)}, opened), "nor in another row");
}

int
main(void)
{
	plan(30);
	if (sodium_init() < 0)
		abort();
	check_headers();
	check_keys();
	check_seal();
	return tap_status();
}
