/* Recomputed lists: what each user's list is by the topics alone.
 *
 * Tables are made of the newest rows and catalogue entries, in the order of their keys; each list
 * of the newest history. Nothing of a running scorer is used but its settings. A list is equal when
 * items, reasons and `because` are; scores and evidence may differ by DRIFT.
 */
#ifndef FRESHET_TESTS_TOPOLOGY_RECOMPUTED_H
#define FRESHET_TESTS_TOPOLOGY_RECOMPUTED_H

#include "scorer/lists/lists.h"
#include "tests/topology/answers.h"

#define RECOMPUTED_DRIFT 0.011F

struct recomputed {
    size_t lists, differing, empty, histories;
};

static inline void recomputed_tables(struct answers *answers, struct tables *tables)
{
    struct fold *rows = rig_fold(answers->rig, "serving-rows");
    struct fold *items = rig_fold(answers->rig, "items");
    struct codec *item_codec = codec_new(&item_contract, answers->schemas);
    struct serving_row row;
    struct item item;
    for (size_t i = 0; i < rows->count; i++) {
        if (!answers_is_entry(&rows->at[i])) { continue; }
        answers_decode(answers, answers->serving, rows->at[i].value, &row);
        assert(!tables_put_row(tables, &row));
    }
    for (size_t i = 0; i < items->count; i++) {
        if (!items->at[i].value.data) {
            tables_remove_item(tables, items->at[i].key);
            continue;
        }
        answers_decode(answers, item_codec, items->at[i].value, &item);
        tables_put_item(tables, &item);
    }
    codec_free(item_codec);
    free(rows);
    free(items);
}

static inline bool recomputed_near(float a, float b)
{
    return fabsf(a - b) <= RECOMPUTED_DRIFT * MAX_OF(fabsf(a), fabsf(b));
}

static inline bool recomputed_same(const struct recommendation_list *a,
                                   const struct recommendation_list *b)
{
    if (a->items.count != b->items.count || a->input_offset != b->input_offset) { return false; }
    for (size_t k = 0; k < a->items.count; k++) {
        if (!slice_equal(a->items.at[k], b->items.at[k]) ||
            !slice_equal(a->because.at[k], b->because.at[k]) ||
            a->reasons.at[k] != b->reasons.at[k] ||
            !recomputed_near(a->scores.at[k], b->scores.at[k]) ||
            !recomputed_near(a->evidence.at[k], b->evidence.at[k])) {
            return false;
        }
    }
    return true;
}

static inline struct slice recomputed_find(const struct fold *fold, struct slice key)
{
    for (size_t i = 0; i < fold->count; i++) {
        if (slice_equal(fold->at[i].key, key)) { return fold->at[i].value; }
    }
    return slice_of(NULL, 0);
}

/* Counts the lists of users of whom nothing is known: no history gives them. */
static inline size_t recomputed_foreign(const struct fold *standing, const struct fold *histories)
{
    size_t foreign = 0;
    for (size_t i = 0; i < standing->count; i++) {
        bool known = false;
        for (size_t k = 0; k < histories->count && !known; k++) {
            known = slice_equal(histories->at[k].key, standing->at[i].key);
        }
        foreign += standing->at[i].value.data && !known;
    }
    return foreign;
}

/* Compares all standing lists of a topic with those that the settings give. */
static inline struct recomputed recomputed_lists(const struct rig *rig, const char *topic,
                                                 const struct list_settings *settings)
{
    struct recomputed result = {0};
    struct answers answers;
    struct tables tables;
    answers_init(&answers, rig);
    tables_init(&tables, settings);
    tables_set_clock(&tables, rig->wall_ms);
    recomputed_tables(&answers, &tables);
    struct codec *codec = codec_new(&user_history_contract, answers.schemas);
    struct lists *lists = lists_new(settings, &tables, NULL, NULL, "");
    struct fold *histories = rig_fold(rig, "histories"), *standing = rig_fold(rig, topic);
    struct arena *arena = arena_new(1 << 16);
    for (size_t i = 0; i < histories->count; i++) {
        struct user_history hist;
        struct recommendation_list want, list = {0};
        struct codec_error error;
        struct slice value = recomputed_find(standing, histories->at[i].key);
        result.lists += value.data != NULL;
        if (!histories->at[i].value.data) {
            result.differing += value.data != NULL;
            continue;
        }
        result.histories++;
        answers_decode(&answers, codec, histories->at[i].value, &hist);
        lists_make(lists, &hist, &want);
        arena_reset(arena);
        if (value.data) {
            assert(codec_decode(answers.lists, value, arena, &list, &error) == 0);
        }
        result.empty += !list.items.count;
        result.differing += !value.data || !recomputed_same(&list, &want);
    }
    result.differing += recomputed_foreign(standing, histories);
    arena_free(arena);
    lists_free(lists);
    codec_free(codec);
    free(histories);
    free(standing);
    tables_release(&tables);
    answers_release(&answers);
    return result;
}

#endif
