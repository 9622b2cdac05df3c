/*
 * What can be done without a statement, and with which tables.
 */
#ifndef ARSIGNUP_SHORTCUT_H
#define ARSIGNUP_SHORTCUT_H

#include "arsignup.h"
#include "base/tables.h"
#include "nodes/pg_list.h"
#include "utils/relcache.h"

/* What is known of a table and of what is done with it; the first member of all that is kept of one. */
typedef struct Shortcut
{
	MemoryContext context;		/* where all of it is */
	uint64		as_of;			/* which change */
	bool		is_open;		/* if not, a statement does it */
	Oid			table;
} Shortcut;

/* Looks whether something can be done with a table, and adds what it takes to what is known. */
typedef bool (*ShortcutFinder) (Shortcut *shortcut, Relation table, const void *what);

extern Relation shortcut_open(Shortcut **shortcut, size_t size, ShortcutFinder find, const void *what,
							  const char *table, int lock);
extern bool table_is_ordinary(Relation table);
extern List *column_names(const char *columns);
extern int	column_index(Relation table, const char *name, Oid type);
extern bool calls_foreign(Node *node, void *context);

#endif							/* ARSIGNUP_SHORTCUT_H */
