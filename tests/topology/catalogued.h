/* Entries of the catalogue. */
#ifndef FRESHET_TESTS_TOPOLOGY_CATALOGUED_H
#define FRESHET_TESTS_TOPOLOGY_CATALOGUED_H

#include "schemas/item.h"
#include "tests/topology/records.h"

/* Returns an entry with the contract's defaults; borrows the id. */
static inline struct item catalogued_item(const char *id)
{
    struct schema_cache *schemas = schema_cache_new();
    struct codec *codec = codec_new(&item_contract, schemas);
    struct item item;
    codec_defaults(codec, &item);
    item.item_id = slice_str(id);
    codec_free(codec);
    schema_cache_free(schemas);
    return item;
}

static inline void catalogued_put(struct rig *rig, const struct item *item, int64_t stamp_ms)
{
    append_record(rig, "items", PARTITION_BY_KEY, &item_contract, item->item_id, item, stamp_ms);
}

#endif
