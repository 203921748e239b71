#include "base/base.h"
#include "model/ids.h"
#include "model/word_index.h"
#include "tests/unit/numbers.h"

enum { ITEMS = 120, WORDS = 60, TOP = 25 };

struct world {
    bool has[ITEMS][WORDS];
};

static double document_frequency(const struct world *world, int32_t word)
{
    double df = 0;
    for (int i = 0; i < ITEMS; i++) { df += word != ID_NONE && world->has[i][word]; }
    return df;
}

static double length_of(const struct world *world, int item)
{
    double length = 0;
    for (int w = 0; w < WORDS; w++) { length += world->has[item][w]; }
    return length;
}

/* BM25 as the header has it, from the whole matrix. */
static double oracle(const struct world *world, const int32_t *query, size_t count, int item)
{
    double items = 0, words = 0, sum = 0;
    for (int i = 0; i < ITEMS; i++) {
        items += length_of(world, i) > 0;
        words += length_of(world, i);
    }
    for (size_t k = 0; k < count; k++) {
        double df = document_frequency(world, query[k]);
        if (query[k] == ID_NONE || !world->has[item][query[k]]) { continue; }
        double idf = log(1 + (items - df + 0.5) / (df + 0.5));
        double length = length_of(world, item) / (words / items);
        sum += idf * 2.2 / (1 + 1.2 * (0.25 + 0.75 * length));
    }
    return sum;
}

static bool before(const void *arg _unused_, int32_t a, int32_t b)
{
    return a < b;
}

static bool allows(const void *arg, int32_t item)
{
    return !arg || item % 7 != 3;
}

static void assert_found(struct word_index *index, const struct world *world, const int32_t *query,
                         size_t count, const void *bars)
{
    struct topk top;
    topk_init(&top, before, NULL);
    topk_clear(&top, TOP);
    word_index_offer(index, query, count, allows, bars, &top);
    topk_sort(&top);
    double least = top.count == TOP ? top.entries[TOP - 1].score : 0.0;
    size_t above = 0;
    for (size_t k = 0; k < top.count; k++) {
        near_to(top.entries[k].score, oracle(world, query, count, top.entries[k].item), 1e-12,
                "score", k);
        near_to(top.entries[k].score,
                word_index_score(index, query, count, top.entries[k].item), 1e-12, "alone", k);
        assert_true(allows(bars, top.entries[k].item));
    }
    for (int i = 0; i < ITEMS; i++) {
        double score = oracle(world, query, count, i);
        near_to(word_index_score(index, query, count, i), score, 1e-12, "item", (size_t)i);
        above += allows(bars, i) && score > least + 1e-12;
    }
    assert_true(above <= top.count);
    topk_release(&top);
}

/* However items come, change and go, scores are those of the formula. */
static void test_scores(void **state _unused_)
{
    static struct world world;
    static const int bars = 1;
    struct word_index *index = word_index_new(ITEMS);
    uint64_t rng = 11;
    for (int step = 0; step < 3000; step++) {
        int item = (int)(draw(&rng) * ITEMS);
        uint32_t words[WORDS];
        size_t count = draw(&rng) < 0.2 ? 0 : (size_t)(draw(&rng) * 20.0);
        memset(world.has[item], 0, sizeof(world.has[item]));
        for (size_t k = 0; k < count; k++) {
            words[k] = (uint32_t)(draw(&rng) * draw(&rng) * WORDS);
            world.has[item][words[k]] = true;
        }
        (void)word_index_put(index, item, words, count);
        if (step % 50) { continue; }
        int32_t query[4] = {(int32_t)(draw(&rng) * 10), 10 + (int32_t)(draw(&rng) * 20), ID_NONE,
                            30 + (int32_t)(draw(&rng) * 30)};
        assert_found(index, &world, query, 4, step % 100 ? NULL : &bars);
        double full = 0, items = 0;
        for (int i = 0; i < ITEMS; i++) { items += length_of(&world, i) > 0; }
        for (size_t k = 0; k < 4; k++) {
            double df = document_frequency(&world, query[k]);
            full += log(1 + (items - df + 0.5) / (df + 0.5));
        }
        near_to(word_index_full(index, query, 4), items > 0 ? full : 0.0, 1e-12, "full", 0);
    }
    word_index_free(index);
}

/* All items have a word, and go: each is found at once among all (seconds, where it was searched).
 */
static void test_a_catalogue_goes(void **state _unused_)
{
    enum { MANY = 100000 };
    struct word_index *index = word_index_new(MANY);
    const int32_t query[] = {0};
    for (int32_t i = 0; i < MANY; i++) {
        const uint32_t words[] = {0, 1, 2, 3 + (uint32_t)i};
        assert_true(word_index_put(index, i, words, 4));
    }
    for (int32_t i = 1; i < MANY; i++) { assert_true(word_index_put(index, i, NULL, 0)); }
    assert_true(word_index_score(index, query, 1, 0) > 0.0);
    assert_true(word_index_score(index, query, 1, 1) == 0.0);
    word_index_free(index);
}

static void test_what_changes_nothing(void **state _unused_)
{
    struct word_index *index = word_index_new(5);
    const uint32_t words[] = {3, 1, 3}, sorted[] = {1, 3};
    const int32_t query[] = {1};
    assert_false(word_index_put(index, 5, words, 3));
    assert_false(word_index_put(index, -1, words, 3));
    assert_false(word_index_put(index, 2, NULL, 0));
    assert_true(word_index_full(index, query, 1) == 0.0);
    assert_true(word_index_put(index, 2, words, 3));
    assert_false(word_index_put(index, 2, sorted, 2));
    assert_true(word_index_score(index, query, 1, 2) > 0.0);
    assert_true(word_index_score(index, query, 1, 4) == 0.0);
    assert_true(word_index_put(index, 2, NULL, 0));
    assert_true(word_index_score(index, query, 1, 2) == 0.0);
    assert_null(word_index_free(NULL));
    word_index_free(index);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_scores),
        cmocka_unit_test(test_what_changes_nothing),
        cmocka_unit_test(test_a_catalogue_goes),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
