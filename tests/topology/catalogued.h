/* Entries of the catalogue. */
#ifndef FRESHET_TESTS_TOPOLOGY_CATALOGUED_H
#define FRESHET_TESTS_TOPOLOGY_CATALOGUED_H

#include "schemas/item.h"
#include "tests/topology/rig.h"

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
    struct schema_cache *schemas = schema_cache_new();
    struct codec *codec = codec_new(&item_contract, schemas);
    struct buf out;
    buf_init(&out, 1 << 16);
    assert(codec_encode(codec, item, &out) == 0);
    memlog_append(rig->log, "items", PARTITION_BY_KEY, item->item_id, buf_slice(&out), stamp_ms);
    buf_release(&out);
    codec_free(codec);
    schema_cache_free(schemas);
}

#endif
