/*
 * What a table has of a realm, to be deleted with it.
 *
 * The rows are found in the order of their key, behind so many that are left
 * alone and may be locked by others, and deleted by their key: one that somebody
 * changes meanwhile lies elsewhere then.
 */
#ifndef ARSIGNUP_REALM_ROWS_H
#define ARSIGNUP_REALM_ROWS_H

#include "arsignup.h"
#include "base/caller.h"
#include "base/statement.h"

typedef struct RealmRows
{
	const char *table;
	Statement	delete_batch;
	Statement	find_any;
	bool		is_for_caller;	/* tables of the application may refer to them */
} RealmRows;

/* $1 is the realm, $2 how many rows at most, $3 behind how many. */
#define ROWS_OF_REALM(column, table, key) \
	"SELECT " column " FROM arsignup." table " WHERE realm_id = $1 ORDER BY " key " LIMIT $2 OFFSET $3"
#define REALM_ROWS(table, key, is_for_caller) \
	{(table), STATEMENT("DELETE FROM arsignup." table " WHERE realm_id = $1 AND " key " = ANY (ARRAY (" \
						ROWS_OF_REALM(key, table, key) "))"), \
	 STATEMENT(ROWS_OF_REALM("", table, key)), (is_for_caller)}

/* Tells whether the realm of a row was not deleted, by a look for each row, as an index finds them. */
#define REALM_IS_THERE(table) \
	"NOT EXISTS (SELECT FROM arsignup.deleted_realms r WHERE r.realm_id = " table ".realm_id OFFSET 0)"

extern uint64 realm_rows_delete(RealmRows *rows, const Caller *caller, const pg_uuid_t *realm_id, int64 max_rows,
								int64 skipped);

#endif							/* ARSIGNUP_REALM_ROWS_H */
