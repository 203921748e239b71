/* Lists of freshet-serve for somebody without an action: by the segments of the profile, or of what
 * the request says, compared with the formula. */
#include "base/base.h"
#include "features/features.h"
#include "schemas/recommendation_request.h"
#include "schemas/recommendation_response.h"
#include "scorer/scorer.h"
#include "tests/topology/asking.h"
#include "tests/topology/catalogued.h"
#include "tests/topology/profiled.h"
#include "trainer/similarity/trainer.h"

enum { PARTITIONS = 2, ROUNDS = 40 };

static const char *const settings[] = {"http.port=0", NULL};

static void run_rounds(struct rig *rig)
{
    for (int i = 0; i < ROUNDS; i++) { rig_round(rig, false); }
}

static void bar_item(struct rig *rig, const char *id)
{
    struct item item = catalogued_item(id);
    item.available = false;
    catalogued_put(rig, &item, RIG_WALL_MS);
}

/* The pipeline on the feed, the segments of its users, and profiles of two who did nothing. */
static struct copy *begin(struct rig *rig, const char *const *pairs)
{
    rig_init(rig, PARTITIONS);
    feed_events(rig, 3, 0, FEED_EVENTS);
    profiled_all(rig);
    rig_work(rig, &features_worker);
    rig_work(rig, &trainer_worker);
    profiled_count(rig);
    rig_work(rig, &scorer_worker);
    profiled_put(rig, "new", "DE", 1981, "odd");
    profiled_put(rig, "bare", "XX", 0, "unheard");
    struct copy *copy = rig_start(rig, &serve_worker, 0, pairs);
    run_rounds(rig);
    return copy;
}

/* Compares the items of an answer with those of the oracle, but for one that is barred. */
static void check(const struct rig *rig, const char *body, const char *const *names, size_t count,
                  const char *barred)
{
    struct profiled profiled;
    const char *at = body;
    size_t place = 0, liked = 0;
    profiled_read(&profiled, rig);
    profiled_score(&profiled, names, count);
    assert_has(body, "\"made_by\":\"segments\"");
    assert_has(body, "\"cause\":\"request\"");
    for (size_t k = 0; k < profiled.items_count && place < 20; k++) {
        const struct profiled_item *one = &profiled.items[k];
        if (slice_equal(one->item, slice_str(barred))) { continue; }
        const char *reason = one->because.data ? "segment" : "popular";
        _cleanup_(xfreep) char *want =
            xprintf("{\"item\":\"%.*s\",\"reason\":\"%s\",\"because\":\"%.*s\",",
                    SLICE_ARGS(one->item), reason, SLICE_ARGS(one->because));
        const char *found = strstr(at, "{\"item\":\"");
        assert_non_null(found);
        assert_begins(found, want);
        at = found + 1;
        place++;
        liked += one->because.data != NULL;
    }
    assert_int_equal(place, 20);
    assert_true(liked > 5);
    profiled_release(&profiled);
}

static const char *const of_new[] = {"born=1980s", "country=DE", "odd"};

static void test_by_the_profile(void **state _unused_)
{
    static struct rig rig;
    struct copy *copy = begin(&rig, settings);
    const char *body = ask_get(copy, "/v1/users/new/recommendations", 200);
    check(&rig, body, of_new, 3, "");
    assert_has(body, "\"actions\":0,");
    assert_has(ask_get(copy, "/v1/users/bare/recommendations", 404), "no_list");
    assert_has(ask_get(copy, "/v1/users/nobody/recommendations", 404), "no_list");
    /* who has acted has the list that stands */
    body = ask_get(copy, "/v1/users/u01/recommendations?country=DE", 200);
    assert_has(body, "\"made_by\":\"counting\"");
    assert_null(strstr(body, "\"segment\""));
    /* what is not available is not on it, and a profile that goes takes the list with it */
    bar_item(&rig, "i00");
    run_rounds(&rig);
    check(&rig, ask_get(copy, "/v1/users/new/recommendations", 200), of_new, 3, "i00");
    profiled_put(&rig, "new", NULL, 0, "");
    run_rounds(&rig);
    assert_has(ask_get(copy, "/v1/users/new/recommendations", 404), "no_list");
    rig_release(&rig);
}

static void test_for_nobody(void **state _unused_)
{
    static struct rig rig;
    static const char *const french[] = {"country=FR"};
    static const char path[] = "/v1/recommendations";
    struct copy *copy = begin(&rig, settings);
    check(&rig, ask_post(copy, path, "{\"profile\":{\"country\":\"DE\",\"birth_year\":1984,"
                                     "\"tags\":[\"odd\",\"unheard\"]}}", 200), of_new, 3, "");
    check(&rig, ask_post(copy, path, "{\"profile\":{\"country\":\"FR\"}}", 200), french, 1, "");
    check(&rig, ask_post(copy, path, "{\"profile\":{\"tags\":[\"odd\"],\"birth_year\":1980},"
                                     "\"context\":{\"country\":\"DE\"}}", 200), of_new, 3, "");
    check(&rig, ask_get(copy, "/v1/users/x/recommendations?country=FR", 200), french, 1, "");
    /* a profile that nobody shares: what is popular */
    const char *body = ask_post(copy, path, "{\"profile\":{\"tags\":[\"unheard\"]}}", 200);
    assert_has(body, "\"made_by\":\"counting\"");
    assert_has(body, "\"reason\":\"popular\"");
    static const char *const wrong[] = {
        "{}", "{\"profile\":{}}", "{\"profile\":5}", "{\"profile\":{\"tags\":\"odd\"}}",
        "{\"profile\":{\"birth_year\":-1}}", "{\"profile\":{\"birth_year\":\"x\"}}",
        "{\"profile\":{\"born\":1980}}", "{\"profile\":{\"country\":\"\"}}"};
    for (size_t k = 0; k < ARRAY_COUNT(wrong); k++) {
        assert_has(ask_post(copy, path, wrong[k], 400), "bad_request");
    }
    rig_release(&rig);
}

static void test_by_topic(void **state _unused_)
{
    static struct rig rig;
    struct copy *copy = begin(&rig, settings);
    struct slice tags[] = {slice_str("odd")};
    const struct recommendation_request request = {.request_id = slice_str("r"),
                                                   .profile_tags = {tags, 1},
                                                   .profile_country = slice_str("DE"),
                                                   .profile_birth_year = 1989,
                                                   .hour = -1};
    struct recommendation_response response;
    struct schema_cache *schemas = schema_cache_new();
    struct codec *codec = codec_new(&recommendation_request_contract, schemas);
    struct arena *arena = arena_new(1 << 16);
    struct buf out;
    buf_init(&out, 4096);
    assert_int_equal(codec_encode(codec, &request, &out), 0);
    memlog_append(rig.log, "requests", 0, slice_str("r"), buf_slice(&out), RIG_WALL_MS);
    run_rounds(&rig);
    struct fold *fold = rig_fold(&rig, "responses");
    assert_int_equal(fold->count, 1);
    struct codec *responses = codec_new(&recommendation_response_contract, schemas);
    assert_int_equal(codec_decode(responses, fold->at[0].value, arena, &response, NULL), 0);
    assert_int_equal(response.status, 200);
    const char *body = ask_get(copy, "/v1/users/new/recommendations", 200);
    for (size_t k = 0; k < response.items.count; k++) {
        _cleanup_(xfreep) char *want =
            xprintf("{\"item\":\"%.*s\",\"reason\":\"%s\"", SLICE_ARGS(response.items.at[k]),
                    list_reason_name(response.reasons.at[k]));
        assert_non_null(body = strstr(body, want));
    }
    free(fold);
    buf_release(&out);
    arena_free(arena);
    codec_free(codec);
    codec_free(responses);
    schema_cache_free(schemas);
    rig_release(&rig);
}

static void test_bad_records_and_off(void **state _unused_)
{
    static struct rig rig;
    static const char *const off[] = {"http.port=0", "segments.used=false", NULL};
    struct copy *copy = begin(&rig, off);
    assert_has(ask_get(copy, "/v1/users/new/recommendations", 404), "no_list");
    rig_finish(copy);
    int64_t before = memlog_count(rig.log, "dead-letters", MEMLOG_ALL);
    memlog_append(rig.log, "profiles", 0, slice_str("segment/odd"), slice_str("none"), RIG_WALL_MS);
    memlog_append(rig.log, "profiles", 0, (struct slice){0}, slice_str("none"), RIG_WALL_MS);
    memlog_append(rig.log, "profiles", PARTITION_BY_KEY, slice_str("segment/country=DE"),
                  (struct slice){0}, RIG_WALL_MS);
    copy = rig_start(&rig, &serve_worker, 0, settings);
    run_rounds(&rig);
    assert_int_equal(memlog_count(rig.log, "dead-letters", MEMLOG_ALL), before + 2);
    const char *body = ask_get(copy, "/v1/users/new/recommendations", 200);
    assert_has(body, "\"because\":\"odd\""); /* the former record stays */
    assert_null(strstr(body, "country=DE"));
    rig_release(&rig);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_by_the_profile),
        cmocka_unit_test(test_for_nobody),
        cmocka_unit_test(test_by_topic),
        cmocka_unit_test(test_bad_records_and_off),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
