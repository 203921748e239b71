/* A file that is replaced whole: a reader, or the next start, finds the old content or the new. */
#ifndef FRESHET_BASE_ATOMIC_FILE_H
#define FRESHET_BASE_ATOMIC_FILE_H

#include "base/base.h"
#include "base/slice.h"

/* Writes bytes to PATH.next, flushes them to the disk, renames the file to PATH and flushes its
 * directory. Writers of one path take turns, in other processes too. Returns 0 or -errno; after an
 * error PATH is as it was (or new, if only the last flush failed) and PATH.next is deleted. */
int atomic_file_write(const char *path, struct slice bytes);

#endif
