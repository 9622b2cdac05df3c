/*
 * Reading what a call is given, field by field.
 */
#include "core/core.h"

#include <arpa/inet.h>
#include <math.h>

#include "base/encode.h"
#include "catalog/pg_type.h"
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

/* Read seconds since 1970; false if they are not such, or of another age. */
static bool
read_seconds(const Value *value, double *seconds)
{
	const char *text = value_text(value);
	char	   *end;

	if (text != NULL)
	{
		*seconds = strtod(text, &end);
		if (end == text || *end != '\0')
			return false;
	}
	else if (value_type(value) == VALUE_INTEGER || value_type(value) == VALUE_REAL)
		*seconds = value_number(value);
	else
		return false;
	return isfinite(*seconds) && *seconds >= 0 && *seconds < 1e11;
}

/* Read a whole number that is not negative; false if it is none. */
static bool
read_integer(const Value *value, int *number)
{
	double		given;

	if (!read_seconds(value, &given) || given != floor(given) || given > INT_MAX)
		return false;
	*number = given;
	return true;
}

/* Read seconds since 1970 as a time; false if they are not such, or of another age. */
bool
value_time(const Value *value, TimestampTz *time)
{
	double		seconds;

	if (!read_seconds(value, &seconds))
		return false;
	*time = time_t_to_timestamptz((pg_time_t) seconds) +
		(TimestampTz) rint((seconds - floor(seconds)) * USECS_PER_SEC);
	return true;
}

/* Tell whether a value is an array of texts. */
static bool
are_texts(const Value *value)
{
	for (size_t i = 0; i < value_count(value); i++)
		if (value_text(value_element(value, i)) == NULL)
			return false;
	return value_type(value) == VALUE_ARRAY;
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
	double		seconds;
	int			number;

	switch (type)
	{
		case FIELD_TEXT:
			return given == VALUE_TEXT || given == VALUE_INTEGER ? NULL : "must be text";
		case FIELD_SECRET:
			return given == VALUE_TEXT ? NULL : "must be text";
		case FIELD_TIME:
			return is_blank(value) || read_seconds(value, &seconds) ? NULL : "must be seconds since 1970";
		case FIELD_NUMBER:
			return is_blank(value) || read_seconds(value, &seconds) ? NULL : "must be a number of seconds";
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
	int			count = is_one ? 1 : value_count(value);
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
	bool		is_number = read_seconds(value_member(call->given, name), &number);

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
	fault_add(&call->faults, name, psprintf("%s is not known.", field_label(name)));
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

/* Read from where a person came, out of the resource or out of the hash beside it. */
void
read_source(CoreCall *call)
{
	const Value *request = value_member(call->body, "request");
	const char *ip = given_text(call, "ip");
	const char *client = given_text(call, "client");

	if (ip == NULL)
		ip = value_text(value_member(request, "ip"));
	if (client == NULL)
		client = value_text(value_member(request, "client"));
	if (ip != NULL && *ip != '\0')
		call->ip = read_address(call, ip);
	call->client = client;
}

/* Tell whether a comma-separated list has a word. */
static bool
has_word(const char *list, const char *word)
{
	size_t		length = strlen(word);

	for (; list != NULL; list = strchr(list, ',') ? strchr(list, ',') + 1 : NULL)
		if (strncmp(list, word, length) == 0 && (list[length] == ',' || list[length] == '\0'))
			return true;
	return false;
}

/* Tell whether the query, or the body, asks for a part of the answer that is otherwise left out. */
bool
expands(const CoreCall *call, const char *name)
{
	const Value *expand = value_member(call->query, "expand");

	if (expand == NULL)
		expand = value_member(call->body, "expand");
	for (size_t i = 0; i < value_count(expand); i++)
		if (has_word(value_text(value_element(expand, i)), name))
			return true;
	return has_word(value_text(expand), name);
}
