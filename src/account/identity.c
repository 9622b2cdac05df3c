/*
 * Emails and usernames: what is well-formed, and which are the same.
 *
 * Everything here looks at ASCII only. Case rules beyond ASCII merge what
 * different people own: the Kelvin sign with k, the dotless with the dotted i.
 */
#include "account/identity.h"

#include <string.h>

#include "base/encode.h"
#include "realm/url.h"

/* Tell the local part of an address: atoms with single dots between them (RFC 5321, Dot-string). */
static bool
is_dot_string(Span local)
{
	if (local.size < 1 || local.size > EMAIL_LOCAL_PART_MAX)
		return false;
	for (size_t i = 0; i < local.size; i++)
	{
		char		c = local.data[i];

		if (c == '.' && (i == 0 || i == local.size - 1 || local.data[i - 1] == '.'))
			return false;
		if (!is_alphanumeric(c) && (c == '\0' || strchr(".!#$%&'*+/=?^_`{|}~-", c) == NULL))
			return false;
	}
	return true;
}

/* Return what stands behind the first occurrence of a string; without data if there is none. */
static Span
span_behind(Span text, const char *string)
{
	for (; text.size > 0; text.data++, text.size--)
	{
		Span		rest = text;

		if (span_take(&rest, string))
			return rest;
	}
	return (Span) {NULL, 0};
}

/*
 * Tell whether a mail program would take a part of this, in lower case, for
 * an encoded word (RFC 2047, section 5) and read another address in it. In
 * what stands between the marks, some are stricter than others.
 */
static bool
has_encoded_word(Span local)
{
	Span		charset = span_behind(local, "=?");

	return span_behind(span_behind(charset, "?b?"), "?=").data != NULL ||
		span_behind(span_behind(charset, "?q?"), "?=").data != NULL;
}

/* Tell a lower-case email address: no quotes, comments, encoded words, address literals or characters beyond ASCII. */
bool
email_is_valid(Span email)
{
	const char *at = email.size > 0 ? memchr(email.data, '@', email.size) : NULL;
	Span		local = {email.data, at ? at - email.data : 0};

	if (at == NULL || email.size > EMAIL_MAX)
		return false;
	return is_dot_string(local) && !has_encoded_word(local) &&
		is_host_name((Span) {at + 1, email.data + email.size - (at + 1)});
}

/* Tell a lower-case username; without @, so that it can never be somebody's address. */
bool
username_is_valid(Span username)
{
	if (username.size < 1 || username.size > USERNAME_MAX || !is_alphanumeric(username.data[0]))
		return false;
	for (size_t i = 0; i < username.size; i++)
		if (!is_alphanumeric(username.data[i]) && (username.data[i] == '\0' ||
												   strchr("._-", username.data[i]) == NULL))
			return false;
	return true;
}

/* Tell the form of an id as it is shown outside of SQL, in any case: names are compared without, ids with. */
static bool
is_public_id(Span lower)
{
	Span		prefix = span_before(lower, "_");

	if (lower.size != prefix.size + 1 + BASE62_UUID_LENGTH || !is_id_prefix(prefix.data, prefix.size))
		return false;
	for (size_t i = prefix.size + 1; i < lower.size; i++)
		if (!is_alphanumeric(lower.data[i]))
			return false;
	return true;
}

/* Tell a UUID as the server reads it: 32 hexadecimal digits, with or without a hyphen after any four of them. */
static bool
is_uuid(Span lower)
{
	int			digits = 0;

	for (size_t i = 0; i < lower.size; i++)
	{
		char		c = lower.data[i];

		if ((c >= '0' && c <= '9') || (c >= 'a' && c <= 'f'))
			digits++;
		else if (c != '-' || digits % 4 != 0 || digits == 0 || digits >= UUID_SIZE * 2 || lower.data[i - 1] == '-')
			return false;
	}
	return digits == UUID_SIZE * 2;
}

/* Tell whether a lower-case name has the form of an id, which nobody may take where an id may be given. */
bool
username_is_id(Span lower)
{
	return is_public_id(lower) || is_uuid(lower);
}
