/* The sequence trainer on the in-process log: model versions are whole, training continues. */
#include "base/base.h"
#include "tests/topology/training.h"

/* It is at rest when all that was read is learned and published. */
static void test_rests_when_it_has_published(void **state)
{
    struct fixture fixture;
    fixture_init(&fixture);
    struct copy *copy = rig_start(&fixture.rig, &sequence_worker, 0, quick_settings);
    for (size_t turn = 0; turn < 3; turn++) {
        if (turn) { write_histories(&fixture, 4 + 4 * turn); }
        bool rests = false;
        for (int step = 0; !rests; step++) {
            rig_round(&fixture.rig, false);
            rests = trainer_metric(copy, "freshet_at_rest") > 0;
            assert_true(!rests || trainer_idle(copy));
            rests &= trainer_metric(copy, "freshet_model_versions_published") >= (double)turn;
            assert_true(step < STEPS_MAX);
        }
    }
    fixture_release(&fixture);
}

static void test_publishes_model_versions(void **state)
{
    struct fixture fixture;
    fixture_init(&fixture);
    write_histories(&fixture, 8);
    struct copy *copy = rig_start(&fixture.rig, &sequence_worker, 0, quick_settings);
    wait_until_idle(&fixture, copy, 1);
    write_histories(&fixture, 12);
    wait_until_idle(&fixture, copy, 2);
    for (int i = 0; i < 50; i++) { rig_round(&fixture.rig, false); }
    struct slot_content content[2] = {slots_read(&fixture.slots, 0), slots_read(&fixture.slots, 1)};
    assert_true(slot_whole(&content[0]) && slot_whole(&content[1]));
    assert_string_not_equal(content[0].version, content[1].version);
    assert_int_equal(content[0].items, ITEMS);
    assert_true(MAX_OF(content[0].ndcg10, content[1].ndcg10) > 0.6);
    assert_int_equal(memlog_count(fixture.rig.log, "dead-letters", MEMLOG_ALL), 0);
    fixture_release(&fixture);
}

/* An invalid history, item or model goes to dead letters, as does a tombstone without a key; a
 * tombstone removes its user. A deleted model needs no key. */
static void test_bad_records(void **state)
{
    struct fixture fixture;
    fixture_init(&fixture);
    write_histories(&fixture, 8);
    memlog_append(fixture.rig.log, "histories", 0, slice_str("u1"), slice_str("nonsense"), 0);
    memlog_append(fixture.rig.log, "items", 0, slice_str("i1"), slice_str("nonsense"), 0);
    memlog_append(fixture.rig.log, "models", 0, slice_str("m"), slice_str("nonsense"), 0);
    memlog_append(fixture.rig.log, "histories", PARTITION_BY_KEY, slice_str("u2"),
                  slice_of(NULL, 0), 0);
    const char *const tables[] = {"histories", "items", "models"};
    for (size_t i = 0; i < ARRAY_COUNT(tables); i++) {
        memlog_append(fixture.rig.log, tables[i], 0, slice_of(NULL, 0), slice_of(NULL, 0), 0);
    }
    struct copy *copy = rig_start(&fixture.rig, &sequence_worker, 0, quick_settings);
    for (int i = 0; i < 20; i++) { rig_round(&fixture.rig, false); }
    assert_int_equal(memlog_count(fixture.rig.log, "dead-letters", MEMLOG_ALL), 5);
    assert_int_equal(trainer_metric(copy, "freshet_training_users"), USERS - 1);
    fixture_release(&fixture);
}

/* With train.mask.share the model is trained on masked items, and the message says how it is to be
 * read; a checkpoint of the other kind is not continued. */
static void test_masked(void **state)
{
    struct fixture fixture;
    fixture_init(&fixture);
    write_histories(&fixture, 8);
    const char *pairs[ARRAY_COUNT(quick_settings) + 1] = {"train.mask.share=0.3"};
    for (size_t k = 0; quick_settings[k]; k++) { pairs[k + 1] = quick_settings[k]; }
    struct copy *copy = rig_start(&fixture.rig, &sequence_worker, 0, pairs);
    wait_until_idle(&fixture, copy, 1);
    assert_true(newest_weights(&fixture).masked);
    check_whole(&fixture);
    rig_finish(copy);
    copy = rig_start(&fixture.rig, &sequence_worker, 0, quick_settings);
    wait_until_idle(&fixture, copy, 1);
    assert_false(newest_weights(&fixture).masked);
    check_whole(&fixture);
    fixture_release(&fixture);
}

/* Writes the name of the model learned where every second action is of this kind and weight. */
static void learned(int32_t kind, float weight, char ret_name[64])
{
    struct fixture fixture;
    fixture_init(&fixture);
    fixture.kind = kind;
    fixture.weight = weight;
    write_histories(&fixture, 8);
    struct copy *copy = rig_start(&fixture.rig, &sequence_worker, 0, quick_settings);
    wait_until_idle(&fixture, copy, 1);
    (void)snprintf(ret_name, 64, "%.*s", SLICE_ARGS(newest_weights(&fixture).generation));
    fixture_release(&fixture);
}

/* A model's name has a fingerprint of its numbers. The value of a rating is an opinion. */
static void test_weights_of_actions(void **state)
{
    char viewed[64], bought[64], rated[64];
    learned(ACTION_VIEW, 1.0F, viewed);
    learned(ACTION_PURCHASE, 5.0F, bought);
    learned(ACTION_RATING, 5.0F, rated);
    assert_string_equal(viewed, rated);
    assert_string_not_equal(viewed, bought);
}

static double best_ndcg(struct fixture *fixture)
{
    struct slot_content content[2] = {slots_read(&fixture->slots, 0),
                                      slots_read(&fixture->slots, 1)};
    return MAX_OF(content[0].ndcg10, content[1].ndcg10);
}

/* Steps until a copy rests and some copy has published a model version: perhaps one before it. */
static void wait_until_published(struct fixture *fixture, struct copy *copy)
{
    for (int step = 0; step < STEPS_MAX; step++) {
        rig_round(&fixture->rig, false);
        check_whole(fixture);
        if (trainer_metric(copy, "freshet_at_rest") > 0 && best_ndcg(fixture) > 0) { return; }
    }
    fail_msg("nothing is published");
}

/* Killed again and again while it trains and publishes: at any time one model version is whole, and
 * the last one is as good as without kills. */
static void test_killed(void **state)
{
    double ndcg[2];
    for (int kills = 0; kills < 2; kills++) {
        struct fixture fixture;
        fixture_init(&fixture);
        write_histories(&fixture, 8);
        struct copy *copy = rig_start(&fixture.rig, &sequence_worker, 0, quick_settings);
        for (int kill = 0; kills && kill < 12; kill++) {
            for (int i = 0; i < 7 + kill * 5 % 11; i++) { rig_round(&fixture.rig, false); }
            rig_kill(&fixture.rig, copy);
            memlog_expire_member(fixture.rig.log, "freshet-sequence", "freshet-sequence-0");
            check_whole(&fixture);
            assert_true(rig_launch(&fixture.rig, copy));
        }
        wait_until_published(&fixture, copy);
        for (int i = 0; i < 50; i++) { rig_round(&fixture.rig, false); }
        ndcg[kills] = best_ndcg(&fixture);
        fixture_release(&fixture);
    }
    assert_true(fabs(ndcg[0] - ndcg[1]) < 0.05);
}

/* Announces a model version in the slot that the newest one does not have: as a former owner does
 * that stood still and wakes up when another copy has begun to publish. */
static void announce_stale_version(struct fixture *fixture)
{
    struct model_weights weights = newest_weights(fixture);
    weights.slot = MODEL_VERSION_SLOTS - 1 - weights.slot;
    weights.generation = slice_str("9-late");
    char key[MODEL_KEY_BYTES_MAX];
    (void)snprintf(key, sizeof(key), "%s/%d/0", MODEL_SEQUENCE, weights.slot);
    buf_clear(&fixture->out);
    assert_int_equal(codec_encode(fixture->slots.weights, &weights, &fixture->out), 0);
    memlog_append(fixture->rig.log, "models", 0, slice_str(key), buf_slice(&fixture->out), 0);
}

/* A model version stays in its slot, whatever is announced while it is being sent. */
static void test_stale_announcement(void **state)
{
    struct fixture fixture;
    fixture_init(&fixture);
    write_histories(&fixture, 8);
    struct copy *copy = rig_start(&fixture.rig, &sequence_worker, 0, quick_settings);
    wait_until_idle(&fixture, copy, 1);
    double sent = trainer_metric(copy, "freshet_vectors_published");
    write_histories(&fixture, 12);
    while (trainer_metric(copy, "freshet_vectors_published") == sent) {
        rig_round(&fixture.rig, false);
    }
    announce_stale_version(&fixture);
    wait_until_idle(&fixture, copy, trainer_metric(copy, "freshet_model_versions_published") + 1);
    check_whole(&fixture);
    fixture_release(&fixture);
}

/* Histories are read once: after a restart, reading continues where it stopped. */
static void test_reads_histories_once(void **state)
{
    struct fixture fixture;
    fixture_init(&fixture);
    write_histories(&fixture, 8);
    struct copy *copy = rig_start(&fixture.rig, &sequence_worker, 0, quick_settings);
    wait_until_idle(&fixture, copy, 1);
    rig_finish(copy);
    write_history(&fixture, 3, 9);
    assert_true(rig_launch(&fixture.rig, copy));
    for (int i = 0; i < 20; i++) { rig_round(&fixture.rig, false); }
    double read =
        metric_value(metrics_counter(copy->metrics, "freshet_broadcast_records_total", "", ""));
    double own = (double)(memlog_count(fixture.rig.log, "models", MEMLOG_ALL) +
                          memlog_count(fixture.rig.log, "profiles", MEMLOG_ALL));
    assert_true(read <= own + 1);
    assert_int_equal(trainer_metric(copy, "freshet_training_users"), USERS);
    assert_int_equal(trainer_metric(copy, "freshet_training_actions"), USERS * 8 + 1);
    fixture_release(&fixture);
}

/* The copy was away while a user was deleted. Stored histories that are older than tombstones are
 * read again: the user's does not come back. */
static double users_after(int64_t away_ms, int64_t low)
{
    struct fixture fixture;
    fixture_init(&fixture);
    for (int32_t p = 0; p < PARTITIONS; p++) { /* what a topic without its first records lacks */
        memlog_append(fixture.rig.log, "histories", p, slice_str("nobody"), slice_of(NULL, 0),
                      RIG_WALL_MS);
    }
    write_histories(&fixture, 8);
    struct record rec;
    assert_int_equal(memlog_newest(fixture.rig.log, "histories", slice_str("u3"), &rec), 0);
    for (int i = 0; i < 2; i++) { /* its timestamp is that of the newest record */
        memlog_append(fixture.rig.log, "histories", rec.partition, slice_str("u3"), rec.value,
                      RIG_WALL_MS);
    }
    struct copy *copy = rig_start(&fixture.rig, &sequence_worker, 0, quick_settings);
    wait_until_idle(&fixture, copy, 1);
    rig_finish(copy);
    assert_int_equal(memlog_newest(fixture.rig.log, "histories", slice_str("u3"), &rec), 0);
    memlog_append(fixture.rig.log, "histories", rec.partition, slice_str("u3"),
                  slice_of(NULL, 0), RIG_WALL_MS);
    memlog_append(fixture.rig.log, "histories", rec.partition, slice_str("nobody"),
                  slice_of(NULL, 0), RIG_WALL_MS);
    memlog_compact(fixture.rig.log, "histories");
    memlog_expire_tombstones(fixture.rig.log, "histories");
    for (int32_t p = 0; p < PARTITIONS; p++) {
        memlog_trim(fixture.rig.log, "histories", p, low);
    }
    fixture.rig.wall_ms += away_ms;
    assert_true(rig_launch(&fixture.rig, copy));
    for (int i = 0; i < 20; i++) { rig_round(&fixture.rig, false); }
    double users = trainer_metric(copy, "freshet_training_users");
    fixture_release(&fixture);
    return users;
}

static void test_old_histories_are_read_again(void **state)
{
    assert_true(users_after(DELETE_RETENTION_DEFAULT_MS, 0) == USERS - 1);
    assert_true(users_after(DELETE_RETENTION_DEFAULT_MS / 2, 0) == USERS);
    /* Nor does it from a topic of which the first records were deleted once. */
    assert_true(users_after(DELETE_RETENTION_DEFAULT_MS, 1) == USERS - 1);
}

/* The topic was made again, or retention has passed what is not read yet: the stored histories are
 * read again, with a line. */
static void check_histories_read_again(bool remade, const char *why)
{
    struct fixture fixture;
    fixture_init(&fixture);
    write_histories(&fixture, 8);
    struct copy *copy = rig_start(&fixture.rig, &sequence_worker, 0, quick_settings);
    wait_until_idle(&fixture, copy, 1);
    rig_finish(copy);
    if (remade) { memlog_remake(fixture.rig.log, "histories", PARTITIONS); }
    for (int user = 0; user < USERS / 2; user++) { write_history(&fixture, user, 8); }
    for (int32_t p = 0; !remade && p < PARTITIONS; p++) {
        memlog_trim(fixture.rig.log, "histories", p, memlog_end(fixture.rig.log, "histories", p));
    }
    assert_true(rig_launch(&fixture.rig, copy));
    assert_non_null(strstr(fixture.rig.warned, "reading the table again"));
    assert_non_null(strstr(fixture.rig.warned, why));
    for (int i = 0; i < 20; i++) { rig_round(&fixture.rig, false); }
    double users = trainer_metric(copy, "freshet_training_users");
    assert_int_equal(users, remade ? USERS / 2 : 0);
    check_whole(&fixture);
    fixture_release(&fixture);
}

static void test_histories_of_another_topic(void **state)
{
    check_histories_read_again(true, "ends before it");
    check_histories_read_again(false, "begins after it");
}

/* The group's offset is that of `models`, of which nothing is processed: wherever it is set,
 * nothing is published again. */
static void test_group_offset_says_nothing(void **state)
{
    struct fixture fixture;
    fixture_init(&fixture);
    write_histories(&fixture, 8);
    struct copy *copy = rig_start(&fixture.rig, &sequence_worker, 0, quick_settings);
    wait_until_idle(&fixture, copy, 1);
    int64_t end = memlog_end(fixture.rig.log, "models", 0);
    const int64_t offsets[] = {0, end / 2, end, OFFSET_NONE};
    for (size_t i = 0; i < ARRAY_COUNT(offsets); i++) {
        rig_finish(copy);
        memlog_set_committed(fixture.rig.log, "freshet-sequence", "models", 0, offsets[i]);
        assert_true(rig_launch(&fixture.rig, copy));
        for (int round = 0; round < 50; round++) { rig_round(&fixture.rig, false); }
        assert_true(trainer_idle(copy));
        assert_int_equal(memlog_end(fixture.rig.log, "models", 0), end);
        check_whole(&fixture);
    }
    fixture_release(&fixture);
}

/* A train.length beyond what features keeps of a history is warned of when training begins; not
 * when all histories are whole or long enough. */
static void test_length_beyond_histories(void **state)
{
    const size_t steps[] = {12, 8, 8};
    const int64_t totals[] = {14, 9, 8};
    const bool warns[] = {false, true, false};
    for (size_t i = 0; i < ARRAY_COUNT(steps); i++) {
        struct fixture fixture;
        fixture_init(&fixture);
        write_histories(&fixture, steps[i]);
        fixture.cut_off = totals[i] - (int64_t)steps[i];
        write_history(&fixture, 3, steps[i]);
        (void)rig_start(&fixture.rig, &sequence_worker, 0, quick_settings);
        for (int step = 0; step < 50; step++) { rig_round(&fixture.rig, false); }
        const char *warning = strstr(fixture.rig.warned, "train_length=12 history_length=8 hint=");
        assert_int_equal(warning != NULL, warns[i]);
        fixture_release(&fixture);
    }
}

/* One of two copies trains. When it is gone, the other one does: here from the start, as it finds
 * no checkpoint. It comes to the same model version, which is not published again. */
static void test_one_trains(void **state)
{
    struct fixture fixture;
    fixture_init(&fixture);
    write_histories(&fixture, 8);
    struct copy *copies[2];
    for (int copy = 0; copy < 2; copy++) {
        copies[copy] = rig_start(&fixture.rig, &sequence_worker, copy, quick_settings);
    }
    for (int i = 0; i < 20; i++) { rig_round(&fixture.rig, false); }
    int trainer = trainer_metric(copies[0], "freshet_training") > 0 ? 0 : 1;
    wait_until_idle(&fixture, copies[trainer], 1);
    assert_true(trainer_metric(copies[trainer], "freshet_training") > 0);
    assert_false(trainer_metric(copies[1 - trainer], "freshet_training") > 0);
    rig_finish(copies[trainer]);
    _cleanup_(xfreep) char *member = xprintf("freshet-sequence-%d", trainer);
    memlog_expire_member(fixture.rig.log, "freshet-sequence", member);
    struct slot_content before[2] = {slots_read(&fixture.slots, 0), slots_read(&fixture.slots, 1)};
    wait_until_idle(&fixture, copies[1 - trainer], 0);
    for (int i = 0; i < 50; i++) { rig_round(&fixture.rig, false); }
    struct slot_content after[2] = {slots_read(&fixture.slots, 0), slots_read(&fixture.slots, 1)};
    assert_true(trainer_metric(copies[1 - trainer], "freshet_training") > 0);
    assert_string_equal(before[0].version, after[0].version);
    fixture_release(&fixture);
}

static void write_item(struct fixture *fixture, const char *id, const char *tag)
{
    struct slice tags[] = {slice_str(tag)};
    const struct item item = {.item_id = slice_str(id), .tags = {tags, 1}, .available = true};
    buf_clear(&fixture->out);
    assert_int_equal(codec_encode(fixture->items, &item, &fixture->out), 0);
    memlog_append(fixture->rig.log, "items", PARTITION_BY_KEY, item.item_id,
                  buf_slice(&fixture->out), 0);
}

static void describe_items(struct fixture *fixture)
{
    for (int i = 0; i < ITEMS; i++) {
        char id[16];
        (void)snprintf(id, sizeof(id), "i%d", i);
        write_item(fixture, id, i % 2 ? "odd" : "even");
    }
}

/* Starts a trainer and waits for its first model version. */
static struct copy *start_trained(struct fixture *fixture)
{
    fixture_init(fixture);
    describe_items(fixture);
    write_histories(fixture, 8);
    struct copy *copy = rig_start(&fixture->rig, &sequence_worker, 0, quick_settings);
    wait_until_idle(fixture, copy, 1);
    return copy;
}

/* An item that is newer than the model version gets a row at once, if the model knows its tags. */
static void test_cold_start_items(void **state)
{
    struct fixture fixture;
    struct item_vector vector;
    struct copy *copy = start_trained(&fixture);
    write_item(&fixture, "added", "odd");
    write_item(&fixture, "unknown", "never seen");
    for (int i = 0; i < 50; i++) { rig_round(&fixture.rig, false); }
    assert_true(slots_find_row(&fixture.slots, "added", &vector));
    struct slot_content content = slots_read(&fixture.slots, vector.slot);
    assert_int_equal(content.items, ITEMS);
    assert_int_equal(vector.row, ITEMS);
    assert_true(slice_equal(vector.generation, slice_str(content.version)));
    assert_true(vector.scale > 0.0F);
    assert_false(slots_find_row(&fixture.slots, "unknown", &vector));
    double published = trainer_metric(copy, "freshet_model_versions_published");
    write_histories(&fixture, 12); /* a new training run: its model version has both */
    wait_until_idle(&fixture, copy, published + 1);
    assert_true(slots_find_row(&fixture.slots, "unknown", &vector));
    check_whole(&fixture);
    fixture_release(&fixture);
}

/* The row of a cold-start item that is lost, or not accepted, is sent again with its number. */
static void test_cold_start_rows_lost(void **state)
{
    const int faults[] = {WIRE_ABORTED, WIRE_RETRY};
    const char *const added[] = {"late0", "late1", "late2", "late3", "late4", "late5"};
    for (size_t i = 0; i < ARRAY_COUNT(faults); i++) {
        struct fixture fixture;
        struct item_vector vector;
        bool seen[ARRAY_COUNT(added)] = {false};
        (void)start_trained(&fixture);
        memlog_fail(fixture.rig.log, MEMLOG_PRODUCE, 2, faults[i]);
        for (size_t k = 0; k < ARRAY_COUNT(added); k++) { write_item(&fixture, added[k], "odd"); }
        for (int step = 0; step < 200; step++) { rig_round(&fixture.rig, false); }
        for (size_t k = 0; k < ARRAY_COUNT(added); k++) {
            assert_true(slots_find_row(&fixture.slots, added[k], &vector));
            assert_in_range(vector.row, ITEMS, ITEMS + (int)ARRAY_COUNT(added) - 1);
            assert_false(seen[vector.row - ITEMS]);
            seen[vector.row - ITEMS] = true;
        }
        fixture_release(&fixture);
    }
}

/* While another trainer's model version is the newest, cold-start items wait for our next one:
 * their rows would not fit the other model. */
static void test_cold_start_items_of_another_version(void **state)
{
    struct fixture fixture;
    struct item_vector vector;
    struct copy *copy = start_trained(&fixture);
    announce_stale_version(&fixture);
    for (int step = 0; step < 20; step++) { rig_round(&fixture.rig, false); }
    write_item(&fixture, "added", "odd");
    for (int step = 0; step < 50; step++) { rig_round(&fixture.rig, false); }
    assert_false(slots_find_row(&fixture.slots, "added", &vector));
    write_histories(&fixture, 12);
    wait_until_idle(&fixture, copy, trainer_metric(copy, "freshet_model_versions_published") + 1);
    assert_true(slots_find_row(&fixture.slots, "added", &vector));
    fixture_release(&fixture);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_rests_when_it_has_published),
        cmocka_unit_test(test_publishes_model_versions),
        cmocka_unit_test(test_bad_records),
        cmocka_unit_test(test_masked),
        cmocka_unit_test(test_weights_of_actions),
        cmocka_unit_test(test_killed),
        cmocka_unit_test(test_stale_announcement),
        cmocka_unit_test(test_reads_histories_once),
        cmocka_unit_test(test_old_histories_are_read_again),
        cmocka_unit_test(test_histories_of_another_topic),
        cmocka_unit_test(test_group_offset_says_nothing),
        cmocka_unit_test(test_length_beyond_histories),
        cmocka_unit_test(test_one_trains),
        cmocka_unit_test(test_cold_start_items),
        cmocka_unit_test(test_cold_start_rows_lost),
        cmocka_unit_test(test_cold_start_items_of_another_version),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
