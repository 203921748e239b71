/* The file of rules is read once, so that it may be a pipe. */
#include "base/base.h"
#include "cli/commands.h"
#include "cli/invocation.h"
#include "schemas/applied_rules.h"
#include "stream/sim/memlog.h"

#include <setjmp.h>
#include <cmocka.h>
#include <unistd.h>

enum { MESSAGE_MAX = 1 << 16 };

static const char rules_text[] = "main.length=5\n";

/* Runs `rules WAY FILE`, where FILE is the reading end of a pipe with the text. */
static int run(struct memlog *log, const char *way, const char *text)
{
    struct invocation invocation;
    struct buf why;
    int ends[2];
    char path[64], words[2][64];
    assert_int_equal(pipe(ends), 0);
    assert_int_equal(write(ends[1], text, strlen(text)), (ssize_t)strlen(text));
    close(ends[1]);
    (void)snprintf(path, sizeof(path), "/dev/fd/%d", ends[0]);
    (void)snprintf(words[0], sizeof(words[0]), "%s", way);
    (void)snprintf(words[1], sizeof(words[1]), "%s", path);
    char *argv[] = {(char[]){"rules"}, words[0], words[1], NULL};
    buf_init(&why, MESSAGE_MAX);
    assert_int_equal(invocation_read(&invocation, &rules_command, 3, argv, &why),
                     INVOCATION_READY);
    int result = rules_command.check_files(&invocation);
    close(ends[0]); /* what comes now cannot read it again */
    if (result == 0) {
        assert_int_equal(client_load(&invocation.client), 0);
        invocation.wire = memlog_wire(log, NULL, NULL, NULL);
        result = rules_command.run(&invocation);
    }
    invocation_release(&invocation);
    buf_release(&why);
    return result;
}

static void test_rules_from_a_pipe(void **state)
{
    struct memlog *log = memlog_new(1);
    struct record rec;
    memlog_topic(log, "rules", 1);
    assert_int_equal(run(log, "plan", rules_text), 0);
    assert_int_equal(memlog_count(log, "rules", MEMLOG_ALL), 0);
    assert_int_equal(run(log, "apply", rules_text), 0);
    assert_int_equal(memlog_count(log, "rules", MEMLOG_ALL), 1);
    assert_int_equal(run(log, "apply", rules_text), 0); /* nothing changes */
    assert_int_equal(memlog_count(log, "rules", MEMLOG_ALL), 1);
    assert_int_equal(memlog_read(log, "rules", 0, 0, &rec), 0);
    assert_true(rec.value.size > strlen(rules_text));
    assert_int_equal(run(log, "apply", "main.length=0\n"), EXIT_FAILURE);
    assert_int_equal(run(log, "apply", ""), 0); /* takes all away */
    assert_int_equal(memlog_count(log, "rules", MEMLOG_ALL), 2);
    memlog_free(log);
}

int main(void)
{
    const struct CMUnitTest tests[] = {cmocka_unit_test(test_rules_from_a_pipe)};
    return cmocka_run_group_tests(tests, NULL, NULL);
}
