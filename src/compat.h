/*
 * Every difference between server versions that arsignup meets.
 */
#ifndef ARSIGNUP_COMPAT_H
#define ARSIGNUP_COMPAT_H

#if PG_VERSION_NUM < 150000
#error "arsignup needs PostgreSQL 15 or newer"
#endif

#include "utils/wait_event.h"

/* 16 moved the macros that look into a varlena to a header of their own. */
#if PG_VERSION_NUM >= 160000
#include "varatt.h"
#endif

/* 17 keeps a backend's number in a variable. */
#if PG_VERSION_NUM < 170000
#define MyProcNumber (MyProc->pgprocno)
#endif

/* 18 writes it in front of a declaration. */
#ifndef pg_noreturn
#define pg_noreturn pg_attribute_noreturn()
#endif

/* 18 lets a module say its name and version. */
#ifdef PG_MODULE_MAGIC_EXT
#define ARSIGNUP_MODULE_MAGIC PG_MODULE_MAGIC_EXT(.name = "arsignup")
#else
#define ARSIGNUP_MODULE_MAGIC PG_MODULE_MAGIC
#endif

/* 17 lets a module name what its processes wait for, and numbers the name. */
static inline uint32
wait_event_number(uint32 *number, const char *name)
{
#if PG_VERSION_NUM >= 170000
	if (*number == 0)
		*number = WaitEventExtensionNew(name);
#else
	*number = PG_WAIT_EXTENSION;
#endif
	return *number;
}

/* 16 lets indexes that only summarize be left out, 18 lets a row that is there be looked past. */
#if PG_VERSION_NUM >= 160000
#define insert_index_tuples(target, row, estate, conflict) \
	ExecInsertIndexTuples(target, row, estate, false, (conflict) != NULL, conflict, NIL, false)
#else
#define insert_index_tuples(target, row, estate, conflict) \
	ExecInsertIndexTuples(target, row, estate, false, (conflict) != NULL, conflict, NIL)
#endif
#if PG_VERSION_NUM >= 180000
#define check_index_constraints(target, row, estate, other) \
	ExecCheckIndexConstraints(target, row, estate, other, &(ItemPointerData) {0}, NIL)
#else
#define check_index_constraints(target, row, estate, other) \
	ExecCheckIndexConstraints(target, row, estate, other, NIL)
#endif

/* 18 has scans count for EXPLAIN. */
#if PG_VERSION_NUM >= 180000
#define begin_index_scan(table, index, snapshot, keys) index_beginscan(table, index, snapshot, NULL, keys, 0)
#else
#define begin_index_scan(table, index, snapshot, keys) index_beginscan(table, index, snapshot, keys, 0)
#endif

#endif							/* ARSIGNUP_COMPAT_H */
