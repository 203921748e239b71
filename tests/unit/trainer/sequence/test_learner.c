#include "base/base.h"
#include "base/xalloc.h"
#include "trainer/sequence/cold_start_items.h"
#include "trainer/sequence/learner.h"
#include "tests/unit/walkers.h"

#include <setjmp.h>
#include <cmocka.h>
#include <xxhash.h>

enum { STEPS_MAX = 100000, BYTES_MAX = 64 << 20 };

static struct training_set *all_walkers(int order)
{
    struct training_set *training_set = walk_training_set(order);
    for (int32_t user = 0; user < WALKERS; user++) {
        /* the order in which users arrive makes no difference */
        walk(training_set, order, order > 0 ? user : WALKERS - 1 - user, WALK_LENGTH);
    }
    return training_set;
}

/* Trains until nothing is left to do; returns the last snapshot, which the caller frees. */
static struct model_snapshot *train_to_end(struct learner *learner)
{
    struct model_snapshot *snapshot = NULL;
    for (int step = 0; learner_step(learner); step++) {
        assert_true(step < STEPS_MAX);
        if (learner_milestone(learner) != MILESTONE_ENDED) { continue; }
        model_snapshot_free(snapshot);
        snapshot = learner_snapshot(learner);
    }
    assert_non_null(snapshot);
    return snapshot;
}

static void test_learns_the_walk(void **state)
{
    struct training_set *training_set = all_walkers(1);
    struct learner *learner = learner_new(&walk_settings, training_set);
    struct model_snapshot *snapshot = train_to_end(learner);
    struct learner_report report = learner_report(learner);
    assert_int_equal(report.training_runs, 1);
    assert_true(report.ndcg10 > 0.9);
    assert_int_equal(snapshot->rows, WALK_ITEMS);
    assert_true(snapshot->ndcg10 == report.ndcg10);
    model_snapshot_free(snapshot);
    learner_free(learner);
    training_set_free(training_set);
}

/* Trained on masked items, from both sides; the snapshot says so. */
static void test_learns_masked(void **state)
{
    struct training_set *training_set = all_walkers(1);
    struct learner_settings masked = walk_settings;
    masked.mask_share = .3;
    masked.epochs = masked.patience = 60;
    struct learner *learner = learner_new(&masked, training_set);
    struct model_snapshot *snapshot = train_to_end(learner);
    assert_int_equal(snapshot->shape.masked, 1);
    assert_true(learner_report(learner).ndcg10 > 0.7);
    model_snapshot_free(snapshot);
    learner_free(learner);
    training_set_free(training_set);
}

/* The order of users and items makes no difference. */
static void test_order_does_not_matter(void **state)
{
    struct model_snapshot *snapshots[2];
    for (int i = 0; i < 2; i++) {
        struct training_set *training_set = all_walkers(i ? -1 : 1);
        struct learner *learner = learner_new(&walk_settings, training_set);
        snapshots[i] = train_to_end(learner);
        learner_free(learner);
        training_set_free(training_set);
    }
    assert_string_equal(snapshots[0]->name, snapshots[1]->name);
    model_snapshot_free(snapshots[0]);
    model_snapshot_free(snapshots[1]);
}

/* ---- Content vectors ---- */

enum { CONTENT_WIDTH = 8, CONTENT_RANK = 6, NEW_ITEM = WALK_ITEMS };

/* A vector that says where an item stands in the walk. */
static void put_content(struct content_table *table, int32_t number, int32_t item)
{
    int8_t numbers[CONTENT_WIDTH];
    for (size_t i = 0; i < CONTENT_WIDTH; i++) {
        double turn = 2.0 * M_PI * (double)item / WALK_ITEMS * (double)(1 + i / 2);
        numbers[i] = (int8_t)lrint(100.0 * (i % 2 ? sin(turn) : cos(turn)));
    }
    const struct content_vector vector = {
        .scale = .01F, .numbers = numbers, .width = CONTENT_WIDTH};
    assert_true(content_table_put(table, number, slice_str("encoder"), &vector));
}

static struct content_table *walk_content(int order)
{
    struct content_table *table = content_table_new();
    for (int32_t item = 0; item < WALK_ITEMS; item++) {
        put_content(table, order > 0 ? item : WALK_ITEMS - 1 - item, item);
    }
    return table;
}

static struct learner *content_learner(struct training_set *training_set,
                                       struct content_table *table)
{
    struct learner *learner = learner_new(&walk_settings, training_set);
    learner_use_content(learner, table, CONTENT_RANK);
    return learner;
}

static double cosine(const int8_t *a, const int8_t *b, size_t d)
{
    double ab = 0.0, aa = 0.0, bb = 0.0;
    for (size_t i = 0; i < d; i++) {
        ab += a[i] * b[i];
        aa += a[i] * a[i];
        bb += b[i] * b[i];
    }
    return ab / sqrt(aa * bb);
}

/* A new item that nobody has acted on gets a row by what the model learned of content: of all
 * items, that with the same content is nearest to it. */
static void test_content_of_a_new_item(void **state)
{
    enum { LIKE = 7 };
    struct training_set *training_set = all_walkers(1);
    struct content_table *table = walk_content(1);
    struct learner *learner = content_learner(training_set, table);
    struct model_snapshot *snapshot = train_to_end(learner);
    assert_true(snapshot->content.id && snapshot->projection);
    assert_int_equal(learner_report(learner).content_items, WALK_ITEMS);
    struct cold_start_items cold_start;
    struct cold_start_row row;
    cold_start_items_init(&cold_start);
    cold_start_items_set_model(&cold_start, snapshot);
    training_set_add_item(training_set, walk_hash(5000));
    cold_start_items_add(&cold_start, NEW_ITEM);
    assert_false(cold_start_items_next(&cold_start, training_set, table, &row)); /* no vector */
    put_content(table, NEW_ITEM, LIKE);
    cold_start_items_acknowledge(&cold_start);
    cold_start_items_add(&cold_start, NEW_ITEM);
    assert_true(cold_start_items_next(&cold_start, training_set, table, &row));
    assert_int_equal(row.row, WALK_ITEMS);
    size_t best = 0;
    for (size_t k = 1; k < snapshot->rows; k++) {
        double than = cosine(row.bytes, snapshot->bytes + best * row.width, row.width);
        if (cosine(row.bytes, snapshot->bytes + k * row.width, row.width) > than) { best = k; }
    }
    assert_int_equal(snapshot->items[best], LIKE);
    cold_start_items_release(&cold_start);
    learner_free(learner);
    content_table_free(table);
    training_set_free(training_set);
}

/* With content, too, training goes on from a checkpoint to the same bits. */
static void test_resumes_with_content(void **state)
{
    struct model_snapshot *snapshots[2];
    for (int i = 0; i < 2; i++) {
        struct training_set *training_set = all_walkers(1);
        struct content_table *table = walk_content(1);
        struct learner *learner = content_learner(training_set, table);
        for (int boundaries = 0; i && boundaries < 5;) {
            assert_true(learner_step(learner));
            boundaries += learner_between_epochs(learner);
        }
        if (i) {
            struct buf bytes;
            const char *why = "";
            buf_init(&bytes, BYTES_MAX);
            learner_save(learner, &bytes);
            learner_free(learner);
            training_set_free(training_set);
            content_table_free(table);
            training_set = all_walkers(-1);
            table = walk_content(-1);
            learner = content_learner(training_set, table);
            assert_true(learner_load(learner, buf_slice(&bytes), &why));
            buf_release(&bytes);
        }
        snapshots[i] = train_to_end(learner);
        learner_free(learner);
        content_table_free(table);
        training_set_free(training_set);
    }
    assert_string_equal(snapshots[0]->name, snapshots[1]->name);
    model_snapshot_free(snapshots[0]);
    model_snapshot_free(snapshots[1]);
}

/* The next training run takes up vectors that came later, and those of another encoder. */
static void test_content_that_comes_later(void **state)
{
    struct training_set *training_set = all_walkers(1);
    struct content_table *table = content_table_new();
    struct learner *learner = content_learner(training_set, table);
    struct model_snapshot *snapshot = train_to_end(learner);
    assert_int_equal(snapshot->content.id, 0);
    model_snapshot_free(snapshot);
    for (int32_t item = 0; item < WALK_ITEMS; item++) { put_content(table, item, item); }
    for (int32_t user = 0; user < WALKERS; user++) {
        walk(training_set, 1, user, 2 * WALK_LENGTH);
    }
    snapshot = train_to_end(learner);
    assert_int_equal(learner_report(learner).training_runs, 2);
    assert_int_equal(snapshot->content.width, CONTENT_WIDTH);
    assert_true(learner_report(learner).ndcg10 > 0.9);
    model_snapshot_free(snapshot);
    learner_free(learner);
    content_table_free(table);
    training_set_free(training_set);
}

/* Killed between any two epochs and resumed from the checkpoint, with a training set filled again
 * in another order: the same weights to the bit. */
static void test_resumes_from_a_checkpoint(void **state)
{
    struct training_set *training_set = all_walkers(1);
    struct learner *learner = learner_new(&walk_settings, training_set);
    struct model_snapshot *want = train_to_end(learner);
    learner_free(learner);
    training_set_free(training_set);
    for (int kill_after = 1; kill_after <= 13; kill_after += 4) {
        training_set = all_walkers(1);
        learner = learner_new(&walk_settings, training_set);
        for (int boundaries = 0; boundaries < kill_after;) {
            assert_true(learner_step(learner));
            boundaries += learner_between_epochs(learner);
        }
        struct buf bytes;
        const char *why = "";
        buf_init(&bytes, BYTES_MAX);
        learner_save(learner, &bytes);
        learner_free(learner);
        training_set_free(training_set);
        training_set = all_walkers(-1);
        learner = learner_new(&walk_settings, training_set);
        assert_true(learner_load(learner, buf_slice(&bytes), &why));
        struct model_snapshot *snapshot = train_to_end(learner);
        assert_string_equal(snapshot->name, want->name);
        model_snapshot_free(snapshot);
        buf_release(&bytes);
        learner_free(learner);
        training_set_free(training_set);
    }
    model_snapshot_free(want);
}

static void test_refuses_a_bad_checkpoint(void **state)
{
    struct training_set *training_set = all_walkers(1);
    struct learner *learner = learner_new(&walk_settings, training_set);
    model_snapshot_free(train_to_end(learner));
    struct buf bytes;
    const char *why = NULL;
    buf_init(&bytes, BYTES_MAX);
    learner_save(learner, &bytes);
    struct learner *other = learner_new(&walk_settings, training_set);
    for (size_t cut = 0; cut < bytes.size; cut += 997) {
        assert_false(learner_load(other, slice_of(bytes.data, cut), &why));
        char *at = &bytes.data[cut];
        *at = (char)(*at ^ 1);
        assert_false(learner_load(other, buf_slice(&bytes), &why));
        *at = (char)(*at ^ 1);
    }
    struct learner_settings wider = walk_settings;
    wider.d = 32;
    struct learner *third = learner_new(&wider, training_set);
    assert_false(learner_load(third, buf_slice(&bytes), &why));
    assert_string_equal(why, "of other settings");
    learner_free(third);
    struct learner_settings masked = walk_settings;
    masked.mask_share = .3;
    third = learner_new(&masked, training_set);
    assert_false(learner_load(third, buf_slice(&bytes), &why));
    assert_string_equal(why, "of other settings");
    learner_free(third);
    assert_true(learner_load(other, buf_slice(&bytes), &why));
    learner_free(other);
    learner_free(learner);
    buf_release(&bytes);
    training_set_free(training_set);
}

/* Changes a number of the checkpoint and mends the checksums behind it: its own, and those of the
 * two models within, where the number lies in one. */
static void spoil(struct buf *bytes, size_t at, uint64_t number)
{
    enum { SUM = sizeof(uint64_t) };
    memcpy(bytes->data + at, &number, MIN_OF(sizeof(number), bytes->size - at));
    for (size_t from = 0; from + SUM < bytes->size; from++) {
        uint64_t size;
        if (memcmp(bytes->data + from, "freshTF", SUM) != 0 || from < SUM) { continue; }
        memcpy(&size, bytes->data + from - SUM, SUM);
        if (size <= SUM || size > bytes->size - from) { continue; }
        const uint64_t sum = XXH3_64bits(bytes->data + from, size - SUM);
        memcpy(bytes->data + from + size - SUM, &sum, SUM);
        from += size - 1;
    }
    const uint64_t sum = XXH3_64bits(bytes->data, bytes->size - SUM);
    memcpy(bytes->data + bytes->size - SUM, &sum, SUM);
}

/* What loads trains on; what does not is refused with a reason. */
static bool goes_on_from(struct slice bytes)
{
    enum { A_FEW = 40 };
    struct training_set *training_set = all_walkers(1);
    struct learner *learner = learner_new(&walk_settings, training_set);
    const char *why = NULL;
    bool loaded = learner_load(learner, bytes, &why);
    assert_true(loaded || why);
    for (int i = 0; loaded && i < A_FEW && learner_step(learner); i++) {
        if (learner_milestone(learner) == MILESTONE_NONE) { continue; }
        model_snapshot_free(learner_snapshot(learner));
    }
    learner_free(learner);
    training_set_free(training_set);
    return loaded;
}

/* A checksum shows damage, but anybody can write one that fits. */
static void test_checkpoint_with_a_mended_checksum(void **state)
{
    enum { HEAD_BYTES = 320, EVERY = 811 };
    static const uint64_t numbers[] = {0, 1, UINT64_MAX, INT64_MAX, (uint64_t)INT64_MIN,
                                       UINT64_C(0x7ff8000000000000), /* NaN */
                                       UINT64_C(0x7fc000007f800000) /* NaN and infinity, floats */};
    struct training_set *training_set = all_walkers(1);
    struct learner *learner = learner_new(&walk_settings, training_set);
    for (int boundaries = 0; boundaries < 3;) { /* in the middle of a run: with its best model */
        assert_true(learner_step(learner));
        boundaries += learner_between_epochs(learner);
    }
    struct buf whole, spoiled;
    int refused = 0, loaded = 0;
    buf_init(&whole, BYTES_MAX);
    buf_init(&spoiled, BYTES_MAX);
    learner_save(learner, &whole);
    for (size_t at = 0; at + 16 < whole.size; at += at < HEAD_BYTES ? 8 : EVERY) {
        size_t k = at / 8 % ARRAY_COUNT(numbers);
        for (size_t i = 0; i < (at < HEAD_BYTES ? ARRAY_COUNT(numbers) : 1); i++) {
            buf_clear(&spoiled);
            buf_append(&spoiled, whole.data, whole.size);
            spoil(&spoiled, at, numbers[(k + i) % ARRAY_COUNT(numbers)]);
            bool went_on = goes_on_from(buf_slice(&spoiled));
            loaded += went_on;
            refused += !went_on;
        }
    }
    assert_true(loaded > 0 && refused > 0);
    buf_release(&whole);
    buf_release(&spoiled);
    learner_free(learner);
    training_set_free(training_set);
}

/* New actions and items lead to a fine-tune; many more actions, to a second training run. */
static void test_fine_tune_and_second_run(void **state)
{
    struct training_set *training_set = all_walkers(1);
    struct learner *learner = learner_new(&walk_settings, training_set);
    model_snapshot_free(train_to_end(learner));
    uint64_t steps = learner_report(learner).steps;
    training_set_add_item(training_set, walk_hash(999));
    const int32_t items[] = {1, 6, 11, WALK_ITEMS};
    for (uint64_t user = 0; user < 12; user++) {
        training_set_put(training_set, 5000 + user, items, NULL, 4, 4);
    }
    struct model_snapshot *snapshot = train_to_end(learner);
    assert_int_equal(snapshot->rows, WALK_ITEMS + 1);
    assert_int_equal(learner_report(learner).training_runs, 1);
    assert_true(learner_report(learner).steps > steps);
    model_snapshot_free(snapshot);
    for (int32_t user = 0; user < WALKERS; user++) { walk(training_set, 1, user, WALK_LENGTH + 8); }
    model_snapshot_free(train_to_end(learner));
    assert_int_equal(learner_report(learner).training_runs, 2);
    learner_free(learner);
    training_set_free(training_set);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_learns_the_walk),
        cmocka_unit_test(test_learns_masked),
        cmocka_unit_test(test_content_of_a_new_item),
        cmocka_unit_test(test_resumes_with_content),
        cmocka_unit_test(test_content_that_comes_later),
        cmocka_unit_test(test_order_does_not_matter),
        cmocka_unit_test(test_resumes_from_a_checkpoint),
        cmocka_unit_test(test_refuses_a_bad_checkpoint),
        cmocka_unit_test(test_checkpoint_with_a_mended_checksum),
        cmocka_unit_test(test_fine_tune_and_second_run),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
