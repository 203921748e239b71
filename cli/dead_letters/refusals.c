#include "base/base.h"
#include "base/quote.h"
#include "base/xalloc.h"
#include "cli/client_schemas.h"
#include "cli/commands.h"
#include "cli/dead_letters/dead_letters.h"
#include "cli/dead_letters/filter_flags.h"
#include "cli/scan.h"
#include "cli/value_text.h"
#include "schemas/contracts.h"

enum { LINE_BYTES_MAX = 64 << 20 };

struct refusals {
    /* flags */
    struct dead_letter_filter filter; /* first: see filter_flags.h */
    int64_t limit;

    struct schema_cache *schemas;
    struct buf out;
    int64_t printed;
};

#define OPTION_SETTINGS struct refusals

static const struct flag flags[] = {
    DEAD_LETTER_FILTER_FLAGS,
    FLAG(0, "TOPIC",
         OPTION("origin", STRING, filter.topic, NULL, OPTION_FREE,
                "Only dead letters whose record came from this topic")),
    FLAG('n', "N",
         OPTION("limit", LONG, limit, "0", OPTION_RANGE(0, INFINITY),
                "Stop after N dead letters; 0: print all")),
};

static void put_text(struct buf *out, const char *name, struct slice text)
{
    buf_printf(out, "\"%s\":", name);
    if (text.data) {
        quote_json(out, text, QUOTE_EITHER);
    } else {
        buf_printf(out, "null");
    }
}

static void put_header(struct refusals *refusals, const struct record *rec, const char *name)
{
    struct slice value = {0};
    if (record_header(rec, name, &value)) { return; }
    put_text(&refusals->out, name, value);
    buf_printf(&refusals->out, ",");
}

static bool print(void *arg, const struct record *rec)
{
    struct refusals *refusals = arg;
    struct buf *out = &refusals->out;
    struct dead_letter letter;
    if (!dead_letter_read(rec, &refusals->filter, &letter)) { return true; }
    buf_clear(out);
    buf_printf(out, "{");
    put_header(refusals, rec, HEADER_REASON);
    put_header(refusals, rec, "message");
    put_header(refusals, rec, "worker");
    put_text(out, "topic", slice_str(letter.origin.topic));
    buf_printf(out, ",\"partition\":%d,\"offset\":%" PRId64 ",\"time_ms\":%" PRId64 ",",
               letter.origin.partition, letter.origin.offset, letter.origin.time_ms);
    put_text(out, "key", rec->key);
    buf_printf(out, ",\"value\":");
    value_text_put_json(refusals->schemas, rec->value, out);
    if (letter.without_bytes) { buf_printf(out, ",\"without_bytes\":true"); }
    buf_printf(out, "}\n");
    bool written = fwrite(out->data, 1, out->size, stdout) == out->size;
    refusals->printed++;
    return written && (!refusals->limit || refusals->printed < refusals->limit);
}

static int run(struct refusals *refusals, const struct client *client, struct wire *wire)
{
    static const char name[] = "dead-letters";
    int32_t partitions;
    contracts_add_all(refusals->schemas);
    if (client_schemas_add_path(client, refusals->schemas)) { return EXIT_FAILURE; }
    _cleanup_(xfreep) char *topic = client_topic(client, name);
    if (client_partitions(wire, topic, &partitions) < 0) {
        return client_fail_topic(client, wire, topic, name);
    }
    int result = scan_since(wire, topic, refusals->filter.since_ms, print, refusals);
    if (result < 0) { return client_fail("%s", wire_why(wire)); }
    filter_tell_none(&refusals->filter);
    return 0;
}

static int refusals_run(struct invocation *invocation)
{
    struct refusals *refusals = invocation->settings;
    if (!refusals->filter.until_ms) { refusals->filter.until_ms = INT64_MAX; }
    refusals->schemas = client_schemas(&invocation->client);
    buf_init(&refusals->out, LINE_BYTES_MAX);
    int result = run(refusals, &invocation->client, invocation->wire);
    buf_release(&refusals->out);
    schema_cache_free(refusals->schemas);
    return result;
}

const struct command refusals_command = {
    .name = "refusals",
    .also = "letters",
    .group = GROUP_RECORDS,
    .summary = "show which records were refused, and why",
    .about = "Prints the dead letters as JSON lines: the reason, the message (where, what was "
             "found, what to do), the worker, the topic, partition and offset that the record came "
             "from, its key and its value. `freshet redrive` sends them again after a fix.",
    .flags = flags,
    .flags_count = ARRAY_COUNT(flags),
    .needs = NEEDS_KAFKA,
    .settings_size = sizeof(struct refusals),
    .run = refusals_run,
};
