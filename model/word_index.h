/* Word index: which items have the words of a query, and how well they match, by BM25 (Robertson
 * and Zaragoza 2009) with each word of an item counted once.
 *
 *     score = sum over the query's words w that the item has of
 *             idf(w) * (k + 1) / (1 + k * (1 - b + b * words of the item / mean of all items))
 *     idf(w) = ln(1 + (N - df + 0.5) / (df + 0.5)),   k = 1.2, b = 0.75
 *
 * N items have words, df of them w. Words are numbers that the caller gives. The sum runs in the
 * order of the query's words, in 64 bits, so it depends on the items alone and not on the order in
 * which they came. Words are added, changed and removed at any time. Memory: 12 bytes for each word
 * of an item. One thread.
 */
#ifndef FRESHET_MODEL_WORD_INDEX_H
#define FRESHET_MODEL_WORD_INDEX_H

#include "base/base.h"
#include "model/topk.h"

enum { INDEX_WORDS_EACH_MAX = 256 };

struct word_index;

/* Makes an empty index for items 0 .. items_max - 1. Free with word_index_free(). */
struct word_index *word_index_new(int32_t items_max);
/* Frees it; takes NULL; returns NULL. */
struct word_index *word_index_free(struct word_index *index);
/* Sets an item's words, in any order, repeats allowed, at most INDEX_WORDS_EACH_MAX; none: it has
 * none any more. Returns whether anything has changed. */
bool word_index_put(struct word_index *index, int32_t item, const uint32_t *words, size_t count);
/* Says whether any item has a word; returns how many words items have. */
bool word_index_uses(const struct word_index *index, uint32_t word);
size_t word_index_used(const struct word_index *index);
/* Offers all items that have one of the query's words, each of which is there once; ID_NONE is a
 * word that no item has. Only those are offered that `allows`. */
void word_index_offer(struct word_index *index, const int32_t *words, size_t count,
                      bool (*allows)(const void *arg, int32_t item), const void *arg,
                      struct topk *top);
/* Returns an item's score for the query. */
double word_index_score(const struct word_index *index, const int32_t *words, size_t count,
                        int32_t item);
/* Returns the score of an item of mean length that has all of the query's words, also those that no
 * item has; 0 without items. */
double word_index_full(const struct word_index *index, const int32_t *words, size_t count);

#endif
