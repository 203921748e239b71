#include "base/base.h"
#include "model/symmetric_eigen.h"

enum { SWEEPS_MAX = 60 };

#define SMALL 1e-30 /* squares outside of the diagonal, as a part of all */

static double squares_outside(const double *a, size_t n)
{
    double sum = 0.0;
    for (size_t i = 0; i < n; i++) {
        for (size_t j = 0; j < i; j++) { sum += 2.0 * a[i * n + j] * a[i * n + j]; }
    }
    return sum;
}

static double squares(const double *a, size_t n)
{
    double sum = 0.0;
    for (size_t i = 0; i < n * n; i++) { sum += a[i] * a[i]; }
    return sum;
}

/* Turns columns p and q of a matrix of n rows. */
static void turn_columns(double *a, size_t n, size_t p, size_t q, double cosine, double sine)
{
    for (size_t i = 0; i < n; i++) {
        double x = a[i * n + p], y = a[i * n + q];
        a[i * n + p] = cosine * x - sine * y;
        a[i * n + q] = sine * x + cosine * y;
    }
}

static void turn_rows(double *a, size_t n, size_t p, size_t q, double cosine, double sine)
{
    for (size_t i = 0; i < n; i++) {
        double x = a[p * n + i], y = a[q * n + i];
        a[p * n + i] = cosine * x - sine * y;
        a[q * n + i] = sine * x + cosine * y;
    }
}

/* Makes a[p][q] zero. */
static void rotate(double *a, size_t n, size_t p, size_t q, double *vectors)
{
    double outside = a[p * n + q];
    if (outside == 0.0) { return; }
    double theta = (a[q * n + q] - a[p * n + p]) / (2.0 * outside);
    double tangent = 1.0 / (fabs(theta) + sqrt(theta * theta + 1.0));
    if (theta < 0.0) { tangent = -tangent; }
    double cosine = 1.0 / sqrt(tangent * tangent + 1.0), sine = tangent * cosine;
    turn_columns(a, n, p, q, cosine, sine);
    turn_rows(a, n, p, q, cosine, sine);
    a[p * n + q] = a[q * n + p] = 0.0;
    turn_columns(vectors, n, p, q, cosine, sine);
}

/* Orders the values, the greatest first, with their columns. */
static void order(double *values, double *vectors, size_t n)
{
    for (size_t k = 0; k + 1 < n; k++) {
        size_t best = k;
        for (size_t i = k + 1; i < n; i++) { best = values[i] > values[best] ? i : best; }
        if (best == k) { continue; }
        double value = values[k];
        values[k] = values[best];
        values[best] = value;
        for (size_t i = 0; i < n; i++) {
            double number = vectors[i * n + k];
            vectors[i * n + k] = vectors[i * n + best];
            vectors[i * n + best] = number;
        }
    }
}

void symmetric_eigen(double *a, size_t n, double *ret_values, double *ret_vectors)
{
    double all = squares(a, n);
    for (size_t i = 0; i < n * n; i++) { ret_vectors[i] = i % (n + 1) == 0 ? 1.0 : 0.0; }
    for (int sweep = 0; sweep < SWEEPS_MAX && squares_outside(a, n) > SMALL * all; sweep++) {
        for (size_t p = 0; p < n; p++) {
            for (size_t q = p + 1; q < n; q++) { rotate(a, n, p, q, ret_vectors); }
        }
    }
    for (size_t k = 0; k < n; k++) { ret_values[k] = a[k * n + k]; }
    order(ret_values, ret_vectors, n);
}
