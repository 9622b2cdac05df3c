/*
 * Times as programs write them: which are taken, and for which; and that the
 * calendar is that of the C library.
 */
#include "http/instant.h"

#include <time.h>

#include "tap.h"

typedef struct Case
{
	Span		text;
	int64_t		microseconds;	/* -1: refused */
} Case;

static const Case cases[] = {
	{TEXT("0"), 0},
	{TEXT("1"), 1000000},
	{TEXT("1.5"), 1500000},
	{TEXT("007.25"), 7250000},
	{TEXT("1423941493.701"), INT64_C(1423941493701000)},
	{TEXT("1.0000019999999999999999999999999"), 1000001},
	{TEXT("253402300799.999999"), INT64_C(253402300799999999)},
	{TEXT("1970-01-01"), 0},
	{TEXT("1970-01-02"), INT64_C(86400000000)},
	{TEXT("1970-01-01T00:00Z"), 0},
	{TEXT("1970-01-01T00:00:00Z"), 0},
	{TEXT("1970-01-01t00:00:00z"), 0},
	{TEXT("1970-01-01 00:00:00Z"), 0},
	{TEXT("1970-01-01T00:00:01.000001Z"), 1000001},
	{TEXT("1970-01-01T00:00:01,5Z"), 1500000},
	{TEXT("1970-01-01T02:00:00+02:00"), 0},
	{TEXT("1970-01-01T02:00:00+0200"), 0},
	{TEXT("1970-01-01T02:00:00+02"), 0},
	{TEXT("1969-12-31T18:30:00-05:30"), 0},
	{TEXT("1970-01-01T23:59:00+23:59"), 0},
	{TEXT("1970-01-01 02:00:00 +0200"), 0},
	{TEXT("1970-01-01 00:00:00 UTC"), 0},
	{TEXT("2000-02-29"), INT64_C(951782400000000)},
	{TEXT("2030-01-31T12:00:00Z"), INT64_C(1896091200000000)},
	{TEXT("9999-12-31T23:59:59.999999Z"), INT64_C(253402300799999999)},
	{TEXT("9999-12-31T23:59:59.9999999Z"), INT64_C(253402300799999999)},

	{TEXT(""), -1},
	{TEXT("."), -1},
	{TEXT(".5"), -1},
	{TEXT("1."), -1},
	{TEXT("1.5."), -1},
	{TEXT("1,5"), -1},
	{TEXT("-1"), -1},
	{TEXT("+1"), -1},
	{TEXT(" 1"), -1},
	{TEXT("1 "), -1},
	{TEXT("1\0"), -1},
	{TEXT("1e9"), -1},
	{TEXT("0x10"), -1},
	{TEXT("nan"), -1},
	{TEXT("inf"), -1},
	{TEXT("infinity"), -1},
	{TEXT("253402300800"), -1},
	{TEXT("1423941493701000"), -1},
	{TEXT("99999999999999999999999999"), -1},
	{TEXT("1969-12-31"), -1},
	{TEXT("1968-12-31T00:00:00Z"), -1},
	{TEXT("1970-01-01T00:00:00+00:01"), -1},
	{TEXT("9999-12-31T23:59:59-00:01"), -1},
	{TEXT("10000-01-01"), -1},
	{TEXT("0000-01-01"), -1},
	{TEXT("970-01-01"), -1},
	{TEXT("1970-1-01"), -1},
	{TEXT("1970-01-1"), -1},
	{TEXT("1970-00-01"), -1},
	{TEXT("1970-13-01"), -1},
	{TEXT("1970-01-00"), -1},
	{TEXT("1970-01-32"), -1},
	{TEXT("1970-04-31"), -1},
	{TEXT("1971-02-29"), -1},
	{TEXT("2100-02-29"), -1},
	{TEXT("1970-01-01T"), -1},
	{TEXT("1970-01-01Z"), -1},
	{TEXT("1970-01-01T00Z"), -1},
	{TEXT("1970-01-01T00:00"), -1},
	{TEXT("1970-01-01T00:00:00"), -1},
	{TEXT("1970-01-01T0:00:00Z"), -1},
	{TEXT("1970-01-01T00:00:0Z"), -1},
	{TEXT("1970-01-01T24:00:00Z"), -1},
	{TEXT("1970-01-01T00:60:00Z"), -1},
	{TEXT("1970-01-01T00:00:60Z"), -1},
	{TEXT("1970-01-01T00:00:00.Z"), -1},
	{TEXT("1970-01-01T00:00:00ZZ"), -1},
	{TEXT("1970-01-01T00:00:00+"), -1},
	{TEXT("1970-01-01T00:00:00-1"), -1},
	{TEXT("1970-01-01T00:00:00-01:"), -1},
	{TEXT("1970-01-01T00:00:00-01:0"), -1},
	{TEXT("1970-01-01T00:00:00-24:00"), -1},
	{TEXT("1970-01-01T00:00:00-01:60"), -1},
	{TEXT("1970-01-01T00:00:00  Z"), -1},
	{TEXT("1970-01-01T00:00:00 "), -1},
	{TEXT("1970-01-01 00:00:00 utc"), -1},
	{TEXT("1970-01-01 00:00:00 EST"), -1},
	{TEXT("1970-01-01 00:00:00 UTC+1"), -1},
	{TEXT("19700102T000000Z"), -1},
	{TEXT("now"), -1},
	{TEXT("tomorrow"), -1},
	{TEXT("epoch"), -1}
};

/* Tell whether a text is a time. */
static bool
is_instant(Span text)
{
	int64_t		microseconds;

	return instant_read(text, &microseconds);
}

/* Check a text, wherever it lies. */
static void
check_case(const Case *test)
{
	int64_t		microseconds = -1;

	ok(verdict(is_instant, test->text) == (test->microseconds >= 0), "\"%s\" is %s", show(test->text),
	   test->microseconds >= 0 ? "a time" : "none");
	(void) instant_read(test->text, &microseconds);
	if (test->microseconds >= 0)
		is_int(microseconds, test->microseconds, "... which one");
}

/* Check that each day is as the C library has it. */
static void
check_days(void)
{
	int			wrong = 0;

	for (time_t day = 0; day < INSTANT_END; day += 86400)
	{
		char		text[32];
		int64_t		microseconds;
		size_t		size = strftime(text, sizeof(text), "%Y-%m-%d", gmtime(&day));

		wrong += !instant_read((Span) {text, size}, &microseconds) || microseconds != day * INT64_C(1000000);
	}
	is_int(wrong, 0, "each day of eight thousand years");
}

int
main(void)
{
	static const Span whole = TEXT("2030-01-31T12:00:00.5+02:00");
	size_t		good = 0;

	while (cases[good].microseconds >= 0)
		good++;
	plan(lengthof(cases) + good + 1 + 6);
	for (size_t i = 0; i < lengthof(cases); i++)
		check_case(&cases[i]);
	check_days();
	is_int(misjudged_bytes(is_instant, whole, 0, "23456789"), 0, "every byte in the place of a digit of the year");
	is_int(misjudged_bytes(is_instant, whole, 4, "-"), 0, "... of a hyphen");
	is_int(misjudged_bytes(is_instant, whole, 10, "Tt "), 0, "... between date and time");
	is_int(misjudged_bytes(is_instant, whole, 13, ":"), 0, "... of a colon");
	is_int(misjudged_bytes(is_instant, whole, 19, ".,"), 0, "... before the fraction");
	is_int(misjudged_bytes(is_instant, whole, 21, "+-"), 0, "... before the offset");
	return tap_status();
}
