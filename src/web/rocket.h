/*
 * The LoginRocket API: JSON for pages of other origins and for mobile apps.
 */
#ifndef ARSIGNUP_ROCKET_H
#define ARSIGNUP_ROCKET_H

#include "web/exchange.h"

/* Refusing what is none of its calls; true if there is nothing wrong so far. */
extern bool rocket_accept_origin(Exchange *exchange);
extern bool rocket_accept_body(Exchange *exchange);
extern bool rocket_accept_arguments(Exchange *exchange);

/* Handlers. */
extern void rocket_preflight(Exchange *exchange);
extern void rocket_signup(Exchange *exchange);
extern void rocket_login(Exchange *exchange);
extern void rocket_logout(Exchange *exchange);

extern void rocket_retry(Exchange *exchange, int status, int seconds, const char *sentence);
extern void rocket_refuse(Exchange *exchange, const Outcome *outcome);
extern void rocket_error(Exchange *exchange, int status, const char *sentence);

#endif							/* ARSIGNUP_ROCKET_H */
