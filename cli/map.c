#include "base/base.h"
#include "base/clock.h"
#include "base/xalloc.h"
#include "cli/commands.h"
#include "cli/samples.h"

#include <argp.h>

enum { KEY_CONFIG = 'c', KEY_SET = 's', KEY_TRY = 't', KEY_SOURCE = 0x3000, KEY_ENVELOPE, KEY_AT };

struct asking {
    struct samples samples;
    char **words;
};

static const struct argp_option flags[] = {
    {"config", KEY_CONFIG, "FILE", 0, "The properties of ingest", 0},
    {"set", KEY_SET, "KEY=VALUE", 0, "One property, e.g. map.user=session.user", 0},
    {"try", KEY_TRY, "FILE", 0, "Sample records, one JSON object a line; -: standard input", 0},
    {"source", KEY_SOURCE, "NAME", 0, "Which of `sources` they are of (default: by their topic, "
     "else the first)", 0},
    {"envelope", KEY_ENVELOPE, NULL, 0,
     "Lines are what `kcat -J` prints: {\"topic\",\"partition\",\"offset\",\"ts\",\"key\","
     "\"headers\",\"payload\"}, all but the payload optional; headers are [name, value, name, "
     "value ...], payload null is a tombstone", 0},
    {"at", KEY_AT, "MS", 0, "Kafka timestamp of the records, in ms since 1970 (default: now)", 0},
    {0},
};

static void keep(struct asking *asking, const char *flag, const char *value)
{
    struct samples *samples = &asking->samples;
    asking->words =
        xreallocarray(asking->words, (size_t)samples->words_count + 3, sizeof(*asking->words));
    asking->words[samples->words_count++] = xstrdup(flag);
    if (value) { asking->words[samples->words_count++] = xstrdup(value); }
    asking->words[samples->words_count] = NULL;
    samples->words = asking->words;
}

static error_t parse(int key, char *arg, struct argp_state *state)
{
    struct asking *asking = state->input;
    struct samples *samples = &asking->samples;
    char *end;
    switch (key) {
    case KEY_CONFIG:
        keep(asking, "--config", arg);
        return 0;
    case KEY_SET:
        keep(asking, "--set", arg);
        return 0;
    case KEY_TRY:
        if (samples->file) { argp_error(state, "one file at a time"); }
        samples->file = arg;
        return 0;
    case KEY_SOURCE:
        samples->source = arg;
        return 0;
    case KEY_ENVELOPE:
        samples->enveloped = true;
        return 0;
    case KEY_AT:
        samples->time_ms = strtoll(arg, &end, 10);
        if (!*arg || *end || samples->time_ms < 0) { argp_error(state, "no number: %s", arg); }
        return 0;
    case ARGP_KEY_ARG:
        argp_error(state, "no argument \"%s\"", arg);
        return 0;
    case ARGP_KEY_END:
        if (!samples->file) { argp_error(state, "--try FILE is needed"); }
        return 0;
    default:
        return ARGP_ERR_UNKNOWN;
    }
}

static const struct argp argp = {
    .options = flags,
    .parser = parse,
    .doc =
        "Shows what sample records become by the mapping in a configuration of ingest, or why "
        "not: a JSON line for each event, item or profile, with the line that it came from. Needs "
        "no Kafka. Of an Avro source, give messages as `freshet peek --values` prints them. Exit "
        "code 1 when some would be dead letters.",
};

int map_command(int argc, char **argv)
{
    struct asking asking = {.samples.time_ms = clock_wall_ms() / 1000 * 1000};
    keep(&asking, "freshet", NULL);
    argp_parse(&argp, argc, argv, 0, NULL, &asking);
    int result = samples_map(&asking.samples);
    for (int i = 0; i < asking.samples.words_count; i++) { free(asking.words[i]); }
    free(asking.words);
    return result;
}
