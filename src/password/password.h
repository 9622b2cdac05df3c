/*
 * Passwords: what is accepted, hashing, verifying.
 */
#ifndef ARSIGNUP_PASSWORD_H
#define ARSIGNUP_PASSWORD_H

#include "arsignup.h"
#include "base/fault.h"
#include "base/secret.h"

#define PASSWORD_MAX_SIZE 1024	/* bytes, in normal form C */

extern Span password_accept(SecretScope *scope, Span password, int min_length, Faults *faults);
extern char *password_hash(Span accepted);
extern char *password_hash_accept(Span hash, Faults *faults);

#endif							/* ARSIGNUP_PASSWORD_H */
