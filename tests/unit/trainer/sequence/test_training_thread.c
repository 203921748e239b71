#include "base/base.h"
#include "base/xalloc.h"
#include "trainer/sequence/training_thread.h"
#include "tests/unit/walkers.h"

#include <setjmp.h>
#include <sys/stat.h>
#include <unistd.h>
#include <cmocka.h>

enum { WAITS_MAX = 60000 };

struct fixture {
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
    struct fixture *fixture = xcalloc(1, sizeof(*fixture));
    (void)snprintf(fixture->dir, sizeof(fixture->dir), "/tmp/freshet-training-XXXXXX");
    assert_non_null(mkdtemp(fixture->dir));
    (void)snprintf(fixture->path, sizeof(fixture->path), "%s/checkpoint", fixture->dir);
    fixture->settings = (struct training_thread_settings){.learner = walk_settings,
                                                          .pace.cpu_share = .9,
                                                          .pace.checkpoint_ms = 100,
                                                          .pace.publish_ms = 0,
                                                          .now_ms = monotonic_ms};
    *state = fixture;
    return 0;
}

static int teardown(void **state)
{
    struct fixture *fixture = *state;
    (void)unlink(fixture->path);
    (void)rmdir(fixture->dir);
    free(fixture);
    return 0;
}

static void pause_briefly(void)
{
    const struct timespec pause = {.tv_nsec = 2000000};
    nanosleep(&pause, NULL);
}

/* Waits until training is idle; returns the last model. */
static struct model_snapshot *train_to_end(struct training_thread *training_thread)
{
    struct model_snapshot *newest = NULL;
    for (int wait = 0; wait < WAITS_MAX; wait++) {
        struct model_snapshot *snapshot = training_thread_take(training_thread);
        if (snapshot) {
            model_snapshot_free(newest);
            newest = snapshot;
        }
        if (newest && training_thread_report(training_thread).idle) { return newest; }
        pause_briefly();
    }
    fail_msg("it does not become idle");
    return NULL;
}

/* The pace changes while the thread trains; what is learned ends as it would. */
static void test_the_pace_changes(void **state)
{
    struct fixture *fixture = *state;
    struct training_pace pace = fixture->settings.pace;
    struct training_set *training_set = walk_training_set(1);
    for (int32_t user = 0; user < WALKERS; user++) { walk(training_set, 1, user, WALK_LENGTH); }
    fixture->settings.pace.cpu_share = .01;
    struct training_thread *training_thread =
        training_thread_new(&fixture->settings, training_set, fixture->path);
    training_thread_begin(training_thread);
    for (int i = 1; i <= 100; i++) {
        pace.cpu_share = i / 100.0;
        training_thread_set_pace(training_thread, pace);
    }
    model_snapshot_free(train_to_end(training_thread));
    training_thread_free(training_thread);
    training_set_free(training_set);
}

/* Histories arrive while the thread trains, as in the worker. */
static void test_trains_while_histories_arrive(void **state)
{
    struct fixture *fixture = *state;
    struct training_set *training_set = walk_training_set(1);
    struct training_thread *training_thread =
        training_thread_new(&fixture->settings, training_set, fixture->path);
    training_thread_begin(training_thread);
    for (int32_t steps = 3; steps <= WALK_LENGTH; steps++) {
        for (int32_t user = 0; user < WALKERS; user++) {
            walk(training_set, 1, user, steps);
            if (user % 8 == 0) { pause_briefly(); }
        }
    }
    struct model_snapshot *snapshot = train_to_end(training_thread);
    assert_int_equal(snapshot->rows, WALK_ITEMS);
    assert_true(snapshot->ndcg10 > 0.7);
    struct training_thread_report report = training_thread_report(training_thread);
    assert_true(report.checkpoints > 0 && report.checkpoint_failures == 0 && !report.resumed);
    model_snapshot_free(snapshot);
    training_thread_free(training_thread);
    training_set_free(training_set);
}

/* Ended in the middle of training and begun again with a new training set: it resumes from the
 * checkpoint. */
static void test_resumes(void **state)
{
    struct fixture *fixture = *state;
    for (int time = 0; time < 4; time++) {
        struct training_set *training_set = walk_training_set(1);
        for (int32_t user = 0; user < WALKERS; user++) { walk(training_set, 1, user, WALK_LENGTH); }
        struct training_thread *training_thread =
            training_thread_new(&fixture->settings, training_set, fixture->path);
        training_thread_begin(training_thread);
        assert_true(training_thread_runs(training_thread));
        assert_int_equal(training_thread_report(training_thread).resumed, time > 0);
        if (time == 3) { model_snapshot_free(train_to_end(training_thread)); }
        while (training_thread_report(training_thread).learner.steps == 0) { pause_briefly(); }
        training_thread_end(training_thread);
        assert_false(training_thread_runs(training_thread));
        training_thread_free(training_thread);
        training_set_free(training_set);
    }
}

static void test_bad_checkpoint(void **state)
{
    struct fixture *fixture = *state;
    FILE *file = fopen(fixture->path, "w");
    assert_non_null(file);
    fputs("no checkpoint at all", file);
    fclose(file);
    struct training_set *training_set = walk_training_set(1);
    struct training_thread *training_thread =
        training_thread_new(&fixture->settings, training_set, fixture->path);
    training_thread_begin(training_thread);
    assert_false(training_thread_report(training_thread).resumed);
    assert_non_null(training_thread_report(training_thread).why);
    training_thread_free(training_thread);
    training_set_free(training_set);
}

/* A checkpoint that cannot be written is counted, and training continues. */
static void test_checkpoint_cannot_be_written(void **state)
{
    struct fixture *fixture = *state;
    struct training_set *training_set = walk_training_set(1);
    for (int32_t user = 0; user < WALKERS; user++) { walk(training_set, 1, user, WALK_LENGTH); }
    struct training_thread *training_thread =
        training_thread_new(&fixture->settings, training_set, "/nowhere/at/all/checkpoint");
    training_thread_begin(training_thread);
    model_snapshot_free(train_to_end(training_thread));
    assert_true(training_thread_report(training_thread).checkpoint_failures > 0);
    assert_int_equal(training_thread_report(training_thread).checkpoints, 0);
    training_thread_free(training_thread);
    training_set_free(training_set);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test_setup_teardown(test_the_pace_changes, setup, teardown),
        cmocka_unit_test_setup_teardown(test_trains_while_histories_arrive, setup, teardown),
        cmocka_unit_test_setup_teardown(test_resumes, setup, teardown),
        cmocka_unit_test_setup_teardown(test_bad_checkpoint, setup, teardown),
        cmocka_unit_test_setup_teardown(test_checkpoint_cannot_be_written, setup, teardown),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
