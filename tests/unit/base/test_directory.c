#include "base/base.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <cmocka.h>

#include "base/directory.h"
#include "base/xalloc.h"

#include <unistd.h>

static void test_makes_what_is_missing(void **state _unused_)
{
    char root[] = "/tmp/freshet-directory-XXXXXX";
    assert_non_null(mkdtemp(root));
    _cleanup_(xfreep) char *middle = xprintf("%s/a", root);
    _cleanup_(xfreep) char *path = xprintf("%s/b", middle);
    assert_int_equal(directory_make(path), 0);
    assert_int_equal(directory_make(path), 0);
    assert_int_equal(access(path, R_OK | X_OK), 0);
    assert_int_equal(rmdir(path), 0);
    assert_int_equal(rmdir(middle), 0);
    assert_int_equal(rmdir(root), 0);
    assert_true(directory_make("/dev/null/x") < 0);
}

static void test_deletes_all_below(void **state _unused_)
{
    char root[] = "/tmp/freshet-directory-XXXXXX";
    assert_non_null(mkdtemp(root));
    _cleanup_(xfreep) char *path = xprintf("%s/a", root);
    _cleanup_(xfreep) char *below = xprintf("%s/b/c", path);
    _cleanup_(xfreep) char *kept = xprintf("%s/kept", root);
    _cleanup_(xfreep) char *link = xprintf("%s/b/link", path);
    assert_int_equal(directory_make(below), 0);
    assert_int_equal(directory_make(kept), 0);
    assert_int_equal(symlink(kept, link), 0);
    assert_int_equal(directory_delete(path), 0);
    assert_int_not_equal(access(path, F_OK), 0);
    assert_int_equal(access(kept, F_OK), 0);
    assert_int_equal(directory_delete(path), 0);
    assert_int_equal(directory_delete(root), 0);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_makes_what_is_missing),
        cmocka_unit_test(test_deletes_all_below),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
