#include "base/base.h"
#include "base/xalloc.h"
#include "scorer/lists/brought_items.h"

#include <setjmp.h>
#include <cmocka.h>

enum { USERS = 400 };

static struct slice texts[CANDIDATE_LIST_ITEMS_MAX];

/* "a b c" as a record; scores may be NULL. */
static struct candidate_list list_of(const char *source, const char *user, const char *items,
                                     float *scores)
{
    size_t count = 0;
    for (const char *at = items; *at; at += strcspn(at, " "), at += *at == ' ') {
        texts[count++] = slice_of(at, strcspn(at, " "));
    }
    return (struct candidate_list){.source = slice_str(source), .user_id = slice_str(user),
                                   .items = {texts, count},
                                   .scores = {scores, scores ? count : 0}};
}

static void put(struct brought_items *brought, struct candidate_list list)
{
    assert_null(brought_items_put(brought, &list));
}

/* Returns what counts for a user as "id:source:prior" in hundredths. */
static const char *found(struct brought_items *brought, const struct ids *ids, const char *user)
{
    static char told[1000];
    struct brought_item items[BROUGHT_MAX];
    int64_t until_ms;
    size_t size = 0;
    size_t count = brought_items_find(brought, slice_str(user), ids, items, &until_ms);
    told[0] = '\0';
    for (size_t k = 0; k < count; k++) {
        size += (size_t)snprintf(told + size, sizeof(told) - size, "%s%s:%.*s:%.0f", k ? " " : "",
                                 ids_text(ids, items[k].item).data,
                                 SLICE_ARGS(brought_items_source(brought, items[k].source)),
                                 100.0 * (double)items[k].prior);
    }
    return told;
}

static struct ids *known(void)
{
    struct ids *ids = ids_new(1000);
    for (const char *id = "abcdefgh"; *id; id++) { ids_put(ids, slice_of(id, 1)); }
    return ids;
}

static void records_are_found_by_user(void **state _unused_)
{
    struct brought_items *brought = brought_items_new(1 << 20);
    struct ids *ids = known();
    float scores[] = {1.0F, 4.0F, 0.0F};
    put(brought, list_of("zoo", "u", "a b c d", NULL));
    assert_string_equal(found(brought, ids, "u"), "a:zoo:100 b:zoo:75 c:zoo:50 d:zoo:25");
    assert_string_equal(found(brought, ids, "v"), "");
    put(brought, list_of("ads", "u", "e b c", scores)); /* c has no score, b a greater one */
    assert_string_equal(found(brought, ids, "u"), "e:ads:25 b:ads:100 a:zoo:100 c:zoo:50 d:zoo:25");
    put(brought, list_of("mail", "", "unknown f a", NULL));
    assert_string_equal(found(brought, ids, "v"), "f:mail:67 a:mail:33");
    assert_string_equal(found(brought, ids, "u"),
                        "e:ads:25 b:ads:100 a:zoo:100 c:zoo:50 d:zoo:25 f:mail:67");
    ids_put(ids, slice_str("unknown"));
    assert_string_equal(found(brought, ids, ""), "unknown:mail:100 f:mail:67 a:mail:33");
    put(brought, list_of("ads", "u", "h", NULL));
    brought_items_remove(brought, slice_str("zoo"), slice_str("u"));
    brought_items_remove(brought, slice_str("zoo"), slice_str("u"));
    brought_items_remove(brought, slice_str("never"), slice_str("u"));
    put(brought, list_of("mail", "", "", NULL)); /* an empty one is none */
    assert_string_equal(found(brought, ids, "u"), "h:ads:100");
    assert_int_equal(brought_items_count(brought), 1);
    brought_items_remove(brought, slice_str("ads"), slice_str("u"));
    assert_string_equal(found(brought, ids, "u"), "");
    assert_int_equal(brought_items_bytes(brought), 0);
    ids_free(ids);
    brought_items_free(brought);
}

/* Whatever order the records came in. */
static void order_of_records_does_not_matter(void **state _unused_)
{
    struct ids *ids = known();
    char *first = NULL;
    for (int turn = 0; turn < 6; turn++) {
        struct brought_items *brought = brought_items_new(1 << 20);
        static const int orders[6][3] = {{0, 1, 2}, {0, 2, 1}, {1, 0, 2},
                                         {1, 2, 0}, {2, 0, 1}, {2, 1, 0}};
        static const char *const sources[] = {"x", "y", "z"};
        for (int k = 0; k < 3; k++) {
            put(brought, list_of(sources[orders[turn][k]], "u", "a b", NULL));
        }
        const char *told = found(brought, ids, "u");
        if (!first) { first = xstrdup(told); }
        assert_string_equal(told, first);
        brought_items_free(brought);
    }
    assert_string_equal(first, "a:x:100 b:x:50");
    free(first);
    ids_free(ids);
}

static void records_expire(void **state _unused_)
{
    struct brought_items *brought = brought_items_new(1 << 20);
    struct ids *ids = known();
    struct brought_item items[BROUGHT_MAX];
    int64_t until_ms;
    struct candidate_list list = list_of("x", "u", "a", NULL);
    list.expires_ms = 1000;
    put(brought, list);
    list = list_of("x", "", "b", NULL);
    list.expires_ms = 500;
    put(brought, list);
    assert_int_equal(brought_items_find(brought, slice_str("u"), ids, items, &until_ms), 2);
    assert_int_equal(until_ms, 500);
    brought_items_set_clock(brought, 500);
    assert_string_equal(found(brought, ids, "u"), "a:x:100");
    assert_int_equal(brought_items_find(brought, slice_str("u"), ids, items, &until_ms), 1);
    assert_int_equal(until_ms, 1000);
    brought_items_set_clock(brought, 1000);
    assert_string_equal(found(brought, ids, "u"), "");
    ids_free(ids);
    brought_items_free(brought);
}

static void memory_sources_and_items_are_limited(void **state _unused_)
{
    struct brought_items *brought = brought_items_new(1 << 16);
    struct ids *ids = ids_new(10000);
    char source[8], user[16];
    struct candidate_list list;
    for (int k = 0; k <= BROUGHT_SOURCES_MAX; k++) {
        (void)snprintf(source, sizeof(source), "s%d", k);
        list = list_of(source, "u", "a", NULL);
        const char *reason = brought_items_put(brought, &list);
        if (k < BROUGHT_SOURCES_MAX) {
            assert_null(reason);
        } else {
            assert_string_equal(reason, "too_many_sources");
        }
    }
    put(brought, list_of("s3", "u", "b", NULL)); /* one that is there may be replaced */
    int refused = 0;
    for (int k = 0; k < 2000; k++) {
        (void)snprintf(user, sizeof(user), "user%d", k);
        list = list_of("x", user, "a b c", NULL);
        const char *reason = brought_items_put(brought, &list);
        if (reason) { assert_string_equal(reason, "over_memory"); }
        refused += reason != NULL;
        assert_true(brought_items_bytes(brought) <= 1 << 16);
    }
    assert_in_range(refused, 500, 1999);
    brought_items_free(brought);
    brought = brought_items_new(1 << 20);
    static char names[CANDIDATE_LIST_ITEMS_MAX][8];
    for (int k = 0; k < CANDIDATE_LIST_ITEMS_MAX; k++) {
        (void)snprintf(names[k], sizeof(names[k]), "i%d", k);
        texts[k] = slice_str(names[k]);
        ids_put(ids, texts[k]);
    }
    list = (struct candidate_list){.source = slice_str("x"), .user_id = slice_str("u"),
                                   .items = {texts, CANDIDATE_LIST_ITEMS_MAX}};
    put(brought, list);
    struct brought_item items[BROUGHT_MAX];
    int64_t until_ms;
    assert_int_equal(brought_items_find(brought, slice_str("u"), ids, items, &until_ms),
                     BROUGHT_MAX);
    assert_int_equal(items[BROUGHT_MAX - 1].item, BROUGHT_MAX - 1);
    ids_free(ids);
    brought_items_free(brought);
}

/* Many users who come and go: each finds its own. */
static void users_are_kept_apart(void **state _unused_)
{
    struct brought_items *brought = brought_items_new(1 << 24);
    struct ids *ids = known();
    char user[16];
    for (int turn = 0; turn < 3; turn++) {
        for (int k = 0; k < USERS; k++) {
            (void)snprintf(user, sizeof(user), "user%d", k);
            put(brought, list_of(k % 3 ? "x" : "y", user, k % 2 ? "a" : "b", NULL));
            if (k % 5 == 0) { put(brought, list_of("z", user, "c", NULL)); }
        }
        for (int k = 0; k < USERS; k += 1 + turn) {
            (void)snprintf(user, sizeof(user), "user%d", k);
            brought_items_remove(brought, slice_str(k % 3 ? "x" : "y"), slice_str(user));
            assert_string_equal(found(brought, ids, user), k % 5 ? "" : "c:z:100");
        }
        for (int k = 1; turn == 1 && k < USERS; k += 2) {
            (void)snprintf(user, sizeof(user), "user%d", k);
            char want[40];
            (void)snprintf(want, sizeof(want), "a:%s:100%s", k % 3 ? "x" : "y",
                           k % 5 ? "" : " c:z:100");
            assert_string_equal(found(brought, ids, user), want);
        }
    }
    ids_free(ids);
    brought_items_free(brought);
}

static void keys_and_records_are_checked(void **state _unused_)
{
    static const char *const bad[] = {"", "/u", "X/u", "x/", "a b/u", "x\xff/u"};
    struct slice source, user;
    for (size_t k = 0; k < ARRAY_COUNT(bad); k++) {
        assert_false(candidate_list_key(slice_str(bad[k]), &source, &user));
    }
    assert_true(candidate_list_key(slice_str("a-1_b/u/v w"), &source, &user));
    assert_true(slice_equal(source, slice_str("a-1_b")) && slice_equal(user, slice_str("u/v w")));
    assert_true(candidate_list_key(slice_str("a"), &source, &user) && user.size == 0);
    float scores[] = {1.0F, -0.5F};
    struct candidate_list list = list_of("x", "u", "a b", scores);
    assert_string_equal(candidate_list_fault(&list, slice_str("x/u")), "negative_score");
    list.scores.at[1] = 0.5F;
    assert_null(candidate_list_fault(&list, slice_str("x/u")));
    assert_string_equal(candidate_list_fault(&list, slice_str("x/v")), "key_mismatch");
    assert_string_equal(candidate_list_fault(&list, slice_str("x")), "key_mismatch");
    assert_string_equal(candidate_list_fault(&list, slice_str("x/")), "bad_key");
    list.scores.count = 1;
    assert_string_equal(candidate_list_fault(&list, slice_str("x/u")), "columns_differ");
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(records_are_found_by_user),
        cmocka_unit_test(order_of_records_does_not_matter),
        cmocka_unit_test(records_expire),
        cmocka_unit_test(memory_sources_and_items_are_limited),
        cmocka_unit_test(users_are_kept_apart),
        cmocka_unit_test(keys_and_records_are_checked),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
