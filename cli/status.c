#include "base/base.h"
#include "base/quote.h"
#include "base/xalloc.h"
#include "cli/commands.h"
#include "cli/local_copy.h"
#include "stream/kafka/wire.h"

#include <jansson.h>

/* Each worker and its partitioned input. */
struct stage {
    const char *worker;
    const char *input;
};

static const struct stage stages[] = {
    {"ingest", "clicks"},
    {"features", "events"},
    {"trainer", "pair-deltas"},
    {"scorer", "histories"},
};

/* A text of a copy's answer, as it may be printed. */
static struct quoted text_of(const json_t *object, const char *key)
{
    const char *text = json_string_value(json_object_get(object, key));
    return quote_line(slice_str(text ? text : "-"));
}

static void print_partition(struct wire *wire, const struct stage *stage, const char *generation,
                            const char *topic, int32_t partition, const json_t *copies)
{
    int64_t committed = OFFSET_NONE, low = 0, end = 0;
    if (wire_committed(wire, topic, partition, &committed) < 0 ||
        wire_bounds(wire, topic, partition, &low, &end) < 0) {
        printf("%-9s %-24s %4d  %s\n", stage->worker, topic, partition, wire_why(wire));
        return;
    }
    const json_t *task = local_copy_partition(copies, stage->worker, generation, topic, partition);
    int64_t from = committed == OFFSET_NONE ? low : committed;
    printf("%-9s %-24s %4d %12" PRId64 " %12" PRId64 " %10" PRId64 "  ", stage->worker, topic,
           partition, from, end, end - from);
    if (task) {
        printf("%-10s %10lld\n", text_of(task, "state").text,
               (long long)json_integer_value(json_object_get(task, "restore_remaining")));
    } else {
        printf("%-10s %10s\n", "-", "-");
    }
}

static void print_topic(struct wire *wire, const struct stage *stage, const char *generation,
                        const char *topic, const json_t *copies)
{
    int32_t partitions;
    if (wire_partitions(wire, topic, &partitions) < 0) {
        printf("%-9s %-24s    -  %s\n", stage->worker, topic, wire_why(wire));
        return;
    }
    for (int32_t p = 0; p < partitions; p++) {
        print_partition(wire, stage, generation, topic, p, copies);
    }
}

/* ingest may read several topics, as `sources` of its configuration names them. */
static int print_stage(const struct client *client, const struct stage *stage, const json_t *copies)
{
    struct wire *wire = NULL;
    bool one = strcmp(stage->worker, "ingest") == 0; /* for all generations */
    const char *generation = one ? "" : client_generation(client);
    const char *sources = one ? client_other(client, "sources") : NULL;
    _cleanup_(xfreep) char *group = client_group_of(client, stage->worker, generation);
    _cleanup_(xfreep) char *names = xstrdup(sources && sources[0] ? sources : stage->input);
    if (client_connect(client, group, &wire) < 0) { return EXIT_FAILURE; }
    for (char *at = names, *name; (name = strsep(&at, ", "));) {
        if (!name[0]) { continue; }
        _cleanup_(xfreep) char *topic = one ? client_topic_of(client, name, "")
                                            : client_topic(client, name);
        print_topic(wire, stage, generation, topic, copies);
    }
    wire_close(wire);
    return 0;
}

static void print_dead_letters(const struct client *client)
{
    struct wire *wire = NULL;
    int32_t partitions = 0;
    int64_t kept = 0;
    _cleanup_(xfreep) char *topic = client_topic(client, "dead-letters");
    if (client_connect(client, NULL, &wire) < 0) { return; }
    if (wire_partitions(wire, topic, &partitions) < 0) { partitions = 0; }
    for (int32_t p = 0; p < partitions; p++) {
        int64_t low, end;
        if (wire_bounds(wire, topic, p, &low, &end) == 0) { kept += end - low; }
    }
    if (partitions) {
        printf("%s: %" PRId64 " kept%s\n", topic, kept,
               kept ? "; `freshet redrive --dry-run` counts them by reason" : "");
    }
    wire_close(wire);
}

static void print_reasons(const json_t *copy)
{
    const char *reason, *before = ", dead letters since its start: ";
    json_t *count;
    json_object_foreach(json_object_get(copy, "dead_letters"), reason, count)
    {
        printf("%s%s %lld", before, quote_line(slice_str(reason)).text,
               (long long)json_integer_value(count));
        before = ", ";
    }
}

static void print_copy(const json_t *copy)
{
    struct quoted generation = text_of(copy, "generation");
    bool named = generation.text[0] && strcmp(generation.text, "-") != 0;
    printf("%s%s%s slot %lld: pid %lld, tables %s",
           text_of(copy, "worker").text, named ? " of generation " : "",
           named ? generation.text : "",
           (long long)json_integer_value(json_object_get(copy, "slot")),
           (long long)json_integer_value(json_object_get(copy, "pid")),
           json_is_true(json_object_get(copy, "loaded")) ? "loaded" : "loading");
    const char *before = ", stands by for";
    size_t index;
    json_t *one;
    json_array_foreach(json_object_get(copy, "standby"), index, one)
    {
        long long lag = json_integer_value(json_object_get(one, "lag"));
        printf("%s %lld", before, (long long)json_integer_value(json_object_get(one, "partition")));
        if (lag < 0) { printf(" (not open)"); }
        if (lag >= 0) { printf(" (lag %lld)", lag); }
        before = ",";
    }
    print_reasons(copy);
    printf("\n");
}

static int run(const struct client *client)
{
    json_t *copies = local_copies(client_state_dir(client));
    int result = 0;
    printf("%-9s %-24s %4s %12s %12s %10s  %-10s %10s\n", "worker", "input", "part", "committed",
           "end", "lag", "state", "to restore");
    for (size_t i = 0; i < ARRAY_COUNT(stages) && !result; i++) {
        result = print_stage(client, &stages[i], copies);
    }
    size_t index;
    json_t *copy;
    if (!result) { print_dead_letters(client); }
    json_array_foreach(copies, index, copy) { print_copy(copy); }
    json_decref(copies);
    return result;
}

static int status_run(struct invocation *invocation)
{
    return run(&invocation->client);
}

const struct command status_command = {
    .name = "status",
    .group = GROUP_OPERATION,
    .summary = "print how far each worker has read and what it lacks",
    .about =
        "Prints for each worker and partition the committed offset, the log's end and the lag, "
        "from Kafka. From the copies that run on this machine (state.dir) it prints what is being "
        "restored, whether tables are loaded, which partitions are kept warm, and dead letters by "
        "reason. With several sources give --config with the properties of ingest.",
    .needs = NEEDS_SETTINGS,
    .run = status_run,
};
