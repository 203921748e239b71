/* What is held for commits is bounded by batch.bytes.max, however much a poll brings. */
#include "base/base.h"
#include "features/features.h"
#include "tests/topology/answers.h"
#include "trainer/similarity/trainer.h"

#include <setjmp.h>
#include <cmocka.h>

/* Users come one after the other, so that a batch touches few of all rows. */
enum { GROUPS = 40, GROUP_USERS = 20, GROUP_ITEMS = 20, USER_EVENTS = 15, BOUND = 1 << 16 };

static const char *const bounded[] = {"batch.bytes.max=64k", "commit.interval.ms=1h",
                                      "poll.records.max=20000", "neighbours.max=0", NULL};
static const char *const unbounded[] = {"batch.bytes.max=1g", "commit.interval.ms=1h",
                                        "poll.records.max=20000", "neighbours.max=0", NULL};

/* trainer knows neighbours.max, features does not. */
static void settings_for(const struct worker *worker, const char *const *from, const char **ret)
{
    size_t count = worker == &trainer_worker ? 4 : 3;
    memcpy(ret, from, count * sizeof(*from));
    ret[count] = NULL;
}

static void feed(struct rig *rig)
{
    struct schema_cache *schemas = schema_cache_new();
    struct codec *codec = codec_new(&user_event_contract, schemas);
    struct buf out;
    buf_init(&out, 4096);
    for (int n = 0; n < GROUPS * GROUP_USERS * USER_EVENTS; n++) {
        int user = n / USER_EVENTS, group = user / GROUP_USERS;
        char ids[3][24];
        (void)snprintf(ids[0], sizeof(ids[0]), "event-%d", n);
        (void)snprintf(ids[1], sizeof(ids[1]), "user-%d", user);
        (void)snprintf(ids[2], sizeof(ids[2]), "item-%d-%d", group, (user + n * 7) % GROUP_ITEMS);
        const struct user_event ev = {.event_id = slice_str(ids[0]),
                                      .user_id = slice_str(ids[1]),
                                      .item_id = slice_str(ids[2]),
                                      .action = ACTION_CLICK,
                                      .weight = 1.0,
                                      .event_time_ms = feed_from_ms + n};
        buf_clear(&out);
        assert_int_equal(codec_encode(codec, &ev, &out), 0);
        memlog_append(rig->log, "events", 0, ev.user_id, buf_slice(&out), feed_time_ms());
    }
    buf_release(&out);
    codec_free(codec);
    schema_cache_free(schemas);
}

struct outcome {
    double peak;
    double commits;
};

/* Works through all there is at one go; the interval is over only in the end. */
static struct outcome work(struct rig *rig, const struct worker *worker, const char *const *from)
{
    const char *pairs[5];
    settings_for(worker, from, pairs);
    struct copy *copy = rig_start(rig, worker, 0, pairs);
    for (int i = 0; i < 20; i++) { rig_round(rig, false); }
    rig->now_ms += 3600 * 1000;
    rig_until_idle(rig);
    for (int i = 0; i < 10; i++) { rig_round(rig, false); }
    struct metrics *metrics = copy->metrics;
    const struct outcome outcome = {
        metric_value(metrics_gauge(metrics, "freshet_uncommitted_bytes_max", "", "Known.")),
        metric_value(metrics_counter(metrics, "freshet_commits_total", "", "Known."))};
    assert_true(metric_value(metrics_gauge(metrics, "freshet_uncommitted_bytes", "", "Known.")) ==
                0);
    rig_finish(copy);
    return outcome;
}

static char *tables(const struct rig *rig)
{
    struct answers answers;
    answers_init(&answers, rig);
    answers_states(&answers);
    answers_rows(&answers);
    char *text = answers_take(&answers);
    answers_release(&answers);
    return text;
}

static char *run(const char *const *features, const char *const *trainer, struct outcome *ret)
{
    struct rig rig;
    rig_init(&rig, 1);
    feed(&rig);
    ret[0] = work(&rig, &features_worker, features);
    ret[1] = work(&rig, &trainer_worker, trainer);
    char *text = tables(&rig);
    rig_release(&rig);
    return text;
}

static void test_a_burst_is_committed_in_pieces(void **state)
{
    struct outcome free_of[2], held[2];
    _cleanup_(xfreep) char *want = run(unbounded, unbounded, free_of);
    _cleanup_(xfreep) char *is = run(bounded, bounded, held);
    for (int i = 0; i < 2; i++) {
        printf("# peak %.0f bytes in %.0f commits; unbounded %.0f in %.0f\n", held[i].peak,
               held[i].commits, free_of[i].peak, free_of[i].commits);
        assert_true(held[i].peak <= 2 * BOUND);
        assert_true(held[i].peak >= BOUND);
        assert_true(free_of[i].peak > 8 * BOUND);
        assert_in_range(held[i].commits, 5, 100); /* as few as the bound allows */
    }
    assert_true(strlen(want) > 10000);
    assert_true(answers_agree(want, is));
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_a_burst_is_committed_in_pieces),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
