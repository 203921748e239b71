/* A list is answered in three steps: the query is read, the row is found under the user's id or one
 * of its pseudonyms (newest key first, as `freshet list` looks), and the row is printed without
 * what the query excludes. Nothing is kept between two requests. */
#include "base/base.h"
#include "base/clock.h"
#include "base/quote.h"
#include "base/xalloc.h"
#include "schemas/recommendation_list.h"
#include "serve/list_query.h"
#include "serve/responder.h"
#include "stream/avro/codec.h"

#include <stdatomic.h>

enum { ARENA_BYTES = 1 << 16, ROW_BYTES_MAX = 64 << 20 };

static const char openapi[] =
#include "openapi.json.inc"
    ;

static const unsigned codes[] = {200, 400, 401, 404, 500, 503};

struct responder {
    struct responder_parts parts;
    struct schema_cache *schemas;
    struct codec *codec;
    struct arena *arena;
    struct buf row;
    struct list_query query;
    _Atomic bool loaded;
    _Atomic int64_t current_ms;
    struct metric *answers[ARRAY_COUNT(codes)], *seconds;
};

struct responder *responder_new(const struct responder_parts *parts)
{
    struct responder *responder = xcalloc(1, sizeof(*responder));
    responder->parts = *parts;
    responder->schemas = schema_cache_new();
    responder->codec = codec_new(&recommendation_list_contract, responder->schemas);
    responder->arena = arena_new(ARENA_BYTES);
    buf_init(&responder->row, ROW_BYTES_MAX);
    for (size_t i = 0; i < ARRAY_COUNT(codes); i++) {
        char label[32];
        (void)snprintf(label, sizeof(label), "code=\"%u\"", codes[i]);
        responder->answers[i] = metrics_counter(parts->metrics, "freshet_serve_requests_total",
                                                label, "Requests answered, by HTTP status.");
    }
    responder->seconds =
        metrics_histogram(parts->metrics, "freshet_serve_request_seconds", "",
                          "Time to make an answer, without the network.", 1e-6, 6);
    return responder;
}

struct responder *responder_free(struct responder *responder)
{
    if (!responder) { return NULL; }
    pseudonyms_free(responder->parts.pseudonyms);
    access_tokens_free(responder->parts.tokens);
    codec_free(responder->codec);
    schema_cache_free(responder->schemas);
    arena_free(responder->arena);
    buf_release(&responder->row);
    free(responder);
    return NULL;
}

void responder_tell(struct responder *responder, bool loaded, int64_t current_ms)
{
    atomic_store(&responder->current_ms, current_ms);
    atomic_store(&responder->loaded, loaded);
}

/* ---- Answers ---- */

static void answer_error(struct http_answer *answer, unsigned code, const char *error,
                         const char *message)
{
    answer->code = code;
    buf_printf(&answer->body, "{\"error\":\"%s\",\"message\":", error);
    quote_json(&answer->body, slice_str(message), QUOTE_EITHER);
    buf_printf(&answer->body, "}\n");
}

static void put_text(struct buf *out, const char *name, struct slice text)
{
    buf_printf(out, "\"%s\":", name);
    quote_json(out, text, QUOTE_EITHER);
    buf_append(out, ",", 1);
}

static bool is_excluded(const struct list_query *query, struct slice item)
{
    for (size_t i = 0; i < query->excluded_count; i++) {
        if (slice_equal(query->excluded[i], item)) { return true; }
    }
    return false;
}

static void put_item(struct buf *out, const struct recommendation_list *list, size_t at)
{
    buf_append(out, "{", 1);
    put_text(out, "item", list->items.at[at]);
    put_text(out, "reason", slice_str(list_reason_name(list->reasons.at[at])));
    put_text(out, "because", list->because.at[at]);
    buf_printf(out, "\"share\":%.9g,\"evidence\":%.9g,\"score\":%.9g}",
               (double)list_share(list, at), (double)list->evidence.at[at],
               (double)list->scores.at[at]);
}

/* Returns the number of items that the query does not exclude. */
static size_t put_items(struct buf *out, const struct recommendation_list *list,
                        const struct list_query *query)
{
    size_t left = 0, shown = 0;
    buf_printf(out, "\"items\":[");
    for (size_t i = 0; i < list->items.count; i++) {
        if (is_excluded(query, list->items.at[i])) { continue; }
        if (left++ < query->offset || shown == query->limit) { continue; }
        if (shown++) { buf_append(out, ",", 1); }
        put_item(out, list, i);
    }
    buf_printf(out, "],");
    return left;
}

static void put_list(struct buf *out, const struct recommendation_list *list,
                     const struct list_query *query, int64_t age_ms)
{
    buf_append(out, "{", 1);
    put_text(out, "user", query->user);
    size_t left = put_items(out, list, query);
    put_text(out, "cause", slice_str(list_cause_name(list->cause)));
    put_text(out, "generation", list->generation);
    put_text(out, "ranking", list->model);
    put_text(out, "made_by", list->made_by);
    put_text(out, "model_version", list->vectors);
    buf_printf(out,
               "\"offset\":%zu,\"total\":%zu,\"actions\":%" PRId64 ",\"event_time_ms\":%" PRId64
               ",\"as_of_ms\":%" PRId64 ",\"data_age_ms\":%" PRId64 "}\n",
               query->offset, left, list->actions, list->event_time_ms, list->as_of_ms, age_ms);
}

/* ---- Requests ---- */

/* Reads the row of a user: 0, -ENOENT or another -errno. */
static int find_row(struct responder *responder, struct slice user)
{
    struct pseudonyms *pseudonyms = responder->parts.pseudonyms;
    buf_clear(&responder->row);
    if (!pseudonyms || pseudonyms_is_one(pseudonyms, user)) {
        return list_table_read(responder->parts.lists, user, &responder->row);
    }
    int result = -ENOENT;
    for (size_t key = pseudonyms_count(pseudonyms); key > 0 && result == -ENOENT; key--) {
        struct slice name = pseudonyms_of(pseudonyms, key - 1, user, responder->arena);
        result = list_table_read(responder->parts.lists, name, &responder->row);
    }
    return result;
}

static void answer_row(struct responder *responder, struct http_answer *answer)
{
    struct recommendation_list list;
    int64_t now_ms = responder->parts.now_ms(responder->parts.now_arg);
    int64_t age_ms = MAX_OF(now_ms - atomic_load(&responder->current_ms), (int64_t)0);
    if (codec_decode(responder->codec, buf_slice(&responder->row), responder->arena, &list, NULL) <
        0) {
        answer_error(answer, 500, "damaged", "the stored list cannot be read; delete state.dir");
        return;
    }
    struct http_note *note = &answer->notes[0];
    note->name = "Freshet-Data-Age-Ms";
    (void)snprintf(note->value, sizeof(note->value), "%" PRId64, age_ms);
    put_list(&answer->body, &list, &responder->query, age_ms);
}

static void answer_list(struct responder *responder, const struct http_request *request,
                        struct slice id, struct http_answer *answer)
{
    char why[QUERY_WHY_BYTES];
    if (!list_query_read(request, id, responder->arena, &responder->query, why)) {
        answer_error(answer, 400, "bad_request", why);
        return;
    }
    if (!atomic_load(&responder->loaded)) {
        answer_error(answer, 503, "loading", "the lists are being loaded; try again");
        return;
    }
    int result = find_row(responder, responder->query.user);
    if (result == 0) {
        answer_row(responder, answer);
    } else if (result == -ENOENT) {
        answer_error(answer, 404, "no_list", "this user has no list");
    } else {
        answer_error(answer, 500, "storage", strerror(-result));
    }
}

static bool is_allowed(struct responder *responder, const struct http_request *request)
{
    struct access_tokens *tokens = responder->parts.tokens;
    return !tokens || access_tokens_allow(tokens, request->authorization);
}

static void answer_stranger(struct http_answer *answer)
{
    answer->notes[0] = (struct http_note){.name = "WWW-Authenticate", .value = "Bearer"};
    answer_error(answer, 401, "no_token", "want the header Authorization: Bearer TOKEN with a "
                                          "token of the server's http.tokens");
}

static void answer_path(struct responder *responder, const struct http_request *request,
                        struct http_answer *answer)
{
    struct slice id;
    bool loaded = atomic_load(&responder->loaded);
    bool known = list_query_path(request->path, &id);
    if (known && !is_allowed(responder, request)) {
        answer_stranger(answer);
    } else if (known) {
        answer_list(responder, request, id, answer);
    } else if (strcmp(request->path, "/v1/openapi.json") == 0) {
        buf_append(&answer->body, openapi, sizeof(openapi) - 1);
    } else if (strcmp(request->path, "/live") == 0) {
        buf_printf(&answer->body, "{\"live\":true}\n");
    } else if (strcmp(request->path, "/ready") == 0) {
        answer->code = loaded ? 200 : 503;
        buf_printf(&answer->body, "{\"ready\":%s}\n", loaded ? "true" : "false");
    } else {
        answer_error(answer, 404, "no_such_path",
                     "the server has /v1/users/{id}/recommendations, /v1/openapi.json, /live and "
                     "/ready");
    }
}

static void count(struct responder *responder, unsigned code)
{
    for (size_t i = 0; i < ARRAY_COUNT(codes); i++) {
        if (codes[i] == code) { metric_add(responder->answers[i], 1); }
    }
}

static double seconds_now(void)
{
    struct timespec now;
    clock_gettime(CLOCK_MONOTONIC, &now);
    return (double)now.tv_sec + (double)now.tv_nsec / 1e9;
}

void responder_answer(void *arg, const struct http_request *request, struct http_answer *answer)
{
    struct responder *responder = arg;
    double from = seconds_now();
    arena_reset(responder->arena);
    answer->type = "application/json";
    answer_path(responder, request, answer);
    count(responder, answer->code);
    metric_observe(responder->seconds, seconds_now() - from);
}
