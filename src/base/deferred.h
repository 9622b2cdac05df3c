/*
 * Checking early what the application has put on our tables to be checked at COMMIT.
 */
#ifndef ARSIGNUP_DEFERRED_H
#define ARSIGNUP_DEFERRED_H

#include "base/caller.h"

extern void check_deferred(const Caller *caller);

#endif							/* ARSIGNUP_DEFERRED_H */
