/* What others write to `histories`: weights that no event may have. Such a record is refused, and
 * the scorer goes on with those of features. */
#include "base/base.h"
#include "features/features.h"
#include "schemas/user_history.h"
#include "scorer/scorer.h"
#include "tests/topology/answers.h"
#include "tests/topology/feed.h"
#include "tests/topology/records.h"
#include "trainer/similarity/trainer.h"

#include <setjmp.h>
#include <cmocka.h>

enum { PARTITIONS = 2, EVENTS = 800, EACH = 30 };

static void put_history(struct rig *rig, const char *user, float weight)
{
    char texts[EACH][16];
    struct slice items[EACH];
    float weights[EACH];
    int32_t actions[EACH] = {0};
    int64_t offsets[EACH], times[EACH];
    for (int k = 0; k < EACH; k++) {
        (void)snprintf(texts[k], sizeof(texts[k]), "i%02d", k);
        items[k] = slice_str(texts[k]);
        weights[k] = weight;
        offsets[k] = EVENTS + k;
        times[k] = feed_time_ms() + k;
    }
    const struct user_history history = {
        .user_id = slice_str(user), .items = {items, EACH}, .actions = {actions, EACH},
        .weights = {weights, EACH}, .event_times_ms = {times, EACH}, .offsets = {offsets, EACH},
        .events_total = EACH, .event_time_ms = feed_time_ms(), .input_offset = EVENTS + EACH};
    append_record(rig, "histories", PARTITION_BY_KEY, &user_history_contract, history.user_id,
                  &history, RIG_WALL_MS);
}

static void weights_that_no_event_has(void **state _unused_)
{
    static const float wrong[] = {3e38F, 2e6F, -1.0F, -3e38F};
    static struct rig rig;
    rig_init(&rig, PARTITIONS);
    feed_events(&rig, 1, 0, EVENTS);
    rig_start(&rig, &features_worker, 0, NULL);
    rig_start(&rig, &trainer_worker, 0, NULL);
    struct copy *copy = rig_start(&rig, &scorer_worker, 0, NULL);
    rig_until_idle(&rig);
    for (size_t k = 0; k < ARRAY_COUNT(wrong); k++) { put_history(&rig, "stranger", wrong[k]); }
    rig_until_idle(&rig);
    struct metric *refused = metrics_counter(copy->metrics, "freshet_dead_letters_total",
                                             "reason=\"bad_weight\"", "Known.");
    assert_int_equal(metric_value(refused), ARRAY_COUNT(wrong));
    put_history(&rig, "stranger", HISTORY_WEIGHT_MAX);
    rig_until_idle(&rig);
    assert_int_equal(metric_value(refused), ARRAY_COUNT(wrong));
    rig_release(&rig);
}

int main(void)
{
    rig_choose_place();
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(weights_that_no_event_has),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
