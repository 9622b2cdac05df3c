/*
 * Reading what was sent into values that live in a scope of secrets.
 */
#ifndef ARSIGNUP_BODY_H
#define ARSIGNUP_BODY_H

#include "arsignup.h"
#include "base/secret.h"
#include "http/params.h"

typedef enum BodySyntax
{
	BODY_JSON,
	BODY_LOOSE_JSON,			/* of which only some members matter */
	BODY_FORM
} BodySyntax;

extern Value *body_read(SecretScope *scope, Span text, BodySyntax syntax);

#endif							/* ARSIGNUP_BODY_H */
