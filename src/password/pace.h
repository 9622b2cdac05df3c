/*
 * How fast argon2id runs here, by which cheaper hashes are made to cost as much.
 */
#ifndef ARSIGNUP_PACE_H
#define ARSIGNUP_PACE_H

#include "arsignup.h"
#include "password/phc.h"

extern uint64 pace_clock(void);
extern void pace_note(uint64 spent);
extern uint32 pace_remainder(uint64 spent);

#endif							/* ARSIGNUP_PACE_H */
