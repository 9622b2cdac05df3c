/*
 * The command that prints the master keys.
 *
 * What it prints goes from the pipe into the memory that it is to lie in, and
 * nowhere else. It is a process group of its own, which is killed when the
 * time is up, or when whoever waits for it is cancelled or ended: a transaction
 * that signs may hold locks.
 */
#include "login/key_command.h"

#include <fcntl.h>
#include <signal.h>
#include <spawn.h>
#include <sys/wait.h>
#include <unistd.h>

#include "miscadmin.h"
#include "portability/instr_time.h"
#include "storage/ipc.h"
#include "storage/latch.h"

/* How long the command may take, in milliseconds: people wait for it. */
#define PATIENCE 10000.0

extern char **environ;

/* The command while it runs. */
typedef struct Run
{
	pid_t		pid;			/* 0: none that would have to be waited for */
	int			output;
	instr_time	began;
} Run;

/* Start a shell with the command, whose output goes to a pipe; return an errno. */
static int
spawn(const char *command, int output, pid_t *pid)
{
	char	   *arguments[] = {"sh", "-c", unconstify(char *, command), NULL};
	posix_spawn_file_actions_t files;
	posix_spawnattr_t attributes;
	sigset_t	signals;
	int			error;

	posix_spawn_file_actions_init(&files);
	posix_spawn_file_actions_addopen(&files, STDIN_FILENO, "/dev/null", O_RDONLY, 0);
	posix_spawn_file_actions_adddup2(&files, output, STDOUT_FILENO);
	posix_spawnattr_init(&attributes);
	posix_spawnattr_setflags(&attributes, POSIX_SPAWN_SETPGROUP | POSIX_SPAWN_SETSIGMASK | POSIX_SPAWN_SETSIGDEF);
	sigemptyset(&signals);
	posix_spawnattr_setsigmask(&attributes, &signals);
	sigfillset(&signals);
	posix_spawnattr_setsigdefault(&attributes, &signals);
	error = posix_spawn(pid, "/bin/sh", &files, &attributes, arguments, environ);
	posix_spawnattr_destroy(&attributes);
	posix_spawn_file_actions_destroy(&files);
	return error;
}

/* Start the command; return an errno. */
static int
start(Run *run, const char *command)
{
	int			ends[2];
	int			error;

	if (pipe2(ends, O_CLOEXEC) != 0)
		return errno;
	error = spawn(command, ends[1], &run->pid);
	close(ends[1]);
	if (error != 0)
	{
		run->pid = 0;
		close(ends[0]);
		return error;
	}
	run->output = ends[0];
	(void) pg_set_noblock(run->output);
	INSTR_TIME_SET_CURRENT(run->began);
	return 0;
}

/* Wait until there is output, or so many milliseconds; false if the time is up. */
static bool
wait_for_output(const Run *run, long milliseconds)
{
	static uint32 wait_event = 0;
	instr_time	passed;

	CHECK_FOR_INTERRUPTS();
	INSTR_TIME_SET_CURRENT(passed);
	INSTR_TIME_SUBTRACT(passed, run->began);
	if (INSTR_TIME_GET_MILLISEC(passed) >= PATIENCE)
		return false;
	if (WaitLatchOrSocket(MyLatch, WL_LATCH_SET | WL_TIMEOUT | WL_EXIT_ON_PM_DEATH | (run->output >= 0 ? WL_SOCKET_READABLE : 0),
						  run->output >= 0 ? run->output : PGINVALID_SOCKET, milliseconds,
						  wait_event_number(&wait_event, "ArsignupKeyCommand")) & WL_LATCH_SET)
		ResetLatch(MyLatch);
	return true;
}

/* Read what the command prints, as much as there is room for; false if the time is up. */
static bool
read_output(Run *run, uint8_t *out, size_t capacity, size_t *size)
{
	ssize_t		got = 1;

	*size = 0;
	while (got != 0 && *size < capacity)
	{
		if (!wait_for_output(run, 100))
			return false;
		got = read(run->output, out + *size, capacity - *size);
		if (got > 0)
			*size += got;
		else if (got < 0 && errno != EINTR && errno != EAGAIN)
			break;
	}
	close(run->output);
	run->output = -1;
	return true;
}

/* Wait for the command's end; false if the time is up. An end that cannot be learnt is no good one. */
static bool
wait_for_end(Run *run, int *status)
{
	pid_t		ended;

	while ((ended = waitpid(run->pid, status, WNOHANG)) == 0)
		if (!wait_for_output(run, 1))
			return false;
	if (ended < 0)
		*status = -1;
	run->pid = 0;
	return true;
}

/* Leave nothing of the command. */
static void
stop(Run *run)
{
	if (run->output >= 0)
		close(run->output);
	if (run->pid == 0)
		return;
	kill(-run->pid, SIGKILL);
	waitpid(run->pid, NULL, 0);
}

/* The same when the backend is ended, or an error raised. */
static void
stop_early(int code, Datum run)
{
	stop((Run *) DatumGetPointer(run));
}

/* Follow the command from its start to its end; return what went wrong, or NULL. */
static const char *
follow(Run *run, const char *command, uint8_t *out, size_t capacity, size_t *size)
{
	int			status = 0;
	int			error = start(run, command);

	if (error != 0)
		return psprintf("it cannot be started: %s", strerror(error));
	if (!read_output(run, out, capacity, size) || (*size < capacity && !wait_for_end(run, &status)))
		return psprintf("it did not end within %d seconds", (int) (PATIENCE / 1000));
	return status == 0 ? NULL : psprintf("it failed: %s", wait_result_to_str(status));
}

/* Run the command and take what it prints, until there is no room for more; return what went wrong, or NULL. */
const char *
key_command_run(const char *command, uint8_t *out, size_t capacity, size_t *size)
{
	Run		   *run = palloc0(sizeof(Run));
	const char *problem = NULL;

	run->output = -1;
	PG_ENSURE_ERROR_CLEANUP(stop_early, PointerGetDatum(run));
	{
		problem = follow(run, command, out, capacity, size);
	}
	PG_END_ENSURE_ERROR_CLEANUP(stop_early, PointerGetDatum(run));
	stop(run);
	return problem;
}
