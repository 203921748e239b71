#include "base/base.h"
#include "base/buf.h"
#include "base/utf8.h"
#include "base/xalloc.h"
#include "schemas/user_event.h"
#include "schemas/user_profile.h"
#include "stream/avro/framing.h"
#include "stream/avro/schema.h"
#include "tests/sample.h"

/* The first byte picks a contract, the rest is a message. What decodes must encode, and decode
 * again to the same; rendering must stay within its bounds. A frame is put before what has none, so
 * that a body is reached without guessing a fingerprint; with 0x80 in the first byte an id's, with
 * 0x40 none. */

enum { FIRST_ID = 7, MESSAGE_BYTES_MAX = 1 << 20, JSON_BYTES_MAX = 4 << 20 };

/* Other writers of UserEvent: each of our fields otherwise, and types that we never write. */
static const char *const writers[] = {
    "{\"type\":\"record\",\"name\":\"UserEvent\",\"fields\":["
    "{\"name\":\"tree\",\"type\":{\"type\":\"record\",\"name\":\"T\",\"fields\":["
    "{\"name\":\"down\",\"type\":{\"type\":\"array\",\"items\":\"T\"}},"
    "{\"name\":\"by\",\"type\":{\"type\":\"map\",\"values\":[\"null\",\"T\",\"float\"]}}]}},"
    "{\"name\":\"event_id\",\"type\":[\"null\",\"string\",\"int\"]},"
    "{\"name\":\"user_id\",\"type\":\"bytes\"},{\"name\":\"item_id\",\"type\":\"string\"},"
    "{\"name\":\"weight\",\"type\":[\"float\",\"null\",\"int\"]},"
    "{\"name\":\"event_time_ms\",\"type\":\"int\"},"
    "{\"name\":\"nothing\",\"type\":{\"type\":\"array\",\"items\":\"null\"}},"
    "{\"name\":\"action\",\"type\":{\"type\":\"enum\",\"name\":\"Action\",\"symbols\":"
    "[\"LIKE\",\"SHARE\",\"VIEW\"]}},"
    "{\"name\":\"raw\",\"type\":{\"type\":\"fixed\",\"name\":\"F\",\"size\":5}}]}",
    "{\"type\":\"record\",\"name\":\"UserProfile\",\"fields\":["
    "{\"name\":\"user_id\",\"type\":\"string\"},"
    "{\"name\":\"tags\",\"type\":{\"type\":\"array\",\"items\":[\"string\",\"null\",\"bytes\"]}},"
    "{\"name\":\"gone\",\"type\":[\"null\",\"boolean\",\"double\"]}]}",
};

/* Which contract reads each of them. */
static const struct contract *const readers[] = {&user_event_contract, &user_profile_contract};

struct bench {
    struct schema_cache *schemas;
    struct codec **codecs; /* of each contract, then of each foreign writer's reader */
    uint64_t *fingerprints;
    size_t count;
    struct arena *arena;
    struct buf message;
    struct buf again;
    struct buf json;
};

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static const struct contract *contract_of(size_t pick)
{
    return pick < contracts_count ? contracts[pick] : readers[pick - contracts_count];
}

static struct bench *bench_get(void)
{
    static struct bench bench;
    if (bench.schemas) { return &bench; }
    bench.schemas = schema_cache_new();
    bench.count = contracts_count + ARRAY_COUNT(writers);
    bench.codecs = xcalloc(bench.count, sizeof(struct codec *));
    bench.fingerprints = xcalloc(bench.count, sizeof(uint64_t));
    for (size_t i = 0; i < bench.count; i++) {
        const struct contract *contract = contract_of(i);
        bool own = i < contracts_count;
        const char *schema = own ? contract->schema : writers[i - contracts_count];
        int rc = schema_cache_bind(bench.schemas, FIRST_ID + (uint32_t)i, schema, NULL);
        assert(rc == 0);
        /* each other one writes ids */
        schema_cache_write(bench.schemas, i % 2 ? FRAMING_CONFLUENT : FRAMING_SINGLE);
        bench.codecs[i] = codec_new(contract, bench.schemas);
        assert(rc == 0);
        rc = schema_fingerprint(schema, &bench.fingerprints[i]);
        assert(rc == 0);
    }
    bench.arena = arena_new(1 << 16);
    buf_init(&bench.message, MESSAGE_BYTES_MAX);
    buf_init(&bench.again, MESSAGE_BYTES_MAX);
    buf_init(&bench.json, JSON_BYTES_MAX);
    return &bench;
}

static void decode_twice(struct bench *bench, size_t pick, struct slice message)
{
    const struct contract *contract = contract_of(pick);
    _Alignas(max_align_t) char first[SAMPLE_STRUCT_BYTES_MAX];
    _Alignas(max_align_t) char second[SAMPLE_STRUCT_BYTES_MAX];
    struct codec *codec = bench->codecs[pick];
    struct codec_error error = {0};
    arena_reset(bench->arena);
    if (codec_decode(codec, message, bench->arena, first, &error)) {
        assert(error.reason);
        return;
    }
    buf_clear(&bench->again);
    int rc = codec_encode(codec, first, &bench->again);
    assert(rc == 0);
    rc = codec_decode(codec, buf_slice(&bench->again), bench->arena, second, &error);
    assert(rc == 0);
    for (size_t i = 0; i < contract->fields_count; i++) {
        const struct contract_field *row = &contract->fields[i];
        struct slice *text = (void *)(first + row->offset);
        bool is_text = row->kind == FIELD_STRING || row->kind == FIELD_BYTES;
        if (is_text && !text->data) { *text = slice_str(""); } /* null is written as nothing */
    }
    assert(sample_same(contract, first, second));
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    if (size == 0 || size > MESSAGE_BYTES_MAX - FRAME_BYTES_MAX) { return 0; }
    struct bench *bench = bench_get();
    size_t pick = (data[0] & 0x3f) % bench->count;
    buf_clear(&bench->message);
    if (data[0] & 0x80) {
        char frame[FRAME_BYTES_MAX];
        size_t frame_size = frame_write((struct frame){FRAMING_CONFLUENT, FIRST_ID + pick}, frame);
        buf_append(&bench->message, frame, frame_size);
    } else if (!(data[0] & 0x40) && (size < 3 || memcmp(data + 1, "\xc3\x01", 2) != 0)) {
        buf_append(&bench->message, "\xc3\x01", 2);
        buf_append(&bench->message, &bench->fingerprints[pick], sizeof(uint64_t));
    }
    buf_append(&bench->message, data + 1, size - 1);
    /* in a block of its own size: a step beyond the end is seen */
    char *copy = xmemdup(bench->message.data, bench->message.size);
    struct slice message = slice_of(copy, bench->message.size);
    decode_twice(bench, pick, message);
    const char *name;
    struct codec_error error = {0};
    buf_clear(&bench->json);
    if (codec_json(bench->schemas, message, &bench->json, &name, &error)) {
        assert(error.reason && bench->json.size == 0);
    } else {
        assert(name && utf8_valid(bench->json.data, bench->json.size));
    }
    free(copy);
    return 0;
}
