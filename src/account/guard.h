/*
 * The drop guard.
 */
#ifndef ARSIGNUP_GUARD_H
#define ARSIGNUP_GUARD_H

extern void guard_install_hook(void);

#endif							/* ARSIGNUP_GUARD_H */
