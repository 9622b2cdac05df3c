/*
 * What is sent again, by a form or to the LoginRocket API.
 */
#ifndef ARSIGNUP_RESENT_H
#define ARSIGNUP_RESENT_H

#include "web/exchange.h"

extern void answer_once(Exchange *exchange, void (*answer) (Exchange *exchange));

#endif							/* ARSIGNUP_RESENT_H */
