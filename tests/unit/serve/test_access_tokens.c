#include "base/base.h"
#include "serve/access_tokens.h"

#include <setjmp.h>
#include <cmocka.h>

static void test_allowed(void **state _unused_)
{
    struct access_tokens *tokens = NULL;
    char why[100];
    static const char text[] = "# ours\n0123456789abcdef\r\n\nfedcba9876543210~!$";
    assert_int_equal(access_tokens_new(slice_str(text), &tokens, why, sizeof(why)), 0);
    assert_true(access_tokens_allow(tokens, "Bearer 0123456789abcdef"));
    assert_true(access_tokens_allow(tokens, "bearer fedcba9876543210~!$"));
    static const char *const wrong[] = {NULL, "", "Bearer", "Bearer ", "Bearer # ours",
                                        "Basic 0123456789abcdef", "Bearer 0123456789abcde",
                                        "Bearer 0123456789abcdef0", "Bearer  0123456789abcdef"};
    for (size_t i = 0; i < ARRAY_COUNT(wrong); i++) {
        assert_false(access_tokens_allow(tokens, wrong[i]));
    }
    access_tokens_free(tokens);
}

static void test_bad_files(void **state _unused_)
{
    static const struct {
        const char *text, *why;
    } bad[] = {
        {"", "no token"},
        {"# none\n\n", "no token"},
        {"0123456789abcdef\nshort\n", "line 2: a token has 16"},
        {"0123456789 abcdef", "line 1: a token is of ASCII"},
        {"0123456789\xc3\xa4" "bcdef", "ASCII"},
    };
    for (size_t i = 0; i < ARRAY_COUNT(bad); i++) {
        struct access_tokens *tokens = NULL;
        char why[100] = "";
        assert_int_equal(access_tokens_new(slice_str(bad[i].text), &tokens, why, sizeof(why)),
                         -EINVAL);
        assert_non_null(strstr(why, bad[i].why));
    }
    struct access_tokens *tokens = NULL;
    char why[300] = "";
    assert_int_equal(access_tokens_load("/no/such", &tokens, why, sizeof(why)), -EINVAL);
    assert_non_null(strstr(why, "http.tokens=/no/such: "));
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_allowed),
        cmocka_unit_test(test_bad_files),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
