#include "base/base.h"
#include "base/clock.h"
#include "base/quote.h"
#include "base/xalloc.h"
#include "cli/installation.h"
#include "cli/local_copy.h"
#include "stream/kafka/kafka_admin.h"
#include "stream/stages.h"

enum { GROUPS_BYTES_MAX = 16 << 20, WHY_BYTES_MAX = 1 << 14, PREFIXES_TOLD_MAX = 5 };

struct installation {
    const struct client *client;
    struct wire *wires[STAGES_COUNT];
    char *groups[STAGES_COUNT];
    struct wire *wire; /* without a group */
};

static const char *generation_of(const struct installation *installation,
                                 const struct stage *stage)
{
    return stage->of_all ? "" : client_generation(installation->client);
}

int installation_open(const struct client *client, struct installation **ret_installation)
{
    struct installation *installation = xcalloc(1, sizeof(*installation));
    *ret_installation = installation;
    installation->client = client;
    if (client_connect(client, NULL, &installation->wire) < 0) { return EXIT_FAILURE; }
    for (size_t i = 0; i < STAGES_COUNT; i++) {
        installation->groups[i] = client_group_of(client, stages[i].worker,
                                                  generation_of(installation, &stages[i]));
        if (client_connect(client, installation->groups[i], &installation->wires[i]) < 0) {
            return EXIT_FAILURE;
        }
    }
    return 0;
}

struct installation *installation_close(struct installation *installation)
{
    if (!installation) { return NULL; }
    for (size_t i = 0; i < STAGES_COUNT; i++) {
        wire_close(installation->wires[i]);
        free(installation->groups[i]);
    }
    wire_close(installation->wire);
    free(installation);
    return NULL;
}

/* A text as it may be printed. */
static json_t *text_json(const char *text)
{
    return json_string(quote_line(slice_str(text)).text);
}

/* ---- A worker ---- */

/* Sums of a worker's partitions. */
struct progress_sum {
    int64_t lag;
    int64_t read;
    bool committed;
};

static void put_number(json_t *object, const char *name, int64_t value, bool known)
{
    json_object_set_new(object, name, known ? json_integer(value) : json_null());
}

/* What Kafka says of a topic's partitions, asked for together; NULL where that failed. */
struct offsets {
    struct log_bounds *bounds;
    struct told_offset *committed;
};

static struct offsets ask_offsets(struct wire *wire, const char *topic, int32_t partitions)
{
    size_t count = (size_t)MAX_OF(partitions, 1);
    struct offsets offsets = {xcalloc(count, sizeof(*offsets.bounds)),
                              xcalloc(count, sizeof(*offsets.committed))};
    if (partitions > 0 && wire_bounds_of(wire, topic, 0, partitions, offsets.bounds) == 0 &&
        wire_told(wire, topic, partitions, offsets.committed) == 0) {
        return offsets;
    }
    free(offsets.bounds);
    free(offsets.committed);
    return (struct offsets){0};
}

/* One by one where the question about all failed, so that each has its own reason. */
static int find_offsets(struct wire *wire, const char *topic, int32_t partition,
                        const struct offsets *offsets, int64_t *ret_committed, int64_t *ret_end)
{
    int64_t low;
    if (offsets->bounds) {
        *ret_committed = offsets->committed[partition].offset;
        *ret_end = offsets->bounds[partition].end;
        return 0;
    }
    int result = wire_committed(wire, topic, partition, ret_committed);
    return result < 0 ? result : wire_bounds(wire, topic, partition, &low, ret_end);
}

static json_t *look_at_partition(struct wire *wire, const char *topic, int32_t partition,
                                 const struct offsets *offsets, const json_t *task,
                                 struct progress_sum *sum)
{
    int64_t committed = OFFSET_NONE, end = 0;
    json_t *found = json_object();
    json_object_set_new(found, "partition", json_integer(partition));
    if (find_offsets(wire, topic, partition, offsets, &committed, &end) < 0) {
        json_object_set_new(found, "why", text_json(wire_why(wire)));
        return found;
    }
    bool known = committed != OFFSET_NONE; /* else how much is missing is unknown */
    int64_t lag = MAX_OF(end - committed, (int64_t)0);
    put_number(found, "committed", committed, known);
    put_number(found, "end", end, true);
    put_number(found, "lag", lag, known);
    if (known) {
        sum->committed = true;
        sum->lag += lag;
        sum->read += committed;
    }
    if (!task) { return found; }
    const char *state = json_string_value(json_object_get(task, "state"));
    json_object_set_new(found, "state", text_json(state ? state : "-"));
    json_object_set(found, "restore_remaining", json_object_get(task, "restore_remaining"));
    return found;
}

/* Why a topic cannot be read, and which may be meant. */
static json_t *why_json(struct wire *wire, const char *topic, const char *name,
                        const char *generation)
{
    struct buf why;
    buf_init(&why, WHY_BYTES_MAX);
    client_tell_topic(wire, topic, name, generation, &why);
    json_t *text = json_string(quote_line(buf_slice(&why)).text);
    buf_release(&why);
    return text;
}

static json_t *look_at_topic(const struct installation *installation, size_t at, const char *name,
                             const json_t *copies, struct progress_sum *sum)
{
    const struct stage *stage = &stages[at];
    struct wire *wire = installation->wires[at];
    const char *generation = generation_of(installation, stage);
    _cleanup_(xfreep) char *topic = client_topic_of(installation->client, name, generation);
    int32_t partitions = 0;
    json_t *found = json_object(), *list = json_array();
    json_object_set_new(found, "topic", text_json(topic));
    if (wire_partitions(wire, topic, &partitions) < 0) {
        json_object_set_new(found, "why", why_json(wire, topic, name, generation));
        partitions = 0;
    }
    struct offsets offsets = ask_offsets(wire, topic, partitions);
    for (int32_t p = 0; p < partitions; p++) {
        const json_t *task = local_copy_partition(copies, stage->worker, generation, topic, p);
        json_array_append_new(list, look_at_partition(wire, topic, p, &offsets, task, sum));
    }
    free(offsets.bounds);
    free(offsets.committed);
    json_object_set_new(found, "partitions", list);
    return found;
}

/* ingest may read several topics, as `sources` of its configuration names them. */
static json_t *look_at_topics(const struct installation *installation, size_t at,
                              const json_t *copies, struct progress_sum *sum)
{
    const struct stage *stage = &stages[at];
    bool several = strcmp(stage->worker, "ingest") == 0;
    const char *sources = several ? client_other(installation->client, "sources") : NULL;
    _cleanup_(xfreep) char *names = xstrdup(sources && sources[0] ? sources : stage->input);
    json_t *topics = json_array();
    for (char *rest = names, *name; (name = strsep(&rest, ", "));) {
        if (!name[0]) { continue; }
        json_array_append_new(topics, look_at_topic(installation, at, name, copies, sum));
    }
    return topics;
}

/* Says whether a group's name ends with the worker's: its group under another group.prefix. */
static bool is_of_worker(struct slice group, const char *worker)
{
    size_t size = strlen(worker);
    if (group.size <= size) { return false; }
    const char *tail = group.data + group.size - size;
    return memcmp(tail, worker, size) == 0 && strchr("-._", tail[-1]);
}

/* The other values of group.prefix under which groups of the worker exist, some of them. */
static json_t *other_prefixes(struct slice groups, const char *worker, const char *own)
{
    json_t *prefixes = json_array();
    while (groups.size && json_array_size(prefixes) < PREFIXES_TOLD_MAX) {
        const char *end = memchr(groups.data, '\n', groups.size);
        struct slice group = slice_of(groups.data, (size_t)(end - groups.data));
        groups = slice_of(end + 1, groups.size - group.size - 1);
        if (!is_of_worker(group, worker)) { continue; }
        struct slice prefix = slice_of(group.data, group.size - strlen(worker));
        if (slice_equal(prefix, slice_str(own))) { continue; }
        json_array_append_new(prefixes, json_string(quote_line(prefix).text));
    }
    return prefixes;
}

static json_t *look_at_worker(struct installation *installation, size_t at, struct slice groups,
                              const json_t *copies)
{
    const struct stage *stage = &stages[at];
    const char *group = installation->groups[at];
    struct progress_sum sum = {0};
    int members = 0;
    json_t *found = json_object();
    json_t *topics = look_at_topics(installation, at, copies, &sum);
    bool told = admin_group_members(installation->wires[at], group, &members) == 0;
    json_object_set_new(found, "worker", json_string(stage->worker));
    json_object_set_new(found, "optional", json_boolean(stage->optional));
    json_object_set_new(found, "group", text_json(group));
    put_number(found, "members", members, told);
    json_object_set_new(found, "committed", json_boolean(sum.committed));
    put_number(found, "lag", sum.lag, sum.committed);
    put_number(found, "read", sum.read, sum.committed);
    json_t *others = sum.committed ? json_array() : other_prefixes(
        groups, stage->worker, client_group_prefix(installation->client));
    json_object_set_new(found, "other_prefixes", others);
    json_object_set_new(found, "topics", topics);
    return found;
}

/* ---- The whole ---- */

static json_t *look_at_dead_letters(const struct installation *installation)
{
    int32_t partitions = 0;
    int64_t kept = 0;
    struct wire *wire = installation->wire;
    _cleanup_(xfreep) char *topic = client_topic(installation->client, "dead-letters");
    if (wire_partitions(wire, topic, &partitions) < 0) { return json_null(); }
    struct log_bounds *bounds = xcalloc((size_t)partitions, sizeof(*bounds));
    if (wire_bounds_of(wire, topic, 0, partitions, bounds) < 0) { partitions = 0; }
    for (int32_t p = 0; p < partitions; p++) { kept += bounds[p].end - bounds[p].low; }
    free(bounds);
    json_t *found = json_object();
    json_object_set_new(found, "topic", text_json(topic));
    json_object_set_new(found, "kept", json_integer(kept));
    return found;
}

json_t *installation_look(struct installation *installation)
{
    const struct client *client = installation->client;
    struct buf groups;
    json_t *found = json_object(), *workers = json_array();
    json_t *copies = local_copies(client_state_dir(client));
    buf_init(&groups, GROUPS_BYTES_MAX);
    (void)admin_groups(installation->wire, &groups);
    if (buf_failed(&groups)) { buf_clear(&groups); }
    for (size_t i = 0; i < STAGES_COUNT; i++) {
        json_array_append_new(workers,
                              look_at_worker(installation, i, buf_slice(&groups), copies));
    }
    buf_release(&groups);
    json_object_set_new(found, "generation", text_json(client_generation(client)));
    json_object_set_new(found, "topic_prefix", text_json(client_topic_prefix(client)));
    json_object_set_new(found, "group_prefix", text_json(client_group_prefix(client)));
    json_object_set_new(found, "time_ms", json_integer(clock_wall_ms()));
    json_object_set_new(found, "workers", workers);
    json_object_set_new(found, "dead_letters", look_at_dead_letters(installation));
    json_object_set_new(found, "copies", copies);
    return found;
}
