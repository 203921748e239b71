/* What users search for, from events to histories and lists: it stands in the history and adds
 * nothing to any count; while it is fresh, what matches it goes up the list, also of somebody who
 * has done nothing else; and it goes with its user, and comes with one who is joined. */
#include "base/base.h"
#include "embed/embed.h"
#include "features/features.h"
#include "schemas/content_vectors.h"
#include "model/mixture.h"
#include "schemas/forget_request.h"
#include "schemas/model_weights.h"
#include "schemas/user_history.h"
#include "embed/text/query_vectors.h"
#include "scorer/scorer.h"
#include "tests/topology/answers.h"
#include "tests/topology/asking.h"
#include "tests/topology/catalogued.h"
#include "trainer/similarity/trainer.h"

enum { PARTITIONS = 2, EVENTS = 800, ROUNDS = 40 };

/* What matches a search is then on the list by that alone. */
static const char *const scoring[] = {"search.weight=2", NULL};
static const char *const serving[] = {"http.port=0", "search.weight=2", NULL};
#define MODEL "tests/golden/sentences"
static const char *const near[] = {"search.weight=2", "content.used=true",
                                   "query.model.path=" MODEL, NULL};
static const char *const serving_near[] = {"http.port=0", "search.weight=2", "content.used=true",
                                           "query.model.path=" MODEL, NULL};
static const char *const encoding[] = {"model.path=" MODEL, NULL};
static const char *const few[] = {"history.searches.max=2", NULL};

struct world {
    struct rig rig;
    struct schema_cache *schemas;
    struct codec *events, *histories, *lists, *requests;
    struct arena *arena;
    struct copy *features, *scorer;
};

static void begin_with(struct world *world, const char *const *features,
                       const char *const *scoring_by)
{
    static const char *const places[] = {"sea", "moon", "forest", "town"};
    rig_init(&world->rig, PARTITIONS);
    world->schemas = schema_cache_new();
    world->events = codec_new(&user_event_contract, world->schemas);
    world->histories = codec_new(&user_history_contract, world->schemas);
    world->lists = codec_new(&recommendation_list_contract, world->schemas);
    world->requests = codec_new(&forget_request_contract, world->schemas);
    world->arena = arena_new(1 << 16);
    feed_events(&world->rig, 1, 0, EVENTS);
    for (int n = 0; n < FEED_ITEMS; n++) {
        char id[16], text[64];
        (void)snprintf(id, sizeof(id), "i%02d", n);
        (void)snprintf(text, sizeof(text), "Film %d of the %s", n, places[n % 4]);
        struct item item = catalogued_item(id);
        item.title = slice_str(text);
        catalogued_put(&world->rig, &item, RIG_WALL_MS);
    }
    world->features = rig_start(&world->rig, &features_worker, 0, features);
    rig_start(&world->rig, &trainer_worker, 0, NULL);
    rig_until_idle(&world->rig);
    if (scoring_by == near) {
        rig_start(&world->rig, &embed_worker, 0, encoding);
        rig_until_idle(&world->rig);
    }
    world->scorer = rig_start(&world->rig, &scorer_worker, 0, scoring_by);
    rig_until_idle(&world->rig);
}

static void begin(struct world *world, const char *const *features)
{
    begin_with(world, features, scoring);
}

static void end(struct world *world)
{
    rig_release(&world->rig);
    codec_free(world->events);
    codec_free(world->histories);
    codec_free(world->lists);
    codec_free(world->requests);
    schema_cache_free(world->schemas);
    arena_free(world->arena);
}

static void append_event(struct world *world, const struct user_event *ev)
{
    struct buf out;
    buf_init(&out, 1 << 16);
    assert_int_equal(codec_encode(world->events, ev, &out), 0);
    memlog_append(world->rig.log, "events", PARTITION_BY_KEY, ev->user_id, buf_slice(&out),
                  feed_time_ms());
    buf_release(&out);
}

static struct user_event search_of(const char *id, const char *user, const char *text,
                                   int64_t after_ms)
{
    return (struct user_event){.event_id = slice_str(id),
                               .user_id = slice_str(user),
                               .action = ACTION_SEARCH,
                               .weight = 1.0,
                               .event_time_ms = feed_time_ms() + after_ms,
                               .query = slice_str(text)};
}

static void search(struct world *world, const char *id, const char *user, const char *text,
                   int64_t after_ms)
{
    const struct user_event ev = search_of(id, user, text, after_ms);
    append_event(world, &ev);
}

static void click(struct world *world, const char *id, const char *user, const char *item,
                  int64_t after_ms)
{
    const struct user_event ev = {.event_id = slice_str(id),
                                  .user_id = slice_str(user),
                                  .item_id = slice_str(item),
                                  .action = ACTION_CLICK,
                                  .weight = 1.0,
                                  .event_time_ms = feed_time_ms() + after_ms};
    append_event(world, &ev);
}

/* Reads the newest message of a topic under a key; false: there is none, or a tombstone. */
static bool newest(struct world *world, const char *topic, struct codec *codec, const char *key,
                   void *ret_object)
{
    struct fold *fold = rig_fold(&world->rig, topic);
    bool found = false;
    for (size_t i = 0; i < fold->count && !found; i++) {
        if (!slice_equal(fold->at[i].key, slice_str(key)) || !fold->at[i].value.data) { continue; }
        assert_int_equal(codec_decode(codec, fold->at[i].value, world->arena, ret_object, NULL),
                         0);
        found = true;
    }
    free(fold);
    return found;
}

static size_t searches_of(struct world *world, const char *user, struct user_history *ret_history)
{
    rig_until_idle(&world->rig);
    *ret_history = (struct user_history){0};
    (void)newest(world, "histories", world->histories, user, ret_history);
    assert_null(history_fault(ret_history));
    return ret_history->search_texts.count;
}

/* Counts the places of a user's list that a search has the reason of. */
static size_t found_on(struct world *world, const char *user, const char *text,
                       struct recommendation_list *ret_list)
{
    size_t count = 0;
    rig_until_idle(&world->rig);
    assert_true(newest(world, "recommendations", world->lists, user, ret_list));
    for (size_t k = 0; k < ret_list->items.count; k++) {
        if (ret_list->reasons.at[k] != REASON_QUERY) { continue; }
        assert_true(slice_equal(ret_list->because.at[k], slice_str(text)));
        count++;
    }
    return count;
}

static char *tables_of(const struct rig *rig)
{
    struct answers answers;
    answers_init(&answers, rig);
    answers_sums(&answers);
    answers_rows(&answers);
    char *text = answers_take(&answers);
    answers_release(&answers);
    return text;
}

/* Searches in any order and number: the newest stand in the history, and no count changes. */
static void test_histories(void **state _unused_)
{
    static struct world world;
    struct user_history history;
    begin(&world, few);
    _cleanup_(xfreep) char *before = tables_of(&world.rig);
    search(&world, "s2", "u01", "moon", 200);
    search(&world, "s1", "u01", "sea", 100);
    search(&world, "s3", "u01", "the  Forest", 300);
    search(&world, "s2", "u01", "moon", 200);
    assert_int_equal(searches_of(&world, "u01", &history), 2);
    assert_true(slice_equal(history.search_texts.at[0], slice_str("moon")));
    assert_true(slice_equal(history.search_texts.at[1], slice_str("the  Forest")));
    assert_int_equal(history.search_times_ms.at[1], feed_time_ms() + 300);
    assert_true(history.items.count > 0);
    _cleanup_(xfreep) char *after = tables_of(&world.rig);
    assert_true(answers_agree(before, after));
    /* a state that is read again has them */
    rig_finish(world.features);
    rig_start(&world.rig, &features_worker, 0, few);
    search(&world, "s4", "u01", "town", 400);
    assert_int_equal(searches_of(&world, "u01", &history), 2);
    assert_true(slice_equal(history.search_texts.at[0], slice_str("the  Forest")));
    assert_true(slice_equal(history.search_texts.at[1], slice_str("town")));
    end(&world);
}

/* A search that is taken back counts no more, in whichever order; nor does one without a text. */
static void test_taken_back(void **state _unused_)
{
    static struct world world;
    struct user_history history;
    begin(&world, NULL);
    search(&world, "s1", "new", "sea", 100);
    search(&world, "s2", "new", "moon", 200);
    assert_int_equal(searches_of(&world, "new", &history), 2);
    assert_int_equal(history.items.count, 0);
    assert_int_equal(history.event_time_ms, feed_time_ms() + 200);
    struct user_event back = search_of("b1", "new", "sea", 500);
    back.takes_back = true;
    append_event(&world, &back);
    back = search_of("b2", "new", "", 500);
    back.takes_back = true;
    back.taken_back_id = slice_str("s3");
    append_event(&world, &back);
    search(&world, "s3", "new", "town", 300);
    search(&world, "s4", "new", "sea", 400);
    search(&world, "s5", "new", "", 400);
    assert_int_equal(searches_of(&world, "new", &history), 1);
    back.event_id = slice_str("b3");
    back.taken_back_id = slice_str("s2");
    append_event(&world, &back);
    rig_until_idle(&world.rig);
    assert_false(newest(&world, "histories", world.histories, "new", &history));
    end(&world);
}

/* A long text is one text, in whichever order it is searched for, taken back and moved. */
static void test_long_text_taken_back(void **state _unused_)
{
    static struct world world;
    struct user_history history;
    char text[QUERY_BYTES_MAX];
    memset(text, 'x', sizeof(text));
    text[300] = '\0';
    begin(&world, NULL);
    search(&world, "s1", "guest", text, 100);
    search(&world, "s2", "guest", "moon", 200);
    struct user_event back = search_of("b1", "known", text, 500);
    back.takes_back = true;
    append_event(&world, &back);
    const struct user_event login = {.event_id = slice_str("login"),
                                     .user_id = slice_str("guest"),
                                     .action = ACTION_IDENTIFY,
                                     .weight = 1.0,
                                     .event_time_ms = feed_time_ms() + 600,
                                     .known_id = slice_str("known")};
    append_event(&world, &login);
    text[299] = 'y'; /* beyond what is kept */
    search(&world, "s3", "known", text, 300);
    assert_int_equal(searches_of(&world, "known", &history), 1);
    assert_true(slice_equal(history.search_texts.at[0], slice_str("moon")));
    end(&world);
}

/* What matches the newest search goes up, until the user has done other things, or later ones. */
static void test_lists(void **state _unused_)
{
    static struct world world;
    struct recommendation_list list;
    begin(&world, NULL);
    assert_int_equal(found_on(&world, "u01", "", &list), 0);
    search(&world, "s1", "u01", "sea", 100);
    assert_true(found_on(&world, "u01", "sea", &list) >= 3);
    assert_int_equal(list.reasons.at[0], REASON_QUERY);
    assert_int_equal(list.items.count, 20);
    assert_true(list.shares.at[0] > 0.0F);
    for (int k = 0; k < 5; k++) {
        char id[16];
        (void)snprintf(id, sizeof(id), "c%d", k);
        assert_true(found_on(&world, "u01", "sea", &list) >= 3);
        click(&world, id, "u01", "i01", 200 + k);
    }
    assert_int_equal(found_on(&world, "u01", "sea", &list), 0);
    search(&world, "s2", "u01", "town", 1000);
    assert_true(found_on(&world, "u01", "town", &list) >= 3);
    click(&world, "late", "u01", "i02", 1000 + 1800000);
    assert_int_equal(found_on(&world, "u01", "town", &list), 0);
    /* somebody who has done nothing but search */
    search(&world, "s3", "new", "moon", 100);
    assert_true(found_on(&world, "new", "moon", &list) >= 8);
    assert_int_equal(list.actions, 0);
    assert_int_equal(list.items.count, 20);
    /* a list that is made for a request has it, too */
    struct copy *copy = rig_start(&world.rig, &serve_worker, 0, serving);
    for (int i = 0; i < ROUNDS; i++) { rig_round(&world.rig, false); }
    const char *body = ask_post(copy, "/v1/recommendations",
                                "{\"user\":\"new\",\"actions\":[{\"item\":\"i03\"}]}", 200);
    assert_has(body, "\"reason\":\"query\",\"because\":\"moon\"");
    assert_reasoned(body);
    end(&world);
}

/* Writes the cosine of each item's text with another text, by the items' numbers. */
static void cosines_with(struct world *world, const char *text, double ret_cosines[FEED_ITEMS])
{
    struct query_vectors *queries = NULL;
    struct codec *codec = codec_new(&content_vectors_contract, world->schemas);
    struct vector_query query;
    char why[512];
    assert_int_equal(query_vectors_open(MODEL, 128, QUERIES_WAITING_MAX, &queries, why,
                                        sizeof(why)), 0);
    assert_int_equal(query_vectors_find(queries, slice_str(text), 0, &query), QUERY_ENCODED);
    for (int n = 0; n < FEED_ITEMS; n++) {
        struct content_vectors row;
        struct content_vector vector;
        char id[16];
        double product = 0.0, squares[2] = {0.0, 0.0};
        (void)snprintf(id, sizeof(id), "i%02d", n);
        assert_true(newest(world, "content-vectors", codec, id, &row));
        assert_true(content_vectors_find(&row, slice_str(CONTENT_VECTOR_TEXT), &vector));
        for (size_t i = 0; i < vector.width; i++) {
            product += (double)vector.numbers[i] * query.numbers[i];
            squares[0] += (double)vector.numbers[i] * vector.numbers[i];
            squares[1] += (double)query.numbers[i] * query.numbers[i];
        }
        ret_cosines[n] = product / sqrt(squares[0] * squares[1]);
    }
    codec_free(codec);
    query_vectors_free(queries);
}

/* What is near a search by its vector goes up, nearest first, though no title has a word of it. */
static void test_by_vectors(void **state _unused_)
{
    static const char text[] = "water and waves";
    static struct world world;
    struct recommendation_list list;
    struct slice first[20];
    double cosines[FEED_ITEMS], scores[20];
    begin(&world, NULL);
    search(&world, "s1", "new", text, 100);
    rig_until_idle(&world.rig);
    assert_false(newest(&world, "recommendations", world.lists, "new", &list) &&
                 found_on(&world, "new", text, &list));
    end(&world);

    begin_with(&world, NULL, near);
    search(&world, "s1", "new", text, 100);
    assert_int_equal(found_on(&world, "new", text, &list), 20);
    cosines_with(&world, text, cosines);
    double last = 2.0;
    for (size_t k = 0; k < 20; k++) {
        int number = (list.items.at[k].data[1] - '0') * 10 + list.items.at[k].data[2] - '0';
        assert_true(cosines[number] <= last);
        last = cosines[number];
        first[k] = list.items.at[k];
        scores[k] = list.scores.at[k];
    }
    for (int n = 0, above = 0; n < FEED_ITEMS; n++) {
        above += cosines[n] > last;
        assert_true(above < 20);
    }
    /* another copy, which has nothing in its memory, makes the same */
    rig_kill(&world.rig, world.scorer);
    assert_true(rig_launch(&world.rig, world.scorer));
    search(&world, "s2", "other", text, 100);
    assert_int_equal(found_on(&world, "other", text, &list), 20);
    for (size_t k = 0; k < 20; k++) {
        assert_true(slice_equal(list.items.at[k], first[k]));
        assert_true(list.scores.at[k] == scores[k]);
    }
    /* so does a list for a request */
    struct copy *copy = rig_start(&world.rig, &serve_worker, 0, serving_near);
    for (int i = 0; i < ROUNDS; i++) { rig_round(&world.rig, false); }
    const char *body = ask_post(copy, "/v1/recommendations?limit=20",
                                "{\"user\":\"new\",\"actions\":[{\"item\":\"i03\"}]}", 200);
    assert_has(body, "\"reason\":\"query\",\"because\":\"water and waves\"");
    assert_reasoned(body);
    end(&world);
}

/* Publishes a blend that has learned that searches make lists worse, or better. */
static void publish_searches(struct world *world, float ahead)
{
    struct mixture mixture;
    float numbers[MIXTURE_NUMBERS_MAX];
    mixture_init(&mixture);
    mixture.search_ahead = ahead;
    mixture.search_spread = mixture.search_asked = 100.0;
    for (int32_t p = 0; p < PARTITIONS; p++) {
        const struct model_weights weights = {
            .model = slice_str(MODEL_BLEND),
            .part = p,
            .parts = 1,
            .weights = {numbers, mixture_save(&mixture, numbers)},
        };
        _cleanup_(xfreep) char *key = xprintf("%s/%d", MODEL_BLEND, p);
        append_record(&world->rig, "models", 0, &model_weights_contract, slice_str(key), &weights,
                      feed_time_ms());
    }
}

/* Where searches have made lists worse, the list is as if there were none. */
static void test_found_out(void **state _unused_)
{
    static const char *const without[] = {"search.weight=0", NULL};
    static struct world worlds[3];
    struct recommendation_list lists[3];
    for (int k = 0; k < 3; k++) {
        struct world *world = &worlds[k];
        begin_with(world, NULL, k == 2 ? without : scoring);
        publish_searches(world, k == 0 ? 90.0F : -90.0F);
        rig_finish(world->scorer);
        rig_start(&world->rig, &scorer_worker, 0, k == 2 ? without : scoring);
        search(world, "s1", "u01", "sea", 100);
        size_t found = found_on(world, "u01", "sea", &lists[k]);
        assert_int_equal(found > 0, k == 0);
    }
    assert_int_equal(lists[1].items.count, lists[2].items.count);
    for (size_t n = 0; n < lists[1].items.count; n++) {
        assert_true(slice_equal(lists[1].items.at[n], lists[2].items.at[n]));
        assert_true(lists[1].scores.at[n] == lists[2].scores.at[n]);
    }
    for (int k = 0; k < 3; k++) { end(&worlds[k]); }
}

static void forget(struct world *world, const char *user)
{
    const struct forget_request request = {.request_id = slice_str(user),
                                           .salt = slice_str("0123456789abcdef"),
                                           .user_id = slice_str(user),
                                           .until_ms = feed_time_ms() + 10000,
                                           .requested_ms = feed_time_ms()};
    struct buf out;
    buf_init(&out, 1 << 16);
    assert_int_equal(codec_encode(world->requests, &request, &out), 0);
    for (int32_t p = 0; p < PARTITIONS; p++) {
        memlog_append(world->rig.log, "events", p, slice_str(user), buf_slice(&out),
                      feed_time_ms());
    }
    buf_release(&out);
}

/* Says whether the newest record under any key of a topic has the text. */
static bool any_has(const struct world *world, const char *topic, const char *text)
{
    struct fold *fold = rig_fold(&world->rig, topic);
    bool found = false;
    for (size_t i = 0; i < fold->count && !found; i++) {
        struct slice value = fold->at[i].value;
        found = value.data && memmem(value.data, value.size, text, strlen(text));
    }
    free(fold);
    return found;
}

static void test_forgotten_and_joined(void **state _unused_)
{
    static struct world world;
    struct user_history history;
    begin(&world, NULL);
    search(&world, "s1", "u01", "zebra sea", 100);
    search(&world, "s2", "guest", "okapi moon", 200);
    assert_int_equal(searches_of(&world, "u01", &history), 1);
    /* who has done nothing else is forgotten, too */
    search(&world, "s9", "only", "gnu sea", 100);
    assert_int_equal(searches_of(&world, "only", &history), 1);
    assert_true(any_has(&world, "recommendations", "gnu"));
    forget(&world, "only");
    assert_int_equal(searches_of(&world, "only", &history), 0);
    assert_false(any_has(&world, "recommendations", "gnu"));
    assert_false(any_has(&world, "features-changelog", "gnu"));
    const struct user_event login = {.event_id = slice_str("login"),
                                     .user_id = slice_str("guest"),
                                     .action = ACTION_IDENTIFY,
                                     .weight = 1.0,
                                     .event_time_ms = feed_time_ms() + 300,
                                     .known_id = slice_str("u01")};
    append_event(&world, &login);
    assert_int_equal(searches_of(&world, "u01", &history), 2);
    assert_true(slice_equal(history.search_texts.at[1], slice_str("okapi moon")));
    assert_int_equal(searches_of(&world, "guest", &history), 0);
    /* what comes later follows */
    search(&world, "s3", "guest", "okapi town", 400);
    assert_int_equal(searches_of(&world, "u01", &history), 3);
    assert_true(any_has(&world, "features-changelog", "okapi"));
    assert_true(any_has(&world, "recommendations", "okapi town"));
    forget(&world, "u01");
    rig_until_idle(&world.rig);
    assert_false(newest(&world, "histories", world.histories, "u01", &history));
    static const char *const topics[] = {"histories", "features-changelog", "recommendations"};
    for (size_t k = 0; k < ARRAY_COUNT(topics); k++) {
        assert_false(any_has(&world, topics[k], "okapi"));
        assert_false(any_has(&world, topics[k], "zebra"));
    }
    end(&world);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_histories),
        cmocka_unit_test(test_taken_back),
        cmocka_unit_test(test_long_text_taken_back),
        cmocka_unit_test(test_lists),
        cmocka_unit_test(test_by_vectors),
        cmocka_unit_test(test_found_out),
        cmocka_unit_test(test_forgotten_and_joined),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
