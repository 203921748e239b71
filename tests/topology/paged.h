/* For tests of the console's pages: records of topics, and what a page must lack. */
#ifndef FRESHET_TESTS_TOPOLOGY_PAGED_H
#define FRESHET_TESTS_TOPOLOGY_PAGED_H

#include "stream/avro/codec.h"
#include "tests/topology/asking.h"

enum { ROUNDS = 40 };

static inline void append_at(struct rig *rig, const char *topic, const struct contract *contract,
                      const char *key, const void *object, int64_t time_ms)
{
    struct buf out;
    struct schema_cache *schemas = schema_cache_new();
    struct codec *codec = codec_new(contract, schemas);
    buf_init(&out, 1 << 20);
    assert_int_equal(codec_encode(codec, object, &out), 0);
    memlog_append(rig->log, topic, PARTITION_BY_KEY, slice_str(key), buf_slice(&out), time_ms);
    buf_release(&out);
    codec_free(codec);
    schema_cache_free(schemas);
}

static inline void append(struct rig *rig, const char *topic, const struct contract *contract,
                   const char *key, const void *object)
{
    append_at(rig, topic, contract, key, object, RIG_WALL_MS);
}

static inline void assert_lacks(const char *text, const char *part)
{
    if (strstr(text, part)) { fail_msg("%s in %s", part, text); }
}

#endif
