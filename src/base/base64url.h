/*
 * Reading base64url. Pure C.
 */
#ifndef ARSIGNUP_BASE64URL_H
#define ARSIGNUP_BASE64URL_H

#include "base/text.h"

extern bool base64url_decode(Span text, void *out, size_t capacity, size_t *size);

#endif							/* ARSIGNUP_BASE64URL_H */
