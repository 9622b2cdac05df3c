/*
 * Where people may be sent: hostile redirects are refused, whatever they are
 * held against, and honest ones are not.
 */
#include "realm/url.h"
#include "tap.h"

/* What is not below https://app.example.com/in, for one reader of URLs or another. */
static const Span hostile[] = {
	TEXT("https://app.example.com.evil.test/in"),
	TEXT("https://app.example.com./in"),
	TEXT("https://app.example.com.:443/in"),
	TEXT("https://app-example.com/in"),
	TEXT("https://appXexample.com/in"),
	TEXT("https://evilapp.example.com/in"),
	TEXT("https://evil.app.example.com/in"),
	TEXT("https://app.example.co/in"),
	TEXT("https://app.example.comm/in"),
	TEXT("https://example.com/in"),
	TEXT("https://www.example.com/in"),
	TEXT("https://app.example.com%2eevil.test/in"),
	TEXT("https://app.example.com%00.evil.test/in"),
	TEXT("https://app.example.com%0d%0aevil.test/in"),
	TEXT("https://app.example.com;evil.test/in"),
	TEXT("https://app.example.com,evil.test/in"),
	TEXT("https://app.example.com!evil.test/in"),
	TEXT("https://app.example.com$evil.test/in"),
	TEXT("https://app.example.com&evil.test/in"),
	TEXT("https://app.example.com*/in"),
	TEXT("https://app.example.com'evil.test/in"),
	TEXT("https://app.example.com(evil.test)/in"),
	TEXT("https://app.example.com+evil.test/in"),
	TEXT("https://app.example.com=evil.test/in"),
	TEXT("https://app.example.com~evil.test/in"),
	TEXT("https://app.example.com_evil.test/in"),
	TEXT("https://*.example.com/in"),
	TEXT("https://app..example.com/in"),
	TEXT("https://.app.example.com/in"),
	TEXT("https://-app.example.com/in"),
	TEXT("https://app.example.com-/in"),
	TEXT("https://evil.test/in"),
	TEXT("https://evil.test:443/in"),
	TEXT("https://127.0.0.1/in"),
	TEXT("https://localhost/in"),
	TEXT("https://[::1]/in"),
	TEXT("https://2130706433/in"),
	TEXT("https://0x7f000001/in"),
	TEXT("https://127.1/in"),
	TEXT("https://xn--app-example-com/in"),
	TEXT("https://APP.example.com/in"),
	TEXT("https://App.Example.Com/in"),
	TEXT("https://app.example.com\t/in"),
	TEXT("https://ａｐｐ.example.com/in"),
	TEXT("https://app。example.com/in"),
	TEXT("https://app.exаmple.com/in"),
	TEXT("https://app.example.com\u200b/in"),
	TEXT("https://app.example.com\u2028/in"),
	TEXT("https://app.example.com@evil.test/in"),
	TEXT("https://app.example.com:443@evil.test/in"),
	TEXT("https://user@app.example.com/in"),
	TEXT("https://user:pass@app.example.com/in"),
	TEXT("https://@app.example.com/in"),
	TEXT("https://:@app.example.com/in"),
	TEXT("https://evil.test@app.example.com/in"),
	TEXT("https://app.example.com%40evil.test/in"),
	TEXT("https://app.example.com%2f@evil.test/in"),
	TEXT("https://app.example.com\\@evil.test/in"),
	TEXT("https://app.example.com#@evil.test/in"),
	TEXT("https://app.example.com?@evil.test/in"),
	TEXT("https://app.example.com/@evil.test/in"),
	TEXT("https://app.example.com[@evil.test/in"),
	TEXT("https://evil.test#app.example.com/in"),
	TEXT("https://evil.test?app.example.com/in"),
	TEXT("https://evil.test/app.example.com/in"),
	TEXT("https://evil.test\\app.example.com/in"),
	TEXT("https://evil.test;app.example.com/in"),
	TEXT("https://evil.test%23app.example.com/in"),
	TEXT("https://app.example.com:80/in"),
	TEXT("https://app.example.com:444/in"),
	TEXT("https://app.example.com:8443/in"),
	TEXT("https://app.example.com:0/in"),
	TEXT("https://app.example.com:00443/in"),
	TEXT("https://app.example.com:0443/in"),
	TEXT("https://app.example.com:65536/in"),
	TEXT("https://app.example.com:443443/in"),
	TEXT("https://app.example.com:44/in"),
	TEXT("https://app.example.com:4433/in"),
	TEXT("https://app.example.com:/in"),
	TEXT("https://app.example.com:+443/in"),
	TEXT("https://app.example.com:-443/in"),
	TEXT("https://app.example.com:443a/in"),
	TEXT("https://app.example.com:a/in"),
	TEXT("https://app.example.com:443:443/in"),
	TEXT("https://app.example.com:443.evil.test/in"),
	TEXT("https://app.example.com: 443/in"),
	TEXT("https://app.example.com:443 /in"),
	TEXT("https://app.example.com:%34%34%33/in"),
	TEXT("http://app.example.com/in"),
	TEXT("http://app.example.com:443/in"),
	TEXT("ftp://app.example.com/in"),
	TEXT("ws://app.example.com/in"),
	TEXT("wss://app.example.com/in"),
	TEXT("file:///in"),
	TEXT("file://app.example.com/in"),
	TEXT("javascript:alert(1)"),
	TEXT("javascript://app.example.com/in%0aalert(1)"),
	TEXT("javascript:https://app.example.com/in"),
	TEXT("JaVaScRiPt:alert(1)"),
	TEXT("data:text/html,<script>alert(1)</script>"),
	TEXT("data:text/html;base64,PHNjcmlwdD4="),
	TEXT("vbscript:msgbox(1)"),
	TEXT("blob:https://app.example.com/in"),
	TEXT("view-source:https://app.example.com/in"),
	TEXT("about:blank"),
	TEXT("mailto:ada@app.example.com"),
	TEXT("intent://app.example.com/in"),
	TEXT("HTTPS://app.example.com/in"),
	TEXT("Https://app.example.com/in"),
	TEXT("https:app.example.com/in"),
	TEXT("https:/app.example.com/in"),
	TEXT("https:///app.example.com/in"),
	TEXT("https:////app.example.com/in"),
	TEXT("https:\\\\app.example.com/in"),
	TEXT("https:/\\app.example.com/in"),
	TEXT("https:\\/app.example.com/in"),
	TEXT("//app.example.com/in"),
	TEXT("///app.example.com/in"),
	TEXT("\\\\app.example.com/in"),
	TEXT("/\\app.example.com/in"),
	TEXT("/in"),
	TEXT("in"),
	TEXT("?in"),
	TEXT("#in"),
	TEXT(""),
	TEXT("https"),
	TEXT("https:"),
	TEXT("https://"),
	TEXT("https:///in"),
	TEXT("http:https://app.example.com/in"),
	TEXT("https+x://app.example.com/in"),
	TEXT("xhttps://app.example.com/in"),
	TEXT(" https://app.example.com/in"),
	TEXT("\thttps://app.example.com/in"),
	TEXT("\nhttps://app.example.com/in"),
	TEXT("\rhttps://app.example.com/in"),
	TEXT("\x01https://app.example.com/in"),
	TEXT("ht\ntps://app.example.com/in"),
	TEXT("https\t://app.example.com/in"),
	TEXT("https:\t//app.example.com/in"),
	TEXT("https:/\t/app.example.com/in"),
	TEXT("https://\tapp.example.com/in"),
	TEXT("https://app.example.com\t.evil.test/in"),
	TEXT("https://app.example.com\n/in"),
	TEXT("https://app.\nexample.com/in"),
	TEXT("https://app.example.com"),
	TEXT("https://app.example.com/"),
	TEXT("https://app.example.com/i"),
	TEXT("https://app.example.com/inn"),
	TEXT("https://app.example.com/in2"),
	TEXT("https://app.example.com/in-evil"),
	TEXT("https://app.example.com/in.evil"),
	TEXT("https://app.example.com/in%2f"),
	TEXT("https://app.example.com/in%2fx"),
	TEXT("https://app.example.com/IN"),
	TEXT("https://app.example.com/In"),
	TEXT("https://app.example.com/x/in"),
	TEXT("https://app.example.com//in"),
	TEXT("https://app.example.com/./in"),
	TEXT("https://app.example.com/x/../in"),
	TEXT("https://app.example.com/in/.."),
	TEXT("https://app.example.com/in/../"),
	TEXT("https://app.example.com/in/../x"),
	TEXT("https://app.example.com/in/../in/../x"),
	TEXT("https://app.example.com/in/."),
	TEXT("https://app.example.com/in/./x"),
	TEXT("https://app.example.com/in//../x"),
	TEXT("https://app.example.com/in/..;/x"),
	TEXT("https://app.example.com/in/..;x=1/x"),
	TEXT("https://app.example.com/in/.;/x"),
	TEXT("https://app.example.com/in/%2e%2e/x"),
	TEXT("https://app.example.com/in/%2E%2E/x"),
	TEXT("https://app.example.com/in/.%2e/x"),
	TEXT("https://app.example.com/in/%2e./x"),
	TEXT("https://app.example.com/in/%2e/x"),
	TEXT("https://app.example.com/in/..%2fx"),
	TEXT("https://app.example.com/in/..%2Fx"),
	TEXT("https://app.example.com/in/..%5cx"),
	TEXT("https://app.example.com/in/..%5Cx"),
	TEXT("https://app.example.com/in/%5c..%5cx"),
	TEXT("https://app.example.com/in/..\\x"),
	TEXT("https://app.example.com/in\\..\\x"),
	TEXT("https://app.example.com/in/%2e%2e%2fx"),
	TEXT("https://app.example.com/in/%252e/%2e%2e/x"),
	TEXT("https://app.example.com/in/x/../../x"),
	TEXT("https://app.example.com/in/x/.."),
	TEXT("https://app.example.com/in/x/../"),
	TEXT("https://app.example.com/in;/../x"),
	TEXT("https://app.example.com/in;x"),
	TEXT("https://app.example.com/in,x"),
	TEXT("https://app.example.com/in@evil.test"),
	TEXT("https://app.example.com/in:x"),
	TEXT("https://app.example.com/in&x"),
	TEXT("https://app.example.com/in=x"),
	TEXT("https://app.example.com/in%00"),
	TEXT("https://app.example.com/in/%00/../x"),
	TEXT("https://app.example.com/in%"),
	TEXT("https://app.example.com/in/%"),
	TEXT("https://app.example.com/in/%2"),
	TEXT("https://app.example.com/in/%zz"),
	TEXT("https://app.example.com/in/%u002e"),
	TEXT("https://app.example.com/in/ x"),
	TEXT("https://app.example.com/in/\tx"),
	TEXT("https://app.example.com/in/\nx"),
	TEXT("https://app.example.com/in/\rx"),
	TEXT("https://app.example.com/in/x\n"),
	TEXT("https://app.example.com/in/\x7f"),
	TEXT("https://app.example.com/in/é"),
	TEXT("https://app.example.com/in/\xff"),
	TEXT("https://app.example.com/in/<script>"),
	TEXT("https://app.example.com/in/\"x"),
	TEXT("https://app.example.com/in/^"),
	TEXT("https://app.example.com/in/`"),
	TEXT("https://app.example.com/in/{x}"),
	TEXT("https://app.example.com/in/|"),
	TEXT("https://app.example.com/in /x"),
	TEXT("https://app.example.com/in\x01/x"),
	TEXT("https://app.example.com/in?token=x"),
	TEXT("https://app.example.com/in?token"),
	TEXT("https://app.example.com/in?token="),
	TEXT("https://app.example.com/in?a=b&token=x"),
	TEXT("https://app.example.com/in?a=b;token=x"),
	TEXT("https://app.example.com/in?&token=x"),
	TEXT("https://app.example.com/in?TOKEN=x"),
	TEXT("https://app.example.com/in?Token=x"),
	TEXT("https://app.example.com/in?%74oken=x"),
	TEXT("https://app.example.com/in?to%6ben=x"),
	TEXT("https://app.example.com/in?%54OKEN=x"),
	TEXT("https://app.example.com/in?token%3dx"),
	TEXT("https://app.example.com/in?token%00=x"),
	TEXT("https://app.example.com/in?+token=x"),
	TEXT("https://app.example.com/in?%20token=x"),
	TEXT("https://app.example.com/in?token+=x"),
	TEXT("https://app.example.com/in?token[]=x"),
	TEXT("https://app.example.com/in?token%5b0%5d=x"),
	TEXT("https://app.example.com/in?a=b&redir=/x"),
	TEXT("https://app.example.com/in?redir=//evil.test"),
	TEXT("https://app.example.com/in?%72edir=x"),
	TEXT("https://app.example.com/in?signup=true"),
	TEXT("https://app.example.com/in?signup"),
	TEXT("https://app.example.com/in?a&sign%75p=true"),
	TEXT("https://app.example.com/in#token=x"),
	TEXT("https://app.example.com/in#a&token=x"),
	TEXT("https://app.example.com/in#?token=x"),
	TEXT("https://app.example.com/in#/?token=x"),
	TEXT("https://app.example.com/in#/x?a=b&token=x"),
	TEXT("https://app.example.com/in#/token=x"),
	TEXT("https://app.example.com/in#!token=x"),
	TEXT("https://app.example.com/in#x#token=x"),
	TEXT("https://app.example.com/in?a=b#token=x"),
	TEXT("https://app.example.com/in?a=b#to%6Ben=x"),
	TEXT("https://app.example.com/in#redir=/x"),
	TEXT("https://app.example.com/in#signup=true"),
	TEXT("https://app.example.com/in/x?token=x"),
	TEXT("https://app.example.com/in/?token=x"),
};

/* What a redirect may be registered as; the hostile ones are below none of them. */
static const Span permitted[] = {
	TEXT("https://app.example.com/in"),
	TEXT("https://app.example.com:443/in"),
	TEXT("https://app.example.com/in?x=1"),
	TEXT("https://app.example.com/in#x"),
};

typedef struct Pair
{
	Span		url;
	Span		permitted;
} Pair;

static const Pair good[] = {
	{TEXT("https://app.example.com/in"), TEXT("https://app.example.com/in")},
	{TEXT("https://app.example.com/in/"), TEXT("https://app.example.com/in")},
	{TEXT("https://app.example.com/in/x"), TEXT("https://app.example.com/in")},
	{TEXT("https://app.example.com/in/x/y.html"), TEXT("https://app.example.com/in")},
	{TEXT("https://app.example.com/in/..x"), TEXT("https://app.example.com/in")},
	{TEXT("https://app.example.com/in/x..y/...z"), TEXT("https://app.example.com/in")},
	{TEXT("https://app.example.com/in/%20x%C3%A9"), TEXT("https://app.example.com/in")},
	{TEXT("https://app.example.com/in?x=1"), TEXT("https://app.example.com/in")},
	{TEXT("https://app.example.com/in?x=../y"), TEXT("https://app.example.com/in")},
	{TEXT("https://app.example.com/in?x=%2f%2e%2e"), TEXT("https://app.example.com/in")},
	{TEXT("https://app.example.com/in#x"), TEXT("https://app.example.com/in")},
	{TEXT("https://app.example.com/in#/../x"), TEXT("https://app.example.com/in")},
	{TEXT("https://app.example.com:443/in"), TEXT("https://app.example.com/in")},
	{TEXT("https://app.example.com/in"), TEXT("https://app.example.com:443/in")},
	{TEXT("https://app.example.com/in/x"), TEXT("https://app.example.com/in/")},
	{TEXT("https://app.example.com/in"), TEXT("https://app.example.com/in/")},
	{TEXT("https://app.example.com"), TEXT("https://app.example.com")},
	{TEXT("https://app.example.com/"), TEXT("https://app.example.com")},
	{TEXT("https://app.example.com"), TEXT("https://app.example.com/")},
	{TEXT("https://app.example.com/x"), TEXT("https://app.example.com")},
	{TEXT("https://app.example.com/x"), TEXT("https://app.example.com/")},
	{TEXT("https://app.example.com?x"), TEXT("https://app.example.com/")},
	{TEXT("https://app.example.com:8443/x"), TEXT("https://app.example.com:8443")},
	{TEXT("http://localhost/x"), TEXT("http://localhost:80")},
	{TEXT("http://localhost:3000/x"), TEXT("http://localhost:3000/x")},
	{TEXT("http://127.0.0.1:3000/x"), TEXT("http://127.0.0.1:3000")},
	{TEXT("http://[::1]:80/x"), TEXT("http://[::1]/")},
	{TEXT("https://app.example.com/in?x=1"), TEXT("https://app.example.com/in?x=1")},
	{TEXT("https://app.example.com/in#x"), TEXT("https://app.example.com/in#x")},
	{TEXT("https://app.example.com/in?token=x"), TEXT("https://app.example.com/in?token=x")},
	{TEXT("https://app.example.com/in?tokens=x"), TEXT("https://app.example.com/in")},
	{TEXT("https://app.example.com/in?xtoken=x"), TEXT("https://app.example.com/in")},
	{TEXT("https://app.example.com/in?mytoken=x"), TEXT("https://app.example.com/in")},
	{TEXT("https://app.example.com/in?token_type=x"), TEXT("https://app.example.com/in")},
	{TEXT("https://app.example.com/in?t=token"), TEXT("https://app.example.com/in")},
	{TEXT("https://app.example.com/in?a=b?token"), TEXT("https://app.example.com/in")},
	{TEXT("https://app.example.com/in?a=b?token=x"), TEXT("https://app.example.com/in")},
	{TEXT("https://app.example.com/in?next=/x%3Ftoken=x"), TEXT("https://app.example.com/in")},
	{TEXT("https://app.example.com/in?next=%2Fx%3Fa%2526token=x"), TEXT("https://app.example.com/in")},
	{TEXT("https://app.example.com/in?signups=1"), TEXT("https://app.example.com/in")},
	{TEXT("https://app.example.com/in?redirect=/x"), TEXT("https://app.example.com/in")},
	{TEXT("https://app.example.com/in?tok=en"), TEXT("https://app.example.com/in")},
	{TEXT("https://app.example.com/in#tokens"), TEXT("https://app.example.com/in")},
	{TEXT("https://app.example.com/in#/x?t=token"), TEXT("https://app.example.com/in")},
	{TEXT("https://app.example.com/in?"), TEXT("https://app.example.com/in")},
	{TEXT("https://app.example.com/in#"), TEXT("https://app.example.com/in")},
	{TEXT("https://app.example.com/in?&&"), TEXT("https://app.example.com/in")},
	{TEXT("https://app.example.com/in?%20"), TEXT("https://app.example.com/in")},
};

/* Near misses against other registrations than the one above. */
static const Pair bad[] = {
	{TEXT("http://localhost:3001/x"), TEXT("http://localhost:3000")},
	{TEXT("http://localhost:80/x"), TEXT("https://localhost:443")},
	{TEXT("https://localhost/x"), TEXT("http://localhost")},
	{TEXT("http://localhost/x"), TEXT("https://localhost")},
	{TEXT("http://localhost:443/x"), TEXT("https://localhost")},
	{TEXT("https://localhost:80/x"), TEXT("http://localhost")},
	{TEXT("http://127.0.0.1/x"), TEXT("http://localhost")},
	{TEXT("https://app.example.com.evil.test"), TEXT("https://app.example.com")},
	{TEXT("https://app.example.com@evil.test"), TEXT("https://app.example.com")},
	{TEXT("https://app.example.com/../x"), TEXT("https://app.example.com")},
	{TEXT("https://app.example.com/in?x=2"), TEXT("https://app.example.com/in?x=1")},
	{TEXT("https://app.example.com/in?x=1&y"), TEXT("https://app.example.com/in?x=1")},
	{TEXT("https://app.example.com/in"), TEXT("https://app.example.com/in?x=1")},
	{TEXT("https://app.example.com/in/x?x=1"), TEXT("https://app.example.com/in?x=1")},
	{TEXT("https://app.example.com/in"), TEXT("not a URL")},
	{TEXT("https://app.example.com/in"), TEXT("")},
	{TEXT("not a URL"), TEXT("not a URL")},
};

/* What an app could be led astray by. */
static const Span hostile_redirs[] = {
	TEXT("//evil.test"),
	TEXT("//evil.test/x"),
	TEXT("///evil.test"),
	TEXT("////evil.test"),
	TEXT("/\\evil.test"),
	TEXT("\\evil.test"),
	TEXT("\\\\evil.test"),
	TEXT("/\\/evil.test"),
	TEXT("\\/evil.test"),
	TEXT("/x\\y"),
	TEXT("https://evil.test//evil.test/x"),
	TEXT("https://evil.test/\\evil.test"),
	TEXT("https://a//b"),
	TEXT("http:evil.test"),
	TEXT("https:/evil.test"),
	TEXT("https:evil.test"),
	TEXT("javascript:alert(1)"),
	TEXT("data:text/html,x"),
	TEXT("evil.test"),
	TEXT("evil.test/x"),
	TEXT("?x"),
	TEXT("#x"),
	TEXT(""),
	TEXT("."),
	TEXT(".."),
	TEXT("./x"),
	TEXT("../x"),
	TEXT(" /x"),
	TEXT("\t/x"),
	TEXT("\n/x"),
	TEXT("/\tx"),
	TEXT("/x\n"),
	TEXT("/x\r\nSet-Cookie: a=b"),
	TEXT("/\x7f"),
	TEXT("/x\xff"),
	TEXT("/x\xc3"),
	TEXT("/..//evil.test"),
	TEXT("/.//evil.test"),
	TEXT("/x/..//evil.test"),
	TEXT("/x/../y"),
	TEXT("/x/./y"),
	TEXT("/x/.."),
	TEXT("/."),
	TEXT("/.."),
	TEXT("/%2e%2e/x"),
	TEXT("/%2e/x"),
	TEXT("/%2f/evil.test"),
	TEXT("/%2fevil.test"),
	TEXT("/%2Fevil.test"),
	TEXT("/x%5cevil.test"),
	TEXT("/%5C%5Cevil.test"),
	TEXT("/..;/x"),
	TEXT("/x//y"),
	TEXT("@evil.test"),
	TEXT("x@evil.test/y"),
	TEXT("mailto:x"),
	TEXT("://evil.test/x"),
	TEXT("https://"),
	TEXT("https://evil.test"),
	TEXT("https://evil.test?/x"),
	TEXT("https://evil.test#/x"),
};

typedef struct Cut
{
	Span		given;
	const char *path;
} Cut;

static const Cut good_redirs[] = {
	{TEXT("/"), "/"},
	{TEXT("/x"), "/x"},
	{TEXT("/x/"), "/x/"},
	{TEXT("/some/path.html"), "/some/path.html"},
	{TEXT("/x?y=1&z=2"), "/x?y=1&z=2"},
	{TEXT("/x?y=//evil.test"), "/x?y=//evil.test"},
	{TEXT("/x?y=https://evil.test/.."), "/x?y=https://evil.test/.."},
	{TEXT("/x#y"), "/x#y"},
	{TEXT("/#//"), "/#//"},
	{TEXT("/caf\xc3\xa9 au lait"), "/caf\xc3\xa9 au lait"},
	{TEXT("/100%"), "/100%"},
	{TEXT("/..x"), "/..x"},
	{TEXT("/a:b"), "/a:b"},
	{TEXT("/a@b"), "/a@b"},
	{TEXT("https://app.example.com/x"), "/x"},
	{TEXT("https://evil.test/x"), "/x"},
	{TEXT("https://evil.test/"), "/"},
	{TEXT("https://evil.test/x?y=1#z"), "/x"},
	{TEXT("http://user:pass@evil.test:8080/x/y"), "/x/y"},
	{TEXT("custom+app://x/y"), "/y"},
	{TEXT("javascript://x/%0aalert(1)"), "/%0aalert(1)"},
};

static Span current;			/* what the URL is held against */

/* Judge a URL. */
static bool
is_below(Span url)
{
	return url_is_below(url, current);
}

/* Judge a redir. */
static bool
is_redir(Span given)
{
	Span		path;

	return redir_accept(given, &path);
}

/* Hold every hostile URL against everything that is registered. */
static void
check_hostile(void)
{
	for (size_t i = 0; i < lengthof(hostile); i++)
	{
		int			accepted = 0;

		for (size_t j = 0; j < lengthof(permitted); j++)
		{
			current = permitted[j];
			accepted += verdict(is_below, hostile[i]) != 0;
		}
		is_int(accepted, 0, "hostile: %s", show(hostile[i]));
	}
}

/* Check pairs. */
static void
check_pairs(const Pair *pairs, size_t count, bool expected, const char *what)
{
	for (size_t i = 0; i < count; i++)
	{
		current = pairs[i].permitted;
		is_int(verdict(is_below, pairs[i].url), expected, "%s: %s against %s", what, show(pairs[i].url), show(current));
	}
}

/* Check what becomes of a redir. */
static void
check_redirs(void)
{
	for (size_t i = 0; i < lengthof(hostile_redirs); i++)
		is_int(verdict(is_redir, hostile_redirs[i]), false, "hostile redir: %s", show(hostile_redirs[i]));
	for (size_t i = 0; i < lengthof(good_redirs); i++)
	{
		Span		path = {NULL, 0};
		char		text[100] = "";

		if (redir_accept(good_redirs[i].given, &path))
			memcpy(text, path.data, path.size);
		is_string(text, good_redirs[i].path, "redir: %s", show(good_redirs[i].given));
	}
}

/* Tell whether a redir of this size is accepted. */
static bool
accepts_size(size_t size)
{
	char		path[REDIR_MAX + 2];

	memset(path, 'a', sizeof(path));
	path[0] = '/';
	return is_redir((Span) {path, size});
}

/* Encode every byte, and see that only what means nothing in a query stands for itself. */
static void
check_encoding(void)
{
	char		out[4];
	int			plain = 0;

	for (int byte = 0; byte < 256; byte++)
	{
		char		c = byte;
		char		expected[4];
		size_t		length = url_encode((Span) {&c, 1}, out);

		sprintf(expected, "%%%02X", byte);
		if (length == 1)
			plain += out[0] == c && c != '\0' &&
				strchr("ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-._~/", c) != NULL;
		else if (length != 3 || strcmp(out, expected) != 0)
			plain = -1000;
	}
	is_int(plain, 67, "67 characters stand for themselves in a query, the others are escaped");
}

/* Check the origin of a URL. */
static void
check_origin(Span url, const char *expected)
{
	Span		origin = url_origin(url);
	char		text[100] = "";

	memcpy(text, origin.data, origin.size);
	is_string(text, expected, "origin of %s", show(url));
}

int
main(void)
{
	plan(lengthof(hostile) + lengthof(good) + lengthof(bad) + lengthof(hostile_redirs) + lengthof(good_redirs) + 3 + 4);
	check_hostile();
	check_pairs(good, lengthof(good), true, "good");
	check_pairs(bad, lengthof(bad), false, "bad");
	check_redirs();
	ok(accepts_size(REDIR_MAX), "the longest redir");
	ok(!accepts_size(REDIR_MAX + 1), "... and one longer");
	check_encoding();
	check_origin((Span) TEXT("https://app.example.com/x?y#z"), "https://app.example.com");
	check_origin((Span) TEXT("https://app.example.com"), "https://app.example.com");
	check_origin((Span) TEXT("http://[::1]:8080/x"), "http://[::1]:8080");
	check_origin((Span) TEXT("http://localhost:3000?x"), "http://localhost:3000");
	return tap_status();
}
