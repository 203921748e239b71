/* Segments are found as they were put last, in the order of a user's names; memory is bounded. */
#include "base/base.h"
#include "scorer/lists/segment_table.h"

#include <setjmp.h>
#include <cmocka.h>

enum { ROUNDS = 5000, NAMES = 50 };

static const char *put(struct segment_table *table, const char *name, int32_t users,
                       const char *item)
{
    struct slice items[] = {slice_str(item), slice_str("other")};
    int32_t item_users[] = {users, 1}, all[] = {users * 2, 3};
    float gains[] = {2.0F, 1.0F};
    const struct group_profile group = {.kind = GROUP_SEGMENT,
                                        .name = slice_str(name),
                                        .users = users + 5,
                                        .all_users = 1000,
                                        .rest_users = 1,
                                        .items = {items, item[0] ? 2 : 0},
                                        .item_users = {item_users, item[0] ? 2 : 0},
                                        .item_all_users = {all, item[0] ? 2 : 0},
                                        .gains = {gains, item[0] ? 2 : 0}};
    return segment_table_put(table, &group);
}

static void remove_name(struct segment_table *table, const char *name)
{
    char key[GROUP_KEY_BYTES_MAX];
    segment_table_remove(table, group_profile_key(GROUP_SEGMENT, slice_str(name), key));
}

static void test_put_and_find(void **state _unused_)
{
    struct segment_table *table = segment_table_new(GROUP_SEGMENT, 1 << 20);
    struct ids *ids = ids_new(100);
    struct user_segments user = {
        .at = {slice_str("a"), slice_str("b"), slice_str("c")}, .count = 3};
    struct segment_list lists[SEGMENT_LISTS_MAX];
    struct slice names[SEGMENT_LISTS_MAX];
    assert_false(segment_table_has(table, &user));
    assert_int_equal(segment_table_find(table, &user, ids, lists, names), 0);
    assert_null(put(table, "c", 7, "i"));
    assert_null(put(table, "a", 3, "k"));
    assert_null(put(table, "x", 4, "i"));
    int32_t number = ids_put(ids, slice_str("i"));
    assert_true(segment_table_has(table, &user));
    assert_int_equal(segment_table_find(table, &user, ids, lists, names), 2);
    assert_true(slice_equal(names[0], slice_str("a")) && slice_equal(names[1], slice_str("c")));
    assert_int_equal(lists[0].items[0], ID_NONE); /* not known yet */
    assert_int_equal(lists[1].items[0], number);
    assert_int_equal(lists[1].item_users[0], 7);
    assert_int_equal(lists[1].item_all_users[0], 14);
    assert_true(lists[1].users == 12.0 && lists[1].all_users == 1000.0);
    assert_null(put(table, "c", 8, "")); /* names no item any more */
    assert_int_equal(segment_table_find(table, &user, ids, lists, names), 2);
    assert_int_equal(lists[1].count, 0);
    remove_name(table, "c");
    remove_name(table, "a");
    remove_name(table, "a");
    segment_table_remove(table, slice_str("cluster/x"));
    segment_table_remove(table, (struct slice){0});
    assert_int_equal(segment_table_count(table), 1);
    remove_name(table, "x");
    assert_int_equal(segment_table_bytes(table), 0);
    segment_table_free(table);
    ids_free(ids);
}

static void test_other_kinds_do_nothing(void **state _unused_)
{
    struct segment_table *table = segment_table_new(GROUP_SEGMENT, 1 << 20);
    const struct group_profile group = {.kind = GROUP_OTHER, .name = slice_str("a")};
    assert_null(segment_table_put(table, &group));
    assert_int_equal(segment_table_count(table), 0);
    segment_table_free(table);
}

static void test_memory(void **state _unused_)
{
    enum { BYTES = 4096 };
    struct segment_table *table = segment_table_new(GROUP_SEGMENT, BYTES);
    bool refused = false;
    uint32_t rng = 7;
    for (int round = 0; round < ROUNDS; round++) {
        char name[16], item[400];
        rng = rng * 1664525 + 1013904223;
        (void)snprintf(name, sizeof(name), "n%u", (rng >> 16) % NAMES);
        size_t size = rng >> 8 & 255;
        memset(item, 'i', sizeof(item));
        item[size] = '\0';
        if (rng >> 30 == 0) {
            remove_name(table, name);
            continue;
        }
        const char *reason = put(table, name, 3, item);
        struct user_segments user = {.at = {slice_str(name)}, .count = 1};
        refused |= reason != NULL;
        assert_true(segment_table_has(table, &user) == !reason);
        assert_true(segment_table_bytes(table) <= BYTES);
    }
    assert_true(refused);
    segment_table_free(table);
}

static void test_many_segments_of_one_user(void **state _unused_)
{
    struct segment_table *table = segment_table_new(GROUP_SEGMENT, 1 << 20);
    struct ids *ids = ids_new(100);
    struct user_segments user = {.count = 0};
    struct segment_list lists[SEGMENT_LISTS_MAX];
    struct slice names[SEGMENT_LISTS_MAX];
    char texts[NAMES][8];
    for (size_t n = 0; n < NAMES; n++) {
        (void)snprintf(texts[n], sizeof(texts[n]), "n%02zu", n);
        assert_null(put(table, texts[n], 3, "i"));
        user.at[user.count++] = slice_str(texts[n]);
    }
    assert_int_equal(segment_table_find(table, &user, ids, lists, names), SEGMENT_LISTS_MAX);
    assert_true(slice_equal(names[SEGMENT_LISTS_MAX - 1], slice_str("n31")));
    segment_table_free(table);
    ids_free(ids);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_put_and_find),
        cmocka_unit_test(test_other_kinds_do_nothing),
        cmocka_unit_test(test_memory),
        cmocka_unit_test(test_many_segments_of_one_user),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
