#include "base/base.h"
#include "base/xalloc.h"
#include "stream/avro/schema.h"
#include "stream/registry/subject.h"

char *subject_name(const struct registry_settings *settings, const char *topic,
                   const struct contract *contract, bool first)
{
    if (settings->naming == NAMING_RECORD) { return xstrdup(contract->name); }
    if (settings->naming == NAMING_TOPIC && first) { return xprintf("%s-value", topic); }
    return xprintf("%s-%s", topic, contract->name);
}

/* Registers the schema. On a refusal collects the reasons: registries give them in this answer, in
 * the answer to a compatibility check, or in both. */
static int add(struct registry *registry, const char *subject, const char *schema,
               uint32_t *ret_id, char *ret_why, size_t why_size)
{
    int result = registry_register(registry, subject, schema, ret_id);
    if (result == 0) { return 0; }
    (void)snprintf(ret_why, why_size, "%s", registry_why(registry));
    if (result == REGISTRY_INCOMPATIBLE &&
        registry_check(registry, subject, schema) == REGISTRY_INCOMPATIBLE) {
        size_t size = strlen(ret_why);
        (void)snprintf(ret_why + size, why_size - size, "; %s", registry_why(registry));
    }
    return result;
}

/* The subject does not have the schema and we may not register it: checks whether it could be
 * registered, and says so. */
static int explain(struct registry *registry, const char *subject, const char *schema,
                   char *ret_why, size_t why_size)
{
    int result = registry_check(registry, subject, schema);
    if (result == REGISTRY_INCOMPATIBLE) {
        (void)snprintf(ret_why, why_size, "%s", registry_why(registry));
        return result;
    }
    (void)snprintf(ret_why, why_size,
                   "subject %s does not have this schema; hint: register it there, or set "
                   "schema.registry.auto.register.schemas=true", subject);
    return REGISTRY_ABSENT;
}

int subject_resolve(struct registry *registry, const struct registry_settings *settings,
                    const char *subject, const struct contract *contract, uint32_t *ret_id,
                    char *ret_why, size_t why_size)
{
    int result = registry_lookup(registry, subject, contract->schema, ret_id);
    if (result == 0) { return 0; }
    if (result == REGISTRY_ABSENT && settings->auto_register) {
        return add(registry, subject, contract->schema, ret_id, ret_why, why_size);
    }
    if (result == REGISTRY_ABSENT) {
        return explain(registry, subject, contract->schema, ret_why, why_size);
    }
    (void)snprintf(ret_why, why_size, "%s", registry_why(registry));
    return result;
}

int subject_bind(struct registry *registry, const struct registry_settings *settings,
                 const char *subject, const struct contract *contract,
                 struct schema_cache *schemas, uint32_t *ret_id, char *ret_why, size_t why_size)
{
    char why[REGISTRY_WHY_BYTES];
    struct codec_error error = {0};
    int result =
        subject_resolve(registry, settings, subject, contract, ret_id, why, sizeof(why));
    if (result) {
        bool breaks = result == REGISTRY_INCOMPATIBLE;
        (void)snprintf(ret_why, why_size, "%s%s",
                       breaks ? "the schema may not follow the one there: " : "", why);
        return result;
    }
    if (schema_cache_bind(schemas, *ret_id, contract->schema, &error) < 0) {
        (void)snprintf(ret_why, why_size, "%s; hint: is schemas.path of another registry?",
                       error.detail);
        return REGISTRY_REFUSED;
    }
    return 0;
}

bool subject_has_id(const struct schema_cache *schemas, const struct contract *contract,
                    char *ret_why, size_t why_size)
{
    uint64_t fingerprint = 0;
    int rc = schema_fingerprint(contract->schema, &fingerprint);
    assert(rc == 0);
    if (schema_cache_frame(schemas, fingerprint).framing == FRAMING_CONFLUENT) { return true; }
    if (ret_why) {
        (void)snprintf(ret_why, why_size,
                       "%s has no id; hint: set schema.registry.url, or put its schema into "
                       "schemas.path as ID.avsc", contract->name);
    }
    return false;
}
