/*
 * Times as programs write them: seconds since 1970, or ISO 8601 in the long
 * form, with the offset from UTC. No locale, no time zone and no setting has a
 * say in what is meant.
 */
#include "http/instant.h"

#include <string.h>

#define SECOND INT64_C(1000000) /* in microseconds */

/* As many digits as seconds have in the year 9999. */
#define SECONDS_MAX_DIGITS 12

/* Take so many digits off the front as a number. */
static bool
take_digits(Span *text, int digits, int *number)
{
	*number = 0;
	for (; digits > 0; digits--)
	{
		if (text->size == 0 || *text->data < '0' || *text->data > '9')
			return false;
		*number = *number * 10 + (*text->data - '0');
		span_skip(text, 1);
	}
	return true;
}

/* Take a character off the front if it is one of these. */
static bool
take_one_of(Span *text, const char *characters)
{
	if (text->size == 0 || *text->data == '\0' || strchr(characters, *text->data) == NULL)
		return false;
	span_skip(text, 1);
	return true;
}

/* Take what is behind the mark of a fraction off the front, if it is there; what is below a microsecond does not count. */
static bool
take_fraction(Span *text, const char *marks, int64_t *microseconds)
{
	int64_t		unit = SECOND / 10;
	int			digit;

	*microseconds = 0;
	if (!take_one_of(text, marks))
		return true;
	if (!take_digits(text, 1, &digit))
		return false;
	do
	{
		*microseconds += digit * unit;
		unit /= 10;
	} while (take_digits(text, 1, &digit));
	return true;
}

/* Read seconds since 1970, as digits; false if they are not such, or lead beyond the year 9999. */
bool
seconds_read(Span text, int64_t *microseconds)
{
	int64_t		seconds = 0;
	int64_t		fraction;
	int			digits = 0;
	int			digit;

	for (; take_digits(&text, 1, &digit); digits++)
	{
		if (digits == SECONDS_MAX_DIGITS)
			return false;
		seconds = seconds * 10 + digit;
	}
	if (digits == 0 || !take_fraction(&text, ".", &fraction) || text.size > 0 || seconds >= INSTANT_END)
		return false;
	*microseconds = seconds * SECOND + fraction;
	return true;
}

/* Return how many days a month has. */
static int
days_of_month(int year, int month)
{
	static const int days[] = {31, 28, 31, 30, 31, 30, 31, 31, 30, 31, 30, 31};
	bool		is_leap = (year % 4 == 0 && year % 100 != 0) || year % 400 == 0;

	return days[month - 1] + (month == 2 && is_leap);
}

/* Return how many days a date from 1970 on is after the first of January 1970. */
static int64_t
days_since_1970(int year, int month, int day)
{
	int			before = year - 1;
	int64_t		days = INT64_C(365) * (year - 1970) + (before / 4 - before / 100 + before / 400) - (1969 / 4 - 1969 / 100 + 1969 / 400);

	for (int i = 1; i < month; i++)
		days += days_of_month(year, i);
	return days + day - 1;
}

/* Take a date off the front: 2030-01-31. */
static bool
take_date(Span *text, int64_t *days)
{
	int			year;
	int			month;
	int			day;

	if (!take_digits(text, 4, &year) || !take_one_of(text, "-") || !take_digits(text, 2, &month) ||
		!take_one_of(text, "-") || !take_digits(text, 2, &day))
		return false;
	/* A day more, since an offset may lead back. */
	if (year < 1969 || month < 1 || month > 12 || day < 1 || day > days_of_month(year, month))
		return false;
	*days = days_since_1970(year, month, day);
	return true;
}

/* Take a time of the day off the front: 12:30, 12:30:15, 12:30:15.25. */
static bool
take_time(Span *text, int64_t *microseconds)
{
	int64_t		fraction = 0;
	int			hour;
	int			minute;
	int			second = 0;

	if (!take_digits(text, 2, &hour) || !take_one_of(text, ":") || !take_digits(text, 2, &minute))
		return false;
	if (take_one_of(text, ":") && (!take_digits(text, 2, &second) || !take_fraction(text, ".,", &fraction)))
		return false;
	*microseconds = (hour * INT64_C(3600) + minute * 60 + second) * SECOND + fraction;
	return hour < 24 && minute < 60 && second < 60;
}

/* Take the offset from UTC off the front: Z, +02:00, -0530, +02; or as Ruby writes it, UTC, with a space before it. */
static bool
take_offset(Span *text, int64_t *microseconds)
{
	bool		is_west;
	int			hours;
	int			minutes = 0;

	*microseconds = 0;
	(void) take_one_of(text, " ");
	if (take_one_of(text, "Zz") || span_take(text, "UTC"))
		return true;
	is_west = text->size > 0 && *text->data == '-';
	if (!take_one_of(text, "+-") || !take_digits(text, 2, &hours))
		return false;
	if (text->size > 0)
	{
		(void) take_one_of(text, ":");
		if (!take_digits(text, 2, &minutes))
			return false;
	}
	*microseconds = (hours * INT64_C(3600) + minutes * 60) * (is_west ? -SECOND : SECOND);
	return hours < 24 && minutes < 60;
}

/*
 * Read a time: seconds since 1970, a date (when it begins in UTC), or a date
 * and a time of the day with its offset from UTC; false if it is none, or not
 * of the years 1970 to 9999.
 */
bool
instant_read(Span text, int64_t *microseconds)
{
	int64_t		days;
	int64_t		time = 0;
	int64_t		offset = 0;

	if (seconds_read(text, microseconds))
		return true;
	if (!take_date(&text, &days))
		return false;
	if (text.size > 0 && (!take_one_of(&text, "Tt ") || !take_time(&text, &time) || !take_offset(&text, &offset)))
		return false;
	*microseconds = days * 86400 * SECOND + time - offset;
	return text.size == 0 && *microseconds >= 0 && *microseconds < INSTANT_END * SECOND;
}
