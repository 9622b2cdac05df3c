/*
 * The tables: what they are, and whether they are there.
 */
#ifndef ARSIGNUP_TABLES_H
#define ARSIGNUP_TABLES_H

#include "arsignup.h"

/* A table, and the statements that make it. */
typedef struct Table
{
	const char *name;
	const char *sql;
} Table;

/* What functions and tables of a database are of; tables is NULL if nothing tells it. */
typedef struct Versions
{
	char	   *functions;
	char	   *tables;
} Versions;

extern const Table tables[];
extern const int table_count;

/* Their ids, as of tables_check. */
extern Oid	table_ids[];

/* Whether the tables are known to fit the functions; not to be asked but by tables_check. */
extern bool tables_fit;

/* Goes up with each change of a table of ours, or of any function. */
extern uint64 tables_change;

extern bool table_is_of_directory(const char *name);
extern Oid	table_id(const char *name);
extern Versions versions_read(void);
extern void tables_look(void);
extern uint64 tables_as_of(void);
extern bool tables_are_ready(void);
extern bool table_is_ours(Oid table);
extern Oid	table_owner(Oid table);
extern Oid	table_rightful_owner(const char *name);
extern void table_check_indexes(Oid table);

/* Raise an error of ours unless the tables are those that the functions need. */
static inline void
tables_check(void)
{
	if (unlikely(!tables_fit))
		tables_look();
}

#endif							/* ARSIGNUP_TABLES_H */
