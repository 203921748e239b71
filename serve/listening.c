#include "base/base.h"
#include "base/xalloc.h"
#include "pseudonyms/pseudonyms.h"
#include "serve/access_tokens.h"
#include "serve/list_body.h"
#include "serve/console/picture_hosts.h"
#include "serve/listening.h"
#include "serve/query_model.h"
#include "serve/serve_settings.h"

enum { ANSWER_BYTES_MAX = 64 << 20 };

static char *cannot_listen(const struct serve_settings *settings, int fault)
{
    return xprintf("cannot answer requests on %s:%" PRId64 ": %s; hint: http.address, http.port; 0 "
                   "takes a free one",
                   settings->address, settings->port, strerror(-fault));
}

static void wake(void *arg, uint64_t ticket)
{
    http_server_wake(arg, ticket);
}

int serve_listen(struct run *run, struct responder *responder, struct query_vectors *queries,
                 struct http_server **ret_server)
{
    const struct serve_settings *settings = run_settings(run);
    const struct http_settings http = {
        .address = settings->address,
        .port = (int)settings->port,
        .connections = (size_t)settings->connections,
        .connections_each = (size_t)settings->connections,
        .limits_change = true,
        .timeout_s = (unsigned)(settings->timeout_ms / 1000),
        .answer_bytes = ANSWER_BYTES_MAX,
        .body_bytes = LIST_BODY_BYTES_MAX,
        .waits = queries != NULL,
        .answer = responder_answer,
        .arg = responder,
    };
    int result = http_server_start(&http, ret_server);
    if (result < 0) {
        _cleanup_(xfreep) char *why = cannot_listen(settings, result);
        run_refuse(run, "%s", why);
        return result;
    }
    if (queries) { query_vectors_wake_by(queries, wake, *ret_server); }
    run_log(run, LOG_INFO, "answering requests", "address=%s port=%d", settings->address,
            http_server_port(*ret_server));
    return 0;
}

void serve_use_limits(struct run *run, struct http_server *server)
{
    const struct serve_settings *settings = run_settings(run);
    http_server_limit(server, (size_t)settings->connections);
}

char *serve_check(const void *settings, struct buf *notes _unused_)
{
    const struct serve_settings *s = settings;
    struct pseudonyms *pseudonyms = NULL;
    struct access_tokens *tokens = NULL;
    char why[512];
    char *fault = list_settings_fault(&s->lists);
    if (fault) { return fault; }
    picture_hosts_free(picture_hosts_new(s->console_images, &fault));
    if (fault) { return fault; }
    int result = 0;
    if (s->pseudonym_keys[0]) {
        result = pseudonyms_load(s->pseudonym_keys, &pseudonyms, why, sizeof(why));
    }
    if (!result && s->tokens[0]) {
        result = access_tokens_load(s->tokens, &tokens, why, sizeof(why));
    }
    pseudonyms_free(pseudonyms);
    access_tokens_free(tokens);
    return result ? xstrdup(why) : NULL;
}

/* Two addresses are one port when they are the same, or one of them is all of the machine's. */
static bool meets(const char *a, const char *b)
{
    static const char *const all[] = {"", "0.0.0.0", "::", "*"};
    for (size_t i = 0; i < ARRAY_COUNT(all); i++) {
        if (strcmp(a, all[i]) == 0 || strcmp(b, all[i]) == 0) { return true; }
    }
    return strcmp(a, b) == 0;
}

char *serve_check_start(const void *settings, const struct run_settings *runtime)
{
    const struct serve_settings *s = settings;
    bool same = s->port && s->port == runtime->metrics_port;
    if (same && meets(s->address, runtime->metrics_address)) {
        return xprintf("http.port=%" PRId64 " and metrics.port=%" PRId64 " are the same; hint: "
                       "give one of them another port; metrics.port=0 takes a free one",
                       s->port, runtime->metrics_port);
    }
    int result = http_server_try(s->address, (int)s->port);
    return result ? cannot_listen(s, result) : NULL;
}
