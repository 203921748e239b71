#include "base/base.h"
#include "base/buf.h"
#include "bench/stopwatch.h"
#include "ingest/mapping/mapping_internal.h"
#include "tests/mapping_rig.h"

/* Measures the cost of one source record in the mapping, in microseconds of CPU time: parsing
 * alone, mapping to the event, and mapping with encoding; with a pseudonym; for a binary CloudEvent
 * with eight headers; and for an order of four lines, which becomes four events. Prints `name
 * value` lines. */

enum { ROUND = 256 };

static const double measure_s = 0.5;

static const char text[] =
    "{\"event_id\":\"ml-000012345\",\"user_id\":\"196\",\"item_id\":\"242\",\"action\":\"RATING\","
    "\"weight\":3.0,\"event_time_ms\":881250949000}";

static const char order[] =
    "{\"event_id\":\"ml-000012345\",\"user_id\":\"196\",\"action\":\"PURCHASE\","
    "\"event_time_ms\":881250949000,\"lines\":[{\"sku\":\"242\",\"n\":1},{\"sku\":\"302\",\"n\":2},"
    "{\"sku\":\"377\",\"n\":1},{\"sku\":\"51\",\"n\":1}]}";
static const char data[] = "{\"user_id\":\"196\",\"item_id\":\"242\"}";
static const struct header headers[] = {
    {"ce_specversion", {"1.0", 3}},
    {"ce_id", {"5d1f0b9e-2c5d-4f0a-9a3e-0b2f5a6c7d8e", 36}},
    {"ce_source", {"/shop/web", 9}},
    {"ce_type", {"com.example.viewed", 18}},
    {"ce_time", {"2026-11-23T08:59:58.123Z", 24}},
    {"ce_subject", {"242", 3}},
    {"content-type", {"application/json", 16}},
    {"traceparent", {"00-0af7651916cd43dd8448eb211c80319c-b7ad6b7169203331-01", 55}},
};

static const char keys[] =
    "k1 1970-01-01 000102030405060708090a0b0c0d0e0f101112131415161718191a1b1c1d1e1f";

struct bench {
    struct rig rig;
    struct codec *codec;
    struct buf out;
    struct slice value;
};

static double cost_us(struct bench *bench, void (*once)(struct bench *))
{
    double start = cpu_seconds();
    double passed = 0;
    int64_t count = 0;
    for (; passed < measure_s; passed = cpu_seconds() - start) {
        for (int i = 0; i < ROUND; i++) { once(bench); }
        count += ROUND;
    }
    return passed / (double)count * 1e6;
}

static void parse(struct bench *bench)
{
    json_t *document = NULL;
    char where[200];
    static const struct json_rules how = {.values_max = JSON_VALUES_MAX};
    enum json_fault fault = json_text_parse(bench->value, &how, &document, where, sizeof(where));
    assert(fault == JSON_FINE);
    json_decref(document);
}

static void map(struct bench *bench)
{
    const char *reason = rig_apply(&bench->rig, bench->value);
    assert(!reason);
}

static void map_and_encode(struct bench *bench)
{
    map(bench);
    buf_clear(&bench->out);
    int rc = codec_encode(bench->codec, &bench->rig.ev, &bench->out);
    assert(rc == 0);
}

static void measure_pseudonyms(struct bench *bench)
{
    struct pseudonyms *pseudonyms;
    char why[200];
    int rc = pseudonyms_new(slice_str(keys), &pseudonyms, why, sizeof(why));
    assert(rc == 0);
    bench->rig.mapping->pseudonyms = pseudonyms;
    (void)printf("mapping_json_pseudonym_us %.3f\n", cost_us(bench, map));
    bench->rig.mapping->pseudonyms = NULL;
    pseudonyms_free(pseudonyms);
}

static void map_headed(struct bench *bench)
{
    const char *reason =
        rig_apply_headed(&bench->rig, headers, ARRAY_COUNT(headers), bench->value);
    assert(!reason);
}

/* The same value without its headers looked at, and with five of them as fields. */
static void measure_headers(struct bench *bench)
{
    static const char *const pairs[] = {
        "map.id=$header.ce_id",       "map.action=$header.ce_type",
        "map.time=$header.ce_time",   "map.item=item_id|$header.ce_subject",
        "time.format=iso8601",        "action.com.example.viewed=VIEW:1",
        "map.kind=$header.ce_specversion"};
    static const char *const bare[] = {"map.action==VIEW", "map.time=$timestamp"};
    rig_clear(&bench->rig);
    int rc = rig_init(&bench->rig, bare, ARRAY_COUNT(bare), NULL);
    assert(rc == 0);
    bench->value = slice_str(data);
    (void)printf("mapping_json_headers_unused_us %.3f\n", cost_us(bench, map_headed));
    rig_clear(&bench->rig);
    rc = rig_init(&bench->rig, pairs, ARRAY_COUNT(pairs), NULL);
    assert(rc == 0);
    (void)printf("mapping_json_headers_us %.3f\n", cost_us(bench, map_headed));
}

static void measure_order(struct bench *bench)
{
    static const char *const pairs[] = {"map.item=lines[*].sku", "map.weight=lines[*].n"};
    rig_clear(&bench->rig);
    int rc = rig_init(&bench->rig, pairs, ARRAY_COUNT(pairs), NULL);
    assert(rc == 0);
    bench->value = slice_str(order);
    (void)printf("mapping_json_order_us %.3f\n", cost_us(bench, map));
}

int main(void)
{
    struct schema_cache *schemas = schema_cache_new();
    struct bench bench = {.codec = codec_new(&user_event_contract, schemas),
                          .value = slice_str(text)};
    buf_init(&bench.out, 4096);
    int rc = rig_init(&bench.rig, NULL, 0, schemas);
    assert(rc == 0);
    (void)printf("mapping_json_record_bytes %zu\n", bench.value.size);
    (void)printf("mapping_json_parse_us %.3f\n", cost_us(&bench, parse));
    (void)printf("mapping_json_apply_us %.3f\n", cost_us(&bench, map));
    (void)printf("mapping_json_apply_encode_us %.3f\n", cost_us(&bench, map_and_encode));

    measure_pseudonyms(&bench);

    struct buf avro;
    buf_init(&avro, 4096);
    buf_append(&avro, bench.out.data, bench.out.size);
    rig_clear(&bench.rig);
    const char *const pairs[] = {"source.format=avro"};
    rc = rig_init(&bench.rig, pairs, 1, schemas);
    assert(rc == 0);
    bench.value = buf_slice(&avro);
    (void)printf("mapping_avro_apply_encode_us %.3f\n", cost_us(&bench, map_and_encode));

    measure_headers(&bench);
    measure_order(&bench);
    rig_clear(&bench.rig);
    buf_release(&avro);
    buf_release(&bench.out);
    codec_free(bench.codec);
    schema_cache_free(schemas);
    return 0;
}
