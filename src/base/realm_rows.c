/*
 * What a table has of a realm, to be deleted with it.
 */
#include "base/realm_rows.h"

/* Delete rows, at most so many behind those that are left alone; return how many: none only if there are none. */
uint64
realm_rows_delete(RealmRows *rows, const Caller *caller, const pg_uuid_t *realm_id, int64 max_rows, int64 skipped)
{
	Parameters	parameters = {0};
	uint64		deleted;

	add_uuid(&parameters, realm_id);
	add_int8(&parameters, max_rows);
	add_int8(&parameters, skipped);
	statement_plan_by_index(&rows->delete_batch, &parameters);
	deleted = rows->is_for_caller ? caller_delete(caller, &rows->delete_batch, &parameters) :
		statement_run(&rows->delete_batch, &parameters);
	if (deleted == 0 && statement_run(&rows->find_any, &parameters) > 0)
		raise_suppressed(rows->table);
	return deleted;
}
