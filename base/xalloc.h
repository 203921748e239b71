/* Allocation that succeeds or ends the process.
 *
 * Sizes come from configured limits, so running out of memory is a fault of the machine, not of the
 * data. A restart recovers: it reads the log again. The caller frees with free().
 */
#ifndef FRESHET_BASE_XALLOC_H
#define FRESHET_BASE_XALLOC_H

#include "base/base.h"

/* Allocates size bytes (at least one). */
void *xmalloc(size_t size);
/* Allocates count * size zeroed bytes; an overflow of the product ends the process. */
void *xcalloc(size_t count, size_t size);
/* Resizes to count * size bytes; an overflow of the product ends the process. */
void *xreallocarray(void *old, size_t count, size_t size);
/* Allocates count * size bytes for a table that is used at random places: in huge pages if it is
 * large and the system gives them when asked (madvise(2), MADV_HUGEPAGE). Not set. */
void *xlarge(size_t count, size_t size);
/* Copies size bytes to a new place. */
void *xmemdup(const void *from, size_t size);
/* Copies a string to a new place. */
char *xstrdup(const char *from);
/* Prints into a new string. */
char *xprintf(const char *format, ...) _printf_(1, 2);

/* Cleanup for a variable that owns malloc'd memory: `_cleanup_(xfreep) char *name`. */
static inline void xfreep(void *variable)
{
    void *owned;
    memcpy(&owned, variable, sizeof(owned));
    free(owned);
}

#endif
