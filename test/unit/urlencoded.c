/*
 * Bodies of forms: what is read of them, and what is no form.
 */
#include "http/urlencoded.h"

#include "tap.h"

static const char *const names[] = {"email", "password", "x"};

typedef struct Case
{
	Span		form;
	const char *read;			/* the three values, | between them, ! behind a repeated one; null: refused */
} Case;

static const Case cases[] = {
	{TEXT(""), "-|-|-"},
	{TEXT("email=a"), "a|-|-"},
	{TEXT("email="), "|-|-"},
	{TEXT("email"), "|-|-"},
	{TEXT("email=a&password=b&x=c"), "a|b|c"},
	{TEXT("x=c&password=b&email=a"), "a|b|c"},
	{TEXT("email=a&"), "a|-|-"},
	{TEXT("&email=a"), "a|-|-"},
	{TEXT("&&email=a&&x=c&&"), "a|-|c"},
	{TEXT("email=a=b"), "a=b|-|-"},
	{TEXT("email=="), "=|-|-"},
	{TEXT("=a&email=b"), "b|-|-"},
	{TEXT("email=a;x=b"), "a;x=b|-|-"},
	{TEXT("email=a+b"), "a b|-|-"},
	{TEXT("email=a%2Bb"), "a+b|-|-"},
	{TEXT("email=a%20b"), "a b|-|-"},
	{TEXT("email=%26x%3Dy"), "&x=y|-|-"},
	{TEXT("email=%c3%A9"), "\xc3\xa9|-|-"},
	{TEXT("email=\xc3\xa9"), "\xc3\xa9|-|-"},
	{TEXT("email=\xc3%a9"), "\xc3\xa9|-|-"},
	{TEXT("email=%F0%9F%98%80"), "\xf0\x9f\x98\x80|-|-"},
	{TEXT("email=%0D%0A"), "\r\n|-|-"},
	{TEXT("email=a%7Fb"), "a\x7f" "b|-|-"},
	{TEXT("%65mail=a"), "a|-|-"},
	{TEXT("e%6dail=a&%78=c"), "a|-|c"},
	{TEXT("Email=a"), "-|-|-"},
	{TEXT("email+=a"), "-|-|-"},
	{TEXT("email%20=a"), "-|-|-"},
	{TEXT("email[]=a"), "-|-|-"},
	{TEXT("emai=a&emaill=b"), "-|-|-"},
	{TEXT("unknown=a&email=b&other=c"), "b|-|-"},
	{TEXT("email=a&email=b"), "b!|-|-"},
	{TEXT("email=a&email=a"), "a!|-|-"},
	{TEXT("email=a&email="), "!|-|-"},
	{TEXT("email&email"), "!|-|-"},
	{TEXT("email=a&e%6Dail=b"), "b!|-|-"},
	{TEXT("email=a&email=b&email=c"), "c!|-|-"},
	{TEXT("email=a&x=c&email=b"), "b!|-|c"},
	{TEXT("unknown=a&unknown=b&x=c"), "-|-|c"},

	{TEXT("email=%"), NULL},
	{TEXT("email=%4"), NULL},
	{TEXT("email=%zz"), NULL},
	{TEXT("email=%4g"), NULL},
	{TEXT("email=%g4"), NULL},
	{TEXT("email=100%&x=c"), NULL},
	{TEXT("email=%4&x=1"), NULL},
	{TEXT("email=%u0041"), NULL},
	{TEXT("email=%+1"), NULL},
	{TEXT("email=% 1"), NULL},
	{TEXT("email=%-1"), NULL},
	{TEXT("email=%0x"), NULL},
	{TEXT("email=%00"), NULL},
	{TEXT("email=a%00b"), NULL},
	{TEXT("email=a\0b"), NULL},
	{TEXT("\0=a"), NULL},
	{TEXT("%00=a"), NULL},
	{TEXT("unknown=%00"), NULL},
	{TEXT("unknown=%zz"), NULL},
	{TEXT("unknown=%ff"), NULL},
	{TEXT("%zz=a"), NULL},
	{TEXT("%ff=a"), NULL},
	{TEXT("email=%ff"), NULL},
	{TEXT("email=\xff"), NULL},
	{TEXT("email=%c3"), NULL},
	{TEXT("email=%c3&x=%a9"), NULL},
	{TEXT("email=%a9"), NULL},
	{TEXT("email=%c0%80"), NULL},
	{TEXT("email=%c1%81"), NULL},
	{TEXT("email=%e0%80%80"), NULL},
	{TEXT("email=%ed%a0%80"), NULL},
	{TEXT("email=%f4%90%80%80"), NULL},
	{TEXT("email=%f8%88%80%80%80"), NULL},
	{TEXT("email=%fe%ff"), NULL},
};

/* Read a form in memory of its very size, into no more memory than it asks for, and write down what is read. */
static const char *
read(Span form, char *out)
{
	FormValue	values[3];
	char	   *buffer = malloc(form.size + 1);
	Span		exact = exact_copy(form);
	bool		is_good = urlencoded_read(exact, names, 3, buffer, values);

	*out = '\0';
	for (int i = 0; i < 3; i++)
	{
		const Span *text = &values[i].text;

		if (text->data != NULL && strlen(text->data) != text->size)
			abort();
		sprintf(out + strlen(out), "%s%s%s", i ? "|" : "", text->data ? text->data : "-", values[i].is_repeated ? "!" : "");
	}
	free(buffer);
	free((char *) exact.data);
	return is_good ? out : "refused";
}

/* Return what becomes of a form of so many pairs, or bytes. */
static const char *
read_many(const char *pair, int count, int more)
{
	static char form[FORM_MAX_SIZE + 64];
	static char out[FORM_MAX_SIZE + 64];
	size_t		size = 0;

	for (int i = 0; i < count; i++)
		size += sprintf(form + size, "%s", pair);
	memset(form + size, 'a', more);
	return read((Span) {form, size + more}, out);
}

/* Check that random bytes are read within their memory, and that what is accepted is UTF-8. */
static void
check_random(void)
{
	static const char alphabet[] = "email=&%+4g\xc3\xa9\xff\0x";
	int			accepted = 0;

	for (int round = 0; round < 200000; round++)
	{
		char		form[48];
		char		out[200];
		Span		text = {form, random_below(sizeof(form))};

		for (size_t i = 0; i < text.size; i++)
			form[i] = alphabet[random_below(sizeof(alphabet))];
		if (strcmp(read(text, out), "refused") != 0)
			accepted++;
	}
	ok(accepted > 1000, "%d random forms of 200000 are read, none beyond its memory", accepted);
}

int
main(void)
{
	char		out[200];

	plan(lengthof(cases) + 5);
	for (size_t i = 0; i < lengthof(cases); i++)
		is_string(read(cases[i].form, out), cases[i].read ? cases[i].read : "refused", "%s", show(cases[i].form));
	is_string(read_many("y=1&", FORM_MAX_PAIRS, 0), "-|-|-", "as many pairs as there may be");
	is_string(read_many("y=1&", FORM_MAX_PAIRS, 1), "refused", "... and one more");
	ok(strcmp(read_many("email=", 1, FORM_MAX_SIZE - 6), "refused") != 0, "the longest form");
	is_string(read_many("email=", 1, FORM_MAX_SIZE - 5), "refused", "... and one byte more");
	check_random();
	return tap_status();
}
