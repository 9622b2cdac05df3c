/*
 * What of the machine the server may use: all of it, or what a container is given.
 *
 * A process may be bound to some of the cores, and belongs to control groups,
 * each of which is bounded by those around it. Within a container the path of
 * a group may be one that only the host knows; the group is the root there.
 */
#include "base/machine.h"

#include <inttypes.h>
#include <sched.h>
#include <stdbool.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

#define MAX_LINE 4096

/* Read the first line of a file; false if there is none. */
static bool
read_line(char *line, const char *root, const char *group, const char *name)
{
	char		path[3 * MAX_LINE];
	FILE	   *file;
	bool		found;

	snprintf(path, sizeof(path), "%s/sys/fs/cgroup%s/%s", root, group, name);
	file = fopen(path, "re");
	if (file == NULL)
		return false;
	found = fgets(line, MAX_LINE, file) != NULL;
	fclose(file);
	return found;
}

/* How a limit of one group is read; UINT64_MAX for none. */
typedef uint64_t (*ReadLimit) (const char *root, const char *group);

/* Read how many cores' time a group of version 2 has, rounded up. */
static uint64_t
read_cores(const char *root, const char *group)
{
	char		line[MAX_LINE];
	uint64_t	quota;
	uint64_t	period;

	if (!read_line(line, root, group, "cpu.max") || sscanf(line, "%" SCNu64 " %" SCNu64, &quota, &period) != 2 || period == 0)
		return UINT64_MAX;
	return (quota + period - 1) / period;
}

/* The same of version 1, where no limit is -1. */
static uint64_t
read_cores_v1(const char *root, const char *group)
{
	char		line[MAX_LINE];
	int64_t		quota;
	int64_t		period;

	if (!read_line(line, root, group, "cpu.cfs_quota_us") || sscanf(line, "%" SCNd64, &quota) != 1 || quota <= 0 ||
		!read_line(line, root, group, "cpu.cfs_period_us") || sscanf(line, "%" SCNd64, &period) != 1 || period <= 0)
		return UINT64_MAX;
	return (quota + period - 1) / period;
}

/* Read how many bytes a group of version 2 may have. */
static uint64_t
read_memory(const char *root, const char *group)
{
	char		line[MAX_LINE];
	uint64_t	bytes;

	return read_line(line, root, group, "memory.max") && sscanf(line, "%" SCNu64, &bytes) == 1 ? bytes : UINT64_MAX;
}

/* The same of version 1, where no limit is a number larger than any memory. */
static uint64_t
read_memory_v1(const char *root, const char *group)
{
	char		line[MAX_LINE];
	uint64_t	bytes;

	return read_line(line, root, group, "memory.limit_in_bytes") && sscanf(line, "%" SCNu64, &bytes) == 1 ? bytes : UINT64_MAX;
}

/* Return the least limit of a group and those around it; the directory of the hierarchy is the group's first part. */
static uint64_t
least_limit(ReadLimit read, const char *root, const char *hierarchy, const char *path)
{
	char		group[2 * MAX_LINE];
	size_t		top = strlen(hierarchy);
	uint64_t	least;

	snprintf(group, sizeof(group), "%s%s", hierarchy, path);
	least = read(root, group);
	while (strlen(group) > top)
	{
		uint64_t	limit;

		*strrchr(group, '/') = '\0';
		limit = read(root, group);
		if (limit < least)
			least = limit;
	}
	return least;
}

/* Tell whether a name is in a list with commas. */
static bool
is_listed(const char *name, const char *list)
{
	size_t		length = strlen(name);

	for (; list != NULL; list = strchr(list, ',') ? strchr(list, ',') + 1 : NULL)
		if (strncmp(list, name, length) == 0 && (list[length] == ',' || list[length] == '\0'))
			return true;
	return false;
}

/*
 * Return the least limit of a kind of all groups that this process is in:
 * version 2 has one hierarchy for all kinds, with the number 0, version 1 one
 * for each, of which the directory has the name of the kind.
 */
static uint64_t
limit_of(const char *root, const char *kind, ReadLimit read, ReadLimit read_v1)
{
	char		line[MAX_LINE];
	char		name[64];
	uint64_t	least = UINT64_MAX;
	FILE	   *file;

	snprintf(line, sizeof(line), "%s/proc/self/cgroup", root);
	snprintf(name, sizeof(name), "/%s", kind);
	file = fopen(line, "re");
	while (file != NULL && fgets(line, sizeof(line), file) != NULL)
	{
		char	   *kinds = strchr(line, ':');
		char	   *path = kinds ? strchr(kinds + 1, ':') : NULL;
		uint64_t	limit = UINT64_MAX;

		line[strcspn(line, "\n")] = '\0';
		if (path == NULL || path[1] != '/')
			continue;
		*path++ = '\0';
		if (kinds[1] == '\0')
			limit = least_limit(read, root, "", path);
		else if (is_listed(kind, kinds + 1))
			limit = least_limit(read_v1, root, name, path);
		if (limit < least)
			least = limit;
	}
	if (file != NULL)
		fclose(file);
	return least;
}

/* Return how many cores this process may use. */
int
machine_cores(const char *root)
{
	uint64_t	limit = limit_of(root, "cpu", read_cores, read_cores_v1);
	long		cores = sysconf(_SC_NPROCESSORS_ONLN);
	cpu_set_t	set;

	if (sched_getaffinity(0, sizeof(set), &set) == 0)
		cores = CPU_COUNT(&set);
	if ((uint64_t) cores > limit)
		cores = (long) limit;
	return cores > 0 ? (int) cores : 1;
}

/* Return how many bytes of memory this process may use, together with others. */
uint64_t
machine_memory(const char *root)
{
	uint64_t	limit = limit_of(root, "memory", read_memory, read_memory_v1);
	uint64_t	memory = (uint64_t) sysconf(_SC_PHYS_PAGES) * (uint64_t) sysconf(_SC_PAGESIZE);

	return memory < limit ? memory : limit;
}
