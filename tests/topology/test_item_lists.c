/* Lists of items in `item-lists`: what the rows and the catalogue say, whoever owns them. */
#include "base/base.h"
#include "features/features.h"
#include "schemas/item_list.h"
#include "serve/item_lists.h"
#include "tests/topology/answers.h"
#include "tests/topology/asking.h"
#include "tests/topology/catalogued.h"
#include "tests/topology/feed.h"
#include "trainer/similarity/trainer.h"

enum { PARTITIONS = 3, STILL = 200, LENGTH = 7 };

static const char *const settings[] = {"http.port=0", "item.lists.every.ms=500ms",
                                       "item.lists.length=7", NULL};

/* Until nothing is sent in many rounds. Each look at the clock takes a millisecond here, so a piece
 * of work is a few lists. */
static void run_rounds(struct rig *rig)
{
    for (int still = 0; still < STILL; still++) {
        int64_t before = memlog_count(rig->log, "item-lists", MEMLOG_ALL);
        rig_round(rig, false);
        if (memlog_count(rig->log, "item-lists", MEMLOG_ALL) != before) { still = 0; }
    }
}

static void list_at(struct rig *rig, const char *id, struct slices tags, int64_t created_ms,
                    bool available, int64_t stamp_ms)
{
    struct item item = catalogued_item(id);
    item.tags = tags;
    item.created_ms = created_ms;
    item.available = available;
    catalogued_put(rig, &item, stamp_ms);
}

static void list_tagged(struct rig *rig, const char *id, struct slices tags, int64_t created_ms,
                        bool available)
{
    list_at(rig, id, tags, created_ms, available, RIG_WALL_MS);
}

static void list_item(struct rig *rig, const char *id, const char *tag, int64_t created_ms,
                      bool available)
{
    struct slice tags[] = {slice_str(tag)};
    list_tagged(rig, id, (struct slices){tags, tag[0] != '\0'}, created_ms, available);
}

static void begin(struct rig *rig)
{
    rig_init(rig, PARTITIONS);
    memlog_topic(rig->log, "item-lists", PARTITIONS);
    list_item(rig, "i01", "drama", 5000, true);
    list_item(rig, "i02", "drama", 7000, true);
    list_item(rig, "i03", "comedy", 6000, true);
    list_item(rig, "i04", "drama", 9000, false);
    feed_events(rig, 3, 0, FEED_EVENTS);
    rig_work(rig, &features_worker);
    rig_work(rig, &trainer_worker);
}

/* ---- What must be there: from the rows alone, by plain loops ---- */

struct oracle {
    struct answers answers;
    struct codec *rows_codec, *lists_codec;
    struct arena *arena;
    struct fold *rows, *lists;
};

static void open_oracle(struct oracle *oracle, const struct rig *rig)
{
    *oracle = (struct oracle){.arena = arena_new(1 << 16)};
    answers_init(&oracle->answers, rig);
    oracle->rows_codec = codec_new(&serving_row_contract, oracle->answers.schemas);
    oracle->lists_codec = codec_new(&item_list_contract, oracle->answers.schemas);
    oracle->rows = rig_fold(rig, "serving-rows");
    oracle->lists = rig_fold(rig, "item-lists");
}

static void close_oracle(struct oracle *oracle)
{
    codec_free(oracle->rows_codec);
    codec_free(oracle->lists_codec);
    answers_release(&oracle->answers);
    arena_free(oracle->arena);
    free(oracle->rows);
    free(oracle->lists);
}

static bool find_list(struct oracle *oracle, const char *key, struct item_list *ret_list)
{
    for (size_t i = 0; i < oracle->lists->count; i++) {
        if (!slice_equal(oracle->lists->at[i].key, slice_str(key))) { continue; }
        if (!oracle->lists->at[i].value.data) { return false; }
        assert_int_equal(codec_decode(oracle->lists_codec, oracle->lists->at[i].value,
                                      oracle->arena, ret_list, NULL), 0);
        return true;
    }
    return false;
}

static void read_row(struct oracle *oracle, struct slice id, struct serving_row *ret_row)
{
    for (size_t i = 0; i < oracle->rows->count; i++) {
        if (!slice_equal(oracle->rows->at[i].key, id)) { continue; }
        assert_int_equal(codec_decode(oracle->rows_codec, oracle->rows->at[i].value, oracle->arena,
                                      ret_row, NULL), 0);
        return;
    }
    fail_msg("no row of %.*s", SLICE_ARGS(id));
}

/* How often users had both, by the row of the first. */
static double co_rating(const struct serving_row *row, struct slice other)
{
    for (size_t k = 0; k < row->items.count; k++) {
        if (slice_equal(row->items.at[k], other)) { return (double)row->co_ratings.at[k]; }
    }
    return 0.0;
}

/* No item that is left out has more of it, and those that are there go down. */
static void check_together(struct oracle *oracle, struct slice item)
{
    struct item_list list;
    struct serving_row row;
    char key[64];
    (void)snprintf(key, sizeof(key), "together/%.*s", SLICE_ARGS(item));
    read_row(oracle, item, &row);
    assert_true(find_list(oracle, key, &list) == (row.items.count > 0));
    if (!row.items.count) { return; }
    assert_int_equal(list.kind, ITEM_LIST_TOGETHER);
    assert_true(slice_equal(list.about, item));
    assert_true(list.version == row.version);
    double least = INFINITY;
    for (size_t k = 0; k < list.items.count; k++) {
        struct serving_row other;
        read_row(oracle, list.items.at[k], &other);
        assert_true(list.versions.at[k] == other.version);
        double co = co_rating(&row, list.items.at[k]);
        assert_true(co > 0.0 && co <= least);
        least = co;
    }
    size_t above = 0;
    for (size_t k = 0; k < row.items.count; k++) {
        bool barred = slice_equal(row.items.at[k], slice_str("i04"));
        above += !barred && co_rating(&row, row.items.at[k]) > least;
    }
    assert_true(list.items.count && above < list.items.count);
    assert_true(list.items.count == LENGTH || above + 1 >= list.items.count);
}

static void check_popular(struct oracle *oracle)
{
    struct item_list list;
    struct serving_row row;
    assert_true(find_list(oracle, "popular", &list));
    assert_int_equal(list.items.count, LENGTH);
    double least = INFINITY;
    size_t above = 0;
    for (size_t k = 0; k < LENGTH; k++) {
        read_row(oracle, list.items.at[k], &row);
        assert_true(row.actions > 0.0 && row.actions <= least);
        least = row.actions;
    }
    for (size_t i = 0; i < oracle->rows->count; i++) {
        read_row(oracle, oracle->rows->at[i].key, &row);
        above += row.actions > least && !slice_equal(row.item_id, slice_str("i04"));
    }
    assert_true(above < LENGTH);
}

/* What HTTP answers, in its order. */
static void check_answer(struct oracle *oracle, const struct copy *copy, const char *key,
                         const char *path)
{
    struct item_list list;
    assert_true(find_list(oracle, key, &list));
    const char *at = ask_get(copy, path, 200);
    size_t found = 0;
    while (found < list.items.count && (at = strstr(at, "{\"item\":\"")) != NULL) {
        at += strlen("{\"item\":\"");
        struct slice item = list.items.at[found++];
        if (strncmp(at, item.data, item.size) != 0) { fail_msg("%s: %.60s", key, at); }
    }
    assert_true(found && found == list.items.count);
}

static void check_all(const struct rig *rig, const struct copy *copy)
{
    struct oracle oracle;
    struct item_list list;
    open_oracle(&oracle, rig);
    for (size_t i = 0; i < oracle.rows->count; i++) {
        arena_reset(oracle.arena);
        check_together(&oracle, oracle.rows->at[i].key);
    }
    check_popular(&oracle);
    check_answer(&oracle, copy, "similar/i05", "/v1/items/i05/similar?limit=7");
    check_answer(&oracle, copy, "together/i05", "/v1/items/i05/together?limit=7");
    check_answer(&oracle, copy, "popular", "/v1/items/popular?limit=7");
    check_answer(&oracle, copy, "trending", "/v1/items/trending?limit=7");
    check_answer(&oracle, copy, "new/drama", "/v1/items/new?tag=drama&limit=7");
    check_answer(&oracle, copy, "popular/comedy", "/v1/items/popular?tag=comedy&limit=7");
    assert_true(find_list(&oracle, "new", &list));
    assert_int_equal(list.items.count, 3); /* those of the catalogue that are available */
    assert_true(slice_equal(list.items.at[0], slice_str("i02")));
    assert_true(list.scores.at[2] < list.scores.at[1]);
    close_oracle(&oracle);
}

static bool same_lists(const struct fold *a, const struct fold *b)
{
    bool same = a->count == b->count;
    for (size_t i = 0; same && i < a->count; i++) {
        same = slice_equal(a->at[i].key, b->at[i].key) &&
               slice_equal(a->at[i].value, b->at[i].value);
    }
    return same;
}

/* ---- Tests ---- */

static void test_lists_of_the_tables(void **state _unused_)
{
    static struct rig rig;
    begin(&rig);
    struct copy *copy = rig_start(&rig, &serve_worker, 0, settings);
    run_rounds(&rig);
    check_all(&rig, copy);
    /* Each was sent once: the tables are at rest. A copy that starts finds them in the topic. */
    struct fold *lists = rig_fold(&rig, "item-lists");
    assert_int_equal(memlog_count(rig.log, "item-lists", MEMLOG_ALL), (int64_t)lists->count);
    rig_kill(&rig, copy);
    assert_true(rig_launch(&rig, copy));
    run_rounds(&rig);
    assert_int_equal(memlog_count(rig.log, "item-lists", MEMLOG_ALL), (int64_t)lists->count);
    free(lists);
    rig_release(&rig);
}

/* Two copies divide the lists, to the same bytes; one that remains takes over the other's. */
static void test_copies(void **state _unused_)
{
    static struct rig rig, other;
    begin(&rig);
    (void)rig_start(&rig, &serve_worker, 0, settings);
    run_rounds(&rig);
    struct fold *alone = rig_fold(&rig, "item-lists");
    begin(&other);
    struct copy *first = rig_start(&other, &serve_worker, 0, settings);
    struct copy *second = rig_start(&other, &serve_worker, 1, settings);
    run_rounds(&other);
    struct fold *both = rig_fold(&other, "item-lists");
    assert_true(same_lists(alone, both));
    static const char sent[] = "freshet_item_lists_sent_total";
    assert_true(metric_value(metrics_counter(first->metrics, sent, "", "")) > 0.0);
    assert_true(metric_value(metrics_counter(second->metrics, sent, "", "")) > 0.0);
    int gone = 0;
    int64_t before = memlog_count(other.log, "item-lists", MEMLOG_ALL);
    rig_finish(first);
    list_item(&other, "i03", "drama", 6000, true); /* no comedy is left */
    run_rounds(&other);
    struct fold *after = rig_fold(&other, "item-lists");
    assert_false(same_lists(both, after));
    assert_true(memlog_count(other.log, "item-lists", MEMLOG_ALL) > before);
    for (size_t i = 0; i < after->count; i++) {
        bool comedy = slice_equal(after->at[i].key, slice_str("new/comedy")) ||
                      slice_equal(after->at[i].key, slice_str("popular/comedy"));
        if (comedy) { assert_null(after->at[i].value.data); }
        gone += comedy;
    }
    assert_int_equal(gone, 2);
    free(alone);
    free(both);
    free(after);
    rig_release(&rig);
    rig_release(&other);
}

/* Keys that no list has get a tombstone, whoever wrote them; so do lists that become empty. */
static void test_keys_that_nobody_makes(void **state _unused_)
{
    static struct rig rig;
    begin(&rig);
    memlog_append(rig.log, "item-lists", PARTITION_BY_KEY, slice_str("similar/ghost"),
                  slice_str("anything"), 1);
    memlog_append(rig.log, "item-lists", PARTITION_BY_KEY, slice_str("popular"),
                  slice_str("anything"), 1);
    struct copy *copy = rig_start(&rig, &serve_worker, 0, settings);
    run_rounds(&rig);
    check_all(&rig, copy);
    struct oracle oracle;
    struct item_list list;
    open_oracle(&oracle, &rig);
    assert_false(find_list(&oracle, "similar/ghost", &list));
    close_oracle(&oracle);
    rig_release(&rig);
}

static void check_newest(const struct rig *rig, const char *first, const char *second)
{
    struct oracle oracle;
    struct item_list list;
    open_oracle(&oracle, rig);
    assert_true(find_list(&oracle, "new", &list));
    assert_true(list.items.count > 2);
    assert_true(slice_equal(list.items.at[0], slice_str(first)));
    assert_true(slice_equal(list.items.at[1], slice_str(second)));
    close_oracle(&oracle);
}

/* An item of times to come leads only until the next one is listed, also after a start. */
static void test_created_in_times_to_come(void **state _unused_)
{
    static struct rig rig;
    const int64_t later_ms = RIG_WALL_MS + 1000, to_come_ms = RIG_WALL_MS * 2;
    begin(&rig);
    list_item(&rig, "i05", "", to_come_ms, true);
    struct copy *copy = rig_start(&rig, &serve_worker, 0, settings);
    run_rounds(&rig);
    check_newest(&rig, "i05", "i02");
    list_at(&rig, "i06", (struct slices){0}, later_ms, true, later_ms + 1000);
    run_rounds(&rig);
    check_newest(&rig, "i06", "i05");
    rig_kill(&rig, copy);
    assert_true(rig_launch(&rig, copy));
    list_at(&rig, "i07", (struct slices){0}, later_ms + 1, true, later_ms + 1000);
    run_rounds(&rig);
    check_newest(&rig, "i07", "i06");
    rig_release(&rig);
}

/* A list of a tag reads all items, so there are not more than so many. A tag that no item has any
 * more does not count. */
static void test_too_many_tags(void **state _unused_)
{
    enum { ITEMS = 40, EACH = 256, LEFT_OUT = ITEMS * EACH - ITEM_LIST_TAGS_MAX, ROUNDS = 100000 };
    static struct rig rig;
    static char texts[ITEMS * EACH][8];
    struct slice tags[ITEMS * EACH];
    rig_init(&rig, 1);
    memlog_topic(rig.log, "item-lists", 1);
    for (int i = 0; i < ITEMS * EACH; i++) {
        (void)snprintf(texts[i], sizeof(texts[i]), "t%d", i);
        tags[i] = slice_str(texts[i]);
    }
    list_item(&rig, texts[0], "gone", 5000, true);
    for (int i = 0; i < ITEMS; i++) {
        list_tagged(&rig, texts[i], (struct slices){tags + i * EACH, EACH}, 5000, true);
    }
    struct copy *copy = rig_start(&rig, &serve_worker, 0, settings);
    const struct metric *left_out =
        metrics_counter(copy->metrics, "freshet_item_lists_left_out_total", "", "");
    for (int i = 0; i < ROUNDS && metric_value(left_out) < 3.0 * LEFT_OUT; i++) {
        rig_round(&rig, false);
    }
    assert_true(metric_value(left_out) >= 3.0 * LEFT_OUT);
    assert_int_equal(memlog_count(rig.log, "item-lists", MEMLOG_ALL), ITEM_LIST_TAGS_MAX + 1);
    rig_release(&rig);
}

/* A tombstone takes no number, which would be for good; one of a known key stays known. */
static void test_tombstones_of_unknown_keys(void **state _unused_)
{
    static struct rig rig;
    static const struct item_lists_parts parts = {.every_ms = 500};
    rig_init(&rig, PARTITIONS);
    memlog_topic(rig.log, "item-lists", PARTITIONS);
    struct copy *copy = rig_start(&rig, &serve_worker, 0, settings);
    struct item_lists *lists = item_lists_new(copy->run, &parts);
    item_lists_see(lists, &(struct record){.key = slice_str("similar/a")});
    assert_int_equal(item_lists_known(lists), 0);
    item_lists_see(lists, &(struct record){.key = slice_str("similar/b"),
                                           .value = slice_str("anything")});
    item_lists_see(lists, &(struct record){.key = slice_str("similar/b")});
    assert_int_equal(item_lists_known(lists), 1);
    item_lists_free(lists);
    rig_release(&rig);
}

static void test_off_by_default(void **state _unused_)
{
    static const char *const usual[] = {"http.port=0", NULL};
    static struct rig rig;
    rig_init(&rig, PARTITIONS); /* there is no such topic */
    feed_events(&rig, 3, 0, FEED_EVENTS);
    rig_work(&rig, &features_worker);
    rig_work(&rig, &trainer_worker);
    struct copy *copy = rig_start(&rig, &serve_worker, 0, usual);
    for (int i = 0; i < STILL; i++) { rig_round(&rig, false); }
    (void)ask_get(copy, "/v1/items/popular", 200);
    rig_release(&rig);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_lists_of_the_tables),
        cmocka_unit_test(test_copies),
        cmocka_unit_test(test_keys_that_nobody_makes),
        cmocka_unit_test(test_created_in_times_to_come),
        cmocka_unit_test(test_too_many_tags),
        cmocka_unit_test(test_tombstones_of_unknown_keys),
        cmocka_unit_test(test_off_by_default),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
