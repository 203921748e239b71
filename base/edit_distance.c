#include "base/base.h"
#include "base/edit_distance.h"

/* One cell from the row of the byte before (above), two before (above2) and its own row. */
static size_t cell(const char *a, const char *b, size_t i, size_t j, const size_t *above2,
                   const size_t *above, const size_t *row)
{
    size_t replaced = above[j - 1] + (a[i - 1] != b[j - 1]);
    size_t least = MIN_OF(replaced, MIN_OF(above[j], row[j - 1]) + 1);
    bool swapped = i > 1 && j > 1 && a[i - 1] == b[j - 2] && a[i - 2] == b[j - 1];
    return swapped ? MIN_OF(least, above2[j - 2] + 1) : least;
}

size_t edit_distance(const char *a, const char *b)
{
    size_t rows[3][EDIT_TEXT_MAX + 1] = {{0}};
    size_t a_size = strlen(a);
    size_t b_size = strlen(b);
    if (a_size > EDIT_TEXT_MAX || b_size > EDIT_TEXT_MAX) { return SIZE_MAX; }
    for (size_t j = 0; j <= b_size; j++) { rows[0][j] = j; }
    for (size_t i = 1; i <= a_size; i++) {
        size_t *row = rows[i % 3];
        row[0] = i;
        for (size_t j = 1; j <= b_size; j++) {
            row[j] = cell(a, b, i, j, rows[(i + 1) % 3], rows[(i + 2) % 3], row);
        }
    }
    return rows[a_size % 3][b_size];
}
