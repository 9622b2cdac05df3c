/*
 * Hosts and URLs that an administrator registers.
 *
 * URLs are absolute: https, or http on this very machine. What browsers and
 * libraries read in more than one way (userinfo, backslashes, trailing dots,
 * odd spellings of IP addresses) is refused. The same goes for redirects,
 * which come from anybody: what is odd is no redirect.
 */
#include "realm/url.h"

#include <string.h>

/* Tell a label of a host name: 1 to 63 letters, digits and inner hyphens. */
static bool
is_label(Span label)
{
	if (label.size < 1 || label.size > 63)
		return false;
	for (size_t i = 0; i < label.size; i++)
		if (!is_alphanumeric(label.data[i]) && label.data[i] != '-')
			return false;
	return label.data[0] != '-' && label.data[label.size - 1] != '-';
}

/* Tell whether a label could be taken for a part of an IP address. */
static bool
is_numeric(Span label)
{
	for (size_t i = 0; i < label.size; i++)
		if (label.data[i] < '0' || label.data[i] > '9')
			return label.size >= 2 && label.data[0] == '0' && label.data[1] == 'x';
	return true;
}

/* Tell a lower-case host name (RFC 1123, section 2.1); an IP address is none. */
bool
is_host_name(Span host)
{
	Span		label = {host.data, 0};

	if (host.size > HOST_MAX)
		return false;
	for (size_t i = 0; i < host.size; i++)
	{
		if (host.data[i] != '.')
		{
			label.size++;
			continue;
		}
		if (!is_label(label))
			return false;
		label = (Span) {host.data + i + 1, 0};
	}
	return is_label(label) && !is_numeric(label);
}

/* Tell a hexadecimal digit. */
static bool
is_hex(char c)
{
	return c != '\0' && strchr("0123456789abcdefABCDEF", c) != NULL;
}

/* Tell whether all characters may stand in a URL (RFC 3986), percent signs only before two digits. */
static bool
has_url_characters(Span url)
{
	for (size_t i = 0; i < url.size; i++)
	{
		char		c = url.data[i];

		if (c <= 0x20 || c >= 0x7f || strchr("\"<>\\^`{|}", c) != NULL)
			return false;
		if (c == '%' && (i + 2 >= url.size || !is_hex(url.data[i + 1]) || !is_hex(url.data[i + 2])))
			return false;
	}
	return true;
}

/* Tell a number of at most this value, without leading zeros. */
static bool
is_number(Span text, unsigned max)
{
	unsigned	value = 0;

	if (text.size < 1 || text.size > 5 || (text.size > 1 && text.data[0] == '0'))
		return false;
	for (size_t i = 0; i < text.size; i++)
	{
		if (text.data[i] < '0' || text.data[i] > '9')
			return false;
		value = value * 10 + (text.data[i] - '0');
	}
	return value <= max;
}

/* Tell four numbers of a byte each, with dots. */
static bool
is_ipv4(Span host)
{
	for (int part = 0; part < 4; part++)
	{
		const char *dot = host.size > 0 ? memchr(host.data, '.', host.size) : NULL;
		Span		number = {host.data, part < 3 && dot ? (size_t) (dot - host.data) : host.size};

		if ((part < 3) != (dot != NULL) || !is_number(number, 255))
			return false;
		if (dot)
			host = (Span) {dot + 1, host.size - number.size - 1};
	}
	return true;
}

/* Tell a loopback host in one of its usual spellings. */
static bool
is_loopback(Span host)
{
	return span_is(host, "localhost") || span_is(host, "127.0.0.1") || span_is(host, "[::1]");
}

/* Take scheme, host and port off the front. */
static bool
take_origin(Span *url)
{
	bool		https = span_take(url, "https://");
	Span		host = {url->data, 0};
	Span		port;

	if (!https)
	{
		if (!span_take(url, "http://"))
			return false;
		host.data = url->data;
	}
	if (url->size > 0 && url->data[0] == '[')
		host.size = url->size >= 5 ? 5 : 0; /* [::1] */
	else
		while (host.size < url->size && strchr(":/?#", url->data[host.size]) == NULL)
			host.size++;
	if (!is_loopback(host) && !(https && (is_host_name(host) || is_ipv4(host))))
		return false;
	span_skip(url, host.size);

	if (!span_take(url, ":"))
		return true;
	port = (Span) {url->data, 0};
	while (port.size < url->size && strchr("/?#", url->data[port.size]) == NULL)
		port.size++;
	span_skip(url, port.size);
	return is_number(port, 65535) && port.data[0] != '0';
}

/* Tell a URL that may be registered as a handler, a redirect or a stylesheet. */
bool
url_is_valid(Span url)
{
	return url.size <= URL_MAX && has_url_characters(url) && take_origin(&url) &&
		(url.size == 0 || strchr("/?#", url.data[0]) != NULL);
}

/* Tell whether a text ends like this. */
static bool
ends_with(Span text, const char *end)
{
	size_t		size = strlen(end);

	return text.size >= size && memcmp(text.data + text.size - size, end, size) == 0;
}

/* Tell an origin as browsers send it: scheme, host and a port that is not the scheme's own, nothing behind. */
bool
origin_is_valid(Span origin)
{
	Span		rest = origin;
	const char *own_port = span_take(&rest, "https:") ? ":443" : ":80";

	return origin.size <= URL_MAX && has_url_characters(origin) && !ends_with(origin, own_port) &&
		take_origin(&origin) && origin.size == 0;
}

/* Return scheme, host and port of a URL that is valid. */
Span
url_origin(Span url)
{
	Span		rest = url;

	(void) take_origin(&rest);
	return (Span) {url.data, url.size - rest.size};
}

/* ---------- redirects ---------- */

/* Tell whether two origins are the same, with or without the port of their scheme. */
static bool
origins_equal(Span a, Span b)
{
	const char *own_port = a.size > 5 && a.data[4] == 's' ? ":443" : ":80";

	if (ends_with(a, own_port))
		a.size -= strlen(own_port);
	if (ends_with(b, own_port))
		b.size -= strlen(own_port);
	return a.size == b.size && memcmp(a.data, b.data, a.size) == 0;
}

/* Tell whether a registered URL is of an origin, whatever text that is. */
bool
url_is_of_origin(Span url, Span origin)
{
	return origins_equal(url_origin(url), origin);
}

/* Tell whether a percent sign stands before two digits that mean a dot, a slash or a backslash. */
static bool
is_hidden_separator(Span text)
{
	return text.size >= 3 && text.data[0] == '%' &&
		((text.data[1] == '2' && text.data[2] != '\0' && strchr("eEfF", text.data[2]) != NULL) ||
		 (text.data[1] == '5' && (text.data[2] | 0x20) == 'c'));
}

/* Tell a segment that leads to itself or upwards, also with the parameters that some servers cut off. */
static bool
is_dots(Span segment)
{
	const char *semicolon = segment.size > 0 ? memchr(segment.data, ';', segment.size) : NULL;

	if (semicolon != NULL)
		segment.size = semicolon - segment.data;
	return span_is(segment, ".") || span_is(segment, "..");
}

/*
 * Tell a path that everybody reads alike: no segment of dots, and no separator
 * that is there for those who decode first and not for the others.
 */
static bool
is_plain_path(Span path)
{
	for (size_t i = 0; i < path.size; i++)
	{
		Span		rest = {path.data + i, path.size - i};

		if (rest.data[0] == '\\' || is_hidden_separator(rest))
			return false;
		if (rest.data[0] == '/' && is_dots(span_before((Span) {rest.data + 1, rest.size - 1}, "/")))
			return false;
	}
	return true;
}

/* Tell whether a path is this one or below it. */
static bool
is_path_below(Span path, Span top)
{
	if (top.size > 0 && top.data[top.size - 1] == '/')
		top.size--;
	return path.size >= top.size && memcmp(path.data, top.data, top.size) == 0 &&
		(path.size == top.size || path.data[top.size] == '/');
}

/* Return the value of a hexadecimal digit. */
static int
hex_value(char c)
{
	return c <= '9' ? c - '0' : (c | 0x20) - 'a' + 10;
}

/* Take a character off the front of a parameter, as servers decode it, in lower case. */
static char
take_decoded(Span *text)
{
	char		c = text->data[0];
	size_t		size = 1;

	if (c == '+')
		c = ' ';
	else if (c == '%')
	{
		c = (char) (hex_value(text->data[1]) << 4 | hex_value(text->data[2]));
		size = 3;
	}
	span_skip(text, size);
	return c >= 'A' && c <= 'Z' ? c | 0x20 : c;
}

/*
 * Tell a parameter that has the name of one of those that we add, for those
 * who ignore case, white space in front, or what follows a bracket.
 */
static bool
is_ours(Span parameter)
{
	static const char *const names[] = {"token", "redir", "signup"};
	char		name[16];
	size_t		length = 0;

	while (parameter.size > 0 && length < sizeof(name))
	{
		char		c = take_decoded(&parameter);

		if (length > 0 || strchr(" \t/!", c) == NULL)
			name[length++] = c;
	}
	for (size_t i = 0; i < sizeof(names) / sizeof(names[0]); i++)
	{
		size_t		size = strlen(names[i]);

		if (length >= size && memcmp(name, names[i], size) == 0 && (length == size || strchr("=[ ", name[size]) != NULL))
			return true;
	}
	return false;
}

/* Tell whether a query and fragment bring a parameter that we add: the app could take theirs for ours. */
static bool
brings_ours(Span tail)
{
	bool		is_fragment = false;

	while (tail.size > 0)
	{
		Span		parameter;

		is_fragment = is_fragment || tail.data[0] == '#';
		span_skip(&tail, 1);
		parameter = span_before(tail, is_fragment ? "&;?#" : "&;#");
		if (is_ours(parameter))
			return true;
		span_skip(&tail, parameter.size);
	}
	return false;
}

/*
 * Tell whether a redirect from outside is covered by a registered URL: the
 * same scheme, host and port, a path that is the registered one or below it,
 * and no parameter of ours. A registered URL with a query or fragment covers
 * just itself.
 */
bool
url_is_below(Span url, Span permitted)
{
	Span		path = url;
	Span		top = permitted;
	Span		tail;

	if (!url_is_valid(url) || !url_is_valid(permitted))
		return false;
	if (span_before(permitted, "?#").size < permitted.size)
		return url.size == permitted.size && memcmp(url.data, permitted.data, url.size) == 0;
	(void) take_origin(&path);
	(void) take_origin(&top);
	tail = path;
	path = span_before(path, "?#");
	tail = (Span) {path.data + path.size, tail.size - path.size};
	return origins_equal(url_origin(url), url_origin(permitted)) &&
		is_plain_path(path) && is_path_below(path, top) && !brings_ours(tail);
}

/* Take scheme and authority of any hierarchical URL off the front: letters, "://", up to the path. */
static void
cut_authority(Span *text)
{
	Span		scheme = span_before(*text, ":/?#");
	Span		rest = {text->data + scheme.size, text->size - scheme.size};
	Span		authority;

	if (scheme.size == 0 || !span_take(&rest, "://"))
		return;
	authority = span_before(rest, "/?#");
	*text = (Span) {rest.data + authority.size, rest.size - authority.size};
	*text = span_before(*text, "?#");
}

/*
 * Read what an app wants handed back as redir: a path, with query if it has
 * one; a full URL is cut down to its path. False for what is neither, and for
 * what an app that follows it could take for another host.
 */
bool
redir_accept(Span given, Span *path)
{
	*path = given;
	if (given.size > REDIR_MAX || !utf8_is_single_line(given))
		return false;
	cut_authority(path);
	given = span_before(*path, "?#");
	if (given.size == 0 || given.data[0] != '/' || !is_plain_path(given))
		return false;
	for (size_t i = 1; i < given.size; i++)
		if (given.data[i - 1] == '/' && given.data[i] == '/')
			return false;
	return true;
}

/* Write text as a value in a query, terminated; return its length, three times that of the text at most. */
size_t
url_encode(Span text, char *out)
{
	static const char digits[] = "0123456789ABCDEF";
	size_t		length = 0;

	for (size_t i = 0; i < text.size; i++)
	{
		unsigned char c = text.data[i];

		if (is_alphanumeric(c) || (c >= 'A' && c <= 'Z') || (c != '\0' && strchr("-._~/", c) != NULL))
			out[length++] = c;
		else
		{
			out[length++] = '%';
			out[length++] = digits[c >> 4];
			out[length++] = digits[c & 15];
		}
	}
	out[length] = '\0';
	return length;
}

/*
 * Write a registered URL with one more parameter at the end of its query,
 * before a fragment; terminate it. Return its length, 0 if it has no room.
 */
size_t
url_add_parameter(Span url, const char *parameter, char *out, size_t capacity)
{
	const char *hash = memchr(url.data, '#', url.size);
	size_t		front = hash ? (size_t) (hash - url.data) : url.size;
	const char *question = memchr(url.data, '?', front);
	bool		has_parameters = question != NULL && question + 1 < url.data + front;
	size_t		size = strlen(parameter);
	const char *separator = question == NULL ? "?" : has_parameters ? "&" : "";
	size_t		length = url.size + strlen(separator) + size;
	char	   *end = out;

	if (length >= capacity)
		return 0;
	memcpy(end, url.data, front);
	end += front;
	memcpy(end, separator, strlen(separator));
	end += strlen(separator);
	memcpy(end, parameter, size);
	end += size;
	memcpy(end, url.data + front, url.size - front);
	out[length] = '\0';
	return length;
}
