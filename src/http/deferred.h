/*
 * Checking early what the application has put on our tables to be checked at COMMIT.
 */
#ifndef ARSIGNUP_DEFERRED_H
#define ARSIGNUP_DEFERRED_H

#include "arsignup.h"

extern void check_deferred(void);

#endif							/* ARSIGNUP_DEFERRED_H */
