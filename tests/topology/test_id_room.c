/* A worker that holds few ids in memory: its input waits for commits, in all partitions, and every
 * record is processed once. */
#include "base/base.h"
#include "stream/id_room.h"
#include "tests/topology/rig.h"

#include <setjmp.h>
#include <cmocka.h>

enum { HELD_MAX = 6, RECORDS = 50, PARTITIONS = 3 };

static struct id_room room;
static int32_t held, most, processed, waits;

static int start(struct run *run)
{
    held = most = processed = waits = 0;
    id_room_init(&room, run, HELD_MAX);
    return 0;
}

static bool make_room(struct task *task)
{
    enum id_room_verdict verdict = id_room_ask(&room, task, held);
    if (verdict == ID_ROOM_DROP) {
        assert_true(run_all_committed(task_run(task)));
        held = 0;
    }
    return verdict != ID_ROOM_FULL;
}

static enum verdict process(struct task *task, const struct record *rec)
{
    if (!make_room(task)) {
        waits++;
        return VERDICT_WAIT;
    }
    held++;
    processed++;
    most = MAX_OF(most, held);
    return VERDICT_DONE;
}

static void the_input_waits_for_commits(void **state)
{
    static const struct input inputs[] = {{.name = "events", .kind = INPUT_PARTITIONED}};
    static const struct worker worker = {.name = "roomy",
                                         .inputs = inputs,
                                         .inputs_count = 1,
                                         .changelog = NO_CHANGELOG,
                                         .start = start,
                                         .process = process,
                                         .goes_on = make_room};
    struct rig rig;
    rig_init(&rig, PARTITIONS);
    struct copy *copy = rig_start(&rig, &worker, 0, NULL);
    for (int n = 0; n < RECORDS; n++) {
        memlog_append(rig.log, "events", n % PARTITIONS, slice_str("k"), slice_str("v"), 1);
    }
    rig_until_idle(&rig);
    double dropped = metric_value(
        metrics_counter(copy->metrics, "freshet_item_ids_dropped_total", "", ""));
    assert_int_equal(processed, RECORDS);
    assert_int_equal(most, HELD_MAX);
    assert_true(waits > 0);
    assert_int_equal((int)dropped + held, RECORDS);
    rig_release(&rig);
}

int main(void)
{
    static const struct CMUnitTest tests[] = {
        cmocka_unit_test(the_input_waits_for_commits),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
