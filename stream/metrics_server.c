/* The server's thread touches three things of the worker: the metrics (guarded by their registry),
 * `healthy` (atomic) and the status callback, which must guard its own data. */
#include "base/base.h"
#include "base/xalloc.h"
#include "stream/http/http_server.h"
#include "stream/metrics.h"

#include <stdatomic.h>

enum {
    SERVER_CONNECTIONS_MAX = 64,
    SERVER_ADDRESS_MAX = 16, /* connections of one address */
    SERVER_TIMEOUT_S = 10,   /* without a byte */
    SERVER_LIFE_MS = 60000,
    SERVER_ANSWER_MAX = 32 << 20,
};

struct metrics_server {
    struct metrics *metrics;
    void (*status)(void *arg, struct buf *out);
    void *status_arg;
    struct http_server *http;
    _Atomic bool healthy;
};

static void answer_request(void *arg, const struct http_request *request,
                           struct http_answer *answer)
{
    struct metrics_server *server = arg;
    if (strcmp(request->path, "/metrics") == 0) {
        answer->type = "text/plain; version=0.0.4; charset=utf-8";
        metrics_print(server->metrics, &answer->body);
    } else if (strcmp(request->path, "/health") == 0) {
        bool healthy = atomic_load(&server->healthy);
        answer->code = healthy ? 200 : 503;
        buf_printf(&answer->body, "%s\n", healthy ? "ok" : "not ready");
    } else if (strcmp(request->path, "/status") == 0) {
        answer->type = "application/json";
        if (server->status) {
            server->status(server->status_arg, &answer->body);
        } else {
            buf_printf(&answer->body, "{}");
        }
    } else {
        answer->code = 404;
        buf_printf(&answer->body, "not found; the server has /metrics, /health and /status\n");
    }
}

int metrics_server_start(struct metrics *metrics, const char *address, int port,
                         void (*status)(void *arg, struct buf *out), void *status_arg,
                         struct metrics_server **ret_server)
{
    struct metrics_server *server = xcalloc(1, sizeof(*server));
    server->metrics = metrics;
    server->status = status;
    server->status_arg = status_arg;
    const struct http_settings settings = {
        .address = address,
        .port = port,
        .connections = SERVER_CONNECTIONS_MAX,
        .connections_each = SERVER_ADDRESS_MAX,
        .life_ms = SERVER_LIFE_MS,
        .timeout_s = SERVER_TIMEOUT_S,
        .answer_bytes = SERVER_ANSWER_MAX,
        .answer = answer_request,
        .arg = server,
    };
    int fault = http_server_start(&settings, &server->http);
    if (fault) {
        free(server);
        return fault;
    }
    *ret_server = server;
    return 0;
}

struct metrics_server *metrics_server_free(struct metrics_server *server)
{
    if (!server) { return NULL; }
    http_server_free(server->http);
    free(server);
    return NULL;
}

int metrics_server_port(const struct metrics_server *server)
{
    return http_server_port(server->http);
}

void metrics_server_health(struct metrics_server *server, bool healthy)
{
    atomic_store(&server->healthy, healthy);
    http_server_check(server->http);
}
