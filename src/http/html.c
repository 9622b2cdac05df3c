/*
 * HTML in a buffer that grows: markup of ours as it is, everything else
 * escaped, alike for text and for quoted attributes.
 */
#include "http/html.h"

#include <string.h>

/* What stands for a control character, which HTML cannot hold. */
#define REPLACEMENT "\xef\xbf\xbd"

/* Append bytes. */
static void
append(Html *html, const char *data, size_t size)
{
	if (html->capacity - html->size < size)
	{
		html->capacity = 2 * (html->size + size) + 1024;
		html->data = html->resize(html->data, html->capacity);
	}
	if (size > 0)
		memcpy(html->data + html->size, data, size);
	html->size += size;
}

/* Append markup of ours. */
void
html_add(Html *html, const char *markup)
{
	append(html, markup, strlen(markup));
}

/* Return what stands for a character that cannot stand for itself, or NULL. */
static const char *
escape_of(char c)
{
	switch (c)
	{
		case '&':
			return "&amp;";
		case '<':
			return "&lt;";
		case '>':
			return "&gt;";
		case '"':
			return "&quot;";
		case '\'':
			return "&#39;";
		case '\t':
		case '\n':
			return NULL;
		default:
			return (unsigned char) c < 0x20 || c == 0x7f ? REPLACEMENT : NULL;
	}
}

/* Append text of anybody's. */
void
html_span(Html *html, Span text)
{
	size_t		done = 0;

	for (size_t i = 0; i < text.size; i++)
	{
		const char *escape = escape_of(text.data[i]);

		if (escape == NULL)
			continue;
		append(html, text.data + done, i - done);
		html_add(html, escape);
		done = i + 1;
	}
	span_skip(&text, done);
	append(html, text.data, text.size);
}

/* Append a string of anybody's. */
void
html_text(Html *html, const char *text)
{
	html_span(html, (Span) {text, strlen(text)});
}

/* Append an attribute with its space before it. */
void
html_attribute(Html *html, const char *name, const char *value)
{
	html_add(html, " ");
	html_add(html, name);
	html_add(html, "=\"");
	html_text(html, value);
	html_add(html, "\"");
}
