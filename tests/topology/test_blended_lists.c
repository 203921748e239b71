/* Trainer and scorer together on the in-process log: from histories to lists that the generation
 * makes, and what the quality topic says of them. */
#include "base/base.h"
#include "schemas/list_quality.h"
#include "schemas/model_weights.h"
#include "schemas/user_history.h"
#include "scorer/scorer.h"
#include "trainer/sequence/sequence.h"
#include "tests/topology/rig.h"

#include <setjmp.h>
#include <cmocka.h>

/* Everybody steps through the catalogue by fives: certain to a Transformer, and unknown to
 * counting, whose table is empty here. */
enum { USERS = 90, ITEMS = 24, STEP = 5, PARTITIONS = 3, FIRST = 8, LAST = 16, ROUNDS = 3000 };

static const char *const quick[] = {
    "train.threads=0",     "train.d=16",        "train.blocks=1",      "train.length=12",
    "train.dropout=0.1",   "train.batch=8",     "train.epochs.max=8",  "train.patience=8",
    "train.actions.min=300", "train.rate=0.003", "train.season.growth=9", NULL,
};
static const char *const short_lists[] = {"list.length=10", NULL};
static const char *const alone[] = {"list.length=10", "vectors.used=false", NULL};

struct scene {
    struct rig rig;
    struct schema_cache *schemas;
    struct codec *histories, *lists, *quality;
    struct arena *arena;
    struct buf out;
    int64_t offset; /* in `events`, which is not there */
    int64_t offsets[USERS][LAST];
};

static void scene_init(struct scene *scene)
{
    *scene = (struct scene){.schemas = schema_cache_new(), .arena = arena_new(1 << 16)};
    rig_init(&scene->rig, PARTITIONS);
    scene->histories = codec_new(&user_history_contract, scene->schemas);
    scene->lists = codec_new(&recommendation_list_contract, scene->schemas);
    scene->quality = codec_new(&list_quality_contract, scene->schemas);
    buf_init(&scene->out, 1 << 20);
}

static void scene_release(struct scene *scene)
{
    rig_release(&scene->rig);
    codec_free(scene->histories);
    codec_free(scene->lists);
    codec_free(scene->quality);
    schema_cache_free(scene->schemas);
    arena_free(scene->arena);
    buf_release(&scene->out);
}

static int item_of(int user, size_t step)
{
    return (user + (int)step * STEP) % ITEMS;
}

/* A user's history up to a step, the newest action just now. */
static void act(struct scene *scene, int user, size_t steps)
{
    char id[16], names[LAST][16];
    struct slice items[LAST];
    float weights[LAST];
    int64_t times[LAST] = {0};
    int32_t actions[LAST] = {0};
    (void)snprintf(id, sizeof(id), "u%d", user);
    scene->offsets[user][steps - 1] = scene->offset;
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
        .offsets = {scene->offsets[user], steps},
        .events_total = (int64_t)steps,
        .input_offset = scene->offset++,
    };
    buf_clear(&scene->out);
    assert_int_equal(codec_encode(scene->histories, &hist, &scene->out), 0);
    memlog_append(scene->rig.log, "histories", PARTITION_BY_KEY, hist.user_id,
                  buf_slice(&scene->out), 0);
}

static double metric_of(const struct copy *copy, const char *name)
{
    return metric_value(metrics_gauge(copy->metrics, name, "", ""));
}

static void rounds(struct scene *scene, int count)
{
    for (int i = 0; i < count; i++) { rig_round(&scene->rig, false); }
}

/* Everybody acts once more, and is given a list before the next time. */
static void live(struct scene *scene, size_t from, size_t to)
{
    for (size_t step = from; step <= to; step++) {
        for (int user = 0; user < USERS; user++) { act(scene, user, step); }
        rounds(scene, 40);
    }
}

static void wait_for_generation(struct scene *scene, struct copy *scorer)
{
    for (int i = 0; i < ROUNDS && metric_of(scorer, "freshet_vector_rows") < ITEMS; i++) {
        rounds(scene, 1);
    }
    assert_int_equal(metric_of(scorer, "freshet_vector_rows"), ITEMS);
    rounds(scene, 100);
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

static struct sums quality_of(struct scene *scene)
{
    struct sums sums = {0};
    struct list_quality range;
    struct fold *fold = rig_fold(&scene->rig, "quality");
    for (size_t i = 0; i < fold->count; i++) {
        arena_reset(scene->arena);
        assert_int_equal(codec_decode(scene->quality, fold->at[i].value, scene->arena, &range,
                                      NULL), 0);
        add_range(&sums, &range);
    }
    free(fold);
    return sums;
}

/* Judges each published list by the walk: what came next is known. */
static struct sums judged_offline(struct scene *scene)
{
    struct sums sums = {0};
    struct recommendation_list list;
    struct record rec;
    for (int32_t p = 0; p < PARTITIONS; p++) {
        for (int64_t at = 0; memlog_read(scene->rig.log, "recommendations", p, at, &rec) == 0;
             at = rec.offset + 1) {
            arena_reset(scene->arena);
            assert_int_equal(codec_decode(scene->lists, rec.value, scene->arena, &list, NULL), 0);
            sums.lists++;
            sums.places += (int64_t)list.items.count;
            int user = (int)strtol(list.user_id.data + 1, NULL, 10);
            size_t steps = 0;
            while (steps < LAST && scene->offsets[user][steps] <= list.input_offset) { steps++; }
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

static struct recommendation_list newest_list(struct scene *scene, const char *user)
{
    struct recommendation_list list = {0};
    struct fold *fold = rig_fold(&scene->rig, "recommendations");
    for (size_t i = 0; i < fold->count; i++) {
        if (!slice_equal(fold->at[i].key, slice_str(user))) { continue; }
        arena_reset(scene->arena);
        assert_int_equal(codec_decode(scene->lists, fold->at[i].value, scene->arena, &list, NULL),
                         0);
    }
    free(fold);
    return list;
}

static void test_the_generation_takes_the_lead(void **state)
{
    struct scene scene;
    scene_init(&scene);
    live(&scene, 1, FIRST);
    struct copy *trainer = rig_start(&scene.rig, &sequence_worker, 0, quick);
    struct copy *scorer = rig_start(&scene.rig, &scorer_worker, 0, short_lists);
    wait_for_generation(&scene, scorer);
    struct recommendation_list list = newest_list(&scene, "u7");
    assert_true(slice_equal(list.made_by, slice_str("counting")));
    live(&scene, FIRST + 1, LAST);
    list = newest_list(&scene, "u7");
    assert_false(slice_equal(list.made_by, slice_str("counting")));
    assert_true(list.vectors.size > 0);
    char want[16];
    (void)snprintf(want, sizeof(want), "i%02d", item_of(7, LAST));
    assert_true(list.items.count > 0 && slice_equal(list.items.at[0], slice_str(want)));
    struct sums quality = quality_of(&scene), offline = judged_offline(&scene);
    assert_int_equal(quality.judged, offline.judged);
    assert_int_equal(quality.hits, offline.hits);
    assert_int_equal(quality.lists, offline.lists);
    assert_int_equal(quality.places, offline.places);
    assert_true(fabs(quality.ndcg - offline.ndcg) < 1e-9 * offline.ndcg);
    assert_int_equal(quality.judged_by, quality.judged);
    assert_int_equal(quality.hits_by, quality.hits);
    assert_true(quality.counted > 0 && quality.counted < quality.judged);
    assert_true(quality.hits > 0);
    assert_int_equal(memlog_count(scene.rig.log, "dead-letters", MEMLOG_ALL), 0);
    (void)trainer;
    scene_release(&scene);
}

/* What was learned outlives the scorer: the next one's first list is made by the same model. */
static void test_the_blend_is_kept(void **state)
{
    struct scene scene;
    scene_init(&scene);
    live(&scene, 1, FIRST);
    rig_start(&scene.rig, &sequence_worker, 0, quick);
    struct copy *scorer = rig_start(&scene.rig, &scorer_worker, 0, short_lists);
    wait_for_generation(&scene, scorer);
    live(&scene, FIRST + 1, LAST - 1);
    rig_kill(&scene.rig, scorer);
    memlog_expire_member(scene.rig.log, "freshet-scorer", "freshet-scorer-0");
    rig_empty(scorer);
    assert_true(rig_launch(&scene.rig, scorer));
    live(&scene, LAST, LAST);
    struct recommendation_list list = newest_list(&scene, "u11");
    assert_false(slice_equal(list.made_by, slice_str("counting")));
    scene_release(&scene);
}

/* Lists are the same to the bit whether there is a trainer or not, while counting has the lead. */
static void test_counting_alone_is_as_before(void **state)
{
    char *told[2];
    for (int i = 0; i < 2; i++) {
        struct scene scene;
        scene_init(&scene);
        if (i) { rig_start(&scene.rig, &sequence_worker, 0, quick); }
        rig_start(&scene.rig, &scorer_worker, 0, i ? short_lists : alone);
        live(&scene, 1, 4);
        struct buf text;
        buf_init(&text, 1 << 20);
        for (int user = 0; user < USERS; user++) {
            char id[16];
            (void)snprintf(id, sizeof(id), "u%d", user);
            struct recommendation_list list = newest_list(&scene, id);
            for (size_t k = 0; k < list.items.count; k++) {
                buf_printf(&text, "%.*s:%a ", SLICE_ARGS(list.items.at[k]),
                           (double)list.scores.at[k]);
            }
            buf_printf(&text, "\n");
        }
        told[i] = xprintf("%.*s", SLICE_ARGS(buf_slice(&text)));
        buf_release(&text);
        scene_release(&scene);
    }
    assert_string_equal(told[0], told[1]);
    free(told[0]);
    free(told[1]);
}

/* Rows and parts that are none: refused with a reason, and lists go on. */
static void test_bad_records(void **state)
{
    struct scene scene;
    scene_init(&scene);
    struct rig *rig = &scene.rig;
    rig_start(rig, &scorer_worker, 0, short_lists);
    struct codec *rows = codec_new(&item_vector_contract, scene.schemas);
    struct codec *parts = codec_new(&model_weights_contract, scene.schemas);
    const struct item_vector row = {.item_id = slice_str("i"), .generation = slice_str("g"),
                                    .row = -1, .bytes = slice_of("0123456789012345", 16)};
    const struct model_weights part = {.model = slice_str(MODEL_SEQUENCE),
                                       .generation = slice_str("g"), .items = 7, .d = 17};
    const struct model_weights blend = {.model = slice_str(MODEL_BLEND), .part = 1};
    buf_clear(&scene.out);
    assert_int_equal(codec_encode(rows, &row, &scene.out), 0);
    memlog_append(rig->log, "item-vectors", 0, slice_str("0/i"), buf_slice(&scene.out), 0);
    buf_clear(&scene.out);
    assert_int_equal(codec_encode(parts, &part, &scene.out), 0);
    memlog_append(rig->log, "models", 0, slice_str("sequence/0/0"), buf_slice(&scene.out), 0);
    buf_clear(&scene.out);
    assert_int_equal(codec_encode(parts, &blend, &scene.out), 0);
    memlog_append(rig->log, "models", 0, slice_str("blend/1"), buf_slice(&scene.out), 0);
    live(&scene, 1, 2);
    assert_int_equal(memlog_count(rig->log, "dead-letters", MEMLOG_ALL), 3);
    assert_true(memlog_count(rig->log, "recommendations", MEMLOG_ALL) >= USERS);
    codec_free(rows);
    codec_free(parts);
    scene_release(&scene);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_the_generation_takes_the_lead),
        cmocka_unit_test(test_the_blend_is_kept),
        cmocka_unit_test(test_counting_alone_is_as_before),
        cmocka_unit_test(test_bad_records),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
