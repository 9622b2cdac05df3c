/*
 * The JSON of login tokens: header and claims.
 *
 * What we have written is written plainly, but for a name with a quotation
 * mark or an attribute with a fraction, and read without building a tree
 * (plain.c). Everything else, and all that is refused, is up to jansson.
 */
#include "login/jwt_json.h"

#include <jansson.h>
#include <stdlib.h>
#include <string.h>

#include "login/plain.h"

/* Longest whole number that certainly is one of 64 bits, as characters. */
#define INTEGER_MAX_SIZE 18

/* A name as a span. */
#define NAME(literal) ((Span) {(literal), sizeof(literal) - 1})

/* ---------- by jansson ---------- */

/* Parse JSON text without duplicate members; NULL if it is not. jansson overlooks a NUL behind a number. */
static json_t *
parse_json(Span text)
{
	if (text.size == 0 || memchr(text.data, '\0', text.size) != NULL)
		return NULL;
	return json_loadb(text.data, text.size, JSON_REJECT_DUPLICATES, NULL);
}

/* Return a member that is a string; one without data if there is none. */
static Span
string_member(const json_t *object, const char *name)
{
	const json_t *value = json_object_get(object, name);

	return json_is_string(value) ? (Span) {json_string_value(value), json_string_length(value)} : (Span) {NULL, 0};
}

/* Return a member that is a whole number; -1 if there is none that is not negative. */
static int64_t
integer_member(const json_t *object, const char *name)
{
	const json_t *value = json_object_get(object, name);

	return json_is_integer(value) && json_integer_value(value) >= 0 ? json_integer_value(value) : -1;
}

/* ---------- what all readers take ---------- */

/* Tell a character of numbers. */
static bool
is_numeric(char c)
{
	return (c >= '0' && c <= '9') || c == '-' || c == '+' || c == '.' || c == 'e' || c == 'E';
}

/* Take a string, a number or any other character off the front of JSON text, which need not be well-formed. */
static Span
take_token(Span *rest)
{
	const char *end = rest->data + rest->size;
	const char *at = rest->data + 1;
	Span		token;

	if (*rest->data == '"')
	{
		while (at < end && *at != '"')
			at += *at == '\\' && at + 1 < end ? 2 : 1;
		at += at < end;
	}
	else if (is_numeric(*rest->data))
		while (at < end && is_numeric(*at))
			at++;
	token = (Span) {rest->data, at - rest->data};
	*rest = (Span) {at, end - at};
	return token;
}

/* Count the digits of a token; those of a string do not count. */
static size_t
count_digits(Span token)
{
	size_t		digits = 0;

	for (size_t i = 0; *token.data != '"' && i < token.size; i++)
		digits += token.data[i] >= '0' && token.data[i] <= '9';
	return digits;
}

/* Tell whether all readers take what JSON text has at this depth. */
static bool
is_portable(Span json, int depth)
{
	while (json.size > 0)
	{
		Span		token = take_token(&json);

		if (*token.data == '{' || *token.data == '[')
			depth++;
		else if (*token.data == '}' || *token.data == ']')
			depth--;
		if (depth > JWT_MAX_DEPTH || count_digits(token) > JWT_MAX_DIGITS)
			return false;
	}
	return true;
}

/* Tell a number that is written as a whole one, and may have more than 64 bits. */
static bool
is_long_integer(Span token)
{
	return token.size > INTEGER_MAX_SIZE && *token.data != '"' && is_numeric(*token.data) &&
		memchr(token.data, '.', token.size) == NULL && memchr(token.data, 'e', token.size) == NULL &&
		memchr(token.data, 'E', token.size) == NULL;
}

/*
 * Parse claims as parse_json does, but for whole numbers beyond 64 bits, at
 * which jansson stops: they become numbers with an exponent, which are not
 * whole ones to it.
 */
static json_t *
parse_claims(Span text)
{
	char	   *copy = malloc(text.size + 2 * (text.size / INTEGER_MAX_SIZE) + 1);
	char	   *end = copy;
	json_t	   *claims;

	if (copy == NULL)
		return NULL;
	while (text.size > 0)
	{
		Span		token = take_token(&text);

		memcpy(end, token.data, token.size);
		end += token.size;
		if (is_long_integer(token))
		{
			memcpy(end, "e0", 2);
			end += 2;
		}
	}
	claims = parse_json((Span) {copy, end - copy});
	free(copy);
	return claims;
}

/* ---------- the header ---------- */

/* Find an algorithm by its exact name. */
static bool
find_alg(Span name, JwtAlg *alg)
{
	for (int i = 0; i < 3; i++)
		if (span_is(name, jwt_alg_name(i)))
		{
			*alg = i;
			return true;
		}
	return false;
}

/* Copy a text, terminated, if it is there and fits. */
static bool
copy(Span text, char *out, size_t capacity)
{
	if (text.data == NULL || text.size >= capacity)
		return false;
	memcpy(out, text.data, text.size);
	out[text.size] = '\0';
	return true;
}

/* Take what a header has beside its type. */
static bool
take_header(Span typ, Span alg, Span kid, Jwt *jwt)
{
	return span_is(typ, "JWT") && find_alg(alg, &jwt->alg) && copy(kid, jwt->kid, sizeof(jwt->kid));
}

/* Read a header that is written plainly. */
bool
jwt_read_header_plainly(Span json, Jwt *jwt)
{
	PlainObject object;

	return plain_object_read(json, &object) && object.count == 3 &&
		take_header(plain_string(&object, NAME("typ")), plain_string(&object, NAME("alg")),
					plain_string(&object, NAME("kid")), jwt);
}

/* Read any header that has exactly alg, typ and kid. */
bool
jwt_read_header_by_jansson(Span json, Jwt *jwt)
{
	json_t	   *object = parse_json(json);
	bool		is_read = json_is_object(object) && json_object_size(object) == 3 &&
		take_header(string_member(object, "typ"), string_member(object, "alg"), string_member(object, "kid"), jwt);

	json_decref(object);
	return is_read;
}

/* Read a header that has exactly alg, typ and kid. */
bool
jwt_read_header(Span json, Jwt *jwt)
{
	return jwt_read_header_plainly(json, jwt) || jwt_read_header_by_jansson(json, jwt);
}

/* ---------- the claims ---------- */

/* The claims that decide, as they were found: without data or negative where there is none of its type. */
typedef struct Found
{
	Span		aud;
	Span		uid;
	Span		sub;
	Span		tk;
	Span		sid;
	int64_t		gen;
	int64_t		iat;
	int64_t		exp;
} Found;

/* Tell whether a text is there, and the same as another. */
static bool
repeats(Span text, Span other)
{
	return text.data != NULL && text.size == other.size && memcmp(text.data, other.data, text.size) == 0;
}

/* Take the claims that decide, if all are there; sub and sid must repeat uid and tk. */
static bool
take_claims(const Found *found, JwtClaims *claims)
{
	claims->gen = found->gen;
	claims->iat = found->iat;
	claims->exp = found->exp;
	return copy(found->aud, claims->aud, sizeof(claims->aud)) &&
		copy(found->uid, claims->uid, sizeof(claims->uid)) &&
		copy(found->tk, claims->tk, sizeof(claims->tk)) &&
		repeats(found->sub, found->uid) && repeats(found->sid, found->tk) &&
		found->gen >= 0 && found->iat >= 0 && found->exp >= 0;
}

/* Read claims that are written plainly. */
bool
jwt_read_claims_plainly(Span json, JwtClaims *claims)
{
	PlainObject *object = &claims->all;

	return plain_object_read(json, object) && take_claims(&(Found) {
		.aud = plain_string(object, NAME("aud")),
		.uid = plain_string(object, NAME("uid")),
		.sub = plain_string(object, NAME("sub")),
		.tk = plain_string(object, NAME("tk")),
		.sid = plain_string(object, NAME("sid")),
		.gen = plain_integer(object, NAME("gen")),
		.iat = plain_integer(object, NAME("iat")),
		.exp = plain_integer(object, NAME("exp"))
	}, claims);
}

/* Read any claims. */
bool
jwt_read_claims_by_jansson(Span json, JwtClaims *claims)
{
	json_t	   *object = is_portable(json, 0) ? parse_claims(json) : NULL;
	bool		is_read = json_is_object(object) && take_claims(&(Found) {
		.aud = string_member(object, "aud"),
		.uid = string_member(object, "uid"),
		.sub = string_member(object, "sub"),
		.tk = string_member(object, "tk"),
		.sid = string_member(object, "sid"),
		.gen = integer_member(object, "gen"),
		.iat = integer_member(object, "iat"),
		.exp = integer_member(object, "exp")
	}, claims);

	claims->all.count = 0;
	json_decref(object);
	return is_read;
}

/* Read the claims that decide. */
bool
jwt_read_claims(Span json, JwtClaims *claims)
{
	return jwt_read_claims_plainly(json, claims) || jwt_read_claims_by_jansson(json, claims);
}

/* Tell whether claims may have these members, written as JSON: ,"name":value... */
bool
jwt_can_carry(Span member)
{
	return is_portable(member, 1);
}
