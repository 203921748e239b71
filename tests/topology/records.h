/* Records of a contract, appended to topics. */
#ifndef FRESHET_TESTS_TOPOLOGY_RECORDS_H
#define FRESHET_TESTS_TOPOLOGY_RECORDS_H

#include "stream/avro/codec.h"
#include "tests/topology/rig.h"

/* Appends an object to a partition, or PARTITION_BY_KEY; NULL: a tombstone. */
static inline void append_record(struct rig *rig, const char *topic, int32_t partition,
                                 const struct contract *contract, struct slice key,
                                 const void *object, int64_t time_ms)
{
    struct schema_cache *schemas = schema_cache_new();
    struct codec *codec = codec_new(contract, schemas);
    struct buf out;
    buf_init(&out, 4 << 20);
    if (object) { assert(codec_encode(codec, object, &out) == 0); }
    memlog_append(rig->log, topic, partition, key, object ? buf_slice(&out) : (struct slice){0},
                  time_ms);
    buf_release(&out);
    codec_free(codec);
    schema_cache_free(schemas);
}

#endif
