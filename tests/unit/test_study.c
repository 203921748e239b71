#include "base/base.h"
#include "base/xalloc.h"
#include "sequence/study.h"
#include "tests/unit/walkers.h"

#include <setjmp.h>
#include <sys/stat.h>
#include <unistd.h>
#include <cmocka.h>

enum { WAITS_MAX = 60000 };

struct place {
    char dir[64];
    char path[128];
    struct study_settings settings;
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
    (void)snprintf(place->dir, sizeof(place->dir), "/tmp/freshet-study-XXXXXX");
    assert_non_null(mkdtemp(place->dir));
    (void)snprintf(place->path, sizeof(place->path), "%s/checkpoint", place->dir);
    place->settings = (struct study_settings){
        .learner = walk_settings, .cpu_share = .9, .checkpoint_ms = 100, .publish_ms = 0,
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
static struct graduate *settle(struct study *study)
{
    struct graduate *newest = NULL;
    for (int wait = 0; wait < WAITS_MAX; wait++) {
        struct graduate *graduate = study_take(study);
        if (graduate) {
            graduate_free(newest);
            newest = graduate;
        }
        if (newest && study_report(study).resting) { return newest; }
        nap();
    }
    fail_msg("it does not come to rest");
    return NULL;
}

/* Histories come while the thread trains, as they do in the worker. */
static void test_trains_beside(void **state)
{
    struct place *place = *state;
    struct pool *pool = walk_pool(1);
    struct study *study = study_new(&place->settings, pool, place->path);
    study_begin(study);
    for (int32_t steps = 3; steps <= WALK_LENGTH; steps++) {
        for (int32_t user = 0; user < WALKERS; user++) {
            walk(pool, 1, user, steps);
            if (user % 8 == 0) { nap(); }
        }
    }
    struct graduate *graduate = settle(study);
    assert_int_equal(graduate->rows, WALK_ITEMS);
    assert_true(graduate->ndcg10 > 0.7);
    struct study_report report = study_report(study);
    assert_true(report.checkpoints > 0 && report.checkpoint_failures == 0 && !report.resumed);
    graduate_free(graduate);
    study_free(study);
    pool_free(pool);
}

/* Ended in the middle and begun anew, with a pool made anew: it goes on from the checkpoint. */
static void test_goes_on(void **state)
{
    struct place *place = *state;
    for (int time = 0; time < 4; time++) {
        struct pool *pool = walk_pool(1);
        for (int32_t user = 0; user < WALKERS; user++) { walk(pool, 1, user, WALK_LENGTH); }
        struct study *study = study_new(&place->settings, pool, place->path);
        study_begin(study);
        assert_true(study_runs(study));
        assert_int_equal(study_report(study).resumed, time > 0);
        if (time == 3) { graduate_free(settle(study)); }
        while (study_report(study).learner.steps == 0) { nap(); }
        study_end(study);
        assert_false(study_runs(study));
        study_free(study);
        pool_free(pool);
    }
}

static void test_bad_checkpoint(void **state)
{
    struct place *place = *state;
    FILE *file = fopen(place->path, "w");
    assert_non_null(file);
    fputs("no checkpoint at all", file);
    fclose(file);
    struct pool *pool = walk_pool(1);
    struct study *study = study_new(&place->settings, pool, place->path);
    study_begin(study);
    assert_false(study_report(study).resumed);
    assert_non_null(study_report(study).why);
    study_free(study);
    pool_free(pool);
}

/* A disk that takes no checkpoint is told, and training goes on. */
static void test_no_place_for_checkpoints(void **state)
{
    struct place *place = *state;
    struct pool *pool = walk_pool(1);
    for (int32_t user = 0; user < WALKERS; user++) { walk(pool, 1, user, WALK_LENGTH); }
    struct study *study = study_new(&place->settings, pool, "/nowhere/at/all/checkpoint");
    study_begin(study);
    graduate_free(settle(study));
    assert_true(study_report(study).checkpoint_failures > 0);
    assert_int_equal(study_report(study).checkpoints, 0);
    study_free(study);
    pool_free(pool);
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
