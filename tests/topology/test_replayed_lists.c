/* The same events and catalogue give the same lists, with any number of copies, in whatever batches
 * they are read and whichever copies die meanwhile (neighbours.max=0): items, order, reasons and
 * `because` are equal, scores and evidence to what a list may differ by without being sent. */
#include "base/base.h"
#include "features/features.h"
#include "scorer/scorer.h"
#include "tests/topology/recomputed.h"
#include "trainer/similarity/trainer.h"

#include <setjmp.h>
#include <cmocka.h>

enum { PARTITIONS = 3, EVENTS = 900, PARTS = 6, RESTED = 20 };

static const char *const training[] = {"neighbours.max=0", NULL};
static const char *const scoring[] = {"list.length=8", "lists.remake.share=50", NULL};

static const struct worker *const order[] = {&features_worker, &trainer_worker, &scorer_worker};

/* How a run differs from others. */
struct way {
    int copies;
    int64_t batch; /* records of a poll */
    bool in_parts; /* events and entries of the catalogue come in turn; else all at once */
    bool killed;   /* the last copy of each worker dies in the middle */
};

static struct copy *start(struct rig *rig, size_t worker, int slot)
{
    const char *const *pairs = worker == 1 ? training : worker == 2 ? scoring : NULL;
    return rig_start(rig, order[worker], slot, pairs);
}

static void put_entries(struct rig *rig, int part)
{
    struct schema_cache *schemas = schema_cache_new();
    struct codec *codec = codec_new(&item_contract, schemas);
    struct buf out;
    buf_init(&out, 4096);
    for (int number = 0; number < FEED_ITEMS + 4; number++) {
        char id[16];
        bool removed = (number + part) % 11 == 0;
        (void)snprintf(id, sizeof(id), "i%02d", number);
        const struct item item = {.item_id = slice_str(id), .available = (number + part) % 5 != 0};
        buf_clear(&out);
        assert_int_equal(codec_encode(codec, &item, &out), 0);
        memlog_append(rig->log, "items", PARTITION_BY_KEY, item.item_id,
                      removed ? slice_of(NULL, 0) : buf_slice(&out), feed_from_ms);
    }
    buf_release(&out);
    codec_free(codec);
    schema_cache_free(schemas);
}

static void rest(struct rig *rig)
{
    rig_until_rest(rig, RESTED, ROUNDS_MAX);
}

static void kill_last(struct rig *rig, const struct way *way)
{
    for (size_t worker = 0; worker < ARRAY_COUNT(order); worker++) {
        struct copy *copy = &rig->copies[worker * (size_t)way->copies + (size_t)way->copies - 1];
        rig_kill(rig, copy);
        _cleanup_(xfreep) char *group = copy_group(copy);
        _cleanup_(xfreep) char *member = xprintf("%s-%d", group, copy->slot);
        memlog_expire_member(rig->log, group, member);
    }
}

/* Replays all and returns the lists, which the caller frees; the rig stays. */
static struct fold *replay(struct rig *rig, const struct way *way)
{
    rig_init_seeded(rig, PARTITIONS, (uint64_t)way->copies);
    rig->tolerant = true;
    memlog_batch(rig->log, (size_t)way->batch);
    for (int part = 0; !way->in_parts && part < PARTS; part++) {
        feed_events(rig, 9, part * EVENTS / PARTS, (part + 1) * EVENTS / PARTS);
        put_entries(rig, part);
    }
    for (size_t worker = 0; worker < ARRAY_COUNT(order); worker++) {
        for (int slot = 0; slot < way->copies; slot++) { (void)start(rig, worker, slot); }
    }
    for (int part = 0; way->in_parts && part < PARTS; part++) {
        feed_events(rig, 9, part * EVENTS / PARTS, (part + 1) * EVENTS / PARTS);
        for (int i = 0; i < 5 * part; i++) { rig_round(rig, false); }
        put_entries(rig, part);
        if (way->killed && part == PARTS / 2) { kill_last(rig, way); }
    }
    rest(rig);
    return rig_fold(rig, "recommendations");
}

static size_t compare(struct rig *a, const struct fold *of_a, struct rig *b,
                      const struct fold *of_b)
{
    struct answers first, second;
    size_t differing = 0;
    answers_init(&first, a);
    answers_init(&second, b);
    assert_int_equal(of_a->count, of_b->count);
    for (size_t i = 0; i < of_a->count; i++) {
        struct recommendation_list one, other;
        assert_true(slice_equal(of_a->at[i].key, of_b->at[i].key));
        answers_decode(&first, first.lists, of_a->at[i].value, &one);
        answers_decode(&second, second.lists, of_b->at[i].value, &other);
        differing += one.items.count == 0 || !recomputed_same(&one, &other);
    }
    answers_release(&first);
    answers_release(&second);
    return differing;
}

static void test_any_number_of_copies(void **state)
{
    static const struct way ways[] = {{1, 500, false, false},
                                      {1, 7, true, false},
                                      {2, 10, true, false},
                                      {3, 25, true, false},
                                      {3, 3, false, false},
                                      {2, 10, true, true}};
    static struct rig first, other;
    struct fold *want = replay(&first, &ways[0]);
    assert_true(want->count > 40);
    for (size_t i = 1; i < ARRAY_COUNT(ways); i++) {
        struct fold *found = replay(&other, &ways[i]);
        size_t differing = compare(&first, want, &other, found);
        printf("# %d copies: lists %zu differing %zu\n", ways[i].copies, found->count, differing);
        assert_int_equal(differing, 0);
        free(found);
        rig_release(&other);
    }
    free(want);
    rig_release(&first);
}

int main(void)
{
    rig_choose_place();
    const struct CMUnitTest tests[] = {cmocka_unit_test(test_any_number_of_copies)};
    return cmocka_run_group_tests(tests, NULL, NULL);
}
