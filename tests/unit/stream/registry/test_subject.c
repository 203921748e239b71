#include "base/base.h"
#include "stream/registry/subject.h"
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

struct scratch {
    struct fake_registry fake;
    struct registry_settings settings;
    struct options *options;
    struct registry *registry;
    uint32_t id;
    char why[REGISTRY_WHY_BYTES];
};

static int setup(void **state)
{
    struct scratch *scratch = xcalloc(1, sizeof(*scratch));
    fake_init(&scratch->fake);
    _cleanup_(xfreep) char *url = xprintf("schema.registry.url=%s", scratch->fake.url);
    const char *pairs[] = {url};
    const struct option_group group = {"registry", registry_options, registry_options_count,
                                       &scratch->settings};
    int rc = options_fill(&group, 1, pairs, 1, stderr, &scratch->options);
    assert(rc == 0);
    scratch->registry = registry_new(&scratch->settings);
    *state = scratch;
    return 0;
}

static int teardown(void **state)
{
    struct scratch *scratch = *state;
    registry_free(scratch->registry);
    fake_release(&scratch->fake);
    options_free(scratch->options);
    free(scratch);
    return 0;
}

static int resolve(struct scratch *scratch)
{
    scratch->why[0] = '\0';
    return subject_resolve(scratch->registry, &scratch->settings, "t-value", &record, &scratch->id,
                           scratch->why, sizeof(scratch->why));
}

static void test_registers_its_own_text(void **state)
{
    struct scratch *scratch = *state;
    assert_int_equal(resolve(scratch), 0);
    assert_int_equal(scratch->fake.requests, 2);
    assert_string_equal(scratch->fake.schemas[0].text, record.schema);
    assert_int_equal(resolve(scratch), 0);
    assert_int_equal(scratch->fake.requests, 3); /* it is there: nothing is written */
    assert_int_equal(scratch->id, 1);
}

static void test_may_not_follow(void **state)
{
    struct scratch *scratch = *state;
    fake_add(&scratch->fake, "t-value", "\"int\"");
    scratch->fake.incompatible = true;
    assert_int_equal(resolve(scratch), REGISTRY_INCOMPATIBLE);
    assert_non_null(strstr(scratch->why, "409 Schema being registered is incompatible"));
    assert_non_null(strstr(scratch->why, "; field x has no default; and y"));
    scratch->settings.auto_register = false;
    assert_int_equal(resolve(scratch), REGISTRY_INCOMPATIBLE);
    assert_string_equal(scratch->why, "field x has no default; and y");
}

static void test_only_looks_up(void **state)
{
    struct scratch *scratch = *state;
    scratch->settings.auto_register = false;
    assert_int_equal(resolve(scratch), REGISTRY_ABSENT);
    assert_non_null(strstr(scratch->why, "auto.register.schemas=true"));
    assert_int_equal(scratch->fake.schemas_count, 0);
    fake_add(&scratch->fake, "t-value", record.schema);
    assert_int_equal(resolve(scratch), 0);
}

static void test_faults(void **state)
{
    struct scratch *scratch = *state;
    fake_tell(&scratch->fake, 401, "{\"message\":\"who are you?\"}");
    assert_int_equal(resolve(scratch), REGISTRY_REFUSED);
    assert_non_null(strstr(scratch->why, "401 who are you?"));
    fake_tell(&scratch->fake, 422, "{\"error_code\":42201,\"message\":\"no\"}");
    assert_int_equal(resolve(scratch), REGISTRY_INVALID);
    fake_close(&scratch->fake);
    assert_int_equal(resolve(scratch), REGISTRY_AWAY);
    assert_true(scratch->why[0]);
}

static int bind_record(struct scratch *scratch, struct schema_cache *schemas)
{
    scratch->why[0] = '\0';
    return subject_bind(scratch->registry, &scratch->settings, "t-value", &record, schemas,
                        &scratch->id, scratch->why, sizeof(scratch->why));
}

static void test_binds_the_id(void **state)
{
    struct scratch *scratch = *state;
    struct schema_cache *schemas = schema_cache_new();
    schema_cache_write(schemas, FRAMING_CONFLUENT);
    assert_false(subject_has_id(schemas, &record, scratch->why, sizeof(scratch->why)));
    assert_non_null(strstr(scratch->why, "freshet.R has no id; hint: "));
    assert_int_equal(bind_record(scratch, schemas), 0);
    assert_int_equal(scratch->id, 1);
    assert_true(subject_has_id(schemas, &record, NULL, 0));
    schema_cache_free(schemas);
}

static void test_does_not_bind(void **state)
{
    struct scratch *scratch = *state;
    struct schema_cache *schemas = schema_cache_new();
    struct codec_error error;
    assert_int_equal(schema_cache_bind(schemas, 1, "\"string\"", &error), 0);
    assert_int_equal(bind_record(scratch, schemas), REGISTRY_REFUSED);
    assert_non_null(strstr(scratch->why, "schemas.path of another registry?"));
    schema_cache_free(schemas);
    schemas = schema_cache_new();
    scratch->fake.incompatible = true;
    scratch->settings.auto_register = false;
    fake_add(&scratch->fake, "u-value", "\"int\"");
    int result = subject_bind(scratch->registry, &scratch->settings, "u-value", &record, schemas,
                              &scratch->id, scratch->why, sizeof(scratch->why));
    assert_int_equal(result, REGISTRY_INCOMPATIBLE);
    assert_non_null(strstr(scratch->why, "the schema may not follow the one there: field x"));
    assert_false(subject_has_id(schemas, &record, NULL, 0));
    schema_cache_free(schemas);
}

int main(void)
{
#define SCRATCH_TEST(name) cmocka_unit_test_setup_teardown(name, setup, teardown)
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_names),      SCRATCH_TEST(test_registers_its_own_text),
        SCRATCH_TEST(test_may_not_follow), SCRATCH_TEST(test_only_looks_up),
        SCRATCH_TEST(test_faults),         SCRATCH_TEST(test_binds_the_id),
        SCRATCH_TEST(test_does_not_bind),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
