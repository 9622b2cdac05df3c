/*
 * What was asked for: headers as PostgREST tells them, whether our own page
 * asks, routes.
 */
#include "http/request.h"

#include "tap.h"
#include "web/route.h"

/* ---------- headers ---------- */

/* Check what is read of a header; nothing is shown as a hyphen. */
static void
check_header(const char *headers, bool is_direct, size_t offset, const char *expected)
{
	Request		request;
	Span	   *value = (Span *) ((char *) &request + offset);
	char		text[200] = "-";

	request_read(&request, headers, is_direct, malloc);
	if (value->data != NULL)
		sprintf(text, "%.*s", (int) value->size, value->data);
	is_string(text, expected, "%s %s", is_direct ? "direct" : "proxied", headers);
	free((char *) request.method.data);
	if (request.authority.data != request.host.data)
		free((char *) request.authority.data);
	free((char *) request.host.data);
	free((char *) request.content_type.data);
}

static void
check_headers(void)
{
#define METHOD offsetof(Request, method)
#define HOST offsetof(Request, host)
#define TYPE offsetof(Request, content_type)
	check_header("{\"x-arsignup-method\": \"POST\"}", false, METHOD, "POST");
	check_header("{\"x-arsignup-method\": \"\"}", false, METHOD, "-");
	check_header("{\"x-arsignup-method\": 1}", false, METHOD, "-");
	check_header("{\"x-arsignup-method\": [\"POST\"]}", false, METHOD, "-");
	check_header("{\"x-arsignup-method\": null}", false, METHOD, "-");
	check_header("{\"x-arsignup-method\": \"PO\\u0000ST\"}", false, METHOD, "-");
	check_header("{\"X-Arsignup-Method\": \"POST\"}", false, METHOD, "-");
	check_header("[\"x-arsignup-method\"]", false, METHOD, "-");
	check_header("{", false, METHOD, "-");
	check_header("", false, METHOD, "-");
	check_header("null", false, METHOD, "-");
	check_header("{\"host\": \"a.example\"}", false, HOST, "-");
	check_header("{\"x-arsignup-host\": \"a.example\", \"host\": \"b.example\"}", false, HOST, "a.example");
#define AUTHORITY offsetof(Request, authority)
	check_header("{\"x-arsignup-host\": \"a.example\", \"x-arsignup-authority\": \"a.example:1\", \"host\": \"b.example\"}", false, AUTHORITY,
				 "a.example:1");
	check_header("{\"x-arsignup-host\": \"a.example\", \"host\": \"b.example\"}", false, AUTHORITY, "a.example");
	check_header("{\"x-arsignup-authority\": \"a.example\", \"host\": \"b.example:3000\"}", true, AUTHORITY, "b.example:3000");
	check_header("{\"x-arsignup-host\": \"a.example\", \"host\": \"b.example:3000\"}", true, HOST, "-");
	check_header("{\"content-type\": \"text/plain\"}", false, TYPE, "-");
	check_header("{\"content-type\": \"text/plain\"}", true, TYPE, "text/plain");
}

/* Check what is read of cookies. */
static void
check_cookie(const char *cookies, const char *expected)
{
	Span		value = request_cookie(cookies, "__Host-a", malloc);

	is_string(value.data ? value.data : "-", expected, "cookies %s", cookies);
	free((char *) value.data);
}

/* ---------- whether our own page asks ---------- */

typedef struct Sender
{
	const char *fetch_site;
	const char *origin;
	const char *referer;
	bool		is_own;
} Sender;

static const Sender senders[] = {
	{"same-origin", NULL, NULL, true},
	{"none", NULL, NULL, true},
	{"same-origin", "null", NULL, true},
	{"same-origin", "https://evil.test", "https://evil.test/", true},
	{"same-site", NULL, NULL, false},
	{"cross-site", NULL, NULL, false},
	{"cross-site", "https://auth.example.com", "https://auth.example.com/login", false},
	{"Same-Origin", NULL, NULL, false},
	{"same-origin ", NULL, NULL, false},
	{"same-origin, cross-site", NULL, NULL, false},
	{"x", NULL, NULL, false},

	{NULL, "https://auth.example.com", NULL, true},
	{NULL, "http://auth.example.com", NULL, true},
	{NULL, "https://auth.example.com:443", NULL, true},
	{NULL, "http://auth.example.com:80", NULL, true},
	{NULL, "https://auth.example.com:8443", NULL, false},
	{NULL, "https://auth.example.com:80", NULL, false},
	{NULL, "http://auth.example.com:443", NULL, false},
	{NULL, "https://auth.example.com:", NULL, false},
	{NULL, "ftp://auth.example.com", NULL, false},
	{NULL, "chrome-extension://auth.example.com", NULL, false},
	{NULL, "https://AUTH.example.com", NULL, true},
	{NULL, "https://auth.example.com", "https://evil.test/", true},
	{NULL, "null", NULL, false},
	{NULL, "null", "https://auth.example.com/login", false},
	{NULL, "https://evil.test", NULL, false},
	{NULL, "https://evil.test", "https://auth.example.com/login", false},
	{NULL, "https://auth.example.com.evil.test", NULL, false},
	{NULL, "https://evil.test/auth.example.com", NULL, false},
	{NULL, "https://evil.test?://auth.example.com", NULL, false},
	{NULL, "https://evil.test://auth.example.com", NULL, false},
	{NULL, "https://auth.example.com@evil.test", NULL, false},
	{NULL, "https://x.auth.example.com", NULL, false},
	{NULL, "https://example.com", NULL, false},
	{NULL, "auth.example.com", NULL, false},
	{NULL, "//auth.example.com", NULL, false},
	{NULL, "https:auth.example.com", NULL, false},
	{NULL, "https://", NULL, false},
	{NULL, "x", NULL, false},

	{NULL, NULL, NULL, true},
	{NULL, NULL, "https://auth.example.com/login?x", true},
	{NULL, NULL, "https://auth.example.com", true},
	{NULL, NULL, "https://auth.example.com:443/", true},
	{NULL, NULL, "https://auth.example.com:8443/", false},
	{NULL, NULL, "ftp://auth.example.com/", false},
	{NULL, NULL, "https://evil.test/https://auth.example.com/", false},
	{NULL, NULL, "https://evil.test/?auth.example.com", false},
	{NULL, NULL, "https://evil.test#auth.example.com", false},
	{NULL, NULL, "https://auth.example.com.evil.test/", false},
	{NULL, NULL, "https://auth.example.com\\@evil.test/", true},
	{NULL, NULL, "https://evil.test\\@auth.example.com/", false},
	{NULL, NULL, "about:blank", false},
	{NULL, NULL, "x", false},
};

/* Return a string as a header, which may be missing. */
static Span
header(const char *text)
{
	return (Span) {text, text ? strlen(text) : 0};
}

static void
check_senders(void)
{
	for (size_t i = 0; i < lengthof(senders); i++)
	{
		const Sender *sender = &senders[i];
		Request		request = {
			.authority = TEXT("auth.example.com"),
			.fetch_site = header(sender->fetch_site),
			.origin = header(sender->origin),
			.referer = header(sender->referer)
		};

		is_int(request_is_own(&request), sender->is_own, "site %s, origin %s, referer %s",
			   sender->fetch_site ? sender->fetch_site : "-", sender->origin ? sender->origin : "-",
			   sender->referer ? sender->referer : "-");
	}
}

static void
check_host(const char *host, const char *origin, bool is_own)
{
	Request		request = {.authority = header(host), .origin = header(origin)};

	is_int(request_is_own(&request), is_own, "origin %s at %s", origin, host ? host : "-");
}

static void
check_type(const char *type, bool is_form, bool is_json)
{
	Request		request = {.content_type = header(type)};

	is_int(request_has_form(&request), is_form, "content type %s: a form", type ? type : "-");
	is_int(request_has_json(&request), is_json, "content type %s: JSON", type ? type : "-");
}

/* ---------- routes ---------- */

static const Route routes[] = {
	{"/", "GET", PAGE_LOGIN, NULL},
	{"/login", "GET", PAGE_LOGIN, NULL},
	{"/login", "POST", PAGE_LOGIN, NULL},
	{"/keys", "GET", PAGE_NONE, NULL},
	{"/post", "POST", PAGE_NONE, NULL},
};

/* Check which route is found, or else what is allowed. */
static void
check_route(const char *path, const char *method, int expected, const char *expected_allowed)
{
	char		allowed[METHODS_MAX];
	const Route *route = route_find(routes, lengthof(routes), header(path), header(method), allowed);

	is_int(route ? route - routes : -1, expected, "%s %s", method ? method : "-", path);
	if (route == NULL)
		is_string(allowed, expected_allowed, "... what is allowed");
}

/* Check slug and path of what is behind it. */
static void
check_slug(const char *path, const char *slug, const char *rest)
{
	Span		left = header(path);
	Span		first = path_take_slug(&left);
	char		text[100];

	sprintf(text, "%.*s %.*s", (int) first.size, first.data ? first.data : "", (int) left.size, left.data);
	is_string(text, strcat(strcat(strcpy((char[100]) {0}, slug), " "), rest), "slug of %s", path);
}

/* Check path and query of a URI. */
static void
check_uri(const char *uri, const char *path, const char *query)
{
	Span		first;
	Span		second;

	request_split_uri(header(uri), &first, &second);
	ok(first.size == strlen(path) && memcmp(first.data, path, first.size) == 0, "path of %s", uri);
	ok(second.size == strlen(query) && (query[0] == '\0' || memcmp(second.data, query, second.size) == 0),
	   "query of %s", uri);
}

int
main(void)
{
	plan(19 + 5 + lengthof(senders) + 16 + 2 * 13 + 18 + 8 + 2 * 10);
	check_headers();
	check_cookie("{\"__Host-a\": \"x\"}", "x");
	check_cookie("{\"__Host-b\": \"x\"}", "-");
	check_cookie("{\"__Host-a\": \"\"}", "-");
	check_cookie("{}", "-");
	check_cookie("", "-");
	check_senders();
	check_host("[::1]:8080", "http://[::1]:8080", true);
	check_host("[::1]:8080", "http://[::1]:8081", false);
	check_host("[::1]:8080", "http://[::2]:8080", false);
	check_host("[::1]", "http://[::1]:80", true);
	check_host("[::1]", "http://[::1", false);
	check_host("[", "http://[", true);
	check_host("127.0.0.1:8080", "http://127.0.0.1:8080", true);
	check_host("127.0.0.1:8080", "http://127.0.0.1", false);
	check_host("127.0.0.1:8080", "http://127.0.0.2:8080", false);
	check_host("a.example:443", "https://a.example", true);
	check_host("a.example:443", "http://a.example", false);
	check_host("a.example:80", "http://A.EXAMPLE", true);
	check_host("A.example:8443", "https://a.example:8443", true);
	check_host("a.example:8443", "https://a.example:84430", false);
	check_host(NULL, "https://auth.example.com", false);
	check_host(NULL, "https://", false);
	check_type("application/x-www-form-urlencoded", true, false);
	check_type("application/x-www-form-urlencoded; charset=UTF-8", true, false);
	check_type("application/x-www-form-urlencoded ;x", true, false);
	check_type("Application/X-WWW-Form-URLencoded", true, false);
	check_type("application/x-www-form-urlencoded2", false, false);
	check_type("application/json", false, true);
	check_type("APPLICATION/json ;charset=utf-8", false, true);
	check_type("application/jsonx", false, false);
	check_type("text/json", false, false);
	check_type("multipart/form-data; boundary=x", false, false);
	check_type("text/plain", false, false);
	check_type("", false, false);
	check_type(NULL, false, false);
	check_route("/", "GET", 0, NULL);
	check_route("/", "HEAD", 0, NULL);
	check_route("/login", "GET", 1, NULL);
	check_route("/login", "POST", 2, NULL);
	check_route("/login", "PUT", -1, "GET, HEAD, POST");
	check_route("/login", "get", -1, "GET, HEAD, POST");
	check_route("/keys", "POST", -1, "GET, HEAD");
	check_route("/post", "HEAD", -1, "POST");
	check_route("/login/", "GET", -1, "");
	check_route("/logi", "GET", -1, "");
	check_route("", NULL, -1, "");
	check_slug("/app/login", "app", "/login");
	check_slug("/app/", "app", "/");
	check_slug("/app", "app", "/");
	check_slug("/app/a/b", "app", "/a/b");
	check_slug("/app//login", "app", "//login");
	check_slug("/", "", "/");
	check_slug("//login", "", "/login");
	check_slug("app", "", "app");
	check_uri("/a?b=c?d", "/a", "b=c?d");
	check_uri("/a?", "/a", "");
	check_uri("/a", "/a", "");
	check_uri("", "", "");
	check_uri("/a/", "/a", "");
	check_uri("/a/?b=/", "/a", "b=/");
	check_uri("/a//", "/a//", "");
	check_uri("/", "/", "");
	check_uri("//", "//", "");
	check_uri("/?/", "/", "/");
	return tap_status();
}
