/* Row scan: the products of all rows of a table with some vectors, as many as are asked for at a
 * time.
 *
 * Numbers of rows are bytes times a scale of the row, and are held as such, sixteen rows side by
 * side. A scan makes floats of a stretch of rows, which stay in the nearest cache while all vectors
 * are multiplied with them; so the table is read once for all vectors, in a quarter of the bytes.
 * Of each stretch, and of each of its columns, the greatest product is noted; by these, whoever
 * looks for the greatest ones skips most rows. A column has the rows c, c + 16, c + 32 and c + 48
 * of a stretch.
 *
 * A product is summed in the order of the numbers, so it is the same whichever vectors are beside
 * it; processors that fuse multiplications and additions round less (wide.h). Memory:
 * a byte for each number, four for each row. One thread.
 */
#ifndef FRESHET_MODEL_TRANSFORMER_ROW_SCAN_H
#define FRESHET_MODEL_TRANSFORMER_ROW_SCAN_H

#include "base/base.h"

enum { SCAN_STRETCH = 64, SCAN_COLUMNS = 16 }; /* rows; columns of a stretch */

/* The products of one vector; the arrays are the caller's. */
struct row_products {
    float *products; /* row_scan_room() of them, of which those behind the rows are 0 */
    float *columns;  /* SCAN_COLUMNS of each stretch: the greatest, and 0 where rows are missing */
    float *greatest; /* of each stretch: row_scan_stretches() of them */
    double sum;      /* of all products, */
    double squares;  /* and of their squares */
};

struct row_scan;

/* Makes an empty table of rows of d numbers, a multiple of 16; free with row_scan_free(). */
struct row_scan *row_scan_new(size_t d);
/* Frees it; takes NULL; returns NULL. */
struct row_scan *row_scan_free(struct row_scan *scan);
/* Sets a row: its numbers are scale * bytes. Rows before it that were never set are zeros. */
void row_scan_put(struct row_scan *scan, size_t row, float scale, const int8_t *bytes);
/* Returns how many rows there are: one more than the greatest row. */
size_t row_scan_rows(const struct row_scan *scan);
/* Returns how many products a vector has room for. */
size_t row_scan_room(const struct row_scan *scan);
size_t row_scan_stretches(const struct row_scan *scan);
/* Multiplies all rows with `count` vectors (count x d). */
void row_scan_multiply(struct row_scan *scan, const float *vectors, size_t count,
                       struct row_products *products);

#endif
