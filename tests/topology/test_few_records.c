/* Each commit of features writes the whole states of its users, so few events wait for more: not
 * for long, not when none comes, and not when somebody waits for them. */
#include "base/base.h"
#include "features/features.h"
#include "schemas/forget_request.h"
#include "tests/topology/answers.h"
#include "tests/topology/feed.h"

#include <setjmp.h>
#include <cmocka.h>

enum { PARTITIONS = 2, SECOND_MS = 1000, ROUNDS_A_SECOND = 20, WAIT_MS = 8000, REST_MS = 2000 };

struct story {
    struct rig rig;
    struct copy *features;
    int fed;
};

static void begin(struct story *story, const char *const *pairs)
{
    *story = (struct story){.fed = 0};
    rig_init(&story->rig, PARTITIONS);
    story->features = rig_start(&story->rig, &features_worker, 0, pairs);
}

static void pass(struct story *story, int64_t ms)
{
    for (int64_t until_ms = story->rig.now_ms + ms; story->rig.now_ms < until_ms;) {
        rig_round(&story->rig, false);
    }
    assert_int_equal(story->rig.restarts, 0);
}

static void feed(struct story *story, int events)
{
    feed_events(&story->rig, 3, story->fed, story->fed + events);
    story->fed += events;
}

static double commits(const struct story *story)
{
    return metric_value(
        metrics_counter(story->features->metrics, "freshet_commits_total", "", "Known."));
}

static int accepted(const struct story *story)
{
    return (int)metric_value(
        metrics_counter(story->features->metrics, "freshet_events_accepted_total", "", "Known."));
}

static bool at_rest(const struct story *story)
{
    return metric_value(
               metrics_gauge(story->features->metrics, "freshet_at_rest", "", "Known.")) > 0;
}

/* One event a second for a minute: a commit every 8 s, and lists' histories at once. */
static void few_events_wait_for_more(void **state)
{
    struct story story;
    begin(&story, NULL);
    for (int n = 0; n < 60; n++) {
        feed(&story, 1);
        pass(&story, SECOND_MS);
        assert_int_equal(memlog_count(story.rig.log, "histories", MEMLOG_ALL), accepted(&story));
    }
    assert_true(commits(&story) >= 60 * SECOND_MS / (WAIT_MS + SECOND_MS));
    assert_true(commits(&story) <= 60 * SECOND_MS / WAIT_MS + 2);
    rig_release(&story.rig);
}

static void but_not_when_none_comes(void **state)
{
    struct story story;
    begin(&story, NULL);
    pass(&story, SECOND_MS);
    for (int n = 0; n < 3; n++) {
        feed(&story, 5);
        pass(&story, REST_MS + SECOND_MS);
        assert_true(at_rest(&story));
        assert_true(commits(&story) >= 1);
    }
    rig_release(&story.rig);
}

/* The wait is a multiple of the interval: who wants commits often has them often. */
static void the_wait_follows_the_interval(void **state)
{
    static const char *const often[] = {"commit.interval.ms=50ms", NULL};
    struct story story;
    begin(&story, often);
    for (int n = 0; n < 20; n++) {
        feed(&story, 1);
        pass(&story, SECOND_MS);
        assert_true(at_rest(&story));
    }
    assert_true(commits(&story) >= 20);
    rig_release(&story.rig);
}

/* 2,000 events a second: as many commits as the interval says. */
static void many_events_do_not_wait(void **state)
{
    struct story story;
    begin(&story, NULL);
    double before = commits(&story);
    for (int n = 0; n < 10 * ROUNDS_A_SECOND; n++) {
        feed(&story, 2000 / ROUNDS_A_SECOND);
        pass(&story, SECOND_MS / ROUNDS_A_SECOND);
    }
    assert_true(commits(&story) - before >= 10); /* 20 less what a commit takes */
    rig_release(&story.rig);
}

static void a_request_to_forget_does_not_wait(void **state)
{
    struct story story;
    begin(&story, NULL);
    feed(&story, 40);
    pass(&story, WAIT_MS * 2);
    struct schema_cache *schemas = schema_cache_new();
    struct codec *codec = codec_new(&forget_request_contract, schemas);
    struct buf out;
    buf_init(&out, 4096);
    const struct forget_request request = {
        .request_id = slice_str("r1"), .user_id = slice_str("u1"), .until_ms = 0,
        .salt = slice_str("00112233445566778899aabbccddeeff")};
    for (int n = 0; n < 5; n++) { /* others go on */
        feed(&story, 1);
        pass(&story, SECOND_MS / 5);
    }
    assert_int_equal(codec_encode(codec, &request, &out), 0);
    for (int32_t p = 0; p < PARTITIONS; p++) {
        memlog_append(story.rig.log, "events", p, request.user_id, buf_slice(&out), feed_from_ms);
    }
    for (int n = 0; n < 5; n++) {
        feed(&story, 1);
        pass(&story, SECOND_MS / 5);
    }
    assert_int_equal(memlog_count(story.rig.log, "receipts", MEMLOG_ALL), PARTITIONS);
    buf_release(&out);
    codec_free(codec);
    schema_cache_free(schemas);
    rig_release(&story.rig);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(few_events_wait_for_more),
        cmocka_unit_test(but_not_when_none_comes),
        cmocka_unit_test(the_wait_follows_the_interval),
        cmocka_unit_test(many_events_do_not_wait),
        cmocka_unit_test(a_request_to_forget_does_not_wait),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
