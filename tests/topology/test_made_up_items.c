/* Made-up item ids come first, more than items.max, then the real ones: these are recommended, and
 * no worker ends. */
#include "base/base.h"
#include "features/features.h"
#include "schemas/item.h"
#include "schemas/recommendation_list.h"
#include "scorer/scorer.h"
#include "tests/topology/feed.h"
#include "trainer/similarity/trainer.h"

#include <setjmp.h>
#include <cmocka.h>

enum { MADE_UP = 150 };

/* Each made-up id is acted on `times` times, by users who act on two of them. */
static void flood(struct rig *rig, int times)
{
    struct schema_cache *schemas = schema_cache_new();
    struct codec *codec = codec_new(&user_event_contract, schemas);
    struct buf out;
    buf_init(&out, 4096);
    for (int n = 0; n < MADE_UP * times; n++) {
        char id[32], user[32], item[32];
        (void)snprintf(id, sizeof(id), "x%d", n);
        (void)snprintf(user, sizeof(user), "x%d", n / 2);
        (void)snprintf(item, sizeof(item), "x%d", n % MADE_UP);
        const struct user_event ev = {.event_id = slice_str(id),
                                      .user_id = slice_str(user),
                                      .item_id = slice_str(item),
                                      .action = ACTION_CLICK,
                                      .weight = 1.0,
                                      .event_time_ms = feed_from_ms + n};
        buf_clear(&out);
        assert_int_equal(codec_encode(codec, &ev, &out), 0);
        memlog_append(rig->log, "events", PARTITION_BY_KEY, ev.user_id, buf_slice(&out),
                      feed_time_ms());
    }
    buf_release(&out);
    codec_free(codec);
    schema_cache_free(schemas);
}

static void list_catalogue(struct rig *rig)
{
    struct schema_cache *schemas = schema_cache_new();
    struct codec *codec = codec_new(&item_contract, schemas);
    struct buf out;
    buf_init(&out, 4096);
    for (int n = 0; n < FEED_ITEMS; n++) {
        char id[16];
        (void)snprintf(id, sizeof(id), "i%02d", n);
        const struct item item = {.item_id = slice_str(id), .available = true};
        buf_clear(&out);
        assert_int_equal(codec_encode(codec, &item, &out), 0);
        memlog_append(rig->log, "items", PARTITION_BY_KEY, item.item_id, buf_slice(&out), 0);
    }
    buf_release(&out);
    codec_free(codec);
    schema_cache_free(schemas);
}

/* Counts the real and the made-up items in the lists of the real users. */
static void count_items(const struct rig *rig, int *ret_real, int *ret_made_up, int *ret_lists)
{
    struct schema_cache *schemas = schema_cache_new();
    struct codec *codec = codec_new(&recommendation_list_contract, schemas);
    struct arena *arena = arena_new(1 << 16);
    struct fold *lists = rig_fold(rig, "recommendations");
    *ret_real = *ret_made_up = *ret_lists = 0;
    for (size_t i = 0; i < lists->count; i++) {
        struct recommendation_list list;
        struct codec_error error;
        if (lists->at[i].key.data[0] != 'u') { continue; }
        arena_reset(arena);
        assert_int_equal(codec_decode(codec, lists->at[i].value, arena, &list, &error), 0);
        ++*ret_lists;
        for (size_t k = 0; k < list.items.count; k++) {
            ++*(list.items.at[k].data[0] == 'x' ? ret_made_up : ret_real);
        }
    }
    free(lists);
    arena_free(arena);
    codec_free(codec);
    schema_cache_free(schemas);
}

/* The flood is in the tables before the first real event. */
static void run_flooded(struct rig *rig, int times, const char *const *pairs, bool catalogue)
{
    rig_init(rig, 1);
    flood(rig, times);
    rig_start(rig, &features_worker, 0, NULL);
    rig_start(rig, &trainer_worker, 0, NULL);
    rig_until_idle(rig);
    rig_start(rig, &scorer_worker, 0, pairs);
    rig_until_idle(rig);
    if (catalogue) { list_catalogue(rig); }
    for (int n = 0; n < FEED_EVENTS; n += 100) { /* rows are sent again as they grow */
        feed_events(rig, 1, n, n + 100);
        rig_until_idle(rig);
    }
}

static void the_catalogue_comes_after_made_up_ids(void **state)
{
    static const char *const pairs[] = {"items.max=40", "items.required=true", NULL};
    struct rig rig;
    int real, made_up, lists;
    run_flooded(&rig, 3, pairs, true);
    count_items(&rig, &real, &made_up, &lists);
    assert_int_equal(lists, FEED_USERS);
    assert_int_equal(made_up, 0);
    assert_true(real > FEED_USERS * 10);
    rig_release(&rig);
}

static void without_a_catalogue_more_actions_win(void **state)
{
    static const char *const pairs[] = {"items.max=40", NULL};
    struct rig rig;
    int real, made_up, lists;
    run_flooded(&rig, 1, pairs, false);
    count_items(&rig, &real, &made_up, &lists);
    assert_int_equal(lists, FEED_USERS);
    assert_true(real > FEED_USERS * 8);
    assert_true(real > 4 * made_up);
    rig_release(&rig);
}

/* features and trainer drop ids from memory, and go on; a line says so. */
static void the_counting_workers_go_on(void **state)
{
    static const char *const pairs[] = {"items.max=40", NULL};
    static const char name[] = "freshet_item_ids_dropped_total";
    struct rig rig;
    rig_init(&rig, 1);
    flood(&rig, 3);
    const struct worker *const workers[] = {&features_worker, &trainer_worker};
    for (size_t i = 0; i < ARRAY_COUNT(workers); i++) {
        struct copy *copy = rig_start(&rig, workers[i], 0, pairs);
        rig.warned[0] = '\0';
        rig_until_idle(&rig);
        assert_true(metric_value(metrics_counter(copy->metrics, name, "", "")) >= MADE_UP);
        assert_non_null(strstr(rig.warned, "more distinct items than items.max"));
    }
    struct fold *rows = rig_fold(&rig, "neighbours");
    assert_int_equal(rows->count, MADE_UP);
    free(rows);
    rig_release(&rig);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(the_counting_workers_go_on),
        cmocka_unit_test(the_catalogue_comes_after_made_up_ids),
        cmocka_unit_test(without_a_catalogue_more_actions_win),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
