/*
 * What of the machine the server may use: all of it, or what a container is given.
 */
#ifndef ARSIGNUP_MACHINE_H
#define ARSIGNUP_MACHINE_H

#include <stdint.h>

/* The root is the directory in which /proc and /sys are found: "" but in tests. */
extern int	machine_cores(const char *root);
extern uint64_t machine_memory(const char *root);

#endif							/* ARSIGNUP_MACHINE_H */
