/*
 * Emails and usernames: what is well-formed, and which are the same. Pure C.
 */
#ifndef ARSIGNUP_IDENTITY_H
#define ARSIGNUP_IDENTITY_H

#include <stdbool.h>

#include "base/text.h"

#define EMAIL_MAX 254			/* octets; RFC 5321, section 4.5.3.1.3 less the brackets */
#define EMAIL_LOCAL_PART_MAX 64
#define USERNAME_MAX 63

extern bool email_is_valid(Span lower);
extern bool username_is_valid(Span lower);
extern bool username_is_id(Span lower);

#endif							/* ARSIGNUP_IDENTITY_H */
