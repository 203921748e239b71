#include "base/base.h"
#include "base/array.h"
#include "base/xalloc.h"
#include "model/fold_in.h"
#include "trainer/sequence/user_matrix.h"

enum { ID_OVERHEAD = 48 };

void user_matrix_init(struct user_matrix *matrix)
{
    *matrix = (struct user_matrix){.items = ids_new(INT32_MAX / 2)};
    matrix->rows_capacity = 64;
    matrix->begins = xcalloc(matrix->rows_capacity, sizeof(*matrix->begins));
}

void user_matrix_release(struct user_matrix *matrix)
{
    ids_free(matrix->items);
    free(matrix->item_users);
    free(matrix->number_of);
    free(matrix->item_of);
    free(matrix->begins);
    free(matrix->columns);
    free(matrix->values);
    free(matrix->scales);
    *matrix = (struct user_matrix){0};
}

size_t user_matrix_bytes(const struct user_matrix *matrix)
{
    size_t of_item = sizeof(int64_t) + 2 * sizeof(int32_t) + sizeof(float);
    return matrix->item_bytes + matrix->items_capacity * of_item +
           matrix->rows_capacity * sizeof(*matrix->begins) +
           matrix->cells_capacity * (sizeof(int32_t) + sizeof(float));
}

/* Finds or adds an item; ID_NONE: there is no room. */
static int32_t number_of(struct user_matrix *matrix, struct slice item)
{
    int32_t before = ids_count(matrix->items), number = ids_put(matrix->items, item);
    if (number != before) { return number; }
    matrix->item_bytes += item.size + ID_OVERHEAD;
    ARRAY_RESERVE_ZEROS(matrix->item_users, matrix->items_capacity, (size_t)number + 1, 64);
    return number;
}

/* Finds or adds the cell of an item in the row that is added; returns its place in the row. */
static size_t cell_of(struct user_matrix *matrix, size_t *count, int32_t item)
{
    const int32_t *columns = matrix->columns + matrix->cells;
    size_t k = 0;
    while (k < *count && columns[k] != item) { k++; }
    if (k < *count) { return k; }
    matrix->columns[matrix->cells + k] = item;
    matrix->item_users[item]++;
    matrix->sums[k] = 0.0;
    ++*count;
    return k;
}

static void reserve(struct user_matrix *matrix, size_t cells)
{
    size_t capacity = matrix->cells_capacity;
    ARRAY_RESERVE(matrix->columns, capacity, matrix->cells + cells, 1024);
    ARRAY_RESERVE(matrix->values, matrix->cells_capacity, matrix->cells + cells, 1024);
    ARRAY_RESERVE(matrix->begins, matrix->rows_capacity, matrix->rows + 2, 64);
}

bool user_matrix_add(struct user_matrix *matrix, const struct user_history *history)
{
    size_t count = 0;
    reserve(matrix, history->items.count);
    for (size_t k = 0; k < history->items.count; k++) {
        double strength = (double)history_strength(history, k);
        int32_t item = strength > 0.0 ? number_of(matrix, history->items.at[k]) : ID_NONE;
        if (item == ID_NONE) { continue; }
        size_t cell = cell_of(matrix, &count, item);
        matrix->sums[cell] += strength;
    }
    if (!count) { return false; }
    for (size_t k = 0; k < count; k++) {
        matrix->values[matrix->cells + k] = fold_in_value(matrix->sums[k]);
    }
    matrix->cells += count;
    matrix->begins[++matrix->rows] = matrix->cells;
    return true;
}

/* ---- Columns ---- */

static int by_users(const void *a, const void *b, void *arg)
{
    const struct user_matrix *matrix = arg;
    int32_t x = *(const int32_t *)a, y = *(const int32_t *)b;
    int64_t more = matrix->item_users[y] - matrix->item_users[x];
    if (more) { return more > 0 ? 1 : -1; }
    return ids_before(matrix->items, x, y) ? -1 : 1;
}

static int by_text(const void *a, const void *b, void *items)
{
    return ids_before(items, *(const int32_t *)a, *(const int32_t *)b) ? -1 : 1;
}

void user_matrix_order(struct user_matrix *matrix, size_t most, int64_t users_min, double power)
{
    size_t items = (size_t)ids_count(matrix->items);
    matrix->item_of = xreallocarray(matrix->item_of, items + 1, sizeof(int32_t));
    matrix->number_of = xreallocarray(matrix->number_of, items + 1, sizeof(int32_t));
    matrix->scales = xreallocarray(matrix->scales, items + 1, sizeof(float));
    for (size_t k = 0; k < items; k++) { matrix->item_of[k] = (int32_t)k; }
    qsort_r(matrix->item_of, items, sizeof(int32_t), by_users, matrix);
    size_t width = 0;
    while (width < MIN_OF(items, most) &&
           matrix->item_users[matrix->item_of[width]] >= users_min) {
        width++;
    }
    qsort_r(matrix->item_of, width, sizeof(int32_t), by_text, matrix->items);
    for (size_t k = 0; k < items; k++) { matrix->number_of[matrix->item_of[k]] = (int32_t)k; }
    for (size_t k = 0; k < width; k++) {
        matrix->scales[k] = (float)pow((double)matrix->item_users[matrix->item_of[k]], -power);
    }
    for (size_t c = 0; c < matrix->cells; c++) {
        matrix->columns[c] = matrix->number_of[matrix->columns[c]];
    }
    matrix->width = width;
}

struct sparse_rows user_matrix_rows(const struct user_matrix *matrix)
{
    return (struct sparse_rows){
        .begins = matrix->begins,
        .columns = matrix->columns,
        .values = matrix->values,
        .scales = matrix->scales,
        .rows = matrix->rows,
        .width = matrix->width,
    };
}

struct slice user_matrix_item(const struct user_matrix *matrix, size_t column)
{
    return ids_text(matrix->items, matrix->item_of[column]);
}
