/* Transitions: directed, distance-weighted counts of which item follows which, updated by each
 * action.
 *
 *   C[j][i] = sum over users and pairs of positions at most `window` apart, one holding j, the
 *             other i: d^-a where i comes d places after j, b d^-a where it comes d places before
 *   v[j][i] = (C^2 / (C + shrink))^power, stored with C so that a reader computes no powers
 *   n[i]    = actions on i
 *
 * A row is the list of one item's v, in the order in which the pairs first occurred, with a hash
 * index. transitions_reweigh() changes shrink and power at any time; window, a and b cannot change.
 * The table grows with the pairs seen: at most items_max rows of items_max cells. One thread.
 */
#ifndef FRESHET_EVALUATE_MODELS_TRANSITIONS_H
#define FRESHET_EVALUATE_MODELS_TRANSITIONS_H

#include "base/base.h"

enum { TRANSITIONS_WINDOW_MAX = 256 };

struct transitions_settings {
    int32_t window;
    double distance_power;  /* a */
    double backward_weight; /* b */
    double shrink;
    double power;
};

struct transition {
    int32_t item;
    float v;
};

struct transitions;

/* Makes an empty table for items 0 .. items_max - 1; free with transitions_free(). */
struct transitions *transitions_new(int32_t items_max, const struct transitions_settings *settings);
/* Frees the table; takes NULL; returns NULL. */
struct transitions *transitions_free(struct transitions *transitions);
/* Learns that `item` came after `count` other items of the user, oldest first (only the last
 * `window` are used). */
void transitions_learn(struct transitions *transitions, const int32_t *before, size_t count,
                       int32_t item);
/* Changes shrink and power and recomputes every v. */
void transitions_reweigh(struct transitions *transitions, double shrink, double power);
/* Borrows a row until the next learn. */
const struct transition *transitions_row(const struct transitions *transitions, int32_t item,
                                         int32_t *ret_count);
/* Returns C[from][to]. */
double transitions_count(const struct transitions *transitions, int32_t from, int32_t to);
/* Returns n[item]. */
double transitions_actions(const struct transitions *transitions, int32_t item);

#endif
