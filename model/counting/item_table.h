/* The item-item table of the scorer: for each item its counts and its strongest neighbours.
 *
 * A new row of an item replaces the whole old one. Counts are at their row's epoch. The *common
 * epoch* is the newest of all rows; everything that is read from the table is at the common epoch.
 * Powers are stored as factors, so that scoring needs no pow():
 *
 *     K[j][i] = ( C * C/(C+s) * n_j^-ns * n_i^-nt )^kp,     C = forward + b * backward
 *             = kernel[j][i] * source[j] * target[i]
 *
 * (transition counting with shrinkage and popularity powers: the classic first-order Markov
 * recommender, e.g. Rendle et al., "Factorizing Personalized Markov Chains", WWW 2010, with the
 * powers of a kernel-smoothed item-kNN; the formula and its measurements are in docs/quality.md.)
 * n = actions, at least 1, so that an item whose own row has not arrived, or whose actions have
 * decayed, is not favoured.
 *
 * The factors depend on the rows in the table, not on the order in which they arrived. An item's
 * factors are computed when its row arrives, and those of all items when the common epoch moves. A
 * row's kernels are computed when it is first read after either.
 *
 * Items are named by small numbers (model/ids.h). Memory is reused; it grows with the largest item
 * number and with the largest row that an item had. One thread.
 */
#ifndef FRESHET_MODEL_COUNTING_ITEM_TABLE_H
#define FRESHET_MODEL_COUNTING_ITEM_TABLE_H

#include "base/base.h"
#include "model/change_log.h"
#include "model/counting/similarity.h"

struct item_table_settings {
    double backward_weight;  /* b */
    double shrink;           /* s */
    double source_power;     /* ns */
    double target_power;     /* nt */
    double kernel_power;     /* kp */
    size_t neighbours_used;  /* the strongest neighbours of a row that are kept */
    enum similarity_measure measure;
};

/* One row as it arrives. The columns are borrowed for the call; they are parallel, strongest
 * neighbour first, no neighbour twice, all numbers finite and at least 0 but for rounding. */
struct item_row {
    int64_t epoch;
    int64_t trend_epoch;
    double mass;
    double actions;
    double trend;
    int64_t first_users; /* whose first event was on the item */
    size_t count;
    const int32_t *items;
    const double *co_ratings;
    const double *forwards;
    const double *backwards;
};

/* Factors computed from an item's counts at the common epoch. */
struct item_factors {
    float source;      /* n^(-ns*kp) */
    float target;      /* n^(-nt*kp) */
    float mass;        /* 1/sqrt(mass), the cosine's part; 0 without mass */
    float root;        /* sqrt(n), here with n below 1, too */
};

/* A row for reading: parallel arrays, borrowed until the next put. */
struct neighbours {
    const int32_t *items;
    const float *co_ratings; /* at the row's own epoch: times co_scale at the common epoch */
    const float *kernels;    /* at the common epoch */
    size_t count;
    float co_scale;
};

struct item_table;

/* Makes an empty table; free with item_table_free(). */
struct item_table *item_table_new(const struct item_table_settings *settings);
/* Frees the table; takes NULL; returns NULL. */
struct item_table *item_table_free(struct item_table *table);
/* Replaces an item's row. */
void item_table_put(struct item_table *table, int32_t item, const struct item_row *row);
/* Removes an item's row: no counts, no users, no neighbours. The common epoch stays. */
void item_table_remove(struct item_table *table, int32_t item);

/* Reads an item's neighbours; none when it has no row. */
struct neighbours item_table_neighbours(struct item_table *table, int32_t item);
/* Asks the cache for what leads to an item's neighbours or, where that is there, for the first of
 * them: some items before they are read. */
void item_table_fetch(const struct item_table *table, int32_t item, bool neighbours);
/* Reads the factors of all items by number, item_table_end() of them; borrowed until the next
 * put. */
const struct item_factors *item_table_factors(const struct item_table *table);
/* Says whether the item has a row. */
bool item_table_has(const struct item_table *table, int32_t item);
/* Returns the mass, the actions, and the actions at the short half-life, each at the newest epoch
 * of its kind; 0 when the item has no row. */
double item_table_mass(const struct item_table *table, int32_t item);
double item_table_actions(const struct item_table *table, int32_t item);
double item_table_trend(const struct item_table *table, int32_t item);
/* Asks the cache for the actions on an item. */
void item_table_fetch_actions(const struct item_table *table, int32_t item);
/* Returns the actions on the item that has most; 0 without rows. */
double item_table_actions_max(struct item_table *table);
/* Returns the number of users; each counts on the item of the first event. */
double item_table_users(const struct item_table *table);
/* Returns the symmetric similarity of a row's item and its neighbour by the table's measure, from
 * their co-rating at the common epoch. */
double item_table_similarity(const struct item_table *table, int32_t a, int32_t b, double co);

/* Returns one more than the largest item number in any row so far. */
int32_t item_table_end(const struct item_table *table);
/* Returns the log of the items whose row or counts may have changed; borrowed for the life of the
 * table. */
const struct change_log *item_table_changes(const struct item_table *table);
/* Reads the table's settings. */
const struct item_table_settings *item_table_settings(const struct item_table *table);

#endif
