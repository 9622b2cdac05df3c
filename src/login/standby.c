/*
 * Whether this server has standbys: one that streams from it, or a slot that
 * waits for one. The view of the senders shows their state to nobody who is
 * not a monitor, which our role is not.
 */
#include "login/standby.h"

#include "replication/slot.h"
#include "replication/walsender_private.h"
#include "storage/proc.h"
#include "storage/procarray.h"

/*
 * Tell whether a sender serves a standby. Only a standby says what it has
 * applied: a base backup, with the stream that comes with it, and an archiver
 * do not. A subscriber does, but has a database.
 */
static bool
serves_standby(WalSnd *sender)
{
	PGPROC	   *process;
	pid_t		pid;
	XLogRecPtr	applied;

	SpinLockAcquire(&sender->mutex);
	pid = sender->pid;
	applied = sender->apply;
	SpinLockRelease(&sender->mutex);
	if (pid == 0 || applied == InvalidXLogRecPtr)
		return false;
	process = BackendPidGetProc(pid);
	return process != NULL && process->databaseId == InvalidOid;
}

/* Tell whether there is a physical slot that stays when its user goes. */
static bool
slot_exists(void)
{
	bool		found = false;

	LWLockAcquire(ReplicationSlotControlLock, LW_SHARED);
	for (int i = 0; !found && i < max_replication_slots; i++)
	{
		ReplicationSlot *slot = &ReplicationSlotCtl->replication_slots[i];

		found = slot->in_use && SlotIsPhysical(slot) && slot->data.persistency == RS_PERSISTENT;
	}
	LWLockRelease(ReplicationSlotControlLock);
	return found;
}

/* Tell whether this server has a standby. */
bool
standby_is_attached(void)
{
	for (int i = 0; i < max_wal_senders; i++)
		if (serves_standby(&WalSndCtl->walsnds[i]))
			return true;
	return slot_exists();
}
