#include "base/base.h"
#include "base/buf.h"
#include "base/version.h"
#include "stream/config/option_names.h"

#include <setjmp.h>
#include <cmocka.h>

static const struct option growth = {.name = "run.growth", .former = "season-growth"};
static const struct option kafka = {.name = "kafka.", .type = OPTION_PREFIX};
static const struct option all = {.name = "", .type = OPTION_PREFIX};

static void test_is_named(void **state)
{
    assert_true(option_is_named(&growth, "run.growth"));
    assert_true(option_is_named(&growth, "season-growth"));
    assert_false(option_is_named(&growth, "run.growt"));
    assert_true(option_is_former(&growth, "season-growth"));
    assert_false(option_is_former(&growth, "run.growth"));
    assert_false(option_is_former(&kafka, "kafka."));
}

static const char *spelt(const struct option *option, const char *variable)
{
    return option_spelt(option, variable, strcspn(variable, "="));
}

static void test_spelt(void **state)
{
    assert_string_equal(spelt(&growth, "RUN_GROWTH=1"), "run.growth");
    assert_string_equal(spelt(&growth, "SEASON_GROWTH=1"), "season-growth");
    assert_null(spelt(&growth, "RUN_GROWTHS=1"));
    assert_null(spelt(&growth, "RUN=1"));
    assert_string_equal(spelt(&kafka, "KAFKA_ACKS=1"), "kafka.");
    assert_null(spelt(&kafka, "KAFKA_=1"));
    assert_null(spelt(&all, "ANYTHING=1"));
}

static void test_distance(void **state)
{
    assert_int_equal(option_distance(&growth, "run.growht"), 1);
    assert_true(option_distance(&growth, "season-growth") > 3);
    assert_int_equal(option_distance(&kafka, "kafak.ssl.ca.location"), 1);
    assert_true(option_distance(&kafka, "kafka") == SIZE_MAX);
}

static void test_hint(void **state)
{
    struct buf hint;
    buf_init(&hint, 256);
    option_former_hint(&growth, &hint);
    assert_string_equal(hint.data, "season-growth is now called run.growth; season-growth works "
                                   "until release " VERSION_WITHOUT_FORMER_NAMES);
    buf_release(&hint);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_is_named),
        cmocka_unit_test(test_spelt),
        cmocka_unit_test(test_distance),
        cmocka_unit_test(test_hint),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
