/*
 * A bare loop of libsodium's argon2id, which the hash lane is held against.
 *
 *   bare-hash PROCESSES SECONDS [KIB PASSES]
 *
 * Hashes as hash_password does at its default cost, or at the one given, in so
 * many processes at a time, since backends are processes, too. Prints one
 * line: how many hashes, in how many seconds, and what CPU time they took.
 */
#include <sodium.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/resource.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

#define TAG_SIZE 32
#define PROCESSES_MAX 1024

static const char password[] = "correct horse battery staple";

/* End, saying why. */
static void
die(const char *reason)
{
	fprintf(stderr, "bare-hash: %s\n", reason);
	exit(1);
}

/* Return the time in seconds. */
static double
now(void)
{
	struct timespec time;

	clock_gettime(CLOCK_MONOTONIC, &time);
	return time.tv_sec + time.tv_nsec / 1e9;
}

/* Hash until a time comes, and count. */
static void
hash_until(double end, size_t kib, unsigned long long passes, uint64_t *hashes)
{
	unsigned char tag[TAG_SIZE];
	unsigned char salt[crypto_pwhash_SALTBYTES];

	while (now() < end)
	{
		randombytes_buf(salt, sizeof(salt));
		if (crypto_pwhash(tag, sizeof(tag), password, strlen(password), salt, passes, kib * 1024,
						  crypto_pwhash_ALG_ARGON2ID13) != 0)
			die("no memory, or parameters that libsodium does not take");
		(*hashes)++;
	}
}

/* Wait for one of the processes; all must have come to their end. */
static void
wait_for_process(void)
{
	int			status;

	if (wait(&status) < 0 || status != 0)
		die("a process has failed");
}

/* Return the CPU time of the processes that were waited for, in seconds. */
static double
cpu_time(void)
{
	struct rusage usage;

	getrusage(RUSAGE_CHILDREN, &usage);
	return usage.ru_utime.tv_sec + usage.ru_stime.tv_sec + (usage.ru_utime.tv_usec + usage.ru_stime.tv_usec) / 1e6;
}

/* Hash in so many processes at a time, each of which counts in a place of its own. */
static void
run(int processes, double end, size_t kib, unsigned long long passes, uint64_t *hashes)
{
	for (int i = 0; i < processes; i++)
	{
		pid_t		process = fork();

		if (process < 0)
			die("cannot fork");
		if (process == 0)
		{
			hash_until(end, kib, passes, &hashes[i]);
			exit(0);
		}
	}
	for (int i = 0; i < processes; i++)
		wait_for_process();
}

int
main(int argc, char **argv)
{
	int			processes = argc > 2 ? atoi(argv[1]) : 0;
	double		seconds = argc > 2 ? atof(argv[2]) : 0;
	size_t		kib = argc > 3 ? strtoul(argv[3], NULL, 10) : 19456;
	unsigned long long passes = argc > 4 ? strtoull(argv[4], NULL, 10) : 2;
	uint64_t   *hashes = mmap(NULL, PROCESSES_MAX * sizeof(*hashes), PROT_READ | PROT_WRITE,
							  MAP_SHARED | MAP_ANONYMOUS, -1, 0);
	uint64_t	all = 0;
	double		began = now();

	if (processes < 1 || processes > PROCESSES_MAX || seconds <= 0)
		die("usage: bare-hash PROCESSES SECONDS [KIB PASSES]");
	if (hashes == MAP_FAILED || sodium_init() < 0)
		die("cannot begin");
	run(processes, began + seconds, kib, passes, hashes);
	for (int i = 0; i < processes; i++)
		all += hashes[i];
	printf("hashes %llu seconds %.3f cpu %.3f\n", (unsigned long long) all, now() - began, cpu_time());
	return 0;
}
