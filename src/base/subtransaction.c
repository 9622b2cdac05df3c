/*
 * Doing something all or nothing.
 */
#include "base/subtransaction.h"

#include "access/xact.h"
#include "utils/resowner.h"

/* Do something; return NULL, or the error that it has raised, of which nothing else is left, in the caller's memory. */
ErrorData *
subtransaction_run(void (*action) (void *argument), void *argument)
{
	MemoryContext context = CurrentMemoryContext;
	ResourceOwner owner = CurrentResourceOwner;
	ErrorData  *volatile error = NULL;

	BeginInternalSubTransaction(NULL);
	MemoryContextSwitchTo(context);
	PG_TRY();
	{
		action(argument);
		ReleaseCurrentSubTransaction();
	}
	PG_CATCH();
	{
		MemoryContextSwitchTo(context);
		error = CopyErrorData();
		FlushErrorState();
		RollbackAndReleaseCurrentSubTransaction();
	}
	PG_END_TRY();
	MemoryContextSwitchTo(context);
	CurrentResourceOwner = owner;
	return error;
}

/* Tell whether an error is about the moment, and not about what was tried: a cancel, a lock, a lack of memory. */
bool
error_is_of_the_moment(const ErrorData *error)
{
	int			category = ERRCODE_TO_CATEGORY(error->sqlerrcode);

	return category == ERRCODE_OPERATOR_INTERVENTION || category == ERRCODE_INSUFFICIENT_RESOURCES ||
		category == ERRCODE_TRANSACTION_ROLLBACK || category == ERRCODE_SYSTEM_ERROR ||
		category == ERRCODE_TO_CATEGORY(ERRCODE_LOCK_NOT_AVAILABLE) || category == ERRCODE_INTERNAL_ERROR;
}
