/* Mapped bytes: an array that grows, in a file without a name, so that the system may keep the
 * pages that nobody uses on the disk; or in memory, where there is no such file.
 *
 * The file's blocks are taken before they are used: a disk that is full is found when the array
 * grows, which then moves to memory. The file goes with the process. One thread. */
#ifndef FRESHET_BASE_MAPPED_BYTES_H
#define FRESHET_BASE_MAPPED_BYTES_H

#include "base/base.h"

/* All 0: empty, in memory. */
struct mapped_bytes {
    void *at;
    size_t size;
    int file; /* its descriptor + 1; 0: in memory */
};

/* Keeps the bytes, of which there are none yet, in a file below a directory. 0, or -errno: they
 * stay in memory. */
int mapped_bytes_open(struct mapped_bytes *bytes, const char *directory);
/* Makes the array as long as this at least; new bytes are not defined. 0, or -errno where the file
 * could not grow: the bytes are in memory from now on. */
int mapped_bytes_reserve(struct mapped_bytes *bytes, size_t size);
/* Frees it, and closes the file. */
void mapped_bytes_release(struct mapped_bytes *bytes);

#endif
