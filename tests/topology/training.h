/* The sequence trainer on users who step through a small catalogue, for tests of what it learns. */
#ifndef FRESHET_TESTS_TOPOLOGY_TRAINING_H
#define FRESHET_TESTS_TOPOLOGY_TRAINING_H

#include "schemas/item.h"
#include "trainer/sequence/sequence.h"
#include "tests/topology/slots.h"

#include <setjmp.h>
#include <cmocka.h>

enum { USERS = 80, ITEMS = 24, STRIDE = 5, PARTITIONS = 3, STEPS_MAX = 3000 };

static const char *const quick_settings[] = {
    "train.threads=0",
    "train.d=16",
    "train.blocks=1",
    "train.length=12",
    "train.dropout=0.1",
    "train.batch=8",
    "train.epochs.max=6",
    "train.patience=6",
    "train.actions.min=300",
    "train.rate=0.003",
    "publish.rows.max=5",
    "train.publish.interval.ms=0",
    "train.checkpoint.interval.ms=400",
    NULL,
};

struct fixture {
    struct rig rig;
    struct schema_cache *schemas;
    struct slots slots;
    struct codec *histories, *items;
    struct arena *arena;
    struct buf out;
    int64_t offset;
    int64_t cut_off; /* actions of each user that their history does not hold */
    int32_t kind;    /* of every second action, */
    float weight;    /* and its weight; 0: all are 1 */
};

static inline void fixture_init(struct fixture *fixture)
{
    *fixture = (struct fixture){.schemas = schema_cache_new(), .arena = arena_new(1 << 16)};
    rig_init(&fixture->rig, PARTITIONS);
    fixture->histories = codec_new(&user_history_contract, fixture->schemas);
    fixture->items = codec_new(&item_contract, fixture->schemas);
    slots_init(&fixture->slots, &fixture->rig);
    buf_init(&fixture->out, 1 << 20);
}

static inline void fixture_release(struct fixture *fixture)
{
    rig_release(&fixture->rig);
    codec_free(fixture->histories);
    codec_free(fixture->items);
    slots_release(&fixture->slots);
    schema_cache_free(fixture->schemas);
    arena_free(fixture->arena);
    buf_release(&fixture->out);
}

/* Writes the history of a user who steps through the catalogue by fives. */
static inline void write_history(struct fixture *fixture, int user, size_t steps)
{
    char id[16], names[32][16];
    struct slice items[32];
    float weights[32];
    int64_t zeros[32] = {0};
    int32_t actions[32];
    (void)snprintf(id, sizeof(id), "u%d", user);
    for (size_t k = 0; k < steps; k++) {
        (void)snprintf(names[k], sizeof(names[k]), "i%d", (user + (int)k * STRIDE) % ITEMS);
        items[k] = slice_str(names[k]);
        weights[k] = fixture->weight > 0.0F && k % 2 ? fixture->weight : 1.0F;
        actions[k] = k % 2 ? fixture->kind : ACTION_VIEW;
    }
    const struct user_history hist = {
        .user_id = slice_str(id),
        .items = {items, steps},
        .actions = {actions, steps},
        .weights = {weights, steps},
        .event_times_ms = {zeros, steps},
        .offsets = {zeros, steps},
        .events_total = (int64_t)steps + fixture->cut_off,
        .input_offset = fixture->offset++,
    };
    buf_clear(&fixture->out);
    assert_int_equal(codec_encode(fixture->histories, &hist, &fixture->out), 0);
    memlog_append(fixture->rig.log, "histories", PARTITION_BY_KEY, hist.user_id,
                  buf_slice(&fixture->out), 0);
}

static inline void write_histories(struct fixture *fixture, size_t steps)
{
    for (int user = 0; user < USERS; user++) { write_history(fixture, user, steps); }
}

static inline void check_whole(struct fixture *fixture)
{
    assert_true(slots_whole(&fixture->slots));
}

/* Steps until a copy is idle and has published at least so many model versions. */
static inline void wait_until_idle(struct fixture *fixture, struct copy *copy, double versions)
{
    for (int step = 0; step < STEPS_MAX; step++) {
        rig_round(&fixture->rig, false);
        check_whole(fixture);
        if (trainer_idle(copy) &&
            trainer_metric(copy, "freshet_model_versions_published") >= versions) {
            return;
        }
    }
    fail_msg("no %g model versions", versions);
}

static inline struct model_weights newest_weights(struct fixture *fixture)
{
    struct record rec, newest = {0};
    struct model_weights weights;
    for (int64_t at = 0; memlog_read(fixture->rig.log, "models", 0, at, &rec) == 0;
         at = rec.offset + 1) {
        newest = rec;
    }
    slots_decode(&fixture->slots, fixture->slots.weights, newest.value, &weights);
    return weights;
}

#endif
