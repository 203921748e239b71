#include "base/base.h"
#include "trainer/sequence/vocabulary.h"

#include <setjmp.h>
#include <cmocka.h>

enum { MAX = 20, MADE_UP = 50, REAL = 20 };

static uint64_t hash_of(int item)
{
    return (uint64_t)item * UINT64_C(0x9e3779b97f4a7c15) + 1;
}

/* Adds items first..last - 1; each is in the sequences of `users` users. */
static void act(struct training_set *training_set, int32_t first, int32_t last, int users)
{
    for (int32_t item = first; item < last; item++) {
        if ((size_t)item == training_set_items(training_set)) {
            training_set_add_item(training_set, hash_of(item));
        }
        for (int user = 0; user < users; user++) {
            training_set_put(training_set, (uint64_t)(item * 1000 + user), &item, NULL, 1, 1);
        }
    }
}

static int known(const struct vocabulary *vocabulary, int32_t first, int32_t last)
{
    int count = 0;
    for (int32_t item = first; item < last; item++) {
        count += vocabulary_number(vocabulary, item) != VOCABULARY_NONE;
    }
    return count;
}

/* Where there is room for all, they are numbered by their fingerprints. */
static void all_items_that_fit(void **state)
{
    struct training_set *training_set = training_set_new(8, 1 << 20);
    struct vocabulary vocabulary;
    act(training_set, 0, MAX, 1);
    vocabulary_init(&vocabulary, training_set, MAX);
    assert_true(vocabulary_update(&vocabulary, training_set));
    assert_int_equal(known(&vocabulary, 0, MAX), MAX);
    for (uint32_t i = 1; i < vocabulary.items.count; i++) {
        assert_true(vocabulary.items.hashes[i - 1] < vocabulary.items.hashes[i]);
    }
    assert_int_equal(vocabulary.over_max, 0);
    vocabulary_release(&vocabulary);
    training_set_free(training_set);
}

static void most_actions_come_first(void **state)
{
    struct training_set *training_set = training_set_new(8, 1 << 20);
    struct vocabulary vocabulary;
    act(training_set, 0, MADE_UP, 1);
    act(training_set, MADE_UP, MADE_UP + REAL, 3);
    vocabulary_init(&vocabulary, training_set, MAX);
    assert_true(vocabulary_update(&vocabulary, training_set));
    assert_int_equal(known(&vocabulary, MADE_UP, MADE_UP + REAL), MAX);
    assert_int_equal(vocabulary.over_max, MADE_UP);
    assert_false(vocabulary.crowded);
    vocabulary_release(&vocabulary);
    training_set_free(training_set);
}

/* A model whose numbers are taken by others is to be made anew, and then has the catalogue. */
static void the_catalogue_comes_first(void **state)
{
    struct training_set *training_set = training_set_new(8, 1 << 20);
    struct vocabulary vocabulary;
    act(training_set, 0, MADE_UP, 5);
    vocabulary_init(&vocabulary, training_set, MAX);
    assert_true(vocabulary_update(&vocabulary, training_set));
    assert_int_equal(known(&vocabulary, 0, MADE_UP), MAX);
    act(training_set, MADE_UP, MADE_UP + REAL, 1);
    assert_true(vocabulary_update(&vocabulary, training_set));
    assert_false(vocabulary.crowded);
    for (int32_t item = MADE_UP; item < MADE_UP + REAL; item++) {
        training_set_list(training_set, item, true);
    }
    assert_true(vocabulary_update(&vocabulary, training_set));
    assert_true(vocabulary.crowded);
    vocabulary_release(&vocabulary);
    vocabulary_init(&vocabulary, training_set, MAX);
    assert_true(vocabulary_update(&vocabulary, training_set));
    assert_int_equal(known(&vocabulary, MADE_UP, MADE_UP + REAL), MAX);
    assert_false(vocabulary.crowded);
    vocabulary_release(&vocabulary);
    training_set_free(training_set);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(all_items_that_fit),
        cmocka_unit_test(most_actions_come_first),
        cmocka_unit_test(the_catalogue_comes_first),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
