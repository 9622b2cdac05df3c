/*
 * Doing something all or nothing.
 */
#ifndef ARSIGNUP_SUBTRANSACTION_H
#define ARSIGNUP_SUBTRANSACTION_H

#include "arsignup.h"

extern ErrorData *subtransaction_run(void (*action) (void *argument), void *argument);
extern bool error_is_of_the_moment(const ErrorData *error);

#endif							/* ARSIGNUP_SUBTRANSACTION_H */
