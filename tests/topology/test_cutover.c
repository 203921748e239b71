/* Two generations of scorers on one log: what a reader of `recommendations` sees of a switch. */
#include "base/base.h"

#include "schemas/generations.h"
#include "scorer/scorer.h"
#include "tests/topology/answers.h"

#include "features/features.h"
#include "trainer/similarity/trainer.h"

#include <setjmp.h>

#include <cmocka.h>

enum { PARTITIONS = 3, FIRST = 600, MORE = 60 };

static const char *const named[] = {"generation=g2", "poll.records.max=20", NULL};
static const char *const plain[] = {"poll.records.max=20", NULL};

struct pair {
    struct rig rig;
    struct copy *base, *g2;
    struct schema_cache *schemas;
    struct codec *steps, *lists;
    struct arena *arena;
    int fed;
};

static void make_topics(struct rig *rig, const char *generation)
{
    static const char *const own[] = {"dead-letters", "histories", "pair-deltas",
                                      "features-changelog", "neighbours", "lists", "quality",
                                      "receipts", "item-vectors", "models"};
    for (size_t i = 0; i < ARRAY_COUNT(own); i++) {
        _cleanup_(xfreep) char *name = generation_name(own[i], generation);
        memlog_topic(rig->log, name, rig->partitions);
    }
}

static void feed(struct pair *pair, int count)
{
    feed_events(&pair->rig, 5, pair->fed, pair->fed + count);
    pair->fed += count;
}

static void pair_init(struct pair *pair)
{
    *pair = (struct pair){.schemas = schema_cache_new(), .arena = arena_new(1 << 16)};
    pair->steps = codec_new(&generation_step_contract, pair->schemas);
    pair->lists = codec_new(&recommendation_list_contract, pair->schemas);
    rig_init(&pair->rig, PARTITIONS);
    make_topics(&pair->rig, "g2");
    feed(pair, FIRST);
    rig_start(&pair->rig, &features_worker, 0, NULL);
    rig_start(&pair->rig, &trainer_worker, 0, NULL);
    rig_start(&pair->rig, &features_worker, 0, named);
    rig_start(&pair->rig, &trainer_worker, 0, named);
    pair->base = rig_start(&pair->rig, &scorer_worker, 0, plain);
    pair->g2 = rig_start(&pair->rig, &scorer_worker, 0, named);
    rig_survive(&pair->rig, false);
}

static void pair_release(struct pair *pair)
{
    codec_free(pair->steps);
    codec_free(pair->lists);
    arena_free(pair->arena);
    schema_cache_free(pair->schemas);
    rig_release(&pair->rig);
}

static void tell(struct pair *pair, enum generation_step_kind kind, int64_t epoch,
                 const char *generation, const char *previous, int32_t partition)
{
    const struct generation_step step = {.kind = kind,
                                         .epoch = epoch,
                                         .generation = slice_str(generation),
                                         .previous = slice_str(previous),
                                         .partition = partition};
    char key[STEP_KEY_BYTES_MAX];
    struct buf out;
    buf_init(&out, 512);
    assert_int_equal(codec_encode(pair->steps, &step, &out), 0);
    memlog_append(pair->rig.log, "generations", 0, slice_str(generation_step_key(&step, key)),
                  buf_slice(&out), 1);
    buf_release(&out);
}

/* Goes on, with new events in between, until a generation has taken every partition. */
static void until_taken(struct pair *pair, const char *generation, int64_t epoch)
{
    for (int rounds = 0;; rounds++) {
        struct generations generations;
        struct generation_step step;
        struct record rec;
        bool all = true;
        generations_init(&generations);
        for (int64_t at = 0; memlog_read(pair->rig.log, "generations", 0, at, &rec) == 0;
             at = rec.offset + 1) {
            struct codec_error error;
            assert_int_equal(codec_decode(pair->steps, rec.value, pair->arena, &step, &error), 0);
            generations_take(&generations, &step);
        }
        for (int32_t p = 0; p < PARTITIONS; p++) {
            all &= generations_taken(&generations, generation, p) == epoch;
        }
        generations_release(&generations);
        arena_reset(pair->arena);
        if (all) { break; }
        assert_true(rounds < 2000);
        if (rounds < MORE) { feed(pair, 1); }
        rig_round(&pair->rig, false);
    }
}

static struct recommendation_list decode(struct pair *pair, struct slice value)
{
    struct recommendation_list list;
    struct codec_error error;
    assert_int_equal(codec_decode(pair->lists, value, pair->arena, &list, &error), 0);
    return list;
}

/* In each partition of `recommendations` the generations follow each other as told, with nothing
 * mixed. */
static void check_order(struct pair *pair, const char *const *order, size_t count)
{
    for (int32_t p = 0; p < PARTITIONS; p++) {
        size_t place = 0;
        struct record rec;
        for (int64_t at = 0; memlog_read(pair->rig.log, "recommendations", p, at, &rec) == 0;
             at = rec.offset + 1) {
            arena_reset(pair->arena);
            struct slice of = decode(pair, rec.value).generation;
            while (place < count && !slice_equal(of, slice_str(order[place]))) { place++; }
            assert_true(place < count);
        }
        assert_int_equal(place, count - 1);
    }
}

/* Every user's newest list in one topic is that in the other, and of this generation. */
static void check_same(struct pair *pair, const char *one, const char *other,
                       const char *generation)
{
    struct fold *a = rig_fold(&pair->rig, one), *b = rig_fold(&pair->rig, other);
    assert_true(a->count > 0);
    assert_int_equal(a->count, b->count);
    for (size_t i = 0; i < a->count; i++) {
        assert_true(slice_equal(a->at[i].key, b->at[i].key));
        assert_true(slice_equal(a->at[i].value, b->at[i].value));
        arena_reset(pair->arena);
        struct slice of = decode(pair, a->at[i].value).generation;
        assert_true(slice_equal(of, slice_str(generation)));
    }
    free(a);
    free(b);
}

static void test_shadow(void **state)
{
    struct pair pair;
    pair_init(&pair);
    check_order(&pair, (const char *const[]){""}, 1);
    assert_int_equal(memlog_count(pair.rig.log, "lists", MEMLOG_ALL), 0);
    struct fold *fold = rig_fold(&pair.rig, "recommendations");
    struct fold *shadow = rig_fold(&pair.rig, "lists.g2");
    assert_int_equal(fold->count, shadow->count);
    free(fold);
    free(shadow);
    pair_release(&pair);
}

static void promote_and_roll_back(struct pair *pair)
{
    tell(pair, STEP_LIVE, 1, "g2", "", -1);
    until_taken(pair, "g2", 1);
    feed(pair, MORE);
    rig_survive(&pair->rig, false);
    check_order(pair, (const char *const[]){"", "g2"}, 2);
    check_same(pair, "recommendations", "lists.g2", "g2");
    tell(pair, STEP_LIVE, 2, "", "g2", -1);
    until_taken(pair, "", 2);
    feed(pair, MORE);
    rig_survive(&pair->rig, false);
    check_order(pair, (const char *const[]){"", "g2", ""}, 3);
    check_same(pair, "recommendations", "lists", "");
}

static void test_promote_and_roll_back(void **state)
{
    struct pair pair;
    pair_init(&pair);
    promote_and_roll_back(&pair);
    assert_int_equal(pair.rig.restarts, 0);
    assert_int_equal(memlog_count(pair.rig.log, "dead-letters", MEMLOG_ALL), 0);
    pair_release(&pair);
}

static void test_slow_acknowledgements(void **state)
{
    struct pair pair;
    pair_init(&pair);
    memlog_ack_delay(pair.rig.log, 7);
    promote_and_roll_back(&pair);
    pair_release(&pair);
}

/* Whoever is killed at whatever message of the switch: the next one does it again. */
static void test_killed_in_the_switch(void **state)
{
    for (int nth = 1; nth < 200; nth += 19) {
        struct pair pair;
        pair_init(&pair);
        memlog_fail(pair.rig.log, MEMLOG_PRODUCE, nth, MEMLOG_KILL);
        promote_and_roll_back(&pair);
        assert_int_equal(pair.rig.restarts, 1);
        pair_release(&pair);
    }
}

/* A message that is lost rolls the batch back in the middle of a switch. */
static void test_lost_in_the_switch(void **state)
{
    for (int nth = 1; nth < 200; nth += 23) {
        struct pair pair;
        pair_init(&pair);
        memlog_fail(pair.rig.log, MEMLOG_PRODUCE, nth, WIRE_ABORTED);
        promote_and_roll_back(&pair);
        assert_int_equal(memlog_failed(pair.rig.log, MEMLOG_PRODUCE), 1);
        pair_release(&pair);
    }
}

/* The base was down when `freshet promote` released for it; it comes back without local state. */
static void test_released_for_one_that_is_down(void **state)
{
    struct pair pair;
    pair_init(&pair);
    rig_finish(pair.base);
    rig_empty(pair.base);
    struct fold *fold = rig_fold(&pair.rig, "recommendations");
    for (size_t i = 0; i < fold->count; i++) {
        memlog_append(pair.rig.log, "lists", fold->at[i].partition, fold->at[i].key,
                      fold->at[i].value, 1);
    }
    free(fold);
    tell(&pair, STEP_LIVE, 1, "g2", "", -1);
    for (int32_t p = 0; p < PARTITIONS; p++) { tell(&pair, STEP_RELEASED, 1, "", "", p); }
    until_taken(&pair, "g2", 1);
    assert_true(rig_launch(&pair.rig, pair.base));
    rig_survive(&pair.rig, false);
    check_order(&pair, (const char *const[]){"", "g2"}, 2);
    tell(&pair, STEP_LIVE, 2, "", "g2", -1);
    until_taken(&pair, "", 2);
    rig_survive(&pair.rig, false);
    check_same(&pair, "recommendations", "lists", "");
    pair_release(&pair);
}

/* After a switch, a restore reads the generation's own lists. */
static void test_restored_after_a_switch(void **state)
{
    struct pair pair;
    pair_init(&pair);
    tell(&pair, STEP_LIVE, 1, "g2", "", -1);
    until_taken(&pair, "g2", 1);
    rig_survive(&pair.rig, false);
    rig_kill(&pair.rig, pair.base);
    rig_kill(&pair.rig, pair.g2);
    rig_empty(pair.base);
    rig_empty(pair.g2);
    assert_true(rig_launch(&pair.rig, pair.base));
    assert_true(rig_launch(&pair.rig, pair.g2));
    feed(&pair, MORE);
    rig_survive(&pair.rig, false);
    check_same(&pair, "recommendations", "lists.g2", "g2");
    tell(&pair, STEP_LIVE, 2, "", "g2", -1);
    until_taken(&pair, "", 2);
    rig_survive(&pair.rig, false);
    check_same(&pair, "recommendations", "lists", "");
    check_order(&pair, (const char *const[]){"", "g2", ""}, 3);
    pair_release(&pair);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_shadow),
        cmocka_unit_test(test_promote_and_roll_back),
        cmocka_unit_test(test_slow_acknowledgements),
        cmocka_unit_test(test_killed_in_the_switch),
        cmocka_unit_test(test_lost_in_the_switch),
        cmocka_unit_test(test_released_for_one_that_is_down),
        cmocka_unit_test(test_restored_after_a_switch),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
