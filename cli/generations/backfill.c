/* backfill: builds a generation from `events`, in two halves.
 *
 * First features and trainer run at full speed to the end of the range, as children of this
 * process; then the scorer reads their outputs, so that every list is made from the complete
 * tables. Lists made in hindsight are not evaluated.
 *
 * The end is fixed at the start and given to features as `input.end`. The committed offsets of the
 * groups are the progress. When little seems to be left, it may be only transaction markers, which
 * readers do not get: then the rest is read to find out. When the command is interrupted, it stops
 * its children; run again without --from, it goes on from the groups' offsets.
 */
#include "base/base.h"
#include "base/directory.h"
#include "base/xalloc.h"
#include "cli/commands.h"
#include "cli/generations/child_processes.h"
#include "cli/generations/generation_resources.h"
#include "cli/generations/offset_range.h"
#include "cli/progress.h"
#include "cli/scan.h"
#include "cli/screen.h"
#include "stream/generation.h"

#include <signal.h>
#include <unistd.h>

enum {
    LOOK_MS = 250,
    SCANNED_MAX = 100,
    COPIES_MAX = CHILD_PROCESSES_MAX / GENERATION_WORKERS,
};

struct backfill {
    /* flags */
    const char *from;
    const char *to;
    const char *conf;
    bool follow;
    int64_t copies;

    const struct client *client;
    const char *generation;
    struct wire *wires[GENERATION_WORKERS]; /* each with a worker's group, to ask for its offsets */
    struct offset_range range;
    char *ends;
    struct child_processes children;
};

static bool check_position(const char *text, struct buf *why)
{
    if (offset_range_word_valid(text)) { return true; }
    buf_printf(why, "\"%s\" is wrong; it takes earliest, end, an offset or a time such as "
               "2026-05-01T12:00:00Z", text);
    return false;
}

static bool take_from(void *arg, const char *text, struct buf *why)
{
    struct backfill *backfill = arg;
    backfill->from = text;
    return check_position(text, why);
}

static bool take_to(void *arg, const char *text, struct buf *why)
{
    struct backfill *backfill = arg;
    backfill->to = text;
    return check_position(text, why);
}

#define OPTION_SETTINGS struct backfill

static const struct flag flags[] = {
    FLAG_TAKEN('f', "POSITION", "from", take_from,
               "Where in events to begin: earliest, an offset (in every partition), or a time such "
               "as 2026-05-01T12:00:00Z, at which the event was accepted (default earliest)"),
    FLAG_TAKEN(0, "POSITION", "to", take_to,
               "Where to stop: end (the end that events has now), an offset or a time (default "
               "end)"),
    SWITCH(0, "follow", follow,
           "Do not stop at the end: follow events as they come, until Ctrl-C or SIGTERM"),
    FLAG(0, "DIR",
         OPTION("conf", STRING, conf, NULL, OPTION_FREE,
                "Directory with features.properties, trainer.properties and scorer.properties")),
    FLAG(0, "N",
         OPTION("copies", LONG, copies, "1", OPTION_RANGE(1, COPIES_MAX),
                "Processes of each worker")),
};

static bool backfill_check(struct invocation *invocation, struct buf *why)
{
    struct client *client = &invocation->client;
    const struct backfill *backfill = invocation->settings;
    if (backfill->follow && backfill->to) {
        buf_printf(why, "--follow and --to exclude each other");
        return false;
    }
    for (int i = 1; i < client->words_count; i++) {
        if (strcmp(client->words[i - 1], "--config") != 0) { continue; }
        buf_printf(why, "--config is for one program; --conf DIR has a file for each worker");
        return false;
    }
    if (backfill->conf) {
        client_keep(client, "--config", xprintf("%s/scorer.properties", backfill->conf));
    }
    return true;
}

static volatile sig_atomic_t stopping;

static void on_signal(int number _unused_)
{
    stopping = 1;
}

/* ---- A worker's command line ---- */

struct words {
    const char *at[CHILD_PROCESSES_WORDS_MAX + 1];
    char *owned[CHILD_PROCESSES_WORDS_MAX + 1];
    size_t count;
};

static void add_word(struct words *words, char *word)
{
    if (words->count == CHILD_PROCESSES_WORDS_MAX) {
        free(word);
        return;
    }
    words->owned[words->count] = word;
    words->at[words->count++] = word;
}

static void add_setting(struct words *words, const char *setting)
{
    add_word(words, xstrdup("--set"));
    add_word(words, xstrdup(setting));
}

/* Returns the part of a setting behind `WORKER.` or `all.`; the whole setting when the client uses
 * it itself; NULL when it is for another worker. */
static const char *setting_for(const char *setting, const char *worker)
{
    _cleanup_(xfreep) char *key = xstrdup(setting);
    key[strcspn(key, "=")] = '\0';
    if (client_knows(key)) { return setting; }
    size_t size = strcspn(setting, ".=");
    if (setting[size] != '.') { return NULL; }
    bool ours = (size == 3 && strncmp(setting, "all", 3) == 0) ||
                (size == strlen(worker) && strncmp(setting, worker, size) == 0);
    return ours ? setting + size + 1 : NULL;
}

/* Says whether a setting is the one that backfill makes itself, under either of its names. */
static bool says_evaluated(const char *setting)
{
    size_t size = strcspn(setting, "=");
    struct slice key = slice_of(setting, size);
    return slice_equal(key, slice_str("lists.evaluated")) || slice_equal(key, slice_str("judge"));
}

/* Refuses a setting that is for no worker: it may be a typing error. */
static int check_settings(const struct backfill *backfill)
{
    const struct client *client = backfill->client;
    for (int i = 2; i < client->words_count; i += 2) {
        if (strcmp(client->words[i - 1], "--set") != 0) { continue; }
        bool taken = false;
        for (size_t w = 0; w < GENERATION_WORKERS; w++) {
            taken |= setting_for(client->words[i], generation_workers[w]) != NULL;
        }
        if (!taken) {
            (void)client_fail("--set %s: for which worker? hint: features.KEY=VALUE, "
                              "trainer.KEY=VALUE, scorer.KEY=VALUE or all.KEY=VALUE",
                              client->words[i]);
            return EXIT_CONFIG;
        }
    }
    return 0;
}

/* The trainer is waited for by what it has committed, and commits only checkpoints: one soon
 * after its input has ended. With --follow, input does not end. The user's settings come later
 * and win. */
static void add_checkpoints(struct words *words, const struct backfill *backfill)
{
    add_setting(words, backfill->follow ? "checkpoint.interval.ms=60s" : "checkpoint.rest.ms=1s");
}

static int start_one(struct backfill *backfill, const char *worker, bool in_hindsight)
{
    const struct client *client = backfill->client;
    struct words words = {0};
    if (backfill->conf) {
        add_word(&words, xstrdup("--config"));
        add_word(&words, xprintf("%s/%s.properties", backfill->conf, worker));
    }
    if (strcmp(worker, "trainer") == 0) { add_checkpoints(&words, backfill); }
    for (int i = 2; i < client->words_count; i += 2) {
        bool set = strcmp(client->words[i - 1], "--set") == 0;
        const char *setting = set ? setting_for(client->words[i], worker) : NULL;
        if (setting && !(in_hindsight && says_evaluated(setting))) { add_setting(&words, setting); }
    }
    if (strcmp(worker, "features") == 0 && !backfill->follow) {
        _cleanup_(xfreep) char *end = xprintf("input.end=%s", backfill->ends);
        add_setting(&words, end);
    }
    add_setting(&words, "static.member=false"); /* the next command finds the groups empty */
    if (in_hindsight) { add_setting(&words, "lists.evaluated=false"); }
    _cleanup_(xfreep) char *log =
        xprintf("%s/backfill-%s-%s.log", client_state_dir(client), backfill->generation, worker);
    int result = child_processes_start(&backfill->children, worker, words.at, log);
    for (size_t i = 0; i < words.count; i++) { free(words.owned[i]); }
    return result;
}

static int start(struct backfill *backfill, const char *worker, bool in_hindsight)
{
    int result = 0;
    for (int64_t i = 0; i < backfill->copies && !result; i++) {
        result = start_one(backfill, worker, in_hindsight);
    }
    return result;
}

/* ---- Before ---- */

/* Without --from all events are meant: that some are gone is no reason to stop, but is told. */
static void tell_lost(const struct backfill *backfill, const char *topic)
{
    int64_t gone = 0;
    for (int32_t p = 0; p < backfill->range.partitions; p++) { gone += backfill->range.from[p]; }
    if (!gone || backfill->from) { return; }
    screen_line(stderr, "freshet: %s has lost its first %" PRId64 " records (retention, or they "
                        "were deleted): %s is made without them",
                topic, gone, backfill->generation);
}

/* Sets the group's offsets as --from says, or keeps those of an earlier run. */
static int set_offsets(struct backfill *backfill, const char *topic)
{
    struct wire *wire = backfill->wires[0];
    int32_t count = backfill->range.partitions;
    struct topic_partition *at = xcalloc((size_t)count, sizeof(*at));
    bool begun = false;
    int result = 0;
    for (int32_t p = 0; p < count && result == 0; p++) {
        int64_t offset = OFFSET_NONE;
        result = wire_committed(wire, topic, p, &offset);
        at[p] = (struct topic_partition){topic, p, backfill->range.from[p]};
        begun |= offset != OFFSET_NONE;
        if (offset != OFFSET_NONE) { backfill->range.from[p] = offset; }
    }
    if (result == 0 && begun && backfill->from) {
        free(at);
        return client_fail("generation %s was begun already; hint: without --from it goes on where "
                           "it stopped; freshet reset %s throws it away",
                           backfill->generation, backfill->generation);
    }
    if (result == 0 && !begun) {
        tell_lost(backfill, topic);
        result = wire_offsets_commit(wire, at, (size_t)count);
    }
    free(at);
    return result < 0 ? client_fail("%s", wire_why(wire)) : 0;
}

static int prepare(struct backfill *backfill)
{
    const struct client *client = backfill->client;
    int members;
    for (size_t i = 0; i < GENERATION_WORKERS; i++) {
        _cleanup_(xfreep) char *group = client_group(client, generation_workers[i]);
        if (client_connect(client, group, &backfill->wires[i]) < 0) { return EXIT_FAILURE; }
    }
    struct wire *wire = backfill->wires[0];
    if (generation_resources_members(client, wire, backfill->generation, &members) != 0) {
        return EXIT_FAILURE;
    }
    if (members) {
        return client_fail("%d workers of generation %s run already", members,
                           backfill->generation);
    }
    _cleanup_(xfreep) char *events = client_topic(client, "events");
    if (offset_range_find(wire, events, backfill->from ? backfill->from : "earliest",
                          backfill->to ? backfill->to : "end", &backfill->range) != 0 ||
        generation_resources_make_topics(client, wire, backfill->generation) != 0 ||
        set_offsets(backfill, events) != 0) {
        return EXIT_FAILURE;
    }
    for (int32_t p = 0; p < backfill->range.partitions; p++) {
        backfill->range.to[p] = MAX_OF(backfill->range.to[p], backfill->range.from[p]);
    }
    backfill->ends = offset_range_ends(&backfill->range);
    int result = directory_make(client_state_dir(client));
    return result < 0 ? client_fail("%s: %s", client_state_dir(client), strerror(-result)) : 0;
}

/* ---- The work ---- */

/* Counts how many records a worker's group has processed and how many are left. When few seem to be
 * left, they are read: they may be transaction markers, or records of an open transaction. */
static void measure(struct backfill *backfill, size_t worker, const char *topic,
                    const struct offset_range *range, int64_t *ret_done, int64_t *ret_left)
{
    struct wire *wire = backfill->wires[worker];
    *ret_done = *ret_left = 0;
    for (int32_t p = 0; p < range->partitions; p++) {
        int64_t offset = OFFSET_NONE;
        bool known = wire_committed(wire, topic, p, &offset) >= 0;
        offset = MIN_OF(MAX_OF(offset, range->from[p]), range->to[p]);
        int64_t left = range->to[p] - offset;
        bool found = left > 0;
        if (known && found && left <= SCANNED_MAX &&
            scan_finds(wire, topic, p, offset, range->to[p], &found) >= 0 && !found) {
            left = 0;
        }
        *ret_done += range->to[p] - range->from[p] - left;
        *ret_left += known ? left : 1;
    }
}

/* Waits until a worker's group has read its input to the ends; 0, or 1 when it cannot. */
static int wait_for(struct backfill *backfill, size_t worker, const char *topic,
                    const struct offset_range *range)
{
    struct progress progress;
    progress_begin(&progress, topic, offset_range_records(range));
    for (;;) {
        int64_t done, left;
        measure(backfill, worker, topic, range, &done, &left);
        if (!left) {
            progress_end(&progress, done);
            return 0;
        }
        progress_update(&progress, done, done);
        if (!child_processes_runs(&backfill->children)) { return EXIT_FAILURE; }
        if (stopping) {
            return client_fail("interrupted; the same command without --from goes on from here");
        }
        usleep(LOOK_MS * 1000);
    }
}

/* Waits until a worker has read all that its input holds now. */
static int wait_for_all(struct backfill *backfill, size_t worker, const char *input)
{
    struct offset_range range;
    _cleanup_(xfreep) char *topic = client_topic(backfill->client, input);
    if (offset_range_find(backfill->wires[worker], topic, "earliest", "end", &range) != 0) {
        return EXIT_FAILURE;
    }
    int result = wait_for(backfill, worker, topic, &range);
    offset_range_release(&range);
    return result;
}

static int follow(struct backfill *backfill)
{
    if (!child_processes_stop(&backfill->children, "scorer") ||
        start(backfill, "scorer", false) != 0) {
        return EXIT_FAILURE;
    }
    printf("generation %s follows events; Ctrl-C or SIGTERM ends its workers\n",
           backfill->generation);
    (void)fflush(stdout);
    while (!stopping) {
        if (!child_processes_runs(&backfill->children)) { return EXIT_FAILURE; }
        usleep(LOOK_MS * 1000);
    }
    return 0;
}

static int work(struct backfill *backfill)
{
    enum { FEATURES, TRAINER, SCORER };
    _cleanup_(xfreep) char *events = client_topic(backfill->client, "events");
    if (start(backfill, "features", false) != 0 || start(backfill, "trainer", false) != 0 ||
        wait_for(backfill, FEATURES, events, &backfill->range) != 0 ||
        wait_for_all(backfill, TRAINER, "pair-deltas") != 0) {
        return EXIT_FAILURE;
    }
    if (!backfill->follow && !child_processes_stop(&backfill->children, NULL)) {
        return EXIT_FAILURE;
    }
    if (start(backfill, "scorer", true) != 0 ||
        wait_for_all(backfill, SCORER, "histories") != 0) {
        return EXIT_FAILURE;
    }
    if (backfill->follow && follow(backfill) != 0) { return EXIT_FAILURE; }
    if (!child_processes_stop(&backfill->children, NULL)) { return EXIT_FAILURE; }
    printf("generation %s is built; start its workers with generation=%s to keep it fresh, then "
           "freshet compare base %s and freshet promote %s\n",
           backfill->generation, backfill->generation, backfill->generation, backfill->generation);
    return 0;
}

static int run(struct backfill *backfill)
{
    int result = check_settings(backfill);
    if (result) { return result; }
    bool done = child_processes_init(&backfill->children) == 0 && prepare(backfill) == 0 &&
                work(backfill) == 0;
    return done ? 0 : EXIT_FAILURE;
}

static int backfill_run(struct invocation *invocation)
{
    struct backfill *backfill = invocation->settings;
    backfill->client = &invocation->client;
    backfill->generation = client_generation(backfill->client);
    if (!backfill->generation[0]) {
        return client_fail("--generation NAME is missing; the base cannot be built beside itself");
    }
    const struct sigaction action = {.sa_handler = on_signal};
    sigaction(SIGINT, &action, NULL);
    sigaction(SIGTERM, &action, NULL);
    int result = run(backfill);
    child_processes_release(&backfill->children);
    for (size_t i = 0; i < GENERATION_WORKERS; i++) { wire_close(backfill->wires[i]); }
    offset_range_release(&backfill->range);
    free(backfill->ends);
    return result;
}

const struct command backfill_command = {
    .name = "backfill",
    .group = GROUP_GENERATIONS,
    .summary = "build a second generation from the log of events",
    .about =
        "Builds the generation named by --generation from the topic events, beside the generations "
        "that serve. features, trainer and scorer run as children of this command, with groups, "
        "topics, transactional ids and state of their own. --set WORKER.KEY=VALUE or all.KEY=VALUE "
        "sets a worker's option. A backfill that was interrupted goes on where it stopped. Logs "
        "are in state.dir.",
    .flags = flags,
    .flags_count = ARRAY_COUNT(flags),
    .needs = NEEDS_SETTINGS,
    .settings_size = sizeof(struct backfill),
    .check = backfill_check,
    .run = backfill_run,
};
