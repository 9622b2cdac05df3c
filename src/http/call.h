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

	/* Which rule of a table was broken, as far as the error says; else null. */
	char	   *table;			/* of ours */
	char	   *column;
	char	   *constraint;
} Outcome;

typedef struct CallFault
{
	char	   *attribute;
	char	   *sentence;
	char	   *code;			/* "invalid" if none was said */
} CallFault;

/* What becomes of an error. */
typedef enum Verdict
{
	VERDICT_RAISE,				/* it is raised again */
	VERDICT_ANSWER,				/* it is an answer */
	VERDICT_LOG					/* it is an answer, and the log tells more */
} Verdict;

extern void call_try(void (*action) (void *), void *argument, Verdict (*judge) (int sqlstate), Outcome *outcome);
extern bool is_passing(int sqlstate);
extern bool is_under_way(int sqlstate);
extern bool is_rule(int sqlstate);

#endif							/* ARSIGNUP_CALL_H */
