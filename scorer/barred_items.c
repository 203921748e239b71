/* Barred items are taken off all lists at once, whatever else there is to do; the places are filled
 * when the lists are made again (remake.c). */
#include "base/base.h"
#include "scorer/lists/placement_columns.h"
#include "scorer/scorer_internal.h"

enum { STRIP_PIECE_US = 5000, STRIP_PIECE_LISTS = 256 };

static void strip(struct task *task, size_t at)
{
    struct scorer *scorer = run_state(task_run(task));
    struct partition_state *state = task_state(task);
    struct standing *one = &state->standing.at[at];
    struct recommendation_list list;
    struct slice user_id = arena_copy(task_arena(task), standing_id(one));
    if (!scorer_read_list(task, user_id, &list)) {
        standing_lists_drop(&state->standing, user_id);
        return;
    }
    scorer_keep_first(task, user_id, &list);
    lists_take_off_barred(&scorer->tables, &list);
    placement_columns_strip(&scorer->tables, &list);
    list.cause = CAUSE_BARRED;
    list.received_ms = 0;
    list.as_of_ms = run_wall_ms(task_run(task));
    scorer_put_list(task, user_id, scorer_encode_list(scorer, &list));
    uint8_t flags = (uint8_t)(one->flags & (STANDING_ORPHAN | STANDING_LOST | STANDING_UNSURE));
    scorer_record_stored(task, user_id, &list, flags | STANDING_URGENT | STANDING_STRIPPED);
    metric_add(scorer->remade[CAUSE_BARRED], 1);
}

void barred_items_step(struct task *task)
{
    struct scorer *scorer = run_state(task_run(task));
    struct partition_state *state = task_state(task);
    struct run *run = task_run(task);
    const struct item_flags flags = catalogue_flags(&scorer->tables.catalogue);
    uint64_t barred = scorer->tables.catalogue.barred;
    int64_t until_us = run_work_us(run) + STRIP_PIECE_US;
    for (int lists = 0; lists < STRIP_PIECE_LISTS; lists++) {
        int32_t at = standing_lists_next_barred(&state->standing, &flags, barred);
        if (at != HASH_INDEX_NONE) { strip(task, (size_t)at); }
        if (at == HASH_INDEX_NONE && state->standing.barred_passed) { return; }
        if (run_work_us(run) >= until_us) { return; }
    }
}

bool barred_items_left(struct task *task)
{
    const struct scorer *scorer = run_state(task_run(task));
    const struct partition_state *state = task_state(task);
    return standing_lists_check_barred(&state->standing, scorer->tables.catalogue.barred);
}

/* Items that were taken off lists are on them again, in the store and perhaps in the topic. */
void barred_items_roll_back(struct task *task)
{
    struct partition_state *state = task_state(task);
    struct standing_lists *standing = &state->standing;
    for (size_t i = 0; i < standing->count; i++) {
        const struct standing *one = &standing->at[i];
        struct recommendation_list list;
        if (!one->id || !(one->flags & STANDING_STRIPPED)) { continue; }
        struct slice user_id = arena_copy(task_arena(task), standing_id(one));
        if (!scorer_read_list(task, user_id, &list)) { continue; }
        scorer_record_stored(task, user_id, &list, (uint8_t)(one->flags & ~STANDING_STRIPPED));
    }
    standing_lists_doubt_barred(standing);
}
