#include "base/base.h"
#include "base/xalloc.h"
#include "cli/client_schemas.h"
#include "cli/screen.h"
#include "stream/avro/schema.h"
#include "stream/registry/subject.h"

/* Most ids that are remembered as unknown, so that each is requested once. */
enum { MISSING_MAX = 1024 };

static void say(uint32_t id, const char *why)
{
    screen_line(stderr, "freshet: schema id %" PRIu32 ": %s", id, why);
}

/* For an unknown id, schemas.path is read (once), then the registry is asked (once for each id). */
static struct {
    bool path_added;
    uint32_t missing[MISSING_MAX];
    size_t missing_count;
} asked;

static bool is_missing(uint32_t id)
{
    for (size_t i = 0; i < asked.missing_count; i++) {
        if (asked.missing[i] == id) { return true; }
    }
    return asked.missing_count == MISSING_MAX;
}

static void ask(void *arg, struct schema_cache *schemas, uint32_t id)
{
    const struct client *client = arg;
    if (!client->settings || is_missing(id)) { return; }
    if (!asked.path_added) {
        asked.path_added = true;
        (void)client_schemas_add_path(client, schemas);
        const struct frame frame = {.framing = FRAMING_CONFLUENT, .number = id};
        (void)schema_cache_find(schemas, frame); /* it may be there; else it comes back here */
        return;
    }
    struct registry *registry = client_registry(client);
    struct buf schema;
    buf_init(&schema, SCHEMA_BYTES_MAX + 1);
    if (!registry) {
        say(id, "not known; hint: set schema.registry.url, or put it into schemas.path as ID.avsc");
        asked.missing[asked.missing_count++] = id;
    } else if (registry_learn(registry, id, schemas, &schema)) {
        say(id, registry_why(registry));
        asked.missing[asked.missing_count++] = id;
    }
    buf_release(&schema);
}

struct schema_cache *client_schemas(const struct client *client)
{
    struct schema_cache *schemas = schema_cache_new();
    schema_cache_ask(schemas, ask, (void *)(uintptr_t)client);
    return schemas;
}

int client_schemas_add_path(const struct client *client, struct schema_cache *schemas)
{
    struct codec_error error = {0};
    const char *path = client_schemas_path(client);
    int result = path[0] ? schema_cache_add_dir(schemas, path, &error) : 0;
    return result < 0 ? client_fail("schemas.path=%s: %s", path, error.detail) : 0;
}

/* Gives the contract's schema its id; 0, or EXIT_FAILURE with the fault printed. */
static int bind_contract(const struct client *client, struct schema_cache *schemas,
                         const char *topic, const struct contract *contract, bool first)
{
    struct registry *registry = client_registry(client);
    const struct registry_settings *settings = client_registry_settings(client);
    char why[REGISTRY_WHY_BYTES];
    uint32_t id = 0;
    if (!registry) { return 0; }
    _cleanup_(xfreep) char *subject = subject_name(settings, topic, contract, first);
    int result =
        subject_bind(registry, settings, subject, contract, schemas, &id, why, sizeof(why));
    return result ? client_fail("schema registry, subject %s: %s", subject, why) : 0;
}

struct codec *client_schemas_writer(const struct client *client, struct schema_cache *schemas,
                                    const char *topic, const struct contract *contract, bool first)
{
    char why[REGISTRY_WHY_BYTES];
    if (!client_writes_ids(client)) { return codec_new(contract, schemas); }
    if (client_schemas_add_path(client, schemas) ||
        bind_contract(client, schemas, topic, contract, first)) {
        return NULL;
    }
    schema_cache_write(schemas, FRAMING_CONFLUENT);
    if (!subject_has_id(schemas, contract, why, sizeof(why))) {
        (void)client_fail("schema.framing=confluent, but %s", why);
        return NULL;
    }
    return codec_new(contract, schemas);
}
