#include "base/base.h"
#include "schemas/list_quality.h"

static const char schema[] =
#include "list_quality.avsc.inc"
    ;

static const char *const older[] = {
#include "versions/list_quality.1.avsc.inc"
    ,
#include "versions/list_quality.2.avsc.inc"
    ,
    NULL,
};

static const struct contract_field fields[] = {
    CONTRACT_FIELD(list_quality, FIELD_STRING, model, MODEL_NAME_BYTES_MAX),
    CONTRACT_FIELD(list_quality, FIELD_INT, partition, 0),
    CONTRACT_FIELD(list_quality, FIELD_LONG, from_offset, 0),
    CONTRACT_FIELD(list_quality, FIELD_LONG, to_offset, 0),
    CONTRACT_FIELD(list_quality, FIELD_LONG, event_time_from_ms, 0),
    CONTRACT_FIELD(list_quality, FIELD_LONG, event_time_to_ms, 0),
    CONTRACT_FIELD(list_quality, FIELD_LONG, judged, 0),
    CONTRACT_FIELD(list_quality, FIELD_LONG, hits_at_10, 0),
    CONTRACT_FIELD(list_quality, FIELD_DOUBLE, ndcg_at_10, 0),
    CONTRACT_FIELD(list_quality, FIELD_LONG, unlisted, 0),
    CONTRACT_FIELD(list_quality, FIELD_LONG, lists, 0),
    CONTRACT_FIELD(list_quality, FIELD_STRINGS, made_by, QUALITY_PARTS_MAX),
    CONTRACT_FIELD(list_quality, FIELD_INTS, segments, QUALITY_PARTS_MAX),
    CONTRACT_FIELD(list_quality, FIELD_LONGS, judged_by, QUALITY_PARTS_MAX),
    CONTRACT_FIELD(list_quality, FIELD_LONGS, hits_by, QUALITY_PARTS_MAX),
    CONTRACT_FIELD(list_quality, FIELD_DOUBLES, ndcg_by, QUALITY_PARTS_MAX),
    CONTRACT_FIELD(list_quality, FIELD_LONG, places, 0),
    CONTRACT_FIELD(list_quality, FIELD_DOUBLE, novelty_bits, 0),
    CONTRACT_FIELD(list_quality, FIELD_LONG, items_listed, 0),
    CONTRACT_FIELD(list_quality, FIELD_LONG, items_known, 0),
    CONTRACT_FIELD(list_quality, FIELD_LONG, repeats, 0),
    CONTRACT_FIELD(list_quality, FIELD_ENUMS, kinds, QUALITY_PARTS_MAX),
    CONTRACT_FIELD(list_quality, FIELD_LONGS, judged_by_kind, QUALITY_PARTS_MAX),
    CONTRACT_FIELD(list_quality, FIELD_LONGS, hits_by_kind, QUALITY_PARTS_MAX),
    CONTRACT_FIELD(list_quality, FIELD_LONGS, repeats_by_kind, QUALITY_PARTS_MAX),
};

const struct contract list_quality_contract = {
    .name = "freshet.ListQuality",
    .schema = schema,
    .older = older,
    .fields = fields,
    .fields_count = ARRAY_COUNT(fields),
    .size = sizeof(struct list_quality),
};
