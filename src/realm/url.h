/*
 * Hosts and URLs that an administrator registers, and redirects that are held
 * against them. Pure C.
 */
#ifndef ARSIGNUP_URL_H
#define ARSIGNUP_URL_H

#include <stdbool.h>

#include "base/text.h"

#define HOST_MAX 253
#define URL_MAX 2048
#define REDIR_MAX 2048

extern bool is_host_name(Span host);
extern bool url_is_valid(Span url);
extern bool origin_is_valid(Span origin);
extern Span url_origin(Span url);
extern bool url_is_of_origin(Span url, Span origin);
extern bool url_is_below(Span url, Span permitted);
extern bool redir_accept(Span given, Span *path);
extern size_t url_encode(Span text, char *out);
extern size_t url_add_parameter(Span url, const char *parameter, char *out, size_t capacity);

#endif							/* ARSIGNUP_URL_H */
