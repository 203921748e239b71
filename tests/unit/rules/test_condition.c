#include "base/base.h"
#include "tests/unit/rules/rules_rig.h"

enum { ITEMS = 3 };
#define DAY_MS INT64_C(86400000)
/* 2026-12-02T15:30:00Z, a Wednesday. */
#define AS_OF_MS INT64_C(1796225400000)

static void fill(struct rules_rig *rig)
{
    rules_rig_init(rig);
    (void)rules_rig_item(rig, "A1",
                         (struct item){.price = 10, .stock = 0, .created_ms = AS_OF_MS - 3 * DAY_MS,
                                       .brand = slice_str("Acme"), .kind = slice_str("product")},
                         "red sale", "Shoes Boots");
    (void)rules_rig_item(rig, "A2",
                         (struct item){.price = 20, .stock = 7,
                                       .created_ms = AS_OF_MS - 30 * DAY_MS,
                                       .brand = slice_str("Bolt"),
                                       .group_id = slice_str("g")},
                         "blue", "Shoes");
    (void)rules_rig_item(rig, "A3", (struct item){.price = -1, .stock = -1}, "", "");
}

/* What is known of the user and the request. */
static const struct user_attributes *of_user;
static const struct request_context *of_request;

/* Returns which items fulfil a condition, as "A1 A3", or the fault. */
static const char *which(struct rules_rig *rig, const char *text)
{
    static char told[RULE_TEXT_WHY_MAX];
    struct rule_text words;
    uint8_t scratch[CONDITION_DEPTH_MAX * ITEMS], holds[ITEMS];
    const int32_t items[ITEMS] = {0, 1, 2};
    const struct condition_view view = {
        .columns = &rig->columns, .ids = rig->ids, .items = items, .count = ITEMS,
        .as_of_ms = AS_OF_MS, .user_actions = 12, .user_newest_ms = AS_OF_MS - DAY_MS,
        .user_hash = 1042, .user = of_user, .context = of_request};
    rule_text_init(&words, slice_str(text));
    struct condition *condition = condition_parse(&words, &rig->columns);
    if (condition && words.word != WORD_END) { return "more behind it"; }
    (void)snprintf(told, sizeof(told), "%s", words.why);
    if (!condition) { return told; }
    condition_evaluate(condition, &view, scratch, holds);
    condition_free(condition);
    (void)snprintf(told, sizeof(told), "%s%s%s", holds[0] ? "1" : "", holds[1] ? "2" : "",
                   holds[2] ? "3" : "");
    return told;
}

static void conditions_hold(void **state _unused_)
{
    static const struct {
        const char *text, *holds;
    } cases[] = {
        {"price < 20", "1"}, {"price <= 20", "12"}, {"price > 10", "2"}, {"price >= 10.0", "12"},
        {"price = 10", "1"}, {"price == 10", "1"}, {"price != 10", "2"}, {"price in (10, 30)", "1"},
        {"price is known", "12"}, {"price is unknown", "3"}, {"not price < 20", "23"},
        {"stock > 0 or stock is unknown", "23"}, {"age < 14d", "1"}, {"age >= 4w", "2"},
        {"age is unknown", "3"}, {"age < 73h", "1"}, {"brand = 'Acme'", "1"},
        {"brand = \"acme\"", ""}, {"brand != 'Acme'", "2"}, {"brand in ('Acme', 'Bolt')", "12"},
        {"brand is unknown", "3"}, {"kind is known", "1"}, {"group = 'g'", "2"},
        {"tags has 'sale'", "1"}, {"not tags has 'sale'", "23"}, {"tags is unknown", "3"},
        {"category has 'Shoes'", "12"}, {"category has 'Boots'", "1"},
        {"id = 'A2'", "2"}, {"id != 'A2'", "13"}, {"id in ('A1','A3','A9')", "13"},
        {"id is known", "123"}, {"user.actions >= 12", "123"}, {"user.actions < 3", ""},
        {"user.idle < 25h", "123"}, {"user.idle < 1d", ""}, {"user.bucket = 42", "123"},
        {"hour = 15", "123"}, {"weekday = 3", "123"}, {"hour in (8, 9)", ""},
        {"price < 20 or price > 5 and stock > 0", "12"},
        {"(price < 20 or price > 5) and stock > 0", "2"},
        {"not not tags has 'red'", "1"}, {"brand = 'never seen'", ""}, {"brand != ''", "12"},
        {"not (price < 20 and brand = 'Acme')", "23"},
    };
    struct rules_rig rig;
    fill(&rig);
    for (size_t k = 0; k < ARRAY_COUNT(cases); k++) {
        const char *told = which(&rig, cases[k].text);
        if (strcmp(told, cases[k].holds)) {
            fail_msg("%s: %s, expected %s", cases[k].text, told, cases[k].holds);
        }
    }
    rules_rig_clear(&rig);
}

static void users_and_requests_have_attributes(void **state _unused_)
{
    static const struct {
        const char *text, *known, *unknown; /* what holds with and without a user and a request */
    } cases[] = {
        {"user.country = 'DE'", "123", ""}, {"user.country != 'FR'", "123", ""},
        {"user.country in ('FR', 'DE')", "123", ""}, {"user.country is known", "123", ""},
        {"user.country is unknown", "", "123"}, {"user.tags has 'vip'", "123", ""},
        {"user.tags has 'Acme'", "", ""}, {"user.tags is known", "123", ""},
        {"user.tags is unknown", "", "123"}, {"user.born >= 1980", "123", ""},
        {"user.born is unknown", "", "123"}, {"device = 'phone'", "123", ""},
        {"device != 'phone'", "", ""}, {"device = 'Acme'", "", ""},
        {"device in ('tv', 'phone') and price < 20", "1", ""},
        {"channel is known", "", ""}, {"channel = ''", "", ""},
        {"channel is unknown", "123", "123"},
        {"country = 'never named'", "", ""}, {"country != 'never named'", "123", ""},
        {"hour = 7", "123", ""}, {"hour = 15", "", "123"},
    };
    struct slice tags[] = {slice_str("young"), slice_str("vip")};
    const struct user_attributes user = {
        .country = slice_str("DE"), .tags = {tags, 2}, .born = 1990};
    const struct request_context request = {
        .device = slice_str("phone"), .channel = slice_str(""), .country = slice_str("CH"),
        .hour = 7};
    struct rules_rig rig;
    fill(&rig);
    for (size_t k = 0; k < 2 * ARRAY_COUNT(cases); k++) {
        bool known = k % 2;
        of_user = known ? &user : NULL;
        of_request = known ? &request : NULL;
        const char *told = which(&rig, cases[k / 2].text);
        const char *want = known ? cases[k / 2].known : cases[k / 2].unknown;
        if (strcmp(told, want)) { fail_msg("%s: %s, expected %s", cases[k / 2].text, told, want); }
    }
    of_user = NULL;
    of_request = NULL;
    rules_rig_clear(&rig);
}

/* A rule sees only what it names, and only where the request says it. */
static void rules_see_a_context(void **state _unused_)
{
    static const char rules_text[] = "a.filter.x=price < 9 or device = 'tv'\n"
                                     "b.boost.x=2 if hour >= 18\nc.cap.x=2 per brand\n";
    const struct request_context contexts[] = {
        {.device = slice_str("tv"), .hour = -1}, {.hour = 3},
        {.country = slice_str("x"), .hour = -1}};
    static const bool sees[3][3] = {
        {true, false, false}, {false, true, false}, {false, false, false}};
    struct rules_rig rig;
    fill(&rig);
    struct rule_set *rules = rules_rig_parse(&rig, rules_text);
    for (size_t c = 0; c < 3; c++) {
        for (size_t p = 0; p < 3; p++) {
            assert_int_equal(placement_sees(&rules->placements[p], &contexts[c]), sees[c][p]);
        }
    }
    rule_set_free(rules);
    rules_rig_clear(&rig);
}

static void rules_see_profiles(void **state _unused_)
{
    static const char *const texts[] = {
        "a.filter.x=user.country = 'DE'\n", "a.boost.x=2 if price < 3 or not user.tags has 'vip'\n",
        "a.length=3\nb.cap.x=2 per brand if user.born is known\n",
        "a.filter.x=user.actions > 3 and user.bucket < 5\nb.pin.x=1 if country = 'DE'\n",
        "a.length=3\n"};
    struct rules_rig rig;
    fill(&rig);
    for (size_t k = 0; k < ARRAY_COUNT(texts); k++) {
        struct rule_set *rules = rules_rig_parse(&rig, texts[k]);
        assert_int_equal(rule_set_sees_profiles(rules), k < 3);
        rule_set_free(rules);
    }
    rules_rig_clear(&rig);
}

static void faults_say_what_to_write(void **state _unused_)
{
    static const struct {
        const char *text, *part;
    } cases[] = {
        {"", "the end is no attribute: there are price"},
        {"prize < 3", "prize is no attribute"},
        {"price < '3'", "price is compared with a number"},
        {"price < 3d", "price is compared with a number"},
        {"age < 14", "age is compared with a period (36h, 14d), not with 14"},
        {"brand = Acme", "brand is compared with a text in quotes, not with Acme"},
        {"brand < 'a'", "brand is a text: compare it with = or !="},
        {"tags = 'a'", "tags are several texts: write tags has 'TEXT'"},
        {"price", "behind price comes"}, {"price is", "is known"}, {"price in 3", "followed by ("},
        {"price in (3", "end with ), not with the end"}, {"(price < 3", "a ) is missing"},
        {"brand = 'Acme", "no closing '"}, {"price < 3x", "a period is written"},
        {"price ~ 3", "~ is no sign"}, {"price < 3 and", "the end is no attribute"},
        {"((((((((((((((((((((price<1", "at most 16 parentheses deep"},
        {"not not not not not not not not not not not not not not not not not price<1", "deep"},
    };
    struct rules_rig rig;
    fill(&rig);
    for (size_t k = 0; k < ARRAY_COUNT(cases); k++) {
        const char *told = which(&rig, cases[k].text);
        if (!strstr(told, cases[k].part)) {
            fail_msg("%s: \"%s\", expected \"%s\"", cases[k].text, told, cases[k].part);
        }
    }
    rules_rig_clear(&rig);
}

static void sizes_are_limited(void **state _unused_)
{
    struct rules_rig rig;
    char text[4096];
    size_t size = 0;
    fill(&rig);
    for (int k = 0; k < 40; k++) {
        size += (size_t)snprintf(text + size, sizeof(text) - size, "%sprice=%d", k ? " or " : "",
                                 k);
    }
    assert_non_null(strstr(which(&rig, text), "make several rules"));
    size = (size_t)snprintf(text, sizeof(text), "price in (0");
    for (int k = 1; k < CONDITION_VALUES_MAX + 1; k++) {
        size += (size_t)snprintf(text + size, sizeof(text) - size, ",%d", k);
    }
    (void)snprintf(text + size, sizeof(text) - size, ")");
    assert_non_null(strstr(which(&rig, text), "at most 64 values"));
    rules_rig_clear(&rig);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(conditions_hold),
        cmocka_unit_test(users_and_requests_have_attributes),
        cmocka_unit_test(rules_see_a_context),
        cmocka_unit_test(rules_see_profiles),
        cmocka_unit_test(faults_say_what_to_write),
        cmocka_unit_test(sizes_are_limited),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
