/*
 * For whom our functions work: what a delete sets off in tables of the
 * application is the caller's doing, never ours.
 */
#ifndef ARSIGNUP_CALLER_H
#define ARSIGNUP_CALLER_H

#include "arsignup.h"
#include "base/statement.h"

#define OWNER_ROLE "arsignup_owner"
#define DIRECTORY_ROLE "arsignup_directory"

/* A role with what bounds it, as the server keeps them. */
typedef struct Identity
{
	Oid			role;
	int			context;
} Identity;

/* Who has called, and how the way back is found. */
typedef struct Caller
{
	Identity	identity;
	const char *search_path;
	Identity	previous;
	int			nest_level;
} Caller;

extern void check_trigger_call(FunctionCallInfo fcinfo);
extern void caller_enter(Caller *caller);
extern void caller_leave(const Caller *caller);
extern void caller_serve(void (*action) (void *argument), void *argument);
extern void caller_act(const Caller *caller, void (*action) (void *argument), void *argument);
extern const Caller *caller_served(void);
extern void role_act(Oid role, void (*action) (void *argument), void *argument);
extern uint64 caller_delete(const Caller *caller, Statement *statement, Parameters *parameters);

#endif							/* ARSIGNUP_CALLER_H */
