#include "base/base.h"
#include "base/directory.h"
#include "base/xalloc.h"

#include <ftw.h>
#include <sys/stat.h>
#include <unistd.h>

int directory_make(const char *path)
{
    _cleanup_(xfreep) char *part = xstrdup(path);
    for (char *at = part + 1; *at; at++) {
        if (*at != '/') { continue; }
        *at = '\0';
        if (mkdir(part, 0777) < 0 && errno != EEXIST) { return -errno; }
        *at = '/';
    }
    return mkdir(part, 0777) < 0 && errno != EEXIST ? -errno : 0;
}

static int delete_one(const char *path, const struct stat *about _unused_, int kind _unused_,
                      struct FTW *place _unused_)
{
    return remove(path) == 0 ? 0 : -errno;
}

int directory_delete(const char *path)
{
    enum { OPEN_MAX_OF_US = 16 };
    if (access(path, F_OK) < 0) { return errno == ENOENT ? 0 : -errno; }
    int result = nftw(path, delete_one, OPEN_MAX_OF_US, FTW_DEPTH | FTW_PHYS);
    return result == -1 ? -errno : result;
}
