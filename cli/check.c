/* check: what a configuration needs that is not there, before anything is started. One line for
 * each thing that was looked at, and all are looked at, whatever was missing before.
 *
 * Kafka tells a right only when it is used. So topics are read from and groups are asked for their
 * offsets; nothing is written, and whether a worker may write is not known here. The sample lies in
 * memory only (memfd), because it is users' data.
 */
#include "base/base.h"
#include "base/xalloc.h"
#include "cli/commands.h"
#include "cli/newest.h"
#include "cli/record_format.h"
#include "cli/samples.h"
#include "cli/scan.h"
#include "cli/screen.h"
#include "stream/kafka/topic_hint.h"

#include <sys/mman.h>
#include <unistd.h>

enum { SAMPLE_MAX = 10000, HINT_BYTES_MAX = 4096, NAMES_BYTES_MAX = 64 << 20 };

struct check {
    int64_t sample; /* flag */
    const struct invocation *invocation;
    const struct client *client;
    struct wire *wire;
    int missing;
};

#define OPTION_SETTINGS struct check

static const struct flag flags[] = {
    FLAG('n', "N",
         OPTION("sample", LONG, sample, "100", OPTION_RANGE(0, SAMPLE_MAX),
                "Map the newest N records of each source; 0: none, as for the configuration of "
                "another worker than ingest")),
};

/* Freshet's own topics. */
static const struct {
    const char *name;
    enum topic_cleanup cleanup;
    const char *part; /* the only one that needs it: it may be missing; NULL: all need it */
} topics[] = {
    {"events", CLEANUP_LOG, NULL},
    {"dead-letters", CLEANUP_LOG, NULL},
    {"items", CLEANUP_TABLE, NULL},
    {"users", CLEANUP_TABLE, NULL},
    {"histories", CLEANUP_TABLE, NULL},
    {"features-changelog", CLEANUP_TABLE, NULL},
    {"pair-deltas", CLEANUP_LOG, NULL},
    {"neighbours", CLEANUP_TABLE, NULL},
    {"serving-rows", CLEANUP_TABLE, NULL},
    {"recommendations", CLEANUP_TABLE_AGAIN, NULL},
    {"generations", CLEANUP_TABLE, NULL},
    {"trials", CLEANUP_TABLE, NULL},
    {"item-vectors", CLEANUP_TABLE, NULL},
    {"models", CLEANUP_TABLE, NULL},
    {"quality", CLEANUP_ANY, NULL},
    {"receipts", CLEANUP_ANY, NULL},
    {"moves", CLEANUP_LOG, NULL},
    {"outcomes", CLEANUP_TABLE, NULL},
    {"served", CLEANUP_ANY, NULL},
    {"redrives", CLEANUP_LOG, "freshet redrive"},
    {"lists", CLEANUP_TABLE_AGAIN, "switches of generations"},
    {"rules", CLEANUP_TABLE, "rules of placements"},
    {"requests", CLEANUP_ANY, "freshet-serve"},
    {"responses", CLEANUP_ANY, "freshet-serve"},
    {"content-vectors", CLEANUP_TABLE, "freshet-embed"},
    {"given-vectors", CLEANUP_TABLE, "vectors on a topic of their own"},
};

static const struct {
    const char *worker, *input;
} groups[] = {{"features", "events"}, {"trainer", "pair-deltas"}, {"scorer", "histories"}};

static void say_ok(const char *format, ...) _printf_(1, 2);
static void say_ok(const char *format, ...)
{
    va_list args;
    va_start(args, format);
    printf("ok       ");
    screen_line_args(stdout, format, args);
    va_end(args);
}

static void say_missing(struct check *check, const char *format, ...) _printf_(2, 3);
static void say_missing(struct check *check, const char *format, ...)
{
    va_list args;
    va_start(args, format);
    printf("MISSING  ");
    screen_line_args(stdout, format, args);
    va_end(args);
    check->missing++;
}

/* ---- Topics ---- */

static bool stop_at_first(void *arg _unused_, const struct record *rec _unused_)
{
    return false;
}

/* Reads a record of the first partition that has one: needs the right to. */
static int try_to_read(struct wire *wire, const char *topic, int32_t partitions)
{
    for (int32_t p = 0; p < partitions; p++) {
        int64_t low, end;
        int result = wire_bounds(wire, topic, p, &low, &end);
        if (result < 0) { return result; }
        if (end > low) { return scan_range(wire, topic, p, end - 1, end, stop_at_first, NULL); }
    }
    return 0;
}

static void say_no_topic(struct check *check, const char *topic, const char *name,
                         const char *part)
{
    struct buf names, hint;
    const char *missing;
    _cleanup_(xfreep) char *why = xstrdup(wire_why(check->wire));
    buf_init(&names, NAMES_BYTES_MAX);
    buf_init(&hint, HINT_BYTES_MAX);
    bool exists =
        wire_topics(check->wire, &missing, &names) < 0 || strcmp(missing, topic) != 0;
    if (!exists) { topic_hint(buf_slice(&names), topic, name, /* generation= */ "", &hint); }
    if (exists) {
        say_missing(check, "topic %s: %s", topic, why);
    } else if (part) {
        say_ok("topic %s does not exist; it is needed only for %s", topic, part);
    } else {
        say_missing(check, "topic %s does not exist; hint: %.*s", topic,
                    SLICE_ARGS(buf_slice(&hint)));
    }
    buf_release(&names);
    buf_release(&hint);
}

/* Looks at a topic; its partitions, or 0 when it cannot be read. It may be missing when only a part
 * needs it; NULL: all need it. */
static int32_t check_topic(struct check *check, const char *topic, const char *name,
                           enum topic_cleanup cleanup, const char *part)
{
    int32_t partitions = 0;
    struct topic_settings settings = {0};
    if (wire_partitions(check->wire, topic, &partitions) < 0) {
        say_no_topic(check, topic, name, part);
        return 0;
    }
    if (try_to_read(check->wire, topic, partitions) < 0) {
        say_missing(check, "topic %s cannot be read: %s", topic, wire_why(check->wire));
        return 0;
    }
    (void)wire_describe(check->wire, &topic, 1, &settings);
    _cleanup_(xfreep) char *fault =
        topic_settings_fault(&settings, cleanup, topic, client_bootstrap(check->client));
    if (fault) {
        say_missing(check, "%s", fault);
    } else {
        say_ok("topic %s: %d partitions%s", topic, partitions,
               settings.known ? "" : "; its settings are not known (DescribeConfigs)");
    }
    return partitions;
}

static void check_topics(struct check *check)
{
    for (size_t i = 0; i < ARRAY_COUNT(topics); i++) {
        _cleanup_(xfreep) char *topic = client_topic(check->client, topics[i].name);
        (void)check_topic(check, topic, topics[i].name, topics[i].cleanup, topics[i].part);
    }
}

/* ---- Groups ---- */

static void check_group(struct check *check, const char *worker, const char *input)
{
    struct wire *wire = NULL;
    int64_t offset = OFFSET_NONE;
    _cleanup_(xfreep) char *group = client_group(check->client, worker);
    _cleanup_(xfreep) char *topic = client_topic(check->client, input);
    if (client_connect(check->client, group, &wire) < 0) {
        check->missing++;
        return;
    }
    if (wire_committed(wire, topic, 0, &offset) < 0) {
        say_missing(check, "group %s: %s", group, wire_why(wire));
    } else {
        say_ok("group %s: %s", group,
               offset == OFFSET_NONE ? "nothing committed yet" : "has committed");
    }
    wire_close(wire);
}

/* ---- Sources and their mapping ---- */

static bool put_sample(void *arg _unused_, const struct record *rec, struct buf *out)
{
    record_hex_put(rec, out);
    return !rec->unreadable;
}

/* Writes the newest records of a source to the sample. */
static int add_sample(struct check *check, const char *topic, int32_t partitions, int file)
{
    struct topic_partition *ends = xcalloc((size_t)partitions, sizeof(*ends));
    const struct newest_lines source = {put_sample, NULL};
    struct newest newest = {0};
    struct log_bounds *bounds = xcalloc((size_t)partitions, sizeof(*bounds));
    int result = wire_bounds_of(check->wire, topic, 0, partitions, bounds);
    for (int32_t p = 0; p < partitions; p++) {
        ends[p] = (struct topic_partition){topic, p, bounds[p].end};
    }
    free(bounds);
    if (result == 0) {
        result = newest_read(&newest, check->wire, ends, (size_t)partitions,
                             (size_t)check->sample, &source);
    }
    for (size_t i = 0; i < newest.count && result == 0; i++) {
        ssize_t wrote = write(file, newest.lines[i].text, newest.lines[i].size);
        result = wrote == (ssize_t)newest.lines[i].size ? 0 : WIRE_RETRY;
    }
    if (result == 0) { say_ok("sample of %s: %zu records", topic, newest.count); }
    if (result < 0) { say_missing(check, "sample of %s: %s", topic, wire_why(check->wire)); }
    newest_release(&newest);
    free(ends);
    return result;
}

static void map_sample(struct check *check, int file)
{
    _cleanup_(xfreep) char *path = xprintf("/proc/self/fd/%d", file);
    const struct samples samples = {.file = path,
                                    .enveloped = true,
                                    .quiet = true,
                                    .words = check->invocation->client.words,
                                    .words_count = check->invocation->client.words_count};
    (void)fflush(stdout);
    int code = samples_map(&samples);
    if (code == 0) {
        say_ok("mapping: every record of the sample is taken");
    } else if (code == EXIT_CONFIG) {
        say_missing(check, "mapping: the configuration is wrong, or not one of ingest: then "
                    "--sample 0");
    } else {
        say_missing(check, "mapping: records of the sample would be dead letters, see above");
    }
}

static void check_sources(struct check *check)
{
    const char *given = client_other(check->client, "sources");
    _cleanup_(xfreep) char *names = xstrdup(given && given[0] ? given : "clicks");
    int file = check->sample ? memfd_create("sample", MFD_CLOEXEC) : -1;
    for (char *rest = names, *name; (name = strsep(&rest, ", "));) {
        if (!name[0]) { continue; }
        _cleanup_(xfreep) char *topic = client_topic_of(check->client, name, "");
        int32_t partitions = check_topic(check, topic, name, CLEANUP_ANY, NULL);
        if (partitions && file >= 0) { (void)add_sample(check, topic, partitions, file); }
    }
    if (file < 0) { return; }
    map_sample(check, file);
    close(file);
}

static int check_run(struct invocation *invocation)
{
    struct check *check = invocation->settings;
    check->invocation = invocation;
    check->client = &invocation->client;
    check->wire = invocation->wire;
    say_ok("broker: %s answers", client_bootstrap(check->client));
    check_topics(check);
    if (check->sample) { check_sources(check); }
    for (size_t i = 0; i < ARRAY_COUNT(groups); i++) {
        check_group(check, groups[i].worker, groups[i].input);
    }
    if (!check->missing) {
        printf("all is there; `deploy/acls plan` says whether the workers may write\n");
        return 0;
    }
    printf("%d missing\n", check->missing);
    return EXIT_FAILURE;
}

const struct command check_command = {
    .name = "check",
    .group = GROUP_OPERATION,
    .summary = "say what an installation lacks, before it is started",
    .about = "Connects with a configuration (--config FILE, that of ingest) and looks at all that "
             "the workers need: brokers, topics, their settings and the right to read them, the "
             "sources, groups, and what the newest records of each source become. Prints a line "
             "for each, and the refusals; writes nothing. The exit code is 1 when something is "
             "missing. Rights to write are not tried: `deploy/acls plan` compares them.",
    .flags = flags,
    .flags_count = ARRAY_COUNT(flags),
    .needs = NEEDS_KAFKA,
    .settings_size = sizeof(struct check),
    .run = check_run,
};
