/* Places that rules explore: what lists say of them is what `served` says and what can be drawn
 * again from it; the same history gives the same draw; lists that freshet-serve makes are drawn and
 * logged as well, within a limit. */
#include "base/base.h"
#include "features/features.h"
#include "rules/list_draw.h"
#include "schemas/applied_rules.h"
#include "schemas/recommendation_response.h"
#include "schemas/served_place.h"
#include "scorer/scorer.h"
#include "serve/served_log.h"
#include "tests/topology/answers.h"
#include "tests/topology/asking.h"
#include "tests/topology/feed.h"
#include "trainer/similarity/trainer.h"

enum { PARTITIONS = 3, ROUNDS = 60, USERS_LEAST = 40, HOME = 1, REST_ROUNDS_MAX = 8000 };

static const char rules_text[] = "main.length=8\nmain.explore=8 of 5 at 1\n"
                                 "home.length=6\nhome.explore=4 of 8 at 0.2\n";

struct fixture {
    struct rig rig;
    struct copy *scorer, *serve;
    struct schema_cache *schemas;
    struct codec *rules, *lists, *places, *requests, *responses;
    struct arena *arena;
    struct buf out;
};

static void append(struct fixture *fixture, const char *topic, struct codec *codec,
                   struct slice key, const void *object)
{
    buf_clear(&fixture->out);
    assert_int_equal(codec_encode(codec, object, &fixture->out), 0);
    memlog_append(fixture->rig.log, topic, PARTITION_BY_KEY, key, buf_slice(&fixture->out),
                  RIG_WALL_MS);
}

static void apply(struct fixture *fixture, const char *text)
{
    const struct applied_rules rules = {.text = slice_str(text)};
    append(fixture, "rules", fixture->rules, slice_str(APPLIED_RULES_KEY), &rules);
}

static void rest(struct rig *rig)
{
    rig_until_rest(rig, 40, REST_ROUNDS_MAX);
}

static void run_rounds(struct fixture *fixture)
{
    for (int i = 0; i < ROUNDS; i++) { rig_round(&fixture->rig, false); }
}

static void begin(struct fixture *fixture, size_t batch, const char *const *scoring)
{
    *fixture = (struct fixture){.schemas = schema_cache_new(), .arena = arena_new(1 << 16)};
    rig_init(&fixture->rig, PARTITIONS);
    memlog_batch(fixture->rig.log, batch);
    fixture->rules = codec_new(&applied_rules_contract, fixture->schemas);
    fixture->lists = codec_new(&recommendation_list_contract, fixture->schemas);
    fixture->places = codec_new(&served_place_contract, fixture->schemas);
    fixture->requests = codec_new(&recommendation_request_contract, fixture->schemas);
    fixture->responses = codec_new(&recommendation_response_contract, fixture->schemas);
    buf_init(&fixture->out, 1 << 17);
    apply(fixture, rules_text);
    feed_events(&fixture->rig, 3, 0, FEED_EVENTS);
    rig_start(&fixture->rig, &features_worker, 0, NULL);
    rig_start(&fixture->rig, &trainer_worker, 0, NULL);
    fixture->scorer = rig_start(&fixture->rig, &scorer_worker, 0, scoring);
    rest(&fixture->rig);
}

static void begin_serving(struct fixture *fixture)
{
    static const char *const settings[] = {"http.port=0", NULL};
    begin(fixture, 100, NULL);
    fixture->serve = rig_start(&fixture->rig, &serve_worker, 0, settings);
    run_rounds(fixture);
}

static void end(struct fixture *fixture)
{
    codec_free(fixture->rules);
    codec_free(fixture->lists);
    codec_free(fixture->places);
    codec_free(fixture->requests);
    codec_free(fixture->responses);
    schema_cache_free(fixture->schemas);
    arena_free(fixture->arena);
    buf_release(&fixture->out);
    rig_release(&fixture->rig);
}

static int64_t count_served(const struct fixture *fixture)
{
    int64_t count = 0;
    for (int32_t p = 0; p < PARTITIONS; p++) {
        count += memlog_count(fixture->rig.log, "served", p);
    }
    return count;
}

static void decode(struct fixture *fixture, struct codec *codec, struct slice value,
                   void *ret_object)
{
    struct codec_error error;
    assert_int_equal(codec_decode(codec, value, fixture->arena, ret_object, &error), 0);
}

/* Finds the place of a list; false: none of its places was drawn. */
static bool find_served(struct fixture *fixture, const struct fold *served, struct slice list_id,
                        struct served_place *ret_place)
{
    for (size_t i = 0; i < served->count; i++) {
        if (!slice_equal(served->at[i].key, list_id)) { continue; }
        decode(fixture, fixture->places, served->at[i].value, ret_place);
        assert_true(slice_equal(ret_place->list_id, list_id));
        return true;
    }
    return false;
}

/* Draws again from what the record says. */
static struct slice drawn_again(const struct served_place *place, uint64_t seed)
{
    struct list_draw draw = {.temperature = place->temperature, .count = place->items.count};
    for (size_t k = 0; k < draw.count; k++) {
        draw.candidates[k] = (struct draw_candidate){
            .hash = ids_fingerprint(place->items.at[k]), .value = (double)place->scores.at[k]};
    }
    list_draw_make(&draw, seed, place->placement);
    assert_true(fabs(draw.candidates[draw.chosen].probability - place->probability) < 1e-4);
    assert_true(fabs((double)place->probabilities.at[draw.chosen] - place->probability) < 1e-6);
    return place->items.at[draw.chosen];
}

/* Checks the explored place of a placement; says whether another than the best has it. */
static bool check_place(const struct recommendation_list *list, size_t p, int32_t at,
                        const struct served_place *place)
{
    size_t from = 0;
    for (size_t k = 0; k < p; k++) { from += (size_t)list->placement_counts.at[k]; }
    assert_true(list_placements_drawn(list));
    for (int32_t k = 0; k < list->placement_counts.at[p]; k++) {
        size_t here = from + (size_t)k;
        bool explored = k + 1 == at;
        assert_int_equal(list->placement_probabilities.at[here] > 0.0F, explored);
        assert_int_equal(slice_equal(list->placement_rules.at[here], slice_str("explore")),
                         explored);
    }
    size_t here = from + (size_t)at - 1;
    assert_int_equal(place->place, at);
    assert_true(slice_equal(place->placement, list->placements.at[p]));
    assert_true(slice_equal(place->item_id, list->placement_items.at[here]));
    assert_true((float)place->probability == list->placement_probabilities.at[here]);
    assert_int_equal(place->as_of_ms, list->as_of_ms);
    assert_false(place->requested);
    int chosen = served_place_chosen(place);
    assert_true(chosen >= 0);
    uint64_t seed =
        list_draw_seed(list->user_id, list->input_partition, list->input_offset, 0);
    assert_true(slice_equal(drawn_again(place, seed), place->item_id));
    return chosen > 0;
}

static void test_lists_and_served_agree(void **state _unused_)
{
    static struct fixture fixture;
    begin(&fixture, 100, NULL);
    struct fold *lists = rig_fold(&fixture.rig, "recommendations");
    struct fold *served = rig_fold(&fixture.rig, "served");
    size_t others = 0, count = 0;
    for (size_t i = 0; i < lists->count; i++) {
        struct recommendation_list list;
        struct served_place place;
        arena_reset(fixture.arena);
        decode(&fixture, fixture.lists, lists->at[i].value, &list);
        assert_int_equal(list.placements.count, 2);
        assert_true(find_served(&fixture, served, list.placement_list_ids.at[0], &place));
        assert_int_equal(place.items.count, 5);
        others += check_place(&list, 0, 8, &place);
        /* The placement main is the list itself, in the same order. */
        assert_true(slice_equal(list.list_id, place.list_id));
        assert_true(slice_equal(list.items.at[7], place.item_id));
        assert_true(find_served(&fixture, served, list.placement_list_ids.at[HOME], &place));
        assert_int_equal(place.items.count, 8);
        others += check_place(&list, HOME, 4, &place);
        count++;
    }
    assert_true(count > USERS_LEAST);
    assert_true(others > count / 2); /* of 2 * count */
    struct metric *sent =
        metrics_counter(fixture.scorer->metrics, "freshet_served_places_total", "", "");
    assert_true(metric_value(sent) >= (double)(2 * count));
    free(lists);
    free(served);
    end(&fixture);
}

/* Whatever the batches: each user's newest list has the same items. */
static void test_replays_draw_the_same(void **state _unused_)
{
    static const char *const scoring[] = {"lists.remake.share=50", NULL};
    static struct fixture one, other;
    size_t same = 0;
    begin(&one, 100, scoring);
    begin(&other, 7, scoring);
    struct fold *a = rig_fold(&one.rig, "recommendations");
    struct fold *b = rig_fold(&other.rig, "recommendations");
    assert_int_equal(a->count, b->count);
    for (size_t i = 0; i < a->count; i++) {
        struct recommendation_list of_a, of_b;
        arena_reset(one.arena);
        arena_reset(other.arena);
        decode(&one, one.lists, a->at[i].value, &of_a);
        decode(&other, other.lists, b->at[i].value, &of_b);
        assert_true(slice_equal(of_a.user_id, of_b.user_id));
        assert_true(slices_equal(&of_a.placement_items, &of_b.placement_items));
        same++;
    }
    assert_true(same > USERS_LEAST);
    free(a);
    free(b);
    end(&one);
    end(&other);
}

/* Without the setting and without rules, nothing is drawn or written. */
static void test_nothing_is_drawn_unasked(void **state _unused_)
{
    static const char *const silent[] = {"explore.logged=false", NULL};
    static struct fixture fixture;
    begin(&fixture, 100, silent);
    assert_int_equal(count_served(&fixture), 0);
    apply(&fixture, "home.length=6\n");
    rest(&fixture.rig);
    struct fold *lists = rig_fold(&fixture.rig, "recommendations");
    for (size_t i = 0; i < lists->count; i++) {
        struct recommendation_list list;
        arena_reset(fixture.arena);
        decode(&fixture, fixture.lists, lists->at[i].value, &list);
        assert_int_equal(list.placement_probabilities.count, 0);
    }
    free(lists);
    end(&fixture);
}

/* ---- freshet-serve ---- */

static void receive(struct fixture *fixture, struct slice key,
                    struct recommendation_response *ret_response)
{
    struct fold *responses = rig_fold(&fixture->rig, "responses");
    for (size_t i = 0; i < responses->count; i++) {
        if (!slice_equal(responses->at[i].key, key)) { continue; }
        decode(fixture, fixture->responses, responses->at[i].value, ret_response);
        free(responses);
        return;
    }
    fail_msg("no response under %.*s", SLICE_ARGS(key));
}

/* A list that stands says its probability by HTTP and by topic, and is not logged again. */
static void test_standing_lists_are_answered(void **state _unused_)
{
    static struct fixture fixture;
    struct recommendation_response response;
    begin_serving(&fixture);
    int64_t before = count_served(&fixture);
    const struct recommendation_request request = {.request_id = slice_str("r"),
                                                   .user_id = slice_str("u07"),
                                                   .placement = slice_str("home"),
                                                   .hour = -1};
    append(&fixture, "requests", fixture.requests, slice_str("r"), &request);
    run_rounds(&fixture);
    receive(&fixture, slice_str("r"), &response);
    assert_int_equal(response.items.count, 6);
    assert_int_equal(response.probabilities.count, 6);
    assert_true(slice_equal(response.rules.at[3], slice_str("explore")));
    _cleanup_(xfreep) char *want =
        xprintf("{\"item\":\"%.*s\",", SLICE_ARGS(response.items.at[3]));
    _cleanup_(xfreep) char *probable =
        xprintf("\"rule\":\"explore\",\"probability\":%.9g,",
                (double)response.probabilities.at[3]);
    const char *body =
        ask_get(fixture.serve, "/v1/users/u07/recommendations?placement=home&offset=3&limit=1",
                200);
    assert_has(body, want);
    assert_has(body, probable);
    assert_null(strstr(ask_get(fixture.serve, "/v1/users/u07/recommendations", 200),
                       "probability"));
    run_rounds(&fixture);
    assert_int_equal(count_served(&fixture), before);
    end(&fixture);
}

/* Finds the id of an answer's list; the caller frees it. */
static char *id_of(const char *body)
{
    const char *at = strstr(body, "\"list_id\":\"");
    assert_non_null(at);
    at += strlen("\"list_id\":\"");
    return xprintf("%.*s", (int)strcspn(at, "\""), at);
}

/* What somebody looks at in the console is drawn and not logged: nobody is served. */
static void test_the_console_serves_nobody(void **state _unused_)
{
    static struct fixture fixture;
    begin_serving(&fixture);
    int64_t before = count_served(&fixture);
    assert_has(ask_get(fixture.serve, "/console/try?item=i01&item=i05&format=json", 200),
               "\"rule\":\"explore\"");
    (void)ask_get(fixture.serve, "/console/user?id=u07&why=i09", 200);
    run_rounds(&fixture);
    assert_int_equal(count_served(&fixture), before);
    end(&fixture);
}

/* Pages of one session are drawn alike; what was drawn is logged under the list's id. */
static void test_made_lists_are_logged(void **state _unused_)
{
    static struct fixture fixture;
    struct served_place place;
    size_t differing = 0;
    begin_serving(&fixture);
    static const char session[] = "{\"actions\":[{\"item\":\"i01\"},{\"item\":\"i05\"}],"
                                  "\"placement\":\"home\",\"user\":\"guest%d\",\"limit\":6}";
    char *first = NULL;
    for (int guest = 0; guest < 20; guest++) {
        _cleanup_(xfreep) char *request = xprintf(session, guest);
        _cleanup_(xfreep) char *body =
            xstrdup(ask_post(fixture.serve, "/v1/recommendations", request, 200));
        _cleanup_(xfreep) char *again =
            xstrdup(ask_post(fixture.serve, "/v1/recommendations", request, 200));
        _cleanup_(xfreep) char *id = id_of(body);
        *strstr(body, "],\"placement\"") = *strstr(again, "],\"placement\"") = '\0';
        assert_string_equal(body, again);
        assert_has(body, "\"rule\":\"explore\",\"probability\":0.");
        differing += first && strcmp(strstr(body, "\"items\""), first) != 0;
        if (!first) { first = xstrdup(strstr(body, "\"items\"")); }
        run_rounds(&fixture);
        struct fold *served = rig_fold(&fixture.rig, "served");
        arena_reset(fixture.arena);
        assert_true(find_served(&fixture, served, slice_str(id), &place));
        assert_true(place.requested);
        assert_int_equal(place.place, 4);
        _cleanup_(xfreep) char *item =
            xprintf("{\"item\":\"%.*s\",", SLICE_ARGS(place.item_id));
        assert_has(body, item);
        free(served);
    }
    assert_in_range(differing, 5, 19);
    free(first);
    end(&fixture);
}

/* While the worker's thread does nothing, so much waits; then the rest is dropped and counted. */
static void test_the_log_is_bounded(void **state _unused_)
{
    static struct fixture fixture;
    begin_serving(&fixture);
    struct metric *dropped = metrics_counter(fixture.serve->metrics,
                                             "freshet_served_places_dropped_total", "", "");
    int64_t asked_times = 0, before = count_served(&fixture);
    while (metric_value(dropped) == 0.0) {
        (void)ask_post(fixture.serve, "/v1/recommendations",
                       "{\"actions\":[{\"item\":\"i01\"}],\"placement\":\"home\"}", 200);
        assert_true(++asked_times < SERVED_LOG_BYTES_MAX / 100);
    }
    run_rounds(&fixture);
    assert_int_equal(count_served(&fixture), before + asked_times - 1);
    end(&fixture);
}

int main(void)
{
    rig_choose_place();
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_lists_and_served_agree),
        cmocka_unit_test(test_replays_draw_the_same),
        cmocka_unit_test(test_nothing_is_drawn_unasked),
        cmocka_unit_test(test_standing_lists_are_answered),
        cmocka_unit_test(test_made_lists_are_logged),
        cmocka_unit_test(test_the_console_serves_nobody),
        cmocka_unit_test(test_the_log_is_bounded),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
