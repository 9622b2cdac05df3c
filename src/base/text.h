/*
 * Plain text from outside: UTF-8, lengths, unwanted characters. Pure C.
 */
#ifndef ARSIGNUP_TEXT_H
#define ARSIGNUP_TEXT_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

/* A piece of somebody else's text: not terminated, not owned. */
typedef struct Span
{
	const char *data;
	size_t		size;
} Span;

/* Tell a lower-case letter or a digit, in ASCII. */
static inline bool
is_alphanumeric(char c)
{
	return (c >= 'a' && c <= 'z') || (c >= '0' && c <= '9');
}

extern Span span_trim(Span text);
extern bool span_is(Span text, const char *string);
extern Span span_before(Span text, const char *characters);
extern void span_skip(Span *text, size_t size);
extern bool span_take(Span *text, const char *expected);
extern bool span_take_number(Span *text, uint32_t *number);
extern void ascii_lower(char *out, Span text);
extern bool span_is_ascii(Span text);
extern bool utf8_next(Span *text, uint32_t *code_point);
extern size_t utf8_put(uint32_t code_point, char *out);
extern size_t utf8_length(Span text);
extern bool utf8_is_single_line(Span text);
extern Span utf8_trim(Span text);

#endif							/* ARSIGNUP_TEXT_H */
