/*
 * Whether this server has standbys.
 */
#ifndef ARSIGNUP_STANDBY_H
#define ARSIGNUP_STANDBY_H

#include "arsignup.h"

extern bool standby_is_attached(void);

#endif							/* ARSIGNUP_STANDBY_H */
