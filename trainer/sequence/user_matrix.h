/* User matrix: users by items, as the rows of histories give it, for a count of clusters.
 *
 * Each user has a row with the items of the history that count above 0, each once, in their order.
 * Items get numbers as they come; user_matrix_order() numbers them again, so that the numbers do
 * not depend on that: first those that have a column, in the order of their texts. One thread.
 */
#ifndef FRESHET_TRAINER_SEQUENCE_USER_MATRIX_H
#define FRESHET_TRAINER_SEQUENCE_USER_MATRIX_H

#include "model/ids.h"
#include "model/truncated_svd.h"
#include "schemas/user_history.h"

struct user_matrix {
    struct ids *items;
    int64_t *item_users; /* by the ids' numbers */
    int32_t *number_of;  /* the matrix's number, by the ids' */
    int32_t *item_of;    /* and the other way */
    size_t items_capacity, item_bytes;
    size_t *begins; /* rows + 1 */
    int32_t *columns;
    float *values, *scales; /* scales: width */
    size_t rows, rows_capacity, cells, cells_capacity, width;
    double sums[HISTORY_ACTIONS_MAX]; /* of the row that is added */
};

/* Prepares an empty matrix; release with user_matrix_release(). */
void user_matrix_init(struct user_matrix *matrix);
/* Frees the memory; an empty one again. */
void user_matrix_release(struct user_matrix *matrix);
/* Adds a user's row; false: no item of the history counts. */
bool user_matrix_add(struct user_matrix *matrix, const struct user_history *history);
/* Returns the bytes that are in use. */
size_t user_matrix_bytes(const struct user_matrix *matrix);
/* Orders the items, when all users are added: at most `most` get a column, those with the most
 * users, at least `users_min`. A column's scale is its users to the power of -power. */
void user_matrix_order(struct user_matrix *matrix, size_t most, int64_t users_min, double power);
/* Returns it as the rows of a sparse matrix, borrowed. */
struct sparse_rows user_matrix_rows(const struct user_matrix *matrix);
/* Returns the text of a column. */
struct slice user_matrix_item(const struct user_matrix *matrix, size_t column);

#endif
