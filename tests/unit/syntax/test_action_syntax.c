#include "base/base.h"
#include "syntax/action_syntax.h"

#include <setjmp.h>
#include <cmocka.h>

static void refused(const char *text, const char *part)
{
    struct action_meaning meaning;
    bool known;
    struct buf why;
    buf_init(&why, 512);
    assert_int_equal(action_syntax_parse(text, 1000, &meaning, &known, &why), -EINVAL);
    buf_append(&why, "", 1);
    if (!strstr(why.data, part)) { fail_msg("%s: %s", text, why.data); }
    buf_release(&why);
}

static void taken(const char *text, enum action_kind kind, double weight)
{
    struct action_meaning meaning;
    bool known = false;
    struct buf why;
    buf_init(&why, 512);
    assert_int_equal(action_syntax_parse(text, 1000, &meaning, &known, &why), 0);
    assert_true(known && meaning.kind == kind && meaning.weight == weight && why.size == 0);
}

static void takes_what_is_right(void **state)
{
    taken("PURCHASE:5", ACTION_PURCHASE, 5);
    taken("PURCHASE: 5", ACTION_PURCHASE, 5);
    taken("VIEW", ACTION_VIEW, 1);
    taken("LIKE :0.5", ACTION_LIKE, 0.5);
    struct action_meaning meaning = {.weight = 7};
    bool known = true;
    assert_int_equal(action_syntax_parse("refuse", 1, &meaning, &known, NULL), 0);
    assert_true(!known && meaning.weight == 7);
    assert_int_equal(action_syntax_parse("ignore", 1, &meaning, &known, NULL), 0);
    assert_true(known && meaning.ignored);
}

static void names_the_nearest_kind(void **state)
{
    refused("BUY:5", "there is no kind BUY; did you mean PURCHASE?");
    refused("purchase:5", "did you mean PURCHASE?");
    refused("PURCHAES", "did you mean PURCHASE?");
    refused("pageview", "did you mean VIEW?");
    refused("Basket:2", "did you mean CART?");
    refused("favourite", "did you mean LIKE?");
    refused("IGNORE", "there is no kind IGNORE; did you mean ignore, in small letters?");
    refused("Refuse", "did you mean refuse, in small letters?");
    refused("IGNORE:1", "there is no kind IGNORE");
    refused("xylophone", "there is no kind xylophone; write KIND:WEIGHT");
    refused("", "no kind is named; write KIND:WEIGHT");
    refused(":5", "no kind is named");
    refused("5:PURCHASE", "there is no kind 5;");
}

static void names_what_is_wrong_with_the_weight(void **state)
{
    refused("PURCHASE:0x10", "must be a number");
    refused("PURCHASE:nan", "must be a number");
    refused("PURCHASE:inf", "must be a number");
    refused("PURCHASE=5", "comes behind a colon, not =: write PURCHASE:5");
    refused("PURCHASE:five", "must be a number such as 5 or 0.5, not \"five\"");
    refused("PURCHASE:", "must be a number");
    refused("PURCHASE:1001", "from 0 to 1000 (weight.max)");
    refused("PURCHASE:-1", "from 0 to 1000");
}

static void knows_what_has_no_weight(void **state)
{
    assert_true(action_syntax_unweighted("PURCHASE"));
    assert_false(action_syntax_unweighted("PURCHASE:1"));
    assert_true(action_syntax_unweighted(" PURCHASE "));
    assert_false(action_syntax_unweighted("SEARCH"));
    assert_false(action_syntax_unweighted("EXPOSURE"));
    assert_false(action_syntax_unweighted("IDENTIFY"));
    assert_false(action_syntax_unweighted("ignore"));
    assert_false(action_syntax_unweighted("refuse"));
}

int main(void)
{
    static const struct CMUnitTest tests[] = {
        cmocka_unit_test(takes_what_is_right),
        cmocka_unit_test(names_the_nearest_kind),
        cmocka_unit_test(names_what_is_wrong_with_the_weight),
        cmocka_unit_test(knows_what_has_no_weight),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
