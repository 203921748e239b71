#include "base/base.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <cmocka.h>

#include "base/xalloc.h"

#include <signal.h>
#include <sys/wait.h>
#include <unistd.h>

static void test_gives_what_was_asked(void **state _unused_)
{
    _cleanup_(xfreep) char *text = xprintf("%d-%s", 7, "x");
    assert_string_equal(text, "7-x");
    _cleanup_(xfreep) char *copy = xstrdup(text);
    assert_string_equal(copy, "7-x");
    _cleanup_(xfreep) unsigned char *zeros = xcalloc(3, 5);
    for (size_t i = 0; i < 15; i++) { assert_int_equal(zeros[i], 0); }
    _cleanup_(xfreep) char *bytes = xmemdup("abc", 3);
    bytes = xreallocarray(bytes, 100, 2);
    assert_memory_equal(bytes, "abc", 3);
    _cleanup_(xfreep) char *nothing = xmalloc(0);
    assert_non_null(nothing);
}

static void test_overflow_ends_the_process(void **state _unused_)
{
    pid_t child = fork();
    if (child == 0) {
        if (!freopen("/dev/null", "w", stderr)) { _exit(1); }
        signal(SIGABRT, SIG_DFL);
        free(xreallocarray(NULL, SIZE_MAX / 2, 3));
        _exit(0);
    }
    int status = 0;
    assert_int_equal(waitpid(child, &status, 0), child);
    assert_true(WIFSIGNALED(status) && WTERMSIG(status) == SIGABRT);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_gives_what_was_asked),
        cmocka_unit_test(test_overflow_ends_the_process),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
