/* Item search: the items of the catalogue that match a text: by the words of titles, tags, brands
 * and categories (model/word_index.h), and by vectors, where a text's vector is given.
 *
 *     match = (1 - v) * W + v * V,   relevance = match / the best match
 *     W = BM25 / that of an item of mean length that has all words of the query
 *     V = (cosine - floor) / (best cosine - floor), at least 0
 *
 * v is the weight of vectors, 0 without a vector; `floor` is the least cosine of the FOUND_EACH
 * nearest items, 0 where there are fewer. Candidates are the FOUND_EACH best by words and as many
 * by vectors. What is found depends on the catalogue and the vectors as they are now. One thread.
 */
#ifndef FRESHET_SCORER_LISTS_ITEM_SEARCH_H
#define FRESHET_SCORER_LISTS_ITEM_SEARCH_H

#include "model/counting/item_flags.h"
#include "model/ids.h"
#include "model/vector_neighbours.h"
#include "schemas/item.h"

enum { QUERY_WORDS_MAX = 64, FOUND_EACH = 250, FOUND_ITEMS_MAX = 2 * FOUND_EACH };

struct item_search;

/* What is searched for. */
struct search_query {
    struct slice text;
    const struct vector_neighbours *vectors; /* NULL: by words alone; else these four count */
    const struct vector_query *vector;
    const int32_t *nearest; /* items, nearest first, at most FOUND_EACH */
    size_t nearest_count;
    double vectors_weight; /* 0 to 1 */
};

struct found_item {
    int32_t item;
    float relevance; /* above 0, at most 1 */
};

/* Makes an empty index for item numbers below items_max, whose ids order equal items and are
 * borrowed for its life; free with item_search_free(). */
struct item_search *item_search_new(int32_t items_max, const struct ids *ids);
/* Takes NULL; returns NULL. */
struct item_search *item_search_free(struct item_search *search);
/* Sets what the catalogue says of the item with a number (below 0: none). */
void item_search_put(struct item_search *search, int32_t number, const struct item *item);
/* Returns how many words are known, of items and of none: those of none are forgotten after a
 * while. */
size_t item_search_words(const struct item_search *search);
/* Removes an item. */
void item_search_remove(struct item_search *search, int32_t number);
/* Finds the items that match, none that the flags bar: best first, equal ones by id, at most
 * FOUND_ITEMS_MAX. */
size_t item_search_find(struct item_search *search, const struct search_query *query,
                        const struct item_flags *flags,
                        struct found_item ret_found[static FOUND_ITEMS_MAX]);

#endif
