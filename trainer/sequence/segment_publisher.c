#include "base/base.h"
#include "base/xalloc.h"
#include "trainer/sequence/segment_counter.h"
#include "trainer/sequence/segment_publisher.h"

enum { USERS_A_STEP = 2000, USERS_A_LOOK = 100, STEP_MS = 20, SENT_A_STEP = 50 };

struct segments {
    struct group_publisher_parts parts;
    struct segment_counter_settings settings;
    struct segment_counter *counter;
    struct metric *found, *users, *sample;
};

static bool begin(void *counter)
{
    struct segments *segments = counter;
    struct table_view *histories = table_view_new(segments->parts.histories);
    struct table_view *profiles = table_view_new(segments->parts.profiles);
    if (!histories || !profiles ||
        !segment_counter_stale(segments->counter, histories, profiles)) {
        table_view_free(histories);
        table_view_free(profiles);
        return false;
    }
    segment_counter_begin(segments->counter, histories, profiles);
    return true;
}

static int count(void *counter)
{
    struct segments *segments = counter;
    struct run *run = segments->parts.run;
    int64_t until_ms = run_now_ms(run) + STEP_MS;
    size_t users = 0;
    while (users < USERS_A_STEP && run_now_ms(run) < until_ms) {
        segment_counter_step(segments->counter, USERS_A_LOOK);
        users += USERS_A_LOOK;
    }
    enum segment_counting state = segment_counter_state(segments->counter);
    if (state == SEGMENTS_FAILED) { return -ENOMEM; }
    if (state != SEGMENTS_COUNTED) { return 0; }
    metric_set(segments->found, 0.0);
    metric_set(segments->users, 0.0);
    metric_set(segments->sample, ldexp(1.0, -segment_counter_sample(segments->counter)));
    return 1;
}

static int record(void *counter, size_t at, struct group_profile *ret_group)
{
    struct segments *segments = counter;
    int result = segment_counter_record(segments->counter, at, ret_group);
    if (result < 0) { return result; }
    metric_add(segments->found, 1.0);
    metric_set(segments->users, (double)ret_group->all_users);
    return 0;
}

static void drop(void *counter)
{
    segment_counter_drop(((struct segments *)counter)->counter);
}

static void reset(void *counter)
{
    segment_counter_reset(((struct segments *)counter)->counter);
}

static void free_segments(void *counter)
{
    segment_counter_free(((struct segments *)counter)->counter);
    free(counter);
}

static const struct group_sort sort = {
    .kinds = {GROUP_SEGMENT},
    .kinds_count = 1,
    .sent_a_step = SENT_A_STEP,
    .failure = "segments cannot be counted",
    .option = "segments.memory.max",
    .begin = begin,
    .count = count,
    .record = record,
    .drop = drop,
    .reset = reset,
    .free = free_segments,
};

struct group_publisher *segment_publisher_new(const struct group_publisher_parts *parts)
{
    struct metrics *metrics = run_metrics(parts->run);
    struct segments *segments = xcalloc(1, sizeof(*segments));
    segments->parts = *parts;
    segments->settings = sequence_segment_settings(parts->settings);
    segments->counter = segment_counter_new(&segments->settings, parts->schemas);
    segments->found = metrics_gauge(metrics, "freshet_segments", "",
                                    "Segments of users that the last count has found.");
    segments->users = metrics_gauge(metrics, "freshet_segment_users", "",
                                    "Users with a profile and a history that it has counted.");
    segments->sample = metrics_gauge(metrics, "freshet_segment_sample_ratio", "",
                                     "Share of all users that it has counted: 1, or less where "
                                     "segments.memory.max does not suffice.");
    struct metric *seconds = metrics_gauge(metrics, "freshet_segment_count_seconds", "",
                                           "How long it took, from its begin to its last record.");
    struct metric *records = metrics_counter(metrics, "freshet_segment_records_total", "",
                                             "Records and tombstones sent to profiles.");
    return group_publisher_new(parts, &sort, segments, parts->settings->segments_every_ms, records,
                               seconds);
}
