/* The console's page of the quality: figures, the newest trial, another generation beside. */
#include "base/base.h"
#include "base/clock.h"
#include "schemas/list_quality.h"
#include "schemas/trials.h"
#include "tests/topology/paged.h"

static const char *const open_settings[] = {"http.port=0", NULL};

static struct copy *start(struct rig *rig)
{
    rig_init(rig, 3);
    struct copy *copy = rig_start(rig, &serve_worker, 0, open_settings);
    for (int i = 0; i < ROUNDS; i++) { rig_round(rig, false); }
    return copy;
}

static void write_quality(struct rig *rig, int64_t time_ms)
{
    struct slice made_by[] = {slice_str("<i>counting")};
    int32_t segments[] = {1}, kinds[] = {ACTION_PURCHASE};
    int64_t judged[] = {8}, hits[] = {2}, repeats[] = {1};
    double ndcg[] = {1.0};
    const struct list_quality quality = {
        .model = slice_str("item-item"), .judged = 8, .hits_at_10 = 2, .ndcg_at_10 = 1.0,
        .repeats = 1, .lists = 5, .places = 50, .novelty_bits = 400, .items_listed = 3,
        .items_known = 4, .made_by = {made_by, 1}, .segments = {segments, 1},
        .judged_by = {judged, 1}, .hits_by = {hits, 1}, .ndcg_by = {ndcg, 1}, .kinds = {kinds, 1},
        .judged_by_kind = {judged, 1}, .hits_by_kind = {hits, 1}, .repeats_by_kind = {repeats, 1},
    };
    append_at(rig, "quality", &list_quality_contract, "item-item/0/0", &quality, time_ms);
}

/* All users of the trial see worse lists: of 128 buckets with 100 lists, 40 hits and 20. */
static void write_trial(struct rig *rig)
{
    int64_t judged[TRIAL_BUCKETS], hits[TRIAL_BUCKETS];
    double ndcg[TRIAL_BUCKETS];
    struct trial_record rec = {.kind = TRIAL_STARTED, .trial = 1, .generation = slice_str("g2"),
                               .share = 1000, .metric = TRIAL_HIT_AT_10, .partition = -1,
                               .time_ms = 1000000000000};
    append(rig, "trials", &trial_record_contract, "1/started", &rec);
    for (int arm = 0; arm < TRIAL_ARMS; arm++) {
        for (int b = 0; b < TRIAL_BUCKETS; b++) {
            judged[b] = 100;
            hits[b] = arm == TRIAL_ARM_LIVE ? 40 + b % 3 : 20 + b % 3;
            ndcg[b] = 1.0;
        }
        rec = (struct trial_record){
            .kind = TRIAL_COUNTED, .trial = 1, .to_offset = 9,
            .generation = slice_str(arm == TRIAL_ARM_LIVE ? "" : "g2"),
            .judged = {judged, TRIAL_BUCKETS}, .hits = {hits, TRIAL_BUCKETS},
            .ndcg = {ndcg, TRIAL_BUCKETS}};
        append(rig, "trials", &trial_record_contract,
               arm == TRIAL_ARM_LIVE ? "1/counted//0" : "1/counted/g2/0", &rec);
    }
}

static void test_quality(void **state)
{
    static struct rig rig;
    struct copy *copy = start(&rig);
    assert_has(ask_get(copy, "/console/quality", 200), "No list has been followed");
    write_quality(&rig, clock_wall_ms() - 30L * 3600000); /* not of the last 24 hours */
    for (int i = 0; i < ROUNDS; i++) { rig_round(&rig, false); }
    assert_has(ask_get(copy, "/console/quality", 200), "No list has been followed");
    write_quality(&rig, RIG_WALL_MS);
    write_trial(&rig);
    for (int i = 0; i < ROUNDS; i++) { rig_round(&rig, false); }
    const char *page = ask_get(copy, "/console/quality", 200);
    assert_has(page, "0.2500<svg");
    assert_has(page, "<td class=\"number\">0.1250</td>");
    assert_has(page, "<td class=\"number\">8.00</td>");
    assert_has(page, "<tr><td>&lt;i&gt;counting</td><td>3 to 19</td>");
    assert_has(page, "<tr><td>purchase</td>");
    assert_has(page, "data-line=\"hit@10\" data-name=\"base\" data-column=\"2\">");
    assert_has(page, "<a href=\"/console/quality?with=g2\">g2</a>");
    assert_has(page, "The generation on trial is worse.");
    assert_has(page, "<tr><td>g2<small>on trial</small></td><td class=\"number\">12800</td>");
    assert_lacks(page, "<i>");
    const char *json = ask_get(copy, "/console/quality?format=json", 200);
    assert_has(json, "\"hit_at_10\":0.25,\"ndcg_at_10\":0.125,\"unlisted\":0,\"lists\":5,"
                     "\"coverage\":0.75,\"novelty\":8}");
    assert_has(json, "\"segment\":1,\"judged\":8");
    assert_has(json, "{\"kind\":\"purchase\",\"judged\":8,\"hits\":2,\"repeats\":1}");
    assert_has(json, "\"verdict\":\"worse\"");
    assert_lacks(json, "\"with\"");
    rig_release(&rig);
}

/* There is no Kafka to read another generation's topic from, so it is never known. */
static void test_quality_beside(void **state)
{
    static const struct {
        const char *with, *want;
    } cases[] = {
        {"g2", "Its figures are being read"},
        {"base", "Want the name of another generation"},
        {"no+such", "Want the name of another generation"},
        {"%3Cb%3E", "value=\"&lt;b&gt;\""},
        {"a%00b", "The last 24 hours"},
        {"a-name-that-is-longer-than-a-generation-may-have", "Want the name"},
        {"g3", "Its figures are being read"},
        {"g4", "Its figures are being read"},
        {"g5", "Others look at three other generations now"},
        {"g2", "Its figures are being read"},
    };
    static struct rig rig;
    struct copy *copy = start(&rig);
    for (size_t i = 0; i < ARRAY_COUNT(cases); i++) {
        _cleanup_(xfreep) char *path = xprintf("/console/quality?with=%s", cases[i].with);
        assert_has(ask_get(copy, path, 200), cases[i].want);
    }
    assert_has(ask_get(copy, "/console/quality?with=g2&format=json", 200),
               "\"with\":{\"generation\":\"g2\",\"state\":\"reading\",\"hours\":[]");
    rig_release(&rig);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_quality),
        cmocka_unit_test(test_quality_beside),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
