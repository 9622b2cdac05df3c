/*
 * Emails and usernames: what is well-formed, and which are the same.
 *
 * Everything here looks at ASCII only. Case rules beyond ASCII merge what
 * different people own: the Kelvin sign with k, the dotless with the dotted i.
 */
#include "account/identity.h"

#include <string.h>

/* Tell a lower-case letter or a digit. */
static bool
is_alphanumeric(char c)
{
	return (c >= 'a' && c <= 'z') || (c >= '0' && c <= '9');
}

/* Copy text, its ASCII capitals turned small; terminate the copy. */
void
ascii_lower(char *out, Span text)
{
	for (size_t i = 0; i < text.size; i++)
	{
		char		c = text.data[i];

		out[i] = c >= 'A' && c <= 'Z' ? c - 'A' + 'a' : c;
	}
	out[text.size] = '\0';
}

/* Tell a label of a host name: 1 to 63 letters, digits and inner hyphens. */
static bool
is_label(Span label)
{
	if (label.size < 1 || label.size > 63)
		return false;
	for (size_t i = 0; i < label.size; i++)
		if (!is_alphanumeric(label.data[i]) && label.data[i] != '-')
			return false;
	return label.data[0] != '-' && label.data[label.size - 1] != '-';
}

/* Tell whether a label could be taken for a part of an IP address. */
static bool
is_numeric(Span label)
{
	for (size_t i = 0; i < label.size; i++)
		if (label.data[i] < '0' || label.data[i] > '9')
			return label.size > 2 && label.data[0] == '0' && label.data[1] == 'x';
	return true;
}

/* Tell a lower-case host name (RFC 1123, section 2.1); an IP address is none. */
bool
is_host_name(Span host)
{
	Span		label = {host.data, 0};

	if (host.size > HOST_MAX)
		return false;
	for (size_t i = 0; i < host.size; i++)
	{
		if (host.data[i] != '.')
		{
			label.size++;
			continue;
		}
		if (!is_label(label))
			return false;
		label = (Span) {host.data + i + 1, 0};
	}
	return is_label(label) && !is_numeric(label);
}

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

/* Tell a lower-case email address: no quotes, comments, address literals or characters beyond ASCII. */
bool
email_is_valid(Span email)
{
	const char *at = email.size > 0 ? memchr(email.data, '@', email.size) : NULL;

	if (at == NULL || email.size > EMAIL_MAX)
		return false;
	return is_dot_string((Span) {email.data, at - email.data}) &&
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
