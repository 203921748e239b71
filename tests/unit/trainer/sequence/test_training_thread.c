#include "base/base.h"
#include "base/xalloc.h"
#include "trainer/sequence/training_thread.h"
#include "tests/unit/walkers.h"

#include <setjmp.h>
#include <sys/stat.h>
#include <unistd.h>
#include <cmocka.h>

enum { WAITS_MAX = 60000 };

struct place {
    char dir[64];
    char path[128];
    struct training_thread_settings settings;
};

static int64_t monotonic_ms(void *arg _unused_)
{
    struct timespec now;
    clock_gettime(CLOCK_MONOTONIC, &now);
    return (int64_t)now.tv_sec * 1000 + now.tv_nsec / 1000000;
}

static int setup(void **state)
{
    struct place *place = xcalloc(1, sizeof(*place));
    (void)snprintf(place->dir, sizeof(place->dir), "/tmp/freshet-training-XXXXXX");
    assert_non_null(mkdtemp(place->dir));
    (void)snprintf(place->path, sizeof(place->path), "%s/checkpoint", place->dir);
    place->settings = (struct training_thread_settings){.learner = walk_settings,
                                                        .cpu_share = .9,
                                                        .checkpoint_ms = 100,
                                                        .publish_ms = 0,
                                                        .now_ms = monotonic_ms};
    *state = place;
    return 0;
}

static int teardown(void **state)
{
    struct place *place = *state;
    (void)unlink(place->path);
    (void)rmdir(place->dir);
    free(place);
    return 0;
}

static void nap(void)
{
    const struct timespec pause = {.tv_nsec = 2000000};
    nanosleep(&pause, NULL);
}

/* Waits until all is learned and takes the last model. */
static struct model_snapshot *settle(struct training_thread *training_thread)
{
    struct model_snapshot *newest = NULL;
    for (int wait = 0; wait < WAITS_MAX; wait++) {
        struct model_snapshot *snapshot = training_thread_take(training_thread);
        if (snapshot) {
            model_snapshot_free(newest);
            newest = snapshot;
        }
        if (newest && training_thread_report(training_thread).resting) { return newest; }
        nap();
    }
    fail_msg("it does not come to rest");
    return NULL;
}

/* Histories come while the thread trains, as they do in the worker. */
static void test_trains_beside(void **state)
{
    struct place *place = *state;
    struct training_set *training_set = walk_training_set(1);
    struct training_thread *training_thread =
        training_thread_new(&place->settings, training_set, place->path);
    training_thread_begin(training_thread);
    for (int32_t steps = 3; steps <= WALK_LENGTH; steps++) {
        for (int32_t user = 0; user < WALKERS; user++) {
            walk(training_set, 1, user, steps);
            if (user % 8 == 0) { nap(); }
        }
    }
    struct model_snapshot *snapshot = settle(training_thread);
    assert_int_equal(snapshot->rows, WALK_ITEMS);
    assert_true(snapshot->ndcg10 > 0.7);
    struct training_thread_report report = training_thread_report(training_thread);
    assert_true(report.checkpoints > 0 && report.checkpoint_failures == 0 && !report.resumed);
    model_snapshot_free(snapshot);
    training_thread_free(training_thread);
    training_set_free(training_set);
}

/* Ended in the middle and begun anew, with a training_set made anew: it goes on from the
 * checkpoint. */
static void test_goes_on(void **state)
{
    struct place *place = *state;
    for (int time = 0; time < 4; time++) {
        struct training_set *training_set = walk_training_set(1);
        for (int32_t user = 0; user < WALKERS; user++) { walk(training_set, 1, user, WALK_LENGTH); }
        struct training_thread *training_thread =
            training_thread_new(&place->settings, training_set, place->path);
        training_thread_begin(training_thread);
        assert_true(training_thread_runs(training_thread));
        assert_int_equal(training_thread_report(training_thread).resumed, time > 0);
        if (time == 3) { model_snapshot_free(settle(training_thread)); }
        while (training_thread_report(training_thread).learner.steps == 0) { nap(); }
        training_thread_end(training_thread);
        assert_false(training_thread_runs(training_thread));
        training_thread_free(training_thread);
        training_set_free(training_set);
    }
}

static void test_bad_checkpoint(void **state)
{
    struct place *place = *state;
    FILE *file = fopen(place->path, "w");
    assert_non_null(file);
    fputs("no checkpoint at all", file);
    fclose(file);
    struct training_set *training_set = walk_training_set(1);
    struct training_thread *training_thread =
        training_thread_new(&place->settings, training_set, place->path);
    training_thread_begin(training_thread);
    assert_false(training_thread_report(training_thread).resumed);
    assert_non_null(training_thread_report(training_thread).why);
    training_thread_free(training_thread);
    training_set_free(training_set);
}

/* A disk that takes no checkpoint is told, and training goes on. */
static void test_no_place_for_checkpoints(void **state)
{
    struct place *place = *state;
    struct training_set *training_set = walk_training_set(1);
    for (int32_t user = 0; user < WALKERS; user++) { walk(training_set, 1, user, WALK_LENGTH); }
    struct training_thread *training_thread =
        training_thread_new(&place->settings, training_set, "/nowhere/at/all/checkpoint");
    training_thread_begin(training_thread);
    model_snapshot_free(settle(training_thread));
    assert_true(training_thread_report(training_thread).checkpoint_failures > 0);
    assert_int_equal(training_thread_report(training_thread).checkpoints, 0);
    training_thread_free(training_thread);
    training_set_free(training_set);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test_setup_teardown(test_trains_beside, setup, teardown),
        cmocka_unit_test_setup_teardown(test_goes_on, setup, teardown),
        cmocka_unit_test_setup_teardown(test_bad_checkpoint, setup, teardown),
        cmocka_unit_test_setup_teardown(test_no_place_for_checkpoints, setup, teardown),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
