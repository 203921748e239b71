#include "base/base.h"
#include "ingest/mapping/wrapped_value.h"

#include <setjmp.h>
#include <cmocka.h>

static void times_say_how_they_are_written(void **state)
{
    static const struct {
        const char *value;
        enum value_state state;
        int64_t ms;
    } samples[] = {
        {"[2014,4,7,10,51,9,277000000]", VALUE_FOUND, 1396867869277},
        {"[2014,4,7,10,51]", VALUE_FOUND, 1396867860000},
        {"[2014,4,7]", VALUE_FOUND, 1396828800000},
        {"{\"$date\":\"2014-04-07T10:51:09.277Z\"}", VALUE_FOUND, 1396867869277},
        {"{\"$date\":1396867869277}", VALUE_FOUND, 1396867869277},
        {"{\"$date\":{\"$numberLong\":\"1396867869277\"}}", VALUE_FOUND, 1396867869277},
        {"{\"seconds\":\"1396867869\",\"nanos\":277000000}", VALUE_FOUND, 1396867869277},
        {"{\"seconds\":1396867869}", VALUE_FOUND, 1396867869000},
        {"{\"_seconds\":1396867869,\"_nanoseconds\":277000000}", VALUE_FOUND, 1396867869277},
        {"{\"epochSecond\":1396867869,\"nano\":277999999}", VALUE_FOUND, 1396867869277},
        {"{\"$timestamp\":{\"t\":1396867869,\"i\":1}}", VALUE_FOUND, 1396867869000},
        {"[]", VALUE_WRONG_TYPE, 0},
        {"[2014,4]", VALUE_WRONG_TYPE, 0},
        {"[2014,4,7,1,1,1,1,1]", VALUE_WRONG_TYPE, 0},
        {"[2014,\"4\",7]", VALUE_WRONG_TYPE, 0},
        {"[2014,2,30]", VALUE_UNREADABLE, 0},
        {"[2014,4294967300,7]", VALUE_UNREADABLE, 0},
        {"[2014,4,7,24]", VALUE_UNREADABLE, 0},
        {"{}", VALUE_WRONG_TYPE, 0},
        {"{\"$date\":true}", VALUE_WRONG_TYPE, 0},
        {"{\"$date\":\"soon\"}", VALUE_UNREADABLE, 0},
        {"{\"seconds\":1,\"other\":2}", VALUE_WRONG_TYPE, 0},
        {"{\"seconds\":1,\"nanos\":1000000000}", VALUE_UNREADABLE, 0},
        {"{\"seconds\":9223372036854775807}", VALUE_UNREADABLE, 0},
        {"{\"$timestamp\":7}", VALUE_WRONG_TYPE, 0},
    };
    for (size_t i = 0; i < ARRAY_COUNT(samples); i++) {
        int64_t ms = 0;
        json_t *value = json_loads(samples[i].value, 0, NULL);
        assert_non_null(value);
        enum value_state found = wrapped_time(value, &ms);
        if (found != samples[i].state || ms != samples[i].ms) {
            fail_msg("%s: %d, %" PRId64, samples[i].value, (int)found, ms);
        }
        json_decref(value);
    }
}

static void numbers_and_texts(void **state)
{
    static const struct {
        const char *value, *number, *text;
    } samples[] = {
        {"{\"$oid\":\"64\"}", NULL, "64"},
        {"{\"$oid\":64}", NULL, NULL},
        {"{\"$oid\":\"64\",\"x\":1}", NULL, NULL},
        {"{\"$numberLong\":\"9007199254740993\"}", "9007199254740993", NULL},
        {"{\"$numberDecimal\":\"12.50\"}", "12.50", NULL},
        {"{\"$numberDecimal\":\"NaN\"}", NULL, NULL},
        {"{\"$numberInt\":\"\"}", NULL, NULL},
        {"{\"scale\":2,\"value\":\"A+k=\"}", "10.01", NULL},
        {"{\"scale\":-1,\"value\":\"A+k=\"}", "10010", NULL},
        {"{\"scale\":1000,\"value\":\"A+k=\"}", NULL, NULL},
        {"{\"scale\":\"2\",\"value\":\"A+k=\"}", NULL, NULL},
        {"{\"scale\":2,\"value\":\"A+k=\",\"x\":1}", NULL, NULL},
        {"{\"$binary\":{\"base64\":\"Dp5bOhtaSyqPfAAAAAAAAQ==\",\"subType\":\"04\"}}", NULL,
         "0e9e5b3a-1b5a-4b2a-8f7c-000000000001"},
        {"{\"$binary\":\"Dp5bOhtaSyqPfAAAAAAAAQ==\",\"$type\":\"4\"}", NULL,
         "0e9e5b3a-1b5a-4b2a-8f7c-000000000001"},
        {"{\"$binary\":{\"base64\":\"Dp5bOhtaSyqPfAAAAAAAAQ==\",\"subType\":\"03\"}}", NULL, NULL},
        {"{\"$binary\":{\"base64\":\"Dp5bOhtaSyo=\",\"subType\":\"04\"}}", NULL, NULL},
        {"{\"$binary\":{\"base64\":\"Dp5bOhtaSyqPfAAAAAAAAQ==\"}}", NULL, NULL},
        {"{\"S\":\"p1\"}", NULL, "p1"},
        {"{\"N\":\"-7.50\"}", "-7.50", NULL},
        {"{\"N\":7}", NULL, NULL},
        {"{\"S\":\"p1\",\"N\":\"1\"}", NULL, NULL},
        {"{}", NULL, NULL},
    };
    for (size_t i = 0; i < ARRAY_COUNT(samples); i++) {
        char text[DECIMAL_TEXT_MAX];
        struct slice number = {0};
        json_t *value = json_loads(samples[i].value, 0, NULL);
        bool is_number = wrapped_number(value, text, &number);
        assert_int_equal(is_number, samples[i].number != NULL);
        if (is_number) { assert_true(slice_equal(number, slice_str(samples[i].number))); }
        char uuid[WRAPPED_TEXT_MAX];
        struct slice inside = {0};
        bool is_text = wrapped_text(value, uuid, &inside);
        assert_int_equal(is_text, samples[i].text != NULL);
        if (is_text) { assert_true(slice_equal(inside, slice_str(samples[i].text))); }
        json_decref(value);
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(times_say_how_they_are_written),
        cmocka_unit_test(numbers_and_texts),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
