/* Standby: local copies of the state of partitions that other copies of the worker serve.
 *
 * A standby copy is ordinary local state in the ordinary directory, updated by reading the
 * changelog (read_committed) as it is written. When its partition becomes ours the task gets the
 * open store, and restore.c does the same checks as for any local state, then reads the rest.
 *
 * Choice of partitions: the group assigns partitions by range over its ordered members, so it is
 * known beforehand where a partition goes when a member dies. Every member keeps the partitions
 * that it would get if `standby.copies` other members were gone. Its rank comes from the
 * coordinator, every few seconds and after every rebalance.
 *
 * The bookmark's input offset is that of the newest position read (stream/state/position.h); while
 * there is none, it stays as it was when the copy was opened. Of a changelog that never has one it
 * is 0 once there was a record: how far the owner has read is not known. Its time is that of the
 * newest record: a copy that hears nothing does not become younger.
 *
 * Cost: reading stops while anything is being restored, takes a tenth of the time while input
 * comes, and is done in small pieces.
 *
 * Copies that share a state.dir are on one disk, so the state of a partition that another of them
 * serves is there already. A standby does not open it. It closes its own store as soon as the
 * process that serves the partition asks for it by a file PARTITION.wanted: that process may only
 * have been restarted.
 */
#include "base/base.h"
#include "base/directory.h"
#include "base/quote.h"
#include "base/xalloc.h"
#include "stream/standby.h"
#include "stream/state/position.h"
#include "stream/state/store_directory.h"
#include "stream/state_directory.h"
#include "stream/topics.h"

#include <fcntl.h>
#include <sys/stat.h>
#include <unistd.h>

enum {
    ASK_MS = 5000,         /* between two requests for the group's members */
    ASK_SOON_MS = 20,      /* the same while an answer is pending */
    PAUSE_MS = 2000,       /* after a failure, or while another process has the store */
    LONG_PAUSE_MS = 60000, /* where operator action is needed */
    READ_RECORDS = 500,    /* at once */
    READ_BYTES = 4 << 20,  /* in a batch of one copy */
    READ_MS = 10,          /* in one step */
    BUSY_MS = 100,         /* busy: input has come within this time */
    BUSY_SHARE = 10,       /* while busy, 1/BUSY_SHARE of the time is used */
    CLAIM_MS = 100,        /* between two checks for claims */
    CLAIM_AGE_S = 120,     /* an older claim is one whose process died */
};

struct standby_copy {
    int32_t partition;
    int changelog; /* index of the output; meaningful while the store is open */
    struct store *store; /* NULL: not open yet */
    struct store_batch *writes;
    struct bookmark bookmark;
    int64_t open_ms; /* not to be opened before */
    int64_t lag;     /* -1: unknown */
    bool wanted;
    bool touched; /* records are not written yet */
    struct metric *lag_metric;
};

struct standby {
    struct env *env;
    struct task_list *tasks;
    struct standby_copy *copies;
    size_t count;
    struct reader *reader;
    bool stale; /* the reader reads other partitions than the open copies */
    bool behind;
    int64_t ask_ms;
    int64_t open_ms; /* a reader that failed is not opened before */
    int64_t rest_ms; /* no reading before */
    int64_t claim_ms;
    struct metric *ready;
};

/* ---- Which ---- */

static bool in_range(size_t rank, size_t members, int32_t partitions, int32_t partition)
{
    size_t least = (size_t)partitions / members, extra = (size_t)partitions % members;
    size_t first = rank * least + MIN_OF(rank, extra);
    size_t at = (size_t)partition;
    return at >= first && at < first + least + (rank < extra);
}

bool standby_wants(size_t rank, size_t members, int32_t partitions, size_t lost_max,
                   int32_t partition)
{
    assert(rank < members && partition >= 0 && partition < partitions);
    for (size_t lost = 1; lost <= lost_max && lost < members; lost++) {
        size_t behind_us = members - 1 - rank;
        size_t before = lost > behind_us ? lost - behind_us : 0;
        for (; before <= MIN_OF(lost, rank); before++) {
            if (in_range(rank - before, members - lost, partitions, partition)) { return true; }
        }
    }
    return false;
}

/* ---- Life ---- */

struct standby *standby_new(struct env *env, struct task_list *tasks)
{
    struct standby *standby = xcalloc(1, sizeof(*standby));
    standby->env = env;
    standby->tasks = tasks;
    standby->ready = metrics_gauge(env->metrics, "freshet_standby_ready", "",
                                   "Standby copies that have read all of their changelog.");
    return standby;
}

static void drop_copy(struct standby *standby, struct standby_copy *copy)
{
    store_close(copy->store);
    store_batch_free(copy->writes);
    metrics_drop(standby->env->metrics, copy->lag_metric);
    *copy = standby->copies[--standby->count];
    standby->stale = true;
}

struct standby *standby_free(struct standby *standby)
{
    if (!standby) { return NULL; }
    reader_close(standby->reader);
    while (standby->count) { drop_copy(standby, &standby->copies[0]); }
    free(standby->copies);
    free(standby);
    return NULL;
}

static struct standby_copy *find_copy(const struct standby *standby, int32_t partition)
{
    for (size_t i = 0; standby && i < standby->count; i++) {
        if (standby->copies[i].partition == partition) { return &standby->copies[i]; }
    }
    return NULL;
}

static void add_copy(struct standby *standby, int32_t partition)
{
    char labels[64];
    (void)snprintf(labels, sizeof(labels), "partition=\"%d\"", partition);
    standby->copies =
        xreallocarray(standby->copies, standby->count + 1, sizeof(*standby->copies));
    standby->copies[standby->count++] = (struct standby_copy){
        .partition = partition,
        .writes = store_batch_new(),
        .lag = -1,
        .wanted = true,
        .lag_metric = metrics_gauge(standby->env->metrics, "freshet_standby_lag", labels,
                                    "Changelog records that the standby copy has not read yet."),
    };
}

/* ---- Choosing ---- */

static void choose(struct standby *standby, size_t rank, size_t members)
{
    struct env *env = standby->env;
    int32_t partitions = env->topics->output_partitions[env->worker->changelog];
    for (size_t i = 0; i < standby->count; i++) { standby->copies[i].wanted = false; }
    for (int32_t p = 0; p < partitions; p++) {
        if (task_list_find(standby->tasks, /* topic= */ NULL, p) ||
            !standby_wants(rank, members, partitions, (size_t)env->settings->standby_copies, p)) {
            continue;
        }
        struct standby_copy *copy = find_copy(standby, p);
        if (copy) {
            copy->wanted = true;
        } else {
            add_copy(standby, p);
        }
    }
    for (size_t i = standby->count; i-- > 0;) {
        struct standby_copy *copy = &standby->copies[i];
        int changelog = copy->store ? env_changelog(env, copy->partition) : -EAGAIN;
        bool moved = changelog >= 0 && changelog != copy->changelog;
        if (!copy->wanted || moved) { drop_copy(standby, copy); }
    }
}

static void ask(struct standby *standby, int64_t now_ms)
{
    size_t rank, members;
    int result = wire_rank(standby->env->wire, &rank, &members);
    standby->ask_ms = now_ms + (result == WIRE_RETRY ? ASK_SOON_MS : ASK_MS);
    if (result == 0) { choose(standby, rank, members); }
}

/* ---- Opening ---- */

static void close_copy(struct standby *standby, struct standby_copy *copy, int64_t now_ms)
{
    copy->store = store_close(copy->store);
    store_batch_clear(copy->writes);
    copy->touched = false;
    copy->open_ms = now_ms + PAUSE_MS;
    copy->lag = -1;
    standby->stale = true;
}

static void give_up(struct standby *standby, struct standby_copy *copy, int64_t now_ms,
                    const char *why)
{
    env_log(standby->env, LOG_WARN, "standby copy fails, trying again", "partition=%d why=%s",
            copy->partition, quote_text(why).text);
    close_copy(standby, copy, now_ms);
}

static void wipe(struct standby *standby, struct standby_copy *copy, const char *path,
                 int64_t now_ms, const char *why)
{
    metric_add(state_directory_wipes(standby->env), 1);
    give_up(standby, copy, now_ms, why);
    (void)store_wipe(path);
}

/* Where state and changelog cannot be made one, the state is kept: it may be all that is left. */
static void keep_away(struct standby *standby, struct standby_copy *copy, int64_t now_ms,
                      const char *why)
{
    give_up(standby, copy, now_ms, why);
    copy->open_ms = now_ms + LONG_PAUSE_MS;
}

/* Reads the bookmark; deletes state that restore would not trust. False: not now. */
static bool check_trust(struct standby *standby, struct standby_copy *copy, const char *path,
                  int64_t low, int64_t end, int64_t now_ms)
{
    const struct log_facts facts = state_directory_facts(standby->env, copy->changelog, low, end);
    copy->bookmark = (struct bookmark){.changelog_offset = low};
    int result = store_bookmark(copy->store, &copy->bookmark);
    if (result == -EIO) {
        wipe(standby, copy, path, now_ms, store_why(copy->store));
        return false;
    }
    if (result < 0 && result != -ENOENT) {
        give_up(standby, copy, now_ms, store_why(copy->store));
        return false;
    }
    if (copy->bookmark.changelog_offset > end) {
        static const char beyond[] = "it reaches beyond the changelog's end";
        bool once = env_has_positions(standby->env); /* else its rows are made again */
        if (once) { keep_away(standby, copy, now_ms, beyond); }
        if (!once) { wipe(standby, copy, path, now_ms, beyond); }
        return false;
    }
    const char *why = NULL;
    enum trust trust = trust_bookmark(result == 0 ? &copy->bookmark : NULL, &facts, &why);
    if (trust == TRUST_LOST) { keep_away(standby, copy, now_ms, why); }
    if (trust == TRUST_REBUILD) { wipe(standby, copy, path, now_ms, why); }
    copy->bookmark.changelog_offset = MAX_OF(copy->bookmark.changelog_offset, low);
    return trust == TRUST_WHOLE;
}

/* Opens the store and reads its bookmark. False: not now. */
static bool open_trusted(struct standby *standby, struct standby_copy *copy, int64_t now_ms)
{
    struct env *env = standby->env;
    _cleanup_(xfreep) char *path = state_directory_path(env, copy->partition, copy->changelog);
    _cleanup_(xfreep) char *why = NULL;
    int64_t low, end;
    int result = directory_make(path);
    if (result == 0) {
        result = state_directory_open(env, copy->partition, copy->changelog, &copy->store, &why);
    }
    if (result == -EAGAIN) { return false; }
    if (result == 0 && wire_bounds(env->wire, env->topics->outputs[copy->changelog],
                                   copy->partition, &low, &end) < 0) {
        give_up(standby, copy, now_ms, wire_why(env->wire));
        return false;
    }
    if (result < 0) {
        give_up(standby, copy, now_ms, why ? why : strerror(-result));
        return false;
    }
    return check_trust(standby, copy, path, low, end, now_ms);
}

static bool claimed(const char *path)
{
    _cleanup_(xfreep) char *file = xprintf("%s.wanted", path);
    struct stat found;
    if (stat(file, &found) < 0) { return false; }
    if (time(NULL) - found.st_mtime < CLAIM_AGE_S) { return true; }
    (void)unlink(file);
    return false;
}

static void open_copy(struct standby *standby, struct standby_copy *copy, int64_t now_ms)
{
    struct env *env = standby->env;
    copy->changelog = env_changelog(env, copy->partition);
    if (copy->changelog < 0) { return; }
    _cleanup_(xfreep) char *path = state_directory_path(env, copy->partition, copy->changelog);
    copy->open_ms = now_ms + PAUSE_MS;
    if (claimed(path) || store_in_use(path)) { return; }
    if (!open_trusted(standby, copy, now_ms)) { return; }
    standby->stale = true;
    env_log(env, LOG_INFO, "standing by", "partition=%d from=%" PRId64, copy->partition,
            copy->bookmark.changelog_offset);
}

static void heed_claims(struct standby *standby, int64_t now_ms)
{
    if (now_ms < standby->claim_ms) { return; }
    standby->claim_ms = now_ms + CLAIM_MS;
    for (size_t i = 0; i < standby->count; i++) {
        struct standby_copy *copy = &standby->copies[i];
        if (!copy->store) { continue; }
        _cleanup_(xfreep) char *path =
            state_directory_path(standby->env, copy->partition, copy->changelog);
        if (claimed(path)) { close_copy(standby, copy, now_ms); }
    }
}

void standby_claim(const char *path, bool wanted)
{
    _cleanup_(xfreep) char *file = xprintf("%s.wanted", path);
    if (wanted) {
        int fd = open(file, O_WRONLY | O_CREAT | O_CLOEXEC, 0666);
        if (fd >= 0) { close(fd); }
    } else {
        (void)unlink(file);
    }
}

static void open_reader(struct standby *standby, int64_t now_ms)
{
    struct env *env = standby->env;
    standby->reader = reader_close(standby->reader);
    standby->stale = false;
    struct topic_partition *at = xcalloc(standby->count + 1, sizeof(*at));
    size_t count = 0;
    for (size_t i = 0; i < standby->count; i++) {
        const struct standby_copy *copy = &standby->copies[i];
        if (!copy->store) { continue; }
        at[count++] = (struct topic_partition){.topic = env->topics->outputs[copy->changelog],
                                               .partition = copy->partition,
                                               .offset = copy->bookmark.changelog_offset};
    }
    if (count && wire_reader(env->wire, at, count, &standby->reader) < 0) {
        env_log(env, LOG_WARN, "cannot stand by, trying again", "why=%s",
                quote_text(wire_why(env->wire)).text);
        standby->stale = true;
        standby->open_ms = now_ms + PAUSE_MS;
    }
    free(at);
}

/* ---- Reading ---- */

static void write_copy(struct standby *standby, struct standby_copy *copy)
{
    copy->touched = false;
    if (store_apply(copy->store, copy->writes, &copy->bookmark) == 0) { return; }
    give_up(standby, copy, env_now_ms(standby->env), store_why(copy->store));
}

/* Takes a position; false: the changelog is not the one that the state is of. */
static bool take_position(struct bookmark *bookmark, const struct record *rec)
{
    struct position position;
    if (position_read(rec, &position) < 0) { return true; }
    if (bookmark->log_id[0] && strcmp(bookmark->log_id, position.log_id) != 0) { return false; }
    memcpy(bookmark->log_id, position.log_id, sizeof(position.log_id));
    bookmark->position_offset = rec->offset;
    bookmark->input_offset = position.next;
    return true;
}

static void take_record(struct standby *standby, const struct record *rec)
{
    struct standby_copy *copy = find_copy(standby, rec->partition);
    if (!copy || !copy->store || rec->offset < copy->bookmark.changelog_offset || !rec->key.data) {
        return;
    }
    struct bookmark *bookmark = &copy->bookmark;
    bool is_position = position_has_key(rec->key);
    if (is_position && !take_position(bookmark, rec)) {
        _cleanup_(xfreep) char *path =
            state_directory_path(standby->env, copy->partition, copy->changelog);
        wipe(standby, copy, path, env_now_ms(standby->env), "the changelog has another identity");
        return;
    }
    if (!is_position) { store_batch_put(copy->writes, rec->key, rec->value); }
    if (!env_has_positions(standby->env)) { bookmark->input_offset = 0; }
    copy->touched = true;
    bookmark->changelog_offset = rec->offset + 1;
    bookmark->current_ms =
        MAX_OF(bookmark->current_ms, MIN_OF(rec->time_ms, env_wall_ms(standby->env)));
    if (store_batch_bytes(copy->writes) >= READ_BYTES) { write_copy(standby, copy); }
}

/* Writes the records of a poll and updates each copy's lag. */
static void note_positions(struct standby *standby)
{
    size_t ready = 0;
    for (size_t i = 0; i < standby->count; i++) {
        struct standby_copy *copy = &standby->copies[i];
        if (!copy->store) { continue; }
        const char *topic = standby->env->topics->outputs[copy->changelog];
        int64_t position = reader_position(standby->reader, topic, copy->partition);
        int64_t end = reader_end(standby->reader, topic, copy->partition);
        copy->bookmark.changelog_offset = MAX_OF(copy->bookmark.changelog_offset, position);
        if (copy->touched) { write_copy(standby, copy); }
        if (!copy->store || end == OFFSET_NONE) { continue; }
        copy->lag = MAX_OF(end - copy->bookmark.changelog_offset, (int64_t)0);
        metric_set(copy->lag_metric, (double)copy->lag);
        ready += copy->lag == 0;
    }
    metric_set(standby->ready, (double)ready);
}

/* The reader failed, e.g. because its offsets were deleted: all is opened and checked again. */
static void start_over(struct standby *standby, int64_t now_ms)
{
    env_log(standby->env, LOG_WARN, "standby copies begin again", "why=%s",
            quote_text(wire_why(standby->env->wire)).text);
    for (size_t i = 0; i < standby->count; i++) {
        close_copy(standby, &standby->copies[i], now_ms);
    }
    standby->reader = reader_close(standby->reader);
}

static size_t read_once(struct standby *standby)
{
    const struct record *at = NULL;
    size_t count = 0;
    if (reader_poll(standby->reader, 0, READ_RECORDS, &at, &count) < 0) {
        start_over(standby, env_now_ms(standby->env));
        return 0;
    }
    bool readable = true;
    for (size_t i = 0; i < count && readable; i++) {
        readable = !at[i].unreadable;
        if (readable) { take_record(standby, &at[i]); }
    }
    if (!readable) {
        start_over(standby, env_now_ms(standby->env));
        return 0;
    }
    reader_release(standby->reader);
    note_positions(standby);
    return count;
}

static void read_some(struct standby *standby, int64_t now_ms, int64_t fed_ms)
{
    struct env *env = standby->env;
    int64_t until_ms = now_ms + READ_MS, at_ms = now_ms;
    size_t count = READ_RECORDS;
    while (standby->reader && count == READ_RECORDS && at_ms < until_ms) {
        count = read_once(standby);
        at_ms = env_now_ms(env);
    }
    bool busy = at_ms - fed_ms < BUSY_MS;
    standby->rest_ms = at_ms + (busy ? (at_ms - now_ms) * (BUSY_SHARE - 1) : 0);
    standby->behind = standby->reader && count == READ_RECORDS;
}

void standby_step(struct standby *standby, int64_t fed_ms)
{
    if (!standby) { return; }
    int64_t now_ms = env_now_ms(standby->env);
    if (now_ms >= standby->ask_ms) { ask(standby, now_ms); }
    heed_claims(standby, now_ms);
    for (size_t i = 0; i < standby->count; i++) {
        struct standby_copy *copy = &standby->copies[i];
        if (!copy->store && now_ms >= copy->open_ms) { open_copy(standby, copy, now_ms); }
    }
    if (standby->stale && now_ms >= standby->open_ms) { open_reader(standby, now_ms); }
    if (!standby->reader) { metric_set(standby->ready, 0); }
    if (standby->reader && !standby->stale && now_ms >= standby->rest_ms) {
        read_some(standby, now_ms, fed_ms);
    }
}

/* ---- Queries ---- */

void standby_wake(struct standby *standby)
{
    if (standby) { standby->ask_ms = 0; }
}

struct store *standby_take(struct standby *standby, int32_t partition, int changelog)
{
    struct standby_copy *copy = find_copy(standby, partition);
    if (!copy) { return NULL; }
    struct store *store = copy->changelog == changelog ? copy->store : NULL;
    if (store) { copy->store = NULL; }
    drop_copy(standby, copy);
    return store;
}

bool standby_behind(const struct standby *standby)
{
    return standby && standby->behind;
}

bool standby_holds(const struct standby *standby, int32_t partition)
{
    return find_copy(standby, partition) != NULL;
}

void standby_status(const struct standby *standby, struct buf *out)
{
    buf_printf(out, "[");
    for (size_t i = 0; standby && i < standby->count; i++) {
        const struct standby_copy *copy = &standby->copies[i];
        int64_t offset = copy->store ? copy->bookmark.changelog_offset : OFFSET_NONE;
        buf_printf(out, "%s{\"partition\":%d,\"offset\":%" PRId64 ",\"lag\":%" PRId64 "}",
                   i ? "," : "", copy->partition, offset, copy->lag);
    }
    buf_printf(out, "]");
}
