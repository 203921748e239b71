/* What a terminal is sent by commands that print what others have written to topics: titles, ids,
 * tags, keys, headers, reasons and rules with sequences that steer a terminal. No control character
 * comes through but line ends (and tabs of rules), all is UTF-8, and JSON is JSON. */
#include "base/base.h"
#include "base/quote.h"
#include "base/utf8.h"
#include "base/xalloc.h"
#include "cli/commands.h"
#include "cli/invocation.h"
#include "cli/screen.h"
#include "schemas/applied_rules.h"
#include "schemas/item.h"
#include "schemas/item_neighbours.h"
#include "schemas/recommendation_list.h"
#include "stream/sim/memlog.h"

#include <jansson.h>
#include <setjmp.h>
#include <cmocka.h>

enum { MESSAGE_MAX = 1 << 16, WORDS_MAX = 8 };

/* The title of a window, a cleared screen, a return to the line's start, C1's own CSI, text from
 * right to left, a line end, a quote and a tag. */
#define EVIL "\x1b]0;owned\x07\x1b[2J\r\xc2\x9b" "31m\xe2\x80\xae\n\"<b>\\"

static struct slice evil(void)
{
    return slice_str(EVIL);
}

struct shop {
    struct memlog *log;
    struct wire *wire;
    struct schema_cache *schemas;
};

static void put(struct shop *shop, const char *topic, struct slice key,
                const struct contract *contract, const void *object)
{
    struct codec *codec = codec_new(contract, shop->schemas);
    struct buf bytes;
    buf_init(&bytes, MESSAGE_MAX);
    assert_int_equal(codec_encode(codec, object, &bytes), 0);
    const struct message message = {
        .topic = topic, .partition = 0, .key = key, .value = buf_slice(&bytes)};
    assert_int_equal(wire_produce(shop->wire, &message, 0), 0);
    buf_release(&bytes);
    codec_free(codec);
}

static void put_list(struct shop *shop)
{
    struct slice texts[] = {evil(), slice_str("plain")};
    float numbers[] = {2, 1};
    int32_t reasons[] = {REASON_BECAUSE, REASON_TAGS};
    const struct recommendation_list list = {
        .user_id = evil(), .items = {texts, 2}, .scores = {numbers, 2}, .reasons = {reasons, 2},
        .because = {texts, 2}, .evidence = {numbers, 2}, .model = evil(), .made_by = evil(),
        .vectors = evil(), .generation = evil(), .list_id = evil(), .blend = evil(),
        .rules_offset = -1};
    put(shop, "recommendations", slice_str("u"), &recommendation_list_contract, &list);
}

static void put_letter(struct shop *shop)
{
    const struct header headers[] = {
        {"reason", slice_str("bad_json")}, {"message", evil()}, {"worker", evil()},
        {"origin.topic", slice_str("clicks")}, {"origin.partition", slice_str("0")},
        {"origin.offset", slice_str("1")}, {"origin.timestamp", slice_str("1")}};
    const struct message message = {.topic = "dead-letters", .partition = 0, .key = evil(),
                                    .value = evil(), .headers = headers,
                                    .headers_count = ARRAY_COUNT(headers)};
    assert_int_equal(wire_produce(shop->wire, &message, 0), 0);
}

static void shop_init(struct shop *shop)
{
    static const char *const topics[] = {"recommendations", "items", "neighbours", "dead-letters",
                                         "rules"};
    struct slice texts[] = {evil(), slice_str("plain")};
    double numbers[] = {2, 1};
    *shop = (struct shop){.log = memlog_new(1), .schemas = schema_cache_new()};
    for (size_t i = 0; i < ARRAY_COUNT(topics); i++) { memlog_topic(shop->log, topics[i], 1); }
    shop->wire = memlog_wire(shop->log, NULL, NULL, NULL);
    put_list(shop);
    put_letter(shop);
    const struct item item = {.item_id = evil(), .title = evil(), .tags = {texts, 2},
                              .available = true};
    put(shop, "items", evil(), &item_contract, &item);
    const struct item_neighbours row = {.item_id = slice_str("a"), .mass = 2, .actions = 2,
                                        .items = {texts, 2}, .co_ratings = {numbers, 2},
                                        .forwards = {numbers, 2}, .backwards = {numbers, 2}};
    put(shop, "neighbours", slice_str("a"), &item_neighbours_contract, &row);
    const struct applied_rules rules = {.text = slice_str("# a\r\n\tb " EVIL "\n")};
    put(shop, "rules", slice_str(APPLIED_RULES_KEY), &applied_rules_contract, &rules);
}

static void shop_release(struct shop *shop)
{
    wire_close(shop->wire);
    schema_cache_free(shop->schemas);
    memlog_free(shop->log);
}

/* Runs a command; returns what it printed and complained of, which the caller frees. */
static char *run(struct shop *shop, const struct command *command, const char *const *words)
{
    struct invocation invocation;
    struct buf why;
    char *said = NULL, *argv[WORDS_MAX + 1] = {xstrdup("freshet")};
    size_t size = 0;
    int count = 1;
    for (; words[count - 1]; count++) { argv[count] = xstrdup(words[count - 1]); }
    FILE *out = stdout, *err = stderr;
    buf_init(&why, MESSAGE_MAX);
    assert_int_equal(invocation_read(&invocation, command, count, argv, &why), INVOCATION_READY);
    assert_int_equal(client_load(&invocation.client), 0);
    invocation.wire = memlog_wire(shop->log, NULL, NULL, NULL);
    stdout = stderr = open_memstream(&said, &size);
    (void)command->run(&invocation);
    (void)fclose(stdout);
    stdout = out;
    stderr = err;
    invocation_release(&invocation);
    buf_release(&why);
    for (int i = 0; i < count; i++) { free(argv[i]); }
    return said;
}

static void assert_harmless(const char *said, bool tabs)
{
    assert_true(utf8_valid(said, strlen(said)));
    for (const char *at = said; *at; at++) {
        if (*at == '\n' || (tabs && *at == '\t')) { continue; }
        if (quote_control(slice_str(at))) { fail_msg("a control character in %s", said); }
    }
}

static void assert_json_lines(char *said)
{
    char *at = said;
    for (char *line; (line = strsep(&at, "\n")) && (line[0] || at);) {
        json_error_t error;
        json_t *json = json_loads(line, 0, &error);
        if (!json) { fail_msg("%s in %s", error.text, line); }
        json_decref(json);
    }
}

static const struct {
    const struct command *command;
    const char *words[WORDS_MAX];
    bool json;
    const char *part; /* that must have come */
} cases[] = {
    {&list_command, {"u"}, false, "owned"},
    {&list_command, {"u", "--json"}, true, "owned"},
    {&list_command, {EVIL}, false, "owned"},
    {&why_command, {"u"}, false, "owned"},
    {&why_command, {"u", "--json"}, true, "owned"},
    {&similar_command, {"a"}, true, "owned"},
    {&similar_command, {EVIL}, false, "owned"},
    {&peek_command, {"recommendations"}, true, "owned"},
    {&peek_command, {"items"}, true, "owned"},
    {&peek_command, {"dead-letters"}, true, "owned"},
    {&peek_command, {"items", "--format", "%k %v"}, false, "owned"},
    {&peek_command, {"dead-letters", "--format", "%k %h %v %o"}, false, "owned"},
    {&refusals_command, {NULL}, true, "owned"},
    {&redrive_command, {"--dry-run"}, false, ""},
};

static void commands_print_no_control_character(void **state)
{
    struct shop shop;
    shop_init(&shop);
    for (size_t i = 0; i < ARRAY_COUNT(cases); i++) {
        char *said = run(&shop, cases[i].command, cases[i].words);
        if (!strstr(said, cases[i].part)) { fail_msg("%s: %s", cases[i].words[0], said); }
        assert_harmless(said, false);
        if (cases[i].json) { assert_json_lines(said); }
        free(said);
    }
    shop_release(&shop);
}

/* Rules keep their lines and tabs, so that they can be applied again. */
static void rules_keep_lines_and_tabs(void **state)
{
    static const char *const words[] = {"list", NULL};
    struct shop shop;
    shop_init(&shop);
    char *said = run(&shop, &rules_command, words);
    assert_non_null(strstr(said, "\n# a\n\tb \\x1b]0;owned\\x07\\x1b[2J\\x0d\\u009b31m\\u202e\n"));
    assert_harmless(said, true);
    free(said);
    shop_release(&shop);
}

static void test_a_line(void **state)
{
    char *said = NULL;
    size_t size = 0;
    FILE *out = open_memstream(&said, &size);
    screen_line(out, "%d %s", 5, EVIL);
    (void)fclose(out);
    assert_string_equal(said,
                        "5 \\x1b]0;owned\\x07\\x1b[2J\\x0d\\u009b31m\\u202e\\n\"<b>\\\n");
    free(said);
}

int main(void)
{
    static const struct CMUnitTest tests[] = {
        cmocka_unit_test(commands_print_no_control_character),
        cmocka_unit_test(rules_keep_lines_and_tabs),
        cmocka_unit_test(test_a_line),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
