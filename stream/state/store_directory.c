/* RocksDB's directory has files only, no subdirectories. It is locked by a lock on the file LOCK,
 * and a mark of damage is a file beside the others, which RocksDB ignores.
 */
#include "base/base.h"
#include "base/crash.h"
#include "base/xalloc.h"
#include "stream/state/store_directory.h"

#include <dirent.h>
#include <fcntl.h>
#include <sys/stat.h>
#include <unistd.h>

#define MARK_FILE "DAMAGED"

void store_mark_damaged(const char *path)
{
    _cleanup_(xfreep) char *file = xprintf("%s/" MARK_FILE, path);
    int fd = open(file, O_WRONLY | O_CREAT | O_CLOEXEC, 0666);
    if (fd >= 0) { close(fd); }
}

bool store_is_marked(const char *path)
{
    _cleanup_(xfreep) char *file = xprintf("%s/" MARK_FILE, path);
    return access(file, F_OK) == 0;
}

int64_t store_changed_ms(const char *path)
{
    int64_t newest_ms = 0;
    DIR *dir = opendir(path);
    if (!dir) { return 0; }
    for (struct dirent *entry = readdir(dir); entry; entry = readdir(dir)) {
        _cleanup_(xfreep) char *file = xprintf("%s/%s", path, entry->d_name);
        struct stat found;
        if (stat(file, &found) < 0 || !S_ISREG(found.st_mode)) { continue; }
        newest_ms = MAX_OF(newest_ms, (int64_t)found.st_mtim.tv_sec * 1000);
    }
    closedir(dir);
    return newest_ms;
}

int store_wipe(const char *path)
{
    DIR *dir = opendir(path);
    if (!dir) { return errno == ENOENT ? 0 : -errno; }
    int result = 0;
    for (struct dirent *entry = readdir(dir); entry; entry = readdir(dir)) {
        if (strcmp(entry->d_name, ".") == 0 || strcmp(entry->d_name, "..") == 0) { continue; }
        _cleanup_(xfreep) char *file = xprintf("%s/%s", path, entry->d_name);
        if (unlink(file) < 0) { result = -errno; }
        CRASH_POINT("store.wiping");
    }
    closedir(dir);
    if (result == 0 && rmdir(path) < 0) { result = -errno; }
    return result;
}

/* Queries or takes the lock on the file LOCK, by which RocksDB locks a directory. */
static int try_lock(const char *path, int command, struct flock *lock, int *ret_fd)
{
    _cleanup_(xfreep) char *file = xprintf("%s/LOCK", path);
    *lock = (struct flock){.l_type = F_WRLCK, .l_whence = SEEK_SET};
    *ret_fd = open(file, O_RDWR | O_CLOEXEC);
    if (*ret_fd < 0) { return -errno; }
    return fcntl(*ret_fd, command, lock) < 0 ? -errno : 0;
}

bool store_in_use(const char *path)
{
    struct flock lock;
    int fd;
    int result = try_lock(path, F_GETLK, &lock, &fd);
    if (fd >= 0) { close(fd); }
    return result == 0 && lock.l_type != F_UNLCK;
}

int store_discard(const char *path)
{
    struct flock lock;
    int fd;
    int result = try_lock(path, F_SETLK, &lock, &fd);
    if (result == -EACCES) { result = -EAGAIN; }
    if (result == 0 || result == -ENOENT) { result = store_wipe(path); }
    if (fd >= 0) { close(fd); }
    return result;
}
