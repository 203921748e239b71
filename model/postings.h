/* Postings: an inverted index. Each item has a set of numbers (features, words), and each number a
 * list of the items that have it.
 *
 * A card keeps, behind the set, the item's place in the list of each number, so that an item is
 * taken off a list at once, however many are on it. Cards and lists stand where their owner wants
 * them, beside what else it knows of items and numbers. One thread.
 */
#ifndef FRESHET_MODEL_POSTINGS_H
#define FRESHET_MODEL_POSTINGS_H

#include "base/base.h"

/* The items that have a number. */
struct posting_list {
    int32_t *items;
    int32_t count, capacity;
};

/* The numbers that an item has. */
struct posting_card {
    uint32_t *numbers; /* sorted, each once, then its place in the list of each; NULL: none */
    uint32_t count;
};

struct postings {
    struct posting_card *(*card)(void *owner, int32_t item);
    struct posting_list *(*list)(void *owner, uint32_t number); /* made where there is none */
    /* A list has one item more or less than before; the cards of its items are right. */
    void (*changed)(void *owner, uint32_t number, int32_t before);
    void *owner;
};

/* Gives an item, which has a card, other numbers (number_set.h); of those that stay, nothing
 * changes. */
void postings_replace(const struct postings *postings, int32_t item, const uint32_t *numbers,
                      size_t count);

#endif
