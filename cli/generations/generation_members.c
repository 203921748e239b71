#include "base/base.h"
#include "base/xalloc.h"
#include "cli/client_schemas.h"
#include "cli/generations/generation_members.h"
#include "cli/generations/generation_resources.h"
#include "cli/scan.h"
#include "schemas/model_weights.h"
#include "stream/generation.h"

enum {
    MEMBERS_ARENA_BLOCK = 1 << 20,
    MISSING_BYTES_MAX = 1 << 12,
};

struct members {
    int running[GENERATION_OWNERS]; /* copies */
    bool transformer;               /* it has published a model version */
};

struct model_scan {
    struct codec *codec;
    struct arena *arena;
    bool found;
};

/* The mixtures are in the same topic. */
static bool take_model(void *arg, const struct record *rec)
{
    struct model_scan *scan = arg;
    struct model_weights weights;
    struct codec_error error;
    arena_reset(scan->arena);
    scan->found |= rec->value.data &&
                   codec_decode(scan->codec, rec->value, scan->arena, &weights, &error) == 0 &&
                   slice_equal(weights.model, slice_str(MODEL_SEQUENCE));
    return !scan->found;
}

/* A generation without the topic has no model. */
static int find_transformer(const struct client *client, struct wire *wire,
                            const char *generation, bool *ret_found)
{
    _cleanup_(xfreep) char *topic = client_topic_of(client, "models", generation);
    int32_t partitions;
    *ret_found = false;
    int result = wire_partitions(wire, topic, &partitions);
    _cleanup_(xfreep) char *why = xstrdup(result < 0 ? wire_why(wire) : "");
    if (result < 0) { return client_topic_missing(wire, topic) ? 0 : client_fail("%s", why); }
    struct schema_cache *schemas = client_schemas(client);
    struct model_scan scan = {.codec = codec_new(&model_weights_contract, schemas),
                              .arena = arena_new(MEMBERS_ARENA_BLOCK)};
    result = scan_topic(wire, topic, -1, /* follow= */ false, take_model, &scan);
    arena_free(scan.arena);
    codec_free(scan.codec);
    schema_cache_free(schemas);
    *ret_found = scan.found;
    return result < 0 ? client_fail("%s", wire_why(wire)) : 0;
}

static int look(const struct client *client, struct wire *wire, const char *generation,
                struct members *ret_members)
{
    for (size_t i = 0; i < GENERATION_OWNERS; i++) {
        int result = generation_resources_running(client, wire, generation, generation_owners[i],
                                                  &ret_members->running[i]);
        if (result) { return result; }
    }
    return find_transformer(client, wire, generation, &ret_members->transformer);
}

int generation_members_list(const struct client *client, struct wire *wire,
                            const char *generation)
{
    int running;
    if (generation_resources_running(client, wire, generation, "scorer", &running) != 0) {
        return EXIT_FAILURE;
    }
    if (running) { return 0; }
    _cleanup_(xfreep) char *group = client_group_of(client, "scorer", generation);
    return client_fail("no scorer of %s runs (group %s has no member); hint: start its workers "
                       "with the option generation=%s and let them catch up",
                       generation_label(generation), group, generation);
}

int generation_members_compare(const struct client *client, struct wire *wire,
                               const char *generation, const char *live)
{
    struct members own, others;
    struct buf missing;
    if (look(client, wire, generation, &own) || look(client, wire, live, &others)) {
        return EXIT_FAILURE;
    }
    buf_init(&missing, MISSING_BYTES_MAX);
    for (size_t i = 0; i < GENERATION_OWNERS; i++) {
        if (own.running[i] || !others.running[i]) { continue; }
        buf_printf(&missing, "%s%s, which runs for %s", missing.size ? "; " : "",
                   generation_owners[i], generation_label(live));
    }
    if (others.transformer && !own.transformer) {
        buf_printf(&missing, "%sa Transformer: %s has published a model version, %s none",
                   missing.size ? "; " : "", generation_label(live),
                   generation_label(generation));
    }
    struct slice text = buf_slice(&missing);
    int result = !text.size ? 0
                            : client_fail("%s is not whole, and nothing was switched; it lacks "
                                          "%.*s; hint: start what is missing with the option "
                                          "generation=%s and let it catch up, or switch with "
                                          "--incomplete",
                                          generation_label(generation), SLICE_ARGS(text),
                                          generation);
    buf_release(&missing);
    return result;
}
