/* A copy that stood still past its session sends nothing more of its batch. */
#include "base/base.h"
#include "features/features.h"
#include "scorer/scorer.h"
#include "stream/run_internal.h"
#include "tests/topology/answers.h"
#include "trainer/similarity/trainer.h"

#include <setjmp.h>
#include <cmocka.h>

enum { EVENTS = 240, PARTITIONS = 2, OTHERS_STEPS = 3000, STILL_MS = WIRE_SESSION_MS + 1000 };

static const char *const pairs[] = {"batch.records.max=40", "poll.records.max=15", NULL};
static const char *const short_session[] = {"batch.records.max=40", "poll.records.max=15",
                                            "kafka.consumer.session.timeout.ms=3000", NULL};

/* The first copy stands still in the middle of its sending; the other takes over and does all. */
struct scene {
    struct rig rig;
    struct copy *sleeper, *other;
    const char *topic;
    int64_t left; /* messages until it falls asleep */
    int64_t still_ms;
    bool loses;  /* its session */
    int64_t then; /* messages in the topic when it woke */
};

static void sleep_at_last(void *arg)
{
    struct scene *scene = arg;
    if (scene->left == 0 || --scene->left > 0) { return; }
    scene->rig.now_ms += scene->still_ms;
    if (scene->loses) {
        memlog_expire(scene->rig.log, scene->sleeper->wire);
        for (int i = 0; i < OTHERS_STEPS; i++) {
            assert_true(rig_step(&scene->rig, scene->other));
            scene->rig.now_ms++;
        }
    }
    scene->then = memlog_count(scene->rig.log, scene->topic, MEMLOG_ALL);
}

static void begin(struct scene *scene, const struct worker *worker, const char *const *with)
{
    rig_init(&scene->rig, PARTITIONS);
    feed_events(&scene->rig, 1, 0, EVENTS);
    if (worker == &scorer_worker) {
        struct copy *features = rig_start(&scene->rig, &features_worker, 0, pairs);
        rig_until_idle(&scene->rig);
        rig_finish(features);
    }
    scene->sleeper = rig_start(&scene->rig, worker, 0, with);
    scene->other = rig_start(&scene->rig, worker, 1, with);
    scene->other->settings.slot = 1;
    memlog_hook(scene->rig.log, MEMLOG_PRODUCE, sleep_at_last, scene);
}

static double count(const struct copy *copy, const char *name)
{
    return metric_value(metrics_counter(copy->metrics, name, "", "Known already."));
}

/* Steps the sleeper alone until it has slept and woken, and says how many messages it has sent
 * since: the one that it slept over is on its way. */
static int64_t sent_after_waking(struct scene *scene)
{
    for (int i = 0; i < 200 && !scene->then; i++) {
        assert_true(rig_step(&scene->rig, scene->sleeper));
        scene->rig.now_ms += ROUND_MS;
    }
    assert_true(scene->then > 0);
    return memlog_count(scene->rig.log, scene->topic, MEMLOG_ALL) - scene->then;
}

static void nothing_follows(const struct worker *worker, const char *topic, int64_t still_ms,
                            const char *const *with)
{
    struct scene scene = {.topic = topic, .left = 6, .still_ms = still_ms, .loses = true};
    begin(&scene, worker, with);
    assert_int_equal(sent_after_waking(&scene), 1);
    int64_t others = memlog_count(scene.rig.log, topic, MEMLOG_ALL);
    for (int i = 0; i < 5; i++) { assert_true(rig_step(&scene.rig, scene.sleeper)); }
    assert_int_equal(memlog_count(scene.rig.log, topic, MEMLOG_ALL), others);
    scene.rig.tolerant = true;
    rig_survive(&scene.rig, false);
    rig_release(&scene.rig);
}

static void test_histories(void **state)
{
    nothing_follows(&features_worker, "histories", STILL_MS, pairs);
}

static void test_lists(void **state)
{
    nothing_follows(&scorer_worker, "recommendations", STILL_MS, pairs);
}

static void test_the_session_that_is_configured(void **state)
{
    nothing_follows(&features_worker, "histories", 3500, short_session);
}

static char *answers_of(const struct rig *rig)
{
    struct answers answers;
    answers_init(&answers, rig);
    answers_states(&answers);
    answers_sums(&answers);
    char *text = answers_take(&answers);
    answers_release(&answers);
    return text;
}

/* Kept waiting for so long, and nothing was lost: the batch is read again, that is all. A shorter
 * wait is none. */
static void test_a_slow_thread_goes_on(void **state)
{
    char *told[2];
    double retried[2];
    for (int i = 0; i < 2; i++) {
        struct scene scene = {.topic = "histories", .left = 6,
                              .still_ms = i ? STILL_MS : STILL_MS - 2000};
        begin(&scene, &features_worker, pairs);
        (void)sent_after_waking(&scene);
        rig_until_idle(&scene.rig);
        told[i] = answers_of(&scene.rig);
        retried[i] = count(scene.sleeper, "freshet_records_total");
        rig_release(&scene.rig);
    }
    assert_true(answers_agree(told[0], told[1]));
    assert_true(retried[1] > retried[0]);
    free(told[0]);
    free(told[1]);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_histories),
        cmocka_unit_test(test_lists),
        cmocka_unit_test(test_the_session_that_is_configured),
        cmocka_unit_test(test_a_slow_thread_goes_on),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
