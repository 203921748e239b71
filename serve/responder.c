/* The answer to each request. It runs on the HTTP server's thread: the query is read, the list is
 * found (list_finder.h) and printed. Nothing is kept between two requests.
 */
#include "base/base.h"
#include "base/clock.h"
#include "base/xalloc.h"
#include "serve/console/console.h"
#include "serve/list_body.h"
#include "serve/list_text.h"
#include "serve/query_counts.h"
#include "serve/responder.h"

#include <stdatomic.h>

static const char openapi[] =
#include "openapi.json.inc"
    ;

static const unsigned codes[] = {200, 400, 401, 404, 405, 500, 503};

struct responder {
    struct responder_parts parts;
    struct list_query query;
    _Atomic bool loaded;
    _Atomic int64_t current_ms;
    struct metric *answers[ARRAY_COUNT(codes)], *seconds;
    struct query_counts queries;
};

struct responder *responder_new(const struct responder_parts *parts)
{
    struct responder *responder = xcalloc(1, sizeof(*responder));
    responder->parts = *parts;
    for (size_t i = 0; i < ARRAY_COUNT(codes); i++) {
        char label[32];
        (void)snprintf(label, sizeof(label), "code=\"%u\"", codes[i]);
        responder->answers[i] = metrics_counter(parts->metrics, "freshet_serve_requests_total",
                                                label, "Requests answered, by HTTP status.");
    }
    query_counts_init(&responder->queries, parts->metrics, "http");
    responder->seconds =
        metrics_histogram(parts->metrics, "freshet_serve_request_seconds", "",
                          "Time to make an answer, without the network.", 1e-6, 6);
    return responder;
}

struct responder *responder_free(struct responder *responder)
{
    if (!responder) { return NULL; }
    list_finder_free(responder->parts.finder);
    access_tokens_free(responder->parts.tokens);
    picture_hosts_free(responder->parts.pictures);
    free(responder->parts.command_flags);
    free(responder);
    return NULL;
}

void responder_tell(struct responder *responder, bool loaded, int64_t current_ms)
{
    atomic_store(&responder->current_ms, current_ms);
    atomic_store(&responder->loaded, loaded);
}

int64_t responder_age_ms(const struct responder *responder)
{
    int64_t now_ms = responder->parts.now_ms(responder->parts.now_arg);
    return MAX_OF(now_ms - atomic_load(&responder->current_ms), (int64_t)0);
}

/* ---- Answers ---- */

static void answer_error(struct http_answer *answer, unsigned code, const char *error,
                         const char *message)
{
    answer->code = code;
    list_text_error(&answer->body, error, message);
}

static void answer_found(struct responder *responder, const struct found_list *found,
                         struct http_answer *answer)
{
    int64_t age_ms = responder_age_ms(responder);
    if (found->error) {
        answer_error(answer, found->code, found->error, found->message);
        return;
    }
    struct http_note *note = &answer->notes[0];
    note->name = "Freshet-Data-Age-Ms";
    (void)snprintf(note->value, sizeof(note->value), "%" PRId64, age_ms);
    list_text_found(&answer->body, &responder->query, found, age_ms);
}

/* ---- Requests ---- */

static void answer_list(struct responder *responder, const struct http_request *request,
                        const struct list_path *path, struct http_answer *answer)
{
    char why[QUERY_WHY_BYTES];
    struct found_list found;
    struct arena *arena = list_finder_begin(responder->parts.finder);
    bool fine = path->post
                    ? list_body_read(request->body, arena, &responder->query, why)
                    : list_query_read(request, path, arena, &responder->query, why);
    if (!fine) {
        answer_error(answer, 400, "bad_request", why);
        return;
    }
    if (!atomic_load(&responder->loaded)) {
        answer_error(answer, 503, "loading", "the tables are being loaded; try again");
        return;
    }
    responder->query.ticket = request->ticket;
    list_finder_find(responder->parts.finder, &responder->query, &found);
    answer->later = found.later;
    if (found.later) { return; }
    query_counts_add(&responder->queries, &found);
    answer_found(responder, &found, answer);
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

static void answer_known(struct responder *responder, const struct http_request *request,
                         const struct list_path *path, struct http_answer *answer)
{
    if (!is_allowed(responder, request)) {
        answer_stranger(answer);
    } else if (path->post != request->post) {
        answer_error(answer, 405, "other_method", path->post ? "want POST" : "want GET or HEAD");
    } else {
        answer_list(responder, request, path, answer);
    }
}

static void answer_person(struct responder *responder, const struct http_request *request,
                          struct http_answer *answer)
{
    const struct console_parts parts = {
        .finder = responder->parts.finder,
        .query = &responder->query,
        .tokens = responder->parts.tokens,
        .letters = responder->parts.letters,
        .quality = responder->parts.quality,
        .beside = responder->parts.beside,
        .flow = responder->parts.flow,
        .pictures = responder->parts.pictures,
        .command_flags = responder->parts.command_flags,
        .loaded = atomic_load(&responder->loaded),
        .age_ms = responder_age_ms(responder),
    };
    console_answer(&parts, request, answer);
}

static void answer_path(struct responder *responder, const struct http_request *request,
                        struct http_answer *answer)
{
    struct list_path path;
    bool loaded = atomic_load(&responder->loaded);
    if (list_query_path(request->path, &path)) {
        answer_known(responder, request, &path, answer);
    } else if (request->post) {
        answer_error(answer, 405, "other_method", "want GET or HEAD");
    } else if (console_has(request->path)) {
        answer_person(responder, request, answer);
    } else if (strcmp(request->path, "/v1/openapi.json") == 0) {
        buf_append(&answer->body, openapi, sizeof(openapi) - 1);
    } else if (strcmp(request->path, "/live") == 0) {
        buf_printf(&answer->body, "{\"live\":true}\n");
    } else if (strcmp(request->path, "/ready") == 0) {
        answer->code = loaded ? 200 : 503;
        buf_printf(&answer->body, "{\"ready\":%s}\n", loaded ? "true" : "false");
    } else {
        answer_error(answer, 404, "no_such_path",
                     "the server has /v1/users/{id}/recommendations, /v1/users/{id}/profile, "
                     "/v1/users/{id}/similar, /v1/recommendations, "
                     "/v1/segments/{name}/recommendations, /v1/clusters/{name}/recommendations, "
                     "/v1/items/{id}/similar, /v1/items/{id}/together, /v1/items/{id}/users, "
                     "/v1/items/popular, "
                     "/v1/items/trending, /v1/items/new, /v1/openapi.json, /console, /live "
                     "and /ready");
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
    answer->type = "application/json";
    answer_path(responder, request, answer);
    if (answer->later) { return; } /* it is asked again */
    count(responder, answer->code);
    metric_observe(responder->seconds, seconds_now() - from);
}
