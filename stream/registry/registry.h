/* The client of a schema registry with Confluent's API: finds a schema by its id, the id of a
 * schema, and registers schemas.
 *
 * Every call sends HTTP requests and waits for at most schema.registry.request.timeout.ms for each
 * URL; the URL that answered last is asked first. The size of an answer is limited, and an answer
 * that is malformed counts as no answer (REGISTRY_AWAY).
 *
 * Confluent's "Schema Registry API Reference"; Apicurio Registry (below /apis/ccompat/v7), Karapace
 * and Redpanda have the same API.
 *
 * A registry belongs to one thread; registry_stop() may be called from any.
 */
#ifndef FRESHET_STREAM_REGISTRY_REGISTRY_H
#define FRESHET_STREAM_REGISTRY_REGISTRY_H

#include "base/base.h"
#include "base/buf.h"
#include "stream/avro/schema_cache.h"
#include "stream/config/options.h"
#include "stream/registry/registry_fault.h"

enum {
    REGISTRY_URLS_MAX = 8,
    REGISTRY_SUBJECT_BYTES_MAX = 512,
};

/* The naming of subjects (subject.h). */
enum naming { NAMING_TOPIC, NAMING_RECORD, NAMING_TOPIC_RECORD };

/* The settings that the table registry_options fills. */
struct registry_settings {
    const char *url; /* one, or several with commas between; empty: no registry */
    const char *user_info, *bearer;
    const char *ca, *certificate, *key, *key_password;
    bool auto_register;
    int32_t naming; /* enum naming */
    int64_t request_timeout_ms;
    int64_t answer_bytes_max;
    int64_t retry_ms, retry_max_ms;
    int64_t unknown_timeout_ms;
    int64_t outage_timeout_ms;
    int64_t negative_cache_ms;
};

extern const struct option registry_options[];
extern const size_t registry_options_count;

/* Checks what the table cannot check. Returns the fault as text, which the caller frees, or
 * NULL. */
char *registry_settings_fault(const struct registry_settings *settings);

struct registry;

/* Makes the client of a registry; the settings must outlive it. Free with registry_free(). */
struct registry *registry_new(const struct registry_settings *settings);
/* Frees the client; takes NULL; returns NULL. */
struct registry *registry_free(struct registry *registry);
/* The calls below return 0 or a negative enum registry_fault; registry_why() then has the
 * reason. */

/* Fetches the schema with this id, and those that it refers to (registry_references.h); the text
 * for schema_cache_bind() goes to ret_schema (cleared first), with a final NUL. */
int registry_schema(struct registry *registry, uint32_t id, struct buf *ret_schema);
/* Finds the id that a schema has in a subject. */
int registry_lookup(struct registry *registry, const char *subject, const char *schema,
                    uint32_t *ret_id);
/* Adds a schema to a subject, unless the subject has it, and returns its id. */
int registry_register(struct registry *registry, const char *subject, const char *schema,
                      uint32_t *ret_id);
/* Checks whether a schema is compatible with the newest one of a subject: 0 when it is, also when
 * the subject has none; REGISTRY_INCOMPATIBLE when it is not, with the reasons in
 * registry_why(). */
int registry_check(struct registry *registry, const char *subject, const char *schema);
/* Fetches the schema with this id and binds it in the schema cache; ret_schema as above.
 * REGISTRY_INVALID when it is no schema. */
int registry_learn(struct registry *registry, uint32_t id, struct schema_cache *schemas,
                   struct buf *ret_schema);
/* Returns the last failure as text; borrowed until the next call. */
const char *registry_why(const struct registry *registry);
/* Ends the running request, and every later one at once. From any thread. */
void registry_stop(struct registry *registry);

#endif
