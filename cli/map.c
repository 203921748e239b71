#include "base/base.h"
#include "base/clock.h"
#include "cli/client.h"
#include "cli/commands.h"
#include "cli/named_file.h"
#include "cli/samples.h"

enum { NOW = -1 };

struct map {
    const char *file;
    const char *source;
    bool enveloped;
    int64_t at_ms;
};

#define OPTION_SETTINGS struct map

static const struct flag flags[] = {
    FLAG_NEEDED('t', "FILE",
                OPTION("try", STRING, file, NULL, OPTION_FREE,
                       "Sample records, one JSON object a line; -: standard input")),
    FLAG(0, "NAME",
         OPTION("source", STRING, source, NULL, OPTION_FREE,
                "Which of `sources` they are from; by default the one of their topic, else the "
                "first")),
    SWITCH(0, "envelope", enveloped,
           "Lines are what `kcat -J` prints: {\"topic\",\"partition\",\"offset\",\"ts\",\"key\","
           "\"headers\",\"payload\"}, all but the payload optional; headers are [name, value, "
           "name, value ...]; a null payload is a tombstone. payload_hex in its place: the "
           "record's own bytes, read as ingest reads them (schemas: schemas.path); so key_hex and "
           "headers_hex; `freshet peek --hex` prints such lines"),
    FLAG(0, "MS",
         OPTION("at", LONG, at_ms, "-1", OPTION_RANGE(NOW, INFINITY),
                "Kafka timestamp of the records, in ms since 1970; -1: now")),
};

static int map_run(struct invocation *invocation)
{
    const struct map *map = invocation->settings;
    int64_t now_ms = clock_wall_ms() / 1000 * 1000;
    const struct samples samples = {
        .file = map->file,
        .source = map->source,
        .enveloped = map->enveloped,
        .time_ms = map->at_ms == NOW ? now_ms : map->at_ms,
        .words = invocation->client.words,
        .words_count = invocation->client.words_count,
    };
    int result = samples_map(&samples);
    if (result == EXIT_FAILURE && named_file_is_table(map->file)) {
        (void)client_fail("each line is a record here; hint: rows want source.format=csv and "
                          "source.columns=NAME,NAME, or objects (freshet replay --columns)");
    }
    return result;
}

static int map_check_files(struct invocation *invocation)
{
    const struct map *map = invocation->settings;
    return named_file_check(map->file);
}

const struct command map_command = {
    .name = "map",
    .group = GROUP_RECORDS,
    .summary = "show what sample records become, or why they are refused",
    .about = "Shows what sample records become by the mapping in a configuration of ingest, or why "
             "they are refused: a JSON line for each event, item or profile, with the line that it "
             "came from. Needs no Kafka; a schema registry (schema.registry.url) only for ids that "
             "schemas.path does not hold. For an Avro source, give messages as `freshet peek "
             "--values` prints them, or any records as `freshet peek --hex` does, with --envelope. "
             "The exit code is 1 when some would be dead letters.",
    .flags = flags,
    .flags_count = ARRAY_COUNT(flags),
    .needs = NEEDS_WORDS,
    .settings_size = sizeof(struct map),
    .check_files = map_check_files,
    .run = map_run,
};
