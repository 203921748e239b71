/* What a platform brings is ranked beside the others: lists are made again when it comes, goes and
 * expires, those of whom it concerns alone; each is what a simple sum makes of the list without it;
 * records that cannot be right are dead letters; freshet-serve makes the same. */
#include "base/base.h"
#include "features/features.h"
#include "schemas/applied_rules.h"
#include "schemas/candidate_list.h"
#include "schemas/item.h"
#include "scorer/scorer.h"
#include "tests/topology/answers.h"
#include "tests/topology/asking.h"
#include "tests/topology/feed.h"
#include "trainer/similarity/trainer.h"

enum { PARTITIONS = 3, EVENTS = 300, LENGTH = FEED_ITEMS, REST_ROUNDS_MAX = 8000 };

#define WEIGHT 0.5

static const char *const scoring[] = {"list.length=40", "lists.remake.share=50",
                                      "candidates.used=true", NULL};
static const char *const serving[] = {"list.length=40", "http.port=0", "candidates.used=true",
                                      NULL};

struct fixture {
    struct rig rig;
    struct copy *trainer, *scorer, *serve;
    struct answers answers;
    struct codec *brought, *rules, *items;
    struct buf out;
};

static void rest(struct rig *rig)
{
    rig_until_rest(rig, 40, REST_ROUNDS_MAX);
}

static void append(struct fixture *fixture, const char *topic, struct codec *codec,
                   struct slice key, const void *object)
{
    buf_clear(&fixture->out);
    if (object) { assert_int_equal(codec_encode(codec, object, &fixture->out), 0); }
    memlog_append(fixture->rig.log, topic, PARTITION_BY_KEY, key,
                  object ? buf_slice(&fixture->out) : (struct slice){0}, RIG_WALL_MS);
}

static void begin_with(struct fixture *fixture, const char *const *settings)
{
    rig_init(&fixture->rig, PARTITIONS);
    answers_init(&fixture->answers, &fixture->rig);
    fixture->brought = codec_new(&candidate_list_contract, fixture->answers.schemas);
    fixture->rules = codec_new(&applied_rules_contract, fixture->answers.schemas);
    fixture->items = codec_new(&item_contract, fixture->answers.schemas);
    buf_init(&fixture->out, 1 << 20);
    feed_events(&fixture->rig, 3, 0, EVENTS);
    rig_start(&fixture->rig, &features_worker, 0, NULL);
    fixture->trainer = rig_start(&fixture->rig, &trainer_worker, 0, NULL);
    fixture->scorer = rig_start(&fixture->rig, &scorer_worker, 0, settings);
    rest(&fixture->rig);
}

static void begin(struct fixture *fixture)
{
    begin_with(fixture, scoring);
}

static void end(struct fixture *fixture)
{
    codec_free(fixture->brought);
    codec_free(fixture->rules);
    codec_free(fixture->items);
    answers_release(&fixture->answers);
    buf_release(&fixture->out);
    rig_release(&fixture->rig);
}

static struct slice key_of(const char *source, const char *user, char *into, size_t size)
{
    (void)snprintf(into, size, "%s%s%s", source, user[0] ? "/" : "", user);
    return slice_str(into);
}

/* Brings items (NULL: none any more); until_ms 0: for good. */
static void bring(struct fixture *fixture, const char *source, const char *user,
                  const char *const *items, size_t count, float *scores, int64_t until_ms)
{
    char key[100];
    struct slice texts[CANDIDATE_LIST_ITEMS_MAX];
    for (size_t k = 0; k < count; k++) { texts[k] = slice_str(items[k]); }
    const struct candidate_list list = {
        .source = slice_str(source), .user_id = slice_str(user), .items = {texts, count},
        .scores = {scores, scores ? count : 0}, .expires_ms = until_ms};
    append(fixture, "candidates", fixture->brought, key_of(source, user, key, sizeof(key)),
           items ? &list : NULL);
    rest(&fixture->rig);
}

/* Reads a user's list, in answers.arena until the next one. */
static struct recommendation_list read_list(struct fixture *fixture, const char *user)
{
    struct fold *fold = rig_fold(&fixture->rig, "recommendations");
    struct recommendation_list list = {.items = {0}};
    for (size_t i = 0; i < fold->count; i++) {
        if (!slice_equal(fold->at[i].key, slice_str(user))) { continue; }
        answers_decode(&fixture->answers, fixture->answers.lists, fold->at[i].value, &list);
    }
    free(fold);
    assert_true(list.items.count > 0);
    return list;
}

static size_t place_of(const struct recommendation_list *list, const char *item)
{
    size_t k = 0;
    while (k < list->items.count && !slice_equal(list->items.at[k], slice_str(item))) { k++; }
    return k;
}

struct plain {
    char item[8];
    double score; /* without what is brought; fillers 0 */
    bool fills;
};

/* Keeps what a list without brought items says. */
static size_t keep_plain(const struct recommendation_list *list, struct plain *plain)
{
    for (size_t k = 0; k < list->items.count; k++) {
        (void)snprintf(plain[k].item, sizeof(plain[k].item), "%.*s",
                       SLICE_ARGS(list->items.at[k]));
        plain[k].fills = list->scores.at[k] < 0.0F;
        plain[k].score = fmax((double)list->scores.at[k], 0.0);
    }
    return list->items.count;
}

/* The score that an item must have: that of the plain list, and the prior's part of its best. */
static double score_with(const struct plain *plain, size_t count, const char *item, double prior)
{
    for (size_t k = 0; k < count; k++) {
        if (strcmp(plain[k].item, item) == 0) {
            return plain[k].score + WEIGHT * prior * plain[0].score;
        }
    }
    fail_msg("%s is not on the plain list", item);
    return 0.0;
}

static void check_sorted(const struct recommendation_list *list)
{
    for (size_t k = 1; k < list->items.count; k++) {
        assert_true(list->scores.at[k - 1] >= list->scores.at[k]);
    }
}

static int64_t offsets_of(const struct recommendation_list *list)
{
    int64_t sum = 0;
    for (size_t p = 0; p < list->candidate_offsets.count; p++) {
        sum += list->candidate_offsets.at[p];
    }
    return sum;
}

/* Of user u07: the items that counting does not find, at the list's end. */
static void test_items_come_and_go(void **state _unused_)
{
    static struct fixture fixture;
    struct plain plain[LENGTH];
    begin(&fixture);
    struct recommendation_list list = read_list(&fixture, "u07");
    size_t count = keep_plain(&list, plain);
    assert_true(count > 20 && plain[count - 1].fills && !plain[3].fills);
    assert_int_equal(offsets_of(&list), 0);
    size_t before = (size_t)memlog_count(fixture.rig.log, "recommendations", 0) +
                    (size_t)memlog_count(fixture.rig.log, "recommendations", 1) +
                    (size_t)memlog_count(fixture.rig.log, "recommendations", 2);
    const char *const items[] = {plain[count - 1].item, plain[count - 2].item, plain[3].item,
                                 "nowhere"};
    float scores[] = {8.0F, 2.0F, 4.0F, 9.0F};
    scores[3] = 8.0F;
    bring(&fixture, "partner", "u07", items, 4, scores, 0);
    list = read_list(&fixture, "u07");
    check_sorted(&list);
    assert_int_equal(list.items.count, count);
    assert_int_equal(offsets_of(&list), 1);
    assert_int_equal(list.cause, CAUSE_CATALOGUE);
    static const double priors[] = {1.0, 0.25, 0.5};
    for (size_t k = 0; k < 3; k++) {
        size_t at = place_of(&list, items[k]);
        double want = score_with(plain, count, items[k], priors[k]);
        assert_true(at < count);
        assert_true(fabs((double)list.scores.at[at] - want) < 1e-4 * fabs(want));
        bool brought = list.reasons.at[at] == REASON_BROUGHT;
        assert_int_equal(brought, WEIGHT * priors[k] * plain[0].score > plain[3].score || k < 2);
        if (brought) { assert_true(slice_equal(list.because.at[at], slice_str("partner"))); }
    }
    assert_int_equal(place_of(&list, "nowhere"), count);
    /* Only this user's list was made again. */
    size_t after = (size_t)memlog_count(fixture.rig.log, "recommendations", 0) +
                   (size_t)memlog_count(fixture.rig.log, "recommendations", 1) +
                   (size_t)memlog_count(fixture.rig.log, "recommendations", 2);
    assert_int_equal(after - before, 1);
    bring(&fixture, "partner", "u07", NULL, 0, NULL, 0);
    list = read_list(&fixture, "u07");
    assert_int_equal(list.cause, CAUSE_CATALOGUE);
    for (size_t k = 0; k < count; k++) {
        assert_true(slice_equal(list.items.at[k], slice_str(plain[k].item)));
    }
    end(&fixture);
}

/* The next item after a list's end comes on the list because it is brought, though counting says
 * more for it than that. */
static void test_the_reason_of_what_would_not_be_ranked(void **state _unused_)
{
    static const char *const five[] = {"list.length=5", "lists.remake.share=50",
                                       "candidates.used=true", NULL};
    static struct fixture fixture;
    struct plain plain[LENGTH];
    begin(&fixture);
    struct recommendation_list list = read_list(&fixture, "u07");
    assert_true(keep_plain(&list, plain) > 6 && !plain[5].fills);
    rig_finish(fixture.scorer);
    memlog_expire_member(fixture.rig.log, "freshet-scorer", "freshet-scorer-0");
    fixture.scorer = rig_start(&fixture.rig, &scorer_worker, 1, five);
    rest(&fixture.rig);
    list = read_list(&fixture, "u07");
    assert_int_equal(list.items.count, 5);
    const char *const items[] = {"nowhere", plain[5].item};
    float scores[] = {5.0F, 1.0F};
    double more = WEIGHT * 0.2 * plain[0].score;
    assert_true(more < plain[5].score && more > plain[4].score - plain[5].score);
    bring(&fixture, "partner", "u07", items, 2, scores, 0);
    list = read_list(&fixture, "u07");
    size_t at = place_of(&list, plain[5].item);
    assert_true(at < list.items.count);
    assert_int_equal(list.reasons.at[at], REASON_BROUGHT);
    assert_true(slice_equal(list.because.at[at], slice_str("partner")));
    end(&fixture);
}

/* An item of which nothing is left but its number is not known, as in a scorer that starts then. */
static void test_an_item_whose_row_has_gone(void **state _unused_)
{
    static struct fixture fixture;
    struct plain plain[LENGTH];
    struct record rec;
    begin(&fixture);
    struct recommendation_list list = read_list(&fixture, "u07");
    size_t count = keep_plain(&list, plain);
    const char *const items[] = {plain[count - 1].item};
    bring(&fixture, "partner", "u07", items, 1, NULL, 0);
    list = read_list(&fixture, "u07");
    assert_true(place_of(&list, items[0]) < list.items.count);
    rig_finish(fixture.trainer);
    assert_int_equal(memlog_newest(fixture.rig.log, "serving-rows", slice_str(items[0]), &rec), 0);
    memlog_append(fixture.rig.log, "serving-rows", rec.partition, slice_str(items[0]),
                  (struct slice){0}, RIG_WALL_MS);
    rest(&fixture.rig);
    list = read_list(&fixture, "u07");
    assert_int_equal(place_of(&list, items[0]), list.items.count);
    end(&fixture);
}

/* For everybody, until a date; not what may not be recommended; and by rules. */
static void test_for_all_until_a_date(void **state _unused_)
{
    static struct fixture fixture;
    struct plain plain[LENGTH];
    begin(&fixture);
    struct recommendation_list list = read_list(&fixture, "u07");
    size_t count = keep_plain(&list, plain);
    const char *const items[] = {plain[count - 1].item, plain[count - 2].item};
    const struct item barred = {.item_id = slice_str(items[1]), .available = false};
    append(&fixture, "items", fixture.items, barred.item_id, &barred);
    bring(&fixture, "season", "", items, 2, NULL, fixture.rig.wall_ms + 3600000);
    list = read_list(&fixture, "u07");
    size_t at = place_of(&list, items[0]);
    assert_int_equal(list.reasons.at[at], REASON_BROUGHT);
    assert_int_equal(place_of(&list, items[1]), list.items.count);
    size_t users = 0, brought = 0;
    struct fold *fold = rig_fold(&fixture.rig, "recommendations");
    for (size_t i = 0; i < fold->count; i++) {
        answers_decode(&fixture.answers, fixture.answers.lists, fold->at[i].value, &list);
        at = place_of(&list, items[0]);
        users++;
        if (at == list.items.count || list.reasons.at[at] != REASON_BROUGHT) { continue; }
        brought++;
        assert_true(offsets_of(&list) > 0);
    }
    free(fold);
    assert_true(users > 20 && brought > users / 2); /* the others have had it, or like it more */
    const struct applied_rules rules = {.text = slice_str("home.length=30\n")};
    append(&fixture, "rules", fixture.rules, slice_str(APPLIED_RULES_KEY), &rules);
    rest(&fixture.rig);
    list = read_list(&fixture, "u07");
    bool placed = false;
    for (size_t k = 0; k < list.placement_items.count; k++) {
        placed |= slice_equal(list.placement_items.at[k], slice_str(items[0])) &&
                  list.placement_reasons.at[k] == REASON_BROUGHT &&
                  slice_equal(list.placement_because.at[k], slice_str("season"));
    }
    assert_true(placed);
    fixture.rig.wall_ms += 3600000;
    rest(&fixture.rig);
    list = read_list(&fixture, "u07");
    at = place_of(&list, items[0]);
    assert_true(at == list.items.count || list.reasons.at[at] != REASON_BROUGHT);
    assert_int_equal(list.cause, CAUSE_CATALOGUE);
    end(&fixture);
}

/* The members of a mixture score what is brought; the others keep their order. */
static void test_beside_a_mixture(void **state _unused_)
{
    static const char *const blending[] = {"list.length=40", "lists.remake.share=50",
                                           "candidates.used=true", "content.used=true",
                                           "blend.leader=mixture", NULL};
    static struct fixture fixture;
    struct plain plain[LENGTH];
    struct slice tags[2] = {slice_str("t0"), slice_str("t1")};
    begin_with(&fixture, blending);
    for (int number = 0; number < FEED_ITEMS; number++) {
        char id[16];
        (void)snprintf(id, sizeof(id), "i%02d", number);
        const struct item item = {.item_id = slice_str(id), .available = true,
                                  .tags = {tags + number % 2, 1}};
        append(&fixture, "items", fixture.items, item.item_id, &item);
    }
    rest(&fixture.rig);
    struct recommendation_list list = read_list(&fixture, "u07");
    assert_true(slice_equal(list.made_by, slice_str("mixture")));
    size_t count = keep_plain(&list, plain), before = 0;
    const char *const items[] = {plain[count - 1].item};
    bring(&fixture, "partner", "u07", items, 1, NULL, 0);
    list = read_list(&fixture, "u07");
    check_sorted(&list);
    assert_int_equal(list.items.count, count);
    size_t at = place_of(&list, items[0]);
    assert_true(at < count - 1);
    assert_int_equal(list.reasons.at[at], REASON_BROUGHT);
    for (size_t k = 0; k < count; k++) {
        if (k == at) { continue; }
        assert_true(slice_equal(list.items.at[k], slice_str(plain[before++].item)));
    }
    end(&fixture);
}

static int64_t count_refused(const struct fixture *fixture)
{
    int64_t count = 0;
    for (int32_t p = 0; p < PARTITIONS; p++) {
        count += memlog_count(fixture->rig.log, "dead-letters", p);
    }
    return count;
}

/* Each becomes a dead letter; the former record stays, and so does the worker. */
static void test_hostile_records(void **state _unused_)
{
    static struct fixture fixture;
    static char bytes[] = {(char)0xc3, 1, 2, 3};
    struct plain plain[LENGTH];
    begin(&fixture);
    struct recommendation_list list = read_list(&fixture, "u07");
    size_t count = keep_plain(&list, plain);
    const char *const items[] = {plain[count - 1].item};
    struct slice one[] = {slice_str(items[0])}, two[] = {slice_str("a"), slice_str("b")};
    float scores[] = {1.0F, -1.0F};
    bring(&fixture, "partner", "u07", items, 1, NULL, 0);
    const struct {
        const char *key;
        struct candidate_list list;
    } cases[] = {
        {"partner/u08", {.source = slice_str("partner"), .user_id = slice_str("u07"),
                         .items = {one, 1}}},
        {"Partner/u07", {.source = slice_str("Partner"), .user_id = slice_str("u07"),
                         .items = {one, 1}}},
        {"partner/", {.source = slice_str("partner"), .items = {one, 1}}},
        {"partner/u07", {.source = slice_str("partner"), .user_id = slice_str("u07"),
                         .items = {two, 2}, .scores = {scores, 2}}},
        {"partner/u07", {.source = slice_str("partner"), .user_id = slice_str("u07"),
                         .items = {two, 2}, .scores = {scores, 1}}},
    };
    for (size_t k = 0; k < ARRAY_COUNT(cases); k++) {
        append(&fixture, "candidates", fixture.brought, slice_str(cases[k].key), &cases[k].list);
        rest(&fixture.rig);
        assert_int_equal(count_refused(&fixture), k + 1);
    }
    memlog_append(fixture.rig.log, "candidates", 0, slice_str("partner/u07"),
                  slice_of(bytes, sizeof(bytes)), RIG_WALL_MS);
    memlog_append(fixture.rig.log, "candidates", 0, (struct slice){0}, slice_of(bytes, 2),
                  RIG_WALL_MS);
    rest(&fixture.rig);
    assert_int_equal(count_refused(&fixture), ARRAY_COUNT(cases) + 2);
    list = read_list(&fixture, "u07");
    size_t at = place_of(&list, items[0]);
    assert_int_equal(list.reasons.at[at], REASON_BROUGHT);
    struct metric *records =
        metrics_gauge(fixture.scorer->metrics, "freshet_candidates_records", "", "");
    assert_true(metric_value(records) == 1.0);
    end(&fixture);
}

/* A list that is made for a request is the one that stands. */
static void test_served(void **state _unused_)
{
    static struct fixture fixture;
    struct plain plain[LENGTH];
    begin(&fixture);
    struct recommendation_list list = read_list(&fixture, "u07");
    size_t count = keep_plain(&list, plain);
    const char *const items[] = {plain[count - 1].item, plain[count - 2].item};
    bring(&fixture, "partner", "u07", items, 2, NULL, 0);
    fixture.serve = rig_start(&fixture.rig, &serve_worker, 0, serving);
    for (int i = 0; i < 60; i++) { rig_round(&fixture.rig, false); }
    const char *stored = ask_get(fixture.serve, "/v1/users/u07/recommendations", 200);
    _cleanup_(xfreep) char *want = xprintf("{\"item\":\"%s\",\"reason\":\"brought\","
                                           "\"because\":\"partner\",", items[0]);
    assert_has(stored, want);
    _cleanup_(xfreep) char *first = xstrdup(strstr(stored, "\"items\""));
    *strstr(first, "],") = '\0';
    /* The rules name a placement that the stored list does not have. */
    rig_finish(fixture.scorer);
    const struct applied_rules rules = {.text = slice_str("home.length=40\n")};
    append(&fixture, "rules", fixture.rules, slice_str(APPLIED_RULES_KEY), &rules);
    for (int i = 0; i < 60; i++) { rig_round(&fixture.rig, false); }
    const char *made = ask_get(fixture.serve, "/v1/users/u07/recommendations?placement=home", 200);
    assert_has(made, "\"cause\":\"request\"");
    assert_has(made, want);
    const char *at = made;
    list = read_list(&fixture, "u07");
    for (size_t k = 0; k < list.items.count; k++) {
        _cleanup_(xfreep) char *item = xprintf("{\"item\":\"%.*s\"", SLICE_ARGS(list.items.at[k]));
        at = strstr(at, item);
        assert_non_null(at); /* in the same order */
    }
    const char *session = ask_post(fixture.serve, "/v1/recommendations",
                                   "{\"user\":\"u07\",\"actions\":[{\"item\":\"i01\"}]}", 200);
    assert_has(session, "\"because\":\"partner\"");
    end(&fixture);
}

int main(void)
{
    rig_choose_place();
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_items_come_and_go),
        cmocka_unit_test(test_the_reason_of_what_would_not_be_ranked),
        cmocka_unit_test(test_an_item_whose_row_has_gone),
        cmocka_unit_test(test_for_all_until_a_date),
        cmocka_unit_test(test_beside_a_mixture),
        cmocka_unit_test(test_hostile_records),
        cmocka_unit_test(test_served),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
