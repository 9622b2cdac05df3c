/*
 * Times as programs write them. Pure C: no postgres.h.
 */
#ifndef ARSIGNUP_INSTANT_H
#define ARSIGNUP_INSTANT_H

#include "base/text.h"

#define INSTANT_END INT64_C(253402300800)	/* seconds from 1970 to the year 10000 */

extern bool seconds_read(Span text, int64_t *microseconds);
extern bool instant_read(Span text, int64_t *microseconds);

#endif							/* ARSIGNUP_INSTANT_H */
