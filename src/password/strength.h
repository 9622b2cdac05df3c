/*
 * How hard a password is to guess.
 */
#ifndef ARSIGNUP_STRENGTH_H
#define ARSIGNUP_STRENGTH_H

#include "arsignup.h"
#include "base/secret.h"
#include "nodes/pg_list.h"

typedef struct Strength
{
	int			score;			/* 0 to 4 */
	double		crack_seconds;
	const char *reason;			/* what makes it easy, or NULL */
} Strength;

extern List *related_add(List *words, const char *text);
extern Strength strength_measure(SecretScope *scope, Span password, List *related);

#endif							/* ARSIGNUP_STRENGTH_H */
