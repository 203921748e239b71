/* Barred items are taken off all lists at once, whatever else there is to do; the places are filled
 * when the lists are made again (remake.c).
 *
 * A poll may hold thousands of histories, which take a second or more. So items are taken off
 * between these, too, and afterwards for as long as the poll took: half of the time at least. */
#include "base/base.h"
#include "scorer/lists/placement_columns.h"
#include "scorer/scorer_internal.h"

enum { STRIP_PIECE_US = 5000, OWED_US_MAX = 500000 };

/* Reads a record's list; both live in an arena of their own until the next one is read: the task's
 * may be that of a poll with many records, and these are many lists. */
static bool read_alone(struct task *task, const struct standing *one, struct slice *ret_user_id,
                       struct recommendation_list *ret_list)
{
    struct scorer *scorer = run_state(task_run(task));
    arena_reset(scorer->arena);
    *ret_user_id = arena_copy(scorer->arena, standing_id(one));
    return scorer_read_list(task, *ret_user_id, scorer->arena, ret_list);
}

static void strip(struct task *task, size_t at)
{
    struct scorer *scorer = run_state(task_run(task));
    struct partition_state *state = task_state(task);
    struct standing *one = &state->standing.at[at];
    struct recommendation_list list;
    struct slice user_id;
    if (!read_alone(task, one, &user_id, &list)) {
        standing_lists_drop(&state->standing, user_id);
        return;
    }
    scorer_keep_first(task, user_id, &list);
    lists_take_off_barred(&scorer->tables, &list);
    placement_columns_strip(&scorer->tables, &list);
    list.cause = CAUSE_BARRED;
    list.received_ms = 0;
    list.as_of_ms = run_wall_ms(task_run(task));
    list.item_offsets = table_offsets_longs(&scorer->item_offsets);
    list.provisional = true; /* until its places are filled */
    list_ids_set(&scorer->list_ids, &list);
    scorer_put_list(task, user_id, scorer_encode_list(scorer, &list));
    uint8_t flags = (uint8_t)(one->flags & (STANDING_ORPHAN | STANDING_LOST | STANDING_UNSURE |
                                            STANDING_FOUND | STANDING_GONE));
    scorer_record_stored(task, user_id, &list, flags | STANDING_URGENT | STANDING_STRIPPED);
    metric_add(scorer->remade[CAUSE_BARRED], 1);
}

/* Takes items off lists for so long, or until there is nothing left to do. */
static void strip_for(struct task *task, int64_t us)
{
    struct scorer *scorer = run_state(task_run(task));
    struct partition_state *state = task_state(task);
    struct run *run = task_run(task);
    uint64_t barred = scorer->tables.catalogue.barred;
    int64_t until_us = run_work_us(run) + us;
    do {
        /* A list may bring items that had no number, and so move the flags. */
        const struct item_flags flags = catalogue_flags(&scorer->tables.catalogue);
        int32_t at = standing_lists_next_barred(&state->standing, &flags, barred);
        if (at != HASH_INDEX_NONE) { strip(task, (size_t)at); }
        if (at == HASH_INDEX_NONE && state->standing.barred_passed) { return; }
    } while (run_work_us(run) < until_us);
}

void barred_items_in_poll(struct task *task)
{
    if (barred_items_left(task)) { strip_for(task, STRIP_PIECE_US); }
}

void barred_items_polled(struct task *task, int64_t us)
{
    struct scorer *scorer = run_state(task_run(task));
    bool due = scorer->spare[SPARE_BARRED] || barred_items_left(task);
    scorer->owed_us = due ? MIN_OF(scorer->owed_us + us, (int64_t)OWED_US_MAX) : 0;
}

void barred_items_step(struct task *task)
{
    struct scorer *scorer = run_state(task_run(task));
    struct run *run = task_run(task);
    int64_t share_us = scorer->owed_us / (int64_t)MAX_OF(scorer->spare[SPARE_BARRED], (size_t)1);
    int64_t begun_us = run_work_us(run);
    strip_for(task, MAX_OF(share_us, (int64_t)STRIP_PIECE_US));
    scorer->owed_us = MAX_OF(scorer->owed_us - (run_work_us(run) - begun_us), (int64_t)0);
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
        struct slice user_id;
        if (!one->id || !(one->flags & STANDING_STRIPPED)) { continue; }
        if (!read_alone(task, one, &user_id, &list)) { continue; }
        scorer_record_stored(task, user_id, &list, (uint8_t)(one->flags & ~STANDING_STRIPPED));
    }
    standing_lists_doubt_barred(standing);
}
