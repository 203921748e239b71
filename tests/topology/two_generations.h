/* Two generations of features, trainer and scorer on one log: the base, and g2. */
#ifndef FRESHET_TESTS_TOPOLOGY_TWO_GENERATIONS_H
#define FRESHET_TESTS_TOPOLOGY_TWO_GENERATIONS_H

#include "schemas/generations.h"
#include "scorer/scorer.h"
#include "tests/topology/answers.h"

#include "features/features.h"
#include "trainer/similarity/trainer.h"

#include <setjmp.h>

#include <cmocka.h>

enum { PARTITIONS = 3, FIRST = 600, MORE = 60 };

static const char *const g2_settings[] = {"generation=g2", "poll.records.max=20", NULL};
static const char *const base_settings[] = {"poll.records.max=20", NULL};

struct two_generations {
    struct rig rig;
    struct copy *base, *g2;
    struct schema_cache *schemas;
    struct codec *steps, *lists;
    struct arena *arena;
    int fed;
};

static inline void make_topics(struct rig *rig, const char *generation)
{
    static const char *const own[] = {
        "dead-letters", "histories", "pair-deltas", "features-changelog", "neighbours",
        "lists",        "quality",   "receipts",    "item-vectors",       "models",
        "serving-rows", "outcomes",  "moves"};
    for (size_t i = 0; i < ARRAY_COUNT(own); i++) {
        _cleanup_(xfreep) char *name = generation_name(own[i], generation);
        memlog_topic(rig->log, name, rig->partitions);
    }
}

static inline void feed(struct two_generations *both, int count)
{
    feed_events(&both->rig, 5, both->fed, both->fed + count);
    both->fed += count;
}

/* Starts both with the first events, the scorers with these settings (NULL: the usual ones). */
static inline void both_init_with(struct two_generations *both, const char *const *base,
                                  const char *const *g2)
{
    *both = (struct two_generations){.schemas = schema_cache_new(), .arena = arena_new(1 << 16)};
    both->steps = codec_new(&generation_step_contract, both->schemas);
    both->lists = codec_new(&recommendation_list_contract, both->schemas);
    rig_init(&both->rig, PARTITIONS);
    memlog_topic(both->rig.log, "recommendations-json", PARTITIONS);
    make_topics(&both->rig, "g2");
    feed(both, FIRST);
    rig_start(&both->rig, &features_worker, 0, NULL);
    rig_start(&both->rig, &trainer_worker, 0, NULL);
    rig_start(&both->rig, &features_worker, 0, g2_settings);
    rig_start(&both->rig, &trainer_worker, 0, g2_settings);
    both->base = rig_start(&both->rig, &scorer_worker, 0, base ? base : base_settings);
    both->g2 = rig_start(&both->rig, &scorer_worker, 0, g2 ? g2 : g2_settings);
    rig_survive(&both->rig, false);
}

static inline void both_init(struct two_generations *both)
{
    both_init_with(both, NULL, NULL);
}

static inline void both_release(struct two_generations *both)
{
    codec_free(both->steps);
    codec_free(both->lists);
    arena_free(both->arena);
    schema_cache_free(both->schemas);
    rig_release(&both->rig);
}

static inline void write_step(struct two_generations *both, enum generation_step_kind kind,
                              int64_t epoch, const char *generation, const char *previous,
                              int32_t partition)
{
    const struct generation_step step = {.kind = kind,
                                         .epoch = epoch,
                                         .generation = slice_str(generation),
                                         .previous = slice_str(previous),
                                         .partition = partition};
    char key[STEP_KEY_BYTES_MAX];
    struct buf out;
    buf_init(&out, 512);
    assert_int_equal(codec_encode(both->steps, &step, &out), 0);
    memlog_append(both->rig.log, "generations", 0, slice_str(generation_step_key(&step, key)),
                  buf_slice(&out), 1);
    buf_release(&out);
}

static inline struct recommendation_list decode(struct two_generations *both, struct slice value)
{
    struct recommendation_list list;
    struct codec_error error;
    assert_int_equal(codec_decode(both->lists, value, both->arena, &list, &error), 0);
    return list;
}

/* Each user's newest list is the same in both topics, and of this generation. */
static inline void check_same(struct two_generations *both, const char *one, const char *other,
                              const char *generation)
{
    struct fold *a = rig_fold(&both->rig, one), *b = rig_fold(&both->rig, other);
    assert_true(a->count > 0);
    assert_int_equal(a->count, b->count);
    for (size_t i = 0; i < a->count; i++) {
        assert_true(slice_equal(a->at[i].key, b->at[i].key));
        assert_true(slice_equal(a->at[i].value, b->at[i].value));
        arena_reset(both->arena);
        struct slice of = decode(both, a->at[i].value).generation;
        assert_true(slice_equal(of, slice_str(generation)));
    }
    free(a);
    free(b);
}

/* Steps, with new events in between, until a generation has taken every partition. */
static inline void until_taken(struct two_generations *both, const char *generation, int64_t epoch)
{
    for (int rounds = 0;; rounds++) {
        struct generations generations;
        struct generation_step step;
        struct record rec;
        bool all = true;
        generations_init(&generations);
        for (int64_t at = 0; memlog_read(both->rig.log, "generations", 0, at, &rec) == 0;
             at = rec.offset + 1) {
            struct codec_error error;
            assert_int_equal(codec_decode(both->steps, rec.value, both->arena, &step, &error), 0);
            (void)generations_apply(&generations, &step);
        }
        for (int32_t p = 0; p < PARTITIONS; p++) {
            all &= generations_taken(&generations, generation, p) == epoch;
        }
        generations_release(&generations);
        arena_reset(both->arena);
        if (all) { break; }
        assert_true(rounds < 2000);
        if (rounds < MORE) { feed(both, 1); }
        rig_round(&both->rig, false);
    }
}

#endif
