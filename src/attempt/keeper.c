/*
 * The keeper of the ledger of attempts: a worker that writes it to a file once
 * a second when it has changed, so that a restart or a crash forgets a second
 * of failures at most.
 *
 * It has no connection to a database. It starts when recovery is over, so a
 * standby writes nothing; and the file is where base backups take nothing
 * from, since the keyed hashes in it can be guessed at with the key beside
 * them.
 */
#include "attempt/keeper.h"

#include <sys/stat.h>
#include <unistd.h>

#include "base/shared.h"
#include "lib/stringinfo.h"
#include "miscadmin.h"
#include "pgstat.h"
#include "port/pg_crc32c.h"
#include "postmaster/bgworker.h"
#include "postmaster/interrupt.h"
#include "storage/fd.h"
#include "storage/ipc.h"
#include "storage/latch.h"
#include "utils/guc.h"
#include "utils/memutils.h"
#include "utils/timestamp.h"

#define ATTEMPT_FILE PG_STAT_TMP_DIR "/arsignup.attempts"
#define ATTEMPT_FILE_MAGIC 0x41525302	/* changes with the file's form */
#define WRITE_INTERVAL 1000L	/* milliseconds */

typedef struct FileHeader
{
	uint32		magic;
	pg_crc32c	checksum;		/* of everything behind it */
	uint32		part_sets[LEDGER_PARTS];
	uint64		records;
	uint8_t		secret[LEDGER_SECRET_SIZE];
} FileHeader;

/* An entry of the ledger, or the floor of a set. */
typedef struct FileRecord
{
	AttemptKey	key;
	TimestampTz until;
	uint32		failures;
	uint32		set;			/* FLOORLESS: an entry */
	uint32		part;
	uint32		unused;
} FileRecord;

#define FLOORLESS PG_UINT32_MAX

/* ---------- reading ---------- */

/* Compute the checksum of a file's contents. */
static pg_crc32c
checksum(const char *contents, size_t size)
{
	size_t		skipped = offsetof(FileHeader, part_sets);
	pg_crc32c	crc;

	INIT_CRC32C(crc);
	COMP_CRC32C(crc, contents + skipped, size - skipped);
	FIN_CRC32C(crc);
	return crc;
}

/* Tell whether a file's contents are whole. */
static bool
is_whole(const char *contents, size_t size)
{
	const FileHeader *header = (const FileHeader *) contents;

	return size >= sizeof(FileHeader) && header->magic == ATTEMPT_FILE_MAGIC &&
		(size - sizeof(FileHeader)) % sizeof(FileRecord) == 0 &&
		(size - sizeof(FileHeader)) / sizeof(FileRecord) == header->records &&
		header->checksum == checksum(contents, size);
}

/*
 * Raise the floor of a set; if the ledger has another size than it had, that
 * of every set that now holds keys of the old one.
 */
static void
load_floor(Ledger *ledger, const FileHeader *header, const FileRecord *record, TimestampTz now)
{
	uint32		old_sets = header->part_sets[record->part];
	uint32		sets = ledger->part_sets[record->part];
	uint32		step = Min(old_sets, sets);
	LedgerSet  *first = &ledger->sets[ledger_first_set(ledger, record->part)];

	for (uint32 i = record->set & (step - 1); i < sets; i += step)
		ledger_raise_floor(&first[i], record->failures, record->until, now);
}

/* Book what a file holds. */
static void
load_contents(Ledger *ledger, const char *contents)
{
	const FileHeader *header = (const FileHeader *) contents;
	const FileRecord *records = (const FileRecord *) (contents + sizeof(FileHeader));
	TimestampTz now = GetCurrentTimestamp();

	memcpy(ledger->secret, header->secret, LEDGER_SECRET_SIZE);
	for (uint64 i = 0; i < header->records; i++)
	{
		const FileRecord *record = &records[i];

		if (record->until <= now)
			continue;
		if (record->set != FLOORLESS)
			load_floor(ledger, header, record, now);
		else
			ledger_restore(ledger_set(ledger, record->part, &record->key), &record->key,
						   record->failures, record->until, now);
	}
}

/* Read the whole of an open file into memory of its own; NULL if it cannot be read. */
static char *
read_all(FILE *file, size_t *size)
{
	char	   *contents;
	off_t		end;

	if (fseeko(file, 0, SEEK_END) != 0 || (end = ftello(file)) < 0 || fseeko(file, 0, SEEK_SET) != 0)
		return NULL;
	*size = end;
	contents = malloc(*size + 1);
	if (contents != NULL && fread(contents, 1, *size, file) != *size)
	{
		free(contents);
		return NULL;
	}
	return contents;
}

/* Book what the last server has left; called by the postmaster, which no error may end. */
void
attempts_load(Ledger *ledger)
{
	FILE	   *file = AllocateFile(ATTEMPT_FILE, PG_BINARY_R);
	char	   *contents = NULL;
	size_t		size = 0;

	if (file == NULL && errno == ENOENT)
		return;
	if (file != NULL)
	{
		contents = read_all(file, &size);
		FreeFile(file);
	}
	if (contents != NULL && is_whole(contents, size))
		load_contents(ledger, contents);
	else
		ereport(LOG,
				(errmsg("could not read file \"%s\": failed attempts from before are forgotten", ATTEMPT_FILE)));
	free(contents);
}

/* ---------- writing ---------- */

/* Append what of a set has to outlive a restart. */
static void
append_set(StringInfo contents, LedgerSet *shared_set, LedgerPart part, uint32 number, TimestampTz now)
{
	LedgerSet	set;
	FileRecord	record = {.part = part, .set = FLOORLESS};

	SpinLockAcquire(&shared_set->mutex);
	memcpy(&set, shared_set, sizeof(LedgerSet));
	SpinLockRelease(&shared_set->mutex);
	for (int i = 0; i < SET_ENTRIES; i++)
	{
		if (set.entries[i].is_fresh || !entry_counts(&set.entries[i], now))
			continue;
		record.key = set.entries[i].key;
		record.until = set.entries[i].until;
		record.failures = set.entries[i].failures;
		appendBinaryStringInfo(contents, (char *) &record, sizeof(record));
	}
	if (set.floor > 0 && now < set.floor_until)
	{
		record = (FileRecord) {.part = part, .set = number, .failures = set.floor, .until = set.floor_until};
		appendBinaryStringInfo(contents, (char *) &record, sizeof(record));
	}
}

/* Put the ledger into the form of the file. */
static void
write_contents(Ledger *ledger, StringInfo contents)
{
	TimestampTz now = GetCurrentTimestamp();
	FileHeader	header = {.magic = ATTEMPT_FILE_MAGIC};
	LedgerSet  *set = ledger->sets;

	memcpy(header.part_sets, ledger->part_sets, sizeof(header.part_sets));
	memcpy(header.secret, ledger->secret, LEDGER_SECRET_SIZE);
	appendBinaryStringInfo(contents, (char *) &header, sizeof(header));
	for (int part = 0; part < LEDGER_PARTS; part++)
		for (uint32 i = 0; i < ledger->part_sets[part]; i++)
			append_set(contents, set++, part, i, now);
	((FileHeader *) contents->data)->records = (contents->len - sizeof(FileHeader)) / sizeof(FileRecord);
	((FileHeader *) contents->data)->checksum = checksum(contents->data, contents->len);
}

/* Write a file beside the real one and put it in its place; false, with errno set, if that fails. */
static bool
replace_file(StringInfo contents)
{
	FILE	   *file = AllocateFile(ATTEMPT_FILE ".new", PG_BINARY_W);
	bool		written;
	int			error;

	if (file == NULL)
		return false;
	written = fchmod(fileno(file), 0600) == 0 &&
		fwrite(contents->data, 1, contents->len, file) == (size_t) contents->len &&
		fflush(file) == 0 && pg_fsync(fileno(file)) == 0;
	error = errno;
	if (FreeFile(file) != 0 || !written)
	{
		errno = written ? errno : error;
		return false;
	}
	return durable_rename(ATTEMPT_FILE ".new", ATTEMPT_FILE, DEBUG1) == 0;
}

/* Write the ledger; a full disk is told once, not each second. */
static bool
write_ledger(Ledger *ledger)
{
	static bool had_failed = false;
	StringInfoData contents;
	bool		written;

	initStringInfo(&contents);
	write_contents(ledger, &contents);
	written = replace_file(&contents);
	if (!written && !had_failed)
		ereport(LOG,
				(errcode(ERRCODE_IO_ERROR),
				 errmsg("could not write file \"%s\": %m", ATTEMPT_FILE),
				 errdetail("Failed attempts would be forgotten by a restart until it can be written.")));
	had_failed = !written;
	pfree(contents.data);
	return written;
}

/* ---------- the worker ---------- */

PGDLLEXPORT void arsignup_keep_attempts(Datum arg);

/* Note that the worker is gone. */
static void
note_end(int code, Datum arg)
{
	pg_atomic_write_u32(&shared_state()->keepers, 0);
}

/* The worker's life. */
void
arsignup_keep_attempts(Datum arg)
{
	static uint32 wait_event = 0;
	Ledger	   *ledger = ledger_get();
	uint64		written = 0;

	pqsignal(SIGTERM, SignalHandlerForShutdownRequest);
	pqsignal(SIGHUP, SignalHandlerForConfigReload);
	BackgroundWorkerUnblockSignals();
	before_shmem_exit(note_end, (Datum) 0);
	pg_atomic_write_u32(&shared_state()->keepers, 1);
	for (;;)
	{
		bool		is_last = ShutdownRequestPending;
		uint64		changes = pg_atomic_read_u64(&ledger->changes);

		if (changes != written && write_ledger(ledger))
			written = changes;
		if (is_last)
			proc_exit(1);		/* not 0, so that the postmaster starts it again unless it stops, too */
		if (ConfigReloadPending)
		{
			ConfigReloadPending = false;
			ProcessConfigFile(PGC_SIGHUP);
		}
		(void) WaitLatch(MyLatch, WL_LATCH_SET | WL_TIMEOUT | WL_EXIT_ON_PM_DEATH, WRITE_INTERVAL,
						 wait_event_number(&wait_event, "ArsignupKeeperMain"));
		ResetLatch(MyLatch);
	}
}

/* Have the postmaster start the worker; only while it loads its libraries. */
void
keeper_register(void)
{
	BackgroundWorker worker = {
		.bgw_name = "arsignup attempts",
		.bgw_type = "arsignup attempts",
		.bgw_flags = BGWORKER_SHMEM_ACCESS,
		.bgw_start_time = BgWorkerStart_RecoveryFinished,
		.bgw_restart_time = 1,
		.bgw_library_name = "arsignup",
		.bgw_function_name = "arsignup_keep_attempts"
	};

	RegisterBackgroundWorker(&worker);
}
