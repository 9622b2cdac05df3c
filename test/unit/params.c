/*
 * What a call of the Core API is given: JSON and forms as one value, and what
 * is neither.
 */
#include "http/params.h"

#include "tap.h"

typedef struct Case
{
	Span		text;
	const char *value;			/* as JSON; null: refused */
} Case;

static const Case json_cases[] = {
	{TEXT(""), "{}"},
	{TEXT(" \n\t"), "{}"},
	{TEXT("{}"), "{}"},
	{TEXT(" {} "), "{}"},
	{TEXT("{\"user\": {\"email\": \"a\"}}"), "{\"user\":{\"email\":\"a\"}}"},
	{TEXT("{\"a\": [1, 2.5, true, false, null, \"x\", {}]}"), "{\"a\":[1,2.5,true,false,null,\"x\",{}]}"},
	{TEXT("{\"a\": \"\\u00e9\xc3\xa9\"}"), "{\"a\":\"\xc3\xa9\xc3\xa9\"}"},
	{TEXT("{\"a\": \"\\ud83d\\ude00\"}"), "{\"a\":\"\xf0\x9f\x98\x80\"}"},
	{TEXT("{\"a\": 9223372036854775807}"), "{\"a\":9223372036854775807}"},
	{TEXT("{\"a\": [19.99, 0.1, -4.35, 1.0, 1e300, 0.30000000000000004, 5e-324, 1.7976931348623157e308]}"),
	"{\"a\":[19.99,0.1,-4.35,1.0,1e300,0.30000000000000004,5e-324,1.7976931348623157e308]}"},
	{TEXT("{\"a\": [18446744073709551615, -9223372036854775809, 0.1234567890123456789012345, 123456789012345678.5, 1e-400, 1.10, -0.0, 1E+2]}"),
	"{\"a\":[18446744073709551615,-9223372036854775809,0.1234567890123456789012345,123456789012345678.5,1e-400,1.10,-0.0,1E+2]}"},
	{TEXT("{\"a\": \"\\\\u00001.5\"}"), "{\"a\":\"\\\\u00001.5\"}"},
	{TEXT("{\"19.989999999999998\": \"0.10000000000000001\", \"\\\"0.10000000000000001\\\\\": [0.1]}"),
	"{\"19.989999999999998\":\"0.10000000000000001\",\"\\\"0.10000000000000001\\\\\":[0.1]}"},
	{TEXT("{\"a\":[[[[[[[[[[[[[[[]]]]]]]]]]]]]]]}"), "{\"a\":[[[[[[[[[[[[[[[]]]]]]]]]]]]]]]}"},

	{TEXT("{\"a\":[[[[[[[[[[[[[[[[]]]]]]]]]]]]]]]]}"), NULL},
	{TEXT("[]"), NULL},
	{TEXT("\"x\""), NULL},
	{TEXT("1"), NULL},
	{TEXT("null"), NULL},
	{TEXT("{"), NULL},
	{TEXT("{}}"), NULL},
	{TEXT("{} {}"), NULL},
	{TEXT("{\"a\": 1,}"), NULL},
	{TEXT("{\"a\": 1, \"a\": 2}"), NULL},
	{TEXT("{\"a\": {\"b\": 1, \"b\": 1}}"), NULL},
	{TEXT("{'a': 1}"), NULL},
	{TEXT("{\"a\": \"\\u00001.5\"}"), NULL},
	{TEXT("{\"\\u00001.5\": 1}"), NULL},
	{TEXT("{1.5: 1}"), NULL},
	{TEXT("{\"a\": 01.5}"), NULL},
	{TEXT("{\"a\": 1.}"), NULL},
	{TEXT("{\"a\": .5}"), NULL},
	{TEXT("{\"a\": 1.5.5}"), NULL},
	{TEXT("{\"a\": 1.5e}"), NULL},
	{TEXT("{\"a\": 1e-9999}"), NULL},
	{TEXT("{\"a\": +1.5}"), NULL},
	{TEXT("{\"a\": 1.5\"b\"}"), NULL},
	{TEXT("{\"a\": 1e999}"), NULL},
	{TEXT("{\"a\": NaN}"), NULL},
	{TEXT("{\"a\": \"\\u0000\"}"), NULL},
	{TEXT("{\"a\": \"\\ud800\"}"), NULL},
	{TEXT("{\"a\": \"\xff\"}"), NULL},
	{TEXT("{\"a\": \"\n\"}"), NULL},
	{TEXT("{\"a\": 1\0}"), NULL},
	{TEXT("{}\0"), NULL}
};

static const Case form_cases[] = {
	{TEXT(""), "{}"},
	{TEXT("&&"), "{}"},
	{TEXT("a=1"), "{\"a\":\"1\"}"},
	{TEXT("a"), "{\"a\":\"\"}"},
	{TEXT("a=b=c&d=e+f%2B"), "{\"a\":\"b=c\",\"d\":\"e f+\"}"},
	{TEXT("user[email]=x&user[custom][a]=b&user[custom][c]=d"),
	"{\"user\":{\"email\":\"x\",\"custom\":{\"a\":\"b\",\"c\":\"d\"}}}"},
	{TEXT("user%5Bemail%5D=x"), "{\"user\":{\"email\":\"x\"}}"},
	{TEXT("expand[]=a&expand[]=b"), "{\"expand\":[\"a\",\"b\"]}"},
	{TEXT("m[p][]=a&m[p][]=a&m[q]=r"), "{\"m\":{\"p\":[\"a\",\"a\"],\"q\":\"r\"}}"},
	{TEXT("a[]"), "{\"a\":[\"\"]}"},
	{TEXT("a[b]=1&a%5Bc]=2"), "{\"a\":{\"b\":\"1\",\"c\":\"2\"}}"},
	{TEXT("a[b][c][d][e][f][g][h][i][j][k][l][m][n][o]=1"),
	"{\"a\":{\"b\":{\"c\":{\"d\":{\"e\":{\"f\":{\"g\":{\"h\":{\"i\":{\"j\":{\"k\":{\"l\":{\"m\":{\"n\":{\"o\":\"1\"}}}}}}}}}}}}}}}"},

	{TEXT("a[b][c][d][e][f][g][h][i][j][k][l][m][n][o][p][q]=1"), NULL},
	{TEXT("=1"), NULL},
	{TEXT("[a]=1"), NULL},
	{TEXT("a[=1"), NULL},
	{TEXT("a[b=1"), NULL},
	{TEXT("a]b=1&a[b]c=1"), NULL},
	{TEXT("a[b]c[d]=1"), NULL},
	{TEXT("a[b[c]]=1"), NULL},
	{TEXT("a=1&a=2"), NULL},
	{TEXT("a=1&a[b]=2"), NULL},
	{TEXT("a[b]=1&a=2"), NULL},
	{TEXT("a[b]=1&a[b]=2"), NULL},
	{TEXT("a[]=1&a[b]=2"), NULL},
	{TEXT("a[b]=1&a[]=2"), NULL},
	{TEXT("a[]=1&a=2"), NULL},
	{TEXT("a=%"), NULL},
	{TEXT("a=%00"), NULL},
	{TEXT("a%00=1"), NULL},
	{TEXT("a=%ff"), NULL},
	{TEXT("%ff=a"), NULL}
};

/* Check that a text was read as a value, or refused. */
static void
check(const char *kind, const Case *test, Value *value)
{
	char		json[1024] = "";

	if (value != NULL)
		json[value_write(value, json, sizeof(json) - 1)] = '\0';
	ok(test->value == NULL ? value == NULL : value != NULL && strcmp(json, test->value) == 0,
	   "%s: %.*s", kind, (int) test->text.size, test->text.data);
	if (test->value != NULL && strcmp(json, test->value) != 0)
		diag("got %s", json);
	params_free(value);
}

/* Read a form whose buffer ends where its memory ends. */
static Value *
read_form(Span form)
{
	char	   *buffer = malloc(form.size + 1);
	Value	   *value = params_from_form(form, buffer);

	free(buffer);
	return value;
}

/* Check what is read where only some members matter. */
static void
check_loose(void)
{
	static const Case cases[] = {
		{TEXT("{\"a\": 1, \"a\": \"x\", \"b\": {\"c\": 1, \"c\": 2}}"), "{\"a\":\"x\",\"b\":{\"c\":2.0}}"},
		{TEXT("{\"a\": \"x\\u0000y\"}"), "{\"a\":\"x\\u0000y\"}"},
		{TEXT("{\"a\": 18446744073709551616}"), "{\"a\":1.8446744073709552e19}"},
		{TEXT("{\"a\": 1e999}"), NULL},
		{TEXT("{\"a\": \"\\ud800\"}"), NULL},
		{TEXT("{\"a\": 1}}"), NULL},
		{TEXT("{\"a\":[[[[[[[[[[[[[[[[]]]]]]]]]]]]]]]]}"), NULL},
	};
	Value	   *value = params_from_loose_json((Span) TEXT("{\"a\": \"x\\u0000y\"}"));

	for (size_t i = 0; i < lengthof(cases); i++)
		check("loose JSON", &cases[i], params_from_loose_json(cases[i].text));
	ok(value_text(value_member(value, "a")) == NULL, "a text with a NUL is none");
	params_free(value);
}

/* Check how often a member is counted. */
static void
check_counts(void)
{
	static const struct
	{
		Span		text;
		int			count;			/* of members named ab_ */
	}			cases[] = {
		{TEXT(""), 0},
		{TEXT("{}"), 0},
		{TEXT("{\"ab_\":1}"), 1},
		{TEXT(" {\"ab_\":1 , \"ab_\" : null}"), 2},
		{TEXT("{\"\\u0061b\\u005F\":1,\"ab_\":1}"), 2},
		{TEXT("{\"x\":\"ab_\",\"ab_\":\"ab_\"}"), 1},
		{TEXT("{\"x\":{\"ab_\":1,\"ab_\":1},\"y\":[1,\"ab_\",{\"ab_\":[]}],\"ab_\":1}"), 1},
		{TEXT("{\"x\":\"\\\",\\\"ab_\\\":\",\"y\":\"\\\\\",\"ab_\":1}"), 1},
		{TEXT("{\"ab\":1,\"ab__\":1,\"AB_\":1,\"ab\\\\\":1,\"ab\\u005\":1,\"\":1,\"ab\\u015f\":1}"), 0},
		{TEXT("{\"x\":\"}\",\"y\":\"]\",\"ab_\":1}"), 1},
		{TEXT("{\"ab_"), 1},
		{TEXT("{\"ab_\\"), 0},
		{TEXT("{\""), 0},
	};

	for (size_t i = 0; i < lengthof(cases); i++)
	{
		char	   *text = malloc(cases[i].text.size);

		memcpy(text, cases[i].text.data, cases[i].text.size);
		is_int(params_count_members((Span) {text, cases[i].text.size}, "ab_"), cases[i].count, "members of a name in %s", cases[i].text.data);
		free(text);
	}
}

/* Check the bounds: bytes, levels, pairs. */
static void
check_bounds(void)
{
	static char text[PARAMS_MAX_SIZE + 16];
	size_t		size = 0;
	Value	   *value;

	memset(text, '[', sizeof(text));
	ok(params_from_json((Span) {text, 60000}) == NULL, "sixty thousand brackets");
	memset(text, ' ', sizeof(text));
	memcpy(text, "{\"a\":1", 6);
	text[PARAMS_MAX_SIZE - 1] = '}';
	value = params_from_json((Span) {text, PARAMS_MAX_SIZE});
	ok(value != NULL, "as many bytes as there may be");
	params_free(value);
	text[PARAMS_MAX_SIZE] = '}';
	text[PARAMS_MAX_SIZE - 1] = ' ';
	ok(params_from_json((Span) {text, PARAMS_MAX_SIZE + 1}) == NULL, "one more");
	memset(text, 'x', sizeof(text));
	text[1] = '=';
	value = read_form((Span) {text, PARAMS_MAX_SIZE});
	ok(value != NULL, "a form of as many bytes");
	params_free(value);
	ok(read_form((Span) {text, PARAMS_MAX_SIZE + 1}) == NULL, "one more");
	for (int i = 0; i <= PARAMS_MAX_PAIRS; i++)
		size += snprintf(text + size, sizeof(text) - size, "%sa%d=", i > 0 ? "&" : "", i);
	ok(read_form((Span) {text, size}) == NULL, "one pair too many");
	size = strrchr(text, '&') - text;
	value = read_form((Span) {text, size});
	ok(value != NULL, "as many as there may be");
	params_free(value);
}

/* Check what values tell of themselves. */
static void
check_values(void)
{
	Value	   *value = params_from_json((Span) TEXT("{\"t\": \"true\", \"b\": true, \"f\": false, \"n\": null, \"i\": 3, \"r\": 0.5, \"a\": [1], \"o\": {}}"));

	ok(value_type(NULL) == VALUE_ABSENT && value_type(value_member(value, "x")) == VALUE_ABSENT, "absent");
	ok(value_type(value_member(value, "n")) == VALUE_NULL, "null");
	ok(value_type(value_member(value, "b")) == VALUE_BOOLEAN && value_type(value_member(value, "f")) == VALUE_BOOLEAN, "boolean");
	ok(value_type(value_member(value, "i")) == VALUE_INTEGER && value_number(value_member(value, "i")) == 3, "integer");
	ok(value_type(value_member(value, "r")) == VALUE_REAL && value_number(value_member(value, "r")) == 0.5, "real");
	ok(value_type(value_member(value, "a")) == VALUE_ARRAY && value_count(value_member(value, "a")) == 1, "array");
	ok(value_type(value_element(value_member(value, "a"), 0)) == VALUE_INTEGER && value_element(value_member(value, "a"), 1) == NULL, "its elements");
	ok(value_type(value_member(value, "o")) == VALUE_OBJECT && value_count(value_member(value, "o")) == 0, "object");
	ok(value_is_true(value_member(value, "t")) && value_is_true(value_member(value, "b")) &&
	   !value_is_true(value_member(value, "f")) && !value_is_true(value_member(value, "i")), "true");
	ok(value_text(value_member(value, "i")) == NULL && value_member(value_member(value, "i"), "x") == NULL, "what is something else");
	params_free(value);
}

/* Check what a form has that counts its elements, or only seems to. */
static void
check_lists(void)
{
	static const struct
	{
		Span		form;
		int			count;		/* -1: no list */
	}			lists[] = {
		{TEXT("a[]=x"), 1}, {TEXT("a[]=x&a[]=x"), 2}, {TEXT("a[0]=x"), 1}, {TEXT("a[0]=x&a[1]=x"), 2}, {TEXT("a[1]=x&a[0]=x"), 2},
		{TEXT("a=x"), -1}, {TEXT("a[1]=x"), -1}, {TEXT("a[00]=x"), -1}, {TEXT("a[0]=x&a[2]=x"), -1}, {TEXT("a[0]=x&a[b]=x"), -1}, {TEXT("a[b]=x"), -1}, {TEXT("b=x"), -1}
	};

	for (size_t i = 0; i < lengthof(lists); i++)
	{
		Value	   *value = read_form(lists[i].form);
		const Value *list = value_member(value, "a");
		int			count = value_count(list);

		is_int(value_is_list(list) ? count : -1, lists[i].count, "a list: %s", lists[i].form.data);
		for (int n = 0; n < count; n++)
			is_string(value_text(value_element(list, n)), "x", "... its element %d", n);
		params_free(value);
	}
}

/* Read texts that are spoilt byte by byte: whatever comes of them, memory stays as it should. */
static void
check_noise(void)
{
	static const char bytes[] = "{}[]\":,=&%+\\ u0a1\xff\xc3\0x";
	unsigned	state = 1;
	size_t		read = 0;

	for (int n = 0; n < 200000; n++)
	{
		const Case *seed = n % 2 ? &form_cases[(unsigned) n % lengthof(form_cases)] : &json_cases[(unsigned) n % lengthof(json_cases)];
		char	   *text = malloc(seed->text.size + 1);
		Value	   *value;

		memcpy(text, seed->text.data, seed->text.size);
		for (int i = 0; i < n % 4 && seed->text.size > 0; i++)
		{
			state = state * 1103515245 + 12345;
			text[(state >> 16) % seed->text.size] = bytes[(state >> 8) % (sizeof(bytes) - 1)];
		}
		value = n % 2 ? read_form((Span) {text, seed->text.size}) : params_from_json((Span) {text, seed->text.size});
		read += value != NULL;
		params_free(value);
		free(text);
	}
	ok(read > 10000 && read < 190000, "noise");
}

int
main(void)
{
	plan(lengthof(json_cases) + lengthof(form_cases) + 16 + 8 + 15 + 12 + 8);
	for (size_t i = 0; i < lengthof(json_cases); i++)
		check("JSON", &json_cases[i], params_from_json(json_cases[i].text));
	for (size_t i = 0; i < lengthof(form_cases); i++)
		check("form", &form_cases[i], read_form(form_cases[i].text));
	check_loose();
	check_counts();
	check_bounds();
	check_values();
	check_lists();
	check_noise();
	return tap_status();
}
