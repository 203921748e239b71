/* The directory of a store, looked at from outside: what its files tell without RocksDB, and how
 * they are deleted.
 *
 * A process loses its locks on a file when it closes any descriptor of the file: so store_in_use()
 * and store_discard(), which open LOCK, are not for a store that this process has open.
 */
#ifndef FRESHET_STREAM_STORE_DIRECTORY_H
#define FRESHET_STREAM_STORE_DIRECTORY_H

#include "base/base.h"

/* Deletes a closed store's directory with its files; 0 (also when there is none) or -errno. */
int store_wipe(const char *path);
/* True when another process has the store in a directory open. */
bool store_in_use(const char *path);
/* Deletes the store in a directory, as store_wipe(); -EAGAIN when another process has it open. */
int store_discard(const char *path);
/* Marks the store as damaged. Without room for the file, the next opener finds the damage again. */
void store_mark_damaged(const char *path);
bool store_is_marked(const char *path);
/* Returns the time of the newest file, in ms since 1970; 0: there is none. */
int64_t store_changed_ms(const char *path);

#endif
