/* trial: two generations on disjoint users (docs/trials.md).
 *
 * `start` writes one record to the topic `trials`; the scorers do the rest (scorer/trial.h). `stop`
 * writes the end and waits until the scorer of the live generation has replaced the lists of the
 * other one, partition by partition; killed and run again, it goes on waiting. With --promote the
 * switch comes first: with it the trial is over for the scorers, and each partition gets all lists
 * of the new live generation once.
 */
#include "base/base.h"
#include "base/clock.h"
#include "base/number.h"
#include "base/xalloc.h"
#include "cli/commands.h"
#include "cli/generation_log.h"
#include "cli/generations/generation_members.h"
#include "cli/generations/promotion.h"
#include "cli/generations/trial_log.h"
#include "cli/generations/trial_table.h"
#include "stream/generation.h"

#include <unistd.h>

enum { LOOK_MS = 200 };

struct trial_call {
    /* flags */
    double share;  /* part of the users; 0: not given */
    double margin;
    int32_t metric;
    bool unguarded;
    bool incomplete;
    bool promote;
    bool json;
    int64_t timeout_s;

    const struct client *client;
    struct wire *wire;
    const char *label; /* start: of the generation */
    int32_t partitions;
    struct generations generations;
    struct trials trials;
};

/* Reads "10%" or "10" as a part: 0.1. */
static bool read_percent(const char *text, double *ret_part)
{
    size_t size = strlen(text);
    if (size && text[size - 1] == '%') { size--; }
    _cleanup_(xfreep) char *number = xprintf("%.*s", (int)size, text);
    double percent;
    if (!number_parse_real(number, &percent) || percent < 0.0 || percent > 100.0) { return false; }
    *ret_part = percent / 100.0;
    return true;
}

static bool take_share(void *arg, const char *text, struct buf *why)
{
    struct trial_call *trial = arg;
    double part;
    if (read_percent(text, &part) && part * TRIAL_SHARES >= 0.999 &&
        part * TRIAL_SHARES <= TRIAL_SHARES - 0.999) {
        trial->share = part;
        return true;
    }
    buf_printf(why, "\"%s\" is wrong; it takes a part of the users from 0.01%% to 99.99%%, such "
               "as 10%%", text);
    return false;
}

static bool take_margin(void *arg, const char *text, struct buf *why)
{
    struct trial_call *trial = arg;
    if (read_percent(text, &trial->margin)) { return true; }
    buf_printf(why, "\"%s\" is wrong; it takes a percentage from 0%% to 100%%", text);
    return false;
}

#define OPTION_SETTINGS struct trial_call

static const struct flag flags[] = {
    FLAG_TAKEN(0, "PERCENT", "share", take_share,
               "start: part of the users who get lists of the generation, such as 10%"),
    FLAG(0, "METRIC",
         OPTION("metric", CHOICE, metric, "hit@10", OPTION_ONE_OF("hit@10|ndcg@10"),
                "start: what is compared")),
    FLAG_TAKEN(0, "PERCENT", "margin", take_margin,
               "start: take the generation back only when it is worse by more than this (default "
               "0%)"),
    SWITCH(0, "no-guard", unguarded, "start: never take the generation back"),
    SWITCH(0, "incomplete", incomplete,
           "start, stop --promote: although the generation lacks workers or a Transformer that the "
           "live one has"),
    SWITCH(0, "promote", promote, "stop: make the generation the live one"),
    FLAG('t', "SECONDS",
         OPTION("timeout", LONG, timeout_s, "120", OPTION_RANGE(0, 1e6),
                "stop: longest wait until all lists are replaced")),
    SWITCH('j', "json", json, "status: print one JSON object"),
};

/* ---- What stands ---- */

static int read_again(struct trial_call *trial)
{
    struct trials trials;
    struct generations generations;
    if (generation_log_read(trial->client, trial->wire, &generations) != 0) {
        return EXIT_FAILURE;
    }
    if (trial_log_read(trial->client, trial->wire, &trials) != 0) {
        generations_release(&generations);
        return EXIT_FAILURE;
    }
    generations_release(&trial->generations);
    trials_release(&trial->trials);
    trial->generations = generations;
    trial->trials = trials;
    return 0;
}

/* ---- start ---- */

static int check_start(const struct trial_call *trial, const char *generation)
{
    const struct generations *generations = &trial->generations;
    const char *live = generations->live;
    if (strcmp(generation, live) == 0) {
        return client_fail("%s is the live generation; hint: name the one to be compared with it",
                           trial->label);
    }
    if (!generation_log_complete(generations, trial->partitions)) {
        return client_fail("the switch from %s to %s is not over; hint: freshet promote %s waits "
                           "for it",
                           generation_label(generations->previous), generation_label(live),
                           generation_label(live));
    }
    int32_t owed = trial_log_owed(&trial->trials, generations, trial->partitions);
    if (owed) {
        return client_fail("%d partitions may still hold lists of trial %" PRId64
                           ", which is over; hint: freshet trial stop waits until the scorer of %s "
                           "has replaced them",
                           owed, trial->trials.number, generation_label(live));
    }
    if (trial_log_check_over(trial->client, trial->wire, generations, /* generation= */ NULL) ||
        generation_members_list(trial->client, trial->wire, generation) != 0 ||
        generation_members_list(trial->client, trial->wire, live) != 0) {
        return EXIT_FAILURE;
    }
    return trial->incomplete
               ? 0
               : generation_members_compare(trial->client, trial->wire, generation, live);
}

static bool is_newest(const struct trials *trials, const struct trial_record *rec)
{
    struct trial_record newest;
    trials_describe(trials, TRIAL_STARTED, &newest);
    return newest.trial == rec->trial && slice_equal(newest.generation, rec->generation) &&
           slice_equal(newest.live, rec->live) && newest.share == rec->share &&
           newest.metric == rec->metric && newest.guarded == rec->guarded &&
           !(newest.margin < rec->margin) && !(newest.margin > rec->margin) &&
           newest.time_ms == rec->time_ms;
}

/* Another command began a trial of the same number at the same time, and its record is before ours:
 * everybody goes by it. It is written once more, because the topic keeps the last one of a key. */
static int give_way(struct trial_call *trial)
{
    struct trial_record first;
    trials_describe(&trial->trials, TRIAL_STARTED, &first);
    if (trial_log_write(trial->client, trial->wire, &first) != 0) { return EXIT_FAILURE; }
    return client_fail("another trial began at the same time: %" PRId64 " of %s against %s; hint: "
                       "freshet trial status",
                       first.trial, generation_label(trial->trials.generation),
                       generation_label(trial->trials.live));
}

static int start(struct trial_call *trial)
{
    const char *generation = generation_parse(trial->label);
    if (check_start(trial, generation) != 0) { return EXIT_FAILURE; }
    const struct trial_record rec = {
        .kind = TRIAL_STARTED,
        .trial = trials_next(&trial->trials),
        .generation = slice_str(generation),
        .live = slice_str(trial->generations.live),
        .epoch = trial->generations.epoch,
        .share = (int32_t)lround(trial->share * TRIAL_SHARES),
        .metric = trial->metric == 0 ? TRIAL_HIT_AT_10 : TRIAL_NDCG_AT_10,
        .guarded = !trial->unguarded,
        .margin = trial->margin,
        .time_ms = clock_wall_ms(),
        .partition = -1,
    };
    if (trial_log_write(trial->client, trial->wire, &rec) != 0 || read_again(trial) != 0) {
        return EXIT_FAILURE;
    }
    if (!is_newest(&trial->trials, &rec)) { return give_way(trial); }
    if (trial_log_sweep(trial->client, trial->wire, &trial->trials) != 0) { return EXIT_FAILURE; }
    printf("trial %" PRId64 " of %s against %s begins; freshet trial status shows how it stands\n",
           rec.trial, trial->label, generation_label(trial->generations.live));
    return 0;
}

/* ---- stop ---- */

static int write_end(struct trial_call *trial, enum trial_ending ending)
{
    struct trial_record rec;
    trials_describe(&trial->trials, TRIAL_ENDED, &rec);
    rec.time_ms = clock_wall_ms();
    rec.ending = ending;
    return trial_log_write(trial->client, trial->wire, &rec);
}

static int wait_until_returned(struct trial_call *trial)
{
    for (int64_t waited_ms = 0;; waited_ms += LOOK_MS) {
        if (read_again(trial) != 0) { return EXIT_FAILURE; }
        int32_t owed = trial_log_owed(&trial->trials, &trial->generations, trial->partitions);
        if (!owed) { return 0; }
        if (waited_ms >= trial->timeout_s * 1000) {
            return client_fail("%d partitions may still hold lists of %s after %" PRId64
                               " s; hint: does the scorer of %s run? The same command waits on",
                               owed, generation_label(trial->trials.generation), trial->timeout_s,
                               generation_label(trial->trials.live));
        }
        usleep(LOOK_MS * 1000);
    }
}

static int stop(struct trial_call *trial)
{
    bool runs = trials_run(&trial->trials, &trial->generations);
    const char *label = generation_label(trial->trials.generation);
    if (!trial->trials.number || (!runs && (trial->promote || !trial->trials.ended))) {
        return client_fail("no trial runs");
    }
    if (trial->promote) {
        return promotion_make(trial->client, trial->wire, label, trial->timeout_s,
                              trial->incomplete) == 0
                   ? write_end(trial, TRIAL_PROMOTED)
                   : EXIT_FAILURE;
    }
    if (runs && write_end(trial, TRIAL_STOPPED) != 0) { return EXIT_FAILURE; }
    if (wait_until_returned(trial) != 0) { return EXIT_FAILURE; }
    printf("trial %" PRId64 " is over; all lists are those of %s\n", trial->trials.number,
           generation_label(trial->trials.live));
    return 0;
}

static int status(struct trial_call *trial)
{
    if (!trial->trials.number) { return client_fail("there was no trial yet"); }
    trial_table_print(&trial->trials, &trial->generations,
                      trial_log_owed(&trial->trials, &trial->generations, trial->partitions),
                      trial->json, stdout);
    return 0;
}

/* ---- The command ---- */

static bool is_way(const struct invocation *invocation, const char *way, size_t arguments)
{
    return invocation->arguments_count == arguments &&
           strcmp(invocation->arguments[0], way) == 0;
}

static bool check(struct invocation *invocation, struct buf *why)
{
    const struct trial_call *trial = invocation->settings;
    if (is_way(invocation, "start", 2)) {
        if (!client_generation_valid(invocation->arguments[1], why)) { return false; }
        if (trial->share > 0.0) { return true; }
        buf_printf(why, "--share PERCENT is missing: the part of the users");
        return false;
    }
    if (is_way(invocation, "stop", 1) || is_way(invocation, "status", 1)) { return true; }
    buf_printf(why, "write trial start GENERATION --share 10%%, trial status or trial stop");
    return false;
}

static int run(struct invocation *invocation)
{
    struct trial_call *trial = invocation->settings;
    trial->client = &invocation->client;
    trial->wire = invocation->wire;
    trial->label = invocation->arguments_count == 2 ? invocation->arguments[1] : NULL;
    int result = generation_log_partitions(trial->client, trial->wire, &trial->partitions);
    if (!result) { result = read_again(trial); }
    if (result) { return result; }
    if (trial->label) {
        result = start(trial);
    } else {
        result = strcmp(invocation->arguments[0], "stop") == 0 ? stop(trial) : status(trial);
    }
    generations_release(&trial->generations);
    trials_release(&trial->trials);
    return result;
}

const struct command trial_command = {
    .name = "trial",
    .group = GROUP_GENERATIONS,
    .summary = "compare two generations on users of their own",
    .arguments = "start|status|stop [GENERATION]",
    .arguments_least = 1,
    .arguments_most = 2,
    .about =
        "start GENERATION gives a part of the users (--share) the lists of another generation than "
        "the live one, and compares how the lists of both do. It refuses when the generation lacks "
        "what the live one has, as promote does, and while another trial runs. status prints how "
        "the trial stands; it may be looked at any time: the interval of the difference holds at "
        "all times together. A generation that does worse is taken back. stop ends the trial and "
        "waits until all lists are those of the live generation again; with --promote the other "
        "one becomes live. docs/trials.md explains more.",
    .flags = flags,
    .flags_count = ARRAY_COUNT(flags),
    .needs = NEEDS_KAFKA,
    .settings_size = sizeof(struct trial_call),
    .check = check,
    .run = run,
};
