#include "base/base.h"
#include "cli/invocation.h"

#include <setjmp.h>
#include <cmocka.h>

struct sample {
    const char *name;
    int64_t count;
    int64_t wait_ms;
    int64_t bytes;
    double rate;
    int32_t measure;
    bool follow;
    const char *to;
    int colours;
    int64_t hours;
};

#define OPTION_SETTINGS struct sample

static bool take_colour(void *arg, const char *text, struct buf *why)
{
    struct sample *sample = arg;
    if (strcmp(text, "red") != 0) {
        buf_printf(why, "only red");
        return false;
    }
    sample->colours++;
    return true;
}

static const struct flag flags[] = {
    FLAG('k', "NAME", OPTION("key", STRING, name, "usual", OPTION_FREE, "A name")),
    FLAG('n', "N", OPTION("limit", LONG, count, "7", OPTION_RANGE(0, 100), "Stop after N")),
    FLAG(0, "TIME", OPTION("wait", DURATION, wait_ms, "2s", OPTION_RANGE(1, 60000), "Wait")),
    FLAG(0, "SIZE", OPTION("buffer", BYTES, bytes, "1k", OPTION_RANGE(1, 1 << 20), "Keep")),
    FLAG('r', "R", OPTION("rate", DOUBLE, rate, "0.5", OPTION_RANGE(0, INFINITY), "A rate")),
    FLAG('m', "NAME",
         OPTION("measure", CHOICE, measure, "cosine", OPTION_ONE_OF("cosine|jaccard|llr"), "How")),
    SWITCH('f', "follow", follow, "Go on"),
    FLAG_NEEDED('t', "TOPIC", OPTION("to", STRING, to, NULL, OPTION_FREE, "Where to")),
    FLAG_TAKEN('c', "COLOUR", "colour", take_colour, "A colour"),
    FLAG('h', "N", OPTION("hours", LONG, hours, NULL, OPTION_RANGE(1, 24), "Hours")),
};

static bool check(struct invocation *invocation, struct buf *why)
{
    const struct sample *sample = invocation->settings;
    if (sample->count != 13) { return true; }
    buf_printf(why, "--limit: 13 is unlucky");
    return false;
}

static int run(struct invocation *invocation _unused_)
{
    return 0;
}

static const struct command command = {
    .name = "sample",
    .arguments = "ONE [TWO]",
    .arguments_least = 1,
    .arguments_most = 2,
    .flags = flags,
    .flags_count = ARRAY_COUNT(flags),
    .settings_size = sizeof(struct sample),
    .check = check,
    .run = run,
};

/* ---- Reading ---- */

enum { WORDS_MAX = 32 };

static struct invocation invocation;
static struct buf why;
static char text[512];

/* Splits a line at its blanks; a text of the line, without its last NUL, is left in `text`. */
static enum invocation_result read_line_as(const struct command *as, const char *line)
{
    char *argv[WORDS_MAX + 1] = {0};
    int argc = 0;
    (void)snprintf(text, sizeof(text), "sample %s", line);
    for (char *at = text, *word; (word = strsep(&at, " "));) {
        if (word[0]) { argv[argc++] = word; }
    }
    buf_clear(&why);
    return invocation_read(&invocation, as, argc, argv, &why);
}

static const struct sample *settings(void)
{
    return invocation.settings;
}

static void good(const char *line)
{
    enum invocation_result result = read_line_as(&command, line);
    if (result != INVOCATION_READY) { fail_msg("%s: %.*s", line, SLICE_ARGS(buf_slice(&why))); }
}

static void bad(const char *line, const char *says)
{
    assert_int_equal(read_line_as(&command, line), INVOCATION_WRONG);
    buf_append(&why, "", 1);
    if (!strstr(why.data, says)) { fail_msg("%s: %s; wanted: %s", line, why.data, says); }
    invocation_release(&invocation);
}

static int set_up(void **state _unused_)
{
    buf_init(&why, 4096);
    return 0;
}

static int tear_down(void **state _unused_)
{
    buf_release(&why);
    return 0;
}

/* ---- Tests ---- */

static void test_defaults(void **state _unused_)
{
    good("a -t x");
    assert_string_equal(settings()->name, "usual");
    assert_int_equal(settings()->count, 7);
    assert_int_equal(settings()->wait_ms, 2000);
    assert_int_equal(settings()->bytes, 1024);
    assert_true(settings()->rate == 0.5);
    assert_int_equal(settings()->measure, 0);
    assert_false(settings()->follow);
    assert_int_equal(settings()->hours, 0);
    assert_int_equal(invocation.arguments_count, 1);
    assert_string_equal(invocation.arguments[0], "a");
    assert_null(invocation.arguments[1]);
    invocation_release(&invocation);
}

static void test_values(void **state _unused_)
{
    good("a -fn3 --wait=1m b --to x --buf 64k --rate 1e-3 -m llr -c red --colour=red -h 24");
    assert_int_equal(settings()->count, 3);
    assert_true(settings()->follow);
    assert_int_equal(settings()->wait_ms, 60000);
    assert_int_equal(settings()->bytes, 65536);
    assert_true(settings()->rate == 1e-3);
    assert_int_equal(settings()->measure, 2);
    assert_int_equal(settings()->colours, 2);
    assert_int_equal(settings()->hours, 24);
    assert_int_equal(invocation.arguments_count, 2);
    assert_string_equal(invocation.arguments[1], "b");
    invocation_release(&invocation);
    good("-t x -- -n");
    assert_string_equal(invocation.arguments[0], "-n");
    invocation_release(&invocation);
}

static void test_wrong_values(void **state _unused_)
{
    bad("a -t x --limit abc", "--limit: \"abc\" is wrong; it takes a whole number, from 0 to 100");
    const char *const numbers[] = {"5x", "-1", "101", "1.5", "0x10", "+1", "99999999999999999999"};
    for (size_t i = 0; i < ARRAY_COUNT(numbers); i++) {
        char line[64];
        (void)snprintf(line, sizeof(line), "a -t x -n %s", numbers[i]);
        bad(line, "--limit: ");
    }
    bad("a -t x --limit=", "--limit: \"\" is wrong");
    bad("a -t x --rate 1x", "--rate: \"1x\" is wrong; it takes a decimal number, at least 0");
    bad("a -t x --rate nan", "--rate: ");
    bad("a -t x --wait 2m", "--wait: \"2m\" is wrong; it takes a duration");
    bad("a -t x --buffer 2m", "--buffer: \"2m\" is wrong; it takes a size");
    bad("a -t x -m near", "--measure: \"near\" is wrong; it takes one of cosine, jaccard or llr");
    bad("a -t x -c blue", "--colour: only red");
    bad("a -t x --limit 13", "--limit: 13 is unlucky");
}

static void test_wrong_words(void **state _unused_)
{
    bad("-t x", "ONE [TWO] is missing");
    bad("a b c -t x", "\"c\" is one argument too many");
    bad("a", "--to TOPIC is missing");
    bad("a --to", "--to needs a value");
    bad("a -t x --follow=yes", "--follow takes no value");
    bad("a -t x --limt 3", "there is no flag --limt; did you mean --limit?");
    bad("a -t x --nothing-like-it", "there is no flag --nothing-like-it");
    bad("a -t x --nothing-like-it=3", "there is no flag --nothing-like-it");
    bad("a -t x -fz", "there is no flag -z");
    bad("a -t x --bootstrap b:1", "there is no flag --bootstrap");
}

static void test_help(void **state _unused_)
{
    const char *const lines[] = {"--help", "-?", "--usage", "a -n 3 --help"};
    for (size_t i = 0; i < ARRAY_COUNT(lines); i++) {
        assert_int_equal(read_line_as(&command, lines[i]), INVOCATION_HELP);
        invocation_release(&invocation);
    }
    bad("-h", "--hours needs a value");
    struct command plain = command;
    plain.flags_count--;
    assert_int_equal(read_line_as(&plain, "-h"), INVOCATION_HELP);
    invocation_release(&invocation);
}

static void test_words_of_the_configuration(void **state _unused_)
{
    struct command client = command;
    client.needs = NEEDS_SETTINGS;
    const char *line = "a -t x -b h:1 --set topic.prefix=p --config=F --prefix q --generation g2";
    client.flags_count -= 2; /* -c is --config's here */
    assert_int_equal(read_line_as(&client, line), INVOCATION_READY);
    const char *const words[] = {
        "freshet", "--set", "bootstrap.servers=h:1", "--set", "topic.prefix=p", "--config",
        "F",       "--set", "topic.prefix=q",        "--set", "generation=g2"};
    assert_int_equal(invocation.client.words_count, ARRAY_COUNT(words));
    for (size_t i = 0; i < ARRAY_COUNT(words); i++) {
        assert_string_equal(invocation.client.words[i], words[i]);
    }
    invocation_release(&invocation);
    assert_int_equal(read_line_as(&client, "a -t x --set nothing"), INVOCATION_WRONG);
    invocation_release(&invocation);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_defaults),     cmocka_unit_test(test_values),
        cmocka_unit_test(test_wrong_values), cmocka_unit_test(test_wrong_words),
        cmocka_unit_test(test_help),         cmocka_unit_test(test_words_of_the_configuration),
    };
    return cmocka_run_group_tests(tests, set_up, tear_down);
}
