/* Leftovers: local state of partitions that went to another copy. It is kept for a while, since
 * partitions come back; then it only takes room, and an old copy must not be opened years later.
 *
 * Copies on one machine may share state.dir: what another process has open is not left over.
 */
#include "base/base.h"
#include "base/xalloc.h"
#include "stream/run_internal.h"

#include <dirent.h>

enum { LEFTOVERS_MS = 10000, NAME_BYTES_MAX = 64 };

struct leftover {
    char name[NAME_BYTES_MAX]; /* of the directory: PARTITION or PARTITION-CHANGELOG */
    int64_t since_ms;
    bool seen; /* in this look */
};

struct leftovers {
    struct leftover *at;
    size_t count;
    int64_t next_ms;
};

struct leftovers *leftovers_new(void)
{
    return xcalloc(1, sizeof(struct leftovers));
}

struct leftovers *leftovers_free(struct leftovers *leftovers)
{
    if (leftovers) { free(leftovers->at); }
    free(leftovers);
    return NULL;
}

static struct leftover *find_or_add(struct leftovers *leftovers, const char *name, int64_t now_ms)
{
    for (size_t i = 0; i < leftovers->count; i++) {
        if (strcmp(leftovers->at[i].name, name) == 0) { return &leftovers->at[i]; }
    }
    leftovers->at =
        xreallocarray(leftovers->at, leftovers->count + 1, sizeof(*leftovers->at));
    struct leftover *leftover = &leftovers->at[leftovers->count++];
    *leftover = (struct leftover){.since_ms = now_ms};
    (void)snprintf(leftover->name, sizeof(leftover->name), "%s", name);
    return leftover;
}

static void discard(struct run *run, struct leftover *leftover, int64_t now_ms)
{
    _cleanup_(xfreep) char *path = xprintf("%s/%s", run->state_path, leftover->name);
    int result = store_discard(path);
    leftover->since_ms = now_ms; /* in use, or undeletable: looked at again after the same time */
    if (result < 0 && result != -EAGAIN) {
        run_note(run, LOG_WARN, "cannot delete state that is no longer held",
                 "partition=%s path=%s why=\"%s\"", leftover->name, path, strerror(-result));
    } else if (result == 0) {
        run_note(run, LOG_INFO, "deleted state that is no longer held", "partition=%s",
                 leftover->name);
    }
}

static void look_at(struct run *run, const char *name, int64_t now_ms)
{
    char *end;
    long partition = strtol(name, &end, 10);
    if (end == name || partition < 0 || partition > INT32_MAX) { return; }
    if ((*end && *end != '-') || strchr(end, '.') || strlen(name) >= NAME_BYTES_MAX) { return; }
    if (run_find_owner(run, (int32_t)partition) || standby_holds(run, (int32_t)partition)) {
        return;
    }
    struct leftover *leftover = find_or_add(run->leftovers, name, now_ms);
    leftover->seen = true;
    if (now_ms - leftover->since_ms >= run->settings.state_cleanup_delay_ms) {
        discard(run, leftover, now_ms);
    }
}

static void forget_unseen(struct leftovers *leftovers)
{
    size_t kept = 0;
    for (size_t i = 0; i < leftovers->count; i++) {
        if (!leftovers->at[i].seen) { continue; }
        leftovers->at[i].seen = false;
        leftovers->at[kept++] = leftovers->at[i];
    }
    leftovers->count = kept;
}

void leftovers_step(struct run *run)
{
    struct leftovers *leftovers = run->leftovers;
    if (!leftovers || !run_healthy(run)) { return; }
    int64_t now_ms = run_now_ms(run);
    if (now_ms < leftovers->next_ms) { return; }
    leftovers->next_ms = now_ms + MIN_OF((int64_t)LEFTOVERS_MS,
                                         run->settings.state_cleanup_delay_ms / 2 + 1);
    DIR *dir = opendir(run->state_path);
    if (!dir) { return; }
    for (struct dirent *entry = readdir(dir); entry; entry = readdir(dir)) {
        look_at(run, entry->d_name, now_ms);
    }
    closedir(dir);
    forget_unseen(leftovers);
}
