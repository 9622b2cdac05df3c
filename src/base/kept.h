/*
 * What this backend has read of rows that seldom change, kept until they do.
 */
#ifndef ARSIGNUP_KEPT_H
#define ARSIGNUP_KEPT_H

#include "arsignup.h"
#include "base/text.h"

struct HTAB;
struct TriggerData;

#define KEPT_TRIGGER "note_change"

/* Entries of a kind, by a key of any bytes; a static variable beside the function that reads them. */
typedef struct Kept
{
	const char *const *tables;	/* from which they are read, up to NULL; each has the trigger */
	size_t		size;			/* of an entry */

	/* Read an entry by statement_read_latest; false if there is none, which is not kept. */
	bool		(*read) (Span key, void *entry);

	/* Put copies in the current memory context in the place of all that an entry points to; NULL if that is nothing. */
	void		(*copy) (void *entry);

	/* kept.c's own */
	struct HTAB *entries;
	struct MemoryContextData *context;
	uint64		as_of;
	bool		is_told;		/* whether the tables' triggers tell of every change */
} Kept;

extern char kept_trigger_state(const char *table);
extern void kept_note_change(struct TriggerData *trigger);
extern bool kept_read(Kept *kept, Span key, void *entry);

#endif							/* ARSIGNUP_KEPT_H */
