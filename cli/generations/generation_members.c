#include "base/base.h"
#include "base/xalloc.h"
#include "cli/client_schemas.h"
#include "cli/generations/generation_members.h"
#include "cli/generations/generation_resources.h"
#include "cli/scan.h"
#include "schemas/model_weights.h"
#include "schemas/recommendation_list.h"
#include "stream/generation.h"

enum {
    MEMBERS_ARENA_BLOCK = 1 << 20,
    MISSING_BYTES_MAX = 1 << 12,
};

struct members {
    int running[GENERATION_OWNERS]; /* copies */
    bool transformer;               /* it has published a model version */
    bool used;                      /* its scorer has made lists with one */
};

/* The weights of a slot's model version. */
struct slot_parts {
    char version[MODEL_VERSION_NAME_BYTES_MAX + 1];
    int32_t parts, held;
    bool has[MODEL_PARTS_MAX];
};

struct model_scan {
    struct codec *codec;
    struct arena *arena;
    struct slot_parts slots[MODEL_VERSION_SLOTS];
};

struct list_scan {
    struct codec *codec;
    struct arena *arena;
    const char *generation;
    bool found;
};

static void take_part(struct slot_parts *slot, const struct model_weights *weights)
{
    bool same = slice_equal(weights->generation, slice_str(slot->version)) &&
                weights->parts == slot->parts;
    if (!same) {
        *slot = (struct slot_parts){.parts = weights->parts};
        (void)snprintf(slot->version, sizeof(slot->version), "%.*s",
                       SLICE_ARGS(weights->generation));
    }
    slot->held += !slot->has[weights->part];
    slot->has[weights->part] = true;
}

/* Takes back the part of a key that was deleted: sequence/slot/part. */
static void drop_part(struct model_scan *scan, struct slice key)
{
    char text[MODEL_KEY_BYTES_MAX + 1];
    unsigned int slot, part;
    (void)snprintf(text, sizeof(text), "%.*s", SLICE_ARGS(key));
    if (sscanf(text, MODEL_SEQUENCE "/%8u/%8u", &slot, &part) != 2) { return; }
    if (slot >= MODEL_VERSION_SLOTS || part >= MODEL_PARTS_MAX) { return; }
    scan->slots[slot].held -= scan->slots[slot].has[part];
    scan->slots[slot].has[part] = false;
}

/* The mixtures are in the same topic. */
static bool take_model(void *arg, const struct record *rec)
{
    struct model_scan *scan = arg;
    struct model_weights weights;
    struct codec_error error;
    arena_reset(scan->arena);
    if (!rec->value.data) {
        drop_part(scan, rec->key);
        return true;
    }
    bool valid = codec_decode(scan->codec, rec->value, scan->arena, &weights, &error) == 0 &&
                 slice_equal(weights.model, slice_str(MODEL_SEQUENCE)) && weights.slot >= 0 &&
                 weights.slot < MODEL_VERSION_SLOTS && weights.parts <= MODEL_PARTS_MAX &&
                 weights.part >= 0 && weights.part < weights.parts;
    if (valid) { take_part(&scan->slots[weights.slot], &weights); }
    return true;
}

/* Reads a topic of a generation from its start; a topic that does not exist holds nothing. */
static int scan_own(const struct client *client, struct wire *wire, const char *topic,
                    bool (*each)(void *arg, const struct record *rec), void *arg)
{
    int32_t partitions;
    int result = client_partitions(wire, topic, &partitions);
    if (result < 0) {
        _cleanup_(xfreep) char *why = xstrdup(wire_why(wire));
        return client_topic_missing(wire, topic) ? 0 : client_fail("%s", why);
    }
    result = scan_topic(wire, topic, -1, /* follow= */ false, each, arg);
    return result < 0 ? client_fail("%s", wire_why(wire)) : 0;
}

/* Says whether one of the slots has all parts of a model version. */
static int find_transformer(const struct client *client, struct wire *wire,
                            const char *generation, bool *ret_found)
{
    _cleanup_(xfreep) char *topic = client_topic_of(client, "models", generation);
    struct schema_cache *schemas = client_schemas(client);
    struct model_scan *scan = xcalloc(1, sizeof(*scan));
    scan->codec = codec_new(&model_weights_contract, schemas);
    scan->arena = arena_new(MEMBERS_ARENA_BLOCK);
    int result = scan_own(client, wire, topic, take_model, scan);
    *ret_found = false;
    for (size_t s = 0; s < MODEL_VERSION_SLOTS; s++) {
        const struct slot_parts *slot = &scan->slots[s];
        *ret_found |= slot->parts > 0 && slot->held == slot->parts;
    }
    arena_free(scan->arena);
    codec_free(scan->codec);
    schema_cache_free(schemas);
    free(scan);
    return result;
}

static bool take_list(void *arg, const struct record *rec)
{
    struct list_scan *scan = arg;
    struct recommendation_list list;
    struct codec_error error;
    arena_reset(scan->arena);
    scan->found |= rec->value.data &&
                   codec_decode(scan->codec, rec->value, scan->arena, &list, &error) == 0 &&
                   slice_equal(list.generation, slice_str(scan->generation)) && list.vectors.size;
    return !scan->found;
}

/* Says whether a generation has a list that was made with a model version. Those of the base are in
 * `recommendations` until it is released for the first time. */
static int find_use(const struct client *client, struct wire *wire, const char *generation,
                    bool *ret_used)
{
    _cleanup_(xfreep) char *own = client_topic_of(client, "lists", generation);
    _cleanup_(xfreep) char *shared = client_topic_of(client, "recommendations", "");
    struct schema_cache *schemas = client_schemas(client);
    struct list_scan scan = {.codec = codec_new(&recommendation_list_contract, schemas),
                             .arena = arena_new(MEMBERS_ARENA_BLOCK),
                             .generation = generation};
    int result = scan_own(client, wire, own, take_list, &scan);
    if (!result && !scan.found && !generation[0]) {
        result = scan_own(client, wire, shared, take_list, &scan);
    }
    *ret_used = scan.found;
    arena_free(scan.arena);
    codec_free(scan.codec);
    schema_cache_free(schemas);
    return result;
}

static int look(const struct client *client, struct wire *wire, const char *generation,
                struct members *ret_members)
{
    for (size_t i = 0; i < GENERATION_OWNERS; i++) {
        int result = generation_resources_running(client, wire, generation, generation_owners[i],
                                                  &ret_members->running[i]);
        if (result) { return result; }
    }
    int result = find_transformer(client, wire, generation, &ret_members->transformer);
    if (result || !ret_members->transformer) { return result; }
    return find_use(client, wire, generation, &ret_members->used);
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
    struct members own = {0}, others = {0};
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
    if (others.used && own.transformer && !own.used) {
        buf_printf(&missing,
                   "%slists made with its Transformer: %s has such, %s none (vectors.used of its "
                   "scorer)",
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
