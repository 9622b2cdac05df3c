/*
 * Tests of reading password hashes of all forms, and of verifying against
 * them. The hashes were made by other programs: bcrypt by python3-bcrypt and
 * PHP, sha-crypt and PBKDF2 by passlib and hashlib, scrypt by OpenSSL,
 * yescrypt by mkpasswd.
 */
#include <sodium.h>

#include "password/form.h"
#include "tap.h"

#define ANSWER "known answer"
#define BCRYPT_SALT "D8pA7gutHt11a1QWG1D6Ke"
#define BCRYPT_TAG "rPxRm9VeMnWGalt6WdgDmd0Sq1FKh1u"
#define SHA256CRYPT_TAG "K1XU4ICyI.6qqCYPkAXXaxPqQUX3iUog5CvANCrtxO."
#define SHA512CRYPT_TAG "KC42jpuIsMWOr5M40wNj3hiknN.asa506v6NA8uy3vtvdLUawsiU1B.BaaQDDGbT8X.oTpluDyLZw71lOBM1e."
#define YESCRYPT_TAG "nur//hO8xHCRETWPlsV5AG90hOMVpWSfOHZBJxQxUU6"
#define SCRYPT_TAG "HAuYwUYeJ/.3qKH95BEC9rzkIkFVa0q/PHRlZ6wSq5D"
#define DJANGO_TAG "f+I87Dyr8Uy+0AEJng3SwQYQI9tLndR9Ne6kAW+vh5Y="
#define PASSLIB_SALT "8PHy8/T19vf4.fr7/P3./w"
#define PASSLIB_TAG "J13h7siSfC/w6s3i0184CdhIoOrQKeRJjP0wTfH3A2E"
#define PHC_SALT "AAAAAAAAAAAAAAAAAAAAAA"
#define PHC_TAG "W4IXjPT6pYMXbJOjIlwLcDdunCx03xO0eSvykqHSArc"
#define KDF_SALT128 "QUFBQUFBQUFBQUFBQUFBQUFBQUFBQUFBQUFBQUFBQUFBQUFBQUFBQUFBQUFBQUFBQUFBQUFBQUFB" \
	"QUFBQUFBQUFBQUFBQUFBQUFBQUFBQUFBQUFBQUFBQUFBQUFBQUFBQUFBQUFBQUFBQUFBQUFBQUFBQUFBQUFBQUFBQUFBQUE"

/* Hashes of known passwords, and what they cost. */
static const struct
{
	const char *password;
	Span		text;
	uint32_t	memory;
	uint32_t	iterations;
}			good[] = {
	{ANSWER, TEXT("$argon2id$v=19$m=8,t=1,p=1$c2l4dGVlbiBieXRlcyEhIQ$rsuMeNw2xxr2PcvMHVZ9Ig"), 8, 1},
	{ANSWER, TEXT("$2b$04$" BCRYPT_SALT BCRYPT_TAG), 0, 4},
	{ANSWER, TEXT("$2a$05$DoT1a1Hr4HNz1BTjTNZMAuQ3DEHgOUOsL21v79M8nKcA47J4UV4ye"), 0, 5},
	{ANSWER, TEXT("$2y$04$oOhaYpumxGKpo/yIHXYnx.O8d3ujkZMlsEol7O4Uo9nMtiDTJnYVi"), 0, 4},
	{"caf\xc3\xa9 \xf0\x9f\x94\x91", TEXT("$2b$04$b65.oG/yKOGmDQORPbFVyePVauqX/AFtyWkuSLRzvbNde8GXdnTw."), 0, 4},
	{ANSWER, TEXT("$5$rounds=1000$abcdefgh$" SHA256CRYPT_TAG), 0, 1000},
	{ANSWER, TEXT("$5$K6LILJw9NvgorskZ$uDinxPSwtwP8OZzEb9loj5yoM3JgZvxgcUOhddntCT2"), 0, 5000},
	{ANSWER, TEXT("$6$rounds=1000$a$" SHA512CRYPT_TAG), 0, 1000},
	{ANSWER, TEXT("$6$8gL5Jc7SYTtet0Yo$uk4MRVUB.BwdcrjvBcUAU9nD0/3Wtw9seKt0331lLaTk.AXNJ2h4CMZ3nth6VCx1zK0rTVVHy5ILarqonPdP30"), 0, 5000},
	{ANSWER, TEXT("$y$j75$mA6Oh.BKnmQAmUH4cugxy0$" YESCRYPT_TAG), 1024, 1},
	{ANSWER, TEXT("$y$j9T$45.jDEI9.LTasGAq4UTWJ.$9ghVMsWaMdZC7wWsF8FiVPYgDFs9YqtEIA9S5yLP7/C"), 16384, 1},
	{ANSWER, TEXT("$7$26..../....SodiumChloride$" SCRYPT_TAG), 19, 1},
	{ANSWER, TEXT("$7$81....0....xxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxx$zbZSfT63SJ0Ty0DIzf.HSdBuqRXwRF3GJsAc.7OaU47"), 386, 2},
	{ANSWER, TEXT("pbkdf2_sha256$10$seasalt$" DJANGO_TAG), 0, 10},
	{ANSWER, TEXT("pbkdf2_sha256$1000$p.e-p_p/er$p38QY1aOJr+lnDNrKOT+kjA1HvT5RTjo+igFs2NVaJM="), 0, 1000},
	{ANSWER, TEXT("$pbkdf2-sha256$10$" PASSLIB_SALT "$" PASSLIB_TAG), 0, 10},
	{ANSWER, TEXT("$pbkdf2-sha256$i=12,l=32$" PHC_SALT "$" PHC_TAG), 0, 12},
	{ANSWER, TEXT("$pbkdf2-sha256$i=12$AAECAwQFBgcICQoLDA0ODw$itflogiK3ZFWnMyl69X5ZnRJcQXKJEmByjHEBs4pgg8"), 0, 12},
	{ANSWER, TEXT("$pbkdf2-sha256$i=12,l=64$c2FsdHNhbHRzYWx0c2FsdA$ZBt9sZlHuv2mdNqak9Kny8fUyc+edFQcOalGOOeMUk7/fwmlMRudQIbcjI6y8kuP3qahI5o2nD3bn+BQOLx39w"), 0, 24},
	{ANSWER, TEXT("$pbkdf2-sha256$i=12,l=20$c2FsdHNhbHRzYWx0c2FsdA$ZBt9sZlHuv2mdNqak9Kny8fUyc8"), 0, 12},
};

/* What is read, too, but never computed here. */
static const struct
{
	const char *what;
	Span		text;
	uint32_t	memory;
	uint32_t	iterations;
}			dear[] = {
	{"bcrypt of the highest cost", TEXT("$2b$31$" BCRYPT_SALT BCRYPT_TAG), 0, 31},
	{"bcrypt with spare bits in the salt", TEXT("$2b$04$D8pA7gutHt11a1QWG1D6Kf" BCRYPT_TAG), 0, 4},
	{"sha-crypt of the most rounds", TEXT("$5$rounds=999999999$abcdefgh$" SHA256CRYPT_TAG), 0, 999999999},
	{"yescrypt of the most memory", TEXT("$y$jjj$mA6Oh.BKnmQAmUH4cugxy0$" YESCRYPT_TAG), UINT32_MAX, 1},
	{"yescrypt of 3 GiB", TEXT("$y$jHL$mA6Oh.BKnmQAmUH4cugxy0$" YESCRYPT_TAG), 3 << 20, 1},
	{"scrypt of the largest N", TEXT("$7$z6..../....SodiumChloride$" SCRYPT_TAG), UINT32_MAX, 1},
	{"scrypt of a large N", TEXT("$7$T6..../....SodiumChloride$" SCRYPT_TAG), 2147483651, 1},
	{"scrypt of the largest r", TEXT("$7$2zzzzz/....SodiumChloride$" SCRYPT_TAG), 2550136830, 1},
	{"scrypt of the largest p", TEXT("$7$2/....zzzzzSodiumChloride$" SCRYPT_TAG), 134217731, (1 << 30) - 1},
	{"Django of the most iterations", TEXT("pbkdf2_sha256$4294967295$seasalt$" DJANGO_TAG), 0, UINT32_MAX},
	{"PHC of more than the most", TEXT("$pbkdf2-sha256$i=4294967295,l=64$c2FsdHNhbHRzYWx0c2FsdA$ZBt9sZlHuv2mdNqak9Kny8fUyc+edFQcOalGOOeMUk7/fwmlMRudQIbcjI6y8kuP3qahI5o2nD3bn+BQOLx39w"), 0, UINT32_MAX},
	{"a salt of 128 bytes", TEXT("$pbkdf2-sha256$12$" KDF_SALT128 "$" PHC_TAG), 0, 12},
};

static const struct
{
	const char *what;
	Span		text;
}			bad[] = {
	{"nothing", TEXT("")},
	{"DES", TEXT("rl.3StKT.4T8M")},
	{"DES of BSDi", TEXT("_J9..rasmBYk8r9AiWNc")},
	{"md5crypt", TEXT("$1$saltsalt$qjXMvbEw8oaL.CzflDtaK/")},
	{"bcrypt with the sign bug", TEXT("$2x$04$" BCRYPT_SALT BCRYPT_TAG)},
	{"bcrypt without a letter", TEXT("$2$04$" BCRYPT_SALT BCRYPT_TAG)},
	{"NT", TEXT("$3$$8846f7eaee8fb117ad06bdd830b7586c")},
	{"sha1crypt", TEXT("$sha1$40000$jtNX3nZ2$hBNaIXkt4wBI2o5rsi8KejSjNqIq")},
	{"SunMD5", TEXT("$md5,rounds=5000$GUBv0xjJ$$mSwgIswdjlTY0YxV7HBVm0")},
	{"gost-yescrypt", TEXT("$gy$j75$mA6Oh.BKnmQAmUH4cugxy0$" YESCRYPT_TAG)},
	{"Apache's", TEXT("$apr1$lZL6V/ci$eIMz/iKDkbtys/uU7LEK00")},
	{"phpass", TEXT("$P$9IQRaTwmfeRo7ud9Fh4E2PdI0S3r.L0")},
	{"SHA-1 of Django", TEXT("pbkdf2_sha1$10$seasalt$" DJANGO_TAG)},
	{"PBKDF2 with SHA-512", TEXT("$pbkdf2-sha512$10$" PASSLIB_SALT "$" PASSLIB_TAG)},
	{"a bare prefix", TEXT("$2b$")},
	{"a prefix without its dollar", TEXT("$2b04$" BCRYPT_SALT BCRYPT_TAG)},

	{"bcrypt of cost 3", TEXT("$2b$03$" BCRYPT_SALT BCRYPT_TAG)},
	{"bcrypt of cost 32", TEXT("$2b$32$" BCRYPT_SALT BCRYPT_TAG)},
	{"bcrypt of cost 4", TEXT("$2b$4$" BCRYPT_SALT BCRYPT_TAG "A")},
	{"bcrypt with a longer tag", TEXT("$2b$04$" BCRYPT_SALT BCRYPT_TAG "u")},
	{"bcrypt with spare bits in the tag", TEXT("$2b$04$" BCRYPT_SALT "rPxRm9VeMnWGalt6WdgDmd0Sq1FKh1v")},
	{"bcrypt with a plus sign", TEXT("$2b$04$+8pA7gutHt11a1QWG1D6Ke" BCRYPT_TAG)},
	{"bcrypt with NUL", TEXT("$2b$04$\0" "8pA7gutHt11a1QWG1D6Ke" BCRYPT_TAG)},
	{"bcrypt that ends in NUL", TEXT("$2b$04$" BCRYPT_SALT "rPxRm9VeMnWGalt6WdgDmd0Sq1FKh1\0")},

	{"sha-crypt of 999 rounds", TEXT("$5$rounds=999$abcdefgh$" SHA256CRYPT_TAG)},
	{"sha-crypt of 1000000000 rounds", TEXT("$5$rounds=1000000000$abcdefgh$" SHA256CRYPT_TAG)},
	{"sha-crypt of 01000 rounds", TEXT("$5$rounds=01000$abcdefgh$" SHA256CRYPT_TAG)},
	{"sha-crypt of no rounds", TEXT("$5$rounds=$abcdefgh$" SHA256CRYPT_TAG)},
	{"sha-crypt without a salt", TEXT("$5$rounds=1000$$" SHA256CRYPT_TAG)},
	{"sha-crypt with a salt of 17", TEXT("$5$abcdefghijklmnopq$" SHA256CRYPT_TAG)},
	{"sha-crypt with a blank", TEXT("$5$abcd fgh$" SHA256CRYPT_TAG)},
	{"sha-crypt with the other tag", TEXT("$5$a$" SHA512CRYPT_TAG)},
	{"sha-crypt with the other tag", TEXT("$6$a$" SHA256CRYPT_TAG)},
	{"sha-crypt with spare bits", TEXT("$5$abcdefgh$K1XU4ICyI.6qqCYPkAXXaxPqQUX3iUog5CvANCrtxOE")},
	{"sha-crypt with spare bits", TEXT("$6$a$KC42jpuIsMWOr5M40wNj3hiknN.asa506v6NA8uy3vtvdLUawsiU1B.BaaQDDGbT8X.oTpluDyLZw71lOBM1e2")},

	{"yescrypt of another flavor", TEXT("$y$i75$mA6Oh.BKnmQAmUH4cugxy0$" YESCRYPT_TAG)},
	{"yescrypt of N = 2", TEXT("$y$j.5$mA6Oh.BKnmQAmUH4cugxy0$" YESCRYPT_TAG)},
	{"yescrypt of a longer N", TEXT("$y$jk5$mA6Oh.BKnmQAmUH4cugxy0$" YESCRYPT_TAG)},
	{"yescrypt of a longer r", TEXT("$y$j7k$mA6Oh.BKnmQAmUH4cugxy0$" YESCRYPT_TAG)},
	{"yescrypt with more parameters", TEXT("$y$j75.7$mA6Oh.BKnmQAmUH4cugxy0$" YESCRYPT_TAG)},
	{"yescrypt without a salt", TEXT("$y$j75$$" YESCRYPT_TAG)},
	{"yescrypt with spare bits in the salt", TEXT("$y$j75$mA6Oh.BKnmQAmUH4cugxy2$" YESCRYPT_TAG)},
	{"yescrypt with spare bits in the tag", TEXT("$y$j75$mA6Oh.BKnmQAmUH4cugxy0$nur//hO8xHCRETWPlsV5AG90hOMVpWSfOHZBJxQxUUG")},
	{"yescrypt with a salt of 1", TEXT("$y$j75$m$" YESCRYPT_TAG)},
	{"yescrypt with a salt of 88", TEXT("$y$j75$........................................................................................$" YESCRYPT_TAG)},

	{"scrypt of N = 1", TEXT("$7$.6..../....SodiumChloride$" SCRYPT_TAG)},
	{"scrypt of r = 0", TEXT("$7$2...../....SodiumChloride$" SCRYPT_TAG)},
	{"scrypt of p = 0", TEXT("$7$26.........SodiumChloride$" SCRYPT_TAG)},
	{"scrypt of r p = 2^30", TEXT("$7$20....zzzzzSodiumChloride$" SCRYPT_TAG)},
	{"scrypt without a salt", TEXT("$7$26..../....$" SCRYPT_TAG)},
	{"scrypt with a salt of 87", TEXT("$7$26..../...........................................................................................$" SCRYPT_TAG)},
	{"scrypt with spare bits", TEXT("$7$26..../....SodiumChloride$HAuYwUYeJ/.3qKH95BEC9rzkIkFVa0q/PHRlZ6wSq5E")},

	{"Django of no iteration", TEXT("pbkdf2_sha256$0$seasalt$" DJANGO_TAG)},
	{"Django without a salt", TEXT("pbkdf2_sha256$10$$" DJANGO_TAG)},
	{"Django with a control character", TEXT("pbkdf2_sha256$10$sea\tsalt$" DJANGO_TAG)},
	{"Django with a salt beyond ASCII", TEXT("pbkdf2_sha256$10$s\xc3\xa9" "asalt$" DJANGO_TAG)},
	{"Django without padding", TEXT("pbkdf2_sha256$10$seasalt$f+I87Dyr8Uy+0AEJng3SwQYQI9tLndR9Ne6kAW+vh5Y")},
	{"Django with a shorter tag", TEXT("pbkdf2_sha256$10$seasalt$f+I87Dyr8Uy+0AEJng3SwQYQI9tLndR9Ne6kAW+v")},
	{"passlib with plus signs", TEXT("$pbkdf2-sha256$10$8PHy8/T19vf4+fr7/P3+/w$" PASSLIB_TAG)},
	{"passlib without a salt", TEXT("$pbkdf2-sha256$10$$" PASSLIB_TAG)},
	{"passlib with a shorter tag", TEXT("$pbkdf2-sha256$10$" PASSLIB_SALT "$J13h7siSfC/w6s3i0184CdhIoOrQKeRJjP0wTfH3")},
	{"PHC with dots", TEXT("$pbkdf2-sha256$i=12,l=32$" PASSLIB_SALT "$" PHC_TAG)},
	{"PHC with another length", TEXT("$pbkdf2-sha256$i=12,l=31$" PHC_SALT "$" PHC_TAG)},
	{"PHC with no length", TEXT("$pbkdf2-sha256$i=12,l=$" PHC_SALT "$" PHC_TAG)},
	{"PHC with a length of 15", TEXT("$pbkdf2-sha256$i=12,l=15$" PHC_SALT "$AAAAAAAAAAAAAAAAAAAA")},
	{"PHC with a length of 66", TEXT("$pbkdf2-sha256$i=12,l=66$" PHC_SALT "$" PHC_TAG PHC_TAG "AA")},
	{"PHC in another order", TEXT("$pbkdf2-sha256$l=32,i=12$" PHC_SALT "$" PHC_TAG)},
	{"a salt of 129 bytes", TEXT("$pbkdf2-sha256$12$" KDF_SALT128 "A$" PHC_TAG)},
	{"a salt without end", TEXT("$pbkdf2-sha256$12$" KDF_SALT128 KDF_SALT128 KDF_SALT128 "$" PHC_TAG)},
};

static bool
is_hash(Span text)
{
	PasswordHash hash;

	return hash_parse(text, &hash);
}

/* Return the verdict on a password. */
static Verdict
verify(const PasswordHash *hash, const char *password, size_t size)
{
	static HashScratch scratch;

	return hash_verify(hash, (Span) {password, size}, &scratch);
}

/* Check a hash of a known password. */
static void
check_good(Span text, const char *password, uint32_t memory, uint32_t iterations)
{
	PasswordHash hash = {0};
	size_t		size = strlen(password);

	is_int(verdict(is_hash, text), 1, "hash %s", show(text));
	(void) hash_parse(text, &hash);
	ok(hash.memory == memory && hash.iterations == iterations,
	   "... costs %" PRIu32 " KiB, %" PRIu32, hash.memory, hash.iterations);
	ok(verify(&hash, password, size) == PASSWORD_RIGHT, "... its password");
	ok(verify(&hash, password, size - 1) == PASSWORD_WRONG, "... another");
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

/* Tell whether verifying is a matter of a millisecond. */
static bool
is_cheap(const PasswordHash *hash)
{
	return hash->memory <= 1024 && hash->iterations <= (hash->form->unit == COST_BCRYPT ? 5 : 2000);
}

/* Tell whether a byte does not count in bcrypt: the letter of its version, the last of the salt. */
static bool
is_ignored(const PasswordHash *hash, size_t position)
{
	return hash->form->unit == COST_BCRYPT && (position == 2 || position == 28);
}

/*
 * Return how many texts that differ from a hash in one byte, and are still
 * read, verify its password, or cannot be computed; some of them, at random.
 */
static int
misjudged_neighbours(Span text, const char *password)
{
	char	   *copy = (char *) exact_copy(text).data;
	int			wrong = 0;

	for (int tried = 0; tried < 1500; tried++)
	{
		size_t		i = random_below(text.size);
		PasswordHash hash;

		copy[i] = next_random() >> 40;
		if (copy[i] != text.data[i] && hash_parse((Span) {copy, text.size}, &hash) && is_cheap(&hash) &&
			!is_ignored(&hash, i) && verify(&hash, password, strlen(password)) != PASSWORD_WRONG && wrong++ == 0)
			diag("  \"%s\"", show((Span) {copy, text.size}));
		copy[i] = text.data[i];
	}
	free(copy);
	return wrong;
}

/* Check what bcrypt looks at, and what crypt(3) takes. */
static void
check_long(void)
{
	PasswordHash bcrypt;
	PasswordHash shacrypt;
	PasswordHash longest;
	PasswordHash longer;
	char		password[1024];

	for (size_t i = 0; i < sizeof(password); i++)
		password[i] = "a long password "[i % 16];
	ok(hash_parse((Span) TEXT("$2b$04$1JLtzx2bPnwqqT.u1j73g.3BSQaA4Uz/fycg/Y/xl0.gdK.3zGpE2"), &bcrypt) &&
	   hash_parse((Span) TEXT("$6$rounds=1000$a$" SHA512CRYPT_TAG), &shacrypt) &&
	   hash_parse((Span) TEXT("$5$rounds=1000$saltsalt$bRYuz9K4BhQEQbmCXjpA4vTGuCZt.f5j8QY3MmQOL28"), &longest) &&
	   hash_parse((Span) TEXT("$5$rounds=1000$saltsalt$eGLv3rEQgivHCVNADLvLjJbRfsmxdzI9Q5NoG4fP47/"), &longer), "some hashes");
	ok(verify(&bcrypt, password, 80) == PASSWORD_RIGHT, "bcrypt: a password of 80 bytes");
	ok(verify(&bcrypt, password, 72) == PASSWORD_RIGHT, "... 72 of which count");
	ok(verify(&bcrypt, password, 71) == PASSWORD_WRONG, "... not 71");
	ok(verify(&bcrypt, password, sizeof(password)) == PASSWORD_RIGHT, "... however many there are");
	ok(verify(&longest, password, 128) == PASSWORD_RIGHT, "sha-crypt: a password of 128 bytes");
	ok(verify(&longer, password, 129) == PASSWORD_WRONG, "... none of 129");
	ok(verify(&shacrypt, password, 512) == PASSWORD_WRONG, "... 512 are wrong, not an error");
	ok(verify(&shacrypt, ANSWER "\0more", sizeof(ANSWER) + 4) == PASSWORD_WRONG, "... so is what has NUL in it");
	ok(verify(&shacrypt, "", 0) == PASSWORD_WRONG, "... and nothing");
}

int
main(void)
{
	plan(6 * lengthof(good) + 2 * lengthof(dear) + lengthof(bad) + 1 + 10);
	if (sodium_init() < 0)
		abort();
	for (size_t i = 0; i < lengthof(good); i++)
	{
		check_good(good[i].text, good[i].password, good[i].memory, good[i].iterations);
		is_int(accepted_beginnings(good[i].text), 0, "... no beginning of it");
		is_int(misjudged_neighbours(good[i].text, good[i].password), 0, "... no other byte");
	}
	for (size_t i = 0; i < lengthof(dear); i++)
	{
		PasswordHash hash = {0};

		is_int(verdict(is_hash, dear[i].text), 1, "%s", dear[i].what);
		(void) hash_parse(dear[i].text, &hash);
		ok(hash.memory == dear[i].memory &&
		   hash.iterations == dear[i].iterations, "... costs %" PRIu32 " KiB, %" PRIu32, hash.memory, hash.iterations);
	}
	for (size_t i = 0; i < lengthof(bad); i++)
		is_int(verdict(is_hash, bad[i].text), 0, "refused: %s", bad[i].what);
	ok(!is_hash((Span) {NULL, 0}), "no text");
	check_long();
	return tap_status();
}
