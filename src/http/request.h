/*
 * What was asked for. Pure C: no postgres.h.
 */
#ifndef ARSIGNUP_REQUEST_H
#define ARSIGNUP_REQUEST_H

#include <stdbool.h>

#include "base/text.h"

/* Headers that were not sent have no data. */
typedef struct Request
{
	Span		method;
	Span		uri;
	Span		host;			/* lower case, without port */
	Span		authority;		/* host and port, as the browser sent them */
	Span		content_type;
	Span		fetch_site;
	Span		origin;
	Span		referer;
	Span		client;
	Span		accept;
	Span		authorization;
	Span		api_key;
	Span		realm;
	Span		idempotency_key;
	Span		busy;			/* nginx asks again, for the form that goes with a 503 of its own */
	Span		proxy;			/* the secret of whoever says where the request came from */
	Span		address;
} Request;

extern void request_read(Request *request, const char *headers, bool is_direct, void *(*allocate) (size_t size));
extern Span request_cookie(const char *cookies, const char *name, void *(*allocate) (size_t size));
extern void request_split_uri(Span uri, Span *path, Span *query);
extern bool request_has_own_origin(const Request *request);
extern bool request_is_own(const Request *request);
extern bool request_has_form(const Request *request);
extern bool request_has_json(const Request *request);

#endif							/* ARSIGNUP_REQUEST_H */
