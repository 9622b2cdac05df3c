/*
 * What may run as our roles, and who may change what is ours.
 */
#ifndef ARSIGNUP_FENCE_H
#define ARSIGNUP_FENCE_H

#include "arsignup.h"

extern bool role_is_ours(Oid role);
extern void fence_install_hooks(void);
extern void structure_permit(bool permitted);
extern void structure_install_hook(void);

#endif							/* ARSIGNUP_FENCE_H */
