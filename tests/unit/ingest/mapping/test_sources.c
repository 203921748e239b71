#include "base/base.h"
#include "ingest/mapping/sources.h"

#include <setjmp.h>
#include <cmocka.h>

static struct mapping_settings settings;
static struct options *options;
static struct sources *sources;
static char why[600];

static int make(const char *const *pairs, size_t count)
{
    const struct option_group group = {"ingest", mapping_options, MAPPING_OPTIONS_COUNT, &settings};
    assert_int_equal(options_fill(&group, 1, pairs, count, stderr, &options), 0);
    sources = NULL;
    return sources_new(&settings, NULL, &sources, why, sizeof(why));
}

static void clear(void)
{
    sources = sources_free(sources);
    options = options_free(options);
}

#define MAKE(...)                                                                                  \
    make((const char *const[]){__VA_ARGS__},                                                       \
         sizeof((const char *const[]){__VA_ARGS__}) / sizeof(const char *))

static void one_without_a_name(void **state)
{
    assert_int_equal(MAKE("map.user=u"), 0);
    assert_int_equal(sources_count(sources), 1);
    assert_string_equal(sources_at(sources, 0)->name, "clicks");
    assert_string_equal(sources_at(sources, 0)->settings.paths[MAPPED_USER], "u");
    assert_true(sources_become(&settings, TARGET_EVENT));
    assert_false(sources_become(&settings, TARGET_ITEM));
    clear();
}

static void each_says_what_differs(void **state)
{
    assert_int_equal(
        MAKE("sources=shop, goods,people", "map.user=u", "time.format=s", "action.buy=PURCHASE:5",
             "action.view=VIEW:1", "source.shop.map.user=who.id",
             "source.shop.action.view=VIEW:0.5",
             "source.shop.action.order placed=PURCHASE:9", "source.goods.becomes=Item",
             "source.goods.kind.d=delete", "source.goods.kind.t=ignore", "source.goods.map.kind=op",
             "source.goods.record.bytes.max=64k", "source.people.becomes=UserProfile"),
        0);
    assert_int_equal(sources_count(sources), 3);
    const struct mapping_settings *shop = &sources_at(sources, 0)->settings;
    const struct mapping_settings *goods = &sources_at(sources, 1)->settings;
    const struct mapping_settings *people = &sources_at(sources, 2)->settings;
    assert_string_equal(shop->paths[MAPPED_USER], "who.id");
    assert_string_equal(people->paths[MAPPED_USER], "u");
    assert_int_equal(shop->time_format, goods->time_format);
    assert_string_equal(properties_get(&shop->actions, "view"), "VIEW:0.5");
    assert_string_equal(properties_get(&shop->actions, "buy"), "PURCHASE:5");
    assert_string_equal(properties_get(&shop->actions, "order placed"), "PURCHASE:9");
    assert_string_equal(properties_get(&people->actions, "view"), "VIEW:1");
    assert_string_equal(properties_get(&goods->kinds, "t"), "ignore");
    assert_null(properties_get(&shop->kinds, "t"));
    assert_int_equal(goods->record_bytes_max, 65536);
    assert_int_equal(shop->record_bytes_max, 1 << 20);
    assert_int_equal(goods->target, TARGET_ITEM);
    assert_true(sources_become(&settings, TARGET_PROFILE));
    assert_true(sources_become(&settings, TARGET_ITEM));
    assert_true(sources_become(&settings, TARGET_EVENT));
    clear();
    assert_int_equal(MAKE("sources=a, b", "source.a.becomes=Item", "source.b.becomes=Item"), 0);
    assert_true(sources_become(&settings, TARGET_ITEM));
    assert_false(sources_become(&settings, TARGET_EVENT));
    clear();
}

static void refuse(const char *part, const char *first, const char *second)
{
    assert_int_equal(MAKE(first, second), -EINVAL);
    if (!strstr(why, part)) { fail_msg("\"%s\" names no \"%s\"", why, part); }
    assert_null(sources);
    clear();
}

static void refuses_with_a_hint(void **state)
{
    refuse("1 to 64 letters", "sources=a,,b", "map.user=u");
    refuse("1 to 64 letters", "sources=a.b", "map.user=u");
    refuse("a topic items of its own", "sources=a,items", "map.user=u");
    refuse("between names is a comma", "sources=a;b", "map.user=u");
    refuse("twice", "sources=a,b,a", "map.user=u");
    refuse("names no b", "sources=a", "source.b.map.user=x");
    refuse("names no shop", "map.user=u", "source.shop.map.user=x");
    refuse("no key \"map.usr\"", "sources=a", "source.a.map.usr=x");
    refuse("no key \"sources\"", "sources=a", "source.a.sources=x");
    refuse("no key \"topic\"", "sources=a", "source.a.topic=x");
    refuse("topic.a=NAME", "sources=a", "source.a.topic=x");
    refuse("no key \"\"", "sources=a", "source.a=x");
    refuse("expected one of", "sources=a", "source.a.becomes=Thing");
    refuse("source a: map.user=..", "sources=a", "source.a.map.user=..");
    refuse("source a: kind.d=delete", "sources=a", "source.a.kind.d=delete");
    char many[16 * (SOURCES_MAX + 1)] = "sources=s0";
    for (int i = 1; i < SOURCES_MAX; i++) {
        (void)snprintf(many + strlen(many), 16, ",s%d", i);
    }
    assert_int_equal(MAKE(many), 0);
    clear();
    (void)snprintf(many + strlen(many), 16, ",one-more");
    refuse("at most 64", many, "map.user=u");
    assert_null(sources_free(NULL));
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(one_without_a_name),
        cmocka_unit_test(each_says_what_differs),
        cmocka_unit_test(refuses_with_a_hint),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
