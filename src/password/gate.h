/*
 * The hash gate: how many passwords are hashed at a time.
 */
#ifndef ARSIGNUP_GATE_H
#define ARSIGNUP_GATE_H

#include "arsignup.h"

extern void gate_enter(void);
extern bool gate_enter_if_open(void);
extern void gate_leave(void);
extern uint64 gate_passes(void);
extern void gate_look(int *running, int *waiting);

#endif							/* ARSIGNUP_GATE_H */
