/*
 * Rows that are due to be deleted, by their age.
 *
 * The rows are found by an index in the order of their age, locked, and
 * deleted where they lie, by their ctid: a join with the table would be
 * planned as if the limit were a tenth of it.
 */
#ifndef ARSIGNUP_PURGE_H
#define ARSIGNUP_PURGE_H

#include "arsignup.h"
#include "base/caller.h"
#include "base/statement.h"

typedef struct Purge
{
	const char *kind;			/* as backlog() names them */
	Statement	delete_due;
	Statement	count_due;

	/*
	 * Deletes rows to which tables of the application may refer, for who has
	 * called, at the places that delete_due then only finds, as an array,
	 * behind the first $3, and locks ($4: how many a whole purge deletes at
	 * most); returns how many.
	 */
	uint64		(*delete_places) (const Caller *caller, Parameters *places, TimestampTz now);

	/* Takes from rows that have to stay what may not; null: nothing. */
	void		(*strip_places) (Parameters *places);
} Purge;

/* The now of a statement is $1, and $2 how many rows at most. */
#define DELETE_AT(table, rows) "DELETE FROM arsignup." table " WHERE ctid = ANY (ARRAY (" rows "))"

/* Rows of a table of which a condition holds, which is a range of the index of the time. */
#define ROWS_DUE(column, table, condition, time) \
	"SELECT " column " FROM arsignup." table " WHERE " condition " ORDER BY " time " LIMIT $2"
#define PURGE(kind, table, condition, time) \
	{(kind), STATEMENT(DELETE_AT(table, ROWS_DUE("ctid", table, condition, time) " FOR UPDATE SKIP LOCKED")), \
	 STATEMENT(COUNT_OF(ROWS_DUE(time, table, condition, time))), NULL, NULL}

/* Rows of realms r from before a time, by an index of realm and event_at. */
#define ROWS_OF_REALMS(column, table, realms, before, locking) \
	realms("SELECT d." column " FROM", table) " AS r, LATERAL (SELECT ctid, event_at FROM arsignup." table \
	" WHERE realm_id = r.id AND event_at < " before " ORDER BY event_at LIMIT $2" locking ") AS d LIMIT $2"
#define PURGE_OF_REALMS(kind, table, realms, before) \
	{(kind), STATEMENT(DELETE_AT(table, ROWS_OF_REALMS("ctid", table, realms, before, " FOR UPDATE SKIP LOCKED"))), \
	 STATEMENT(COUNT_OF(ROWS_OF_REALMS("event_at", table, realms, before, ""))), NULL, NULL}

/* All realms that have rows, whether or not they are there: from each the index leads to the next. */
#define REALMS_FOUND(select, table) \
	"WITH RECURSIVE found (id) AS ((SELECT realm_id FROM arsignup." table " ORDER BY realm_id LIMIT 1)" \
	" UNION ALL SELECT (SELECT realm_id FROM arsignup." table " WHERE realm_id > found.id ORDER BY realm_id LIMIT 1)" \
	" FROM found WHERE id IS NOT NULL) " select " found"
#define REALMS(select, table) select " arsignup.realms"

/* Rows from before $1, and rows that their realm keeps no longer. */
#define PURGE_OLD(kind, table) PURGE_OF_REALMS(kind, table, REALMS_FOUND, "$1")
#define PURGE_UNKEPT(kind, table) PURGE_OF_REALMS(kind, table, REALMS, "$1 - r.event_retention")

extern uint64 purge_run(Purge *purge, TimestampTz now, int64 max_rows);
extern uint64 purge_run_for(const Caller *caller, Purge *purge, TimestampTz now, int64 max_rows);
extern int64 purge_count(Purge *purge, TimestampTz now, int64 max_rows, TimestampTz *oldest);

#endif							/* ARSIGNUP_PURGE_H */
