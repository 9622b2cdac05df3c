/*
 * The keeper of the ledger of attempts.
 */
#ifndef ARSIGNUP_KEEPER_H
#define ARSIGNUP_KEEPER_H

#include "attempt/ledger.h"

extern void attempts_load(Ledger *ledger);
extern void keeper_register(void);

#endif							/* ARSIGNUP_KEEPER_H */
