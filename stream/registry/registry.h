/* A schema registry, by Confluent's API: which schema has which id, and may we write with it?
 *
 * Every call asks over HTTP and waits, at most schema.registry.request.timeout.ms for each of the
 * URLs: the one that answered last is asked first. What a registry answers is bounded and believed
 * only as far as it is an answer: everything else counts as none.
 *
 * Confluent's "Schema Registry API Reference"; also spoken by Apicurio Registry (below
 * /apis/ccompat/v7), Karapace and Redpanda.
 *
 * A registry belongs to one thread, except registry_stop().
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

/* How a subject is named (subject.h). */
enum naming { NAMING_TOPIC, NAMING_RECORD, NAMING_TOPIC_RECORD };

/* What the table registry_options fills. */
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

/* Says what is wrong with the settings that the table alone cannot tell; NULL: nothing. The caller
 * frees. */
char *registry_settings_fault(const struct registry_settings *settings);

struct registry;

/* Makes the client of a registry; the settings must outlive it. Free with registry_free(). */
struct registry *registry_new(const struct registry_settings *settings);
/* Frees the client; takes NULL; returns NULL. */
struct registry *registry_free(struct registry *registry);
/* Asks for the Avro schema with this id; its text goes to ret_schema (cleared first), with a final
 * NUL. */
int registry_schema(struct registry *registry, uint32_t id, struct buf *ret_schema);
/* Asks for the id that a schema has in a subject. */
int registry_lookup(struct registry *registry, const char *subject, const char *schema,
                    uint32_t *ret_id);
/* Adds a schema to a subject, where it is not there yet, and tells its id. */
int registry_register(struct registry *registry, const char *subject, const char *schema,
                      uint32_t *ret_id);
/* Asks whether a schema may follow the newest one of a subject: 0: yes (also when there is none),
 * REGISTRY_INCOMPATIBLE: no, and registry_why() says what stands against it. */
int registry_check(struct registry *registry, const char *subject, const char *schema);
/* Asks for an id and binds it in a schemas; ret_schema as above. REGISTRY_INVALID: it is no schema.
 * */
int registry_learn(struct registry *registry, uint32_t id, struct schema_cache *schemas,
                   struct buf *ret_schema);
/* Tells the last failure in words; borrowed until the next call. */
const char *registry_why(const struct registry *registry);
/* Ends the question that is waited for, and all that come. From any thread. */
void registry_stop(struct registry *registry);

#endif
