/* Content rows: the rows of `content-vectors` as the vectors of content_scores.h.
 *
 * Each vector of a row is compared with those of its own name; of the names of all rows together,
 * CONTENT_VECTOR_KINDS are used, `text` and `given` among them. One thread.
 */
#ifndef FRESHET_SCORER_LISTS_CONTENT_ROWS_H
#define FRESHET_SCORER_LISTS_CONTENT_ROWS_H

#include "model/content_scores.h"
#include "schemas/content_vectors.h"
#include "scorer/lists/tables.h"

/* Keeps vectors in mapped files below the worker's directory of state, which is made where it is
 * missing and borrowed (content_scores_map()). Where it cannot be made, which the worker itself
 * refuses when it opens its state, or is NULL, they stay in memory. */
void content_rows_map(struct content_scores *content_scores, const char *directory);
/* Takes a row's vectors, and its item into the tables, whose clock moves on when something has
 * changed. Returns NULL, or the reason why the row was refused: "columns_differ". */
const char *content_rows_put(struct content_scores *content_scores, struct tables *tables,
                             const struct content_vectors *row);
/* Removes an item's vectors. */
void content_rows_remove(struct content_scores *content_scores, struct tables *tables,
                         struct slice id);

#endif
