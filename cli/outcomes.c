#include "base/base.h"
#include "base/arena.h"
#include "base/clock.h"
#include "base/xalloc.h"
#include "cli/client_schemas.h"
#include "cli/commands.h"
#include "cli/outcome_table.h"
#include "cli/scan.h"
#include "cli/screen.h"

enum { OUTCOMES_ARENA_BLOCK = 1 << 14 };

struct outcomes {
    int32_t by;       /* flag; enum outcome_by */
    int64_t since_ms; /* flag: a time span; 0: all time */
    bool json;        /* flag */

    struct outcome_table *table;
    struct codec *codec;
    struct arena *arena;
    int64_t unreadable;
};

#define OPTION_SETTINGS struct outcomes

static const struct flag flags[] = {
    FLAG(0, "WHAT",
         OPTION("by", CHOICE, by, "placement", OPTION_ONE_OF("placement|generation|rule|hour"),
                "A line for each placement, or for each placement and generation, rule or hour")),
    FLAG(0, "TIME",
         OPTION("since", DURATION, since_ms, "0", OPTION_RANGE(0, INFINITY),
                "Only hours of event time that began this long ago or later; 0: all time")),
    SWITCH('j', "json", json, "Print a JSON object each line, names and figures whole"),
};

static bool take(void *arg, const struct record *rec)
{
    struct outcomes *outcomes = arg;
    struct placement_outcomes of;
    struct codec_error error;
    if (!rec->key.data) { return true; }
    if (!rec->value.data) { return outcome_table_take(outcomes->table, rec->key, NULL); }
    arena_reset(outcomes->arena);
    if (codec_decode(outcomes->codec, rec->value, outcomes->arena, &of, &error) < 0) {
        outcomes->unreadable++;
        return true;
    }
    return outcome_table_take(outcomes->table, rec->key, &of);
}

static int read_all(struct outcomes *outcomes, const struct client *client, struct wire *wire)
{
    _cleanup_(xfreep) char *topic = client_topic(client, "outcomes");
    if (scan_topic(wire, topic, -1, /* follow= */ false, take, outcomes) < 0) {
        return client_fail_topic(client, wire, topic, "outcomes");
    }
    if (outcomes->unreadable) {
        screen_line(stderr, "freshet: %" PRId64 " records of %s cannot be read",
                    outcomes->unreadable, topic);
    }
    if (!outcome_table_print(outcomes->table, outcomes->json, stdout)) {
        screen_line(stderr, "freshet: no event has said which list it came of%s; hint: "
                            "map.list and map.place (docs/outcomes.md)",
                    outcomes->since_ms ? " in this time" : "");
    }
    return 0;
}

static int outcomes_run(struct invocation *invocation)
{
    struct outcomes *outcomes = invocation->settings;
    struct schema_cache *schemas = client_schemas(&invocation->client);
    int64_t since_ms = outcomes->since_ms ? clock_wall_ms() - outcomes->since_ms : INT64_MIN;
    outcomes->table = outcome_table_new((enum outcome_by)outcomes->by, since_ms);
    outcomes->codec = codec_new(&placement_outcomes_contract, schemas);
    outcomes->arena = arena_new(OUTCOMES_ARENA_BLOCK);
    int result = read_all(outcomes, &invocation->client, invocation->wire);
    outcome_table_free(outcomes->table);
    arena_free(outcomes->arena);
    codec_free(outcomes->codec);
    schema_cache_free(schemas);
    return result;
}

const struct command outcomes_command = {
    .name = "outcomes",
    .group = GROUP_RESULTS,
    .summary = "print what came of the lists: shown, clicked, bought",
    .about = "Prints for each placement how many items users were shown, how many actions followed "
             "that name the list (views and clicks; purchases) and what they brought in, from "
             "the topic `outcomes`.",
    .flags = flags,
    .flags_count = ARRAY_COUNT(flags),
    .needs = NEEDS_KAFKA,
    .settings_size = sizeof(struct outcomes),
    .run = outcomes_run,
};
