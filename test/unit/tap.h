/*
 * What the tests of the pure parts share: TAP with a plan, and inputs that
 * end where the memory ends. A test is tables of cases, a few short functions,
 * and main.
 */
#ifndef ARSIGNUP_TAP_H
#define ARSIGNUP_TAP_H

#include <inttypes.h>
#include <stdarg.h>
#include <stdbool.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>

#include "base/text.h"

#define lengthof(array) (sizeof(array) / sizeof((array)[0]))

/* A string literal as a Span, with the NUL characters that it may have inside. */
#define TEXT(literal) {(literal), sizeof(literal) - 1}

/* ---------- TAP ---------- */

static size_t tap_planned;
static size_t tap_run;
static size_t tap_failed;

/* Say how many tests there will be. */
static inline void
plan(size_t count)
{
	setvbuf(stdout, NULL, _IOLBF, 0);
	tap_planned = count;
	printf("1..%zu\n", count);
}

/* Tell the reader something about the test that comes next, or came last. */
__attribute__((format(printf, 1, 2)))
static inline void
diag(const char *format,...)
{
	va_list		arguments;

	va_start(arguments, format);
	printf("# ");
	vprintf(format, arguments);
	printf("\n");
	va_end(arguments);
}

/* Report one test. */
static inline bool
tap_report(bool passed, const char *file, int line, const char *format, va_list arguments)
{
	tap_run++;
	tap_failed += !passed;
	printf("%s %zu - ", passed ? "ok" : "not ok", tap_run);
	vprintf(format, arguments);
	printf("\n");
	if (!passed)
		diag("  at %s:%d", file, line);
	return passed;
}

/* Check a condition. */
__attribute__((format(printf, 4, 5)))
static inline bool
tap_ok(bool passed, const char *file, int line, const char *format,...)
{
	va_list		arguments;

	va_start(arguments, format);
	tap_report(passed, file, line, format, arguments);
	va_end(arguments);
	return passed;
}

/* Check a number. */
__attribute__((format(printf, 5, 6)))
static inline bool
tap_is_int(intmax_t got, intmax_t expected, const char *file, int line, const char *format,...)
{
	va_list		arguments;

	va_start(arguments, format);
	if (!tap_report(got == expected, file, line, format, arguments))
		diag("  got %" PRIdMAX ", expected %" PRIdMAX, got, expected);
	va_end(arguments);
	return got == expected;
}

/* Check a string. */
__attribute__((format(printf, 5, 6)))
static inline bool
tap_is_string(const char *got, const char *expected, const char *file, int line, const char *format,...)
{
	bool		same = strcmp(got, expected) == 0;
	va_list		arguments;

	va_start(arguments, format);
	if (!tap_report(same, file, line, format, arguments))
		diag("  got \"%s\", expected \"%s\"", got, expected);
	va_end(arguments);
	return same;
}

#define ok(condition, ...) tap_ok((condition), __FILE__, __LINE__, __VA_ARGS__)
#define is_int(got, expected, ...) tap_is_int((got), (expected), __FILE__, __LINE__, __VA_ARGS__)
#define is_string(got, expected, ...) tap_is_string((got), (expected), __FILE__, __LINE__, __VA_ARGS__)

/* Return the exit status of the program. */
static inline int
tap_status(void)
{
	if (tap_run != tap_planned)
		diag("planned %zu tests, ran %zu", tap_planned, tap_run);
	return tap_failed > 0 || tap_run != tap_planned;
}

/* ---------- inputs ---------- */

/* Return text as it can stand in a line of TAP; good for a few calls. */
static inline const char *
show(Span text)
{
	static char buffers[4][400];
	static int	next;
	char	   *buffer = buffers[next++ % 4];
	size_t		used = 0;

	for (size_t i = 0; i < text.size && used < sizeof(buffers[0]) - 40; i++)
	{
		unsigned char c = text.data[i];

		used += sprintf(buffer + used, c < 0x20 || c > 0x7e || c == '#' || c == '\\' ? "\\x%02x" : "%c", c);
	}
	buffer[used] = '\0';
	if (used >= sizeof(buffers[0]) - 40)
		sprintf(buffer + used, "... (%zu bytes)", text.size);
	return buffer;
}

/* Return a copy in a block of its very size: ASan sees what is read before or behind it. To be freed. */
static inline Span
exact_copy(Span text)
{
	char	   *block = malloc(text.size);

	if (text.size > 0)
		memcpy(block, text.data, text.size);
	return (Span) {block, text.size};
}

/* Return a copy that ends where the memory ends: reading on is a crash, in libraries too. Good until the next call. */
static inline Span
edge_copy(Span text)
{
	enum
	{
		ROOM = 1 << 16
	};
	static char *memory;

	if (memory == NULL)
		memory = mmap(NULL, 2 * ROOM, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
	if (memory == MAP_FAILED || mprotect(memory + ROOM, ROOM, PROT_NONE) != 0 || text.size > ROOM)
		abort();
	memcpy(memory + ROOM - text.size, text.data, text.size);
	return (Span) {memory + ROOM - text.size, text.size};
}

/* Tell whether a parser accepts a text, wherever that lies; -1 if it can't make up its mind. */
static inline int
verdict(bool (*accepts) (Span), Span text)
{
	Span		exact = exact_copy(text);
	bool		first = accepts(exact);
	bool		second = accepts(edge_copy(text));

	free((char *) exact.data);
	return first == second ? first : -1;
}

/*
 * Put every byte in one place of a text; return how often the verdict is
 * another than whether the byte is one of those allowed there.
 */
static inline int
misjudged_bytes(bool (*accepts) (Span), Span text, size_t position, const char *allowed)
{
	char	   *copy = (char *) exact_copy(text).data;
	int			wrong = 0;

	for (int byte = 0; byte < 256; byte++)
	{
		copy[position] = byte;
		if (verdict(accepts, (Span) {copy, text.size}) == (byte != 0 && strchr(allowed, byte) != NULL))
			continue;
		if (wrong++ == 0)
			diag("  byte 0x%02x in \"%s\"", byte, show((Span) {copy, text.size}));
	}
	free(copy);
	return wrong;
}

/* ---------- numbers ---------- */

/* Return the next of a fixed row of numbers that look random (xorshift64*). */
static inline uint64_t
next_random(void)
{
	static uint64_t state = 0x9e3779b97f4a7c15;

	state ^= state >> 12;
	state ^= state << 25;
	state ^= state >> 27;
	return state * 0x2545f4914f6cdd1d;
}

/* Return such a number below a limit. */
static inline size_t
random_below(size_t limit)
{
	return (next_random() >> 16) % limit;
}

/* Fill a buffer with such bytes. */
static inline void
random_fill(uint8_t *bytes, size_t size)
{
	for (size_t i = 0; i < size; i++)
		bytes[i] = next_random() >> 40;
}

/* Write bytes as lower-case hexadecimal digits, terminated. */
static inline const char *
to_hex(const uint8_t *bytes, size_t size, char *out)
{
	for (size_t i = 0; i < size; i++)
		sprintf(out + 2 * i, "%02x", bytes[i]);
	return out;
}

/* Read hexadecimal digits. */
static inline void
from_hex(const char *hex, uint8_t *bytes)
{
	for (; *hex; hex += 2)
		sscanf(hex, "%2hhx", bytes++);
}

#endif							/* ARSIGNUP_TAP_H */
