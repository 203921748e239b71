#include "base/base.h"
#include "base/quote.h"
#include "base/xalloc.h"
#include "cli/client_schemas.h"
#include "cli/commands.h"
#include "cli/newest.h"
#include "cli/record_format.h"
#include "cli/scan.h"
#include "cli/value_text.h"
#include "schemas/contracts.h"

enum { LINE_BYTES_MAX = 64 << 20 };

struct peek {
    /* flags */
    const char *key;
    const char *format;
    bool follow;
    bool all;
    bool values;
    bool hex;
    int64_t last;
    int64_t limit;
    int64_t partition;

    const struct client *client;
    struct schema_cache *schemas;
    struct buf out;
    int64_t printed;
};

#define OPTION_SETTINGS struct peek

static const struct flag flags[] = {
    FLAG('k', "KEY", OPTION("key", STRING, key, NULL, OPTION_FREE, "Only records with this key")),
    FLAG('F', "FORMAT",
         OPTION("format", STRING, format, NULL, OPTION_FREE,
                "A line for each record: %t topic, %p partition, %o offset, %T time in ms, %k key, "
                "%h headers, %v value, %K and %V their sizes, such as '%k %h %v'")),
    SWITCH('f', "follow", follow, "Print new records as they come, from the topic's end on"),
    SWITCH('a', "all", all, "With --follow: begin with the records that the topic has"),
    FLAG('l', "N",
         OPTION("last", LONG, last, NULL, OPTION_RANGE(1, NEWEST_MAX),
                "The newest N records of all partitions; with --follow, before the new ones")),
    FLAG('n', "N",
         OPTION("limit", LONG, limit, "0", OPTION_RANGE(0, INFINITY),
                "Stop after N records; 0: print all")),
    FLAG('p', "N",
         OPTION("partition", LONG, partition, "-1", OPTION_RANGE(-1, INT32_MAX),
                "Only this partition; -1: all")),
    SWITCH('v', "values", values, "Only the values, without offset, time and key"),
    SWITCH('x', "hex", hex,
           "Keys, values and headers as hex, for `freshet map --envelope`: what ingest would read, "
           "whatever its format and frame"),
};

/* As `kcat -J` and `freshet map --envelope` have them: name, value, name, value ... */
static void put_headers(struct peek *peek, const struct record *rec)
{
    size_t count = record_headers_count(rec);
    struct header header;
    if (count == 0 || count == SIZE_MAX) { return; }
    buf_printf(&peek->out, ",\"headers\":[");
    for (size_t i = 0; i < count && record_header_at(rec, i, &header) == 0; i++) {
        buf_printf(&peek->out, i ? "," : "");
        quote_json(&peek->out, slice_str(header.name), QUOTE_EITHER);
        buf_printf(&peek->out, ",");
        if (header.value.data) {
            quote_json(&peek->out, header.value, QUOTE_EITHER);
        } else {
            buf_printf(&peek->out, "null");
        }
    }
    buf_printf(&peek->out, "]");
}

static void put_shown(struct peek *peek, const struct record *rec)
{
    if (!peek->values) {
        buf_printf(&peek->out,
                   "{\"partition\":%d,\"offset\":%" PRId64 ",\"time_ms\":%" PRId64 ",\"key\":",
                   rec->partition, rec->offset, rec->time_ms);
        if (rec->key.data) {
            quote_json(&peek->out, rec->key, QUOTE_EITHER);
        } else {
            buf_printf(&peek->out, "null");
        }
        put_headers(peek, rec);
        buf_printf(&peek->out, ",\"value\":");
        value_text_put_json(peek->schemas, rec->value, &peek->out);
        buf_printf(&peek->out, "}\n");
    } else {
        value_text_put(peek->schemas, rec->value, &peek->out);
        buf_printf(&peek->out, "\n");
    }
}

/* Appends the record's line; false: it has another key. */
static bool put(struct peek *peek, const struct record *rec)
{
    if (peek->key && !slice_equal(rec->key, slice_str(peek->key))) { return false; }
    if (peek->format) {
        record_format_put(peek->format, peek->schemas, rec, &peek->out);
    } else if (peek->hex) {
        record_hex_put(rec, &peek->out);
    } else {
        put_shown(peek, rec);
    }
    return true;
}

static bool write_line(struct peek *peek, struct slice line)
{
    bool written = fwrite(line.data, 1, line.size, stdout) == line.size;
    if (peek->follow) { written = written && fflush(stdout) == 0; }
    peek->printed++;
    return written && (!peek->limit || peek->printed < peek->limit);
}

static bool print(void *arg, const struct record *rec)
{
    struct peek *peek = arg;
    buf_clear(&peek->out);
    return !put(peek, rec) || write_line(peek, buf_slice(&peek->out));
}

/* ---- The newest records, and those that come ---- */

static bool put_newest(void *arg, const struct record *rec, struct buf *out)
{
    struct peek *peek = arg;
    buf_clear(&peek->out);
    if (!put(peek, rec)) { return false; }
    buf_append(out, peek->out.data, peek->out.size);
    return true;
}

static int print_newest(struct peek *peek, struct wire *wire, const struct topic_partition *ends,
                        size_t count, bool *ret_more)
{
    struct newest newest;
    const struct newest_lines source = {put_newest, peek};
    int result = newest_read(&newest, wire, ends, count, (size_t)peek->last, &source);
    for (size_t i = 0; i < newest.count && result == 0 && *ret_more; i++) {
        *ret_more = write_line(peek, slice_of(newest.lines[i].text, newest.lines[i].size));
    }
    newest_release(&newest);
    return result;
}

/* Finds the ends that the topic has now. */
static int find_ends(const struct peek *peek, struct wire *wire, const char *topic,
                     int32_t partitions, struct topic_partition *ends, size_t *ret_count)
{
    bool one = peek->partition >= 0;
    int32_t first = one ? (int32_t)peek->partition : 0, count = one ? 1 : partitions;
    struct log_bounds *bounds = xcalloc((size_t)count, sizeof(*bounds));
    int result = wire_bounds_of(wire, topic, first, count, bounds);
    for (int32_t k = 0; k < count; k++) {
        ends[k] = (struct topic_partition){topic, first + k, bounds[k].end};
    }
    *ret_count = (size_t)count;
    free(bounds);
    return result;
}

static int read_end(struct peek *peek, struct wire *wire, const char *topic, int32_t partitions)
{
    struct topic_partition *ends = xcalloc((size_t)partitions, sizeof(*ends));
    size_t count;
    bool more = true;
    int result = find_ends(peek, wire, topic, partitions, ends, &count);
    if (result == 0 && peek->last) { result = print_newest(peek, wire, ends, count, &more); }
    if (result == 0 && peek->follow && more) {
        result = scan_follow(wire, ends, count, print, peek);
    }
    free(ends);
    return result;
}

static int run(struct peek *peek, struct wire *wire, const char *name)
{
    contracts_add_all(peek->schemas);
    if (client_schemas_add_path(peek->client, peek->schemas)) { return EXIT_FAILURE; }
    _cleanup_(xfreep) char *topic = client_topic(peek->client, name);
    int32_t partitions;
    if (client_partitions(wire, topic, &partitions) < 0) {
        return client_fail_topic(peek->client, wire, topic, name);
    }
    if (peek->partition >= partitions) {
        (void)client_fail("--partition %" PRId64 ": %s has the partitions 0 to %" PRId32,
                          peek->partition, topic, partitions - 1);
        return EXIT_USAGE;
    }
    bool at_end = peek->last || (peek->follow && !peek->all);
    int result = at_end ? read_end(peek, wire, topic, partitions)
                        : scan_topic(wire, topic, (int32_t)peek->partition, peek->follow, print,
                                     peek);
    return result < 0 ? client_fail("%s", wire_why(wire)) : 0;
}

static bool peek_check(struct invocation *invocation, struct buf *why)
{
    const struct peek *peek = invocation->settings;
    if (peek->values + peek->hex + (peek->format != NULL) > 1) {
        buf_printf(why, "--values, --hex and --format: choose one of them");
        return false;
    }
    if (peek->all && (peek->last || !peek->follow)) {
        buf_printf(why, "--all goes with --follow, and without --last");
        return false;
    }
    if (!peek->format) { return true; }
    buf_printf(why, "--format: ");
    return record_format_valid(peek->format, why);
}

static int peek_run(struct invocation *invocation)
{
    struct peek *peek = invocation->settings;
    peek->client = &invocation->client;
    peek->schemas = client_schemas(peek->client);
    buf_init(&peek->out, LINE_BYTES_MAX);
    int result = run(peek, invocation->wire, invocation->arguments[0]);
    buf_release(&peek->out);
    schema_cache_free(peek->schemas);
    return result;
}

const struct command peek_command = {
    .name = "peek",
    .group = GROUP_RECORDS,
    .summary = "print a topic's messages as JSON lines",
    .arguments = "TOPIC",
    .arguments_least = 1,
    .arguments_most = 1,
    .about = "Prints a topic's messages as JSON lines, up to the end that the topic has now. Avro "
             "messages are decoded; JSON and text are printed as they are; other bytes are printed "
             "as a string. Headers are a list: name, value, name, value ... With --format a line "
             "is what the format says.",
    .flags = flags,
    .flags_count = ARRAY_COUNT(flags),
    .needs = NEEDS_KAFKA,
    .settings_size = sizeof(struct peek),
    .check = peek_check,
    .run = peek_run,
};
