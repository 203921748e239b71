#include "base/base.h"
#include "stream/log.h"

#include <fcntl.h>
#include <pthread.h>
#include <setjmp.h>
#include <cmocka.h>
#include <unistd.h>

static int log_pipe[2];
static int kept_stderr;

static int begin(void **state)
{
    kept_stderr = dup(STDERR_FILENO);
    assert(pipe(log_pipe) == 0);
    assert(fcntl(log_pipe[0], F_SETFL, O_NONBLOCK) == 0);
    return dup2(log_pipe[1], STDERR_FILENO) < 0;
}

static int end(void **state)
{
    dup2(kept_stderr, STDERR_FILENO);
    close(kept_stderr);
    close(log_pipe[0]);
    close(log_pipe[1]);
    return 0;
}

/* What was logged since the last call, behind the timestamp (whose form is checked). */
static const char *logged(void)
{
    static char text[1 << 16];
    ssize_t got = read(log_pipe[0], text, sizeof(text) - 1);
    text[MAX_OF(got, 0)] = '\0';
    if (got <= 0) { return ""; }
    static const char form[] = "ts=dddd-dd-ddTdd:dd:dd.dddZ ";
    for (size_t i = 0; i < strlen(form); i++) {
        assert_true(form[i] == 'd' ? text[i] >= '0' && text[i] <= '9' : text[i] == form[i]);
    }
    return text + strlen(form);
}

static void test_line(void **state)
{
    log_setup("features", LOG_INFO);
    log_line(LOG_INFO, "assigned", "partitions=%d", 4);
    assert_string_equal(logged(), "level=info worker=features msg=\"assigned\" partitions=4\n");
    log_line(LOG_ERROR, "say \"no\"\n", "");
    assert_string_equal(logged(), "level=error worker=features msg=\"say \\\"no\\\"\\n\"\n");
    log_setup(NULL, LOG_INFO);
    log_line(LOG_WARN, "two words", "a=1\nb=2");
    assert_string_equal(logged(), "level=warn msg=\"two words\" a=1 b=2\n");
}

static void test_level(void **state)
{
    log_setup("features", LOG_WARN);
    log_line(LOG_INFO, "quiet", "");
    assert_string_equal(logged(), "");
    log_line(LOG_WARN, "loud", "");
    assert_string_not_equal(logged(), "");
    log_setup("features", LOG_DEBUG);
    log_line(LOG_DEBUG, "loud", "");
    assert_string_not_equal(logged(), "");
}

static void test_keeps_errno(void **state)
{
    log_setup("features", LOG_INFO);
    errno = ENOENT;
    log_line(LOG_INFO, "x", "");
    assert_int_equal(errno, ENOENT);
    (void)logged();
}

static void test_long_line(void **state)
{
    static char pairs[20000];
    memset(pairs, 'y', sizeof(pairs) - 1);
    log_setup("features", LOG_INFO);
    log_line(LOG_INFO, pairs, "k=%s", pairs);
    const char *line = logged();
    size_t size = strlen(line);
    assert_true(size < 8192);
    assert_string_equal(line + size - 5, "y...\n");
    assert_true(strchr(line, '\n') == line + size - 1);
}

/* The line without its timestamp. */
static const char *logged_json(void)
{
    static char text[1 << 16];
    ssize_t got = read(log_pipe[0], text, sizeof(text) - 1);
    text[MAX_OF(got, 0)] = '\0';
    assert_memory_equal(text, "{\"ts\":\"20", 9);
    return text + strcspn(text, ",") + 1;
}

static void test_json(void **state)
{
    log_setup("features", LOG_INFO);
    log_set_format(LOG_JSON);
    log_line(LOG_INFO, "assigned", "partitions=%d topic=\"a b\" level=3", 4);
    assert_string_equal(logged_json(), "\"level\":\"info\",\"worker\":\"features\",\"msg\":"
                                       "\"assigned\",\"partitions\":4,\"topic\":\"a b\","
                                       "\"field_level\":3}\n");
    log_setup(NULL, LOG_INFO);
    log_line(LOG_WARN, "say \"no\"\n", "");
    assert_string_equal(logged_json(), "\"level\":\"warn\",\"msg\":\"say \\\"no\\\"\\n\"}\n");
    static char pairs[20000];
    memset(pairs, 1, sizeof(pairs) - 1);
    log_line(LOG_INFO, pairs, "k=%s a=1", pairs);
    const char *line = logged_json();
    size_t size = strlen(line);
    assert_string_equal(line + size - 13, ",\"cut\":true}\n");
    assert_true(size < 16000);
    log_set_format(LOG_PAIRS);
}

static void test_faults(void **state)
{
    char fault[] = "level=error msg=\"bad option\" key=a hint=\"b \\\"c\\\"\"\n\n";
    char more[] = "something else\nlevel=error msg=\"bad\"\n";
    log_setup("features", LOG_INFO);
    log_faults(fault);
    assert_string_equal(logged(), "level=error worker=features msg=\"bad option\" key=a "
                                  "hint=\"b \\\"c\\\"\"\n");
    log_faults(more);
    const char *lines = logged();
    assert_non_null(strstr(lines, "level=error worker=features msg=\"something else\"\nts="));
    assert_non_null(strstr(lines, "level=error worker=features msg=\"bad\"\n"));
}

static void *log_many(void *arg)
{
    for (int i = 0; i < 50; i++) { log_line(LOG_INFO, "thread", "number=%d", *(int *)arg); }
    return NULL;
}

static void test_threads(void **state)
{
    log_setup("features", LOG_INFO);
    pthread_t threads[4];
    int numbers[] = {0, 1, 2, 3};
    for (int i = 0; i < 4; i++) {
        assert_int_equal(pthread_create(&threads[i], NULL, log_many, &numbers[i]), 0);
    }
    for (int i = 0; i < 4; i++) { pthread_join(threads[i], NULL); }
    int lines = 0;
    for (const char *at = logged(); *at; lines++) {
        const char *end_of_line = strchr(at, '\n');
        assert_non_null(end_of_line);
        const char *number = strstr(at, "msg=\"thread\" number=");
        assert_true(number && number < end_of_line);
        at = end_of_line + 1;
    }
    assert_int_equal(lines, 200);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test_setup_teardown(test_line, begin, end),
        cmocka_unit_test_setup_teardown(test_level, begin, end),
        cmocka_unit_test_setup_teardown(test_json, begin, end),
        cmocka_unit_test_setup_teardown(test_keeps_errno, begin, end),
        cmocka_unit_test_setup_teardown(test_long_line, begin, end),
        cmocka_unit_test_setup_teardown(test_faults, begin, end),
        cmocka_unit_test_setup_teardown(test_threads, begin, end),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
