#include "base/base.h"
#include "base/xalloc.h"
#include "cli/commands.h"
#include "cli/generation_log.h"
#include "cli/installation.h"
#include "cli/installation_page.h"
#include "cli/quality_look.h"

struct status {
    bool json; /* flag */
};

#define OPTION_SETTINGS struct status

static const struct flag flags[] = {
    SWITCH('j', "json", json, "Print JSON"),
};

/* Adds which generation is live: the workers of another one may rightly have ended. Nothing where
 * the topic does not exist or cannot be read. */
static void add_live(const struct client *client, struct wire *wire, json_t *look)
{
    struct generations generations;
    _cleanup_(xfreep) char *topic = client_topic(client, "generations");
    int32_t partitions;
    if (wire_partitions(wire, topic, &partitions) < 0) { return; }
    if (generation_log_read(client, wire, &generations) != 0) { return; }
    json_object_set_new(look, "live", json_string(generations.live));
    generations_release(&generations);
}

/* Adds what topics say. `top` does not read them: it looks every second. */
static void add_topics(const struct client *client, json_t *look)
{
    struct wire *wire = NULL;
    if (client_connect(client, NULL, &wire) < 0) { return; }
    json_object_set_new(look, "quality", quality_look(client, wire));
    add_live(client, wire, look);
    wire_close(wire);
}

static int status_run(struct invocation *invocation)
{
    const struct status *status = invocation->settings;
    struct installation *installation;
    int result = installation_open(&invocation->client, &installation);
    if (result == 0) {
        json_t *look = installation_look(installation);
        add_topics(&invocation->client, look);
        if (status->json) {
            (void)json_dumpf(look, stdout, JSON_COMPACT);
            printf("\n");
        } else {
            installation_page(look, stdout);
            quality_look_print(json_object_get(look, "quality"), stdout);
        }
        json_decref(look);
    }
    installation_close(installation);
    return result;
}

const struct command status_command = {
    .name = "status",
    .group = GROUP_OPERATION,
    .summary = "print how far each worker has read and what it lacks",
    .about =
        "Prints for each worker and partition the committed offset, the log's end and the lag, "
        "from Kafka, and how many copies run; \"-\" where a group has committed nothing; and how "
        "the lists of the last hour did, by kind of action. From the "
        "copies that run on this machine (state.dir) it prints what is being "
        "restored, whether tables are loaded, which partitions are kept warm, and dead letters by "
        "reason. With several sources give --config with the properties of ingest.",
    .flags = flags,
    .flags_count = ARRAY_COUNT(flags),
    .needs = NEEDS_SETTINGS,
    .settings_size = sizeof(struct status),
    .run = status_run,
};
