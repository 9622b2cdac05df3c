/*
 * The block of memory that a hash works in. Pure C.
 */
#ifndef ARSIGNUP_BLOCK_H
#define ARSIGNUP_BLOCK_H

#include <stddef.h>

extern void *block_map(size_t size);
extern const char *block_pages(void);

#endif							/* ARSIGNUP_BLOCK_H */
