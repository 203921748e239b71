/* A table of all ratings and what the classical measures are of it, in doubles and by brute
 * force. */
#ifndef FRESHET_TESTS_UNIT_RATINGS_ORACLE_H
#define FRESHET_TESTS_UNIT_RATINGS_ORACLE_H

#include "tests/unit/tiny_world.h"

enum { ORACLE_USERS = 40, ORACLE_ITEMS = 25 };

struct ratings_oracle {
    double r[ORACLE_USERS][ORACLE_ITEMS]; /* 0: none */
    double mu, of_item[ORACLE_ITEMS], of_user[ORACLE_USERS];
};

static inline void ratings_oracle_fill(struct ratings_oracle *oracle,
                                       const struct sequences *sequences)
{
    double sum = 0, count = 0;
    *oracle = (struct ratings_oracle){.mu = 0};
    for (int32_t user = 0; user < ORACLE_USERS; user++) {
        size_t length;
        const struct user_action *actions = sequences_of(sequences, user, &length);
        for (size_t at = 0; at < length; at++) {
            oracle->r[user][actions[at].item] = (double)actions[at].rating;
            sum += (double)actions[at].rating;
            count++;
        }
    }
    oracle->mu = sum / count;
    for (int i = 0; i < ORACLE_ITEMS; i++) {
        double over = 0, n = 10;
        for (int u = 0; u < ORACLE_USERS; u++) {
            if (oracle->r[u][i] > 0) { over += oracle->r[u][i] - oracle->mu, n++; }
        }
        oracle->of_item[i] = over / n;
    }
    for (int u = 0; u < ORACLE_USERS; u++) {
        double over = 0, n = 15;
        for (int i = 0; i < ORACLE_ITEMS; i++) {
            if (!(oracle->r[u][i] > 0)) { continue; }
            over += oracle->r[u][i] - oracle->mu - oracle->of_item[i];
            n++;
        }
        oracle->of_user[u] = over / n;
    }
}

/* Pearson's r of two series where both are above 0, times n / (n + shrink). */
static inline double ratings_oracle_pearson(const double *x, size_t step_x, const double *y,
                                            size_t step_y, size_t length, double shrink)
{
    double n = 0, mean_x = 0, mean_y = 0, xy = 0, xx = 0, yy = 0;
    for (size_t at = 0; at < length; at++) {
        if (x[at * step_x] > 0 && y[at * step_y] > 0) {
            n++;
            mean_x += x[at * step_x];
            mean_y += y[at * step_y];
        }
    }
    if (n < 2) { return 0; }
    mean_x /= n;
    mean_y /= n;
    for (size_t at = 0; at < length; at++) {
        if (x[at * step_x] > 0 && y[at * step_y] > 0) {
            xy += (x[at * step_x] - mean_x) * (y[at * step_y] - mean_y);
            xx += (x[at * step_x] - mean_x) * (x[at * step_x] - mean_x);
            yy += (y[at * step_y] - mean_y) * (y[at * step_y] - mean_y);
        }
    }
    return xx > 1e-9 && yy > 1e-9 ? xy / sqrt(xx * yy) * n / (n + shrink) : 0;
}

static inline double ratings_oracle_items(const struct ratings_oracle *oracle, int a, int b,
                                          double shrink)
{
    return ratings_oracle_pearson(&oracle->r[0][a], ORACLE_ITEMS, &oracle->r[0][b], ORACLE_ITEMS,
                                  ORACLE_USERS, shrink);
}

static inline double ratings_oracle_users(const struct ratings_oracle *oracle, int a, int b,
                                          double shrink)
{
    return ratings_oracle_pearson(oracle->r[a], 1, oracle->r[b], 1, ORACLE_ITEMS, shrink);
}

/* Puts the greatest of `values` above 0 first, the first of equals first; returns how many. */
static inline size_t ratings_oracle_greatest(const double *values, size_t count, size_t most,
                                             int *places)
{
    size_t found = 0;
    for (; found < most; found++) {
        int best = -1;
        for (size_t at = 0; at < count; at++) {
            bool taken = !(values[at] > 0);
            for (size_t k = 0; k < found; k++) { taken |= places[k] == (int)at; }
            if (!taken && (best < 0 || values[at] > values[best])) { best = (int)at; }
        }
        if (best < 0) { break; }
        places[found] = best;
    }
    return found;
}

#endif
