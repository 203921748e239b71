/* 1. Open PATH.next and lock it. The name is fixed, so that a crash leaves at most one such file
 *    and the next writer overwrites it. A writer that waited for the lock may now hold a file that
 *    another writer has renamed; it opens PATH.next again until the locked file has that name.
 * 2. Truncate, write, fsync: the bytes are on the disk before the name is.
 * 3. Rename, fsync of the directory: the name survives a power cut.
 */
#include "base/base.h"
#include "base/atomic_file.h"
#include "base/crash.h"
#include "base/xalloc.h"

#include <fcntl.h>
#include <libgen.h>
#include <sys/file.h>
#include <sys/stat.h>
#include <unistd.h>

static bool is_same_file(int fd, const char *path)
{
    struct stat opened, named;
    return fstat(fd, &opened) == 0 && stat(path, &named) == 0 && opened.st_ino == named.st_ino &&
           opened.st_dev == named.st_dev;
}

static int lock(int fd)
{
    while (flock(fd, LOCK_EX) < 0) {
        if (errno != EINTR) { return -errno; }
    }
    return 0;
}

/* Returns the locked file at path, or -errno. */
static int open_locked(const char *path)
{
    for (;;) {
        int fd = open(path, O_WRONLY | O_CREAT | O_CLOEXEC, 0666);
        if (fd < 0) { return -errno; }
        int result = lock(fd);
        if (!result && is_same_file(fd, path)) { return fd; }
        (void)close(fd);
        if (result) { return result; }
    }
}

static int write_bytes(int fd, struct slice bytes)
{
    if (ftruncate(fd, 0) < 0) { return -errno; }
    for (size_t at = 0; at < bytes.size;) {
        ssize_t written = write(fd, bytes.data + at, bytes.size - at);
        if (written < 0 && errno == EINTR) { continue; }
        if (written < 0) { return -errno; }
        at += (size_t)written;
    }
    return fsync(fd) < 0 ? -errno : 0;
}

static int sync_directory(const char *path)
{
    _cleanup_(xfreep) char *copy = xstrdup(path);
    int fd = open(dirname(copy), O_RDONLY | O_DIRECTORY | O_CLOEXEC);
    if (fd < 0) { return -errno; }
    int result = fsync(fd) < 0 ? -errno : 0;
    (void)close(fd);
    return result;
}

int atomic_file_write(const char *path, struct slice bytes)
{
    _cleanup_(xfreep) char *next = xprintf("%s.next", path);
    int fd = open_locked(next);
    if (fd < 0) { return fd; }
    CRASH_POINT("atomic_file.write");
    int result = write_bytes(fd, bytes);
    CRASH_POINT("atomic_file.written");
    if (!result && rename(next, path) < 0) { result = -errno; }
    if (result) { (void)unlink(next); }
    CRASH_POINT("atomic_file.renamed");
    /* Closed last: the lock is held for as long as the name is this writer's. */
    if (close(fd) < 0 && !result) { result = -errno; }
    return result ? result : sync_directory(path);
}
