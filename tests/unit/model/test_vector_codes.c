/* Against the definition: eigenvectors of the sum of x x' by Jacobi rotations, and loops. */
#include "base/base.h"
#include "base/byte_vector.h"
#include "base/xalloc.h"
#include "model/symmetric_eigen.h"
#include "model/vector_codes.h"
#include "tests/unit/numbers.h"

#include <fcntl.h>
#include <sys/wait.h>
#include <unistd.h>

enum { WIDTH = 90, MORE = 40, ROWS = CODES_SAMPLE + MORE };

/* Vectors of a few directions that count and many that hardly do, about a common one. */
static void draw_vectors(int8_t vectors[ROWS][WIDTH], uint64_t rng)
{
    for (size_t row = 0; row < ROWS; row++) {
        for (size_t i = 0; i < WIDTH; i++) {
            double size = 100.0 / (1.0 + 0.2 * (double)i);
            vectors[row][i] = (int8_t)(i ? size * (draw(&rng) - 0.5) : 60.0);
        }
    }
}

static double cosine(const double *a, const double *b, size_t count)
{
    double dot = 0, of_a = 0, of_b = 0;
    for (size_t i = 0; i < count; i++) {
        dot += a[i] * b[i];
        of_a += a[i] * a[i];
        of_b += b[i] * b[i];
    }
    return of_a > 0 && of_b > 0 ? dot / sqrt(of_a * of_b) : 0.0;
}

static double cosine_of_codes(const int8_t *a, const int8_t *b)
{
    double of_a[CODE_BYTES], of_b[CODE_BYTES];
    for (size_t i = 0; i < CODE_BYTES; i++) {
        of_a[i] = a[i];
        of_b[i] = b[i];
    }
    return cosine(of_a, of_b, CODE_BYTES);
}

static void unit(const int8_t *vector, double *to)
{
    double squares = 0.0;
    for (size_t i = 0; i < WIDTH; i++) { squares += vector[i] * vector[i]; }
    for (size_t i = 0; i < WIDTH; i++) { to[i] = vector[i] / sqrt(squares); }
}

/* Signs and order of components do not matter to a cosine. */
static void test_against_the_definition(void **state)
{
    static int8_t vectors[ROWS][WIDTH], codes[ROWS][CODE_BYTES];
    static double units[ROWS][WIDTH], gram[WIDTH * WIDTH], columns[WIDTH * WIDTH];
    static double wanted[ROWS][CODE_BYTES];
    const int8_t *sample[CODES_SAMPLE];
    double values[WIDTH], furthest = 0.0;
    draw_vectors(vectors, 3);
    for (size_t row = 0; row < ROWS; row++) {
        unit(vectors[row], units[row]);
        for (size_t ij = 0; row < CODES_SAMPLE && ij < (size_t)WIDTH * WIDTH; ij++) {
            gram[ij] += units[row][ij / WIDTH] * units[row][ij % WIDTH];
        }
        if (row < CODES_SAMPLE) { sample[row] = vectors[row]; }
    }
    symmetric_eigen(gram, WIDTH, values, columns);
    struct vector_codes *made = vector_codes_new(sample, WIDTH);
    assert_non_null(made);
    for (size_t row = 0; row < ROWS; row++) {
        for (size_t k = 0; k < CODE_BYTES; k++) {
            for (size_t i = 0; i < WIDTH; i++) {
                wanted[row][k] += units[row][i] * columns[i * WIDTH + k] / sqrt(values[k]);
            }
        }
        vector_codes_make(made, vectors[row], codes[row]);
    }
    for (size_t a = 0; a < ROWS; a += 7) {
        for (size_t b = 0; b < ROWS; b++) {
            double want = cosine(wanted[a], wanted[b], CODE_BYTES);
            furthest = fmax(furthest, fabs(cosine_of_codes(codes[a], codes[b]) - want));
        }
    }
    assert_true(furthest < 0.015); /* bytes */
    vector_codes_free(made);
}

/* A sample with fewer directions than a code has numbers, and one without any. */
static void test_poor_samples(void **state)
{
    static int8_t vectors[3][WIDTH] = {{127}, {0, 127}, {0, 0, 127}};
    const int8_t *sample[CODES_SAMPLE];
    int8_t codes[3][CODE_BYTES], zero[WIDTH] = {0};
    for (size_t row = 0; row < CODES_SAMPLE; row++) { sample[row] = vectors[row % 3]; }
    struct vector_codes *made = vector_codes_new(sample, WIDTH);
    assert_non_null(made);
    for (size_t k = 0; k < 3; k++) { vector_codes_make(made, vectors[k], codes[k]); }
    near_to(cosine_of_codes(codes[0], codes[0]), 1.0, 1e-6, "itself", 0);
    assert_true(fabs(cosine_of_codes(codes[0], codes[1])) < 0.02);
    assert_true(fabs(cosine_of_codes(codes[1], codes[2])) < 0.02);
    vector_codes_make(made, zero, codes[0]);
    for (size_t k = 0; k < CODE_BYTES; k++) { assert_int_equal(codes[0][k], 0); }
    vector_codes_free(made);
    for (size_t row = 0; row < CODES_SAMPLE; row++) { sample[row] = zero; }
    assert_null(vector_codes_new(sample, WIDTH));
}

/* Wide vectors that lie in three dimensions, but for their rounding to bytes: two that are near
 * each other have codes that are, too. */
static void test_few_dimensions(void **state)
{
    enum { DIMENSIONS = 3 };
    static int8_t vectors[CODES_SAMPLE][WIDTH];
    static double axes[DIMENSIONS][WIDTH];
    const int8_t *sample[CODES_SAMPLE];
    int8_t codes[2][CODE_BYTES];
    uint64_t rng = 4;
    for (size_t i = 0; i < (size_t)DIMENSIONS * WIDTH; i++) {
        axes[i / WIDTH][i % WIDTH] = draw(&rng) - 0.5;
    }
    for (size_t row = 0; row < CODES_SAMPLE; row++) {
        double at[DIMENSIONS];
        float sums[WIDTH] = {0};
        uint64_t of = row / 2 + 1; /* two and two are near each other */
        for (size_t k = 0; k < DIMENSIONS; k++) {
            at[k] = draw(&of) - 0.5 + 0.02 * (draw(&rng) - 0.5);
            for (size_t i = 0; i < WIDTH; i++) { sums[i] += (float)(at[k] * axes[k][i]); }
        }
        assert_true(byte_vector_make(sums, WIDTH, vectors[row]) > 0.0F);
        sample[row] = vectors[row];
    }
    struct vector_codes *made = vector_codes_new(sample, WIDTH);
    size_t near = 0;
    for (size_t row = 0; row < CODES_SAMPLE; row += 2) {
        for (size_t k = 0; k < 2; k++) { vector_codes_make(made, vectors[row + k], codes[k]); }
        near += cosine_of_codes(codes[0], codes[1]) > 0.9;
    }
    assert_true(near > CODES_SAMPLE / 2 * 9 / 10);
    vector_codes_free(made);
}

static void make_codes(int8_t codes[ROWS][CODE_BYTES])
{
    static int8_t vectors[ROWS][WIDTH];
    const int8_t *sample[CODES_SAMPLE];
    draw_vectors(vectors, 5);
    for (size_t row = 0; row < CODES_SAMPLE; row++) { sample[row] = vectors[row]; }
    struct vector_codes *made = vector_codes_new(sample, WIDTH);
    assert_non_null(made);
    for (size_t row = 0; row < ROWS; row++) { vector_codes_make(made, vectors[row], codes[row]); }
    vector_codes_free(made);
}

/* What OpenBLAS runs on an old processor gives the same codes: this program is run again with its
 * kernels. */
static void test_an_old_processor(void **state)
{
    static int8_t codes[2][ROWS][CODE_BYTES];
    char path[] = "/tmp/freshet-codes-XXXXXX";
#ifndef __x86_64__
    skip();
#endif
    int status = 0, file = mkstemp(path);
    assert_true(file >= 0);
    pid_t child = fork();
    if (child == 0) {
        (void)setenv("OPENBLAS_CORETYPE", "Nehalem", 1);
        (void)execl("/proc/self/exe", "test_vector_codes", path, (char *)NULL);
        _exit(EXIT_FAILURE);
    }
    assert_int_equal(waitpid(child, &status, 0), child);
    assert_int_equal(status, 0);
    make_codes(codes[0]);
    assert_int_equal(read(file, codes[1], sizeof(codes[1])), sizeof(codes[1]));
    assert_memory_equal(codes[0], codes[1], sizeof(codes[0]));
    (void)close(file);
    (void)unlink(path);
}

static int write_codes(const char *path)
{
    static int8_t codes[ROWS][CODE_BYTES];
    make_codes(codes);
    int file = open(path, O_WRONLY | O_CLOEXEC);
    bool written = file >= 0 && write(file, codes, sizeof(codes)) == sizeof(codes);
    if (file >= 0) { (void)close(file); }
    return written ? EXIT_SUCCESS : EXIT_FAILURE;
}

int main(int argc, char **argv)
{
    if (argc > 1) { return write_codes(argv[1]); }
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_against_the_definition),
        cmocka_unit_test(test_poor_samples),
        cmocka_unit_test(test_few_dimensions),
        cmocka_unit_test(test_an_old_processor),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
