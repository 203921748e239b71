#include "base/base.h"
#include "base/quote.h"
#include "base/utf8.h"
#include "base/xalloc.h"
#include "cli/client_schemas.h"
#include "cli/commands.h"
#include "cli/scan.h"
#include "schemas/contracts.h"

#include <argp.h>

enum { LINE_BYTES_MAX = 64 << 20 };

enum { KEY_KEY = 'k', KEY_FOLLOW = 'f', KEY_LIMIT = 'n', KEY_PARTITION = 'p', KEY_VALUES = 'v' };

struct peek {
    struct client client;
    const char *topic;
    const char *key;
    bool follow;
    bool values;
    int64_t limit;
    int32_t partition;

    struct schema_cache *schemas;
    struct buf out;
    int64_t printed;
};

static const struct argp_option flags[] = {
    {"key", KEY_KEY, "KEY", 0, "Only records with this key", 0},
    {"follow", KEY_FOLLOW, 0, 0, "Go on as new records come", 0},
    {"limit", KEY_LIMIT, "N", 0, "Stop after N records", 0},
    {"partition", KEY_PARTITION, "N", 0, "Only this partition", 0},
    {"values", KEY_VALUES, 0, 0, "Only the values, without offset, time and key", 0},
    {0},
};

static error_t parse(int key, char *arg, struct argp_state *state)
{
    struct peek *peek = state->input;
    switch (key) {
    case ARGP_KEY_INIT:
        state->child_inputs[0] = &peek->client;
        return 0;
    case KEY_KEY:
        peek->key = arg;
        return 0;
    case KEY_FOLLOW:
        peek->follow = true;
        return 0;
    case KEY_LIMIT:
        peek->limit = strtoll(arg, NULL, 10);
        return 0;
    case KEY_PARTITION:
        peek->partition = (int32_t)strtol(arg, NULL, 10);
        return 0;
    case KEY_VALUES:
        peek->values = true;
        return 0;
    case ARGP_KEY_ARG:
        if (peek->topic) { argp_error(state, "one topic at a time"); }
        peek->topic = arg;
        return 0;
    case ARGP_KEY_END:
        if (!peek->topic) { argp_error(state, "TOPIC is needed"); }
        return 0;
    default:
        return ARGP_ERR_UNKNOWN;
    }
}

static const struct argp_child children[] = {{&client_argp, 0, "Which Kafka:", 90}, {0}};
static const struct argp argp = {
    .options = flags,
    .parser = parse,
    .args_doc = "TOPIC",
    .doc =
        "Prints a topic's messages as JSON lines, up to the end that it has now. Avro messages are "
        "decoded, JSON and text is shown as it is, other bytes as a string.",
    .children = children,
};

/* Who fills a topic must not control the reader's terminal. */
static bool has_control(struct slice text)
{
    for (size_t i = 0; i < text.size; i++) {
        if (quote_is_control(slice_of(text.data + i, text.size - i))) { return true; }
    }
    return false;
}

static void put_value(struct peek *peek, struct slice value)
{
    struct codec_error error;
    size_t before = peek->out.size;
    if (!value.data) {
        buf_printf(&peek->out, "null");
        return;
    }
    if (codec_json(peek->schemas, value, &peek->out, NULL, &error) == 0) { return; }
    peek->out.size = before;
    bool json = value.size && (value.data[0] == '{' || value.data[0] == '[');
    if (json && utf8_valid(value.data, value.size) && !has_control(value)) {
        buf_append(&peek->out, value.data, value.size);
    } else {
        quote_json(&peek->out, value, QUOTE_EITHER);
    }
}

static bool print(void *arg, const struct record *rec)
{
    struct peek *peek = arg;
    if (peek->key && !slice_equal(rec->key, slice_str(peek->key))) { return true; }
    buf_clear(&peek->out);
    if (!peek->values) {
        buf_printf(&peek->out,
                   "{\"partition\":%d,\"offset\":%" PRId64 ",\"time_ms\":%" PRId64 ",\"key\":",
                   rec->partition, rec->offset, rec->time_ms);
        if (rec->key.data) {
            quote_json(&peek->out, rec->key, QUOTE_EITHER);
        } else {
            buf_printf(&peek->out, "null");
        }
        buf_printf(&peek->out, ",\"value\":");
    }
    put_value(peek, rec->value);
    buf_printf(&peek->out, peek->values ? "\n" : "}\n");
    bool written = fwrite(peek->out.data, 1, peek->out.size, stdout) == peek->out.size;
    if (peek->follow) { written = written && fflush(stdout) == 0; }
    peek->printed++;
    return written && (!peek->limit || peek->printed < peek->limit);
}

static int run(struct peek *peek)
{
    struct wire *wire = NULL;
    contracts_add_all(peek->schemas);
    if (client_schemas_add_path(&peek->client, peek->schemas)) { return 1; }
    if (client_connect(&peek->client, NULL, &wire) < 0) { return 1; }
    _cleanup_(xfreep) char *topic = client_topic(&peek->client, peek->topic);
    int result = scan_topic(wire, topic, peek->partition, peek->follow, print, peek);
    if (result < 0) { result = client_fail("%s", wire_why(wire)); }
    wire_close(wire);
    return result;
}

int peek_command(int argc, char **argv)
{
    struct peek peek = {.partition = -1};
    argp_parse(&argp, argc, argv, 0, NULL, &peek);
    peek.schemas = client_schemas(&peek.client);
    buf_init(&peek.out, LINE_BYTES_MAX);
    int result = client_load(&peek.client) < 0 ? EXIT_CONFIG : run(&peek);
    buf_release(&peek.out);
    schema_cache_free(peek.schemas);
    client_release(&peek.client);
    return result;
}
