/* What is on disk may be old, foreign, damaged or gone: the answers are the same. */
#include "base/base.h"
#include "features/features.h"
#include "tests/topology/answers.h"

#include <setjmp.h>
#include <cmocka.h>

enum { EVENTS = 300, HALF = 150 };

static const char *const pairs[] = {"batch.records.max=40", "poll.records.max=15", NULL};

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

static void work(struct rig *rig, int from, int to)
{
    feed_events(rig, 1, from, to);
    rig_until_idle(rig);
}

static char *undisturbed(void)
{
    struct rig rig;
    rig_init(&rig, 1);
    rig_start(&rig, &features_worker, 0, pairs);
    work(&rig, 0, EVENTS);
    char *text = answers_of(&rig);
    rig_release(&rig);
    return text;
}

static double count(const struct copy *copy, const char *name)
{
    return metric_value(metrics_counter(copy->metrics, name, "", "Known already."));
}

static double wipes(const struct copy *copy)
{
    return count(copy, "freshet_store_wipes_total");
}

/* Where the only store of the only copy is. */
static char *store_path(const struct copy *copy, const char *file)
{
    return xprintf("%s/features/0%s", copy->state_path, file);
}

/* Works on the first half, stops, lets the state be disturbed, and works on the rest. */
static void check(void (*disturb)(struct rig *rig, struct copy *copy), double want_wipes)
{
    struct rig rig;
    rig_init(&rig, 1);
    struct copy *copy = rig_start(&rig, &features_worker, 0, pairs);
    work(&rig, 0, HALF);
    rig_finish(copy);
    disturb(&rig, copy);
    assert_true(rig_launch(&rig, copy));
    work(&rig, HALF, EVENTS);
    assert_true(wipes(copy) == want_wipes);
    _cleanup_(xfreep) char *want = undisturbed();
    _cleanup_(xfreep) char *is = answers_of(&rig);
    assert_true(answers_agree(want, is));
    rig_release(&rig);
}

static void leave(struct rig *rig, struct copy *copy)
{
}

static void test_kept(void **state)
{
    check(leave, 0);
}

static void empty(struct rig *rig, struct copy *copy)
{
    rig_empty(copy);
}

static void test_deleted(void **state)
{
    check(empty, 0);
}

static void compact(struct rig *rig, struct copy *copy)
{
    rig_empty(copy);
    memlog_compact(rig->log, "features-changelog");
}

static void test_compacted(void **state)
{
    check(compact, 0);
}

/* The state of another world that had come further. */
static void put_ahead(struct rig *rig, struct copy *copy)
{
    struct rig other;
    rig_init(&other, 1);
    struct copy *further = rig_start(&other, &features_worker, 0, pairs);
    work(&other, 0, EVENTS);
    rig_finish(further);
    rig_delete(copy->state_path);
    rig_duplicate(further->state_path, copy->state_path);
    rig_release(&other);
}

static void test_bookmark_ahead(void **state)
{
    check(put_ahead, 1);
}

/* Writes nonsense over a file's beginning. */
static void scribble(const char *path)
{
    FILE *file = fopen(path, "r+b");
    assert_non_null(file);
    assert_true(fwrite("nonsense nonsense", 1, 17, file) == 17);
    fclose(file);
}

static void damage_current(struct rig *rig, struct copy *copy)
{
    _cleanup_(xfreep) char *path = store_path(copy, "/CURRENT");
    scribble(path);
}

static void test_damaged_manifest(void **state)
{
    check(damage_current, 1);
}

/* Shortens or scribbles over every file that ends so. */
static int damage(const struct copy *copy, const char *ending, bool shorten)
{
    _cleanup_(xfreep) char *path = store_path(copy, "");
    DIR *dir = opendir(path);
    assert_non_null(dir);
    int damaged = 0;
    for (struct dirent *entry = readdir(dir); entry; entry = readdir(dir)) {
        const char *at = strstr(entry->d_name, ending);
        if (!at || strcmp(at, ending) != 0) { continue; }
        _cleanup_(xfreep) char *file = xprintf("%s/%s", path, entry->d_name);
        struct stat found;
        assert_int_equal(stat(file, &found), 0);
        if (found.st_size < 64) { continue; }
        if (shorten) { assert_int_equal(truncate(file, found.st_size / 2), 0); }
        if (!shorten) { scribble(file); }
        damaged++;
    }
    closedir(dir);
    return damaged;
}

static void damage_log(struct rig *rig, struct copy *copy)
{
    assert_true(damage(copy, ".log", true) > 0);
}

/* A write-ahead log without its end is an older state with its bookmark. */
static void test_shortened_log(void **state)
{
    check(damage_log, 0);
}

/* A table whose blocks are rotten is found out when it is read: the process ends and deletes the
 * state, and the next start restores it. */
static void test_rotten_table(void **state)
{
    struct rig rig;
    rig_init(&rig, 1);
    struct copy *copy = rig_start(&rig, &features_worker, 0, pairs);
    work(&rig, 0, HALF);
    rig_finish(copy);
    assert_true(rig_launch(&rig, copy)); /* writes the log's content into a table */
    rig_until_idle(&rig);
    for (int i = 0; i < 3; i++) { rig_round(&rig, false); }
    rig_finish(copy);
    assert_true(damage(copy, ".sst", false) > 0);
    assert_true(rig_launch(&rig, copy));
    feed_events(&rig, 1, HALF, EVENTS);
    rig_survive(&rig, false);
    assert_int_equal(rig.restarts, 1);
    assert_int_equal(copy->exit_code, EXIT_BROKEN);
    assert_non_null(strstr(copy->why, "cannot read the state"));
    _cleanup_(xfreep) char *want = undisturbed();
    _cleanup_(xfreep) char *is = answers_of(&rig);
    assert_true(answers_agree(want, is));
    rig_release(&rig);
}

static void check_refused(struct rig *rig, struct copy *copy, const char *word)
{
    int rounds = 0;
    while (rig_step(rig, copy)) { assert_true(++rounds < 100); }
    assert_int_equal(copy->exit_code, EXIT_CONFIG);
    assert_non_null(strstr(copy->why, word));
    rig_release(rig);
}

/* The changelog's beginning is gone, and an old state ends before what is left: neither is whole,
 * and the state stays. */
static void test_trimmed_changelog(void **state)
{
    struct rig rig;
    rig_init(&rig, 1);
    struct copy *copy = rig_start(&rig, &features_worker, 0, pairs);
    work(&rig, 0, HALF);
    rig_finish(copy);
    _cleanup_(xfreep) char *kept = xprintf("%s/kept", rig.dir);
    rig_duplicate(copy->state_path, kept);
    int64_t bookmark = memlog_end(rig.log, "features-changelog", 0);
    assert_true(rig_launch(&rig, copy));
    work(&rig, HALF, EVENTS);
    rig_finish(copy);
    memlog_trim(rig.log, "features-changelog", 0, bookmark + 10);
    rig_delete(copy->state_path);
    rig_duplicate(kept, copy->state_path);
    assert_true(rig_launch(&rig, copy));
    while (rig_step(&rig, copy)) { assert_true(rig.now_ms < 1000000); }
    assert_int_equal(copy->exit_code, EXIT_CONFIG);
    assert_non_null(strstr(copy->why, "cannot be made whole"));
    _cleanup_(xfreep) char *current = store_path(copy, "/CURRENT");
    assert_int_equal(access(current, F_OK), 0);
    rig_empty(copy);
    assert_true(rig_launch(&rig, copy));
    check_refused(&rig, copy, "first records were deleted");
}

/* ---- One partition restores, another is rolled back ---- */

enum { COLD = 1, BOTH = 2, MANY = 900, MORE = 960, STEPS_MAX = 3000 };

static const char *const small_pairs[] = {"batch.records.max=5", "poll.records.max=5",
                                          "commit.interval.ms=1", NULL};

static char *undisturbed_both(void)
{
    struct rig rig;
    rig_init(&rig, BOTH);
    rig_start(&rig, &features_worker, 0, small_pairs);
    work(&rig, 0, MORE);
    char *text = answers_of(&rig);
    rig_release(&rig);
    return text;
}

/* Starts a copy that has all of one partition's state, its bookmark at the changelog's end, and
 * none of the other's; polls bring one record each. */
static struct copy *start_half_cold(struct rig *rig)
{
    rig_init(rig, BOTH);
    struct copy *copy = rig_start(rig, &features_worker, 0, small_pairs);
    work(rig, 0, MANY);
    rig_finish(copy);
    assert_true(rig_launch(rig, copy));
    for (int i = 0; i < 5; i++) { rig_round(rig, false); }
    rig_finish(copy);
    _cleanup_(xfreep) char *cold = xprintf("%s/features/%d", copy->state_path, COLD);
    rig_delete(cold);
    memlog_batch(rig->log, 1);
    feed_events(rig, 1, MANY, MORE);
    assert_true(rig_launch(rig, copy));
    return copy;
}

static bool is_restoring(const struct copy *copy, int partition)
{
    struct buf status;
    buf_init(&status, 1 << 16);
    run_status(copy->run, &status);
    _cleanup_(xfreep) char *want =
        xprintf("\"partition\":%d,\"state\":\"restoring\"", partition);
    bool found = strstr(status.data, want) != NULL;
    buf_release(&status);
    return found;
}

/* Steps until a commit was rolled back while the cold partition still restores. */
static void abort_one_commit(struct rig *rig, struct copy *copy)
{
    double aborts = count(copy, "freshet_aborts_total");
    memlog_fail(rig->log, MEMLOG_TXN_COMMIT, 1, WIRE_ABORTED);
    for (int i = 0; count(copy, "freshet_aborts_total") == aborts; i++) {
        assert_true(i < STEPS_MAX);
        assert_true(rig_step(rig, copy));
    }
    assert_true(is_restoring(copy, COLD));
}

/* The changelog's reader was opened for the cold partition alone; the warm one needs it when its
 * commit is rolled back, and once more when that happens again. */
static void test_aborted_while_another_restores(void **state)
{
    struct rig rig;
    struct copy *copy = start_half_cold(&rig);
    for (int i = 0; i < 2; i++) { abort_one_commit(&rig, copy); }
    for (int i = 0; !run_healthy(copy->run); i++) {
        assert_true(i < STEPS_MAX);
        assert_true(rig_step(&rig, copy));
    }
    memlog_batch(rig.log, 1000);
    rig_until_idle(&rig);
    assert_true(wipes(copy) == 0);
    _cleanup_(xfreep) char *want = undisturbed_both();
    _cleanup_(xfreep) char *is = answers_of(&rig);
    assert_true(answers_agree(want, is));
    rig_release(&rig);
}

/* ---- What is refused ---- */

static void test_state_without_offset(void **state)
{
    struct rig rig;
    rig_init(&rig, 1);
    feed_events(&rig, 1, 0, 10);
    memlog_append(rig.log, "features-changelog", 0, slice_str("u00"), slice_str("any"), 1);
    struct copy *copy = rig_start(&rig, &features_worker, 0, pairs);
    check_refused(&rig, copy, "counting again would count twice");
}

/* What a rolled-back first transaction left behind is no state. */
static void test_first_transaction_aborted(void **state)
{
    struct rig rig;
    rig_init(&rig, 1);
    feed_events(&rig, 1, 0, EVENTS);
    memlog_fail(rig.log, MEMLOG_TXN_COMMIT, 1, MEMLOG_KILL);
    struct copy *copy = rig_start(&rig, &features_worker, 0, pairs);
    while (rig_step(&rig, copy)) { rig.now_ms += ROUND_MS; }
    assert_true(memlog_end(rig.log, "features-changelog", 0) > 0);
    assert_int_equal(memlog_count(rig.log, "features-changelog", 0), 0);
    assert_true(rig_launch(&rig, copy));
    rig_until_idle(&rig);
    _cleanup_(xfreep) char *want = undisturbed();
    _cleanup_(xfreep) char *is = answers_of(&rig);
    assert_true(answers_agree(want, is));
    rig_release(&rig);
}

static void test_input_trimmed(void **state)
{
    struct rig rig;
    rig_init(&rig, 1);
    struct copy *copy = rig_start(&rig, &features_worker, 0, pairs);
    work(&rig, 0, HALF);
    rig_finish(copy);
    feed_events(&rig, 1, HALF, EVENTS);
    memlog_trim(rig.log, "events", 0, HALF + 20);
    assert_true(rig_launch(&rig, copy));
    check_refused(&rig, copy, "events are lost");
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_kept),
        cmocka_unit_test(test_deleted),
        cmocka_unit_test(test_compacted),
        cmocka_unit_test(test_bookmark_ahead),
        cmocka_unit_test(test_damaged_manifest),
        cmocka_unit_test(test_shortened_log),
        cmocka_unit_test(test_rotten_table),
        cmocka_unit_test(test_trimmed_changelog),
        cmocka_unit_test(test_aborted_while_another_restores),
        cmocka_unit_test(test_state_without_offset),
        cmocka_unit_test(test_first_transaction_aborted),
        cmocka_unit_test(test_input_trimmed),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
