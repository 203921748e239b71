#include "base/base.h"
#include "base/xalloc.h"
#include "serve/console/picture_hosts.h"

#include <setjmp.h>
#include <cmocka.h>

static struct picture_hosts *made(const char *text)
{
    char *fault = NULL;
    struct picture_hosts *hosts = picture_hosts_new(text, &fault);
    if (!hosts) { fail_msg("%s: %s", text, fault); }
    return hosts;
}

static void test_no_host_no_picture(void **state)
{
    struct picture_hosts *hosts = made("");
    assert_false(picture_hosts_some(hosts));
    assert_false(picture_hosts_allow(hosts, slice_str("https://img.example/a.png")));
    assert_false(picture_hosts_allow(hosts, slice_str("")));
    assert_null(strstr(picture_hosts_policy(hosts), "img-src"));
    picture_hosts_free(hosts);
}

static void test_only_these_hosts(void **state)
{
    static const struct {
        const char *address;
        bool allowed;
    } cases[] = {
        {"https://img.example/a.png", true},
        {"https://img.example/a b\"><script>", true}, /* it is escaped where it is written */
        {"http://localhost:8081/x", true},
        {"https://img.example", false},
        {"https://img.example.evil/a.png", false},
        {"https://img.example:444/a.png", false},
        {"https://img.example@evil/a.png", false},
        {"http://img.example/a.png", false},
        {"HTTPS://img.example/a.png", false},
        {"//img.example/a.png", false},
        {"javascript:alert(1)", false},
        {"data:image/png;base64,AA", false},
        {"", false},
    };
    struct picture_hosts *hosts = made(" https://img.example,http://localhost:8081 ");
    assert_true(picture_hosts_some(hosts));
    for (size_t i = 0; i < ARRAY_COUNT(cases); i++) {
        bool allowed = picture_hosts_allow(hosts, slice_str(cases[i].address));
        if (allowed != cases[i].allowed) { fail_msg("%s", cases[i].address); }
    }
    const char *policy = picture_hosts_policy(hosts);
    assert_non_null(strstr(policy, "; img-src https://img.example http://localhost:8081"));
    assert_int_equal(strncmp(policy, "default-src 'none'; ", 20), 0);
    picture_hosts_free(hosts);
}

static void test_what_is_no_host(void **state)
{
    static const char *const wrong[] = {
        "img.example", "https://", "https://*.example", "https://img.example/", "ftp://img.example",
        "https://img.example;script-src", "https://img.example'", "https://img.example:",
        "https://img.example:1x", "'self'", "data:", "https://a\nb", "https://-",
        "https://ü.example",
        "https://a https://b https://c https://d https://e https://f https://g https://h https://i "
        "https://j https://k https://l https://m https://n https://o https://p https://q",
    };
    for (size_t i = 0; i < ARRAY_COUNT(wrong); i++) {
        char *fault = NULL;
        if (picture_hosts_new(wrong[i], &fault)) { fail_msg("%s is taken", wrong[i]); }
        assert_non_null(strstr(fault, "console.images: want at most 16 hosts"));
        free(fault);
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_no_host_no_picture),
        cmocka_unit_test(test_only_these_hosts),
        cmocka_unit_test(test_what_is_no_host),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
