#include "base/base.h"
#include "base/xalloc.h"
#include "cli/generations/trial_table.h"

#include <setjmp.h>
#include <cmocka.h>

static void begin(struct trials *trials)
{
    const struct trial_record rec = {.kind = TRIAL_STARTED,
                                     .trial = 3,
                                     .generation = slice_str("g2"),
                                     .share = 1000,
                                     .metric = TRIAL_HIT_AT_10,
                                     .guarded = true,
                                     .margin = 0.05,
                                     .time_ms = 1761955200000};
    trials_init(trials, /* partitions= */ 4);
    trials_apply(trials, &rec);
}

/* In every bucket so many lists, of which so many hit; every fourth bucket has one hit more. */
static void count(struct trials *trials, const char *generation, int64_t judged, int64_t hits)
{
    struct trial_counts counts;
    for (size_t b = 0; b < TRIAL_BUCKETS; b++) {
        counts.judged[b] = judged;
        counts.hits[b] = hits + (b % 4 == 0);
        counts.ndcg[b] = 0.5 * (double)counts.hits[b];
    }
    const struct trial_record rec = {.kind = TRIAL_COUNTED,
                                     .trial = 3,
                                     .generation = slice_str(generation),
                                     .partition = 0,
                                     .to_offset = 1,
                                     .judged = {counts.judged, TRIAL_BUCKETS},
                                     .hits = {counts.hits, TRIAL_BUCKETS},
                                     .ndcg = {counts.ndcg, TRIAL_BUCKETS}};
    trials_apply(trials, &rec);
}

static char *printed(const struct trials *trials, int64_t epoch, int32_t owed, bool json)
{
    const struct generations generations = {.epoch = epoch};
    char *text = NULL;
    size_t size = 0;
    FILE *out = open_memstream(&text, &size);
    trial_table_print(trials, &generations, owed, json, out);
    fclose(out);
    return text;
}

static void test_at_the_beginning(void **state _unused_)
{
    struct trials trials;
    begin(&trials);
    _cleanup_(xfreep) char *text = printed(&trials, 0, 0, false);
    assert_string_equal(text, "trial 3: g2 against base, with 10 % of the users\n"
                              "runs; since 2025-11-01T00:00:00Z\n"
                              "taken back when its hit@10 is worse by more than 5 %\n"
                              "                 judged   hit@10  NDCG@10\n"
                              "base                  0   0.0000   0.0000\n"
                              "g2                    0   0.0000   0.0000\n"
                              "too few lists were judged to say more\n");
    _cleanup_(xfreep) char *over = printed(&trials, 1, 0, false);
    assert_non_null(strstr(over, "over: another generation was promoted; since"));
    _cleanup_(xfreep) char *json = printed(&trials, 0, 0, true);
    assert_string_equal(json,
                        "{\"trial\":3,\"generation\":\"g2\",\"live\":\"base\",\"share\":0.1,"
                        "\"metric\":\"hit@10\",\"guarded\":true,\"margin\":0.05,\"state\":\"runs\","
                        "\"began_ms\":1761955200000,\"ended_ms\":0,\"partitions_owed\":0,\"arms\":["
                        "{\"generation\":\"base\",\"judged\":0,\"hits\":0,\"hit_at_10\":0,"
                        "\"ndcg_at_10\":0},{\"generation\":\"g2\",\"judged\":0,\"hits\":0,"
                        "\"hit_at_10\":0,\"ndcg_at_10\":0}],\"verdict\":null}\n");
    trials_release(&trials);
}

static void test_verdicts(void **state _unused_)
{
    struct trials trials;
    begin(&trials);
    count(&trials, "", 100, 20);
    count(&trials, "g2", 100, 10);
    _cleanup_(xfreep) char *worse = printed(&trials, 0, 0, false);
    assert_non_null(strstr(worse, "base              12800   0.2025   0.1013\n"
                                  "g2                12800   0.1025   0.0512\n"
                                  "hit@10 differs by -49.4 %, between -"));
    assert_non_null(strstr(worse, " %: worse\n"));
    count(&trials, "g2", 100, 30);
    _cleanup_(xfreep) char *better = printed(&trials, 0, 0, false);
    assert_non_null(strstr(better, "hit@10 differs by +49.4 %, between +"));
    assert_non_null(strstr(better, " %: better\n"));
    count(&trials, "g2", 100, 20);
    _cleanup_(xfreep) char *even = printed(&trials, 0, 0, true);
    assert_non_null(strstr(even, "\"verdict\":\"undecided\",\"difference\":0,\"lower\":-0.0"));
    trials_release(&trials);
}

static void test_over(void **state _unused_)
{
    static const char *const words[] = {"ended", "stopped", "taken back", "promoted"};
    for (int32_t ending = TRIAL_ENDING_OTHER; ending <= TRIAL_PROMOTED; ending++) {
        struct trials trials;
        struct trial_record rec;
        begin(&trials);
        trials_describe(&trials, TRIAL_ENDED, &rec);
        rec.ending = ending;
        rec.time_ms += 3600000;
        trials_apply(&trials, &rec);
        _cleanup_(xfreep) char *text = printed(&trials, 0, 2, false);
        _cleanup_(xfreep) char *line = xprintf(
            "\n%s; from 2025-11-01T00:00:00Z to 2025-11-01T01:00:00Z\n", words[ending]);
        assert_non_null(strstr(text, line));
        assert_non_null(strstr(text, "2 partitions may still hold lists of the trial\n"));
        trials_release(&trials);
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_at_the_beginning),
        cmocka_unit_test(test_verdicts),
        cmocka_unit_test(test_over),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
