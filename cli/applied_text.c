#include "base/base.h"
#include "base/clock.h"
#include "base/text_file.h"
#include "base/utf8.h"
#include "base/xalloc.h"
#include "cli/applied_text.h"
#include "cli/client_schemas.h"
#include "cli/scan.h"
#include "cli/screen.h"
#include "rules/rule_set.h"
#include "stream/config/properties.h"

enum { FAULTS_BYTES_MAX = 64 << 10, MESSAGE_BYTES_MAX = RULES_BYTES_MAX + 1024 };

/* Takes the first line off a text; false: there is none. */
static bool take_line(struct slice *rest, struct slice *ret_line)
{
    if (!rest->size) { return false; }
    const char *end = memchr(rest->data, '\n', rest->size);
    size_t size = end ? (size_t)(end - rest->data) : rest->size;
    *ret_line = slice_of(rest->data, size);
    *rest = slice_of(rest->data + size + (end != NULL), rest->size - size - (end != NULL));
    return true;
}

static void print_lines(const char *file, struct slice lines)
{
    struct slice line;
    while (take_line(&lines, &line)) {
        screen_line(stderr, "freshet: %s: %.*s", file, SLICE_ARGS(line));
    }
}

/* Returns the number of the first line that is not UTF-8; 0: all are. */
static size_t foreign_line(struct slice text)
{
    struct slice line;
    for (size_t number = 1; take_line(&text, &line); number++) {
        if (!utf8_valid(line.data, line.size)) { return number; }
    }
    return 0;
}

int applied_text_check(const char *file, struct buf *text)
{
    struct item_columns columns;
    struct buf faults;
    int rc = text_file_read(file, text);
    if (rc == -EFBIG) {
        return client_fail("%s: rules have at most %d kB", file, RULES_BYTES_MAX >> 10);
    }
    if (rc < 0) { return client_fail("%s: %s", file, strerror(-rc)); }
    size_t line = foreign_line(buf_slice(text));
    if (line) { return client_fail("%s: line %zu is not UTF-8", file, line); }
    item_columns_init(&columns);
    buf_init(&faults, FAULTS_BYTES_MAX);
    struct rule_set *rules =
        rule_set_parse(buf_slice(text), &columns, PLACEMENT_LENGTH, &faults);
    print_lines(file, buf_slice(&faults));
    rc = rules ? 0 : EXIT_FAILURE;
    rule_set_free(rules);
    buf_release(&faults);
    item_columns_release(&columns);
    return rc;
}

struct reading {
    struct codec *codec;
    struct arena *arena;
    struct buf *text;
    int64_t offset;
};

static bool take(void *arg, const struct record *rec)
{
    struct reading *reading = arg;
    struct applied_rules rules;
    struct codec_error error;
    if (!rec->key.data || !slice_equal(rec->key, slice_str(APPLIED_RULES_KEY))) { return true; }
    arena_reset(reading->arena);
    buf_clear(reading->text);
    reading->offset = -1;
    if (!rec->value.data) { return true; }
    if (codec_decode(reading->codec, rec->value, reading->arena, &rules, &error) < 0) {
        return true;
    }
    buf_append(reading->text, rules.text.data, rules.text.size);
    reading->offset = rec->offset;
    return true;
}

int applied_text_read(const struct client *client, struct wire *wire, struct buf *text,
                      int64_t *ret_offset)
{
    _cleanup_(xfreep) char *topic = client_topic(client, "rules");
    struct schema_cache *schemas = client_schemas(client);
    struct reading reading = {.codec = codec_new(&applied_rules_contract, schemas),
                              .arena = arena_new(1024), .text = text, .offset = -1};
    int32_t partitions;
    int result = client_partitions(wire, topic, &partitions);
    if (result < 0) {
        result = client_fail_topic(client, wire, topic, "rules");
    } else if (scan_topic(wire, topic, -1, /* follow= */ false, take, &reading) < 0) {
        result = client_fail("%s", wire_why(wire));
    } else {
        result = 0;
    }
    *ret_offset = reading.offset;
    codec_free(reading.codec);
    arena_free(reading.arena);
    schema_cache_free(schemas);
    return result;
}

int applied_text_write(const struct client *client, struct wire *wire, struct slice text)
{
    _cleanup_(xfreep) char *topic = client_topic(client, "rules");
    struct schema_cache *schemas = client_schemas(client);
    struct codec *codec =
        client_schemas_writer(client, schemas, topic, &applied_rules_contract, /* first= */ true);
    int result = EXIT_FAILURE;
    if (codec) {
        const struct applied_rules rules = {.text = text, .applied_ms = clock_wall_ms()};
        struct buf value;
        buf_init(&value, MESSAGE_BYTES_MAX);
        int rc = text.size ? codec_encode(codec, &rules, &value) : 0;
        const struct message message = {.topic = topic, .partition = 0,
                                        .key = slice_str(APPLIED_RULES_KEY),
                                        .value = text.size ? buf_slice(&value) : (struct slice){0}};
        if (rc < 0) {
            result = client_fail("the rules are not UTF-8, or longer than %d bytes",
                                 RULES_BYTES_MAX);
        } else if (wire_produce(wire, &message, 1) < 0) {
            result = client_fail("%s", wire_why(wire));
        } else {
            result = client_flush(wire);
        }
        buf_release(&value);
    }
    codec_free(codec);
    schema_cache_free(schemas);
    return result;
}

/* ---- What differs ---- */

/* Prints the keys of `from` that `to` does not have, or has with another value (if `changes`). */
static size_t print_missing(struct slice from, struct slice to, char sign, bool changes)
{
    struct properties_reader reader;
    struct property_line line;
    struct buf other;
    size_t lines = 0;
    int rc;
    buf_init(&other, RULES_BYTES_MAX);
    properties_reader_init(&reader, from);
    while ((rc = properties_next(&reader, &line)) != 0) {
        if (rc < 0) { continue; }
        bool there = properties_find(to, line.key, &other);
        bool same = there && slice_equal(buf_slice(&other), slice_str(line.value));
        if (!there) {
            screen_line(stdout, "%c %s=%s", sign, line.key, line.value);
        } else if (changes && !same) {
            screen_line(stdout, "~ %s=%s (was: %.*s)", line.key, line.value,
                        SLICE_ARGS(buf_slice(&other)));
        }
        lines += !there || (changes && !same);
    }
    properties_reader_release(&reader);
    buf_release(&other);
    return lines;
}

size_t applied_text_compare(struct slice before, struct slice after)
{
    size_t lines = print_missing(after, before, '+', /* changes= */ true);
    return lines + print_missing(before, after, '-', /* changes= */ false);
}
