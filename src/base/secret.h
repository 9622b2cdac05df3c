/*
 * Secrets: how they come in, where they may lie, and that they are wiped.
 */
#ifndef ARSIGNUP_SECRET_H
#define ARSIGNUP_SECRET_H

#include "arsignup.h"
#include "base/text.h"
#include "fmgr.h"

typedef struct SecretStore SecretStore;

/*
 * The time in which a function handles secrets. While it is open, an error
 * from anywhere below logs neither its statement nor its context; when it is
 * closed, or when an error closes it, every buffer taken from it is wiped.
 */
typedef struct SecretScope
{
	ErrorContextCallback hide;
	SecretStore *store;
} SecretScope;

extern void secret_scope_open(SecretScope *scope);
extern void secret_scope_close(SecretScope *scope);
extern void *secret_alloc(SecretScope *scope, size_t size);
extern Oid	secret_type(void);
extern Span secret_argument(SecretScope *scope, FunctionCallInfo fcinfo, int argument);
extern Span secret_to_nfc(SecretScope *scope, Span text);
extern Span text_to_nfc(Span text);
extern Span secret_to_nfkc(SecretScope *scope, Span text);

#endif							/* ARSIGNUP_SECRET_H */
