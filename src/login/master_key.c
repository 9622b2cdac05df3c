/*
 * The master key: 32 random bytes in a file outside of all tables. Whoever
 * reads the tables, a dump or a replica, but not this file, can sign nothing.
 */
#include "login/master_key.h"

#include <errno.h>
#include <fcntl.h>
#include <sodium.h>
#include <sys/stat.h>
#include <unistd.h>

#include "access/xlog.h"
#include "common/file_perm.h"
#include "miscadmin.h"
#include "storage/fd.h"

#define MASTER_KEY_SIZE crypto_aead_xchacha20poly1305_ietf_KEYBYTES
#define NONCE_SIZE crypto_aead_xchacha20poly1305_ietf_NPUBBYTES

/* The key as it was read last, in memory that is neither swapped nor dumped. */
static uint8_t *master_key = NULL;
static uint8_t key_id[MASTER_KEY_ID_SIZE];

/* What its file looked like then. */
static struct stat key_status;

/* Report that the key file cannot be used. */
pg_noreturn static void
raise_key_file(const char *problem, const char *hint)
{
	ereport(ERROR,
			(errcode(ERRCODE_ARSIGNUP_KEY),
			 errmsg("cannot use the key file \"%s\": %s", key_file_setting, problem),
			 errhint("%s", hint)));
}

/* Refuse a file that somebody else could read or put there. */
static void
check_file(int file, struct stat *status)
{
	if (fstat(file, status) != 0)
		raise_key_file(strerror(errno), "Check the file system.");
	if (!S_ISREG(status->st_mode))
		raise_key_file("it is not a regular file", "Put the file itself there.");
	if (status->st_uid != geteuid())
		raise_key_file("it has another owner than the server's account", "Change its owner.");
	if (status->st_mode & (S_IRWXG | S_IRWXO))
		raise_key_file("it is accessible to group or others", "Run chmod 0600 on it.");
	if (status->st_size != MASTER_KEY_SIZE)
		raise_key_file("it is not 32 bytes long", "Copy it again from where it came.");
}

/* Open the key file without following a link; return -1 if there is none. */
static int
open_key_file(void)
{
	int			file = OpenTransientFile(key_file_setting, O_RDONLY | O_NOFOLLOW | O_NONBLOCK);

	if (file < 0 && errno == ELOOP)
		raise_key_file("it is a symbolic link",
					   "Put the file itself there, or set arsignup.key_file to where it is and reload.");
	if (file < 0 && errno != ENOENT)
		raise_key_file(strerror(errno), "Make it readable for the server's account only.");
	return file;
}

/* Tell whether the key file is the one that was read: whatever is done to a file, its time of change tells. */
static bool
key_is_current(void)
{
	struct stat status;

	return master_key != NULL && lstat(key_file_setting, &status) == 0 &&
		status.st_dev == key_status.st_dev && status.st_ino == key_status.st_ino &&
		status.st_ctim.tv_sec == key_status.st_ctim.tv_sec && status.st_ctim.tv_nsec == key_status.st_ctim.tv_nsec;
}

/* Forget the key that was read. */
static void
forget_master_key(void)
{
	sodium_free(master_key);
	master_key = NULL;
}

/* Read the key file into memory of this backend unless it is there; false if there is none. */
static bool
load_master_key(void)
{
	int			file;
	uint8_t    *key;
	ssize_t		size;

	if (key_is_current())
		return true;
	forget_master_key();
	file = open_key_file();
	if (file < 0)
		return false;
	check_file(file, &key_status);
	key = sodium_malloc(MASTER_KEY_SIZE);
	if (key == NULL)
		ereport(ERROR, (errcode(ERRCODE_OUT_OF_MEMORY), errmsg("out of memory")));
	size = read(file, key, MASTER_KEY_SIZE);
	CloseTransientFile(file);
	if (size != MASTER_KEY_SIZE)
	{
		sodium_free(key);
		raise_key_file("it cannot be read whole", "Check the file system.");
	}
	crypto_generichash(key_id, MASTER_KEY_ID_SIZE, key, MASTER_KEY_SIZE,
					   (const uint8_t *) "arsignup key id", 15);
	master_key = key;
	return true;
}

/* Write a new key to a file of its own beside the real one. */
static void
write_key(const char *path)
{
	uint8_t		key[MASTER_KEY_SIZE];
	int			file = OpenTransientFilePerm(path, O_WRONLY | O_CREAT | O_EXCL | O_NOFOLLOW, 0600);
	bool		written;

	if (file < 0)
		raise_key_file(strerror(errno), "The server's account must be able to make files beside it.");
	randombytes_buf(key, sizeof(key));
	written = write(file, key, sizeof(key)) == sizeof(key) && pg_fsync(file) == 0;
	sodium_memzero(key, sizeof(key));
	CloseTransientFile(file);
	if (!written)
	{
		unlink(path);
		raise_key_file("it cannot be written", "Is the disk full?");
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
 * Make the key file if there is none. Written beside and then linked, so that
 * of two who do this at once one wins and nobody ever reads half a key.
 */
void
master_key_make(void)
{
	char		path[MAXPGPATH];

	if (load_master_key())
		return;
	if (RecoveryInProgress() || IsBinaryUpgrade)
		raise_key_file("it does not exist", "Copy it from the primary.");
	snprintf(path, sizeof(path), "%s.%d", key_file_setting, MyProcPid);
	unlink(path);				/* of a backend that crashed with this very number */
	write_key(path);
	if (link(path, key_file_setting) != 0 && errno != EEXIST)
	{
		unlink(path);
		raise_key_file("it cannot be made", "The server's account must be able to make files beside it.");
	}
	unlink(path);
	sync_directory();
	if (!load_master_key())
		raise_key_file("it does not exist", "It was removed just now.");
}

/* Return the id of the master key, which tells nothing of the key; NULL if there is no key file. */
const uint8_t *
master_key_id(void)
{
	return load_master_key() ? key_id : NULL;
}

/* Seal a secret, bound to its context; out has SEAL_OVERHEAD bytes more. */
void
seal(Span secret, Span context, uint8_t *out)
{
	randombytes_buf(out, NONCE_SIZE);
	crypto_aead_xchacha20poly1305_ietf_encrypt(out + NONCE_SIZE, NULL,
											   (const uint8_t *) secret.data, secret.size,
											   (const uint8_t *) context.data, context.size,
											   NULL, out, master_key);
}

/* Open what was sealed in the same context; out has SEAL_OVERHEAD bytes less. */
bool
unseal(Span sealed, Span context, uint8_t *out)
{
	const uint8_t *bytes = (const uint8_t *) sealed.data;

	return sealed.size >= SEAL_OVERHEAD &&
		crypto_aead_xchacha20poly1305_ietf_decrypt(out, NULL, NULL,
												   bytes + NONCE_SIZE, sealed.size - NONCE_SIZE,
												   (const uint8_t *) context.data, context.size,
												   bytes, master_key) == 0;
}
