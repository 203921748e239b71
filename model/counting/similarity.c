#include "base/base.h"
#include "model/counting/similarity.h"

double similarity_cosine(double co, double mass_a, double mass_b)
{
    if (!(co > 0.0) || !(mass_a > 0.0) || !(mass_b > 0.0)) { return 0.0; }
    return co / (sqrt(mass_a) * sqrt(mass_b));
}

double similarity_jaccard(double co, double mass_a, double mass_b)
{
    double either = mass_a + mass_b - co;
    if (!(co > 0.0) || !(either > 0.0)) { return 0.0; }
    return co / either;
}

/* One cell's part, k ln(k n / (row column)); the limit at k = 0 is 0. */
static double cell(double k, double n, double row, double column)
{
    return k > 0.0 ? k * log((k / row) * (n / column)) : 0.0;
}

double similarity_llr_table(double k11, double k12, double k21, double k22)
{
    assert(k11 >= 0.0 && k12 >= 0.0);
    assert(k21 >= 0.0 && k22 >= 0.0);
    double row1 = k11 + k12, row2 = k21 + k22;
    double column1 = k11 + k21, column2 = k12 + k22;
    double n = row1 + row2;
    double sum = cell(k11, n, row1, column1) + cell(k12, n, row1, column2) +
                 cell(k21, n, row2, column1) + cell(k22, n, row2, column2);
    return sum > 0.0 ? 2.0 * sum : 0.0;
}

double similarity_llr(double co, double mass_a, double mass_b, double users)
{
    if (!(co > 0.0)) { return 0.0; }
    double k12 = MAX_OF(mass_a - co, 0.0);
    double k21 = MAX_OF(mass_b - co, 0.0);
    double k22 = MAX_OF(users - mass_a - mass_b + co, 0.0);
    if (co * k22 <= k12 * k21) { return 0.0; }
    return similarity_llr_table(co, k12, k21, k22);
}

double similarity_pearson(const struct similarity_moments *moments, double shrink)
{
    double n = (double)moments->n;
    if (!(n >= 2.0)) { return 0.0; }
    double x = (double)moments->x, y = (double)moments->y;
    double varies_x = (double)moments->xx - x * x / n;
    double varies_y = (double)moments->yy - y * y / n;
    /* A variance within the rounding error counts as 0. */
    if (!(varies_x > 1e-6 * (double)moments->xx) || !(varies_y > 1e-6 * (double)moments->yy)) {
        return 0.0;
    }
    double r = ((double)moments->xy - x * y / n) / sqrt(varies_x * varies_y);
    return MAX_OF(-1.0, MIN_OF(1.0, r)) * n / (n + shrink);
}
