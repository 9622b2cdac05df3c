/*
 * The drop guard.
 */
#ifndef ARSIGNUP_GUARD_H
#define ARSIGNUP_GUARD_H

extern void guard_install_hooks(void);

#endif							/* ARSIGNUP_GUARD_H */
