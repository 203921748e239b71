/* Children of a command that end by themselves: while they are looked at, and between the last look
 * and the request to end. Either is told with the program, how it ended and its last lines. */
#include "base/base.h"
#include "base/xalloc.h"
#include "cli/generations/child_processes.h"

#include <fcntl.h>
#include <setjmp.h>
#include <signal.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <unistd.h>
#include <cmocka.h>

enum { SAID_MAX = 4096 };

static char dir[] = "/tmp/freshet-children-XXXXXX";

static void write_program(const char *name, const char *text)
{
    _cleanup_(xfreep) char *path = xprintf("%s/freshet-%s", dir, name);
    FILE *out = fopen(path, "w");
    assert_non_null(out);
    fprintf(out, "#!/bin/sh\n%s\n", text);
    fclose(out);
    assert_int_equal(chmod(path, 0755), 0);
}

static int make_programs(void **state)
{
    assert_non_null(mkdtemp(dir));
    write_program("dead", "echo what it was; exit 3");
    write_program("shot", "kill -9 $$");
    write_program("good", "trap 'exit 0' TERM; echo ready; while :; do sleep 0.05; done");
    return 0;
}

static int delete_programs(void **state)
{
    static const char *const names[] = {"freshet-dead", "freshet-shot", "freshet-good", "log",
                                        "said"};
    for (size_t i = 0; i < ARRAY_COUNT(names); i++) {
        _cleanup_(xfreep) char *path = xprintf("%s/%s", dir, names[i]);
        (void)unlink(path);
    }
    return rmdir(dir);
}

static void start(struct child_processes *children, const char *worker)
{
    static const char *const words[] = {NULL};
    _cleanup_(xfreep) char *log = xprintf("%s/log", dir);
    (void)unlink(log);
    assert_int_equal(child_processes_init(children), 0);
    free(children->programs);
    children->programs = xstrdup(dir);
    mode_t before = umask(0022); /* as shells have it: the log may name users */
    assert_int_equal(child_processes_start(children, worker, words, log), 0);
    (void)umask(before);
    struct stat about;
    assert_int_equal(stat(log, &about), 0);
    assert_int_equal(about.st_mode & 0777, 0600);
}

static void await_end(const struct child_processes *children)
{
    siginfo_t info;
    assert_int_equal(
        waitid(P_PID, (id_t)children->members[0].pid, &info, WEXITED | WNOWAIT), 0);
}

/* Calls one of the two with its errors in `said`. */
static bool ask(struct child_processes *children, bool look, char *said)
{
    _cleanup_(xfreep) char *path = xprintf("%s/said", dir);
    int kept = dup(STDERR_FILENO), file = open(path, O_RDWR | O_CREAT | O_TRUNC, 0600);
    (void)fflush(stderr);
    (void)dup2(file, STDERR_FILENO);
    bool good = look ? child_processes_runs(children) : child_processes_stop(children, NULL);
    (void)fflush(stderr);
    (void)dup2(kept, STDERR_FILENO);
    close(kept);
    ssize_t size = pread(file, said, SAID_MAX - 1, 0);
    said[MAX_OF(size, (ssize_t)0)] = '\0';
    close(file);
    return good;
}

static void one_that_died_is_told(void **state)
{
    static const struct {
        const char *worker, *how;
    } cases[] = {{"dead", "dead ended (exit code 3)"}, {"shot", "shot ended (signal 9)"}};
    char said[SAID_MAX];
    for (size_t i = 0; i < 2 * ARRAY_COUNT(cases); i++) {
        struct child_processes children;
        start(&children, cases[i / 2].worker);
        await_end(&children);
        assert_false(ask(&children, /* look= */ i % 2 == 0, said));
        if (!strstr(said, cases[i / 2].how)) { fail_msg("%s", said); }
        if (i / 2 == 0) { assert_non_null(strstr(said, "what it was")); }
        child_processes_release(&children);
    }
}

static void one_that_is_asked_to_end_is_good(void **state)
{
    char said[SAID_MAX];
    struct child_processes children;
    start(&children, "good");
    assert_true(ask(&children, true, said));
    assert_true(ask(&children, false, said));
    assert_string_equal(said, "");
    child_processes_release(&children);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(one_that_died_is_told),
        cmocka_unit_test(one_that_is_asked_to_end_is_good),
    };
    return cmocka_run_group_tests(tests, make_programs, delete_programs);
}
