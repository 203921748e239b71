/* Context table: the counts of contexts (context_text.h) as a reader of serving rows has them, and
 * how much a context changes the share of an item.
 *
 * For an indicator c of dimension D and an item i, with the counts of distinct users and items
 *
 *     m = n(D, i), the sum of i's counts of all indicators of D    p = n(c) / n(D)    e = m p
 *     lift(c, i)  = (1 - T / G)+ * ln((n(c, i) + k) / (e + k))                 T = 10.83, k = 2
 *     L(i)        = the sum of the lifts of a context's indicators, at most 3 up or down; of
 *                   geohash, region and country only the first that has a lift
 *
 * G is Dunning's log-likelihood ratio of n(c, i), m, n(c) and n(D) (similarity.h). T is the value
 * that chance exceeds once in a thousand times (chi square, one degree of freedom): where a context
 * makes no difference, nearly all lifts are 0, and beyond T a lift begins at 0 and grows. k shrinks
 * ratios of small counts, as DuMouchel's posterior mean does with a gamma prior of mean 1
 * ("Bayesian Data Mining in Large Frequency Tables", American Statistician 53(3), 1999).
 *
 * Of a part of day or week the counts are told apart by groups of days (context_text.h), because
 * what one group has may be one burst. There the lift by all counts is bounded by those by all
 * groups but one, with T' = 5.41 instead of T (what chance exceeds once in fifty times): it is
 * the one that is nearest to 0, and 0 if one has another sign. So it is there without any one
 * day. What was counted without a group is one more group.
 *
 * By Bayes' rule P(i | user, c) is P(i | user) P(c | i, user) / P(c | user); with P(c | i, user) =
 * P(c | i), the order of items is that of P(i | user) n(c, i) / (m p). So lists multiply a score by
 * exp(L), or add L to a log-odds score; this is contextual post-filtering (Panniello et al.,
 * RecSys 2009) by a naive Bayes of the indicators.
 *
 * An item's row has the counts of its indicators, an indicator's row its users and the items that
 * most of them acted on, which are candidates in this context. All is computed when it is read: it
 * does not depend on the order in which rows came. Memory: 64 bytes an item number, 100 for an
 * item's parts of day and week, 8 for each other indicator of it, 700 an indicator. One thread.
 */
#ifndef FRESHET_MODEL_COUNTING_CONTEXT_TABLE_H
#define FRESHET_MODEL_COUNTING_CONTEXT_TABLE_H

#include "base/slice.h"
#include "model/counting/context_text.h"

enum {
    CONTEXT_ITEMS_MAX = 50,          /* of an indicator's row; the others are left out */
    CONTEXT_INDICATORS_MAX = 100000, /* in a table; rows of further ones are left out, but those of
                                        dimensions and of parts of day and week always have room */
};

/* A count of a row as it arrives. */
struct context_count {
    int32_t number; /* of the indicator (context_table_number()), or of the item */
    float users;
};

/* A row as it arrives; borrowed. */
struct context_row {
    int64_t version, epoch;
    double users;
    const struct context_count *counts; /* the greatest first */
    size_t count;
};

/* What a context changes. */
struct context_lift {
    float log;         /* L(i) */
    int32_t indicator; /* with the greatest lift; below 0: none has one above 0 */
    float users;       /* n(c, i) of this one */
};

struct context_table;

/* Makes an empty table; free with context_table_free(). */
struct context_table *context_table_new(void);
/* Frees it; takes NULL; returns NULL. */
struct context_table *context_table_free(struct context_table *table);
/* Numbers an indicator, or all of a dimension; below 0: the id is none, or there are too many. */
int32_t context_table_number(struct context_table *table, struct slice id);
/* Finds the number of an indicator; below 0: it has none. */
int32_t context_table_find(const struct context_table *table, struct slice id);
/* Replaces the row of an item: its indicators. */
void context_table_put_item(struct context_table *table, int32_t item,
                            const struct context_row *row);
/* Replaces the row of an indicator: its items. */
void context_table_put(struct context_table *table, int32_t indicator,
                       const struct context_row *row);
/* Returns the version of a row; 0: there is none. */
int64_t context_table_item_version(const struct context_table *table, int32_t item);
int64_t context_table_version(const struct context_table *table, int32_t indicator);
/* Removes a row. */
void context_table_remove_item(struct context_table *table, int32_t item);
void context_table_remove(struct context_table *table, int32_t indicator);

/* Sets the context of the next calls, by its text. Returns how many of its indicators have been
 * counted. */
size_t context_table_use(struct context_table *table, struct slice text);
/* Says whether any indicator of a text has been counted. */
bool context_table_knows(const struct context_table *table, struct slice text);
/* Finds what that context changes for an item. */
struct context_lift context_table_lift(const struct context_table *table, int32_t item);
/* The same for many items, whose rows are fetched ahead. */
void context_table_lifts(const struct context_table *table, const int32_t *items, size_t count,
                         struct context_lift *ret_lifts);
/* Finds the items of most users in that context: those of each of its indicators, the first of each
 * first; each once, at most CONTEXT_DIMENSIONS * CONTEXT_ITEMS_MAX. Once for a context; borrowed
 * until the next call. */
size_t context_table_items(struct context_table *table, const int32_t **ret_items);
/* Returns an indicator in words: device=mobile; borrowed for the life of the table. */
struct slice context_table_words(const struct context_table *table, int32_t indicator);

#endif
