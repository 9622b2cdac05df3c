/*
 * arsignup: signups that commit with your data.
 *
 * Module magic, settings, and what the postmaster sets up when it loads us.
 */
#include "arsignup.h"

#include <limits.h>
#include <sodium.h>

#include "account/guard.h"
#include "attempt/keeper.h"
#include "attempt/ledger.h"
#include "base/fence.h"
#include "base/planner.h"
#include "base/shared.h"
#include "fmgr.h"
#include "login/key_watch.h"
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
 * Who waits costs a connection and nothing else, so that connections say how
 * many may: 32 leave most of PostgreSQL's hundred to others, and on one core
 * the last of them waits for a third of a second at the default cost, or half
 * of one where there are no huge pages, a tenth of hash_wait. From four slots
 * on it is eight for each, a wait of about 100 ms.
 * A class that signs up together passes, a flood is turned away before it has
 * taken all connections.
 */
int			hash_queue_setting = -1;

/*
 * The same for people at a form, who wait beside applications that hash by SQL:
 * neither takes the other's places. PostgREST's pool must have room for them.
 */
int			web_hash_queue_setting = -1;

/* Longer than anybody wants to look at a form that has been sent. */
int			hash_wait_setting = 5000;

/*
 * Another transaction may hold a name or a token uncommitted for as long as it
 * likes. Two seconds is long enough for an honest one, and short enough for a
 * person who waits.
 */
int			lock_timeout_setting = 2000;

/* OWASP's minimum for argon2id, so that a signup costs 10 ms of a core and 19 MiB; a setting upwards only. */
int			argon2_memory_setting = 19456;
int			argon2_iterations_setting = 2;

/*
 * What a stored hash may cost before we refuse to run it: imported ones reach
 * us from outside. Each limit by itself stands for about a second of a core,
 * several times what other systems make; the first two also hold for scrypt
 * and yescrypt.
 */
int			argon2_memory_max_setting = 262144;
int			argon2_iterations_max_setting = 16;
int			bcrypt_cost_max_setting = 14;
int			sha2_iterations_max_setting = 2000000;

/*
 * Thirteen megabytes of shared memory. A newcomer begins with failures that
 * are not its own only once this many names and sources have failed five times
 * over in one window: more than eight cores can hash.
 */
int			attempt_entries_setting = 262144;

/* Long enough to make guessing hopeless, short enough to wait for with a coffee. */
int			attempt_window_setting = 900;

/* What somebody who forgot which of their passwords it was needs; 480 guesses a day for others. */
int			max_login_failures_setting = 5;

/* NIST SP 800-63B-4, 3.2.2: no more than 100 against one account, from wherever they come; a username and an email count apart. */
int			max_login_failures_per_name_setting = 100;

/* A company behind one address has this many typing errors, one machine that tries a list has more. */
int			max_login_failures_per_source_setting = 100;

/* A school class that signs up together passes. */
int			max_signups_per_source_setting = 100;

/* Nobody needs more links than this; a mailbox that a stranger floods is a nuisance. */
int			max_mails_per_name_setting = 5;

/* All devices of a person, and what they have forgotten to log out from; a program that logs in anew each time has no use for more. */
int			max_sessions_per_user_setting = 100;

/* Ten windows full of signups that are not redeemed. A row of a kilobyte each, for as long as the tokens live. */
int			max_pending_tokens_per_source_setting = 1000;

/*
 * In the data directory, so that a physical backup and a standby can sign and
 * verify as the primary does. Point it elsewhere to keep base backups from
 * signing.
 */
char	   *key_file_setting = NULL;

/* Where keys come from a keeper of secrets: the file has them for everybody else. */
char	   *key_command_setting = NULL;

/*
 * A reset opens an account to whoever reads the mail, and is asked for by
 * somebody who waits for it: an hour is enough for a slow mail server.
 * Verifying opens nothing by itself, and a signup on a Friday is looked at on
 * Monday.
 */
int			reset_token_lifetime_setting = 3600;
int			verification_token_lifetime_setting = 3 * 24 * 3600;

/*
 * A login token travels in a URL. nginx, Apache, Tomcat and Kestrel take eight
 * kilobytes of request line, Tomcat with all other headers in them: this
 * leaves two for the handler's path, cookies and what is handed back. gunicorn
 * takes four.
 */
int			max_login_token_size_setting = 6000;

/* Deleting everybody takes two deliberate steps. */
bool		allow_drop_setting = false;

/* Define the settings of the hash gate. */
static void
define_gate_settings(void)
{
	DefineCustomIntVariable("arsignup.hash_slots",
							"Sets how many passwords are hashed at a time in the whole server.",
							"0 means one for each core that the server may use.",
							&hash_slots_setting, 0, 0, 1024,
							PGC_SIGHUP, 0, NULL, NULL, NULL);
	DefineCustomIntVariable("arsignup.hash_queue",
							"Sets how many callers may wait for one of arsignup.hash_slots, those from the web not counted.",
							"-1 means eight for each slot, and 32 at least.",
							&hash_queue_setting, -1, -1, 65536,
							PGC_SIGHUP, 0, NULL, NULL, NULL);
	DefineCustomIntVariable("arsignup.web_hash_queue",
							"Sets how many callers from the web may wait for one of arsignup.hash_slots.",
							"-1 means eight for each slot, and 32 at least.",
							&web_hash_queue_setting, -1, -1, 65536,
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
							"Sets the most memory that verifying against a stored hash may take, whatever its form.",
							"Hashes made at arsignup.argon2_memory are never refused.",
							&argon2_memory_max_setting, 262144, 8, 4194304,
							PGC_SUSET, GUC_UNIT_KB, NULL, NULL, NULL);
	DefineCustomIntVariable("arsignup.argon2_iterations_max",
							"Sets the most passes of argon2id or scrypt that verifying against a stored hash may take.",
							"Hashes made at arsignup.argon2_iterations are never refused.",
							&argon2_iterations_max_setting, 16, 1, 1000,
							PGC_SUSET, 0, NULL, NULL, NULL);
}

/* Define the settings of hashes that other systems have made. */
static void
define_import_settings(void)
{
	DefineCustomIntVariable("arsignup.bcrypt_cost_max",
							"Sets the highest cost of bcrypt at which a stored hash is verified against.",
							NULL,
							&bcrypt_cost_max_setting, 14, 4, 31,
							PGC_SUSET, 0, NULL, NULL, NULL);
	DefineCustomIntVariable("arsignup.sha2_iterations_max",
							"Sets the most iterations of PBKDF2, sha256crypt or sha512crypt that verifying against a stored hash may take.",
							NULL,
							&sha2_iterations_max_setting, 2000000, 1000, INT_MAX,
							PGC_SUSET, 0, NULL, NULL, NULL);
}

/* Define a limit of attempts: all backends must know the same. */
static void
define_limit(const char *name, const char *description, int *setting, int value)
{
	DefineCustomIntVariable(name, description, "Counted in each arsignup.attempt_window; 0 means no limit.",
							setting, value, 0, 1000000,
							PGC_SIGHUP, 0, NULL, NULL, NULL);
}

/* Define the settings of attempts. */
static void
define_attempt_settings(void)
{
	if (process_shared_preload_libraries_in_progress)	/* later is too late for a setting of the postmaster's */
		DefineCustomIntVariable("arsignup.attempt_entries",
								"Sets for how many names and sources failed attempts are counted.",
								NULL,
								&attempt_entries_setting, 262144, 1024, 8388608,
								PGC_POSTMASTER, 0, NULL, NULL, NULL);
	DefineCustomIntVariable("arsignup.attempt_window",
							"Sets for how long failed attempts are counted, from the first on.",
							NULL,
							&attempt_window_setting, 900, 1, 604800,
							PGC_SIGHUP, GUC_UNIT_S, NULL, NULL, NULL);
	define_limit("arsignup.max_login_failures",
				 "Sets how many logins to one name may fail from one source.",
				 &max_login_failures_setting, 5);
	define_limit("arsignup.max_login_failures_per_name",
				 "Sets how many logins to one name may fail, from sources where its user has not been of late.",
				 &max_login_failures_per_name_setting, 100);
	define_limit("arsignup.max_login_failures_per_source",
				 "Sets how many logins may fail from one source.",
				 &max_login_failures_per_source_setting, 100);
	define_limit("arsignup.max_signups_per_source",
				 "Sets how many may sign up, and how many ask for mail, from one source.",
				 &max_signups_per_source_setting, 100);
	define_limit("arsignup.max_mails_per_name",
				 "Sets how many mails may be asked for by one name, by one user, or to one address by signing up.",
				 &max_mails_per_name_setting, 5);
}

/* Define the settings of the account functions. */
static void
define_account_settings(void)
{
	DefineCustomIntVariable("arsignup.max_sessions_per_user",
							"Sets how many managed sessions a user may have at a time.",
							"The oldest one ends when one more begins; 0 means no limit.",
							&max_sessions_per_user_setting, 100, 0, 1000000,
							PGC_SIGHUP, 0, NULL, NULL, NULL);
	DefineCustomIntVariable("arsignup.max_pending_tokens_per_source",
							"Sets how many pending signup tokens there may be that signup made for one source.",
							"Counted in each realm; 0 means no limit.",
							&max_pending_tokens_per_source_setting, 1000, 0, 1000000,
							PGC_SIGHUP, 0, NULL, NULL, NULL);
	DefineCustomIntVariable("arsignup.lock_timeout",
							"Sets how long a signup waits for a name or token that another transaction holds.",
							"It only ever shortens lock_timeout; 0 leaves that alone.",
							&lock_timeout_setting, 2000, 0, INT_MAX,
							PGC_USERSET, GUC_UNIT_MS, NULL, NULL, NULL);
	DefineCustomStringVariable("arsignup.key_file",
							   "Sets the file of the master keys, the first of which seals the keys that sign login tokens.",
							   "Made by make_master_key. A relative path begins at the data directory.",
							   &key_file_setting, "arsignup.key",
							   PGC_SIGHUP, GUC_SUPERUSER_ONLY, NULL, NULL, NULL);
	DefineCustomStringVariable("arsignup.key_command",
							   "Sets the shell command that prints the master keys, in the place of arsignup.key_file.",
							   "Each session runs it when it first needs them, and again after a reload.",
							   &key_command_setting, "",
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

/* Define the settings of login tokens. */
static void
define_login_settings(void)
{
	DefineCustomIntVariable("arsignup.max_login_token_size",
							"Sets how large a login token may become by custom, memberships and orgs.",
							"What does not fit is left out, and the claim left_out says so. A token always has ids, names and times.",
							&max_login_token_size_setting, 6000, 1024, 65536,
							PGC_SUSET, GUC_UNIT_BYTE, NULL, NULL, NULL);
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
	define_import_settings();
	define_attempt_settings();
	define_account_settings();
	define_recovery_settings();
	define_login_settings();
	MarkGUCPrefixReserved("arsignup");
	planner_install_hooks();
	if (process_shared_preload_libraries_in_progress)
	{
		shared_install_hooks();
		ledger_install_hooks();
		keeper_register();
		key_watch_register();
		fence_install_hooks();
		guard_install_hooks();
	}
}
