/* A process is in one group of each hierarchy, named in /proc/self/cgroup, and every group above it
 * may have a limit, too. In a container the names may be those of the host, which do not exist
 * below the container's /sys; then the limit is at the top. So every directory from the group up to
 * the top is asked, and those that do not exist are skipped.
 */
#include "base/base.h"
#include "base/memory_limit.h"
#include "base/xalloc.h"

#include <inttypes.h>
#include <sys/sysinfo.h>

enum { LINE_MAX_BYTES = 4096 };

/* Returns the number that a file holds; INT64_MAX for "max", a greater number or no file. */
static int64_t read_limit(const char *path)
{
    char text[32] = "";
    uint64_t number;
    FILE *file = fopen(path, "re");
    if (!file) { return INT64_MAX; }
    bool read = fgets(text, sizeof(text), file) && sscanf(text, "%" SCNu64, &number) == 1;
    (void)fclose(file);
    return read && number < INT64_MAX ? (int64_t)number : INT64_MAX;
}

/* Returns the least limit from a group's directory up to `top`. */
static int64_t least_of(const char *top, const char *group, const char *name)
{
    _cleanup_(xfreep) char *path = xstrdup(group);
    int64_t least = INT64_MAX;
    for (;;) {
        _cleanup_(xfreep) char *file = xprintf("%s%s/%s", top, path, name);
        int64_t limit = read_limit(file);
        least = MIN_OF(least, limit);
        char *slash = strrchr(path, '/');
        if (!slash) { return least; }
        *slash = '\0';
    }
}

/* Takes a line of /proc/self/cgroup: "0::/group", "7:cpu,memory:/group". */
static int64_t limit_of_group(const char *root, char *line)
{
    char *controllers = strchr(line, ':');
    char *group = controllers ? strchr(controllers + 1, ':') : NULL;
    if (!group) { return INT64_MAX; }
    *group++ = '\0';
    group[strcspn(group, "\n")] = '\0';
    if (strcmp(controllers, ":") == 0) {
        _cleanup_(xfreep) char *top = xprintf("%s/sys/fs/cgroup", root);
        return least_of(top, group, "memory.max");
    }
    _cleanup_(xfreep) char *listed = xprintf(",%s,", controllers + 1);
    if (!strstr(listed, ",memory,")) { return INT64_MAX; }
    _cleanup_(xfreep) char *top = xprintf("%s/sys/fs/cgroup/memory", root);
    return least_of(top, group, "memory.limit_in_bytes");
}

static int64_t limit_of_groups(const char *root)
{
    _cleanup_(xfreep) char *path = xprintf("%s/proc/self/cgroup", root);
    char line[LINE_MAX_BYTES];
    int64_t least = INT64_MAX;
    FILE *file = fopen(path, "re");
    if (!file) { return least; }
    while (fgets(line, sizeof(line), file)) {
        int64_t limit = limit_of_group(root, line);
        least = MIN_OF(least, limit);
    }
    (void)fclose(file);
    return least;
}

int64_t memory_of_kernel(void)
{
    struct sysinfo info;
    return sysinfo(&info) == 0 ? (int64_t)info.totalram * info.mem_unit : INT64_MAX;
}

/* A unit of systemd with ProcSubset=pid has no /proc/meminfo: then the kernel itself is asked. */
static int64_t memory_of_machine(const char *root)
{
    _cleanup_(xfreep) char *path = xprintf("%s/proc/meminfo", root);
    char line[LINE_MAX_BYTES];
    int64_t kib = 0;
    FILE *file = fopen(path, "re");
    if (!file) { return root[0] ? INT64_MAX : memory_of_kernel(); }
    while (kib == 0 && fgets(line, sizeof(line), file)) {
        (void)sscanf(line, "MemTotal: %" SCNd64, &kib);
    }
    (void)fclose(file);
    return kib > 0 && kib < INT64_MAX / 1024 ? kib * 1024 : INT64_MAX;
}

int64_t memory_limit(const char *root)
{
    int64_t machine = memory_of_machine(root), groups = limit_of_groups(root);
    int64_t least = MIN_OF(machine, groups);
    return least == INT64_MAX ? 0 : least;
}
