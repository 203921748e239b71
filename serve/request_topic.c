/* A response is sent at once. A copy that dies before it commits leaves its last requests to the
 * next one, which answers them again: whoever waits takes the first response with its
 * request_id.
 */
#include "base/base.h"
#include "base/xalloc.h"
#include "schemas/recommendation_request.h"
#include "schemas/recommendation_response.h"
#include "serve/list_text.h"
#include "serve/query_counts.h"
#include "serve/request_topic.h"

/* A response and its key fit into a message of 1 MB, the default of a topic, and of `responses`. */
enum { REQUEST_KEY_BYTES_MAX = 1024, RESPONSE_BYTES_MAX = (1 << 20) - 4 * REQUEST_KEY_BYTES_MAX };
_Static_assert((int)REQUEST_ACTIONS_MAX == (int)QUERY_ACTIONS_MAX, "what is read fits a query");
_Static_assert((int)REQUEST_EXCLUDED_MAX == (int)QUERY_EXCLUDED_MAX, "what is read fits a query");
_Static_assert((int)REQUEST_CANDIDATES_MAX == (int)QUERY_CANDIDATES_MAX,
               "what is read fits a query");
_Static_assert((uint64_t)LIST_ITEMS_MAX * (ID_BYTES_MAX * 2 + 32) +
                       (uint64_t)LIST_PLACES_MAX * (ID_BYTES_MAX + 2 * 128 + 32) <
                   RESPONSE_BYTES_MAX,
               "the longest list fits its message");

struct request_topic {
    struct list_finder *finder;
    struct list_query query;
    struct codec *reader, *writer;
    struct buf message;
    int output;
    struct metric *answered, *refused;
    struct query_counts queries;
};

struct request_topic *request_topic_new(struct run *run, struct list_finder *finder, int output)
{
    struct request_topic *requests = xcalloc(1, sizeof(*requests));
    struct metrics *metrics = run_metrics(run);
    requests->finder = finder;
    requests->output = output;
    requests->reader = codec_new(&recommendation_request_contract, run_schemas(run));
    requests->writer = codec_new(&recommendation_response_contract, run_schemas(run));
    buf_init(&requests->message, RESPONSE_BYTES_MAX);
    query_counts_init(&requests->queries, metrics, "topic");
    requests->answered = metrics_counter(metrics, "freshet_serve_topic_requests_total",
                                         "answer=\"list\"", "Requests of the topic, answered.");
    requests->refused = metrics_counter(metrics, "freshet_serve_topic_requests_total",
                                        "answer=\"error\"", "Requests of the topic, answered.");
    return requests;
}

struct request_topic *request_topic_free(struct request_topic *requests)
{
    if (!requests) { return NULL; }
    list_finder_free(requests->finder);
    codec_free(requests->reader);
    codec_free(requests->writer);
    buf_release(&requests->message);
    free(requests);
    return NULL;
}

/* ---- The query ---- */

static bool read_ids(const struct slices *ids, const char *what, struct slice *ret_ids,
                     size_t *ret_count, char *why)
{
    for (size_t i = 0; i < ids->count; i++) {
        if (!list_query_check_id(ids->at[i], what, why)) { return false; }
        ret_ids[i] = ids->at[i];
    }
    *ret_count = ids->count;
    return true;
}

static bool columns_agree(const struct recommendation_request *request)
{
    size_t count = request->action_items.count;
    return (!request->actions.count || request->actions.count == count) &&
           (!request->weights.count || request->weights.count == count) &&
           (!request->event_times_ms.count || request->event_times_ms.count == count);
}

static bool read_actions(const struct recommendation_request *request, struct list_query *query,
                         char *why)
{
    if (!columns_agree(request)) {
        return list_query_refuse(why, "action_items", "want columns of one length, or empty");
    }
    for (size_t i = 0; i < request->action_items.count; i++) {
        struct slice item = request->action_items.at[i];
        enum action_kind kind = ACTION_VIEW;
        if (request->actions.count) { kind = (enum action_kind)request->actions.at[i]; }
        float weight = request->weights.count ? request->weights.at[i] : list_query_weight(kind);
        bool timed = request->event_times_ms.count > 0;
        if (!list_query_check_id(item, "action_items", why)) { return false; }
        if (!(weight >= 0.0F && (double)weight <= QUERY_WEIGHT_MAX)) {
            return list_query_refuse(why, "weights", "want numbers from 0 to 1e6");
        }
        query->actions[i] = (struct query_action){
            item, kind, weight, timed ? request->event_times_ms.at[i] : INT64_MAX};
    }
    query->actions_count = request->action_items.count;
    return true;
}

static bool read_context(const struct recommendation_request *request, struct list_query *query,
                         char *why)
{
    const struct {
        const char *name;
        struct slice sent;
    } words[] = {{"device", request->device},
                 {"channel", request->channel},
                 {"country", request->country},
                 {"region", request->region},
                 {"geohash", request->geohash},
                 {"time_zone", request->time_zone}};
    for (size_t k = 0; k < ARRAY_COUNT(words); k++) {
        if (words[k].sent.size && !list_query_check_word(words[k].sent, words[k].name, why)) {
            return false;
        }
    }
    if (request->hour != -1 && !list_query_check_hour(request->hour, why)) { return false; }
    if (request->weekday && !list_query_check_weekday(request->weekday, why)) { return false; }
    query->context = (struct request_context){.device = request->device,
                                              .channel = request->channel,
                                              .country = request->country,
                                              .hour = request->hour,
                                              .weekday = request->weekday,
                                              .region = request->region,
                                              .geohash = request->geohash};
    query->time_zone = request->time_zone;
    return true;
}

static bool read_profile(const struct recommendation_request *request, struct list_query *query,
                         char *why)
{
    if (request->profile_country.size &&
        !list_query_check_id(request->profile_country, "profile_country", why)) {
        return false;
    }
    if (!list_query_check_year(request->profile_birth_year, why)) { return false; }
    query->profile.country = request->profile_country;
    query->profile.born = request->profile_birth_year;
    query->profile.tags.at = query->profile_tags;
    return read_ids(&request->profile_tags, "profile_tags", query->profile_tags,
                    &query->profile.tags.count, why);
}

static bool read_list(const struct recommendation_request *request, struct list_query *query,
                      char *why)
{
    query->user = request->user_id;
    if (query->user.size && !list_query_check_id(query->user, "user_id", why)) { return false; }
    query->placement = request->placement;
    if (query->placement.size && !list_query_check_placement(query->placement, why)) {
        return false;
    }
    if (!read_context(request, query, why) || !read_profile(request, query, why) ||
        !read_actions(request, query, why)) {
        return false;
    }
    if (!read_ids(&request->candidates, "candidates", query->candidates,
                  &query->candidates_count, why)) {
        return false;
    }
    query->text = request->query;
    if (query->text.size && !list_query_check_text(query->text, why)) { return false; }
    bool some = query->user.size || list_query_sends(query) || list_query_has_profile(query) ||
                list_query_has_context(query);
    return some ? list_query_check_user(query, why)
                : list_query_refuse(why, "request", "want a user_id, action_items, candidates, a "
                                                    "query, a profile or a context");
}

static bool read_items(const struct recommendation_request *request, struct list_query *query,
                       char *why)
{
    static const enum item_order_kind orders[REQUEST_KINDS] = {
        [REQUEST_SIMILAR] = ORDER_SIMILAR,   [REQUEST_TOGETHER] = ORDER_TOGETHER,
        [REQUEST_POPULAR] = ORDER_POPULAR,   [REQUEST_TRENDING] = ORDER_TRENDING,
        [REQUEST_NEW] = ORDER_NEW,
    };
    query->kind = QUERY_ITEMS;
    query->order = orders[request->kind];
    if (query->order == ORDER_SIMILAR || query->order == ORDER_TOGETHER) {
        query->item = request->item_id;
        return list_query_check_id(query->item, "item_id", why);
    }
    query->tag = request->tag;
    return !query->tag.size || list_query_check_id(query->tag, "tag", why);
}

static bool read_users(const struct recommendation_request *request, struct list_query *query,
                       char *why)
{
    query->kind = QUERY_USERS;
    query->item = request->item_id;
    return list_query_check_id(query->item, "item_id", why);
}

static bool read_query(const struct recommendation_request *request, struct list_query *query,
                       char *why)
{
    list_query_clear(query);
    bool fine = request->kind == REQUEST_LIST    ? read_list(request, query, why)
                : request->kind == REQUEST_USERS ? read_users(request, query, why)
                                                 : read_items(request, query, why);
    if (!fine || !list_query_check_number(request->offset, "offset", 0, why) ||
        !list_query_check_number(request->limit, "limit", 0, why)) {
        return false;
    }
    query->offset = (size_t)request->offset;
    query->limit = (size_t)request->limit;
    return read_ids(&request->exclude, "exclude", query->excluded, &query->excluded_count, why);
}

/* ---- The response ---- */

/* Writes the response into `message`: 0 or a negative errno, for a list that others wrote. */
static int write_response(struct request_topic *requests,
                          const struct recommendation_request *request,
                          const struct found_list *found, int64_t age_ms)
{
    const struct recommendation_list *list = &found->list;
    const char *none = "";
    struct recommendation_response response = {
        .request_id = request->request_id,
        .status = (int32_t)found->code,
        .error = slice_str(found->error ? found->error : none),
        .message = slice_str(found->message ? found->message : none),
        .user_id = request->user_id,
        .items = list->items,
        .scores = list->scores,
        .reasons = list->reasons,
        .because = list->because,
        .shares = list->shares,
        .evidence = list->evidence,
        .total = (int32_t)found->total,
        .cause = slice_str(found->error ? none : list_text_cause(found)),
        .model = list->model,
        .made_by = list->made_by,
        .vectors = list->vectors,
        .generation = list->generation,
        .actions = list->actions,
        .event_time_ms = list->event_time_ms,
        .as_of_ms = list->as_of_ms,
        .data_age_ms = age_ms,
        .list_id = list->list_id,
        .placement = request->placement,
        .rules_offset = found->error ? -1 : list->rules_offset,
        .ranks = list->placement_ranks,
        .rules = list->placement_rules,
        .probabilities = list->placement_probabilities,
        .users = found->users,
        .last_ms = list->last_ms,
        .found_by = slice_str(found->found_by && !found->error ? found->found_by : none),
    };
    if (request->placement.size) {
        response.removal_items = list->removal_items;
        response.removal_ranks = list->removal_ranks;
        response.removal_rules = list->removal_rules;
    }
    buf_clear(&requests->message);
    return codec_encode(requests->writer, &response, &requests->message);
}

static void respond(struct request_topic *requests, struct task *task, const struct record *rec,
                    const struct recommendation_request *request, struct found_list *found,
                    int64_t age_ms)
{
    if (write_response(requests, request, found, age_ms) < 0) {
        *found = (struct found_list){
            .code = 500, .error = "too_large",
            .message = "the list is larger than a message, or has a value that none may have"};
        int result = write_response(requests, request, found, age_ms);
        assert(result == 0); /* what is left of it is the request's, which was decoded */
    }
    task_emit(task, requests->output, PARTITION_BY_KEY,
              rec->key.data ? rec->key : request->request_id, buf_slice(&requests->message));
    metric_add(found->error ? requests->refused : requests->answered, 1);
    query_counts_add(&requests->queries, found);
}

enum verdict request_topic_take(struct request_topic *requests, struct task *task,
                                const struct record *rec, int64_t age_ms)
{
    struct recommendation_request request;
    struct codec_error error;
    struct found_list found = {.code = 400, .error = "bad_request"};
    char why[QUERY_WHY_BYTES];
    struct arena *arena = list_finder_begin(requests->finder);
    if (!rec->value.data) { return task_refuse(task, "empty", "want a request"); }
    if (rec->key.size > REQUEST_KEY_BYTES_MAX) {
        return task_refuse(task, "bad_key",
                           "want a key of at most %d bytes, which the response gets",
                           REQUEST_KEY_BYTES_MAX);
    }
    if (codec_decode(requests->reader, rec->value, arena, &request, &error) < 0) {
        return task_refuse_undecoded(task, &error);
    }
    if (read_query(&request, &requests->query, why)) {
        list_finder_find(requests->finder, &requests->query, &found);
    } else {
        found.message = why;
    }
    respond(requests, task, rec, &request, &found, age_ms);
    return VERDICT_DONE;
}
