/*
 * The hosted pages' handlers.
 */
#ifndef ARSIGNUP_PAGES_H
#define ARSIGNUP_PAGES_H

#include "web/exchange.h"

extern void show_signup(Exchange *exchange);
extern void post_signup(Exchange *exchange);
extern void show_login(Exchange *exchange);
extern void post_login(Exchange *exchange);
extern void show_logout(Exchange *exchange);
extern void post_logout(Exchange *exchange);
extern void show_forgot(Exchange *exchange);
extern void post_forgot(Exchange *exchange);
extern void show_reset(Exchange *exchange);
extern void post_reset(Exchange *exchange);
extern void show_verify(Exchange *exchange);
extern void post_verify(Exchange *exchange);
extern void show_keys(Exchange *exchange);

#endif							/* ARSIGNUP_PAGES_H */
