/*
 * What is wrong with an input: everything at once, by attribute.
 */
#ifndef ARSIGNUP_FAULT_H
#define ARSIGNUP_FAULT_H

#include "arsignup.h"
#include "datatype/timestamp.h"
#include "nodes/pg_list.h"

typedef struct Faults
{
	List	   *list;			/* of Fault */
	bool		invalid;		/* is one of them more than a taken name? */
	int			retry_after;	/* seconds until all held names may be free; 0: none is held */
} Faults;

#define NO_FAULTS {NIL, false, 0}

/*
 * Has whoever calls found something wrong with the input already? Then nothing
 * comes of it: what is called tells what else is wrong, before anything costs.
 */
extern bool input_is_refused;

extern bool faults_exist(const Faults *faults);
extern bool fault_is_about(const Faults *faults, const char *attribute);
extern void fault_add_coded(Faults *faults, const char *attribute, const char *sentence, const char *code);
extern void fault_add(Faults *faults, const char *attribute, const char *sentence);
extern void fault_add_taken(Faults *faults, const char *attribute, const char *label);
extern void fault_add_held(Faults *faults, const char *attribute, const char *label, TimestampTz until);
extern char *fault_quote(const char *found);
extern char *faults_to_json(const Faults *faults);
extern void faults_raise(const Faults *faults);
pg_noreturn extern void fault_raise(const char *attribute, const char *sentence);

#endif							/* ARSIGNUP_FAULT_H */
