/* Lists of freshet-serve by what a request says of itself: the device, the hour, the time zone. */
#include "base/base.h"
#include "features/features.h"
#include "schemas/recommendation_request.h"
#include "schemas/recommendation_response.h"
#include "scorer/scorer.h"
#include "tests/topology/asking.h"
#include "tests/topology/feed.h"
#include "tests/topology/records.h"
#include "trainer/similarity/trainer.h"

enum { VISITORS = 240, OFFERED = 12, SERVE_ROUNDS = 60 };

/* On mobile, visitors take what is in the first half of what is offered, else what is in the
 * other. */
static void feed_visits(struct rig *rig)
{
    struct schema_cache *schemas = schema_cache_new();
    struct codec *codec = codec_new(&user_event_contract, schemas);
    struct buf out;
    buf_init(&out, 1 << 12);
    for (int n = 0; n < VISITORS; n++) {
        bool mobile = n % 2 == 0;
        int64_t weeks = n / OFFERED % 3; /* what is of one day says nothing of others */
        char user[16], item[16], id[16];
        for (int k = 0; k < 4; k++) {
            int at = (n / 2 * 5 + k * k) % (OFFERED / 2) + (mobile ? 0 : OFFERED / 2);
            (void)snprintf(user, sizeof(user), "user-%d", n);
            (void)snprintf(item, sizeof(item), "item-%d", at);
            (void)snprintf(id, sizeof(id), "e%d-%d", n, k);
            const struct user_event ev = {.event_id = slice_str(id),
                                          .user_id = slice_str(user),
                                          .item_id = slice_str(item),
                                          .action = ACTION_VIEW,
                                          .weight = 1,
                                          .event_time_ms =
                                              feed_time_ms() + n * 10 + k - weeks * 7 * 86400000,
                                          .device = slice_str(mobile ? "mobile" : "desktop"),
                                          .hour = mobile ? 20 : 9,
                                          .weekday = 2};
            buf_clear(&out);
            assert_int_equal(codec_encode(codec, &ev, &out), 0);
            memlog_append(rig->log, "events", PARTITION_BY_KEY, ev.user_id, buf_slice(&out),
                          ev.event_time_ms);
        }
    }
    buf_release(&out);
    codec_free(codec);
    schema_cache_free(schemas);
}

/* Returns how many of the first six items are of the first half. */
static int of_first_half(const char *body)
{
    int count = 0;
    const char *at = body;
    for (int k = 0; k < OFFERED / 2; k++) {
        at = strstr(at, "\"item\":\"item-");
        assert_non_null(at);
        at += strlen("\"item\":\"item-");
        count += strtol(at, NULL, 10) < OFFERED / 2;
    }
    return count;
}

/* A visitor of whom nothing is known but when and where: by HTTP and, the same, by topic. */
static void check_nobody(struct rig *rig, struct copy *copy, struct codec *codec)
{
    static const char path[] = "/v1/recommendations";
    const char *body = ask_post(copy, path, "{\"context\":{\"hour\":10}}", 200);
    assert_true(of_first_half(body) == 0);
    assert_has(body, "\"reason\":\"context\",\"because\":\"day=morning\"");
    body = ask_post(copy, path, "{\"context\":{\"time_zone\":\"-04:00\"},\"limit\":6}", 200);
    assert_true(of_first_half(body) == OFFERED / 2);
    assert_has(body, "\"reason\":\"context\",\"because\":\"day=evening\"");
    const struct recommendation_request request = {.request_id = slice_str("visitor"), .hour = -1,
                                                   .time_zone = slice_str("-04:00"), .limit = 6};
    append_record(rig, "requests", PARTITION_BY_KEY, &recommendation_request_contract,
                  slice_str("visitor"), &request, RIG_WALL_MS);
    for (int i = 0; i < SERVE_ROUNDS; i++) { rig_round(rig, false); }
    struct arena *arena = arena_new(1 << 16);
    struct recommendation_response response;
    struct fold *fold = rig_fold(rig, "responses");
    assert_int_equal(fold->count, 1);
    assert_int_equal(codec_decode(codec, fold->at[0].value, arena, &response, NULL), 0);
    assert_int_equal(response.status, 200);
    assert_int_equal(response.items.count, 6);
    for (size_t k = 0; k < response.items.count; k++) {
        _cleanup_(xfreep) char *want =
            xprintf("{\"item\":\"%.*s\"", SLICE_ARGS(response.items.at[k]));
        body = strstr(body, "{\"item\"");
        assert_begins(body++, want);
        assert_int_equal(response.reasons.at[k], REASON_CONTEXT);
    }
    free(fold);
    arena_free(arena);
    assert_has(ask_post(copy, path, "{\"context\":{}}", 400), "or a context");
    assert_has(ask_post(copy, path, "{\"context\":{\"device\":\"none\"}}", 200),
               "\"reason\":\"popular\"");
}

static void lists_follow_the_context_of_a_request(void **state _unused_)
{
    static const char *const settings[] = {"http.port=0", NULL};
    static const char *const off[] = {"http.port=0", "context.weight=0", NULL};
    struct rig rig;
    rig_init(&rig, 1);
    feed_visits(&rig);
    rig_start(&rig, &features_worker, 0, NULL);
    rig_start(&rig, &trainer_worker, 0, NULL);
    rig_start(&rig, &scorer_worker, 0, NULL);
    struct copy *copy = rig_start(&rig, &serve_worker, 0, settings);
    struct copy *plain = rig_start(&rig, &serve_worker, 1, off);
    for (int i = 0; i < SERVE_ROUNDS; i++) { rig_round(&rig, false); }
    struct schema_cache *schemas = schema_cache_new();
    struct codec *codec = codec_new(&recommendation_response_contract, schemas);
    const char *body = ask_get(copy, "/v1/users/user-1/recommendations?device=mobile&limit=8", 200);
    assert_has(body, "\"cause\":\"request\"");
    /* Two that are near to what the user had come first. */
    assert_true(of_first_half(body) >= OFFERED / 2 - 2);
    body = ask_post(copy, "/v1/recommendations",
                    "{\"actions\":[{\"item\":\"none\"}],\"context\":{\"device\":\"Mobile\"}}", 200);
    assert_true(of_first_half(body) == OFFERED / 2);
    assert_has(body, "\"reason\":\"context\",\"because\":\"device=mobile\"");
    body = ask_post(copy, "/v1/recommendations",
                    "{\"actions\":[{\"item\":\"none\"}],\"context\":{\"hour\":10}}", 200);
    assert_true(of_first_half(body) == 0);
    assert_has(body, "\"reason\":\"context\",\"because\":\"day=morning\"");
    /* The rig's wall clock is at midnight UTC: 20 o'clock in -04:00. */
    body = ask_post(copy, "/v1/recommendations",
                    "{\"actions\":[{\"item\":\"none\"}],\"context\":{\"time_zone\":\"-04:00\"}}",
                    200);
    assert_has(body, "\"reason\":\"context\",\"because\":\"day=evening\"");
    assert_true(of_first_half(body) == OFFERED / 2);
    check_nobody(&rig, copy, codec);
    /* What is not known changes nothing: the list that stands. */
    body = ask_get(copy, "/v1/users/user-1/recommendations?device=watch&weekday=7", 200);
    assert_true(!strstr(body, "\"cause\":\"request\"") && !strstr(body, "\"context\""));
    body = ask_get(plain, "/v1/users/user-1/recommendations?device=mobile", 200);
    assert_true(!strstr(body, "\"context\""));
    body = ask_get(copy, "/v1/users/user-1/recommendations?time_zone=Nowhere", 400);
    assert_has(body, "time_zone");
    body = ask_get(copy, "/v1/users/user-1/recommendations?weekday=8", 400);
    assert_has(body, "weekday");
    codec_free(codec);
    schema_cache_free(schemas);
    rig_release(&rig);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(lists_follow_the_context_of_a_request),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
