/*
 * A bare loop of libsodium's Ed25519 verification, which the verify lane is
 * held against.
 *
 *   bare-verify SECONDS BYTES
 *
 * Verifies the signature of so many bytes again and again. Prints one line:
 * how many, in how many seconds, and what CPU time they took.
 */
#include <sodium.h>
#include <stdio.h>
#include <stdlib.h>
#include <time.h>

/* Return the time of a clock in seconds. */
static double
seconds_of(clockid_t clock)
{
	struct timespec time;

	clock_gettime(clock, &time);
	return time.tv_sec + time.tv_nsec / 1e9;
}

/* End, saying why. */
static void
die(const char *reason)
{
	fprintf(stderr, "bare-verify: %s\n", reason);
	exit(1);
}

int
main(int argc, char **argv)
{
	double		seconds = argc > 2 ? atof(argv[1]) : 0;
	size_t		size = argc > 2 ? strtoul(argv[2], NULL, 10) : 0;
	unsigned char public_key[crypto_sign_PUBLICKEYBYTES];
	unsigned char secret_key[crypto_sign_SECRETKEYBYTES];
	unsigned char signature[crypto_sign_BYTES];
	unsigned char *message = malloc(size + 1);
	double		began = seconds_of(CLOCK_MONOTONIC);
	unsigned long count = 0;

	if (seconds <= 0 || size == 0)
		die("usage: bare-verify SECONDS BYTES");
	if (message == NULL || sodium_init() < 0)
		die("cannot begin");
	randombytes_buf(message, size);
	crypto_sign_keypair(public_key, secret_key);
	crypto_sign_detached(signature, NULL, message, size, secret_key);
	for (; seconds_of(CLOCK_MONOTONIC) - began < seconds; count++)
	{
		if (crypto_sign_verify_detached(signature, message, size, public_key) != 0)
			die("a signature does not verify");
	}
	printf("verified %lu seconds %.3f cpu %.3f\n", count, seconds_of(CLOCK_MONOTONIC) - began,
		   seconds_of(CLOCK_PROCESS_CPUTIME_ID));
	return 0;
}
