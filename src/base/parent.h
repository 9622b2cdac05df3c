/*
 * Rows that were inserted just now, which foreign keys need not look for.
 */
#ifndef ARSIGNUP_PARENT_H
#define ARSIGNUP_PARENT_H

#include "arsignup.h"
#include "executor/tuptable.h"
#include "utils/rel.h"
#include "utils/uuid.h"

/* A row with a key of two uuids. */
typedef struct Parent
{
	Oid			table;			/* InvalidOid: none */
	AttrNumber	columns[2];
	pg_uuid_t	values[2];
} Parent;

extern void parents_begin(void);
extern bool parent_is_there(const ForeignKeyCacheInfo *key, const TupleTableSlot *child);
extern void parents_go_on(CommandId command, const Parent *parent);

#endif							/* ARSIGNUP_PARENT_H */
