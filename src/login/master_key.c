/*
 * The master keys: 32 random bytes each, in a file outside of all tables or
 * printed by a command. Whoever reads the tables, a dump or a replica, but not
 * these, can sign nothing.
 *
 * The first one seals. What another one has sealed is opened all the same, so
 * that a new one can be put in front of it and signing_keys_reseal can bring
 * everything under that.
 */
#include "login/master_key.h"

#include <errno.h>
#include <fcntl.h>
#include <sodium.h>
#include <sys/stat.h>
#include <unistd.h>

#include "access/xlog.h"
#include "login/key_command.h"
#include "miscadmin.h"
#include "storage/fd.h"
#include "utils/timestamp.h"

#define MASTER_KEY_SIZE crypto_aead_xchacha20poly1305_ietf_KEYBYTES
#define NONCE_SIZE crypto_aead_xchacha20poly1305_ietf_NPUBBYTES

/* More than one is needed for as long as a key is being replaced. */
#define MASTER_KEYS_MAX 16

/* A byte more than all keys, to see that there are too many. */
#define KEYS_CAPACITY (MASTER_KEYS_MAX * MASTER_KEY_SIZE + 1)

/* The keys as they were read last, in memory that is neither swapped nor dumped. */
static uint8_t *keys = NULL;
static int	key_count = 0;
static uint8_t key_ids[MASTER_KEYS_MAX][MASTER_KEY_ID_SIZE];

/* Where they came from: what the file looked like then, or when the settings of that time were read. */
static bool keys_are_printed = false;
static struct stat keys_status;
static TimestampTz keys_reload_time;

/* Note what is wrong; false. */
static bool
trouble_is(KeyTrouble *trouble, const char *problem, const char *remedy)
{
	*trouble = (KeyTrouble) {.problem = problem, .remedy = remedy};
	return false;
}

/* Tell whether a command prints the keys, in the place of the file. */
static bool
is_command_set(void)
{
	return key_command_setting[0] != '\0';
}

/* Return the setting by which the keys are found. */
const char *
master_key_setting(void)
{
	return is_command_set() ? "arsignup.key_command" : "arsignup.key_file";
}

/* Return its value; a command may have secrets in it, and is not shown. */
const char *
master_key_value(void)
{
	return is_command_set() ? "(not shown)" : key_file_setting;
}

/* Say where the keys are: in the middle of a sentence. */
char *
master_key_place(void)
{
	return is_command_set() ? pstrdup("the output of arsignup.key_command") : psprintf("the key file \"%s\"", key_file_setting);
}

/* Report that the keys cannot be used. */
pg_noreturn static void
raise_trouble(const KeyTrouble *trouble)
{
	ereport(ERROR,
			(errcode(ERRCODE_ARSIGNUP_KEY),
			 errmsg("cannot use %s: %s", master_key_place(), trouble->problem),
			 errhint("%s", trouble->remedy)));
}

/* Report that the key file cannot be made. */
pg_noreturn static void
raise_not_made(const char *problem, const char *remedy)
{
	raise_trouble(&(KeyTrouble) {.problem = problem, .remedy = remedy});
}

/* ---------- reading ---------- */

/* Tell whether these bytes are text: keys that somebody has written down, and not what they stand for. */
static bool
is_text(const uint8_t *bytes, size_t size)
{
	for (size_t i = 0; i < size; i++)
		if ((bytes[i] < ' ' || bytes[i] > '~') && bytes[i] != '\n' && bytes[i] != '\r' && bytes[i] != '\t')
			return false;
	return true;
}

/* Tell whether so many bytes are keys, or what is wrong with them. */
static bool
check_keys(const uint8_t *bytes, size_t size, KeyTrouble *trouble)
{
	if (size == 0)
		return trouble_is(trouble, "it is empty", "A master key is 32 bytes: copy it again from where it came.");
	if (size != MASTER_KEY_SIZE && is_text(bytes, size))
		return trouble_is(trouble, "it is text", "A master key is 32 bytes: decode it first.");
	if (size == KEYS_CAPACITY)
		return trouble_is(trouble, "it has more than 16 keys", "Leave out those that seal nothing any more.");
	if (size % MASTER_KEY_SIZE != 0)
		return trouble_is(trouble, "it is not 32 bytes long, nor a multiple of that",
						  "A master key is 32 bytes, with nothing before, between or behind them: copy it again from where it came.");
	return true;
}

/* Take bytes as the keys, in memory that sodium_malloc gave and that is ours from now on; or free it. */
static bool
take_keys(uint8_t *bytes, size_t size, KeyTrouble *trouble)
{
	if (!check_keys(bytes, size, trouble))
	{
		sodium_free(bytes);
		return false;
	}
	keys = bytes;
	key_count = size / MASTER_KEY_SIZE;
	for (int i = 0; i < key_count; i++)
		crypto_generichash(key_ids[i], MASTER_KEY_ID_SIZE, keys + i * MASTER_KEY_SIZE, MASTER_KEY_SIZE,
						   (const uint8_t *) "arsignup key id", 15);
	return true;
}

/* Forget the keys that were read. */
static void
forget_keys(void)
{
	sodium_free(keys);
	keys = NULL;
	key_count = 0;
}

/* Return memory for keys. */
static uint8_t *
allocate_keys(void)
{
	uint8_t    *bytes = sodium_malloc(KEYS_CAPACITY);

	if (bytes == NULL)
		ereport(ERROR, (errcode(ERRCODE_OUT_OF_MEMORY), errmsg("out of memory")));
	return bytes;
}

/*
 * Tell whether a file is one that nobody else could read or put there, as the
 * server asks of ssl_key_file: its own, or root's, which its group may read.
 */
static bool
check_file(int file, struct stat *status, KeyTrouble *trouble)
{
	if (fstat(file, status) != 0)
		return trouble_is(trouble, pstrdup(strerror(errno)), "Check the file system.");
	if (!S_ISREG(status->st_mode))
		return trouble_is(trouble, "it is not a regular file", "Put the file itself there.");
	if (status->st_uid != geteuid() && status->st_uid != 0)
		return trouble_is(trouble, "it has another owner than the server's account or root", "Change its owner.");
	if (status->st_uid == 0 && (status->st_mode & (S_IWGRP | S_IXGRP | S_IRWXO)))
		return trouble_is(trouble, "it is root's and accessible to others, or its group may do more than read it",
						  "Run chmod 0640 on it.");
	if (status->st_uid != 0 && (status->st_mode & (S_IRWXG | S_IRWXO)))
		return trouble_is(trouble, "it is accessible to group or others", "Run chmod 0600 on it.");
	return true;
}

/* Say why the key file does not open. One that is there by now was made by another backend since: it was missing. */
static bool
cannot_open(int error, KeyTrouble *trouble)
{
	struct stat status;

	if (error != ENOENT)
		return trouble_is(trouble, pstrdup(strerror(error)), "Make it readable for the server's account only.");
	if (lstat(key_file_setting, &status) == 0 && S_ISLNK(status.st_mode))
		return trouble_is(trouble, "it is a symbolic link that leads nowhere", "Put a file where it leads, or the file itself there.");
	*trouble = (KeyTrouble) {
		.problem = "it does not exist",
		.remedy = RecoveryInProgress() ? "Copy it from the primary." :
			"Copy it from the server that sealed the signing keys; if there are none yet, call arsignup.make_master_key.",
		.is_missing = true
	};
	return false;
}

/* Read keys from the key file. */
static bool
read_file(KeyTrouble *trouble)
{
	int			file = OpenTransientFile(key_file_setting, O_RDONLY | O_NONBLOCK);
	uint8_t    *bytes;
	ssize_t		size;

	if (file < 0)
		return cannot_open(errno, trouble);
	if (!check_file(file, &keys_status, trouble))
	{
		CloseTransientFile(file);
		return false;
	}
	bytes = allocate_keys();
	size = read(file, bytes, KEYS_CAPACITY);
	CloseTransientFile(file);
	if (size < 0 || size != Min(keys_status.st_size, KEYS_CAPACITY))
	{
		sodium_free(bytes);
		return trouble_is(trouble, "it cannot be read whole", "Check the file system.");
	}
	return take_keys(bytes, size, trouble);
}

/* Read keys from the command. */
static bool
run_command(KeyTrouble *trouble)
{
	uint8_t    *bytes = allocate_keys();
	size_t		size = 0;
	const char *problem = NULL;

	PG_TRY();
	{
		problem = key_command_run(key_command_setting, bytes, KEYS_CAPACITY, &size);
	}
	PG_CATCH();
	{
		sodium_free(bytes);
		PG_RE_THROW();
	}
	PG_END_TRY();
	keys_reload_time = PgReloadTime;
	if (problem == NULL)
		return take_keys(bytes, size, trouble);
	sodium_free(bytes);
	return trouble_is(trouble, problem, "Run it as the server's account; what it says on its standard error is in the server's log.");
}

/*
 * Tell whether the keys are those that were read. Whatever is done to a file,
 * its time of change tells, and a link leads to another file; what a command
 * has printed is good until the settings are read again.
 */
static bool
keys_are_current(void)
{
	struct stat status;

	if (keys == NULL || keys_are_printed != is_command_set())
		return false;
	if (keys_are_printed)
		return keys_reload_time == PgReloadTime;
	return stat(key_file_setting, &status) == 0 &&
		status.st_dev == keys_status.st_dev && status.st_ino == keys_status.st_ino &&
		status.st_ctim.tv_sec == keys_status.st_ctim.tv_sec && status.st_ctim.tv_nsec == keys_status.st_ctim.tv_nsec;
}

/* Have the keys in the memory of this backend; false if that cannot be, and why. */
bool
master_keys_load(KeyTrouble *trouble)
{
	if (keys_are_current())
		return true;
	forget_keys();
	keys_are_printed = is_command_set();
	return keys_are_printed ? run_command(trouble) : read_file(trouble);
}

/* Tell whether there are keys; or raise SU011 if they cannot be used. */
bool
master_keys_exist(void)
{
	KeyTrouble	trouble;

	if (master_keys_load(&trouble))
		return true;
	if (!trouble.is_missing)
		raise_trouble(&trouble);
	return false;
}

/* Make sure that there are keys; or raise SU011. */
void
master_keys_require(void)
{
	KeyTrouble	trouble;

	if (!master_keys_load(&trouble))
		raise_trouble(&trouble);
}

/* ---------- making ---------- */

/* Write a new key to a file of its own beside the real one. */
static void
write_key(const char *path)
{
	uint8_t		key[MASTER_KEY_SIZE];
	int			file = OpenTransientFilePerm(path, O_WRONLY | O_CREAT | O_EXCL | O_NOFOLLOW, 0600);
	bool		written;

	if (file < 0)
		raise_not_made(strerror(errno), "The server's account must be able to make files beside it.");
	randombytes_buf(key, sizeof(key));
	written = write(file, key, sizeof(key)) == sizeof(key) && pg_fsync(file) == 0;
	sodium_memzero(key, sizeof(key));
	CloseTransientFile(file);
	if (!written)
	{
		unlink(path);
		raise_not_made("it cannot be written", "Check free disk space.");
	}
}

/* Make sure that the key file is found again after a crash: keys sealed under it will be. */
static void
sync_directory(void)
{
	char		directory[MAXPGPATH];

	strlcpy(directory, key_file_setting, MAXPGPATH);
	get_parent_directory(directory);
	fsync_fname(directory[0] != '\0' ? directory : ".", true);
}

/*
 * Make the key file if there is none; tell whether that was done. Written
 * beside and then linked, so that of two who do this at once one wins and
 * nobody ever reads half a key.
 */
bool
master_key_make(void)
{
	char		path[MAXPGPATH];
	bool		made;

	if (master_keys_exist())
		return false;
	if (RecoveryInProgress() || IsBinaryUpgrade)
		raise_not_made("it does not exist", "Copy it from the primary.");
	snprintf(path, sizeof(path), "%s.%d", key_file_setting, MyProcPid);
	unlink(path);				/* of a backend that crashed with this very number */
	write_key(path);
	made = link(path, key_file_setting) == 0;
	if (!made && errno != EEXIST)
	{
		unlink(path);
		raise_not_made("it cannot be made", "The server's account must be able to make files beside it.");
	}
	unlink(path);
	sync_directory();
	if (!master_keys_exist())
		raise_not_made("it does not exist", "It was removed just now.");
	return made;
}

/* ---------- using ---------- */

/* Return the key with this id; NULL if it is not here; or raise SU011. */
static const uint8_t *
find_key(Span id)
{
	if (id.size != MASTER_KEY_ID_SIZE || !master_keys_exist())
		return NULL;
	for (int i = 0; i < key_count; i++)
		if (memcmp(id.data, key_ids[i], MASTER_KEY_ID_SIZE) == 0)
			return keys + i * MASTER_KEY_SIZE;
	return NULL;
}

/* Tell whether the key with this id is here; or raise SU011. */
bool
master_key_is_here(Span id)
{
	return find_key(id) != NULL;
}

/* Tell whether the key with this id is the one that seals; or raise SU011. */
bool
master_key_seals(Span id)
{
	return find_key(id) == keys && keys != NULL;
}

/* Derive a key of its own for a purpose from the first key, which must have been seen to be here. */
void
master_key_derive(const char context[crypto_kdf_CONTEXTBYTES], uint8_t out[MASTER_KEY_DERIVED_SIZE])
{
	StaticAssertStmt(MASTER_KEY_SIZE == crypto_kdf_KEYBYTES, "a master key is one that others are derived from");
	crypto_kdf_derive_from_key(out, MASTER_KEY_DERIVED_SIZE, 1, context, keys);
}

/* Seal a secret under the first key, which must have been seen to be here, and note its id; out has SEAL_OVERHEAD bytes more. */
void
seal(Span secret, Span context, uint8_t *out, uint8_t id[MASTER_KEY_ID_SIZE])
{
	randombytes_buf(out, NONCE_SIZE);
	crypto_aead_xchacha20poly1305_ietf_encrypt(out + NONCE_SIZE, NULL,
											   (const uint8_t *) secret.data, secret.size,
											   (const uint8_t *) context.data, context.size,
											   NULL, out, keys);
	memcpy(id, key_ids[0], MASTER_KEY_ID_SIZE);
}

/* Open what was sealed in the same context under the key with this id; out has SEAL_OVERHEAD bytes less. */
bool
unseal(Span id, Span sealed, Span context, uint8_t *out)
{
	const uint8_t *bytes = (const uint8_t *) sealed.data;
	const uint8_t *key = find_key(id);

	return key != NULL && sealed.size >= SEAL_OVERHEAD &&
		crypto_aead_xchacha20poly1305_ietf_decrypt(out, NULL, NULL,
												   bytes + NONCE_SIZE, sealed.size - NONCE_SIZE,
												   (const uint8_t *) context.data, context.size,
												   bytes, key) == 0;
}
