/*
 * One request and its answer.
 */
#ifndef ARSIGNUP_EXCHANGE_H
#define ARSIGNUP_EXCHANGE_H

#include "arsignup.h"
#include "base/secret.h"
#include "base/statement.h"
#include "http/call.h"
#include "http/request.h"
#include "http/response.h"
#include "realm/hosted.h"
#include "utils/inet.h"
#include "web/page.h"
#include "web/route.h"

/* After how many seconds who met a full gate or a lock may try again. */
#define RETRY_SECONDS 5

#define CLOSED_SENTENCE "This has been switched off by those who run the application."
#define BUSY_SENTENCE "We are too busy. Nothing has been done yet: please send this again in a few seconds."
#define REFUSED_SENTENCE "The application does not take this."

struct Exchange
{
	SecretScope *scope;
	Request		request;
	Span		path;			/* behind the slug, if that says which app */
	Span		query;
	Span		body;
	inet	   *address;		/* null if nobody we trust has told it */
	bool		is_direct;		/* PostgREST alone: its functions are the pages */
	bool		has_app;
	HostedApp	app;
	PageKind	kind;
	WebPage		page;
	Response	response;
};

/* Reading. */
extern void exchange_read(Exchange *exchange);
extern Span exchange_cookie(const Exchange *exchange);
extern bool exchange_find_form_key(Span *key);
extern Span exchange_form_key(Exchange *exchange);

/* What was typed. */
extern const char *typed(const Exchange *exchange, const char *name);
extern void add_typed_secret(Parameters *parameters, const Exchange *exchange, const char *name);
extern void add_source(Parameters *parameters, const Exchange *exchange);
extern void require(Exchange *exchange, const char *name);

/* Where things are. */
extern const char *exchange_path(const Exchange *exchange, PageKind kind);
extern const char *exchange_url(const Exchange *exchange, PageKind kind);
extern const char *exchange_login_url(const Exchange *exchange, const char *login);
extern const char *exchange_target(const Exchange *exchange, const char *url, const char *token, bool is_signup);
extern const char *exchange_permitted(const Exchange *exchange);

/* Answering. */
extern void answer_page(Exchange *exchange, int status);
extern void answer_message(Exchange *exchange, int status, const char *heading, const char *text);
extern void answer_busy(Exchange *exchange, int status);
extern void answer_form(Exchange *exchange, int status);
extern void answer_redirect(Exchange *exchange, const char *url);
extern void answer_outcome(Exchange *exchange, const Outcome *outcome);
extern void answer_throttled(Exchange *exchange, int seconds);
extern const char *throttled_sentence(int seconds);
extern void exchange_set_cookie(Exchange *exchange, const char *secret);

#endif							/* ARSIGNUP_EXCHANGE_H */
