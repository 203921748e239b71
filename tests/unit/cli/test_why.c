#include "base/base.h"
#include "base/xalloc.h"
#include "cli/commands.h"
#include "cli/invocation.h"
#include "schemas/item.h"
#include "schemas/recommendation_list.h"
#include "stream/sim/memlog.h"

#include <setjmp.h>
#include <cmocka.h>

enum { ITEMS = 6, MESSAGE_MAX = 1 << 16 };

static void put(struct wire *wire, const char *topic, const char *key,
                const struct contract *contract, const void *object)
{
    struct schema_cache *schemas = schema_cache_new();
    struct codec *codec = codec_new(contract, schemas);
    struct buf bytes;
    buf_init(&bytes, MESSAGE_MAX);
    assert_int_equal(codec_encode(codec, object, &bytes), 0);
    const struct message message = {
        .topic = topic, .partition = 0, .key = slice_str(key), .value = buf_slice(&bytes)};
    assert_int_equal(wire_produce(wire, &message, 0), 0);
    buf_release(&bytes);
    codec_free(codec);
    schema_cache_free(schemas);
}

static void put_list(struct wire *wire, enum list_cause cause, int64_t as_of_ms)
{
    struct slice items[ITEMS] = {slice_str("a"), slice_str("b"), slice_str("c"),
                                 slice_str("d"), slice_str("e"), slice_str("f")};
    struct slice because[ITEMS] = {slice_str("h"), slice_str(""), slice_str(""),
                                   slice_str(""),  slice_str("h"), slice_str("h")};
    float numbers[ITEMS] = {7, 6, 5, 4, 3, 2}, evidence[ITEMS] = {7, 6, 5, 4, 0, 9};
    float shares[ITEMS] = {0.25F, 0, 0, 0, 0.5F, 1};
    int32_t reasons[ITEMS] = {REASON_BECAUSE,  REASON_POPULAR, REASON_NEW,
                              REASON_TRENDING, REASON_BECAUSE, REASON_TAGS};
    int64_t rows[] = {11, 12}, catalogue[] = {3}, brought[] = {5}, profiles[] = {6};
    const struct recommendation_list list = {
        .user_id = slice_str("u"),
        .items = {items, ITEMS},
        .scores = {numbers, ITEMS},
        .reasons = {reasons, ITEMS},
        .because = {because, ITEMS},
        .evidence = {evidence, ITEMS},
        .model = slice_str("m"),
        .made_by = slice_str("mixture"),
        .vectors = slice_str("v9"),
        .event_time_ms = 1000,
        .input_partition = 2,
        .input_offset = 77,
        .as_of_ms = as_of_ms,
        .cause = (int32_t)cause,
        .row_offsets = {rows, 2},
        .rules_offset = 4,
        .item_offsets = {catalogue, 1},
        .shares = {shares, ITEMS},
        .blend = slice_str("0123456789abcdef"),
        .candidate_offsets = {brought, 1},
        .profile_offsets = {profiles, 1},
    };
    put(wire, "recommendations", "u", &recommendation_list_contract, &list);
}

static struct memlog *filled_log(enum list_cause cause, int64_t as_of_ms)
{
    struct memlog *log = memlog_new(1);
    memlog_topic(log, "recommendations", 1);
    memlog_topic(log, "items", 1);
    memlog_clock(log, 5000);
    struct wire *wire = memlog_wire(log, NULL, NULL, NULL);
    put_list(wire, cause, as_of_ms);
    const struct item item = {.item_id = slice_str("h"), .title = slice_str("The Hat")};
    put(wire, "items", "h", &item_contract, &item);
    wire_close(wire);
    return log;
}

/* Runs a command on a log; returns what it printed, which the caller frees. */
static char *run_command(const struct command *command, struct memlog *log, const char *user,
                         const char *flag, int code)
{
    struct invocation invocation;
    struct buf why;
    char *said = NULL;
    size_t size = 0;
    char *argv[] = {(char[]){"command"}, xstrdup(user), flag ? xstrdup(flag) : NULL, NULL};
    char *words[] = {argv[1], argv[2]};
    FILE *screen = stdout;
    buf_init(&why, MESSAGE_MAX);
    assert_int_equal(invocation_read(&invocation, command, flag ? 3 : 2, argv, &why),
                     INVOCATION_READY);
    assert_int_equal(client_load(&invocation.client), 0);
    invocation.wire = memlog_wire(log, NULL, NULL, NULL);
    stdout = open_memstream(&said, &size);
    int result = command->run(&invocation);
    (void)fclose(stdout);
    stdout = screen;
    assert_int_equal(result, code);
    invocation_release(&invocation);
    buf_release(&why);
    free(words[0]);
    free(words[1]);
    return said;
}

static char *run(struct memlog *log, const char *user, const char *flag, int code)
{
    return run_command(&why_command, log, user, flag, code);
}

static void check(enum list_cause cause, int64_t as_of_ms, const char *flag, const char *part)
{
    struct memlog *log = filled_log(cause, as_of_ms);
    char *said = run(log, "u", flag, 0);
    if (!strstr(said, part)) { fail_msg("%s\nlacks %s", said, part); }
    free(said);
    memlog_free(log);
}

static void test_words(void **state)
{
    check(CAUSE_ACTION, 90000, NULL,
          "user u: this list stands since 1970-01-01T00:01:30.000Z, because the user acted\n");
    check(CAUSE_ROWS, 1, NULL, "because the counts of the user's items have changed\n");
    check(CAUSE_CATALOGUE, 1, NULL,
          "because the catalogue has changed, or what the platform says of the user or brings as "
          "candidates\n");
    check(CAUSE_BARRED, 1, NULL, "because an item on it may no longer be recommended\n");
    check(CAUSE_ACTION, 1, NULL, "history up to events partition 2 offset 77, action of 1970-");
    check(CAUSE_ACTION, 1, NULL, "generation base, ranking m, led by mixture, model version v9\n");
    check(CAUSE_ACTION, 1, NULL, "  learned weights of the blend: version 0123456789abcdef\n");
    check(CAUSE_ACTION, 1, NULL, "serving-rows read up to the offsets 11, 12 (by partition)\n");
    check(CAUSE_ACTION, 1, NULL, "  rules of placements: those at offset 4\n");
    check(CAUSE_ACTION, 1, NULL, "items read up to the offsets 3 (by partition)\n");
    check(CAUSE_ACTION, 1, NULL, "candidates read up to the offsets 5 (by partition)\n");
    check(CAUSE_ACTION, 1, NULL, "users read up to the offsets 6 (by partition)\n");
    check(CAUSE_ACTION, 1, NULL,
          "  1. a: because of The Hat, support 7, 25 % of what the history adds\n");
    check(CAUSE_ACTION, 1, NULL, "  2. b: popular, 6 actions\n");
    check(CAUSE_ACTION, 1, NULL, "  3. c: new\n");
    check(CAUSE_ACTION, 1, NULL, "  4. d: trending, 4 recent actions\n");
    check(CAUSE_ACTION, 1, NULL, "  5. e: because of The Hat, 50 % of what the history adds\n");
    check(CAUSE_ACTION, 1, NULL, "  6. f: like The Hat by its tags, 100 % of what the history");
}

static void test_a_list_without_a_time_stands_since_it_was_published(void **state)
{
    check(CAUSE_ACTION, 0, NULL, "stands since 1970-01-01T00:00:05.000Z");
}

static void test_json(void **state)
{
    check(CAUSE_MODEL, 90000, "--json",
          "{\"user\":\"u\",\"since_ms\":90000,\"cause\":\"model\",\"cause_words\":");
    check(CAUSE_MODEL, 1, "--json", "\"made_by\":\"mixture\",\"model_version\":\"v9\","
          "\"blend_version\":\"0123456789abcdef\"");
    check(CAUSE_MODEL, 1, "--json", "\"input_partition\":2,\"input_offset\":77,");
    check(CAUSE_MODEL, 1, "--json",
          "\"row_offsets\":[11, 12],\"item_offsets\":[3],\"vector_offsets\":[],"
          "\"model_offsets\":[],\"content_offsets\":[],\"candidate_offsets\":[5],"
          "\"profile_offsets\":[6],\"segment_offsets\":[],\"provisional\":false,"
          "\"rules_offset\":4,");
    check(CAUSE_MODEL, 1, "--json",
          "{\"place\":1,\"item\":\"a\",\"title\":\"\",\"reason\":\"because\",\"because\":\"h\",");
    check(CAUSE_MODEL, 1, "--json", "\"because\":\"h\",\"share\":0.25,\"evidence\":7,\"score\":7,");
    check(CAUSE_MODEL, 1, "--json",
          "\"words\":\"because of The Hat, support 7, 25 % of what the history adds\"}");
}

static void test_a_list_as_json(void **state)
{
    struct memlog *log = filled_log(CAUSE_ACTION, 1);
    char *said = run_command(&list_command, log, "u", "--json", 0);
    assert_non_null(strstr(said, "{\"user\":\"u\",\"generation\":\"\",\"list_id\":\"\","
                                 "\"ranking\":"));
    assert_non_null(strstr(said, "\"published_ms\":5000,\"event_time_ms\":1000,"));
    assert_non_null(strstr(said, "\"items\":[{\"place\":1,\"item\":\"a\",\"title\":\"\","));
    assert_non_null(strstr(said, "\"share\":1,\"evidence\":9,\"score\":2,\"words\":\"like The"));
    assert_string_equal(said + strlen(said) - 4, "}]}\n");
    free(said);
    said = run_command(&list_command, log, "u", NULL, 0);
    assert_non_null(strstr(said, "  2. 6.0000   b  (popular, 6 actions)\n"));
    free(said);
    memlog_free(log);
}

static void test_nobody(void **state)
{
    struct memlog *log = filled_log(CAUSE_ACTION, 1);
    char *said = run(log, "nobody", NULL, 1);
    assert_string_equal(said, "");
    free(said);
    memlog_free(log);
}

/* A list that was deleted, and one that never was. */
static void test_a_deleted_list(void **state)
{
    struct memlog *log = filled_log(CAUSE_ACTION, 1);
    static const char *const users[] = {"u", "nobody"};
    memlog_append(log, "recommendations", 0, slice_str("u"), slice_of(NULL, 0), 1);
    for (size_t i = 0; i < ARRAY_COUNT(users); i++) {
        char *told = NULL;
        size_t size = 0;
        FILE *screen = stderr;
        stderr = open_memstream(&told, &size);
        free(run(log, users[i], NULL, 1));
        (void)fclose(stderr);
        stderr = screen;
        assert_non_null(strstr(told, "no list for user \""));
        assert_true((strstr(told, "it was deleted; hint: ") != NULL) == (i == 0));
        free(told);
    }
    memlog_free(log);
}

int main(void)
{
    static const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_words),
        cmocka_unit_test(test_a_list_without_a_time_stands_since_it_was_published),
        cmocka_unit_test(test_json),
        cmocka_unit_test(test_a_list_as_json),
        cmocka_unit_test(test_nobody),
        cmocka_unit_test(test_a_deleted_list),
    };
    return cmocka_run_group_tests_name("why", tests, NULL, NULL);
}
