/*
 * URLs that an administrator registers. Pure C.
 */
#ifndef ARSIGNUP_URL_H
#define ARSIGNUP_URL_H

#include <stdbool.h>

#include "base/text.h"

#define URL_MAX 2048

extern bool url_is_valid(Span url);
extern bool origin_is_valid(Span origin);

#endif							/* ARSIGNUP_URL_H */
