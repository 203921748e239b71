/* What others write to the topics that freshet-serve reads, and what they ask: numbers at the ends
 * of their types, lists that no message holds, long keys. Each is answered or refused, and all
 * others are served. */
#include "base/base.h"
#include "schemas/recommendation_list.h"
#include "schemas/recommendation_request.h"
#include "schemas/recommendation_response.h"
#include "schemas/serving_row.h"
#include "schemas/user_history.h"
#include "tests/topology/asking.h"
#include "tests/topology/records.h"

enum { PARTITIONS = 2, ROUNDS = 30, LONG = 40000, ITEMS = 40 };

static const char *const settings[] = {"http.port=0", NULL};

static void append(struct rig *rig, const char *topic, const struct contract *contract,
                   struct slice key, const void *object)
{
    append_record(rig, topic, PARTITION_BY_KEY, contract, key, object, RIG_WALL_MS);
}

static struct copy *begin(struct rig *rig)
{
    struct copy *copy = rig_start(rig, &serve_worker, 0, settings);
    for (int i = 0; i < ROUNDS; i++) { rig_round(rig, false); }
    return copy;
}

/* Finds the response under a key and checks its status and error. */
static void assert_response(const struct rig *rig, const char *key, int32_t status,
                            const char *error_word)
{
    struct schema_cache *schemas = schema_cache_new();
    struct codec *codec = codec_new(&recommendation_response_contract, schemas);
    struct arena *arena = arena_new(1 << 16);
    struct fold *fold = rig_fold(rig, "responses");
    struct recommendation_response response;
    struct codec_error error;
    bool found = false;
    for (size_t i = 0; i < fold->count; i++) {
        if (!slice_equal(fold->at[i].key, slice_str(key))) { continue; }
        found = true;
        assert_int_equal(codec_decode(codec, fold->at[i].value, arena, &response, &error), 0);
        assert_int_equal(response.status, status);
        assert_true(slice_equal(response.error, slice_str(error_word)));
    }
    assert_true(found);
    free(fold);
    arena_free(arena);
    codec_free(codec);
    schema_cache_free(schemas);
}

static void ask_by_topic(struct rig *rig, struct slice key, const char *id,
                         struct recommendation_request request)
{
    request.request_id = slice_str(id);
    append(rig, "requests", &recommendation_request_contract, key, &request);
}

/* A list whose items are so long that the response would be larger than a message. */
static void put_long_list(struct rig *rig, const char *user)
{
    static char text[LONG + 1];
    struct slice items[ITEMS], because[ITEMS];
    float numbers[ITEMS] = {0};
    int32_t reasons[ITEMS] = {0};
    memset(text, 'x', LONG);
    for (size_t k = 0; k < ITEMS; k++) { items[k] = because[k] = slice_of(text, LONG); }
    const struct recommendation_list list = {
        .user_id = slice_str(user), .items = {items, ITEMS}, .scores = {numbers, ITEMS},
        .reasons = {reasons, ITEMS}, .because = {because, ITEMS}, .evidence = {numbers, ITEMS}};
    append(rig, "recommendations", &recommendation_list_contract, list.user_id, &list);
}

static void a_list_larger_than_a_message(void **state _unused_)
{
    static struct rig rig;
    rig_init(&rig, PARTITIONS);
    put_long_list(&rig, "u1");
    ask_by_topic(&rig, slice_str("k1"), "k1", (struct recommendation_request){
        .user_id = slice_str("u1")});
    ask_by_topic(&rig, slice_str("k2"), "k2", (struct recommendation_request){
        .user_id = slice_str("u1"), .limit = 1});
    (void)begin(&rig);
    assert_response(&rig, "k1", 500, "too_large");
    assert_response(&rig, "k2", 200, "");
    rig_release(&rig);
}

/* A response has the key of its request: with a long one it would be too large for its topic. */
static void a_long_key(void **state _unused_)
{
    static struct rig rig;
    static char key[LONG];
    rig_init(&rig, PARTITIONS);
    memset(key, 'k', sizeof(key));
    ask_by_topic(&rig, slice_of(key, sizeof(key)), "k1", (struct recommendation_request){
        .kind = REQUEST_NEW});
    ask_by_topic(&rig, slice_of(key, 1024), "k2", (struct recommendation_request){
        .kind = REQUEST_NEW});
    struct copy *copy = begin(&rig);
    assert_int_equal(memlog_count(rig.log, "responses", MEMLOG_ALL), 1);
    assert_int_equal(metric_value(metrics_counter(copy->metrics, "freshet_dead_letters_total",
                                                  "reason=\"bad_key\"", "Known.")), 1);
    rig_release(&rig);
}

static void put_row(struct rig *rig, const char *id, const char *other)
{
    struct slice items[] = {slice_str(other)};
    float co[] = {1e12F}, none[] = {0.0F};
    const struct serving_row row = {
        .item_id = slice_str(id), .mass = 1e-100, .actions = 1e12, .trend = 1.0,
        .items = {items, 1}, .co_ratings = {co, 1}, .forwards = {none, 1}, .backwards = {none, 1}};
    append(rig, "serving-rows", &serving_row_contract, row.item_id, &row);
}

/* A similarity that no float holds. */
static void a_score_without_bound(void **state _unused_)
{
    static struct rig rig;
    rig_init(&rig, PARTITIONS);
    put_row(&rig, "a", "b");
    put_row(&rig, "b", "a");
    ask_by_topic(&rig, slice_str("k1"), "k1", (struct recommendation_request){
        .kind = REQUEST_SIMILAR, .item_id = slice_str("a")});
    struct copy *copy = begin(&rig);
    assert_response(&rig, "k1", 200, "");
    const char *answer = ask_get(copy, "/v1/items/a/similar", 200);
    assert_has(answer, "\"item\":\"b\"");
    assert_null(strstr(answer, "inf"));
    rig_release(&rig);
}

/* A history whose numbers are at the ends of their types, and a session beside it. */
static void numbers_at_the_ends(void **state _unused_)
{
    static struct rig rig;
    struct slice item = slice_str("i1");
    float weight = 1.0F;
    int64_t offset = 1, least = INT64_MIN;
    const struct user_history history = {
        .user_id = slice_str("u1"), .items = {&item, 1}, .weights = {&weight, 1},
        .offsets = {&offset, 1}, .event_times_ms = {&least, 1}, .events_total = INT64_MAX,
        .event_time_ms = INT64_MAX, .input_partition = INT32_MIN};
    rig_init(&rig, PARTITIONS);
    append(&rig, "histories", &user_history_contract, history.user_id, &history);
    struct copy *copy = begin(&rig);
    const char *answer = ask_post(copy, "/v1/recommendations",
                                  "{\"user\":\"u1\",\"actions\":[{\"item\":\"a\",\"time_ms\":"
                                  "-9223372036854775808},{\"item\":\"b\",\"time_ms\":"
                                  "9223372036854775807}]}", 200);
    assert_has(answer, "\"actions\":9223372036854775807,");
    rig_release(&rig);
}

int main(void)
{
    rig_choose_place();
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(a_list_larger_than_a_message),
        cmocka_unit_test(a_long_key),
        cmocka_unit_test(a_score_without_bound),
        cmocka_unit_test(numbers_at_the_ends),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
