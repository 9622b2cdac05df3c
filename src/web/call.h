/*
 * Calling the functions of schema arsignup, and catching what they refuse.
 */
#ifndef ARSIGNUP_CALL_H
#define ARSIGNUP_CALL_H

#include "arsignup.h"
#include "base/statement.h"
#include "nodes/pg_list.h"

/* How a call has ended. */
typedef struct Outcome
{
	int			sqlstate;		/* 0: well, and its row is the one that column() reads */
	List	   *faults;			/* of CallFault */
	int			retry_after;	/* seconds; 0: none was said */
	char	   *message;
} Outcome;

typedef struct CallFault
{
	char	   *attribute;
	char	   *sentence;
} CallFault;

extern bool is_answer_to_programs(int sqlstate);
extern void web_try(void (*action) (void *), void *argument, bool (*is_answer) (int sqlstate),
					Outcome *outcome);
extern void web_call(Statement *statement, Parameters *parameters, Outcome *outcome);
extern void web_call_for_program(Statement *statement, Parameters *parameters, Outcome *outcome);

#endif							/* ARSIGNUP_CALL_H */
