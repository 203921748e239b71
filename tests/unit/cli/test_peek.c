/* peek, run on a log in memory: formats, the newest records, what is refused. */
#include "base/base.h"
#include "base/xalloc.h"
#include "cli/commands.h"
#include "cli/invocation.h"
#include "cli/newest.h"
#include "cli/record_format.h"
#include "stream/sim/memlog.h"

#include <setjmp.h>
#include <cmocka.h>

enum { WORDS_MAX = 12, WHY_MAX = 4096 };

static enum invocation_result read_words(struct invocation *invocation, struct buf *why,
                                         char **words, const char *line)
{
    int count = 0;
    words[count++] = xstrdup("peek");
    for (const char *at = line; *at; at += strspn(at, "|")) {
        size_t size = strcspn(at, "|");
        assert(count < WORDS_MAX);
        words[count++] = xprintf("%.*s", (int)size, at);
        at += size;
    }
    char *argv[WORDS_MAX + 1] = {0};
    memcpy(argv, words, (size_t)count * sizeof(*words));
    return invocation_read(invocation, &peek_command, count, argv, why);
}

/* Runs `peek` with the words of a line, separated by |; returns what it printed or why not. */
static char *peek(struct memlog *log, const char *line)
{
    struct invocation invocation;
    struct buf why;
    char *words[WORDS_MAX] = {0};
    char *said = NULL;
    size_t size = 0;
    FILE *screen = stdout;
    buf_init(&why, WHY_MAX);
    if (read_words(&invocation, &why, words, line) == INVOCATION_READY) {
        assert_int_equal(client_load(&invocation.client), 0);
        invocation.wire = memlog_wire(log, NULL, NULL, NULL);
        stdout = open_memstream(&said, &size);
        assert_int_equal(peek_command.run(&invocation), 0);
        (void)fclose(stdout);
        stdout = screen;
    } else {
        said = xprintf("%.*s", SLICE_ARGS(buf_slice(&why)));
    }
    invocation_release(&invocation);
    buf_release(&why);
    for (size_t i = 0; i < WORDS_MAX; i++) { free(words[i]); }
    return said;
}

static void check(struct memlog *log, const char *line, const char *want)
{
    char *said = peek(log, line);
    assert_string_equal(said, want);
    free(said);
}

static void check_refused(const char *line, const char *part)
{
    char *said = peek(NULL, line);
    if (!strstr(said, part)) { fail_msg("%s\nlacks %s", said, part); }
    free(said);
}

static void append(struct memlog *log, int32_t partition, const char *key, const char *value,
                   int64_t time_ms)
{
    (void)memlog_append(log, "t", partition, slice_str(key),
                        value ? slice_str(value) : slice_of(NULL, 0), time_ms);
}

static struct memlog *filled_log(void)
{
    struct memlog *log = memlog_new(1);
    memlog_topic(log, "t", 2);
    append(log, 0, "a", "one", 10);
    append(log, 1, "b", "two", 20);
    append(log, 0, "c", "{\"three\":3}", 30);
    append(log, 1, "a", NULL, 40);
    return log;
}

static void test_formats(void **state _unused_)
{
    struct memlog *log = filled_log();
    check(log, "t|-p|0|--format|%t %p %o %T %k %v",
          "t 0 0 10 a \"one\"\nt 0 1 30 c {\"three\":3}\n");
    check(log, "t|-p|1|--format|%K,%V %v%%\\t.\\q", "1,3 \"two\"%\t.\\q\n1,-1 null%\t.\\q\n");
    memlog_free(log);
}

/* A line is JSON, whatever the record is; --values prints the record's own text. */
static void test_broken_json(void **state _unused_)
{
    struct memlog *log = memlog_new(1);
    memlog_topic(log, "t", 1);
    append(log, 0, "a", "{\"at\": \"20", 10);
    check(log, "t", "{\"partition\":0,\"offset\":0,\"time_ms\":10,\"key\":\"a\","
                    "\"value\":\"{\\\"at\\\": \\\"20\"}\n");
    check(log, "t|--values", "{\"at\": \"20\n");
    memlog_free(log);
}

static void test_headers(void **state _unused_)
{
    struct memlog *log = memlog_new(1);
    memlog_topic(log, "t", 1);
    struct wire *wire = memlog_wire(log, NULL, NULL, NULL);
    const struct header headers[] = {{"reason", slice_str("no \x1b[2J")}, {"x", {0}}};
    const struct message message = {.topic = "t",
                                    .key = slice_str("k\n"),
                                    .value = slice_str("v"),
                                    .headers = headers,
                                    .headers_count = ARRAY_COUNT(headers)};
    assert_int_equal(wire_produce(wire, &message, 0), 0);
    wire_close(wire);
    check(log, "t|--format|%k %h %v", "k\\n reason=no \\x1b[2J, x=null \"v\"\n");
    memlog_free(log);
}

static void test_the_newest(void **state _unused_)
{
    struct memlog *log = filled_log();
    check(log, "t|--last|1|-F|%k", "a\n");
    check(log, "t|--last|3|-F|%k%T", "b20\nc30\na40\n");
    check(log, "t|--last|99|-F|%T", "10\n20\n30\n40\n");
    check(log, "t|--last|2|-p|0|-F|%T", "10\n30\n");
    check(log, "t|--last|2|--key|a|-F|%T", "10\n40\n");
    check(log, "t|--last|3|--limit|2|-F|%T", "20\n30\n");
    memlog_free(log);
}

/* Offsets near the end that hold no record: those of markers of transactions. */
static void test_the_newest_behind_markers(void **state _unused_)
{
    struct memlog *log = memlog_new(1);
    memlog_topic(log, "t", 1);
    append(log, 0, "old", "v", 1);
    struct wire *wire = memlog_wire(log, NULL, NULL, "id");
    int64_t offset;
    for (int i = 0; i < 20; i++) {
        const struct message message = {.topic = "t", .key = slice_str("k"), .time_ms = 2 + i};
        const struct txn txn = {
            .messages = &message, .messages_count = 1, .ret_offsets = &offset};
        assert_int_equal(wire_txn_run(wire, &txn), 0);
    }
    wire_close(wire);
    check(log, "t|--last|3|-F|%T", "19\n20\n21\n");
    check(log, "t|--last|1|--key|old|-F|%T", "1\n");
    memlog_free(log);
}

static void test_new_records_alone_are_followed(void **state _unused_)
{
    struct memlog *log = filled_log();
    check(log, "t|--follow|--all|-n|2|-p|1|-F|%T", "20\n40\n");
    check(log, "t|--follow|--last|2|-n|2|-F|%T", "30\n40\n");
    memlog_free(log);
}

static void test_a_window_widens(void **state _unused_)
{
    assert_int_equal(newest_widen(0, 90, 100, 10, 10), OFFSET_NONE);
    assert_int_equal(newest_widen(0, 90, 100, 9, 10), 60);
    assert_int_equal(newest_widen(0, 60, 100, 9, 10), 0);
    assert_int_equal(newest_widen(0, 0, 100, 9, 10), OFFSET_NONE);
    assert_int_equal(newest_widen(50, 80, 100, 0, 10), 50);
    assert_int_equal(newest_widen(0, INT64_MAX / 2, INT64_MAX - 1, 0, 10), 0);
}

static void test_what_is_refused(void **state _unused_)
{
    check_refused("t|--format|%k %q", "--format: there is no field \"%q\"; it takes %t topic");
    check_refused("t|--format|%", "--format: there is no field \"%\"");
    check_refused("t|--format=", "--format: it is empty");
    check_refused("t|--format|%k|--hex", "--values, --hex and --format: choose one of them");
    check_refused("t|--all", "--all goes with --follow");
    check_refused("t|--follow|--all|--last|3", "--all goes with --follow");
    check_refused("t|--last|-1", "--last: ");
}

int main(void)
{
    static const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_formats),
        cmocka_unit_test(test_broken_json),
        cmocka_unit_test(test_headers),
        cmocka_unit_test(test_the_newest),
        cmocka_unit_test(test_the_newest_behind_markers),
        cmocka_unit_test(test_new_records_alone_are_followed),
        cmocka_unit_test(test_a_window_widens),
        cmocka_unit_test(test_what_is_refused),
    };
    return cmocka_run_group_tests_name("peek", tests, NULL, NULL);
}
