/*
 * Signup tokens as text.
 */
#include "base/token.h"

#include <sodium.h>

#include "tap.h"

#define ROUNDS 10000
#define ALPHABET "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-_"
#define BODY "AAECAwQFBgcICQoLDA0OD4CBgoOEhYaHiImKi4yNjo-QkZKTlJWWl5iZmpucnZ6f"
#define BODY63 "AAECAwQFBgcICQoLDA0OD4CBgoOEhYaHiImKi4yNjo-QkZKTlJWWl5iZmpucnZ6"

/* Digests of b2sum -l 256. */
static const struct
{
	Span		token;
	const char *realm_id;
	const char *digest;
}			known[] = {
	{TEXT("utk_" BODY),
		"000102030405060708090a0b0c0d0e0f",
	"7baaedc53a17a6a44d433b3fae998a8b43ceeeeea9c9152a2e6725d47f8448ff"},
	{TEXT("utk_AX8i4nmwfMOYxNwMDAc5j__________________________________________7"),
		"017f22e279b07cc398c4dc0c0c07398f",
	"c0d9e7d0ac70a0577bace9d0bd66e8cf59a7f1dc409c4063211b176f878e5ce6"},
};

static const struct
{
	const char *what;
	Span		token;
}			malformed[] = {
	{"nothing", TEXT("")},
	{"the prefix only", TEXT("utk_")},
	{"no prefix", TEXT(BODY)},
	{"the body at the length of a token", TEXT("AAAA" BODY)},
	{"another prefix", TEXT("usr_" BODY)},
	{"capitals in the prefix", TEXT("UTK_" BODY)},
	{"one capital in the prefix", TEXT("utK_" BODY)},
	{"a hyphen in the prefix", TEXT("utk-" BODY)},
	{"a space in the prefix", TEXT("utk " BODY)},
	{"NUL in the prefix", TEXT("ut\0_" BODY)},
	{"a prefix of three characters", TEXT("ut_" BODY "A")},
	{"the prefix twice", TEXT("utk_utk_" BODY)},
	{"a character less", TEXT("utk_" BODY63)},
	{"a character more", TEXT("utk_" BODY "A")},
	{"four characters less", TEXT("utk_AAECAwQFBgcICQoLDA0OD4CBgoOEhYaHiImKi4yNjo-QkZKTlJWWl5iZmpuc")},
	{"four characters more", TEXT("utk_" BODY "AAAA")},
	{"padding behind", TEXT("utk_" BODY "=")},
	{"more padding behind", TEXT("utk_" BODY "==")},
	{"padding for the last character", TEXT("utk_" BODY63 "=")},
	{"a plus sign", TEXT("utk_" BODY63 "+")},
	{"a slash", TEXT("utk_" BODY63 "/")},
	{"the other alphabet", TEXT("utk_AX8i4nmwfMOYxNwMDAc5j//////////////////////////////////////////7")},
	{"a space before", TEXT(" utk_" BODY)},
	{"a space behind", TEXT("utk_" BODY " ")},
	{"a space for the first character", TEXT(" tk_" BODY)},
	{"a space for the last character", TEXT("utk_" BODY63 " ")},
	{"a line feed behind", TEXT("utk_" BODY "\n")},
	{"a line feed for the last character", TEXT("utk_" BODY63 "\n")},
	{"a line feed inside", TEXT("utk_AAECAwQFBgcICQoLDA0OD4CBgoOEhYaH\niImKi4yNjo-QkZKTlJWWl5iZmpucnZ6f")},
	{"NUL behind", TEXT("utk_" BODY "\0")},
	{"NUL for the last character", TEXT("utk_" BODY63 "\0")},
	{"a dot", TEXT("utk_" BODY63 ".")},
	{"a percent sign", TEXT("utk_" BODY63 "%")},
	{"a letter beyond ASCII", TEXT("utk_\xc3\xa4" "ECAwQFBgcICQoLDA0OD4CBgoOEhYaHiImKi4yNjo-QkZKTlJWWl5iZmpucnZ6f")},
	{"a byte beyond ASCII", TEXT("utk_" BODY63 "\xff")},
};

/* Tell whether a token parses. */
static bool
is_token(Span token)
{
	uint8_t		realm_id[UUID_SIZE];
	uint8_t		digest[TOKEN_DIGEST_SIZE];

	return token_parse(SIGNUP_TOKEN_PREFIX, token, realm_id, digest);
}

/* Check what a known token is parsed into. */
static void
check_known(Span token, const char *realm_id, const char *digest)
{
	uint8_t		realm_bytes[UUID_SIZE];
	uint8_t		digest_bytes[TOKEN_DIGEST_SIZE];
	char		hex[2 * TOKEN_DIGEST_SIZE + 1];

	is_int(verdict(is_token, token), 1, "token %s", show(token));
	ok(token_parse(SIGNUP_TOKEN_PREFIX, token, realm_bytes, digest_bytes), "... parses");
	is_string(to_hex(realm_bytes, UUID_SIZE, hex), realm_id, "... its realm");
	is_string(to_hex(digest_bytes, TOKEN_DIGEST_SIZE, hex), digest, "... its digest");
}

/* Return how many beginnings of a token are taken for one. */
static int
accepted_beginnings(Span token)
{
	int			accepted = 0;

	for (size_t size = 0; size < token.size; size++)
		accepted += verdict(is_token, (Span) {token.data, size}) != 0;
	return accepted;
}

/* Return the first place of a token, from one to another, that takes other bytes than it should. */
static size_t
first_misjudged_place(Span token, size_t from, size_t to)
{
	for (size_t i = from; i < to; i++)
	{
		char		itself[2] = {token.data[i], '\0'};

		if (misjudged_bytes(is_token, token, i, i < 4 ? itself : ALPHABET) != 0)
			return i;
	}
	return to;
}

/* Return how many other tokens, one byte away, have the same digest. */
static int
same_digests(Span token)
{
	char		copy[TOKEN_LENGTH];
	uint8_t		realm_id[UUID_SIZE];
	uint8_t		digest[TOKEN_DIGEST_SIZE];
	uint8_t		other[TOKEN_DIGEST_SIZE];
	int			same = 0;

	(void) token_parse(SIGNUP_TOKEN_PREFIX, token, realm_id, digest);
	for (int i = 0; i < TOKEN_LENGTH * 256; i++)
	{
		memcpy(copy, token.data, TOKEN_LENGTH);
		copy[i / 256] = i % 256;
		if (memcmp(copy, token.data, TOKEN_LENGTH) != 0 &&
			token_parse(SIGNUP_TOKEN_PREFIX, (Span) {copy, TOKEN_LENGTH}, realm_id, other))
			same += memcmp(digest, other, TOKEN_DIGEST_SIZE) == 0;
	}
	return same;
}

/* Compare two tokens, for qsort. */
static int
compare(const void *a, const void *b)
{
	return memcmp(a, b, TOKEN_LENGTH);
}

/* Make many tokens; return how many do not parse to their realm. */
static int
make_tokens(char (*tokens)[TOKEN_LENGTH])
{
	int			lost = 0;

	for (int i = 0; i < ROUNDS; i++)
	{
		char		token[TOKEN_LENGTH + 1];
		uint8_t		realm_id[UUID_SIZE];
		uint8_t		back[UUID_SIZE];
		uint8_t		digest[TOKEN_DIGEST_SIZE];

		random_fill(realm_id, UUID_SIZE);
		token_make(SIGNUP_TOKEN_PREFIX, realm_id, token);
		lost += strlen(token) != TOKEN_LENGTH || !token_parse(SIGNUP_TOKEN_PREFIX, (Span) {token, TOKEN_LENGTH}, back, digest) ||
			memcmp(realm_id, back, UUID_SIZE) != 0;
		memcpy(tokens[i], token, TOKEN_LENGTH);
	}
	return lost;
}

/* Return how many tokens repeat another behind the realm, where the secret is. */
static int
repeated_secrets(char (*tokens)[TOKEN_LENGTH])
{
	int			repeated = 0;

	/* 21 of its characters hold nothing but the realm, one holds some of its bits. */
	for (int i = 0; i < ROUNDS; i++)
		memset(tokens[i], ' ', 4 + 22);
	qsort(tokens, ROUNDS, TOKEN_LENGTH, compare);
	for (int i = 1; i < ROUNDS; i++)
		repeated += compare(tokens[i - 1], tokens[i]) == 0;
	return repeated;
}

/* Return how many characters behind the realm do not vary over the whole alphabet. */
static int
narrow_characters(char (*tokens)[TOKEN_LENGTH])
{
	int			narrow = 0;

	for (int i = 4 + 22; i < TOKEN_LENGTH; i++)
	{
		bool		seen[256] = {false};
		int			count = 0;

		for (int j = 0; j < ROUNDS; j++)
			seen[(unsigned char) tokens[j][i]] = true;
		for (const char *c = ALPHABET; *c; c++)
			count += seen[(unsigned char) *c];
		narrow += count != 64;
	}
	return narrow;
}

int
main(void)
{
	char		(*tokens)[TOKEN_LENGTH] = malloc(ROUNDS * TOKEN_LENGTH);
	Span		token = TEXT("utk_" BODY);

	plan(4 * lengthof(known) + lengthof(malformed) + 9);
	if (sodium_init() < 0)
		abort();
	for (size_t i = 0; i < lengthof(known); i++)
		check_known(known[i].token, known[i].realm_id, known[i].digest);
	for (size_t i = 0; i < lengthof(malformed); i++)
		is_int(verdict(is_token, malformed[i].token), 0, "refused: %s", malformed[i].what);
	ok(!is_token((Span) {NULL, 0}), "no text is no token");
	is_int(first_misjudged_place(token, 0, 4), 4, "every byte in each place of the prefix");
	is_int(first_misjudged_place(token, 4, TOKEN_LENGTH), TOKEN_LENGTH, "every byte in each place behind it");
	is_int(accepted_beginnings(token), 0, "beginnings of a token");
	is_int(same_digests(token), 0, "another byte, another digest");
	is_int(make_tokens(tokens), 0, "new tokens name their realm");
	is_int(repeated_secrets(tokens), 0, "no secret twice");
	is_int(narrow_characters(tokens), 0, "every character of a secret takes every value");
	is_int(TOKEN_LENGTH, 68, "length");
	free(tokens);
	return tap_status();
}
