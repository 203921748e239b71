/* Copies of a worker run on processors of different kinds, for which OpenBLAS has different
 * kernels, and their last digits differ. So only the eigenvectors are its own, in 64 bits, of a
 * matrix that comes from whole numbers, and they are rounded to 16 bits; all else is done here, in
 * one order.
 */
#include "base/base.h"
#include "base/byte_vector.h"
#include "base/xalloc.h"
#include "model/lanes.h"
#include "model/leading_eigen.h"
#include "model/vector_codes.h"
#include "model/vector_set.h"

/* Components below this part of the first, or this multiple of what rounding to bytes makes, are
 * 0. */
#define LEAST_PART 1e-6
#define LEAST_NOISE 2.0
#define PART_STEPS 0x1p16 /* of the bits of a part of a component */

struct vector_codes {
    size_t width;
    float *matrix; /* width x CODE_BYTES */
};

/* A sample, whose vectors have a whole stride each. */
struct sample {
    size_t width, stride;
    int8_t *vectors;
    double inverses[CODES_SAMPLE]; /* 1 / length; 0: the vector is all 0 */
    double rounding; /* the greatest eigenvalue of what rounding to bytes adds to the vectors */
};

static const int8_t *vector_of(const struct sample *sample, size_t row)
{
    return sample->vectors + row * sample->stride;
}

static void take_sample(struct sample *sample, const int8_t *const *vectors, size_t width)
{
    const double roots = sqrt((double)CODES_SAMPLE) + sqrt((double)width);
    double error = 0.0;
    sample->width = width;
    sample->stride = (width + VECTOR_STEP - 1) / VECTOR_STEP * VECTOR_STEP;
    sample->vectors = xcalloc(CODES_SAMPLE, sample->stride);
    for (size_t row = 0; row < CODES_SAMPLE; row++) {
        memcpy(sample->vectors + row * sample->stride, vectors[row], width);
        const int8_t *vector = vector_of(sample, row);
        const double squares = (double)vector_set_dot(vector, vector, sample->stride);
        sample->inverses[row] = squares > 0.0 ? 1.0 / sqrt(squares) : 0.0;
        if (squares > 0.0) { error += 1.0 / (12.0 * squares); }
    }
    sample->rounding = error / CODES_SAMPLE * roots * roots;
}

static float rounded(double number)
{
    int exponent;
    const double part = frexp(number, &exponent);
    return (float)ldexp(rint(part * PART_STEPS) / PART_STEPS, exponent);
}

/* U / L, as CODES_SAMPLE x CODE_BYTES; false: the vectors have no direction. */
static bool find_components(const struct sample *sample, float *ret_parts)
{
    enum { N = CODES_SAMPLE };
    double values[CODE_BYTES];
    _cleanup_(xfreep) double *square = xcalloc(N * N, sizeof(*square));
    _cleanup_(xfreep) double *vectors = xcalloc(N * CODE_BYTES, sizeof(*vectors));
    for (size_t i = 0; i < N; i++) {
        for (size_t j = 0; j <= i; j++) {
            const int32_t dot =
                vector_set_dot(vector_of(sample, i), vector_of(sample, j), sample->stride);
            square[i * N + j] = square[j * N + i] =
                (double)dot * (sample->inverses[i] * sample->inverses[j]);
        }
    }
    if (!leading_eigen(square, N, CODE_BYTES, values, vectors) || !(values[0] > 0.0)) {
        return false;
    }
    const double least = MAX_OF(LEAST_PART * values[0], LEAST_NOISE * sample->rounding);
    for (size_t k = 0; k < CODE_BYTES; k++) {
        const double scale = k == 0 || values[k] > least ? 1.0 / values[k] : 0.0;
        for (size_t row = 0; row < N; row++) {
            ret_parts[row * CODE_BYTES + k] = rounded(scale * vectors[k * N + row]);
        }
    }
    return true;
}

/* Adds a vector's products with its parts to the matrix. */
LANED static void add_products(const int8_t *vector, float inverse, size_t width,
                               const float *restrict parts, float *restrict matrix)
{
    for (size_t i = 0; i < width; i++) {
        const float number = inverse * (float)vector[i];
        for (size_t k = 0; k < CODE_BYTES; k++) { matrix[i * CODE_BYTES + k] += number * parts[k]; }
    }
}

struct vector_codes *vector_codes_new(const int8_t *const *vectors, size_t width)
{
    struct sample sample;
    struct vector_codes *codes = NULL;
    _cleanup_(xfreep) float *parts = xcalloc((size_t)CODES_SAMPLE * CODE_BYTES, sizeof(*parts));
    take_sample(&sample, vectors, width);
    if (find_components(&sample, parts)) {
        codes = xcalloc(1, sizeof(*codes));
        codes->width = width;
        codes->matrix = xcalloc(width * CODE_BYTES, sizeof(*codes->matrix));
        for (size_t row = 0; row < CODES_SAMPLE; row++) {
            add_products(vector_of(&sample, row), (float)sample.inverses[row], width,
                         parts + row * CODE_BYTES, codes->matrix);
        }
    }
    free(sample.vectors);
    return codes;
}

struct vector_codes *vector_codes_free(struct vector_codes *codes)
{
    if (!codes) { return NULL; }
    free(codes->matrix);
    free(codes);
    return NULL;
}

/* Writes a vector as numbers of length 1; all 0, where it is. */
static void write_unit(const int8_t *vector, size_t width, float *to)
{
    double squares = 0.0;
    for (size_t i = 0; i < width; i++) { squares += (double)(vector[i] * vector[i]); }
    const float scale = squares > 0.0 ? (float)(1.0 / sqrt(squares)) : 0.0F;
    for (size_t i = 0; i < width; i++) { to[i] = scale * (float)vector[i]; }
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
