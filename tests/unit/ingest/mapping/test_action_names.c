#include "base/base.h"
#include "ingest/mapping/action_names.h"

#include <setjmp.h>
#include <cmocka.h>

static char why[200];

static int make(const struct property *at, size_t count, const char *fallback,
                struct action_names **ret_names)
{
    struct properties properties = {.at = (struct property *)at, .count = count};
    why[0] = '\0';
    return action_names_new(&properties, fallback, 1000, ret_names, why, sizeof(why));
}

static void expect(const struct action_names *names, const char *name, int kind, double weight)
{
    const struct action_meaning *meaning = action_names_find(names, slice_str(name));
    if (!meaning) { fail_msg("%s is unknown", name); }
    assert_int_equal(meaning->kind, kind);
    assert_true(meaning->weight == weight);
}

static void knows_the_contract_symbols(void **state)
{
    struct action_names *names;
    assert_int_equal(make(NULL, 0, "refuse", &names), 0);
    expect(names, "OTHER", ACTION_OTHER, 1);
    expect(names, "VIEW", ACTION_VIEW, 1);
    expect(names, "view", ACTION_VIEW, 1);
    expect(names, "CLICK", ACTION_CLICK, 1);
    expect(names, "LIKE", ACTION_LIKE, 1);
    expect(names, "CART", ACTION_CART, 1);
    expect(names, "PURCHASE", ACTION_PURCHASE, 1);
    expect(names, "RATING", ACTION_RATING, 1);
    expect(names, "dislike", ACTION_DISLIKE, 1);
    assert_null(action_names_find(names, slice_str("View")));
    assert_null(action_names_find(names, slice_str("")));
    assert_null(action_names_find(names, slice_of("VIEW\0", 5)));
    assert_null(action_names_find(names, (struct slice){0}));
    action_names_free(names);
}

static void properties_add_replace_and_forget(void **state)
{
    static const struct property at[] = {
        {"buy", "PURCHASE:5"}, {"VIEW", "CLICK:0"}, {"cart", "refuse"}, {"aa", "LIKE"},
        {"zz", "DISLIKE:0.5"}, {"nothing", "refuse"}, {"17", "VIEW"},
    };
    struct action_names *names;
    assert_int_equal(make(at, ARRAY_COUNT(at), "refuse", &names), 0);
    expect(names, "buy", ACTION_PURCHASE, 5);
    expect(names, "VIEW", ACTION_CLICK, 0);
    expect(names, "view", ACTION_VIEW, 1);
    expect(names, "aa", ACTION_LIKE, 1);
    expect(names, "zz", ACTION_DISLIKE, 0.5);
    expect(names, "17", ACTION_VIEW, 1);
    assert_null(action_names_find(names, slice_str("cart")));
    assert_non_null(action_names_find(names, slice_str("CART")));
    action_names_free(names);
}

static void fallback_takes_the_rest(void **state)
{
    static const struct property at[] = {{"cart", "refuse"}};
    struct action_names *names;
    assert_int_equal(make(at, 1, "OTHER:0.25", &names), 0);
    expect(names, "whatever", ACTION_OTHER, 0.25);
    expect(names, "cart", ACTION_OTHER, 0.25);
    expect(names, "view", ACTION_VIEW, 1);
    const struct action_meaning *meaning = action_names_find(names, (struct slice){0});
    assert_non_null(meaning);
    assert_int_equal(meaning->kind, ACTION_OTHER);
    action_names_free(names);
}

static void ignored_ones_are_known(void **state)
{
    static const struct property at[] = {{"scroll", "ignore"}};
    struct action_names *names;
    assert_int_equal(make(at, 1, "refuse", &names), 0);
    assert_true(action_names_find(names, slice_str("scroll"))->ignored);
    assert_false(action_names_find(names, slice_str("view"))->ignored);
    action_names_free(names);
    assert_int_equal(make(NULL, 0, "ignore", &names), 0);
    assert_true(action_names_find(names, slice_str("whatever"))->ignored);
    assert_true(action_names_find(names, (struct slice){0})->ignored);
    action_names_free(names);
}

static void refuses_with_a_hint(void **state)
{
    static const char *const values[] = {"",       "BUY",       "purchase:5",  "PURCHASE:",
                                         "VIEW:x", "VIEW:-1",   "VIEW:1001",   "VIEW:nan",
                                         "VIEW:1 ", "VIEW:inf", "VIEW:1:2",    ":1"};
    struct action_names *names = NULL;
    for (size_t i = 0; i < ARRAY_COUNT(values); i++) {
        struct property property = {"buy", values[i]};
        assert_int_equal(make(&property, 1, "refuse", &names), -EINVAL);
        assert_non_null(strstr(why, "action.buy="));
        assert_non_null(strstr(why, "KIND:WEIGHT"));
        assert_int_equal(make(NULL, 0, values[i], &names), -EINVAL);
        assert_non_null(strstr(why, "action.default="));
    }
    assert_null(names);
}

static void limits_hold(void **state)
{
    static struct property at[ACTION_NAMES_MAX + 1];
    static char keys[ACTION_NAMES_MAX + 1][8];
    for (size_t i = 0; i < ARRAY_COUNT(at); i++) {
        (void)snprintf(keys[i], sizeof(keys[i]), "a%zu", i * 7919 % 10007);
        at[i] = (struct property){keys[i], "VIEW"};
    }
    struct action_names *names;
    assert_int_equal(make(at, ACTION_NAMES_MAX, "refuse", &names), 0);
    for (size_t i = 0; i < ACTION_NAMES_MAX; i++) { expect(names, keys[i], ACTION_VIEW, 1); }
    action_names_free(names);
    assert_int_equal(make(at, ACTION_NAMES_MAX + 1, "refuse", &names), -EINVAL);

    char name[ACTION_NAME_BYTES_MAX + 2];
    memset(name, 'n', sizeof(name));
    name[ACTION_NAME_BYTES_MAX + 1] = '\0';
    struct property property = {name, "VIEW"};
    assert_int_equal(make(&property, 1, "refuse", &names), -EINVAL);
    property.key = "";
    assert_int_equal(make(&property, 1, "refuse", &names), -EINVAL);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(knows_the_contract_symbols),
        cmocka_unit_test(properties_add_replace_and_forget),
        cmocka_unit_test(fallback_takes_the_rest),
        cmocka_unit_test(ignored_ones_are_known),
        cmocka_unit_test(refuses_with_a_hint),
        cmocka_unit_test(limits_hold),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
