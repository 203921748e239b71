#include "base/base.h"
#include "tests/unit/rules/rules_rig.h"

static void a_file_is_read(void **state _unused_)
{
    struct rules_rig rig;
    rules_rig_init(&rig);
    struct rule_set *rules = rules_rig_parse(
        &rig, "# a shop\n"
              "main.filter.in_stock=stock > 0 or \\\n"
              "    stock is unknown\n"
              "home.length=5\n"
              "home.exclude.bought=purchase\n"
              "home.exclude.seen=view, click 3 times in 30d for 7d if price > 2\n"
              "home.boost.xmas=1.5 if tags has 'christmas' from 2026-12-01 until 2026-12-27\n"
              "home.boost.less=-0.25\n"
              "home.pin.first=1 if id = 'A17'\n"
              "home.cap.brand=2 per brand\n"
              "home.share.new=20% if age < 14d\n"
              "home.diversity=0.3\n"
              "home.repeats=yes\n"
              "home.fallback=new, uncapped\n"
              "home.explore=4 of 20 at 0.05\n"
              "main.explore=10\n");
    assert_int_equal(rules->count, 2);
    assert_int_equal(rule_set_places(rules), 15);
    const struct placement *home = rule_set_find(rules, slice_str("home"));
    assert_int_equal(home->rules_count, 7);
    assert_true(home->repeats && !home->only_again && !placement_has(home, RULE_AGAIN));
    assert_true(home->diversity == 0.3);
    assert_int_equal(home->fallbacks, FALLBACK_NEW | FALLBACK_UNCAPPED);
    assert_true(home->rules[0].for_ms == RULE_FOR_EVER);
    assert_int_equal(home->rules[1].actions, 1u << ACTION_VIEW | 1u << ACTION_CLICK);
    assert_int_equal(home->rules[1].times, 3);
    assert_int_equal(home->rules[1].for_ms, INT64_C(7) * 86400000);
    assert_non_null(home->rules[1].condition);
    assert_true(home->rules[3].addend == -0.25);
    assert_true(rule_set_find(rules, slice_str("main"))->length == 10);
    assert_int_equal(home->explore.place, 4);
    assert_int_equal(home->explore.candidates, 20);
    assert_true(home->explore.temperature == 0.05);
    const struct explored_place *usual = &rule_set_find(rules, slice_str("main"))->explore;
    assert_true(usual->place == 10 && usual->candidates == 10 && usual->temperature == 0.1);
    assert_null(rule_set_find(rules, slice_str("mail")));
    int64_t begin = rule_set_next_ms(rules, 0);
    assert_int_equal(begin, INT64_C(1796083200000));
    assert_int_equal(rule_set_next_ms(rules, begin) - begin, INT64_C(26) * 86400000);
    assert_int_equal(rule_set_next_ms(rules, begin + INT64_C(26) * 86400000), INT64_MAX);
    rule_set_free(rules);
    rules = rules_rig_parse(&rig, "");
    assert_int_equal(rules->count, 0);
    rule_set_free(rules);
    rules_rig_clear(&rig);
}

static void rules_bring_items_again(void **state _unused_)
{
    struct rules_rig rig;
    rules_rig_init(&rig);
    struct rule_set *rules = rules_rig_parse(
        &rig, "shelf.only=again\n"
              "shelf.again.all=every 30d\n"
              "shelf.again.views=view, cart every 36h if tags has 'news' until 2026-12-02\n");
    const struct placement *shelf = rule_set_find(rules, slice_str("shelf"));
    assert_true(shelf->only_again && placement_has(shelf, RULE_AGAIN));
    assert_int_equal(shelf->rules[0].actions, 1u << ACTION_PURCHASE);
    assert_int_equal(shelf->rules[0].every_ms, INT64_C(30) * 86400000);
    assert_null(shelf->rules[0].condition);
    assert_int_equal(shelf->rules[1].actions, 1u << ACTION_VIEW | 1u << ACTION_CART);
    assert_int_equal(shelf->rules[1].every_ms, INT64_C(36) * 3600000);
    assert_non_null(shelf->rules[1].condition);
    assert_int_equal(rule_set_next_ms(rules, 0), INT64_C(1796169600000));
    rule_set_free(rules);
    rules_rig_clear(&rig);
}

struct fault_case {
    const char *text, *part;
};

static void check_faults(const struct fault_case *cases, size_t count)
{
    struct rules_rig rig;
    struct buf faults;
    rules_rig_init(&rig);
    buf_init(&faults, 1 << 16);
    for (size_t k = 0; k < count; k++) {
        buf_clear(&faults);
        if (rule_set_parse(slice_str(cases[k].text), &rig.columns, 10, &faults)) {
            fail_msg("%s: has a fault", cases[k].text);
        }
        buf_append(&faults, "", 1);
        if (!strstr(faults.data, cases[k].part)) {
            fail_msg("%s: \"%s\", expected \"%s\"", cases[k].text, faults.data, cases[k].part);
        }
    }
    buf_release(&faults);
    rules_rig_clear(&rig);
}

static void faults_say_where_and_what_to_do(void **state _unused_)
{
    static const struct fault_case cases[] = {
        {"length=3", "line 1: length: a key is PLACEMENT.SETTING"},
        {"Home.length=3", "line 1: Home.length: a name has 1 to 64 small letters"},
        {"\nhome.lenght=3", "line 2: home.lenght: there is no setting of this name"},
        {"home.length=0", "a length is from 1 to 500, not 0"},
        {"home.length=2.5", "a length is from 1 to 500, not 2.5"},
        {"home.length=10 places", "places is too much here"},
        {"home.diversity=2", "diversity is from 0 to 1"},
        {"home.repeats=maybe", "write yes or no"},
        {"home.fallback=best", "popular, new, uncapped or none, not best"},
        {"home.filtre.x=price<3", "there is no such rule: there are filter"},
        {"home.filter.=price<3", "a name has 1 to 64"},
        {"home.filter.x=price<3\nhome.filter.x=price<4", "line 2: home.filter.x: this rule is"},
        {"home.filter.x=price<3 price>1", "price is not understood here"},
        {"home.boost.x=", "a boost is a factor"},
        {"home.boost.x=1.5 tags has 'a'", "tags is not understood here"},
        {"home.boost.x=1e5", "a period is written"},
        {"home.pin.x=1", "\"if\" and a condition are missing"},
        {"home.pin.x=11 if id='a'", "home.pin.x: place 11 is behind the list's end"},
        {"home.cap.x=2 per colour", "behind \"per\" comes brand"},
        {"home.share.x=0.2 if age<3d", "a share is 1% to 100%, not 0.2"},
        {"home.share.x=20% if age<3", "age is compared with a period"},
        {"home.exclude.x=buy", "buy is no kind of action"},
        {"home.exclude.x=view 3 for 7d", "behind the number comes \"times\""},
        {"home.exclude.x=view for 7", "behind \"for\" comes a period"},
        {"home.exclude.x=view for 999999999999999w", "a period is at most 36500d"},
        {"home.exclude.x=view in 36501d", "a period is at most 36500d"},
        {"home.filter.x=age < 5215w", "a period is at most 36500d"},
        {"home.boost.x=2 from soon", "behind \"from\" comes a date"},
        {"home.boost.x=2 from 2026-12-02 until 2026-12-01", "would never hold"},
        {"home.boost.x=2 until 2026-13-01", "a date is written"},
        {"a.length=300\nb.length=300", "have 600 places; at most 500"},
        {"a.length=3\nb.length=3\na.length=4", "line 3: a.length: this setting is there already"},
        {"a.explore=3\na.explore=3", "this setting is there already"},
        {"home.filter.x=\\u00", "line 1: "},
    };
    check_faults(cases, ARRAY_COUNT(cases));
}

static void faults_of_rules_that_bring_items(void **state _unused_)
{
    static const struct fault_case cases[] = {
        {"home.only=repeats", "write again"},
        {"home.only=again", "home.only: nothing would ever be listed"},
        {"home.again.x=purchase", "how often? Write a period above 0"},
        {"home.again.x=", "is no kind of action"},
        {"home.again.x=every 0d", "how often? Write a period above 0"},
        {"home.again.x=every 30", "behind \"every\" comes a period"},
        {"home.again.x=exposure every 30d", "only shown is not had again"},
        {"home.again.x=every 36501d", "a period is at most 36500d"},
    };
    check_faults(cases, ARRAY_COUNT(cases));
}

static void faults_of_explore(void **state _unused_)
{
    static const struct fault_case cases[] = {
        {"home.explore=yes", "a place is from 1 to 500, not yes"},
        {"home.explore=0", "a place is from 1 to 500, not 0"},
        {"home.explore=3 of 51", "from, 1 to 50, not 51"},
        {"home.explore=3 of 5 at 0", "a temperature is from 0.001 to 1000"},
        {"home.explore=3 at 1001", "a temperature from 0.001 to 1000, not 1001"},
        {"home.explore=3 of", "behind \"of\" comes how many candidates"},
        {"home.explore=3 from 5", "from is too much here"},
        {"home.explore=11", "home.explore: place 11 is behind the list's end"},
    };
    check_faults(cases, ARRAY_COUNT(cases));
}

static void all_faults_are_told_up_to_a_limit(void **state _unused_)
{
    struct rules_rig rig;
    struct buf faults, text;
    size_t lines = 0;
    rules_rig_init(&rig);
    buf_init(&faults, 1 << 16);
    buf_init(&text, 1 << 17);
    for (int k = 0; k < 50; k++) { buf_printf(&text, "home.filter.f%d=prize<%d\n", k, k); }
    assert_null(rule_set_parse(buf_slice(&text), &rig.columns, 10, &faults));
    for (size_t k = 0; k < faults.size; k++) { lines += faults.data[k] == '\n'; }
    assert_int_equal(lines, RULE_FAULTS_MAX);
    buf_clear(&text);
    buf_clear(&faults);
    while (text.size <= RULES_BYTES_MAX) { buf_printf(&text, "# rules\n"); }
    assert_null(rule_set_parse(buf_slice(&text), &rig.columns, 10, &faults));
    buf_release(&faults);
    buf_release(&text);
    rules_rig_clear(&rig);
}

static void numbers_of_rules_are_limited(void **state _unused_)
{
    struct rules_rig rig;
    struct buf faults, text;
    rules_rig_init(&rig);
    buf_init(&faults, 1 << 16);
    buf_init(&text, 1 << 17);
    for (int k = 0; k < PLACEMENT_RULES_MAX + 1; k++) {
        buf_printf(&text, "home.filter.f%d=price<%d\n", k, k);
    }
    assert_null(rule_set_parse(buf_slice(&text), &rig.columns, 10, &faults));
    buf_append(&faults, "", 1);
    assert_non_null(strstr(faults.data, "a placement has at most 64 rules"));
    buf_clear(&text);
    buf_clear(&faults);
    for (int k = 0; k < PLACEMENTS_MAX + 1; k++) { buf_printf(&text, "p%d.length=3\n", k); }
    assert_null(rule_set_parse(buf_slice(&text), &rig.columns, 10, &faults));
    buf_append(&faults, "", 1);
    assert_non_null(strstr(faults.data, "at most 16 placements"));
    buf_release(&faults);
    buf_release(&text);
    rules_rig_clear(&rig);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(a_file_is_read),
        cmocka_unit_test(rules_bring_items_again),
        cmocka_unit_test(faults_say_where_and_what_to_do),
        cmocka_unit_test(faults_of_rules_that_bring_items),
        cmocka_unit_test(faults_of_explore),
        cmocka_unit_test(all_faults_are_told_up_to_a_limit),
        cmocka_unit_test(numbers_of_rules_are_limited),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
