/* A rig of features, trainer and scorer that goes on until all rest: each standing list is then the
 * one that the topics give (recomputed.h). */
#ifndef FRESHET_TESTS_TOPOLOGY_RESTING_H
#define FRESHET_TESTS_TOPOLOGY_RESTING_H

#include "tests/topology/recomputed.h"

#include <setjmp.h>
#include <cmocka.h>

enum { REST_ROUNDS_MAX = 5000 };

static inline void pass(struct rig *rig, int rounds)
{
    for (int i = 0; i < rounds; i++) { rig_round(rig, false); }
}

/* Goes on until all copies say that they are at rest, several times in a row. */
static inline void rest(struct rig *rig)
{
    rig_until_rest(rig, 20, REST_ROUNDS_MAX);
}

static inline void assert_true_lists(const struct rig *rig, const struct copy *scorer)
{
    struct recomputed found =
        recomputed_lists(rig, "recommendations", scorer->worker_settings);
    printf("lists %zu differing %zu\n", found.lists, found.differing);
    assert_int_equal(found.lists, found.histories);
    assert_true(found.lists > 40);
    assert_int_equal(found.differing, 0);
    assert_int_equal(found.empty, 0);
}

static inline void put_entry(struct rig *rig, int number, const struct item *entry)
{
    struct schema_cache *schemas = schema_cache_new();
    struct codec *codec = codec_new(&item_contract, schemas);
    struct buf out;
    char id[16];
    buf_init(&out, 4096);
    (void)snprintf(id, sizeof(id), "i%02d", number);
    struct item item = entry ? *entry : (struct item){0};
    item.item_id = slice_str(id);
    assert_int_equal(codec_encode(codec, &item, &out), 0);
    memlog_append(rig->log, "items", PARTITION_BY_KEY, slice_str(id),
                  entry ? buf_slice(&out) : slice_of(NULL, 0), feed_from_ms);
    buf_release(&out);
    codec_free(codec);
    schema_cache_free(schemas);
}

static inline void put_item(struct rig *rig, int number, bool listed, bool available)
{
    const struct item item = {.available = available};
    put_entry(rig, number, listed ? &item : NULL);
}

/* The item on most lists, but another than this one. */
static inline int most_listed(const struct rig *rig, int other)
{
    int most = -1;
    for (int item = 0; item < FEED_ITEMS; item++) {
        if (item == other) { continue; }
        if (most < 0 || answers_listed(rig, item) > answers_listed(rig, most)) { most = item; }
    }
    return most;
}

static inline double remade(struct copy *scorer, const char *cause)
{
    _cleanup_(xfreep) char *labels = xprintf("cause=\"%s\"", cause);
    return metric_value(
        metrics_counter(scorer->metrics, "freshet_lists_remade_total", labels, "Known."));
}

#endif
