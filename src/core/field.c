/*
 * Reading what a call is given, field by field.
 */
#include "core/core.h"

#include <arpa/inet.h>
#include <math.h>

#include "account/user.h"
#include "base/encode.h"
#include "catalog/pg_type.h"
#include "http/instant.h"
#include "http/urlencoded.h"
#include "mb/pg_wchar.h"
#include "password/password.h"
#include "utils/array.h"
#include "utils/builtins.h"
#include "utils/fmgrprotos.h"
#include "utils/jsonb.h"
#include "utils/timestamp.h"

/* ---------- checking ---------- */

/* Return the name of a field as a sentence begins with it: an id is called by what it is of. */
const char *
field_label(const char *name)
{
	char	   *label = pstrdup(name);
	size_t		length = strlen(label);

	if (length > 3 && strcmp(label + length - 3, "_id") == 0)
		label[length - 3] = '\0';
	label[0] = pg_toupper((unsigned char) label[0]);
	for (char *c = label; *c; c++)
		if (*c == '_')
			*c = ' ';
	return label;
}

/* Read seconds; false if they are not such, or more than lead from 1970 to the year 10000. */
static bool
read_seconds(const Value *value, double *seconds)
{
	const char *text = value_text(value);
	int64_t		microseconds;

	if (text != NULL)
	{
		if (!seconds_read((Span) {text, strlen(text)}, &microseconds))
			return false;
		*seconds = (double) microseconds / USECS_PER_SEC;
		return true;
	}
	if (value_type(value) != VALUE_INTEGER && value_type(value) != VALUE_REAL)
		return false;
	*seconds = value_number(value);
	return *seconds >= 0 && *seconds < INSTANT_END;
}

/* Read digits with a sign or without; false if they are none. So many that they say no time are more than any rule allows. */
static bool
read_digits(const char *text, double *number)
{
	bool		is_negative = *text == '-';
	const char *digits = text + is_negative;
	int64_t		microseconds;

	if (seconds_read((Span) {digits, strlen(digits)}, &microseconds))
		*number = (double) microseconds / USECS_PER_SEC;
	else if (*digits != '\0' && strspn(digits, "0123456789") == strlen(digits))
		*number = INSTANT_END;
	else
		return false;
	if (is_negative)
		*number = -*number;
	return true;
}

/*
 * Read a number; false if it is none. One that is too large becomes the largest
 * that can be counted with: the rule that it breaks tells the true bound.
 */
static bool
read_number(const Value *value, double largest, double *number)
{
	const char *text = value_text(value);

	if (text != NULL)
	{
		if (!read_digits(text, number))
			return false;
	}
	else if (value_type(value) == VALUE_INTEGER || value_type(value) == VALUE_REAL)
		*number = value_number(value);
	else
		return false;
	*number = Max(-largest, Min(*number, largest));
	return true;
}

/* Read a whole number; false if it is none. */
static bool
read_integer(const Value *value, int *number)
{
	double		given;

	if (!read_number(value, INT_MAX, &given) || given != floor(given))
		return false;
	*number = given;
	return true;
}

/* Read a time, be it in seconds since 1970 or as ISO 8601 has it; false if it is none. */
bool
value_time(const Value *value, TimestampTz *time)
{
	const char *text = value_text(value);
	int64_t		microseconds;
	double		seconds;

	if (text != NULL)
	{
		if (!instant_read((Span) {text, strlen(text)}, &microseconds))
			return false;
	}
	else if (read_seconds(value, &seconds))
		microseconds = (int64_t) seconds * USECS_PER_SEC + (int64_t) rint((seconds - floor(seconds)) * USECS_PER_SEC);
	else
		return false;
	*time = microseconds - (POSTGRES_EPOCH_JDATE - UNIX_EPOCH_JDATE) * USECS_PER_DAY;
	return true;
}

/* Tell whether a value is a list of texts. */
static bool
are_texts(const Value *value)
{
	size_t		count = value_count(value);

	for (size_t i = 0; i < count; i++)
		if (value_text(value_element(value, i)) == NULL)
			return false;
	return value_is_list(value);
}

/* Tell whether a value is a text of nothing, by which forms say null. */
static bool
is_blank(const Value *value)
{
	const char *text = value_text(value);

	return text != NULL && *text == '\0';
}

/* Tell whether a value is a text by which forms say true, false or null. */
static bool
is_truth(const Value *value)
{
	const char *text = value_text(value);

	return text != NULL && (*text == '\0' || strcmp(text, "true") == 0 || strcmp(text, "false") == 0);
}

/* Return what is wrong with the type of a value that is there, or NULL. */
static const char *
type_fault(FieldType type, const Value *value)
{
	ValueType	given = value_type(value);
	TimestampTz time;
	double		seconds;
	int			number;

	switch (type)
	{
		case FIELD_TEXT:
			return given == VALUE_TEXT || given == VALUE_INTEGER ? NULL : "must be text";
		case FIELD_SECRET:
			return given == VALUE_TEXT ? NULL : "must be text";
		case FIELD_TIME:
			return is_blank(value) || value_time(value, &time) ? NULL : "must be " TIME_FORM;
		case FIELD_NUMBER:
			return is_blank(value) || read_number(value, INSTANT_END, &seconds) ? NULL : "must be a number of seconds";
		case FIELD_INTEGER:
			return is_blank(value) || read_integer(value, &number) ? NULL : "must be a whole number";
		case FIELD_BOOLEAN:
			return given == VALUE_BOOLEAN || is_truth(value) ? NULL : "must be true or false";
		case FIELD_TEXTS:
			return given == VALUE_TEXT || are_texts(value) ? NULL : "must be a text, or an array of texts";
		case FIELD_OBJECT:
			return given == VALUE_OBJECT || is_blank(value) ? NULL : "must be an object";
		default:
			return NULL;
	}
}

/* Note what is wrong with an attribute, unless something is already: one thing may show in several places. */
void
note_fault(CoreCall *call, const char *attribute, const char *sentence)
{
	if (!fault_is_about(&call->faults, attribute))
		fault_add(&call->faults, attribute, sentence);
}

/* Note which fields of the call's resource are not of their type. What is no field of it is not looked at. */
void
check_fields(CoreCall *call)
{
	const Resource *resource = call->route->takes;

	for (int i = 0; i < resource->field_count; i++)
	{
		const Field *field = resource_field(resource, i);
		const Value *value = value_member(call->given, field->name);
		const char *fault = NULL;

		if ((field->use & FIELD_WRITE) && value_type(value) > VALUE_NULL)
			fault = type_fault(field->type, value);
		if (fault != NULL)
			fault_add(&call->faults, field->name, psprintf("%s %s.", field_label(field->name), fault));
	}
}

/* ---------- values ---------- */

/* Tell whether a field is there, be it null. */
bool
is_given(const CoreCall *call, const char *name)
{
	return value_member(call->given, name) != NULL;
}

/* Tell whether a field is there and null, as forms say it, too. */
bool
is_null(const CoreCall *call, const char *name)
{
	const Value *value = value_member(call->given, name);

	return value_type(value) == VALUE_NULL || is_blank(value);
}

/* Return a text, or NULL if it is not there, null or blank. */
const char *
given_text(const CoreCall *call, const char *name)
{
	const Value *value = value_member(call->given, name);

	if (value_type(value) == VALUE_INTEGER)
	{
		char		digits[32];

		digits[value_write(value, digits, sizeof(digits) - 1)] = '\0';
		return pstrdup(digits);
	}
	return is_blank(value) ? NULL : value_text(value);
}

/* Return a word of few that there are: blank is none of them, and NULL, which is not there or null, leaves what is. */
const char *
given_word(const CoreCall *call, const char *name)
{
	return is_blank(value_member(call->given, name)) ? "" : given_text(call, name);
}

/* Return a text that changes something: blank, which takes away, if an update has it as null or blank. */
const char *
given_change(const CoreCall *call, const char *name)
{
	const char *text = given_text(call, name);
	bool		is_update = strcmp(call->route->method, "PUT") == 0;

	return text == NULL && is_update && is_given(call, name) ? "" : text;
}

/* Tell whether a text is there and is another word than this one. */
bool
is_other_than(const CoreCall *call, const char *name, const char *word)
{
	const char *text = given_text(call, name);

	return text != NULL && strcmp(text, word) != 0;
}

/* Return a secret; one that is not there, or null, has no data. */
Span
given_secret(const CoreCall *call, const char *name)
{
	const char *text = value_text(value_member(call->given, name));

	return (Span) {text, text ? strlen(text) : 0};
}

/* Add a text. */
void
add_given(Parameters *parameters, const CoreCall *call, const char *name)
{
	add_text(parameters, given_text(call, name));
}

/* Add a text that changes something. */
void
add_change(Parameters *parameters, const CoreCall *call, const char *name)
{
	add_text(parameters, given_change(call, name));
}

/* Add a secret. */
void
add_given_secret(Parameters *parameters, const CoreCall *call, const char *name)
{
	add_secret(parameters, call->scope, given_secret(call, name));
}

/* Return an object as jsonb; what is none is an empty one. */
static Jsonb *
object_to_jsonb(const Value *value)
{
	bool		is_object = value_type(value) == VALUE_OBJECT;
	size_t		size = is_object ? value_write(value, NULL, 0) : 0;
	char	   *text = palloc(size + 3);

	strcpy(text, "{}");
	if (is_object)
		text[value_write(value, text, size)] = '\0';
	return DatumGetJsonbP(DirectFunctionCall1(jsonb_in, CStringGetDatum(text)));
}

/* Add a JSON object; null and blank are an empty one, what is not there is null. */
void
add_given_object(Parameters *parameters, const CoreCall *call, const char *name)
{
	const Value *value = value_member(call->given, name);

	add_pointer(parameters, JSONBOID, value ? object_to_jsonb(value) : NULL);
}

/* Add an array of texts, or one text as such an array; null is an empty one, what is not there is null. */
void
add_given_texts(Parameters *parameters, const CoreCall *call, const char *name)
{
	const Value *value = value_member(call->given, name);
	bool		is_one = value_text(value) != NULL && !is_blank(value);
	int			count = is_one ? 1 : are_texts(value) ? value_count(value) : 0;
	Datum	   *texts = palloc((count + 1) * sizeof(Datum));

	for (int i = 0; i < count; i++)
		texts[i] = CStringGetTextDatum(value_text(is_one ? value : value_element(value, i)));
	add_pointer(parameters, TEXTARRAYOID,
				value ? construct_array(texts, count, TEXTOID, -1, false, TYPALIGN_INT) : NULL);
}

/* Add a time; null and blank are infinity, what is not there is null. */
void
add_given_time(Parameters *parameters, const CoreCall *call, const char *name)
{
	const Value *value = value_member(call->given, name);
	TimestampTz time = DT_NOEND;

	(void) value_time(value, &time);
	add_optional_time(parameters, value ? &time : NULL);
}

/* Add a number; null, blank and what is not there are null. */
void
add_given_number(Parameters *parameters, const CoreCall *call, const char *name)
{
	double		number;
	bool		is_number = read_number(value_member(call->given, name), INSTANT_END, &number);

	add_optional_number(parameters, is_number ? &number : NULL);
}

/* Add a whole number that is there. */
void
add_given_integer(Parameters *parameters, const CoreCall *call, const char *name)
{
	int			number = 0;

	(void) read_integer(value_member(call->given, name), &number);
	add_int4(parameters, number);
}

/* Add a boolean. */
void
add_given_truth(Parameters *parameters, const CoreCall *call, const char *name)
{
	add_bool(parameters, value_is_true(value_member(call->given, name)));
}

/* Read an id of a kind; false, and noted if it is there, if it is none. */
bool
given_id(CoreCall *call, const char *name, const char *prefix, pg_uuid_t *id)
{
	const char *text = given_text(call, name);

	if (text == NULL)
		return false;
	if (id_with_prefix((Span) {text, strlen(text)}, prefix, id))
		return true;
	note_fault(call, name, psprintf("%s is not known.", field_label(name)));
	return false;
}

/* Read an id that has this prefix. */
bool
id_with_prefix(Span text, const char *prefix, pg_uuid_t *id)
{
	size_t		length = strlen(prefix);

	return text.size > length && memcmp(text.data, prefix, length) == 0 && text.data[length] == '_' &&
		id_parse(text.data, text.size, id->data);
}

/* Note a confirmation of the password that is there and differs from it; of a blank password that is not what is wrong. */
void
check_confirmation(CoreCall *call)
{
	Span		confirmation = given_secret(call, "password_confirmation");
	Span		password = given_secret(call, "password");

	if (confirmation.data != NULL && confirmation.size + password.size > 0 &&
		(password.data == NULL || !password_is_repeated(call->scope, password, confirmation)))
		fault_add(&call->faults, "password_confirmation",
				  "Password confirmation does not match the password.");
}

/* Note a state, of what is to be made, that there is not. */
void
check_state(CoreCall *call)
{
	const char *state = given_word(call, "state");

	if (state != NULL)
		state_check(state, &call->faults);
}

/* ---------- beside the resource ---------- */

/* Read an address; NULL, and noted, if it is none. */
static inet *
read_address(CoreCall *call, const char *text)
{
	char		binary[16];

	if (inet_pton(AF_INET, text, binary) == 1 || inet_pton(AF_INET6, text, binary) == 1)
		return DatumGetInetPP(DirectFunctionCall1(inet_in, CStringGetDatum(text)));
	fault_add(&call->faults, "ip", "IP is not an address.");
	return NULL;
}

/* Read a text of the hash beside the resource; NULL, and noted if it is something else, if it is none. */
static const char *
request_text(CoreCall *call, const char *name, const char *fault)
{
	const Value *value = value_member(value_member(call->body, "request"), name);

	if (value_type(value) > VALUE_NULL && value_text(value) == NULL)
		fault_add(&call->faults, name, fault);
	return value_text(value);
}

/* Read from where a person came, out of the resource or out of the hash beside it. */
void
read_source(CoreCall *call)
{
	const char *ip = given_text(call, "ip");
	const char *client = given_text(call, "client");
	ValueType	request = value_type(value_member(call->body, "request"));

	if (request > VALUE_NULL && request != VALUE_OBJECT)
		fault_add(&call->faults, "request", "Request must be an object.");
	if (ip == NULL)
		ip = request_text(call, "ip", "IP must be text.");
	if (client == NULL)
		client = request_text(call, "client", "Client must be text.");
	if (ip != NULL && *ip != '\0')
		call->ip = read_address(call, ip);
	call->client = client;
}

/* ---------- what else to tell ---------- */

/* Take the next word off a list that commas divide. */
static Span
take_word(Span *list)
{
	return span_trim(urlencoded_take(list, ','));
}

/* Tell whether a list that commas divide has a word. */
static bool
has_word(Span list, Span word)
{
	while (list.size > 0)
	{
		Span		found = take_word(&list);

		if (found.size == word.size && memcmp(found.data, word.data, word.size) == 0)
			return true;
	}
	return false;
}

/* Tell whether an answer has a part at all, be it always. */
static bool
has_part(const CoreRoute *route, Span name)
{
	const char *parts = route->rows ? route->rows->parts : NULL;
	const Resource *resource = route->gives;

	for (int i = 0; resource != NULL && i < resource->field_count; i++)
	{
		const Field *field = resource_field(resource, i);

		if ((field->use & FIELD_READ) && field->type >= FIELD_OBJECT && span_is(name, field->name))
			return true;
	}
	return parts != NULL && has_word((Span) {parts, strlen(parts)}, name);
}

/* Note what a list names that no answer of the call has. */
static void
check_words(CoreCall *call, Span list)
{
	const char *parts = call->route->rows ? call->route->rows->parts : NULL;

	while (list.size > 0)
	{
		Span		word = take_word(&list);
		const char *found = fault_quote(pnstrdup(word.data, word.size));

		if (word.size == 0 || has_part(call->route, word))
			continue;
		fault_add(&call->faults, "expand", parts ? psprintf("Expand can be %s here, not %s.", parts, found) :
				  psprintf("Expand can't be %s here: there is nothing more to tell.", found));
	}
}

/* Return how many texts ask for more: one, or those of a list. */
static size_t
expand_count(const Value *expand)
{
	return value_text(expand) != NULL ? 1 : value_count(expand);
}

/* Return one of these texts. */
static Span
expand_text(const Value *expand, size_t position)
{
	const char *text = value_text(value_text(expand) != NULL ? expand : value_element(expand, position));

	return (Span) {text, text ? strlen(text) : 0};
}

/* Note what the query, or the body, asks for that the answer cannot have. */
void
check_expand(CoreCall *call)
{
	const Value *places[] = {value_member(call->query, "expand"), value_member(call->body, "expand")};

	for (int place = 0; place < (int) lengthof(places); place++)
	{
		const Value *expand = places[place];
		size_t		count = expand_count(expand);

		if (value_type(expand) > VALUE_NULL && value_text(expand) == NULL && !are_texts(expand))
			fault_add(&call->faults, "expand", "Expand must be a text, or an array of texts.");
		else
			for (size_t i = 0; i < count; i++)
				check_words(call, expand_text(expand, i));
	}
}

/* Tell whether the query, or the body, asks for a part of the answer that is otherwise left out. */
bool
expands(const CoreCall *call, const char *name)
{
	const Value *places[] = {value_member(call->query, "expand"), value_member(call->body, "expand")};

	for (int place = 0; place < (int) lengthof(places); place++)
	{
		size_t		count = expand_count(places[place]);

		for (size_t i = 0; i < count; i++)
			if (has_word(expand_text(places[place], i), (Span) {name, strlen(name)}))
				return true;
	}
	return false;
}
