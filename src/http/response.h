/*
 * What is answered: status, headers, body.
 */
#ifndef ARSIGNUP_RESPONSE_H
#define ARSIGNUP_RESPONSE_H

#include "arsignup.h"
#include "lib/stringinfo.h"
#include "http/html.h"

typedef struct Response
{
	int			status;
	bool		is_refusal;		/* nothing was done, whatever the status says */
	const char *token;			/* for a login or a signup, that it hands out; it is no answer once this is void; may be null */
	const char *browser_secret; /* likewise */
	StringInfoData headers;		/* as JSON, without the closing bracket */
	Html		body;
} Response;

extern void response_begin(Response *response);
extern void response_header(Response *response, const char *name, const char *value);
extern bytea *response_send(Response *response);

#endif							/* ARSIGNUP_RESPONSE_H */
