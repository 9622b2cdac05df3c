/*
 * The block of memory that a hash works in: mapped for it, and unmapped after
 * it. In pages of 4 kB that costs the kernel nearly as much as the hash costs
 * us, so that huge ones are asked for.
 *
 * libsodium maps its blocks itself. Where its archive is linked into our
 * library, the linker has it call __wrap_mmap in the place of mmap (Makefile);
 * no code outside of our library is touched by that.
 */
#include "password/block.h"

#include <stdint.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/resource.h>
#include <unistd.h>

#define HUGE_PAGE ((size_t) 2 * 1024 * 1024)
#define SMALL_PAGE 4096

#ifndef MAP_POPULATE
#define MAP_POPULATE 0
#endif

#ifdef ARSIGNUP_WRAPS_MMAP
extern void *__real_mmap(void *address, size_t size, int protection, int flags, int file, off_t offset);
extern void *__wrap_mmap(void *address, size_t size, int protection, int flags, int file, off_t offset)
			__attribute__((visibility("hidden")));
#else
#define __real_mmap mmap
#endif

/* Map memory of this process's own. */
static char *
map_own(size_t size, int flags)
{
	return __real_mmap(NULL, size, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS | flags, -1, 0);
}

/* Map whole pages that begin where a huge page may begin, and no more of them than are asked for. */
static char *
map_aligned(size_t size)
{
	char	   *mapped = map_own(size + HUGE_PAGE, 0);
	size_t		before;

	if (mapped == MAP_FAILED)
		return MAP_FAILED;
	before = -(uintptr_t) mapped % HUGE_PAGE;
	if (before > 0)
		(void) munmap(mapped, before);
	(void) munmap(mapped + before + size, HUGE_PAGE - before);
	return mapped + before;
}

/*
 * Have pages come in huge ones, as far as the kernel has them and whole ones
 * fit in, and all at once, which is cheaper than one by one. Where it cannot
 * do the one or the other, before Linux 5.14 for one, they come as they are.
 */
static void
advise(char *block, size_t size)
{
#ifdef MADV_HUGEPAGE
	(void) madvise(block, size, MADV_HUGEPAGE);
#endif
#ifdef MADV_POPULATE_WRITE
	(void) madvise(block, size, MADV_POPULATE_WRITE);
#endif
}

/* Map a block, which munmap gives back; MAP_FAILED for lack of memory. */
void *
block_map(size_t size)
{
	size_t		page = sysconf(_SC_PAGESIZE);
	size_t		whole = (size + page - 1) / page * page;
	char	   *block = whole >= HUGE_PAGE ? map_aligned(whole) : MAP_FAILED;

	if (block == MAP_FAILED)
		return map_own(size, MAP_POPULATE);
	advise(block, whole);
	return block;
}

#ifdef ARSIGNUP_WRAPS_MMAP

/* Do libsodium's mmap: what it wants to have at once is a block. */
void *
__wrap_mmap(void *address, size_t size, int protection, int flags, int file, off_t offset)
{
	if (address == NULL && file == -1 && (flags & MAP_POPULATE) != 0)
		return block_map(size);
	return __real_mmap(address, size, protection, flags, file, offset);
}

#endif

/*
 * Say in which pages libsodium's blocks come: huge, small, as a trial shows by
 * how many pages it was given, or not asked for. NULL where there are no huge
 * ones to ask for, or no memory.
 */
const char *
block_pages(void)
{
#if !defined(MADV_HUGEPAGE)
	return NULL;
#elif !defined(ARSIGNUP_WRAPS_MMAP)
	return "not asked for";
#else
	size_t		size = 2 * HUGE_PAGE;
	struct rusage before;
	struct rusage after;
	char	   *block;

	getrusage(RUSAGE_SELF, &before);
	block = block_map(size);
	if (block == MAP_FAILED)
		return NULL;
	memset(block, 1, size);
	getrusage(RUSAGE_SELF, &after);
	(void) munmap(block, size);
	return after.ru_minflt - before.ru_minflt < (long) (size / SMALL_PAGE / 2) ? "huge" : "small";
#endif
}
