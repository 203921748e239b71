/* Rows, columns and scales of the matrix against loops over the histories. */
#include "base/base.h"
#include "base/xalloc.h"
#include "model/rng.h"
#include "trainer/sequence/user_matrix.h"

#include <setjmp.h>
#include <cmocka.h>

enum { USERS = 40, ITEMS = 25, ACTIONS = 12, USERS_MIN = 4, MOST = 10 };

struct user {
    char texts[ACTIONS][8];
    struct slice items[ACTIONS];
    float weights[ACTIONS];
    int32_t actions[ACTIONS];
    size_t count;
};

static void make(struct user *user, uint64_t *rng)
{
    *user = (struct user){.count = rng_below(rng, ACTIONS)};
    for (size_t k = 0; k < user->count; k++) {
        size_t item = rng_below(rng, 1 + rng_below(rng, ITEMS));
        (void)snprintf(user->texts[k], sizeof(user->texts[k]), "i%zu", (item * 7) % ITEMS);
        user->items[k] = slice_str(user->texts[k]);
        user->weights[k] = (float)rng_below(rng, 4); /* 0: does not count */
        user->actions[k] = rng_below(rng, 2) ? ACTION_RATING : ACTION_VIEW;
    }
}

static struct user_history history_of(const struct user *user)
{
    union {
        const void *from;
        void *to;
    } items = {user->items}, weights = {user->weights}, actions = {user->actions};
    return (struct user_history){.items = {items.to, user->count},
                                 .weights = {weights.to, user->count},
                                 .actions = {actions.to, user->count}};
}

/* What a user's actions on an item count together. */
static double strength_of(const struct user *user, struct slice item)
{
    const struct user_history history = history_of(user);
    double sum = 0.0;
    for (size_t k = 0; k < user->count; k++) {
        if (slice_equal(user->items[k], item)) { sum += (double)history_strength(&history, k); }
    }
    return sum;
}

static size_t users_of(const struct user *users, struct slice item)
{
    size_t count = 0;
    for (size_t u = 0; u < USERS; u++) { count += strength_of(&users[u], item) > 0.0; }
    return count;
}

static void check_columns(const struct user_matrix *matrix, const struct user *users)
{
    size_t enough = 0, least = USERS;
    for (size_t c = 0; c < matrix->width; c++) {
        struct slice item = user_matrix_item(matrix, c);
        size_t count = users_of(users, item);
        assert_true(count >= USERS_MIN);
        assert_true(!c || slice_compare(user_matrix_item(matrix, c - 1), item) < 0);
        assert_true(fabs((double)matrix->scales[c] - pow((double)count, -0.5)) < 1e-6);
        least = MIN_OF(least, count);
    }
    for (int i = 0; i < ITEMS; i++) {
        char text[8];
        (void)snprintf(text, sizeof(text), "i%d", i);
        size_t count = users_of(users, slice_str(text));
        enough += count >= USERS_MIN;
        bool in = false;
        for (size_t c = 0; c < matrix->width; c++) {
            in |= slice_equal(user_matrix_item(matrix, c), slice_str(text));
        }
        assert_true(in || count <= least || count < USERS_MIN);
    }
    assert_int_equal(matrix->width, MIN_OF(enough, (size_t)MOST));
}

static void check_row(const struct user_matrix *matrix, size_t row, const struct user *user)
{
    size_t from = matrix->begins[row], to = matrix->begins[row + 1];
    double wanted = 0.0, found = 0.0;
    for (size_t k = from; k < to; k++) {
        struct slice item = user_matrix_item(matrix, (size_t)matrix->columns[k]);
        double strength = strength_of(user, item);
        assert_true(fabs((double)matrix->values[k] - log(1.0 + strength)) < 1e-6);
        found += (double)matrix->values[k];
    }
    for (size_t k = 0; k < user->count; k++) { /* each item at its first action */
        size_t first = 0;
        while (!slice_equal(user->items[first], user->items[k])) { first++; }
        if (first == k) { wanted += log(1.0 + strength_of(user, user->items[k])); }
    }
    assert_true(fabs(found - wanted) < 1e-5);
}

static void test_against_loops(void **state)
{
    struct user users[USERS];
    struct user_matrix matrix;
    size_t rows[USERS], count = 0;
    uint64_t rng = 9;
    user_matrix_init(&matrix);
    for (size_t u = 0; u < USERS; u++) {
        make(&users[u], &rng);
        const struct user_history history = history_of(&users[u]);
        if (user_matrix_add(&matrix, &history)) { rows[count++] = u; }
    }
    assert_int_equal(matrix.rows, count);
    assert_true(count > USERS / 2 && count < USERS); /* some have nothing that counts */
    user_matrix_order(&matrix, MOST, USERS_MIN, 0.5);
    assert_true(user_matrix_bytes(&matrix) > matrix.cells * 8);
    check_columns(&matrix, users);
    for (size_t r = 0; r < count; r++) { check_row(&matrix, r, &users[rows[r]]); }
    user_matrix_release(&matrix);
}

static void test_nothing(void **state)
{
    struct user_matrix matrix;
    user_matrix_init(&matrix);
    user_matrix_order(&matrix, MOST, USERS_MIN, 0.5);
    assert_int_equal(user_matrix_rows(&matrix).rows, 0);
    assert_int_equal(user_matrix_rows(&matrix).width, 0);
    user_matrix_release(&matrix);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_against_loops),
        cmocka_unit_test(test_nothing),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
