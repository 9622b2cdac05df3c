/*
 * The hash gate: how many passwords are hashed at a time.
 */
#ifndef ARSIGNUP_GATE_H
#define ARSIGNUP_GATE_H

extern void gate_enter(void);
extern void gate_leave(void);

#endif							/* ARSIGNUP_GATE_H */
