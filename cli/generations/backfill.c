/* backfill: builds a generation from `events`, in two halves. First features and trainer, at full
 * speed, to the end of the range; then the scorer over what came out, so that every list is made
 * from the whole tables. Lists made in hindsight are not judged. */
#include "base/base.h"
#include "base/directory.h"
#include "base/xalloc.h"
#include "cli/commands.h"
#include "cli/generations/child_processes.h"
#include "cli/generations/offset_range.h"
#include "cli/generations/generation_resources.h"
#include "cli/progress.h"
#include "cli/scan.h"
#include "stream/generation.h"

#include <argp.h>
#include <signal.h>
#include <unistd.h>

enum {
    LOOK_MS = 250,
    SCANNED_MAX = 100,
    KEY_FROM = 'f',
    KEY_TO = 0x2000,
    KEY_FOLLOW,
    KEY_CONF,
    KEY_COPIES,
};

struct backfill {
    struct client client;
    const char *from;
    const char *to;
    const char *conf;
    bool follow;
    int copies;

    const char *generation;
    struct wire *wires[GENERATION_WORKERS]; /* each with a worker's group, to ask for its offsets */
    struct offset_range range;
    char *ends;
    struct child_processes children;
};

static const struct argp_option flags[] = {
    {"from", KEY_FROM, "PLACE", 0,
     "Where in events to begin: earliest (the default), an offset (of every partition), or a time "
     "as 2026-05-01T12:00:00Z (when the event was accepted)", 0},
    {"to", KEY_TO, "PLACE", 0,
     "Where to stop: end (the default: the end that events has now), an offset or a time", 0},
    {"follow", KEY_FOLLOW, 0, 0,
     "Do not stop at the end: follow events as they come, until Ctrl-C or SIGTERM", 0},
    {"conf", KEY_CONF, "DIR", 0, "Directory with features.properties, trainer.properties and "
     "scorer.properties", 0},
    {"copies", KEY_COPIES, "N", 0, "Processes of each worker (default 1)", 0},
    {0},
};

static void check_flags(const struct backfill *backfill, struct argp_state *state)
{
    if (backfill->follow && backfill->to) { argp_error(state, "--follow has no --to"); }
    if (backfill->copies < 1 || backfill->copies > CHILD_PROCESSES_MAX / GENERATION_WORKERS) {
        argp_error(state, "--copies wants 1 to %d", CHILD_PROCESSES_MAX / GENERATION_WORKERS);
    }
    const struct client *client = &backfill->client;
    for (int i = 1; i < client->words_count; i++) {
        if (strcmp(client->words[i - 1], "--config") == 0) {
            argp_error(state, "--config is one program's; --conf DIR has one for each worker");
        }
    }
}

static error_t parse(int key, char *arg, struct argp_state *state)
{
    struct backfill *backfill = state->input;
    switch (key) {
    case ARGP_KEY_INIT:
        state->child_inputs[0] = &backfill->client;
        return 0;
    case KEY_FROM:
    case KEY_TO:
        if (!offset_range_word_valid(arg)) {
            argp_error(state, "\"%s\": want earliest, end, an offset or a time like "
                       "2026-05-01T12:00:00Z", arg);
        }
        *(key == KEY_FROM ? &backfill->from : &backfill->to) = arg;
        return 0;
    case KEY_FOLLOW:
        backfill->follow = true;
        return 0;
    case KEY_CONF:
        backfill->conf = arg;
        return 0;
    case KEY_COPIES:
        backfill->copies = (int)strtol(arg, NULL, 10);
        return 0;
    case ARGP_KEY_ARG:
        argp_error(state, "no argument \"%s\"", arg);
        return 0;
    case ARGP_KEY_END:
        check_flags(backfill, state);
        return 0;
    default:
        return ARGP_ERR_UNKNOWN;
    }
}

static const struct argp_child children[] = {{&client_argp, 0, "Which Kafka:", 90}, {0}};
static const struct argp argp = {
    .options = flags,
    .parser = parse,
    .doc =
        "Builds the generation named by --generation from the topic events, beside those that "
        "serve: features, trainer and scorer run here with groups, topics, transactional ids and "
        "state of their own. A worker's settings: --set WORKER.KEY=VALUE or all.KEY=VALUE. One "
        "that was interrupted goes on where it stopped. Logs are in state.dir.",
    .children = children,
};

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

/* The part of a setting behind `WORKER.` or `all.`; the whole one when it is the client's own; NULL
 * when it is for somebody else. */
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

/* Every setting must be for somebody: a slip must not be lost. */
static int check_settings(const struct backfill *backfill)
{
    const struct client *client = &backfill->client;
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

static int start_one(struct backfill *backfill, const char *worker, bool in_hindsight)
{
    const struct client *client = &backfill->client;
    struct words words = {0};
    if (backfill->conf) {
        add_word(&words, xstrdup("--config"));
        add_word(&words, xprintf("%s/%s.properties", backfill->conf, worker));
    }
    for (int i = 2; i < client->words_count; i += 2) {
        bool set = strcmp(client->words[i - 1], "--set") == 0;
        const char *setting = set ? setting_for(client->words[i], worker) : NULL;
        if (setting) { add_setting(&words, setting); }
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
    for (int i = 0; i < backfill->copies && !result; i++) {
        result = start_one(backfill, worker, in_hindsight);
    }
    return result;
}

/* ---- Before ---- */

/* The group's offsets: as asked for, or as an earlier run left them. */
static int place_group(struct backfill *backfill, const char *topic)
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
    if (result == 0 && !begun) { result = wire_offsets_commit(wire, at, (size_t)count); }
    free(at);
    return result < 0 ? client_fail("%s", wire_why(wire)) : 0;
}

static int prepare(struct backfill *backfill)
{
    const struct client *client = &backfill->client;
    int members;
    for (size_t i = 0; i < GENERATION_WORKERS; i++) {
        _cleanup_(xfreep) char *group = client_group(client, generation_workers[i]);
        if (client_connect(client, group, &backfill->wires[i]) < 0) { return 1; }
    }
    struct wire *wire = backfill->wires[0];
    if (generation_resources_members(client, wire, backfill->generation, &members) != 0) {
        return 1;
    }
    if (members) {
        return client_fail("%d workers of generation %s run already", members,
                           backfill->generation);
    }
    _cleanup_(xfreep) char *events = client_topic(client, "events");
    if (offset_range_find(wire, events, backfill->from ? backfill->from : "earliest",
                          backfill->to ? backfill->to : "end", &backfill->range) != 0 ||
        generation_resources_make_topics(client, wire, backfill->generation) != 0 ||
        place_group(backfill, events) != 0) {
        return 1;
    }
    for (int32_t p = 0; p < backfill->range.partitions; p++) {
        backfill->range.to[p] = MAX_OF(backfill->range.to[p], backfill->range.from[p]);
    }
    backfill->ends = offset_range_ends(&backfill->range);
    int result = directory_make(client_state_dir(client));
    return result < 0 ? client_fail("%s: %s", client_state_dir(client), strerror(-result)) : 0;
}

/* ---- The work ---- */

/* Counts what a worker's group has done and has left. Where little seems left it is looked for: it
 * may be markers, which nobody reads, or what an open transaction hides. */
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
        if (!child_processes_runs(&backfill->children)) { return 1; }
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
    _cleanup_(xfreep) char *topic = client_topic(&backfill->client, input);
    if (offset_range_find(backfill->wires[worker], topic, "earliest", "end", &range) != 0) {
        return 1;
    }
    int result = wait_for(backfill, worker, topic, &range);
    offset_range_release(&range);
    return result;
}

static int follow(struct backfill *backfill)
{
    if (!child_processes_stop(&backfill->children, "scorer") ||
        start(backfill, "scorer", false) != 0) {
        return 1;
    }
    printf("generation %s follows events; Ctrl-C or SIGTERM ends its workers\n",
           backfill->generation);
    (void)fflush(stdout);
    while (!stopping) {
        if (!child_processes_runs(&backfill->children)) { return 1; }
        usleep(LOOK_MS * 1000);
    }
    return 0;
}

static int work(struct backfill *backfill)
{
    enum { FEATURES, TRAINER, SCORER };
    _cleanup_(xfreep) char *events = client_topic(&backfill->client, "events");
    if (start(backfill, "features", false) != 0 || start(backfill, "trainer", false) != 0 ||
        wait_for(backfill, FEATURES, events, &backfill->range) != 0 ||
        wait_for_all(backfill, TRAINER, "pair-deltas") != 0) {
        return 1;
    }
    if (!backfill->follow && !child_processes_stop(&backfill->children, NULL)) { return 1; }
    if (start(backfill, "scorer", true) != 0 ||
        wait_for_all(backfill, SCORER, "histories") != 0) {
        return 1;
    }
    if (backfill->follow && follow(backfill) != 0) { return 1; }
    if (!child_processes_stop(&backfill->children, NULL)) { return 1; }
    printf("generation %s is built; start its workers with generation=%s to keep it fresh, then "
           "freshet compare base %s and freshet promote %s\n",
           backfill->generation, backfill->generation, backfill->generation, backfill->generation);
    return 0;
}

static int run(void *arg)
{
    struct backfill *backfill = arg;
    backfill->generation = client_generation(&backfill->client);
    if (!backfill->generation[0]) {
        return client_fail("--generation NAME is needed; the base cannot be built beside itself");
    }
    const struct sigaction action = {.sa_handler = on_signal};
    sigaction(SIGINT, &action, NULL);
    sigaction(SIGTERM, &action, NULL);
    int result = check_settings(backfill);
    if (result == 0) {
        result = child_processes_init(&backfill->children) != 0 || prepare(backfill) != 0 ||
                 work(backfill) != 0;
    }
    child_processes_release(&backfill->children);
    for (size_t i = 0; i < GENERATION_WORKERS; i++) { wire_close(backfill->wires[i]); }
    offset_range_release(&backfill->range);
    free(backfill->ends);
    return result;
}

int backfill_command(int argc, char **argv)
{
    struct backfill backfill = {.copies = 1};
    argp_parse(&argp, argc, argv, 0, NULL, &backfill);
    if (backfill.conf) {
        client_keep(&backfill.client, "--config",
                    xprintf("%s/scorer.properties", backfill.conf));
    }
    return client_run(&backfill.client, run, &backfill);
}
