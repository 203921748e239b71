#include "base/base.h"
#include "base/array.h"
#include "base/hash_index.h"
#include "base/xalloc.h"
#include "cli/client_schemas.h"
#include "cli/table_log.h"
#include "cli/scan.h"

enum { ARENA_BYTES = 1 << 13 };

/* Keys whose newest record is obsolete, or was: then they are no longer `there`. */
struct sweep {
    struct arena *keys;
    struct swept {
        struct slice key;
        bool there;
    } *at;
    size_t count, capacity;
    struct hash_index index;
    bool (*is_obsolete)(void *arg, const void *record);
    void *arg;
};

struct reading {
    struct codec *codec;
    struct arena *arena;
    void *record;
    void (*apply)(void *arg, const void *record);
    void *arg;
    struct sweep *sweep;
};

static bool decode(struct reading *reading, const struct record *rec)
{
    struct codec_error error;
    arena_reset(reading->arena);
    return rec->value.data && codec_decode(reading->codec, rec->value, reading->arena,
                                           reading->record, &error) == 0;
}

static bool take(void *arg, const struct record *rec)
{
    struct reading *reading = arg;
    if (decode(reading, rec)) { reading->apply(reading->arg, reading->record); }
    return true;
}

static int read_log(const struct table_log *log, const struct client *client, struct wire *wire,
                    bool (*each)(void *arg, const struct record *rec), struct reading *reading)
{
    _cleanup_(xfreep) char *topic = client_topic(client, log->name);
    struct schema_cache *schemas = client_schemas(client);
    reading->codec = codec_new(log->contract, schemas);
    reading->arena = arena_new(ARENA_BYTES);
    reading->record = xcalloc(1, log->record_bytes);
    int result = scan_topic(wire, topic, -1, /* follow= */ false, each, reading);
    codec_free(reading->codec);
    schema_cache_free(schemas);
    arena_free(reading->arena);
    free(reading->record);
    return result == 0 ? 0 : client_fail_topic(client, wire, topic, log->name);
}

int table_log_read(const struct table_log *log, const struct client *client, struct wire *wire,
                   void (*apply)(void *arg, const void *record), void *arg)
{
    struct reading reading = {.apply = apply, .arg = arg};
    return read_log(log, client, wire, take, &reading);
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

/* ---- Sweeping ---- */

static uint64_t swept_hash(const void *owner, uint32_t at)
{
    return hash_index_text(((const struct sweep *)owner)->at[at].key);
}

static bool swept_is(const void *owner, uint32_t at, const void *key)
{
    return slice_equal(((const struct sweep *)owner)->at[at].key, *(const struct slice *)key);
}

static struct swept *swept_of(struct sweep *sweep, struct slice key)
{
    uint64_t hash = hash_index_text(key);
    int32_t at = hash_index_find(&sweep->index, hash, swept_is, sweep, &key);
    if (at != HASH_INDEX_NONE) { return &sweep->at[at]; }
    ARRAY_RESERVE(sweep->at, sweep->capacity, sweep->count + 1, 64);
    sweep->at[sweep->count] = (struct swept){.key = arena_copy(sweep->keys, key)};
    hash_index_add(&sweep->index, hash, (uint32_t)sweep->count, swept_hash, sweep);
    return &sweep->at[sweep->count++];
}

static bool sort_out(void *arg, const struct record *rec)
{
    struct reading *reading = arg;
    struct sweep *sweep = reading->sweep;
    if (!rec->key.data) { return true; }
    swept_of(sweep, rec->key)->there =
        decode(reading, rec) && sweep->is_obsolete(sweep->arg, reading->record);
    return true;
}

static int delete_swept(const char *topic, struct wire *wire, const struct sweep *sweep)
{
    int result = 0;
    for (size_t i = 0; i < sweep->count && result == 0; i++) {
        const struct message message = {.topic = topic, .partition = 0, .key = sweep->at[i].key};
        if (!sweep->at[i].there) { continue; }
        if (wire_produce(wire, &message, 1) < 0) { result = client_fail("%s", wire_why(wire)); }
    }
    return result == 0 ? client_flush(wire) : result;
}

int table_log_sweep(const struct table_log *log, const struct client *client, struct wire *wire,
                    bool (*is_obsolete)(void *arg, const void *record), void *arg)
{
    _cleanup_(xfreep) char *topic = client_topic(client, log->name);
    struct sweep sweep = {.keys = arena_new(ARENA_BYTES), .is_obsolete = is_obsolete, .arg = arg};
    struct reading reading = {.sweep = &sweep};
    hash_index_init(&sweep.index, 0);
    int result = read_log(log, client, wire, sort_out, &reading);
    if (result == 0) { result = delete_swept(topic, wire, &sweep); }
    hash_index_release(&sweep.index);
    free(sweep.at);
    arena_free(sweep.keys);
    return result;
}
