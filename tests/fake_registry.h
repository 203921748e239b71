/* A schema registry on loopback, in RAM, for tests: it answers as asked, or as told to fail. */
#ifndef FRESHET_TESTS_FAKE_REGISTRY_H
#define FRESHET_TESTS_FAKE_REGISTRY_H

#include "base/buf.h"
#include "base/xalloc.h"

#include <jansson.h>
#include <microhttpd.h>
#include <netinet/in.h>
#include <pthread.h>
#include <sys/socket.h>
#include <unistd.h>

enum { FAKE_SCHEMAS_MAX = 64, FAKE_TEXT_MAX = 1 << 20 };

/* A schema in a subject. */
struct fake_schema {
    char *subject;
    char *text;
    uint32_t id;
};

struct fake_registry {
    struct MHD_Daemon *daemon;
    int port;
    char url[64];
    pthread_mutex_t lock;
    struct fake_schema schemas[FAKE_SCHEMAS_MAX];
    size_t schemas_count;
    uint32_t last_id;
    /* How it answers; set under the lock. */
    unsigned status;          /* not 0: this, and `body`, whatever is asked */
    const char *body;
    int delay_ms;
    const char *authorization; /* not NULL: else 401 */
    bool incompatible;         /* nothing may follow what is there */
    /* What was asked. */
    int requests;
    char last[512]; /* METHOD PATH */
    struct buf last_body;
};

/* One request on its way in. */
struct fake_request {
    struct buf body;
};

static inline struct fake_schema *fake_find(struct fake_registry *fake, const char *subject,
                                            const char *text)
{
    for (size_t i = 0; i < fake->schemas_count; i++) {
        struct fake_schema *at = &fake->schemas[i];
        if (subject && strcmp(at->subject, subject) != 0) { continue; }
        if (text && strcmp(at->text, text) != 0) { continue; }
        return at;
    }
    return NULL;
}

/* Adds a schema; a text has one id in all subjects. */
static inline uint32_t fake_add(struct fake_registry *fake, const char *subject, const char *text)
{
    const struct fake_schema *there = fake_find(fake, subject, text);
    if (there) { return there->id; }
    const struct fake_schema *same = fake_find(fake, NULL, text);
    assert(fake->schemas_count < FAKE_SCHEMAS_MAX);
    uint32_t id = same ? same->id : ++fake->last_id;
    fake->schemas[fake->schemas_count++] =
        (struct fake_schema){.subject = xstrdup(subject), .text = xstrdup(text), .id = id};
    return id;
}

static inline unsigned fake_error(struct buf *out, unsigned status, int code, const char *message)
{
    buf_printf(out, "{\"error_code\":%d,\"message\":\"%s\"}", code, message);
    return status;
}

static inline unsigned fake_get(struct fake_registry *fake, const char *url, struct buf *out)
{
    static const char ids[] = "/schemas/ids/";
    if (strncmp(url, ids, strlen(ids)) != 0) { return fake_error(out, 404, 404, "no such path"); }
    uint32_t id = (uint32_t)strtoul(url + strlen(ids), NULL, 10);
    for (size_t i = 0; i < fake->schemas_count; i++) {
        if (fake->schemas[i].id != id) { continue; }
        json_t *json = json_pack("{s:s}", "schema", fake->schemas[i].text);
        char *text = json_dumps(json, 0);
        buf_printf(out, "%s", text);
        free(text);
        json_decref(json);
        return 200;
    }
    return fake_error(out, 404, 40403, "Schema not found");
}

static inline unsigned fake_compatible(struct fake_registry *fake, const char *subject,
                                       struct buf *out)
{
    char name[256];
    (void)snprintf(name, sizeof(name), "%.*s", (int)strcspn(subject, "/"), subject);
    if (!fake_find(fake, name, NULL)) { return fake_error(out, 404, 40402, "Version not found"); }
    buf_printf(out, "{\"is_compatible\":%s,\"messages\":[\"field x has no default\",\"and y\"]}",
               fake->incompatible ? "false" : "true");
    return 200;
}

static inline unsigned fake_post(struct fake_registry *fake, const char *url, const char *schema,
                                 struct buf *out)
{
    static const char check[] = "/compatibility/subjects/", subjects[] = "/subjects/";
    char subject[256];
    if (!schema) { return fake_error(out, 422, 42201, "Invalid schema"); }
    if (strncmp(url, check, strlen(check)) == 0) {
        return fake_compatible(fake, url + strlen(check), out);
    }
    if (strncmp(url, subjects, strlen(subjects)) != 0) {
        return fake_error(out, 404, 404, "no such path");
    }
    url += strlen(subjects);
    size_t size = strcspn(url, "/");
    (void)snprintf(subject, sizeof(subject), "%.*s", (int)size, url);
    const struct fake_schema *there = fake_find(fake, subject, schema);
    if (!there && strcmp(url + size, "/versions") != 0) {
        bool known = fake_find(fake, subject, NULL);
        return fake_error(out, 404, known ? 40403 : 40401, "Not found");
    }
    if (!there && fake->incompatible && fake_find(fake, subject, NULL)) {
        return fake_error(out, 409, 409, "Schema being registered is incompatible");
    }
    buf_printf(out, "{\"id\":%u}", fake_add(fake, subject, schema));
    return 200;
}

static inline unsigned fake_answer(struct fake_registry *fake, struct MHD_Connection *connection,
                                   const char *url, const char *method, const struct buf *body,
                                   struct buf *out)
{
    const char *sent = MHD_lookup_connection_value(connection, MHD_HEADER_KIND, "Authorization");
    if (fake->status) {
        buf_printf(out, "%s", fake->body ? fake->body : "");
        return fake->status;
    }
    if (fake->authorization && (!sent || strcmp(sent, fake->authorization) != 0)) {
        return fake_error(out, 401, 401, "Unauthorized");
    }
    if (strcmp(method, "GET") == 0) { return fake_get(fake, url, out); }
    json_t *json = json_loadb(buf_slice(body).data, body->size, 0, NULL);
    const char *schema = json_string_value(json_object_get(json, "schema"));
    unsigned status = fake_post(fake, url, schema, out);
    json_decref(json);
    return status;
}

static enum MHD_Result fake_on_request(void *arg, struct MHD_Connection *connection,
                                       const char *url, const char *method,
                                       const char *version _unused_, const char *upload,
                                       size_t *upload_size, void **state)
{
    struct fake_registry *fake = arg;
    struct fake_request *request = *state;
    if (!request) {
        *state = request = xcalloc(1, sizeof(*request));
        buf_init(&request->body, FAKE_TEXT_MAX);
        return MHD_YES;
    }
    if (*upload_size) {
        buf_append(&request->body, upload, *upload_size);
        *upload_size = 0;
        return MHD_YES;
    }
    struct buf out;
    buf_init(&out, FAKE_TEXT_MAX * 2);
    pthread_mutex_lock(&fake->lock);
    fake->requests++;
    (void)snprintf(fake->last, sizeof(fake->last), "%s %s", method, url);
    buf_clear(&fake->last_body);
    buf_append(&fake->last_body, buf_slice(&request->body).data, request->body.size);
    unsigned status = fake_answer(fake, connection, url, method, &request->body, &out);
    int delay_ms = fake->delay_ms;
    pthread_mutex_unlock(&fake->lock);
    if (delay_ms) { usleep((useconds_t)delay_ms * 1000); }
    struct MHD_Response *response = MHD_create_response_from_buffer(
        out.size, (void *)(uintptr_t)buf_slice(&out).data, MHD_RESPMEM_MUST_COPY);
    enum MHD_Result result = MHD_queue_response(connection, status, response);
    MHD_destroy_response(response);
    buf_release(&out);
    return result;
}

static void fake_on_end(void *arg _unused_, struct MHD_Connection *connection _unused_,
                        void **state, enum MHD_RequestTerminationCode code _unused_)
{
    struct fake_request *request = *state;
    if (!request) { return; }
    buf_release(&request->body);
    free(request);
    *state = NULL;
}

/* Begins to listen; on the port that it had, when there was one. */
static inline void fake_listen(struct fake_registry *fake)
{
    struct sockaddr_in at = {.sin_family = AF_INET,
                             .sin_port = htons((in_port_t)fake->port),
                             .sin_addr.s_addr = htonl(INADDR_LOOPBACK)};
    fake->daemon = MHD_start_daemon(
        MHD_USE_INTERNAL_POLLING_THREAD | MHD_USE_THREAD_PER_CONNECTION, 0, NULL, NULL,
        fake_on_request, fake, MHD_OPTION_SOCK_ADDR, &at, MHD_OPTION_LISTENING_ADDRESS_REUSE, 1u,
        MHD_OPTION_NOTIFY_COMPLETED, fake_on_end, NULL, MHD_OPTION_END);
    assert(fake->daemon);
    fake->port = MHD_get_daemon_info(fake->daemon, MHD_DAEMON_INFO_BIND_PORT)->port;
    (void)snprintf(fake->url, sizeof(fake->url), "http://127.0.0.1:%d", fake->port);
}

static inline void fake_init(struct fake_registry *fake)
{
    *fake = (struct fake_registry){0};
    (void)setenv("no_proxy", "127.0.0.1", 1);
    pthread_mutex_init(&fake->lock, NULL);
    buf_init(&fake->last_body, FAKE_TEXT_MAX);
    fake_listen(fake);
}

/* Stops listening; what it knows stays. */
static inline void fake_close(struct fake_registry *fake)
{
    if (fake->daemon) { MHD_stop_daemon(fake->daemon); }
    fake->daemon = NULL;
}

static inline void fake_release(struct fake_registry *fake)
{
    fake_close(fake);
    for (size_t i = 0; i < fake->schemas_count; i++) {
        free(fake->schemas[i].subject);
        free(fake->schemas[i].text);
    }
    buf_release(&fake->last_body);
    pthread_mutex_destroy(&fake->lock);
}

/* Answers everything with this; status 0: as it should again. */
static inline void fake_tell(struct fake_registry *fake, unsigned status, const char *body)
{
    pthread_mutex_lock(&fake->lock);
    fake->status = status;
    fake->body = body;
    pthread_mutex_unlock(&fake->lock);
}

#endif
