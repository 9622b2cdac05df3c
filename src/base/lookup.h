/*
 * Rows of our tables: found by a unique index without a statement, where that makes no difference.
 */
#ifndef ARSIGNUP_LOOKUP_H
#define ARSIGNUP_LOOKUP_H

#include "base/shortcut.h"
#include "base/statement.h"

/* So many columns of a row are read. */
#define MAX_LOOKUP_COLUMNS 16

/* Which row is looked for, and what is read of it; kept in a static variable, as a Statement is. */
typedef struct Lookup
{
	const char *table;
	const char *index;			/* unique, on the keys and, if it says so, one column more */
	const char *keys;			/* as SQL lists them, and as parameters are in order */
	const char *null;			/* the last column of the index, which must be null; NULL if it has none but the keys */
	const char *where;			/* the condition of the index, as the server writes it; NULL if it has every row */
	const char *columns;		/* what is read, as SQL lists it */
	Statement	statement;
	Shortcut   *shortcut;		/* NULL if nothing is known yet */
} Lookup;

/* What was read; in the caller's memory. */
typedef struct Found
{
	Datum		values[MAX_LOOKUP_COLUMNS];
	bool		nulls[MAX_LOOKUP_COLUMNS];
} Found;

extern bool lookup_read(Lookup *lookup, Parameters *keys, Found *found);
extern bool lookup_read_latest(Lookup *lookup, Parameters *keys, Found *found);

#endif							/* ARSIGNUP_LOOKUP_H */
