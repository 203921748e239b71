#include "base/base.h"
#include "stream/registry/registry.h"
#include "tests/fake_registry.h"

#include <setjmp.h>
#include <cmocka.h>

#define RECORD "{\"type\":\"record\",\"name\":\"R\",\"doc\":\"\\u00e9\\\"\",\"fields\":[]}"

struct scratch {
    struct fake_registry fake;
    struct registry_settings settings;
    struct options *options;
    struct registry *registry;
    struct buf schema;
};

static void fill(struct scratch *scratch, const char *const *pairs, size_t count)
{
    const struct option_group group = {"registry", registry_options, registry_options_count,
                                       &scratch->settings};
    assert_int_equal(options_fill(&group, 1, pairs, count, stderr, &scratch->options), 0);
}

static int setup(void **state)
{
    struct scratch *scratch = xcalloc(1, sizeof(*scratch));
    fake_init(&scratch->fake);
    _cleanup_(xfreep) char *url = xprintf("schema.registry.url=%s/,", scratch->fake.url);
    const char *pairs[] = {url, "schema.registry.request.timeout.ms=300ms",
                           "schema.registry.answer.bytes.max=64k"};
    fill(scratch, pairs, ARRAY_COUNT(pairs));
    scratch->registry = registry_new(&scratch->settings);
    buf_init(&scratch->schema, 1 << 20);
    *state = scratch;
    return 0;
}

static int teardown(void **state)
{
    struct scratch *scratch = *state;
    registry_free(scratch->registry);
    fake_release(&scratch->fake);
    options_free(scratch->options);
    buf_release(&scratch->schema);
    free(scratch);
    return 0;
}

static void test_register_and_find(void **state)
{
    struct scratch *scratch = *state;
    uint32_t id = 0, again = 0;
    assert_int_equal(registry_lookup(scratch->registry, "t-value", RECORD, &id), REGISTRY_ABSENT);
    assert_int_equal(registry_check(scratch->registry, "t-value", RECORD), 0);
    assert_int_equal(registry_register(scratch->registry, "t-value", RECORD, &id), 0);
    assert_string_equal(scratch->fake.last, "POST /subjects/t-value/versions");
    assert_int_equal(id, 1);
    assert_int_equal(registry_register(scratch->registry, "t-value", RECORD, &again), 0);
    assert_int_equal(again, 1);
    assert_int_equal(registry_lookup(scratch->registry, "t-value", RECORD, &again), 0);
    assert_int_equal(registry_lookup(scratch->registry, "t-value", "\"int\"", &again),
                     REGISTRY_ABSENT);
    assert_non_null(strstr(registry_why(scratch->registry), "404 Not found"));
    /* the text comes back byte for byte */
    assert_int_equal(registry_schema(scratch->registry, id, &scratch->schema), 0);
    assert_string_equal(scratch->schema.data, RECORD);
    assert_int_equal(registry_schema(scratch->registry, 99, &scratch->schema), REGISTRY_ABSENT);
    assert_int_equal(scratch->schema.size, 0);
}

static void test_subjects_are_escaped(void **state)
{
    struct scratch *scratch = *state;
    uint32_t id;
    /* the other side undoes it */
    assert_int_equal(registry_register(scratch->registry, "a b%\xc3\xa9?#-value", RECORD, &id), 0);
    assert_string_equal(scratch->fake.last, "POST /subjects/a b%\xc3\xa9?#-value/versions");
    assert_int_equal(registry_register(scratch->registry, "t-value", "\xff", &id),
                     REGISTRY_INVALID);
    char longest[REGISTRY_SUBJECT_BYTES_MAX * 4];
    memset(longest, 'x', sizeof(longest));
    longest[sizeof(longest) - 1] = '\0';
    assert_int_equal(registry_register(scratch->registry, longest, RECORD, &id), REGISTRY_INVALID);
}

static void test_incompatible(void **state)
{
    struct scratch *scratch = *state;
    uint32_t id = 77;
    assert_int_equal(registry_register(scratch->registry, "t-value", "\"int\"", &id), 0);
    scratch->fake.incompatible = true;
    assert_int_equal(registry_register(scratch->registry, "t-value", RECORD, &id),
                     REGISTRY_INCOMPATIBLE);
    assert_non_null(strstr(registry_why(scratch->registry), "409 Schema being registered"));
    assert_int_equal(registry_check(scratch->registry, "t-value", RECORD), REGISTRY_INCOMPATIBLE);
    assert_string_equal(registry_why(scratch->registry), "field x has no default; and y");
    assert_int_equal(id, 1);
    fake_tell(&scratch->fake, 200, "{\"is_compatible\":false}");
    assert_int_equal(registry_check(scratch->registry, "t-value", RECORD), REGISTRY_INCOMPATIBLE);
    assert_string_equal(registry_why(scratch->registry), "the registry does not say why");
}

/* Every answer that is none, and what it counts as. */
static void test_answers(void **state)
{
    static const struct {
        unsigned status;
        const char *body;
        int schema, id, check;
    } cases[] = {
        {404, "{\"error_code\":40401,\"message\":\"Subject\"}", -2, -2, 0},
        {404, "{\"error_code\":40402,\"message\":\"Version\"}", -2, -2, 0},
        {404, "{\"error_code\":40403,\"message\":\"Schema\"}", -2, -2, 0},
        {404, "<html>nothing here</html>", -5, -5, -5},
        {404, "{\"error_code\":404}", -5, -5, -5},
        {409, "{\"error_code\":409,\"message\":\"no\"}", -3, -3, -3},
        {422, "{\"error_code\":42201,\"message\":\"no schema\"}", -4, -4, -4},
        {401, "{\"error_code\":401,\"message\":\"who?\"}", -5, -5, -5},
        {401, "", -5, -5, -5},
        {403, "no", -5, -5, -5},
        {302, "elsewhere", -1, -1, -1},
        {429, "slowly", -1, -1, -1},
        {500, "{\"error_code\":50001,\"message\":\"store\"}", -1, -1, -1},
        {503, "", -1, -1, -1},
        {200, "", -1, -1, -1},
        {200, "garbage", -1, -1, -1},
        {200, "{\"schema\":\"int", -1, -1, -1},
        {200, "[]", -1, -1, -1},
        {200, "{\"schema\":5,\"id\":\"1\",\"is_compatible\":1}", -1, -1, -1},
        {200, "{\"id\":-1}", -1, -1, -1},
        {200, "{\"id\":4294967296}", -1, -1, -1},
        {200, "{\"id\":1.5}", -1, -1, -1},
        {200, "{\"id\":99999999999999999999}", -1, -1, -1},
        {200, "{\"schema\":\"{}\",\"schemaType\":\"JSON\",\"is_compatible\":false}", -4, -1, -3},
        {200, "{\"schema\":\"{}\",\"references\":[{\"name\":\"x\"}]}", -4, -1, -1},
        {200,
         "{\"schema\":\"\\\"int\\\"\",\"schemaType\":\"AVRO\",\"references\":[],\"id\":7,"
         "\"is_compatible\":true}",
         0, 0, 0},
    };
    struct scratch *scratch = *state;
    for (size_t i = 0; i < ARRAY_COUNT(cases); i++) {
        uint32_t id = 5;
        fake_tell(&scratch->fake, cases[i].status, cases[i].body);
        int schema = registry_schema(scratch->registry, 7, &scratch->schema);
        int registered = registry_register(scratch->registry, "t-value", RECORD, &id);
        int check = registry_check(scratch->registry, "t-value", RECORD);
        if (schema != cases[i].schema || registered != cases[i].id || check != cases[i].check) {
            fail_msg("%u %s: %d %d %d", cases[i].status, cases[i].body, schema, registered, check);
        }
        assert_int_equal(id, registered ? 5 : 7);
        if (schema) { assert_int_equal(scratch->schema.size, 0); }
    }
    assert_string_equal(scratch->schema.data, "\"int\"");
}

static void test_limits(void **state)
{
    struct scratch *scratch = *state;
    uint32_t id;
    _cleanup_(xfreep) char *long_answer = xprintf("\"%0*d\"", 70000, 0);
    fake_tell(&scratch->fake, 200, long_answer);
    assert_int_equal(registry_schema(scratch->registry, 1, &scratch->schema), REGISTRY_AWAY);
    assert_non_null(strstr(registry_why(scratch->registry), "an answer of more than 65536 bytes"));
    fake_tell(&scratch->fake, 500, long_answer);
    assert_int_equal(registry_schema(scratch->registry, 1, &scratch->schema), REGISTRY_AWAY);
    fake_tell(&scratch->fake, 0, NULL);
    scratch->fake.delay_ms = 800;
    assert_int_equal(registry_register(scratch->registry, "t-value", RECORD, &id), REGISTRY_AWAY);
    scratch->fake.delay_ms = 0;
    assert_int_equal(registry_register(scratch->registry, "t-value", RECORD, &id), 0);
    fake_close(&scratch->fake);
    assert_int_equal(registry_register(scratch->registry, "t-value", RECORD, &id), REGISTRY_AWAY);
    fake_listen(&scratch->fake);
    assert_int_equal(registry_register(scratch->registry, "t-value", RECORD, &id), 0);
    registry_stop(scratch->registry);
    assert_int_equal(registry_register(scratch->registry, "t-value", RECORD, &id), REGISTRY_AWAY);
}

/* One client with these settings, and the fake of the scratch. */
static int ask_with(struct scratch *scratch, const char *pair, const char *more_urls)
{
    uint32_t id;
    options_free(scratch->options);
    _cleanup_(xfreep) char *url =
        xprintf("schema.registry.url=%s%s", more_urls ? more_urls : "", scratch->fake.url);
    const char *pairs[] = {url, pair};
    fill(scratch, pairs, pair ? 2 : 1);
    struct registry *registry = registry_new(&scratch->settings);
    int result = registry_register(registry, "t-value", RECORD, &id);
    registry_free(registry);
    return result;
}

static void test_credentials(void **state)
{
    struct scratch *scratch = *state;
    scratch->fake.authorization = "Basic dXNlcjpwOncg";
    assert_int_equal(ask_with(scratch, NULL, NULL), REGISTRY_REFUSED);
    assert_int_equal(ask_with(scratch, "schema.registry.basic.auth.user.info=user:wrong", NULL),
                     REGISTRY_REFUSED);
    assert_int_equal(ask_with(scratch, "schema.registry.basic.auth.user.info=user:p:w ", NULL), 0);
    scratch->fake.authorization = "Bearer abc.def";
    assert_int_equal(ask_with(scratch, "schema.registry.bearer.auth.token=abc.def", NULL), 0);
    assert_int_equal(ask_with(scratch, "schema.registry.bearer.auth.token=abc.deg", NULL),
                     REGISTRY_REFUSED);
}

static void test_several_urls(void **state)
{
    struct scratch *scratch = *state;
    assert_int_equal(ask_with(scratch, NULL, "http://127.0.0.1:1/, http://127.0.0.1:2,"), 0);
    fake_close(&scratch->fake);
    assert_int_equal(ask_with(scratch, NULL, "http://127.0.0.1:1,"), REGISTRY_AWAY);
}

static void assert_fault(struct scratch *scratch, const char *const *pairs, size_t count,
                         const char *want)
{
    options_free(scratch->options);
    fill(scratch, pairs, count);
    _cleanup_(xfreep) char *fault = registry_settings_fault(&scratch->settings);
    if (!want) {
        assert_null(fault);
        return;
    }
    assert_non_null(fault);
    if (!strstr(fault, want)) { fail_msg("%s", fault); }
    assert_null(strstr(fault, "secret"));
}

static void test_settings(void **state)
{
    struct scratch *scratch = *state;
#define FAULT(want, ...)                                                                           \
    do {                                                                                           \
        const char *pairs[] = {__VA_ARGS__};                                                       \
        assert_fault(scratch, pairs, ARRAY_COUNT(pairs), want);                                    \
    } while (0)
    FAULT(NULL, "schema.registry.url=");
    FAULT(NULL, "schema.registry.url=https://a/b, http://c:1");
    FAULT("want http://", "schema.registry.url=registry:8081");
    FAULT("want http://", "schema.registry.url=http://a:1,ftp://b");
    FAULT("want http://", "schema.registry.url=http://");
    FAULT("no credentials", "schema.registry.url=http://me:secret@a:1");
    FAULT(NULL, "schema.registry.url=http://a/@b");
    FAULT("at most 8", "schema.registry.url=http://1,http://2,http://3,http://4,http://5,http://6,"
                       "http://7,http://8,http://9");
    FAULT("both set", "schema.registry.basic.auth.user.info=a:secret",
          "schema.registry.bearer.auth.token=secret");
    FAULT("USER:PASSWORD", "schema.registry.basic.auth.user.info=secret");
    FAULT("ssl.ca.location=/nowhere/ca.pem: No such file",
          "schema.registry.ssl.ca.location=/nowhere/ca.pem");
    FAULT("certificate.location", "schema.registry.ssl.key.location=k.pem");
#undef FAULT
}

int main(void)
{
#define SCRATCH_TEST(name) cmocka_unit_test_setup_teardown(name, setup, teardown)
    const struct CMUnitTest tests[] = {
        SCRATCH_TEST(test_register_and_find),
        SCRATCH_TEST(test_subjects_are_escaped),
        SCRATCH_TEST(test_incompatible),
        SCRATCH_TEST(test_answers),
        SCRATCH_TEST(test_limits),
        SCRATCH_TEST(test_credentials),
        SCRATCH_TEST(test_several_urls),
        SCRATCH_TEST(test_settings),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
