#include "base/base.h"
#include "ingest/mapping/time_hint.h"

#include <setjmp.h>
#include <cmocka.h>

static void check(const char *text, const char *meant)
{
    char expected[200] = "";
    struct buf out;
    buf_init(&out, 300);
    time_hint(text, &out);
    buf_append(&out, "", 1);
    if (meant) { (void)snprintf(expected, sizeof(expected), "; did you mean %s?", meant); }
    if (strcmp(out.data, expected) != 0) { fail_msg("%s: %s", text, out.data); }
    buf_release(&out);
}

static void names_in_other_words(void **state)
{
    check("iso", "iso8601");
    check("ISO8601", "iso8601");
    check("rfc3339", "iso8601");
    check("millis", "ms");
    check("MS", "ms");
    check("unix", "s");
    check("Seconds", "s");
    check("micros", "us");
    check("nonsense", NULL);
    check("", NULL);
    check("|iso|", NULL);
}

static void patterns_of_java(void **state)
{
    check("yyyy-MM-dd HH:mm:ss", "%Y-%m-%d %H:%M:%S");
    check("dd.MM.yyyy", "%d.%m.%Y");
    check("yyyy-MM-dd'T'HH:mm:ss.SSSX", "%Y-%m-%dT%H:%M:%S.%f%z");
    check("d MMM yyyy", "%d %b %Y");
    check("HH:mm", NULL);
    check("YYYY-MM-DD", NULL);
    check("%Y-%m", NULL);
}

static void a_sign_that_there_is_not(void **state)
{
    struct buf out;
    buf_init(&out, 300);
    time_hint("%Y-%m-%d %H:%i", &out);
    buf_append(&out, "", 1);
    assert_non_null(strstr(out.data, "there is no %i, but %Y"));
    buf_release(&out);
}

int main(void)
{
    static const struct CMUnitTest tests[] = {
        cmocka_unit_test(names_in_other_words),
        cmocka_unit_test(patterns_of_java),
        cmocka_unit_test(a_sign_that_there_is_not),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
