/*
 * What of the machine the server may use, as control groups say.
 */
#include "base/machine.h"

#include <ftw.h>
#include <sched.h>
#include <sys/stat.h>
#include <unistd.h>

#include "tap.h"

static char root[] = "/tmp/machine.XXXXXX";

/* Write a file below the root, with its directories. */
static void
write_file(const char *name, const char *contents)
{
	char		path[1024];
	FILE	   *file;

	snprintf(path, sizeof(path), "%s%s", root, name);
	for (char *slash = path + 1; (slash = strchr(slash, '/')) != NULL; slash++)
	{
		*slash = '\0';
		mkdir(path, 0700);
		*slash = '/';
	}
	file = fopen(path, "w");
	if (file == NULL || fputs(contents, file) < 0 || fclose(file) != 0)
		abort();
}

/* A file of the tree. */
typedef struct File
{
	const char *name;
	const char *contents;
} File;

#define MAX_FILES 6

/* Groups, and what they leave of any number of cores and any memory. */
static const struct
{
	const char *what;
	File		files[MAX_FILES];
	int			cores;			/* INT32_MAX: all that there are */
	uint64_t	memory;			/* UINT64_MAX: all that there is */
}			cases[] = {
	{"no group", {{"/proc/self/cgroup", ""}}, INT32_MAX, UINT64_MAX},
	{"no limit", {
		{"/proc/self/cgroup", "0::/\n"}, {"/sys/fs/cgroup/cpu.max", "max 100000\n"}, {"/sys/fs/cgroup/memory.max", "max\n"}
	}, INT32_MAX, UINT64_MAX},
	{"one core", {
		{"/proc/self/cgroup", "0::/\n"}, {"/sys/fs/cgroup/cpu.max", "100000 100000\n"}
	}, 1, UINT64_MAX},
	{"a part of a core", {
		{"/proc/self/cgroup", "0::/\n"}, {"/sys/fs/cgroup/cpu.max", "20000 100000\n"}
	}, 1, UINT64_MAX},
	{"memory", {
		{"/proc/self/cgroup", "0::/\n"}, {"/sys/fs/cgroup/memory.max", "268435456\n"}
	}, INT32_MAX, 268435456},
	{"a group within one that has less", {
		{"/proc/self/cgroup", "0::/pod/server\n"}, {"/sys/fs/cgroup/pod/cpu.max", "100000 100000\n"},
		{"/sys/fs/cgroup/pod/server/cpu.max", "max 100000\n"}, {"/sys/fs/cgroup/pod/memory.max", "1048576\n"},
		{"/sys/fs/cgroup/pod/server/memory.max", "2097152\n"}
	}, 1, 1048576},
	{"a path that only the host knows", {
		{"/proc/self/cgroup", "0::/kubepods/besteffort/x\n"}, {"/sys/fs/cgroup/cpu.max", "50000 100000\n"},
		{"/sys/fs/cgroup/memory.max", "4096\n"}
	}, 1, 4096},
	{"version 1", {
		{"/proc/self/cgroup", "5:memory:/a\n3:cpu,cpuacct:/a/b\n1:name=systemd:/\n"},
		{"/sys/fs/cgroup/cpu/a/b/cpu.cfs_quota_us", "-1\n"}, {"/sys/fs/cgroup/cpu/a/cpu.cfs_quota_us", "90000\n"},
		{"/sys/fs/cgroup/cpu/a/cpu.cfs_period_us", "100000\n"}, {"/sys/fs/cgroup/memory/a/memory.limit_in_bytes", "8192\n"}
	}, 1, 8192},
	{"version 1 without limits", {
		{"/proc/self/cgroup", "5:memory:/\n3:cpuacct,cpu:/\n"}, {"/sys/fs/cgroup/cpu/cpu.cfs_quota_us", "-1\n"},
		{"/sys/fs/cgroup/cpu/cpu.cfs_period_us", "100000\n"}, {"/sys/fs/cgroup/memory/memory.limit_in_bytes", "9223372036854771712\n"}
	}, INT32_MAX, UINT64_MAX},
	{"a set of cores is no limit of their time", {
		{"/proc/self/cgroup", "3:cpuset:/\n"}, {"/sys/fs/cgroup/cpu/cpu.cfs_quota_us", "1000\n"},
		{"/sys/fs/cgroup/cpu/cpu.cfs_period_us", "100000\n"}
	}, INT32_MAX, UINT64_MAX},
	{"nonsense", {
		{"/proc/self/cgroup", "0\n::\n0:/\n\n0::nowhere\n"}, {"/sys/fs/cgroup/cpu.max", "100000 100000\n"}
	}, INT32_MAX, UINT64_MAX},
	{"nonsense in the files", {
		{"/proc/self/cgroup", "0::/\n"}, {"/sys/fs/cgroup/cpu.max", "100000 0\n"}, {"/sys/fs/cgroup/memory.max", "much\n"}
	}, INT32_MAX, UINT64_MAX}
};

/* Remove a file, for nftw. */
static int
remove_file(const char *path, const struct stat *status, int type, struct FTW *place)
{
	(void) status, (void) type, (void) place;
	return remove(path);
}

/* Remove the tree. */
static void
remove_tree(void)
{
	(void) nftw(root, remove_file, 8, FTW_DEPTH | FTW_PHYS);
}

int
main(void)
{
	cpu_set_t	all;
	cpu_set_t	one;
	int			cores;
	uint64_t	memory;

	plan(2 * lengthof(cases) + 4);
	if (mkdtemp(root) == NULL || sched_getaffinity(0, sizeof(all), &all) != 0)
		abort();
	cores = machine_cores(root);
	memory = machine_memory(root);
	ok(cores == CPU_COUNT(&all), "without groups: the cores that this process is bound to");
	ok(memory > 1048576, "the memory that there is");
	for (size_t i = 0; i < lengthof(cases); i++)
	{
		for (int n = 0; n < MAX_FILES && cases[i].files[n].name != NULL; n++)
			write_file(cases[i].files[n].name, cases[i].files[n].contents);
		ok(machine_cores(root) == (cases[i].cores < cores ? cases[i].cores : cores), "%s: cores", cases[i].what);
		ok(machine_memory(root) == (cases[i].memory < memory ? cases[i].memory : memory), "%s: memory", cases[i].what);
		remove_tree();
	}
	CPU_ZERO(&one);
	for (int cpu = 0; CPU_COUNT(&one) == 0; cpu++)
		if (CPU_ISSET(cpu, &all))
			CPU_SET(cpu, &one);
	ok(sched_setaffinity(0, sizeof(one), &one) == 0, "bound to one core");
	ok(machine_cores(root) == 1, "there is one");
	return tap_status();
}
