#include "base/base.h"
#include "base/pairs_json.h"
#include "base/quote.h"

#include <setjmp.h>
#include <cmocka.h>

static void check(const char *pairs, size_t most, const char *want)
{
    struct buf out;
    buf_init(&out, 1 << 16);
    pairs_json_put(pairs, "ts,level", most, &out);
    assert_int_equal(out.size, strlen(want));
    assert_memory_equal(out.data ? out.data : "", want, strlen(want));
    buf_release(&out);
}

static void test_values(void **state _unused_)
{
    check("", 999, "");
    check("a=1 b=two c=\"three four\"", 999, ",\"a\":1,\"b\":\"two\",\"c\":\"three four\"");
    check("a=-1.50 b=007 c=1. d=- e=nan f= g=1e3", 999,
          ",\"a\":-1.50,\"b\":\"007\",\"c\":\"1.\",\"d\":\"-\",\"e\":\"nan\",\"f\":\"\","
          "\"g\":\"1e3\"");
    check("a=\"1\" n=12345678901234567", 999, ",\"a\":\"1\",\"n\":\"12345678901234567\"");
    check("why=\"say \\\"no\\\", \\\\ \\n \\x1b \\q\"", 999,
          ",\"why\":\"say \\\"no\\\", \\\\ \\n \\u001b \\\\q\"");
}

static void test_what_is_no_pair(void **state _unused_)
{
    check("two words a=1", 999, ",\"a\":1,\"text\":\"two words\"");
    check("=x a\"=1", 999, ",\"text\":\"=x a\\\"=1\"");
    check("a=\"open", 999, ",\"a\":\"open\"");
    check("a=\"b\"c d=\\", 999, ",\"a\":\"bc\",\"d\":\"\\\\\"");
}

static void test_reserved_keys(void **state _unused_)
{
    check("level=3 levels=4", 999, ",\"field_level\":3,\"levels\":4");
}

static void test_what_does_not_fit_is_left_out(void **state _unused_)
{
    check("a=1 long=xxxxxxxxxxxxxxxxxxxxxxxxx b=2", 14, ",\"a\":1,\"b\":2,\"cut\":true");
    check("words that are no pairs", 5, ",\"cut\":true");
}

/* Whatever quote_value() writes is read back. */
static void test_quoted_values_come_back(void **state _unused_)
{
    for (int c = 1; c < 256; c++) {
        char text[8], quoted[64], pair[80];
        struct buf out, want;
        buf_init(&out, 1 << 12);
        buf_init(&want, 1 << 12);
        (void)snprintf(text, sizeof(text), "a%c b", c);
        quote_value(text, strlen(text), quoted, sizeof(quoted));
        (void)snprintf(pair, sizeof(pair), "k=%s", quoted);
        pairs_json_put(pair, "", 999, &out);
        buf_printf(&want, ",\"k\":");
        quote_json(&want, slice_str(text), QUOTE_EITHER);
        assert_true(slice_equal(buf_slice(&out), buf_slice(&want)));
        buf_release(&out);
        buf_release(&want);
    }
}

int main(void)
{
    static const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_values),
        cmocka_unit_test(test_what_is_no_pair),
        cmocka_unit_test(test_reserved_keys),
        cmocka_unit_test(test_what_does_not_fit_is_left_out),
        cmocka_unit_test(test_quoted_values_come_back),
    };
    return cmocka_run_group_tests_name("pairs_json", tests, NULL, NULL);
}
