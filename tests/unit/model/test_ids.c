#include "base/base.h"
#include "base/hash_index.h"
#include "base/buf.h"
#include "model/ids.h"

#include <setjmp.h>
#include <cmocka.h>

enum { MANY = 5000 };

static struct slice name(struct buf *buf, int number)
{
    buf_clear(buf);
    buf_printf(buf, "item-%d", number);
    return buf_slice(buf);
}

/* Many at once are found as one by one, known or not, whatever their number. */
static void test_many_are_found(void **state)
{
    enum { ASKED = 53 };
    struct ids *ids = ids_new(MANY);
    struct buf buf;
    char texts[ASKED][16];
    struct slice asked[ASKED];
    int32_t numbers[ASKED];
    buf_init(&buf, 64);
    for (int k = 0; k < ASKED; k++) {
        int size = snprintf(texts[k], sizeof(texts[k]), "item-%d", k % 10 == 7 ? k - 1 : k);
        asked[k] = slice_of(texts[k], (size_t)size);
    }
    for (int known = 0; known <= ASKED; known += 13) {
        for (size_t count = 0; count <= ASKED; count++) {
            ids_find_many(ids, asked, count, numbers);
            for (size_t k = 0; k < count; k++) {
                assert_int_equal(numbers[k], ids_find(ids, asked[k]));
            }
        }
        for (int i = known; i < known + 13; i++) { (void)ids_put(ids, name(&buf, i)); }
    }
    ids_clear(ids);
    ids_find_many(ids, asked, ASKED, numbers);
    for (size_t k = 0; k < ASKED; k++) { assert_int_equal(numbers[k], ID_NONE); }
    buf_release(&buf);
    ids_free(ids);
}

static void test_numbers_in_order_of_arrival(void **state)
{
    struct ids *ids = ids_new(MANY);
    struct buf buf;
    buf_init(&buf, 64);
    for (int i = 0; i < MANY; i++) {
        assert_int_equal(ids_find(ids, name(&buf, i)), ID_NONE);
        assert_int_equal(ids_put(ids, name(&buf, i)), i);
    }
    assert_int_equal(ids_count(ids), MANY);
    for (int i = 0; i < MANY; i++) {
        struct slice id = name(&buf, i);
        assert_int_equal(ids_put(ids, id), i);
        assert_int_equal(ids_find(ids, id), i);
        assert_int_equal(ids_find_hash(ids, ids_fingerprint(id)), i);
        assert_true(ids_hash(ids, i) == ids_fingerprint(id));
        assert_true(slice_equal(ids_text(ids, i), id));
        assert_int_equal(ids_text(ids, i).data[id.size], '\0');
    }
    assert_int_equal(ids_count(ids), MANY);
    assert_int_equal(ids_find_hash(ids, 12345), ID_NONE);
    buf_release(&buf);
    ids_free(ids);
    ids_free(NULL);
}

static void test_texts_stay_where_they_are(void **state)
{
    struct ids *ids = ids_new(MANY);
    struct buf buf;
    buf_init(&buf, 64);
    ids_put(ids, slice_str("first"));
    const char *first = ids_text(ids, 0).data;
    for (int i = 0; i + 1 < MANY; i++) { ids_put(ids, name(&buf, i)); }
    assert_ptr_equal(ids_text(ids, 0).data, first);
    buf_release(&buf);
    ids_free(ids);
}

static void test_full(void **state)
{
    struct ids *ids = ids_new(2);
    assert_int_equal(ids_put(ids, slice_str("")), 0);
    assert_int_equal(ids_put(ids, slice_of("a\0b", 3)), 1);
    assert_int_equal(ids_put(ids, slice_of("a\0c", 3)), ID_NONE);
    assert_int_equal(ids_put(ids, slice_of("a\0b", 3)), 1);
    assert_int_equal(ids_find(ids, slice_str("a")), ID_NONE);
    assert_int_equal(ids_count(ids), 2);
    ids_free(ids);
}

static bool is_even(const void *arg _unused_, int32_t number)
{
    return number % 2 == 0;
}

static bool is_last(const void *arg, int32_t number)
{
    return number == *(const int32_t *)arg;
}

/* Of many, one stays that has a great number. */
static void test_one_of_many_is_retained(void **state)
{
    const int32_t last = 3 * HASH_INDEX_NARROW;
    struct ids *ids = ids_new(last + 1);
    struct buf buf;
    buf_init(&buf, 64);
    for (int round = 0; round < 2; round++) {
        for (int i = 0; i <= last; i++) { ids_put(ids, name(&buf, i)); }
        ids_retain(ids, is_last, &last);
        assert_int_equal(ids_room(ids), last);
        assert_int_equal(ids_find(ids, name(&buf, last)), last);
        assert_int_equal(ids_find(ids, name(&buf, last - 1)), ID_NONE);
    }
    buf_release(&buf);
    ids_free(ids);
}

/* What stays keeps its number; later ids get the numbers of what was forgotten, and no others. */
static void test_retained(void **state)
{
    struct ids *ids = ids_new(MANY);
    struct buf buf;
    buf_init(&buf, 64);
    ids_retain(ids, is_even, NULL);
    for (int round = 0; round < 3; round++) {
        for (int i = 0; i < MANY; i++) { ids_put(ids, name(&buf, i % 2 ? i + round * MANY : i)); }
        assert_int_equal(ids_room(ids), 0);
        assert_int_equal(ids_put(ids, slice_str("one more")), ID_NONE);
        ids_retain(ids, is_even, NULL);
        ids_retain(ids, is_even, NULL); /* nothing more to forget */
        assert_int_equal(ids_room(ids), MANY / 2);
        assert_int_equal(ids_count(ids), MANY);
        for (int i = 0; i < MANY; i++) {
            int32_t found = ids_find(ids, name(&buf, i % 2 ? i + round * MANY : i));
            assert_int_equal(found, i % 2 ? ID_NONE : i);
            if (i % 2 == 0) { assert_true(slice_equal(ids_text(ids, i), name(&buf, i))); }
        }
    }
    ids_clear(ids);
    assert_int_equal(ids_room(ids), MANY);
    assert_int_equal(ids_put(ids, slice_str("a")), 0);
    buf_release(&buf);
    ids_free(ids);
}

static bool is_below(const void *arg, int32_t number)
{
    return number < *(const int32_t *)arg;
}

/* Unused ids are forgotten where they are most of the table, or a 16th of a full one. */
static void test_unused_are_forgotten(void **state)
{
    enum { MOST = 1 << 20, LEAST = 1 << 16 };
    static const struct { int32_t known, used; bool forgotten; } cases[] = {
        {LEAST, 0, false}, {LEAST + 1, 0, true}, {2 * LEAST + 1, LEAST, true},
        {6 * LEAST, 3 * LEAST, false}, {6 * LEAST + 1, 3 * LEAST, true}, {MOST, MOST, false},
        {MOST, MOST - LEAST, false}, {MOST, MOST - LEAST - 1, true},
        {MOST - LEAST, MOST - 3 * LEAST, false},
    };
    struct buf buf;
    buf_init(&buf, 64);
    for (size_t k = 0; k < ARRAY_COUNT(cases); k++) {
        struct ids *ids = ids_new(MOST);
        for (int i = 0; i < cases[k].known; i++) { ids_put(ids, name(&buf, i)); }
        ids_forget_unused(ids, (size_t)cases[k].used, is_below, &cases[k].used);
        const int32_t left = cases[k].forgotten ? cases[k].used : cases[k].known;
        assert_int_equal(ids_room(ids), MOST - left);
        ids_free(ids);
    }
    buf_release(&buf);
}

static void test_cleared(void **state)
{
    struct ids *ids = ids_new(3);
    for (int round = 0; round < 3; round++) {
        const char *first = round % 2 ? "a" : "b", *second = round % 2 ? "b" : "a";
        assert_int_equal(ids_put(ids, slice_str(first)), 0);
        assert_int_equal(ids_put(ids, slice_str(second)), 1);
        assert_int_equal(ids_find_hash(ids, ids_fingerprint(slice_str(second))), 1);
        ids_rank_all(ids);
        assert_int_equal(ids_before(ids, 0, 1), round % 2);
        ids_clear(ids);
        assert_int_equal(ids_count(ids), 0);
        assert_int_equal(ids_find(ids, slice_str("a")), ID_NONE);
        assert_int_equal(ids_find_hash(ids, ids_fingerprint(slice_str("a"))), ID_NONE);
    }
    ids_free(ids);
}

static void test_order_is_that_of_the_texts(void **state)
{
    struct ids *ids = ids_new(3);
    int32_t c = ids_put(ids, slice_str("c")), a = ids_put(ids, slice_str("a"));
    int32_t ab = ids_put(ids, slice_str("ab"));
    assert_true(ids_before(ids, a, ab) && ids_before(ids, ab, c) && ids_before(ids, a, c));
    assert_false(ids_before(ids, c, a) || ids_before(ids, a, a));
    ids_free(ids);
}

/* Among 120,000 ids some share one of the 2^24 prefixes. */
static void test_ids_that_share_a_prefix(void **state)
{
    enum { IDS = 120000 };
    struct ids *ids = ids_new(IDS);
    struct buf buf;
    buf_init(&buf, 64);
    for (int i = 0; i < IDS; i++) { ids_put(ids, name(&buf, i)); }
    size_t shared = 0;
    for (int i = 0; i < IDS; i++) {
        int32_t found[IDS_PREFIXED_MAX];
        size_t count = ids_find_prefix(ids, ids_prefix(ids_hash(ids, i)), found);
        bool itself = false;
        for (size_t k = 0; k < count; k++) {
            itself |= found[k] == i;
            assert_int_equal(ids_prefix(ids_hash(ids, found[k])), ids_prefix(ids_hash(ids, i)));
        }
        assert_true(itself);
        shared += count > 1;
        assert_int_equal(ids_find_hash(ids, ids_hash(ids, i)), i);
    }
    assert_true(shared > 500 && shared < 1200);
    buf_release(&buf);
    ids_free(ids);
}

/* The table of prefixes is made at its first use, and kept up from then on. */
static void test_fingerprints_of_later_ids(void **state)
{
    struct ids *ids = ids_new(MANY);
    struct buf buf;
    buf_init(&buf, 64);
    for (int i = 0; i < MANY; i++) {
        ids_put(ids, name(&buf, i));
        if (i % 7) { continue; }
        assert_int_equal(ids_find_hash(ids, ids_fingerprint(name(&buf, i))), i);
        assert_int_equal(ids_find_hash(ids, ids_fingerprint(name(&buf, i / 2))), i / 2);
        assert_int_equal(ids_find_hash(ids, ids_fingerprint(name(&buf, i + 1))), ID_NONE);
    }
    buf_release(&buf);
    ids_free(ids);
}

/* The published XXH3-64 of nothing, seed 0: other programs must find the same fingerprints. */
static void test_fingerprint(void **state)
{
    assert_true(ids_fingerprint(slice_str("")) == 0x2d06800538d394c2u);
}

/* Ranks follow the texts, whatever was ranked before; ids without a rank are compared by text. */
static void test_ranks_are_the_order_of_texts(void **state)
{
    struct ids *ids = ids_new(MANY);
    struct buf buf;
    buf_init(&buf, 64);
    ids_rank_all(ids);
    for (int i = 0; i < MANY; i++) {
        ids_put(ids, name(&buf, i * 7919 % MANY));
        if (i == 1 || i == 17 || i == MANY / 2) { ids_rank_all(ids); }
        assert_int_equal(ids_rank(ids, i) == ID_NONE, i != 1 && i != 17 && i != MANY / 2);
    }
    for (int turn = 0; turn < 2; turn++) {
        for (int i = 0; i + 1 < MANY; i++) {
            bool before = slice_compare(ids_text(ids, i), ids_text(ids, i + 1)) < 0;
            assert_int_equal(ids_before(ids, i, i + 1), before);
            assert_int_equal(ids_before(ids, i + 1, i), !before);
        }
        ids_rank_all(ids);
        ids_rank_all(ids);
        assert_int_equal(ids_unranked(ids), 0);
    }
    assert_false(ids_before(ids, 3, 3));
    buf_release(&buf);
    ids_free(ids);
}

/* An eighth of the ids may be without a rank, not more. */
static void test_ranked_often(void **state)
{
    struct ids *ids = ids_new(MANY);
    struct buf buf;
    int ranked = 0;
    buf_init(&buf, 64);
    for (int i = 0; i < MANY; i++) {
        ids_put(ids, name(&buf, i * 7919 % MANY));
        int32_t before = ids_unranked(ids);
        ids_rank_often(ids);
        assert_true(ids_unranked(ids) <= ids_count(ids) / 8);
        ranked += ids_unranked(ids) < before;
    }
    assert_true(ranked < 70);
    buf_release(&buf);
    ids_free(ids);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_ranks_are_the_order_of_texts),
        cmocka_unit_test(test_ranked_often),
        cmocka_unit_test(test_numbers_in_order_of_arrival),
        cmocka_unit_test(test_many_are_found),
        cmocka_unit_test(test_texts_stay_where_they_are),
        cmocka_unit_test(test_fingerprints_of_later_ids),
        cmocka_unit_test(test_ids_that_share_a_prefix),
        cmocka_unit_test(test_full),
        cmocka_unit_test(test_retained),
        cmocka_unit_test(test_one_of_many_is_retained),
        cmocka_unit_test(test_unused_are_forgotten),
        cmocka_unit_test(test_cleared),
        cmocka_unit_test(test_order_is_that_of_the_texts),
        cmocka_unit_test(test_fingerprint),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
