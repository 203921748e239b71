/* The quality board against sums over all records that stand, kept the naive way. */
#include "base/base.h"
#include "base/xalloc.h"
#include "serve/console/quality_board.h"

#include <setjmp.h>
#include <cmocka.h>

enum { HOUR = 3600000, RECORDS = 400, KEYS = 150, FIRST = 490000, PARTITIONS = 4 };

static const int64_t NOW = (FIRST + 1000) * (int64_t)HOUR;

struct one_record {
    int64_t hour, judged, hits, segment;
};

struct fixture {
    struct schema_cache *schemas;
    struct codec *codec;
    struct quality_board *board;
    struct buf out;
};

static void begin(struct fixture *fixture)
{
    fixture->schemas = schema_cache_new();
    fixture->codec = codec_new(&list_quality_contract, fixture->schemas);
    fixture->board = quality_board_new(fixture->schemas, PARTITIONS);
    buf_init(&fixture->out, 1 << 20);
}

static void finish(struct fixture *fixture)
{
    quality_board_free(fixture->board);
    codec_free(fixture->codec);
    schema_cache_free(fixture->schemas);
    buf_release(&fixture->out);
}

static void put(struct fixture *fixture, const char *key, const struct one_record *one)
{
    struct slice made_by[] = {slice_str("counting")};
    int32_t segments[] = {(int32_t)one->segment}, kinds[] = {ACTION_VIEW};
    int64_t judged[] = {one->judged}, hits[] = {one->hits}, repeats[] = {0};
    double ndcg[] = {0.5 * (double)one->hits};
    const struct list_quality quality = {
        .model = slice_str("item-item"), .judged = one->judged, .hits_at_10 = one->hits,
        .ndcg_at_10 = ndcg[0], .lists = 2, .places = 20, .novelty_bits = 100,
        .items_listed = 5, .items_known = 10, .made_by = {made_by, 1}, .segments = {segments, 1},
        .judged_by = {judged, 1}, .hits_by = {hits, 1}, .ndcg_by = {ndcg, 1}, .kinds = {kinds, 1},
        .judged_by_kind = {judged, 1}, .hits_by_kind = {hits, 1}, .repeats_by_kind = {repeats, 1},
    };
    buf_clear(&fixture->out);
    assert_int_equal(codec_encode(fixture->codec, &quality, &fixture->out), 0);
    const struct record rec = {.key = slice_str(key), .value = buf_slice(&fixture->out),
                               .time_ms = one->hour * HOUR + 5};
    assert_int_equal(quality_board_put(fixture->board, &rec, NOW, NULL), 0);
}

static void test_sums(void **state)
{
    static struct one_record stand[KEYS]; /* the newest of each key */
    static struct quality_view view;
    struct fixture fixture;
    begin(&fixture);
    uint64_t seed = 7;
    for (int i = 0; i < RECORDS; i++) {
        char key[32];
        seed = seed * 6364136223846793005ULL + 1442695040888963407ULL;
        size_t at = (size_t)(seed >> 33) % KEYS;
        (void)snprintf(key, sizeof(key), "item-item/0/%zu", at);
        stand[at] = (struct one_record){FIRST + i / 100, (int64_t)(seed >> 40) % 9 + 1,
                                        (int64_t)(seed >> 50) % 2, (int64_t)(seed >> 20) % 3};
        put(&fixture, key, &stand[at]);
    }
    quality_board_look(fixture.board, &view);
    assert_int_equal(view.hours_count, 4);
    assert_string_equal(view.models[0], "counting");
    int64_t missing = 0;
    for (size_t h = 0; h < view.hours_count; h++) {
        struct quality_counts want = {0}, parts[QUALITY_SEGMENTS] = {{0}};
        assert_int_equal(view.hours[h].hour, FIRST + 3 - (int64_t)h);
        for (size_t k = 0; k < KEYS; k++) {
            if (stand[k].hour != view.hours[h].hour) { continue; }
            want.judged += stand[k].judged;
            want.hits += stand[k].hits;
            parts[stand[k].segment].judged += stand[k].judged;
        }
        /* Two keys of one slot: the older one's record stays when it comes again. */
        missing += view.hours[h].all.judged - want.judged;
        if (view.hours[h].all.judged == want.judged) {
            assert_int_equal(view.hours[h].all.hits, want.hits);
            assert_true(fabs(view.hours[h].all.ndcg - 0.5 * (double)want.hits) < 1e-9);
            assert_int_equal(view.hours[h].kinds[ACTION_VIEW].judged, want.judged);
            for (size_t k = 0; k < QUALITY_SEGMENTS; k++) {
                assert_int_equal(view.hours[h].parts[0][k].judged, parts[k].judged);
            }
        }
        assert_true(view.hours[h].coverage == 0.5);
    }
    assert_true(missing >= 0 && missing < 60);
    finish(&fixture);
}

static void test_only_newest_hours(void **state)
{
    static struct quality_view view;
    struct fixture fixture;
    begin(&fixture);
    for (int64_t hour = 0; hour < 3L * QUALITY_HOURS; hour++) {
        char key[32];
        (void)snprintf(key, sizeof(key), "%" PRId64, hour);
        put(&fixture, key, &(struct one_record){FIRST + hour, 4, 1, 0});
    }
    put(&fixture, "old", &(struct one_record){FIRST, 4, 1, 0});
    quality_board_look(fixture.board, &view);
    assert_int_equal(view.hours_count, QUALITY_HOURS);
    assert_int_equal(view.hours[0].hour, FIRST + 3 * QUALITY_HOURS - 1);
    assert_int_equal(view.hours[QUALITY_HOURS - 1].all.judged, 4);
    finish(&fixture);
}

static void refuse(struct fixture *fixture, struct record rec, int64_t now_ms, const char *reason)
{
    struct codec_error error;
    assert_int_equal(quality_board_put(fixture->board, &rec, now_ms, &error), -EBADMSG);
    assert_string_equal(error.reason, reason);
}

/* A record of an hour to come would be the newest for good, and every later one older. */
static void test_hours_to_come(void **state)
{
    static struct quality_view view;
    struct fixture fixture;
    begin(&fixture);
    put(&fixture, "a", &(struct one_record){FIRST, 4, 1, 0});
    struct record rec = {.key = slice_str("b"), .value = buf_slice(&fixture.out)};
    rec.time_ms = INT64_MAX;
    refuse(&fixture, rec, NOW, "time_ahead");
    rec.time_ms = NOW + 2L * HOUR;
    refuse(&fixture, rec, NOW, "time_ahead");
    rec.key = (struct slice){0};
    refuse(&fixture, rec, rec.time_ms, "bad_key");
    rec.time_ms = INT64_MIN; /* Kafka knows no time */
    rec.key = slice_str("b");
    assert_int_equal(quality_board_put(fixture.board, &rec, NOW, NULL), 0);
    quality_board_look(fixture.board, &view);
    assert_int_equal(view.hours_count, 1);
    assert_int_equal(view.hours[0].hour, FIRST);
    assert_int_equal(view.hours[0].all.judged, 4);
    finish(&fixture);
}

/* Bytes that are no record, and numbers that nobody counted. */
static void test_hostile(void **state)
{
    static struct quality_view view;
    struct fixture fixture;
    begin(&fixture);
    const struct record bad = {.key = slice_str("k"), .value = slice_str("no record"),
                               .time_ms = FIRST * (int64_t)HOUR};
    refuse(&fixture, bad, bad.time_ms, "bad_magic");
    quality_board_put_trial(fixture.board, &bad);
    quality_board_put_step(fixture.board, &bad);
    put(&fixture, "a", &(struct one_record){FIRST, INT64_MIN, INT64_MAX, 2});
    put(&fixture, "a", &(struct one_record){FIRST, 3, 1, 77});
    quality_board_look(fixture.board, &view);
    assert_int_equal(view.hours_count, 1);
    assert_int_equal(view.hours[0].all.judged, 3);
    assert_int_equal(view.hours[0].all.hits, 1);
    assert_false(view.trial.known);
    finish(&fixture);
}

static void put_count(struct fixture *fixture, int32_t partition)
{
    static int64_t judged[TRIAL_BUCKETS] = {1}, hits[TRIAL_BUCKETS];
    static double ndcg[TRIAL_BUCKETS];
    struct codec *codec = codec_new(&trial_record_contract, fixture->schemas);
    const struct trial_record counted = {
        .kind = TRIAL_COUNTED, .trial = 1, .partition = partition, .to_offset = 9,
        .generation = slice_str("g2"), .judged = {judged, TRIAL_BUCKETS},
        .hits = {hits, TRIAL_BUCKETS}, .ndcg = {ndcg, TRIAL_BUCKETS}};
    const struct trial_record started = {
        .kind = TRIAL_STARTED, .trial = 1, .generation = slice_str("g2"), .share = 1000,
        .metric = TRIAL_HIT_AT_10, .partition = -1, .time_ms = 1000000000000};
    buf_clear(&fixture->out);
    assert_int_equal(codec_encode(codec, partition < 0 ? &started : &counted, &fixture->out), 0);
    const struct record rec = {.key = slice_str("k"), .value = buf_slice(&fixture->out)};
    quality_board_put_trial(fixture->board, &rec);
    codec_free(codec);
}

/* A count of a partition that the lists do not have takes no memory, and is passed over. */
static void test_partitions_of_a_trial(void **state)
{
    static struct quality_view view;
    struct fixture fixture;
    begin(&fixture);
    put_count(&fixture, -1);
    put_count(&fixture, PARTITIONS - 1);
    put_count(&fixture, PARTITIONS);
    quality_board_look(fixture.board, &view);
    assert_true(view.trial.known);
    assert_true(view.trial.arms[TRIAL_ARM_TRIAL].all_judged == 1.0);
    finish(&fixture);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_sums),
        cmocka_unit_test(test_only_newest_hours),
        cmocka_unit_test(test_hours_to_come),
        cmocka_unit_test(test_hostile),
        cmocka_unit_test(test_partitions_of_a_trial),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
