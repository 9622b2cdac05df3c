/*
 * What was asked for, and whether our own pages asked for it.
 */
#include "http/request.h"

#include <jansson.h>
#include <stddef.h>
#include <string.h>
#include <strings.h>

/* ---------- what PostgREST tells ---------- */

/* Where in a Request a header goes. */
typedef struct Header
{
	const char *name;
	size_t		offset;
} Header;

/* What nginx makes of a request, and what it passes through. */
static const Header proxied_headers[] = {
	{"x-arsignup-method", offsetof(Request, method)},
	{"x-arsignup-uri", offsetof(Request, uri)},
	{"x-arsignup-host", offsetof(Request, host)},
	{"x-arsignup-authority", offsetof(Request, authority)},
	{"x-arsignup-content-type", offsetof(Request, content_type)},
	{"sec-fetch-site", offsetof(Request, fetch_site)},
	{"origin", offsetof(Request, origin)},
	{"referer", offsetof(Request, referer)},
	{"user-agent", offsetof(Request, client)},
	{"x-arsignup-accept", offsetof(Request, accept)},
	{"x-arsignup-authorization", offsetof(Request, authorization)},
	{"x-authrocket-api-key", offsetof(Request, api_key)},
	{"x-authrocket-realm", offsetof(Request, realm)},
	{"idempotency-key", offsetof(Request, idempotency_key)},
	{"x-arsignup-busy", offsetof(Request, busy)},
	{"x-arsignup-proxy", offsetof(Request, proxy)},
	{"x-arsignup-address", offsetof(Request, address)}
};

/* What a browser says to PostgREST alone. */
static const Header direct_headers[] = {
	{"host", offsetof(Request, authority)},
	{"content-type", offsetof(Request, content_type)},
	{"sec-fetch-site", offsetof(Request, fetch_site)},
	{"origin", offsetof(Request, origin)},
	{"referer", offsetof(Request, referer)},
	{"user-agent", offsetof(Request, client)},
	{"idempotency-key", offsetof(Request, idempotency_key)}
};

/* Return a copy of a member that is a string and not empty, terminated; nothing if there is none. */
static Span
string_member(const json_t *object, const char *name, void *(*allocate) (size_t size))
{
	const char *value = json_string_value(json_object_get(object, name));
	size_t		size = value ? strlen(value) : 0;
	char	   *copy;

	if (size == 0)
		return (Span) {NULL, 0};
	copy = allocate(size + 1);
	memcpy(copy, value, size + 1);
	return (Span) {copy, size};
}

/* Read the headers from the object that PostgREST makes of them. */
void
request_read(Request *request, const char *headers, bool is_direct, void *(*allocate) (size_t size))
{
	const Header *header = is_direct ? direct_headers : proxied_headers;
	size_t		count = (is_direct ? sizeof(direct_headers) : sizeof(proxied_headers)) / sizeof(Header);
	json_t	   *object = json_loads(headers, 0, NULL);

	memset(request, 0, sizeof(Request));
	for (; count > 0; count--, header++)
		*(Span *) ((char *) request + header->offset) = string_member(object, header->name, allocate);
	json_decref(object);
	if (request->authority.data == NULL)
		request->authority = request->host;
}

/* Return a cookie from the object that PostgREST makes of them; nothing if there is none. */
Span
request_cookie(const char *cookies, const char *name, void *(*allocate) (size_t size))
{
	json_t	   *object = json_loads(cookies, 0, NULL);
	Span		value = string_member(object, name, allocate);

	json_decref(object);
	return value;
}

/* ---------- what was asked for ---------- */

/* Take path and query of a request target apart. A slash at the end of a path means nothing; a second one does. */
void
request_split_uri(Span uri, Span *path, Span *query)
{
	const char *question = uri.size > 0 ? memchr(uri.data, '?', uri.size) : NULL;

	*path = uri;
	*query = (Span) {NULL, 0};
	if (question != NULL)
	{
		path->size = question - uri.data;
		*query = (Span) {question + 1, uri.size - path->size - 1};
	}
	if (path->size > 1 && path->data[path->size - 1] == '/' && path->data[path->size - 2] != '/')
		path->size--;
}

/* Take what stands before the first of some characters off the front. */
static Span
take_until(Span *text, const char *characters)
{
	Span		part = span_before(*text, characters);

	span_skip(text, part.size);
	return part;
}

/* Take a string off the front, in upper or lower case. */
static bool
take_ignoring_case(Span *text, const char *string)
{
	size_t		size = strlen(string);

	if (text->size < size || strncasecmp(text->data, string, size) != 0)
		return false;
	span_skip(text, size);
	return true;
}

/* Take the host, without its brackets' colons being a port's, off the front of an authority. */
static Span
take_host(Span *authority)
{
	Span		host;

	if (authority->size == 0 || authority->data[0] != '[')
		return take_until(authority, ":");
	host = take_until(authority, "]");
	return (Span) {host.data, host.size + take_ignoring_case(authority, "]")};
}

/* Tell whether what is left of an authority is no port, or this one. */
static bool
is_port(Span rest, const char *port)
{
	return rest.size == 0 || (rest.data[0] == ':' && span_is((Span) {rest.data + 1, rest.size - 1}, port));
}

/*
 * Tell whether a URL or origin is of the authority that was asked: the same
 * host, and the same port, with or without the scheme's own. Which scheme was
 * asked is not known behind a proxy that ends TLS.
 */
static bool
is_of_authority(Span url, Span asked)
{
	const char *own_port = take_ignoring_case(&url, "https://") ? "443" : "80";
	Span		other;
	Span		host;
	Span		other_host;

	if (*own_port == '8' && !take_ignoring_case(&url, "http://"))
		return false;
	other = take_until(&url, "/?#\\");
	other_host = take_host(&other);
	host = take_host(&asked);
	return other_host.size > 0 && other_host.size == host.size &&
		strncasecmp(other_host.data, host.data, host.size) == 0 &&
		((other.size == asked.size && (asked.size == 0 || memcmp(other.data, asked.data, asked.size) == 0)) ||
		 (is_port(other, own_port) && is_port(asked, own_port)));
}

/* Tell whether the origin that a request names is where our pages are. */
bool
request_has_own_origin(const Request *request)
{
	return request->origin.data != NULL && is_of_authority(request->origin, request->authority);
}

/*
 * Tell whether a form was sent by a page of ours, as far as the browser says.
 * One that says nothing is no browser, or has neither cookies nor a person to
 * deceive. An origin of "null" is what a page has that hides where it is.
 */
bool
request_is_own(const Request *request)
{
	if (request->fetch_site.data != NULL)
		return span_is(request->fetch_site, "same-origin") || span_is(request->fetch_site, "none");
	if (request->origin.data != NULL)
		return request_has_own_origin(request);
	return request->referer.data == NULL || is_of_authority(request->referer, request->authority);
}

/* Tell whether the body is of a media type; its parameters do not matter. */
static bool
has_type(const Request *request, const char *expected)
{
	Span		type = request->content_type;
	const char *semicolon = type.size > 0 ? memchr(type.data, ';', type.size) : NULL;

	if (semicolon != NULL)
		type.size = semicolon - type.data;
	type = span_trim(type);
	return type.size == strlen(expected) && strncasecmp(type.data, expected, type.size) == 0;
}

/* Tell whether the body is a form, by its content type. */
bool
request_has_form(const Request *request)
{
	return has_type(request, "application/x-www-form-urlencoded");
}

/* Tell whether the body is JSON, by its content type. */
bool
request_has_json(const Request *request)
{
	return has_type(request, "application/json");
}
