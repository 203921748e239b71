/* Features and trainer that have done half of the events, for tests of what a changelog counts. */
#ifndef FRESHET_TESTS_TOPOLOGY_HALFWAY_H
#define FRESHET_TESTS_TOPOLOGY_HALFWAY_H

#include "features/features.h"
#include "stream/run_internal.h"
#include "tests/topology/answers.h"
#include "trainer/similarity/trainer.h"

#include <setjmp.h>
#include <cmocka.h>

enum { EVENTS = 300, HALF = 150 };

static const char *const pairs[] = {"batch.records.max=40", "poll.records.max=15", NULL};

static inline char *answers_of(const struct rig *rig)
{
    struct answers answers;
    answers_init(&answers, rig);
    answers_whole(&answers, "features-changelog");
    answers_sums(&answers);
    answers_rows(&answers);
    char *text = answers_take(&answers);
    answers_release(&answers);
    return text;
}

static inline char *undisturbed(void)
{
    struct rig rig;
    rig_init(&rig, 1);
    feed_events(&rig, 1, 0, EVENTS);
    rig_start(&rig, &features_worker, 0, pairs);
    rig_start(&rig, &trainer_worker, 0, pairs);
    rig_until_idle(&rig);
    char *text = answers_of(&rig);
    rig_release(&rig);
    return text;
}

/* Features and trainer that have done the first half and stopped. */
struct scene {
    struct rig rig;
    struct copy *features;
    struct copy *trainer;
};

static inline void halfway(struct scene *scene, const char *const *settings)
{
    struct rig *rig = &scene->rig;
    rig_init(rig, 1);
    scene->features = rig_start(rig, &features_worker, 0, settings);
    scene->trainer = rig_start(rig, &trainer_worker, 0, settings);
    feed_events(rig, 1, 0, HALF);
    rig_until_idle(rig);
    rig_finish(scene->features);
    rig_finish(scene->trainer);
}

static inline void go_on(struct scene *scene)
{
    assert_true(rig_launch(&scene->rig, scene->features));
    assert_true(rig_launch(&scene->rig, scene->trainer));
    feed_events(&scene->rig, 1, HALF, EVENTS);
    rig_until_idle(&scene->rig);
}

static inline void check_whole(const struct scene *scene)
{
    _cleanup_(xfreep) char *want = undisturbed();
    _cleanup_(xfreep) char *is = answers_of(&scene->rig);
    assert_true(answers_agree(want, is));
}

static inline double count(const struct copy *copy, const char *name)
{
    return metric_value(metrics_counter(copy->metrics, name, "", "Known already."));
}

static inline double skipped(const struct copy *copy)
{
    return count(copy, "freshet_input_skipped_total");
}

static inline void set_offset(struct scene *scene, const struct copy *copy, int64_t offset)
{
    _cleanup_(xfreep) char *group = copy_group(copy);
    memlog_set_committed(scene->rig.log, group, copy->worker->inputs[0].name, 0, offset);
}

static inline int64_t offset_of(const struct scene *scene, const struct copy *copy)
{
    _cleanup_(xfreep) char *group = copy_group(copy);
    return memlog_committed(scene->rig.log, group, copy->worker->inputs[0].name, 0);
}

/* The copy must end with a configuration error that names all of these. */
static inline void check_end(struct scene *scene, struct copy *copy, const char *const *words)
{
    assert_true(rig_launch(&scene->rig, copy));
    for (int i = 0; rig_step(&scene->rig, copy); i++) {
        assert_true(i < 300);
        scene->rig.now_ms += ROUND_MS;
    }
    assert_int_equal(copy->exit_code, EXIT_CONFIG);
    for (; *words; words++) {
        if (!strstr(copy->why, *words)) { fail_msg("no \"%s\" in: %s", *words, copy->why); }
    }
}

#endif
