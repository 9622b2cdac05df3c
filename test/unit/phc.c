/*
 * Password hashes as text.
 */
#include "password/phc.h"

#include <sodium.h>

#include "tap.h"

#define ROUNDS 2000

#define HEAD "$argon2id$v=19$m=19456,t=2,p=1$"
#define SALT "AAECAwQFBgcICQoLDA0ODw"	/* 00 01 ... 0f */
#define SALT128 "QUFBQUFBQUFBQUFBQUFBQUFBQUFBQUFBQUFBQUFBQUFBQUFBQUFBQUFBQUFBQUFBQUFBQUFBQUFBQUFBQUFBQUFB" \
	"QUFBQUFBQUFBQUFBQUFBQUFBQUFBQUFBQUFBQUFBQUFBQUFBQUFBQUFBQUFBQUFBQUFBQUFBQUFBQUFBQUE"
#define TAG16 "8PHy8/T19vf4+fr7/P3+/w"	/* f0 f1 ... ff */
#define TAG32 "gIGCg4SFhoeIiYqLjI2Oj5CRkpOUlZaXmJmam5ydnp8" /* 80 81 ... 9f */
#define TAG64 "AAECAwQFBgcICQoLDA0ODxAREhMUFRYXGBkaGxwdHh8gISIjJCUmJygpKissLS4vMDEyMzQ1Njc4OTo7PD0+Pw"

#define WITH_COST(cost) TEXT("$argon2id$v=19$" cost "$" SALT "$" TAG32)
#define WITH_SALT(salt) TEXT(HEAD salt "$" TAG32)
#define WITH_TAG(tag) TEXT(HEAD SALT "$" tag)

static const struct
{
	Span		text;
	uint32_t	memory;
	uint32_t	iterations;
	size_t		tag_size;
	uint32_t	lanes;
	size_t		salt_size;
}			good[] = {
	{WITH_COST("m=19456,t=2,p=1"), 19456, 2, 32, 1, 16},
	{WITH_COST("m=8,t=1,p=1"), 8, 1, 32, 1, 16},
	{WITH_COST("m=65536,t=3,p=1"), 65536, 3, 32, 1, 16},
	{WITH_COST("m=4294967295,t=4294967295,p=1"), UINT32_MAX, UINT32_MAX, 32, 1, 16},
	{WITH_COST("m=10,t=10,p=1"), 10, 10, 32, 1, 16},
	{WITH_SALT("/////////////////////w"), 19456, 2, 32, 1, 16},
	{WITH_SALT("AAAAAAAAAAAAAAAAAAAAAA"), 19456, 2, 32, 1, 16},
	{WITH_TAG(TAG16), 19456, 2, 16, 1, 16},
	{WITH_TAG("AAECAwQFBgcICQoLDA0ODxA"), 19456, 2, 17, 1, 16},
	{WITH_TAG("AAECAwQFBgcICQoLDA0ODxAR"), 19456, 2, 18, 1, 16},
	{WITH_TAG(TAG64), 19456, 2, 64, 1, 16},
	{WITH_COST("m=19456,t=2,p=2"), 19456, 2, 32, 2, 16},
	{WITH_COST("m=80,t=2,p=10"), 80, 2, 32, 10, 16},
	{WITH_COST("m=134217720,t=1,p=16777215"), 134217720, 1, 32, 16777215, 16},
	{WITH_SALT("AAECAwQFBgc"), 19456, 2, 32, 1, 8},
	{WITH_SALT("AAECAwQFBgcICQoLDA0O"), 19456, 2, 32, 1, 15},
	{WITH_SALT("AAECAwQFBgcICQoLDA0ODxA"), 19456, 2, 32, 1, 17},
	{WITH_SALT(TAG32), 19456, 2, 32, 1, 32},
	{WITH_SALT(SALT128), 19456, 2, 32, 1, 128},
};

static const struct
{
	const char *what;
	Span		text;
}			bad[] = {
	{"nothing", TEXT("")},
	{"a dollar sign", TEXT("$")},
	{"argon2i", TEXT("$argon2i$v=19$m=19456,t=2,p=1$" SALT "$" TAG32)},
	{"argon2d", TEXT("$argon2d$v=19$m=19456,t=2,p=1$" SALT "$" TAG32)},
	{"capitals", TEXT("$ARGON2ID$v=19$m=19456,t=2,p=1$" SALT "$" TAG32)},
	{"bcrypt", TEXT("$2b$12$R9h/cIPz0gi.URNNX3kh2OPST9/PgBkqquzi.Ss7KIUgO2t0jWMUW")},
	{"scrypt", TEXT("$scrypt$ln=16,r=8,p=1$aM15713r3Xsvxbi31lqr1Q$nFNh2CVHVjNldFVKDHDlm4CbdRSCdEBsjjJxD+iCs5E")},
	{"sha512crypt", TEXT("$6$rounds=5000$saltsaltsaltsalt$hash")},
	{"plain text", TEXT("correct horse battery staple")},
	{"no first dollar sign", TEXT("argon2id$v=19$m=19456,t=2,p=1$" SALT "$" TAG32)},
	{"two first dollar signs", TEXT("$$argon2id$v=19$m=19456,t=2,p=1$" SALT "$" TAG32)},
	{"a space before", TEXT(" " HEAD SALT "$" TAG32)},
	{"a space behind", TEXT(HEAD SALT "$" TAG32 " ")},
	{"a line feed behind", TEXT(HEAD SALT "$" TAG32 "\n")},
	{"NUL behind", TEXT(HEAD SALT "$" TAG32 "\0")},
	{"a dollar sign behind", TEXT(HEAD SALT "$" TAG32 "$")},
	{"a part behind", TEXT(HEAD SALT "$" TAG32 "$" TAG32)},
	{"a hash behind", TEXT(HEAD SALT "$" TAG32 HEAD SALT "$" TAG32)},

	{"no version", TEXT("$argon2id$m=19456,t=2,p=1$" SALT "$" TAG32)},
	{"version 1.0", TEXT("$argon2id$v=16$m=19456,t=2,p=1$" SALT "$" TAG32)},
	{"version 020", TEXT("$argon2id$v=20$m=19456,t=2,p=1$" SALT "$" TAG32)},
	{"version with a leading zero", TEXT("$argon2id$v=019$m=19456,t=2,p=1$" SALT "$" TAG32)},
	{"empty version", TEXT("$argon2id$v=$m=19456,t=2,p=1$" SALT "$" TAG32)},
	{"version with more digits", TEXT("$argon2id$v=190$m=19456,t=2,p=1$" SALT "$" TAG32)},

	{"memory 0", WITH_COST("m=0,t=2,p=1")},
	{"memory 7", WITH_COST("m=7,t=2,p=1")},
	{"empty memory", WITH_COST("m=,t=2,p=1")},
	{"no memory", WITH_COST("t=2,p=1")},
	{"memory with a leading zero", WITH_COST("m=019456,t=2,p=1")},
	{"memory 00", WITH_COST("m=00,t=2,p=1")},
	{"memory 08", WITH_COST("m=08,t=2,p=1")},
	{"memory +19456", WITH_COST("m=+19456,t=2,p=1")},
	{"memory -19456", WITH_COST("m=-19456,t=2,p=1")},
	{"memory with a space before", WITH_COST("m= 19456,t=2,p=1")},
	{"memory with a space behind", WITH_COST("m=19456 ,t=2,p=1")},
	{"hexadecimal memory", WITH_COST("m=0x4c00,t=2,p=1")},
	{"memory with an exponent", WITH_COST("m=1e5,t=2,p=1")},
	{"memory with a point", WITH_COST("m=19456.0,t=2,p=1")},
	{"memory 2^32", WITH_COST("m=4294967296,t=2,p=1")},
	{"memory 2^32 + 19456", WITH_COST("m=4294986752,t=2,p=1")},
	{"memory 2^64", WITH_COST("m=18446744073709551616,t=2,p=1")},
	{"memory 2^64 + 19456", WITH_COST("m=18446744073709571072,t=2,p=1")},
	{"memory of forty digits", WITH_COST("m=9999999999999999999999999999999999999999,t=2,p=1")},
	{"memory in Arabic digits", WITH_COST("m=\xd9\xa1\xd9\xa9\xd9\xa4\xd9\xa5\xd9\xa6,t=2,p=1")},

	{"iterations 0", WITH_COST("m=19456,t=0,p=1")},
	{"empty iterations", WITH_COST("m=19456,t=,p=1")},
	{"no iterations", WITH_COST("m=19456,p=1")},
	{"iterations with a leading zero", WITH_COST("m=19456,t=02,p=1")},
	{"iterations -2", WITH_COST("m=19456,t=-2,p=1")},
	{"iterations 2^32", WITH_COST("m=19456,t=4294967296,p=1")},
	{"iterations 2^32 + 2", WITH_COST("m=19456,t=4294967298,p=1")},
	{"iterations 2^64 + 2", WITH_COST("m=19456,t=18446744073709551618,p=1")},

	{"lanes 0", WITH_COST("m=19456,t=2,p=0")},
	{"memory of 8 KiB for two lanes", WITH_COST("m=15,t=2,p=2")},
	{"lanes 2^24", WITH_COST("m=134217728,t=2,p=16777216")},
	{"lanes 2^29, times 8 of which is 2^32", WITH_COST("m=8,t=2,p=536870912")},
	{"lanes 2^32 + 1", WITH_COST("m=8,t=2,p=4294967297")},
	{"lanes 01", WITH_COST("m=19456,t=2,p=01")},
	{"empty lanes", WITH_COST("m=19456,t=2,p=")},
	{"no lanes", WITH_COST("m=19456,t=2")},
	{"a comma behind the cost", WITH_COST("m=19456,t=2,p=1,")},
	{"a key", WITH_COST("m=19456,t=2,p=1,keyid=AAAA")},
	{"another order", WITH_COST("t=2,m=19456,p=1")},
	{"memory twice", WITH_COST("m=19456,m=19456,t=2,p=1")},
	{"semicolons", WITH_COST("m=19456;t=2;p=1")},
	{"capital letters", WITH_COST("M=19456,T=2,P=1")},
	{"spaces", WITH_COST("m=19456, t=2, p=1")},

	{"no salt, no tag", TEXT("$argon2id$v=19$m=19456,t=2,p=1")},
	{"no tag", TEXT(HEAD SALT)},
	{"nothing between cost and salt", TEXT("$argon2id$v=19$m=19456,t=2,p=1" SALT "$" TAG32)},
	{"nothing between salt and tag", TEXT(HEAD SALT TAG32)},
	{"two dollar signs between salt and tag", TEXT(HEAD SALT "$$" TAG32)},
	{"empty tag", WITH_TAG("")},
	{"empty salt", WITH_SALT("")},
	{"both empty", TEXT(HEAD "$")},
	{"salt of 7 bytes", WITH_SALT("AAECAwQFBg")},
	{"salt of 129 bytes", WITH_SALT("QUFB" SALT128 "A")},
	{"salt with a spare bit", WITH_SALT("AAECAwQFBgcICQoLDA0ODx")},
	{"salt with the highest spare bit", WITH_SALT("AAECAwQFBgcICQoLDA0OD4")},
	{"salt with padding", WITH_SALT(SALT "==")},
	{"salt with a space", WITH_SALT("AAECAwQFBgc ICQoLDA0ODw")},
	{"salt with a line feed", WITH_SALT("AAECAwQFBgcICQoLDA0ODw\n")},
	{"salt with NUL", WITH_SALT("AAECAwQFBgcICQoLDA0OD\0")},
	{"salt with a hyphen", WITH_SALT("-AECAwQFBgcICQoLDA0ODw")},
	{"salt with an underscore", WITH_SALT("_AECAwQFBgcICQoLDA0ODw")},
	{"salt with a dot", WITH_SALT(".AECAwQFBgcICQoLDA0ODw")},
	{"salt with a byte beyond ASCII", WITH_SALT("\xc1" "AECAwQFBgcICQoLDA0ODw")},

	{"tag of 15 bytes", WITH_TAG("AAECAwQFBgcICQoLDA0O")},
	{"tag of 65 bytes", WITH_TAG(TAG64 "A")},
	{"tag of 66 bytes", WITH_TAG("AAAA" TAG64)},
	{"tag of 96 bytes", WITH_TAG(TAG32 "A" TAG32 "A" TAG32)},
	{"tag of 25 characters", WITH_TAG(TAG16 "AAA")},
	{"tag with a spare bit", WITH_TAG("gIGCg4SFhoeIiYqLjI2Oj5CRkpOUlZaXmJmam5ydnp9")},
	{"tag of 16 bytes with a spare bit", WITH_TAG("8PHy8/T19vf4+fr7/P3+/x")},
	{"tag with padding", WITH_TAG(TAG32 "=")},
	{"tag in the URL alphabet", WITH_TAG("8PHy8_T19vf4-fr7_P3-_w")},
	{"tag with a space", WITH_TAG("8PHy8/T19vf4+fr7/P3+ /w")},
	{"tag in hexadecimal digits with a colon", WITH_TAG("80:81828384858687888990")},
};

/* How many texts parsed that are formatted to others. */
static int	changed;

/* Tell whether a text parses; note if it is then not formatted to itself. */
static bool
is_hash(Span text)
{
	Argon2Hash	hash;
	char		again[PHC_SIZE];

	if (!phc_parse(text, &hash))
		return false;
	phc_format(&hash, again);
	if (strlen(again) != text.size || memcmp(again, text.data, text.size) != 0)
	{
		if (changed++ == 0)
			diag("  \"%s\" becomes \"%s\"", show(text), again);
	}
	return true;
}

/* Check a good hash and its numbers. */
static void
check_good(Span text, uint32_t memory, uint32_t iterations, size_t tag_size, uint32_t lanes, size_t salt_size)
{
	Argon2Hash	hash = {0};

	is_int(verdict(is_hash, text), 1, "hash %s", show(text));
	ok(phc_parse(text, &hash) && hash.memory == memory && hash.iterations == iterations &&
	   hash.tag_size == tag_size && hash.lanes == lanes && hash.salt_size == salt_size,
	   "... m = %" PRIu32 ", t = %" PRIu32 ", p = %" PRIu32 ", %zu bytes, salt of %zu",
	   memory, iterations, lanes, tag_size, salt_size);
}

/* Check the bytes of salt and tag. */
static void
check_bytes(void)
{
	Span		text = WITH_TAG(TAG32);
	Argon2Hash	hash = {0};
	char		hex[2 * ARGON2_TAG_MAX + 1];

	ok(phc_parse(text, &hash), "a hash of ours");
	is_string(to_hex(hash.salt, ARGON2_SALT_SIZE, hex), "000102030405060708090a0b0c0d0e0f", "... its salt");
	is_string(to_hex(hash.tag, ARGON2_TAG_SIZE, hex),
			  "808182838485868788898a8b8c8d8e8f909192939495969798999a9b9c9d9e9f", "... its tag");
}

/* Return how many random hashes do not come back from their text. */
static int
lost_in_round_trips(void)
{
	int			lost = 0;

	for (int i = 0; i < ROUNDS; i++)
	{
		Argon2Hash	hash = {.memory = 8 + random_below(UINT32_MAX - 7),
			.iterations = 1 + random_below(UINT32_MAX),
			.salt_size = ARGON2_SALT_MIN + i % (ARGON2_SALT_MAX - ARGON2_SALT_MIN + 1),
		.tag_size = ARGON2_TAG_MIN + i % (ARGON2_TAG_MAX - ARGON2_TAG_MIN + 1)};
		Argon2Hash	back = {0};
		char		text[PHC_SIZE];

		hash.lanes = 1 + random_below(hash.memory / 8 < ARGON2_LANES_MAX ? hash.memory / 8 : ARGON2_LANES_MAX);
		random_fill(hash.salt, hash.salt_size);
		random_fill(hash.tag, hash.tag_size);
		phc_format(&hash, text);
		lost += !phc_parse((Span) {text, strlen(text)}, &back) || memcmp(&hash, &back, sizeof(hash)) != 0;
	}
	return lost;
}

/* Return the length of the longest text. */
static size_t
longest(void)
{
	Argon2Hash	hash = {.memory = UINT32_MAX, .iterations = UINT32_MAX, .lanes = ARGON2_LANES_MAX,
	.salt_size = ARGON2_SALT_MAX, .tag_size = ARGON2_TAG_MAX};
	char		text[PHC_SIZE];

	phc_format(&hash, text);
	return strlen(text);
}

/* Return how many proper beginnings of a hash are taken for one. */
static int
accepted_beginnings(Span text)
{
	int			accepted = 0;

	for (size_t size = 0; size < text.size; size++)
		accepted += verdict(is_hash, (Span) {text.data, size}) != 0;
	return accepted;
}

/* Return how many bytes may stand in one place of a hash. */
static int
choices(Span text, size_t position)
{
	char	   *copy = (char *) exact_copy(text).data;
	int			accepted = 0;

	for (int byte = 0; byte < 256; byte++)
	{
		copy[position] = byte;
		accepted += verdict(is_hash, (Span) {copy, text.size}) != 0;
	}
	free(copy);
	return accepted;
}

/*
 * Return how many bytes may stand in one place of HEAD SALT "$" TAG32: where
 * the form itself is, one; for the first of several digits 1 to 9, for others
 * 0 to 9; in base64 64, or 4 and 16 where spare bits must be zero.
 */
static int
expected_choices(size_t position)
{
	size_t		salt = strlen(HEAD);
	size_t		tag = salt + strlen(SALT "$");

	if (position == strlen("$argon2id$v=19$m=") || position == strlen("$argon2id$v=19$m=19456,t=") ||
		position == salt - 2)
		return 9;
	if (position < salt)
		return strchr("9456", HEAD[position]) && position > strlen("$argon2id$v=19$m=") ? 10 : 1;
	if (position == tag - 1)
		return 1;
	return position == tag - 2 ? 4 : position == tag + strlen(TAG32) - 1 ? 16 : 64;
}

/* Return how many places of a hash take more or fewer bytes than they should. */
static int
misjudged_places(Span text)
{
	int			wrong = 0;

	for (size_t i = 0; i < text.size; i++)
	{
		int			got = choices(text, i);

		if (got != expected_choices(i) && wrong++ == 0)
			diag("  %d bytes may stand for the %c at %zu, not %d", got, text.data[i], i, expected_choices(i));
	}
	return wrong;
}

int
main(void)
{
	Span		short_tag = WITH_TAG(TAG16);

	plan(2 * lengthof(good) + lengthof(bad) + 3 + 7);
	if (sodium_init() < 0)
		abort();
	for (size_t i = 0; i < lengthof(good); i++)
		check_good(good[i].text, good[i].memory, good[i].iterations, good[i].tag_size,
				   good[i].lanes, good[i].salt_size);
	check_bytes();
	for (size_t i = 0; i < lengthof(bad); i++)
		is_int(verdict(is_hash, bad[i].text), 0, "refused: %s", bad[i].what);
	ok(!is_hash((Span) {NULL, 0}), "no text");
	is_int(lost_in_round_trips(), 0, "random hashes come back");
	is_int(longest(), strlen("$argon2id$v=19$m=4294967295,t=4294967295,p=16777215$$") + 171 + 86, "the longest text");
	is_int(verdict(is_hash, short_tag), 1, "the shortest tag");
	is_int(accepted_beginnings(short_tag), 0, "... and no beginning of it");
	is_int(misjudged_places((Span) WITH_TAG(TAG32)), 0, "every byte in each place");
	is_int(changed, 0, "whatever parses is formatted to itself");
	return tap_status();
}
