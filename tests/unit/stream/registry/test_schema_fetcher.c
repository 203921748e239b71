#include "base/base.h"
#include "stream/registry/schema_fetcher.h"
#include "tests/fake_registry.h"

#include <setjmp.h>
#include <cmocka.h>

#define INT "\"int\""

struct scratch {
    struct fake_registry fake;
    struct registry_settings settings;
    struct options *options;
    struct schema_cache *schemas;
    struct schema_fetcher *fetcher;
    uint32_t found;
    int founds;
};

static void found(void *arg, uint32_t id, const char *schema)
{
    struct scratch *scratch = arg;
    assert_string_equal(schema, INT);
    scratch->found = id;
    scratch->founds++;
}

static int set_up(void **state, bool threaded)
{
    struct scratch *scratch = xcalloc(1, sizeof(*scratch));
    fake_init(&scratch->fake);
    _cleanup_(xfreep) char *url = xprintf("schema.registry.url=%s", scratch->fake.url);
    const char *pairs[] = {url,
                           "schema.registry.request.timeout.ms=1s",
                           "schema.registry.retry.backoff.ms=100",
                           "schema.registry.retry.backoff.max.ms=1000",
                           "schema.registry.unknown.timeout.ms=5s",
                           "schema.registry.outage.timeout.ms=60s",
                           "schema.registry.negative.cache.ms=30s"};
    const struct option_group group = {"registry", registry_options, registry_options_count,
                                       &scratch->settings};
    int rc = options_fill(&group, 1, pairs, ARRAY_COUNT(pairs), stderr, &scratch->options);
    assert(rc == 0);
    scratch->schemas = schema_cache_new();
    scratch->fetcher =
        schema_fetcher_new(&scratch->settings, scratch->schemas, threaded, found, scratch);
    *state = scratch;
    return 0;
}

static int setup(void **state)
{
    return set_up(state, false);
}

static int setup_threaded(void **state)
{
    return set_up(state, true);
}

static int teardown(void **state)
{
    struct scratch *scratch = *state;
    schema_fetcher_free(scratch->fetcher);
    fake_release(&scratch->fake);
    schema_cache_free(scratch->schemas);
    options_free(scratch->options);
    free(scratch);
    return 0;
}

/* Asks until the status is another one; tells when. */
static int64_t ask_until(struct scratch *scratch, uint32_t id, int64_t from_ms,
                         enum fetch_status want)
{
    int64_t now_ms = from_ms;
    enum fetch_status status = schema_fetcher_request(scratch->fetcher, id, now_ms);
    while (status == FETCH_PENDING && now_ms < from_ms + 1000000) {
        now_ms += 10;
        status = schema_fetcher_request(scratch->fetcher, id, now_ms);
    }
    assert_int_equal(status, want);
    return now_ms;
}

static void test_known_for_ever(void **state)
{
    struct scratch *scratch = *state;
    uint32_t id = fake_add(&scratch->fake, "t-value", INT);
    assert_int_equal(schema_fetcher_request(scratch->fetcher, id, 0), FETCH_PENDING);
    assert_int_equal(schema_fetcher_request(scratch->fetcher, id, 1), FETCH_KNOWN);
    assert_true(scratch->found == id && scratch->founds == 1 && scratch->fake.requests == 1);
    fake_close(&scratch->fake);
    for (int64_t now_ms = 0; now_ms < 1000000000; now_ms += 10000000) {
        assert_int_equal(schema_fetcher_request(scratch->fetcher, id, now_ms), FETCH_KNOWN);
    }
    assert_int_equal(scratch->founds, 1);
}

static void test_comes_late(void **state)
{
    struct scratch *scratch = *state;
    assert_int_equal(schema_fetcher_request(scratch->fetcher, 1, 0), FETCH_PENDING);
    assert_int_equal(schema_fetcher_request(scratch->fetcher, 1, 1), FETCH_PENDING);
    assert_non_null(strstr(schema_fetcher_why(scratch->fetcher, 1), "404 Schema not found"));
    fake_add(&scratch->fake, "t-value", INT);
    /* asked again after 100 ms, not before */
    assert_int_equal(schema_fetcher_request(scratch->fetcher, 1, 100), FETCH_PENDING);
    assert_int_equal(scratch->fake.requests, 1);
    assert_int_equal(ask_until(scratch, 1, 101, FETCH_KNOWN), 111);
    assert_int_equal(scratch->fake.requests, 2);
}

static void test_unknown(void **state)
{
    struct scratch *scratch = *state;
    int64_t at_ms = ask_until(scratch, 7, 0, FETCH_GIVEN_UP);
    assert_in_range(at_ms, 5000, 5010);
    /* pauses of 100, 200, 400, 800, 1000, 1000... */
    assert_in_range(scratch->fake.requests, 7, 9);
    int requests = scratch->fake.requests;
    assert_int_equal(schema_fetcher_request(scratch->fetcher, 7, at_ms + 29999), FETCH_GIVEN_UP);
    assert_int_equal(scratch->fake.requests, requests);
    /* others are asked for, but not waited for, meanwhile */
    assert_int_equal(ask_until(scratch, 8, at_ms + 100, FETCH_GIVEN_UP), at_ms + 110);
    assert_int_equal(scratch->fake.requests, requests + 1);
    uint32_t id = fake_add(&scratch->fake, "t-value", INT);
    ask_until(scratch, id, at_ms + 200, FETCH_KNOWN);
    /* then it is asked for anew */
    int64_t again_ms = at_ms + 70000;
    assert_in_range(ask_until(scratch, 7, again_ms, FETCH_GIVEN_UP), again_ms + 5000,
                    again_ms + 5010);
}

static void test_outage(void **state)
{
    static const struct {
        unsigned status;
        const char *body;
    } troubles[] = {{500, "{\"error_code\":50001}"}, {401, "who?"}, {200, "garbage"}, {503, ""}};
    struct scratch *scratch = *state;
    int64_t now_ms = 0;
    for (size_t i = 0; i < ARRAY_COUNT(troubles); i++) {
        fake_tell(&scratch->fake, troubles[i].status, troubles[i].body);
        int64_t at_ms = ask_until(scratch, (uint32_t)i + 100, now_ms, FETCH_GIVEN_UP);
        assert_in_range(at_ms - now_ms, 60000, 61010);
        now_ms = at_ms;
    }
    /* an outage makes nobody impatient */
    fake_tell(&scratch->fake, 0, NULL);
    int64_t at_ms = ask_until(scratch, 200, now_ms, FETCH_GIVEN_UP);
    assert_in_range(at_ms - now_ms, 5000, 5010);
    fake_close(&scratch->fake);
    uint32_t id = fake_add(&scratch->fake, "t-value", INT);
    assert_int_equal(schema_fetcher_request(scratch->fetcher, id, at_ms), FETCH_PENDING);
    for (int64_t ms = at_ms; ms < at_ms + 30000; ms += 10) {
        assert_int_equal(schema_fetcher_request(scratch->fetcher, id, ms), FETCH_PENDING);
    }
    fake_listen(&scratch->fake);
    ask_until(scratch, id, at_ms + 30000, FETCH_KNOWN);
}

static void test_no_schema(void **state)
{
    struct scratch *scratch = *state;
    uint32_t wrong = fake_add(&scratch->fake, "t-value", "{\"type\":\"what\"}");
    assert_in_range(ask_until(scratch, wrong, 0, FETCH_GIVEN_UP), 0, 10);
    assert_non_null(strstr(schema_fetcher_why(scratch->fetcher, wrong), "unknown type what"));
    assert_int_equal(schema_fetcher_request(scratch->fetcher, UINT32_MAX, 0), FETCH_GIVEN_UP);
    assert_int_equal(scratch->fake.requests, 1);
}

/* More invented ids than there are places: each is answered in the end. */
static void test_flood(void **state)
{
    struct scratch *scratch = *state;
    int64_t now_ms = ask_until(scratch, 1000, 0, FETCH_GIVEN_UP);
    for (uint32_t id = 1001; id < 1001 + 2 * SCHEMA_FETCHER_IDS_MAX; id++) {
        now_ms = ask_until(scratch, id, now_ms, FETCH_GIVEN_UP);
    }
    assert_in_range(now_ms, 0, 5010 + 2 * SCHEMA_FETCHER_IDS_MAX * 10);
    scratch->settings.negative_cache_ms = 0;
    now_ms += 100000;
    for (uint32_t id = 1; id <= SCHEMA_FETCHER_IDS_MAX + 10; id++) {
        enum fetch_status status = schema_fetcher_request(scratch->fetcher, id, now_ms);
        assert_int_equal(status, FETCH_PENDING);
    }
    for (uint32_t id = 1; id <= SCHEMA_FETCHER_IDS_MAX + 10; id++) {
        now_ms = ask_until(scratch, id, now_ms, FETCH_GIVEN_UP);
    }
}

static void test_never_waits(void **state)
{
    struct scratch *scratch = *state;
    uint32_t id = fake_add(&scratch->fake, "t-value", INT);
    enum fetch_status status = FETCH_PENDING;
    int calls = 0;
    scratch->fake.delay_ms = 300;
    for (int64_t now_ms = 0; status == FETCH_PENDING && now_ms < 10000; now_ms++, calls++) {
        status = schema_fetcher_request(scratch->fetcher, id, now_ms);
        usleep(1000);
    }
    assert_int_equal(status, FETCH_KNOWN);
    assert_true(calls > 5); /* it said so while the question was under way */
    /* ends in the middle of a question */
    scratch->fake.delay_ms = 900;
    assert_int_equal(schema_fetcher_request(scratch->fetcher, id + 1, 0), FETCH_PENDING);
}

int main(void)
{
#define SCRATCH_TEST(name) cmocka_unit_test_setup_teardown(name, setup, teardown)
    const struct CMUnitTest tests[] = {
        SCRATCH_TEST(test_known_for_ever),
        SCRATCH_TEST(test_comes_late),
        SCRATCH_TEST(test_unknown),
        SCRATCH_TEST(test_outage),
        SCRATCH_TEST(test_no_schema),
        SCRATCH_TEST(test_flood),
        cmocka_unit_test_setup_teardown(test_never_waits, setup_threaded, teardown),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
