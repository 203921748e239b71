/* A worker that reads a topic beside its input: each of its records counts once, whatever fails,
 * and what it made of them is where it says it has read to. */
#include "base/base.h"
#include "tests/topology/rig.h"

#include <setjmp.h>
#include <cmocka.h>

enum { RECORDS = 200, PARTITIONS = 3, KILLS = 5 };

/* Per task: the sum of what was read, as it is stored, and the offset behind it. */
struct counting {
    int64_t sum, next;
};

static bool full; /* there is no room for records */

static struct slice key(void)
{
    return slice_str("sum");
}

static int open_task(struct task *task)
{
    task_set_state(task, xcalloc(1, sizeof(struct counting)));
    return 0;
}

static void close_task(struct task *task)
{
    free(task_state(task));
}

/* A first byte of 0 would be a frame's. */
static void read_text(struct slice text, struct counting *ret)
{
    _cleanup_(xfreep) char *copy = xprintf("%.*s", SLICE_ARGS(text));
    assert_int_equal(sscanf(copy, "%" SCNd64 " %" SCNd64, &ret->sum, &ret->next), 2);
}

static int64_t beside_from(struct task *task)
{
    struct counting *counting = task_state(task);
    struct slice value;
    *counting = (struct counting){0, OFFSET_NONE};
    if (task_get(task, key(), &value) == 0) { read_text(value, counting); }
    return counting->next;
}

static enum verdict process(struct task *task, const struct record *rec)
{
    return VERDICT_DONE;
}

static bool goes_on(struct task *task)
{
    return true;
}

static enum verdict beside(struct task *task, const struct record *rec)
{
    struct counting *counting = task_state(task);
    if (full) { return VERDICT_WAIT; }
    assert_int_equal(rec->partition, task_partition(task));
    if (!slice_equal(rec->key, slice_str("n"))) { return task_refuse(task, "strange", "no n"); }
    counting->sum += rec->value.data[0];
    return VERDICT_DONE;
}

static void flush(struct task *task)
{
    struct counting *counting = task_state(task);
    if (task_beside_offset(task) == OFFSET_NONE) { return; } /* since a rollback */
    counting->next = task_beside_offset(task);
    _cleanup_(xfreep) char *text =
        xprintf("%" PRId64 " %" PRId64, counting->sum, counting->next);
    task_put(task, key(), slice_str(text));
}

static const struct input inputs[] = {{.name = "events", .kind = INPUT_PARTITIONED},
                                      {.name = "moves", .kind = INPUT_BESIDE}};
static const struct output outputs[] = {
    {.name = "features-changelog", .delivery = DELIVERY_TXN, .cleanup = CLEANUP_TABLE}};
static const struct worker counter = {
    .name = "counter",
    .inputs = inputs,
    .inputs_count = 2,
    .outputs = outputs,
    .outputs_count = 1,
    .changelog = 0,
    .open = open_task,
    .close = close_task,
    .process = process,
    .goes_on = goes_on,
    .beside_from = beside_from,
    .beside = beside,
    .flush = flush,
};
static const char *const small_batches[] = {"batch.records.max=7", NULL};

static int64_t feed(struct rig *rig, int from, int to)
{
    int64_t sum = 0;
    for (int n = from; n < to; n++) {
        char value = (char)(n % 100 + 1);
        memlog_append(rig->log, "moves", n % PARTITIONS, slice_str("n"), slice_of(&value, 1), 1);
        if (n % 4 == 0) {
            memlog_append(rig->log, "events", n % PARTITIONS, slice_str("e"), slice_str("v"), 1);
        }
        sum += value;
    }
    return sum;
}

/* What is stored, of all partitions. */
static int64_t stored(const struct rig *rig)
{
    int64_t sum = 0;
    struct record rec;
    for (int32_t p = 0; p < PARTITIONS; p++) {
        struct counting newest = {0, 0};
        for (int64_t at = 0;
             memlog_read(rig->log, "features-changelog", p, at, &rec) == 0; at = rec.offset + 1) {
            if (slice_equal(rec.key, key())) { read_text(rec.value, &newest); }
        }
        sum += newest.sum;
    }
    return sum;
}

static void each_record_counts_once(void **state)
{
    struct rig rig;
    rig_init(&rig, PARTITIONS);
    int64_t want = feed(&rig, 0, RECORDS);
    rig_start(&rig, &counter, 0, small_batches);
    rig_until_idle(&rig);
    assert_int_equal(stored(&rig), want);
    want += feed(&rig, RECORDS, RECORDS + 5);
    rig_until_idle(&rig);
    assert_int_equal(stored(&rig), want);
    rig_release(&rig);
}

/* Copies come, are killed, lose their state; commits are aborted. */
static void so_it_does_through_faults(void **state)
{
    struct rig rig;
    rig_init(&rig, PARTITIONS);
    rig.tolerant = true;
    int64_t want = feed(&rig, 0, RECORDS);
    struct copy *copies[2];
    for (int i = 0; i < 2; i++) { copies[i] = rig_start(&rig, &counter, i, small_batches); }
    for (int i = 0; i < KILLS; i++) {
        for (int n = 0; n < 5; n++) { rig_round(&rig, /* empty= */ false); }
        memlog_fail(rig.log, MEMLOG_TXN_COMMIT, 1, WIRE_ABORTED);
        memlog_fail(rig.log, MEMLOG_READER_POLL, 2, WIRE_RETRY);
        memlog_fail(rig.log, MEMLOG_BOUNDS, 1, WIRE_RETRY);
        want += feed(&rig, RECORDS + i * 20, RECORDS + i * 20 + 20);
        for (int n = 0; n < 5; n++) { rig_round(&rig, /* empty= */ false); }
        if (!copies[i % 2]->run) { continue; }
        rig_kill(&rig, copies[i % 2]);
        if (i % 3 == 0) { rig_empty(copies[i % 2]); }
        while (!rig_launch(&rig, copies[i % 2])) { assert_true(++rig.restarts < RESTARTS_MAX); }
    }
    rig_survive(&rig, /* empty= */ false);
    assert_int_equal(stored(&rig), want);
    rig_release(&rig);
}

/* A record waits for room; one that is refused is a dead letter, and those behind it count. */
static void records_wait_or_are_refused(void **state)
{
    struct rig rig;
    rig_init(&rig, PARTITIONS);
    struct copy *copy = rig_start(&rig, &counter, 0, NULL);
    rig_until_quiet(&rig);
    full = true;
    memlog_append(rig.log, "moves", 1, slice_str("x"), slice_str("v"), 1);
    int64_t want = feed(&rig, 0, 10);
    rig_until_quiet(&rig);
    assert_false(run_idle(copy->run));
    assert_int_equal(stored(&rig), 0);
    assert_int_equal(memlog_count(rig.log, "dead-letters", MEMLOG_ALL), 0);
    full = false;
    rig_until_idle(&rig);
    assert_int_equal(stored(&rig), want);
    assert_int_equal(memlog_count(rig.log, "dead-letters", MEMLOG_ALL), 1);
    rig_release(&rig);
}

/* What retention has deleted is passed over, with a line. */
static void records_that_are_gone_are_passed_over(void **state)
{
    struct rig rig;
    rig_init(&rig, PARTITIONS);
    int64_t want = feed(&rig, 0, 30);
    struct copy *copy = rig_start(&rig, &counter, 0, NULL);
    rig_until_idle(&rig);
    rig_finish(copy);
    (void)feed(&rig, 30, 60);
    for (int32_t p = 0; p < PARTITIONS; p++) { memlog_trim(rig.log, "moves", p, 20); }
    want += feed(&rig, 60, 90);
    assert_true(rig_launch(&rig, copy));
    rig_until_idle(&rig);
    assert_int_equal(stored(&rig), want);
    assert_non_null(strstr(rig.warned, "records beside the input are gone"));
    rig_release(&rig);
}

int main(void)
{
    static const struct CMUnitTest tests[] = {
        cmocka_unit_test(each_record_counts_once),
        cmocka_unit_test(so_it_does_through_faults),
        cmocka_unit_test(records_wait_or_are_refused),
        cmocka_unit_test(records_that_are_gone_are_passed_over),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
