/* Segment counts: how many users of each segment acted on each item.
 *
 * A segment is all users who have an attribute in common: a country, a decade of birth, a word.
 * Users are counted once an item, however often they acted on it. With N users, of whom n_i acted
 * on item i, and n_s users of a segment, of whom n_si did, the segment's rate of an item is
 * smoothed by what all users do (an m-estimate: Cestnik, "Estimating probabilities", ECAI 1990):
 *
 *     p_i  = n_i / N
 *     r_si = (n_si + m p_i) / (n_s + m)
 *
 * and its gain is how much better the rate tells the segment from all users, with the sign of the
 * difference (the log-likelihood ratio of a known rate: Dunning, Comp. Ling. 19, 1993, 2.1):
 *
 *     g_si = sign(r_si - p_i) n_s (r_si log(r_si / p_i) + (1 - r_si) log((1 - r_si) / (1 - p_i)))
 *
 * A segment's list has the items with the greatest gains above 0, and those on which most of its
 * users acted; none that fewer than `item_users_min` of its users acted on, so that no list tells
 * what a single user did. The counts are whole numbers, so they do not depend on the order in which
 * users come.
 *
 * Memory is bounded: a user whose cells do not fit is not counted, and the caller begins again with
 * a part of the users. One thread.
 */
#ifndef FRESHET_MODEL_SEGMENT_COUNTS_H
#define FRESHET_MODEL_SEGMENT_COUNTS_H

#include "base/base.h"

#define SEGMENT_SMOOTHING 20.0 /* m, in users */

struct segment_counts;

/* An item in a segment's list. */
struct segment_item {
    int32_t item;
    uint32_t users;     /* of the segment who acted on it: n_si */
    uint32_t all_users; /* of all: n_i */
    double gain;        /* g_si */
};

struct segment_list_settings {
    size_t gains_max;        /* items by their gains */
    size_t users_max;        /* and further ones by their users */
    uint32_t item_users_min; /* of the segment */
    /* Says whether item a comes before item b where both are equal: a strict total order. */
    bool (*before)(const void *arg, int32_t a, int32_t b);
    const void *arg;
};

/* Returns r_si, the smoothed rate. n_i may be 0; then n_si is, too. */
static inline double segment_rate(double segment_item_users, double segment_users,
                                  double item_users, double all_users)
{
    return (segment_item_users + SEGMENT_SMOOTHING * item_users / all_users) /
           (segment_users + SEGMENT_SMOOTHING);
}

/* Returns g_si. */
double segment_gain(double segment_item_users, double segment_users, double item_users,
                    double all_users);

/* Makes an empty table of at most so many bytes; free with segment_counts_free(). */
struct segment_counts *segment_counts_new(size_t bytes_max);
/* Takes NULL; returns NULL. */
struct segment_counts *segment_counts_free(struct segment_counts *counts);
/* Counts a user: the numbers of the user's segments and of the items, each once, none below 0.
 * False: memory is full, and the user may be counted in part. */
bool segment_counts_add(struct segment_counts *counts, const int32_t *segments,
                        size_t segments_count, const int32_t *items, size_t items_count);
/* Returns the number of users, and of those of a segment. */
uint32_t segment_counts_all_users(const struct segment_counts *counts);
uint32_t segment_counts_users(const struct segment_counts *counts, int32_t segment);
/* Returns one more than the greatest number of a segment that has users. */
int32_t segment_counts_segments(const struct segment_counts *counts);
/* Finds a segment's list, the greatest gain first, items that are acted on less than by all users
 * last. Returns its length, at most gains_max + users_max. *ret_rest: the most users of the segment
 * that an item has which is not in the list. */
size_t segment_counts_list(struct segment_counts *counts, int32_t segment,
                           const struct segment_list_settings *settings,
                           struct segment_item *ret_items, uint32_t *ret_rest);
/* Returns the bytes that are in use. */
size_t segment_counts_bytes(const struct segment_counts *counts);

#endif
