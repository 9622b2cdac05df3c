/*
 * Emails, usernames, host names.
 */
#include "account/identity.h"
#include "realm/url.h"

#include "tap.h"

#define LOWER "abcdefghijklmnopqrstuvwxyz"
#define DIGITS "0123456789"
#define ATEXT LOWER DIGITS "!#$%&'*+/=?^_`{|}~-"	/* of RFC 5322, section 3.2.3, in lower case */

#define A63 "aaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaa"
#define A64 A63 "a"

static const Span good_hosts[] = {
	TEXT("a"),
	TEXT("localhost"),
	TEXT("example.com"),
	TEXT("a.b.c.d.e.f.g"),
	TEXT("mail.example.co.uk"),
	TEXT("xn--bcher-kva.example"),
	TEXT("a-b.example"),
	TEXT("a--b.example"),
	TEXT("1a.example"),
	TEXT("a1"),
	TEXT("1a"),
	TEXT("123.example"),
	TEXT("1.2.3.a"),
	TEXT("1.2.3.4a"),
	TEXT("example.c0m"),
	TEXT("example.0m"),
	TEXT("example.1-1"),
	TEXT("0x7f.example"),
	TEXT("0.example"),
	TEXT(A63),
	TEXT(A63 "." A63),
	TEXT("a." A63 ".a"),
};

static const Span bad_hosts[] = {
	TEXT(""),
	TEXT("."),
	TEXT(".."),
	TEXT("-"),
	TEXT("a."),
	TEXT(".a"),
	TEXT("a..b"),
	TEXT("example.com."),
	TEXT("example.com.."),
	TEXT("-a"),
	TEXT("a-"),
	TEXT("-a.example"),
	TEXT("a-.example"),
	TEXT("example.-a"),
	TEXT("example.a-"),
	TEXT("example.-"),
	TEXT("a_b.example"),
	TEXT("_dmarc.example"),
	TEXT("*.example"),
	TEXT("a b.example"),
	TEXT(" example"),
	TEXT("example "),
	TEXT("example\n"),
	TEXT("example\0"),
	TEXT("\0example"),
	TEXT("exa\0mple"),
	TEXT("Example.com"),
	TEXT("example.COM"),
	TEXT("ex\xc3\xa4mple.com"),
	TEXT("example\xe3\x80\x82" "com"),
	TEXT("example\xef\xbc\x8e" "com"),
	TEXT("\xe2\x84\xaa.example"),
	TEXT("[::1]"),
	TEXT("::1"),
	TEXT("a:80"),
	TEXT("a/b"),
	TEXT("a@b"),
	TEXT("a%2eb"),
	TEXT("0"),
	TEXT("1"),
	TEXT("123"),
	TEXT("example.123"),
	TEXT("127.0.0.1"),
	TEXT("127.1"),
	TEXT("2130706433"),
	TEXT("0177.0.0.1"),
	TEXT("0x7f000001"),
	TEXT("0x7f.1"),
	TEXT("127.0.0.0x1"),
	TEXT("example.0x1f"),
	TEXT("0x"),
	TEXT("127.0.0.0x"),
	TEXT("example.0x"),
	TEXT("1.2.3.4.5"),
	TEXT("999.999.999.999"),
	TEXT(A64),
	TEXT(A64 ".a"),
	TEXT("a." A64),
	TEXT("a." A64 ".a"),
};

static const Span good_emails[] = {
	TEXT("a@b"),
	TEXT("ada@example.com"),
	TEXT("ada.lovelace@example.com"),
	TEXT("ada+tag@example.com"),
	TEXT("a.b.c.d@example.com"),
	TEXT("ada@localhost"),
	TEXT("0@1.a"),
	TEXT("1@example.com"),
	TEXT("-@example.com"),
	TEXT("_@example.com"),
	TEXT("!#$%&'*+/=?^_`{|}~-@example.com"),
	TEXT("a/b@example.com"),
	TEXT("a%b@example.com"),
	TEXT("ada@xn--bcher-kva.example"),
	TEXT(A64 "@example.com"),
	TEXT("ada@" A63 ".a"),
	TEXT("=?@example.com"),
	TEXT("?=@example.com"),
	TEXT("=?a?b?=@example.com"),
	TEXT("=?a?x?b?=@example.com"),
	TEXT("=?a?q?b@example.com"),
	TEXT("?a?q?b?=@example.com"),
	TEXT("=?q?a?=@example.com"),
};

static const Span bad_emails[] = {
	TEXT(""),
	TEXT("@"),
	TEXT("a"),
	TEXT("a@"),
	TEXT("@b"),
	TEXT("@@"),
	TEXT("a@@b"),
	TEXT("a@b@c"),
	TEXT("@a@b"),
	TEXT("a@b@"),
	TEXT(".a@b"),
	TEXT("a.@b"),
	TEXT("a..b@c"),
	TEXT(".@b"),
	TEXT("..@b"),
	TEXT("a@.b"),
	TEXT("a@b."),
	TEXT("a@b..c"),
	TEXT("a@."),
	TEXT("a@-b"),
	TEXT("a@b-"),
	TEXT("a@b_c"),
	TEXT("a b@c"),
	TEXT("a @b"),
	TEXT("a@ b"),
	TEXT(" a@b"),
	TEXT("a@b "),
	TEXT("a@b\n"),
	TEXT("a@b\r\nbcc: c@d"),
	TEXT("a\n@b"),
	TEXT("\na@b"),
	TEXT("a\t@b"),
	TEXT("a\0@b"),
	TEXT("a@b\0"),
	TEXT("\0a@b"),
	TEXT("a@b\0.evil.test"),
	TEXT("a\x7f@b"),
	TEXT("a\x1b@b"),
	TEXT("\"a\"@b"),
	TEXT("\"a b\"@c"),
	TEXT("\"a@b\"@c"),
	TEXT("\"\"@b"),
	TEXT("a\\@b@c"),
	TEXT("a(comment)@b"),
	TEXT("a@b(comment)"),
	TEXT("(a)b@c"),
	TEXT("<a@b>"),
	TEXT("ada <a@b>"),
	TEXT("mailto:a@b"),
	TEXT("a,b@c"),
	TEXT("a@b,c@d"),
	TEXT("a;b@c"),
	TEXT("a@b;c@d"),
	TEXT("a:b@c"),
	TEXT("[a]@b"),
	TEXT("a@[127.0.0.1]"),
	TEXT("a@[ipv6:::1]"),
	TEXT("a@127.0.0.1"),
	TEXT("a@1"),
	TEXT("a@b.1"),
	TEXT("a@0x7f.1"),
	TEXT("a@b:25"),
	TEXT("a@b/c"),
	TEXT("a@b?c"),
	TEXT("a@b%c"),
	TEXT("a@b!c"),
	TEXT("A@b"),
	TEXT("a@B"),
	TEXT("\xc3\xa4@b"),
	TEXT("a@\xc3\xa4"),
	TEXT("a\xef\xbc\xa0" "b"),
	TEXT("a\xff@b"),
	TEXT("a@b\xff"),
	TEXT(A64 "a@b"),
	TEXT("a@" A64),
	TEXT("=?utf-8?q?=61=62?=@example.com"),
	TEXT("=?utf-8?b?ywi=?=@example.com"),
	TEXT("a=?a?q?b?=c@example.com"),
	TEXT("=?" "?q?" "?=@example.com"),
	TEXT("=?a?q?b?c?=@example.com"),
	TEXT("=?=?a?b?c?=@example.com"),
};

static const Span good_usernames[] = {
	TEXT("a"),
	TEXT("z"),
	TEXT("0"),
	TEXT("9"),
	TEXT("ada"),
	TEXT("ada.lovelace"),
	TEXT("ada_lovelace-1815"),
	TEXT("a."),
	TEXT("a-"),
	TEXT("a_"),
	TEXT("a..b"),
	TEXT("a._-"),
	TEXT("1815"),
	TEXT("017f22e2-79b0-7cc3-98c4-dc0c0c07398f"),
	TEXT(A63),
};

static const Span ids[] = {
	TEXT("usr_0352lbhzsuxooukxdxdsc9"),
	TEXT("org_0352lbhzsuxooukxdxdsc9"),
	TEXT("x_aaaaaaaaaaaaaaaaaaaaaa"),
	TEXT("abcdefgh_zzzzzzzzzzzzzzzzzzzzzz"),
	TEXT("017f22e2-79b0-7cc3-98c4-dc0c0c07398f"),
	TEXT("017f22e279b07cc398c4dc0c0c07398f"),
	TEXT("017f-22e2-79b0-7cc3-98c4-dc0c-0c07-398f"),
	TEXT("017f22e2-79b07cc3-98c4dc0c-0c07398f"),
};

static const Span no_ids[] = {
	TEXT(""),
	TEXT("_"),
	TEXT("-"),
	TEXT("ada"),
	TEXT("ada_lovelace"),
	TEXT("usr_0352lbhzsuxooukxdxdsc"),
	TEXT("usr_0352lbhzsuxooukxdxdsc99"),
	TEXT("usr_0352lbhzsuxoouk_dxdsc9"),
	TEXT("usr_0352lbhzsuxooukxdxdsc."),
	TEXT("usr-0352lbhzsuxooukxdxdsc9"),
	TEXT("_0352lbhzsuxooukxdxdsc9"),
	TEXT("u5r_0352lbhzsuxooukxdxdsc9"),
	TEXT("abcdefghi_0352lbhzsuxooukxdxdsc9"),
	TEXT("017f22e2-79b0-7cc3-98c4-dc0c0c07398"),
	TEXT("017f22e2-79b0-7cc3-98c4-dc0c0c07398f0"),
	TEXT("017f22e2-79b0-7cc3-98c4-dc0c0c07398g"),
	TEXT("017f22e27-9b0-7cc3-98c4-dc0c0c07398f"),
	TEXT("017f22e2--79b0-7cc3-98c4-dc0c0c07398f"),
	TEXT("-017f22e2-79b0-7cc3-98c4-dc0c0c07398f"),
	TEXT("017f22e2-79b0-7cc3-98c4-dc0c0c07398f-"),
	TEXT(A63),
};

static const Span bad_usernames[] = {
	TEXT(""),
	TEXT("."),
	TEXT("_"),
	TEXT("-"),
	TEXT(".a"),
	TEXT("_a"),
	TEXT("-a"),
	TEXT("--help"),
	TEXT(".."),
	TEXT("@"),
	TEXT("a@"),
	TEXT("@a"),
	TEXT("a@b"),
	TEXT("a b"),
	TEXT(" a"),
	TEXT("a "),
	TEXT("a\n"),
	TEXT("a\0"),
	TEXT("\0"),
	TEXT("\0a"),
	TEXT("a\0b"),
	TEXT("a+b"),
	TEXT("a/b"),
	TEXT("../a"),
	TEXT("a\\b"),
	TEXT("a'b"),
	TEXT("a\"b"),
	TEXT("a;b"),
	TEXT("a:b"),
	TEXT("a,b"),
	TEXT("a%b"),
	TEXT("a*"),
	TEXT("<a>"),
	TEXT("$a"),
	TEXT("Ada"),
	TEXT("aDa"),
	TEXT("adA"),
	TEXT("\xc3\xa4"),
	TEXT("a\xc3\xa4"),
	TEXT("a\xcc\x81"),
	TEXT("a\xe2\x80\x8b"),
	TEXT("a\xe2\x80\xae" "b"),
	TEXT("\xd0\xb0" "da"),
	TEXT("\xe2\x84\xaa" "ay"),
	TEXT("a\x7f"),
	TEXT("a\xff"),
	TEXT(A64),
};

/* Emails by the sizes of their parts. */
static const struct
{
	size_t		local;
	size_t		host;
	bool		valid;
}			email_sizes[] = {
	{0, 1, false}, {1, 0, false}, {1, 1, true},
	{63, 1, true}, {64, 1, true}, {65, 1, false}, {128, 1, false},
	{64, 188, true}, {64, 189, true}, {64, 190, false},
	{63, 190, true}, {63, 191, false},
	{1, 251, true}, {1, 252, true}, {1, 253, false}, {1, 254, false},
	{65, 100, false}, {64, 1000, false}, {1000, 1000, false},
};

/* Host names by their size. */
static const struct
{
	size_t		size;
	bool		valid;
}			host_sizes[] = {
	{1, true}, {63, true}, {65, true}, {127, true}, {251, true}, {252, true}, {253, true}, {254, false},
	{255, false}, {257, false}, {1000, false}, {65535, false},
};

/* Write a host name of labels of 63 octets, of no matter how many octets in all. */
static void
write_host(char *out, size_t size)
{
	for (size_t i = 0; i < size; i++)
		out[i] = i % 64 == 63 ? '.' : 'a';
}

/* Check an email whose parts have these sizes. */
static void
check_email_size(size_t local, size_t host, bool valid)
{
	char		email[2048];

	memset(email, 'a', local);
	email[local] = '@';
	write_host(email + local + 1, host);
	is_int(verdict(email_is_valid, (Span) {email, local + 1 + host}), valid, "email of %zu @ %zu octets", local, host);
}

/* Check a host name of a size. */
static void
check_host_size(size_t size, bool valid)
{
	static char host[65535];

	write_host(host, size);
	is_int(verdict(is_host_name, (Span) {host, size}), valid, "host name of %zu octets", size);
}

/* Check which bytes may stand first, inside and last. */
static void
check_bytes(void)
{
	is_int(misjudged_bytes(username_is_valid, (Span) TEXT("?"), 0, LOWER DIGITS), 0, "only byte of a username");
	is_int(misjudged_bytes(username_is_valid, (Span) TEXT("?bc"), 0, LOWER DIGITS), 0, "first byte of a username");
	is_int(misjudged_bytes(username_is_valid, (Span) TEXT("a?c"), 1, LOWER DIGITS "._-"), 0, "middle byte of a username");
	is_int(misjudged_bytes(username_is_valid, (Span) TEXT("ab?"), 2, LOWER DIGITS "._-"), 0, "last byte of a username");

	is_int(misjudged_bytes(email_is_valid, (Span) TEXT("?@d"), 0, ATEXT), 0, "only byte of a local part");
	is_int(misjudged_bytes(email_is_valid, (Span) TEXT("?bc@d"), 0, ATEXT), 0, "first byte of a local part");
	is_int(misjudged_bytes(email_is_valid, (Span) TEXT("a?c@d"), 1, ATEXT "."), 0, "middle byte of a local part");
	is_int(misjudged_bytes(email_is_valid, (Span) TEXT("ab?@d"), 2, ATEXT), 0, "last byte of a local part");
	is_int(misjudged_bytes(email_is_valid, (Span) TEXT("a?b"), 1, "@"), 0, "byte between local part and host");

	is_int(misjudged_bytes(is_host_name, (Span) TEXT("?"), 0, LOWER), 0, "only byte of a host name");
	is_int(misjudged_bytes(is_host_name, (Span) TEXT("?bc"), 0, LOWER DIGITS), 0, "first byte of a host name");
	is_int(misjudged_bytes(is_host_name, (Span) TEXT("a?c"), 1, LOWER DIGITS "-."), 0, "middle byte of a host name");
	is_int(misjudged_bytes(is_host_name, (Span) TEXT("ab?"), 2, LOWER DIGITS), 0, "last byte of a host name");
	is_int(misjudged_bytes(is_host_name, (Span) TEXT("a.?bc.d"), 2, LOWER DIGITS), 0, "first byte of an inner label");
	is_int(misjudged_bytes(is_host_name, (Span) TEXT("a.bc?.d"), 4, LOWER DIGITS), 0, "last byte of an inner label");
	is_int(misjudged_bytes(is_host_name, (Span) TEXT("a.?"), 2, LOWER), 0, "only byte of the last label");
	is_int(misjudged_bytes(is_host_name, (Span) TEXT("a.1?1"), 3, LOWER "-"), 0, "only letter of the last label");
}

/* Check the lower case of every byte, and that the copy ends where it should. */
static void
check_lower(void)
{
	char		bytes[256];
	char		lower[258];
	int			wrong = 0;

	for (int i = 0; i < 256; i++)
		bytes[i] = i;
	memset(lower, 0x55, sizeof(lower));
	ascii_lower(lower, (Span) {bytes, 256});
	for (int i = 0; i < 256; i++)
		wrong += (unsigned char) lower[i] != (i >= 65 && i <= 90 ? i + 32 : i);
	is_int(wrong, 0, "lower case of every byte");
	ok(lower[256] == '\0' && lower[257] == 0x55, "... terminated");
	ascii_lower(lower, (Span) {NULL, 0});
	ok(lower[0] == '\0' && lower[1] == 1, "lower case of no text");
}

/* Check each text of a table. */
static void
check_all(bool (*accepts) (Span), const Span *texts, size_t count, bool expected, const char *what)
{
	for (size_t i = 0; i < count; i++)
		is_int(verdict(accepts, texts[i]), expected, "%s%s: %s", expected ? "" : "no ", what, show(texts[i]));
}

int
main(void)
{
	Span		nothing = {NULL, 0};
	Span		labels = {NULL, 253};
	char	   *letters = malloc(253);

	plan(lengthof(good_hosts) + lengthof(bad_hosts) +
		 lengthof(good_emails) + lengthof(bad_emails) + lengthof(good_usernames) + lengthof(bad_usernames) +
		 lengthof(ids) + lengthof(no_ids) +
		 lengthof(email_sizes) + lengthof(host_sizes) + 1 + 17 + 3 + 3);
	check_all(is_host_name, good_hosts, lengthof(good_hosts), true, "host");
	check_all(is_host_name, bad_hosts, lengthof(bad_hosts), false, "host");
	check_all(email_is_valid, good_emails, lengthof(good_emails), true, "email");
	check_all(email_is_valid, bad_emails, lengthof(bad_emails), false, "email");
	check_all(username_is_valid, good_usernames, lengthof(good_usernames), true, "username");
	check_all(username_is_valid, bad_usernames, lengthof(bad_usernames), false, "username");
	check_all(username_is_id, ids, lengthof(ids), true, "A3: form of an id");
	check_all(username_is_id, no_ids, lengthof(no_ids), false, "A3: form of an id");
	for (size_t i = 0; i < lengthof(email_sizes); i++)
		check_email_size(email_sizes[i].local, email_sizes[i].host, email_sizes[i].valid);
	for (size_t i = 0; i < lengthof(host_sizes); i++)
		check_host_size(host_sizes[i].size, host_sizes[i].valid);
	for (size_t i = 0; i < labels.size; i++)
		letters[i] = i % 2 ? '.' : 'a';
	labels.data = letters;
	is_int(verdict(is_host_name, labels), 1, "127 labels");
	free(letters);
	check_bytes();
	check_lower();
	ok(!is_host_name(nothing), "no text is no host");
	ok(!email_is_valid(nothing), "no text is no email");
	ok(!username_is_valid(nothing), "no text is no username");
	return tap_status();
}
