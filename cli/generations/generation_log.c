#include "base/base.h"
#include "base/xalloc.h"
#include "cli/client_schemas.h"
#include "cli/scan.h"
#include "cli/generations/generation_log.h"

enum { STEP_BYTES_MAX = 512, STEP_ARENA_BYTES = 1024 };

struct reading {
    struct codec *codec;
    struct arena *arena;
    struct generations *generations;
};

static bool take(void *arg, const struct record *rec)
{
    struct reading *reading = arg;
    struct generation_step step;
    struct codec_error error;
    arena_reset(reading->arena);
    if (rec->value.data &&
        codec_decode(reading->codec, rec->value, reading->arena, &step, &error) == 0) {
        generations_apply(reading->generations, &step);
    }
    return true;
}

int generation_log_read(const struct client *client, struct wire *wire,
                        struct generations *ret_generations)
{
    _cleanup_(xfreep) char *topic = client_topic(client, "generations");
    struct schema_cache *schemas = client_schemas(client);
    struct reading reading = {.codec = codec_new(&generation_step_contract, schemas),
                              .arena = arena_new(STEP_ARENA_BYTES),
                              .generations = ret_generations};
    generations_init(ret_generations);
    int result = scan_topic(wire, topic, -1, /* follow= */ false, take, &reading);
    codec_free(reading.codec);
    schema_cache_free(schemas);
    arena_free(reading.arena);
    if (result == 0) { return 0; }
    generations_release(ret_generations);
    return client_fail("%s", wire_why(wire));
}

int generation_log_write(const struct client *client, struct wire *wire,
                         const struct generation_step *step)
{
    _cleanup_(xfreep) char *topic = client_topic(client, "generations");
    struct schema_cache *schemas = client_schemas(client);
    struct codec *codec =
        client_schemas_writer(client, schemas, topic, &generation_step_contract, /* first= */ true);
    if (!codec) {
        schema_cache_free(schemas);
        return EXIT_FAILURE;
    }
    char key[STEP_KEY_BYTES_MAX];
    struct buf value;
    buf_init(&value, STEP_BYTES_MAX);
    int result = codec_encode(codec, step, &value);
    assert(result == 0);
    const struct message message = {.topic = topic,
                                    .partition = 0,
                                    .key = slice_str(generation_step_key(step, key)),
                                    .value = buf_slice(&value)};
    if (wire_produce(wire, &message, 1) < 0) {
        result = client_fail("%s", wire_why(wire));
    } else {
        result = client_flush(wire);
    }
    buf_release(&value);
    codec_free(codec);
    schema_cache_free(schemas);
    return result;
}

int generation_log_partitions(const struct client *client, struct wire *wire, int32_t *ret_count)
{
    _cleanup_(xfreep) char *topic = client_topic(client, "recommendations");
    int result = wire_partitions(wire, topic, ret_count);
    return result < 0 ? client_fail_topic(client, wire, topic, "recommendations") : 0;
}

bool generation_log_complete(const struct generations *generations, int32_t partitions)
{
    for (int32_t p = 0; p < partitions; p++) {
        if (generations_role(generations, generations->live, p) != ROLE_LIVE) { return false; }
    }
    return true;
}
