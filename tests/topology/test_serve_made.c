/* Lists that freshet-serve makes itself: those of the scorer, from the same tables. */
#include "base/base.h"
#include "features/features.h"
#include "schemas/recommendation_response.h"
#include "schemas/user_history.h"
#include "scorer/scorer.h"
#include "tests/topology/answers.h"
#include "tests/topology/asking.h"
#include "tests/topology/catalogued.h"
#include "tests/topology/feed.h"
#include "trainer/similarity/trainer.h"

enum { PARTITIONS = 3, ROUNDS = 40, BODY_BYTES = 1 << 16 };

static const char *const settings[] = {"http.port=0", NULL};

static void work(struct rig *rig, const struct worker *worker, const char *const *pairs)
{
    struct copy *copy = rig_start(rig, worker, 0, pairs);
    rig_until_idle(rig);
    rig_finish(copy);
}

static void run_rounds(struct rig *rig)
{
    for (int i = 0; i < ROUNDS; i++) { rig_round(rig, false); }
}

static void list_item(struct rig *rig, const char *id, const char *tag, int64_t created_ms,
                      bool available)
{
    struct slice tags[] = {slice_str(tag)};
    struct item item = catalogued_item(id);
    item.tags = (struct slices){tags, 1};
    item.created_ms = created_ms;
    item.available = available;
    catalogued_put(rig, &item, RIG_WALL_MS);
}

/* All actions through the pipeline: lists are made last, from the complete tables. */
static struct copy *begin_with(struct rig *rig, int32_t partitions, const char *const *scorer_pairs,
                               const char *const *serve_pairs)
{
    static const char *const none[] = {NULL};
    rig_init(rig, partitions);
    list_item(rig, "i01", "drama", 5000, true);
    list_item(rig, "i02", "drama", 7000, true);
    list_item(rig, "i03", "comedy", 6000, true);
    list_item(rig, "i04", "drama", 9000, false);
    list_item(rig, "n\"1", "drama", 8000, true);
    feed_events(rig, 3, 0, FEED_EVENTS);
    work(rig, &features_worker, none);
    work(rig, &trainer_worker, none);
    work(rig, &scorer_worker, scorer_pairs);
    struct copy *copy = rig_start(rig, &serve_worker, 0, serve_pairs);
    run_rounds(rig);
    return copy;
}

static struct copy *begin(struct rig *rig)
{
    static const char *const none[] = {NULL};
    return begin_with(rig, PARTITIONS, none, settings);
}

/* Copies the items of an answer, which the caller frees. */
static char *items_of(const char *body)
{
    const char *from = strstr(body, "\"items\":["), *to = strstr(body, "}],");
    if (!from || !to) { fail_msg("%s", body); }
    return xprintf("%.*s", (int)(to - from), from);
}

/* Writes a session of all actions of a history, newest first: the server puts them in order. False:
 * two have the same time, whose order is not that of the ids here. */
static bool write_session(struct buf *body, const struct user_history *history)
{
    bool tied = false;
    buf_clear(body);
    buf_printf(body, "{\"actions\":[");
    for (size_t k = history->items.count; k-- > 0;) {
        buf_printf(body, "{\"item\":\"%.*s\",\"kind\":\"click\",\"time_ms\":%" PRId64 "}%s",
                   SLICE_ARGS(history->items.at[k]), history->event_times_ms.at[k], k ? "," : "");
        tied |= k && history->event_times_ms.at[k] == history->event_times_ms.at[k - 1];
    }
    buf_printf(body, "]}%c", 0);
    return !tied;
}

/* Compares the list of each user with that of a session of all that the user did: items, scores,
 * reasons, evidence. Returns how many there are. */
static size_t compare_sessions(const struct rig *rig, const struct copy *copy)
{
    struct answers answers;
    struct buf body;
    size_t compared = 0;
    answers_init(&answers, rig);
    buf_init(&body, BODY_BYTES);
    struct codec *codec = codec_new(&user_history_contract, answers.schemas);
    struct fold *histories = rig_fold(rig, "histories");
    for (size_t i = 0; i < histories->count; i++) {
        struct user_history history;
        answers_decode(&answers, codec, histories->at[i].value, &history);
        _cleanup_(xfreep) char *path =
            xprintf("/v1/users/%.*s/recommendations", SLICE_ARGS(history.user_id));
        _cleanup_(xfreep) char *want = items_of(ask_get(copy, path, 200));
        if (!write_session(&body, &history)) { continue; }
        const char *answer = ask_post(copy, "/v1/recommendations", body.data, 200);
        assert_has(answer, "\"cause\":\"request\"");
        assert_reasoned(answer);
        _cleanup_(xfreep) char *got = items_of(answer);
        assert_string_equal(got, want);
        compared++;
    }
    free(histories);
    buf_release(&body);
    codec_free(codec);
    answers_release(&answers);
    return compared;
}

static void test_same_list(void **state _unused_)
{
    static struct rig rig;
    struct copy *copy = begin(&rig);
    assert_true(compare_sessions(&rig, copy) > 40);
    rig_release(&rig);
}

/* The same where models are blended; candidates follow the blend's order, too. */
static void test_same_blended_list(void **state _unused_)
{
    static struct rig rig;
    static const char *const blended[] = {"content.used=true", "blend.leader=mixture",
                                          "lists.evaluated=false", NULL};
    static const char *const serve_pairs[] = {"http.port=0", "content.used=true",
                                              "blend.leader=mixture", NULL};
    struct copy *copy = begin_with(&rig, /* partitions= */ 1, blended, serve_pairs);
    assert_true(compare_sessions(&rig, copy) > 40);
    const char *body = ask_post(copy, "/v1/recommendations",
                                "{\"actions\":[{\"item\":\"i01\"}],\"limit\":2}", 200);
    assert_reasoned(body);
    assert_has(body, "\"made_by\":\"mixture\"");
    char first[16] = "", second[16] = "", wanted[128];
    (void)sscanf(body, "{\"user\":\"\",\"items\":[{\"item\":\"%15[^\"]", first);
    (void)sscanf(strstr(body, "},{"), "},{\"item\":\"%15[^\"]", second);
    (void)snprintf(wanted, sizeof(wanted),
                   "{\"actions\":[{\"item\":\"i01\"}],\"candidates\":[\"%s\",\"%s\"]}", second,
                   first);
    body = ask_post(copy, "/v1/recommendations", wanted, 200);
    assert_has(body, "\"made_by\":\"mixture\"");
    (void)snprintf(wanted, sizeof(wanted), "\"items\":[{\"item\":\"%s\",", first);
    assert_has(body, wanted);
    rig_release(&rig);
}

/* Pages of a list, and the list without an item, have the items of the whole one in its order. */
static void test_pages(void **state _unused_)
{
    static struct rig rig;
    struct copy *copy = begin(&rig);
    static const char session[] = "\"actions\":[{\"item\":\"i01\"},{\"item\":\"i05\"}]";
    _cleanup_(xfreep) char *all = xprintf("{%s,\"limit\":30}", session);
    _cleanup_(xfreep) char *whole = items_of(ask_post(copy, "/v1/recommendations", all, 200));
    char *at = whole + strlen("\"items\":[");
    for (int page = 0; page < 3; page++) {
        _cleanup_(xfreep) char *body =
            xprintf("{%s,\"limit\":10,\"offset\":%d}", session, 10 * page);
        _cleanup_(xfreep) char *part = items_of(ask_post(copy, "/v1/recommendations", body, 200));
        const char *own = part + strlen("\"items\":[");
        assert_begins(at, own);
        at += strlen(own) + 2;
    }
    char *second = strstr(whole, "},{");
    assert_non_null(second);
    char first[16] = "";
    (void)sscanf(whole, "\"items\":[{\"item\":\"%15[^\"]\"", first);
    _cleanup_(xfreep) char *body =
        xprintf("{%s,\"exclude\":[\"%s\"],\"limit\":29}", session, first);
    _cleanup_(xfreep) char *rest = items_of(ask_post(copy, "/v1/recommendations", body, 200));
    assert_string_equal(rest + strlen("\"items\":["), second + 2);
    rig_release(&rig);
}

/* Given candidates come back in the order of the list, without what is barred or not known; what
 * the user has had comes last. */
static void test_candidates(void **state _unused_)
{
    static struct rig rig;
    struct copy *copy = begin(&rig);
    const char *body = ask_post(copy, "/v1/recommendations",
                                "{\"actions\":[{\"item\":\"i05\"}],\"candidates\":[\"i05\",\"i04\","
                                "\"i02\",\"i01\",\"nothing\",\"i02\",\"i03\"]}", 200);
    assert_has(body, "\"total\":4,");
    assert_reasoned(body);
    assert_null(strstr(body, "\"item\":\"i04\""));
    assert_has(body, "{\"item\":\"i05\",\"reason\":\"popular\",\"because\":\"\"");
    const char *last = NULL;
    for (const char *at = body; (at = strstr(at, "{\"item\":")); at++) { last = at; }
    assert_begins(last, "{\"item\":\"i05\"");
    _cleanup_(xfreep) char *ranked = items_of(body);
    char order[3][8] = {"", "", ""};
    (void)sscanf(ranked, "\"items\":[{\"item\":\"%7[^\"]", order[0]);
    body = ask_post(copy, "/v1/recommendations",
                    "{\"actions\":[{\"item\":\"i05\"}],\"limit\":40}", 200);
    const char *one = strstr(body, "{\"item\":\"i01\""), *two = strstr(body, "{\"item\":\"i02\"");
    const char *three = strstr(body, "{\"item\":\"i03\"");
    assert_true(one && two && three);
    const char *best = one < two ? one : two;
    best = best < three ? best : three;
    assert_memory_equal(best + strlen("{\"item\":\""), order[0], 3);
    /* Only what nobody knows: an empty list. */
    body = ask_post(copy, "/v1/recommendations", "{\"candidates\":[\"nothing\"]}", 200);
    assert_has(body, "\"items\":[],");
    rig_release(&rig);
}

/* A user's session stands behind the history: its items are left out, too. */
static void test_user_with_session(void **state _unused_)
{
    static struct rig rig;
    struct copy *copy = begin(&rig);
    char first[16] = "";
    _cleanup_(xfreep) char *list = items_of(ask_get(copy, "/v1/users/u07/recommendations", 200));
    (void)sscanf(list, "\"items\":[{\"item\":\"%15[^\"]\"", first);
    _cleanup_(xfreep) char *body =
        xprintf("{\"user\":\"u07\",\"actions\":[{\"item\":\"%s\"}]}", first);
    _cleanup_(xfreep) char *own = xprintf("\"item\":\"%s\"", first);
    const char *answer = ask_post(copy, "/v1/recommendations", body, 200);
    assert_begins(answer, "{\"user\":\"u07\",");
    assert_reasoned(answer);
    assert_null(strstr(answer, own));
    answer = ask_post(copy, "/v1/recommendations", "{\"user\":\"u07\"}", 200);
    _cleanup_(xfreep) char *stored = items_of(answer);
    assert_string_equal(stored, list);
    (void)ask_post(copy, "/v1/recommendations", "{\"user\":\"nobody\"}", 404);
    /* Somebody new is a session without a history. */
    (void)ask_post(copy, "/v1/recommendations",
                   "{\"user\":\"nobody\",\"actions\":[{\"item\":\"i01\"}]}", 200);
    rig_release(&rig);
}

/* ---- By topic ---- */

struct topic_fixture {
    struct schema_cache *schemas;
    struct codec *requests, *responses, *lists;
    struct arena *arena;
    struct buf out;
};

static void topic_init(struct topic_fixture *topic)
{
    topic->schemas = schema_cache_new();
    topic->requests = codec_new(&recommendation_request_contract, topic->schemas);
    topic->responses = codec_new(&recommendation_response_contract, topic->schemas);
    topic->lists = codec_new(&recommendation_list_contract, topic->schemas);
    topic->arena = arena_new(1 << 16);
    buf_init(&topic->out, BODY_BYTES);
}

static void topic_release(struct topic_fixture *topic)
{
    codec_free(topic->requests);
    codec_free(topic->responses);
    codec_free(topic->lists);
    schema_cache_free(topic->schemas);
    arena_free(topic->arena);
    buf_release(&topic->out);
}

static void send_request(struct topic_fixture *topic, struct rig *rig, struct slice key,
                         const struct recommendation_request *request)
{
    buf_clear(&topic->out);
    assert_int_equal(codec_encode(topic->requests, request, &topic->out), 0);
    memlog_append(rig->log, "requests", PARTITION_BY_KEY, key, buf_slice(&topic->out), RIG_WALL_MS);
}

/* Finds the response under a key: borrowed from the arena. */
static void receive(struct topic_fixture *topic, const struct fold *fold, const char *key,
                    struct recommendation_response *ret_response)
{
    struct codec_error error;
    for (size_t i = 0; i < fold->count; i++) {
        if (!slice_equal(fold->at[i].key, slice_str(key))) { continue; }
        assert_int_equal(codec_decode(topic->responses, arena_copy(topic->arena, fold->at[i].value),
                                      topic->arena, ret_response, &error), 0);
        return;
    }
    fail_msg("no response under %s", key);
}

static void assert_same_list(const struct recommendation_response *response,
                             const struct recommendation_list *list)
{
    size_t count = list->items.count;
    assert_int_equal(response->status, 200);
    assert_int_equal(response->items.count, count);
    for (size_t k = 0; k < count; k++) {
        assert_true(slice_equal(response->items.at[k], list->items.at[k]));
        assert_true(slice_equal(response->because.at[k], list->because.at[k]));
    }
    assert_memory_equal(response->scores.at, list->scores.at, count * sizeof(float));
    assert_memory_equal(response->reasons.at, list->reasons.at, count * sizeof(int32_t));
    assert_memory_equal(response->evidence.at, list->evidence.at, count * sizeof(float));
    assert_memory_equal(response->shares.at, list->shares.at, count * sizeof(float));
    assert_int_equal(response->as_of_ms, list->as_of_ms);
    assert_true(slice_equal(response->list_id, list->list_id));
    assert_true(list->list_id.size > 0);
    assert_int_equal(response->actions, list->actions);
    assert_true(slice_equal(response->model, list->model));
    assert_true(slice_equal(response->made_by, list->made_by));
}

/* A user's list by request topic is the one in `recommendations`, and so is that by HTTP. */
static void test_three_ways(void **state _unused_)
{
    static struct rig rig;
    struct topic_fixture topic;
    struct copy *copy = begin(&rig);
    topic_init(&topic);
    struct fold *lists = rig_fold(&rig, "recommendations");
    assert_true(lists->count > 40);
    for (size_t i = 0; i < lists->count; i++) {
        const struct recommendation_request request = {.request_id = lists->at[i].key,
                                                       .user_id = lists->at[i].key};
        send_request(&topic, &rig, lists->at[i].key, &request);
    }
    run_rounds(&rig);
    struct fold *responses = rig_fold(&rig, "responses");
    assert_int_equal(responses->count, lists->count);
    for (size_t i = 0; i < lists->count; i++) {
        struct recommendation_list list;
        struct recommendation_response response;
        struct codec_error error;
        arena_reset(topic.arena);
        _cleanup_(xfreep) char *user = xprintf("%.*s", SLICE_ARGS(lists->at[i].key));
        assert_int_equal(codec_decode(topic.lists, lists->at[i].value, topic.arena, &list, &error),
                         0);
        receive(&topic, responses, user, &response);
        assert_true(slice_equal(response.request_id, slice_str(user)));
        assert_same_list(&response, &list);
        _cleanup_(xfreep) char *path = xprintf("/v1/users/%s/recommendations", user);
        const char *at = ask_get(copy, path, 200);
        for (size_t k = 0; k < list.items.count; k++) {
            _cleanup_(xfreep) char *score = xprintf("\"score\":%.9g}", (double)list.scores.at[k]);
            _cleanup_(xfreep) char *item = xprintf("{\"item\":\"%.*s\"", (int)list.items.at[k].size,
                                                   list.items.at[k].data);
            if (!memchr(list.items.at[k].data, '"', list.items.at[k].size)) {
                at = strstr(at, item);
                assert_non_null(at);
            }
            at = strstr(at, score);
            assert_non_null(at);
        }
    }
    free(lists);
    free(responses);
    topic_release(&topic);
    rig_release(&rig);
}

static void check_answers(struct topic_fixture *topic, const struct fold *fold,
                          const struct copy *copy)
{
    struct recommendation_response response;
    receive(topic, fold, "session", &response);
    assert_int_equal(response.status, 200);
    assert_int_equal(response.items.count, 5);
    assert_true(slice_equal(response.cause, slice_str("request")));
    const char *body = ask_post(copy, "/v1/recommendations",
                                "{\"actions\":[{\"item\":\"i01\"}],\"limit\":5}", 200);
    for (size_t k = 0; k < 5; k++) {
        _cleanup_(xfreep) char *part = xprintf("%.*s", SLICE_ARGS(response.items.at[k]));
        if (!strchr(part, '"')) { assert_non_null(strstr(body, part)); }
    }
    receive(topic, fold, "candidates", &response);
    assert_int_equal(response.total, 2);
    receive(topic, fold, "new", &response);
    assert_int_equal(response.items.count, 2);
    assert_true(slice_equal(response.items.at[0], slice_str("n\"1")));
    receive(topic, fold, "similar", &response);
    assert_int_equal(response.items.count, 2);
    assert_int_equal(response.shares.count, 2);
    assert_true(response.shares.at[1] == 1.0F);
    assert_true(slice_equal(response.because.at[0], slice_str("i01")));
}

static void check_errors(struct topic_fixture *topic, const struct fold *fold)
{
    static const struct {
        const char *key, *error;
        int32_t status;
    } wrong[] = {{"nothing", "bad_request", 400}, {"nobody", "no_list", 404},
                 {"limit", "bad_request", 400},   {"empty", "bad_request", 400},
                 {"unknown", "no_item", 404}};
    struct recommendation_response response;
    for (size_t i = 0; i < ARRAY_COUNT(wrong); i++) {
        receive(topic, fold, wrong[i].key, &response);
        assert_int_equal(response.status, wrong[i].status);
        assert_true(slice_equal(response.error, slice_str(wrong[i].error)));
        assert_true(response.message.size > 0);
    }
}

/* What is asked by topic is answered as by HTTP; a bad request gets a response that says why. */
static void test_requests_by_topic(void **state _unused_)
{
    static struct rig rig;
    struct topic_fixture topic;
    struct copy *copy = begin(&rig);
    struct slice item = slice_str("i01"), both[] = {slice_str("i02"), slice_str("i03")};
    struct slice none = slice_str("");
    topic_init(&topic);
    const struct {
        const char *key;
        struct recommendation_request request;
    } asks[] = {
        {"session", {.action_items = {&item, 1}, .limit = 5}},
        {"candidates", {.action_items = {&item, 1}, .candidates = {both, 2}}},
        {"new", {.kind = REQUEST_NEW, .tag = slice_str("drama"), .exclude = {both, 1}}},
        {"similar", {.kind = REQUEST_SIMILAR, .item_id = item, .offset = 1, .limit = 2}},
        {"nothing", {.limit = 3, .hour = -1}},
        {"nobody", {.user_id = slice_str("nobody")}},
        {"limit", {.user_id = slice_str("u01"), .limit = 2000}},
        {"empty", {.candidates = {&none, 1}}},
        {"unknown", {.kind = REQUEST_TOGETHER, .item_id = slice_str("none")}},
    };
    for (size_t i = 0; i < ARRAY_COUNT(asks); i++) {
        struct recommendation_request request = asks[i].request;
        request.request_id = slice_str(asks[i].key);
        bool keyed = i % 2; /* without a key, the response has the request's id for one */
        send_request(&topic, &rig, keyed ? request.request_id : slice_of(NULL, 0), &request);
    }
    memlog_append(rig.log, "requests", 0, slice_str("x"), slice_str("nonsense"), RIG_WALL_MS);
    run_rounds(&rig);
    struct fold *fold = rig_fold(&rig, "responses");
    assert_int_equal(fold->count, ARRAY_COUNT(asks));
    check_answers(&topic, fold, copy);
    check_errors(&topic, fold);
    assert_int_equal(memlog_count(rig.log, "dead-letters", MEMLOG_ALL), 1);
    assert_int_equal(metric_value(metrics_counter(copy->metrics,
                                                  "freshet_serve_topic_requests_total",
                                                  "answer=\"error\"", "")),
                     5);
    free(fold);
    topic_release(&topic);
    rig_release(&rig);
}

static void test_items(void **state _unused_)
{
    static struct rig rig;
    struct copy *copy = begin(&rig);
    const char *body = ask_get(copy, "/v1/items/new?tag=drama", 200);
    assert_begins(body, "{\"items\":[{\"item\":\"n\\\"1\",\"reason\":\"new\",\"because\":\"\","
                        "\"share\":0,\"evidence\":0,\"score\":-1},{\"item\":\"i02\",");
    assert_has(body, "\"offset\":0,\"total\":3,\"as_of_ms\":");
    body = ask_get(copy, "/v1/items/new?limit=1&offset=1", 200);
    assert_begins(body, "{\"items\":[{\"item\":\"i02\",");
    assert_has(body, "\"offset\":1,\"total\":4,");
    body = ask_get(copy, "/v1/items/popular?tag=comedy", 200);
    assert_begins(body, "{\"items\":[{\"item\":\"i03\",\"reason\":\"popular\",");
    assert_has(body, "\"total\":1,");
    assert_has(ask_get(copy, "/v1/items/popular?tag=nothing", 200), "\"items\":[]");
    body = ask_get(copy, "/v1/items/popular", 200);
    assert_begins(body, "{\"items\":[{\"item\":\"i0");
    assert_null(strstr(body, "\"item\":\"i04\""));
    assert_has(ask_get(copy, "/v1/items/trending?limit=2", 200), "\"reason\":\"trending\"");
    body = ask_get(copy, "/v1/items/i01/similar?exclude=i02&limit=3", 200);
    assert_begins(body, "{\"items\":[{\"item\":\"i");
    assert_has(body, "\"reason\":\"because\",\"because\":\"i01\",\"share\":1,");
    assert_null(strstr(body, "\"item\":\"i02\""));
    assert_null(strstr(body, "\"item\":\"i01\""));
    assert_reasoned(body);
    body = ask_get(copy, "/v1/items/i01/together", 200);
    assert_has(body, "\"because\":\"i01\"");
    assert_reasoned(body);
    /* Nobody has acted on it: what the catalogue says is left. i04 is not available. */
    body = ask_get(copy, "/v1/items/n%221/similar", 200);
    assert_begins(body, "{\"items\":[{\"item\":\"i0");
    assert_has(body, "\"reason\":\"tags\",\"because\":\"n\\\"1\",\"share\":1,");
    assert_has(body, "\"score\":-1},{\"item\":\"i0");
    assert_has(body, "\"score\":-2}],\"offset\":0,\"total\":2,");
    assert_null(strstr(body, "\"item\":\"i03\""));
    assert_has(ask_get(copy, "/v1/items/none/similar", 404), "no_item");
    assert_has(ask_get(copy, "/v1/items/i01/similar?tag=drama", 400), "unknown argument");
    assert_has(ask_get(copy, "/v1/items/popular?tag=", 400), "bad_request");
    rig_release(&rig);
}

/* The catalogue and rows are read from disk by the next start, and are the same. Histories would be
 * read again for the users who acted last. */
static void test_restarted(void **state _unused_)
{
    static struct rig rig;
    static const char *const paths[] = {"/v1/items/popular?tag=drama", "/v1/items/i01/similar",
                                        "/v1/items/new"};
    static const char *const none[] = {NULL}, *const pairs[] = {"http.port=0", "users.recent=0",
                                                                NULL};
    char *before[ARRAY_COUNT(paths)];
    struct copy *copy = begin_with(&rig, PARTITIONS, none, pairs);
    for (size_t i = 0; i < ARRAY_COUNT(paths); i++) {
        before[i] = items_of(ask_get(copy, paths[i], 200));
    }
    rig_finish(copy);
    list_item(&rig, "i09", "western", 1, true);
    assert_true(rig_launch(&rig, copy));
    run_rounds(&rig);
    for (size_t i = 0; i < 2; i++) {
        _cleanup_(xfreep) char *after = items_of(ask_get(copy, paths[i], 200));
        assert_string_equal(after, before[i]);
    }
    assert_has(ask_get(copy, paths[2], 200), "\"item\":\"i09\"");
    for (size_t i = 0; i < ARRAY_COUNT(paths); i++) { free(before[i]); }
    /* One item, and per partition at most the end of the rows. */
    assert_in_range(
        metric_value(metrics_counter(copy->metrics, "freshet_broadcast_records_total", "", "")), 1,
        1 + PARTITIONS);
    rig_release(&rig);
}

static void test_bad_bodies(void **state _unused_)
{
    static struct rig rig;
    static const struct {
        const char *body, *why;
    } bad[] = {
        {"", "body"},
        {"{", "body"},
        {"[]", "want a JSON object"},
        {"{}", "want a user, actions, candidates, a query, a profile or a context"},
        {"{\"user\":7}", "want a text"},
        {"{\"user\":\"\"}", "want an id"},
        {"{\"user\":\"u\",\"excluded\":[]}", "unknown member"},
        {"{\"user\":\"u\",\"user\":\"v\"}", "body"},
        {"{\"actions\":{}}", "want an array"},
        {"{\"actions\":[\"i\"]}", "want objects"},
        {"{\"actions\":[{\"kind\":\"view\"}]}", "want an item"},
        {"{\"actions\":[{\"item\":\"i\",\"kind\":\"look\"}]}", "want other, view"},
        {"{\"actions\":[{\"item\":\"i\",\"weight\":-1}]}", "want a number"},
        {"{\"actions\":[{\"item\":\"i\",\"weight\":1e300}]}", "want a number"},
        {"{\"actions\":[{\"item\":\"i\",\"time_ms\":\"now\"}]}", "milliseconds"},
        {"{\"actions\":[{\"item\":\"i\",\"time\":1}]}", "unknown member"},
        {"{\"candidates\":[1]}", "want a text"},
        {"{\"user\":\"u\",\"limit\":0}", "limit"},
        {"{\"user\":\"u\",\"limit\":1.5}", "limit"},
        {"{\"user\":\"u\",\"offset\":1001}", "offset"},
    };
    rig_init(&rig, PARTITIONS);
    struct copy *copy = rig_start(&rig, &serve_worker, 0, settings);
    run_rounds(&rig);
    for (size_t i = 0; i < ARRAY_COUNT(bad); i++) {
        const char *answer = ask_post(copy, "/v1/recommendations", bad[i].body, 400);
        assert_begins(answer, "{\"error\":\"bad_request\"");
        assert_has(answer, bad[i].why);
    }
    struct buf many;
    buf_init(&many, 1 << 22);
    buf_printf(&many, "{\"candidates\":[\"0\"");
    for (int i = 1; i <= 500; i++) { buf_printf(&many, ",\"%d\"", i); }
    buf_printf(&many, "]}%c", 0);
    assert_has(ask_post(copy, "/v1/recommendations", many.data, 400), "too many ids");
    buf_clear(&many);
    for (int i = 0; i < 110000; i++) { buf_printf(&many, "          "); }
    buf_printf(&many, "%c", 0);
    (void)ask_post(copy, "/v1/recommendations", many.data, 413);
    buf_release(&many);
    (void)ask_get(copy, "/v1/recommendations", 405);
    assert_has(ask_post(copy, "/v1/items/new", "{}", 405), "other_method");
    rig_release(&rig);
}

int main(void)
{
    rig_choose_place();
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_same_list),
        cmocka_unit_test(test_same_blended_list),
        cmocka_unit_test(test_pages),
        cmocka_unit_test(test_candidates),
        cmocka_unit_test(test_user_with_session),
        cmocka_unit_test(test_three_ways),
        cmocka_unit_test(test_requests_by_topic),
        cmocka_unit_test(test_items),
        cmocka_unit_test(test_restarted),
        cmocka_unit_test(test_bad_bodies),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
