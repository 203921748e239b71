/* A count that has ended goes out in pieces: records of segments, then tombstones for the keys that
 * none of them has. A count that failed sends nothing. When messages of the run are lost, or a
 * table is read anew, the count is dropped and the next one begins at once.
 */
#include "base/base.h"
#include "base/xalloc.h"
#include "trainer/sequence/segment_publisher.h"

enum { USERS_A_STEP = 2000, USERS_A_LOOK = 100, STEP_MS = 20, SENT_A_STEP = 50 };

struct segment_publisher {
    struct segment_publisher_parts parts;
    struct segment_counter *counter;
    int64_t begun_ms; /* when the last one began; 0: none has */
    bool sending;
    size_t next; /* the segment that is sent next */
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

struct segment_publisher *segment_publisher_new(const struct segment_publisher_parts *parts)
{
    struct segment_publisher *publisher = xcalloc(1, sizeof(*publisher));
    publisher->parts = *parts;
    publisher->counter = segment_counter_new(&publisher->parts.counter, parts->schemas);
    start_metrics(publisher, run_metrics(parts->run));
    return publisher;
}

struct segment_publisher *segment_publisher_free(struct segment_publisher *publisher)
{
    if (!publisher) { return NULL; }
    segment_counter_free(publisher->counter);
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
        published_groups_begin(publisher->parts.groups, GROUP_SEGMENT);
        metric_set(publisher->segments, 0.0);
        metric_set(publisher->users, 0.0);
        metric_set(publisher->sample, ldexp(1.0, -segment_counter_sample(publisher->counter)));
    }
}

/* Sends the record of a segment if it says something else than the topic's. False: there are no
 * more segments. */
static bool send_segment(struct segment_publisher *publisher, struct task *task, size_t at)
{
    struct group_profile group;
    int result = segment_counter_record(publisher->counter, at, &group);
    if (result < 0) { return result == -EAGAIN; }
    metric_add(publisher->segments, 1.0);
    metric_set(publisher->users, (double)group.all_users);
    metric_add(publisher->records, published_groups_send(publisher->parts.groups, task, &group));
    return true;
}

/* Sends a tombstone for the next key that has no segment any more. False: there are no more. */
static bool bury_key(struct segment_publisher *publisher, struct task *task)
{
    size_t sent = 0;
    bool more = published_groups_bury(publisher->parts.groups, task, GROUP_SEGMENT, &sent);
    metric_add(publisher->records, (double)sent);
    return more;
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
        published_groups_end(publisher->parts.groups, GROUP_SEGMENT);
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
