/* Admission: which items have a slot under items.max.
 *
 * Anybody whose actions are counted can make item ids up, so slots are given by rank, not by who
 * came first:
 *
 *   - Items of the catalogue have items.max slots that no other item takes.
 *   - Other items have as many. An item gets one when its row counts items.admit.actions actions.
 *     When none is free, a row takes the slot of a row with less than half of its actions, found
 *     among a few chosen by a counter: the same messages in the same order give the same slots.
 *
 * An item keeps its number for life (model/ids.h); one that lost its slot is retired: it is barred,
 * and its row is dropped. Numbers are three times items.max; when they are used up, no slot changes
 * its owner until a restart. One thread.
 */
#ifndef FRESHET_SCORER_LISTS_ADMISSION_H
#define FRESHET_SCORER_LISTS_ADMISSION_H

#include "model/ids.h"

/* Why an item should have a slot: its actions, as the row of an item counts them. */
struct claim {
    double actions;
    int64_t epoch; /* of the row: with decay, actions count twice those of the epoch before */
    bool row;      /* it is the item's own row, and may take the slot of another one */
};

/* What is known of a number. */
struct admitted {
    double strength; /* log2 of its row's actions, on one scale for all epochs */
    bool present;    /* it has a row */
    bool listed;     /* it was in the catalogue */
    bool retired;    /* it has no slot */
};

struct admission {
    struct ids *ids;
    int32_t items_max;
    double actions_min;
    struct admitted *at; /* by number */
    size_t capacity;
    int32_t listed, others; /* that have slots */
    uint64_t turn;
};

/* Returns how many numbers there are at most. */
int32_t admission_numbers(int64_t items_max);
/* Prepares it, with ids of its own. */
void admission_init(struct admission *admission, int64_t items_max, double actions_min);
void admission_release(struct admission *admission);
/* Finds or gives the slot of an item of the catalogue; ID_NONE: there are too many. */
int32_t admission_list(struct admission *admission, struct slice id);
/* Finds or gives the slot of an item; ID_NONE: it has none. The item whose slot was taken for it is
 * in *ret_retired; ID_NONE: none was. */
int32_t admission_admit(struct admission *admission, struct slice id, const struct claim *claim,
                        int32_t *ret_retired);
/* Finds or gives a number, with a slot or without one; ID_NONE: all are used up. */
int32_t admission_number(struct admission *admission, struct slice id);
/* Takes an item's row; its removal. */
void admission_put_row(struct admission *admission, int32_t item, const struct claim *claim);
void admission_remove_row(struct admission *admission, int32_t item);
/* Says whether an item lost its slot, or never had one. */
bool admission_retired(const struct admission *admission, int32_t item);
/* Counts the items that have slots. */
int32_t admission_count(const struct admission *admission);

#endif
