#include "base/base.h"
#include "base/edit_distance.h"
#include "base/xalloc.h"
#include "stream/config/bootstrap.h"
#include "stream/config/input_end.h"
#include "stream/config/option_table.h"
#include "stream/generation.h"
#include "stream/run_settings.h"
#include "stream/worker.h"

#include <sys/stat.h>

enum { TOPIC_BYTES_MAX = 249 };

#define OPTION_SETTINGS struct run_settings

const struct option run_options[] = {
    OPTION("bootstrap.servers", STRING, bootstrap_servers, "127.0.0.1:9092", OPTION_FREE,
           "Addresses of the brokers: host:port,..."),
    OPTION("topic.prefix", STRING, topic_prefix, "", OPTION_FREE,
           "Prefix of all topic names."),
    OPTION("topic.", PREFIX, topics, NULL, OPTION_FREE,
           "Full name of one topic, e.g. topic.events=shop.events; overrides the prefix."),
    OPTION("group.prefix", STRING, group_prefix, "freshet-", OPTION_FREE,
           "Prefix of the consumer group and of the transactional id."),
    OPTION("generation", STRING, generation, "", OPTION_FREE,
           "Name of the generation that this copy works for: a suffix of the names of its topics, "
           "group and state. Empty: the base."),
    OPTION("input.end", STRING, input_end, "", OPTION_FREE,
           "PARTITION:OFFSET,...: where the copy stops reading its input, for a backfill; empty: "
           "nowhere."),
    OPTION("state.dir", STRING, state_dir, "state", OPTION_FREE,
           "Directory of the local state, which is a cache of what Kafka holds."),
    OPTION("slot", LONG, slot, "-1", OPTION_RANGE(SLOT_AUTO, SLOTS_MAX - 1),
           "Number of this copy, the same after a restart; -1: the first free one in state.dir."),
    OPTION("instance", STRING, instance, "", OPTION_FREE,
           "Name of this machine in member and transactional ids; empty: the host name."),
    OPTION("static.member", BOOL, static_member, "true", OPTION_FREE,
           "Keep the partitions over a restart (static membership); false, and freshet-serve "
           "always: leave the group at the end."),
    OPTION("delivery", CHOICE, delivery, "exactly_once",
           OPTION_ONE_OF("exactly_once|at_least_once"),
           "at_least_once: without transactions; after a fault, actions may be counted twice "
           "(docs/guarantees.md)."),
    OPTION("memory.max", BYTES, memory_max, "auto", OPTION_RANGE(MEMORY_LEAST, 1024 * GIB),
           "Memory of the process, from which the sizes that are auto are cut; auto: an eighth of "
           "the memory of the machine or container for the trainer, a sixteenth for others.",
           OPTION_PART(BUDGET)),
    OPTION("commit.interval.ms", DURATION, commit_interval_ms, "500ms", OPTION_RANGE(1, 3600000),
           "Longest time between two commits; in features, while it has fewer than 2,000 events, "
           "ten times as long, at most 5 s.", OPTION_LIVE),
    OPTION("batch.records.max", LONG, batch_records_max, "100000", OPTION_RANGE(1, 10000000),
           "Most records in a commit.", OPTION_LIVE),
    OPTION("batch.bytes.max", BYTES, batch_bytes_max, "auto", OPTION_RANGE(1 << 16, 4 * GIB),
           "Size of a batch at which it is committed; while it is being committed, the next one "
           "may become as large.",
           OPTION_PART(BATCH)),
    OPTION("poll.records.max", LONG, poll_records_max, "20000", OPTION_RANGE(1, 1000000),
           "Most records of one poll; their at-once outputs are combined.", OPTION_LIVE),
    OPTION("record.bytes.max", BYTES, record_bytes_max, "4m", OPTION_RANGE(64, 100 << 20),
           "Largest input record; a larger one goes to dead letters.", OPTION_LIVE),
    OPTION("fetch.bytes.max", BYTES, fetch_bytes_max, "auto", OPTION_RANGE(1 << 16, GIB),
           "Most bytes prefetched from the input, and as many from broadcast inputs.",
           OPTION_PART(FETCH)),
    OPTION("store.write.buffer.bytes", BYTES, store_write_buffer_bytes, "auto",
           OPTION_RANGE(1 << 16, GIB),
           "RocksDB write buffer of one partition.",
           OPTION_PART(WRITE_BUFFERS)),
    OPTION("store.block.cache.bytes", BYTES, store_block_cache_bytes, "auto",
           OPTION_RANGE(1 << 16, 10 * GIB),
           "RocksDB block cache of one partition.",
           OPTION_PART(BLOCK_CACHES)),
    OPTION("restore.timeout.ms", DURATION, restore_timeout_ms, "60s", OPTION_RANGE(1000, 86400000),
           "Longest wait for the lock of a partition's state."),
    OPTION("restore.bytes.max", BYTES, restore_bytes_max, "auto", OPTION_RANGE(1 << 20, 10 * GIB),
           "Most bytes of restored state in memory before they are on disk, all partitions "
           "together.",
           OPTION_PART(LOAD)),
    OPTION("standby.copies", LONG, standby_copies, "0", OPTION_RANGE(0, 8),
           "How many copies may fail at once while each partition still has a copy with its state; "
           "0: no standby copies."),
    OPTION("state.cleanup.delay.ms", DURATION, state_cleanup_delay_ms, "10m",
           OPTION_RANGE(0, 2592000000),
           "Local state of a partition for which this copy is neither active nor standby is "
           "deleted after this time.", OPTION_LIVE),
    OPTION("state.unknown.schema", CHOICE, state_unknown_schema, "end", OPTION_ONE_OF("end|skip"),
           "What to do with a state of an unknown schema, as a newer version writes it: end, or "
           "send it to dead letters and begin anew for its key."),
    OPTION("commit.timeout.ms", DURATION, commit_timeout_ms, "120s", OPTION_RANGE(1000, 86400000),
           "Longest wait for a commit before the worker ends; not shorter than a transaction "
           "(10s; the trainer 30s).", OPTION_LIVE),
    OPTION("connect.timeout.ms", DURATION, connect_timeout_ms, "30s", OPTION_RANGE(1000, 86400000),
           "Longest wait for a broker at the start."),
    OPTION("schemas.path", STRING, schemas_path, "", OPTION_FREE,
           "Directory with more *.avsc: schemas of older or foreign writers; NUMBER.avsc is also "
           "the schema with that id of a schema registry."),
    OPTION("schema.framing", CHOICE, schema_framing, "auto", OPTION_ONE_OF("auto|single|confluent"),
           "Frame of the messages that are written: Avro single object, or Confluent (00, id of "
           "the schema registry); auto: Confluent if there is a registry. Both are read."),
    OPTION("metrics.address", STRING, metrics_address, "127.0.0.1", OPTION_FREE,
           "Address of the metrics port."),
    OPTION("metrics.port", LONG, metrics_port, "0", OPTION_RANGE(METRICS_PORT_NONE, 65535),
           "Port of GET /metrics, /health and /status; 0: any free one, -1: none."),
    OPTION("log.level", CHOICE, log_level, "info", OPTION_ONE_OF("debug|info|warn|error"),
           "Lowest level that is logged.", OPTION_LIVE),
    OPTION("log.format", CHOICE, log_format, "logfmt", OPTION_ONE_OF("logfmt|json"),
           "Lines of key=value pairs, or of JSON.", OPTION_LIVE),
    OPTION("kafka.", PREFIX, kafka, NULL, OPTION_FREE,
           "Passed to librdkafka, e.g. kafka.security.protocol; kafka.consumer.* and "
           "kafka.producer.* for one kind of client."),
};
const size_t run_options_count = ARRAY_COUNT(run_options);

bool run_topic_text_valid(const char *text)
{
    static const char valid[] = "abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789._-";
    return strspn(text, valid) == strlen(text) && strlen(text) <= TOPIC_BYTES_MAX;
}

/* Kafka would refuse such names one by one, as topics that do not exist. */
static char *names_fault(const struct run_settings *settings)
{
    static const char rule[] = RUN_TOPIC_TEXT_RULE;
    for (size_t i = 0; i < settings->topics.count; i++) {
        const struct property *topic = &settings->topics.at[i];
        if (topic->value[0] && run_topic_text_valid(topic->value)) { continue; }
        return xprintf("topic.%s=%s: %s", topic->key, topic->value, rule);
    }
    if (!run_topic_text_valid(settings->topic_prefix)) {
        return xprintf("topic.prefix=%s: %s", settings->topic_prefix, rule);
    }
    return NULL;
}

/* Directories that must be there, or be made. */
static char *directories_fault(const struct run_settings *settings)
{
    struct stat about;
    const char *schemas = settings->schemas_path;
    if (!settings->state_dir[0]) { return xstrdup("state.dir: it is empty; name a directory"); }
    if (settings->state_dir[0] == '~') {
        return xprintf("state.dir=%s: ~ stands for nothing here; write the whole path",
                       settings->state_dir);
    }
    if (!schemas[0]) { return NULL; }
    int result = stat(schemas, &about);
    if (result == 0 && S_ISDIR(about.st_mode)) { return NULL; }
    return xprintf("schemas.path=%s: %s", schemas,
                   result < 0 ? strerror(errno) : "it is no directory");
}

/* A topic of this worker that the name differs from by a slip, or NULL. */
static const char *meant_topic(const struct worker *worker, const char *name)
{
    const char *nearest = NULL;
    for (size_t i = 0; i < worker->inputs_count + worker->outputs_count; i++) {
        size_t output = i - worker->inputs_count;
        const char *own = i < worker->inputs_count ? worker->inputs[i].name
                                                   : worker->outputs[output].name;
        size_t distance = own ? edit_distance(own, name) : SIZE_MAX;
        if (distance == 0) { return NULL; }
        if (own && edit_is_near(distance, strlen(own))) { nearest = own; }
    }
    return nearest;
}

/* A number without a unit is in milliseconds, which an option for days may not have been meant to
 * be. */
static void note_span(const struct option *option, const void *worker_settings, struct buf *notes)
{
    enum { SPAN_LEAST_MS = 1000 };
    size_t size = strlen(option->name);
    bool in_ms = size > 3 && strcmp(option->name + size - 3, ".ms") == 0;
    int64_t span_ms;
    if (option->type != OPTION_DURATION || in_ms) { return; }
    memcpy(&span_ms, (const char *)worker_settings + option->offset, sizeof(span_ms));
    if (span_ms <= 0 || span_ms >= SPAN_LEAST_MS) { return; }
    buf_printf(notes, "%s is %" PRId64 " milliseconds; with a unit it is longer: %" PRId64 "s, %"
               PRId64 "h, %" PRId64 "d\n", option->name, span_ms, span_ms, span_ms, span_ms);
}

void run_settings_notes(const struct run_settings *settings, const struct worker *worker,
                        const void *worker_settings, struct buf *notes)
{
    for (size_t i = 0; i < settings->topics.count; i++) {
        const char *name = settings->topics.at[i].key;
        const char *meant = meant_topic(worker, name);
        if (!meant) { continue; }
        buf_printf(notes, "topic.%s is not topic.%s; did you mean that?\n", name,
                   meant);
    }
    bootstrap_notes(settings->bootstrap_servers, notes);
    for (size_t i = 0; i < settings->kafka.count; i++) {
        const char *value = settings->kafka.at[i].value;
        size_t size = strlen(value);
        if (size < 2 || !strchr("\"'", value[0]) || value[size - 1] != value[0]) { continue; }
        buf_printf(notes, "kafka.%s: the quotes around its value belong to it\n",
                   settings->kafka.at[i].key);
    }
    for (size_t i = 0; i < worker->options_count; i++) {
        note_span(&worker->options[i], worker_settings, notes);
    }
}

char *run_settings_fault(const struct run_settings *settings)
{
    if (!generation_valid(settings->generation)) {
        return xprintf("generation=%s: want at most %d of a-z, 0-9 and -, not \"%s\"; the base "
                       "generation has no name",
                       settings->generation, GENERATION_BYTES_MAX, generation_base);
    }
    char *fault = bootstrap_fault(settings->bootstrap_servers,
                                  properties_get(&settings->kafka, "security.protocol"));
    if (!fault) { fault = registry_settings_fault(&settings->registry); }
    if (!fault) { fault = names_fault(settings); }
    if (!fault) { fault = directories_fault(settings); }
    if (fault) { return fault; }
    if (!input_end_valid(settings->input_end)) {
        return xprintf("input.end=%s: want PARTITION:OFFSET,...", settings->input_end);
    }
    return NULL;
}
