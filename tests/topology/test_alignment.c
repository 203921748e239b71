/* Sources that are not keyed by user: in a backlog, read at different speeds by one copy or by two,
 * nobody's events are lost, and the tables are those of a log that was in order. */
#include "base/base.h"
#include "features/features.h"
#include "ingest/ingest.h"
#include "tests/topology/feed.h"

#include <setjmp.h>
#include <cmocka.h>

enum { PARTITIONS = 8, USERS = 40, EVENTS = 48000, STEP_MS = 60000, ROUNDS = 30000 };

/* The partition of an order: the first has more than half of them, so it is read last. */
static int32_t by_order(int n)
{
    uint64_t rng = (uint64_t)n * 0x9e3779b97f4a7c15u;
    rng ^= rng >> 29;
    rng *= 0xbf58476d1ce4e5b9u;
    rng ^= rng >> 32;
    return rng % 2 ? 0 : (int32_t)(rng / 2 % PARTITIONS);
}

static int32_t by_user(int n)
{
    return n * 7 % USERS % PARTITIONS;
}

static void append_order(struct rig *rig, int n, int32_t partition)
{
    char json[200];
    (void)snprintf(json, sizeof(json),
                   "{\"user_id\":\"u%d\",\"item_id\":\"i%d\",\"event_id\":\"e%d\","
                   "\"action\":\"buy\",\"event_time_ms\":%" PRId64 "}",
                   n * 7 % USERS, n * 31 % 97, n, feed_from_ms + (int64_t)n * STEP_MS);
    memlog_append(rig->log, "clicks", partition, slice_str("k"), slice_str(json),
                  feed_from_ms + (int64_t)EVENTS * STEP_MS);
}

struct outcome {
    double late, accepted, scattered;
    char warned[512];
};

static double counted(const struct copy *copy, const char *name, const char *labels)
{
    return metric_value(metrics_counter(copy->metrics, name, labels, ""));
}

/* Steps all copies, the last one once in so many rounds, until all is read. */
static void run_all(struct rig *rig, int slower)
{
    int rounds = 0;
    while (!rig_idle(rig) || memlog_count(rig->log, "events", MEMLOG_ALL) == 0) {
        for (size_t i = 0; i < rig->copies_count; i++) {
            if (i + 1 == rig->copies_count && rounds % slower != 0) { continue; }
            assert_true(rig_step(rig, &rig->copies[i]));
        }
        rig->now_ms += ROUND_MS;
        assert_true(++rounds < ROUNDS);
    }
}

static struct outcome replay(const char *align, int copies, int32_t (*place)(int))
{
    char own[64];
    (void)snprintf(own, sizeof(own), "partitions.align=%s", align);
    const char *const pairs[] = {"action.buy=PURCHASE:1", "partitions.ahead.max=10m",
                                 "poll.records.max=500", own, NULL};
    struct rig rig;
    rig_init(&rig, PARTITIONS);
    for (int n = 0; n < EVENTS; n++) { append_order(&rig, n, place(n)); }
    const struct copy *features = rig_start(&rig, &features_worker, 9, NULL);
    const struct copy *ingest = rig_start(&rig, &ingest_worker, 0, pairs);
    if (copies > 1) { rig_start(&rig, &ingest_worker, 1, pairs); }
    run_all(&rig, copies > 1 ? 7 : 1);
    struct outcome outcome = {
        .late = counted(features, "freshet_dead_letters_total", "reason=\"too_late\""),
        .accepted = counted(features, "freshet_events_accepted_total", ""),
        .scattered =
            counted(ingest, "freshet_ingest_scattered_events_total", "source=\"clicks\""),
    };
    memcpy(outcome.warned, rig.warned, sizeof(outcome.warned));
    assert_true(outcome.late + outcome.accepted == EVENTS);
    rig_release(&rig);
    return outcome;
}

static void a_scattered_source_loses_nothing(void **state)
{
    assert_true(replay("never", 2, by_order).late > 100);
    for (int copies = 1; copies <= 2; copies++) {
        const struct outcome outcome = replay("auto", copies, by_order);
        assert_true(outcome.late == 0);
        assert_true(outcome.scattered > 16);
        assert_non_null(strstr(outcome.warned, "one user's events come by several partitions"));
        assert_non_null(strstr(outcome.warned, "partitions.align"));
    }
}

/* Where each user has one partition, nothing is said and nobody waits. */
static void a_source_keyed_by_user_is_as_it_was(void **state)
{
    const struct outcome outcome = replay("auto", 1, by_user);
    assert_true(outcome.late == 0 && outcome.scattered == 0);
    assert_string_equal(outcome.warned, "");
}

/* A copy that stands still keeps its partitions until its session ends; meanwhile nobody waits for
 * them longer than partitions.wait.max. */
static void who_does_not_move_is_not_waited_for(void **state)
{
    const char *const pairs[] = {"action.buy=PURCHASE:1", "partitions.align=always",
                                 "partitions.ahead.max=0", "partitions.wait.max=2s", NULL};
    struct rig rig;
    rig_init(&rig, PARTITIONS);
    for (int n = 0; n < EVENTS; n++) { append_order(&rig, n, by_order(n)); }
    struct copy *moves = rig_start(&rig, &ingest_worker, 0, pairs);
    struct copy *stands = rig_start(&rig, &ingest_worker, 1, pairs);
    double newest = 0, now = 0;
    int quiet = 0;
    while (metric_value(metrics_gauge(stands->metrics, "freshet_tasks", "", "")) == 0) {
        assert_true(rig_step(&rig, moves) && rig_step(&rig, stands));
    }
    for (int rounds = 0; quiet < 300; rounds++, newest = now) {
        assert_true(rounds < ROUNDS && rig_step(&rig, moves));
        rig.now_ms += ROUND_MS;
        now = counted(moves, "freshet_ingest_accepted_total", "");
        quiet = now > newest ? 0 : quiet + 1;
    }
    assert_true(now > EVENTS / 4.0);
    assert_non_null(strstr(rig.warned, "does not move is not waited for"));
    rig_release(&rig);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(a_scattered_source_loses_nothing),
        cmocka_unit_test(a_source_keyed_by_user_is_as_it_was),
        cmocka_unit_test(who_does_not_move_is_not_waited_for),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
