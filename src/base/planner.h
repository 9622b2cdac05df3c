/*
 * What the planner is told of our tables while they are young.
 */
#ifndef ARSIGNUP_PLANNER_H
#define ARSIGNUP_PLANNER_H

#include "arsignup.h"

extern void planner_install_hooks(void);

#endif							/* ARSIGNUP_PLANNER_H */
