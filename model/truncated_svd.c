/* Phases, each a walk over rows or columns that may be cut anywhere:
 *
 *   GRAM, SOLVE    orthonormalise `y`, twice; then it becomes `x`
 *   MULTIPLY       y = A'A x
 *   PROJECT        the square x'y; at its end eigenvalues, and whether another pass follows
 *   TURN           x times the eigenvectors: the singular vectors, in y
 */
#include "base/base.h"
#include "base/xalloc.h"
#include "model/rng.h"
#include "model/symmetric_eigen.h"
#include "model/truncated_svd.h"

enum phase { PHASE_GRAM, PHASE_SOLVE, PHASE_MULTIPLY, PHASE_PROJECT, PHASE_TURN, PHASE_ENDED };

#define DEPENDENT 1e-13 /* what is left of a column's square, as a part of it */
#define VALUE_LEAST 1e-6 /* of the greatest: smaller singular values are 0 */

struct truncated_svd {
    struct sparse_rows matrix;
    struct truncated_svd_settings settings;
    size_t block, rank;
    double *x, *y;   /* width x block */
    double *square;  /* block x block */
    double *values;  /* block: eigenvalues, then singular values */
    double *vectors; /* block x block: of the square */
    double *row;     /* block */
    double sum;      /* of the first eigenvalues, after the last pass */
    enum phase phase;
    size_t at, solved, passes;
};

static size_t block_of(size_t width, const struct truncated_svd_settings *settings)
{
    return MAX_OF(MIN_OF(settings->rank + settings->extra, width), (size_t)1);
}

size_t truncated_svd_bytes(size_t width, const struct truncated_svd_settings *settings)
{
    size_t block = block_of(width, settings);
    return 2 * (width + block + 1) * block * sizeof(double);
}

static void begin_phase(struct truncated_svd *svd, enum phase phase)
{
    svd->phase = phase;
    svd->at = 0;
    bool squared = phase == PHASE_GRAM || phase == PHASE_PROJECT;
    if (squared) { memset(svd->square, 0, svd->block * svd->block * sizeof(double)); }
    if (phase == PHASE_MULTIPLY) {
        memset(svd->y, 0, svd->matrix.width * svd->block * sizeof(double));
    }
}

struct truncated_svd *truncated_svd_new(const struct sparse_rows *matrix,
                                        const struct truncated_svd_settings *settings)
{
    struct truncated_svd *svd = xcalloc(1, sizeof(*svd));
    size_t block = block_of(matrix->width, settings), cells = matrix->width * block;
    uint64_t rng = settings->seed;
    svd->matrix = *matrix;
    svd->settings = *settings;
    svd->block = block;
    svd->x = xcalloc(cells + 1, sizeof(double));
    svd->y = xcalloc(cells + 1, sizeof(double));
    svd->square = xcalloc(block * block, sizeof(double));
    svd->vectors = xcalloc(block * block, sizeof(double));
    svd->values = xcalloc(block, sizeof(double));
    svd->row = xcalloc(block, sizeof(double));
    for (size_t k = 0; k < cells; k++) { svd->y[k] = rng_normal(&rng); }
    begin_phase(svd, PHASE_GRAM);
    return svd;
}

struct truncated_svd *truncated_svd_free(struct truncated_svd *svd)
{
    if (!svd) { return NULL; }
    free(svd->x);
    free(svd->y);
    free(svd->square);
    free(svd->vectors);
    free(svd->values);
    free(svd->row);
    free(svd);
    return NULL;
}

/* ---- Orthonormal columns ---- */

/* Adds what a row of a and one of b add to the square a'b. */
static void add_product(double *square, size_t n, const double *a, const double *b)
{
    for (size_t i = 0; i < n; i++) {
        for (size_t j = 0; j < n; j++) { square[i * n + j] += a[i] * b[j]; }
    }
}

/* Makes R of the square R'R: the upper triangle. A column that depends on others gets a row of
 * zeros. */
static void decompose(double *square, size_t n)
{
    for (size_t j = 0; j < n; j++) {
        double whole = square[j * n + j], left = whole;
        for (size_t k = 0; k < j; k++) { left -= square[k * n + j] * square[k * n + j]; }
        bool depends = !(left > DEPENDENT * whole);
        double root = depends ? 0.0 : sqrt(left);
        for (size_t i = j + 1; i < n; i++) {
            double number = square[j * n + i];
            for (size_t k = 0; k < j; k++) { number -= square[k * n + j] * square[k * n + i]; }
            square[j * n + i] = depends ? 0.0 : number / root;
        }
        square[j * n + j] = root;
    }
}

/* Replaces a row y by y R^-1. */
static void solve(const double *square, size_t n, double *y)
{
    for (size_t j = 0; j < n; j++) {
        double number = y[j];
        for (size_t k = 0; k < j; k++) { number -= y[k] * square[k * n + j]; }
        y[j] = square[j * n + j] > 0.0 ? number / square[j * n + j] : 0.0;
    }
}

static void end_solve(struct truncated_svd *svd)
{
    if (++svd->solved % 2) {
        begin_phase(svd, PHASE_GRAM);
        return;
    }
    double *x = svd->x;
    svd->x = svd->y;
    svd->y = x;
    begin_phase(svd, PHASE_MULTIPLY);
}

/* ---- A pass over the rows ---- */

/* Adds what a row of the matrix adds; returns the number of its cells. */
static size_t multiply(struct truncated_svd *svd, size_t r)
{
    const struct sparse_rows *matrix = &svd->matrix;
    size_t n = svd->block, from = matrix->begins[r], to = matrix->begins[r + 1];
    memset(svd->row, 0, n * sizeof(double));
    for (size_t c = from; c < to; c++) {
        size_t column = (size_t)matrix->columns[c];
        if (column >= matrix->width) { continue; }
        double number = (double)matrix->values[c] * (double)matrix->scales[column];
        for (size_t j = 0; j < n; j++) { svd->row[j] += number * svd->x[column * n + j]; }
    }
    for (size_t c = from; c < to; c++) {
        size_t column = (size_t)matrix->columns[c];
        if (column >= matrix->width) { continue; }
        double number = (double)matrix->values[c] * (double)matrix->scales[column];
        for (size_t j = 0; j < n; j++) { svd->y[column * n + j] += number * svd->row[j]; }
    }
    return to - from;
}

/* ---- Singular values ---- */

/* Says whether the last pass changed the sum of the eigenvalues by little. */
static bool is_found(struct truncated_svd *svd)
{
    double sum = 0.0, before = svd->sum;
    size_t most = MIN_OF(svd->settings.rank, svd->block);
    for (size_t k = 0; k < most; k++) { sum += MAX_OF(svd->values[k], 0.0); }
    svd->sum = sum;
    return svd->passes > 1 && fabs(sum - before) <= svd->settings.tolerance * sum;
}

static void end_project(struct truncated_svd *svd)
{
    size_t n = svd->block;
    for (size_t i = 0; i < n; i++) {
        for (size_t j = 0; j < i; j++) {
            double mean = 0.5 * (svd->square[i * n + j] + svd->square[j * n + i]);
            svd->square[i * n + j] = svd->square[j * n + i] = mean;
        }
    }
    symmetric_eigen(svd->square, n, svd->values, svd->vectors);
    svd->passes++;
    bool last = is_found(svd) || svd->passes >= svd->settings.iterations_max;
    begin_phase(svd, last ? PHASE_TURN : PHASE_GRAM);
}

static void turn(struct truncated_svd *svd, size_t column)
{
    size_t n = svd->block;
    const double *from = svd->x + column * n;
    double *to = svd->y + column * n;
    memset(to, 0, n * sizeof(double));
    for (size_t i = 0; i < n; i++) {
        for (size_t k = 0; k < n; k++) { to[k] += from[i] * svd->vectors[i * n + k]; }
    }
}

/* Gives the k-th vector the sign that makes its greatest number positive. */
static void set_sign(struct truncated_svd *svd, size_t k)
{
    double greatest = 0.0;
    for (size_t c = 0; c < svd->matrix.width; c++) {
        double number = svd->y[c * svd->block + k];
        if (fabs(number) > fabs(greatest)) { greatest = number; }
    }
    for (size_t c = 0; greatest < 0.0 && c < svd->matrix.width; c++) {
        svd->y[c * svd->block + k] = -svd->y[c * svd->block + k];
    }
}

static void end_turn(struct truncated_svd *svd)
{
    size_t most = MIN_OF(svd->settings.rank, svd->block);
    for (size_t k = 0; k < svd->block; k++) {
        svd->values[k] = sqrt(MAX_OF(svd->values[k], 0.0));
    }
    double least = VALUE_LEAST * svd->values[0];
    while (svd->rank < most && svd->values[svd->rank] > least) { set_sign(svd, svd->rank++); }
    svd->phase = PHASE_ENDED;
}

/* ---- Steps ---- */

static void end_phase(struct truncated_svd *svd)
{
    switch (svd->phase) {
    case PHASE_GRAM:
        decompose(svd->square, svd->block);
        begin_phase(svd, PHASE_SOLVE);
        break;
    case PHASE_SOLVE: end_solve(svd); break;
    case PHASE_MULTIPLY: begin_phase(svd, PHASE_PROJECT); break;
    case PHASE_PROJECT: end_project(svd); break;
    case PHASE_TURN: end_turn(svd); break;
    case PHASE_ENDED: break;
    }
}

/* Takes the next row or column; returns its multiplications. */
static size_t take(struct truncated_svd *svd)
{
    size_t n = svd->block, at = svd->at++;
    if (svd->phase == PHASE_MULTIPLY) { return 2 * n * (multiply(svd, at) + 1); }
    double *x = svd->x + at * n, *y = svd->y + at * n;
    switch (svd->phase) {
    case PHASE_GRAM: add_product(svd->square, n, y, y); break;
    case PHASE_SOLVE: solve(svd->square, n, y); break;
    case PHASE_PROJECT: add_product(svd->square, n, x, y); break;
    case PHASE_TURN: turn(svd, at); break;
    case PHASE_MULTIPLY:
    case PHASE_ENDED: break;
    }
    return n * n;
}

bool truncated_svd_step(struct truncated_svd *svd, size_t work)
{
    size_t done = 0;
    while (svd->phase != PHASE_ENDED && done < work) {
        bool rows = svd->phase == PHASE_MULTIPLY;
        if (svd->at == (rows ? svd->matrix.rows : svd->matrix.width)) {
            end_phase(svd);
            done += svd->block * svd->block;
        } else {
            done += take(svd);
        }
    }
    return svd->phase != PHASE_ENDED;
}

size_t truncated_svd_rank(const struct truncated_svd *svd)
{
    assert(svd->phase == PHASE_ENDED);
    return svd->rank;
}

const double *truncated_svd_values(const struct truncated_svd *svd)
{
    return svd->values;
}

double truncated_svd_number(const struct truncated_svd *svd, size_t column, size_t k)
{
    assert(column < svd->matrix.width && k < svd->rank);
    return svd->y[column * svd->block + k];
}

void truncated_svd_factors(const struct truncated_svd *svd, float *ret_factors)
{
    for (size_t c = 0; c < svd->matrix.width; c++) {
        double scale = (double)svd->matrix.scales[c];
        for (size_t k = 0; k < svd->rank; k++) {
            *ret_factors++ = (float)(truncated_svd_number(svd, c, k) * scale);
        }
    }
}
