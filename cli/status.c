#include "base/base.h"
#include "base/quote.h"
#include "base/xalloc.h"
#include "cli/commands.h"
#include "cli/local_copy.h"
#include "cli/rest_line.h"
#include "stream/kafka/kafka_admin.h"

#include <jansson.h>

/* Each worker and its partitioned input. */
static const struct stage {
    const char *worker;
    const char *input;
    bool optional;
} stages[] = {
    {"ingest", "clicks", false},   {"features", "events", false},
    {"trainer", "pair-deltas", false}, {"scorer", "histories", false},
    {"sequence", "models", true},
};

/* What was seen of a stage's group. */
struct group_look {
    char *group;
    int members; /* -1: not known */
    bool committed; /* anything of its input */
};

enum { GROUPS_BYTES_MAX = 16 << 20, GROUPS_TOLD_MAX = 5 };

/* A text of a copy's answer, as it may be printed. */
static struct quoted text_of(const json_t *object, const char *key)
{
    const char *text = json_string_value(json_object_get(object, key));
    return quote_line(slice_str(text ? text : "-"));
}

static void print_partition(struct wire *wire, const struct stage *stage, const char *generation,
                            const char *topic, int32_t partition, const json_t *copies,
                            struct group_look *look)
{
    int64_t committed = OFFSET_NONE, low = 0, end = 0;
    if (wire_committed(wire, topic, partition, &committed) < 0 ||
        wire_bounds(wire, topic, partition, &low, &end) < 0) {
        printf("%-9s %-24s %4d  %s\n", stage->worker, topic, partition, wire_why(wire));
        return;
    }
    const json_t *task = local_copy_partition(copies, stage->worker, generation, topic, partition);
    char from[32] = "-", lag[32] = "-"; /* nothing is committed: how much is missing is unknown */
    if (committed != OFFSET_NONE) {
        (void)snprintf(from, sizeof(from), "%" PRId64, committed);
        (void)snprintf(lag, sizeof(lag), "%" PRId64, MAX_OF(end - committed, (int64_t)0));
        look->committed = true;
    }
    printf("%-9s %-24s %4d %12s %12" PRId64 " %10s  ", stage->worker, topic, partition, from, end,
           lag);
    if (task) {
        printf("%-10s %10lld\n", text_of(task, "state").text,
               (long long)json_integer_value(json_object_get(task, "restore_remaining")));
    } else {
        printf("%-10s %10s\n", "-", "-");
    }
}

static void print_topic(struct wire *wire, const struct stage *stage, const char *generation,
                        const char *topic, const json_t *copies, struct group_look *look)
{
    int32_t partitions;
    if (wire_partitions(wire, topic, &partitions) < 0) {
        if (stage->optional) { return; }
        printf("%-9s %-24s    -  %s\n", stage->worker, topic, wire_why(wire));
        return;
    }
    for (int32_t p = 0; p < partitions; p++) {
        print_partition(wire, stage, generation, topic, p, copies, look);
    }
}

/* ingest may read several topics, as `sources` of its configuration names them. */
static int print_stage(const struct client *client, const struct stage *stage,
                       const json_t *copies, struct group_look *look)
{
    struct wire *wire = NULL;
    bool one = strcmp(stage->worker, "ingest") == 0; /* for all generations */
    const char *generation = one ? "" : client_generation(client);
    const char *sources = one ? client_other(client, "sources") : NULL;
    look->group = client_group_of(client, stage->worker, generation);
    _cleanup_(xfreep) char *names = xstrdup(sources && sources[0] ? sources : stage->input);
    if (client_connect(client, look->group, &wire) < 0) { return EXIT_FAILURE; }
    for (char *at = names, *name; (name = strsep(&at, ", "));) {
        if (!name[0]) { continue; }
        _cleanup_(xfreep) char *topic = one ? client_topic_of(client, name, "")
                                            : client_topic(client, name);
        print_topic(wire, stage, generation, topic, copies, look);
    }
    if (admin_group_members(wire, look->group, &look->members) < 0) { look->members = -1; }
    wire_close(wire);
    return 0;
}

/* Says whether a group's name ends with the worker's: its group under another group.prefix. */
static bool is_of_worker(struct slice group, const char *worker)
{
    size_t size = strlen(worker);
    if (group.size <= size) { return false; }
    const char *tail = group.data + group.size - size;
    return memcmp(tail, worker, size) == 0 && strchr("-._", tail[-1]);
}

static void print_other_groups(struct slice groups, const struct stage *stage, const char *own)
{
    int told = 0;
    while (groups.size && told < GROUPS_TOLD_MAX) {
        const char *end = memchr(groups.data, '\n', groups.size);
        struct slice group = slice_of(groups.data, (size_t)(end - groups.data));
        groups = slice_of(end + 1, groups.size - group.size - 1);
        if (!is_of_worker(group, stage->worker) || slice_equal(group, slice_str(own))) { continue; }
        size_t prefix = group.size - strlen(stage->worker);
        printf("%sgroup.prefix=%.*s", told++ ? ", " : "; groups of its name exist with ",
               (int)prefix, group.data);
    }
}

/* A group without members or offsets is mostly one that was meant otherwise, or a worker that does
 * not run: a lag of nothing would say neither. */
static void print_group(const struct group_look *look, const struct stage *stage,
                        struct slice groups)
{
    if (look->members < 0 || (stage->optional && !look->members && !look->committed)) {
        if (!look->members) { printf("%s: does not run (it is optional)\n", stage->worker); }
        return;
    }
    if (look->members) {
        printf("%s: %d %s in group %s", stage->worker, look->members,
               look->members == 1 ? "copy" : "copies", look->group);
    } else {
        printf("%s: NO COPY RUNS in group %s", stage->worker, look->group);
    }
    if (!look->committed) {
        printf(", which has committed nothing of this input");
        print_other_groups(groups, stage, look->group);
    }
    printf("\n");
}

static void print_groups(const struct client *client, struct group_look *looks)
{
    struct wire *wire = NULL;
    struct buf groups;
    buf_init(&groups, GROUPS_BYTES_MAX);
    if (client_connect(client, NULL, &wire) == 0) { (void)admin_groups(wire, &groups); }
    if (buf_failed(&groups)) { buf_clear(&groups); }
    for (size_t i = 0; i < ARRAY_COUNT(stages); i++) {
        print_group(&looks[i], &stages[i], buf_slice(&groups));
        free(looks[i].group);
    }
    buf_release(&groups);
    wire_close(wire);
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
               kept ? "; `freshet refusals` shows why, `freshet redrive --dry-run` counts them by "
                      "reason" : "");
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
    struct group_look looks[ARRAY_COUNT(stages)] = {0};
    int result = 0;
    printf("%-9s %-24s %4s %12s %12s %10s  %-10s %10s\n", "worker", "input", "part", "committed",
           "end", "lag", "state", "to restore");
    for (size_t i = 0; i < ARRAY_COUNT(stages) && !result; i++) {
        result = print_stage(client, &stages[i], copies, &looks[i]);
    }
    size_t index;
    json_t *copy;
    for (size_t i = 0; i < ARRAY_COUNT(stages) && result; i++) { free(looks[i].group); }
    if (!result) {
        print_groups(client, looks);
        print_dead_letters(client);
    }
    json_array_foreach(copies, index, copy) { print_copy(copy); }
    if (!result) { print_rest(copies, stdout); }
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
        "from Kafka, and how many copies run; \"-\" where a group has committed nothing. From the "
        "copies that run on this machine (state.dir) it prints what is being "
        "restored, whether tables are loaded, which partitions are kept warm, and dead letters by "
        "reason. With several sources give --config with the properties of ingest.",
    .needs = NEEDS_SETTINGS,
    .run = status_run,
};
