/* Trainer and scorer together on the in-process log: from histories to lists of the sequence model,
 * and their figures in the quality topic. */
#include "base/base.h"
#include "embed/embed.h"
#include "model/mixture.h"
#include "schemas/item.h"
#include "schemas/list_quality.h"
#include "schemas/model_weights.h"
#include "schemas/user_history.h"
#include "scorer/scorer.h"
#include "trainer/sequence/sequence.h"
#include "tests/topology/rig.h"

#include <setjmp.h>
#include <cmocka.h>

/* All users step through the catalogue by fives: a Transformer can predict that; counting cannot,
 * as its table is empty here. */
enum { USERS = 90, ITEMS = 24, STEP = 5, PARTITIONS = 3, FIRST = 8, LAST = 16, STEPS_MAX = 3000 };

static const char *const quick_settings[] = {
    "clusters.every.ms=0",
    "train.threads=0",       "train.d=16",       "train.blocks=1",        "train.length=12",
    "train.dropout=0.1",     "train.batch=8",    "train.epochs.max=8",    "train.patience=8",
    "train.actions.min=300", "train.rate=0.003", "train.run.growth=9",    NULL,
};
static const char *const short_lists[] = {"list.length=10", NULL};
static const char *const counting_only[] = {"list.length=10", "vectors.used=false",
                                            "users.used=false", "content.used=false", NULL};
static const char *const content_only[] = {"list.length=10", "vectors.used=false",
                                           "content.used=true", NULL};

struct fixture {
    struct rig rig;
    struct schema_cache *schemas;
    struct codec *histories, *lists, *quality;
    struct arena *arena;
    struct buf out;
    int64_t offset; /* in `events`, which does not exist here */
    int64_t offsets[USERS][LAST];
};

static void fixture_init(struct fixture *fixture)
{
    *fixture = (struct fixture){.schemas = schema_cache_new(), .arena = arena_new(1 << 16)};
    rig_init(&fixture->rig, PARTITIONS);
    fixture->histories = codec_new(&user_history_contract, fixture->schemas);
    fixture->lists = codec_new(&recommendation_list_contract, fixture->schemas);
    fixture->quality = codec_new(&list_quality_contract, fixture->schemas);
    buf_init(&fixture->out, 1 << 20);
}

static void fixture_release(struct fixture *fixture)
{
    rig_release(&fixture->rig);
    codec_free(fixture->histories);
    codec_free(fixture->lists);
    codec_free(fixture->quality);
    schema_cache_free(fixture->schemas);
    arena_free(fixture->arena);
    buf_release(&fixture->out);
}

static int item_of(int user, size_t step)
{
    return (user + (int)step * STEP) % ITEMS;
}

/* Writes a user's history up to a step; the newest action arrives now. */
static void act(struct fixture *fixture, int user, size_t steps)
{
    char id[16], names[LAST][16];
    struct slice items[LAST];
    float weights[LAST];
    int64_t times[LAST] = {0};
    int32_t actions[LAST] = {0};
    (void)snprintf(id, sizeof(id), "u%d", user);
    fixture->offsets[user][steps - 1] = fixture->offset;
    for (size_t k = 0; k < steps; k++) {
        (void)snprintf(names[k], sizeof(names[k]), "i%02d", item_of(user, k));
        items[k] = slice_str(names[k]);
        weights[k] = 1.0F;
    }
    const struct user_history hist = {
        .user_id = slice_str(id),
        .items = {items, steps},
        .actions = {actions, steps},
        .weights = {weights, steps},
        .event_times_ms = {times, steps},
        .offsets = {fixture->offsets[user], steps},
        .events_total = (int64_t)steps,
        .input_offset = fixture->offset++,
    };
    buf_clear(&fixture->out);
    assert_int_equal(codec_encode(fixture->histories, &hist, &fixture->out), 0);
    memlog_append(fixture->rig.log, "histories", PARTITION_BY_KEY, hist.user_id,
                  buf_slice(&fixture->out), 0);
}

static double gauge_of(const struct copy *copy, const char *name)
{
    return metric_value(metrics_gauge(copy->metrics, name, "", ""));
}

static void step_rig(struct fixture *fixture, int count)
{
    for (int i = 0; i < count; i++) { rig_round(&fixture->rig, false); }
}

/* All users act step by step, and get their lists before the next step. */
static void act_all(struct fixture *fixture, size_t from, size_t to)
{
    for (size_t step = from; step <= to; step++) {
        for (int user = 0; user < USERS; user++) { act(fixture, user, step); }
        step_rig(fixture, 40);
    }
}

static void wait_for_model_version(struct fixture *fixture, struct copy *scorer)
{
    for (int i = 0; i < STEPS_MAX && gauge_of(scorer, "freshet_vector_rows") < ITEMS; i++) {
        step_rig(fixture, 1);
    }
    assert_int_equal(gauge_of(scorer, "freshet_vector_rows"), ITEMS);
    step_rig(fixture, 100);
}

struct sums {
    int64_t judged, hits, lists, places, judged_by, hits_by, counted;
    double ndcg, ndcg_by, novelty;
};

static void add_range(struct sums *sums, const struct list_quality *range)
{
    sums->judged += range->judged;
    sums->hits += range->hits_at_10;
    sums->lists += range->lists;
    sums->places += range->places;
    sums->ndcg += range->ndcg_at_10;
    sums->novelty += range->novelty_bits;
    for (size_t k = 0; k < range->made_by.count; k++) {
        sums->judged_by += range->judged_by.at[k];
        sums->hits_by += range->hits_by.at[k];
        sums->ndcg_by += range->ndcg_by.at[k];
        bool counted = slice_equal(range->made_by.at[k], slice_str("counting"));
        sums->counted += counted ? range->judged_by.at[k] : 0;
    }
    assert_true(range->items_listed <= range->items_known);
}

static struct sums quality_of(struct fixture *fixture)
{
    struct sums sums = {0};
    struct list_quality range;
    struct fold *fold = rig_fold(&fixture->rig, "quality");
    for (size_t i = 0; i < fold->count; i++) {
        arena_reset(fixture->arena);
        assert_int_equal(
            codec_decode(fixture->quality, fold->at[i].value, fixture->arena, &range, NULL), 0);
        add_range(&sums, &range);
    }
    free(fold);
    return sums;
}

/* Evaluates each published list: the next action is known. */
static struct sums evaluate_offline(struct fixture *fixture)
{
    struct sums sums = {0};
    struct recommendation_list list;
    struct record rec;
    for (int32_t p = 0; p < PARTITIONS; p++) {
        for (int64_t at = 0; memlog_read(fixture->rig.log, "recommendations", p, at, &rec) == 0;
             at = rec.offset + 1) {
            arena_reset(fixture->arena);
            assert_int_equal(codec_decode(fixture->lists, rec.value, fixture->arena, &list, NULL),
                             0);
            if (list.cause != CAUSE_ACTION) { continue; }
            sums.lists++;
            sums.places += (int64_t)list.items.count;
            int user = (int)strtol(list.user_id.data + 1, NULL, 10);
            size_t steps = 0;
            while (steps < LAST && fixture->offsets[user][steps] <= list.input_offset) { steps++; }
            if (steps == LAST) { continue; }
            sums.judged++;
            char want[16];
            (void)snprintf(want, sizeof(want), "i%02d", item_of(user, steps));
            for (size_t k = 0; k < list.items.count; k++) {
                if (!slice_equal(list.items.at[k], slice_str(want))) { continue; }
                sums.hits++;
                sums.ndcg += 1.0 / log2((double)k + 2.0);
            }
        }
    }
    return sums;
}

static struct recommendation_list newest_list(struct fixture *fixture, const char *user)
{
    struct recommendation_list list = {0};
    struct fold *fold = rig_fold(&fixture->rig, "recommendations");
    for (size_t i = 0; i < fold->count; i++) {
        if (!slice_equal(fold->at[i].key, slice_str(user))) { continue; }
        arena_reset(fixture->arena);
        assert_int_equal(
            codec_decode(fixture->lists, fold->at[i].value, fixture->arena, &list, NULL), 0);
    }
    free(fold);
    return list;
}

/* Every place of every list has a reason; the item of the user's that it names is the user's. */
static int64_t check_reasons(struct fixture *fixture)
{
    struct recommendation_list list;
    struct record rec;
    int64_t by_model = 0;
    for (int32_t p = 0; p < PARTITIONS; p++) {
        for (int64_t at = 0; memlog_read(fixture->rig.log, "recommendations", p, at, &rec) == 0;
             at = rec.offset + 1) {
            arena_reset(fixture->arena);
            assert_int_equal(codec_decode(fixture->lists, rec.value, fixture->arena, &list, NULL),
                             0);
            assert_true(list_columns_agree(&list) && list.shares.count == list.items.count);
            for (size_t k = 0; k < list.items.count; k++) {
                float share = list.shares.at[k];
                bool because = list.because.at[k].size > 0;
                assert_int_not_equal(list.reasons.at[k], REASON_OTHER);
                assert_int_equal(because, list.reasons.at[k] == REASON_BECAUSE);
                assert_int_equal(because, share > 0.0F);
                assert_true(share <= 1.0F);
                by_model += because && list.evidence.at[k] == 0.0F;
                bool had = !because;
                int user = (int)strtol(list.user_id.data + 1, NULL, 10);
                for (size_t step = 0; step < LAST && !had; step++) {
                    char id[16];
                    (void)snprintf(id, sizeof(id), "i%02d", item_of(user, step));
                    had = slice_equal(list.because.at[k], slice_str(id));
                }
                assert_true(had);
            }
        }
    }
    return by_model;
}

/* Says whether a message of `models` has the weights that a list names. */
static bool is_published(struct fixture *fixture, struct codec *codec, const char *version)
{
    struct record rec;
    for (int64_t at = 0; memlog_read(fixture->rig.log, "models", 0, at, &rec) == 0;
         at = rec.offset + 1) {
        struct model_weights weights;
        struct mixture mixture;
        arena_reset(fixture->arena);
        assert_int_equal(codec_decode(codec, rec.value, fixture->arena, &weights, NULL), 0);
        if (slice_equal(weights.model, slice_str(MODEL_BLEND)) &&
            mixture_load(&mixture, weights.weights.at, weights.weights.count) &&
            strcmp(version, mixture.version) == 0) {
            return true;
        }
    }
    return false;
}

/* Each list names weights that are on `models`, or none; returns how many name some. */
static size_t check_blend_versions(struct fixture *fixture)
{
    struct codec *codec = codec_new(&model_weights_contract, fixture->schemas);
    struct record rec;
    size_t named = 0;
    for (int32_t p = 0; p < PARTITIONS; p++) {
        for (int64_t at = 0; memlog_read(fixture->rig.log, "recommendations", p, at, &rec) == 0;
             at = rec.offset + 1) {
            struct recommendation_list list;
            char version[MIXTURE_VERSION_BYTES] = "";
            arena_reset(fixture->arena);
            assert_int_equal(codec_decode(fixture->lists, rec.value, fixture->arena, &list, NULL),
                             0);
            if (!list.blend.size) { continue; }
            assert_int_equal(list.blend.size, MIXTURE_VERSION_BYTES - 1);
            memcpy(version, list.blend.data, list.blend.size);
            assert_true(is_published(fixture, codec, version));
            named++;
        }
    }
    codec_free(codec);
    return named;
}

/* A list names how far a table had been read: some of it, and not more than there is. */
static void check_offsets(const struct fixture *fixture, const char *topic,
                          const struct longs *offsets)
{
    int64_t read = 0;
    for (size_t p = 0; p < offsets->count; p++) {
        assert_true(offsets->at[p] <= memlog_end(fixture->rig.log, topic, (int32_t)p));
        read += offsets->at[p];
    }
    assert_true(read > 0);
}

static void test_the_sequence_model_takes_the_lead(void **state)
{
    struct fixture fixture;
    fixture_init(&fixture);
    act_all(&fixture, 1, FIRST);
    struct copy *trainer = rig_start(&fixture.rig, &sequence_worker, 0, quick_settings);
    struct copy *scorer = rig_start(&fixture.rig, &scorer_worker, 0, short_lists);
    wait_for_model_version(&fixture, scorer);
    struct recommendation_list list = newest_list(&fixture, "u7");
    assert_true(slice_equal(list.made_by, slice_str("counting")));
    act_all(&fixture, FIRST + 1, LAST);
    list = newest_list(&fixture, "u7");
    assert_false(slice_equal(list.made_by, slice_str("counting")));
    assert_true(list.vectors.size > 0);
    check_offsets(&fixture, "item-vectors", &list.vector_offsets);
    check_offsets(&fixture, "models", &list.model_offsets);
    assert_int_equal(list.content_offsets.count, 0);
    char want[16];
    (void)snprintf(want, sizeof(want), "i%02d", item_of(7, LAST));
    assert_true(list.items.count > 0 && slice_equal(list.items.at[0], slice_str(want)));
    assert_true(check_reasons(&fixture) > 0);
    assert_true(check_blend_versions(&fixture) > USERS);
    struct sums quality = quality_of(&fixture), offline = evaluate_offline(&fixture);
    assert_int_equal(quality.judged, offline.judged);
    assert_int_equal(quality.hits, offline.hits);
    assert_int_equal(quality.lists, offline.lists);
    assert_int_equal(quality.places, offline.places);
    assert_true(fabs(quality.ndcg - offline.ndcg) < 1e-9 * offline.ndcg);
    assert_int_equal(quality.judged_by, quality.judged);
    assert_int_equal(quality.hits_by, quality.hits);
    assert_true(quality.counted > 0 && quality.counted < quality.judged);
    assert_true(quality.hits > 0);
    assert_int_equal(memlog_count(fixture.rig.log, "dead-letters", MEMLOG_ALL), 0);
    (void)trainer;
    fixture_release(&fixture);
}

/* The mixture outlives the scorer: the next one's first list is made by the same model. */
static void test_the_mixture_survives_a_restart(void **state)
{
    struct fixture fixture;
    fixture_init(&fixture);
    act_all(&fixture, 1, FIRST);
    rig_start(&fixture.rig, &sequence_worker, 0, quick_settings);
    struct copy *scorer = rig_start(&fixture.rig, &scorer_worker, 0, short_lists);
    wait_for_model_version(&fixture, scorer);
    act_all(&fixture, FIRST + 1, LAST - 1);
    rig_kill(&fixture.rig, scorer);
    memlog_expire_member(fixture.rig.log, "freshet-scorer", "freshet-scorer-0");
    rig_empty(scorer);
    assert_true(rig_launch(&fixture.rig, scorer));
    act_all(&fixture, LAST, LAST);
    struct recommendation_list list = newest_list(&fixture, "u11");
    assert_false(slice_equal(list.made_by, slice_str("counting")));
    memlog_fail_often(fixture.rig.log, MEMLOG_PRODUCE, 40, WIRE_ABORTED);
    for (size_t step = 3; step < LAST; step++) { act_all(&fixture, step, step); }
    assert_true(memlog_failed(fixture.rig.log, MEMLOG_PRODUCE) > 3);
    assert_true(check_blend_versions(&fixture) > USERS);
    fixture_release(&fixture);
}

/* Reads the newest weights of a partition's blend on `models`, as bytes. */
static struct slice newest_blend(struct fixture *fixture, int32_t partition)
{
    struct record rec;
    char key[32];
    (void)snprintf(key, sizeof(key), "blend/%d", partition);
    assert_int_equal(memlog_newest(fixture->rig.log, "models", slice_str(key), &rec), 0);
    return rec.value;
}

static bool same_weights(struct fixture *fixture, struct slice a, struct slice b)
{
    struct codec *codec = codec_new(&model_weights_contract, fixture->schemas);
    const struct slice values[2] = {a, b};
    struct mixture mixtures[2];
    for (size_t i = 0; i < 2; i++) {
        struct model_weights weights;
        assert_non_null(values[i].data);
        arena_reset(fixture->arena);
        assert_int_equal(codec_decode(codec, values[i], fixture->arena, &weights, NULL), 0);
        assert_true(mixture_load(&mixtures[i], weights.weights.at, weights.weights.count));
    }
    bool same = true;
    for (size_t s = 0; s < MIXTURE_SEGMENTS; s++) {
        const struct mixture_part *one = &mixtures[0].parts[s], *other = &mixtures[1].parts[s];
        same &= one->leader == other->leader &&
                memcmp(one->weights, other->weights, sizeof(one->weights)) == 0;
    }
    codec_free(codec);
    return same;
}

/* A former owner's weights arrive late, or somebody removes them: those in use are sent again. */
static void test_weights_in_use_are_on_models(void **state)
{
    struct fixture fixture;
    fixture_init(&fixture);
    act_all(&fixture, 1, FIRST);
    rig_start(&fixture.rig, &sequence_worker, 0, quick_settings);
    struct copy *scorer = rig_start(&fixture.rig, &scorer_worker, 0, short_lists);
    wait_for_model_version(&fixture, scorer);
    act_all(&fixture, FIRST + 1, FIRST + 2);
    const struct slice early = newest_blend(&fixture, 0);
    act_all(&fixture, FIRST + 3, LAST);
    const struct slice used = newest_blend(&fixture, 0), values[] = {early, {0}};
    assert_false(same_weights(&fixture, early, used));
    for (size_t i = 0; i < ARRAY_COUNT(values); i++) {
        memlog_append(fixture.rig.log, "models", 0, slice_str("blend/0"), values[i], 0);
        int64_t until_ms = fixture.rig.now_ms + 20000;
        while (fixture.rig.now_ms < until_ms) { rig_round(&fixture.rig, false); }
        assert_true(same_weights(&fixture, newest_blend(&fixture, 0), used));
        int64_t count = memlog_count(fixture.rig.log, "models", MEMLOG_ALL);
        until_ms = fixture.rig.now_ms + 20000;
        while (fixture.rig.now_ms < until_ms) { rig_round(&fixture.rig, false); }
        assert_int_equal(memlog_count(fixture.rig.log, "models", MEMLOG_ALL), count);
    }
    fixture_release(&fixture);
}

/* While counting leads, lists are the same to the bit with a trainer and without. */
static void test_counting_leads_unchanged(void **state)
{
    char *texts[2];
    for (int i = 0; i < 2; i++) {
        struct fixture fixture;
        fixture_init(&fixture);
        if (i) { rig_start(&fixture.rig, &sequence_worker, 0, quick_settings); }
        rig_start(&fixture.rig, &scorer_worker, 0, i ? short_lists : counting_only);
        act_all(&fixture, 1, 4);
        struct buf text;
        buf_init(&text, 1 << 20);
        for (int user = 0; user < USERS; user++) {
            char id[16];
            (void)snprintf(id, sizeof(id), "u%d", user);
            struct recommendation_list list = newest_list(&fixture, id);
            for (size_t k = 0; k < list.items.count; k++) {
                buf_printf(&text, "%.*s:%a ", SLICE_ARGS(list.items.at[k]),
                           (double)list.scores.at[k]);
            }
            buf_printf(&text, "\n");
        }
        texts[i] = xprintf("%.*s", SLICE_ARGS(buf_slice(&text)));
        buf_release(&text);
        fixture_release(&fixture);
    }
    assert_string_equal(texts[0], texts[1]);
    free(texts[0]);
    free(texts[1]);
}

/* Invalid rows, weights and mixtures are refused with a reason; lists are still made. */
static void test_bad_records(void **state)
{
    struct fixture fixture;
    fixture_init(&fixture);
    struct rig *rig = &fixture.rig;
    rig_start(rig, &scorer_worker, 0, short_lists);
    struct codec *rows = codec_new(&item_vector_contract, fixture.schemas);
    struct codec *parts = codec_new(&model_weights_contract, fixture.schemas);
    const struct item_vector row = {.item_id = slice_str("i"), .generation = slice_str("g"),
                                    .row = -1, .bytes = slice_of("0123456789012345", 16)};
    const struct model_weights part = {.model = slice_str(MODEL_SEQUENCE),
                                       .generation = slice_str("g"), .items = 7, .d = 17};
    const struct model_weights blend = {.model = slice_str(MODEL_BLEND), .part = 1};
    buf_clear(&fixture.out);
    assert_int_equal(codec_encode(rows, &row, &fixture.out), 0);
    memlog_append(rig->log, "item-vectors", 0, slice_str("0/i"), buf_slice(&fixture.out), 0);
    buf_clear(&fixture.out);
    assert_int_equal(codec_encode(parts, &part, &fixture.out), 0);
    memlog_append(rig->log, "models", 0, slice_str("sequence/0/0"), buf_slice(&fixture.out), 0);
    buf_clear(&fixture.out);
    assert_int_equal(codec_encode(parts, &blend, &fixture.out), 0);
    memlog_append(rig->log, "models", 0, slice_str("blend/1"), buf_slice(&fixture.out), 0);
    act_all(&fixture, 1, 2);
    assert_int_equal(memlog_count(rig->log, "dead-letters", MEMLOG_ALL), 3);
    assert_true(memlog_count(rig->log, "recommendations", MEMLOG_ALL) >= USERS);
    codec_free(rows);
    codec_free(parts);
    fixture_release(&fixture);
}

/* A scorer whose only other member is content goes on from the mixture on `models`, too; weights of
 * the sequence model are not for it. */
static void test_content_alone_reads_the_mixture(void **state)
{
    static const char *const *const settings[] = {counting_only, content_only};
    for (size_t i = 0; i < ARRAY_COUNT(settings); i++) {
        struct fixture fixture;
        fixture_init(&fixture);
        struct codec *parts = codec_new(&model_weights_contract, fixture.schemas);
        const struct model_weights bad[] = {{.model = slice_str(MODEL_BLEND), .part = 1},
                                            {.model = slice_str(MODEL_SEQUENCE), .d = 17}};
        rig_start(&fixture.rig, &scorer_worker, 0, settings[i]);
        for (size_t k = 0; k < ARRAY_COUNT(bad); k++) {
            buf_clear(&fixture.out);
            assert_int_equal(codec_encode(parts, &bad[k], &fixture.out), 0);
            memlog_append(fixture.rig.log, "models", 0, bad[k].model, buf_slice(&fixture.out), 0);
        }
        act_all(&fixture, 1, 1);
        assert_int_equal(memlog_count(fixture.rig.log, "dead-letters", MEMLOG_ALL), i);
        codec_free(parts);
        fixture_release(&fixture);
    }
}

/* Puts an item into the catalogue whose vector points to a place on a circle. */
static void put_on_circle(struct fixture *fixture, struct codec *items, const char *id,
                          double place)
{
    double angle = place * 2.0 * M_PI / ITEMS;
    float numbers[] = {(float)cos(angle), (float)sin(angle)};
    struct item item;
    codec_defaults(items, &item);
    item.item_id = slice_str(id);
    item.vector = (struct floats){numbers, ARRAY_COUNT(numbers)};
    buf_clear(&fixture->out);
    assert_int_equal(codec_encode(items, &item, &fixture->out), 0);
    memlog_append(fixture->rig.log, "items", PARTITION_BY_KEY, item.item_id,
                  buf_slice(&fixture->out), 0);
}

/* Returns an item's place on a user's newest list, from 0; -1: it is not there. */
static int place_of(struct fixture *fixture, const char *user, const char *id, bool *ret_alike)
{
    struct recommendation_list list = newest_list(fixture, user);
    for (size_t k = 0; k < list.items.count; k++) {
        if (!slice_equal(list.items.at[k], slice_str(id))) { continue; }
        *ret_alike = list.reasons.at[k] == REASON_TAGS && list.because.at[k].size > 0;
        return (int)k;
    }
    return -1;
}

/* Items that users take one after the other have vectors side by side: content takes the lead, and
 * a new item is on the list of the user whose newest item it is like, before anybody has acted on
 * it, within a second of its catalogue record. When it is gone, it is off the list. */
static void test_a_new_item_is_listed_by_its_vector(void **state)
{
    static const char *const embed_settings[] = {"model.path=tests/golden/sentences", NULL};
    enum { SECOND_ROUNDS = 1000 / ROUND_MS };
    struct fixture fixture;
    bool alike = false;
    char id[16], user[16];
    fixture_init(&fixture);
    struct codec *items = codec_new(&item_contract, fixture.schemas);
    for (int i = 0; i < ITEMS; i++) {
        (void)snprintf(id, sizeof(id), "i%02d", i);
        put_on_circle(&fixture, items, id, (double)(i * STEP % ITEMS)); /* 5 x 5 = 1 */
    }
    rig_start(&fixture.rig, &embed_worker, 0, embed_settings);
    rig_start(&fixture.rig, &scorer_worker, 0, content_only);
    step_rig(&fixture, 100);
    act_all(&fixture, 1, LAST);
    int newest = item_of(7, LAST - 1);
    (void)snprintf(user, sizeof(user), "u7");
    struct recommendation_list list = newest_list(&fixture, user);
    assert_false(slice_equal(list.made_by, slice_str("counting")));
    check_offsets(&fixture, "content-vectors", &list.content_offsets);
    assert_int_equal(list.vector_offsets.count, 0);
    assert_int_equal(place_of(&fixture, user, "new", &alike), -1);
    put_on_circle(&fixture, items, "new", (double)(newest * STEP % ITEMS) + 0.5);
    step_rig(&fixture, SECOND_ROUNDS);
    int place = place_of(&fixture, user, "new", &alike);
    assert_true(place >= 0 && place < 3 && alike);
    memlog_append(fixture.rig.log, "items", PARTITION_BY_KEY, slice_str("new"),
                  (struct slice){0}, 0);
    step_rig(&fixture, SECOND_ROUNDS);
    assert_int_equal(place_of(&fixture, user, "new", &alike), -1);
    assert_int_equal(memlog_count(fixture.rig.log, "dead-letters", MEMLOG_ALL), 0);
    codec_free(items);
    fixture_release(&fixture);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_the_sequence_model_takes_the_lead),
        cmocka_unit_test(test_the_mixture_survives_a_restart),
        cmocka_unit_test(test_weights_in_use_are_on_models),
        cmocka_unit_test(test_counting_leads_unchanged),
        cmocka_unit_test(test_bad_records),
        cmocka_unit_test(test_content_alone_reads_the_mixture),
        cmocka_unit_test(test_a_new_item_is_listed_by_its_vector),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
