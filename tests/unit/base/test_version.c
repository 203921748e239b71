/* The version is a semantic one, and the former names that were to go with a release are gone. */
#include "base/base.h"
#include "base/version.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>

#include <cmocka.h>

struct semantic {
    int major, minor, patch;
};

static struct semantic parse(const char *text)
{
    struct semantic version;
    int used = 0;
    int count = sscanf(text, "%d.%d.%d%n", &version.major, &version.minor, &version.patch, &used);
    if (count != 3 || (text[used] != '\0' && text[used] != '-')) { fail_msg("%s", text); }
    return version;
}

static void test_is_semantic(void **state)
{
    struct semantic version = parse(version_number());
    assert_true(version.major >= 0 && version.minor >= 0 && version.patch >= 0);
    assert_true(strlen(version_commit()) >= 7);
    assert_null(strpbrk(version_commit(), " \"\\\n"));
}

/* At this release the former names are deleted, and their deadline moves on. */
static void test_former_names_are_not_overdue(void **state)
{
    struct semantic version = parse(version_number());
    struct semantic last = parse(VERSION_WITHOUT_FORMER_NAMES);
    assert_true(version.major < last.major ||
                (version.major == last.major && version.minor < last.minor));
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_is_semantic),
        cmocka_unit_test(test_former_names_are_not_overdue),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
