/*
 * HTML in a buffer that grows. Pure C: no postgres.h.
 */
#ifndef ARSIGNUP_HTML_H
#define ARSIGNUP_HTML_H

#include <stddef.h>

#include "base/text.h"

typedef struct Html
{
	char	   *data;
	size_t		size;
	size_t		capacity;
	void	   *(*resize) (void *data, size_t capacity);	/* never fails; data is null at first */
} Html;

extern void html_add(Html *html, const char *markup);
extern void html_text(Html *html, const char *text);
extern void html_span(Html *html, Span text);
extern void html_attribute(Html *html, const char *name, const char *value);

#endif							/* ARSIGNUP_HTML_H */
