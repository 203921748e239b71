/* The keys of the topic are kept with a hash of what their records say. They change only when the
 * topic is read, which has our own records, too: a record that was lost on its way is therefore
 * sent again by the next count. When messages of the run are lost, or a table is read anew, the
 * count is dropped and the next one begins at once.
 *
 * A count that has ended goes out in pieces: records of segments, then tombstones for the keys that
 * none of them has. A count that failed sends nothing.
 */
#include "base/base.h"
#include "base/block_table.h"
#include "base/xalloc.h"
#include "trainer/sequence/segment_publisher.h"

#include <xxhash.h>

enum { USERS_A_STEP = 2000, USERS_A_LOOK = 100, STEP_MS = 20, SENT_A_STEP = 50 };
enum { PUBLISHER_ARENA_BYTES = 1 << 16, KEYS_MAX = 1 << 20 };

/* A key of the topic, and what its record says. */
struct sent_key {
    struct block_head head;
    uint32_t size;
    uint64_t hash;  /* of the record without its offsets */
    uint64_t count; /* the last one that has a record for it */
    char text[];
};

struct segment_publisher {
    struct segment_publisher_parts parts;
    struct segment_counter *counter;
    struct codec *codec;
    struct arena *arena;
    struct buf message;
    struct block_table keys;
    uint64_t count;   /* counts begun */
    int64_t begun_ms; /* when the last one began; 0: none has */
    bool sending;
    size_t next; /* the segment that is sent next; then one behind the next key */
    bool buried; /* all segments are sent: tombstones follow */
    struct metric *segments, *users, *records, *sample, *seconds;
};

static void start_metrics(struct segment_publisher *publisher, struct metrics *metrics)
{
    publisher->segments = metrics_gauge(metrics, "freshet_segments", "",
                                        "Segments of users that the last count has found.");
    publisher->users = metrics_gauge(metrics, "freshet_segment_users", "",
                                     "Users with a profile and a history that it has counted.");
    publisher->sample = metrics_gauge(metrics, "freshet_segment_sample_ratio", "",
                                      "Share of all users that it has counted: 1, or less where "
                                      "segments.memory.max does not suffice.");
    publisher->seconds = metrics_gauge(metrics, "freshet_segment_count_seconds", "",
                                       "How long it took, from its begin to its last record.");
    publisher->records = metrics_counter(metrics, "freshet_segment_records_total", "",
                                         "Records and tombstones sent to profiles.");
}

static struct slice text_of(const struct block_head *head)
{
    const struct sent_key *key = (const struct sent_key *)head;
    return slice_of(key->text, key->size);
}

struct segment_publisher *segment_publisher_new(const struct segment_publisher_parts *parts)
{
    struct segment_publisher *publisher = xcalloc(1, sizeof(*publisher));
    publisher->parts = *parts;
    publisher->counter = segment_counter_new(&publisher->parts.counter, parts->schemas);
    publisher->codec = codec_new(&group_profile_contract, run_schemas(parts->run));
    publisher->arena = arena_new(PUBLISHER_ARENA_BYTES);
    buf_init(&publisher->message, GROUP_BYTES_MAX);
    block_table_init(&publisher->keys, SIZE_MAX, text_of);
    start_metrics(publisher, run_metrics(parts->run));
    return publisher;
}

struct segment_publisher *segment_publisher_free(struct segment_publisher *publisher)
{
    if (!publisher) { return NULL; }
    segment_counter_free(publisher->counter);
    codec_free(publisher->codec);
    arena_free(publisher->arena);
    buf_release(&publisher->message);
    block_table_release(&publisher->keys);
    free(publisher);
    return NULL;
}

void segment_publisher_drop(struct segment_publisher *publisher)
{
    segment_counter_reset(publisher->counter);
    publisher->sending = false;
    publisher->begun_ms = 0;
}

bool segment_publisher_idle(const struct segment_publisher *publisher)
{
    bool begun = !publisher->parts.every_ms || publisher->begun_ms;
    return begun && !publisher->sending &&
           segment_counter_state(publisher->counter) != SEGMENTS_COUNTING;
}

/* ---- What the topic has ---- */

static struct sent_key *put_key(struct segment_publisher *publisher, struct slice text)
{
    struct sent_key *key = (struct sent_key *)block_table_find(&publisher->keys, text);
    if (key || publisher->keys.count == KEYS_MAX) { return key; }
    size_t bytes = sizeof(*key) + text.size;
    key = xcalloc(1, bytes);
    key->head.bytes = (uint32_t)bytes;
    key->size = (uint32_t)text.size;
    (void)block_append(key->text, text);
    (void)block_table_put(&publisher->keys, &key->head);
    return key;
}

static uint64_t hash_bytes(uint64_t hash, const void *bytes, size_t size)
{
    return size ? XXH3_64bits_withSeed(bytes, size, hash) : hash + 1;
}

/* Hashes what a record says; never 0. */
static uint64_t hash_of(const struct group_profile *group)
{
    const int64_t numbers[] = {group->kind, group->users, group->all_users, group->sample,
                               group->rest_users, (int64_t)group->items.count};
    uint64_t hash = hash_bytes(0, numbers, sizeof(numbers));
    hash = hash_bytes(hash, group->name.data, group->name.size);
    for (size_t k = 0; k < group->items.count; k++) {
        hash = hash_bytes(hash, group->items.at[k].data, group->items.at[k].size);
    }
    size_t column = group->items.count * sizeof(int32_t);
    hash = hash_bytes(hash, group->item_users.at, column);
    hash = hash_bytes(hash, group->item_all_users.at, column);
    return MAX_OF(hash, (uint64_t)1);
}

enum verdict segment_publisher_see(struct segment_publisher *publisher, const struct record *rec)
{
    struct group_profile group;
    struct codec_error error;
    if (!rec->key.data || rec->key.size > GROUP_KEY_BYTES_MAX) {
        return run_refuse_record(publisher->parts.run, "bad_key", "want a key of at most %d bytes",
                                 GROUP_KEY_BYTES_MAX);
    }
    if (!rec->value.data) {
        (void)block_table_remove(&publisher->keys, rec->key);
        return VERDICT_DONE;
    }
    arena_reset(publisher->arena);
    if (codec_decode(publisher->codec, rec->value, publisher->arena, &group, &error) < 0) {
        return run_refuse_undecoded(publisher->parts.run, &error);
    }
    const char *fault = group_profile_fault(&group, rec->key);
    if (fault) {
        return run_refuse_record(publisher->parts.run, fault, "%s", group_profile_contract.name);
    }
    if (group.kind != GROUP_SEGMENT) { return VERDICT_DONE; }
    struct sent_key *key = put_key(publisher, rec->key);
    if (key) { key->hash = hash_of(&group); }
    return VERDICT_DONE;
}

/* ---- Counting and sending ---- */

static bool is_due(const struct segment_publisher *publisher, int64_t now_ms)
{
    if (!publisher->parts.every_ms) { return false; }
    return !publisher->begun_ms || now_ms - publisher->begun_ms >= publisher->parts.every_ms;
}

static void begin(struct segment_publisher *publisher, int64_t now_ms)
{
    struct table_view *histories = table_view_new(publisher->parts.histories);
    struct table_view *profiles = table_view_new(publisher->parts.profiles);
    publisher->begun_ms = MAX_OF(now_ms, (int64_t)1);
    if (!histories || !profiles ||
        !segment_counter_stale(publisher->counter, histories, profiles)) {
        table_view_free(histories);
        table_view_free(profiles);
        return;
    }
    publisher->count++;
    segment_counter_begin(publisher->counter, histories, profiles);
}

static void count(struct segment_publisher *publisher)
{
    struct run *run = publisher->parts.run;
    int64_t until_ms = run_now_ms(run) + STEP_MS;
    size_t users = 0;
    while (users < USERS_A_STEP && run_now_ms(run) < until_ms) {
        segment_counter_step(publisher->counter, USERS_A_LOOK);
        users += USERS_A_LOOK;
    }
    enum segment_counting state = segment_counter_state(publisher->counter);
    if (state == SEGMENTS_FAILED) {
        run_log(run, LOG_WARN, "segments cannot be counted",
                "hint=\"raise segments.memory.max, if no schema was unknown and the state can be "
                "read\"");
        segment_counter_drop(publisher->counter);
    }
    publisher->sending = state == SEGMENTS_COUNTED;
    publisher->next = 0;
    publisher->buried = false;
    if (publisher->sending) {
        metric_set(publisher->segments, 0.0);
        metric_set(publisher->users, 0.0);
        metric_set(publisher->sample, ldexp(1.0, -segment_counter_sample(publisher->counter)));
    }
}

static void emit(struct segment_publisher *publisher, struct task *task, struct slice key,
                 const struct group_profile *group)
{
    struct slice value = {0};
    if (group) {
        buf_clear(&publisher->message);
        int result = codec_encode(publisher->codec, group, &publisher->message);
        assert(result == 0);
        value = buf_slice(&publisher->message);
    }
    task_emit(task, publisher->parts.output, PARTITION_BY_KEY, key, value);
    metric_add(publisher->records, 1.0);
}

/* Sends the record of a segment if it says something else than the topic's. False: there are no
 * more segments. */
static bool send_segment(struct segment_publisher *publisher, struct task *task, size_t at)
{
    struct group_profile group;
    char text[GROUP_KEY_BYTES_MAX];
    int result = segment_counter_record(publisher->counter, at, &group);
    if (result < 0) { return result == -EAGAIN; }
    struct slice key = group_profile_key(group.name, text);
    struct sent_key *sent = put_key(publisher, key);
    metric_add(publisher->segments, 1.0);
    metric_set(publisher->users, (double)group.all_users);
    if (!sent) { return true; }
    sent->count = publisher->count;
    if (sent->hash != hash_of(&group)) { emit(publisher, task, key, &group); }
    return true;
}

/* Sends a tombstone for a key that has no segment any more; the key itself goes when the tombstone
 * is read, and then the last one takes its place: so they are walked from the last to the first.
 * False: there are no more keys. */
static bool bury_key(struct segment_publisher *publisher, struct task *task)
{
    if (!publisher->next) { return false; }
    size_t at = --publisher->next;
    if (at >= publisher->keys.count) { return true; }
    const struct sent_key *key = (const struct sent_key *)publisher->keys.at[at];
    if (key->count != publisher->count) { emit(publisher, task, text_of(&key->head), NULL); }
    return true;
}

static void finish(struct segment_publisher *publisher)
{
    struct run *run = publisher->parts.run;
    publisher->sending = false;
    segment_counter_drop(publisher->counter);
    metric_set(publisher->seconds, (double)(run_now_ms(run) - publisher->begun_ms) / 1000.0);
}

static void send(struct segment_publisher *publisher, struct task *task)
{
    for (size_t k = 0; k < SENT_A_STEP; k++) {
        bool more = publisher->buried ? bury_key(publisher, task)
                                      : send_segment(publisher, task, publisher->next++);
        if (more) { continue; }
        if (publisher->buried) {
            finish(publisher);
            return;
        }
        publisher->buried = true;
        publisher->next = publisher->keys.count;
    }
}

void segment_publisher_step(struct segment_publisher *publisher, struct task *task)
{
    int64_t now_ms = run_now_ms(publisher->parts.run);
    if (publisher->sending) {
        send(publisher, task);
    } else if (segment_counter_state(publisher->counter) == SEGMENTS_COUNTING) {
        count(publisher);
    } else if (is_due(publisher, now_ms) &&
               run_input_current(publisher->parts.run, publisher->parts.table_input)) {
        begin(publisher, now_ms);
    }
}
