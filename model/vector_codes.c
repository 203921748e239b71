#include "base/base.h"
#include "base/byte_vector.h"
#include "base/xalloc.h"
#include "model/gemm.h"
#include "model/lanes.h"
#include "model/leading_eigen.h"
#include "model/vector_codes.h"

/* Components below this part of the first, or this multiple of what rounding to bytes makes, are
 * 0. */
#define LEAST_PART 1e-6
#define LEAST_NOISE 2.0

struct vector_codes {
    size_t width;
    float *matrix; /* width x CODE_BYTES */
};

/* Writes a vector as numbers of length 1; all 0, where it is. */
static void write_unit(const int8_t *vector, size_t width, float *to)
{
    double squares = 0.0;
    for (size_t i = 0; i < width; i++) { squares += (double)(vector[i] * vector[i]); }
    const float scale = squares > 0.0 ? (float)(1.0 / sqrt(squares)) : 0.0F;
    for (size_t i = 0; i < width; i++) { to[i] = scale * (float)vector[i]; }
}

/* Returns the greatest eigenvalue of what the rounding of a sample to bytes adds to it. */
static double rounding_of(const int8_t *const *sample, size_t width)
{
    double error = 0.0;
    for (size_t row = 0; row < CODES_SAMPLE; row++) {
        double squares = 0.0;
        for (size_t i = 0; i < width; i++) { squares += (double)(sample[row][i] * sample[row][i]); }
        if (squares > 0.0) { error += 1.0 / (12.0 * squares); }
    }
    const double roots = sqrt((double)CODES_SAMPLE) + sqrt((double)width);
    return error / CODES_SAMPLE * roots * roots;
}

/* U / L, as CODES_SAMPLE x CODE_BYTES; false: the vectors have no direction. */
static bool find_components(const float *rows, size_t width, double rounding, float *ret_parts)
{
    enum { N = CODES_SAMPLE };
    double values[CODE_BYTES];
    _cleanup_(xfreep) float *products = xcalloc(N * N, sizeof(*products));
    _cleanup_(xfreep) double *square = xcalloc(N * N, sizeof(*square));
    _cleanup_(xfreep) double *vectors = xcalloc(N * CODE_BYTES, sizeof(*vectors));
    gemm_nt((struct gemm_shape){N, N, width}, 1.0F, matrix_of(rows, width),
            matrix_of(rows, width), 0.0F, products, N);
    for (size_t i = 0; i < (size_t)N * N; i++) { square[i] = (double)products[i]; }
    if (!leading_eigen(square, N, CODE_BYTES, values, vectors) || !(values[0] > 0.0)) {
        return false;
    }
    const double least = MAX_OF(LEAST_PART * values[0], LEAST_NOISE * rounding);
    for (size_t k = 0; k < CODE_BYTES; k++) {
        const double scale = k == 0 || values[k] > least ? 1.0 / values[k] : 0.0;
        for (size_t row = 0; row < N; row++) {
            ret_parts[row * CODE_BYTES + k] = (float)(scale * vectors[k * N + row]);
        }
    }
    return true;
}

struct vector_codes *vector_codes_new(const int8_t *const *sample, size_t width)
{
    _cleanup_(xfreep) float *rows = xcalloc(CODES_SAMPLE * width, sizeof(*rows));
    _cleanup_(xfreep) float *parts = xcalloc((size_t)CODES_SAMPLE * CODE_BYTES, sizeof(*parts));
    for (size_t row = 0; row < CODES_SAMPLE; row++) {
        write_unit(sample[row], width, rows + row * width);
    }
    if (!find_components(rows, width, rounding_of(sample, width), parts)) { return NULL; }
    struct vector_codes *codes = xcalloc(1, sizeof(*codes));
    codes->width = width;
    codes->matrix = xcalloc(width * CODE_BYTES, sizeof(*codes->matrix));
    gemm_tn((struct gemm_shape){width, CODE_BYTES, CODES_SAMPLE}, 1.0F, matrix_of(rows, width),
            matrix_of(parts, CODE_BYTES), 0.0F, codes->matrix, CODE_BYTES);
    return codes;
}

struct vector_codes *vector_codes_free(struct vector_codes *codes)
{
    if (!codes) { return NULL; }
    free(codes->matrix);
    free(codes);
    return NULL;
}

/* The sums are those of a row alone, in the same order however many rows there are. */
LANED static void multiply(const float *row, size_t width, const float *restrict matrix,
                           float *restrict ret_numbers)
{
    memset(ret_numbers, 0, CODE_BYTES * sizeof(*ret_numbers));
    for (size_t i = 0; i < width; i++) {
        for (size_t k = 0; k < CODE_BYTES; k++) {
            ret_numbers[k] += row[i] * matrix[i * CODE_BYTES + k];
        }
    }
}

void vector_codes_make(const struct vector_codes *codes, const int8_t *vector, int8_t *ret_code)
{
    float row[VECTOR_WIDTH_MAX], numbers[CODE_BYTES];
    write_unit(vector, codes->width, row);
    multiply(row, codes->width, codes->matrix, numbers);
    memset(ret_code, 0, CODE_BYTES);
    (void)byte_vector_make(numbers, CODE_BYTES, ret_code);
}
