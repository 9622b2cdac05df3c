/*
 * arsignup: signups that commit with your data.
 *
 * Module magic, settings, and what the postmaster sets up when it loads us.
 */
#include "arsignup.h"

#include <limits.h>
#include <sodium.h>

#include "account/guard.h"
#include "base/shared.h"
#include "fmgr.h"
#include "miscadmin.h"
#include "utils/guc.h"

ARSIGNUP_MODULE_MAGIC;

void		_PG_init(void);

/*
 * Hashing is bound by CPU and memory bandwidth: more hashes at a time than
 * cores only cost memory, and each takes longer.
 */
int			hash_slots_setting = 0;

/*
 * Eight waiting for each slot is a wait of about 150 ms at the default cost:
 * a burst of people passes, a flood is turned away before it takes all
 * connections.
 */
int			hash_queue_setting = -1;

/* Longer than anybody wants to look at a form that has been sent. */
int			hash_wait_setting = 5000;

/*
 * Another transaction may hold a name or a token uncommitted for as long as it
 * likes. Two seconds is long enough for an honest one, and short enough for a
 * person who waits.
 */
int			lock_timeout_setting = 2000;

/* OWASP's minimum for argon2id, so that a signup costs 15 ms of a core and 19 MiB; a setting upwards only. */
int			argon2_memory_setting = 19456;
int			argon2_iterations_setting = 2;

/* What a stored hash may cost before we refuse to run it: imported ones reach us from outside. */
int			argon2_memory_max_setting = 262144;
int			argon2_iterations_max_setting = 16;

/*
 * In the data directory, so that a physical backup and a standby can sign and
 * verify as the primary does. Point it elsewhere to keep base backups from
 * signing.
 */
char	   *key_file_setting = NULL;

/*
 * A reset opens an account to whoever reads the mail, and is asked for by
 * somebody who waits for it: an hour is enough for a slow mail server.
 * Verifying opens nothing by itself, and a signup on a Friday is looked at on
 * Monday.
 */
int			reset_token_lifetime_setting = 3600;
int			verification_token_lifetime_setting = 3 * 24 * 3600;

/* Deleting everybody takes two deliberate steps. */
bool		allow_drop_setting = false;

/* Define the settings of the hash gate. */
static void
define_gate_settings(void)
{
	DefineCustomIntVariable("arsignup.hash_slots",
							"Sets how many passwords are hashed at a time in the whole server.",
							"0 means one for each core.",
							&hash_slots_setting, 0, 0, 1024,
							PGC_SIGHUP, 0, NULL, NULL, NULL);
	DefineCustomIntVariable("arsignup.hash_queue",
							"Sets how many may wait for one of arsignup.hash_slots.",
							"-1 means eight for each slot.",
							&hash_queue_setting, -1, -1, 65536,
							PGC_SIGHUP, 0, NULL, NULL, NULL);
	DefineCustomIntVariable("arsignup.hash_wait",
							"Sets how long one may wait for one of arsignup.hash_slots.",
							NULL,
							&hash_wait_setting, 5000, 0, 600000,
							PGC_SUSET, GUC_UNIT_MS, NULL, NULL, NULL);
}

/* Define the settings of password hashing. */
static void
define_argon2_settings(void)
{
	DefineCustomIntVariable("arsignup.argon2_memory",
							"Sets the memory that hashing a password takes.",
							NULL,
							&argon2_memory_setting, 19456, 19456, 4194304,
							PGC_SUSET, GUC_UNIT_KB, NULL, NULL, NULL);
	DefineCustomIntVariable("arsignup.argon2_iterations",
							"Sets how often hashing a password passes over its memory.",
							NULL,
							&argon2_iterations_setting, 2, 2, 1000,
							PGC_SUSET, 0, NULL, NULL, NULL);
	DefineCustomIntVariable("arsignup.argon2_memory_max",
							"Sets the most memory that verifying against a stored hash may take.",
							"Hashes made at arsignup.argon2_memory are never refused.",
							&argon2_memory_max_setting, 262144, 8, 4194304,
							PGC_SUSET, GUC_UNIT_KB, NULL, NULL, NULL);
	DefineCustomIntVariable("arsignup.argon2_iterations_max",
							"Sets the most passes that verifying against a stored hash may take.",
							"Hashes made at arsignup.argon2_iterations are never refused.",
							&argon2_iterations_max_setting, 16, 1, 1000,
							PGC_SUSET, 0, NULL, NULL, NULL);
}

/* Define the settings of the account functions. */
static void
define_account_settings(void)
{
	DefineCustomIntVariable("arsignup.lock_timeout",
							"Sets how long a signup waits for a name or token that another transaction holds.",
							"It only ever shortens lock_timeout; 0 leaves that alone.",
							&lock_timeout_setting, 2000, 0, INT_MAX,
							PGC_USERSET, GUC_UNIT_MS, NULL, NULL, NULL);
	DefineCustomStringVariable("arsignup.key_file",
							   "Sets the file of the master key, which seals the keys that sign login tokens.",
							   "Made when the first key is sealed. A relative path begins at the data directory.",
							   &key_file_setting, "arsignup.key",
							   PGC_SIGHUP, GUC_SUPERUSER_ONLY, NULL, NULL, NULL);
	DefineCustomBoolVariable("arsignup.allow_drop",
							 "Allows dropping the extension while there are users.",
							 NULL,
							 &allow_drop_setting, false,
							 PGC_SUSET, 0, NULL, NULL, NULL);
}

/* Define the settings of mailed tokens. */
static void
define_recovery_settings(void)
{
	DefineCustomIntVariable("arsignup.reset_token_lifetime",
							"Sets how long a mailed token can be used to reset a password.",
							NULL,
							&reset_token_lifetime_setting, 3600, 1, 366 * 24 * 3600,
							PGC_SUSET, GUC_UNIT_S, NULL, NULL, NULL);
	DefineCustomIntVariable("arsignup.verification_token_lifetime",
							"Sets how long a mailed token can be used to verify an email.",
							NULL,
							&verification_token_lifetime_setting, 3 * 24 * 3600, 1, 366 * 24 * 3600,
							PGC_SUSET, GUC_UNIT_S, NULL, NULL, NULL);
}

/* Called when the library is loaded: by the postmaster, or by a backend that runs one of our functions. */
void
_PG_init(void)
{
	if (sodium_init() < 0)
		ereport(ERROR,
				(errcode(ERRCODE_SYSTEM_ERROR),
				 errmsg("could not initialise libsodium")));
	define_gate_settings();
	define_argon2_settings();
	define_account_settings();
	define_recovery_settings();
	MarkGUCPrefixReserved("arsignup");
	if (process_shared_preload_libraries_in_progress)
	{
		shared_install_hooks();
		guard_install_hook();
	}
}
