/* One HTTP client and a list of URLs. A request goes to the URL that answered last, then to the
 * next ones; only REGISTRY_AWAY makes it try another URL, because every other answer comes from a
 * working registry. With several URLs a call may therefore wait for several timeouts.
 *
 * The options and the checks of their values are at the end of the file.
 */
#include "base/base.h"
#include "base/quote.h"
#include "base/message.h"
#include "base/xalloc.h"
#include "stream/config/option_table.h"
#include "stream/registry/http.h"
#include "stream/registry/registry.h"
#include "stream/registry/registry_answer.h"
#include "stream/registry/registry_references.h"

#include <unistd.h>

static const char media_type[] = "application/vnd.schemaregistry.v1+json";

struct registry {
    const struct registry_settings *settings;
    char *urls[REGISTRY_URLS_MAX];
    size_t urls_count;
    size_t url; /* index of the one that answered last */
    struct http *http;
    struct buf answer;
    char why[REGISTRY_WHY_BYTES];
};

static _printf_(3, 4) int fail(struct registry *registry, int fault, const char *format, ...)
{
    va_list args;
    va_start(args, format);
    message_write(registry->why, sizeof(registry->why), format, args);
    va_end(args);
    return fault;
}

/* ---- Life ---- */

static void add_url(struct registry *registry, const char *url, size_t size)
{
    while (size && (url[size - 1] == '/' || url[size - 1] == ' ')) { size--; }
    for (; size && *url == ' '; url++) { size--; }
    if (!size) { return; }
    assert(registry->urls_count < REGISTRY_URLS_MAX);
    registry->urls[registry->urls_count++] = xprintf("%.*s", (int)size, url);
}

struct registry *registry_new(const struct registry_settings *settings)
{
    struct registry *registry = xcalloc(1, sizeof(*registry));
    registry->settings = settings;
    for (const char *at = settings->url; *at;) {
        size_t size = strcspn(at, ",");
        add_url(registry, at, size);
        at += size + (at[size] == ',');
    }
    assert(registry->urls_count > 0);
    const struct http_settings http = {
        .user_info = settings->user_info,
        .bearer = settings->bearer,
        .ca = settings->ca,
        .certificate = settings->certificate,
        .key = settings->key,
        .key_password = settings->key_password,
        .timeout_ms = settings->request_timeout_ms,
        .answer_bytes_max = (size_t)settings->answer_bytes_max,
        .accept = media_type,
    };
    registry->http = http_new(&http);
    buf_init(&registry->answer, (size_t)settings->answer_bytes_max);
    return registry;
}

struct registry *registry_free(struct registry *registry)
{
    if (!registry) { return NULL; }
    for (size_t i = 0; i < registry->urls_count; i++) { free(registry->urls[i]); }
    http_free(registry->http);
    buf_release(&registry->answer);
    free(registry);
    return NULL;
}

const char *registry_why(const struct registry *registry)
{
    return registry->why;
}

void registry_stop(struct registry *registry)
{
    http_stop(registry->http);
}

/* ---- One request ---- */

static int ask_url(struct registry *registry, const char *base, const char *path, const char *body,
                   json_t **ret_json)
{
    long status = 0;
    _cleanup_(xfreep) char *url = xprintf("%s%s", base, path);
    int rc = http_request(registry->http, url, body, &status, &registry->answer);
    if (rc == 0) {
        return registry_answer_read(url, status, buf_slice(&registry->answer), ret_json,
                                    registry->why);
    }
    int fault = rc == -EINVAL ? REGISTRY_REFUSED : REGISTRY_AWAY;
    return fail(registry, fault, "%s: %s", url, http_why(registry->http));
}

/* Asks one URL after another until one answers. */
static int ask(struct registry *registry, const char *path, const char *body, json_t **ret_json)
{
    int result = REGISTRY_AWAY;
    registry->why[0] = '\0';
    for (size_t i = 0; i < registry->urls_count && result == REGISTRY_AWAY; i++) {
        size_t at = (registry->url + i) % registry->urls_count;
        result = ask_url(registry, registry->urls[at], path, body, ret_json);
        if (result != REGISTRY_AWAY) { registry->url = at; }
    }
    return result;
}

/* Posts a schema to <before>/<subject><after>. */
static int post(struct registry *registry, const char *before, const char *subject,
                const char *after, const char *schema, json_t **ret_json)
{
    struct buf path;
    buf_init(&path, 4 * REGISTRY_SUBJECT_BYTES_MAX);
    buf_printf(&path, "%s/", before);
    quote_url(&path, slice_str(subject));
    buf_printf(&path, "%s", after);
    json_t *body = json_pack("{s:s, s:s}", "schema", schema, "schemaType", "AVRO");
    char *text = body ? json_dumps(body, JSON_COMPACT) : NULL;
    int result = text && !buf_failed(&path)
                     ? ask(registry, path.data, text, ret_json)
                     : fail(registry, REGISTRY_INVALID, "subject %.60s: not UTF-8, or too long",
                            subject);
    free(text);
    json_decref(body);
    buf_release(&path);
    return result;
}

static int post_for_id(struct registry *registry, const char *subject, const char *after,
                       const char *schema, uint32_t *ret_id)
{
    json_t *json = NULL;
    int result = post(registry, "/subjects", subject, after, schema, &json);
    if (result) { return result; }
    if (!registry_answer_id(json, ret_id)) {
        result = fail(registry, REGISTRY_AWAY, "subject %s: the answer has no id", subject);
    }
    json_decref(json);
    return result;
}

/* ---- The requests ---- */

int registry_lookup(struct registry *registry, const char *subject, const char *schema,
                    uint32_t *ret_id)
{
    return post_for_id(registry, subject, "", schema, ret_id);
}

int registry_register(struct registry *registry, const char *subject, const char *schema,
                      uint32_t *ret_id)
{
    return post_for_id(registry, subject, "/versions", schema, ret_id);
}

int registry_check(struct registry *registry, const char *subject, const char *schema)
{
    json_t *json = NULL;
    int result = post(registry, "/compatibility/subjects", subject,
                      "/versions/latest?verbose=true", schema, &json);
    if (result == REGISTRY_ABSENT) { return 0; }
    if (result) { return result; }
    result = registry_answer_verdict(json, subject, registry->why);
    json_decref(json);
    return result;
}

static int fetch_version(void *arg, const char *subject, int64_t version, json_t **ret_answer)
{
    struct registry *registry = arg;
    struct buf path;
    buf_init(&path, 4 * REGISTRY_SUBJECT_BYTES_MAX);
    buf_printf(&path, "/subjects/");
    quote_url(&path, slice_str(subject));
    buf_printf(&path, "/versions/%" PRId64, version);
    int result = buf_failed(&path) ? fail(registry, REGISTRY_INVALID, "subject %.60s: too long",
                                          subject)
                                   : ask(registry, path.data, NULL, ret_answer);
    buf_release(&path);
    return result;
}

int registry_schema(struct registry *registry, uint32_t id, struct buf *ret_schema)
{
    char path[64];
    json_t *json = NULL;
    buf_clear(ret_schema);
    (void)snprintf(path, sizeof(path), "/schemas/ids/%" PRIu32, id);
    int result = ask(registry, path, NULL, &json);
    if (result) { return result; }
    result = registry_references_resolve(json, id, fetch_version, registry, ret_schema,
                                         registry->why);
    json_decref(json);
    return result;
}

int registry_learn(struct registry *registry, uint32_t id, struct schema_cache *schemas,
                   struct buf *ret_schema)
{
    struct codec_error error = {0};
    int result = registry_schema(registry, id, ret_schema);
    if (result == 0 && schema_cache_bind(schemas, id, ret_schema->data, &error) < 0) {
        buf_clear(ret_schema);
        result = fail(registry, REGISTRY_INVALID, "schema %" PRIu32 ": %s", id, error.detail);
    }
    return result;
}

/* ---- Settings ---- */

#define OPTION_SETTINGS struct registry_settings

const struct option registry_options[] = {
    OPTION("schema.registry.url", STRING, url, "", OPTION_FREE,
           "Schema registry with Confluent's API, http:// or https://; several with commas "
           "between; empty: none."),
    OPTION("schema.registry.basic.auth.user.info", SECRET, user_info, "", OPTION_FREE,
           "USER:PASSWORD for the registry."),
    OPTION("schema.registry.bearer.auth.token", SECRET, bearer, "", OPTION_FREE,
           "Token for the registry."),
    OPTION("schema.registry.ssl.ca.location", STRING, ca, "", OPTION_FREE,
           "PEM file of the authorities trusted for the registry's certificate; empty: the "
           "system's."),
    OPTION("schema.registry.ssl.certificate.location", STRING, certificate, "", OPTION_FREE,
           "PEM file of the client certificate sent to the registry."),
    OPTION("schema.registry.ssl.key.location", STRING, key, "", OPTION_FREE,
           "PEM file of that certificate's key."),
    OPTION("schema.registry.ssl.key.password", SECRET, key_password, "", OPTION_FREE,
           "Password of that key."),
    OPTION("schema.registry.auto.register.schemas", BOOL, auto_register, "true", OPTION_FREE,
           "Register the schemas of outputs at start; false: they must be registered already."),
    OPTION("schema.registry.subject.name.strategy", CHOICE, naming, "TopicNameStrategy",
           OPTION_ONE_OF("TopicNameStrategy|RecordNameStrategy|TopicRecordNameStrategy"),
           "Names of subjects: <topic>-value, the record's full name, or <topic>-<full name>. With "
           "TopicNameStrategy further records of a topic are named <topic>-<full name>."),
    OPTION("schema.registry.request.timeout.ms", DURATION, request_timeout_ms, "5s",
           OPTION_RANGE(100, 60000),
           "Longest wait for one answer of the registry."),
    OPTION("schema.registry.answer.bytes.max", BYTES, answer_bytes_max, "4m",
           OPTION_RANGE(1 << 10, 100 << 20),
           "Largest answer taken from the registry."),
    OPTION("schema.registry.retry.backoff.ms", DURATION, retry_ms, "200ms", OPTION_RANGE(10, 60000),
           "First pause before the registry is asked for an unknown id again; pauses double."),
    OPTION("schema.registry.retry.backoff.max.ms", DURATION, retry_max_ms, "10s",
           OPTION_RANGE(10, 600000),
           "Longest such pause."),
    OPTION("schema.registry.unknown.timeout.ms", DURATION, unknown_timeout_ms, "30s",
           OPTION_RANGE(0, 86400000),
           "How long a partition waits for an id that the registry does not have, before the "
           "record goes to dead letters."),
    OPTION("schema.registry.outage.timeout.ms", DURATION, outage_timeout_ms, "1h",
           OPTION_RANGE(0, 2592000000),
           "How long a partition waits while the registry does not answer."),
    OPTION("schema.registry.negative.cache.ms", DURATION, negative_cache_ms, "60s",
           OPTION_RANGE(0, 86400000),
           "How long the registry is not asked again for an id that was given up, and partitions "
           "do not wait for other unknown ids."),
};
const size_t registry_options_count = ARRAY_COUNT(registry_options);

static char *url_fault(const char *url, size_t size)
{
    size_t scheme = strncmp(url, "https://", 8) == 0 ? 8 : 7;
    if (size <= scheme || strncmp(url, scheme == 8 ? "https://" : "http://", scheme) != 0) {
        return xstrdup("schema.registry.url: want http://HOST:PORT or https://HOST:PORT");
    }
    size_t host = strcspn(url + scheme, "/,");
    if (memchr(url + scheme, '@', host)) {
        return xstrdup("schema.registry.url: no credentials in the URL; hint: set "
                       "schema.registry.basic.auth.user.info");
    }
    return NULL;
}

static char *file_fault(const char *name, const char *path)
{
    if (!path[0] || access(path, R_OK) == 0) { return NULL; }
    return xprintf("schema.registry.ssl.%s.location=%s: %s", name, path, strerror(errno));
}

static char *files_fault(const struct registry_settings *settings)
{
    char *fault = file_fault("ca", settings->ca);
    if (!fault) { fault = file_fault("certificate", settings->certificate); }
    if (!fault) { fault = file_fault("key", settings->key); }
    return fault;
}

char *registry_settings_fault(const struct registry_settings *settings)
{
    size_t count = 0;
    for (const char *at = settings->url; *at; count++) {
        at += strspn(at, " ");
        size_t size = strcspn(at, ",");
        char *fault = url_fault(at, size);
        if (fault) { return fault; }
        at += size + (at[size] == ',');
    }
    if (count > REGISTRY_URLS_MAX) {
        return xprintf("schema.registry.url: at most %d URLs", REGISTRY_URLS_MAX);
    }
    if (settings->user_info[0] && settings->bearer[0]) {
        return xstrdup("schema.registry.basic.auth.user.info and "
                       "schema.registry.bearer.auth.token are both set; hint: set only one");
    }
    if (settings->user_info[0] && !strchr(settings->user_info, ':')) {
        return xstrdup("schema.registry.basic.auth.user.info: want USER:PASSWORD");
    }
    if (settings->key[0] && !settings->certificate[0]) {
        return xstrdup("schema.registry.ssl.key.location is set without "
                       "schema.registry.ssl.certificate.location");
    }
    return files_fault(settings);
}
