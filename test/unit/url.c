/*
 * URLs that an administrator registers.
 */
#include "realm/url.h"

#include "tap.h"

static const Span good_urls[] = {
	TEXT("https://example.com"),
	TEXT("https://example.com/"),
	TEXT("https://example.com/login"),
	TEXT("https://example.com/a/b/c.html"),
	TEXT("https://example.com/?a=b"),
	TEXT("https://example.com?a=b"),
	TEXT("https://example.com#a"),
	TEXT("https://example.com/?a=b&c=d#e"),
	TEXT("https://example.com/#/route?x=/y"),
	TEXT("https://example.com/?"),
	TEXT("https://example.com/#"),
	TEXT("https://example.com//"),
	TEXT("https://example.com/a@b"),
	TEXT("https://example.com/:80"),
	TEXT("https://example.com/https://evil.test/"),
	TEXT("https://example.com/?u=https://evil.test/%5C@"),
	TEXT("https://example.com/~a_b-c.d/!$&'()*+,;=:@"),
	TEXT("https://example.com/%41%7e%7E%aF%Af"),
	TEXT("https://example.com/%C3%A4?%C3%A4#%C3%A4"),
	TEXT("https://example.com:1"),
	TEXT("https://example.com:80/"),
	TEXT("https://example.com:443/"),
	TEXT("https://example.com:8443/login"),
	TEXT("https://example.com:65535"),
	TEXT("https://example.com:65535?a"),
	TEXT("https://example.com:65535#a"),
	TEXT("https://a/"),
	TEXT("https://a.b.c.d.e/"),
	TEXT("https://a-b.example/"),
	TEXT("https://a--b.example/"),
	TEXT("https://1a.example/"),
	TEXT("https://123.example/"),
	TEXT("https://example.c0m/"),
	TEXT("https://xn--bcher-kva.example/"),
	TEXT("https://localhost.evil.test/"),
	TEXT("https://127.0.0.1.evil.test/"),
	TEXT("https://192.0.2.1/"),
	TEXT("https://192.0.2.1:8443/"),
	TEXT("https://255.255.255.255:65535/"),
	TEXT("https://10.0.0.9"),
	TEXT("https://localhost/"),
	TEXT("https://127.0.0.1/"),
	TEXT("https://[::1]/"),
	TEXT("https://[::1]:8443/"),
	TEXT("http://localhost"),
	TEXT("http://localhost/"),
	TEXT("http://localhost:3000/callback"),
	TEXT("http://localhost?a"),
	TEXT("http://localhost#a"),
	TEXT("http://127.0.0.1"),
	TEXT("http://127.0.0.1:8080/a"),
	TEXT("http://[::1]"),
	TEXT("http://[::1]/"),
	TEXT("http://[::1]?a"),
	TEXT("http://[::1]:1/"),
};

static const Span hostile_urls[] = {
	/* not absolute */
	TEXT(""),
	TEXT("/"),
	TEXT("//"),
	TEXT("//example.com/"),
	TEXT("//localhost/"),
	TEXT("///example.com/"),
	TEXT("/login"),
	TEXT("login"),
	TEXT("?a"),
	TEXT("#a"),
	TEXT(":"),
	TEXT("example.com"),
	TEXT("example.com/login"),
	TEXT("example.com:443/"),
	TEXT("://example.com/"),
	TEXT("https"),
	TEXT("https:"),
	TEXT("https:/"),
	TEXT("https://"),
	TEXT("https:///"),
	TEXT("https:///example.com/"),
	TEXT("https:////example.com/"),
	TEXT("https://?a"),
	TEXT("https://#a"),
	TEXT("https://:443/"),
	TEXT("https:example.com"),
	TEXT("https:/example.com"),
	TEXT("https;//example.com"),
	TEXT("http:/localhost"),
	TEXT("http://"),
	TEXT("http:///localhost"),

	/* other schemes */
	TEXT("javascript:alert(1)"),
	TEXT("javascript://example.com/%0aalert(1)"),
	TEXT("data:text/html,a"),
	TEXT("file:///etc/passwd"),
	TEXT("ftp://example.com/"),
	TEXT("ws://localhost/"),
	TEXT("wss://example.com/"),
	TEXT("httpss://example.com/"),
	TEXT("xhttps://example.com/"),
	TEXT("ttps://example.com/"),
	TEXT("view-source:https://example.com/"),
	TEXT("blob:https://example.com/1"),
	TEXT("about:blank"),
	TEXT("mailto:a@example.com"),
	TEXT("com.example.app:/callback"),
	TEXT("intent://example.com/"),

	/* in capitals */
	TEXT("HTTPS://example.com/"),
	TEXT("Https://example.com/"),
	TEXT("HTTP://localhost/"),
	TEXT("https://Example.com/"),
	TEXT("https://example.COM/"),
	TEXT("http://LOCALHOST/"),
	TEXT("http://Localhost/"),

	/* userinfo */
	TEXT("https://user@example.com/"),
	TEXT("https://user:password@example.com/"),
	TEXT("https://@example.com/"),
	TEXT("https://:@example.com/"),
	TEXT("https://example.com@evil.test/"),
	TEXT("https://example.com:443@evil.test/"),
	TEXT("https://example.com:@evil.test/"),
	TEXT("https://a%40b@evil.test/"),
	TEXT("https://a@b@evil.test/"),
	TEXT("https://example.com,@evil.test/"),
	TEXT("http://localhost@evil.test/"),
	TEXT("http://localhost:80@evil.test/"),
	TEXT("http://127.0.0.1:1@evil.test/"),
	TEXT("http://[::1]@evil.test/"),
	TEXT("http://[::1]:1@evil.test/"),
	TEXT("http://user@localhost/"),

	/* backslashes */
	TEXT("https:\\\\example.com"),
	TEXT("https:/\\example.com"),
	TEXT("https://\\example.com"),
	TEXT("\\\\example.com"),
	TEXT("https://example.com\\@evil.test/"),
	TEXT("https://evil.test\\example.com"),
	TEXT("https://evil.test\\.example.com/"),
	TEXT("https://example.com/\\"),
	TEXT("https://example.com/a\\b"),
	TEXT("https://example.com/?a\\b"),
	TEXT("http://localhost\\evil.test"),

	/* white space and control characters */
	TEXT(" https://example.com/"),
	TEXT("https://example.com/ "),
	TEXT("https://example.com/a b"),
	TEXT("https:// example.com/"),
	TEXT("https://exam ple.com/"),
	TEXT("\thttps://example.com/"),
	TEXT("ht\ntps://example.com/"),
	TEXT("https://exam\tple.com/"),
	TEXT("https://evil.test\n.example.com/"),
	TEXT("https://example.com\r/"),
	TEXT("https://example.com/\n"),
	TEXT("https://example.com/\r\nSet-Cookie: a=b"),
	TEXT("https://example.com/?a\rb"),
	TEXT("https://example.com/\x1b"),
	TEXT("https://example.com/\x1f"),
	TEXT("https://example.com/\x7f"),
	TEXT("\x01https://example.com/"),
	TEXT("\0https://example.com/"),
	TEXT("https://\0example.com/"),
	TEXT("https://example.com\0"),
	TEXT("https://example.com\0.evil.test/"),
	TEXT("https://example.com/\0"),
	TEXT("http://localhost\0.evil.test/"),
	TEXT("http://localhost:80\0/"),
	TEXT("http://[::1\0]/"),

	/* beyond ASCII */
	TEXT("https://ex\xc3\xa4mple.com/"),
	TEXT("https://example\xe3\x80\x82" "com/"),
	TEXT("https://example.com\xef\xbc\x8f/"),
	TEXT("https://example.com\xe2\x84\x80@evil.test/"),
	TEXT("https://\xef\xbd\x85xample.com/"),
	TEXT("https://\xd0\xb5xample.com/"),
	TEXT("https://example.com/\xc3\xa4"),
	TEXT("https://example.com/#\xe2\x80\xae"),
	TEXT("https://example.com/\x80"),
	TEXT("https://example.com/\xff"),
	TEXT("\xef\xbb\xbfhttps://example.com/"),
	TEXT("https://example.com/\xe2\x80\x8b"),
	TEXT("http://\xe2\x93\x9b" "ocalhost/"),
	TEXT("http://localhost:\xef\xbc\x98\xef\xbc\x90/"),

	/* what a URL may not hold */
	TEXT("https://example.com/\""),
	TEXT("https://example.com/<a>"),
	TEXT("https://example.com/>"),
	TEXT("https://example.com/^"),
	TEXT("https://example.com/`"),
	TEXT("https://example.com/{a"),
	TEXT("https://example.com/a|b"),
	TEXT("https://example.com/a}"),
	TEXT("https://example.com/?\"onload=alert(1)"),

	/* percent signs */
	TEXT("https://example.com/%"),
	TEXT("https://example.com/%4"),
	TEXT("https://example.com/%zz"),
	TEXT("https://example.com/%4g"),
	TEXT("https://example.com/%g4"),
	TEXT("https://example.com/%%41"),
	TEXT("https://example.com/%u0041"),
	TEXT("https://example.com/%-1"),
	TEXT("https://example.com/?a=%"),
	TEXT("https://example.com/#%"),
	TEXT("https://ex%61mple.com/"),
	TEXT("https://%65xample.com/"),
	TEXT("https://example.com%2f@evil.test/"),
	TEXT("https://example.com%2eevil.test/"),
	TEXT("https://example.com%00.evil.test/"),
	TEXT("https://example.com:%38%30/"),
	TEXT("https://%5b::1%5d/"),
	TEXT("http://localhos%74/"),
	TEXT("http://127.0.0.%31/"),

	/* http elsewhere than on this machine, however it looks */
	TEXT("http://example.com/"),
	TEXT("http://localhost.evil.test/"),
	TEXT("http://127.0.0.1.evil.test/"),
	TEXT("http://[::1]evil.test/"),
	TEXT("http://[::1].evil.test/"),
	TEXT("http://[::1]-/"),
	TEXT("http://evil.test/localhost"),
	TEXT("http://evil.test?localhost"),
	TEXT("http://evil.test#localhost"),
	TEXT("http://evil.test:80/localhost"),
	TEXT("http://evil.localhost/"),
	TEXT("http://localhost./"),
	TEXT("http://localhost.localdomain/"),
	TEXT("http://localhosts/"),
	TEXT("http://localhos/"),
	TEXT("http://xlocalhost/"),
	TEXT("http://localhost-/"),
	TEXT("http://localhost,evil.test/"),
	TEXT("http://localhost;evil.test/"),
	TEXT("http://localhost&evil.test/"),
	TEXT("http://localhost!/"),
	TEXT("http://localhost$/"),
	TEXT("http://127.0.0.2/"),
	TEXT("http://127.1/"),
	TEXT("http://127.0.1/"),
	TEXT("http://127.0.0.1./"),
	TEXT("http://127.0.0.01/"),
	TEXT("http://127.0.0.1.1/"),
	TEXT("http://0177.0.0.1/"),
	TEXT("http://017700000001/"),
	TEXT("http://2130706433/"),
	TEXT("http://0x7f000001/"),
	TEXT("http://0x7f.1/"),
	TEXT("http://0/"),
	TEXT("http://0.0.0.0/"),
	TEXT("http://10.0.0.1/"),
	TEXT("http://169.254.169.254/"),
	TEXT("http://[::]/"),
	TEXT("http://[::2]/"),
	TEXT("http://[::10]/"),
	TEXT("http://[0:0:0:0:0:0:0:1]/"),
	TEXT("http://[::ffff:127.0.0.1]/"),
	TEXT("http://[::1%25lo]/"),
	TEXT("http://[::1%lo]/"),
	TEXT("http://::1/"),
	TEXT("http://[::1"),
	TEXT("http://[::1/"),
	TEXT("http://::1]/"),
	TEXT("http://[[::1]]/"),
	TEXT("http://[::1]]/"),
	TEXT("http://[]/"),
	TEXT("http://["),
	TEXT("http://[::1]["),

	/* other hosts */
	TEXT("https://-example.com/"),
	TEXT("https://example-.com/"),
	TEXT("https://exam_ple.com/"),
	TEXT("https://example..com/"),
	TEXT("https://.example.com/"),
	TEXT("https://example.com./"),
	TEXT("https://example.com.:443/"),
	TEXT("https://./"),
	TEXT("https://../"),
	TEXT("https://*/"),
	TEXT("https://*.example.com/"),
	TEXT("https://example.com,evil.test/"),
	TEXT("https://example.com;evil.test/"),
	TEXT("https://example.com&evil.test/"),
	TEXT("https://a!b/"),
	TEXT("https://[2001:db8::1]/"),
	TEXT("https://[::2]/"),
	TEXT("https://[::1]a/"),
	TEXT("https://[::1]evil.test/"),
	TEXT("https://[::1"),
	TEXT("https://[:::1]/"),
	TEXT("https://["),
	TEXT("https://[]/"),
	TEXT("https://[v1.a]/"),

	/* IPv4 addresses as only some read them */
	TEXT("https://127.1/"),
	TEXT("https://127.0.1/"),
	TEXT("https://2130706433/"),
	TEXT("https://0/"),
	TEXT("https://0x7f.1/"),
	TEXT("https://0x7f000001/"),
	TEXT("https://0x7f.0x0.0x0.0x1/"),
	TEXT("https://0x/"),
	TEXT("https://127.0.0.0x/"),
	TEXT("https://0177.0.0.1/"),
	TEXT("https://017700000001/"),
	TEXT("https://192.0.2.01/"),
	TEXT("https://192.0.2.001/"),
	TEXT("https://192.0.2.+1/"),
	TEXT("https://192.0.2.-1/"),
	TEXT("https://192.0.2.256/"),
	TEXT("https://256.0.2.1/"),
	TEXT("https://192.0.2.4294967297/"),
	TEXT("https://192.0.2/"),
	TEXT("https://192.0.2./"),
	TEXT("https://192.0.2.1./"),
	TEXT("https://192.0..1/"),
	TEXT("https://.192.0.2.1/"),
	TEXT("https://192.0.2.1.5/"),
	TEXT("https://example.1/"),
	TEXT("https://example.0x1f/"),

	/* ports */
	TEXT("https://example.com:"),
	TEXT("https://example.com:/"),
	TEXT("https://example.com:?a"),
	TEXT("https://example.com:#a"),
	TEXT("https://example.com:0/"),
	TEXT("https://example.com:00/"),
	TEXT("https://example.com:080/"),
	TEXT("https://example.com:00443/"),
	TEXT("https://example.com:65536/"),
	TEXT("https://example.com:99999/"),
	TEXT("https://example.com:100000/"),
	TEXT("https://example.com:4294967376/"),
	TEXT("https://example.com:18446744073709551696/"),
	TEXT("https://example.com:+80/"),
	TEXT("https://example.com:-80/"),
	TEXT("https://example.com:80a/"),
	TEXT("https://example.com:a/"),
	TEXT("https://example.com:0x50/"),
	TEXT("https://example.com:8e1/"),
	TEXT("https://example.com:80:80/"),
	TEXT("https://example.com:80:/"),
	TEXT("https://example.com::80/"),
	TEXT("https://example.com:80.evil.test/"),
	TEXT("https://example.com:443,evil.test/"),
	TEXT("http://localhost:"),
	TEXT("http://localhost:/"),
	TEXT("http://localhost:0/"),
	TEXT("http://localhost:65536/"),
	TEXT("http://localhost:+80/"),
	TEXT("http://localhost:80.evil.test/"),
	TEXT("http://localhost:8080evil.test/"),
	TEXT("http://localhost:evil.test/"),
	TEXT("http://127.0.0.1:evil.test/"),
	TEXT("http://[::1]:"),
	TEXT("http://[::1]:/"),
	TEXT("http://[::1]:0/"),
	TEXT("http://[::1]:65536/"),
	TEXT("http://[::1]:evil.test/"),
};

static const Span good_origins[] = {
	TEXT("https://example.com"),
	TEXT("https://www.example.com"),
	TEXT("https://example.com:8443"),
	TEXT("https://example.com:80"),
	TEXT("https://example.com:65535"),
	TEXT("https://a"),
	TEXT("https://xn--bcher-kva.example"),
	TEXT("https://192.0.2.1"),
	TEXT("https://192.0.2.1:8443"),
	TEXT("https://[::1]:8443"),
	TEXT("http://localhost"),
	TEXT("http://localhost:443"),
	TEXT("http://localhost:3000"),
	TEXT("http://127.0.0.1:5173"),
	TEXT("http://[::1]"),
	TEXT("http://[::1]:8080"),
};

static const Span bad_origins[] = {
	TEXT(""),
	TEXT("*"),
	TEXT("null"),
	TEXT("https://"),
	TEXT("https://*"),
	TEXT("https://*.example.com"),
	TEXT("example.com"),
	TEXT("//example.com"),
	TEXT("https://example.com/"),
	TEXT("https://example.com/a"),
	TEXT("https://example.com?"),
	TEXT("https://example.com?a"),
	TEXT("https://example.com#"),
	TEXT("https://example.com#a"),
	TEXT("https://example.com:8443/"),
	TEXT("https://example.com:"),
	TEXT("https://example.com:0"),
	TEXT("https://example.com:08443"),
	TEXT("https://example.com:65536"),
	TEXT("https://example.com "),
	TEXT(" https://example.com"),
	TEXT("https://example.com\n"),
	TEXT("https://example.com\0"),
	TEXT("https://example.com\0.evil.test"),
	TEXT("https://example.com,https://a.example"),
	TEXT("https://example.com https://a.example"),
	TEXT("https://example.com."),
	TEXT("https://Example.com"),
	TEXT("HTTPS://example.com"),
	TEXT("https://user@example.com"),
	TEXT("https://example.com@evil.test"),
	TEXT("https://example.com\\"),
	TEXT("https://ex\xc3\xa4mple.com"),
	TEXT("http://example.com"),
	TEXT("http://localhost.evil.test"),
	TEXT("http://localhost/"),
	TEXT("http://[::1]evil.test"),
	TEXT("http://[::1"),
	TEXT("http://127.1"),
	TEXT("https://0x7f.1"),
	TEXT("ftp://example.com"),
	TEXT("file://"),
	TEXT("chrome-extension://abcdefghijklmnop"),
};

/* Browsers leave the scheme's own port out of an origin (RFC 6454, section 6.2): such a row would never match. */
static const Span default_ports[] = {
	TEXT("https://example.com:443"),
	TEXT("https://192.0.2.1:443"),
	TEXT("https://localhost:443"),
	TEXT("http://localhost:80"),
	TEXT("http://127.0.0.1:80"),
	TEXT("http://[::1]:80"),
};

/* Check each text of a table. */
static void
check_all(bool (*accepts) (Span), const Span *texts, size_t count, bool expected, const char *what)
{
	for (size_t i = 0; i < count; i++)
		is_int(verdict(accepts, texts[i]), expected, "%s %s", what, show(texts[i]));
}

/* Return how many of the URLs are accepted as origins; all have something behind. */
static int
accepted_as_origins(void)
{
	int			accepted = 0;

	for (size_t i = 0; i < lengthof(good_urls); i++)
		if (strpbrk(good_urls[i].data + strlen("https://"), "/?#") != NULL)
			accepted += verdict(origin_is_valid, good_urls[i]) != 0;
	return accepted;
}

/* Return how many beginnings of a URL are judged otherwise than by whether they are among those named. */
static int
misjudged_beginnings(Span url, size_t from)
{
	int			wrong = 0;

	for (size_t size = 0; size < url.size; size++)
		wrong += verdict(url_is_valid, (Span) {url.data, size}) != (size >= from);
	return wrong;
}

/* Tell whether a URL of this size is accepted. */
static int
verdict_of_size(size_t size)
{
	char		url[4096] = "https://example.com/";

	memset(url + strlen(url), 'a', size - strlen(url));
	return verdict(url_is_valid, (Span) {url, size});
}

/* Check which bytes may stand in each part. */
static void
check_bytes(void)
{
#define UNRESERVED "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-._~"
#define RESERVED ":/?#[]@!$&'()*+,;="
	is_int(misjudged_bytes(url_is_valid, (Span) TEXT("https://a/b?c"), 10, UNRESERVED RESERVED), 0, "byte of a path");
	is_int(misjudged_bytes(url_is_valid, (Span) TEXT("https://a?b?c"), 12, UNRESERVED RESERVED), 0, "last byte of a query");
	is_int(misjudged_bytes(url_is_valid, (Span) TEXT("https://a#b?c"), 12, UNRESERVED RESERVED), 0,
		   "last byte of a fragment");
	is_int(misjudged_bytes(url_is_valid, (Span) TEXT("https://a/%?0"), 11, "0123456789abcdefABCDEF"), 0,
		   "first byte behind a percent sign");
	is_int(misjudged_bytes(url_is_valid, (Span) TEXT("https://a/%0?"), 12, "0123456789abcdefABCDEF"), 0,
		   "second byte behind a percent sign");
	is_int(misjudged_bytes(url_is_valid, (Span) TEXT("https://a?b/"), 9,
						   "abcdefghijklmnopqrstuvwxyz0123456789-./?#"), 0, "byte inside a host");
	is_int(misjudged_bytes(url_is_valid, (Span) TEXT("https://a.b?"), 11,
						   "abcdefghijklmnopqrstuvwxyz0123456789/?#"), 0, "byte behind a host");
	is_int(misjudged_bytes(url_is_valid, (Span) TEXT("http://localhost?"), 16, "/?#"), 0, "byte behind localhost");
	is_int(misjudged_bytes(url_is_valid, (Span) TEXT("http://127.0.0.1?"), 16, "/?#"), 0, "byte behind 127.0.0.1");
	is_int(misjudged_bytes(url_is_valid, (Span) TEXT("http://[::1]?"), 12, "/?#"), 0, "byte behind [::1]");
	is_int(misjudged_bytes(url_is_valid, (Span) TEXT("http://localhost?1"), 16, "/?#:"), 0, "byte before a port");
	is_int(misjudged_bytes(url_is_valid, (Span) TEXT("https://a:?"), 10, "123456789"), 0, "only byte of a port");
	is_int(misjudged_bytes(url_is_valid, (Span) TEXT("https://a:1?"), 11, "0123456789/?#"), 0, "last byte of a port");
	is_int(misjudged_bytes(url_is_valid, (Span) TEXT("https://a:6553?"), 14, "012345/?#"), 0, "last byte of the highest port");
	is_int(misjudged_bytes(url_is_valid, (Span) TEXT("http?://localhost"), 4, "s"), 0, "last byte of the scheme");
}

int
main(void)
{
	Span		nothing = {NULL, 0};

	plan(lengthof(good_urls) + lengthof(hostile_urls) + 2 * lengthof(good_origins) + lengthof(bad_origins) +
		 lengthof(default_ports) + 15 + 7);
	check_all(url_is_valid, good_urls, lengthof(good_urls), true, "good:");
	check_all(url_is_valid, hostile_urls, lengthof(hostile_urls), false, "hostile:");
	check_all(origin_is_valid, good_origins, lengthof(good_origins), true, "origin:");
	check_all(url_is_valid, good_origins, lengthof(good_origins), true, "origin that is a URL, too:");
	check_all(origin_is_valid, bad_origins, lengthof(bad_origins), false, "no origin:");
	check_all(origin_is_valid, default_ports, lengthof(default_ports), false, "origin with the port of its scheme:");
	is_int(accepted_as_origins(), 0, "URLs with something behind the origin are no origins");
	is_int(misjudged_beginnings((Span) TEXT("https://a/?b=c#d"), strlen("https://a")), 0, "beginnings of a URL");
	is_int(misjudged_beginnings((Span) TEXT("http://[::1]/?b=c#d"), strlen("http://[::1]")), 0, "... on this machine");
	is_int(verdict_of_size(URL_MAX), 1, "the longest URL");
	is_int(verdict_of_size(URL_MAX + 1), 0, "... and one longer");
	ok(!url_is_valid(nothing), "no text is no URL");
	ok(!origin_is_valid(nothing), "no text is no origin");
	check_bytes();
	return tap_status();
}
