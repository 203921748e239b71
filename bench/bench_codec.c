#include "base/base.h"
#include "base/arena.h"
#include "base/buf.h"
#include "base/xalloc.h"
#include "bench/stopwatch.h"
#include "schemas/item_neighbours.h"
#include "schemas/user_event.h"
#include "stream/avro/codec.h"

#include <avro.h>

/* How many messages a second of CPU time, ours and libavro's generic values; prints `name value`
 * lines. One thread: CPU time is what a machine with other work on it does not distort. */

enum { NEIGHBOURS = 512, FRAME_BYTES = 10, ROUND = 64, ROOM_BYTES = 1 << 20 };

static const double measure_s = 0.5;

struct bench {
    struct codec *codec;
    struct buf bytes; /* one message */
    const void *object;
    struct buf out;
    struct arena *arena;
    avro_schema_t schema;
    avro_value_iface_t *iface;
    avro_value_t value;
    char *room;
};

static double rate(struct bench *bench, void (*once)(struct bench *))
{
    double start = cpu_seconds();
    double passed = 0;
    int64_t count = 0;
    for (; passed < measure_s; passed = cpu_seconds() - start) {
        for (int i = 0; i < ROUND; i++) { once(bench); }
        count += ROUND;
    }
    return (double)count / passed;
}

static void decode_user_event(struct bench *bench)
{
    struct user_event event;
    struct codec_error error;
    int rc = codec_decode(bench->codec, buf_slice(&bench->bytes), bench->arena, &event, &error);
    assert(rc == 0 && event.event_time_ms);
}

static void decode_item_neighbours(struct bench *bench)
{
    struct item_neighbours row;
    struct codec_error error;
    arena_reset(bench->arena);
    int rc = codec_decode(bench->codec, buf_slice(&bench->bytes), bench->arena, &row, &error);
    assert(rc == 0 && row.items.count == NEIGHBOURS);
}

static void encode(struct bench *bench)
{
    buf_clear(&bench->out);
    int rc = codec_encode(bench->codec, bench->object, &bench->out);
    assert(rc == 0);
}

static void decode_libavro(struct bench *bench)
{
    avro_reader_t reader = avro_reader_memory(bench->bytes.data + FRAME_BYTES,
                                              (int64_t)bench->bytes.size - FRAME_BYTES);
    (void)avro_value_reset(&bench->value);
    int rc = avro_value_read(reader, &bench->value);
    assert(rc == 0);
    avro_reader_free(reader);
}

/* Encodes the value that the last decode left. */
static void encode_libavro(struct bench *bench)
{
    avro_writer_t writer = avro_writer_memory(bench->room, ROOM_BYTES);
    int rc = avro_value_write(writer, &bench->value);
    assert(rc == 0);
    avro_writer_free(writer);
}

static void init(struct bench *bench, const struct contract *contract, struct schema_cache *schemas,
                 const void *object)
{
    *bench = (struct bench){.object = object, .room = xmalloc(ROOM_BYTES)};
    bench->codec = codec_new(contract, schemas);
    bench->arena = arena_new(1 << 16);
    buf_init(&bench->bytes, ROOM_BYTES);
    buf_init(&bench->out, ROOM_BYTES);
    int rc = codec_encode(bench->codec, object, &bench->bytes);
    assert(rc == 0);
    rc = avro_schema_from_json_length(contract->schema, strlen(contract->schema), &bench->schema);
    assert(rc == 0);
    bench->iface = avro_generic_class_from_schema(bench->schema);
    rc = avro_generic_value_new(bench->iface, &bench->value);
    assert(rc == 0);
}

static void release(struct bench *bench)
{
    avro_value_decref(&bench->value);
    avro_value_iface_decref(bench->iface);
    avro_schema_decref(bench->schema);
    free(bench->room);
    buf_release(&bench->bytes);
    buf_release(&bench->out);
    arena_free(bench->arena);
    codec_free(bench->codec);
}

static void compare(struct bench *bench, const char *name, void (*ours)(struct bench *),
                    void (*theirs)(struct bench *))
{
    double rate_ours = rate(bench, ours);
    double rate_theirs = rate(bench, theirs);
    printf("%s_per_s %.0f\n", name, rate_ours);
    printf("%s_libavro_per_s %.0f\n", name, rate_theirs);
    printf("%s_ratio %.2f\n", name, rate_ours / rate_theirs);
}

static void bench_user_event(struct schema_cache *schemas)
{
    struct user_event event = {
        .event_id = slice_str("events-3-1834029"),
        .user_id = slice_str("A1YJEY40YUW4SE"),
        .item_id = slice_str("B004756YJA"),
        .action = ACTION_CLICK,
        .weight = 1.0,
        .event_time_ms = 1700000000000,
        .received_ms = 1700000000123,
    };
    struct bench bench;
    init(&bench, &user_event_contract, schemas, &event);
    compare(&bench, "codec_decode_user_event", decode_user_event, decode_libavro);
    compare(&bench, "codec_encode_user_event", encode, encode_libavro);
    release(&bench);
}

static void bench_item_neighbours(struct schema_cache *schemas)
{
    static struct slice items[NEIGHBOURS];
    static double numbers[NEIGHBOURS];
    static char texts[NEIGHBOURS][16];
    for (int i = 0; i < NEIGHBOURS; i++) {
        (void)snprintf(texts[i], sizeof(texts[i]), "B%09d", i * 7919);
        items[i] = slice_str(texts[i]);
        numbers[i] = 1.0 / (1 + i);
    }
    struct doubles column = {.at = numbers, .count = NEIGHBOURS};
    struct item_neighbours row = {
        .item_id = slice_str("B004756YJA"),
        .mass = 12.5,
        .event_time_ms = 1700000000000,
        .items = {.at = items, .count = NEIGHBOURS},
        .co_ratings = column,
        .forwards = column,
        .backwards = column,
    };
    struct bench bench;
    init(&bench, &item_neighbours_contract, schemas, &row);
    compare(&bench, "codec_decode_item_neighbours_512", decode_item_neighbours, decode_libavro);
    compare(&bench, "codec_encode_item_neighbours_512", encode, encode_libavro);
    release(&bench);
}

int main(void)
{
    struct schema_cache *schemas = schema_cache_new();
    bench_user_event(schemas);
    bench_item_neighbours(schemas);
    schema_cache_free(schemas);
    return 0;
}
