/*
 * Rows of our tables: inserted without a statement, where that makes no difference.
 */
#ifndef ARSIGNUP_ROW_H
#define ARSIGNUP_ROW_H

#include "base/shortcut.h"
#include "base/statement.h"

/* So many rows are inserted at once. */
#define MAX_ROWS 5

/* What is inserted into a table of ours; kept in a static variable, as a Statement is. */
typedef struct Insert
{
	const char *table;
	const char *columns;		/* as SQL lists them; parameters have their order */
	int			common;			/* so many parameters, the first ones, are for all rows; the others follow row by row */
	const char *conflict;		/* what SQL says behind the rows; NULL: nothing */
	int			width;			/* how many columns there are, once the statement was made */
	Statement	statements[MAX_ROWS];	/* of one row, two rows, ... */
	Shortcut   *shortcut;		/* NULL if nothing is known yet */
} Insert;

#define INSERT(name, list) {.table = (name), .columns = (list)}
#define INSERT_ROWS(name, list, shared) {.table = (name), .columns = (list), .common = (shared)}
#define INSERT_UNLESS_TAKEN(name, list) {.table = (name), .columns = (list), .conflict = " ON CONFLICT DO NOTHING"}

extern void rows_insert(Insert *insert, Parameters *parameters);
extern bool row_insert_unless_taken(Insert *insert, Parameters *parameters);

#endif							/* ARSIGNUP_ROW_H */
