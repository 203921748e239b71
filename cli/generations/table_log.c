#include "base/base.h"
#include "base/xalloc.h"
#include "cli/client_schemas.h"
#include "cli/generations/table_log.h"
#include "cli/scan.h"

enum { ARENA_BYTES = 1 << 13 };

struct reading {
    struct codec *codec;
    struct arena *arena;
    void *record;
    void (*apply)(void *arg, const void *record);
    void *arg;
};

static bool take(void *arg, const struct record *rec)
{
    struct reading *reading = arg;
    struct codec_error error;
    arena_reset(reading->arena);
    if (rec->value.data && codec_decode(reading->codec, rec->value, reading->arena,
                                        reading->record, &error) == 0) {
        reading->apply(reading->arg, reading->record);
    }
    return true;
}

int table_log_read(const struct table_log *log, const struct client *client, struct wire *wire,
                   void (*apply)(void *arg, const void *record), void *arg)
{
    _cleanup_(xfreep) char *topic = client_topic(client, log->name);
    struct schema_cache *schemas = client_schemas(client);
    struct reading reading = {.codec = codec_new(log->contract, schemas),
                              .arena = arena_new(ARENA_BYTES),
                              .record = xcalloc(1, log->record_bytes),
                              .apply = apply,
                              .arg = arg};
    int result = scan_topic(wire, topic, -1, /* follow= */ false, take, &reading);
    codec_free(reading.codec);
    schema_cache_free(schemas);
    arena_free(reading.arena);
    free(reading.record);
    return result == 0 ? 0 : client_fail_topic(client, wire, topic, log->name);
}

int table_log_write(const struct table_log *log, const struct client *client, struct wire *wire,
                    const char *key, const void *record)
{
    _cleanup_(xfreep) char *topic = client_topic(client, log->name);
    struct schema_cache *schemas = client_schemas(client);
    struct codec *codec =
        client_schemas_writer(client, schemas, topic, log->contract, /* first= */ true);
    if (!codec) {
        schema_cache_free(schemas);
        return EXIT_FAILURE;
    }
    struct buf value;
    buf_init(&value, log->message_bytes_max);
    int result = codec_encode(codec, record, &value);
    assert(result == 0);
    const struct message message = {
        .topic = topic, .partition = 0, .key = slice_str(key), .value = buf_slice(&value)};
    result = wire_produce(wire, &message, 1) < 0 ? client_fail("%s", wire_why(wire))
                                                 : client_flush(wire);
    buf_release(&value);
    codec_free(codec);
    schema_cache_free(schemas);
    return result;
}
