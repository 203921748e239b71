/* Lists of freshet-serve for a query: by words, and with the vectors of freshet-embed by the small
 * model of tests/golden/sentences, alone and together with what the user did. */
#include "base/base.h"
#include "embed/embed.h"
#include "features/features.h"
#include "schemas/recommendation_request.h"
#include "schemas/recommendation_response.h"
#include "scorer/scorer.h"
#include "tests/topology/asking.h"
#include "tests/topology/catalogued.h"
#include "tests/topology/feed.h"
#include "trainer/similarity/trainer.h"

#define MODEL "tests/golden/sentences"

enum { PARTITIONS = 2, ROUNDS = 40 };

static const char *const by_words[] = {"http.port=0", NULL};
static const char *const by_vectors[] = {"http.port=0", "query.model.path=" MODEL, NULL};
static const char *const with_content[] = {"http.port=0", "query.model.path=" MODEL,
                                           "content.used=true", NULL};
static const char *const encoding[] = {"model.path=" MODEL, NULL};

static void run_rounds(struct rig *rig)
{
    for (int i = 0; i < ROUNDS; i++) { rig_round(rig, false); }
}

static void title(struct rig *rig, const char *id, const char *text, bool available)
{
    struct item item = catalogued_item(id);
    item.title = slice_str(text);
    item.available = available;
    catalogued_put(rig, &item, RIG_WALL_MS);
}

/* The pipeline on the feed, whose items have titles; `embeds`: and vectors of them. */
static struct copy *begin(struct rig *rig, const char *const *pairs, bool embeds)
{
    static const char *const places[] = {"sea", "moon", "forest", "town"};
    rig_init(rig, PARTITIONS);
    feed_events(rig, 3, 0, FEED_EVENTS);
    for (int n = 0; n < FEED_ITEMS; n++) {
        char id[16], text[64];
        (void)snprintf(id, sizeof(id), "i%02d", n);
        (void)snprintf(text, sizeof(text), "Film %d of the %s", n, places[n % 4]);
        title(rig, id, text, /* available= */ n != 4);
    }
    rig_work(rig, &features_worker);
    rig_work(rig, &trainer_worker);
    rig_work(rig, &scorer_worker);
    if (embeds) { (void)rig_start(rig, &embed_worker, 0, encoding); }
    struct copy *copy = rig_start(rig, &serve_worker, 0, pairs);
    run_rounds(rig);
    return copy;
}

static double queries(const struct copy *copy, const char *way, const char *found_by)
{
    char labels[64];
    (void)snprintf(labels, sizeof(labels), "way=\"%s\",found_by=\"%s\"", way, found_by);
    return metric_value(metrics_counter(copy->metrics, "freshet_serve_queries_total", labels, ""));
}

static size_t count_of(const char *text, const char *part)
{
    size_t count = 0;
    for (const char *at = text; (at = strstr(at, part)) != NULL; at++) { count++; }
    return count;
}

/* Every item that has the word, and no other; but none that is not available. */
static void test_by_words(void **state _unused_)
{
    static struct rig rig;
    struct copy *copy = begin(&rig, by_words, false);
    const char *body =
        ask_get(copy, "/v1/users/u01/recommendations?query=the+SEA%21&limit=100", 200);
    assert_has(body, "\"user\":\"u01\",\"query\":\"the SEA!\",");
    assert_has(body, "\"made_by\":\"query\"");
    assert_has(body, "\"cause\":\"request\"");
    assert_has(body, "\"found_by\":\"words\"");
    assert_has(body, "\"total\":39,"); /* all have the word `the` */
    assert_int_equal(count_of(body, "\"reason\":\"query\",\"because\":\"the SEA!\""), 39);
    assert_null(strstr(body, "\"i04\""));
    assert_reasoned(body);
    /* those of the sea first, though the user has scores for others as well */
    const char *at = body;
    for (int k = 0; k < 9; k++) {
        at = strstr(at, "{\"item\":\"i") + strlen("{\"item\":\"i");
        assert_int_equal(((at[0] - '0') * 10 + at[1] - '0') % 4, 0);
    }
    body = ask_get(copy, "/v1/users/u01/recommendations?query=sea", 200);
    assert_has(body, "\"total\":9,");
    body = ask_get(copy, "/v1/users/u01/recommendations?query=sea&exclude=i08,i12&offset=5&limit=9",
                   200);
    assert_has(body, "\"offset\":5,\"total\":7,");
    assert_int_equal(count_of(body, "\"reason\":\"query\""), 2);
    body = ask_get(copy, "/v1/users/u01/recommendations?query=nothing%20like%20it", 200);
    assert_has(body, "\"items\":[]");
    assert_true(queries(copy, "http", "words") == 4.0);
    assert_true(queries(copy, "http", "words+vectors") == 0.0);
    /* somebody who did nothing has the same items, by the query alone; so has nobody */
    body = ask_get(copy, "/v1/users/stranger/recommendations?query=moon", 200);
    assert_has(body, "\"total\":10,");
    assert_has(ask_post(copy, "/v1/recommendations", "{\"query\":\"moon\"}", 200), "\"total\":10,");
    /* an item that goes, or has another title, is found no more */
    title(&rig, "i01", "Film of the sea", true);
    title(&rig, "i05", "Film 5 of the moon", false);
    run_rounds(&rig);
    assert_has(ask_post(copy, "/v1/recommendations", "{\"query\":\"moon\"}", 200), "\"total\":8,");
    rig_release(&rig);
}

/* With the user's weight at 0 the query alone orders; with a large one, the user's list does. */
static void test_user_and_query(void **state _unused_)
{
    static struct rig rig;
    static const char *const alone[] = {"http.port=0", "search.user.weight=0", NULL};
    static const char *const much[] = {"http.port=0", "search.user.weight=1000", NULL};
    static const char path[] = "/v1/recommendations";
    static const char session[] =
        "{\"query\":\"film\",\"limit\":39,\"actions\":[{\"item\":\"i02\"},{\"item\":\"i07\"}]}";
    struct copy *copy = begin(&rig, alone, false);
    char *first = xstrdup(ask_post(copy, path, session, 200));
    char *bare = xstrdup(ask_post(copy, path, "{\"query\":\"film\",\"limit\":39}", 200));
    const char *items = strstr(first, "\"items\""), *end = strstr(items, "],");
    assert_non_null(end);
    assert_has(bare, "\"items\"");
    assert_int_equal(strncmp(items, strstr(bare, "\"items\""), (size_t)(end - items)), 0);
    free(first);
    free(bare);
    copy = rig_start(&rig, &serve_worker, 1, much);
    run_rounds(&rig);
    char *own = xstrdup(ask_post(
        copy, path, "{\"limit\":5,\"actions\":[{\"item\":\"i02\"},{\"item\":\"i07\"}]}", 200));
    const char *body = ask_post(copy, path, session, 200), *at = body, *other = own;
    for (int k = 0; k < 5; k++) {
        at = strstr(at, "{\"item\":\"") + strlen("{\"item\":\"");
        other = strstr(other, "{\"item\":\"") + strlen("{\"item\":\"");
        assert_int_equal(strncmp(at, other, 4), 0);
    }
    /* what the user has had matches as well */
    assert_has(body, "{\"item\":\"i02\"");
    free(own);
    rig_release(&rig);
}

static void assert_vectors(struct rig *rig, struct copy *copy)
{
    double before = queries(copy, "http", "words+vectors");
    const char *body =
        ask_get(copy, "/v1/users/u01/recommendations?query=Film%207%20of%20the%20town&limit=100",
                200);
    assert_has(body, "\"found_by\":\"words+vectors\"");
    assert_begins(strstr(body, "{\"item\""), "{\"item\":\"i07\"");
    assert_null(strstr(body, "\"i04\""));
    /* a text without a word of any title has items by its vector */
    body = ask_get(copy, "/v1/users/u01/recommendations?query=boats", 200);
    assert_has(body, "\"found_by\":\"words+vectors\"");
    assert_null(strstr(body, "\"items\":[]"));
    /* the same again, from the vectors that are kept */
    char *same = xstrdup(strstr(body, "\"items\""));
    *strstr(same, "],") = '\0';
    body = ask_get(copy, "/v1/users/u01/recommendations?query=boats", 200);
    assert_begins(strstr(body, "\"items\""), same);
    free(same);
    assert_true(queries(copy, "http", "words+vectors") == before + 3.0);
    double texts = metric_value(metrics_gauge(copy->metrics, "freshet_serve_text_vectors",
                                              "model=\"query\"", ""));
    run_rounds(rig);
    assert_true(texts == (double)FEED_ITEMS);
}

static void test_with_vectors(void **state _unused_)
{
    static struct rig rig;
    struct copy *copy = begin(&rig, by_vectors, true);
    assert_vectors(&rig, copy);
    copy = rig_start(&rig, &serve_worker, 1, with_content);
    run_rounds(&rig);
    assert_vectors(&rig, copy);
    rig_release(&rig);
}

/* Vectors of another model say nothing of a query: its words must do. */
static void test_another_model(void **state _unused_)
{
    static struct rig rig;
    static const char *const fewer[] = {"http.port=0", "query.model.path=" MODEL,
                                        "query.pieces.max=16", NULL};
    struct copy *copy = begin(&rig, fewer, true);
    const char *body = ask_get(copy, "/v1/users/u01/recommendations?query=sea", 200);
    assert_has(body, "\"found_by\":\"words\"");
    assert_has(body, "\"total\":9,");
    assert_true(metric_value(metrics_gauge(copy->metrics, "freshet_serve_text_vectors",
                                           "model=\"query\"", "")) == 0.0);
    rig_release(&rig);
}

static void ask_topic(struct rig *rig, struct codec *codec, const char *query)
{
    const struct recommendation_request request = {.request_id = slice_str(query),
                                                   .user_id = slice_str("u01"),
                                                   .query = slice_str(query),
                                                   .hour = -1};
    struct buf out;
    buf_init(&out, 1 << 16);
    assert_int_equal(codec_encode(codec, &request, &out), 0);
    memlog_append(rig->log, "requests", PARTITION_BY_KEY, slice_str("asker"), buf_slice(&out),
                  RIG_WALL_MS);
    buf_release(&out);
}

static void test_by_topic(void **state _unused_)
{
    static struct rig rig;
    struct copy *copy = begin(&rig, by_vectors, true);
    struct recommendation_response response;
    struct schema_cache *schemas = schema_cache_new();
    struct codec *codec = codec_new(&recommendation_request_contract, schemas);
    struct codec *reader = codec_new(&recommendation_response_contract, schemas);
    struct arena *arena = arena_new(1 << 16);
    ask_topic(&rig, codec, "film of the sea");
    run_rounds(&rig);
    struct fold *fold = rig_fold(&rig, "responses");
    assert_int_equal(fold->count, 1);
    assert_int_equal(codec_decode(reader, fold->at[0].value, arena, &response, NULL), 0);
    assert_int_equal(response.status, 200);
    assert_true(slice_equal(response.found_by, slice_str("words+vectors")));
    assert_true(slice_equal(response.made_by, slice_str("query")));
    assert_true(response.items.count > 0);
    const char *body =
        ask_get(copy, "/v1/users/u01/recommendations?query=film%20of%20the%20sea", 200);
    for (size_t k = 0; k < response.items.count; k++) {
        _cleanup_(xfreep) char *want =
            xprintf("{\"item\":\"%.*s\"", SLICE_ARGS(response.items.at[k]));
        assert_int_equal(response.reasons.at[k], REASON_QUERY);
        body = strstr(body, "{\"item\"");
        assert_begins(body, want);
        body++;
    }
    assert_true(queries(copy, "topic", "words+vectors") == 1.0);
    free(fold);
    arena_free(arena);
    codec_free(codec);
    codec_free(reader);
    schema_cache_free(schemas);
    rig_release(&rig);
}

static void test_what_is_refused(void **state _unused_)
{
    static struct rig rig;
    static const char *const without[] = {"http.port=0", "search.used=false", NULL};
    static const char path[] = "/v1/users/u01/recommendations?query=";
    struct copy *copy = begin(&rig, by_words, false);
    char long_text[QUERY_BYTES_MAX + 2];
    memset(long_text, 'x', sizeof(long_text) - 1);
    long_text[sizeof(long_text) - 1] = '\0';
    _cleanup_(xfreep) char *too_long = xprintf("%s%s", path, long_text);
    assert_has(ask_get(copy, too_long, 400), "query: want at most 512 bytes, not 513");
    too_long[strlen(too_long) - 1] = '\0';
    assert_has(ask_get(copy, too_long, 200), "\"items\":[]");
    assert_has(ask_get(copy, path, 400), "query: want a text, not an empty one");
    assert_has(ask_get(copy, "/v1/users/u01/recommendations?query=%ff", 400), "want UTF-8");
    assert_has(ask_get(copy, "/v1/users/u01/recommendations?query=%f", 400), "hex digits");
    assert_has(ask_get(copy, "/v1/items/popular?query=sea", 400), "unknown argument");
    static const char *const wrong[] = {"{\"query\":5}", "{\"query\":\"\"}", "{\"query\":[]}",
                                        "{\"query\":\"sea\",\"candidates\":[\"i01\"]}"};
    for (size_t k = 0; k < ARRAY_COUNT(wrong); k++) {
        assert_has(ask_post(copy, "/v1/recommendations", wrong[k], 400), "query: ");
    }
    copy = rig_start(&rig, &serve_worker, 1, without);
    run_rounds(&rig);
    assert_has(ask_get(copy, "/v1/users/u01/recommendations?query=sea", 400), "search.used=false");
    rig_release(&rig);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_by_words),
        cmocka_unit_test(test_user_and_query),
        cmocka_unit_test(test_with_vectors),
        cmocka_unit_test(test_another_model),
        cmocka_unit_test(test_by_topic),
        cmocka_unit_test(test_what_is_refused),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
