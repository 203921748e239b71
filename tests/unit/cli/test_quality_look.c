#include "base/base.h"
#include "base/clock.h"
#include "base/xalloc.h"
#include "cli/commands.h"
#include "cli/invocation.h"
#include "cli/quality_look.h"
#include "schemas/list_quality.h"
#include "stream/sim/memlog.h"

#include <setjmp.h>
#include <cmocka.h>

enum { MESSAGE_MAX = 1 << 16 };

static void put(struct memlog *log, const char *key, int64_t judged, int64_t hits,
                int64_t repeats)
{
    struct schema_cache *schemas = schema_cache_new();
    struct codec *codec = codec_new(&list_quality_contract, schemas);
    struct buf bytes;
    int32_t kinds[] = {ACTION_VIEW, ACTION_PURCHASE};
    int64_t judged_by[] = {judged - 1, 1}, hits_by[] = {hits, 0}, repeats_by[] = {repeats - 1, 1};
    const struct list_quality quality = {.model = slice_str("m"),
                                         .judged = judged,
                                         .hits_at_10 = hits,
                                         .repeats = repeats,
                                         .kinds = {kinds, 2},
                                         .judged_by_kind = {judged_by, 2},
                                         .hits_by_kind = {hits_by, 2},
                                         .repeats_by_kind = {repeats_by, 2}};
    buf_init(&bytes, MESSAGE_MAX);
    assert_int_equal(codec_encode(codec, &quality, &bytes), 0);
    memlog_append(log, "quality", 0, slice_str(key), buf_slice(&bytes), clock_wall_ms());
    buf_release(&bytes);
    codec_free(codec);
    schema_cache_free(schemas);
}

static char *line_of(struct memlog *log)
{
    struct invocation invocation;
    struct buf why;
    char *argv[] = {(char[]){"status"}, NULL}, *said = NULL;
    size_t size = 0;
    struct wire *wire = memlog_wire(log, NULL, NULL, NULL);
    buf_init(&why, MESSAGE_MAX);
    assert_int_equal(invocation_read(&invocation, &status_command, 1, argv, &why),
                     INVOCATION_READY);
    assert_int_equal(client_load(&invocation.client), 0);
    FILE *out = open_memstream(&said, &size);
    json_t *look = quality_look(&invocation.client, wire);
    quality_look_print(look, out);
    json_decref(look);
    (void)fclose(out);
    wire_close(wire);
    invocation_release(&invocation);
    buf_release(&why);
    return said;
}

/* Sums of the newest record of each key; nothing without the topic, or without figures. */
static void test_line(void **state)
{
    struct memlog *log = memlog_new(1);
    char *said = line_of(log);
    assert_string_equal(said, "");
    free(said);
    memlog_topic(log, "quality", 1);
    said = line_of(log);
    assert_string_equal(said, "");
    free(said);
    put(log, "m/0/0", 100, 90, 5);
    put(log, "m/0/0", 10, 3, 2);
    put(log, "m/1/0", 20, 4, 5);
    said = line_of(log);
    assert_string_equal(said,
                        "lists that an action followed in the last hour: 30\n"
                        "  7 hits, 7 had before, 16 misses\n"
                        "  view: 7 hits, 5 had before, 16 misses\n"
                        "  purchase: 0 hits, 2 had before, 0 misses\n");
    free(said);
    memlog_free(log);
}

/* Numbers of rows that somebody else has written. */
static void test_counters_at_the_ends_of_their_type(void **state)
{
    struct memlog *log = memlog_new(1);
    memlog_topic(log, "quality", 1);
    put(log, "m/0/0", INT64_MAX, INT64_MAX, INT64_MAX);
    put(log, "m/1/0", INT64_MAX, INT64_MIN, INT64_MIN + 1);
    char *said = line_of(log);
    assert_non_null(strstr(said, "in the last hour: 1000000000000000\n  1000000000000000 hits, "
                                 "1000000000000000 had before, -1000000000000000 misses\n"));
    free(said);
    memlog_free(log);
}

/* Returns what went to stderr. */
static char *told_by(struct memlog *log)
{
    char *told = NULL;
    size_t size = 0;
    FILE *all = stderr, *taken = open_memstream(&told, &size);
    stderr = taken;
    free(line_of(log));
    stderr = all;
    (void)fclose(taken);
    return told;
}

static void test_garbage_is_told(void **state)
{
    struct memlog *log = memlog_new(1);
    memlog_topic(log, "quality", 1);
    put(log, "m/0/0", 10, 3, 2);
    char *told = told_by(log);
    assert_string_equal(told, "");
    free(told);
    for (int i = 0; i < 3; i++) {
        memlog_append(log, "quality", 0, slice_str("m/0/1"), slice_str("garbage"),
                      clock_wall_ms());
    }
    told = told_by(log);
    assert_string_equal(told, "freshet: 3 records of quality cannot be read\n");
    free(told);
    memlog_free(log);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_line),
        cmocka_unit_test(test_garbage_is_told),
        cmocka_unit_test(test_counters_at_the_ends_of_their_type),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
