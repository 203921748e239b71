/* Lists that are made while a large catalogue is still being read: what a list takes does not grow
 * with it, and the other tables go on. */
#include "base/base.h"
#include "features/features.h"
#include "scorer/scorer.h"
#include "stream/metrics.h"
#include "tests/topology/resting.h"
#include "trainer/similarity/trainer.h"

enum {
    PARTITIONS = 2,
    EVENTS = 400,
    CATALOGUE = 40000,
    QUARTERS = 4,
    EVENTS_A_ROUND = 1,
    CHANGES = 512, /* of the catalogue, at most, that come between two lists */
};

/* Long lists: each is filled up with popular items. */
static const char *const scoring[] = {"list.length=120", "lists.remake.share=0", NULL};

/* All items are looked at when the trend falls by half: not in this test. */
static const char *const counting[] = {"trend.half.life=0", NULL};

static double counter(struct copy *scorer, const char *name)
{
    return metric_value(metrics_counter(scorer->metrics, name, "", ""));
}

static double items_known(struct copy *scorer)
{
    return metric_value(metrics_gauge(scorer->metrics, "freshet_items_known", "", ""));
}

static void write_catalogue(struct rig *rig)
{
    struct schema_cache *schemas = schema_cache_new();
    struct codec *codec = codec_new(&item_contract, schemas);
    struct buf out;
    char id[16];
    buf_init(&out, 4096);
    for (unsigned i = 0; i < CATALOGUE; i++) {
        /* Not in the order of the ids: each may come before those that are known. */
        (void)snprintf(id, sizeof(id), "c%05u", i * 7919U % CATALOGUE);
        const struct item item = {.item_id = slice_str(id), .available = true};
        buf_clear(&out);
        assert_int_equal(codec_encode(codec, &item, &out), 0);
        memlog_append(rig->log, "items", PARTITION_BY_KEY, slice_str(id), buf_slice(&out), 1);
    }
    buf_release(&out);
    codec_free(codec);
    schema_cache_free(schemas);
}

/* How many rows had been read when the newest list was made. */
static int64_t rows_seen(struct rig *rig)
{
    struct schema_cache *schemas = schema_cache_new();
    struct codec *codec = codec_new(&recommendation_list_contract, schemas);
    struct arena *arena = arena_new(1 << 16);
    int64_t most = 0;
    for (int32_t p = 0; p < PARTITIONS; p++) {
        struct recommendation_list list;
        struct record rec;
        int64_t end = memlog_end(rig->log, "recommendations", p), sum = 0;
        assert_int_equal(memlog_read(rig->log, "recommendations", p, end - 1, &rec), 0);
        assert_int_equal(codec_decode(codec, rec.value, arena, &list, NULL), 0);
        for (size_t k = 0; k < list.row_offsets.count; k++) { sum += list.row_offsets.at[k]; }
        most = MAX_OF(most, sum);
    }
    arena_free(arena);
    codec_free(codec);
    schema_cache_free(schemas);
    return most;
}

static void a_list_takes_the_same_while_a_catalogue_is_read(void **state)
{
    struct rig rig;
    int fed = EVENTS;
    double each[QUARTERS];
    int64_t rows[QUARTERS + 1];
    rig_init(&rig, PARTITIONS);
    rig_start(&rig, &features_worker, 0, counting);
    rig_start(&rig, &trainer_worker, 0, NULL);
    struct copy *scorer = rig_start(&rig, &scorer_worker, 0, scoring);
    feed_events(&rig, 1, 0, EVENTS);
    rest(&rig);
    double known = items_known(scorer);
    write_catalogue(&rig);
    rows[0] = rows_seen(&rig);
    for (int quarter = 0; quarter < QUARTERS; quarter++) {
        double looked = counter(scorer, "freshet_list_items_looked_total");
        double lists = counter(scorer, "freshet_lists_published_total");
        double until = known + (double)CATALOGUE / QUARTERS * (quarter + 1);
        for (int rounds = 0; items_known(scorer) < until; rounds++) {
            assert_true(rounds < ROUNDS_MAX);
            feed_events(&rig, 1, fed, fed + EVENTS_A_ROUND);
            fed += EVENTS_A_ROUND;
            rig_round(&rig, false);
        }
        lists = counter(scorer, "freshet_lists_published_total") - lists;
        each[quarter] = (counter(scorer, "freshet_list_items_looked_total") - looked) / lists;
        rows[quarter + 1] = rows_seen(&rig);
        printf("%.0f lists, %.0f items looked at for each, rows %" PRId64 "\n", lists,
               each[quarter], rows[quarter + 1]);
        assert_true(lists > 50);
        assert_true(rows[quarter + 1] > rows[quarter]);
    }
    assert_true(each[0] > 0);
    for (int quarter = 0; quarter < QUARTERS; quarter++) { assert_true(each[quarter] < CHANGES); }
    assert_true(each[QUARTERS - 1] < 2 * each[0]);
    rest(&rig);
    rig_release(&rig);
}

int main(void)
{
    rig_choose_place();
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(a_list_takes_the_same_while_a_catalogue_is_read),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
