/* Leftovers: local state of partitions that went to another copy. It is kept for a while, since
 * partitions come back; then it only takes room, and an old copy must not be opened years later.
 *
 * Copies on one machine may share state.dir: what another process has open is not left over.
 */
#include "base/base.h"
#include "base/xalloc.h"
#include "stream/run_internal.h"

#include <dirent.h>

enum { STALE_STATE_MS = 10000, NAME_BYTES_MAX = 64 };

struct stale_directory {
    char name[NAME_BYTES_MAX]; /* of the directory: PARTITION or PARTITION-CHANGELOG */
    int64_t since_ms;
    bool seen; /* in this look */
};

struct stale_state {
    struct stale_directory *at;
    size_t count;
    int64_t next_ms;
};

struct stale_state *stale_state_new(void)
{
    return xcalloc(1, sizeof(struct stale_state));
}

struct stale_state *stale_state_free(struct stale_state *stale_state)
{
    if (stale_state) { free(stale_state->at); }
    free(stale_state);
    return NULL;
}

static struct stale_directory *find_or_add(struct stale_state *stale_state, const char *name,
                                    int64_t now_ms)
{
    for (size_t i = 0; i < stale_state->count; i++) {
        if (strcmp(stale_state->at[i].name, name) == 0) { return &stale_state->at[i]; }
    }
    stale_state->at =
        xreallocarray(stale_state->at, stale_state->count + 1, sizeof(*stale_state->at));
    struct stale_directory *leftover = &stale_state->at[stale_state->count++];
    *leftover = (struct stale_directory){.since_ms = now_ms};
    (void)snprintf(leftover->name, sizeof(leftover->name), "%s", name);
    return leftover;
}

static void discard(struct run *run, struct stale_directory *leftover, int64_t now_ms)
{
    _cleanup_(xfreep) char *path = xprintf("%s/%s", run->state_path, leftover->name);
    int result = store_discard(path);
    leftover->since_ms = now_ms; /* in use, or undeletable: looked at again after the same time */
    if (result < 0 && result != -EAGAIN) {
        run_log(run, LOG_WARN, "cannot delete state that is no longer held",
                "partition=%s path=%s why=\"%s\"", leftover->name, path, strerror(-result));
    } else if (result == 0) {
        run_log(run, LOG_INFO, "deleted state that is no longer held", "partition=%s",
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
    struct stale_directory *leftover = find_or_add(run->stale_state, name, now_ms);
    leftover->seen = true;
    if (now_ms - leftover->since_ms >= run->settings.state_cleanup_delay_ms) {
        discard(run, leftover, now_ms);
    }
}

static void forget_unseen(struct stale_state *stale_state)
{
    size_t kept = 0;
    for (size_t i = 0; i < stale_state->count; i++) {
        if (!stale_state->at[i].seen) { continue; }
        stale_state->at[i].seen = false;
        stale_state->at[kept++] = stale_state->at[i];
    }
    stale_state->count = kept;
}

void stale_state_step(struct run *run)
{
    struct stale_state *stale_state = run->stale_state;
    if (!stale_state || !run_healthy(run)) { return; }
    int64_t now_ms = run_now_ms(run);
    if (now_ms < stale_state->next_ms) { return; }
    stale_state->next_ms =
        now_ms + MIN_OF((int64_t)STALE_STATE_MS, run->settings.state_cleanup_delay_ms / 2 + 1);
    DIR *dir = opendir(run->state_path);
    if (!dir) { return; }
    for (struct dirent *entry = readdir(dir); entry; entry = readdir(dir)) {
        look_at(run, entry->d_name, now_ms);
    }
    closedir(dir);
    forget_unseen(stale_state);
}
