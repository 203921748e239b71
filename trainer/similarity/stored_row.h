/* Stored row: converts between a row and the message ItemNeighbours, as published and stored. */
#ifndef FRESHET_TRAINER_SIMILARITY_STORED_ROW_H
#define FRESHET_TRAINER_SIMILARITY_STORED_ROW_H

#include "schemas/item_neighbours.h"
#include "trainer/similarity/rows.h"

struct stored_row;

/* Makes scratch space for any ItemNeighbours within the contract's limits; borrows ids for its
 * life. Free with stored_row_free(). */
struct stored_row *stored_row_new(struct ids *ids);
/* Frees it; takes NULL; returns NULL. */
struct stored_row *stored_row_free(struct stored_row *stored);
/* Fills the message from a row in published order; its columns are borrowed from the scratch space
 * until the next call. */
void stored_row_fill(struct stored_row *stored, const struct held_row *held,
                     struct item_neighbours *ret_message);
/* Fills an empty row. 0; -EINVAL when the message is invalid (columns differ in length, an item
 * occurs twice or is the row's own, a bad epoch); -ENOSPC when ids are full. */
int stored_row_load(struct stored_row *stored, const struct item_neighbours *message,
                    struct held_row *held);

#endif
