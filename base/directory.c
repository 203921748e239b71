#include "base/base.h"
#include "base/directory.h"
#include "base/xalloc.h"

#include <sys/stat.h>

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
