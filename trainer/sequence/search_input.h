/* Search input: how searches enter a model, batch by batch.
 *
 * In the training set a search stands as pack_of_search() of its number in the search table, among
 * a user's items. For a batch, those whose vector the model takes are numbered anew, and their
 * content vectors gathered; the others are left out. One thread.
 */
#ifndef FRESHET_TRAINER_SEQUENCE_SEARCH_INPUT_H
#define FRESHET_TRAINER_SEQUENCE_SEARCH_INPUT_H

#include "trainer/sequence/content_input.h"
#include "trainer/sequence/search_table.h"

struct search_input {
    struct search_table *table; /* NULL: searches are left out */
    float *rows;                /* of the batch: count x the content's rank */
    size_t count, capacity;
    float *vector; /* scratch: the table's width */
};

/* Prepares the input of a table, which must outlive it; NULL: there is none. */
void search_input_init(struct search_input *input, struct search_table *table);
/* Frees the memory. */
void search_input_release(struct search_input *input);
/* Begins a batch. */
void search_input_clear(struct search_input *input);
/* Numbers the searches of a sequence for the batch, in place; those that the model does not take
 * are left out, and their weights (NULL: none). Returns how many tokens are left. */
size_t search_input_place(struct search_input *input, const struct content_input *content,
                          int32_t *items, float *weights, size_t count);

#endif
