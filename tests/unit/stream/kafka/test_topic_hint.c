#include "base/base.h"
#include "stream/kafka/topic_hint.h"

#include <setjmp.h>
#include <cmocka.h>

static const char all[] = "shop.orders\nclicks\nevents\ndemo.events\nold-events\nprevents\n"
                          "dead-letters\nSHOP.VIEWS";

static void check(const char *missing, const char *name, const char *expected)
{
    struct buf out;
    buf_init(&out, 1024);
    topic_hint(slice_str(all), missing, name, "", &out);
    buf_append(&out, "", 1);
    char whole[300];
    bool any = expected[0] != '\0';
    (void)snprintf(whole, sizeof(whole), "%s%s deploy/topics apply makes topics", expected,
                   any ? ";" : "was it deleted?");
    assert_string_equal(out.data, whole);
    buf_release(&out);
}

static void test_names_like_it(void **state)
{
    check("shop.order", "orders", "did you mean shop.orders? orders exists with "
                                  "topic.prefix=shop.");
    check("shop-orders", NULL, "did you mean shop.orders?");
    check("click", NULL, "did you mean clicks?");
    check("shop.views", NULL, "did you mean SHOP.VIEWS?");
    check("deadletters", NULL, "did you mean dead-letters?");
}

static void test_prefixes(void **state)
{
    check("another.events", "events",
          "events exists with topic.prefix=(empty), old- or demo.");
    check("far.away.clicks", "clicks", "clicks exists with topic.prefix=(empty)");
}

static void test_nothing_like_it(void **state)
{
    check("histories", "histories", "");
    char longer[400];
    memset(longer, 'x', sizeof(longer));
    longer[sizeof(longer) - 1] = '\0';
    check(longer, longer, "");
}

/* deploy/topics makes no topics of generations. */
static void test_generations(void **state)
{
    static const struct {
        const char *missing, *expected;
    } cases[] = {
        {"lists.g2", "was another generation meant? "},
        {"evnts", "did you mean events?; "},
    };
    for (size_t i = 0; i < ARRAY_COUNT(cases); i++) {
        struct buf out;
        buf_init(&out, 1024);
        topic_hint(slice_str(all), cases[i].missing, NULL, "g2", &out);
        buf_append(&out, "", 1);
        char whole[300];
        (void)snprintf(whole, sizeof(whole),
                       "%sfreshet backfill --generation g2 makes the topics of that generation",
                       cases[i].expected);
        assert_string_equal(out.data, whole);
        buf_release(&out);
    }
}

int main(void)
{
    static const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_names_like_it),
        cmocka_unit_test(test_prefixes),
        cmocka_unit_test(test_nothing_like_it),
        cmocka_unit_test(test_generations),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
