/* What a person must mend: the run ends with one line that says what, where and what to do, with
 * an exit code of its own, and nothing is half applied. And what needs nobody: it goes on by
 * itself. */
#include "base/base.h"
#include "features/features.h"
#include "stream/sim/memlog_internal.h"
#include "stream/run_internal.h"
#include "tests/topology/answers.h"
#include "ingest/ingest.h"
#include "scorer/scorer.h"
#include "trainer/similarity/trainer.h"

#include <setjmp.h>
#include <sys/resource.h>
#include <sys/syscall.h>
#include <cmocka.h>

enum { EVENTS = 300, HALF = 150, ROUNDS_TO_END = 300 };

static const char *const pairs[] = {"batch.records.max=40", "poll.records.max=15",
                                    "restore.timeout.ms=1s", NULL};

/* ---- A disk that is full: write() fails for files, as RocksDB calls it ---- */

static bool disk_full;
static _Thread_local bool has_room; /* for what this thread writes */

ssize_t write(int fd, const void *bytes, size_t size)
{
    struct stat about;
    if (disk_full && !has_room && fstat(fd, &about) == 0 && S_ISREG(about.st_mode)) {
        errno = ENOSPC;
        return -1;
    }
    return syscall(SYS_write, fd, bytes, size);
}

/* ---- The stage ---- */

static char *answers_of(const struct rig *rig)
{
    struct answers answers;
    answers_init(&answers, rig);
    answers_whole(&answers, "features-changelog");
    answers_sums(&answers);
    char *text = answers_take(&answers);
    answers_release(&answers);
    return text;
}

/* A features worker that has done the first half and stopped. */
static struct copy *halfway(struct rig *rig)
{
    rig_init(rig, 1);
    struct copy *copy = rig_start(rig, &features_worker, 0, pairs);
    feed_events(rig, 1, 0, HALF);
    rig_until_idle(rig);
    rig_finish(copy);
    return copy;
}

static void check_end(struct rig *rig, struct copy *copy, int exit_code, const char *what,
                      const char *where)
{
    bool going = copy->run || rig_launch(rig, copy);
    for (int i = 0; going && i < ROUNDS_TO_END; i++) {
        going = rig_step(rig, copy);
        rig->now_ms += ROUND_MS;
    }
    assert_false(going);
    if (!strstr(copy->why, what) || !strstr(copy->why, where)) {
        fail_msg("no \"%s\", \"%s\" in: %s", what, where, copy->why);
    }
    assert_non_null(strstr(copy->why, "hint: "));
    assert_null(strchr(copy->why, '\n'));
    assert_int_equal(copy->exit_code, exit_code);
}

/* The answers are those of a run in which nothing happened. */
static void check_whole(struct rig *rig)
{
    struct rig plain;
    rig_init(&plain, 1);
    feed_events(&plain, 1, 0, EVENTS);
    rig_start(&plain, &features_worker, 0, pairs);
    rig_until_idle(&plain);
    _cleanup_(xfreep) char *want = answers_of(&plain);
    _cleanup_(xfreep) char *is = answers_of(rig);
    assert_true(answers_agree(want, is));
    rig_release(&plain);
}

/* ---- Topics ---- */

static void test_retention_passed_while_stopped(void **state)
{
    struct rig rig;
    struct copy *copy = halfway(&rig);
    feed_events(&rig, 1, HALF, EVENTS);
    memlog_trim(rig.log, "events", 0, HALF + 20);
    check_end(&rig, copy, EXIT_CONFIG, "events are lost", "partition 0 of events");
    rig_release(&rig);
}

/* The worker stands behind while retention passes it: it must not wait for ever. */
static void test_retention_passed_while_running(void **state)
{
    struct rig rig;
    struct copy *copy = halfway(&rig);
    assert_true(rig_launch(&rig, copy));
    rig_until_idle(&rig);
    feed_events(&rig, 1, HALF, EVENTS);
    memlog_trim(rig.log, "events", 0, HALF + 20);
    bool going = true;
    for (int i = 0; going && i < ROUNDS_TO_END; i++) { going = rig_step(&rig, copy); }
    assert_false(going);
    assert_int_equal(copy->exit_code, EXIT_CONFIG);
    assert_non_null(strstr(copy->why, "events"));
    rig_release(&rig);
}

/* With an input topic the group's offsets go too; the state is still there. */
static void test_input_made_anew(void **state)
{
    struct rig rig;
    struct copy *copy = halfway(&rig);
    memlog_remake(rig.log, "events", 1);
    for (int i = 0; i < EVENTS; i++) { /* other records */
        memlog_append(rig.log, "events", 0, slice_str("u"), slice_str("any"), feed_time_ms() + 1);
    }
    check_end(&rig, copy, EXIT_CONFIG, "count twice", "partition 0 of events");
    rig_release(&rig);
}

static void test_input_cut(void **state)
{
    struct rig rig;
    struct copy *copy = halfway(&rig);
    memlog_cut(rig.log, "events", 0, HALF - 10);
    check_end(&rig, copy, EXIT_CONFIG, "recreated", "partition 0 of events");
    rig_release(&rig);
}

static void test_changelog_made_anew(void **state)
{
    struct rig rig;
    struct copy *copy = halfway(&rig);
    memlog_remake(rig.log, "features-changelog", 1);
    feed_events(&rig, 1, HALF, EVENTS);
    check_end(&rig, copy, EXIT_CONFIG, "state is lost", "changelog features-changelog");
    assert_int_equal(memlog_end(rig.log, "features-changelog", 0), 0);
    rig_release(&rig);
}

static void test_changelog_cut(void **state)
{
    struct rig rig;
    struct copy *copy = halfway(&rig);
    int64_t end = memlog_end(rig.log, "features-changelog", 0);
    memlog_cut(rig.log, "features-changelog", 0, end - 5);
    check_end(&rig, copy, EXIT_CONFIG, "state is lost", "changelog features-changelog");
    rig_release(&rig);
}

/* A topic that another tool made: its rows would go with retention. The state stays as it is. */
static void check_policy(const struct worker *worker, const char *topic, bool compacts,
                         bool deletes)
{
    struct rig rig;
    rig_init(&rig, 1);
    memlog_settings(rig.log, topic,
                    &(struct topic_settings){.known = true,
                                             .compacts = compacts,
                                             .deletes = deletes,
                                             .retention_ms = 604800000,
                                             .retention_bytes = -1});
    struct copy *copy = rig_add(&rig, worker, 0, NULL);
    check_end(&rig, copy, EXIT_CONFIG, "kafka-configs.sh", topic);
    rig_release(&rig);
}

static void test_topics_of_other_tools(void **state)
{
    const struct {
        const struct worker *worker;
        const char *tables[9];
    } all[] = {
        {&features_worker, {"histories", "features-changelog"}},
        {&trainer_worker, {"neighbours", "serving-rows"}},
        {&scorer_worker,
         {"histories", "serving-rows", "items", "generations", "item-vectors", "models",
          "recommendations", "rules"}},
    };
    for (size_t i = 0; i < ARRAY_COUNT(all); i++) {
        for (size_t t = 0; t < ARRAY_COUNT(all[i].tables) && all[i].tables[t]; t++) {
            check_policy(all[i].worker, all[i].tables[t], /* compacts= */ false, true);
            check_policy(all[i].worker, all[i].tables[t], /* compacts= */ true, true);
        }
    }
    check_policy(&features_worker, "events", /* compacts= */ true, /* deletes= */ false);
    check_policy(&features_worker, "pair-deltas", /* compacts= */ true, /* deletes= */ false);
    check_policy(&trainer_worker, "pair-deltas", /* compacts= */ true, /* deletes= */ false);
}

/* Without the right to see the settings, the worker runs and says so. */
static void test_settings_unknown(void **state)
{
    struct rig rig;
    struct copy *copy = halfway(&rig);
    memlog_settings(rig.log, "features-changelog", &(struct topic_settings){.deletes = true});
    assert_true(rig_launch(&rig, copy));
    assert_non_null(strstr(rig.warned, "settings of topics are not known"));
    feed_events(&rig, 1, HALF, EVENTS);
    rig_until_idle(&rig);
    check_whole(&rig);
    rig_release(&rig);
}

static void test_other_partition_count(void **state)
{
    struct rig rig;
    struct copy *copy = halfway(&rig);
    memlog_remake(rig.log, "events", 2);
    check_end(&rig, copy, EXIT_CONFIG, "events has 2 partitions", "features-changelog");
    rig_release(&rig);
}

/* More partitions while it runs: what was assigned has no place for its state. */
static void test_more_partitions_than_changelog(void **state)
{
    struct rig rig;
    rig_init(&rig, 2);
    struct copy *copy = rig_start(&rig, &features_worker, 0, pairs);
    copy->run->topics.output_partitions[features_worker.changelog] = 1; /* as it was at the start */
    check_end(&rig, copy, EXIT_CONFIG, "partition 1", "features-changelog");
    rig_release(&rig);
}

static void test_topic_missing(void **state)
{
    struct rig rig;
    struct copy *copy = halfway(&rig);
    memlog_remake(rig.log, "pair-deltas", 1);
    memlog_remake(rig.log, "events", 1);
    copy->settings.topic_prefix = "nowhere-";
    check_end(&rig, copy, EXIT_CONFIG, "nowhere-", "deploy/topics apply");
    rig_release(&rig);
}

/* ---- The broker refuses ---- */

static void check_refusal(enum memlog_point point)
{
    struct rig rig;
    struct copy *copy = halfway(&rig);
    feed_events(&rig, 1, HALF, EVENTS);
    memlog_fail(rig.log, point, 1, WIRE_REFUSED);
    bool going = copy->run || rig_launch(&rig, copy);
    for (int i = 0; going && i < ROUNDS_TO_END; i++) {
        going = rig_step(&rig, copy);
        rig.now_ms += ROUND_MS;
    }
    if (going) { fail_msg("it goes on after: %s", memlog_point_name(point)); }
    assert_int_equal(copy->exit_code, EXIT_CONFIG);
    assert_non_null(strstr(copy->why, "injected fault"));
    assert_int_equal(memlog_failed(rig.log, point), 1);
    /* Once it is mended, all goes on as if nothing had been. */
    assert_true(rig_launch(&rig, copy));
    rig_until_idle(&rig);
    check_whole(&rig);
    rig_release(&rig);
}

static void test_refused(void **state)
{
    static const enum memlog_point points[] = {MEMLOG_TXN_BEGIN,  MEMLOG_TXN_PRODUCE,
                                               MEMLOG_TXN_OFFSETS, MEMLOG_TXN_COMMIT,
                                               MEMLOG_COMMITTED,  MEMLOG_BOUNDS,
                                               MEMLOG_POLL,       MEMLOG_PRODUCE};
    for (size_t i = 0; i < ARRAY_COUNT(points); i++) { check_refusal(points[i]); }
}

/* A worker whose offsets go without a transaction. */
static void test_offsets_refused(void **state)
{
    static const char *const mapped[] = {"action.click=CLICK:1", NULL};
    struct rig rig;
    rig_init(&rig, 1);
    feed_clicks(&rig, 1, 0, HALF);
    memlog_fail(rig.log, MEMLOG_OFFSETS_COMMIT, 1, WIRE_REFUSED);
    struct copy *copy = rig_start(&rig, &ingest_worker, 0, mapped);
    bool going = true;
    for (int i = 0; going && i < ROUNDS_TO_END; i++) {
        going = rig_step(&rig, copy);
        rig.now_ms += ROUND_MS;
    }
    assert_false(going);
    assert_int_equal(copy->exit_code, EXIT_CONFIG);
    assert_int_equal(memlog_committed(rig.log, "freshet-ingest", "clicks", 0), OFFSET_NONE);
    rig_release(&rig);
}

/* ---- The disk ---- */

/* A store with a write that failed keeps its lock until the process ends (stream/state/store.c),
 * and this one goes on: the next start finds the same state in another place. The disk is full
 * until it has been copied, or RocksDB's own threads would try again meanwhile. */
static void move_state(struct copy *copy)
{
    char *moved = xprintf("%s-moved", copy->state_path);
    has_room = true;
    rig_duplicate(copy->state_path, moved);
    has_room = disk_full = false;
    free(copy->state_path);
    copy->state_path = moved;
    copy->settings.state_dir = moved;
}

static void test_disk_full_while_working(void **state)
{
    struct rig rig;
    struct copy *copy = halfway(&rig);
    assert_true(rig_launch(&rig, copy));
    for (int i = 0; !copy->run->tasks.count || !run_healthy(copy->run); i++) {
        rig_round(&rig, false);
        assert_true(i < ROUNDS_TO_END);
    }
    feed_events(&rig, 1, HALF, EVENTS);
    disk_full = true;
    check_end(&rig, copy, EXIT_DISK, "No space left", copy->state_path);
    move_state(copy);
    /* The transaction had been committed: the state lacks it, and the changelog has it. */
    assert_true(memlog_committed(rig.log, "freshet-features", "events", 0) > HALF);
    assert_true(rig_launch(&rig, copy));
    rig_until_idle(&rig);
    assert_true(metric_value(metrics_counter(copy->metrics, "freshet_store_wipes_total", "",
                                             "Known already.")) == 0);
    check_whole(&rig);
    rig_release(&rig);
}

/* No room to open the state is no reason to delete it. */
static void test_disk_full_at_start(void **state)
{
    struct rig rig;
    struct copy *copy = halfway(&rig);
    disk_full = true;
    check_end(&rig, copy, EXIT_DISK, "No space left", copy->state_path);
    disk_full = false;
    feed_events(&rig, 1, HALF, EVENTS);
    assert_true(rig_launch(&rig, copy));
    rig_until_idle(&rig);
    assert_true(metric_value(metrics_counter(copy->metrics, "freshet_restored_records_total", "",
                                             "Known already.")) == 0);
    check_whole(&rig);
    rig_release(&rig);
}

static void test_disk_full_while_restoring(void **state)
{
    struct rig rig;
    struct copy *copy = halfway(&rig);
    rig_empty(copy);
    feed_events(&rig, 1, HALF, EVENTS);
    assert_true(rig_launch(&rig, copy));
    memlog_batch(rig.log, 1);
    memlog_fail(rig.log, MEMLOG_READER_POLL, 1, WIRE_RETRY);
    const struct task_list *tasks = &copy->run->tasks;
    for (int i = 0; !tasks->count || tasks->at[0]->state != TASK_RESTORING; i++) {
        assert_true(rig_step(&rig, copy));
        assert_true(i < ROUNDS_TO_END);
    }
    disk_full = true;
    check_end(&rig, copy, EXIT_DISK, "No space left", copy->state_path);
    move_state(copy);
    assert_true(rig_launch(&rig, copy));
    rig_until_idle(&rig);
    check_whole(&rig);
    rig_release(&rig);
}

/* A store that was found damaged, by a compaction for example, is deleted at the next start. */
static void test_state_marked_as_damaged(void **state)
{
    struct rig rig;
    struct copy *copy = halfway(&rig);
    _cleanup_(xfreep) char *file = xprintf("%s/features/0/DAMAGED", copy->state_path);
    FILE *mark = fopen(file, "w");
    assert_non_null(mark);
    fclose(mark);
    feed_events(&rig, 1, HALF, EVENTS);
    assert_true(rig_launch(&rig, copy));
    rig_until_idle(&rig);
    assert_true(metric_value(metrics_counter(copy->metrics, "freshet_store_wipes_total", "",
                                             "Known already.")) == 1);
    assert_int_equal(access(file, F_OK), -1);
    check_whole(&rig);
    rig_release(&rig);
}

/* The state stays as it is when files cannot be opened. */
static void check_kept(struct rig *rig, struct copy *copy)
{
    feed_events(rig, 1, HALF, EVENTS);
    assert_true(rig_launch(rig, copy));
    rig_until_idle(rig);
    assert_true(metric_value(metrics_counter(copy->metrics, "freshet_restored_records_total", "",
                                             "Known already.")) == 0);
    check_whole(rig);
    rig_release(rig);
}

/* Too few open files are told when partitions are assigned, with the number that is needed. */
static void test_few_descriptors(void **state)
{
    struct rig rig;
    struct rlimit before;
    struct copy *copy = halfway(&rig);
    assert_int_equal(getrlimit(RLIMIT_NOFILE, &before), 0);
    const struct rlimit few = {128 + STORE_OPEN_FILES_MIN - 1, before.rlim_max};
    assert_int_equal(setrlimit(RLIMIT_NOFILE, &few), 0);
    check_end(&rig, copy, EXIT_CONFIG, "needs 148 open files", "limit is 147");
    assert_int_equal(setrlimit(RLIMIT_NOFILE, &before), 0);
    check_kept(&rig, copy);
}

/* And when there seemed to be enough, but other files are open. */
static void test_no_descriptors_left(void **state)
{
    enum { LIMIT = 400, LEFT = 3 };
    struct rig rig;
    struct rlimit before;
    struct copy *copy = halfway(&rig);
    int fds[LIMIT], count = 0;
    assert_int_equal(getrlimit(RLIMIT_NOFILE, &before), 0);
    const struct rlimit few = {LIMIT, before.rlim_max};
    assert_int_equal(setrlimit(RLIMIT_NOFILE, &few), 0);
    while ((fds[count] = dup(STDERR_FILENO)) >= 0) { count++; }
    for (int i = 0; i < LEFT; i++) { close(fds[--count]); }
    check_end(&rig, copy, EXIT_CONFIG, "Too many open files", copy->state_path);
    while (count) { close(fds[--count]); }
    assert_int_equal(setrlimit(RLIMIT_NOFILE, &before), 0);
    check_kept(&rig, copy);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_retention_passed_while_stopped),
        cmocka_unit_test(test_retention_passed_while_running),
        cmocka_unit_test(test_input_made_anew),
        cmocka_unit_test(test_input_cut),
        cmocka_unit_test(test_changelog_made_anew),
        cmocka_unit_test(test_changelog_cut),
        cmocka_unit_test(test_topics_of_other_tools),
        cmocka_unit_test(test_settings_unknown),
        cmocka_unit_test(test_other_partition_count),
        cmocka_unit_test(test_more_partitions_than_changelog),
        cmocka_unit_test(test_topic_missing),
        cmocka_unit_test(test_refused),
        cmocka_unit_test(test_offsets_refused),
        cmocka_unit_test(test_disk_full_while_working),
        cmocka_unit_test(test_disk_full_at_start),
        cmocka_unit_test(test_disk_full_while_restoring),
        cmocka_unit_test(test_state_marked_as_damaged),
        cmocka_unit_test(test_few_descriptors),
        cmocka_unit_test(test_no_descriptors_left),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
