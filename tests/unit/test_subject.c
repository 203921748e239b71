#include "base/base.h"
#include "stream/subject.h"
#include "tests/fake_registry.h"

#include <setjmp.h>
#include <cmocka.h>

static const struct contract record = {.name = "freshet.R",
                                       .schema = "{\"type\": \"record\", \"name\": \"R\", "
                                                 "\"namespace\": \"freshet\",\n \"fields\": []}"};

static void assert_name(enum naming naming, bool first, const char *want)
{
    const struct registry_settings settings = {.naming = (int32_t)naming};
    _cleanup_(xfreep) char *name = subject_name(&settings, "shop.events", &record, first);
    assert_string_equal(name, want);
}

static void test_names(void **state)
{
    assert_name(NAMING_TOPIC, true, "shop.events-value");
    assert_name(NAMING_TOPIC, false, "shop.events-freshet.R");
    assert_name(NAMING_RECORD, true, "freshet.R");
    assert_name(NAMING_RECORD, false, "freshet.R");
    assert_name(NAMING_TOPIC_RECORD, true, "shop.events-freshet.R");
    assert_name(NAMING_TOPIC_RECORD, false, "shop.events-freshet.R");
}

struct desk {
    struct fake_registry fake;
    struct registry_settings settings;
    struct options *options;
    struct registry *registry;
    uint32_t id;
    char why[REGISTRY_WHY_BYTES];
};

static int setup(void **state)
{
    struct desk *desk = xcalloc(1, sizeof(*desk));
    fake_init(&desk->fake);
    _cleanup_(xfreep) char *url = xprintf("schema.registry.url=%s", desk->fake.url);
    const char *pairs[] = {url};
    const struct option_group group = {"registry", registry_options, registry_options_count,
                                       &desk->settings};
    int rc = options_fill(&group, 1, pairs, 1, stderr, &desk->options);
    assert(rc == 0);
    desk->registry = registry_new(&desk->settings);
    *state = desk;
    return 0;
}

static int teardown(void **state)
{
    struct desk *desk = *state;
    registry_free(desk->registry);
    fake_release(&desk->fake);
    options_free(desk->options);
    free(desk);
    return 0;
}

static int settle(struct desk *desk)
{
    desk->why[0] = '\0';
    return subject_settle(desk->registry, &desk->settings, "t-value", &record, &desk->id, desk->why,
                          sizeof(desk->why));
}

static void test_registers_its_own_text(void **state)
{
    struct desk *desk = *state;
    assert_int_equal(settle(desk), 0);
    assert_int_equal(desk->fake.requests, 2);
    assert_string_equal(desk->fake.schemas[0].text, record.schema);
    assert_int_equal(settle(desk), 0);
    assert_int_equal(desk->fake.requests, 3); /* it is there: nothing is written */
    assert_int_equal(desk->id, 1);
}

static void test_may_not_follow(void **state)
{
    struct desk *desk = *state;
    fake_add(&desk->fake, "t-value", "\"int\"");
    desk->fake.incompatible = true;
    assert_int_equal(settle(desk), REGISTRY_INCOMPATIBLE);
    assert_non_null(strstr(desk->why, "409 Schema being registered is incompatible"));
    assert_non_null(strstr(desk->why, "; field x has no default; and y"));
    desk->settings.auto_register = false;
    assert_int_equal(settle(desk), REGISTRY_INCOMPATIBLE);
    assert_string_equal(desk->why, "field x has no default; and y");
}

static void test_only_looks_up(void **state)
{
    struct desk *desk = *state;
    desk->settings.auto_register = false;
    assert_int_equal(settle(desk), REGISTRY_ABSENT);
    assert_non_null(strstr(desk->why, "auto.register.schemas=true"));
    assert_int_equal(desk->fake.schemas_count, 0);
    fake_add(&desk->fake, "t-value", record.schema);
    assert_int_equal(settle(desk), 0);
}

static void test_faults(void **state)
{
    struct desk *desk = *state;
    fake_tell(&desk->fake, 401, "{\"message\":\"who are you?\"}");
    assert_int_equal(settle(desk), REGISTRY_REFUSED);
    assert_non_null(strstr(desk->why, "401 who are you?"));
    fake_tell(&desk->fake, 422, "{\"error_code\":42201,\"message\":\"no\"}");
    assert_int_equal(settle(desk), REGISTRY_INVALID);
    fake_close(&desk->fake);
    assert_int_equal(settle(desk), REGISTRY_AWAY);
    assert_true(desk->why[0]);
}

int main(void)
{
#define DESK_TEST(name) cmocka_unit_test_setup_teardown(name, setup, teardown)
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_names),
        DESK_TEST(test_registers_its_own_text),
        DESK_TEST(test_may_not_follow),
        DESK_TEST(test_only_looks_up),
        DESK_TEST(test_faults),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
