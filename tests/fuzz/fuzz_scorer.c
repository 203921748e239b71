/* The scorer's reading of its topics, record after record, without a broker. The first byte picks
 * the measure of similarity. Each record is a byte that picks the kind, then a piece:
 *   row, item, history, step of a generation, the tombstone of a row, of an item, or a record of a
 *   trial
 * After any records, a valid history gets a list that can be sent. */
#include "base/base.h"
#include "model/rate_difference.h"
#include "schemas/trials.h"
#include "scorer/list_outcome.h"
#include "scorer/lists/lists.h"
#include "scorer/scorer_settings.h"
#include "tests/fuzz/crumbs.h"

enum { KIND_ROW, KIND_ITEM, KIND_HISTORY, KIND_STEP, KIND_NO_ROW, KIND_NO_ITEM, KIND_TRIAL,
       KINDS };

enum { RECORDS_MAX = 64, LIST_BYTES_MAX = 1 << 20 };

static const char *const measures[] = {"similarity.measure=cosine", "similarity.measure=jaccard",
                                       "similarity.measure=llr"};

/* Made once: codecs keep nothing of what they read. */
struct scratch {
    struct scorer_settings settings;
    struct options *options;
    struct schema_cache *schemas;
    struct codec *rows, *items, *histories, *steps, *trials, *lists;
    struct arena *arena;
    struct buf out;
};

/* The state that records change. */
struct shop {
    struct tables tables;
    struct lists *lists;
    struct generations generations;
    struct trials trials;
    struct list_quality range;
};

static struct scratch *scratch_get(size_t measure)
{
    static struct scratch scratches[ARRAY_COUNT(measures)];
    struct scratch *scratch = &scratches[measure];
    if (scratch->schemas) { return scratch; }
    const char *const pairs[] = {"items.max=300", "list.length=30", "neighbours.used=40",
                                 measures[measure]};
    const struct option_group group = {"scorer", scorer_options, SCORER_OPTIONS_COUNT,
                                       &scratch->settings};
    int rc = options_fill(&group, 1, pairs, ARRAY_COUNT(pairs), stderr, &scratch->options);
    assert(rc == 0);
    scratch->schemas = schema_cache_new();
    scratch->rows = codec_new(&serving_row_contract, scratch->schemas);
    scratch->items = codec_new(&item_contract, scratch->schemas);
    scratch->histories = codec_new(&user_history_contract, scratch->schemas);
    scratch->steps = codec_new(&generation_step_contract, scratch->schemas);
    scratch->trials = codec_new(&trial_record_contract, scratch->schemas);
    scratch->lists = codec_new(&recommendation_list_contract, scratch->schemas);
    scratch->arena = arena_new(1 << 16);
    buf_init(&scratch->out, LIST_BYTES_MAX);
    return scratch;
}

static bool read(struct scratch *scratch, struct codec *codec, struct slice message,
                 void *ret_object)
{
    struct codec_error error = {0};
    arena_reset(scratch->arena);
    if (codec_decode(codec, message, scratch->arena, ret_object, &error) == 0) { return true; }
    assert(error.reason);
    return false;
}

static void take_history(struct scratch *scratch, struct shop *shop,
                         const struct user_history *history)
{
    struct recommendation_list list;
    int rank = 0;
    if (history_fault(history)) { return; }
    lists_make(shop->lists, history, &list);
    buf_clear(&scratch->out);
    int rc = codec_encode(scratch->lists, &list, &scratch->out);
    assert(rc == 0);
    for (size_t i = 0; i < list.items.count; i++) { assert(isfinite(list.scores.at[i])); }
    list.input_offset -= list.input_offset > INT64_MIN + 2 ? 2 : 0;
    enum list_outcome judgement = list_outcome_of(&list, history, shop->range.model, &rank);
    assert(judgement != OUTCOME_HIT || (rank >= 1 && rank <= OUTCOME_RANKS));
    list_outcome_count(&shop->range, judgement, rank, history);
}

/* Whatever was counted, the figures can be told. */
static void compare_arms(const struct shop *shop)
{
    struct trial_totals totals[TRIAL_ARMS];
    struct rate_sums sums[TRIAL_ARMS];
    struct rate_difference found;
    for (int arm = 0; arm < TRIAL_ARMS; arm++) {
        trials_sum(&shop->trials, arm, &totals[arm]);
        sums[arm] =
            (struct rate_sums){totals[arm].judged, trials_gains(&shop->trials, &totals[arm])};
    }
    rate_difference_find(TRIAL_BUCKETS, &sums[TRIAL_ARM_LIVE], &sums[TRIAL_ARM_TRIAL], &found);
    assert(isfinite(found.part) && isfinite(found.lower) && isfinite(found.upper));
    assert(trials_user(&shop->trials, slice_str("u")).bucket < TRIAL_BUCKETS);
}

static void take_message(struct scratch *scratch, struct shop *shop, int kind, struct slice body)
{
    static const struct contract *const of[] = {
        [KIND_ROW] = &serving_row_contract,
        [KIND_ITEM] = &item_contract,
        [KIND_HISTORY] = &user_history_contract,
        [KIND_STEP] = &generation_step_contract,
        [KIND_TRIAL] = &trial_record_contract,
    };
    struct slice message = crumbs_framed(of[kind], body);
    struct serving_row row;
    struct item item;
    struct user_history history;
    struct generation_step step;
    struct trial_record record;
    if (kind == KIND_ROW && read(scratch, scratch->rows, message, &row)) {
        (void)tables_put_row(&shop->tables, &row);
    } else if (kind == KIND_ITEM && read(scratch, scratch->items, message, &item)) {
        tables_put_item(&shop->tables, &item);
    } else if (kind == KIND_HISTORY && read(scratch, scratch->histories, message, &history)) {
        take_history(scratch, shop, &history);
    } else if (kind == KIND_STEP && read(scratch, scratch->steps, message, &step)) {
        (void)generations_apply(&shop->generations, &step);
        (void)generations_role(&shop->generations, "", step.partition);
        (void)generations_role(&shop->generations, "g2", step.partition);
    } else if (kind == KIND_TRIAL && read(scratch, scratch->trials, message, &record)) {
        (void)trials_apply(&shop->trials, &record);
        compare_arms(shop);
    }
    free((void *)message.data);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    struct crumbs crumbs = {data, size};
    struct scratch *scratch = scratch_get(crumbs_byte(&crumbs) % ARRAY_COUNT(measures));
    struct shop shop = {0};
    tables_init(&shop.tables, &scratch->settings.lists);
    shop.lists = lists_new(&scratch->settings.lists, &shop.tables, NULL, NULL, "g7");
    generations_init(&shop.generations);
    trials_init(&shop.trials, 3);
    list_outcome_begin(&shop.range, slice_str(scratch->settings.lists.model_name), 0, 0);
    for (int i = 0; i < RECORDS_MAX && crumbs.left; i++) {
        int kind = crumbs_byte(&crumbs) % KINDS;
        struct slice piece = crumbs_piece(&crumbs);
        if (kind == KIND_NO_ROW) {
            tables_remove_row(&shop.tables, piece);
        } else if (kind == KIND_NO_ITEM) {
            tables_remove_item(&shop.tables, piece);
        } else {
            take_message(scratch, &shop, kind, piece);
        }
    }
    generations_release(&shop.generations);
    trials_release(&shop.trials);
    lists_free(shop.lists);
    tables_release(&shop.tables);
    return 0;
}
