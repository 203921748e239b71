/* A stranger's schema, as a registry or a directory may hand it over, and a message written with
 * it: the first byte picks one of our contracts, then the schema as a piece, the rest is the body.
 * What is taken must be found again under its fingerprint, read or refused by the contract and
 * rendered within bounds; its canonical form must be a schema too, the same one. */
#include "base/base.h"
#include "base/utf8.h"
#include "schemas/contracts.h"
#include "stream/avro/schema.h"
#include "tests/fuzz/crumbs.h"
#include "tests/sample.h"

enum { RENDERED_MAX = 1 << 20 };

static struct arena *arena;
static struct buf rendered;

/* A short name below a namespace reads otherwise in the canonical form, which has no namespaces: a
 * weakness of the specification. */
static void check_canonical(const struct schema *schema)
{
    const char *text = schema_canonical(schema);
    struct codec_error error = {0};
    if (strchr(text, '.')) { return; }
    struct schema *again = schema_parse(text, &error);
    assert(again && strcmp(schema_canonical(again), text) == 0);
    assert(schema_crc(again) == schema_crc(schema));
    schema_free(again);
}

static void read_message(struct schema_cache *schemas, const struct contract *contract,
                         uint64_t fingerprint, struct slice body)
{
    _Alignas(max_align_t) char object[SAMPLE_STRUCT_BYTES_MAX];
    struct codec *codec = codec_new(contract, schemas);
    struct codec_error error = {0};
    char *message = xmalloc(10 + body.size);
    memcpy(message, "\xc3\x01", 2);
    memcpy(message + 2, &fingerprint, sizeof(fingerprint));
    if (body.size) { memcpy(message + 10, body.data, body.size); }
    arena_reset(arena);
    if (codec_decode(codec, slice_of(message, 10 + body.size), arena, object, &error)) {
        assert(error.reason && strcmp(error.reason, "unknown_fingerprint") != 0);
    }
    buf_clear(&rendered);
    error = (struct codec_error){0};
    if (codec_json(schemas, slice_of(message, 10 + body.size), &rendered, NULL, &error)) {
        assert(error.reason && rendered.size == 0);
    } else {
        assert(utf8_valid(rendered.data, rendered.size));
    }
    free(message);
    codec_free(codec);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    struct crumbs crumbs = {data, size};
    if (!arena) {
        arena = arena_new(1 << 16);
        buf_init(&rendered, RENDERED_MAX);
    }
    const struct contract *contract = contracts[crumbs_byte(&crumbs) % contracts_count];
    _cleanup_(xfreep) char *text = crumbs_text(crumbs_piece(&crumbs));
    struct codec_error error = {0};
    struct schema *schema = schema_parse(text, &error);
    assert(schema || (error.reason && strlen(error.detail) > 0));
    struct schema_cache *schemas = schema_cache_new();
    int rc = schema_cache_add(schemas, text, &error);
    assert(rc == 0 || rc == -EINVAL);
    assert(schema || rc < 0);
    if (schema) { check_canonical(schema); }
    if (rc == 0) {
        read_message(schemas, contract, schema_crc(schema), crumbs_take(&crumbs, crumbs.left));
    }
    schema_free(schema);
    schema_cache_free(schemas);
    return 0;
}
