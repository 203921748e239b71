/* Lists of placements by freshet-serve: those that stand in the topic, and those that it makes by
 * the same rules: for sessions, given candidates, somebody new, and where the stored list has none.
 */
#include "base/base.h"
#include "features/features.h"
#include "schemas/applied_rules.h"
#include "schemas/item.h"
#include "schemas/recommendation_response.h"
#include "scorer/scorer.h"
#include "tests/topology/answers.h"
#include "tests/topology/asking.h"
#include "tests/topology/feed.h"
#include "trainer/similarity/trainer.h"

enum { PARTITIONS = 3, ROUNDS = 40, USERS_LEAST = 40 };

static const char rules_text[] = "main.length=8\n"
                                 "main.filter.cheap=price < 30\n"
                                 "home.length=5\n"
                                 "home.boost.a=1.5 if brand = 'a'\n"
                                 "home.cap.brand=3 per brand\n"
                                 "home.pin.campaign=2 if id = 'i35'\n"
                                 "mail.length=6\n"
                                 "mail.repeats=yes\n"
                                 "mail.exclude.bought=purchase\n"
                                 "mail.filter.some=price >= 5\n";

struct fixture {
    struct rig rig;
    struct copy *copy;
    struct schema_cache *schemas;
    struct codec *items, *rules, *lists, *requests, *responses;
    struct arena *arena;
    struct buf out;
};

static void append(struct fixture *fixture, const char *topic, struct codec *codec,
                   struct slice key, const void *object)
{
    buf_clear(&fixture->out);
    if (object) { assert_int_equal(codec_encode(codec, object, &fixture->out), 0); }
    memlog_append(fixture->rig.log, topic, PARTITION_BY_KEY, key,
                  object ? buf_slice(&fixture->out) : (struct slice){0}, RIG_WALL_MS);
}

static void apply(struct fixture *fixture, const char *text)
{
    const struct applied_rules rules = {.text = slice_str(text)};
    append(fixture, "rules", fixture->rules, slice_str(APPLIED_RULES_KEY), &rules);
}

/* Prices are the numbers of items; brands are a and b in turn. */
static void put_items(struct fixture *fixture)
{
    for (int number = 0; number < FEED_ITEMS; number++) {
        char id[16];
        (void)snprintf(id, sizeof(id), "i%02d", number);
        const struct item item = {.item_id = slice_str(id), .available = true, .price = number,
                                  .stock = 1, .brand = slice_str(number % 2 ? "a" : "b")};
        append(fixture, "items", fixture->items, item.item_id, &item);
    }
}

static void run_rounds(struct fixture *fixture)
{
    for (int i = 0; i < ROUNDS; i++) { rig_round(&fixture->rig, false); }
}

static void begin(struct fixture *fixture, const char *rules)
{
    static const char *const settings[] = {"http.port=0", NULL};
    rig_init(&fixture->rig, PARTITIONS);
    fixture->schemas = schema_cache_new();
    fixture->items = codec_new(&item_contract, fixture->schemas);
    fixture->rules = codec_new(&applied_rules_contract, fixture->schemas);
    fixture->lists = codec_new(&recommendation_list_contract, fixture->schemas);
    fixture->requests = codec_new(&recommendation_request_contract, fixture->schemas);
    fixture->responses = codec_new(&recommendation_response_contract, fixture->schemas);
    fixture->arena = arena_new(1 << 16);
    buf_init(&fixture->out, 1 << 17);
    put_items(fixture);
    apply(fixture, rules);
    feed_events(&fixture->rig, 3, 0, FEED_EVENTS);
    rig_work(&fixture->rig, &features_worker);
    rig_work(&fixture->rig, &trainer_worker);
    rig_work(&fixture->rig, &scorer_worker);
    fixture->copy = rig_start(&fixture->rig, &serve_worker, 0, settings);
    run_rounds(fixture);
}

static void end(struct fixture *fixture)
{
    codec_free(fixture->items);
    codec_free(fixture->rules);
    codec_free(fixture->lists);
    codec_free(fixture->requests);
    codec_free(fixture->responses);
    schema_cache_free(fixture->schemas);
    arena_free(fixture->arena);
    buf_release(&fixture->out);
    rig_release(&fixture->rig);
}

/* ---- Lists that stand in the topic ---- */

/* Compares the part of a list that is a placement's with an answer by HTTP and a response. Returns
 * the places. */
static size_t compare(const struct recommendation_list *list, size_t placement, const char *body,
                      const struct recommendation_response *response)
{
    size_t from = 0, count = (size_t)list->placement_counts.at[placement];
    for (size_t p = 0; p < placement; p++) { from += (size_t)list->placement_counts.at[p]; }
    assert_int_equal(response->status, 200);
    assert_int_equal(response->items.count, count);
    assert_int_equal(response->rules_offset, list->rules_offset);
    assert_int_equal(response->as_of_ms, list->as_of_ms);
    assert_int_equal(response->removal_items.count, list->removal_counts.at[placement]);
    for (size_t k = 0; k < count; k++) {
        struct slice item = list->placement_items.at[from + k];
        struct slice rule = list->placement_rules.at[from + k];
        double score = (double)list->placement_scores.at[from + k];
        assert_true(slice_equal(response->items.at[k], item));
        assert_true(slice_equal(response->rules.at[k], rule));
        assert_true((double)response->scores.at[k] == score);
        assert_int_equal(response->ranks.at[k], list->placement_ranks.at[from + k]);
        int32_t reason = list->placement_reasons.at[from + k];
        struct slice because = list->placement_because.at[from + k];
        assert_int_not_equal(reason, REASON_OTHER); /* each place has one */
        bool of_item =
            reason == REASON_BECAUSE || reason == REASON_TAGS || reason == REASON_AGAIN;
        assert_int_equal(because.size > 0, of_item);
        assert_int_equal(response->reasons.at[k], reason);
        assert_true(slice_equal(response->because.at[k], because));
        assert_true(response->evidence.at[k] == list->placement_evidence.at[from + k]);
        assert_true(response->shares.at[k] == list->placement_shares.at[from + k]);
        _cleanup_(xfreep) char *begin_of = xprintf("{\"item\":\"%.*s\",", SLICE_ARGS(item));
        _cleanup_(xfreep) char *end_of =
            xprintf("\"rank\":%d,\"rule\":\"%.*s\",", response->ranks.at[k], SLICE_ARGS(rule));
        _cleanup_(xfreep) char *score_of = xprintf("\"score\":%.9g}", score);
        body = strstr(body, begin_of);
        assert_non_null(body);
        if (reason == REASON_AGAIN) {
            int64_t last_ms = list->placement_last_ms.at[from + k];
            _cleanup_(xfreep) char *last_of = xprintf("\"last_ms\":%" PRId64 ",", last_ms);
            assert_int_equal(response->last_ms.at[k], last_ms);
            assert_non_null(strstr(body, last_of));
        }
        assert_non_null(strstr(body, end_of));
        assert_non_null(strstr(body, score_of));
    }
    return count;
}

static void receive(struct fixture *fixture, const struct fold *fold, struct slice key,
                    struct recommendation_response *ret_response)
{
    struct codec_error error;
    for (size_t i = 0; i < fold->count; i++) {
        if (!slice_equal(fold->at[i].key, key)) { continue; }
        assert_int_equal(codec_decode(fixture->responses, fold->at[i].value, fixture->arena,
                                      ret_response, &error), 0);
        return;
    }
    fail_msg("no response under %.*s", SLICE_ARGS(key));
}

/* Asks for a placement of all users by topic and by HTTP, and compares both with the records. */
static void compare_placement(struct fixture *fixture, size_t placement, const char *name)
{
    struct fold *lists = rig_fold(&fixture->rig, "recommendations");
    size_t places = 0;
    for (size_t i = 0; i < lists->count; i++) {
        const struct recommendation_request request = {.request_id = lists->at[i].key,
                                                       .user_id = lists->at[i].key,
                                                       .placement = slice_str(name),
                                                       .hour = -1};
        append(fixture, "requests", fixture->requests, lists->at[i].key, &request);
    }
    run_rounds(fixture);
    struct fold *responses = rig_fold(&fixture->rig, "responses");
    for (size_t i = 0; i < lists->count; i++) {
        struct recommendation_list list;
        struct recommendation_response response;
        struct codec_error error;
        arena_reset(fixture->arena);
        assert_int_equal(codec_decode(fixture->lists, lists->at[i].value, fixture->arena, &list,
                                      &error), 0);
        receive(fixture, responses, lists->at[i].key, &response);
        _cleanup_(xfreep) char *path = xprintf("/v1/users/%.*s/recommendations?placement=%s",
                                               SLICE_ARGS(lists->at[i].key), name);
        places += compare(&list, placement, ask_get(fixture->copy, path, 200), &response);
    }
    assert_true(lists->count > USERS_LEAST && places > 4 * lists->count);
    free(lists);
    free(responses);
}

static void test_stored(void **state _unused_)
{
    static struct fixture fixture;
    begin(&fixture, rules_text);
    compare_placement(&fixture, 0, "main");
    compare_placement(&fixture, 1, "home");
    const char *body =
        ask_get(fixture.copy, "/v1/users/u07/recommendations?placement=home&limit=2&offset=1", 200);
    assert_has(body, "\"placement\":\"home\",\"rules_offset\":0,\"removed\":[");
    assert_has(body, "\"offset\":1,\"total\":5,");
    assert_has(body, "\"cause\":\"action\"");
    body = ask_get(fixture.copy, "/v1/users/u07/recommendations?placement=away", 404);
    assert_has(body, "\"error\":\"no_placement\"");
    body = ask_get(fixture.copy, "/v1/items/popular?placement=home", 400);
    assert_has(body, "unknown argument");
    body = ask_get(fixture.copy, "/v1/users/u07/recommendations", 200);
    assert_null(strstr(body, "\"rule\""));
    end(&fixture);
}

/* What is due stands in the topic, and is made the same for a request that a rule sees. */
static void test_due(void **state _unused_)
{
    static struct fixture fixture;
    begin(&fixture, "shelf.only=again\nshelf.length=9\nshelf.again.all=click every 30d\n"
                    "shelf.boost.tv=1 if device = 'tv'\n");
    compare_placement(&fixture, 0, "shelf");
    _cleanup_(xfreep) char *stands =
        xstrdup(ask_get(fixture.copy, "/v1/users/u07/recommendations?placement=shelf", 200));
    assert_has(stands, "\"cause\":\"action\"");
    const char *made =
        ask_get(fixture.copy, "/v1/users/u07/recommendations?placement=shelf&device=tv", 200);
    assert_has(made, "\"reason\":\"again\"");
    assert_has(made, "\"cause\":\"request\"");
    for (const char *at = stands; (at = strstr(at, "{\"item\":\""));) {
        _cleanup_(xfreep) char *item = xprintf("%.*s", (int)strcspn(at, ","), at);
        made = strstr(made, item); /* in the same order */
        assert_non_null(made);
        const char *last = strstr(at, "\"last_ms\":"), *end_of = strchr(at, '}');
        assert_true(last && last < end_of);
        _cleanup_(xfreep) char *figures = xprintf("%.*s", (int)(end_of - last), last);
        assert_non_null(strstr(made, figures));
        at = end_of;
    }
    end(&fixture);
}

/* ---- Lists that are made ---- */

/* Checks the prices of all items of an answer, and returns how many there are. */
static size_t check_prices(const char *body, int least, int most)
{
    size_t count = 0;
    for (const char *at = strstr(body, "\"items\":["); (at = strstr(at, "{\"item\":\"i"));) {
        int price = 0;
        const char *removed = strstr(body, "\"removed\":[");
        if (removed && at > removed) { break; }
        at += strlen("{\"item\":\"i");
        assert_int_equal(sscanf(at, "%2d", &price), 1);
        assert_in_range(price, least, most);
        count++;
    }
    return count;
}

static void test_made(void **state _unused_)
{
    static struct fixture fixture;
    begin(&fixture, rules_text);
    struct copy *copy = fixture.copy;
    /* A session has the rules of main, where it names none. */
    const char *body = ask_post(copy, "/v1/recommendations",
                                "{\"actions\":[{\"item\":\"i01\"},{\"item\":\"i05\"}]}", 200);
    assert_int_equal(check_prices(body, 0, 29), 8);
    assert_null(strstr(body, "\"item\":\"i05\""));
    body = ask_post(copy, "/v1/recommendations",
                    "{\"actions\":[{\"item\":\"i01\"}],\"placement\":\"home\"}", 200);
    assert_int_equal(check_prices(body, 0, FEED_ITEMS), 5);
    assert_has(body, "{\"item\":\"i35\"");
    assert_has(body, "\"rule\":\"pin.campaign\"");
    /* What was bought in the session rests; what was seen may come again. */
    static const char basket[] =
        "{\"actions\":[{\"item\":\"i06\",\"kind\":\"purchase\"},{\"item\":\"i07\"}],"
        "\"candidates\":[\"i01\",\"i06\",\"i07\",\"i08\",\"nothing\"],\"placement\":\"mail\"}";
    body = ask_post(copy, "/v1/recommendations", basket, 200);
    assert_has(body, "\"total\":2,");
    assert_int_equal(check_prices(body, 7, 8), 2);
    assert_has(body, "{\"item\":\"i06\",\"rule\":\"exclude.bought\",");
    assert_has(body, "{\"item\":\"i01\",\"rule\":\"filter.some\",");
    /* Somebody new. */
    body = ask_get(copy, "/v1/users/nobody/recommendations?placement=main", 200);
    assert_has(body, "\"cause\":\"request\"");
    assert_int_equal(check_prices(body, 0, 29), 8);
    body = ask_get(copy, "/v1/users/nobody/recommendations?placement=main&limit=3&offset=1", 200);
    assert_int_equal(check_prices(body, 0, 29), 3);
    (void)ask_get(copy, "/v1/users/nobody/recommendations", 404);
    end(&fixture);
}

/* Finds the first item of an answer; the caller frees it. */
static char *first_of(const char *body)
{
    const char *at = strstr(body, "\"items\":[{\"item\":\"");
    if (!at) { fail_msg("%s", body); }
    at += strlen("\"items\":[{\"item\":\"");
    return xprintf("%.*s", (int)strcspn(at, "\""), at);
}

/* A list that stands is made again for a request whose context its rules see. */
static void test_context(void **state _unused_)
{
    static struct fixture fixture;
    begin(&fixture, "main.length=8\nhome.length=5\nhome.pin.tv=1 if id = 'i35' and device = 'tv'\n"
                    "late.boost.night=100 if hour >= 22 and brand = 'a'\n");
    struct copy *copy = fixture.copy;
    const char *body = ask_get(copy, "/v1/users/u07/recommendations?placement=home&device=phone"
                                     "&country=DE&hour=3", 200);
    assert_has(body, "\"cause\":\"request\"");
    assert_null(strstr(body, "pin.tv"));
    _cleanup_(xfreep) char *usual = first_of(body);
    body = ask_get(copy, "/v1/users/u07/recommendations?placement=home&country=DE", 200);
    assert_has(body, "\"cause\":\"action\"");
    _cleanup_(xfreep) char *stands = first_of(body);
    assert_string_equal(usual, stands);
    body = ask_get(copy, "/v1/users/u07/recommendations?placement=home&device=tv", 200);
    assert_has(body, "\"items\":[{\"item\":\"i35\"");
    assert_has(body, "\"rule\":\"pin.tv\"");
    body = ask_post(copy, "/v1/recommendations",
                    "{\"user\":\"u07\",\"placement\":\"late\",\"context\":{\"hour\":22}}", 200);
    assert_has(body, "\"rule\":\"boost.night\"");
    body = ask_post(copy, "/v1/recommendations",
                    "{\"actions\":[{\"item\":\"i01\"}],\"placement\":\"late\","
                    "\"context\":{\"hour\":21,\"device\":\"tv\"}}", 200);
    assert_null(strstr(body, "boost.night"));
    const struct recommendation_request request = {.request_id = slice_str("r"),
                                                   .user_id = slice_str("u07"),
                                                   .placement = slice_str("home"),
                                                   .device = slice_str("tv"),
                                                   .hour = -1};
    struct recommendation_response response;
    append(&fixture, "requests", fixture.requests, slice_str("r"), &request);
    run_rounds(&fixture);
    struct fold *responses = rig_fold(&fixture.rig, "responses");
    receive(&fixture, responses, slice_str("r"), &response);
    assert_int_equal(response.status, 200);
    assert_true(slice_equal(response.items.at[0], slice_str("i35")));
    free(responses);
    end(&fixture);
}

static void test_bad_context(void **state _unused_)
{
    static const char *const paths[] = {
        "/v1/users/u07/recommendations?hour=24", "/v1/users/u07/recommendations?hour=-1",
        "/v1/users/u07/recommendations?hour=", "/v1/users/u07/recommendations?device=",
        "/v1/items/popular?device=tv", "/v1/items/i01/users?device=tv"};
    static const char *const contexts[] = {
        "[]", "{\"hour\":\"3\"}", "{\"hour\":24}", "{\"device\":3}", "{\"device\":\"\"}",
        "{\"place\":\"x\"}",
        "{\"channel\":\"1234567890123456789012345678901234567890123456789012345678901234x\"}"};
    static struct fixture fixture;
    begin(&fixture, rules_text);
    for (size_t k = 0; k < ARRAY_COUNT(paths); k++) {
        assert_has(ask_get(fixture.copy, paths[k], 400), "\"error\":\"bad_request\"");
    }
    for (size_t k = 0; k < ARRAY_COUNT(contexts); k++) {
        _cleanup_(xfreep) char *body =
            xprintf("{\"user\":\"u07\",\"context\":%s}", contexts[k]);
        (void)ask_post(fixture.copy, "/v1/recommendations", body, 400);
    }
    struct recommendation_response response;
    const struct recommendation_request request = {
        .request_id = slice_str("r"), .user_id = slice_str("u07"), .hour = 24};
    append(&fixture, "requests", fixture.requests, slice_str("r"), &request);
    run_rounds(&fixture);
    struct fold *responses = rig_fold(&fixture.rig, "responses");
    receive(&fixture, responses, slice_str("r"), &response);
    assert_int_equal(response.status, 400);
    free(responses);
    end(&fixture);
}

/* Rules come and go: a list that does not have the placement yet is made; rules that cannot be read
 * leave the former ones. */
static void test_other_rules(void **state _unused_)
{
    static struct fixture fixture;
    begin(&fixture, rules_text);
    struct copy *copy = fixture.copy;
    apply(&fixture, "late.length=4\nlate.filter.dear=price >= 20\n");
    run_rounds(&fixture);
    const char *body = ask_get(copy, "/v1/users/u07/recommendations?placement=late", 200);
    assert_int_equal(check_prices(body, 20, FEED_ITEMS), 4);
    assert_has(body, "\"cause\":\"request\"");
    assert_has(body, "\"rules_offset\":1,");
    (void)ask_get(copy, "/v1/users/u07/recommendations?placement=home", 404);
    apply(&fixture, "late.filter.dear=price above 20\n");
    run_rounds(&fixture);
    (void)ask_get(copy, "/v1/users/u07/recommendations?placement=late", 200);
    append(&fixture, "rules", fixture.rules, slice_str(APPLIED_RULES_KEY), NULL);
    run_rounds(&fixture);
    (void)ask_get(copy, "/v1/users/u07/recommendations?placement=late", 404);
    body = ask_get(copy, "/v1/users/nobody/recommendations?placement=main", 200);
    assert_has(body, "\"rules_offset\":-1,");
    end(&fixture);
}

int main(void)
{
    rig_choose_place();
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_stored),
        cmocka_unit_test(test_due),
        cmocka_unit_test(test_made),
        cmocka_unit_test(test_context),
        cmocka_unit_test(test_bad_context),
        cmocka_unit_test(test_other_rules),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
