/*
 * The command that prints the master keys.
 */
#ifndef ARSIGNUP_KEY_COMMAND_H
#define ARSIGNUP_KEY_COMMAND_H

#include "arsignup.h"

extern const char *key_command_run(const char *command, uint8_t *out, size_t capacity, size_t *size);

#endif							/* ARSIGNUP_KEY_COMMAND_H */
