/* The trainer's commits are checkpoints: made when reading the input again would take too long,
 * when memory is full, when the first uncommitted record is old, when input rests, and at the end;
 * never because a burst is over or an interval has passed. */
#include "base/base.h"
#include "features/features.h"
#include "schemas/forget_request.h"
#include "stream/run_internal.h"
#include "tests/topology/answers.h"
#include "trainer/similarity/trainer.h"

#include <setjmp.h>
#include <cmocka.h>

enum { PARTITIONS = 2, BURST = 600, SECOND_MS = 1000, REST_MS = 10 * SECOND_MS, OLD_MS = 600000 };

/* Of the defaults only the limit of memory may matter in a short test; here none does. */
static const char *const patient[] = {"checkpoint.replay.ms=1h", "commit.interval.ms=1ms",
                                      "batch.records.max=1", NULL};

/* Features commits what it has within a second. */
static const char *const prompt[] = {"commit.interval.ms=50ms", NULL};

struct story {
    struct rig rig;
    struct copy *features, *trainer;
    int fed;
};

static void feed(struct story *story, int events)
{
    feed_events(&story->rig, 3, story->fed, story->fed + events);
    story->fed += events;
}

static void begin(struct story *story, const char *const *pairs)
{
    *story = (struct story){.fed = 0};
    rig_init(&story->rig, PARTITIONS);
    story->features = rig_start(&story->rig, &features_worker, 0, prompt);
    story->trainer = rig_start(&story->rig, &trainer_worker, 0, pairs);
}

/* Lets the time pass, in steps that are shorter than any wait of the workers. */
static void pass(struct story *story, int64_t ms)
{
    for (int64_t until_ms = story->rig.now_ms + ms; story->rig.now_ms < until_ms;) {
        rig_round(&story->rig, false);
    }
    assert_int_equal(story->rig.restarts, 0);
}

static double commits(const struct story *story)
{
    return metric_value(
        metrics_counter(story->trainer->metrics, "freshet_commits_total", "", "Known."));
}

static double lag(const struct story *story)
{
    double lag = 0;
    for (int p = 0; p < PARTITIONS; p++) {
        _cleanup_(xfreep) char *labels = xprintf("partition=\"%d\"", p);
        lag += metric_value(
            metrics_gauge(story->trainer->metrics, "freshet_lag", labels, "Known."));
    }
    return lag;
}

static bool at_rest(const struct copy *copy)
{
    return metric_value(metrics_gauge(copy->metrics, "freshet_at_rest", "", "Known.")) > 0;
}

static void end(struct story *story)
{
    rig_release(&story->rig);
}

static void a_burst_is_no_reason(void **state)
{
    struct story story;
    begin(&story, patient);
    feed(&story, BURST);
    pass(&story, REST_MS * 8 / 10);
    assert_true(commits(&story) == 0);
    assert_true(lag(&story) == 0);
    assert_true(at_rest(story.features));
    assert_false(at_rest(story.trainer)); /* all is read, but not written */
    assert_int_equal(memlog_count(story.rig.log, "neighbours", MEMLOG_ALL), 0);
    assert_true(memlog_count(story.rig.log, "serving-rows", MEMLOG_ALL) > 0);
    end(&story);
}

static void rest_is_one(void **state)
{
    struct story story;
    begin(&story, patient);
    feed(&story, BURST);
    pass(&story, REST_MS * 2);
    assert_true(commits(&story) >= 1);
    assert_true(commits(&story) <= 2); /* the marker of the last transaction may come later */
    assert_true(memlog_count(story.rig.log, "neighbours", MEMLOG_ALL) > 0);
    double before = commits(&story);
    pass(&story, REST_MS * 4);
    assert_true(commits(&story) == before);
    assert_true(at_rest(story.features) && at_rest(story.trainer));
    feed(&story, 1);
    pass(&story, REST_MS / 10);
    assert_true(at_rest(story.features));
    assert_false(at_rest(story.trainer));
    end(&story);
}

/* One event every second never rests. */
static void so_is_age(void **state)
{
    static const char *const ageing[] = {"checkpoint.replay.ms=1h", "checkpoint.interval.ms=10m",
                                         NULL};
    struct story story;
    begin(&story, ageing);
    int64_t from_ms = story.rig.now_ms;
    while (commits(&story) == 0) {
        feed(&story, 1);
        rig_round(&story.rig, false);
        story.rig.now_ms += SECOND_MS;
        assert_true(story.rig.now_ms - from_ms < 2 * OLD_MS);
    }
    int64_t took_ms = story.rig.now_ms - from_ms;
    assert_in_range(took_ms, OLD_MS - 10 * SECOND_MS, OLD_MS + 10 * SECOND_MS);
    end(&story);
}

/* Time is spent here by reading the clock: a millisecond each 16 records and some each poll. */
static void so_is_the_time_of_a_replay(void **state)
{
    static const char *const hasty[] = {"checkpoint.replay.ms=30ms", "poll.records.max=3", NULL};
    struct story story;
    begin(&story, hasty);
    for (int i = 0; i < 20; i++) {
        feed(&story, BURST / 20);
        pass(&story, SECOND_MS);
    }
    assert_in_range((int64_t)commits(&story), 2, 40);
    end(&story);
}

/* Whenever the trainer is killed in a backlog, a restart processes for no longer than half as long
 * again as the option says, and a poll. */
static void a_kill_costs_no_more_than_that(void **state)
{
    enum { REPLAY_MS = 30, POLL_MS = 10, KILLS = 12 };
    static const char *const hasty[] = {"checkpoint.replay.ms=30ms", "poll.records.max=3", NULL};
    struct story story;
    int64_t most_ms = 0;
    begin(&story, hasty);
    for (int kill = 0; kill < KILLS; kill++) {
        feed(&story, BURST / KILLS);
        for (int i = 0; i < 20 + 7 * kill; i++) {
            rig_round(&story.rig, false);
            most_ms = MAX_OF(most_ms, story.trainer->run->pace.worked_ms);
        }
        rig_kill(&story.rig, story.trainer);
        memlog_expire_member(story.rig.log, "freshet-trainer", "freshet-trainer-0");
        assert_true(rig_launch(&story.rig, story.trainer));
    }
    assert_in_range(most_ms, REPLAY_MS / 2, REPLAY_MS * 3 / 2 + POLL_MS);
    end(&story);
}

static void so_is_memory(void **state)
{
    static const char *const narrow[] = {"checkpoint.replay.ms=1h", "batch.bytes.max=64k",
                                         "neighbours.max=0", NULL};
    struct story story;
    begin(&story, narrow);
    feed(&story, BURST);
    pass(&story, SECOND_MS);
    assert_true(commits(&story) >= 1);
    end(&story);
}

static void so_is_the_end(void **state)
{
    struct story story;
    begin(&story, patient);
    feed(&story, BURST);
    pass(&story, SECOND_MS);
    assert_true(commits(&story) == 0);
    rig_finish(story.trainer);
    assert_true(memlog_count(story.rig.log, "neighbours", MEMLOG_ALL) > 0);
    for (int32_t p = 0; p < PARTITIONS; p++) {
        int64_t at = memlog_committed(story.rig.log, "freshet-trainer", "pair-deltas", p);
        assert_true(at > 0);
    }
    end(&story);
}

/* Whoever asks for a user to be forgotten waits until that is committed. */
static void so_is_a_forgotten_user(void **state)
{
    struct story story;
    begin(&story, patient);
    feed(&story, BURST);
    pass(&story, SECOND_MS);
    struct schema_cache *schemas = schema_cache_new();
    struct codec *codec = codec_new(&forget_request_contract, schemas);
    struct buf out;
    buf_init(&out, 1 << 10);
    const struct forget_request request = {
        .request_id = slice_str("00112233445566778899aabbccddeeff"),
        .user_id = slice_str("nobody"),
        .until_ms = feed_from_ms,
        .requested_ms = feed_from_ms,
    };
    assert_int_equal(codec_encode(codec, &request, &out), 0);
    memlog_append(story.rig.log, "events", 0, request.user_id, buf_slice(&out), feed_time_ms());
    pass(&story, 2 * SECOND_MS);
    assert_true(commits(&story) >= 1); /* nothing was subtracted, and every partition commits */
    for (int32_t p = 0; p < PARTITIONS; p++) {
        int64_t at = memlog_committed(story.rig.log, "freshet-trainer", "pair-deltas", p);
        assert_true(at > 0);
    }
    buf_release(&out);
    codec_free(codec);
    schema_cache_free(schemas);
    end(&story);
}

static void retention_that_comes_near_is_told(void **state)
{
    static const char *const restless[] = {"checkpoint.replay.ms=1h", "checkpoint.rest.ms=1h",
                                           NULL};
    struct story story;
    begin(&story, restless);
    for (int i = 0; i < 20; i++) {
        feed(&story, BURST / 20);
        pass(&story, SECOND_MS);
    }
    rig_finish(story.trainer);
    assert_true(rig_launch(&story.rig, story.trainer));
    for (int i = 0; i < 20; i++) {
        feed(&story, BURST / 20);
        pass(&story, SECOND_MS);
    }
    for (int32_t p = 0; p < PARTITIONS; p++) {
        int64_t at = memlog_committed(story.rig.log, "freshet-trainer", "pair-deltas", p);
        memlog_trim(story.rig.log, "pair-deltas", p, at - 2);
    }
    story.rig.warned[0] = '\0';
    pass(&story, 61 * SECOND_MS);
    assert_non_null(strstr(story.rig.warned, "retention comes near"));
    end(&story);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(a_burst_is_no_reason),
        cmocka_unit_test(rest_is_one),
        cmocka_unit_test(so_is_age),
        cmocka_unit_test(so_is_the_time_of_a_replay),
        cmocka_unit_test(a_kill_costs_no_more_than_that),
        cmocka_unit_test(so_is_memory),
        cmocka_unit_test(so_is_the_end),
        cmocka_unit_test(so_is_a_forgotten_user),
        cmocka_unit_test(retention_that_comes_near_is_told),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
