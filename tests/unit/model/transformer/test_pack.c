#include "base/base.h"
#include "model/transformer/pack.h"
#include "tests/unit/numbers.h"

static const int32_t items[] = {10, 11, 12, 13, 14, 15, 16, 17, 18, 19};

static struct sequence first_of(size_t count)
{
    return (struct sequence){.items = items, .count = count};
}

static void test_causal(void **state)
{
    struct pack pack;
    pack_init(&pack, 6);
    struct sequence three = first_of(3), six = first_of(6), one = first_of(1);
    assert_true(pack_add_causal(&pack, &three, 4));
    assert_true(pack_add_causal(&pack, &one, 4));
    assert_true(pack_add_causal(&pack, &six, 4)); /* the last four of its five inputs */
    assert_false(pack_add_causal(&pack, &three, 4));
    const int32_t tokens[] = {10, 11, 11, 12, 13, 14}, wanted[] = {11, 12, 12, 13, 14, 15};
    const int32_t positions[] = {0, 1, 0, 1, 2, 3}, asked[] = {0, 1, 2, 3, 4, 5};
    assert_int_equal(pack.tokens, 6);
    assert_int_equal(pack.rows, 6);
    assert_int_equal(pack.sequences, 2);
    assert_true(pack.starts[0] == 0 && pack.starts[1] == 2 && pack.starts[2] == 6);
    assert_memory_equal(pack.items, tokens, sizeof(tokens));
    assert_memory_equal(pack.wanted, wanted, sizeof(wanted));
    assert_memory_equal(pack.positions, positions, sizeof(positions));
    assert_memory_equal(pack.asked, asked, sizeof(asked));
    for (size_t row = 0; row < 6; row++) { assert_true(pack.weights[row] == 1.0f); }
    pack_clear(&pack);
    assert_true(pack_add_causal(&pack, &three, 4));
    assert_int_equal(pack.tokens, 2);
    pack_release(&pack);
}

/* A prediction counts as much as the action that is to be predicted. */
static void test_weights(void **state)
{
    static const float weights[] = {1, 2, 3, 4, 5, 6, 7, 8, 9, 10};
    struct sequence six = first_of(6);
    struct pack pack;
    pack_init(&pack, 10);
    six.weights = weights;
    assert_true(sequence_causal_weight(&six, 4) == 3 + 4 + 5 + 6);
    assert_true(sequence_masked_weight(&six, 4) == 3 + 4 + 5 + 6);
    assert_true(sequence_causal_weight(&(struct sequence){.items = items, .count = 6}, 4) == 4);
    assert_true(pack_add_causal(&pack, &six, 4));
    for (size_t row = 0; row < 4; row++) {
        assert_true(pack.weights[row] == weights[pack.wanted[row] - 10]);
    }
    for (uint64_t key = 0; key < 100; key++) {
        pack_clear(&pack);
        assert_true(pack_add_masked(&pack, &six, 4, 0.5f, key));
        for (size_t row = 0; row < pack.rows; row++) {
            assert_true(pack.weights[row] == weights[pack.wanted[row] - 10]);
        }
    }
    pack_release(&pack);
}

/* A masked token is asked for what it was; others show what they are. At least one is masked, the
 * last if no other was. */
static void test_masked(void **state)
{
    struct pack pack;
    size_t masked = 0;
    pack_init(&pack, 10);
    for (uint64_t key = 0; key < 2000; key++) {
        struct sequence ten = first_of(10);
        pack_clear(&pack);
        assert_true(pack_add_masked(&pack, &ten, 8, 0.25f, key));
        assert_int_equal(pack.tokens, 8);
        assert_true(pack.rows >= 1);
        size_t row = 0;
        for (size_t t = 0; t < 8; t++) {
            if (row < pack.rows && (size_t)pack.asked[row] == t) {
                assert_int_equal(pack.items[t], PACK_MASK);
                assert_int_equal(pack.wanted[row++], items[t + 2]);
            } else {
                assert_int_equal(pack.items[t], items[t + 2]);
            }
        }
        assert_int_equal(row, pack.rows);
        masked += pack.rows;
    }
    /* Eight chances at a quarter, and one for certain where all fail. */
    near_to((double)masked / 2000, 2.0 + pow(0.75, 8), 0.06, "masked", 0);
    assert_false(pack_add_masked(&pack, &(struct sequence){.items = items, .count = 3}, 8, 0, 1));
    pack_clear(&pack);
    assert_true(pack_add_masked(&pack, &(struct sequence){.items = items, .count = 3}, 8, 0, 1));
    assert_true(pack.rows == 1 && pack.asked[0] == 2 && pack.wanted[0] == 12);
    pack_release(&pack);
}

static void test_history(void **state)
{
    struct pack pack;
    struct sequence five = first_of(5), one = first_of(1);
    pack_init(&pack, 6);
    assert_true(pack_add_history(&pack, &five, 3, false));
    assert_true(pack_add_history(&pack, &one, 3, false));
    assert_false(pack_add_history(&pack, &five, 3, false));
    assert_true(pack.rows == 2 && pack.asked[0] == 2 && pack.asked[1] == 3);
    assert_true(pack.items[0] == 12 && pack.items[2] == 14 && pack.items[3] == 10);
    pack_clear(&pack);
    assert_true(pack_add_history(&pack, &five, 3, true));
    assert_true(pack_add_history(&pack, &one, 3, true));
    assert_false(pack_add_history(&pack, &one, 3, true));
    const int32_t want[] = {13, 14, PACK_MASK, 10, PACK_MASK};
    assert_memory_equal(pack.items, want, sizeof(want));
    assert_true(pack.asked[0] == 2 && pack.asked[1] == 4 && pack.positions[4] == 1);
    pack_release(&pack);
}

/* Searches predict the next action, and nothing predicts them. */
static void test_searches(void **state)
{
    static const int32_t mixed[] = {10, -2, -4, 11, 12, -3};
    static const float weights[] = {1, 0, 0, 4, 8, 0};
    const struct sequence sequence = {.items = mixed, .count = 6, .weights = weights};
    struct pack pack;
    pack_init(&pack, 20);
    for (size_t search = 0; search < 5; search++) {
        assert_int_equal(pack_search(pack_of_search(search)), search);
    }
    assert_true(pack_add_causal(&pack, &sequence, 10));
    assert_int_equal(sequence_causal_tokens(&sequence, 10), 4);
    assert_true(sequence_causal_weight(&sequence, 10) == 4 + 4 + 4 + 8);
    const int32_t wanted[] = {11, 11, 11, 12};
    assert_true(pack.tokens == 4 && pack.rows == 4);
    assert_memory_equal(pack.items, mixed, 4 * sizeof(*mixed));
    assert_memory_equal(pack.wanted, wanted, sizeof(wanted));
    assert_true(pack.weights[2] == 4 && pack.weights[3] == 8);
    assert_true(sequence_causal_weight(&sequence, 2) == 4 + 8);
    for (uint64_t key = 0; key < 200; key++) {
        pack_clear(&pack);
        assert_true(pack_add_masked(&pack, &sequence, 5, 0.2f, key));
        assert_true(pack.tokens == 5 && pack.rows >= 1);
        for (size_t row = 0; row < pack.rows; row++) { assert_true(pack.wanted[row] >= 11); }
    }
    assert_true(sequence_masked_weight(&sequence, 5) == 4 + 8);
    pack_clear(&pack);
    assert_true(pack_add_history(&pack, &sequence, 3, false));
    assert_memory_equal(pack.items, mixed + 3, 3 * sizeof(*mixed));
    const struct sequence only = {.items = mixed + 1, .count = 2};
    pack_clear(&pack);
    assert_true(pack_add_causal(&pack, &only, 5) && pack_add_masked(&pack, &only, 5, 0.5f, 1));
    assert_true(pack.tokens == 0 && pack.sequences == 0);
    assert_int_equal(sequence_causal_tokens(&only, 5), 0);
    pack_release(&pack);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_searches),
        cmocka_unit_test(test_causal),
        cmocka_unit_test(test_weights),
        cmocka_unit_test(test_masked),
        cmocka_unit_test(test_history),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
