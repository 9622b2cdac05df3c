/*
 * Hosts and URLs that an administrator registers. Pure C.
 */
#ifndef ARSIGNUP_URL_H
#define ARSIGNUP_URL_H

#include <stdbool.h>

#include "base/text.h"

#define HOST_MAX 253
#define URL_MAX 2048

extern bool is_host_name(Span host);
extern bool url_is_valid(Span url);
extern bool origin_is_valid(Span origin);
extern size_t url_add_parameter(Span url, const char *parameter, char *out, size_t capacity);

#endif							/* ARSIGNUP_URL_H */
