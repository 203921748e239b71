#include "base/base.h"
#include "base/hash_index.h"
#include "base/xalloc.h"

#include <setjmp.h>
#include <cmocka.h>

enum { KEYS_MAX = 70000, STEPS = 60000, WIDE_KEYS = 40000 };

/* An owner: keys without order, the last one moves into the place of a removed one. */
struct owner {
    struct hash_index index;
    uint64_t keys[KEYS_MAX];
    uint32_t count;
    uint64_t (*hash)(uint64_t key);
};

static uint64_t itself(uint64_t key)
{
    return key;
}

/* Four hashes for all keys: every search passes long runs. */
static uint64_t crowded(uint64_t key)
{
    return key % 4;
}

static uint64_t hash_of(const void *arg, uint32_t at)
{
    const struct owner *owner = arg;
    assert_true(at < owner->count);
    return owner->hash(owner->keys[at]);
}

static bool is(const void *arg, uint32_t at, const void *key)
{
    const struct owner *owner = arg;
    assert_true(at < owner->count);
    return owner->keys[at] == *(const uint64_t *)key;
}

static struct owner *owner_new(uint64_t seed, uint64_t (*hash)(uint64_t key))
{
    struct owner *owner = xcalloc(1, sizeof(*owner));
    owner->hash = hash;
    hash_index_init(&owner->index, seed);
    return owner;
}

static void owner_free(struct owner *owner)
{
    hash_index_release(&owner->index);
    assert_int_equal(owner->index.count, 0);
    free(owner);
}

static int32_t find(const struct owner *owner, uint64_t key)
{
    return hash_index_find(&owner->index, owner->hash(key), is, owner, &key);
}

static void add(struct owner *owner, uint64_t key)
{
    owner->keys[owner->count++] = key;
    hash_index_add(&owner->index, owner->hash(key), owner->count - 1, hash_of, owner);
}

/* Finds or adds with one search, as the hot loops do. */
static uint32_t find_or_add(struct owner *owner, uint64_t key)
{
    hash_index_reserve(&owner->index, 1, hash_of, owner);
    uint32_t slot = hash_index_slot(&owner->index, owner->hash(key), is, owner, &key);
    int32_t at = hash_index_get(&owner->index, slot);
    if (at >= 0) { return (uint32_t)at; }
    owner->keys[owner->count] = key;
    hash_index_occupy(&owner->index, slot, owner->count);
    return owner->count++;
}

static void drop(struct owner *owner, uint32_t at)
{
    hash_index_remove(&owner->index, owner->hash(owner->keys[at]), at, hash_of, owner);
    uint32_t last = owner->count - 1;
    if (at != last) {
        hash_index_move(&owner->index, owner->hash(owner->keys[last]), last, at);
        owner->keys[at] = owner->keys[last];
    }
    owner->count--;
}

static uint64_t next_random(uint64_t *state)
{
    *state = *state * 6364136223846793005u + 1442695040888963407u;
    return *state >> 33;
}

/* Random steps beside a plain array of flags: is[key] says whether the key is there. */
static void check_random(uint64_t seed, uint64_t (*hash)(uint64_t key), uint32_t range)
{
    struct owner *owner = owner_new(seed, hash);
    _cleanup_(xfreep) bool *there = xcalloc(range, sizeof(*there));
    uint32_t count = 0;
    uint64_t random = seed + 1;
    for (size_t step = 0; step < STEPS; step++) {
        uint64_t key = next_random(&random) % range;
        int32_t at = find(owner, key);
        assert_int_equal(at >= 0, there[key]);
        bool grows = step / (STEPS / 6) % 2 == 0; /* it fills up, then it empties */
        if (next_random(&random) % 4 > 0 ? grows : !grows) {
            if (step % 2 && at < 0) { add(owner, key); }
            at = (int32_t)find_or_add(owner, key);
            count += !there[key];
            there[key] = true;
        } else if (at >= 0) {
            drop(owner, (uint32_t)at);
            there[key] = false;
            count--;
        }
        assert_int_equal(find(owner, key) >= 0, there[key]);
        assert_int_equal(owner->index.count, count);
        assert_int_equal(owner->count, count);
    }
    for (uint64_t key = 0; key < range; key++) {
        int32_t at = find(owner, key);
        assert_int_equal(at >= 0, there[key]);
        if (at >= 0) { assert_true(owner->keys[at] == key); }
    }
    owner_free(owner);
}

static void test_random(void **state)
{
    static const uint32_t ranges[] = {1, 2, 7, 40, 1000, 20000};
    for (size_t i = 0; i < ARRAY_COUNT(ranges); i++) {
        check_random(0, itself, ranges[i]);
        check_random(UINT64_C(0xfeedfacecafebeef), itself, ranges[i]);
    }
    check_random(0, crowded, 200);
}

/* Past 32,768 positions the slots become 32 bits wide; nothing is lost on the way. */
static void test_wide(void **state)
{
    struct owner *owner = owner_new(5, itself);
    for (uint64_t key = 0; key < WIDE_KEYS; key++) {
        add(owner, key * key);
        if (key % 1009 == 0) { assert_int_equal(find(owner, key * key), key); }
    }
    assert_true(owner->index.slots_count > HASH_INDEX_NARROW);
    assert_int_equal(hash_index_bytes(&owner->index), owner->index.slots_count * 4);
    for (uint64_t key = 0; key < WIDE_KEYS; key++) {
        assert_int_equal(find(owner, key * key), key);
    }
    while (owner->count) { drop(owner, owner->count / 2); }
    assert_int_equal(owner->index.count, 0);
    owner_free(owner);
}

static void test_empty_and_clear(void **state)
{
    struct owner *owner = owner_new(0, itself);
    assert_int_equal(find(owner, 1), HASH_INDEX_NONE);
    hash_index_clear(&owner->index);
    assert_int_equal(hash_index_bytes(&owner->index), 0);
    hash_index_reserve(&owner->index, 1000, hash_of, owner);
    size_t bytes = hash_index_bytes(&owner->index);
    for (uint64_t key = 0; key < 1000; key++) { add(owner, key); }
    assert_int_equal(hash_index_bytes(&owner->index), bytes);
    hash_index_clear(&owner->index);
    owner->count = 0;
    assert_int_equal(find(owner, 1), HASH_INDEX_NONE);
    add(owner, 1);
    assert_int_equal(find(owner, 1), 0);
    assert_int_equal(hash_index_bytes(&owner->index), bytes);
    owner_free(owner);
}

/* An owner that has put its keys into a new order and dropped some. */
static void test_refill(void **state)
{
    struct owner *owner = owner_new(3, itself);
    hash_index_refill(&owner->index, 0, hash_of, owner);
    assert_int_equal(find(owner, 1), HASH_INDEX_NONE);
    for (uint64_t key = 0; key < 500; key++) { add(owner, key); }
    owner->count = 200;
    for (uint64_t i = 0; i < owner->count; i++) { owner->keys[i] = 499 - i; }
    hash_index_refill(&owner->index, owner->count, hash_of, owner);
    for (uint64_t key = 0; key < 500; key++) {
        assert_int_equal(find(owner, key), key >= 300 ? (int32_t)(499 - key) : HASH_INDEX_NONE);
    }
    assert_int_equal(owner->index.count, 200);
    owner_free(owner);
}

/* Counts the keys that share the first 16 bits of place in a table of that size. */
static size_t longest_pile(uint64_t seed, const uint64_t *keys, size_t count)
{
    static uint16_t piles[1 << 16];
    memset(piles, 0, sizeof(piles));
    struct hash_index index = {.seed = seed, .slots_count = 1 << 16};
    size_t longest = 0;
    for (size_t i = 0; i < count; i++) {
        uint16_t pile = ++piles[hash_index_home(&index, keys[i])];
        longest = MAX_OF(longest, (size_t)pile);
    }
    return longest;
}

/* Keys that were sought out to meet in one slot under one seed are spread under another. */
static void test_seed_spreads(void **state)
{
    enum { COUNT = 300 };
    uint64_t keys[COUNT];
    size_t count = 0;
    struct hash_index index = {.seed = 0, .slots_count = 1 << 16};
    for (uint64_t key = 0; count < COUNT; key++) {
        if (hash_index_home(&index, key) == 77) { keys[count++] = key; }
    }
    assert_int_equal(longest_pile(0, keys, COUNT), COUNT);
    for (uint64_t seed = 1; seed <= 20; seed++) {
        assert_true(longest_pile(seed * UINT64_C(0x1234567890abcdef), keys, COUNT) <= 6);
    }
}

/* Somebody who knows the code, but not the process, makes keys and texts that meet with one seed of
 * the process: with another one they do not. */
static void test_nobody_knows_the_seed_of_a_process(void **state)
{
    enum { COUNT = 300 };
    uint64_t keys[COUNT];
    size_t count = 0;
    struct hash_index index = {.slots_count = 1 << 16};
    uint64_t own = hash_index_process_seed;
    assert_true(own != 0);
    uint64_t text = hash_index_text(slice_str("an id"));
    hash_index_process_seed = 0;
    assert_true(hash_index_text(slice_str("an id")) != text);
    for (uint64_t key = 0; count < COUNT; key++) {
        if (hash_index_home(&index, key) == 77) { keys[count++] = key; }
    }
    assert_int_equal(longest_pile(0, keys, COUNT), COUNT);
    hash_index_process_seed = own;
    assert_true(longest_pile(0, keys, COUNT) <= 6);
    assert_true(hash_index_text(slice_str("an id")) == text);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_random),
        cmocka_unit_test(test_wide),
        cmocka_unit_test(test_empty_and_clear),
        cmocka_unit_test(test_refill),
        cmocka_unit_test(test_seed_spreads),
        cmocka_unit_test(test_nobody_knows_the_seed_of_a_process),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
