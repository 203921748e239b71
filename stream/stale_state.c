/* Stale state: local state of partitions that went to another copy. It is kept for a while, because
 * partitions often come back; later it only takes room, and very old state must not be used again.
 *
 * Copies on one machine may share state.dir: state that another process has open is not stale.
 */
#include "base/base.h"
#include "base/quote.h"
#include "base/xalloc.h"
#include "stream/stale_state.h"
#include "stream/state/store_directory.h"

#include <dirent.h>

enum { LOOK_MS = 10000, NAME_BYTES_MAX = 64 };

struct stale_directory {
    char name[NAME_BYTES_MAX]; /* of the directory: PARTITION or PARTITION-CHANGELOG */
    int64_t since_ms;
    bool seen; /* in this pass over the directory */
};

struct stale_state {
    struct env *env;
    struct task_list *tasks;
    const struct standby *standby;
    struct stale_directory *at;
    size_t count;
    int64_t next_ms;
};

struct stale_state *stale_state_new(struct env *env, struct task_list *tasks,
                                    const struct standby *standby)
{
    struct stale_state *stale = xcalloc(1, sizeof(*stale));
    stale->env = env;
    stale->tasks = tasks;
    stale->standby = standby;
    return stale;
}

struct stale_state *stale_state_free(struct stale_state *stale)
{
    if (stale) { free(stale->at); }
    free(stale);
    return NULL;
}

static struct stale_directory *find_or_add(struct stale_state *stale, const char *name,
                                           int64_t now_ms)
{
    for (size_t i = 0; i < stale->count; i++) {
        if (strcmp(stale->at[i].name, name) == 0) { return &stale->at[i]; }
    }
    stale->at = xreallocarray(stale->at, stale->count + 1, sizeof(*stale->at));
    struct stale_directory *directory = &stale->at[stale->count++];
    *directory = (struct stale_directory){.since_ms = now_ms};
    (void)snprintf(directory->name, sizeof(directory->name), "%s", name);
    return directory;
}

static void discard(const struct env *env, struct stale_directory *directory, int64_t now_ms)
{
    _cleanup_(xfreep) char *path = xprintf("%s/%s", env->state_path, directory->name);
    int result = store_discard(path);
    directory->since_ms = now_ms; /* in use, or not deletable: checked again after the delay */
    if (result < 0 && result != -EAGAIN) {
        env_log(env, LOG_WARN, "cannot delete state that is no longer held",
                "partition=%s path=%s why=%s", directory->name, quote_text(path).text,
                quote_text(strerror(-result)).text);
    } else if (result == 0) {
        env_log(env, LOG_INFO, "deleted state that is no longer held", "partition=%s",
                directory->name);
    }
}

/* Says whether this copy serves a partition or keeps it as standby. */
static bool is_held(const struct stale_state *stale, int32_t partition)
{
    return task_list_find(stale->tasks, /* topic= */ NULL, partition) ||
           standby_holds(stale->standby, partition);
}

static void look_at(struct stale_state *stale, const char *name, int64_t now_ms)
{
    char *end;
    long partition = strtol(name, &end, 10);
    if (end == name || partition < 0 || partition > INT32_MAX) { return; }
    if ((*end && *end != '-') || strchr(end, '.') || strlen(name) >= NAME_BYTES_MAX) { return; }
    if (is_held(stale, (int32_t)partition)) { return; }
    struct stale_directory *directory = find_or_add(stale, name, now_ms);
    directory->seen = true;
    if (now_ms - directory->since_ms >= stale->env->settings->state_cleanup_delay_ms) {
        discard(stale->env, directory, now_ms);
    }
}

static void forget_unseen(struct stale_state *stale)
{
    size_t kept = 0;
    for (size_t i = 0; i < stale->count; i++) {
        if (!stale->at[i].seen) { continue; }
        stale->at[i].seen = false;
        stale->at[kept++] = stale->at[i];
    }
    stale->count = kept;
}

void stale_state_step(struct stale_state *stale)
{
    if (!stale) { return; }
    const struct env *env = stale->env;
    int64_t now_ms = env_now_ms(env);
    if (now_ms < stale->next_ms) { return; }
    stale->next_ms =
        now_ms + MIN_OF((int64_t)LOOK_MS, env->settings->state_cleanup_delay_ms / 2 + 1);
    DIR *dir = opendir(env->state_path);
    if (!dir) { return; }
    for (struct dirent *entry = readdir(dir); entry; entry = readdir(dir)) {
        look_at(stale, entry->d_name, now_ms);
    }
    closedir(dir);
    forget_unseen(stale);
}
