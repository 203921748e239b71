#include "base/base.h"
#include "stream/avro/codec_error.h"

#include <setjmp.h>
#include <cmocka.h>

static void test_refuse(void **state)
{
    struct codec_error error = {.unknown_id = true};
    assert_int_equal(codec_error_set(&error, -EBADMSG, "empty", "%d bytes", 0), -EBADMSG);
    assert_string_equal(error.reason, "empty");
    assert_string_equal(error.detail, "0 bytes");
    assert_false(error.unknown_id);
    char text[2 * sizeof(error.detail)];
    memset(text, 'x', sizeof(text));
    text[sizeof(text) - 1] = '\0';
    assert_int_equal(codec_error_set(&error, -EINVAL, "bad_schema", "%s", text), -EINVAL);
    assert_int_equal(strlen(error.detail), sizeof(error.detail) - 1);
    assert_int_equal(codec_error_set(NULL, -EINVAL, "bad_schema", "%s", text), -EINVAL);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_refuse),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
