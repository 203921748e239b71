/* The sequence trainer on the in-process log: generations are whole, training goes on. */
#include "base/base.h"
#include "schemas/item.h"
#include "trainer/sequence/sequence.h"
#include "tests/topology/slots.h"

#include <setjmp.h>
#include <cmocka.h>

enum { USERS = 80, ITEMS = 24, STEP = 5, PARTITIONS = 3, ROUNDS = 3000 };

static const char *const quick[] = {
    "train.threads=0",     "train.d=16",           "train.blocks=1",
    "train.length=12",     "train.dropout=0.1",    "train.batch=8",
    "train.epochs.max=6",  "train.patience=6",     "train.actions.min=300",
    "train.rate=0.003",    "publish.rows.max=5",   "train.publish.interval.ms=0",
    "train.checkpoint.interval.ms=400", NULL,
};

struct scribe {
    struct rig rig;
    struct schema_cache *schemas;
    struct slots slots;
    struct codec *histories, *items;
    struct arena *arena;
    struct buf out;
    int64_t offset;
    int64_t more; /* actions that a history's user had and that are cut off */
};

static void scribe_init(struct scribe *scribe)
{
    *scribe = (struct scribe){.schemas = schema_cache_new(), .arena = arena_new(1 << 16)};
    rig_init(&scribe->rig, PARTITIONS);
    scribe->histories = codec_new(&user_history_contract, scribe->schemas);
    scribe->items = codec_new(&item_contract, scribe->schemas);
    slots_init(&scribe->slots, &scribe->rig);
    buf_init(&scribe->out, 1 << 20);
}

static void scribe_release(struct scribe *scribe)
{
    rig_release(&scribe->rig);
    codec_free(scribe->histories);
    codec_free(scribe->items);
    slots_release(&scribe->slots);
    schema_cache_free(scribe->schemas);
    arena_free(scribe->arena);
    buf_release(&scribe->out);
}

/* Writes the history of a user who steps through the catalogue by fives. */
static void write_history(struct scribe *scribe, int user, size_t steps)
{
    char id[16], names[32][16];
    struct slice items[32];
    float weights[32];
    int64_t zeros[32] = {0};
    int32_t actions[32] = {0};
    (void)snprintf(id, sizeof(id), "u%d", user);
    for (size_t k = 0; k < steps; k++) {
        (void)snprintf(names[k], sizeof(names[k]), "i%d", (user + (int)k * STEP) % ITEMS);
        items[k] = slice_str(names[k]);
        weights[k] = 1.0F;
    }
    const struct user_history hist = {
        .user_id = slice_str(id),
        .items = {items, steps},
        .actions = {actions, steps},
        .weights = {weights, steps},
        .event_times_ms = {zeros, steps},
        .offsets = {zeros, steps},
        .events_total = (int64_t)steps + scribe->more,
        .input_offset = scribe->offset++,
    };
    buf_clear(&scribe->out);
    assert_int_equal(codec_encode(scribe->histories, &hist, &scribe->out), 0);
    memlog_append(scribe->rig.log, "histories", PARTITION_BY_KEY, hist.user_id,
                  buf_slice(&scribe->out), 0);
}

static void write_histories(struct scribe *scribe, size_t steps)
{
    for (int user = 0; user < USERS; user++) { write_history(scribe, user, steps); }
}

static void check_whole(struct scribe *scribe)
{
    assert_true(slots_whole(&scribe->slots));
}

/* Steps until a copy rests, with nothing more to publish. */
static void settle(struct scribe *scribe, struct copy *copy, double generations)
{
    for (int round = 0; round < ROUNDS; round++) {
        rig_round(&scribe->rig, false);
        check_whole(scribe);
        if (trainer_rests(copy) &&
            trainer_metric(copy, "freshet_generations_published") >= generations) {
            return;
        }
    }
    fail_msg("no %g generations", generations);
}

static void test_publishes_generations(void **state)
{
    struct scribe scribe;
    scribe_init(&scribe);
    write_histories(&scribe, 8);
    struct copy *copy = rig_start(&scribe.rig, &sequence_worker, 0, quick);
    settle(&scribe, copy, 1);
    write_histories(&scribe, 12);
    settle(&scribe, copy, 2);
    for (int i = 0; i < 50; i++) { rig_round(&scribe.rig, false); }
    struct shown shown[2] = {slots_show(&scribe.slots, 0), slots_show(&scribe.slots, 1)};
    assert_true(shown_whole(&shown[0]) && shown_whole(&shown[1]));
    assert_string_not_equal(shown[0].generation, shown[1].generation);
    assert_int_equal(shown[0].items, ITEMS);
    assert_true(MAX_OF(shown[0].ndcg10, shown[1].ndcg10) > 0.6);
    assert_int_equal(memlog_count(scribe.rig.log, "dead-letters", MEMLOG_ALL), 0);
    scribe_release(&scribe);
}

/* A history that is not one, an item that is not one, a tombstone, and tombstones of nothing:
 * refused, or taken, without a stop. A deleted model needs no key. */
static void test_bad_records(void **state)
{
    struct scribe scribe;
    scribe_init(&scribe);
    write_histories(&scribe, 8);
    memlog_append(scribe.rig.log, "histories", 0, slice_str("u1"), slice_str("nonsense"), 0);
    memlog_append(scribe.rig.log, "items", 0, slice_str("i1"), slice_str("nonsense"), 0);
    memlog_append(scribe.rig.log, "models", 0, slice_str("m"), slice_str("nonsense"), 0);
    memlog_append(scribe.rig.log, "histories", PARTITION_BY_KEY, slice_str("u2"),
                  slice_of(NULL, 0), 0);
    const char *const tables[] = {"histories", "items", "models"};
    for (size_t i = 0; i < ARRAY_COUNT(tables); i++) {
        memlog_append(scribe.rig.log, tables[i], 0, slice_of(NULL, 0), slice_of(NULL, 0), 0);
    }
    struct copy *copy = rig_start(&scribe.rig, &sequence_worker, 0, quick);
    for (int i = 0; i < 20; i++) { rig_round(&scribe.rig, false); }
    assert_int_equal(memlog_count(scribe.rig.log, "dead-letters", MEMLOG_ALL), 5);
    assert_int_equal(trainer_metric(copy, "freshet_training_users"), USERS - 1);
    scribe_release(&scribe);
}

/* Killed again and again while it trains and publishes: a generation stays whole at any time, and
 * what comes out in the end is what comes out without kills. */
static void test_killed(void **state)
{
    double ndcg[2];
    for (int kills = 0; kills < 2; kills++) {
        struct scribe scribe;
        scribe_init(&scribe);
        write_histories(&scribe, 8);
        struct copy *copy = rig_start(&scribe.rig, &sequence_worker, 0, quick);
        for (int kill = 0; kills && kill < 12; kill++) {
            for (int i = 0; i < 7 + kill * 5 % 11; i++) { rig_round(&scribe.rig, false); }
            rig_kill(&scribe.rig, copy);
            memlog_expire_member(scribe.rig.log, "freshet-sequence", "freshet-sequence-0");
            check_whole(&scribe);
            assert_true(rig_launch(&scribe.rig, copy));
        }
        settle(&scribe, copy, 1);
        for (int i = 0; i < 50; i++) { rig_round(&scribe.rig, false); }
        struct shown shown[2] = {slots_show(&scribe.slots, 0), slots_show(&scribe.slots, 1)};
        ndcg[kills] = MAX_OF(shown[0].ndcg10, shown[1].ndcg10);
        scribe_release(&scribe);
    }
    assert_true(fabs(ndcg[0] - ndcg[1]) < 0.05);
}

/* Announces a generation of the other slot than the newest one's: what a trainer had sent that
 * stood still, and wakes up when another one has begun. */
static void announce_late(struct scribe *scribe)
{
    struct record rec, newest;
    for (int64_t at = 0; memlog_read(scribe->rig.log, "models", 0, at, &rec) == 0;
         at = rec.offset + 1) {
        newest = rec;
    }
    struct model_weights weights;
    slots_decode(&scribe->slots, scribe->slots.weights, newest.value, &weights);
    weights.slot = GENERATION_SLOTS - 1 - weights.slot;
    weights.generation = slice_str("9-late");
    char key[MODEL_KEY_BYTES_MAX];
    (void)snprintf(key, sizeof(key), "%s/%d/0", MODEL_SEQUENCE, weights.slot);
    buf_clear(&scribe->out);
    assert_int_equal(codec_encode(scribe->slots.weights, &weights, &scribe->out), 0);
    memlog_append(scribe->rig.log, "models", 0, slice_str(key), buf_slice(&scribe->out), 0);
}

/* A generation goes to one slot, whatever is announced while it is on its way. */
static void test_announced_between(void **state)
{
    struct scribe scribe;
    scribe_init(&scribe);
    write_histories(&scribe, 8);
    struct copy *copy = rig_start(&scribe.rig, &sequence_worker, 0, quick);
    settle(&scribe, copy, 1);
    double sent = trainer_metric(copy, "freshet_vectors_published");
    write_histories(&scribe, 12);
    while (trainer_metric(copy, "freshet_vectors_published") == sent) {
        rig_round(&scribe.rig, false);
    }
    announce_late(&scribe);
    settle(&scribe, copy, trainer_metric(copy, "freshet_generations_published") + 1);
    check_whole(&scribe);
    scribe_release(&scribe);
}

/* The histories are read once: after a restart the topic is read from where it was left. */
static void test_keeps_histories(void **state)
{
    struct scribe scribe;
    scribe_init(&scribe);
    write_histories(&scribe, 8);
    struct copy *copy = rig_start(&scribe.rig, &sequence_worker, 0, quick);
    settle(&scribe, copy, 1);
    rig_finish(copy);
    write_history(&scribe, 3, 9);
    assert_true(rig_launch(&scribe.rig, copy));
    for (int i = 0; i < 20; i++) { rig_round(&scribe.rig, false); }
    double read = metric_value(
        metrics_counter(copy->metrics, "freshet_broadcast_records_total", "", ""));
    double models = (double)memlog_count(scribe.rig.log, "models", MEMLOG_ALL);
    assert_true(read <= models + 1);
    assert_int_equal(trainer_metric(copy, "freshet_training_users"), USERS);
    assert_int_equal(trainer_metric(copy, "freshet_training_actions"), USERS * 8 + 1);
    scribe_release(&scribe);
}

/* What features has cut off cannot be looked back upon: that is told once training begins, but not
 * where all histories are whole, or longer than what is asked for. */
static void test_length_beyond_histories(void **state)
{
    const size_t steps[] = {12, 8, 8};
    const int64_t totals[] = {14, 9, 8};
    const bool warns[] = {false, true, false};
    for (size_t i = 0; i < ARRAY_COUNT(steps); i++) {
        struct scribe scribe;
        scribe_init(&scribe);
        write_histories(&scribe, steps[i]);
        scribe.more = totals[i] - (int64_t)steps[i];
        write_history(&scribe, 3, steps[i]);
        (void)rig_start(&scribe.rig, &sequence_worker, 0, quick);
        for (int round = 0; round < 50; round++) { rig_round(&scribe.rig, false); }
        const char *said = strstr(scribe.rig.warned, "train_length=12 history_length=8 hint=");
        assert_int_equal(said != NULL, warns[i]);
        scribe_release(&scribe);
    }
}

/* Of two copies one trains; when it is gone the other one does: here from the start, as it finds no
 * checkpoint, and it comes to the very same generation, which it need not publish. */
static void test_one_trains(void **state)
{
    struct scribe scribe;
    scribe_init(&scribe);
    write_histories(&scribe, 8);
    struct copy *copies[2];
    for (int slot = 0; slot < 2; slot++) {
        copies[slot] = rig_start(&scribe.rig, &sequence_worker, slot, quick);
    }
    for (int i = 0; i < 20; i++) { rig_round(&scribe.rig, false); }
    int trainer = trainer_metric(copies[0], "freshet_training") > 0 ? 0 : 1;
    settle(&scribe, copies[trainer], 1);
    assert_true(trainer_metric(copies[trainer], "freshet_training") > 0);
    assert_false(trainer_metric(copies[1 - trainer], "freshet_training") > 0);
    rig_finish(copies[trainer]);
    _cleanup_(xfreep) char *member = xprintf("freshet-sequence-%d", trainer);
    memlog_expire_member(scribe.rig.log, "freshet-sequence", member);
    struct shown before[2] = {slots_show(&scribe.slots, 0), slots_show(&scribe.slots, 1)};
    settle(&scribe, copies[1 - trainer], 0);
    for (int i = 0; i < 50; i++) { rig_round(&scribe.rig, false); }
    struct shown after[2] = {slots_show(&scribe.slots, 0), slots_show(&scribe.slots, 1)};
    assert_true(trainer_metric(copies[1 - trainer], "freshet_training") > 0);
    assert_string_equal(before[0].generation, after[0].generation);
    scribe_release(&scribe);
}

static void write_item(struct scribe *scribe, const char *id, const char *tag)
{
    struct slice tags[] = {slice_str(tag)};
    const struct item item = {.item_id = slice_str(id), .tags = {tags, 1}, .available = true};
    buf_clear(&scribe->out);
    assert_int_equal(codec_encode(scribe->items, &item, &scribe->out), 0);
    memlog_append(scribe->rig.log, "items", PARTITION_BY_KEY, item.item_id,
                  buf_slice(&scribe->out), 0);
}

static void describe_items(struct scribe *scribe)
{
    for (int i = 0; i < ITEMS; i++) {
        char id[16];
        (void)snprintf(id, sizeof(id), "i%d", i);
        write_item(scribe, id, i % 2 ? "odd" : "even");
    }
}

/* Finds an item's row in any slot; false: there is none. */
static bool find_row(struct scribe *scribe, const char *id, struct item_vector *ret_vector)
{
    bool found = false;
    struct fold *rows = rig_fold(&scribe->rig, "item-vectors");
    for (size_t i = 0; i < rows->count && !found; i++) {
        arena_reset(scribe->arena);
        assert_int_equal(codec_decode(scribe->slots.vectors, rows->at[i].value, scribe->arena,
                                      ret_vector, NULL), 0);
        found = slice_equal(ret_vector->item_id, slice_str(id));
    }
    free(rows);
    return found;
}

/* A world whose trainer has published its first generation. */
static struct copy *begin_trained(struct scribe *scribe)
{
    scribe_init(scribe);
    describe_items(scribe);
    write_histories(scribe, 8);
    struct copy *copy = rig_start(&scribe->rig, &sequence_worker, 0, quick);
    settle(scribe, copy, 1);
    return copy;
}

/* An item that comes after the generation has a row behind it at once, when its tags are known. */
static void test_cold_start_items(void **state)
{
    struct scribe scribe;
    struct item_vector vector;
    struct copy *copy = begin_trained(&scribe);
    write_item(&scribe, "late", "odd");
    write_item(&scribe, "strange", "never seen");
    for (int i = 0; i < 50; i++) { rig_round(&scribe.rig, false); }
    assert_true(find_row(&scribe, "late", &vector));
    struct shown shown = slots_show(&scribe.slots, vector.slot);
    assert_int_equal(shown.items, ITEMS);
    assert_int_equal(vector.row, ITEMS);
    assert_true(slice_equal(vector.generation, slice_str(shown.generation)));
    assert_true(vector.scale > 0.0F);
    assert_false(find_row(&scribe, "strange", &vector));
    write_histories(&scribe, 12); /* a new season: both are in its generation */
    settle(&scribe, copy, 2);
    assert_true(find_row(&scribe, "strange", &vector));
    check_whole(&scribe);
    scribe_release(&scribe);
}

/* A latecomer's row that is taken and lost, or not taken, is sent again, at its place. */
static void test_cold_start_items_lost(void **state)
{
    const int faults[] = {WIRE_ABORTED, WIRE_RETRY};
    const char *const late[] = {"late0", "late1", "late2", "late3", "late4", "late5"};
    for (size_t i = 0; i < ARRAY_COUNT(faults); i++) {
        struct scribe scribe;
        struct item_vector vector;
        bool seen[ARRAY_COUNT(late)] = {false};
        (void)begin_trained(&scribe);
        memlog_fail(scribe.rig.log, MEMLOG_PRODUCE, 2, faults[i]);
        for (size_t k = 0; k < ARRAY_COUNT(late); k++) { write_item(&scribe, late[k], "odd"); }
        for (int round = 0; round < 200; round++) { rig_round(&scribe.rig, false); }
        for (size_t k = 0; k < ARRAY_COUNT(late); k++) {
            assert_true(find_row(&scribe, late[k], &vector));
            assert_in_range(vector.row, ITEMS, ITEMS + (int)ARRAY_COUNT(late) - 1);
            assert_false(seen[vector.row - ITEMS]);
            seen[vector.row - ITEMS] = true;
        }
        scribe_release(&scribe);
    }
}

/* Where somebody else's generation is the newest, cold_start_items wait for the next one of ours:
 * their rows would be of another model. */
static void test_cold_start_items_of_another(void **state)
{
    struct scribe scribe;
    struct item_vector vector;
    struct copy *copy = begin_trained(&scribe);
    announce_late(&scribe);
    for (int round = 0; round < 20; round++) { rig_round(&scribe.rig, false); }
    write_item(&scribe, "late", "odd");
    for (int round = 0; round < 50; round++) { rig_round(&scribe.rig, false); }
    assert_false(find_row(&scribe, "late", &vector));
    write_histories(&scribe, 12);
    settle(&scribe, copy, trainer_metric(copy, "freshet_generations_published") + 1);
    assert_true(find_row(&scribe, "late", &vector));
    scribe_release(&scribe);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_publishes_generations),
        cmocka_unit_test(test_bad_records),
        cmocka_unit_test(test_killed),
        cmocka_unit_test(test_announced_between),
        cmocka_unit_test(test_keeps_histories),
        cmocka_unit_test(test_length_beyond_histories),
        cmocka_unit_test(test_one_trains),
        cmocka_unit_test(test_cold_start_items),
        cmocka_unit_test(test_cold_start_items_lost),
        cmocka_unit_test(test_cold_start_items_of_another),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
