/* libmicrohttpd's thread starts with all signals blocked and waits with epoll, because select()
 * cannot wait for a descriptor above 1,023.
 *
 * We open the socket ourselves, for a clear error and to know the port. libmicrohttpd owns it from
 * start_daemon() on, even when that fails. A POST's body is collected in a struct exchange, which
 * lives from the head of a request to its end; of a body that is too large nothing is kept.
 * http_server_free() ends the thread before it frees, so no request outlives the server.
 *
 * Whoever opens many connections and sends a byte now and then must not keep others out, nor a
 * probe on the same machine. So a new connection is always taken: beyond the limit of its address,
 * or of all, an old one is closed for it, the oldest of the address that has most. With a limit of
 * life no connection lives longer. To close one is to shut its socket down; libmicrohttpd then
 * sees its end. The list of connections is guarded by a mutex, and libmicrohttpd tells us of an end
 * before it closes the socket, so no descriptor that has been given to somebody else is shut down.
 *
 * A proxy in front must see the same requests on a connection as we do, or the bytes of one client
 * become the begin of another's request. libmicrohttpd takes heads whose length can be read in two
 * ways (RFC 9112, 6.3). We refuse them and close.
 *
 * A body is kept until it is whole, before anybody looks at a token. All bodies together have a
 * limit, and so has what a request may send in vain.
 *
 * libmicrohttpd decodes %XX in place and hands over C strings, in which %2F would be a slash of the
 * path and %00 the end of an id. So it is told to decode nothing.
 */
#include "base/base.h"
#include "base/clock.h"
#include "base/thread.h"
#include "base/xalloc.h"
#include "stream/http/connection_list.h"
#include "stream/http/http_server.h"
#include "stream/http/waiting_requests.h"

#include <microhttpd.h>
#include <netdb.h>
#include <netinet/in.h>
#include <strings.h>
#include <sys/socket.h>
#include <unistd.h>

enum {
    SERVER_MEMORY_PER_CONNECTION = 16 << 10, /* of which a request's head is a part */
    SERVER_BACKLOG = 64,
    SERVER_BODIES_MAX = 64,        /* in memory at a time, of the largest size */
    SERVER_DROPPED_MAX = 16 << 20, /* bytes that a request may send in vain */
};

/* A request whose head has been read. */
struct exchange {
    bool post;
    unsigned refused; /* the status for its body; 0: none */
    size_t dropped;
    struct buf body;
    uint64_t ticket; /* 0: it may not wait */
};

/* Stands for a request whose arguments were cut off. */
static struct exchange too_many_arguments;

struct http_server {
    struct http_settings settings;
    struct connection_list *connections;
    struct MHD_Daemon *daemon;
    struct waiting_requests *waiting; /* NULL: none may wait */
    size_t bodies; /* bytes of all bodies; the server's thread alone knows them */
    int port;
};

/* ---- Requests ---- */

static int hex_digit(char digit)
{
    if (digit >= '0' && digit <= '9') { return digit - '0'; }
    if (digit >= 'a' && digit <= 'f') { return digit - 'a' + 10; }
    return digit >= 'A' && digit <= 'F' ? digit - 'A' + 10 : -1;
}

struct slice http_unescape(struct slice part, char *into)
{
    size_t size = 0;
    for (size_t i = 0; i < part.size; i++) {
        into[size] = part.data[i];
        if (part.data[i] == '%') {
            int high = part.size - i > 2 ? hex_digit(part.data[i + 1]) : -1;
            int low = high >= 0 ? hex_digit(part.data[i + 2]) : -1;
            if (low < 0) { return slice_of(NULL, 0); }
            into[size] = (char)(high * 16 + low);
            i += 2;
        }
        size++;
    }
    return slice_of(into, size);
}

static size_t unescape_nothing(void *arg _unused_, struct MHD_Connection *connection _unused_,
                               char *text)
{
    return strlen(text);
}

/* For some hundreds of arguments a connection has no memory, and libmicrohttpd (0.9.75) then
 * neither answers nor closes. So too many are cut off, from its own copy of the line, before it
 * takes them apart; what is returned is the request's *state at first. */
static void *cut_arguments(void *arg _unused_, const char *uri,
                           struct MHD_Connection *connection _unused_)
{
    char *query = (char *)(uintptr_t)strchr(uri, '?'), *at = query;
    for (size_t count = 0; at && count < HTTP_ARGUMENTS_MAX; count++) { at = strchr(at + 1, '&'); }
    if (!at) { return NULL; }
    query[1] = '\0';
    return &too_many_arguments;
}

static enum MHD_Result take_argument(void *arg, enum MHD_ValueKind kind _unused_, const char *name,
                                     size_t name_size, const char *value, size_t value_size)
{
    struct http_request *request = arg;
    if (request->arguments_count == HTTP_ARGUMENTS_MAX) { return MHD_NO; }
    request->arguments[request->arguments_count++] = (struct http_argument){
        slice_of(name, name_size), slice_of(value ? value : "", value ? value_size : 0)};
    return MHD_YES;
}

/* Sends the answer; the response owns the body's memory from here on. */
static enum MHD_Result send_answer(const struct http_server *server,
                                   struct MHD_Connection *connection, struct http_answer *answer)
{
    struct buf *body = &answer->body;
    struct MHD_Response *response = MHD_create_response_from_buffer(
        body->size, body->data, body->data ? MHD_RESPMEM_MUST_FREE : MHD_RESPMEM_PERSISTENT);
    if (!response) {
        buf_release(body);
        return MHD_NO;
    }
    (void)MHD_add_response_header(response, MHD_HTTP_HEADER_CONTENT_TYPE, answer->type);
    (void)MHD_add_response_header(response, MHD_HTTP_HEADER_CACHE_CONTROL,
                                  answer->lasts ? "private, max-age=86400" : "no-store");
    if (answer->policy) {
        (void)MHD_add_response_header(response, "Content-Security-Policy", answer->policy);
        (void)MHD_add_response_header(response, "X-Content-Type-Options", "nosniff");
        (void)MHD_add_response_header(response, "Referrer-Policy", "no-referrer");
    }
    for (size_t i = 0; i < HTTP_NOTES_MAX; i++) {
        const struct http_note *note = &answer->notes[i];
        if (note->name) { (void)MHD_add_response_header(response, note->name, note->value); }
    }
    if (answer->code == MHD_HTTP_METHOD_NOT_ALLOWED) {
        (void)MHD_add_response_header(response, MHD_HTTP_HEADER_ALLOW,
                                      server->settings.body_bytes ? "GET, HEAD, POST"
                                                                  : "GET, HEAD");
    }
    enum MHD_Result result = MHD_queue_response(connection, answer->code, response);
    MHD_destroy_response(response);
    return result;
}

static void fill_answer(struct http_server *server, struct MHD_Connection *connection,
                        const char *path, const struct exchange *exchange,
                        struct http_answer *answer)
{
    struct http_request request = {.path = path, .post = exchange->post,
                                   .body = buf_slice(&exchange->body), .ticket = exchange->ticket};
    (void)MHD_get_connection_values_n(connection, MHD_GET_ARGUMENT_KIND, take_argument, &request);
    request.authorization = MHD_lookup_connection_value(connection, MHD_HEADER_KIND,
                                                        MHD_HTTP_HEADER_AUTHORIZATION);
    request.language = MHD_lookup_connection_value(connection, MHD_HEADER_KIND,
                                                   MHD_HTTP_HEADER_ACCEPT_LANGUAGE);
    request.accept =
        MHD_lookup_connection_value(connection, MHD_HEADER_KIND, MHD_HTTP_HEADER_ACCEPT);
    request.last_event =
        MHD_lookup_connection_value(connection, MHD_HEADER_KIND, "Last-Event-ID");
    server->settings.answer(server->settings.arg, &request, answer);
    if (buf_failed(&answer->body)) {
        buf_clear(&answer->body);
        answer->code = MHD_HTTP_INTERNAL_SERVER_ERROR;
        answer->type = "text/plain; charset=utf-8";
        buf_printf(&answer->body, "the answer is larger than %zu bytes\n",
                   server->settings.answer_bytes);
    }
}

static enum MHD_Result refuse(const struct http_server *server, struct MHD_Connection *connection,
                              unsigned code, const char *why)
{
    struct http_answer answer = {.code = code, .type = "text/plain; charset=utf-8"};
    if (code == MHD_HTTP_BAD_REQUEST) {
        answer.notes[0] = (struct http_note){MHD_HTTP_HEADER_CONNECTION, "close"};
    }
    buf_init(&answer.body, server->settings.answer_bytes);
    buf_printf(&answer.body, "%s\n", why);
    return send_answer(server, connection, &answer);
}

/* What a head says of the length of its body. */
struct framing {
    size_t lengths, encodings;
    bool odd; /* another encoding than chunked, or a name with a blank behind it */
};

static bool is_name(const char *name, size_t size, const char *known)
{
    return size == strlen(known) && strncasecmp(name, known, size) == 0;
}

static enum MHD_Result take_header(void *arg, enum MHD_ValueKind kind _unused_, const char *name,
                                   size_t name_size, const char *value, size_t value_size)
{
    struct framing *framing = arg;
    framing->odd |= memchr(name, ' ', name_size) || memchr(name, '\t', name_size);
    framing->lengths += is_name(name, name_size, MHD_HTTP_HEADER_CONTENT_LENGTH);
    if (is_name(name, name_size, MHD_HTTP_HEADER_TRANSFER_ENCODING)) {
        framing->encodings++;
        framing->odd |= !value || !is_name(value, value_size, "chunked");
    }
    return MHD_YES;
}

/* Says whether nobody can read the length of the body in another way. */
static bool is_framed(struct MHD_Connection *connection)
{
    struct framing framing = {0};
    (void)MHD_get_connection_values_n(connection, MHD_HEADER_KIND, take_header, &framing);
    return !framing.odd && framing.lengths + framing.encodings <= 1;
}

/* Begins an exchange, or refuses the method. */
static enum MHD_Result begin_framed(const struct http_server *server,
                                    struct MHD_Connection *connection, const char *method,
                                    void **state)
{
    bool posts = server->settings.body_bytes > 0;
    if (!is_framed(connection)) {
        return refuse(server, connection, MHD_HTTP_BAD_REQUEST,
                      "want one Content-Length, or Transfer-Encoding: chunked");
    }
    bool post = posts && strcmp(method, "POST") == 0;
    if (!post && strcmp(method, "GET") != 0 && strcmp(method, "HEAD") != 0) {
        return refuse(server, connection, MHD_HTTP_METHOD_NOT_ALLOWED,
                      posts ? "only GET, HEAD and POST are answered"
                            : "only GET and HEAD are answered");
    }
    struct exchange *exchange = xcalloc(1, sizeof(*exchange));
    exchange->post = post;
    buf_init(&exchange->body, MAX_OF(server->settings.body_bytes, (size_t)1));
    *state = exchange;
    return MHD_YES;
}

/* The head is read: begins an exchange, or refuses what cannot be one. */
static enum MHD_Result begin_exchange(const struct http_server *server,
                                      struct MHD_Connection *connection, const char *method,
                                      void **state)
{
    if (*state == &too_many_arguments) {
        *state = NULL;
        return refuse(server, connection, MHD_HTTP_BAD_REQUEST, "there are too many arguments");
    }
    return begin_framed(server, connection, method, state);
}

static void drop_body(struct http_server *server, struct exchange *exchange)
{
    server->bodies -= exchange->body.size;
    buf_release(&exchange->body);
}

/* Keeps a piece of a body, or drops it; MHD_NO closes the connection. */
static enum MHD_Result take_piece(struct http_server *server, struct exchange *exchange,
                                  const char *piece, size_t size)
{
    size_t most = server->settings.body_bytes;
    if (!exchange->post || exchange->refused) {
        exchange->dropped += size;
        return exchange->dropped > SERVER_DROPPED_MAX ? MHD_NO : MHD_YES;
    }
    if (size > most - exchange->body.size) {
        exchange->refused = MHD_HTTP_CONTENT_TOO_LARGE;
    } else if (server->bodies + size > most * SERVER_BODIES_MAX) {
        exchange->refused = MHD_HTTP_SERVICE_UNAVAILABLE;
    }
    if (exchange->refused) {
        drop_body(server, exchange);
        return MHD_YES;
    }
    buf_append(&exchange->body, piece, size);
    server->bodies += size;
    return MHD_YES;
}

/* Answers a complete request, or lets it wait. */
static enum MHD_Result answer_exchange(struct http_server *server,
                                       struct MHD_Connection *connection, const char *path,
                                       const struct exchange *exchange)
{
    for (;;) {
        struct http_answer answer = {.code = MHD_HTTP_OK, .type = "text/plain; charset=utf-8"};
        buf_init(&answer.body, server->settings.answer_bytes);
        fill_answer(server, connection, path, exchange, &answer);
        if (!answer.later) { return send_answer(server, connection, &answer); }
        assert(exchange->ticket);
        buf_release(&answer.body);
        switch (waiting_requests_wait(server->waiting, exchange->ticket)) {
        case REQUEST_WAITS: return MHD_YES;
        case REQUEST_WOKEN: break;
        case REQUEST_ENDING:
            return refuse(server, connection, MHD_HTTP_SERVICE_UNAVAILABLE, "the server ends");
        }
    }
}

/* Called once when the head is read (*state is what cut_arguments() returned), with each piece of
 * the body, and again when the request is complete. */
static enum MHD_Result on_request(void *arg, struct MHD_Connection *connection, const char *path,
                                  const char *method, const char *version _unused_,
                                  const char *upload, size_t *upload_size, void **state)
{
    struct http_server *server = arg;
    struct exchange *exchange = *state;
    if (!exchange || exchange == &too_many_arguments) {
        return begin_exchange(server, connection, method, state);
    }
    if (*upload_size > 0) {
        size_t size = *upload_size;
        *upload_size = 0;
        return take_piece(server, exchange, upload, size);
    }
    if (exchange->refused) {
        return refuse(server, connection, exchange->refused,
                      exchange->refused == MHD_HTTP_CONTENT_TOO_LARGE
                          ? "the body is too large"
                          : "there are too many bodies at a time; try again");
    }
    if (server->waiting && !exchange->ticket) {
        exchange->ticket = waiting_requests_begin(server->waiting, connection);
    }
    return answer_exchange(server, connection, path, exchange);
}

static void on_end(void *arg, struct MHD_Connection *connection _unused_, void **state,
                   enum MHD_RequestTerminationCode code _unused_)
{
    struct exchange *exchange = *state;
    if (!exchange || exchange == &too_many_arguments) { return; }
    const struct http_server *server = arg;
    if (exchange->ticket) { waiting_requests_end(server->waiting, exchange->ticket); }
    drop_body(arg, exchange);
    free(exchange);
    *state = NULL;
}

/* ---- Connections ---- */

static void begin_connection(struct http_server *server, struct MHD_Connection *connection)
{
    /* The next call may write over what this one points to (libmicrohttpd 1.0). */
    const int fd =
        MHD_get_connection_info(connection, MHD_CONNECTION_INFO_CONNECTION_FD)->connect_fd;
    const union MHD_ConnectionInfo *from =
        MHD_get_connection_info(connection, MHD_CONNECTION_INFO_CLIENT_ADDRESS);
    connection_list_begin(server->connections, connection, fd, from ? from->client_addr : NULL);
}

static void on_connection(void *arg, struct MHD_Connection *connection, void **context _unused_,
                          enum MHD_ConnectionNotificationCode code)
{
    struct http_server *server = arg;
    if (code == MHD_CONNECTION_NOTIFY_STARTED) {
        begin_connection(server, connection);
    } else {
        connection_list_end(server->connections, connection);
    }
}

/* ---- Start and end ---- */

static int listen_at(const struct addrinfo *at, int *ret_fd)
{
    int fd = socket(at->ai_family, at->ai_socktype | SOCK_CLOEXEC | SOCK_NONBLOCK, at->ai_protocol);
    if (fd < 0) { return -errno; }
    int yes = 1;
    (void)setsockopt(fd, SOL_SOCKET, SO_REUSEADDR, &yes, sizeof(yes));
    if (bind(fd, at->ai_addr, at->ai_addrlen) < 0 || listen(fd, SERVER_BACKLOG) < 0) {
        int fault = -errno;
        close(fd);
        return fault;
    }
    *ret_fd = fd;
    return 0;
}

static int listen_on(const char *address, int port, int *ret_fd)
{
    char service[16];
    (void)snprintf(service, sizeof(service), "%d", port);
    struct addrinfo want = {.ai_socktype = SOCK_STREAM, .ai_flags = AI_PASSIVE | AI_NUMERICSERV};
    struct addrinfo *found = NULL;
    int fault = getaddrinfo(address, service, &want, &found);
    if (fault) { return fault == EAI_SYSTEM ? -errno : -EADDRNOTAVAIL; }
    int result = -EADDRNOTAVAIL;
    for (const struct addrinfo *at = found; at && result < 0; at = at->ai_next) {
        result = listen_at(at, ret_fd);
    }
    freeaddrinfo(found);
    return result;
}

static int port_of(int fd)
{
    struct sockaddr_storage bound;
    socklen_t size = sizeof(bound);
    int fault = getsockname(fd, (struct sockaddr *)&bound, &size);
    assert(fault == 0);
    in_port_t port;
    if (bound.ss_family == AF_INET6) {
        memcpy(&port, (char *)&bound + offsetof(struct sockaddr_in6, sin6_port), sizeof(port));
    } else {
        memcpy(&port, (char *)&bound + offsetof(struct sockaddr_in, sin_port), sizeof(port));
    }
    return ntohs(port);
}

static void suspend(void *connection)
{
    MHD_suspend_connection(connection);
}

static void resume(void *connection)
{
    MHD_resume_connection(connection);
}

/* Blocks signals around the start, because the library's thread inherits the mask. */
static struct MHD_Daemon *start_daemon(struct http_server *server, int fd)
{
    sigset_t before;
    thread_block_signals(&before);
    const unsigned rests = server->waiting ? MHD_ALLOW_SUSPEND_RESUME : 0;
    struct MHD_Daemon *started = MHD_start_daemon(
        MHD_USE_EPOLL_INTERNAL_THREAD | rests, 0, NULL, NULL, on_request, server,
        MHD_OPTION_LISTEN_SOCKET, fd,
        MHD_OPTION_NOTIFY_CONNECTION, on_connection, server,
        MHD_OPTION_NOTIFY_COMPLETED, on_end, server,
        MHD_OPTION_CONNECTION_LIMIT, (unsigned)connection_list_capacity(server->connections),
        MHD_OPTION_UNESCAPE_CALLBACK, unescape_nothing, NULL,
        MHD_OPTION_URI_LOG_CALLBACK, cut_arguments, NULL,
        MHD_OPTION_CONNECTION_TIMEOUT, server->settings.timeout_s,
        MHD_OPTION_CONNECTION_MEMORY_LIMIT, (size_t)SERVER_MEMORY_PER_CONNECTION,
        MHD_OPTION_END);
    thread_restore_signals(&before);
    return started;
}

int http_server_start(const struct http_settings *settings, struct http_server **ret_server)
{
    assert(settings->port >= 0 && settings->port <= UINT16_MAX);
    assert(settings->connections && settings->connections <= HTTP_CONNECTIONS_MAX);
    int fd = -1;
    int fault = listen_on(settings->address, settings->port, &fd);
    if (fault) { return fault; }
    struct http_server *server = xcalloc(1, sizeof(*server));
    server->settings = *settings;
    server->port = port_of(fd);
    server->connections =
        connection_list_new(settings->limits_change ? HTTP_CONNECTIONS_MAX : settings->connections);
    connection_list_limit(server->connections, settings->connections, settings->connections_each,
                          settings->life_ms);
    if (settings->waits) { server->waiting = waiting_requests_new(suspend, resume); }
    server->daemon = start_daemon(server, fd); /* owns fd, also on failure */
    if (!server->daemon) {
        (void)http_server_free(server);
        return -EAGAIN;
    }
    *ret_server = server;
    return 0;
}

int http_server_try(const char *address, int port)
{
    int fd = -1;
    int fault = listen_on(address, port, &fd);
    if (!fault) { close(fd); }
    return fault;
}

struct http_server *http_server_free(struct http_server *server)
{
    if (!server) { return NULL; }
    if (server->waiting) { waiting_requests_close(server->waiting); }
    if (server->daemon) { MHD_stop_daemon(server->daemon); }
    waiting_requests_free(server->waiting);
    connection_list_free(server->connections);
    free(server);
    return NULL;
}

int http_server_port(const struct http_server *server)
{
    return server->port;
}

void http_server_wake(struct http_server *server, uint64_t ticket)
{
    if (server->waiting) { waiting_requests_wake(server->waiting, ticket); }
}

void http_server_limit(struct http_server *server, size_t connections)
{
    assert(server->settings.limits_change && connections <= HTTP_CONNECTIONS_MAX);
    connection_list_limit(server->connections, connections, connections, server->settings.life_ms);
}

void http_server_check(struct http_server *server)
{
    connection_list_check(server->connections);
}
