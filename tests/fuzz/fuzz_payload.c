/* Records of every format: the first bytes pick format and frame, the rest is the record. Texts
 * that come of it are valid UTF-8 where the format promises it, and their sizes add up. Other
 * first bytes lead to the schemas: .proto texts, descriptors, Avro schemas that refer to each
 * other. */
#include "base/base.h"
#include "base/utf8.h"
#include "ingest/payload/payload.h"
#include "ingest/payload/protobuf.h"
#include "ingest/payload/text_list.h"
#include "stream/avro/schema.h"
#include "stream/avro/schema_references.h"
#include "tests/fuzz/crumbs.h"

enum { FORMATS = 6, FRAMES = 6, BYTES_MAX = 1 << 16 };

static const char avro_schema[] =
    "{\"type\":\"record\",\"name\":\"R\",\"fields\":[{\"name\":\"s\",\"type\":\"string\"},"
    "{\"name\":\"n\",\"type\":[\"null\",{\"type\":\"long\",\"logicalType\":\"timestamp-millis\"}]},"
    "{\"name\":\"l\",\"type\":{\"type\":\"array\",\"items\":\"R\"}},"
    "{\"name\":\"m\",\"type\":{\"type\":\"map\",\"values\":\"bytes\"}}]}";
static const char protobuf_schema[] =
    "{\"protobuf\":\"syntax=\\\"proto3\\\";import \\\"google/protobuf/timestamp.proto\\\";import "
    "\\\"google/protobuf/struct.proto\\\";import \\\"google/protobuf/wrappers.proto\\\";message "
    "M{string s=1;int64 n=2;repeated M l=3;map<string,bytes> m=4;google.protobuf.Timestamp t=5;"
    "google.protobuf.Struct x=6;google.protobuf.BoolValue w=7;oneof o{double d=8;fixed32 f=9;}"
    "enum E{A=0;B=1;}E e=10;repeated sint32 p=11;message I{uint64 u=1;}I i=12;}\"}";

static struct schema_cache *schemas;
static struct payload *payloads[FORMATS][FRAMES];

static void make_payloads(void)
{
    char why[300];
    schemas = schema_cache_new();
    int rc = schema_cache_bind(schemas, 7, avro_schema, NULL) |
             schema_cache_bind(schemas, 8, protobuf_schema, NULL);
    assert(rc == 0);
    for (int format = 0; format < FORMATS; format++) {
        for (int frame = 0; frame < FRAMES; frame++) {
            const struct payload_settings settings = {
                .format = (enum payload_format)MIN_OF(format, (int)PAYLOAD_TSV),
                .frame = (enum frame_style)frame,
                .schema = format == PAYLOAD_AVRO ? "7" : format == PAYLOAD_PROTOBUF ? "8" : "",
                .message = frame % 2 && format == PAYLOAD_PROTOBUF ? "M" : "",
                .columns = format > PAYLOAD_TSV ? "header" : "a,b,c",
                .separator = ',',
                .times_as_text = frame % 2,
                .bytes_max = BYTES_MAX,
            };
            rc = payload_new(&settings, schemas, &payloads[format][frame], why, sizeof(why));
            assert(rc == 0);
        }
    }
}

static void read_record(struct crumbs *crumbs)
{
    int format = crumbs_byte(crumbs) % FORMATS, frame = crumbs_byte(crumbs) % FRAMES;
    struct header header = {"__value_schema_id", {NULL, 0}};
    struct header_list headers = {.at = &header, .count = crumbs_byte(crumbs) % 2};
    struct payload_value value;
    struct codec_error error = {0};
    struct slice text;
    if (headers.count) { header.value = crumbs_piece(crumbs); }
    struct slice bytes = crumbs_take(crumbs, crumbs->left);
    char *alone = crumbs_alone(bytes);
    const struct record rec = {.topic = "t",
                               .key = slice_of(alone ? alone : "", bytes.size),
                               .value = slice_of(alone ? alone : "", bytes.size),
                               .headers = &listed_headers,
                               .message = &headers};
    if (payload_read(payloads[format][frame], &rec, &value, &error)) {
        assert(error.reason && error.detail[0]);
    } else {
        size_t size = 0;
        for (size_t i = 0; i < value.texts.count; i++) { size += value.texts.at[i].size; }
        assert(value.texts.count <= TEXT_LIST_MAX && size <= 8 * (size_t)BYTES_MAX);
        bool ours = format == PAYLOAD_AVRO || format >= PAYLOAD_CSV;
        for (size_t i = 0; ours && i < value.texts.count; i++) {
            assert(utf8_valid(value.texts.at[i].data, value.texts.at[i].size));
        }
    }
    (void)payload_read_key(payloads[format][frame], &rec, &text, &error);
    free(alone);
}

static void ignore(void *arg, const char *bytes, size_t size)
{
    *(size_t *)arg += size;
}

static void read_descriptors(struct crumbs *crumbs)
{
    char why[200] = "";
    size_t written = 0;
    struct slice text = crumbs_piece(crumbs);
    struct slice message = crumbs_take(crumbs, crumbs->left);
    struct protobuf *protobuf = protobuf_new();
    static const int64_t first[] = {0};
    if (protobuf_add(protobuf, "a.proto", text.data ? text.data : "", text.size, why,
                     sizeof(why)) == 0) {
        (void)protobuf_missing(protobuf, 0);
        (void)protobuf_find(protobuf, "", why, sizeof(why));
        const void *type = protobuf_at(protobuf, "a.proto", first, 1, why, sizeof(why));
        if (type) {
            (void)protobuf_render(protobuf, type, message.data ? message.data : "", message.size,
                                  ignore, &written);
        }
    }
    protobuf_free(protobuf);
}

static void join_schemas(struct crumbs *crumbs)
{
    struct codec_error error = {0};
    char *root = crumbs_text(crumbs_piece(crumbs));
    char *one = crumbs_text(crumbs_piece(crumbs));
    char *other = crumbs_text(crumbs_piece(crumbs));
    const char *references[] = {one, other};
    struct buf joined;
    buf_init(&joined, SCHEMA_BYTES_MAX + 1);
    if (schema_references_join(root, references, 2, &joined, &error) == 0) {
        schema_free(schema_parse(joined.data, &error));
    }
    buf_release(&joined);
    free(root);
    free(one);
    free(other);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    struct crumbs crumbs = {data, size};
    if (!schemas) { make_payloads(); }
    int way = crumbs_byte(&crumbs) % 8;
    if (way == 7) {
        join_schemas(&crumbs);
    } else if (way == 6) {
        read_descriptors(&crumbs);
    } else {
        read_record(&crumbs);
    }
    return 0;
}
